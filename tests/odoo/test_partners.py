"""Customers of a real Odoo: persons and companies, their child addresses, and who is no customer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from connector.contract import Write
from connector.errors import Rejected, Stale
from connector.model.entity import Canonical, Entity, Key
from connector.model.fields import ADDRESS_MEMBERS, NAME_MEMBERS
from tests.odoo.bench import PARTNERS, Bench, bench
from tests.odoo.client import Odoo

CUSTOMER = Entity.CUSTOMER


@pytest.fixture(params=["json2", "jsonrpc"])
def either(real_odoo: Odoo, request: pytest.FixtureRequest) -> Iterator[Bench]:
    """A channel by each transport."""
    with bench(real_odoo, transport=request.param, settings={"languages": {"nl-NL": "nl_NL"}}) as one:
        yield one


@pytest.fixture
def till(real_odoo: Odoo) -> Iterator[Bench]:
    with bench(real_odoo) as one:
        yield one


def a_mail() -> str:
    return f"{uuid4().hex[:10]}@example.com"


def a_name(**parts: str) -> dict[str, Any]:
    return {**dict.fromkeys(NAME_MEMBERS), **parts}


def an_address(**parts: str) -> dict[str, Any]:
    return {**dict.fromkeys(ADDRESS_MEMBERS), "postcode": "3511 AB", "city": "Utrecht", "country": "NL", **parts}


def a_person(**more: Any) -> dict[str, Any]:
    name = a_name(first="Jan", infix="van den", last="Berg")
    return {"kind": "person", "name": name, "email": a_mail(), "active": True, **more}


def a_company(**more: Any) -> dict[str, Any]:
    return a_person(kind="company", company="Bakkerij Meeuw BV", **more)


def shown_of(till: Bench, id_: str, values: Canonical) -> dict[str, Any]:
    return {name: value for name, value in till.shows(CUSTOMER, id_).items() if name in values}


def test_a_person_there_and_back(either: Bench) -> None:
    """One name field, an address of the partner's own, a delivery child, a further one: as they were written."""
    person = a_person(
        customer_no=f"K-{uuid4().hex[:6]}",
        loyalty_card=uuid4().hex[:12],
        phone="+31301234567",
        lang="nl-NL",
        invoice=an_address(street="Kade", number="12", addition="B"),
        delivery=an_address(attention="Buren", street="Plein 1944", number="3", phone="+31301234568"),
        more=[an_address(attention="Werk", street="Weg", number="1")],
    )
    id_ = either.make(CUSTOMER, person).external_id
    assert person == shown_of(either, id_, person)
    moved = person | {
        "name": a_name(first="Jan", last="Jansen"),
        "invoice": an_address(street="Gracht", number="7"),
        "delivery": an_address(attention="Buren", street="Plein 1944", number="5", phone="+31301234568"),
        "more": [an_address(attention="Thuis", street="Weg", number="2")],
    }
    assert None is either.change(CUSTOMER, either.row(CUSTOMER, id_), moved).error
    assert moved == shown_of(either, id_, moved)


def test_a_company_and_its_contact(either: Bench) -> None:
    """The company's name is the partner's, the person a contact below it: an edit of either stays where it is."""
    company = a_company(vat_number="BE0477472701", coc_number="12345678")
    id_ = either.make(CUSTOMER, company).external_id
    assert company == shown_of(either, id_, company)
    other = company | {"company": "Bakkerij De Meeuw BV", "name": a_name(first="Zoë-Ann", last="O'Neil")}
    assert None is either.change(CUSTOMER, either.row(CUSTOMER, id_), other).error
    assert other == shown_of(either, id_, other)
    children = either.odoo.ids(PARTNERS, ["parent_id", "=", int(id_)])
    assert 1 == len(children)


def test_a_company_without_a_name_bears_its_persons(till: Bench) -> None:
    """It has to be called something; the person stays its contact, so that nobody's name reads as emptied."""
    company = a_company() | {"company": None}
    id_ = till.make(CUSTOMER, company).external_id
    assert company["name"] == till.shows(CUSTOMER, id_)["name"]


def test_a_company_without_a_person_has_no_contact(till: Bench) -> None:
    id_ = till.make(CUSTOMER, a_company(name=None)).external_id
    assert [] == till.odoo.ids(PARTNERS, ["parent_id", "=", int(id_)])


def test_an_address_that_is_left_out_is_archived(till: Bench) -> None:
    """Orders may name it."""
    person = a_person(more=[an_address(street="Weg", number="1"), an_address(street="Weg", number="2")])
    id_ = till.make(CUSTOMER, person).external_id
    left = person | {"more": [an_address(street="Weg", number="2")]}
    assert None is till.change(CUSTOMER, till.row(CUSTOMER, id_), left).error
    assert left == shown_of(till, id_, left)
    children = till.odoo.call(
        PARTNERS, "search_count", domain=[["parent_id", "=", int(id_)]], context={"active_test": False}
    )
    assert 2 == children


def test_an_address_that_went_meanwhile_is_stale(till: Bench) -> None:
    """A list that was last seen without the address that is to change is read again, not written over."""
    row = till.row(CUSTOMER, till.make(CUSTOMER, a_person()).external_id)
    fields: dict[str, Any] = {"others.list": [{"id": 1, "street": "Weg 9"}]}
    result = till.sent(CUSTOMER, Write("w", "update", row.external_id, fields, {"others.list": []}))
    assert isinstance(result.error, Stale)


