"""``fields=items[id,sku],total_count``: the part of an answer that is wanted (M§3)."""

from __future__ import annotations

import re
from typing import Any

Wanted = dict[str, "Wanted | None"]
TOKEN = re.compile(r"\s*([^\[\],\s]+)\s*|([\[\],])")


def read_fields(text: str) -> Wanted | None:
    """The tree of wanted fields; None for a malformed text."""
    tokens = [name or mark for name, mark in TOKEN.findall(text)]
    wanted, rest = _read_level(tokens, 0)
    return wanted if rest == len(tokens) else None


def _read_level(tokens: list[str], at: int) -> tuple[Wanted | None, int]:
    """One comma-separated level; the position behind it, or past the end when it is malformed."""
    wanted: Wanted = {}
    malformed = (None, len(tokens) + 1)
    while at < len(tokens):
        name = tokens[at]
        if name in "[],":
            return malformed
        at, inner = at + 1, None
        if at < len(tokens) and tokens[at] == "[":
            inner, at = _read_level(tokens, at + 1)
            if inner is None or at >= len(tokens) or tokens[at] != "]":
                return malformed
            at += 1
        wanted[name] = inner
        if at >= len(tokens) or tokens[at] == "]":
            return wanted, at
        if tokens[at] != ",":
            return malformed
        at += 1
    return (wanted, at) if not tokens else malformed


def cut_fields(answer: Any, text: str) -> Any:
    """The wanted part of an answer; ``[]`` when ``text`` is malformed, unknown names are ignored."""
    wanted = read_fields(text)
    if wanted is None:
        return []
    if isinstance(answer, list):
        return [cut_object(row, wanted) for row in answer]
    return cut_object(answer, wanted) if isinstance(answer, dict) else answer


def cut_object(row: Any, wanted: Wanted) -> Any:
    """The wanted members of one object; a list cut to nothing becomes null."""
    if not isinstance(row, dict):
        return row
    return {name: value if inner is None else _cut_inner(value, inner) for name, value, inner in _chosen(row, wanted)}


def _chosen(row: dict[str, Any], wanted: Wanted) -> list[tuple[str, Any, Wanted | None]]:
    return [(name, value, wanted[name]) for name, value in row.items() if name in wanted]


def _cut_inner(value: Any, inner: Wanted) -> Any:
    if isinstance(value, list):
        return [cut_object(row, inner) for row in value] or None
    return cut_object(value, inner)
