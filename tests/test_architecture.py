"""The shape of the code: who may import whom, what the engine may not know, how long a function may be."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGES = ("connector", "adapters", "sandbox", "mappings", "simulator")
VENDORS = re.compile(r"magento|exact.?online|lightspeed|odoo", re.IGNORECASE)
#: Longer than this, a function can no longer be read aloud. Most have fewer than ten lines.
LONGEST_FUNCTION = 60


def modules(package: str) -> list[Path]:
    found = sorted((ROOT / package).rglob("*.py"))
    assert [] != found, f"there is no package {package}"
    return found


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports_of(path: Path) -> Iterator[str]:
    """Every module that this one imports, wherever in it the import stands."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def place(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_imports_point_one_way() -> None:
    """The contracts in pyproject.toml hold: layers, pure parts, adapters, stand-ins."""
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert 0 == ran.returncode, ran.stdout + ran.stderr


def test_only_the_ledger_speaks_sql() -> None:
    """SQL and its drivers are imported in connector/ledger and nowhere else."""
    sql = {"sqlalchemy", "alembic", "sqlite3", "psycopg"}
    speaking = {
        place(path)
        for package in PACKAGES
        if package != "mappings"
        for path in modules(package)
        if sql & {name.split(".")[0] for name in imports_of(path)}
    }
    assert set() == {path for path in speaking if not path.startswith("connector/ledger/")}
    assert "connector/ledger/engine.py" in speaking


def test_the_engine_names_no_vendor() -> None:
    """No module of the engine names a system, not even in a comment: that knowledge is an adapter's or a mapping's."""
    named = [
        f"{place(path)}:{number}: {line.strip()}"
        for path in sorted((ROOT / "connector").rglob("*"))
        if path.is_file() and path.suffix != ".pyc"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if VENDORS.search(line) or VENDORS.search(path.name)
    ]
    assert [] == named


@pytest.mark.parametrize("name", ["Magento 2", "exact_online", "Exact Online", "LIGHTSPEED", "odoo.toml"])
def test_a_vendor_is_noticed(name: str) -> None:
    """The search sees each name in the ways in which it is written."""
    assert VENDORS.search(f"# as {name} does it")


@pytest.mark.parametrize("package", ["connector", "adapters", "sandbox", "simulator"])
def test_functions_can_be_read_aloud(package: str) -> None:
    """No function is longer than a screen."""
    lengths = {
        f"{place(path)}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in modules(package)
        if path.parent.name != "versions"  # a migration is one list of statements, and never changes again
        for node in ast.walk(tree_of(path))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    assert {} == {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION}
    assert {} != lengths


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_says_what_it_is_for(package: str) -> None:
    """A reader meets one sentence of purpose at the head of each module."""
    assert [] == [place(path) for path in modules(package) if not ast.get_docstring(tree_of(path))]


ADAPTERS = sorted(entry_points(group="connector.adapters"), key=lambda point: point.name)
SANDBOXES = sorted(entry_points(group="connector.sandboxes"), key=lambda point: point.name)


@pytest.mark.parametrize("point", ADAPTERS, ids=lambda point: point.name)
def test_an_adapter_is_what_the_contract_asks_for(point: EntryPoint) -> None:
    """Each installed adapter can be imported by its entry point, and describes itself without being opened."""
    adapter = point.load()
    assert {} != adapter.describe().entities
    assert "forbid" == adapter.Options.model_config["extra"]
    assert all(limit > 0 and seconds > 0 for _, limit, seconds in adapter.default_limits)


@pytest.mark.parametrize("point", SANDBOXES, ids=lambda point: point.name)
def test_a_stand_in_can_be_started(point: EntryPoint) -> None:
    """Each installed stand-in can be imported by its entry point, and stands in for an installed adapter."""
    assert callable(point.load())
    assert point.name in {adapter.name for adapter in ADAPTERS}


@pytest.mark.parametrize("point", [one for one in ADAPTERS if one.name != "memory"], ids=lambda point: point.name)
def test_an_adapter_comes_with_its_mapping(point: EntryPoint) -> None:
    """A system that is named by nothing but its adapter has a mapping of that name, ready to use."""
    assert (ROOT / "mappings" / f"{point.name}.toml").is_file()
