"""The chain of the simulator, as tests set it up and look at it."""

from __future__ import annotations

import copy
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

import simulator.chain
from adapters import memory
from adapters.memory import World
from connector.ledger import holds, journal, records
from connector.ledger.holds import Case, StoredBrake, StoredConflict
from connector.model.entity import Entity
from connector.model.record import Known
from connector.round import Report, sweep_lane
from simulator.chain import CONFIG, EVERYWHERE, MAPPING, SHORT, Ticking, new_ledger, put_in_place
from tests.mutants.mutant import at_rest


class Chain(simulator.chain.Chain):
    """The chain, as tests look at it."""

    def edit(self, channel: str, sku: str = "A-1", entity: Entity = Entity.PRODUCT, **native: object) -> None:
        """A person changes a product, or its price or stock."""
        self.worlds[channel].edit(entity, self.id_of(channel, sku, entity), **native)

    def lives(self, channel: str, sku: str = "A-1") -> bool:
        things = self.worlds[channel].things[Entity.PRODUCT].values()
        return any(thing.native.get("sku") == sku and not thing.deleted for thing in things)

    def held(self, channel: str, key: str = "A-1", entity: Entity = Entity.PRODUCT) -> dict[str, str]:
        """Field → why it waits on a channel."""
        return {name: hold.reason for name, hold in self.known(entity, key).bindings[channel].held.items()}

    def calls(self, channel: str, method: str) -> int:
        return sum(call[0] == method for call in self.worlds[channel].calls)

    def events(self, key: str = "A-1", entity: Entity = Entity.PRODUCT) -> list[tuple[str, str, str]]:
        """What happened to a record: event, channel, field."""
        record_id = self.known(entity, key).record.id
        with self.parts.ledger.read() as session:
            return [(one.event, one.channel, one.field) for one in journal.of_record(session, record_id)]

    def brakes(self) -> list[StoredBrake]:
        with self.parts.ledger.read() as session:
            return holds.brakes(session)

    def cases(self) -> list[Case]:
        with self.parts.ledger.read() as session:
            return holds.cases(session)

    def conflicts(self) -> list[StoredConflict]:
        with self.parts.ledger.read() as session:
            return holds.conflicts(session)

    def strangers(self, channel: str, entity: Entity = Entity.PRODUCT) -> dict[str, str]:
        """Key → why it waits to be matched."""
        with self.parts.ledger.read() as session:
            return {one.key: one.reason for one in holds.strangers(session, channel, entity)}

    def sweep(self, channel: str, entity: Entity = Entity.PRODUCT) -> Report:
        """A complete listing of one lane."""
        report = Report()
        self.clock.pass_(seconds=1)
        sweep_lane(self.parts, self.parts.lane(channel, entity), report)
        return report

    def product(self, channel: str, sku: str) -> dict[str, object]:
        return self._thing(channel, Entity.PRODUCT, sku).native

    def id_of(self, channel: str, sku: str, entity: Entity = Entity.PRODUCT) -> str:
        product = self._thing(channel, Entity.PRODUCT, sku)
        if entity is Entity.PRODUCT:
            return product.id
        things = self.worlds[channel].things[entity].values()
        return self._the_one(entity, channel, sku, (one for one in things if one.parent == product.id)).id

    def shows(self, entity: Entity, sku: str, name: str) -> dict[str, object]:
        """Channel → what it shows of a product, its price or its stock."""
        return {channel: self.shows_one(channel, entity, sku, name) for channel in EVERYWHERE}

    def shows_one(self, channel: str, entity: Entity, sku: str, name: str) -> object:
        """What one channel shows of a product, its price or its stock."""
        return self.worlds[channel].things[entity][self.id_of(channel, sku, entity)].native.get(name)

    def known(self, entity: Entity, key: str) -> Known:
        with self.parts.ledger.read() as session:
            ids = records.record_ids(session, entity, key)
            return records.load(session, ids)[ids[0]]

    def _thing(self, channel: str, entity: Entity, sku: str) -> memory.Thing:
        things = self.worlds[channel].things[entity].values()
        return self._the_one(entity, channel, sku, (one for one in things if one.native.get("sku") == sku))

    @staticmethod
    def _the_one(entity: Entity, channel: str, sku: str, things: Iterable[memory.Thing]) -> memory.Thing:
        living = [thing for thing in things if not thing.deleted]
        assert living, f"no {entity} of {sku} lives in {channel}"
        return living[0]


@contextmanager
def chain(
    folder: Path, config: str = CONFIG, mapping: str = MAPPING, short: str = SHORT, **capabilities: object
) -> Iterator[Chain]:
    """The chain with nothing in it yet; its ledger stays in the folder.

    ``capabilities`` change what every system can do with every entity.
    """
    able = replace(memory.DEFAULT, **capabilities)  # type: ignore[arg-type]  # its own fields
    clock, keys = Ticking(), {Entity.CUSTOMER: "email"}
    worlds = {name: World(now=clock, key_names=keys, capabilities=dict.fromkeys(Entity, able)) for name in EVERYWHERE}
    shutil.copyfile(new_ledger(), folder / "ledger.db")
    with _started(folder, clock, worlds, config, mapping, short) as built:
        yield built


@contextmanager
def linked_chain(
    folder: Path, config: str = CONFIG, *, skus: Sequence[str] = ("A-1",), **capabilities: object
) -> Iterator[Chain]:
    """The chain with products that are on every side, linked and at rest, with a price and ten pieces each."""
    ledger, clock, worlds = copy.deepcopy(_linked(config, tuple(skus), tuple(sorted(capabilities.items()))))
    shutil.copyfile(ledger, folder / "ledger.db")
    with _started(folder, clock, worlds, config) as built:
        yield built


@contextmanager
def _started(
    folder: Path,
    clock: Ticking,
    worlds: dict[str, World],
    config: str = CONFIG,
    mapping: str = MAPPING,
    short: str = SHORT,
) -> Iterator[Chain]:
    put_in_place(folder, worlds, config=config, plain=mapping, short=short)
    built = Chain(folder, clock, worlds)
    built.start()
    try:
        yield built
    finally:
        built.stop()


@cache
def _linked(
    config: str, skus: tuple[str, ...], capabilities: tuple[tuple[str, object], ...]
) -> tuple[Path, Ticking, dict[str, World]]:
    """What most stories begin with, made once: half of their time went into it."""
    folder = Path(tempfile.mkdtemp(prefix="linked-ledger-"))
    with at_rest(), chain(folder, config, **dict(capabilities)) as built:
        for sku in skus:
            built.add_product(sku, pieces=10)
        built.match()
        built.sync()
    return folder / "ledger.db", built.clock, built.worlds
