"""May a thing be created there? Every create is preceded by a look-up of its key (sync-model 5.8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Create:
    """Nobody holds the key there."""


@dataclass(frozen=True, slots=True)
class Match:
    """A stranger holds the key: it is the thing."""

    external_id: str


@dataclass(frozen=True, slots=True)
class KeyTaken:
    """Another record, or several strangers, hold the key: quarantined, since a create could overwrite."""

    holders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AskFirst:
    """Neither key nor own reference can be looked up there: blind, it could make a twin."""


CreateDecision: TypeAlias = Create | Match | KeyTaken | AskFirst


def decide_create(found: Sequence[str] | None, bound_elsewhere: frozenset[str] = frozenset()) -> CreateDecision:
    """Decide on a create, first or repeated, by what the look-up just found.

    Args:
        found: external ids that hold the key, or our own reference, there; None: this channel can
            look up neither.
        bound_elsewhere: ids that are bound to another record.
    """
    if found is None:
        return AskFirst()
    if not found:
        return Create()
    if len(found) > 1 or bound_elsewhere & set(found):
        return KeyTaken(tuple(found))
    return Match(found[0])
