"""Copies of the ledger, and whether it is sound. A copy that is not complete is no file at all.

On PostgreSQL the server's own tools make better backups: these functions refuse there, and say so.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import Connection, insert, make_url, select

from connector.contract import Finding
from connector.errors import LedgerError
from connector.ledger.credentials import Vault, flush_folder, open_vault, raise_generation, write_durably
from connector.ledger.engine import (
    Database,
    WriterTurn,
    beside,
    connect,
    has_wal_bug,
    open_ledger,
    revision,
    sqlite_driver,
)
from connector.ledger.lock import EngineLock, engine_file_lock
from connector.ledger.migrations import HEAD, upgrade
from connector.ledger.tables import metadata

#: Looks at the ledger's contents and says what is wrong, one line each.
Invariant = Callable[[Connection], Iterable[str]]

_RESTORE: Final = "`connector ledger restore` a backup; keep the damaged file"


def back_up(database: Database, target: Path, vault: Vault, *, with_credentials: bool = False) -> None:
    """Copy a SQLite ledger while it is in use; complete, checked and on the disk when this returns.

    Credentials are left out unless asked for: then ``<target>.credentials`` holds them (0600).
    The generation rises afterwards, so that a ledger restored from this copy knows what it is.
    """
    source = _file_of(database, "pg_dump --exclude-schema=connector_credentials")
    if target.exists():
        raise LedgerError(f"{target} exists, and a backup never replaces another one (choose a new name)")
    with _copy_in_the_making(target) as partial:
        _refuse_without_room(partial.parent, source)
        _copy(database, partial)
        _refuse_damage(partial)
        _put_in_place(partial, target)
    if with_credentials:
        write_durably(beside(target, "credentials"), vault.export())
    raise_generation(database, vault)


def restore(ledger_url: str, backup: Path, *, now: Callable[[], datetime]) -> Path | None:
    """Put a backup in the place of the ledger; returns where the former one is kept, None if there was none.

    Refused while an engine works on the ledger, and where the backup is damaged or newer than this
    connector. The restored ledger is marked (sync-model 5.10): nothing is written to any channel
    until every channel has been read again. Credentials beside the ledger stay; only where there
    are none, those of the backup are taken.
    """
    path = _path_of(ledger_url, "pg_restore, without the schema connector_credentials")
    path.parent.mkdir(parents=True, exist_ok=True)
    with engine_file_lock(path), _writers_shut_out(path), _copy_in_the_making(path) as partial:
        _refuse_without_room(partial.parent, backup)
        shutil.copyfile(backup, partial)
        _refuse_damage(partial)
        _mark_restored(partial, now())
        aside = _set_aside(path, now()) if path.exists() else None
        _put_in_place(partial, path)
    _adopt_credentials(backup, path)
    return aside


def migrate(ledger_url: str, *, now: Callable[[], datetime]) -> Path | None:
    """Bring an older ledger up to date; returns the backup that was made first (SQLite), if anything was done.

    Refused while an engine works on it. A migration that fails leaves the ledger as it was.
    """
    with closing(connect(ledger_url, create=False)) as database:
        present = revision(database)
        if present == HEAD:
            return None
        lock = EngineLock(database, now=now)
        if present is None:
            raise LedgerError(f"ledger {database}: there is none yet (`connector sync` or `connector run` makes it)")
        lock.take()
        try:
            kept = _back_up_before(database, present)
            upgrade(database)
            return kept
        finally:
            lock.release()


def verify(database: Database, invariants: Sequence[Invariant] = ()) -> Iterator[Finding]:
    """Whether the file, its references and its contents are sound; reads everything, changes nothing."""
    present = revision(database)
    yield Finding("version", present == HEAD, f"{present}, expected {HEAD}", "" if present == HEAD else "migrate it")
    with database.read() as connection:
        if database.path:
            yield _found("pages", [row[0] for row in connection.exec_driver_sql("PRAGMA integrity_check(20)")], {"ok"})
            orphans = {
                f"{row[0]} without its {row[2]}" for row in connection.exec_driver_sql("PRAGMA foreign_key_check")
            }
            yield _found("references", sorted(orphans))
        for invariant in invariants:
            yield _found(invariant.__name__.replace("_", " "), list(invariant(connection)))


def sqlite_finding() -> Finding:
    """Whether the SQLite in use has the bug that can damage a ledger; a line of ``connector check``."""
    driver = sqlite_driver()
    remedy = "install the extra [sqlite] (`pip install connector[sqlite]`)"
    if not has_wal_bug(driver.sqlite_version_info):
        return Finding("SQLite", ok=True, detail=driver.sqlite_version)
    detail = f"{driver.sqlite_version} can damage a file when two connections write and checkpoint at one instant"
    return Finding("SQLite", ok=False, detail=detail, remedy=remedy, warning=True)


def checkpoint(database: Database) -> bool:
    """Move what is in SQLite's journal into the file and empty it; False while readers still need it."""
    if database.path is None:
        return True
    with database.raw() as driver:
        return bool(driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0)


def compact(database: Database) -> int:
    """Give unused room back to the disk; the bytes that were won (0 on PostgreSQL, which reuses its own)."""
    if database.path is None:
        with database.raw() as driver:
            driver.execute("VACUUM (ANALYZE)")
        return 0
    checkpoint(database)
    before = database.path.stat().st_size
    _refuse_without_room(database.path.parent, database.path)
    with database.raw() as driver:
        driver.execute("VACUUM")
    checkpoint(database)
    return before - database.path.stat().st_size


