"""Finding records by their codes, which the server compares by case and does not keep apart (NOTES section 4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from adapters.odoo.feeds import Feed
from connector.contract import Row
from connector.model.entity import Key, code_key

Spelling = Callable[[str], str]
#: Codes in one condition.
MANY: Final = 100


def by_code(
    feed: Feed, field: str, keys: Sequence[Key], searched: str = "", spelled: Spelling = str
) -> dict[Key, list[Row]]:
    """All records, archived ones too, whose code has this key; more than one is what the server allows.

    ``searched``: the field that the server keeps for searching, where it has one. ``spelled``: a code as keys
    spell it.
    """
    found: dict[Key, list[Row]] = {key: [] for key in keys}
    of_text = {key.text: key for key in keys if key.text}
    texts = list(of_text)
    for start in range(0, len(texts), MANY):
        ids = feed.search([*feed.domain, *_any_of(searched or field, texts[start : start + MANY])]).value
        for row in feed.read(ids):
            key = of_text.get(code_key(spelled(str(row.native[field] or ""))))
            if key is not None:
                found[key].append(row)
    return found


def _any_of(field: str, texts: Sequence[str]) -> Iterator[Any]:
    """A condition in prefix form: the code in any case, and with blanks that somebody typed around it."""
    patterns = [pattern for text in map(escaped, texts) for pattern in (text, f"{text} %", f"% {text}", f"% {text} %")]
    yield from ["|"] * (len(patterns) - 1)
    for pattern in patterns:
        yield [field, "=ilike", pattern]


def escaped(text: str) -> str:
    """A text that a pattern matches as it stands."""
    return "".join(f"\\{letter}" if letter in "\\%_" else letter for letter in text)
