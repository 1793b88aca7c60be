"""Work that other terminals handed over: ``sync`` and ``resync`` with a scope, done by the workers.

One request at a time. Its parts run on the workers' threads, since only those may use the channels:
first every channel in scope is read, then what is owed there is written, until nothing moves.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future
from functools import partial
from typing import Any, Final

from connector.deliver.doubt import settle_doubts
from connector.errors import LedgerError
from connector.ledger import lanes
from connector.ledger.lanes import Request
from connector.model.entity import Entity
from connector.parts import Parts, Scope
from connector.resync import forget_lane
from connector.round import PASSES, Report, delivery_order
from connector.service import logs
from connector.service.worker import Errand, Worker

#: Seconds between two looks for requests.
LOOK_S: Final = 0.5


class Clerk(threading.Thread):
    """Takes requests from the ledger, has them carried out, and writes their reports back.

    A request that is interrupted waits again: for the next shift, or the next daemon.
    """

    def __init__(
        self, parts: Parts, workers: Mapping[str, Worker], *, writes: bool, failed: Callable[[LedgerError], None]
    ) -> None:
        super().__init__(name="clerk", daemon=True)
        self._parts = parts
        self._workers = workers
        self._writes = writes
        self._failed = failed

    def run(self) -> None:
        try:
            while not self._parts.stop.is_set():
                request = self._take()
                if request is None:
                    self._parts.stop.wait(LOOK_S)
                else:
                    self._carry_out(request)
        except LedgerError as error:
            self._failed(error)

    def _take(self) -> Request | None:
        with self._parts.ledger.read() as session:
            if not lanes.waiting(session):
                return None
        with self._parts.ledger.write() as session:
            request = next(iter(lanes.waiting(session)), None)
            if request is not None:
                lanes.settle_request(session, request.id, "running")
        return request

    def _carry_out(self, request: Request) -> None:
        with logs.context(run=self._parts.ledger.run):
            self._parts.log.info("request.taken", command=request.command, request=request.id)
            try:
                report = self._done(request)
            except CancelledError:
                self._settle(request, "waiting", None)
                return
            except LedgerError:
                raise  # the next shift reclaims it
            except Exception as error:
                self._parts.log.exception("request.broke", request=request.id)
                told = f"this should not have happened ({type(error).__name__}); the daemon's log has its place"
                self._settle(request, "failed", {"error": told})
                return
            self._settle(request, "done", report.as_document())
            self._parts.log.info("request.done", request=request.id, written=report.written)

    def _settle(self, request: Request, state: str, report: dict[str, Any] | None) -> None:
        with self._parts.ledger.write() as session:
            lanes.settle_request(session, request.id, state, report)

    def _done(self, request: Request) -> Report:
        scope, report = scope_of(request), Report()
        full = bool(request.scope.get("full"))
        forgets = request.command == "resync"
        self._everywhere(scope, lambda worker: self._read(worker, scope, report, forgets, full))
        for _ in range(PASSES if self._writes else 0):
            before = report.written + report.outcomes()["matched"]
            self._everywhere(scope, lambda worker: self._pay(worker, scope, report))
            if report.written + report.outcomes()["matched"] == before:
                break
        return report

    def _everywhere(self, scope: Scope, work: Callable[[Worker], None]) -> None:
        """On each channel in scope at once; waits for all. Raises CancelledError where the daemon stops meanwhile."""
        errands: list[Future[None]] = []
        for name in sorted({lane.side.name for lane in self._parts.lanes(scope)}):
            errand = Errand(partial(work, self._workers[name]))
            errands.append(errand.done)
            self._workers[name].send(errand)
        for done in errands:
            while not done.done():
                if self._parts.stop.wait(0.1) and not done.done():
                    raise CancelledError
            done.result()
        if self._parts.stop.is_set():
            raise CancelledError

    def _read(self, worker: Worker, scope: Scope, report: Report, forgets: bool, full: bool) -> None:
        lanes_there = [lane for lane in self._parts.lanes(scope) if lane.side.name == worker.channel]
        worker.begin_round(lanes_there[0], report)
        for lane in lanes_there:
            if forgets:
                forget_lane(self._parts, lane, report, scope, full=full)
            worker.attempt(lane, report, partial(settle_doubts, self._parts, lane))
            worker.attempt(lane, report, partial(worker.read, lane, report))

    def _pay(self, worker: Worker, scope: Scope, report: Report) -> None:
        for lane in delivery_order(self._parts, scope):
            if lane.side.name == worker.channel:
                worker.attempt(lane, report, partial(worker.pay, lane, report, scope))


def scope_of(request: Request) -> Scope:
    asked = request.scope
    return Scope(
        channels=frozenset(asked.get("channels", ())),
        entities=frozenset(Entity(name) for name in asked.get("entities", ())),
        keys=tuple(asked.get("keys", ())),
    )
