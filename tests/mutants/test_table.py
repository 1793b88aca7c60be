"""The table of ``scripts/mutants``: that it has every mutant, and never calls one killed that was not."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import StringIO
from typing import Literal

import pytest

from connector.cli.output import Output
from tests import test_known_failures
from tests.mutants import test_adapters, test_rules
from tests.mutants.__main__ import LISTS, Trial, Tried, is_proven, show
from tests.mutants.chosen import HARM, KILLER, PLACE, area_of
from tests.mutants.killing import ALONE, ROOT
from tests.odoo import test_mutants as on_a_server
from tests.unit.decide import test_mutants as decisions

Outcome = Literal["passed", "failed", "skipped"]
TOLD = [(HARM, "a page is lost"), (PLACE, "adapters.odoo.feeds.Feed.sweep"), (KILLER, "odoo/test_feeds.py::test_pages")]


@dataclass
class Collected:
    """The mutants that a session would play."""

    told: list[dict[str, str]] = field(default_factory=list)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        properties = [dict(item.user_properties) for item in session.items]
        self.told = [{name: str(value) for name, value in one.items()} for one in properties if HARM in one]


def collected(monkeypatch: pytest.MonkeyPatch, *asked: str) -> list[dict[str, str]]:
    found = Collected()
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    lists = [str(ROOT / one) for one in LISTS]
    assert 0 == pytest.main([*ALONE, "--collect-only", "-ptests.mutants.chosen", *asked, *lists], plugins=[found])
    return found.told


def report(outcome: Outcome, when: Literal["setup", "call"] = "call") -> pytest.TestReport:
    return pytest.TestReport("a::b", ("a", 1, "b"), {}, outcome, None, when, user_properties=TOLD, duration=1.25)


def tried(*reports: pytest.TestReport) -> list[Tried]:
    trial = Trial()
    for one in reports:
        trial.pytest_runtest_logreport(one)
    return trial.tried


def test_the_table_has_every_mutant_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of all lists, each with its place and the test that has to notice."""
    harms = [mutant.rule for mutant, _ in (*test_rules.MUTANTS, *test_adapters.MUTANTS, *on_a_server.MUTANTS)]
    harms += [failure.defence.rule for failure in test_known_failures.FAILURES]
    harms += [mutant.rule for mutant in decisions.MUTANTS]
    told = collected(monkeypatch)
    assert sorted(harms) == sorted(one[HARM] for one in told)
    assert all(one[PLACE].startswith(("connector.", "adapters.")) and one[KILLER] for one in told)


def test_an_area_and_a_harm_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the beginning of the module's name, and by a part of the harm in any case."""
    asked = collected(monkeypatch, "--area=connector.transport", "--harm=BLIND")
    assert [("connector.transport", "a write in doubt is repeated blind")] == [
        (area_of(one[PLACE]), one[HARM]) for one in asked
    ]


@pytest.mark.parametrize(
    ("reports", "verdicts", "proven"),
    [
        ([report("passed", "setup"), report("passed")], ["killed"], True),
        ([report("passed"), report("failed")], ["killed", "SURVIVED"], False),
        ([report("passed"), report("skipped")], ["killed", "NOT RUN"], False),
        ([report("failed", "setup")], ["SURVIVED"], False),
        ([], [], False),
    ],
)
def test_only_what_was_killed_proves_something(
    reports: list[pytest.TestReport], verdicts: list[str], proven: bool
) -> None:
    """Neither a mutant that was not tried nor an empty table is a good end."""
    assert verdicts == [one.verdict for one in tried(*reports)]
    assert proven is is_proven(pytest.ExitCode.OK, tried(*reports))


def test_a_test_that_fails_without_mutants_proves_nothing() -> None:
    """The session failed although every mutant was killed: by a test that fails anyway, perhaps."""
    assert not is_proven(pytest.ExitCode.TESTS_FAILED, tried(report("passed")))


def test_the_sums_are_told_by_area() -> None:
    """A technician sees where something survived, and how long it took."""
    shown = StringIO()
    show(Output(stream=shown), tried(report("passed"), report("failed")), 61.4)
    lines = [" ".join(line.split()) for line in shown.getvalue().splitlines()]
    assert "a page is lost adapters.odoo.feeds.Feed.sweep odoo/test_feeds.py::test_pages SURVIVED 1.2" in lines
    assert "SURVIVED: a page is lost" in lines
    assert "adapters.odoo 2 1 2" in lines
    assert "1 of 2 mutants killed, in 61 s." == lines[-1]
