"""One three-way merge per observed field: the numbered rules of sync-model, section 2.

``o`` is what was seen, ``s`` this channel's shadow, ``a`` agreed as this channel can hold it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from connector.decide import conflict as conflicts
from connector.decide.difference import difference, movable, moved, number, united
from connector.decide.latest import is_later, later_of
from connector.model.binding import LIFTED_BY_CHANGE, OPERATOR, Agreed, Held, Provenance, Seen, Shadow, same
from connector.model.entity import Canonical, Value
from connector.model.outcome import (
    Adopted,
    ConflictChange,
    Conflicted,
    Drift,
    FastForward,
    Moved,
    Nothing,
    Outcome,
    SameEdit,
    Settled,
    ShadowOnly,
)
from connector.model.record import OpenConflict

Rule: TypeAlias = Literal["owner", "latest", "manual", "delta", "union", "min", "max"]


@dataclass(frozen=True, slots=True)
class Policy:
    """Who may change a field, and what happens where two did.

    Attributes:
        originators: the channels whose edits count.
        rank: channels in order, the owner first; the operator stands above all of them.
        rule: what settles a conflict.
        initial: what settles first contact: ``owner`` (the default: the owner's where both sides are
            new, else agreed stands), a channel's name, or ``manual``, ``latest``, ``min``, ``max``.
        drift: what becomes of an edit by another channel: overwritten, or left alone and held.
        life: the field carries the record's life; first contact asks rather than delete or revive.
    """

    originators: frozenset[str]
    rank: tuple[str, ...]
    rule: Rule = "owner"
    initial: str = "owner"
    drift: Literal["overwrite", "leave"] = "overwrite"
    life: bool = False

    def may_originate(self, channel: str) -> bool:
        return channel in self.originators

    def outranks(self, one: str, other: str) -> bool:
        """Whether ``one`` stands above ``other``; a total order, so that nothing depends on who came first."""
        return self._position(one) < self._position(other)

    def higher(self, one: str, other: str) -> str:
        return one if self.outranks(one, other) else other

    def _position(self, channel: str) -> tuple[int, str]:
        if channel == OPERATOR:
            return (-1, "")
        return (self.rank.index(channel) if channel in self.rank else len(self.rank), channel)


def merge_field(
    agreed: Agreed | None,
    shadow: Shadow | None,
    seen: Seen,
    policy: Policy,
    *,
    created_by_us: bool = False,
    both_new: bool = False,
    in_doubt: bool = False,
) -> Outcome:
    """Decide what one observation of one field means: rules 1 to 5.

    Args:
        agreed: as *this channel* can hold it, ``through(agreed)``, with its provenance; None: no value yet.
        shadow: what was last settled with this channel; None before first contact.
        seen: value, channel and time of the observation; the fence (rule 0) has let it pass.
        policy: who may originate the field, the rank, the rule, the rule for first contact.
        created_by_us: the remote record is our own create: what it fills in by itself is nobody's edit.
        both_new: neither side was in the setup before: not a newcomer to a running one.
        in_doubt: a write was in doubt and the channel shows neither old nor new (5.2): a conflict even
            where a = s.

    Total: every combination has an answer, none raises. The caller makes ``seen`` the shadow
    whatever the answer (rule 6), and keeps the losing value in the history.
    """
    if shadow is None:
        return ShadowOnly(seen, "created") if created_by_us else _first_contact(agreed, seen, policy, both_new)
    if same(seen.value, shadow.value):
        return Nothing()  # also when our write is still owed here
    if agreed and same(seen.value, agreed.value) and policy.rule != "delta":
        return SameEdit(_same_edit(agreed.by, seen.by, policy), seen)
    if not policy.may_originate(seen.by.channel):
        return Drift(seen, agreed, left=policy.drift == "leave")
    return _edited(agreed, shadow, seen, policy, in_doubt)


def _edited(agreed: Agreed | None, shadow: Shadow, seen: Seen, policy: Policy, in_doubt: bool) -> Outcome:
    """Rules 3 and 4: an edit that counts."""
    if agreed is None:
        return FastForward(seen.agreed("fast-forward"), None)
    if policy.rule in ("delta", "union"):
        change = difference(policy.rule, shadow.value, seen.value)
        if change is not None and movable(agreed.value, change):
            by = replace(seen.by, rule=policy.rule)
            return Moved(change, Agreed(moved(agreed.value, change), by), agreed)
    if (same(agreed.value, shadow.value) and not in_doubt) or agreed.by.channel == seen.by.channel:
        return FastForward(seen.agreed("fast-forward"), agreed)  # only this channel moved
    return _settle(agreed, seen, policy, policy.rule)


def _settle(agreed: Agreed, seen: Seen, policy: Policy, rule: str) -> Outcome:
    """Rule 4: both moved."""
    if rule == "manual":
        return Conflicted(conflicts.opening_sides(agreed, seen), seen)
    preferred = _preference(agreed, seen, rule)
    tie = preferred is None and rule != "owner"
    seen_won = policy.outranks(seen.by.channel, agreed.by.channel) if preferred is None else preferred
    theirs = seen.agreed(rule)
    winner, loser = (theirs, agreed) if seen_won else (agreed, theirs)
    return Settled(winner, loser, rule, seen_won, tie)


def _preference(agreed: Agreed, seen: Seen, rule: str) -> bool | None:
    """Whether what was seen wins by ``latest``, ``min`` or ``max``; None: the rank must say."""
    if rule == "latest":
        newer, older = is_later(seen.by, agreed.by), is_later(agreed.by, seen.by)
        return newer if newer or older else None
    if rule in ("min", "max"):
        less = _is_less(seen.value, agreed.value)
        return less if less is None or rule == "min" else not less
    return None


def _is_less(one: Value, other: Value) -> bool | None:
    if isinstance(one, bool) and isinstance(other, bool):
        return one < other
    if isinstance(one, str) and isinstance(other, str):
        return one < other
    left, right = number(one), number(other)
    return None if left is None or right is None else left < right


def _same_edit(agreed: Provenance, seen: Provenance, policy: Policy) -> Provenance:
    """The later of the two times. The higher in rank gives its name, so that the order of observation
    decides nothing later on; a channel that may not originate the field adds nothing."""
    if not policy.may_originate(seen.channel):
        return agreed
    first, second = (seen, agreed) if policy.outranks(seen.channel, agreed.channel) else (agreed, seen)
    return replace(later_of(first, second), rule=agreed.rule)


def _first_contact(agreed: Agreed | None, seen: Seen, policy: Policy, both_new: bool) -> Outcome:
    """Rule 5. Nothing here deletes or revives: a differing life is asked about."""
    if agreed is None:
        return _first_value(seen, policy)
    if same(seen.value, agreed.value):
        by = _same_edit(agreed.by, seen.by, policy)
        return Adopted(Agreed(agreed.value, by), None, "equal")
    if seen.value is None:
        return ShadowOnly(seen, "empty")  # no value writes nothing; agreed's is owed here
    if not policy.may_originate(seen.by.channel):
        return Drift(seen, agreed, left=policy.drift == "leave")
    if policy.life:
        return Conflicted(conflicts.opening_sides(agreed, seen), seen)
    if policy.rule == "union":
        return Adopted(Agreed(united(agreed.value, seen.value), replace(seen.by, rule="union")), agreed, "union")
    return _initial(agreed, seen, policy, both_new)


def _first_value(seen: Seen, policy: Policy) -> Outcome:
    if seen.value is None:
        return ShadowOnly(seen, "empty")
    if not policy.may_originate(seen.by.channel):
        return ShadowOnly(seen, "not-originator")
    return Adopted(seen.agreed("first-contact"), None, "one-sided")


def _initial(agreed: Agreed, seen: Seen, policy: Policy, both_new: bool) -> Outcome:
    """First contact with differing values, by the field's ``initial`` rule."""
    stands = Adopted(None, seen.agreed("initial"), "initial")
    takes = Adopted(seen.agreed("initial"), agreed, "initial")
    if policy.initial == seen.by.channel:
        return takes
    if policy.initial in ("manual", "latest", "min", "max"):
        return _settle(agreed, seen, policy, policy.initial)
    if policy.initial == agreed.by.channel or not both_new:
        return stands
    return takes if policy.outranks(seen.by.channel, agreed.by.channel) else stands


