"""Calls a minute and a day, and the block after too many errors (E28 to E38)."""

from __future__ import annotations

from collections import defaultdict, deque
from datetime import datetime, timedelta

from sandbox.clock import Clock
from sandbox.exact_online.errors import RefusedError
from sandbox.exact_online.settings import Settings

HOUR = timedelta(hours=1)
COUNTED = {400, 401, 403, 404}  # E38


class Limits:
    """The counters of one app in one division; ``active`` False counts, never refuses, and says so in its numbers."""

    def __init__(self, clock: Clock, settings: Settings, active: bool) -> None:
        self._clock, self._settings, self._active = clock, settings, active
        self._minute: tuple[datetime | None, int] = (None, 0)
        self._day: tuple[datetime | None, int] = (None, 0)
        self._errors: dict[str, deque[datetime]] = defaultdict(deque)
        self._blocked_until: datetime | None = None
        self._blocks = 0

    def enter(self) -> None:
        """Count a call; 429 with only the set of the limit that was hit and an empty body (E29, E33, E34)."""
        now = self._clock.now()
        self._roll(now)
        day_limit, minute_limit = self._number("day_limit"), self._number("minute_limit")
        if self._day[1] >= day_limit:
            raise RefusedError(429, "", _header_set("", day_limit, 0, _next_day(now)))
        if self._minute[1] >= minute_limit:
            raise RefusedError(429, "", _header_set("Minutely-", minute_limit, 0, _next_minute(now)))
        self._day = (self._day[0], self._day[1] + 1)
        self._minute = (self._minute[0], self._minute[1] + 1)

    def _number(self, name: str) -> int:
        """A limit; none is a number that nobody reaches, and so are all where they are off."""
        value = self._settings.number(name) if self._active else None
        return 10**9 if value is None else value

    def _roll(self, now: datetime) -> None:
        """The minute begins at whole minutes (E32), the day at 00:00 UTC (E30)."""
        minute, day = _next_minute(now), _next_day(now)
        if self._minute[0] != minute:
            self._minute = (minute, 0)
        if self._day[0] != day:
            self._day = (day, 0)

    def headers(self) -> dict[str, str]:
        """Both sets, as a successful answer carries them (E31, E32)."""
        now = self._clock.now()
        self._roll(now)
        day, minute = self._number("day_limit"), self._number("minute_limit")
        return _header_set("", day, max(0, day - self._day[1]), _next_day(now)) | _header_set(
            "Minutely-", minute, max(0, minute - self._minute[1]), _next_minute(now)
        )

    def check_block(self) -> None:
        """403 while the app key is blocked; the notes give no recorded body for it."""
        if self._active and self._blocked_until is not None and self._clock.now() < self._blocked_until:
            raise RefusedError(403, "Forbidden - API error limit exceeded")

    def note_error(self, endpoint: str, status: int) -> None:
        """Count an error; more than 10 in an hour at one endpoint block the key, longer each time (E38)."""
        if status not in COUNTED and not (status == 500 and self._settings.on("count_500")):
            return
        now = self._clock.now()
        seen = self._errors[endpoint]
        seen.append(now)
        while seen[0] <= now - HOUR:
            seen.popleft()
        if len(seen) > self._number("error_limit"):
            self._blocks += 1
            self._blocked_until = now + self._blocks * HOUR
            seen.clear()

    def as_json(self) -> dict[str, object]:
        """The counters for the control interface."""
        errors = {endpoint: len(seen) for endpoint, seen in self._errors.items() if seen}
        return {
            "minute": self._minute[1],
            "day": self._day[1],
            "errors": errors,
            "blocked_until": self._blocked_until,
            "blocks": self._blocks,
        }


def _next_minute(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0) + timedelta(minutes=1)


def _next_day(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def _header_set(infix: str, limit: int, remaining: int, reset: datetime) -> dict[str, str]:
    """One set; the reset in epoch milliseconds (E32)."""
    return {
        f"X-RateLimit-{infix}Limit": str(limit),
        f"X-RateLimit-{infix}Remaining": str(remaining),
        f"X-RateLimit-{infix}Reset": str(round(reset.timestamp() * 1000)),
    }
