"""Which price rows hold today, and which of them is the item's standard price (E123, E124, E127)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sandbox.exact_online import store as tables
from sandbox.exact_online.store import Row, Store


def valid_on(row: Row, day: datetime) -> bool:
    """Whether a row holds on a day; its days are inclusive, an empty one is open."""
    starts, ends = row.get("StartDate"), row.get("EndDate")
    return (starts is None or starts <= day) and (ends is None or day <= ends)


def standard_row(store: Store, item: Row) -> Row | None:
    """The general row for one standard unit that holds today; switch ``price_precedence`` (open point 5)."""
    today = store.midnight()
    rows = [
        row
        for row in store.rows(tables.PRICES).find("Item", item.key)
        if row.get("Account") is None
        and row.get("Unit") == item.get("Unit")
        and row.get("Quantity") == 1
        and valid_on(row, today)
    ]
    if not rows:
        return None
    if store.settings.text("price_precedence") == "lowest":
        return min(rows, key=lambda row: row.get("Price"))
    return max(rows, key=_newest)


def _newest(row: Row) -> tuple[bool, datetime, datetime, str]:
    """A row that begins later, or at all, is newer; of equals the one made later."""
    made: datetime = row.get("Created")
    return row.get("StartDate") is not None, row.get("StartDate") or made, made, row.key


def standard_price(store: Store, item: Row) -> Decimal:
    """``Items.StandardSalesPrice``; 0 where no row holds (E115)."""
    row = standard_row(store, item)
    return Decimal(0) if row is None else row.get("Price")
