"""What a delivery asks and announces: one look-up for many creates, one intent where one write leaves at a time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from connector.ledger import debts
from connector.model.entity import Entity
from tests.engine.shop import Chain, chain

MANY = 12


def finds(built: Chain, channel: str) -> list[tuple[str, int]]:
    """Entity and number of keys or products of each look-up."""
    return [(entity, rows) for method, entity, rows in built.worlds[channel].calls if method == "find"]


def test_creates_share_their_look_ups(shop: Chain) -> None:
    """Twelve new products with price and stock are looked up in one question for each entity, and made (rule 5.8)."""
    for number in range(MANY):
        shop.add_product(f"N-{number}", on=("erp",))
    shop.sync()
    assert sorted([("price", MANY), ("product", MANY), ("stock", MANY)]) == sorted(finds(shop, "shop"))
    assert all(shop.lives("shop", f"N-{number}") for number in range(MANY))


def test_each_of_a_batch_is_decided_by_itself(shop: Chain) -> None:
    """Of three creates one is there already and linked, one's key belongs to two things and waits, one is made."""
    for sku in ("N-1", "N-2", "N-3"):
        shop.add_product(sku, on=("erp",))
    shop.worlds["shop"].put(Entity.PRODUCT, {"sku": "N-1", "name": "Mug N-1", "active": True, "vat": "standard"})
    for _ in range(2):
        shop.worlds["shop"].put(Entity.PRODUCT, {"sku": "N-2", "name": "Mug N-2", "active": True, "vat": "standard"})
    shop.sync(channels=frozenset({"erp"}))
    outcomes = shop.sync(channels=frozenset({"shop"}), entities=frozenset({Entity.PRODUCT})).outcomes()
    living = [
        str(thing.native["sku"]) for thing in shop.worlds["shop"].things[Entity.PRODUCT].values() if not thing.deleted
    ]
    assert ["A-1", "N-1", "N-2", "N-2", "N-3"] == sorted(living)
    assert 1 == outcomes["receipt"]


@pytest.fixture
def singly(tmp_path: Path) -> Iterator[Chain]:
    """A chain whose systems take one write a call."""
    with chain(tmp_path, write_batch=1) as built:
        yield built


def test_a_write_is_intended_just_before_it_leaves(singly: Chain) -> None:
    """Where a call takes a minute, the fifth intent is as fresh as the first, and alone (rule 5.2)."""
    singly.add_product("A-1")
    singly.match()
    for number in range(5):
        singly.add_product(f"N-{number}", on=("erp",))
    seen: list[tuple[int, bool, bool]] = []
    sequences: list[int] = []

    def look(when: str) -> None:
        if when == "after":
            with singly.parts.ledger.read() as session:
                intents = debts.in_doubt(session, "shop", Entity.PRODUCT)
            if intents:
                opened, lands = intents[0].opened_at or intents[0].lands_by, intents[0].lands_by
                fresh = singly.clock.moment - opened < timedelta(seconds=1)
                seen.append((len(intents), fresh, lands - opened >= timedelta(seconds=119)))
                sequences.append(intents[0].sequence)
                singly.clock.pass_(minutes=1)

    singly.worlds["shop"].on_call = look
    singly.sync()
    assert [(1, True, True)] * 5 == seen
    # the receipts of a call and the intents of the next are one transaction
    assert list(range(sequences[0], sequences[0] + 5)) == sequences


def test_what_is_not_sent_any_more_is_not_intended(singly: Chain) -> None:
    """A process that is asked to end after the second write leaves no intent, and owes the others."""
    singly.add_product("A-1")
    singly.match()
    for number in range(5):
        singly.add_product(f"N-{number}", on=("erp",))
    calls = 0

    def end(when: str) -> None:
        nonlocal calls
        calls += when == "after"
        if calls == 2:
            singly.parts.stop.set()

    singly.worlds["shop"].on_call = end
    singly.sync()
    with singly.parts.ledger.read() as session:
        assert [] == debts.in_doubt(session, "shop")
    assert 2 == sum(singly.lives("shop", f"N-{number}") for number in range(5))
