"""What is not there any more: deletion feeds, completed sweeps, and what a tombstone means (sync-model 5.5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from connector.decide.brakes import is_emptied
from connector.decide.life import Absence, Source, judge_absence
from connector.ledger import holds, lanes, records
from connector.ledger.holds import Case
from connector.model.binding import WHOLE_BINDING, Held
from connector.observe.feed import Read, read_pages
from connector.observe.intake import take_page
from connector.observe.reading import Reading, Tally
from connector.observe.tombstone import bury, seen_gone
from connector.observe.weighing import park_deletions
from connector.observe.workspace import Workspace
from connector.parts import Lane, Parts

#: What is told of a row whose absence concludes nothing, and what ends it.
VANISHED: Final = "its row is not there any more, so nothing is written to it"
PUT_BACK: Final = "put it there again, as for a place that carries the product again; it goes on by itself then"

#: Ids asked about in one confirming read.
BATCH = 100


def sweep(parts: Parts, lane: Lane) -> Tally:
    """A complete listing: what changed is merged, and only its completion may conclude that something is gone."""
    channel = parts.channel(lane)
    with parts.ledger.read() as session:
        missing = records.external_ids(session, lane.side.name, lane.entity)
        since = lanes.state(session, lane.side.name, lane.entity).observed_at
    tally, complete, known_before = Tally(), False, len(missing)
    for read in read_pages(parts, lambda: channel.sweep(lane.entity)):
        with parts.ledger.write() as session:
            workspace = Workspace(session, parts.topology, parts.moment(session))
            reading = Reading(lane, read.sequence, read.page.began_at, since, channel.clock_offset)
            tally.add(take_page(workspace, reading, read.page))
        missing.difference_update(row.external_id for row in read.page.rows if not row.deleted)
        parts.wake(workspace.woken)
        parts.progress(str(lane), tally.rows)
        if parts.stop.is_set():
            return tally  # a listing that was cut short concludes nothing
        complete = _completed(parts, lane, read)
    if complete:
        emptied = is_emptied(tally.rows, known_before)
        tally.gone += _conclude(parts, lane, missing, source="sweep", emptied=emptied)
    return tally


def _completed(parts: Parts, lane: Lane, read: Read) -> bool:
    if read.page.complete:
        with parts.ledger.write() as session:
            began_at = read.page.began_at
            lanes.save(session, lane.side.name, lane.entity, swept_at=began_at, observed_at=began_at)
    return read.page.complete


def _conclude(parts: Parts, lane: Lane, missing: Iterable[str], *, source: Source, emptied: bool = False) -> int:
    """Ask by id about what a listing left out; what is not there either is buried, as far as no brake trips."""
    if not lane.side.can(lane.entity).sweep_concludes_gone:
        return 0
    gone: list[str] = []
    for chunk in records.chunks(sorted(missing), BATCH):
        there = {row.external_id for row in parts.channel(lane).read(lane.entity, chunk) if not row.deleted}
        for id_ in chunk:
            sign = Absence(source, sweep_completed=True, known_before=True, absent_by_id=id_ not in there)
            if judge_absence(sign) == "gone":
                gone.append(id_)
    return bury_all(parts, lane, gone, emptied=emptied)


def suspect(parts: Parts, lane: Lane, ids: Sequence[str]) -> None:
    """A read by id, just before a write, did not find these: they owe nothing until a sweep has judged.

    Where absence concludes nothing, as the adapter states, they wait for their row to come back.
    """
    if not lane.side.can(lane.entity).sweep_concludes_gone:
        _hold_vanished(parts, lane, ids)
        return
    with parts.ledger.write() as session:
        workspace = Workspace(session, parts.topology, parts.moment(session))
        bound = records.by_reference(session, lane.side.name, lane.entity, ids, by_address=False)
        workspace.load(bound.values())
        for record_id in bound.values():
            binding = workspace.known[record_id].bindings[lane.side.name]
            workspace.change_binding(replace(binding, reread=True))
        lanes.save(session, lane.side.name, lane.entity, swept_at=None)
        workspace.flush()
    _conclude_by_id(parts, lane, ids)


def _hold_vanished(parts: Parts, lane: Lane, ids: Sequence[str]) -> None:
    """Rows that are not there, although their record was not deleted: they are not written, and a person is told."""
    channel = lane.side.name
    with parts.ledger.write() as session:
        workspace = Workspace(session, parts.topology, parts.moment(session))
        bound = records.by_reference(session, channel, lane.entity, ids, by_address=False)
        workspace.load(bound.values())
        for external_id, record_id in bound.items():
            known = workspace.known[record_id]
            binding = known.bindings[channel]
            held = {**binding.held, WHOLE_BINDING: Held("vanished", VANISHED, since=session.now)}
            # Without a fingerprint it is looked at as soon as it is listed again, whatever it shows.
            workspace.change_binding(replace(binding, held=held, fingerprint=None, reread=False))
            parent = workspace.parent_of(known)
            key = known.record.key if parent is None else f"{parent.record.key} {known.record.key}"
            case = Case(channel, lane.entity, external_id, record_id, key, "", "out", "Gone", VANISHED, PUT_BACK)
            holds.confine(session, case)
        workspace.flush()


def _conclude_by_id(parts: Parts, lane: Lane, ids: Sequence[str]) -> None:
    """A complete listing is the judge; it is taken at once, since the lane cannot write past it."""
    missing, complete = set(ids), False
    for page in parts.channel(lane).sweep(lane.entity):
        missing.difference_update(row.external_id for row in page.rows if not row.deleted)
        complete = page.complete
    if complete:
        _conclude(parts, lane, missing, source="sweep")


def bury_all(parts: Parts, lane: Lane, ids: Sequence[str], *, emptied: bool = False) -> int:
    """Tombstones for confirmed deletions, as far as no brake trips; answers how many there were."""
    if not ids:
        return 0
    with parts.ledger.write() as session:
        workspace = Workspace(session, parts.topology, parts.moment(session))
        passed = park_deletions(workspace, lane, ids, emptied=emptied)
        buried = bury(workspace, lane, seen_gone(workspace, lane, passed, session.now))
        workspace.flush()
    parts.wake(workspace.woken)
    return buried
