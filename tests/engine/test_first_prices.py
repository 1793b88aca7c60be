"""A price that nobody has typed: what a system puts into a new row by itself is no price."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from connector.model.entity import Entity
from simulator.chain import EVERYWHERE, MAPPING
from tests.engine.shop import Chain, chain

PRICE = Entity.PRICE
BLANK = MAPPING.replace('amount = { remote = "amount", ', 'amount = { remote = "amount", blank = 0, ')


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Chain]:
    """A product everywhere, and one with a price of 0 that only the till has."""
    with chain(tmp_path, mapping=BLANK, short=BLANK) as built:
        built.add_product("A-1")
        built.match()
        built.sync()
        built.add_product("NEW", amount="0", on=("till",))
        built.sync()
        yield built


def amounts(shop: Chain, sku: str) -> dict[str, object]:
    """Channel → the price that it shows, None where it has no such row."""
    found: dict[str, object] = {}
    for name in EVERYWHERE:
        product = shop.id_of(name, sku)
        rows = [one for one in shop.worlds[name].things[PRICE].values() if one.parent == product]
        found[name] = rows[0].native["amount"] if rows else None
    return found


def test_nobody_gets_a_price_that_nobody_typed(shop: Chain) -> None:
    """The product travels, and its price of 0 stays where it is."""
    assert {"erp": None, "shop": None, "till": Decimal(0)} == amounts(shop, "NEW")
    assert {"worthless"} == set(shop.strangers("till", PRICE).values())


def test_the_first_price_travels_from_the_till(shop: Chain) -> None:
    """Once somebody types it, it is a price."""
    shop.edit("till", "NEW", PRICE, amount=Decimal("12.50"))
    shop.sync()
    assert dict.fromkeys(EVERYWHERE, Decimal("12.50")) == amounts(shop, "NEW")
    assert {} == shop.strangers("till", PRICE)


def test_the_first_price_travels_to_the_till(shop: Chain) -> None:
    """One that is typed elsewhere takes the place of the 0, and nobody is asked."""
    product = shop.id_of("erp", "NEW")
    shop.worlds["erp"].put(PRICE, {"amount": Decimal("12.50")}, parent=product, place="sales", part="base")
    shop.sync()
    assert dict.fromkeys(EVERYWHERE, Decimal("12.50")) == amounts(shop, "NEW")
    assert 0 == shop.sync().written


def test_a_price_that_becomes_0_is_a_price(shop: Chain) -> None:
    """What somebody gives away is no blank: it is asked about, as any great fall is."""
    shop.edit("till", "A-1", PRICE, amount=Decimal(0))
    shop.sync()
    assert [("till", "in", "factor")] == [(one.channel, one.direction, one.kind) for one in shop.brakes()]


def test_at_first_contact_0_says_nothing(tmp_path: Path) -> None:
    """A till that has no price yet takes the one that the others have, whatever its rank."""
    with chain(tmp_path, mapping=BLANK, short=BLANK) as built:
        built.add_product("A-1", amount="9.95", on=("shop", "till"))
        built.add_product("A-1", amount="0", on=("erp",))
        built.match()
        built.sync()
        assert dict.fromkeys(EVERYWHERE, Decimal("9.95")) == amounts(built, "A-1")
