"""Whole rounds over memory systems and a real ledger."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from connector.model.entity import Entity
from tests.engine.shop import Chain, chain


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Chain]:
    with chain(tmp_path) as built:
        yield built


def test_nothing_is_created_before_match_was_approved(shop: Chain) -> None:
    """A first sync on two full systems creates nothing: known failure 13."""
    shop.add_product("A-1")
    shop.add_product("B-2", on=("erp",))
    report = shop.sync()
    assert report.written == 0
    shop.edit("erp", "B-2", name="Seen once more")
    assert shop.sync().written == 0
    assert len(shop.worlds["shop"].things[Entity.PRODUCT]) == 1


def test_matching_links_and_then_creates_what_is_missing(shop: Chain) -> None:
    """After approval, what exists everywhere is linked, and what exists on one side is made on the others."""
    shop.add_product("A-1")
    shop.add_product("B-2", on=("erp",))
    shop.match()
    report = shop.sync()
    assert report.errors == {}
    assert {name: len(world.things[Entity.PRODUCT]) for name, world in shop.worlds.items()} == {
        "erp": 2,
        "shop": 2,
        "till": 2,
    }
    assert shop.shows(Entity.PRICE, "B-2", "amount") == dict.fromkeys(("erp", "shop", "till"), Decimal("9.95"))
    assert shop.shows(Entity.STOCK, "B-2", "quantity") == dict.fromkeys(("erp", "shop", "till"), Decimal(5))
    assert shop.sync().written == 0


def test_an_edit_travels_from_any_side(shop: Chain) -> None:
    """A price changed in the ERP and a description changed in the shop reach every other side, once."""
    shop.add_product("A-1")
    shop.match()
    shop.sync()
    shop.worlds["erp"].edit(Entity.PRICE, shop.id_of("erp", "A-1", Entity.PRICE), amount=Decimal("12.50"))
    shop.worlds["shop"].edit(Entity.PRODUCT, shop.id_of("shop", "A-1"), description="Blue")
    shop.sync()
    assert shop.shows(Entity.PRICE, "A-1", "amount") == dict.fromkeys(("erp", "shop", "till"), Decimal("12.50"))
    assert shop.shows(Entity.PRODUCT, "A-1", "description") == dict.fromkeys(("erp", "shop", "till"), "Blue")
    assert shop.sync().written == 0


def test_two_sales_on_two_sides_are_two(shop: Chain) -> None:
    """Two channels that each sell one leave two pieces less everywhere: known failure 31."""
    shop.add_product("A-1", pieces=10)
    shop.match()
    shop.sync()
    shop.worlds["till"].move(shop.id_of("till", "A-1", Entity.STOCK), -1)
    shop.worlds["shop"].move(shop.id_of("shop", "A-1", Entity.STOCK), -1)
    shop.sync()
    assert shop.shows(Entity.STOCK, "A-1", "quantity") == dict.fromkeys(("erp", "shop", "till"), Decimal(8))
    assert shop.sync().written == 0


def test_a_lossy_channel_never_shortens_the_name_elsewhere(shop: Chain) -> None:
    """A till that cuts names at ten characters shows the cut, and nobody takes it for an edit: known failure 4."""
    shop.add_product("A-1")
    shop.match()
    shop.sync()
    shop.worlds["erp"].edit(Entity.PRODUCT, shop.id_of("erp", "A-1"), name="A very long name indeed")
    shop.sync()
    assert shop.shows(Entity.PRODUCT, "A-1", "name") == {
        "erp": "A very long name indeed",
        "shop": "A very long name indeed",
        "till": "A very lon",
    }
    assert shop.sync().written == 0
