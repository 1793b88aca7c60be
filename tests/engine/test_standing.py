"""How fresh every lane is, as `connector status` tells it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.errors import Transient
from connector.model.entity import Entity
from connector.parts import Scope
from connector.standing import standing
from tests.engine.shop import Chain, chain


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Chain]:
    with chain(tmp_path) as built:
        yield built


def overdue(shop: Chain) -> set[str]:
    lanes = standing(shop.parts, Scope(entities=frozenset({Entity.PRODUCT})))
    return {lane.channel for lane in lanes if lane.overdue}


def test_a_lane_that_was_never_read_is_overdue(shop: Chain) -> None:
    """Known failure 15: nothing has been read, and nothing is green."""
    assert {"erp", "shop", "till"} == overdue(shop)


def test_silence_is_noticed(shop: Chain) -> None:
    """Known failure 15: products are promised every five minutes, and three times that without a look is too long."""
    shop.match()
    shop.sync()
    shop.clock.pass_(minutes=14)
    assert set() == overdue(shop)
    shop.clock.pass_(minutes=2)
    assert {"erp", "shop", "till"} == overdue(shop)


def test_a_round_that_reads_nothing_is_no_success(shop: Chain) -> None:
    """Known failure 15: a system that never answers turns its own lane overdue, whatever the others do."""
    shop.match()
    shop.sync()
    shop.clock.pass_(minutes=16)
    shop.worlds["till"].faults.append(("read", Transient("GET products: no answer", channel="till")))
    report = shop.sync(entities=frozenset({Entity.PRODUCT}), channels=frozenset({"till"}))
    assert {"till/product": "Transient"} == {lane: type(error).__name__ for lane, error in report.errors.items()}
    shop.sync(entities=frozenset({Entity.PRODUCT}), channels=frozenset({"erp", "shop"}))
    assert {"till"} == overdue(shop)
