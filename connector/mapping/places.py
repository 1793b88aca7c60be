"""Converters over several native names, or over lists: which of them, in which order, all alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal

from connector.mapping.context import Context
from connector.mapping.converter import Converter, Unfit, converter
from connector.mapping.values import clean, is_gtin, text_of

_ELSE: Final = "else."


@converter("set")
@dataclass(frozen=True)
class Set(Converter):
    """A set of texts: a native list, or one text with ``separator``; replaced as a whole."""

    separator: str = ""

    def get(self, raw: Any, context: Context) -> Any:
        items = raw if isinstance(raw, list) else self._split(raw)
        return sorted({text for item in items if (text := clean(text_of(item)))}) or None

    def put(self, value: Any, before: Any, context: Context) -> Any:
        return self.separator.join(value) if self.separator else list(value)

    def _split(self, raw: Any) -> list[str]:
        if not self.separator:
            raise Unfit("is no list")
        return text_of(raw).split(self.separator)


@converter("same_everywhere")
@dataclass(frozen=True)
class SameEverywhere(Converter):
    """One value that the channel keeps in several places: read from the first that has it, written to all."""

    nulls: ClassVar[bool] = True

    def get(self, raw: Any, context: Context) -> Any:
        return next((one for one in raw if one not in (None, "")), None)

    def put(self, value: Any, before: Any, context: Context) -> Any:
        return [value] * len(before)


@converter("member")
@dataclass(frozen=True)
class Member(Converter):
    """One of several native names, as a setting says; the others are left alone."""

    name: str
    nulls: ClassVar[bool] = True

    def get(self, raw: Any, context: Context) -> Any:
        return raw[self.name]

    def put(self, value: Any, before: Any, context: Context) -> Any:
        return {**before, self.name: value}


@converter("marked")
@dataclass(frozen=True)
class Marked(Converter):
    """A value with a mark beside it that says what it is (fixed, discount): [value, mark].

    Other marks are other fields' business: there it reads null, and emptying it changes nothing.
    """

    mark: str
    nulls: ClassVar[bool] = True

    def get(self, raw: Any, context: Context) -> Any:
        value, mark = raw
        return value if mark == self.mark else None

    def put(self, value: Any, before: Any, context: Context) -> Any:
        if value is not None:
            return [value, self.mark]
        return [None, self.mark] if before[1] == self.mark else before


@converter("either")
@dataclass(frozen=True)
class Either(Converter):
    """One of two places for the same thing: members, and the same ones as ``else.member``.

    The first place counts where anything stands in it; otherwise the second is read and written.
    """

    nulls: ClassVar[bool] = True

    def get(self, raw: Any, context: Context) -> Any:
        return self._place(raw, self._prefix(raw))

    def put(self, value: Any, before: Any, context: Context) -> Any:
        emptied = all(one is None for one in value.values())
        prefixes = ("", _ELSE) if emptied else (self._prefix(before),)
        return {**before, **{f"{prefix}{member}": one for prefix in prefixes for member, one in value.items()}}

    @staticmethod
    def _prefix(raw: Mapping[str, Any]) -> str:
        stands = any(one not in (None, "") for member, one in raw.items() if not member.startswith(_ELSE))
        return "" if stands else _ELSE

    @staticmethod
    def _place(raw: Mapping[str, Any], prefix: str) -> dict[str, Any]:
        second = {member.removeprefix(_ELSE): one for member, one in raw.items() if member.startswith(_ELSE)}
        return second if prefix else {member: raw[member] for member in second if member in raw}


@converter("own_value")
@dataclass(frozen=True)
class OwnValue(Converter):
    """A value that the channel takes from its own defaults until told otherwise: [value, uses_default]."""

    nulls: ClassVar[bool] = True

    def get(self, raw: Any, context: Context) -> Any:
        return raw[0]

    def put(self, value: Any, before: Any, context: Context) -> Any:
        return [value, False]


@converter("codes")
@dataclass(frozen=True)
class Codes(Converter):
    """One list of codes for SKU and barcodes, [{type, code}]: the first is the SKU, the others are printed.

    ``take``: the ``first`` (``sku``), the ``second`` (``barcode``), or the ``rest`` (``more_barcodes``).
    The list is always written whole: the SKU, the barcode, the further ones in order, each once. A
    further one moves up where there is no barcode: the list has no gap to show that.
    """

    take: Literal["first", "second", "rest"]
    nulls: ClassVar[bool] = True
    _TYPES: ClassVar[dict[int, str]] = {8: "EAN", 12: "UPC", 13: "EAN", 14: "ITF"}

    def get(self, raw: Any, context: Context) -> Any:
        codes = [clean(text_of(entry["code"])) for entry in raw or []]
        if self.take == "first":
            return next(iter(codes), None)
        printed = [code for code in codes[1:] if code]
        return next(iter(printed), None) if self.take == "second" else sorted(printed[1:]) or None

    def put(self, value: Any, before: Any, context: Context) -> Any:
        there = list(before or [])
        own = [{"type": "CUSTOM", "code": value}] if self.take == "first" and value else there[:1]
        if not own:
            return before  # the first entry is the SKU: without one there is no place behind it
        barcode = value if self.take == "second" else self._other("second", "barcode", before, context)
        more = value if self.take == "rest" else self._other("rest", "more_barcodes", before, context)
        printed = [self._entry(code, there[1:]) for code in ([barcode] if barcode else []) + sorted(more or [])]
        once: dict[str, Any] = {}
        for entry in (*own, *printed):
            once.setdefault(_sense(entry["code"]), entry)
        return list(once.values())

    @staticmethod
    def _other(take: Literal["second", "rest"], field: str, before: Any, context: Context) -> Any:
        """What another field is to show; what it shows now where nothing is said of it."""
        return context.writing[field] if field in context.writing else Codes(take).get(before, context)

    def _entry(self, code: str, there: list[Any]) -> dict[str, Any]:
        """The entry that stands there already, else a new one."""
        kind = self._TYPES.get(len(code), "CUSTOM") if is_gtin(code) else "CUSTOM"
        return next((one for one in there if _sense(one["code"]) == _sense(code)), {"type": kind, "code": code})


def _sense(code: str) -> str:
    """Two spellings of one GTIN are one code."""
    return code.zfill(14) if is_gtin(code) else code


@converter("unique_name")
@dataclass(frozen=True)
class UniqueName(Converter):
    """A name that the channel wants once only: ``{name, code}``; " [CODE]" behind it tells two apart.

    It is taken off when reading, and kept when writing where it stands. ``always`` puts it there
    from the start; otherwise the adapter adds it when the channel refuses the name as taken.
    """

    always: bool = False
    nulls: ClassVar[bool] = True

    def get(self, raw: Any, context: Context) -> Any:
        name = raw["name"]
        suffix = self._suffix(raw)
        return name.removesuffix(suffix) if isinstance(name, str) and suffix else name

    def put(self, value: Any, before: Any, context: Context) -> Any:
        suffix = self._suffix(before)
        stands = bool(suffix) and isinstance(before["name"], str) and before["name"].endswith(suffix)
        if value is None or not (stands or (self.always and suffix)):
            return {**before, "name": value}
        return {**before, "name": f"{str(value).removesuffix(suffix)}{suffix}"}

    @staticmethod
    def _suffix(raw: Any) -> str:
        code = raw["code"]
        if isinstance(code, list):
            code = next((entry["code"] for entry in code), None)
        return f" [{code}]" if code else ""
