"""Whether a configuration can be kept at all: what `check` refuses, and why. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from connector.contract import Finding
from connector.mapping.amounts import Vat, VatApart
from connector.model.entity import Entity, PriceList
from connector.stock.picture import one_way_because
from connector.topology import Side, Topology

#: Net decimals from which every gross amount survives the way there and back (canonical-model 3).
EXACT_NET_SCALE = 3


def setup_findings(topology: Topology) -> Iterator[Finding]:
    """One-way stock, and price lists that a channel cannot hold to the cent."""
    if Entity.STOCK in topology.config.sync:
        yield from _stock(topology)
    if Entity.PRICE in topology.config.sync:
        for side in topology.sides_of(Entity.PRICE):
            yield from _prices(topology, side)


def _stock(topology: Topology) -> Iterator[Finding]:
    for side in topology.sides_of(Entity.STOCK):
        if side.capabilities.locations and topology.figure_place(side.name) is not None:
            remedy = f'add {side.name} = "…" to the tables [locations.…] that it has'
            yield Finding(f"{side.name} locations", ok=False, detail="its stock is kept by place", remedy=remedy)
        if topology.sync(Entity.STOCK).stock_of(side.name).counts and not side.capabilities.counts:
            remedy = f"take counts = true out of [sync.stock.{side.name}]; a stocktake there is booked as a movement"
            yield Finding(f"{side.name} counts", ok=False, detail="its stocktakes cannot be read", remedy=remedy)
        if twin := _numbers_alike(topology, side):
            remedy = (
                f"say order_prefix in [sync.stock.{side.name}]: what stands before its numbers where others use them"
            )
            detail = f"may be those of {twin} too, and two sales would look like one"
            yield Finding(f"{side.name} order numbers", ok=False, detail=detail, remedy=remedy, warning=True)
        told = topology.sync(Entity.STOCK).stock_of(side.name).direction
        why = one_way_because(topology, side.name) if told == "both" else ""
        what = f"{side.name} stock both ways"
        if why:
            remedy = f'complete [sync.stock.{side.name}] (books, order_reference), or say direction = "in"'
            yield Finding(what, ok=False, detail=f"{why}; its stock is only read until then", remedy=remedy)
        elif told == "both":
            yield Finding(what, ok=True)


def _numbers_alike(topology: Topology, side: Side) -> str:
    """An earlier channel of the same kind that places orders too, where nobody said how the numbers differ."""
    sync = topology.sync(Entity.STOCK)
    if not side.capabilities.claims or sync.stock_of(side.name).order_reference is not None:
        return ""
    before = topology.sides_of(Entity.STOCK)
    kin = [one.name for one in before[: before.index(side)] if one.adapter == side.adapter]
    own = sync.stock_of(side.name).order_prefix
    alike = kin if own is None else [name for name in kin if own and sync.stock_of(name).order_prefix == own]
    return next(iter(alike), "")


def _prices(topology: Topology, side: Side) -> Iterator[Finding]:
    for price_list in topology.config.prices.values():
        if side.name in price_list.native and _is_a_cent_off(side, price_list):
            yield Finding(
                f"{side.name} price list {price_list.name}",
                ok=False,
                detail="prices with VAT included would come back a cent off from two net decimals",
                remedy=f"let {side.name} keep more decimals or prices with VAT, or carry the list without it",
            )


def _is_a_cent_off(side: Side, price_list: PriceList) -> bool:
    steps = (
        step
        for row in side.mappings[Entity.PRICE].rows.values()
        for field in row.fields.values()
        for step in field.chain.steps
    )
    return price_list.vat == "included" and any(
        isinstance(step, Vat | VatApart) and _holds_net(step) and step.scale < EXACT_NET_SCALE for step in steps
    )


def _holds_net(step: Vat | VatApart) -> bool:
    forms = step.form.values() if isinstance(step.form, dict) else (step.form,)
    return "excluded" in forms
