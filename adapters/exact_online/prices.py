"""Prices: ``logistics/SalesItemPrices`` without an account, in the division's currency (section 12)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from adapters.exact_online import odata
from adapters.exact_online.api import Api, one_by_one
from adapters.exact_online.dates import day, wall_time
from adapters.exact_online.division import Division
from adapters.exact_online.feeds import PRICE, Feeds
from adapters.exact_online.items import ITEMS
from adapters.exact_online.properties import selected
from connector.contract import Opening, Page, Row, RowResult, Write
from connector.model.entity import Entity

PRICES: Final = "logistics/SalesItemPrices"
_SYNC: Final = "sync/Logistics/SalesItemPrices"
_LANE: Final = Entity.PRICE.value
_KEYS: Final = (
    "ID", "Item", "Account", "Currency", "Unit", "DefaultItemUnit", "Quantity", "NumberOfItemsPerUnit", "Price",
    "StartDate", "EndDate", "Created", "Modified",
)  # fmt: skip
#: A row made and changed at one moment was never touched.
_AT_ONCE: Final = timedelta(seconds=5)
#: A look-up before a create is good for the create that follows it.
_LOOKED_UP: Final = timedelta(seconds=60)


@dataclass(frozen=True)
class _Looked:
    rows: Sequence[Mapping[str, Any]]
    at: datetime


class Prices:
    """The price entity of one division. All rows lie in one list, under the name the configuration gives it."""

    def __init__(self, api: Api, opening: Opening, division: Division, feeds: Feeds) -> None:
        self._api = api
        self._now = opening.now
        self._division = division
        self._feeds = feeds
        self._list = next(iter(opening.lists), "sales")
        self._select = selected(opening, Entity.PRICE, _KEYS)
        self._looked: dict[str, _Looked] = {}

    def changes(self, stored: str | None) -> Iterator[Page]:
        """What changed behind the cursor, then what was deleted."""
        cursor = self._feeds.begin(stored, _LANE)
        began_at = None
        for page in self._feeds.changed(cursor, _SYNC, self._select, _LANE):
            began_at = began_at or page.began_at
            if page.rows:
                yield Page(self._rows(page.rows), page.began_at)
        gone = [Row(id_, {}, deleted=True) for _, id_ in self._feeds.deleted(cursor, (PRICE,), _LANE)]
        yield Page(gone, began_at or self._now(), cursor.text(), complete=True)

    def sweep(self) -> Iterator[Page]:
        """Every row that is ours, without those that a new item got by itself."""
        for page in self._feeds.everything(_SYNC, self._select, _LANE):
            yield Page(self._rows(page.rows), page.began_at, complete=page.last)

    def read(self, ids: Sequence[str]) -> list[Row]:
        """Rows by their id; here also one whose price is still 0."""
        known = [id_ for id_ in ids if odata.is_guid(id_)]
        found: list[Mapping[str, Any]] = []
        for some in odata.chunks(known):
            found += self._api.listing(PRICES, self._select, _LANE, odata.either("ID", map(odata.guid, some)))
        return [self._row(native) for native in found]

    def find_of(self, items: Sequence[str]) -> dict[str, list[Row]]:
        """All rows of the items that are ours; the one an item got by itself only if no other is base."""
        return {item: self._told(natives) for item, natives in self._of(items).items()}

    def _told(self, natives: Sequence[Mapping[str, Any]]) -> list[Row]:
        rows = [self._row(native) for native in natives]
        touched = [row for row in rows if not _is_automatic(row.native)]
        return touched if any(row.part == "base" for row in touched) else rows

    def write(self, writes: Sequence[Write]) -> list[RowResult]:
        """One call per row."""
        return one_by_one(writes, self._write)

    def _write(self, write: Write) -> RowResult:
        if write.operation == "delete":
            self._api.remove(PRICES, write.external_id, _LANE)
            return RowResult(write.token, write.external_id)
        if write.external_id:
            self._api.change(PRICES, write.external_id, write.fields, _LANE)
            return RowResult(write.token, write.external_id)
        return self._create(write)

    def _create(self, write: Write) -> RowResult:
        """A new row, or the one in its place: a second one beside the automatic one would be two prices (fact 124)."""
        looked = self._looked.pop(write.parent_id, None)
        if looked is None or self._now() - looked.at >= _LOOKED_UP:
            rows: Sequence[Mapping[str, Any]] = self._of([write.parent_id])[write.parent_id]
            self._looked.pop(write.parent_id, None)
        else:
            rows = looked.rows
        standing = self._standing(write, rows)
        if standing is not None:
            self._api.change(PRICES, str(standing["ID"]), write.fields, _LANE)
            return RowResult(write.token, str(standing["ID"]).lower())
        return RowResult(write.token, self._api.create(PRICES, self._body(write, rows), _LANE))

    def _standing(self, write: Write, rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
        """The row whose place a new one would take: the base price, or the same quantity from the same day."""
        if write.part == "base":
            bases = [native for native in rows if self._kind(native) == "base"]
            return min(bases, key=_is_automatic, default=None)
        return next((native for native in rows if self._is_same(write, native)), None)

    def _is_same(self, write: Write, native: Mapping[str, Any]) -> bool:
        """The same kind and quantity, from the same day; one that is to begin at once may have begun before."""
        if self._kind(native) != write.part or _quantity(native) != _quantity(write.fields):
            return False
        begins, begun = day(write.fields.get("StartDate")), day(native.get("StartDate"))
        if begins is None:
            return begun is None or begun <= date.fromisoformat(self._today())
        return begun == begins

    def _body(self, write: Write, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """All the properties that a row consists of (fact 126)."""
        clock, currency = self._division.clock(_LANE), self._division.state(_LANE).currency
        given = {name: value for name, value in write.fields.items() if value is not None}
        return {
            "Item": write.parent_id,
            "Currency": currency,
            "Unit": self._unit(write, rows),
            "Quantity": 1,
            "NumberOfItemsPerUnit": 1,
            "StartDate": clock.today(self._now()),
            **given,
        }

    def _unit(self, write: Write, rows: Sequence[Mapping[str, Any]]) -> str:
        """The item's standard unit: as last seen, by one of its rows, or asked for."""
        known = (write.parent.get("Unit"), *(native.get("DefaultItemUnit") for native in rows))
        unit = next((str(one).strip() for one in known if one), "")
        if unit:
            return unit
        items = self._api.listing(ITEMS, ["ID", "Unit"], _LANE, f"ID eq {odata.guid(write.parent_id)}")
        return next((str(item.get("Unit") or "").strip() for item in items), "")

    def _of(self, items: Sequence[str]) -> dict[str, list[Mapping[str, Any]]]:
        """The rows of items that are ours, past and future ones too (fact 127)."""
        found: dict[str, list[Mapping[str, Any]]] = {item: [] for item in items}
        at = self._now()
        for some in odata.chunks([item for item in found if odata.is_guid(item)]):
            where = odata.either("Item", map(odata.guid, some))
            for native in self._api.listing(PRICES, self._select, _LANE, where):
                if self._is_ours(native):
                    found[str(native["Item"]).lower()].append(native)
        self._looked = {one: looked for one, looked in self._looked.items() if at - looked.at < _LOOKED_UP}
        self._looked |= {item: _Looked(rows, at) for item, rows in found.items()}
        return found

    def _rows(self, natives: Sequence[Mapping[str, Any]]) -> list[Row]:
        return [self._row(native) for native in natives if self._is_ours(native) and not _is_automatic(native)]

    def _is_ours(self, native: Mapping[str, Any]) -> bool:
        """No agreement with one customer, no other currency, the item's own unit (fact 123)."""
        unit, standard = (str(native.get(name) or "").strip() for name in ("Unit", "DefaultItemUnit"))
        currency = str(native.get("Currency") or "").strip()
        ours = self._division.state(_LANE).currency
        return not native.get("Account") and currency in ("", ours) and (not standard or unit == standard)

    def _row(self, native: Mapping[str, Any]) -> Row:
        return Row(
            external_id=str(native["ID"]).lower(),
            native=native,
            parent=str(native.get("Item") or "").lower(),
            place=self._list,
            part=self._kind(native),
            modified_at=self._division.clock(_LANE).utc(native.get("Modified")),
        )

    def _kind(self, native: Mapping[str, Any]) -> str:
        """As mappings/exact_online.toml says: by quantity, and by whether it ends or is still to come."""
        starts, today = day(native.get("StartDate")), date.fromisoformat(self._today())
        dated = bool(native.get("EndDate")) or (starts is not None and starts > today)
        if _quantity(native) > 1:
            return "dated_tier" if dated else "tier"
        return "promo" if dated else "base"

    def _today(self) -> str:
        return self._division.clock(_LANE).today(self._now())


def _quantity(native: Mapping[str, Any]) -> Decimal:
    """The least quantity; a row without one holds from the first piece."""
    return Decimal(str(native.get("Quantity") or 1))


def _is_automatic(native: Mapping[str, Any]) -> bool:
    """The row with price 0 that a new item gets by itself, and nobody has touched (fact 124)."""
    made, changed = wall_time(native.get("Created")), wall_time(native.get("Modified"))
    untouched = made is None or changed is None or abs(changed - made) <= _AT_ONCE
    return untouched and not Decimal(str(native.get("Price") or 0))
