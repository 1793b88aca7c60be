"""A small chain on memory systems: an ERP, a shop and a till, with a real ledger file between them."""

from __future__ import annotations

import copy
import shutil
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from adapters import file_drop, memory
from adapters.memory import WORLDS, World
from connector.config import load_config
from connector.contract import EntityCapabilities
from connector.ledger import holds, journal, records
from connector.ledger.engine import open_ledger
from connector.ledger.holds import Case, StoredBrake, StoredConflict
from connector.model.entity import Entity
from connector.model.record import Known
from connector.observe.feed import observe
from connector.observe.first_contact import approve
from connector.parts import Parts, Scope
from connector.round import Report, read_facts, run_round, sweep_lane
from connector.wiring import assembled
from tests.mutants.mutant import at_rest

MAPPING = """
format = 1
adapter = "memory"
[product.fields]
sku = { remote = "sku", write = "create", convert = ["code"] }
name = { remote = "name", convert = ["text"] }
description = { remote = "description", convert = ["text"] }
active = { remote = "active" }
vat_class = { remote = "vat" }
[customer.fields]
email = { remote = "email", convert = ["text", "case"] }
phone = { remote = "phone", convert = ["text"] }
[price]
[price.rows.base]
when = "min_qty == 1 and not starts"
fixed = { min_qty = 1, starts = "", ends = "" }
[price.rows.base.fields]
amount = { remote = "amount", convert = ["decimal"] }
[stock.fields]
on_hand = { remote = "quantity", convert = [{ use = "decimal", scale = 4 }] }
"""

SHORT = MAPPING.replace(
    'name = { remote = "name", convert = ["text"] }',
    'name = { remote = "name", convert = ["text", { use = "cut", length = 10 }] }',
)

CONFIG = """
[connector]
ledger = "sqlite:///ledger.db"
timezone = "Europe/Amsterdam"
[channels.erp]
adapter = "memory"
world = "erp"
mapping = "plain.toml"
[channels.shop]
adapter = "memory"
world = "shop"
mapping = "plain.toml"
[channels.till]
adapter = "memory"
world = "till"
mapping = "short.toml"
[locations.utrecht]
erp = "1"
shop = "wh"
till = "outlet"
[prices.retail]
currency = "EUR"
vat = "included"
scale = 2
erp = "sales"
shop = "base"
till = "BASE"
[sync.product]
every = "5m"
channels = ["erp", "shop", "till"]
owner = "erp"
[sync.product.fields.name]
on_conflict = "manual"
[sync.product.fields.description]
owner = "shop"
[sync.customer]
every = "5m"
channels = ["erp", "shop", "till"]
owner = "erp"
[sync.price]
every = "5m"
channels = ["erp", "shop", "till"]
owner = "erp"
[sync.stock]
every = "30s"
channels = ["erp", "shop", "till"]
owner = "erp"
[brakes]
min_count = 10
price_factor = 3
"""

EVERYWHERE = ("erp", "shop", "till")
PLACES = {"erp": "1", "shop": "wh", "till": "outlet"}
LISTS = {"erp": "sales", "shop": "base", "till": "BASE"}


class Ticking:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.moment += timedelta(milliseconds=10)
        return self.moment

    def pass_(self, **parts: float) -> None:
        self.moment += timedelta(**parts)


@dataclass
class Chain:
    """The systems, the clock, and the connector between them."""

    folder: Path
    clock: Ticking
    worlds: dict[str, World]

    def start(self) -> None:
        """Open the ledger and the channels: a new process, as far as the connector can tell."""
        able = {name: world.capabilities for name, world in self.worlds.items()}
        self._running = running(self.folder, self.clock, able)
        self.parts = self._running.__enter__()

    def stop(self) -> None:
        self._running.__exit__(None, None, None)

    def restart(self, **files: str) -> None:
        """A new process, after other files (``config``, ``plain``, ``short``) were put in place."""
        self.stop()
        for name, text in files.items():
            (self.folder / f"{name}.toml").write_text(text)
        self.start()

    def sync(self, **scope: object) -> Report:
        self.clock.pass_(seconds=1)
        report = run_round(self.parts, Scope(**scope))  # type: ignore[arg-type]  # the scope's own fields
        self.clock.pass_(seconds=1)
        return report

    def match(self) -> None:
        """Read everything, and approve what matches."""
        report = Report()
        read_facts(self.parts, Scope(), report)
        lanes = self.parts.lanes(Scope())
        for lane in lanes:
            observe(self.parts, lane)
        approve(self.parts, lanes)

    def add_product(
        self, sku: str, amount: str = "9.95", pieces: int = 5, on: tuple[str, ...] = EVERYWHERE, **native: object
    ) -> None:
        for name in on:
            world = self.worlds[name]
            product = world.put(
                Entity.PRODUCT,
                {"sku": sku, "name": f"Mug {sku}", "description": None, "active": True, "vat": "standard", **native},
            )
            world.put(Entity.PRICE, {"amount": Decimal(amount)}, parent=product.id, place=LISTS[name], part="base")
            world.put(Entity.STOCK, {"quantity": Decimal(pieces)}, parent=product.id, place=PLACES[name])

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
    (folder / "config.toml").write_text(config)
    (folder / "plain.toml").write_text(mapping)
    (folder / "short.toml").write_text(short)
    WORLDS.clear()
    WORLDS.update(worlds)
    built = Chain(folder, clock, worlds)
    built.start()
    try:
        yield built
    finally:
        built.stop()


@cache
def new_ledger() -> Path:
    """A ledger with nothing in it, made once by the migrations."""
    path = Path(tempfile.mkdtemp(prefix="new-ledger-")) / "ledger.db"
    open_ledger(f"sqlite:///{path}").close()
    return path


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


@contextmanager
def running(folder: Path, clock: Ticking, able: Mapping[str, Mapping[Entity, EntityCapabilities]]) -> Iterator[Parts]:
    """The connector on this folder's configuration and ledger."""
    adapters: dict[str, Any] = {"memory": memory.Adapter, "file_drop": file_drop.Adapter}
    config = load_config(folder / "config.toml", adapters=adapters)
    with assembled(config, now=clock, stop=threading.Event(), adapters=adapters) as parts:
        sides = {
            name: replace(side, capabilities=replace(side.capabilities, entities=able[name]))
            if config.channels[name].adapter == "memory"
            else side
            for name, side in parts.topology.sides.items()
        }
        yield replace(parts, topology=replace(parts.topology, sides=sides))
