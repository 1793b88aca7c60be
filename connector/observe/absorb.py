"""One observed row against all that is known of its record. Pure.

The order of the rules is that of sync-model section 2: fence, inbound mapping, merge field by
field, shadow. What is owed afterwards is reckoned by ``settle.py``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache

import msgspec

from connector.contract import Row
from connector.decide.latest import edit_interval
from connector.decide.merge import Before, RecordMerge, merge_record
from connector.errors import MappingError
from connector.mapping.lens import Context, EntityMapping
from connector.model.binding import Held, Provenance
from connector.model.entity import LIFE_FIELD, Canonical, Entity, Key, Native, Value
from connector.model.fields import spec_of
from connector.model.record import Binding, Event, Known, Record
from connector.observe.match import display_key, hints_of, keys_of
from connector.topology import Side, Topology

_ENCODER = msgspec.json.Encoder(decimal_format="number", order="deterministic")


def fingerprint(mapping: EntityMapping, picked: Native) -> bytes:
    """Sixteen bytes that stand for the native values and for the mapping that reads them: another one reads anew."""
    return hashlib.blake2b(_ENCODER.encode(picked), digest_size=16, key=identity_of(mapping)).digest()


@cache
def identity_of(mapping: EntityMapping) -> bytes:
    """Sixteen bytes that stand for all that a mapping says, its settings filled in; the same in every process."""
    said = repr((mapping.rows, mapping.requires, mapping.calls, mapping.only))
    return hashlib.blake2b(said.encode(), digest_size=16).digest()


@dataclass(frozen=True)
class Observation:
    """A row with the moments that decide whether and how it counts.

    Attributes:
        picked: the native values the mapping reads, every mapped name present.
        read_sequence: the ledger's last sequence when the read began (rule 2.0).
        began_at: when the read began, for people and for ``latest``.
        since: when a read last still showed the shadow.
        clock_offset: the channel's clock minus ours, as measured by then.
    """

    row: Row
    picked: Native
    read_sequence: int
    began_at: datetime
    since: datetime | None = None
    clock_offset: timedelta = timedelta(0)

    def provenance(self, channel: str, sequence: int) -> Provenance:
        """The interval in which an edit seen here lies (sync-model 2, ``latest``)."""
        since, at = edit_interval(self.since, self.row.modified_at, self.began_at, clock_offset=self.clock_offset)
        return Provenance(channel, at, since, "", sequence)


@dataclass(frozen=True)
class Absorbed:
    """What one observation changes: the record, this side's binding, the history, and what could not be read."""

    record: Record
    binding: Binding
    merge: RecordMerge
    events: tuple[Event, ...]
    problems: Mapping[str, MappingError] = field(default_factory=dict)


def absorb(
    topology: Topology,
    side: Side,
    known: Known,
    binding: Binding,
    seen: Observation,
    context: Context,
    sequence: int,
    *,
    both_new: bool = False,
    in_doubt: frozenset[str] = frozenset(),
) -> Absorbed:
    """Merge a row that the fence has let pass.

    ``binding`` is this side's, newly made for a stranger that was just matched. Fields that the
    mapping cannot read stay as they were and are held: neither merged nor written.
    """
    entity = known.record.entity
    mapping = side.mappings[entity]
    read = mapping.get(seen.picked, context, seen.row.part)
    by = seen.provenance(side.name, sequence)
    before = _before(topology, mapping, known, binding, seen, context, both_new, in_doubt)
    known_here, new = before.shadow, mapping.as_new(read.values, seen.row.part)
    values = {
        name: value if name in known_here else new[name]
        for name, value in read.values.items()
        if _takes_part(mapping, entity, name, known_here)
    }
    merge = merge_record(before, values, by)
    record = _renewed(known.record, merge, sequence)
    after = _settled_side(mapping, binding, seen, merge, read.problems, sequence)
    return Absorbed(record, after, merge, tuple(_events(side.name, record, merge)), read.problems)


def _takes_part(mapping: EntityMapping, entity: Entity, name: str, shadow: Canonical) -> bool:
    """Neither the keys of a price row, which say which row it is, nor what a kind of row implies is merged;
    a field that is read at first contact alone is not looked at again."""
    if name in shadow and mapping.first_contact_only(name):
        return False
    return name in mapping.fields and not (entity is Entity.PRICE and name in ("min_qty", "starts", "list"))


def _before(
    topology: Topology,
    mapping: EntityMapping,
    known: Known,
    binding: Binding,
    seen: Observation,
    context: Context,
    both_new: bool,
    in_doubt: frozenset[str],
) -> Before:
    entity = known.record.entity
    base = binding.shadow or seen.picked
    shadow = shadow_values(mapping, binding, context)
    policies = {name: topology.policy(entity, name) for name in mapping.fields}
    return Before(
        agreed=known.record.agreed,
        through=mapping.through(known.record.values(), base, context, seen.row.part),
        shadow=shadow,
        policies=policies,
        conflicts=known.conflicts,
        held=binding.held,
        created_by_us=binding.origin == "created" and binding.seen_at is None,
        both_new=both_new,
        given=_given_there(mapping, entity),
        in_doubt=in_doubt,
    )


