"""Prices that go out with the create of their product, where the channel takes them in one call. Pure.

A product that is there without its price is sold at whatever the remote assumes, mostly for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from connector.deliver.compose import Composed, compose
from connector.model.entity import Entity
from connector.model.record import Binding, Known
from connector.settle import part_of
from connector.topology import Side, Topology


def with_prices(
    topology: Topology,
    side: Side,
    product: Known,
    composed: Composed,
    prices: Iterable[Known],
    now: datetime,
    token: Callable[[], str],
) -> Composed:
    """The create of a product with those of its prices that it takes along, and that wait for nothing else."""
    if composed.write is None or composed.write.operation != "create" or composed.write.external_id:
        return composed
    made = [_of_price(topology, side, product, one, now, token()) for one in prices]
    along = tuple(one for one in made if one is not None)
    writes = tuple(one.write for one in along if one.write is not None)
    return replace(composed, write=replace(composed.write, along=writes), along=along)


def _of_price(
    topology: Topology, side: Side, product: Known, price: Known, now: datetime, token: str
) -> Composed | None:
    """One price; None where the create does not take such a row along, or where the price waits or is refused."""
    binding = price.bindings.get(side.name)
    if binding is None or not _waits_for_its_product(binding, now):
        return None
    if part_of(topology, side, price.record) not in side.can(Entity.PRICE).along:
        return None
    composed = compose(topology, side, price, product, binding, now, token)
    return composed if composed.write is not None and not composed.problems else None


def _waits_for_its_product(binding: Binding, now: datetime) -> bool:
    held = any(hold.reason != "dependency" for hold in binding.held.values())
    due = binding.due_at is None or binding.due_at <= now
    return binding.state == "owed" and binding.external_id is None and due and not held
