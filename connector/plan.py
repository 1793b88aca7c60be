"""What would be written now, and what it would cost: a round on a scratch copy of the ledger, without the writes."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from math import ceil

from connector.deliver.compose import compose
from connector.errors import ConnectorError
from connector.ledger import holds, records
from connector.model.entity import DEPENDENT, Entity, Value
from connector.model.record import Known
from connector.observe.absorb import shadow_values
from connector.observe.remap import take_up_mappings
from connector.observe.workspace import Workspace
from connector.parts import Lane, Parts, Scope
from connector.round import Report, guarded, observe_lane, read_facts
from connector.settle import LIFE, context_of
from connector.stock.picture import ON_HAND, as_decimal, facts_of, on_hand_of, targets_there


@dataclass(frozen=True)
class Change:
    """One field of a planned write."""

    field: str
    shows: Value
    becomes: Value


@dataclass(frozen=True)
class PlannedWrite:
    """One write, and who brought the value that it carries."""

    channel: str
    entity: Entity
    key: str
    operation: str
    changes: tuple[Change, ...]
    by: str


@dataclass(frozen=True)
class Cost:
    """What one lane's writes cost: calls, and the share of the tightest budget that is known."""

    lane: str
    writes: int
    calls: int
    share: str = ""


@dataclass
class Plan:
    """Everything a round would write now."""

    writes: list[PlannedWrite] = field(default_factory=list)
    costs: list[Cost] = field(default_factory=list)
    conflicts: int = 0
    held: int = 0
    failed: dict[str, ConnectorError] = field(default_factory=dict)


def make_plan(parts: Parts, scope: Scope) -> Plan:
    """Read and merge as a round does (the parts work on a scratch copy), then list what is owed."""
    report = Report()
    take_up_mappings(parts, scope)
    read_facts(parts, scope, report)
    for lane in parts.lanes(scope):
        guarded(parts, lane, report, partial(observe_lane, parts, lane, report))
    made = Plan(failed=report.errors)
    for lane in parts.lanes(scope):
        writes = _of_lane(parts, lane, scope)
        made.writes.extend(writes)
        if writes:
            calls = _calls(lane, len(writes), sum(write.operation == "create" for write in writes))
            made.costs.append(Cost(str(lane), len(writes), calls, _share(parts, lane, calls)))
    with parts.ledger.read() as session:
        made.conflicts = len(holds.conflicts(session))
        made.held = len(holds.cases(session)) + len(holds.brakes(session))
    return made


def _calls(lane: Lane, writes: int, creates: int) -> int:
    """Calls to write, to look keys up before creates, and to read again before overwriting."""
    can = lane.side.can(lane.entity)
    again = ceil(writes / can.read_batch) if can.reread else 0
    return ceil(writes / max(can.write_batch, 1)) + creates + again


def _share(parts: Parts, lane: Lane, calls: int) -> str:
    """The share of the largest window's budget, which is what a day of work is planned by."""
    allowances = parts.budget_of(lane.side.name)
    if not allowances:
        return ""
    widest = max(allowances, key=lambda each: each.window_s)
    return f"{calls} of {widest.remaining} left of this {widest.name}'s {widest.limit}"


def _of_lane(parts: Parts, lane: Lane, scope: Scope) -> list[PlannedWrite]:
    planned: list[PlannedWrite] = []
    with parts.ledger.read() as session:
        workspace = Workspace(session, parts.topology, parts.moment(session))
        for id_ in records.owing(session, lane.side.name, lane.entity):
            if scope.keys and not records.has_key(session, id_, scope.keys):
                continue
            known = workspace.get(id_)
            changes = _changes(parts, workspace, lane, known)
            if changes:
                planned.append(_planned(workspace, lane, known, changes))
    return planned


def _planned(workspace: Workspace, lane: Lane, known: Known, changes: tuple[Change, ...]) -> PlannedWrite:
    binding = known.bindings[lane.side.name]
    parent = workspace.parent_of(known)
    key = known.record.key if parent is None else f"{parent.record.key} {known.record.key}"
    sources = {agreed.by.channel for name, agreed in known.record.agreed.items() if name in {c.field for c in changes}}
    removes = any(change.field == LIFE for change in changes)
    operation = "create" if binding.external_id is None else "delete" if removes else "update"
    return PlannedWrite(lane.side.name, lane.entity, key, operation, changes, ", ".join(sorted(sources)))


def _changes(parts: Parts, workspace: Workspace, lane: Lane, known: Known) -> tuple[Change, ...]:
    binding = known.bindings[lane.side.name]
    parent = workspace.parent_of(known)
    mapping = lane.side.mappings[lane.entity]
    if lane.entity is Entity.STOCK:
        return _stock_change(parts, workspace, lane, known)
    composed = compose(parts.topology, lane.side, known, parent, binding, parts.now(), "")
    product = parent.record if parent is not None and lane.entity in DEPENDENT else None
    context = context_of(parts.topology, known.record, product, parts.today())
    shows = shadow_values(mapping, binding, context)
    return tuple(Change(name, shows.get(name), value) for name, value in composed.owed.items())


def _stock_change(parts: Parts, workspace: Workspace, lane: Lane, known: Known) -> tuple[Change, ...]:
    product_id = known.record.parent_id or 0
    facts = facts_of(workspace.session, parts.topology, [product_id])[product_id]
    siblings = records.dependents(workspace.session, Entity.STOCK, [product_id])[product_id]
    workspace.load(siblings)
    figures = [workspace.known[id_] for id_ in siblings]
    on_hand = {one.record.place: pieces for one in figures if (pieces := on_hand_of(one)) is not None}
    product = workspace.get(product_id).record
    target = targets_there(parts.topology, lane.side, product, on_hand, facts).get(known.record.place)
    binding = known.bindings[lane.side.name]
    name = lane.side.mappings[Entity.STOCK].names_of(ON_HAND, binding.part)[0]
    shown = binding.shadow.get(name)
    return () if target is None else (Change(ON_HAND, None if shown is None else as_decimal(shown), target),)
