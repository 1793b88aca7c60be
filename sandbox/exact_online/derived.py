"""Properties that are not stored: descriptions, names and figures that follow from other records."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from sandbox.exact_online import prices
from sandbox.exact_online import store as tables
from sandbox.exact_online.store import DIVISION, Row, Store

Derive = Callable[[Store, Row], Any]

STATUS_TEXT = {10: "Concept", 12: "Open", 20: "Gedeeltelijk", 21: "Volledig", 45: "Geannuleerd", 50: "Verwerkt"}
INVOICE_STATUS_TEXT = {10: "Concept", 20: "Open", 50: "Verwerkt"}
INVOICE_TYPE_TEXT = {
    8020: "Verkoopfactuur",
    8021: "Verkoopcreditnota",
    8023: "Directe verkoopfactuur",
    8024: "Directe verkoopcreditnota",
}
COUNTRIES = {
    "NL": "Nederland",
    "BE": "België",
    "FR": "Frankrijk",
    "DE": "Duitsland",
    "LU": "Luxemburg",
    "GB": "Verenigd Koninkrijk",
}
PICTURE = "https://start.exactonline.nl//docs/images/placeholder_item.png"
CONTACT_PICTURE = "https://start.exactonline.nl//docs/images/placeholder_contact_myeol.png"
LOGO = "https://start.exactonline.nl//docs/images/placeholder_account_myeol.png"


def of(table: str, reference: str, name: str) -> Derive:
    """The property ``name`` of the row that ``reference`` points at."""

    def derive(store: Store, row: Row) -> Any:
        other = store.get(table, row.get(reference))
        return None if other is None else value_of(store, table, other, name)

    return derive


def by(table: str, index: str, reference: str, name: str) -> Derive:
    """The property ``name`` of the row whose code stands in ``reference``."""

    def derive(store: Store, row: Row) -> Any:
        code = row.get(reference)
        other = store.one(table, index, code) if code is not None else None
        return None if other is None else value_of(store, table, other, name)

    return derive


def text(words: dict[Any, str], name: str) -> Derive:
    """The words for a code."""
    return lambda _store, row: words.get(row.get(name))


def value_of(store: Store, table: str, row: Row, name: str) -> Any:
    """A property of a row, stored or derived."""
    derive = DERIVED.get(table, {}).get(name)
    return derive(store, row) if derive is not None else row.get(name)


def _position(store: Store, row: Row) -> Row | None:
    """The stock position that belongs to an item in a warehouse."""
    places = store.rows(tables.POSITIONS).find("ItemId", row.get("Item"))
    return next((place for place in places if place.get("Warehouse") == row.get("Warehouse")), None)


def _figure(name: str) -> Derive:
    def derive(store: Store, row: Row) -> Decimal:
        place = _position(store, row)
        return Decimal(0) if place is None else value_of(store, tables.POSITIONS, place, name)

    return derive


def total_stock(store: Store, row: Row) -> Decimal | None:
    """``Items.Stock``: all warehouses; null without a licence for them (E131, E140)."""
    if not store.settings.on("licence") or not row.get("IsStockItem"):
        return Decimal(0) if store.settings.on("licence") else None
    return sum(
        (place.get("CurrentStock") for place in store.rows(tables.POSITIONS).find("ItemId", row.key)), Decimal(0)
    )


def free_stock(store: Store, row: Row) -> Decimal:
    """``FreeStock`` (open point 8)."""
    minus = "PlanningOut" if store.settings.text("free_stock") == "planned" else "ReservedStock"
    return Decimal((row.get("CurrentStock") or 0) - (row.get(minus) or 0))


def _projected(_store: Store, row: Row) -> Decimal:
    return Decimal(row.get("CurrentStock") + (row.get("PlanningIn") or 0) - (row.get("PlanningOut") or 0))


def _full_name(_store: Store, row: Row) -> str:
    parts = (row.get("FirstName"), row.get("MiddleName"), row.get("LastName"))
    return " ".join(part for part in parts if part)


def _is_main_contact(store: Store, row: Row) -> bool:
    account = store.get(tables.ACCOUNTS, row.get("Account"))
    return account is not None and account.get("MainContact") == row.key


def _is_customer(name: str) -> Derive:
    def derive(store: Store, row: Row) -> bool:
        account = store.get(tables.ACCOUNTS, row.get(name))
        return account is not None and account.get("Status") == "C"

    return derive


def _full_name_of(name: str) -> Derive:
    def derive(store: Store, row: Row) -> str | None:
        user = store.get(tables.USERS, row.get(name))
        return None if user is None else user.get("FullName")

    return derive


def _division(_store: Store, _row: Row) -> int:
    return DIVISION


def _server_time(store: Store, _row: Row) -> str:
    return store.now().isoformat(timespec="seconds")


def _server_offset(store: Store, _row: Row) -> int:
    """Seconds of wall time ahead of UTC (E58)."""
    offset = store.clock.now().astimezone(tables.ZONE).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


def _main_contact(name: str) -> dict[str, Derive]:
    """``OrderedByContactPerson`` and its name: the main contact of the account."""

    def full_name(store: Store, row: Row) -> str | None:
        account = store.get(tables.ACCOUNTS, row.get(name))
        contact = store.get(tables.CONTACTS, account.get("MainContact")) if account is not None else None
        return None if contact is None else _full_name(store, contact)

    return {
        f"{name}Name": of(tables.ACCOUNTS, name, "Name"),
        f"{name}ContactPerson": of(tables.ACCOUNTS, name, "MainContact"),
        f"{name}ContactPersonFullName": full_name,
    }


def _vat_share(_store: Store, row: Row) -> Any:
    vat_code = row.get("VATCode")
    return None if vat_code is None else vat_percentage(_store, vat_code)


def vat_percentage(store: Store, code: str) -> Decimal | None:
    """The fraction of a VAT code (E128)."""
    found = store.one(tables.VAT_CODES, "Code", code.strip())
    return None if found is None else found.get("Percentage")


def _period_code(name: str) -> Derive:
    """A property of the price list that a volume discount's period belongs to."""

    def derive(store: Store, row: Row) -> Any:
        period = store.get(tables.PERIODS, row.get("PriceListPeriod"))
        found = store.get(tables.PRICE_LISTS, period.get("PriceList")) if period is not None else None
        return None if found is None else found.get(name)

    return derive


