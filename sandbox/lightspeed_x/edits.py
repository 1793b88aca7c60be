"""What people in the shop do: at the till, in the back office, in the stock room. The control verbs of this stand-in.

=============== =====================================================================================
verb            members
=============== =====================================================================================
product         sku, set: native members of ``common`` and ``details``, mixed
create_product  a native create body; answers ``ids``
delete_product  sku, family?: true for the whole family
price           sku, amount (in the tax mode of the shop), list?: BASE or a price book, min_qty?, starts?,
                ends?: the period of the general price book that holds the row; made where there is none.
                Without an amount the book gets another last day, for all its rows
sale            sku, quantity, location? | lines: [{sku, quantity}], customer?: e-mail or id; a negative
                quantity is goods brought back
order           lines, customer?, location?: a parked sale
ship            order: the parked sale is paid and closed
cancel          order: the sale is voided, and what it moved comes back
stock           sku, location, quantity: a new level | difference: a stock adjustment
customer        email | id, set: native members
create_customer native members
delete_customer email | id
switch          name, value: see :mod:`sandbox.lightspeed_x.switches`
webhooks        twice?, backwards?: send again what is due
=============== =====================================================================================

``location`` is an outlet's name or id, or the chain's own code; the first outlet when left out.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from sandbox.lightspeed_x.catalog import require_product
from sandbox.lightspeed_x.errors import ApiError
from sandbox.lightspeed_x.retail import Retail
from sandbox.lightspeed_x.seed import LAST_SECOND, moment_of
from sandbox.lightspeed_x.store import Row
from sandbox.lightspeed_x.switches import AT_START
from sandbox.stand import EditError

COMMON = frozenset(
    {"name", "description", "track_inventory", "brand_id", "product_category_id", "tag_ids"},
)
Verb = Callable[[Row], Row]


class Edits:
    """Carries out control edits."""

    def __init__(self, retail: Retail) -> None:
        self._retail = retail
        self._verbs: dict[str, Verb] = {
            "product": self._product,
            "create_product": self._create_product,
            "delete_product": self._delete_product,
            "price": self._price,
            "sale": self._sale,
            "order": self._order,
            "ship": self._ship,
            "cancel": self._cancel,
            "stock": self._stock,
            "customer": self._customer,
            "create_customer": self._create_customer,
            "delete_customer": self._delete_customer,
            "switch": self._switch,
            "webhooks": self._webhooks,
        }

    def __call__(self, change: Row) -> Row:
        """Do one edit; EditError says why it cannot be done."""
        verb = self._verbs.get(str(change.get("do")))
        if verb is None:
            raise EditError(f"no verb {change.get('do')!r}; there are {', '.join(self._verbs)}")
        try:
            return verb({name: value for name, value in change.items() if name != "do"})
        except ApiError as wrong:
            raise EditError(f"{change['do']}: {wrong.body}") from wrong
        except KeyError as wrong:
            raise EditError(f"{change['do']} needs {wrong}") from wrong

    # products

    def _find(self, sku: Any) -> Row:
        return require_product(self._retail.catalog, str(sku))

    def _product(self, change: Row) -> Row:
        product = self._find(change["sku"])
        wanted: Row = change["set"]
        common = {name: value for name, value in wanted.items() if name in COMMON}
        details = {name: value for name, value in wanted.items() if name not in COMMON}
        if "active" in details:
            details["is_active"] = details.pop("active")
        self._retail.catalog.update(product["id"], {"common": common, "details": details})
        return {"id": product["id"], "version": self._retail.catalog.products.get(product["id"])["version"]}

    def _create_product(self, change: Row) -> Row:
        ids = self._retail.catalog.create(change)
        return {"ids": ids, "id": ids[0]}

    def _delete_product(self, change: Row) -> Row:
        ids = self._retail.catalog.delete(self._find(change["sku"])["id"], change.get("family") is True)
        return {"ids": ids, "id": ids[0]}

    def _price(self, change: Row) -> Row:
        product, name = self._find(change["sku"]), str(change.get("list") or "BASE")
        if name == "BASE" and change.get("min_qty") in (None, 1) and "starts" not in change:
            mode = "price_excluding_tax" if self._retail.store.switches.tax_exclusive else "price_including_tax"
            self._retail.catalog.update(product["id"], {"details": {mode: Decimal(change["amount"])}})
            return {"id": product["id"]}
        row = self._book_row(product, name, change)
        if "amount" not in change:
            return self._end_book(row, change["ends"])
        body: Row = {"price": Decimal(change["amount"]), "min_units": change.get("min_qty")}
        if row is None:
            body |= {"product_id": product["id"], "tax_id": product["all_outlets_tax"]["tax_id"]}
            book = self._book_for(name, change.get("starts"), change.get("ends"))
            row = self._retail.books.put_row(book["id"], body)
        else:
            row = self._retail.books.put_row(row["price_book_id"], body, row["id"])
        return {"id": row["id"], "price_book_id": row["price_book_id"]}

    def _book_row(self, product: Row, name: str, change: Row) -> Row | None:
        """The row of a book that holds from that quantity and day on; None where there is none."""
        begins = _first_second(change.get("starts"))
        for row in self._retail.books.rows_of(product["id"]):
            book = self._retail.books.books.rows[row["price_book_id"]]
            general = name == "BASE" and book["type"] != "BASE" and _same_moment(book["valid_from"], begins)
            if (general or book["name"] == name) and (row["min_units"] or 1) == (change.get("min_qty") or 1):
                return row
        return None

    def _book_for(self, name: str, starts: str | None, ends: str | None) -> Row:
        """The book of that name; for the general list, the one of that period, made where there is none."""
        books = self._retail.books
        if name != "BASE":
            found = books.find_book(name)
            if found is None or found["type"] == "BASE":
                raise EditError(f"no price book {name!r} that can hold this price")
            return found
        title = f"Actie {starts} - {ends or 'open'}" if starts or ends else "Staffelprijzen"
        made = {"name": title, "valid_from": _first_second(starts), "valid_to": _last_second(ends)}
        return books.find_book(title) or books.add_book(made)

    def _end_book(self, row: Row | None, ends: str) -> Row:
        if row is None:
            raise EditError("no price book holds such a row")
        book = self._retail.books.books.rows[row["price_book_id"]]
        self._retail.books.books.save(book | {"valid_to": _last_second(ends)})
        return {"id": book["id"]}

    # sales and stock

    def _outlet(self, place: Any) -> str:
        outlets = self._retail.reference.outlets
        if place is None:
            return next(iter(outlets.rows))
        row = self._retail.reference.find_outlet(self._retail.locations.get(str(place), str(place)))
        if row is None:
            raise EditError(f"no outlet {place!r}; there are {', '.join(one['name'] for one in outlets)}")
        return str(row["id"])

    def _lines(self, change: Row) -> list[tuple[Row, Decimal]]:
        given = change.get("lines") or [{"sku": change["sku"], "quantity": change["quantity"]}]
        return [(self._find(one["sku"]), Decimal(one["quantity"])) for one in given]

    def _sale(self, change: Row) -> Row:
        buyer = self._person(change["customer"])["id"] if change.get("customer") else None
        sale = self._retail.sales.ring_up(self._lines(change), self._outlet(change.get("location")), buyer)
        return {"id": sale["id"], "version": sale["_metadata"]["version"], "invoice_number": sale["invoice_number"]}

    def _order(self, change: Row) -> Row:
        buyer = self._person(change["customer"])["id"] if change.get("customer") else None
        outlet = self._outlet(change.get("location"))
        sale = self._retail.sales.ring_up(self._lines(change), outlet, buyer, "parked")
        return {"id": sale["id"], "order": sale["id"], "version": sale["_metadata"]["version"]}

    def _ship(self, change: Row) -> Row:
        sale = self._retail.sales.update(str(change["order"]), {"state": "closed"})
        return {"id": sale["id"], "version": sale["_metadata"]["version"]}

    def _cancel(self, change: Row) -> Row:
        sale = self._retail.sales.update(str(change["order"]), {"state": "voided"})
        return {"id": sale["id"], "version": sale["_metadata"]["version"]}

    def _stock(self, change: Row) -> Row:
        product, outlet = self._find(change["sku"]), self._outlet(change["location"])
        if "difference" in change:
            return self._adjust(product, outlet, Decimal(change["difference"]))
        row = self._retail.stock.set(product["id"], outlet, Decimal(change["quantity"]))
        if row is None:
            raise EditError("inventory is not tracked for this product")
        return {"id": row["id"], "level": row["current_inventory_level"], "version": row["version"]}

    def _adjust(self, product: Row, outlet: str, difference: Decimal) -> Row:
        reason = "STOCK_FOUND" if difference > 0 else "INTERNAL_USE"
        body = {"product_id": product["id"], "outlet_id": outlet, "quantity": str(difference), "reason": reason}
        made = self._retail.stock.adjust(*self._retail.stock.check(body))
        row = self._retail.stock.row(product["id"], outlet) or {}
        return {"id": made["id"], "level": row.get("current_inventory_level"), "version": row.get("version")}

    # customers

    def _person(self, who: Any) -> Row:
        if str(who) in self._retail.people.customers.rows:
            return self._retail.people.customers.live(str(who))
        found = self._retail.people.find_email(str(who))
        if len(found) != 1:
            raise EditError(f"{len(found)} customers with e-mail {who!r}; name one by its id")
        return found[0]

    def _customer(self, change: Row) -> Row:
        row = self._person(change.get("id") or change["email"])
        saved = self._retail.people.update(row["id"], change["set"])
        return {"id": saved["id"], "version": saved["version"]}

    def _create_customer(self, change: Row) -> Row:
        row = self._retail.people.create({"first_name": None, "last_name": None} | change)
        return {"id": row["id"], "customer_code": row["customer_code"], "version": row["version"]}

    def _delete_customer(self, change: Row) -> Row:
        row = self._retail.people.delete(self._person(change.get("id") or change["email"])["id"])
        return {"id": row["id"], "version": row["version"]}

    # the stand-in itself

    def _switch(self, change: Row) -> Row:
        name = str(change["name"])
        if name in AT_START:
            raise EditError(f"{name} is chosen at the start: --set {name}=…")
        self._retail.store.switches.turn(name, str(change["value"]))
        return self._retail.store.switches.as_json()

    def _webhooks(self, change: Row) -> Row:
        count = self._retail.webhooks.send_due(change.get("twice") is True, change.get("backwards") is True)
        return {"sent": count}


def _first_second(day: str | None) -> str | None:
    return moment_of(date.fromisoformat(day), time.min) if day else None


def _last_second(day: str | None) -> str | None:
    return moment_of(date.fromisoformat(day), LAST_SECOND) if day else None


def _same_moment(one: str | None, other: str | None) -> bool:
    return one is other is None or (
        one is not None and other is not None and datetime.fromisoformat(one) == datetime.fromisoformat(other)
    )
