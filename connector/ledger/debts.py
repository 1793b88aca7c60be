"""Intents: what is about to be written, or may have been. An intent without a receipt is in doubt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, func, insert, select

from connector.ledger.records import chunks
from connector.ledger.store import Session
from connector.ledger.tables import binding, intent, record
from connector.model.entity import Entity, Value


@dataclass(frozen=True)
class Intent:
    """A remote write about to be made: what it sends, and what it expects to replace (native names)."""

    token: str
    binding_id: int
    record_id: int
    channel: str
    entity: Entity
    part: str
    operation: str
    sent: Mapping[str, Value]
    replaces: Mapping[str, Value]
    lands_by: datetime
    difference: Decimal | None = None
    handed: Decimal | None = None
    attempt: int = 1
    sequence: int = 0
    opened_at: datetime | None = None


def open_intents(session: Session, intents: Iterable[Intent]) -> None:
    """Durable before the write is sent."""
    rows = [
        {
            "token": entry.token,
            "binding_id": entry.binding_id,
            "channel": entry.channel,
            "entity": entry.entity.value,
            "part": entry.part,
            "operation": entry.operation,
            "sent": dict(entry.sent),
            "replaces": dict(entry.replaces),
            "difference": entry.difference,
            "handed": entry.handed,
            "attempt": entry.attempt,
            "sequence": session.sequence,
            "opened_at": session.now,
            "lands_by": entry.lands_by,
        }
        for entry in intents
    ]
    if rows:
        session.connection.execute(insert(intent), rows)


def close_intents(session: Session, tokens: Iterable[str]) -> None:
    """The outcome is known: a receipt, a refusal, or proof that nothing landed."""
    for part in chunks(tokens):
        session.connection.execute(delete(intent).where(intent.c.token.in_(part)))


def in_doubt(session: Session, channel: str, entity: Entity | None = None) -> list[Intent]:
    """Open intents of a channel (or one lane), the oldest first."""
    query = select(intent, binding.c.record_id).join(binding, binding.c.id == intent.c.binding_id)
    query = query.where(intent.c.channel == channel)
    if entity is not None:
        query = query.where(intent.c.entity == entity.value)
    return [_to_intent(row) for row in session.connection.execute(query.order_by(intent.c.sequence, intent.c.token))]


def with_intents(session: Session, binding_ids: Iterable[int]) -> set[int]:
    """Those of the bindings that have an open intent: their observations do not count (rule 2.0)."""
    found: set[int] = set()
    for part in chunks(binding_ids):
        found.update(session.connection.scalars(select(intent.c.binding_id).where(intent.c.binding_id.in_(part))))
    return found


def count(session: Session, channel: str, entity: Entity) -> int:
    query = select(func.count()).select_from(intent).where(intent.c.channel == channel, intent.c.entity == entity.value)
    return int(session.connection.execute(query).scalar_one())


@dataclass(frozen=True)
class Owed:
    """What a lane owes and may pay now: how many writes, and the last change of what is to be written.

    Two that are equal mean that nothing has happened since: trying again would end the same way.
    """

    writes: int
    sequence: int


def owed_now(session: Session, channel: str, entities: Iterable[Entity]) -> dict[Entity, Owed]:
    """The lanes of a channel that owe a write which is due; cheap enough to ask every other second."""
    query = (
        select(binding.c.entity, func.count(), func.max(record.c.sequence))
        .join(record, record.c.id == binding.c.record_id)
        .where(
            binding.c.channel == channel,
            binding.c.entity.in_([entity.value for entity in entities]),
            binding.c.dirty,
            (binding.c.due_at.is_(None)) | (binding.c.due_at <= session.now),
        )
        .group_by(binding.c.entity)
    )
    return {Entity(row[0]): Owed(row[1], row[2]) for row in session.connection.execute(query)}


def doubts_due(session: Session, channel: str) -> set[Entity]:
    """The lanes of a channel with a write in doubt that can no longer land, and may be read back."""
    query = select(intent.c.entity).where(intent.c.channel == channel, intent.c.lands_by <= session.now).distinct()
    return {Entity(row.entity) for row in session.connection.execute(query)}


def _to_intent(row: Any) -> Intent:
    return Intent(
        token=row.token,
        binding_id=row.binding_id,
        record_id=row.record_id,
        channel=row.channel,
        entity=Entity(row.entity),
        part=row.part,
        operation=row.operation,
        sent=row.sent,
        replaces=row.replaces,
        lands_by=row.lands_by,
        difference=row.difference,
        handed=row.handed,
        attempt=row.attempt,
        sequence=row.sequence,
        opened_at=row.opened_at,
    )
