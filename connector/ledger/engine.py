"""Opening the ledger, and the two ways of using it: ``read()`` and ``write()``.

Why it is not left to the defaults: the SQLite driver begins transactions late, so that a
read-then-write loses updates, and PostgreSQL's READ COMMITTED does the same. Here a write
transaction excludes every other writer from its first statement on, in all threads and processes,
on both databases (docs/adr/0002-sqlite-through-core-with-begin-immediate.md).
"""

from __future__ import annotations

import fcntl
import importlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, inspect, make_url, text
from sqlalchemy.pool import ConnectionPoolEntry
from tenacity import retry, retry_if_exception_message, stop_after_delay, wait_fixed

from connector.errors import LedgerError
from connector.ledger.migrations import HEAD, upgrade

#: How long a writer waits for another one before it gives up.
WAIT_S: Final = 30.0

#: First half of every advisory lock that the connector takes on PostgreSQL ("LEDG").
ADVISORY_SPACE: Final = 0x4C454447

#: (what the driver says, what it means, what to do). The first that fits is told.
_SQLITE_FAULTS: Final = (
    ("disk is full", "the disk is full", "make room; nothing was half-done"),
    (
        "disk I/O error",
        "the disk failed or is full",
        "look at the disk and its free space, then `connector ledger verify`",
    ),
    ("readonly", "it is read-only here", "give this user write access to the file and its folder"),
    ("malformed", "it is damaged", "`connector ledger restore` a backup; keep the damaged file"),
    ("not a database", "it is no ledger, or damaged", "look at `ledger` in config.toml, or `connector ledger restore`"),
    ("locked", "another process keeps it busy", "see who uses it; it is tried again"),
    ("unable to open", "it cannot be opened", "look at the path and at the folder's permissions"),
)
_POSTGRES_FAULTS: Final = (
    ("53100", "the disk is full", "make room on the database server; nothing was half-done"),
    ("25006", "it is read-only", "connect to the primary, or grant write access"),
    ("XX", "it is damaged", "restore a backup with the server's own tools"),
    ("55P03", "another process keeps it busy", "see who uses it; it is tried again"),
    ("53300", "the server has no connection left", "raise max_connections or stop other clients"),
    ("28", "the server refuses the log-in", "look at the user and password in `ledger`"),
    ("3D000", "there is no such database", "create it, or look at `ledger` in config.toml"),
    ("42501", "a permission is missing", "let this user create and write tables"),
)


def sqlite_driver() -> ModuleType:
    """The SQLite to use: pysqlite3 where it is installed (a newer SQLite), else the standard library's.

    Never both on one file in one process: they cannot see each other's locks.
    """
    try:
        return importlib.import_module("pysqlite3.dbapi2")
    except ImportError:
        return sqlite3


def has_wal_bug(version: tuple[int, int, int]) -> bool:
    """Whether this SQLite can damage a file when two connections write and checkpoint at one instant.

    SQLite 3.7.0 to 3.51.2 (https://sqlite.org/wal.html#walresetbug). :class:`WriterTurn` keeps the
    instants apart; ``connector check`` names the version all the same.
    """
    return (3, 7, 0) <= version < (3, 51, 3)


class WriterTurn:
    """One writer at a time, over all threads and processes that use one SQLite file.

    SQLite has a lock of its own, but lets go of it before the checkpoint that a commit may start;
    this one is held over both, which is the defence against :func:`has_wal_bug`. The kernel frees
    it when its holder dies.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor = open_lock_file(path)
        self._threads = threading.Lock()

    @contextmanager
    def held(self) -> Iterator[None]:
        if not self._threads.acquire(timeout=WAIT_S):
            raise _busy()
        try:
            if not lock_file(self._descriptor, WAIT_S):
                raise _busy()
            try:
                yield
            finally:
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        finally:
            self._threads.release()

    def close(self) -> None:
        os.close(self._descriptor)


def open_lock_file(path: Path) -> int:
    """A descriptor of the file, made where it is absent; closing it frees the lock."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise LedgerError(f"{path}: it cannot be opened: {error.strerror} (look at its permissions)") from error


def lock_file(descriptor: int, wait_s: float) -> bool:
    """Take the kernel's lock on an open file; False where it could not be had in time."""
    return _tried(lambda: _lock_file_at_once(descriptor), wait_s)


def lock_session(driver: Any, name: str, wait_s: float) -> bool:
    """Take a lock of this ledger on PostgreSQL that lives as long as the (raw) connection; False: not in time."""
    key = f"{ADVISORY_SPACE}, hashtext(current_schema() || '/' || %s)"
    return _tried(lambda: bool(driver.execute(f"SELECT pg_try_advisory_lock({key})", (name,)).fetchone()[0]), wait_s)


def _lock_file_at_once(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _tried(attempt: Callable[[], bool], wait_s: float) -> bool:
    """Until it works or the time is over. Polled, since a blocking lock cannot be given a time limit."""
    deadline, pause_s = time.monotonic() + wait_s, 0.001
    while not attempt():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause_s)
        pause_s = min(pause_s * 2, 0.02)
    return True


