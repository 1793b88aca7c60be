"""One entity's mapping as a lens: native record → canonical fields, and back.

``get`` reads, ``put`` says what must be written so that the channel shows given values, and
``through`` what it would then show. All three are pure, over the native names that
:meth:`EntityMapping.pick` took out of a row. Laws (sync-model 3), proved in :mod:`connector.mapping.laws`:

- get-put: writing back what was just read changes nothing;
- put-get: what is written and read back equals ``through``, and ``through`` is idempotent;
- settled: a second ``put`` of the same values changes nothing more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Literal

from connector.errors import MappingError
from connector.mapping.context import Context
from connector.mapping.converter import Chain, Unfit
from connector.mapping.expressions import Expression
from connector.model.entity import Canonical, Entity, Native, Value
from connector.model.fields import FieldSpec

__all__ = ["Context", "EntityMapping", "FieldMapping", "Mapping_", "Read", "RowMapping", "Written"]

WriteRule = Literal["never", "create", "always"]
ReadRule = Literal["always", "first", "never"]

#: What a converter may stumble over in a native record of an unexpected shape.
_UNREADABLE: Final = (Unfit, TypeError, ValueError, ArithmeticError, LookupError, AttributeError)


@dataclass(frozen=True)
class Read:
    """What a native record means. A field with a problem is in ``problems`` and not in ``values``."""

    values: dict[str, Value]
    problems: dict[str, MappingError]


@dataclass(frozen=True)
class Written:
    """What must be written: native names → values, only those that differ from what is there.

    ``by_part`` lists the same names by the call that they belong to, in the order of the calls.
    ``problems``: fields that cannot be carried; they are left as they are there.
    """

    fields: dict[str, Value]
    problems: dict[str, MappingError]
    by_part: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class FieldMapping:
    """One canonical field and its place there.

    Attributes:
        names: its native names, dotted.
        members: what the converters call them, where the mapping gives them a table; () for one
            name or a list.
        single: one name, whose value the converters see as it is.
        write: ``never``, at creation alone, or always.
        unless_off: a canonical flag without which this one is written as false ("shown" while archived).
        reads: always; ``first``: only while nothing is known of the record here, never an edit later;
            ``never``: what the channel makes of it is its own business.
        part: the call that it belongs to; "" where its names say so.
    """

    name: str
    spec: FieldSpec
    names: tuple[str, ...]
    chain: Chain
    members: tuple[str, ...] = ()
    single: bool = True
    write: WriteRule = "always"
    unless_off: str = ""
    reads: ReadRule = "always"
    part: str = ""

    @property
    def writes(self) -> bool:
        """Whether it can be written at all."""
        return self.write != "never" and self.chain.writes

    @property
    def follows(self) -> bool:
        """Whether its meaning hangs on other fields' native names too."""
        return not self.single and self.chain.follows

    def raw(self, picked: Native) -> Any:
        """Its native value, list of values, or table of them."""
        if self.single:
            return picked.get(self.names[0])
        if self.members:
            return dict(zip(self.members, map(picked.get, self.names), strict=True))
        return [picked.get(name) for name in self.names]

    def read(self, picked: Native, context: Context) -> Value:
        """Its canonical value; raises MappingError."""
        try:
            value: Value = self.chain.get(self.raw(picked), context)
        except _UNREADABLE as error:
            raise self._problem(error) from None
        return value

    def write_into(self, value: Value, record: dict[str, Any], context: Context, *, creating: bool = False) -> None:
        """Change the native record so that it shows the value; raises MappingError and changes nothing."""
        try:
            new = self.chain.put(value, self.raw(record), context, creating=creating)
        except _UNREADABLE as error:
            raise self._problem(error) from None
        if self.single:
            record[self.names[0]] = new
        elif self.members:
            record.update((name, new[member]) for member, name in zip(self.members, self.names, strict=True))
        else:
            record.update(zip(self.names, new, strict=True))

    def changes_at(self, picked: Native, context: Context) -> date | None:
        """The next day on which it reads otherwise by the clock alone; None where never, or unreadable now."""
        try:
            return self.chain.changes_at(self.raw(picked), context)
        except _UNREADABLE:
            return None

    def warnings(self, value: Value) -> Iterator[str]:
        """What a person should look at although the value is carried."""
        for step in self.chain.steps:
            if value is not None and (said := step.warning(value)):
                yield said

    def _problem(self, error: Exception) -> MappingError:
        """Says what is wrong without the value, which may be personal."""
        what = str(error) if isinstance(error, Unfit) else "has a shape that its converters do not expect"
        return MappingError(f"{self.name} {what}", field=self.name, remedy=getattr(error, "remedy", ""))


