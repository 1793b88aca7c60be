"""``connector``: the commands, and what each does in one line. Imports Click and nothing else."""

from __future__ import annotations

from typing import Final

import click

from connector.cli.lazy import LazyGroup

#: Name → (where it is, what it does). The order is that of a shop's first day.
COMMANDS: Final = {
    "check": ("connector.cli.check:check", "try everything, change nothing: green and red lines with the remedy"),
    "auth": ("connector.cli.auth:auth", "let a channel in: OAuth consent, or a refresh token that you have"),
    "match": ("connector.cli.match:match", "first contact: propose links between records, take approval"),
    "plan": ("connector.cli.sync:plan", "what would be written, with calls and share of the budget; writes nothing"),
    "sync": ("connector.cli.sync:sync", "one complete round: observe, merge, write"),
    "resync": ("connector.cli.sync:resync", "forget how far the scope was read, and do it again"),
    "run": ("connector.cli.run:run", "the daemon, in the foreground, until SIGTERM"),
    "status": ("connector.cli.told:status", "how fresh every lane is, and what waits"),
    "verify": ("connector.cli.told:verify", "are the systems equal, and if not, why"),
    "explain": ("connector.cli.told:explain", "why a value is what it is"),
    "history": ("connector.cli.told:history", "everything that happened to a record"),
    "conflicts": ("connector.cli.settled:conflicts", "fields changed on two sides: list, show, resolve"),
    "quarantine": ("connector.cli.settled:quarantine", "what is refused, and why: list, show, retry, drop"),
    "brakes": ("connector.cli.settled:brakes", "what is parked: list, show, release, refuse"),
    "mappings": ("connector.cli.mappings:mappings", "check, test and show how fields translate"),
    "adapters": ("connector.cli.adapters:adapters", "what is installed, what each system can do; begin a new one"),
    "ledger": ("connector.cli.ledger:ledger", "back up, restore, verify, migrate and compact the ledger"),
    "sandbox": ("sandbox.__main__:main", "a local stand-in of a system, to try things on"),
}


@click.group(cls=LazyGroup, lazy=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="connector", message="%(prog)s %(version)s")
def app() -> None:
    """Keep customers, products, prices and stock the same in every channel, in both directions.

    Exit status: 0 in agreement or done; 1 it ran and something is left; 2 wrong usage or configuration;
    3 a channel is unreachable.
    """
