"""Paying debts: dirty bindings in batches; look again, intend, write, receive.

Every create is preceded by a look-up of its key there; every overwriting write by a fresh read of
the batch. Intents are durable before the call and receipts after it, so that a kill at any line
leaves either a debt or a write in doubt, never a loss.
"""

from __future__ import annotations

import random
import secrets
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from connector.contract import Page, Row, RowResult
from connector.decide.create import AskFirst, Create, KeyTaken, Match, decide_create
from connector.decide.retry import Refusal, lane_fault
from connector.deliver import receipts
from connector.deliver.compose import Composed, compose, compose_stock
from connector.deliver.lookup import find_there
from connector.deliver.weighing import pass_out
from connector.errors import (
    AuthFailed,
    ChannelError,
    ConnectorError,
    ContractBroken,
    MappingError,
    RateLimited,
    Transient,
)
from connector.ledger import debts, holds, records
from connector.ledger.holds import Case
from connector.ledger.store import Session
from connector.model.binding import WHOLE_BINDING, Held
from connector.model.entity import Entity, Value
from connector.model.fields import spec_of
from connector.model.record import Binding, Known
from connector.observe.absence import suspect
from connector.observe.absorb import is_due
from connector.observe.feed import reread
from connector.observe.intake import Reading, Tally, take_page
from connector.observe.workspace import Workspace
from connector.parts import Lane, Parts
from connector.stock.picture import facts_of, on_hand_of, targets_there
from connector.stock.settle import debt

#: Records looked at together where the channel writes one at a time.
SINGLES = 20


@dataclass
class Delivered:
    """What a delivery did, by outcome: receipt, refused, in-doubt, matched …"""

    outcomes: Counter[str] = field(default_factory=Counter)
    refusals: list[Refusal] = field(default_factory=list)
    calls: int = 0

    @property
    def written(self) -> int:
        return self.outcomes["receipt"]


def new_token() -> str:
    """The engine's name of one write; short, since it may end up in a remote description."""
    return secrets.token_hex(8)


def deliver(parts: Parts, lane: Lane, scope_keys: Sequence[str] = ()) -> Delivered:
    """Pay what this lane owes and can pay now. Raises what concerns the whole lane, after storing what happened."""
    done = Delivered()
    if lane.side.read_only:
        return done
    tried: Counter[int] = Counter()
    turns = len(lane.side.can(lane.entity).parts) + 2  # its calls, one by one, and once more after being found there
    while not parts.stop.is_set():
        batch = _next_batch(parts, lane, scope_keys, {id_ for id_, times in tried.items() if times >= turns})
        if not batch:
            return done
        moved = _deliver_batch(parts, lane, batch, done)
        tried.update({id_: 1 if id_ in moved else turns for id_ in batch})
        parts.progress(str(lane), done.written)
        _stop_on_channel_fault(lane, done)
    return done


def batch_size(lane: Lane) -> int:
    return max(lane.side.can(lane.entity).write_batch, SINGLES)


def _next_batch(parts: Parts, lane: Lane, scope_keys: Sequence[str], tried: set[int]) -> list[int]:
    with parts.ledger.read() as session:
        owing = records.dirty(session, lane.side.name, lane.entity, batch_size(lane) + len(tried))
        doubtful = {intent.record_id for intent in debts.in_doubt(session, lane.side.name, lane.entity)}
        chosen = [id_ for id_ in owing if id_ not in tried and id_ not in doubtful]
        if scope_keys:
            chosen = [id_ for id_ in chosen if records.has_key(session, id_, scope_keys)]
        return chosen[: batch_size(lane)]


