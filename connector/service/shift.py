"""One uninterrupted stretch of work with one configuration: a worker per channel, a clerk, a timetable.

A shift ends for good when it is told to, or when the ledger fails. A reload, or a ledger that came
back, begins another one. Nothing is handed from one to the next but the ledger.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from datetime import datetime
from typing import Final

from connector.config.model import Config
from connector.contract import AdapterType
from connector.errors import LedgerError
from connector.ledger import lanes
from connector.ledger.credentials import end_restore, open_vault
from connector.ledger.engine import Database
from connector.model.entity import Entity
from connector.parts import Parts, Scope
from connector.service.clerk import Clerk
from connector.service.health import LaneSign
from connector.service.pace import Looks, is_sweep_missed, paced
from connector.service.timetable import Due, Timetable
from connector.service.worker import Worker
from connector.stock.anew import agree_lowest, forget_figures
from connector.wiring import assembled

#: Seconds that a thread gets to end between two looks at the clock.
_JOIN_S: Final = 0.1


class Shift:
    """Begun by :meth:`begin`, ended by :meth:`end`.

    Args:
        writes: False: reads only, since the ledger was restored.
    """

    def __init__(
        self,
        config: Config,
        database: Database,
        *,
        now: Callable[[], datetime],
        adapters: Mapping[str, AdapterType] | None,
        writes: bool,
    ) -> None:
        self.config = config
        self.failed: LedgerError | None = None
        self._stop = threading.Event()
        self._stack = ExitStack()
        self._writes = writes
        self._database = database
        self.parts: Parts = self._stack.enter_context(
            assembled(
                config,
                database=database,
                now=now,
                stop=self._stop,
                adapters=adapters,
                progress=self._progress,
                wake=self._wake,
            )
        )
        topology = self.parts.topology
        self.workers = {
            name: Worker(self.parts, name, writes=writes, looked=self._pace, failed=self._fail)
            for name in topology.sides
        }
        self._clerk = Clerk(self.parts, self.workers, writes=writes, failed=self._fail)
        due = [
            Due(lane.side.name, lane.entity, topology.sync(lane.entity).every_s, topology.sync(lane.entity).sweep)
            for lane in self.parts.lanes(Scope())
        ]
        self.timetable = Timetable(due, config.timezone, self._ring)

    def begin(self) -> None:
        """Take up what the ledger says is to be done. Raises LedgerError where it cannot be used."""
        with self.parts.ledger.write() as session:
            reclaimed = lanes.reclaim_requests(session)
            refused = lanes.refused_channels(session)
            for channel in refused:  # perhaps its secrets were mended
                lanes.unpause(session, channel)
        if reclaimed or refused:
            self.parts.log.info("shift.resumed", requests=reclaimed, channels=sorted(refused))
        if not self._writes and Entity.STOCK in self.config.sync:
            forget_figures(self.parts)
        self._ring_missed_sweeps()
        for worker in self.workers.values():
            worker.start()
        self._clerk.start()
        self.timetable.start()

    def end(self, is_late: Callable[[], bool]) -> bool:
        """Stop after what is in flight; False where something was still under way when ``is_late`` said so.

        Intents of calls that are still under way then stay in doubt, and are read back by the next shift.
        """
        self._stop.set()
        self.timetable.stop()
        for worker in self.workers.values():
            worker.wake()
        threads: list[threading.Thread] = [*self.workers.values(), self._clerk]
        while any(thread.is_alive() for thread in threads):
            if is_late():
                return False
            for thread in threads:
                thread.join(_JOIN_S)
        self._stack.close()
        return True

    @property
    def is_ending(self) -> bool:
        return self._stop.is_set()

    def _fail(self, error: LedgerError) -> None:
        """All lanes stop; the daemon sees why, and tries again."""
        self.failed = self.failed or error
        self._stop.set()

    # Bells -------------------------------------------------------------------------------------

    def _ring(self, channel: str, entity: Entity, sweep: bool) -> None:
        self.workers[channel].ring(entity, sweep=sweep)

    def _wake(self, owing: Collection[tuple[str, Entity]]) -> None:
        for channel in {channel for channel, _ in owing}:
            if channel in self.workers:
                self.workers[channel].wake()

    def _progress(self, what: str, _done: int) -> None:
        channel, _, entity = what.partition("/")
        if channel in self.workers and entity in set(Entity):
            self.workers[channel].stirred(Entity(entity))

    def _ring_missed_sweeps(self) -> None:
        with self.parts.ledger.read() as session:
            for lane in self.parts.lanes(Scope()):
                state = lanes.state(session, lane.side.name, lane.entity)
                at = self.parts.topology.sync(lane.entity).sweep
                last = state.swept_at or state.observed_at
                if at is not None and is_sweep_missed(at, self.config.timezone, last, session.now):
                    self._ring(lane.side.name, lane.entity, True)

    # The budget --------------------------------------------------------------------------------

    def _pace(self, channel: str) -> None:
        """Set the pace of a channel's lanes by what its budget leaves."""
        worker, sync = self.workers[channel], self.parts.topology.sync
        looks = {entity: Looks(sync(entity).every_s, log.calls) for entity, log in worker.log.items()}
        intervals = paced(looks, self.parts.budget_of(channel), self.parts.now())
        if not self._stop.is_set() and self.timetable.pace(channel, intervals):
            told = {entity.value: round(seconds) for entity, seconds in intervals.items()}
            self.parts.log.info("channel.paced", every_s=told)

    # What is told of it ------------------------------------------------------------------------

    def signs(self) -> tuple[LaneSign, ...]:
        """Every lane's signs of life."""
        return tuple(
            self._sign(worker, entity, worker.is_paused(entity))
            for worker in self.workers.values()
            for entity in worker.log
        )

    def _sign(self, worker: Worker, entity: Entity, stopped: str) -> LaneSign:
        """A lane that has not had its first turn yet is as lively as its worker."""
        log = worker.log[entity]
        stirred_at = log.stirred_at if log.is_tried else max(one.stirred_at for one in worker.log.values())
        interval_s = self.timetable.interval_s(worker.channel, entity)
        return LaneSign(f"{worker.channel}/{entity.value}", log.looked_at, stirred_at, interval_s, stopped)

    def resume_renewed(self) -> list[str]:
        """Channels that refused our credentials, and have newer ones now, try again."""
        with self.parts.ledger.read() as session:
            refused = lanes.refused_channels(session)
        resumed = [channel for channel, at in refused.items() if self._is_renewed(channel, at)]
        for channel in resumed:
            with self.parts.ledger.write() as session:
                lanes.unpause(session, channel)
            for entity in self.workers[channel].log:
                self.workers[channel].ring(entity)
        return resumed

    def _is_renewed(self, channel: str, refused_at: datetime) -> bool:
        kept = open_vault(self._database).load(channel)
        return channel in self.workers and kept is not None and kept.obtained_at > refused_at

    def is_read_whole(self, since: datetime) -> bool:
        """Whether every lane was listed completely after this moment; those that were not are due."""
        with self.parts.ledger.read() as session:
            states = [lanes.state(session, one.side.name, one.entity) for one in self.parts.lanes(Scope())]
        missing = [state for state in states if state.swept_at is None or state.swept_at <= since]
        for state in missing:
            self._ring(state.channel, state.entity, True)
        return not missing

    def reconcile(self) -> int:
        """Every channel was read since the ledger was restored: it may be trusted again.

        Answers how many stock figures are uncertain. Safe to kill: it begins anew then.
        """
        uncertain = agree_lowest(self.parts) if Entity.STOCK in self.config.sync else 0
        with self.parts.ledger.write() as session:
            end_restore(session.connection)
        return uncertain

    def workers_signs(self) -> tuple[tuple[str, float], ...]:
        return tuple((name, worker.stirred_at) for name, worker in self.workers.items())
