"""Tests played by themselves, inside the test that asks: as they are, and with a mutant alive."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from connector.errors import ConnectorError
from tests.mutants.mutant import Mutant, living

ROOT = Path(__file__).resolve().parents[2]
#: How a test says that something is not as it should be, and the product that it cannot go on. Any other exception
#: may only say that the mutant itself is broken.
VERDICTS = (AssertionError, pytest.fail.Exception, ConnectorError)
#: Nothing of the session outside: not its settings, not its order, its clock or its workers.
ALONE = ("-c", os.devnull, "--rootdir", str(ROOT), "-s")
ALONE += tuple(f"-pno:{name}" for name in ("cacheprovider", "terminal", "unraisableexception", "threadexception"))


@dataclass
class Played:
    """How the tests of one session ended."""

    passed: int = 0
    skipped: list[str] = field(default_factory=list)
    failures: list[tuple[str, BaseException]] = field(default_factory=list)  # set-up, call or tear-down; why

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Iterator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if report.skipped:
            self.skipped.append(str(report.longrepr))
        elif report.failed and call.excinfo is not None:
            self.failures.append((report.when, call.excinfo.value))
        elif report.when == "call":
            self.passed += 1
        return report


def play(test: str) -> Played:
    """Run a test, named by its node id; a name that nothing answers to is an error."""
    played = Played()
    with TemporaryDirectory(prefix="played-") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        ended = pytest.main([*ALONE, f"--basetemp={folder}/tests", str(ROOT / test)], plugins=[played])
    assert ended in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED), f"{ended!r}: {test}"
    return played


@cache
def play_as_it_is(test: str) -> Played:
    """The same without any mutant, once for all mutants that it kills."""
    return play(test)


@pytest.fixture
def assert_killed(request: pytest.FixtureRequest) -> Callable[[Mutant, str], None]:
    """The test passes as things are, and fails with a verdict of its own once the mutant lives.

    As things are it is played here only where the session around does not play it anyway.
    """
    items = [item.nodeid for item in request.session.items]
    around = {*items, *(nodeid.partition("[")[0] for nodeid in items)}

    def killed(mutant: Mutant, test: str) -> None:
        if test not in around:
            _assert_passes(test)
        with living(mutant):
            after = play(test)
        if after.skipped:
            pytest.skip(after.skipped[0])
        assert [] != after.failures, f"{test} does not miss what was taken away: {mutant.rule}"
        assert any(when == "call" and isinstance(why, VERDICTS) for when, why in after.failures), after.failures

    return killed


def _assert_passes(test: str) -> None:
    before = play_as_it_is(test)
    assert [] == before.failures, f"{test} fails without any mutant"
    assert before.skipped or before.passed > 0, f"{test} plays nothing"
