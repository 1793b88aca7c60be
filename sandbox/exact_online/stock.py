"""Stock: positions per item and warehouse, and the counts that change them (E131 to E141)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sandbox.exact_online import bodies, schema
from sandbox.exact_online import store as tables
from sandbox.exact_online.errors import BadQueryError, InvalidError, mandatory, unknown_reference
from sandbox.exact_online.rules import Rules, Values
from sandbox.exact_online.store import Row, Store

DRAFT, PROCESSED = 12, 21  # E134
CANCELLED, COMPLETE = 45, 21  # E139
BY_HAND, BY_PROGRAM = 1, 4  # how a count was entered: manual, web service


def main_warehouse(store: Store) -> Row:
    """The warehouse that is taken when none is named."""
    return next(row for row in store.rows(tables.WAREHOUSES) if row.get("Main") == 1)


def link_item(store: Store, item: Row, warehouse: Row) -> Row:
    """The row of an item in a warehouse, made when it is missing (E141)."""
    rows = store.rows(tables.ITEM_WAREHOUSES).find("Item", item.key)
    found = next((row for row in rows if row.get("Warehouse") == warehouse.key), None)
    if found is not None:
        return found
    return store.insert(tables.ITEM_WAREHOUSES, {"Item": item.key, "Warehouse": warehouse.key})


def position(store: Store, item: str, warehouse: str) -> Row | None:
    """The stock position of an item in a warehouse."""
    rows = store.rows(tables.POSITIONS).find("ItemId", item)
    return next((row for row in rows if row.get("Warehouse") == warehouse), None)


def move(store: Store, item: str, warehouse: str, difference: Decimal) -> None:
    """Pieces that come or go; any movement renews the position's row (E94)."""
    now = position(store, item, warehouse)
    _write(store, item, warehouse, {"CurrentStock": (now.get("CurrentStock") if now else Decimal(0)) + difference})


def plan(store: Store, item: str, warehouse: str) -> None:
    """Count again what open orders claim of an item in a warehouse."""
    claimed = Decimal(0)
    for line in store.rows(tables.ORDER_LINES).find("Item", item):
        order = store.rows(tables.ORDERS).rows[line.get("OrderID")]
        if order.get("WarehouseID") == warehouse and order.get("Status") not in (CANCELLED, COMPLETE):
            claimed += max(Decimal(0), line.get("Quantity") - line.get("QuantityDelivered"))
    _write(store, item, warehouse, {"PlanningOut": claimed})


def _write(store: Store, item: str, warehouse: str, values: Values) -> None:
    row = store.get(tables.ITEMS, item)
    if row is None or not row.get("IsStockItem"):
        return  # services have no stock
    found = position(store, item, warehouse)
    if found is None:
        link_item(store, row, store.rows(tables.WAREHOUSES).rows[warehouse])
        fresh = {"ItemId": item, "Warehouse": warehouse, "CurrentStock": Decimal(0), "PlanningOut": Decimal(0)}
        store.insert(tables.POSITIONS, fresh | values)
    else:
        store.change(tables.POSITIONS, found, values)
    if store.settings.on("stock_renews_item"):
        store.change(tables.ITEMS, row, {})


def create_count(store: Store, values: Values) -> Row:
    """A stock count with its lines; Status 21 processes it at once (E133, E134)."""
    labels = (("StockCountDate", "Teldatum"), ("Warehouse", "Magazijn"), ("StockCountLines", "Regels"))
    missing = [label for name, label in labels if not values.get(name)]
    if missing:
        raise mandatory(*missing)
    status = values.get("Status") or DRAFT
    if status not in (DRAFT, PROCESSED):
        raise InvalidError("Ongeldig: Status")
    warehouse = store.get(tables.WAREHOUSES, values["Warehouse"])
    if warehouse is None:
        raise unknown_reference("Magazijn")
    lines = [_read_line(store, warehouse, given) for given in values.pop("StockCountLines")]
    _check_size(store, len(lines))
    number = store.count(tables.COUNTS)
    head = {"Source": BY_PROGRAM, "StockCountNumber": number, "Status": DRAFT}
    row = store.insert(tables.COUNTS, head | values | {"Status": DRAFT})
    for line in lines:
        _insert_line(store, row, line)
    if status == PROCESSED:
        process(store, row)
    return row


def _check_size(store: Store, lines: int) -> None:
    limit = store.settings.number("count_lines")
    if limit is not None and lines > limit:
        raise InvalidError(f"Regels: Maximaal aantal is {limit}")


def _read_line(store: Store, warehouse: Row, given: dict[str, Any]) -> Values:
    """The checked values of one line."""
    values = bodies.convert(schema.load()[tables.COUNT_LINES], given, creating=True)
    if values.get("Item") is None:
        raise mandatory("Artikel")
    item = store.get(tables.ITEMS, values["Item"])
    if item is None:
        raise unknown_reference("Artikel")
    if not item.get("IsStockItem"):
        raise InvalidError("Ongeldig: Artikel")
    if item.get("IsSerialItem") or item.get("IsBatchItem"):
        raise mandatory("Serienummers" if item.get("IsSerialItem") else "Batchnummers")  # E137
    quantities = [values.get(name) for name in ("QuantityDifference", "QuantityNew")]
    if quantities == [None, None]:
        raise mandatory("Aantal")
    if not item.get("IsFractionAllowedItem") and any(one is not None and one % 1 for one in quantities):
        raise InvalidError("Ongeldig: Aantal")
    if warehouse.get("UseStorageLocations") == 1 and store.get(tables.STORAGE, values.get("StorageLocation")) is None:
        raise mandatory("Locatie")  # E136
    return values


