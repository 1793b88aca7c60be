"""Intents after a write call that raised: withdrawn only where nothing was sent (sync-model 5.2)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connector.errors import (
    AmbiguousWrite,
    AuthFailed,
    ConnectorError,
    ContractBroken,
    RateLimited,
    Rejected,
    Transient,
)
from connector.ledger import debts
from connector.model.entity import Entity
from simulator.chain import EVERYWHERE
from tests.engine.shop import Chain


@pytest.mark.parametrize(
    ("error", "in_doubt"),
    [
        (RateLimited("the budget is spent", until=datetime(2026, 11, 20, 9, 5, tzinfo=UTC)), 0),
        (AuthFailed("the credentials are refused"), 0),
        (Transient("no connection"), 0),
        (AmbiguousWrite("no answer"), 1),
        (ContractBroken("an answer of another kind"), 1),
        (Rejected("refused as a whole"), 1),
    ],
    ids=lambda given: type(given).__name__ if isinstance(given, ConnectorError) else "",
)
def test_only_what_was_surely_not_sent_is_withdrawn(shop: Chain, error: ConnectorError, in_doubt: int) -> None:
    """A call that raises leaves its write in doubt, unless the error says that nothing was sent (row 5)."""
    shop.edit("erp", name="Mug B")
    shop.worlds["shop"].faults.append(("before", error))
    shop.sync()
    with shop.parts.ledger.read() as session:
        assert in_doubt == len(debts.in_doubt(session, "shop", Entity.PRODUCT))


def test_a_figure_that_was_written_before_the_call_raised_is_booked_once(shop: Chain) -> None:
    """Four sold at the till, written in the shop although the call raised, are no second sale there (row 5)."""
    figure = shop.id_of("till", "A-1", Entity.STOCK)
    shop.worlds["till"].move(figure, -4)
    shop.worlds["shop"].faults.append(("after", Rejected("refused as a whole")))
    for _ in range(4):
        shop.sync()
        shop.clock.pass_(minutes=30)
    assert dict.fromkeys(EVERYWHERE, 6) == shop.shows(Entity.STOCK, "A-1", "quantity")
