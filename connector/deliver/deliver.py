"""Paying debts: dirty bindings in batches; look again, intend, write, receive.

Every create is preceded by a look-up of its key there; every overwriting write by a fresh read of
the batch. Intents are durable before the call and receipts after it, so that a kill at any line
leaves either a debt or a write in doubt, never a loss.
"""

from __future__ import annotations

import random
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from connector.contract import Page, Row, RowResult
from connector.decide.create import AskFirst, Create, KeyTaken, Match, decide_create
from connector.decide.retry import Refusal, lane_fault
from connector.decide.stock import StockFacts
from connector.deliver import receipts
from connector.deliver.along import with_prices
from connector.deliver.compose import Composed, compose, compose_stock
from connector.deliver.lookup import Found, find_there
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
from connector.ledger import debts, holds, lanes, records
from connector.ledger.holds import Case
from connector.ledger.store import Session
from connector.model.binding import WHOLE_BINDING, Held
from connector.model.entity import Entity, Value
from connector.model.fields import spec_of
from connector.model.record import Binding, Known
from connector.observe.absence import suspect
from connector.observe.absorb import is_due
from connector.observe.feed import reread
from connector.observe.intake import take_page
from connector.observe.reading import Reading, Tally
from connector.observe.workspace import Workspace
from connector.parts import Lane, Parts
from connector.stock.picture import facts_of, handed_there, on_hand_of, targets_there
from connector.stock.settle import debt

#: Records looked at together where the channel writes one at a time: they share their look-ups.
SINGLES = 50
#: So many writes show whether a refusal is the channel's.
ENOUGH = 20


@dataclass
class Delivered:
    """What a delivery did, by outcome: receipt, refused, in-doubt, matched …"""

    outcomes: Counter[str] = field(default_factory=Counter)
    refusals: list[Refusal] = field(default_factory=list)
    calls: int = 0
    stop: ConnectorError | None = None  # what kept the channel from trying the rest of a batch

    @property
    def written(self) -> int:
        return self.outcomes["receipt"]

    @property
    def tried(self) -> int:
        return self.outcomes["refused"] + self.outcomes["receipt"]


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
        if done.stop is not None:
            raise done.stop
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
    """One batch: answers the records that came a step further, and so may owe the next.

    Read again last, so that between that and the write there is nothing else. What goes out in one call is
    intended just before it: with the receipts of the call before.
    """
    moved = _look_up_creates(parts, lane, batch, done)
    _look_again(parts, lane, batch)
    call, later = _let_out(parts, lane, batch, done)
    while call:
        results = _send(parts, lane, call, done)
        confirmed, call, later = _receive(parts, lane, call, results, later, done)
        moved |= confirmed
    return moved


def _call_size(lane: Lane) -> int:
    """How many writes an adapter is handed at once."""
    return max(lane.side.can(lane.entity).write_batch, 1)


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
    """Every create is preceded by a look-up of the key there: a stranger found is the thing (5.8).

    One question for the whole batch; what it means is decided record by record.
    """
    with parts.ledger.read() as session:
        known = _load(parts, session, batch)
    owed = [known[id_] for id_ in batch if _is_create(known[id_], lane)]
    found = find_there(parts, lane, owed, known)
    if not any(rows is None or rows for rows in found.values()):
        return set()
    with parts.ledger.write() as session:
        workspace = Workspace(session, parts.topology, parts.moment(session))
        workspace.load(found)
        matched = _decide_creates(parts, workspace, lane, found, done)
        workspace.flush()
    parts.wake(workspace.woken)
    return matched


def _load(parts: Parts, session: Session, batch: Iterable[int]) -> dict[int, Known]:
    workspace = Workspace(session, parts.topology, parts.moment(session))
    workspace.load(batch)
    return workspace.known


def _is_create(known: Known, lane: Lane) -> bool:
    binding = known.bindings.get(lane.side.name)
    return binding is not None and binding.external_id is None and binding.dirty


