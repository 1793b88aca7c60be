"""What the other process does: ``python -m tests.ledger.workers NAME ADDRESS …``.

A worker says "ready" and waits for a line on stdin, so that several begin at once.
"""

from __future__ import annotations

import resource
import signal
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, create_engine, make_url, select, text, update
from sqlalchemy.exc import OperationalError

from connector.contract import Credentials
from connector.errors import LedgerError, RateLimited
from connector.ledger import journal, lanes, records
from connector.ledger.backup import back_up
from connector.ledger.budget import ChannelBudget
from connector.ledger.credentials import ChannelTokens, open_vault
from connector.ledger.engine import connect
from connector.ledger.lock import EngineLock
from connector.ledger.store import Ledger, Session
from connector.ledger.tables import counter
from connector.model.binding import Agreed, Provenance
from connector.model.record import Event


def say(line: object) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def wait() -> None:
    say("ready")
    sys.stdin.readline()


def now() -> datetime:
    return datetime.now(UTC)


def count_up(connection: Connection) -> None:
    """Read, then write: what loses updates wherever two may read the same."""
    value = connection.execute(select(counter.c.value).where(counter.c.name == "n")).scalar_one()
    connection.execute(update(counter).where(counter.c.name == "n").values(value=value + 1))


def increment(url: str, times: str) -> None:
    with closing(connect(url)) as database:
        wait()
        for _ in range(int(times)):
            with database.write() as connection:
                count_up(connection)


def increment_by_default(url: str, times: str) -> None:
    """The same on an engine as SQLAlchemy makes it."""
    target = make_url(url)
    engine = create_engine(target.set(drivername="postgresql+psycopg") if "postgres" in target.drivername else target)
    wait()
    for _ in range(int(times)):
        try:
            with engine.begin() as connection:
                count_up(connection)
        except OperationalError as error:  # "database is locked": one more increment that is gone
            say(type(error).__name__)


def half(url: str) -> None:
    """Die in the middle of a transaction."""
    with closing(connect(url)) as database, database.write() as connection:
        connection.execute(update(counter).values(value=999))
        for n in range(2000):
            connection.execute(text("INSERT INTO counter VALUES (:name, 1)"), {"name": f"half {n}"})
        wait()


def transfer(url: str) -> None:
    """Move one from a to b for ever, a line for each commit."""
    with closing(connect(url)) as database:
        wait()
        while True:
            with database.write() as connection:
                connection.execute(update(counter).where(counter.c.name == "a").values(value=counter.c.value - 1))
                connection.execute(update(counter).where(counter.c.name == "b").values(value=counter.c.value + 1))
            say("committed")


def fill(url: str) -> None:
    """Commit rows until the disk is full, a line for each; then say what the ledger said."""
    with closing(connect(url)) as database:
        _limit_files_to(200_000)
        for n in range(1000):
            try:
                with database.write() as connection:
                    connection.execute(
                        text("INSERT INTO meta VALUES (:name, :value)"), {"name": f"row {n}", "value": ""}
                    )
                    changed = {"name": f"row {n}", "value": "x" * 5000}
                    connection.execute(text("UPDATE meta SET value = :value WHERE name = :name"), changed)
            except LedgerError as error:
                say(error)
                return
            say("committed")


def back_up_on_a_full_disk(url: str, target: str) -> None:
    with closing(connect(url)) as database:
        vault = open_vault(database)
        _limit_files_to(100_000)
        try:
            back_up(database, Path(target), vault)
        except LedgerError as error:
            say(error)


def hold_engine(url: str) -> None:
    with closing(connect(url)) as database:
        lock = EngineLock(database, now=now)
        say(lock.take())
        wait()


def spend(url: str, times: str) -> None:
    """Announce calls until none are left; say how many were allowed."""
    with closing(connect(url)) as database:
        budget = ChannelBudget(database, "shop", [("day", 100, 86400)], now=now)
        wait()
        allowed = 0
        for _ in range(int(times)):
            try:
                budget.spend("stock")
                allowed += 1
            except RateLimited:
                break
        say(allowed)


def refresh(url: str, server: str, careless: str) -> None:
    """Use the single-use token as an adapter does; ``server`` is the file in which its issuer keeps the valid one."""
    with closing(connect(url)) as database:
        tokens = ChannelTokens(open_vault(database), "erp")
        wait()
        for _ in range(20):
            if careless == "careless":
                _exchange(tokens, Path(server))
            else:
                with tokens.exclusive():
                    _exchange(tokens, Path(server))
        say("refreshed")


def _exchange(tokens: ChannelTokens, server: Path) -> None:
    held = tokens.load()
    assert held is not None
    valid = server.read_text()
    if held.values["refresh_token"] != valid:
        say("burnt")
        raise SystemExit(1)
    following = str(int(valid) + 1)
    server.write_text(following)  # the old one is dead from here on
    tokens.save(Credentials({"refresh_token": following}, now()))


def refresh_and_die(url: str, server: str) -> None:
    """Killed between saving the new pair and its first use."""
    with closing(connect(url)) as database:
        tokens = ChannelTokens(open_vault(database), "erp")
        with tokens.exclusive():
            _exchange(tokens, Path(server))
            wait()


def merge(url: str, record_id: str, channel: str, times: str) -> None:
    """Count up the channel's own field of a record and the one that all share; say each merge's number."""
    with closing(connect(url)) as database:
        ledger = Ledger(database, now, channel)
        wait()
        for _ in range(int(times)):
            with ledger.write() as session:
                _merge(session, int(record_id), channel)
            say(session.sequence)


def merge_and_die(url: str, record_id: str, channel: str) -> None:
    """Killed when all is written but not committed."""
    with closing(connect(url)) as database, Ledger(database, now).write() as session:
        _merge(session, int(record_id), channel)
        wait()


def _merge(session: Session, record_id: int, channel: str) -> None:
    record = records.load(session, [record_id])[record_id].record
    by = Provenance(channel, session.now, sequence=session.sequence)
    counted = {name: Agreed(int(str(record.agreed[name].value)) + 1, by) for name in (channel, "both")}
    records.save_record(session, replace(record, agreed={**record.agreed, **counted}))
    journal.note(session, [Event("agreed", channel, record.entity, record_id, detail={"number": session.sequence})])
    lanes.advance(session, channel, "product", str(session.sequence))


def _limit_files_to(size: int) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


WORKERS: dict[str, Callable[..., None]] = {
    work.__name__: work
    for work in (
        increment,
        increment_by_default,
        half,
        transfer,
        fill,
        back_up_on_a_full_disk,
        hold_engine,
        spend,
        refresh,
        refresh_and_die,
        merge,
        merge_and_die,
    )
}

if __name__ == "__main__":
    WORKERS[sys.argv[1]](*sys.argv[2:])
