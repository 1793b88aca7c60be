"""What is asked of a system, how patiently, and what came back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

_REQUEST_IDS: Final = ("X-Request-Id", "Request-Id", "X-Correlation-Id")

#: A query is a list of pairs, since a name may come twice; text is percent-encoded once, blanks as %20.
Query = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Patience:
    """How long and how often a call may be tried.

    Attributes:
        connect_s, read_s: until a connection stands, between two pieces of an answer.
        total_s: for one attempt, from the first byte sent to the last one read.
        attempts: how often a safe call is made at most.
        pause_s, longest_pause_s: the exponential pause between two attempts begins with and ends at.
        reset_s: a rate limit that resets within this time is waited for inside a safe call.
        max_bytes: largest answer, unpacked.
    """

    connect_s: float = 10
    read_s: float = 60
    total_s: float = 120
    attempts: int = 4
    pause_s: float = 1
    longest_pause_s: float = 20
    reset_s: float = 10
    max_bytes: int = 64 * 1024 * 1024


@dataclass(frozen=True)
class Call:
    """What is asked: a path template, what fills it, and what the answer is for.

    Attributes:
        template: ``/rest/V1/products/{sku}``; each ``{name}`` is filled from ``at``, encoded once.
        purpose: the lane for the budget (``stock``, ``price`` …).
        safe: it may be repeated: it changes nothing, or the same thing again.
        body: sent as JSON, or as a form where it is ``bytes`` with ``content_type``.
        expects_json: false where the answer is text or does not matter.
    """

    method: str
    template: str
    purpose: str
    at: Mapping[str, str] = field(default_factory=dict)
    query: Query = ()
    body: Any = None
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    safe: bool = False
    expects_json: bool = True

    @property
    def path(self) -> str:
        """The encoded path."""
        return self.template.format_map({name: quote(text, safe="") for name, text in self.at.items()})

    def __str__(self) -> str:
        return f"{self.method} {self.template}"


@dataclass(frozen=True)
class Answer:
    """One complete answer. ``data`` is the decoded JSON, None where there was none.

    ``server_at`` is the server's own time by its Date header (UTC, whole seconds), or ours without one.
    """

    call: Call
    status: int
    headers: Mapping[str, str]
    body: bytes
    began_at: datetime
    server_at: datetime
    data: Any = None

    @property
    def request_id(self) -> str:
        """The server's own name of this call, where it gave one."""
        return next((self.headers[name] for name in _REQUEST_IDS if name in self.headers), "")
