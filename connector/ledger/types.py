"""Column types that keep exactly what they are given, the same on SQLite and PostgreSQL.

The drivers' own types do not: ``Numeric`` passes through float on SQLite, and a
``DateTime(timezone=True)`` comes back without its zone.
"""

from __future__ import annotations

import zlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Final

import msgspec
from sqlalchemy import BigInteger, Dialect, LargeBinary, Text
from sqlalchemy.types import TypeDecorator

from connector.errors import LedgerError

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number", order="deterministic")
_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)


def pack(value: Any) -> bytes:
    """JSON-shaped value → compact bytes; equal values of equal shape give equal bytes.

    ``Decimal`` becomes a JSON number, digit for digit. Raises TypeError on what JSON cannot hold,
    NaN and infinity among it: written as numbers they could never be read again.
    """
    packed = _ENCODER.encode(value)
    if b"NaN" in packed or b"Infinity" in packed:
        _refuse_unreadable(packed)
    return packed


def unpack(packed: bytes) -> Any:
    """The value that :func:`pack` was given. A whole ``Decimal`` comes back as an equal ``int``."""
    try:
        return _DECODER.decode(packed)
    except msgspec.DecodeError as error:
        raise LedgerError("a packed column cannot be read; run `connector ledger verify`") from error


def _refuse_unreadable(packed: bytes) -> None:
    try:
        _DECODER.decode(packed)
    except msgspec.DecodeError:
        raise TypeError("NaN and infinity are not values of the model") from None


class ExactDecimal(TypeDecorator[Decimal]):
    """``Decimal`` as text in plain notation: exact, scale included. Not ordered by value in SQL."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Decimal | int | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, Decimal | int):
            raise TypeError(f"{type(value).__name__} is not an exact number")
        number = Decimal(value)
        if not number.is_finite():
            raise TypeError("NaN and infinity are not values of the model")
        return format(number, "f")

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


class Instant(TypeDecorator[datetime]):
    """An aware moment as whole microseconds since 1970 (UTC): eight bytes, ordered, the same on both databases."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise TypeError("a moment without a time zone is not an instant")
        return (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else _EPOCH + value * _MICROSECOND


#: Shorter ones gain nothing; a compressed value begins with a byte that no JSON begins with.
_WORTH_COMPRESSING: Final = 240
_COMPRESSED: Final = b"x"


class Packed(TypeDecorator[Any]):
    """A JSON-shaped value in one compact column (:func:`pack`), long ones compressed; ``None`` is SQL's NULL."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        packed = None if value is None else pack(value)
        return packed if packed is None or len(packed) < _WORTH_COMPRESSING else zlib.compress(packed, 6)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        return unpack(_decompressed(value) if value[:1] == _COMPRESSED else value)


def _decompressed(value: bytes) -> bytes:
    try:
        return zlib.decompress(value)
    except zlib.error as error:
        raise LedgerError("a packed column cannot be read; run `connector ledger verify`") from error


class EnumText(TypeDecorator[Enum]):
    """A member of an enumeration, stored as its value, so that a person can read the table."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: type[Enum]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: Enum | None, dialect: Dialect) -> str | None:
        return None if value is None else str(self.kind(value).value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Enum | None:
        if value is None:
            return None
        try:
            return self.kind(value)
        except ValueError as error:
            raise LedgerError(f"{value!r} is no {self.kind.__name__}: written by a newer version?") from error
