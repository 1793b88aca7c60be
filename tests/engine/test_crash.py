"""The process may end at any commit or call; the next one goes on, and nothing is lost or done twice (sync-model 5)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal

import pytest

from connector.deliver.deliver import deliver
from connector.errors import AmbiguousWrite, Transient
from connector.ledger import debts, lanes
from connector.ledger.store import Ledger, Session
from connector.model.entity import Entity
from connector.observe.feed import observe
from simulator.chain import EVERYWHERE
from simulator.crash import die
from tests.engine.shop import Chain

LANDED_S = 200
#: Steps of one delivery: before and after the commit of its intents, before and after the call, the commit of receipts.
DELIVERY = range(6)
#: Steps of one reading: the call, before and after the commit.
READING = range(4)


def pieces(shop: Chain) -> dict[str, object]:
    return shop.shows(Entity.STOCK, "A-1", "quantity")


@pytest.mark.parametrize("at", READING)
def test_a_reading_that_is_killed_is_read_again(shop: Chain, at: int) -> None:
    """The cursor moves with what was merged before it, or not at all (5.1)."""
    shop.edit("erp", description="Newer")
    shop.worlds["erp"].move(shop.id_of("erp", "A-1", Entity.STOCK), -2)
    for entity in (Entity.PRODUCT, Entity.STOCK):
        die(shop, at, lambda entity=entity: observe(shop.parts, shop.parts.lane("erp", entity)))
    shop.sync()
    assert dict.fromkeys(EVERYWHERE, "Newer") == shop.shows(Entity.PRODUCT, "A-1", "description")
    assert dict.fromkeys(EVERYWHERE, Decimal(8)) == pieces(shop)


@pytest.mark.parametrize("at", DELIVERY)
def test_a_figure_whose_delivery_is_killed_is_booked_once(shop: Chain, at: int) -> None:
    """Before the intent it is owed; after it, in doubt until the figure is read back (5.2)."""
    shop.worlds["till"].move(shop.id_of("till", "A-1", Entity.STOCK), -2)
    observe(shop.parts, shop.parts.lane("till", Entity.STOCK))
    die(shop, at, lambda: deliver(shop.parts, shop.parts.lane("shop", Entity.STOCK)))
    shop.sync()
    shop.clock.pass_(seconds=LANDED_S)
    shop.sync()
    assert dict.fromkeys(EVERYWHERE, Decimal(8)) == pieces(shop)
    assert 0 == shop.sync().written


@pytest.mark.parametrize("at", DELIVERY)
def test_a_create_whose_delivery_is_killed_makes_no_twin(shop: Chain, at: int) -> None:
    """Whether the call was made or not, one article stands there in the end: known failure 5."""
    shop.add_product("B-2", on=("erp",))
    observe(shop.parts, shop.parts.lane("erp", Entity.PRODUCT))
    die(shop, at, lambda: deliver(shop.parts, shop.parts.lane("shop", Entity.PRODUCT)))
    shop.sync()
    shop.clock.pass_(seconds=LANDED_S)
    shop.sync()
    living = [one for one in shop.worlds["shop"].things[Entity.PRODUCT].values() if one.native["sku"] == "B-2"]
    assert 1 == len(living)


def test_what_is_agreed_while_a_write_is_under_way_is_owed_after_it(shop: Chain) -> None:
    """The receipt remembers what was sent, not what is agreed by the time it comes (5.2)."""
    shop.edit("erp", description="Newer")
    world = shop.worlds["shop"]

    def edited_once_more(moment: str) -> None:
        if moment == "after":
            world.on_call = lambda _moment: None
            shop.edit("erp", description="Newest")
            observe(shop.parts, shop.parts.lane("erp", Entity.PRODUCT))

    world.on_call = edited_once_more
    shop.sync()
    assert dict.fromkeys(EVERYWHERE, "Newest") == shop.shows(Entity.PRODUCT, "A-1", "description")


def test_a_write_that_landed_without_an_answer_is_no_edit_by_the_shop(shop: Chain) -> None:
    """The ERP has gone on meanwhile: what stands in the shop is ours, and no conflict with it (5.2)."""
    shop.edit("erp", name="Mug B")
    shop.worlds["shop"].faults.append(("after", AmbiguousWrite("no answer")))
    shop.sync()
    shop.edit("erp", name="Mug C")
    shop.sync()
    shop.clock.pass_(seconds=LANDED_S)
    shop.sync()
    assert [] == shop.conflicts()
    assert dict.fromkeys(EVERYWHERE, "Mug C") == shop.shows(Entity.PRODUCT, "A-1", "name")


def test_an_edit_over_a_write_in_doubt_is_a_conflict(shop: Chain) -> None:
    """Agreed is back at what the shop once held: what it shows now may have replaced our write all the same (5.2)."""
    shop.edit("erp", name="Mug B")
    shop.worlds["shop"].faults.append(("lost", AmbiguousWrite("no answer")))
    shop.sync()
    shop.edit("erp", name="Mug A-1")
    shop.edit("shop", name="Mug X")
    shop.sync()
    shop.clock.pass_(seconds=LANDED_S)
    shop.sync()
    shop.sync()
    assert ["name"] == [one.field for one in shop.conflicts()]


def test_a_write_that_may_still_land_is_waited_for(shop: Chain) -> None:
    """It arrives after we have looked: neither is it written again, nor its effect taken for a sale (5.2)."""
    shop.worlds["till"].move(shop.id_of("till", "A-1", Entity.STOCK), -2)
    shop.worlds["shop"].faults.append(("lost", AmbiguousWrite("no answer")))
    shop.sync()
    shop.sync()
    shop.worlds["shop"].move(shop.id_of("shop", "A-1", Entity.STOCK), -2)
    shop.sync()
    shop.clock.pass_(seconds=LANDED_S)
    shop.sync()
    assert dict.fromkeys(EVERYWHERE, Decimal(8)) == pieces(shop)


def test_a_quiet_round_reads_no_row_again(shop: Chain) -> None:
    """The cursor stands behind what was merged, on every lane (5.1)."""
    shop.edit("erp", description="Newer")
    shop.sync()
    shop.sync()
    assert {0} == {tally.rows for tally in shop.sync().observed.values()}


def test_what_was_not_sent_is_owed_at_once(shop: Chain) -> None:
    """A batch whose call found the channel away leaves nothing in doubt behind (5.2)."""
    shop.edit("erp", description="Newer")
    shop.worlds["shop"].faults.append(("before", Transient("no connection")))
    shop.sync()
    with shop.parts.ledger.read() as session:
        assert [] == debts.in_doubt(session, "shop")
    shop.clock.pass_(hours=1)
    shop.sync()
    assert "Newer" == shop.product("shop", "A-1")["description"]


def test_a_listing_that_broke_off_is_no_look(shop: Chain) -> None:
    """One page of two came: the lane is as fresh as it was before (5.4; known failures 10 and 15)."""
    world = shop.worlds["erp"]
    for number in range(60):
        world.put(Entity.CUSTOMER, {"email": f"{number}@example.org"})
    world.on_call = lambda _moment: _break_off_after_the_first_page(shop)
    began = shop.clock.moment
    shop.sync(channels=frozenset({"erp"}), entities=frozenset({Entity.CUSTOMER}))
    with shop.parts.ledger.read() as session:
        seen = lanes.state(session, "erp", Entity.CUSTOMER).observed_at
    assert seen is not None
    assert seen < began


def _break_off_after_the_first_page(shop: Chain) -> None:
    world = shop.worlds["erp"]
    if world.calls[-1:] == [("list", "customer", 50)] and not world.faults:
        world.faults.append(("read", Transient("broke off")))
        world.calls.append(("broke off", "", 0))


class WatchedLedger(Ledger):
    """Knows whether one of its transactions is open."""

    open = 0

    @contextmanager
    def read(self) -> Iterator[Session]:
        with super().read() as session, self._counted():
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        with super().write() as session, self._counted():
            yield session

    @contextmanager
    def _counted(self) -> Iterator[None]:
        WatchedLedger.open += 1
        try:
            yield
        finally:
            WatchedLedger.open -= 1


def test_no_transaction_is_held_across_a_call(shop: Chain) -> None:
    """A slow system holds nobody else up: while it is asked, the ledger is free (5.1)."""
    parts = shop.parts
    shop.parts = replace(parts, ledger=WatchedLedger(parts.ledger.database, parts.ledger.now, parts.ledger.run))
    held: list[int] = []
    for world in shop.worlds.values():
        world.on_call = lambda _moment: held.append(WatchedLedger.open)
    shop.add_product("B-2", on=("erp",))
    shop.edit("erp", description="Newer")
    shop.worlds["till"].move(shop.id_of("till", "A-1", Entity.STOCK), -2)
    shop.sync()
    shop.sweep("erp")
    assert {0} == set(held)
