"""Native records as mappings see them, and back: nesting, custom attributes, comparing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any


def nested(fields: Mapping[str, Any]) -> dict[str, Any]:
    """``{"a.b": 1, "a": {"c": 2}}`` as ``{"a": {"b": 1, "c": 2}}``."""
    tree: dict[str, Any] = {}
    for name, value in fields.items():
        *path, last = name.split(".")
        place = tree
        for part in path:
            place = place.setdefault(part, {})
        if isinstance(value, Mapping) and isinstance(place.get(last), dict):
            place[last].update(value)
        else:
            place[last] = dict(value) if isinstance(value, Mapping) else value
    return tree


def at(record: Mapping[str, Any], name: str) -> Any:
    """The value under a dotted name; None where there is none. A record may itself have dotted names."""
    if name in record:
        return record[name]
    value: Any = record
    for part in name.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(part)
    return value


def flattened(item: Mapping[str, Any]) -> dict[str, Any]:
    """A record with ``custom_attributes`` as a mapping by code; a code that is absent there has no value."""
    listed = item.get("custom_attributes") or ()
    codes = {str(one["attribute_code"]): one.get("value") for one in listed}
    return {**item, "custom_attributes": codes}


def listed(codes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Custom attributes as the API takes them: texts, and null where the value is to be cleared."""
    return [{"attribute_code": code, "value": as_text(value)} for code, value in codes.items()]


def as_text(value: Any) -> Any:
    """A custom attribute's value: texts even for numbers and flags, a list joined by commas (NOTES, shapes)."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int | Decimal):
        return f"{value:f}" if isinstance(value, Decimal) else str(value)
    if isinstance(value, list | tuple):
        return ",".join(str(one) for one in value)
    return value


def same(one: Any, other: Any) -> bool:
    """Whether two native values are the same: empty is empty, numbers are compared as numbers."""
    if one in (None, "", []) or other in (None, "", []):
        return one in (None, "", []) and other in (None, "", [])
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return all(same(one.get(name), other.get(name)) for name in {*one, *other})
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, _sorted(one), _sorted(other)))
    numbers = number(as_text(one)), number(as_text(other))
    if None not in numbers:
        return numbers[0] == numbers[1]
    return str(as_text(one)).strip() == str(as_text(other)).strip()


def number(value: Any) -> Decimal | None:
    """A number, or a text that is one as the shop writes it (``8.500000``); None otherwise."""
    try:
        return Decimal(str(value)) if re.fullmatch(r"-?\d+(\.\d+)?", str(value)) else None
    except InvalidOperation:
        return None


def _sorted(values: Iterable[Any]) -> list[Any]:
    return sorted(values, key=repr)


def url_key(name: str, sku: str) -> str:
    """Our own URL key: the shop makes one of the name alone, and refuses the second product of that name."""
    plain = unicodedata.normalize("NFKD", f"{name} {sku}").encode("ascii", "ignore").decode()
    mark = "".join(f"-{ord(letter):x}" for letter in sku if not letter.isascii() or letter in "/+%&#?,\\")
    return re.sub(r"[^a-z0-9]+", "-", f"{plain}{mark}".lower()).strip("-")[:255]
