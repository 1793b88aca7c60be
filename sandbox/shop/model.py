"""The vocabulary of the invented chain that every stand-in is seeded with.

One :class:`Shop` describes the chain as a person would know it; each stand-in turns it into its
own native records. ``on`` says on which systems a thing exists; ``overrides`` holds what one
system shows differently (dirt, or an older name), by the field names of this module.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal

System = Literal["exact_online", "magento2", "lightspeed_x"]
SYSTEMS: tuple[System, ...] = ("exact_online", "magento2", "lightspeed_x")

VatClass = Literal["standard", "intermediate", "reduced", "zero", "exempt"]


@dataclass(frozen=True)
class Location:
    """One place with stock, and what each system calls it; a system that is not named has no such place."""

    code: str  # "utrecht-warehouse"
    name: str
    codes: dict[System, str]  # {"exact_online": "1", "magento2": "wh_utr"}


@dataclass(frozen=True)
class Promo:
    """A promotional price with inclusive days; ``ends`` None is open."""

    amount: Decimal
    starts: date
    ends: date | None


@dataclass(frozen=True)
class Tier:
    """A price per piece from ``min_qty`` pieces on; ``group`` None is everybody."""

    min_qty: Decimal
    amount: Decimal
    group: str | None = None


@dataclass(frozen=True)
class Product:
    """One sellable unit. Amounts include VAT unless ``price_form`` says "excluded"."""

    sku: str
    name: str
    vat_class: VatClass | None
    price: Decimal
    price_form: Literal["included", "excluded"] = "included"
    barcode: str | None = None
    more_barcodes: tuple[str, ...] = ()
    summary: str | None = None
    description: str | None = None  # HTML
    names: dict[str, str] = field(default_factory=dict)  # {"fr": ..., "de": ...}
    active: bool = True
    sell_online: bool = True
    sell_in_store: bool = True
    tracks_stock: bool = True
    unit: Literal["piece", "kilogram", "metre", "pair"] = "piece"
    weight_kg: Decimal | None = None
    brand: str | None = None
    group: str | None = None  # ERP item group code
    cost: Decimal | None = None
    family: str | None = None  # common parent's code
    axes: dict[str, str] = field(default_factory=dict)  # {"Maat": "M", "Kleur": "Blauw"}
    promos: tuple[Promo, ...] = ()
    tiers: tuple[Tier, ...] = ()
    stock: dict[str, Decimal] = field(default_factory=dict)  # Location.code → pieces physically there
    on: frozenset[System] = frozenset(SYSTEMS)
    overrides: dict[System, dict[str, Any]] = field(default_factory=dict)
    vat_by_country: dict[str, VatClass] = field(default_factory=dict)  # {"BE": "intermediate"} where one differs


@dataclass(frozen=True)
class Address:
    """One postal address; ``number`` and ``addition`` apart from the street."""

    street: str
    number: str
    city: str
    postcode: str
    country: str  # ISO 3166-1 alpha-2
    addition: str = ""
    extra: str = ""
    attention: str = ""


@dataclass(frozen=True)
class Customer:
    """A person or a company the chain sells to."""

    number: str  # the chain's own number, stable over systems; used for seeding ids only
    kind: Literal["person", "company"]
    first: str
    infix: str
    last: str
    email: str | None
    phone: str | None
    invoice: Address
    mobile: str | None = None
    company: str | None = None
    vat_number: str | None = None
    delivery: Address | None = None  # None: same as invoice
    more: tuple[Address, ...] = ()
    language: str = "nl"
    newsletter: bool = False
    group: str | None = None  # "dealers" or None
    on: frozenset[System] = frozenset(SYSTEMS)
    overrides: dict[System, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class OrderLine:
    """Pieces ordered, and what became of them so far."""

    sku: str
    quantity: Decimal
    shipped: Decimal = Decimal(0)
    canceled: Decimal = Decimal(0)
    refunded: Decimal = Decimal(0)


@dataclass(frozen=True)
class Order:
    """An order placed in the webshop, or in the ERP by a dealer; ``also_in`` holds where it was imported."""

    reference: str  # the webshop's increment id, or the dealer's own reference
    placed_in: System
    customer: str | None  # Customer.number
    lines: tuple[OrderLine, ...]
    ship_from: str | None = None  # Location.code
    also_in: frozenset[System] = frozenset()
    state: Literal["open", "on_hold", "complete", "canceled"] = "open"


@dataclass(frozen=True)
class Expected:
    """A known right answer for scoring ``match``: these are, or are not, the same thing."""

    entity: Literal["product", "customer"]
    left: tuple[System, str]
    right: tuple[System, str]
    same: bool
    why: str


@dataclass(frozen=True)
class Shop:
    """The whole chain."""

    seed: int
    profile: str
    as_of: date
    locations: tuple[Location, ...]
    products: tuple[Product, ...]
    customers: tuple[Customer, ...]
    orders: tuple[Order, ...]
    expected: tuple[Expected, ...] = ()
