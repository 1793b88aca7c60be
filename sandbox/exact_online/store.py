"""The division's records: sparse rows in tables, one row version over all of them (E83), deletions (E88)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.clock import Clock
from sandbox.exact_online.settings import Settings

ZONE = ZoneInfo("Europe/Amsterdam")  # E58, E59
DIVISION = 1000001
KEPT_DELETED = timedelta(days=61)  # E88: two months
_NAMES = uuid.UUID("6f1a3a52-6d35-5e0e-9a35-0d6c2f1c9d11")

ITEMS = "logistics/Items"
PRICES = "logistics/SalesItemPrices"
GROUPS = "logistics/ItemGroups"
UNITS = "logistics/Units"
VAT_CODES = "vat/VATCodes"
CURRENCIES = "general/Currencies"
CONDITIONS = "cashflow/PaymentConditions"
JOURNALS = "financial/Journals"
WAREHOUSES = "inventory/Warehouses"
STORAGE = "inventory/StorageLocations"
ITEM_WAREHOUSES = "inventory/ItemWarehouses"
POSITIONS = "sync/Inventory/StockPositions"
COUNTS = "inventory/StockCounts"
COUNT_LINES = "inventory/StockCountLines"
ACCOUNTS = "crm/Accounts"
CONTACTS = "crm/Contacts"
ADDRESSES = "crm/Addresses"
ORDERS = "salesorder/SalesOrders"
ORDER_LINES = "salesorder/SalesOrderLines"
DELIVERIES = "salesorder/GoodsDeliveries"
DELIVERY_LINES = "salesorder/GoodsDeliveryLines"
INVOICES = "salesinvoice/SalesInvoices"
INVOICE_LINES = "salesinvoice/SalesInvoiceLines"
PRICE_LISTS = "sales/SalesPriceLists"
PERIODS = "sales/SalesPriceListPeriods"
LINKED = "sales/SalesPriceListLinkedAccounts"
DISCOUNTS = "sales/SalesPriceListVolumeDiscounts"
DELETED = "sync/Deleted"
DIVISIONS = "system/Divisions"
USERS = "current/Me"

KEYS: dict[str, str] = {
    COUNTS: "StockCountID",
    ORDERS: "OrderID",
    DELIVERIES: "EntryID",
    INVOICES: "InvoiceID",
    DIVISIONS: "Code",
    CURRENCIES: "Code",
    USERS: "UserID",
}
"""The key property where it is not ``ID``."""

INDEXES: dict[str, tuple[str, ...]] = {
    ITEMS: ("Code", "Barcode"),
    PRICES: ("Item", "Account"),
    ITEM_WAREHOUSES: ("Item",),
    POSITIONS: ("ItemId",),
    COUNT_LINES: ("StockCountID", "Item"),
    ACCOUNTS: ("Code", "Email", "SearchCode"),
    CONTACTS: ("Account", "Email"),
    ADDRESSES: ("Account",),
    ORDERS: ("YourRef", "OrderedBy", "OrderNumber"),
    ORDER_LINES: ("OrderID", "Item"),
    DELIVERY_LINES: ("EntryID", "Item", "SalesOrderLineID"),
    INVOICES: ("YourRef", "OrderedBy"),
    INVOICE_LINES: ("InvoiceID", "Item"),
    DISCOUNTS: ("Item",),
    LINKED: ("Account",),
    UNITS: ("Code",),
    VAT_CODES: ("Code",),
    WAREHOUSES: ("Code",),
}
TABLES: tuple[str, ...] = (
    ITEMS, PRICES, GROUPS, UNITS, VAT_CODES, CURRENCIES, CONDITIONS, JOURNALS, WAREHOUSES, STORAGE, ITEM_WAREHOUSES,
    POSITIONS, COUNTS, COUNT_LINES, ACCOUNTS, CONTACTS, ADDRESSES, ORDERS, ORDER_LINES, DELIVERIES, DELIVERY_LINES,
    INVOICES, INVOICE_LINES, PRICE_LISTS, PERIODS, LINKED, DISCOUNTS, DELETED, DIVISIONS, USERS,
)  # fmt: skip


@dataclass(slots=True)
class Row:
    """One record: its key, what it holds (a property that is missing is null), its row version."""

    key: Any
    values: dict[str, Any]
    version: int = 0

    def get(self, name: str) -> Any:
        """A stored property, or None."""
        return self.values.get(name)


@dataclass
class Table:
    """The rows of one resource, in the order of their row versions."""

    name: str
    key: str
    rows: dict[Any, Row] = field(default_factory=dict)
    indexes: dict[str, dict[Any, dict[Any, None]]] = field(default_factory=dict)

    def find(self, name: str, value: Any) -> list[Row]:
        """The rows with this value in an indexed property."""
        return [self.rows[key] for key in self.indexes[name].get(value, ())]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows.values())

    def since(self, version: int) -> list[Row]:
        """The rows above a row version, rising."""
        newer = []
        for row in reversed(self.rows.values()):
            if row.version <= version:
                break
            newer.append(row)
        return newer[::-1]

    def put(self, row: Row) -> None:
        """Store a row behind all others."""
        self.rows.pop(row.key, None)
        self.rows[row.key] = row
        for name, index in self.indexes.items():
            index.setdefault(row.values.get(name), {})[row.key] = None

    def forget(self, row: Row) -> None:
        """Take a row out of the indexes, before its values change."""
        for name, index in self.indexes.items():
            keys = index.get(row.values.get(name))
            if keys is not None:
                keys.pop(row.key, None)
                if not keys:
                    del index[row.values.get(name)]


class Store:
    """All tables of the division, and who acts on them at present (``actor``, a user's key)."""

    def __init__(self, seed: int, clock: Clock, settings: Settings) -> None:
        self.seed = seed
        self.clock = clock
        self.settings = settings
        self.version = 100
        self.tables = {name: _table(name) for name in TABLES}
        self.counters: dict[str, int] = {}
        self.api_user = self.make_id("users", "api")
        self.staff_user = self.make_id("users", "staff")
        self.actor = self.api_user

    def make_id(self, table: str, name: object) -> str:
        """The id that a seeded thing always has."""
        return str(uuid.uuid5(_NAMES, f"{self.seed}/exact_online/{table}/{name}"))

    def new_id(self, table: str) -> str:
        """The id of the next record made while running."""
        return self.make_id(table, f"new/{self.count(table)}")

    def count(self, name: str, start: int = 0) -> int:
        """The next number of a series."""
        self.counters[name] = self.counters.get(name, start) + 1
        return self.counters[name]

    def now(self) -> datetime:
        """Wall time in Amsterdam without a zone, to the millisecond (E58, E64)."""
        moment = self.clock.now().astimezone(ZONE).replace(tzinfo=None)
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def today(self) -> date:
        """The calendar day in Amsterdam."""
        return self.now().date()

    def midnight(self, days: int = 0) -> datetime:
        """Midnight of today, or so many days later."""
        return datetime.combine(self.today(), datetime.min.time()) + timedelta(days=days)

    def rows(self, table: str) -> Table:
        """A table by its name."""
        return self.tables[table]

    def get(self, table: str, key: Any) -> Row | None:
        """A row by its key; None for an unknown or empty one."""
        return self.tables[table].rows.get(key) if key is not None else None

    def one(self, table: str, name: str, value: Any) -> Row | None:
        """The first row with this value in an indexed property."""
        found = self.tables[table].indexes[name].get(value)
        return self.tables[table].rows[next(iter(found))] if found else None

    def insert(self, table: str, values: dict[str, Any], key: Any = None) -> Row:
        """A new row with the next row version and the actor as its creator."""
        target = self.tables[table]
        key = key if key is not None else self.new_id(table)
        now = self.now()
        stamps = {"Created": now, "Creator": self.actor, "Modified": now, "Modifier": self.actor}
        row = Row(key, {target.key: key} | stamps | values, self._next_version())
        target.put(row)
        return row

    def change(self, table: str, row: Row, values: dict[str, Any]) -> Row:
        """New values in a row; it gets the next row version, the time and the actor."""
        target = self.tables[table]
        target.forget(row)
        row.values.update(values)
        row.values.update({"Modified": self.now(), "Modifier": self.actor})
        row.version = self._next_version()
        target.put(row)
        return row

    def delete(self, table: str, row: Row, kind: int | None) -> None:
        """Take a row away; kinds with a number are logged in ``sync/Deleted`` (E88, E90)."""
        target = self.tables[table]
        target.forget(row)
        del target.rows[row.key]
        if kind is not None:
            log = {"EntityKey": row.key, "EntityType": kind, "DeletedDate": self.now(), "DeletedBy": self.actor}
            key = self.new_id(DELETED)
            self.tables[DELETED].put(Row(key, {"ID": key} | log, self._next_version()))

    def kept_deletions(self, rows: Iterable[Row]) -> list[Row]:
        """Deletions of the last two months only (E88)."""
        oldest = self.now() - KEPT_DELETED
        return [row for row in rows if row.values["DeletedDate"] >= oldest]

    def restart_versions(self) -> None:
        """Number all row versions anew, as when a division is moved to another database (E91)."""
        self.version = 0
        for table in self.tables.values():
            for row in table:
                row.version = self._next_version()
        division = self.tables[DIVISIONS].rows[DIVISION]
        division.values["DivisionMoveDate"] = self.midnight()

    def _next_version(self) -> int:
        self.version += 1
        return self.version


def _table(name: str) -> Table:
    return Table(name, KEYS.get(name, "ID"), indexes={one: {} for one in INDEXES.get(name, ())})
