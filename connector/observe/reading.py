"""Which read rows come from, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from connector.parts import Lane


@dataclass
class Tally:
    """What became of the rows of one read: numbers alone, so that a long listing costs no more than a short one."""

    rows: int = 0
    unchanged: int = 0
    merged: int = 0
    dropped: int = 0
    created: int = 0
    linked: int = 0
    waiting: int = 0
    parked: int = 0
    refused: int = 0
    gone: int = 0

    def add(self, other: Tally) -> None:
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))


@dataclass(frozen=True)
class Reading:
    """Which read the rows come from; ``clock_offset``: how far the channel's clock is ahead of ours."""

    lane: Lane
    read_sequence: int
    began_at: datetime
    since: datetime | None
    clock_offset: timedelta = timedelta(0)
