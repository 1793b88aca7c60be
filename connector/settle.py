"""What is owed: every binding whose projection differs from its shadow in a field that is not held. Pure.

Debts are reckoned after each merge and each receipt, for all bindings of the record at once; they
are never queued. The payload is computed anew from agreed when it is sent.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from connector.contract import Operation
from connector.errors import MappingError
from connector.mapping.lens import Context
from connector.model.binding import WHOLE_BINDING, Held, same
from connector.model.entity import DEPENDENT, LIFE_FIELD, Canonical, Entity, Native, Value
from connector.model.record import Binding, Known, Record
from connector.observe.absorb import UNREADABLE, shadow_values
from connector.topology import VAT_FIELD, Side, Topology


@dataclass(frozen=True)
class Moment:
    """The clock as the decisions see it, and which lanes may create (their match was approved)."""

    now: datetime
    today: date
    approved: Collection[tuple[str, Entity]]


@dataclass(frozen=True)
class Projection:
    """What one side should hold and does not.

    Attributes:
        owed: canonical fields to be written, with the value the side will then show.
        held: fields that differ but wait, with the hold that stands.
        native: the native values that pay the debt, only what differs from the shadow.
        by_part: the same names by the call that they belong to.
        problems: fields that the mapping cannot carry there, with the cause.
        part: the kind of row, for prices.
        operation: what the write is; None: nothing is owed.
    """

    owed: Mapping[str, Value]
    held: Mapping[str, Held]
    native: Native = field(default_factory=dict)
    by_part: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    problems: Mapping[str, MappingError] = field(default_factory=dict)
    part: str = ""
    operation: Operation | None = None


def context_of(topology: Topology, record: Record, parent: Record | None, today: date) -> Context:
    """The mapping's context of a record; a price borrows the tax class of its product."""
    holder = record if parent is None else parent
    tax = holder.agreed.get(VAT_FIELD)
    return topology.context(record.entity, record.place, None if tax is None else tax.value, today)


def project(
    topology: Topology, side: Side, known: Known, parent: Known | None, binding: Binding, context: Context
) -> Projection:
    """What this side is owed: agreed as it should hold it, or the end of what should not be there any more."""
    if is_in_scope(topology, side, known.record, parent):
        return _project_fields(topology, side, known, binding, context)
    if binding.external_id is None:
        return Projection({}, {})
    if known.record.life == "gone" and side.can(known.record.entity).delete:
        return _unless_held(binding, Projection({LIFE: "gone"}, {}, part=binding.part, operation="delete"))
    return _retire(side, known.record, binding, context)


#: What is owed to a side where a record is to be removed: it has no field of its own there.
LIFE = "life"


def is_in_scope(topology: Topology, side: Side, record: Record, parent: Known | None) -> bool:
    """Whether a record belongs on a side, and has a place there."""
    takes = topology.takes(side, record, None if parent is None else parent.record)
    return takes and part_of(topology, side, record) is not None


def has_left(topology: Topology, side: Side, product: Record) -> bool:
    """Whether a product lives on, but no longer on this channel."""
    mapped = side.mapping(product.entity) is not None
    return mapped and product.life != "gone" and not is_in_scope(topology, side, product, None)


def _retire(side: Side, record: Record, binding: Binding, context: Context) -> Projection:
    """What left a side's scope, or cannot be deleted there, is archived there (sync-model 5.9)."""
    mapping = side.mappings[record.entity]
    if record.entity in DEPENDENT or not binding.shadow:
        return Projection({}, {})
    written = mapping.put({LIFE_FIELD: False}, binding.shadow, context, part=binding.part)
    if not written.fields:
        return Projection({}, {})
    owed = Projection({LIFE_FIELD: False}, {}, written.fields, written.by_part, part=binding.part, operation="update")
    return _unless_held(binding, owed)


def _unless_held(binding: Binding, owed: Projection) -> Projection:
    hold = _whole_hold(binding, owed.owed)
    return owed if hold is None else Projection({}, {WHOLE_BINDING: hold}, part=owed.part)


