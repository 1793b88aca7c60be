"""Facts that reach a product by another way than a new hand-over: nothing of it is booked again."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from connector.contract import Claim, HandOver
from connector.model.entity import Entity
from tests.engine.shop import Chain, linked_chain

EIGHT = dict.fromkeys(("erp", "shop", "till"), Decimal(8))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Chain]:
    """A product of which the shop has handed two of ten pieces over."""
    with linked_chain(tmp_path) as built:
        world, product = built.worlds["shop"], built.id_of("shop", "A-1")
        world.edit(Entity.STOCK, built.id_of("shop", "A-1", Entity.STOCK), quantity=Decimal(8))
        world.hand_overs.append(HandOver("h1", "100", product, Decimal(2), "wh", built.clock()))
        built.sync()
        built.sync()
        assert EIGHT == built.shows(Entity.STOCK, "A-1", "quantity")
        yield built


def test_a_cancelled_claim_books_nothing_that_was_handed_over_before(shop: Chain) -> None:
    """A claim that comes and goes leaves what is on hand alone (known failure 2)."""
    claims = shop.worlds["shop"].claims
    claims.append(Claim("101", "1", shop.id_of("shop", "A-1"), Decimal(1)))
    shop.sync()
    claims.clear()
    shop.sync()
    shop.sync()
    assert EIGHT == shop.shows(Entity.STOCK, "A-1", "quantity")


def test_an_order_that_becomes_known_elsewhere_is_not_handed_over_again(shop: Chain) -> None:
    """That another channel holds the order says what it will subtract itself, not that more has gone."""
    shop.worlds["erp"].orders.append("100")
    shop.sync()
    shop.sync()
    agreed = shop.known(Entity.STOCK, "utrecht").record.agreed["on_hand"].value
    assert Decimal(8) == agreed