def _busy() -> LedgerError:
    return LedgerError("the ledger: another process keeps it busy (see who uses it; it is tried again)")


class Database:
    """An open ledger. Threads may share it; a transaction belongs to the thread that began it.

    Whatever the driver raises comes out as LedgerError with its remedy, and the transaction is
    undone as a whole. Errors of other kinds undo it too, and pass as they are.
    """

    def __init__(self, url: URL, engine: Engine) -> None:
        self.url = url
        self.engine = engine
        self.path = Path(url.database or "").absolute() if url.get_backend_name() == "sqlite" else None
        self._turn = WriterTurn(beside(self.path, "writer")) if self.path else None
        self._readers = engine if self.path else _snapshots(engine)
        self._thread = threading.local()

    def __str__(self) -> str:
        return str(self.path) if self.path else f"{self.url.host or 'localhost'}/{self.url.database}"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent moment of the ledger; what is written here is refused."""
        with self.faults_explained(), self._readers.begin() as connection:
            yield connection

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Connection]:
        """The only writer, from here to the commit at the end of the block.

        Durable when it ends. With ``durable=False`` it survives the death of the process, but perhaps
        not a loss of power: for counters that their server corrects, since it saves the wait for the disk.
        """
        writers = self.engine.execution_options(write=True, durable=durable)
        with self.faults_explained(), self._alone(), writers.begin() as connection:
            yield connection

    @contextmanager
    def raw(self) -> Iterator[Any]:
        """The driver's own connection, outside of any transaction: for pragmas, VACUUM, backups and session locks.

        On SQLite no other writer works meanwhile.
        """
        with self.faults_explained(), self._alone() if self.path else nullcontext():
            connection = self.engine.raw_connection()
            driver = connection.driver_connection
            assert driver is not None  # only ever None once it was detached or invalidated
            try:
                _outside_transactions(driver, on_sqlite=self.path is not None)
                yield driver
            finally:
                connection.invalidate() if self.path is None else connection.close()

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A connection on which the caller begins the (write) transaction himself: for migrations."""
        writers = self.engine.execution_options(write=True, durable=True)
        with self.faults_explained(), self._alone(), writers.connect() as connection:
            yield connection

    def close(self) -> None:
        """Let go of all connections. The last one to leave a SQLite file checkpoints it, hence alone."""
        with self._in_turn():
            self.engine.dispose()
        if self._turn:
            self._turn.close()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """The writer's turn, once per thread: a thread would wait for itself."""
        if getattr(self._thread, "writes", False):
            raise LedgerError("a write transaction was begun inside another one: a bug")
        with self._in_turn():
            self._thread.writes = True
            try:
                yield
            finally:
                self._thread.writes = False

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        if self._turn is None:  # PostgreSQL: the lock is taken inside the transaction
            yield
            return
        with self._turn.held():
            yield

    @contextmanager
    def faults_explained(self) -> Iterator[None]:
        """Turn whatever the driver raises into LedgerError, with what it means and the remedy."""
        try:
            yield
        except exc.DBAPIError as error:
            raise self._explained(error.orig or error).with_traceback(error.__traceback__) from None
        except exc.TimeoutError as error:
            raise LedgerError(f"{self}: all connections are in use (too many threads)") from error
        except self.engine.dialect.loaded_dbapi.Error as error:
            raise self._explained(error).with_traceback(error.__traceback__) from None

    def _explained(self, error: BaseException) -> LedgerError:
        """Without the driver's own cause: PostgreSQL quotes the values of the row in it."""
        said = str(error) if self.path else str(getattr(error, "sqlstate", None) or "")
        for sign, what, remedy in _SQLITE_FAULTS if self.path else _POSTGRES_FAULTS:
            if sign in said if self.path else said.startswith(sign):
                return LedgerError(f"ledger {self}: {what} ({remedy})")
        if not said:
            return LedgerError(f"ledger {self}: the server does not answer (start it, or look at host and port)")
        primary = getattr(getattr(error, "diag", None), "message_primary", None)
        return LedgerError(f"ledger {self}: {type(error).__name__}: {primary or said}")


def open_ledger(url: str, *, create: bool = True, migrate: bool = False, check: bool = True) -> Database:
    """Open the ledger, and make sure that it is sound and of this version.

    Args:
        url: ``sqlite:///path`` or ``postgresql://…``.
        create: an absent ledger is made, by the migrations as well. False: LedgerError.
        migrate: an older one is brought up to date. False: LedgerError with the command that does it.
        check: look for damage first (reads the whole file; commands that only read may skip it).
    """
    database = connect(url, create=create)
    try:
        if check:
            _check_soundness(database)
        _settle_version(database, create=create, migrate=migrate)
    except BaseException:
        database.close()
        raise
    return database


