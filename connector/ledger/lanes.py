"""Lanes: cursors, freshness, approvals, pauses, and the requests handed to a running daemon."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update

from connector.ledger.store import Session
from connector.ledger.tables import cursor, lane, meta, request
from connector.model.entity import Entity


@dataclass(frozen=True)
class LaneState:
    """How one channel × entity fares."""

    channel: str
    entity: Entity
    approved_at: datetime | None = None
    observed_at: datetime | None = None
    delivered_at: datetime | None = None
    swept_at: datetime | None = None
    failures: int = 0
    error: dict[str, Any] | None = None
    paused_until: datetime | None = None
    stopped: bool = False


def read_cursor(session: Session, channel: str, feed: str) -> str | None:
    query = select(cursor.c.value).where(cursor.c.channel == channel, cursor.c.feed == feed)
    value = session.connection.execute(query).scalar()
    return None if value is None else str(value)


def advance(session: Session, channel: str, feed: str, value: str) -> None:
    """Store the cursor, in the same transaction as what was read before it."""
    columns = {"value": value, "advanced_at": session.now}
    where = (cursor.c.channel == channel) & (cursor.c.feed == feed)
    if session.connection.execute(update(cursor).where(where).values(**columns)).rowcount == 0:
        session.connection.execute(insert(cursor).values(channel=channel, feed=feed, **columns))


def forget_cursor(session: Session, channel: str, feed: str) -> None:
    session.connection.execute(delete(cursor).where(cursor.c.channel == channel, cursor.c.feed == feed))


def state(session: Session, channel: str, entity: Entity) -> LaneState:
    row = session.connection.execute(
        select(lane).where(lane.c.channel == channel, lane.c.entity == entity.value)
    ).first()
    if row is None:
        return LaneState(channel, entity)
    return LaneState(
        channel,
        entity,
        row.approved_at,
        row.observed_at,
        row.delivered_at,
        row.swept_at,
        row.failures,
        row.error,
        row.paused_until,
        row.stopped,
    )


def approved(session: Session) -> frozenset[tuple[str, Entity]]:
    """Lanes (channel, entity) whose match was approved: only there may anything be created."""
    query = select(lane.c.channel, lane.c.entity).where(lane.c.approved_at.is_not(None))
    return frozenset((row.channel, Entity(row.entity)) for row in session.connection.execute(query))


def save(session: Session, channel: str, entity: Entity, **columns: Any) -> None:
    """Change some columns of a lane; the rest stays as it is."""
    where = (lane.c.channel == channel) & (lane.c.entity == entity.value)
    if session.connection.execute(update(lane).where(where).values(**columns)).rowcount == 0:
        values = {"failures": 0, "stopped": False} | columns
        session.connection.execute(insert(lane).values(channel=channel, entity=entity.value, **values))


def refused_channels(session: Session) -> dict[str, datetime]:
    """Channels that refuse our credentials, with the moment of the last refusal."""
    rows = session.connection.execute(select(lane.c.channel, lane.c.error).where(lane.c.error.is_not(None)))
    found: dict[str, datetime] = {}
    for row in rows:
        if row.error.get("kind") == "AuthFailed":
            at = datetime.fromisoformat(row.error["since"])
            found[row.channel] = max(at, found.get(row.channel, at))
    return found


def unpause(session: Session, channel: str) -> None:
    """Let every lane of a channel try again at once."""
    session.connection.execute(update(lane).where(lane.c.channel == channel).values(paused_until=None))


def resume(session: Session, channel: str) -> None:
    """A channel lets us in again: its lanes wait no longer."""
    columns = {"failures": 0, "error": None, "paused_until": None, "stopped": False}
    session.connection.execute(update(lane).where(lane.c.channel == channel).values(**columns))


def read_meta(session: Session, name: str) -> str | None:
    value = session.connection.execute(select(meta.c.value).where(meta.c.name == name)).scalar()
    return None if value is None else str(value)


def write_meta(session: Session, name: str, value: str) -> None:
    if session.connection.execute(update(meta).where(meta.c.name == name).values(value=value)).rowcount == 0:
        session.connection.execute(insert(meta).values(name=name, value=value))


@dataclass(frozen=True)
class Request:
    """Work handed over by another terminal."""

    id: int
    command: str
    scope: dict[str, Any]
    state: str
    report: dict[str, Any] | None


#: For so long a finished request is kept, for the terminal that waits for its report.
REPORT_KEPT = timedelta(days=1)


def hand_over(session: Session, command: str, scope: dict[str, Any]) -> int:
    """A new request, in place of those that ended long ago; answers its number."""
    session.connection.execute(delete(request).where(request.c.finished_at < session.now - REPORT_KEPT))
    values = {"command": command, "scope": scope, "state": "waiting", "requested_at": session.now}
    return int(session.connection.execute(insert(request).values(**values).returning(request.c.id)).scalar_one())


def waiting(session: Session) -> list[Request]:
    query = select(request).where(request.c.state == "waiting").order_by(request.c.id)
    return [_to_request(row) for row in session.connection.execute(query)]


def reclaim_requests(session: Session) -> int:
    """Requests whose daemon died or was told to stop wait again; answers how many. Only under the engine's lock."""
    running = update(request).where(request.c.state == "running").values(state="waiting")
    return int(session.connection.execute(running).rowcount)


def find_request(session: Session, id_: int) -> Request:
    return _to_request(session.connection.execute(select(request).where(request.c.id == id_)).one())


def settle_request(session: Session, id_: int, state_: str, report: dict[str, Any] | None = None) -> None:
    finished = session.now if state_ in ("done", "failed") else None
    values = {"state": state_, "finished_at": finished, "report": report}
    session.connection.execute(update(request).where(request.c.id == id_).values(**values))


def _to_request(row: Any) -> Request:
    return Request(row.id, row.command, row.scope, row.state, row.report)
