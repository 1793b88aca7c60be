"""Stock, in worked numbers (canonical-model 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Literal

import pytest

from connector.decide import stock
from connector.decide.stock import (
    ClaimFact,
    Count,
    CountResult,
    HandOverFact,
    Movement,
    StockFacts,
    StockShadow,
    View,
)
from tests.unit.decide.sides import at

UTRECHT, GENT, ANTWERP = "utrecht", "gent", "antwerp"
ONE_PLACE = View((UTRECHT,), Decimal(2))
TWO_PLACES = View((UTRECHT, GENT), Decimal(2))


def pieces(**places: int) -> dict[str, Decimal]:
    return {place: Decimal(count) for place, count in places.items()}


def fact(
    channel: str,
    count: int,
    place: str = UTRECHT,
    order: str = "web-1",
    kind: Literal["order", "till"] = "order",
    n: int = 0,
) -> HandOverFact:
    return HandOverFact(channel, order, place, Decimal(count), kind, n)


def claim(channel: str, count: int, order: str = "web-1", place: str = "") -> ClaimFact:
    return ClaimFact(channel, order, Decimal(count), place)


def facts(
    hand_overs: Sequence[HandOverFact] = (),
    claims: Sequence[ClaimFact] = (),
    books: Sequence[str] = (),
    **orders: set[str],
) -> StockFacts:
    held = {channel: frozenset(names) for channel, names in orders.items()}
    return StockFacts(hand_overs, claims, held, frozenset(books), UTRECHT)


NOBODY = facts()


# -- the figure a shop shows ---------------------------------------------------------------------


def test_the_worked_example() -> None:
    """P 28, R 3, one claimed by a dealer, buffer 2: the shop may sell 22 and is written 25 (row 2)."""
    known = facts(claims=[claim("shop", 3), claim("erp", 1, "dealer-9")])
    shown = stock.shown(ONE_PLACE, pieces(utrecht=28), known, "shop")
    assert (22, 25, {UTRECHT: 25}) == (shown.sellable, shown.quantity, shown.by_location)


@pytest.mark.parametrize(
    ("story", "on_hand", "own", "dealer", "buffer", "sellable", "quantity"),
    [
        ("its own claims cancel out: 18 is written, not 15", 20, 3, 0, 2, 15, 18),
        ("nothing claimed", 20, 0, 0, 2, 18, 18),
        ("others' claims are kept from sale", 20, 3, 4, 2, 11, 14),
        ("never below what was sold here: it must be able to ship", 3, 3, 0, 2, 0, 3),
        ("nor when others claim it all", 4, 3, 9, 2, 0, 3),
        ("more sold here than there is", 2, 3, 0, 2, 0, 2),
        ("below zero, nothing is shown", -2, 1, 0, 2, 0, 0),
        ("less than the buffer", 1, 0, 0, 2, 0, 0),
    ],
)
def test_what_a_shop_is_written(
    story: str, on_hand: int, own: int, dealer: int, buffer: int, sellable: int, quantity: int
) -> None:
    """Q* = D + min(R, P + U): buffer and others' claims never touch pieces already sold here (row 2)."""
    known = facts(claims=[claim("shop", own), claim("erp", dealer, "dealer-9")])
    shown = stock.shown(View((UTRECHT,), Decimal(buffer)), pieces(utrecht=on_hand), known, "shop")
    assert (sellable, quantity) == (shown.sellable, shown.quantity)