def _project_fields(topology: Topology, side: Side, known: Known, binding: Binding, context: Context) -> Projection:
    record = known.record
    mapping = side.mappings[record.entity]
    creating = binding.external_id is None
    values = written_values(record)
    part = binding.part or part_of(topology, side, record) or ""
    # What the channel cannot hold at all is owed all the same: the attempt says why, and it is listed.
    uncarried = {name: value for name, value in values.items() if mapping.names_of(name, part)}
    uncarried = {name: value for name, value in uncarried.items() if mapping.writable(name, creating)}
    shown = {**uncarried, **mapping.through(values, binding.shadow, context, part)}
    shadow = shadow_values(mapping, binding, context)
    met = {name: value for name, value in shown.items() if name in values and (creating or name in shadow)}
    wanted = {name: value for name, value in met.items() if creating or not same(value, shadow[name])}
    held = _field_holds(side, known, binding, wanted, creating)
    owed = {name: value for name, value in wanted.items() if name not in held and mapping.writable(name, creating)}
    whole = _whole_hold(binding, owed)
    if whole is not None:
        return Projection({}, {**held, WHOLE_BINDING: whole}, part=part)
    if not (owed or creating):
        return Projection({}, held, part=part)
    # Fields that are not owed are handed over too: some share a native field, and some that have no place of
    # their own switch another off (what is archived is not shown).
    carried = {
        name: value
        for name, value in values.items()
        if not mapping.names_of(name, part) or (name in met and name not in held)
    }
    written = mapping.put(carried, binding.shadow, context, creating=creating, part=part)
    if not (creating or written.fields or written.problems):
        return Projection({}, held, part=part)
    operation: Operation = "create" if creating else "update"
    return Projection(owed, held, written.fields, written.by_part, written.problems, part, operation)


def part_of(topology: Topology, side: Side, record: Record) -> str | None:
    """The kind of row that holds a record on this side; None: it has no place for it."""
    place = topology.native_place(side.name, record.entity, record.place) or ""
    return side.mappings[record.entity].part_for(written_values(record), place)


def written_values(record: Record) -> dict[str, Value]:
    """Agreed values, with the key fields of a price row beside them."""
    values = record.values()
    if record.entity is Entity.PRICE:
        _, min_qty, starts = record.key.split("|")
        values = {**values, "min_qty": Decimal(min_qty), "starts": starts or None, "list": record.place}
    return values


def _field_holds(side: Side, known: Known, binding: Binding, wanted: Canonical, creating: bool) -> dict[str, Held]:
    """Fields that wait. What could not be read is not written either, whatever is agreed meanwhile."""
    held = {
        name: hold
        for name, hold in binding.held.items()
        if hold.detail == UNREADABLE or (name in wanted and _is_lasting(hold) and hold.stands(wanted[name]))
    }
    for name in wanted:
        if name in known.conflicts:
            held[name] = Held("conflict", f"conflict {known.conflicts[name].id} is open", projected=wanted[name])
        elif name == "sku" and not creating and not _renames(side, known.record.entity):
            detail = f"{side.name} cannot rename; its calls keep the old code"
            held[name] = Held("rename", detail, projected=wanted[name])
    return held


def _is_lasting(hold: Held) -> bool:
    """Whether the binding remembers it; the others are found anew each time."""
    return hold.reason not in ("conflict", "dependency", "rename", "scope")


def _renames(side: Side, entity: Entity) -> bool:
    return side.can(entity).renames and side.mappings[entity].writable("sku", creating=False)


def _whole_hold(binding: Binding, owed: Mapping[str, Value]) -> Held | None:
    """The hold of the whole binding, if it stands now that this is owed."""
    hold = binding.held.get(WHOLE_BINDING)
    return hold if hold is not None and _is_lasting(hold) and hold.stands(dict(owed)) else None


def settle(
    topology: Topology,
    known: Known,
    parent: Known | None,
    moment: Moment,
    waits: Mapping[str, Held] | None = None,
) -> dict[str, Binding]:
    """Every binding of the record with its debt reckoned anew; only those that changed, new ones included.

    ``waits``: channel → why the whole binding waits there, as only the record's surroundings can tell.
    """
    changed: dict[str, Binding] = {}
    for side in topology.sides_of(known.record.entity):
        binding = known.bindings.get(side.name)
        after = _settle_side(topology, side, known, parent, binding, moment, (waits or {}).get(side.name))
        if after is not None and after != binding:
            changed[side.name] = after
    return changed


