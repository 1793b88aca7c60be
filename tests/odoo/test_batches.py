"""Creating many at once in a real Odoo, and finding them again by their codes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr

from adapters.odoo.api import Odoo as Server
from adapters.odoo.batches import Change, New, Records, create
from adapters.odoo.errors import BadValue, NoAccess
from adapters.odoo.feeds import Feed
from adapters.odoo.lookup import by_code
from connector.contract import Evidence
from connector.errors import AuthFailed, Gone, Rejected
from connector.model.entity import Key, code_key
from tests.odoo.client import Odoo
from tests.odoo.test_transports import opening

PRODUCTS = "product.product"


@pytest.fixture(params=["json2", "jsonrpc"])
def server(real_odoo: Odoo, request: pytest.FixtureRequest) -> Iterator[Server]:
    """The server by each of its transports."""
    with closing(Server(opening(real_odoo, transport=request.param))) as server:
        yield server


def rows_of(count: int) -> list[dict[str, Any]]:
    mark = uuid4().hex[:10]
    return [{"name": f"B-{mark}-{place}", "default_code": f"B-{mark}_{place}"} for place in range(count)]


def code_of(server: Server, product: Any) -> str:
    (row,) = server.read(PRODUCTS, "read", "product", ids=[product], fields=["default_code"]).value
    return str(row["default_code"])


def key_of(code: str) -> Key:
    return Key("sku", code_key(code))


def test_bad_rows_stand_alone(server: Server) -> None:
    """Two bad rows among nine, one of content and one of shape, are refused; the others are made, in their order."""
    rows = rows_of(9)
    rows[2]["name"], rows[7]["no_such_field"] = False, 1
    outcomes = create(server, PRODUCTS, rows, "product", {})
    assert {2: Rejected, 7: BadValue} == {
        place: type(one) for place, one in enumerate(outcomes) if not isinstance(one, int)
    }
    good = [place for place in range(9) if place not in (2, 7)]
    assert [rows[place]["default_code"] for place in good] == [code_of(server, outcomes[place]) for place in good]


def test_what_stops_all_is_raised(real_odoo: Odoo) -> None:
    """With a key that is refused nothing was sent, and no row is to blame."""
    wrong = Server(opening(real_odoo, transport="json2", api_key=SecretStr("0" * 40)))
    with closing(wrong), pytest.raises(AuthFailed):
        create(wrong, PRODUCTS, rows_of(2), "product", {})


def test_codes_are_found_whatever_their_case(server: Server) -> None:
    """Upper and lower case, twice the same, archived; what only looks like a wildcard's match is not found."""
    rows = rows_of(3)
    code = rows[0]["default_code"]
    rows[1]["default_code"] = code.lower()
    rows[2]["default_code"] = code.replace("_", "x")
    first, second, _ = create(server, PRODUCTS, rows, "product", {})
    server.write(PRODUCTS, "action_archive", "product", ids=[second])
    feed = Feed(server, PRODUCTS, frozenset({"default_code"}), [], {}, "product")
    absent = key_of("no such code")
    found = by_code(feed, "default_code", [key_of(code), absent])
    assert {key_of(code): [str(first), str(second)], absent: []} == {
        key: [row.external_id for row in rows] for key, rows in found.items()
    }


def records(server: Server) -> Records:
    return Records(server, PRODUCTS, "product", {})


def test_what_was_made_is_found_by_its_mark(server: Server) -> None:
    """The same import twice leaves one, and its mark names it whatever its code has become (known-failures row 5)."""
    (row,), token = rows_of(1), uuid4().hex[:16]
    values = row | {"list_price": Decimal("12.50"), "is_storable": True, "weight": None, "taxes_id": [[6, 0, []]]}
    (first,), (second,) = (records(server).create([New(token, values)]) for _ in range(2))
    assert first == second
    server.write(PRODUCTS, "write", "product", ids=[first.id], vals={"default_code": "renamed"})
    assert Evidence(landed=True, external_id=str(first.id)) == records(server).made_by(token)
    assert Evidence(landed=False) == records(server).made_by(uuid4().hex[:16])
    server.write(PRODUCTS, "action_archive", "product", ids=[first.id])
    assert Evidence(landed=True, external_id=str(first.id)) == records(server).made_by(token)
    (kept,) = server.read(PRODUCTS, "read", "product", ids=[first.id], fields=["list_price", "is_storable"]).value
    assert (Decimal("12.5"), True) == (kept["list_price"], kept["is_storable"])


