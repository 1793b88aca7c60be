"""Where a key stands in a TOML file, so that a problem can name its line.

``tomllib`` reads (fast, exact numbers) but forgets lines; ``tomlkit`` knows them and is ten times
slower. So :class:`Lines` parses with the latter only when the first line is asked for, which is
when something is wrong.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]

#: Before Python 3.14 the line of a syntax error stands in its message alone.
_AT_LINE = re.compile(r"\s*\(at line (\d+), column \d+\)$")
_AT_END = re.compile(r"\s*\(at end of document\)$")


class Lines:
    """The lines of one TOML text, by path of keys and indices (from 0), as ``tomllib`` nests them."""

    def __init__(self, source: str) -> None:
        self._source = source

    def of(self, path: Sequence[str | int]) -> int | None:
        """The line (from 1) on which the path is written, or the nearest thing around it that is; None at the top.

        A table's line is its header's; the line of a value inside an array or an inline table is
        that of the key which holds it.
        """
        for length in range(len(path), 0, -1):
            line = self._index.get(tuple(path[:length]))
            if line is not None:
                return line
        return None

    @cached_property
    def _index(self) -> dict[Path, int]:
        from tomlkit import parse
        from tomlkit.exceptions import TOMLKitError

        try:
            document = parse(self._source)
        except TOMLKitError:
            return {}  # stricter than tomllib somewhere: the problem is then named without its line
        if document.as_string() != self._source:
            return {}  # tables out of order were moved: no line is better than a wrong one
        index: dict[Path, int] = {}
        for path, line in _Walk().body(document.body, ()):
            index.setdefault(path, line)
        return index


class _Walk:
    """Passes once over what tomlkit parsed, counting the line breaks it renders."""

    def __init__(self) -> None:
        self._line = 1

    def body(self, items: Iterable[tuple[object, object]], above: Path) -> Iterator[tuple[Path, int]]:
        from tomlkit.items import AoT, Comment, Key, Null, Table, Whitespace

        for key, item in items:
            path = (*above, *(part.key for part in key)) if isinstance(key, Key) else above
            if isinstance(item, Table):
                yield from self._table(item, path)
            elif isinstance(item, AoT):
                for index, table in enumerate(item.body):
                    yield from self._table(table, (*path, index))
            elif isinstance(item, (Whitespace, Comment)):
                self._line += item.as_string().count("\n")
            elif not isinstance(item, Null):
                yield from self._leaf(item, path)

    def _table(self, table: object, path: Path) -> Iterator[tuple[Path, int]]:
        from tomlkit.items import Table

        assert isinstance(table, Table)
        if not table.is_super_table():
            self._line += table.trivia.indent.count("\n")
            yield path, self._line
            self._line += table.trivia.trail.count("\n")
        for found, line in self.body(table.value.body, path):
            yield found, line
            if table.is_super_table():
                yield path, line

    def _leaf(self, item: object, path: Path) -> Iterator[tuple[Path, int]]:
        from tomlkit.items import Item

        assert isinstance(item, Item)
        self._line += item.trivia.indent.count("\n")
        yield path, self._line
        self._line += item.as_string().count("\n") + item.trivia.trail.count("\n")


def syntax_error(error: tomllib.TOMLDecodeError, source: str) -> tuple[int, str]:
    """The line (from 1) and the complaint of a file that is no TOML."""
    text = str(error)
    if at := _AT_LINE.search(text):
        return int(at[1]), text[: at.start()]
    return source.count("\n") + 1, _AT_END.sub("", text)
