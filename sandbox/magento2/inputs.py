"""What the shop takes as input: typed objects, read before anything else happens.

A field that no setter knows refuses the whole request, keys may be snake_case or camelCase, and a value of the
wrong type is named in a message (M2.8, M2.12, M§9). What is read here comes out with snake_case keys, and holds
exactly what was given: a key with None was sent as null, a key that is missing was not sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.magento2.errors import ApiError, PlainError, required
from sandbox.magento2.values import camel, decimal, is_numeric, snake

Scalar = str  # "int", "float", "string", "boolean", "mixed"


@dataclass(frozen=True)
class Shape:
    """An object: its PHP interface and its fields; ``open`` takes any field (extension attributes of others)."""

    interface: str
    fields: Mapping[str, Kind]

    @property
    def type_name(self) -> str:
        return "\\" + self.interface


@dataclass(frozen=True)
class Many:
    """A list of one kind."""

    of: Kind


Kind = Scalar | Shape | Many


@dataclass(frozen=True)
class Optional:
    """A parameter that may be left out."""

    kind: Kind


Takes = Mapping[str, "Kind | Optional"]


def wrong_type(value: Any, expected: str) -> ApiError:
    """400: the message is filled in already."""
    shown = "array" if isinstance(value, dict | list) else str(value)
    text = f'The "{shown}" value\'s type is invalid. The "{expected}" type was expected. Verify and try again.'
    return ApiError(400, text)


def _read_int(value: Any) -> int:
    return int(decimal(value))


def _read_text(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else ""
    return str(value)


def _read_flag(value: Any) -> bool:
    return value.lower() not in ("false", "0", "") if isinstance(value, str) else bool(value)


SCALARS: dict[str, Callable[[Any], Any]] = {
    "int": _read_int,
    "float": decimal,
    "string": _read_text,
    "boolean": _read_flag,
}


def read_scalar(value: Any, kind: Scalar) -> Any:
    """One plain value; null stays null."""
    if value is None or kind == "mixed":
        return value
    if isinstance(value, dict | list) or (kind in ("int", "float") and not is_numeric(value)):
        raise wrong_type(value, kind)
    return SCALARS[kind](value)


@dataclass(frozen=True)
class Reader:
    """Reads input under the shop's limits: ``list_limit`` is the most objects in one list, None for any number."""

    list_limit: int | None = None

    def read(self, value: Any, kind: Kind) -> Any:
        """``value`` as ``kind``; ApiError for what the shop refuses."""
        if isinstance(kind, Many):
            return self._read_many(value, kind.of)
        if isinstance(kind, Shape):
            return self._read_object(value, kind)
        return read_scalar(value, kind)

    def _read_many(self, value: Any, of: Kind) -> Any:
        if value is None:
            return None
        if not isinstance(value, dict | list):
            raise wrong_type(value, f"{of.type_name if isinstance(of, Shape) else of}[]")
        rows = list(value.values()) if isinstance(value, dict) else value
        if isinstance(of, Shape) and self.list_limit is not None and len(rows) > self.list_limit:
            parameters = {"type": of.type_name, "max": self.list_limit}
            raise ApiError(400, 'Maximum items of type "%type" is %max', parameters)
        empty: Any = {} if isinstance(of, Shape) else "" if of == "string" else None
        return [empty if row is None else self.read(row, of) for row in rows]

    def _read_object(self, value: Any, shape: Shape) -> Any:
        if value is None or value == []:
            return None if value is None else {}
        if not isinstance(value, dict):
            raise PlainError(500)
        return {name: self._read_field(key, value[key], shape, name) for key, name in _names(value)}

    def _read_field(self, key: str, value: Any, shape: Shape, name: str) -> Any:
        kind = shape.fields.get(name)
        if kind is None:
            text = '"%fieldName" is not supported. Correct the field name and try again.'
            raise ApiError(400, text, {"fieldName": camel(key)})
        if kind == "attributes":
            return _read_attributes(value)
        try:
            return self.read(value, kind)
        except ApiError as wrong:
            if not isinstance(kind, str):
                raise
            raise ApiError(400, f'Error occurred during "{key}" processing. {wrong.message}') from wrong

    def read_all(self, given: Any, takes: Takes) -> dict[str, Any]:
        """The parameters of a service; 400 names the ones that are missing."""
        members = given if isinstance(given, dict) else {}
        by_name = {snake(key): key for key in members if members[key] is not None}
        missing = [
            name for name, kind in takes.items() if not isinstance(kind, Optional) and snake(name) not in by_name
        ]
        if missing:
            raise required(*missing)
        found = {name: by_name[snake(name)] for name in takes if snake(name) in by_name}
        return {
            name: self.read(members[key], kind.kind if isinstance(kind := takes[name], Optional) else kind)
            for name, key in found.items()
        }


def _names(value: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(key, snake(key)) for key in value]


def _read_attributes(value: Any) -> list[dict[str, Any]]:
    """``[{attribute_code, value}]``, or an object from code to value."""
    if isinstance(value, dict):
        return [{"attribute_code": code, "value": one} for code, one in value.items()]
    if not isinstance(value, list | None):
        raise wrong_type(value, "array")
    rows = [{snake(key): one for key, one in row.items()} for row in value or [] if isinstance(row, dict)]
    return [{"attribute_code": str(row.get("attribute_code")), "value": row.get("value")} for row in rows]
