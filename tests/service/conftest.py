"""A shop whose systems lie in files, so that the daemon may run as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapters.memory import Thing
from connector.config import load_config
from connector.model.entity import Entity
from connector.observe.feed import observe
from connector.observe.first_contact import approve
from connector.parts import Scope
from connector.round import Report, read_facts, run_round
from connector.wiring import assembled
from simulator.chain import CONFIG, EVERYWHERE, LISTS, MAPPING, PLACES, SHORT
from tests.conftest import ROOT
from tests.service import shelf
from tests.service.shelf import Shelf

#: Longer than anything here takes on a busy machine; a wait that ends in time takes no longer than it must.
WITHIN_S = 60.0


def eventually(true: Callable[[], Any], what: str) -> Any:
    """Wait until a condition holds, and answer with its value."""
    deadline, pause = time.monotonic() + WITHIN_S, threading.Event()
    while not (found := true()):
        assert time.monotonic() < deadline, f"never: {what}"
        pause.wait(0.05)
    return found


@dataclass
class Running:
    """A daemon in a process of its own, and what it tells its service manager."""

    process: subprocess.Popen[bytes]
    manager: socket.socket
    log_path: Path
    told: list[str] = field(default_factory=list)

    def says(self, sign: str) -> None:
        """Wait until the service manager was told this."""
        if not any(sign in message for message in self.told):
            self.hears(sign)

    def hears(self, sign: str) -> None:
        """Wait until it is told once more."""
        self.manager.settimeout(WITHIN_S)
        while True:
            self.told.append(self.manager.recv(4096).decode())
            if sign in self.told[-1]:
                return

    def events(self, name: str) -> list[dict[str, Any]]:
        lines = self.log_path.read_text(encoding="utf-8").splitlines(keepends=True)
        logged = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("\n")]
        return [event for event in logged if event["event"] == name]

    def logs(self, name: str, times: int = 1) -> list[dict[str, Any]]:
        """Wait until it has logged an event so often."""
        found: list[dict[str, Any]] = eventually(
            lambda: [] if len(self.events(name)) < times else self.events(name), f"{name} in the log"
        )
        return found

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def ended(self) -> int:
        return self.process.wait(WITHIN_S)

    def stop(self) -> int:
        self.signal(signal.SIGTERM)
        return self.ended()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@dataclass
class Place:
    """The folder of one shop: configuration, ledger, systems, and the processes started in it."""

    folder: Path
    running: list[Running] = field(default_factory=list)

    def shelf(self, channel: str) -> Shelf:
        return Shelf(self.folder / f"{channel}.world")

    def add_product(self, sku: str, pieces: int = 5, on: tuple[str, ...] = EVERYWHERE) -> None:
        for channel in on:
            with self.shelf(channel).world() as world:
                native = {"sku": sku, "name": f"Mug {sku}", "description": None, "active": True, "vat": "standard"}
                product = world.put(Entity.PRODUCT, native)
                amount = {"amount": Decimal("9.95")}
                world.put(Entity.PRICE, amount, parent=product.id, place=LISTS[channel], part="base")
                world.put(Entity.STOCK, {"quantity": Decimal(pieces)}, parent=product.id, place=PLACES[channel])

    def things(self, channel: str, sku: str, entity: Entity = Entity.PRODUCT) -> list[Thing]:
        """What a channel holds of a product: itself, its prices or its stock."""
        with self.shelf(channel).world() as world:
            products = [t for t in world.things[Entity.PRODUCT].values() if t.native["sku"] == sku and not t.deleted]
            if entity is Entity.PRODUCT:
                return products
            ids = {product.id for product in products}
            return [thing for thing in world.things[entity].values() if thing.parent in ids]

    def shows(self, sku: str, entity: Entity, name: str) -> dict[str, list[Any]]:
        return {one: [thing.native.get(name) for thing in self.things(one, sku, entity)] for one in EVERYWHERE}

    def edit(self, channel: str, sku: str, entity: Entity = Entity.PRODUCT, **native: object) -> None:
        id_ = self.things(channel, sku, entity)[0].id
        with self.shelf(channel).world() as world:
            world.edit(entity, id_, **native)

    def sell(self, channel: str, sku: str, pieces: int = 1) -> None:
        id_ = self.things(channel, sku, Entity.STOCK)[0].id
        with self.shelf(channel).world() as world:
            world.move(id_, -pieces)

    def writes(self, channel: str) -> int:
        with self.shelf(channel).world() as world:
            return sum(rows for method, _, rows in world.calls if method == "write")

    # The connector -----------------------------------------------------------------------------

    def match(self) -> None:
        """First contact, in this process: everything is read, linked and brought into agreement."""
        adapters: Any = {"shelf": shelf.Adapter}
        config = load_config(self.folder / "config.toml", adapters=adapters)
        with assembled(config, adapters=adapters) as parts:
            read_facts(parts, Scope(), Report())
            lanes = parts.lanes(Scope())
            for lane in lanes:
                observe(parts, lane)
            approve(parts, lanes)
            assert {} == run_round(parts, Scope()).errors

    def start(self) -> Running:
        """`connector run`, ready."""
        number = len(self.running)
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        address = self.folder / f"notify-{number}"
        manager.bind(str(address))
        log_path = self.folder / f"daemon-{number}.log"
        with log_path.open("wb") as log:
            environ = self.environ | {"NOTIFY_SOCKET": str(address)}
            command = [sys.executable, "-m", "connector", "run"]
            process = subprocess.Popen(command, cwd=self.folder, env=environ, stdout=log, stderr=log)
        running = Running(process, manager, log_path)
        self.running.append(running)
        running.says("READY=1")
        return running

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command from another terminal."""
        command = [sys.executable, "-m", "connector", *arguments]
        return subprocess.run(
            command, cwd=self.folder, env=self.environ, capture_output=True, text=True, timeout=WITHIN_S, check=False
        )

    @property
    def environ(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CONNECTOR_")}
        return kept | {"PYTHONPATH": f"{self.folder}/installed{os.pathsep}{ROOT}", "CONNECTOR_LOG": "json"}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A shop with one product everywhere, matched and in agreement; whatever runs in it is ended."""
    metadata = tmp_path / "installed" / "shelf-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: shelf\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[connector.adapters]\nshelf = tests.service.shelf:Adapter\n")
    config = CONFIG.replace('adapter = "memory"', 'adapter = "shelf"').replace("5m", "1s").replace("30s", "1s")
    for name in EVERYWHERE:
        config = config.replace(f'world = "{name}"', f'file = "{tmp_path / name}.world"')
    (tmp_path / "config.toml").write_text(config)
    (tmp_path / "plain.toml").write_text(MAPPING)
    (tmp_path / "short.toml").write_text(SHORT)
    made = Place(tmp_path)
    made.add_product("A-1")
    made.match()
    yield made
    for one in made.running:
        with closing(one.manager):
            one.kill()
