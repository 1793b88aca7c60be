"""``connector match``: first contact. Proposes links on keys, shows doubt, takes approval."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from connector.cli.call import Call, shared
from connector.cli.exit import Exit
from connector.cli.work import engine_alone, working
from connector.ledger import holds, records
from connector.ledger.holds import Stranger
from connector.ledger.lock import AlreadyHeldError
from connector.model.entity import Entity
from connector.observe.feed import observe
from connector.observe.first_contact import Proposal, approve, link, propose
from connector.observe.reading import Tally
from connector.parts import Lane, Parts
from connector.round import Report, read_facts

COLUMNS = ("channel", "entity", "external_id", "key", "reason", "candidates", "record_id")


@click.command()
@shared
@click.option("--approve", "approving", is_flag=True, help="Link what matches exactly and uniquely; doubt waits.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the doubts to a CSV file.")
@click.option(
    "--in",
    "answers",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Link the rows of a CSV file whose record_id was filled in.",
)
def match(call: Call, approving: bool, out: Path | None, answers: Path | None) -> int:
    """Compare what exists on each channel by key; nothing is created anywhere before it was approved."""
    with _reading(call) as parts:
        lanes = parts.lanes(call.scope)
        linked = _take_answers(parts, answers) if answers else 0
        approved = approve(parts, lanes) if approving else {}
        proposals = propose(parts, lanes)
        if out:
            _write_doubts(out, proposals)
    document = {
        "lanes": [_document(one, approved) for one in proposals],
        "linked_by_answer": linked,
        "approved": approving,
    }
    call.out.show(document, lambda: _draw(call, proposals, approved, approving, out))
    doubts = sum(len(one.doubts) for one in proposals)
    return Exit.LEFT_OVER if doubts or any(not one.approved for one in proposals) else Exit.DONE


@contextmanager
def _reading(call: Call) -> Iterator[Parts]:
    """The channels as they are now; beside a running daemon, as it has read them.

    Links and approvals are transactions of the ledger, which a daemon notices by itself.
    """
    with ExitStack() as stack:
        try:
            parts = stack.enter_context(engine_alone(call))
        except AlreadyHeldError:
            yield stack.enter_context(working(call))
            return
        _read(parts, call, parts.lanes(call.scope))
        yield parts


def _read(parts: Parts, call: Call, lanes: Sequence[Lane]) -> None:
    """Everything that changed since it was last read; the first time, everything."""
    report = Report()
    read_facts(parts, call.scope, report)
    for lane in lanes:
        observe(parts, lane)
    for error in report.errors.values():
        raise error


def _document(one: Proposal, approved: dict[str, Tally]) -> dict[str, object]:
    tally = approved.get(f"{one.channel}/{one.entity}", Tally())
    return {
        "channel": one.channel,
        "entity": one.entity,
        "approved": one.approved,
        "links": one.links,
        "new": one.fresh,
        "linked": tally.linked,
        "recorded": tally.created,
        "doubts": [_doubt(each) for each in one.doubts],
    }


def _doubt(one: Stranger) -> dict[str, object]:
    return {"id": one.external_id, "key": one.key, "reason": one.reason, "candidates": one.candidates}


def _draw(
    call: Call, proposals: Sequence[Proposal], approved: dict[str, Tally], approving: bool, out: Path | None
) -> None:
    rows = []
    for one in proposals:
        tally = approved.get(f"{one.channel}/{one.entity}", Tally())
        links, fresh = (tally.linked, tally.created) if approving else (one.links, one.fresh)
        rows.append((one.channel, one.entity, links, fresh, len(one.doubts)))
    names = ("linked", "recorded") if approving else ("would link", "only here so far")
    call.out.table(("channel", "entity", *names, "in doubt"), rows)
    for one in proposals:
        for doubt in one.doubts[:20]:
            call.out.line(f"{one.channel} {one.entity} {doubt.key}: {doubt.reason}")
    if not approving and any(not one.approved for one in proposals):
        call.out.line("Nothing was linked. `connector match --approve` links what matches exactly and uniquely.")
    if out:
        call.out.line(f"The doubts are in {out}: fill in record_id, then `connector match --in {out}`.")


def _write_doubts(out: Path, proposals: Sequence[Proposal]) -> None:
    with out.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for one in proposals:
            for doubt in one.doubts:
                candidates = " ".join(str(candidate) for candidate in doubt.candidates)
                row = (one.channel, one.entity, doubt.external_id, doubt.key, doubt.reason, candidates, "")
                writer.writerow([_inert(str(cell)) for cell in row])


def _inert(cell: str) -> str:
    """A cell that a spreadsheet would run as a formula is marked as text."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@") else cell


@dataclass(frozen=True)
class Answer:
    """One filled-in row of the CSV file."""

    channel: str
    entity: Entity
    external_id: str
    record_id: int


def _take_answers(parts: Parts, path: Path) -> int:
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = [row for row in csv.DictReader(file) if (row.get("record_id") or "").strip()]
    linked = 0
    for number, row in enumerate(rows, start=2):
        answer = _answer(row, path, number, parts)
        lane = parts.lane(answer.channel, answer.entity)
        if _is_waiting(parts, answer):
            linked += link(parts, lane, answer.external_id, answer.record_id).linked
        else:
            sys.stderr.write(f"{path}:{number}: {answer.external_id} waits for no match any more; left out\n")
    return linked


def _answer(row: dict[str, str], path: Path, number: int, parts: Parts) -> Answer:
    try:
        external_id = row["external_id"].lstrip("'")
        answer = Answer(row["channel"], Entity(row["entity"]), external_id, int(row["record_id"]))
    except (KeyError, ValueError) as error:
        raise click.UsageError(f"{path}:{number}: {error}; the columns are {', '.join(COLUMNS)}") from None
    if answer.channel not in {side.name for side in parts.topology.sides_of(answer.entity)}:
        raise click.UsageError(f"{path}:{number}: {answer.channel} takes no part in {answer.entity}")
    _check_record(answer, path, number, parts)
    return answer


def _check_record(answer: Answer, path: Path, number: int, parts: Parts) -> None:
    """It must be there, be of that entity, and not be bound on that channel to something else."""
    with parts.ledger.read() as session:
        known = records.load(session, [answer.record_id]).get(answer.record_id)
    if known is None or known.record.entity is not answer.entity:
        raise click.UsageError(f"{path}:{number}: there is no {answer.entity} {answer.record_id}")
    binding = known.bindings.get(answer.channel)
    if binding is not None and binding.state == "bound" and binding.external_id != answer.external_id:
        told = f"{answer.record_id} is linked there to {binding.external_id} already"
        raise click.UsageError(f"{path}:{number}: {told}; delete or rename one of the two first")


def _is_waiting(parts: Parts, answer: Answer) -> bool:
    with parts.ledger.read() as session:
        return holds.find_stranger(session, answer.channel, answer.entity, answer.external_id) is not None
