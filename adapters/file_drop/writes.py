"""Writes of the engine as rows for the till, with an answer for each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from adapters.file_drop.capabilities import CAPABILITIES
from adapters.file_drop.columns import (
    DELETED,
    DIFFERENCE,
    ID,
    IDENTITY,
    KEYS,
    LIST,
    MARK,
    PIECES,
    PLACE,
    PRODUCT,
    id_of,
    row_of,
    text,
)
from adapters.file_drop.log import State, pieces_of
from adapters.file_drop.manifests import usual_form
from adapters.file_drop.names import ARCHIVE, MANIFEST, OURS, SERIES, Stem, stem_of
from adapters.file_drop.options import Options
from adapters.file_drop.outbox import Outbox
from adapters.file_drop.shelf import Listing, Shelf
from adapters.file_drop.tables import cells_of
from connector.contract import Evidence, RowResult, Write
from connector.errors import ChannelError, Gone, Rejected, Stale
from connector.model.entity import DEPENDENT, Entity, Native, code_key

#: Before the id of what we make: the till keeps it as its own number.
_NEW: Final = "new-"


@dataclass(frozen=True)
class _Line:
    """One write, and the row that it becomes."""

    write: Write
    external_id: str
    record: Native
    cells: Mapping[str, str]


class Writes:
    """Writes rows into ``out/``."""

    def __init__(self, shelf: Shelf, outbox: Outbox, options: Options) -> None:
        self._shelf = shelf
        self._outbox = outbox
        self._form = usual_form(options)
        self._reads_manifests = options.ready == "manifest"
        self._takes_figures = options.stock == "figure"

    def write(self, entity: Entity, writes: Sequence[Write]) -> list[RowResult]:
        """A file for each set of columns, since a column that is there with an empty cell would be emptied."""
        listing = self._shelf.listing(entity.value)
        state = self._shelf.state(entity, listing)
        results: list[RowResult] = []
        files: dict[tuple[str, ...], list[_Line]] = defaultdict(list)
        taken = _keys(entity, state) if any(write.operation == "create" for write in writes) else set()
        for write in writes:
            try:
                line = self._line(entity, write, state, taken)
            except ChannelError as wrong:
                results.append(RowResult(write.token, write.external_id, error=wrong))
            else:
                files[tuple(line.cells)].append(line)
        number = self._last_number(entity, listing, state)
        for lines in files.values():
            try:
                number = self._outbox.send(entity, [line.cells for line in lines], number)
            except ChannelError as stop:
                results += [RowResult(line.write.token, line.external_id, error=stop) for line in lines]
            else:
                results += [_confirmed(entity, line) for line in lines]
        return results

    def _last_number(self, entity: Entity, listing: Listing, state: State) -> int:
        """Of a file of ours: one that lies there, or is archived since the till says that it has imported it."""
        numbers = [stem.number for stem in self._shelf.stems_out(entity, listing)]
        return max([*numbers, state.imported])

    def _line(self, entity: Entity, write: Write, state: State, taken: set[str]) -> _Line:
        """The row of one write. Raises what becomes of it where it cannot be sent."""
        self._check_able(entity, write)
        identity = _new(entity, write) if write.operation == "create" else _known(entity, write, state)
        id_ = id_of(SERIES[entity], identity)
        if write.operation == "create":
            _take_key(entity, id_, write, taken)
        there = state.records.get(id_, {})
        record = {**identity, **self._fields(entity, write, there)}
        cells = cells_of({**record, MARK: write.token}, self._form)
        return _Line(write, id_, {**there, **record}, cells)

    def _check_able(self, entity: Entity, write: Write) -> None:
        if not self._reads_manifests:
            remedy = 'set read_only = true, or let the till write manifests and set ready = "manifest"'
            raise Rejected("a till that cannot say what it has imported is only read", entity=entity, remedy=remedy)
        if write.operation == "archive" or (write.operation == "delete" and not CAPABILITIES.entities[entity].delete):
            raise Rejected(f"{write.operation} of {entity}: not done here", entity=entity)

    def _fields(self, entity: Entity, write: Write, there: Native) -> Native:
        """The columns that are written; of stock the pieces to book, or the figure that comes of them."""
        if write.operation == "delete":
            return {DELETED: True}
        if entity is not Entity.STOCK:
            return write.fields
        if write.difference is None:
            raise Rejected("a figure is written as a difference here", entity=entity)
        others = {name: value for name, value in write.fields.items() if name != PIECES}
        if self._takes_figures:
            return {**others, PIECES: pieces_of(there) + write.difference}
        return {**others, DIFFERENCE: write.difference}

    def landed(self, entity: Entity, write: Write) -> Evidence:
        """Whether a file of ours has a row with this mark: every one that got its manifest is here, or archived."""
        listing = self._shelf.listing(entity.value)
        sent = [self._shelf.ours(stem, listing) for stem in self._shelf.stems_out(entity, listing)]
        sent += [self._shelf.ours(stem, listing, ARCHIVE) for stem in _archived(entity, listing)]
        ours = (row for file in sent for row in file.rows if row.get(MARK) == write.token)
        row = next(ours, None)
        return Evidence(landed=False) if row is None else Evidence(True, id_of(SERIES[entity], row))


def _confirmed(entity: Entity, line: _Line) -> RowResult:
    row = row_of(entity, line.external_id, line.record)
    return RowResult(line.write.token, row.external_id, row.address)


def _archived(entity: Entity, listing: Listing) -> list[Stem]:
    """Files of ours that the till has in its own."""
    names = (name.removeprefix(OURS) for name in listing.archive if name.startswith(OURS))
    stems = (stem_of(name, MANIFEST) for name in names)
    return [
        stem for stem in stems if stem is not None and stem.entity is entity and f"{stem}{MANIFEST}" not in listing.out
    ]


def _new(entity: Entity, write: Write) -> Native:
    """What says which record it is."""
    if entity is Entity.PRICE:
        return {PRODUCT: write.parent_id, LIST: write.place}
    if entity is Entity.STOCK:
        return {PRODUCT: write.parent_id, PLACE: write.place}
    return {ID: _NEW + write.token}


def _keys(entity: Entity, state: State) -> set[str]:
    """What no second record may have: the id of a price or figure, the key of a product or customer."""
    if entity in DEPENDENT:
        return set(state.records)
    return {code_key(text(one, KEYS[entity])) for one in state.records.values()} - {""}


def _take_key(entity: Entity, id_: str, write: Write, taken: set[str]) -> None:
    """Raises Stale where there is such a record: the engine looks again."""
    key = id_ if entity in DEPENDENT else code_key(text(write.fields, KEYS[entity]))
    if key in taken:
        raise Stale("there is one already", entity=entity, external_id=id_ if entity in DEPENDENT else "")
    if key:
        taken.add(key)


def _known(entity: Entity, write: Write, state: State) -> Native:
    """The columns that say which record it is, as the till writes them. Raises Gone, or Stale where it moved on."""
    there = state.records.get(write.external_id)
    if there is None:
        raise Gone("not there", entity=entity, external_id=write.external_id)
    if write.operation == "update" and write.difference is None:
        before = write.before
        moved = [name for name in write.fields if name in before and there.get(name) != before[name]]
        if moved:
            raise Stale(f"changed there: {', '.join(moved)}", entity=entity, external_id=write.external_id)
    return {name: there[name] for name in IDENTITY[SERIES[entity]]}
