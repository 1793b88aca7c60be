"""Do it again: forget how far the channels in scope were read, and read them anew."""

from __future__ import annotations

from functools import partial

from connector.ledger import lanes, records
from connector.observe.feed import reread
from connector.parts import Lane, Parts, Scope
from connector.round import Report, guarded, run_round, sweep_lane


def forget(parts: Parts, scope: Scope, *, full: bool) -> Report:
    """Forget cursors (``full``: also list everything, which alone finds what is gone), then one round.

    With keys in scope only these records are read again, by id. Idempotent: what is unchanged
    out there causes no write.
    """
    swept = Report()
    for lane in parts.lanes(scope):
        forget_lane(parts, lane, swept, scope, full=full)
    report = run_round(parts, scope)
    for name, tally in swept.observed.items():
        if name in report.observed:
            report.observed[name].add(tally)
        else:
            report.observed[name] = tally
    report.errors = swept.errors | report.errors
    return report


def forget_lane(parts: Parts, lane: Lane, report: Report, scope: Scope, *, full: bool) -> None:
    """One lane of :func:`forget`, without the round that follows; a lane that was stopped goes again."""
    if scope.keys:
        guarded(parts, lane, report, partial(_reread_keys, parts, lane, scope.keys))
        return
    with parts.ledger.write() as session:
        lanes.forget_cursor(session, lane.side.name, lane.entity)
        lanes.save(session, lane.side.name, lane.entity, paused_until=None, stopped=False)
    if full:
        guarded(parts, lane, report, partial(sweep_lane, parts, lane, report))


def _reread_keys(parts: Parts, lane: Lane, keys: tuple[str, ...]) -> None:
    with parts.ledger.read() as session:
        bound = records.bound_ids(session, lane.side.name, lane.entity)
        ids = [external for external, (record_id, _) in bound.items() if records.has_key(session, record_id, keys)]
    reread(parts, lane, ids)
