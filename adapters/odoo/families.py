"""Templates with several variants: what belongs to the template is not one variant's to change (NOTES section 4)."""

from __future__ import annotations

from collections.abc import Collection

from adapters.odoo.api import Odoo


def of_families(odoo: Odoo, products: Collection[str], purpose: str) -> frozenset[str]:
    """Those of the products, by id, whose template has other variants, too."""
    ids = sorted({int(product) for product in products if product.isdecimal()})
    if not ids:
        return frozenset()
    told = odoo.read("product.product", "read", purpose, ids=ids, fields=["product_variant_count"])
    return frozenset(str(row["id"]) for row in told.value if row["product_variant_count"] > 1)
