"""Product attributes, their options, attribute sets and groups."""

from __future__ import annotations

from typing import Any

from sandbox.magento2.attribute_table import (
    APPLY_TO,
    EXTRA,
    FIRST_ID,
    LABELS,
    LAST_IN_PRODUCT,
    ORDER_IN_PRODUCT,
    TABLE,
)
from sandbox.magento2.call import Call
from sandbox.magento2.errors import ApiError, no_such_entity
from sandbox.magento2.search import Table, invalid_attribute, listing
from sandbox.magento2.state import DEFAULT_SET, Attribute, AttributeOption, Database

GROUPS: tuple[tuple[str, str], ...] = (
    ("7", "Product Details"),
    ("13", "Content"),
    ("19", "Bundle Items"),
    ("10", "Images"),
    ("9", "Search Engine Optimization"),
    ("8", "Advanced Pricing"),
    ("11", "Design"),
    ("14", "Schedule Design Update"),
    ("12", "Autosettings"),
    ("20", "Gift Options"),
)
SET = {"attribute_set_id": DEFAULT_SET, "attribute_set_name": "Default", "sort_order": 1, "entity_type_id": 4}
EAV = "Magento\\Eav\\Model\\Entity\\Attribute\\"
BY_INPUT: dict[str, tuple[str, dict[str, Any]]] = {
    "text": ("varchar", {}),
    "textarea": ("text", {}),
    "select": ("int", {"default_value": ""}),
    "multiselect": ("text", {"backend_model": EAV + "Backend\\ArrayBackend", "default_value": ""}),
    "boolean": ("int", {"source_model": EAV + "Source\\Boolean"}),
    "date": ("datetime", {"backend_model": EAV + "Backend\\Datetime"}),
    "datetime": ("datetime", {"backend_model": EAV + "Backend\\Datetime"}),
    "price": ("decimal", {"backend_model": "Magento\\Catalog\\Model\\Product\\Attribute\\Backend\\Price"}),
    "media_image": ("varchar", {}),
}
"""Input of a new attribute → its backend type, and what its answer has beside the usual."""

USUAL: dict[str, Any] = {
    "is_wysiwyg_enabled": False,
    "is_html_allowed_on_front": False,
    "used_for_sort_by": False,
    "is_filterable": False,
    "is_filterable_in_search": False,
    "is_used_in_grid": False,
    "is_visible_in_grid": False,
    "is_filterable_in_grid": False,
    "position": 0,
    "is_searchable": "0",
    "is_visible_in_advanced_search": "0",
    "is_comparable": "0",
    "is_used_for_promo_rules": "0",
    "is_visible_on_front": "0",
    "used_in_product_listing": "0",
    "is_visible": True,
    "validation_rules": [],
}
TABLE_OF_ATTRIBUTES: Table[Attribute] = Table(
    {
        "attribute_id": lambda a: a.id,
        "attribute_code": lambda a: a.code,
        "frontend_input": lambda a: a.input,
        "frontend_label": lambda a: a.label,
        "backend_type": lambda a: a.backend_type,
        "is_user_defined": lambda a: int(a.is_user_defined),
        "is_required": lambda a: int(a.is_required),
        "is_unique": lambda a: int(a.is_unique),
        "is_visible": lambda a: int(a.extra.get("is_visible", True)),
        "entity_type_id": lambda _a: 4,
        "is_global": lambda a: {"store": 0, "global": 1, "website": 2}[a.scope],
    },
    invalid_attribute,
)


