"""Channels that hold one period of a price at a time: whose turn it is there, and who waits. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from connector.decide.turns import Period, next_turn, whose_turn
from connector.model.binding import Held
from connector.model.entity import Entity
from connector.model.record import Record
from connector.settle import part_of, written_values
from connector.topology import Side, Topology


@dataclass(frozen=True)
class Turn:
    """How one price record stands on a channel with one place: ``waits`` None: it is its turn."""

    waits: Held | None
    changes_on: date | None


def sides_with_turns(topology: Topology) -> list[Side]:
    """The channels on which prices take turns."""
    if Entity.PRICE not in topology.config.sync:
        return []
    sides = topology.sides_of(Entity.PRICE)
    return [side for side in sides if any(row.single for row in side.mappings[Entity.PRICE].rows.values())]


def turn_of(topology: Topology, side: Side, record: Record, siblings: Iterable[Record], today: date) -> Turn | None:
    """Whose turn it is among a product's prices of one list; None: the record shares its place with nobody."""
    part = part_of(topology, side, record)
    if part is None or not side.mappings[Entity.PRICE].rows[part].single:
        return None
    rivals = {
        one.id: _period(one)
        for one in siblings
        if one.place == record.place and one.life == "live" and part_of(topology, side, one) == part
    }
    first = whose_turn(rivals, today)
    waits = None if first == record.id else Held("scope", f"{side.name} holds one period at a time; another is in turn")
    return Turn(waits, next_turn(rivals, today))


def _period(record: Record) -> Period:
    values = written_values(record)
    return Period(_day(values.get("starts")), _day(values.get("ends")))


def _day(value: object) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) and value else None
