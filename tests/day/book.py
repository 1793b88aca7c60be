"""What everybody should show in the end: the chain as it was, and what the acts did to it. Never the engine's word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

from sandbox.shop.model import Customer, Shop
from tests.day.shown import PLACES, SHOPS, Article, Person, letters

#: Channel → the places whose figures it shows.
SHOWN_AT: Final[Mapping[str, tuple[str, ...]]] = {"exact": PLACES, "webshop": PLACES, "store": SHOPS}


@dataclass(frozen=True)
class Movement:
    """Pieces that came or went, and where that was done."""

    channel: str
    sku: str
    place: str
    pieces: int


@dataclass
class Entry:
    """One product as it should be: what was there when the day began, and the channels on which it is not on sale."""

    name: str
    price: Decimal
    opening: Mapping[str, Decimal] = field(default_factory=dict)
    off: frozenset[str] = frozenset()


class Book:
    """Kept by the acts."""

    def __init__(self, chain: Shop, also: Mapping[str, Person]) -> None:
        self.entries = {one.sku: Entry(one.name, one.price, one.stock) for one in chain.products}
        self.people = {str(one.email): _person(one) for one in chain.customers} | dict(also)
        self.movements: list[Movement] = []

    def move(self, channel: str, sku: str, place: str, pieces: int) -> None:
        self.movements.append(Movement(channel, sku, place, pieces))

    def take_off(self, sku: str, *channels: str) -> None:
        self.entries[sku].off |= frozenset(channels)

    def rehouse(self, email: str, new_email: str, line: str, postcode: str, city: str) -> None:
        person = self.people.pop(email)
        self.people[new_email] = replace(person, line=line, postcode=postcode, city=city)

    def articles(self, channel: str) -> dict[str, Article]:
        """What a channel should show of every product."""
        return {
            sku: Article(entry.name, entry.price, channel not in entry.off, self._stock(sku, channel))
            for sku, entry in self.entries.items()
        }

    def _stock(self, sku: str, channel: str) -> dict[str, Decimal]:
        """Where there are pieces: those of the morning, and every movement since, on whatever channel it was made."""
        figures = {place: self.entries[sku].opening.get(place, Decimal(0)) for place in SHOWN_AT[channel]}
        for one in self.movements:
            if one.sku == sku and one.place in figures:
                figures[one.place] += one.pieces
        return {place: figure for place, figure in figures.items() if figure}


def _person(customer: Customer) -> Person:
    home = customer.invoice
    return Person(
        letters(customer.first, customer.infix, customer.last),
        letters(home.street, home.number, home.addition),
        home.postcode,
        home.city,
    )
