"""What the control interface shows of the shop: everything it holds."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sandbox.magento2.attributes import shown_options
from sandbox.magento2.categories import category_view
from sandbox.magento2.customers import customer_view
from sandbox.magento2.inventory import salable_quantity, source_item_view, source_view, stock_view
from sandbox.magento2.products import product_view
from sandbox.magento2.sales_views import credit_memo_view, invoice_view, order_view, shipment_view
from sandbox.magento2.state import Database, Product
from sandbox.magento2.stores import group_view, tax_class_view, tax_rate_view


def overview(db: Database) -> dict[str, Any]:
    """All rows, most of them as the API would show them in ``all``."""
    return {
        "settings": asdict(db.settings),
        "products": [_product(db, product) for product in db.products.values()],
        "attributes": [
            {"attribute_code": one.code, "frontend_input": one.input, "options": shown_options(db, one)}
            for one in db.attributes.values()
            if one.is_user_defined
        ],
        "categories": [category_view(db, one) for one in db.categories.values()],
        "sources": [source_view(one) for one in db.sources.values()],
        "stocks": [stock_view(one) | {"sources": dict(one.links)} for one in db.stocks.values()],
        "source_items": [source_item_view(one) for one in db.source_items.values()],
        "reservations": [asdict(one) for one in db.reservations],
        "orders": [order_view(db, one) for one in db.orders.values()],
        "shipments": [shipment_view(db, one) for one in db.shipments.values()],
        "invoices": [invoice_view(db, one) for one in db.invoices.values()],
        "credit_memos": [credit_memo_view(db, one) for one in db.credit_memos.values()],
        "customers": [customer_view(one) for one in db.customers.values()],
        "customer_groups": [group_view(db, one) for one in db.customer_groups.values()],
        "tax_classes": [tax_class_view(one) for one in db.tax_classes.values()],
        "tax_rates": [tax_rate_view(one) for one in db.tax_rates.values()],
        "bulks": [{"bulk_uuid": one.uuid, "operations": len(one.operations)} for one in db.bulks.values()],
    }


def _product(db: Database, product: Product) -> dict[str, Any]:
    """A product with what the API does not tell in one place: overrides of store views, salable quantity."""
    overrides = {
        code: {str(store): value for store, value in by_store.items() if store}
        for code, by_store in product.values.items()
        if set(by_store) - {0}
    }
    stock = db.stock_of_website("base")
    salable = salable_quantity(db, stock, product.sku) if stock else None
    return product_view(db, product) | {"overrides": overrides, "salable": salable}
