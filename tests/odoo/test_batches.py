"""Creating many at once in a real Odoo, and finding them again by their codes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr

from adapters.odoo.api import Odoo as Server
from adapters.odoo.batches import create
from adapters.odoo.feeds import Feed
from adapters.odoo.lookup import by_code
from connector.errors import AuthFailed, ContractBroken, Rejected
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
    assert {2: Rejected, 7: ContractBroken} == {
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
