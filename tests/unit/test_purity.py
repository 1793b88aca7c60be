"""Decisions, mappings and the model are pure: enforced on their source."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ENGINE = Path(__file__).resolve().parents[2] / "connector"
PURE = sorted(path for folder in ("decide", "mapping", "model") for path in (ENGINE / folder).glob("**/*.py"))

#: Modules that read, write, wait, draw or log. ``pathlib`` and ``tomllib`` are what a mapping's loader needs.
FORBIDDEN_MODULES = frozenset(
    {"asyncio", "httpx", "io", "logging", "os", "pickle", "random", "requests", "secrets", "select", "shutil", "signal"}
    | {"socket", "sqlalchemy", "sqlite3", "structlog", "subprocess", "sys", "tempfile", "tenacity", "threading", "time"}
    | {"urllib", "urllib3", "uuid", "alembic", "psycopg", "apscheduler", "rich", "click"}
)
#: What reads a clock, however it is reached.
FORBIDDEN_CALLS = frozenset({"now", "utcnow", "today", "fromtimestamp"})
FORBIDDEN_NAMES = frozenset({"open", "print", "input", "exec", "eval", "getLogger", "__import__"})
#: The loader turns files into mappings; only it may read one.
MAY_READ_FILES = frozenset({"mapping/load.py"})


def impurities(source: str) -> list[str]:
    """What in this source reads, writes, waits, draws or logs, as ``line: what``."""
    return [f"{node.lineno}: {what}" for node in ast.walk(ast.parse(source)) for what in _impurity(node)]  # type: ignore[attr-defined]  # every yielding node has a line


def _impurity(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [f"import {name.name}" for name in names if name.name.split(".")[0] in FORBIDDEN_MODULES]
        case ast.ImportFrom(module=str(module)) if module.split(".")[0] in FORBIDDEN_MODULES:
            return [f"from {module}"]
        case ast.Call(func=ast.Attribute(attr=attr)) if attr in FORBIDDEN_CALLS:
            return [f".{attr}()"]
        case ast.Call(func=ast.Name(id=name)) if name in FORBIDDEN_NAMES:
            return [f"{name}()"]
        case ast.Global():
            return ["global"]
        case _:
            return []


@pytest.mark.parametrize("path", PURE, ids=lambda path: str(path.relative_to(ENGINE)))
def test_it_is_pure(path: Path) -> None:
    """No I/O, clock, randomness, logging or global state where values are decided."""
    found = impurities(path.read_text(encoding="utf-8"))
    if str(path.relative_to(ENGINE)) in MAY_READ_FILES:
        found = [what for what in found if not what.endswith("open()")]
    assert [] == found


@pytest.mark.parametrize(
    "source",
    [
        "import time",
        "import os.path",
        "from random import choice",
        "from sqlalchemy.orm import Session",
        "def f():\n    import requests",
        "datetime.now(UTC)",
        "datetime.datetime.utcnow()",
        "date.today()",
        "open('x')",
        "print(1)",
        "def f():\n    global x\n    x = 1",
    ],
)
def test_an_impure_line_is_found(source: str) -> None:
    """The check sees what it is there to see."""
    assert 1 == len(impurities(source))


def test_the_engine_is_looked_at() -> None:
    """Every pure package has modules, so that a moved folder cannot pass unseen."""
    assert {"decide", "mapping", "model"} == {path.relative_to(ENGINE).parts[0] for path in PURE}
