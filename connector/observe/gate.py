"""Rule 0 at the door of the ledger: whether an observation counts at all. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connector.decide.fence import Replaced, dropped
from connector.model.entity import Native, Value
from connector.model.record import Binding
from connector.observe.absorb import Observation
from connector.parts import Lane


def passes(lane: Lane, binding: Binding, seen: Observation, *, open_intent: bool) -> bool:
    """Whether it was read after the last merge and receipt, beside no open intent, and outside the read lag."""
    reason = dropped(
        seen.picked,
        seen.read_sequence,
        seen.began_at,
        binding.fence,
        open_intent=open_intent,
        replaced=unpack_replaced(binding.replaced),
        read_lag_s=lane.side.can(lane.entity).read_lag_s,
    )
    return reason is None


def pack_replaced(values: Native, at: datetime) -> dict[str, Value]:
    """What a receipt replaced, as the binding keeps it."""
    return {"values": dict(values), "at": at.isoformat()}


def unpack_replaced(packed: Mapping[str, Any] | None) -> Replaced | None:
    return None if packed is None else Replaced(packed["values"], datetime.fromisoformat(packed["at"]))