@dataclass(frozen=True, slots=True)
class Before:
    """What is known of one record and one of its bindings before an observation is merged.

    Attributes:
        agreed: field → agreed value in its fullest form.
        through: field → the same as this channel can hold it.
        shadow: field → what was last settled here; a missing field has no shadow.
        policies: field → policy, for every field that can be seen.
        conflicts: field → the record's open conflict about it.
        held: field → why it waits on this binding.
        created_by_us, both_new: as for :func:`merge_field`.
        given: fields that this channel alone fills in: of a record that we created there, too, they are its own.
        in_doubt: fields of a write in doubt that show neither what was there nor what was sent.
    """

    agreed: Mapping[str, Agreed]
    through: Canonical
    shadow: Canonical
    policies: Mapping[str, Policy]
    conflicts: Mapping[str, OpenConflict] = field(default_factory=dict)
    held: Mapping[str, Held] = field(default_factory=dict)
    created_by_us: bool = False
    both_new: bool = False
    given: frozenset[str] = frozenset()
    in_doubt: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RecordMerge:
    """What one observation of one record means.

    Attributes:
        agreed: field → its new agreed value or provenance; only what changed.
        changed: fields whose agreed *value* changed: every binding of the record is to be projected again.
        outcomes: field → what was decided, for the history (``Nothing`` left out).
        conflicts: what opens, is joined or closes.
        holds: field → a hold that begins on this binding.
        released: fields whose hold on this binding ends.
    """

    agreed: Mapping[str, Agreed]
    changed: frozenset[str]
    outcomes: Mapping[str, Outcome]
    conflicts: tuple[ConflictChange, ...]
    holds: Mapping[str, Held]
    released: frozenset[str]


