"""What the stock formula needs beside the figures: open order lines, deliveries, order numbers, till bookings.

The host lists what changed, not what is open. Reading all orders each round would cost a call per
thousand lines; so the open lines are carried in the cursor, and a quiet round costs two calls: what
changed of the orders and of their lines. Deliveries are read only when a line has changed, since each
delivery changes the line it delivers, and once in a while besides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import msgspec

from adapters.exact_online import odata
from adapters.exact_online.api import Api
from adapters.exact_online.counts import stocktakes
from adapters.exact_online.division import Division
from adapters.exact_online.feeds import ORDER, ORDER_LINE, Cursor, Feeds
from adapters.exact_online.options import Options
from connector.contract import Claim, Counted, Facts, HandOver, Opening
from connector.errors import Rejected

_LANE: Final = "stock"
_SINGLE: Final = "salesorder/SalesOrders"
_ORDERS: Final = "sync/SalesOrder/SalesOrderHeaders"
_LINES: Final = "sync/SalesOrder/SalesOrderLines"
_DELIVERIES: Final = "sync/SalesOrder/GoodsDeliveries"
_DELIVERED: Final = "sync/SalesOrder/GoodsDeliveryLines"
_INVOICES: Final = "sync/SalesInvoice/SalesInvoices"
_ORDER_FIELDS: Final = ("OrderID", "OrderNumber", "Status", "WarehouseCode", "Modified")

#: Where the number of the channel stands on which an order was placed, unless the configuration says otherwise.
REFERENCE: Final = "YourRef"
_JOURNAL: Final = "journal:"


def till_journal(opening: Opening) -> str:
    """The journal in which someone books the till's sales as direct invoices; "" where nobody does.

    Bookings are recognised by their journal alone: of a customer or a user, sync rows do not tell enough.
    """
    if opening.books and not opening.books.startswith(_JOURNAL):
        raise Rejected(
            f"bookings of till sales cannot be recognised by {opening.books}",
            remedy='book them in a journal of their own: books = "journal:CODE"',
        )
    return opening.books.removeprefix(_JOURNAL)


_LINE_FIELDS: Final = (
    "OrderID", "OrderNumber", "Item", "Quantity", "QuantityDelivered", "DeliveryStatus", "UseDropShipment",
)  # fmt: skip
_DELIVERED_FIELDS: Final = ("EntryID", "Item", "QuantityDelivered", "SalesOrderNumber", "Created")
_INVOICE_FIELDS: Final = ("InvoiceID", "Item", "Quantity", "Journal", "Type", "Status", "Warehouse", "Modified")
_OPEN: Final = frozenset({12, 20})  # open, partly delivered (fact 157)
_DIRECT: Final = {8023: 1, 8024: -1}  # direct invoices and their credits move stock (fact 160)
_PROCESSED: Final = 50
#: Deliveries are read at least so often, whatever the lines say; not in the round that looks at the division.
_AT_LEAST: Final = timedelta(minutes=30)


class Order(msgspec.Struct, frozen=True, array_like=True):
    """An order that may still claim: its number, its reference elsewhere, its warehouse, whether it is open."""

    number: str
    reference: str
    place: str
    is_open: bool


class Line(msgspec.Struct, frozen=True, array_like=True):
    """An open line: the order's id, the item, the pieces still to be delivered."""

    order: str
    item: str
    pieces: Decimal


class Kept(msgspec.Struct, frozen=True):
    """The cursor of facts: how far the feeds were read, and what is open by then.

    Attributes:
        orders: order id → order, of all that have open lines.
        lines: line id → open line.
        deliveries_at: when deliveries were read last (ISO, UTC).
        counts_at: when stocktakes were read last; "": never, so that the first ones are those from then on.
    """

    cursor: str
    orders: dict[str, Order]
    lines: dict[str, Line]
    deliveries_at: str = ""
    counts_at: str = ""


