"""The scope options, checked against the configuration."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import click

from connector.model.entity import Entity

if TYPE_CHECKING:
    from connector.config import Config
    from connector.parts import Scope


def scope_of(config: Config, channels: Sequence[str], entities: Sequence[str], keys: Sequence[str]) -> Scope:
    """What these names cover; nothing named is everything. Raises UsageError with a suggestion for each unknown one."""
    from connector.parts import Scope  # half a second that `adapters list` need not wait for

    for name in channels:
        known("channel", name, config.channels)
    for name in entities:
        known("entity", name, config.sync)
    return Scope(frozenset(channels), frozenset(Entity(name) for name in entities), tuple(keys))


def known(kind: str, name: str, names: Collection[str]) -> str:
    """The name, if it is one of these; else UsageError that says what was probably meant."""
    if name in names:
        return name
    near = difflib.get_close_matches(name.casefold(), names, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(names) or 'none'}."
    raise click.UsageError(f"There is no {kind} {name}. {hint}")