@pytest.mark.parametrize(
    ("story", "known", "sellable", "quantity"),
    [
        ("ordered", facts(claims=[claim("shop", 3)]), 15, 18),
        ("A: shipped in the shop first, then written", facts([fact("shop", 3)], shop={"web-1"}), 15, 15),
        (
            "B: delivered by the ERP, not yet shipped in the shop",
            facts([fact("erp", 3)], [claim("shop", 3)], shop={"web-1"}),
            15,
            18,
        ),
        (
            "C: delivered by the ERP, one shipped in the shop",
            facts([fact("erp", 3), fact("shop", 1)], [claim("shop", 2)]),
            15,
            17,
        ),
    ],
)
def test_the_order_of_operations(story: str, known: StockFacts, sellable: int, quantity: int) -> None:
    """However an order of 3 is handed over, the shop sells 15 of 20 minus 2, and can always ship (row 2)."""
    gone = sum(line.total() for line in stock.gone_lines(known).values())
    shown = stock.shown(ONE_PLACE, {UTRECHT: 20 - gone}, known, "shop")
    assert (sellable, quantity) == (shown.sellable, shown.quantity)


@pytest.mark.parametrize(
    ("story", "on_hand", "expected"),
    [
        ("the buffer comes off the last place", pieces(utrecht=5, gent=5), pieces(utrecht=5, gent=3)),
        ("and off the one before it, once that is empty", pieces(utrecht=5, gent=1), pieces(utrecht=4, gent=0)),
        ("a place below zero shows none, and is made up for", pieces(utrecht=5, gent=-2), pieces(utrecht=1, gent=0)),
        ("wherever it is in the order", pieces(utrecht=-2, gent=5), pieces(utrecht=0, gent=1)),
        ("nothing left", pieces(utrecht=1, gent=0), pieces(utrecht=0, gent=0)),
    ],
)
def test_a_quantity_is_spread_over_its_places(
    story: str, on_hand: dict[str, Decimal], expected: dict[str, Decimal]
) -> None:
    """What is held back is taken from the view's last location first, and no place shows less than none."""
    assert expected == stock.shown(TWO_PLACES, on_hand, NOBODY, "shop").by_location


def test_what_left_elsewhere_is_subtracted_here() -> None:
    """An order handed over outside the view is still to be subtracted by the shop, so the shop shows it until then."""
    known = facts([fact("erp", 2, ANTWERP)], [claim("shop", 2)])
    assert 20 == stock.shown(ONE_PLACE, pieces(utrecht=20, antwerp=0), known, "shop").quantity


@pytest.mark.parametrize(
    ("story", "claims", "hand_overs", "expected"),
    [
        ("a dealer's order", [claim("erp", 2, "dealer-9")], [], 2),
        ("its own order, imported", [claim("shop", 2), claim("erp", 2)], [], 0),
        ("another shop's order, imported: counted once", [claim("shop-2", 2, "b-1"), claim("erp", 2, "b-1")], [], 2),
        (
            "another shop's, delivered by the ERP: gone already",
            [claim("shop-2", 2, "b-1")],
            [fact("erp", 2, order="b-1")],
            0,
        ),
        ("another shop's, half delivered", [claim("shop-2", 3, "b-1")], [fact("erp", 2, order="b-1")], 1),
        ("from a place outside the view", [claim("erp", 2, "dealer-9", ANTWERP)], [], 0),
        ("from a place inside it", [claim("erp", 2, "dealer-9", GENT)], [], 2),
    ],
)
def test_claims_of_others(story: str, claims: list[ClaimFact], hand_overs: list[HandOverFact], expected: int) -> None:
    """An order is claimed once, by whoever sold it, from the places it can leave from (row 2)."""
    known = facts(hand_overs, claims)
    assert expected == stock.claims_of_others(known, "shop", TWO_PLACES.locations)


# -- movements ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("story", "seen", "expected"),
    [
        ("nothing happened", StockShadow(Decimal(9), Decimal(4)), 0),
        ("a sale at the till", StockShadow(Decimal(8), Decimal(4)), -1),
        ("its own hand-over of an order is no movement", StockShadow(Decimal(7), Decimal(6)), 0),
        ("a hand-over and a sale", StockShadow(Decimal(6), Decimal(6)), -1),
        ("a claim that its figure subtracts is no movement", StockShadow(Decimal(6), Decimal(4), Decimal(3)), 0),
    ],
)
def test_what_happened_on_a_channel(story: str, seen: StockShadow, expected: int) -> None:
    """A movement is what the figure and the channel's own hand-overs leave unexplained (rows 1, 2, 31)."""
    assert expected == stock.movement(StockShadow(Decimal(9), Decimal(4)), seen)


