"""Copies that are whole or not there, and a ledger that knows when it was put back."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select, text

from connector.contract import Credentials, Finding
from connector.errors import LedgerError
from connector.ledger import backup as backups
from connector.ledger.backup import back_up, checkpoint, compact, restore, scratch, sqlite_finding, verify
from connector.ledger.credentials import Vault, begin_session, is_restored, open_vault
from connector.ledger.engine import Database, connect, open_ledger
from connector.ledger.lock import AlreadyHeldError, EngineLock
from connector.ledger.tables import claim, meta
from tests.ledger.conftest import Worker, overwrite_a_page_of

NOON = datetime(2026, 6, 25, 12, tzinfo=UTC)
PAIR = Credentials({"refresh_token": "ververs"}, NOON)
Start = Callable[..., Worker]

only_on_sqlite = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
only_on_postgres = pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)


def now() -> datetime:
    return NOON


def write(database: Database, **notes: str) -> None:
    with database.write() as connection:
        connection.execute(insert(meta), [{"name": name, "value": value} for name, value in notes.items()])


def read(database: Database, name: str) -> str | None:
    with database.read() as connection:
        return connection.execute(select(meta.c.value).where(meta.c.name == name)).scalar()


@pytest.fixture
def vault(database: Database) -> Vault:
    return open_vault(database)


@pytest.fixture
def kept(database: Database, vault: Vault, tmp_path: Path) -> Path:
    """A backup of a ledger that has worked, with a note in it."""
    vault.save("erp", PAIR)
    begin_session(database, vault, now)
    write(database, note="as of the backup")
    target = tmp_path / "kept" / "monday.db"
    target.parent.mkdir()
    back_up(database, target, vault)
    return target


def put_back(ledger_url: str, kept: Path) -> Path | None:
    return restore(ledger_url, kept, now=now)


# --- backup -----------------------------------------------------------------------------------


@only_on_sqlite
def test_a_backup_is_one_whole_private_file(database: Database, kept: Path) -> None:
    """It holds what was committed, can be opened by itself, and nobody else may read it."""
    assert ["monday.db"] == [each.name for each in kept.parent.iterdir()]
    assert 0o600 == stat.S_IMODE(kept.stat().st_mode)
    with closing(open_ledger(f"sqlite:///{kept}")) as copy:
        assert "as of the backup" == read(copy, "note")


@only_on_sqlite
def test_a_backup_holds_no_credentials_unless_asked(database: Database, vault: Vault, kept: Path) -> None:
    """Tokens leave the machine only when somebody says so, in a file of their own."""
    assert b"ververs" not in kept.read_bytes()
    asked = kept.with_name("tuesday.db")
    back_up(database, asked, vault, with_credentials=True)
    assert b"ververs" not in asked.read_bytes()
    beside = asked.with_name("tuesday.db.credentials")
    assert b"ververs" in beside.read_bytes()
    assert 0o600 == stat.S_IMODE(beside.stat().st_mode)


@only_on_sqlite
def test_work_goes_on_during_a_backup(database: Database, vault: Vault, tmp_path: Path) -> None:
    """The copy shows one moment, whatever is written meanwhile."""
    with database.write() as connection:
        connection.execute(insert(meta).values(name="open", value="not yet committed"))
        backups._copy(database, tmp_path / "copy.db")
    with closing(connect(f"sqlite:///{tmp_path / 'copy.db'}")) as copy:
        assert None is read(copy, "open")
    assert "not yet committed" == read(database, "open")


@only_on_sqlite
def test_a_backup_never_replaces_another(database: Database, vault: Vault, kept: Path) -> None:
    """The former backup may be the only good one."""
    before = kept.read_bytes()
    with pytest.raises(LedgerError, match="never replaces"):
        back_up(database, kept, vault)
    assert before == kept.read_bytes()


@only_on_sqlite
def test_a_backup_to_a_full_disk_is_an_error(database: Database, ledger_url: str, start: Start, tmp_path: Path) -> None:
    """Half a backup is reported, and not left behind to be trusted (known failure 30)."""
    write(database, **{f"row {n}": "x" * 5000 for n in range(50)})
    target = tmp_path / "elsewhere" / "monday.db"
    target.parent.mkdir()
    (complaint,) = start("back_up_on_a_full_disk", ledger_url, target).rest()
    assert "monday.db" in complaint
    assert "look at the disk" in complaint
    assert [] == list(target.parent.iterdir())


@only_on_sqlite
def test_no_room_is_noticed_before_it_is_used_up(
    database: Database, vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backup that cannot fit is not begun (known failure 30)."""

    class Usage:
        free = 4096

    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage)
    with pytest.raises(LedgerError, match="not enough room"):
        back_up(database, tmp_path / "monday.db", vault)
    assert not (tmp_path / "monday.db").exists()


