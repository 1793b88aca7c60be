"""Reading products: one, the list, and how they are answered."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sandbox.magento2.call import Call
from sandbox.magento2.errors import no_such_product
from sandbox.magento2.legacy_stock import stock_item_view
from sandbox.magento2.media import media_views
from sandbox.magento2.product_values import scope_of, shown_custom, value_in
from sandbox.magento2.search import Table, invalid_attribute, listing
from sandbox.magento2.state import ALL, Database, Product, TierPrice
from sandbox.magento2.values import moment, shown


def find_product(db: Database, sku: str) -> Product:
    """The product with the lowest id of a SKU, or 404."""
    found = db.with_sku(sku)
    if not found:
        raise no_such_product()
    return found[0]


def product_view(db: Database, product: Product, store_id: int = ALL, part: str = "full") -> dict[str, Any]:
    """A product as the API answers it.

    ``part``: "full" for reads and updates, "saved" for what a create or a POST answers (without links and tier
    prices), "row" for a row of the list (without its stock item).
    """
    price = shown(_number(value_in(db, product, "price", store_id)))
    weight = shown(_number(value_in(db, product, "weight", store_id)))
    if product.type_id == "configurable":
        price = price or Decimal(0)
    view: dict[str, Any] = {
        "id": product.id,
        "sku": product.sku,
        "name": value_in(db, product, "name", store_id),
        "attribute_set_id": product.attribute_set_id,
        "price": price,
        "status": value_in(db, product, "status", store_id),
        "visibility": value_in(db, product, "visibility", store_id),
        "type_id": product.type_id,
        "created_at": moment(product.created_at),
        "updated_at": moment(product.updated_at),
        "weight": weight,
        "extension_attributes": _extension(product, part),
        "product_links": list(product.links),
        "options": [],
        "media_gallery_entries": media_views(product),
        "tier_prices": tier_views(db, product, store_id),
        "custom_attributes": shown_custom(db, product, store_id),
    }
    left_out = {name for name in ("name", "price", "weight", "status", "visibility") if view[name] is None}
    if part == "saved":
        left_out |= {"product_links", "tier_prices"}
    return {name: value for name, value in view.items() if name not in left_out}


def _number(value: Any) -> Decimal | None:
    return value if isinstance(value, Decimal) else None


def _extension(product: Product, part: str) -> dict[str, Any]:
    extension: dict[str, Any] = {"website_ids": list(product.website_ids)}
    if product.categories:
        links = product.categories.items()
        extension["category_links"] = [{"position": place, "category_id": str(number)} for number, place in links]
    if part != "row":
        extension["stock_item"] = stock_item_view(product)
        if product.type_id == "configurable":
            extension["configurable_product_options"] = list(product.axes)
            extension["configurable_product_links"] = list(product.children)
    return extension


def tier_views(db: Database, product: Product, store_id: int) -> list[dict[str, Any]]:
    """Tier prices by group id, website rows only where they count; a percentage as the price it makes (M§4)."""
    website = db.views[store_id].website_id if store_id != ALL and db.settings.price_scope == "website" else 0
    rows = [row for row in product.tiers if row.website_id in (0, website)]
    base = _number(value_in(db, product, "price", store_id)) or Decimal(0)
    return [_tier_view(row, base) for row in sorted(rows, key=lambda row: row.qty)]


def _tier_view(row: TierPrice, base: Decimal) -> dict[str, Any]:
    extension: dict[str, Any] = {"website_id": row.website_id}
    value = row.value
    if row.percentage is not None:
        extension = {"percentage_value": shown(row.percentage)} | extension
        value = base * (1 - row.percentage / 100)
    return {
        "customer_group_id": row.group_id,
        "qty": shown(row.qty),
        "value": shown(value),
        "extension_attributes": extension,
    }


FIXED: dict[str, Callable[[Product], Any]] = {
    "entity_id": lambda p: p.id,
    "sku": lambda p: p.sku,
    "type_id": lambda p: p.type_id,
    "attribute_set_id": lambda p: p.attribute_set_id,
    "created_at": lambda p: p.created_at,
    "updated_at": lambda p: p.updated_at,
    "required_options": lambda _p: 0,
    "has_options": lambda _p: 0,
    "category_id": lambda p: frozenset(p.categories),
    "category_ids": lambda p: frozenset(p.categories),
    "website_id": lambda p: frozenset(p.website_ids),
}


class ProductTable(Table[Product]):
    """Products are searched by their columns and by every attribute, in the store view of the call."""

    def __init__(self, db: Database, store_id: int) -> None:
        super().__init__(FIXED | {"store_id": lambda _p: frozenset(db.views)}, invalid_attribute)
        self._db = db
        self._store_id = store_id

    def sort_column(self, name: str) -> Callable[[Product], Any] | None:
        """The values of a column or an attribute."""
        if name in self.columns:
            return self.columns[name]
        attribute = self._db.attributes.get(name)
        if attribute is None:
            return None
        store_id = ALL if scope_of(self._db, attribute) == "global" else self._store_id
        return lambda product: product.value(name, store_id)


def get_product(call: Call) -> Any:
    return product_view(call.db, find_product(call.db, call.path["sku"]), call.store_id)


def list_products(call: Call) -> Any:
    criteria = call.criteria()
    rows = call.db.products.values()
    found, total = ProductTable(call.db, call.store_id).search(rows, criteria)
    return listing([product_view(call.db, row, call.store_id, "row") for row in found], criteria, total)


def list_types(_call: Call) -> Any:
    types = (("simple", "Simple Product"), ("virtual", "Virtual Product"), ("downloadable", "Downloadable Product"))
    more = (("bundle", "Bundle Product"), ("configurable", "Configurable Product"), ("grouped", "Grouped Product"))
    return [{"name": name, "label": label} for name, label in types + more]


def render_info(_call: Call) -> Any:
    """Storefront prices come from the search engine, which the recorded shop did not have: no rows."""
    return {"items": []}
