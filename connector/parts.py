"""What a round works with: the topology, the ledger, the opened channels, a clock and a way to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import structlog

from connector.contract import Channel
from connector.ledger import lanes
from connector.ledger.budget import Allowance
from connector.ledger.store import Ledger, Session
from connector.model.entity import Entity
from connector.settle import Moment
from connector.topology import Side, Topology


@dataclass(frozen=True)
class Lane:
    """Channel × entity: observes and delivers, and never overlaps itself."""

    side: Side
    entity: Entity

    def __str__(self) -> str:
        return f"{self.side.name}/{self.entity}"


@dataclass(frozen=True)
class Scope:
    """What a command or a round covers; empty means everything configured."""

    channels: frozenset[str] = frozenset()
    entities: frozenset[Entity] = frozenset()
    keys: tuple[str, ...] = ()

    def covers(self, channel: str, entity: Entity) -> bool:
        return (not self.channels or channel in self.channels) and (not self.entities or entity in self.entities)


@dataclass(frozen=True)
class Parts:
    """Everything that does I/O, joined by ``wiring.py``. One thread at a time works one channel."""

    topology: Topology
    ledger: Ledger
    open_channel: Callable[[str], Channel]
    now: Callable[[], datetime]
    stop: threading.Event
    log: Any = field(default_factory=structlog.get_logger)
    progress: Callable[[str, int], None] = lambda _what, _done: None
    budget_of: Callable[[str], Sequence[Allowance]] = lambda _channel: ()
    wake: Callable[[Collection[tuple[str, Entity]]], None] = lambda _lanes: None

    def today(self) -> date:
        return self.topology.day_of(self.now())

    def lane(self, channel: str, entity: Entity) -> Lane:
        return Lane(self.topology.sides[channel], entity)

    def lanes(self, scope: Scope) -> list[Lane]:
        """The lanes in scope, in the order of first contact: products before their prices, the owner first."""
        return [
            Lane(self.topology.sides[name], entity)
            for entity in self.topology.entities()
            for name in self.topology.ranked(entity)
            if scope.covers(name, entity)
        ]

    def channel(self, lane: Lane) -> Channel:
        return self.open_channel(lane.side.name)

    def moment(self, session: Session) -> Moment:
        return Moment(session.now, self.today(), lanes.approved(session))
