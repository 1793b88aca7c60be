"""Intents without a receipt: read back once they can no longer land, never repeated blind (sync-model 5.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from connector.contract import Evidence, Operation, Row, RowResult, Write
from connector.decide.doubt import Edited, Landed, NotLanded, settle_doubt
from connector.decide.stock import StockShadow, settle_stock_doubt
from connector.deliver import receipts
from connector.deliver.lookup import find_there
from connector.ledger import debts, records
from connector.ledger.debts import Intent
from connector.model.binding import same
from connector.model.entity import Entity, Value
from connector.model.record import Event, Known
from connector.observe.absorb import Observation
from connector.observe.intake import merge_row
from connector.observe.reading import Reading, Tally
from connector.observe.workspace import Workspace
from connector.parts import Lane, Parts
from connector.stock.intake import take_figure
from connector.stock.picture import ON_HAND, as_decimal, facts_of, handed_there, shadow_of
from connector.stock.uncertain import flag


def settle_doubts(parts: Parts, lane: Lane) -> int:
    """Settle the lane's writes in doubt that can no longer take effect; answers how many were settled."""
    with parts.ledger.read() as session:
        waiting = debts.in_doubt(session, lane.side.name, lane.entity)
        due = [intent for intent in waiting if intent.lands_by <= session.now]
        known = records.load(session, [intent.record_id for intent in due])
        parents = {one.record.parent_id for one in known.values() if one.record.parent_id is not None}
        known |= records.load(session, parents)
    for intent in due:
        _settle(parts, lane, intent, known)
    return len(due)


def _settle(parts: Parts, lane: Lane, intent: Intent, known: dict[int, Known]) -> None:
    channel = parts.channel(lane)
    sequence, began_at = parts.ledger.current_sequence(), parts.now()
    one = known[intent.record_id]
    parent = None if one.record.parent_id is None else known[one.record.parent_id]
    evidence = channel.landed(lane.entity, _as_write(parts, lane, intent, one, parent))
    rows = _read_back(parts, lane, one, known, evidence)
    with parts.ledger.write() as session:
        debts.close_intents(session, [intent.token])
        workspace = Workspace(session, parts.topology, parts.moment(session), released=True)
        workspace.load([intent.record_id])
        reading = Reading(lane, sequence, began_at, None, channel.clock_offset)
        _conclude(workspace, reading, intent, [_observed(lane, row, reading) for row in rows], evidence)
        workspace.flush()
    parts.wake(workspace.woken)


def _conclude(
    workspace: Workspace, reading: Reading, intent: Intent, rows: Sequence[Observation], evidence: Evidence | None
) -> None:
    """What the channel shows now says what became of the write."""
    lane = reading.lane
    binding = workspace.get(intent.record_id).bindings[lane.side.name]
    if intent.operation == "delete":
        _settle_delete(workspace, reading, intent, rows)
    elif binding.external_id is None:
        _settle_create(workspace, reading, intent, rows, evidence)
    elif not rows:
        workspace.change_binding(replace(binding, reread=True, due_at=None))
        _note(workspace, lane, intent, "not-landed")  # whether it is gone there is for the sweep to say
    elif lane.entity is Entity.STOCK:
        _settle_stock(workspace, reading, intent, rows[0], evidence)
    else:
        _settle_fields(workspace, reading, intent, rows[0], evidence)


def _read_back(
    parts: Parts, lane: Lane, known: Known, around: dict[int, Known], evidence: Evidence | None
) -> Sequence[Row]:
    """By id, with a read that sees our own writes; by key where no id was handed out, and no evidence names one."""
    external_id = known.bindings[lane.side.name].external_id or (evidence.external_id if evidence else "")
    if not external_id:
        return find_there(parts, lane, [known], around)[known.record.id] or ()
    return [row for row in parts.channel(lane).read(lane.entity, [external_id]) if not row.deleted]


