"""What ``plan`` says is what the round after it does, and costs."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from connector.ledger.budget import Allowance
from connector.model.entity import Entity
from connector.parts import Scope
from connector.plan import Plan, make_plan
from simulator.chain import EVERYWHERE
from tests.engine.shop import Chain, chain

Writes = Counter[tuple[str, str]]


def planned(plan: Plan) -> Writes:
    """Writes by channel and entity."""
    return Counter((write.channel, write.entity.value) for write in plan.writes)


def written(world: Chain) -> Writes:
    """Rows that were written since the calls were last cleared."""
    done: Writes = Counter()
    for channel in EVERYWHERE:
        for method, entity, rows in world.worlds[channel].calls:
            if method == "write":
                done[channel, entity] += rows
    return done


def forget_calls(world: Chain) -> None:
    for channel in EVERYWHERE:
        world.worlds[channel].calls.clear()


def test_what_is_planned_is_what_is_written(shop: Chain) -> None:
    """New products with the prices and the stock that follow them, edits, and a sale: neither more nor less."""
    shop.add_product("B-2", on=("erp",))
    shop.add_product("C-3", on=("erp", "shop"), pieces=0)
    shop.edit("erp", name="Mug, navy")
    shop.worlds["till"].move(shop.id_of("till", "A-1", Entity.STOCK), -1)
    plan = make_plan(shop.parts, Scope())
    forget_calls(shop)
    shop.sync()

    assert written(shop) == planned(plan)
    assert planned(plan)["till", "product"] == 3
    assert planned(plan)["till", "stock"] == 1  # of B-2; none of C-3, of which there is nothing
    assert sum(planned(plan).values()) == 12


def test_a_plan_says_who_edited_what_and_when(shop: Chain) -> None:
    """The edit's own channel and time stand beside the value, so that a person can ask them."""
    shop.edit("shop", description="With a handle")
    (write,) = [write for write in make_plan(shop.parts, Scope()).writes if write.channel == "erp"]

    assert (write.key, write.operation, write.by) == ("A-1", "update", "shop")
    assert [(change.field, change.becomes) for change in write.changes] == [("description", "With a handle")]
    assert write.at is not None
    assert timedelta(0) <= shop.clock() - write.at < timedelta(minutes=1)


def test_a_plan_says_when_its_calls_are_paid(shop: Chain) -> None:
    """With nothing left of a minute that takes one call, two calls are done a minute after the next one begins."""
    shop.add_product("B-2", on=("erp",), pieces=0)
    resets_at = shop.clock() + timedelta(seconds=20)
    spent = Allowance("minute", 1, 0, 60, resets_at)
    parts = replace(shop.parts, budget_of=lambda channel: (spent,) if channel == "till" else ())
    plan = make_plan(parts, Scope(entities=frozenset({Entity.PRODUCT})))

    assert [2] == [cost.calls for cost in plan.costs if cost.lane == "till/product"]
    assert resets_at + timedelta(minutes=1) == plan.finishes["till"]
    assert plan.finishes["shop"] < resets_at


@pytest.mark.parametrize(
    ("story", "able", "new", "calls"),
    [
        ("a look-up for each", {"read_batch": 1}, 3, 3 + 3),
        ("few, one by one", {"read_batch": 1, "listed_above": 3}, 3, 3 + 3),
        ("more, in one list", {"read_batch": 1, "listed_above": 3}, 4, 4 + 1),
        ("always in a list", {"read_batch": 1, "listed_above": 0}, 1, 1 + 1),
        ("a list for each batch that is delivered", {"read_batch": 1, "listed_above": 3}, 54, 54 + 2),
        ("many in a call, but a batch at a time", {"read_batch": 100}, 54, 54 + 2),
    ],
)
def test_a_plan_counts_look_ups_as_they_are_made(
    tmp_path: Path, story: str, able: dict[str, int], new: int, calls: int
) -> None:
    """Where a system answers many look-ups from a list, they are not counted as a call each."""
    with chain(tmp_path, write_batch=1, **able) as shop:
        shop.add_product("A-1")
        shop.match()
        for number in range(new):
            shop.add_product(f"N-{number}", on=("erp",))
        plan = make_plan(shop.parts, Scope(entities=frozenset({Entity.PRODUCT})))
    assert [calls] == [cost.calls for cost in plan.costs if cost.lane == "till/product"], story
