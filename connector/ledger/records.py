"""Records, their keys and their bindings."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from sqlalchemy import BindParameter, ColumnElement, Row, Select, bindparam, delete, func, insert, select, update

from connector.ledger.store import Session
from connector.ledger.tables import binding, conflict, intent, record, record_key
from connector.model.binding import Agreed, Held, Provenance
from connector.model.entity import Entity, Key, Value
from connector.model.record import Binding, Known, OpenConflict, Record

#: Values in one IN list: below SQLite's oldest limit of 999 variables.
CHUNK = 500


def chunks(values: Iterable[Any], size: int = CHUNK) -> Iterable[list[Any]]:
    """The values in lists short enough for one statement."""
    listed = list(values)
    return (listed[start : start + size] for start in range(0, len(listed), size))


def pack_agreed(agreed: Mapping[str, Agreed]) -> Value:
    """Fields with their values, and each distinct provenance once: most fields of a record share one."""
    origins: dict[Provenance, int] = {}
    fields: dict[str, Value] = {}
    for name, value in agreed.items():
        fields[name] = [value.value, origins.setdefault(value.by, len(origins))]
    return {"f": fields, "p": [_pack_provenance(by) for by in origins]}


def unpack_agreed(packed: Any) -> dict[str, Agreed]:
    origins = [_unpack_provenance(entry) for entry in packed["p"]]
    return {name: Agreed(value, origins[origin]) for name, (value, origin) in packed["f"].items()}


def _pack_instant(moment: datetime | None) -> Value:
    return None if moment is None else int(moment.timestamp())


def _unpack_instant(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _pack_provenance(by: Provenance) -> Value:
    return [by.channel, _pack_instant(by.at), _pack_instant(by.since), by.rule, by.sequence]


def _unpack_provenance(entry: Any) -> Provenance:
    channel, at, since, rule, sequence = entry
    return Provenance(channel, _unpack_instant(at), _unpack_instant(since), rule, sequence)


def _pack_held(held: Held) -> Value:
    return [held.reason, held.detail, held.shown, held.projected, _pack_instant(held.since)]


def _unpack_held(entry: Any) -> Held:
    reason, detail, shown, projected, since = entry
    return Held(reason, detail, shown, projected, _unpack_instant(since))


#: Built once: to build such a query takes longer than to run it.
_IDS: Final[BindParameter[Any]] = bindparam("ids", expanding=True)
_RECORDS: Final = select(record).where(record.c.id.in_(_IDS))
_KEYS: Final = select(record_key).where(record_key.c.record_id.in_(_IDS))
_BINDINGS: Final = select(binding).where(binding.c.record_id.in_(_IDS))
_CONFLICTS: Final = select(conflict).where(conflict.c.record_id.in_(_IDS), conflict.c.state == "open")
_DEPENDENTS: Final = (
    select(record.c.parent_id, record.c.id)
    .where(record.c.entity == bindparam("entity_is"), record.c.parent_id.in_(_IDS))
    .order_by(record.c.id)
)


def load(session: Session, record_ids: Iterable[int]) -> dict[int, Known]:
    """Records by id, each with its keys, bindings and open conflicts."""
    wanted = sorted(set(record_ids))
    records = {row.id: row for row in _in(session, _RECORDS, wanted)}
    keys: dict[int, set[Key]] = defaultdict(set)
    for row in _in(session, _KEYS, wanted):
        keys[row.record_id].add(Key(row.kind, row.text))
    bindings: dict[int, dict[str, Binding]] = defaultdict(dict)
    for row in _in(session, _BINDINGS, wanted):
        bindings[row.record_id][row.channel] = to_binding(row)
    conflicts: dict[int, dict[str, OpenConflict]] = defaultdict(dict)
    for row in _in(session, _CONFLICTS, wanted):
        conflicts[row.record_id][row.field] = OpenConflict(row.id, row.field, row.revision, row.sides)
    return {
        id_: Known(to_record(row, frozenset(keys[id_])), bindings[id_], conflicts[id_]) for id_, row in records.items()
    }


def _in(session: Session, query: Select[Any], ids: Sequence[int]) -> list[Row[Any]]:
    found: list[Row[Any]] = []
    for part in chunks(ids):
        found.extend(session.connection.execute(query, {"ids": part}))
    return found


def to_record(row: Row[Any], keys: frozenset[Key]) -> Record:
    return Record(
        id=row.id,
        entity=Entity(row.entity),
        key=row.key,
        agreed=unpack_agreed(row.agreed),
        parent_id=row.parent_id,
        place=row.place,
        life=row.life,
        sequence=row.sequence,
        keys=keys,
    )


def to_binding(row: Row[Any]) -> Binding:
    return Binding(
        id=row.id,
        record_id=row.record_id,
        channel=row.channel,
        entity=Entity(row.entity),
        external_id=row.external_id,
        address=row.address,
        parts=row.parts or {},
        part=row.part,
        state=row.state,
        origin=row.origin,
        shadow=row.shadow,
        fingerprint=row.fingerprint,
        handed=row.handed,
        version=row.version,
        modified_at=row.modified_at,
        seen_at=row.seen_at,
        fence=row.fence,
        replaced=row.replaced,
        dirty=row.dirty,
        dirty_since=row.dirty_since,
        reread=row.reread,
        held={name: _unpack_held(entry) for name, entry in (row.held or {}).items()},
        confirmed=row.confirmed,
        attempts=row.attempts,
        due_at=row.due_at,
        changes_on=row.changes_on,
    )


_INSERT_RECORD: Final = insert(record).returning(record.c.id)
_UPDATE_RECORD: Final = update(record).where(record.c.id == bindparam("of_record"))
_INSERT_KEYS: Final = insert(record_key)
_DELETE_KEYS: Final = delete(record_key).where(record_key.c.record_id == bindparam("of_record"))
_INSERT_BINDING: Final = insert(binding).returning(binding.c.id)
_UPDATE_BINDING: Final = update(binding).where(binding.c.id == bindparam("of_binding"))


def save_record(session: Session, value: Record) -> int:
    """Insert or update; answers the record's id. Its keys are replaced by the ones given."""
    columns = {
        "entity": value.entity.value,
        "key": value.key,
        "parent_id": value.parent_id,
        "place": value.place,
        "agreed": pack_agreed(value.agreed),
        "life": value.life,
        "sequence": session.sequence,
        "changed_at": session.now,
    }
    if value.id:
        session.connection.execute(_UPDATE_RECORD, {**columns, "of_record": value.id})
        session.connection.execute(_DELETE_KEYS, {"of_record": value.id})
        id_ = value.id
    else:
        id_ = int(session.connection.execute(_INSERT_RECORD, columns).scalar_one())
    if value.keys:
        rows = [{"record_id": id_, "entity": value.entity.value, "kind": k.kind, "text": k.text} for k in value.keys]
        session.connection.execute(_INSERT_KEYS, rows)
    return id_


