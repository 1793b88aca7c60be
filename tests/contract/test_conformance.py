"""The conformance suite on each adapter: memory as it is, the others against their stand-ins over HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from adapters import memory
from adapters.memory import WORLDS, World
from connector.contract import AdapterType, Opening
from connector.errors import AmbiguousWrite, ContractBroken, RateLimited
from connector.mapping.lens import EntityMapping, Mapping_
from connector.mapping.load import load_mapping
from connector.model.entity import DEPENDENT, Entity, Native
from connector.testing.conformance import Conformance
from connector.testing.remote import Fault, KeptTokens, Purse, Remote
from tests.engine.shop import MAPPING

PRODUCT, CUSTOMER, PRICE, STOCK = Entity.PRODUCT, Entity.CUSTOMER, Entity.PRICE, Entity.STOCK


def opening(mapping: Mapping_, options: Any, purse: Purse, now: Any, sleep: Any, **places: Any) -> Opening:
    """What a channel of a test is handed, with a mapping's settings and names."""
    names = {entity: one.native_names for entity, one in mapping.entities.items()}
    tokens = KeptTokens()
    return Opening(
        "bench", options, mapping.settings, names, tokens=tokens, budget=purse, now=now, sleep=sleep, **places
    )


class MemoryRemote:
    """A world of its own."""

    adapter = cast(AdapterType, memory.Adapter)
    secrets: Sequence[str] = ("no secret at all",)

    def __init__(self, folder: Path) -> None:
        self.ahead = timedelta(0)
        self.world = WORLDS["conformance"] = World(now=self.now, key_names={CUSTOMER: "email"})
        self.world.refuses = lambda _entity, fields: {"name": "too long"} if "refused" in fields else {}
        self.purse = Purse()
        file = folder / "plain.toml"
        file.write_text(MAPPING)
        mapping = load_mapping(file)
        self.lenses: Mapping[Entity, EntityMapping] = mapping.entities
        options = memory.Options(world="conformance")
        places = {"locations": ("1",), "lists": ("sales",)}
        self.opening = opening(mapping, options, self.purse, self.now, self.wait, **places)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def wait(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)

    def _id(self, entity: Entity, key: str) -> str:
        living = [one for one in self.world.things[entity].values() if not one.deleted]
        if entity in DEPENDENT:
            product = self._id(PRODUCT, key)
            return next(one.id for one in living if one.parent == product)
        return next(one.id for one in living if key in (one.native.get("sku"), one.native.get("email")))

    def edit(self, entity: Entity, key: str) -> None:
        changes: dict[Entity, tuple[str, Any]] = {
            PRODUCT: ("name", "Door een ander"),
            CUSTOMER: ("phone", "+31300000009"),
            PRICE: ("amount", Decimal("3.33")),
            STOCK: ("quantity", Decimal(3)),
        }
        name, value = changes[entity]
        self.world.edit(entity, self._id(entity, key), **{name: value})

    def delete(self, entity: Entity, key: str) -> None:
        self.world.remove(entity, self._id(entity, key))

    def refused(self, entity: Entity) -> Native | None:
        return {"refused": True}

    def fault(self, kind: Fault, entity: Entity) -> None:
        faults: dict[Fault, tuple[str, Any]] = {
            "unanswered": ("after", AmbiguousWrite("no answer")),
            "lost": ("lost", AmbiguousWrite("no answer")),
            "limited": ("read", RateLimited("too many calls", until=self.now() + timedelta(minutes=1))),
            "garbled": ("read", ContractBroken("no table at all")),
        }
        self.world.faults.append(faults[kind])

    def heal(self) -> None:
        self.world.faults.clear()

    def calls(self) -> int:
        return len(self.world.calls)


class TestMemory(Conformance):
    @pytest.fixture(scope="class")
    @classmethod
    def remote(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Remote]:
        """A world with nothing in it."""
        yield MemoryRemote(tmp_path_factory.mktemp("memory"))
        WORLDS.pop("conformance")
