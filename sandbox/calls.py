"""The log and the counters of the calls that a stand-in answered."""

from __future__ import annotations

import threading
from collections import Counter, deque
from datetime import datetime
from typing import Any

KEPT = 20_000  # lines of the log; the counters count for ever


class Calls:
    """What was called; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._log: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._counters: Counter[str] = Counter()

    def note(self, at: datetime, method: str, template: str, path: str, status: int | None, fault: str | None) -> None:
        """Remember one call; ``status`` None is a connection that was cut before an answer."""
        line = {"at": at.isoformat(), "method": method, "path": path, "status": status, "fault": fault}
        with self._lock:
            self._counters[f"{method} {template}"] += 1
            self._log.append(line)

    def as_json(self) -> dict[str, Any]:
        """``{"total", "counters", "log"}``, the log oldest first."""
        with self._lock:
            counters = dict(sorted(self._counters.items()))
            return {"total": sum(counters.values()), "counters": counters, "log": list(self._log)}

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._log.clear()
            self._counters.clear()
