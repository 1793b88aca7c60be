"""Each numbered rule has a mutant, the decision without it, that the tables and laws of this folder must kill.

The stories of ``test_stock_world`` are drawn here with a seed.
"""
# ruff: noqa: E501  # one mutant, one line: the table is read across

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from connector.decide import brakes, conflict, create, doubt, fence, latest, life, merge, projection, retry, stock
from connector.model import binding
from tests.mutants.mutant import Mutant, living
from tests.unit.decide import (
    test_brakes,
    test_conflict,
    test_doubt,
    test_fence,
    test_hub,
    test_latest,
    test_life,
    test_merge,
    test_merge_laws,
    test_projection,
    test_retry,
    test_stock,
)
from tests.unit.decide.stock_world import PLACES, LooksAlikeError, World

TABLES: tuple[ModuleType, ...] = (
    test_fence, test_merge, test_conflict, test_doubt, test_latest, test_projection, test_life, test_brakes,
    test_retry, test_stock, test_merge_laws, test_hub,
)  # fmt: skip


MUTANTS = [
    # section 2, rule 0
    Mutant("2.0 a read before the last merge or receipt", fence.dropped, "if began < fence:", "if False:"),
    Mutant("2.0 a read that began at the fence counts", fence.dropped, "began < fence", "began <= fence"),
    Mutant("2.0 an open intent", fence.dropped, "if open_intent:", "if False:"),
    Mutant("2.0 read lag", fence.dropped, "if replaced is not None and", "if False and"),
    Mutant("2.0 the lag ends", fence._lags, "began_at > replaced.at", "False and began_at > replaced.at"),
    # rules 1 to 4
    Mutant("2.1 o = s", merge.merge_field, "if same(seen.value, shadow.value):", "if False:"),
    Mutant("2.2 o = a", merge.merge_field, "if agreed and same(seen.value, agreed.value)", "if False"),
    Mutant("2.2 not for delta", merge.merge_field, ' and policy.rule != "delta"', ""),
    Mutant("2.2 the later of the two times", merge._same_edit, "later_of(first, second)", "first"),
    Mutant("2.2 the higher name stands", merge._same_edit, "(seen, agreed) if", "(agreed, seen) if"),
    Mutant("2.3 fast-forward", merge._edited, "(same(agreed.value, shadow.value) and not in_doubt)", "False"),
    Mutant("2.3 no agreed value yet", merge._edited, "if agreed is None:\n        return FastForward(seen.agreed(\"fast-forward\"), None)", "if agreed is None:\n        return Nothing()"),
    Mutant("2.3 drift", merge.merge_field, "if not policy.may_originate(seen.by.channel):", "if False:"),
    Mutant("2.3 drift left alone", merge.merge_field, 'left=policy.drift == "leave"', "left=False"),
    Mutant("2.4 owner: the higher in rank", merge._settle, "policy.outranks(seen.by.channel, agreed.by.channel)", "True"),
    Mutant("2.4 the operator above all", merge.Policy._position, "if channel == OPERATOR:", "if False:"),
    Mutant("2.4 delta", merge._edited, '("delta", "union")', '("union",)'),
    Mutant("2.4 union", merge._edited, '("delta", "union")', '("delta",)'),
    Mutant("2.4 min", merge._preference, 'rule in ("min", "max")', 'rule == "max"'),
    Mutant("2.4 max", merge._preference, 'rule == "min" else not less', "True else not less"),
    Mutant("2.4 its own edit is no conflict with itself", merge._edited, "or agreed.by.channel == seen.by.channel", ""),
    Mutant("5.2 in doubt: a conflict even where a = s", merge._edited, " and not in_doubt", ""),
    # rule 5
    Mutant("2.5 what we created is shadow only", merge.merge_field, 'ShadowOnly(seen, "created") if created_by_us else ', ""),
    Mutant("2.5 first contact is no edit", merge.merge_field, "if shadow is None:", "if shadow is None and created_by_us:\n        return ShadowOnly(seen, \"created\")\n    shadow = shadow or Shadow(None)\n    if False:"),
    Mutant("2.5 equal values agree", merge._first_contact, "if same(seen.value, agreed.value):", "if False:"),
    Mutant("2.5 no value writes nothing", merge._first_contact, "if seen.value is None:", "if False:"),
    Mutant("2.5 a value that one side has is taken", merge._first_value, 'Adopted(seen.agreed("first-contact"), None, "one-sided")', 'ShadowOnly(seen, "empty")'),
    Mutant("2.5 if that side may originate it", merge._first_value, "if not policy.may_originate(seen.by.channel):", "if False:"),
    Mutant("2.5 differing: if it may originate", merge._first_contact, "if not policy.may_originate(seen.by.channel):", "if False:"),
    Mutant("2.5 never deletes or revives", merge._first_contact, "if policy.life:", "if False:"),
    Mutant("2.5 union unites", merge._first_contact, 'if policy.rule == "union":', "if False:"),
    Mutant("2.5 in a running setup agreed stands", merge._initial, " or not both_new", ""),
    Mutant("2.5 the owner's where both are new", merge._initial, "return takes if policy.outranks", "return stands if policy.outranks"),
    Mutant("2.5 a named channel's", merge._initial, "if policy.initial == seen.by.channel:", "if False:"),
    Mutant("2.5 manual", merge._initial, '("manual", ', "("),
    # rule 6 is the caller's; here: what a record merge hands back
    Mutant("2.6 the loser goes to the history whole", merge._with_fuller, "return replace(outcome, before=full)", "return outcome"),
    Mutant("3 agreed keeps its fuller value", merge._after, "Agreed(full.value, outcome.by)", "Agreed(outcome.seen.value, outcome.by)"),
    Mutant("2 a flag is no number", binding.same, "if isinstance(one, bool) or isinstance(other, bool):", "if False:"),
    # latest
    Mutant("latest: later wins", merge._preference, 'if rule == "latest":', "if False:"),
    Mutant("latest: ties fall to the rank", merge._preference, "newer if newer or older else None", "newer"),
    Mutant("latest: equal seconds are ties", latest._second, "moment.replace(microsecond=0)", "moment"),
    Mutant("latest: intervals that overlap are ties", latest.is_later, "begins, ends = one.since, other.at", "begins, ends = one.at, other.at"),
    Mutant("latest: unknown clocks are ties", latest.is_later, "if begins is None or ends is None or", "if begins is None:\n        return True\n    if ends is None or"),
    Mutant("latest: capped at the time of reading", latest.edit_interval, "min(modified_at - clock_offset, read_at)", "modified_at - clock_offset"),
    Mutant("latest: corrected by the clock offset", latest.edit_interval, "modified_at - clock_offset", "modified_at"),
    Mutant("latest: after a clock jump the date alone", latest.edit_interval, "if clock_jumped:", "if False:"),
    Mutant("latest: a date that did not move says nothing", latest.edit_interval, "if last_seen_at is not None and", "if False and"),
    # manual
    Mutant("manual: a conflict", merge._settle, 'if rule == "manual":', "if False:"),
    Mutant("manual: one conflict per field, later edits join", merge._merge_one, "if name in before.conflicts and full is not None:", "if False:"),
    Mutant("manual: joining raises the revision", conflict.join, "conflict.revision + 1", "conflict.revision"),
    Mutant("manual: joining leaves agreed alone", conflict.join, "return Conflicted(sides, seen), ConflictChange", "return outcome, ConflictChange"),
    Mutant("manual: closes by itself", conflict.join, "if not all(", "if True or not all("),
    Mutant("manual: what is no edit does not join", conflict.join, "if not _is_edit(outcome):", "if False:"),
    Mutant("manual: an edit seen twice joins once", conflict.join, "if same(sides, dict(conflict.sides)):", "if False:"),
    Mutant("manual: the answer names the revision", conflict.resolve_conflict, "if answer.revision != conflict.revision:", "if False:"),
    Mutant("manual: the answer names a side", conflict.resolve_conflict, "if answer.take is not None and answer.take not in conflict.sides:", "if False:"),
    Mutant("manual: losing sides are kept", conflict.resolve_conflict, "if not same(side, value)", "if same(side, value)"),
    # delivery is level-triggered
    Mutant("2 what differs is owed", projection._differs, "not same(value, shadow[name]) if", "False if"),
    Mutant("2 what is held is not", projection.owed, " and name not in held", ""),
    Mutant("2 a whole binding held", projection.owed, "if WHOLE_BINDING in held:", "if False:"),
    Mutant("2 what only a create takes", projection.owed, "name in writable and ", ""),
    Mutant("2 never met is read first", projection._differs, "else name in write_only", "else True"),
    Mutant("2 rewritten three times in a day", projection.rewritten_hold, "len(recent) < _REWRITES", "True"),
    Mutant("2 while agreed stood still", projection.Confirmed.again, "if same(value, self.value) else ()", ""),
    Mutant("2 holds end with another value to write", binding.Held.stands, "self.reason not in LIFTED_BY_CHANGE or ", "True or "),
    # section 4
    Mutant("4 own hand-overs are counted back", stock.StockShadow.gross.fget, "self.raw + self.handed + self.claimed", "self.raw + self.claimed"),
    Mutant("4 claims that a figure subtracts", stock.StockShadow.gross.fget, "self.raw + self.handed + self.claimed", "self.raw + self.handed"),
    Mutant("4 a receipt moves the shadow by what was sent", stock.StockShadow.after_difference, "self.raw + sent", "self.raw"),
    Mutant("4 what it subtracted itself is not sent on", stock.StockShadow.expected, "self.gross - handed - claimed", "self.raw"),
    Mutant("4 one hand-over, seen twice, counts once", stock._located, "remaining = max(sum(", "remaining = sum(sum("),
    Mutant("4 where it was first reported", stock.gone_lines, "sorted(facts.hand_overs, key=lambda fact: fact.sequence)", "facts.hand_overs[::-1]"),
    Mutant("4 a named place goes first", stock._located, 'key=lambda location: location == ""', 'key=lambda location: location != ""'),
    Mutant("4 a hand-over without a place is where it is booked", stock.StockFacts.handed, "self.place_of(fact)", "fact.location"),
    Mutant("4 what a view hands over leaves its first location", stock.StockFacts.unnamed, "self.first_of.get(channel, self.default_location)", "self.default_location"),
    Mutant("4 a place that nobody names", stock._unnamed_place, 'if "" in by_location', 'if "" not in by_location'),
    Mutant("4 a first report is no news", stock.first_report_movements, "still_to_subtract(before, source), still_to_subtract(after, source)", "{}, gone_lines(after)[\"web-1\"].where"),
    Mutant("4 till sales that someone books", stock.StockFacts.line_of, 'fact.order if fact.kind == "order" else', "fact.order if True else"),
    Mutant("4 the booking channel holds them", stock.StockFacts.held_by, "| booked", ""),
    Mutant("4 a channel that lists the order will subtract it", stock.StockFacts.held_by, "self.orders.get(channel, frozenset()) | ", ""),
    Mutant("4 a channel without it will not", stock.still_to_subtract, "if channel in gone.handed:", "if True:"),
    Mutant("4 no more than it claims", stock.Gone.pending, "min(behind, self.most.get(channel, behind))", "behind"),
    Mutant("4 its returns besides", stock._still_open, "if fact.quantity < 0:", "if False:"),
    Mutant("4 till sales are claimed by nobody", stock._most, "if line.startswith(TILL_LINE):", "if False:"),
    Mutant("4 a refund is news once", stock.newly_excused, "n - was.get(order, ZERO)", "n"),
    Mutant("4 a fall is not explained twice", stock.subtracted_unsent, " - sum(found.values(), ZERO)", ""),
    Mutant("4 nor by more than is gone", stock.subtracted_unsent, "min(excused.get(order, ZERO), fell - sum(found.values(), ZERO))", "fell - sum(found.values(), ZERO)"),
    Mutant("4 W", stock.raw_figure, "on_hand + to_subtract - claimed", "on_hand - claimed"),
    Mutant("4 K", stock.raw_figure, "on_hand + to_subtract - claimed", "on_hand + to_subtract"),
    Mutant("4 U in the view", stock._there, " + waiting.get(place, ZERO)", ""),
    Mutant("4 U from outside the view", stock._there, "there[view.locations[0]] +=", "_ ="),
    Mutant("4 the buffer", stock.shown, " - view.buffer", ""),
    Mutant("4 others' claims", stock.shown, " - others", ""),
    Mutant("4 own claims cancel out", stock.shown, "+ min(claimed, max(ZERO, total))", ""),
    Mutant("4 own claims are not sold twice", stock.shown, "total - claimed - others", "total - others"),
    Mutant("4 never below zero", stock.shown, "sellable = max(ZERO, total - claimed - others - view.buffer)", "sellable = total - claimed - others - view.buffer"),
    Mutant("4 never below zero in all", stock.shown, "max(ZERO, total))", "total)"),
    Mutant("4 no place below zero", stock._spread, "max(ZERO, pieces)", "pieces"),
    Mutant("4 the last place first", stock._spread, "reversed(left)", "left"),
    Mutant("4 an order is claimed once", stock._still_claimed, "return max(open_on", "return sum(open_on"),
    Mutant("4 what is gone is not claimed", stock._still_claimed, "claimed[channel] - behind", "claimed[channel]"),
    Mutant("4 its own orders are no one else's", stock.claims_of_others, "claim.order not in held and ", ""),
    Mutant("4 claims on other places", stock.claims_of_others, 'claim.location == "" or claim.location in locations', "True"),
    Mutant("4 movements of a view while they have stock", stock.booked_on_view, "max(remaining, min(ZERO, -on_hand.get(place, ZERO)))", "remaining"),
    Mutant("4 returns to the first", stock.booked_on_view, "first = view.locations[0]", "first = view.locations[-1]"),
    Mutant("4 doubt: evidence first", stock.settle_stock_doubt, "if evidence is not None:", "if False:"),
    Mutant("4 doubt: it equals what was sent", stock.settle_stock_doubt, "if seen.gross == sent.gross:", "if False:"),
    Mutant("4 doubt: it equals what was there", stock.settle_stock_doubt, "if seen.gross == old.gross:", "if False:"),
    Mutant("4 doubt: else what leaves less to sell", stock.settle_stock_doubt, "max(sent, old", "min(sent, old"),
    Mutant("4 a shipment put back by an absolute write", stock.overwritten, "_may_follow(at, reread_at) and at <= written_at", "False"),
    Mutant("4 a count waits for every other channel", stock.apply_count, "if any(read <= count.at", "if False and any(read <= count.at"),
    Mutant("4 what we sent since a count is no movement", stock.moved_since_count, "movement(counted, now) - sent", "movement(counted, now)"),
    Mutant("4 a count is rebased", stock.apply_count, "count.quantity + since - on_hand", "count.quantity - on_hand"),
    Mutant("4 a count knows what was before it", stock.apply_count, "if one.at is not None and one.at <= count.at:", "if False:"),
    # section 5
    Mutant("5.2 it shows what was sent", doubt.settle_doubt, "if landed == changing:", "if False:"),
    Mutant("5.2 neither: someone edited", doubt.settle_doubt, "if edited or landed", "if False"),
    Mutant("5.5 a hint is no tombstone", life.judge_absence, 'if absence.source == "write":', "if False:"),
    Mutant("5.5 completed sweeps only", life.judge_absence, "absence.sweep_completed and ", ""),
    Mutant("5.5 known before the sweep", life.judge_absence, " and absence.known_before", ""),
    Mutant("5.5 never from changes or a filter", life.judge_absence, 'absence.source == "sweep" and ', ""),
    Mutant("5.5 confirmed by id", life.judge_absence, '"gone" if absence.absent_by_id else "read-by-id"', '"gone"'),
    Mutant("5.5 there when asked", life.judge_absence, " or absence.absent_by_id is False:", ":"),
    Mutant("5.5 a missing row means what its adapter states", life.judge_absence, "or not absence.concludes_gone ", ""),
    Mutant("5.5 replaced: rebind", life.decide_deletion, "if len(same_key) == 1:", "if False:"),
    Mutant("5.5 several holders: ask", life.decide_deletion, "if same_key:\n        return Tombstone", "if False:\n        return Tombstone"),
    Mutant("5.5 who may end a life", life.decide_deletion, "and not may_originate:", "and False:"),
    Mutant("5.5 delete against edit", life.decide_deletion, 'if deletes == "delete" and any(', "if False and any("),
    Mutant("5.5 against edits elsewhere only", life._is_since, "edit.channel != deletion.channel and ", ""),
    Mutant("5.5 rebind once ours is archived or gone", life.rebind, 'ours != "live" and ', ""),
    Mutant("5.5 an older stranger does not revive", life.decide_revival, " and is_later(created, deletion)", ""),
    Mutant("5.5 a tombstone owes nothing", projection.next_step, '("gone", "unlinked")', "()"),
    Mutant("5.6 a share trips", brakes.weigh, "len({*here, *before}) > limit", "False"),
    Mutant("5.6 and more than a few", brakes._limit, "max(Decimal(limits.min_count), population * limits.share(kind))", "population * limits.share(kind)"),
    Mutant("5.6 over a rolling window", brakes.weigh, "len({*here, *before})", "len(here)"),
    Mutant("5.6 each record once", brakes.weigh, "len({*here, *before})", "len([*here, *before])"),
    Mutant("5.6 more of what tripped", brakes.weigh, "kind in tripped or", "False or"),
    Mutant("5.6 the rest goes on", brakes.weigh, "if kind not in candidate.kinds]", "if not candidate.kinds]"),
    Mutant("5.6 an emptied listing", brakes._limit, '("emptied", "factor")', '("factor",)'),
    Mutant("5.6 one price by the factor", brakes._kinds_of_number, "if entity is Entity.PRICE and", "if False and"),
    Mutant("5.6 a fall in one stock is never parked", brakes._kinds_of_number, "if entity is Entity.PRICE and", "if"),
    Mutant("5.6 noughts", brakes._kinds_of_number, 'kinds.add("zero")', 'kinds.add("change")'),
    Mutant("5.6 deletions", brakes.kinds_of, 'kinds.add("delete")', 'kinds.add("change")'),
    Mutant("5.7 the same error on many is the channel's", retry.lane_fault, "times > few and times * 2 > tried", "False"),
    Mutant("5.8 a stranger found is matched", create.decide_create, "return Match(found[0])", "return Create()"),
    Mutant("5.8 a key of another record", create.decide_create, "or bound_elsewhere & set(found)", ""),
    Mutant("5.8 never blind", create.decide_create, "return AskFirst()", "return Create()"),
    Mutant("5.9 a price waits for its product", projection.next_step, "or not standing.parent_bound", ""),
    Mutant("5.9 stock at zero first", projection.next_step, "if standing.stock_there:", "if False:"),
    Mutant("5.9 never just forgotten", projection.next_step, 'else "archive"', 'else "nothing"'),
    # section 6
    Mutant("6 retries are bounded", retry.decide_retry, "if attempts < backoff.attempts", "if True"),
    Mutant("6 waits double", retry.Backoff.wait_s, "self.first_s * 2.0 ** min(max(attempts - 1, 0), 40)", "self.first_s"),
    Mutant("6 with jitter", retry.Backoff.wait_s, "min(max(jitter, 0.0), 1.0) / 2", "0.5"),
    Mutant("6 a limit is no failure", retry.decide_retry, "until=error.until, counts=False", "until=error.until"),
]  # fmt: skip


