"""Stock as a sum of movements: raw figures, hand-overs, claims and views (sync-model 4, canonical-model 4).

For one product. ``P`` is agreed on_hand per location, in pieces. A channel's raw figure is
``P + W - K``: W is gone already, but this channel will still subtract it by itself; K are claims
its figure has subtracted. A channel's *gross* figure, ``raw + its own hand-overs so far + K``, does
not move when it hands an order over: that event is booked once, from the facts of all channels,
and every other change of gross is a movement made there. Why this is exact: docs/adr/0005.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, Literal

from connector.model.entity import Value

ZERO: Final = Decimal(0)
_SECOND = timedelta(seconds=1)
#: Till sales of one place, and their bookings elsewhere, as if they were one order; none begins with this character.
TILL_LINE: Final = "\x00till:"
ByLocation = Mapping[str, Decimal]
ByChannel = Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class StockShadow:
    """The raw figure last settled with a channel, and what it had handed over and claimed by then.

    ``handed`` is the channel's cumulative hand-overs of this product (and location, where it has
    locations); ``claimed`` is K, 0 for nearly every system.
    """

    raw: Decimal
    handed: Decimal = ZERO
    claimed: Decimal = ZERO

    @property
    def gross(self) -> Decimal:
        return self.raw + self.handed + self.claimed

    def expected(self, handed: Decimal, claimed: Decimal = ZERO) -> Decimal:
        """The raw figure it should show by now, having handed over and claimed more since."""
        return self.gross - handed - claimed

    def after_difference(self, sent: Decimal) -> StockShadow:
        """After the receipt of a relative write: moved by what was sent, never to what is read back."""
        return replace(self, raw=self.raw + sent)

    def after_overwriting(self, pieces: Decimal) -> StockShadow:
        """Once hand-overs are found that our absolute write put back (:func:`overwritten`)."""
        return replace(self, handed=self.handed + pieces)


def movement(shadow: StockShadow, seen: StockShadow) -> Decimal:
    """What happened on a channel since its shadow, its own hand-overs of orders left out."""
    return seen.gross - shadow.gross


def owed(target: Decimal, shadow: StockShadow, handed: Decimal, claimed: Decimal = ZERO) -> Decimal:
    """The signed pieces still owed to a channel; 0: it shows what it should, or will once it is read again.

    A hand-over that is known from facts but not yet seen in the figure is not sent on: the channel
    has subtracted it already.
    """
    return target - shadow.expected(handed, claimed)


# -- facts: hand-overs and claims, joined across channels ---------------------------------------


@dataclass(frozen=True, slots=True)
class HandOverFact:
    """Pieces of an order that left (positive) or came back (negative), as one channel reports them.

    ``location`` is "" where the channel has none; ``sequence`` orders the first reports. ``till``
    marks a till sale, or the booking of one elsewhere: joined by place, since they share no order.
    Facts of one channel, order and location may be summed into one.
    """

    channel: str
    order: str
    location: str
    quantity: Decimal
    kind: Literal["order", "till"] = "order"
    sequence: int = 0
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ClaimFact:
    """Pieces of an order that a channel has sold and not yet handed over."""

    channel: str
    order: str
    quantity: Decimal
    location: str = ""


@dataclass(frozen=True, slots=True)
class StockFacts:
    """What all channels report of one product.

    Attributes:
        hand_overs: of every channel, in any order.
        claims: of every channel, each channel's own complete list.
        orders: channel → references of the orders it holds, open or closed.
        books: channels in which someone books till sales later (setting ``books``).
        default_location: where a hand-over is booked whose place nobody names.
        first_of: channel → the first location of its view, for channels that have no locations to name.
        tell_claims: channels whose list of open claims is whole: what they do not claim, they will not hand over.
    """

    hand_overs: Sequence[HandOverFact] = ()
    claims: Sequence[ClaimFact] = ()
    orders: Mapping[str, frozenset[str]] = field(default_factory=dict)
    books: frozenset[str] = frozenset()
    default_location: str = ""
    first_of: Mapping[str, str] = field(default_factory=dict)
    tell_claims: frozenset[str] = frozenset()

    def unnamed(self, channel: str) -> str:
        """Where a channel's hand-over is booked whose place nobody names."""
        return self.first_of.get(channel, self.default_location)

    def place_of(self, fact: HandOverFact) -> str:
        return fact.location or self.unnamed(fact.channel)

    def line_of(self, fact: HandOverFact) -> str:
        """What is joined across channels: the order, or all till sales of one place."""
        return fact.order if fact.kind == "order" else TILL_LINE + self.place_of(fact)

    def handed(self, channel: str, location: str | None = None) -> Decimal:
        """A channel's own cumulative hand-overs; of all locations where none is named."""
        return sum(
            (
                fact.quantity
                for fact in self.hand_overs
                if fact.channel == channel and location in (None, self.place_of(fact))
            ),
            ZERO,
        )

    def held_by(self, channel: str) -> frozenset[str]:
        """The orders of this product that a channel holds, and so will subtract by itself."""
        claimed = {claim.order for claim in self.claims if claim.channel == channel}
        handed = {self.line_of(fact) for fact in self.hand_overs if fact.channel == channel}
        booked = {self.line_of(fact) for fact in self.hand_overs if fact.kind == "till" and channel in self.books}
        return frozenset(self.orders.get(channel, frozenset()) | claimed | handed | booked)


