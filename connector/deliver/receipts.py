"""What is known of a write after it: its receipt, its refusal, or that it stays in doubt (sync-model 5.2).

Inside a transaction; no network in here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeGuard

from connector.contract import RowResult
from connector.decide.retry import RetryDecision, decide_retry
from connector.deliver.compose import Composed
from connector.errors import (
    AmbiguousWrite,
    AuthFailed,
    ConnectorError,
    Gone,
    MappingError,
    RateLimited,
    Rejected,
    Stale,
)
from connector.ledger import debts, holds
from connector.ledger.debts import Intent
from connector.ledger.holds import Case
from connector.model.binding import WHOLE_BINDING, Held
from connector.model.entity import Entity, Native, Value
from connector.model.record import BindingState, Event
from connector.observe.absorb import fingerprint
from connector.observe.gate import pack_replaced
from connector.observe.rewriting import count_confirmed
from connector.observe.workspace import Workspace
from connector.settle import context_of
from connector.topology import Side


def close(workspace: Workspace, call: Iterable[Composed], results: Mapping[str, RowResult]) -> None:
    """Intents whose outcome is known; the others stay in doubt."""
    tokens = [one.intent.token for one in call if one.intent is not None]
    debts.close_intents(workspace.session, [token for token in tokens if _is_known(results.get(token))])


def _is_known(result: RowResult | None) -> TypeGuard[RowResult]:
    return result is not None and not isinstance(result.error, AmbiguousWrite)


def settle_result(workspace: Workspace, side: Side, composed: Composed, result: RowResult | None, jitter: float) -> str:
    """One result into the ledger; answers what became of the write, as the history names it.

    No result, or an ambiguous one, leaves the write in doubt until it is read back.
    """
    intent = composed.intent
    if intent is None:
        return "nothing"
    if not _is_known(result):
        _note(workspace, side, intent, "in-doubt", {})
        _keep_id(workspace, side, intent, result)
        return "in-doubt"
    if intent.operation == "delete" and (result.error is None or isinstance(result.error, Gone)):
        buried(workspace, side, intent)
        return "receipt"
    if result.error is None:
        receive(workspace, side, intent, result, composed.owed)
        return "receipt"
    if isinstance(result.error, RateLimited | AuthFailed):
        return leave_unsent(workspace, side, intent, result)
    return refuse(workspace, side, composed, result, jitter)


def leave_unsent(workspace: Workspace, side: Side, intent: Intent, result: RowResult) -> str:
    """What stopped the channel is no refusal of the row: it is owed as before, and no attempt of its is spent."""
    if result.parts or not workspace.get(intent.record_id).bindings[side.name].external_id:
        _keep_id(workspace, side, intent, result)
    return "unsent"


def _keep_id(workspace: Workspace, side: Side, intent: Intent, result: RowResult | None) -> None:
    """An external id is stored the moment the remote hands it out, even beside an error."""
    if result is not None and (result.external_id or result.parts):
        binding = workspace.get(intent.record_id).bindings[side.name]
        external_id = binding.external_id or result.external_id or None
        state: BindingState = binding.state if external_id is None else "bound"
        parts = {**binding.parts, **result.parts}
        workspace.change_binding(replace(binding, external_id=external_id, state=state, parts=parts, reread=True))


def receive(
    workspace: Workspace, side: Side, intent: Intent, result: RowResult, owed: Mapping[str, Value] | None = None
) -> None:
    """A confirmed write: the values **sent** become the shadow, never agreed's present ones nor a read-back."""
    known = workspace.get(intent.record_id)
    binding = known.bindings[side.name]
    session = workspace.session
    creating = binding.external_id is None
    shadow = {**binding.shadow, **intent.sent}
    if creating:
        shadow = {**_not_yet_written(side, intent), **shadow}
    after = replace(
        binding,
        external_id=result.external_id or binding.external_id,
        address=result.address or binding.address,
        parts={**binding.parts, **result.parts},
        part=binding.part or _row_kind(intent),
        state="bound",
        shadow=shadow,
        fingerprint=fingerprint(side.mappings[intent.entity], shadow) if _is_whole(side, intent, shadow) else None,
        handed=binding.handed if intent.handed is None else intent.handed,
        version=result.version or binding.version,
        fence=session.sequence,
        replaced=pack_replaced(intent.replaces, session.now),
        confirmed=count_confirmed(binding, owed or {}, session.now),
        attempts=0,
        due_at=None,
        changes_on=_changes_on(workspace, side, intent, shadow),
    )
    workspace.change_binding(after)
    _note(workspace, side, intent, "receipt", {"external_id": after.external_id})


