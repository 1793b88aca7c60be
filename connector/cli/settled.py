"""``connector conflicts``, ``quarantine`` and ``brakes``: what waits for a person, and how it is settled."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import click

from connector.cli.call import Call, shared
from connector.cli.exit import Exit
from connector.cli.scope import known
from connector.cli.work import working
from connector.decide.conflict import Answer
from connector.ledger import holds
from connector.ledger.holds import Case, StoredBrake, StoredConflict
from connector.operator import (
    answer_conflict,
    drop_case,
    find_conflict,
    refuse_brake,
    release_brake,
    retry_case,
)
from connector.parts import Parts


@click.group()
def conflicts() -> None:
    """Fields that were changed on two sides: list, show, resolve."""


@conflicts.command("list")
@shared
def list_conflicts(call: Call) -> int:
    """The open conflicts."""
    with working(call) as parts, parts.ledger.read() as session:
        wanted = call.scope.entities
        found = [one for one in holds.conflicts(session) if not wanted or one.entity in wanted]
    rows = [(one.id, one.entity, one.key, one.field, one.revision, _sides(call, one), one.opened_at) for one in found]
    columns = ("id", "entity", "key", "field", "revision", "sides", "since")
    call.out.show(found, lambda: call.out.table(columns, rows) if rows else call.out.line("No conflicts."))
    return Exit.LEFT_OVER if found else Exit.DONE


@conflicts.command("show")
@shared
@click.argument("id_", metavar="ID", type=int)
def show_conflict(call: Call, id_: int) -> int:
    """One conflict side by side, and the command that settles it."""
    with working(call) as parts:
        found = _conflict(parts, id_)

    def draw() -> None:
        call.out.line(f"{found.entity} {found.key}, {found.field}, revision {found.revision}:")
        call.out.table(("side", "value"), [(side, call.out.cell(value)) for side, value in found.sides.items()])
        for side in found.sides:
            call.out.line(f"  connector conflicts resolve {id_} --take {side} --revision {found.revision}")

    call.out.show(found, draw)
    return Exit.LEFT_OVER


@conflicts.command("resolve")
@shared
@click.argument("id_", metavar="ID", type=int)
@click.option("--take", metavar="CHANNEL", help="Take what this side shows.")
@click.option("--value", help="Take this value: JSON, or plain text.")
@click.option("--revision", type=int, help="The revision you were shown; asked again where it has moved on.")
def resolve(call: Call, id_: int, take: str | None, value: str | None, revision: int | None) -> int:
    """Settle a conflict; the answer counts for the revision that was shown."""
    if (take is None) == (value is None):
        raise click.UsageError("Give either --take CHANNEL or --value V.")
    with working(call) as parts:
        conflict = _conflict(parts, id_)
        if take is not None:
            known("side", take, conflict.sides)
        answer = Answer(
            conflict.revision if revision is None else revision, take, None if value is None else _parsed(value)
        )
        done = answer_conflict(parts, conflict, answer)
    again = done.asked_again
    if again is None:
        told = f"{conflict.entity} {conflict.key}, {conflict.field}: {call.out.cell(done.value)} from now on."
        call.out.show({"resolved": id_, "value": done.value}, lambda: call.out.line(told))
        return Exit.DONE
    document = {"resolved": None, "reason": again.reason, "revision": again.revision, "sides": again.sides}
    moved = f"It has moved on since revision {revision}: look again with `connector conflicts show {id_}`."
    call.out.show(document, lambda: call.out.line(moved))
    return Exit.LEFT_OVER


def _conflict(parts: Parts, id_: int) -> StoredConflict:
    found = find_conflict(parts, id_)
    if found is None:
        raise click.UsageError(f"There is no open conflict {id_}. `connector conflicts list` shows them.")
    return found


def _sides(call: Call, conflict: StoredConflict) -> str:
    return " | ".join(f"{side}: {call.out.cell(value)}" for side, value in conflict.sides.items())


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, parse_float=Decimal)
    except ValueError:
        return text


@click.group()
def quarantine() -> None:
    """Records and fields that are refused for a reason that waiting cannot mend."""


@quarantine.command("list")
@shared
def list_cases(call: Call) -> int:
    """What is refused, why, and what would mend it."""
    with working(call) as parts, parts.ledger.read() as session:
        found = [one for one in holds.cases(session) if call.scope.covers(one.channel, one.entity)]
    rows = [(one.id, one.channel, one.entity, one.key, one.field, one.cause, one.remedy, one.times) for one in found]
    columns = ("id", "channel", "entity", "key", "field", "cause", "remedy", "times")
    call.out.show(found, lambda: call.out.table(columns, rows) if rows else call.out.line("Nothing in quarantine."))
    return Exit.LEFT_OVER if found else Exit.DONE


@quarantine.command("show")
@shared
@click.argument("id_", metavar="ID", type=int)
def show_case(call: Call, id_: int) -> int:
    """One case, whole."""
    with working(call) as parts:
        found = _case(parts, id_)
    shown = {"channel": found.channel, "entity": found.entity, "key": found.key, "field": found.field}
    shown |= {"direction": found.direction, "error": found.error, "cause": found.cause, "remedy": found.remedy}
    call.out.show(found, lambda: call.out.pairs(shown | {"times": found.times, "since": found.since}))
    return Exit.LEFT_OVER


@quarantine.command("retry")
@shared
@click.argument("id_", metavar="ID", type=int)
def retry(call: Call, id_: int) -> int:
    """Try it again at the next round: it was mended, there or here."""
    with working(call) as parts:
        case = _case(parts, id_)
        retry_case(parts, case)
    call.out.show({"retried": id_}, lambda: call.out.line(f"{case.key} is tried again at the next round."))
    return Exit.DONE


@quarantine.command("drop")
@shared
@click.argument("id_", metavar="ID", type=int)
def drop(call: Call, id_: int) -> int:
    """Leave it as it is there, until agreed changes."""
    with working(call) as parts:
        case = _case(parts, id_)
        drop_case(parts, case)
    call.out.show({"dropped": id_}, lambda: call.out.line(f"{case.key} stays as it is on {case.channel}."))
    return Exit.DONE


def _case(parts: Parts, id_: int) -> Case:
    with parts.ledger.read() as session:
        found = holds.cases(session, id_=id_)
    if not found:
        raise click.UsageError(f"There is no case {id_}. `connector quarantine list` shows them.")
    return found[0]


@click.group()
def brakes() -> None:
    """What would delete, zero or change too much, and is parked until a person has looked."""


@brakes.command("list")
@shared
def list_brakes(call: Call) -> int:
    """The brakes that have tripped."""
    with working(call) as parts, parts.ledger.read() as session:
        found = [one for one in holds.brakes(session) if call.scope.covers(one.channel, one.entity)]
        counts = {one.id: len(holds.parked_behind(session, one.id)) for one in found}
    rows = [(one.id, one.channel, one.entity, one.kind, counts[one.id], one.tripped_at) for one in found]
    columns = ("id", "channel", "entity", "kind", "parked", "since")
    call.out.show(found, lambda: call.out.table(columns, rows) if rows else call.out.line("No brake has tripped."))
    return Exit.LEFT_OVER if found else Exit.DONE


@brakes.command("show")
@shared
@click.argument("id_", metavar="ID", type=int)
def show_brake(call: Call, id_: int) -> int:
    """One brake: its limit, its plan, and what came that way in the day before."""
    with working(call) as parts:
        found = _brake(parts, id_)
        with parts.ledger.read() as session:
            waiting = holds.parked_behind(session, id_)
    document = {"brake": found, "parked": [{"id": one.external_id, "record": one.record_id} for one in waiting]}

    def draw() -> None:
        call.out.pairs({"channel": found.channel, "entity": found.entity, "kind": found.kind, **found.plan})
        call.out.line(f"{len(waiting)} parked. `release` merges them; `refuse` puts the old values back.")

    call.out.show(document, draw)
    return Exit.LEFT_OVER


@brakes.command("release")
@shared
@click.argument("id_", metavar="ID", type=int)
def release(call: Call, id_: int) -> int:
    """Let it through: what is parked is merged now."""
    with working(call) as parts:
        tally = release_brake(parts, _brake(parts, id_))
    done = {"released": id_, "merged": tally.merged, "gone": tally.gone}
    call.out.show(done, lambda: call.out.line(f"{tally.merged} merged, {tally.gone} gone."))
    return Exit.DONE


@brakes.command("refuse")
@shared
@click.argument("id_", metavar="ID", type=int)
def refuse(call: Call, id_: int) -> int:
    """Put the old values back: what is parked loses."""
    with working(call) as parts:
        count = refuse_brake(parts, _brake(parts, id_))
    call.out.show({"refused": id_, "put_back": count}, lambda: call.out.line(f"{count} will be put back."))
    return Exit.DONE


def _brake(parts: Parts, id_: int) -> StoredBrake:
    with parts.ledger.read() as session:
        found = holds.brakes(session, id_=id_)
    if not found or found[0].state != "tripped":
        raise click.UsageError(f"There is no tripped brake {id_}. `connector brakes list` shows them.")
    return found[0]
