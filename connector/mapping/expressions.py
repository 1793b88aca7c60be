"""Small safe expressions in mappings: ``only``, ``when``, ``needs``, ``refuse`` and ``compute``.

simpleeval, reduced: no attributes, calls only of the functions below, numbers are ``Decimal``, and
a text is parsed once. A dotted name (``stock_item.qty``) is one name, never an attribute access.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from simpleeval import InvalidExpression, SimpleEval, safe_add, safe_mult

from connector.mapping.converter import Unfit

_OPERATORS: Final[Mapping[type[ast.AST], Callable[..., Any]]] = {
    ast.Add: safe_add,
    ast.Sub: operator.sub,
    ast.Mult: safe_mult,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Gt: operator.gt,
    ast.Lt: operator.lt,
    ast.GtE: operator.ge,
    ast.LtE: operator.le,
    ast.Not: operator.not_,
    ast.USub: operator.neg,
    ast.In: lambda item, whole: item in (whole or ()),
    ast.NotIn: lambda item, whole: item not in (whole or ()),
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}

#: What an expression may call.
FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "min": min,
    "max": max,
    "abs": abs,
    "length": len,
    "lower": str.lower,
    "upper": str.upper,
    "starts": str.startswith,
    "ends": str.endswith,
}

_ALLOWED: Final = (
    ast.Expr, ast.Name, ast.Load, ast.UnaryOp, ast.BinOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Call,
    ast.Constant, ast.And, ast.Or, *_OPERATORS,
)  # fmt: skip


class ExpressionError(ValueError):
    """A text that is no safe expression; the message says why."""


class Expression:
    """One expression, parsed at load; ``names`` are those it reads."""

    def __init__(self, text: str) -> None:
        self.text = text.strip()
        self._tree = _parsed(self.text)
        called = {id(node.func) for node in ast.walk(self._tree) if isinstance(node, ast.Call)}
        self.names = frozenset(
            node.id for node in ast.walk(self._tree) if isinstance(node, ast.Name) and id(node) not in called
        )

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    @property
    def is_name(self) -> bool:
        """Whether it is one name and nothing else."""
        return isinstance(self._tree, ast.Expr) and isinstance(self._tree.value, ast.Name)

    def value(self, names: Mapping[str, Any]) -> Any:
        """Evaluate over these names; one that is missing is None. Raises :class:`Unfit` where it cannot."""
        if self.is_name:
            return names.get(self.text)
        known = {name: names.get(name) for name in self.names}
        try:
            return _evaluator(known).eval(self.text, self._tree)
        except (InvalidExpression, TypeError, ValueError, ArithmeticError, AttributeError) as error:
            raise Unfit(f"the expression {self.text!r} has no result for it") from error

    def holds(self, names: Mapping[str, Any]) -> bool:
        """Whether it is true; an expression without a result is not."""
        try:
            return bool(self.value(names))
        except Unfit:
            return False


def _evaluator(names: dict[str, Any]) -> SimpleEval:
    evaluator = SimpleEval(operators=dict(_OPERATORS), functions=dict(FUNCTIONS), names=names)
    for removed in (ast.Attribute, ast.JoinedStr, ast.FormattedValue, ast.Subscript, ast.Slice):
        del evaluator.nodes[removed]
    evaluator.nodes[ast.Constant] = lambda node: _exact(node.value)
    return evaluator


def _exact(value: object) -> object:
    """Numbers by their digits: ``0.1 + 0.2`` is 0.3."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Decimal(repr(value))
    return value


class _Dotted(ast.NodeTransformer):
    """``a.b.c`` becomes the one name "a.b.c"."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        inner = self.visit(node.value)
        if not isinstance(inner, ast.Name):
            raise ExpressionError("attributes cannot be used")
        return ast.copy_location(ast.Name(f"{inner.id}.{node.attr}", ast.Load()), node)


def _parsed(text: str) -> ast.stmt:
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError) as error:
        raise ExpressionError("is no expression") from error
    if len(body) != 1:
        raise ExpressionError("must be one expression")
    tree: ast.stmt = _Dotted().visit(body[0])
    for node in ast.walk(tree):
        if not isinstance(node, _ALLOWED):
            raise ExpressionError(f"{type(node).__name__} cannot be used")
        if isinstance(node, ast.Call) and not (isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS):
            raise ExpressionError(f"it may call only {', '.join(FUNCTIONS)}")
    return tree
