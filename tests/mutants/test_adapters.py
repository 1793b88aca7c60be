"""Each adapter, the transport beneath them and the converters have mutants, named after the harm, that a test must kill.

Those that only a real server shows, an Odoo's, are in ``tests/odoo/test_mutants.py``.
"""
# ruff: noqa: E501  # one mutant, one line: the table is read across

from __future__ import annotations

from collections.abc import Callable

import pytest

from adapters.exact_online import api as eo
from adapters.exact_online import errors as eo_errors
from adapters.exact_online import feeds as eo_feeds
from adapters.exact_online import orders as eo_orders
from adapters.exact_online import prices as eo_prices
from adapters.exact_online import stock as eo_stock
from adapters.exact_online.tokens import is_too_early
from adapters.file_drop import archive as drop_archive
from adapters.file_drop import cursors as drop_cursors
from adapters.file_drop import log as drop_log
from adapters.file_drop import manifests as drop_manifests
from adapters.file_drop import places as drop_places
from adapters.file_drop import sales as drop_sales
from adapters.file_drop import shelf as drop_shelf
from adapters.file_drop import writes as drop_writes
from adapters.lightspeed_x import adjustments as ls_adjustments
from adapters.lightspeed_x import api as ls
from adapters.lightspeed_x import books as ls_books
from adapters.lightspeed_x import errors as ls_errors
from adapters.lightspeed_x import position as ls_position
from adapters.lightspeed_x import product_writes as ls_products
from adapters.lightspeed_x import sales as ls_sales
from adapters.lightspeed_x import stock as ls_stock
from adapters.lightspeed_x import window as ls_window
from adapters.magento2 import api as m2
from adapters.magento2 import batches as m2_batches
from adapters.magento2 import bulk as m2_bulk
from adapters.magento2 import errors as m2_errors
from adapters.magento2 import facts as m2_facts
from adapters.magento2 import product_writes as m2_products
from adapters.magento2 import stock as m2_stock
from adapters.odoo import api as odoo
from adapters.odoo import errors as odoo_errors
from adapters.odoo import products as odoo_products
from adapters.odoo import rights as odoo_rights
from adapters.odoo import sums as odoo_sums
from connector.mapping import amounts, days, markup, people, places, values, vat
from connector.transport import failure, reading, tokens, web
from tests.mutants.mutant import Mutant

