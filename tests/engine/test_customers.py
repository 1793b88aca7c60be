"""Customers: several keys, and a create that takes several calls (sync-model 5.8)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from adapters.memory import Thing
from connector.errors import AmbiguousWrite, Transient
from connector.model.entity import Entity
from simulator.chain import CONFIG, EVERYWHERE, MAPPING
from tests.engine.shop import Chain, chain

LANDED_S = 200
#: A system that takes an account first, and its contact in a call of its own.
IN_TWO_CALLS = MAPPING.replace("[customer.fields]", '[customer]\ncalls = ["contact"]\n[customer.fields]').replace(
    'phone = { remote = "phone", convert = ["text"] }',
    'phone = { remote = "phone", part = "contact", convert = ["text"] }\nlang = { remote = "lang" }',
)
PLAIN = MAPPING.replace(
    'phone = { remote = "phone", convert = ["text"] }',
    'phone = { remote = "phone", convert = ["text"] }\nlang = { remote = "lang", convert = ["text"] }',
)
ERP_APART = CONFIG.replace('world = "erp"\nmapping = "plain.toml"', 'world = "erp"\nmapping = "short.toml"').replace(
    'world = "till"\nmapping = "short.toml"', 'world = "till"\nmapping = "plain.toml"'
)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Chain]:
    """The ERP alone takes a customer in two calls."""
    with chain(tmp_path, ERP_APART, PLAIN, IN_TWO_CALLS, parts=("", "contact")) as built:
        built.worlds["shop"].put(Entity.CUSTOMER, {"email": "known@example.com"})
        built.match()
        built.sync()
        yield built


def customers(shop: Chain, channel: str) -> dict[str, Mapping[str, Any]]:
    things: list[Thing] = list(shop.worlds[channel].things[Entity.CUSTOMER].values())
    return {str(thing.native["email"]): thing.native for thing in things if not thing.deleted}


def buy(shop: Chain, email: str = "anna@example.com") -> None:
    shop.worlds["shop"].put(Entity.CUSTOMER, {"email": email, "phone": "030 1234567", "lang": "nl"})


def test_a_create_of_several_calls_is_several_receipts(shop: Chain) -> None:
    """The account first, then its contact, each with a receipt of its own."""
    buy(shop)
    shop.sync()
    assert "030 1234567" == customers(shop, "erp")["anna@example.com"].get("phone")
    receipts = [event for event in shop.events("anna@example.com", Entity.CUSTOMER) if event[:2] == ("receipt", "erp")]
    assert 2 == len(receipts)
    assert 0 == shop.sync().written


@pytest.mark.parametrize("calls", [1, 2])
@pytest.mark.parametrize("when", ["before", "lost", "after"])
def test_what_is_done_stands_and_the_rest_is_owed(shop: Chain, calls: int, when: str) -> None:
    """Whichever call breaks, and however: one customer in the end, with everything, and nothing twice (5)."""
    buy(shop)
    world = shop.worlds["erp"]
    fault = (when, Transient("down") if when == "before" else AmbiguousWrite("no answer"))
    if calls == 1:
        world.faults.append(fault)
    else:  # the second write, once the first is done
        waiting = [fault]
        world.on_call = lambda moment: world.faults.append(waiting.pop()) if moment == "after" and waiting else None
    for _ in range(4):
        shop.sync()
        shop.clock.pass_(seconds=LANDED_S)
    found = [t.native["email"] for t in world.things[Entity.CUSTOMER].values() if not t.deleted]
    assert ["anna@example.com", "known@example.com"] == sorted(map(str, found))
    assert ("030 1234567", "nl") == tuple(
        customers(shop, "erp")["anna@example.com"].get(name) for name in ("phone", "lang")
    )
    assert 0 == shop.sync().written


def test_a_changed_email_makes_no_second_customer(shop: Chain) -> None:
    """Identity is not taken from a mutable field: known failure 25."""
    buy(shop)
    shop.sync()
    (thing,) = [t for t in shop.worlds["shop"].things[Entity.CUSTOMER].values() if t.native["email"][0] == "a"]
    shop.worlds["shop"].edit(Entity.CUSTOMER, thing.id, email="anna@example.test")
    shop.sync()
    for channel in EVERYWHERE:
        assert {"anna@example.test", "known@example.com"} == set(customers(shop, channel)), channel


def test_a_customer_who_lost_his_key_is_never_made_blind(shop: Chain) -> None:
    """Whoever has lost the e-mail that he was known by is not created elsewhere: nobody could look him up (5.8)."""
    buy(shop)
    shop.sync(channels=frozenset({"shop"}))
    (anna,) = [t for t in shop.worlds["shop"].things[Entity.CUSTOMER].values() if t.native["email"][0] == "a"]
    shop.worlds["shop"].edit(Entity.CUSTOMER, anna.id, email=None)
    shop.sync()
    assert 1 == len(shop.worlds["erp"].things[Entity.CUSTOMER])
    assert {("erp", "KeyTaken"), ("till", "KeyTaken")} == {(case.channel, case.error) for case in shop.cases()}


def test_a_customer_without_any_key_waits(shop: Chain) -> None:
    """He is met nowhere else, and shown with the reason."""
    shop.worlds["shop"].put(Entity.CUSTOMER, {"email": None, "phone": "1"})
    shop.sync()
    assert {"shop": 2, "erp": 1, "till": 1} == {
        channel: len(shop.worlds[channel].things[Entity.CUSTOMER]) for channel in ("shop", "erp", "till")
    }
    assert any("no key" in reason for reason in shop.strangers("shop", Entity.CUSTOMER).values())


NUMBER = 'customer_no = { remote = "number", convert = ["code"] }'
NUMBERED = MAPPING.replace("[customer.fields]", f"[customer.fields]\n{NUMBER}")
NUMBERING = NUMBERED.replace('"number", convert', '"number", write = "never", convert')


@pytest.mark.parametrize(
    ("owner", "typed", "expected"),
    [
        ("erp", None, "1001"),
        ("erp", "S-7", "1001"),
        ("shop", None, "1001"),
        ("shop", "S-7", "S-7"),
    ],
)
def test_a_number_that_is_given_out_there_is_the_customers(
    tmp_path: Path, owner: str, typed: str | None, expected: str
) -> None:
    """The ERP numbers what we create in it: that is no default to be passed over, and goes where it has a place."""
    config = ERP_APART.replace("[sync.price]", f'[sync.customer.fields.customer_no]\nowner = "{owner}"\n[sync.price]')
    with chain(tmp_path, config, NUMBERED, NUMBERING) as shop:
        shop.match()
        shop.sync()
        shop.worlds["shop"].put(Entity.CUSTOMER, {"email": "anna@example.com", "number": typed})
        shop.sync()
        (made,) = shop.worlds["erp"].things[Entity.CUSTOMER].values()
        shop.worlds["erp"].edit(Entity.CUSTOMER, made.id, number="1001")
        shop.sync()
        shop.sync()
        numbers = {name: customers(shop, name)["anna@example.com"].get("number") for name in EVERYWHERE}
        assert {"erp": "1001", "shop": expected, "till": expected} == numbers
        assert 0 == shop.sync().written
