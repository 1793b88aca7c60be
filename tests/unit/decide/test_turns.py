"""Where a channel holds one period at a time, each has its turn."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.decide.turns import Period, next_turn, whose_turn

TODAY = date(2026, 11, 22)


def days(starts: str = "", ends: str = "") -> Period:
    return Period(date.fromisoformat(starts) if starts else None, date.fromisoformat(ends) if ends else None)


PAST, RUNNING = days("2026-10-01", "2026-10-31"), days("2026-11-01", "2026-11-30")
NEXT, LATER = days("2026-12-01", "2026-12-10"), days("2027-01-01")


@pytest.mark.parametrize(
    ("story", "periods", "first", "changes"),
    [
        ("nothing at all", {}, None, None),
        ("all are over", {"a": PAST}, None, None),
        ("one runs", {"a": PAST, "b": RUNNING, "c": NEXT}, "b", "2026-12-01"),
        ("one comes", {"a": PAST, "c": LATER, "b": NEXT}, "b", "2026-12-01"),
        ("two run: the later", {"a": days("2026-11-01"), "b": days("2026-11-20", "2026-11-25")}, "b", "2026-11-26"),
        ("the last day counts", {"a": days("2026-11-01", "2026-11-22"), "b": NEXT}, "a", "2026-11-23"),
        ("open on both ends", {"a": days(), "b": NEXT}, "a", "2026-12-01"),
    ],
)  # fmt: skip
def test_whose_turn_it_is(story: str, periods: dict[str, Period], first: str | None, changes: str | None) -> None:
    """The running one, else the next; and the day on which that may change."""
    assert first == whose_turn(periods, TODAY)
    assert (date.fromisoformat(changes) if changes else None) == next_turn(periods, TODAY)


dates = st.none() | st.dates(date(2026, 11, 1), date(2026, 12, 24))


@given(
    st.dictionaries(st.integers(0, 5), st.builds(Period, dates, dates), max_size=5),
    st.dates(date(2026, 11, 1), date(2026, 12, 24)),
)
def test_between_two_changes_the_turn_stays(periods: dict[int, Period], day: date) -> None:
    """Until the day that is stated, nobody else's turn comes by the calendar alone."""
    changes = next_turn(periods, TODAY)
    if TODAY <= day and (changes is None or day < changes):
        assert whose_turn(periods, TODAY) == whose_turn(periods, day)
