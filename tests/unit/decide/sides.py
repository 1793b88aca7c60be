"""Three systems, a few moments, and short names for what the tables say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from connector.decide.merge import Policy
from connector.model.binding import OPERATOR, Agreed, Provenance, Seen, Shadow
from connector.model.entity import Value

NOON = datetime(2026, 6, 25, 12, 0, tzinfo=UTC)
RANK = ("erp", "shop", "till")
ERP_OWNS = Policy(frozenset(RANK), RANK)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def by(channel: str, minutes: float = 0, rule: str = "") -> Provenance:
    """An edit that is known to the minute."""
    return Provenance(channel, at(minutes), at(minutes), rule)


def erp(value: Value, minutes: float = 0) -> Agreed:
    return Agreed(value, by("erp", minutes))


def shop(value: Value, minutes: float = 0) -> Agreed:
    return Agreed(value, by("shop", minutes))


def operator(value: Value, minutes: float = 0) -> Agreed:
    return Agreed(value, by(OPERATOR, minutes))


def seen(channel: str, value: Value, minutes: float = 5) -> Seen:
    return Seen(value, by(channel, minutes))


def shadow(value: Value) -> Shadow:
    return Shadow(value)


def let_in(one: Seen, rule: str) -> Agreed:
    """What becomes agreed when that observation is let in by that rule."""
    return one.agreed(rule)
