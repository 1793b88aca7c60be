"""How files are called, and which series and which entity they belong to.

``products-42-complete.csv``: what it holds, its number, and whether it is the whole list. The manifest has the same
stem, and so have the done-marker and the answer. Whatever is called otherwise is not ours to touch.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from connector.model.entity import Entity

IN: Final = "in"
OUT: Final = "out"
ANSWERS: Final = "answers"
ARCHIVE: Final = "archive"
FOLDERS: Final = (IN, OUT, ANSWERS, ARCHIVE)

CSV: Final = ".csv"
MANIFEST: Final = ".json"
DONE: Final = ".done"
#: What the till says of a file of ours, beside it.
ANSWER: Final = ".answer.csv"
#: Before the name of a file of ours that is archived, so that it is taken for none of the till's.
OURS: Final = "out-"

SALES: Final = "sales"
COMPLETE: Final = "complete"
DELTA: Final = "delta"

#: Entity → the series of its files. Sales are numbered among the stock figures that hold them.
SERIES: Final = {
    Entity.PRODUCT: "products",
    Entity.CUSTOMER: "customers",
    Entity.PRICE: "prices",
    Entity.STOCK: "stock",
}
_ENTITIES: Final = {name: entity for entity, name in SERIES.items()} | {SALES: Entity.STOCK}
_STEM: Final = re.compile(r"(products|customers|prices|stock|sales)-(\d{1,18})-(complete|delta)")
_DATA: Final = re.compile(rf"{_STEM.pattern}-[0-9a-f]{{16}}\.csv")


@dataclass(frozen=True, order=True)
class Stem:
    """The name of a file without its ending."""

    number: int
    holds: str
    kind: str
    text: str

    @property
    def entity(self) -> Entity:
        """Whose series its number is of."""
        return _ENTITIES[self.holds]

    def __str__(self) -> str:
        return self.text


def stem_of(name: str, ending: str) -> Stem | None:
    """The stem of a file with this ending; None where it is called otherwise."""
    found = _STEM.fullmatch(name.removesuffix(ending)) if name.endswith(ending) else None
    if found is None or int(found[2]) < 1 or (found[1], found[3]) == (SALES, COMPLETE):
        return None
    return Stem(int(found[2]), found[1], found[3], found[0])


def stem_for(entity: Entity, number: int) -> Stem:
    """What a file of ours is called: always some rows, never a whole list."""
    text = f"{SERIES[entity]}-{number}-{DELTA}"
    return Stem(number, SERIES[entity], DELTA, text)


def is_data_of(name: str, stem: Stem) -> bool:
    """Whether a manifest of ours may name this file as its own."""
    return _DATA.fullmatch(name) is not None and name.startswith(f"{stem}-")


def is_known(name: str) -> bool:
    """Whether a file in ``in/`` is one of the protocol, or on the way to become one."""
    return name.endswith((".tmp", ".part")) or any(stem_of(name, ending) for ending in (CSV, MANIFEST, DONE))
