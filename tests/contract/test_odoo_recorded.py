"""What real Odoos answered, versions 17 and 19: each refusal means one error, and 17 has names of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import SecretStr

from adapters.odoo.api import Odoo, Told
from adapters.odoo.errors import BadValue, NoAccess, NoSuchMethod, complaint, named
from adapters.odoo.options import Options
from adapters.odoo.products import Products
from adapters.odoo.rights import may
from adapters.odoo.shop import Shop
from connector.contract import Opening, Write
from connector.errors import AmbiguousWrite, AuthFailed, ChannelError, ContractBroken, Gone, Rejected, Transient
from connector.model.entity import Entity
from connector.testing.remote import KeptTokens, Purse
from connector.transport import Answer, Call

NOW = datetime(2026, 6, 25, 12, 0, tzinfo=UTC)
#: NOTES section 2: the exception's name → what it means for a write, on either transport.
MEANING: Mapping[str, type[ChannelError]] = {
    "odoo.exceptions.AccessDenied": AuthFailed,
    "odoo.exceptions.AccessError": NoAccess,
    "werkzeug.exceptions.Unauthorized": AuthFailed,
    "odoo.exceptions.MissingError": Gone,
    "odoo.exceptions.ValidationError": Rejected,
    "odoo.exceptions.UserError": Rejected,
    "builtins.ValueError": BadValue,
    "builtins.AttributeError": NoSuchMethod,
    "werkzeug.exceptions.NotFound": NoSuchMethod,
    "psycopg2.errors.SerializationFailure": Transient,
    "psycopg2.OperationalError": AmbiguousWrite,
}


def exchanges(contracts: Path) -> Iterator[tuple[str, str, int, Any]]:
    """Where each exchange was recorded, its path, and the status and body of its answer."""
    for path in sorted((contracts / "odoo/recordings").rglob("*.json")):
        for number, exchange in enumerate(json.loads(path.read_text(encoding="utf-8"))["exchanges"]):
            if "response" in exchange:
                response = exchange["response"]
                yield f"{path.stem} {number}", exchange["request"]["path"], response["status"], response.get("body")


def refusals(contracts: Path) -> Iterator[tuple[str, Answer, Mapping[str, Any]]]:
    """Every recorded refusal that bears an exception's name."""
    for where, path, status, body in exchanges(contracts):
        if isinstance(body, dict):
            told = body.get("error", {}).get("data", {}) if path == "/jsonrpc" else body
            if "name" in told and "arguments" in told:
                yield where, Answer(Call("POST", path, "product"), status, {}, b"", NOW, NOW, body), told


def test_every_recorded_refusal_means_one_error(contracts: Path) -> None:
    """By its exception's name alone, whatever its status says; and no message repeats what may be somebody's data."""
    told = {where: (body["name"], named(answer, body)) for where, answer, body in refusals(contracts)}
    assert 40 < len(told)
    wrong = {
        where: (name, type(error).__name__)
        for where, (name, error) in told.items()
        if type(error) is not MEANING.get(name, ContractBroken)
    }
    assert {} == wrong
    quoted = [where for where, (_, error) in told.items() if "@" in str(error) or "127.0.0.1" in str(error)]
    assert [] == quoted


def test_a_page_instead_of_an_answer_is_no_missing_record(contracts: Path) -> None:
    """An unknown database, or a server before 19, answers JSON-2 with a 404 and a page (row 16)."""
    pages = [
        (path, status)
        for _, path, status, body in exchanges(contracts)
        if status == 404 and path.startswith("/json/2") and not isinstance(body, dict)
    ]
    assert pages
    for path, status in pages:
        answer = Answer(Call("POST", path, "product", safe=True), status, {}, b"<html>", NOW, NOW)
        assert type(complaint(answer)) is ContractBroken


class Seventeen:
    """A server of version 17: what was recorded of its fields, and what it is asked to write."""

    def __init__(self) -> None:
        self.written: list[Mapping[str, Any]] = []

    def fields(self, model: str) -> Mapping[str, str]:
        kinds = {"id": "integer", "default_code": "char", "barcode": "char", "name": "char", "active": "boolean"}
        return {**kinds, "detailed_type": "selection", "product_variant_count": "integer", "write_date": "datetime"}

    def read(self, model: str, method: str, purpose: str, **arguments: Any) -> Told:
        """One product; methods that came later are not there."""
        known = {"id": 7, "default_code": "A-1", "barcode": False, "active": True, "detailed_type": "product"}
        row = {**known, "product_variant_count": 1, "write_date": "2026-06-25 12:00:00"}
        family = [{"id": 7, "product_tmpl_id": 3}]
        answers: dict[str, Any] = {"search": [7], "check_access_rights": True, "read": [row], "search_read": family}
        if method not in answers:
            raise NoSuchMethod(f"{model}.{method}")
        return Told(answers[method], NOW, NOW)

    def write(self, model: str, method: str, purpose: str, **arguments: Any) -> Any:
        self.written.append(arguments)
        return {"ids": [8], "messages": []} if method == "load" else None


@pytest.fixture
def seventeen() -> tuple[Seventeen, Products]:
    """The product entity on such a server."""
    server = Seventeen()
    names = {Entity.PRODUCT: frozenset({"default_code", "barcode", "active", "is_storable"})}
    options = Options(base_url="http://127.0.0.1", database="shop", login="till", api_key=SecretStr("key"))
    purse, sleep = Purse(), lambda seconds: None
    opening = Opening("till", options, {}, names, (), (), KeptTokens(), purse, now=lambda: NOW, sleep=sleep)
    odoo = cast(Odoo, server)
    return server, Products(odoo, opening, Shop(odoo, opening))


def test_a_17_says_otherwise_what_is_storable(seventeen: tuple[Seventeen, Products]) -> None:
    """It is asked which name it has; the mapping knows one alone (NOTES section 4)."""
    server, products = seventeen
    (row,) = products.read(["7"])
    assert (True, None) == (row.native["is_storable"], row.native["barcode"])
    products.write([Write("a", "create", "", {"default_code": "B-2", "is_storable": True, "active": True})])
    products.write([Write("b", "update", "7", {"is_storable": False})])
    made, changed = server.written
    assert ["id", "default_code", "detailed_type"] == made["fields"]
    assert [["__import__.connector_a", "B-2", "product"]] == made["data"]
    assert ({"detailed_type": "consu"}, [7]) == (changed["vals"], changed["ids"])


def test_a_17_is_asked_for_rights_by_its_own_method(seventeen: tuple[Seventeen, Products]) -> None:
    assert may(cast(Odoo, seventeen[0]), "product.product", "create", "check")
