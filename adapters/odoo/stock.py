"""Stock: the pieces of each product in each configured place, written as signed differences.

A figure is the sum of the quants of a place, less what open sessions have sold there and will take off when
they close (:mod:`adapters.odoo.tills`): ``on_hand`` falls with the sale, and the closing changes nothing more.
The three are read one after another, sales before and after the quants, and again where those moved meanwhile.
Every product that stock is kept of has a row in each place, of 0 pieces where there are no quants: zero rows
vanish on the server (NOTES section 5), so that their absence says nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from adapters.odoo.api import Odoo
from adapters.odoo.differences import WRITE_BATCH, Differences
from adapters.odoo.feeds import BLOCK, OVERLAP, Feed, read_moment, wire
from adapters.odoo.places import Place, Places
from adapters.odoo.sums import Group, Sums
from adapters.odoo.tills import PAID, Sold, Tills
from adapters.odoo.tracked import is_tracked
from connector.contract import EntityCapabilities, Evidence, Opening, Page, Row, RowResult, Write
from connector.errors import Transient
from connector.model.entity import Entity

PURPOSE: Final = Entity.STOCK.value
#: How often figures are read again because tills sold, or somebody made a location, while they were read.
_TRIES: Final = 10
#: The last call of a write leaves within a minute and ends within two more; the rest is the server's.
_LANDS_WITHIN_S: Final = 300.0

STOCK: Final = EntityCapabilities(
    # no row says that stock is not kept of the product, or went with it
    sweep_concludes_gone=False,
    relative=True,
    read_batch=BLOCK,
    write_batch=WRITE_BATCH,
    lands_within_s=_LANDS_WITHIN_S,
    overlap_s=OVERLAP.total_seconds(),
)

Quants = dict[Group, tuple[Decimal, ...]]


class Stock:
    """The stock entity of one database: ids are ``PRODUCT:LOCATION``, places are the configured codes."""

    def __init__(self, odoo: Odoo, opening: Opening) -> None:
        self._odoo = odoo
        self._now = opening.now
        self._sums = Sums(odoo, PURPOSE)
        self._places = Places(odoo, opening)
        self._tills = Tills(odoo, self._sums)
        self._differences = Differences(odoo, opening, self._places)
        self._products = Feed(odoo, "product.product", frozenset(), [], {}, PURPOSE)

    def changes(self, cursor: str | None) -> Iterator[Page]:
        """Figures of products that something happened to since the cursor and somewhat before it."""
        if cursor is None:
            yield from self._all(with_cursor=True)
            return
        since = wire(read_moment(cursor) - OVERLAP)
        first = self._products.search([self._tracked, ["write_date", ">=", since]])
        touched = set(first.value) | self._touched(since)
        tracked = self._products.search([self._tracked, ["id", "in", sorted(touched)]]).value
        yield from self._pages(tracked, first.began_at, wire(first.server_at))

    def sweep(self) -> Iterator[Page]:
        """The figures of every product that stock is kept of, archived ones too."""
        yield from self._all(with_cursor=False)

    def read(self, ids: Sequence[str]) -> list[Row]:
        """Figures by their id, ``PRODUCT:LOCATION``."""
        wanted = frozenset(ids)
        found = self.find_of(sorted({id_.partition(":")[0] for id_ in wanted}))
        return [row for rows in found.values() for row in rows if row.external_id in wanted]

    def find_of(self, products: Sequence[str]) -> dict[str, list[Row]]:
        """All figures of the products; none of those that stock is not kept of."""
        found: dict[str, list[Row]] = {product: [] for product in products}
        ids = sorted({int(product) for product in found if product.isdecimal()})
        for block in _blocks(self._products.search([self._tracked, ["id", "in", ids]]).value):
            for row in self._figures(block):
                found[row.parent].append(row)
        return found

    def write(self, writes: Sequence[Write]) -> list[RowResult]:
        """Book the differences."""
        return self._differences.write(writes)

    def landed(self, write: Write) -> Evidence:
        """Whether a transfer with the write's mark is there."""
        return Evidence(self._differences.landed(write))

    @property
    def _tracked(self) -> list[object]:
        return is_tracked(self._odoo)

    def _all(self, *, with_cursor: bool) -> Iterator[Page]:
        self._places.forget()
        found = self._products.search([self._tracked])
        yield from self._pages(found.value, found.began_at, wire(found.server_at) if with_cursor else None)

    def _pages(self, products: Sequence[int], began_at: datetime, cursor: str | None) -> Iterator[Page]:
        blocks = list(_blocks(products)) or [[]]
        for number, block in enumerate(blocks, start=1):
            last = number == len(blocks)
            at = self._now() if block else began_at
            yield Page(self._figures(block), at, cursor if last else None, complete=last)

    def _touched(self, since: str) -> set[int]:
        """Products whose figures may have moved: by a transfer, by a till before there is one, by hand.

        Quants alone don't tell: one at zero may be gone. Transfers alone don't either: a quantity that somebody
        wrote comes without one.
        """
        moved = ["write_date", ">=", since]
        touched = self._sums.ids("stock.move.line", [["state", "=", "done"], moved], "product_id")
        touched |= self._sums.ids("stock.quant", [["location_id.usage", "=", "internal"], moved], "product_id")
        if self._tills.exist:
            sold = [["order_id.state", "in", list(PAID)], "|", moved, ["order_id.write_date", ">=", since]]
            touched |= self._sums.ids("pos.order.line", sold, "product_id")
        return touched

    def _figures(self, products: Collection[int]) -> list[Row]:
        """Rows of products, each of one moment as far as tills are concerned. Raises Transient if they never rest."""
        left, rows = set(products), list[Row]()
        for _ in range(_TRIES):
            if not left:
                return rows
            before, quants, after = self._tills.sold(left), self._quants(left), self._tills.sold(left)
            if {location for _, location in quants} - self._places.within.keys():
                self._places.forget()
                continue
            moved = {product for (_, product, _), _ in before.items() ^ after.items()}
            rows += self._rows(left - moved, quants, after)
            left &= moved
        raise Transient("tills sold, or locations were made, each time that stock was read")

    def _quants(self, products: Collection[int]) -> Quants:
        """(product, location) → quantity and reserved quantity, within the places as the server knows them now."""
        within = ["location_id", "child_of", [place.top for place in self._places.listed]]
        domain = [["product_id", "in", sorted(products)], within, ["location_id.usage", "=", "internal"]]
        return self._sums.of("stock.quant", domain, ["product_id", "location_id"], "quantity", "reserved_quantity")

    def _rows(self, products: Collection[int], quants: Quants, sold: Sold) -> Iterator[Row]:
        """A row for each product and place."""
        quantity, reserved, pending = (defaultdict[tuple[int, Place | None], Decimal](Decimal) for _ in range(3))
        within = self._places.within
        for (product, location), (pieces, kept) in quants.items():
            quantity[product, within[location]] += pieces
            reserved[product, within[location]] += kept
        for (_, product, location), pieces in sold.items():
            pending[product, within.get(location)] += pieces
        for product in sorted(products):
            for place in self._places.listed:
                at = (product, place)
                yield _row(product, place, quantity[at], reserved[at], pending[at])


def _row(product: int, place: Place, quantity: Decimal, reserved: Decimal, pending: Decimal) -> Row:
    native = {"quantity": quantity, "reserved": reserved, "pending": pending, "on_hand": quantity - pending}
    return Row(f"{product}:{place.root}", native, parent=str(product), place=place.code)


def _blocks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + BLOCK] for start in range(0, len(ids), BLOCK))
