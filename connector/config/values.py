"""The kinds of values in config.toml: pydantic types with plain complaints."""

from __future__ import annotations

import re
from datetime import time
from decimal import Decimal
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, StringConstraints

from connector.config.model import Listen

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION: Final = re.compile(r"(\d+)\s*([smhd])")
_DAILY: Final = re.compile(r"daily (\d\d):(\d\d)")
_BOOKS: Final = re.compile(r"never|(journal|customer|user):\S.*")
_LISTEN: Final = re.compile(r"(?:\[([0-9a-fA-F:]+)\]|([^:\s]+)):(\d+)")


def duration(value: Any) -> int:
    """``30s``, ``5m``, ``2h``, ``1d`` in seconds."""
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None or int(match[1]) == 0:
        raise ValueError('write a duration like "30s", "5m", "2h" or "1d"')
    return int(match[1]) * _SECONDS[match[2]]


def sweep(value: Any) -> time | None:
    """``daily 03:00`` in the shop's zone, or ``never``."""
    if value == "never":
        return None
    match = _DAILY.fullmatch(value) if isinstance(value, str) else None
    if match is None or int(match[1]) > 23 or int(match[2]) > 59:
        raise ValueError('write "daily 03:00" or "never"')
    return time(int(match[1]), int(match[2]))


def number(value: Any) -> Any:
    """A whole number is a number too; a flag is not."""
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value


def zone(value: Any) -> ZoneInfo:
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise ValueError('no such time zone; write one like "Europe/Amsterdam"') from None


def listen(value: Any) -> Listen:
    match = _LISTEN.fullmatch(value) if isinstance(value, str) else None
    if match is None or int(match[3]) > 65535:
        raise ValueError('write an address and a port like "127.0.0.1:8300"')
    return Listen(match[1] or match[2], int(match[3]))


def books(value: Any) -> str:
    if not isinstance(value, str) or not _BOOKS.fullmatch(value):
        raise ValueError('write "never", "journal:CODE", "customer:CODE" or "user:NAME"')
    return value


def currency(value: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}", value):
        raise ValueError('write its three letters, like "EUR"')
    return value


def country(value: str) -> str:
    if not re.fullmatch(r"[A-Z]{2}", value):
        raise ValueError('write its two letters, like "NL"')
    return value


Duration = Annotated[int, PlainValidator(duration)]
Sweep = Annotated[time | None, PlainValidator(sweep)]
Number = Annotated[Decimal, BeforeValidator(number)]
Share = Annotated[Number, Field(ge=0, le=1)]
Zone = Annotated[ZoneInfo, PlainValidator(zone)]
Address = Annotated[Listen, PlainValidator(listen)]
Books = Annotated[str, PlainValidator(books)]
Text = Annotated[str, StringConstraints(min_length=1)]
Currency = Annotated[str, AfterValidator(currency)]
Country = Annotated[str, AfterValidator(country)]
