"""A person's answers: conflicts settled, quarantine retried, brakes released or refused. Ledger transactions
that a running daemon notices at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from connector.decide.conflict import Answer, resolve_conflict
from connector.ledger import holds, lanes, records
from connector.ledger.holds import LET_THROUGH, Case, Parked, StoredBrake, StoredConflict
from connector.ledger.store import Session
from connector.model.binding import WHOLE_BINDING, Held
from connector.model.entity import Value
from connector.model.outcome import Answered, AskAgain
from connector.model.record import Event, OpenConflict
from connector.observe.absorb import renew, shadow_values
from connector.observe.intake import take_observations
from connector.observe.reading import Reading, Tally
from connector.observe.rows import unpack_observation
from connector.observe.tombstone import bury, seen_gone
from connector.observe.weighing import lift_brake
from connector.observe.workspace import Workspace
from connector.parts import Parts
from connector.settle import context_of, made_again, project


@dataclass(frozen=True)
class Resolved:
    """What came of an answer: ``asked_again`` where the conflict had moved on since it was shown."""

    conflict: StoredConflict
    value: Value = None
    asked_again: AskAgain | None = None


def find_conflict(parts: Parts, id_: int) -> StoredConflict | None:
    """An open conflict by its number."""
    with parts.ledger.read() as session:
        found = holds.conflicts(session, id_)
    return found[0] if found and found[0].state == "open" else None


def answer_conflict(parts: Parts, conflict: StoredConflict, answer: Answer) -> Resolved:
    """Make the operator's value the agreed one; ask again if the conflict has moved on."""
    with parts.ledger.write() as session:
        workspace = Workspace(session, parts.topology, parts.moment(session))
        known = workspace.get(conflict.record_id)
        standing = known.conflicts.get(conflict.field)
        if standing is None:
            closed = OpenConflict(conflict.id, conflict.field, conflict.revision + 1, conflict.sides)
            again = resolve_conflict(closed, answer, session.now, session.sequence)
            return Resolved(conflict, asked_again=again if isinstance(again, AskAgain) else None)
        decided = resolve_conflict(standing, answer, session.now, session.sequence)
        if isinstance(decided, AskAgain):
            return Resolved(conflict, asked_again=decided)
        _agree(workspace, conflict, decided)
        workspace.flush()
        return Resolved(conflict, decided.agreed.value)


def _agree(workspace: Workspace, conflict: StoredConflict, decided: Answered) -> None:
    session = workspace.session
    known = workspace.get(conflict.record_id)
    agreed = {**known.record.agreed, conflict.field: decided.agreed}
    rest = {name: one for name, one in known.conflicts.items() if name != conflict.field}
    workspace.known[conflict.record_id] = replace(known, conflicts=rest)
    workspace.change_record(renew(known.record, agreed, session.sequence))
    holds.close_conflict(session, conflict.id, "answered", decided.as_event())
    event = Event("answered", "", conflict.entity, conflict.record_id, conflict.field, decided.as_event())
    workspace.note([event])


def retry_case(parts: Parts, case: Case) -> None:
    """Take a case out of quarantine: what was refused is tried again, what could not be read is read again."""
    with parts.ledger.write() as session:
        holds.free_case(session, case.id)
        workspace = Workspace(session, parts.topology, parts.moment(session))
        if case.record_id is not None and records.load(session, [case.record_id]):
            known = workspace.get(case.record_id)
            binding = known.bindings.get(case.channel)
            if binding is not None:
                name = case.field or WHOLE_BINDING
                held = {field: hold for field, hold in binding.held.items() if field != name}
                reread = binding.external_id is not None
                workspace.change_binding(replace(binding, held=held, reread=reread, attempts=0, due_at=None))
            workspace.note([Event("retried", case.channel, case.entity, case.record_id, case.field)])
        workspace.flush()
        lanes.save(session, case.channel, case.entity, paused_until=None)


def drop_case(parts: Parts, case: Case) -> None:
    """Forget a case: the field stays as it is there until agreed changes, and is not asked about again."""
    with parts.ledger.write() as session:
        holds.free_case(session, case.id)
        workspace = Workspace(session, parts.topology, parts.moment(session))
        if case.record_id is not None and records.load(session, [case.record_id]):
            _leave_as_it_is(workspace, case, case.record_id)
        workspace.note([Event("dropped", case.channel, case.entity, case.record_id, case.field)])
        workspace.flush()


def _leave_as_it_is(workspace: Workspace, case: Case, record_id: int) -> None:
    """What was refused is left alone, listed as drift until agreed changes; an uncertain figure is settled."""
    binding = workspace.get(record_id).bindings.get(case.channel)
    name = case.field or WHOLE_BINDING
    hold = None if binding is None else binding.held.get(name)
    if binding is None or hold is None:
        return
    held = {field: other for field, other in binding.held.items() if field != name}
    if hold.reason == "quarantine":
        detail = "refused there, and left alone by a person until agreed changes"
        held[name] = replace(hold, reason="drift", detail=detail, since=workspace.session.now)
    workspace.change_binding(replace(binding, held=held))


