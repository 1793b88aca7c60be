"""Websites, store views and their configuration, currency, countries, tax, customer groups, modules."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sandbox.magento2.call import Call
from sandbox.magento2.countries import NAMED
from sandbox.magento2.errors import ApiError, internal_error, no_such_entity
from sandbox.magento2.search import Table, listing
from sandbox.magento2.state import CustomerGroup, Database, StoreView, TaxClass, TaxRate
from sandbox.magento2.values import shown

MODULE_WORDS = (
    "Store Config Directory Theme Backend Security User Authorization Eav Customer Indexer Cms Integration "
    "CatalogImportExport Catalog CatalogInventory CatalogRule Msrp CatalogSearch CatalogUrlRewrite Quote "
    "Payment Sales Checkout Cron Downloadable Newsletter Bundle GiftMessage GroupedProduct Inventory "
    "InventoryAdminUi InventoryApi InventoryCatalog InventorySales InventoryCatalogApi ConfigurableProduct "
    "InventoryConfiguration InventoryExportStockApi InventoryIndexer InventorySalesApi "
    "InventoryInStorePickupApi Shipping Webapi InventoryReservations InventoryReservationsApi "
    "InventoryExportStock InventoryShipping InventorySourceDeductionApi InventorySourceSelection JwtUserToken "
    "MediaGallery MessageQueue MysqlMq SalesRule Review SalesInventory OfflineShipping OfflinePayments "
    "UrlRewrite Swatches Tax Translation AsynchronousOperations Version WebapiAsync WebapiSecurity Weee "
    "Wishlist "
)
MODULES: tuple[str, ...] = tuple(f"Magento_{name}" for name in MODULE_WORDS.split())
"""The modules that the stand-in stands for, in the order in which a shop loads them (a real shop has some 300)."""


def list_websites(call: Call) -> Any:
    return [
        {"id": w.id, "code": w.code, "name": w.name, "default_group_id": w.default_group_id}
        for w in call.db.websites.values()
    ]


def list_groups(call: Call) -> Any:
    return [
        {
            "id": g.id,
            "website_id": g.website_id,
            "root_category_id": g.root_category_id,
            "default_store_id": g.default_store_id,
            "name": g.name,
            "code": g.code,
        }
        for g in call.db.groups.values()
    ]


def list_views(call: Call) -> Any:
    return [
        {
            "id": v.id,
            "code": v.code,
            "name": v.name,
            "website_id": v.website_id,
            "store_group_id": v.store_group_id,
            "is_active": v.is_active,
        }
        for v in call.db.views.values()
    ]


def _config(db: Database, view: StoreView) -> dict[str, Any]:
    base = db.settings.base_url
    addresses = {"base_url": base, "base_link_url": base, "base_static_url": f"{base}static/"}
    addresses["base_media_url"] = f"{base}media/"
    return {
        "id": view.id,
        "code": view.code,
        "website_id": view.website_id,
        "locale": view.locale,
        "base_currency_code": "EUR",
        "default_display_currency_code": "EUR",
        "timezone": "Europe/Amsterdam",
        "weight_unit": db.settings.weight_unit,
        **addresses,
        **{f"secure_{name}": url for name, url in addresses.items()},
    }


def list_configs(call: Call) -> Any:
    """Whether prices include VAT is not among them (contract notes, section 4)."""
    codes = call.query.get("storeCodes") or {}
    wanted = set(codes.values()) if isinstance(codes, dict) else set(codes)
    views = [view for view in call.db.views.values() if view.id and (not wanted or view.code in wanted)]
    return [_config(call.db, view) for view in views]


def get_currency(_call: Call) -> Any:
    return {
        "base_currency_code": "EUR",
        "base_currency_symbol": "€",
        "default_display_currency_code": "EUR",
        "default_display_currency_symbol": "€",
        "available_currency_codes": ["EUR"],
        "exchange_rates": [{"currency_to": "EUR", "rate": 1}],
    }


def _country(code: str) -> dict[str, Any]:
    three, name = NAMED[code]
    return {
        "id": code,
        "two_letter_abbreviation": code,
        "three_letter_abbreviation": three,
        "full_name_locale": name,
        "full_name_english": name,
    }


def list_countries(_call: Call) -> Any:
    return [_country(code) for code in NAMED]


def get_country(call: Call) -> Any:
    if call.path["countryId"] not in NAMED:
        raise ApiError(404, "The country isn't available.")
    return _country(call.path["countryId"])


def list_modules(call: Call) -> Any:
    """All names, whatever page is asked for."""
    call.criteria()
    return list(MODULES)


# --- tax

TAX_CLASSES: Table[TaxClass] = Table(
    {"class_id": lambda c: c.id, "class_name": lambda c: c.name, "class_type": lambda c: c.type}, internal_error
)
TAX_RATES: Table[TaxRate] = Table(
    {
        "tax_calculation_rate_id": lambda r: r.id,
        "id": lambda r: r.id,
        "tax_country_id": lambda r: r.country,
        "code": lambda r: r.code,
        "rate": lambda r: r.rate,
        "tax_postcode": lambda r: r.postcode,
    },
    internal_error,
)


def tax_class_view(one: TaxClass) -> dict[str, Any]:
    return {"class_id": one.id, "class_name": one.name, "class_type": one.type}


def list_tax_classes(call: Call) -> Any:
    criteria = call.criteria()
    rows, total = TAX_CLASSES.search(call.db.tax_classes.values(), criteria)
    return listing([tax_class_view(row) for row in rows], criteria, total)


def get_tax_class(call: Call) -> Any:
    one = call.db.tax_classes.get(call.path["taxClassId"])
    if one is None:
        raise no_such_entity("class_id", call.path["taxClassId"])
    return tax_class_view(one)


def tax_rate_view(rate: TaxRate) -> dict[str, Any]:
    view: dict[str, Any] = {"id": rate.id, "tax_country_id": rate.country, "tax_region_id": rate.region_id}
    if rate.region_name is not None:
        view["region_name"] = rate.region_name
    more: dict[str, Any] = {"tax_postcode": rate.postcode, "rate": shown(rate.rate), "code": rate.code, "titles": []}
    return view | more


def list_tax_rates(call: Call) -> Any:
    criteria = call.criteria()
    rows, total = TAX_RATES.search(call.db.tax_rates.values(), criteria)
    return listing([tax_rate_view(row) for row in rows], criteria, total)


def post_tax_rate(call: Call) -> Any:
    given = call.given["taxRate"]
    if any(rate.code == given.get("code") for rate in call.db.tax_rates.values()):
        raise ApiError(400, "%1 already exists.", ["Code"])
    rate = TaxRate(
        id=call.db.ids.next("tax_rate"),
        country=given.get("tax_country_id") or "",
        rate=given.get("rate") or Decimal(0),
        code=given.get("code") or "",
        region_id=given.get("tax_region_id") or 0,
        postcode=given.get("tax_postcode") or "*",
    )
    call.db.tax_rates[rate.id] = rate
    return tax_rate_view(rate)


def list_tax_rules(call: Call) -> Any:
    """Which rate belongs to which product class, one rule each."""
    criteria = call.criteria()
    pairs = sorted({(rate, klass) for (klass, _), rate in call.db.tax_of.items()})
    rows = [
        {
            "id": number,
            "code": f"{call.db.tax_classes[klass].name} {call.db.tax_rates[rate].code}",
            "priority": 0,
            "position": 0,
            "customer_tax_class_ids": [3],
            "product_tax_class_ids": [klass],
            "tax_rate_ids": [rate],
            "calculate_subtotal": False,
        }
        for number, (rate, klass) in enumerate(pairs, 1)
    ]
    return listing(criteria.cut(rows), criteria, len(rows))


# --- customer groups

GROUPS: Table[CustomerGroup] = Table(
    {
        "customer_group_id": lambda g: g.id,
        "id": lambda g: g.id,
        "customer_group_code": lambda g: g.code,
        "code": lambda g: g.code,
        "tax_class_id": lambda g: g.tax_class_id,
    },
    internal_error,
)


def group_view(db: Database, group: CustomerGroup) -> dict[str, Any]:
    name = db.tax_classes[group.tax_class_id].name
    return {"id": group.id, "code": group.code, "tax_class_id": group.tax_class_id, "tax_class_name": name}


def list_customer_groups(call: Call) -> Any:
    criteria = call.criteria()
    rows, total = GROUPS.search(call.db.customer_groups.values(), criteria)
    return listing([group_view(call.db, row) for row in rows], criteria, total)


def get_customer_group(call: Call) -> Any:
    group = call.db.customer_groups.get(call.path["id"])
    if group is None:
        raise no_such_entity("id", call.path["id"])
    return group_view(call.db, group)


def post_customer_group(call: Call) -> Any:
    """The code is cut to 32 characters without a word (M2.15)."""
    given = call.given["group"]
    code = (given.get("code") or "")[:32]
    if any(group.code.lower() == code.lower() for group in call.db.customer_groups.values()):
        raise ApiError(400, "Customer Group already exists.")
    if not code:
        raise ApiError(400, '"%fieldName" is required. Enter and try again.', {"fieldName": "code"})
    tax_class = given.get("tax_class_id") or 3
    if tax_class not in call.db.tax_classes:
        text = 'Invalid value of "%value" provided for the %fieldName field.'
        raise ApiError(400, text, {"fieldName": "taxClassId", "value": tax_class})
    group = CustomerGroup(call.db.ids.next("customer_group"), code, tax_class)
    call.db.customer_groups[group.id] = group
    return group_view(call.db, group)
