"""Items and their sales prices (E112 to E128)."""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from sandbox.exact_online import stock
from sandbox.exact_online import store as tables
from sandbox.exact_online.errors import DUPLICATE, DUPLICATE_PRICE, InvalidError, mandatory, unknown_reference
from sandbox.exact_online.rules import Rules, Values
from sandbox.exact_online.store import Row, Store

LENGTHS = {"Description": ("Omschrijving", 60), "ExtraDescription": ("Extra omschrijving", 255)}  # E113
UNIQUE_PRICE = ("Item", "Account", "Currency", "Unit", "Quantity", "StartDate", "EndDate")  # E125
DEFAULT_GROUP = "701"


def create_item(store: Store, values: Values) -> Row:
    """An item with what Exact fills in by itself (E116), and its price row of 0 (E124)."""
    missing = [label for name, label in (("Code", "Code"), ("Description", "Omschrijving")) if not values.get(name)]
    if missing:
        raise mandatory(*missing)
    _check(store, None, values)
    row = store.insert(tables.ITEMS, _defaults(store) | values)
    price = {"Price": Decimal(0), "StartDate": store.midnight()}
    store.insert(tables.PRICES, _price_defaults(row) | price)
    if row.get("IsStockItem"):
        stock.link_item(store, row, stock.main_warehouse(store))
    return row


def _defaults(store: Store) -> Values:
    """The default group, a unit, and a start half a year back, as recorded (E116)."""
    group = next((row for row in store.rows(tables.GROUPS) if row.get("IsDefault") == 1), None)
    return {
        "ItemGroup": group.key if group else None,
        "Unit": "pc",
        "IsStockItem": True,
        "StartDate": _half_year_back(store.midnight()),
    }


def _half_year_back(day: datetime) -> datetime:
    """The first of the month, half a year before: 2026-06-25 → 2025-12-01 (E116)."""
    months = day.year * 12 + day.month - 1 - 6
    return day.replace(year=months // 12, month=months % 12 + 1, day=1)


def update_item(store: Store, row: Row, values: Values) -> None:
    """New values of an item."""
    for name, label in (("Code", "Code"), ("Description", "Omschrijving")):
        if name in values and not values[name]:
            raise mandatory(label)
    _check(store, row, values)
    store.change(tables.ITEMS, row, values)


def _check(store: Store, row: Row | None, values: Values) -> None:
    """Lengths, references, and the code that only one item may have (E112, E78)."""
    limit = store.settings.number("code_length")
    code = values.get("Code")
    if code is not None and limit is not None and len(code) > limit:
        raise InvalidError(f"Code: Maximaal aantal tekens is {limit}")
    if code is not None:
        other = store.one(tables.ITEMS, "Code", code)
        if other is not None and other is not row:
            raise InvalidError(DUPLICATE)
    cut_texts(store, values)
    for name, table, index, label in (
        ("SalesVatCode", tables.VAT_CODES, "Code", "BTW-code"),
        ("Unit", tables.UNITS, "Code", "Eenheid"),
    ):
        if values.get(name) is not None and store.one(table, index, values[name]) is None:
            raise unknown_reference(label)
    if values.get("ItemGroup") is not None and store.get(tables.GROUPS, values["ItemGroup"]) is None:
        raise unknown_reference("Artikelgroep")
    barcode = values.get("Barcode")
    if barcode and not barcode.isdigit():
        raise InvalidError("Ongeldig: Barcode")  # E120: digits


def cut_texts(store: Store, values: Values) -> None:
    """Refuse or cut what is too long; switch ``long_texts`` (open point 1)."""
    for name, (label, length) in LENGTHS.items():
        text = values.get(name)
        if text is None or len(text) <= length:
            continue
        if store.settings.text("long_texts") == "refuse":
            raise InvalidError(f"{label}: Maximaal aantal tekens is {length}")
        values[name] = text[:length]


def delete_item(store: Store, row: Row) -> None:
    """Items with transactions stay (E119); prices and warehouse links go along."""
    if has_transactions(store, row):
        raise InvalidError("Verwijderen niet mogelijk: het artikel heeft transacties")
    for table, index, kind in (
        (tables.PRICES, "Item", 8),
        (tables.ITEM_WAREHOUSES, "Item", 19),
        (tables.POSITIONS, "ItemId", 15),
    ):
        for child in store.rows(table).find(index, row.key):
            store.delete(table, child, kind)
    store.delete(tables.ITEMS, row, 9)


def has_transactions(store: Store, row: Row) -> bool:
    """Whether a line or a movement refers to the item."""
    lines = (tables.ORDER_LINES, tables.INVOICE_LINES, tables.COUNT_LINES)
    if any(store.rows(table).find("Item", row.key) for table in lines):
        return True
    return bool(store.rows(tables.POSITIONS).find("ItemId", row.key))


def _price_defaults(item: Row) -> Values:
    return {
        "Item": item.key,
        "Currency": "EUR",
        "Unit": item.get("Unit"),
        "Quantity": Decimal(1),
        "NumberOfItemsPerUnit": Decimal(1),
        "Price": Decimal(0),
        "StartDate": item.get("Created").replace(hour=0, minute=0, second=0, microsecond=0),
    }


def create_price(store: Store, values: Values) -> Row:
    """A price row; left out, its key is that of the automatic row, so a bare POST is a duplicate (E126)."""
    if values.get("Item") is None:
        raise mandatory("Artikel")
    item = store.get(tables.ITEMS, values["Item"])
    if item is None:
        raise unknown_reference("Artikel")
    row = _price_defaults(item) | {name: value for name, value in values.items() if value is not None}
    _check_price(store, None, row)
    return store.insert(tables.PRICES, row)


def update_price(store: Store, row: Row, values: Values) -> None:
    """New values of a price row; the item stays."""
    values = {name: value for name, value in values.items() if name != "Item"}
    after = row.values | values
    _check_price(store, row, after)
    store.change(tables.PRICES, row, values | {"Price": after["Price"]})


def _check_price(store: Store, row: Row | None, values: Values) -> None:
    """References, dates, scale (open point 4), and uniqueness (E125)."""
    if store.one(tables.UNITS, "Code", values.get("Unit")) is None:
        raise unknown_reference("Eenheid")
    if store.get(tables.CURRENCIES, values.get("Currency")) is None:
        raise unknown_reference("Valuta")
    if values.get("Account") is not None and store.get(tables.ACCOUNTS, values["Account"]) is None:
        raise unknown_reference("Relatie")
    starts, ends = values.get("StartDate"), values.get("EndDate")
    if starts is not None and ends is not None and ends < starts:
        raise InvalidError("Ongeldig: Actief tot")
    scale = store.settings.number("price_scale")
    if scale is not None:
        values["Price"] = values["Price"].quantize(Decimal(1).scaleb(-scale), rounding=ROUND_HALF_UP)
    for other in store.rows(tables.PRICES).find("Item", values["Item"]):
        if other is not row and all(other.get(name) == values.get(name) for name in UNIQUE_PRICE):
            raise InvalidError(DUPLICATE_PRICE)


def delete_price(store: Store, row: Row) -> None:
    """A price row goes; kind 8 of the deletions (E90)."""
    store.delete(tables.PRICES, row, 8)


RULES = {
    tables.ITEMS: Rules(create_item, update_item, delete_item),
    tables.PRICES: Rules(create_price, update_price, delete_price),
}
