"""The technician's hands: the connector's real commands, run as processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from sandbox.demo.watch import Status, status_watched

#: One command; reading everything waits for a budget's minute at most.
COMMAND_S = 300
#: Everything is quiet well before this, or something is wrong.
QUIET_S = 300


@dataclass(frozen=True)
class Done:
    """One finished command: its exit status, and what it printed."""

    status: int
    text: str

    @property
    def document(self) -> Any:
        return json.loads(self.text)


class Hands:
    """Runs commands in the shop's folder, and shows them as they are typed."""

    def __init__(self, folder: Path, program: Sequence[str] = (sys.executable, "-m", "connector")) -> None:
        self.folder = folder
        self.program = program
        self._status: Status  # while the daemon runs

    def type(self, *words: str, expect: tuple[int, ...] = (0,)) -> Done:
        """Run a command where people look on; its output is shown. Any other exit status ends the demo."""
        click.secho(f"$ connector {' '.join(words)}", bold=True)
        done = self.ask(*words)
        click.echo(done.text.rstrip())
        if done.status not in expect:
            raise RuntimeError(f"connector {' '.join(words)} ended with {done.status}")
        return done

    def ask(self, *words: str) -> Done:
        """Run a command quietly."""
        ran = subprocess.run(  # noqa: S603  # our own command line
            [*self.program, *words],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if "--json" not in words else subprocess.DEVNULL,
            text=True,
            timeout=COMMAND_S,
            check=False,
            env={**os.environ, "CONNECTOR_LOG_LEVEL": "error"},
        )
        return Done(ran.returncode, ran.stdout)

    def notice(self, entity: str, *channels: str) -> None:
        """Have the daemon look at once at what people changed there, and wait until everybody has it."""
        scope = [word for channel in channels for word in ("--channel", channel)]
        self.ask("sync", "--json", "--entity", entity, *scope)
        self.wait_until_quiet()

    def wait_until_quiet(self) -> None:
        """Until nothing is owed, in doubt or failing; what a person must settle may remain."""
        deadline = time.monotonic() + QUIET_S
        while time.monotonic() < deadline:
            lanes = self._status.now()["lanes"]
            if not any(lane["owed"] or lane["in_doubt"] or lane["error"] for lane in lanes):
                return
        left = [f"{lane['channel']}/{lane['entity']}: {lane['owed']} owed, {lane['error']}" for lane in lanes]
        raise RuntimeError("it did not become quiet:\n" + "\n".join(left))

    def cases(self) -> list[str]:
        """The numbers of what stands in quarantine."""
        return [str(case["id"]) for case in self.ask("quarantine", "list", "--json").document]

    def _wait_until_it_runs(self, process: subprocess.Popen[str]) -> None:
        """From then on commands are handed to it."""
        while self._status.now()["daemon"] is None:
            if process.poll() is not None:
                raise RuntimeError(f"the daemon ended with {process.returncode}")

    @contextmanager
    def daemon(self) -> Iterator[None]:
        """`connector run`, with what travels shown as it happens; ended by SIGTERM as systemd would."""
        environment = {**os.environ, "CONNECTOR_LOG": "json", "CONNECTOR_LOG_LEVEL": "info"}
        process = subprocess.Popen(  # our own command line
            [sys.executable, "-m", "connector", "run"],
            cwd=self.folder,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        watcher = threading.Thread(target=_show_travel, args=(process,), daemon=True)
        watcher.start()
        try:
            with status_watched(self.folder) as self._status:
                self._wait_until_it_runs(process)
                yield
        finally:
            process.send_signal(signal.SIGTERM)
            status = process.wait(timeout=COMMAND_S)
            watcher.join(timeout=5)
        if status:
            raise RuntimeError(f"the daemon ended with {status}")


def _show_travel(process: subprocess.Popen[str]) -> None:
    """Log lines become one line each: what was written where."""
    for line in process.stderr or ():
        try:
            fact = json.loads(line)
        except ValueError:
            click.secho(f"  daemon: {line.rstrip()}", fg="yellow")
            continue
        text = _told(fact)
        if text:
            click.secho(f"  {text}", fg="cyan")


def _told(fact: dict[str, Any]) -> str:
    event = str(fact.get("event", ""))
    if event.startswith("write."):
        fields = ", ".join(fact.get("fields") or ())
        what = event.removeprefix("write.").replace("_", " ")
        return f"→ {fact.get('channel')}: {fact.get('entity')} {fact.get('key')}: {fields} ({what})"
    if event in ("lane.failed", "lane.recovered"):
        return f"! {fact.get('lane')}: {event.removeprefix('lane.')} {fact.get('error', '')} {fact.get('action', '')}"
    return ""
