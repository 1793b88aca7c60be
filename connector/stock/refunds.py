"""What a channel takes off its figure by itself for pieces that it never sent (docs/adr/0005).

A refund of unsent pieces without return to stock lowers the figure and leaves no document that says so: the
claim ends, as with a cancellation or a refund with return, which leave the figure alone. Of pieces that were
handed over elsewhere already, that fall is the subtraction that was waited for, not a movement. So the two
are seen together: the end of a claim and a fall of the figure, both since the figures were last read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from connector.decide.stock import ZERO, StockFacts, excused_by, newly_excused, subtracted_unsent
from connector.ledger import facts as stored
from connector.ledger import journal, lanes, records
from connector.ledger.facts import StoredHandOver
from connector.ledger.journal import Entry
from connector.model.entity import Entity
from connector.model.record import Event, Known
from connector.stock.again import look_again
from connector.stock.picture import ON_HAND, as_decimal, facts_of
from connector.topology import Side, Topology

if TYPE_CHECKING:
    from connector.observe.workspace import Workspace

NEVER: Final = datetime.min.replace(tzinfo=UTC)
_EXCUSED: Final = "excused"
_UNSENT: Final = "unsent"


@dataclass(frozen=True)
class Fall:
    """Pieces that a figure of a channel lost, other than by a hand-over: the figure of one place."""

    product_id: int
    place: str
    pieces: Decimal
    at: datetime


def excuse(workspace: Workspace, product_id: int, before: StockFacts, after: StockFacts) -> None:
    """What channels will not subtract any more of what is gone; what their figures lost just before, was that."""
    for side in _refunding(workspace.topology):
        excused = newly_excused(before, after, side.name)
        if not excused:
            continue
        told = [
            Event(_EXCUSED, side.name, Entity.STOCK, product_id, ON_HAND, {"order": order, "pieces": pieces})
            for order, pieces in excused.items()
        ]
        workspace.note(told)
        since = _last_read(workspace, side)
        for fall in _falls(workspace, side, product_id, since):
            look_again(workspace, side, _explained(workspace, side, fall, list(excused)))


def fell(workspace: Workspace, side: Side, known: Known, facts: StockFacts, pieces: Decimal, at: datetime) -> Decimal:
    """How much of a fall that is seen just now was for claims that have ended since the last read."""
    product_id = known.record.parent_id or 0
    if not side.capabilities.refunds or not excused_by(facts, side.name):
        return ZERO
    entries = journal.of_record_since(workspace.session, product_id, _last_read(workspace, side))
    orders = [str(one.detail["order"]) for one in entries if (one.event, one.channel) == (_EXCUSED, side.name)]
    fall = Fall(product_id, known.record.place, pieces, at)
    return sum((one.quantity for one in _explained(workspace, side, fall, orders)), ZERO)


def _explained(workspace: Workspace, side: Side, fall: Fall, orders: Sequence[str]) -> list[StoredHandOver]:
    """Book what these orders explain of a fall as handed over by the channel."""
    session, topology = workspace.session, workspace.topology
    facts = facts_of(session, topology, [fall.product_id])[fall.product_id]
    explained = subtracted_unsent(facts, side.name, orders, fall.pieces)
    location = "" if topology.figure_place(side.name) is not None else fall.place
    name = f"{_UNSENT}/{fall.product_id}/{fall.place}/{session.sequence}"
    entries = [
        StoredHandOver(side.name, f"{name}/{order}", order, fall.product_id, location, pieces, "order", at=fall.at)
        for order, pieces in explained.items()
    ]
    stored.add_hand_overs(session, entries)
    workspace.note(
        Event(_UNSENT, side.name, Entity.STOCK, fall.product_id, ON_HAND, {"order": one.order, "pieces": one.quantity})
        for one in entries
    )
    return entries


def _refunding(topology: Topology) -> list[Side]:
    return [side for side in topology.sides_of(Entity.STOCK) if side.capabilities.refunds]


def _last_read(workspace: Workspace, side: Side) -> datetime:
    """When the last complete read of its figures began: what is older was judged by it."""
    return lanes.state(workspace.session, side.name, Entity.STOCK).observed_at or NEVER


def _falls(workspace: Workspace, side: Side, product_id: int, since: datetime) -> list[Fall]:
    """Falls of its figures that were booked as movements in the last read, or after it."""
    ids = records.dependents(workspace.session, Entity.STOCK, [product_id]).get(product_id, [])
    moved = [one for id_ in ids for one in journal.of_record_since(workspace.session, id_, since)]
    lost: dict[str, Decimal] = defaultdict(Decimal)
    for entry in moved:
        if _is_figure(entry, side):
            lost[str(entry.detail["location"])] -= as_decimal(entry.detail["pieces"])
    return [Fall(product_id, place, pieces, workspace.session.now) for place, pieces in lost.items() if pieces > 0]


def _is_figure(entry: Entry, side: Side) -> bool:
    return (entry.event, entry.channel, entry.detail.get("movement")) == ("moved", side.name, "figure")