def merge_record(before: Before, seen: Canonical, by: Provenance) -> RecordMerge:
    """Merge every field of one observed record; the caller then makes ``seen`` the shadow (rule 6).

    ``by`` names channel, interval and sequence of the observation. A field that is not in ``seen``
    takes no part. Total, as :func:`merge_field` is, for any fields that have a policy.
    """
    agreed: dict[str, Agreed] = {}
    outcomes: dict[str, Outcome] = {}
    changes: list[ConflictChange] = []
    for name, value in seen.items():
        outcome, change = _merge_one(name, before, Seen(value, by))
        if isinstance(outcome, Nothing):
            continue
        outcomes[name] = outcome
        after = _after(before.agreed.get(name), outcome)
        if after is not None and _is_news(before.agreed.get(name), after):
            agreed[name] = after
        if change is not None:
            changes.append(change)
    changed = frozenset(name for name, new in agreed.items() if _value_changed(before.agreed.get(name), new))
    holds = {name: _drift_hold(o, by) for name, o in outcomes.items() if isinstance(o, Drift) and o.left}
    released = frozenset(name for name in outcomes if _is_released(name, before, seen[name], changed))
    return RecordMerge(agreed, changed, outcomes, tuple(changes), holds, released - holds.keys())


def _merge_one(name: str, before: Before, seen: Seen) -> tuple[Outcome, ConflictChange | None]:
    full = before.agreed.get(name)
    agreed = None if full is None else Agreed(before.through.get(name, full.value), full.by)
    shadow = Shadow(before.shadow[name]) if name in before.shadow else None
    policy = before.policies[name]
    given_out = before.created_by_us and name in before.given
    outcome = merge_field(
        agreed,
        shadow,
        seen,
        policy,
        created_by_us=before.created_by_us and not given_out,
        both_new=before.both_new or given_out,
        in_doubt=name in before.in_doubt,
    )
    outcome = outcome if full is None else _with_fuller(outcome, full, seen)
    if name in before.conflicts and full is not None:
        return conflicts.join(before.conflicts[name], outcome, full, seen, policy.higher)
    if isinstance(outcome, Conflicted):
        return outcome, ConflictChange(name, "open", 1, outcome.sides)
    return outcome, None


def _with_fuller(outcome: Outcome, full: Agreed, seen: Seen) -> Outcome:
    """The outcome with agreed's fuller value where the channel's form of it stood: nothing is degraded,
    and what an edit replaces goes to the history whole."""
    match outcome:
        case FastForward():
            return replace(outcome, before=full)
        case Moved():
            by = Agreed(moved(full.value, outcome.difference), outcome.agreed.by)
            return replace(outcome, agreed=by, before=full)
        case Settled(seen_won=True):
            return replace(outcome, loser=full)
        case Settled():
            return replace(outcome, winner=full)
        case Drift():
            return outcome
        case Conflicted():
            return replace(outcome, sides=conflicts.opening_sides(full, seen))
        case Adopted(rule="equal"):
            return replace(outcome, agreed=Agreed(full.value, (outcome.agreed or full).by))
        case Adopted(rule="union", agreed=Agreed() as agreed):
            return replace(outcome, agreed=Agreed(united(full.value, seen.value), agreed.by), loser=full)
        case Adopted(agreed=Agreed()):
            return replace(outcome, loser=full)
        case _:
            return outcome


def _after(full: Agreed | None, outcome: Outcome) -> Agreed | None:
    if isinstance(outcome, SameEdit) and full is not None:
        return Agreed(full.value, outcome.by)
    return outcome.agreed


def _is_news(before: Agreed | None, after: Agreed) -> bool:
    return before is None or before.by != after.by or not same(before.value, after.value)


def _value_changed(before: Agreed | None, after: Agreed) -> bool:
    return before is None or not same(before.value, after.value)


def _drift_hold(drift: Drift, by: Provenance) -> Held:
    detail = f"edited on {by.channel}, which may not change this field; left alone until agreed changes"
    projected = None if drift.stands is None else drift.stands.value
    return Held("drift", detail, shown=drift.seen.value, projected=projected, since=by.at)


def _is_released(name: str, before: Before, value: Value, changed: frozenset[str]) -> bool:
    held = before.held.get(name)
    if held is None or held.reason not in LIFTED_BY_CHANGE:
        return False
    agreed = before.agreed.get(name)
    shows_agreed = agreed is not None and same(value, before.through.get(name, agreed.value))
    return shows_agreed or name in changed
