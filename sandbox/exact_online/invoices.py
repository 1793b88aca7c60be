"""Sales invoices as far as till sales are booked with them (E160, E161)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sandbox.exact_online import crm, derived, orders, schema, stock
from sandbox.exact_online import store as tables
from sandbox.exact_online.errors import BadQueryError, InvalidError, RefusedError, mandatory, unknown_reference
from sandbox.exact_online.rules import Rules, Values
from sandbox.exact_online.store import Row, Store

DRAFT, OPEN, PROCESSED = 10, 20, 50  # E160
PLAIN, CREDIT, DIRECT, DIRECT_CREDIT = 8020, 8021, 8023, 8024  # E160
MOVES = {DIRECT: -1, DIRECT_CREDIT: 1}  # direct ones move the goods as well


def create_invoice(store: Store, values: Values) -> Row:
    """An invoice with its lines; direct ones need a licence (E140)."""
    given = values.pop("SalesInvoiceLines", None)
    if values.get("OrderedBy") is None:
        raise mandatory("Factuur voor", "Besteld door")
    if not given:
        raise mandatory("Verkoopfactuurregels")
    _check(store, values)
    read = [orders.read_line(store, line, schema.load()[tables.INVOICE_LINES]) for line in given]
    defaults = _defaults(store, values)
    row = store.insert(tables.INVOICES, defaults | {name: value for name, value in values.items() if value is not None})
    for number, line in enumerate(read, start=1):
        _insert_line(store, row, number, line)
    _total(store, row)
    return row


def _check(store: Store, values: Values) -> None:
    kind = values.get("Type") or PLAIN
    if kind not in derived.INVOICE_TYPE_TEXT:
        raise InvalidError("Ongeldig: Type")
    if kind in MOVES and not store.settings.on("licence"):
        raise RefusedError(403, "Forbidden")
    if values.get("Status") not in (None, DRAFT, OPEN):
        raise InvalidError("Ongeldig: Status")
    account = store.get(tables.ACCOUNTS, values["OrderedBy"])
    if account is None:
        raise unknown_reference("Besteld door")
    if account.get("Status") != crm.CUSTOMER:
        raise InvalidError("Ongeldig: Factuur voor (Type)")
    if values.get("Journal") is not None and derived.journal_text(store, values["Journal"]) is None:
        raise unknown_reference("Dagboek")
    if values.get("Warehouse") is not None and store.get(tables.WAREHOUSES, values["Warehouse"]) is None:
        raise unknown_reference("Magazijn")


def _defaults(store: Store, values: Values) -> Values:
    """What is filled in: the journal too, though it is marked mandatory (E161)."""
    today = store.midnight()
    day = values.get("InvoiceDate") or today
    return {
        "Type": PLAIN,
        "Status": OPEN,
        "Journal": "70",
        "InvoiceTo": values["OrderedBy"],
        "DeliverTo": values["OrderedBy"],
        "DeliverToAddress": orders.delivery_address(store, values["OrderedBy"]),
        "InvoiceDate": day,
        "DueDate": day,
        "OrderDate": values.get("OrderDate") or today,
        "OrderNumber": store.count("order numbers"),
        "PaymentCondition": "00",
        "Warehouse": stock.main_warehouse(store).key,
        "Salesperson": store.actor,
    }


def _insert_line(store: Store, invoice: Row, number: int, values: Values) -> None:
    line = store.insert(tables.INVOICE_LINES, values | {"InvoiceID": invoice.key, "LineNumber": number})
    vat, _ = orders.vat_of(store, line)
    store.change(tables.INVOICE_LINES, line, {"VATAmountFC": vat, "VATAmountDC": vat})


def lines_of(store: Store, invoice: Row) -> list[Row]:
    """The lines of an invoice, by number."""
    rows = store.rows(tables.INVOICE_LINES).find("InvoiceID", invoice.key)
    return sorted(rows, key=lambda row: row.get("LineNumber"))


def _total(store: Store, row: Row) -> None:
    lines = lines_of(store, row)
    amount = sum((line.get("AmountFC") for line in lines), Decimal(0))
    without = sum((orders.vat_of(store, line)[1] for line in lines), Decimal(0))
    vat = sum((line.get("VATAmountFC") for line in lines), Decimal(0))
    amounts = {"AmountFC": amount, "AmountDC": amount, "AmountFCExclVat": without}
    store.change(tables.INVOICES, row, amounts | {"VATAmountFC": vat, "VATAmountDC": vat})


def process(store: Store, row: Row) -> None:
    """Print and process: the invoice gets its number, a direct one moves the goods (E160)."""
    if row.get("Status") == PROCESSED:
        raise InvalidError("Niet toegestaan: de factuur is verwerkt")
    store.change(tables.INVOICES, row, {"Status": PROCESSED, "InvoiceNumber": store.count("invoices", 26_700_000)})
    sign = MOVES.get(row.get("Type"), 0)
    for line in lines_of(store, row) if sign else []:
        stock.move(store, line.get("Item"), row.get("Warehouse"), sign * line.get("Quantity"))


def print_invoice(store: Store, given: dict[str, Any]) -> dict[str, Any]:
    """The action ``PrintedSalesInvoices``."""
    key = given.get("InvoiceID")
    if not isinstance(key, str):
        raise BadQueryError
    row = store.get(tables.INVOICES, key.lower())
    if row is None:
        raise unknown_reference("Verkoopfactuur")
    process(store, row)
    return {
        "InvoiceID": row.key,
        "DocumentCreationSuccess": "Het document is aangemaakt",
        "DocumentCreationError": None,
    }


def update_invoice(store: Store, row: Row, values: Values) -> None:
    """New values of an invoice that has not been processed (E160)."""
    _need_unprocessed(row)
    values.pop("SalesInvoiceLines", None)
    if values.get("Status") not in (None, DRAFT, OPEN):
        raise InvalidError("Ongeldig: Status")
    store.change(tables.INVOICES, row, {name: value for name, value in values.items() if name not in orders.FIXED})


def delete_invoice(store: Store, row: Row) -> None:
    """An invoice that has not been processed goes."""
    _need_unprocessed(row)
    for line in lines_of(store, row):
        store.delete(tables.INVOICE_LINES, line, None)
    store.delete(tables.INVOICES, row, 13)


def _need_unprocessed(row: Row) -> None:
    if row.get("Status") == PROCESSED:
        raise InvalidError("Niet toegestaan: de factuur is verwerkt")


RULES = {tables.INVOICES: Rules(create_invoice, update_invoice, delete_invoice, full_answer=True)}
