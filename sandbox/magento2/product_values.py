"""Values of product attributes: what is taken, how it is kept, in which scope, how it is answered."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from sandbox.magento2.attribute_table import NO_CUSTOM_ATTRIBUTE
from sandbox.magento2.errors import ApiError
from sandbox.magento2.inputs import wrong_type
from sandbox.magento2.state import ALL, Attribute, Database, Product, Value
from sandbox.magento2.values import PRICE_PLACES, decimal, is_numeric, read_moment, scaled, stored_text

PRICES = ("price", "special_price", "cost", "tier_price")


def check_types(db: Database, given: Iterable[dict[str, Any]]) -> None:
    """Refuse custom attribute values of the wrong type, which happens while input is read (M2.8)."""
    for row in given:
        attribute = db.attributes.get(row["attribute_code"])
        if attribute is None or row["value"] is None or attribute.code == "category_ids":
            continue
        expected = {"int": "int", "decimal": "float"}.get(attribute.backend_type, "string")
        value = row["value"]
        numeric = expected in ("int", "float")
        if isinstance(value, dict | list) or (numeric and value != "" and not is_numeric(value)):
            detail = wrong_type(value, expected).message
            text = (
                f'Error occurred during "custom_attributes" processing. Attribute "{attribute.code}" has invalid value.'
            )
            raise ApiError(400, f"{text} {detail}")


def kept_value(attribute: Attribute, value: Any) -> Value:
    """A value as the database keeps it; None for an empty one."""
    if value is None or value == "":
        return None
    if attribute.backend_type == "int":
        return int(decimal(value))
    if attribute.backend_type == "decimal":
        return scaled(value, PRICE_PLACES)
    if attribute.backend_type == "datetime":
        return kept_date(attribute.code, value)
    return stored_text(value, 255 if attribute.backend_type == "varchar" else None)


def kept_date(code: str, value: Any) -> str:
    """A date with a time; 400 for what is none (M2.8)."""
    read = read_moment(value)
    if read is None:
        text = 'Invalid value of "%value" provided for the %fieldName field.'
        raise ApiError(400, text, {"fieldName": code, "value": value})
    return read.strftime("%Y-%m-%d %H:%M:%S")


def scope_of(db: Database, attribute: Attribute) -> str:
    """The scope of an attribute; that of prices is a setting of the shop (M§4)."""
    return db.settings.price_scope if attribute.code in PRICES else attribute.scope


def stores_written(db: Database, attribute: Attribute, store_id: int) -> list[int]:
    """The stores that a write in one store view reaches: global everywhere, website its whole website (M§5)."""
    scope = scope_of(db, attribute)
    if store_id == ALL or scope == "global":
        return [ALL]
    if scope == "store":
        return [store_id]
    website = db.views[store_id].website_id
    return [view.id for view in db.views.values() if view.website_id == website]


def set_value(db: Database, product: Product, code: str, value: Any, store_id: int = ALL) -> None:
    """Write one value in one scope. In a store view null takes the override away, an empty text hides the default."""
    attribute = db.attributes[code]
    by_store = product.values.setdefault(code, {})
    kept = kept_value(attribute, value)
    for store in stores_written(db, attribute, store_id):
        if kept is None and (store == ALL or value is None):
            by_store.pop(store, None)
        elif store == ALL or not _repeats_default(attribute, by_store, kept):
            by_store[store] = kept
        else:
            by_store.pop(store, None)
    if not by_store:
        del product.values[code]


def _repeats_default(attribute: Attribute, by_store: dict[int, Value], kept: Value) -> bool:
    """Whether a view's value is dropped as equal to the default; numbers become overrides all the same (M§5)."""
    return attribute.backend_type != "int" and by_store.get(ALL) == kept


def value_in(db: Database, product: Product, code: str, store_id: int) -> Value:
    """What a store view shows; a price under global scope is the default one everywhere (M§4)."""
    attribute = db.attributes.get(code)
    if attribute is not None and scope_of(db, attribute) == "global":
        return product.value(code, ALL)
    return product.value(code, store_id)


def is_custom(attribute: Attribute, type_id: str) -> bool:
    """Whether a product of this type holds the attribute among its custom ones."""
    return attribute.in_set and attribute.code not in NO_CUSTOM_ATTRIBUTE and attribute.applies_to(type_id)


def shown_custom(db: Database, product: Product, store_id: int) -> list[dict[str, Any]]:
    """``custom_attributes``: values are texts, empty ones absent, categories a list (M2 shapes)."""
    values: list[tuple[tuple[float, ...], str, Any]] = [
        (db.attributes[code].rank, code, "0") for code in ("required_options", "has_options")
    ]
    categories = [str(number) for number in product.categories]
    values.append((db.attributes["category_ids"].rank, "category_ids", categories))
    for code in product.values:
        attribute = db.attributes[code]
        if is_custom(attribute, product.type_id):
            value = value_in(db, product, code, store_id)
            if value is not None:
                values.append((attribute.rank, code, f"{value:.6f}" if isinstance(value, Decimal) else str(value)))
    return [{"attribute_code": code, "value": value} for _, code, value in sorted(values, key=lambda row: row[:2])]
