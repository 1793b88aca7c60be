"""Stocktake documents: each sets what is on hand once, however often it is reported (sync-model 4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from sqlalchemy import func, insert, select, update

from connector.ledger.records import chunks
from connector.ledger.store import Session
from connector.ledger.tables import stock_count

CountState = Literal["waiting", "applied", "past", "superseded"]


@dataclass(frozen=True)
class StoredCount:
    """Pieces that a channel has counted of one product record at one location, at a moment."""

    channel: str
    id: str
    product_id: int
    location: str
    quantity: Decimal
    at: datetime


def add_counts(session: Session, entries: Iterable[StoredCount], state: CountState) -> None:
    """Store those that are not known yet, by the channel's own id."""
    listed = {(entry.channel, entry.id): entry for entry in entries}
    known: set[tuple[str, str]] = set()
    for part in chunks(sorted(id_ for _, id_ in listed)):
        query = select(stock_count.c.channel, stock_count.c.id).where(stock_count.c.id.in_(part))
        known.update((row.channel, row.id) for row in session.connection.execute(query))
    new = [entry for key, entry in listed.items() if key not in known]
    if new:
        session.connection.execute(insert(stock_count), [{**vars(entry), "state": state} for entry in new])


def waiting_counts(session: Session) -> list[StoredCount]:
    """Those that have set nothing yet, the oldest first."""
    query = select(stock_count).where(stock_count.c.state == "waiting").order_by(stock_count.c.at, stock_count.c.id)
    return [
        StoredCount(row.channel, row.id, row.product_id, row.location, row.quantity, row.at)
        for row in session.connection.execute(query)
    ]


def last_applied(session: Session, product_id: int, location: str) -> datetime | None:
    """The moment of the newest count that has set this figure."""
    one = stock_count.c
    newest = select(func.max(one.at)).where(
        one.product_id == product_id, one.location == location, one.state == "applied"
    )
    at: datetime | None = session.connection.scalar(newest)
    return at


def settle_count(session: Session, count: StoredCount, state: CountState) -> None:
    where = (stock_count.c.channel == count.channel, stock_count.c.id == count.id)
    session.connection.execute(update(stock_count).where(*where).values(state=state))
