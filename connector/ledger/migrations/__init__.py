"""The ledger's tables through time: one tree for SQLite and PostgreSQL, applied by Alembic.

A new ledger is made by the same steps as an old one is brought up to date. Alembic takes half a
second to import, so it is loaded only where there is something to do. A revision, once released,
is never edited: it spells out its columns in SQL's own types, so that later changes of
``tables.py`` or ``types.py`` cannot reach into the past. ``python -m connector.ledger.migrations
"what changes"`` drafts the next one.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from connector.errors import LedgerError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from connector.ledger.engine import Database

#: The newest revision; a test holds it against the tree.
HEAD: Final = "0002"

TREE: Final = Path(__file__).parent
VERSIONS: Final = TREE / "versions"


def upgrade(database: Database, *, versions: Path = VERSIONS, target: str = "head") -> None:
    """Bring the tables to ``target``, in one transaction: all of it happens, or none.

    SQLite changes a column by building the table anew. With foreign keys enforced that deletes the
    children of the old one, so they are off meanwhile and checked as a whole before the commit.
    """
    with database.connect() as connection:
        on_sqlite = database.path is not None
        if on_sqlite:
            _enforce_foreign_keys(connection, on=False)
        try:
            with connection.begin():
                _run(connection, versions, target)
                if on_sqlite:
                    _refuse_orphans(connection)
        finally:
            if on_sqlite:
                _enforce_foreign_keys(connection, on=True)


def _enforce_foreign_keys(connection: Connection, *, on: bool) -> None:
    """Outside of a transaction: inside, SQLite ignores it without a word."""
    driver = connection.connection.driver_connection
    assert driver is not None  # only ever None once it was detached or invalidated
    driver.execute(f"PRAGMA foreign_keys={'ON' if on else 'OFF'}")


def _refuse_orphans(connection: Connection) -> None:
    orphans = {row[0] for row in connection.exec_driver_sql("PRAGMA foreign_key_check")}
    if orphans:
        raise LedgerError(f"the migration would orphan rows of {', '.join(sorted(orphans))}; it was undone")


def _run(connection: Connection, versions: Path, target: str) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", _escaped(TREE))
    config.set_main_option("version_locations", _escaped(versions))
    config.set_main_option("path_separator", "newline")
    try:
        command.upgrade(config, target)
    except CommandError as error:
        raise LedgerError(f"the ledger cannot be migrated: {error} (a newer ledger needs a newer connector)") from error


def _escaped(path: Path) -> str:
    return str(path).replace("%", "%%")
