"""Conflicts that a person settles: opened, joined, closed by themselves, answered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.decide.conflict import Answer, resolve_conflict
from connector.decide.merge import Before, RecordMerge, merge_record
from connector.model.binding import OPERATOR, Agreed, Held, Provenance
from connector.model.entity import Value
from connector.model.outcome import Adopted, Answered, AskAgain, ConflictChange, Conflicted, Drift, SameEdit
from connector.model.record import OpenConflict
from tests.unit.decide.sides import ERP_OWNS, at, by, erp, operator

MANUAL = replace(ERP_OWNS, rule="manual")
OPEN = OpenConflict(7, "name", 2, {"erp": "b", "shop": "c"})


def merge(
    agreed: Agreed,
    channel: str,
    value: Value,
    *,
    base: Value = "a",
    conflict: OpenConflict | None = None,
    through: Value | None = None,
    **more: object,
) -> RecordMerge:
    known = Before(
        agreed={"name": agreed},
        through={"name": agreed.value if through is None else through},
        shadow={"name": base},
        policies={"name": MANUAL},
        conflicts={"name": conflict} if conflict else {},
    )
    return merge_record(replace(known, **more), {"name": value}, by(channel, 5))  # type: ignore[arg-type]  # named fields


def test_two_edits_open_one_conflict() -> None:
    """The first edit stays agreed, the second opens a conflict at revision 1 that shows both."""
    merged = merge(erp("b"), "shop", "c")
    assert (ConflictChange("name", "open", 1, {"erp": "b", "shop": "c"}),) == merged.conflicts
    assert {} == merged.agreed


def test_a_conflict_keeps_the_fuller_value_of_its_sides() -> None:
    """The side of agreed is shown whole, not as the observed channel can hold it."""
    merged = merge(erp("a long name"), "till", "c", through="a long")
    assert {"erp": "a long name", "till": "c"} == merged.conflicts[0].sides


@pytest.mark.parametrize(
    ("story", "channel", "base", "value", "sides"),
    [
        ("a third channel joins", "till", "a", "d", {"erp": "b", "shop": "c", "till": "d"}),
        ("the shop edits again", "shop", "c", "d", {"erp": "b", "shop": "d"}),
        ("the ERP edits again", "erp", "b", "d", {"erp": "d", "shop": "c"}),
    ],
)
def test_later_edits_join(story: str, channel: str, base: str, value: str, sides: dict[str, Value]) -> None:
    """One open conflict per record and field: a later edit raises its revision, and agreed stands."""
    merged = merge(erp("b"), channel, value, base=base, conflict=OPEN)
    assert (ConflictChange("name", "join", 3, sides),) == merged.conflicts
    assert {} == merged.agreed


def test_it_closes_by_itself_when_the_shop_gives_in() -> None:
    """Where the shop comes to show what is agreed, the conflict closes and agreed keeps its value."""
    merged = merge(erp("b"), "shop", "b", base="c", conflict=OPEN)
    assert (ConflictChange("name", "close", 3, {"erp": "b", "shop": "b"}),) == merged.conflicts
    assert isinstance(merged.outcomes["name"], SameEdit)
    assert frozenset() == merged.changed


def test_it_closes_by_itself_when_the_owner_gives_in() -> None:
    """Where the ERP comes to show what the shop shows, that is agreed, under the higher name."""
    merged = merge(erp("b"), "erp", "c", base="b", conflict=OPEN)
    assert (ConflictChange("name", "close", 3, {"erp": "c", "shop": "c"}),) == merged.conflicts
    assert ("c", "erp", "manual") == (
        merged.agreed["name"].value,
        merged.agreed["name"].by.channel,
        merged.agreed["name"].by.rule,
    )


def test_a_lossy_side_closes_it_when_it_shows_what_it_can_hold() -> None:
    """A channel that shows agreed as far as it can hold it counts as showing agreed (row 4)."""
    conflict = OpenConflict(7, "name", 1, {"erp": "a long name", "till": "c"})
    merged = merge(erp("a long name"), "till", "a long", base="c", conflict=conflict, through="a long")
    assert ["close"] == [change.kind for change in merged.conflicts]
    assert "a long name" == merged.agreed["name"].value


@pytest.mark.parametrize(
    ("story", "more"),
    [
        ("unchanged", {"base": "c"}),
        ("an edit that does not count", {"policies": {"name": replace(MANUAL, originators=frozenset({"erp"}))}}),
        ("a thing we created", {"shadow": {}, "created_by_us": True}),
    ],
)
def test_what_is_no_edit_does_not_join(story: str, more: dict[str, object]) -> None:
    """An observation that is nobody's edit leaves an open conflict at its revision."""
    merged = merge(erp("b"), "shop", "c", conflict=OPEN, **more)  # type: ignore[arg-type]  # named fields
    assert () == merged.conflicts
    assert {} == merged.agreed


