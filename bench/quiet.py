"""What a round costs in which nothing happened: calls per system and endpoint, on the demo's shop.

    python -m bench.quiet [--few]

Three stand-ins over HTTP, everything linked and brought into agreement; then one round more, warm (in the
process that settled it, as the daemon has it) and cold (a process of its own, as `connector sync` has it).
``--few``: product and price alone.
"""

from __future__ import annotations

import logging
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import requests
import structlog

from connector.config import load_config
from connector.config.model import Config
from connector.installed import adapters
from connector.ledger.engine import open_ledger
from connector.observe.feed import observe
from connector.observe.first_contact import approve
from connector.parts import Parts, Scope
from connector.round import Report, read_facts, run_round
from connector.wiring import assembled, load_mappings, opening_of
from sandbox import exact_online, lightspeed_x, magento2
from sandbox.demo.floor import System
from sandbox.demo.shop import furnish
from sandbox.stand import Options, Stand

T = TypeVar("T")
#: Rounds until a shop must be quiet.
ROUNDS = 12
#: Between two rounds: a budget's minute begins anew, and what is read again to be safe has been read.
STEP = timedelta(minutes=3)


@dataclass
class Floor:
    """The demo's shop folder and its three stand-ins, with one clock for all."""

    folder: Path
    stands: Mapping[str, Stand]
    ahead: timedelta = timedelta(0)
    config: Config = field(init=False)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def pass_time(self, by: timedelta = STEP) -> None:
        """Time passes for the systems and for the connector alike."""
        self.ahead += by
        for stand in self.stands.values():
            stand.clock.advance(by.total_seconds())

    def system(self, channel: str) -> System:
        return System(channel, self.stands[channel].announce())

    def settle(self, parts: Parts) -> None:
        """First contact, then rounds until one writes nothing."""
        read_facts(parts, Scope(), Report())
        lanes = parts.lanes(Scope())
        for lane in lanes:
            observe(parts, lane)
        approve(parts, lanes)
        for _ in range(ROUNDS):
            self.pass_time()
            report = run_round(parts, Scope())
            if not report.written and not report.errors:
                return
        raise RuntimeError(f"it did not become quiet: {report.as_document()}")

    def calls_of(self, work: Callable[[], T]) -> tuple[T, dict[str, dict[str, int]]]:
        """Some work, a while later: its outcome, and per channel how often it called each endpoint."""
        self.pass_time()
        before = self.counters()
        done = work()
        after = self.counters()
        return done, {name: _more(after[name], before[name]) for name in after}

    def counters(self) -> dict[str, dict[str, int]]:
        return {name: _counters(stand) for name, stand in self.stands.items()}

    @contextmanager
    def parts(self) -> Iterator[Parts]:
        """Everything assembled as a process of its own would have it."""
        with assembled(self.config, now=self.now) as parts:
            yield parts


def _counters(stand: Stand) -> dict[str, int]:
    told: Any = requests.get(f"{stand.announce()['control']}calls", timeout=30).json()
    return {call: int(count) for call, count in told["counters"].items()}


def _more(after: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    return {call: count - before.get(call, 0) for call, count in after.items() if count > before.get(call, 0)}


@contextmanager
def open_floor(folder: Path, *, entities: frozenset[str] = frozenset()) -> Iterator[Floor]:
    """The demo's shop without limits; ``entities``: these alone, empty for all."""
    options = Options(profile="demo", limits=False)
    builders = {"exact": exact_online.build, "webshop": magento2.build, "store": lightspeed_x.build}
    stands = {channel: build(options) for channel, build in builders.items()}
    try:
        for stand in stands.values():
            stand.start()
        floor = Floor(folder, stands)
        furnish(folder, {name: floor.system(name) for name in stands})
        if entities:
            _narrow(folder / "config.toml", entities)
        floor.config = load_config(folder / "config.toml")
        _let_in(floor)
        yield floor
    finally:
        for stand in stands.values():
            stand.close()


def _narrow(path: Path, entities: frozenset[str]) -> None:
    """Leave out what belongs to other entities, down to their tables' ends."""
    kept, keeps = [], True
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        if line.startswith("["):
            section = line.strip("[]\n").split(".")
            keeps = section[0] != "sync" or section[1] in entities
            keeps = keeps and (section[0] != "locations" or "stock" in entities)
        kept.append(line if keeps else "")
    path.write_text("".join(kept), encoding="utf-8")


def _let_in(floor: Floor) -> None:
    """As ``connector auth exact`` does."""
    known = adapters()
    database = open_ledger(floor.config.ledger_url)
    mapping = load_mappings(floor.config)["exact"]
    adapter = known[floor.config.channels["exact"].adapter]
    opening = opening_of(floor.config, "exact", mapping, adapter, database, floor.now, threading.Event())
    adapter.authorize(opening, f"refresh:{floor.stands['exact'].credentials['refresh_token']}")
    database.close()


def _show(title: str, report: Report, calls: Mapping[str, Mapping[str, int]]) -> None:
    print(f"\n{title}: {report.written} written, errors {report.as_document()['errors']}")
    for channel, made in calls.items():
        print(f"  {channel}: {sum(made.values())} calls")
        for call, count in made.items():
            print(f"    {count:3d} {call}")


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    few = frozenset({"product", "price"}) if "--few" in sys.argv else frozenset()
    with (
        tempfile.TemporaryDirectory(prefix="connector-quiet-") as folder,
        open_floor(Path(folder), entities=few) as floor,
    ):
        with floor.parts() as parts:
            floor.settle(parts)
            _show("warm", *floor.calls_of(partial(run_round, parts, Scope())))
        with floor.parts() as parts:
            _show("cold", *floor.calls_of(partial(run_round, parts, Scope())))


if __name__ == "__main__":
    main()
