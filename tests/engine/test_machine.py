"""Anything may happen in any order; once the world is quiet, sync-model 9 holds.

Edits, creations, deletions, sales, orders, outages, limits, lost and unanswered writes, crashes at any
commit or call, late, stale and repeated pages, rows in any order and twice, clock jumps and operator's
answers, over memory systems and a real ledger file. ``CONNECTOR_SOAK`` is how many stories to tell
instead of the usual few. Which promise is asserted where:

- converged: ``_all_agree``
- no lost edit: ``_no_edit_is_lost``
- no invented value, no revert: ``_nothing_is_invented_or_reverted``
- order-free: ``_the_order_decides_nothing``; besides, channels list and are read in any order
- stock adds up: ``_stock_adds_up``, for figures that are not uncertain; what those are between is in tables
- no twin: ``_nobody_has_a_twin``; no resurrection: ``_the_dead_stay_dead``; no wipe: ``_nothing_is_wiped``
- no echo: ``_nothing_echoes``
- bounded: ``Calls.assert_bounded`` for a story, ``_nothing_echoes`` for a quiet round, ``_waited`` for limits
"""

from __future__ import annotations

import os
import tempfile
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from adapters.memory import Thing
from connector.decide.conflict import Answer
from connector.errors import AmbiguousWrite, ConnectorError, RateLimited, Transient
from connector.ledger import holds, journal, lanes, records
from connector.ledger.lanes import LaneState
from connector.model.entity import Entity
from connector.operator import answer_conflict
from connector.parts import Scope
from connector.round import Report, run_round, sweep_lane
from connector.verify import verify_lane
from simulator.chain import CONFIG, EVERYWHERE
from simulator.crash import CrashError, disarm, hold_back, make_fragile
from tests.engine.calls import FLOOR, Calls
from tests.engine.shop import chain

ROUNDS = 4
STORIES = int(os.environ.get("CONNECTOR_SOAK", "9"))
SKUS = ("A-1", "B-2", "C-3", "D-4")
CHANNELS = st.sampled_from(EVERYWHERE)
#: Who owns a field that two may edit at once.
OWNERS = {"description": "shop", "amount": "erp"}
PAGES, SEEDS = st.sampled_from((50, 50, 50, 2, 1)), st.integers(0, 999)
#: Longer than any back-off, and than any call may take to land.
LONG_S = 5 * 3600.0
#: How long an adapter waits after a 429 that does not say how long.
UNSTATED_S = 60
#: Calls that are worth to a channel: a movement elsewhere (a write, and the facts after it); a newcomer; a deletion;
#: a crash (what was asked, and not yet stored).
MOVE, CREATE, DELETE, CRASH = 2, 8, 3, 2


@dataclass
class Truth:
    """What people did, by SKU: what an engine must not lose, invent or bring back."""

    typed: dict[tuple[str, str], set[Any]] = field(default_factory=lambda: defaultdict(set))
    standing: dict[tuple[str, str, str], Any] = field(default_factory=dict)  # not read for certain yet
    seen: set[tuple[str, str, Any]] = field(default_factory=set)  # (sku, field, value) that was read
    editors: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))  # since it was quiet
    winners: dict[tuple[str, str], Any] = field(default_factory=dict)  # (sku, field): what its owner typed last
    pieces: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    deleted: set[tuple[str, str]] = field(default_factory=set)  # (channel, sku) that a person removed
    ever_deleted: set[str] = field(default_factory=set)
    uncounted: set[str] = field(default_factory=set)


def _others(channel: str) -> list[str]:
    return [name for name in EVERYWHERE if name != channel]


