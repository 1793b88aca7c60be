"""Intents stand until their outcome is known; claims are replaced, hand-overs and orders stored once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from connector.ledger import debts, facts
from connector.ledger.debts import Intent, Owed
from connector.ledger.engine import Database
from connector.ledger.facts import StoredClaim, StoredHandOver
from connector.model.entity import Entity
from tests.ledger.stored import HOUR, MANY, NOON, Shelf, texts

PRODUCT, STOCK = Entity.PRODUCT, Entity.STOCK


@pytest.fixture
def shelf(database: Database) -> Shelf:
    return Shelf(database)


# --- intents ----------------------------------------------------------------------------------


@pytest.fixture
def intent(shelf: Shelf) -> Intent:
    """A write of a stored binding, not opened yet."""
    binding = shelf.bind(shelf.add(), "1")
    return Intent(
        "t-1", binding.id, binding.record_id, "shop", PRODUCT, "special", "update",
        {"price": Decimal("9.90"), "active": False, "note": ""}, {"price": None}, NOON + HOUR,
        Decimal("-3.500"), Decimal("1E+3"), 2,
    )  # fmt: skip


def open_intents(shelf: Shelf, *intents: Intent) -> int:
    """Answers the sequence under which they stand."""
    with shelf.ledger.write() as session:
        debts.open_intents(session, intents)
        return session.sequence


def in_doubt(shelf: Shelf, channel: str = "shop", entity: Entity | None = None) -> list[str]:
    with shelf.ledger.read() as session:
        return [entry.token for entry in debts.in_doubt(session, channel, entity)]


def test_an_open_intent_comes_back_whole(shelf: Shelf, intent: Intent) -> None:
    """What was about to be sent, and what it was to replace, are read back exactly after a crash."""
    sequence = open_intents(shelf, intent)
    with shelf.ledger.read() as session:
        assert [replace(intent, sequence=sequence, opened_at=NOON)] == debts.in_doubt(session, "shop")


def test_intents_are_in_doubt_in_their_order(shelf: Shelf, intent: Intent) -> None:
    """The oldest doubt is looked into first, by the ledger's own order and not by the clock or the token."""
    open_intents(shelf, replace(intent, token="z"))
    shelf.now -= HOUR
    open_intents(shelf, replace(intent, token="b"), replace(intent, token="a"))
    open_intents(shelf)
    assert ["z", "a", "b"] == in_doubt(shelf)


def test_doubts_are_of_a_channel_or_a_lane(shelf: Shelf, intent: Intent) -> None:
    """Each channel looks into its own doubts, lane by lane where it is asked to."""
    other = replace(intent, token="t-2", entity=STOCK)
    open_intents(shelf, intent, other, replace(intent, token="t-3", channel="till"))
    assert (["t-1", "t-2"], ["t-2"], []) == (in_doubt(shelf), in_doubt(shelf, entity=STOCK), in_doubt(shelf, "erp"))
    with shelf.ledger.read() as session:
        assert (1, 0) == tuple(debts.count(session, "shop", entity) for entity in (STOCK, Entity.PRICE))


def test_a_closed_intent_is_no_doubt(shelf: Shelf, intent: Intent) -> None:
    """Only what was closed is gone; closing it once more changes nothing."""
    open_intents(shelf, intent, replace(intent, token="t-2"))
    for _ in range(2):
        with shelf.ledger.write() as session:
            debts.close_intents(session, ["t-1", "unknown"])
    assert ["t-2"] == in_doubt(shelf)


def test_bindings_with_an_open_write_are_known(shelf: Shelf, intent: Intent) -> None:
    """Of the bindings asked for, those with an intent are answered until it is closed."""
    free = shelf.bind(shelf.add(), "2")
    open_intents(shelf, intent, replace(intent, token="t-2"))
    with shelf.ledger.write() as session:
        assert {intent.binding_id} == debts.with_intents(session, [free.id, intent.binding_id])
        debts.close_intents(session, ["t-1", "t-2"])
        assert set() == debts.with_intents(session, [free.id, intent.binding_id])


@pytest.mark.parametrize(
    ("later", "due"),
    [(HOUR - timedelta(microseconds=1), set()), (HOUR, {PRODUCT}), (2 * HOUR, {PRODUCT})],
    ids=["it may land", "it lands now at the latest", "it can land no more"],
)
def test_a_doubt_is_due_once_nothing_can_land(shelf: Shelf, intent: Intent, later: timedelta, due: set[Entity]) -> None:
    """A lane is asked to read back its doubts from the moment at which the call can no longer take effect."""
    open_intents(shelf, intent, replace(intent, token="t-2"))
    shelf.now += later
    with shelf.ledger.read() as session:
        assert due == debts.doubts_due(session, "shop")
        assert set() == debts.doubts_due(session, "till")