@pytest.mark.parametrize(
    ("story", "target", "handed", "claimed", "expected"),
    [
        ("another channel sold one", 8, 4, 0, -1),
        ("it handed one over itself, and its figure was not read yet", 8, 5, 0, 0),
        ("both", 7, 5, 0, -1),
        ("its figure will show a claim less", 6, 4, 3, 0),
    ],
)
def test_what_is_owed(story: str, target: int, handed: int, claimed: int, expected: int) -> None:
    """What a channel has subtracted by itself is never sent to it once more (rows 1, 2)."""
    shadow = StockShadow(Decimal(9), Decimal(4))
    assert expected == stock.owed(Decimal(target), shadow, Decimal(handed), Decimal(claimed))


def test_reading_and_writing_are_each_others_inverse() -> None:
    """raw = P + W - K, both ways."""
    assert 10 == stock.implied_on_hand(stock.raw_figure(Decimal(10), Decimal(2), Decimal(3)), Decimal(2), Decimal(3))
    assert 9 == stock.raw_figure(Decimal(10), Decimal(2), Decimal(3))


def test_a_receipt_moves_the_shadow_by_what_was_sent() -> None:
    """A sale in the same moment is not in the receipt, so it is a movement when it is read (row 32)."""
    shadow = StockShadow(Decimal(9)).after_difference(Decimal(-2))
    assert -1 == stock.movement(shadow, StockShadow(Decimal(6)))


TWICE = [fact("erp", 2, n=1), fact("shop", 2, n=2)]


@pytest.mark.parametrize(
    ("story", "hand_overs", "orders", "expected"),
    [
        ("delivered by the ERP alone", [fact("erp", 2)], {}, pieces(utrecht=2)),
        ("seen on both: once", TWICE, {}, pieces(utrecht=2)),
        ("seen on both, half on one", [fact("erp", 2, n=1), fact("shop", 1, n=2)], {}, pieces(utrecht=2)),
        (
            "piece by piece from two places, reported crosswise",
            [
                fact("shop", 1, UTRECHT, n=1),
                fact("erp", 1, GENT, n=2),
                fact("erp", 1, UTRECHT, n=3),
                fact("shop", 1, GENT, n=4),
            ],
            {},
            pieces(utrecht=1, gent=1),
        ),
        (
            "two places for one piece: the first reported",
            [fact("erp", 1, GENT, n=1), fact("shop", 1, UTRECHT, n=2)],
            {},
            pieces(gent=1, utrecht=0),
        ),
        ("nobody names a place: the default", [fact("shop", 1, "")], {}, pieces(utrecht=1)),
        ("one names it later", [fact("shop", 1, "", n=1), fact("erp", 1, GENT, n=2)], {}, pieces(gent=1, utrecht=0)),
        ("a return, booked by the shop alone", [*TWICE, fact("shop", -1, n=3)], {}, pieces(utrecht=2)),
        ("a return, booked by both", [*TWICE, fact("shop", -1, n=3), fact("erp", -1, n=4)], {}, pieces(utrecht=1)),
        ("a return of an order that the ERP holds, too", [fact("shop", -1)], {"erp": {"web-1"}}, pieces(utrecht=0)),
    ],
)
def test_what_is_gone(
    story: str, hand_overs: list[HandOverFact], orders: dict[str, set[str]], expected: dict[str, Decimal]
) -> None:
    """The same hand-over, seen twice, is one, wherever it was first reported (rows 2, 31)."""
    assert expected == stock.gone_lines(facts(hand_overs, **orders))["web-1"].where


def test_two_orders_of_one_are_two() -> None:
    """Two channels that hand over one each of different orders are two movements (row 31)."""
    after = facts([fact("erp", 1, order="web-1"), fact("shop", 1, order="web-2")])
    assert [-1, -1] == [one.quantity for one in stock.hand_over_movements(NOBODY, after)]


