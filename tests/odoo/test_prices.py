"""Prices of a real Odoo: the product's own, and rules of price lists."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from connector.contract import Row, Write
from connector.errors import Rejected
from connector.model.entity import Canonical, Entity
from tests.odoo.bench import PRODUCTS, RULES, Bench, bench
from tests.odoo.client import Odoo

PRICE, PRODUCT = Entity.PRICE, Entity.PRODUCT
DEALERS = "Dealers"


@pytest.fixture(params=["json2", "jsonrpc"])
def either(real_odoo: Odoo, request: pytest.FixtureRequest) -> Iterator[Bench]:
    """A channel by each transport, with a dealers' list."""
    if not real_odoo.ids("product.pricelist", ["name", "=", DEALERS]):
        real_odoo.create("product.pricelist", name=DEALERS)
    with bench(real_odoo, ("base", DEALERS), transport=request.param) as one:
        yield one


def product(till: Bench, **more: Any) -> str:
    code = f"R-{uuid4().hex[:10]}"
    return str(till.odoo.create(PRODUCTS, name="Mok", default_code=code, list_price=12.5, **more))


def a_rule(**more: Any) -> dict[str, Any]:
    return {"min_qty": Decimal(10), "starts": None, "ends": None, "amount": Decimal("9.95"), "percent": None, **more}


def the_rule(till: Bench, id_: str) -> Row:
    (row,) = (row for row in till.channel.find_of(PRICE, [id_])[id_] if row.place == DEALERS)
    return row


def make(till: Bench, id_: str, rule: Canonical) -> str:
    result = till.make(PRICE, rule, part="rule", parent_id=id_, place=DEALERS)
    assert None is result.error
    return result.external_id


@pytest.mark.parametrize(
    "rule",
    [
        a_rule(),
        a_rule(min_qty=Decimal(1), starts="2026-03-29", ends="2026-10-25"),
        a_rule(amount=None, percent=Decimal("12.5")),
    ],
)
def test_a_rule_there_and_back(either: Bench, rule: Canonical) -> None:
    """A tier, a period over two changes of the clock, a percentage; then another value of it, then none."""
    id_ = product(either)
    made = make(either, id_, rule)
    shown = either.shows(PRICE, made)
    assert rule == {name: shown[name] for name in rule}
    field = "percent" if rule["amount"] is None else "amount"
    assert None is either.change(PRICE, the_rule(either, id_), {**rule, field: Decimal("7.5")}).error
    assert Decimal("7.5") == either.shows(PRICE, made)[field]
    assert None is either.sent(PRICE, Write("w", "delete", made, {}, part="rule")).error
    assert [] == [row for row in either.channel.find_of(PRICE, [id_])[id_] if row.place == DEALERS]


def test_a_rule_for_a_product_is_one_for_its_only_variant(either: Bench) -> None:
    """People make rules for the product; of a template with one variant that is the same."""
    id_ = product(either)
    template = either.odoo.call(PRODUCTS, "read", ids=[int(id_)], fields=["product_tmpl_id"])[0]["product_tmpl_id"][0]
    (dealers,) = either.odoo.ids("product.pricelist", ["name", "=", DEALERS])
    about = {"pricelist_id": dealers, "applied_on": "1_product", "product_tmpl_id": template}
    rule = either.odoo.create(RULES, compute_price="fixed", fixed_price=8, **about)
    assert f"{id_}:{rule}" == the_rule(either, id_).external_id
    assert f"{id_}:{rule}" in {row.external_id for page in either.channel.sweep(PRICE) for row in page.rows}


def test_rules_that_come_to_no_amount_are_nobodys_row(either: Bench) -> None:
    """Formulas, and rules for everything, cannot be read as a price (NOTES section 6)."""
    (dealers,) = either.odoo.ids("product.pricelist", ["name", "=", DEALERS])
    made = [
        either.odoo.create(
            RULES, pricelist_id=dealers, applied_on="3_global", compute_price="percentage", percent_price=5
        ),
        either.odoo.create(
            RULES,
            pricelist_id=dealers,
            applied_on="0_product_variant",
            product_id=int(product(either)),
            compute_price="formula",
        ),
    ]
    rules = {row.external_id.partition(":")[2] for page in either.channel.sweep(PRICE) for row in page.rows}
    assert set() == {str(rule) for rule in made} & rules


def test_a_rule_moves_no_product_and_is_seen(either: Bench) -> None:
    """A rule that a user changes comes with the next reading, though nothing else moves (known-failures row 3)."""
    id_ = product(either)
    made = make(either, id_, a_rule())
    cursor = [page.cursor for page in either.channel.changes(PRICE, None)][-1]
    either.odoo.call(RULES, "write", ids=[int(made.partition(":")[2])], vals={"fixed_price": 7.77})
    rows = {row.external_id: row for page in either.channel.changes(PRICE, cursor) for row in page.rows}
    assert Decimal("7.77") == rows[made].native["fixed_price"]


def test_the_price_of_a_family_is_not_one_variants(either: Bench) -> None:
    """It belongs to the template: written for one variant, the others would change."""
    attribute = either.odoo.create("product.attribute", name=uuid4().hex[:8], create_variant="always")
    sizes = [either.odoo.create("product.attribute.value", name=size, attribute_id=attribute) for size in "ML"]
    line = [0, 0, {"attribute_id": attribute, "value_ids": [[6, 0, sizes]]}]
    template = either.odoo.create("product.template", name="Trui", list_price=20, attribute_line_ids=[line])
    one = str(either.odoo.ids(PRODUCTS, ["product_tmpl_id", "=", template])[0])
    alone = product(either)
    writes = [
        Write(f"w{id_}", "update", f"{id_}:base", {"lst_price": 25}, part="base", parent_id=id_) for id_ in (one, alone)
    ]
    results = {result.token: result.error for result in either.channel.write(PRICE, writes)}
    assert isinstance(results[f"w{one}"], Rejected)
    assert None is results[f"w{alone}"]
    prices = either.odoo.call(PRODUCTS, "read", ids=[int(one), int(alone)], fields=["list_price"])
    assert [20, 25] == [row["list_price"] for row in prices]


def test_a_list_that_is_not_there_is_told(real_odoo: Odoo) -> None:
    """The rest of the batch is written."""
    with bench(real_odoo, ("base", "Geen lijst")) as till:
        id_ = product(till)
        own = Write("own", "update", f"{id_}:base", {"lst_price": 25}, part="base", parent_id=id_)
        rule = Write("rule", "create", "", {"fixed_price": 5}, part="rule", parent_id=id_, place="Geen lijst")
        results = {result.token: result.error for result in till.channel.write(PRICE, [own, rule])}
        assert None is results["own"]
        assert isinstance(results["rule"], Rejected)
