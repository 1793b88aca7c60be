"""Small safe expressions: exact numbers, dotted names, and nothing that reaches out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from connector.mapping.converter import Unfit
from connector.mapping.expressions import Expression, ExpressionError


@pytest.mark.parametrize(
    ("text", "names", "value"),
    [
        ("a", {"a": 1}, 1),
        ("a", {}, None),
        ("a.b.c == 'x'", {"a.b.c": "x"}, True),
        (" p * 0.1", {"p": Decimal(3)}, Decimal("0.3")),
        ("0.1 + 0.2 == 0.3", {}, True),
        ("not starts and not ends", {"starts": None, "ends": None}, True),
        ("'Sale' in categories", {"categories": ["Sale"]}, True),
        ("'Sale' in categories", {"categories": None}, False),
        ("kind is None", {}, True),
        ("'yes' if qty > 1 else 'no'", {"qty": Decimal(2)}, "yes"),
        ("lower(code) == 'ab' and starts(code, 'A')", {"code": "AB"}, True),
        ("max(a, 2) - min(a, 2) + abs(-1)", {"a": Decimal(5)}, Decimal(4)),
        ("length(code) % 2", {"code": "abc"}, 1),
    ],
)
def test_an_expression_has_an_exact_value(text: str, names: dict[str, Any], value: Any) -> None:
    """Numbers are counted in decimals, a name that is missing is null."""
    assert value == Expression(text).value(names)


def test_an_expression_names_what_it_reads() -> None:
    """So that the adapter is asked for these names, and for no function."""
    assert {"a.b", "c"} == Expression("lower(a.b) == c").names


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a.b().c", "attributes cannot be used"),
        ("''.join(a)", "attributes cannot be used"),
        ("open('x')", "may call only"),
        ("lower.upper('x')", "may call only"),
        ("[a for a in b]", "ListComp cannot be used"),
        ("lambda: a", "Lambda cannot be used"),
        ("f'{a}'", "JoinedStr cannot be used"),
        ("a[0]", "Subscript cannot be used"),
        ("2 ** 9999999", "Pow cannot be used"),
        ("a := 1", "is no expression"),
        ("a = 1", "Assign cannot be used"),
        ("import os", "Import cannot be used"),
        ("a; b", "one expression"),
        ("a ==", "is no expression"),
        ("a\x00", "is no expression"),
    ],
)
def test_what_reaches_out_is_refused_when_it_is_read(text: str, what: str) -> None:
    """A mapping is a file that people exchange: it computes, and does nothing else."""
    with pytest.raises(ExpressionError, match=what):
        Expression(text)


@pytest.mark.parametrize(
    ("text", "names"),
    [("a > 1", {"a": None}), ("a / 0", {"a": Decimal(1)}), ("lower(a)", {"a": 1}), ("'x' * 9999999999", {})],
)
def test_an_expression_without_a_result_says_so(text: str, names: dict[str, Any]) -> None:
    """It is no answer, and as a condition it does not hold."""
    with pytest.raises(Unfit, match="has no result"):
        Expression(text).value(names)
    assert not Expression(text).holds(names)
