"""What is owed to a channel, field by field and as a whole."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from connector.decide.projection import (
    Confirmed,
    Standing,
    Step,
    dependency_hold,
    next_step,
    owed,
    rewritten_hold,
    still_held,
)
from connector.model.binding import WHOLE_BINDING, Held
from connector.model.entity import Value
from tests.unit.decide.sides import at

PROJECTED: dict[str, Value] = {"name": "b", "price": Decimal("9.95"), "sku": "A-1"}
SHADOW: dict[str, Value] = {"name": "a", "price": Decimal("9.950"), "sku": "A-0"}


@pytest.mark.parametrize(
    ("story", "shadow", "writable", "held", "expected"),
    [
        ("what differs is owed", SHADOW, {"name", "price"}, (), {"name"}),
        ("equal in another scale is not", SHADOW, {"price"}, (), set()),
        ("what only a create takes is not", SHADOW, {"name", "price"}, (), {"name"}),
        ("what is held waits", SHADOW, {"name", "sku"}, {"name"}, {"sku"}),
        ("a whole binding waits", SHADOW, {"name", "sku"}, {WHOLE_BINDING}, set()),
        ("what was never met is read first", {"sku": "A-1"}, {"name", "sku"}, (), set()),
        ("nothing is a value to be replaced", {"name": None}, {"name"}, (), {"name"}),
    ],
)
def test_the_fields_that_are_owed(
    story: str, shadow: dict[str, Value], writable: set[str], held: set[str], expected: set[str]
) -> None:
    """A binding is dirty in the fields whose projection differs from its shadow (row 4)."""
    assert expected == owed(PROJECTED, shadow, writable, held)


def test_what_is_never_shown_is_owed_until_it_was_sent() -> None:
    """A field that a channel takes and never shows is owed once per value."""
    assert {"name"} == owed({"name": "b"}, {}, {"name"}, write_only={"name"})
    assert frozenset() == owed({"name": "b"}, {"name": "b"}, {"name"}, write_only={"name"})


LIVE = Standing("live", in_scope=True, state="bound")
OWED = replace(LIVE, state="owed")
OUT = replace(LIVE, in_scope=False)


@pytest.mark.parametrize(
    ("story", "standing", "expected"),
    [
        ("bound, in scope", LIVE, "update"),
        ("to be created", OWED, "create"),
        ("before match was approved, nothing is created", replace(OWED, approved=False), "nothing"),
        ("an archived record is not created", replace(OWED, life="archived"), "nothing"),
        ("one out of scope is not created", replace(OWED, in_scope=False), "nothing"),
        ("a tombstone owes nothing", replace(LIVE, state="gone"), "nothing"),
        ("an unlinked binding owes nothing", replace(LIVE, state="unlinked"), "nothing"),
        ("out of scope: its stock goes first", replace(OUT, stock_there=Decimal(3)), "zero-stock"),
        ("then it is archived", replace(OUT, stock_there=Decimal(0)), "archive"),
        ("and left in peace", replace(OUT, archived_there=True), "nothing"),
        ("a price waits for its product", replace(OWED, parent_bound=False), "nothing"),
    ],
)
def test_what_a_channel_is_owed_as_a_whole(story: str, standing: Standing, expected: Step) -> None:
    """Creates, updates and farewells follow from how the record stands there, whatever happened (rows 13, 16)."""
    assert expected == next_step(standing)


def test_a_price_waits_visibly_for_its_product() -> None:
    """A dependent record is held while its product is not bound, and free afterwards."""
    hold = dependency_hold(product_bound=False, since=at(0))
    assert hold is not None
    assert ("dependency", None) == (hold.reason, dependency_hold(product_bound=True))


def test_a_field_written_three_times_in_a_day_is_held() -> None:
    """A remote that rewrites a field is written three times at most while agreed stands still (row 4)."""
    twice = Confirmed("b").again("b", at(0)).again("b", at(60))
    thrice = twice.again("b", at(120))
    assert None is rewritten_hold(twice, "a", at(121))
    hold = rewritten_hold(thrice, "a", at(121))
    assert hold is not None
    assert ("rewritten", "a", "b") == (hold.reason, hold.shown, hold.projected)


@pytest.mark.parametrize(
    ("story", "writes", "shown"),
    [
        ("it shows what was written", [("b", 0), ("b", 1), ("b", 2)], "b"),
        ("agreed moved in between", [("b", 0), ("c", 1), ("b", 2)], "a"),
        ("not within a day", [("b", -1500), ("b", 1), ("b", 2)], "a"),
    ],
)
def test_other_writes_are_not_held(story: str, writes: list[tuple[str, int]], shown: str) -> None:
    """Edits that are answered by writes are ordinary."""
    confirmed = Confirmed("a")
    for value, minute in writes:
        confirmed = confirmed.again(value, at(minute))
    assert None is rewritten_hold(confirmed, shown, at(3))


def test_holds_that_stand() -> None:
    """A hold for a value ends with the value; others stand until somebody lifts them."""
    held = {
        "name": Held("quarantine", projected="a"),
        "price": Held("quarantine", projected=Decimal("9.95")),
        "sku": Held("rename", projected="A-0"),
        WHOLE_BINDING: Held("quarantine"),
    }
    assert {"price", "sku", WHOLE_BINDING} == still_held(held, PROJECTED).keys()
