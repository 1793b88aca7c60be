"""An adapter from outside this repository takes part in a round as any other does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connector.config import load_config
from connector.contract import Channel, Opening
from connector.model.entity import Entity
from connector.observe.feed import observe
from connector.observe.first_contact import approve
from connector.parts import Parts, Scope
from connector.round import run_round
from connector.wiring import assembled
from tests.contract.outside import outside

CONFIG = """
[connector]
ledger = "sqlite:///ledger.db"
[channels.front]
adapter = "kiosk"
base_url = "https://front.example"
token = "env:TOKEN"
[channels.back]
adapter = "kiosk"
base_url = "https://back.example"
token = "env:TOKEN"
[prices.retail]
currency = "EUR"
vat = "included"
scale = 2
front = "retail"
back = "retail"
[sync.product]
channels = ["front", "back"]
[sync.customer]
channels = ["front", "back"]
[sync.price]
channels = ["front", "back"]
"""


@dataclass(frozen=True)
class Pair:
    """Two systems of one kind, and the connector between them."""

    parts: Parts
    systems: dict[str, Any]

    def shows(self, entity: Entity, name: str) -> dict[str, list[Any]]:
        """Channel → what its records show of one member."""
        return {
            channel: [record.get(name) for record in system.kept[entity].values()]
            for channel, system in self.systems.items()
        }

    def edit(self, channel: str, entity: Entity, **fields: Any) -> None:
        """Somebody changes the only record there."""
        (id_,) = self.systems[channel].kept[entity]
        self.systems[channel].put(entity, id_, fields)

    def sync(self) -> None:
        run_round(self.parts, Scope())


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """A product with its price, and a customer, on one of them; first contact is made."""
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    with outside("kiosk", tmp_path / "kiosk") as module:
        systems = {name: module.System(module.MemoryRemote().now) for name in ("front", "back")}

        class Kiosks(module.Adapter):  # type: ignore[name-defined, misc]  # made a moment ago
            @staticmethod
            def open(opening: Opening) -> Channel:
                opened: Channel = module.InMemory(systems[opening.channel]).open(opening)
                return opened

        adapters: Any = {"kiosk": Kiosks}
        front = systems["front"]
        front.put(Entity.PRODUCT, "p", {"code": "M-1", "label": "Mug", "active": True, "vat": "high"})
        front.put(Entity.PRICE, "a", {"product": "p", "list": "retail", "amount": Decimal("9.95")})
        front.put(Entity.CUSTOMER, "c", {"email": "jan@example.test", "first": "Jan", "last": "Smit", "phone": None})
        config = load_config(tmp_path / "config.toml", environ={"TOKEN": "t"}, adapters=adapters)
        with assembled(config, adapters=adapters) as parts:
            lanes = parts.lanes(Scope())
            for lane in lanes:
                observe(parts, lane)
            approve(parts, lanes)
            run_round(parts, Scope())
            yield Pair(parts, systems)


def test_what_one_has_the_other_gets(pair: Pair) -> None:
    """A product, its price under the new product's id, and a customer are made on the other system."""
    pair.sync()
    assert {"front": ["Mug"], "back": ["Mug"]} == pair.shows(Entity.PRODUCT, "label")
    assert {"front": ["jan@example.test"], "back": ["jan@example.test"]} == pair.shows(Entity.CUSTOMER, "email")
    assert {"front": [Decimal("9.95")], "back": [Decimal("9.95")]} == pair.shows(Entity.PRICE, "amount")
    assert [*pair.systems["back"].kept[Entity.PRODUCT]] == pair.shows(Entity.PRICE, "product")["back"]


def test_edits_travel_both_ways(pair: Pair) -> None:
    """Each side's edit of another field reaches the other; then a round writes nothing."""
    pair.sync()
    pair.edit("front", Entity.PRODUCT, label="Mug, blue")
    pair.edit("back", Entity.PRODUCT, vat="low")
    pair.edit("back", Entity.PRICE, amount=Decimal("12.50"))
    pair.sync()
    pair.sync()
    assert {"front": ["Mug, blue"], "back": ["Mug, blue"]} == pair.shows(Entity.PRODUCT, "label")
    assert {"front": ["low"], "back": ["low"]} == pair.shows(Entity.PRODUCT, "vat")
    assert {"front": [Decimal("12.50")], "back": [Decimal("12.50")]} == pair.shows(Entity.PRICE, "amount")
    quiet = {name: system.changes for name, system in pair.systems.items()}
    pair.sync()
    assert quiet == {name: system.changes for name, system in pair.systems.items()}
