"""Differences of numbers and sets, exact, for the rules ``delta`` and ``union``."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal

from connector.model.binding import same
from connector.model.entity import Value
from connector.model.outcome import Difference, SetDifference

# No traps: nothing a channel shows may raise in a merge. Sixty digits hold any sum of the numbers accepted below.
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN, traps=[])
_LARGEST_EXPONENT = 24


def number(value: Value) -> Decimal | None:
    """The value as a number, or None where it is none that can be added (text, a flag, not finite, absurdly large)."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    if isinstance(value, int):
        return Decimal(value) if abs(value) < 10**_LARGEST_EXPONENT else None
    digits = value.as_tuple()
    if not isinstance(digits.exponent, int):
        return None
    small = value.adjusted() < _LARGEST_EXPONENT or value == 0
    return value if small and -_LARGEST_EXPONENT <= digits.exponent <= _LARGEST_EXPONENT else None


def add(one: Decimal, other: Decimal) -> Decimal:
    """The sum, without the rounding of the surrounding decimal context."""
    return _EXACT.add(one, other)


def subtract(one: Decimal, other: Decimal) -> Decimal:
    """The difference, without the rounding of the surrounding decimal context."""
    return _EXACT.subtract(one, other)


def difference(rule: str, shadow: Value, seen: Value) -> Difference | None:
    """What happened between shadow and seen: a number for ``delta``, a set for ``union``; None: no such thing."""
    if rule == "delta":
        before, after = number(shadow), number(seen)
        return None if before is None or after is None else subtract(after, before)
    before_set, after_set = _members(shadow), _members(seen)
    if before_set is None or after_set is None:
        return None
    return SetDifference(_without(after_set, before_set), _without(before_set, after_set))


def moved(agreed: Value, by: Difference) -> Value:
    """Agreed after that difference; unchanged where it is of another kind (a number plus a set)."""
    if isinstance(by, SetDifference):
        members = _members(agreed)
        if members is None:
            return agreed
        kept = _without(members, list(by.removed))
        return united(list(kept), list(by.added))
    summand = number(agreed)
    return agreed if summand is None else add(summand, by)


def movable(agreed: Value, by: Difference) -> bool:
    """Whether a difference of this kind can be added to that value."""
    return (_members(agreed) if isinstance(by, SetDifference) else number(agreed)) is not None


def united(one: Value, other: Value) -> Value:
    """Both sets as one, sorted; ``one`` where either is no set."""
    ours, theirs = _members(one), _members(other)
    if ours is None or theirs is None:
        return one
    return sorted([*ours, *_without(theirs, ours)], key=_sort_key)


def _members(value: Value) -> list[Value] | None:
    if value is None:
        return []
    return value if isinstance(value, list) else None


def _without(members: list[Value], others: list[Value]) -> tuple[Value, ...]:
    return tuple(member for member in members if not any(same(member, other) for other in others))


def _sort_key(member: Value) -> tuple[str, str]:
    return (type(member).__name__, member if isinstance(member, str) else repr(member))
