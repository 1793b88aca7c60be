"""A token that works once is used once; a restored ledger knows what it is."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from connector.contract import Credentials
from connector.errors import LedgerError, Transient
from connector.ledger import credentials
from connector.ledger.credentials import (
    ChannelTokens,
    FileVault,
    Generation,
    Vault,
    begin_session,
    end_restore,
    is_older,
    is_restored,
    open_vault,
    raise_generation,
)
from connector.ledger.engine import Database, connect
from tests.ledger.conftest import Worker

NOON = datetime(2026, 6, 25, 12, 30, 15, 250000, tzinfo=UTC)
PAIR = Credentials({"access_token": "toegang", "refresh_token": "ververs"}, NOON)
Start = Callable[..., Worker]


def now() -> datetime:
    return NOON


@pytest.fixture
def vault(database: Database) -> Vault:
    return open_vault(database)


@pytest.fixture
def issuer(tmp_path: Path, vault: Vault) -> Path:
    """Whoever hands out tokens that work once; the channel holds the first."""
    file = tmp_path / "issuer"
    file.write_text("1")
    ChannelTokens(vault, "erp").save(Credentials({"refresh_token": "1"}, NOON))
    return file


def test_credentials_come_back(vault: Vault, ledger_url: str) -> None:
    """What one process saved, another one loads, each channel its own."""
    ChannelTokens(vault, "erp").save(PAIR)
    with closing(connect(ledger_url)) as elsewhere:
        found = open_vault(elsewhere)
        assert PAIR == ChannelTokens(found, "erp").load()
        assert None is ChannelTokens(found, "shop").load()


def test_a_newer_pair_replaces_the_older(vault: Vault) -> None:
    """Only the newest pair is kept, and other channels keep theirs."""
    tokens, others = ChannelTokens(vault, "erp"), ChannelTokens(vault, "shop")
    others.save(PAIR)
    tokens.save(PAIR)
    newer = Credentials({"refresh_token": "nieuw"}, NOON)
    tokens.save(newer)
    assert (newer, PAIR) == (tokens.load(), others.load())


def test_credentials_do_not_print(vault: Vault) -> None:
    """Neither the pair nor its store shows a value when it is logged (known failure 27)."""
    tokens = ChannelTokens(vault, "erp")
    tokens.save(PAIR)
    assert "ververs" not in f"{tokens!r} {tokens.load()!r}"


def test_processes_never_burn_a_token(issuer: Path, ledger_url: str, start: Start) -> None:
    """Two processes that refresh at the same time use each single-use token once (known failure 6)."""
    workers = [start("refresh", ledger_url, issuer, "carefully").until_ready() for _ in range(2)]
    for each in workers:
        each.go()
    assert [["refreshed"], ["refreshed"]] == [each.rest() for each in workers]
    assert "41" == issuer.read_text()


def test_without_the_lock_a_token_is_burnt(issuer: Path, vault: Vault) -> None:
    """The same, one step after the other without the lock: the second finds its token used (known failure 6)."""
    one = ChannelTokens(vault, "erp").load()
    with ChannelTokens(vault, "erp").exclusive():
        issuer.write_text("2")
        ChannelTokens(vault, "erp").save(Credentials({"refresh_token": "2"}, NOON))
    assert one is not None
    assert one.values["refresh_token"] != issuer.read_text()


def test_a_death_between_save_and_use_loses_nothing(issuer: Path, ledger_url: str, vault: Vault, start: Start) -> None:
    """The new pair is on the disk before its first use, and the lock dies with its holder (known failure 6)."""
    start("refresh_and_die", ledger_url, issuer).until_ready().kill()
    tokens = ChannelTokens(vault, "erp")
    with tokens.exclusive():
        found = tokens.load()
    assert {"refresh_token": "2"} == dict(found.values if found else {})


def test_a_refresh_elsewhere_is_waited_for_not_doubled(
    vault: Vault, ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who cannot have the lock in time tries again later, and stops nothing else."""
    monkeypatch.setattr(credentials, "REFRESH_WAIT_S", 0.01)
    with closing(connect(ledger_url)) as elsewhere, vault.exclusive("erp"):
        with pytest.raises(Transient) as raised, open_vault(elsewhere).exclusive("erp"):
            pytest.fail("two hold it")
        with open_vault(elsewhere).exclusive("shop"):
            assert "erp" == raised.value.channel


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_the_file_is_private(vault: Vault, database: Database) -> None:
    """Credentials lie beside the ledger, readable by their owner alone, and not in it."""
    vault.save("erp", PAIR)
    assert database.path is not None
    place = database.path.with_name("ledger.db.credentials")
    assert 0o600 == stat.S_IMODE(place.stat().st_mode)
    assert b"ververs" in place.read_bytes()
    inside = [each.read_bytes() for each in place.parent.glob("ledger.db*") if "credentials" not in each.name]
    assert not any(b"ververs" in content for content in inside)


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_the_schema_is_their_own(vault: Vault, database: Database) -> None:
    """On PostgreSQL they are kept where a dump of the ledger can leave them out."""
    vault.save("erp", PAIR)
    with database.read() as connection:
        schemas = connection.execute(text("SELECT schemaname FROM pg_tables WHERE tablename = 'kept'")).scalars().all()
    assert ["connector_credentials"] == schemas


