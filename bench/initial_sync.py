"""The initial sync: a catalogue that only the ERP knows, brought into an empty shop and an empty till.

    python -m bench.initial_sync --products 10000

Three stand-ins without limits, the real commands (``match --approve``, then ``sync``), and the calls that
the stand-ins counted, against the floor that their interfaces allow. Ends with 1 where a system was
called more often than its floor allows (:data:`TOLERANCE`, :data:`BEGINNINGS`), and with 2 where not
everything arrived. ``--profile FILE`` writes what cProfile saw of the ``sync``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Final

import click

from bench.ledger import without_history
from connector.ledger.engine import sqlite_driver
from sandbox.demo.floor import System, open_floor
from sandbox.demo.shop import GOODS, furnish
from sandbox.shop.generate import make_shop

#: How far above its floor a system may be called: a twentieth, and so many calls for what does not grow with
#: the catalogue. Of the shop, the hungriest: its settings, sources and orders, read by each command (some twenty);
#: two for each brand that is not there yet (some fifteen); and a bulk whose end is not seen at the first looks.
TOLERANCE: Final = 1.05
BEGINNINGS: Final = 60
COMMANDS: Final = (("match", "--approve"), ("sync",))


@dataclass(frozen=True)
class Size:
    """What is brought over: products, and stock figures by the system that has the place."""

    products: int
    figures: Mapping[str, int]


@dataclass(frozen=True)
class Ran:
    """One finished command: what it cost the engine's process, and how often it called each system."""

    words: Sequence[str]
    status: int
    wall_s: float
    cpu_s: float
    peak_kb: int
    calls: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Outcome:
    """A whole run. ``arrived``: products with a price by system; ``left``: what is owed, in doubt or refused."""

    size: Size
    ran: Sequence[Ran]
    arrived: Mapping[str, int]
    left: Sequence[str]
    records: int
    ledger_bytes: int

    def calls(self, channel: str) -> int:
        return sum(sum(one.calls[channel].values()) for one in self.ran)

    @property
    def is_whole(self) -> bool:
        return not self.left and all(count == self.size.products for count in self.arrived.values())


def floors(size: Size) -> dict[str, int]:
    """The fewest calls that each system's interface allows for a catalogue of this size.

    exact: a thousand rows a call for each of three streams, and one call for what was deleted.
    webshop: the products twice, as a list of 300 and as what was just made; then per hundred products
        one look-up, one bulk and three calls that follow it to its end; per five hundred figures two
        look-ups, of as many SKUs as an address holds, one that its products are there, and the write.
    store: a product cannot be created with its stock tracked, so two calls each; a thousand figures in
        a call, and for each such call the list of levels by the five thousand.
    """
    batches, stock = ceil(size.products / 100), ceil(size.figures["webshop"] / 500)
    adjustments = ceil(size.figures["store"] / 1000)
    return {
        "exact": 2 * ceil(size.products / 1000) + ceil(size.figures["exact"] / 1000) + 1,
        "webshop": 2 * ceil(size.products / 300) + 5 * batches + 4 * stock,
        "store": 2 * size.products + adjustments * (1 + ceil(size.figures["store"] / 5000)),
    }


def allowed(floor: int) -> int:
    return int(floor * TOLERANCE) + BEGINNINGS


def run(products: int, folder: Path, profile: Path | None = None) -> Outcome:
    """Start the stand-ins, run the commands, and look at what is there afterwards."""
    full = ("--profile", "opening", "--products", str(products), "--no-limits")
    empty = ("--profile", "empty", "--no-limits")
    with open_floor(exact=full, webshop=empty, store=empty) as systems:
        furnish(folder, systems, GOODS)
        begin = ("auth", "exact", "--refresh-token", "env:EXACT_REFRESH_TOKEN")
        ran = [
            _command(folder, systems, words, profile if words[0] == "sync" else None) for words in (begin, *COMMANDS)
        ]
        arrived = {"webshop": _in_webshop(systems["webshop"]), "store": _in_store(systems["store"])}
    ledger = folder / "var" / "ledger.db"
    return Outcome(size_of(products), ran, arrived, _left(folder), records_in(ledger), without_history(ledger))


def _in_webshop(webshop: System) -> int:
    """Products with a price in the shop, as its own staff would list them."""
    token, count, page = f"Bearer {webshop.told['bearer']}", 0, 1
    while True:
        query = f"searchCriteria[pageSize]=300&searchCriteria[currentPage]={page}&fields=items[sku,price],total_count"
        found = webshop.get(f"/rest/all/V1/products?{query}", Authorization=token)
        count += sum(item["price"] > 0 for item in found["items"] or ())
        if page * 300 >= found["total_count"]:
            return count
        page += 1


def _in_store(store: System) -> int:
    """Products with a price at the till."""
    token, count, after = f"Bearer {store.told['token']}", 0, 0
    while True:
        found = store.get(f"{store.told['api']}/products?after={after}&page_size=200", Authorization=token)
        count += sum(item["price_including_tax"] > 0 for item in found["data"])
        if not found["data"]:
            return count
        after = found["version"]["max"]


