"""What must survive a restored ledger: rotating credentials, and the ledger's generation.

Both live beside the ledger, never in it: in ``<ledger>.credentials`` (0600), on PostgreSQL in a
schema of their own. A ledger that is older than its generation outside has been restored
(sync-model 5.10), and a token used up since the backup would be worthless.
"""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import quote

import msgspec
from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    Table,
    Text,
    delete,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.schema import CreateSchema

from connector.contract import Credentials
from connector.errors import LedgerError, Transient
from connector.ledger.engine import Database, beside, lock_file, lock_session, open_lock_file
from connector.ledger.tables import meta
from connector.ledger.types import Instant, Packed

#: How long one process waits for another one's refresh: a call with its retries.
REFRESH_WAIT_S: Final = 120.0


@dataclass(frozen=True)
class Generation:
    """How far a ledger has come: its own name, and a number that rises with each session and backup."""

    ledger: str
    number: int

    def __str__(self) -> str:
        return f"{self.ledger}/{self.number}"

    @classmethod
    def parse(cls, stored: str) -> Generation:
        ledger, _, number = stored.partition("/")
        return cls(ledger, int(number))


class Vault(Protocol):
    """Where credentials and the generation are kept; every process sees the same."""

    def load(self, channel: str) -> Credentials | None: ...

    def save(self, channel: str, credentials: Credentials) -> None: ...

    def exclusive(self, channel: str) -> AbstractContextManager[None]: ...

    def generation(self) -> Generation | None: ...

    def set_generation(self, generation: Generation) -> None: ...

    def export(self) -> bytes:
        """All credentials, for a backup that was asked to hold them; without the generation, which must not go back."""
        ...


@dataclass(frozen=True)
class ChannelTokens:
    """The :class:`~connector.contract.TokenStore` of one channel."""

    vault: Vault
    channel: str

    def load(self) -> Credentials | None:
        return self.vault.load(self.channel)

    def exclusive(self) -> AbstractContextManager[None]:
        return self.vault.exclusive(self.channel)

    def save(self, credentials: Credentials) -> None:
        self.vault.save(self.channel, credentials)


def open_vault(database: Database) -> Vault:
    """The vault that belongs to this ledger."""
    return SchemaVault(database) if database.path is None else FileVault(beside(database.path, "credentials"))


def begin_session(database: Database, vault: Vault, now: Callable[[], datetime]) -> bool:
    """Note that work on the ledger begins; True where it has been restored and is not yet reconciled.

    Call it once per process that will observe or write, under the engine's lock. It raises the
    generation, in the ledger first: a crash between the two leaves the ledger ahead, which is no
    sign of a restore. ``restored_at`` in ``meta`` stays until the caller has read every channel.
    """
    with database.write() as connection:
        inside, outside = _inside(connection), vault.generation()
        if is_older(inside, outside):
            _note(connection, "restored_at", now().isoformat())
        following = _following(inside, outside)
        _note(connection, "generation", str(following))
        restored = _noted(connection, "restored_at") is not None
    vault.set_generation(following)
    return restored


def is_restored(database: Database, vault: Vault) -> bool:
    """Whether this ledger is a restored copy, or one that is not yet reconciled; changes nothing."""
    with database.read() as connection:
        marked = _noted(connection, "restored_at") is not None
        return marked or is_older(_inside(connection), vault.generation())


def is_older(inside: Generation | None, outside: Generation | None) -> bool:
    """A ledger that has worked before, and of which more is known outside, or nothing at all.

    Without a generation of its own it is new, or lost and begun anew: first contact, no restore.
    """
    if inside is None:
        return False
    return outside is None or inside.ledger != outside.ledger or inside.number < outside.number


def raise_generation(database: Database, vault: Vault) -> None:
    """After a backup: whoever restores it holds an older generation than is known outside."""
    with database.write() as connection:
        following = _following(_inside(connection), vault.generation())
        _note(connection, "generation", str(following))
    vault.set_generation(following)


def end_restore(connection: Connection) -> None:
    """Every channel was read completely since the restore: the ledger may be trusted again."""
    connection.execute(delete(meta).where(meta.c.name == "restored_at"))


def _following(inside: Generation | None, outside: Generation | None) -> Generation:
    ledger = inside.ledger if inside else uuid.uuid4().hex
    return Generation(ledger, 1 + max(inside.number if inside else 0, outside.number if outside else 0))


def _inside(connection: Connection) -> Generation | None:
    stored = _noted(connection, "generation")
    return None if stored is None else Generation.parse(stored)


def _noted(connection: Connection, name: str) -> str | None:
    return connection.execute(select(meta.c.value).where(meta.c.name == name)).scalar()


def _note(connection: Connection, name: str, value: str) -> None:
    connection.execute(delete(meta).where(meta.c.name == name))
    connection.execute(insert(meta).values(name=name, value=value))


# --- beside a SQLite ledger -------------------------------------------------------------------


