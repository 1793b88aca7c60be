"""The fields of one kind of row, and the native record that shows given values through them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final, Literal

from connector.errors import MappingError
from connector.mapping.context import Context
from connector.mapping.converter import Chain, Unfit
from connector.mapping.expressions import Expression
from connector.model.entity import Canonical, Native, Value
from connector.model.fields import FieldSpec

WriteRule = Literal["never", "create", "always"]
ReadRule = Literal["always", "first", "never"]

#: What a converter may stumble over in a native record of an unexpected shape.
_UNREADABLE: Final = (Unfit, TypeError, ValueError, ArithmeticError, LookupError, AttributeError)


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
        blank: the value that a new record has by itself there: read at first contact it says nothing, and is a
            value like any other once somebody has changed it. None: there is no such value.
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
    blank: Value = None

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
        single: for named kinds: the channel holds one such row per product and list, the one whose turn it is.
    """

    fields: Mapping[str, FieldMapping]
    when: Expression | None = None
    fixed: Mapping[str, Value] = field(default_factory=dict)
    create: Mapping[str, Value] = field(default_factory=dict)
    always: Mapping[str, Value] = field(default_factory=dict)
    needs: Mapping[str, Expression] = field(default_factory=dict)
    refuse: Mapping[str, Expression] = field(default_factory=dict)
    single: bool = False

    @property
    def names(self) -> Iterator[str]:
        """The native names that it reads."""
        for one in self.fields.values():
            yield from one.names
        for needed in self.needs.values():
            yield from needed.names


class Pick:
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
                inner = inner.get(step) if isinstance(inner, dict | Mapping) else None
            if isinstance(inner, dict | Mapping):  # the first is much the faster question
                picked.update((name, inner.get(leaf)) for name, leaf in leaves)
            else:
                picked.update((name, None) for name, _ in leaves)
        return picked


def record_showing(
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
    context = replace(context, writing=values)
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
