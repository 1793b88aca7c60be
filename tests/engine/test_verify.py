"""``connector verify``: what is told as a difference, and what is nobody's business."""

from __future__ import annotations

from pathlib import Path

from connector.model.entity import Entity
from connector.parts import Scope
from connector.verify import verify_lane
from simulator.chain import SHORT
from tests.engine.shop import Chain, chain

#: The till's own tips and discounts are not kept the same.
FOR_SALE = SHORT.replace("[product.fields]", '[product]\nonly = "for_sale"\n[product.fields]')


def told(shop: Chain) -> list[tuple[str, Entity, str]]:
    """Every difference on every lane: channel, entity, why."""
    lanes = shop.parts.lanes(Scope())
    return [(one.channel, one.entity, one.why) for lane in lanes for one in verify_lane(shop.parts, lane).differences]


def test_price_and_stock_of_a_product_out_of_scope_are_no_difference(tmp_path: Path) -> None:
    """Where the mapping does not want the product, nobody asks for a record of its price either."""
    with chain(tmp_path, short=FOR_SALE) as shop:
        shop.add_product("A-1", for_sale=True)
        shop.add_product("TIPS", on=("till",), for_sale=False)
        shop.match()
        shop.sync()
        assert [] == told(shop)


def test_a_product_that_waits_is_told_and_what_hangs_on_it_is_not(tmp_path: Path) -> None:
    """Of twins each is shown as what is there; their prices and figures say nothing beside that."""
    with chain(tmp_path) as shop:
        shop.add_product("A-1")
        shop.add_product("A-1", on=("till",))
        shop.match()
        shop.sync()
        strangers = [
            entity for channel, entity, why in told(shop) if channel == "till" and why.startswith("not linked")
        ]
        assert [Entity.PRODUCT, Entity.PRODUCT] == strangers
