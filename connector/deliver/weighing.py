"""Brakes on the way out: old values that are suddenly owed, as after a changed mapping (sync-model 3 and 5.6).

What someone has just changed was weighed when it came in. A debt that is much younger than the
values it would write has another cause: a mapping, a scope, a setting.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from connector.decide.brakes import KINDS, Candidate, Kind, Tripped, kinds_of, weigh
from connector.deliver.compose import Composed
from connector.ledger import holds, records
from connector.ledger.holds import LET_THROUGH, Parked
from connector.model.binding import WHOLE_BINDING, Held
from connector.model.entity import LIFE_FIELD, Value
from connector.model.record import Binding, Known
from connector.observe.absorb import shadow_values
from connector.observe.weighing import limits_of
from connector.observe.workspace import Workspace
from connector.parts import Lane
from connector.settle import LIFE, context_of


def pass_out(workspace: Workspace, lane: Lane, composed: Sequence[Composed]) -> list[Composed]:
    """The writes that may go out; what trips a brake is parked, and its bindings are held."""
    session, channel = workspace.session, lane.side.name
    window = timedelta(seconds=workspace.topology.config.brakes.window_s)
    since = workspace.moment.now - window
    through = holds.weight(session, channel, lane.entity, LET_THROUGH, since).get("change", set())
    old = [one for one in composed if one.binding.record_id not in through and _is_old(workspace, one, window)]
    if not old:
        return list(composed)
    limits, weight = limits_of(workspace.topology), holds.weight(session, channel, lane.entity, "out", since)
    weighing = weigh(
        [Candidate(str(one.binding.record_id), _kinds(workspace, lane, one)) for one in old],
        {kind: {str(id_) for id_ in weight.get(kind, ())} for kind in KINDS},
        records.count_bound(session, channel, lane.entity),
        limits,
        [brake.kind for brake in _standing(workspace, lane)],  # type: ignore[misc]  # stored as text
    )
    parked = {int(id_) for brake in weighing.tripped for id_ in brake.parked}
    for brake in weighing.tripped:
        _park(workspace, lane, brake)
    holds.forget_weighed(session, channel, lane.entity, since)
    for kind in KINDS:
        ids = [int(candidate.id) for candidate in weighing.passed if kind in candidate.kinds]
        holds.weigh(session, channel, lane.entity, "out", kind, ids)
    return [one for one in composed if one.binding.record_id not in parked]


def _standing(workspace: Workspace, lane: Lane) -> list[holds.StoredBrake]:
    lane_is = (lane.side.name, lane.entity, "out")
    return [one for one in holds.brakes(workspace.session) if (one.channel, one.entity, one.direction) == lane_is]


def _is_old(workspace: Workspace, one: Composed, window: timedelta) -> bool:
    """Whether what would be written was agreed long before it came to be owed. A create has nothing to harm."""
    if one.intent is None or one.binding.external_id is None:
        return False
    known = workspace.known[one.binding.record_id]
    newest = max((moment for moment in _causes(known, one) if moment is not None), default=None)
    owed_since = one.binding.dirty_since or workspace.moment.now
    return newest is None or newest < owed_since - window


def _causes(known: Known, one: Composed) -> Iterator[datetime | None]:
    """When the values were agreed; of what is to end there, when anything of the record last changed."""
    ends = one.owed.keys() <= {LIFE, LIFE_FIELD}
    for name, agreed in known.record.agreed.items():
        if ends or name in one.owed:
            yield agreed.by.at
    if known.record.life == "gone":
        yield from (binding.seen_at for binding in known.bindings.values() if binding.state == "gone")


def _kinds(workspace: Workspace, lane: Lane, one: Composed) -> frozenset[Kind]:
    known = workspace.known[one.binding.record_id]
    limits = limits_of(workspace.topology)
    gone = one.intent is not None and one.intent.operation == "delete"
    shadow = _shown(workspace, lane, known, one.binding)
    return kinds_of(lane.entity, shadow, one.owed, limits, gone=gone) or frozenset({"change"})


def _shown(workspace: Workspace, lane: Lane, known: Known, binding: Binding) -> dict[str, Value]:
    parent = workspace.parent_of(known)
    product = None if parent is None else parent.record
    context = context_of(workspace.topology, known.record, product, workspace.moment.today)
    return shadow_values(lane.side.mappings[lane.entity], binding, context)


def _park(workspace: Workspace, lane: Lane, brake: Tripped) -> None:
    session = workspace.session
    id_ = holds.trip(session, lane.side.name, lane.entity, "out", brake.kind, brake.as_plan())
    holds.park(session, [Parked(id_, record_id, int(record_id), {}, 0) for record_id in brake.parked])
    held = Held("brake", f"brake {id_} has tripped; look at it with `connector brakes show {id_}`", since=session.now)
    for record_id in brake.parked:
        binding = workspace.known[int(record_id)].bindings[lane.side.name]
        workspace.change_binding(replace(binding, held={**binding.held, WHOLE_BINDING: held}))