@dataclass(frozen=True)
class RowMapping:
    """The fields of one kind of row: the only kind of most entities, named ones for prices.

    Attributes:
        when: for named kinds: which canonical rows belong to it; None: any.
        fixed: canonical values that every such row has, without a native place.
        create, always: native constants, for a new row, and beside anything that is written.
        needs: native prefix → what must be there before anything under it can be written.
        refuse: field → what must not hold for the row to be written.
    """

    fields: Mapping[str, FieldMapping]
    when: Expression | None = None
    fixed: Mapping[str, Value] = field(default_factory=dict)
    create: Mapping[str, Value] = field(default_factory=dict)
    always: Mapping[str, Value] = field(default_factory=dict)
    needs: Mapping[str, Expression] = field(default_factory=dict)
    refuse: Mapping[str, Expression] = field(default_factory=dict)

    @property
    def names(self) -> Iterator[str]:
        """The native names that it reads."""
        for one in self.fields.values():
            yield from one.names
        for needed in self.needs.values():
            yield from needed.names


class _Pick:
    """Takes dotted names out of a nested record; a missing one is None. Prepared once, since it runs per row."""

    def __init__(self, names: Iterable[str]) -> None:
        top: list[str] = []
        nested: dict[tuple[str, ...], list[tuple[str, str]]] = {}
        for name in dict.fromkeys(names):
            *path, leaf = name.split(".")
            if path:
                nested.setdefault(tuple(path), []).append((name, leaf))
            else:
                top.append(name)
        self._top, self._nested = tuple(top), tuple(nested.items())

    def __call__(self, native: Mapping[str, Any]) -> dict[str, Value]:
        get = native.get
        picked: dict[str, Value] = {name: get(name) for name in self._top}
        for path, leaves in self._nested:
            inner: Any = native
            for step in path:
                inner = inner.get(step) if isinstance(inner, Mapping) else None
            if isinstance(inner, Mapping):
                picked.update((name, inner.get(leaf)) for name, leaf in leaves)
            else:
                picked.update((name, None) for name, _ in leaves)
        return picked


