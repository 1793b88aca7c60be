"""A plugin of pytest: of a session's mutants those that were asked for, each report with what a table says of it.

What is no mutant stays: it shows that the tests which kill pass without any. The workers of xdist load this, too.
"""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.mutants.mutant import Mutant, place_of

#: How a report says what was sabotaged: its harm, where, and the test that has to notice.
HARM: Final = "harm"
PLACE: Final = "place"
KILLER: Final = "killer"
_TABLES: Final = "its tables and stories"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("mutants")
    group.addoption("--area", default="", help="Only mutants of modules whose names begin with this.")
    group.addoption("--harm", default="", help="Only mutants whose harm has this text.")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left = []
    for item in items:
        told = _told(item)
        if told is not None and not _is_asked_for(config, told):
            left.append(item)
            continue
        item.user_properties += (told or {}).items()
    items[:] = [item for item in items if item not in left]
    config.hook.pytest_deselected(items=left)


def area_of(place: str) -> str:
    """``connector.stock``, ``adapters.odoo``: the package at hand."""
    return ".".join(place.split(".")[:2])


def _is_asked_for(config: pytest.Config, told: dict[str, str]) -> bool:
    harm = str(config.getoption("--harm")).casefold()
    return told[PLACE].startswith(config.getoption("--area")) and harm in told[HARM].casefold()


def _told(item: pytest.Item) -> dict[str, str] | None:
    """What the table says of a test's mutant, None where it has none."""
    given: dict[str, Any] = getattr(getattr(item, "callspec", None), "params", {})
    match given:
        case {"mutant": Mutant() as mutant}:
            killer = given.get("killer", f"{item.location[0]}: {_TABLES}")
        case {"failure": failure}:
            mutant, killer = failure.defence, failure.shown_by
        case _:
            return None
    return {HARM: mutant.rule, PLACE: place_of(mutant), KILLER: killer.removeprefix("tests/")}
