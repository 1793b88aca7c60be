"""Converters of single values: texts, codes, numbers, flags, references, sets."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any, ClassVar, Final, Literal

from stdnum import ean
from stdnum.exceptions import ValidationError

from connector.mapping.context import Context
from connector.mapping.converter import Converter, Unfit, converter, plain
from connector.mapping.expressions import Expression
from connector.model.entity import Value

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_ANY_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_BEYOND_16_BIT: Final = re.compile(r" ?[^\u0000-\uffff][\ufe0f\u200d\u20e3]*")
_ROUNDING: Final = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN, "down": ROUND_DOWN}


def text_of(raw: object) -> str:
    """A native value that should be text; whole numbers are taken as their digits."""
    if isinstance(raw, str):
        return raw
    if isinstance(raw, int | Decimal) and not isinstance(raw, bool):
        return str(raw)
    raise Unfit("is no text")


def clean(text: str) -> str | None:
    """NFC, ends trimmed, line ends as \\n, no control characters; empty is null (canonical-model 0)."""
    if text.isascii() and text.isprintable():
        return text.strip() or None
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.isprintable():
        text = _CONTROL.sub("", text)
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return text.strip() or None


class Same(Converter):
    """A converter for which many spellings mean the same: the one that is there is kept."""

    def sense(self, value: str) -> object:
        """What two spellings share."""
        raise NotImplementedError

    def put(self, value: Any, before: Any, context: Context) -> Any:
        if isinstance(before, str) and self.sense(before) == self.sense(str(value)):
            return before
        value = self.get(value, context)
        return None if value is None else self.fresh(value)

    def fresh(self, value: Any) -> Any:
        """What is written where another value stands."""
        return value


@converter("text")
@dataclass(frozen=True)
class Text(Converter):
    """Text as canonical-model 0 has it."""

    def get(self, raw: Any, context: Context) -> Any:
        return clean(text_of(raw))

    def put(self, value: Any, before: Any, context: Context) -> Any:
        return clean(text_of(value))


@converter("trim")
@dataclass(frozen=True)
class Trim(Converter):
    """A code that the channel pads: blanks off the ends, none put back."""

    def get(self, raw: Any, context: Context) -> Any:
        return text_of(raw).strip() or None

    def put(self, value: Any, before: Any, context: Context) -> Any:
        return text_of(value).strip() or None


@converter("code")
@dataclass(frozen=True)
class Code(Same):
    """A code without control characters, ends trimmed.

    ``fold`` for a channel that compares without case: there another spelling is no difference.
    """

    fold: bool = False

    def get(self, raw: Any, context: Context) -> Any:
        text = text_of(raw)
        if not text.isprintable() or not text.isascii():
            text = unicodedata.normalize("NFC", _ANY_CONTROL.sub("", text))
        return text.strip() or None

    def sense(self, value: str) -> object:
        text = unicodedata.normalize("NFC", _ANY_CONTROL.sub("", value)).strip()
        return unicodedata.normalize("NFC", text.casefold()) if self.fold else text


@converter("case")
@dataclass(frozen=True)
class Case(Same):
    """Text whose case means nothing, as an e-mail address: canonically in one case, kept as it is there."""

    to: Literal["lower", "upper"] = "lower"

    def get(self, raw: Any, context: Context) -> Any:
        return self.sense(text_of(raw))

    def sense(self, value: str) -> str:
        return value.lower() if self.to == "lower" else value.upper()


@converter("label")
@dataclass(frozen=True)
class Label(Same):
    """A reference by its label: the same one in any case (canonical-model 1, brand)."""

    def get(self, raw: Any, context: Context) -> Any:
        return clean(text_of(raw))

    def sense(self, value: str) -> object:
        return (clean(value) or "").casefold()


@converter("gtin")
@dataclass(frozen=True)
class Gtin(Same):
    """A barcode: 8, 12, 13 or 14 digits, the same when they are after padding to 14; else an own code.

    A wrong check digit is a warning, not an error: shops have them (canonical-model 0).
    """

    def get(self, raw: Any, context: Context) -> Any:
        return _ANY_CONTROL.sub("", text_of(raw)).strip() or None

    def sense(self, value: str) -> object:
        digits = value.strip()
        return digits.zfill(14) if is_gtin(digits) else digits

    def warning(self, value: Any) -> str:
        return "its check digit is wrong" if is_gtin(str(value)) and not check_digit_fits(str(value)) else ""


def is_gtin(code: str) -> bool:
    """Whether a code has the form of a GTIN, whatever its check digit."""
    return len(code) in (8, 12, 13, 14) and code.isascii() and code.isdigit()


def check_digit_fits(digits: str) -> bool:
    """GS1's check digit, the same for every length."""
    try:
        ean.validate(digits)
    except ValidationError:
        return False
    return True


