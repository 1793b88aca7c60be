"""Are the systems equal, and if not, why: every channel as it shows itself now, against agreed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from connector.contract import Page, Row
from connector.ledger import holds, records
from connector.ledger.store import Session
from connector.model.binding import Held
from connector.model.entity import Entity, Value
from connector.model.record import Known
from connector.observe.intake import PARENTLESS, PLACELESS, WORTHLESS
from connector.observe.workspace import Workspace
from connector.parts import Lane, Parts
from connector.settle import context_of, is_in_scope, project
from connector.stock.picture import ON_HAND, as_decimal, facts_of, on_hand_of, targets_there


@dataclass(frozen=True)
class Difference:
    """One field that a channel shows otherwise than agreed, or a record that is missing or unknown there.

    ``why`` explains it: a hold, a debt, or that nobody knows yet.
    """

    channel: str
    entity: Entity
    key: str
    field: str
    shows: Value
    should_show: Value
    why: str


@dataclass(frozen=True)
class Verified:
    """What one lane's comparison found; ``compared`` records, ``outside`` rows that are not in scope."""

    lane: str
    compared: int
    outside: int
    differences: tuple[Difference, ...]


def verify_lane(parts: Parts, lane: Lane, sample: int | None = None, keys: tuple[str, ...] = ()) -> Verified:
    """Compare a lane's complete listing, or a sample of its records, with agreed; merges and writes nothing."""
    with parts.ledger.read() as session:
        everything = records.bound_ids(session, lane.side.name, lane.entity)
        bound = {id_: record_id for id_, (record_id, _) in everything.items()}
        bound = _chosen(session, bound, sample, keys)
    partial = sample is not None or bool(keys)
    seen: set[str] = set()
    differences: list[Difference] = []
    outside = 0
    for page in _read(parts, lane, sorted(bound) if partial else None):
        with parts.ledger.read() as session:
            workspace = Workspace(session, parts.topology, parts.moment(session))
            for row in page.rows:
                if row.deleted or (partial and row.external_id not in bound):
                    continue
                seen.add(row.external_id)
                found = list(_compare(parts, workspace, lane, row, bound.get(row.external_id)))
                outside += found == [] and row.external_id not in bound
                differences.extend(found)
        parts.progress(str(lane), len(seen))
    missing = [id_ for id_ in bound if id_ not in seen]
    with parts.ledger.read() as session:
        differences.extend(_missing(parts, session, lane, [bound[id_] for id_ in missing]))
        if not partial:
            differences.extend(_owed_creates(parts, session, lane))
    return Verified(str(lane), len(seen & bound.keys()), outside, tuple(differences))


def _chosen(session: Session, bound: dict[str, int], sample: int | None, keys: tuple[str, ...]) -> dict[str, int]:
    if keys:
        known = records.load(session, bound.values())
        parents = records.load(session, [k.record.parent_id for k in known.values() if k.record.parent_id is not None])
        named = {id_: parents.get(k.record.parent_id or 0, k).record.key for id_, k in known.items()}
        bound = {external: id_ for external, id_ in bound.items() if named[id_] in keys}
    if sample is not None and sample < len(bound):
        chosen = random.sample(sorted(bound), sample)
        bound = {external: bound[external] for external in chosen}
    return bound


def _read(parts: Parts, lane: Lane, ids: list[str] | None) -> Iterator[Page]:
    channel = parts.channel(lane)
    if ids is None:
        yield from channel.sweep(lane.entity)
        return
    for chunk in records.chunks(ids, lane.side.can(lane.entity).read_batch):
        yield Page(channel.read(lane.entity, chunk), parts.now())


def _compare(parts: Parts, workspace: Workspace, lane: Lane, row: Row, record_id: int | None) -> Iterator[Difference]:
    mapping = lane.side.mappings[lane.entity]
    picked = mapping.pick(row.native, row.part)
    if not mapping.in_scope(picked):
        return
    if record_id is None:
        yield from _stranger(workspace, lane, row)
        return
    known = workspace.get(record_id)
    parent = workspace.parent_of(known)
    if lane.entity is Entity.STOCK:
        if is_in_scope(parts.topology, lane.side, known.record, parent):
            yield from _compare_figure(parts, workspace, lane, known, row)
        return
    binding = known.bindings[lane.side.name]
    sent = {name: value for name, value in binding.shadow.items() if name in mapping.unread_names(row.part)}
    binding = replace(binding, shadow=picked | sent, part=row.part, changes_on=None)
    context = context_of(parts.topology, known.record, None if parent is None else parent.record, parts.today())
    projection = project(parts.topology, lane.side, known, parent, binding, context)
    shows = mapping.get(picked, context, row.part).values
    for name in sorted({*projection.owed, *projection.held} - {""}):
        should = projection.owed.get(name, projection.held[name].projected if name in projection.held else None)
        why = _why(projection.held.get(name), known, lane)
        yield Difference(lane.side.name, lane.entity, _key(workspace, known), name, shows.get(name), should, why)


