"""The host's dates: wall time written as if it were UTC (facts 58 to 64)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

_DATE: Final = re.compile(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/")
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 wall time has no zone
_CENTRAL: Final = "Europe/Amsterdam"
#: Zones of the hosts; all the others share Amsterdam's (fact 59).
_ZONES: Final = {"uk": "Europe/London"}
#: A stated server time and the Date header of the same answer belong together within this.
_CLOSE: Final = timedelta(minutes=2)
_QUARTER: Final = timedelta(minutes=15)


def zone_of(base_url: str) -> str:
    """The zone in which a host presumably writes its moments."""
    host = urlsplit(base_url).hostname or ""
    return _ZONES.get(host.rpartition(".")[2], _CENTRAL)


def wall_time(value: Any) -> datetime | None:
    """``/Date(1782404890063)/`` by its digits, without a zone; None where there is none."""
    found = _DATE.fullmatch(value) if isinstance(value, str) else None
    return _EPOCH + timedelta(milliseconds=int(found[1])) if found else None


def day(value: Any) -> date | None:
    """The day of a date, by its digits; also of a day as we write it (``2026-06-25``)."""
    wall = wall_time(value)
    if wall is not None:
        return wall.date()
    return date.fromisoformat(value[:10]) if isinstance(value, str) and value else None


@dataclass(frozen=True)
class HostClock:
    """The host's wall clock.

    Attributes:
        zone: None where its wall time fits no zone: moments are unknown then.
        agrees: what its stated time said about the zone that was presumed; None before it was asked.
    """

    zone: tzinfo | None
    agrees: bool | None = None

    def utc(self, value: Any) -> datetime | None:
        """A moment in UTC. Of the hour that comes twice in autumn, the later one: never before the edit."""
        wall = wall_time(value)
        if wall is None or self.zone is None:
            return None
        return wall.replace(tzinfo=self.zone, fold=1).astimezone(UTC)

    def wall(self, now: datetime) -> datetime:
        """What the host's clock shows at a moment."""
        return now.astimezone(self.zone or ZoneInfo(_CENTRAL))

    def today(self, now: datetime) -> str:
        """The host's day, as it is sent."""
        return self.wall(now).date().isoformat()

    def compared(self, stated: datetime, at: datetime) -> HostClock:
        """The clock once the server has stated its wall time at a moment (UTC).

        Where that contradicts the presumed zone, the offset it shows is taken, if it is one that a
        zone can have: it holds until the host's clocks change, and ``check`` asks for the zone.
        """
        offset = stated - at.replace(tzinfo=None)
        if abs(offset - (self.wall(at).utcoffset() or timedelta(0))) <= _CLOSE:
            return HostClock(self.zone, agrees=True)
        rounded = round(offset / _QUARTER) * _QUARTER
        fits = abs(offset - rounded) <= _CLOSE and abs(rounded) <= timedelta(hours=14)
        return HostClock(timezone(rounded) if fits else None, agrees=False)
