"""One entity as a lens: what is picked, read, written, in which call, and what is left alone."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connector.mapping.laws import Sample, check_laws, run_tests, samples_of
from connector.mapping.lens import Context, EntityMapping
from connector.mapping.load import load_mapping
from connector.model.entity import Entity

HERE = Context(date(2026, 11, 21), "Europe/Amsterdam")
OWN = """
format = 1
adapter = "memory"
[settings]
groups = { a = "A" }

[product]
only = "kind == 'simple' and not hidden"
create = { kind = "simple" }
always = { touched = true }
calls = ["views"]
[product.fields]
sku = { remote = "code", write = "create" }
name = { remote = "name", convert = ["text", { use = "cut", length = 5 }] }
"name.fr" = { remote = "views.fr.name", part = "views" }
active = { remote = "state", convert = [{ use = "flag", yes = 1, no = 2 }], and = "sell_online" }
sell_online = { remote = "state", convert = [{ use = "flag", yes = 1, no = 2 }], and = "active" }
group = { remote = "group", write = "never" }
brand = { remote = "brand", convert = [{ use = "lookup", table = "groups" }] }
description = { remote = "text", read = "never" }
barcode = { remote = "code2" }

[customer]
calls = ["contact"]
needs = { contact = "contact.last" }
[customer.fields]
name = { remote = { first = "contact.first", last = "contact.last" }, convert = ["person"] }
company = { remote = { name = "name", first = "contact.first", last = "contact.last" }, convert = ["company"] }
kind = { remote = { company = "vat" }, convert = ["kind"], read = "first" }
email = { remote = ["mail", "contact.mail"], convert = ["same_everywhere"] }

