"""429s and what else stops a channel for a while: waited for, never a failure, and nothing is lost (sync-model 6)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from connector.errors import AuthFailed, ChannelError, RateLimited, Transient
from connector.ledger import debts, lanes
from connector.ledger.lanes import LaneState
from connector.model.entity import Entity
from tests.engine.shop import Chain, linked_chain

SKUS = tuple(f"{letter}-1" for letter in "ABCDEFGH")


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Chain]:
    """Eight products, linked: more than may be refused alike before a lane stops."""
    with linked_chain(tmp_path, skus=SKUS) as built:
        yield built


def edited_everywhere(full: Chain, description: str) -> None:
    for sku in SKUS:
        full.edit("erp", sku, description=description)


def limit(full: Chain, minutes: float = 10) -> RateLimited:
    return RateLimited("too many calls", until=full.clock.moment + timedelta(minutes=minutes))


def shown(full: Chain) -> list[object]:
    return [full.product("shop", sku)["description"] for sku in SKUS]


def lane(full: Chain, channel: str = "shop", entity: Entity = Entity.PRODUCT) -> LaneState:
    with full.parts.ledger.read() as session:
        return lanes.state(session, channel, entity)


def test_a_limit_amid_a_batch_is_waited_for(full: Chain) -> None:
    """One row was written, seven were not sent: no refusal of theirs, and no reason for a person to look."""
    edited_everywhere(full, "Newer")
    error = limit(full)
    full.worlds["shop"].faults.append(("amid", error))
    report = full.sync()
    assert {"shop/product": error} == report.errors
    assert (False, 0, error.until) == (lane(full).stopped, lane(full).failures, lane(full).paused_until)
    with full.parts.ledger.read() as session:
        assert [] == debts.in_doubt(session, "shop")
    full.clock.pass_(minutes=11)
    full.sync()
    assert ["Newer"] * len(SKUS) == shown(full)


def test_nothing_more_is_sent_after_a_limit(tmp_path: Path) -> None:
    """Of four calls the first one meets it: the other three would only be refused just the same."""
    with linked_chain(tmp_path, skus=SKUS, write_batch=2) as full:
        edited_everywhere(full, "Newer")
        full.worlds["shop"].faults.append(("amid", limit(full)))
        full.sync()
        assert 1 == full.calls("shop", "write")


@pytest.mark.parametrize("error", [AuthFailed("revoked"), Transient("connection lost")], ids=["auth", "lost"])
def test_what_stops_a_channel_amid_a_batch_is_no_refusal_of_its_rows(full: Chain, error: ChannelError) -> None:
    """Seven rows fail alike, for no reason of theirs: the lane waits, and no person has to let it go on."""
    edited_everywhere(full, "Newer")
    full.worlds["shop"].faults.append(("amid", error))
    full.sync()
    assert not lane(full).stopped
    full.clock.pass_(hours=5)
    full.sync()
    assert ["Newer"] * len(SKUS) == shown(full)
