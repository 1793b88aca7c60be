"""A mutant is one edit of one function's source; the edited code takes the place of the original for everybody.

The function object stays the one that others have imported; only its code is swapped, and swapped
back. An edit whose text is not found exactly once is an error: a mutant that changes nothing proves
nothing.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any


@dataclass(frozen=True)
class Mutant:
    """A rule, the function that holds it, and the edit that takes it out."""

    rule: str
    function: Callable[..., Any]
    old: str
    new: str


def place_of(mutant: Mutant) -> str:
    """Module and name of the function."""
    function = _plain(mutant.function)
    return f"{function.__module__}.{function.__qualname__}"


def without(mutant: Mutant) -> CodeType:
    """The function's code with the edit made, compiled where the function lives."""
    function = _plain(mutant.function)
    source = textwrap.dedent(inspect.getsource(function))
    assert source.count(mutant.old) == 1, f"{mutant.rule}: the rule is not where the mutant expects it"
    scope: dict[str, Any] = dict(function.__globals__)
    body = _undecorated(source.replace(mutant.old, mutant.new))
    exec(compile(body, inspect.getfile(function), "exec"), scope)
    edited = scope[function.__name__]
    assert isinstance(edited, FunctionType)
    return edited.__code__


#: The functions whose code is not their own at this moment, with what it was.
_LIVING: list[tuple[FunctionType, CodeType]] = []


@contextmanager
def living(mutant: Mutant) -> Iterator[None]:
    """The mutant, in place of the rule, for everybody who has imported it."""
    function = _plain(mutant.function)
    edited, original = without(mutant), function.__code__
    _LIVING.append((function, original))
    function.__code__ = edited
    try:
        yield
    finally:
        function.__code__ = original
        _LIVING.pop()


@contextmanager
def at_rest() -> Iterator[None]:
    """Whatever mutant lives sleeps meanwhile: for what is made once, and used by tests with and without it."""
    edited = [(function, function.__code__) for function, _ in _LIVING]
    for function, original in _LIVING:
        function.__code__ = original
    try:
        yield
    finally:
        for function, code in edited:
            function.__code__ = code


def _plain(function: Callable[..., Any]) -> FunctionType:
    """The function beneath its decorators."""
    plain = inspect.unwrap(function)
    assert isinstance(plain, FunctionType), f"{function!r} has no code of its own to edit"
    return plain


def _undecorated(source: str) -> str:
    return source[source.index("def ") :]