def test_a_child_that_changes_brings_its_parent(till: Bench) -> None:
    """A child's edit moves nothing of its parent, and is seen all the same (known-failures row 3)."""
    person = a_person(delivery=an_address(street="Weg", number="1"))
    id_ = till.make(CUSTOMER, person).external_id
    (child,) = till.odoo.ids(PARTNERS, ["parent_id", "=", int(id_)])
    quiet = [row.external_id for page in till.channel.changes(CUSTOMER, "2035-01-01 00:00:00") for row in page.rows]
    assert [] == quiet
    cursor = [page.cursor for page in till.channel.changes(CUSTOMER, None)][-1]
    till.odoo.call(PARTNERS, "write", ids=[child], vals={"street": "Weg 9"})
    rows = {row.external_id: row for page in till.channel.changes(CUSTOMER, cursor) for row in page.rows}
    assert "Weg 9" == rows[id_].native["delivery"]["street"]


def test_who_is_no_customer_is_not_listed(till: Bench) -> None:
    """Employees, the company itself, mere suppliers and child addresses are not synchronised."""
    supplier = till.odoo.create(PARTNERS, name="Leverancier", supplier_rank=1)
    both = till.odoo.create(PARTNERS, name="Beide", supplier_rank=1, customer_rank=1)
    parent = till.odoo.create(PARTNERS, name="Klant", child_ids=[[0, 0, {"name": "Kind", "type": "contact"}]])
    (child,) = till.odoo.ids(PARTNERS, ["parent_id", "=", parent])
    employees = till.odoo.call("res.users", "search_read", domain=[["share", "=", False]], fields=["partner_id"])
    companies = till.odoo.call("res.company", "search_read", domain=[], fields=["partner_id"])
    own = {row["partner_id"][0] for row in (*employees, *companies)}
    listed = {int(row.external_id) for page in till.channel.sweep(CUSTOMER) for row in page.rows}
    assert {both, parent} <= listed
    assert set() == listed & {supplier, child, *own}


def test_a_customer_of_the_portal_is_a_customer(till: Bench) -> None:
    """Who may look at their own orders there logs in, and is a customer all the same: none is made a second time."""
    mail = a_mail()
    portal = till.odoo.call("ir.model.data", "check_object_reference", module="base", xml_id="group_portal")[1]
    user = till.odoo.create("res.users", name="Portaal", login=mail, email=mail, group_ids=[[6, 0, [portal]]])
    partner = till.odoo.call("res.users", "read", ids=[user], fields=["partner_id"])[0]["partner_id"][0]
    key = Key("email", mail)
    assert [str(partner)] == [row.external_id for row in till.channel.find(CUSTOMER, [key])[key]]


def test_customers_are_found_by_each_key(till: Bench) -> None:
    """By e-mail in any case, VAT number, customer number and card; two with one e-mail are both shown (row 13)."""
    number, card, mail = f"K-{uuid4().hex[:6]}", uuid4().hex[:12], a_mail()
    made = a_company(vat_number="BE0477472701", customer_no=number, loyalty_card=card, email=mail)
    ids = [till.make(CUSTOMER, one).external_id for one in (made, a_person(email=mail))]
    keys = [Key("customer_no", number.lower()), Key("loyalty_card", card), Key("email", mail), Key("email", "x@y.test")]
    found = till.channel.find(CUSTOMER, [*keys, Key("vat_number", "be0477472701")])
    assert [[ids[0]], [ids[0]], sorted(ids), []] == [sorted(row.external_id for row in found[key]) for key in keys]
    assert ids[0] in {row.external_id for row in found[Key("vat_number", "be0477472701")]}


def test_a_country_that_nobody_knows_is_refused_alone(till: Bench) -> None:
    """A bad value waits by itself; the rest of the batch is written (row 14)."""
    good, bad = a_person(), a_person(invoice=an_address(street="Weg", number="1", country="XX"))
    results = [till.make(CUSTOMER, one) for one in (good, bad)]
    assert [None, Rejected] == [result.error and type(result.error) for result in results]


def test_archived_and_brought_back(till: Bench) -> None:
    person = a_person()
    id_ = till.make(CUSTOMER, person).external_id
    for active in (False, True):
        assert None is till.change(CUSTOMER, till.row(CUSTOMER, id_), person | {"active": active}).error
        assert active is till.shows(CUSTOMER, id_)["active"]


def test_a_person_who_left_is_archived(till: Bench) -> None:
    """A contact has a name or is none; the rest of the update is written."""
    company = a_company()
    id_ = till.make(CUSTOMER, company).external_id
    alone = company | {"name": None, "company": "Meeuw VOF"}
    assert None is till.change(CUSTOMER, till.row(CUSTOMER, id_), alone).error
    assert alone == shown_of(till, id_, alone)


def test_a_refused_vat_number_names_nobody(till: Bench) -> None:
    """The server says whose number it is: we don't (row 27)."""
    company = a_company() | {"company": "Geheime Persoon"}
    fields = till.lenses[CUSTOMER].put(company, {}, till.context, creating=True, part="").fields
    refused = till.sent(CUSTOMER, Write("w", "create", "", {**fields, "country": "NL", "vat": "NL123"})).error
    assert isinstance(refused, Rejected)
    assert "Geheime" not in f"{refused} {refused.fields}"
