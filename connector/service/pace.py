"""How often a lane is looked at where calls are scarce, and whether a sweep was missed. Pure.

The rule: at most half of the calls that are left may go into looking; the other half is for what
must be written. Stock takes its share first, at most three quarters of that half; the other lanes
of the channel divide what remains, all stretched by one factor. Nobody is looked at more often
than ``every`` says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from connector.ledger.budget import Allowance
from connector.model.entity import Entity

LOOKING_SHARE: Final = 0.5
STOCK_SHARE: Final = 0.75

#: Budgets of shorter windows are full again before a look is due: they delay one, and never stretch.
SHORT_WINDOW_S: Final = 600


@dataclass(frozen=True)
class Looks:
    """One lane: seconds between two looks at best, and the calls that its last one cost."""

    every_s: float
    calls: int


def paced(lanes: Mapping[Entity, Looks], budgets: Iterable[Allowance], now: datetime) -> dict[Entity, float]:
    """Seconds between two looks, per lane of one channel, so that its scarcest budget lasts until its reset."""
    intervals = {entity: looks.every_s for entity, looks in lanes.items()}
    for budget in budgets:
        if budget.window_s >= SHORT_WINDOW_S and not budget.name.startswith("errors"):
            stretched = _within(lanes, budget, now)
            intervals = {entity: max(seconds, stretched[entity]) for entity, seconds in intervals.items()}
    return intervals


def _within(lanes: Mapping[Entity, Looks], budget: Allowance, now: datetime) -> dict[Entity, float]:
    left_s = max((budget.resets_at - now).total_seconds(), 1.0)
    share = budget.remaining * LOOKING_SHARE
    needs = {entity: looks.calls * left_s / looks.every_s for entity, looks in lanes.items()}
    for_stock = min(needs.get(Entity.STOCK, 0.0), share * STOCK_SHARE)
    others = sum(need for entity, need in needs.items() if entity is not Entity.STOCK)
    factors = {
        entity: _factor(needs[entity], for_stock) if entity is Entity.STOCK else _factor(others, share - for_stock)
        for entity in lanes
    }
    return {entity: min(looks.every_s * factors[entity], left_s + looks.every_s) for entity, looks in lanes.items()}


def _factor(needed: float, granted: float) -> float:
    """By how much looks must be spread; nothing granted: until the reset, which the caller caps at."""
    if needed <= granted:
        return 1.0
    return needed / granted if granted >= 1 else float("inf")


def is_sweep_missed(at: time, zone: ZoneInfo, last: datetime | None, now: datetime) -> bool:
    """Whether the last time of day for a sweep passed with nobody there; a lane never read waits for its first one."""
    return last is not None and last < _before(at, zone, now)


def _before(at: time, zone: ZoneInfo, now: datetime) -> datetime:
    """The last moment at which it was this time of day in the shop."""
    local = now.astimezone(zone)
    today = _moment(local.date(), at, zone)
    return today if today <= local else _moment(local.date() - timedelta(days=1), at, zone)


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, tzinfo=zone)
