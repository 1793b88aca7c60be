"""OData literals and the words of a query, taken apart and put together (E51).

Values inside the stand-in: Guid text in lower case, Double ``Decimal``, DateTime a naive wall time of
Amsterdam (E58, E60), Int64 and the smaller ones ``int``, Boolean ``bool``, Byte ``int``, String ``str``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote, unquote

from sandbox.exact_online.errors import BadQueryError

GUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_WORD = re.compile(
    rf"""\s*(?:
    (?P<guid>guid'{GUID}')
  | (?P<datetime>datetime'[^']*')
  | (?P<string>'(?:[^']|'')*')
  | (?P<number>-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?[LlMmDdFf]?)
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*(?:/[A-Za-z_][A-Za-z0-9_]*)*)
  | (?P<sign>[(),])
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Word:
    """One word of a query: ``kind`` is literal, name or sign; ``type`` is the Edm type of a literal."""

    kind: str
    value: Any
    type: str = ""


def split_words(text: str) -> list[Word]:
    """The words of a filter or a key; 400 for what is none."""
    words, place = [], 0
    while text[place:].strip():
        found = _WORD.match(text, place)
        if found is None:
            raise BadQueryError
        words.append(_read_word(str(found.lastgroup), found.group(str(found.lastgroup))))
        place = found.end()
    return words


def _read_word(group: str, text: str) -> Word:
    if group in ("name", "sign"):
        return _read_name(text) if group == "name" else Word("sign", text)
    return _READERS[group](text)


def _read_name(text: str) -> Word:
    if text in ("true", "false"):
        return Word("literal", text == "true", "Boolean")
    if text == "null":
        return Word("literal", None, "Null")
    return Word("name", text)


def _read_datetime(text: str) -> Word:
    """``datetime'2026-06-25T00:00:00'``; a colon may still be encoded, as in a recorded ``__next`` (E47)."""
    try:
        moment = datetime.fromisoformat(unquote(text[9:-1]))
    except ValueError as wrong:
        raise BadQueryError from wrong
    if moment.tzinfo is not None:
        raise BadQueryError
    return Word("literal", moment, "DateTime")


def _read_number(text: str) -> Word:
    digits = text.rstrip("LlMmDdFf")
    if text[-1] in "Ll" or (digits == text and re.fullmatch(r"-?\d+", text)):
        if not re.fullmatch(r"-?\d+", digits):
            raise BadQueryError
        return Word("literal", int(digits), "Int64" if digits != text else "Int32")
    return Word("literal", Decimal(digits), "Double")


_READERS = {
    "guid": lambda text: Word("literal", text[5:-1].lower(), "Guid"),
    "datetime": _read_datetime,
    "string": lambda text: Word("literal", text[1:-1].replace("''", "'"), "String"),
    "number": _read_number,
}


def read_literals(text: str) -> list[Any]:
    """The values of a list of literals, ``datetime'...',guid'...'`` as in a ``$skiptoken``."""
    words = split_words(text)
    values, commas = words[::2], words[1::2]
    if any(word.kind != "literal" for word in values) or any(word.value != "," for word in commas):
        raise BadQueryError
    if len(words) % 2 == 0 and words:
        raise BadQueryError
    return [word.value for word in values]


def write_literal(kind: str, value: Any) -> str:
    """A value of a type as it stands in an address, not yet percent-encoded."""
    if value is None:
        return "null"
    return str(_WRITERS.get(kind, str)(value))


def _write_datetime(value: datetime) -> str:
    """Milliseconds only where there are some: ``2018-09-21T04:18:55.617`` (E47)."""
    text = value.isoformat(timespec="milliseconds" if value.microsecond else "seconds")
    return f"datetime'{quote(text, safe='')}'"


_WRITERS: dict[str, Any] = {
    "Guid": lambda value: f"guid'{value}'",
    "Int64": lambda value: f"{value}L",
    "String": lambda value: "'" + str(value).replace("'", "''") + "'",
    "Boolean": lambda value: "true" if value else "false",
    "DateTime": _write_datetime,
    "Double": lambda value: f"{value}d",
}
