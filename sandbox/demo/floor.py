"""The systems of the demo: each stand-in a process of its own on loopback."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import requests

#: Channel name of the demo's configuration → the system behind it.
SYSTEMS = {"exact": "exact_online", "webshop": "magento2", "store": "lightspeed_x"}

#: A stand-in answers at once; a demo that hangs would say nothing.
TIMEOUT_S = 30


@dataclass(frozen=True)
class System:
    """One running stand-in: what it printed when it was ready."""

    channel: str
    told: Mapping[str, Any]

    @property
    def url(self) -> str:
        return str(self.told["url"])

    def edit(self, verb: str, **change: Any) -> dict[str, Any]:
        """Do what a user of this system would do; answers what changed."""
        return dict(self._post("edit", {"do": verb, **change}))

    def fault(self, **fault: Any) -> None:
        """Let something go wrong."""
        self._post("faults", [fault])

    def mend(self) -> None:
        """Nothing goes wrong any more."""
        requests.delete(f"{self.told['control']}faults", timeout=TIMEOUT_S).raise_for_status()

    def calls(self) -> int:
        """How often it was called so far."""
        return sum(self.calls_by_route().values())

    def calls_by_route(self) -> dict[str, int]:
        """How often each route was called so far."""
        answer = requests.get(f"{self.told['control']}calls", timeout=TIMEOUT_S)
        return dict(answer.json()["counters"])

    def state(self) -> dict[str, Any]:
        """Everything that it holds."""
        answer = requests.get(f"{self.told['control']}state", timeout=TIMEOUT_S)
        return dict(answer.json())

    def get(self, path: str, **headers: str) -> Any:
        """Read through the system's own interface, as a technician with a browser would."""
        answer = requests.get(f"{self.url}{path}", headers=headers, timeout=TIMEOUT_S)
        answer.raise_for_status()
        return answer.json()

    def _post(self, what: str, body: Any) -> Any:
        answer = requests.post(f"{self.told['control']}{what}", json=body, timeout=TIMEOUT_S)
        if not answer.ok:
            raise RuntimeError(f"{self.channel} refused {body}: {answer.text[:200]}")
        return answer.json()


@contextmanager
def open_floor(**options: Sequence[str]) -> Iterator[dict[str, System]]:
    """Start the stand-ins, each with its options (none: the demo's profile); they end with the block."""
    with ExitStack() as stack:
        started = {
            channel: stack.enter_context(_process(adapter, options.get(channel, ("--profile", "demo"))))
            for channel, adapter in SYSTEMS.items()
        }
        yield {channel: System(channel, _told(process)) for channel, process in started.items()}


@contextmanager
def _process(adapter: str, options: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "sandbox", adapter, "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603  # our own stand-ins
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=TIMEOUT_S)


def _told(process: subprocess.Popen[str]) -> dict[str, Any]:
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise RuntimeError("a stand-in did not start; its own words stand above")
    return dict(json.loads(line))
