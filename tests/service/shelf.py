"""Memory systems that several processes share: each lies in a file, and outlives whoever talks to it."""

from __future__ import annotations

import fcntl
import pickle
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from adapters.memory import DEFAULT, MemoryChannel, World
from connector.contract import Capabilities, Evidence, Facts, Finding, Opening, Page, Row, RowResult, Write
from connector.errors import AuthFailed, Rejected
from connector.model.entity import Entity, Key

KEPT = ("things", "claims", "hand_overs", "orders", "calls", "version", "made")

#: A call without an answer can no longer take effect after so many seconds.
ABILITIES = replace(DEFAULT, lands_within_s=0.5)


class Shelf:
    """One remote system in a file.

    Beside it may lie ``.hold`` (a write takes effect, and its answer is withheld as long as the file
    lies there), ``.held`` (such a write has taken effect), ``.locked`` (it refuses our credentials),
    ``.broken`` (its adapter has a bug in reading products).
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def beside(self, name: str) -> Path:
        return self.path.with_suffix(f".{name}")

    @contextmanager
    def world(self) -> Iterator[World]:
        """The system, for one use; nobody else uses it meanwhile."""
        with self.beside("lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            world = World(key_names={Entity.CUSTOMER: "email"}, capabilities=dict.fromkeys(Entity, ABILITIES))
            if self.path.exists():
                for name, value in pickle.loads(self.path.read_bytes()).items():
                    setattr(world, name, value)
            yield world
            fresh = self.beside("new")
            fresh.write_bytes(pickle.dumps({name: getattr(world, name) for name in KEPT}))
            fresh.replace(self.path)


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    file: str


class ShelfChannel:
    """Speaks to a shelf as the memory adapter speaks to its world, one call at a time."""

    def __init__(self, shelf: Shelf, opening: Opening) -> None:
        self._shelf = shelf
        self._opening = opening

    @contextmanager
    def _reached(self) -> Iterator[MemoryChannel]:
        if self._shelf.beside("locked").exists():
            raise AuthFailed("GET /me: 401", status=401)
        with self._shelf.world() as world:
            yield MemoryChannel(world, self._opening)

    @property
    def capabilities(self) -> Capabilities:
        return Adapter.describe()

    @property
    def clock_offset(self) -> timedelta:
        return timedelta(0)

    def check(self) -> Iterator[Finding]:
        yield Finding("answers", ok=True)

    def changes(self, entity: Entity, cursor: str | None) -> Iterator[Page]:
        if entity is Entity.PRODUCT and self._shelf.beside("broken").exists():
            raise RuntimeError("a bug")
        with self._reached() as channel:
            pages = list(channel.changes(entity, cursor))
        yield from pages

    def sweep(self, entity: Entity) -> Iterator[Page]:
        with self._reached() as channel:
            pages = list(channel.sweep(entity))
        yield from pages

    def begin_round(self) -> None:
        """Nothing is shared."""

    def read(self, entity: Entity, ids: Sequence[str]) -> Sequence[Row]:
        with self._reached() as channel:
            return channel.read(entity, ids)

    def find(self, entity: Entity, keys: Sequence[Key]) -> Mapping[Key, Sequence[Row]]:
        with self._reached() as channel:
            return channel.find(entity, keys)

    def find_of(self, entity: Entity, products: Sequence[str]) -> Mapping[str, Sequence[Row]]:
        with self._reached() as channel:
            return channel.find_of(entity, products)

    def write(self, entity: Entity, writes: Sequence[Write]) -> Sequence[RowResult]:
        with self._reached() as channel:
            results = channel.write(entity, writes)
        if self._shelf.beside("hold").exists():
            self._shelf.beside("held").touch()
            while self._shelf.beside("hold").exists():
                threading.Event().wait(0.02)
        return results

    def landed(self, entity: Entity, write: Write) -> Evidence | None:
        return None

    def facts(self, cursor: str | None) -> Facts:
        with self._reached() as channel:
            return channel.facts(cursor)

    def close(self) -> None:
        """Nothing is held open."""


class Adapter:
    Options = Options
    default_limits: ClassVar[tuple[tuple[str, int, int], ...]] = ()

    @staticmethod
    def open(opening: Opening) -> Any:
        return ShelfChannel(Shelf(Path(opening.options.file)), opening)

    @staticmethod
    def describe() -> Capabilities:
        return Capabilities(entities=dict.fromkeys(Entity, ABILITIES), facts=True, claims=True)

    @staticmethod
    def authorize_url(opening: Opening) -> str | None:
        return None

    @staticmethod
    def authorize(opening: Opening, code: str) -> None:
        raise Rejected("this system needs no consent", remedy="leave out `connector auth`")
