"""``scripts/mutants``: plays the mutants of all lists, and prints one table of them."""

from __future__ import annotations

import os
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import click
import pytest

from connector.cli.output import Output
from tests.mutants.chosen import HARM, KILLER, PLACE, area_of

ROOT: Final = Path(__file__).resolve().parents[2]
#: The lists are the tests' own; each is a part of ``scripts/test``, too.
LISTS: Final = (
    "tests/mutants/test_rules.py",
    "tests/mutants/test_adapters.py",
    "tests/odoo/test_mutants.py",
    "tests/test_known_failures.py",
    "tests/unit/decide/test_mutants.py",
)
_VERDICTS: Final = {"passed": "killed", "failed": "SURVIVED", "skipped": "NOT RUN"}


@dataclass(frozen=True)
class Tried:
    """One mutant, and what became of it; ``why`` it was not killed, "" where it was."""

    harm: str
    place: str
    killer: str
    verdict: str
    seconds: float
    why: str

    @property
    def is_killed(self) -> bool:
        return self.verdict == _VERDICTS["passed"]


@dataclass
class Trial:
    """A plugin of pytest that gathers what became of each mutant."""

    tried: list[Tried] = field(default_factory=list)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        told = {str(name): str(value) for name, value in report.user_properties}
        if HARM in told and (report.when == "call" or not report.passed):
            verdict, why = _VERDICTS[report.outcome], "" if report.passed else report.longreprtext
            self.tried.append(Tried(told[HARM], told[PLACE], told[KILLER], verdict, report.duration, why))


@click.command()
@click.option("-n", "--workers", type=click.IntRange(1), default=os.cpu_count(), help="Processes; else one a core.")
@click.option("--area", default="", help="Only modules whose names begin with this: adapters.odoo, connector.stock.")
@click.option("--harm", default="", help="Only mutants whose harm has this text.")
def mutants(workers: int, area: str, harm: str) -> None:
    """Take each defence out, one at a time, and show that the test which is there for it fails.

    That test is shown to pass first. Ends with 0 only where every mutant was killed.
    """
    trial, began = Trial(), time.monotonic()
    asked = [f"--area={area}", f"--harm={harm}", f"-n{workers}", "--dist=loadgroup"]
    quietly = ["-q", "--no-header", "--no-summary", "--tb=short", "-pno:randomly", "-pno:cacheprovider"]
    ended = pytest.main(["-ptests.mutants.chosen", *quietly, *asked, *(str(ROOT / one) for one in LISTS)], [trial])
    show(Output(), trial.tried, time.monotonic() - began)
    sys.exit(0 if is_proven(ended, trial.tried) else 1)


def is_proven(ended: int, tried: Sequence[Tried]) -> bool:
    """Whether there was something to kill, all of it was killed, and the tests pass without any mutant."""
    return ended == pytest.ExitCode.OK and len(tried) > 0 and all(one.is_killed for one in tried)


def show(output: Output, tried: Sequence[Tried], seconds: float) -> None:
    """All mutants by their place, why some were not killed, and the sums of each area."""
    ordered = sorted(tried, key=lambda one: (one.place, one.harm))
    rows = [(one.harm, one.place, one.killer, one.verdict, f"{one.seconds:.1f}") for one in ordered]
    output.line()
    output.table(("Mutant", "Place", "Test that kills", "Verdict", "s"), rows)
    for one in ordered:
        if not one.is_killed:
            output.line()
            output.line(f"{one.verdict}: {one.harm}")
            for line in one.why.splitlines():
                output.line(f"    {line}")
    output.line()
    output.table(("Area", "Mutants", "Killed", "s"), _sums(ordered))
    killed = sum(one.is_killed for one in tried)
    output.line(f"{killed} of {len(tried)} mutants killed, in {seconds:.0f} s.")


def _sums(tried: Sequence[Tried]) -> list[tuple[str, int, int, str]]:
    areas: dict[str, list[Tried]] = defaultdict(list)
    for one in tried:
        areas[area_of(one.place)].append(one)
    return [
        (area, len(some), sum(one.is_killed for one in some), f"{sum(one.seconds for one in some):.0f}")
        for area, some in sorted(areas.items())
    ]


if __name__ == "__main__":
    mutants()