@converter("cut")
@dataclass(frozen=True)
class Cut(Converter):
    """For a channel that holds only so many characters: what is longer is cut, by us, before it is sent."""

    length: int

    def get(self, raw: Any, context: Context) -> Any:
        return raw

    def put(self, value: Any, before: Any, context: Context) -> Any:
        return text_of(value)[: self.length].rstrip() or None


@converter("refuse")
@dataclass(frozen=True)
class Refuse(Converter):
    """For a code that must not be cut: what is longer cannot be carried."""

    length: int

    def get(self, raw: Any, context: Context) -> Any:
        return raw

    def put(self, value: Any, before: Any, context: Context) -> Any:
        text = text_of(value)
        if len(text) > self.length:
            raise Unfit(f"is longer than {self.length} characters", "shorten it, or leave the record out there")
        return text


@converter("drop_emoji")
@dataclass(frozen=True)
class DropEmoji(Converter):
    """For a channel that turns characters beyond 16 bit into question marks: taken out before sending."""

    def get(self, raw: Any, context: Context) -> Any:
        return raw

    def put(self, value: Any, before: Any, context: Context) -> Any:
        return clean(_BEYOND_16_BIT.sub("", text_of(value)))


@converter("mask_cards")
@dataclass(frozen=True)
class MaskCards(Converter):
    """For a channel that masks what looks like a card number: masked before sending, so that it stays the same."""

    _RUN: ClassVar[re.Pattern[str]] = re.compile(r"\d(?:[ -]?\d){12,18}")

    def get(self, raw: Any, context: Context) -> Any:
        return raw

    def put(self, value: Any, before: Any, context: Context) -> Any:
        return self._RUN.sub(lambda run: re.sub(r"\d", "*", run[0]), text_of(value))


def decimal_of(raw: object) -> Decimal:
    """A native number, exactly. A float is refused: its digits were lost before it came here."""
    if isinstance(raw, Decimal):
        return raw
    if isinstance(raw, int) and not isinstance(raw, bool):
        return Decimal(raw)
    if isinstance(raw, str):
        try:
            return Decimal(raw.strip())
        except ArithmeticError:
            raise Unfit("is no number") from None
    raise Unfit("is no exact number")


def rounded(number: Decimal, scale: int, rounding: str = "half_up") -> Decimal:
    """To so many places, then in its one form."""
    return plain(number.quantize(Decimal(1).scaleb(-scale), rounding=_ROUNDING[rounding]))


@converter("decimal")
@dataclass(frozen=True)
class Number(Converter):
    """An exact number of so many places; ``scale`` left out keeps what comes."""

    scale: int | None = None
    rounding: Literal["half_up", "half_even", "down"] = "half_up"

    def get(self, raw: Any, context: Context) -> Any:
        number = decimal_of(raw)
        return plain(number) if self.scale is None else rounded(number, self.scale, self.rounding)

    def put(self, value: Any, before: Any, context: Context) -> Any:
        return self.get(value, context)


@converter("int_string")
@dataclass(frozen=True)
class IntString(Converter):
    """A whole number that the channel writes as text."""

    def get(self, raw: Any, context: Context) -> Any:
        number = decimal_of(raw)
        if number != int(number):
            raise Unfit("is no whole number")
        return int(number)

    def put(self, value: Any, before: Any, context: Context) -> Any:
        return str(self.get(value, context))


