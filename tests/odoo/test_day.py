"""The scripted day with a real Odoo: one of its tills takes stock off with each sale, the other when it closes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.day.floor import CHAIN, opened
from tests.day.scenario import SOLD, Day
from tests.odoo.client import Odoo
from tests.odoo.conftest import new_instance
from tests.odoo.counter import OdooTills


@pytest.fixture
def own_odoo() -> Iterator[Odoo]:
    """One whose clock goes with the day's."""
    yield from new_instance("day", "--moving-clock")


def test_one_day_with_odoo(tmp_path: Path, own_odoo: Odoo) -> None:
    """It ends like every day does: known failures 1, 4, 5, 13, 25, 31, 32, 36.

    Archiving is Odoo's own: what somebody ends at the till is traded still, as the ERP says, and comes back.
    """
    tills = OdooTills(own_odoo, CHAIN)
    with opened(tmp_path, tills) as floor:
        day = Day(floor)
        day.play()
        tills.archive(SOLD)
        assert not tills.articles()[SOLD].on_sale
        floor.commands.settle()
        day.assert_it_ends_well()
