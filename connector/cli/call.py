"""What every command is given: the options that all of them share, and what they lead to.

Importing this module imports Click alone; each property imports what it needs.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, update_wrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from connector.cli.output import Output
    from connector.config import Config
    from connector.mapping.lens import Mapping_
    from connector.parts import Scope

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class Call:
    """One call of one command."""

    config_path: Path
    as_json: bool = False
    channels: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    log_level: str = ""

    @cached_property
    def config(self) -> Config:
        """The configuration; from here on logs are written, and its secrets cut out of them.

        Raises ConfigError with every problem.
        """
        from connector.config import load_config
        from connector.config.secrets import secrets_of
        from connector.redaction import Redactor
        from connector.service import logs

        config = load_config(self.config_path)
        level = self.log_level or os.environ.get("CONNECTOR_LOG_LEVEL", "warning")
        self.out.zone = config.timezone
        logs.configure(form=log_form(), level=level, redactor=Redactor(secrets=secrets_of(config)))
        return config

    def mapping(self, channel: str) -> Mapping_:
        """A channel's mapping with the shop's settings; raises ConfigError with every problem.

        From here on its personal native names are kept out of the logs.
        """
        from connector.mapping.load import load_mapping
        from connector.redaction import learn_mapping

        one = self.config.channels[channel]
        place = f"{self.config_path} [channels.{channel}.settings]"
        found = load_mapping(one.mapping_path, one.settings, place=place)
        learn_mapping(found)
        return found

    @cached_property
    def scope(self) -> Scope:
        """What the scope options name, each known to the configuration; raises UsageError otherwise."""
        from connector.cli.scope import scope_of

        return scope_of(self.config, self.channels, self.entities, self.keys)

    @cached_property
    def out(self) -> Output:
        from connector.cli.output import Output

        return Output(as_json=self.as_json)


def log_form() -> Any:
    """``CONNECTOR_LOG``: json or console; None leaves it to where the logs go."""
    form = os.environ.get("CONNECTOR_LOG")
    if form not in (None, "json", "console"):
        raise click.UsageError(f"CONNECTOR_LOG is {form}: write json or console")
    return form


_OPTIONS = (
    click.option(
        "--config",
        "config_path",
        type=click.Path(path_type=Path),
        default=Path("config.toml"),
        envvar="CONNECTOR_CONFIG",
        show_default=True,
        help="The configuration; CONNECTOR_CONFIG names another one too.",
    ),
    click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout, for scripts."),
    click.option("--channel", "channels", multiple=True, metavar="NAME", help="Only this channel; repeatable."),
    click.option("--entity", "entities", multiple=True, metavar="NAME", help="Only this entity; repeatable."),
    click.option("--key", "keys", multiple=True, metavar="KEY", help="Only the record with this key; repeatable."),
)


def shared(command: Command) -> Command:
    """Give a command the options that all of them share; its function gets them as its first argument, a Call."""

    def called(
        *args: Any,
        config_path: Path,
        as_json: bool,
        channels: tuple[str, ...],
        entities: tuple[str, ...],
        keys: tuple[str, ...],
        **kwargs: Any,
    ) -> Any:
        return command(Call(config_path, as_json, channels, entities, keys), *args, **kwargs)

    wrapped: Any = update_wrapper(called, command)
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped  # type: ignore[no-any-return]  # the same function to Click