class Shop(RuleBasedStateMachine):
    """An ERP, a shop and a till; every rule is one thing that people, networks or machines do."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory(prefix="machine-")
        self._open = chain(Path(self._folder.name), CONFIG)
        self.chain = self._open.__enter__()
        self.truth = Truth()
        self.count = 0
        self.rounds = 0  # since it was quiet
        self.left_until_crash: int | None = None
        self.late: list[tuple[str, Callable[[], object]]] = []

    def teardown(self) -> None:
        try:
            self.quiet()
        finally:
            disarm()
            self._open.__exit__(None, None, None)
            self._folder.cleanup()

    @initialize(size=PAGES, seed=SEEDS)
    def open_the_shop(self, size: int, seed: int) -> None:
        for sku in SKUS[:2]:
            self.count += 1
            self._add(sku, EVERYWHERE, name=f"{self.count:03d} mug", pieces=10)
        self.chain.match()
        self.calls = Calls(self.chain)
        for channel in EVERYWHERE:
            self.calls.disorder(channel, size, seed)
        self._make_fragile()

    # -- what people do -----------------------------------------------------------------------------

    @rule(channel=CHANNELS, sku=st.sampled_from(SKUS), name=st.sampled_from(("name", "description")))
    def edit(self, channel: str, sku: str, name: str) -> None:
        """A person types a text that nobody typed before; every other one is too long for the till."""
        thing = self._living(channel, sku)
        if thing is None:
            return
        self.count += 1
        text = f"{self.count:03d} " + ("a very long text" if self.count % 2 else "mug")
        self.chain.worlds[channel].edit(Entity.PRODUCT, thing.id, **{name: text})
        self._typed(channel, sku, name, text)
        self._allow_edit(channel, sku, name)

    @rule(channel=CHANNELS, sku=st.sampled_from(SKUS))
    def edit_price(self, channel: str, sku: str) -> None:
        """A price within the brake's factor."""
        thing = self._child(channel, sku, Entity.PRICE)
        if thing is None:
            return
        self.count += 1
        amount = Decimal(10) + Decimal(self.count) / 100
        self.chain.worlds[channel].edit(Entity.PRICE, thing.id, amount=amount)
        self._typed(channel, sku, "amount", amount)
        self._allow_edit(channel, sku, "amount")

    @rule(channel=CHANNELS, sku=st.sampled_from(SKUS), name=st.sampled_from(tuple(OWNERS)))
    def edit_beside_the_owner(self, channel: str, sku: str, name: str) -> None:
        """Two type at once into a field on which all agree: whoever is observed first, its owner wins."""
        owner = OWNERS[name]
        if channel != owner and self._is_at_rest(sku, name):
            edit = self.edit_price if name == "amount" else partial(self.edit, name=name)
            edit(channel, sku)
            edit(owner, sku)
            self.truth.winners[sku, name] = self._shown(owner, sku, name)

    @rule(channel=CHANNELS, sku=st.sampled_from(SKUS), pieces=st.integers(-3, 3).filter(bool))
    def move(self, channel: str, sku: str, pieces: int) -> None:
        """A sale at the counter, a return, a delivery."""
        thing = self._child(channel, sku, Entity.STOCK)
        if thing is not None:
            self.chain.worlds[channel].move(thing.id, pieces)
            self.truth.pieces[sku] += pieces
            self.calls.allow(MOVE, *_others(channel))

    @rule(channel=CHANNELS, sku=st.sampled_from(SKUS))
    def create(self, channel: str, sku: str) -> None:
        """A person makes a product on one channel, unless one lives there or was deleted somewhere.

        Where another makes the same one elsewhere, nobody can tell how many pieces there are in all.
        """
        if self._living(channel, sku) is None and sku not in self.truth.ever_deleted:
            if any(self._living(other, sku) for other in EVERYWHERE):
                self.truth.uncounted.add(sku)
            self.count += 1
            self._add(sku, (channel,), name=f"{self.count:03d} mug", pieces=4)
            self.calls.allow(CREATE, *EVERYWHERE)

    @rule(channel=CHANNELS, sku=st.sampled_from(SKUS[1:]))
    def delete(self, channel: str, sku: str) -> None:
        """A person deletes a product on one channel."""
        thing = self._living(channel, sku)
        if thing is not None:
            self.chain.worlds[channel].remove(Entity.PRODUCT, thing.id)
            self.truth.deleted.add((channel, sku))
            self.truth.ever_deleted.add(sku)
            for name in OWNERS:
                self.truth.winners.pop((sku, name), None)
            self.calls.allow(DELETE, *EVERYWHERE)

    # -- what networks and machines do -----------------------------------------------------------------

    @rule(channel=CHANNELS, times=st.integers(1, 3), when=st.sampled_from(("read", "before")))
    def fail(self, channel: str, times: int, when: str) -> None:
        """The next reads, or writes, of a channel find nobody there."""
        self._plan_faults(channel, *[(when, Transient("no connection"))] * times)

    @rule(channel=CHANNELS, when=st.sampled_from(("lost", "after")))
    def leave_a_write_unanswered(self, channel: str, when: str) -> None:
        """The next write of a channel never arrives, or takes effect without an answer."""
        self._plan_faults(channel, (when, AmbiguousWrite("no answer")))

    @rule(
        channel=CHANNELS,
        when=st.sampled_from(("read", "before", "amid")),
        wait_s=st.sampled_from((0, UNSTATED_S, 3600)),
    )
    def limit_calls(self, channel: str, when: str, wait_s: int) -> None:
        """The next read, write or second row of a write is one too many: a 429, with and without a stated wait."""
        until = self.chain.clock.moment + timedelta(seconds=wait_s)
        self._plan_faults(channel, (when, RateLimited("too many calls", until=until)))

    @rule(channel=CHANNELS, size=PAGES, seed=SEEDS)
    def list_in_disorder(self, channel: str, size: int, seed: int) -> None:
        """From now on a channel lists its rows in another order, others of them twice, on pages of this size."""
        self.calls.disorder(channel, size, seed)

    @rule(after=st.integers(0, 60))
    def crash_later(self, after: int) -> None:
        """The process will end at the n-th commit or call from here."""
        self.left_until_crash = after

    @rule(channel=CHANNELS, entity=st.sampled_from(tuple(Entity)))
    def hold_a_page_back(self, channel: str, entity: Entity) -> None:
        """A page is read now, and will arrive late."""
        if not self.chain.worlds[channel].faults:
            self.calls.allow(1, channel)
            with suppress(CrashError):
                self.late.append((channel, hold_back(self.chain, channel, entity)))
            self._restart_after_crash()

    @precondition(lambda self: self.late)
    @rule(place=st.integers(0, 9), again=st.booleans())
    def deliver_a_late_page(self, place: int, again: bool) -> None:
        """What was read long ago comes in after all, in any order, or twice (known failure 34)."""
        channel, arrive = self.late.pop(place % len(self.late))
        if again:
            self.late.append((channel, arrive))
        self.calls.allow(1, channel)
        with suppress(CrashError):
            arrive()
        self._restart_after_crash()

    @rule(channel=CHANNELS, entity=st.sampled_from(tuple(Entity)))
    def read_everything_again(self, channel: str, entity: Entity) -> None:
        """A cursor is forgotten."""
        with suppress(CrashError), self.chain.parts.ledger.write() as session:
            lanes.forget_cursor(session, channel, entity)
        self._restart_after_crash()

    @rule(seconds=st.sampled_from((-3600, 60, 3600, 86400)))
    def jump_the_clock(self, seconds: int) -> None:
        """Somebody sets the clock, or time passes."""
        self.chain.clock.pass_(seconds=seconds)

    # -- what the connector and its operator do ----------------------------------------------------------

    @rule()
    def sync(self) -> None:
        """One round of everything."""
        self._sync(EVERYWHERE)

    @rule(channel=CHANNELS)
    def sync_one(self, channel: str) -> None:
        """One round of one channel: who is observed first is nobody's choice."""
        self._sync((channel,))

    @rule(channel=CHANNELS, entity=st.sampled_from(tuple(Entity)))
    def sweep(self, channel: str, entity: Entity) -> None:
        """A complete listing of one lane."""
        parts = self.chain.parts
        self.calls.allow(1, channel)
        with suppress(CrashError, Transient, RateLimited):
            sweep_lane(parts, parts.lane(channel, entity), Report())
        self._restart_after_crash()

    @rule(first=st.booleans(), moved=st.booleans())
    def answer(self, first: bool, moved: bool) -> None:
        """The operator settles the oldest conflict, perhaps with an old page before him."""
        parts = self.chain.parts
        with parts.ledger.read() as session:
            waiting = holds.conflicts(session)
        if waiting:
            sides = list(waiting[0].sides)
            answer = Answer(waiting[0].revision - moved, take=sides[0 if first else -1])
            with suppress(CrashError):
                answer_conflict(parts, waiting[0], answer)
            self.calls.allow(1, *EVERYWHERE)
        self._restart_after_crash()

    @precondition(lambda self: self.rounds > ROUNDS)
    @rule()
    def become_quiet(self) -> None:
        """After some rounds: the promises are not only kept in the end."""
        self.quiet()

    def quiet(self) -> None:
        """Nothing happens any more: everything is read and written, and the promises are checked."""
        self.left_until_crash = None
        for world in self.chain.worlds.values():
            world.faults.clear()
        self._settle_down()
        self._check_quiet()
        self.truth.editors.clear()
        self.truth.winners.clear()
        self.calls.begin()
        self.rounds = 0

    # -- how it is told and checked --------------------------------------------------------------------

    def _add(self, sku: str, on: tuple[str, ...], *, name: str, pieces: int) -> None:
        amount = Decimal(10) + Decimal(self.count) / 100
        self.chain.add_product(sku, amount=str(amount), pieces=pieces, on=on, name=name)
        for channel in on:
            self.truth.deleted.discard((channel, sku))
            self._typed(channel, sku, "name", name)
            self._typed(channel, sku, "amount", amount)
        if sku not in self.truth.pieces:
            self.truth.pieces[sku] = Decimal(pieces)

    def _plan_faults(self, channel: str, *faults: tuple[str, ConnectorError]) -> None:
        self.chain.worlds[channel].faults.extend(faults)
        self.calls.allow(len(faults), channel)

    def _sync(self, channels: tuple[str, ...]) -> None:
        """Whatever a round read without an error is known from then on."""
        report, standing, waiting, failures = None, dict(self.truth.standing), self._waiting(), self._failures()
        self.calls.allow_round(channels)
        self.rounds += 1
        with suppress(CrashError):
            report = run_round(self.chain.parts, Scope(channels=frozenset(channels)))
        self._restart_after_crash()
        self.calls.allow_doubts()
        self._waited(waiting, failures, report)
        if report is not None and not report.errors:
            self._has_seen(report, standing)

    def _allow_edit(self, channel: str, sku: str, name: str) -> None:
        """It is written to the others, and put back where it was typed if another has typed too."""
        editors = self.truth.editors[sku, name]
        editors.add(channel)
        self.calls.allow(1, *(EVERYWHERE if len(editors) > 1 else _others(channel)))

    def _typed(self, channel: str, sku: str, name: str, value: Any) -> None:
        self.truth.typed[sku, name].add(value)
        self.truth.winners.pop((sku, name), None)
        self.truth.standing[channel, sku, name] = value

    def _has_seen(self, report: Report, standing: dict[tuple[str, str, str], Any]) -> None:
        for (channel, sku, name), value in standing.items():
            entities = (Entity.PRODUCT, Entity.PRICE) if name == "amount" else (Entity.PRODUCT,)
            read = all(f"{channel}/{entity}" in report.observed for entity in entities)
            if read and self._living(channel, sku) is not None:
                self.truth.seen.add((sku, name, value))
                self.truth.standing.pop((channel, sku, name), None)

    def _living(self, channel: str, sku: str) -> Thing | None:
        found = self._all_living(channel, sku)
        return found[0] if found else None

    def _all_living(self, channel: str, sku: str) -> list[Thing]:
        things = self.chain.worlds[channel].things[Entity.PRODUCT].values()
        return [thing for thing in things if thing.native["sku"] == sku and not thing.deleted]

    def _child(self, channel: str, sku: str, entity: Entity) -> Thing | None:
        product = self._living(channel, sku)
        things = self.chain.worlds[channel].things[entity].values()
        return next((one for one in things if product and one.parent == product.id and not one.deleted), None)

    def _shown(self, channel: str, sku: str, name: str) -> Any:
        thing = self._child(channel, sku, Entity.PRICE) if name == "amount" else self._living(channel, sku)
        return None if thing is None else thing.native.get(name)

    def _is_at_rest(self, sku: str, name: str) -> bool:
        """Whether all show what is agreed, and nothing is owed or in doubt anywhere."""
        agreed = self._agreed(sku).get(name)
        shown = [self._shown(channel, sku, name) for channel in EVERYWHERE]
        return agreed is not None and [agreed] * len(EVERYWHERE) == shown and not self._in_doubt()

    def _make_fragile(self) -> None:
        make_fragile(self.chain, self._step)

    def _step(self) -> None:
        if self.left_until_crash is not None:
            self.left_until_crash -= 1
            if self.left_until_crash < 0:
                raise CrashError

    def _restart_after_crash(self) -> None:
        if self.left_until_crash is not None and self.left_until_crash < 0:
            self.left_until_crash = None
            self.chain.restart()
            self._make_fragile()
            self.calls.allow_doubts()
            self.calls.allow(CRASH, *EVERYWHERE)

    def _lane_states(self) -> dict[str, LaneState]:
        with self.chain.parts.ledger.read() as session:
            return {f"{name}/{entity}": lanes.state(session, name, entity) for name in EVERYWHERE for entity in Entity}

    def _failures(self) -> dict[str, int]:
        return {lane: state.failures for lane, state in self._lane_states().items()}

    def _waiting(self) -> dict[str, int]:
        """Lanes that nothing may wake within a round, with the calls that they have made so far."""
        soon = self.chain.clock.moment + timedelta(seconds=30)
        states = self._lane_states()
        return {
            lane: self.calls.of_lane(lane)
            for lane, state in states.items()
            if state.paused_until is not None and state.paused_until > soon
        }

    def _waited(self, waiting: dict[str, int], failures: dict[str, int], report: Report | None) -> None:
        """Who waits asks nothing; a limit is waited for until the server's own reset, and is no failure."""
        assert waiting == {lane: self.calls.of_lane(lane) for lane in waiting}
        for lane, error in ({} if report is None else report.errors).items():
            if isinstance(error, RateLimited):
                state = self._lane_states()[lane]
                assert (error.until, False) == (state.paused_until, state.stopped)
                assert state.failures <= failures[lane]

    def _settle_down(self) -> None:
        for _ in range(12):
            self.chain.clock.pass_(seconds=LONG_S)
            self.calls.allow_round(EVERYWHERE)
            report = run_round(self.chain.parts, Scope())
            assert {} == report.errors
            if report.written == 0 and not self._in_doubt():
                return
        raise AssertionError("it never comes to rest")

    def _in_doubt(self) -> bool:
        with self.chain.parts.ledger.read() as session:
            return any(records.owing(session, name, entity) for name in EVERYWHERE for entity in Entity)

    def _check_quiet(self) -> None:
        self.calls.assert_bounded()
        self._nothing_echoes()
        self._all_agree()
        self._nobody_has_a_twin()
        self._the_dead_stay_dead()
        self._nothing_is_wiped()
        for sku in SKUS:
            self._no_edit_is_lost(sku)
            self._nothing_is_invented_or_reverted(sku)
            self._stock_adds_up(sku)
        self._the_order_decides_nothing()

    def _nothing_echoes(self) -> None:
        self.calls.begin()
        assert 0 == run_round(self.chain.parts, Scope()).written
        for channel in EVERYWHERE:
            assert FLOOR == self.calls.made(channel).total(), "a quiet round asks each feed once, and nothing else"

    def _all_agree(self) -> None:
        parts = self.chain.parts
        for lane in parts.lanes(Scope()):
            for difference in verify_lane(parts, lane).differences:
                reason = difference.why.partition(":")[0]
                assert reason in ("conflict", "dependency", "not linked", "uncertain"), difference

    def _nobody_has_a_twin(self) -> None:
        for channel in EVERYWHERE:
            for sku in SKUS:
                assert 1 >= len(self._all_living(channel, sku))

    def _the_dead_stay_dead(self) -> None:
        for channel, sku in self.truth.deleted:
            assert self._living(channel, sku) is None, f"{sku} came back on {channel}"

    def _nothing_is_wiped(self) -> None:
        for channel, world in self.chain.worlds.items():
            for thing in world.things[Entity.PRODUCT].values():
                assert not thing.deleted or thing.native["sku"] in self.truth.ever_deleted, (channel, thing)

    def _records(self, sku: str) -> list[int]:
        with self.chain.parts.ledger.read() as session:
            ids = records.record_ids(session, Entity.PRODUCT, sku)
            prices = records.dependents(session, Entity.PRICE, ids)
            return [*ids, *(id_ for listed in prices.values() for id_ in listed)]

    def _history(self, sku: str) -> list[journal.Entry]:
        with self.chain.parts.ledger.read() as session:
            return [entry for id_ in self._records(sku) for entry in journal.of_record(session, id_)]

    def _agreed(self, sku: str) -> dict[str, Any]:
        with self.chain.parts.ledger.read() as session:
            known = records.load(session, self._records(sku))
        return {name: value for one in known.values() for name, value in one.record.values().items()}

    def _no_edit_is_lost(self, sku: str) -> None:
        told = repr([entry.detail for entry in self._history(sku) if entry.event not in ("intent", "receipt")])
        for at, name, value in self.truth.seen:
            if at == sku:
                assert repr(value) in told or str(value) in told, f"{name} {value!r} of {sku} is nowhere"

    def _nothing_is_invented_or_reverted(self, sku: str) -> None:
        agreed = self._agreed(sku)
        for name in ("name", "description", "amount"):
            if agreed.get(name) is not None:
                assert agreed[name] in self.truth.typed[sku, name], f"nobody typed {agreed[name]!r}"
        for name in ("name", "description", "amount"):
            values = [entry.detail["value"] for entry in self._history(sku) if self._sets(entry, name)]
            runs = [value for place, value in enumerate(values) if place == 0 or values[place - 1] != value]
            assert len(runs) == len({str(value) for value in runs}), f"{name} of {sku} went back: {runs}"

    @staticmethod
    def _sets(entry: journal.Entry, name: str) -> bool:
        return entry.field == name and entry.event == "fast-forward"

    def _the_order_decides_nothing(self) -> None:
        for (sku, name), value in self.truth.winners.items():
            assert value == self._agreed(sku)[name], f"{name} of {sku}: it is its owner's"

    def _stock_adds_up(self, sku: str) -> None:
        unknown = self.truth.ever_deleted | self.truth.uncounted
        if sku in unknown or sku not in self.truth.pieces or self._is_uncertain(sku):
            return
        for channel in EVERYWHERE:
            thing = self._child(channel, sku, Entity.STOCK)
            if thing is not None:
                assert self.truth.pieces[sku] == thing.native["quantity"], f"{sku} on {channel}"

    def _is_uncertain(self, sku: str) -> bool:
        with self.chain.parts.ledger.read() as session:
            ids = records.record_ids(session, Entity.PRODUCT, sku)
            stock = [id_ for listed in records.dependents(session, Entity.STOCK, ids).values() for id_ in listed]
            found = records.load(session, stock).values()
        return any("on_hand" in binding.held for one in found for binding in one.bindings.values())


TestShop = Shop.TestCase
TestShop.pytestmark = [pytest.mark.timeout(60 * STORIES)]
TestShop.settings = settings(
    max_examples=STORIES,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # a story takes a second: too long to shorten many
    print_blob=True,
)