class Orders:
    """Sales orders and deliveries of one division, as facts."""

    def __init__(self, api: Api, opening: Opening, division: Division, feeds: Feeds) -> None:
        self._api = api
        self._now = opening.now
        self._channel = opening.channel
        self._options: Options = opening.options
        self._journal = till_journal(opening)
        self._counts = opening.counts
        self._reference = opening.order_reference or REFERENCE
        self._fields = (*_ORDER_FIELDS, self._reference)
        self._division = division
        self._feeds = feeds

    def facts(self, stored: str | None) -> Facts:
        """All open claims, and what was handed over since the cursor."""
        began_at = self._now()
        known = msgspec.json.decode(stored, type=Kept) if stored else None
        cursor = self._feeds.begin(known.cursor if known else None, _LANE)
        if known is None or not cursor.marks:
            known = Kept("", {}, {})
        seen = _Seen(dict(known.orders), dict(known.lines))
        hand_overs: list[HandOver] = []
        read_at = known.deliveries_at
        if self._options.sales_orders:
            moved = self._read_orders(cursor, seen)
            due = not read_at or began_at - datetime.fromisoformat(read_at) > _AT_LEAST
            if moved or (due and not (read_at and self._division.was_looked_at(began_at))):
                hand_overs += self._deliveries(cursor, seen)
                read_at = began_at.isoformat()
        if self._journal:
            hand_overs += self._till_bookings(cursor)
        counted_at, counts = known.counts_at, list[Counted]()
        if self._counts:
            counts = stocktakes(self._api, self._division, datetime.fromisoformat(counted_at)) if counted_at else []
            counted_at = began_at.isoformat()
        seen.forget_paid()
        kept = Kept(cursor.text(), seen.orders, seen.lines, read_at, counted_at)
        claims = list(seen.claims()) if self._options.sales_orders else None
        text = msgspec.json.encode(kept).decode()
        return Facts(claims, hand_overs, sorted(seen.references), text, began_at, counts)

    def _read_orders(self, cursor: Cursor, seen: _Seen) -> bool:
        """Learn what changed of orders and lines; whether a line changed, so that deliveries may have come."""
        since = self._reported_since()
        for page in self._feeds.changed(cursor, _ORDERS, self._fields, _LANE):
            for row in page.rows:
                order = self._order(row)
                seen.orders[str(row["OrderID"]).lower()] = order
                if order.is_open or self._is_recent(row.get("Modified"), since):
                    seen.references.add(order.reference)
        moved = False
        for page in self._feeds.changed(cursor, _LINES, _LINE_FIELDS, _LANE):
            moved = moved or bool(page.rows)
            for row in page.rows:
                seen.take_line(str(row["ID"]).lower(), row)
        for kind, id_ in self._feeds.deleted(cursor, (ORDER, ORDER_LINE), _LANE):
            seen.forget(id_, is_order=kind == ORDER)
        seen.orders |= self._asked("OrderID", map(odata.guid, seen.strays()))
        return moved

    def _order(self, row: Mapping[str, Any]) -> Order:
        number = str(row.get("OrderNumber") or "")
        reference = str(row.get(self._reference) or "").strip() or f"{self._channel}:{number}"
        return Order(number, reference, str(row.get("WarehouseCode") or "").strip(), row.get("Status") in _OPEN)

    def _deliveries(self, cursor: Cursor, seen: _Seen) -> Iterator[HandOver]:
        """What was delivered: the line says what and of which order, its delivery from which warehouse."""
        clock, since = self._division.clock(_LANE), self._reported_since()
        pages = self._feeds.changed(cursor, _DELIVERIES, ("WarehouseCode",), _LANE, key="EntryID")
        places = {row["EntryID"]: str(row.get("WarehouseCode") or "").strip() for page in pages for row in page.rows}
        lines = self._feeds.changed(cursor, _DELIVERED, _DELIVERED_FIELDS, _LANE)
        rows = [row for page in lines for row in page.rows if self._is_recent(row.get("Created"), since)]
        orders = self._by_number({str(row.get("SalesOrderNumber") or "") for row in rows}, seen)
        for row in rows:
            order = orders.get(str(row.get("SalesOrderNumber") or ""))
            if order is not None:
                yield HandOver(
                    id=f"delivery/{str(row['ID']).lower()}",
                    order=order.reference,
                    parent=str(row.get("Item") or "").lower(),
                    quantity=_pieces(row, "QuantityDelivered"),
                    place=places.get(row.get("EntryID")) or order.place,
                    at=clock.utc(row.get("Created")),
                )

    def _by_number(self, numbers: set[str], seen: _Seen) -> dict[str, Order]:
        """Orders by number; those that were closed before the last round are asked for."""
        known = {order.number: order for order in seen.orders.values()}
        missing = sorted(number for number in numbers - known.keys() if number.isdigit())
        return known | {order.number: order for order in self._asked("OrderNumber", missing).values()}

    def _asked(self, name: str, literals: Iterable[str]) -> dict[str, Order]:
        """Orders by id, read from the single endpoint."""
        found: dict[str, Order] = {}
        for some in odata.chunks(list(literals)):
            rows = self._api.listing(_SINGLE, self._fields, _LANE, odata.either(name, some))
            found |= {str(row["OrderID"]).lower(): self._order(row) for row in rows}
        return found

    def _till_bookings(self, cursor: Cursor) -> Iterator[HandOver]:
        """Direct invoices in the till's journal: someone books here what the till has sold (canonical-model 4)."""
        clock, since = self._division.clock(_LANE), self._reported_since()
        codes = {one.id: one.code for one in self._division.warehouses(_LANE).values()}
        for page in self._feeds.changed(cursor, _INVOICES, _INVOICE_FIELDS, _LANE):
            for row in page.rows:
                sign = _DIRECT.get(int(row.get("Type") or 0), 0)
                ours = str(row.get("Journal") or "").strip() == self._journal
                booked = row.get("Status") == _PROCESSED and row.get("Item") and self._is_recent(row["Modified"], since)
                if sign and ours and booked:
                    yield HandOver(
                        id=f"invoice/{str(row['ID']).lower()}",
                        order=f"{self._channel}:invoice:{str(row['InvoiceID']).lower()}",
                        parent=str(row["Item"]).lower(),
                        quantity=sign * abs(_pieces(row, "Quantity")),
                        place=codes.get(str(row.get("Warehouse") or "").lower(), ""),
                        at=clock.utc(row.get("Modified")),
                        kind="till",
                    )

    def _reported_since(self) -> datetime:
        return self._now() - timedelta(days=self._options.order_history_days)

    def _is_recent(self, value: Any, since: datetime) -> bool:
        at = self._division.clock(_LANE).utc(value)
        return at is None or at >= since