def test_a_hand_over_is_booked_when_first_reported_only() -> None:
    """The channel that reports it second moves nothing; the history names order and channel."""
    first, both = facts(TWICE[:1]), facts(TWICE)
    booked = stock.hand_over_movements(NOBODY, first)
    assert [Movement("erp", UTRECHT, Decimal(-2), "hand-over", "web-1")] == booked
    assert [] == stock.hand_over_movements(first, both)
    assert {"movement": "hand-over", "location": UTRECHT, "pieces": Decimal(-2), "order": "web-1"} == booked[
        0
    ].as_event()


def test_a_hand_over_without_a_place_is_where_it_is_booked() -> None:
    """A channel that names no place counts it back at the place where it is booked, so that nothing counts twice."""
    known = facts([fact("shop", 1, ""), fact("shop", 2, GENT)])
    assert (1, 2, 3) == (known.handed("shop", UTRECHT), known.handed("shop", GENT), known.handed("shop"))


@pytest.mark.parametrize(
    ("story", "before", "after", "expected"),
    [
        ("years of orders that the ERP never held", NOBODY, facts([fact("shop", 40)]), []),
        ("an order that both have handed over", facts([fact("erp", 2)]), facts(TWICE), []),
        (
            "shipped before the beginning, and the ERP will still deliver it",
            facts(erp={"web-1"}),
            facts([fact("shop", 2)], erp={"web-1"}),
            [Movement("erp", UTRECHT, Decimal(-2), "hand-over")],
        ),
    ],
)
def test_a_first_report_is_not_news(
    story: str, before: StockFacts, after: StockFacts, expected: list[Movement]
) -> None:
    """What was handed over before the beginning is in the first figure already (row 33)."""
    assert expected == stock.first_report_movements(before, after, "erp")


@pytest.mark.parametrize(
    ("story", "known", "channel", "expected"),
    [
        ("it holds the order", facts([fact("erp", 2)], shop={"web-1"}), "shop", pieces(utrecht=2)),
        ("it claims it", facts([fact("erp", 2)], [claim("shop", 2)]), "shop", pieces(utrecht=2)),
        ("it has shipped one", facts([fact("erp", 2), fact("shop", 1)]), "shop", pieces(utrecht=1)),
        ("it has never heard of it", facts([fact("erp", 2)]), "till", {}),
        ("it delivered it itself", facts([fact("erp", 2)]), "erp", pieces(utrecht=0)),
        (
            "two places, one shipped",
            facts([fact("erp", 1, n=1), fact("erp", 1, GENT, n=2), fact("shop", 1, GENT, n=3)]),
            "shop",
            pieces(utrecht=1, gent=0),
        ),
        (
            "places that contradict",
            facts([fact("erp", 2), fact("shop", 1, GENT, n=1)]),
            "shop",
            pieces(utrecht=1, gent=0),
        ),
        (
            "a journal will book the till's sales",
            facts([fact("till", 2, GENT, "r-1", "till")], books=["erp"]),
            "erp",
            pieces(gent=2),
        ),
        (
            "and has booked one",
            facts([fact("till", 2, GENT, "r-1", "till"), fact("erp", 1, GENT, "j-1", "till")]),
            "erp",
            pieces(gent=1),
        ),
        ("nobody books them", facts([fact("till", 2, GENT, "r-1", "till")]), "erp", {}),
    ],
)
def test_what_a_channel_will_still_subtract(
    story: str, known: StockFacts, channel: str, expected: dict[str, Decimal]
) -> None:
    """W: pieces gone already that a channel holding the order has not handed over yet (row 2)."""
    assert expected == stock.still_to_subtract(known, channel)


