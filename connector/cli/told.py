"""``connector status``, ``verify``, ``explain`` and ``history``: what an operator can always ask."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from functools import partial
from typing import Any

import click

from connector.cli.call import Call, shared
from connector.cli.exit import Exit
from connector.cli.output import Branch
from connector.cli.work import working
from connector.errors import ConnectorError
from connector.explain import Explained, Paid, explain_record, find_records, history_of
from connector.ledger.engine import open_ledger
from connector.ledger.lock import EngineLock
from connector.model.entity import Entity, Value
from connector.parts import Parts
from connector.standing import Standing, standing
from connector.verify import Verified, verify_lane
from connector.wiring import utc_now

#: How often ``status --watch`` looks again.
WATCH_S = 2.0


@click.command()
@shared
@click.option(
    "--watch",
    type=click.FloatRange(min=0.1),
    is_flag=False,
    flag_value=WATCH_S,
    metavar="[SECONDS]",
    help="Look again every two seconds, or every SECONDS, until Ctrl-C; with --json, a document a line.",
)
def status(call: Call, watch: float | None) -> int:
    """How fresh is every lane, what is owed, and what waits for a person."""
    with working(call) as parts:
        while True:
            lanes = standing(parts, call.scope)
            holder = _holder(call)
            document = {"daemon": holder, "lanes": lanes, "budgets": _budgets(parts)}
            draw = partial(_draw_status, call, parts, lanes, holder)
            if watch is None:
                call.out.show(document, draw)
                return Exit.LEFT_OVER if any(map(_is_left, lanes)) else Exit.DONE
            call.out.show_again(document, draw)
            time.sleep(watch)


def _holder(call: Call) -> str | None:
    with closing(open_ledger(call.config.ledger_url, check=False)) as database:
        holder = EngineLock(database, now=utc_now).holder()
    return None if holder is None else str(holder)


def _budgets(parts: Parts) -> dict[str, list[dict[str, Any]]]:
    return {
        name: [
            {"name": each.name, "remaining": each.remaining, "limit": each.limit, "resets_at": each.resets_at}
            for each in parts.budget_of(name)
            if each.counts_calls
        ]
        for name in parts.topology.sides
    }


def _is_left(lane: Standing) -> bool:
    waits = lane.conflicts + lane.quarantined + lane.brakes + lane.doubtful + lane.uncertain
    return bool(waits or lane.in_doubt or lane.stopped or lane.error or lane.overdue or not lane.approved)


def _draw_status(call: Call, parts: Parts, lanes: Sequence[Standing], holder: str | None) -> None:
    call.out.line(f"Daemon: {holder}" if holder else "Daemon: none is running")
    columns = ("lane", "read", "linked", "owed", "doubt", "held", "conflicts", "quarantine", "brakes", "state")
    rows = [
        (
            f"{lane.channel}/{lane.entity}",
            _age(lane),
            lane.bound,
            lane.owed,
            lane.in_doubt,
            lane.held,
            lane.conflicts,
            lane.quarantined,
            lane.brakes,
            _state(lane),
        )
        for lane in lanes
    ]
    call.out.table(columns, rows)
    for name, budgets in _budgets(parts).items():
        told = ", ".join(f"{each['remaining']}/{each['limit']} this {each['name']}" for each in budgets)
        if told:
            call.out.line(f"{name}: {told}")


def _age(lane: Standing) -> str:
    if lane.age_s is None:
        return "never"
    age = str(timedelta(seconds=int(lane.age_s)))
    return f"{age} ago" + (" (overdue)" if lane.overdue else "")


def _state(lane: Standing) -> str:
    if lane.stopped:
        return f"stopped: {(lane.error or {}).get('message', '')}"
    if lane.error:
        return f"{lane.error.get('kind')}: {lane.error.get('message')}"
    if not lane.approved:
        return f"{lane.unapproved} wait for `connector match --approve`"
    told = [f"{lane.doubtful} in doubt to match"] if lane.doubtful else []
    told += [f"{lane.uncertain} uncertain figures"] if lane.uncertain else []
    return "; ".join(told) or ("read only" if lane.read_only else "fine")


@click.command()
@shared
@click.option("--sample", type=click.IntRange(min=1), help="Compare only N records of each lane, taken at random.")
def verify(call: Call, sample: int | None) -> int:
    """Compare every channel with what is agreed, and explain each difference; changes nothing."""
    failed: dict[str, ConnectorError] = {}
    found: list[Verified] = []
    with working(call) as parts:
        for lane in parts.lanes(call.scope):
            try:
                found.append(verify_lane(parts, lane, sample, call.scope.keys))
            except ConnectorError as error:
                failed[str(lane)] = error
    differences = sum(len(one.differences) for one in found)
    document = {
        "equal": not differences and not failed,
        "lanes": found,
        "failed": {lane: str(error) for lane, error in failed.items()},
    }
    call.out.show(document, lambda: _draw_verified(call, found, failed, differences))
    if failed:
        return Exit.UNREACHABLE
    return Exit.LEFT_OVER if differences else Exit.DONE


def _draw_verified(call: Call, found: Sequence[Verified], failed: dict[str, ConnectorError], differences: int) -> None:
    rows = [(one.lane, one.compared, one.outside, len(one.differences)) for one in found]
    call.out.table(("lane", "compared", "out of scope", "different"), rows)
    for one in found:
        for each in one.differences[:50]:
            shows, should = call.out.cell(each.shows), call.out.cell(each.should_show)
            where = f"{each.channel} {each.entity} {each.key} {each.field}".strip()
            call.out.line(f"{where}: shows {shows}, should show {should}; {each.why}")
    for lane, error in failed.items():
        call.out.line(f"{lane}: {error}")
    if not failed:
        call.out.line("Every channel agrees." if not differences else f"{differences} differences.")


@click.command()
@shared
@click.argument("entity", type=click.Choice([entity.value for entity in Entity]))
@click.argument("key")
@click.argument("field", required=False)
def explain(call: Call, entity: str, key: str, field: str | None) -> int:
    """Why a value is what it is: who set it, when, by which rule, which values lost, what each channel shows."""
    with working(call) as parts:
        explained = [explain_record(parts, id_, field) for id_ in find_records(parts, Entity(entity), key)]
    if not explained:
        raise click.UsageError(f"There is no {entity} {key}. Keys are as `connector status` and `verify` show them.")
    call.out.show(explained, lambda: _draw_explained(call, explained))
    return Exit.DONE


def _draw_explained(call: Call, explained: Sequence[Explained]) -> None:
    told: set[tuple[Paid, ...]] = set()
    for record in explained:
        branches = []
        for one in record.fields:
            shows = tuple(_shown(call, record, channel, value) for channel, value in one.shows.items())
            lost = tuple(Branch(f"lost: {text}") for text in one.lost)
            holds = tuple(Branch(f"held on {channel}: {why}") for channel, why in one.held.items())
            origin = f"{one.by} by {one.rule}" + (f", {call.out.cell(one.at)}" if one.at else "")
            label = f"{one.field} = {call.out.cell(one.value)}  ({origin})"
            branches.append(Branch(label, (*shows, *holds, *lost)))
        if record.pays and record.pays not in told:  # the rows of one list come to the same
            told.add(record.pays)
            branches.append(Branch("one piece costs today", tuple(Branch(_paid(call, one)) for one in record.pays)))
        call.out.tree(Branch(f"{record.entity} {record.key} ({record.life})", tuple(branches)))


def _shown(call: Call, record: Explained, channel: str, value: Value) -> Branch:
    """What a channel shows; a view says of which locations it is the sum."""
    of_view = f" for {' + '.join(record.views[channel])}" if channel in record.views else ""
    return Branch(f"{channel} shows {call.out.cell(value)}{of_view}")


def _paid(call: Call, one: Paid) -> str:
    """How a channel resolves its rows, in words."""
    if one.amount is None:
        return f"on {one.channel}: no row applies" if one.choice else f"on {one.channel}: as its own rules say"
    ways = {"lowest": ", its lowest row", "first": ", the first row that applies", None: ""}
    return f"on {one.channel} {call.out.cell(one.amount)}, by {one.row}{ways[one.choice]}"


@click.command()
@shared
@click.argument("entity", type=click.Choice([entity.value for entity in Entity]))
@click.argument("key")
def history(call: Call, entity: str, key: str) -> int:
    """Everything that happened to a record, the oldest first."""
    with working(call) as parts:
        entries = [entry for id_ in find_records(parts, Entity(entity), key) for entry in history_of(parts, id_)]
    if not entries:
        raise click.UsageError(f"There is no {entity} {key}.")
    rows = [(entry.at, entry.channel or "–", entry.event, entry.field, entry.told) for entry in entries]
    call.out.show(entries, lambda: call.out.table(("when", "channel", "what", "field", "detail"), rows))
    return Exit.DONE
