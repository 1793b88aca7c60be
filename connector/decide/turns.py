"""Whose turn it is where a channel holds one period at a time (canonical-model 3, promo). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

Name = TypeVar("Name")


@dataclass(frozen=True, slots=True)
class Period:
    """Days, inclusive; None: open."""

    starts: date | None
    ends: date | None = None

    def covers(self, day: date) -> bool:
        return (self.starts is None or self.starts <= day) and (self.ends is None or day <= self.ends)


def whose_turn(periods: Mapping[Name, Period], today: date) -> Name | None:
    """The period that covers today (of several the one that began last), else the next; None: all are over."""
    running = {name: period for name, period in periods.items() if period.covers(today)}
    if running:
        return max(running, key=lambda name: running[name].starts or date.min)
    coming = {name: period.starts for name, period in periods.items() if period.starts and period.starts > today}
    return min(coming, key=lambda name: coming[name]) if coming else None


def next_turn(periods: Mapping[Name, Period], today: date) -> date | None:
    """The next day on which another may be in turn by the calendar alone."""
    begins = [period.starts for period in periods.values() if period.starts]
    after = [period.ends + timedelta(days=1) for period in periods.values() if period.ends]
    return min((day for day in (*begins, *after) if day > today), default=None)
