"""What people and scripts read: plain text, Rich on a terminal, one JSON document with ``--json``.

Rich is imported only when something is drawn on a terminal. Whatever a remote system wrote is shown
without its control characters, and never read as markup.
"""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, is_dataclass
from datetime import date, datetime, time, tzinfo
from decimal import Decimal
from enum import Enum
from typing import Any, Final, TextIO

from connector.contract import Finding

#: Told by long work: what it is at, and how much of it is done.
Progress = Callable[[str, int], None]

_MARKS: Final = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "wrong": ("✗", "red")}


#: The order in which people read a name or an address; stored groups have lost theirs.
_MEMBERS: Final = (
    *("initials", "first", "infix", "last", "attention"),
    *("street", "number", "addition", "extra", "postcode", "city", "region", "country", "phone"),
)


@dataclass(frozen=True)
class Branch:
    """A line of a tree, and what hangs on it."""

    label: str
    branches: tuple[Branch, ...] = ()


class Output:
    """One command's output.

    Args:
        as_json: the only thing printed is what :meth:`document` is given.
        zone: in which moments are shown to people; JSON has UTC.
    """

    def __init__(self, *, as_json: bool = False, stream: TextIO | None = None, zone: tzinfo | None = None) -> None:
        self.as_json = as_json
        self._stream = stream or sys.stdout
        self.zone = zone
        self._draws = not as_json and self._stream.isatty()

    def show(self, document: object, draw: Callable[[], None]) -> None:
        """The document for scripts, or the drawing for people."""
        if self.as_json:
            self.document(document)
        else:
            draw()

    def show_again(self, document: object, draw: Callable[[], None]) -> None:
        """One look of many: a line for scripts, a fresh screen for people; at once."""
        if self.as_json:
            self._stream.write(json.dumps(jsonable(document), ensure_ascii=False) + "\n")
        else:
            import click

            click.clear()
            draw()
        self._stream.flush()

    def document(self, value: object) -> None:
        """One JSON document: exact numbers as text, moments in ISO 8601, dataclasses as objects."""
        self._stream.write(json.dumps(jsonable(value), ensure_ascii=False, indent=2) + "\n")

    def line(self, text: str = "") -> None:
        self._stream.write(shown(text) + "\n")

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Rows under their columns; nothing is cut off where the output is no terminal."""
        cells = [[self.cell(value) for value in row] for row in rows]
        if self._draws:
            self._draw_table(columns, cells)
            return
        widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
        for row in [list(columns), *cells]:
            self._stream.write(
                "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() + "\n"
            )

    def pairs(self, values: Mapping[str, object]) -> None:
        """Names and their values, one a line."""
        width = max(map(len, values), default=0)
        for name, value in values.items():
            self._stream.write(f"{name.ljust(width)}  {self.cell(value)}".rstrip() + "\n")

    def tree(self, root: Branch) -> None:
        """A record, or whatever else has parts."""
        for text in _tree(root):
            self._stream.write(text + "\n")

    def finding(self, finding: Finding) -> None:
        """A green, yellow or red line, and under it what to do."""
        mark, colour = _MARKS["ok" if finding.ok else "warning" if finding.warning else "wrong"]
        if self._draws:
            import click

            mark = click.style(mark, fg=colour)
        detail = f": {shown(finding.detail)}" if finding.detail else ""
        self._stream.write(f"{mark} {shown(finding.what)}{detail}\n")
        if finding.remedy and not finding.ok:
            self._stream.write(f"  → {shown(finding.remedy)}\n")

    def findings(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            self.finding(finding)

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """Show what long work is at, on stderr, where that is a terminal and a person reads."""
        if self.as_json or not sys.stderr.isatty():
            yield lambda _what, _done: None
            return
        from rich.console import Console

        with Console(stderr=True).status("…") as status:
            yield lambda what, done: status.update(_plain(f"{what}: {done}"))

    def cell(self, value: object) -> str:
        """A value as people read it: nothing is a dash, a flag yes or no, a moment in the shop's zone."""
        if value is None or value == "":
            return "–"
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, datetime):
            return f"{value.astimezone(self.zone) if value.tzinfo else value:%Y-%m-%d %H:%M:%S}"
        if isinstance(value, Mapping):
            members = sorted(value, key=lambda name: _MEMBERS.index(name) if name in _MEMBERS else len(_MEMBERS))
            return ", ".join(self.cell(value[name]) for name in members if value[name] not in (None, "")) or "–"
        if isinstance(value, (list, tuple, set, frozenset)):
            return ", ".join(self.cell(one) for one in (value if isinstance(value, (list, tuple)) else sorted(value)))
        return shown(str(value.value if isinstance(value, Enum) else value))

    def _draw_table(self, columns: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(*columns, box=None, pad_edge=False, header_style="bold")
        for row in cells:
            table.add_row(*map(Text, row))
        Console(file=self._stream).print(table)


def jsonable(value: object) -> Any:
    """The value as JSON has it. Numbers that must be exact are text, as in the ledger."""
    if isinstance(value, Enum):
        return jsonable(value.value)
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return jsonable(asdict(value))
    if isinstance(value, Mapping):
        return {str(jsonable(key)): jsonable(inner) for key, inner in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(jsonable(inner) for inner in value)
    if isinstance(value, Sequence):
        return [jsonable(inner) for inner in value]
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def shown(text: str) -> str:
    """The text on one line, without anything that a terminal would obey."""
    return "".join("·" if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp") else char for char in text)


def _tree(root: Branch, above: str = "", mark: str = "", below: str = "") -> Iterator[str]:
    yield f"{above}{mark}{shown(root.label)}"
    for index, branch in enumerate(root.branches):
        last = index == len(root.branches) - 1
        yield from _tree(branch, above + below, "└─ " if last else "├─ ", "   " if last else "│  ")


def _plain(text: str) -> Any:
    from rich.text import Text

    return Text(shown(text))
