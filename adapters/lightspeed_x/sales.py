"""Facts for the stock formula: what went over the counter.

A closed sale has lowered the level already; it is reported because someone may book it elsewhere later.
Parked and pending sales, laybys and sales on account: whether they move the level is not known
(canonical-model, open point 9). They are left out until they are closed, and there are no claims.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from adapters.lightspeed_x.api import Api, Json, moment, version_of
from adapters.lightspeed_x.position import Position, pack, unpack
from adapters.lightspeed_x.products import moved
from adapters.lightspeed_x.shop import Shop
from connector.contract import Facts, HandOver, Opening
from connector.model.entity import Entity

PURPOSE: Final = Entity.STOCK.value
FEED: Final = "sales"
#: Sales are large rows (NOTES section 4).
_PAGE: Final = 1000
#: Where the search goes on looking for the last sale.
_LOOK_BACK_DAYS: Final = (30, 365)


class Sales:
    """The sales of one shop, as hand-overs."""

    def __init__(self, api: Api, opening: Opening, shop: Shop, history_days: int) -> None:
        self._api = api
        self._now = opening.now
        self._shop = shop
        self._history = timedelta(days=history_days)

    def facts(self, cursor: str | None) -> Facts:
        """Sales that were closed or voided since the cursor; the first time those of the last days."""
        began_at = self._now()
        position = unpack(cursor, (FEED,))[FEED] if cursor else self._beginning()
        places = self._shop.places(PURPOSE)
        hand_overs: list[HandOver] = []
        for batch in self._api.feed(f"/{FEED}", PURPOSE, position.start, size=_PAGE, known=position.seen):
            for sale in batch.rows:
                hand_overs += _hand_overs(sale, places)
            position = moved(position, batch)
        return Facts(None, hand_overs, (), pack({FEED: position}), began_at)

    def _beginning(self) -> Position:
        """Where the last days begin. The feed knows no dates, and the search tells versions of sales by date.

        What was sold before is in the first figures. Where nothing was sold in those days, it begins with the last
        sale before them, as far as the search tells.
        """
        recent = [version for page in self._searched(self._history) for version in page]
        if recent:
            return Position(reached=min(recent) - 1)
        earlier = (next(self._searched(timedelta(days=days)), []) for days in _LOOK_BACK_DAYS)
        newest = next((max(versions) for versions in earlier if versions), None)
        return Position() if newest is None else Position(reached=newest - 1)

    def _searched(self, ago: timedelta) -> Iterator[list[int]]:
        """Versions of the sales since then, by pages."""
        since = (self._now() - ago).strftime("%Y-%m-%dT%H:%M:%SZ")
        query = [("type", FEED), ("date_from", since), ("page_size", str(_PAGE))]
        offset = 0
        while True:
            found = self._api.get("/search", PURPOSE, [*query, ("offset", str(offset))])
            yield [version for sale in found if isinstance(version := version_of(sale), int)]
            if len(found) < _PAGE:
                return
            offset += len(found)


def _hand_overs(sale: Json, places: dict[str, str]) -> Iterator[HandOver]:
    """A closed sale's lines. A voided one is reported with its reversal, since it may have been closed before."""
    voided = sale.get("state") == "voided" or bool(sale.get("deleted_at"))
    if not voided and sale.get("state") != "closed":
        return
    source = sale.get("source") or {}
    place = places.get(str(source.get("outlet_id") or ""), "")
    order = str(source.get("id") or sale.get("invoice_number") or sale["id"])
    if not place:
        return
    for line in sale.get("line_items") or ():
        id_, pieces = f"{sale['id']}:{line['id']}", Decimal(line.get("quantity") or 0)
        parent = str((line.get("product") or {}).get("id") or "")
        yield HandOver(id_, order, parent, pieces, place, _at(sale, "date"), "till")
        if voided:
            yield HandOver(f"{id_}:voided", order, parent, -pieces, place, _at(sale, "updated_at"), "till")


def _at(sale: Json, name: str) -> datetime | None:
    at = moment(sale.get(name))
    return None if at is None else at.astimezone(UTC)