def buried(workspace: Workspace, side: Side, intent: Intent) -> None:
    """A confirmed removal: a tombstone of our own making."""
    binding = workspace.get(intent.record_id).bindings[side.name]
    fence = workspace.session.sequence
    workspace.change_binding(replace(binding, state="gone", reread=False, attempts=0, due_at=None, fence=fence))
    _note(workspace, side, intent, "receipt", {"external_id": binding.external_id})


def _changes_on(workspace: Workspace, side: Side, intent: Intent, shadow: Native) -> str | None:
    """The next day on which what was written reads otherwise by the calendar alone."""
    known = workspace.get(intent.record_id)
    parent = workspace.parent_of(known)
    product = None if parent is None else parent.record
    context = context_of(workspace.topology, known.record, product, workspace.moment.today)
    day = side.mappings[intent.entity].changes_at(shadow, context, _row_kind(intent))
    return None if day is None else day.isoformat()


def _row_kind(intent: Intent) -> str:
    """Prices remember which kind of row holds them; a customer's part is only one of its calls."""
    return intent.part if intent.entity is Entity.PRICE else ""


def _not_yet_written(side: Side, intent: Intent) -> dict[str, Value]:
    """After the first call of a create: what later calls are to bring is not there yet, and so is owed."""
    mapping, order = side.mappings[intent.entity], side.can(intent.entity).parts
    if not order:
        return {}
    return {name: None for name in mapping.native_names if mapping.call_of(name) not in ("", intent.part)}


def _is_whole(side: Side, intent: Intent, shadow: Native) -> bool:
    mapping = side.mappings[intent.entity]
    return set(mapping.pick({}, _row_kind(intent))) == set(shadow)


def refuse(workspace: Workspace, side: Side, composed: Composed, result: RowResult, jitter: float) -> str:
    """An error of one row: what happens next is said by its class."""
    error, intent = result.error, composed.intent
    if error is None or intent is None:
        return "nothing"
    _keep_id(workspace, side, intent, result)
    binding = workspace.get(intent.record_id).bindings[side.name]
    decision = decide_retry(error, binding.attempts + 1, jitter)
    if isinstance(error, Rejected | MappingError):
        quarantine(workspace, side, intent, error, composed.owed)
    elif isinstance(error, Stale | Gone):
        workspace.change_binding(
            replace(binding, reread=True, attempts=binding.attempts + 1, due_at=_later(workspace, decision))
        )
    else:
        workspace.change_binding(replace(binding, attempts=binding.attempts + 1, due_at=_later(workspace, decision)))
    _note(workspace, side, intent, "refused", {"error": type(error).__name__, "message": str(error)})
    return "refused"


def _later(workspace: Workspace, decision: RetryDecision) -> datetime:
    if decision.until is not None:
        return decision.until
    return workspace.session.now + timedelta(seconds=decision.wait_s or 0)


def quarantine(
    workspace: Workspace, side: Side, intent: Intent, error: ConnectorError, owed: Mapping[str, Value]
) -> None:
    """A refused value waits alone where the remote names its field, else the binding does (5.7)."""
    known = workspace.get(intent.record_id)
    binding = known.bindings[side.name]
    mapping = side.mappings[intent.entity]
    complaints = error.fields if isinstance(error, Rejected) else {}
    fields = {name: text for native, text in complaints.items() for name in mapping.fields_of([native]) if name in owed}
    whole = "; ".join([str(error), *(f"{name}: {text}" for name, text in fields.items())])
    if binding.external_id is None:
        fields = {}  # nothing is created without a part of it
    remedy = getattr(error, "remedy", "") or "correct the value, or the mapping; it is tried again once it changes"
    held = dict(binding.held)
    now = workspace.session.now
    for name, cause in (fields or {WHOLE_BINDING: whole}).items():
        waiting: Value = owed[name] if name in owed else dict(owed)
        held[name] = Held("quarantine", cause, projected=waiting, since=now)
        key = known.record.key
        case = Case(
            side.name,
            intent.entity,
            binding.external_id or "",
            known.record.id,
            key,
            name,
            "out",
            type(error).__name__,
            cause,
            remedy,
        )
        holds.confine(workspace.session, case)
    workspace.change_binding(replace(binding, held=held, attempts=0, due_at=None))


def _note(workspace: Workspace, side: Side, intent: Intent, event: str, detail: Mapping[str, Value]) -> None:
    told: dict[str, Value] = {
        "token": intent.token,
        "operation": intent.operation,
        "part": intent.part,
        "sent": dict(intent.sent),
        **detail,
    }
    if intent.difference is not None:
        told["difference"] = intent.difference
    workspace.note([Event(event, side.name, intent.entity, intent.record_id, detail=told)])
