"""One writer at a time, nothing half-done, and errors that say what to do."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, event, insert, select, text, update

from connector.errors import LedgerError
from connector.ledger import engine
from connector.ledger.engine import Database, connect, has_wal_bug, open_ledger, revision, sqlite_driver
from connector.ledger.migrations import HEAD
from connector.ledger.tables import counter, meta, record, record_key
from tests.conftest import ROOT
from tests.ledger.conftest import Worker, in_database, overwrite_a_page_of
from tests.ledger.workers import count_up

Start = Callable[..., Worker]

only_on_sqlite = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
only_on_postgres = pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)


@pytest.fixture
def counted(database: Database) -> Database:
    """A ledger with a counter at zero."""
    set_counters(database, n=0)
    return database


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer gives up at once."""
    monkeypatch.setattr(engine, "WAIT_S", 0.01)


def set_counters(database: Database, **values: int) -> None:
    with database.write() as connection:
        connection.execute(insert(counter), [{"name": name, "value": value} for name, value in values.items()])


def value(database: Database, name: str = "n") -> int:
    with database.read() as connection:
        return value_in(connection, name)


def value_in(connection: Connection, name: str = "n") -> int:
    return int(connection.execute(select(counter.c.value).where(counter.c.name == name)).scalar_one())


# --- no update is lost ------------------------------------------------------------------------


def counted_by_processes(start: Start, worker: str, url: str) -> None:
    workers = [start(worker, url, 100) for _ in range(4)]
    for each in workers:
        each.until_ready()
    for each in workers:
        each.go()
    for each in workers:
        each.rest()


def test_four_processes_count_to_four_hundred(counted: Database, ledger_url: str, start: Start) -> None:
    """Read-then-write transactions of several processes never lose an update."""
    counted_by_processes(start, "increment", ledger_url)
    assert 400 == value(counted)


def test_the_defaults_would_have_lost_updates(counted: Database, ledger_url: str, start: Start) -> None:
    """The same work on an engine as SQLAlchemy makes it arrives at less: the test above can fail."""
    counted_by_processes(start, "increment_by_default", ledger_url)
    assert value(counted) < 400


def test_two_default_transactions_overwrite_each_other(counted: Database, ledger_url: str) -> None:
    """Why: both begin, both read the same, both write."""
    plain = create_engine(counted.engine.url, module=counted.engine.dialect.loaded_dbapi)
    with plain.connect() as one, plain.connect() as other:
        seen = value_in(one)
        count_up(other)
        other.commit()
        one.execute(update(counter).where(counter.c.name == "n").values(value=seen + 1))
        one.commit()
    plain.dispose()
    assert 1 == value(counted)


def test_threads_take_turns(counted: Database) -> None:
    """More threads than pooled connections share one ledger, and none loses an update."""

    def work(_: int) -> None:
        with counted.write() as connection:
            count_up(connection)

    with ThreadPoolExecutor(24) as pool:
        list(pool.map(work, range(96)))
    assert 96 == value(counted)


def test_readers_need_not_wait_for_the_writer(counted: Database) -> None:
    """While a transaction writes, others read what was there before it."""
    with counted.write() as connection:
        count_up(connection)
        assert 0 == value(counted)
    assert 1 == value(counted)


def test_a_read_shows_one_moment(counted: Database) -> None:
    """What is committed while a read goes on belongs to the next read."""
    with counted.read() as connection:
        before = value_in(connection)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(increment_once, counted).result()
        assert before == value_in(connection)
    assert before + 1 == value(counted)


def increment_once(database: Database) -> None:
    with database.write() as connection:
        count_up(connection)


def test_a_read_cannot_write(counted: Database) -> None:
    """A write that was begun as a read is refused: it could have lost an update."""
    with pytest.raises(LedgerError, match="read-only"), counted.read() as connection:
        count_up(connection)
    assert 0 == value(counted)


def test_a_write_inside_a_write_is_a_bug(database: Database) -> None:
    """A thread that would wait for itself is told so at once."""
    with database.write(), pytest.raises(LedgerError, match="inside another"), database.write():
        pytest.fail("it began")


@pytest.mark.parametrize(
    ("dialect", "holding"), [("sqlite", "write"), ("sqlite", "raw"), ("postgresql", "write")], indirect=["dialect"]
)
def test_nobody_writes_meanwhile(ledger_url: str, holding: str, impatient: None) -> None:
    """During a write, and during a checkpoint, another thread's write has to wait."""
    with closing(connect(ledger_url)) as database, ThreadPoolExecutor(1) as pool:
        set_counters(database, n=0)
        with getattr(database, holding)(), pytest.raises(LedgerError, match="busy"):
            pool.submit(increment_once, database).result()
        assert 0 == value(database)


