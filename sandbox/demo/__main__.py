"""``python -m sandbox.demo``: the stand-ins, the daemon, and a day in a shop."""

from __future__ import annotations

import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

import click

from sandbox.demo.day import Day, choose_cast
from sandbox.demo.floor import open_floor
from sandbox.demo.hands import Hands
from sandbox.demo.shop import furnish


@click.command()
@click.option("--once", is_flag=True, help="Play the day once and exit: 0 when every system agrees.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep the shop's folder (config.toml, ledger) here; left out: a temporary one.",
)
def main(once: bool, folder: Path | None) -> None:
    """Start stand-ins of Exact Online, Magento 2 and Lightspeed, run the real daemon against them, and play a day."""
    signal.signal(signal.SIGTERM, lambda _signal, _frame: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="connector-demo-") as temporary:
        place = folder or Path(temporary)
        place.mkdir(parents=True, exist_ok=True)
        try:
            status = _play(place, once)
        except KeyboardInterrupt:
            click.echo("\nStopped.")
            status = 0
    sys.exit(status)


def _play(folder: Path, once: bool) -> int:
    began = time.monotonic()
    with open_floor() as systems:
        furnish(folder, systems)
        hands = Hands(folder)
        click.echo(f"The shop's folder is {folder}.")
        for system in systems.values():
            click.echo(f"  {system.channel}: {system.told['adapter']} at {system.url}")
        hands.type("auth", "exact", "--refresh-token", "env:EXACT_REFRESH_TOKEN")
        hands.type("check", expect=(0,))
        hands.type("match", "--approve", expect=(0, 1))
        hands.type("plan", expect=(0, 1))
        with hands.daemon():
            hands.wait_until_quiet()
            Day(systems, hands, choose_cast()).play()
            verified = hands.type("verify", expect=(0, 1))
            _stay(once, folder)
        for system in systems.values():
            click.echo(f"{system.channel} was called {system.calls()} times.")
        click.echo(f"The day took {time.monotonic() - began:.0f} s.")
    return verified.status


def _stay(once: bool, folder: Path) -> None:
    """Leave everything running for whoever wants to look around."""
    if not once:
        click.echo(f"Everything keeps running: try `connector --config {folder}/config.toml status`. Ctrl-C ends it.")
        threading.Event().wait()


if __name__ == "__main__":
    main()
