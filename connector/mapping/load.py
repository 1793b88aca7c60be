"""TOML → :class:`Mapping_`, with every problem at once: file, line, what is wrong, what to do.

The only part of this package that reads a file. A mapping may extend a shipped one and write only
what differs; a field set to ``false`` is left out. A shop's settings fill the ``$names``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from connector.errors import ConfigError, Problem
from connector.mapping import addresses, amounts, days, markup, people, places  # noqa: F401  # they register converters
from connector.mapping.compile import Compiler, Sources
from connector.mapping.lens import Mapping_
from connector.mapping.schema import MappingTable
from connector.mapping.shipped import shipped_mapping, shipped_names
from connector.model.entity import Entity
from connector.toml_lines import syntax_error
from connector.toml_report import Report, suggestion

_ROW_KEYS: Final = ("fields", "fixed", "create", "always", "needs", "refuse")


def load_mapping(source: Path | str, settings: Mapping[str, Any] | None = None, *, place: str = "settings") -> Mapping_:
    """The mapping of a file, or of a shipped one by its name, with a shop's settings over its own.

    Args:
        settings: what ``[channels.NAME.settings]`` says; a table there replaces the mapping's whole.
        place: how a problem in them names their place.

    Raises ConfigError with every problem found.
    """
    path = _path_of(source)
    files = list(_with_what_it_extends(path))
    problems = [problem for file in files for problem in file.report.problems]
    if problems or any(file.table is None for file in files):
        raise ConfigError(problems)
    raw = _merged([file.raw for file in files])
    filled, wrong = _settings(raw.get("settings", {}), settings or {}, place)
    sources = Sources([(file.report, file.raw) for file in files])
    entities = Compiler(filled, sources).entities(MappingTable.model_validate(raw))
    problems = [*wrong, *sources.problems()]
    if problems:
        raise ConfigError(problems)
    own = files[0].table
    assert own is not None
    return Mapping_(raw.get("adapter", ""), filled, entities, tuple(own.test), files[0].name)


@dataclass(frozen=True)
class _File:
    name: str
    raw: dict[str, Any]
    table: MappingTable | None
    report: Report


def _path_of(source: Path | str) -> Path:
    """A path as it is; a bare name means the mapping that is shipped under it."""
    text = str(source)
    if isinstance(source, Path) or text.endswith(".toml"):
        return Path(source)
    return shipped_mapping(text)


def _with_what_it_extends(path: Path) -> Iterator[_File]:
    """The file, then what it extends, and so on."""
    seen: set[Path] = set()
    base = _read(path)
    while True:
        yield base
        seen.add(path.resolve())
        extends = base.table.extends if base.table else ""
        if not extends:
            return
        path = path.parent / extends if extends.endswith(".toml") else _path_of(extends)
        if path.resolve() in seen or not path.is_file():
            base.report.add(("extends",), f"there is no other mapping {extends}", suggestion(extends, shipped_names()))
            return
        base = _read(path)


def _read(path: Path) -> _File:
    name = f"{path.parent.name}/{path.name}"
    try:
        text = path.read_text(encoding="utf-8")
        raw = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        line, complaint = syntax_error(error, text)
        raise ConfigError([Problem(f"{name}:{line}", complaint)]) from error
    except (OSError, UnicodeDecodeError) as error:
        remedy = f"shipped are {', '.join(shipped_names())}"
        raise ConfigError([Problem(name, "cannot be read", remedy)]) from error
    report = Report(name, text)
    return _File(name, raw, report.validated(MappingTable, _without_left_out(raw), ()), report)


def _without_left_out(table: Mapping[str, Any], key: str = "") -> dict[str, Any]:
    """The tables without fields that are set to ``false``, which leaves them out; ``key`` is the table's own."""
    return {
        name: _without_left_out(inner, name) if isinstance(inner, dict) else inner
        for name, inner in table.items()
        if key != "fields" or inner is not False
    }


def _merged(files: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The file over what it extends, field by field; tests are a file's own."""
    whole: dict[str, Any] = {}
    for raw in reversed(files):
        for key, value in raw.items():
            whole[key] = _entity(whole.get(key, {}), value) if key in set(Entity) else _over(whole.get(key), value)
    return _without_left_out({key: value for key, value in whole.items() if key not in ("extends", "test")})


def _over(base: Any, own: Any) -> Any:
    return {**base, **own} if isinstance(base, dict) and isinstance(own, dict) else own


def _entity(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**base, **own}
    merged |= {key: _over(base.get(key, {}), own.get(key, {})) for key in _ROW_KEYS if key in base or key in own}
    rows = {**base.get("rows", {}), **own.get("rows", {})}
    kinds = {kind: _entity(base.get("rows", {}).get(kind, {}), own.get("rows", {}).get(kind, {})) for kind in rows}
    return {**merged, "rows": kinds} if rows else merged


def _settings(known: Mapping[str, Any], given: Mapping[str, Any], place: str) -> tuple[dict[str, Any], list[Problem]]:
    """The mapping's settings with the shop's over them; a setting keeps its type."""
    problems = []
    for name, value in given.items():
        if name not in known:
            problems.append(Problem(place, f"unknown setting {name}", suggestion(name, known)))
        elif not _alike(known[name], value):
            problems.append(Problem(place, f"{name} must be {_type_name(known[name])}"))
    return {**known, **given}, problems


def _alike(default: object, value: object) -> bool:
    """A table where one is expected; where one value is, a table per VAT class may stand instead."""
    if isinstance(default, dict):
        return isinstance(value, dict)
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(default, bool) and isinstance(value, bool)
    if isinstance(default, str):
        return isinstance(value, str | dict)
    return isinstance(value, int | Decimal)


def _type_name(default: object) -> str:
    if isinstance(default, dict):
        return "a table"
    if isinstance(default, bool):
        return "true or false"
    return "text" if isinstance(default, str) else "a number"
