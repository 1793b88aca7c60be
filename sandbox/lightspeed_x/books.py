"""Price books and their rows: written in the tax mode of the shop, read always without tax (L§7)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import request

from sandbox.lightspeed_x.errors import invalid
from sandbox.lightspeed_x.paging import LARGEST, list_feed, read_body, read_number
from sandbox.lightspeed_x.reference import Reference
from sandbox.lightspeed_x.routes import Route
from sandbox.lightspeed_x.store import Row, Store
from sandbox.stand import round_half_up

READ, WRITE = "products:read:price_books", "products:write:price_books"
ROWS_A_CALL = 100
NET_PLACES = 5
PLATFORMS = {"0": "All Platforms", "1": "In Store", "2": "Ecommerce"}


class Books:
    """The price books; the BASE book mirrors the products' own prices."""

    def __init__(self, store: Store, reference: Reference) -> None:
        self.store = store
        self._reference = reference
        self.books = store.table("price_books")
        self.rows = store.table("price_book_products")
        self.products = store.table("products")
        self.base = ""
        self._of_product: dict[str, list[str]] = {}

    # the BASE book

    def open_base(self) -> None:
        """Make the general price book of all products."""
        self.base = self.add_book(
            {"name": "General Price Book (All Products)"}, "BASE", self.store.key("book", "BASE")
        )["id"]

    def set_base(self, product: Row) -> None:
        """Let the BASE row of a sellable product follow its price; a row that stays the same is not touched."""
        if product["has_variants"] or product["deleted_at"]:
            return
        key = self.store.key("base price", product["id"])
        tax, price = product["all_outlets_tax"]["tax_id"], product["price_excluding_tax"]
        before = self.rows.rows.get(key)
        if before is None or (before["price"], before["tax_id"]) != (price, tax):
            self._save_row(key, self.base, {"product_id": product["id"], "tax_id": tax}, price)

    def close(self, product_id: str) -> None:
        """The product was deleted: so are its rows."""
        for key in self._of_product.get(product_id, ()):
            if not self.rows.rows[key]["deleted_at"]:
                self.rows.save(self.rows.rows[key] | {"deleted_at": self.store.moment()})

    # books

    def add_book(self, body: Row, kind: str = "GENERAL", key: str | None = None) -> Row:
        """One price book; ``valid_from`` and ``valid_to`` are moments in UTC or null."""
        moment = self.store.moment()
        row = {
            "id": key or self.store.new_key("price book"),
            "type": kind,
            "created_at": moment,
            "updated_at": moment,
            "deleted_at": None,
            "version": 0,
        }
        return self.books.save(row | self._read_book(body))

    def _read_book(self, body: Row) -> Row:
        groups = [str(one) for one in body.get("customer_group_ids") or [self._reference.default_group]]
        outlets = [str(one) for one in body.get("outlet_ids") or self._reference.outlets.rows]
        platform = body.get("restrict_to_platform") or "0"
        if str(platform) not in PLATFORMS:
            raise invalid({"restrict_to_platform": "Must be 0, 1 or 2"})
        if set(groups) - set(self._reference.groups.rows) or set(outlets) - set(self._reference.outlets.rows):
            raise invalid({"customer_group_ids": "An id was not found", "outlet_ids": "An id was not found"})
        return {
            "name": body["name"],
            "customer_group_ids": groups,
            "customer_groups": [self._reference.groups.rows[one] for one in groups],
            "outlets": [self._reference.outlets.rows[one] for one in outlets],
            "restrict_to_platform_key": platform,
            "restrict_to_platform_label": PLATFORMS[platform],
            "valid_from": body.get("valid_from"),
            "valid_to": body.get("valid_to"),
        }

    def find_book(self, name: str) -> Row | None:
        """The book with this id or name."""
        rows = (row for row in self.books if not row["deleted_at"])
        return next((row for row in rows if name in (row["id"], row["name"])), None)

    def _check_book(self, body: Row) -> Row:
        wrong = [name for name in ("customer_group_ids", "outlet_ids") if not isinstance(body.get(name), list)]
        if not isinstance(body.get("name"), str) or not body["name"].strip():
            wrong.append("name")
        if wrong:
            raise invalid(dict.fromkeys(wrong, "Required"))
        return body

    def _post_book(self) -> Row:
        row = self.add_book(self._check_book(read_body()))
        return {"data": _as_answered(row, str(self._reference.retailer["id"]))}

    def _put_book(self, key: str) -> Row:
        row = self.books.live(key)
        row = self.books.save(row | self._read_book(self._check_book(read_body())))
        return {"data": _as_answered(row, str(self._reference.retailer["id"]))}

    # rows

    def put_row(self, book_id: str, body: Row, key: str | None = None) -> Row:
        """A new row (``key`` None) or a changed one; the price is in the tax mode of the shop."""
        before = self.rows.live(key) if key else {}
        whole = before | body
        for units in ("min_units", "max_units"):
            whole[units] = _units(whole.get(units))
        product = self.products.rows.get(str(whole.get("product_id")))
        if product is None or product["deleted_at"]:
            raise invalid({"product_id": "Not found"})
        if str(whole.get("tax_id")) not in self._reference.taxes.rows:
            raise invalid({"tax_id": "Required"})
        price = before.get("price", Decimal(0))
        if "price" in body:
            price = self._net(body["price"], whole["tax_id"])
        elif not before:
            raise invalid({"price": "Required"})
        return self._save_row(key, book_id, whole, price)

    def _net(self, price: Any, tax_id: str) -> Decimal:
        if isinstance(price, bool) or not isinstance(price, int | Decimal) or not 0 <= price <= LARGEST:
            raise invalid({"price": "Must be a number of 0 or more"})
        factor = Decimal(1) if self.store.switches.tax_exclusive else 1 + self._reference.rate(tax_id)
        return round_half_up(Decimal(price) / factor, NET_PLACES)

    def _save_row(self, key: str | None, book_id: str, body: Row, price: Decimal) -> Row:
        key = key or self.store.new_key("price book product")
        mine = self._of_product.setdefault(body["product_id"], [])
        if key not in mine:
            mine.append(key)
        row = {
            "id": key,
            "price_book_id": book_id,
            "product_id": body["product_id"],
            "price": price,
            "tax_id": body["tax_id"],
            "min_units": body.get("min_units"),
            "max_units": body.get("max_units"),
            "loyalty_value": body.get("loyalty_value"),
            "discount": body.get("discount"),
            "deleted_at": None,
            "version": 0,
        }
        return self.rows.save(row)

    def rows_of(self, product_id: str, book_id: str | None = None) -> list[Row]:
        """The rows of a product, in all books or in one."""
        rows = (self.rows.rows[key] for key in self._of_product.get(product_id, ()))
        return [row for row in rows if not row["deleted_at"] and book_id in (None, row["price_book_id"])]

    def _given(self) -> list[Row]:
        rows = read_body().get("data")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise invalid({"data": "Must be a list of rows"})
        if not 1 <= len(rows) <= ROWS_A_CALL:
            raise invalid({"data": f"1 to {ROWS_A_CALL} rows a call"})
        return rows

    def _writable(self, key: str) -> Row:
        book = self.books.live(key)
        if book["type"] == "BASE":
            raise invalid({"price_book_id": "Base prices are changed on the product"})
        return book

    def _post_rows(self, key: str) -> Row:
        book = self._writable(key)
        rows = self._given()
        seen = {(row["product_id"], row["min_units"]) for row in self.rows if _belongs(row, key)}
        for row in rows:
            place = (str(row.get("product_id")), _units(row.get("min_units")))
            if place in seen:
                raise invalid({"product_id": "Already exists in this price book"})
            seen.add(place)
        for row in rows:
            self.put_row(book["id"], row)
        return {"data": {"message": "Price book products added"}}

    def _put_rows(self, key: str) -> Row:
        book = self._writable(key)
        rows = self._given()
        for row in rows:
            self._check_member(book, row.get("id"))
        for row in rows:
            self.put_row(book["id"], row, row["id"])
        return {"data": {"message": "Price book products updated"}}

    def _delete_rows(self, key: str) -> Row:
        book = self._writable(key)
        data = read_body().get("data")
        ids = data.get("price_book_product_ids") if isinstance(data, dict) else None
        if not isinstance(ids, list) or not 1 <= len(ids) <= ROWS_A_CALL:
            raise invalid({"data": f"price_book_product_ids must hold 1 to {ROWS_A_CALL} ids"})
        rows = [self._check_member(book, one) for one in ids]
        for row in rows:
            self.rows.save(row | {"deleted_at": self.store.moment()})
        return {"data": {"message": "Price book products deleted"}}

    def _check_member(self, book: Row, key: Any) -> Row:
        row = self.rows.rows.get(str(key))
        if row is None or row["price_book_id"] != book["id"] or row["deleted_at"]:
            raise invalid({"id": "Not found in this price book"})
        return row

    # endpoints

    def routes(self) -> list[Route]:
        """All endpoints of this module."""
        return [
            Route("GET", "/price_books", READ, self._get_books),
            Route("POST", "/price_books", WRITE, self._post_book),
            Route("GET", "/price_books/<key>", READ, lambda key: {"data": self.books.get(key)}),
            Route("PUT", "/price_books/<key>", WRITE, self._put_book),
            Route("GET", "/price_book_products", READ, self._get_feed),
            Route("GET", "/price_books/<key>/products", READ, self._get_rows),
            Route("POST", "/price_books/<key>/products", WRITE, self._post_rows),
            Route("PUT", "/price_books/<key>/products", WRITE, self._put_rows),
            Route("PATCH", "/price_books/<key>/products", WRITE, self._put_rows),
            Route("DELETE", "/price_books/<key>/products", WRITE, self._delete_rows),
            Route("GET", "/products/<key>/price_book_products", READ, self._get_of_product),
        ]

    def _get_books(self) -> Row:
        group = request.args.get("customer_group_id")
        cap = self.store.switches.page_cap
        return list_feed(self.books, cap, where=lambda row: group is None or group in row["customer_group_ids"])

    def _get_feed(self) -> Row:
        shown = self.store.switches.price_row_deletes == "shown"
        return list_feed(self.rows, self.store.switches.page_cap, deleted=shown)

    def _get_rows(self, key: str) -> Row:
        """All rows of a book, of the products asked for; no paging is documented."""
        self.books.live(key)
        asked = request.args.get("product_ids")
        if asked:
            return {"data": [row for one in asked.split(",") for row in self.rows_of(one.strip(), key)]}
        return {"data": [row for row in self.rows if _belongs(row, key)]}

    def _get_of_product(self, key: str) -> Row:
        self.products.get(key)
        return {"data": self.rows_of(key)}


def _units(value: Any) -> Decimal | None:
    return None if value is None else read_number(value, "min_units and max_units")


def _belongs(row: Row, book_id: str) -> bool:
    return bool(row["price_book_id"] == book_id and not row["deleted_at"])


def _as_answered(row: Row, retailer_id: str) -> Row:
    """A book as POST and PUT answer it: other names than in the list, no version (specification 2026-07)."""
    names = ("id", "name", "type", "customer_groups", "outlets", "valid_from", "valid_to")
    answer = {name: row[name] for name in names}
    return answer | {"restrict_to_platform": row["restrict_to_platform_key"], "retailer_id": retailer_id}
