"""Claims and hand-overs of every channel: what the stock formula joins (canonical-model 4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import delete, insert, select

from connector.ledger.records import chunks
from connector.ledger.store import Session
from connector.ledger.tables import claim, hand_over, order_ref


@dataclass(frozen=True)
class StoredClaim:
    """Pieces sold on a channel and not yet handed over, of one product record."""

    channel: str
    order: str
    line: str
    product_id: int
    location: str
    open_quantity: Decimal


@dataclass(frozen=True)
class StoredHandOver:
    """Pieces of an order that left (or came back) on a channel, of one product record at one location."""

    channel: str
    id: str
    order: str
    product_id: int
    location: str
    quantity: Decimal
    kind: str
    sequence: int = 0
    at: datetime | None = None


def replace_claims(session: Session, channel: str, claims: Iterable[StoredClaim]) -> set[int]:
    """The channel's whole list of claims, replacing the former; answers the products whose claims changed."""
    before = {(c.order, c.line): c for c in _claims(session, channel)}
    after = {(c.order, c.line): c for c in claims}
    ended = [entry for key, entry in before.items() if after.get(key) != entry]
    begun = [entry for key, entry in after.items() if before.get(key) != entry]
    for entry in ended:
        session.connection.execute(
            delete(claim).where(
                claim.c.channel == channel, claim.c.order_ref == entry.order, claim.c.line == entry.line
            )
        )
    if begun:
        session.connection.execute(insert(claim), [_claim_row(entry) for entry in begun])
    return {entry.product_id for entry in ended + begun}


def _claims(session: Session, channel: str) -> list[StoredClaim]:
    return [_to_claim(row) for row in session.connection.execute(select(claim).where(claim.c.channel == channel))]


def _claim_row(entry: StoredClaim) -> dict[str, object]:
    return {
        "channel": entry.channel,
        "order_ref": entry.order,
        "line": entry.line,
        "product_id": entry.product_id,
        "location": entry.location,
        "open_quantity": entry.open_quantity,
    }


def add_hand_overs(session: Session, entries: Iterable[StoredHandOver]) -> list[StoredHandOver]:
    """Store those not known yet (by the channel's own id); answers them, in the order given."""
    listed = list({(entry.channel, entry.id): entry for entry in entries}.values())
    known: set[tuple[str, str]] = set()
    for part in chunks(entry.id for entry in listed):
        query = select(hand_over.c.channel, hand_over.c.id).where(hand_over.c.id.in_(part))
        known.update((row.channel, row.id) for row in session.connection.execute(query))
    new = [entry for entry in listed if (entry.channel, entry.id) not in known]
    if new:
        session.connection.execute(insert(hand_over), [_hand_over_row(session, entry) for entry in new])
    return new


def _hand_over_row(session: Session, entry: StoredHandOver) -> dict[str, object]:
    return {
        "channel": entry.channel,
        "id": entry.id,
        "order_ref": entry.order,
        "product_id": entry.product_id,
        "location": entry.location,
        "quantity": entry.quantity,
        "kind": entry.kind,
        "sequence": session.sequence,
        "at": entry.at,
    }


def add_orders(session: Session, channel: str, references: Iterable[str]) -> set[str]:
    """Remember that a channel holds these orders; answers the ones that are new."""
    wanted = {reference for reference in references if reference}
    known: set[str] = set()
    for part in chunks(sorted(wanted)):
        query = select(order_ref.c.order_ref).where(order_ref.c.channel == channel, order_ref.c.order_ref.in_(part))
        known.update(session.connection.scalars(query))
    new = sorted(wanted - known)
    if new:
        session.connection.execute(insert(order_ref), [{"channel": channel, "order_ref": text} for text in new])
    return set(new)


def claims_of(session: Session, product_ids: Iterable[int]) -> list[StoredClaim]:
    found: list[StoredClaim] = []
    for part in chunks(sorted(set(product_ids))):
        query = select(claim).where(claim.c.product_id.in_(part))
        found.extend(_to_claim(row) for row in session.connection.execute(query))
    return found


def hand_overs_of(session: Session, product_ids: Iterable[int]) -> list[StoredHandOver]:
    """All hand-overs of these products, in the order in which they were first reported; those of one report by id.

    The same order at every reading: the formula compares what it makes of them before and after.
    """
    found: list[StoredHandOver] = []
    order = (hand_over.c.sequence, hand_over.c.channel, hand_over.c.id)
    for part in chunks(sorted(set(product_ids))):
        query = select(hand_over).where(hand_over.c.product_id.in_(part)).order_by(*order)
        found.extend(
            StoredHandOver(
                row.channel,
                row.id,
                row.order_ref,
                row.product_id,
                row.location,
                row.quantity,
                row.kind,
                row.sequence,
                row.at,
            )
            for row in session.connection.execute(query)
        )
    return found


def products_claimed(session: Session, channel: str) -> set[int]:
    """Products with claims on this channel."""
    return set(session.connection.scalars(select(claim.c.product_id).where(claim.c.channel == channel)))


def products_of_orders(session: Session, references: Iterable[str]) -> set[int]:
    """Products with claims or hand-overs in these orders."""
    found: set[int] = set()
    for part in chunks(sorted(set(references))):
        for table in (claim, hand_over):
            found.update(session.connection.scalars(select(table.c.product_id).where(table.c.order_ref.in_(part))))
    return found


def holders_of(session: Session, references: Iterable[str]) -> dict[str, frozenset[str]]:
    """Order reference → channels that hold the order."""
    found: dict[str, set[str]] = {}
    for part in chunks(sorted(set(references))):
        query = select(order_ref.c.order_ref, order_ref.c.channel).where(order_ref.c.order_ref.in_(part))
        for row in session.connection.execute(query):
            found.setdefault(row.order_ref, set()).add(row.channel)
    return {reference: frozenset(channels) for reference, channels in found.items()}


def _to_claim(row: object) -> StoredClaim:
    values = row._mapping  # type: ignore[attr-defined]  # a Row, whose columns are this table's
    return StoredClaim(
        values["channel"],
        values["order_ref"],
        values["line"],
        values["product_id"],
        values["location"],
        values["open_quantity"],
    )