@dataclass(frozen=True, slots=True)
class Gone:
    """What is gone of one order: ``where`` by location, ``handed`` by each channel that holds it.

    ``most``: what a channel may still hand over at the most, where it tells its open claims.
    """

    where: ByLocation
    handed: Mapping[str, ByLocation]
    most: ByChannel = field(default_factory=dict)

    def total(self) -> Decimal:
        return sum(self.where.values(), ZERO)

    def behind(self, channel: str) -> Decimal:
        """What a channel that holds the order has not handed over of what is gone."""
        return self.total() - sum(self.handed.get(channel, {}).values(), ZERO)

    def pending(self, channel: str) -> Decimal:
        """What it will still subtract of that by itself: no more than it claims."""
        behind = self.behind(channel)
        return min(behind, self.most.get(channel, behind))

    def excused(self, channel: str) -> Decimal:
        """What it will never subtract by itself: it cancelled or refunded what went elsewhere."""
        return self.behind(channel) - self.pending(channel)


def gone_lines(facts: StockFacts) -> dict[str, Gone]:
    """Order → what is gone of it: the most that any channel holding it has handed over.

    The same event seen on two channels counts once. Where they name different places, the place
    first reported stands; one that somebody names goes before one that nobody does.
    """
    reported: dict[str, dict[str, dict[str, Decimal]]] = {}
    for fact in sorted(facts.hand_overs, key=lambda fact: fact.sequence):
        at = reported.setdefault(facts.line_of(fact), {}).setdefault(fact.channel, {})
        at[fact.location] = at.get(fact.location, ZERO) + fact.quantity
    channels = {*facts.orders, *facts.books, *(claim.channel for claim in facts.claims)}
    for channel in sorted(channels):
        for line in facts.held_by(channel) & reported.keys():
            reported[line].setdefault(channel, {})
    open_ = _still_open(facts)
    return {
        line: Gone(_located(by, _unnamed_place(by, facts)), by, _most(line, by, facts.tell_claims, open_))
        for line, by in reported.items()
    }


def _still_open(facts: StockFacts) -> dict[tuple[str, str], Decimal]:
    """(order, channel) → its open claims. What came back there shows there until others have booked it too."""
    open_: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for claim in facts.claims:
        open_[claim.order, claim.channel] += claim.quantity
    for fact in facts.hand_overs:
        if fact.quantity < 0:
            open_[facts.line_of(fact), fact.channel] -= fact.quantity
    return open_


def _most(
    line: str, holders: Iterable[str], tell_claims: frozenset[str], open_: Mapping[tuple[str, str], Decimal]
) -> dict[str, Decimal]:
    """What each holder may still hand over, where it says so; till sales are claimed by nobody."""
    if line.startswith(TILL_LINE):
        return {}
    return {channel: open_.get((line, channel), ZERO) for channel in holders if channel in tell_claims}


def _unnamed_place(handed: Mapping[str, ByLocation], facts: StockFacts) -> str:
    """Where pieces are gone that somebody handed over without naming a place."""
    silent = (channel for channel, by_location in handed.items() if "" in by_location)
    return facts.unnamed(next(silent, ""))


def _located(handed: Mapping[str, ByLocation], default: str) -> dict[str, Decimal]:
    """The most that one channel has handed over, at the places named: as many at each as any channel says."""
    remaining = max(sum(by_location.values(), ZERO) for by_location in handed.values())
    most: dict[str, Decimal] = {}
    for by_location in handed.values():
        for location, pieces in by_location.items():
            most[location] = max(most.get(location, pieces), pieces)
    where: dict[str, Decimal] = defaultdict(Decimal)
    named_first = sorted(most, key=lambda location: location == "")
    for location in named_first:
        taken = min(most[location], remaining)
        where[location or default] += taken
        remaining -= taken
    if remaining:  # only where returns are among them
        where[named_first[0] or default] += remaining
    return dict(where)


