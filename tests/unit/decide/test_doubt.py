"""A write without an answer, and what the channel then shows."""

from __future__ import annotations

import pytest

from connector.decide.doubt import Edited, Landed, NotLanded, Settlement, settle_doubt
from connector.model.entity import Value

SENT: dict[str, Value] = {"name": "new", "price": 2}
OLD: dict[str, Value] = {"name": "old", "price": 1}


@pytest.mark.parametrize(
    ("story", "seen", "expected"),
    [
        ("it shows what was sent", {"name": "new", "price": 2}, Landed()),
        ("it shows what was there", {"name": "old", "price": 1}, NotLanded()),
        ("someone wrote something else", {"name": "his", "price": 1}, Edited(frozenset({"name"}), frozenset())),
        (
            "it landed, and someone wrote after it",
            {"name": "his", "price": 2},
            Edited(frozenset({"name"}), frozenset({"price"})),
        ),
        ("one field was dropped without a word", {"name": "new", "price": 1}, Edited(frozenset(), frozenset({"name"}))),
        ("it does not show one of them", {"name": "new"}, Edited(frozenset({"price"}), frozenset({"name"}))),
    ],
)
def test_what_became_of_it(story: str, seen: dict[str, Value], expected: Settlement) -> None:
    """The shadow is what was sent, what was there, or a conflict, field by field (row 5)."""
    assert expected == settle_doubt(SENT, OLD, seen)


def test_fields_that_did_not_change_say_nothing() -> None:
    """A field sent as it was is no evidence either way."""
    assert NotLanded() == settle_doubt(
        {"name": "new", "unit": "pc"}, {"name": "old", "unit": "pc"}, {"name": "old", "unit": "pc"}
    )


def test_a_create_that_shows_everything_has_landed() -> None:
    """Without an old value, only what was sent can be shown."""
    assert Landed() == settle_doubt({"name": "new"}, {}, {"name": "new", "filled_in": "0"})
