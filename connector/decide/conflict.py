"""Conflicts that a person settles: how one opens, is joined, closes by itself, and is answered (sync-model 2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce
from typing import Final

from connector.model.binding import OPERATOR, Agreed, Provenance, Seen, same
from connector.model.entity import Value
from connector.model.outcome import (
    Adopted,
    Answered,
    AskAgain,
    ConflictChange,
    Conflicted,
    FastForward,
    Outcome,
    SameEdit,
    Settled,
)
from connector.model.record import OpenConflict

#: The side of the agreed value, where its channel is the very one that now shows another.
AGREED_SIDE: Final = "agreed"


def opening_sides(agreed: Agreed, seen: Seen) -> dict[str, Value]:
    """Both sides of a new conflict, by channel."""
    channel = agreed.by.channel if agreed.by.channel != seen.by.channel else AGREED_SIDE
    return {channel: agreed.value, seen.by.channel: seen.value}


def join(
    conflict: OpenConflict, outcome: Outcome, full: Agreed, seen: Seen, higher: Callable[[str, str], str]
) -> tuple[Outcome, ConflictChange | None]:
    """An observation of a field about which a conflict is open.

    An edit joins it and leaves agreed alone; where all sides then show the same, that is agreed and
    the conflict closes. What is no edit, or by a channel whose edits do not count, leaves it as it is.
    """
    if not _is_edit(outcome):
        return outcome, None
    value = full.value if isinstance(outcome, SameEdit) else seen.value
    sides = {**conflict.sides, seen.by.channel: value}
    if same(sides, dict(conflict.sides)):
        return (outcome if isinstance(outcome, SameEdit) else Conflicted(sides, seen)), None
    revision = conflict.revision + 1
    if not all(same(value, side) for side in sides.values()):
        return Conflicted(sides, seen), ConflictChange(conflict.field, "join", revision, sides)
    return _closing(outcome, full, seen, value, sides, higher), ConflictChange(conflict.field, "close", revision, sides)


def _is_edit(outcome: Outcome) -> bool:
    return isinstance(outcome, SameEdit | FastForward | Settled | Conflicted) or (
        isinstance(outcome, Adopted) and outcome.agreed is not None and outcome.rule != "equal"
    )


def _closing(
    outcome: Outcome,
    full: Agreed,
    seen: Seen,
    value: Value,
    sides: Mapping[str, Value],
    higher: Callable[[str, str], str],
) -> Outcome:
    if isinstance(outcome, SameEdit):
        return outcome
    channels = [channel for channel in sides if channel != AGREED_SIDE]
    by = replace(seen.by, channel=reduce(higher, channels), rule="manual")
    return FastForward(Agreed(value, by), full)


@dataclass(frozen=True, slots=True)
class Answer:
    """The operator's answer: the revision he was shown, and either a side to take or a value of his own."""

    revision: int
    take: str | None = None
    value: Value = None


def resolve_conflict(conflict: OpenConflict, answer: Answer, at: datetime, sequence: int) -> Answered | AskAgain:
    """Settle a conflict by the operator's answer; ask again if it has moved on since it was shown.

    The value becomes agreed, by the operator: above every channel until someone edits it anew.
    """
    if answer.revision != conflict.revision:
        return AskAgain("moved", conflict.revision, conflict.sides)
    if answer.take is not None and answer.take not in conflict.sides:
        return AskAgain("unknown-side", conflict.revision, conflict.sides)
    value = answer.value if answer.take is None else conflict.sides[answer.take]
    agreed = Agreed(value, Provenance(OPERATOR, at, at, "manual", sequence))
    losers = {channel: side for channel, side in conflict.sides.items() if not same(side, value)}
    return Answered(agreed, losers)