def _deliver_batch(parts: Parts, lane: Lane, batch: Sequence[int], done: Delivered) -> set[int]:
    """One batch: answers the records that came a step further, and so may owe the next."""
    _look_again(parts, lane, batch)
    moved = _look_up_creates(parts, lane, batch, done)
    composed = _intend(parts, lane, batch, done)
    chunks = _chunks(composed, max(lane.side.can(lane.entity).write_batch, 1))
    for place, chunk in enumerate(chunks):
        if parts.stop.is_set():
            _withdraw(parts, chunk)
            continue
        try:
            moved |= _send(parts, lane, chunk, done)
        except Exception:
            for unsent in chunks[place + 1 :]:
                _withdraw(parts, unsent)
            raise
    return moved


def _chunks(composed: Sequence[Composed], size: int) -> list[list[Composed]]:
    return [list(composed[start : start + size]) for start in range(0, len(composed), size)]


def _look_again(parts: Parts, lane: Lane, batch: Sequence[int]) -> None:
    """A fresh read before a write that would overwrite what it has not seen."""
    always = lane.side.can(lane.entity).reread
    with parts.ledger.read() as session:
        known = records.load(session, batch)
    bindings = [one.bindings[lane.side.name] for one in known.values() if lane.side.name in one.bindings]
    wanted = [each for each in bindings if always or each.reread or is_due(each, parts.today())]
    ids = [each.external_id for each in wanted if each.external_id is not None]
    missing = reread(parts, lane, ids)
    if missing:
        suspect(parts, lane, sorted(missing))


def _look_up_creates(parts: Parts, lane: Lane, batch: Sequence[int], done: Delivered) -> set[int]:
    """Every create is preceded by a look-up of the key there: a stranger found is the thing (5.8)."""
    with parts.ledger.read() as session:
        known = _load(parts, session, batch)
    owed = [one for id_, one in known.items() if id_ in set(batch) and _is_create(one, lane)]
    matched = set()
    for one in owed:
        if _decide_create(parts, lane, one, find_there(parts, lane, one, known), done):
            matched.add(one.record.id)
    return matched


def _load(parts: Parts, session: Session, batch: Iterable[int]) -> dict[int, Known]:
    workspace = Workspace(session, parts.topology, parts.moment(session))
    workspace.load(batch)
    return workspace.known


def _is_create(known: Known, lane: Lane) -> bool:
    binding = known.bindings.get(lane.side.name)
    return binding is not None and binding.external_id is None and binding.dirty


def _decide_create(parts: Parts, lane: Lane, known: Known, found: Sequence[Row] | None, done: Delivered) -> bool:
    """Match, hold, or go on to create; answers whether it was matched."""
    rows = {row.external_id: row for row in found or ()}
    with parts.ledger.write() as session:
        workspace = Workspace(session, parts.topology, parts.moment(session))
        bound = records.by_reference(session, lane.side.name, lane.entity, rows, by_address=False)
        others = frozenset(id_ for id_, record_id in bound.items() if record_id != known.record.id)
        decision = decide_create(None if found is None else list(rows), others)
        if isinstance(decision, Create):
            return False
        workspace.load([known.record.id])
        if isinstance(decision, Match):
            _adopt(workspace, lane, known.record.id, rows[decision.external_id], parts)
            done.outcomes["matched"] += 1
        else:
            _hold_create(parts, workspace, lane, known.record.id, decision)
            done.outcomes["refused"] += 1
        workspace.flush()
    parts.wake(workspace.woken)
    return isinstance(decision, Match)


def _adopt(workspace: Workspace, lane: Lane, record_id: int, row: Row, parts: Parts) -> None:
    """What was to be created is there already: first contact, in place of the create."""
    known = workspace.get(record_id)
    binding = replace(known.bindings[lane.side.name], external_id=row.external_id, origin="matched", state="bound")
    workspace.change_binding(replace(binding, dirty=False))
    workspace.flush()
    reading = Reading(lane, workspace.session.sequence, parts.now(), None)
    take_page(workspace, reading, Page([row], parts.now()))