def release_brake(parts: Parts, brake: StoredBrake) -> Tally:
    """Merge what is parked: a person has looked at the plan and lets it through."""
    tally = Tally()
    lane = parts.lane(brake.channel, brake.entity)
    with parts.ledger.write() as session:
        workspace, waiting = _settle_brake(parts, session, brake, "released")
        _let_through(session, brake, waiting)
        workspace.note([Event("released", brake.channel, brake.entity, None, detail={"brake": brake.id})])
        gone = [one.external_id for one in waiting if not one.row and brake.direction == "in"]
        tally.gone = bury(workspace, lane, seen_gone(workspace, lane, gone, session.now))
        observed = [unpack_observation(one.row, one.read_sequence) for one in waiting if one.row]
        if observed:
            began_at = min(seen.began_at for seen in observed)
            take_observations(workspace, Reading(lane, session.sequence, began_at, None), observed, tally)
        workspace.flush()
    parts.wake(workspace.woken)
    return tally


def refuse_brake(parts: Parts, brake: StoredBrake) -> int:
    """Make what is parked the loser: each listed value that still stands there is put back; answers how many."""
    with parts.ledger.write() as session:
        workspace, waiting = _settle_brake(parts, session, brake, "refused")
        for one in waiting:
            if one.record_id is not None and brake.direction == "in":
                _put_back(parts, workspace, brake, one)
            elif one.record_id is not None:
                _leave_alone(parts, workspace, brake, one.record_id)
        if brake.direction == "in":
            _let_through(session, brake, waiting)
        workspace.flush()
    parts.wake(workspace.woken)
    return len(waiting)


def _settle_brake(parts: Parts, session: Session, brake: StoredBrake, state: str) -> tuple[Workspace, list[Parked]]:
    """Nothing waits behind the brake any more; answers what did."""
    waiting = holds.parked_behind(session, brake.id)
    holds.settle_brake(session, brake.id, state)
    holds.unpark(session, brake.id)
    workspace = Workspace(session, parts.topology, parts.moment(session), released=True)
    workspace.load(one.record_id for one in waiting if one.record_id is not None)
    for one in waiting:
        if one.record_id is not None:
            lift_brake(workspace, brake.channel, one.record_id)
    return workspace, waiting


def _let_through(session: Session, brake: StoredBrake, waiting: Sequence[Parked]) -> None:
    """A person has decided about these: what is written for them now is not weighed once more."""
    ids = [one.record_id for one in waiting if one.record_id is not None]
    holds.weigh(session, brake.channel, brake.entity, LET_THROUGH, "change", ids)


def _leave_alone(parts: Parts, workspace: Workspace, brake: StoredBrake, record_id: int) -> None:
    """What was refused on its way out is left as it is there, until agreed changes."""
    known = workspace.get(record_id)
    binding, side = known.bindings[brake.channel], parts.topology.sides[brake.channel]
    parent = workspace.parent_of(known)
    context = context_of(parts.topology, known.record, None if parent is None else parent.record, parts.today())
    owed = project(parts.topology, side, known, parent, binding, context).owed
    detail = f"brake {brake.id} was refused; left alone until agreed changes"
    held = {name: Held("drift", detail, projected=value, since=workspace.session.now) for name, value in owed.items()}
    workspace.change_binding(replace(binding, held={**binding.held, **held}))
    workspace.note([Event("refused-by-operator", brake.channel, brake.entity, record_id, detail={"brake": brake.id})])


def _put_back(parts: Parts, workspace: Workspace, brake: StoredBrake, one: Parked) -> None:
    """The refused value becomes what is known of that side, so that agreed is owed there once more."""
    sequence, record_id = workspace.session.sequence, one.record_id or 0
    binding = workspace.get(record_id).bindings[brake.channel]
    if one.row:
        seen = unpack_observation(one.row, one.read_sequence)
        shadow = {**binding.shadow, **seen.picked}
        after = replace(binding, shadow=shadow, fingerprint=None, fence=sequence, reread=True)
    else:
        after = made_again(binding, sequence)
    workspace.change_binding(after)
    loser = _values(parts, workspace, brake.channel, record_id) if one.row else None
    detail: dict[str, Value] = {"brake": brake.id, "loser": loser}
    workspace.note([Event("refused-by-operator", brake.channel, brake.entity, record_id, detail=detail)])


def _values(parts: Parts, workspace: Workspace, channel: str, record_id: int) -> dict[str, Value]:
    known = workspace.get(record_id)
    parent = workspace.parent_of(known)
    side = parts.topology.sides[channel]
    context = context_of(parts.topology, known.record, None if parent is None else parent.record, parts.today())
    return shadow_values(side.mappings[known.record.entity], known.bindings[channel], context)
