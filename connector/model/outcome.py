"""What a merge can decide about one field, and what it does to conflicts. Data, never exceptions.

Every outcome says by ``as_event`` what happened, the losing value included, and by ``agreed`` what
the agreed value becomes (None: it stands as it is). Whatever the outcome, the caller makes what was
seen the shadow (rule 6).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar, Literal, TypeAlias

from connector.model.binding import Agreed, Provenance, Seen
from connector.model.entity import Value


@dataclass(frozen=True, slots=True)
class Nothing:
    """Rule 1: the channel shows its shadow."""

    name: ClassVar[str] = "nothing"
    agreed: ClassVar[None] = None

    def as_event(self) -> dict[str, Value]:
        return {"outcome": self.name}


@dataclass(frozen=True, slots=True)
class SameEdit:
    """Rule 2: both sides already agree. The value stands (in its fuller form), its provenance becomes ``by``."""

    by: Provenance
    seen: Seen
    name: ClassVar[str] = "same-edit"
    agreed: ClassVar[None] = None

    def as_event(self) -> dict[str, Value]:
        return {"outcome": self.name, **self.seen.agreed("").as_event()}


@dataclass(frozen=True, slots=True)
class FastForward:
    """Rule 3: only this channel moved. ``before`` is what it replaced; None: there was no value yet."""

    agreed: Agreed
    before: Agreed | None
    name: ClassVar[str] = "fast-forward"

    def as_event(self) -> dict[str, Value]:
        return {"outcome": self.name, **self.agreed.as_event(), "replaced": _side(self.before)}


@dataclass(frozen=True, slots=True)
class Drift:
    """Rules 3 and 4: an edit by a channel that may not originate the field; it loses, and is recorded."""

    seen: Seen
    stands: Agreed | None
    left: bool
    name: ClassVar[str] = "drift"
    agreed: ClassVar[None] = None

    def as_event(self) -> dict[str, Value]:
        loser = self.seen.agreed("").as_event()
        return {"outcome": self.name, "loser": loser, "agreed": _side(self.stands), "left": self.left}


@dataclass(frozen=True, slots=True)
class Settled:
    """Rule 4: both moved, and a rule chose. ``seen_won`` says whether agreed changes."""

    winner: Agreed
    loser: Agreed
    rule: str
    seen_won: bool
    tie: bool = False
    name: ClassVar[str] = "settled"

    @property
    def agreed(self) -> Agreed | None:
        return self.winner if self.seen_won else None

    def as_event(self) -> dict[str, Value]:
        return {
            "outcome": self.name,
            "rule": self.rule,
            "tie": self.tie,
            "winner": self.winner.as_event(),
            "loser": self.loser.as_event(),
        }


@dataclass(frozen=True, slots=True)
class SetDifference:
    """What changed in a set."""

    added: tuple[Value, ...]
    removed: tuple[Value, ...]


Difference: TypeAlias = Decimal | SetDifference


@dataclass(frozen=True, slots=True)
class Moved:
    """Rules 3 and 4 for ``delta`` and ``union``: the difference is added to whatever is agreed."""

    difference: Difference
    agreed: Agreed
    before: Agreed
    name: ClassVar[str] = "moved"

    def as_event(self) -> dict[str, Value]:
        return {
            "outcome": self.name,
            "difference": _difference(self.difference),
            **self.agreed.as_event(),
            "replaced": _side(self.before),
        }


@dataclass(frozen=True, slots=True)
class Conflicted:
    """Rule 4, ``manual`` (or first contact by ``manual``): nothing is put back, a person is asked."""

    sides: Mapping[str, Value]
    seen: Seen
    name: ClassVar[str] = "conflicted"
    agreed: ClassVar[None] = None

    def as_event(self) -> dict[str, Value]:
        return {"outcome": self.name, "sides": dict(self.sides)}


@dataclass(frozen=True, slots=True)
class Adopted:
    """Rule 5: first contact. ``agreed`` None: what was agreed stands, and ``loser`` is what was seen."""

    agreed: Agreed | None
    loser: Agreed | None
    rule: str
    name: ClassVar[str] = "adopted"

    def as_event(self) -> dict[str, Value]:
        return {
            "outcome": self.name,
            "rule": self.rule,
            "agreed": _side(self.agreed),
            "loser": _side(self.loser),
        }


@dataclass(frozen=True, slots=True)
class ShadowOnly:
    """Rule 5: what was seen is remembered as this side's value, and is nobody's edit."""

    seen: Seen
    reason: Literal["created", "empty", "not-originator"]
    name: ClassVar[str] = "shadow-only"
    agreed: ClassVar[None] = None

    def as_event(self) -> dict[str, Value]:
        return {"outcome": self.name, "reason": self.reason, "value": self.seen.value}


Outcome: TypeAlias = Nothing | SameEdit | FastForward | Drift | Settled | Moved | Conflicted | Adopted | ShadowOnly


@dataclass(frozen=True, slots=True)
class ConflictChange:
    """What becomes of a record's conflict about one field.

    ``revision`` is the new one: 1 when it opens, one more with each edit that joins. ``close`` means
    that its sides show the same; ``sides`` (channel → value) are then all equal.
    """

    field: str
    kind: Literal["open", "join", "close"]
    revision: int
    sides: Mapping[str, Value]

    def as_event(self) -> dict[str, Value]:
        return {"conflict": self.kind, "revision": self.revision, "sides": dict(self.sides)}


@dataclass(frozen=True, slots=True)
class Answered:
    """The operator's answer, given to the revision he was shown; losing sides are kept in the event."""

    agreed: Agreed
    losers: Mapping[str, Value] = field(default_factory=dict)

    def as_event(self) -> dict[str, Value]:
        return {"outcome": "answered", **self.agreed.as_event(), "losers": dict(self.losers)}


@dataclass(frozen=True, slots=True)
class AskAgain:
    """The conflict has moved on since it was shown, or the answer names none of its sides."""

    reason: Literal["moved", "unknown-side"]
    revision: int
    sides: Mapping[str, Value]


def _side(agreed: Agreed | None) -> Value:
    return None if agreed is None else agreed.as_event()


def _difference(difference: Difference) -> Value:
    if isinstance(difference, SetDifference):
        return {"added": list(difference.added), "removed": list(difference.removed)}
    return difference
