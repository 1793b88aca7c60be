"""Each numbered rule has a mutant, the engine without it, that a story must kill: the half that reads and writes.

Those of the half that only decides are in ``tests/unit/decide/test_mutants.py``, killed by its tables and laws.
"""
# ruff: noqa: E501  # one mutant, one line: the table is read across

from __future__ import annotations

from collections.abc import Callable

import pytest

from connector import operator, settle
from connector import round as rounds
from connector.decide import merge as merging
from connector.deliver import compose, deliver, doubt, receipts
from connector.deliver import weighing as out
from connector.ledger import credentials, facts, records
from connector.observe import absence, absorb, feed, gate, intake, rows, tombstone, weighing, workspace
from connector.stock import anew, counts, picture, refunds
from connector.stock import intake as figures
from connector.stock import settle as stock
from tests.mutants.mutant import Mutant

MUTANTS: list[tuple[Mutant, str]] = [
    # section 2
    (Mutant("2.0 the fence is taken before the read", feed.read_pages, "yield Read(page, sequence)", "yield Read(page, parts.ledger.current_sequence())"), "engine/test_fence.py::test_a_page_that_our_write_overtakes_undoes_nothing"),
    (Mutant("2.0 nothing is merged beside an open intent", gate.passes, "open_intent=open_intent", "open_intent=False"), "engine/test_fence.py::test_nothing_is_merged_while_a_write_is_in_doubt"),
    (Mutant("2.0 a merge raises the fence", absorb._settled_side, "fence=sequence", "fence=binding.fence"), "engine/test_fence.py::test_a_page_that_was_read_earlier_undoes_nothing[shop]"),
    (Mutant("2.0 a receipt raises the fence", receipts.receive, "fence=session.sequence", "fence=binding.fence"), "engine/test_fence.py::test_a_page_that_was_read_earlier_undoes_nothing[erp]"),
    (Mutant("2.0 a figure raises the fence", figures._seen_binding, "fence=workspace.session.sequence", "fence=binding.fence"), "engine/test_fence.py::test_a_figure_that_was_read_earlier_is_no_return"),
    (Mutant("2.0 what is dropped is read afresh", rounds.observe_lane, "missing = reread_due(parts, lane)", "missing = set()"), "engine/test_fence.py::test_an_edit_beside_what_lags_is_not_lost"),
    (Mutant("2.0 what is dropped is marked", intake._merge_known, "workspace.change_binding(replace(binding, reread=True))", "pass"), "engine/test_fence.py::test_an_edit_beside_what_lags_is_not_lost"),
    (Mutant("2.0 a dropped figure is marked", figures.take_figures, "workspace.change_binding(replace(binding, reread=True))", "pass"), "engine/test_stock.py::test_a_sale_beside_a_figure_that_lags_is_not_lost"),
    (Mutant("2.0 what is marked is not written", deliver._compose, " or binding.reread", ""), "engine/test_fence.py::test_what_was_not_read_again_yet_is_not_written"),
    (Mutant("2.0 the read lag remembers what was replaced", receipts.receive, "replaced=pack_replaced(intent.replaces, session.now)", "replaced=None"), "engine/test_merging.py::test_within_its_read_lag_a_channel_may_still_show_what_we_replaced"),
    (Mutant("2.5 what we made is no first contact", absorb._before, 'binding.origin == "created" and binding.seen_at is None', "False"), "engine/test_lives.py::test_what_the_remote_fills_in_by_itself_is_nobodys_edit"),
    (Mutant("2.5 both new: the owner's", intake._bind, "both_new=both_new", "both_new=False"), "engine/test_lives.py::test_new_sides_that_differ_follow_the_owner_of_the_field"),
    (Mutant("2.6 what was seen is the shadow", absorb._settled_side, "shadow={**kept, **settled}", "shadow=binding.shadow or {**kept, **settled}"), "engine/test_merging.py::test_the_same_edit_on_two_sides_is_agreement"),
    (Mutant("2 latest: an edit lies after the last sight", absorb.Observation.provenance, "edit_interval(self.since,", "edit_interval(None,"), "engine/test_merging.py::test_the_later_of_two_edits_wins"),
    (Mutant("2 manual: an open conflict is written nowhere", settle._field_holds, "if name in known.conflicts:", "if False:"), "engine/test_merging.py::test_a_conflict_puts_nothing_back_and_sends_nothing_on"),
    (Mutant("2 manual: one conflict per field", workspace.Workspace.change_conflict, 'change.kind == "open" or standing is None', 'change.kind in ("open", "join") or standing is None'), "engine/test_merging.py::test_a_later_edit_joins_the_conflict_and_the_operator_is_asked_again"),
    (Mutant("2 every outcome goes to the history", intake.merge_row, "workspace.note(absorbed.events)", "pass"), "engine/test_merging.py::test_two_edits_are_settled_by_the_fields_rule[max-9]"),
    (Mutant("2 every binding that differs is dirty", workspace.Workspace._settle, "changed = settle(", "changed = {} and settle("), "engine/test_round.py::test_an_edit_travels_from_any_side"),
    (Mutant("2 what another rewrites is held", intake.merge_row, "**rewritten(after, shadow_values(mapping, after, context), workspace.moment.now)", ""), "engine/test_merging.py::test_what_a_person_may_not_change_is_not_written_for_ever"),
    (Mutant("2 confirmed writes are counted", receipts.receive, "confirmed=count_confirmed(binding, owed or {}, session.now)", "confirmed=binding.confirmed"), "engine/test_merging.py::test_what_a_person_may_not_change_is_not_written_for_ever"),
    # section 4
    (Mutant("2.5 a number given out there is no default", absorb._before, "given=_given_there(mapping, entity)", "given=frozenset()"), "engine/test_customers.py::test_a_number_that_is_given_out_there_is_the_customers[erp-None-1001]"),
    (Mutant("2.5 and counts as the owner says", merging._merge_one, "before.both_new or given_out", "before.both_new"), "engine/test_customers.py::test_a_number_that_is_given_out_there_is_the_customers[erp-S-7-1001]"),
    (Mutant("4 a receipt moves the shadow by what was sent", figures.take_figure, "if pieces:", "if pieces and binding.replaced is None:"), "engine/test_stock.py::test_a_sale_just_after_a_write_is_a_sale"),
    (Mutant("4 claims are read before figures", rounds.read_facts, "if scope.covers(name, Entity.STOCK):", "if False:"), "engine/test_stock.py::test_an_order_is_one_movement_however_many_channels_report_it"),
    (Mutant("4 one way only where events cannot be told apart", picture.direction, 'told == "both" and one_way_because(topology, channel)', "False"), "engine/test_stock.py::test_a_system_that_may_subtract_twice_is_only_read"),
    (Mutant("4 only written: what moves there is drift", figures._move, 'if direction(workspace.topology, side.name) == "out":', "if False:"), "engine/test_stock.py::test_what_moves_on_a_channel_that_is_only_written_is_overwritten"),
    (Mutant("4 only read: nothing is written there", picture.is_written, ' and direction(topology, side.name) != "in"', ""), "engine/test_stock.py::test_a_channel_that_is_only_read_is_never_written"),
    (Mutant("4 relative where the channel takes it", compose.compose_stock, "if side.can(Entity.STOCK).relative:", "if False:"), "engine/test_stock.py::test_relative_writes_send_the_difference"),
    (Mutant("4 a shipment that our figure put back", figures.take_facts, "_mend_overwritten(workspace, side, new)", "pass"), "engine/test_stock.py::test_a_shipment_that_our_figure_put_back_is_taken_off_again"),
    (Mutant("4 a figure that showed it first is read again", figures.take_facts, "look_again(workspace, side, new)", "pass"), "engine/test_stock.py::test_a_figure_may_show_a_hand_over_before_its_report_comes[shop]"),
    (Mutant("4 a fall for a refund is no movement", figures.take_figure, "if pieces < 0:", "if False:"), "engine/test_stock.py::test_a_refund_takes_no_piece_twice[together-delivered, then refunded unsent-how0-7]"),
    (Mutant("4 a fall seen before the refund is taken back", refunds.excuse, "for fall in _falls(workspace, side, product_id, since):", "for fall in ():"), "engine/test_stock.py::test_a_refund_takes_no_piece_twice[the figure first-delivered, then refunded unsent-how0-7]"),
    (Mutant("4 a refund explains what the next reading shows", refunds.fell, "_last_read(workspace, side)", "NEVER"), "engine/test_stock.py::test_a_fall_long_after_a_refund_is_none_of_its"),
    (Mutant("4 a hand-over is one fact", facts.add_hand_overs, "if (entry.channel, entry.id) not in known", ""), "engine/test_stock.py::test_a_repeated_report_is_the_same_hand_over"),
    (Mutant("4 past hand-overs are in the first figure", figures.take_facts, "first_report_movements(was, now, owner) if first else hand_over_movements(was, now)", "hand_over_movements(was, now)"), "engine/test_stock.py::test_the_past_of_a_newcomer_is_no_news"),
    (Mutant("4 the first figure is agreed once", figures._adopt, "takes = begins and", "takes ="), "engine/test_stock.py::test_new_figures_that_differ_begin_with_the_owners"),
    (Mutant("4 a figure beside what we made is shadow only", figures._adopt, " and not _is_own_create(workspace, side, known)", ""), "engine/test_lives.py::test_an_empty_row_beside_what_we_created_says_nothing_of_the_pieces"),
    (Mutant("4 doubt: evidence first", doubt._settle_stock, "shown, landed)", "shown, None)"), "engine/test_stock.py::test_evidence_goes_before_the_figure[lost-False]"),
    (Mutant("4 doubt: flagged with both figures", doubt._settle_stock, "if settled.figures is not None:", "if False:"), "engine/test_stock.py::test_a_figure_that_fits_neither_explanation_is_flagged[lost]"),
    (Mutant("4 doubt: the shadow is the explanation taken", doubt._settle_stock, "shadow = {**binding.shadow, name: settled.shadow.raw}", "shadow = dict(binding.shadow)"), "engine/test_stock.py::test_a_figure_that_fits_neither_explanation_is_flagged[after]"),
    (Mutant("4 an absolute figure is read again first", deliver._look_again, "always = lane.side.can(lane.entity).reread", "always = False"), "engine/test_stock.py::test_a_sale_between_reading_and_writing_survives"),
    (Mutant("4 a count ends what was uncertain", counts._set, "end(workspace, record.id)", "pass"), "engine/test_stock.py::test_a_count_ends_what_was_uncertain"),
    (Mutant("4 a count is rebased over what moved since", counts._result, "[own, *_moved(entries, told)]", "[]"), "engine/test_stock.py::test_sales_elsewhere_after_a_count_are_taken_off_it"),
    (Mutant("4 a count waits for every channel", counts._read_at, "lanes.state(workspace.session, side.name, Entity.STOCK).observed_at or NEVER", "workspace.moment.now"), "engine/test_stock.py::test_a_count_waits_for_a_channel_that_was_not_read_since"),
    (Mutant("4 a view is booked on its locations", figures._shares, "if view is None or workspace.topology.figure_place(side.name) is None:", "if True:"), "engine/test_stock.py::test_a_movement_on_a_view_is_booked_on_its_locations"),
    (Mutant("4 a view shows what lies only at its second location", stock._places_of_views, "missing.add(place)", "pass"), "engine/test_stock.py::test_a_view_shows_what_lies_only_at_its_second_location"),
    # section 5
    (Mutant("5.1 the cursor moves with its merges", feed.observe, "        with parts.ledger.write() as session:\n", "        with parts.ledger.write() as session:\n            lanes.advance(session, lane.side.name, lane.entity, read.page.cursor or '')\n        with parts.ledger.write() as session:\n"), "engine/test_crash.py::test_a_reading_that_is_killed_is_read_again[2]"),
    (Mutant("5.1 a page that was read is not read for ever", feed.observe, "if read.page.cursor is not None:", "if False:"), "engine/test_crash.py::test_a_quiet_round_reads_no_row_again"),
    (Mutant("5.1 no transaction over a call", feed.observe_facts, "    facts = _by_our_clock(channel.facts(cursor), channel.clock_offset)\n    with parts.ledger.write() as session:\n", "    with parts.ledger.write() as session:\n        facts = _by_our_clock(channel.facts(cursor), channel.clock_offset)\n"), "engine/test_crash.py::test_no_transaction_is_held_across_a_call"),
    (Mutant("5.2 the intent is durable before the call", deliver._open, "debts.open_intents(workspace.session, [one.intent for one in call if one.intent is not None])", "pass"), "engine/test_crash.py::test_a_figure_whose_delivery_is_killed_is_booked_once[4]"),
    (Mutant("5.2 the shadow is what was sent", receipts.receive, "shadow = {**binding.shadow, **intent.sent}", "shadow = {**binding.shadow, **side.mappings[intent.entity].put(known.record.values(), binding.shadow, context_of(workspace.topology, known.record, None, workspace.moment.today)).fields} if intent.entity is Entity.PRODUCT and binding.shadow else {**binding.shadow, **intent.sent}"), "engine/test_crash.py::test_what_is_agreed_while_a_write_is_under_way_is_owed_after_it"),
    (Mutant("5.2 asked only when it can no longer land", doubt.settle_doubts, "if intent.lands_by <= session.now", ""), "engine/test_crash.py::test_a_write_that_may_still_land_is_waited_for"),
    (Mutant("5.2 not repeated while in doubt", deliver._next_batch, " and id_ not in doubtful", ""), "engine/test_lives.py::test_a_create_without_an_answer_is_never_repeated_blind[lost]"),
    (Mutant("5.2 an ambiguous answer leaves it in doubt", receipts._is_known, " and not isinstance(result.error, AmbiguousWrite)", ""), "engine/test_fence.py::test_nothing_is_merged_while_a_write_is_in_doubt"),
    (Mutant("5.2 it shows what was sent: that is the shadow", doubt._settle_fields, "if landed:\n        workspace.change_binding(replace(binding, shadow={**binding.shadow, **intent.sent}))", "if landed:\n        pass"), "engine/test_crash.py::test_a_write_that_landed_without_an_answer_is_no_edit_by_the_shop"),
    (Mutant("5.2 neither: a conflict even where a = s", doubt._merge, "in_doubt=in_doubt", "in_doubt=frozenset()"), "engine/test_crash.py::test_an_edit_over_a_write_in_doubt_is_a_conflict"),
    (Mutant("5.2 an unfounded receipt is none", deliver._send, "except (RateLimited, AuthFailed, Transient):", "except ChannelError:"), "engine/test_withdrawn.py::test_only_what_was_surely_not_sent_is_withdrawn[AmbiguousWrite-]"),
    (Mutant("5.2 what was not sent is withdrawn", deliver._withdraw, "debts.close_intents(session, [one.intent.token for one in call if one.intent is not None])", "pass"), "engine/test_crash.py::test_what_was_not_sent_is_owed_at_once"),
    (Mutant("5.2 a removal in doubt is read back", doubt._conclude, 'if intent.operation == "delete":', "if False:"), "engine/test_lives.py::test_a_removal_without_an_answer_is_read_back[lost]"),
    (Mutant("5.2 an id beside an error is kept", receipts._keep_id, "if result is not None and", "if False and"), "engine/test_lives.py::test_an_id_that_was_handed_out_is_kept_beside_an_error"),
    (Mutant("5.3 a call takes what the channel takes at once", deliver._call_size, "max(lane.side.can(lane.entity).write_batch, 1)", "1000"), "engine/test_batches.py::test_a_write_is_intended_just_before_it_leaves"),
    (Mutant("5.2 what is in doubt is not read in vain", records.to_reread, "~select(intent.c.token).where(intent.c.binding_id == binding.c.id).exists(),", ""), "engine/test_fence.py::test_what_is_in_doubt_is_not_read_in_vain"),
    (Mutant("5.4 a listing that was cut short is no look", feed.observe, "if read.page.complete:", "if True:"), "engine/test_crash.py::test_a_listing_that_broke_off_is_no_look"),
    (Mutant("5.5 a completed sweep alone", absence._completed, "return read.page.complete", "return True"), "engine/test_lives.py::test_a_listing_without_an_end_concludes_nothing"),
    (Mutant("5.5 known before the sweep began", absence.sweep, "        missing.difference_update(", "        with parts.ledger.read() as session:\n            missing = records.external_ids(session, lane.side.name, lane.entity)\n        missing.difference_update("), "engine/test_lives.py::test_what_was_made_during_a_sweep_is_not_missing_from_it"),
    (Mutant("5.5 confirmed by a read by id", absence._conclude, "absent_by_id=id_ not in there", "absent_by_id=True"), "engine/test_lives.py::test_what_a_sweep_left_out_but_a_read_finds_is_there"),
    (Mutant("5.5 never from a 404 on a write", receipts.settle_result, 'intent.operation == "delete" and (result.error is None', '(isinstance(result.error, Gone) or intent.operation == "delete") and (result.error is None'), "engine/test_lives.py::test_a_404_on_a_write_is_no_deletion"),
    (Mutant("5.5 a missing row means what its adapter states", absence._conclude, "if not lane.side.can(lane.entity).sweep_concludes_gone:", "if False:"), "engine/test_lives.py::test_a_listing_that_leaves_rows_out_by_nature_concludes_nothing"),
    (Mutant("5.5 an old report of a deletion proves nothing", intake._bury_deleted, "seen.read_sequence < binding.fence or", ""), "engine/test_fence.py::test_a_deletion_that_was_undone_before_its_report_arrives_is_none"),
    (Mutant("5.5 replaced: rebind", tombstone._bury_one, "same_key=_others_with_key(workspace, lane, known, binding)", "same_key=[]"), "engine/test_lives.py::test_what_was_replaced_under_its_key_is_bound_anew"),
    (Mutant("5.5 who may end a life", tombstone._bury_one, "may_originate=_may_end(workspace, lane, known)", "may_originate=True"), "engine/test_lives.py::test_deleting_in_the_shop_does_not_end_a_record"),
    (Mutant("5.5 stock never ends elsewhere", tombstone._may_end, "if lane.entity is Entity.STOCK:\n        return False", "if lane.entity is Entity.STOCK:\n        return True"), "engine/test_lives.py::test_a_missing_stock_figure_takes_no_pieces_away"),
    (Mutant("5.5 a tombstone owes nothing", settle._settle_side, 'if binding.state in ("gone", "unlinked") or', "if"), "engine/test_lives.py::test_deleting_in_the_shop_does_not_end_a_record"),
    (Mutant("5.5 dated like an edit", intake._bury_deleted, "dated = replace(seen, since=binding.seen_at)", "dated = replace(seen, since=None, row=replace(seen.row, modified_at=None))"), "engine/test_lives.py::test_deletes_can_be_passed_on"),
    (Mutant("5.5 archive by default", tombstone._archive, "Agreed(False,", "Agreed(True,"), "engine/test_lives.py::test_the_owners_deletion_archives_elsewhere"),
    (Mutant("5.5 what was created since revives", intake._after_deletion, '== "revive"', '== "never"'), "engine/test_lives.py::test_what_was_created_anew_later_revives_the_record"),
    (Mutant("5.5 an older stranger is asked about", intake._after_deletion, "if not ended:", "if True:"), "engine/test_lives.py::test_an_older_stranger_under_the_key_of_what_was_deleted_is_asked_about"),
    (Mutant("5.5 read before it was deleted, it stays dead", intake._not_outlived, "if seen.read_sequence < fence:", "if False:"), "engine/test_fence.py::test_what_was_read_before_it_was_deleted_does_not_come_back"),
    (Mutant("5.6 weighed before it is merged", intake.take_observations, "pass_brakes(workspace, lane, [(id_, seen) for id_, seen in paired if not seen.row.deleted])", "[(id_, seen) for id_, seen in paired if not seen.row.deleted]"), "engine/test_holding.py::test_too_many_changes_are_parked_before_they_are_merged"),
    (Mutant("5.6 deletions are weighed", weighing.park_deletions, "_weigh(workspace, lane, entries)", "entries"), "engine/test_holding.py::test_too_many_deletions_are_parked"),
    (Mutant("5.6 over a rolling day", weighing._count, 'holds.weigh(workspace.session, lane.side.name, lane.entity, "in", kind, ids)', "pass"), "engine/test_holding.py::test_a_trickle_below_every_limit_is_counted_over_the_day"),
    (Mutant("5.6 the day ends", weighing._weigh, "workspace.moment.now - timedelta(", "workspace.moment.now - 1000 * timedelta("), "engine/test_holding.py::test_a_day_later_the_count_begins_anew"),
    (Mutant("5.6 outbound too", out.pass_out, "if not old:", "if True:"), "engine/test_holding.py::test_what_a_changed_mapping_owes_goes_through_the_brakes"),
    (Mutant("5.6 an emptied listing", weighing._kinds, 'kinds | {"emptied"} if entry.emptied else kinds', "kinds"), "engine/test_holding.py::test_an_emptied_listing_is_parked_whatever_its_share"),
    (Mutant("5.6 parked is not written", weighing._park, "replace(binding, held={**binding.held, WHOLE_BINDING: held})", "binding"), "engine/test_holding.py::test_too_many_changes_are_parked_before_they_are_merged"),
    (Mutant("5.6 more of what tripped is parked too", weighing._weigh, "[kind for kind in ALL_KINDS if kind in standing]", "[]"), "engine/test_holding.py::test_more_of_what_has_tripped_is_parked_too"),
    (Mutant("5.6 release merges it", operator.release_brake, "if observed:", "if False:"), "engine/test_holding.py::test_what_is_released_is_merged"),
    (Mutant("5.6 released is not weighed again", operator._settle_brake, ", released=True", ""), "engine/test_holding.py::test_what_is_released_is_merged"),
    (Mutant("5.6 refuse puts it back", operator.refuse_brake, "_put_back(parts, workspace, brake, one)", "pass"), "engine/test_holding.py::test_what_is_refused_is_put_back"),
    (Mutant("5.6 what is seen anew is weighed anew", intake._changed, "freed = unpark_seen(workspace, lane, ids)", "freed = set()"), "engine/test_holding.py::test_what_is_mended_there_leaves_the_brake_by_itself"),
    (Mutant("5.7 a refused value waits", receipts.refuse, "quarantine(workspace, side, intent, error, composed.owed)", "pass"), "engine/test_holding.py::test_a_refusal_without_a_field_holds_the_record"),
    (Mutant("5.7 alone where the remote names its field", receipts.quarantine, "complaints = error.fields if isinstance(error, Rejected) else {}", "complaints = {}"), "engine/test_holding.py::test_a_refused_field_waits_alone"),
    (Mutant("5.7 until it changes", settle._field_holds, "_is_lasting(hold) and hold.stands(wanted[name])", "_is_lasting(hold)"), "engine/test_holding.py::test_a_refused_value_is_tried_again_once_it_changes"),
    (Mutant("5.7 what cannot be read is not written", settle._field_holds, "hold.detail == UNREADABLE or", "hold.detail != UNREADABLE and"), "engine/test_holding.py::test_what_cannot_be_read_is_neither_merged_nor_written"),
    (Mutant("5.7 what cannot be read keeps its shadow", absorb._settled_side, "if name not in unread", ""), "engine/test_holding.py::test_an_edit_after_what_could_not_be_read_is_an_edit"),
    (Mutant("5.7 what cannot be carried waits", deliver._hold_problems, "if not composed.problems:", "if True:"), "engine/test_holding.py::test_what_a_channel_cannot_hold_is_listed"),
    (Mutant("5.7 the same error on many stops the lane", deliver._stop_on_channel_fault, "if fault is not None:", "if False:"), "engine/test_holding.py::test_the_same_refusal_of_all_records_stops_the_lane"),
    (Mutant("5.8 a look-up before every create", deliver._decide_creates, "decision = decide_create(None if rows is None else list(there), others)", "decision = Create()"), "engine/test_lives.py::test_a_stranger_found_before_a_create_is_matched"),
    (Mutant("5.8 a key held by another record", deliver._decide_creates, "bound.get(id_, record_id) != record_id", "False"), "engine/test_lives.py::test_a_key_that_another_record_holds_there_is_quarantined"),
    (Mutant("5.8 without a key it waits for the operator", deliver._decide_creates, "None if rows is None else list(there)", "list(there)"), "engine/test_customers.py::test_a_customer_who_lost_his_key_is_never_made_blind"),
    (Mutant("5.8 a create in doubt is looked for", doubt._settle_create, "len(ours) != 1 or", "True or"), "engine/test_lives.py::test_what_a_remote_fills_in_of_a_create_without_an_answer_is_nobodys_edit"),
    (Mutant("5.8 it is ours if it shows what was sent", doubt._settle_create, "if marked or lane.entity is Entity.STOCK or _shows(intent, seen)", ""), "engine/test_lives.py::test_a_create_in_doubt_is_not_taken_for_a_strangers"),
    (Mutant("5.8 the mark says which one it is", doubt._read_back, ' or (evidence.external_id if evidence else "")', ""), "engine/test_lives.py::test_evidence_that_names_the_record_holds_after_a_new_key"),
    (Mutant("5.8 the id that was handed out is stored", receipts.receive, "external_id=result.external_id or binding.external_id", "external_id=binding.external_id"), "engine/test_lives.py::test_what_the_remote_fills_in_by_itself_is_nobodys_edit"),
    (Mutant("5.8 the id addresses it, not the key", intake.take_observations, "[*moved, *strangers], tally", "[*moved, *strangers, *(s for _, s in known)], tally"), "engine/test_merging.py::test_a_changed_sku_is_the_same_record"),
    (Mutant("5.8 call by call", compose._first_part, "return part, projection.by_part[part]", "return part, tuple(projection.native)"), "engine/test_customers.py::test_a_create_of_several_calls_is_several_receipts"),
    (Mutant("5.8 the rest is owed", receipts._not_yet_written, "if not order:", "if True:"), "engine/test_customers.py::test_a_create_of_several_calls_is_several_receipts"),
    (Mutant("5.9 a price waits for its product", settle._dependency, "if record.entity not in DEPENDENT:", "if True:"), "engine/test_lives.py::test_a_price_waits_for_its_product"),
    (Mutant("5.9 stock waits for its product", stock._settle_figure, 'there is None or there.state != "bound" or there.external_id is None or not keeps_stock(side, there)', "there is None"), "engine/test_lives.py::test_stock_waits_for_its_product"),
    (Mutant("5.9 what left the scope is archived", settle._retire, "if record.entity in DEPENDENT or not binding.shadow:", "if True:"), "engine/test_lives.py::test_what_leaves_a_channels_scope_is_archived_there_with_its_stock_at_zero"),
    (Mutant("5.9 its stock at zero first", workspace.Workspace._with_stock_there, 'if next_step(standing) == "zero-stock":', "if False:"), "engine/test_lives.py::test_what_left_the_scope_is_not_archived_with_pieces_on_it"),
    (Mutant("5.9 its stock goes to zero", picture.targets_there, "dict.fromkeys(wanted, ZERO) if has_left(topology, side, product) else wanted", "wanted"), "engine/test_lives.py::test_what_leaves_a_channels_scope_is_archived_there_with_its_stock_at_zero"),
    (Mutant("5.10 a restored ledger knows that it is one", credentials.begin_session, "if is_older(inside, outside):", "if False:"), "ledger/test_credentials.py::test_a_ledger_put_back_is_noticed[sqlite]"),
    (Mutant("5.10 also where nothing happened since the backup", credentials.raise_generation, "vault.set_generation(following)", "pass"), "ledger/test_credentials.py::test_a_copy_made_by_a_backup_is_older[sqlite]"),
    (Mutant("5.10 old shadows of stock are forgotten", anew.forget_figures, "if n != _figure_name(parts, binding)", ""), "engine/test_calendar.py::test_a_restored_ledger_multiplies_no_movement"),
    (Mutant("5.10 the lowest figure is agreed", anew._agree_one, "lowest, differs = begin_anew(implied)", "lowest, differs = max(implied.values()), begin_anew(implied)[1]"), "engine/test_calendar.py::test_a_restored_ledger_oversells_nothing"),
    (Mutant("5.10 uncertain where they differ", anew._agree_one, "if differs:", "if False:"), "engine/test_calendar.py::test_a_restored_ledger_oversells_nothing"),
    (Mutant("5.4 a row that a page tells twice is told once", intake.take_page, "newest_of_each(page.rows)", "page.rows"), "engine/test_order.py::test_a_sale_that_a_page_tells_twice_is_one_sale"),
    (Mutant("5.4 of two versions on a page the newer counts", rows.newest_of_each, "(told.modified_at or UNDATED) <= (row.modified_at or UNDATED)", "True"), "engine/test_order.py::test_of_two_versions_on_a_page_the_newer_counts[True]"),
    # section 6
    (Mutant("6 who waits asks nothing", rounds.guarded, " or is_waiting(parts, lane)", ""), "engine/test_holding.py::test_refused_credentials_pause_the_whole_channel"),
    (Mutant("6 a limit lasts until the server's own reset", rounds._note_failure, "decision.until or session.now + waits", "session.now + waits"), "engine/test_holding.py::test_an_exhausted_budget_waits_for_the_servers_reset"),
    (Mutant("6 a limit is no failure", rounds._note_failure, "failures + decision.counts,", "failures + 1,"), "engine/test_holding.py::test_an_exhausted_budget_waits_for_the_servers_reset"),
    (Mutant("6 a limit amid a batch is no refusal", receipts.settle_result, "if isinstance(result.error, RateLimited | AuthFailed):", "if False:"), "engine/test_limits.py::test_a_limit_amid_a_batch_is_waited_for"),
    (Mutant("6 after a limit nothing more is sent", deliver._is_hopeless, "done.stop is not None or", ""), "engine/test_limits.py::test_nothing_more_is_sent_after_a_limit"),
    (Mutant("6 a connection lost amid a batch stops no lane", deliver._stop_on_channel_fault, "Transient if fault.kind == Transient.__name__ else ContractBroken", "ContractBroken"), "engine/test_limits.py::test_what_stops_a_channel_amid_a_batch_is_no_refusal_of_its_rows[lost]"),
]  # fmt: skip


@pytest.mark.parametrize(("mutant", "killer"), MUTANTS, ids=[mutant.rule for mutant, _ in MUTANTS])
def test_the_rule_is_needed(mutant: Mutant, killer: str, assert_killed: Callable[[Mutant, str], None]) -> None:
    """Without the rule, the story that is told of it fails."""
    assert_killed(mutant, f"tests/{killer}")