def scratch(database: Database, path: Path) -> Database:
    """A copy of any ledger in a SQLite file, for ``plan``: what happens there concerns nobody."""
    if database.path is None:
        return _copied_by_rows(database, path)
    _copy(database, path)
    return connect(f"sqlite:///{path}")


def _copy(database: Database, target: Path) -> None:
    """In one step, from one moment: writers go on meanwhile (WAL)."""
    driver = sqlite_driver()
    with database.read() as connection, _told_of(target), closing(driver.connect(target)) as copy:
        source: Any = connection.connection.driver_connection
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # all in the one file


def _copied_by_rows(database: Database, path: Path) -> Database:
    copy = open_ledger(f"sqlite:///{path}", check=False)
    with database.read() as source, copy.write() as target:
        for table in metadata.sorted_tables:
            rows = source.execution_options(yield_per=1000).execute(select(table))
            for part in rows.mappings().partitions():
                target.execute(insert(table), [dict(row) for row in part])
    return copy


def _refuse_damage(path: Path) -> None:
    """LedgerError unless this is a whole ledger that this connector can read."""
    with _told_of(path), closing(_reading(path)) as copy:
        if copy.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok":
            raise LedgerError(f"{path}: it is damaged or incomplete (use another backup)")
        if not copy.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
            raise LedgerError(f"{path}: it is empty, or no ledger (use another backup)")
        version = copy.execute("SELECT version_num FROM alembic_version").fetchone()[0]
    if version > HEAD:
        raise LedgerError(
            f"{path}: its version {version} is newer than this connector's {HEAD} (upgrade the connector)"
        )


def _reading(path: Path) -> Any:
    if not path.is_file():
        raise LedgerError(f"{path}: there is no such file")
    return sqlite_driver().connect(f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1", uri=True)


@contextmanager
def _told_of(path: Path) -> Iterator[None]:
    """The driver's and the disk's complaints, as LedgerError that names the file."""
    try:
        yield
    except sqlite_driver().Error as error:
        raise LedgerError(
            f"{path}: {error} (look at the disk and the file; use another backup if it is one)"
        ) from error


@contextmanager
def _copy_in_the_making(target: Path) -> Iterator[Path]:
    """A name beside the target, private and on the same disk; flushed at the end, and always removed."""
    partial = beside(target, "partial")
    try:
        with _copying_to(target):
            partial.unlink(missing_ok=True)
            os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            yield partial
    finally:
        for leftover in (partial, Path(f"{partial}-journal")):
            leftover.unlink(missing_ok=True)


@contextmanager
def _copying_to(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LedgerError(f"{target}: it could not be written: {error.strerror} (look at the disk)") from error


def _refuse_without_room(folder: Path, source: Path) -> None:
    """Before the attempt: a disk filled to the brim harms the ledger too."""
    needed = source.stat().st_size
    if shutil.disk_usage(folder).free < needed:
        raise LedgerError(f"{folder}: not enough room, {needed // 2**20 + 1} MiB are needed (make room)")


@contextmanager
def _writers_shut_out(path: Path) -> Iterator[None]:
    turn = WriterTurn(beside(path, "writer"))
    try:
        with turn.held():
            yield
    finally:
        turn.close()


def _put_in_place(partial: Path, target: Path) -> None:
    """From one instant to the next, and only once every byte is on the disk."""
    with open(partial, "rb") as file:
        os.fsync(file.fileno())
    os.replace(partial, target)
    flush_folder(target.parent)


def _set_aside(path: Path, at: datetime) -> Path:
    """Keep the present ledger under another name as well, its journal with it: no page of it may meet the new file."""
    with suppress(sqlite_driver().Error), closing(sqlite_driver().connect(path)) as former:
        former.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # what is too damaged for it keeps its journal
    aside = beside(path, f"before-restore-{at:%Y%m%dT%H%M%S%f}")
    os.link(path, aside)
    for journal in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            os.rename(f"{path}{journal}", f"{aside}{journal}")
    return aside


def _mark_restored(path: Path, at: datetime) -> None:
    with _told_of(path), closing(sqlite_driver().connect(path)) as copy:
        copy.execute("INSERT OR REPLACE INTO meta (name, value) VALUES ('restored_at', ?)", (at.isoformat(),))
        copy.commit()


def _adopt_credentials(backup: Path, path: Path) -> None:
    offered, present = beside(backup, "credentials"), beside(path, "credentials")
    if offered.exists() and not present.exists():
        write_durably(present, offered.read_bytes())


def _back_up_before(database: Database, present: str) -> Path | None:
    if database.path is None:
        return None
    kept = beside(database.path, f"before-migration-from-{present}")
    kept.unlink(missing_ok=True)  # of an attempt that failed: the ledger is unchanged since
    back_up(database, kept, open_vault(database))
    return kept


def _found(what: str, wrong: Sequence[str], fine: Iterable[str] = ()) -> Finding:
    left = [line for line in wrong if line not in set(fine)]
    return Finding(what, not left, "; ".join(left), _RESTORE if left else "")


def _file_of(database: Database, tool: str) -> Path:
    if database.path is None:
        raise LedgerError(f"ledger {database} is on PostgreSQL: use {tool}")
    return database.path


def _path_of(ledger_url: str, tool: str) -> Path:
    url = make_url(ledger_url)
    if url.get_backend_name() != "sqlite" or not url.database:
        raise LedgerError(f"this ledger is on PostgreSQL: use {tool}")
    return Path(url.database).absolute()
