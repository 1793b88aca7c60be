"""Writing products: POST is an upsert, PUT a merge; what is refused, and what is taken without a word (M2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.magento2.call import Call
from sandbox.magento2.errors import ApiError, PlainError
from sandbox.magento2.legacy_stock import change_stock_item, mirror_to_source, new_stock_item, save_stock_item
from sandbox.magento2.media import NO_SELECTION, ROLES, replace_media
from sandbox.magento2.product_values import check_types, is_custom, kept_value, set_value
from sandbox.magento2.products import find_product, product_view
from sandbox.magento2.state import ALL, DEFAULT_SET, Database, Product, TierPrice
from sandbox.magento2.values import PERCENT_PLACES, PRICE_PLACES, STOCK_PLACES, scaled, stored_text, url_key

MEMBERS = ("name", "price", "status", "visibility", "weight")
"""Attributes that a product has as members of its own."""
DEFAULTS: dict[str, Any] = {
    "status": 1,
    "visibility": 4,
    "options_container": "container2",
    "msrp_display_actual_price_type": "0",
    "tax_class_id": 2,
}
WITHOUT_PRICE = ("configurable", "bundle", "grouped")
URL_KEY_TAKEN = "URL key for specified store already exists."


def check_product(call: Call) -> None:
    """The part of the input check that knows the shop's attributes."""
    check_types(call.db, call.given["product"].get("custom_attributes") or [])


def post_product(call: Call) -> Any:
    """Answers what was saved; read again only where the SKU had to be trimmed."""
    product, _, trimmed = _save(call, call.given["product"], None)
    return product_view(call.db, product, call.store_id, "full" if call.is_async or trimmed else "saved")


def put_product(call: Call) -> Any:
    """The SKU in the path wins over the one in the body, also with an id: nothing is renamed (M2.4)."""
    given = call.given["product"]
    sku = call.path.get("sku") or given.get("sku")
    product, created, _ = _save(call, given, sku)
    return product_view(call.db, product, call.store_id, "saved" if created and not call.is_async else "full")


def _save(call: Call, given: Mapping[str, Any], path_sku: str | None) -> tuple[Product, bool, bool]:
    """The saved product, whether it is new, and whether its SKU was trimmed (then it is answered as read again)."""
    sku = path_sku if path_sku is not None else given.get("sku")
    if sku is None:
        raise PlainError(500)
    found = call.db.with_sku(sku)
    _check_set(given, found[0] if found else None)
    if found:
        return _update(call, found[0], given, stored_text(sku.strip())), False, sku != sku.strip()
    return _create(call, given, sku), True, sku != sku.strip()


def _check_set(given: Mapping[str, Any], existing: Product | None) -> None:
    set_id = given.get("attribute_set_id", existing.attribute_set_id if existing else None)
    if set_id != DEFAULT_SET:
        raise ApiError(400, "Invalid product data: %1", ["Invalid attribute set entity type"])


def _update(call: Call, product: Product, given: Mapping[str, Any], sku: str) -> Product:
    changes = _changes(call.db, given, product.type_id)
    _check_values(call, changes, product)
    websites = _websites(call.db, given)
    _check_url_key(call.db, product, changes)
    if sku != product.sku:
        call.db.rename(product, sku)
    _write(call, product, given, changes, websites)
    save_stock_item(call.db, product, call.now)
    return product


def _create(call: Call, given: Mapping[str, Any], raw_sku: str) -> Product:
    """A new product. One that is refused late has used up its ids."""
    db, type_id = call.db, given.get("type_id") or "simple"
    defaults = {code: value for code, value in DEFAULTS.items() if db.attributes[code].applies_to(type_id)}
    changes = defaults | {code: v for code, v in _changes(db, given, type_id).items() if v is not None}
    _check_new(call, changes, type_id, raw_sku)
    number = db.ids.next("product")
    websites = _websites(db, given)
    product = Product(
        id=number,
        sku=stored_text(raw_sku.strip()),
        type_id=type_id,
        attribute_set_id=DEFAULT_SET,
        created_at=call.now,
        updated_at=call.now,
        stock=new_stock_item(db, type_id),
        website_ids=sorted(db.websites.keys() - {0}) if call.store_id == ALL else [call.website_id],
    )
    changes["url_key"] = url_key(str(changes.get("url_key") or "")) or url_key(str(changes["name"])) or url_key(raw_sku)
    _check_url_key(db, product, changes)
    scope = Call(db, call.now, ALL, call.user)
    _write(scope, product, given, changes, websites)
    mirror_to_source(db, product)
    db.add_product(product)
    return product