@dataclass(frozen=True, slots=True)
class Movement:
    """Pieces that came (positive) or went at one location, and how that is known.

    ``since``..``at`` is the interval in which it happened; None: unknown.
    """

    channel: str
    location: str
    quantity: Decimal
    kind: Literal["figure", "hand-over", "count"]
    order: str = ""
    since: datetime | None = None
    at: datetime | None = None

    def as_event(self) -> dict[str, Value]:
        """JSON-shaped, for the history."""
        order = self.order.removeprefix("\x00")
        told: dict[str, Value] = {"movement": self.kind, "location": self.location, "pieces": self.quantity}
        told |= {"order": order}
        moments = {"since": self.since, "at": self.at}
        return told | {name: moment.isoformat() for name, moment in moments.items() if moment is not None}


def hand_over_movements(before: StockFacts, after: StockFacts) -> list[Movement]:
    """What became gone between two states of the facts: each event once, whoever reports it."""
    old = gone_lines(before)
    booked: list[Movement] = []
    for line, gone in gone_lines(after).items():
        was = old[line].where if line in old else {}
        for location in {**was, **gone.where}:
            pieces = was.get(location, ZERO) - gone.where.get(location, ZERO)
            if pieces:
                booked.append(_hand_over(before, after, line, location, pieces))
    return booked


def _hand_over(before: StockFacts, after: StockFacts, line: str, location: str, pieces: Decimal) -> Movement:
    known = set(before.hand_overs)
    new = [fact for fact in after.hand_overs if fact not in known and after.line_of(fact) == line]
    here = [fact for fact in new if fact.location == location] or new
    channel, at = (here[-1].channel, here[-1].at) if here else ("", None)
    return Movement(channel, location, pieces, "hand-over", line, since=at, at=at)


def first_report_movements(before: StockFacts, after: StockFacts, source: str) -> list[Movement]:
    """What a channel's first report means for a stock that was begun from the figure of ``source``.

    Its past hand-overs are in that figure already, save those that ``source`` will still subtract:
    they were taken for stock when it began.
    """
    was, waits = still_to_subtract(before, source), still_to_subtract(after, source)
    pieces = {place: was.get(place, ZERO) - waits.get(place, ZERO) for place in {**was, **waits}}
    return [Movement(source, place, moved, "hand-over") for place, moved in pieces.items() if moved]


def still_to_subtract(facts: StockFacts, channel: str) -> dict[str, Decimal]:
    """W by location: gone already, but this channel holds the order and will subtract it by itself."""
    waiting: dict[str, Decimal] = defaultdict(Decimal)
    for gone in gone_lines(facts).values():
        if channel in gone.handed:
            for location, pieces in _behind(gone, channel).items():
                waiting[location] += pieces
    return dict(waiting)


def _behind(gone: Gone, channel: str) -> dict[str, Decimal]:
    """What a channel will still hand over of what is gone, at the places where it is gone."""
    handed = gone.handed.get(channel, {})
    missing = gone.pending(channel)
    behind: dict[str, Decimal] = {}
    for location, pieces in gone.where.items():
        here = min(missing, max(ZERO, pieces - handed.get(location, ZERO)))
        behind[location] = here
        missing -= here
    if missing:
        first = next(iter(gone.where))
        behind[first] += missing
    return behind


def excused_by(facts: StockFacts, channel: str) -> dict[str, Decimal]:
    """Order → what is gone of it elsewhere, and this channel will never subtract: its claim has ended."""
    lines = gone_lines(facts).items()
    return {order: pieces for order, gone in lines if channel in gone.handed and (pieces := gone.excused(channel)) > 0}


def newly_excused(before: StockFacts, after: StockFacts, channel: str) -> dict[str, Decimal]:
    """Order → pieces that have come to that since."""
    was = excused_by(before, channel)
    return {order: more for order, n in excused_by(after, channel).items() if (more := n - was.get(order, ZERO)) > 0}


def subtracted_unsent(facts: StockFacts, channel: str, orders: Iterable[str], fell: Decimal) -> dict[str, Decimal]:
    """Order → pieces of a fall that the channel subtracted for it without sending them, no more than are gone."""
    excused, found = excused_by(facts, channel), dict[str, Decimal]()
    for order in dict.fromkeys(orders):
        pieces = min(excused.get(order, ZERO), fell - sum(found.values(), ZERO))
        if pieces > 0:
            found[order] = pieces
    return found