[price]
refuse = { ends = "starts and ends and ends < starts" }
[price.fields]
amount = { remote = "price" }
[price.rows.base]
when = "place == 'base' and min_qty == 1 and not starts"
fixed = { min_qty = 1, starts = "" }
[price.rows.dated]
when = "min_qty == 1"
fixed = { min_qty = 1 }
[price.rows.dated.fields]
starts = { remote = "from", write = "create" }
ends = { remote = "to" }
"""


@pytest.fixture(scope="module")
def entities(tmp_path_factory: pytest.TempPathFactory) -> Any:
    file = tmp_path_factory.mktemp("mappings") / "own.toml"
    file.write_text(OWN, encoding="utf-8")
    return load_mapping(file).entities


@pytest.fixture
def product(entities: Any) -> EntityMapping:
    return entities[Entity.PRODUCT]  # type: ignore[no-any-return]


@pytest.fixture
def customer(entities: Any) -> EntityMapping:
    return entities[Entity.CUSTOMER]  # type: ignore[no-any-return]


@pytest.fixture
def price(entities: Any) -> EntityMapping:
    return entities[Entity.PRICE]  # type: ignore[no-any-return]


def test_every_mapped_name_is_picked(product: EntityMapping) -> None:
    """What is missing is null, what is nested is dotted, what nobody asked for stays behind."""
    picked = product.pick({"code": "A", "other": 1, "views": {"fr": {"name": "Pull"}}})
    assert set(picked) == product.native_names
    assert ("A", "Pull", None) == (picked["code"], picked["views.fr.name"], picked["name"])
    assert product.pick({"code": "A", "views": None})["views.fr.name"] is None


@pytest.mark.parametrize(
    ("native", "wanted"),
    [({"kind": "simple"}, True), ({"kind": "simple", "hidden": True}, False), ({"kind": "set"}, False), ({}, False)],
)
def test_only_what_the_mapping_wants_is_in_scope(product: EntityMapping, native: dict[str, Any], wanted: bool) -> None:
    """The filter is over native names, those it alone reads included."""
    assert wanted == product.in_scope(product.pick(native))


def test_a_bad_field_leaves_the_others(product: EntityMapping) -> None:
    """Row 14 of known-failures: one value that cannot be read waits alone, and its text is not in the message."""
    read = product.get(product.pick({"code": "A", "brand": "geheim", "state": 1, "code2": ["x"]}), HERE)
    assert {"brand", "barcode"} == set(read.problems)
    assert "A" == read.values["sku"]
    assert "brand" == read.problems["brand"].field
    assert "add it to the table" in read.problems["brand"].remedy
    assert "geheim" not in str(read.problems["brand"])


def test_only_what_differs_is_written_and_constants_beside_it(product: EntityMapping) -> None:
    """A changed value goes out with what must always go with it; no change, nothing."""
    before = product.pick({"code": "A", "name": "Trui", "brand": "A", "kind": "simple"})
    assert {"name": "Sjaal", "touched": True} == product.put({"name": "Sjaal", "brand": "a"}, before, HERE).fields
    assert {} == product.put({"name": "Trui", "brand": "a"}, before, HERE).fields


def test_what_is_set_at_creation_alone(product: EntityMapping) -> None:
    """The key and the constants of a new record; never again afterwards, and a read-only field never."""
    values = {"sku": "A", "name": "Trui", "group": "701"}
    assert {"kind": "simple", "code": "A", "name": "Trui", "touched": True} == product.put(
        values, {}, HERE, creating=True
    ).fields
    assert {} == product.put({"sku": "B", "group": "702"}, product.pick({"code": "A"}), HERE).fields
    assert (True, False, False) == (
        product.writable("sku", creating=True),
        product.writable("sku", creating=False),
        product.writable("group", creating=True),
    )
    assert not product.writable("cost", creating=True)


def test_a_value_that_cannot_be_written_is_left_as_it_is(product: EntityMapping) -> None:
    """The rest goes out, and the field says why it does not."""
    before = product.pick({"brand": "A", "name": "Trui"})
    written = product.put({"brand": "unknown", "name": "Sjaal"}, before, HERE)
    assert {"name": "Sjaal", "touched": True} == written.fields
    assert ["brand"] == list(written.problems)


def test_fields_that_share_a_native_name_change_together(product: EntityMapping) -> None:
    """Shown is active and sell_online; hiding keeps the fuller truth out of the channel, not out of agreed."""
    before = product.pick({"state": 1})
    hidden = {"active": True, "sell_online": False}
    assert {"state": 2, "touched": True} == product.put(hidden, before, HERE).fields
    assert {"active": False, "sell_online": False} == product.through(hidden, before, HERE)
    assert {} == product.put({"active": False, "sell_online": True}, product.pick({"state": 2}), HERE).fields


def test_archiving_switches_off_what_was_not_mentioned(product: EntityMapping) -> None:
    """Even where the values to write say nothing of the flag itself."""
    assert {"state": 2, "touched": True} == product.put({"active": False}, product.pick({"state": 1}), HERE).fields


def test_through_is_what_the_channel_would_show(product: EntityMapping) -> None:
    """Row 4 of known-failures: a value is compared as the channel can hold it, however it may be written."""
    before = product.pick({"name": "Trui", "group": "701"})
    shown = product.through({"name": "Wollen trui", "group": "702", "brand": "unknown", "cost": 1}, before, HERE)
    assert {"name": "Wolle", "group": "702"} == shown


def test_a_write_says_which_call_each_name_belongs_to(product: EntityMapping, customer: EntityMapping) -> None:
    """By the field's part, or by the prefix of the name; in the order of the calls."""
    values = {"name": "Trui", "name.fr": "Pull"}
    assert {"": ("name", "touched"), "views": ("views.fr.name",)} == product.put(values, product.pick({}), HERE).by_part
    person = {"name": {"first": "Jan", "infix": None, "last": "Bakker", "initials": None}, "email": "jan@example.com"}
    written = customer.put(person, {}, HERE, creating=True)
    assert ["", "contact"] == list(written.by_part)
    assert {"name", "mail"} == set(written.by_part[""])
    assert {"contact.first", "contact.last", "contact.mail"} == set(written.by_part["contact"])
    assert "contact" == customer.call_of("contact.last")


def test_nothing_is_written_to_a_part_that_lacks_what_it_needs(customer: EntityMapping) -> None:
    """A company without a person gets no contact for its e-mail address alone."""
    written = customer.put({"company": "Tuinhof BV", "email": "info@example.test"}, {}, HERE, creating=True)
    assert {"name": "Tuinhof BV", "mail": "info@example.test"} == written.fields


def test_a_field_follows_what_it_hangs_on(customer: EntityMapping) -> None:
    """A person's account is renamed with the person, although nobody said anything of a company."""
    before = customer.pick({"name": "Jan Bakker", "contact": {"first": "Jan", "last": "Bakker"}})
    renamed = {"name": {"first": "Jan", "infix": "de", "last": "Wit", "initials": None}}
    assert {"contact.last": "de Wit", "name": "Jan de Wit"} == customer.put(renamed, before, HERE).fields


