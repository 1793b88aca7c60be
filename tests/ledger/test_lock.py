"""One engine per ledger; the dead hold nothing."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, text

from connector.errors import LedgerError
from connector.ledger.engine import Database, connect
from connector.ledger.lock import AlreadyHeldError, EngineLock, Lease
from connector.ledger.tables import lease
from tests.ledger.conftest import Worker

NOON = datetime(2026, 6, 25, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
Start = Callable[..., Worker]


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def lane(database: Database, clock: Clock) -> Lease:
    return Lease(database, "lane:shop", expires_after=MINUTE, now=clock)


def attempt(worker: Worker) -> str:
    """What a process that took the engine's lock says: which attempt it is."""
    said = worker.line()
    worker.until_ready()
    return said


def test_a_second_engine_is_told_who_holds_it(database: Database, ledger_url: str, start: Start, clock: Clock) -> None:
    """A second `run` names the process, its host and since when."""
    running = start("hold_engine", ledger_url)
    assert "1" == attempt(running)
    with pytest.raises(AlreadyHeldError, match=f"process {running.process.pid} on {socket.gethostname()} since 20"):
        EngineLock(database, now=clock).take()


def test_a_killed_engine_holds_nothing(database: Database, ledger_url: str, start: Start) -> None:
    """After kill -9 the next engine begins at once, and knows that it takes over (known failure 24)."""
    first = start("hold_engine", ledger_url)
    assert "1" == attempt(first)
    first.kill()
    second = start("hold_engine", ledger_url)
    assert "2" == attempt(second)
    second.kill()
    assert "3" == attempt(start("hold_engine", ledger_url))


def test_a_clean_end_starts_the_count_anew(database: Database, clock: Clock) -> None:
    """Attempts count those who died at work, not those who ended it."""
    lock = EngineLock(database, now=clock)
    for _ in range(2):
        assert 1 == lock.take()
        lock.release()


def test_the_holder_is_known_while_it_lives(database: Database, ledger_url: str, start: Start, clock: Clock) -> None:
    """Others can ask who works; a dead engine's lease is nobody's (known failure 24)."""
    lock = EngineLock(database, now=clock)
    assert None is lock.holder()
    running = start("hold_engine", ledger_url)
    attempt(running)
    holder = lock.holder()
    assert (running.process.pid, socket.gethostname()) == (holder and holder.pid, holder and holder.host)
    running.kill()
    assert None is lock.holder()


def test_two_in_one_process_exclude_each_other(ledger_url: str, clock: Clock) -> None:
    """The lock belongs to its holder, not to the process."""
    with closing(connect(ledger_url)) as one, closing(connect(ledger_url)) as other:
        lock = EngineLock(one, now=clock)
        lock.take()
        with pytest.raises(AlreadyHeldError):
            EngineLock(other, now=clock).take()
        lock.release()
        assert 1 == EngineLock(other, now=clock).take()


def test_an_engine_writes_the_ledger_it_holds(database: Database, clock: Clock) -> None:
    """Holding the lock keeps nobody, not even the holder, from the ledger itself."""
    lock = EngineLock(database, now=clock)
    lock.take()
    with database.write() as connection:
        connection.execute(text("INSERT INTO counter VALUES ('n', 1)"))
    lock.beat()
    lock.release()


def test_a_lost_lease_stops_the_engine(database: Database, clock: Clock) -> None:
    """An engine whose place was taken notices at its next heartbeat, and must not go on."""
    lock = EngineLock(database, now=clock)
    lock.take()
    with database.write() as connection:
        connection.execute(delete(lease))
    with pytest.raises(LedgerError, match="taken over"):
        lock.beat()
    lock.release()


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_a_lost_connection_stops_the_engine(database: Database, clock: Clock) -> None:
    """The server frees the lock when its connection breaks: the engine notices at its next heartbeat."""
    lock = EngineLock(database, now=clock)
    lock.take()
    holders = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
    with database.read() as connection:
        connection.execute(text(holders))
    with pytest.raises(LedgerError):
        lock.beat()


def test_a_lease_keeps_others_away_while_it_beats(database: Database, clock: Clock) -> None:
    """A lane at work is not begun a second time."""
    one, other = lane(database, clock), lane(database, clock)
    one.take()
    clock.now += MINUTE * 0.9
    one.beat()
    clock.now += MINUTE * 0.9
    with pytest.raises(AlreadyHeldError, match=f"process {os.getpid()} on"):
        other.take()


def test_a_silent_lease_is_taken_over_and_counted(database: Database, clock: Clock) -> None:
    """Work whose holder has died is taken up again, with the attempt counted (known failure 24)."""
    one, other = lane(database, clock), lane(database, clock)
    assert 1 == one.take()
    clock.now += MINUTE
    assert 2 == other.take()
    with pytest.raises(LedgerError, match="taken over"):
        one.beat()


def test_a_late_release_frees_nobody_else_s_lease(database: Database, clock: Clock) -> None:
    """One who was thought dead and comes back does not end the work of his successor."""
    one, other = lane(database, clock), lane(database, clock)
    one.take()
    clock.now += MINUTE
    other.take()
    one.release()
    other.beat()
    other.release()
    assert None is other.holder()
