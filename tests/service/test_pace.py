"""Looks are spread where calls are scarce; missed sweeps are made up for."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.ledger.budget import Allowance
from connector.model.entity import Entity
from connector.service.pace import LOOKING_SHARE, Looks, is_sweep_missed, paced

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HALF_A_DAY = 43_200.0
AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def day(remaining: int, name: str = "day", window_s: int = 86_400) -> Allowance:
    return Allowance(name, 5000, remaining, window_s, NOW + timedelta(seconds=HALF_A_DAY))


STOCK = {Entity.STOCK: Looks(30, 2)}
ALL = STOCK | {Entity.PRICE: Looks(300, 1), Entity.PRODUCT: Looks(300, 1), Entity.CUSTOMER: Looks(300, 3)}


@pytest.mark.parametrize(
    ("story", "lanes", "budgets", "expected"),
    [
        ("no budget is stated", ALL, [], {"stock": 30, "price": 300, "product": 300, "customer": 300}),
        ("there is plenty", ALL, [day(20_000)], {"stock": 30, "price": 300, "product": 300, "customer": 300}),
        ("a minute's budget only delays", STOCK, [day(1, "minute", 60)], {"stock": 30}),
        ("errors are no calls", STOCK, [day(1, "errors:/items")], {"stock": 30}),
        # 2,880 calls for stock at best; 1,250 may be spent on looking, of which three quarters on stock.
        ("stock is stretched last", STOCK, [day(2500)], {"stock": 92}),
        # Stock gets 937.5 of 1,250; 720 calls of the others share the 312.5 that remain.
        ("the others share the rest", ALL, [day(2500)], {"stock": 92, "price": 691, "product": 691, "customer": 691}),
        ("nothing is left", STOCK, [day(0)], {"stock": 43_230}),
    ],
)
def test_looks_are_spread_until_the_reset(
    story: str, lanes: dict[Entity, Looks], budgets: list[Allowance], expected: dict[str, int]
) -> None:
    """Half of what is left may be spent on looking, three quarters of that on stock."""
    found = paced(lanes, budgets, NOW)
    assert expected == {entity.value: round(seconds) for entity, seconds in found.items()}, story


LANES = st.dictionaries(
    st.sampled_from(list(Entity)), st.builds(Looks, st.floats(1, 86_400), st.integers(1, 500)), min_size=1
)


@given(LANES, st.integers(0, 100_000))
def test_no_pace_spends_what_writes_need(lanes: dict[Entity, Looks], remaining: int) -> None:
    """Whatever is configured: never more often than `every`, and within the share until the reset."""
    found = paced(lanes, [day(remaining)], NOW)
    assert all(found[entity] >= looks.every_s for entity, looks in lanes.items())
    within = {entity: seconds for entity, seconds in found.items() if seconds < HALF_A_DAY}
    spent = sum(lanes[entity].calls * HALF_A_DAY / seconds for entity, seconds in within.items())
    assert spent <= remaining * LOOKING_SHARE * 1.000001


@pytest.mark.parametrize(
    ("story", "last", "expected"),
    [
        ("it was never read: its first reading is one", None, False),
        ("this night's was done", datetime(2026, 11, 20, 2, 10, tzinfo=UTC), False),
        ("nobody was there tonight", datetime(2026, 11, 19, 23, 0, tzinfo=UTC), True),
        ("nobody was there for a week", datetime(2026, 11, 13, 2, 10, tzinfo=UTC), True),
    ],
)
def test_a_missed_sweep_is_noticed(story: str, last: datetime | None, expected: bool) -> None:
    """At 03:00 in Amsterdam, which is 02:00 UTC in winter."""
    assert expected is is_sweep_missed(time(3), AMSTERDAM, last, NOW), story


@pytest.mark.parametrize(
    ("story", "now", "last", "expected"),
    [
        ("before tonight's", "2026-11-20 01:59", "2026-11-19 02:05", False),
        ("after it", "2026-11-20 02:01", "2026-11-19 02:05", True),
        ("the morning after the clocks went back", "2026-10-25 02:01", "2026-10-24 01:05", True),
        ("the morning after they went forward", "2026-03-29 01:01", "2026-03-28 02:05", True),
    ],
)
def test_a_sweep_goes_by_the_shop_s_clock(story: str, now: str, last: str, expected: bool) -> None:
    """Nights on which the clocks change have a 03:00 as well (known failure 26)."""
    here, then = (datetime.fromisoformat(moment).replace(tzinfo=UTC) for moment in (now, last))
    assert expected is is_sweep_missed(time(3), AMSTERDAM, then, here), story
