"""The adapter's two transports on a real Odoo: the same values, and the same errors, whichever is used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr

from adapters.odoo.api import Json2, JsonRpc
from adapters.odoo.api import Odoo as Server
from adapters.odoo.options import Options
from connector.contract import Opening
from connector.errors import AuthFailed, ConnectorError, ContractBroken, Gone, Rejected
from connector.testing.remote import KeptTokens, Purse
from tests.odoo.client import Odoo


def opening(odoo: Odoo, **options: Any) -> Opening:
    """What a channel on this server is handed."""
    given: dict[str, Any] = {
        "base_url": odoo.url,
        "database": odoo.database,
        "login": odoo.login,
        "api_key": SecretStr(odoo.api_key),
    }
    return Opening(
        "till",
        Options(**given | options),
        {},
        {},
        (),
        (),
        KeptTokens(),
        Purse(),
        now=lambda: datetime.now(UTC),
        sleep=lambda seconds: None,
    )


@pytest.fixture(params=["json2", "jsonrpc"])
def server(real_odoo: Odoo, request: pytest.FixtureRequest) -> Iterator[Server]:
    """The server by each of its transports."""
    with closing(Server(opening(real_odoo, transport=request.param))) as server:
        yield server


def a_code() -> str:
    return f"W-{uuid4().hex[:10]}"


def made(server: Server, *rows: dict[str, Any]) -> list[int]:
    ids: list[int] = server.write("product.product", "create", "product", vals_list=list(rows))
    return ids


def raised(server: Server, model: str, method: str, **arguments: Any) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        server.write(model, method, "product", **arguments)
    return caught.value


def test_what_is_created_is_read_exactly(server: Server) -> None:
    """A batch is created in one call, and its numbers come back as they were sent."""
    codes = [a_code(), a_code()]
    ids = made(server, *({"name": code, "default_code": code, "list_price": Decimal("12.345")} for code in codes))
    rows = server.read("product.product", "read", "product", ids=ids, fields=["default_code", "list_price"]).value
    assert [(code, Decimal("12.345")) for code in codes] == [(row["default_code"], row["list_price"]) for row in rows]


def test_a_method_that_returns_nothing_answers_none(server: Server) -> None:
    """Archiving through the action, which also takes the template along, has no value on either transport."""
    (product,) = made(server, {"name": a_code()})
    assert [None, []] == [
        server.write("product.product", "action_archive", "product", ids=[product]),
        server.read("product.product", "search", "product", domain=[["id", "=", product]]).value,
    ]


def test_what_this_version_knows_is_asked(server: Server) -> None:
    """Fields are asked for and kept: the flag of goods in stock is this version's, not the former one's."""
    fields = server.fields("product.product")
    assert (True, False) == ("is_storable" in fields, "detailed_type" in fields)
    assert fields is server.fields("product.product")


def test_a_refused_batch_leaves_nothing(server: Server) -> None:
    """A barcode that comes twice is refused content, and keeps the whole call from taking place."""
    code = a_code()
    error = raised(
        server,
        "product.product",
        "create",
        vals_list=[{"name": code, "barcode": code}, {"name": code, "barcode": code}],
    )
    assert Rejected is type(error)
    assert code not in str(error)
    assert [] == server.read("product.product", "search", "product", domain=[["name", "=", code]]).value


def test_a_refused_field_is_named(server: Server) -> None:
    """The technical name of a missing field is found in the refusal."""
    error = raised(server, "product.product", "create", vals_list=[{"default_code": a_code()}])
    assert isinstance(error, Rejected)
    assert ["name"] == list(error.fields)


def test_a_missing_record_is_gone(server: Server) -> None:
    """Writing what was deleted says that it is gone."""
    assert Gone is type(raised(server, "product.product", "write", ids=[99999999], vals={"name": "x"}))


@pytest.mark.parametrize(
    ("model", "method", "arguments"),
    [
        ("product.product", "create", {"vals_list": [{"name": "x", "no_such_field": 1}]}),
        ("product.product", "no_such_method", {"ids": [1]}),
        ("product.product", "write", {"ids": [1]}),
    ],
)
def test_a_call_that_does_not_fit_breaks_the_contract(
    server: Server, model: str, method: str, arguments: dict[str, Any]
) -> None:
    """Unknown fields and methods, and missing arguments, are no data error, and nothing in doubt."""
    assert isinstance(raised(server, model, method, **arguments), ContractBroken)


def test_what_nobody_may_do_stops(server: Server) -> None:
    """A private method is a right that is missing."""
    assert isinstance(raised(server, "product.product", "_search", domain=[]), AuthFailed)


@pytest.mark.parametrize("transport", ["json2", "jsonrpc"])
def test_a_wrong_key_stops(real_odoo: Odoo, transport: str) -> None:
    """A key that is none is refused, and is not told."""
    wrong = Server(opening(real_odoo, transport=transport, api_key=SecretStr("deadbeef" * 5)))
    with closing(wrong):
        error = raised(wrong, "res.partner", "search_count", domain=[])
    assert AuthFailed is type(error)
    assert "deadbeef" not in str(error)


@pytest.mark.parametrize("transport", ["json2", "jsonrpc"])
def test_an_unknown_database_is_never_a_missing_record(real_odoo: Odoo, transport: str) -> None:
    """A database that is not there can never be read as products that are gone."""
    wrong = Server(opening(real_odoo, transport=transport, database="nodb"))
    with closing(wrong):
        error = raised(wrong, "product.product", "write", ids=[1], vals={})
    assert not isinstance(error, Gone | Rejected)


def test_json_2_is_taken_where_there_is_one(real_odoo: Odoo) -> None:
    """Left to itself, the adapter takes the transport that stays."""
    kinds = []
    for transport in ("auto", "jsonrpc"):
        with closing(Server(opening(real_odoo, transport=transport))) as server:
            kinds.append(type(server.way))
    assert [Json2, JsonRpc] == kinds
