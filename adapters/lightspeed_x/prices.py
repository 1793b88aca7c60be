"""Prices: the product's own, and rows of price books."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC
from typing import Any, Final

from adapters.lightspeed_x.api import Api, Json, moment
from adapters.lightspeed_x.books import BASE, Books
from adapters.lightspeed_x.position import Position, pack, unpack
from adapters.lightspeed_x.products import Products, is_sellable, moved
from connector.contract import Opening, Page, Row
from connector.errors import Gone
from connector.model.entity import Entity

PURPOSE: Final = Entity.PRICE.value
BASE_PART, BOOK_PART = "base", "book"
#: The feeds that prices come from; of books only the greatest version is kept.
PRODUCTS, ROWS, BOOKS = "products", "price_book_products", "price_books"


class Prices:
    """Reading the price entity of one shop. Ids are ``PRODUCT:base`` and ``PRODUCT:ROW``, so that both can be read."""

    def __init__(self, api: Api, opening: Opening, products: Products, books: Books) -> None:
        self._api = api
        self._now = opening.now
        self._products = products
        self._books = books
        self._has_base = BASE in opening.lists

    def changes(self, cursor: str | None) -> Iterator[Page]:
        """What changed: in products, and in rows of our books."""
        return self._pages(unpack(cursor, (PRODUCTS, ROWS, BOOKS)), deleted=True)

    def sweep(self) -> Iterator[Page]:
        """All prices of the configured lists."""
        return self._pages(unpack(None, (PRODUCTS, ROWS, BOOKS)), deleted=False)

    def _pages(self, positions: dict[str, Position], *, deleted: bool) -> Iterator[Page]:
        """Both feeds, one after the other; ``deleted`` is how a change feed differs from a listing."""
        if self._books.lists:
            positions = self._with_books(positions)
        feeds = [name for name, wanted in ((PRODUCTS, self._has_base), (ROWS, self._books.lists)) if wanted]
        for name in feeds:
            start, known = positions[name].start, positions[name].seen
            for batch in self._api.feed(f"/{name}", PURPOSE, start, deleted=deleted, known=known):
                positions = {**positions, name: moved(positions[name], batch)}
                rows = self._own_prices(batch.rows) if name == PRODUCTS else self._book_prices(batch.rows)
                cursor = pack(positions) if deleted else None
                yield Page(rows, batch.began_at, cursor, complete=batch.last and name == feeds[-1])
        if not feeds:
            yield Page((), self._now(), complete=True)

    def _with_books(self, positions: dict[str, Position]) -> dict[str, Position]:
        """A changed book (its period, its name) moves none of its rows: all of them are read anew."""
        newest = self._books.refresh()
        if newest == positions[BOOKS].reached:
            return positions
        return {**positions, BOOKS: Position(reached=newest), ROWS: Position()}

    def read(self, ids: Sequence[str]) -> list[Row]:
        """Prices by id: a call a product for its own, another one for its rows."""
        wanted = frozenset(ids)
        rows: list[Row] = []
        for product in dict.fromkeys(id_.partition(":")[0] for id_ in ids):
            own = f"{product}:{BASE_PART}"
            rows += self._own(product) if own in wanted else []
            if any(id_.startswith(f"{product}:") and id_ != own for id_ in wanted):
                rows += self._of_books(product)
        return [row for row in rows if row.external_id in wanted]

    def find_of(self, products: Sequence[str]) -> dict[str, list[Row]]:
        """All prices of the products: a call each for their own, another one for their rows of books."""
        return {id_: (self._own(id_) if self._has_base else []) + self._of_books(id_) for id_ in products}

    def _own(self, product: str) -> list[Row]:
        found = self._products.get(product, PURPOSE)
        return [] if found is None else self._own_prices([found])

    def _of_books(self, product: str) -> list[Row]:
        if not self._books.lists:
            return []
        self._books.keep_up()
        try:
            rows: list[Json] = self._api.get("/products/{product_id}/price_book_products", PURPOSE, product_id=product)
        except Gone:
            return []
        return [row for row in self._book_prices(rows) if not row.deleted]

    def _own_prices(self, products: Sequence[Json]) -> list[Row]:
        return [_own_price(product) for product in products if is_sellable(product)]

    def _book_prices(self, rows: Sequence[Json]) -> list[Row]:
        """Rows of our books; the book of the products' own prices lists them once more."""
        found = ((row, self._books.get(str(row.get("price_book_id")))) for row in rows)
        return [book_price(row, book, self._books.list_of(book)) for row, book in found if book is not None]


def _own_price(product: Json) -> Row:
    at = moment(product.get("updated_at"))
    id_ = str(product["id"])
    return Row(
        f"{id_}:{BASE_PART}",
        product,
        parent=id_,
        place=BASE,
        part=BASE_PART,
        modified_at=None if at is None else at.astimezone(UTC),
        version=str(product["version"]),
        deleted=bool(product.get("deleted_at")),
    )


def book_price(row: Json, book: Json, name: str) -> Row:
    """A row with the period of its book, and what a write of it must name."""
    product = str(row["product_id"])
    parts: dict[str, Any] = {"row": row["id"], "book": row["price_book_id"], "tax": row.get("tax_id")}
    return Row(
        f"{product}:{row['id']}",
        {**row, "valid_from": book.get("valid_from"), "valid_to": book.get("valid_to")},
        parent=product,
        place=name,
        part=BOOK_PART,
        parts={kind: str(id_) for kind, id_ in parts.items() if id_},
        version=str(row.get("version") or ""),
        deleted=bool(row.get("deleted_at")),
    )