MUTANTS: list[tuple[Mutant, str]] = [
    # transport
    (Mutant("a write without an answer reads as not sent", failure.lost, "return Transient(what) if call.safe else AmbiguousWrite(what)", "return Transient(what)"), "unit/test_transport.py::test_a_write_without_an_answer_is_in_doubt_and_never_repeated[hang_up]"),
    (Mutant("a write in doubt is repeated blind", web.Transport._is_worth_another, "(call.safe and isinstance(error, Transient | Garbled))", "isinstance(error, Transient | Garbled | AmbiguousWrite)"), "unit/test_transport.py::test_a_write_without_an_answer_is_in_doubt_and_never_repeated[hang_up]"),
    (Mutant("a gateway's failure of a write reads as not carried out", failure.by_status, "return Transient(what) if answer.call.safe else AmbiguousWrite(what)", "return Transient(what)"), "unit/test_transport.py::test_a_status_says_what_happens_next"),
    (Mutant("a write without its answer's body reads as a broken contract", failure.garbled, "if answer.call.safe else AmbiguousWrite(what)", ""), "unit/test_transport.py::test_a_write_answered_without_json_is_in_doubt"),
    (Mutant("a maintenance page reads as nothing there", web.Transport._decoded, 'if data is None and answer.body.strip() != b"null":', "if False:"), "unit/test_transport.py::test_a_page_instead_of_json_is_an_error_and_not_an_empty_answer"),
    (Mutant("a call is made without its budget", web.Transport._exchange, "self._budget.spend(call.purpose)", "pass"), "unit/test_transport.py::test_nothing_is_sent_without_budget"),
    (Mutant("a limit ends by another clock than the server's", reading.retry_after, "moment - answer.server_at", "moment - now"), "unit/test_transport.py::test_a_rate_limit_ends_when_the_server_says"),
    (Mutant("a stopping daemon goes on calling", web.Transport.pause, "if self._now() < until:", "if False:"), "unit/test_transport.py::test_waiting_ends_when_the_daemon_stops"),
    (Mutant("values go into the evidence of a broken contract", reading._shape, "return type(data).__name__", "return data"), "unit/test_transport.py::test_evidence_keeps_the_shape_and_no_value"),
    (Mutant("a token is exchanged sooner than the system allows", tokens.RotatingTokens._must_wait, "if timedelta(0) <= self._age(stored) < self._rules.earliest:", "if False:"), "unit/test_transport.py::test_a_401_on_a_young_token_is_not_answered_with_an_exchange_the_system_forbids"),
    (Mutant("an outage of the token page drops the token that is good", tokens.RotatingTokens._exchanged, "if self._is_usable(stored):", "if False:"), "unit/test_transport.py::test_an_outage_is_waited_out_with_the_present_token"),
    (Mutant("a wrong secret is told as a used-up token", tokens.RotatingTokens._complaint, "if named in self._rules.wrong_client:", "if False:"), "unit/test_transport.py::test_wrong_client_credentials_are_named"),
    # mapping
    (Mutant("an amount is read in the other VAT form", amounts.Vat.get, 'if prices.vat == "included":', 'if prices.vat == "excluded":'), "unit/mapping/test_vat.py::test_an_amount_is_read_in_the_form_of_its_list"),
    (Mutant("VAT is taken off the amount that has it", vat.net, "(gross / (1 + vat_rate))", "(gross * (1 - vat_rate))"), "unit/mapping/test_vat.py::test_two_net_decimals_always_come_back_from_gross[0.21]"),
    (Mutant("the VAT rate of the past is used", vat._position, "bisect_right(_history(country, vat_class), day, key=lambda entry: entry[0]) - 1", "0"), "unit/mapping/test_vat.py::test_the_rate_is_that_of_the_day"),
    (Mutant("an amount for ten pieces is one piece's, roughly", amounts.PerUnit.get, "if each * pieces != decimal_of(raw[0]):", "if False:"), "unit/mapping/test_values.py::test_what_a_converter_cannot_read_is_refused"),
    (Mutant("grams are read as kilograms", amounts.Weight.get, "self._in_kg(unit or self.write_unit)", "1"), "unit/mapping/test_values.py::test_what_a_converter_reads"),
    (Mutant("digits that a float has lost are taken", values.decimal_of, 'raise Unfit("is no exact number")', "return Decimal(str(raw))"), "unit/mapping/test_values.py::test_what_a_converter_cannot_read_is_refused"),
    (Mutant("a third value reads as no", values.Flag.get, "if self._is(raw, self.no):", "if True:"), "unit/mapping/test_values.py::test_what_a_converter_cannot_read_is_refused"),
    (Mutant("a code that is too long is cut", values.Refuse.put, "if len(text) > self.length:", "if False:"), "unit/mapping/test_values.py::test_a_code_that_is_too_long_is_refused_not_cut"),
    (Mutant("another spelling of the same is rewritten for ever", values.Same.put, "isinstance(before, str) and self.sense(before) == self.sense(str(value))", "False"), "unit/mapping/test_values.py::test_what_already_means_the_same_is_left_byte_for_byte"),
    (Mutant("a list of barcodes is half written", places.Codes.put, "return list(once.values())", "return list(once.values())[:2]"), "unit/mapping/test_values.py::test_the_list_of_codes_is_written_whole"),
    (Mutant("a barcode takes the place of the SKU", places.Codes.put, "if not own:", "if False:"), "unit/mapping/test_values.py::test_a_barcode_has_no_place_before_the_sku"),
    (Mutant("a script stays in a description", markup._allowed, "return _CLEANER.clean(html)", "return html"), "unit/mapping/test_markup.py::test_markup_is_limited_to_what_a_description_may_hold"),
    (Mutant("a phone number is written in another style each round", people.Phone.put, "phone_of(number, country) != phone_of(value, country)", "True"), "unit/mapping/test_people.py::test_nobodys_formatting_is_rewritten"),
    (Mutant("a promotion ends a day early", days.WithinDays.get, "context.as_of <= last", "context.as_of < last"), "unit/mapping/test_days.py::test_a_period_holds_from_its_first_to_its_last_day"),
    (Mutant("a moment of the shop is read as UTC", days.Moment.get, "at = at.replace(tzinfo=self._zone(context))", "at = at.replace(tzinfo=UTC)"), "unit/mapping/test_days.py::test_wall_time_is_read_in_the_shops_zone"),
    # Exact Online
    (Mutant("a list cut short reads as absence", eo._complete, "len(rows) != listed.total", "False"), "contract/test_exact_online.py::test_a_cut_answer_by_id_is_no_absence"),
    (Mutant("a sweep ends where a page was cut", eo_feeds.Feeds.everything, "if not count:", "if True:"), "contract/test_exact_online.py::test_a_sweep_is_complete_only_where_nothing_is_left"),
    (Mutant("a link skips rows of its page", eo._check_order, "if token and int(token[1]) > max(versions):", "if False:"), "contract/test_exact_online.py::test_a_page_that_lost_its_end_is_an_error"),
    (Mutant("the cursor of a moved division skips everything", eo_feeds.Feeds.begin, " and known.moved == moved", ""), "contract/test_exact_online.py::test_a_moved_division_is_read_from_the_beginning"),
    (Mutant("deletions that nobody kept are missed", eo_feeds.Feeds.begin, " and now - datetime.fromisoformat(known.at) <= _TOO_OLD", ""), "contract/test_exact_online.py::test_a_cursor_older_than_the_deletions_is_not_continued"),
    (Mutant("an older row follows a newer one", eo_feeds._newest, 'if row["Timestamp"] == newest[row[key]]:', "if True:"), "contract/test_exact_online.py::test_of_a_record_met_twice_the_newer_row_stays"),
    (Mutant("a refusal of content is a write in doubt", eo_errors.complaint, "return _validation(answer, what) if answer.status == 500 and not answer.call.safe else None", "return None"), "contract/test_exact_online.py::test_a_500_with_a_text_is_a_refusal"),
    (Mutant("a failure of theirs is a refusal of ours", eo_errors._validation, " or _THEIR_FAILURE.search(told)", ""), "contract/test_exact_online.py::test_a_failure_of_theirs_is_no_refusal"),
    (Mutant("an exchange that came too soon costs the token", is_too_early, ' or "token not expired" in text', ""), "contract/test_exact_online.py::test_too_early_is_told_from_lost"),
    (Mutant("errors go on until the app is blocked", eo.Api._hear, "self._budget.spend(_errors(answer.call.template))", "pass"), "contract/test_exact_online.py::test_the_tenth_error_of_an_endpoint_is_not_made"),
    (Mutant("a count that was booked is booked again", eo_stock.Stock.landed, 'any(mark in str(count.get("Description") or "").split() for count in counts)', "False"), "contract/test_exact_online.py::test_a_count_in_doubt_is_settled_by_its_mark[cut_after-True-5]"),
    (Mutant("a first price makes a second row", eo_prices.Prices._standing, "return min(bases, key=_is_automatic, default=None)", "return None"), "contract/test_exact_online.py::test_a_first_price_takes_the_place_of_the_empty_row"),
    (Mutant("one customer's agreement is everybody's price", eo_prices.Prices._is_ours, 'not native.get("Account") and ', ""), "contract/test_exact_online.py::test_agreements_other_units_and_other_currencies_are_not_ours"),
    (Mutant("an order claims what was delivered", eo_orders._Seen.take_line, ' - _pieces(row, "QuantityDelivered")', ""), "contract/test_exact_online.py::test_an_order_claims_until_it_is_delivered"),
    # Magento
    (Mutant("a list with a wrong total ends early", m2.Api.listing, "len(keys) > found.total or ", ""), "contract/test_magento2.py::test_more_rows_than_the_server_counts_are_no_end"),
    (Mutant("rows of a product are lost between two pages", m2.Api.listing, '"gteq" if beside else "gt"', '"gt"'), "contract/test_magento2.py::test_sources_of_one_product_may_stand_on_two_pages"),
    (Mutant("a cursor begins when the answer came", m2.started, "- max(now - found.answer.began_at, timedelta(0))", ""), "contract/test_magento2.py::test_a_cursor_begins_with_the_call_and_not_with_its_answer"),
    (Mutant("a lock is a refusal", m2_errors.complaint, "if _COULD_NOT.search(message):", "if False:"), "contract/test_magento2.py::test_a_lock_is_waited_out"),
    (Mutant("a proxy's 404 reads as gone", m2_errors._missing, "if not message:", "if False:"), "contract/test_magento2.py::test_a_404_of_a_proxy_is_no_missing_record"),
    (Mutant("beside an error that cannot be read all rows are saved", m2_batches.Batches._read, "if len(readable) < len(errors):", "if False:"), "contract/test_magento2.py::test_beside_an_unreadable_row_error_no_row_is_known"),
    (Mutant("a bulk that was sent and not followed is refused", m2_bulk.Bulk.run, 'AmbiguousWrite(f"a bulk was sent and cannot be followed: {wrong}")', 'Rejected("not followed")'), "contract/test_magento2.py::test_a_bulk_whose_end_is_not_seen_is_in_doubt"),
    (Mutant("a create overwrites a stranger", m2_products.ProductWrites._new, "if code_key(sku) in taken:", "if False:"), "contract/test_magento2.py::test_a_create_does_not_overwrite_a_stranger"),
    (Mutant("an edit at the shop is overwritten unseen", m2_products._expected, "not same(now, write.before[name]) and not same(now, write.fields[name])", "False"), "contract/test_magento2.py::test_an_update_of_what_someone_else_changed_is_stale"),
    (Mutant("an order of another stock claims here", m2_facts.OpenOrders._open_orders, 'if int(order.get("store_id") or 0) in stores:', "if True:"), "contract/test_magento2.py::test_orders_of_another_stock_claim_nothing_here"),
    (Mutant("a sale of a configurable product counts twice", m2_facts._counts, 'parent is not None and parent.get("product_type") == "configurable"', "False"), "contract/test_magento2.py::test_the_recorded_order_with_a_configurable_line_is_read_once"),
    (Mutant("what was refunded is still claimed", m2_facts.claims_of, '("qty_canceled", "qty_shipped", "qty_refunded")', '("qty_canceled", "qty_shipped")'), "contract/test_magento2.py::test_a_line_claims_what_is_not_handed_over"),
    (Mutant("figures behind a page's end are missing", m2_stock.Stock._items, "if len(found.items) == found.total:", "if True:"), "contract/test_magento2.py::test_the_last_read_before_a_write_is_short"),
    # Lightspeed
    (Mutant("a falling list is read as a feed", ls._moved, "or sorted(versions) != list(versions)", ""), "contract/test_lightspeed_x.py::test_a_falling_list_is_no_feed"),
    (Mutant("a page that was cut is the last one", ls._pages, "(len(rows) < size and after == known)", "len(rows) < size"), "contract/test_lightspeed_x.py::test_a_page_that_was_cut_loses_nothing"),
    (Mutant("what becomes visible late is never read", ls_position.Position._safe, "self.marks[-1].began - LATE", "self.marks[-1].began"), "contract/test_lightspeed_x.py::test_what_appears_late_is_read"),
    (Mutant("a window without an end", ls_window.Window._end, " or remaining > self._remaining", ""), "contract/test_lightspeed_x.py::test_the_end_of_the_window_is_bounded_by_what_was_seen"),
    (Mutant("a complaint repeats what was sent", ls_errors.redacted, '_VALUES.sub("…", text)', "text"), "contract/test_lightspeed_x.py::test_messages_hold_no_values"),
    (Mutant("a sale that was parked is a sale", ls_sales._hand_overs, 'if not voided and sale.get("state") != "closed":', "if False:"), "contract/test_lightspeed_x.py::test_a_parked_sale_counts_when_it_is_closed_and_a_voided_one_not"),
    (Mutant("a sale that was voided stays one", ls_sales._hand_overs, "        if voided:", "        if False:"), "contract/test_lightspeed_x.py::test_a_parked_sale_counts_when_it_is_closed_and_a_voided_one_not"),
    (Mutant("an earlier booking is taken for the lost one", ls_adjustments.is_booking, "since is not None and made is not None and made < since", "False"), "contract/test_lightspeed_x.py::test_a_booking_from_before_the_write_was_announced_is_no_evidence"),
    (Mutant("somebody's booking is taken for the lost one", ls_adjustments.Log._read, ' if row.get("custom_inventory_adjustment_reason_id") in ours', ""), "contract/test_lightspeed_x.py::test_others_bookings_are_no_evidence"),
    (Mutant("what a refused batch booked is booked again", ls_stock.Stock._after_refusal, "if row is None:", "if True:"), "contract/test_lightspeed_x.py::test_a_refused_row_waits_alone"),
    (Mutant("a twin is made in another case", ls_products.ProductWrites._refuse_twin, "if self._products.spelled(sku, PURPOSE):", "if False:"), "contract/test_lightspeed_x.py::test_a_mixed_case_twin_is_not_created"),
    (Mutant("a dealers' book is everybody's price", ls_books.Books._list, " if BASE in self.lists and self._is_general(book) else", " if BASE in self.lists else"), "contract/test_lightspeed_x.py::test_a_list_that_is_not_ours_is_left_out"),
    # Odoo, as it was recorded
    (Mutant("a transaction that was rolled back is looked up for ever", odoo_errors.named, "if name in _LOST:", "if False:"), "unit/test_odoo_errors.py::test_a_lost_transaction_is_tried_again"),
    (Mutant("a write that a lost database kept is made again", odoo_errors.named, "return Transient(what) if answer.call.safe else AmbiguousWrite(what)", "return Transient(what)"), "unit/test_odoo_errors.py::test_a_lost_database_may_have_kept_it"),
    (Mutant("a server without the way in reads as gone", odoo_errors.complaint, "if answer.status == HTTPStatus.NOT_FOUND:", "if False:"), "contract/test_odoo_recorded.py::test_a_page_instead_of_an_answer_is_no_missing_record"),
    (Mutant("one bad record stops the lane", odoo_errors.named, "if name in _CONTENT:", "if False:"), "contract/test_odoo_recorded.py::test_every_recorded_refusal_means_one_error"),
    (Mutant("a record that is gone breaks the contract", odoo_errors.named, 'if name == "odoo.exceptions.MissingError":', "if False:"), "contract/test_odoo_recorded.py::test_every_recorded_refusal_means_one_error"),
    (Mutant("a hosted version is taken for an old one", odoo.main_version, "int(digits[0]) if digits else 0", "parts[0] if digits and isinstance(parts[0], int) else 0"), "unit/test_odoo_errors.py::test_the_main_version_is_read"),
    (Mutant("an older server sums by the first field alone", odoo_sums.Sums._older, "lazy=False", "lazy=True"), "unit/test_odoo_sums.py::test_an_odoo_17_sums_by_its_older_method"),
    (Mutant("an older server is written a value that it does not have", odoo_products.Products._values, '"product" if value else "consu"', "value"), "contract/test_odoo_recorded.py::test_a_17_says_otherwise_what_is_storable"),
    (Mutant("an older server is refused for want of a method", odoo_rights.may, "except NoSuchMethod:", "except ZeroDivisionError:"), "contract/test_odoo_recorded.py::test_a_17_is_asked_for_rights_by_its_own_method"),
    # files
    (Mutant("a file that was cut on its way is read", drop_manifests.check_bytes, "if digest_of(data) != manifest.sha256.lower():", "if False:"), "contract/test_file_drop.py::TestWhole::test_what_its_manifest_denies_is_left_where_it_is"),
    (Mutant("a file without its rows is read", drop_manifests.check_count, "if count != manifest.rows:", "if False:"), "contract/test_file_drop.py::TestWhole::test_what_its_manifest_denies_is_left_where_it_is"),
    (Mutant("a file that is still being written is read", drop_shelf.Shelf.series, "if not self._marker or listing.holds(f\"{stem}{self._marker}\")", ""), "contract/test_file_drop.py::TestWhole::test_a_done_marker_says_that_a_file_is_whole"),
    (Mutant("a missing file is passed over", drop_shelf.Shelf.run, "raise gap(entity, run[0])", "return run"), "contract/test_file_drop.py::TestNumbers::test_a_missing_number_stops_the_lane"),
    (Mutant("sales of a missing file are passed over", drop_sales.Sales._behind, "raise gap(_STOCK, stem)", "expected = stem.number"), "contract/test_file_drop.py::TestNumbers::test_a_sale_that_may_be_lost_is_not_passed_over"),
    (Mutant("an emptied archive is an emptied shop", drop_cursors.check_newest, "if position.number > (0 if newest is None else newest.number):", "if False:"), "contract/test_file_drop.py::TestNumbers::test_an_archive_that_was_emptied_is_no_end_of_the_goods"),
    (Mutant("a file that was changed after it was read is none the wiser", drop_cursors.check_same, "if file.stem.number == position.number and position != behind(file):", "if False:"), "contract/test_file_drop.py::TestNumbers::test_a_number_that_comes_again_changed_stops_the_lane"),
    (Mutant("a row that cannot be read is gone", drop_log._renew, "if table.blind or id_ in table.kept", "if False"), "contract/test_file_drop.py::TestCells::test_a_refused_row_of_a_complete_file_is_not_gone"),
    (Mutant("a file is answered that was not committed", drop_archive.Archive._is_due, "stem.number <= number and ", ""), "contract/test_file_drop.py::TestArchive::test_the_next_reading_answers_and_archives_what_its_cursor_proves"),
    (Mutant("a line of a receipt counts twice", drop_log._sell, "sale not in state.sold and ", ""), "contract/test_file_drop.py::TestStock::test_a_line_of_a_receipt_is_one_movement"),
    (Mutant("a difference is booked twice", drop_log.replay, "waiting[0].stem.number <= imported", "False"), "contract/test_file_drop.py::TestStock::test_a_difference_is_booked_once"),
    (Mutant("an old list undoes what we wrote", drop_log.replay, "    for one in waiting:\n        _lay(state, one)\n", ""), "contract/test_file_drop.py::TestWrites::test_a_listing_from_before_the_import_undoes_nothing"),
    (Mutant("a second one of a key is made", drop_writes._take_key, "if key in taken:", "if False:"), "contract/test_file_drop.py::TestWrites::test_two_of_one_key_are_not_made"),
    (Mutant("of two files of one number the later replaces the other", drop_places.Folder.publish, "os.link(path, final)", "os.replace(path, final)\n        return True"), "contract/test_file_drop.py::TestWrites::test_two_processes_that_write_at_once_have_two_numbers"),
]  # fmt: skip


@pytest.mark.parametrize(("mutant", "killer"), MUTANTS, ids=[mutant.rule for mutant, _ in MUTANTS])
def test_the_defence_is_needed(mutant: Mutant, killer: str, assert_killed: Callable[[Mutant, str], None]) -> None:
    """Without the defence, the test that is there for it fails."""
    assert_killed(mutant, f"tests/{killer}")
