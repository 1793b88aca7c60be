"""The scripted day with the stand-in of Lightspeed X as the till."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import lightspeed_x
from tests.day.floor import OPTIONS, opened
from tests.day.lightspeed import LightspeedTills
from tests.day.scenario import Day
from tests.systems.floor import System


@pytest.fixture
def tills() -> Iterator[LightspeedTills]:
    system = System("store", lightspeed_x.build(OPTIONS))
    yield LightspeedTills(system)
    system.stand.close()


@pytest.mark.timeout(600)
def test_one_day_with_lightspeed(tmp_path: Path, tills: LightspeedTills) -> None:
    """ERP, webshop and tills, played with the connector's own commands: known failures 1, 4, 5, 13, 25, 31, 32, 36."""
    with opened(tmp_path, tills) as floor:
        day = Day(floor)
        day.play()
        day.assert_it_ends_well()
