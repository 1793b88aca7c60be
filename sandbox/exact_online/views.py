"""What a client sees of a row: values by property, padding, dates, links (E43 to E58)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.exact_online import schema
from sandbox.exact_online import store as tables
from sandbox.exact_online.derived import COMMON, CONTACT_PICTURE, DERIVED, Derive, epoch
from sandbox.exact_online.literals import write_literal
from sandbox.exact_online.schema import Entity, Property
from sandbox.exact_online.store import DIVISION, Row, Store

INVOICE_ROWS = "sync/SalesInvoice/SalesInvoices"
_FALSE_ITEM = (
    "IsFractionAllowedItem", "IsPackageItem", "IsPurchaseItem", "IsSalesItem", "IsSerialItem", "IsStockItem",
    "IsSubcontractedItem", *(f"FreeBoolField_{n:02d}" for n in range(1, 6)),
)  # fmt: skip
_ZERO_ITEM = (
    "IsBatchNumberItem", "CopyRemarks", "IsBatchItem", "IsMakeItem", "IsNewContract", "IsOnDemandItem",
    "IsRegistrationCodeItem", "IsTime", "IsWebshopItem",
)  # fmt: skip
_FALSE_ACCOUNT = (
    "Blocked", "CanDropShip", "IgnoreDatevWarningMessage", "IsBank", "IsMember", "IsPilot", "IsReseller", "IsSupplier",
    "RecepientOfCommissions",
)  # fmt: skip
_ZERO_ACCOUNT = (
    "CostPaid", "IsAccountant", "IsAgency", "IsAnonymised", "IsCompetitor", "IsMailing", "SeparateInvPerProject",
    "SeparateInvPerSubscription",
)  # fmt: skip
_ZERO_ACCOUNT_LATER = (
    "CreditLinePurchase", "CreditLineSales", "DiscountPurchase", "DiscountSales", "InvoicingMethod", "PurchaseLeadDays",
    "ShippingLeadDays", "AutomaticProcessProposedEntry",
)  # fmt: skip

SKELETON: dict[str, dict[str, Any]] = {
    tables.ITEMS: dict.fromkeys(_ZERO_ITEM, 0),
    tables.ACCOUNTS: dict.fromkeys(_ZERO_ACCOUNT, 0) | {"IgnoreDatevWarningMessage": False},
    tables.CONTACTS: {"AccountIsCustomer": False, "IsAnonymised": 0},
}
"""What is not null in the answer of a POST without ``Prefer`` (E67): values that cannot be null."""

DEFAULTS: dict[str, dict[str, Any]] = {
    tables.ITEMS: SKELETON[tables.ITEMS]
    | dict.fromkeys(_FALSE_ITEM, False)
    | {"CostPriceCurrency": "EUR", "SecurityLevel": 10, "StatisticalUnits": 1},
    tables.ACCOUNTS: SKELETON[tables.ACCOUNTS]
    | dict.fromkeys(_FALSE_ACCOUNT, False)
    | dict.fromkeys(_ZERO_ACCOUNT_LATER, 0)
    | {
        "ConsolidationScenario": 6, "GlnNumber": "", "InvoiceAttachmentType": 1, "IsPurchase": True, "OINNumber": "",
        "PurchaseCurrency": "EUR", "PurchaseCurrencyDescription": "Euro", "SalesCurrency": "EUR",
        "SalesCurrencyDescription": "Euro", "SecurityLevel": 10, "Source": 2, "Type": "A",
    },
    tables.CONTACTS: {"Gender": "O", "IsAnonymised": 0, "IsMailingExcluded": False},
    tables.ADDRESSES: dict.fromkeys((f"FreeBoolField_{n:02d}" for n in range(1, 6)), False),
    tables.ORDERS: {
        "AmountDiscount": 0, "AmountDiscountExclVat": 0, "ApprovalStatus": 1, "Currency": "EUR", "Discount": 0,
    },
    tables.ORDER_LINES: {"Discount": 0, "QuantityDelivered": 0, "QuantityInvoiced": 0, "UseDropShipment": 0},
    tables.INVOICES: {
        "AmountDiscount": 0, "AmountDiscountExclVat": 0, "Currency": "EUR", "Discount": 0, "DiscountType": 1,
        "StarterSalesInvoiceStatus": 0, "StarterSalesInvoiceStatusDescription": "Concept",
    },
    tables.INVOICE_LINES: {"Discount": 0, "UnitPrice": 0},
    tables.VAT_CODES: {
        "Charged": False, "EUSalesListing": "N", "ExcludeVATListing": 0, "IntraStat": False, "IntrastatType": "N",
        "VatDocType": "P", "VatMargin": 0,
    },
    tables.DIVISIONS: {
        "IsDossierDivision": False, "IsPracticeDivision": False, "IsHRDivision": False, "IsMainDivision": True,
        "SiretNumber": "", "TemplateCode": "NL_Base", "CustomerName": "Voorbeeldketen BV",
        "Email": "info@example.com", "Phone": "0300000000",
    },
    tables.USERS: {
        "DivisionCustomerSiretNumber": "", "IsEmployeeSelfServiceUser": False, "IsMyFirmLiteUser": False,
        "IsStarterUser": False, "IsMyFirmPortalUser": False, "IsOEIMigrationMandatory": False,
        "PictureUrl": CONTACT_PICTURE, "EmployeeID": "00000000-0000-0000-0000-000000000000",
    },
    tables.POSITIONS: {"PlanningIn": 0, "PlanningOut": 0, "ReservedStock": 0, "CurrentStock": 0},
    tables.ITEM_WAREHOUSES: {"MaximumStock": 0, "ReorderPoint": 0, "ReorderQuantity": 0, "SafetyStock": 0},
}  # fmt: skip
"""What a property shows when nobody has set it."""

CHILDREN: dict[tuple[str, str], tuple[str, str]] = {
    (tables.ORDERS, "SalesOrderLines"): (tables.ORDER_LINES, "OrderID"),
    (tables.INVOICES, "SalesInvoiceLines"): (tables.INVOICE_LINES, "InvoiceID"),
    (tables.COUNTS, "StockCountLines"): (tables.COUNT_LINES, "StockCountID"),
    (tables.DELIVERIES, "GoodsDeliveryLines"): (tables.DELIVERY_LINES, "EntryID"),
}
"""Collections that hold rows of another table, by the property that points back."""


@dataclass(frozen=True)
class View:
    """One resource over the store; ``base`` is the address before ``/api/``, as the client called it."""

    store: Store
    entity: Entity
    base: str

    @property
    def table(self) -> str:
        """The table behind the resource."""
        return self.entity.base

    def reader(self, one: Property) -> Callable[[Row], Any]:
        """The function that takes a property from a row."""
        if one.name == "Timestamp":
            return lambda row: row.version
        if self.entity.name == INVOICE_ROWS:
            return _invoice_reader(self.store, one)
        derive = self._derive(one.name)
        if derive is not None:
            return lambda row: derive(self.store, row)
        default = DEFAULTS.get(self.table, {}).get(one.name)
        return lambda row: row.values.get(one.name, default)

    def _derive(self, name: str) -> Derive | None:
        for scope in (DERIVED.get(self.entity.name, {}), DERIVED.get(self.table, {}), COMMON):
            if name in scope:
                return scope[name]
        return None

    def uri(self, row: Row) -> str:
        """The address of a row; sync rows are addressed by their row version."""
        key = self.entity.properties[self.entity.key]
        value = row.version if self.entity.kind == "sync" else row.key
        literal = str(value) if key.type == "Int32" else write_literal(key.type, value)
        return f"{self.address}({literal})"

    @property
    def address(self) -> str:
        """The address of the list; only ``current/Me`` bears no division (E2, E3)."""
        division = "" if self.table == tables.USERS else f"{DIVISION}/"
        return f"{self.base}/api/v1/{division}{self.entity.name}"

    def link(self, row: Row) -> dict[str, str]:
        """``__metadata`` of a row (E45)."""
        return {"uri": self.uri(row), "type": self.entity.type}

    def show(self, row: Row, names: Iterable[str] | None = None, expand: Iterable[str] = ()) -> dict[str, Any]:
        """The JSON object of a row, with all properties or those that were selected."""
        chosen = self.entity.properties.values() if names is None else self._in_order(set(names) | set(expand))
        shown: dict[str, Any] = {"__metadata": self.link(row)}
        for one in chosen:
            if one.type == "Collection":
                shown[one.name] = self._collection(row, one, one.name in expand)
            else:
                shown[one.name] = write_value(one, self.reader(one)(row))
        return shown

    def show_skeleton(self, row: Row) -> dict[str, Any]:
        """The answer of a POST without ``Prefer``: the key, and what cannot be null (E67)."""
        filled = SKELETON.get(self.table, {})
        shown: dict[str, Any] = {"__metadata": self.link(row)}
        for one in self.entity.properties.values():
            if one.type == "Collection":
                shown[one.name] = self._collection(row, one, False)
            else:
                shown[one.name] = row.key if one.name == self.entity.key else filled.get(one.name)
        return shown

    def _in_order(self, names: set[str]) -> list[Property]:
        return [one for one in self.entity.properties.values() if one.name in names]

    def children(self, row: Row, name: str) -> tuple[View, list[Row]]:
        """The rows of a collection, by line number, with their view."""
        table, back = CHILDREN.get((self.table, name), ("", ""))
        if not table:
            return self, []
        rows = self.store.rows(table).find(back, row.key)
        return View(self.store, schema.load()[table], self.base), sorted(rows, key=lambda one: one.get("LineNumber"))

    def _collection(self, row: Row, one: Property, expanded: bool) -> dict[str, Any]:
        """A deferred link, or the rows (E45)."""
        if not expanded:
            return {"__deferred": {"uri": f"{self.uri(row)}/{one.name}"}}
        view, rows = self.children(row, one.name)
        return {"results": [view.show(child) for child in rows]}


def write_value(one: Property, value: Any) -> Any:
    """A value as JSON has it: 64-bit integers as text (E55), dates as wall time (E58), texts padded (E114, E148)."""
    if value is None:
        return None
    if one.type == "Int64":
        return str(value)
    if isinstance(value, datetime):
        return f"/Date({epoch(value)})/"
    if one.padding and isinstance(value, str):
        return value.ljust(one.padding)
    return value


def _invoice_reader(store: Store, one: Property) -> Callable[[Row], Any]:
    """Header values on every row, line values where the row is a line; the header has LineNumber 0 (E95)."""
    known = schema.load()
    on_line = one.name in known[tables.INVOICE_LINES].properties
    on_header = one.name in known[tables.INVOICES].properties
    line_view = View(store, known[tables.INVOICE_LINES], "")
    header_view = View(store, known[tables.INVOICES], "")

    def read(row: Row) -> Any:
        is_header = "LineNumber" not in row.values
        if one.name in ("ID", "LineNumber"):
            return row.key if one.name == "ID" else row.values.get("LineNumber", 0)
        if on_line and not is_header:
            return line_view.reader(one)(row)
        if not on_header:
            return None
        header = row if is_header else store.rows(tables.INVOICES).rows[row.get("InvoiceID")]
        return header_view.reader(one)(header)

    return read
