"""The functions below ``read/`` (E92, E128, E131)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from sandbox.exact_online import derived, prices, schema
from sandbox.exact_online import store as tables
from sandbox.exact_online.errors import NOT_FOUND, BadQueryError, RefusedError
from sandbox.exact_online.literals import read_literals
from sandbox.exact_online.schema import Entity
from sandbox.exact_online.store import Row, Store
from sandbox.exact_online.views import write_value
from sandbox.numbers import round_half_up

Function = Callable[[Store, Mapping[str, str]], list[dict[str, Any]]]


def _parameter(args: Mapping[str, str], name: str, kind: type) -> Any:
    """A literal from the query; 400 when it is missing or of another type."""
    values = read_literals(args.get(name, ""))
    if len(values) != 1 or not isinstance(values[0], kind):
        raise BadQueryError
    return values[0]


def _item(store: Store, args: Mapping[str, str]) -> Row:
    found = store.get(tables.ITEMS, _parameter(args, "itemId", str))
    if found is None:
        raise RefusedError(404, NOT_FOUND)
    return found


def stock_position(store: Store, args: Mapping[str, str]) -> list[dict[str, Any]]:
    """Stock of one item over all warehouses (E131)."""
    item = _item(store, args)
    rows = store.rows(tables.POSITIONS).find("ItemId", item.key)

    def total(name: str) -> Decimal:
        return sum((row.get(name) or Decimal(0) for row in rows), Decimal(0))

    stands, out = total("CurrentStock"), total("PlanningOut")
    free = sum((derived.free_stock(store, row) for row in rows), Decimal(0))
    figures = {"InStock": stands, "PlanningIn": total("PlanningIn"), "PlanningOut": out, "FreeStock": free}
    more = {"ProjectedStock": stands + figures["PlanningIn"] - out, "ReservedStock": total("ReservedStock")}
    return [{"ItemId": item.key} | figures | more]


def sales_item_price(store: Store, args: Mapping[str, str]) -> list[dict[str, Any]]:
    """The price of one item with and without VAT (E128)."""
    item = _item(store, args)
    price = prices.standard_price(store, item)
    code = item.get("SalesVatCode")
    found = store.one(tables.VAT_CODES, "Code", code) if code else None
    share = found.get("Percentage") if found is not None else Decimal(0)
    inside = found is not None and found.get("Type") == "I"
    return [
        {
            "ItemId": item.key,
            "ItemCode": item.get("Code"),
            "ItemDescription": item.get("Description"),
            "CurrencyCode": "EUR",
            "UnitCode": item.get("Unit"),
            "UnitDescription": derived.value_of(store, tables.ITEMS, item, "UnitDescription"),
            "VATCode": code,
            "PriceExcludingVAT": round_half_up(price / (1 + share), 6) if inside else price,
            "PriceIncludingVAT": price if inside else price * (1 + share),
        }
    ]


def sync_timestamp(store: Store, args: Mapping[str, str]) -> list[dict[str, Any]]:
    """The row version that belongs to a moment: the highest one of what was changed before it (E92)."""
    moment = _parameter(args, "modified", datetime)
    name = _parameter(args, "endPoint", str)
    known = [one for one in schema.load().values() if one.kind == "sync" and one.name.rpartition("/")[2] == name]
    if not known:
        raise BadQueryError
    rows = list(store.tables[known[0].base]) if known[0].base in store.tables else []
    earlier = [row.version for row in rows if row.get("Modified") is not None and row.get("Modified") < moment]
    return [{"Modified": moment, "API": name, "TimeStampAsBigInt": max(earlier, default=0)}]


FUNCTIONS: dict[str, Function] = {
    "read/logistics/StockPosition": stock_position,
    "read/logistics/SalesItemPrice": sales_item_price,
    "read/sync/Sync/SyncTimestamp": sync_timestamp,
}


def answer(entity: Entity, store: Store, args: Mapping[str, str]) -> list[dict[str, Any]]:
    """The answer of a function: a list of one, written as its properties want it."""
    rows = FUNCTIONS[entity.name](store, args)
    return [{name: write_value(entity.properties[name], value) for name, value in row.items()} for row in rows]
