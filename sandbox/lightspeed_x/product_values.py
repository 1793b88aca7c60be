"""The values of a product as they are sent: what is taken, what is refused (contract products.fields)."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import Any

from sandbox.lightspeed_x.errors import bad_request, invalid
from sandbox.lightspeed_x.paging import LARGEST
from sandbox.lightspeed_x.store import Row

CODE_TYPES = ("CUSTOM", "EAN", "ISBN", "ITF", "JAN", "UPC")
WEIGHTS = ("CT", "G", "OZ", "LB", "KG")
LENGTHS = ("IN", "CM", "MM", "YD")
TEXTS = (
    "name", "description", "handle", "sku", "brand_id", "product_category_id", "product_type_id", "supplier_id",
    "supplier_code", "source", "source_id", "source_variant_id", "weight_unit", "dimensions_unit",
)  # fmt: skip
LISTS = (
    "product_codes", "inventory", "variants", "product_suppliers", "outlet_taxes", "variant_definitions",
    "variant_attribute_values",
)  # fmt: skip


def check_kinds(body: Row) -> Row:
    """``body`` itself; 400 when a member is of another kind than the contract says."""
    for name, value in body.items():
        if name in TEXTS and not isinstance(value, str | None):
            raise bad_request(f"{name} must be a string")
        if name in LISTS and value is not None and not _is_list_of(value, dict):
            raise bad_request(f"{name} must be a list of objects")
        if name == "tag_ids" and value is not None and not _is_list_of(value, str):
            raise bad_request("tag_ids must be a list of ids")
        if name == "all_outlets_tax" and not isinstance(value, dict | None):
            raise bad_request("all_outlets_tax must be an object")
    return body


def _is_list_of(value: Any, kind: type) -> bool:
    return isinstance(value, list) and all(isinstance(one, kind) for one in value)


def blank_row(moment: str) -> Row:
    """A product row with nothing in it yet."""
    numbers = ("supply_price", "price_excluding_tax", "price_including_tax")
    nulls = (
        "variant_parent_id", "variant_count", "weight", "weight_unit", "length", "width", "height", "dimensions_unit",
        "tax_category", "deleted_at",
    )  # fmt: skip
    lists = (
        "product_suppliers",
        "variant_options",
        "categories",
        "attributes",
        "customizations",
        "images",
        "skuImages",
    )
    row: Row = dict.fromkeys(nulls) | dict.fromkeys(numbers, Decimal(0)) | {name: [] for name in lists}
    flags = {"has_variants": False, "is_composite": False}
    return row | flags | {"packaging": {}, "created_at": moment, "updated_at": moment, "version": 0}


def name_key(name: str) -> str:
    """What makes two family names the same: case and outer blanks do not count."""
    return unicodedata.normalize("NFC", name).strip().casefold()


def slug(name: str) -> str:
    """A handle made of a name."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii").lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "product"


def read_name(value: Any) -> str:
    """A name with something in it, without outer blanks; 422."""
    if not isinstance(value, str) or not value.strip():
        raise invalid({"name": "Required"})
    return value.strip()


def read_code(one: Any) -> tuple[str, str]:
    """Code and type of one of ``product_codes``; 422."""
    if not str(one.get("code") or "").strip():
        raise invalid({"product_codes": "code is required"})
    kind = one.get("type", "CUSTOM")
    if kind not in CODE_TYPES:
        raise invalid({"product_codes": f"type must be one of {', '.join(CODE_TYPES)}"})
    return str(one["code"]), kind


def read_part(body: Row, name: str) -> Row:
    """``common`` or ``details`` of an update; 400 when it is no object."""
    part = body.get(name, {})
    if not isinstance(part, dict):
        raise bad_request(f"{name} must be an object")
    return part


def read_amount(value: Any, name: str) -> Decimal:
    """A JSON number of a size that money has; 422."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not -LARGEST <= Decimal(value) <= LARGEST:
        raise invalid({name: "Must be a number"})
    return Decimal(value)


def read_truth(value: Any, name: str) -> bool:
    """A boolean; 422."""
    if not isinstance(value, bool):
        raise invalid({name: "Must be true or false"})
    return value


def set_active(row: Row, value: Any) -> None:
    """Both names of "sell at the till" (contract products.fields)."""
    row["active"] = row["is_active"] = read_truth(value, "is_active")


def set_outlet_taxes(row: Row, value: Any) -> None:
    """Tax overrides per outlet; in rows only present when there are some (contract products.fields)."""
    wanted = [{"outlet_id": one["outlet_id"], "tax_id": one["tax_id"]} for one in value or [] if one.get("tax_id")]
    row.pop("outlet_taxes", None)
    if wanted:
        row["outlet_taxes"] = wanted


def set_measures(row: Row, body: Row) -> None:
    """Weight and dimensions, each only together with its unit (contract products.fields)."""
    if "weight" in body:
        _check_unit(body, "weight", "weight_unit", WEIGHTS)
        row["weight"] = None if body["weight"] is None else read_amount(body["weight"], "weight")
        row["weight_unit"] = None if body["weight"] is None else body["weight_unit"]
    for name in ("length", "width", "height"):
        if name in body:
            _check_unit(body, name, "dimensions_unit", LENGTHS)
            row[name] = None if body[name] is None else read_amount(body[name], name)
            row["dimensions_unit"] = body.get("dimensions_unit")


def _check_unit(body: Row, name: str, unit: str, units: tuple[str, ...]) -> None:
    if body[name] is not None and body.get(unit) not in units:
        raise invalid({unit: f"Required with {name}: one of {', '.join(units)}"})
