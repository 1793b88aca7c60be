"""From the invented chain to a shop on Lightspeed X-Series."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import takewhile
from zoneinfo import ZoneInfo

from sandbox.lightspeed_x.retail import Retail
from sandbox.lightspeed_x.store import Row
from sandbox.lightspeed_x.switches import Switches
from sandbox.shop.model import Address, Customer, Product, Shop, System
from sandbox.shop.words import GROUPS
from sandbox.stand import round_half_up

SYSTEM: System = "lightspeed_x"
ZONE = ZoneInfo("Europe/Amsterdam")
TAXES = {
    "standard": ("Hoog 21%", Decimal("0.21")),
    "reduced": ("Laag 9%", Decimal("0.09")),
    "zero": ("Nul 0%", Decimal(0)),
    "intermediate": ("Tussen 12% BE", Decimal("0.12")),
    "reduced BE": ("Laag 6% BE", Decimal("0.06")),
    "exempt": ("Vrijgesteld", Decimal(0)),
}
NO_TAX = "No Tax"
ROOT_CATEGORY = "Assortiment"
LAST_SECOND = time(23, 59, 59)
VAT_FIELD = "custom_field_2"
"""Where the shop keeps a company's VAT number: there is no field of its own (canonical-model 5)."""


class Seed:
    """Fills a shop with its part of the chain."""

    def __init__(self, retail: Retail, shop: Shop) -> None:
        self._retail = retail
        self._shop = shop
        self._taxes: dict[str, str] = {}
        self._brands: dict[str, str] = {}
        self._categories: dict[str, str] = {}
        self._axes: dict[str, str] = {}
        self._groups: dict[str, str] = {}
        self._books: dict[str, str] = {}

    def plant(self) -> None:
        """Everything, by the rules of the API but with its open questions answered leniently."""
        store = self._retail.store
        chosen = store.switches
        store.switches = Switches(tax_exclusive=chosen.tax_exclusive, registers=chosen.registers)
        self._plant_set_up()
        goods = [effective_product(one) for one in self._shop.products if SYSTEM in one.on]
        self._plant_words(goods)
        for members in _gather_families(goods):
            self._plant_family(members)
        for one in self._shop.customers:
            if SYSTEM in one.on:
                self._plant_customer(replace(one, **one.overrides.get(SYSTEM, {})))
        store.switches = chosen

    # set-up

    def _plant_set_up(self) -> None:
        reference, store = self._retail.reference, self._retail.store
        for name, (label, rate) in TAXES.items():
            self._taxes[name] = reference.add_tax(label, rate, default=name == "standard")["id"]
        reference.no_tax = reference.add_tax(NO_TAX, Decimal(0))["id"]
        for place in self._shop.locations:
            if SYSTEM in place.codes:
                self._retail.locations[place.code] = reference.add_outlet(place.codes[SYSTEM])["id"]
        reference.set_retailer("Voorbeeld Winkels")
        reference.add_user(self._retail.access.user_id, "Beheer", "admin")
        reference.add_user(store.key("user", "till"), "Kassa", "cashier")
        reference.add_payment_type("Pin", 3)
        reference.add_payment_type("Contant", 1)
        reference.default_group = reference.add_group("All Customers", store.key("group", "all"))["id"]
        self._groups["dealers"] = reference.add_group("Dealers", store.key("group", "dealers"))["id"]
        self._retail.books.open_base()

    def _plant_words(self, goods: list[Product]) -> None:
        reference, store = self._retail.reference, self._retail.store
        for name in sorted({one.brand for one in goods if one.brand}):
            self._brands[name] = reference.add_brand(name, store.key("brand", name))["id"]
        root = reference.add_category(ROOT_CATEGORY, key=store.key("category", ROOT_CATEGORY))["id"]
        for code in sorted({*GROUPS, *(one.group for one in goods if one.group)}):
            key = store.key("category", code)
            self._categories[code] = reference.add_category(GROUPS.get(code, code), root, key)["id"]
        for axis in sorted({axis for one in goods for axis in one.axes}):
            self._axes[axis] = reference.add_attribute(axis, store.key("axis", axis))["id"]

    # products

    def _plant_family(self, members: list[Product]) -> None:
        first = members[0]
        name = self._free_name(_family_name(members), first.sku)
        body = {
            "name": name,
            "description": first.description or "",
            "brand_id": self._brands.get(first.brand or ""),
            "product_category_id": self._categories.get(first.group or ""),
        }
        key = self._retail.store.key("product", first.family or first.sku)
        if len(members) == 1:
            ids = self._retail.catalog.create(body | self._own(first), key)
        else:
            variants = [self._own(one) | {"variant_definitions": self._definitions(one)} for one in members]
            ids = self._retail.catalog.create(body | {"variants": variants}, key)
        for one, made in zip(members, ids, strict=True):
            self._plant_prices(one, made)

    def _free_name(self, name: str, sku: str) -> str:
        """Names of families are unique (L§5): the second bearer has its code behind it."""
        return name if self._retail.catalog.holder_of(name) is None else f"{name} [{sku}]"

    def _definitions(self, one: Product) -> list[Row]:
        return [{"attribute_id": self._axes[axis], "value": one.axes[axis]} for axis in sorted(one.axes)]

    def _own(self, one: Product) -> Row:
        """What one variant has for itself."""
        price = "price_excluding_tax" if self._retail.store.switches.tax_exclusive else "price_including_tax"
        body: Row = {
            "sku": one.sku,
            "product_codes": [{"code": code, "type": code_type(code)} for code in _barcodes(one)],
            price: self._in_mode(one.price, one),
            "is_active": one.active and one.sell_in_store,
            "all_outlets_tax": {"tax_id": self._tax(one)},
        }
        if one.cost is not None:
            body["supply_price"] = one.cost
        if one.weight_kg is not None:
            body |= {"weight": one.weight_kg, "weight_unit": "KG"}
        if one.tracks_stock:
            body["inventory"] = [
                {"outlet_id": outlet, "current_amount": one.stock.get(place, Decimal(0))}
                for place, outlet in self._retail.locations.items()
            ]
        return body

    def _tax(self, one: Product) -> str:
        return self._taxes[one.vat_class or "standard"]

    def _in_mode(self, amount: Decimal, one: Product) -> Decimal:
        """An amount of the product's list form in the form of the shop (canonical-model 3)."""
        factor = 1 + self._retail.reference.rate(self._tax(one))
        exclusive = self._retail.store.switches.tax_exclusive
        if one.price_form == "excluded":
            return amount if exclusive else round_half_up(amount * factor, 2)
        return round_half_up(amount / factor, 5) if exclusive else amount

    # price books

    def _plant_prices(self, one: Product, product_id: str) -> None:
        taken = set()
        for promo in one.promos:
            book = self._promo_book(promo.starts, promo.ends)
            if book not in taken:
                taken.add(book)
                self._add_price(book, product_id, one, promo.amount, None)
        for tier in one.tiers:
            book = self._book("Dealers", [self._groups["dealers"]]) if tier.group else self._book("Staffelprijzen")
            units = None if tier.min_qty <= 1 else tier.min_qty
            self._add_price(book, product_id, one, tier.amount, units)

    def _add_price(self, book: str, product_id: str, one: Product, amount: Decimal, units: Decimal | None) -> None:
        price = self._in_mode(amount, one)
        row = {"product_id": product_id, "price": price, "tax_id": self._tax(one), "min_units": units}
        self._retail.books.put_row(book, row)

    def _promo_book(self, starts: date, ends: date | None) -> str:
        """One book per period: a promo's days belong to the book (canonical-model 3)."""
        name = f"Actie {starts.isoformat()} - {ends.isoformat() if ends else 'open'}"
        begins = moment_of(starts, time.min)
        stops = moment_of(ends, LAST_SECOND) if ends else None
        return self._book(name, None, {"valid_from": begins, "valid_to": stops})

    def _book(self, name: str, groups: list[str] | None = None, more: Row | None = None) -> str:
        if name not in self._books:
            body = {"name": name, "customer_group_ids": groups} | (more or {})
            key = self._retail.store.key("price book", name)
            self._books[name] = self._retail.books.add_book(body, key=key)["id"]
        return self._books[name]

    # customers

    def _plant_customer(self, one: Customer) -> None:
        body: Row = {
            "first_name": one.first or None,
            "last_name": " ".join(part for part in (one.infix, one.last) if part) or None,
            "company_name": one.company,
            "email": one.email,
            "phone": one.phone,
            "mobile": one.mobile,
            "do_not_email": not one.newsletter,
            VAT_FIELD: one.vat_number or "",
        }
        if one.group:
            body["customer_group_id"] = self._groups[one.group]
        body |= write_address("physical", one.invoice)
        if one.delivery is not None:
            body |= write_address("postal", one.delivery)
        self._retail.people.create(body, self._retail.store.key("customer", one.number), strict=False)