def _changes(db: Database, given: Mapping[str, Any], type_id: str) -> dict[str, Any]:
    """Attribute code → new value; unknown codes, and those that do not belong to the type, fall away (M2.7)."""
    changes = {code: given[code] for code in MEMBERS if code in given and db.attributes[code].applies_to(type_id)}
    for row in given.get("custom_attributes") or []:
        attribute = db.attributes.get(row["attribute_code"])
        if attribute is not None and attribute.code != "category_ids" and is_custom(attribute, type_id):
            changes[attribute.code] = row["value"]
    return changes


def _check_new(call: Call, changes: Mapping[str, Any], type_id: str, sku: str) -> None:
    if len(sku.strip()) > 64:
        raise ApiError(400, "SKU length should be 64 characters maximum.")
    for attribute in call.db.attributes.values():
        wanted = attribute.code == "name" or (attribute.is_required and attribute.is_user_defined and attribute.in_set)
        if attribute.code == "price":
            wanted = attribute.applies_to(type_id) and type_id not in WITHOUT_PRICE
        if wanted and changes.get(attribute.code) in (None, ""):
            raise _empty(attribute.label)
    _check_values(call, changes, None)


def _empty(label: str | None) -> ApiError:
    return ApiError(400, f'The "{label}" attribute value is empty. Set the attribute and try again.')


def _check_values(call: Call, changes: Mapping[str, Any], existing: Product | None) -> None:
    for code, value in changes.items():
        kept = kept_value(call.db.attributes[code], value)
        if code in ("price", "special_price", "cost", "weight") and kept is not None and kept < 0:  # type: ignore[operator]
            raise ApiError(400, "Please enter a number 0 or greater in this field.")
        required = code == "name" or (code == "price" and existing is not None)
        if required and kept is None and (call.store_id == ALL or value == ""):
            raise _empty(call.db.attributes[code].label)


def _websites(db: Database, given: Mapping[str, Any]) -> list[int] | None:
    websites = (given.get("extension_attributes") or {}).get("website_ids")
    if websites is not None and any(number not in db.websites for number in websites):
        raise ApiError(400, "The product was unable to be saved. Please try again.")
    return None if websites is None else list(dict.fromkeys(websites))


def _check_url_key(db: Database, product: Product, changes: dict[str, Any]) -> None:
    """One key, one product in each store (M2.10); a SKU that exists twice cannot be saved any more (M2.1)."""
    if "url_key" in changes:
        changes["url_key"] = url_key(str(changes["url_key"] or "")) or product.value("url_key")
    key = changes.get("url_key") or product.value("url_key")
    if changes.get("visibility", product.value("visibility")) == 1 or not key:
        return
    for other in db.with_url_key(str(key)):
        if other.id != product.id and other.value("visibility") != 1:
            raise ApiError(400, URL_KEY_TAKEN)


