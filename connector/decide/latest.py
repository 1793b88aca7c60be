"""When an edit was made, as far as it can be known, and which of two was the later.

A channel dates records, not fields, and our own writes move that date: an edit is an interval,
not a moment (sync-model 2, ``latest``).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from connector.model.binding import Provenance


def edit_interval(
    last_seen_at: datetime | None,
    modified_at: datetime | None,
    read_at: datetime,
    *,
    clock_offset: timedelta = timedelta(0),
    clock_jumped: bool = False,
) -> tuple[datetime | None, datetime]:
    """The interval (since, at) in which an edit lies that a read at ``read_at`` has found.

    Args:
        last_seen_at: when the last read began that still showed the shadow; None: never seen before.
        modified_at: the record's own modification time in the channel's clock; None: it has none.
        read_at: when this read began. All in aware UTC.
        clock_offset: the channel's clock minus ours, as measured.
        clock_jumped: one of the clocks was set since; the modification time alone is used.

    A modification time before ``last_seen_at`` did not move with this edit (some systems do not date
    prices and stock), and says nothing about it: our own two reads then bound it.
    """
    dated = min(modified_at - clock_offset, read_at) if modified_at is not None else read_at
    if clock_jumped:
        return dated, dated
    if last_seen_at is not None and _second(dated) < _second(last_seen_at):
        dated = read_at
    return last_seen_at, dated


def is_later(one: Provenance, other: Provenance) -> bool:
    """Whether ``one`` was certainly edited after ``other``: the intervals lie apart by whole seconds.

    An unknown end reaches for ever, so that an unknown clock proves nothing.
    """
    begins, ends = one.since, other.at
    if begins is None or ends is None or _contradicts_itself(one) or _contradicts_itself(other):
        return False
    return _second(begins) > _second(ends)


def later_of(one: Provenance, other: Provenance) -> Provenance:
    """``one`` with the later of the two times: the interval in which the later of two edits lies."""
    since = max((m for m in (one.since, other.since) if m is not None), default=None)
    at = None if one.at is None or other.at is None else max(one.at, other.at)
    return replace(one, since=since, at=at, sequence=max(one.sequence, other.sequence))


def _contradicts_itself(edit: Provenance) -> bool:
    return edit.since is not None and edit.at is not None and _second(edit.since) > _second(edit.at)


def _second(moment: datetime) -> datetime:
    """Channels date to the second, some by cutting: finer differences are ties."""
    return moment.replace(microsecond=0)