def write_address(kind: str, address: Address) -> Row:
    """An address in the members of a customer: street, number and addition on one line."""
    line = " ".join(part for part in (address.street, address.number, address.addition) if part)
    return {
        f"{kind}_address_1": line,
        f"{kind}_address_2": address.extra,
        f"{kind}_suburb": "",
        f"{kind}_city": address.city,
        f"{kind}_postcode": address.postcode,
        f"{kind}_state": "",
        f"{kind}_country_id": address.country,
    }


def effective_product(one: Product) -> Product:
    """A product as this system knows it."""
    return replace(one, **one.overrides.get(SYSTEM, {}))


def code_type(code: str) -> str:
    """What kind of code a barcode is, by its digits."""
    if not code.isdigit():
        return "CUSTOM"
    return {8: "EAN", 12: "UPC", 13: "EAN", 14: "ITF"}.get(len(code), "CUSTOM")


def _barcodes(one: Product) -> list[str]:
    return [code for code in (one.barcode, *one.more_barcodes) if code]


def moment_of(day: date, at: time) -> str:
    """The moment of a local time on a day, in UTC, as the shop writes it."""
    return datetime.combine(day, at, ZONE).astimezone(UTC).isoformat()


def _gather_families(goods: Iterable[Product]) -> list[list[Product]]:
    """Products by family, where the family can be one here: at most 200 members, 3 axes, all different."""
    families: dict[str, list[Product]] = {}
    for one in goods:
        families.setdefault(f"family {one.family}" if one.family else f"single {one.sku}", []).append(one)
    gathered: list[list[Product]] = []
    for members in families.values():
        axes = {tuple(sorted(one.axes)) for one in members}
        values = {tuple(sorted(one.axes.items())) for one in members}
        fits = len(axes) == 1 and 1 <= len(next(iter(axes))) <= 3 and len(values) == len(members) <= 200
        if len(members) == 1 or fits:
            gathered.append(members)
        else:
            gathered += [[replace(one, family=None)] for one in members]
    return gathered


def _family_name(members: list[Product]) -> str:
    """The name of a family: its members' own where it is the same, else what their names begin with."""
    names = [one.name for one in members]
    if len(set(names)) == 1:
        return names[0]
    shared = takewhile(lambda signs: len(set(signs)) == 1, zip(*names, strict=False))
    common = "".join(signs[0] for signs in shared)
    whole = common if all(name[len(common) :][:1] in ("", " ", ",") for name in names) else common.rpartition(" ")[0]
    axes = {axis.casefold() for axis in members[0].axes}
    words = whole.rstrip(" ,-/").split(" ")
    while words and words[-1].casefold() in axes:
        words.pop()
    return " ".join(words).rstrip(" ,-/") or names[0]
