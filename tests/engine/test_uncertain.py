"""A stock write without an answer whose figure fits neither explanation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.errors import AmbiguousWrite
from connector.ledger import holds
from connector.model.entity import Entity
from connector.operator import drop_case
from connector.stock.picture import ON_HAND
from tests.engine.shop import Chain, chain


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Chain]:
    with chain(tmp_path) as built:
        yield built


def test_an_uncertain_figure_is_listed_until_a_person_has_counted(shop: Chain) -> None:
    """The explanation leaving less to sell is taken, shown in quarantine with both, and dropped once it was counted."""
    shop.add_product("A-1", pieces=10)
    shop.match()
    shop.sync()
    shop.worlds["till"].move(shop.id_of("till", "A-1", Entity.STOCK), -3)
    shop.worlds["shop"].faults.append(("after", AmbiguousWrite("no answer")))
    shop.sync()
    shop.worlds["shop"].move(shop.id_of("shop", "A-1", Entity.STOCK), -1)
    shop.clock.pass_(minutes=10)
    shop.sync()
    with shop.parts.ledger.read() as session:
        (case,) = holds.cases(session)
    assert (case.error, case.field, case.channel) == ("uncertain", ON_HAND, "shop")
    drop_case(shop.parts, case)
    with shop.parts.ledger.read() as session:
        assert holds.cases(session) == []
    known = shop.known(Entity.STOCK, "utrecht")
    assert ON_HAND not in known.bindings["shop"].held
