"""``connector adapters new``: a project that works as it is made, and a list of what is left that the guide follows."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from connector import transport
from connector.cli.skeleton import package_of, rendered, todos
from connector.errors import Gone
from connector.testing.conformance import Conformance
from connector.transport import Bearer, tokens
from tests.cli.conftest import Shop
from tests.conftest import ROOT
from tests.contract.outside import outside
from tests.unit.test_transport import reply, server

GUIDE = (ROOT / "docs" / "write-an-adapter.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"(?ms)^```(sh(?: fails)?|text)\n(.*?)^```$", GUIDE)
COMMANDS = [(kind, text) for kind, text in BLOCKS if kind != "text"]
MARKS = re.compile(r"TO-DO \d+: [^\"\n]+")


@dataclass(frozen=True)
class Bench:
    """A folder in which an author works; what is installed goes into a folder beside it, and nothing is fetched."""

    folder: Path
    installed: Path
    editable: Path  # what an editable installation adds to the path; not from there, since it is put aside

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        environ = os.environ | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PIP_TARGET": str(self.installed),
            "PIP_NO_INDEX": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PYTHONPATH": os.pathsep.join(map(str, (self.installed, self.editable, ROOT))),
            "COLUMNS": "300",
            "PYTEST_ADDOPTS": "-p no:cacheprovider -p no:randomly",
        }
        return subprocess.run(
            ["bash", "-ec", script],
            cwd=self.folder,
            env=environ,
            capture_output=True,
            text=True,
            timeout=250,
            check=False,
        )


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """The folder in which the guide begins."""
    folder = tmp_path_factory.mktemp("author")
    (folder / "work").mkdir()
    return Bench(folder / "work", folder / "installed", folder / "work" / "connector-kiosk")


@pytest.fixture(scope="module")
def project(bench: Bench) -> Bench:
    """The project, made and installed by the first commands of the guide."""
    ran = bench.run(COMMANDS[0][1])
    assert 0 == ran.returncode, ran.stdout + ran.stderr
    return replace(bench, folder=bench.editable)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("kind", "script"), COMMANDS[1:], ids=[text.split("\n")[0] for _, text in COMMANDS[1:]])
def test_the_guides_commands_do_what_it_says(project: Bench, kind: str, script: str) -> None:
    """What the guide prints can be typed: the skeleton passes suite, style and types; what is left is red."""
    ran = project.run(script)
    red = kind == "sh fails"
    assert (1 if red else 0) == ran.returncode, ran.stdout + ran.stderr
    assert red == (str(todos("kiosk")[0]) in ran.stdout)


TRIAL = """
from typing import cast

import pytest
from connector.contract import AdapterType
from connector.testing.conformance import Conformance
from connector_kiosk import Adapter, web
from in_memory import MemoryRemote


class Unsigned:
    def sign(self, request):
        raise NotImplementedError(web._CALL)


class TestTrial(Conformance):
    @pytest.fixture(scope="class")
    @classmethod
    def remote(cls):
        one = MemoryRemote()
        one.adapter = cast(AdapterType, Adapter)
        return one
"""
#: The same with a channel that can be opened, and still says nothing to anybody.
OPENED = f"{TRIAL}\n\nweb._auth = lambda options: Unsigned()\n"


def tried(project: Bench, trial: str) -> tuple[list[str], list[str]]:
    """What passes of the suite on the real entry point, and what the rest fails on."""
    file = project.folder / "tests" / "test_trial.py"
    file.write_text(trial, encoding="utf-8")
    ran = project.run("pytest -rA --tb=line tests/test_trial.py || true")
    file.unlink()
    passed = re.findall(r"(?m)^PASSED \S+::(\w+)", ran.stdout)
    failed = re.findall(r"(?m)^(?:FAILED|ERROR) \S+ - (.*)$", ran.stdout)
    assert len(failed) > 50, ran.stdout + ran.stderr
    return passed, failed


def test_with_a_system_to_ask_it_is_red_until_calls_are_signed(project: Bench) -> None:
    """Behind the real entry point no test passes at first, and each names the same thing that is missing."""
    passed, failed = tried(project, TRIAL)
    assert [] == passed
    assert {f"NotImplementedError: {todo('call')}"} == set(failed)


def test_calls_that_are_not_written_are_red(project: Bench) -> None:
    """Once a channel opens, no test passes but those that ask for a description; each names what it misses."""
    passed, failed = tried(project, OPENED)
    assert ["test_capabilities_are_described_before_anything_is_opened", "test_deletions_can_be_noticed"] == passed
    assert {f"NotImplementedError: {todo(key)}" for key in ("call", "read", "write")} <= set(failed)
    assert [] == [told for told in failed if "NotImplementedError: TO-DO" not in told]


def todo(key: str) -> str:
    (mark,) = [str(one) for one in todos("kiosk") if one.key == key]
    return mark


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module that speaks to the system, with its calls signed and no limits stated."""
    with outside("signed", tmp_path):
        module = importlib.import_module(f"{package_of('signed')}.web")
        monkeypatch.setattr(module, "_auth", lambda options: Bearer(options.token.get_secret_value()))
        monkeypatch.setattr(module, "_limits", lambda answer: ())
        yield module


def opened_on(url: str, web: ModuleType) -> tuple[Any, Any]:
    """Its calls to the system at this address, and the budget that they are announced to."""
    memory = sys.modules["in_memory"].MemoryRemote()
    options = memory.opening.options.model_copy(update={"base_url": url})
    return web.WebApi(replace(memory.opening, options=options)), memory.purse


