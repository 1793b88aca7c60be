"""Converters of people: names with infixes, phone numbers, VAT numbers, languages and countries."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Final, Literal

import phonenumbers
from stdnum.eu import vat as eu_vat

from connector.mapping.context import Context
from connector.mapping.converter import Converter, Unfit, converter
from connector.mapping.values import Same, clean, text_of
from connector.model.entity import Value
from connector.model.fields import NAME_MEMBERS

#: What stands before a Dutch, Flemish, German or French last name, if it begins in lower case.
INFIXES: Final = frozenset(
    (
        *("van", "van der", "van den", "van de", "van het", "van 't", "van ter", "van ten", "v.d.", "v/d", "vd"),
        *("de", "den", "der", "ter", "ten", "te", "'t", "het", "in 't", "in de", "in den", "op de", "op den", "op 't"),
        *("op ten", "aan de", "aan den", "aan 't", "uit de", "uit den", "uit het", "bij de", "onder de", "over de"),
        *("voor de", "d'", "l'", "de la", "de l'", "de le", "du", "des", "la", "le", "von", "von der", "von dem"),
        *("vom", "zu", "zum", "zur", "von und zu", "da", "di", "della", "dos", "del"),
    )
)
_LONGEST_INFIX: Final = max(len(infix.split()) for infix in INFIXES)
_ELIDED: Final = re.compile(r"^(?P<infix>[dl]['’])(?P<last>\S.*)$")


def joined(*parts: str | None) -> str | None:
    """Name parts in a row, an elided infix (d') without a blank."""
    text = ""
    for part in parts:
        if part:
            text += part if not text or _is_elided(text) else f" {part}"
    return text or None


def _is_elided(text: str) -> bool:
    return text.rsplit(" ", 1)[-1].replace("’", "'") in ("d'", "l'")


def split_infix(text: str | None) -> tuple[str | None, str | None]:
    """(infix, last name). Only what begins in lower case and is on the list: "Van den Broeck" has none."""
    text = _squeezed(text)
    if text is None:
        return None, None
    words = text.split(" ")
    for count in range(min(_LONGEST_INFIX, len(words) - 1), 0, -1):
        infix, rest = " ".join(words[:count]), " ".join(words[count:])
        if infix.replace("’", "'") in INFIXES and not _is_elided(infix):
            return _elided(infix, rest)
    found = _ELIDED.match(text)
    return (found["infix"], found["last"]) if found else (None, text)


def _elided(infix: str, rest: str) -> tuple[str, str]:
    """ "de l'" and the like: the elided half belongs to the infix."""
    found = _ELIDED.match(rest)
    if found and f"{infix} {found['infix']}".replace("’", "'") in INFIXES:
        return f"{infix} {found['infix']}", found["last"]
    return infix, rest


def split_name(text: str | None) -> tuple[str | None, str | None, str | None]:
    """(first, infix, last) of a name in one field: the infix divides it, else the last blank does."""
    text = _squeezed(text)
    if text is None:
        return None, None, None
    words = text.split(" ")
    for at in range(1, len(words)):
        infix, last = split_infix(" ".join(words[at:]))
        if infix is not None:
            return " ".join(words[:at]), infix, last
    return (" ".join(words[:-1]) or None, None, words[-1])


def _squeezed(text: str | None) -> str | None:
    text = clean(text) if text else None
    if text is None or ("  " not in text and text.isprintable()):
        return text
    return " ".join(text.split()) or None


@converter("person")
@dataclass(frozen=True)
class Person(Converter):
    """A person's name as one value: first, infix, last, initials.

    Native members: ``first``, ``infix``, ``last``, ``initials`` where the channel has them; without
    ``infix`` it goes before the last name; ``whole`` alone for a channel with one field.
    ``required`` for a channel that refuses an empty first or last name: it gets ``blank`` there.
    """

    required: bool = False
    blank: str = "-"
    nulls: ClassVar[bool] = True

    def get(self, raw: Any, context: Context) -> Any:
        if "whole" in raw:
            first, infix, last = split_name(_text(raw, "whole"))
        else:
            first, infix, last = self._own(raw, "first"), _text(raw, "infix"), self._own(raw, "last")
            if "infix" not in raw:
                infix, last = split_infix(last)
        return name_of(first, infix, last, _text(raw, "initials"))

    def put(self, value: Any, before: Any, context: Context) -> Any:
        name: Mapping[str, Any] = value or dict.fromkeys(NAME_MEMBERS)
        if "whole" in before:
            return {**before, "whole": joined(name["first"] or name["initials"], name["infix"], name["last"])}
        written = {member: name[member] for member in NAME_MEMBERS if member in before}
        if "infix" not in before:
            written["last"] = joined(name["infix"], name["last"])
        if "initials" not in before:
            written["first"] = name["first"] or name["initials"]
        if self.required:
            written |= {member: written[member] or self.blank for member in ("first", "last")}
        return {**before, **written}

    def _own(self, raw: Mapping[str, Any], member: str) -> str | None:
        text = _text(raw, member)
        return None if self.required and text == self.blank else text


def name_of(first: str | None, infix: str | None, last: str | None, initials: str | None = None) -> Value:
    """The canonical name; None where nobody is named."""
    if not (first or infix or last or initials):
        return None
    return {"first": first, "infix": infix, "last": last, "initials": initials}


def _text(raw: Mapping[str, Any], member: str) -> str | None:
    value = raw.get(member)
    return None if value is None else _squeezed(text_of(value))


@converter("company")
@dataclass(frozen=True)
class Company(Converter):
    """The company in a field that bears the person's name where there is none: ``name``, and the person's parts."""

    nulls: ClassVar[bool] = True
    follows: ClassVar[bool] = True

    def get(self, raw: Any, context: Context) -> Any:
        name = _text(raw, "name")
        return None if name == _person(raw) else name

    def put(self, value: Any, before: Any, context: Context) -> Any:
        name = _squeezed(text_of(value)) if value is not None else _person(before)
        return {**before, "name": name}


def _person(raw: Mapping[str, Any]) -> str | None:
    first = _text(raw, "first") or _text(raw, "initials")
    return joined(first, _text(raw, "infix"), _text(raw, "last"))


@converter("kind")
@dataclass(frozen=True)
class Kind(Converter):
    """Person or company, by what is filled in: ``name`` unlike the person's, or any other member at all."""

    nulls: ClassVar[bool] = True
    writes: ClassVar[bool] = False
    _PERSON: ClassVar[frozenset[str]] = frozenset({"name", "first", "infix", "last", "initials"})

    def get(self, raw: Any, context: Context) -> Any:
        evidence = any(value not in (None, "") for member, value in raw.items() if member not in self._PERSON)
        name = _text(raw, "name")
        return "company" if evidence or (name is not None and name != _person(raw)) else "person"


@converter("phone")
@dataclass(frozen=True)
class Phone(Converter):
    """A phone number: E.164 where it parses in its country, else as typed.

    One native name is read in the shop's country; with ``{phone, country}`` in that of the address.
    Nobody's formatting is rewritten: the same number is left as it stands.
    """

    nulls: ClassVar[bool] = True
    follows: ClassVar[bool] = True

    def get(self, raw: Any, context: Context) -> Any:
        return phone_of(*self._parts(raw, context))

    def put(self, value: Any, before: Any, context: Context) -> Any:
        number, country = self._parts(before, context)
        if value is None or phone_of(number, country) != phone_of(value, country):
            number = value
        return {**before, "phone": number} if isinstance(before, dict) else number

    @staticmethod
    def _parts(raw: Any, context: Context) -> tuple[Any, str]:
        if not isinstance(raw, dict):
            return raw, context.country
        return raw["phone"], country_of(raw["country"]) or context.country

    def warning(self, value: Any) -> str:
        return "" if str(value).startswith("+") else "it is no phone number that can be read"


def phone_of(raw: Any, country: str) -> str | None:
    """E.164 where it parses and is possible, else the text as typed."""
    text = None if raw is None else clean(text_of(raw))
    return None if text is None else _e164(text, country)


@lru_cache(maxsize=4096)
def _e164(text: str, country: str) -> str:
    """Pure, so remembered: parsing takes longer than the rest of a customer."""
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return text
    if number.extension or not phonenumbers.is_possible_number(number):
        return text
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def country_of(raw: Any) -> str | None:
    """ISO 3166-1 alpha-2, padding off."""
    return None if raw is None else text_of(raw).strip().upper() or None


@converter("country")
@dataclass(frozen=True)
class Country(Same):
    """A country by its two letters, padded or not."""

    def get(self, raw: Any, context: Context) -> Any:
        return country_of(raw)

    def sense(self, value: str) -> object:
        return country_of(value)


@converter("lang")
@dataclass(frozen=True)
class Lang(Same):
    """A language (BCP 47, ``nl-NL``), padded or not. ``region`` false for a channel that holds ``NL`` alone."""

    region: bool = True
    separator: Literal["-", "_"] = "-"
    upper: bool = False

    def get(self, raw: Any, context: Context) -> Any:
        language, _, region = text_of(raw).strip().replace("_", "-").partition("-")
        if not language:
            return None
        return f"{language.lower()}-{region.upper()}" if region else language.lower()

    def sense(self, value: str) -> object:
        return value.strip().replace("_", "-").upper()

    def fresh(self, value: Any) -> Any:
        text = text_of(value) if self.region else text_of(value).partition("-")[0]
        return (text.upper() if self.upper else text).replace("-", self.separator)


@converter("vat_number")
@dataclass(frozen=True)
class VatNumber(Same):
    """A VAT number with its country prefix: upper case, blanks and dots off.

    ``check = "refuse"`` for a channel that validates: a number that fails by formula is not sent.
    """

    check: Literal["warn", "refuse"] = "warn"

    def get(self, raw: Any, context: Context) -> Any:
        return self.sense(text_of(raw))

    def sense(self, value: str) -> Any:
        return re.sub(r"[\s.\-]", "", value).upper() or None

    def fresh(self, value: Any) -> Any:
        if self.check == "refuse" and self.warning(value):
            raise Unfit("is no valid VAT number", "correct it where it was entered, or leave it empty")
        return value

    def warning(self, value: Any) -> str:
        return "" if eu_vat.is_valid(str(value)) else "it fails the check of its country"
