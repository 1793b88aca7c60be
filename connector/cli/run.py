"""``connector run``: the daemon, in the foreground."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial

import click

from connector.cli.call import Call, shared
from connector.config import Config, load_config
from connector.config.secrets import secrets_of
from connector.redaction import shared_redactor
from connector.service.daemon import Daemon
from connector.service.signals import listening


@click.command()
@shared
def run(call: Call) -> int:
    """Keep every channel the same until SIGTERM, which finishes what is in flight (30 seconds at most).

    SIGHUP reads configuration and mappings anew; where they are wrong, it says so and the old ones go on.
    Logs are on stderr: CONNECTOR_LOG_LEVEL sets how much they tell (info), CONNECTOR_LOG their form.
    """
    if call.channels or call.entities or call.keys:
        raise click.UsageError("The daemon works on everything; name a scope in `connector sync` or `resync`.")

    first = replace(call, log_level=os.environ.get("CONNECTOR_LOG_LEVEL", "info"))
    with listening() as listen:
        return Daemon(first.config, partial(_again, call), listen).run()


def _again(call: Call) -> Config:
    """The configuration as it is now; what it holds of secrets stays out of the logs too."""
    config = load_config(call.config_path)
    shared_redactor().learn(secrets_of(config))
    return config
