"""Exact numbers in JSON, in and out.

What is read as ``12.50`` is ``Decimal("12.50")``; what is written as ``Decimal("12.50")`` is ``12.5``,
and ``Decimal("12.00")`` is ``12``: the number that the real systems print. Integers stay integers. A
binary float is refused on both ways, because it would carry noise that no shop ever typed.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

import msgspec
from flask.json.provider import JSONProvider

_ENCODER = msgspec.json.Encoder()


def round_half_up(value: Decimal, places: int) -> Decimal:
    """``value`` with ``places`` decimals, halves away from zero (canonical-model 3: half_up)."""
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def write_decimal(value: Decimal) -> str:
    """The shortest exact digits of a finite ``value``, without an exponent; ValueError for NaN and infinity."""
    if not value.is_finite():
        raise ValueError(f"{value} is no JSON number")
    digits = format(value, "f")
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    return "0" if digits in ("-0", "") else digits


def _plain(value: Any) -> Any:
    """``value`` in terms that the encoder writes exactly; TypeError for a float."""
    kind = type(value)
    if kind in (str, int, bool) or value is None:
        return value
    if kind is dict:
        return {str(key): _plain(member) for key, member in value.items()}
    if kind in (list, tuple):
        return [_plain(member) for member in value]
    if kind is Decimal:
        return msgspec.Raw(write_decimal(value).encode("ascii"))
    return _plain_rare(value)


def _plain_rare(value: Any) -> Any:
    """The less common kinds of :func:`_plain`."""
    if isinstance(value, float):
        raise TypeError(f"a float ({value!r}) reached the JSON writer; use Decimal")
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, dict):
        return _plain(dict(value))
    if isinstance(value, set | frozenset):
        return [_plain(member) for member in sorted(value)]
    if isinstance(value, list | tuple):
        return [_plain(member) for member in value]
    return value


def write_json(value: Any) -> str:
    """``value`` as compact JSON text, non-ASCII characters as themselves."""
    return _ENCODER.encode(_plain(value)).decode("utf-8")


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def read_json(text: str | bytes) -> Any:
    """The value of a JSON ``text``, numbers with a point or exponent as Decimal; ValueError when malformed."""
    return json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)


class ExactJson(JSONProvider):
    """Flask's JSON with exact numbers: ``app.json = ExactJson(app)``."""

    def dumps(self, obj: Any, **_kwargs: Any) -> str:
        """``obj`` as JSON text."""
        return write_json(obj)

    def loads(self, s: str | bytes, **_kwargs: Any) -> Any:
        """The value of JSON text ``s``."""
        return read_json(s)