def _insert_line(store: Store, count: Row, values: Values) -> Row:
    number = len(store.rows(tables.COUNT_LINES).find("StockCountID", count.key)) + 1
    return store.insert(tables.COUNT_LINES, values | {"StockCountID": count.key, "LineNumber": number})


def process(store: Store, row: Row) -> None:
    """Book a draft: the difference wins over the new quantity (E133)."""
    warehouse = row.get("Warehouse")
    for line in store.rows(tables.COUNT_LINES).find("StockCountID", row.key):
        place = position(store, line.get("Item"), warehouse)
        before = place.get("CurrentStock") if place else Decimal(0)
        difference = line.get("QuantityDifference")
        if difference is None:
            difference = line.get("QuantityNew") - before
        move(store, line.get("Item"), warehouse, difference)
        item = store.rows(tables.ITEMS).rows[line.get("Item")]
        booked = {"QuantityInStock": before, "QuantityNew": before + difference, "QuantityDifference": difference}
        store.change(tables.COUNT_LINES, line, booked | {"CostPrice": item.get("CostPriceStandard")})
    store.change(tables.COUNTS, row, {"Status": PROCESSED, "EntryNumber": store.count("entries", 26_000_000)})


def update_count(store: Store, row: Row, values: Values) -> None:
    """New values of a draft; processed counts stay as they are (E134)."""
    _need_draft(row)
    values.pop("StockCountLines", None)
    store.change(tables.COUNTS, row, values)


def delete_count(store: Store, row: Row) -> None:
    """Take a draft away."""
    _need_draft(row)
    for line in store.rows(tables.COUNT_LINES).find("StockCountID", row.key):
        store.delete(tables.COUNT_LINES, line, None)
    store.delete(tables.COUNTS, row, None)


def _need_draft(row: Row | None) -> None:
    if row is None or row.get("Status") != DRAFT:
        raise InvalidError("Niet toegestaan: de voorraadtelling is verwerkt")


def create_count_line(store: Store, values: Values) -> Row:
    """One more line of a draft."""
    if values.get("StockCountID") is None:
        raise mandatory("Voorraadtelling")
    count = store.get(tables.COUNTS, values["StockCountID"])
    if count is None:
        raise unknown_reference("Voorraadtelling")
    _need_draft(count)
    line = _read_line(store, store.rows(tables.WAREHOUSES).rows[count.get("Warehouse")], values)
    _check_size(store, len(store.rows(tables.COUNT_LINES).find("StockCountID", count.key)) + 1)
    return _insert_line(store, count, line)


def update_count_line(store: Store, row: Row, values: Values) -> None:
    """New quantities of a draft's line."""
    _need_draft(store.get(tables.COUNTS, row.get("StockCountID")))
    store.change(tables.COUNT_LINES, row, {name: value for name, value in values.items() if name != "Warehouse"})


def delete_count_line(store: Store, row: Row) -> None:
    """Take a line out of a draft."""
    _need_draft(store.get(tables.COUNTS, row.get("StockCountID")))
    store.delete(tables.COUNT_LINES, row, None)


def process_count(store: Store, given: dict[str, Any]) -> dict[str, Any]:
    """The action ``ProcessStockCount``: an error message or a success message (E134)."""
    key = given.get("StockCountID")
    if not isinstance(key, str):
        raise BadQueryError
    row = store.get(tables.COUNTS, key.lower())
    if row is None:
        raise unknown_reference("Voorraadtelling")
    if row.get("Status") != DRAFT:
        return {"StockCountID": row.key, "ErrorMessage": "De voorraadtelling is al verwerkt", "SuccessMessage": None}
    process(store, row)
    return {"StockCountID": row.key, "ErrorMessage": None, "SuccessMessage": "De voorraadtelling is verwerkt"}


def create_link(store: Store, values: Values) -> Row:
    """Link an item to a warehouse (E141)."""
    labels = (("Item", "Artikel", tables.ITEMS), ("Warehouse", "Magazijn", tables.WAREHOUSES))
    missing = [label for name, label, _ in labels if values.get(name) is None]
    if missing:
        raise mandatory(*missing)
    for name, label, table in labels:
        if store.get(table, values[name]) is None:
            raise unknown_reference(label)
    if any(row.get("Warehouse") == values["Warehouse"] for row in linked(store, values["Item"])):
        raise InvalidError("Gegeven bestaat reeds.")
    return store.insert(tables.ITEM_WAREHOUSES, values)


def linked(store: Store, item: str) -> list[Row]:
    """An item's warehouse rows."""
    return store.rows(tables.ITEM_WAREHOUSES).find("Item", item)


def update_link(store: Store, row: Row, values: Values) -> None:
    """New settings of an item in a warehouse."""
    store.change(tables.ITEM_WAREHOUSES, row, values)


def delete_link(store: Store, row: Row) -> None:
    """Only a link without stock may go."""
    place = position(store, row.get("Item"), row.get("Warehouse"))
    if place is not None:
        raise InvalidError("Verwijderen niet mogelijk: er is voorraad")
    store.delete(tables.ITEM_WAREHOUSES, row, 19)


RULES = {
    tables.COUNTS: Rules(create_count, update_count, delete_count, full_answer=True),
    tables.COUNT_LINES: Rules(create_count_line, update_count_line, delete_count_line),
    tables.ITEM_WAREHOUSES: Rules(create_link, update_link, delete_link),
}