def save_binding(session: Session, value: Binding) -> int:
    """Insert or update; answers the binding's id."""
    columns = {
        "record_id": value.record_id,
        "channel": value.channel,
        "entity": value.entity.value,
        "external_id": value.external_id,
        "address": value.address,
        "parts": dict(value.parts) or None,
        "part": value.part,
        "state": value.state,
        "origin": value.origin,
        "shadow": dict(value.shadow),
        "fingerprint": value.fingerprint,
        "handed": value.handed,
        "version": value.version,
        "modified_at": value.modified_at,
        "seen_at": value.seen_at,
        "fence": value.fence,
        "replaced": value.replaced,
        "dirty": value.dirty,
        "dirty_since": value.dirty_since,
        "reread": value.reread,
        "held": {name: _pack_held(held) for name, held in value.held.items()} or None,
        "confirmed": value.confirmed,
        "attempts": value.attempts,
        "due_at": value.due_at,
        "changes_on": value.changes_on,
    }
    if value.id:
        session.connection.execute(_UPDATE_BINDING, {**columns, "of_binding": value.id})
        return value.id
    return int(session.connection.execute(_INSERT_BINDING, columns).scalar_one())


def delete_binding(session: Session, value: Binding) -> None:
    """Forget a binding that never came to be: the create is owed no longer."""
    session.connection.execute(delete(binding).where(binding.c.id == value.id))


_PRINTS: Final = select(
    binding.c.external_id,
    binding.c.record_id,
    binding.c.fingerprint,
    binding.c.reread,
    binding.c.state,
    binding.c.changes_on,
).where(
    binding.c.channel == bindparam("channel_is"),
    binding.c.entity == bindparam("entity_is"),
    binding.c.external_id.in_(bindparam("ids", expanding=True)),
)


def fingerprints(
    session: Session, channel: str, entity: Entity, external_ids: Sequence[str], today: date
) -> dict[str, tuple[int, bytes | None, bool]]:
    """External id → (record id, fingerprint, whether a fresh read is wanted): all an unchanged row needs.

    Wanted: an observation was dropped, the thing was buried, or the calendar has changed its meaning by today.
    """
    day = today.isoformat()
    found: dict[str, tuple[int, bytes | None, bool]] = {}
    for part in chunks(external_ids):
        given = {"channel_is": channel, "entity_is": entity.value, "ids": part}
        for external_id, record_id, print_, reread, state, changes_on in session.connection.execute(_PRINTS, given):
            due = changes_on is not None and changes_on <= day
            found[external_id] = (record_id, print_, reread or due or state != "bound")
    return found