def told_tables() -> Iterator[Callable[[], None]]:
    """Every line of every table here, as a call; laws with drawn values are left to the tables."""
    for module in TABLES:
        for name, test in vars(module).items():
            if name.startswith("test_") and callable(test) and not hasattr(test, "hypothesis"):
                for arguments in _lines(test):
                    yield lambda test=test, arguments=arguments: test(**arguments)


def _lines(test: Callable[..., None]) -> Iterator[dict[str, Any]]:
    tables = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
    for row in itertools.product(*(mark.args[1] for mark in tables)):
        yield {name: value for mark, values in zip(tables, row, strict=True) for name, value in _named(mark, values)}


def _named(mark: pytest.Mark, values: Any) -> Iterator[tuple[str, Any]]:
    names = mark.args[0]
    if isinstance(names, str):
        return iter([(names, values)])
    return iter(zip(names, values, strict=True))


def story(draw: random.Random) -> World:
    """One drawn story of stock, played to its quiet end."""
    world = World(books=draw.random() < 0.5)
    channels, orders = list(world.remotes), {"web-1": "shop", "web-2": "shop", "dealer-1": "erp"}
    for _ in range(30):
        order, channel = draw.choice(list(orders)), draw.choice(["erp", "shop"])
        event = draw.choice(["sell", "book", "edit", "order", "take", "hand", "hand", "facts", "read", "write"])
        match event:
            case "sell":
                world.sell(draw.randint(1, 4))
            case "book":
                world.book_till_sales()
            case "edit":
                world.edit(draw.choice(channels), draw.choice(PLACES), draw.choice([-3, -1, 2, 5]))
            case "order":
                world.order(orders[order], order, draw.choices(PLACES, k=3))
            case "take":
                world.take("erp", order)
            case "hand":
                world.hand_over(channel, order)
            case "facts":
                world.read_facts(draw.choice(channels))
            case "read":
                world.read_figures(draw.choice(channels))
            case _:
                world.deliver(draw.choice(channels), draw.choice(["confirmed", "confirmed", "lost", "landed"]))
    assert world.quiet() == 0
    return world


