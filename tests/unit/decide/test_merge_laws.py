"""Laws of the merge, for any values, sides and policies (sync-model 9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.decide.merge import Before, Policy, Rule, merge_field, merge_record
from connector.model.binding import OPERATOR, Agreed, Held, Provenance, Seen, Shadow, same
from connector.model.entity import Value
from connector.model.outcome import Moved, Nothing
from connector.model.record import OpenConflict
from tests.unit.decide.sides import NOON, RANK, at

RULES: tuple[Rule, ...] = ("owner", "latest", "manual", "delta", "union", "min", "max")
INITIAL = ("owner", "shop", "nobody", "manual", "latest", "min", "max")

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.decimals(),
    st.sampled_from([Decimal("1E+400000"), Decimal("-1E-400000"), Decimal("sNaN"), 10**500]),
    st.text(max_size=3),
)
values: st.SearchStrategy[Value] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=5,
)
few: st.SearchStrategy[Value] = st.sampled_from(["a", "b", None, 1, Decimal(1), True, ["a"], ["a", "b"], []])
moments = st.none() | st.integers(-90, 90).map(lambda seconds: NOON + timedelta(seconds=seconds))
channels = st.sampled_from([*RANK, "stranger", OPERATOR])
provenances = st.builds(Provenance, channels, moments, moments)
policies = st.builds(
    Policy,
    st.frozensets(st.sampled_from([*RANK, "stranger"])),
    st.permutations(RANK).map(tuple),
    st.sampled_from(RULES),
    st.sampled_from(INITIAL),
    st.sampled_from(["overwrite", "leave"]),
    st.booleans(),
)


def drawn(data: st.DataObject, of: st.SearchStrategy[Value]) -> tuple[Agreed | None, Shadow | None, Seen]:
    """Any agreed value, any shadow, any observation by a channel."""
    agreed = data.draw(st.none() | st.builds(Agreed, of, provenances))
    shadow = data.draw(st.none() | st.builds(Shadow, of))
    return agreed, shadow, data.draw(st.builds(Seen, of, provenances.filter(lambda one: one.channel != OPERATOR)))


circumstances = st.fixed_dictionaries(
    {"created_by_us": st.booleans(), "both_new": st.booleans(), "in_doubt": st.booleans()}
)


def contains(event: Value, value: Value) -> bool:
    """Whether the value is told of anywhere in an event."""
    if same(event, value):
        return True
    if isinstance(event, dict):
        return any(contains(inner, value) for inner in event.values())
    return isinstance(event, list) and any(contains(inner, value) for inner in event)


@pytest.mark.parametrize("of", [values, few], ids=["any values", "few values"])
@settings(deadline=None, max_examples=300)
@given(data=st.data(), policy=policies, flags=circumstances)
def test_every_combination_has_an_answer(
    of: st.SearchStrategy[Value], data: st.DataObject, policy: Policy, flags: dict[str, bool]
) -> None:
    """Total, nothing lost, nothing invented: the loser is in the event, and agreed comes from a side."""
    agreed, shadow, seen = drawn(data, of)
    outcome = merge_field(agreed, shadow, seen, policy, **flags)
    event = outcome.as_event()
    if isinstance(outcome, Nothing):
        assert shadow is not None
        assert same(seen.value, shadow.value)
        return
    after = outcome.agreed or agreed
    moved = isinstance(outcome, Moved) or (policy.rule == "union" and shadow is None)
    assert moved or contains(event, seen.value)
    if outcome.agreed is not None and agreed is not None:
        assert contains(event, agreed.value)
    assert moved or after is None or any(same(after.value, side.value) for side in (agreed, seen) if side)


@settings(deadline=None, max_examples=200)
@given(data=st.data(), policy=policies, flags=circumstances)
def test_what_was_just_merged_is_no_news(data: st.DataObject, policy: Policy, flags: dict[str, bool]) -> None:
    """Rule 6: once it is the shadow, the same observation does nothing, so that a page read again is a no-op."""
    agreed, shadow, seen = drawn(data, few)
    outcome = merge_field(agreed, shadow, seen, policy, **flags)
    again = merge_field(outcome.agreed or agreed, Shadow(seen.value), seen, policy, **flags)
    assert Nothing() == again


@settings(deadline=None, max_examples=200)
@given(data=st.data(), policy=policies)
def test_a_channel_that_may_not_originate_changes_nothing(data: st.DataObject, policy: Policy) -> None:
    """Neither by an edit nor at first contact does such a channel move the agreed value."""
    agreed, shadow, seen = drawn(data, few)
    policy = replace(policy, originators=policy.originators - {seen.by.channel})
    outcome = merge_field(agreed, shadow, seen, policy)
    assert outcome.agreed is None or (agreed is not None and same(outcome.agreed.value, agreed.value))


EDITS: dict[
    str, tuple[Value, Value, Value, Value]
] = {  # rule → the common base, and what each of three channels makes of it
    "owner": ("base", "a", "b", "c"),
    "latest": ("base", "a", "b", "c"),
    "min": (5, 7, 3, 4),
    "max": (5, 7, 3, 9),
    "delta": (5, 4, 4, 8),
    "union": (["a", "b"], ["a"], ["a", "b", "c"], ["a", "b", "d"]),
}


@pytest.mark.parametrize("rule", sorted(EDITS))
def test_the_order_of_observation_decides_nothing(rule: Rule) -> None:
    """One edit on each of three channels: agreed ends the same, in whichever order they are seen."""
    base, *edits = EDITS[rule]
    policy = Policy(frozenset(RANK), RANK, rule)
    ends = [_observe(policy, base, order) for order in permutations(list(zip(RANK, edits, [5, 20, 10], strict=True)))]
    assert [ends[0]] * 6 == ends


def _observe(policy: Policy, base: Value, order: Sequence[tuple[str, Value, int]]) -> Value:
    agreed = Agreed(base, Provenance("erp", at(0), at(0)))
    for channel, value, minute in order:
        edit = Seen(value, Provenance(channel, at(minute), at(minute) - timedelta(minutes=1)))
        agreed = merge_field(agreed, Shadow(base), edit, policy).agreed or agreed
    return agreed.value


names = st.sampled_from(["name", "price", "active"])


@settings(deadline=None, max_examples=200)
@given(
    data=st.data(),
    policy=policies,
    agreed=st.dictionaries(names, st.builds(Agreed, few, provenances)),
    shadow=st.dictionaries(names, few),
    seen=st.dictionaries(names, few),
    sides=st.dictionaries(channels, few, min_size=2),
)
def test_a_record_is_merged_field_by_field(
    data: st.DataObject,
    policy: Policy,
    agreed: dict[str, Agreed],
    shadow: dict[str, Value],
    seen: dict[str, Value],
    sides: dict[str, Value],
) -> None:
    """Total for records, too: with open conflicts, holds and doubt; and a change of agreed is always announced."""
    before = Before(
        agreed,
        {name: one.value for name, one in agreed.items()},
        shadow,
        dict.fromkeys(["name", "price", "active"], policy),
        {name: OpenConflict(1, name, 3, sides) for name in data.draw(st.sets(names))},
        {name: Held("drift") for name in data.draw(st.sets(names))},
        in_doubt=frozenset(data.draw(st.sets(names))),
    )
    merged = merge_record(before, seen, data.draw(provenances))
    assert merged.agreed.keys() <= merged.outcomes.keys() <= seen.keys()
    assert merged.changed == {
        name for name, new in merged.agreed.items() if name not in agreed or not same(new.value, agreed[name].value)
    }
    for change in merged.conflicts:
        assert change.kind == "open" or change.revision == 4
        distinct = [side for side in change.sides.values() if not same(side, seen[change.field])]
        assert (change.kind == "close") == (not distinct)
