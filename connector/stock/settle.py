"""What is owed in stock: each channel's target figure against its shadow, for whole products at once.

A figure depends on the product's other locations (a view), on claims and on hand-overs, so debts
are reckoned per product, never per row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from connector.decide.stock import ZERO, StockFacts, owed
from connector.model.binding import WHOLE_BINDING, Held
from connector.model.entity import Entity
from connector.model.record import Binding, Known, Record
from connector.settle import came_back_with_product, made_again
from connector.stock.picture import (
    ON_HAND,
    facts_of,
    first_of_views,
    handed_there,
    is_written,
    on_hand_of,
    shadow_of,
    targets_there,
)
from connector.topology import TRACKED, Side, Topology

if TYPE_CHECKING:
    from connector.observe.workspace import Workspace


def settle_stock(workspace: Workspace, product_ids: Iterable[int]) -> None:
    """Reckon the stock debts of these products anew, in every channel."""
    ids = sorted(set(product_ids))
    if not ids:
        return
    workspace.load(ids)
    found = workspace.dependents(Entity.STOCK, ids)
    if Entity.PRICE in workspace.topology.config.sync:
        workspace.dependents(Entity.PRICE, ids)  # all at once, for those whose price is looked at
    facts = facts_of(workspace.session, workspace.topology, ids)
    for product_id in ids:
        figures = [workspace.known[id_] for id_ in found[product_id]]
        figures += _places_of_views(workspace, workspace.known[product_id], figures)
        for side in workspace.topology.sides_of(Entity.STOCK):
            _settle_side(workspace, side, workspace.known[product_id], figures, facts[product_id])


def _places_of_views(workspace: Workspace, product: Known, figures: list[Known]) -> list[Known]:
    """Records that views need and nobody has made: the one figure is kept at the view's first location,
    also of a product that has none there."""
    here = {known.record.place for known in figures if on_hand_of(known) is not None}
    missing = set()
    for channel, place in first_of_views(workspace.topology).items():
        view = workspace.topology.sync(Entity.STOCK).views[channel]
        if channel in product.bindings and not here.isdisjoint(view.locations):
            missing.add(place)
    missing -= {known.record.place for known in figures}
    fresh = [
        Record(0, Entity.STOCK, place, {}, product.record.id, place, sequence=workspace.session.sequence)
        for place in sorted(missing)
    ]
    return [workspace.known[workspace.add(record).id] for record in fresh]


def _settle_side(workspace: Workspace, side: Side, product: Known, figures: list[Known], facts: StockFacts) -> None:
    on_hand = {known.record.place: pieces for known in figures if (pieces := on_hand_of(known)) is not None}
    wanted = targets_there(workspace.topology, side, product.record, on_hand, facts)
    for known in figures:
        before = known.bindings.get(side.name)
        after = _settle_figure(workspace, side, product, known, wanted, facts)
        if after is not None and after != before:
            workspace.replace_bindings(known.record.id, [after])
            workspace.touch(known.record.id)


def _settle_figure(
    workspace: Workspace,
    side: Side,
    product: Known,
    known: Known,
    wanted: Mapping[str, Decimal],
    facts: StockFacts,
) -> Binding | None:
    binding = known.bindings.get(side.name)
    takes = workspace.topology.takes(side, known.record, product.record)
    if not takes or not is_written(workspace.topology, side):
        return None if binding is None else replace(binding, dirty=False, dirty_since=None)
    target = wanted.get(known.record.place)
    if binding is None:
        if not _may_create(workspace, side, known) or not target:
            return None
        binding = Binding(known.record.id, side.name, Entity.STOCK, None, state="owed", origin="created")
    if came_back_with_product(side, known.record, product, binding):
        binding = made_again(binding, binding.fence)
    if target is None or binding.state in ("gone", "unlinked"):
        return replace(binding, dirty=False, dirty_since=None)
    there = product.bindings.get(side.name)
    if there is None or there.state != "bound" or there.external_id is None or not keeps_stock(side, there):
        return _waiting(binding, f"its product is not on {side.name} yet")
    if there.origin == "created" and _awaits_price(workspace, side, product):
        return _waiting(binding, f"its price is not on {side.name} yet")
    return _with_debt(workspace, side, binding, known.record.place, target, facts)


def _awaits_price(workspace: Workspace, side: Side, product: Known) -> bool:
    """What we have just created is not to be sold at the remote's own default: its prices come before its stock."""
    if Entity.PRICE not in workspace.topology.config.sync:
        return False
    ids = workspace.dependents(Entity.PRICE, [product.record.id])[product.record.id]
    prices = (workspace.known[id_].bindings.get(side.name) for id_ in ids)
    return any(one is not None and one.external_id is None and one.dirty for one in prices)


def keeps_stock(side: Side, product: Binding) -> bool:
    """Whether the product takes stock there by now: some channels switch that on in a call after the create."""
    mapping = side.mappings[Entity.PRODUCT]
    names = mapping.names_of(TRACKED)
    return not any(mapping.call_of(name) and not product.shadow.get(name) for name in names)


def _with_debt(
    workspace: Workspace, side: Side, binding: Binding, place: str, target: Decimal, facts: StockFacts
) -> Binding:
    held = {
        name: hold
        for name, hold in binding.held.items()
        if hold.reason != "dependency" and hold.stands({ON_HAND: target} if name == WHOLE_BINDING else target)
    }
    pieces = debt(workspace.topology, side, binding, place, target, facts)
    dirty = bool(pieces) and not any(hold.reason in ("brake", "quarantine", "vanished") for hold in held.values())
    since = (binding.dirty_since or workspace.moment.now) if dirty else None
    return replace(
        binding,
        dirty=dirty,
        dirty_since=since,
        held=held,
        attempts=binding.attempts if dirty else 0,
        due_at=binding.due_at if dirty else None,
    )


def debt(topology: Topology, side: Side, binding: Binding, place: str, target: Decimal, facts: StockFacts) -> Decimal:
    """The signed pieces owed: the target less what the channel should show by now."""
    mapping = side.mappings[Entity.STOCK]
    name = mapping.names_of(ON_HAND, binding.part)[0]
    shadow = shadow_of(binding, binding.shadow.get(name))
    handed = handed_there(topology, side.name, place, facts) if binding.external_id is not None else ZERO
    return owed(target, shadow, handed)


def _waiting(binding: Binding, why: str) -> Binding:
    """Held until what it depends on is there; the hold keeps its beginning."""
    hold = binding.held.get(WHOLE_BINDING)
    stands = hold is not None and (hold.reason, hold.detail) == ("dependency", why)
    held = binding.held if stands else {**binding.held, WHOLE_BINDING: Held("dependency", why)}
    return replace(binding, dirty=False, dirty_since=None, held=held)


def _may_create(workspace: Workspace, side: Side, known: Known) -> bool:
    return side.can(Entity.STOCK).create and (side.name, Entity.STOCK) in workspace.moment.approved
