"""Brakes, counted before anything is merged."""

from __future__ import annotations

from decimal import Decimal

import pytest

from connector.decide.brakes import Candidate, Kind, Limits, Tripped, is_emptied, kinds_of, weigh
from connector.model.entity import Entity, Value

LIMITS = Limits()


def candidates(count: int, *kinds: Kind, first: int = 0) -> list[Candidate]:
    return [Candidate(f"r{n}", frozenset(kinds)) for n in range(first, first + count)]


@pytest.mark.parametrize(
    ("story", "kind", "count", "population", "trips"),
    [
        ("two in a hundred deletions pass", "delete", 20, 1000, False),
        ("more are parked", "delete", 21, 1000, True),
        ("a few are always let through", "delete", 10, 100, False),
        ("and one more is not", "delete", 11, 100, True),
        ("five in a hundred noughts pass", "zero", 50, 1000, False),
        ("more are parked", "zero", 51, 1000, True),
        ("a third of all changes pass", "change", 300, 1000, False),
        ("more are parked", "change", 301, 1000, True),
    ],
)
def test_shares(story: str, kind: Kind, count: int, population: int, trips: bool) -> None:
    """What exceeds its share of the entity, and a few, is parked before it is merged (rows 16, 35)."""
    weighing = weigh(candidates(count, kind), {}, population, LIMITS)
    assert (0 if trips else count, trips) == (len(weighing.passed), bool(weighing.tripped))


def test_a_slow_trickle_trips_as_well() -> None:
    """Counted over the window: what came that way before counts, and is shown in the plan (row 35)."""
    before = [f"old{n}" for n in range(15)]
    weighing = weigh(candidates(6, "delete"), {"delete": before}, 1000, LIMITS)
    assert [("delete", 6, 15)] == [(one.kind, len(one.parked), len(one.before)) for one in weighing.tripped]


def test_the_same_record_counts_once() -> None:
    """A record that changes twice in a day is one record."""
    assert () == weigh(candidates(20, "delete"), {"delete": [f"r{n}" for n in range(20)]}, 1000, LIMITS).tripped


def test_the_rest_goes_on() -> None:
    """Only what the brake is about is parked."""
    page = [*candidates(21, "change", "delete"), *candidates(5, "change", first=50)]
    weighing = weigh(page, {}, 1000, LIMITS)
    assert [f"r{n}" for n in range(50, 55)] == [one.id for one in weighing.passed]
    assert ["delete"] == [one.kind for one in weighing.tripped]


def test_more_of_what_tripped_is_parked_too() -> None:
    """Until it is released, one more of the kind joins a tripped brake, however few they are."""
    assert 1 == len(weigh(candidates(1, "zero"), {}, 1000, LIMITS, tripped={"zero"}).tripped)


def test_an_emptied_listing_is_parked_whatever_the_share() -> None:
    """A complete listing without a row is never taken at its word (row 16)."""
    assert [True, False, False] == [is_emptied(0, 3), is_emptied(1, 3), is_emptied(0, 0)]
    assert ["emptied"] == [one.kind for one in weigh(candidates(3, "emptied", "delete"), {}, 3, LIMITS).tripped]


@pytest.mark.parametrize(
    ("story", "entity", "before", "after", "gone", "expected"),
    [
        ("nothing changed", Entity.PRODUCT, {"name": "a"}, {"name": "a"}, False, set()),
        ("a name", Entity.PRODUCT, {"name": "a"}, {"name": "b"}, False, {"change"}),
        ("archived", Entity.PRODUCT, {"active": True}, {"active": False}, False, {"change", "delete"}),
        ("revived", Entity.PRODUCT, {"active": False}, {"active": True}, False, {"change"}),
        ("gone", Entity.PRODUCT, {"active": True}, {}, True, {"change", "delete"}),
        ("a price by a third", Entity.PRICE, {"amount": Decimal(9)}, {"amount": Decimal(12)}, False, {"change"}),
        ("a price by the factor", Entity.PRICE, {"amount": Decimal(9)}, {"amount": Decimal(27)}, False, {"change"}),
        (
            "a price by more",
            Entity.PRICE,
            {"amount": Decimal(9)},
            {"amount": Decimal("27.01")},
            False,
            {"change", "factor"},
        ),
        (
            "a price down by more",
            Entity.PRICE,
            {"amount": Decimal("27.01")},
            {"amount": Decimal(9)},
            False,
            {"change", "factor"},
        ),
        (
            "a price to nought",
            Entity.PRICE,
            {"amount": Decimal(9)},
            {"amount": Decimal(0)},
            False,
            {"change", "zero", "factor"},
        ),
        (
            "a price taken away",
            Entity.PRICE,
            {"amount": Decimal(9)},
            {"amount": None},
            False,
            {"change", "zero", "factor"},
        ),
        ("a first price", Entity.PRICE, {"amount": None}, {"amount": Decimal(9)}, False, {"change"}),
        ("stock sold out", Entity.STOCK, {"on_hand": 40}, {"on_hand": 0}, False, {"change", "zero"}),
        ("stock fell far", Entity.STOCK, {"on_hand": 400}, {"on_hand": 1}, False, {"change"}),
        ("stock rose far", Entity.STOCK, {"on_hand": 1}, {"on_hand": 400}, False, {"change"}),
    ],
)
def test_what_a_change_is(
    story: str,
    entity: Entity,
    before: dict[str, Value],
    after: dict[str, Value],
    gone: bool,
    expected: set[Kind],
) -> None:
    """Deletions, noughts and leaps are told from changes; the fall of one stock is never parked (row 35)."""
    assert expected == kinds_of(entity, before, after, LIMITS, gone=gone)


def test_a_leap_parks_its_record_alone() -> None:
    """One price beyond the factor is parked at once, and the other prices pass."""
    page = [*candidates(1, "change", "factor"), *candidates(3, "change", first=1)]
    weighing = weigh(page, {}, 1000, LIMITS)
    assert [("factor", ("r0",))] == [(one.kind, one.parked) for one in weighing.tripped]
    assert ["r1", "r2", "r3"] == [one.id for one in weighing.passed]


def test_a_rise_of_stock_is_parked_where_a_factor_is_set() -> None:
    """With a factor for stock, a rise beyond it parks the record; a fall still does not."""
    limits = Limits(stock_factor=Decimal(10))
    assert "factor" in kinds_of(Entity.STOCK, {"on_hand": 3}, {"on_hand": 31}, limits)
    assert "factor" not in kinds_of(Entity.STOCK, {"on_hand": 31}, {"on_hand": 3}, limits)


def test_the_plan_says_what_and_why() -> None:
    """A brake shows what it parks, what came that way before, and the limit."""
    plan = Tripped("delete", ("r1",), ("r0",), 40, Decimal(10)).as_plan()
    assert {"kind": "delete", "parked": ["r1"], "before": ["r0"], "population": 40, "limit": Decimal(10)} == plan