def _as_write(parts: Parts, lane: Lane, intent: Intent, known: Known, parent: Known | None) -> Write:
    """The write as it was sent, as far as evidence of it may need."""
    record, binding = known.record, known.bindings[lane.side.name]
    product = None if parent is None else parent.bindings.get(lane.side.name)
    operation: Operation = "create" if binding.external_id is None else "update"
    return Write(
        token=intent.token,
        operation=operation,
        external_id=binding.external_id or "",
        fields=intent.sent,
        before=binding.shadow,
        part=intent.part,
        parts=binding.parts,
        parent_id="" if product is None else product.external_id or "",
        parent={} if product is None else product.shadow,
        place=parts.topology.native_place(lane.side.name, record.entity, record.place) or "",
        difference=intent.difference,
        sent_at=intent.opened_at,
    )


def _observed(lane: Lane, row: Row, reading: Reading) -> Observation:
    picked = lane.side.mappings[lane.entity].pick(row.native, row.part)
    return Observation(row, picked, reading.read_sequence, reading.began_at, clock_offset=reading.clock_offset)


def _settle_delete(workspace: Workspace, reading: Reading, intent: Intent, rows: Sequence[Observation]) -> None:
    """What is still there is still owed its removal; what changed there meanwhile is merged as ever."""
    if not rows:
        receipts.buried(workspace, reading.lane.side, intent)
        return
    _note(workspace, reading.lane, intent, "not-landed")
    _merge(workspace, reading, intent, rows[0], frozenset())


def _settle_create(
    workspace: Workspace, reading: Reading, intent: Intent, rows: Sequence[Observation], evidence: Evidence | None
) -> None:
    """The one row that shows what was sent is ours; a stranger that holds the key is left to the look-up.

    Nothing there: it did not land, and is owed again (known failure 5). No create is repeated blind:
    the next one looks the key up once more, and matches, or holds, what it finds.
    """
    lane = reading.lane
    marked = evidence is not None and evidence.landed
    ours = [seen for seen in rows if marked or lane.entity is Entity.STOCK or _shows(intent, seen)]
    binding = workspace.get(intent.record_id).bindings[lane.side.name]
    if len(ours) != 1 or _is_bound_elsewhere(workspace, lane, intent, ours[0]):
        workspace.change_binding(replace(binding, due_at=None))
        _note(workspace, lane, intent, "not-landed")
    elif lane.entity is Entity.STOCK:
        nothing = dict.fromkeys(ours[0].picked, None)
        workspace.change_binding(
            replace(binding, external_id=ours[0].row.external_id, state="bound", shadow=nothing, part=intent.part)
        )
        _settle_stock(workspace, reading, intent, ours[0], evidence)
    else:
        row, settled = ours[0].row, settle_doubt(intent.sent, {}, ours[0].picked)
        result = RowResult(intent.token, row.external_id, row.address, row.parts, row.version)
        receipts.receive(workspace, lane.side, intent, result)
        _note(workspace, lane, intent, "landed")
        edited = settled.edited if isinstance(settled, Edited) else frozenset()
        _merge(workspace, reading, intent, ours[0], edited - _owed_still(workspace, lane, intent, ours[0], edited))


def _owed_still(
    workspace: Workspace, lane: Lane, intent: Intent, seen: Observation, edited: frozenset[str]
) -> frozenset[str]:
    """What a create that broke off between its calls has not written: nobody has emptied what was never there."""
    missing = frozenset(name for name in edited if seen.picked.get(name) in (None, "", []))
    if missing:
        binding = workspace.get(intent.record_id).bindings[lane.side.name]
        shown = {name: seen.picked.get(name) for name in missing}
        workspace.change_binding(replace(binding, shadow={**binding.shadow, **shown}))
    return missing


def _shows(intent: Intent, seen: Observation) -> bool:
    """Whether a row looks like our create: more of what was sent than the key alone, as far as more was sent."""
    shared = [name for name, value in intent.sent.items() if same(seen.picked.get(name), value)]
    return len(shared) > 1 or len(shared) == len(intent.sent)


