"""What happens after an error, as a value: (error, attempts) → RetryDecision (sync-model 6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias

from connector.errors import (
    AmbiguousWrite,
    AuthFailed,
    ConfigError,
    ConnectorError,
    ContractBroken,
    Gone,
    LedgerError,
    MappingError,
    RateLimited,
    Rejected,
    SafetyHalt,
    Stale,
    Transient,
)

Action: TypeAlias = Literal[
    "retry",
    "back-off-lane",
    "wait-for-reset",
    "pause-channel",
    "quarantine",
    "observe-again",
    "confirm-deletion",
    "read-back",
    "stop-lane",
    "hold",
    "refuse-to-start",
    "stop-all-lanes",
]


@dataclass(frozen=True, slots=True)
class RetryDecision:
    """What the engine does next.

    Attributes:
        action: the step.
        wait_s: seconds until the next attempt, where the action has one.
        until: or the moment (UTC) that the server named.
        counts: whether it is a failure of the lane; waiting for a budget is none.
    """

    action: Action
    wait_s: float | None = None
    until: datetime | None = None
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Backoff:
    """Doubling waits with jitter: ``first_s`` after the first failure, never above ``longest_s``.

    After ``attempts`` of one binding its lane backs off as a whole: by then it is not the record.
    """

    first_s: float = 60.0
    longest_s: float = 4 * 3600.0
    attempts: int = 6

    def wait_s(self, attempts: int, jitter: float) -> float:
        """Between half and all of the doubled wait; ``jitter`` in 0…1 is drawn by the caller."""
        doubled = min(self.longest_s, self.first_s * 2.0 ** min(max(attempts - 1, 0), 40))
        return doubled * (0.5 + min(max(jitter, 0.0), 1.0) / 2)


DEFAULT_BACKOFF: Final = Backoff()

_SIMPLE: Final[tuple[tuple[type[ConnectorError], RetryDecision], ...]] = (
    (AuthFailed, RetryDecision("pause-channel")),
    (Rejected, RetryDecision("quarantine")),
    (MappingError, RetryDecision("quarantine")),
    (Stale, RetryDecision("observe-again", counts=False)),
    (Gone, RetryDecision("confirm-deletion", counts=False)),
    (ContractBroken, RetryDecision("stop-lane")),
    (SafetyHalt, RetryDecision("hold", counts=False)),
    (ConfigError, RetryDecision("refuse-to-start")),
    (LedgerError, RetryDecision("stop-all-lanes")),
)


def decide_retry(
    error: ConnectorError,
    attempts: int,
    jitter: float,
    backoff: Backoff = DEFAULT_BACKOFF,
    lands_within_s: float = 120.0,
) -> RetryDecision:
    """What to do after this error, the ``attempts``-th in a row (1: the first).

    ``lands_within_s`` is the channel's own statement of how long a call may still take effect. An
    error of no known kind is taken for a broken contract: the lane stops, and somebody looks.
    """
    for kind, decision in _SIMPLE:
        if isinstance(error, kind):
            return decision
    if isinstance(error, RateLimited):
        return RetryDecision("wait-for-reset", until=error.until, counts=False)
    if isinstance(error, AmbiguousWrite):
        return RetryDecision("read-back", wait_s=lands_within_s)
    if isinstance(error, Transient):
        action: Action = "retry" if attempts < backoff.attempts else "back-off-lane"
        return RetryDecision(action, wait_s=backoff.wait_s(attempts, jitter))
    return RetryDecision("stop-lane")


@dataclass(frozen=True, slots=True)
class Refusal:
    """One record's refusal, as far as refusals can be alike: the error's kind, its status and its cause."""

    kind: str
    status: int | None
    cause: str


def lane_fault(refusals: Iterable[Refusal], tried: int, *, few: int = 5) -> Refusal | None:
    """The refusal that is a fault of the channel rather than of its records; None: each waits alone.

    One and the same on more than ``few`` records and on more than half of those tried.
    """
    most = Counter(refusals).most_common(1)
    if not most:
        return None
    refusal, times = most[0]
    return refusal if times > few and times * 2 > tried else None