def _hold_create(parts: Parts, workspace: Workspace, lane: Lane, record_id: int, decision: KeyTaken | AskFirst) -> None:
    known = workspace.get(record_id)
    binding = known.bindings[lane.side.name]
    if isinstance(decision, KeyTaken):
        cause = f"its key is held there by {', '.join(decision.holders)}, which is another record or more than one"
        remedy = "settle which is which with `connector match`, or change one of the keys"
    else:
        cause, remedy = (
            "neither key nor own reference can be looked up there",
            "create it there by hand, then `connector match`",
        )
    composed = _compose(parts, workspace, lane, record_id)
    waiting: Value = {} if composed is None else dict(composed.owed)
    hold = Held("quarantine", cause, projected=waiting, since=workspace.session.now)
    workspace.change_binding(replace(binding, held={**binding.held, WHOLE_BINDING: hold}))
    case = Case(lane.side.name, lane.entity, "", record_id, known.record.key, "", "out", "KeyTaken", cause, remedy)
    holds.confine(workspace.session, case)


def _intend(parts: Parts, lane: Lane, batch: Sequence[int], done: Delivered) -> list[Composed]:
    """Compute what is still owed, and store the intents: durable before anything is sent."""
    with parts.ledger.write() as session:
        workspace = Workspace(session, parts.topology, parts.moment(session))
        workspace.load(batch)
        composed = [one for id_ in batch if (one := _compose(parts, workspace, lane, id_)) is not None]
        composed = [_hold_problems(workspace, lane, one, done) for one in composed]
        ready = pass_out(workspace, lane, [one for one in composed if one.intent is not None])
        debts.open_intents(session, [one.intent for one in ready if one.intent is not None])
        workspace.flush()
        return ready


def _compose(parts: Parts, workspace: Workspace, lane: Lane, record_id: int) -> Composed | None:
    known = workspace.get(record_id)
    binding = known.bindings.get(lane.side.name)
    if binding is None or not binding.dirty or binding.reread or is_due(binding, parts.today()):
        return None
    parent = workspace.parent_of(known)
    if lane.entity is Entity.STOCK and parent is not None:
        return _compose_stock(parts, workspace, lane, known, parent)
    return compose(parts.topology, lane.side, known, parent, binding, parts.now(), new_token())


def _compose_stock(parts: Parts, workspace: Workspace, lane: Lane, known: Known, parent: Known) -> Composed | None:
    side, session, product_id = lane.side, workspace.session, parent.record.id
    facts = facts_of(session, parts.topology, [product_id])[product_id]
    siblings = records.dependents(session, Entity.STOCK, [product_id])[product_id]
    workspace.load(siblings)
    figures = [workspace.known[id_] for id_ in siblings]
    on_hand = {one.record.place: pieces for one in figures if (pieces := on_hand_of(one)) is not None}
    target = targets_there(parts.topology, side, parent.record, on_hand, facts).get(known.record.place)
    binding, place = known.bindings[side.name], known.record.place
    if target is None:
        return None
    pieces = debt(side, binding, place, target, facts)
    if not pieces:
        return None
    handed = facts.handed(side.name, place)
    return compose_stock(parts.topology, side, known, parent, binding, target, pieces, handed, parts.now(), new_token())


def _hold_problems(workspace: Workspace, lane: Lane, composed: Composed, done: Delivered) -> Composed:
    """What the mapping cannot carry there waits alone, with its cause; the rest is written.

    Where that is a part of the key nothing is created: the record waits as a whole.
    """
    if not composed.problems:
        return composed
    known = workspace.get(composed.binding.record_id)
    binding, now = known.bindings[lane.side.name], workspace.session.now
    keyless = binding.external_id is None and any(_is_key(lane.entity, name) for name in composed.problems)
    held = dict(binding.held)
    for name, problem in composed.problems.items():
        waiting: Value = dict(composed.owed) if keyless else composed.owed.get(name)
        held[WHOLE_BINDING if keyless else name] = Held("quarantine", str(problem), projected=waiting, since=now)
        _confine(workspace, lane, known, binding, WHOLE_BINDING if keyless else name, problem)
        done.outcomes["refused"] += 1
    workspace.change_binding(replace(binding, held=held))
    return replace(composed, write=None, intent=None) if keyless else composed