def _is_bound_elsewhere(workspace: Workspace, lane: Lane, intent: Intent, seen: Observation) -> bool:
    ids = [seen.row.external_id]
    bound = records.by_reference(workspace.session, lane.side.name, lane.entity, ids, by_address=False)
    return any(record_id != intent.record_id for record_id in bound.values())


def _settle_fields(
    workspace: Workspace, reading: Reading, intent: Intent, seen: Observation, evidence: Evidence | None
) -> None:
    lane = reading.lane
    binding = workspace.get(intent.record_id).bindings[lane.side.name]
    settled = settle_doubt(intent.sent, intent.replaces, seen.picked)
    landed = evidence.landed if evidence is not None else isinstance(settled, Landed)
    if landed:
        workspace.change_binding(replace(binding, shadow={**binding.shadow, **intent.sent}))
    elif isinstance(settled, Edited):
        kept = {name: intent.sent[name] for name in settled.landed}
        workspace.change_binding(replace(binding, shadow={**binding.shadow, **kept}))
    _note(workspace, lane, intent, "landed" if landed else "not-landed" if settled == NotLanded() else "edited")
    edited = settled.edited if isinstance(settled, Edited) and not landed else frozenset()
    _merge(workspace, reading, intent, seen, edited)


def _merge(workspace: Workspace, reading: Reading, intent: Intent, seen: Observation, edited: frozenset[str]) -> None:
    known = workspace.get(intent.record_id)
    mapping = reading.lane.side.mappings[reading.lane.entity]
    in_doubt = frozenset(mapping.fields_of(edited))
    binding = known.bindings[reading.lane.side.name]
    merge_row(workspace, reading, known, binding, seen, Tally(), in_doubt=in_doubt)


def _settle_stock(
    workspace: Workspace, reading: Reading, intent: Intent, seen: Observation, evidence: Evidence | None
) -> None:
    """Evidence first, then the figure; else the explanation that leaves less to sell, flagged `uncertain`."""
    lane, session = reading.lane, workspace.session
    known = workspace.get(intent.record_id)
    binding = known.bindings[lane.side.name]
    name = lane.side.mappings[Entity.STOCK].names_of(ON_HAND, seen.row.part)[0]
    product = known.record.parent_id or 0
    facts = facts_of(session, workspace.topology, [product])[product]
    handed = handed_there(workspace.topology, lane.side.name, known.record.place, facts)
    old = shadow_of(binding, binding.shadow.get(name))
    shown = StockShadow(as_decimal(seen.picked.get(name)), handed)
    landed = None if evidence is None else evidence.landed
    settled = settle_stock_doubt(old, intent.difference or as_decimal(0), shown, landed)
    shadow = {**binding.shadow, name: settled.shadow.raw}
    workspace.change_binding(
        replace(binding, shadow=shadow, handed=settled.shadow.handed, external_id=seen.row.external_id)
    )
    if settled.figures is not None:
        moved, moved_if_lost = settled.figures
        why = f"a write in doubt: {moved} pieces moved if it landed, {moved_if_lost} if it did not"
        flag(workspace, intent.record_id, lane.side.name, why, shown.raw)
    _note(workspace, lane, intent, {True: "landed", False: "not-landed", None: "uncertain"}[settled.landed])
    after = workspace.get(intent.record_id)
    take_figure(workspace, lane.side, after, after.bindings[lane.side.name], seen, facts)


def _note(workspace: Workspace, lane: Lane, intent: Intent, event: str) -> None:
    detail: dict[str, Value] = {"token": intent.token, "sent": dict(intent.sent)}
    if intent.difference is not None:
        detail["difference"] = intent.difference
    workspace.note([Event(event, lane.side.name, lane.entity, intent.record_id, detail=detail)])
