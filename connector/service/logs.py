"""Logging: facts with context, as JSON lines or for a console, on stderr, redacted at one place.

Every line passes :class:`~connector.redaction.Redactor` just before it is rendered, whether
it was logged through structlog or by a library through :mod:`logging`.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import MutableMapping
from contextlib import AbstractContextManager
from typing import Any, Final, Literal, TextIO

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.types import EventDict, Processor

from connector.model.entity import Entity
from connector.redaction import Redactor, share

Form = Literal["json", "console"]

#: Libraries that say too much below this level: addresses with their query, statements, tokens and headers.
_QUIET: Final = {
    "urllib3": logging.WARNING,
    "requests_oauthlib": logging.WARNING,
    "oauthlib": logging.WARNING,
    "sqlalchemy": logging.WARNING,
    "alembic": logging.WARNING,
    "apscheduler": logging.WARNING,
    "waitress": logging.WARNING,
    "werkzeug": logging.WARNING,
}


def configure(
    *, form: Form | None = None, level: str = "info", redactor: Redactor | None = None, stream: TextIO | None = None
) -> Redactor:
    """Set up logging for this process; returns the redactor, which learns more secrets as they appear.

    Args:
        form: None chooses by the stream: a console for a terminal, JSON for everything else.
        stream: instead of stderr.
    """
    target = stream or sys.stderr
    redactor = redactor or Redactor()
    share(redactor)
    handler = logging.StreamHandler(target)
    handler.setFormatter(_formatter(form or ("console" if target.isatty() else "json"), redactor))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(max(least, root.level))
    logging.captureWarnings(capture=True)
    structlog.configure(
        processors=[*_before(), ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    threading.excepthook = _log_dead_thread
    return redactor


def context(
    *, run: str = "", channel: str = "", entity: Entity | None = None, key: str = ""
) -> AbstractContextManager[None]:
    """Put these on every line that is logged inside, on this thread. Context does not enter pool threads:
    each job opens its own."""
    given = {"run": run, "channel": channel, "entity": entity.value if entity else "", "key": key}
    return structlog.contextvars.bound_contextvars(**{name: value for name, value in given.items() if value})


def _before() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _formatter(form: Form, redactor: Redactor) -> ProcessorFormatter:
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False, default=str) if form == "json" else _Console()
    )
    return ProcessorFormatter(
        foreign_pre_chain=_before(),
        processors=[ProcessorFormatter.remove_processors_meta, _Redaction(redactor), renderer],
    )


class _Redaction:
    """The one place: exceptions become text, and everything is redacted."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def __call__(self, _logger: Any, _method: str, event: EventDict) -> EventDict:
        error = _error_in(event)
        event.pop("stack_info", None)
        clean = self._redactor.event(event)
        if error is not None:
            clean["exception"] = self._redactor.exception(error, event.get("entity"))
        return clean


def _error_in(event: MutableMapping[str, Any]) -> BaseException | None:
    """What ``exc_info`` says, in each of the ways in which it may be said."""
    told = event.pop("exc_info", None)
    if isinstance(told, BaseException):
        return told
    found: BaseException | None = told[1] if isinstance(told, tuple) else sys.exc_info()[1] if told else None
    return found


class _Console:
    """One line per event: time, level, event, then what belongs to it; no colours, no libraries."""

    def __call__(self, _logger: Any, _method: str, event: EventDict) -> str:
        time, level = event.pop("timestamp", ""), event.pop("level", "")
        name, exception = event.pop("event", ""), event.pop("exception", None)
        event.pop("logger", None)
        told = " ".join(f"{key}={value}" for key, value in event.items())
        line = f"{str(time)[11:19]} {level:<8} {name} {told}".rstrip()
        return f"{line}\n{exception}" if exception else line


def _log_dead_thread(dead: threading.ExceptHookArgs) -> None:
    if dead.exc_value is not None:
        thread = dead.thread.name if dead.thread else "?"
        structlog.get_logger(__name__).critical("thread.died", thread=thread, exc_info=dead.exc_value)
