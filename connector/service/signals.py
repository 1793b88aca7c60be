"""Signals as values: blocked everywhere, waited for in one place.

A handler would run between any two instructions of the main thread, also inside a lock that it
then waits for; waiting for signals has no such corner.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Literal

Word = Literal["end", "reload"]

#: Waits so many seconds at most; None where nobody said anything.
Listen = Callable[[float], Word | None]

_MEANING: Final[dict[int, Word]] = {signal.SIGTERM: "end", signal.SIGINT: "end", signal.SIGHUP: "reload"}


@contextmanager
def listening() -> Iterator[Listen]:
    """SIGTERM and SIGINT mean the end, SIGHUP a reload. To be entered on the main thread, before others begin."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _MEANING)
    try:
        yield _wait
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _wait(seconds: float) -> Word | None:
    came = signal.sigtimedwait(_MEANING, seconds)
    return None if came is None else _MEANING[came.si_signo]
