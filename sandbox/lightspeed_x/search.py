"""``GET /search``: offset paging over an index that may lag (L§4, contract search)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import request

from sandbox.lightspeed_x.access import ANY
from sandbox.lightspeed_x.errors import bad_request
from sandbox.lightspeed_x.paging import read_flag, read_whole
from sandbox.lightspeed_x.routes import Route
from sandbox.lightspeed_x.store import Row, Store

LARGEST = 1000
Match = Callable[[Row, str], bool]


def _equal(name: str) -> Match:
    return lambda row, value: str(row.get(name) or "").casefold() == value.casefold()


def _in_source(name: str) -> Match:
    return lambda row, value: bool(row["source"].get(name) == value)


def _lowered_sku(row: Row, value: str) -> bool:
    """The index holds SKUs in lower case and compares as it is: an upper-case value finds nothing (L§4)."""
    return any(code["code"].lower() == value for code in row["product_codes"])


def _since(row: Row, value: str) -> bool:
    return datetime.fromisoformat(row["date"]) >= _moment(value)


def _until(row: Row, value: str) -> bool:
    return datetime.fromisoformat(row["date"]) <= _moment(value)


def _moment(value: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as wrong:
        raise bad_request("dates must be RFC 3339 in UTC") from wrong
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


FILTERS: dict[str, dict[str, Match]] = {
    "sales": {
        "date_from": _since,
        "date_to": _until,
        "state": _equal("state"),
        "invoice_number": _equal("invoice_number"),
        "customer_id": _equal("customer_id"),
        "user_id": lambda row, value: bool(row["source"]["author"]["id"] == value),
        "outlet_id": _in_source("outlet_id"),
        "register_id": _in_source("register_id"),
    },
    "products": {
        "sku": _lowered_sku,
        "brand_id": _equal("brand_id"),
        "supplier_id": _equal("supplier_id"),
        "tag_id": lambda row, value: value in row["tag_ids"],
        "product_type_id": _equal("product_type_id"),
        "variant_parent_id": _equal("variant_parent_id"),
    },
    "customers": {
        name: _equal(name)
        for name in ("email", "customer_code", "first_name", "last_name", "company_name", "mobile", "phone")
    },
}


class Search:
    """The search endpoint."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> list[Route]:
        """The one endpoint."""
        return [Route("GET", "/search", ANY, self._get)]

    def _get(self) -> Row:
        """Rows of one type that satisfy every filter; a filter that is given twice takes either value."""
        kind = request.args.get("type", "")
        if kind not in FILTERS:
            raise bad_request("type must be sales, products or customers")
        asked = [(match, request.args.getlist(name)) for name, match in FILTERS[kind].items() if name in request.args]
        rows = [row for row in self._indexed(kind) if _satisfies(row, asked)]
        order = request.args.get("order_by")
        if order:
            rows.sort(key=lambda row: str(row.get(order) or "").casefold())
        if request.args.get("order_direction") == "desc":
            rows.reverse()
        start = max(0, read_whole("offset", 0) or 0)
        size = max(1, min(read_whole("page_size", LARGEST) or LARGEST, LARGEST))
        return {"data": rows[start : start + size]}

    def _indexed(self, kind: str) -> list[Row]:
        """What the index knows: not the rows that changed in the last moments, when the switch says so."""
        known = self._store.clock.now() - timedelta(seconds=self._store.switches.search_lag)
        deleted = read_flag("deleted")
        lagging = self._store.switches.search_lag > 0
        return [
            row
            for row in self._store.table(kind)
            if (deleted or not row["deleted_at"])
            and not (lagging and datetime.fromisoformat(row["updated_at"]) > known)
        ]


def _satisfies(row: Row, asked: list[tuple[Match, list[Any]]]) -> bool:
    return all(any(match(row, value) for value in values) for match, values in asked)
