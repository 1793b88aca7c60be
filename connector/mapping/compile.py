"""A checked file and its settings → the lenses of :mod:`connector.mapping.lens`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from connector.errors import Problem
from connector.mapping.converter import CONVERTERS, Chain, Converter, built, options_of
from connector.mapping.expressions import Expression, ExpressionError
from connector.mapping.lens import EntityMapping, FieldMapping, RowMapping
from connector.mapping.schema import EntityTable, FieldTable, MappingTable, RowTable
from connector.model.entity import Entity, Value
from connector.model.fields import (
    ADDRESS_MEMBERS,
    FIELDS,
    NAME_MEMBERS,
    NEVER_READ,
    NUMERIC,
    FieldSpec,
    FieldType,
    spec_of,
)
from connector.toml_lines import Path
from connector.toml_report import Report, suggestion

_SETTING: Final = re.compile(r"\$([A-Za-z_]\w*)")

#: What a field without ``convert`` goes through, by its type.
_BY_TYPE: Final[Mapping[FieldType, str]] = {
    "text": "text",
    "html": "html",
    "code": "code",
    "gtin": "gtin",
    "flag": "flag",
    "ref": "text",
    "set": "set",
    "day": "days",
    "moment": "moment",
    "phone": "phone",
    "country": "country",
    "lang": "lang",
    **dict.fromkeys(NUMERIC, "decimal"),
}


class Sources:
    """The files of a mapping, own first: a problem is told where its key is written."""

    def __init__(self, files: Sequence[tuple[Report, Mapping[str, Any]]]) -> None:
        self._files = files

    def add(self, path: Path, what: str, remedy: str = "") -> None:
        """Report it in the file that says most of the path."""
        report, _ = max(self._files, key=lambda file: _depth(file[1], path))
        report.add(path, what, remedy)

    def has(self, path: Path) -> bool:
        """Whether any of them writes this key."""
        return any(_depth(raw, path) == len(path) for _, raw in self._files)

    def problems(self) -> Iterator[Problem]:
        for report, _ in self._files:
            yield from report.problems


def _depth(table: Any, path: Path) -> int:
    for depth, key in enumerate(path):
        if not isinstance(table, dict) or key not in table:
            return depth
        table = table[key]
    return len(path)


class Compiler:
    """Fills in the settings, builds the converters, and reports whatever does not fit."""

    def __init__(self, settings: Mapping[str, Any], sources: Sources) -> None:
        self._settings = settings
        self._sources = sources

    def entities(self, table: MappingTable) -> dict[Entity, EntityMapping]:
        """The entities that the file maps; those with problems are left out, since nobody gets to use them."""
        tables = {entity: getattr(table, entity.value) for entity in Entity}
        return {entity: self._entity(entity, one) for entity, one in tables.items() if one is not None}

    def _entity(self, entity: Entity, table: EntityTable) -> EntityMapping:
        path: Path = (entity.value,)
        kinds = {kind: _joined(table, row) for kind, row in table.rows.items()} or {"": table}
        rows = {
            kind: self._row(entity, row, (*path, "rows", kind) if kind else path, path) for kind, row in kinds.items()
        }
        only = self._expression(table.only, (*path, "only"))
        for name in table.requires:
            if spec_of(entity, name) is None:
                self._sources.add(
                    (*path, "requires"), f"{entity} has no field {name}", suggestion(name, FIELDS[entity])
                )
        return EntityMapping(entity, rows, only=only, calls=table.calls, requires=table.requires)

    def _row(self, entity: Entity, row: RowTable, path: Path, shared: Path) -> RowMapping:
        fields = {}
        for name, field in row.fields.items():
            at = (*path, "fields", name)
            one = self._field(entity, name, field, at if path == shared else self._written_at(at, shared, name))
            if one is not None:
                fields[name] = one
        return RowMapping(
            fields,
            when=self._when(entity, row.when, (*path, "when")),
            fixed=self._fixed(entity, row.fixed, (*path, "fixed")),
            create=self._constants(row.create, (*path, "create")),
            always=self._constants(row.always, (*path, "always")),
            needs=self._expressions(row.needs, (*path, "needs")),
            refuse=self._expressions(row.refuse, (*path, "refuse")),
            single=row.single,
        )

    def _written_at(self, at: Path, shared: Path, name: str) -> Path:
        """A row's field stands with the row, or with what all rows share."""
        return at if self._sources.has(at) else (*shared, "fields", name)

    def _field(self, entity: Entity, name: str, table: FieldTable, path: Path) -> FieldMapping | None:
        spec = spec_of(entity, name)
        if spec is None:
            self._sources.add(path, f"{entity} has no field {name}", suggestion(name, FIELDS[entity]))
            return None
        self._check_unless_off(entity, table.unless_off, path)
        remote = self._filled(table.remote, (*path, "remote"))
        names = _names(remote)
        if any(not name or name.startswith(".") or name.endswith(".") for name in names):
            return None  # a setting left empty: this shop has no such place
        self._check_names(names, path)
        chain = self._chain(spec, table, path)
        if chain is None:
            return None
        members = tuple(remote) if isinstance(remote, dict) else ()
        return FieldMapping(
            name, spec, names, chain, members, isinstance(remote, str), table.write, table.unless_off,
            table.read, table.part, None if table.blank is None else canonical_literal(spec, table.blank),
        )  # fmt: skip

    def _check_unless_off(self, entity: Entity, flag: str, path: Path) -> None:
        spec = spec_of(entity, flag) if flag else None
        if flag and (spec is None or spec.type != "flag"):
            flags = [known.name for known in FIELDS[entity].values() if known.type == "flag"]
            self._sources.add((*path, "and"), f"{flag} is no flag of a {entity}", suggestion(flag, flags))

    def _check_names(self, names: Sequence[str], path: Path) -> None:
        for name in names:
            if name.rpartition(".")[2].casefold() in NEVER_READ:
                self._sources.add((*path, "remote"), f"{name} is never read", "leave this field out")

    def _chain(self, spec: FieldSpec, table: FieldTable, path: Path) -> Chain | None:
        default = _BY_TYPE.get(spec.type)
        steps = table.convert or ([default] if default else [])
        converters = [self._converter(step, (*path, "convert", index)) for index, step in enumerate(steps)]
        return Chain(tuple(one for one in converters if one)) if all(converters) else None

    def _converter(self, step: Any, path: Path) -> Converter | None:
        options = {} if isinstance(step, str) else {key: value for key, value in step.items() if key != "use"}
        name = step if isinstance(step, str) else step["use"]
        kind = CONVERTERS.get(name)
        if kind is None:
            self._sources.add(path, f"unknown converter {name}", suggestion(name, CONVERTERS))
            return None
        unknown = [option for option in options if option not in options_of(kind)]
        for option in unknown:
            self._sources.add(path, f"{name} has no option {option}", suggestion(option, options_of(kind)))
        return None if unknown else self._built(kind, name, options, path)

    def _built(self, kind: type[Converter], name: str, options: Mapping[str, Any], path: Path) -> Converter | None:
        filled = {option: self._option(option, value, path) for option, value in options.items()}
        if None in filled.values():
            return None  # TOML has no null: a setting that is missing, and was reported
        try:
            return built(kind, filled)
        except ValueError as error:
            self._sources.add(path, f"{name}: {error}")
            return None

    def _option(self, option: str, value: Any, path: Path) -> Any:
        """A table of a lookup may be named without the ``$``."""
        if option == "table" and isinstance(value, str):
            return self._setting(value.removeprefix("$"), path)
        return self._filled(value, path)

    def _filled(self, value: Any, path: Path) -> Any:
        """The value with settings in place of ``$names``; one that is a name alone keeps the setting's type."""
        if isinstance(value, dict):
            return {key: self._filled(one, path) for key, one in value.items()}
        if isinstance(value, list):
            return [self._filled(one, path) for one in value]
        if not isinstance(value, str):
            return value
        if whole := _SETTING.fullmatch(value):
            return self._setting(whole[1], path)
        return _SETTING.sub(lambda found: str(self._setting(found[1], path)), value)

    def _setting(self, name: str, path: Path) -> Any:
        if name not in self._settings:
            self._sources.add(path, f"there is no setting {name}", suggestion(name, self._settings))
            return None
        return self._settings[name]

    def _expression(self, text: str | None, path: Path) -> Expression | None:
        if text is None:
            return None
        try:
            return Expression(str(self._filled(text, path)))
        except ExpressionError as error:
            self._sources.add(path, f"{text!r}: {error}")
            return None

    def _expressions(self, table: Mapping[str, str], path: Path) -> dict[str, Expression]:
        built = {key: self._expression(text, (*path, key)) for key, text in table.items()}
        return {key: one for key, one in built.items() if one is not None}

    def _when(self, entity: Entity, text: str | None, path: Path) -> Expression | None:
        expression = self._expression(text, path)
        known = {*FIELDS[entity], "place"}
        for name in sorted(expression.names - known if expression else ()):
            self._sources.add(path, f"{entity} has no field {name}", suggestion(name, known))
        return expression

    def _constants(self, table: Mapping[str, Any], path: Path) -> dict[str, Value]:
        return {name: self._filled(value, path) for name, value in table.items()}

    def _fixed(self, entity: Entity, table: Mapping[str, Any], path: Path) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for name, value in table.items():
            spec = spec_of(entity, name)
            if spec is None:
                self._sources.add((*path, name), f"{entity} has no field {name}", suggestion(name, FIELDS[entity]))
            else:
                found[name] = canonical_literal(spec, self._filled(value, path))
        return found