def by_reference(
    session: Session, channel: str, entity: Entity, references: Iterable[str], *, by_address: bool = True
) -> dict[str, int]:
    """External id, or else address, on the channel → record id. An address shared by two is left out."""
    wanted = sorted({reference for reference in references if reference})
    found: dict[str, int] = {}
    for part in chunks(wanted):
        query = select(binding.c.external_id, binding.c.record_id).where(
            _lane(channel, entity), binding.c.state == "bound", binding.c.external_id.in_(part)
        )
        found.update({row.external_id: row.record_id for row in session.connection.execute(query)})
    missing = [reference for reference in wanted if by_address and reference not in found]
    for part in chunks(missing):
        query = (
            select(binding.c.address, func.min(binding.c.record_id))
            .where(_lane(channel, entity), binding.c.state == "bound", binding.c.address.in_(part))
            .group_by(binding.c.address)
            .having(func.count() == 1)
        )
        found.update({row[0]: row[1] for row in session.connection.execute(query)})
    return found


def holders(session: Session, entity: Entity, keys: Iterable[Key]) -> dict[Key, list[int]]:
    """Key → ids of the records that have it, deleted ones included."""
    found: dict[Key, list[int]] = {key: [] for key in keys}
    by_kind: dict[str, list[str]] = defaultdict(list)
    for key in found:
        by_kind[key.kind].append(key.text)
    for kind, texts in by_kind.items():
        for part in chunks(texts):
            query = select(record_key.c.text, record_key.c.record_id).where(
                record_key.c.entity == entity.value, record_key.c.kind == kind, record_key.c.text.in_(part)
            )
            for row in session.connection.execute(query.order_by(record_key.c.record_id)):
                found[Key(kind, row.text)].append(row.record_id)
    return found


def dependents(session: Session, entity: Entity, parent_ids: Iterable[int]) -> dict[int, list[int]]:
    """Product record id → ids of its price or stock records."""
    found: dict[int, list[int]] = defaultdict(list)
    for part in chunks(sorted(set(parent_ids))):
        for row in session.connection.execute(_DEPENDENTS, {"entity_is": entity.value, "ids": part}):
            found[row.parent_id].append(row.id)
    return found


def dirty(session: Session, channel: str, entity: Entity, limit: int) -> list[int]:
    """Ids of records with a write owed here that is due now, the longest owed first."""
    query = (
        select(binding.c.record_id)
        .where(
            _lane(channel, entity),
            binding.c.dirty,
            (binding.c.due_at.is_(None)) | (binding.c.due_at <= session.now),
        )
        .order_by(binding.c.dirty_since.nulls_first(), binding.c.id)
        .limit(limit)
    )
    return [row.record_id for row in session.connection.execute(query)]


def to_reread(session: Session, channel: str, entity: Entity, today: date, limit: int) -> list[str]:
    """External ids whose last observation was dropped, or whose mapping's result changes by today.

    Not beside a write in doubt: what is read meanwhile would be dropped as well.
    """
    query = (
        select(binding.c.external_id)
        .where(
            _lane(channel, entity),
            binding.c.state == "bound",
            binding.c.external_id.is_not(None),
            binding.c.reread | ((binding.c.changes_on.is_not(None)) & (binding.c.changes_on <= today.isoformat())),
            ~select(intent.c.token).where(intent.c.binding_id == binding.c.id).exists(),
        )
        .limit(limit)
    )
    return [row.external_id for row in session.connection.execute(query)]


def due_unbound(session: Session, channel: str, entity: Entity, today: date) -> list[int]:
    """Ids of records that are not there yet, and whose turn may have come with today."""
    query = select(binding.c.record_id).where(
        _lane(channel, entity), binding.c.external_id.is_(None), binding.c.changes_on <= today.isoformat()
    )
    return [row.record_id for row in session.connection.execute(query)]


def buried(session: Session, channel: str, entity: Entity, external_ids: Sequence[str]) -> dict[str, int]:
    """External id → record id, of things that are known to be gone there."""
    found: dict[str, int] = {}
    for part in chunks(external_ids):
        query = select(binding.c.external_id, binding.c.record_id).where(
            _lane(channel, entity), binding.c.state == "gone", binding.c.external_id.in_(part)
        )
        found.update({row.external_id: row.record_id for row in session.connection.execute(query)})
    return found


