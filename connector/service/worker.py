"""One thread per channel does that channel's work, one piece at a time, in the order of sync-model 7.

What is to be done is asked of the ledger (writes owed, writes in doubt) or rung by the timetable
(looks, sweeps); the worker keeps no queue that a kill could lose. A long piece of work lets the
lanes before it have their turn between two pages or batches, when no transaction is open.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Literal

from connector.deliver.doubt import settle_doubts
from connector.errors import LedgerError
from connector.ledger import debts, lanes
from connector.ledger.debts import Owed
from connector.model.entity import DEPENDENT, LANE_ORDER, Entity
from connector.observe.feed import observe_facts
from connector.parts import Lane, Parts, Scope
from connector.round import Report, begin_round, deliver_lane, guarded, observe_lane, sweep_lane
from connector.service import logs

#: Seconds between two looks into the ledger for what other processes did: answers, releases, retries.
LOOK_S: Final = 2.0

#: Claims and hand-overs are fresh enough for writing stock for so many seconds.
FACTS_S: Final = 5.0

#: Looks that begin within so many seconds are one round: they share what the adapter reads for several lanes.
ROUND_S: Final = 10.0

Kind = Literal["doubts", "look", "deliver", "errand", "sweep"]

#: Errands of a person come after stock, and before everything else that can wait.
ERRAND_RANK: Final = 20


@dataclass(frozen=True)
class Job:
    """One piece of work; the lower its rank, the sooner its turn."""

    rank: int
    kind: Kind
    entity: Entity | None


@dataclass(frozen=True)
class Errand:
    """Work that somebody waits for; it runs on the worker's thread, since only that may use the channel."""

    work: Callable[[], None]
    done: Future[None] = field(default_factory=Future)


@dataclass
class LaneLog:
    """What a worker remembers of a lane, in seconds of the monotonic clock; a restart may forget it."""

    stirred_at: float
    looked_at: float | None = None
    look_took_s: float = 0.0
    calls: int = 1
    is_tried: bool = False
    resting: Owed | None = None  # a delivery that got nowhere is not repeated until something has changed


