"""A write without an answer, settled by what the channel now shows (sync-model 5.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from connector.model.binding import same
from connector.model.entity import Canonical


@dataclass(frozen=True, slots=True)
class Landed:
    """It shows what was sent: that is the shadow."""


@dataclass(frozen=True, slots=True)
class NotLanded:
    """It shows what was there: the old shadow stands, the write is still owed."""


@dataclass(frozen=True, slots=True)
class Edited:
    """Someone else wrote too. ``edited`` fields are conflicts even where a = s; ``landed`` ones show what
    was sent; all others show what was there."""

    edited: frozenset[str]
    landed: frozenset[str]


Settlement: TypeAlias = Landed | NotLanded | Edited


def settle_doubt(sent: Canonical, old: Canonical, seen: Canonical) -> Settlement:
    """Decide what became of a write in doubt, once the call can no longer land.

    Args:
        sent: field → value sent; old: field → what it should have replaced; seen: field → what a read
            that sees our own writes now shows. All in one form, native or canonical.

    A field that shows what was there did not land, even beside others that did: some remotes drop a
    field without a word. Taken for an edit, it would bring an old value back everywhere.
    """
    changing = {name for name in sent if name not in old or not same(sent[name], old[name])}
    landed = frozenset(name for name in changing if name in seen and same(seen[name], sent[name]))
    kept = {name for name in changing - landed if name in old and name in seen and same(seen[name], old[name])}
    edited = frozenset(changing - landed - kept)
    if landed == changing:
        return Landed()
    return Edited(edited, landed) if edited or landed else NotLanded()
