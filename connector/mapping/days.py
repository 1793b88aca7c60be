"""Converters of days and moments.

A day is the shop's calendar day. Wall time that is written as if it were UTC (``/Date(ms)/``)
gives its day by its digits; it never goes through UTC (canonical-model 0).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connector.mapping.context import Context
from connector.mapping.converter import Converter, Unfit, converter
from connector.mapping.values import text_of

_WALL: Final = re.compile(r"^\\?/Date\((-?\d+)\)\\?/$")
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001  # wall time has no zone
_DAY: Final = timedelta(days=1)


def wall_time(raw: object) -> datetime:
    """The digits on the clock of a native time: ``/Date(ms)/`` or ISO 8601, its zone kept if it names one."""
    text = text_of(raw).strip()
    if found := _WALL.match(text):
        return _EPOCH + timedelta(milliseconds=int(found[1]))
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise Unfit("is no date") from None


def zone_of(name: str) -> ZoneInfo:
    """A time zone by its name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise Unfit("is in an unknown time zone") from None


def day_of(raw: object) -> date | None:
    """The calendar day that is written there, None for nothing."""
    return None if raw in (None, "") else wall_time(raw).date()


@converter("days")
@dataclass(frozen=True)
class Days(Converter):
    """A calendar day.

    ``time`` is what the channel wants behind it (``00:00:00``). With ``moment`` the channel holds
    UTC moments: the shop's midnight, or its last second, is converted by the shop's zone.
    """

    time: str = ""
    moment: bool = False

    def get(self, raw: Any, context: Context) -> Any:
        if raw == "":
            return None
        at = wall_time(raw)
        if self.moment:
            at = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(zone_of(context.zone))
        return at.date().isoformat()

    def put(self, value: Any, before: Any, context: Context) -> Any:
        day = wall_time(value).date()
        if not self.moment:
            return f"{day.isoformat()} {self.time}" if self.time else day.isoformat()
        at = datetime.combine(day, time.fromisoformat(self.time or "00:00:00"), zone_of(context.zone))
        return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@converter("moment")
@dataclass(frozen=True)
class Moment(Converter):
    """A moment, canonically UTC to the second.

    ``clock``: whose digits a native time without a zone shows, the ``shop``'s or ``utc``. In the
    night that has an hour twice the first is taken; in the one that lacks an hour, the time that
    the clock would have shown without the change.
    """

    clock: Literal["shop", "utc"] = "shop"
    write: Literal["iso", "blank"] = "iso"
    _FORMATS: ClassVar[dict[str, str]] = {"iso": "%Y-%m-%dT%H:%M:%S", "blank": "%Y-%m-%d %H:%M:%S"}

    def get(self, raw: Any, context: Context) -> Any:
        at = wall_time(raw)
        if at.tzinfo is None:
            at = at.replace(tzinfo=self._zone(context))
        return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def put(self, value: Any, before: Any, context: Context) -> Any:
        at = wall_time(value)
        if at.tzinfo is None:
            raise Unfit("is a moment without a zone")
        return at.astimezone(self._zone(context)).strftime(self._FORMATS[self.write])

    def _zone(self, context: Context) -> ZoneInfo:
        return zone_of("UTC" if self.clock == "utc" else context.zone)


@converter("within_days")
@dataclass(frozen=True)
class WithinDays(Converter):
    """A flag that holds from a first to a last day, both inclusive, open where empty: [first, last].

    True opens the period today and without an end, false ends it yesterday; days that already say
    so are left alone, an end in the future too.
    """

    nulls: ClassVar[bool] = True

    def get(self, raw: Any, context: Context) -> Any:
        first, last = day_of(raw[0]), day_of(raw[1])
        return (first is None or first <= context.as_of) and (last is None or context.as_of <= last)

    def put(self, value: Any, before: Any, context: Context) -> Any:
        first, last = _readable(before[0]), _readable(before[1])
        if value:
            begins = first is not None and first <= context.as_of
            ends = last is not None and last < context.as_of
            return [before[0] if begins else context.as_of.isoformat(), None if ends else before[1]]
        yesterday = context.as_of - _DAY
        begins = first is not None and first <= yesterday
        return [before[0] if begins or first is None else yesterday.isoformat(), yesterday.isoformat()]

    def changes_at(self, raw: Any, context: Context) -> date | None:
        first, last = _readable(raw[0]), _readable(raw[1])
        days = [first, last + _DAY if last is not None and last < date.max else None]
        return min((day for day in days if day is not None and day > context.as_of), default=None)


def _readable(raw: object) -> date | None:
    try:
        return day_of(raw)
    except Unfit:
        return None