def connect(url: str, *, create: bool = True) -> Database:
    """The database as it is, whatever its version: for migrations, backups and tests."""
    target = make_url(url)
    if target.get_backend_name() == "sqlite":
        return _connect_sqlite(target, create=create)
    if target.get_backend_name() != "postgresql":
        raise LedgerError(f"{target.drivername} is no database for a ledger (sqlite:///… or postgresql://…)")
    return _connect_postgres(target.set(drivername="postgresql+psycopg"))


def revision(database: Database) -> str | None:
    """The version of the ledger's tables; None where there are none."""
    with database.read() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def beside(path: Path, suffix: str) -> Path:
    """``var/ledger.db`` → ``var/ledger.db.<suffix>``. SQLite's own file is never opened by other means:
    closing it would drop the locks of every connection in this process."""
    return path.with_name(f"{path.name}.{suffix}")


def _settle_version(database: Database, *, create: bool, migrate: bool) -> None:
    present = revision(database)
    if present == HEAD:
        return
    if present is None and not create:
        raise LedgerError(f"ledger {database}: there is none yet (`connector sync` or `connector run` makes it)")
    if present is not None and not migrate:
        raise LedgerError(
            f"ledger {database}: its version is {present}, this connector's {HEAD} "
            "(stop the daemon, then `connector ledger migrate`; a newer ledger needs a newer connector)"
        )
    upgrade(database)


def _check_soundness(database: Database) -> None:
    if database.path is None:
        return  # PostgreSQL watches its own pages
    with database.read() as connection:
        answer = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    if answer != "ok":
        raise LedgerError(f"ledger {database}: it is damaged (`connector ledger restore` a backup; keep this file)")


def _connect_sqlite(url: URL, *, create: bool) -> Database:
    if not url.database or url.database == ":memory:" or url.query:
        raise LedgerError("a ledger needs a file of its own: sqlite:///path/to/ledger.db, without options")
    _prepare_file(Path(url.database), create=create)
    engine = create_engine(url, module=sqlite_driver(), pool_size=16, max_overflow=16, hide_parameters=True)
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return Database(url, engine)


def _prepare_file(path: Path, *, create: bool) -> None:
    """An empty file that only its owner may read: it will hold people's addresses."""
    if path.exists():
        return
    if not create:
        raise LedgerError(f"ledger {path}: there is none yet (`connector sync` or `connector run` makes it)")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    except OSError as error:
        raise LedgerError(f"ledger {path}: it cannot be made: {error.strerror} (look at the folder)") from error


def _configure_sqlite(driver: Any, _entry: ConnectionPoolEntry) -> None:
    driver.isolation_level = None  # begins and commits are ours alone
    driver.execute(f"PRAGMA busy_timeout={int(WAIT_S * 1000)}")
    _switch_to_wal(driver)
    driver.execute("PRAGMA synchronous=FULL")
    driver.execute("PRAGMA foreign_keys=ON")
    driver.execute("PRAGMA mmap_size=0")  # a mapped page hides write errors


@retry(
    retry=retry_if_exception_message(match=".*locked"),
    wait=wait_fixed(0.02),
    stop=stop_after_delay(WAIT_S),
    reraise=True,
)
def _switch_to_wal(driver: Any) -> None:
    """Once for each file. SQLite refuses it at once, whatever the timeout, while another makes the same new file."""
    driver.execute("PRAGMA journal_mode=WAL")


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    driver: Any = connection.connection.driver_connection
    if not options.get("write", False):
        driver.execute("PRAGMA query_only=ON")
        driver.execute("BEGIN")
        return
    driver.execute("PRAGMA query_only=OFF")
    driver.execute(f"PRAGMA synchronous={'FULL' if options['durable'] else 'NORMAL'}")
    driver.execute("BEGIN IMMEDIATE")


def _connect_postgres(url: URL) -> Database:
    session = f"-c lock_timeout={int(WAIT_S * 1000)} -c synchronous_commit=on"
    options = " ".join([*_texts(url.query.get("options")), session])
    engine = create_engine(
        url,
        pool_size=16,
        max_overflow=16,
        hide_parameters=True,
        connect_args={"options": options, "connect_timeout": 10, "application_name": "connector"},
    )
    event.listen(engine, "begin", _begin_postgres)
    return Database(url, engine)


def _texts(value: str | tuple[str, ...] | None) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value or ()


def _begin_postgres(connection: Connection) -> None:
    """The lock comes first, in READ COMMITTED: every later statement sees what the former writer left."""
    options = connection.get_execution_options()
    if not options.get("write", False):
        return
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ADVISORY_SPACE}, hashtext(current_schema()))")
    if not options["durable"]:
        connection.exec_driver_sql("SET LOCAL synchronous_commit=off")


def _snapshots(engine: Engine) -> Engine:
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _outside_transactions(driver: Any, *, on_sqlite: bool) -> None:
    if on_sqlite:
        driver.execute("PRAGMA query_only=OFF")
    else:
        driver.autocommit = True
