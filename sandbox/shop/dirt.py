"""Dirt across systems, each with its known right answer beside it, so that ``match`` can be scored."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Literal

from sandbox.shop import codes
from sandbox.shop.demo import make_address
from sandbox.shop.model import SYSTEMS, Customer, Expected, Product, System
from sandbox.shop.shares import pick

PER_1000_PRODUCTS = {
    "case": 15, "trailing blank": 8, "leading zeros": 6, "O for 0": 5, "one system": 10, "barcode only": 4,
    "other barcode": 3, "archived": 5, "name": 12, "cent": 9, "factor 10": 5,
}  # fmt: skip
PER_1000_CUSTOMERS = {
    "twice in Exact": 40, "other e-mail": 12, "other name": 10, "moved": 8, "card number": 6, "unknown country": 4,
}  # fmt: skip
CARD = "4111111111111111"  # a well-known test number
UNKNOWN_COUNTRY = "XK"  # not in Magento's list
EXACT: System = "exact_online"
SHOP: System = "magento2"
TILL: System = "lightspeed_x"


@dataclass
class Soiled:
    """The chain's things after dirt has been put on them, and what is right."""

    products: list[Product]
    customers: list[Customer]
    expected: list[Expected] = field(default_factory=list)

    def answer(self, entity: Literal["product", "customer"], left: str, right: str, same: bool, why: str) -> None:
        """Note a right answer between Exact and the webshop."""
        self.expected.append(Expected(entity, (EXACT, left), (SHOP, right), same, why))

    def override(self, place: int, system: System, **fields: Any) -> Product:
        """One product shows something else on one system."""
        one = self.products[place]
        merged = one.overrides.get(system, {}) | fields
        self.products[place] = replace(one, overrides={**one.overrides, system: merged})
        return self.products[place]

    def override_customer(self, place: int, system: System, **fields: Any) -> Customer:
        """One customer shows something else on one system."""
        one = self.customers[place]
        merged = one.overrides.get(system, {}) | fields
        self.customers[place] = replace(one, overrides={**one.overrides, system: merged})
        return self.customers[place]


def soil(seed: int, products: list[Product], customers: list[Customer]) -> Soiled:
    """Dirt in the shares of canonical-model 8, on things that exist everywhere and stand alone."""
    rng = random.Random(f"{seed}/dirt")
    soiled = Soiled(list(products), list(customers))
    _soil_products(rng, soiled)
    _soil_customers(rng, soiled)
    return soiled


def _soil_products(rng: random.Random, soiled: Soiled) -> None:
    size = len(soiled.products)
    shared: dict[str | None, int] = {}
    for one in soiled.products:
        shared[one.barcode] = shared.get(one.barcode, 0) + 1
    pool = [
        place
        for place, one in enumerate(soiled.products)
        if len(one.on) == len(SYSTEMS) and one.family is None and len(one.sku) < 40 and not one.overrides
        and one.active and one.barcode and codes.gtin_valid(one.barcode) and shared[one.barcode] == 1 and one.price > 1
    ]  # fmt: skip
    special: dict[str, Callable[[str], bool]] = {
        "leading zeros": lambda sku: sku.startswith("000"),
        "case": lambda sku: sku != sku.lower(),
        "O for 0": lambda sku: "0" in sku and sku != sku.lower(),
    }
    for kind, share in PER_1000_PRODUCTS.items():
        fits = special.get(kind, bool)
        chosen = pick(rng, [place for place in pool if fits(soiled.products[place].sku)], share, size)
        for place in chosen:
            _PRODUCT_DIRT[kind](rng, soiled, place)
        taken = set(chosen)
        pool = [place for place in pool if place not in taken]
    if pool:
        _four_times(soiled, pool[0])


def _case(_rng: random.Random, soiled: Soiled, place: int) -> None:
    sku = soiled.products[place].sku
    soiled.override(place, SHOP, sku=sku.lower())
    soiled.answer("product", sku, sku.lower(), True, "the code differs in case")


