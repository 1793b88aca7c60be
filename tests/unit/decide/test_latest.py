"""When an edit was made, and which of two was the later."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from connector.decide.latest import edit_interval, is_later, later_of
from connector.model.binding import Provenance
from tests.unit.decide.sides import at

SECOND = 1 / 60


@pytest.mark.parametrize(
    ("story", "last_seen", "modified", "offset_min", "jumped", "expected"),
    [
        ("between the last read and its date", at(0), at(3), 0, False, (at(0), at(3))),
        ("a clock that is fast is corrected", at(0), at(5), 2, False, (at(0), at(3))),
        ("a date in the future is capped at the read", at(0), at(99), 0, False, (at(0), at(5))),
        ("no date: the read bounds it", at(0), None, 0, False, (at(0), at(5))),
        ("never seen before: no beginning", None, at(3), 0, False, (None, at(3))),
        ("the date did not move with the edit: our own reads bound it", at(2), at(1), 0, False, (at(2), at(5))),
        ("after a clock jump, its date alone", at(2), at(1), 0, True, (at(1), at(1))),
    ],
)
def test_where_an_edit_lies(
    story: str,
    last_seen: datetime | None,
    modified: datetime | None,
    offset_min: int,
    jumped: bool,
    expected: tuple[datetime | None, datetime],
) -> None:
    """An edit lies between the last read that showed the shadow and the corrected, capped modification time."""
    interval = edit_interval(
        last_seen, modified, at(5), clock_offset=timedelta(minutes=offset_min), clock_jumped=jumped
    )
    assert expected == interval


def span(since: float | None, until: float | None) -> Provenance:
    return Provenance("shop", None if until is None else at(until), None if since is None else at(since))


@pytest.mark.parametrize(
    ("story", "one", "other", "expected"),
    [
        ("clearly after", span(5, 6), span(1, 2), True),
        ("clearly before", span(1, 2), span(5, 6), False),
        ("overlapping", span(1, 6), span(5, 9), False),
        ("in the same second", span(2 + SECOND / 2, 3), span(1, 2), False),
        ("a second later", span(2 + SECOND, 3), span(1, 2), True),
        ("an unknown beginning proves nothing", span(None, 6), span(1, 2), False),
        ("an unknown end proves nothing", span(5, 6), span(1, None), False),
        ("other ends may be unknown", span(5, None), span(None, 2), True),
        ("a clock that contradicts itself proves nothing", span(9, 6), span(1, 2), False),
    ],
)
def test_which_was_later(story: str, one: Provenance, other: Provenance, expected: bool) -> None:
    """Only intervals that lie apart by whole seconds have an order; all else is a tie."""
    assert expected == is_later(one, other)


def test_two_edits_cannot_both_be_later() -> None:
    """Later is asymmetric, over every pair of spans."""
    spans = [span(a, b) for a in (None, 0, 1, 2) for b in (None, 0, 1, 2)]
    assert not any(is_later(one, other) and is_later(other, one) for one in spans for other in spans)


def test_the_later_of_two_times() -> None:
    """The later of two edits lies between the later beginnings and the later ends; unknown ends stay unknown."""
    assert span(3, 9) == later_of(span(1, 9), span(3, 4))
    assert span(3, None) == later_of(span(None, 9), span(3, None))