def _decide_creates(parts: Parts, workspace: Workspace, lane: Lane, found: Found, done: Delivered) -> set[int]:
    """Match, hold, or go on to create, one record after another; answers those that were matched."""
    ids = {row.external_id for rows in found.values() for row in rows or ()}
    bound = records.by_reference(workspace.session, lane.side.name, lane.entity, ids, by_address=False)
    matched: dict[int, Row] = {}
    for record_id, rows in found.items():
        there = {row.external_id: row for row in rows or ()}
        others = frozenset(id_ for id_ in there if bound.get(id_, record_id) != record_id)
        decision = decide_create(None if rows is None else list(there), others)
        if isinstance(decision, Match):
            bound[decision.external_id] = record_id  # of two that mean one thing the first has it
            matched[record_id] = there[decision.external_id]
        elif not isinstance(decision, Create):
            _hold_create(parts, workspace, lane, record_id, decision)
            done.outcomes["refused"] += 1
    _adopt(workspace, lane, matched, parts)
    done.outcomes["matched"] += len(matched)
    return set(matched)


def _adopt(workspace: Workspace, lane: Lane, matched: Mapping[int, Row], parts: Parts) -> None:
    """What was to be created is there already: first contact, in place of the creates."""
    for record_id, row in matched.items():
        binding = workspace.get(record_id).bindings[lane.side.name]
        linked = replace(binding, external_id=row.external_id, origin="matched", state="bound", dirty=False)
        workspace.change_binding(linked)
    workspace.flush()
    reading = Reading(lane, workspace.session.sequence, parts.now(), None, parts.channel(lane).clock_offset)
    take_page(workspace, reading, Page(list(matched.values()), parts.now()))


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
    facts = _facts(workspace, [record_id]) if lane.entity is Entity.STOCK else {}
    composed = _compose(parts, workspace, lane, record_id, facts)
    waiting: Value = {} if composed is None else dict(composed.owed)
    hold = Held("quarantine", cause, projected=waiting, since=workspace.session.now)
    workspace.change_binding(replace(binding, held={**binding.held, WHOLE_BINDING: hold}))
    case = Case(lane.side.name, lane.entity, "", record_id, known.record.key, "", "out", "KeyTaken", cause, remedy)
    holds.confine(workspace.session, case)


def _let_out(parts: Parts, lane: Lane, batch: Sequence[int], done: Delivered) -> tuple[list[Composed], Sequence[int]]:
    """Compute what is still owed and may go out: the first call of it, intended, and the records of later ones."""
    with parts.ledger.write() as session:
        workspace = Workspace(session, parts.topology, parts.moment(session))
        workspace.load(batch)
        ready = pass_out(workspace, lane, _composed(parts, workspace, lane, batch, done))
        call, later = ready[: _call_size(lane)], ready[_call_size(lane) :]
        _open(workspace, call)
        workspace.flush()
        return call, [one.binding.record_id for one in later]


def _composed(
    parts: Parts, workspace: Workspace, lane: Lane, record_ids: Iterable[int], done: Delivered
) -> list[Composed]:
    """The writes that these records owe; what cannot be carried is held."""
    ids = list(record_ids)
    facts = _facts(workspace, ids) if lane.entity is Entity.STOCK else {}
    composed = [one for id_ in ids if (one := _compose(parts, workspace, lane, id_, facts)) is not None]
    composed = [_hold_problems(workspace, lane, one, done) for one in composed]
    ready = [one for one in composed if one.intent is not None]
    return _with_prices(parts, workspace, lane, ready) if lane.entity is Entity.PRODUCT else ready


def _with_prices(parts: Parts, workspace: Workspace, lane: Lane, ready: list[Composed]) -> list[Composed]:
    """Creates with the prices that they take along, while prices may be written there at all."""
    if not any(one.binding.external_id is None for one in ready) or not _takes_prices(parts, workspace, lane):
        return ready
    topology, now, known = parts.topology, parts.now(), workspace.known
    prices = workspace.dependents(Entity.PRICE, [one.binding.record_id for one in ready])
    return [
        with_prices(topology, lane.side, known[id_], one, [known[price] for price in prices[id_]], now, new_token)
        for one in ready
        for id_ in (one.binding.record_id,)
    ]


