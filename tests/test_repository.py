"""What stands beside the code: the lock, the scripts, the documents; and what must stand nowhere."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from connector.cli.app import COMMANDS
from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PINS = {canonicalize_name(name): Version(version) for name, version in re.findall(r"(?m)^([\w.-]+)==([^\s;]+)", LOCK)}
OWNERS = packages_distributions()
SHIPPED = ("connector", "adapters", "sandbox", "mappings", "simulator")
SCRIPTS = sorted(path for folder in ("scripts", ".ci") for path in (ROOT / folder).iterdir() if path.is_file())
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
DECISIONS = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))

#: Declared, and imported by name nowhere in what is shipped: SQLAlchemy finds its driver, a command its checker.
DRIVERS = {"psycopg", "pysqlite3"}
#: What the checks run as commands, as plug-ins of pytest, as types, or to install this folder.
TOOLS = {"pytest-xdist", "pytest-timeout", "pytest-randomly", "ruff", "mypy", "import-linter", "hatchling", "editables"}


def declared(*extras: str) -> set[str]:
    several = [PROJECT["dependencies"], *(PROJECT["optional-dependencies"][extra] for extra in extras)]
    return {canonicalize_name(Requirement(line).name) for lines in several for line in lines}


def tracked() -> list[Path]:
    """Every file of the repository that is text, save this one, which holds what it looks for."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    if listed.returncode:  # an unpacked archive
        found = [path for path in ROOT.rglob("*") if not {".venv", "var"} & set(path.relative_to(ROOT).parts)]
    else:
        found = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in found if path.is_file() and path.suffix != ".pyc" and path != Path(__file__).resolve()]


