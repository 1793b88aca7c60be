"""Each way in which connectors like this one have hurt shops has a test that fails without the defence against it.

The collection is kept with the design. A row may have several defences, and more tests than are named
here; any of them names it in its docstring: ``known failure 31``, ``row 4``, ``rows 7 and 28``.
"""
# ruff: noqa: E501  # one row, one line: the table is read across

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from adapters.exact_online import dates
from adapters.magento2 import api, bulk, product_writes, products
from adapters.magento2 import stock as source_items
from connector import explain, standing
from connector.deliver import deliver, receipts
from connector.ledger import budget, engine, lanes, lock
from connector.mapping import markup, vat
from connector.observe import absence, absorb, intake, match, weighing
from connector.redaction import Redactor
from connector.stock import anew, picture
from connector.stock import intake as figures
from connector.transport import Call, Transport
from connector.transport.tokens import RotatingTokens
from tests.mutants.mutant import Mutant

ROOT = Path(__file__).resolve().parent.parent
ROWS = range(1, 37)
#: Rows about what the product does not do yet. Whoever adds it takes the row out of here.
NOT_THERE_YET = {21: "images are not kept the same yet", 23: "webhooks are not received yet"}

_NAMED = re.compile(r"\b(?:known[ -]failures?|rows?)\s+(\d+(?:(?:,\s*|\s+and\s+)\d+)*)", re.IGNORECASE)


@dataclass(frozen=True)
class Failure:
    """A row of the collection, the defence that is knocked out, and the test that names the row and fails then."""

    row: int
    defence: Mutant
    shown_by: str


