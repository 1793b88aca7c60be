"""The one place that turns what happened into an exit status, and an error into words."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from enum import IntEnum
from typing import Any, Final

import click

from connector import errors
from connector.errors import ConfigError, ConnectorError

#: What cannot be reached, or does not answer as it should: exit status 3.
_UNREACHABLE: Final = (
    errors.AuthFailed,
    errors.Transient,
    errors.RateLimited,
    errors.AmbiguousWrite,
    errors.ContractBroken,
)

#: What a shell expects of a program that Ctrl-C ended.
INTERRUPTED: Final = 130


class Exit(IntEnum):
    """What a command returns. Scripts depend on these."""

    DONE = 0
    LEFT_OVER = 1
    USAGE = 2
    UNREACHABLE = 3


def run(arguments: Sequence[str]) -> int:
    """Run one command line; its exit status. Nothing escapes: a person never meets a traceback."""
    from connector.cli.app import app

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that knows no ✓ is no reason to stop
    try:
        done = app.main(args=list(arguments), prog_name="connector", standalone_mode=False)
        sys.stdout.flush()
        return int(done) if isinstance(done, int) else Exit.DONE
    except click.ClickException as error:
        return _usage(error, as_json="--json" in arguments)
    except (click.Abort, KeyboardInterrupt):
        sys.stderr.write("Stopped.\n")
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read us went away. What is still buffered has no reader either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.LEFT_OVER
    except ConnectorError as error:
        return _tell(error, as_json="--json" in arguments)
    except Exception as error:  # noqa: BLE001  # the last resort: it is written down, and told in one line
        return _unexpected(error, as_json="--json" in arguments)


def status_of(error: ConnectorError) -> Exit:
    """The exit status that an error means when it ends a command."""
    if isinstance(error, ConfigError):
        return Exit.USAGE
    if isinstance(error, _UNREACHABLE):
        return Exit.UNREACHABLE
    return Exit.LEFT_OVER


def _usage(error: click.ClickException, *, as_json: bool) -> int:
    if as_json:
        _document({"kind": "usage", "message": error.format_message()})
    else:
        error.show()
    return Exit.USAGE


def _tell(error: ConnectorError, *, as_json: bool) -> int:
    if as_json:
        problems = error.problems if isinstance(error, ConfigError) else ()
        listed = [{"place": one.place, "what": one.what, "remedy": one.remedy} for one in problems]
        _document({"kind": type(error).__name__, "message": str(error), "problems": listed})
    elif isinstance(error, ConfigError):
        count = len(error.problems)
        sys.stderr.write(f"{error}\n{count} problem{'' if count == 1 else 's'}. Nothing was done.\n")
    else:
        channel = getattr(error, "channel", "")
        sys.stderr.write(f"{f'{channel}: ' if channel else ''}{error}\n")
    return status_of(error)


def _unexpected(error: Exception, *, as_json: bool) -> int:
    """A bug: where the details are, without what they might show of secrets and people."""
    place = _written_down(error)
    told = f"This should not have happened ({type(error).__name__}). The details are in {place}."
    if as_json:
        _document({"kind": "unexpected", "message": told, "details": place})
    else:
        sys.stderr.write(f"{told}\nNothing is lost: the ledger says what is owed. Please report it with that file.\n")
    return Exit.LEFT_OVER


def _written_down(error: Exception) -> str:
    """Write the traceback, redacted, into a file that only its owner may read; where that fails, onto stderr."""
    import tempfile

    from connector.redaction import shared_redactor

    text = shared_redactor().exception(error)
    try:
        descriptor, path = tempfile.mkstemp(prefix="connector-", suffix=".log")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text + "\n")
    except OSError:
        sys.stderr.write(text + "\n")
        return "the lines above"
    return path


def _document(error: dict[str, Any]) -> None:
    import json

    sys.stdout.write(json.dumps({"error": error}, ensure_ascii=False, indent=2) + "\n")
