"""The profile ``recorded``: the shop in which the contract recordings began, and what happened between them.

The recordings leave out what their author did between two calls (orders placed in the storefront, products
loaded by a script). Here it happens again, by the same rules as everything else, at the moments that
:data:`TIMELINE` names; docs/sandbox-magento2-differences.md lists them. Nothing in here is an answer.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sandbox.magento2.attributes import assign_to_set
from sandbox.magento2.call import Call
from sandbox.magento2.edits import Edits
from sandbox.magento2.prices import post_base_prices
from sandbox.magento2.product_values import set_value
from sandbox.magento2.set_up import add_tax, open_shop
from sandbox.magento2.state import DEFAULT_SET, Database, Product, SourceItem, StockItem, StoreView
from sandbox.magento2.values import folded, url_key
from sandbox.stand import EditError, Stand

BEGIN = datetime(2026, 11, 21, 19, 48, 30, tzinfo=UTC)
PASSWORD = "<admin-password>"  # noqa: S105 - the mask in the recordings is the password here, on loopback
VIEWS = (
    StoreView(1, "default", "Default Store View", 1, 1),
    StoreView(0, "admin", "Admin", 0, 0),
    StoreView(3, "nl", "Nederlands", 1, 1),
    StoreView(4, "b2b_en", "B2B English", 2, 2),
)
SPECIAL = (
    "A/B-1", "SP ACE 1", "50%-OFF", "ÄÖÜ-ß-日本", "L" * 64, "PLUS+1", "Q\"U'OTE", "HASH#1", "Q?A&B", "COM,MA",
    "BACK\\SL", None, "TRAIL", "ABC-LOWER", "dot.", "100%25",
)  # fmt: skip
"""SKUs of products 18 to 33, which one recording reads before another one writes them; None is made by that one."""
LOADED = 700


def open_recorded(db: Database) -> None:
    """The shop at the first recording: nothing but what it was shipped with, and a second website."""
    db.settings.prices_include_tax = False
    db.settings.weight_unit = "lbs"
    db.settings.maximum_page_size = None
    db.settings.consumer_delay_s = None
    open_shop(db, BEGIN, VIEWS)
    _place(db, 1, "ERP-001", "Hammer 300 gram", "12.345678", 1)
    for place, sku in enumerate(SPECIAL):
        if sku is not None:
            name = "Case twin" if sku == "ABC-LOWER" else f"Special sku {place}"
            product = _place(db, 18 + place, sku, name, "12.34", 17 + place)
            set_value(db, product, "url_key", f"special-sku-{place}")
            db.index_url_key(product)


def _place(db: Database, number: int, sku: str, name: str, price: str, stock_id: int) -> Product:
    """A product as it stands in the database, with the id that it had in the recordings."""
    product = Product(
        id=db.ids.take("product", number),
        sku=sku,
        type_id="simple",
        attribute_set_id=DEFAULT_SET,
        created_at=BEGIN,
        updated_at=BEGIN,
        stock=StockItem(db.ids.take("stock_item", stock_id), saved=False),
        website_ids=[1, 2],
    )
    values: dict[str, Any] = {"name": name, "price": Decimal(price), "weight": Decimal("1.5"), "url_key": url_key(name)}
    usual = {"status": 1, "visibility": 4, "tax_class_id": 2, "options_container": "container2"}
    for code, value in (values | usual | {"msrp_display_actual_price_type": "0"}).items():
        set_value(db, product, code, value)
    db.add_product(product)
    db.source_items[folded(sku), "default"] = SourceItem(sku, "default", Decimal(0), 0)
    return product


@dataclass(frozen=True)
class Happening:
    """Something that was done before the ``nth`` call that matches."""

    method: str
    path: str
    nth: int
    do: Callable[[Author], object]


class Author:
    """Who made the recordings, and what they did between the calls."""

    def __init__(self, stand: Stand, db: Database, edit: Edits) -> None:
        self._stand = stand
        self.db = db
        self.edit = edit
        self._seen: Counter[tuple[str, str]] = Counter()

    def __call__(self, method: str, address: str) -> None:
        """A call is about to be answered."""
        kinds = {(one.method, one.path) for one in TIMELINE}
        for kind in kinds:
            if kind[0] == method and re.search(kind[1], address):
                self._seen[kind] += 1
                for one in TIMELINE:
                    if (one.method, one.path, one.nth) == (*kind, self._seen[kind]):
                        one.do(self)

    def at(self, clock: str) -> None:
        """Let it be this time of the day of the recordings."""
        hour, minute, second = (int(part) for part in clock.split(":"))
        self._stand.clock.set(BEGIN.replace(hour=hour, minute=minute, second=second))

    def do(self, verb: str, **change: Any) -> dict[str, Any]:
        """One edit."""
        return self.edit({"do": verb, **change})

    def create(self, sku: str, name: str, price: str, **more: Any) -> None:
        """One product that a script loaded."""
        self.do("create_product", sku=sku, name=name, price=Decimal(price), type_id="simple", **more)


def _assign_attributes(author: Author) -> None:
    for order, code in enumerate(("erp_flag", "erp_weight", "erp_date", "erp_tags"), 101):
        assign_to_set(author.db.attributes[code], order)


def _load_products(author: Author) -> None:
    """What was loaded before the list of products was recorded; five stand in for those of the bulk recording."""
    author.at("19:55:30")
    author.db.ids.start("product", 35)
    for number in range(1, 6):
        author.create(f"FILL-{number}", f"Filler {number}", "5")
    author.at("19:55:40")
    stock = {"qty": Decimal(40), "is_in_stock": True}
    author.do("product", sku="ERP-100", set={"extension_attributes": {"stock_item": stock}})
    author.at("19:56:52")
    author.create("ERP-300", "Drill 18 V", "100", weight=Decimal(2), extension_attributes={"website_ids": [1]})
    _show_default_source(author, "ERP-300")
    author.at("19:57:53")
    for number in range(LOADED):
        if number == 1:
            author.at("19:57:54")
        if number == 466:
            author.at("19:58:48")
            author.create("ERP-400", "Updated-at probe", "100", status=2, extension_attributes={"website_ids": [1]})
        author.create(f"LOAD-{number:05d}", f"Load product {number}", "10")
    author.at("20:00:00")
    _tax_goods(author.db)


def _show_default_source(author: Author, sku: str) -> None:
    author.do("stock", sku=sku, location="default", quantity=0)


def _tax_goods(db: Database) -> None:
    """21 % on taxable goods, as the shop's rule had it when orders were placed."""
    rate = next((one for one in db.tax_rates.values() if one.code == "NL-21"), None)
    db.tax_of[2, "NL"] = (rate or add_tax(db, "NL-21", "NL", Decimal(21))).id


