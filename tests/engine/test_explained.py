"""What ``explain`` tells beside values: why the same rows cost one amount here and another there."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from connector.explain import Paid, explain_record, find_records
from connector.model.entity import Entity
from simulator.chain import LISTS, MAPPING
from tests.engine.shop import Chain, chain

DATED = MAPPING.replace(
    "[stock.fields]",
    """[price.rows.dated]
when = "min_qty == 1"
fixed = { min_qty = 1 }
[price.rows.dated.fields]
starts = { remote = "from", write = "create" }
ends = { remote = "to" }
amount = { remote = "amount", convert = ["decimal"] }
[stock.fields]""",
)
BASE, DEARER = "retail|1|", "retail|1|2026-11-01"


def test_each_system_resolves_the_same_rows_its_own_way(tmp_path: Path) -> None:
    """For a dearer month the ERP takes the new row and the shop keeps the lowest: known failure 19."""
    with chain(tmp_path, mapping=DATED, short=DATED) as world:
        _choose(world, erp="first", shop="lowest")
        world.add_product("A-1", amount="9.95")
        dated = {"amount": Decimal("12.95"), "from": "2026-11-01", "to": "2026-11-30"}
        product = world.id_of("erp", "A-1")
        world.worlds["erp"].put(Entity.PRICE, dated, parent=product, place=LISTS["erp"], part="dated")
        world.match()
        world.sync()
        (paid,) = {explain_record(world.parts, id_).pays for id_ in find_records(world.parts, Entity.PRICE, "A-1")}

        assert paid == (
            Paid("erp", Decimal("12.95"), DEARER, "first"),
            Paid("shop", Decimal("9.95"), BASE, "lowest"),
            Paid("till", None, "", None),
        )


def _choose(world: Chain, **choices: str) -> None:
    """State how these systems choose among their rows, and begin again."""
    for name, choice in choices.items():
        able = world.worlds[name].capabilities
        world.worlds[name].capabilities = {**able, Entity.PRICE: replace(able[Entity.PRICE], choice=choice)}  # type: ignore[arg-type]
    world.restart()