COMMON: dict[str, Derive] = {
    "Division": _division,
    "CreatorFullName": _full_name_of("Creator"),
    "ModifierFullName": _full_name_of("Modifier"),
}
"""What every resource has."""

_ITEM: dict[str, Derive] = {
    "ItemCode": of(tables.ITEMS, "Item", "Code"),
    "ItemDescription": of(tables.ITEMS, "Item", "Description"),
}
_UNIT = by(tables.UNITS, "Code", "Unit", "Description")
_WAREHOUSE: dict[str, Derive] = {
    "WarehouseCode": of(tables.WAREHOUSES, "Warehouse", "Code"),
    "WarehouseDescription": of(tables.WAREHOUSES, "Warehouse", "Description"),
}
_LINE: dict[str, Derive] = _ITEM | {
    "UnitDescription": by(tables.UNITS, "Code", "UnitCode", "Description"),
    "VATCodeDescription": by(tables.VAT_CODES, "Code", "VATCode", "Description"),
    "VATPercentage": _vat_share,
}


def _of_order(name: str) -> Derive:
    return of(tables.ORDERS, "OrderID", name)


def _of_order_line(name: str) -> Derive:
    return of(tables.ORDER_LINES, "SalesOrderLineID", name)


DERIVED: dict[str, dict[str, Derive]] = {
    tables.ITEMS: {
        "ItemGroupCode": of(tables.GROUPS, "ItemGroup", "Code"),
        "ItemGroupDescription": of(tables.GROUPS, "ItemGroup", "Description"),
        "UnitDescription": _UNIT,
        "UnitType": by(tables.UNITS, "Code", "Unit", "Type"),
        "SalesVatCodeDescription": by(tables.VAT_CODES, "Code", "SalesVatCode", "Description"),
        "StandardSalesPrice": prices.standard_price,
        "Stock": total_stock,
        "PictureUrl": lambda _store, _row: PICTURE,
        "PictureThumbnailUrl": lambda _store, _row: PICTURE,
        "Picture": lambda _store, _row: None,  # write-only (E74)
    },
    tables.PRICES: _ITEM
    | {
        "AccountName": of(tables.ACCOUNTS, "Account", "Name"),
        "DefaultItemUnit": of(tables.ITEMS, "Item", "Unit"),
        "DefaultItemUnitDescription": of(tables.ITEMS, "Item", "UnitDescription"),
        "UnitDescription": _UNIT,
    },
    tables.ITEM_WAREHOUSES: _ITEM
    | _WAREHOUSE
    | {
        "ItemBarcode": of(tables.ITEMS, "Item", "Barcode"),
        "ItemStartDate": of(tables.ITEMS, "Item", "StartDate"),
        "ItemEndDate": of(tables.ITEMS, "Item", "EndDate"),
        "ItemIsFractionAllowedItem": of(tables.ITEMS, "Item", "IsFractionAllowedItem"),
        "ItemIsStockItem": of(tables.ITEMS, "Item", "IsStockItem"),
        "ItemUnit": of(tables.ITEMS, "Item", "Unit"),
        "ItemUnitDescription": of(tables.ITEMS, "Item", "UnitDescription"),
        "CurrentStock": _figure("CurrentStock"),
        "PlannedStockIn": _figure("PlanningIn"),
        "PlannedStockOut": _figure("PlanningOut"),
        "ProjectedStock": _figure("ProjectedStock"),
        "ReservedStock": _figure("ReservedStock"),
    },
    tables.POSITIONS: _WAREHOUSE
    | {
        "ItemCode": of(tables.ITEMS, "ItemId", "Code"),
        "ItemDescription": of(tables.ITEMS, "ItemId", "Description"),
        "UnitCode": of(tables.ITEMS, "ItemId", "Unit"),
        "UnitDescription": of(tables.ITEMS, "ItemId", "UnitDescription"),
        "FreeStock": free_stock,
        "ProjectedStock": _projected,
    },
    tables.COUNTS: dict(_WAREHOUSE),
    tables.COUNT_LINES: _ITEM
    | {
        "ItemBarcode": of(tables.ITEMS, "Item", "Barcode"),
        "ItemCostPrice": of(tables.ITEMS, "Item", "CostPriceStandard"),
        "ItemDivisable": of(tables.ITEMS, "Item", "IsFractionAllowedItem"),
        "StockKeepingUnit": of(tables.ITEMS, "Item", "Unit"),
        "Status": of(tables.COUNTS, "StockCountID", "Status"),
        "Warehouse": of(tables.COUNTS, "StockCountID", "Warehouse"),
        "StorageLocationCode": of(tables.STORAGE, "StorageLocation", "Code"),
        "StorageLocationDescription": of(tables.STORAGE, "StorageLocation", "Description"),
    },
    tables.STORAGE: dict(_WAREHOUSE),
    "hrm/Divisions": {
        "CountryDescription": text(COUNTRIES, "Country"),
        "CurrencyDescription": of(tables.CURRENCIES, "Currency", "Description"),
        "HID": lambda _store, row: row.get("Hid"),
        "Main": lambda _store, _row: True,  # the one division of its licence
    },
    tables.ACCOUNTS: {
        "CountryName": text(COUNTRIES, "Country"),
        "IsSales": lambda _store, row: row.get("Status") == "C",  # E149
        "LogoUrl": lambda _store, _row: LOGO,
        "LogoThumbnailUrl": lambda _store, _row: LOGO,
        "Logo": lambda _store, _row: None,
    },
    tables.CONTACTS: {
        "AccountName": of(tables.ACCOUNTS, "Account", "Name"),
        "AccountIsCustomer": _is_customer("Account"),
        "AccountIsSupplier": lambda _store, _row: False,
        "AccountMainContact": of(tables.ACCOUNTS, "Account", "MainContact"),
        "City": of(tables.ACCOUNTS, "Account", "City"),
        "Country": of(tables.ACCOUNTS, "Account", "Country"),
        "Postcode": of(tables.ACCOUNTS, "Account", "Postcode"),
        "State": of(tables.ACCOUNTS, "Account", "State"),
        "FullName": _full_name,
        "IsMainContact": _is_main_contact,
        "PictureUrl": lambda _store, _row: CONTACT_PICTURE,
        "PictureThumbnailUrl": lambda _store, _row: CONTACT_PICTURE,
        "Picture": lambda _store, _row: None,
    },
    tables.ADDRESSES: {
        "AccountName": of(tables.ACCOUNTS, "Account", "Name"),
        "AccountIsSupplier": lambda _store, _row: False,
        "ContactName": of(tables.CONTACTS, "Contact", "FullName"),
        "CountryName": text(COUNTRIES, "Country"),
    },
    tables.ORDERS: {
        "StatusDescription": text(STATUS_TEXT, "Status"),
        "DeliveryStatusDescription": text(STATUS_TEXT, "DeliveryStatus"),
        "InvoiceStatusDescription": text(STATUS_TEXT, "InvoiceStatus"),
        "ApprovalStatusDescription": lambda _store, _row: "Automatisch",
        "WarehouseCode": of(tables.WAREHOUSES, "WarehouseID", "Code"),
        "WarehouseDescription": of(tables.WAREHOUSES, "WarehouseID", "Description"),
        "PaymentConditionDescription": lambda store, row: condition_text(store, row.get("PaymentCondition")),
    }
    | _main_contact("OrderedBy")
    | _main_contact("InvoiceTo")
    | _main_contact("DeliverTo"),
    tables.ORDER_LINES: _LINE | {"OrderNumber": _of_order("OrderNumber"), "OrderStatus": _of_order("Status")},
    tables.DELIVERIES: _WAREHOUSE
    | {
        "DeliveryAccountCode": of(tables.ACCOUNTS, "DeliveryAccount", "Code"),
        "DeliveryAccountName": of(tables.ACCOUNTS, "DeliveryAccount", "Name"),
    },
    tables.DELIVERY_LINES: _ITEM
    | {
        "DeliveryDate": of(tables.DELIVERIES, "EntryID", "DeliveryDate"),
        "QuantityOrdered": _of_order_line("Quantity"),
        "SalesOrderLineNumber": _of_order_line("LineNumber"),
        "SalesOrderNumber": _of_order_line("OrderNumber"),
        "Unitcode": _of_order_line("UnitCode"),
    },
    tables.INVOICES: {
        "StatusDescription": text(INVOICE_STATUS_TEXT, "Status"),
        "TypeDescription": text(INVOICE_TYPE_TEXT, "Type"),
        "SalespersonFullName": _full_name_of("Salesperson"),
        "JournalDescription": lambda store, row: journal_text(store, row.get("Journal")),
        "PaymentConditionDescription": lambda store, row: condition_text(store, row.get("PaymentCondition")),
    }
    | _main_contact("OrderedBy")
    | _main_contact("InvoiceTo")
    | _main_contact("DeliverTo"),
    tables.INVOICE_LINES: dict(_LINE),
    tables.DISCOUNTS: _ITEM
    | {
        "PriceListCode": _period_code("Code"),
        "PriceListDescription": _period_code("Description"),
        "UnitDescription": _UNIT,
    },
    tables.LINKED: {
        "Code": of(tables.ACCOUNTS, "Account", "Code"),
        "Name": of(tables.ACCOUNTS, "Account", "Name"),
    },
    tables.USERS: {"ServerTime": _server_time, "ServerUtcOffset": _server_offset},
    "sync/SalesOrder/SalesOrderHeaders": {"ID": lambda _store, row: row.key},
    "sync/SalesOrder/SalesOrderLines": {
        "Status": _of_order("Status"),
        "StatusDescription": _of_order("StatusDescription"),
        "DeliveryStatusDescription": text(STATUS_TEXT, "DeliveryStatus"),
        "InvoiceStatusDescription": text(STATUS_TEXT, "InvoiceStatus"),
    },
}
"""Per table (or per resource, where one differs from its table) the properties that are worked out."""


def condition_text(store: Store, code: str | None) -> str | None:
    """The words of a payment condition's code."""
    return next((row.get("Description") for row in store.rows(tables.CONDITIONS) if row.get("Code") == code), None)


def journal_text(store: Store, code: str | None) -> str | None:
    """The words of a journal's code."""
    return next((row.get("Description") for row in store.rows(tables.JOURNALS) if row.get("Code") == code), None)


def epoch(moment: datetime) -> int:
    """Milliseconds of a wall time taken as if it were UTC (E58)."""
    return round((moment - datetime(1970, 1, 1)).total_seconds() * 1000)  # noqa: DTZ001 (wall time bears no zone)
