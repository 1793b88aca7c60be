"""One drop as the engine sees it: a log of files that is replayed, and a folder for what we have to say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from adapters.file_drop.archive import Archive
from adapters.file_drop.calls import Calls
from adapters.file_drop.capabilities import CAPABILITIES
from adapters.file_drop.checks import Checks
from adapters.file_drop.columns import PRODUCT, key_of, row_of, text
from adapters.file_drop.cursors import Position, behind, check_newest, check_same, position_of
from adapters.file_drop.log import State
from adapters.file_drop.manifests import usual_form
from adapters.file_drop.names import SERIES
from adapters.file_drop.options import Options
from adapters.file_drop.outbox import Outbox
from adapters.file_drop.places import Folder, Place
from adapters.file_drop.sales import Sales
from adapters.file_drop.sftp import Sftp
from adapters.file_drop.shelf import Listing, Shelf
from adapters.file_drop.writes import Writes
from connector.contract import Capabilities, Evidence, Facts, Finding, Opening, Page, Row, RowResult, Write
from connector.model.entity import Entity, Key, Native

#: Rows that the engine is handed at once.
_PAGE: Final = 500


def place_of(options: Options) -> Place:
    """Where the configuration says that the files are."""
    return Folder(options.folder) if options.host is None else Sftp(options)


class FileDropChannel:
    """Speaks to one till through its folder."""

    def __init__(self, opening: Opening) -> None:
        options: Options = opening.options
        self._opening = opening
        self._archives = options.archive
        self._calls = Calls(place_of(options), opening)
        form = usual_form(options)
        self._shelf = Shelf(self._calls, opening)
        self._archive = Archive(self._calls, self._shelf)
        self._writes = Writes(self._shelf, Outbox(self._calls, form), options)
        self._sales = Sales(self._shelf, options.timezone, opening.now)
        self._checks = Checks(self._calls, self._shelf, opening)

    @property
    def capabilities(self) -> Capabilities:
        return CAPABILITIES

    @property
    def clock_offset(self) -> timedelta:
        """Zero: no time that the files tell is compared with ours."""
        return timedelta(0)

    def check(self) -> Iterator[Finding]:
        return self._checks.run()

    def begin_round(self) -> None:
        """The folders are listed for every question, since files come at any moment."""

    def close(self) -> None:
        self._calls.close()

    # --- reading

    def changes(self, entity: Entity, cursor: str | None) -> Iterator[Page]:
        """What the files behind the cursor changed. Those before it are stored, and are answered and archived first."""
        began_at, position = self._opening.now(), position_of(cursor) if cursor else None
        listing = self._shelf.listing(entity.value)
        reached = self._reached(entity, listing, position or Position())
        if position is not None and self._archives:
            listing = self._archive.settle(entity, position.number, listing)
        state = self._shelf.state(entity, listing, None if position is None else position.number)
        rows = self._all(entity, state) if position is None else self._touched(entity, state)
        yield from _pages(rows, began_at, str(reached))

    def _reached(self, entity: Entity, listing: Listing, position: Position) -> Position:
        """The position behind the newest file. Raises ContractBroken where the cursor's own file is another by now."""
        run = self._shelf.run(entity, listing)
        check_newest(position, run[-1] if run else None, SERIES[entity])
        for stem in run:
            if stem.number == position.number:
                check_same(position, self._shelf.theirs(stem, listing))
        return behind(self._shelf.theirs(run[-1], listing) if run else None)

    def sweep(self, entity: Entity) -> Iterator[Page]:
        began_at = self._opening.now()
        yield from _pages(self._all(entity, self._state(entity)), began_at, None)

    def read(self, entity: Entity, ids: Sequence[str]) -> Sequence[Row]:
        records = self._state(entity).records
        rows = (row_of(entity, id_, records[id_]) for id_ in dict.fromkeys(ids) if id_ in records)
        return [row for row in rows if self._is_ours(entity, row)]

    def find(self, entity: Entity, keys: Sequence[Key]) -> Mapping[Key, Sequence[Row]]:
        found: dict[Key, list[Row]] = {key: [] for key in keys}
        kinds = {key.kind for key in keys}
        for id_, native in self._state(entity).records.items():
            for key in (key_of(native, kind) for kind in kinds):
                if key in found and key.text:
                    found[key].append(row_of(entity, id_, native))
        return found

    def find_of(self, entity: Entity, products: Sequence[str]) -> Mapping[str, Sequence[Row]]:
        found: dict[str, list[Row]] = {product: [] for product in products}
        for id_, native in self._state(entity).records.items():
            product = text(native, PRODUCT)
            if product in found and self._is_ours(entity, row := row_of(entity, id_, native)):
                found[product].append(row)
        return found

    def _state(self, entity: Entity) -> State:
        return self._shelf.state(entity, self._shelf.listing(entity.value))

    def _all(self, entity: Entity, state: State) -> list[Row]:
        """What is there, of the configured lists and locations."""
        rows = (row_of(entity, id_, native) for id_, native in state.records.items())
        return [row for row in rows if self._is_ours(entity, row)]

    def _touched(self, entity: Entity, state: State) -> list[Row]:
        """What the files changed, as it is now; what is no more, as it was."""
        rows = (_row_now(entity, id_, had, state) for id_, had in state.touched.items())
        return [row for row in rows if self._is_ours(entity, row)]

    def _is_ours(self, entity: Entity, row: Row) -> bool:
        places = {Entity.PRICE: self._opening.lists, Entity.STOCK: self._opening.locations}.get(entity)
        return places is None or row.place in places

    # --- writing

    def write(self, entity: Entity, writes: Sequence[Write]) -> Sequence[RowResult]:
        """Confirmed is what stands in ``out/`` under its manifest: the till imports it when it likes."""
        return self._writes.write(entity, writes)

    def landed(self, entity: Entity, write: Write) -> Evidence:
        """By our mark in a row of a file that has its manifest."""
        return self._writes.landed(entity, write)

    def facts(self, cursor: str | None) -> Facts:
        return self._sales.facts(cursor)


def _row_now(entity: Entity, id_: str, had: Native, state: State) -> Row:
    now = state.records.get(id_)
    return row_of(entity, id_, had, deleted=True) if now is None else row_of(entity, id_, now)


def _pages(rows: Sequence[Row], began_at: datetime, cursor: str | None) -> Iterator[Page]:
    for start in range(0, max(len(rows), 1), _PAGE):
        last = start + _PAGE >= len(rows)
        yield Page(rows[start : start + _PAGE], began_at, cursor if last else None, complete=last)
