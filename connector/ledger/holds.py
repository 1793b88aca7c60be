"""What waits: conflicts, quarantine, strangers, and what a brake has parked. Listed, never silent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import and_, bindparam, delete, func, insert, select, update

from connector.ledger.records import chunks
from connector.ledger.store import Session
from connector.ledger.tables import brake, conflict, parked, quarantine, record, stranger, weighed
from connector.model.entity import Entity, Value


@dataclass(frozen=True)
class StoredConflict:
    """A field changed on two sides since they last agreed."""

    id: int
    record_id: int
    entity: Entity
    key: str
    field: str
    revision: int
    sides: dict[str, Any]
    state: str
    opened_at: datetime


def open_conflict(session: Session, record_id: int, entity: Entity, name: str, sides: Mapping[str, Value]) -> int:
    values = {
        "record_id": record_id,
        "entity": entity.value,
        "field": name,
        "revision": 1,
        "sides": dict(sides),
        "state": "open",
        "opened_at": session.now,
    }
    return int(session.connection.execute(insert(conflict).values(**values).returning(conflict.c.id)).scalar_one())


def join_conflict(session: Session, id_: int, sides: Mapping[str, Value]) -> None:
    """A later edit joins the open conflict: its revision moves on."""
    values = {"sides": dict(sides), "revision": conflict.c.revision + 1}
    session.connection.execute(update(conflict).where(conflict.c.id == id_).values(**values))


def close_conflict(session: Session, id_: int, state: str, answer: Mapping[str, Value] | None = None) -> None:
    values = {"state": state, "closed_at": session.now, "answer": None if answer is None else dict(answer)}
    session.connection.execute(update(conflict).where(conflict.c.id == id_).values(**values))


def conflicts(session: Session, id_: int | None = None, only_open: bool = True) -> list[StoredConflict]:
    query = select(conflict, record.c.key).join(record, record.c.id == conflict.c.record_id).order_by(conflict.c.id)
    if id_ is not None:
        query = query.where(conflict.c.id == id_)
    elif only_open:
        query = query.where(conflict.c.state == "open")
    return [
        StoredConflict(
            row.id,
            row.record_id,
            Entity(row.entity),
            row.key,
            row.field,
            row.revision,
            row.sides,
            row.state,
            row.opened_at,
        )
        for row in session.connection.execute(query)
    ]


@dataclass(frozen=True)
class Case:
    """One entry of the quarantine: what is refused, why, and what would mend it."""

    channel: str
    entity: Entity
    external_id: str
    record_id: int | None
    key: str
    field: str
    direction: str
    error: str
    cause: str
    remedy: str
    value: bytes | None = None
    id: int = 0
    times: int = 1
    since: datetime | None = None


def confine(session: Session, case: Case) -> None:
    """Put a case in quarantine, or count it again where it is there already."""
    where = _case_is(case)
    columns = {"error": case.error, "cause": case.cause, "remedy": case.remedy, "value": case.value, "key": case.key}
    again = update(quarantine).where(where).values(times=quarantine.c.times + 1, **columns)
    if session.connection.execute(again).rowcount == 0:
        session.connection.execute(
            insert(quarantine).values(
                channel=case.channel,
                entity=case.entity.value,
                external_id=case.external_id,
                record_id=case.record_id,
                field=case.field,
                direction=case.direction,
                times=1,
                since=session.now,
                **columns,
            )
        )


def _case_is(case: Case) -> Any:
    record_is = quarantine.c.record_id.is_(None) if case.record_id is None else quarantine.c.record_id == case.record_id
    return and_(
        quarantine.c.channel == case.channel,
        quarantine.c.entity == case.entity.value,
        quarantine.c.external_id == case.external_id,
        record_is,
        quarantine.c.field == case.field,
        quarantine.c.direction == case.direction,
    )


def free(
    session: Session,
    channel: str,
    entity: Entity,
    direction: str,
    *,
    external_id: str | None = None,
    record_id: int | None = None,
) -> int:
    """Take what is cured out of quarantine; answers how many cases that were."""
    where = and_(
        quarantine.c.channel == channel, quarantine.c.entity == entity.value, quarantine.c.direction == direction
    )
    if external_id is not None:
        where = and_(where, quarantine.c.external_id == external_id)
    if record_id is not None:
        where = and_(where, quarantine.c.record_id == record_id)
    return int(session.connection.execute(delete(quarantine).where(where)).rowcount)


def free_field(session: Session, channel: str, entity: Entity, record_id: int, name: str) -> None:
    """The hold of one field (or, "", of a whole binding) has ended: nothing is refused any more."""
    where = and_(
        quarantine.c.channel == channel,
        quarantine.c.entity == entity.value,
        quarantine.c.record_id == record_id,
        quarantine.c.field == name,
        quarantine.c.direction == "out",
    )
    session.connection.execute(delete(quarantine).where(where))


def free_case(session: Session, id_: int) -> None:
    session.connection.execute(delete(quarantine).where(quarantine.c.id == id_))


def cases(
    session: Session, channel: str | None = None, entity: Entity | None = None, id_: int | None = None
) -> list[Case]:
    query = select(quarantine).order_by(quarantine.c.id)
    if channel is not None:
        query = query.where(quarantine.c.channel == channel)
    if entity is not None:
        query = query.where(quarantine.c.entity == entity.value)
    if id_ is not None:
        query = query.where(quarantine.c.id == id_)
    return [
        Case(
            row.channel,
            Entity(row.entity),
            row.external_id,
            row.record_id,
            row.key,
            row.field,
            row.direction,
            row.error,
            row.cause,
            row.remedy,
            row.value,
            row.id,
            row.times,
            row.since,
        )
        for row in session.connection.execute(query)
    ]


@dataclass(frozen=True)
class Stranger:
    """A row that belongs to no record yet, kept as read so that approval needs no second reading."""

    channel: str
    entity: Entity
    external_id: str
    row: dict[str, Any]
    key: str
    reason: str
    candidates: list[Any] = field(default_factory=list)
    sequence: int = 0
    seen_at: datetime | None = None


def keep_strangers(session: Session, entries: Iterable[Stranger]) -> None:
    """Remember them; one that waits already, as it is and for the same reason, is not written again."""
    listed = {(entry.channel, entry.entity, entry.external_id): entry for entry in entries}
    listed = {key: entry for key, entry in listed.items() if not _waits_alike(session, entry)}
    for entry in listed.values():
        drop_strangers(session, entry.channel, entry.entity, [entry.external_id])
    if listed:
        session.connection.execute(
            insert(stranger),
            [
                {
                    "channel": entry.channel,
                    "entity": entry.entity.value,
                    "external_id": entry.external_id,
                    "row": entry.row,
                    "key": entry.key,
                    "reason": entry.reason,
                    "candidates": entry.candidates,
                    "seen_at": session.now,
                    "sequence": entry.sequence,
                }
                for entry in listed.values()
            ],
        )


def _waits_alike(session: Session, entry: Stranger) -> bool:
    known = find_stranger(session, entry.channel, entry.entity, entry.external_id)
    if known is None or (known.key, known.reason, known.candidates) != (entry.key, entry.reason, entry.candidates):
        return False
    ours = {"began_at": "", "clock_offset_s": 0}  # when and by which clock it was read does not make it another row
    return {**known.row, **ours} == {**entry.row, **ours}


def drop_strangers(session: Session, channel: str, entity: Entity, external_ids: Iterable[str]) -> None:
    for part in chunks(external_ids):
        session.connection.execute(
            delete(stranger).where(
                stranger.c.channel == channel, stranger.c.entity == entity.value, stranger.c.external_id.in_(part)
            )
        )


def strangers(
    session: Session, channel: str, entity: Entity, reason: str | None = None, limit: int | None = None, after: str = ""
) -> list[Stranger]:
    query = select(stranger).where(
        stranger.c.channel == channel, stranger.c.entity == entity.value, stranger.c.external_id > after
    )
    if reason is not None:
        query = query.where(stranger.c.reason == reason)
    query = query.order_by(stranger.c.external_id)
    if limit is not None:
        query = query.limit(limit)
    return [_to_stranger(row) for row in session.connection.execute(query)]


def each_stranger(session: Session, channel: str, entity: Entity, size: int = 500) -> Iterator[Stranger]:
    """All of them in the order of their ids, so many in memory at a time."""
    after = ""
    while found := strangers(session, channel, entity, limit=size, after=after):
        yield from found
        after = found[-1].external_id


def find_stranger(session: Session, channel: str, entity: Entity, external_id: str) -> Stranger | None:
    """One row that waits, by its id there."""
    query = select(stranger).where(
        stranger.c.channel == channel, stranger.c.entity == entity.value, stranger.c.external_id == external_id
    )
    row = session.connection.execute(query).first()
    return None if row is None else _to_stranger(row)


def _to_stranger(row: Any) -> Stranger:
    return Stranger(
        row.channel,
        Entity(row.entity),
        row.external_id,
        row.row,
        row.key,
        row.reason,
        row.candidates,
        row.sequence,
        row.seen_at,
    )


def count_strangers(session: Session, channel: str, entity: Entity) -> dict[str, int]:
    """Reason → how many."""
    query = (
        select(stranger.c.reason, func.count())
        .where(stranger.c.channel == channel, stranger.c.entity == entity.value)
        .group_by(stranger.c.reason)
    )
    return {row[0]: int(row[1]) for row in session.connection.execute(query)}


@dataclass(frozen=True)
class StoredBrake:
    """A brake that tripped: what is parked behind it, and why."""

    id: int
    channel: str
    entity: Entity
    direction: str
    kind: str
    state: str
    tripped_at: datetime
    plan: dict[str, Any]


def trip(session: Session, channel: str, entity: Entity, direction: str, kind: str, plan: Mapping[str, Value]) -> int:
    """Trip a brake, or add to the one of the same lane, direction and kind that stands; answers its id."""
    where = and_(
        brake.c.channel == channel,
        brake.c.entity == entity.value,
        brake.c.direction == direction,
        brake.c.kind == kind,
        brake.c.state == "tripped",
    )
    standing = session.connection.execute(select(brake.c.id, brake.c.plan).where(where)).first()
    if standing is not None:
        together = list(dict.fromkeys([*standing.plan.get("parked", ()), *as_list(plan.get("parked"))]))
        joined = {**standing.plan, "parked": together}
        session.connection.execute(update(brake).where(brake.c.id == standing.id).values(plan=joined))
        return int(standing.id)
    values = {
        "channel": channel,
        "entity": entity.value,
        "direction": direction,
        "kind": kind,
        "state": "tripped",
        "tripped_at": session.now,
        "plan": dict(plan),
    }
    return int(session.connection.execute(insert(brake).values(**values).returning(brake.c.id)).scalar_one())


def as_list(value: Value) -> list[Value]:
    return value if isinstance(value, list) else []


def brakes(session: Session, id_: int | None = None, only_tripped: bool = True) -> list[StoredBrake]:
    query = select(brake).order_by(brake.c.id)
    if id_ is not None:
        query = query.where(brake.c.id == id_)
    elif only_tripped:
        query = query.where(brake.c.state == "tripped")
    return [
        StoredBrake(
            row.id, row.channel, Entity(row.entity), row.direction, row.kind, row.state, row.tripped_at, row.plan
        )
        for row in session.connection.execute(query)
    ]


def settle_brake(session: Session, id_: int, state: str) -> None:
    session.connection.execute(update(brake).where(brake.c.id == id_).values(state=state, settled_at=session.now))


@dataclass(frozen=True)
class Parked:
    """One row or record behind a brake: read, but neither merged nor written."""

    brake_id: int
    external_id: str
    record_id: int | None
    row: dict[str, Any]
    read_sequence: int


def park(session: Session, entries: Iterable[Parked]) -> None:
    for entry in entries:
        where = and_(parked.c.brake_id == entry.brake_id, parked.c.external_id == entry.external_id)
        session.connection.execute(delete(parked).where(where))
        session.connection.execute(
            insert(parked).values(
                brake_id=entry.brake_id,
                external_id=entry.external_id,
                record_id=entry.record_id,
                row=entry.row,
                read_sequence=entry.read_sequence,
            )
        )


def parked_behind(session: Session, brake_id: int) -> list[Parked]:
    query = select(parked).where(parked.c.brake_id == brake_id).order_by(parked.c.external_id)
    return [
        Parked(row.brake_id, row.external_id, row.record_id, row.row, row.read_sequence)
        for row in session.connection.execute(query)
    ]


_PARKED: Final = (
    select(parked.c.external_id, parked.c.brake_id)
    .join(brake, brake.c.id == parked.c.brake_id)
    .where(
        brake.c.state == "tripped",
        brake.c.channel == bindparam("channel_is"),
        brake.c.entity == bindparam("entity_is"),
        brake.c.direction == bindparam("direction_is"),
    )
)


def parked_ids(session: Session, channel: str, entity: Entity, direction: str) -> dict[str, int]:
    """External id → brake id of everything parked in a lane: its later rows join it there."""
    given = {"channel_is": channel, "entity_is": entity.value, "direction_is": direction}
    query = session.connection.execute(_PARKED, given)
    return {row.external_id: row.brake_id for row in query}


def unpark_row(session: Session, brake_id: int, external_id: str) -> None:
    """One row was seen anew: what it shows now is weighed by itself."""
    where = and_(parked.c.brake_id == brake_id, parked.c.external_id == external_id)
    session.connection.execute(delete(parked).where(where))


def unpark(session: Session, brake_id: int) -> None:
    session.connection.execute(delete(parked).where(parked.c.brake_id == brake_id))


#: A direction beside in and out: what a person has let through is not weighed again within the window.
LET_THROUGH = "let-through"


def weigh(session: Session, channel: str, entity: Entity, direction: str, kind: str, record_ids: Iterable[int]) -> None:
    """Count what came this way: the brakes look at a rolling window of it (:func:`forget_weighed`)."""
    rows = [
        {
            "channel": channel,
            "entity": entity.value,
            "direction": direction,
            "kind": kind,
            "record_id": id_,
            "at": session.now,
        }
        for id_ in record_ids
    ]
    if rows:
        session.connection.execute(insert(weighed), rows)


def forget_weighed(session: Session, channel: str, entity: Entity, before: datetime) -> None:
    """What lies outside the window counts no more, in any direction."""
    older = and_(weighed.c.channel == channel, weighed.c.entity == entity.value, weighed.c.at < before)
    session.connection.execute(delete(weighed).where(older))


def weight(session: Session, channel: str, entity: Entity, direction: str, since: datetime) -> dict[str, set[int]]:
    """Kind → the records it happened to since then."""
    query = select(weighed.c.kind, weighed.c.record_id).where(
        weighed.c.channel == channel,
        weighed.c.entity == entity.value,
        weighed.c.direction == direction,
        weighed.c.at >= since,
    )
    found: dict[str, set[int]] = {}
    for row in session.connection.execute(query):
        found.setdefault(row.kind, set()).add(row.record_id)
    return found