def own_claims(facts: StockFacts, channel: str) -> Decimal:
    """R: open claims of a channel's own orders."""
    return sum((claim.quantity for claim in facts.claims if claim.channel == channel), ZERO)


def claims_of_others(facts: StockFacts, channel: str, locations: Sequence[str]) -> Decimal:
    """What other channels have sold from these locations and not handed over, each order once.

    Left out: orders that this channel holds itself (they are its own claims), claims on other
    places, and pieces that are gone already although the claiming channel does not know it yet.
    """
    lines, held = gone_lines(facts), facts.held_by(channel)
    by_order: dict[str, dict[str, Decimal]] = {}
    for claim in facts.claims:
        if claim.order not in held and (claim.location == "" or claim.location in locations):
            of_order = by_order.setdefault(claim.order, {})
            of_order[claim.channel] = of_order.get(claim.channel, ZERO) + claim.quantity
    return sum((_still_claimed(lines.get(order), claimed) for order, claimed in by_order.items()), ZERO)


def _still_claimed(gone: Gone | None, claimed: ByLocation) -> Decimal:
    def open_on(channel: str) -> Decimal:
        behind = sum(_behind(gone, channel).values(), ZERO) if gone else ZERO
        return max(ZERO, claimed[channel] - behind)

    return max(open_on(channel) for channel in claimed)


# -- figures: what a channel should show ---------------------------------------------------------


def implied_on_hand(raw: Decimal, to_subtract: Decimal = ZERO, claimed: Decimal = ZERO) -> Decimal:
    """Reading: P = raw - W + K."""
    return raw - to_subtract + claimed


def raw_figure(on_hand: Decimal, to_subtract: Decimal = ZERO, claimed: Decimal = ZERO) -> Decimal:
    """Writing: raw* = P + W - K, for a channel that shows its locations as they are."""
    return on_hand + to_subtract - claimed


@dataclass(frozen=True, slots=True)
class View:
    """What a shop shows: these locations, in the order in which its movements are booked, minus a buffer."""

    locations: tuple[str, ...]
    buffer: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class ShownStock:
    """What a shop may still sell, the figure to write, and how it spreads over its locations."""

    sellable: Decimal
    quantity: Decimal
    by_location: ByLocation


def shown(view: View, on_hand: ByLocation, facts: StockFacts, channel: str) -> ShownStock:
    """D and Q* of a view: others' claims and the buffer are kept from sale, never from pieces sold here.

    A shop's own claims cancel out: it subtracts them itself from the quantity. What is held back is
    taken from the view's last location first; R belongs to the shop's stock as a whole, so that no
    single location has to keep its own orders' pieces, only all of them together.
    """
    there = _there(view, on_hand, still_to_subtract(facts, channel))
    total = sum(there.values(), ZERO)
    claimed = own_claims(facts, channel)
    others = claims_of_others(facts, channel, view.locations)
    sellable = max(ZERO, total - claimed - others - view.buffer)
    quantity = sellable + min(claimed, max(ZERO, total))
    return ShownStock(sellable, quantity, _spread(there, quantity))


def _there(view: View, on_hand: ByLocation, waiting: ByLocation) -> dict[str, Decimal]:
    """P + U by location of the view. What went elsewhere and the shop will still subtract, it subtracts here."""
    there = {place: on_hand.get(place, ZERO) + waiting.get(place, ZERO) for place in view.locations}
    there[view.locations[0]] += sum((n for place, n in waiting.items() if place not in there), ZERO)
    return there


def _spread(there: ByLocation, quantity: Decimal) -> dict[str, Decimal]:
    """The quantity over the locations, none below zero; what is held back comes off the last ones first."""
    left = {place: max(ZERO, pieces) for place, pieces in there.items()}
    surplus = sum(left.values(), ZERO) - quantity
    for place in reversed(left):
        taken = min(surplus, left[place])
        left[place] -= taken
        surplus -= taken
    return left


def booked_on_view(view: View, pieces: Decimal, on_hand: ByLocation) -> dict[str, Decimal]:
    """A movement of a channel without own locations, by location.

    Sales are taken from the view's locations in their order while they have stock; what is left
    over, and every return, goes to the first.
    """
    booked: dict[str, Decimal] = {}
    remaining = pieces
    for place in view.locations:
        here = max(remaining, min(ZERO, -on_hand.get(place, ZERO)))
        if remaining < 0 and here:
            booked[place] = here
            remaining -= here
    if remaining:
        first = view.locations[0]
        booked[first] = booked.get(first, ZERO) + remaining
    return booked


