"""A stranger → its record, by key. Pure.

Keys match strangers only; the binding's external id is the identity from then on (known failure
25). Exact, unique keys link; everything else is doubt, and doubt waits for a person.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias

from connector.model.entity import Canonical, Entity, Key, Value, code_key


@dataclass(frozen=True)
class Link:
    """This row is that record; ``key`` says by which key."""

    record_id: int
    key: Key


@dataclass(frozen=True)
class Fresh:
    """Nobody has any of its keys: a new record."""


@dataclass(frozen=True)
class Doubt:
    """Shown, not linked: why, and which records it might be."""

    reason: str
    candidates: Sequence[int] = field(default_factory=tuple)


Match: TypeAlias = Link | Fresh | Doubt

#: How the doubt about a mere likeness ends: it never means that one thing took another's place.
ONLY_ALIKE = "other key"


def keys_of(entity: Entity, values: Canonical) -> tuple[Key, ...]:
    """The keys on which a record may be matched, the strongest first (canonical-model 1 and 2)."""
    if entity is Entity.PRODUCT:
        return _present(("sku", values.get("sku")))
    if entity is Entity.CUSTOMER:
        vat = values.get("vat_number") if values.get("kind") != "person" else None
        return _present(("vat_number", vat), ("email", values.get("email")))
    return ()


def hints_of(entity: Entity, values: Canonical) -> tuple[Key, ...]:
    """Keys that only propose: a barcode may sit on two articles, a shared number on two people."""
    if entity is not Entity.PRODUCT:
        return ()
    barcode = values.get("barcode")
    return (Key("barcode", barcode.zfill(14)),) if isinstance(barcode, str) and barcode else ()


def _present(*pairs: tuple[str, Value]) -> tuple[Key, ...]:
    return tuple(Key(kind, code_key(text)) for kind, text in pairs if isinstance(text, str) and text.strip())


def row_key(entity: Entity, place: str, values: Canonical) -> str:
    """The key of a price row or a stock figure within its product: list, minimum quantity and start, or location."""
    if entity is Entity.STOCK:
        return place
    return f"{place}|{_plain(values.get('min_qty'))}|{values.get('starts') or ''}"


def _plain(quantity: Value) -> str:
    if isinstance(quantity, int | Decimal) and not isinstance(quantity, bool):
        return f"{Decimal(quantity).normalize():f}"
    return "1"


def display_key(entity: Entity, values: Canonical, fallback: str) -> str:
    """What people know a product or a customer by."""
    for name in ("sku",) if entity is Entity.PRODUCT else ("email", "vat_number", "customer_no", "loyalty_card"):
        value = values.get(name)
        if isinstance(value, str) and value:
            return value
    return fallback


def decide_match(
    keys: Sequence[Key],
    hints: Sequence[Key],
    holders: Mapping[Key, Sequence[int]],
    taken: Collection[int],
    twins: Collection[Key],
) -> Match:
    """Link, new, or doubt.

    Args:
        keys, hints: of the stranger, the strongest first.
        holders: key → records that hold it.
        taken: those of them that are bound on this channel already, to something that lives.
        twins: keys that another stranger of this channel holds too.
    """
    for key in keys:
        found = list(holders.get(key, ()))
        if key in twins:
            return Doubt(f"two on this channel have {key.kind} {key.text!r}", found)
        if len(found) > 1:
            return Doubt(f"several records have {key.kind} {key.text!r}", found)
        if found and found[0] in taken:
            return Doubt(f"{key.kind} {key.text!r} belongs to a record that is bound here to another", found)
        if found:
            return Link(found[0], key)
    for key in hints:
        found = [id_ for id_ in holders.get(key, ()) if id_ not in taken]
        if found:
            return Doubt(f"same {key.kind} {key.text!r}, {ONLY_ALIKE}", found)
    return Fresh() if keys else Doubt("it has no key to be matched by")
