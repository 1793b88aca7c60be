"""What one side of a record is known to hold, and what all sides should."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal

from connector.model.entity import Value

#: The channel that stands in a provenance for a person's answer; it ranks above every real one.
OPERATOR: Final = "operator"

#: The name under which ``Binding.held`` keeps a hold of the whole binding.
WHOLE_BINDING: Final = ""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Who brought a value, when, and by which rule it came to be agreed.

    Attributes:
        channel: the channel it was seen on, or ``operator``.
        at: the latest moment at which the edit can have been made (aware UTC); None: unknown.
        since: the earliest such moment; None: unknown.
        rule: the rule that let it in (``fast-forward``, ``owner``, ``latest``, ``manual`` …).
        sequence: the ledger's number of the merge.
    """

    channel: str
    at: datetime | None = None
    since: datetime | None = None
    rule: str = ""
    sequence: int = 0

    def as_event(self) -> dict[str, Value]:
        """JSON-shaped, for the history."""
        return {"channel": self.channel, "since": moment_text(self.since), "at": moment_text(self.at)}


@dataclass(frozen=True, slots=True)
class Agreed:
    """A value that all channels should show, with its provenance. The value may be None: emptied on purpose."""

    value: Value
    by: Provenance

    def as_event(self) -> dict[str, Value]:
        """JSON-shaped, for the history."""
        return {"value": self.value, **self.by.as_event()}


@dataclass(frozen=True, slots=True)
class Shadow:
    """The value last settled with one channel. No Shadow at all is "never met"; ``Shadow(None)`` is "was empty"."""

    value: Value


@dataclass(frozen=True, slots=True)
class Seen:
    """One field of one observation: its value, where, and the interval in which the edit lies if it is one."""

    value: Value
    by: Provenance

    def agreed(self, rule: str) -> Agreed:
        """This value as an agreed one, let in by that rule."""
        return Agreed(self.value, replace(self.by, rule=rule))


HeldReason = Literal[
    "conflict", "quarantine", "brake", "dependency", "drift", "rewritten", "rename", "uncertain", "scope", "vanished"
]

#: Holds that end by themselves once there is another value to write.
LIFTED_BY_CHANGE: Final[frozenset[HeldReason]] = frozenset({"drift", "quarantine", "rewritten"})


@dataclass(frozen=True, slots=True)
class Held:
    """Why a field of a binding (or, under ``WHOLE_BINDING``, all of it) waits.

    Attributes:
        reason: the kind of wait; says who or what ends it.
        detail: for people: the place and the remedy, without secrets or personal values.
        shown: what the channel shows instead.
        projected: what would have been written when the hold began.
        since: when it began (aware UTC).
    """

    reason: HeldReason
    detail: str = ""
    shown: Value = None
    projected: Value = None
    since: datetime | None = None

    def stands(self, projected: Value) -> bool:
        """Whether it still holds, now that this value would be written."""
        return self.reason not in LIFTED_BY_CHANGE or same(projected, self.projected)


def same(one: Value, other: Value) -> bool:
    """Canonical equality: as Python's, but a flag is no number, on any level. Never raises."""
    if one is other:
        return True
    if isinstance(one, bool) or isinstance(other, bool):
        return False
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    if _is_nan(one) or _is_nan(other):
        return _is_nan(one) and _is_nan(other)  # else it would differ from itself, and be written for ever
    return one == other


def _is_nan(value: Value) -> bool:
    return isinstance(value, Decimal) and value.is_nan()


def moment_text(moment: datetime | None) -> str | None:
    """A moment as the ledger and the history spell it."""
    return None if moment is None else moment.isoformat()