def _write(
    call: Call, product: Product, given: Mapping[str, Any], changes: Mapping[str, Any], websites: list[int] | None
) -> None:
    """Everything has been checked: take it over."""
    extension = given.get("extension_attributes") or {}
    for code, value in changes.items():
        set_value(call.db, product, code, value, call.store_id)
    if websites is not None:
        product.website_ids = websites
    if extension.get("category_links") is not None:
        product.categories = _known_categories(call.db, extension["category_links"])
    if extension.get("stock_item"):
        change_stock_item(product.stock, extension["stock_item"], direct=False)
    if given.get("tier_prices") is not None:
        product.tiers = [_read_tier(row) for row in given["tier_prices"]]
    if given.get("product_links") is not None:
        product.links = [dict(row) for row in given["product_links"]]
    if given.get("media_gallery_entries") is not None:
        replace_media(call.db, product, given["media_gallery_entries"])
        _override_roles(call, product)
    _write_children(product, extension)
    product.updated_at = call.now
    if product.id in call.db.products and "url_key" in changes:
        call.db.index_url_key(product)


def _override_roles(call: Call, product: Product) -> None:
    """Sent in a store view, the gallery leaves overrides of the image roles behind (M§5)."""
    for role in ROLES if call.store_id != ALL else ():
        product.values[role][call.store_id] = product.values[role].get(ALL, NO_SELECTION)


def _known_categories(db: Database, links: list[Mapping[str, Any]]) -> dict[int, int]:
    """Links to categories that exist; the others fall away without a word (M2.7)."""
    numbers = {
        int(link["category_id"]): link.get("position") or 0 for link in links if str(link.get("category_id")).isdigit()
    }
    return {number: place for number, place in numbers.items() if number in db.categories}


def _read_tier(row: Mapping[str, Any]) -> TierPrice:
    extension = row.get("extension_attributes") or {}
    percentage = extension.get("percentage_value")
    return TierPrice(
        website_id=extension.get("website_id") or 0,
        group_id=row.get("customer_group_id") or 0,
        qty=scaled(row.get("qty") or 1, STOCK_PLACES),
        value=None if percentage is not None else scaled(row.get("value") or 0, PRICE_PLACES),
        percentage=None if percentage is None else scaled(percentage, PERCENT_PLACES),
    )


def _write_children(product: Product, extension: Mapping[str, Any]) -> None:
    if isinstance(extension.get("configurable_product_links"), list):
        product.children = [int(number) for number in extension["configurable_product_links"]]
    if isinstance(extension.get("configurable_product_options"), list):
        product.axes = [dict(axis) for axis in extension["configurable_product_options"]]


def delete_product(call: Call) -> Any:
    """Deletes the lowest id of the SKU; source items stay (M2.1)."""
    call.db.remove_product(find_product(call.db, call.path["sku"]))
    return True


def put_website(call: Call) -> Any:
    product = find_product(call.db, call.path["sku"])
    website = call.given["productWebsiteLink"].get("website_id")
    if website not in call.db.websites:
        text = 'Could not assign product "%1" to websites "%2"'
        raise ApiError(400, text, [product.sku, str(website)])
    if website not in product.website_ids:
        product.website_ids = sorted([*product.website_ids, website])
    product.updated_at = call.now
    return True


def delete_website(call: Call) -> Any:
    product = find_product(call.db, call.path["sku"])
    if call.path["websiteId"] in product.website_ids:
        product.website_ids.remove(call.path["websiteId"])
    product.updated_at = call.now
    return True


def post_links(call: Call) -> Any:
    """Related products and the like; moves ``updated_at`` (M§3)."""
    product = find_product(call.db, call.path["sku"])
    for row in call.given["items"]:
        find_product(call.db, row.get("linked_product_sku") or "")
    product.links += [dict(row) for row in call.given["items"]]
    product.updated_at = call.now
    return True


def post_child(call: Call) -> Any:
    """Attach a variant to a configurable product."""
    parent, child = find_product(call.db, call.path["sku"]), find_product(call.db, call.given["childSku"])
    if child.id in parent.children:
        raise ApiError(400, "The product is already attached.")
    parent.children.append(child.id)
    return True


def get_children(call: Call) -> Any:
    """The variants, without their stock and websites."""
    parent = find_product(call.db, call.path["sku"])
    views = [product_view(call.db, call.db.products[n]) for n in parent.children if n in call.db.products]
    return [{k: v for k, v in view.items() if k not in ("extension_attributes", "options")} for view in views]
