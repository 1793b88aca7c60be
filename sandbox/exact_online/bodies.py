"""Bodies of POST and PUT: parsed, checked against the resource, turned into the store's values (E63 to E70)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sandbox.exact_online.errors import NOT_AN_OBJECT, BadQueryError
from sandbox.exact_online.literals import GUID
from sandbox.exact_online.schema import Entity, Property
from sandbox.numbers import read_json

WITH_TIME = {"Created", "Modified", "Approved"}
_MS_DATE = re.compile(r"/Date\((-?\d+)\)/")
_LIMITS = {"Byte": (0, 255), "Int16": (-(2**15), 2**15 - 1), "Int32": (-(2**31), 2**31 - 1)}


def parse(raw: bytes) -> dict[str, Any]:
    """The object of a body; a list, a bare value or broken JSON is a 400 (E69)."""
    try:
        given = read_json(raw)
    except ValueError as wrong:
        raise BadQueryError(NOT_AN_OBJECT) from wrong
    if not isinstance(given, dict):
        raise BadQueryError(NOT_AN_OBJECT)
    return given


def convert(entity: Entity, given: dict[str, Any], creating: bool) -> dict[str, Any]:
    """The values that may be sent here; read-only ones are ignored (E70), unknown names are a 400."""
    values = {}
    for name, value in given.items():
        if name == "__metadata":
            continue
        one = entity.properties.get(name)
        if one is None:
            raise BadQueryError(
                f"Error processing request stream. The property name '{name}' specified for type "
                f"'{entity.type}' is not valid."
            )
        if one.post if creating else one.put:
            values[name] = _convert_one(one, value)
    return values


def _convert_one(one: Property, value: Any) -> Any:
    if value is None:
        return None
    try:
        return _CONVERTERS[one.type](value, one)
    except (ValueError, TypeError, ArithmeticError) as wrong:
        raise BadQueryError(
            "Error processing request stream. Error encountered in converting the value from request payload "
            f"for property '{one.name}' to type 'Edm.{one.type}'."
        ) from wrong


def _text(value: Any, one: Property) -> str:
    if not isinstance(value, str):
        raise TypeError
    text = value.rstrip(" ") if one.padding else value
    return text.replace("\x00", "")


def _number(value: Any, _one: Property) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise TypeError
    number = Decimal(value)
    if not number.is_finite():
        raise ValueError
    return number


def _integer(value: Any, one: Property) -> int:
    if isinstance(value, bool):
        value = int(value)
    number = _number(value, one)
    low, high = _LIMITS[one.type]
    if number != number.to_integral_value() or not low <= number <= high:
        raise ValueError
    return int(number)


def _flag(value: Any, _one: Property) -> bool:
    if isinstance(value, bool):
        return value
    if value in (0, 1):
        return bool(value)
    raise TypeError


def _guid(value: Any, _one: Property) -> str:
    if not isinstance(value, str) or not re.fullmatch(GUID, value):
        raise ValueError
    return value.lower()


def _moment(value: Any, one: Property) -> datetime:
    """Wall time; with a zone the digits of UTC are taken, so a day can shift (E63)."""
    found = _MS_DATE.fullmatch(value)
    if found:
        moment = datetime(1970, 1, 1) + timedelta(milliseconds=int(found.group(1)))  # noqa: DTZ001 (wall time)
    else:
        moment = datetime.fromisoformat(value)
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    if one.name in WITH_TIME:
        return moment
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _binary(value: Any, _one: Property) -> str:
    try:
        base64.b64decode(value, validate=True)
    except binascii.Error as wrong:
        raise ValueError from wrong
    return str(value)


def _lines(value: Any, _one: Property) -> list[dict[str, Any]]:
    """A collection in a deep insert (E66): a list of objects, or ``{"results": [...]}``."""
    rows = value.get("results") if isinstance(value, dict) else value
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise TypeError
    return rows


_CONVERTERS: dict[str, Callable[[Any, Property], Any]] = {
    "String": _text,
    "Double": _number,
    "Byte": _integer,
    "Int16": _integer,
    "Int32": _integer,
    "Boolean": _flag,
    "Guid": _guid,
    "DateTime": _moment,
    "Binary": _binary,
    "Collection": _lines,
}
