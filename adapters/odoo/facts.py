"""What the stock formula needs beside the figures: open orders, deliveries, and what tills have sold.

Claims are what confirmed sales orders have not delivered yet. Hand-overs are done transfers of such orders over
the customers' border, and lines of paid till orders, each known by the id of its line; what comes twice, by the
overlap or because the closing of a session touches its orders, is the same fact. A till order that is to be
shipped later has not left: its transfer shows in the figure.

An order is known elsewhere by its reference there, else by its own number behind the channel's name, since
numbers of different systems may be alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from adapters.odoo.api import Odoo
from adapters.odoo.feeds import OVERLAP, Domain, Feed, read_moment, wire
from adapters.odoo.places import Places
from adapters.odoo.rows import listed
from adapters.odoo.sums import Sums, pieces
from adapters.odoo.tills import PAID, Tills
from adapters.odoo.tracked import is_tracked
from connector.contract import Claim, Facts, HandOver, Opening

_PURPOSE: Final = "stock"
#: The field of an order that holds its number in the system where it was placed.
REFERENCE: Final = "client_order_ref"
#: How far back the first facts go; older ones are in the first figures.
_HISTORY: Final = timedelta(days=30)
_CONFIRMED: Final = ("sale", "done")
#: Orders with something still to be delivered.
_UNDELIVERED: Final = ("pending", "started", "partial")
#: Locations that hold what is ours; what a supplier sends to a customer was never in stock.
_OURS: Final = ("internal", "transit")
_TILL_LINE: Final = ("order_id", "product_id", "qty")


@dataclass(frozen=True)
class Order:
    """A sales order: its reference elsewhere, and the code of its warehouse's place."""

    reference: str
    place: str


@dataclass(frozen=True)
class Unit:
    """The field of an order's line that holds its unit, and units by id: so many of a common one make one of each."""

    field: str
    sizes: Mapping[int, Decimal]