# --- all or nothing ---------------------------------------------------------------------------


def test_an_error_undoes_the_transaction(counted: Database) -> None:
    """Whatever is raised inside a write undoes all of it, and arrives as it was."""

    def count_and_fail() -> None:
        with counted.write() as connection:
            count_up(connection)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        count_and_fail()
    assert 0 == value(counted)


def test_a_kill_in_a_transaction_leaves_nothing_of_it(counted: Database, ledger_url: str, start: Start) -> None:
    """After kill -9 in the middle, the ledger is as before and the next writer gets its turn."""
    worker = start("half", ledger_url).until_ready()
    worker.kill()
    increment_once(counted)
    with counted.read() as connection:
        assert [("n", 1)] == list(connection.execute(select(counter.c.name, counter.c.value)))


def test_kills_between_commits_lose_none(database: Database, ledger_url: str, start: Start) -> None:
    """What a process was told is committed is there after kill -9, and no transaction is there by half."""
    set_counters(database, a=0, b=0)
    expected = 0
    for commits in (1, 23):
        worker = start("transfer", ledger_url).until_ready()
        worker.go()
        expected += [worker.line() for _ in range(commits)].count("committed")
        worker.kill()
        increment_nothing(database)  # the server has noticed the death once we get our turn
        assert 0 == value(database, "a") + value(database, "b")
        assert expected <= value(database, "b")
    with closing(open_ledger(ledger_url)):
        assert HEAD == revision(database)


def increment_nothing(database: Database) -> None:
    with database.write():
        return


@only_on_sqlite
def test_a_full_disk_undoes_the_transaction(ledger_url: str, start: Start) -> None:
    """When the disk is full the ledger says so, keeps what was committed, and nothing else (known failure 30)."""
    *committed, complaint = start("fill", ledger_url).rest()
    assert "disk" in complaint
    with closing(open_ledger(ledger_url)) as database, database.read() as connection:
        kept = connection.execute(select(meta.c.value)).scalars().all()
    assert ["x" * 5000] * len(committed) == kept
    assert committed


@only_on_sqlite
def test_work_goes_on_once_there_is_room(database: Database) -> None:
    """A ledger that was full is written again as soon as it can be, without a restart (known failure 30)."""
    limit = {"pages": 0}

    def restrain(connection: Connection) -> None:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute(f"PRAGMA max_page_count={limit['pages'] or 2**30}")

    event.listen(database.engine, "begin", restrain, insert=True)
    with database.read() as connection:
        limit["pages"] = connection.exec_driver_sql("PRAGMA page_count").scalar_one() + 1
    with pytest.raises(LedgerError, match=r"the disk is full \(make room"):
        write_small_and_large(database)
    limit["pages"] = 0
    with database.read() as connection:
        assert [] == connection.execute(select(meta)).all()
    write_small_and_large(database)


def write_small_and_large(database: Database) -> None:
    with database.write() as connection:
        connection.execute(insert(meta).values(name="small", value=""))
        connection.execute(insert(meta).values(name="large", value="x" * 100_000))


def test_foreign_keys_hold(database: Database) -> None:
    """A row without its parent is refused."""
    row = {"record_id": 1, "kind": "sku", "text": "a", "entity": "product"}
    with pytest.raises(LedgerError, match=r"(?i)foreign key"), database.write() as connection:
        connection.execute(insert(record_key).values(row))


def test_no_message_holds_a_value(database: Database) -> None:
    """Not even where the server quotes the row: a doubled key names the constraint alone (known failure 27)."""
    row = {"name": "jan@example.nl", "value": "secret"}
    with database.write() as connection:
        connection.execute(insert(meta).values(row))
    with pytest.raises(LedgerError) as raised, database.write() as connection:
        connection.execute(insert(meta).values(row))
    error: BaseException | None = raised.value
    assert "jan@example.nl" not in str(error)
    assert raised.value.__suppress_context__


# --- opening ----------------------------------------------------------------------------------


def test_a_new_ledger_is_made_by_the_migrations(empty_url: str) -> None:
    """The first opening makes all tables, of the newest version."""
    with closing(open_ledger(empty_url)) as database, database.read() as connection:
        assert HEAD == revision(database)
        assert [] == connection.execute(select(record)).all()