@only_on_sqlite
def test_a_backup_into_nowhere_is_an_error(database: Database, vault: Vault, tmp_path: Path) -> None:
    """A folder that is not there is named."""
    with pytest.raises(LedgerError, match="nowhere"):
        back_up(database, tmp_path / "nowhere" / "monday.db", vault)


# --- restore ----------------------------------------------------------------------------------


@only_on_sqlite
def test_a_restored_ledger_is_as_it_was_and_knows_it(database: Database, kept: Path, ledger_url: str) -> None:
    """What came after the backup is gone, the ledger says that it is restored, and the tokens are the newest (33)."""
    write(database, later="after the backup")
    newer = Credentials({"refresh_token": "nieuw"}, NOON)
    open_vault(database).save("erp", newer)
    database.engine.dispose()
    put_back(ledger_url, kept)
    with closing(open_ledger(ledger_url)) as restored:
        vault = open_vault(restored)
        assert ("as of the backup", None) == (read(restored, "note"), read(restored, "later"))
        assert NOON.isoformat() == read(restored, "restored_at")
        assert is_restored(restored, vault)
        assert begin_session(restored, vault, now)
        assert newer == vault.load("erp")


@only_on_sqlite
def test_the_former_ledger_is_kept(database: Database, kept: Path, ledger_url: str) -> None:
    """A restore destroys nothing: the ledger that was there can be opened under its new name, journal included."""
    with database.read() as connection:  # keeps what follows in the journal
        connection.execute(select(meta)).all()
        write(database, later="after the backup")
        aside = put_back(ledger_url, kept)
    with closing(connect(f"sqlite:///{aside}", create=False)) as former:
        assert "after the backup" == read(former, "later")
    with closing(open_ledger(ledger_url)) as restored:
        assert None is read(restored, "later")


@only_on_sqlite
def test_a_copied_file_is_noticed_too(database: Database, kept: Path, ledger_url: str) -> None:
    """Somebody who copies the backup back by hand is found out by the generation beside it (known failure 33)."""
    assert database.path is not None
    database.engine.dispose()
    os.replace(kept, database.path)
    with closing(open_ledger(ledger_url)) as copied:
        assert is_restored(copied, open_vault(copied))


@only_on_sqlite
def test_a_new_machine_takes_the_credentials_of_the_backup(
    database: Database, vault: Vault, kept: Path, tmp_path: Path
) -> None:
    """Where there are none, those that were asked into the backup are used, and the ledger is a restored one (33)."""
    full = kept.with_name("full.db")
    back_up(database, full, vault, with_credentials=True)
    url = f"sqlite:///{tmp_path / 'new' / 'machine' / 'ledger.db'}"
    assert None is put_back(url, full)
    with closing(open_ledger(url)) as restored:
        assert PAIR == open_vault(restored).load("erp")
        assert is_restored(restored, open_vault(restored))


@only_on_sqlite
def test_a_damaged_ledger_can_be_replaced(database: Database, kept: Path, ledger_url: str) -> None:
    """The ledger that makes a restore necessary does not stand in its way (known failure 30)."""
    assert database.path is not None
    database.engine.dispose()
    database.path.write_bytes(b"no ledger any more")
    aside = put_back(ledger_url, kept)
    assert b"no ledger any more" == (aside.read_bytes() if aside else b"")
    with closing(open_ledger(ledger_url)) as restored:
        assert "as of the backup" == read(restored, "note")


