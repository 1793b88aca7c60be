"""Templates with several variants: what belongs to the template is not one variant's to change (NOTES section 4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Any

from adapters.odoo.api import Odoo

_MODEL = "product.product"
_TEMPLATE = "product_tmpl_id"


def of_families(odoo: Odoo, products: Collection[str], purpose: str) -> frozenset[str]:
    """Those of the products, by id, whose template has other variants, too, archived ones among them."""
    ids = sorted({int(product) for product in products if product.isdecimal()})
    if not ids:
        return frozenset()
    ours = _templates(odoo, [["id", "in", ids]], purpose)
    siblings = Counter(_templates(odoo, [[_TEMPLATE, "in", sorted(set(ours.values()))]], purpose).values())
    return frozenset(str(product) for product, template in ours.items() if siblings[template] > 1)


def _templates(odoo: Odoo, domain: list[Any], purpose: str) -> dict[int, int]:
    """Product → its template."""
    context = {"active_test": False}
    told = odoo.read(_MODEL, "search_read", purpose, domain=domain, fields=[_TEMPLATE], load=None, context=context)
    return {int(row["id"]): int(row[_TEMPLATE]) for row in told.value}