def test_an_edit_seen_twice_joins_once() -> None:
    """A side that shows what the conflict says of it already does not raise the revision, and agreed stands."""
    merged = merge(erp("b"), "shop", "c", conflict=OPEN)
    assert () == merged.conflicts
    assert isinstance(merged.outcomes["name"], Conflicted)
    assert {} == merged.agreed


def test_a_newcomer_does_not_join() -> None:
    """First contact in a running setup, where agreed stands, is nobody's edit."""
    merged = merge(erp("b"), "till", "d", conflict=OPEN, shadow={})
    assert () == merged.conflicts
    assert isinstance(merged.outcomes["name"], Adopted)


def test_the_operator_takes_a_side() -> None:
    """The answer becomes agreed, by the operator, and the losing side is kept."""
    answered = resolve_conflict(OPEN, Answer(2, take="shop"), at(9), 41)
    assert Answered(Agreed("c", Provenance(OPERATOR, at(9), at(9), "manual", 41)), {"erp": "b"}) == answered


def test_the_operator_gives_a_value_of_his_own() -> None:
    """A value of his own makes losers of all sides; no value at all is one, too."""
    answered = resolve_conflict(OPEN, Answer(2, value=None), at(9), 41)
    assert isinstance(answered, Answered)
    assert (None, {"erp": "b", "shop": "c"}) == (answered.agreed.value, answered.losers)


@pytest.mark.parametrize(
    ("story", "answer", "reason"),
    [
        ("it has moved since it was shown", Answer(1, take="shop"), "moved"),
        ("nobody of that name takes part", Answer(2, take="till"), "unknown-side"),
    ],
)
def test_he_is_asked_again(story: str, answer: Answer, reason: str) -> None:
    """An answer to another revision, or to no side of it, settles nothing."""
    assert AskAgain(reason, 2, OPEN.sides) == resolve_conflict(OPEN, answer, at(9), 41)  # type: ignore[arg-type]  # tables


def test_an_edit_after_the_answer_is_a_new_conflict() -> None:
    """Before the answer has reached a channel, an edit there opens a conflict anew, with the operator's side."""
    merged = merge(operator("b"), "shop", "d", base="c")
    assert (ConflictChange("name", "open", 1, {OPERATOR: "b", "shop": "d"}),) == merged.conflicts


def test_a_life_that_differs_at_first_contact_is_asked_about_once() -> None:
    """Both sides are named even where the value agreed once came from the same channel."""
    policy = replace(ERP_OWNS, life=True)
    merged = merge(erp(False), "erp", True, shadow={}, policies={"name": policy})
    assert {"agreed": False, "erp": True} == merged.conflicts[0].sides


def test_drift_left_alone_is_held_until_agreed_moves() -> None:
    """The binding shows its own value and waits; the hold names both values and ends with another projection."""
    policy = replace(ERP_OWNS, originators=frozenset({"erp"}), drift="leave")
    merged = merge(erp("a"), "shop", "c", policies={"name": policy})
    hold = merged.holds["name"]
    assert isinstance(merged.outcomes["name"], Drift)
    assert ("drift", "c", "a") == (hold.reason, hold.shown, hold.projected)
    assert (True, False) == (hold.stands("a"), hold.stands("b"))


@pytest.mark.parametrize(
    ("story", "reason", "value", "released"),
    [
        ("it shows agreed again", "drift", "b", True),
        ("its edit is agreed now", "drift", "c", True),
        ("quarantine ends with another value to write", "quarantine", "c", True),
        ("a brake is released by the operator alone", "brake", "c", False),
    ],
)
def test_holds_that_end(story: str, reason: str, value: str, released: bool) -> None:
    """A hold that waits for another value ends when there is one, or nothing left to write."""
    held = {"name": Held(reason, projected="b")}  # type: ignore[arg-type]  # tables
    merged = merge(erp("b"), "shop", value, base="b" if value == "c" else "x", held=held)
    assert released == ("name" in merged.released)


def test_agreed_keeps_its_fuller_value() -> None:
    """A lossy channel that agrees does not degrade; one that edits replaces, and the history keeps it whole (row 4)."""
    agrees = merge(erp("a long name"), "till", "a long", through="a long")
    edits = merge(erp("a long name"), "till", "b", base="a long", through="a long")
    assert "a long name" == agrees.agreed["name"].value
    assert "a long name" == edits.outcomes["name"].as_event()["replaced"]["value"]  # type: ignore[index,call-overload]  # JSON
