"""VAT rates as dated data, and the one rule by which amounts change their VAT form.

Rates: the standing ones of the national acts (Wet OB 1968 art. 9; KB nr. 20; UStG § 12; CGI art.
278 to 279; loi TVA art. 39 to 40). A rate in force from a day holds until the next one of its class.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from connector.mapping.converter import Unfit, plain

_BEGIN: Final = date.min

#: Country → VAT class → (in force from, rate), oldest first.
RATES: Final[Mapping[str, Mapping[str, tuple[tuple[date, Decimal], ...]]]] = {
    "NL": {
        "standard": ((_BEGIN, Decimal("0.19")), (date(2012, 10, 1), Decimal("0.21"))),
        "reduced": ((_BEGIN, Decimal("0.06")), (date(2019, 1, 1), Decimal("0.09"))),
    },
    "BE": {
        "standard": ((_BEGIN, Decimal("0.21")),),
        "intermediate": ((_BEGIN, Decimal("0.12")),),
        "reduced": ((_BEGIN, Decimal("0.06")),),
    },
    "DE": {
        "standard": (
            (_BEGIN, Decimal("0.19")),
            (date(2020, 7, 1), Decimal("0.16")),
            (date(2021, 1, 1), Decimal("0.19")),
        ),
        "reduced": (
            (_BEGIN, Decimal("0.07")),
            (date(2020, 7, 1), Decimal("0.05")),
            (date(2021, 1, 1), Decimal("0.07")),
        ),
    },
    "FR": {
        "standard": ((_BEGIN, Decimal("0.196")), (date(2014, 1, 1), Decimal("0.20"))),
        "intermediate": ((_BEGIN, Decimal("0.07")), (date(2014, 1, 1), Decimal("0.10"))),
        "reduced": ((_BEGIN, Decimal("0.055")),),
    },
    "LU": {
        "standard": (
            (_BEGIN, Decimal("0.15")),
            (date(2015, 1, 1), Decimal("0.17")),
            (date(2023, 1, 1), Decimal("0.16")),
            (date(2024, 1, 1), Decimal("0.17")),
        ),
        "intermediate": (
            (_BEGIN, Decimal("0.12")),
            (date(2015, 1, 1), Decimal("0.14")),
            (date(2023, 1, 1), Decimal("0.13")),
            (date(2024, 1, 1), Decimal("0.14")),
        ),
        "reduced": (
            (_BEGIN, Decimal("0.06")),
            (date(2015, 1, 1), Decimal("0.08")),
            (date(2023, 1, 1), Decimal("0.07")),
            (date(2024, 1, 1), Decimal("0.08")),
        ),
    },
}

#: Classes without VAT, whatever the country.
_UNTAXED: Final = frozenset({"zero", "exempt"})


def rate(country: str, vat_class: str, day: date) -> Decimal:
    """The rate in force on a day, as a fraction (0.21). Raises Unfit where none is known."""
    if vat_class in _UNTAXED:
        return Decimal(0)
    return _history(country, vat_class)[_position(country, vat_class, day)][1]


def rate_changes_at(country: str, vat_class: str, day: date) -> date | None:
    """The next day on which that rate is another one, None where none is announced."""
    if vat_class in _UNTAXED:
        return None
    later = _history(country, vat_class)[_position(country, vat_class, day) + 1 :]
    return later[0][0] if later else None


def _history(country: str, vat_class: str) -> tuple[tuple[date, Decimal], ...]:
    found = RATES.get(country, {}).get(vat_class)
    if found is None:
        raise Unfit(f"has no VAT rate: class {vat_class} is unknown in {country}", "give the product another VAT class")
    return found


def _position(country: str, vat_class: str, day: date) -> int:
    return bisect_right(_history(country, vat_class), day, key=lambda entry: entry[0]) - 1


def net(gross: Decimal, vat_rate: Decimal, scale: int) -> Decimal:
    """Without VAT: ``half_up(gross / (1 + r), scale)``. Exact back to the cent from three places on."""
    return plain((gross / (1 + vat_rate)).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP))


def gross(net_amount: Decimal, vat_rate: Decimal, scale: int = 2) -> Decimal:
    """With VAT: ``half_up(net × (1 + r), scale)``."""
    return plain((net_amount * (1 + vat_rate)).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP))