class EntityMapping:
    """One entity of one channel.

    ``part`` names the kind of row where the mapping has several (``base``, ``special``, ``tier``);
    "" is the only kind. A customer's calls (account, contact) are parts of what is written, not of
    what is read: there ``part`` stays "".
    """

    def __init__(
        self,
        entity: Entity,
        rows: Mapping[str, RowMapping],
        *,
        only: Expression | None = None,
        calls: Sequence[str] = (),
        requires: Sequence[str] = (),
    ) -> None:
        self.requires = tuple(requires)
        self.entity = entity
        self.rows = dict(rows)
        self.calls = ("", *calls)
        self.only = only
        scope = only.names if only else frozenset()
        self._picks = {part: _Pick([*row.names, *scope]) for part, row in self.rows.items()}
        self.native_names = frozenset(name for row in self.rows.values() for name in row.names) | scope
        self.fields: dict[str, FieldMapping] = {
            name: one for row in reversed(self.rows.values()) for name, one in row.fields.items()
        }

    @property
    def parts(self) -> tuple[str, ...]:
        """Kinds of rows where the mapping names them, else the calls of a write in their order."""
        return self.calls if "" in self.rows else tuple(self.rows)

    def pick(self, native: Mapping[str, Any], part: str = "") -> dict[str, Value]:
        """The mapped native names of a record, dotted; None where missing, so that each is present."""
        return self._picks[self._kind(part)](native)

    def in_scope(self, picked: Native) -> bool:
        """Whether the mapping wants this record at all."""
        return self.only is None or self.only.holds(picked)

    def get(self, picked: Native, context: Context, part: str = "") -> Read:
        """What the record means; one bad field leaves the others."""
        row = self._row(part)
        values: dict[str, Value] = dict(row.fixed)
        problems: dict[str, MappingError] = {}
        for name, one in row.fields.items():
            if one.reads == "never":
                continue
            try:
                values[name] = one.read(picked, context)
            except MappingError as problem:
                problems[name] = problem
        return Read(values, problems)

    def put(
        self, values: Canonical, before: Native, context: Context, *, creating: bool = False, part: str = ""
    ) -> Written:
        """What to write so that the channel shows these values; fields not among them are left alone."""
        row = self._row(part)
        refused = self._refused(row, values)
        writable = [one for one in row.fields.values() if self._may(one, creating) and one.name not in refused]
        record, problems = _record_showing(row, writable, values, before, context, creating=creating)
        changed = {name: value for name, value in record.items() if _differs(value, before.get(name))}
        if creating:
            changed = {**row.create, **changed}
        if changed:
            changed = {**changed, **row.always}
        return Written(changed, {**refused, **problems}, self._by_call(part, changed))

    def through(self, values: Canonical, before: Native, context: Context, part: str = "") -> dict[str, Value]:
        """The values as this channel can hold them: in(out(v)), whatever it allows us to write.

        Fields that share a native field change together. One that the channel cannot carry at all is left out.
        """
        row = self._row(part)
        carried = [one for one in row.fields.values() if one.chain.writes]
        record, problems = _record_showing(row, carried, values, before, context)
        shown = {name: value for name, value in row.fixed.items() if name in values}
        for name, one in row.fields.items():
            if name not in values or name in problems:
                continue
            try:
                shown[name] = one.read(record, context) if one.chain.writes else values[name]
            except MappingError:
                continue
        return shown

    def writable(self, field: str, creating: bool) -> bool:
        """Whether a write of this kind can carry the field."""
        one = self.fields.get(field)
        return one is not None and self._may(one, creating)

    def names_of(self, field: str, part: str = "") -> tuple[str, ...]:
        """The native names of a field, () where it has none here; of one kind of row where ``part`` says which."""
        fields = self._row(part).fields if self._kind(part) in self.rows else self.fields
        one = fields.get(field)
        return one.names if one else ()

    def fields_of(self, names: Iterable[str]) -> tuple[str, ...]:
        """The fields that live in these native names, in the order of the mapping."""
        wanted = set(names)
        return tuple(name for name, one in self.fields.items() if wanted.intersection(one.names))

    def first_contact_only(self, field: str) -> bool:
        """Whether a field is read only while nothing is known of the record on this channel."""
        one = self.fields.get(field)
        return one is not None and one.reads == "first"

    def changes_at(self, picked: Native, context: Context, part: str = "") -> date | None:
        """The next day on which ``get`` would answer otherwise, None where only an edit changes it."""
        days = (one.changes_at(picked, context) for one in self._row(part).fields.values())
        return min((day for day in days if day is not None), default=None)

    def part_for(self, values: Canonical, place: str = "") -> str | None:
        """The kind of row that holds a canonical row; None where this channel has no place for it.

        ``place``: the channel's own name of the price list.
        """
        names = {**values, "place": place}
        return next((part for part, row in self.rows.items() if row.when is None or row.when.holds(names)), None)

    def warnings(self, values: Canonical) -> dict[str, str]:
        """Fields whose value is carried although a person should look at it (a wrong check digit)."""
        said = {name: "; ".join(one.warnings(values.get(name))) for name, one in self.fields.items()}
        return {name: text for name, text in said.items() if text}

    def _row(self, part: str) -> RowMapping:
        return self.rows[self._kind(part)]

    def _kind(self, part: str) -> str:
        """Only prices have kinds of rows; elsewhere a part is a call, and the record is one."""
        return "" if "" in self.rows else part

    @staticmethod
    def _may(one: FieldMapping, creating: bool) -> bool:
        return one.writes and (creating or one.write == "always")

    @staticmethod
    def _refused(row: RowMapping, values: Canonical) -> dict[str, MappingError]:
        return {
            name: MappingError(f"{name} cannot be written here while {rule.text}", field=name, remedy="correct it")
            for name, rule in row.refuse.items()
            if rule.holds(values)
        }

    def call_of(self, name: str, part: str = "") -> str:
        """The call that writes a native name; "" for the only or first one."""
        own = next((one.part for one in self._row(part).fields.values() if one.part and name in one.names), "")
        prefix = name.partition(".")[0]
        return own or (prefix if prefix in self.calls else "")

    def _by_call(self, part: str, changed: Iterable[str]) -> dict[str, tuple[str, ...]]:
        names: dict[str, list[str]] = {}
        for name in changed:
            names.setdefault(self.call_of(name, part), []).append(name)
        return {call: tuple(names[call]) for call in (*self.calls, *names) if call in names}