def test_a_crowd_of_intents(shelf: Shelf, intent: Intent) -> None:
    """A thousand and one intents are opened and closed, more than one statement may name."""
    open_intents(shelf, *(replace(intent, token=token) for token in texts(range(MANY))))
    with shelf.ledger.write() as session:
        assert MANY == debts.count(session, "shop", PRODUCT)
        assert {intent.binding_id} == debts.with_intents(
            session, range(intent.binding_id - MANY, intent.binding_id + 1)
        )
        debts.close_intents(session, (token for token in texts(range(MANY))))
        assert 0 == debts.count(session, "shop", PRODUCT)


def test_what_is_owed_now_is_counted_by_lane(shelf: Shelf) -> None:
    """A lane with writes that are due says how many and the last change of what is to be written."""
    shelf.bound("1", dirty=True)
    last = shelf.bound("2", dirty=True, due_at=NOON)
    shelf.bound("3", dirty=True, due_at=NOON + HOUR)
    shelf.bound("4")
    shelf.bound("5", dirty=True, channel="till")
    sequence = shelf.load(last).record.sequence
    with shelf.ledger.read() as session:
        assert {PRODUCT: Owed(2, sequence)} == debts.owed_now(session, "shop", list(Entity))
        assert {} == debts.owed_now(session, "shop", [STOCK])


# --- claims -----------------------------------------------------------------------------------


def claim(order: str, product_id: int, pieces: str = "1", **columns: str) -> StoredClaim:
    place = {"channel": "shop", "line": "1", "location": "store"} | columns
    return StoredClaim(order=order, product_id=product_id, open_quantity=Decimal(pieces), **place)


def replace_claims(shelf: Shelf, *claims: StoredClaim, channel: str = "shop") -> set[int]:
    with shelf.ledger.write() as session:
        return facts.replace_claims(session, channel, claims)


def claims_of(shelf: Shelf, product_ids: Iterable[int]) -> list[StoredClaim]:
    with shelf.ledger.read() as session:
        return sorted(facts.claims_of(session, product_ids), key=lambda entry: (entry.channel, entry.order, entry.line))


STANDING = (claim("100", 1), claim("101", 2), claim("101", 3, line="2"))


@pytest.mark.parametrize(
    ("story", "now", "changed"),
    [
        ("nothing changed", STANDING, set()),
        ("the same quantity with other decimals", (claim("100", 1, "1.000"), *STANDING[1:]), set()),
        ("another quantity", (claim("100", 1, "2"), *STANDING[1:]), {1}),
        ("another place", (claim("100", 1, location=""), *STANDING[1:]), {1}),
        ("one more line", (*STANDING, claim("102", 4)), {4}),
        ("one line fewer", STANDING[1:], {1}),
        ("an order fewer", STANDING[:1], {2, 3}),
        ("nothing is open any more", (), {1, 2, 3}),
        ("a line of another product", (claim("100", 9), *STANDING[1:]), {1, 9}),
        ("a line that is told twice", (claim("100", 1, "7"), *STANDING), set()),
    ],
)
def test_claims_are_replaced(shelf: Shelf, story: str, now: tuple[StoredClaim, ...], changed: set[int]) -> None:
    """The channel's last list stands, and every product that lost, gained or changed a claim is answered."""
    assert {1, 2, 3} == replace_claims(shelf, *STANDING)
    assert changed == replace_claims(shelf, *now)
    kept = {(entry.order, entry.line): entry for entry in now}
    assert [kept[key] for key in sorted(kept)] == claims_of(shelf, range(10))


def test_claims_of_others_stand(shelf: Shelf) -> None:
    """One channel's list says nothing of another's claims on the same order."""
    replace_claims(shelf, *STANDING)
    till = claim("100", 1, channel="till")
    assert {1} == replace_claims(shelf, till, channel="till")
    assert {1, 2, 3} == replace_claims(shelf)
    assert [till] == claims_of(shelf, range(10))


def test_a_crowd_of_claims(shelf: Shelf) -> None:
    """A thousand and one claims are stored, looked up by product, and taken away."""
    claims = [claim(str(n), n) for n in range(MANY)]
    assert set(range(MANY)) == replace_claims(shelf, *claims)
    assert MANY == len(claims_of(shelf, range(MANY)))
    assert set(range(1, MANY)) == replace_claims(shelf, claims[0])


# --- hand-overs -------------------------------------------------------------------------------


def handed(id_: str, product_id: int = 1, pieces: str = "2.500", **columns: object) -> StoredHandOver:
    place = {"channel": "shop", "order": "100", "location": "store", "kind": "order", "at": NOON} | columns
    return StoredHandOver(id=id_, product_id=product_id, quantity=Decimal(pieces), **place)  # type: ignore[arg-type]


def add_hand_overs(shelf: Shelf, *entries: StoredHandOver) -> list[str]:
    with shelf.ledger.write() as session:
        return [entry.id for entry in facts.add_hand_overs(session, entries)]


def hand_overs_of(shelf: Shelf, *product_ids: int) -> list[StoredHandOver]:
    with shelf.ledger.read() as session:
        return facts.hand_overs_of(session, product_ids)


