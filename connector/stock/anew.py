"""Stock after a restored ledger: begun anew from what the channels show (sync-model 5.10).

The shadows of a backup are old: against them each channel's figure would be booked as a movement
once more, once per channel (known failure 33). So they are forgotten, every channel is read
completely, and the lowest figure that one of them implies is agreed: more could oversell.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Final

from connector.decide.stock import ZERO, begin_anew, implied_on_hand, still_to_subtract
from connector.ledger import debts, records
from connector.model.binding import Agreed, Provenance
from connector.model.entity import Entity, Value
from connector.model.record import Binding, Event, Known
from connector.observe.workspace import Workspace
from connector.parts import Parts
from connector.stock.picture import ON_HAND, as_decimal, direction, facts_of, view_of
from connector.stock.uncertain import flag

#: Records per transaction.
CHUNK: Final = 500


def forget_figures(parts: Parts) -> None:
    """What the channels showed when the backup was made means nothing now. Safe to repeat."""
    for ids in _chunks(parts):
        with parts.ledger.write() as session:
            for known in records.load(session, ids).values():
                for binding in known.bindings.values():
                    fresh = {n: value for n, value in binding.shadow.items() if n != _figure_name(parts, binding)}
                    forgotten = replace(binding, shadow=fresh, fingerprint=None, handed=None, dirty=False)
                    records.save_binding(session, forgotten)
    with parts.ledger.write() as session:
        for side in parts.topology.sides.values():
            open_ = debts.in_doubt(session, side.name, Entity.STOCK)
            debts.close_intents(session, [intent.token for intent in open_])


def agree_lowest(parts: Parts) -> int:
    """Once every channel was read: agree the lowest figure; answers how many records differ, and are `uncertain`."""
    uncertain = 0
    for ids in _chunks(parts):
        with parts.ledger.write() as session:
            workspace = Workspace(session, parts.topology, parts.moment(session))
            workspace.load(ids)
            for id_ in ids:
                uncertain += _agree_one(parts, workspace, workspace.known[id_])
            workspace.flush()
        parts.wake(workspace.woken)
    return uncertain


def _agree_one(parts: Parts, workspace: Workspace, known: Known) -> bool:
    implied = _implied(parts, workspace, known)
    if not implied:
        return False
    lowest, differs = begin_anew(implied)
    channel = min(implied, key=lambda name: (implied[name], name))
    by = Provenance(channel, workspace.session.now, None, "begun-anew", workspace.session.sequence)
    record = replace(known.record, agreed={**known.record.agreed, ON_HAND: Agreed(lowest, by)}, sequence=by.sequence)
    workspace.change_record(record)
    detail: dict[str, Value] = {"agreed": lowest, **{f"implied by {name}": figure for name, figure in implied.items()}}
    workspace.note([Event("begun-anew", channel, Entity.STOCK, known.record.id, ON_HAND, detail)])
    if differs:
        _flag(workspace, known, implied)
    return differs


def _implied(parts: Parts, workspace: Workspace, known: Known) -> dict[str, Decimal]:
    """Channel → on hand as its figure implies it; a channel that shows a view, or is only written, implies none."""
    product = known.record.parent_id or 0
    facts = facts_of(workspace.session, parts.topology, [product])[product]
    found: dict[str, Decimal] = {}
    for channel, binding in known.bindings.items():
        name = _figure_name(parts, binding)
        states = view_of(parts.topology, channel) is None and direction(parts.topology, channel) != "out"
        if states and binding.state == "bound" and name in binding.shadow:
            waiting = still_to_subtract(facts, channel).get(known.record.place, ZERO)
            found[channel] = implied_on_hand(as_decimal(binding.shadow[name]), waiting)
    return found


def _flag(workspace: Workspace, known: Known, implied: dict[str, Decimal]) -> None:
    told = ", ".join(f"{name} {figure}" for name, figure in sorted(implied.items()))
    for channel, shown in implied.items():
        flag(workspace, known.record.id, channel, f"the ledger was restored, and the channels differ: {told}", shown)


def _figure_name(parts: Parts, binding: Binding) -> str:
    mapping = parts.topology.sides[binding.channel].mappings[Entity.STOCK]
    return mapping.names_of(ON_HAND, binding.part)[0]


def _chunks(parts: Parts) -> list[list[int]]:
    chunks: list[list[int]] = []
    after = 0
    while True:
        with parts.ledger.read() as session:
            ids = records.record_ids(session, Entity.STOCK, after=after, limit=CHUNK)
        if not ids:
            return chunks
        chunks.append(ids)
        after = ids[-1]
