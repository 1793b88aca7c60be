"""What commands that work on the ledger have in common: everything assembled, with progress on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from connector.cli.call import Call
from connector.errors import LedgerError
from connector.ledger.credentials import begin_session, open_vault
from connector.ledger.engine import Database, open_ledger
from connector.ledger.lock import EngineLock
from connector.wiring import assembled, utc_now

if TYPE_CHECKING:
    from connector.parts import Parts


@contextmanager
def working(call: Call, *, database: Database | None = None, accounts: Database | None = None) -> Iterator[Parts]:
    """Ledger, channels and clock for one command; progress is drawn where somebody watches."""
    with (
        call.out.progress() as progress,
        assembled(call.config, database=database, accounts=accounts, progress=progress) as parts,
    ):
        yield parts


@contextmanager
def engine_alone(call: Call) -> Iterator[Parts]:
    """As :func:`working`, holding the engine's lock: nobody else observes or writes meanwhile.

    Raises AlreadyHeldError where a daemon or another command does.
    """
    with closing(open_ledger(call.config.ledger_url)) as database:
        lock = EngineLock(database, now=utc_now)
        lock.take()
        try:
            with working(call, database=database) as parts:
                begin(parts, database)
                yield parts
        finally:
            lock.release()


def begin(parts: Parts, database: Database) -> None:
    """Raise the ledger's generation; a restored ledger writes nothing before every channel was read (5.10)."""
    if begin_session(database, open_vault(database), parts.now):
        raise LedgerError(
            "this ledger was restored from a backup: start `connector run`, which reads every channel completely "
            "before it writes anything"
        )


def daemon_holds(call: Call) -> bool:
    """Whether a daemon (or another command) works on the ledger now."""
    with closing(open_ledger(call.config.ledger_url, check=False)) as database:
        return EngineLock(database, now=utc_now).holder() is not None
