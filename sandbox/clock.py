"""The stand-in's own time: token windows, minutes and days pass at a word."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta


class Clock:
    """Real UTC plus an offset; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._offset = timedelta(0)

    def now(self) -> datetime:
        """The stand-in's present moment, aware, in UTC."""
        with self._lock:
            return datetime.now(UTC) + self._offset

    @property
    def offset_s(self) -> int:
        """Whole seconds that the stand-in's time is ahead of real time."""
        with self._lock:
            return round(self._offset.total_seconds())

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass at once (negative: back)."""
        with self._lock:
            self._offset += timedelta(seconds=seconds)

    def set(self, moment: datetime) -> None:
        """Make it ``moment`` now; ValueError when it bears no zone."""
        if moment.tzinfo is None:
            raise ValueError(f"{moment.isoformat()} has no zone; write it with one, for example +00:00")
        with self._lock:
            self._offset = moment - datetime.now(UTC)
