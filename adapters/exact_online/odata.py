"""Literals and filters as the API writes them, and its two list shapes (facts 43, 44, 51, 54)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from connector.errors import ContractBroken
from connector.transport import Answer, evidence

#: Terms joined by ``or`` in one filter: so many serve as a look-up of a batch (fact 54).
MOST_TERMS: Final = 25
_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

T = TypeVar("T")


@dataclass(frozen=True)
class Listed:
    """One page: its rows without ``__metadata``, the link to the next one, and the total where it was asked for."""

    rows: Sequence[dict[str, Any]]
    next: str | None = None
    total: int | None = None


def guid(id_: str) -> str:
    """``guid'…'``."""
    return f"guid'{id_}'"


def is_guid(text: str) -> bool:
    """Whether a text can be the id of a record; a filter with anything else would be an error that counts."""
    return _GUID.fullmatch(text) is not None


def text(value: str) -> str:
    """A text in single quotes, a quote in it doubled."""
    return "'" + value.replace("'", "''") + "'"


def moment(wall: datetime) -> str:
    """A moment by the clock of the host, with its time part."""
    return f"datetime'{wall.replace(tzinfo=None).isoformat(timespec='milliseconds')}'"


def either(name: str, literals: Iterable[str]) -> str:
    """``Code eq 'a' or Code eq 'b'``."""
    return " or ".join(f"{name} eq {literal}" for literal in literals)


def chunks(values: Sequence[T], size: int = MOST_TERMS) -> Iterator[Sequence[T]]:
    """The values in batches."""
    return (values[start : start + size] for start in range(0, len(values), size))


def unfold(answer: Answer) -> Listed:
    """The page in an answer: ``d`` is a list, an object with ``results``, or one record."""
    data = answer.data.get("d") if isinstance(answer.data, dict) else None
    found = data.get("results", [data]) if isinstance(data, dict) else data
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise ContractBroken(f"{answer.call}: answered no list", evidence=evidence(answer))
    rows = [_bare(row) for row in found]
    if not isinstance(data, dict):
        return Listed(rows)
    count = data.get("__count")
    return Listed(rows, data.get("__next"), None if count is None else int(count))


def _bare(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "__metadata"}
