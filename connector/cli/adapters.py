"""``connector adapters``: what is installed, what each system can do, and the beginning of a new one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from connector import installed
from connector.cli import skeleton
from connector.cli.call import Call, shared
from connector.cli.scope import known
from connector.cli.skeleton import ToDo
from connector.config.secrets import holds_secret
from connector.contract import AdapterType, Capabilities
from connector.errors import ConfigError, Problem
from connector.toml_report import declared


@click.group()
def adapters() -> None:
    """What is installed, what each system can do, and the beginning of a new one."""


@adapters.command("list")
@shared
def list_adapters(call: Call) -> None:
    """Name every installed adapter and what it keeps the same."""
    found = {name: loaded(name).describe() for name in installed.adapters()}
    rows = [(name, list(can.entities), can.facts) for name, can in found.items()]
    call.out.show(
        [{"adapter": name, "entities": entities, "facts": facts} for name, entities, facts in rows],
        lambda: call.out.table(("adapter", "entities", "claims and hand-overs"), rows),
    )


@adapters.command("show")
@shared
@click.argument("name")
def show_adapter(call: Call, name: str) -> None:
    """Show what the adapter NAME can read, write, filter and batch, and the keys it wants in [channels.…]."""
    adapter = loaded(known("adapter", name, installed.adapters()))
    can, keys = adapter.describe(), list(keys_of(adapter))
    document = {"adapter": name, "capabilities": can, "keys": keys, "limits": list(adapter.default_limits)}
    call.out.show(document, lambda: _draw(call, name, can, keys))


@adapters.command("new")
@shared
@click.argument("name")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the project is made; connector-NAME here, if left out.",
)
def new_adapter(call: Call, name: str, folder: Path | None) -> None:
    """Make the skeleton of an adapter NAME: a small project of its own, and the list of what is left to write.

    It can be installed at once, and its channel passes the conformance suite on a system in memory. Nothing that
    exists is overwritten.
    """
    place = folder or Path(skeleton.distribution_of(name))
    files, left = skeleton.make(name, place), skeleton.todos(name)
    document = {"adapter": name, "folder": place, "files": files, "to_do": left}
    call.out.show(document, lambda: _draw_made(call, place, len(files), left))


def loaded(name: str) -> AdapterType:
    """The adapter; ConfigError where something that it needs is not installed."""
    try:
        return installed.adapters()[name]
    except ImportError as error:
        raise ConfigError([Problem(f"adapter {name}", f"cannot be loaded: {error}", "install what it needs")]) from None


def keys_of(adapter: AdapterType) -> Iterator[dict[str, Any]]:
    """The adapter's own keys of ``[channels.NAME]``: name, whether required or secret, and what it is for."""
    for name, field in adapter.Options.model_fields.items():
        secret = holds_secret(declared(adapter.Options, name))
        default = None if field.is_required() or secret else field.get_default(call_default_factory=True)
        yield {
            "key": field.alias or name,
            "required": field.is_required(),
            "secret": secret,
            "default": default,
            "what": field.description or "",
        }


def _draw_made(call: Call, place: Path, files: int, left: list[ToDo]) -> None:
    call.out.line(f"Made {files} files in {place}. To do, in this order:")
    call.out.line()
    for one in left:
        call.out.line(f"{one.number}. {one.title} ({one.file})")
    call.out.line()
    call.out.line(f"{place}/README.md says how it is installed and tried; docs/write-an-adapter.md goes the whole way.")


def _draw(call: Call, name: str, can: Capabilities, keys: list[dict[str, Any]]) -> None:
    abilities = {entity: asdict(one) for entity, one in can.entities.items()}
    names = list(next(iter(abilities.values()), {}))
    call.out.line(f"{name}")
    call.out.line()
    call.out.table(("", *abilities), [(each, *(one[each] for one in abilities.values())) for each in names])
    call.out.line()
    call.out.table(
        ("key in [channels.…]", "required", "secret", "default", "what"),
        [(key["key"], key["required"], key["secret"], key["default"], key["what"]) for key in keys],
    )
