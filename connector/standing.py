"""How every lane stands: freshness, backlog, errors, and what waits for a person."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connector.ledger import debts, holds, lanes, records
from connector.ledger.store import Session
from connector.model.entity import Entity
from connector.observe.intake import AMBIGUOUS, UNAPPROVED
from connector.parts import Lane, Parts, Scope


@dataclass(frozen=True)
class Standing:
    """One lane (channel × entity).

    ``overdue``: it was not read for longer than three times what ``every`` promises, or never.
    ``conflicts`` are the entity's, the same on each of its lanes; ``is_first`` is its first lane.
    """

    channel: str
    entity: Entity
    approved: bool
    observed_at: datetime | None
    age_s: float | None
    every_s: int
    overdue: bool
    bound: int
    owed: int
    owed_since: datetime | None
    in_doubt: int
    held: int
    uncertain: int
    conflicts: int
    quarantined: int
    brakes: int
    unapproved: int
    doubtful: int
    failures: int
    error: dict[str, Any] | None
    paused_until: datetime | None
    stopped: bool
    read_only: bool
    is_first: bool


def standing(parts: Parts, scope: Scope) -> list[Standing]:
    """Every lane in scope as the ledger knows it; asks no channel anything."""
    with parts.ledger.read() as session:
        conflicts = Counter(one.entity for one in holds.conflicts(session))
        first: set[Entity] = set()
        found = []
        for lane in parts.lanes(scope):
            found.append(_of_lane(parts, session, lane, conflicts[lane.entity], lane.entity not in first))
            first.add(lane.entity)
        return found


def _of_lane(parts: Parts, session: Session, lane: Lane, conflicts: int, is_first: bool) -> Standing:
    channel, entity = lane.side.name, lane.entity
    state = lanes.state(session, channel, entity)
    owed, since = records.owed_count(session, channel, entity)
    every_s = parts.topology.sync(entity).every_s
    age_s = None if state.observed_at is None else (session.now - state.observed_at).total_seconds()
    strangers = holds.count_strangers(session, channel, entity)
    held = records.held_reasons(session, channel, entity)
    tripped = [one for one in holds.brakes(session) if (one.channel, one.entity) == (channel, entity)]
    return Standing(
        channel=channel,
        entity=entity,
        approved=state.approved_at is not None,
        observed_at=state.observed_at,
        age_s=age_s,
        every_s=every_s,
        overdue=age_s is None or age_s > 3 * every_s,
        bound=records.count_bound(session, channel, entity),
        owed=owed,
        owed_since=since,
        in_doubt=debts.count(session, channel, entity),
        held=sum(count for reason, count in held.items() if reason != "uncertain"),
        uncertain=held.get("uncertain", 0),
        conflicts=conflicts,
        quarantined=len(holds.cases(session, channel, entity)),
        brakes=len(tripped),
        unapproved=strangers.get(UNAPPROVED, 0),
        doubtful=sum(count for reason, count in strangers.items() if reason.startswith(AMBIGUOUS)),
        failures=state.failures,
        error=state.error,
        paused_until=state.paused_until,
        stopped=state.stopped,
        read_only=lane.side.read_only,
        is_first=is_first,
    )
