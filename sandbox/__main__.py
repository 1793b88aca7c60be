"""``python -m sandbox ADAPTER --port P``: one stand-in as a process of its own, on loopback.

When it is ready it prints exactly one line of JSON on stdout (adapter, url, control, credentials), then
it serves until SIGTERM or SIGINT. Exit status: 0 stopped as asked, 2 wrong usage.
"""

from __future__ import annotations

import importlib
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from sandbox.faults import read_fault
from sandbox.stand import Options, PortError, Stand, read_json, write_json

ADAPTERS = ("exact_online", "magento2", "lightspeed_x")
PROFILES = ("demo", "opening", "tests", "load", "empty", "recorded")


def read_faults(path: str | None) -> tuple[dict[str, Any], ...]:
    """The faults in a JSON file (one object or a list); BadParameter when it holds something else."""
    if path is None:
        return ()
    try:
        given = read_json(Path(path).read_bytes())
        several = given if isinstance(given, list) else [given]
        for one in several:
            read_fault(one)
    except (OSError, ValueError, AttributeError, TypeError) as wrong:
        raise click.BadParameter(f"{path}: {wrong}", param_hint="--faults") from wrong
    return tuple(several)


def read_settings(given: tuple[str, ...]) -> dict[str, str]:
    """``("name=value", …)`` as a dict; BadParameter when one has no equals sign."""
    settings = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"{one!r} is not NAME=VALUE", param_hint="--set")
        settings[name.strip()] = value.strip()
    return settings


def build(adapter: str, options: Options) -> Stand:
    """The stand-in of one adapter; BadParameter when its settings are not known to it."""
    make: Callable[[Options], Stand] = importlib.import_module(f"sandbox.{adapter}").build
    try:
        return make(options)
    except ValueError as wrong:
        raise click.BadParameter(str(wrong)) from wrong


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("adapter", type=click.Choice(ADAPTERS))
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 picks a free port.", show_default=True)
@click.option("--seed", type=int, default=1, help="Other seed, other shop.", show_default=True)
@click.option("--products", type=click.IntRange(0), default=None, help="How many products; the profile's number.")
@click.option("--customers", type=click.IntRange(0), default=None, help="How many customers; the profile's number.")
@click.option("--profile", type=click.Choice(PROFILES), default="demo", show_default=True)
@click.option("--faults", type=click.Path(dir_okay=False), default=None, help="JSON file with faults to begin with.")
@click.option("--limits/--no-limits", default=True, help="Budgets and rate limits.", show_default=True)
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A switch of this stand-in; repeatable.")
def main(
    adapter: str,
    port: int,
    seed: int,
    products: int | None,
    customers: int | None,
    profile: str,
    faults: str | None,
    limits: bool,
    settings: tuple[str, ...],
) -> None:
    """Start a local stand-in of ADAPTER that speaks its real protocol on 127.0.0.1."""
    options = Options(
        port=port,
        seed=seed,
        products=products,
        customers=customers,
        profile=profile,
        faults=read_faults(faults),
        limits=limits,
        settings=read_settings(settings),
    )
    stand = build(adapter, options)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stand.stop())
    try:
        stand.start()
    except PortError as wrong:
        raise click.UsageError(str(wrong)) from wrong
    line = write_json(stand.announce())
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
    stand.serve()


if __name__ == "__main__":
    main()