def _trailing_blank(_rng: random.Random, soiled: Soiled, place: int) -> None:
    """Magento trims the ends (M2.2), so the blank is in Exact."""
    sku = soiled.products[place].sku
    soiled.override(place, EXACT, sku=f"{sku} ")
    soiled.answer("product", f"{sku} ", sku, True, "a trailing blank")


def _leading_zeros(_rng: random.Random, soiled: Soiled, place: int) -> None:
    """Leading zeros count in a key, so only the barcode can propose the pair."""
    sku = soiled.products[place].sku
    soiled.override(place, SHOP, sku=sku.lstrip("0"))
    soiled.answer("product", sku, sku.lstrip("0"), True, "leading zeros are lost; the barcode proposes it")


def _letter_for_digit(_rng: random.Random, soiled: Soiled, place: int) -> None:
    """Another article whose code only looks the same."""
    one = soiled.products[place]
    soiled.products[place] = replace(one, on=frozenset({EXACT, TILL}))
    other = one.sku.replace("0", "O", 1)
    names = {language: f"{text} bis" for language, text in one.names.items()}
    twin = replace(one, sku=other, name=f"Ander artikel {place}", names=names, barcode=None, on=frozenset({SHOP}))
    soiled.products.append(replace(twin, overrides={}))
    soiled.answer("product", one.sku, other, False, "the letter O for the digit 0: another article")


def _one_system(rng: random.Random, soiled: Soiled, place: int) -> None:
    soiled.products[place] = replace(soiled.products[place], on=frozenset({rng.choice(SYSTEMS)}))


def _barcode_only(_rng: random.Random, soiled: Soiled, place: int) -> None:
    sku = soiled.products[place].sku
    soiled.override(place, SHOP, sku=f"WEB{place:06d}")
    soiled.answer("product", sku, f"WEB{place:06d}", True, "another code; the barcode proposes it")


def _other_barcode(_rng: random.Random, soiled: Soiled, place: int) -> None:
    sku = soiled.products[place].sku
    soiled.override(place, SHOP, barcode=codes.ean13(900_000 + place))
    soiled.answer("product", sku, sku, True, "the code matches, the barcodes differ")


def _archived(_rng: random.Random, soiled: Soiled, place: int) -> None:
    sku = soiled.products[place].sku
    soiled.override(place, EXACT, active=False)
    soiled.answer("product", sku, sku, True, "archived in the ERP only")


def _name(_rng: random.Random, soiled: Soiled, place: int) -> None:
    """Cut at 60 in Exact, or escaped in the shop: the same name."""
    one = soiled.products[place]
    if place % 2:
        long = f"{one.name}, met de hand gemaakt in onze eigen werkplaats in Utrecht"
        soiled.products[place] = replace(one, name=long)
        soiled.override(place, EXACT, name=long[:60].rstrip())
    else:
        soiled.products[place] = replace(one, name=f"{one.name} & meer")
        soiled.override(place, SHOP, name=f"{one.name} &amp; meer")
    soiled.answer("product", one.sku, one.sku, True, "the name differs by cut or markup only: silent")


def _cent(_rng: random.Random, soiled: Soiled, place: int) -> None:
    one = soiled.products[place]
    soiled.override(place, SHOP, price=one.price + Decimal("0.01"))
    soiled.answer("product", one.sku, one.sku, True, "the price differs by a cent through VAT")


def _factor(_rng: random.Random, soiled: Soiled, place: int) -> None:
    one = soiled.products[place]
    soiled.override(place, SHOP, price=one.price * 10)
    soiled.answer("product", one.sku, one.sku, True, "the price differs by a factor 10")


def _four_times(soiled: Soiled, place: int) -> None:
    """One code four times in Magento, after races (M2.1): never linked by itself."""
    one = soiled.products[place]
    for number in range(1, 4):
        name = f"{one.name} ({number})"
        soiled.products.append(replace(one, name=name, barcode=None, on=frozenset({SHOP}), tiers=(), promos=()))
    soiled.answer("product", one.sku, one.sku, False, "the code is in Magento four times: ambiguous, shown")


