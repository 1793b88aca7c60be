"""The tables through time: old ledgers arrive at today's tables, whole, or stay as they were."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select, text

from connector.errors import LedgerError
from connector.ledger import backup
from connector.ledger.engine import Database, connect, open_ledger, revision
from connector.ledger.migrations import HEAD, TREE, VERSIONS, upgrade
from connector.ledger.tables import metadata, record, record_key
from connector.ledger.types import pack

FIRST = "0001"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

#: A later version of two tables, one of which is the other's parent; and two that go wrong.
HEADING = "from alembic import op\nimport sqlalchemy as sa\nrevision = {0!r}\ndown_revision = {1!r}\n\n"
FAMILY = """
def upgrade():
    op.create_table("parent", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text))
    op.create_table(
        "child",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("parent_id", sa.Integer, sa.ForeignKey("parent.id", ondelete="CASCADE", name="fk_child_parent")),
    )
    op.execute("INSERT INTO parent VALUES (1, 'a')")
    op.execute("INSERT INTO child VALUES (1, 1), (2, 1)")
"""
REBUILDS_THE_PARENT = """
def upgrade():
    with op.batch_alter_table("parent") as batch:
        batch.alter_column("name", new_column_name="title")
"""
FAILS_HALF_WAY = """
def upgrade():
    op.execute("UPDATE parent SET name = 'b'")
    op.create_table("half", sa.Column("id", sa.Integer, primary_key=True))
    op.execute("INSERT INTO nowhere VALUES (1)")
"""
ORPHANS = """
def upgrade():
    op.execute("DELETE FROM parent")
"""


@pytest.fixture
def empty(empty_url: str) -> Iterator[Database]:
    """A database without tables."""
    with closing(connect(empty_url)) as database:
        yield database


@pytest.fixture
def versions(tmp_path: Path) -> Path:
    folder = tmp_path / "versions"
    folder.mkdir()
    return folder


def write_version(folder: Path, number: str, after: str | None, steps: str) -> None:
    (folder / f"{number}.py").write_text(HEADING.format(number, after) + steps)


def rows(database: Database, statement: str) -> list[tuple[object, ...]]:
    with database.read() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


def test_the_migrations_make_the_tables_of_today(empty: Database) -> None:
    """What the migrations build is what tables.py says; if this fails, draft the next revision."""
    upgrade(empty)
    with empty.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert [] == compare_metadata(context, metadata)


def test_head_is_the_newest_revision() -> None:
    """The constant that spares the import of Alembic names the newest revision there is."""
    assert [HEAD] == ScriptDirectory(str(TREE)).get_heads()


def test_a_ledger_of_the_first_release_arrives_today(empty: Database, empty_url: str) -> None:
    """Records that the first release stored are there, and readable, after all migrations."""
    upgrade(empty, target=FIRST)
    agreed = pack({"name": "Mok"})
    with empty.write() as connection:
        connection.execute(
            text(
                "INSERT INTO record (id, entity, key, place, agreed, life, sequence, changed_at)"
                " VALUES (1, 'product', 'mok-1', '', :agreed, 'live', 1, 1772366400000000)"
            ),
            {"agreed": agreed},
        )
        connection.execute(text("INSERT INTO record_key VALUES (1, 'sku', 'mok-1', 'product')"))
    with closing(open_ledger(empty_url, migrate=True)) as database, database.read() as connection:
        assert HEAD == revision(database)
        (found,) = connection.execute(select(record.c.key, record.c.changed_at)).all()
        assert ("mok-1", NOW) == tuple(found)
        assert [1] == connection.execute(select(record_key.c.record_id)).scalars().all()


def test_an_interrupted_migration_is_undone(empty: Database, versions: Path) -> None:
    """A migration that fails leaves tables, rows and version as they were (known failure 30)."""
    write_version(versions, "0001", None, FAMILY)
    upgrade(empty, versions=versions)
    write_version(versions, "0002", "0001", FAILS_HALF_WAY)
    with pytest.raises(LedgerError, match="nowhere"):
        upgrade(empty, versions=versions)
    assert [(1, "a")] == rows(empty, "SELECT * FROM parent")
    with empty.read() as connection:
        assert not inspect(connection).has_table("half")
    assert "0001" == revision(empty)


def test_a_table_built_anew_keeps_its_children(empty: Database, versions: Path) -> None:
    """Changing a column of a parent does not delete what refers to it, and references hold again afterwards."""
    write_version(versions, "0001", None, FAMILY)
    write_version(versions, "0002", "0001", REBUILDS_THE_PARENT)
    upgrade(empty, versions=versions)
    assert [("a",)] == rows(empty, "SELECT title FROM parent")
    assert [(1, 1), (2, 1)] == rows(empty, "SELECT * FROM child ORDER BY id")
    with pytest.raises(LedgerError, match=r"(?i)foreign key"), empty.write() as connection:
        connection.execute(text("INSERT INTO child VALUES (3, 99)"))


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_migration_that_orphans_rows_is_undone(empty: Database, versions: Path) -> None:
    """References are off while tables are rebuilt, so they are checked before the commit."""
    write_version(versions, "0001", None, FAMILY)
    upgrade(empty, versions=versions)
    write_version(versions, "0002", "0001", ORPHANS)
    with pytest.raises(LedgerError, match="orphan rows of child"):
        upgrade(empty, versions=versions)
    assert [(1, "a")] == rows(empty, "SELECT * FROM parent")


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_migrating_keeps_a_backup(empty: Database, empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`connector ledger migrate` copies the old ledger first, and says where."""
    upgrade(empty, target=FIRST)
    monkeypatch.setattr(backup, "HEAD", "9999")  # as if the ledger's version were not this connector's
    kept = backup.migrate(empty_url, now=lambda: NOW)
    assert kept is not None
    with closing(connect(f"sqlite:///{kept}", create=False)) as copy:
        assert FIRST == revision(copy)


def test_nothing_to_migrate_is_no_work(ledger_url: str) -> None:
    """A ledger of today's version is left alone."""
    assert None is backup.migrate(ledger_url, now=lambda: NOW)


def test_an_absent_ledger_is_not_migrated(empty_url: str) -> None:
    """There is nothing to bring up to date, and nothing is made."""
    with pytest.raises(LedgerError, match="there is none yet"):
        backup.migrate(empty_url, now=lambda: NOW)


def test_revisions_speak_plain_sql() -> None:
    """What was released cannot change with our own column types: revisions import none of them."""
    assert [] == [each.name for each in VERSIONS.glob("*.py") if "connector" in each.read_text()]
