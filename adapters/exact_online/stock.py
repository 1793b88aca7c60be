"""Stock: positions read from the sync endpoint, changed by stock counts with signed lines (section 13)."""

from __future__ import annotations

import base64
import hashlib
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from adapters.exact_online import odata
from adapters.exact_online.api import Api, failed
from adapters.exact_online.division import Division, Warehouse
from adapters.exact_online.feeds import Feeds
from adapters.exact_online.properties import selected
from connector.contract import Evidence, Opening, Page, Row, RowResult, Write
from connector.errors import AuthFailed, ConnectorError, ContractBroken, RateLimited, Rejected, Transient
from connector.model.entity import Entity

COUNTS: Final = "inventory/StockCounts"
ITEM_WAREHOUSES: Final = "inventory/ItemWarehouses"
_SYNC: Final = "sync/Inventory/StockPositions"
_LANE: Final = Entity.STOCK.value
PROCESSED: Final = 21  # booked at once (fact 134)
#: A description holds 60 characters: the word and so many marks.
_WORD: Final = "sync"
_MARK: Final = 8
MARKS_PER_COUNT: Final = 6
#: Writes taken together; they are split by warehouse, and by what a description holds.
WRITE_BATCH: Final = 24


class Stock:
    """The stock entity of one division: ids are ``ITEM:WAREHOUSE``, places are codes of warehouses."""

    def __init__(self, api: Api, opening: Opening, division: Division, feeds: Feeds) -> None:
        self._api = api
        self._now = opening.now
        self._division = division
        self._feeds = feeds
        self._places = frozenset(opening.locations)
        self._select = selected(opening, Entity.STOCK, ("CurrentStock", "WarehouseCode", "Warehouse"))

    def changes(self, stored: str | None) -> Iterator[Page]:
        """Positions that moved behind the cursor. A deleted one goes with its item, so nothing is lost here."""
        cursor = self._feeds.begin(stored, _LANE)
        began_at = None
        for page in self._feeds.changed(cursor, _SYNC, ["ItemId", *self._select], _LANE):
            began_at = began_at or page.began_at
            if not page.last:
                yield Page(self._rows(page.rows, "ItemId"), page.began_at)
                continue
            yield Page(self._rows(page.rows, "ItemId"), began_at, cursor.text(), complete=True)

    def sweep(self) -> Iterator[Page]:
        """Every position of the configured warehouses."""
        for page in self._feeds.everything(_SYNC, ["ItemId", *self._select], _LANE):
            yield Page(self._rows(page.rows, "ItemId"), page.began_at, complete=page.last)

    def read(self, ids: Sequence[str]) -> list[Row]:
        """Figures by their id."""
        wanted = frozenset(ids)
        items = sorted({item for item, _, _ in (id_.partition(":") for id_ in ids) if odata.is_guid(item)})
        return [row for row in self._of(items) if row.external_id in wanted]

    def find_of(self, items: Sequence[str]) -> dict[str, list[Row]]:
        """All figures of the items."""
        found: dict[str, list[Row]] = {item: [] for item in items}
        for row in self._of([item for item in found if odata.is_guid(item)]):
            found[row.parent].append(row)
        return found

    def write(self, writes: Sequence[Write]) -> list[RowResult]:
        """Book the differences, a count per warehouse and six writes. A refused count booked nothing: it is split."""
        results: list[RowResult] = []
        counts, sent = deque(self._counts(writes, results)), False
        while counts:
            warehouse, some = counts.popleft()
            try:
                results += self._book(warehouse, some)
            except (RateLimited, AuthFailed, Transient) as stop:
                if not sent:
                    raise
                left = [write for _, later in ((warehouse, some), *counts) for write in later]
                return results + [failed(write, stop) for write in left]
            except Rejected as wrong:
                counts.extendleft((warehouse, [write]) for write in some if len(some) > 1)
                results += [failed(write, wrong) for write in some if len(some) == 1]
            sent = True
        return results

    def landed(self, write: Write) -> Evidence | None:
        """Whether a count with the write's mark is there; None where counts cannot be searched by description."""
        mark = _mark(write)
        where = f"substringof({odata.text(mark)},Description) eq true"
        try:
            counts = self._api.listing(COUNTS, ["StockCountID", "Description", "Status"], _LANE, where)
        except ContractBroken:
            return None
        # the comparison there may take an upper-case letter for a lower-case one
        return Evidence(any(mark in str(count.get("Description") or "").split() for count in counts))

    def _counts(self, writes: Sequence[Write], results: list[RowResult]) -> Iterator[tuple[Warehouse, Sequence[Write]]]:
        """Writes by warehouse, as many as one description has room for; what cannot be booked goes to the results."""
        by_place: dict[str, list[Write]] = defaultdict(list)
        for write in writes:
            if write.difference is None:
                results.append(failed(write, Rejected("a stock figure is written as a difference")))
            elif not write.difference:
                results.append(RowResult(write.token, write.external_id))
            else:
                by_place[write.place].append(write)
        for code, some in by_place.items():
            try:
                warehouse = self._division.warehouse(code, _LANE)
            except Rejected as wrong:
                results += [failed(write, wrong) for write in some]
                continue
            yield from ((warehouse, chunk) for chunk in odata.chunks(some, MARKS_PER_COUNT))

    def _book(self, warehouse: Warehouse, writes: Sequence[Write]) -> list[RowResult]:
        """One count. Raises where it came to nothing; in doubt, each of its writes is."""
        try:
            self._api.create(COUNTS, self._body(warehouse, writes), _LANE, key="StockCountID")
        except (RateLimited, AuthFailed, Transient, Rejected):
            raise
        except ConnectorError as wrong:
            return [failed(write, wrong) for write in writes]
        return [RowResult(write.token, f"{_item(write)}:{warehouse.id}") for write in writes]

    def _body(self, warehouse: Warehouse, writes: Sequence[Write]) -> dict[str, Any]:
        storage = {"StorageLocation": warehouse.storage} if warehouse.storage else {}
        return {
            "StockCountDate": self._division.clock(_LANE).today(self._now()),
            "Warehouse": warehouse.id,
            "Status": PROCESSED,
            "Description": " ".join([_WORD, *map(_mark, writes)]),
            "StockCountLines": [
                {"Item": _item(write), "QuantityDifference": write.difference, **storage} for write in writes
            ],
        }

    def _of(self, items: Sequence[str]) -> list[Row]:
        """The figures of items, with a read that sees our own counts."""
        found: list[Mapping[str, Any]] = []
        for some in odata.chunks(items):
            where = odata.either("Item", map(odata.guid, some))
            found += self._api.listing(ITEM_WAREHOUSES, ["ID", "Item", *self._select], _LANE, where)
        return self._rows(found, "Item")

    def _rows(self, natives: Sequence[Mapping[str, Any]], item: str) -> list[Row]:
        """Positions of the configured warehouses, or of all where none is configured."""
        rows = [_row(native, item) for native in natives]
        return [row for row in rows if not self._places or row.place in self._places]


def _row(native: Mapping[str, Any], item: str) -> Row:
    parent, warehouse = (str(native.get(name) or "").lower() for name in (item, "Warehouse"))
    code = str(native.get("WarehouseCode") or "").strip()
    return Row(external_id=f"{parent}:{warehouse}", native=native, parent=parent, place=code)


def _item(write: Write) -> str:
    return write.parent_id or write.external_id.partition(":")[0]


def is_ours(description: str) -> bool:
    """Whether a count bears marks of ours."""
    word, *marks = description.split() or [""]
    return word == _WORD and bool(marks) and all(len(mark) == _MARK for mark in marks)


def _mark(write: Write) -> str:
    """Eight characters that stand for the write's token."""
    return base64.urlsafe_b64encode(hashlib.sha256(write.token.encode()).digest()[:6]).decode()
