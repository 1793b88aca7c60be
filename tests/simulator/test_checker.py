"""The checker says which promise is broken, and is silent where none is."""

from __future__ import annotations

import copy
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from simulator.checker import FLOOR, faults
from simulator.log import Entry, Shown
from simulator.script import CHANNELS

OLD, NEW = "001 mug", "002 mug"


def entry(channel: str, by: str, kind: str = "product", *, was: dict[str, Any] | None = None, **after: Any) -> Entry:
    return Entry(channel, by, kind, f"{kind}-1", "A-1", was or {}, after)


def made() -> list[Entry]:
    """One product everywhere, with ten pieces."""
    products = [entry(channel, "person", sku="A-1", name=OLD) for channel in CHANNELS]
    return products + [entry(channel, "person", "stock", quantity=Decimal(10)) for channel in CHANNELS]


def all_show(name: str = OLD, pieces: int = 10) -> Shown:
    product = {"sku": "A-1", "name": name, "description": None}
    kinds = {"product": {"A-1": [product]}, "stock": {"A-1": [{"quantity": Decimal(pieces)}]}}
    things = {channel: copy.deepcopy(kinds) for channel in CHANNELS}
    return Shown(things=things, told={"A-1": f"{OLD} {NEW}"}, calls=dict.fromkeys(CHANNELS, FLOOR))


def edit(channel: str, by: str, was: str, value: str) -> Entry:
    return entry(channel, by, was={"name": was}, name=value)


def moved(channel: str, by: str, was: int, now: int) -> Entry:
    return entry(channel, by, "stock", was={"quantity": Decimal(was)}, quantity=Decimal(now))


def said(log: list[Entry], shown: Shown) -> list[str]:
    return [fault.partition(":")[0] for fault in faults(log, shown, len(made()))]


def test_an_edit_that_travels_and_a_sale_that_adds_up_are_well() -> None:
    """Typed once, written to the others; sold at two places, and both are seen."""
    log = [*made(), edit("erp", "person", OLD, NEW), moved("till", "person", 10, 9), moved("shop", "person", 10, 8)]
    log += [edit(channel, "connector", OLD, NEW) for channel in ("shop", "till")]
    log += [moved("erp", "connector", 10, 7), moved("shop", "connector", 8, 7), moved("till", "connector", 9, 7)]
    assert [] == said(log, all_show(NEW, 7))


def test_what_the_till_cuts_is_the_same() -> None:
    """It keeps ten characters of a name."""
    shown = all_show("003 a very long text")
    shown.things["till"]["product"] = {"A-1": [{"name": "003 a very", "description": None}]}
    log = [*made(), edit("shop", "person", OLD, "003 a very long text")]
    log += [edit("till", "connector", OLD, "003 a very")]
    assert [] == said(log, shown)


def _alone(shown: Shown) -> None:
    shown.things["till"]["product"]["A-1"] = [{"name": NEW, "description": None}]


def _twice(shown: Shown) -> None:
    shown.things["shop"]["product"]["A-1"] *= 2


def _echoing(shown: Shown) -> None:
    shown.echoes = 1


def _asked(shown: Shown) -> None:
    shown.calls["erp"] = FLOOR + 1


@pytest.mark.parametrize(
    ("promise", "spoil"), [("converged", _alone), ("twin", _twice), ("echo", _echoing), ("bounded", _asked)]
)
def test_how_it_ends_is_judged(promise: str, spoil: Callable[[Shown], None]) -> None:
    """Each of these ends breaks one promise."""
    shown = all_show()
    spoil(shown)
    assert [promise] == said(made(), shown)


REMOVED = entry("erp", "person", was={"deleted": False}, deleted=True)


@pytest.mark.parametrize(
    ("promise", "happened"),
    [
        ("lost edit", [edit("erp", "person", OLD, NEW)]),
        ("invented", [edit("erp", "connector", OLD, "nobody typed this")]),
        ("stock", [moved("till", "person", 10, 9)]),
        ("resurrection", [REMOVED, entry("erp", "connector", sku="A-1", name=OLD)]),
        ("wipe", [entry("shop", "connector", was={"deleted": False}, deleted=True)]),
        ("wipe", [entry("shop", "connector", was={"active": True}, active=False)]),
    ],
)
def test_what_happened_is_judged(promise: str, happened: list[Entry]) -> None:
    """Everything looks as before, and each of these should not have happened, or should be seen."""
    assert [promise] == said([*made(), *happened], all_show())


def test_what_was_read_and_is_told_nowhere_is_lost() -> None:
    """Of two edits one has to lose, but not without a word."""
    log = [*made(), edit("erp", "person", OLD, NEW), edit("till", "person", OLD, "003 mug")]
    log += [entry("till", "shown", name="003 mug"), entry("erp", "shown", name=NEW)]
    assert ["lost edit"] == said(log, all_show(NEW))
    shown = all_show(NEW)
    shown.told["A-1"] += " 003 mug"
    assert [] == said(log, shown)


def test_a_value_that_was_left_does_not_come_back() -> None:
    """Unless somebody types it again."""
    away = [edit("erp", "person", OLD, NEW), edit("till", "connector", OLD, OLD), edit("till", "connector", OLD, NEW)]
    back = edit("till", "connector", NEW, OLD)
    assert ["revert"] == said([*made(), *away, back], all_show(NEW))
    assert [] == said([*made(), *away, edit("till", "person", NEW, OLD), back], all_show(OLD))


def test_the_window_of_an_absolute_figure_is_forgiven_where_it_exists() -> None:
    """The ERP takes absolute figures: a sale after the last look is overwritten there. The till takes differences."""
    for channel, expected in (("erp", []), ("till", ["stock"])):
        log = [*made(), entry(channel, "shown", "stock", quantity=Decimal(10))]
        log += [moved(channel, "person", 10, 9), moved(channel, "connector", 9, 10)]
        assert expected == said(log, all_show())


def test_a_look_of_long_ago_forgives_nothing() -> None:
    """The connector was busy elsewhere since it looked: it had to look again."""
    log = [*made(), entry("erp", "shown", "stock", quantity=Decimal(10)), moved("erp", "person", 10, 9)]
    log += [entry("till", "shown", "stock", quantity=Decimal(10)), moved("erp", "connector", 9, 10)]
    assert ["stock"] == said(log, all_show())


def test_a_sale_that_was_shown_is_not_forgiven() -> None:
    """The connector saw it before it wrote."""
    log = [*made(), moved("erp", "person", 10, 9), entry("erp", "shown", "stock", quantity=Decimal(9))]
    assert ["stock"] == said([*log, moved("erp", "connector", 9, 10)], all_show())
