"""The daemon's heartbeat: a small file that says how it fares, and the check that reads it.

``python -m connector.service.health [CONFIG]`` exits 0 while the daemon lives and every lane is
fresh, else 1 with one line per reason. It opens no ledger and asks no channel, so a container may
run it every few seconds. Ages are reckoned on the monotonic clock, which no change of the wall
clock moves, and which all processes of one boot share.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

#: Seconds between two beats, and after how many the daemon counts as dead.
BEAT_S: Final = 5.0
SILENT_S: Final = 30.0

#: A worker that shows no sign for so long hangs: longer than the longest call with its retries.
WEDGED_S: Final = 900.0

_SQLITE: Final = "sqlite:///"
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class LaneSign:
    """One lane's last signs, in seconds of the monotonic clock.

    Attributes:
        looked_at: when it was last read to its end; None: not since this daemon began.
        stirred_at: when something of it was last read or written, or the daemon began.
        interval_s: how often it is to be read: ``every``, stretched by the budget.
        stopped: what a person has to mend first; "" where nothing.
    """

    lane: str
    looked_at: float | None
    stirred_at: float
    interval_s: float
    stopped: str = ""

    def is_late(self, now: float) -> bool:
        """Nothing read for three times the interval, and the present reading does not move either."""
        return now - max(self.looked_at or 0.0, self.stirred_at) > max(3 * self.interval_s, SILENT_S)


@dataclass(frozen=True)
class Heartbeat:
    """How the daemon fares at one beat. ``trouble``: why all lanes stand still, "" while they go."""

    boot: str
    pid: int
    beat_at: float
    lanes: tuple[LaneSign, ...] = ()
    workers: tuple[tuple[str, float], ...] = ()  # channel, and when its worker last showed a sign
    trouble: str = ""


def boot_id() -> str:
    """Names this boot of the machine: monotonic times of two boots cannot be compared."""
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def problems(beat: Heartbeat, boot: str, now: float) -> Iterator[str]:
    """Why a daemon with this heartbeat is not well; nothing while it is."""
    if beat.boot != boot or now - beat.beat_at > SILENT_S:
        yield "the daemon is dead or hangs: it shows no sign of life"
        return
    if beat.trouble:
        yield beat.trouble
    for channel, stirred_at in beat.workers:
        if now - stirred_at > WEDGED_S:
            yield f"{channel}: its worker hangs since {now - stirred_at:.0f} s"
    for lane in beat.lanes:
        if lane.stopped:
            yield f"{lane.lane}: stopped: {lane.stopped}"
        elif lane.is_late(now):
            yield f"{lane.lane}: overdue, nothing was read there for {now - lane.stirred_at:.0f} s"


def heartbeat_path(config: Path) -> Path:
    """Where the daemon of a configuration leaves its heartbeat: ``CONNECTOR_HEARTBEAT``, else beside a
    SQLite ledger, else among the temporary files. Reads the configuration as far as it needs to."""
    if given := os.environ.get("CONNECTOR_HEARTBEAT"):
        return Path(given)
    base = config.absolute()
    with base.open("rb") as file:
        ledger = str(tomllib.load(file).get("connector", {}).get("ledger", f"{_SQLITE}var/ledger.db"))
    if ledger.startswith(_SQLITE):
        return base.parent / (ledger.removeprefix(_SQLITE) + ".heartbeat")
    name = sha256(str(base).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"connector-{name}.heartbeat"


def write_heartbeat(path: Path, beat: Heartbeat) -> None:
    """Replace the file as a whole; a reader never meets half of one. Raises OSError."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(beat), file)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read_heartbeat(path: Path) -> Heartbeat | None:
    """The last heartbeat; None where there is none that can be read."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        lanes = tuple(LaneSign(**lane) for lane in stored.pop("lanes"))
        workers = tuple((str(channel), float(at)) for channel, at in stored.pop("workers"))
        return Heartbeat(**stored, lanes=lanes, workers=workers)
    return None


def drop_heartbeat(path: Path) -> None:
    """A daemon that ended cleanly leaves no heartbeat."""
    path.unlink(missing_ok=True)


def check(config: Path) -> list[str]:
    """Every reason why the daemon of this configuration is not well; none while it is."""
    try:
        path = heartbeat_path(config)
    except (OSError, ValueError) as error:
        return [f"{config}: it cannot be read: {error}"]
    beat = read_heartbeat(path)
    if beat is None:
        return [f"no daemon has left a heartbeat at {path} (`connector run` starts one)"]
    return list(problems(beat, boot_id(), time.monotonic()))


def main(arguments: Sequence[str]) -> int:
    """Exit status 0: well. 1: not, with the reasons on stdout."""
    given = arguments[0] if arguments else os.environ.get("CONNECTOR_CONFIG", "config.toml")
    found = check(Path(given))
    sys.stdout.write("".join(f"{line}\n" for line in found or ["well"]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
