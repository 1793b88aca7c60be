"""Products of a real Odoo: every field there and back, archived ones, families, codes that are not unique."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from connector.contract import Write
from connector.errors import Rejected
from connector.model.entity import Entity, Key, code_key
from tests.odoo.bench import PRODUCTS, Bench, bench
from tests.odoo.client import Odoo

PRODUCT = Entity.PRODUCT


@pytest.fixture(params=["json2", "jsonrpc"])
def either(real_odoo: Odoo, request: pytest.FixtureRequest) -> Iterator[Bench]:
    """A channel by each transport."""
    with bench(real_odoo, transport=request.param, settings={"units": {"piece": 1, "kilogram": 16}}) as one:
        yield one


@pytest.fixture
def till(real_odoo: Odoo) -> Iterator[Bench]:
    with bench(real_odoo) as one:
        yield one


def a_code() -> str:
    return f"P-{uuid4().hex[:10]}"


def a_product(**more: Any) -> dict[str, Any]:
    return {"sku": a_code(), "name": "Wollen trui mêlée", "active": True, "sell_in_store": True, **more}


def test_every_field_there_and_back(either: Bench) -> None:
    """What is written of a new product, and of a changed one, is what a read shows."""
    barcode = f"2{uuid4().int % 10**11:011}"
    made = a_product(
        barcode=barcode,
        summary="Warm & zacht\ntwee regels",
        vat_class="standard",
        tracks_stock=True,
        unit="kilogram",
        weight=Decimal("0.45"),
    )
    id_ = either.make(PRODUCT, made).external_id
    assert made == {name: value for name, value in either.shows(PRODUCT, id_).items() if name in made}
    other = {"name": "Muts 🧶", "vat_class": "reduced", "sell_in_store": False, "weight": None, "summary": None}
    assert None is either.change(PRODUCT, either.row(PRODUCT, id_), made | other).error
    assert other == {name: value for name, value in either.shows(PRODUCT, id_).items() if name in other}


def test_archived_and_brought_back_with_its_template(either: Bench) -> None:
    """A plain write would leave a template without variants; the action takes both, and listings keep showing it."""
    made = a_product()
    id_ = either.make(PRODUCT, made).external_id
    for active in (False, True):
        assert None is either.change(PRODUCT, either.row(PRODUCT, id_), made | {"active": active}).error
        template = either.odoo.call(PRODUCTS, "read", ids=[int(id_)], fields=["product_tmpl_id"])[0]["product_tmpl_id"][
            0
        ]
        assert [active] == [
            row["active"] for row in either.odoo.call("product.template", "read", ids=[template], fields=["active"])
        ]
        assert active is either.shows(PRODUCT, id_)["active"]
        assert id_ in {row.external_id for page in either.channel.sweep(PRODUCT) for row in page.rows}


def test_a_new_product_may_be_archived_from_the_start(till: Bench) -> None:
    id_ = till.make(PRODUCT, a_product(active=False)).external_id
    assert False is till.shows(PRODUCT, id_)["active"]


def test_a_code_is_found_in_any_case_and_with_blanks(till: Bench) -> None:
    """Whoever typed a blank behind a code, or wrote it small, gets no second product; two with one are both shown
    (known-failures rows 5 and 12)."""
    code = f"A_B%{uuid4().hex[:8].upper()}"
    ids = [till.odoo.create(PRODUCTS, name="Mok", default_code=text) for text in (f"{code} ", code.lower(), f"x{code}")]
    key = Key("sku", code_key(code))
    assert sorted(map(str, ids[:2])) == sorted(row.external_id for row in till.channel.find(PRODUCT, [key])[key])


def test_what_variants_share_is_not_one_variants_to_change(till: Bench) -> None:
    """A name or tax belongs to the template: written through one variant, its siblings would change, and be taken
    for edits by people there."""
    attribute = till.odoo.create("product.attribute", name=a_code(), create_variant="always")
    sizes = [till.odoo.create("product.attribute.value", name=size, attribute_id=attribute) for size in "ML"]
    line = [0, 0, {"attribute_id": attribute, "value_ids": [[6, 0, sizes]]}]
    template = till.odoo.create("product.template", name="Trui", attribute_line_ids=[line])
    ids = till.odoo.ids(PRODUCTS, ["product_tmpl_id", "=", template])
    till.odoo.call(PRODUCTS, "write", ids=[ids[0]], vals={"default_code": a_code()})
    row = till.row(PRODUCT, str(ids[0]))
    shown = till.shows(PRODUCT, str(ids[0]))
    refused = till.change(PRODUCT, row, {**shown, "name": "Trui, rood"}).error
    assert isinstance(refused, Rejected)
    assert ["name"] == list(refused.fields)
    assert None is till.change(PRODUCT, row, {**shown, "sku": a_code()}).error
    assert {"Trui"} == {one["name"] for one in till.odoo.call(PRODUCTS, "read", ids=ids, fields=["name"])}


def test_several_taxes_are_no_class(till: Bench) -> None:
    """A product with two sales taxes has none that the table names: the field alone is refused, and shown."""
    code = a_code()
    taxes = till.odoo.ids("account.tax", ["type_tax_use", "=", "sale"])[:2]
    id_ = till.odoo.create(PRODUCTS, name="Mok", default_code=code, taxes_id=[[6, 0, taxes]])
    row = till.row(PRODUCT, str(id_))
    assert ",".join(map(str, sorted(taxes))) == row.native["tax"]
    read = till.lenses[PRODUCT].get(till.lenses[PRODUCT].pick(row.native, ""), till.context, "")
    assert ["vat_class"] == list(read.problems)


def test_nothing_is_deleted(till: Bench) -> None:
    """Sales hang on products: they are archived."""
    id_ = till.make(PRODUCT, a_product()).external_id
    refused = till.sent(PRODUCT, Write("w", "delete", id_, {})).error
    assert isinstance(refused, Rejected)
    assert None is till.sent(PRODUCT, Write("w", "archive", id_, {})).error
    assert False is till.shows(PRODUCT, id_)["active"]


def test_a_barcode_that_is_taken_waits_alone(till: Bench) -> None:
    """One bad row of a batch is told with its reason, and quotes nobody's data; the others are written (row 14)."""
    taken = f"2{uuid4().int % 10**11:011}"
    till.make(PRODUCT, a_product(barcode=taken, name="Geheime naam"))
    rows = [a_product() for _ in range(3)]
    rows[1] = {**rows[1], "barcode": taken}
    fields = [till.lenses[PRODUCT].put(row, {}, till.context, creating=True, part="").fields for row in rows]
    results = till.channel.write(PRODUCT, [Write(f"w{uuid4().hex}", "create", "", one) for one in fields])
    assert [None, Rejected, None] == [result.error and type(result.error) for result in results]
    assert "Geheime" not in str(results[1].error)
    assert taken not in str(results[1].error)


