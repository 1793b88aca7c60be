"""What the ledger remembers of one thing: the record, and one binding per channel in scope."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from connector.model.binding import Agreed, Held
from connector.model.entity import Entity, Key, Life, Value

BindingState = Literal["bound", "owed", "gone", "unlinked"]


@dataclass(frozen=True, slots=True)
class Record:
    """The connector's own identity of one thing. ``id`` 0: not stored yet."""

    id: int
    entity: Entity
    key: str
    agreed: Mapping[str, Agreed]
    parent_id: int | None = None
    place: str = ""
    life: Life = "live"
    sequence: int = 0
    keys: frozenset[Key] = frozenset()

    def values(self) -> dict[str, Value]:
        """Field → agreed value."""
        return {name: agreed.value for name, agreed in self.agreed.items()}


@dataclass(frozen=True, slots=True)
class Binding:
    """Record × channel in scope, and everything known about that side. See ``ledger/tables.py``.

    ``shadow`` holds native values by native name; a name that is missing has no shadow yet.
    """

    record_id: int
    channel: str
    entity: Entity
    external_id: str | None
    id: int = 0
    address: str = ""
    parts: Mapping[str, str] = dataclasses.field(default_factory=dict)
    part: str = ""
    state: BindingState = "bound"
    origin: Literal["matched", "created"] = "matched"
    shadow: Mapping[str, Value] = dataclasses.field(default_factory=dict)
    fingerprint: bytes | None = None
    handed: Decimal | None = None
    version: str = ""
    modified_at: datetime | None = None
    seen_at: datetime | None = None
    fence: int = 0
    replaced: Mapping[str, Value] | None = None
    dirty: bool = False
    dirty_since: datetime | None = None
    reread: bool = False
    held: Mapping[str, Held] = dataclasses.field(default_factory=dict)
    confirmed: Mapping[str, Value] | None = None
    attempts: int = 0
    due_at: datetime | None = None
    changes_on: str | None = None


@dataclass(frozen=True, slots=True)
class OpenConflict:
    """One open conflict of a record's field: what each side shows, and its revision."""

    id: int
    field: str
    revision: int
    sides: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Known:
    """A record with all that a merge needs beside it."""

    record: Record
    bindings: Mapping[str, Binding]
    conflicts: Mapping[str, OpenConflict] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the history."""

    event: str
    channel: str
    entity: Entity
    record_id: int | None
    field: str = ""
    detail: Mapping[str, Value] = dataclasses.field(default_factory=dict)
