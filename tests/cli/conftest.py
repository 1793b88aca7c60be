"""A folder with a configuration, and an adapter that is installed there as any other would be."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog

from connector.cli.exit import run
from connector.redaction import Redactor, share

ROOT = Path(__file__).resolve().parents[2]

ADAPTER = """
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connector.contract import Capabilities, Credentials, EntityCapabilities, Finding
from connector.errors import AuthFailed, Transient
from connector.model.entity import Entity


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    url: str = Field(description="where the shop is")
    token: SecretStr
    mood: Literal["well", "wary", "ill", "locked", "silent", "buggy"] = "well"


class Channel:
    def __init__(self, opening):
        self.opening = opening

    def check(self):
        mood = self.opening.options.mood
        token = self.opening.options.token.get_secret_value()
        yield Finding("answers", ok=True, detail=f"names {sorted(self.opening.names)}")
        if mood == "wary":
            yield Finding("clock", ok=False, detail="3 s off", remedy="set the clock", warning=True)
        if mood == "ill":
            yield Finding("permissions", ok=False, detail="may not write", remedy="grant it")
        if mood == "locked":
            raise AuthFailed("GET /me: 401", channel="shop", status=401)
        if mood == "silent":
            raise Transient("GET /me: no answer", channel="shop")
        if mood == "buggy":
            raise RuntimeError(f"a bug, with {token} in its hands")

    def close(self):
        pass


class Adapter:
    Options = Options
    default_limits = (("minute", 60, 60),)

    @staticmethod
    def describe():
        return Capabilities(entities={Entity.PRODUCT: EntityCapabilities(), Entity.STOCK: EntityCapabilities()})

    @staticmethod
    def open(opening):
        return Channel(opening)

    @staticmethod
    def authorize_url(opening):
        return None if opening.options.mood == "wary" else "https://shop.example/consent?client=1"

    @staticmethod
    def authorize(opening, code):
        if code == "used-up":
            raise AuthFailed("POST /token: 400", channel=opening.channel, status=400)
        opening.tokens.save(Credentials({"given": code}, opening.now()))
"""

MAPPING = """\
format = 1
adapter = "stall"
[settings]
units = { piece = "pc" }
[product.fields]
sku = { remote = "code", convert = ["code"], write = "create" }
name = { remote = "label", convert = ["text", { use = "cut", length = 8 }] }
unit = { remote = "unit", convert = [{ use = "lookup", table = "units", missing = "refuse" }] }
[[test]]
name = "a mug, renamed"
entity = "product"
given = { as_of = "2026-11-21" }
remote = { code = "M-1", label = "Mug", unit = "pc" }
canonical = { sku = "M-1", name = "Mug", unit = "piece" }
change = { name = "Mug, navy blue" }
sends = { label = "Mug, nav" }
shows = { name = "Mug, nav" }
"""

CONFIG = """\
[channels.shop]
adapter = "stall"
url = "https://shop.example"
token = "env:SHOP_TOKEN"
mapping = "stall.toml"
[sync.product]
channels = ["shop"]
"""

TOKEN = "t0ken-of-the-sh0p"


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Shop:
    """The folder in which commands are started."""

    folder: Path

    def run(self, *arguments: str, given: str = "", **environ: str) -> Ran:
        """Run a command line in this process: the same code as in one of its own, without the start."""
        stdout, stderr = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
        stdin = io.TextIOWrapper(io.BytesIO(given.encode()), encoding="utf-8")
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(stdout), redirect_stderr(stderr):
            patch.chdir(self.folder)
            patch.setattr(sys, "stdin", stdin)
            patch.syspath_prepend(self.folder / "installed")
            patch.setattr(tempfile, "tempdir", str(self.folder))
            for name, value in self._environ(environ).items():
                patch.setenv(name, value)
            status = run(arguments)
        sys.modules.pop("stall", None)
        return Ran(status, *(stream.buffer.getvalue().decode() for stream in _flushed(stdout, stderr)))

    def start(self, *arguments: str, given: str = "", **environ: str) -> Ran:
        """Start the real command line in a process of its own."""
        done = subprocess.run(
            [sys.executable, "-m", "connector", *arguments],
            cwd=self.folder,
            env=self._environ(environ),
            input=given,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command that goes on; whoever reads its lines ends it."""
        command = [sys.executable, "-m", "connector", *arguments]
        return subprocess.Popen(command, cwd=self.folder, env=self._environ({}), stdout=subprocess.PIPE, text=True)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def _environ(self, more: dict[str, str]) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CONNECTOR_")}
        places = f"{self.folder}/installed{os.pathsep}{ROOT}"
        return kept | {"PYTHONPATH": places, "TMPDIR": str(self.folder), "SHOP_TOKEN": TOKEN} | more


def _flushed(*streams: io.TextIOWrapper) -> Iterator[Any]:
    for stream in streams:
        stream.flush()
        yield stream


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """Commands set logging up for their process; the tests' own is put back."""
    root, hook = logging.getLogger(), threading.excepthook
    before = (root.handlers, root.level)
    yield
    root.handlers, root.level = before
    threading.excepthook = hook
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    share(Redactor())


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A configuration that is right, with one channel whose adapter comes from an installed package."""
    package = tmp_path / "installed"
    metadata = package / "stall-1.0.dist-info"
    metadata.mkdir(parents=True)
    (package / "stall.py").write_text(ADAPTER)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: stall\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[connector.adapters]\nstall = stall:Adapter\nbroken = not_there_at_all:Adapter\n"
    )
    made = Shop(tmp_path)
    made.write("config.toml", CONFIG)
    made.write("stall.toml", MAPPING)
    return made