def test_several_processes_may_make_it_at_once(empty_url: str) -> None:
    """Two that find no ledger make one, not two halves."""
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: open_ledger(empty_url), range(2)))
    assert [HEAD, HEAD] == [revision(each) for each in both]
    for each in both:
        each.close()


def test_a_new_file_that_another_holds_is_waited_for(tmp_path: Path) -> None:
    """SQLite gives up at once on its journal's mode where another process writes the new file at that moment."""
    path = tmp_path / "ledger.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    tries: list[str] = []

    class Driver:
        def execute(self, statement: str) -> None:
            tries.append(statement)
            if len(tries) == 2:
                other.execute("COMMIT")
            with closing(sqlite3.connect(path)) as own:
                own.execute(statement)

    engine._switch_to_wal(Driver())
    assert (2, ("wal",)) == (len(tries), other.execute("PRAGMA journal_mode").fetchone())
    other.close()


def test_an_absent_ledger_is_not_made_by_a_reader(empty_url: str, dialect: str) -> None:
    """A mistyped path does not become an empty ledger that says all is well."""
    with pytest.raises(LedgerError, match="there is none yet"):
        open_ledger(empty_url, create=False)
    if dialect == "sqlite":
        assert not Path(empty_url.removeprefix("sqlite:///")).exists()


def test_the_folder_is_made_and_the_file_is_private(tmp_path: Path) -> None:
    """Nobody but its owner may read a ledger: it holds people's addresses."""
    path = tmp_path / "var" / "lib" / "ledger.db"
    with closing(open_ledger(f"sqlite:///{path}")):
        modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
    assert dict.fromkeys(modes, 0o600) == modes


def test_opening_does_not_load_alembic(ledger_url: str) -> None:
    """Half a second is spared whenever the version is right."""
    code = (
        "import sys; from connector.ledger.engine import open_ledger; "
        "open_ledger(sys.argv[1]).close(); sys.exit('alembic' in sys.modules)"
    )
    assert 0 == subprocess.run([sys.executable, "-c", code, ledger_url], cwd=ROOT, check=False).returncode


def test_a_ledger_of_another_version_says_what_to_do(database: Database, ledger_url: str) -> None:
    """A ledger that this connector cannot read is refused with the command that helps."""
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(LedgerError, match="connector ledger migrate"):
        open_ledger(ledger_url)
    with pytest.raises(LedgerError, match="newer connector"):
        open_ledger(ledger_url, migrate=True)


@only_on_sqlite
def test_sqlite_is_set_up_for_safety(database: Database) -> None:
    """Every connection journals ahead, flushes each commit, keeps references, and maps no memory."""
    expected = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "mmap_size": 0, "query_only": 0}
    with database.write() as connection:
        assert expected == {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in expected}
    with database.write(durable=False) as connection:
        assert 1 == connection.exec_driver_sql("PRAGMA synchronous").scalar()


@only_on_postgres
def test_postgres_flushes_each_commit(database: Database) -> None:
    """Whatever the server's default: an intent is on the disk before its call is made."""
    with database.write() as connection:
        assert "on" == connection.exec_driver_sql("SHOW synchronous_commit").scalar()
    with database.write(durable=False) as connection:
        assert "off" == connection.exec_driver_sql("SHOW synchronous_commit").scalar()


@pytest.mark.parametrize(
    ("version", "expected"),
    [((3, 6, 23), False), ((3, 7, 0), True), ((3, 40, 1), True), ((3, 51, 2), True), ((3, 51, 3), False)],
)
def test_the_bug_in_the_journal_is_known_by_version(version: tuple[int, int, int], expected: bool) -> None:
    """SQLite 3.7.0 to 3.51.2 can damage a file when two connections write and checkpoint at one instant."""
    assert expected == has_wal_bug(version)


