"""What happens next after an error."""

from __future__ import annotations

import pytest

from connector import errors
from connector.decide.create import AskFirst, Create, CreateDecision, KeyTaken, Match, decide_create
from connector.decide.retry import Backoff, Refusal, RetryDecision, decide_retry, lane_fault
from tests.unit.decide.sides import at

CONFIG = errors.ConfigError([errors.Problem("config.toml:3", "unknown key")])


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (errors.RateLimited("60 a minute", until=at(1)), RetryDecision("wait-for-reset", until=at(1), counts=False)),
        (errors.AmbiguousWrite("no answer"), RetryDecision("read-back", wait_s=90.0)),
        (errors.Stale("moved on"), RetryDecision("observe-again", counts=False)),
        (errors.Gone("404"), RetryDecision("confirm-deletion", counts=False)),
        (errors.AuthFailed("revoked"), RetryDecision("pause-channel")),
        (errors.Rejected("too long"), RetryDecision("quarantine")),
        (errors.MappingError("no such VAT class"), RetryDecision("quarantine")),
        (errors.ContractBroken("page repeated"), RetryDecision("stop-lane")),
        (errors.SafetyHalt("brake"), RetryDecision("hold", counts=False)),
        (CONFIG, RetryDecision("refuse-to-start")),
        (errors.LedgerError("disk full"), RetryDecision("stop-all-lanes")),
        (errors.ChannelError("of no known kind"), RetryDecision("stop-lane")),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_errors_are_named_by_what_happens_next(error: errors.ConnectorError, expected: RetryDecision) -> None:
    """Each error has its own next step (rows 7, 14, 16, 30)."""
    assert expected == decide_retry(error, attempts=3, jitter=0.5, lands_within_s=90.0)


@pytest.mark.parametrize(
    ("attempts", "jitter", "action", "wait_s"),
    [
        (1, 1.0, "retry", 60.0),
        (1, 0.0, "retry", 30.0),
        (2, 1.0, "retry", 120.0),
        (5, 1.0, "retry", 960.0),
        (6, 1.0, "back-off-lane", 1920.0),
        (99, 1.0, "back-off-lane", 14400.0),
        (0, 7.0, "retry", 60.0),
    ],
)
def test_waits_double_with_jitter_and_end(attempts: int, jitter: float, action: str, wait_s: float) -> None:
    """A transient error is tried again, ever later, a bounded number of times; then its lane backs off (row 14)."""
    decided = decide_retry(errors.Transient("503"), attempts, jitter, Backoff())
    assert (action, wait_s) == (decided.action, decided.wait_s)


TOO_LONG, NO_SCOPE = Refusal("Rejected", 400, "name too long"), Refusal("Rejected", 403, "no permission")


@pytest.mark.parametrize(
    ("story", "refusals", "tried", "expected"),
    [
        ("none", [], 9, None),
        ("one bad record", [TOO_LONG], 9, None),
        ("different complaints", [TOO_LONG, NO_SCOPE] * 3, 9, None),
        ("the same one everywhere", [NO_SCOPE] * 6, 9, NO_SCOPE),
        ("the same one on a few of many", [NO_SCOPE] * 6, 200, None),
        ("the same one, but of a handful", [NO_SCOPE] * 5, 5, None),
    ],
)
def test_the_same_error_on_many_records(
    story: str, refusals: list[Refusal], tried: int, expected: Refusal | None
) -> None:
    """One bad record waits alone; the same error on most of many is a fault of the channel (row 14)."""
    assert expected == lane_fault(refusals, tried)


@pytest.mark.parametrize(
    ("story", "found", "bound", "expected"),
    [
        ("nobody holds the key", (), (), Create()),
        ("a stranger holds it", ("7",), (), Match("7")),
        ("another record holds it", ("7",), ("7",), KeyTaken(("7",))),
        ("several strangers hold it", ("7", "8"), (), KeyTaken(("7", "8"))),
        ("it cannot be looked up", None, (), AskFirst()),
    ],
)
def test_every_create_is_preceded_by_a_look_up(
    story: str, found: tuple[str, ...] | None, bound: tuple[str, ...], expected: CreateDecision
) -> None:
    """No create is made or repeated blind (rows 5, 12, 13)."""
    assert expected == decide_create(found, frozenset(bound))