def test_a_hand_over_is_stored_once(shelf: Shelf) -> None:
    """What a channel reports again under its own id is not new, whatever it says by now (known failure 32)."""
    assert ["s-2", "s-1"] == add_hand_overs(shelf, handed("s-2"), handed("s-1"))
    assert ["s-3"] == add_hand_overs(shelf, handed("s-1", pieces="9"), handed("s-3"))
    assert {"s-1": Decimal("2.500"), "s-2": Decimal("2.500"), "s-3": Decimal("2.500")} == {
        entry.id: entry.quantity for entry in hand_overs_of(shelf, 1)
    }


def test_one_page_may_tell_a_hand_over_twice(shelf: Shelf) -> None:
    """Within a page, too, the channel's own id is stored once."""
    assert ["s-1"] == add_hand_overs(shelf, handed("s-1"), handed("s-1"))


def test_an_id_is_its_channels_own(shelf: Shelf) -> None:
    """Two channels may number their movements alike."""
    add_hand_overs(shelf, handed("1"))
    assert ["1"] == add_hand_overs(shelf, handed("1", channel="till", kind="till", order="", at=None))
    assert ["shop", "till"] == [entry.channel for entry in hand_overs_of(shelf, 1)]


def test_a_hand_over_comes_back_whole(shelf: Shelf) -> None:
    """Place, order, kind, exact pieces (negative for a return) and moment are loaded with the number of the report."""
    stored = handed("s-1", pieces="-1.50", location="", kind="till", at=NOON + timedelta(microseconds=7))
    with shelf.ledger.write() as session:
        facts.add_hand_overs(session, [stored])
        sequence = session.sequence
    assert [replace(stored, sequence=sequence)] == hand_overs_of(shelf, 1)


def test_hand_overs_are_in_the_order_of_their_reports(shelf: Shelf) -> None:
    """The first report comes first, whenever the channel says that it happened."""
    for id_, at in (("c", NOON + HOUR), ("a", NOON), ("b", NOON - HOUR)):
        add_hand_overs(shelf, handed(id_, at=at))
    add_hand_overs(shelf, handed("d", 2))
    assert ["c", "a", "b"] == [entry.id for entry in hand_overs_of(shelf, 1)]


def test_hand_overs_of_one_report_keep_one_order(shelf: Shelf) -> None:
    """Those that came together are in the order of their ids at every reading, whatever else is asked for."""
    add_hand_overs(shelf, handed("b"), handed("c"), handed("a"), handed("d", 2), handed("e", 3))
    for products in ((1,), (1, 2), (3, 2, 1)):
        assert ["a", "b", "c"] == [entry.id for entry in hand_overs_of(shelf, *products) if entry.product_id == 1]


def test_a_crowd_of_hand_overs(shelf: Shelf) -> None:
    """A thousand and one hand-overs are stored once, and found by product."""
    crowd = [handed(str(n), n) for n in range(MANY)]
    assert texts(range(MANY)) == add_hand_overs(shelf, *crowd)
    assert [] == add_hand_overs(shelf, *crowd)
    assert MANY == len(hand_overs_of(shelf, *range(MANY)))


# --- orders -----------------------------------------------------------------------------------


def add_orders(shelf: Shelf, channel: str, *references: str) -> set[str]:
    with shelf.ledger.write() as session:
        return facts.add_orders(session, channel, references)


def test_an_order_is_new_once(shelf: Shelf) -> None:
    """Each channel's orders are remembered; an empty reference is none."""
    assert {"100", "é-1"} == add_orders(shelf, "shop", "100", "100", "é-1", "")
    assert {"101"} == add_orders(shelf, "shop", "100", "101")
    assert {"100"} == add_orders(shelf, "erp", "100")


def test_holders_of_an_order(shelf: Shelf) -> None:
    """An order is held by every channel that was told of it; of an unknown one nothing is said."""
    add_orders(shelf, "shop", "100", "101")
    add_orders(shelf, "erp", "100")
    with shelf.ledger.read() as session:
        expected = {"100": frozenset({"shop", "erp"}), "101": frozenset({"shop"})}
        assert expected == facts.holders_of(session, ["100", "101", "102"])


def test_products_of_an_order(shelf: Shelf) -> None:
    """Products are found by their claims and by their hand-overs in an order, on any channel."""
    replace_claims(shelf, claim("100", 1), claim("101", 2))
    add_hand_overs(shelf, handed("s-1", 3), handed("s-2", 4, order="102", channel="till"))
    with shelf.ledger.read() as session:
        assert {1, 3} == facts.products_of_orders(session, ["100"])
        assert {1, 2, 3, 4} == facts.products_of_orders(session, ["100", "101", "102", "100"])
        assert set() == facts.products_of_orders(session, ["103"])


def test_a_crowd_of_orders(shelf: Shelf) -> None:
    """A thousand and one orders are remembered once, with their holders."""
    references = texts(range(MANY))
    assert set(references) == add_orders(shelf, "shop", *references)
    assert set() == add_orders(shelf, "shop", *references)
    with shelf.ledger.read() as session:
        assert MANY == len(facts.holders_of(session, references))
