"""What a channel should hold, and so what is owed to it: level-triggered (sync-model 2 and 5)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, Literal, TypeAlias

from connector.model.binding import WHOLE_BINDING, Held, same
from connector.model.entity import Canonical, Life, Value

_REWRITES: Final = 3
_REWRITE_WINDOW: Final = timedelta(days=1)


def owed(
    projected: Canonical,
    shadow: Canonical,
    writable: Collection[str],
    held: Collection[str] = (),
    write_only: Collection[str] = (),
) -> frozenset[str]:
    """The fields that a write to an existing remote record owes; empty: the binding is not dirty.

    Args:
        projected: field → through(agreed), what the channel should show.
        shadow: field → what was last settled there, in the same form.
        writable: fields that the channel takes on an update (not those for creates alone).
        held: fields that wait, here or on the whole record (an open conflict), ``WHOLE_BINDING`` for all.
        write_only: fields that the channel takes and never shows.

    A field without a shadow has not been met yet: it is observed first, never overwritten unseen.
    """
    if WHOLE_BINDING in held:
        return frozenset()
    return frozenset(
        name
        for name, value in projected.items()
        if name in writable and name not in held and _differs(name, value, shadow, write_only)
    )


def _differs(name: str, value: Value, shadow: Canonical, write_only: Collection[str]) -> bool:
    return not same(value, shadow[name]) if name in shadow else name in write_only


def still_held(held: Mapping[str, Held], projected: Canonical) -> dict[str, Held]:
    """The holds that stand now that this is projected; one of the whole binding is lifted by its owner alone."""
    return {name: why for name, why in held.items() if name == WHOLE_BINDING or why.stands(projected.get(name))}


Step: TypeAlias = Literal["nothing", "create", "update", "zero-stock", "archive"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a record stands with one channel.

    Attributes:
        life: of the record.
        in_scope: the channel's mapping and configuration include it.
        state: of the binding: ``bound``, ``owed`` (no external id yet), ``gone`` (tombstone), ``unlinked``.
        archived_there: what the channel shows of its life.
        stock_there: pieces that the channel shows of it; None: no stock there.
        approved: ``match`` was approved for the lane; until then nothing is created.
        parent_bound: for prices and stock: their product has an external id there.
    """

    life: Life
    in_scope: bool
    state: Literal["bound", "owed", "gone", "unlinked"]
    archived_there: bool = False
    stock_there: Decimal | None = None
    approved: bool = True
    parent_bound: bool = True


def next_step(standing: Standing) -> Step:
    """What a channel is owed as a whole, before any field is compared.

    A tombstoned or unlinked binding owes nothing. What leaves a channel's scope is archived there,
    its stock at zero first, so that it cannot be sold on. Only a live record is created.
    """
    if standing.state in ("gone", "unlinked") or not standing.parent_bound:
        return "nothing"
    if standing.state == "owed":
        wanted = standing.in_scope and standing.approved and standing.life == "live"
        return "create" if wanted else "nothing"
    if standing.in_scope:
        return "update"
    if standing.stock_there:
        return "zero-stock"
    return "nothing" if standing.archived_there else "archive"


def dependency_hold(product_bound: bool, since: datetime | None = None) -> Held | None:
    """Why a price or a stock figure waits: its product is not on that channel yet (5.9)."""
    if product_bound:
        return None
    return Held("dependency", "its product is not on this channel yet", since=since)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Confirmed writes of one field of a binding while agreed stood still: the value, and when (UTC)."""

    value: Value
    times: tuple[datetime, ...] = ()

    def again(self, value: Value, at: datetime) -> Confirmed:
        """After another confirmed write; another value begins anew, and a day ends the count."""
        kept: Sequence[datetime] = self.times if same(value, self.value) else ()
        recent = tuple(time for time in kept if at - time < _REWRITE_WINDOW)
        return Confirmed(value, (*recent, at))


def rewritten_hold(confirmed: Confirmed, shown: Value, at: datetime) -> Held | None:
    """Hold a field that was written three times in a day and shows another value still.

    Another program, or the remote itself, rewrites it; both values are shown. Ends when agreed changes.
    """
    recent = [time for time in confirmed.times if at - time < _REWRITE_WINDOW]
    if len(recent) < _REWRITES or same(shown, confirmed.value):
        return None
    detail = f"confirmed {len(recent)} times in a day and shown otherwise: another program or the remote rewrites it"
    return Held("rewritten", detail, shown=shown, projected=confirmed.value, since=at)
