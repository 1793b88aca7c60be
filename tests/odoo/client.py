"""A plain client of a real Odoo: the tests' own hand, which shares nothing with an adapter."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
import requests

from tests.conftest import ROOT

#: What `scripts/real-odoo` ends with where the package cannot be had.
NOT_HAD = 3


class Odoo:
    """One running instance, as `scripts/real-odoo up` tells of it."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.name: str = told["name"]
        self.url: str = told["url"]
        self.pid: int = told["pid"]
        self.database: str = told["database"]
        self.login: str = told["login"]
        self.password: str = told["password"]
        self.api_key: str = told["api_key"]
        self._told = told
        self._session = requests.Session()
        self._session.trust_env = False

    def again(self) -> Odoo:
        """The same one over a connection of its own, for another thread."""
        return Odoo(self._told)

    def call(self, model: str, method: str, **named: Any) -> Any:
        """A method of a model over JSON-2, with the administrator's key; HTTPError with what the server said."""
        answer = self._session.post(
            f"{self.url}/json/2/{model}/{method}",
            json=named,
            headers={"Authorization": f"bearer {self.api_key}"},
            timeout=60,
        )
        if not answer.ok:
            raise requests.HTTPError(f"{model}.{method}: {answer.status_code} {answer.text[:500]}")
        return answer.json()

    def rpc(self, service: str, method: str, *arguments: Any) -> Any:
        """A method of a service over the older transport, which versions before 19 have, too."""
        body = {"jsonrpc": "2.0", "params": {"service": service, "method": method, "args": list(arguments)}}
        answer: dict[str, Any] = self._session.post(f"{self.url}/jsonrpc", json=body, timeout=60).json()
        if "error" in answer:
            raise requests.HTTPError(json.dumps(answer["error"])[:500])
        return answer.get("result")

    def ids(self, model: str, *conditions: list[Any]) -> list[int]:
        found: list[int] = self.call(model, "search", domain=list(conditions))
        return found

    def create(self, model: str, **values: Any) -> int:
        made: list[int] = self.call(model, "create", vals_list=[values])
        return made[0]


def real_odoo_command(name: str, command: str, *options: str) -> subprocess.CompletedProcess[str]:
    """`scripts/real-odoo` without its setting up: the tests run in the environment already."""
    line = [sys.executable, "-m", "tests.odoo.server", *(["--name", name] if name else []), command, *options]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True)


def told_by(ran: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """What a command answered; skips loudly where there is no package to be had, and fails when something broke."""
    if ran.returncode == NOT_HAD:
        pytest.skip(f"NOT RUN, THE REAL ODOO: {ran.stderr.strip()}")
    if ran.returncode:
        pytest.fail(ran.stderr.strip())
    told: dict[str, Any] = json.loads(ran.stdout)
    return told
