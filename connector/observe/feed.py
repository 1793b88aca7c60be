"""Reading what changed: pages from the cursor; a page, its merges and the cursor in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from connector.contract import Facts, Page
from connector.ledger import lanes, records
from connector.model.entity import Entity
from connector.observe.intake import take_page
from connector.observe.reading import Reading, Tally
from connector.observe.workspace import Workspace
from connector.parts import Lane, Parts
from connector.stock.intake import take_facts

#: Two clocks that differ by less agree: headers that tell the time count whole seconds.
CLOCK_NOISE: Final = timedelta(seconds=2)


@dataclass(frozen=True)
class Read:
    """One page with the ledger's sequence when its read began."""

    page: Page
    sequence: int


def observe(parts: Parts, lane: Lane) -> Tally:
    """Read a lane's change feed to its end. Safe to kill at any line: the cursor moves with its merges."""
    channel = parts.channel(lane)
    with parts.ledger.read() as session:
        cursor = lanes.read_cursor(session, lane.side.name, lane.entity)
        since = lanes.state(session, lane.side.name, lane.entity).observed_at
    tally = Tally()
    for read in read_pages(parts, lambda: channel.changes(lane.entity, cursor)):
        with parts.ledger.write() as session:
            workspace = Workspace(session, parts.topology, parts.moment(session))
            reading = Reading(lane, read.sequence, read.page.began_at, since, channel.clock_offset)
            tally.add(take_page(workspace, reading, read.page))
            if read.page.cursor is not None:
                lanes.advance(session, lane.side.name, lane.entity, read.page.cursor)
            if read.page.complete:
                lanes.save(session, lane.side.name, lane.entity, observed_at=read.page.began_at)
        parts.wake(workspace.woken)
        parts.progress(str(lane), tally.rows)
        if parts.stop.is_set():
            break
    return tally


def read_pages(parts: Parts, start: Callable[[], Iterator[Page]]) -> Iterator[Read]:
    """Pages as they come; the sequence is taken before each one is asked for (rule 2.0)."""
    sequence = parts.ledger.current_sequence()
    for page in start():
        yield Read(page, sequence)
        sequence = parts.ledger.current_sequence()


def observe_facts(parts: Parts, channel_name: str) -> int:
    """Claims and hand-overs of one channel, read before any stock figure; answers how many hand-overs were new."""
    side = parts.topology.sides[channel_name]
    if not side.capabilities.facts:
        return 0
    with parts.ledger.read() as session:
        cursor = lanes.read_cursor(session, channel_name, "facts")
    channel = parts.open_channel(channel_name)
    facts = _by_our_clock(channel.facts(cursor), channel.clock_offset)
    with parts.ledger.write() as session:
        workspace = Workspace(session, parts.topology, parts.moment(session))
        new = take_facts(workspace, side, facts, first=cursor is None)
        if facts.cursor is not None:
            lanes.advance(session, channel_name, "facts", facts.cursor)
    parts.wake(workspace.woken)
    return new


def _by_our_clock(facts: Facts, offset: timedelta) -> Facts:
    """Facts are compared with our reads and writes. In whole seconds, as channels date them; less is noise."""
    ahead = timedelta(seconds=round(offset.total_seconds()))
    if abs(ahead) < CLOCK_NOISE:
        return facts
    return replace(
        facts,
        hand_overs=[replace(one, at=None if one.at is None else one.at - ahead) for one in facts.hand_overs],
        counts=[replace(one, at=one.at - ahead) for one in facts.counts],
    )


def reread(parts: Parts, lane: Lane, ids: list[str]) -> set[str]:
    """Read these records now, by id, and merge them; answers the ids that are not there."""
    if not ids:
        return set()
    channel = parts.channel(lane)
    sequence, began_at = parts.ledger.current_sequence(), parts.now()
    rows = channel.read(lane.entity, ids)
    since = _last_seen(parts, lane)
    with parts.ledger.write() as session:
        workspace = Workspace(session, parts.topology, parts.moment(session))
        take_page(workspace, Reading(lane, sequence, began_at, since, channel.clock_offset), Page(rows, began_at))
    parts.wake(workspace.woken)
    return set(ids) - {row.external_id for row in rows if not row.deleted}


def reread_due(parts: Parts, lane: Lane, limit: int = 200) -> set[str]:
    """Read again what was dropped, and what the calendar alone changes today; answers what is not there."""
    with parts.ledger.read() as session:
        ids = records.to_reread(session, lane.side.name, lane.entity, parts.today(), limit)
        unbound = records.due_unbound(session, lane.side.name, lane.entity, parts.today())
    if unbound:
        _reckon(parts, unbound)
    return reread(parts, lane, ids)


def _reckon(parts: Parts, record_ids: list[int]) -> None:
    """Debts that the calendar changes where nothing can be read: a thing that is not there yet."""
    with parts.ledger.write() as session:
        workspace = Workspace(session, parts.topology, parts.moment(session))
        workspace.load(record_ids)
        for id_ in record_ids:
            workspace.touch(id_)
        workspace.flush()
    parts.wake(workspace.woken)


def _last_seen(parts: Parts, lane: Lane) -> datetime | None:
    with parts.ledger.read() as session:
        return lanes.state(session, lane.side.name, lane.entity).observed_at


def channels_with_facts(parts: Parts) -> list[str]:
    """Channels that report claims and hand-overs and take part in stock."""
    if Entity.STOCK not in parts.topology.config.sync:
        return []
    return [side.name for side in parts.topology.sides_of(Entity.STOCK) if side.capabilities.facts]
