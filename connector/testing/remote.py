"""What the conformance suite asks of an adapter's author: the system behind the adapter, with its users and bad days.

A :class:`Remote` is a stand-in, or a test account of the real system, seen from outside the adapter.
The suite reads and writes through the adapter alone; what other people do there, and what goes wrong
on the way, it asks of the remote.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol

from connector.contract import AdapterType, Credentials, Limit, Opening
from connector.errors import RateLimited
from connector.mapping.lens import EntityMapping
from connector.model.entity import Entity, Native

#: ``unanswered``: the next write of the entity takes effect, and its answer is lost; ``lost``: it never
#: arrives, which looks the same from here. ``limited``: the next listing of the entity is refused for its
#: rate, with a reset that is minutes away; ``garbled``: all its listings answer what no client can read.
#: ``locked``: they refuse the credentials; ``down``: they answer that the system cannot serve, as with a 503.
Fault = Literal["unanswered", "lost", "limited", "garbled", "locked", "down"]


@dataclass
class Purse:
    """A budget that counts what is announced to it, and has ``left`` calls."""

    left: int = 1_000_000
    spent: list[str] = field(default_factory=list)

    def spend(self, purpose: str, calls: int = 1) -> None:
        if calls > self.left:
            raise RateLimited("the budget is spent", until=datetime.now(UTC) + timedelta(hours=1))
        self.left -= calls
        self.spent += [purpose] * calls

    def learn(self, limits: Sequence[Limit]) -> None:
        """The suite counts by itself; what a server states changes nothing here."""


class KeptTokens:
    """Rotating credentials of one channel, in memory; one lock, as the contract has it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: Credentials | None = None

    def load(self) -> Credentials | None:
        return self._kept

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        with self._lock:
            yield

    def save(self, credentials: Credentials) -> None:
        self._kept = credentials


class Remote(Protocol):
    """One system that the suite may fill, edit and break; fresh, or left as earlier tests of the suite left it.

    Attributes:
        adapter: the adapter under test.
        opening: what its channels are opened with; ``budget`` is ``purse``. The first of ``locations``
            and of ``lists`` is where stock and prices are written.
        lenses: the mapping of the channel, filled in with this system's settings.
        purse: what the adapter announced.
        secrets: texts that no message may hold (tokens, client secrets).
    """

    adapter: AdapterType
    opening: Opening
    lenses: Mapping[Entity, EntityMapping]
    purse: Purse
    secrets: Sequence[str]

    def edit(self, entity: Entity, key: str) -> None:
        """Somebody changes a mapped value of a record there.

        ``key``: the e-mail address of the customer, else the SKU of the product, or of the product whose price
        or stock at the first list or location changes.
        """
        ...

    def late_edit(self, entity: Entity, key: str) -> AbstractContextManager[None] | None:
        """As :meth:`edit`, by a transaction that began before the block and is committed behind it.

        Where the system dates or numbers a change by the beginning of its transaction, so is this one. None: it
        cannot be made to happen.
        """
        ...

    def delete(self, entity: Entity, key: str) -> bool:
        """Somebody deletes the customer, else the product, and what hangs on it; False: the system refuses that."""
        ...

    def refused(self, entity: Entity) -> Native | None:
        """Native fields which, in an update, the system refuses for their content; None: it takes anything."""
        ...

    def fault(self, kind: Fault, entity: Entity) -> bool | None:
        """Let something go wrong with calls of this entity; False: this cannot go wrong there."""
        ...

    def heal(self) -> None:
        """Nothing goes wrong any more."""
        ...

    def wait(self, seconds: float) -> None:
        """Let time pass, for the system and for ``opening.now``, without sleeping."""
        ...

    def calls(self) -> int:
        """How many calls the system has answered, or broken off, since it was started."""
        ...
