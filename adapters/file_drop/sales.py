"""Facts for the stock formula: what went over the counter, one movement for each line of a receipt.

The figure has subtracted it already (``log.py``); it is told because someone may book it elsewhere later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from adapters.file_drop.columns import PLACE, PRODUCT, RECEIPT, SOLD_AT, id_of, text
from adapters.file_drop.cursors import behind, check_newest, check_same, position_of
from adapters.file_drop.log import Theirs, pieces_of
from adapters.file_drop.names import SALES
from adapters.file_drop.shelf import Listing, Shelf, gap
from connector.contract import Facts, HandOver
from connector.model.entity import Entity, Native

_STOCK: Final = Entity.STOCK


class Sales:
    """The sales files of one drop, as hand-overs."""

    def __init__(self, shelf: Shelf, zone: str, now: Callable[[], datetime]) -> None:
        self._shelf = shelf
        self._zone = ZoneInfo(zone)
        self._now = now

    def facts(self, cursor: str | None) -> Facts:
        """Lines of receipts since the cursor; the first time, those behind the figures that a replay begins with."""
        began_at = self._now()
        listing = self._shelf.listing(_STOCK.value)
        files = self._shelf.since_base(_STOCK, listing, None) if cursor is None else self._behind(cursor, listing)
        sold = [row for file in files if file.stem.holds == SALES for row in file.table.rows]
        hand_overs = [self._hand_over(row) for row in sold]
        reached = str(behind(files[-1])) if files else cursor or str(behind(None))
        return Facts(None, hand_overs, (), reached, began_at)

    def _behind(self, cursor: str, listing: Listing) -> Sequence[Theirs]:
        """Every file behind the cursor: a number that is missing may hold sales, whatever came since."""
        position, series = position_of(cursor), self._shelf.series(_STOCK, listing)
        check_newest(position, series.files[-1] if series.files else None, SALES)
        files: list[Theirs] = []
        expected = position.number
        for stem in series.files:
            if stem.number == position.number:
                check_same(position, self._shelf.theirs(stem, listing))
            if stem.number <= position.number:
                continue
            expected += 1
            if expected in series.waiting:
                break
            if stem.number != expected:
                raise gap(_STOCK, stem)
            files.append(self._shelf.theirs(stem, listing))
        return files

    def _hand_over(self, row: Native) -> HandOver:
        order, product, place = text(row, RECEIPT), text(row, PRODUCT), text(row, PLACE)
        return HandOver(id_of(SALES, row), order, product, pieces_of(row), place, self._at(row), "till")

    def _at(self, row: Native) -> datetime | None:
        try:
            at = datetime.fromisoformat(text(row, SOLD_AT))
        except ValueError:
            return None
        return at.replace(tzinfo=at.tzinfo or self._zone).astimezone(UTC)