def system_attributes(db: Database) -> None:
    """Give a new shop its own attributes."""
    db.ids.start("attribute", FIRST_ID - 1)
    db.ids.start("attribute_option", 3)
    db.ids.start("entity_attribute", 134)
    last = len(ORDER_IN_PRODUCT) + 1
    ranks: dict[str, tuple[float, ...]] = {code: (float(n),) for n, code in enumerate(ORDER_IN_PRODUCT)}
    ranks |= {code: (float(last), float(n)) for n, code in enumerate(LAST_IN_PRODUCT)}
    for row in TABLE.strip().splitlines():
        code, kind, backend, scope, flags = row.split()
        db.attributes[code] = Attribute(
            id=db.ids.next("attribute"),
            code=code,
            label=LABELS.get(code, code.replace("_", " ").title()),
            input=None if kind == "-" else kind,
            backend_type=backend,
            scope=scope,
            is_required="R" in flags,
            is_user_defined="U" in flags,
            is_unique="Q" in flags,
            apply_to=APPLY_TO.get(code, ()),
            extra=dict(EXTRA.get(code, {})),
            rank=ranks.get(code, (float(last), 99.0)),
        )
    db.ids.start("attribute", 136)


def make_attribute(db: Database, code: str, kind: str, label: str, scope: str = "store", **more: Any) -> Attribute:
    """A new attribute of the shop's own; it belongs to no set yet unless ``in_set`` says so."""
    backend, extra = BY_INPUT.get(kind, ("varchar", {}))
    given_extra = more.pop("extra", {})
    attribute = Attribute(
        id=db.ids.next("attribute"),
        code=code,
        label=label,
        input=kind,
        backend_type=more.pop("backend_type", None) or backend,
        scope=scope,
        extra=extra | given_extra,
        in_set=more.pop("in_set", False),
        **more,
    )
    attribute.rank = (len(ORDER_IN_PRODUCT) + 0.5, 0.0, -float(attribute.id))
    db.attributes[code] = attribute
    return attribute


def add_option(db: Database, attribute: Attribute, label: str, sort_order: int = 0) -> AttributeOption:
    """A new option; 400 when the label is taken (M2.14)."""
    if any(option.label == label for option in attribute.options):
        raise ApiError(400, 'Admin store attribute option label "%1" is already exists.', [label])
    option = AttributeOption(db.ids.next("attribute_option"), label, sort_order)
    attribute.options.append(option)
    attribute.options.sort(key=lambda one: (one.sort_order, one.id))
    return option


def shown_options(db: Database, attribute: Attribute) -> list[dict[str, Any]]:
    """Options by label and value; one without label stands first where options are rows."""
    fixed = {
        "boolean": [("Yes", "1"), ("No", "0")],
        "status": [("Enabled", "1"), ("Disabled", "2")],
        "visibility": [
            ("Not Visible Individually", "1"),
            ("Catalog", "2"),
            ("Search", "3"),
            ("Catalog, Search", "4"),
        ],
    }
    if attribute.code == "tax_class_id":
        classes = [(one.name, str(one.id)) for one in db.tax_classes.values() if one.type == "PRODUCT"]
        rows = [("None", "0"), *classes]
    else:
        rows = fixed.get(attribute.code) or fixed.get(attribute.input or "") or []
    if not rows and attribute.has_table_options:
        rows = [(" ", ""), *((option.label, str(option.id)) for option in attribute.options)]
    return [{"label": label, "value": value} for label, value in rows]


def attribute_view(db: Database, attribute: Attribute) -> dict[str, Any]:
    """An attribute as the API answers it; members without a value are left out."""
    view: dict[str, Any] = {"extension_attributes": {"is_pagebuilder_enabled": False}} | USUAL
    view |= {
        "apply_to": list(attribute.apply_to) if attribute.code in ("price", "tax_class_id") else [],
        "scope": attribute.scope,
        "attribute_id": attribute.id,
        "attribute_code": attribute.code,
        "frontend_input": attribute.input,
        "entity_type_id": "4",
        "is_required": attribute.is_required,
        "options": shown_options(db, attribute),
        "is_user_defined": attribute.is_user_defined,
        "frontend_labels": [],
        "backend_type": attribute.backend_type,
        "is_unique": "1" if attribute.is_unique else "0",
    }
    if attribute.label is not None and attribute.extra.get("is_visible", True):
        view["default_frontend_label"] = attribute.label
    if attribute.is_user_defined and attribute.input == "select":
        view["source_model"] = EAV + "Source\\Table"
    return view | attribute.extra