class Reports:
    """Claims and hand-overs of one database."""

    def __init__(self, odoo: Odoo, opening: Opening) -> None:
        self._odoo = odoo
        self._now = opening.now
        self._channel = opening.channel
        self._reference = opening.order_reference or REFERENCE
        self._places = Places(odoo, opening)
        self._tills = Tills(odoo, Sums(odoo, _PURPOSE))

    def facts(self, cursor: str | None) -> Facts:
        """All open claims, None where no orders deliver from stock; and what was handed over since the cursor."""
        self._places.forget()
        began_at = self._now()
        asked = self._odoo.read("res.users", "context_get", _PURPOSE)
        since = wire(asked.server_at - _HISTORY if cursor is None else read_moment(cursor) - OVERLAP)
        claims, hand_overs, references = self._of_orders(since)
        if self._tills.exist:
            hand_overs += self._till_sales(since)
        return Facts(claims, hand_overs, references, wire(asked.server_at), began_at)

    def _of_orders(self, since: str) -> tuple[list[Claim] | None, list[HandOver], list[str]]:
        """Claims come first: a delivery in between is claimed for once more, and never missing."""
        if "sale_line_id" not in self._odoo.fields("stock.move"):
            return None, [], []
        claims = list(self._claims())
        deliveries = list(self._deliveries(since))
        touched = self._rows("sale.order", [["state", "in", _CONFIRMED], ["write_date", ">=", since]], "id")
        return claims, deliveries, sorted({one.reference for one in self._orders(touched).values()})

    def _claims(self) -> Iterator[Claim]:
        """Pieces of lines of confirmed orders that still deliver something."""
        unit = self._unit()
        open_ = [["order_id.state", "in", _CONFIRMED], ["order_id.delivery_status", "in", _UNDELIVERED]]
        tracked = is_tracked(self._odoo, "product_id.")
        names = ("order_id", "product_id", "product_uom_qty", "qty_delivered", unit.field)
        lines = self._rows("sale.order.line", [*open_, tracked], *names)
        orders = self._orders(line["order_id"] for line in lines.values())
        products = self._read("product.product", (line["product_id"] for line in lines.values()), "uom_id")
        for id_, line in lines.items():
            if line["order_id"] not in orders or line["product_id"] not in products:
                continue  # it went while this was read
            size = unit.sizes[line[unit.field]] / unit.sizes[products[line["product_id"]]["uom_id"]]
            left = pieces((pieces(line["product_uom_qty"]) - pieces(line["qty_delivered"])) * size)
            if left > 0:
                order = orders[line["order_id"]]
                yield Claim(order.reference, str(id_), str(line["product_id"]), left, order.place)

    def _unit(self) -> Unit:
        """Both were called otherwise in former versions; what ``factor`` says was its inverse there."""
        field = "product_uom_id" if "product_uom_id" in self._odoo.fields("sale.order.line") else "product_uom"
        size = "factor_inv" if "factor_inv" in self._odoo.fields("uom.uom") else "factor"
        rows = listed(self._odoo, _PURPOSE, "uom.uom", [], size)
        return Unit(field, {row["id"]: Decimal(str(row[size])) for row in rows})

    def _deliveries(self, since: str) -> Iterator[HandOver]:
        """Done transfers of orders from our stock to customers, and back."""
        done = [["state", "=", "done"], ["write_date", ">=", since], ["move_id.sale_line_id", "!=", False]]
        for sign, ours, theirs in ((1, "location_id", "location_dest_id"), (-1, "location_dest_id", "location_id")):
            border = [[f"{ours}.usage", "in", _OURS], [f"{theirs}.usage", "=", "customer"]]
            names = ("move_id", "product_id", ours, "quantity_product_uom", "date")
            lines = self._rows("stock.move.line", [*done, *border], *names)
            orders = self._orders_of(line["move_id"] for line in lines.values())
            for id_, line in lines.items():
                order = orders.get(line["move_id"])
                if order is None:
                    continue  # it went while this was read
                yield HandOver(
                    id=f"transfer/{id_}",
                    order=order.reference,
                    parent=str(line["product_id"]),
                    quantity=sign * pieces(line["quantity_product_uom"]),
                    place=self._places.code_of(line[ours]) or order.place,
                    at=read_moment(line["date"]),
                )

    def _orders_of(self, moves: Iterable[int]) -> dict[int, Order]:
        """Move id → the order that it delivers, or takes back."""
        lines = {id_: move["sale_line_id"] for id_, move in self._read("stock.move", moves, "sale_line_id").items()}
        orders = {
            id_: line["order_id"] for id_, line in self._read("sale.order.line", lines.values(), "order_id").items()
        }
        found = self._orders(orders.values())
        return {move: found[orders[line]] for move, line in lines.items() if orders.get(line) in found}

    def _orders(self, ids: Iterable[int]) -> dict[int, Order]:
        warehouses = listed(self._odoo, _PURPOSE, "stock.warehouse", [], "lot_stock_id")
        places = {row["id"]: self._places.code_of(row["lot_stock_id"]) for row in warehouses}
        rows = self._read("sale.order", ids, "name", self._reference, "warehouse_id")
        return {
            id_: Order(
                str(row[self._reference] or "").strip() or f"{self._channel}:{row['name']}",
                places.get(row["warehouse_id"], ""),
            )
            for id_, row in rows.items()
        }

    def _till_sales(self, since: str) -> Iterator[HandOver]:
        """Lines of paid till orders; of one that changed all lines, since they share its state."""
        moved = ["|", ["write_date", ">=", since], ["order_id.write_date", ">=", since]]
        left = [["order_id.state", "in", list(PAID)], *self._tills.not_shipped()]
        lines = self._rows("pos.order.line", [*left, *moved, is_tracked(self._odoo, "product_id.")], *_TILL_LINE)
        reference = "uuid" if "uuid" in self._odoo.fields("pos.order") else "pos_reference"
        order_ids = (line["order_id"] for line in lines.values())
        orders = self._read("pos.order", order_ids, reference, "date_order", "config_id")
        tills = self._tills.of({order["config_id"] for order in orders.values()})
        for id_, line in lines.items():
            order, quantity = orders[line["order_id"]], pieces(line["qty"])
            till = tills[order["config_id"]]
            place = self._places.code_of(till.source if quantity > 0 else till.returns)
            if quantity and place:
                yield HandOver(
                    id=f"till/{id_}",
                    order=str(order[reference]),
                    parent=str(line["product_id"]),
                    quantity=quantity,
                    place=place,
                    at=read_moment(order["date_order"]),
                    kind="till",
                )

    def _rows(self, model: str, domain: Domain, *fields: str) -> dict[int, Mapping[str, Any]]:
        """What the condition names, by id; it may be much."""
        feed = self._feed(model, fields)
        return {row.native["id"]: row.native for row in feed.read(feed.search(domain).value)}

    def _read(self, model: str, ids: Iterable[int], *fields: str) -> dict[int, Mapping[str, Any]]:
        return {row.native["id"]: row.native for row in self._feed(model, fields).read(sorted(set(ids)))}

    def _feed(self, model: str, fields: Iterable[str]) -> Feed:
        return Feed(self._odoo, model, frozenset(fields), [], {}, _PURPOSE)
