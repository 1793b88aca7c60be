"""All that is known of a product's stock, in the form in which the formula takes it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Literal

from connector.decide.stock import (
    ZERO,
    ClaimFact,
    HandOverFact,
    StockFacts,
    StockShadow,
    View,
    raw_figure,
    shown,
    still_to_subtract,
)
from connector.ledger import facts as stored
from connector.ledger.store import Session
from connector.model.entity import Entity, Value
from connector.model.record import Binding, Known, Record
from connector.settle import has_left
from connector.topology import Side, Topology

ON_HAND = "on_hand"


def facts_of(session: Session, topology: Topology, product_ids: Iterable[int]) -> dict[int, StockFacts]:
    """Product record id → claims and hand-overs of all channels."""
    ids = sorted(set(product_ids))
    claims: dict[int, list[ClaimFact]] = defaultdict(list)
    hand_overs: dict[int, list[HandOverFact]] = defaultdict(list)
    orders: dict[int, set[str]] = defaultdict(set)
    for claim in stored.claims_of(session, ids):
        fact = ClaimFact(claim.channel, claim.order, claim.open_quantity, claim.location)
        claims[claim.product_id].append(fact)
        orders[claim.product_id].add(claim.order)
    for entry in stored.hand_overs_of(session, ids):
        kind: Literal["order", "till"] = "till" if entry.kind == "till" else "order"
        fact_ = HandOverFact(entry.channel, entry.order, entry.location, entry.quantity, kind, entry.sequence, entry.at)
        hand_overs[entry.product_id].append(fact_)
        orders[entry.product_id].add(entry.order)
    held = stored.holders_of(session, {order for listed in orders.values() for order in listed})
    return {
        id_: StockFacts(
            hand_overs=tuple(hand_overs[id_]),
            claims=tuple(claims[id_]),
            orders=_by_channel(orders[id_], held),
            books=booking_channels(topology),
            default_location=next(iter(topology.config.locations), ""),
            first_of=first_of_views(topology),
            tell_claims=claiming_channels(topology),
        )
        for id_ in ids
    }


def _by_channel(orders: Iterable[str], held: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for order in orders:
        for channel in held.get(order, ()):
            found[channel].add(order)
    return {channel: frozenset(listed) for channel, listed in found.items()}


def booking_channels(topology: Topology) -> frozenset[str]:
    """Channels in which someone books till sales later, so that they subtract them once more."""
    sync = topology.sync(Entity.STOCK)
    return frozenset(name for name in sync.channels if sync.stock_of(name).books not in (None, "never"))


def claiming_channels(topology: Topology) -> frozenset[str]:
    """Channels that list all their open claims."""
    return frozenset(side.name for side in topology.sides_of(Entity.STOCK) if side.capabilities.claims)


def first_of_views(topology: Topology) -> dict[str, str]:
    """Channel without locations → the first location of its view."""
    names = (side.name for side in topology.sides_of(Entity.STOCK))
    return {name: place for name in names if (place := topology.figure_place(name)) is not None}


def handed_there(topology: Topology, channel: str, place: str, facts: StockFacts) -> Decimal:
    """What a channel has handed over of what its figure here has subtracted: everything, where it has one figure."""
    return facts.handed(channel, None if topology.figure_place(channel) == place else place)


def view_of(topology: Topology, channel: str) -> View | None:
    """The view a channel shows, limited to locations that exist; None: it shows its locations as they are."""
    view = topology.sync(Entity.STOCK).views.get(channel)
    return None if view is None else View(view.locations, view.buffer)


def targets(topology: Topology, channel: str, on_hand: Mapping[str, Decimal], facts: StockFacts) -> dict[str, Decimal]:
    """Location → the raw figure that the channel should show."""
    view, only = view_of(topology, channel), topology.figure_place(channel)
    if view is not None and only is not None:
        known = any(place in on_hand for place in view.locations)
        return {only: shown(view, on_hand, facts, channel).quantity} if known else {}
    if view is not None:
        return dict(shown(view, on_hand, facts, channel).by_location)
    waiting = still_to_subtract(facts, channel)
    return {place: raw_figure(pieces, waiting.get(place, ZERO)) for place, pieces in on_hand.items()}


def on_hand_of(known: Known) -> Decimal | None:
    """P of one stock record; None: no channel has told it yet."""
    agreed = known.record.agreed.get(ON_HAND)
    return None if agreed is None else as_decimal(agreed.value)


def as_decimal(value: Value) -> Decimal:
    """A figure as the formula takes it; a figure that is missing is no pieces."""
    if value is None:
        return ZERO
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Decimal(value)
    raise TypeError(f"{value!r} is no quantity")


def shadow_of(binding: Binding, raw: Value) -> StockShadow:
    return StockShadow(as_decimal(raw), binding.handed or ZERO)


def direction(topology: Topology, channel: str) -> str:
    """``both``, ``in`` (only read there) or ``out`` (only written there); ``in`` where both would be unsafe."""
    told = topology.sync(Entity.STOCK).stock_of(channel).direction
    return "in" if told == "both" and one_way_because(topology, channel) else told


def one_way_because(topology: Topology, channel: str) -> str:
    """Why stock may flow only one way with this channel; "" where two-way stock is safe (canonical-model 4).

    An event that two systems subtract must be recognisable, or it would be booked twice.
    """
    sync = topology.sync(Entity.STOCK)
    side, settings = topology.sides[channel], sync.stock_of(channel)
    others = [one for one in topology.sides_of(Entity.STOCK) if one.name != channel]
    if not side.capabilities.books:
        return ""
    if settings.books is None and any(one.capabilities.tills for one in others):
        return "it is not said how till sales that someone books there are recognised"
    if settings.order_reference is None and any(one.capabilities.claims for one in others):
        return "it is not said which field joins its orders to the shop's"
    if not side.capabilities.facts:
        return "its orders and deliveries cannot be read"
    return ""


def is_written(topology: Topology, side: Side) -> bool:
    """Whether stock figures are written there at all."""
    return side.can(Entity.STOCK).update and direction(topology, side.name) != "in"


def raw_of(side: Side, binding: Binding) -> Decimal:
    """The figure last settled there."""
    return as_decimal(binding.shadow.get(side.mappings[Entity.STOCK].names_of(ON_HAND, binding.part)[0]))


def targets_there(
    topology: Topology, side: Side, product: Record, on_hand: Mapping[str, Decimal], facts: StockFacts
) -> dict[str, Decimal]:
    """Location → the raw figure to show; nothing of a product that has left the channel's scope."""
    wanted = targets(topology, side.name, on_hand, facts)
    return dict.fromkeys(wanted, ZERO) if has_left(topology, side, product) else wanted