def find_attribute(db: Database, code: str) -> Attribute:
    """An attribute by its code, or 404."""
    attribute = db.attributes.get(code)
    if attribute is None:
        text = 'The attribute with a "%1" attributeCode doesn\'t exist. Verify the attribute and try again.'
        raise ApiError(404, text, [code])
    return attribute


def get_attribute(call: Call) -> Any:
    return attribute_view(call.db, find_attribute(call.db, call.path["attributeCode"]))


def list_attributes(call: Call) -> Any:
    criteria = call.criteria()
    rows, total = TABLE_OF_ATTRIBUTES.search(call.db.attributes.values(), criteria)
    return listing([attribute_view(call.db, row) for row in rows], criteria, total)


def create_attribute(call: Call) -> Any:
    """A new attribute; it must be assigned to a set before products can hold it."""
    given = call.given["attribute"]
    code, kind = given.get("attribute_code") or "", given.get("frontend_input") or "text"
    if code in call.db.attributes:
        raise ApiError(400, "%1 already exists.", ["Attribute with the same code"])
    extra = {"frontend_class": given["frontend_class"]} if given.get("frontend_class") else {}
    attribute = make_attribute(
        call.db,
        code,
        kind,
        given.get("default_frontend_label") or code,
        given.get("scope") or "store",
        is_required=bool(given.get("is_required")),
        is_unique=given.get("is_unique") == "1",
        backend_type=given.get("backend_type"),
        extra=extra,
    )
    for option in given.get("options") or []:
        if (option.get("label") or "").strip():
            add_option(call.db, attribute, option["label"], option.get("sort_order") or 0)
    return attribute_view(call.db, attribute)


def get_options(call: Call) -> Any:
    return shown_options(call.db, find_attribute(call.db, call.path["attributeCode"]))


def post_option(call: Call) -> Any:
    """The id of the new option, as text (M2.14)."""
    attribute = find_attribute(call.db, call.path["attributeCode"])
    given = call.given["option"]
    return str(add_option(call.db, attribute, given.get("label") or "", given.get("sort_order") or 0).id)


def delete_option(call: Call) -> Any:
    attribute = find_attribute(call.db, call.path["attributeCode"])
    kept = [option for option in attribute.options if str(option.id) != str(call.path["optionId"])]
    if len(kept) == len(attribute.options):
        text = 'The "%1" attribute doesn\'t include an option with "%2" ID.'
        raise ApiError(404, text, [attribute.code, call.path["optionId"]])
    attribute.options = kept
    return True


def list_sets(call: Call) -> Any:
    criteria = call.criteria()
    return listing(criteria.cut([SET]), criteria, 1)


def get_set(call: Call) -> Any:
    if call.path["attributeSetId"] != DEFAULT_SET:
        raise no_such_entity("id", call.path["attributeSetId"])
    return SET


def set_attributes(call: Call) -> Any:
    """The attributes of a set."""
    get_set(call)
    return [attribute_view(call.db, one) for one in call.db.attributes.values() if one.in_set]


def list_groups(call: Call) -> Any:
    criteria = call.criteria()
    rows = [
        {"attribute_group_id": number, "attribute_group_name": name, "attribute_set_id": DEFAULT_SET}
        for number, name in GROUPS
    ]
    return listing(criteria.cut(rows), criteria, len(rows))


def assign_attribute(call: Call) -> Any:
    """Put an attribute into the set; the id of the assignment, as text."""
    attribute = find_attribute(call.db, call.given["attributeCode"])
    assign_to_set(attribute, call.given["sortOrder"])
    return str(call.db.ids.next("entity_attribute"))


def assign_to_set(attribute: Attribute, sort_order: int) -> None:
    """From now on products of the set can hold the attribute."""
    attribute.in_set = True
    attribute.rank = (attribute.rank[0], float(sort_order), -float(attribute.id))
