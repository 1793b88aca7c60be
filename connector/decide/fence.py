"""Does an observation count at all? Rule 0 of sync-model, section 2."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from connector.model.binding import same
from connector.model.entity import Canonical

#: Why an observation is dropped: the binding is then marked for a fresh read.
Dropped: TypeAlias = Literal["older", "in-doubt", "lagging"]


@dataclass(frozen=True, slots=True)
class Replaced:
    """What the last receipt replaced on a binding: field → value before, and when the receipt was stored (UTC)."""

    values: Canonical
    at: datetime


def dropped(
    seen: Canonical,
    began: int,
    began_at: datetime,
    fence: int,
    *,
    open_intent: bool = False,
    replaced: Replaced | None = None,
    read_lag_s: float = 0.0,
) -> Dropped | None:
    """Why an observation must not be merged, or None where it counts.

    Args:
        seen: field → value, in the same form (native or canonical) as ``replaced``.
        began: the last sequence number the ledger had given out when the read began; ``began_at``
            by the clock, for the lag alone.
        fence: the number of the binding's last merge or receipt; each of them draws a new one.
        open_intent: a write to this binding has no receipt yet.
        replaced: what the last receipt replaced; None where nothing was.
        read_lag_s: for how long after a write the channel may still show the old state.

    Merged, any of these would undo the newer value on every channel.
    """
    if began < fence:
        return "older"
    if open_intent:
        return "in-doubt"
    if replaced is not None and _lags(seen, began_at, replaced, read_lag_s):
        return "lagging"
    return None


def _lags(seen: Canonical, began_at: datetime, replaced: Replaced, read_lag_s: float) -> bool:
    if read_lag_s <= 0 or began_at > replaced.at + timedelta(seconds=read_lag_s):
        return False
    return any(name in seen and same(seen[name], value) for name, value in replaced.values.items())
