"""Stock: the level of each product in each configured outlet, written as signed differences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from adapters.lightspeed_x.adjustments import ADJUSTMENTS, Log, Reasons, as_text, is_booking
from adapters.lightspeed_x.api import Api, Json, chunks, failed, version_of
from adapters.lightspeed_x.position import pack, unpack
from adapters.lightspeed_x.products import moved
from adapters.lightspeed_x.shop import Shop
from connector.contract import Evidence, Opening, Page, Row, RowResult, Write
from connector.errors import AmbiguousWrite, ConnectorError, Rejected
from connector.model.entity import Entity

PURPOSE: Final = Entity.STOCK.value
FEED: Final = "inventory"
#: As many rows as the API takes in a call.
WRITE_BATCH: Final = 1000
#: Of more products than these the levels are picked out of the whole list.
FEW: Final = 8
#: The sub-record that a write makes: the version of its adjustment, by which later ones are told apart.
ADJUSTMENT: Final = "adjustment"
#: How far apart our clock and the shop's may be when a moment of one is compared with one of the other.
_CLOCKS: Final = timedelta(seconds=30)


@dataclass(frozen=True)
class Line:
    """One difference to be booked."""

    write: Write
    product: str
    outlet: str
    pieces: Decimal
    reason: str = ""

    @property
    def external_id(self) -> str:
        return f"{self.product}:{self.outlet}"

    def is_in(self, row: Json, since: datetime | None) -> bool:
        """Whether an adjustment is this one, made at this moment or later."""
        return is_booking(row, self.product, self.outlet, self.pieces, since)

    def as_row(self) -> Json:
        """As the call wants it."""
        return {
            "product_id": self.product,
            "outlet_id": self.outlet,
            "quantity": as_text(self.pieces),
            "reason": "CUSTOM",
            "custom_inventory_adjustment_reason_id": self.reason,
        }


class Stock:
    """The stock entity of one shop. The feed of levels is one of its own: a sale does not move the product."""

    def __init__(self, api: Api, opening: Opening, shop: Shop) -> None:
        self._api = api
        self._now = opening.now
        self._shop = shop
        self._reasons = Reasons(api)
        self._log = Log(api, self._reasons, opening.now)
        self._booked_to = 0  # the greatest version of an adjustment that we were told of

    def changes(self, cursor: str | None) -> Iterator[Page]:
        """Levels that moved."""
        position = unpack(cursor, (FEED,))[FEED]
        for batch in self._api.inventory(PURPOSE, position.start, position.seen):
            position = moved(position, batch)
            yield Page(self._rows(batch.rows), batch.began_at, pack({FEED: position}), complete=batch.last)

    def sweep(self) -> Iterator[Page]:
        """All levels."""
        for batch in self._api.inventory(PURPOSE, 0):
            yield Page(self._rows(batch.rows), batch.began_at, complete=batch.last)

    def read(self, ids: Sequence[str]) -> list[Row]:
        """Levels by their id, ``PRODUCT:OUTLET``."""
        wanted = frozenset(ids)
        products = frozenset(id_.partition(":")[0] for id_ in ids)
        return [row for row in self._of(products) if row.external_id in wanted]

    def find_of(self, products: Sequence[str]) -> dict[str, list[Row]]:
        """All levels of the products."""
        found: dict[str, list[Row]] = {product: [] for product in products}
        for row in self._of(frozenset(products)):
            found[row.parent].append(row)
        return found

    def _of(self, products: frozenset[str]) -> list[Row]:
        """The levels of some products: a call each, or the whole list, five thousand in a call, for many."""
        asked: list[Json] = [{}] if len(products) > FEW else [{"product_id": product} for product in sorted(products)]
        batches = (batch for one in asked for batch in self._api.inventory(PURPOSE, 0, **one))
        return self._rows([level for batch in batches for level in batch.rows if level.get("product_id") in products])

    def _rows(self, levels: Sequence[Json]) -> list[Row]:
        """Rows of the configured outlets; a deleted level says no more than its deleted product."""
        places = self._shop.places(PURPOSE)
        return [
            _row(level, places[outlet])
            for level in levels
            if (outlet := str(level["outlet_id"])) in places and not level.get("deleted_at")
        ]

    def write(self, writes: Sequence[Write]) -> list[RowResult]:
        """Book the differences, each with a reason of our own."""
        results: list[RowResult] = []
        lines: list[Line] = []
        for write in writes:
            try:
                lines.append(self._line(write))
            except Rejected as wrong:
                results.append(failed(write, wrong))
        results += [RowResult(line.write.token, line.external_id) for line in lines if not line.pieces]
        owed = [line for line in lines if line.pieces]
        for place, batch in enumerate(chunks(owed, WRITE_BATCH)):
            results += self._kept(batch) if place else self._sent(batch)
        return results

    def landed(self, write: Write) -> Evidence | None:
        """Whether the shop has an adjustment of ours that is this write, and no earlier one.

        Earlier ones are those up to the version that the last receipt brought, and those from before
        the write was announced. None where neither is known.
        """
        placed = write.external_id or (write.parent_id and write.place)
        if write.difference is None or not placed or (ADJUSTMENT not in write.parts and write.sent_at is None):
            return None
        line = Line(write, *self._place(write), write.difference)
        since = None if write.sent_at is None else self._by_their_clock(write.sent_at)
        ours = self._log.since(int(write.parts.get(ADJUSTMENT, "0")))
        return Evidence(any(line.is_in(row, since) for row in ours))

    def _line(self, write: Write) -> Line:
        """What one write books. Raises Rejected for what the shop would refuse, or not keep."""
        if write.difference is None:
            raise Rejected("a level is written as a difference here")
        if write.parent.get("has_inventory") is False:
            raise Rejected(
                "the shop keeps no stock of this product",
                remedy="switch on inventory tracking for it in the shop, or tracks_stock in the system that owns it",
            )
        reason = self._reasons.id_of(write.difference) if write.difference else ""
        return Line(write, *self._place(write), write.difference, reason)

    def _place(self, write: Write) -> tuple[str, str]:
        product, _, outlet = write.external_id.partition(":")
        return product or write.parent_id, outlet or self._shop.outlet_of(write.place, PURPOSE)

    def _by_their_clock(self, ours: datetime) -> datetime:
        """The earliest moment that the shop may have given to something that happened then."""
        return ours + (self._api.transport.clock_offset or timedelta(0)) - _CLOCKS

    def _kept(self, lines: Sequence[Line]) -> list[RowResult]:
        """Like :meth:`_sent`, where others of the same call were booked already."""
        try:
            return self._sent(lines)
        except ConnectorError as stop:
            return [failed(line.write, stop) for line in lines]

    def _sent(self, lines: Sequence[Line]) -> list[RowResult]:
        """One call. Raises only where nothing was booked."""
        announced, before = self._now(), self._booked_to
        rows = [line.as_row() for line in lines]
        try:
            made = self._api.write("POST", ADJUSTMENTS, PURPOSE, {"stock_adjustments": rows})
        except Rejected as wrong:
            if len(lines) == 1:
                return [failed(lines[0].write, wrong)]
            return self._after_refusal(lines, announced, before)
        except AmbiguousWrite as lost:
            return [failed(line.write, lost) for line in lines]
        if not isinstance(made, list) or len(made) != len(lines):
            unread = AmbiguousWrite(f"POST {ADJUSTMENTS} was not answered row by row")
            return [failed(line.write, unread) for line in lines]
        return [self._confirmed(line, row) for line, row in zip(lines, made, strict=True)]

    def _after_refusal(self, lines: Sequence[Line], announced: datetime, before: int) -> list[RowResult]:
        """A refused call does not name its bad row, and may have booked those before it (NOTES section 6, open).

        What it did book is looked for; the others go again, in halves.
        """
        try:
            ours = self._log.since(before, anew=True)
        except ConnectorError as wrong:
            lost = AmbiguousWrite(f"refused, and it is not known what was booked of it: {wrong}")
            return [failed(line.write, lost) for line in lines]
        since = self._by_their_clock(announced)
        results: list[RowResult] = []
        left: list[Line] = []
        for line in lines:
            row = next((row for row in ours if line.is_in(row, since)), None)
            if row is None:
                left.append(line)
            else:
                results.append(self._confirmed(line, row))
        half = max(1, (len(left) + 1) // 2)
        return results + [result for part in chunks(left, half) for result in self._kept(part)]

    def _confirmed(self, line: Line, row: Json) -> RowResult:
        version = int(version_of(row) or 0)
        self._booked_to = max(self._booked_to, version)
        return RowResult(line.write.token, line.external_id, parts={ADJUSTMENT: str(version)})


def _row(level: Json, place: str) -> Row:
    product = str(level["product_id"])
    return Row(f"{product}:{level['outlet_id']}", level, parent=product, place=place, version=str(level["version"]))
