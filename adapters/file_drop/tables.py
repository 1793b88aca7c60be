"""CSV to rows of typed cells, and back. A row that cannot be read is told by its line, and stops nothing else."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from adapters.file_drop.columns import DELETED, DIFFERENCE, FLAGS, NUMBERS, PIECES, REQUIRED, id_of
from adapters.file_drop.manifests import Form
from adapters.file_drop.names import Stem
from connector.errors import ContractBroken, Rejected
from connector.model.entity import Entity, Native, Value

if TYPE_CHECKING:
    from _csv import Reader

_UNCLOSED: Final = "unexpected end of data"
_FLAGS: Final = {"1": True, "0": False}


@dataclass(frozen=True)
class Refused:
    """Why one row was not taken. A complaint quotes no value."""

    line: int
    column: str
    complaint: str


@dataclass
class Table:
    """What a file holds.

    Attributes:
        names: of its columns.
        count: its rows, with those that were refused.
        rows: those that can be read.
        kept: ids of refused rows: what they say is unknown, so what stood there stays.
        blind: a refused row did not even tell its id.
    """

    names: Sequence[str] = ()
    count: int = 0
    rows: list[Native] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    kept: set[str] = field(default_factory=set)
    blind: bool = False


class _Unreadable(Exception):
    """One cell, or a whole line where it has no column."""

    def __init__(self, column: str, complaint: str) -> None:
        super().__init__(complaint)
        self.column = column


def parse(data: bytes, form: Form, stem: Stem) -> Table:
    """The rows of a file. Raises ContractBroken for what leaves no row to be told apart."""
    reader = csv.reader(io.StringIO(_text(data, form, stem), newline=""), delimiter=form.delimiter, strict=True)
    names = _header(reader, stem)
    table = Table(names)
    for line, cells in _lines(reader, stem):
        table.count += 1
        if isinstance(cells, _Unreadable):
            _refuse(table, line, cells, "")
            continue
        raw = dict(zip(names, cells, strict=False))
        try:
            if len(cells) != len(names):
                raise _Unreadable("", f"{len(cells)} cells under {len(names)} names")
            table.rows.append(_typed(raw, form, stem))
        except _Unreadable as wrong:
            _refuse(table, line, wrong, id_of(stem.holds, raw))
    return table


def _text(data: bytes, form: Form, stem: Stem) -> str:
    try:
        return data.decode("utf-8-sig" if form.encoding == "utf-8" else form.encoding)
    except UnicodeDecodeError as error:
        raise ContractBroken(
            f"{stem} is not written in {form.encoding}, at byte {error.start}: set encoding in the channel or manifest"
        ) from error


def _header(reader: Reader, stem: Stem) -> list[str]:
    try:
        names = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise ContractBroken(f"the first line of {stem} cannot be read") from error
    missing = [name for name in REQUIRED[stem.holds] if name not in names]
    if missing:
        raise ContractBroken(
            f"{stem} has no column {', '.join(missing)}: see delimiter and the names in its first line"
        )
    if len(set(names)) != len(names):
        raise ContractBroken(f"{stem} names a column twice")
    return names


def _lines(reader: Reader, stem: Stem) -> Iterator[tuple[int, list[str] | _Unreadable]]:
    """Line number → its cells. Raises ContractBroken for a quote that is never closed: it swallows what follows."""
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if str(error) == _UNCLOSED:
                raise ContractBroken(f"{stem} ends within quotation marks") from error
            yield reader.line_num, _Unreadable("", "quotation marks or length cannot be read")
            continue
        if cells:
            yield reader.line_num, cells


def _refuse(table: Table, line: int, wrong: _Unreadable, id_: str) -> None:
    table.refused.append(Refused(line, wrong.column, str(wrong)))
    if id_:
        table.kept.add(id_)
    else:
        table.blind = True


def _typed(raw: Mapping[str, str], form: Form, stem: Stem) -> dict[str, Value]:
    record = {name: _value(name, text.strip(), form) for name, text in raw.items()}
    for name in REQUIRED[stem.holds]:
        if record[name] is None:
            raise _Unreadable(name, "is empty")
    if stem.entity is Entity.STOCK and not record.get(DELETED) and _says_nothing(record):
        raise _Unreadable(PIECES, "is empty")
    return record


def _says_nothing(record: Native) -> bool:
    """Of stock: neither a figure nor a difference."""
    return record.get(PIECES) is None and record.get(DIFFERENCE) is None


def _value(name: str, text: str, form: Form) -> Value:
    """An empty cell is nothing, whatever its column."""
    if not text:
        return None
    if name in FLAGS:
        if text not in _FLAGS:
            raise _Unreadable(name, "is neither 1 nor 0")
        return _FLAGS[text]
    return _number(name, text, form) if name in NUMBERS else text


def _number(name: str, text: str, form: Form) -> Decimal:
    """No sign between thousands: what 1.234 means would be anybody's guess."""
    if not re.fullmatch(rf"[+-]?\d{{1,15}}({re.escape(form.decimal)}\d{{1,10}})?", text):
        raise _Unreadable(name, f"is no number with {form.decimal} as its decimal sign")
    return Decimal(text.replace(form.decimal, "."))


# --- writing


def cells_of(record: Native, form: Form) -> dict[str, str]:
    """The cells of one row. Raises Rejected, by column, for what this form cannot hold."""
    complaints: dict[str, str] = {}
    cells: dict[str, str] = {}
    for name, value in record.items():
        try:
            cells[name] = _cell(name, value, form)
        except _Unreadable as wrong:
            complaints[name] = str(wrong)
    if complaints:
        raise Rejected("the file cannot hold this", fields=complaints)
    return cells


def _cell(name: str, value: Value, form: Form) -> str:
    if value is None:
        return ""
    if name in FLAGS and isinstance(value, bool):
        return "1" if value else "0"
    if name in NUMBERS and isinstance(value, int | Decimal) and not isinstance(value, bool):
        return format(Decimal(value), "f").replace(".", form.decimal)
    if name in FLAGS or name in NUMBERS or not isinstance(value, str):
        raise _Unreadable(name, "is not of the kind that this column holds")
    try:
        value.encode(form.encoding)
    except UnicodeEncodeError as error:
        raise _Unreadable(name, f"has characters that {form.encoding} does not") from error
    return value


def table_bytes(names: Sequence[str], rows: Sequence[Mapping[str, str]], form: Form) -> bytes:
    """A file with a line of names. Lines end as in Windows, where tills live."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, names, delimiter=form.delimiter, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode(form.encoding)


def answer_bytes(refused: Sequence[Refused], form: Form) -> bytes:
    """The answer to a file of the till: a line for each row that was not taken."""
    rows = [{"line": str(one.line), "column": one.column, "complaint": one.complaint} for one in refused]
    return table_bytes(("line", "column", "complaint"), rows, form)


def answered_lines(data: bytes, form: Form) -> list[str]:
    """The lines that the till refused, without its complaints, which may quote; "?" where they cannot be read."""
    try:
        text = data.decode("utf-8-sig" if form.encoding == "utf-8" else form.encoding)
        rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=form.delimiter, strict=True))
        return [str(row["line"]) for row in rows]
    except (UnicodeDecodeError, csv.Error, KeyError):
        return ["?"]
