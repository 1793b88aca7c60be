"""The initial sync of ``bench/initial_sync.py``, short: everything arrives, in no more calls than the floor allows."""

from __future__ import annotations

import pytest

from bench.initial_sync import Outcome, allowed, exceeded, floors, run, size_of

PRODUCTS = 200

pytestmark = pytest.mark.timeout(900)  # three stand-ins and three commands, on a machine that may be busy


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """The ERP's two hundred products in the other two systems."""
    return run(PRODUCTS, tmp_path_factory.mktemp("first"))


def test_everything_arrives(outcome: Outcome) -> None:
    """Nothing is owed, in doubt, or refused, and each product stands in each system with its price."""
    assert [] == outcome.left
    assert {"webshop": PRODUCTS, "store": PRODUCTS} == outcome.arrived


def test_no_system_is_called_more_often_than_its_floor_allows(outcome: Outcome) -> None:
    """Two calls a product in the till, some hundredths of one in the shop, a thousandth in the ERP."""
    called = {name: outcome.calls(name) for name in floors(outcome.size)}
    assert [] == exceeded(outcome), called


def test_the_floor_is_what_the_interfaces_allow() -> None:
    """For 10,000 products: two calls each in the till, and pages and batches in the others."""
    floor = floors(size_of(10_000))
    assert 20_000 <= floor["store"] < 20_400
    assert floor["webshop"] < 1_500
    assert floor["exact"] < 100
    assert allowed(100) > 100
