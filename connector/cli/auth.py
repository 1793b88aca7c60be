"""``connector auth``: let a channel in."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Event
from urllib.parse import parse_qs, urlsplit

import click

from connector import installed
from connector.cli.call import Call, shared
from connector.cli.scope import known
from connector.config import Config
from connector.config.secrets import Environment, Missing, is_reference
from connector.contract import AdapterType, Opening
from connector.ledger import lanes
from connector.ledger.engine import open_ledger
from connector.ledger.store import Ledger
from connector.redaction import shared_redactor
from connector.wiring import opening_of, utc_now


@click.command()
@shared
@click.argument("channel")
@click.option(
    "--refresh-token", metavar="env:NAME|file:PATH", help="A refresh token that you have, instead of consent."
)
def auth(call: Call, channel: str, refresh_token: str | None) -> None:
    """Let CHANNEL in: open its consent page and paste the code that it gives, or hand over a refresh token."""
    adapter = installed.adapters()[call.config.channels[known("channel", channel, call.config.channels)].adapter]
    with _opening(call, channel, adapter) as opening:
        address = adapter.authorize_url(opening)
        if address is None and refresh_token is None:
            document = {"channel": channel, "consent": "not needed"}
            call.out.show(document, lambda: call.out.line(f"{channel} needs no consent; `connector check` tries it."))
            return
        code = _asked(address or "") if refresh_token is None else f"refresh:{_token(call.config, refresh_token)}"
        shared_redactor().learn([code.removeprefix("refresh:")])
        adapter.authorize(opening, code)
        _resume(call, channel)
    told = f"{channel} lets us in. `connector check` tries everything else."
    call.out.show({"channel": channel, "consent": "given"}, lambda: call.out.line(told))


@contextmanager
def _opening(call: Call, channel: str, adapter: AdapterType) -> Iterator[Opening]:
    """The tokens lie beside the ledger, so it is made if there is none yet."""
    with closing(open_ledger(call.config.ledger_url, check=False)) as database:
        yield opening_of(call.config, channel, call.mapping(channel), adapter, database, utc_now, Event())


def _resume(call: Call, channel: str) -> None:
    """What waited for consent goes on at the next round, also in a daemon that is running."""
    with (
        closing(open_ledger(call.config.ledger_url, check=False)) as database,
        Ledger(database, utc_now).write() as session,
    ):
        lanes.resume(session, channel)


def _token(config: Config, reference: str) -> str:
    """On the command line a token would stand in the shell's history and in the list of processes."""
    if not is_reference(reference):
        raise click.UsageError("--refresh-token takes env:NAME or file:PATH, never the token itself.")
    found = Environment(config.path.parent, os.environ).lookup(reference)
    if isinstance(found, Missing):
        raise click.UsageError(f"--refresh-token: {found.what} ({found.remedy}).")
    return found


def _asked(address: str) -> str:
    """Show the consent page and take the code, or the whole address on which the browser ended."""
    click.echo("Open this page, log in and agree:", err=True)
    click.echo(f"\n  {address}\n", err=True)
    if sys.stdout.isatty() and os.environ.get("DISPLAY", os.environ.get("WAYLAND_DISPLAY")):
        click.launch(address)
    return code_in(click.prompt("Paste the code, or the address of the page on which you ended", err=True))


def code_in(pasted: str) -> str:
    """The code in what a person pasted; UsageError where the page said no."""
    query = parse_qs(urlsplit(pasted.strip()).query)
    if "error" in query:
        raise click.UsageError(f"The consent page answered: {query['error'][0]}. Nothing was stored.")
    if "code" in query:
        return query["code"][0]
    if "://" in pasted:
        raise click.UsageError("There is no code in this address. Paste the one on which you ended after agreeing.")
    return pasted.strip()
