"""Brakes at the door: what a page would delete, zero or change is counted before it is merged (sync-model 5.6)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from connector.decide.brakes import KINDS, Candidate, Kind, Limits, Tripped, kinds_of, weigh
from connector.ledger import holds, records
from connector.ledger.holds import Parked
from connector.model.binding import WHOLE_BINDING, Held
from connector.model.entity import Entity
from connector.model.record import Known
from connector.observe.absorb import Observation, shadow_values
from connector.observe.rows import pack_observation
from connector.observe.workspace import Workspace
from connector.parts import Lane
from connector.settle import context_of
from connector.stock.picture import ON_HAND
from connector.topology import Topology

ALL_KINDS: tuple[Kind, ...] = (*KINDS, "emptied", "factor")


@dataclass(frozen=True)
class Weighed:
    """An observation of a bound record, or the deletion of one."""

    record_id: int
    external_id: str
    seen: Observation | None
    emptied: bool = False


def limits_of(topology: Topology) -> Limits:
    brakes = topology.config.brakes
    return Limits(
        min_count=brakes.min_count,
        max_delete_share=Decimal(brakes.max_delete_share),
        max_zero_share=Decimal(brakes.max_zero_share),
        max_change_share=Decimal(brakes.max_change_share),
        price_factor=Decimal(brakes.price_factor),
    )


def pass_brakes(
    workspace: Workspace, lane: Lane, pairs: Sequence[tuple[int, Observation]]
) -> list[tuple[int, Observation]]:
    """The observations that may be merged; what trips a brake is parked: read, but neither merged nor written."""
    entries = [Weighed(record_id, seen.row.external_id, seen) for record_id, seen in pairs]
    passed = _weigh(workspace, lane, entries)
    return [(entry.record_id, entry.seen) for entry in passed if entry.seen is not None]


def park_deletions(workspace: Workspace, lane: Lane, ids: Sequence[str], *, emptied: bool = False) -> list[str]:
    """The confirmed deletions that may take effect; too many of them, or all at once, are parked."""
    bound = records.by_reference(workspace.session, lane.side.name, lane.entity, ids, by_address=False)
    workspace.load(bound.values())
    entries = [Weighed(record_id, external_id, None, emptied) for external_id, record_id in bound.items()]
    return [entry.external_id for entry in _weigh(workspace, lane, entries)]


def unpark_seen(workspace: Workspace, lane: Lane, ids: Collection[str]) -> set[str]:
    """What is parked and was now seen anew is weighed by what it shows now; answers which rows that were."""
    parked = holds.parked_ids(workspace.session, lane.side.name, lane.entity, "in")
    seen = parked.keys() & set(ids)
    for external_id in seen:
        holds.unpark_row(workspace.session, parked[external_id], external_id)
    bound = records.by_reference(workspace.session, lane.side.name, lane.entity, seen, by_address=False)
    workspace.load(bound.values())
    for record_id in bound.values():
        lift_brake(workspace, lane.side.name, record_id)
    return seen


def lift_brake(workspace: Workspace, channel: str, record_id: int) -> None:
    """The binding no longer waits behind a brake."""
    binding = workspace.get(record_id).bindings.get(channel)
    hold = None if binding is None else binding.held.get(WHOLE_BINDING)
    if binding is not None and hold is not None and hold.reason == "brake":
        rest = {name: other for name, other in binding.held.items() if name != WHOLE_BINDING}
        workspace.change_binding(replace(binding, held=rest))


def _weigh(workspace: Workspace, lane: Lane, entries: Sequence[Weighed]) -> list[Weighed]:
    if not entries:
        return []
    session, channel = workspace.session, lane.side.name
    limits = limits_of(workspace.topology)
    since = workspace.moment.now - timedelta(seconds=workspace.topology.config.brakes.window_s)
    weight = holds.weight(session, channel, lane.entity, "in", since)
    standing = {
        brake.kind
        for brake in holds.brakes(session)
        if (brake.channel, brake.entity, brake.direction) == (channel, lane.entity, "in")
    }
    candidates = [Candidate(str(entry.record_id), _kinds(workspace, lane, entry, limits)) for entry in entries]
    weighing = weigh(
        candidates,
        {kind: {str(id_) for id_ in weight.get(kind, ())} for kind in KINDS},
        records.count_bound(session, channel, lane.entity),
        limits,
        [kind for kind in ALL_KINDS if kind in standing],
    )
    by_id = {str(entry.record_id): entry for entry in entries}
    for brake in weighing.tripped:
        _park(workspace, lane, brake, [by_id[id_] for id_ in brake.parked])
    _count(workspace, lane, weighing.passed, since)
    return [by_id[candidate.id] for candidate in weighing.passed]


def _kinds(workspace: Workspace, lane: Lane, entry: Weighed, limits: Limits) -> frozenset[Kind]:
    known = workspace.known[entry.record_id]
    if workspace.released:
        return frozenset()
    if entry.seen is None:
        kinds = kinds_of(lane.entity, {}, {}, limits, gone=True)
        return kinds | {"emptied"} if entry.emptied else kinds
    return _kinds_of_row(workspace, lane, known, entry.seen, limits)


def _kinds_of_row(workspace: Workspace, lane: Lane, known: Known, seen: Observation, limits: Limits) -> frozenset[Kind]:
    binding, mapping = known.bindings[lane.side.name], lane.side.mappings[lane.entity]
    parent = workspace.parent_of(known)
    context = context_of(
        workspace.topology, known.record, None if parent is None else parent.record, workspace.moment.today
    )
    before = shadow_values(mapping, binding, context)
    after = mapping.get(seen.picked, context, seen.row.part).values
    if lane.entity is Entity.STOCK:
        before = {name: value for name, value in before.items() if name == ON_HAND}
    return kinds_of(lane.entity, before, {name: after[name] for name in before if name in after}, limits)


def _park(workspace: Workspace, lane: Lane, brake: Tripped, entries: Sequence[Weighed]) -> None:
    session = workspace.session
    id_ = holds.trip(session, lane.side.name, lane.entity, "in", brake.kind, brake.as_plan())
    holds.park(session, [_parked(id_, entry) for entry in entries])
    held = Held("brake", f"brake {id_} has tripped; look at it with `connector brakes show {id_}`", since=session.now)
    for entry in entries:
        binding = workspace.known[entry.record_id].bindings[lane.side.name]
        workspace.change_binding(replace(binding, held={**binding.held, WHOLE_BINDING: held}))


def _parked(brake_id: int, entry: Weighed) -> Parked:
    if entry.seen is None:
        return Parked(brake_id, entry.external_id, entry.record_id, {}, 0)
    return Parked(brake_id, entry.external_id, entry.record_id, pack_observation(entry.seen), entry.seen.read_sequence)


def _count(workspace: Workspace, lane: Lane, passed: Sequence[Candidate], since: datetime) -> None:
    holds.forget_weighed(workspace.session, lane.side.name, lane.entity, since)
    for kind in ("delete", "zero", "change"):
        ids = [int(candidate.id) for candidate in passed if kind in candidate.kinds]
        holds.weigh(workspace.session, lane.side.name, lane.entity, "in", kind, ids)