def records_in(path: Path) -> int:
    """Records of a ledger, whichever their entity."""
    with closing(sqlite_driver().connect(path, isolation_level=None)) as ledger:
        (count,) = ledger.execute("SELECT count(*) FROM record").fetchone()
    return int(count)


def size_of(products: int) -> Size:
    """As the chain of the profile has it."""
    shop = make_shop("opening", products=products)
    systems = {"exact": "exact_online", "webshop": "magento2", "store": "lightspeed_x"}
    places = {name: {one.code for one in shop.locations if system in one.codes} for name, system in systems.items()}
    return Size(
        products,
        {
            name: sum(one.stock.get(code, 0) > 0 for one in shop.products for code in codes)
            for name, codes in places.items()
        },
    )


def _command(folder: Path, systems: Mapping[str, System], words: Sequence[str], profile: Path | None = None) -> Ran:
    """Run one command as a process, and ask the kernel what it cost."""
    before = {name: system.calls_by_route() for name, system in systems.items()}
    measured = ["-m", "cProfile", "-o", str(profile.resolve())] if profile else []
    began = time.monotonic()
    process = subprocess.Popen(  # our own command line
        [sys.executable, *measured, "-m", "connector", *words],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "CONNECTOR_LOG_LEVEL": "error"},
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - began
    calls = {name: _more(system.calls_by_route(), before[name]) for name, system in systems.items()}
    cpu = usage.ru_utime + usage.ru_stime
    return Ran(words, process.returncode, wall, cpu, usage.ru_maxrss, calls)


def _more(after: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    return {route: times - before.get(route, 0) for route, times in after.items() if times > before.get(route, 0)}


def _left(folder: Path) -> list[str]:
    """Lanes that still owe something, in doubt or with an error; and what waits for a person."""
    asked = subprocess.run(  # our own command line
        [sys.executable, "-m", "connector", "status", "--json"],
        cwd=folder,
        stdout=subprocess.PIPE,
        check=False,
    )
    lanes = json.loads(asked.stdout)["lanes"]
    return [
        f"{lane['channel']}/{lane['entity']}: {lane['owed']} owed, {lane['in_doubt']} in doubt, {lane['error']}"
        for lane in lanes
        if lane["owed"] or lane["in_doubt"] or lane["error"]
    ]


def tell(outcome: Outcome) -> list[str]:
    """The table, line by line."""
    size = outcome.size
    figures = ", ".join(f"{count:,} in {name}" for name, count in size.figures.items())
    lines = [f"{size.products:,} products with a price; stock figures: {figures}", ""]
    lines.append(f"{'system':<10}{'calls':>10}{'floor':>10}{'ratio':>8}{'allowed':>10}")
    for name, floor in floors(size).items():
        calls = outcome.calls(name)
        lines.append(f"{name:<10}{calls:>10,}{floor:>10,}{calls / floor:>8.3f}{allowed(floor):>10,}")
    lines += ["", f"{'command':<18}{'wall s':>10}{'CPU s':>10}{'peak MB':>10}"]
    for one in outcome.ran:
        words = " ".join(one.words[:2])
        lines.append(f"{words:<18}{one.wall_s:>10.1f}{one.cpu_s:>10.1f}{one.peak_kb / 1024:>10.0f}")
    each = outcome.ledger_bytes / outcome.records
    lines += ["", f"ledger: {each:,.0f} bytes a record without the history ({outcome.records:,} records)"]
    lines += [f"arrived in {name}: {count:,} of {size.products:,}" for name, count in outcome.arrived.items()]
    return lines + [f"left over: {line}" for line in outcome.left]


def by_route(outcome: Outcome) -> list[str]:
    """Each system's calls by route, the most frequent first."""
    lines = []
    for name in outcome.size.figures:
        total: Counter[str] = Counter()
        for one in outcome.ran:
            total.update(one.calls[name])
        lines += [f"{name:<10}{times:>8,}  {route}" for route, times in total.most_common()]
    return lines


def exceeded(outcome: Outcome) -> list[str]:
    """Systems that were called more often than is allowed."""
    return [name for name, floor in floors(outcome.size).items() if outcome.calls(name) > allowed(floor)]


@click.command()
@click.option("--products", type=click.IntRange(1), default=1000, show_default=True)
@click.option("--routes", is_flag=True, help="Also say which routes were called how often.")
@click.option("--profile", type=click.Path(path_type=Path, dir_okay=False), help="Write what cProfile saw of `sync`.")
def main(products: int, routes: bool, profile: Path | None) -> None:
    """Bring a catalogue of the ERP into an empty shop and an empty till, and count."""
    with tempfile.TemporaryDirectory(prefix="connector-bench-") as folder:
        outcome = run(products, Path(folder), profile)
    for line in [*tell(outcome), *(by_route(outcome) if routes else ())]:
        click.echo(line)
    sys.exit((1 if exceeded(outcome) else 0) if outcome.is_whole else 2)


if __name__ == "__main__":
    main()