class Worker(threading.Thread):
    """Works the lanes of one channel until ``parts.stop`` is set or the ledger fails.

    Args:
        writes: False: reads only (a restored ledger).
        looked: called after each complete look, to set the pace anew.
        failed: called with the LedgerError that ended it.
    """

    def __init__(
        self,
        parts: Parts,
        channel: str,
        *,
        writes: bool,
        looked: Callable[[str], None],
        failed: Callable[[LedgerError], None],
    ) -> None:
        super().__init__(name=f"worker-{channel}", daemon=True)
        self.channel = channel
        self._parts = parts
        self._looked = looked
        self._failed = failed
        entities = set(parts.topology.entities())
        self._entities = [one for one in LANE_ORDER if one in entities and self._takes_part(one)]
        self._pays = [one for one in self._entities if writes and not parts.topology.sides[channel].read_only]
        self.log = {entity: LaneLog(time.monotonic()) for entity in self._entities}
        self.stirred_at = time.monotonic()
        self._facts_at = float("-inf")
        self._round_at = float("-inf")
        with parts.ledger.read() as session:
            self._knows_products = lanes.state(session, channel, Entity.PRODUCT).observed_at is not None
        self._bell = threading.Condition()
        self._is_rung = False
        self._looks: set[Entity] = set()
        self._sweeps: set[Entity] = set()
        self._errands: deque[Errand] = deque()
        self._busy: list[Job] = []

    def _takes_part(self, entity: Entity) -> bool:
        return self.channel in self._parts.topology.ranked(entity)

    # What others ask of it ---------------------------------------------------------------------

    def ring(self, entity: Entity, *, sweep: bool = False) -> None:
        """A lane is due; one that is being swept is not due for that."""
        if sweep and any((job.kind, job.entity) == ("sweep", entity) for job in list(self._busy)):
            return
        with self._bell:
            (self._sweeps if sweep else self._looks).add(entity)
            self._is_rung = True
            self._bell.notify()

    def wake(self) -> None:
        """Something may be owed here: look now, not in two seconds."""
        with self._bell:
            self._is_rung = True
            self._bell.notify()

    def send(self, errand: Errand) -> None:
        with self._bell:
            self._errands.append(errand)
            self._is_rung = True
            self._bell.notify()

    def stirred(self, entity: Entity) -> None:
        """A page was read or a batch written: a sign of life, and a turn for the lanes before this one."""
        now = time.monotonic()
        self.stirred_at = now
        if entity in self.log:
            self.log[entity].stirred_at = now
        if self._busy and threading.current_thread() is self:
            self._let_others_pass(entity)

    # The loop ----------------------------------------------------------------------------------

    def run(self) -> None:
        try:
            while not self._parts.stop.is_set():
                self.stirred_at = time.monotonic()
                job = next(self._jobs(), None)
                if job is None:
                    self._wait()
                else:
                    self._do(job)
        except LedgerError as error:
            self._failed(error)
        finally:
            self._turn_away()

    def _wait(self) -> None:
        with self._bell:
            if not self._is_rung:
                self._bell.wait(LOOK_S)
            self._is_rung = False

    def _turn_away(self) -> None:
        """Errands that this worker will not run any more."""
        while self._errands:
            self._errands.popleft().done.cancel()

    def _let_others_pass(self, entity: Entity) -> None:
        """Between two pages: what ranks before everything that is under way here."""
        first = min(job.rank for job in self._busy)
        while not self._parts.stop.is_set():
            ahead = (job for job in self._jobs() if job.rank < first and job.kind != "errand" and job.entity != entity)
            job = next(ahead, None)
            if job is None:
                return
            self._do(job)

    def _jobs(self) -> Iterator[Job]:
        """What there is to do, the most urgent first."""
        with self._parts.ledger.read() as session:
            doubtful = debts.doubts_due(session, self.channel)
            owed = debts.owed_now(session, self.channel, self._pays)
        for entity in self._entities:
            if entity in doubtful:
                yield Job(0, "doubts", entity)
        for place, entity in enumerate(self._entities):
            rank = 10 * (1 + place)
            if entity in self._looks and self._may_look(entity):
                yield Job(rank, "look", entity)
            if entity in owed and owed[entity] != self.log[entity].resting:
                yield Job(rank + 1, "deliver", entity)
            if entity is self._entities[0] and self._errands:
                yield Job(ERRAND_RANK, "errand", None)
        for entity in self._entities:
            if entity in self._sweeps:
                yield Job(90, "sweep", entity)

    def _may_look(self, entity: Entity) -> bool:
        """Prices and stock wait for the first look at their products; and no lane starves those behind it,
        since it rests as long as its last look took."""
        log = self.log[entity]
        products = self.log.get(Entity.PRODUCT)
        if entity in DEPENDENT and products is not None and not (products.is_tried or self._knows_products):
            return False
        return log.looked_at is None or time.monotonic() - log.looked_at >= log.look_took_s

    # One piece of work -------------------------------------------------------------------------

    def _do(self, job: Job) -> None:
        self._busy.append(job)
        try:
            if job.entity is None:
                self._run_errand()
            else:
                with logs.context(run=self._parts.ledger.run, channel=self.channel, entity=job.entity):
                    self._work(job, self._parts.lane(self.channel, job.entity))
        finally:
            self._busy.pop()
            self.stirred_at = time.monotonic()

    def _run_errand(self) -> None:
        errand = self._errands.popleft()
        try:
            with logs.context(run=self._parts.ledger.run, channel=self.channel):
                errand.work()
        except BaseException as error:
            errand.done.set_exception(error)
            if isinstance(error, LedgerError):
                raise
        else:
            errand.done.set_result(None)

    def _work(self, job: Job, lane: Lane) -> None:
        if job.kind == "doubts":
            self.attempt(lane, Report(), partial(settle_doubts, self._parts, lane))
        elif job.kind == "look":
            self._looks.discard(lane.entity)
            self._look(lane)
        elif job.kind == "sweep":
            self._sweeps.discard(lane.entity)
            self._sweep(lane)
        else:
            self._deliver(lane)

    def attempt(self, lane: Lane, report: Report, work: Callable[[], object]) -> bool:
        """As ``round.guarded``; a bug in an adapter stops its lane, and no other."""
        return guarded(self._parts, lane, report, work)

    def _look(self, lane: Lane) -> None:
        log, began, before = self.log[lane.entity], time.monotonic(), self._calls_left()
        log.is_tried = True
        report = Report()
        self._begin_round_in_time(lane, report)
        if not self.attempt(lane, report, partial(self.read, lane, report)) or self._parts.stop.is_set():
            return
        log.looked_at = log.stirred_at = time.monotonic()
        log.look_took_s = log.looked_at - began
        log.calls = max(1, before - self._calls_left())
        log.resting = None
        tally = report.observed[str(lane)]
        self._parts.log.info(
            "lane.observed", rows=tally.rows, merged=tally.merged, waiting=tally.waiting, parked=tally.parked
        )
        self._looked(self.channel)

    def _begin_round_in_time(self, lane: Lane, report: Report) -> None:
        if time.monotonic() - self._round_at > ROUND_S:
            self.begin_round(lane, report)

    def begin_round(self, lane: Lane, report: Report) -> None:
        """What lanes share is read anew from here on, by whichever asks first."""
        if self.attempt(lane, report, partial(begin_round, self._parts, lane)):
            self._round_at = time.monotonic()

    def read(self, lane: Lane, report: Report) -> None:
        """A look: for stock, claims and hand-overs come before the figures."""
        if lane.entity is Entity.STOCK:
            self._read_facts()
        observe_lane(self._parts, lane, report)

    def _read_facts(self) -> None:
        observe_facts(self._parts, self.channel)
        self._facts_at = time.monotonic()

    def _sweep(self, lane: Lane) -> None:
        report = Report()
        self._begin_round_in_time(lane, report)
        if self.attempt(lane, report, partial(self._sweep_whole, lane, report)):
            tally = report.observed[str(lane)]
            self._parts.log.info("lane.swept", rows=tally.rows, merged=tally.merged, gone=tally.gone)

    def _sweep_whole(self, lane: Lane, report: Report) -> None:
        if lane.entity is Entity.STOCK:
            self._read_facts()
        sweep_lane(self._parts, lane, report)

    def _deliver(self, lane: Lane) -> None:
        report = Report()
        self.attempt(lane, report, partial(self.pay, lane, report, Scope()))
        done = report.delivered.get(str(lane))
        progress = 0 if done is None else done.outcomes["receipt"] + done.outcomes["matched"]
        if progress:
            self._parts.log.info("lane.delivered", **dict(done.outcomes) if done else {})
        with self._parts.ledger.read() as session:
            left = debts.owed_now(session, self.channel, [lane.entity]).get(lane.entity)
        self.log[lane.entity].resting = None if progress else left

    def pay(self, lane: Lane, report: Report, scope: Scope) -> int:
        """Write what is owed; figures that are read again before the write need fresh claims."""
        rereads = lane.entity is Entity.STOCK and lane.side.can(Entity.STOCK).reread
        if rereads and time.monotonic() - self._facts_at > FACTS_S:
            self._read_facts()
        return deliver_lane(self._parts, lane, report, scope)

    def _calls_left(self) -> int:
        """Of the longest budget; 0 where the channel states none."""
        budgets = [one for one in self._parts.budget_of(self.channel) if not one.name.startswith("errors")]
        return max(budgets, key=lambda one: one.window_s).remaining if budgets else 0

    def is_paused(self, entity: Entity) -> str:
        """What stopped a lane until a person mends it; "" where nothing did."""
        with self._parts.ledger.read() as session:
            state = lanes.state(session, self.channel, entity)
        return str((state.error or {}).get("message", "")) if state.stopped else ""