def _stranger(workspace: Workspace, lane: Lane, row: Row) -> Iterator[Difference]:
    """A row that belongs to no record: outside of what is configured, without a price yet, or waiting to be matched.

    What hangs on a product that is not linked there says nothing of its own: the product is out of scope, or told.
    """
    one = holds.find_stranger(workspace.session, lane.side.name, lane.entity, row.external_id)
    if one is None:
        yield Difference(lane.side.name, lane.entity, row.external_id, "", "there", None, "not read yet")
    elif one.reason == PARENTLESS and not _is_linked(workspace, lane, row.parent):
        return
    elif one.reason not in (PLACELESS, WORTHLESS):
        yield Difference(lane.side.name, lane.entity, one.key, "", "there", None, f"not linked: {one.reason}")


def _is_linked(workspace: Workspace, lane: Lane, product: str) -> bool:
    return bool(records.by_reference(workspace.session, lane.side.name, Entity.PRODUCT, [product]))


def _compare_figure(parts: Parts, workspace: Workspace, lane: Lane, known: Known, row: Row) -> Iterator[Difference]:
    product_id = known.record.parent_id or 0
    session, place = workspace.session, known.record.place
    facts = facts_of(session, parts.topology, [product_id])[product_id]
    siblings = records.dependents(session, Entity.STOCK, [product_id]).get(product_id, [])
    workspace.load(siblings)
    figures = [workspace.known[id_] for id_ in siblings]
    on_hand = {one.record.place: pieces for one in figures if (pieces := on_hand_of(one)) is not None}
    product = workspace.get(product_id).record
    target = targets_there(parts.topology, lane.side, product, on_hand, facts).get(place)
    name = lane.side.mappings[Entity.STOCK].names_of(ON_HAND, row.part)[0]
    mapping = lane.side.mappings[Entity.STOCK]
    raw = as_decimal(mapping.pick(row.native, row.part).get(name))
    if target is not None and raw != target:
        why = _why(known.bindings[lane.side.name].held.get(ON_HAND), known, lane)
        yield Difference(lane.side.name, lane.entity, _key(workspace, known), ON_HAND, raw, target, why)


def _why(held: Held | None, known: Known, lane: Lane) -> str:
    if held is not None:
        return f"{held.reason}: {held.detail}"
    binding = known.bindings[lane.side.name]
    if binding.dirty:
        return "a write is owed" + (f", next attempt {binding.due_at:%H:%M:%S} UTC" if binding.due_at else "")
    return "changed there since it was last read"


def _key(workspace: Workspace, known: Known) -> str:
    parent = workspace.parent_of(known)
    return known.record.key if parent is None else f"{parent.record.key} {known.record.key}"


def _missing(parts: Parts, session: Session, lane: Lane, record_ids: list[int]) -> Iterator[Difference]:
    workspace = Workspace(session, parts.topology, parts.moment(session))
    workspace.load(record_ids)
    for id_ in record_ids:
        key = _key(workspace, workspace.known[id_])
        yield Difference(lane.side.name, lane.entity, key, "", None, "there", "it is not in the listing any more")


def _owed_creates(parts: Parts, session: Session, lane: Lane) -> Iterator[Difference]:
    """Records that belong on this channel and are not there yet."""
    workspace = Workspace(session, parts.topology, parts.moment(session))
    ids = records.owed_creates(session, lane.side.name, lane.entity)
    workspace.load(ids)
    for id_ in ids:
        known = workspace.known[id_]
        held = known.bindings[lane.side.name].held.get("")
        if known.bindings[lane.side.name].dirty or held is not None:
            why = f"{held.reason}: {held.detail}" if held else "a create is owed"
            yield Difference(lane.side.name, lane.entity, _key(workspace, known), "", None, "there", why)
