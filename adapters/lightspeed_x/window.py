"""The rate limit: a fixed window of five minutes, of which answers tell the size and what is left, not the end.

The first answer in a window bounds its end from above; more calls left than before means that a new
one has begun. Only a 429 names the end, as a date by the server's clock (NOTES section 3).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final

from connector.contract import Limit
from connector.transport import Answer, retry_after

NAME: Final = "window"
LENGTH: Final = timedelta(minutes=5)
#: One register: 300 + 50 (NOTES section 3).
ASSUMED: Final = 350


class Window:
    """What the present window is known to be."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._ends: datetime | None = None
        self._remaining = 0
        self._limit = 0

    @property
    def told(self) -> str:
        """What the shop said last, "" before it said anything."""
        return f"{self._remaining} of {self._limit} calls left in {LENGTH.seconds // 60} minutes" if self._limit else ""

    def limits(self, answer: Answer) -> Sequence[Limit]:
        """The budget as this answer's headers tell it; nothing where they don't."""
        limit, remaining = (answer.headers.get(f"X-RateLimit-{name}", "") for name in ("Limit", "Remaining"))
        if not (limit.isdigit() and remaining.isdigit()):
            return ()
        self._limit = int(limit)
        return [Limit(NAME, self._limit, int(remaining), self._end(answer, int(remaining)))]

    def _end(self, answer: Answer, remaining: int) -> datetime:
        now = self._now()
        told = retry_after(answer, now) if answer.status == HTTPStatus.TOO_MANY_REQUESTS else None
        if told is not None:
            self._ends = told
        elif self._ends is None or now >= self._ends or remaining > self._remaining:
            self._ends = now + LENGTH
        self._remaining = remaining
        return self._ends
