"""What the host says about its limits (facts 28 to 34)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from connector.contract import Limit
from connector.transport import Answer

#: Budget → the middle of its headers' names.
_SETS: Final = {"day": "X-RateLimit", "minute": "X-RateLimit-Minutely"}
_UNSTATED: Final = timedelta(seconds=60)
#: Clocks so close are taken as one, so that the same reset is told alike each time.
_ONE_CLOCK: Final = timedelta(seconds=2)


def limits(answer: Answer) -> list[Limit]:
    """The budgets that an answer states; any of the headers may be missing (fact 33)."""
    return list(_stated(answer))


def asked_again(answer: Answer) -> datetime:
    """After a 429: the reset of the set that is at zero, else in a minute (fact 34)."""
    empty = [limit.resets_at for limit in _stated(answer) if limit.remaining == 0]
    return max(empty, default=answer.began_at + _UNSTATED)


def _stated(answer: Answer) -> Iterator[Limit]:
    for name, head in _SETS.items():
        numbers = [answer.headers.get(f"{head}-{part}", "") for part in ("Limit", "Remaining", "Reset")]
        if all(number.isascii() and number.isdigit() for number in numbers):
            limit, remaining, reset_ms = map(int, numbers)
            yield Limit(name, limit, remaining, _by_our_clock(reset_ms, answer))


def _by_our_clock(reset_ms: int, answer: Answer) -> datetime:
    """Epoch milliseconds of the server's clock (fact 32) as a moment of ours."""
    reset = datetime.fromtimestamp(reset_ms / 1000, UTC)
    ahead = timedelta(seconds=round((answer.server_at - answer.began_at).total_seconds()))
    return reset if abs(ahead) <= _ONE_CLOCK else reset - ahead