def _takes_prices(parts: Parts, workspace: Workspace, lane: Lane) -> bool:
    side, topology = lane.side, parts.topology
    if Entity.PRICE not in topology.config.sync or side not in topology.sides_of(Entity.PRICE):
        return False
    state = lanes.state(workspace.session, side.name, Entity.PRICE)
    return bool(side.can(Entity.PRICE).along) and not state.stopped


def _open(workspace: Workspace, call: Sequence[Composed]) -> None:
    """Intents are durable before anything is sent."""
    debts.open_intents(workspace.session, [one.intent for one in call if one.intent is not None])


def _intend_next(
    parts: Parts, workspace: Workspace, lane: Lane, later: Sequence[int], done: Delivered
) -> tuple[list[Composed], Sequence[int]]:
    """The next call of a batch, computed anew as its turn has come; none once the process or the lane is to stop."""
    call: list[Composed] = []
    while later and not call and not parts.stop.is_set() and not _is_hopeless(done):
        turn, later = later[: _call_size(lane)], later[_call_size(lane) :]
        workspace.load(turn)
        call = _composed(parts, workspace, lane, turn, done)
    _open(workspace, call)
    return call, later


def _facts(workspace: Workspace, stock_ids: Iterable[int]) -> dict[int, StockFacts]:
    """What the stock formula needs of the figures' products, which come in with all their figures."""
    products = {workspace.get(id_).record.parent_id or 0 for id_ in stock_ids}
    workspace.dependents(Entity.STOCK, products)
    return facts_of(workspace.session, workspace.topology, products)


def _compose(
    parts: Parts, workspace: Workspace, lane: Lane, record_id: int, facts: Mapping[int, StockFacts]
) -> Composed | None:
    known = workspace.get(record_id)
    binding = known.bindings.get(lane.side.name)
    if binding is None or not binding.dirty or binding.reread or is_due(binding, parts.today()):
        return None
    parent = workspace.parent_of(known)
    if lane.entity is Entity.STOCK and parent is not None:
        return _compose_stock(parts, workspace, lane, known, parent, facts[parent.record.id])
    return compose(parts.topology, lane.side, known, parent, binding, parts.now(), new_token())


def _compose_stock(
    parts: Parts, workspace: Workspace, lane: Lane, known: Known, parent: Known, facts: StockFacts
) -> Composed | None:
    side = lane.side
    figures = [workspace.known[id_] for id_ in workspace.dependents(Entity.STOCK, [parent.record.id])[parent.record.id]]
    on_hand = {one.record.place: pieces for one in figures if (pieces := on_hand_of(one)) is not None}
    target = targets_there(parts.topology, side, parent.record, on_hand, facts).get(known.record.place)
    binding, place = known.bindings[side.name], known.record.place
    if target is None:
        return None
    pieces = debt(parts.topology, side, binding, place, target, facts)
    if not pieces:
        return None
    handed = handed_there(parts.topology, side.name, place, facts)
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


def _send(parts: Parts, lane: Lane, call: Sequence[Composed], done: Delivered) -> dict[str, RowResult]:
    writes = [one.write for one in call if one.write is not None]
    try:
        results = parts.channel(lane).write(lane.entity, writes)
    except (RateLimited, AuthFailed, Transient):
        _withdraw(parts, call)  # by contract nothing was sent; after any other error that is not known
        raise
    done.calls += 1
    return {result.token: result for result in results}


