"""The virtual environment that Odoo runs in, apart from this project's own: it needs other versions of the same."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from tests.odoo.server import cache
from tests.odoo.server.errors import Broken, last_words

REQUIREMENTS = Path(__file__).with_name("requirements.txt")


def mark() -> str:
    """What the environment depends on, in short."""
    return hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()[:12]


def interpreter() -> Path:
    """The Python of the environment, which has all that Odoo imports."""
    return cache.kept(cache.folder() / f"python-{mark()}", make, "Making Odoo's Python, once") / "bin" / "python"


def make(into: Path) -> None:
    """Make the environment; it can be moved afterwards, as only its Python is called and none of its scripts."""
    _run(sys.executable, "-m", "venv", str(into))
    pip = (str(into / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check")
    _run(*pip, "install", "--no-deps", "--no-compile", "--requirement", str(REQUIREMENTS))


def _run(*command: str) -> None:
    ran = subprocess.run(command, capture_output=True, text=True)
    if ran.returncode:
        raise Broken(f"the environment of Odoo cannot be made: {last_words(ran.stderr)}")