def _record_showing(
    row: RowMapping,
    fields: Sequence[FieldMapping],
    values: Canonical,
    before: Native,
    context: Context,
    *,
    creating: bool = False,
) -> tuple[dict[str, Any], dict[str, MappingError]]:
    """The native record that shows these values as far as it can, and what it cannot carry.

    A field without a new value that hangs on others is written again with the value it had. What
    is taken back may free what was written beside it, so it is gone through until it settles.
    """
    following = [one for one in fields if one.follows and one.name not in values]
    values = {**values, **_readable(following, before, context)}
    record, problems = dict(before), {}
    for _ in range(2 + len(row.needs)):
        start = dict(record)
        problems = _apply(fields, values, record, context, creating=creating)
        if not _take_back(row, record, before) or record == start:
            break
    return record, problems


def _apply(
    fields: Sequence[FieldMapping], values: Canonical, record: dict[str, Any], context: Context, *, creating: bool
) -> dict[str, MappingError]:
    """Write field after field into the native record; each sees what those before it wrote."""
    problems: dict[str, MappingError] = {}
    for one in fields:
        if one.name not in values and not _is_switched_off(one, values):
            continue
        value = False if _is_switched_off(one, values) else values[one.name]
        try:
            one.write_into(value, record, context, creating=creating)
        except MappingError as problem:
            problems[one.name] = problem
    return problems


def _take_back(row: RowMapping, record: dict[str, Any], before: Native) -> bool:
    """Take back what was written under a prefix whose needs are not met (an address without a city).

    An address that is emptied altogether needs nothing. True if anything was taken back.
    """
    written = dict(record)
    for prefix, needed in row.needs.items():
        inside = [name for name in record if name.startswith(f"{prefix}.")]
        if any(record[name] for name in inside) and not needed.holds(record):
            record.update((name, before.get(name)) for name in inside)
    return record != written


def _readable(fields: Iterable[FieldMapping], record: Native, context: Context) -> dict[str, Value]:
    """Their present values; one that cannot be read is left as it is."""
    values: dict[str, Value] = {}
    for one in fields:
        with suppress(MappingError):
            values[one.name] = one.read(record, context)
    return values


def _is_switched_off(one: FieldMapping, values: Canonical) -> bool:
    return bool(one.unless_off) and values.get(one.unless_off, True) is False


def _differs(new: object, old: object) -> bool:
    """1 and true are two values for a channel, although not for Python."""
    return new != old or isinstance(new, bool) != isinstance(old, bool)


@dataclass(frozen=True)
class Mapping_:  # noqa: N801  # collections.abc has the plain name
    """A whole mapping: every entity of one channel, with the shop's settings filled in."""

    adapter: str
    settings: Mapping[str, Any]
    entities: Mapping[Entity, EntityMapping]
    tests: Sequence[Any] = ()
    source: str = ""
