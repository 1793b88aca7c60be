"""Who may work: one engine per ledger, and leases that outlive nobody.

The kernel (SQLite) or the server (PostgreSQL) holds the lock itself and frees it the instant its
holder dies, also by ``kill -9``. The lease row beside it is for people, who want to know who it is
and since when, and for counting how often work was taken over from the dead (known failure 24).
"""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Row, delete, insert, select, update

from connector.errors import LedgerError
from connector.ledger.engine import Database, beside, lock_file, lock_session, open_lock_file
from connector.ledger.tables import lease

#: The lease of the one process that observes and delivers.
DAEMON: Final = "daemon"

#: How long a locked ledger is tried: somebody who only asks for the holder has it for an instant.
_PROBE_S: Final = 0.3


@dataclass(frozen=True)
class Holder:
    """Who holds a lease. ``attempts`` counts those who took it without a clean end between them."""

    pid: int
    host: str
    since: datetime
    beat_at: datetime
    attempts: int

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} since {self.since:%Y-%m-%d %H:%M:%S} UTC"


class AlreadyHeldError(LedgerError):
    """Another living process works on this ledger; ``holder`` says who, None where that is not known."""

    def __init__(self, what: str, holder: Holder | None) -> None:
        self.holder = holder
        super().__init__(f"{what} is held by {holder or 'another process'}; stop that one first")


class Lease:
    """A named right to work, kept alive by a heartbeat; another may take it once that has stopped.

    Args:
        expires_after: silence after which the holder counts as dead; None: whoever is found there is
            dead, since a lock of another kind says so.
        now: the clock, aware UTC.
    """

    def __init__(
        self, database: Database, name: str, *, expires_after: timedelta | None, now: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._name = name
        self._expires_after = expires_after
        self._now = now
        # The pid alone is no identity: in a container every process is number 1.
        self._me = f"{os.getpid()}@{socket.gethostname()}/{uuid.uuid4().hex[:8]}"

    def holder(self) -> Holder | None:
        """Who holds it, alive or not."""
        with self._database.read() as connection:
            row = self._row(connection)
        return None if row is None else _holder(row)

    def take(self) -> int:
        """Take it, and say which attempt this is: 1, or more where the former holders died at work.

        Raises AlreadyHeldError while the holder's heart beats.
        """
        with self._database.write() as connection:
            row, now = self._row(connection), self._now()
            if row is not None and row.holder != self._me and self._is_alive(row.beat_at, now):
                raise AlreadyHeldError(f"{self._name} of {self._database}", _holder(row))
            attempts = 1 if row is None else row.attempts + 1
            connection.execute(delete(lease).where(lease.c.name == self._name))
            values = {"name": self._name, "holder": self._me, "since": now, "beat_at": now, "attempts": attempts}
            connection.execute(insert(lease).values(values))
            return attempts

    def beat(self) -> None:
        """Show that we are alive. Raises LedgerError where somebody else has taken over: stop working."""
        with self._database.write(durable=False) as connection:
            ours = (lease.c.name == self._name) & (lease.c.holder == self._me)
            if connection.execute(update(lease).where(ours).values(beat_at=self._now())).rowcount == 0:
                raise LedgerError(f"{self._name} of {self._database} was taken over by another process; this one stops")

    def release(self) -> None:
        """A clean end: the next holder begins at attempt 1. Nothing happens where it is not ours any more."""
        with self._database.write() as connection:
            connection.execute(delete(lease).where(lease.c.name == self._name, lease.c.holder == self._me))

    def _is_alive(self, beat_at: datetime, now: datetime) -> bool:
        return self._expires_after is not None and beat_at + self._expires_after > now

    def _row(self, connection: Connection) -> Row[tuple[str, str, datetime, datetime, int]] | None:
        return connection.execute(select(lease).where(lease.c.name == self._name)).one_or_none()


class EngineLock:
    """The right to be the one process that observes and delivers.

    This object holds it from ``take`` to ``release``, and must live as long as the work.
    """

    def __init__(self, database: Database, *, now: Callable[[], datetime]) -> None:
        self._database = database
        self._lease = Lease(database, DAEMON, expires_after=None, now=now)
        self._held = ExitStack()
        self._alive: Callable[[], None] = lambda: None

    def holder(self) -> Holder | None:
        """The living holder, or None: what a second ``run`` and ``status`` show."""
        known = self._lease.holder()
        if known is None:
            return None
        try:
            with _excluding(self._database):
                return None
        except AlreadyHeldError:
            return known

    def take(self) -> int:
        """Become the one; says which attempt this is (:meth:`Lease.take`). Raises AlreadyHeldError with the holder."""
        try:
            self._alive = self._held.enter_context(_excluding(self._database))
        except AlreadyHeldError:
            raise AlreadyHeldError(f"ledger {self._database}", self._lease.holder()) from None
        try:
            return self._lease.take()
        except BaseException:
            self._held.close()
            raise

    def beat(self) -> None:
        """Every few seconds. Raises LedgerError once the lock or the lease is lost: stop writing anywhere."""
        self._alive()
        self._lease.beat()

    def release(self) -> None:
        with self._held:
            self._lease.release()


def _holder(row: Row[tuple[str, str, datetime, datetime, int]]) -> Holder:
    pid, _, rest = row.holder.partition("@")
    return Holder(int(pid), rest.rpartition("/")[0], row.since, row.beat_at, row.attempts)


@contextmanager
def _excluding(database: Database) -> Iterator[Callable[[], None]]:
    """The lock that dies with its holder; yields a test of whether it is still ours."""
    if database.path is None:
        with _server_lock(database) as alive:
            yield alive
    else:
        with engine_file_lock(database.path):
            yield lambda: None  # the kernel takes it from nobody who lives


@contextmanager
def engine_file_lock(path: Path) -> Iterator[None]:
    """The lock of :class:`EngineLock` alone, for a SQLite ledger that may be too damaged for a lease."""
    descriptor = open_lock_file(beside(path, "lock"))
    try:
        if not lock_file(descriptor, _PROBE_S):
            raise AlreadyHeldError(f"ledger {path}", None)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _server_lock(database: Database) -> Iterator[Callable[[], None]]:
    """Held by a connection of its own: where that breaks, the server has freed the lock."""
    with database.raw() as driver:
        if not lock_session(driver, "engine", _PROBE_S):
            raise AlreadyHeldError(f"ledger {database}", None)

        def alive() -> None:
            with database.faults_explained():
                driver.execute("SELECT 1")

        yield alive
