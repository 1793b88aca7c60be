"""One round, top to bottom: doubts first, then what changed out there, then what is owed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from connector.decide.retry import DEFAULT_BACKOFF, decide_retry
from connector.deliver.deliver import Delivered, deliver
from connector.deliver.doubt import settle_doubts
from connector.errors import ChannelError, ConnectorError, ContractBroken, LedgerError
from connector.ledger import holds, lanes
from connector.ledger.counts import waiting_counts
from connector.ledger.store import Session
from connector.model.entity import LANE_ORDER, Entity
from connector.observe.absence import suspect, sweep
from connector.observe.feed import channels_with_facts, observe, observe_facts, reread_due
from connector.observe.intake import PARENTLESS, retry_strangers
from connector.observe.reading import Tally
from connector.observe.remap import take_up_mappings
from connector.observe.workspace import Workspace
from connector.parts import Lane, Parts, Scope
from connector.stock.counts import apply_counts, somebody_counts

#: Times a round observes and delivers again because its own merges owe more (a create, then its price).
PASSES = 6


@dataclass
class Report:
    """What a round did, per lane, and what stopped it where it was stopped."""

    observed: dict[str, Tally] = field(default_factory=dict)
    delivered: dict[str, Delivered] = field(default_factory=dict)
    errors: dict[str, ConnectorError] = field(default_factory=dict)

    @property
    def written(self) -> int:
        return sum(done.written for done in self.delivered.values())

    def outcomes(self) -> Counter[str]:
        total: Counter[str] = Counter()
        for done in self.delivered.values():
            total.update(done.outcomes)
        return total

    def as_document(self) -> dict[str, Any]:
        """JSON-shaped, for ``--json`` and for a request that was handed over."""
        return {
            "written": self.written,
            "outcomes": dict(self.outcomes()),
            "errors": {
                lane: {"kind": type(error).__name__, "message": str(error)} for lane, error in self.errors.items()
            },
        }


def run_round(parts: Parts, scope: Scope) -> Report:
    """Bring the channels in scope one step closer to agreement.

    Safe to kill at any line: the ledger always says what is owed and what is in doubt, and a
    second round with nothing new out there makes no writes.
    """
    report = Report()
    take_up_mappings(parts, scope)
    begin_rounds(parts, scope, report)
    for lane in parts.lanes(scope):
        guarded(parts, lane, report, partial(settle_doubts, parts, lane))
    read_facts(parts, scope, report)
    for lane in parts.lanes(scope):
        guarded(parts, lane, report, partial(observe_lane, parts, lane, report))
    for _ in range(PASSES):
        before = report.written + report.outcomes()["matched"]
        for lane in delivery_order(parts, scope):
            guarded(parts, lane, report, partial(deliver_lane, parts, lane, report, scope))
        if report.written + report.outcomes()["matched"] == before or parts.stop.is_set():
            break
    return report


def begin_rounds(parts: Parts, scope: Scope, report: Report) -> None:
    """What lanes of one channel share is read anew from here on, once."""
    for lane in {lane.side.name: lane for lane in parts.lanes(scope)}.values():
        guarded(parts, lane, report, partial(begin_round, parts, lane))


def begin_round(parts: Parts, lane: Lane) -> int:
    """Answers the calls made: none."""
    parts.channel(lane).begin_round()
    return 0


def read_facts(parts: Parts, scope: Scope, report: Report) -> None:
    """Claims and hand-overs, before any figure is read (canonical-model 4)."""
    for name in channels_with_facts(parts):
        if scope.covers(name, Entity.STOCK):
            lane = parts.lane(name, Entity.STOCK)
            guarded(parts, lane, report, partial(observe_facts, parts, name))


def observe_lane(parts: Parts, lane: Lane, report: Report) -> None:
    """What changed there since the cursor; a lane that is due for its sweep lists everything."""
    tally = report.observed.setdefault(str(lane), Tally())
    tally.add(observe(parts, lane))
    missing = reread_due(parts, lane)
    if missing:
        suspect(parts, lane, sorted(missing))
    _meet_again(parts, lane, tally)
    _set_by_counts(parts, lane)


def _set_by_counts(parts: Parts, lane: Lane) -> None:
    """Stocktakes that waited for this channel to be read."""
    if lane.entity is not Entity.STOCK or not somebody_counts(parts.topology):
        return
    with parts.ledger.write() as session:
        workspace = Workspace(session, parts.topology, parts.moment(session))
        apply_counts(workspace, waiting_counts(session))
    parts.wake(workspace.woken)


def sweep_lane(parts: Parts, lane: Lane, report: Report) -> None:
    """The complete listing, which alone may conclude that something is gone."""
    report.observed.setdefault(str(lane), Tally()).add(sweep(parts, lane))
    _meet_again(parts, lane, report.observed[str(lane)])


def _meet_again(parts: Parts, lane: Lane, tally: Tally) -> None:
    """Prices and stock whose product was not here yet when they were read."""
    with parts.ledger.read() as session:
        if PARENTLESS not in holds.count_strangers(session, lane.side.name, lane.entity):
            return
    with parts.ledger.write() as session:
        workspace = Workspace(session, parts.topology, parts.moment(session))
        tally.add(retry_strangers(workspace, lane, PARENTLESS))


def deliver_lane(parts: Parts, lane: Lane, report: Report, scope: Scope) -> int:
    """Pay what is owed; answers how many calls wrote something."""
    done = report.delivered.setdefault(str(lane), Delivered())
    now = deliver(parts, lane, scope.keys)
    done.outcomes.update(now.outcomes)
    done.refusals.extend(now.refusals)
    done.calls += now.calls
    if lane.entity is Entity.STOCK and now.written and not lane.side.can(Entity.STOCK).relative:
        observe_facts(parts, lane.side.name)  # what was handed over while we wrote an absolute figure
    return now.calls


def delivery_order(parts: Parts, scope: Scope) -> list[Lane]:
    """Per channel: stock, price, product, customer (sync-model 7)."""
    return sorted(parts.lanes(scope), key=lambda lane: LANE_ORDER.index(lane.entity))


def guarded(parts: Parts, lane: Lane, report: Report, work: Callable[[], object]) -> bool:
    """Run one lane's work; an error is named, noted on the lane, and leaves the other lanes alone.

    Work that answers 0 asked the channel nothing, and so is no proof that it recovered.
    """
    if str(lane) in report.errors or is_waiting(parts, lane):
        return False
    try:
        done = _sound(parts, work)
    except LedgerError:
        raise
    except ConnectorError as error:
        report.errors[str(lane)] = error
        _note_failure(parts, lane, error)
        return False
    if done != 0:
        _note_success(parts, lane)
    return True


def _sound(parts: Parts, work: Callable[[], object]) -> object:
    """Errors of no known kind are bugs: written down with their place, and the lane stops, and no other."""
    try:
        return work()
    except ConnectorError:
        raise
    except Exception as error:
        parts.log.exception("lane.broke")
        what = f"this should not have happened ({type(error).__name__}); the log has its place"
        raise ContractBroken(what) from error


def is_waiting(parts: Parts, lane: Lane) -> bool:
    """Whether the lane is paused until a moment that has not come, or stopped until a person resumes it."""
    with parts.ledger.read() as session:
        state = lanes.state(session, lane.side.name, lane.entity)
        return state.stopped or (state.paused_until is not None and state.paused_until > session.now)


def _note_failure(parts: Parts, lane: Lane, error: ConnectorError) -> None:
    with parts.ledger.write() as session:
        failures = lanes.state(session, lane.side.name, lane.entity).failures
        decision = decide_retry(error, failures + 1, 0.5)
        waits = timedelta(seconds=decision.wait_s or DEFAULT_BACKOFF.wait_s(failures + 1, 0.5))
        columns = {
            "failures": failures + decision.counts,
            "error": {"kind": type(error).__name__, "message": str(error), "since": session.now.isoformat()},
            "paused_until": decision.until or session.now + waits,
            "stopped": decision.action == "stop-lane",
        }
        lanes.save(session, lane.side.name, lane.entity, **columns)
        if decision.action == "pause-channel":  # its other lanes would be refused just the same
            _pause_channel(parts, session, lane, columns["paused_until"])
    status = error.status if isinstance(error, ChannelError) else None
    parts.log.warning("lane.failed", lane=str(lane), error=type(error).__name__, status=status, action=decision.action)


def _pause_channel(parts: Parts, session: Session, failed: Lane, until: object) -> None:
    for lane in parts.lanes(Scope(channels=frozenset({failed.side.name}))):
        if lane != failed:
            lanes.save(session, lane.side.name, lane.entity, paused_until=until)


def _note_success(parts: Parts, lane: Lane) -> None:
    with parts.ledger.read() as session:
        state = lanes.state(session, lane.side.name, lane.entity)
    if state.failures or state.error:
        with parts.ledger.write() as session:
            lanes.save(session, lane.side.name, lane.entity, failures=0, error=None, paused_until=None)
        parts.log.info("lane.recovered", lane=str(lane))