@converter("flag")
@dataclass(frozen=True)
class Flag(Converter):
    """A flag by its two native values; true and false unless said. No truthiness: a third value is refused."""

    yes: bool | int | str = True
    no: bool | int | str = False

    def get(self, raw: Any, context: Context) -> Any:
        if self._is(raw, self.yes):
            return True
        if self._is(raw, self.no):
            return False
        raise Unfit("is neither of the two values of this flag")

    def put(self, value: Any, before: Any, context: Context) -> Any:
        return self.yes if value else self.no

    @staticmethod
    def _is(raw: object, native: bool | int | str) -> bool:
        if isinstance(native, bool):
            return raw is native
        return raw == native or str(raw) == str(native)


@converter("bit")
@dataclass(frozen=True)
class Bit(Flag):
    """A flag as 1 and 0."""

    yes: bool | int | str = 1
    no: bool | int | str = 0

    def get(self, raw: Any, context: Context) -> Any:
        return raw if isinstance(raw, bool) else super().get(raw, context)


@converter("not")
@dataclass(frozen=True)
class Not(Converter):
    """The opposite of a flag."""

    def get(self, raw: Any, context: Context) -> Any:
        return not _flag(raw)

    def put(self, value: Any, before: Any, context: Context) -> Any:
        return not _flag(value)


def _flag(raw: object) -> bool:
    if not isinstance(raw, bool):
        raise Unfit("is no flag")
    return raw


@converter("default")
@dataclass(frozen=True)
class Default(Converter):
    """What a missing value means there: ``value`` in place of a native null."""

    value: bool | int | str | Decimal
    nulls: ClassVar[bool] = True

    def get(self, raw: Any, context: Context) -> Any:
        return self.value if raw is None else raw

    def put(self, value: Any, before: Any, context: Context) -> Any:
        return value


@converter("none_if")
@dataclass(frozen=True)
class NoneIf(Converter):
    """The native value that means "not set" there."""

    value: bool | int | str | Decimal
    nulls: ClassVar[bool] = True

    def get(self, raw: Any, context: Context) -> Any:
        return None if raw == self.value else raw

    def put(self, value: Any, before: Any, context: Context) -> Any:
        return self.value if value is None and before is not None else value


@converter("lookup")
@dataclass(frozen=True)
class Lookup(Converter):
    """A reference by a table, canonical → native; where two share a native value, the first is read.

    ``missing``: ``refuse`` what is not in the table, ``null`` reads it as nothing and never writes
    it, ``keep`` carries it as it is.
    """

    table: dict[str, Any]
    missing: Literal["refuse", "null", "keep"] = "refuse"
    _names: dict[str, str] = field(init=False, repr=False)
    nulls: ClassVar[bool] = False

    def __post_init__(self) -> None:
        names: dict[str, str] = {}
        for name, native in self.table.items():
            names.setdefault(str(native), name)
        object.__setattr__(self, "_names", names)

    def get(self, raw: Any, context: Context) -> Any:
        name = self._names.get(str(raw))
        return name if name is not None else self._other(raw, None)

    def put(self, value: Any, before: Any, context: Context) -> Any:
        native = self.table.get(str(value))
        return native if native is not None else self._other(value, before)

    def _other(self, value: Any, unknown: Value) -> Value:
        if self.missing == "refuse":
            raise Unfit("is not in the table", "add it to the table in this channel's settings")
        return unknown if self.missing == "null" else value


@converter("enum")
@dataclass(frozen=True)
class Enum(Lookup):
    """A reference by a table that stands in the mapping itself."""


@converter("compute")
@dataclass(frozen=True)
class Compute(Converter):
    """A small safe expression over ``value`` for each way; without ``write`` nothing is written."""

    read: str
    write: str = ""

    def get(self, raw: Any, context: Context) -> Any:
        return _number(self._reads.value({"value": raw}))

    def put(self, value: Any, before: Any, context: Context) -> Any:
        return _number(self._writes.value({"value": value}))

    def __post_init__(self) -> None:
        object.__setattr__(self, "_reads", Expression(self.read))
        object.__setattr__(self, "_writes", Expression(self.write or "value"))
        object.__setattr__(self, "writes", bool(self.write))

    _reads: Expression = field(init=False, repr=False)
    _writes: Expression = field(init=False, repr=False)


def _number(value: Any) -> Value:
    return plain(value) if isinstance(value, Decimal) else value