def _is_key(entity: Entity, name: str) -> bool:
    spec = spec_of(entity, name)
    return spec is not None and spec.key


def _confine(
    workspace: Workspace, lane: Lane, known: Known, binding: Binding, name: str, problem: MappingError
) -> None:
    channel, id_, cause = lane.side.name, binding.external_id or "", str(problem)
    kind, key = type(problem).__name__, known.record.key
    case = Case(channel, lane.entity, id_, known.record.id, key, name, "out", kind, cause, problem.remedy)
    holds.confine(workspace.session, case)


def _send(parts: Parts, lane: Lane, chunk: Sequence[Composed], done: Delivered) -> set[int]:
    writes = [one.write for one in chunk if one.write is not None]
    try:
        results = parts.channel(lane).write(lane.entity, writes)
    except (RateLimited, AuthFailed, Transient):
        _withdraw(parts, chunk)  # by contract nothing was sent; after any other error that is not known
        raise
    done.calls += 1
    return _receive(parts, lane, chunk, {result.token: result for result in results}, done)


def _receive(
    parts: Parts, lane: Lane, chunk: Sequence[Composed], results: dict[str, RowResult], done: Delivered
) -> set[int]:
    """The results into the ledger; answers the records whose write was confirmed."""
    confirmed = set()
    with parts.ledger.write() as session:
        workspace = Workspace(session, parts.topology, parts.moment(session))
        workspace.load(one.binding.record_id for one in chunk)
        for one in chunk:
            result = results.get(one.intent.token) if one.intent is not None else None
            outcome = receipts.settle_result(workspace, lane.side, one, result, random.random())  # noqa: S311 jitter
            done.outcomes[outcome] += 1
            if outcome == "receipt":
                confirmed.add(one.binding.record_id)
            _log(parts, workspace, lane, one, outcome)
            if outcome == "refused" and result is not None and result.error is not None:
                done.refusals.append(_refusal(result.error))
        workspace.flush()
    parts.wake(workspace.woken)
    return confirmed


def _log(parts: Parts, workspace: Workspace, lane: Lane, one: Composed, outcome: str) -> None:
    """What travels, as facts with context; the redactor keeps a customer's key out of the line."""
    known = workspace.known[one.binding.record_id]
    parent = workspace.parent_of(known)
    key = known.record.key if parent is None else f"{parent.record.key} {known.record.key}"
    event = {"receipt": "write.confirmed", "in-doubt": "write.in_doubt"}.get(outcome, f"write.{outcome}")
    operation = "" if one.intent is None else one.intent.operation
    told = {"channel": lane.side.name, "entity": lane.entity.value, "key": key, "operation": operation}
    parts.log.info(event, **told, fields=sorted(one.owed), attempt=one.binding.attempts + 1)


def _withdraw(parts: Parts, chunk: Sequence[Composed]) -> None:
    """Intents of writes that were never sent."""
    with parts.ledger.write() as session:
        debts.close_intents(session, [one.intent.token for one in chunk if one.intent is not None])


def _refusal(error: ConnectorError) -> Refusal:
    status = error.status if isinstance(error, ChannelError) else None
    return Refusal(type(error).__name__, status, str(error))


def _stop_on_channel_fault(lane: Lane, done: Delivered) -> None:
    """The same refusal of many records is a fault of the channel: the lane stops instead (5.7)."""
    fault = lane_fault(done.refusals, done.outcomes["refused"] + done.outcomes["receipt"])
    if fault is not None:
        message = f"{lane.side.name} refuses one {lane.entity} after another alike: {fault.cause}"
        raise ContractBroken(message, channel=lane.side.name, status=fault.status)


__all__ = ["Delivered", "Tally", "deliver"]