@only_on_sqlite
@pytest.mark.parametrize(
    ("harm", "complaint"),
    [
        (lambda path: os.truncate(path, path.stat().st_size - 4096), "malformed|damaged"),
        (lambda path: os.truncate(path, path.stat().st_size // 2), "malformed|damaged"),
        (lambda path: overwrite_a_page_of("history", path), "damaged"),
        (lambda path: os.truncate(path, 0), "empty, or no ledger"),
        (lambda path: path.write_text("not this file" * 500), "not a database"),
        (lambda path: path.unlink(), "No such file"),
    ],
    ids=["a page is missing", "half of it", "a page overwritten", "nothing in it", "another file", "no file"],
)
def test_a_bad_backup_changes_nothing(
    database: Database, kept: Path, ledger_url: str, harm: Callable[[Path], object], complaint: str
) -> None:
    """A half-written or wrong backup is refused, and the ledger stays as it is (known failure 30)."""
    harm(kept)
    with pytest.raises(LedgerError, match=complaint):
        put_back(ledger_url, kept)
    assert "as of the backup" == read(database, "note")
    assert None is read(database, "restored_at")
    assert database.path is not None
    assert [] == [each.name for each in database.path.parent.iterdir() if "partial" in each.name]


@only_on_sqlite
def test_a_newer_backup_is_refused(database: Database, vault: Vault, tmp_path: Path, ledger_url: str) -> None:
    """A connector does not take over a ledger that it cannot understand."""
    target = tmp_path / "newer.db"
    back_up(database, target, vault)
    with closing(connect(f"sqlite:///{target}")) as copy, copy.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(LedgerError, match="upgrade the connector"):
        put_back(ledger_url, target)


@only_on_sqlite
def test_nothing_is_restored_under_a_running_engine(database: Database, kept: Path, ledger_url: str) -> None:
    """The ledger is not taken away from those who work with it."""
    lock = EngineLock(database, now=now)
    lock.take()
    with pytest.raises(AlreadyHeldError, match="stop that one first"):
        put_back(ledger_url, kept)
    lock.release()


@only_on_postgres
def test_on_postgres_the_server_s_tools_do_it(
    database: Database, vault: Vault, tmp_path: Path, ledger_url: str
) -> None:
    """Backup and restore are refused there, with the tool to use instead."""
    with pytest.raises(LedgerError, match="pg_dump --exclude-schema=connector_credentials"):
        back_up(database, tmp_path / "monday.db", vault)
    with pytest.raises(LedgerError, match="pg_restore"):
        put_back(ledger_url, tmp_path / "monday.db")


# --- verify, compact, scratch -----------------------------------------------------------------


def wrong(findings: Iterable[Finding]) -> list[str]:
    return [f"{each.what}: {each.detail}" for each in findings if not each.ok]


def test_a_sound_ledger_is_sound(database: Database) -> None:
    """Nothing is found where nothing is wrong."""
    assert [] == wrong(verify(database))


def test_what_the_engine_promises_is_verified_too(database: Database) -> None:
    """Rules about the contents, handed in by the engine, are reported under their own name."""

    def no_claim_without_a_line(connection: Connection) -> Iterable[str]:
        return [f"order {order}" for order in connection.execute(select(claim.c.order_ref)).scalars()]

    with database.write() as connection:
        connection.execute(
            insert(claim).values(
                channel="shop", order_ref="1001", line="", product_id=1, location="", open_quantity=Decimal(1)
            )
        )
    assert ["no claim without a line: order 1001"] == wrong(verify(database, [no_claim_without_a_line]))


@only_on_sqlite
def test_a_dangling_reference_is_found(database: Database) -> None:
    """A row whose parent is gone, however that came about, is named by its table (known failure 30)."""
    with database.raw() as driver:
        driver.execute("PRAGMA foreign_keys=OFF")
        driver.execute("INSERT INTO record_key VALUES (7, 'sku', 'a', 'product')")
        driver.execute("PRAGMA foreign_keys=ON")
    assert ["references: record_key without its record"] == wrong(verify(database))


@only_on_sqlite
def test_a_checkpoint_empties_the_journal(database: Database) -> None:
    """Afterwards everything is in the one file, unless a reader still needs the journal."""
    assert database.path is not None
    journal = Path(f"{database.path}-wal")
    write(database, one="1")
    assert checkpoint(database)
    assert 0 == journal.stat().st_size
    with database.read() as connection:
        connection.execute(select(meta)).all()
        write(database, two="2")
        assert 0 < journal.stat().st_size


@only_on_sqlite
def test_compacting_gives_room_back(database: Database) -> None:
    """What was deleted no longer takes room on the disk."""
    write(database, **{f"row {n}": "x" * 5000 for n in range(100)})
    with database.write() as connection:
        connection.execute(meta.delete().where(meta.c.name != "row 1"))
    assert compact(database) > 400_000
    assert "x" * 5000 == read(database, "row 1")


@only_on_postgres
def test_compacting_is_the_server_s_work(database: Database) -> None:
    """On PostgreSQL the room is reused, and a checkpoint is none of our business."""
    assert (0, True) == (compact(database), checkpoint(database))


def test_a_scratch_copy_is_nobody_s(database: Database, tmp_path: Path) -> None:
    """What `plan` does in a copy of the ledger never arrives in the ledger, on either database."""
    row = {"channel": "shop", "order_ref": "1001", "line": "1", "product_id": 1, "location": ""}
    with database.write() as connection:
        connection.execute(insert(claim).values(open_quantity=Decimal("1.50"), **row))
    with closing(scratch(database, tmp_path / "scratch.db")) as copy:
        with copy.write() as connection:
            assert [Decimal("1.50")] == connection.execute(select(claim.c.open_quantity)).scalars().all()
            connection.execute(claim.delete())
        assert [] == wrong(verify(copy))
    with database.read() as connection:
        assert ["1001"] == connection.execute(select(claim.c.order_ref)).scalars().all()


@pytest.mark.parametrize(
    ("version", "expected"), [((3, 40, 1), (False, True)), ((3, 51, 3), (True, False)), ((3, 53, 4), (True, False))]
)
def test_an_old_sqlite_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, int, int], expected: tuple[bool, bool]
) -> None:
    """`connector check` names a SQLite that can damage its file, and the remedy; it is no reason to stop."""

    class Driver:
        sqlite_version_info = version
        sqlite_version = ".".join(map(str, version))

    monkeypatch.setattr(backups, "sqlite_driver", lambda: Driver)
    finding = sqlite_finding()
    assert expected == (finding.ok, finding.warning)
    assert Driver.sqlite_version in finding.detail
