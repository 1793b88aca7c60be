"""How a command starts: what it imports, and what becomes of a line that is no command."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import click
import pytest

from connector.cli.app import COMMANDS
from tests.cli.conftest import ROOT, Shop

#: The engine's modules that a start may import; everything else waits until a command runs.
LIGHT = {
    "connector",
    "connector.__main__",
    "connector.cli",
    "connector.cli.exit",
    "connector.cli.app",
    "connector.cli.lazy",
    "connector.errors",
}


def imported_by(*arguments: str) -> set[str]:
    """Every module that a start imports."""
    code = f"import sys; from connector.cli.exit import run; run({list(arguments)!r}); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("arguments", [("--help",), ("chek",), ("--nothing",)], ids=" ".join)
def test_a_start_imports_click_and_nothing_else(arguments: tuple[str, ...]) -> None:
    """Help and wrong usage need no library but Click, and no module of the engine but the command line's own."""
    modules = imported_by(*arguments)
    assert {name for name in modules if name.startswith("connector")} <= LIGHT
    third_party = {"rich", "pydantic", "sqlalchemy", "structlog", "requests", "tomlkit", "dotenv", "msgspec", "alembic"}
    assert set() == third_party & modules


def test_what_is_listed_exists() -> None:
    """Each command that ``--help`` names can be imported, and is a command."""
    for module, attribute in (place.split(":") for place, _ in COMMANDS.values()):
        assert isinstance(getattr(import_module(module), attribute), click.Command)


def test_help_lists_every_command(shop: Shop) -> None:
    """``--help`` says what each command does, without importing it."""
    ran = shop.start("--help")
    assert 0 == ran.status
    for name, (_, does) in COMMANDS.items():
        assert f"{name} " in ran.out
        assert does.split()[0] in ran.out


@pytest.mark.parametrize(
    ("story", "arguments", "expected"),
    [
        ("a command misspelt", ("chek",), "No such command 'chek'. Did you mean 'check'?"),
        ("a command of a group", ("ledger", "bakup"), "No such command 'bakup'. Did you mean 'backup'?"),
        (
            "an option misspelt",
            ("check", "--chanel", "x"),
            "No such option '--chanel'. (Did you mean one of: '--channel'",
        ),
        ("an argument missing", ("auth",), "Missing argument 'CHANNEL'"),
        ("a channel misspelt", ("check", "--channel", "shp"), "There is no channel shp. Did you mean shop?"),
        ("an entity misspelt", ("check", "--entity", "produkt"), "There is no entity produkt. Did you mean product?"),
        ("an adapter misspelt", ("adapters", "show", "stal"), "There is no adapter stal. Did you mean stall?"),
        ("a form of logs", ("check",), "CONNECTOR_LOG is xml: write json or console"),
    ],
)
def test_wrong_usage(shop: Shop, story: str, arguments: tuple[str, ...], expected: str) -> None:
    """Wrong usage is exit status 2, one line that says what was meant, and no traceback."""
    ran = shop.run(*arguments, **({"CONNECTOR_LOG": "xml"} if "logs" in story else {}))
    assert (2, "") == (ran.status, ran.out)
    assert expected in ran.err
    assert "Traceback" not in ran.err


def test_wrong_usage_for_scripts(shop: Shop) -> None:
    """With ``--json`` an error is a document too, on stdout, and stderr stays empty."""
    ran = shop.run("check", "--json", "--channel", "shp")
    assert (2, "") == (ran.status, ran.err)
    message = "There is no channel shp. Did you mean shop?"
    assert {"error": {"kind": "usage", "message": message}} == ran.document


@pytest.mark.parametrize("command", ["check", "auth", "adapters list", "ledger verify", "mappings test"])
def test_every_command_has_the_same_options(shop: Shop, command: str) -> None:
    """Configuration, JSON and the three scope options mean the same everywhere."""
    ran = shop.run(*command.split(), "--help")
    assert 0 == ran.status
    for option in ("--config", "--json", "--channel", "--entity", "--key"):
        assert option in ran.out


def test_the_sandboxes_are_the_same_command(shop: Shop) -> None:
    """``connector sandbox`` starts a stand-in as ``python -m sandbox`` does."""
    ran = shop.run("sandbox", "--help")
    assert 0 == ran.status
    assert "--port" in ran.out
    assert 2 == shop.run("sandbox", "nothing-like-that").status
