"""``connector sync``, ``resync`` and ``plan``: one round now, again from the start, or only told."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from connector.cli.call import Call, shared
from connector.cli.exit import Exit
from connector.cli.handed import hand_over
from connector.cli.work import engine_alone, working
from connector.errors import AuthFailed, ConnectorError, ContractBroken, RateLimited, Transient
from connector.ledger.backup import scratch
from connector.ledger.engine import open_ledger
from connector.ledger.lock import AlreadyHeldError
from connector.parts import Parts, Scope
from connector.plan import Plan, make_plan
from connector.resync import forget
from connector.round import Report, run_round
from connector.standing import standing
from connector.wiring import utc_now

_UNREACHABLE = (AuthFailed, Transient, RateLimited, ContractBroken)


@click.command()
@shared
@click.option("--dry-run", is_flag=True, help="Only tell what would be written: the same as `connector plan`.")
def sync(call: Call, dry_run: bool) -> int:
    """One complete round: observe, merge, write. With a running daemon it hands the work to it."""
    if dry_run:
        return _plan(call)
    return _here_or_handed(call, "sync", {}, lambda parts: run_round(parts, call.scope))


@click.command()
@shared
@click.option("--full", is_flag=True, help="Also read everything again, and look for what is gone.")
def resync(call: Call, full: bool) -> int:
    """Forget how far the channels were read, for the scope, and do it again."""

    def again(parts: Parts) -> Report:
        return forget(parts, call.scope, full=full)

    return _here_or_handed(call, "resync", {"full": full}, again)


@click.command()
@shared
def plan(call: Call) -> int:
    """What would be written now, per channel, with its calls and its share of the budget; writes nothing."""
    return _plan(call)


def _here_or_handed(call: Call, command: str, options: dict[str, Any], work: Callable[[Parts], Report]) -> int:
    try:
        with engine_alone(call) as parts:
            report = work(parts)
            left = left_over(parts, call.scope)
    except AlreadyHeldError as held:
        return hand_over(call, command, options, held)
    call.out.show(report.as_document() | {"left": left}, lambda: _draw(call, report, left))
    if any(isinstance(error, _UNREACHABLE) for error in report.errors.values()):
        return Exit.UNREACHABLE
    return Exit.LEFT_OVER if report.errors or any(left.values()) else Exit.DONE


def left_over(parts: Parts, scope: Scope) -> dict[str, int]:
    """What waits for a person or another attempt, in all."""
    lanes = standing(parts, scope)
    return {
        "owed": sum(lane.owed for lane in lanes),
        "in_doubt": sum(lane.in_doubt for lane in lanes),
        "conflicts": sum(lane.conflicts for lane in lanes if lane.is_first),
        "quarantined": sum(lane.quarantined for lane in lanes),
        "brakes": sum(lane.brakes for lane in lanes),
        "strangers": sum(lane.doubtful for lane in lanes),
    }


def _draw(call: Call, report: Report, left: dict[str, int]) -> None:
    rows = []
    for name in sorted({*report.observed, *report.delivered, *report.errors}):
        seen, done, error = report.observed.get(name), report.delivered.get(name), report.errors.get(name)
        rows.append(
            (
                name,
                seen.rows if seen else 0,
                seen.merged if seen else 0,
                done.written if done else 0,
                done.outcomes["refused"] if done else 0,
                str(error) if error else "",
            )
        )
    call.out.table(("lane", "read", "changed", "written", "refused", "stopped by"), rows)
    for what, count in left.items():
        if count:
            call.out.line(f"{count} {what.replace('_', ' ')}: see `connector status`")


def _plan(call: Call) -> int:
    with (
        closing(open_ledger(call.config.ledger_url)) as real,
        tempfile.TemporaryDirectory() as folder,
        closing(scratch(real, Path(folder) / "plan.db")) as copy,
        working(call, database=copy, accounts=real) as parts,
    ):
        made = make_plan(parts, call.scope)
    call.out.show(made, lambda: _draw_plan(call, made))
    failed: list[ConnectorError] = list(made.failed.values())
    if any(isinstance(error, _UNREACHABLE) for error in failed):
        return Exit.UNREACHABLE
    return Exit.LEFT_OVER if made.conflicts or made.held or failed else Exit.DONE


def _draw_plan(call: Call, made: Plan) -> None:
    for write in made.writes:
        fields = "  ".join(f"{c.field} {call.out.cell(c.shows)} → {call.out.cell(c.becomes)}" for c in write.changes)
        by = f"{write.by}, {call.out.cell(write.at)}" if write.at else write.by
        call.out.line(f"{write.channel}  {write.entity}  {write.key}  {write.operation}  {fields}  ({by})")
    for lane in made.costs:
        share = f", {lane.share}" if lane.share else ""
        call.out.line(f"{lane.lane}: {lane.writes} writes in {lane.calls} calls{share}")
    for channel, at in made.finishes.items():
        told = f"not before {call.out.cell(at)}: its budget is spent by then" if at > utc_now() else "at once"
        call.out.line(f"{channel} can be done {told}")
    for name, error in made.failed.items():
        call.out.line(f"{name}: {error}")
    writes, calls = len(made.writes), sum(lane.calls for lane in made.costs)
    call.out.line(
        f"{writes} write{'s' * (writes != 1)} planned in {calls} call{'s' * (calls != 1)}, "
        f"{made.conflicts} conflict{'s' * (made.conflicts != 1)}. Nothing was written."
    )
