"""A small world for the stock rules: shops that sell, ship, count and lose answers, and the rules between them.

The truth is kept apart, from events alone. Nothing here decides anything: every figure the rules
need comes from ``connector.decide.stock``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from connector.decide import stock
from connector.decide.stock import ClaimFact, HandOverFact, StockFacts, StockShadow, View

UTRECHT, GENT = "utrecht", "gent"
PLACES = (UTRECHT, GENT)
FIGURE = ""  # the one figure of a channel without locations
ZERO = Decimal(0)


@dataclass
class Remote:
    """One system: its figures, and what it says about orders."""

    name: str
    raw: dict[str, Decimal]
    relative: bool = True
    view: View | None = None
    handed: list[tuple[str, str, Decimal, Literal["order", "till"]]] = field(default_factory=list)
    claims: dict[str, Decimal] = field(default_factory=dict)
    orders: set[str] = field(default_factory=set)
    done: dict[str, int] = field(default_factory=dict)  # order → pieces handed over here

    def hand_over(self, order: str, place: str) -> None:
        self.raw[place if place in self.raw else FIGURE] -= 1
        self.handed.append((order, place if place in self.raw else "", Decimal(1), "order"))
        self.done[order] = self.done.get(order, 0) + 1
        self.claims[order] = max(ZERO, self.claims.get(order, ZERO) - 1)


@dataclass
class Order:
    name: str
    pieces: list[str]  # where each piece leaves, in the order in which they leave
    left: int = 0  # pieces physically gone


class World:
    """Three channels: the erp (all places), the till (Gent) and a shop with a view of both."""

    def __init__(self, *, figure: bool = False, books: bool = False, buffer: int = 2, start: int = 6) -> None:
        self.books = frozenset({"erp"}) if books else frozenset()
        self.truth = {place: Decimal(start) for place in PLACES}
        self.on_hand = dict(self.truth)
        self.orders: dict[str, Order] = {}
        view = View(PLACES, Decimal(buffer))
        self.remotes = {
            "erp": Remote("erp", {place: Decimal(start) for place in PLACES}),
            "till": Remote("till", {GENT: Decimal(start)}),
            "shop": Remote("shop", dict.fromkeys([FIGURE] if figure else PLACES, ZERO), relative=False, view=view),
        }
        self.known: dict[str, tuple[list[HandOverFact], list[ClaimFact], frozenset[str]]] = {
            name: ([], [], frozenset()) for name in self.remotes
        }
        self.sequence = 0
        self.unbooked = 0  # till sales that nobody has booked in the erp yet
        self.uncertain = ZERO
        shop = self.remotes["shop"]
        shop.raw = self.targets("shop")
        self.shadows = {
            (name, key): StockShadow(raw) for name, remote in self.remotes.items() for key, raw in remote.raw.items()
        }
        self.in_doubt: dict[tuple[str, str], tuple[StockShadow, Decimal, bool]] = {}

    # -- what people do out there ----------------------------------------------------------------

    def sell(self, pieces: int) -> None:
        till = self.remotes["till"]
        till.raw[GENT] -= pieces
        self.truth[GENT] -= pieces
        if self.books:
            till.handed.append((f"receipt-{len(till.handed)}", GENT, Decimal(pieces), "till"))
            self.unbooked += pieces

    def book_till_sales(self) -> None:
        if self.unbooked:
            erp = self.remotes["erp"]
            erp.raw[GENT] -= self.unbooked
            erp.handed.append((f"journal-{len(erp.handed)}", GENT, Decimal(self.unbooked), "till"))
            self.unbooked = 0

    def edit(self, channel: str, place: str, pieces: int) -> None:
        """A delivery, a breakage, a correction by hand."""
        remote = self.remotes[channel]
        key = place if place in remote.raw else next(iter(remote.raw))
        remote.raw[key] += pieces
        self.truth[key if key != FIGURE else UTRECHT] += pieces

    def order(self, channel: str, name: str, pieces: list[str]) -> None:
        if name not in self.orders:
            self.orders[name] = Order(name, pieces)
            self.take(channel, name)

    def take(self, channel: str, name: str) -> None:
        """The order becomes known there: placed, or imported."""
        remote, order = self.remotes[channel], self.orders.get(name)
        if order is not None and name not in remote.orders:
            remote.orders.add(name)
            remote.claims[name] = Decimal(len(order.pieces))

    def hand_over(self, channel: str, name: str) -> None:
        """The next piece of the order is marked as handed over there; it left when the first system said so."""
        remote, order = self.remotes[channel], self.orders.get(name)
        if order is None or name not in remote.orders or remote.done.get(name, 0) == len(order.pieces):
            return
        index = remote.done.get(name, 0)
        remote.hand_over(name, order.pieces[index])
        if index == order.left:
            self.truth[order.pieces[index]] -= 1
            order.left += 1

    def cancel(self, channel: str, name: str) -> None:
        self.remotes[channel].claims.pop(name, None)

    # -- what the engine does --------------------------------------------------------------------

    def facts(self) -> StockFacts:
        return StockFacts(
            [fact for facts, _, _ in self.known.values() for fact in facts],
            [claim for _, claims, _ in self.known.values() for claim in claims],
            {name: orders for name, (_, _, orders) in self.known.items()},
            self.books,
            UTRECHT,
            tell_claims=frozenset({"erp", "shop"}),
        )

    def read_facts(self, channel: str) -> None:
        before, remote = self.facts(), self.remotes[channel]
        facts = self.known[channel][0]
        for order, place, pieces, kind in remote.handed[len(facts) :]:
            self.sequence += 1
            facts = [*facts, HandOverFact(channel, order, place, pieces, kind, self.sequence)]
        claims = [ClaimFact(channel, order, pieces) for order, pieces in remote.claims.items() if pieces]
        self.known[channel] = (facts, claims, frozenset(remote.orders))
        for moved in stock.hand_over_movements(before, self.facts()):
            self.on_hand[moved.location] += moved.quantity

    def handed(self, channel: str, key: str) -> Decimal:
        return self.facts().handed(channel, None if key == FIGURE else key)

    def read_figures(self, channel: str) -> None:
        for key in self.remotes[channel].raw:
            seen = StockShadow(self.remotes[channel].raw[key], self.handed(channel, key))
            self._settle(channel, key, seen)
            self._book(channel, key, stock.movement(self.shadows[channel, key], seen))
            self.shadows[channel, key] = seen

    def _settle(self, channel: str, key: str, seen: StockShadow) -> None:
        if (channel, key) not in self.in_doubt:
            return
        old, difference, landed = self.in_doubt.pop((channel, key))
        settled = stock.settle_stock_doubt(old, difference, seen, evidence=None)
        if settled.landed is None:
            assert settled.figures is not None
            self.uncertain += abs(settled.figures[0] - settled.figures[1])
        elif settled.landed != landed:
            raise LooksAlikeError
        self.shadows[channel, key] = settled.shadow

    def _book(self, channel: str, key: str, pieces: Decimal) -> None:
        view = self.remotes[channel].view
        if key != FIGURE or view is None:
            self.on_hand[key] += pieces
            return
        for place, here in stock.booked_on_view(view, pieces, self.on_hand).items():
            self.on_hand[place] += here

    def targets(self, channel: str) -> dict[str, Decimal]:
        remote, facts = self.remotes[channel], self.facts()
        if remote.view is None:
            waiting = stock.still_to_subtract(facts, channel)
            return {key: stock.raw_figure(self.on_hand[key], waiting.get(key, ZERO)) for key in remote.raw}
        shown = stock.shown(remote.view, self.on_hand, facts, channel)
        return {FIGURE: shown.quantity} if FIGURE in remote.raw else dict(shown.by_location)

    def owed(self, channel: str) -> Iterator[tuple[str, Decimal, Decimal]]:
        for key, target in self.targets(channel).items():
            difference = stock.owed(target, self.shadows[channel, key], self.handed(channel, key))
            if difference and (channel, key) not in self.in_doubt:
                yield key, difference, target

    def deliver(self, channel: str, fate: str = "confirmed") -> int:
        """Write what is owed. ``fate``: confirmed, or the answer is lost after (landed) or before it took effect."""
        remote, calls = self.remotes[channel], 0
        if not remote.relative:
            if any(waiting == channel for waiting, _ in self.in_doubt):
                return 0
            self.read_figures(channel)
        for key, difference, target in list(self.owed(channel)):
            calls += 1
            before = self.shadows[channel, key]
            if not remote.relative:
                before = StockShadow(remote.raw[key], self.handed(channel, key))
            if fate != "lost":
                remote.raw[key] = remote.raw[key] + difference if remote.relative else target
            if fate == "confirmed":
                self.shadows[channel, key] = before.after_difference(difference)
            else:
                self.in_doubt[channel, key] = (before, difference, fate == "landed")
        return calls

    def round(self) -> int:
        for name in self.remotes:
            self.read_facts(name)
            self.read_figures(name)
        return sum(self.deliver(name) for name in self.remotes)

    def quiet(self) -> int:
        """Rounds until nothing is owed; returns how many writes the last one made."""
        for _ in range(8):
            if not self.round():
                return 0
        return self.round()

    # -- what each channel should show, from events alone ------------------------------------------

    def waiting(self, channel: str) -> dict[str, int]:
        """Pieces that left, and that this system will still subtract by itself, by place: no more than it claims."""
        remote, waiting = self.remotes[channel], dict.fromkeys(PLACES, 0)
        for name in remote.orders:
            order, done = self.orders[name], remote.done.get(name, 0)
            most = done + int(remote.claims.get(name, ZERO))
            for place in order.pieces[done : min(order.left, most)]:
                waiting[place] += 1
        if channel in self.books:
            waiting[GENT] += self.unbooked
        return waiting

    def right_figures(self, channel: str) -> dict[str, Decimal]:
        """By place; of the shop, which spreads what it holds back, the sum under its name."""
        there = {place: self.on_hand[place] + pieces for place, pieces in self.waiting(channel).items()}
        remote = self.remotes[channel]
        if remote.view is None:
            return {place: there[place] for place in remote.raw}
        total, claimed = sum(there.values()), sum(remote.claims.values())
        others = sum(n for name, n in self.remotes["erp"].claims.items() if name not in remote.orders)
        sellable = max(ZERO, total - claimed - others - remote.view.buffer)
        return {channel: sellable + min(claimed, max(ZERO, total))}


class LooksAlikeError(Exception):
    """An edit that looks exactly like the other explanation of a write in doubt: no figure can tell."""
