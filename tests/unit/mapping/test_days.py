"""Days and moments, and the two nights on which the clock changes."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.mapping.context import Context
from connector.mapping.converter import Chain, Unfit
from connector.mapping.days import Days, Moment, WithinDays
from tests.unit.mapping.strategies import days, unhurried, wall

TODAY = date(2026, 11, 21)
HERE = Context(TODAY, "Europe/Amsterdam")


@pytest.mark.parametrize(
    ("native", "day"),
    [
        ("/Date(1764547200000)/", "2025-12-01"),
        (r"\/Date(1764547200000)\/", "2025-12-01"),
        ("/Date(1792886400000)/", "2026-10-25"),
        ("/Date(1774742400000)/", "2026-03-29"),
        ("/Date(-86400000)/", "1969-12-31"),
        ("2026-11-20", "2026-11-20"),
        ("2026-11-20T00:00:00", "2026-11-20"),
        ("2026-11-20 23:59:59", "2026-11-20"),
        ("", None),
    ],
)
def test_a_day_comes_from_its_digits(native: str, day: str | None) -> None:
    """Row 26 of known-failures: wall time written as if it were UTC never goes through UTC."""
    assert day == Days().get(native, HERE)


@pytest.mark.parametrize(
    ("day", "midnight", "last_second"),
    [
        ("2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T21:59:59Z"),
        ("2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T22:59:59Z"),
        ("2026-11-21", "2026-11-20T23:00:00Z", "2026-11-21T22:59:59Z"),
    ],
)
def test_a_day_in_a_channel_of_moments(day: str, midnight: str, last_second: str) -> None:
    """Row 26 of known-failures: the day that lacks an hour and the one that has one more keep their ends."""
    first, last = Days(time="00:00:00", moment=True), Days(time="23:59:59", moment=True)
    assert (midnight, last_second) == (first.put(day, None, HERE), last.put(day, None, HERE))
    assert (day, day) == (first.get(midnight, HERE), last.get(last_second, HERE))


@given(days)
@unhurried
def test_a_day_comes_back_as_it_was_sent(day: date) -> None:
    """Whatever the form, on any day of the year."""
    forms = [Days(), Days(time="23:59:59"), Days(time="00:00:00", moment=True)]
    assert [day.isoformat()] * 3 == [form.get(form.put(day.isoformat(), None, HERE), HERE) for form in forms]
    assert day.isoformat() == Days().get(wall(day), HERE)


@pytest.mark.parametrize(
    ("story", "native", "moment"),
    [
        ("winter", "2026-11-20T16:28:10", "2026-11-20T15:28:10Z"),
        ("summer", "/Date(1782404890063)/", "2026-06-25T14:28:10Z"),
        ("the hour that comes twice: the first", "2026-10-25T02:30:00", "2026-10-25T00:30:00Z"),
        ("the hour that does not exist", "2026-03-29T02:30:00", "2026-03-29T01:30:00Z"),
        ("it names its zone", "2026-06-25T14:28:10+00:00", "2026-06-25T14:28:10Z"),
    ],
)
def test_wall_time_is_read_in_the_shops_zone(story: str, native: str, moment: str) -> None:
    """Row 26 of known-failures: a clock without a zone is the shop's, on both DST nights too."""
    assert moment == Moment().get(native, HERE), story


def test_a_moment_is_written_on_the_channels_clock() -> None:
    """In the shop's time or in UTC, with a T or a blank."""
    assert "2026-11-20T16:28:10" == Moment().put("2026-11-20T15:28:10Z", None, HERE)
    assert "2026-11-20 15:28:10" == Moment("utc", "blank").put("2026-11-20T15:28:10Z", None, HERE)
    assert "2026-11-20T15:28:10Z" == Moment("utc").get("2026-11-20 15:28:10", HERE)


@pytest.mark.parametrize(
    ("lens", "native", "zone"),
    [(Days(), "morgen", "UTC"), (Moment(), "2026-13-01", "UTC"), (Moment(), "2026-11-20T10:00:00", "Mars/Olympus")],
)
def test_what_is_no_date_is_refused(lens: Any, native: str, zone: str) -> None:
    """Neither a text nor an unknown zone becomes a day."""
    with pytest.raises(Unfit):
        lens.get(native, Context(TODAY, zone))


def test_a_moment_without_a_zone_is_no_moment() -> None:
    """A canonical moment is UTC, and says so."""
    with pytest.raises(Unfit, match="without a zone"):
        Moment().put("2026-11-20T10:00:00", None, HERE)


@pytest.mark.parametrize(
    ("story", "first", "last", "active", "changes_at"),
    [
        ("open", None, None, True, None),
        ("since last year", "2025-12-01", None, True, None),
        ("from today", "2026-11-21", None, True, None),
        ("until today", None, "2026-11-21", True, "2026-11-22"),
        ("until the new year", "2025-12-01", "2026-12-31", True, "2027-01-01"),
        ("from tomorrow", "2026-11-22", None, False, "2026-11-22"),
        ("until yesterday", None, "2026-11-20", False, None),
        ("not yet, and not for ever", "2026-12-01", "2026-12-31", False, "2026-12-01"),
    ],
)
def test_a_period_holds_from_its_first_to_its_last_day(
    story: str, first: str | None, last: str | None, active: bool, changes_at: str | None
) -> None:
    """It begins and ends by the clock alone, so the next day on which it does is named beforehand."""
    day = WithinDays().changes_at([first, last], HERE)
    assert active == WithinDays().get([first, last], HERE), story
    assert changes_at == (day.isoformat() if day else None), story


@pytest.mark.parametrize(
    ("story", "before", "active", "after"),
    [
        ("retired", ["2025-12-01", None], False, ["2025-12-01", "2026-11-20"]),
        ("retired before its announced end", ["2025-12-01", "2026-12-31"], False, ["2025-12-01", "2026-11-20"]),
        ("retired on its first day", ["2026-11-21", None], False, ["2026-11-20", "2026-11-20"]),
        ("back again", ["2025-12-01", "2026-01-31"], True, ["2025-12-01", None]),
        ("sooner than announced", ["2026-12-01", None], True, ["2026-11-21", None]),
        ("already so, with an end to come", ["2025-12-01", "2026-12-31"], True, ["2025-12-01", "2026-12-31"]),
        ("already over", [None, "2020-01-01"], False, [None, "2020-01-01"]),
    ],
)
def test_a_period_is_opened_and_closed(story: str, before: list[Any], active: bool, after: list[Any]) -> None:
    """False ends it yesterday, true opens it today; what already says so keeps its days."""
    assert after == Chain((WithinDays(),)).put(active, before, HERE), story


@given(days, st.none() | days, st.none() | days, st.booleans())
@unhurried
def test_a_period_shows_what_was_written(today: date, first: date | None, last: date | None, active: bool) -> None:
    """Whatever stood there, it is active today if it should be, and stays so when written again."""
    here, lens = Context(today, "Europe/Amsterdam"), Chain((WithinDays(),))
    written = lens.put(active, [first and wall(first), last and wall(last)], here)
    assert active == lens.get(written, here)
    assert written == lens.put(active, written, here)


def test_a_new_record_says_since_when() -> None:
    """A channel that fills in a day of its own is told today's."""
    assert ["2026-11-21", None] == Chain((WithinDays(),)).put(True, [None, None], HERE, creating=True)