def test_a_failed_save_keeps_the_former_pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full the old pair is still there, whole, and nothing is left lying about (known failure 30)."""
    vault = FileVault(tmp_path / "ledger.db.credentials")
    vault.save("erp", PAIR)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(LedgerError, match="No space left"):
        vault.save("erp", Credentials({"refresh_token": "nieuw"}, NOON))
    assert PAIR == vault.load("erp")
    assert ["ledger.db.credentials", "ledger.db.credentials.lock"] == sorted(each.name for each in tmp_path.iterdir())


def test_a_damaged_file_says_what_to_do(tmp_path: Path) -> None:
    """A broken file of credentials names the remedy, and quotes nothing of its content (known failure 27)."""
    place = tmp_path / "ledger.db.credentials"
    place.write_text('{"channels": {"erp": {"values": {"refresh_token": "geheim"')
    with pytest.raises(LedgerError, match="connector auth") as raised:
        FileVault(place).load("erp")
    assert "geheim" not in str(raised.value)


def test_a_channel_s_name_is_no_path(tmp_path: Path) -> None:
    """A channel whose name holds a slash keeps its lock beside the ledger."""
    with FileVault(tmp_path / "ledger.db.credentials").exclusive("../erp"):
        assert ["ledger.db.credentials...%2Ferp.lock"] == [each.name for each in tmp_path.iterdir()]


# --- generation -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("story", "inside", "outside", "expected"),
    [
        ("a new ledger", None, None, False),
        ("a lost ledger, begun anew", None, Generation("a", 4), False),
        ("nothing happened", Generation("a", 4), Generation("a", 4), False),
        ("a crash between the two notes", Generation("a", 5), Generation("a", 4), False),
        ("a backup was put back", Generation("a", 3), Generation("a", 4), True),
        ("a backup was put on a new machine", Generation("a", 3), None, True),
        ("another ledger was put in its place", Generation("b", 9), Generation("a", 4), True),
    ],
)
def test_a_restored_ledger_is_older_than_is_known_outside(
    story: str, inside: Generation | None, outside: Generation | None, expected: bool
) -> None:
    """What the ledger says of itself is compared with what is noted beside it (known failure 33)."""
    assert expected == is_older(inside, outside)


def generation_inside(database: Database) -> str:
    with database.read() as connection:
        return str(connection.execute(text("SELECT value FROM meta WHERE name = 'generation'")).scalar())


def put_back(database: Database, generation: str) -> None:
    """As a file-level restore would, without any command of ours."""
    with database.write() as connection:
        connection.execute(text("UPDATE meta SET value = :old WHERE name = 'generation'"), {"old": generation})


def test_ordinary_sessions_restore_nothing(database: Database, vault: Vault) -> None:
    """Starting again and again is no restore, and each session is a generation of its own."""
    assert [False] * 3 == [begin_session(database, vault, now) for _ in range(3)]
    generation = vault.generation()
    assert generation_inside(database) == str(generation)
    assert 3 == (generation and generation.number)
    assert not is_restored(database, vault)


def test_a_ledger_put_back_is_noticed(database: Database, vault: Vault) -> None:
    """A ledger from before the last session is a restored one, also after further starts (known failure 33)."""
    begin_session(database, vault, now)
    older = generation_inside(database)
    begin_session(database, vault, now)
    put_back(database, older)
    assert is_restored(database, vault)
    assert [True, True] == [begin_session(database, vault, now) for _ in range(2)]
    with database.write() as connection:
        end_restore(connection)
    assert not is_restored(database, vault)
    assert not begin_session(database, vault, now)


def test_a_copy_made_by_a_backup_is_older(database: Database, vault: Vault) -> None:
    """Even where nothing happened since the backup, putting it back is noticed (known failure 33)."""
    begin_session(database, vault, now)
    copied = generation_inside(database)
    raise_generation(database, vault)
    put_back(database, copied)
    assert is_restored(database, vault)


def test_a_crash_between_the_notes_is_no_restore(database: Database, vault: Vault) -> None:
    """The ledger is noted first: one that is ahead of the outside has only lost the last step."""

    class Crashing:
        def __getattr__(self, name: str) -> object:
            return getattr(vault, name)

        def set_generation(self, generation: Generation) -> None:
            raise KeyboardInterrupt

    begin_session(database, vault, now)
    with pytest.raises(KeyboardInterrupt):
        begin_session(database, Crashing(), now)  # type: ignore[arg-type]  # the rest is the vault's
    assert not begin_session(database, vault, now)
