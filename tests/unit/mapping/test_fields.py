"""The canonical model as data: what each field is, how personal it is, who owns it."""

from __future__ import annotations

import pytest

from connector.model.entity import LIFE_FIELD, Entity
from connector.model.fields import FIELDS, spec_of


@pytest.mark.parametrize(
    ("entity", "field", "type_", "tag", "owner", "rule"),
    [
        (Entity.PRODUCT, "sku", "code", "-", "erp", "manual"),
        (Entity.PRODUCT, "name.fr", "text", "-", "erp", "manual"),
        (Entity.PRODUCT, "vat_class.BE", "ref", "-", "erp", "owner"),
        (Entity.PRODUCT, "description", "html", "-", "shop", "owner"),
        (Entity.PRODUCT, "cost", "money", "commercial", "erp", "owner"),
        (Entity.PRODUCT, "more_barcodes", "set", "-", "erp", "union"),
        (Entity.PRODUCT, "custom.material", "any", "-", "erp", "owner"),
        (Entity.CUSTOMER, "email", "text", "id", "shop", "manual"),
        (Entity.CUSTOMER, "name", "name", "id", "shop", "latest"),
        (Entity.CUSTOMER, "delivery", "address", "address", "shop", "latest"),
        (Entity.CUSTOMER, "newsletter", "flag", "private", "shop", "min"),
        (Entity.CUSTOMER, "loyalty_card", "code", "id", "till", "owner"),
        (Entity.CUSTOMER, "custom.note", "any", "private", "erp", "owner"),
        (Entity.PRICE, "amount", "money", "-", "erp", "owner"),
        (Entity.STOCK, "on_hand", "qty", "-", "erp", "delta"),
    ],
)
def test_a_field_is_what_the_model_says(
    entity: Entity, field: str, type_: str, tag: str, owner: str, rule: str
) -> None:
    """Type, tag, owner and rule come from the model, and from no mapping."""
    spec = spec_of(entity, field)
    assert spec is not None
    assert (type_, tag, owner, rule) == (spec.type, spec.tag, spec.owner, spec.rule)


@pytest.mark.parametrize(
    ("entity", "field"),
    [(Entity.PRODUCT, "nmae"), (Entity.PRODUCT, "name."), (Entity.STOCK, "custom.x"), (Entity.CUSTOMER, "name.fr")],
)
def test_there_are_no_other_fields(entity: Entity, field: str) -> None:
    """A name that is mistyped is no field of the shop's own."""
    assert spec_of(entity, field) is None


def test_a_name_and_an_address_are_one_value_each() -> None:
    """Half of yours and half of mine is nobody's address."""
    groups = {name for table in FIELDS.values() for name, spec in table.items() if spec.is_group}
    assert {"name", "invoice", "delivery", "more"} == groups


def test_everything_that_names_a_person_is_tagged() -> None:
    """Row 27 of known-failures: what is redacted is decided here; a product names nobody, a customer nearly always."""
    personal = {name for name, spec in FIELDS[Entity.CUSTOMER].items() if spec.is_personal}
    assert {"kind", "lang", "group", "payment_terms", "credit_limit", "blocked", LIFE_FIELD} == (
        set(FIELDS[Entity.CUSTOMER]) - personal
    )
    others = [spec for entity, table in FIELDS.items() if entity != Entity.CUSTOMER for spec in table.values()]
    assert not any(spec.is_personal for spec in others)
