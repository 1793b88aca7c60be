"""The daemon: one process per ledger that keeps all lanes going until it is told to end.

It holds the engine's lock, beats its heart, and runs one shift after the other: another one after a
reload, and after the ledger has failed and come back. ``kill -9`` at any moment leaves debts and
writes in doubt in the ledger, and the lock to the next one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

import structlog

from connector.config.model import Config
from connector.contract import AdapterType
from connector.errors import ConfigError, LedgerError
from connector.ledger.credentials import begin_session, open_vault
from connector.ledger.engine import Database, open_ledger
from connector.ledger.lanes import read_meta
from connector.ledger.lock import AlreadyHeldError, EngineLock
from connector.ledger.store import Ledger
from connector.service import notify
from connector.service.health import (
    BEAT_S,
    Heartbeat,
    boot_id,
    drop_heartbeat,
    heartbeat_path,
    problems,
    write_heartbeat,
)
from connector.service.shift import Shift
from connector.service.signals import Listen
from connector.wiring import load_mappings, utc_now

#: Seconds that work in flight gets to end after SIGTERM. A second signal ends the wait at once.
DRAIN_S: Final = 30.0

#: Seconds between two looks at the signals and at what the threads report.
TICK_S: Final = 0.5

#: Seconds until a failed ledger is tried again: doubled each time up to the longest.
FIRST_RETRY_S: Final = 1.0
LONGEST_RETRY_S: Final = 60.0

#: A wall clock that moved by so much more or less than the monotonic one has been set.
JUMP_S: Final = 30.0

Ending = Literal["end", "reload", "reconciled"]


class Daemon:
    """See the module.

    Args:
        config: what it begins with.
        load: reads the configuration anew, for SIGHUP; raises ConfigError with every problem.
        listen: waits for the next word from outside.
        adapters: instead of those that entry points name.
    """

    def __init__(
        self,
        config: Config,
        load: Callable[[], Config],
        listen: Listen,
        *,
        now: Callable[[], datetime] = utc_now,
        adapters: Mapping[str, AdapterType] | None = None,
    ) -> None:
        self._config = config
        self._load = load
        self._listen = listen
        self._now = now
        self._adapters = adapters
        self._heartbeat: Path = heartbeat_path(config.path)
        self._log = structlog.get_logger(__name__)
        self._beat_at = float("-inf")
        self._retry_s = FIRST_RETRY_S
        self._reads_only_since: datetime | None = None

    def run(self) -> int:
        """Work until SIGTERM or SIGINT; 0 when it ended as it was told.

        Raises ConfigError and LedgerError where it cannot begin, AlreadyHeldError with the holder's
        name where another one works on this ledger.
        """
        load_mappings(self._config)
        database = open_ledger(self._config.ledger_url)
        lock = EngineLock(database, now=self._now)
        attempt = lock.take()
        self._log.info("daemon.started", ledger=str(database), attempt=attempt)
        if attempt > 1:
            self._log.warning("daemon.took_over", died_before=attempt - 1)
        self._begin_session(database)
        if self._serve(database, lock):
            drop_heartbeat(self._heartbeat)
            with suppress(LedgerError):  # the kernel frees the lock all the same
                lock.release()
            database.close()
        self._log.info("daemon.stopped")
        return 0

    def _begin_session(self, database: Database) -> None:
        if begin_session(database, open_vault(database), self._now):
            with Ledger(database, self._now).read() as session:
                noted = read_meta(session, "restored_at")
            self._reads_only_since = datetime.fromisoformat(noted) if noted else self._now()
            self._log.warning("ledger.restored", until="every channel was read completely, nothing is written")

    # Shifts ------------------------------------------------------------------------------------

    def _serve(self, database: Database, lock: EngineLock) -> bool:
        """One shift after the other; False where the last one had to be left at work."""
        while True:
            began = time.monotonic()
            try:
                ended = self._work_one(database, lock)
                if ended is not None:
                    return ended
            except AlreadyHeldError:
                raise
            except LedgerError as error:
                if time.monotonic() - began > LONGEST_RETRY_S:
                    self._retry_s = FIRST_RETRY_S
                if self._stands_still(lock, error):
                    return True

    def _work_one(self, database: Database, lock: EngineLock) -> bool | None:
        """One shift: None where another one follows, else whether all of its work has ended."""
        shift = self._begin_shift(database)
        try:
            ending = self._watch(shift, lock)
        except LedgerError:
            shift.end(self._never_late(lock))
            raise
        if ending == "end":
            return self._end_for_good(shift)
        shift.end(self._never_late(lock))
        return None

    def _begin_shift(self, database: Database) -> Shift:
        shift = Shift(
            self._config,
            database,
            now=self._now,
            adapters=self._adapters,
            writes=self._reads_only_since is None,
        )
        shift.begin()
        self._beat_at = float("-inf")
        notify.ready(self._status(shift, []))
        self._log.info("shift.began", **self._told())
        return shift

    def _told(self) -> dict[str, object]:
        return {"channels": sorted(self._config.channels), "entities": sorted(e.value for e in self._config.sync)}

    def _watch(self, shift: Shift, lock: EngineLock) -> Ending:
        """Beat and listen until something ends the shift. Raises LedgerError where the ledger does."""
        clock = _Clock(self._now)
        while True:
            word = self._listen(TICK_S)
            if shift.failed is not None:
                raise shift.failed
            if word == "end" or (word == "reload" and self._reload()):
                return word
            if clock.jumped():
                self._log.warning("clock.jumped")
                shift.timetable.restart()
            self._beat(shift, lock)
            if self._is_reconciled(shift):
                return "reconciled"

    def _is_reconciled(self, shift: Shift) -> bool:
        """A restored ledger may write again once every lane was listed completely (rule 5.10)."""
        if self._reads_only_since is None or not shift.is_read_whole(self._reads_only_since):
            return False
        uncertain = shift.reconcile()
        self._reads_only_since = None
        self._log.info("ledger.reconciled", uncertain=uncertain)
        return True

    def _reload(self) -> bool:
        """Read configuration and mappings anew; where they are wrong, or ask for more than that, the old ones go on."""
        notify.reloading()
        try:
            config = self._load()
            load_mappings(config)
            found = [] if config.ledger_url == self._config.ledger_url else ["another ledger needs a restart"]
        except ConfigError as error:
            found = [str(problem) for problem in error.problems]
        if found:
            self._log.error("reload.refused", problems=found)
            notify.ready("the new configuration is wrong, the old one goes on")
            return False
        self._config = config
        self._log.info("reload.taken")
        return True

    # The end -----------------------------------------------------------------------------------

    def _end_for_good(self, shift: Shift) -> bool:
        notify.stopping("finishing what is in flight")
        self._log.info("daemon.stopping", within_s=DRAIN_S)
        deadline = time.monotonic() + DRAIN_S
        ended = shift.end(lambda: time.monotonic() > deadline or self._listen(0) == "end")
        if not ended:
            self._log.warning("daemon.left_work", what="calls in flight are in doubt, and will be read back")
        return ended

    def _never_late(self, lock: EngineLock) -> Callable[[], bool]:
        """Between two shifts nothing may overlap: wait for calls in flight, however long, alive and beating."""

        def is_late() -> bool:
            if time.monotonic() - self._beat_at >= BEAT_S:
                self._beat_at = time.monotonic()
                with suppress(LedgerError):  # the next shift meets it again
                    lock.beat()
                self._write_heartbeat(Heartbeat(*self._self()))
                notify.alive("between two shifts")
            return False

        return is_late

    # The ledger fails --------------------------------------------------------------------------

    def _stands_still(self, lock: EngineLock, error: LedgerError) -> bool:
        """No lane works. Say so, wait, and try whether the ledger is ours and can be written; True: told to end."""
        wait_s, self._retry_s = self._retry_s, min(2 * self._retry_s, LONGEST_RETRY_S)
        self._log.error("ledger.failed", why=str(error), again_in_s=wait_s)
        self._beat_at = float("-inf")
        deadline = time.monotonic() + wait_s
        while (left := deadline - time.monotonic()) > 0:
            self._tell_trouble(str(error))
            if self._listen(min(left, TICK_S)) == "end":
                return True
        try:
            self._hold_again(lock)
        except AlreadyHeldError:
            raise
        except LedgerError as still:
            self._log.error("ledger.still_failing", why=str(still))
        return False

    def _hold_again(self, lock: EngineLock) -> None:
        """Beat; where the lock was lost, take it again, unless somebody else has it by now."""
        try:
            lock.beat()
        except LedgerError:
            with suppress(LedgerError):
                lock.release()
            lock.take()

    # Signs of life -----------------------------------------------------------------------------

    def _beat(self, shift: Shift, lock: EngineLock) -> None:
        if time.monotonic() - self._beat_at < BEAT_S:
            return
        lock.beat()
        self._beat_at = time.monotonic()
        beat = Heartbeat(*self._self(), shift.signs(), shift.workers_signs())
        found = list(problems(beat, beat.boot, self._beat_at))
        self._write_heartbeat(beat)
        hangs = any("hangs" in one for one in found)
        (notify.unwell if hangs else notify.alive)(self._status(shift, found))
        for channel in shift.resume_renewed():
            self._log.info("channel.resumed", channel=channel)

    def _self(self) -> tuple[str, int, float]:
        return boot_id(), os.getpid(), time.monotonic()

    def _status(self, shift: Shift, found: list[str]) -> str:
        lanes = sum(len(worker.log) for worker in shift.workers.values())
        told = "; ".join(found[:3]) or "all fresh"
        alone = "" if self._reads_only_since is None else ", reading a restored ledger's channels"
        return f"{len(shift.workers)} channels, {lanes} lanes{alone}: {told}"

    def _tell_trouble(self, why: str) -> None:
        if time.monotonic() - self._beat_at >= BEAT_S:
            self._beat_at = time.monotonic()
            self._write_heartbeat(Heartbeat(*self._self(), trouble=f"all lanes stand still: {why}"))
            notify.alive(f"all lanes stand still: {why}")

    def _write_heartbeat(self, beat: Heartbeat) -> None:
        try:
            write_heartbeat(self._heartbeat, beat)
        except OSError as error:
            self._log.error("heartbeat.failed", path=str(self._heartbeat), why=error.strerror)


class _Clock:
    """Notices when the wall clock was set."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._apart = self._difference()

    def _difference(self) -> float:
        return self._now().timestamp() - time.monotonic()

    def jumped(self) -> bool:
        apart, before = self._difference(), self._apart
        self._apart = apart
        return abs(apart - before) > JUMP_S