def _receive(
    parts: Parts,
    lane: Lane,
    call: Sequence[Composed],
    results: Mapping[str, RowResult],
    later: Sequence[int],
    done: Delivered,
) -> tuple[set[int], list[Composed], Sequence[int]]:
    """The results into the ledger; answers the records whose write was confirmed, and what is to be sent next.

    One transaction for the receipts of one call and the intents of the next: none is open for long before it leaves.
    """
    confirmed = set()
    with parts.ledger.write() as session:
        workspace = Workspace(session, parts.topology, parts.moment(session))
        workspace.load(one.binding.record_id for one in call)
        receipts.close(workspace, call, results)
        for one in call:
            if _settle(parts, workspace, lane, one, results, done) == "receipt":
                confirmed.add(one.binding.record_id)
            _settle_along(parts, workspace, lane, one, results, done)
        workspace.flush()
        upcoming, later = _intend_next(parts, workspace, lane, later, done)
        workspace.flush()
    parts.wake(workspace.woken)
    return confirmed, upcoming, later


def _settle(
    parts: Parts, workspace: Workspace, lane: Lane, one: Composed, results: Mapping[str, RowResult], done: Delivered
) -> str:
    """What became of one write."""
    result = results.get(one.intent.token) if one.intent is not None else None
    outcome = receipts.settle_result(workspace, lane.side, one, result, random.random())  # noqa: S311 jitter
    done.outcomes[outcome] += 1
    _log(parts, workspace, lane, one, outcome)
    if result is not None and result.error is not None:
        if outcome == "refused":
            done.refusals.append(_refusal(result.error))
        elif outcome == "unsent":
            done.stop = result.error
    return outcome


def _settle_along(
    parts: Parts, workspace: Workspace, lane: Lane, one: Composed, results: Mapping[str, RowResult], done: Delivered
) -> None:
    """Prices that went out with a product. One that was not carried is owed as before, and is looked up first."""
    for price in one.along:
        if price.intent is not None and price.intent.token in results:
            _settle(parts, workspace, parts.lane(lane.side.name, Entity.PRICE), price, results, done)


def _log(parts: Parts, workspace: Workspace, lane: Lane, one: Composed, outcome: str) -> None:
    """What travels, as facts with context; the redactor keeps a customer's key out of the line."""
    known = workspace.known[one.binding.record_id]
    parent = workspace.parent_of(known)
    key = known.record.key if parent is None else f"{parent.record.key} {known.record.key}"
    event = {"receipt": "write.confirmed", "in-doubt": "write.in_doubt"}.get(outcome, f"write.{outcome}")
    operation = "" if one.intent is None else one.intent.operation
    told = {"channel": lane.side.name, "entity": lane.entity.value, "key": key, "operation": operation}
    parts.log.info(event, **told, fields=sorted(one.owed), attempt=one.binding.attempts + 1)


def _withdraw(parts: Parts, call: Sequence[Composed]) -> None:
    """Intents of writes that were never sent."""
    with parts.ledger.write() as session:
        debts.close_intents(session, [one.intent.token for one in call if one.intent is not None])


def _refusal(error: ConnectorError) -> Refusal:
    status = error.status if isinstance(error, ChannelError) else None
    return Refusal(type(error).__name__, status, str(error))


def _fault(done: Delivered) -> Refusal | None:
    return lane_fault(done.refusals, done.tried)


def _is_hopeless(done: Delivered) -> bool:
    """Whether the rest of a batch need not be tried: the channel stopped, or so many were refused alike."""
    return done.stop is not None or (done.tried >= ENOUGH and _fault(done) is not None)


def _stop_on_channel_fault(lane: Lane, done: Delivered) -> None:
    """The same refusal of many records is a fault of the channel: the lane stops instead (5.7), or backs off."""
    fault = _fault(done)
    if fault is not None:
        message = f"{lane.side.name} refuses one {lane.entity} after another alike: {fault.cause}"
        kind = Transient if fault.kind == Transient.__name__ else ContractBroken
        raise kind(message, channel=lane.side.name, status=fault.status)


__all__ = ["Delivered", "Tally", "deliver"]
