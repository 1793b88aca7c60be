"""Waiting for a condition that another process or thread brings about."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: Anything that is waited for here comes within seconds, or never.
PATIENCE_S = 60.0
LOOK_S = 0.01


def wait_until(holds: Callable[[], object], what: str) -> None:
    """Come back as soon as it holds; AssertionError, in the words of ``what``, where it does not come about."""
    pause, ends = threading.Event(), time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < ends, f"waited in vain until {what}"
        pause.wait(LOOK_S)


@contextmanager
def meanwhile(*works: Callable[[], None]) -> Iterator[None]:
    """Do each of these in a thread of its own while the block runs; the first failure of one is raised at its end."""
    failed: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as wrong:  # noqa: BLE001  # raised below, in the thread that waits
            failed.append(wrong)

    threads = [threading.Thread(target=guarded, args=(work,), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for thread in threads:
            thread.join()
    if failed:
        raise failed[0]