FAILURES = [
    Failure(1, Mutant("a figure is read again just before it is written", deliver._look_again, "always = lane.side.can(lane.entity).reread", "always = False"), "engine/test_stock.py::test_a_sale_between_reading_and_writing_survives"),
    Failure(2, Mutant("what a channel will still subtract itself is not sent to it", picture.targets, "raw_figure(pieces, waiting.get(place, ZERO))", "pieces"), "engine/test_stock.py::test_an_order_is_one_movement_however_many_channels_report_it"),
    Failure(3, Mutant("figures are compared, whatever dates say", source_items.Stock.everything, "yield Page(self._rows(found.items), ", "yield Page((), "), "contract/test_magento2.py::test_a_sale_and_a_hand_edit_are_seen_although_no_date_moves"),
    Failure(4, Mutant("compared as the channel can hold it", absorb._before, "through=mapping.through(known.record.values(), base, context, seen.row.part)", "through=known.record.values()"), "engine/test_merging.py::test_what_a_lossy_channel_shows_of_the_same_edit_is_the_same_edit"),
    Failure(5, Mutant("nothing is repeated while it may still land", deliver._next_batch, " and id_ not in doubtful", ""), "engine/test_lives.py::test_a_create_without_an_answer_is_never_repeated_blind[lost]"),
    Failure(6, Mutant("the new pair is durable before it is used", RotatingTokens._ask, "self._store.save(pair)", "pass"), "unit/test_transport.py::test_a_due_pair_is_exchanged_under_the_lock_and_saved_before_use"),
    Failure(6, Mutant("what another process exchanged is taken", RotatingTokens._refreshed, "return self._exchanged(stored) if is_stale(stored) else stored", "return self._exchanged(stored)"), "unit/test_transport.py::test_a_faster_process_is_noticed"),
    Failure(7, Mutant("calls are paid for before they are made, in every window", budget.charged, "replace(each, remaining=max(0, each.remaining - calls))", "each"), "ledger/test_budget.py::test_a_call_counts_in_every_window[sqlite]"),
    Failure(8, Mutant("cursors overlap", products.Products.changes, "timedelta(seconds=OVERLAP_S)", "timedelta(0)"), "contract/test_magento2.py::test_a_cursor_is_inclusive_and_overlapped"),
    Failure(9, Mutant("a repeated page is an error", api.Api.listing, 'raise broken(found, "a page was repeated")', "return"), "contract/test_magento2.py::test_a_listing_that_cannot_be_right_is_no_end[product-repeat_page]"),
    Failure(10, Mutant("a listing without its end concludes nothing", absence._completed, "return read.page.complete", "return True"), "engine/test_lives.py::test_a_listing_without_an_end_concludes_nothing"),
    Failure(11, Mutant("codes are encoded once, and wholly", Call.path.fget, 'quote(text, safe="")', "text"), "unit/test_transport.py::test_a_path_is_encoded_once"),
    Failure(12, Mutant("twins are not matched", match.decide_match, "if key in twins:", "if False:"), "engine/test_lives.py::test_twins_are_shown_and_not_matched"),
    Failure(13, Mutant("nothing is made before its match was approved", lanes.approved, ".where(lane.c.approved_at.is_not(None))", ""), "engine/test_round.py::test_nothing_is_created_before_match_was_approved"),
    Failure(14, Mutant("one bad record waits alone", receipts.refuse, "quarantine(workspace, side, intent, error, composed.owed)", "raise error"), "engine/test_holding.py::test_a_refused_create_waits_and_the_others_go_on"),
    Failure(15, Mutant("silence is noticed", standing._of_lane, "overdue=age_s is None or age_s > 3 * every_s", "overdue=False"), "engine/test_standing.py::test_silence_is_noticed"),
    Failure(16, Mutant("too many deletions wait for a person", weighing.park_deletions, "_weigh(workspace, lane, entries)", "entries"), "engine/test_holding.py::test_too_many_deletions_are_parked"),
    Failure(16, Mutant("absence is confirmed by a read by id", absence._conclude, "absent_by_id=id_ not in there", "absent_by_id=True"), "engine/test_lives.py::test_what_a_sweep_left_out_but_a_read_finds_is_there"),
    Failure(17, Mutant("what did not change is not worked on", intake._changed, "print_ == fingerprint(mapping, picked)", "False"), "engine/test_merging.py::test_a_full_reading_of_what_is_known_writes_nothing"),
    Failure(18, Mutant("amounts are rounded to the places that are stated", vat.gross, ".quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)", ""), "mappings/test_recorded.py::test_a_row_of_a_price_book"),
    Failure(19, Mutant("each system resolves rows its own way", explain._paid_there, "amount_paid(shown, choice, parts.today())", 'amount_paid(shown, "first", parts.today())'), "engine/test_explained.py::test_each_system_resolves_the_same_rows_its_own_way"),
    Failure(20, Mutant("only what differs is sent", product_writes._owed, "if not same(at(item, name), value)", ""), "contract/test_magento2.py::test_an_update_sends_the_difference_alone"),
    Failure(22, Mutant("a queue that nobody works off is found out", bulk.Bulk.works, "self._runs = self._probed()", "self._runs = True"), "contract/test_magento2.py::test_where_no_consumer_runs_single_calls_are_made"),
    Failure(24, Mutant("a lease ends with the heartbeat of its holder", lock.Lease._is_alive, "beat_at + self._expires_after > now", "True"), "ledger/test_lock.py::test_a_silent_lease_is_taken_over_and_counted[sqlite]"),
    Failure(25, Mutant("the id is the identity, not the key", intake.take_observations, "[*moved, *strangers], tally", "[*moved, *strangers, *(seen for _, seen in known)], tally"), "engine/test_customers.py::test_a_changed_email_makes_no_second_customer"),
    Failure(26, Mutant("wall time is read in its zone", dates.HostClock.utc, "wall.replace(tzinfo=self.zone, fold=1).astimezone(UTC)", "wall.replace(tzinfo=UTC)"), "contract/test_exact_online.py::test_wall_time_becomes_utc"),
    Failure(27, Mutant("persons are cut out by the tag of the field", Redactor._value, 'return f"[{tag}]"', "return value"), "unit/test_logs.py::test_nothing_planted_is_logged"),
    Failure(28, Mutant("links are followed on the same origin alone", Transport.follow, "origin(link) != origin(self._base)", "False"), "unit/test_transport.py::test_a_next_link_to_another_host_is_refused"),
    Failure(29, Mutant("a text is escaped where markup is expected", markup._marked_up, "str(escape(line))", "line"), "unit/mapping/test_markup.py::test_text_survives_a_channel_of_markup"),
    Failure(30, Mutant("a ledger is looked through before it is used", engine._check_soundness, 'if answer != "ok":', "if False:"), "ledger/test_engine.py::test_a_harmed_file_is_refused[one page overwritten]"),
    Failure(31, Mutant("two equal sales are two", figures.take_figure, "if pieces:", "if pieces and raw != on_hand_of(known):"), "engine/test_round.py::test_two_sales_on_two_sides_are_two"),
    Failure(32, Mutant("a receipt remembers what was sent", figures.take_figure, "if pieces:", "if pieces and binding.replaced is None:"), "engine/test_stock.py::test_a_sale_just_after_a_write_is_a_sale"),
    Failure(33, Mutant("old shadows of stock are forgotten", anew.forget_figures, "if n != _figure_name(parts, binding)", ""), "engine/test_calendar.py::test_a_restored_ledger_multiplies_no_movement"),
    Failure(34, Mutant("what is older than our last write is dropped", receipts.receive, "fence=session.sequence", "fence=binding.fence"), "engine/test_fence.py::test_a_page_that_was_read_earlier_undoes_nothing[erp]"),
    Failure(35, Mutant("weighed before it is merged", intake.take_observations, "pass_brakes(workspace, lane, [(id_, seen) for id_, seen in paired if not seen.row.deleted])", "[(id_, seen) for id_, seen in paired if not seen.row.deleted]"), "engine/test_holding.py::test_too_many_changes_are_parked_before_they_are_merged"),
    Failure(35, Mutant("counted over a rolling day", weighing._count, 'holds.weigh(workspace.session, lane.side.name, lane.entity, "in", kind, ids)', "pass"), "engine/test_holding.py::test_a_trickle_below_every_limit_is_counted_over_the_day"),
    Failure(36, Mutant("what a remote fills in is nobody's edit", absorb._before, 'binding.origin == "created" and binding.seen_at is None', "False"), "engine/test_lives.py::test_what_the_remote_fills_in_by_itself_is_nobodys_edit"),
]  # fmt: skip