def _given_there(mapping: EntityMapping, entity: Entity) -> frozenset[str]:
    """Fields that the channel gives out by itself and takes from nobody, such as a customer's number."""
    specs = {name: spec_of(entity, name) for name in mapping.fields}
    given = (name for name, spec in specs.items() if spec is not None and spec.given)
    return frozenset(name for name in given if not mapping.writable(name, creating=True))


def shadow_values(mapping: EntityMapping, binding: Binding, context: Context) -> dict[str, Value]:
    """Canonical values of what was last settled here; only fields all of whose native names have a shadow.

    What is written and never read is among them: there the shadow is what was sent.
    Read as of a day on which the calendar had not changed their meaning yet: that it did is news.
    """
    if not binding.shadow:
        return {}
    read = mapping.get(binding.shadow, _as_settled(binding, context), binding.part, unread=True)
    shadow = binding.shadow
    return {
        name: value
        for name, value in read.values.items()
        if all(native in shadow for native in mapping.names_of(name, binding.part))
    }


def _as_settled(binding: Binding, context: Context) -> Context:
    if binding.changes_on is None or not is_due(binding, context.as_of):
        return context
    return replace(context, as_of=date.fromisoformat(binding.changes_on) - timedelta(days=1))


def is_due(binding: Binding, today: date) -> bool:
    """Whether the calendar alone has changed what the shadow means, so that it must be observed again."""
    return binding.changes_on is not None and date.fromisoformat(binding.changes_on) <= today


def _renewed(record: Record, merge: RecordMerge, sequence: int) -> Record:
    if not merge.agreed:
        return record
    return renew(record, {**record.agreed, **merge.agreed}, sequence)


def renew(record: Record, agreed: Mapping[str, object], sequence: int) -> Record:
    """The record with other agreed fields: its keys and its life follow from them."""
    changed = replace(record, agreed=agreed, sequence=sequence)  # type: ignore[arg-type]  # values are Agreed
    values = changed.values()
    if record.entity in (Entity.PRICE, Entity.STOCK):
        return changed
    keys: frozenset[Key] = frozenset((*keys_of(record.entity, values), *hints_of(record.entity, values)))
    active = values.get(LIFE_FIELD)
    life = record.life if active is None or record.life == "gone" else "live" if active else "archived"
    return replace(changed, keys=keys, life=life, key=display_key(record.entity, values, record.key))


def _settled_side(
    mapping: EntityMapping,
    binding: Binding,
    seen: Observation,
    merge: RecordMerge,
    problems: Mapping[str, MappingError],
    sequence: int,
) -> Binding:
    """Rule 6: whatever the outcome, what was seen is the shadow; what could not be read keeps its old one.

    So does what is never read, once it is known: else each version that the channel makes of it would be owed anew.
    """
    unread = {name for problem in problems for name in mapping.names_of(problem, seen.row.part)}
    unread |= mapping.unread_names(seen.row.part) & binding.shadow.keys()
    kept = {name: value for name, value in binding.shadow.items() if name in unread}
    settled = {name: value for name, value in seen.picked.items() if name not in unread}
    row = seen.row
    return replace(
        binding,
        external_id=row.external_id,
        address=row.address or binding.address,
        parts={**binding.parts, **row.parts},
        part=row.part,
        state="bound",
        shadow={**kept, **settled},
        fingerprint=fingerprint(mapping, seen.picked),
        version=row.version,
        modified_at=row.modified_at,
        seen_at=seen.began_at,
        fence=sequence,
        reread=False,
        replaced=None,
        held=_holds(binding.held, merge, problems, seen.began_at),
    )


def _holds(
    held: Mapping[str, Held], merge: RecordMerge, problems: Mapping[str, MappingError], now: datetime
) -> dict[str, Held]:
    stays = {
        name: hold
        for name, hold in held.items()
        if name not in merge.released and hold.detail != UNREADABLE and hold.reason != "vanished"
    }
    unread = {name: Held("quarantine", UNREADABLE, since=now) for name in problems}
    return {**stays, **merge.holds, **unread}


#: Detail of the hold of a field that could not be read: it ends with the first reading that works.
UNREADABLE = "it could not be read, so it is not written either"


def _events(channel: str, record: Record, merge: RecordMerge) -> list[Event]:
    told = [
        Event(outcome.name, channel, record.entity, record.id or None, name, outcome.as_event())
        for name, outcome in merge.outcomes.items()
    ]
    told += [
        Event(f"conflict-{change.kind}", channel, record.entity, record.id or None, change.field, change.as_event())
        for change in merge.conflicts
    ]
    return told


def differing(one: Canonical, other: Canonical) -> list[str]:
    """Names whose values differ, in either direction."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
