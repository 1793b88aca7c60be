"""What tills have sold, where the server knows of it before its stock does (NOTES section 8).

A session that was opened in the mode ``closing`` takes off what it has sold when it closes, in one go. Until
then those pieces are gone, and the quants still count them. Orders that have transfers of their own are not
among what the closing takes off: those to be shipped later, and some of those with an invoice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from adapters.odoo.api import Odoo
from adapters.odoo.feeds import Domain
from adapters.odoo.rows import listed
from adapters.odoo.sums import Sums

_PURPOSE: Final = "stock"
#: States of orders whose goods have left. A server knows some of them.
PAID: Final = ("paid", "done", "invoiced")

#: (session, product, location) → pieces sold there, and not yet taken off.
Sold = dict[tuple[int, int, int], Decimal]


@dataclass(frozen=True)
class Till:
    """Where a till's goods come from, and where those that are brought back go to: ids of locations."""

    source: int
    returns: int


class Tills:
    """The tills of a server; none where it has no point of sale."""

    def __init__(self, odoo: Odoo, sums: Sums) -> None:
        self._odoo = odoo
        self._sums = sums

    @property
    def exist(self) -> bool:
        """Whether the server has a point of sale at all."""
        return "available_in_pos" in self._odoo.fields("product.template")

    def sold(self, products: Collection[int]) -> Sold:
        """What open sessions have sold of these products and will take off when they close; refunds count down."""
        if not self.exist:
            return {}
        open_ = listed(
            self._odoo,
            _PURPOSE,
            "pos.session",
            [["state", "!=", "closed"], ["update_stock_at_closing", "=", True]],
            "config_id",
        )
        tills = self.of({session["config_id"] for session in open_})
        found: Sold = {}
        for session in open_:
            for key, quantity in self._of_session(session["id"], tills[session["config_id"]], products):
                found[key] = found.get(key, Decimal(0)) + quantity
        return found

    def _of_session(
        self, session: int, till: Till, products: Collection[int]
    ) -> Iterator[tuple[tuple[int, int, int], Decimal]]:
        own = [["order_id.session_id", "=", session], ["product_id", "in", sorted(products)], *self.left_at_once()]
        for sign, location in ((">", till.source), ("<", till.returns)):
            sums = self._sums.of("pos.order.line", [*own, ["qty", sign, 0]], ["product_id"], "qty")
            yield from (((session, product, location), quantity) for (product,), (quantity,) in sums.items())

    def left_at_once(self) -> Domain:
        """Lines of paid orders without a transfer of their own."""
        paid = ["order_id.state", "in", list(PAID)]
        return [paid, ["order_id.picking_ids", "=", False], *self.not_shipped()]

    def not_shipped(self) -> Domain:
        """Lines of orders that the customer took along."""
        return [["order_id.shipping_date", "=", False]] if "shipping_date" in self._odoo.fields("pos.order") else []

    def of(self, configs: Collection[int]) -> dict[int, Till]:
        """Till id → where its goods come from and go back to."""
        if not configs:
            return {}
        tills = listed(self._odoo, _PURPOSE, "pos.config", [["id", "in", sorted(configs)]], "picking_type_id")
        names = ("default_location_src_id", "default_location_dest_id", "return_picking_type_id")
        kinds = {row["id"]: row for row in listed(self._odoo, _PURPOSE, "stock.picking.type", [], *names)}
        return {till["id"]: _till(kinds[till["picking_type_id"]], kinds) for till in tills}


def _till(kind: dict[str, Any], kinds: dict[int, dict[str, Any]]) -> Till:
    """As the server makes the transfers: a return goes where the kind of returns has it, else back to the source."""
    source = kind["default_location_src_id"]
    back = kinds.get(kind["return_picking_type_id"] or 0)
    return Till(source, back["default_location_dest_id"] if back else source)
