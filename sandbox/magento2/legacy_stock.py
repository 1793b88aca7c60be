"""The legacy stock item of a product, which mirrors the source ``default`` (M§1)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from sandbox.magento2.call import Call
from sandbox.magento2.errors import ApiError
from sandbox.magento2.state import DEFAULT_SOURCE, Database, Product, SourceItem, StockItem
from sandbox.magento2.values import STOCK_PLACES, folded, moment, scaled, shown

STOCKED_TYPES = ("simple", "virtual", "downloadable")
NOTIFY_BELOW = Decimal(1)

USUAL: dict[str, Any] = {
    "is_qty_decimal": False,
    "show_default_notification_message": False,
    "use_config_min_qty": True,
    "min_qty": 0,
    "use_config_min_sale_qty": 1,
    "min_sale_qty": 1,
    "use_config_max_sale_qty": True,
    "max_sale_qty": 10000,
    "use_config_backorders": True,
    "backorders": 0,
    "use_config_notify_stock_qty": True,
    "notify_stock_qty": 1,
    "use_config_qty_increments": True,
    "qty_increments": 0,
    "use_config_enable_qty_inc": True,
    "enable_qty_increments": False,
    "use_config_manage_stock": True,
    "manage_stock": True,
}


def stock_item_view(product: Product) -> dict[str, Any]:
    """The stock item as the API answers it."""
    item = product.stock
    head = {
        "item_id": item.id,
        "product_id": product.id,
        "stock_id": 1,
        "qty": shown(item.qty),
        "is_in_stock": item.is_in_stock,
    }
    tail = {
        "low_stock_date": moment(item.low_stock_date) if item.low_stock_date else None,
        "is_decimal_divided": False,
        "stock_status_changed_auto": item.status_changed_auto,
    }
    return head | USUAL | item.changes | tail


def manages_stock(item: StockItem) -> bool:
    """Whether the shop counts the pieces of the product."""
    members = USUAL | item.changes
    return bool(members["use_config_manage_stock"] or members["manage_stock"])


def new_stock_item(db: Database, type_id: str) -> StockItem:
    """What a product is born with: no quantity at all, or 0 where its type has no stock of its own."""
    return StockItem(db.ids.next("stock_item"), None if type_id in STOCKED_TYPES else Decimal(0))


def change_stock_item(item: StockItem, given: Mapping[str, Any], direct: bool) -> None:
    """Take over what was given. ``direct``: through stockItems, which remembers an automatic change of status."""
    if given.get("qty") is not None:
        item.qty = scaled(given["qty"], STOCK_PLACES)
    if given.get("is_in_stock") is not None:
        item.is_in_stock = given["is_in_stock"]
    item.changes |= {name: given[name] for name in USUAL if given.get(name) is not None}
    if item.qty is None:
        return
    if item.is_in_stock and item.qty <= 0 and manages_stock(item):
        item.is_in_stock = False
        item.status_changed_auto = 1
    elif direct and not item.is_in_stock and item.status_changed_auto and item.qty > 0:
        item.is_in_stock = True
    if not direct:
        item.status_changed_auto = 0


def save_stock_item(db: Database, product: Product, now: datetime) -> None:
    """What every save of an existing product does: the low stock date, and the source ``default`` after it."""
    item = product.stock
    low = manages_stock(item) and (item.qty or Decimal(0)) < NOTIFY_BELOW
    item.low_stock_date = now if low and item.saved else None
    item.saved = True
    mirror_to_source(db, product)


def mirror_to_source(db: Database, product: Product) -> None:
    """Write the legacy figures to the source ``default``."""
    if product.type_id not in STOCKED_TYPES:
        return
    item, key = product.stock, (folded(product.sku), DEFAULT_SOURCE)
    status = int(item.is_in_stock)
    row = db.source_items.setdefault(key, SourceItem(product.sku, DEFAULT_SOURCE, Decimal(0), status))
    row.quantity, row.status = item.qty or Decimal(0), status


def mirror_from_source(db: Database, row: SourceItem) -> None:
    """Write the figures of the source ``default`` to the legacy stock item."""
    for product in db.with_sku(row.sku):
        product.stock.qty = row.quantity
        product.stock.is_in_stock = row.status == 1


def _find(call: Call) -> Product:
    found = call.db.with_sku(call.path["productSku"])
    if not found:
        raise ApiError(404, 'The Product with the "%1" SKU doesn\'t exist.', [call.path["productSku"]])
    return found[0]


def get_stock_item(call: Call) -> Any:
    return stock_item_view(_find(call))


def put_stock_item(call: Call) -> Any:
    """Ignores the item id in the path and answers the real one; the product's ``updated_at`` stays."""
    product = _find(call)
    change_stock_item(product.stock, call.given["stockItem"], direct=True)
    save_stock_item(call.db, product, call.now)
    return product.stock.id
