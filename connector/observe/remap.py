"""A changed mapping is no edit by anybody: debts are reckoned anew from the native shadows (sync-model 3)."""

from __future__ import annotations

from connector.ledger import lanes, records
from connector.observe.absorb import identity_of
from connector.observe.workspace import Workspace
from connector.parts import Lane, Parts, Scope


def take_up_mappings(parts: Parts, scope: Scope) -> list[Lane]:
    """Reckon the lanes anew whose mapping says something else than when they were read; answers which.

    Their feeds begin again, so that newly mapped fields are met, for the first time. What is owed
    then is old, and goes through the brakes. Safe to kill: it is noted last.
    """
    changed = [lane for lane in parts.lanes(scope) if _is_new(parts, lane)]
    for lane in changed:
        with parts.ledger.read() as session:
            known_before = lanes.read_meta(session, _name(lane)) is not None
        if known_before:
            _reckon_all(parts, lane)
            parts.log.info("mapping.changed", lane=str(lane))
        with parts.ledger.write() as session:
            if known_before:
                lanes.forget_cursor(session, lane.side.name, lane.entity)
            lanes.write_meta(session, _name(lane), _identity(lane))
    return changed


def _is_new(parts: Parts, lane: Lane) -> bool:
    with parts.ledger.read() as session:
        return lanes.read_meta(session, _name(lane)) != _identity(lane)


def _name(lane: Lane) -> str:
    return f"mapping:{lane.side.name}:{lane.entity}"


def _identity(lane: Lane) -> str:
    return identity_of(lane.side.mappings[lane.entity]).hex()


def _reckon_all(parts: Parts, lane: Lane) -> None:
    after = 0
    while True:
        with parts.ledger.write() as session:
            ids = records.record_ids(session, lane.entity, after=after)
            workspace = Workspace(session, parts.topology, parts.moment(session))
            workspace.load(ids)
            for id_ in ids:
                workspace.touch(id_)
            workspace.flush()
        parts.wake(workspace.woken)
        if not ids:
            return
        after = ids[-1]
