"""Calls are money: never more than the server allows, and always some left for stock."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.contract import Limit
from connector.errors import RateLimited
from connector.ledger.budget import Allowance, ChannelBudget
from connector.ledger.engine import Database
from tests.ledger.conftest import Worker

NOON = datetime(2026, 6, 25, 12, tzinfo=UTC)
ASSUMED = [("minute", 60, 60), ("day", 5000, 86400), ("errors", 10, 3600)]


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def budget(database: Database, clock: Clock) -> ChannelBudget:
    return ChannelBudget(database, "erp", ASSUMED, now=clock)


def left(budget: ChannelBudget) -> dict[str, int]:
    return {each.name: each.remaining for each in budget.allowances()}


def said(name: str, limit: int, remaining: int, in_s: float) -> Limit:
    return Limit(name, limit, remaining, NOON + timedelta(seconds=in_s))


def spend_all(budget: ChannelBudget, purpose: str, most: int = 10_000) -> int:
    """How many calls are allowed, one by one."""
    for made in range(most):
        try:
            budget.spend(purpose)
        except RateLimited:
            return made
    return most


def test_a_call_counts_in_every_window(budget: ChannelBudget) -> None:
    """One call is taken from the minute and from the day (known failure 7)."""
    budget.spend("product")
    budget.spend("product", 3)
    assert {"minute": 56, "day": 4996} == left(budget)


def test_an_empty_budget_refuses_until_it_resets(budget: ChannelBudget, clock: Clock) -> None:
    """The call that would be one too many is not made, and the wait ends with the window (known failure 7)."""
    assert 60 == spend_all(budget, "product")
    with pytest.raises(RateLimited, match="minute 0/60") as raised:
        budget.spend("product")
    assert NOON + timedelta(seconds=60) == raised.value.until
    assert "erp" == raised.value.channel
    clock.now = raised.value.until
    budget.spend("product")
    assert 59 == left(budget)["minute"]


def test_a_refused_call_takes_nothing(budget: ChannelBudget) -> None:
    """Where one window has no room, no other window is charged."""
    spend_all(budget, "product")
    before = left(budget)
    with pytest.raises(RateLimited):
        budget.spend("product", 2)
    assert before == left(budget)


def test_windows_pass_while_nobody_calls(budget: ChannelBudget, clock: Clock) -> None:
    """After hours of silence the window that holds now is full, and ends where windows end."""
    budget.spend("product", 10)
    clock.advance(3 * 60 + 20)
    budget.spend("product")
    minute = next(each for each in budget.allowances() if each.name == "minute")
    assert (59, NOON + timedelta(seconds=240)) == (minute.remaining, minute.resets_at)


def test_the_last_calls_of_the_day_are_for_stock(database: Database, clock: Clock) -> None:
    """Products stop at the floor, stock goes on below it."""
    budget = ChannelBudget(database, "erp", [("day", 50, 86400)], now=clock, floor_share=Decimal("0.1"))
    assert (45, 5) == (spend_all(budget, "product"), spend_all(budget, "stock"))


def test_a_minute_needs_no_floor(database: Database, clock: Clock) -> None:
    """What is full again within a minute is used to the last call."""
    assert 60 == spend_all(ChannelBudget(database, "erp", [("minute", 60, 60)], now=clock), "product")


def test_a_channel_without_limits_is_free(database: Database, clock: Clock) -> None:
    """Where neither adapter nor server states a limit, every call is allowed, and nothing is stored."""
    budget = ChannelBudget(database, "shop", [], now=clock)
    budget.spend("product", 1000)
    assert {} == left(budget)


def test_channels_do_not_share(database: Database, budget: ChannelBudget, clock: Clock) -> None:
    """Each channel pays from its own budget."""
    spend_all(budget, "product")
    ChannelBudget(database, "till", ASSUMED, now=clock).spend("product")
    assert 0 == left(budget)["minute"]


@pytest.mark.parametrize(
    ("story", "words", "expected"),
    [
        ("it counts as we do", [said("minute", 60, 50, 30)], 50),
        ("it has counted more: another client uses it too", [said("minute", 60, 20, 30)], 20),
        ("it has not counted yet what is under way", [said("minute", 60, 55, 30)], 50),
        ("it allows more than was assumed", [said("minute", 100, 90, 30)], 90),
        ("it allows less", [said("minute", 30, 20, 30)], 20),
        ("an answer from a window that has passed", [said("minute", 60, 0, -1)], 50),
        ("a late answer of the same window", [said("minute", 60, 40, 30), said("minute", 60, 41, 31)], 40),
        ("a new window began there", [said("minute", 60, 3, 30), said("minute", 60, 60, 90)], 60),
    ],
)
def test_the_server_s_word_corrects(budget: ChannelBudget, story: str, words: list[Limit], expected: int) -> None:
    """After ten calls by our count, headers change what is left, never upwards within one window."""
    budget.spend("product", 10)
    for word in words:
        budget.learn([word])
    assert expected == left(budget)["minute"]


def test_the_server_s_reset_is_waited_for(budget: ChannelBudget) -> None:
    """Once the server has said when its window ends, that is until when we wait (known failure 7)."""
    budget.learn([said("day", 5000, 0, 7200)])
    with pytest.raises(RateLimited) as raised:
        budget.spend("stock")
    assert NOON + timedelta(seconds=7200) == raised.value.until


def test_a_budget_nobody_announced_is_kept(budget: ChannelBudget, clock: Clock) -> None:
    """A name that only the server knows becomes a budget, and turns over by the time it stated."""
    budget.learn([said("window", 5, 1, 300)])
    assert 1 == spend_all(budget, "stock")
    clock.advance(300)
    budget.spend("stock")
    assert 4 == left(budget)["window"]


def test_errors_are_counted_by_endpoint(budget: ChannelBudget, clock: Clock) -> None:
    """Ten errors an hour at one endpoint stop that endpoint for the hour, and nothing else (known failure 7)."""
    assert 10 == spend_all(budget, "errors:/items")
    with pytest.raises(RateLimited, match="errors:/items"):
        budget.spend("errors:/items", 0)
    budget.spend("errors:/accounts", 0)
    budget.spend("product")
    assert 59 == left(budget)["minute"]
    clock.advance(3600)
    budget.spend("errors:/items", 0)


def test_asking_costs_nothing(budget: ChannelBudget) -> None:
    """Zero calls ask whether one more may be made."""
    budget.spend("product", 0)
    assert {"minute": 60, "day": 5000} == left(budget)


def test_a_batch_larger_than_a_window_waits_for_a_full_one(database: Database, clock: Clock) -> None:
    """An announcement that no window could ever hold goes through when the window is full."""
    budget = ChannelBudget(database, "erp", [("minute", 5, 60)], now=clock)
    budget.spend("product", 8)
    with pytest.raises(RateLimited):
        budget.spend("product", 8)
    assert 0 == left(budget)["minute"]


def test_another_process_finds_what_is_left(database: Database, budget: ChannelBudget, clock: Clock) -> None:
    """A restart, or a second process, does not begin with a full budget (known failure 7)."""
    budget.spend("product", 10)
    budget.learn([said("day", 5000, 1000, 7200)])
    assert {"minute": 50, "day": 1000} == left(ChannelBudget(database, "erp", ASSUMED, now=clock))


def test_threads_never_overspend(database: Database, clock: Clock) -> None:
    """However many announce at once, no more calls are allowed than there are."""
    budget = ChannelBudget(database, "erp", [("minute", 60, 60)], now=clock)
    with ThreadPoolExecutor(8) as pool:
        assert 60 == sum(pool.map(lambda _: spend_all(budget, "stock"), range(8)))


def test_processes_never_overspend(ledger_url: str, database: Database, start: Callable[..., Worker]) -> None:
    """Three processes that share a channel together make as many calls as one would (known failure 7)."""
    workers = [start("spend", ledger_url, 60).until_ready() for _ in range(3)]
    for each in workers:
        each.go()
    assert 100 == sum(int(each.rest()[-1]) for each in workers)


moments = st.integers(-100, 100_000).map(lambda seconds: NOON + timedelta(seconds=seconds))


@given(st.integers(1, 500), st.integers(0, 500), st.integers(1, 90_000), moments, moments)
def test_a_budget_later_is_never_over(
    limit: int, remaining: int, window_s: int, resets: datetime, now: datetime
) -> None:
    """At any later moment the window lies ahead and holds at most its limit."""
    later = Allowance("day", limit, min(remaining, limit), window_s, resets).at(now)
    assert later.resets_at > now
    assert later.resets_at - max(resets, now) <= timedelta(seconds=window_s) or now < resets
    assert 0 <= later.remaining <= limit


@given(st.integers(0, 100), st.integers(1, 200), st.integers(0, 200), moments, st.booleans())
def test_a_correction_in_one_window_never_gives_back(
    remaining: int, limit: int, word: int, now: datetime, learned: bool
) -> None:
    """Within a window, the server's word never allows more calls than its limit less those we announced."""
    before = Allowance("day", 100, remaining, 3600, NOON + timedelta(days=9), learned)
    after = before.corrected(Limit("day", limit, word, before.resets_at), now)
    assert 0 <= after.remaining <= max(0, limit - (100 - remaining))
    assert after.remaining <= word


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        (0, NOON),
        (4, NOON),
        (5, NOON + timedelta(seconds=30)),
        (14, NOON + timedelta(seconds=30)),
        (15, NOON + timedelta(seconds=90)),
        (34, NOON + timedelta(seconds=150)),
    ],
)
def test_calls_beyond_what_is_left_wait_for_the_next_windows(calls: int, expected: datetime) -> None:
    """Four of ten are left now; ten more come in half a minute, and ten each minute after that."""
    minute = Allowance("minute", 10, 4, 60, NOON + timedelta(seconds=30))
    assert expected == minute.spent_at(calls, NOON)
