"""Entities, keys and the values that canonical fields hold."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final, Literal, TypeAlias


class Entity(StrEnum):
    """What is kept the same. The order is the order of first contact: a price needs its product."""

    PRODUCT = "product"
    CUSTOMER = "customer"
    PRICE = "price"
    STOCK = "stock"


#: Entities whose records hang on a product record, and are matched through its binding.
DEPENDENT: Final = frozenset({Entity.PRICE, Entity.STOCK})

#: The order in which a channel's lanes are worked (sync-model 7).
LANE_ORDER: Final = (Entity.STOCK, Entity.PRICE, Entity.PRODUCT, Entity.CUSTOMER)

#: A canonical or native value. JSON-shaped, so that it is stored and compared as it is: text,
#: flags, whole numbers, ``Decimal`` for every other number (never float), days as ``2026-06-25``,
#: moments as ``2026-06-25T14:28:10Z``; sets are sorted lists, groups (a name, an address) mappings.
#: Equality is canonical: converters bring a value into its one normal form.
Value: TypeAlias = "bool | int | Decimal | str | list[Value] | dict[str, Value] | None"

#: Canonical field name → value. A field that is not in it is ABSENT: the channel has no such
#: place, and it takes no part in a merge. ``None`` is a value: the channel holds "nothing".
Canonical: TypeAlias = Mapping[str, Value]

#: Native name (as the mapping writes it, possibly dotted) → value. Every mapped name is present.
Native: TypeAlias = Mapping[str, Value]

Life = Literal["live", "archived", "gone"]

#: How a system chooses among several price rows that apply: the lowest amount; or the first agreement
#: that applies, where a larger quantity goes before a smaller one, and what began last before what stood.
PriceChoice = Literal["lowest", "first"]

#: The canonical field that carries the record's life: true = live, false = archived.
LIFE_FIELD: Final = "active"


@dataclass(frozen=True, order=True)
class Key:
    """A natural key in canonical form; ``kind`` says which (``sku``, ``email``, ``vat_number``, ``row``)."""

    kind: str
    text: str

    def __str__(self) -> str:
        return self.text


def code_key(text: str) -> str:
    """The key of a code: NFC, trimmed, case-folded. Leading zeros count (canonical-model 0)."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).strip().casefold())


@dataclass(frozen=True)
class Location:
    """One place with stock, and what each channel calls it."""

    name: str
    native: Mapping[str, str]  # channel → its own code


@dataclass(frozen=True)
class PriceList:
    """One list of prices: a currency, a VAT form, a scale, and where it lives on each channel."""

    name: str
    currency: str
    vat: Literal["included", "excluded"]
    scale: int
    native: Mapping[str, str]  # channel → its own name of the list
