"""Faults that a test or a technician asks for: the answers of a bad day.

One fault is a JSON object:

``fault``    what goes wrong, one of :data:`KINDS`
``method``   only calls with this method (left out: any)
``path``     only calls whose path with query matches this regular expression (left out: any)
``status``   for ``status`` (503 when left out), ``html`` (503) and ``redirect`` (302)
``headers``  for ``status``, ``html`` and ``redirect``: further headers, or others instead
``body``     for ``status`` and ``html``: an object is sent as JSON, a text as it is
``seconds``  for ``delay``: real seconds (2 when left out)
``times``    how often it strikes (1 when left out; null: for ever)
``skip``     how many matching calls pass before the first strike (0 when left out)
``every``    strikes at each n-th matching call after ``skip`` (1 when left out)

The first fault in the list that matches and is due strikes; the others do not count that call.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

KINDS = (
    "status",  # this status instead of the effect
    "html",  # a page of some proxy instead of the effect
    "redirect",  # to another host, instead of the effect
    "cut_before",  # the connection is reset before the effect
    "cut_after",  # … after the effect, before the answer
    "cut_half",  # … after the effect, in the middle of the answer
    "delay",  # the effect and the answer, later
    "bad_json",  # the effect, and an answer that stops in the middle of its text
    "repeat_page",  # a listing answers an earlier page again
    "truncate_page",  # a listing leaves out the end of the page
    "expire_tokens",  # all access tokens expire before the call
)
_TYPES: dict[str, tuple[type, ...]] = {
    "fault": (str,),
    "method": (str,),
    "path": (str,),
    "status": (int,),
    "headers": (dict,),
    "body": (dict, list, str),
    "seconds": (int, Decimal),
    "times": (int, type(None)),
    "skip": (int,),
    "every": (int,),
}


@dataclass
class Fault:
    """One fault and how often it has been met."""

    kind: str
    method: str | None = None
    path: str | None = None
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    seconds: float = 2
    times: int | None = 1
    skip: int = 0
    every: int = 1
    matched: int = 0
    struck: int = 0

    def matches(self, method: str, path: str) -> bool:
        """Whether this call is one of those that the fault is meant for, and it is not used up."""
        if self.times is not None and self.struck >= self.times:
            return False
        if self.method is not None and self.method.upper() != method:
            return False
        return self.path is None or re.search(self.path, path) is not None

    def strike(self) -> bool:
        """Count one matching call; whether it is struck."""
        self.matched += 1
        due = self.matched > self.skip and (self.matched - self.skip - 1) % self.every == 0
        self.struck += due
        return due

    def as_json(self) -> dict[str, Any]:
        """The fault as it was given, with its counters."""
        given = {"fault": self.kind, "method": self.method, "path": self.path, "status": self.status}
        more = {"headers": self.headers or None, "body": self.body}
        counts = {"times": self.times, "skip": self.skip, "every": self.every}
        met = {"matched": self.matched, "struck": self.struck}
        return {name: value for name, value in (given | more).items() if value is not None} | counts | met


def read_fault(given: Mapping[str, Any]) -> Fault:
    """The fault that a JSON object describes; ValueError names what is wrong with it."""
    unknown = sorted(set(given) - set(_TYPES))
    if unknown:
        raise ValueError(f"a fault has no {', '.join(unknown)}; it has {', '.join(_TYPES)}")
    kind = given.get("fault")
    if kind not in KINDS:
        raise ValueError(f"fault must be one of {', '.join(KINDS)}, not {kind!r}")
    for name, value in given.items():
        if not isinstance(value, _TYPES[name]) or isinstance(value, bool):
            raise ValueError(f"{name} of a fault cannot be {value!r}")
    members = {name: value for name, value in given.items() if name != "fault"}
    if "seconds" in members:
        members["seconds"] = float(members["seconds"])
    if members.get("every", 1) < 1 or members.get("skip", 0) < 0:
        raise ValueError("every is at least 1, skip at least 0")
    try:
        re.compile(members.get("path") or "")
    except re.error as wrong:
        raise ValueError(f"path is no regular expression: {wrong}") from wrong
    return Fault(kind=kind, **members)


class Faults:
    """The faults that are set, in order; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._list: list[Fault] = []

    def add(self, given: Mapping[str, Any]) -> Fault:
        """Set one more fault."""
        fault = read_fault(given)
        with self._lock:
            self._list.append(fault)
        return fault

    def clear(self) -> int:
        """Take all away; how many there were."""
        with self._lock:
            count, self._list = len(self._list), []
        return count

    def take(self, method: str, path: str) -> Fault | None:
        """The fault that strikes this call, counted."""
        with self._lock:
            for fault in self._list:
                if fault.matches(method, path) and fault.strike():
                    return fault
        return None

    def as_json(self) -> list[dict[str, Any]]:
        """All that are set, used up or not."""
        with self._lock:
            return [fault.as_json() for fault in self._list]
