"""The table of docs/fields.md: which field each system reads and writes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connector.mapping.lens import EntityMapping
from connector.mapping.load import load_mapping
from connector.model.entity import Entity
from connector.model.fields import FIELDS
from tests.conftest import ROOT

SYSTEMS = ("exact_online", "magento2", "lightspeed_x", "odoo")
#: Settings that are empty as shipped, and give a field its place.
PLACES: Mapping[str, Mapping[str, Any]] = {
    "exact_online": {"description_field": "Notes"},
    "magento2": {"barcode_attribute": "barcode", "customer_no_attribute": "customer_no"},
    "lightspeed_x": {"vat_number_field": "custom_field_2"},
    "odoo": {"mobile_field": "mobile"},
}
ROW = re.compile(r"^\| (product|customer|price|stock) \| (\w+) \| (.+) \| (.+) \| (.+) \| (.+) \|$", re.MULTILINE)


def lenses(*, with_places: bool) -> dict[str, Mapping[Entity, EntityMapping]]:
    """The shipped mappings as they are, or with every setting that gives a field a place."""
    return {one: load_mapping(one, PLACES[one] if with_places else {}).entities for one in SYSTEMS}


def right(mappings: Mapping[Entity, EntityMapping], entity: Entity, name: str) -> str:
    """What a system does with a field: r, w, c, f together, or –."""
    one = mappings[entity].fields.get(name)
    if one is None:
        return "–"
    reads = {"always": "r", "first": "f", "never": ""}[one.reads]
    writes = {"always": "w", "create": "c", "never": ""}[one.write] if one.writes else ""
    return reads + writes


def expected() -> dict[tuple[str, str], tuple[str, ...]]:
    """The table as the mappings have it; a place that only a setting gives is in italics."""
    full, plain = lenses(with_places=True), lenses(with_places=False)
    table = {}
    for entity in Entity:
        for name in FIELDS[entity]:
            cells = [(right(full[one], entity, name), right(plain[one], entity, name)) for one in SYSTEMS]
            shown = tuple(cell if as_shipped == cell else f"*{cell}*" for cell, as_shipped in cells)
            if set(shown) != {"–"}:
                table[str(entity), name] = shown
    return table


def test_the_table_says_what_the_mappings_do() -> None:
    """Nobody has to read three mappings to learn where a field lives, and no field is forgotten."""
    text = (ROOT / "docs" / "fields.md").read_text(encoding="utf-8")
    assert expected() == {(entity, name): tuple(cells) for entity, name, *cells in ROW.findall(text)}
