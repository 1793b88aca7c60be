"""What the Odoo adapter does on a real server has mutants too; what needs none is in ``tests/mutants/test_adapters.py``."""
# ruff: noqa: E501  # one mutant, one line: the table is read across

from __future__ import annotations

from collections.abc import Callable

import pytest

from adapters.odoo.batches import Records
from adapters.odoo.facts import Reports
from adapters.odoo.feeds import Feed
from adapters.odoo.products import _objection
from tests.mutants.mutant import Mutant
from tests.odoo.client import Odoo
from tests.odoo.conftest import SHARED

pytestmark = pytest.mark.xdist_group("odoo")  # one server for all of them

MUTANTS: list[tuple[Mutant, str]] = [
    (Mutant("an archived product reads as gone", Feed.search, '"active_test": False', '"active_test": True'), "odoo/test_feeds.py::test_a_sweep_is_all_there_is[json2]"),
    (Mutant("what was committed late is never read", Feed.since, " - OVERLAP", ""), "odoo/test_feeds.py::test_the_cursor_overlaps[json2]"),
    (Mutant("a cursor that leaves its own second out", Feed.since, '">="', '">"'), "odoo/test_feeds.py::test_the_second_that_is_shown_is_found[json2]"),
    (Mutant("what was made without an answer is made again", Records.made_by, "Evidence(landed=True, external_id=str(named[1]))", "Evidence(landed=False)"), "odoo/test_batches.py::test_what_was_made_is_found_by_its_mark[json2]"),
    (Mutant("a name is changed for all variants through one", _objection, "if not names:", "if True:"), "odoo/test_products.py::test_what_variants_share_is_not_one_variants_to_change"),
    (Mutant("an order claims what was delivered", Reports._claims, ' - pieces(line["qty_delivered"])', ""), "odoo/test_facts.py::test_what_is_not_delivered_is_claimed[json2]"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def shared(real_odoo: Odoo, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests that kill take the server that is up already."""
    monkeypatch.setenv(SHARED, real_odoo.name)


@pytest.mark.parametrize(("mutant", "killer"), MUTANTS, ids=[mutant.rule for mutant, _ in MUTANTS])
def test_the_defence_is_needed(mutant: Mutant, killer: str, assert_killed: Callable[[Mutant, str], None]) -> None:
    """Without the defence, the test that is there for it fails."""
    assert_killed(mutant, f"tests/{killer}")