def release_ids(session: Session, taken: Iterable[Binding]) -> None:
    """An id that the channel has given out again names the new thing alone; what is buried lets go of it."""
    takers: dict[tuple[str, Entity], dict[str, int]] = defaultdict(dict)
    for value in taken:
        if value.external_id is not None:
            takers[value.channel, value.entity][value.external_id] = value.record_id
    for (channel, entity), by_id in takers.items():
        for part in chunks(by_id):
            query = select(binding.c.id, binding.c.external_id, binding.c.record_id).where(
                _lane(channel, entity), binding.c.state.in_(("gone", "unlinked")), binding.c.external_id.in_(part)
            )
            found = session.connection.execute(query).all()
            ids = [row.id for row in found if row.record_id != by_id[row.external_id]]
            if ids:
                session.connection.execute(update(binding).where(binding.c.id.in_(ids)).values(external_id=None))


def count_bound(session: Session, channel: str, entity: Entity) -> int:
    """How many records a lane is bound to: what a brake's share is a share of."""
    query = select(func.count()).where(_lane(channel, entity), binding.c.state == "bound")
    return int(session.connection.execute(query).scalar_one())


def bound_ids(session: Session, channel: str, entity: Entity) -> dict[str, tuple[int, int]]:
    """External id → (record id, fence) of every live binding of a lane; what a sweep is compared with."""
    query = select(binding.c.external_id, binding.c.record_id, binding.c.fence).where(
        _lane(channel, entity), binding.c.state == "bound", binding.c.external_id.is_not(None)
    )
    return {row.external_id: (row.record_id, row.fence) for row in session.connection.execute(query)}


def external_ids(session: Session, channel: str, entity: Entity) -> set[str]:
    """External ids of every live binding of a lane; what a sweep crosses off, page by page.

    The one list that a sweep holds: about a hundred bytes an id, two megabytes of twenty thousand. To mark
    in the ledger what was seen would write once per unchanged row instead.
    """
    query = select(binding.c.external_id).where(
        _lane(channel, entity), binding.c.state == "bound", binding.c.external_id.is_not(None)
    )
    return set(session.connection.execute(query).scalars())


def record_ids(
    session: Session, entity: Entity, key: str | None = None, after: int = 0, limit: int = CHUNK
) -> list[int]:
    """Ids of an entity's records in order, from ``after`` on; of one key where it is given."""
    query = select(record.c.id).where(record.c.entity == entity.value, record.c.id > after)
    if key is not None:
        query = query.where(record.c.key == key)
    return [row.id for row in session.connection.execute(query.order_by(record.c.id).limit(limit))]


def owing(session: Session, channel: str, entity: Entity) -> list[int]:
    """Ids of every record with a write owed here, due or not."""
    query = select(binding.c.record_id).where(_lane(channel, entity), binding.c.dirty).order_by(binding.c.record_id)
    return [row.record_id for row in session.connection.execute(query)]


def by_any_key(session: Session, entity: Entity, text: str) -> list[int]:
    """Ids of records that hold this text as any of their keys."""
    query = select(record_key.c.record_id).where(record_key.c.entity == entity.value, record_key.c.text == text)
    return sorted({row.record_id for row in session.connection.execute(query)})


def has_key(session: Session, record_id: int, keys: Sequence[str]) -> bool:
    """Whether a record, or the product it hangs on, is one of those that were named."""
    known = load(session, [record_id])[record_id].record
    if known.parent_id is not None:
        known = load(session, [known.parent_id])[known.parent_id].record
    return known.key in keys


def held_reasons(session: Session, channel: str, entity: Entity) -> Counter[str]:
    """Reason → how many bindings of a lane have a hold of that kind."""
    query = select(binding.c.held).where(_lane(channel, entity), binding.c.held.is_not(None))
    return Counter(
        reason for row in session.connection.execute(query) for reason in {entry[0] for entry in row.held.values()}
    )


def owed_creates(session: Session, channel: str, entity: Entity) -> list[int]:
    """Ids of records that belong on a channel and have not been made there yet."""
    query = select(binding.c.record_id).where(_lane(channel, entity), binding.c.state == "owed")
    return [row.record_id for row in session.connection.execute(query.order_by(binding.c.record_id))]


def owed_count(session: Session, channel: str, entity: Entity) -> tuple[int, datetime | None]:
    """How many bindings owe a write here, and since when the oldest does."""
    query = select(func.count(), func.min(binding.c.dirty_since)).where(_lane(channel, entity), binding.c.dirty)
    row = session.connection.execute(query).one()
    return int(row[0]), row[1]


def _lane(channel: str, entity: Entity) -> ColumnElement[bool]:
    return (binding.c.channel == channel) & (binding.c.entity == entity.value)