def test_fields_that_are_read_at_first_contact_or_never(product: EntityMapping, customer: EntityMapping) -> None:
    """The kind of a customer is never guessed again; what the channel makes of a text is its own business."""
    assert customer.first_contact_only("kind")
    assert not customer.first_contact_only("name")
    assert not customer.writable("kind", creating=True)
    assert {"kind": "company"} == customer.through({"kind": "company"}, {}, HERE)
    assert "description" not in product.get(product.pick({"text": "x"}), HERE).values
    assert {"text": "y", "touched": True} == product.put({"description": "y"}, product.pick({"text": "x"}), HERE).fields


def test_complaints_about_native_names_find_their_fields(product: EntityMapping) -> None:
    """What a remote refuses by its own name is a field of ours, or several."""
    assert ("active", "sell_online") == product.fields_of(["state"])
    assert ("state",) == product.names_of("active")
    assert () == product.names_of("cost")


@pytest.mark.parametrize(
    ("values", "place", "part"),
    [
        ({"min_qty": Decimal(1)}, "base", "base"),
        ({"min_qty": Decimal(1), "starts": "2026-12-01"}, "base", "dated"),
        ({"min_qty": Decimal(1)}, "dealers", "dated"),
        ({"min_qty": Decimal(5)}, "base", None),
    ],
)
def test_a_price_finds_its_kind_of_row(
    price: EntityMapping, values: dict[str, Any], place: str, part: str | None
) -> None:
    """By its key and by what the channel calls its list; a row that has no place there is told so."""
    assert part == price.part_for(values, place)


def test_each_kind_of_row_has_its_own_fields(price: EntityMapping) -> None:
    """What is fixed for a kind is read without a native place, and never written."""
    assert ("base", "dated") == price.parts
    base = price.get(price.pick({"price": Decimal("9.50"), "from": "x"}, "base"), HERE, "base").values
    assert {"min_qty": 1, "starts": None, "amount": Decimal("9.5")} == base
    assert {"min_qty": 1, "amount": Decimal(8)} == price.through({"min_qty": 1, "amount": 8}, {}, HERE, "base")


def test_a_row_that_contradicts_itself_is_not_written_whole(price: EntityMapping) -> None:
    """An end before its beginning stays out, with the rule that it breaks."""
    values = {"starts": "2026-12-01", "ends": "2026-11-01", "amount": 8}
    written = price.put(values, {}, HERE, creating=True, part="dated")
    assert {"from": "2026-12-01", "price": 8} == written.fields
    assert "ends < starts" in str(written.problems["ends"])


def test_warnings_are_told_apart_from_problems(product: EntityMapping) -> None:
    """A wrong check digit is carried, and somebody should look at it."""
    assert {"barcode": "its check digit is wrong"} == product.warnings({"barcode": "8719326000014", "name": "x"})


def test_a_lens_that_breaks_a_law_is_caught(tmp_path: Path) -> None:
    """A converter pair that drifts with each passage is named by law and field, before it runs against a shop."""
    file = tmp_path / "drifts.toml"
    file.write_text(
        'format = 1\nadapter = "memory"\n[product.fields]\n'
        'weight = { remote = "w", convert = [{ use = "compute", read = "value + 1", write = "value" }] }\n'
        'name = { remote = ["a", "b"], convert = ["same_everywhere"] }\n'
        'summary = { remote = "b" }\n'
        '[[test]]\nname = "t"\nentity = "product"\ngiven = { as_of = "2026-11-21" }\n'
        'remote = { w = 1, a = "x", b = "y" }\n'
        'canonical = { weight = 2, name = "x", summary = "y" }\nchange = { weight = 5 }\nsends = { w = 5 }\n',
        encoding="utf-8",
    )
    mapping = load_mapping(file)
    assert [True] == [result.passed for result in run_tests(mapping)]
    breaches = check_laws(mapping, samples_of(mapping))
    assert {("through twice", ("weight",))} == {(breach.law, breach.names) for breach in breaches}


def test_a_lawful_record_breaks_nothing(entities: Any, tmp_path: Path) -> None:
    """The same judge finds nothing where there is nothing."""
    file = tmp_path / "own.toml"
    file.write_text(OWN, encoding="utf-8")
    sample = Sample(Entity.PRODUCT, {"name": "Trui", "state": 1}, {"name": "Wollen trui", "active": False}, HERE)
    assert [] == check_laws(load_mapping(file), [sample])
