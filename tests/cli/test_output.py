"""What people and scripts read."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connector.cli.output import Branch, Output, jsonable
from connector.contract import Finding
from connector.model.entity import Entity


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@dataclass(frozen=True)
class Lane:
    entity: Entity
    at: datetime
    shares: tuple[Decimal, ...]


AT = datetime(2026, 6, 25, 14, 28, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("12.50"), "12.50"),
        (Decimal("1E+3"), "1000"),
        (AT, "2026-06-25T14:28:10+00:00"),
        (date(2026, 6, 25), "2026-06-25"),
        (Entity.PRODUCT, "product"),
        ({Entity.STOCK: {"b", "a"}}, {"stock": ["a", "b"]}),
        (
            Lane(Entity.PRICE, AT, (Decimal("0.10"),)),
            {"entity": "price", "at": "2026-06-25T14:28:10+00:00", "shares": ["0.10"]},
        ),
        ([True, None, 3], [True, None, 3]),
    ],
)
def test_json_is_exact(value: object, expected: Any) -> None:
    """Exact numbers stay exact, moments keep their zone, and what is a record is an object."""
    assert expected == jsonable(value)


def test_scripts_get_the_document_alone() -> None:
    """With ``--json`` the drawing is not made."""
    stream = io.StringIO()
    out = Output(as_json=True, stream=stream)
    out.show({"left": 1}, lambda: out.line("drawn"))
    assert {"left": 1} == json.loads(stream.getvalue())


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "–"),
        ("", "–"),
        (0, "0"),
        (True, "yes"),
        (False, "no"),
        (Entity.STOCK, "stock"),
        (AT, "2026-06-25 16:28:10"),
        (["a", Decimal("1.50")], "a, 1.50"),
        ("\x1b[2Jred\nline\u202e", "·[2Jred·line·"),
    ],
)
def test_a_value_for_people(value: object, expected: str) -> None:
    """Nothing is a dash, a moment is in the shop's zone, and nothing that a terminal would obey is printed."""
    assert expected == Output(stream=io.StringIO(), zone=ZoneInfo("Europe/Amsterdam")).cell(value)


def test_a_table_in_a_pipe() -> None:
    """Without a terminal a table is aligned text, and no value is cut off."""
    stream = io.StringIO()
    Output(stream=stream).table(("key", "share"), [("SKU-1001", Decimal("0.5")), ("S", None)])
    assert "key       share\nSKU-1001  0.5\nS         –\n" == stream.getvalue()


def test_an_empty_table() -> None:
    """A table without rows is its heading."""
    stream = io.StringIO()
    Output(stream=stream).table(("key", "share"), [])
    assert "key  share\n" == stream.getvalue()


def test_a_table_on_a_terminal() -> None:
    """On a terminal Rich draws it, and reads nothing in a value as markup."""
    stream = Terminal()
    Output(stream=stream).table(("key",), [("[red]SKU[/red]",)])
    assert "[red]SKU[/red]" in stream.getvalue()


def test_names_and_values() -> None:
    """Pairs are aligned, one a line."""
    stream = io.StringIO()
    Output(stream=stream).pairs({"value": "Mug", "set by": "erp"})
    assert "value   Mug\nset by  erp\n" == stream.getvalue()


def test_a_tree() -> None:
    """What hangs on what is seen by its lines."""
    stream = io.StringIO()
    root = Branch("product SKU-1", (Branch("name", (Branch("erp"), Branch("shop"))), Branch("active")))
    Output(stream=stream).tree(root)
    assert "product SKU-1\n├─ name\n│  ├─ erp\n│  └─ shop\n└─ active\n" == stream.getvalue()


@pytest.mark.parametrize(
    ("finding", "expected"),
    [
        (Finding("clock", ok=True, detail="exact", remedy="none"), "✓ clock: exact\n"),
        (Finding("clock", ok=False, detail="3 s off", remedy="set it"), "✗ clock: 3 s off\n  → set it\n"),
        (Finding("clock", ok=False, warning=True), "! clock\n"),
    ],
)
def test_a_finding(finding: Finding, expected: str) -> None:
    """A line says how it is, and the remedy stands below what is not well."""
    stream = io.StringIO()
    Output(stream=stream).finding(finding)
    assert expected == stream.getvalue()


def test_a_finding_has_a_colour_on_a_terminal() -> None:
    """Green, yellow and red are for terminals alone."""
    stream = Terminal()
    Output(stream=stream).findings([Finding("clock", ok=True), Finding("token", ok=False)])
    assert "\x1b[32m✓\x1b[0m clock\n\x1b[31m✗\x1b[0m token\n" == stream.getvalue()