def _order(quantity: int, sku: str) -> Callable[[Author], None]:
    def place(author: Author) -> None:
        author.do("order", lines=[{"sku": sku, "quantity": quantity}])

    return place


def _try_to_ship(author: Author) -> None:
    """Twice without naming a source: refused, and an id is used up each time."""
    for _ in range(2):
        try:
            author.do("ship", order=1, location="default")
        except EditError:
            continue


def _refund(is_returned: bool) -> Callable[[Author], None]:
    def refund(author: Author) -> None:
        lines = [{"sku": "ERP-300", "quantity": 1}]
        author.do("refund", order=1, lines=lines, return_to_stock=is_returned)

    return refund


def _more_orders(author: Author) -> None:
    """Order 2 is cancelled; orders 3 and 4 run through; product ERP-600 is made."""
    author.do("cancel", order=2)
    author.create("ERP-600", "Order of operations", "10", extension_attributes={"website_ids": [1]})
    _show_default_source(author, "ERP-600")


def _orders_three_and_four(author: Author) -> None:
    for number, quantity in ((3, 2), (4, 1)):
        _order(quantity, "ERP-300")(author)
        author.do("ship", order=number, location="wh_ams")
        author.do("invoice", order=number)


def _try_website_prices(author: Author) -> None:
    """Price scope website for a while: the rows that it left behind stay when the scope is global again (M§4)."""
    author.do("configure", price_scope="website")
    for price, store_id in (("20", 0), ("25", 4), ("21", 3)):
        row = {"price": Decimal(price), "store_id": store_id, "sku": "ERP-300"}
        post_base_prices(Call(author.db, BEGIN, given={"prices": [row]}))
    author.do("configure", price_scope="global")


READS_OF_300 = r"/inventory/source-items\?.*value\]=ERP-300$"
READS_OF_600 = r"/inventory/source-items\?.*value\]=ERP-600$"

TIMELINE: tuple[Happening, ...] = (
    Happening("POST", r"/V1/categories$", 1, _assign_attributes),
    Happening("GET", r"/V1/products\?.*field\]=sku.*value\]=ERP-300$", 1, _load_products),
    Happening("GET", READS_OF_300, 2, _order(5, "ERP-300")),
    Happening("GET", READS_OF_300, 3, lambda author: author.do("invoice", order=1)),
    Happening(
        "GET",
        READS_OF_300,
        4,
        lambda author: author.do("ship", order=1, lines=[{"sku": "ERP-300", "quantity": 2}], location="wh_ams"),
    ),
    Happening("GET", READS_OF_300, 7, _try_to_ship),
    Happening("GET", READS_OF_300, 8, _refund(True)),
    Happening("GET", READS_OF_300, 9, _refund(False)),
    Happening("GET", READS_OF_300, 10, _order(4, "ERP-300")),
    Happening("GET", READS_OF_300, 11, _more_orders),
    Happening("GET", READS_OF_600, 1, _orders_three_and_four),
    Happening("GET", READS_OF_600, 2, _order(5, "ERP-600")),
    Happening("GET", READS_OF_600, 6, _order(5, "ERP-600")),
    Happening("GET", READS_OF_600, 9, _order(10, "ERP-600")),
    Happening("GET", READS_OF_600, 13, _order(4, "ERP-600")),
    Happening("POST", r"/inventory/source-items-delete$", 3, _order(2, "ERP-600")),
    Happening("GET", r"/V1/bulk/[^/]+/detailed-status$", 2, lambda author: author.do("run_consumer")),
    Happening("GET", r"/V1/nosuch/route$", 1, _try_website_prices),
)
