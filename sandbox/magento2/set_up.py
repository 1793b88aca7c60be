"""A shop before anybody sells in it: websites, views, groups, tax classes, the default stock, who may log in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sandbox.magento2.attributes import system_attributes
from sandbox.magento2.call import Call
from sandbox.magento2.categories import make_category
from sandbox.magento2.inventory import save_source
from sandbox.magento2.state import (
    DEFAULT_SOURCE,
    Admin,
    CustomerGroup,
    Database,
    Integration,
    Stock,
    StoreGroup,
    StoreView,
    TaxClass,
    TaxRate,
    Website,
)

RETAIL_CUSTOMER, TAXABLE_GOODS = 3, 2
RESTRICTED_TO = ("Magento_Catalog::",)
DEFAULT_SOURCE_FIELDS: Mapping[str, Any] = {
    "source_code": DEFAULT_SOURCE,
    "name": "Default Source",
    "enabled": True,
    "description": "Default Source",
    "latitude": Decimal(0),
    "longitude": Decimal(0),
    "country_id": "US",
    "postcode": "00000",
}


def secret(seed: int, name: str) -> str:
    """A token or key of 32 letters and digits that depends on the seed alone."""
    return hashlib.sha256(f"{seed}/magento2/{name}".encode()).hexdigest()[:32]


def open_shop(db: Database, now: datetime, views: Sequence[StoreView]) -> None:
    """The rows that every shop with two websites has; ``views`` are its store views."""
    system_attributes(db)
    _open_websites(db, views)
    for number, name in enumerate(("NOT LOGGED IN", "General", "Wholesale", "Retailer")):
        db.customer_groups[number] = CustomerGroup(number, name, RETAIL_CUSTOMER)
    db.ids.start("customer_group", 3)
    db.tax_classes[TAXABLE_GOODS] = TaxClass(TAXABLE_GOODS, "Taxable Goods", "PRODUCT")
    db.tax_classes[RETAIL_CUSTOMER] = TaxClass(RETAIL_CUSTOMER, "Retail Customer", "CUSTOMER")
    db.ids.start("tax_class", 3)
    for region, code, rate in ((12, "CA", "8.25"), (43, "NY", "8.375")):
        number = db.ids.next("tax_rate")
        db.tax_rates[number] = TaxRate(number, "US", Decimal(rate), f"US-{code}-*-Rate 1", region, code)
    save_source(db, DEFAULT_SOURCE_FIELDS)
    db.sources[DEFAULT_SOURCE].frontend_name = ""
    codes = [website.code for website in db.websites.values() if website.id]
    db.stocks[1] = Stock(db.ids.next("stock"), "Default Stock", codes, {DEFAULT_SOURCE: 1})
    call = Call(db, now)
    root = make_category(call, "Root Catalog", None)
    make_category(call, "Default Category", root)


def _open_websites(db: Database, views: Sequence[StoreView]) -> None:
    rows = (
        (Website(0, "admin", "Admin", 0), StoreGroup(0, 0, 0, 0, "Default", "default")),
        (Website(1, "base", "Main Website", 1), StoreGroup(1, 1, 2, 1, "Main Website Store", "main_website_store")),
        (Website(2, "b2b", "B2B Website", 2), StoreGroup(2, 2, 2, 4, "B2B Store", "b2b_group")),
    )
    for website, group in rows:
        db.websites[website.id], db.groups[group.id] = website, group
    for view in views:
        db.views[view.id] = view


def open_accounts(db: Database, seed: int, password: str) -> dict[str, str]:
    """Two integrations and an administrator; the credentials that are printed when the stand-in is ready."""
    names = ("consumer_key", "consumer_secret", "token", "token_secret")
    for number, (name, resources) in enumerate((("ERP", None), ("Catalogue only", RESTRICTED_TO)), 1):
        keys = {field: secret(seed, f"{name}/{field}") for field in names}
        db.integrations.append(Integration(number, name, resources=resources, **keys))
    db.admins["admin"] = Admin(1, "admin", password)
    db.token_key = hashlib.sha256(f"{seed}/magento2/tokens".encode()).digest()
    full, restricted = db.integrations
    return {
        "bearer": full.token,
        "restricted": restricted.token,
        "admin": f"admin:{password}",
        "consumer_key": full.consumer_key,
        "consumer_secret": full.consumer_secret,
        "access_token": full.token,
        "access_token_secret": full.token_secret,
    }


def add_tax(db: Database, code: str, country: str, rate: Decimal) -> TaxRate:
    """One more tax rate."""
    one = TaxRate(db.ids.next("tax_rate"), country, rate, code)
    db.tax_rates[one.id] = one
    return one