def test_an_archived_variant_still_shares(till: Bench) -> None:
    """What is written to an archived variant would change the living one, too."""
    attribute = till.odoo.create("product.attribute", name=a_code(), create_variant="always")
    sizes = [till.odoo.create("product.attribute.value", name=size, attribute_id=attribute) for size in "ML"]
    line = [0, 0, {"attribute_id": attribute, "value_ids": [[6, 0, sizes]]}]
    template = till.odoo.create("product.template", name="Trui", attribute_line_ids=[line])
    archived, living = till.odoo.ids(PRODUCTS, ["product_tmpl_id", "=", template])
    till.odoo.call(PRODUCTS, "action_archive", ids=[archived])
    results = [till.sent(PRODUCT, Write("w", "update", str(id_), {"name": "Anders"})) for id_ in (archived, living)]
    assert [Rejected, Rejected] == [type(result.error) for result in results]


def test_a_tax_takes_the_place_of_the_one_that_was_seen(till: Bench) -> None:
    """What was not seen, as another company's tax, stays."""
    id_ = till.make(PRODUCT, a_product(vat_class="standard")).external_id
    seen = till.row(PRODUCT, id_).native["tax"]
    unseen = till.odoo.ids("account.tax", ["type_tax_use", "=", "sale"], ["id", "!=", int(seen)])[0]
    till.odoo.call(PRODUCTS, "write", ids=[int(id_)], vals={"taxes_id": [[4, unseen, 0]]})
    reduced = till.opening.settings["taxes"]["reduced"]
    assert None is till.sent(PRODUCT, Write("w", "update", id_, {"tax": reduced}, {"tax": seen})).error
    assert {unseen, reduced} == set(
        till.odoo.call(PRODUCTS, "read", ids=[int(id_)], fields=["taxes_id"])[0]["taxes_id"]
    )


def test_a_setting_that_is_no_id_is_one_rows_matter(till: Bench) -> None:
    id_ = till.make(PRODUCT, a_product()).external_id
    refused = till.sent(PRODUCT, Write("w", "update", id_, {"tax": "hoog"})).error
    assert isinstance(refused, Rejected)
    assert ["tax"] == list(refused.fields)
