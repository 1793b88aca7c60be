"""Numbers, texts and moments as the shop's database keeps them."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

LARGEST = Decimal("99999999999999.999999")  # a decimal(20,6) column: larger values are cut down to it (M2.7)
PRICE_PLACES, STOCK_PLACES, PERCENT_PLACES, MONEY_PLACES = 6, 4, 2, 2
NUMERIC = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*\Z")
BEYOND_BMP = re.compile("[\U00010000-\U0010ffff]")


def is_numeric(value: Any) -> bool:
    """Whether the shop's language takes a value for a number."""
    if isinstance(value, bool | int | Decimal):
        return True
    return isinstance(value, str) and NUMERIC.match(value) is not None


def decimal(value: Any) -> Decimal:
    """The number that a numeric value stands for; ValueError for another."""
    try:
        return Decimal(str(int(value))) if isinstance(value, bool) else Decimal(str(value).strip())
    except InvalidOperation as wrong:
        raise ValueError(f"{value!r} is no number") from wrong


def scaled(value: Any, places: int) -> Decimal:
    """A number as a column with so many decimals keeps it."""
    number = max(min(decimal(value), LARGEST), -LARGEST)
    return number.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def shown(value: Decimal | None) -> Decimal | None:
    """A number as the shop prints it: through a binary float of 17 digits (M2.7: 99999999999999.999999 → 1e14)."""
    return None if value is None else Decimal(repr(float(value)))


def money(value: Decimal) -> Decimal:
    """Rounded to cents, halves up."""
    return value.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def stored_text(value: Any, length: int | None = None) -> str:
    """A text as the database keeps it: cut, and four question marks for each character beyond the BMP (M2.7)."""
    text = BEYOND_BMP.sub("????", str(value))
    return text if length is None else text[:length]


def folded(text: str) -> str:
    """What the database compares: no letter case, no blanks at the end (M2.2)."""
    return text.lower().rstrip(" ")


def url_key(text: str) -> str:
    """``Ünï cödé / 50% Näme!`` → ``uni-code-50-name`` (M2.10)."""
    plain = text.replace("ß", "ss").replace("æ", "ae").replace("Æ", "AE").replace("ø", "o").replace("œ", "oe")
    plain = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
    return re.sub(r"[^0-9a-z]+", "-", plain.lower()).strip("-")


def moment(value: datetime) -> str:
    """``2026-11-21 19:50:05``: UTC, no mark of it."""
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


MOMENT = re.compile(
    r"\s*(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]+(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,6}))?)?)?(?:Z|[+-]\d\d:?\d\d)?"
)


def read_moment(text: Any) -> datetime | None:
    """A moment as the database reads a text: zones are ignored; None for nonsense, which sorts before all (M§3)."""
    found = MOMENT.match(str(text))
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    micro = int((found.group(7) or "0").ljust(6, "0"))
    try:
        return datetime(year, month, day, hour, minute, second, micro, tzinfo=UTC)
    except ValueError:
        return None


def camel(name: str) -> str:
    """``does_not_exist`` → ``DoesNotExist``, as the shop names an unknown field."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def snake(name: str) -> str:
    """``attributeSetId`` → ``attribute_set_id``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def write(value: Decimal | int) -> str:
    """A number as the shop prints it in a message."""
    text = format(Decimal(value), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
