"""The append-only history: everything that happened, rich enough for ``explain`` and ``history``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from connector.ledger.store import Session
from connector.ledger.tables import history
from connector.model.record import Event


@dataclass(frozen=True)
class Entry:
    """One stored line of the history."""

    id: int
    at: datetime
    run: str
    channel: str
    entity: str
    event: str
    field: str
    detail: dict[str, Any]
    record_id: int | None


def note(session: Session, events: Iterable[Event]) -> None:
    """Append events; they carry this transaction's sequence, moment and run."""
    rows = [
        {
            "sequence": session.sequence,
            "at": session.now,
            "run": session.run,
            "record_id": event.record_id,
            "channel": event.channel,
            "entity": event.entity.value,
            "event": event.event,
            "field": event.field,
            "detail": dict(event.detail),
        }
        for event in events
    ]
    if rows:
        session.connection.execute(insert(history), rows)


def of_record(session: Session, record_id: int) -> Iterator[Entry]:
    """A record's history, the oldest first."""
    query = select(history).where(history.c.record_id == record_id).order_by(history.c.id)
    for row in session.connection.execute(query):
        yield to_entry(row)


def of_record_since(session: Session, record_id: int, moment: datetime) -> list[Entry]:
    """What was stored of a record from a moment on, the oldest first."""
    query = select(history).where(history.c.record_id == record_id, history.c.at >= moment).order_by(history.c.id)
    return [to_entry(row) for row in session.connection.execute(query)]


def since(session: Session, after_id: int, limit: int = 200) -> list[Entry]:
    """What happened after the entry with this id, of any record; for showing live what travels."""
    query = select(history).where(history.c.id > after_id).order_by(history.c.id).limit(limit)
    return [to_entry(row) for row in session.connection.execute(query)]


def to_entry(row: Any) -> Entry:
    return Entry(row.id, row.at, row.run, row.channel, row.entity, row.event, row.field, row.detail, row.record_id)
