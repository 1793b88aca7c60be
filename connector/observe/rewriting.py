"""Fields that another program, or the remote itself, writes anew after each of our writes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from connector.decide.projection import Confirmed, rewritten_hold
from connector.model.binding import Held
from connector.model.entity import Value
from connector.model.record import Binding


def count_confirmed(binding: Binding, written: Mapping[str, Value], now: datetime) -> dict[str, Value] | None:
    """What ``Binding.confirmed`` becomes once these canonical fields were confirmed."""
    kept = dict(binding.confirmed or {})
    for name, value in written.items():
        counted = _unpack(kept.get(name), value).again(value, now)
        kept[name] = {"value": counted.value, "times": [time.isoformat() for time in counted.times]}
    return kept or None


def rewritten(binding: Binding, shown: Mapping[str, Value], now: datetime) -> dict[str, Held]:
    """Fields that were written three times in a day and show another value still."""
    found: dict[str, Held] = {}
    for name, packed in (binding.confirmed or {}).items():
        hold = rewritten_hold(_unpack(packed, None), shown[name], now) if name in shown else None
        if hold is not None:
            found[name] = hold
    return found


def _unpack(packed: Value, value: Value) -> Confirmed:
    if not isinstance(packed, dict):
        return Confirmed(value)
    times = packed["times"]
    listed = times if isinstance(times, list) else []
    return Confirmed(packed["value"], tuple(datetime.fromisoformat(str(time)) for time in listed))