# -- writes: doubt, and what an absolute write put back ------------------------------------------


@dataclass(frozen=True, slots=True)
class StockSettlement:
    """What became of a stock write in doubt: the shadow to go on from.

    ``landed`` None: neither explanation fits. Then the shadow is that of the one leaving less to
    sell, and ``figures`` holds the movement that each explanation means (landed, not landed).
    """

    shadow: StockShadow
    landed: bool | None
    figures: tuple[Decimal, Decimal] | None = None


def settle_stock_doubt(
    old: StockShadow, difference: Decimal, seen: StockShadow, evidence: bool | None
) -> StockSettlement:
    """Settle a stock write without an answer, once it can no longer land.

    Args:
        old: the shadow before the write; difference: the signed pieces sent (for an absolute write:
            the figure sent less the old raw one); seen: what a read that sees our own writes shows.
        evidence: a document, our own mark or the remote version says it landed (or not); None: there is none.

    Evidence comes first, then the figure. The caller merges ``seen`` against the shadow returned.
    """
    sent = old.after_difference(difference)
    if evidence is not None:
        return StockSettlement(sent if evidence else old, evidence)
    if seen.gross == sent.gross:
        return StockSettlement(sent, landed=True)
    if seen.gross == old.gross:
        return StockSettlement(old, landed=False)
    explanations = (movement(sent, seen), movement(old, seen))
    return StockSettlement(max(sent, old, key=lambda shadow: shadow.gross), None, explanations)


def overwritten(new: Iterable[HandOverFact], channel: str, reread_at: datetime, written_at: datetime) -> Decimal:
    """Pieces that our absolute write put back: the channel handed them over after the last read before it.

    The shadow takes them by ``after_overwriting``, so that they are owed to the channel again
    instead of being taken for a return. What may have come before the read as well as after it is
    taken as after: that leaves less to sell.
    """
    ours = [(f.quantity, f.at) for f in new if f.channel == channel and f.at is not None]
    return sum((count for count, at in ours if _may_follow(at, reread_at) and at <= written_at), ZERO)


def _may_follow(at: datetime, moment: datetime) -> bool:
    """Whether something happened after a moment; a time without a fraction is that of a whole second."""
    return at > moment or (not at.microsecond and at + _SECOND > moment)


# -- counts, and beginning anew ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Count:
    """A stocktake document of a channel that is declared to count: pieces on hand at one location, at a time."""

    channel: str
    location: str
    quantity: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class CountResult:
    """``correction`` is the movement that makes on_hand what was counted, less and more what moved since.

    ``doubtful``: pieces that moved in an interval around the count; those that went are taken as
    gone after it, those that came as there before: whichever leaves less to sell.
    """

    correction: Decimal
    doubtful: Decimal


def apply_count(
    count: Count, on_hand: Decimal, moved: Iterable[Movement], read_at: Mapping[str, datetime]
) -> CountResult | None:
    """Set an absolute by a count: None while another channel has not been read since.

    Args:
        on_hand: P at the location now.
        moved: movements booked at the location that may lie after the count; of the counting channel's
            own figure :func:`moved_since_count` instead.
        read_at: for every *other* channel with this location, when its last merged read began.
    """
    if any(read <= count.at for channel, read in read_at.items() if channel != count.channel):
        return None
    since, doubtful = ZERO, ZERO
    for one in moved:
        if one.at is not None and one.at <= count.at:
            continue
        certain = one.since is not None and one.since >= count.at
        doubtful += ZERO if certain else abs(one.quantity)
        since += one.quantity if certain or one.quantity < 0 else ZERO
    return CountResult(count.quantity + since - on_hand, doubtful)


def moved_since_count(count: Count, handed_by_then: Decimal, now: StockShadow, sent: Decimal) -> Movement:
    """What happened on the counting channel since its count, which set its raw figure.

    Args:
        handed_by_then: the channel's own hand-overs until the count.
        now: its figure as last settled, read after the count.
        sent: the signed pieces that we have written there since.
    """
    counted = StockShadow(count.quantity, handed_by_then, now.claimed)
    return Movement(count.channel, count.location, movement(counted, now) - sent, "figure", since=count.at)


def begin_anew(implied: Mapping[str, Decimal]) -> tuple[Decimal, bool]:
    """After a restored or lost ledger: the lowest on_hand that a channel implies, and whether they differ."""
    figures = list(implied.values())
    return min(figures), any(figure != figures[0] for figure in figures)
