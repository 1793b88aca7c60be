"""Brakes: what would delete, zero or change too much is parked before it is merged (sync-model 5.6)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal, TypeAlias

from connector.decide.difference import number
from connector.model.binding import same
from connector.model.entity import LIFE_FIELD, Canonical, Entity, Value

Kind: TypeAlias = Literal["delete", "zero", "change", "emptied", "factor"]
KINDS: Final[tuple[Kind, ...]] = ("delete", "zero", "change")

#: Where a nought is a harm: nobody sells for nothing on purpose, or sells what is said to be out.
_ZEROED: Final[Mapping[Entity, str]] = {Entity.PRICE: "amount", Entity.STOCK: "on_hand"}


@dataclass(frozen=True, slots=True)
class Limits:
    """Shares of an entity over the rolling window, and how many are always let through.

    ``price_factor``: a price that moves by more parks its record alone; ``stock_factor`` the same
    for a *rise* of one stock figure, None: off, since deliveries multiply small stocks every day.
    """

    min_count: int = 10
    max_delete_share: Decimal = Decimal("0.02")
    max_zero_share: Decimal = Decimal("0.05")
    max_change_share: Decimal = Decimal("0.30")
    price_factor: Decimal = Decimal(3)
    stock_factor: Decimal | None = None

    def share(self, kind: Kind) -> Decimal:
        return {"delete": self.max_delete_share, "zero": self.max_zero_share}.get(kind, self.max_change_share)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One record about to be merged (or written), and what that would do to it. ``id`` is any stable name."""

    id: str
    kinds: frozenset[Kind]


@dataclass(frozen=True, slots=True)
class Tripped:
    """A brake, and its plan: what it parks now, what came that way before, and what the limit was."""

    kind: Kind
    parked: tuple[str, ...]
    before: tuple[str, ...] = ()
    population: int = 0
    limit: Decimal = Decimal(0)

    def as_plan(self) -> dict[str, Value]:
        """JSON-shaped, for ``connector brakes show``."""
        return {
            "kind": self.kind,
            "parked": list(self.parked),
            "before": list(self.before),
            "population": self.population,
            "limit": self.limit,
        }


@dataclass(frozen=True, slots=True)
class Weighing:
    """What may go on, and what is parked by which brake. A record is parked once, by the first of its kinds."""

    passed: tuple[Candidate, ...]
    tripped: tuple[Tripped, ...]


def weigh(
    candidates: Sequence[Candidate],
    weighed: Mapping[Kind, Collection[str]],
    population: int,
    limits: Limits,
    tripped: Collection[Kind] = (),
) -> Weighing:
    """Count before merging, over the rolling window; what trips is parked, the rest goes on.

    Args:
        candidates: what a page, a feed or a delivery would do. ``factor`` and ``emptied`` among their
            kinds park the record by themselves.
        weighed: kind → records that already went this way within the window.
        population: bound records of the entity on the channel.
        tripped: kinds whose brake has tripped and was not released yet: more of the kind joins it.
    """
    left, brakes = list(candidates), list[Tripped]()
    for kind in ("emptied", "factor", *KINDS):
        here = [candidate.id for candidate in left if kind in candidate.kinds]
        before = weighed.get(kind, ())
        limit = _limit(kind, population, limits)
        if here and (kind in tripped or len({*here, *before}) > limit):
            brakes.append(Tripped(kind, tuple(here), tuple(sorted(before)), population, limit))
            left = [candidate for candidate in left if kind not in candidate.kinds]
    return Weighing(tuple(left), tuple(brakes))


def _limit(kind: Kind, population: int, limits: Limits) -> Decimal:
    if kind in ("emptied", "factor"):
        return Decimal(0)
    return max(Decimal(limits.min_count), population * limits.share(kind))


def is_emptied(rows: int, known: int) -> bool:
    """Whether a complete listing came back empty although records were known: parked whatever the share."""
    return rows == 0 and known > 0


def kinds_of(
    entity: Entity, before: Canonical, after: Canonical, limits: Limits, *, gone: bool = False
) -> frozenset[Kind]:
    """What it does to a record that ``before`` becomes ``after`` (canonical fields; missing ones stand).

    Empty where nothing changes. The fall of one stock figure is a change like any other, never
    parked for its size: parking it would oversell.
    """
    changed = {name for name, value in after.items() if name not in before or not same(before[name], value)}
    kinds: set[Kind] = {"change"} if changed or gone else set()
    if gone or (LIFE_FIELD in changed and after[LIFE_FIELD] is False):
        kinds.add("delete")
    watched = _ZEROED.get(entity)
    if watched in changed and watched in before:
        kinds |= _kinds_of_number(entity, number(before[watched]), number(after[watched]), limits)
    return frozenset(kinds)


def _kinds_of_number(entity: Entity, old: Decimal | None, new: Decimal | None, limits: Limits) -> set[Kind]:
    kinds: set[Kind] = set()
    if old is None or old <= 0:
        return kinds
    if new is None or new <= 0:
        kinds.add("zero")
    if entity is Entity.PRICE and _moved_by(old, new, limits.price_factor):
        kinds.add("factor")
    if entity is Entity.STOCK and limits.stock_factor and new is not None and new > old * limits.stock_factor:
        kinds.add("factor")
    return kinds


def _moved_by(old: Decimal, new: Decimal | None, factor: Decimal) -> bool:
    return new is None or new > old * factor or new * factor < old