def told_stories() -> Iterator[Callable[[], None]]:
    """Forty stories of stock that must add up."""
    for seed in range(40):
        yield lambda seed=seed: _adds_up(random.Random(seed))


def _adds_up(draw: random.Random) -> None:
    try:
        world = story(draw)
    except LooksAlikeError:
        return
    assert 0 <= sum(world.truth.values()) - sum(world.on_hand.values()) <= world.uncertain
    assert world.uncertain or world.truth == world.on_hand
    for name, remote in world.remotes.items():
        assert sum(world.right_figures(name).values()) == sum(remote.raw.values())


def killed_by(calls: Iterator[Callable[[], None]]) -> bool:
    for call in calls:
        try:
            call()
        except Exception:  # noqa: BLE001  # a mutant may break in any way; each is a death
            return True
    return False


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.rule)
def test_the_rule_is_needed(mutant: Mutant) -> None:
    """Without the rule, a table or a story fails."""
    with living(mutant):
        assert killed_by(itertools.chain(told_tables(), told_stories()))


def test_without_mutants_everything_holds() -> None:
    """The same tables and stories pass as they are, so that a death is the mutant's."""
    assert not killed_by(itertools.chain(told_tables(), told_stories()))


STOCK_STORIES = [
    "4 own hand-overs are counted back", "4 a receipt moves the shadow by what was sent",
    "4 one hand-over, seen twice, counts once", "4 W", "4 till sales that someone books",
    "4 a channel without it will not", "4 the booking channel holds them",
    "4 own claims are not sold twice",
    "4 doubt: else what leaves less to sell",
]  # fmt: skip


@pytest.mark.parametrize("rule", STOCK_STORIES)
def test_the_stories_alone_need_it(rule: str) -> None:
    """The small world finds these by itself: it does not only repeat what the tables say."""
    (mutant,) = [one for one in MUTANTS if one.rule == rule]
    with living(mutant):
        assert killed_by(told_stories())
