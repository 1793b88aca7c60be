"""A worker takes its channel's lanes in order, one piece of work at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from connector.errors import LedgerError
from connector.model.entity import Entity
from connector.parts import Parts
from connector.service.worker import Errand, Worker
from tests.engine.shop import Chain, chain
from tests.service.conftest import WITHIN_S, eventually

Hook = Callable[[str, int], None]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Chain]:
    """A chain in agreement, with more products than one page holds."""
    with chain(tmp_path) as built:
        for number in range(60):
            built.add_product(f"A-{number}")
        built.match()
        built.sync()
        yield built
        built.parts.stop.set()


def worker_of(parts: Parts, failed: Callable[[LedgerError], None] = lambda _error: None) -> Worker:
    return Worker(parts, "shop", writes=True, looked=lambda _channel: None, failed=failed)


def listed(shop: Chain) -> list[str]:
    """The entities that were listed on the channel, page by page."""
    return [entity for method, entity, _ in list(shop.worlds["shop"].calls) if method == "list"]


def test_lanes_have_their_turn_in_the_order_of_what_hurts(shop: Chain) -> None:
    """Stock, price, product, customer, then sweeps, however they were rung (sync-model 7)."""
    shop.worlds["shop"].calls.clear()
    worker = worker_of(shop.parts)
    worker.ring(Entity.CUSTOMER, sweep=True)
    for entity in (Entity.CUSTOMER, Entity.PRODUCT, Entity.PRICE, Entity.STOCK):
        worker.ring(entity)
    worker.start()
    expected = ["stock", "price", "product", "customer", "customer"]
    eventually(lambda: len(listed(shop)) >= len(expected), "all have had their turn")
    assert expected == listed(shop)


def test_claims_are_read_before_the_figures(shop: Chain) -> None:
    """A look at stock begins with the facts that its figures are converted by (sync-model 4)."""
    shop.worlds["shop"].calls.clear()
    worker = worker_of(shop.parts)
    worker.ring(Entity.STOCK)
    worker.start()
    eventually(lambda: listed(shop), "stock was read")
    assert ["facts", "list"] == [method for method, _, _ in list(shop.worlds["shop"].calls)[:2]]


def test_stock_passes_a_long_reading_between_two_pages(shop: Chain) -> None:
    """A sweep of the catalogue does not keep stock waiting for its end."""
    shop.worlds["shop"].calls.clear()
    workers: list[Worker] = []

    def progress(what: str, _done: int) -> None:
        if what == "shop/product" and listed(shop) == ["product"]:
            workers[0].ring(Entity.STOCK)
        workers[0].stirred(Entity(what.partition("/")[2]))

    workers.append(worker_of(replace(shop.parts, progress=progress)))
    workers[0].ring(Entity.PRODUCT, sweep=True)
    workers[0].start()
    eventually(lambda: listed(shop).count("product") == 2, "both pages of the catalogue")
    assert ["product", "stock", "product"] == listed(shop)[:3]


def test_prices_and_stock_wait_for_the_first_look_at_products(tmp_path: Path) -> None:
    """On a channel that was never read, rows that hang on a product come after it."""
    with chain(tmp_path) as shop:
        worker = worker_of(shop.parts)
        for entity in Entity:
            worker.ring(entity)
        worker.start()
        eventually(lambda: len(listed(shop)) >= 4, "all have had their turn")
        assert ["product", "stock", "price", "customer"] == listed(shop)[:4]
        shop.parts.stop.set()
        worker.join(WITHIN_S)


def test_a_delivery_that_gets_nowhere_is_not_repeated(shop: Chain) -> None:
    """What a channel keeps refusing to take is tried again when something has changed, not every two seconds."""
    world = shop.worlds["shop"]
    world.refuses = lambda _entity, fields: {"description": "refused"} if "description" in fields else {}
    shop.worlds["erp"].edit(Entity.PRODUCT, shop.id_of("erp", "A-1"), description="Blue")
    shop.sync(channels=frozenset({"erp"}))
    world.calls.clear()
    worker = worker_of(shop.parts)
    worker.start()
    eventually(lambda: [one for one in list(world.calls) if one[0] == "write"], "it was tried")
    done = threading.Event()
    worker.send(Errand(done.set))
    assert done.wait(WITHIN_S)
    assert 1 == len([one for one in list(world.calls) if one[0] == "write"])


def test_an_errand_s_error_reaches_whoever_sent_it(shop: Chain) -> None:
    """The worker goes on, and the sender knows."""
    worker = worker_of(shop.parts)
    errand = Errand(lambda: (_ for _ in ()).throw(ValueError("bad")))
    worker.send(errand)
    worker.start()
    assert isinstance(errand.done.exception(WITHIN_S), ValueError)
    after = Errand(lambda: None)
    worker.send(after)
    assert None is after.done.result(WITHIN_S)


def test_a_failing_ledger_ends_it_and_is_told(shop: Chain) -> None:
    """It stops at once, says why, and turns away who waits for it."""
    told: list[LedgerError] = []
    worker = worker_of(shop.parts, told.append)
    with shop.parts.ledger.write() as session:
        session.connection.exec_driver_sql("ALTER TABLE intent RENAME TO mislaid")
    errand = Errand(lambda: None)
    worker.send(errand)
    worker.start()
    worker.join(WITHIN_S)
    assert (1, True) == (len(told), errand.done.cancelled())
