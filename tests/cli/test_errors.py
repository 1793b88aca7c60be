"""What a person meets when something is wrong: a place, a remedy, an exit status; never a traceback."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from connector import errors
from connector.cli.exit import Exit, status_of
from tests.cli.conftest import CONFIG, ROOT, TOKEN, Shop


@pytest.mark.parametrize(
    ("story", "arguments", "mood", "status"),
    [
        ("all is well", ("check",), "well", 0),
        ("something is left", ("check",), "ill", 1),
        ("a bug", ("check",), "buggy", 1),
        ("wrong usage", ("chek",), "well", 2),
        ("a wrong configuration", ("ledger", "verify"), "unheard of", 2),
        ("nobody answers", ("check",), "silent", 3),
        ("nobody lets us in", ("check",), "locked", 3),
    ],
)
def test_the_exit_status_of_a_process(
    shop: Shop, story: str, arguments: tuple[str, ...], mood: str, status: int
) -> None:
    """A real process ends with the status that scripts depend on, and never with a traceback."""
    shop.write("config.toml", CONFIG.replace("[sync", f'mood = "{mood}"\n[sync'))
    ran = shop.start(*arguments)
    assert status == ran.status
    assert "Traceback" not in ran.err + ran.out
    assert TOKEN not in ran.err + ran.out


def test_a_reader_that_goes_away(shop: Shop) -> None:
    """``connector … | head`` ends quietly."""
    command = f"{sys.executable} -m connector check --help | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert "" == done.stderr


def test_no_configuration(shop: Shop) -> None:
    """Without a file, a command says how to get one."""
    ran = shop.run("ledger", "verify", "--config", "nowhere.toml")
    assert (2, "") == (ran.status, ran.out)
    assert "nowhere.toml: cannot be read: No such file or directory (`connector init` writes one" in ran.err
    assert "Traceback" not in ran.err


def test_every_problem_is_shown(shop: Shop) -> None:
    """All problems of a configuration are told at once, each with its line, and counted."""
    shop.write("config.toml", CONFIG.replace("url =", "ulr =").replace('["shop"]', '["shpo"]'))
    ran = shop.run("ledger", "verify")
    assert 2 == ran.status
    assert [
        "config.toml:1: channels.shop.url is missing (add url = …)",
        "config.toml:3: unknown key ulr (did you mean url?)",
        "config.toml:7: unknown channel shpo (did you mean shop?)",
        "3 problems. Nothing was done.",
    ] == ran.err.splitlines()


def test_problems_for_scripts(shop: Shop) -> None:
    """With ``--json`` each problem is an object."""
    shop.write("config.toml", CONFIG.replace('"stall"', '"stal"'))
    ran = shop.run("ledger", "verify", "--json")
    assert (2, "") == (ran.status, ran.err)
    problem = {"place": "config.toml:2", "what": "unknown adapter stal", "remedy": "did you mean stall?"}
    assert [problem] == ran.document["error"]["problems"]


def test_another_configuration_by_the_environment(shop: Shop) -> None:
    """``CONNECTOR_CONFIG`` names the file, and an option goes before it."""
    (shop.folder / "other").mkdir()
    shop.write("other/config.toml", CONFIG.replace("adapter", "adaptr"))
    assert (
        "other/config.toml:2: unknown key adaptr (did you mean adapter?)"
        in shop.run("ledger", "verify", CONNECTOR_CONFIG="other/config.toml").err
    )
    ran = shop.run("ledger", "verify", "--config", "config.toml", CONNECTOR_CONFIG="other/config.toml")
    assert "other/config.toml" not in ran.err


def test_a_bug_says_where_the_details_are(shop: Shop) -> None:
    """An unexpected exception is one line and a private file with the traceback, in which no secret is."""
    shop.write("config.toml", CONFIG.replace("[sync", 'mood = "buggy"\n[sync'))
    ran = shop.run("check")
    assert 1 == ran.status
    assert "This should not have happened (RuntimeError). The details are in " in ran.err
    assert "Traceback" not in ran.err + ran.out
    place = Path(ran.err.partition("The details are in ")[2].splitlines()[0].removesuffix("."))
    details = place.read_text()
    assert "builtins.RuntimeError: a bug, with [secret] in its hands" in details
    assert "stall.py" in details
    assert 0o600 == stat.S_IMODE(place.stat().st_mode)
    assert TOKEN not in details + ran.err + ran.out


def test_a_bug_for_scripts(shop: Shop) -> None:
    """With ``--json`` a bug is a document as well."""
    shop.write("config.toml", CONFIG.replace("[sync", 'mood = "buggy"\n[sync'))
    ran = shop.run("check", "--json")
    assert (1, "") == (ran.status, ran.err)
    assert "unexpected" == ran.document["error"]["kind"]
    assert Path(ran.document["error"]["details"]).exists()


def test_a_ledger_that_is_not_there(shop: Shop) -> None:
    """A ledger's own errors are told with their remedy, and are exit status 1."""
    ran = shop.run("ledger", "backup", "copy.db")
    assert 1 == ran.status
    assert "there is none yet (`connector sync` or `connector run` makes it)" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (errors.ConfigError([]), Exit.USAGE),
        (errors.AuthFailed("x"), Exit.UNREACHABLE),
        (errors.Transient("x"), Exit.UNREACHABLE),
        (errors.ContractBroken("x"), Exit.UNREACHABLE),
        (errors.Rejected("x"), Exit.LEFT_OVER),
        (errors.SafetyHalt("x"), Exit.LEFT_OVER),
        (errors.LedgerError("x"), Exit.LEFT_OVER),
        (errors.MappingError("x"), Exit.LEFT_OVER),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_exit_status_of_an_error(error: errors.ConnectorError, expected: Exit) -> None:
    """2 is for what a person wrote, 3 for what cannot be reached, 1 for what is left."""
    assert expected == status_of(error)