def test_a_call_needs_nothing_but_how_it_is_signed(web: ModuleType) -> None:
    """It is announced, goes out signed, and measures the system's clock: the transport does all of that."""
    with server(reply(body=b'{"version": 7}', Date="Sun, 22 Nov 2015 12:00:00 GMT")) as system:
        api, purse = opened_on(system.url, web)
        assert {"version": "7"} == api.stated()
        api.close()
    assert ["check"] == purse.spent
    assert b"Authorization: Bearer no-secret-at-all" in system.heard[0]
    assert api.clock_offset < -timedelta(days=365)


def test_a_refusal_asks_what_it_means(web: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first refused answer leads to the step about errors; where that has nothing to say, its status does."""
    with server(reply(404)) as system:
        with pytest.raises(NotImplementedError, match=re.escape(todo("errors"))):
            opened_on(system.url, web)[0].stated()
        monkeypatch.setattr(web, "complaint", lambda answer: None)
        with pytest.raises(Gone, match=re.escape("GET /about: answered 404")):
            opened_on(system.url, web)[0].stated()


def test_the_list_that_is_printed_is_the_one_in_the_guide(shop: Shop) -> None:
    """The command prints what the guide says, line by line, and the guide has a section for each, in that order."""
    printed = [line for line in shop.run("adapters", "new", "kiosk").out.splitlines() if re.match(r"\d+\. ", line)]
    (listed,) = [text.splitlines() for kind, text in BLOCKS if kind == "text" and text.startswith("1. ")]
    assert listed == printed
    sections = re.findall(r"(?m)^## (\d+\. .*)$", GUIDE)
    assert [f"{one.number}. {one.title}" for one in todos("kiosk")] == sections


def test_each_thing_to_do_is_marked_at_one_place() -> None:
    """The number stands once, in the file that the list names, and nothing else is marked."""
    marked = [(mark, str(path)) for path, text in rendered("kiosk").items() for mark in MARKS.findall(text)]
    assert sorted((str(one), one.file) for one in todos("kiosk")) == sorted(marked)


def test_a_script_is_told_the_same(shop: Shop) -> None:
    """With ``--json`` the files and the list come as one document."""
    document = shop.run("adapters", "new", "corner_shop", "--folder", "made", "--json").document
    assert "made/connector_corner_shop/corner_shop.toml" in document["files"]
    assert [one.title for one in todos("corner_shop")] == [one["title"] for one in document["to_do"]]
    assert all((shop.folder / "made" / one["file"]).is_file() for one in document["to_do"])


@pytest.mark.parametrize("name", ["Kiosk", "9_to_5", "class", "kiosk-2", "_kiosk", "kíosk", "", "kiosk.py"])
def test_a_name_that_cannot_be_had_is_refused(shop: Shop, name: str) -> None:
    """A name is a word of Python in small letters; the remedy says so, and nothing is made."""
    ran = shop.run("adapters", "new", "--", name)
    assert 2 == ran.status
    assert f"adapter {name}: this is no name for an adapter (small letters" in ran.err
    assert [] == list(shop.folder.glob("connector-*"))


@pytest.mark.parametrize("name", ["memory", "stall"])
def test_a_name_that_is_taken_is_refused(shop: Shop, name: str) -> None:
    """Nobody's adapter is hidden by a new one, ours or another's that is installed."""
    ran = shop.run("adapters", "new", name)
    assert (2, []) == (ran.status, list(shop.folder.glob("connector-*")))
    assert f"adapter {name}: the name is taken" in ran.err


def test_nothing_is_overwritten(shop: Shop) -> None:
    """Where one file is there already, it is named, and none is written."""
    mine = shop.folder / "connector-kiosk" / "README.md"
    mine.parent.mkdir()
    mine.write_text("mine", encoding="utf-8")
    ran = shop.run("adapters", "new", "kiosk")
    assert 2 == ran.status
    assert "connector-kiosk/README.md: is there already (nothing is overwritten)" in ran.err
    assert [mine] == [path for path in mine.parent.rglob("*") if path.is_file()]
    assert "mine" == mine.read_text(encoding="utf-8")


def test_a_folder_that_cannot_be_made_is_a_problem(shop: Shop) -> None:
    """A file in the way is told with a remedy, not with a traceback."""
    shop.write("in_the_way", "")
    ran = shop.run("adapters", "new", "kiosk", "--folder", "in_the_way/kiosk")
    assert 2 == ran.status
    assert "in_the_way/kiosk: cannot be written: Not a directory (name another folder)" in ran.err


def test_the_guide_names_tests_that_the_suite_has() -> None:
    """Each test that the guide's table of the suite names is one."""
    table = GUIDE[GUIDE.index("| what the suite asks |") : GUIDE.index("## 2.")]
    named = re.findall(r"`([a-z_]+)`", table.partition("\n")[2])
    assert [] != named
    assert [] == [name for name in named if not hasattr(Conformance, f"test_{name}")]


def test_the_guide_names_what_the_transport_has() -> None:
    """Each name of the guide's table of the transport is public, and each public name is in it."""
    table = GUIDE[GUIDE.index("| of the transport |") : GUIDE.index("## 4.")].partition("\n\n")[0]
    named = re.findall(r"`(\w+)`", "".join(line.split("|")[1] for line in table.splitlines()[2:]))
    assert sorted([*transport.__all__, *tokens.__all__]) == sorted(named)