def _settle_side(
    topology: Topology,
    side: Side,
    known: Known,
    parent: Known | None,
    binding: Binding | None,
    moment: Moment,
    waits: Held | None,
) -> Binding | None:
    record = known.record
    wanted = is_in_scope(topology, side, record, parent) and _may_create(side, known, moment)
    if binding is not None and came_back_with_product(side, record, parent, binding):
        binding = made_again(binding, binding.fence)
    if binding is None:
        if not wanted:
            return None
        binding = Binding(record.id, side.name, record.entity, None, state="owed", origin="created")
    if binding.state in ("gone", "unlinked") or (binding.state == "owed" and not wanted):
        return _clean(binding)
    waits = _dependency(side, record, parent) or waits
    if waits is not None:
        lasting = {name: hold for name, hold in binding.held.items() if _is_lasting(hold)}
        return _clean(binding, {WHOLE_BINDING: replace(waits, since=moment.now), **lasting})
    context = context_of(topology, record, None if parent is None else parent.record, moment.today)
    return _with_debt(binding, project(topology, side, known, parent, binding, context), moment)


def made_again(binding: Binding, sequence: int) -> Binding:
    """The binding of what is to be created there once more."""
    fresh = Binding(binding.record_id, binding.channel, binding.entity, None, id=binding.id, fence=sequence)
    return replace(fresh, state="owed", origin="created")


#: The hold of a price or stock figure that was buried because its product was: it comes back with it.
WENT_WITH_PRODUCT: Final = Held("dependency", "it went with its product")


def came_back_with_product(side: Side, record: Record, parent: Known | None, binding: Binding) -> bool:
    hold = binding.held.get(WHOLE_BINDING)
    went = binding.state == "gone" and hold is not None and hold.detail == WENT_WITH_PRODUCT.detail
    return went and _dependency(side, record, parent) is None


def _with_debt(binding: Binding, projection: Projection, moment: Moment) -> Binding:
    dirty = projection.operation is not None
    return replace(
        binding,
        dirty=dirty,
        dirty_since=(binding.dirty_since or moment.now) if dirty else None,
        held=_keep_since(binding.held, projection.held, moment.now),
        attempts=binding.attempts if dirty else 0,
        due_at=binding.due_at if dirty else None,
    )


def _clean(binding: Binding, held: Mapping[str, Held] | None = None) -> Binding:
    """Nothing is owed, for now or for ever; a hold that stands keeps the moment at which it began."""
    kept = dict(binding.held) if held is None else _keep_since(binding.held, held, None)
    return replace(binding, dirty=False, dirty_since=None, held=kept, attempts=0, due_at=None)


def _keep_since(before: Mapping[str, Held], after: Mapping[str, Held], now: datetime | None) -> dict[str, Held]:
    """Holds that stood before keep their beginning; so an unchanged binding stays equal to itself."""
    kept: dict[str, Held] = {}
    for name, hold in after.items():
        old = before.get(name)
        if old is not None and old.reason == hold.reason and old.detail == hold.detail:
            kept[name] = replace(hold, since=old.since)
        else:
            kept[name] = replace(hold, since=hold.since or now)
    return kept


def _may_create(side: Side, known: Known, moment: Moment) -> bool:
    """A create is owed only where the lane's match was approved, and never of what is archived."""
    entity = known.record.entity
    active = known.record.agreed.get(LIFE_FIELD)
    alive = active is None or active.value is not False
    return alive and side.can(entity).create and (side.name, entity) in moment.approved and _is_certain(known)


def _is_certain(known: Known) -> bool:
    """A record that no channel holds any more is not created anew from memory."""
    return any(binding.state == "bound" for binding in known.bindings.values())


def _dependency(side: Side, record: Record, parent: Known | None) -> Held | None:
    """A price or stock is owed only where its product is bound (sync-model 5.9)."""
    if record.entity not in DEPENDENT:
        return None
    product = None if parent is None else parent.bindings.get(side.name)
    if product is not None and product.state == "bound" and product.external_id is not None:
        return None
    return Held("dependency", f"its product is not on {side.name} yet")
