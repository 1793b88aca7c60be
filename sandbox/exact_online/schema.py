"""What properties each resource has, read from ``schema.txt`` beside this file.

One block a resource. Property marks: ``+`` may be sent on POST and PUT, ``^`` on POST only, ``~`` cannot be
filtered on; ``Class_01..05`` is a series; ``Lines=Entity`` is a collection of another resource's rows.
``like`` takes another block's properties read-only, ``without`` leaves some out, ``Seen`` names those that
recorded answers carry and the public index does not. Type names of sync and bulk rows, and of
``hrm/Divisions``, are guesses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Literal

PAGE_SINGLE = 60  # E46
PAGE_BULK = 1000  # E46
_SERIES = re.compile(r"(.*_)(\d\d)\.\.(\d\d)([+^~]*)$")

PADDING: dict[str, dict[str, int]] = {
    "logistics/Items": {"Unit": 8, "SalesVatCode": 3},
    "logistics/SalesItemPrices": {"Unit": 8, "DefaultItemUnit": 8},
    "logistics/Units": {"Code": 8},
    "vat/VATCodes": {"Code": 3, "Country": 3},
    "crm/Accounts": {"Country": 3, "Language": 10},
    "crm/Contacts": {"Country": 3, "Language": 10},
    "crm/Addresses": {"Country": 3},
    "system/Divisions": {"Country": 3, "Legislation": 3},
}
"""Texts that come back with trailing blanks up to this length (E114, E148)."""


@dataclass(frozen=True)
class Property:
    """One property: ``type`` without ``Edm.``; ``of`` names the resource of a collection."""

    name: str
    type: str
    post: bool = False
    put: bool = False
    filterable: bool = True
    of: str | None = None
    padding: int = 0
    seen_only: bool = False  # carried by recorded answers, not in the public index


@dataclass(frozen=True)
class Entity:
    """One resource as its address names it, for example ``logistics/Items``."""

    name: str
    kind: Literal["single", "sync", "bulk", "action", "function"]
    key: str
    methods: frozenset[str]
    type: str
    base: str  # the resource whose properties and padding it shares; itself for a single one
    properties: dict[str, Property] = field(default_factory=dict)
    filter_only: frozenset[str] = frozenset()
    deleted_type: int | None = None

    @property
    def page(self) -> int:
        """Rows on one page (E46)."""
        return PAGE_SINGLE if self.kind == "single" else PAGE_BULK


@dataclass
class _Block:
    name: str
    heads: dict[str, str] = field(default_factory=dict)
    lines: list[tuple[str, list[str]]] = field(default_factory=list)


@cache
def load() -> dict[str, Entity]:
    """All resources of the stand-in by name."""
    text = files(__package__).joinpath("schema.txt").read_text("utf-8")
    entities: dict[str, Entity] = {}
    for block in _blocks(text):
        entities[block.name] = _entity(block, entities)
    return entities


def _blocks(text: str) -> list[_Block]:
    """The blocks of the file, continued lines joined."""
    joined = re.sub(r"\n {4,}", " ", text)
    blocks: list[_Block] = []
    for line in joined.splitlines():
        if line and not line.startswith(" "):
            blocks.append(_Block(line))
        elif line.startswith("  kind "):
            words = line.split()
            blocks[-1].heads |= dict(zip(words[::2], words[1::2], strict=True))
        elif line:
            mark, *words = line.split()
            blocks[-1].lines.append((mark, words))
    return blocks


def _entity(block: _Block, known: dict[str, Entity]) -> Entity:
    lines = {mark: words for mark, words in block.lines if not mark.endswith(":")}
    base = known[lines["like"][0]] if "like" in lines else None
    padding = PADDING.get(base.name if base else block.name, {})
    properties: dict[str, Property] = {}
    for mark, words in block.lines:
        if mark.endswith(":"):
            for word in words:
                for one in _properties("String" if mark == "Seen:" else mark[:-1], word, padding):
                    properties[one.name] = replace(one, seen_only=mark == "Seen:")
    if base is not None:
        left = {one.name for one in base.properties.values() if not one.seen_only} - set(lines.get("without", []))
        shared = {name: _read_only(one) for name, one in base.properties.items() if name in left}
        properties = {**properties, **{name: one for name, one in shared.items() if name not in properties}}
    return Entity(
        name=block.name,
        kind=block.heads["kind"],  # type: ignore[arg-type]
        key=block.heads["key"].split(",")[0],
        methods=frozenset(block.heads["methods"].split(",")),
        type=block.heads["type"],
        base=base.name if base else block.name,
        properties=properties,
        filter_only=frozenset(lines.get("filter", ())),
        deleted_type=int(lines["deleted"][0]) if "deleted" in lines else None,
    )


def _read_only(given: Property) -> Property:
    return Property(given.name, given.type, of=given.of, padding=given.padding)


def _properties(kind: str, word: str, padding: dict[str, int]) -> list[Property]:
    """The property that a word stands for, or the series of them."""
    series = _SERIES.match(word)
    if series:
        head, first, last, marks = series.groups()
        return [_property(kind, f"{head}{n:02d}{marks}", padding) for n in range(int(first), int(last) + 1)]
    return [_property(kind, word, padding)]


def _property(kind: str, word: str, padding: dict[str, int]) -> Property:
    bare = word.rstrip("+^~")
    marks = word[len(bare) :]
    name, _, of = bare.partition("=")
    return Property(
        name=name,
        type=kind,
        post="+" in marks or "^" in marks,
        put="+" in marks,
        filterable="~" not in marks and kind != "Collection",
        of=of or None,
        padding=padding.get(name, 0),
    )
