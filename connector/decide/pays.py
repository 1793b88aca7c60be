"""Which of its rows a channel takes as the price of today (canonical-model 3, known failure 19). Pure.

Nothing is merged or written by this: rows are carried, and each system resolves them in its own way.
``explain price`` tells why the same rows cost a customer one amount online and another in the ERP.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeVar

from connector.decide.turns import Period
from connector.model.entity import PriceChoice

Name = TypeVar("Name")


@dataclass(frozen=True, slots=True)
class Row:
    """One price row as a channel shows it; ``percent`` is taken off the amount from the first piece."""

    period: Period
    min_qty: Decimal = Decimal(1)
    amount: Decimal | None = None
    percent: Decimal | None = None

    def applies(self, today: date, quantity: Decimal) -> bool:
        return self.period.covers(today) and self.min_qty <= quantity


def amount_paid(
    rows: Mapping[Name, Row], choice: PriceChoice | None, today: date, quantity: Decimal = Decimal(1)
) -> tuple[Name, Decimal] | None:
    """The row that counts for so many pieces today, and what one of them costs.

    None: no row applies, or several do and nobody knows which one counts (``choice`` None). A
    percentage without an amount beside it to take it off applies to nothing.
    """
    able = {name: row for name, row in rows.items() if row.applies(today, quantity)}
    base = _plainest([row for row in able.values() if row.amount is not None])
    costs = {name: cost for name, row in able.items() if (cost := _cost(row, base)) is not None}
    if not costs or (choice is None and len(costs) > 1):
        return None
    if choice == "lowest":
        name = min(costs, key=lambda each: costs[each])
    else:
        name = _ranked({name: able[name] for name in costs})[0]
    return name, costs[name]


def _cost(row: Row, base: Decimal | None) -> Decimal | None:
    if row.amount is not None or row.percent is None or base is None:
        return row.amount
    return base * (100 - row.percent) / 100


def _plainest(rows: Sequence[Row]) -> Decimal | None:
    """The amount of the row for the smallest quantity, and of these of the one that stood first."""
    return rows[_ranked(dict(enumerate(rows)))[-1]].amount if rows else None


def _ranked(rows: Mapping[Name, Row]) -> list[Name]:
    """The narrowest first."""
    return sorted(rows, key=lambda each: (rows[each].min_qty, rows[each].period.starts or date.min), reverse=True)
