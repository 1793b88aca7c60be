"""A small chain on memory systems: an ERP, a shop and a till, with a real ledger file between them."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator, Mapping
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
from connector.ledger.engine import open_ledger
from connector.model.entity import Entity
from connector.observe.feed import observe
from connector.observe.first_contact import approve
from connector.parts import Parts, Scope
from connector.round import Report, read_facts, run_round
from connector.wiring import assembled

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


def put_in_place(folder: Path, worlds: Mapping[str, World], **files: str) -> None:
    """A folder as the connector finds it, its ledger included, and the systems as adapters find them.

    Args:
        files: ``config`` and the mappings ``plain`` and ``short``, instead of the usual ones.
    """
    for name, text in {"config": CONFIG, "plain": MAPPING, "short": SHORT, **files}.items():
        (folder / f"{name}.toml").write_text(text)
    WORLDS.clear()
    WORLDS.update(worlds)


@cache
def new_ledger() -> Path:
    """A ledger with nothing in it, made once by the migrations."""
    path = Path(tempfile.mkdtemp(prefix="new-ledger-")) / "ledger.db"
    open_ledger(f"sqlite:///{path}").close()
    return path


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
