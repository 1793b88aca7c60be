"""Tombstones: the recorded fact that a thing was deleted on a channel, and what follows from it (sync-model 5.5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Literal

from connector.decide.life import Rebind, Tombstone, decide_deletion
from connector.ledger import holds, records
from connector.ledger.holds import Case
from connector.model.binding import WHOLE_BINDING, Agreed, Provenance
from connector.model.entity import DEPENDENT, LIFE_FIELD, Entity, Value, code_key
from connector.model.record import Binding, BindingState, Event, Known
from connector.observe.absorb import renew
from connector.observe.match import ONLY_ALIKE, keys_of
from connector.observe.workspace import Workspace
from connector.parts import Lane
from connector.settle import WENT_WITH_PRODUCT, made_again


def bury(workspace: Workspace, lane: Lane, deletions: Mapping[str, Provenance]) -> int:
    """Tombstones for confirmed deletions, and what follows from each; the brakes have been asked before.

    ``deletions``: external id → when it was deleted (last seen alive … seen gone). Answers how many there were.
    """
    bound = records.by_reference(workspace.session, lane.side.name, lane.entity, deletions, by_address=False)
    workspace.load(bound.values())
    for external_id, record_id in bound.items():
        _bury_one(workspace, lane, workspace.known[record_id], deletions[external_id])
    return len(bound)


def seen_gone(workspace: Workspace, lane: Lane, ids: Iterable[str], at: datetime) -> dict[str, Provenance]:
    """Deletions without a date of their own: between the last sight of each and this moment."""
    bound = records.by_reference(workspace.session, lane.side.name, lane.entity, ids, by_address=False)
    workspace.load(bound.values())
    channel, sequence = lane.side.name, workspace.session.sequence
    return {
        external_id: Provenance(channel, at, workspace.known[id_].bindings[channel].seen_at, "", sequence)
        for external_id, id_ in bound.items()
    }


def _bury_one(workspace: Workspace, lane: Lane, known: Known, deletion: Provenance) -> None:
    channel = lane.side.name
    binding = known.bindings[channel]
    decided = decide_deletion(
        workspace.topology.sync(lane.entity).deletes,
        may_originate=_may_end(workspace, lane, known),
        deletion=replace(deletion, rule="deletion"),
        edits=[agreed.by for agreed in known.record.agreed.values()],
        same_key=_others_with_key(workspace, lane, known, binding),
    )
    if isinstance(decided, Rebind):
        _rebind(workspace, lane, known, binding, decided)
    else:
        _entomb(workspace, lane, known, binding, decided, replace(deletion, rule="deletion"))


def _may_end(workspace: Workspace, lane: Lane, known: Known) -> bool:
    """Whether this channel's deletion ends the record's life elsewhere.

    A price row has no life of its own: its owner's deletion is the end of it, unless it only went with
    its product. A missing stock figure never says that the pieces are gone elsewhere.
    """
    if lane.entity is Entity.STOCK:
        return False
    if lane.entity is Entity.PRICE:
        owner = workspace.topology.sync(lane.entity).owner
        return owner == lane.side.name and not _went_with_product(workspace, lane, known)
    return workspace.topology.policy(lane.entity, LIFE_FIELD).may_originate(lane.side.name)


def _others_with_key(workspace: Workspace, lane: Lane, known: Known, binding: Binding) -> list[str]:
    """Strangers of this channel that hold the record's key: it was replaced there, not deleted."""
    keys = {key.text for key in keys_of(lane.entity, known.record.values())}
    waiting = holds.each_stranger(workspace.session, lane.side.name, lane.entity)
    return [
        one.external_id
        for one in waiting
        if one.external_id != binding.external_id
        and (known.record.id in one.candidates or code_key(one.key) in keys)
        and not one.reason.endswith(ONLY_ALIKE)
    ]


def revive(workspace: Workspace, lane: Lane, record_id: int, by: Provenance) -> None:
    """What was deleted lives again: someone created it anew on this channel, and the others get it back."""
    known = workspace.get(record_id)
    record = replace(known.record, life="live")
    if known.record.life == "gone":  # nobody holds it any more: it begins with what was created
        record = replace(record, agreed={})
    active = record.agreed.get(LIFE_FIELD)
    if active is not None and active.value is False:
        record = renew(record, {**record.agreed, LIFE_FIELD: Agreed(True, replace(by, rule="revival"))}, by.sequence)
    workspace.change_record(replace(record, sequence=workspace.session.sequence))
    for binding in known.bindings.values():
        if binding.state == "gone" and binding.channel != lane.side.name and known.record.life == "gone":
            workspace.change_binding(made_again(binding, workspace.session.sequence))
    workspace.note([Event("revived", lane.side.name, record.entity, record_id)])


def leave_row(workspace: Workspace, lane: Lane, known: Known, at: Provenance) -> None:
    """A price row that became another row: this channel holds the former one no more."""
    binding = known.bindings[lane.side.name]
    then: Literal["archive", "keep"] = "archive" if _may_end(workspace, lane, known) else "keep"
    _entomb(workspace, lane, known, binding, Tombstone(then, "its row there became another"), at)
    gone = workspace.known[known.record.id].bindings[lane.side.name]
    workspace.change_binding(replace(gone, external_id=None))


def _rebind(workspace: Workspace, lane: Lane, known: Known, binding: Binding, decided: Rebind) -> None:
    after = replace(
        binding,
        external_id=decided.external_id,
        shadow={},
        fingerprint=None,
        reread=True,
        origin="matched",
        fence=workspace.session.sequence,
        changes_on=None,
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
        workspace.change_binding(made_again(binding, session.sequence))
        return
    state: BindingState = "unlinked" if decided.then == "unlink" else "gone"
    held = {WHOLE_BINDING: WENT_WITH_PRODUCT} if _went_with_product(workspace, lane, known) else {}
    buried = replace(binding, state=state, held=held, reread=False, changes_on=None, seen_at=deletion.at)
    workspace.change_binding(replace(buried, dirty=False, dirty_since=None, fence=session.sequence))
    if decided.then == "ask":
        _ask(workspace, lane, known, decided)
    elif decided.then == "archive" and lane.entity not in DEPENDENT:
        _archive(workspace, known, deletion)
    elif decided.then in ("archive", "delete"):
        workspace.change_record(
            replace(workspace.known[known.record.id].record, life="gone", sequence=session.sequence)
        )


def _went_with_product(workspace: Workspace, lane: Lane, known: Known) -> bool:
    parent = workspace.parent_of(known)
    product = None if parent is None else parent.bindings.get(lane.side.name)
    return parent is not None and (product is None or product.state != "bound")


def _archive(workspace: Workspace, known: Known, deletion: Provenance) -> None:
    record = workspace.known[known.record.id].record
    agreed = {**record.agreed, LIFE_FIELD: Agreed(False, replace(deletion, rule="deletion"))}
    workspace.change_record(renew(record, agreed, workspace.session.sequence))


def _ask(workspace: Workspace, lane: Lane, known: Known, decided: Tombstone) -> None:
    cause = f"deleted on {lane.side.name}; {decided.reason or 'the configuration asks what to do'}"
    remedy = "`connector quarantine drop` keeps the record elsewhere; archive it where it should end"
    case = Case(lane.side.name, lane.entity, "", known.record.id, known.record.key, "", "in", "Gone", cause, remedy)
    holds.confine(workspace.session, case)
