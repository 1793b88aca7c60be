"""One entity's mapping as a lens: native record → canonical fields, and back.

``get`` reads, ``put`` says what must be written so that the channel shows given values, and
``through`` what it would then show. All three are pure, over the native names that
:meth:`EntityMapping.pick` took out of a row. Laws (sync-model 3), proved in :mod:`connector.mapping.laws`:

- get-put: writing back what was just read changes nothing;
- put-get: what is written and read back equals ``through``, and ``through`` is idempotent;
- settled: a second ``put`` of the same values changes nothing more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from connector.errors import MappingError
from connector.mapping.context import Context
from connector.mapping.expressions import Expression
from connector.mapping.row import FieldMapping, Pick, RowMapping, record_showing
from connector.model.entity import Canonical, Entity, Native, Value

__all__ = ["Context", "EntityMapping", "FieldMapping", "Mapping_", "Read", "RowMapping", "Written"]


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
        self._picks = {part: Pick([*row.names, *scope]) for part, row in self.rows.items()}
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

    def get(self, picked: Native, context: Context, part: str = "", *, unread: bool = False) -> Read:
        """What the record means; one bad field leaves the others. ``unread``: also what is written and never read."""
        row = self._row(part)
        values: dict[str, Value] = dict(row.fixed)
        problems: dict[str, MappingError] = {}
        for name, one in row.fields.items():
            if one.reads == "never" and not unread:
                continue
            try:
                values[name] = one.read(picked, context)
            except MappingError as problem:
                problems[name] = problem
        return Read(values, problems)

    def as_new(self, values: Canonical, part: str = "") -> dict[str, Value]:
        """The values as first contact takes them: what a new record has there by itself is nothing."""
        fields = self._row(part).fields
        blanks = {name: one.blank for name, one in fields.items() if one.blank is not None}
        return {name: None if name in blanks and value == blanks[name] else value for name, value in values.items()}

    def put(
        self, values: Canonical, before: Native, context: Context, *, creating: bool = False, part: str = ""
    ) -> Written:
        """What to write so that the channel shows these values; fields not among them are left alone."""
        row = self._row(part)
        refused = self._refused(row, values)
        writable = [one for one in row.fields.values() if self._may(one, creating) and one.name not in refused]
        record, problems = record_showing(row, writable, values, before, context, creating=creating)
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
        record, problems = record_showing(row, carried, values, before, context)
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

    def reads(self, field: str) -> bool:
        """Whether what the channel shows of a field is ever taken for news."""
        one = self.fields.get(field)
        return one is not None and one.reads != "never"

    def unread_names(self, part: str = "") -> frozenset[str]:
        """Native names that no field reads: what the channel makes of what is written there is its own business."""
        fields = self._row(part).fields.values()
        read = {name for one in fields if one.reads != "never" for name in one.names}
        return frozenset(name for one in fields if one.reads == "never" for name in one.names) - read

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
