"""A script played from its first event to its last, with the checker asked whenever all is quiet."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from connector.errors import ConnectorError
from simulator.checker import faults
from simulator.script import Event
from simulator.stage import NeverQuietError, Stage, Tally, staged

#: Where ledgers are kept: in memory where there is such a place. A simulated power cut loses no more than a commit
#: that was not made, so nothing here waits for a disk.
IN_MEMORY: Final = Path("/dev/shm")  # noqa: S108  a folder of one's own is made in it


@dataclass
class Told:
    """What a story came to: the promises that were broken, and what it was made of."""

    broken: list[str] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)

    @property
    def verdict(self) -> str:
        """Which promise was broken, without the values: what a shorter story must break as well."""
        return self.broken[0].partition(":")[0] if self.broken else ""


def tell(events: Sequence[Event], seed: int) -> Told:
    """Play these events. The same events and seed come to the same end, in any process."""
    random.seed(seed)  # the engine's jitter
    parent = IN_MEMORY if IN_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="story-", dir=parent) as folder:
        told = Told()
        try:
            with staged(Path(folder)) as stage:
                told.tally = stage.tally
                told.broken += _play(stage, events)
        except NeverQuietError as why:
            told.broken.append(f"quiet: {why}")
        except ConnectorError as error:
            told.broken.append(f"error: {type(error).__name__}: {error}")
        return told


def _play(stage: Stage, events: Sequence[Event]) -> list[str]:
    quiet_from = len(stage.log)
    for event in (*events, None):
        if event is not None and event.what != "quiet":
            stage.play(event)
            continue
        stage.rest()
        broken = list(faults(stage.log, stage.shown(), quiet_from))
        if broken:
            return broken
        quiet_from = len(stage.log)
    return []
