"""Finding records by their codes, which the server compares by case and does not keep apart (NOTES section 4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from adapters.odoo.feeds import Feed
from connector.contract import Row
from connector.model.entity import Key, code_key

#: Codes in one condition.
MANY: Final = 100


def by_code(feed: Feed, field: str, keys: Sequence[Key]) -> dict[Key, list[Row]]:
    """All records, archived ones too, whose code has this key; more than one is what the server allows."""
    found: dict[Key, list[Row]] = {key: [] for key in keys}
    of_text = {key.text: key for key in keys if key.text}
    texts = list(of_text)
    for start in range(0, len(texts), MANY):
        ids = feed.search([*feed.domain, *_any_of(field, texts[start : start + MANY])]).value
        for row in feed.read(ids):
            key = of_text.get(code_key(str(row.native[field] or "")))
            if key is not None:
                found[key].append(row)
    return found


def _any_of(field: str, texts: Sequence[str]) -> Iterator[Any]:
    """A condition in prefix form."""
    yield from ["|"] * (len(texts) - 1)
    for text in texts:
        yield [field, "=ilike", escaped(text)]


def escaped(text: str) -> str:
    """A text that a pattern matches as it stands."""
    return "".join(f"\\{letter}" if letter in "\\%_" else letter for letter in text)