_PRODUCT_DIRT: dict[str, Callable[[random.Random, Soiled, int], None]] = {
    "case": _case,
    "trailing blank": _trailing_blank,
    "leading zeros": _leading_zeros,
    "O for 0": _letter_for_digit,
    "one system": _one_system,
    "barcode only": _barcode_only,
    "other barcode": _other_barcode,
    "archived": _archived,
    "name": _name,
    "cent": _cent,
    "factor 10": _factor,
}


def _soil_customers(rng: random.Random, soiled: Soiled) -> None:
    size = len(soiled.customers)
    seen: dict[str | None, int] = {}
    for one in soiled.customers:
        seen[one.email] = seen.get(one.email, 0) + 1
    pool = [
        place
        for place, one in enumerate(soiled.customers)
        if len(one.on) == len(SYSTEMS) and one.email and seen[one.email] == 1 and not one.overrides
    ]
    companies = [place for place in pool if soiled.customers[place].vat_number and soiled.customers[place].company]
    for kind, share in PER_1000_CUSTOMERS.items():
        left = set(pool)
        fitting = [place for place in (companies if kind == "other name" else pool) if place in left]
        chosen = set(pick(rng, fitting, share, size))
        for place in sorted(chosen):
            _CUSTOMER_DIRT[kind](rng, soiled, place)
        pool = [place for place in pool if place not in chosen]


def _twice(_rng: random.Random, soiled: Soiled, place: int) -> None:
    one = soiled.customers[place]
    number = f"{one.number}-2"
    soiled.customers.append(replace(one, number=number, on=frozenset({EXACT}), vat_number=None))
    soiled.answer("customer", number, one.number, False, "two accounts with one e-mail: ambiguous, shown")


def _other_mail(_rng: random.Random, soiled: Soiled, place: int) -> None:
    one = soiled.customers[place]
    soiled.override_customer(place, EXACT, email=f"oud.{one.number.lower()}@post.test")
    soiled.answer("customer", one.number, one.number, True, "the same person with another e-mail: only proposed")


def _other_name(_rng: random.Random, soiled: Soiled, place: int) -> None:
    one = soiled.customers[place]
    soiled.override_customer(place, EXACT, company=f"{one.company} Holding")
    soiled.answer("customer", one.number, one.number, True, "the VAT number is equal, the name is not")


def _moved(rng: random.Random, soiled: Soiled, place: int) -> None:
    one = soiled.customers[place]
    soiled.override_customer(place, SHOP, invoice=make_address(rng, one.invoice.country))
    soiled.answer("customer", one.number, one.number, True, "moved house in the webshop only")


def _card(_rng: random.Random, soiled: Soiled, place: int) -> None:
    """Lightspeed masks digits that look like a card number (L§8)."""
    one = soiled.customers[place]
    soiled.customers[place] = replace(one, invoice=replace(one.invoice, extra=f"pas {CARD}"))
    soiled.answer("customer", one.number, one.number, True, "digits that look like a card number")


def _unknown_country(_rng: random.Random, soiled: Soiled, place: int) -> None:
    """Magento drops such an address (M§7), so it is elsewhere only."""
    one = soiled.customers[place]
    abroad = replace(one.invoice, country=UNKNOWN_COUNTRY, postcode="10000", city="Pristina")
    soiled.override_customer(place, EXACT, invoice=abroad)
    soiled.override_customer(place, TILL, invoice=abroad)
    soiled.answer("customer", one.number, one.number, True, "a country that Magento does not know")


_CUSTOMER_DIRT: dict[str, Callable[[random.Random, Soiled, int], None]] = {
    "twice in Exact": _twice,
    "other e-mail": _other_mail,
    "other name": _other_name,
    "moved": _moved,
    "card number": _card,
    "unknown country": _unknown_country,
}