@pytest.mark.parametrize(
    ("story", "told", "open_", "waits", "excused"),
    [
        ("it claims them all", [fact("erp", 3)], 3, 3, 0),
        ("it cancelled the order", [fact("erp", 3)], 0, 0, 3),
        ("it cancelled two of five, three are delivered", [fact("erp", 3)], 3, 3, 0),
        ("two of three are delivered, two cancelled", [fact("erp", 2)], 1, 1, 1),
        ("one shipped, the others refunded", [fact("erp", 3), fact("shop", 1)], 0, 0, 2),
        ("what came back there shows there alone", [fact("erp", 3), fact("shop", 3), fact("shop", -1)], 0, 1, 0),
    ],
)
def test_a_channel_will_subtract_no_more_than_it_claims(
    story: str, told: list[HandOverFact], open_: int, waits: int, excused: int
) -> None:
    """What a shop cancels or refunds of an order that is gone, it will never hand over."""
    known = replace(facts(told, [claim("shop", open_)], shop={"web-1"}), tell_claims=frozenset({"shop"}))
    assert {UTRECHT: Decimal(waits)} == stock.still_to_subtract(known, "shop")
    assert Decimal(excused) == stock.gone_lines(known)["web-1"].excused("shop")


def refunded(*orders: tuple[str, int, int]) -> StockFacts:
    """Orders that the ERP delivered, with the pieces that the shop still claims of them."""
    delivered = [fact("erp", count, order=name) for name, count, _ in orders]
    claims = [claim("shop", left, order=name) for name, _, left in orders if left]
    held = facts(delivered, claims, shop={name for name, _, _ in orders})
    return replace(held, tell_claims=frozenset({"shop"}))


def test_what_has_come_to_be_excused() -> None:
    """Only what was waited for until now, of the channel that holds the order."""
    before, after = refunded(("a", 3, 3), ("b", 2, 0), ("c", 1, 1)), refunded(("a", 3, 1), ("b", 2, 0), ("c", 1, 1))
    assert {"a": Decimal(2)} == stock.newly_excused(before, after, "shop")
    assert {} == stock.newly_excused(before, after, "till")


@pytest.mark.parametrize(
    ("story", "orders", "fell", "expected"),
    [
        ("all that was refunded", ["a"], 3, {"a": 3}),
        ("a sale besides", ["a"], 5, {"a": 3}),
        ("one kept, or a smaller one", ["a"], 2, {"a": 2}),
        ("two refunds", ["a", "b"], 4, {"a": 3, "b": 1}),
        ("named twice", ["a", "a"], 5, {"a": 3}),
        ("of an order that is open", ["c"], 1, {}),
    ],
)
def test_a_fall_is_for_what_was_refunded(
    story: str, orders: list[str], fell: int, expected: dict[str, Decimal]
) -> None:
    """No more than fell, and no more of an order than is gone elsewhere and was waited for."""
    known = refunded(("a", 3, 0), ("b", 2, 0), ("c", 1, 1))
    assert expected == stock.subtracted_unsent(known, "shop", orders, Decimal(fell)), story


def test_nobody_claims_the_sales_of_a_till() -> None:
    """They are booked by hand, so that a list of claims says nothing of them."""
    sold = facts([fact("till", 2, GENT, "r-1", "till")], books=["erp"])
    known = replace(sold, tell_claims=frozenset({"erp"}))
    assert pieces(gent=2) == stock.still_to_subtract(known, "erp")


@pytest.mark.parametrize(
    ("story", "moved", "on_hand", "expected"),
    [
        ("a sale, from the first place", -2, pieces(utrecht=5, gent=5), pieces(utrecht=-2)),
        ("what the first lacks, from the next", -4, pieces(utrecht=3, gent=5), pieces(utrecht=-3, gent=-1)),
        ("what no place has, from the first", -9, pieces(utrecht=3, gent=5), pieces(utrecht=-4, gent=-5)),
        ("an empty first place is passed over", -1, pieces(utrecht=0, gent=5), pieces(gent=-1)),
        ("one below zero, too", -1, pieces(utrecht=-3, gent=5), pieces(gent=-1)),
        ("a return, to the first", 3, pieces(utrecht=0, gent=5), pieces(utrecht=3)),
        ("nothing", 0, pieces(utrecht=3, gent=5), {}),
    ],
)
def test_a_movement_seen_on_a_view(
    story: str, moved: int, on_hand: dict[str, Decimal], expected: dict[str, Decimal]
) -> None:
    """It is booked on the view's locations in their order while they have stock, the rest and returns on the first."""
    assert expected == stock.booked_on_view(TWO_PLACES, Decimal(moved), on_hand)