@cache
def imported(folder: str) -> frozenset[str]:
    """The top-level names that the modules of a folder import."""
    names: set[str] = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {name.name.split(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.split(".")[0])
    return frozenset(names)


def distributions_imported(*folders: str) -> set[str]:
    """The distributions that modules in these folders import, by their name in an index."""
    ours = {*SHIPPED, "tests", "bench", "_typeshed"}
    foreign = set().union(*map(imported, folders)) - sys.stdlib_module_names - ours
    return {canonicalize_name(owner) for name in foreign for owner in OWNERS.get(name, [name])}


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-run.lock"])
def test_a_lock_holds_hashes_and_no_addresses(name: str) -> None:
    """Whoever installs from a lock gets what was tested, from the index of their own choice."""
    lock = (ROOT / name).read_text(encoding="utf-8")
    entries = [entry for entry in re.split(r"(?m)^(?=[\w.-]+==)", lock) if "==" in entry]
    assert "://" not in lock
    assert [] != entries
    assert [] == [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry]


def test_the_lock_answers_every_requirement() -> None:
    """No dependency was added or raised without `scripts/lock`."""
    groups = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    unanswered = [
        line
        for line in (line for group in groups for line in group)
        if (pin := PINS.get(canonicalize_name((wanted := Requirement(line)).name))) is None
        or not wanted.specifier.contains(pin, prereleases=True)
    ]
    assert [] == unanswered


def test_what_is_imported_is_declared() -> None:
    """Nothing works only because something else happens to bring it along."""
    brought_along = {"pydantic-core"}  # pydantic's own other half, pinned to it
    for_authors = {"pytest"}  # connector/testing is imported by adapter authors' tests alone
    imported = distributions_imported(*SHIPPED) - brought_along - for_authors
    assert set() == imported - declared("postgres", "sqlite", "sftp")
    of_the_server = {"odoo"}  # tests/odoo/server/addons is run by Odoo itself
    assert of_the_server == distributions_imported("tests") - declared(*PROJECT["optional-dependencies"])


def test_what_is_declared_is_imported() -> None:
    """No dependency is kept that nothing uses."""
    assert set() == declared() - distributions_imported(*SHIPPED)
    extra = declared("test") - declared() - DRIVERS - TOOLS
    unused = extra - distributions_imported("tests")
    assert set() == {name for name in unused if not name.startswith("types-")}


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_script_can_be_run(path: Path) -> None:
    """Each script is executable, says at its head what it does, and is sound shell."""
    lines = path.read_text(encoding="utf-8").splitlines()
    assert os.access(path, os.X_OK)
    assert lines[0].startswith("#!/usr/bin/env ")
    assert lines[1].startswith("# ")
    assert 0 == subprocess.run(["bash", "-n", path], timeout=60).returncode


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_a_script_runs_exists(path: Path) -> None:
    """A folder of tests that was moved is not silently left out, nor a script that another one calls."""
    named = re.findall(r"(?<![\w/.])((?:tests|scripts|mappings)/[\w./-]*\w)", path.read_text(encoding="utf-8"))
    assert [] == [name for name in named if not (ROOT / name).exists()]


def test_an_unknown_part_is_refused() -> None:
    """`scripts/test` names its parts to whoever asks for another, before it sets anything up."""
    ran = subprocess.run([ROOT / "scripts" / "test", "everything"], capture_output=True, text=True, timeout=60)
    assert 2 == ran.returncode
    assert "there is no part everything" in ran.stderr
    assert "style types imports" in ran.stderr


STRANGE = {
    "a folder of one machine": re.compile(r"(?<![\w.$}-])/(?:home|Users|root|work|mnt)/\w"),
    "where packages come from": re.compile(r"pypi\.|pythonhosted|npmjs\.|/simple/"),
}


@pytest.mark.parametrize("what", STRANGE)
def test_no_file_depends_on_a_place(what: str) -> None:
    """Nothing in the repository names a folder of one machine, or an index of packages."""
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for path in tracked()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1)
        if STRANGE[what].search(line)
    ]
    assert [] == found


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("a folder of one machine", "cd /home/jan/connector"),
        ("a folder of one machine", "path = '/Users/jan/x'"),
        ("where packages come from", "https://files.pythonhosted.org/x"),
    ],
)
def test_a_place_is_noticed(what: str, line: str) -> None:
    """The search sees what it is there to see."""
    assert STRANGE[what].search(line)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    """Each link of a document to another file of the repository finds it."""
    links = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", path.read_text(encoding="utf-8"))
    assert [] == [link for link in links if not (path.parent / link).exists()]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_documents_name_commands_that_exist(path: Path) -> None:
    """A reader who types what a document says is not told that there is no such command."""
    text = path.read_text(encoding="utf-8")
    named = set(re.findall(r"(?m)(?:`|^    )connector ([a-z]+)\b", text))
    assert set() == named - set(COMMANDS)


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_fits_on_a_page(path: Path) -> None:
    """Each decision is numbered, tells context, decision, consequences and what was refused, and is short."""
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith(f"# {int(path.name[:4])}. ")
    headings = [line.removeprefix("## ") for line in lines if line.startswith("## ")]
    assert {"Context", "Decision", "Consequences", "Refused"} <= set(headings)
    assert len(lines) <= 80


def test_decisions_are_numbered_without_gaps() -> None:
    """A number that is cited in the code is the number of one decision."""
    assert list(range(1, len(DECISIONS) + 1)) == [int(path.name[:4]) for path in DECISIONS]


def test_decisions_that_are_cited_exist() -> None:
    """Where the code points at a decision, there is one."""
    cited = {
        number
        for path in tracked()
        if path.suffix in {".py", ".md", ".toml"}
        for number in re.findall(r"docs/adr/(\d{4})", path.read_text(encoding="utf-8"))
    }
    assert set() == cited - {path.name[:4] for path in DECISIONS}


def test_the_changelog_tells_of_this_version_and_of_the_ledger() -> None:
    """An operator who upgrades finds what changed, and whether the ledger is migrated."""
    sections = re.split(r"(?m)^## ", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))[1:]
    assert sections[0].startswith("[Unreleased]") or PROJECT["version"] in sections[0]
    assert [] == [section.splitlines()[0] for section in sections if "ledger" not in section.lower()]
