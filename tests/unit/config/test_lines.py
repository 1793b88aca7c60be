"""Where a key stands in a TOML file."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.toml_lines import Lines, Path

SOURCE = '''\
# a comment
top = 1

[x.y]   # implied: x
b = 2
c.d = 3
c.e = 4

[x]
k = [
  1,
  2,
]
[[t]]
n = 1
[[t]]
n = 2
[x.z]
s = { q = 1, w = { e = 2 } }
[q.w.e]
r = """
two
lines"""
"a key".u = 1
'''


@pytest.mark.parametrize(
    ("story", "path", "expected"),
    [
        ("a key at the top", ("top",), 2),
        ("a header", ("x", "y"), 4),
        ("a key in a table", ("x", "y", "b"), 5),
        ("a dotted key", ("x", "y", "c", "d"), 6),
        ("its second line", ("x", "y", "c", "e"), 7),
        ("what dotted keys imply", ("x", "y", "c"), 6),
        ("a table after its child", ("x", "k"), 10),
        ("an element of an array", ("x", "k", 1), 10),
        ("the second of several tables", ("t", 1), 16),
        ("a key in it", ("t", 1, "n"), 17),
        ("a table out of order", ("x", "z", "s"), 19),
        ("within an inline table", ("x", "z", "s", "w", "e"), 19),
        ("a text of several lines", ("q", "w", "e", "r"), 21),
        ("what comes after it", ("q", "w", "e", "a key", "u"), 24),
        ("a key that is missing", ("x", "y", "nothing"), 4),
        ("a table that is missing", ("nothing",), None),
        ("the file", (), None),
    ],
)
def test_the_line_of_a_path(story: str, path: Path, expected: int | None) -> None:
    """A path leads to the line on which it is written, or to the nearest thing around it."""
    assert expected == Lines(SOURCE).of(path)


def test_windows_line_ends() -> None:
    """A file from Windows has the same lines."""
    assert 24 == Lines(SOURCE.replace("\n", "\r\n")).of(("q", "w", "e", "a key", "u"))


def test_no_line_is_better_than_a_wrong_one() -> None:
    """Where tables were moved in parsing, so that lines cannot be counted, none is named."""
    source = "[[t]]\nn = 1\n[x]\na = 1\n[[t.u]]\nk = 1\n"
    assert None is Lines(source).of(("x", "a"))


names = st.sampled_from(["a", "b", '"c d"', "e"])
values = st.sampled_from(["1", '"x"', "[1, 2]", "[\n  1,\n]", '"""\ny\n"""', "{ p = 1 }", "1 # why"])


@st.composite
def documents(draw: st.DrawFn) -> str:
    lines = []
    for table in draw(st.lists(st.lists(names, min_size=1, max_size=3).map(".".join), unique=True, max_size=4)):
        lines.append(draw(st.sampled_from(["", "\n", "# a comment\n\n"])) + f"[{table}]")
        keys = draw(
            st.lists(names.map(lambda name: f"k{name.strip(chr(34)).replace(' ', '')}"), unique=True, max_size=3)
        )
        lines += [f"{key} = {draw(values)}" for key in keys]
    return "\n".join(lines)


def leaves(table: dict[str, Any], above: Path = ()) -> list[Path]:
    return [
        path
        for name, value in table.items()
        for path in (
            leaves(value, (*above, name)) if isinstance(value, dict) and "p" not in value else [(*above, name)]
        )
    ]


@given(documents())
def test_every_key_stands_on_its_line(source: str) -> None:
    """For any file, the line that is named begins with the key that was asked for."""
    lines = source.split("\n")
    for path in leaves(tomllib.loads(source)):
        found = Lines(source).of(path)
        assert found is not None
        assert lines[found - 1].startswith(f"{path[-1]} =")
