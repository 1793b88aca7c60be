"""Which products stock is kept of: a flag whose name depends on the version (NOTES section 4)."""

from __future__ import annotations

from typing import Any

from adapters.odoo.api import Odoo

Condition = list[Any]


def is_tracked(odoo: Odoo, path: str = "") -> Condition:
    """The condition for it, on products, or on what leads to one by this path (``product_id.``)."""
    if "is_storable" in odoo.fields("product.product"):
        return [f"{path}is_storable", "=", True]
    return [f"{path}detailed_type", "=", "product"]
