"""What a system shows of a product and of a person, in the words that all of them share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeVar

Shown = TypeVar("Shown")
WAREHOUSE: Final = "utrecht-warehouse"
UTRECHT: Final = "utrecht-store"
GENT: Final = "gent"
#: Places that the day is about, by the chain's words. The warehouse has no till.
PLACES: Final = (WAREHOUSE, UTRECHT, GENT)
SHOPS: Final = (UTRECHT, GENT)


@dataclass(frozen=True)
class Article:
    """One product: its price with VAT, whether it is on sale there, and pieces by place where there are any."""

    name: str
    price: Decimal
    on_sale: bool
    stock: Mapping[str, Decimal]


@dataclass(frozen=True)
class Person:
    """One customer: the full name, and the address as it is written on a letter."""

    name: str
    line: str
    postcode: str
    city: str


def letters(*parts: str | None) -> str:
    """The parts that are there, with a blank between them."""
    return " ".join(part for part in parts if part)


def by_key(rows: Iterable[tuple[str, Shown]]) -> dict[str, Shown]:
    """The rows by their key; one that is there twice fails (known failures 5 and 13)."""
    found: dict[str, Shown] = {}
    for key, row in rows:
        assert key not in found, f"{key} is there twice"
        found[key] = row
    return found


def pieces(rows: Iterable[tuple[str | None, Decimal]]) -> dict[str, Decimal]:
    """Figures added up by place; other places than the day's, and places without a piece, are left out."""
    sums: dict[str, Decimal] = {}
    for place, quantity in rows:
        if place in PLACES:
            sums[str(place)] = sums.get(str(place), Decimal(0)) + quantity
    return {place: figure for place, figure in sums.items() if figure}
