"""Intents without a receipt: read back once they can no longer land, never repeated blind (sync-model 5.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from connector.contract import Operation, Row, RowResult, Write
from connector.decide.doubt import Edited, Landed, settle_doubt
from connector.decide.stock import StockShadow, settle_stock_doubt
from connector.deliver import receipts
from connector.ledger import debts, records
from connector.ledger.debts import Intent
from connector.model.binding import Held
from connector.model.entity import DEPENDENT, Entity, Key, Value
from connector.model.record import Binding, Event, Known
from connector.observe.absorb import Observation
from connector.observe.intake import Reading, Tally, merge_row
from connector.observe.match import keys_of
from connector.observe.workspace import Workspace
from connector.parts import Lane, Parts
from connector.stock.intake import take_figure
from connector.stock.picture import ON_HAND, as_decimal, facts_of, shadow_of


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
    binding = one.bindings[lane.side.name]
    rows = _read_back(parts, lane, intent, one, known)
    evidence = channel.landed(lane.entity, _as_write(lane, intent, binding))
    with parts.ledger.write() as session:
        debts.close_intents(session, [intent.token])
        workspace = Workspace(session, parts.topology, parts.moment(session), released=True)
        workspace.load([intent.record_id])
        reading = Reading(lane, sequence, began_at, None)
        if not rows:
            _nothing_there(workspace, lane, intent)
        elif lane.entity is Entity.STOCK:
            _settle_stock(workspace, reading, intent, _observed(lane, rows[0], reading), evidence)
        else:
            _settle_fields(workspace, reading, intent, _observed(lane, rows[0], reading), evidence)
        workspace.flush()
    parts.wake(workspace.woken)


def _read_back(parts: Parts, lane: Lane, intent: Intent, known: Known, around: dict[int, Known]) -> Sequence[Row]:
    """By id, with a read that sees our own writes; by key where no id was handed out."""
    channel = parts.channel(lane)
    binding = known.bindings[lane.side.name]
    if binding.external_id is not None:
        return channel.read(lane.entity, [binding.external_id])
    record = known.record
    if lane.entity in DEPENDENT:
        product = around[record.parent_id or 0].bindings[lane.side.name].external_id or ""
        key = Key("row", record.key)
        place = parts.topology.native_place(lane.side.name, record.entity, record.place)
        return [row for row in channel.find(lane.entity, [key], product)[key] if row.place == place]
    keys = keys_of(lane.entity, record.values())
    found = channel.find(lane.entity, keys)
    return list({row.external_id: row for rows in found.values() for row in rows}.values())


def _as_write(lane: Lane, intent: Intent, binding: Binding) -> Write:
    operation: Operation = "create" if binding.external_id is None else "update"
    return Write(
        token=intent.token,
        operation=operation,
        external_id=binding.external_id or "",
        fields=intent.sent,
        before=binding.shadow,
        part=intent.part,
        parts=binding.parts,
        difference=intent.difference,
        sent_at=intent.opened_at,
    )


def _observed(lane: Lane, row: Row, reading: Reading) -> Observation:
    picked = lane.side.mappings[lane.entity].pick(row.native, row.part)
    return Observation(row, picked, reading.read_sequence, reading.began_at)


def _nothing_there(workspace: Workspace, lane: Lane, intent: Intent) -> None:
    """A create that did not land is owed again; a bound thing that is not there is left to the sweep."""
    known = workspace.get(intent.record_id)
    binding = known.bindings[lane.side.name]
    workspace.change_binding(replace(binding, reread=binding.external_id is not None, due_at=None))
    _note(workspace, lane, intent, "not-landed")


def _settle_fields(
    workspace: Workspace, reading: Reading, intent: Intent, seen: Observation, evidence: bool | None
) -> None:
    lane = reading.lane
    known = workspace.get(intent.record_id)
    binding = known.bindings[lane.side.name]
    if binding.external_id is None:
        binding = replace(binding, external_id=seen.row.external_id, state="bound", origin="created")
        result = RowResult(intent.token, seen.row.external_id, seen.row.address, seen.row.parts, seen.row.version)
        workspace.change_binding(replace(binding, external_id=None))
        receipts.receive(workspace, lane.side, intent, result)
        _note(workspace, lane, intent, "landed")
        _merge(workspace, reading, intent, seen, frozenset())
        return
    settled = settle_doubt(intent.sent, intent.replaces, seen.picked)
    landed = evidence if evidence is not None else isinstance(settled, Landed)
    if landed:
        workspace.change_binding(replace(binding, shadow={**binding.shadow, **intent.sent}))
    elif isinstance(settled, Edited):
        kept = {name: intent.sent[name] for name in settled.landed}
        workspace.change_binding(replace(binding, shadow={**binding.shadow, **kept}))
    _note(workspace, lane, intent, "landed" if landed else type(settled).__name__.lower())
    edited = settled.edited if isinstance(settled, Edited) and not landed else frozenset()
    _merge(workspace, reading, intent, seen, edited)


def _merge(workspace: Workspace, reading: Reading, intent: Intent, seen: Observation, edited: frozenset[str]) -> None:
    known = workspace.get(intent.record_id)
    mapping = reading.lane.side.mappings[reading.lane.entity]
    in_doubt = frozenset(mapping.fields_of(edited))
    binding = known.bindings[reading.lane.side.name]
    merge_row(workspace, reading, known, binding, seen, Tally(), in_doubt=in_doubt)


def _settle_stock(
    workspace: Workspace, reading: Reading, intent: Intent, seen: Observation, evidence: bool | None
) -> None:
    """Evidence first, then the figure; else the explanation that leaves less to sell, flagged `uncertain`."""
    lane, session = reading.lane, workspace.session
    known = workspace.get(intent.record_id)
    binding = known.bindings[lane.side.name]
    name = lane.side.mappings[Entity.STOCK].names_of(ON_HAND, seen.row.part)[0]
    product = known.record.parent_id or 0
    facts = facts_of(session, workspace.topology, [product])[product]
    handed = facts.handed(lane.side.name, known.record.place)
    old = shadow_of(binding, binding.shadow.get(name))
    shown = StockShadow(as_decimal(seen.picked.get(name)), handed)
    settled = settle_stock_doubt(old, intent.difference or as_decimal(0), shown, evidence)
    held = dict(binding.held)
    if settled.figures is not None:
        landed, lost = settled.figures
        detail = f"a write in doubt: {landed} pieces moved if it landed, {lost} if it did not; count it"
        held[ON_HAND] = Held("uncertain", detail, shown=shown.raw, since=session.now)
    shadow = {**binding.shadow, name: settled.shadow.raw}
    workspace.change_binding(
        replace(binding, shadow=shadow, handed=settled.shadow.handed, held=held, external_id=seen.row.external_id)
    )
    _note(workspace, lane, intent, {True: "landed", False: "not-landed", None: "uncertain"}[settled.landed])
    after = workspace.get(intent.record_id)
    take_figure(workspace, lane.side, after, after.bindings[lane.side.name], seen, facts)


def _note(workspace: Workspace, lane: Lane, intent: Intent, event: str) -> None:
    detail: dict[str, Value] = {"token": intent.token, "sent": dict(intent.sent)}
    workspace.note([Event(event, lane.side.name, lane.entity, intent.record_id, detail=detail)])
