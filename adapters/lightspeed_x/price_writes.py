"""Writing prices: the product's own one a call, rows of a book up to a hundred."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final

from adapters.lightspeed_x.api import Api, Json, chunks, failed, one_by_one
from adapters.lightspeed_x.books import Books
from adapters.lightspeed_x.prices import BASE_PART, PURPOSE, book_price
from adapters.lightspeed_x.products import Products
from adapters.lightspeed_x.shop import Shop
from connector.contract import RowResult, Write
from connector.errors import AmbiguousWrite, AuthFailed, ConnectorError, Gone, RateLimited, Rejected, Transient

#: Most prices are the products' own, so a batch is many calls.
WRITE_BATCH: Final = 20
_PER_CALL: Final = 100
_ROWS: Final = "/price_books/{price_book_id}/products"
#: Native member of a product by the shop's tax mode.
_MEMBERS: Final = {False: "price_including_tax", True: "price_excluding_tax"}
PRICE_MEMBERS: Final = frozenset(_MEMBERS.values())

Rows = Sequence[tuple[Write, Json]]


class PriceWrites:
    """Creates, updates and deletes of prices."""

    def __init__(self, api: Api, shop: Shop, products: Products, books: Books) -> None:
        self._api = api
        self._shop = shop
        self._products = products
        self._books = books

    def write(self, writes: Sequence[Write]) -> list[RowResult]:
        """A result for each."""
        own = [write for write in writes if write.part == BASE_PART]
        results = one_by_one(own, self._own)
        rows = [write for write in writes if write.part != BASE_PART]
        if not rows:
            return results
        try:
            return results + self._of_books(rows)
        except (RateLimited, AuthFailed, Transient) as stop:
            if not results:
                raise
            return results + [failed(write, stop) for write in rows]

    def _own(self, write: Write) -> RowResult:
        """The price in the shop's tax mode, and never both (NOTES section 5)."""
        if write.operation in ("delete", "archive"):
            raise Rejected("a product's own price cannot be taken away", remedy="delete or archive the product")
        product = write.parent_id or write.external_id.partition(":")[0]
        body = {"details": own_price(self._shop, write)}
        self._api.write("PUT", "/products/{product_id}", PURPOSE, body, product_id=product)
        return RowResult(write.token, own_id(product))

    def _of_books(self, writes: Sequence[Write]) -> list[RowResult]:
        """Rows, together by book and kind of call. Raises only where nothing was sent."""
        results: list[RowResult] = []
        calls: defaultdict[tuple[str, str], list[tuple[Write, Json]]] = defaultdict(list)
        for write in writes:
            try:
                book, row = self._row(write)
                calls[_method(write), book].append((write, row))
            except (Rejected, Gone, AmbiguousWrite) as wrong:
                results.append(failed(write, wrong))
        send = {"POST": self._added, "PATCH": self._changed, "DELETE": self._deleted}
        for (method, book), rows in calls.items():
            for piece in chunks(rows, _PER_CALL):
                results += self._kept(send[method], book, piece, begun=bool(results))
        return results

    def _kept(
        self, send: Callable[[str, Rows], list[RowResult]], book: str, rows: Rows, *, begun: bool
    ) -> list[RowResult]:
        try:
            return send(book, rows)
        except (RateLimited, AuthFailed, Transient) as stop:
            if not begun:
                raise
            return [failed(write, stop) for write, _ in rows]
        except ConnectorError as wrong:
            return [failed(write, _named(wrong)) for write, _ in rows]

    def _row(self, write: Write) -> tuple[str, Json]:
        """The book and the row of a write."""
        if write.external_id:
            row_id = write.parts.get("row") or write.external_id.partition(":")[2]
            return self._book_of(write), {
                "id": row_id,
                "product_id": write.parent_id or write.external_id.partition(":")[0],
                "price": write.fields.get("written_price"),
                "tax_id": write.parts.get("tax") or self._tax(write),
                "min_units": write.before.get("min_units"),
            }
        book = self._books.for_period(write.place, write.fields)
        row = {"product_id": write.parent_id, "price": write.fields.get("written_price"), "tax_id": self._tax(write)}
        units = write.fields.get("min_units")
        return book, row | ({} if units is None else {"min_units": units})

    def _book_of(self, write: Write) -> str:
        book = write.parts.get("book")
        if not book:
            raise Gone("the row's price book is not known: it is read again", external_id=write.external_id)
        return book

    def _tax(self, write: Write) -> str:
        """A row must name a tax: that of its product."""
        if write.parent.get("tax_name"):
            return self._shop.taxes.id_of(str(write.parent["tax_name"]), PURPOSE, "tax_name")
        product = self._products.get(write.parent_id or write.external_id.partition(":")[0], PURPOSE)
        tax = None if product is None else self._shop.tax_of(product, PURPOSE)
        if tax is None:
            raise Rejected("a price needs its product's tax", remedy="give the product one tax for all outlets")
        return tax

    def _added(self, book: str, rows: Rows) -> list[RowResult]:
        """New rows; the answer has no ids, so they are read back. After a refusal, what is not there goes alone."""
        refused = False
        try:
            self._send("POST", book, [row for _, row in rows])
        except Rejected as wrong:
            if len(rows) == 1:
                return [failed(rows[0][0], _named(wrong))]
            refused = True
        results, missing = self._read_back(book, rows)
        if refused:
            return results + [result for one in missing for result in self._kept(self._added, book, [one], begun=True)]
        lost = AmbiguousWrite("the price was added, and is not listed")
        return results + [failed(write, lost) for write, _ in missing]

    def _read_back(self, book: str, rows: Rows) -> tuple[list[RowResult], list[tuple[Write, Json]]]:
        """Receipts for the rows that the book has, and the others."""
        products = ",".join(dict.fromkeys(str(row["product_id"]) for _, row in rows))
        try:
            listed: Any = self._api.get(_ROWS, PURPOSE, [("product_ids", products)], price_book_id=book)
        except ConnectorError as wrong:
            lost = AmbiguousWrite(f"the prices were sent, and could not be read back: {wrong}")
            return [failed(write, lost) for write, _ in rows], []
        held = {(str(row["product_id"]), _units(row)): row for row in listed if not row.get("deleted_at")}
        results: list[RowResult] = []
        missing: list[tuple[Write, Json]] = []
        for write, row in rows:
            found = held.get((str(row["product_id"]), _units(row)))
            if found is None:
                missing.append((write, row))
            else:
                results.append(_receipt(write, found, book))
        return results, missing

    def _changed(self, book: str, rows: Rows) -> list[RowResult]:
        """Other prices for rows that are there; where a call is refused, each row goes alone."""
        try:
            self._send("PATCH", book, [row for _, row in rows])
        except Rejected as wrong:
            if len(rows) == 1:
                return [failed(rows[0][0], _named(wrong))]
            return [result for one in rows for result in self._kept(self._changed, book, [one], begun=True)]
        return [RowResult(write.token, write.external_id) for write, _ in rows]

    def _deleted(self, book: str, rows: Rows) -> list[RowResult]:
        body = {"data": {"price_book_product_ids": [row["id"] for _, row in rows]}}
        self._api.write("DELETE", _ROWS, PURPOSE, body, price_book_id=book)
        return [RowResult(write.token, write.external_id) for write, _ in rows]

    def _send(self, method: str, book: str, rows: Sequence[Json]) -> None:
        self._api.write(method, _ROWS, PURPOSE, {"data": list(rows)}, price_book_id=book)


