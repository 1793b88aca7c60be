"""Rule 0: which observations count."""

from __future__ import annotations

import pytest

from connector.decide.fence import Replaced, dropped
from tests.unit.decide.sides import at

REPLACED = Replaced({"name": "old"}, at(0))


@pytest.mark.parametrize(
    ("story", "began", "fence", "open_intent", "expected"),
    [
        ("read after the last merge", 8, 7, False, None),
        ("nothing was merged since the read began", 7, 7, False, None),
        ("read before the last merge or receipt", 6, 7, False, "older"),
        ("a write has no receipt yet", 8, 7, True, "in-doubt"),
        ("both: the older one is named", 6, 7, True, "older"),
    ],
)
def test_an_observation_counts(story: str, began: int, fence: int, open_intent: bool, expected: str | None) -> None:
    """A read that began before the last merge or receipt, or beside an open intent, is dropped (row 34)."""
    assert expected == dropped({"name": "x"}, began, at(9), fence, open_intent=open_intent)


@pytest.mark.parametrize(
    ("story", "value", "minutes", "lag_s", "expected"),
    [
        ("it still shows what we replaced", "old", 1, 120.0, "lagging"),
        ("at the very end of the lag", "old", 2, 120.0, "lagging"),
        ("it shows what we wrote", "new", 1, 120.0, None),
        ("the lag is over: someone put it back", "old", 3, 120.0, None),
        ("a channel that never lags", "old", 0, 0.0, None),
    ],
)
def test_within_the_read_lag(story: str, value: str, minutes: float, lag_s: float, expected: str | None) -> None:
    """Within the stated lag, a read that shows what we replaced is the channel being late, not an edit (row 34)."""
    assert expected == dropped({"name": value}, 8, at(minutes), 7, replaced=REPLACED, read_lag_s=lag_s)
