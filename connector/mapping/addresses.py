"""Converters of addresses: one value each, with the house number apart where it can be told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Final, Literal, NamedTuple

from connector.mapping.context import Context
from connector.mapping.converter import Converter, converter
from connector.mapping.people import country_of, joined, phone_of
from connector.mapping.values import clean, text_of
from connector.model.entity import Value
from connector.model.fields import ADDRESS_MEMBERS

_WORD: Final = r"(?:bus|bte|bo[iî]te|box|b|app|apt|unit|et|ét|hs|huis|hoog|bg|bis|ter|zw|rd|to|k|s)"
_ADDITION: Final = (
    r"(?:\s?[-/]\s?[0-9A-Za-z]{1,5}(?![0-9A-Za-z])|\s[0-9]{1,2}\s?hoog"
    rf"|\s?{_WORD}\.?\s?[0-9]{{1,4}}[A-Za-z]?(?![A-Za-z])|\s?{_WORD}(?![A-Za-z])|\s?[A-Za-z]{{1,4}}(?![A-Za-z]))"
)
_LINE: Final = re.compile(
    rf"^(?P<street>.*?[^\W\d][^\d]*?(?:\s\S*\d\S*)*?),?\s+(?P<number>\d{{1,5}})(?P<addition>{_ADDITION}{{0,3}})$",
    re.IGNORECASE,
)
_NUMBER: Final = re.compile(rf"^(?P<number>\d{{1,5}})(?P<addition>{_ADDITION}{{0,3}})$", re.IGNORECASE)
_LONGEST_LINE: Final = 120  # a longer text is no street line
_NL_POSTCODE: Final = re.compile(r"^([1-9]\d{3})\s*([A-Z]{2})$")


class Street(NamedTuple):
    """A street with what tells the house; number None where it could not be told."""

    street: str | None
    number: str | None
    addition: str | None


@lru_cache(maxsize=1024)
def split_street(line: str | None) -> Street:
    """A street line by its last number group; what does not parse stays whole.

    "Plein 1944 12", "1e Jacob van Campenstraat 5-2", "Rue de la Loi 16 bte 4". Whatever is split
    joins and splits to the same again, so that a line is never cut further and further. Remembered,
    because one record is read, written and read again in a row.
    """
    line = squeezed(line)
    found = _LINE.match(line) if line and len(line) <= _LONGEST_LINE else None
    if found is None:
        return Street(line, None, None)
    parts = Street(found["street"].rstrip(","), found["number"], squeezed(found["addition"]))
    again = _LINE.match(join_street(parts) or "")
    stable = again is not None and again["street"] == parts.street and again["number"] == parts.number
    return parts if stable and squeezed(again["addition"]) == parts.addition else Street(line, None, None)  # type: ignore[index]


def join_street(parts: Street) -> str | None:
    """The line that is written: "Kade 12 B", "Kerkstraat 12/3 bus 5"."""
    return squeezed(" ".join(filter(None, (parts.street, _house(parts)))))


def _house(parts: Street) -> str | None:
    addition = parts.addition or ""
    blank = " " if parts.number and addition and addition[0] not in "-/" else ""
    return f"{parts.number or ''}{blank}{addition}" or None


def squeezed(text: Any) -> str | None:
    """Trimmed, runs of blanks as one; empty is null."""
    found = None if text is None else clean(text_of(text))
    if found is None or ("  " not in found and found.isprintable()):
        return found
    return " ".join(found.split()) or None


def postcode_of(raw: Any, country: str | None) -> str | None:
    """``3511 AB`` however it was typed; ``9000`` for ``B-9000``."""
    text = squeezed(raw)
    if text is None:
        return None
    text = text.upper()
    if country == "NL" and (found := _NL_POSTCODE.match(text)):
        return f"{found[1]} {found[2]}"
    if country in ("BE", "LU"):
        return re.sub(r"^[BL]\s?-\s?(?=\d)", "", text)
    return text


Style = Literal["joined", "lines", "separate"]


@converter("address")
@dataclass(frozen=True)
class Address(Converter):
    """An address as one value.

    Native members are those of the canonical address that the channel has, and:
    ``lines`` instead of ``street`` for a native list of lines, filled as ``street_style`` says:
    ``joined`` ["Kade 12 B", extra], ``lines`` ["Kade 12", "B", extra], ``separate`` ["Kade", "12",
    "B", extra]. A ``street`` with a ``number`` beside it is separate, without one joined.
    ``attention_first``, ``attention_last``: a channel that wants a name on each address;
    ``own_first``, ``own_last``, ``own_phone``: the customer's, which stand there when nothing
    else is to: they read as nothing. Reading, a house number on a line of its own is understood.
    """

    street_style: Style = "joined"
    nulls: ClassVar[bool] = True
    follows: ClassVar[bool] = True

    def get(self, raw: Any, context: Context) -> Any:
        country = country_of(raw.get("country"))
        where = _read_street(raw, self.street_style)
        found: dict[str, Value] = {
            "attention": _attention(raw),
            **where,
            "postcode": postcode_of(raw.get("postcode"), country),
            "city": squeezed(raw.get("city")),
            "region": squeezed(raw.get("region")),
            "country": country,
            "phone": _own_phone(raw, country or context.country),
        }
        return found if _says_something(found) else None

    def put(self, value: Any, before: Any, context: Context) -> Any:
        now = self.get(before, context)
        if value is None or not _says_something(value):
            return before if now is None else {member: self._emptied(member, raw) for member, raw in before.items()}
        now = now or {}
        written = {**before, **_write_attention(value, before)}
        if any(value.get(part) != now.get(part) for part in ("street", "number", "addition", "extra")):
            written |= _write_street(value, before, self.street_style)
        written |= _only(before, {member: value.get(member) for member in ("city", "region", "country")})
        country = value.get("country") if "country" in before else None
        if postcode_of(value.get("postcode"), country) != postcode_of(before.get("postcode"), country):
            written |= _only(before, {"postcode": value.get("postcode")})
        if value.get("phone") is None or value["phone"] != _own_phone(before, country or context.country):
            written |= _only(before, {"phone": value.get("phone") or before.get("own_phone")})
        return {member: _kept(before[member], new) for member, new in written.items()}

    @staticmethod
    def _emptied(member: str, raw: Any) -> Any:
        """The customer's own members are not the address's to empty."""
        if member.startswith("own_"):
            return raw
        return [] if isinstance(raw, list) else None


def _says_something(address: Mapping[str, Any]) -> bool:
    """Whether it is an address at all: a country alone is what a system fills in by itself."""
    return any(address.get(member) for member in ("street", "number", "extra", "postcode", "city"))


def _read_street(raw: Mapping[str, Any], style: Style) -> dict[str, Value]:
    street = raw.get("street")
    if "lines" in raw:
        parts, extra = _read_lines([line for line in map(squeezed, raw["lines"] or []) if line], style)
        return {**parts._asdict(), "extra": extra}
    if "number" in raw:
        parts = Street(squeezed(street), squeezed(raw["number"]), squeezed(raw.get("addition")))
        return {**parts._asdict(), "extra": squeezed(raw.get("extra"))}
    parts, extra = _read_lines([line for line in map(squeezed, (street, raw.get("extra"))) if line], "joined")
    return {**parts._asdict(), "extra": extra}


def _read_lines(lines: list[str], style: Style) -> tuple[Street, str | None]:
    """(street, the rest in one line), from whatever the lines hold."""
    first = lines[0] if lines else None
    if style == "separate" and len(lines) > 1 and _NUMBER.match(lines[1]):
        return _read_separate(lines)
    parts, rest = split_street(first), lines[1:]
    if parts.number is None and rest and (found := _NUMBER.match(rest[0])):
        parts, rest = Street(parts.street, found["number"], squeezed(found["addition"])), rest[1:]
    elif style == "lines" and parts.number and parts.addition is None and rest and _is_addition(rest[0]):
        parts, rest = parts._replace(addition=rest[0]), rest[1:]
    return parts, " ".join(rest) or None


def _read_separate(lines: list[str]) -> tuple[Street, str | None]:
    found = _NUMBER.match(lines[1])
    number, addition = (found["number"], squeezed(found["addition"])) if found else (lines[1], None)
    rest = lines[2:]
    if addition is None and rest and _is_addition(rest[0]):
        addition, rest = rest[0], rest[1:]
    return Street(lines[0], number, addition), " ".join(rest) or None


def _is_addition(line: str) -> bool:
    return _NUMBER.match(_house(Street(None, "1", line)) or "") is not None


def _write_street(value: Mapping[str, Any], before: Mapping[str, Any], style: Style) -> dict[str, Value]:
    parts = Street(value.get("street"), value.get("number"), value.get("addition"))
    extra = value.get("extra")
    if "number" in before:
        return _only(before, {**parts._asdict(), "extra": extra})
    if "lines" in before:
        return {"lines": [line for line in (*_lines(parts, style), extra) if line]}
    return _only(before, {"street": join_street(parts), "extra": extra})


def _lines(parts: Street, style: Style) -> tuple[str | None, ...]:
    if style == "separate" and parts.number:
        return parts.street, parts.number, parts.addition
    if style == "lines" and parts.addition and _is_addition(parts.addition):
        return join_street(parts._replace(addition=None)), parts.addition
    return (join_street(parts),)


def _kept(before: Any, new: Any) -> Any:
    """What stands there where it says the same: an empty text for null, a padded country."""
    if isinstance(new, list) or isinstance(before, list):
        return new
    return before if squeezed(before) == squeezed(new) else new


def _only(members: Mapping[str, Any], values: dict[str, Value]) -> dict[str, Value]:
    return {member: value for member, value in values.items() if member in members}


def _attention(raw: Mapping[str, Any]) -> str | None:
    if "attention_last" not in raw:
        return squeezed(raw.get("attention"))
    name = joined(squeezed(raw["attention_first"]), squeezed(raw["attention_last"]))
    own = joined(squeezed(raw.get("own_first")), squeezed(raw.get("own_last")))
    return None if name == own else name


def _write_attention(value: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Value]:
    """A name that the address does not have for itself is the customer's."""
    attention = value.get("attention")
    if "attention_last" not in before:
        return _only(before, {"attention": attention}) if attention != squeezed(before.get("attention")) else {}
    if attention is not None and attention == _attention(before):
        return {}
    if attention is None:
        return {"attention_first": before.get("own_first"), "attention_last": before.get("own_last")}
    first, _, last = attention.rpartition(" ")
    return {"attention_first": first or "-", "attention_last": last}