def test_the_standard_library_s_sqlite_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra [sqlite], the ledger runs on Python's own SQLite."""
    monkeypatch.setattr(engine, "sqlite_driver", lambda: sqlite3)
    with closing(open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")) as database:
        set_counters(database, n=0)
        increment_once(database)
        assert 1 == value(database)
        assert "sqlite3" == database.engine.dialect.loaded_dbapi.__name__


def test_the_newer_sqlite_is_used_where_it_is_installed() -> None:
    """pysqlite3 brings a SQLite without the bug."""
    pytest.importorskip("pysqlite3")
    assert "pysqlite3.dbapi2" == sqlite_driver().__name__


# --- what went wrong, and what to do ----------------------------------------------------------


def overwrite(path: Path, at: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(content)


def damaged_pages(path: Path) -> None:
    for at in range(4096, path.stat().st_size, 4096):
        overwrite(path, at, os.urandom(200))


@pytest.mark.parametrize(
    ("harm", "complaint"),
    [
        (lambda path: path.write_text("[connector]\nledger = 'x'\n" * 100), "no ledger, or damaged"),
        (lambda path: overwrite(path, 0, b"SQLite?"), "no ledger, or damaged"),
        (damaged_pages, "damaged"),
        (lambda path: overwrite_a_page_of("history", path), "damaged"),
        (lambda path: (path.unlink(), path.mkdir()), "cannot be opened"),
        (lambda path: os.truncate(path, path.stat().st_size - 4096), "damaged"),
    ],
    ids=["a text file", "header overwritten", "pages overwritten", "one page overwritten", "a folder", "cut short"],
)
def test_a_harmed_file_is_refused(
    sqlite_template: Path, tmp_path: Path, harm: Callable[[Path], object], complaint: str
) -> None:
    """A damaged ledger is noticed when it is opened, and the remedy is named (known failure 30)."""
    path = tmp_path / "ledger.db"
    path.write_bytes(sqlite_template.read_bytes())
    harm(path)
    with pytest.raises(LedgerError, match=complaint) as raised:
        open_ledger(f"sqlite:///{path}")
    assert "(" in str(raised.value)


@pytest.mark.parametrize("place", ["ledger.db.writer", "var"])
def test_a_place_that_cannot_be_used_is_named(tmp_path: Path, place: str) -> None:
    """Where the files beside the ledger, or its folder, cannot be made, the message names the place."""
    (tmp_path / "ledger.db.writer").mkdir()
    (tmp_path / "var").write_text("a file where a folder should be")
    url = f"sqlite:///{tmp_path / 'var' / 'ledger.db' if place == 'var' else tmp_path / 'ledger.db'}"
    with pytest.raises(LedgerError, match=place) as raised:
        open_ledger(url)
    assert "(look at" in str(raised.value)


@only_on_sqlite
def test_a_foreign_lock_is_named(database: Database, impatient: None, ledger_url: str) -> None:
    """A program that is not ours and keeps the file locked is reported, not waited for for ever."""
    with closing(sqlite_driver().connect(ledger_url.removeprefix("sqlite:///"), isolation_level=None)) as foreign:
        foreign.execute("BEGIN IMMEDIATE")
        with closing(connect(ledger_url)) as ours, pytest.raises(LedgerError, match="keeps it busy"):
            increment_nothing(ours)


@pytest.mark.parametrize(
    ("state", "complaint"),
    [
        ("53100", "the disk is full"),
        ("25006", "read-only"),
        ("XX001", "damaged"),
        ("55P03", "busy"),
        ("53300", "no connection left"),
        ("42501", "permission"),
    ],
)
def test_the_server_s_error_codes_are_explained(
    server: str, postgres_template: str, state: str, complaint: str
) -> None:
    """Each error of the server that an operator can mend comes with its remedy (known failure 30)."""
    block = f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}'; END $$"
    with (
        closing(connect(in_database(server, "postgres"))) as database,
        pytest.raises(LedgerError, match=complaint),
        database.write() as connection,
    ):
        connection.exec_driver_sql(block)


def test_a_server_that_is_not_there_is_named() -> None:
    """Nobody answers: the message says which host, and holds no password."""
    with pytest.raises(LedgerError, match=r"127\.0\.0\.1/ledger.*does not answer") as raised:
        open_ledger("postgresql://user:geheim@127.0.0.1:9/ledger")
    assert "geheim" not in str(raised.value)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://h/l", "sqlite:///a.db?mode=memory"])
def test_an_address_that_keeps_nothing_is_refused(url: str) -> None:
    """A ledger in memory, or in a database we do not know, is no ledger."""
    with pytest.raises(LedgerError, match="sqlite:///"):
        open_ledger(url)


@only_on_sqlite
def test_a_closed_ledger_leaves_one_file_of_data(database: Database) -> None:
    """The last to leave empties the journal into the file."""
    set_counters(database, n=0)
    assert database.path is not None
    assert (database.path.parent / "ledger.db-wal").exists()
    database.engine.dispose()
    assert not (database.path.parent / "ledger.db-wal").exists()
