"""The log of one series: the till's files and ours, replayed to what the till holds. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from adapters.file_drop.columns import DELETED, DIFFERENCE, MARK, PIECES, id_of
from adapters.file_drop.manifests import Form
from adapters.file_drop.names import COMPLETE, SALES, SERIES, Stem
from adapters.file_drop.tables import Table
from connector.errors import ContractBroken
from connector.model.entity import Entity, Native, Value

_STOCK = SERIES[Entity.STOCK]
#: Columns that say what is to be done with a row, and are no part of the record.
_ORDERS = frozenset({DELETED, MARK, DIFFERENCE})


@dataclass(frozen=True)
class Theirs:
    """A file of the till. ``imported``: as its manifest says, None where it has none, or says nothing."""

    stem: Stem
    digest: str
    form: Form
    table: Table
    imported: int | None

    @property
    def is_base(self) -> bool:
        """Whether a replay may begin here: the whole list, and each row of it could be read."""
        return self.stem.kind == COMPLETE and not self.table.refused


@dataclass(frozen=True)
class Ours:
    """A file of ours, by its number; ``data`` is the name of its rows."""

    stem: Stem
    data: str
    form: Form
    rows: Sequence[Native]


@dataclass
class State:
    """What the till holds after some of the files.

    Attributes:
        records: by id.
        touched: ids that the files behind the cursor changed, with what stood there before.
        sold: receipt lines that are subtracted already.
        imported: the number of the last file of ours that is in it.
    """

    records: dict[str, Native] = field(default_factory=dict)
    touched: dict[str, Native] = field(default_factory=dict)
    sold: set[str] = field(default_factory=set)
    imported: int = 0


def replay(theirs: Sequence[Theirs], ours: Sequence[Ours], after: int | None) -> State:
    """The state after all files, by their numbers; ``touched`` tells of those behind ``after`` (None: of none).

    What the till had not imported when it wrote a file lies over that file.
    """
    state = State()
    waiting = sorted(ours, key=lambda one: one.stem.number)
    for file in theirs:
        imported = _imported(file, waiting)
        while waiting and waiting[0].stem.number <= imported:
            _lay(state, waiting.pop(0))
        state.imported = max(state.imported, imported)
        had = _take(state, file)
        if after is not None and file.stem.number > after:
            for id_, before in had.items():
                state.touched.setdefault(id_, before)
    for one in waiting:
        _lay(state, one)
    return state


def _imported(file: Theirs, waiting: Sequence[Ours]) -> int:
    if file.imported is None and waiting and file.stem.holds != SALES:
        raise ContractBroken(
            f"the manifest of {file.stem} does not say which file of ours the till had imported: it must name imported"
        )
    return file.imported or 0


def _take(state: State, file: Theirs) -> dict[str, Native]:
    """A file of the till; answers which ids it says something new of, with what stood there."""
    if file.stem.holds == SALES:
        return dict(had for row in file.table.rows for had in _sell(state, row))
    if file.stem.kind == COMPLETE:
        return _renew(state, file)
    return dict(_change(state, file.stem.holds, row) for row in file.table.rows)


def _renew(state: State, file: Theirs) -> dict[str, Native]:
    """The whole list: what it does not name is gone, save what stands in rows that could not be read."""
    before, table = state.records, file.table
    state.records = {id_: one for id_, one in before.items() if table.blind or id_ in table.kept}
    for row in table.rows:
        state.records.pop(id_of(file.stem.holds, row), None)
        _change(state, file.stem.holds, row)
    named = before.keys() | state.records.keys()
    return {id_: before.get(id_, {}) for id_ in named if before.get(id_) != state.records.get(id_)}


def _change(state: State, holds: str, row: Native) -> tuple[str, Native]:
    """One row: columns that a file does not have stay as they are. Answers its id, and what stood there."""
    id_ = id_of(holds, row)
    had = state.records.get(id_, {})
    if row.get(DELETED):
        state.records.pop(id_, None)
        return id_, had
    record: dict[str, Value] = {**had, **{name: value for name, value in row.items() if name not in _ORDERS}}
    moved = row.get(DIFFERENCE)
    if isinstance(moved, Decimal):
        record[PIECES] = pieces_of(had) + moved
    state.records[id_] = record
    return id_, had


def _lay(state: State, ours: Ours) -> None:
    for row in ours.rows:
        _change(state, ours.stem.holds, row)


def _sell(state: State, row: Native) -> Iterator[tuple[str, Native]]:
    """Pieces that went over the counter, once; of what no figure is known, none is made up."""
    sale, id_ = id_of(SALES, row), id_of(_STOCK, row)
    had = state.records.get(id_)
    if sale not in state.sold and had is not None:
        state.records[id_] = {**had, PIECES: pieces_of(had) - pieces_of(row)}
        yield id_, had
    state.sold.add(sale)


def pieces_of(record: Native) -> Decimal:
    """The figure, or the pieces of a receipt's line; nothing where nothing is said."""
    value = record.get(PIECES)
    return value if isinstance(value, Decimal) else Decimal(0)
