"""Open sessions on the ledger: one transaction each, with its moment and its place in the one order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from sqlalchemy import Connection, insert, select, update

from connector.ledger.engine import Database
from connector.ledger.tables import counter


class Session:
    """One transaction. ``sequence`` is its place in the order of merges, receipts and reads (rule 2.0)."""

    def __init__(self, connection: Connection, now: datetime, run: str) -> None:
        self.connection = connection
        self.now = now
        self.run = run

    @cached_property
    def sequence(self) -> int:
        """A number of this transaction's own, higher than any given out before."""
        row = self.connection.execute(
            update(counter)
            .where(counter.c.name == "sequence")
            .values(value=counter.c.value + 1)
            .returning(counter.c.value)
        ).first()
        if row is None:
            self.connection.execute(insert(counter).values(name="sequence", value=1))
            return 1
        return int(row[0])

    def current_sequence(self) -> int:
        """The last number given out: what a read that begins now carries as its own."""
        return int(self.connection.execute(select(counter.c.value).where(counter.c.name == "sequence")).scalar() or 0)


@dataclass(frozen=True)
class Ledger:
    """The ledger as the engine uses it; ``run`` names this process's work in the history."""

    database: Database
    now: Callable[[], datetime]
    run: str = ""

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A consistent view; nothing may be written in it."""
        with self.database.read() as connection:
            yield Session(connection, self.now(), self.run)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction: all of it is stored, or nothing. No network call belongs inside."""
        with self.database.write() as connection:
            yield Session(connection, self.now(), self.run)

    def current_sequence(self) -> int:
        with self.read() as session:
            return session.current_sequence()
