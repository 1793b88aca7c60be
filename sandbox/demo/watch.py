"""``connector status --json --watch``, running beside the daemon: one process instead of one for each look."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

#: Between two looks.
EVERY_S = 0.2
#: A look that takes longer says that something is wrong.
LOOK_S = 60


class Status:
    """What the last look found."""

    def __init__(self, lines: IO[str]) -> None:
        self._looked = threading.Condition()
        self._looks = 0
        self._last = ""
        threading.Thread(target=self._read, args=(lines,), daemon=True).start()

    def now(self) -> dict[str, Any]:
        """A look that began after this was asked: the second to come, since the first may be under way."""
        with self._looked:
            wanted = self._looks + 2
            if not self._looked.wait_for(lambda: self._looks >= wanted, LOOK_S):
                raise RuntimeError("`connector status --watch` says nothing any more")
            return dict(json.loads(self._last))

    def _read(self, lines: IO[str]) -> None:
        for line in lines:
            with self._looked:
                self._last, self._looks = line, self._looks + 1
                self._looked.notify_all()


@contextmanager
def status_watched(folder: Path) -> Iterator[Status]:
    """The status of the shop in a folder, looked at until the block ends."""
    command = [sys.executable, "-m", "connector", "status", "--json", "--watch", str(EVERY_S)]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)  # noqa: S603  # our own
    assert process.stdout is not None
    try:
        yield Status(process.stdout)
    finally:
        process.terminate()
        process.wait(timeout=LOOK_S)
