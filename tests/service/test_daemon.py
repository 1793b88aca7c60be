"""`connector run` as a process: it works, ends, is killed, and begins again."""

from __future__ import annotations

from connector.model.entity import Entity
from tests.service.conftest import Place, eventually

EVERYWHERE = ("erp", "shop", "till")


def everywhere(value: object) -> dict[str, list[object]]:
    return {name: [value] for name in EVERYWHERE}


def test_an_edit_and_a_sale_travel_while_it_runs(place: Place) -> None:
    """What changes on one channel reaches the others by itself, and SIGTERM ends it with status 0."""
    daemon = place.start()
    place.edit("erp", "A-1", description="Blue")
    place.sell("till", "A-1")
    eventually(lambda: place.shows("A-1", Entity.PRODUCT, "description") == everywhere("Blue"), "the description")
    eventually(lambda: place.shows("A-1", Entity.STOCK, "quantity") == everywhere(4), "the sale")
    assert 0 == daemon.stop()
    assert "STOPPING=1" in "".join(daemon.told) or daemon.says("STOPPING=1") is None