def canonical_literal(spec: FieldSpec, value: Any) -> Value:
    """A canonical value as TOML can write it: numbers as text or number, "" and what is left out for null."""
    if value == "":
        return None
    if spec.type == "addresses" and isinstance(value, list):
        return [_members(ADDRESS_MEMBERS, one) for one in value]
    if isinstance(value, dict) and spec.is_group:
        return _members(NAME_MEMBERS if spec.type == "name" else ADDRESS_MEMBERS, value)
    if spec.type in NUMERIC and not isinstance(value, bool):
        return Decimal(str(value))
    return value  # type: ignore[no-any-return]


def _members(names: Sequence[str], value: Mapping[str, Any]) -> dict[str, Value]:
    """A group with all its members, and with what does not belong there, so that a test shows it."""
    return {**dict.fromkeys(names), **{name: one or None for name, one in value.items()}}


def _joined(shared: EntityTable, row: RowTable) -> RowTable:
    """A kind of row with what all kinds share."""
    keys = [key for key in RowTable.model_fields if key not in ("when", "single")]
    return row.model_copy(update={key: {**getattr(shared, key), **getattr(row, key)} for key in keys})


def _names(remote: Any) -> tuple[str, ...]:
    if isinstance(remote, dict):
        return tuple(remote.values())
    return tuple(remote) if isinstance(remote, list) else (remote,)
