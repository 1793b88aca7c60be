"""What would be written now, and what it would cost: a round on a scratch copy of the ledger, without the writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from math import ceil

from connector.deliver.deliver import batch_size
from connector.errors import ConnectorError
from connector.ledger import holds, records
from connector.model.entity import DEPENDENT, Entity, Value
from connector.model.record import Binding, Known
from connector.observe.absorb import shadow_values
from connector.observe.remap import take_up_mappings
from connector.observe.workspace import Workspace
from connector.parts import Lane, Parts, Scope
from connector.round import Report, guarded, observe_lane, read_facts
from connector.settle import LIFE, context_of, project
from connector.stock.picture import ON_HAND, as_decimal, facts_of, on_hand_of, targets_there


@dataclass(frozen=True)
class Change:
    """One field of a planned write."""

    field: str
    shows: Value
    becomes: Value


@dataclass(frozen=True)
class PlannedWrite:
    """One write with the calls that it takes by itself, who brought the values that it carries, and when."""

    channel: str
    entity: Entity
    key: str
    record_id: int
    operation: str
    changes: tuple[Change, ...]
    by: str
    at: datetime | None
    calls: int


@dataclass(frozen=True)
class Cost:
    """What one lane's writes cost: calls, and the share of the tightest budget that is known."""

    lane: str
    writes: int
    calls: int
    share: str = ""


@dataclass
class Plan:
    """Everything a round would write now, what it makes possible included: the prices and stock of new products.

    ``finishes``: channel → when the last of its calls may be made, as far as its budgets go.
    """

    writes: list[PlannedWrite] = field(default_factory=list)
    costs: list[Cost] = field(default_factory=list)
    finishes: dict[str, datetime] = field(default_factory=dict)
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
    new: set[tuple[str, int]] = set()
    calls: Counter[str] = Counter()
    for lane in parts.lanes(scope):
        writes = _of_lane(parts, lane, scope, {id_ for channel, id_ in new if channel == lane.side.name})
        made.writes.extend(writes)
        new.update((write.channel, write.record_id) for write in writes if write.operation == "create")
        if writes:
            of_lane = _calls(lane, writes)
            calls[lane.side.name] += of_lane
            made.costs.append(Cost(str(lane), len(writes), of_lane, _share(parts, lane, of_lane)))
    made.finishes = {channel: _finish(parts, channel, count) for channel, count in calls.items()}
    with parts.ledger.read() as session:
        made.conflicts = len(holds.conflicts(session))
        made.held = len(holds.cases(session)) + len(holds.brakes(session))
    return made


def _calls(lane: Lane, writes: list[PlannedWrite]) -> int:
    """Calls to write, to look keys up before creates, and to read again before overwriting."""
    can = lane.side.can(lane.entity)
    creates = sum(write.operation == "create" for write in writes if write.calls)
    again = ceil((len(writes) - creates) / can.read_batch) if can.reread else 0
    return ceil(sum(write.calls for write in writes) / max(can.write_batch, 1)) + _look_ups(lane, creates) + again


def _look_ups(lane: Lane, creates: int) -> int:
    """Calls to look up the keys of what is to be created: each batch of a delivery looks up its own."""
    can, together = lane.side.can(lane.entity), batch_size(lane)
    batches = [min(together, creates - begun) for begun in range(0, creates, together)]
    listed = can.listed_above
    return sum(1 if listed is not None and keys > listed else ceil(keys / can.read_batch) for keys in batches)


def _finish(parts: Parts, channel: str, calls: int) -> datetime:
    """When the last of so many calls may be made, if nothing else is called meanwhile."""
    now = parts.now()
    return max((each.spent_at(calls, now) for each in parts.budget_of(channel) if each.counts_calls), default=now)


def _share(parts: Parts, lane: Lane, calls: int) -> str:
    """The share of the largest window's budget, which is what a day of work is planned by."""
    allowances = parts.budget_of(lane.side.name)
    if not allowances:
        return ""
    widest = max(allowances, key=lambda each: each.window_s)
    return f"{calls} of {widest.remaining} left of this {widest.name}'s {widest.limit}"


def _of_lane(parts: Parts, lane: Lane, scope: Scope, new_products: Collection[int]) -> list[PlannedWrite]:
    planned: list[PlannedWrite] = []
    with parts.ledger.read() as session:
        workspace = Workspace(session, parts.topology, parts.moment(session))
        for ids in records.chunks(_owing(workspace, lane, new_products)):
            workspace.load(ids)
            for id_ in ids:
                if not scope.keys or records.has_key(session, id_, scope.keys):
                    planned.extend(_planned(parts, workspace, lane, workspace.known[id_]))
    return planned


def _owing(workspace: Workspace, lane: Lane, new_products: Collection[int]) -> list[int]:
    """Records with a write owed now, and prices and stock that wait for a product which this plan creates."""
    session, channel = workspace.session, lane.side.name
    owing = records.owing(session, channel, lane.entity)
    if lane.entity not in DEPENDENT:
        return owing
    following = records.dependents(session, lane.entity, new_products)
    return list(dict.fromkeys([*owing, *(id_ for ids in following.values() for id_ in ids)]))


def _planned(parts: Parts, workspace: Workspace, lane: Lane, known: Known) -> list[PlannedWrite]:
    """The write that a record owes here, if it does."""
    binding = known.bindings.get(lane.side.name)
    if binding is None or binding.state in ("gone", "unlinked"):
        return []
    parent = workspace.parent_of(known)
    if lane.entity is Entity.STOCK:
        changes, calls = _stock_change(parts, workspace, lane, known), 1
    else:
        changes, calls = _changes(parts, lane, known, parent, binding)
    if not changes:
        return []
    key = known.record.key if parent is None else f"{parent.record.key} {known.record.key}"
    origins = [agreed.by for name, agreed in known.record.agreed.items() if name in {c.field for c in changes}]
    removes = any(change.field == LIFE for change in changes)
    operation = "create" if binding.external_id is None else "delete" if removes else "update"
    by = ", ".join(sorted({origin.channel for origin in origins}))
    at = max((origin.at for origin in origins if origin.at is not None), default=None)
    return [PlannedWrite(lane.side.name, lane.entity, key, known.record.id, operation, changes, by, at, calls)]


def _changes(
    parts: Parts, lane: Lane, known: Known, parent: Known | None, binding: Binding
) -> tuple[tuple[Change, ...], int]:
    """What a write would change, and how many calls its parts make; none for a price that goes along."""
    product = None if parent is None else parent.record
    context = context_of(parts.topology, known.record, product, parts.today())
    projection = project(parts.topology, lane.side, known, parent, binding, context)
    if projection.operation is None:
        return (), 0
    shows = shadow_values(lane.side.mappings[lane.entity], binding, context)
    calls = sum(bool(projection.by_part.get(part)) for part in lane.side.can(lane.entity).parts)
    calls = 0 if _goes_along(lane, parent, projection.part) else max(calls, 1)
    return tuple(Change(name, shows.get(name), value) for name, value in projection.owed.items()), calls


def _goes_along(lane: Lane, product: Known | None, part: str) -> bool:
    """Whether the create of its product takes a price along."""
    there = None if product is None else product.bindings.get(lane.side.name)
    return there is not None and there.external_id is None and part in lane.side.can(lane.entity).along


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
    if target is None or (shown is None and not target):
        return ()
    return (Change(ON_HAND, None if shown is None else as_decimal(shown), target),)