def rows_named(text: str) -> set[int]:
    """The numbers of the rows that a docstring names."""
    return {int(number) for several in _NAMED.findall(text) for number in re.findall(r"\d+", several)}


def docstring_of(test: str) -> str:
    """What a test says of itself, by its node id."""
    path, name = test.partition("[")[0].split("::")
    for node in ast.parse((ROOT / "tests" / path).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return ast.get_docstring(node) or ""
    raise LookupError(f"there is no {test}")


@pytest.mark.parametrize(
    ("docstring", "expected"),
    [
        ("A sale made meanwhile is not forgotten: known failure 32.", {32}),
        ("Rows 4 and 29 of known-failures: a lossy field settles.", {4, 29}),
        ("Known failures 5, 7 and 16.", {5, 7, 16}),
        ("Three rows, and a page of 50.", set()),
    ],
)
def test_a_row_is_recognised(docstring: str, expected: set[int]) -> None:
    """Rows are named in words that a reader understands too."""
    assert expected == rows_named(docstring)


def test_every_known_failure_has_a_defence() -> None:
    """Save what the product does not do at all, each known failure would be noticed if it came back."""
    assert set(ROWS) == {failure.row for failure in FAILURES} | set(NOT_THERE_YET)


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: f"{failure.row} {failure.defence.rule}")
def test_without_the_defence_it_hurts_again(failure: Failure, assert_killed: Callable[[Mutant, str], None]) -> None:
    """The story that names the row fails once its defence is taken away."""
    assert failure.row in rows_named(docstring_of(failure.shown_by))
    assert_killed(failure.defence, f"tests/{failure.shown_by}")
