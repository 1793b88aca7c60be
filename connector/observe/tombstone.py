"""Tombstones: the recorded fact that a thing was deleted on a channel, and what follows from it (sync-model 5.5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from connector.decide.life import Rebind, Tombstone, decide_deletion
from connector.ledger import holds, records
from connector.ledger.holds import Case
from connector.model.binding import Agreed, Provenance
from connector.model.entity import DEPENDENT, LIFE_FIELD, Value
from connector.model.record import Binding, BindingState, Event, Known
from connector.observe.absorb import renew
from connector.observe.match import keys_of
from connector.observe.workspace import Workspace
from connector.parts import Lane


def bury(workspace: Workspace, lane: Lane, ids: Sequence[str]) -> int:
    """Tombstones for confirmed deletions, and what follows from each; the brakes have been asked before.

    Answers how many there were.
    """
    bound = records.by_reference(workspace.session, lane.side.name, lane.entity, ids, by_address=False)
    workspace.load(bound.values())
    for record_id in bound.values():
        _bury_one(workspace, lane, workspace.known[record_id])
    return len(bound)


def _bury_one(workspace: Workspace, lane: Lane, known: Known) -> None:
    channel, now = lane.side.name, workspace.session.now
    binding = known.bindings[channel]
    deletion = Provenance(channel, now, binding.seen_at, "deletion", workspace.session.sequence)
    policy = workspace.topology.policy(lane.entity, LIFE_FIELD if lane.entity not in DEPENDENT else "life")
    decided = decide_deletion(
        workspace.topology.sync(lane.entity).deletes,
        may_originate=policy.may_originate(channel) or _may_remove(workspace, lane),
        deletion=deletion,
        edits=[agreed.by for agreed in known.record.agreed.values()],
        same_key=_others_with_key(workspace, lane, known, binding),
    )
    if isinstance(decided, Rebind):
        _rebind(workspace, lane, known, binding, decided)
    else:
        _entomb(workspace, lane, known, binding, decided, deletion)


def _may_remove(workspace: Workspace, lane: Lane) -> bool:
    """A price row has no life of its own: its owner's deletion is the end of it."""
    return lane.entity in DEPENDENT and workspace.topology.sync(lane.entity).owner == lane.side.name


def _others_with_key(workspace: Workspace, lane: Lane, known: Known, binding: Binding) -> list[str]:
    """Strangers of this channel that hold the record's key: it was replaced there, not deleted."""
    keys = {key.text for key in keys_of(lane.entity, known.record.values())} or {known.record.key.casefold()}
    waiting = holds.strangers(workspace.session, lane.side.name, lane.entity)
    return [one.external_id for one in waiting if one.key.casefold() in keys and one.external_id != binding.external_id]


def _rebind(workspace: Workspace, lane: Lane, known: Known, binding: Binding, decided: Rebind) -> None:
    after = replace(
        binding, external_id=decided.external_id, shadow={}, fingerprint=None, reread=True, origin="matched"
    )
    workspace.change_binding(after)
    holds.drop_strangers(workspace.session, lane.side.name, lane.entity, [decided.external_id])
    detail = {"from": binding.external_id, "to": decided.external_id}
    workspace.note([Event("rebound", lane.side.name, lane.entity, known.record.id, detail=detail)])


def _entomb(
    workspace: Workspace, lane: Lane, known: Known, binding: Binding, decided: Tombstone, deletion: Provenance
) -> None:
    channel, session = lane.side.name, workspace.session
    detail: dict[str, Value] = {"then": decided.then, "why": decided.reason, "id": binding.external_id}
    event = Event("tombstone", channel, lane.entity, known.record.id, detail=detail)
    workspace.note([event])
    if decided.then == "restore":
        again = replace(
            binding, state="owed", external_id=None, shadow={}, fingerprint=None, origin="created", parts={}
        )
        workspace.change_binding(replace(again, fence=session.sequence))
        return
    state: BindingState = "unlinked" if decided.then == "unlink" else "gone"
    workspace.change_binding(
        replace(binding, state=state, dirty=False, dirty_since=None, held={}, fence=session.sequence, reread=False)
    )
    if decided.then == "ask":
        _ask(workspace, lane, known, decided)
    elif decided.then == "archive" and lane.entity not in DEPENDENT:
        _archive(workspace, known, deletion)
    elif decided.then in ("archive", "delete"):
        workspace.change_record(
            replace(workspace.known[known.record.id].record, life="gone", sequence=session.sequence)
        )


def _archive(workspace: Workspace, known: Known, deletion: Provenance) -> None:
    record = workspace.known[known.record.id].record
    agreed = {**record.agreed, LIFE_FIELD: Agreed(False, replace(deletion, rule="deletion"))}
    workspace.change_record(renew(record, agreed, workspace.session.sequence))


def _ask(workspace: Workspace, lane: Lane, known: Known, decided: Tombstone) -> None:
    cause = f"deleted on {lane.side.name}; {decided.reason or 'the configuration asks what to do'}"
    remedy = "`connector quarantine drop` keeps the record elsewhere; archive it where it should end"
    case = Case(lane.side.name, lane.entity, "", known.record.id, known.record.key, "", "in", "Gone", cause, remedy)
    holds.confine(workspace.session, case)