class _Contents(msgspec.Struct, frozen=True):
    """The file as it is written; ``values`` are secrets."""

    generation: str | None = None
    channels: dict[str, Credentials] = msgspec.field(default_factory=dict)


class FileVault:
    """One file, replaced as a whole: after a crash it holds the old pair or the new one, never half of one."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self, channel: str) -> Credentials | None:
        return self._read().channels.get(channel)

    def save(self, channel: str, credentials: Credentials) -> None:
        def add(contents: _Contents) -> _Contents:
            return _Contents(contents.generation, {**contents.channels, channel: credentials})

        self._replace(add)

    @contextmanager
    def exclusive(self, channel: str) -> Iterator[None]:
        with _locked(beside(self._path, f"{quote(channel, safe='')}.lock"), REFRESH_WAIT_S, channel):
            yield

    def generation(self) -> Generation | None:
        stored = self._read().generation
        return None if stored is None else Generation.parse(stored)

    def set_generation(self, generation: Generation) -> None:
        self._replace(lambda contents: _Contents(str(generation), contents.channels))

    def export(self) -> bytes:
        return msgspec.json.encode(_Contents(None, self._read().channels))

    def _read(self) -> _Contents:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=_Contents)
        except FileNotFoundError:
            return _Contents()
        except OSError as error:
            raise LedgerError(f"{self._path}: {error.strerror} (look at its permissions and the disk)") from error
        except msgspec.MsgspecError:  # its text may quote what it read
            raise LedgerError(f"{self._path}: it is damaged (remove it, then `connector auth` each channel)") from None

    def _replace(self, change: Callable[[_Contents], _Contents]) -> None:
        with _locked(beside(self._path, "lock"), REFRESH_WAIT_S, ""):
            write_durably(self._path, msgspec.json.encode(change(self._read())))


def write_durably(path: Path, content: bytes) -> None:
    """Replace a file (0600) as a whole; on the disk when this returns, and LedgerError if it may not be."""
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with open(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
        flush_folder(path.parent)
    except OSError as error:
        raise LedgerError(f"{path}: it could not be written: {error.strerror} (look at the disk)") from error


def flush_folder(folder: Path) -> None:
    """Make a rename in it durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _locked(path: Path, wait_s: float, channel: str) -> Iterator[None]:
    """A lock that the kernel frees when its holder dies."""
    descriptor = open_lock_file(path)
    try:
        if not lock_file(descriptor, wait_s):
            raise _still_refreshing(channel)
        yield
    finally:
        os.close(descriptor)


def _still_refreshing(channel: str) -> Transient:
    return Transient("another process is still refreshing the credentials; it is tried again", channel=channel)


# --- beside a PostgreSQL ledger ---------------------------------------------------------------


class SchemaVault:
    """A schema of its own: leave it out of dumps (``pg_dump --exclude-schema``), or a restore cannot be noticed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.read() as connection:
            ledger = connection.execute(text("SELECT current_schema()")).scalar_one()
        self.schema = "connector_credentials" if ledger == "public" else f"{ledger}_credentials"
        self._kept = _kept_in(self.schema)
        self._make()

    def load(self, channel: str) -> Credentials | None:
        with self._database.read() as connection:
            row = connection.execute(select(self._kept).where(self._kept.c.name == f"channel:{channel}")).one_or_none()
        return None if row is None else Credentials(row.contents, row.at)

    def save(self, channel: str, credentials: Credentials) -> None:
        self._put(f"channel:{channel}", dict(credentials.values), credentials.obtained_at)

    @contextmanager
    def exclusive(self, channel: str) -> Iterator[None]:
        with self._database.raw() as driver:
            if not lock_session(driver, f"refresh/{channel}", REFRESH_WAIT_S):
                raise _still_refreshing(channel)
            yield

    def generation(self) -> Generation | None:
        with self._database.read() as connection:
            stored = connection.execute(select(self._kept.c.contents).where(self._kept.c.name == "generation")).scalar()
        return None if stored is None else Generation.parse(stored)

    def set_generation(self, generation: Generation) -> None:
        self._put("generation", str(generation), None)

    def export(self) -> bytes:
        raise LedgerError("on PostgreSQL, back up the schema of the credentials with the server's own tools")

    def _put(self, name: str, contents: Any, at: datetime | None) -> None:
        with self._database.write() as connection:
            connection.execute(delete(self._kept).where(self._kept.c.name == name))
            connection.execute(insert(self._kept).values(name=name, contents=contents, at=at))

    def _make(self) -> None:
        with self._database.read() as connection:
            present = inspect(connection).has_table(self._kept.name, schema=self.schema)
        if not present:
            with self._database.write() as connection:
                connection.execute(CreateSchema(self.schema, if_not_exists=True))
                self._kept.metadata.create_all(connection)


def _kept_in(schema: str) -> Table:
    return Table(
        "kept",
        MetaData(schema=schema),
        Column("name", Text, primary_key=True),  # "generation", "channel:<name>"
        Column("contents", Packed, nullable=False),
        Column("at", Instant),
    )
