"""From the invented chain to a Magento shop: websites base and b2b, views nl, fr and de, four sources in one stock.

Prices include VAT, weights are in kilograms, the price scope is global. ``barcode`` and ``brand`` are custom
attributes of the shop's own, ``customer_no`` one of its customers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sandbox.magento2 import sales
from sandbox.magento2.attributes import add_option, make_attribute
from sandbox.magento2.call import Call
from sandbox.magento2.categories import make_category
from sandbox.magento2.countries import CODES
from sandbox.magento2.inventory import save_source
from sandbox.magento2.legacy_stock import mirror_to_source, new_stock_item
from sandbox.magento2.product_values import set_value
from sandbox.magento2.set_up import TAXABLE_GOODS, add_tax, open_shop
from sandbox.magento2.state import (
    ALL,
    ALL_GROUPS,
    DEFAULT_SET,
    Customer,
    CustomerGroup,
    Database,
    Product,
    SourceItem,
    Stock,
    StoreView,
    TaxClass,
    TierPrice,
)
from sandbox.magento2.values import folded, money, stored_text, url_key
from sandbox.shop import model
from sandbox.shop.words import GROUPS

SYSTEM: model.System = "magento2"
VIEWS = (
    StoreView(1, "nl", "Nederlands", 1, 1, locale="nl_NL"),
    StoreView(0, "admin", "Admin", 0, 0),
    StoreView(2, "fr", "Français", 1, 1, locale="fr_FR"),
    StoreView(3, "de", "Deutsch", 1, 1, locale="de_DE"),
    StoreView(4, "b2b_nl", "Zakelijk", 2, 2, locale="nl_NL"),
)
VIEW_OF_LANGUAGE = {"fr": 2, "de": 3}
PRODUCT_CLASSES = {"reduced": "Reduced", "zero": "Zero rate", "exempt": "Exempt", "intermediate": "Intermediate"}
RATES: dict[str, dict[str, str]] = {
    "standard": {"NL": "21", "BE": "21", "DE": "19", "FR": "20", "LU": "17"},
    "reduced": {"NL": "9", "BE": "6", "DE": "7", "FR": "5.5", "LU": "8"},
    "intermediate": {"NL": "21", "BE": "12"},
    "zero": {"NL": "0", "BE": "0"},
    "exempt": {"NL": "0", "BE": "0"},
}
DEALERS = "Dealers"
ENOUGH = Decimal(100_000)


class Seed:
    """Fills a database with the shop's part of the chain."""

    def __init__(self, db: Database, shop: model.Shop, now: datetime) -> None:
        self._db = db
        self._shop = shop
        self._now = now
        self._classes: dict[str | None, int] = {"standard": TAXABLE_GOODS, None: 0}
        self._brands: dict[str, int] = {}
        self._categories: dict[str, int] = {}
        self._customers: dict[str, Customer] = {}
        self._dealers = 0
        self._parents: dict[str, Product] = {}
        self._stock = Stock(2, "Nederland en België")

    def plant(self) -> None:
        """Everything that the chain has in its webshop."""
        open_shop(self._db, self._now, VIEWS)
        self._plant_taxes()
        self._plant_sources()
        goods = [_as_shown(one) for one in self._shop.products if SYSTEM in one.on]
        self._plant_words(goods)
        for one in goods:
            self._plant_product(one)
        self._plant_customers()
        self._plant_orders()

    # --- set-up

    def _plant_taxes(self) -> None:
        db = self._db
        for name, label in PRODUCT_CLASSES.items():
            number = db.ids.next("tax_class")
            db.tax_classes[number] = TaxClass(number, label, "PRODUCT")
            self._classes[name] = number
        for name, by_country in RATES.items():
            for country, rate in by_country.items():
                code = f"{country}-{name}"
                db.tax_of[self._classes[name], country] = add_tax(db, code, country, Decimal(rate)).id

    def _plant_sources(self) -> None:
        db = self._db
        for priority, place in enumerate(self._shop.locations, 1):
            code = place.codes.get(SYSTEM)
            if code is not None:
                fields = {"source_code": code, "name": place.name, "country_id": "NL", "postcode": "3511 AB"}
                save_source(db, fields | ({"country_id": "BE", "postcode": "9000"} if "ut" not in code else {}))
                self._stock.links[code] = priority
        db.stocks[db.ids.next("stock")] = self._stock
        db.stocks[1].channels.remove("base")
        self._stock.channels = ["base"]

    def _plant_words(self, goods: Iterable[model.Product]) -> None:
        db = self._db
        make_attribute(db, "barcode", "text", "Barcode", "global", in_set=True)
        db.customer_attributes.add("customer_no")
        brand = make_attribute(db, "brand", "select", "Merk", "global", in_set=True)
        for name in sorted({one.brand for one in goods if one.brand}):
            self._brands[name] = add_option(db, brand, name).id
        call, parent = Call(db, self._now), db.categories[2]
        for code in sorted({*GROUPS, *(one.group for one in goods if one.group)}):
            self._categories[code] = make_category(call, GROUPS.get(code, code), parent).id
        self._dealers = db.ids.next("customer_group")
        db.customer_groups[self._dealers] = CustomerGroup(self._dealers, DEALERS, 3)

    # --- products

    def _plant_product(self, one: model.Product) -> None:
        product = self._make(one.sku, one.name, "simple", visibility=1 if one.family else 4)
        self._fill(product, one)
        if one.family:
            self._parent_of(one).children.append(product.id)
        for place in self._shop.locations:
            code = place.codes.get(SYSTEM)
            if code is not None and place.code in one.stock:
                self._set_source(product.sku, code, one.stock[place.code])

    def _make(self, sku: str, name: str, type_id: str, visibility: int) -> Product:
        db, twins = self._db, self._db.with_sku(sku)
        product = Product(
            id=db.ids.next("product"),
            sku=sku.strip(),
            type_id=type_id,
            attribute_set_id=DEFAULT_SET,
            created_at=self._now,
            updated_at=self._now,
            stock=new_stock_item(db, type_id),
            website_ids=[1, 2],
        )
        key = str(twins[0].value("url_key")) if twins else url_key(f"{stored_text(name, 150)} {sku}")
        while db.with_url_key(key) and not twins:
            key = f"{key}-{product.id}"
        usual = {"name": name, "status": 1, "visibility": visibility, "tax_class_id": TAXABLE_GOODS, "url_key": key}
        for code, value in (usual | {"options_container": "container2", "msrp_display_actual_price_type": "0"}).items():
            set_value(db, product, code, value)
        db.add_product(product)
        mirror_to_source(db, product)
        return product

    def _fill(self, product: Product, one: model.Product) -> None:
        """What the chain knows of an article, in the shop's own attributes."""
        db = self._db
        values: dict[str, Any] = {
            "price": _gross(one, one.price),
            "status": 1 if one.active and one.sell_online else 2,
            "tax_class_id": self._classes[one.vat_class],
            "weight": one.weight_kg,
            "description": one.description,
            "short_description": one.summary,
            "barcode": one.barcode,
            "brand": self._brands.get(one.brand or ""),
            "cost": one.cost,
        }
        for code, value in values.items():
            set_value(db, product, code, value)
        for language, view in VIEW_OF_LANGUAGE.items():
            if one.names.get(language):
                set_value(db, product, "name", one.names[language], view)
        if one.group:
            product.categories[self._categories[one.group]] = 0
        if not one.tracks_stock:
            product.stock.changes = {"use_config_manage_stock": False, "manage_stock": False}
        product.stock.changes |= {"is_qty_decimal": True} if one.unit in ("kilogram", "metre") else {}
        self._price(product, one)

    def _price(self, product: Product, one: model.Product) -> None:
        """The promotion that runs or comes next, for the shop keeps one period; and the tiers."""
        coming = [promo for promo in one.promos if promo.ends is None or promo.ends >= self._shop.as_of]
        for promo in sorted(coming, key=lambda promo: promo.starts)[:1]:
            product.values["special_price"] = {ALL: _gross(one, promo.amount)}
            product.values["special_from_date"] = {ALL: f"{promo.starts} 00:00:00"}
            if promo.ends is not None:
                product.values["special_to_date"] = {ALL: f"{promo.ends} 23:59:59"}
        for tier in one.tiers:
            group = self._dealers if tier.group else ALL_GROUPS
            product.tiers.append(TierPrice(0, group, tier.min_qty, _gross(one, tier.amount)))

    def _parent_of(self, one: model.Product) -> Product:
        """The configurable product of a family; made when its first variant is."""
        family = str(one.family)
        if family not in self._parents:
            parent = self._make(family, one.name.split(",")[0], "configurable", visibility=4)
            set_value(self._db, parent, "tax_class_id", self._classes[one.vat_class])
            parent.stock.is_in_stock = True
            self._parents[family] = parent
        return self._parents[family]

    def _set_source(self, sku: str, code: str, quantity: Decimal) -> None:
        key = (folded(sku), code)
        self._db.source_items[key] = SourceItem(sku.strip(), code, quantity, 1)

    # --- customers

    def _plant_customers(self) -> None:
        """An e-mail address exists once on a website (M§7): the second bearer stays out."""
        taken: set[str] = set()
        for one in self._shop.customers:
            shown = replace(one, **one.overrides.get(SYSTEM, {}))
            email = (shown.email or "").lower()
            if SYSTEM in one.on and email and email not in taken:
                taken.add(email)
                self._customers[one.number] = self._make_customer(shown)

    def _make_customer(self, one: model.Customer) -> Customer:
        db = self._db
        customer = Customer(
            id=db.ids.next("customer"),
            email=str(one.email),
            firstname=one.first,
            lastname=f"{one.infix} {one.last}".strip(),
            website_id=1,
            store_id=VIEW_OF_LANGUAGE.get(one.language, 1),
            group_id=self._dealers if one.group else 1,
            created_at=self._now,
            updated_at=self._now,
            created_in=VIEWS[0].name,
            optional={"taxvat": one.vat_number} if one.vat_number else {},
            is_subscribed=one.newsletter,
        )
        for address in (one.invoice, one.delivery, *one.more):
            if address is not None and address.country in CODES:
                customer.addresses.append(self._make_address(one, address))
        if customer.addresses:
            customer.default_billing = customer.addresses[0]["id"]
            customer.default_shipping = customer.addresses[1 if one.delivery and len(customer.addresses) > 1 else 0][
                "id"
            ]
        db.customers[customer.id] = customer
        return customer

    def _make_address(self, one: model.Customer, address: model.Address) -> dict[str, Any]:
        street = [f"{address.street} {address.number}".strip(), address.addition, address.extra]
        last = f"{one.infix} {one.last}".strip()
        made: dict[str, Any] = {
            "id": self._db.ids.next("address"),
            "region": {"region_code": None, "region": None, "region_id": 0},
            "country_id": address.country,
            "street": [line for line in street if line],
            "company": one.company,
            "telephone": one.phone or one.mobile or "0",
            "postcode": address.postcode,
            "city": address.city,
            "firstname": one.first,
            "lastname": last,
            "vat_id": one.vat_number,
        }
        return {name: value for name, value in made.items() if value not in (None, "")}

    # --- orders

    def _plant_orders(self) -> None:
        """Orders with what became of them; the figures of the sources are the ones that lie there now."""
        held = {key: item.quantity for key, item in self._db.source_items.items()}
        for one in self._shop.orders:
            if one.placed_in == SYSTEM and all(self._db.with_sku(line.sku) for line in one.lines):
                self._plant_order(one)
        for key, quantity in held.items():
            self._db.source_items[key].quantity = quantity

    def _plant_order(self, one: model.Order) -> None:
        db, now = self._db, self._now
        customer = self._customers.get(one.customer or "")
        buyer = sales.buyer_of(customer) if customer else sales.GUEST
        lines = [sales.Line(line.sku, line.quantity, self._parent_sku(line.sku)) for line in one.lines]
        order = sales.place_order(db, now, lines, buyer, check=False)
        if one.reference.isdigit():
            order.increment_id = one.reference
        places = {place.code: place.codes.get(SYSTEM) for place in self._shop.locations}
        source = places.get(one.ship_from or "") or next(iter(self._stock.links))
        rows = list(zip(order.lines, one.lines, strict=True))
        if any(line.shipped or line.refunded for line in one.lines):
            sales.invoice(db, order, now)
        shipped = [{"order_item_id": item.id, "qty": line.shipped} for item, line in rows if line.shipped]
        if shipped:
            for item, _ in rows:
                self._set_source(item.sku, source, ENOUGH)
            sales.ship(db, order, now, shipped, source)
        refunded = [{"order_item_id": item.id, "qty": line.refunded} for item, line in rows if line.refunded]
        if refunded:
            sales.refund(db, order, now, refunded, {"shipping_amount": Decimal(0)})
        if one.state == "canceled":
            sales.cancel(db, order, now)
        elif one.state == "on_hold":
            sales.hold(order, now)

    def _parent_sku(self, sku: str) -> str | None:
        number = self._db.with_sku(sku)[0].id
        return next((parent.sku for parent in self._parents.values() if number in parent.children), None)


def _as_shown(one: model.Product) -> model.Product:
    """The article as the shop shows it, with its own dirt."""
    return replace(one, **one.overrides.get(SYSTEM, {}))


def _gross(one: model.Product, amount: Decimal) -> Decimal:
    """An amount with VAT, as this shop holds its prices; one that the chain keeps without is rounded to cents."""
    if one.price_form == "included":
        return amount
    return money(amount * (1 + Decimal(RATES[one.vat_class or "zero"]["NL"]) / 100))
