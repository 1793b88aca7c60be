"""Everything wrong in one TOML file, collected: each problem with its line and a remedy."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import UnionType
from typing import Any, Final, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from connector.errors import Problem
from connector.toml_lines import Lines, Path

#: Tells a key that is not there from one that holds a value.
_NOTHING: Final = object()

Model = TypeVar("Model", bound=BaseModel)

#: Pydantic's error types in the words of somebody who writes TOML.
_PLAIN: Final = {
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "decimal_type": "must be a number",
    "is_instance_of": "must be a number",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
}


def suggestion(name: str, known: Iterable[str]) -> str:
    """ "did you mean …?", else what there is to choose from; "" where that is nothing."""
    names = sorted(known)
    near = difflib.get_close_matches(name.casefold(), names, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]}?"
    return f"one of: {', '.join(names)}" if names else ""


class Report:
    """Collects the problems of one file.

    ``place`` is the file's name as the reader knows it. A path is the keys and indices under which a
    value stands in the file, as ``tomllib`` nests them.
    """

    def __init__(self, place: str, source: str) -> None:
        self._place = place
        self._lines = Lines(source)
        self._found: list[tuple[int, Problem]] = []

    @property
    def problems(self) -> tuple[Problem, ...]:
        """In the order of the file, each once."""
        ordered = sorted(self._found, key=lambda found: found[0])
        return tuple(dict.fromkeys(problem for _, problem in ordered))

    def add(self, path: Sequence[str | int], what: str, remedy: str = "") -> None:
        line = self._lines.of(path)
        place = self._place if line is None else f"{self._place}:{line}"
        self._found.append((line or 0, Problem(place, what, remedy)))

    def unknown(self, path: Sequence[str | int], kind: str, name: str, known: Iterable[str]) -> None:
        """A name that means nothing there: ``kind`` says what it should have been the name of."""
        self.add(path, f"unknown {kind} {name}", suggestion(name, known))

    def validated(
        self,
        model: type[Model],
        table: object,
        at: Path,
        *,
        written: object = None,
        failed: Collection[str | int] = (),
        more_keys: Iterable[str] = (),
    ) -> Model | None:
        """The table as that model, or None once its problems are added.

        Args:
            at: where the table stands in the file.
            written: the table as the file has it, where secrets were put into ``table``; only
                what is written there is ever quoted.
            failed: keys that were reported already.
            more_keys: what the table may hold beside the model's keys, for suggestions.
        """
        try:
            return model.model_validate(table)
        except ValidationError as error:
            shown = table if written is None else written
            for detail in error.errors(include_url=False):
                path = _within(shown, detail["loc"])
                if detail["type"] == "extra_forbidden":
                    known = known_keys(model, path[:-1]) | (set(more_keys) if len(path) == 1 else set())
                    self.unknown((*at, *path), "key", str(path[-1]), known)
                elif path[0] not in failed if path else not failed:
                    self._add_detail(detail, path, shown, at)
            return None

    def _add_detail(self, detail: ErrorDetails, path: Path, shown: object, at: Path) -> None:
        name = dotted((*at, *path))
        if detail["type"] == "missing":
            self.add((*at, *path), f"{name} is missing", f"add {path[-1]} = …")
        elif detail["type"] == "literal_error":
            choices = detail["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", ")
            self.add(
                (*at, *path), f"{name} cannot be {_quoted(shown, path)}", suggestion(_quoted(shown, path), choices)
            )
        elif detail["type"] == "value_error":
            self.add((*at, *path), f"{name}: {detail['ctx']['error']}")
        else:
            self.add((*at, *path), f"{name} {_PLAIN.get(detail['type']) or _plain(detail['msg'])}")


def known_keys(model: type[BaseModel], path: Sequence[str | int]) -> set[str]:
    """The keys that the table at this path may have."""
    kind: Any = model
    for part in path:
        kind = declared(kind, part)
    found = _model_in(kind)
    return {field.alias or name for name, field in found.model_fields.items()} if found else set()


def declared(kind: Any, part: str | int) -> Any:
    """The type of what stands under a key of a model, or under any key of a mapping or list; None: undeclared.

    A field marked ``json_schema_extra={"secret": True}`` is a ``SecretStr``, whatever its type.
    """
    model = _model_in(kind)
    if model is None:
        return next((get_args(one)[-1] for one in _members(kind) if get_origin(one) in (dict, list)), None)
    field = model.model_fields.get(str(part))
    if field is None:
        return None
    extra = field.json_schema_extra
    return SecretStr if isinstance(extra, dict) and extra.get("secret") else field.annotation


def _members(kind: Any) -> tuple[Any, ...]:
    """The types that ``X | Y`` allows; the type itself where it is none."""
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)


def _model_in(kind: Any) -> type[BaseModel] | None:
    """The model among the types that an annotation allows."""
    models = (one for one in _members(kind) if isinstance(one, type) and issubclass(one, BaseModel))
    return next(models, None)


def dotted(path: Sequence[str | int]) -> str:
    """``channels.webshop.base_url``."""
    return ".".join(str(part) for part in path)


def _within(table: object, location: Sequence[str | int]) -> Path:
    """The part of pydantic's location that is in the file, and the key that is missing from it.

    Between them pydantic names unions, functions and ``[key]``, which nobody wrote.
    """
    path: list[str | int] = []
    for index, part in enumerate(location):
        inside = _entry(table, part)
        if inside is not _NOTHING:
            table = inside
            path.append(part)
        elif index == len(location) - 1 and isinstance(table, Mapping) and part != "[key]":
            path.append(part)
    return tuple(path)


def _entry(table: object, part: str | int) -> object:
    if isinstance(table, Mapping):
        return table.get(part, _NOTHING)
    if isinstance(table, list) and isinstance(part, int) and part < len(table):
        return table[part]
    return _NOTHING


def _plain(message: str) -> str:
    """Pydantic's own words, as the end of a sentence."""
    return message.replace("Input should ", "must ").replace("should ", "must ", 1)


def _quoted(table: object, path: Path) -> str:
    for part in path:
        table = table[part]  # type: ignore[index]  # _within walked the same path
    return str(table)
