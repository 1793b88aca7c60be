"""Prices that the create of their product takes along (decision 11)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from connector.errors import AmbiguousWrite
from connector.ledger import lanes
from connector.model.entity import Entity
from simulator.chain import EVERYWHERE
from tests.engine.shop import Chain, chain


@pytest.fixture
def taking(tmp_path: Path) -> Iterator[Chain]:
    """A chain whose systems take a base price with its product, and one product that is known everywhere."""
    with chain(tmp_path, along=("base",)) as built:
        built.add_product("A-1")
        built.match()
        built.sync()
        yield built


def touched(built: Chain, channel: str) -> set[tuple[str, str]]:
    """Which entities were looked up or written."""
    return {(method, entity) for method, entity, _ in built.worlds[channel].calls if method in ("find", "write")}


def prices(built: Chain, channel: str, sku: str) -> list[object]:
    product = built.id_of(channel, sku)
    return [
        one.native["amount"]
        for one in built.worlds[channel].things[Entity.PRICE].values()
        if one.parent == product and not one.deleted
    ]


def test_a_new_product_is_never_there_without_its_price(taking: Chain) -> None:
    """A product that only the ERP has is made with its price in one call, and the price is asked for nowhere."""
    taking.add_product("N-1", "12.50", on=("erp",))
    taking.sync()
    assert {channel: [Decimal("12.50")] for channel in EVERYWHERE} == {
        channel: prices(taking, channel, "N-1") for channel in EVERYWHERE
    }
    assert {("find", "product"), ("write", "product"), ("find", "stock"), ("write", "stock")} == touched(taking, "shop")


def test_a_price_that_came_along_follows_the_next_edit(taking: Chain) -> None:
    """It is linked as any other: another price in the ERP is an update, and makes no second row."""
    taking.add_product("N-1", "12.50", on=("erp",))
    taking.sync()
    taking.edit("erp", "N-1", Entity.PRICE, amount=Decimal("13.00"))
    taking.sync()
    assert [[Decimal("13.00")]] * 2 == [prices(taking, channel, "N-1") for channel in ("shop", "till")]


def test_a_lost_answer_leaves_one_product_with_one_price(taking: Chain) -> None:
    """The create landed and was never answered: both are found there, and neither is made again (row 5)."""
    taking.add_product("N-1", "12.50", on=("erp",))
    taking.worlds["shop"].faults.append(("after", AmbiguousWrite("no answer")))
    for _ in range(4):
        taking.sync()
        taking.clock.pass_(minutes=10)
    assert [Decimal("12.50")] == prices(taking, "shop", "N-1")
    assert 2 == sum(not one.deleted for one in taking.worlds["shop"].things[Entity.PRODUCT].values())


def test_a_price_that_is_refused_waits_alone(taking: Chain) -> None:
    """The product is there, its price is in quarantine with the complaint, and stock waits for the price."""
    taking.worlds["shop"].refuses = lambda entity, fields: {"amount": "too low"} if entity is Entity.PRICE else {}
    taking.add_product("N-1", "0.01", on=("erp",))
    taking.sync()
    assert taking.lives("shop", "N-1")
    assert [] == prices(taking, "shop", "N-1")
    assert ["price"] == [case.entity.value for case in taking.cases() if case.channel == "shop"]


def test_a_stopped_price_lane_sends_no_price_along(taking: Chain) -> None:
    """Where somebody stopped the prices of a channel, its new products are made without."""
    with taking.parts.ledger.write() as session:
        lanes.save(session, "shop", Entity.PRICE, stopped=True)
    taking.add_product("N-1", on=("erp",))
    taking.sync()
    assert [] == prices(taking, "shop", "N-1")
    assert [Decimal("9.95")] == prices(taking, "till", "N-1")
