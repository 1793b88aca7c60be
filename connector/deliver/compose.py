"""From a debt to a write: the payload is computed from agreed at the moment it is sent. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from connector.contract import Operation, Write
from connector.errors import MappingError
from connector.ledger.debts import Intent
from connector.model.entity import DEPENDENT, Entity, Native, Value
from connector.model.record import Binding, Known
from connector.settle import Projection, context_of, project
from connector.stock.picture import ON_HAND
from connector.topology import Side, Topology


@dataclass(frozen=True)
class Composed:
    """A write ready to be sent, with the intent that is stored first.

    ``problems``: fields that the mapping cannot carry there (field → cause). A write whose every
    field is a problem has no ``write``. ``along``: prices that the create of a product takes along.
    """

    binding: Binding
    write: Write | None
    intent: Intent | None
    owed: Mapping[str, Value] = field(default_factory=dict)
    problems: Mapping[str, MappingError] = field(default_factory=dict)
    along: tuple[Composed, ...] = ()


def compose(
    topology: Topology, side: Side, known: Known, parent: Known | None, binding: Binding, now: datetime, token: str
) -> Composed:
    """The next write that a binding of a product, customer or price owes; one part where there are several."""
    record = known.record
    context = context_of(
        topology, record, None if parent is None else parent.record, now.astimezone(topology.config.timezone).date()
    )
    projection = project(topology, side, known, parent, binding, context)
    if projection.operation is None:
        return Composed(binding, None, None, {}, projection.problems)
    part, names = _first_part(side, record.entity, projection)
    fields = {name: projection.native[name] for name in names}
    if not fields and projection.operation == "update":
        return Composed(binding, None, None, projection.owed, projection.problems)
    part = projection.part or part
    write = _write(topology, side, known, parent, binding, token, projection.operation, fields, part)
    intent = _intent(side, binding, write, now)
    return Composed(binding, write, intent, projection.owed, projection.problems)


def _first_part(side: Side, entity: Entity, projection: Projection) -> tuple[str, tuple[str, ...]]:
    """The first call in the channel's stated order that has something to write; each gets its own receipt."""
    order = side.can(entity).parts
    if not order:
        return "", tuple(projection.native)
    for part in order:
        if projection.by_part.get(part):
            return part, projection.by_part[part]
    return order[0], ()


def compose_stock(
    topology: Topology,
    side: Side,
    known: Known,
    parent: Known,
    binding: Binding,
    target: Decimal,
    pieces: Decimal,
    handed: Decimal,
    now: datetime,
    token: str,
) -> Composed:
    """A stock figure: the signed pieces owed where the channel takes differences, else the target."""
    mapping = side.mappings[Entity.STOCK]
    context = context_of(topology, known.record, parent.record, topology.day_of(now))
    creating = binding.external_id is None
    part = binding.part
    written = mapping.put({ON_HAND: target}, {} if creating else binding.shadow, context, creating=creating, part=part)
    fields = dict(written.fields)
    name = mapping.names_of(ON_HAND, part)[0]
    fields.setdefault(name, target)
    operation: Operation = "create" if creating else "update"
    write = _write(topology, side, known, parent, binding, token, operation, fields, part)
    if side.can(Entity.STOCK).relative:
        write = replace(write, difference=pieces)
    intent = _intent(side, binding, write, now, difference=pieces, handed=handed)
    return Composed(binding, write, intent, {ON_HAND: target})


def _write(
    topology: Topology,
    side: Side,
    known: Known,
    parent: Known | None,
    binding: Binding,
    token: str,
    operation: Operation,
    fields: Native,
    part: str,
) -> Write:
    record = known.record
    product = None if parent is None or record.entity not in DEPENDENT else parent.bindings[side.name]
    return Write(
        token=token,
        operation=operation,
        external_id=binding.external_id or "",
        fields=fields,
        before=binding.shadow,
        part=part,
        parts=binding.parts,
        parent_id="" if product is None else product.external_id or "",
        parent={} if product is None else product.shadow,
        place=topology.native_place(side.name, record.entity, record.place) or "",
    )


def _intent(
    side: Side,
    binding: Binding,
    write: Write,
    now: datetime,
    *,
    difference: Decimal | None = None,
    handed: Decimal | None = None,
) -> Intent:
    lands_by = now + timedelta(seconds=side.can(binding.entity).lands_within_s)
    return Intent(
        token=write.token,
        binding_id=binding.id,
        record_id=binding.record_id,
        channel=side.name,
        entity=binding.entity,
        part=write.part,
        operation=write.operation,
        sent=write.fields,
        replaces={name: binding.shadow.get(name) for name in write.fields},
        lands_by=lands_by,
        difference=difference,
        handed=handed,
        attempt=binding.attempts + 1,
    )