@pytest.mark.parametrize(
    ("reports", "expected"),
    [
        ([("web", "")], {GENT: 3}),  # the view's first location, not the configuration's
        ([("erp", "")], {UTRECHT: 3}),
        ([("erp", UTRECHT), ("web", "")], {UTRECHT: 3}),
    ],
)
def test_a_channel_without_locations_hands_over_at_the_first_of_its_view(
    reports: list[tuple[str, str]], expected: dict[str, int]
) -> None:
    """Unless another report of the same order names a place."""
    told = [
        stock.HandOverFact(channel, "W-1", place, Decimal(3), sequence=n) for n, (channel, place) in enumerate(reports)
    ]
    facts = stock.StockFacts(told, default_location=UTRECHT, first_of={"web": GENT})
    assert expected == {place: int(n) for place, n in stock.gone_lines(facts)["W-1"].where.items() if n}
    for channel, place in reports:
        assert 3 == facts.handed(channel, place or (GENT if channel == "web" else UTRECHT))


# -- writes in doubt, and what an absolute write put back ------------------------------------------

OLD = StockShadow(Decimal(9), Decimal(4))


@pytest.mark.parametrize(
    ("story", "sent", "seen", "evidence", "raw", "landed"),
    [
        ("it shows what we sent", -2, 7, None, 7, True),
        ("it shows what was there", -2, 9, None, 9, False),
        ("a document proves it, whatever the figure", -2, 9, True, 7, True),
        ("and that it did not land", -2, 7, False, 9, False),
        ("neither: a lowering is taken not to have landed", -2, 6, None, 9, None),
        ("neither: a raise is taken to have landed", 2, 8, None, 11, None),
    ],
)
def test_a_write_in_doubt(
    story: str, sent: int, seen: int, evidence: bool | None, raw: int, landed: bool | None
) -> None:
    """Evidence first, then the figure; only if neither fits, what leaves less to sell (rows 1, 5)."""
    settled = stock.settle_stock_doubt(OLD, Decimal(sent), StockShadow(Decimal(seen), Decimal(4)), evidence)
    assert (raw, landed) == (settled.shadow.raw, settled.landed)


def test_an_uncertain_figure_shows_both_explanations() -> None:
    """Sent -2, then one less than either: one sold and not landed, or three sold less two sent."""
    settled = stock.settle_stock_doubt(OLD, Decimal(-2), StockShadow(Decimal(6), Decimal(4)), None)
    assert (Decimal(-1), Decimal(-3)) == settled.figures
    assert -3 == stock.movement(settled.shadow, StockShadow(Decimal(6), Decimal(4)))


def test_its_own_shipments_do_not_blur_a_doubt() -> None:
    """A hand-over since the write is known from facts, so that the figure still tells whether it landed."""
    settled = stock.settle_stock_doubt(OLD, Decimal(-2), StockShadow(Decimal(6), Decimal(5)), None)
    assert settled.landed is True


def test_a_shipment_that_an_absolute_write_put_back() -> None:
    """A piece shipped between the re-read and the write is found by its time and taken off again (row 1)."""
    shipped = [replace(fact("shop", 1), at=at(minute)) for minute in (0, 1, 2, 3)]
    put_back = stock.overwritten(
        [*shipped, replace(fact("erp", 1), at=at(1))], "shop", reread_at=at(0) + timedelta(seconds=1), written_at=at(2)
    )
    written = StockShadow(Decimal(20), Decimal(0)).after_overwriting(Decimal(1))
    now = StockShadow(Decimal(20), Decimal(1))
    assert (2, 0, -1) == (put_back, stock.movement(written, now), stock.owed(Decimal(19), now, Decimal(1)))


