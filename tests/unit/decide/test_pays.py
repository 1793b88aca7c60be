"""What a customer pays, as each system resolves the same rows."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from connector.decide.pays import Row, amount_paid
from connector.decide.turns import Period
from connector.model.entity import PriceChoice

TODAY = date(2026, 11, 28)
ALWAYS = Period(None)
RUNNING, OVER = Period(date(2026, 11, 1), date(2026, 11, 30)), Period(date(2026, 10, 1), date(2026, 10, 31))
BASE = Row(ALWAYS, amount=Decimal("24.95"))
PROMO = Row(RUNNING, amount=Decimal("19.95"))
DEARER = Row(RUNNING, amount=Decimal("29.95"))
TIER = Row(ALWAYS, Decimal(10), amount=Decimal("17.50"))
PERCENT = Row(ALWAYS, Decimal(5), percent=Decimal(10))
PAST = Row(OVER, amount=Decimal("9.95"))


@pytest.mark.parametrize(
    ("story", "rows", "choice", "quantity", "expected"),
    [
        ("no row at all", {}, "lowest", 1, None),
        ("one row", {"base": BASE}, "lowest", 1, ("base", "24.95")),
        ("what is over does not count", {"base": BASE, "past": PAST}, "lowest", 1, ("base", "24.95")),
        ("a promotion that is cheaper: the shop", {"base": BASE, "promo": PROMO}, "lowest", 1, ("promo", "19.95")),
        ("a promotion that is cheaper: the ERP", {"base": BASE, "promo": PROMO}, "first", 1, ("promo", "19.95")),
        ("a dearer period: the shop keeps the lowest", {"base": BASE, "up": DEARER}, "lowest", 1, ("base", "24.95")),
        ("a dearer period: the ERP takes it", {"base": BASE, "up": DEARER}, "first", 1, ("up", "29.95")),
        ("one piece is not ten", {"base": BASE, "tier": TIER}, "lowest", 1, ("base", "24.95")),
        ("ten pieces", {"base": BASE, "tier": TIER}, "lowest", 10, ("tier", "17.50")),
        ("ten pieces, and a promotion: the ERP", {"tier": TIER, "promo": PROMO}, "first", 10, ("tier", "17.50")),
        ("a percentage off the base", {"base": BASE, "less": PERCENT}, "lowest", 5, ("less", "22.455")),
        ("a percentage off nothing", {"less": PERCENT}, "lowest", 5, None),
        ("nobody knows how it chooses", {"base": BASE, "promo": PROMO}, None, 1, None),
        ("nothing to choose", {"base": BASE, "past": PAST}, None, 1, ("base", "24.95")),
    ],
)  # fmt: skip
def test_what_a_customer_pays(
    story: str, rows: dict[str, Row], choice: PriceChoice | None, quantity: int, expected: tuple[str, str] | None
) -> None:
    """The shop takes the lowest row, the ERP its first agreement (known failure 19)."""
    wanted = None if expected is None else (expected[0], Decimal(expected[1]))
    assert wanted == amount_paid(rows, choice, TODAY, Decimal(quantity))