def own_price(shop: Shop, write: Write) -> Json:
    """The member that holds a product's own price, in the shop's tax mode. Raises Rejected for the other mode's."""
    name = _MEMBERS[shop.tax_exclusive(PURPOSE)]
    if write.fields.get(name) is None:
        raise Rejected(
            f"the shop counts {name}, and another price is to be written",
            remedy="set `prices` in the channel's settings to the shop's tax mode",
        )
    return {name: write.fields[name]}


def own_id(product: str) -> str:
    """How the product's own price is called."""
    return f"{product}:{BASE_PART}"


def _method(write: Write) -> str:
    if write.operation in ("delete", "archive"):
        return "DELETE"
    return "PATCH" if write.external_id else "POST"


def _units(row: Json) -> Decimal:
    """The quantity from which a row holds; none is one."""
    return max(Decimal(row.get("min_units") or 1), Decimal(1))


def _receipt(write: Write, row: Json, book: str) -> RowResult:
    named = book_price({**row, "price_book_id": book}, {}, "")
    return RowResult(write.token, named.external_id, parts=named.parts, version=named.version)


def _named(wrong: ConnectorError) -> ConnectorError:
    """A refusal with the price under the name that the mapping writes."""
    if not isinstance(wrong, Rejected) or "price" not in wrong.fields:
        return wrong
    fields = {("written_price" if name == "price" else name): text for name, text in wrong.fields.items()}
    return Rejected(str(wrong), fields=fields, remedy=wrong.remedy, status=wrong.status)
