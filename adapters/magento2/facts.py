"""What the stock formula needs beside the figures: open orders, shipments, order numbers.

Every round reads all open orders with their lines: a partial shipment does not move an order's
date (NOTES section 3). Credit memos are no hand-overs: neither they nor the order's lines say whether the
pieces came back (recording orders: one memo with return and one without read alike). What is refunded before it
was shipped ends its claim; without return the source falls besides, and after shipping, with return, it rises
(NOTES section 1, fact 6). That shows in the quantity alone; the engine sees it together with the claim's end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

import msgspec

from adapters.magento2.api import ALL, Api, Filter, moment, written
from adapters.magento2.options import Options
from adapters.magento2.shop import Shop
from connector.contract import Claim, Facts, HandOver, Opening
from connector.model.entity import code_key

_ORDERS: Final = f"{ALL}/orders"
_SHIPMENTS: Final = f"{ALL}/shipments"
_CLOSED: Final = ("complete", "closed", "canceled")
_PAGE: Final = 100
#: Only these members are asked for: an order holds names, addresses and amounts that are none of our business here.
_LINE: Final = "item_id,parent_item_id,product_type,sku,qty_ordered,qty_canceled,qty_shipped,qty_refunded"
_ORDER_FIELDS: Final = f"items[entity_id,increment_id,store_id,items[{_LINE}]],total_count"
_NUMBER_FIELDS: Final = "items[entity_id,increment_id],total_count"
_PARCEL: Final = "entity_id,order_item_id,sku,qty"
_SHIPMENT_FIELDS: Final = (
    f"items[entity_id,order_id,created_at,items[{_PARCEL}],extension_attributes[source_code]],total_count"
)
#: Ids are given out before they are committed: so many before the last one are read again.
_BEHIND: Final = 50


class Read(msgspec.Struct, frozen=True):
    """How far orders and shipments have been read, by entity id."""

    order: int = 0
    shipment: int = 0


@dataclass(frozen=True)
class Order:
    """An order's number, and its lines by id."""

    number: str
    lines: Mapping[int, Mapping[str, Any]]


class OpenOrders:
    """Claims and hand-overs of one shop."""

    def __init__(self, api: Api, opening: Opening, shop: Shop) -> None:
        self._api = api
        self._options: Options = opening.options
        self._now = opening.now
        self._shop = shop

    def facts(self, cursor: str | None) -> Facts:
        """All open claims; shipments and order numbers since the cursor."""
        began_at = self._now()
        done = Read() if cursor is None else msgspec.json.decode(cursor, type=Read)
        opened = {int(one["entity_id"]): order_of(one) for one in self._open_orders()}
        new = list(self._since(_ORDERS, done.order, _NUMBER_FIELDS))
        sent = list(self._since(_SHIPMENTS, done.shipment, _SHIPMENT_FIELDS))
        orders = opened | self._orders_of(sent, opened)
        numbers = {order.number for order in orders.values()} | {str(one["increment_id"]) for one in new}
        reached = Read(_last(new, done.order), _last(sent, done.shipment))
        return Facts(
            claims=[claim for order in opened.values() for claim in claims_of(order)],
            hand_overs=[hand_over for one in sent for hand_over in hand_overs_of(one, orders)],
            orders=sorted(numbers),
            cursor=msgspec.json.encode(reached).decode(),
            began_at=began_at,
        )

    def _open_orders(self) -> Iterator[dict[str, Any]]:
        """Orders that still claim stock, of the store views that sell from our website's stock."""
        open_ = [[Filter("state", state, "neq")] for state in _CLOSED]
        stores = self._shop.stores_of_stock
        for order in self._api.everything(
            _ORDERS, open_, "stock", member="entity_id", size=_PAGE, fields=_ORDER_FIELDS
        ):
            if int(order.get("store_id") or 0) in stores:
                yield order

    def _since(self, path: str, last: int, fields: str) -> Iterator[dict[str, Any]]:
        """What came after an id, and a little before it; the first time, of the last months."""
        first = written(self._now() - timedelta(days=self._options.order_history_days))
        groups = [] if last else [[Filter("created_at", first, "gteq")]]
        after = str(max(last - _BEHIND, 0))
        return self._api.everything(path, groups, "stock", member="entity_id", after=after, size=_PAGE, fields=fields)

    def _orders_of(self, shipments: Iterable[Mapping[str, Any]], known: Mapping[int, Order]) -> dict[int, Order]:
        """The orders that shipments belong to: a shipment knows only their ids."""
        ids = sorted({int(one["order_id"]) for one in shipments} - known.keys())
        items = self._api.by_values(
            _ORDERS, "entity_id", [str(id_) for id_ in ids], "stock", member="entity_id", fields=_ORDER_FIELDS
        )
        return {int(one["entity_id"]): order_of(one) for one in items}


def order_of(order: Mapping[str, Any]) -> Order:
    lines = {int(line["item_id"]): line for line in order.get("items") or ()}
    return Order(str(order["increment_id"]), lines)


def claims_of(order: Order) -> Iterator[Claim]:
    """What of an order is still to be handed over (canonical-model, section 4: R)."""
    for id_, line in order.lines.items():
        open_ = _quantity(line, "qty_ordered") - sum(
            _quantity(line, name) for name in ("qty_canceled", "qty_shipped", "qty_refunded")
        )
        if open_ > 0 and _counts(line, order.lines):
            yield Claim(order.number, str(id_), code_key(str(line["sku"])), open_)


def _counts(line: Mapping[str, Any], lines: Mapping[int, Mapping[str, Any]]) -> bool:
    """Of a configurable line only the parent counts shipments; of a bundle only the parts are things."""
    parent = lines.get(int(line.get("parent_item_id") or 0))
    if parent is not None and parent.get("product_type") == "configurable":
        return False
    return line.get("product_type") != "bundle"


def hand_overs_of(shipment: Mapping[str, Any], orders: Mapping[int, Order]) -> Iterator[HandOver]:
    order = orders.get(int(shipment["order_id"]))
    place = str((shipment.get("extension_attributes") or {}).get("source_code") or "")
    for item in shipment.get("items") or ():
        line = order.lines.get(int(item.get("order_item_id") or 0), {}) if order else {}
        if order is None or not _counts(line, order.lines):
            continue
        yield HandOver(
            id=f"shipment/{shipment['entity_id']}/{item['entity_id']}",
            order=order.number,
            parent=code_key(str(item["sku"])),
            quantity=_quantity(item, "qty"),
            place=place,
            at=moment(shipment.get("created_at")),
        )


def _quantity(line: Mapping[str, Any], name: str) -> Decimal:
    """A quantity; absent is 0."""
    return Decimal(str(line.get(name) or 0))


def _last(rows: Sequence[Mapping[str, Any]], before: int) -> int:
    return max([before, *(int(row["entity_id"]) for row in rows)])
