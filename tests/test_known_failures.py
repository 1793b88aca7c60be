"""Each way in which connectors like this one have hurt shops has a test that names it by its number.

The collection is kept with the design; here is only that nothing of it was forgotten. A test names a row in its
docstring: ``known failure 31``, ``row 4``, ``rows 7 and 28``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
ROWS = range(1, 37)
#: Rows about what the product does not do yet. Whoever adds it takes the row out of here.
NOT_THERE_YET = {21: "images are not kept the same yet", 23: "webhooks are not received yet"}

_NAMED = re.compile(r"\b(?:known[ -]failures?|rows?)\s+(\d+(?:(?:,\s*|\s+and\s+)\d+)*)", re.IGNORECASE)


def rows_named(text: str) -> set[int]:
    """The numbers of the rows that a docstring names."""
    return {int(number) for several in _NAMED.findall(text) for number in re.findall(r"\d+", several)}


def docstrings() -> Iterator[str]:
    """Of every test, and of every class of tests."""
    for path in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name.lower().startswith("test"):
                yield ast.get_docstring(node) or ""


@pytest.mark.parametrize(
    ("docstring", "expected"),
    [
        ("A sale made meanwhile is not forgotten: known failure 32.", {32}),
        ("Rows 4 and 29 of known-failures: a lossy field settles.", {4, 29}),
        ("Known failures 5, 7 and 16.", {5, 7, 16}),
        ("Three rows, and a page of 50.", set()),
    ],
)
def test_a_row_is_recognised(docstring: str, expected: set[int]) -> None:
    """Rows are named in words that a reader understands too."""
    assert expected == rows_named(docstring)


def test_every_known_failure_has_a_test() -> None:
    """Save what the product does not do at all, each known failure would be noticed if it came back."""
    named = set().union(*map(rows_named, docstrings()))
    assert set() == set(ROWS) - named - set(NOT_THERE_YET)