def _own_phone(raw: Mapping[str, Any], country: str) -> str | None:
    phone = phone_of(raw.get("phone"), country)
    return None if phone == phone_of(raw.get("own_phone"), country) else phone


@converter("addresses")
@dataclass(frozen=True)
class Addresses(Converter):
    """Further addresses: a native list of members as for ``address``, each with its own ``id``, in no order.

    ``{list, own_first, …}`` where the customer's own name and phone stand in for missing ones. An
    address that stands there already is kept whole; one that changed keeps its id.
    """

    members: dict[str, str]
    street_style: Style = "joined"
    nulls: ClassVar[bool] = True
    follows: ClassVar[bool] = True

    def get(self, raw: Any, context: Context) -> Any:
        entries, own = _entries(raw)
        found = [self._one.get(self._members_of(entry, own), context) for entry in entries]
        return sorted((one for one in found if one is not None), key=_order) or None

    def put(self, value: Any, before: Any, context: Context) -> Any:
        entries, own = _entries(before)
        free = [(self._one.get(self._members_of(entry, own), context), entry) for entry in entries]
        wanted = [one for one in value or [] if _says_something(one)]
        held = [(one, self._shown(one, own, context)) for one in wanted]
        kept = [self._take(free, lambda seen, forms=forms: seen in forms) for forms in held]
        written = []
        for one, entry in zip(wanted, kept, strict=True):
            written.append(entry or self._changed(one, self._take(free, lambda seen: seen is not None), own, context))
        written += [entry for seen, entry in free if seen is None]  # what says nothing is nobody's to remove
        if not isinstance(before, dict):
            return written if written or entries else before
        return {**before, "list": written if written or entries else before["list"]}

    @staticmethod
    def _take(free: list[Any], fits: Any) -> Any:
        """The first that fits, taken out of the list; None where none does."""
        at = next((index for index, (seen, _) in enumerate(free) if fits(seen)), None)
        return None if at is None else free.pop(at)[1]

    def _shown(self, value: Any, own: Mapping[str, Any], context: Context) -> Any:
        """The address as this channel holds it: what it has no place for makes no other address of it."""
        fresh = self._members_of({}, own)
        return self._one.get(self._one.put(value, fresh, context), context)

    def _changed(self, value: Any, entry: Any, own: Mapping[str, Any], context: Context) -> dict[str, Value]:
        entry = entry or {}
        members = self._one.put(value, self._members_of(entry, own), context)
        return {**entry, **{native: members[member] for member, native in self.members.items()}}

    def _members_of(self, entry: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
        return {**{member: entry.get(native) for member, native in self.members.items()}, **own}

    @property
    def _one(self) -> Address:
        return Address(self.street_style)


def _entries(raw: Any) -> tuple[list[Any], dict[str, Any]]:
    """The list, and the customer's own members beside it."""
    if not isinstance(raw, dict):
        return list(raw or []), {}
    return list(raw["list"] or []), {member: value for member, value in raw.items() if member != "list"}


def _order(address: Value) -> tuple[str, ...]:
    assert isinstance(address, dict)
    return tuple(str(address[member] or "") for member in ADDRESS_MEMBERS)