class _Seen:
    """What is open, as far as it is read."""

    def __init__(self, orders: dict[str, Order], lines: dict[str, Line]) -> None:
        self.orders = orders
        self.lines = lines
        self.references: set[str] = set()

    def take_line(self, id_: str, row: Mapping[str, Any]) -> None:
        """A line that changed; a trade-in, a drop shipment or one that is complete claims nothing."""
        pieces = _pieces(row, "Quantity") - _pieces(row, "QuantityDelivered")
        status = row.get("DeliveryStatus")
        if pieces > 0 and row.get("Item") and not row.get("UseDropShipment") and (status is None or status in _OPEN):
            self.lines[id_] = Line(str(row["OrderID"]).lower(), str(row["Item"]).lower(), pieces)
        else:
            self.lines.pop(id_, None)

    def forget(self, id_: str, *, is_order: bool) -> None:
        """A deleted line, or a deleted order with its lines."""
        gone = [line for line, one in self.lines.items() if one.order == id_] if is_order else [id_]
        for line in gone:
            self.lines.pop(line, None)

    def strays(self) -> list[str]:
        """Orders of open lines that are not known."""
        return sorted({line.order for line in self.lines.values()} - self.orders.keys())

    def claims(self) -> Iterator[Claim]:
        """Open lines of open orders."""
        for id_, line in self.lines.items():
            order = self.orders.get(line.order)
            if order is not None and order.is_open:
                yield Claim(order.reference, id_, line.item, line.pieces, order.place)

    def forget_paid(self) -> None:
        """Orders of which no line is open claim nothing; they are asked for if one of their lines opens again."""
        wanted = {line.order for line in self.lines.values()}
        self.orders = {id_: order for id_, order in self.orders.items() if id_ in wanted}


def _pieces(row: Mapping[str, Any], name: str) -> Decimal:
    return Decimal(str(row.get(name) or 0))
