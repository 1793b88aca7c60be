"""How long a figure of the shop can be overwritten unseen: from the last reading of a batch to the end of its write.

    python -m bench.window [--figures 100] [--latency 50] [--rounds 5]

The demo's shop, linked and in agreement. In each round a piece is counted off so many products in the ERP and brought
over. ``--latency``: milliseconds that the shop takes for each call beside what the stand-in needs: a real shop's
window is mostly that. Measured is what the engine asks of the adapter: from the beginning of the read that comes before
a write to the end of that write.
"""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any, Final, cast

import click
import structlog

from bench.quiet import Floor, open_floor
from connector.contract import Channel, Row, RowResult, Write
from connector.model.entity import Entity
from connector.parts import Parts, Scope
from connector.round import run_round

SHOP: Final = "webshop"
WAREHOUSE: Final = "1"


class Watched:
    """A channel whose readings and writes of stock are timed; everything else is the channel's own."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._read_at = 0.0
        #: Figures written, and milliseconds since the beginning of the reading before.
        self.windows: list[tuple[int, float]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._channel, name)

    def read(self, entity: Entity, ids: Sequence[str]) -> Sequence[Row]:
        if entity is Entity.STOCK:
            self._read_at = time.perf_counter()
        return self._channel.read(entity, ids)

    def write(self, entity: Entity, writes: Sequence[Write]) -> Sequence[RowResult]:
        results = self._channel.write(entity, writes)
        if entity is Entity.STOCK:
            self.windows.append((len(writes), (time.perf_counter() - self._read_at) * 1000))
        return results


def measure(floor: Floor, parts: Parts, figures: int, latency_ms: int, rounds: int) -> list[tuple[int, float]]:
    """Rounds of so many figures each; answers the shop's batches of stock."""
    shop = Watched(parts.open_channel(SHOP))
    watching = replace(
        parts, open_channel=lambda name: cast(Channel, shop) if name == SHOP else parts.open_channel(name)
    )
    floor.settle(watching)
    shop.windows.clear()
    floor.system(SHOP).fault(fault="delay", path="/rest/", seconds=latency_ms / 1000, times=None)
    for _ in range(rounds):
        for sku in _skus(floor, figures):
            floor.system("exact").edit("stock", sku=sku, location=WAREHOUSE, difference=-1)
        floor.pass_time()
        run_round(watching, Scope())
    floor.system(SHOP).mend()
    return shop.windows


def _skus(floor: Floor, figures: int) -> list[str]:
    """Products of which the shop shows the most pieces."""
    rows = [row for row in floor.system(SHOP).state()["source_items"] if row["source_code"] == "wh_utr"]
    rows.sort(key=lambda row: (-row["quantity"], row["sku"]))
    return [row["sku"] for row in rows[:figures]]


@click.command()
@click.option("--figures", type=click.IntRange(1), default=100, show_default=True)
@click.option("--latency", type=click.IntRange(0), default=50, show_default=True, help="Milliseconds of each call.")
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True)
def main(figures: int, latency: int, rounds: int) -> None:
    """Measure the shop's write window of stock."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with (
        tempfile.TemporaryDirectory(prefix="connector-window-") as folder,
        open_floor(Path(folder)) as floor,
        floor.parts() as parts,
    ):
        found = measure(floor, parts, figures, latency, rounds)
    click.echo(f"{'figures':>8}{'window ms':>12}")
    for count, window in found:
        click.echo(f"{count:>8}{window:>12.0f}")
    if found:
        each = [window for _, window in found]
        click.echo(f"median {median(each):.0f} ms, longest {max(each):.0f} ms, {latency} ms a call")


if __name__ == "__main__":
    main()
