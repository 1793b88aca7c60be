"""Rows in any order, and twice: what a listing repeats or turns round is nothing new (sync-model 9, order-free)."""

from __future__ import annotations

import copy
from decimal import Decimal

import pytest

from adapters.memory import Thing
from connector.model.entity import Entity
from simulator.chain import EVERYWHERE
from simulator.crash import hold_back
from tests.engine.shop import Chain


def lists_twice(shop: Chain, size: int) -> None:
    """Every row comes twice and the newest first, on pages of this size."""
    for world in shop.worlds.values():
        world.on_list = twice_and_backwards
        world.page = size


def twice_and_backwards(things: list[Thing]) -> list[Thing]:
    return [thing for thing in reversed(things) for _ in range(2)]


def test_a_sale_that_a_page_tells_twice_is_one_sale(shop: Chain) -> None:
    """Two rows of one figure on one page: the pieces are booked once."""
    lists_twice(shop, 50)
    shop.worlds["till"].move(shop.id_of("till", "A-1", Entity.STOCK), -2)
    shop.sync()
    shop.sync()
    assert dict.fromkeys(EVERYWHERE, Decimal(8)) == shop.shows(Entity.STOCK, "A-1", "quantity")


def test_a_newcomer_that_a_page_tells_twice_is_one_record(shop: Chain) -> None:
    """Nobody is asked which of the two it is, and it is made once on each side, with its price and its stock."""
    lists_twice(shop, 50)
    shop.add_product("B-2", on=("erp",))
    shop.sync()
    shop.sync()
    assert [{}] * len(Entity) == [shop.strangers("erp", entity) for entity in Entity]
    assert dict.fromkeys(EVERYWHERE, Decimal(5)) == shop.shows(Entity.STOCK, "B-2", "quantity")
    assert 0 == shop.sync().written


def test_an_edit_that_a_page_tells_twice_costs_no_read(shop: Chain) -> None:
    """The second of two equal rows is neither dropped nor read again."""
    lists_twice(shop, 50)
    shop.edit("erp", description="Newer")
    shop.sync()
    shop.sync()
    assert 0 == shop.calls("erp", "read")


def test_an_edit_that_two_pages_tell_is_one_edit(shop: Chain) -> None:
    """The same row again on the next page, after it was merged."""
    lists_twice(shop, 1)
    shop.edit("erp", description="Newer")
    shop.worlds["erp"].move(shop.id_of("erp", "A-1", Entity.STOCK), -2)
    shop.sync()
    shop.sync()
    assert 0 == shop.calls("erp", "read")
    assert dict.fromkeys(EVERYWHERE, Decimal(8)) == shop.shows(Entity.STOCK, "A-1", "quantity")


@pytest.mark.parametrize("turned", [False, True])
def test_of_two_versions_on_a_page_the_newer_counts(shop: Chain, turned: bool) -> None:
    """A listing may bring a row as it was and as it is; in which order, decides nothing."""
    world, id_ = shop.worlds["erp"], shop.id_of("erp", "A-1")

    shop.edit("erp", description="Newer")
    former = copy.deepcopy(world.things[Entity.PRODUCT][id_])
    shop.clock.pass_(seconds=1)
    shop.edit("erp", description="Newest")
    now = world.things[Entity.PRODUCT][id_]
    both = [now, former] if turned else [former, now]
    world.on_list = lambda things: both if now in things else things
    shop.sync()
    assert dict.fromkeys(EVERYWHERE, "Newest") == shop.shows(Entity.PRODUCT, "A-1", "description")


def test_a_page_that_arrives_twice_is_one_page(shop: Chain) -> None:
    """The pieces that it shows as sold are booked when it comes first."""
    shop.worlds["till"].move(shop.id_of("till", "A-1", Entity.STOCK), -2)
    arrive = hold_back(shop, "till", Entity.STOCK)
    arrive()
    arrive()
    shop.sync()
    shop.sync()
    assert dict.fromkeys(EVERYWHERE, Decimal(8)) == shop.shows(Entity.STOCK, "A-1", "quantity")


@pytest.mark.parametrize("order", [("erp", "shop"), ("shop", "erp")])
def test_of_two_who_type_at_once_the_owner_wins_whoever_is_read_first(shop: Chain, order: tuple[str, str]) -> None:
    """Not who is observed last: each field has an owner."""
    shop.edit("erp", description="Of the ERP")
    shop.edit("shop", description="Of the shop")
    for channel in order:
        shop.sync(channels=frozenset({channel}))
    shop.sync()
    assert dict.fromkeys(EVERYWHERE, "Of the shop") == shop.shows(Entity.PRODUCT, "A-1", "description")
