"""Categories, and which products stand in them."""

from __future__ import annotations

from typing import Any

from sandbox.magento2.call import Call
from sandbox.magento2.errors import ApiError, no_such_entity
from sandbox.magento2.products import find_product
from sandbox.magento2.search import Table, invalid_attribute, listing
from sandbox.magento2.state import Category, Database
from sandbox.magento2.values import moment, url_key

ROOT = 1
TABLE: Table[Category] = Table(
    {
        "entity_id": lambda c: c.id,
        "parent_id": lambda c: c.parent_id,
        "name": lambda c: c.name,
        "is_active": lambda c: int(c.is_active),
        "level": lambda c: c.level,
        "path": lambda c: c.path,
        "url_key": lambda c: c.url_key,
        "created_at": lambda c: c.created_at,
        "updated_at": lambda c: c.updated_at,
    },
    invalid_attribute,
)


def _children(db: Database, parent_id: int) -> list[Category]:
    rows = [category for category in db.categories.values() if category.parent_id == parent_id]
    return sorted(rows, key=lambda category: category.position)


def category_view(db: Database, category: Category) -> dict[str, Any]:
    """A category as the API answers it."""
    children = _children(db, category.id)
    attributes: list[tuple[str, str]] = [
        ("is_anchor", "1"),
        ("path", category.path),
        ("children_count", str(len(children))),
        ("url_key", category.url_key),
        ("url_path", category.url_key),
    ]
    return {
        "id": category.id,
        "parent_id": category.parent_id,
        "name": category.name,
        "is_active": category.is_active,
        "position": category.position,
        "level": category.level,
        "children": ",".join(str(child.id) for child in children),
        "created_at": moment(category.created_at),
        "updated_at": moment(category.updated_at),
        "path": category.path,
        "include_in_menu": category.include_in_menu,
        "custom_attributes": [{"attribute_code": code, "value": value} for code, value in attributes],
    }


def find_category(db: Database, number: Any) -> Category:
    category = db.categories.get(int(number)) if str(number).isdigit() else None
    if category is None:
        raise no_such_entity("id", str(number))
    return category


def _tree(db: Database, category: Category) -> dict[str, Any]:
    count = sum(1 for product in db.products.values() if category.id in product.categories)
    return {
        "id": category.id,
        "parent_id": category.parent_id,
        "name": category.name,
        "is_active": category.is_active,
        "position": category.position,
        "level": category.level,
        "product_count": count,
        "children_data": [_tree(db, child) for child in _children(db, category.id)],
    }


def get_tree(call: Call) -> Any:
    root = call.query.get("rootCategoryId") or 2
    return _tree(call.db, find_category(call.db, root))


def get_category(call: Call) -> Any:
    return category_view(call.db, find_category(call.db, call.path["categoryId"]))


def list_categories(call: Call) -> Any:
    criteria = call.criteria()
    rows, total = TABLE.search(call.db.categories.values(), criteria)
    return listing([category_view(call.db, row) for row in rows], criteria, total)


def make_category(call: Call, name: str, parent: Category | None) -> Category:
    """A new category below another."""
    db = call.db
    number = db.ids.next("category")
    category = Category(
        id=number,
        parent_id=parent.id if parent else 0,
        name=name,
        position=len(_children(db, parent.id)) + 1 if parent else 0,
        level=parent.level + 1 if parent else 0,
        path=f"{parent.path}/{number}" if parent else str(number),
        created_at=call.now,
        updated_at=call.now,
        url_key=url_key(name),
    )
    db.categories[number] = category
    return category


def post_category(call: Call) -> Any:
    """A new category; a name that another one below the same parent has is refused (its URL key is taken)."""
    given = call.given["category"]
    parent = find_category(call.db, given.get("parent_id") or 2)
    if not given.get("name"):
        raise ApiError(400, 'The "Name" attribute value is empty. Set the attribute and try again.')
    if any(child.url_key == url_key(given["name"]) for child in _children(call.db, parent.id)):
        text = "URL key for specified store already exists."
        raise ApiError(400, "Could not save category: %1", [text])
    category = make_category(call, given["name"], parent)
    category.is_active = bool(given.get("is_active"))
    category.include_in_menu = bool(given.get("include_in_menu", True))
    return category_view(call.db, category)


def put_category(call: Call) -> Any:
    category, given = find_category(call.db, call.path["id"]), call.given["category"]
    category.name = given.get("name") or category.name
    category.is_active = bool(given.get("is_active", category.is_active))
    category.include_in_menu = bool(given.get("include_in_menu", category.include_in_menu))
    category.updated_at = call.now
    return category_view(call.db, category)


def delete_category(call: Call) -> Any:
    category = find_category(call.db, call.path["categoryId"])
    for child in _children(call.db, category.id):
        del call.db.categories[child.id]
    del call.db.categories[category.id]
    for product in call.db.products.values():
        product.categories = {n: place for n, place in product.categories.items() if n in call.db.categories}
    return True


def list_category_products(call: Call) -> Any:
    number = find_category(call.db, call.path["categoryId"]).id
    rows = [product for product in call.db.products.values() if number in product.categories]
    return [{"sku": p.sku, "position": p.categories[number], "category_id": str(number)} for p in rows]


def put_category_product(call: Call) -> Any:
    """Assign a product; its ``updated_at`` stays (M§3)."""
    link = call.given["productLink"]
    category = find_category(call.db, link.get("category_id") or call.path["categoryId"])
    product = find_product(call.db, link.get("sku") or "")
    product.categories[category.id] = link.get("position") or 0
    return True


def delete_category_product(call: Call) -> Any:
    category = find_category(call.db, call.path["categoryId"])
    product = find_product(call.db, call.path["sku"])
    if category.id not in product.categories:
        raise ApiError(400, "The category doesn't contain the specified product.")
    del product.categories[category.id]
    return True
