"""The numbered rules of sync-model, section 2, told as stories."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from connector.decide.merge import Policy, merge_field
from connector.model.binding import Agreed, Provenance, Seen, Shadow
from connector.model.outcome import (
    Adopted,
    Conflicted,
    Drift,
    FastForward,
    Moved,
    Nothing,
    Outcome,
    SameEdit,
    SetDifference,
    Settled,
    ShadowOnly,
)
from tests.unit.decide.sides import ERP_OWNS, RANK, by, erp, let_in, operator, seen, shadow, shop

LATEST = replace(ERP_OWNS, rule="latest")
MANUAL = replace(ERP_OWNS, rule="manual")
DELTA = replace(ERP_OWNS, rule="delta")
UNION = replace(ERP_OWNS, rule="union")
LEAST, MOST = replace(ERP_OWNS, rule="min"), replace(ERP_OWNS, rule="max")
ERP_ONLY = replace(ERP_OWNS, originators=frozenset({"erp"}))
ERP_ONLY_LEFT = replace(ERP_ONLY, drift="leave")
LIFE = replace(ERP_OWNS, life=True)

SHOP_B, SHOP_C, ERP_C = seen("shop", "b"), seen("shop", "c"), seen("erp", "c")


@pytest.mark.parametrize(
    ("story", "agreed", "base", "now", "expected"),
    [
        ("nobody touched it", erp("a"), shadow("a"), seen("shop", "a"), Nothing()),
        ("the shop missed our write, unedited", erp("b"), shadow("a"), seen("shop", "a"), Nothing()),
        ("nobody touched a field without agreed value", None, shadow("a"), seen("shop", "a"), Nothing()),
        ("only the shop edited", erp("a"), shadow("a"), SHOP_B, FastForward(let_in(SHOP_B, "fast-forward"), erp("a"))),
        ("the first value ever", None, shadow("a"), SHOP_B, FastForward(let_in(SHOP_B, "fast-forward"), None)),
        (
            "the shop emptied it on purpose",
            erp("a"),
            shadow("a"),
            seen("shop", None),
            FastForward(let_in(seen("shop", None), "fast-forward"), erp("a")),
        ),
        (
            "a flag is no number: false where a nought was",
            erp(0),
            shadow(0),
            seen("shop", False),
            FastForward(let_in(seen("shop", False), "fast-forward"), erp(0)),
        ),
        ("both made the same edit", erp("b"), shadow("a"), SHOP_B, SameEdit(by("erp", 5), SHOP_B)),
        (
            "they disagree, and the ERP owns it",
            erp("b"),
            shadow("a"),
            SHOP_C,
            Settled(erp("b"), let_in(SHOP_C, "owner"), "owner", seen_won=False),
        ),
        (
            "they disagree, and the ERP is seen second",
            shop("b"),
            shadow("a"),
            ERP_C,
            Settled(let_in(ERP_C, "owner"), shop("b"), "owner", seen_won=True),
        ),
        (
            "an operator stands above the owner",
            operator("b"),
            shadow("a"),
            ERP_C,
            Settled(operator("b"), let_in(ERP_C, "owner"), "owner", seen_won=False),
        ),
        (
            "a channel edits again what it brought itself: nobody else moved",
            shop("b"),
            shadow("a"),
            SHOP_C,
            FastForward(let_in(SHOP_C, "fast-forward"), shop("b")),
        ),
        (
            "equal decimals of another scale are no edit",
            erp(Decimal("9.950")),
            shadow(Decimal("9.95")),
            seen("shop", Decimal("9.9500")),
            Nothing(),
        ),
    ],
)
def test_a_channel_is_observed(story: str, agreed: Agreed | None, base: Shadow, now: Seen, expected: Outcome) -> None:
    """One observation of one field, where the ERP owns it and all may edit."""
    assert expected == merge_field(agreed, base, now, ERP_OWNS)


@pytest.mark.parametrize(
    ("story", "policy", "agreed", "base", "now", "expected"),
    [
        ("drift is overwritten", ERP_ONLY, erp("a"), "a", SHOP_B, Drift(SHOP_B, erp("a"), left=False)),
        ("drift is left alone", ERP_ONLY_LEFT, erp("a"), "a", SHOP_B, Drift(SHOP_B, erp("a"), left=True)),
        ("drift in a conflict, too", ERP_ONLY, erp("b"), "a", SHOP_C, Drift(SHOP_C, erp("b"), left=False)),
        ("drift without an agreed value", ERP_ONLY, None, "a", SHOP_B, Drift(SHOP_B, None, left=False)),
        (
            "drift by every rule: delta",
            replace(DELTA, originators=frozenset({"erp"})),
            erp(5),
            5,
            seen("shop", 4),
            Drift(seen("shop", 4), erp(5), left=False),
        ),
        ("what may not originate still agrees", ERP_ONLY, erp("b"), "a", SHOP_B, SameEdit(by("erp"), SHOP_B)),
        (
            "a higher name takes over the same edit, so that order decides nothing",
            ERP_OWNS,
            shop("b", 9),
            "a",
            seen("erp", "b", 5),
            SameEdit(by("erp", 9), seen("erp", "b", 5)),
        ),
    ],
)
def test_who_may_originate(
    story: str, policy: Policy, agreed: Agreed | None, base: str, now: Seen, expected: Outcome
) -> None:
    """An edit counts only on a channel that may originate the field; elsewhere it is drift (row 4)."""
    assert expected == merge_field(agreed, shadow(base), now, policy)


LATE, EARLY, SAME = seen("shop", "c", 9), seen("shop", "c", -9), seen("shop", "c", 0)
UNKNOWN = Seen("c", Provenance("shop"))
OVERLAP = Seen("c", Provenance("shop", at=by("x", 9).at, since=by("x", -9).at))
TILL_LATE = seen("till", "c", 9)


@pytest.mark.parametrize(
    ("story", "agreed", "now", "seen_won", "tie"),
    [
        ("the shop edited later", erp("b"), LATE, True, False),
        ("the ERP edited later", erp("b"), EARLY, False, False),
        ("the same second: the rank decides", erp("b"), SAME, False, True),
        ("the same second, and the shop outranks the till", Agreed("b", by("till")), SAME, True, True),
        ("an unknown clock is a tie", erp("b"), UNKNOWN, False, True),
        ("intervals that overlap are a tie", erp("b"), OVERLAP, False, True),
        ("the lowest in rank wins if it was later", erp("b"), TILL_LATE, True, False),
    ],
)
def test_latest(story: str, agreed: Agreed, now: Seen, seen_won: bool, tie: bool) -> None:
    """The later edit wins where it is certainly later; ties and unknown clocks fall to the rank."""
    theirs = let_in(now, "latest")
    winner, loser = (theirs, agreed) if seen_won else (agreed, theirs)
    assert Settled(winner, loser, "latest", seen_won, tie) == merge_field(agreed, shadow("a"), now, LATEST)


@pytest.mark.parametrize(
    ("story", "policy", "agreed", "now", "seen_won", "tie"),
    [
        ("where two sides differ, no wins", LEAST, erp(True), seen("shop", False), True, False),
        ("no stays no", LEAST, erp(False), seen("shop", True), False, False),
        ("the lowest number", LEAST, erp(Decimal("2.5")), seen("shop", 2), True, False),
        ("the highest number", MOST, erp(Decimal("2.5")), seen("shop", 2), False, False),
        ("the highest text", MOST, erp("a"), seen("shop", "b"), True, False),
        ("what cannot be compared falls to the rank", LEAST, erp("a"), seen("shop", 2), False, True),
        ("nothing cannot be compared", MOST, shop("a"), seen("erp", None), True, True),
    ],
)
def test_min_and_max(story: str, policy: Policy, agreed: Agreed, now: Seen, seen_won: bool, tie: bool) -> None:
    """`min` and `max` settle by value, whoever brought it."""
    theirs = let_in(now, policy.rule)
    winner, loser = (theirs, agreed) if seen_won else (agreed, theirs)
    assert Settled(winner, loser, policy.rule, seen_won, tie) == merge_field(agreed, shadow("z"), now, policy)


def test_manual_puts_nothing_back() -> None:
    """Two edits of a `manual` field are a conflict with both sides, and agreed stands."""
    outcome = merge_field(erp("b"), shadow("a"), SHOP_C, MANUAL)
    assert Conflicted({"erp": "b", "shop": "c"}, SHOP_C) == outcome
    assert outcome.agreed is None


@pytest.mark.parametrize(
    ("story", "policy", "agreed", "base", "now", "difference", "value"),
    [
        ("one sold here, nothing elsewhere", DELTA, erp(5), 5, seen("till", 4), Decimal(-1), 4),
        ("one sold here, one elsewhere", DELTA, erp(4), 5, seen("till", 4), Decimal(-1), 3),
        ("below zero", DELTA, erp(0), 1, seen("till", 0), Decimal(-1), -1),
        ("parts of a piece", DELTA, erp(Decimal("1.5")), 2, seen("till", Decimal("1.75")), Decimal("-0.25"), 1.25),
        (
            "added here, removed elsewhere",
            UNION,
            erp(["b"]),
            ["a", "b"],
            seen("shop", ["a", "b", "c"]),
            SetDifference(("c",), ()),
            ["b", "c"],
        ),
        (
            "one added, one removed, only here",
            UNION,
            erp(["a", "b"]),
            ["a", "b"],
            seen("shop", ["b", "c"]),
            SetDifference(("c",), ("a",)),
            ["b", "c"],
        ),
        ("emptied", UNION, erp(["a", "b"]), ["a"], seen("shop", None), SetDifference((), ("a",)), ["b"]),
    ],
)
def test_movements_add_up(
    story: str,
    policy: Policy,
    agreed: Agreed,
    base: object,
    now: Seen,
    difference: Decimal | SetDifference,
    value: object,
) -> None:
    """`delta` and `union` add what changed here to whatever is agreed, also where sides look equal (row 31)."""
    outcome = merge_field(agreed, Shadow(base), now, policy)  # type: ignore[arg-type]  # tables mix value types
    assert isinstance(outcome, Moved)
    assert (difference, value, agreed) == (outcome.difference, outcome.agreed.value, outcome.before)


def test_a_write_in_doubt_that_shows_neither_is_a_conflict() -> None:
    """Where the channel shows neither old nor new, someone edited: a conflict even where a = s (5.2)."""
    certain = merge_field(erp("b"), shadow("b"), SHOP_C, ERP_OWNS)
    doubtful = merge_field(erp("b"), shadow("b"), SHOP_C, ERP_OWNS, in_doubt=True)
    assert FastForward(let_in(SHOP_C, "fast-forward"), erp("b")) == certain
    assert Settled(erp("b"), let_in(SHOP_C, "owner"), "owner", seen_won=False) == doubtful


def initial(rule: str) -> Policy:
    return replace(ERP_OWNS, initial=rule)


@pytest.mark.parametrize(
    ("story", "policy", "both_new", "agreed", "now", "expected"),
    [
        ("equal values agree", ERP_OWNS, True, erp("b"), SHOP_B, Adopted(erp("b", 5), None, "equal")),
        (
            "the first side brings it",
            ERP_OWNS,
            True,
            None,
            SHOP_B,
            Adopted(let_in(SHOP_B, "first-contact"), None, "one-sided"),
        ),
        (
            "no value writes nothing",
            ERP_OWNS,
            True,
            erp("a"),
            seen("shop", None),
            ShadowOnly(seen("shop", None), "empty"),
        ),
        ("nobody has a value", ERP_OWNS, True, None, seen("shop", None), ShadowOnly(seen("shop", None), "empty")),
        ("it may not bring one", ERP_ONLY, True, None, SHOP_B, ShadowOnly(SHOP_B, "not-originator")),
        ("it may not change one", ERP_ONLY_LEFT, True, erp("a"), SHOP_B, Drift(SHOP_B, erp("a"), left=True)),
        (
            "both new: the owner's",
            ERP_OWNS,
            True,
            shop("b"),
            ERP_C,
            Adopted(let_in(ERP_C, "initial"), shop("b"), "initial"),
        ),
        (
            "both new: the owner was first",
            ERP_OWNS,
            True,
            erp("b"),
            SHOP_C,
            Adopted(None, let_in(SHOP_C, "initial"), "initial"),
        ),
        (
            "a running setup: agreed stands",
            ERP_OWNS,
            False,
            shop("b"),
            ERP_C,
            Adopted(None, let_in(ERP_C, "initial"), "initial"),
        ),
        (
            "emptied on purpose is a value",
            ERP_OWNS,
            False,
            erp(None),
            SHOP_C,
            Adopted(None, let_in(SHOP_C, "initial"), "initial"),
        ),
        (
            "the shop's by configuration",
            initial("shop"),
            False,
            erp("b"),
            SHOP_C,
            Adopted(let_in(SHOP_C, "initial"), erp("b"), "initial"),
        ),
        (
            "the shop's, and it was first",
            initial("shop"),
            True,
            shop("b"),
            ERP_C,
            Adopted(None, let_in(ERP_C, "initial"), "initial"),
        ),
        (
            "the till's, but neither is the till",
            initial("till"),
            True,
            shop("b"),
            ERP_C,
            Adopted(let_in(ERP_C, "initial"), shop("b"), "initial"),
        ),
        ("asked", initial("manual"), True, erp("b"), SHOP_C, Conflicted({"erp": "b", "shop": "c"}, SHOP_C)),
        (
            "the latest",
            initial("latest"),
            True,
            erp("b"),
            SHOP_C,
            Settled(let_in(SHOP_C, "latest"), erp("b"), "latest", seen_won=True),
        ),
        (
            "sets unite",
            UNION,
            False,
            erp(["a"]),
            seen("shop", ["b"]),
            Adopted(let_in(seen("shop", ["a", "b"]), "union"), erp(["a"]), "union"),
        ),
        (
            "a differing life is asked about",
            LIFE,
            True,
            erp(False),
            seen("shop", True),
            Conflicted({"erp": False, "shop": True}, seen("shop", True)),
        ),
        (
            "an owner's death notice is asked about",
            LIFE,
            True,
            shop(True),
            seen("erp", False),
            Conflicted({"shop": True, "erp": False}, seen("erp", False)),
        ),
        (
            "two counts are not added at first contact",
            DELTA,
            False,
            erp(5),
            seen("till", 3),
            Adopted(None, let_in(seen("till", 3), "initial"), "initial"),
        ),
    ],
)
def test_first_contact(
    story: str, policy: Policy, both_new: bool, agreed: Agreed | None, now: Seen, expected: Outcome
) -> None:
    """Without a shadow, values meet by rule 5; nothing is deleted, revived or emptied by it (row 16)."""
    assert expected == merge_field(agreed, None, now, policy, both_new=both_new)


@pytest.mark.parametrize("value", [0, None, "NL", Decimal("0.00")])
def test_what_a_remote_fills_in_is_nobodys_edit(value: object) -> None:
    """The defaults of a thing we just created become the shadow, never agreed (row 36)."""
    filled = Seen(value, by("shop", 9))  # type: ignore[arg-type]  # tables mix value types
    assert ShadowOnly(filled, "created") == merge_field(erp("9.95"), None, filled, LATEST, created_by_us=True)
    assert ShadowOnly(filled, "created") == merge_field(None, None, filled, LATEST, created_by_us=True)


def test_a_lossy_channel_that_shows_what_it_can_hold_made_no_edit() -> None:
    """Agreed, as the channel can hold it, is no edit, however often it is read (row 4)."""
    through = erp("Mug, navy blue, 330 m")
    assert merge_field(through, shadow("Mug"), seen("till", "Mug, navy blue, 330 m"), ERP_OWNS).agreed is None
    assert Nothing() == merge_field(through, shadow(through.value), seen("till", through.value), ERP_OWNS)


def test_rank_is_a_total_order() -> None:
    """The operator first, then the owner, the channels in order, and strangers by name."""
    names = ["zz", "till", "aa", "operator", "erp", "shop"]
    ranked = sorted(names, key=lambda one: sum(ERP_OWNS.outranks(other, one) for other in names))
    assert ["operator", *RANK, "aa", "zz"] == ranked