def test_a_shipment_dated_by_whole_seconds_may_lie_after_the_read_of_that_second() -> None:
    """Read at 05.5, shipped at 05.7 and dated 05: it counts as put back, since that leaves less to sell (row 1)."""
    shipped = [replace(fact("shop", 3), at=at(0) + timedelta(seconds=5))]
    halves = {"reread_at": at(0) + timedelta(seconds=5.5), "written_at": at(0) + timedelta(seconds=5.9)}
    later = {name: moment + timedelta(seconds=1) for name, moment in halves.items()}
    assert (3, 0) == (stock.overwritten(shipped, "shop", **halves), stock.overwritten(shipped, "shop", **later))


# -- counts, and beginning anew --------------------------------------------------------------------

COUNT = Count("erp", UTRECHT, Decimal(12), at(10))


def went(count: int, since: float | None, until: float | None) -> Movement:
    return Movement(
        "till",
        UTRECHT,
        Decimal(count),
        "figure",
        since=None if since is None else at(since),
        at=None if until is None else at(until),
    )


@pytest.mark.parametrize(
    ("story", "moved", "expected"),
    [
        ("nothing moved since", [], CountResult(Decimal(2), Decimal(0))),
        ("sold before the count: counted already", [went(-1, 5, 9)], CountResult(Decimal(2), Decimal(0))),
        ("sold since", [went(-3, 11, 12)], CountResult(Decimal(-1), Decimal(0))),
        ("sold perhaps since: taken as since", [went(-3, 5, 12)], CountResult(Decimal(-1), Decimal(3))),
        ("came perhaps since: taken as counted", [went(3, 5, 12)], CountResult(Decimal(2), Decimal(3))),
        ("sold at an unknown time", [went(-3, None, None)], CountResult(Decimal(-1), Decimal(3))),
    ],
)
def test_a_count_is_rebased(story: str, moved: list[Movement], expected: CountResult) -> None:
    """Twelve counted, ten on the books: the correction keeps what moved since the count (row 1)."""
    assert expected == stock.apply_count(COUNT, Decimal(10), moved, {"erp": at(1), "till": at(11), "shop": at(12)})


def test_a_count_waits_until_every_other_channel_was_read() -> None:
    """A sale from before the count, not read yet, would be subtracted from what was counted without it."""
    assert None is stock.apply_count(COUNT, Decimal(10), [], {"till": at(10), "shop": at(12)})


@pytest.mark.parametrize(("sent", "expected"), [(0, -1), (-1, 0), (2, -3)])
def test_what_moved_on_the_counting_channel_is_told_from_what_the_count_did(sent: int, expected: int) -> None:
    """The count set the figure: since then it moved by what it differs from it, less what we wrote there."""
    now = StockShadow(COUNT.quantity - 3, Decimal(2))
    moved = stock.moved_since_count(COUNT, Decimal(0), now, Decimal(sent))
    assert (expected, COUNT.at) == (moved.quantity, moved.since)


def test_a_count_adds_up() -> None:
    """Whatever was booked before, a count and the sales since give what is there."""
    for booked in range(5):
        movements = [went(-booked, 1, 9), went(-2, 11, 12)]
        result = stock.apply_count(COUNT, Decimal(10 - booked - 2), movements, {"till": at(13)})
        assert result is not None
        assert 10 == 10 - booked - 2 + result.correction


def test_a_restored_ledger_begins_with_the_lowest_figure() -> None:
    """Old shadows would book each movement once per channel; the lowest implied figure oversells least (row 33)."""
    assert (4, True) == stock.begin_anew({"erp": Decimal(5), "till": Decimal(4)})
    assert (4, False) == stock.begin_anew({"erp": Decimal(4), "till": Decimal("4.0")})
