"""Stocktakes are stored once, wait until they have set a figure, and never set it twice."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from connector.ledger.counts import StoredCount, add_counts, last_applied, settle_count, waiting_counts
from connector.ledger.engine import Database
from tests.ledger.stored import HOUR, NOON, Shelf

FIRST = StoredCount("erp", "c-1", 7, "utrecht", Decimal("8.5"), NOON)
SECOND = replace(FIRST, id="c-2", at=NOON + HOUR)


def test_a_count_waits_once_however_often_it_is_reported(database: Database) -> None:
    """The oldest first; one that has been settled does not wait again."""
    shelf = Shelf(database)
    with shelf.ledger.write() as session:
        add_counts(session, [SECOND, FIRST, FIRST], "waiting")
        assert [FIRST, SECOND] == waiting_counts(session)
        settle_count(session, FIRST, "applied")
        add_counts(session, [FIRST], "waiting")
        assert [SECOND] == waiting_counts(session)


def test_the_newest_count_that_has_set_a_figure_is_known(database: Database) -> None:
    """Of this product and location, and only where it was applied."""
    shelf = Shelf(database)
    with shelf.ledger.write() as session:
        add_counts(session, [FIRST, SECOND], "waiting")
        assert None is last_applied(session, 7, "utrecht")
        settle_count(session, FIRST, "applied")
        settle_count(session, SECOND, "superseded")
        assert NOON == last_applied(session, 7, "utrecht")
        assert None is last_applied(session, 7, "gent")