def test_a_bad_row_of_an_import_stands_alone(server: Server) -> None:
    """A barcode that another row has is that row's, though the server blames the first of the batch (row 14)."""
    rows = rows_of(6)
    rows[1]["barcode"] = rows[4]["barcode"] = f"2{uuid4().int % 10**11:011}"
    made = records(server).create([New(uuid4().hex[:16], row) for row in rows])
    assert [None, None, None, None, Rejected, None] == [one.error and type(one.error) for one in made]
    assert [True] * 4 + [False, True] == [one.id is not None for one in made]


def test_each_gets_its_own_values(server: Server) -> None:
    """Different prices for many, in one call where the version can; one that is gone stands alone."""
    ids = [one.id for one in records(server).create([New(uuid4().hex[:16], row) for row in rows_of(3)])]
    server.write(PRODUCTS, "unlink", "product", ids=[ids[1]])
    changes = [Change(id_ or 0, {"list_price": Decimal(place + 5)}) for place, id_ in enumerate(ids)]
    assert [None, Gone, None] == [error and type(error) for error in records(server).update(changes)]
    kept = server.read(PRODUCTS, "read", "product", ids=[ids[0], ids[2]], fields=["list_price"]).value
    assert [5, 7] == [row["list_price"] for row in kept]


def test_before_19_each_gets_its_own_values_too(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where many cannot be saved at once, those with the same values go together, and nothing is done twice."""
    ids = [one.id or 0 for one in records(server).create([New(uuid4().hex[:16], row) for row in rows_of(3)])]
    calls, write = [], server.write

    def older(model: str, method: str, purpose: str, **arguments: Any) -> Any:
        calls.append((method, arguments.get("ids")))
        return write(model, "no_such_method" if method == "web_save_multi" else method, purpose, **arguments)

    monkeypatch.setattr(server, "write", older)
    one = records(server)
    prices = [Change(id_, {"list_price": price}) for id_, price in zip(ids, (7, 8, 7), strict=True)]
    assert [None] * 3 == one.update(prices)
    assert [("web_save_multi", ids), ("write", [ids[0], ids[2]]), ("write", [ids[1]])] == calls
    kept = server.read(PRODUCTS, "read", "product", ids=ids, fields=["list_price"]).value
    assert [7, 8, 7] == [row["list_price"] for row in kept]


def test_a_missing_right_is_no_fault_of_the_rows(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """An import by a user who may not create is told per row; it stops the channel all the same."""
    monkeypatch.setattr("adapters.odoo.batches.may", lambda *_about: False)
    with pytest.raises(AuthFailed):
        records(server).create([New(uuid4().hex[:16], {"name": ""})])


def test_a_lone_row_is_imported_twice_before_it_is_refused(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """An import tells a transaction that another one won as a refusal of the row: it is tried once more (row 22)."""
    lost = {"ids": False, "messages": [{"type": "error", "record": 0, "message": "could not serialize access"}]}
    answers, write = [lost], server.write

    def first_lost(model: str, method: str, purpose: str, **arguments: Any) -> Any:
        return answers.pop() if answers and method == "load" else write(model, method, purpose, **arguments)

    monkeypatch.setattr(server, "write", first_lost)
    (made,) = records(server).create([New(uuid4().hex[:16], rows_of(1)[0])])
    assert (True, None) == (made.id is not None, made.error)


def test_a_record_that_a_rule_hides_stands_alone(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another company's record is its own row's matter; where nothing at all may be written, everything stops."""
    ids = [one.id or 0 for one in records(server).create([New(uuid4().hex[:16], row) for row in rows_of(3)])]
    write = server.write

    def ruled(model: str, method: str, purpose: str, **arguments: Any) -> Any:
        if ids[1] in arguments["ids"]:
            raise NoAccess("a rule")
        return write(model, method, purpose, **arguments)

    monkeypatch.setattr(server, "write", ruled)
    changes = [Change(id_, {"list_price": 9}) for id_ in ids]
    assert [None, Rejected, None] == [error and type(error) for error in records(server).update(changes)]
    monkeypatch.setattr("adapters.odoo.batches.may", lambda *_about: False)
    with pytest.raises(AuthFailed):
        records(server).update(changes[1:2])
