"""A stocktake sets what is on hand, by its document and its time (sync-model 4).

Only of channels that are declared to count. It is applied once every other channel was read after it,
rebased over the movements since; what the count did to its own channel's figure was booked as the
movement that it made, and is set right here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from connector.contract import Counted
from connector.decide.stock import ZERO, Count, CountResult, Movement, StockFacts, apply_count, moved_since_count
from connector.ledger import counts as stored
from connector.ledger import debts, journal, lanes
from connector.ledger.counts import StoredCount
from connector.ledger.journal import Entry
from connector.model.binding import Agreed, Provenance
from connector.model.entity import Entity
from connector.model.record import Binding, Event, Known
from connector.stock.picture import ON_HAND, as_decimal, direction, facts_of, on_hand_of, raw_of, shadow_of
from connector.stock.uncertain import end
from connector.topology import Side, Topology

if TYPE_CHECKING:
    from connector.observe.workspace import Workspace

#: How far the clocks of a channel and ours may be apart when their moments are compared.
CLOCKS: Final = timedelta(minutes=5)
NEVER: Final = datetime.min.replace(tzinfo=UTC)
#: Events after which the shadow holds what was sent.
_SENT: Final = frozenset({"receipt", "landed"})


def take_counts(
    workspace: Workspace, side: Side, counts: Sequence[Counted], products: Mapping[str, int], *, first: bool
) -> None:
    """Remember the stocktakes of a channel that is declared to count.

    ``first``: the channel never reported before; the figures contain what was counted until then.
    """
    topology = workspace.topology
    if not topology.sync(Entity.STOCK).stock_of(side.name).counts:
        return
    places = {count.place: topology.location_of(side.name, count.place) for count in counts}
    entries = [
        StoredCount(side.name, one.id, products[one.parent], place, one.quantity, one.at)
        for one in counts
        if one.parent in products and (place := places[one.place]) is not None
    ]
    stored.add_counts(workspace.session, entries, "past" if first else "waiting")


def somebody_counts(topology: Topology) -> bool:
    """Whether any channel is declared to count at all."""
    return Entity.STOCK in topology.config.sync and any(
        one.counts for one in topology.sync(Entity.STOCK).stock.values()
    )


def apply_counts(workspace: Workspace, counts: Iterable[StoredCount]) -> None:
    """Set what can be set by now; the rest waits for channels that were not read since. Flushes the workspace."""
    for count in counts:
        state = _applied(workspace, count)
        if state is not None:
            stored.settle_count(workspace.session, count, state)
    workspace.flush()


def _applied(workspace: Workspace, count: StoredCount) -> stored.CountState | None:
    """What became of a count; None: it waits."""
    listed = workspace.dependents(Entity.STOCK, [count.product_id])[count.product_id]
    known = next((one for one in map(workspace.get, listed) if one.record.place == count.location), None)
    on_hand = None if known is None else on_hand_of(known)
    counting = None if known is None else known.bindings.get(count.channel)
    if known is None or on_hand is None or counting is None or counting.state != "bound":
        return "past"  # the first figure will contain it
    newest = stored.last_applied(workspace.session, count.product_id, count.location)
    if newest is not None and newest >= count.at:
        return "superseded"
    result = _result(workspace, count, known, counting, on_hand)
    if result is None:
        return None
    _set(workspace, count, known, on_hand, result)
    return "applied"


def _result(
    workspace: Workspace, count: StoredCount, known: Known, counting: Binding, on_hand: Decimal
) -> CountResult | None:
    session = workspace.session
    read_at = _read_at(workspace, known)
    concerned = [known.bindings[name] for name in read_at if name in known.bindings]
    in_doubt = debts.with_intents(session, [binding.id for binding in concerned])
    if read_at.get(count.channel, NEVER) <= count.at or in_doubt or any(one.reread for one in concerned):
        return None
    of_product = facts_of(session, workspace.topology, [count.product_id])[count.product_id]
    entries = journal.of_record_since(session, known.record.id, count.at - CLOCKS)
    told = Count(count.channel, count.location, count.quantity, count.at)
    own = moved_since_count(
        told,
        _handed_by(of_product, told),
        shadow_of(counting, raw_of(workspace.topology.sides[count.channel], counting)),
        _sent_since(entries, told),
    )
    return apply_count(told, on_hand, [own, *_moved(entries, told)], read_at)


def _read_at(workspace: Workspace, known: Known) -> dict[str, datetime]:
    """Channel → when the last complete read of its stock began, of all whose movements count at this location."""
    topology, place = workspace.topology, known.record.place
    product = workspace.parent_of(known)
    found: dict[str, datetime] = {}
    for side in topology.sides_of(Entity.STOCK):
        there = None if product is None else product.bindings.get(side.name)
        only = topology.figure_place(side.name)
        shows = place in topology.sync(Entity.STOCK).views[side.name].locations if only else side.name in known.bindings
        if there is not None and there.state == "bound" and shows and direction(topology, side.name) != "out":
            found[side.name] = lanes.state(workspace.session, side.name, Entity.STOCK).observed_at or NEVER
    return found


def _handed_by(facts: StockFacts, count: Count) -> Decimal:
    """What the counting channel had handed over there by then; a hand-over without a time was before it."""
    before = [one for one in facts.hand_overs if one.at is None or one.at <= count.at]
    return replace(facts, hand_overs=before).handed(count.channel, count.location)


def _sent_since(entries: Sequence[Entry], count: Count) -> Decimal:
    """The signed pieces that we have written to the counting channel since."""
    sent = (
        as_decimal(entry.detail.get("difference"))
        for entry in entries
        if entry.event in _SENT and entry.channel == count.channel and entry.at > count.at
    )
    return sum(sent, ZERO)


def _moved(entries: Sequence[Entry], count: Count) -> list[Movement]:
    """Movements booked at the location since, without those of the counting channel's own figure."""
    return [
        _movement(entry)
        for entry in entries
        if entry.event == "moved" and not (entry.channel == count.channel and entry.detail.get("movement") == "figure")
    ]


def _movement(entry: Entry) -> Movement:
    detail: Mapping[str, Any] = entry.detail
    since, at = (datetime.fromisoformat(detail[name]) if name in detail else None for name in ("since", "at"))
    place, pieces, kind = str(detail["location"]), as_decimal(detail["pieces"]), detail["movement"]
    return Movement(entry.channel, place, pieces, kind, since=since, at=at)


def _set(workspace: Workspace, count: StoredCount, known: Known, on_hand: Decimal, result: CountResult) -> None:
    """On hand as counted, less and more what moved since; what was uncertain is certain now."""
    by = Provenance(count.channel, count.at, count.at, "count", workspace.session.sequence)
    after = on_hand + result.correction
    record = known.record
    agreed = {**record.agreed, ON_HAND: Agreed(after, by)}
    workspace.change_record(replace(record, agreed=agreed, sequence=by.sequence))
    moved = Movement(count.channel, count.location, result.correction, "count", since=count.at, at=count.at)
    detail = {**moved.as_event(), "from": on_hand, "to": after, "counted": count.quantity}
    if result.doubtful:
        detail["doubtful"] = result.doubtful
    workspace.note([Event("moved", count.channel, Entity.STOCK, record.id, ON_HAND, detail)])
    end(workspace, record.id)
