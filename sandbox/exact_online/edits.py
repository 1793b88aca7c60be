"""Changes as a user of the administration would make them: the verbs of ``POST /_sandbox/edit``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from sandbox.exact_online import crm, invoices, items, orders, prices, schema, seed, stock
from sandbox.exact_online import store as tables
from sandbox.exact_online.bodies import convert
from sandbox.exact_online.errors import RefusedError
from sandbox.exact_online.store import Row, Store
from sandbox.shop.words import LOCATIONS
from sandbox.stand import EditError

Given = dict[str, Any]
PLACES = {place.code: place.codes["exact_online"] for place in LOCATIONS}


class Edits:
    """The verbs; each answers the ids and figures that changed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.verbs: dict[str, Callable[[Given], Given]] = {
            "product": self.product, "create_product": self.create_product, "delete_product": self.delete_product,
            "price": self.price, "sale": self.sale, "order": self.order, "import_order": self.import_order,
            "ship": self.deliver, "deliver": self.deliver, "cancel": self.cancel, "stock": self.stock,
            "customer": self.customer, "create_customer": self.create_customer,
            "delete_customer": self.delete_customer, "book_till": self.book_till, "setting": self.setting,
            "move_division": self.move_division,
        }  # fmt: skip

    def __call__(self, given: Given) -> Given:
        """Carry out one edit as the staff user; EditError for what a user could not do."""
        verb = self.verbs.get(str(given.get("do")))
        if verb is None:
            raise EditError(f"there is no edit {given.get('do')!r}; there are {', '.join(self.verbs)}")
        self._store.actor = self._store.staff_user
        try:
            return verb(given)
        except RefusedError as wrong:
            raise EditError(wrong.text) from wrong
        except KeyError as wrong:
            raise EditError(f"{given['do']} needs {wrong.args[0]}") from wrong
        except ArithmeticError as wrong:
            raise EditError(f"{given['do']} was given something that is no number") from wrong
        finally:
            self._store.actor = self._store.api_user

    def _item(self, sku: str) -> Row:
        row = self._store.one(tables.ITEMS, "Code", sku)
        if row is None:
            raise EditError(f"there is no item {sku!r}")
        return row

    def _warehouse(self, location: str | None) -> Row:
        """A warehouse by the chain's word or its own code; the main one when none is named."""
        if location is None:
            return stock.main_warehouse(self._store)
        row = self._store.one(tables.WAREHOUSES, "Code", PLACES.get(location, location))
        if row is None:
            raise EditError(f"there is no warehouse {location!r}")
        return row

    def _account(self, given: Given) -> Row:
        """By id, by e-mail without regard to case, or by code."""
        wanted = given.get("id") or given.get("email")
        for row in self._store.rows(tables.ACCOUNTS):
            codes = (row.key, (row.get("Code") or "").strip())
            if wanted in codes or (row.get("Email") or "").lower() == str(wanted).lower():
                return row
        raise EditError(f"there is no account {wanted!r}")

    def _values(self, table: str, given: Given, creating: bool) -> Given:
        return convert(schema.load()[table], given, creating)

    def product(self, given: Given) -> Given:
        """{sku, set: {Exact's own property names}}; the screens also change what the API takes at creation alone."""
        row = self._item(given["sku"])
        items.update_item(self._store, row, self._values(tables.ITEMS, given["set"], creating=True))
        return {"id": row.key, "sku": row.get("Code"), "version": row.version}

    def create_product(self, given: Given) -> Given:
        """Exact's own property names; ``price`` is put on the automatic row."""
        body = {name: value for name, value in given.items() if name not in ("do", "price")}
        row = items.create_item(self._store, self._values(tables.ITEMS, body, creating=True))
        if "price" in given:
            self.price({"sku": row.get("Code"), "amount": given["price"]})
        return {"id": row.key, "sku": row.get("Code")}

    def delete_product(self, given: Given) -> Given:
        """{sku}; refused while there are transactions."""
        row = self._item(given["sku"])
        items.delete_item(self._store, row)
        return {"id": row.key}

    def price(self, given: Given) -> Given:
        """{sku, amount?, min_qty?, starts?, ends?, list?}: the row that holds today, or the one from that day on.

        Where there is none such, a new one; list "dealers".
        """
        item = self._item(given["sku"])
        quantity = Decimal(given.get("min_qty", 1))
        if given.get("list") == "dealers":
            return self._list_price(item, quantity, Decimal(given["amount"]))
        found = self._price_row(item, quantity, given.get("starts"))
        if found is not None:
            named = {"Price": given.get("amount"), "EndDate": given.get("ends")}
            new = {name: value for name, value in named.items() if value is not None} or {"Price": given["amount"]}
            items.update_price(self._store, found, self._values(tables.PRICES, new, creating=False))
            return {"id": found.key, "item": item.key}
        body = {"Item": item.key, "Price": given["amount"], "Quantity": quantity, "Unit": item.get("Unit")}
        dates = {"StartDate": given.get("starts") or self._store.midnight().isoformat(), "EndDate": given.get("ends")}
        row = items.create_price(self._store, self._values(tables.PRICES, body | dates, creating=True))
        return {"id": row.key, "item": item.key}

    def _list_price(self, item: Row, quantity: Decimal, amount: Decimal) -> Given:
        """The dealers' price list, which only a user can change (E129)."""
        rows = self._store.rows(tables.DISCOUNTS).find("Item", item.key)
        found = next((row for row in rows if row.get("Quantity") == quantity), None)
        if found is None:
            found = seed.put_discount(self._store, item, quantity, amount)
        else:
            self._store.change(tables.DISCOUNTS, found, {"NewPrice": amount})
        return {"id": found.key, "item": item.key}

    def _price_row(self, item: Row, quantity: Decimal, starts: str | None) -> Row | None:
        """The row that holds today, or the one that begins on a day."""
        if quantity == 1 and starts is None:
            return prices.standard_row(self._store, item)
        today = self._store.midnight()
        rows = self._store.rows(tables.PRICES).find("Item", item.key)
        fitting = [row for row in rows if row.get("Quantity") == quantity and row.get("Account") is None]
        if starts is not None:
            return next((row for row in fitting if row.get("StartDate").date().isoformat() == starts), None)
        return next((row for row in fitting if prices.valid_on(row, today)), None)

    def stock(self, given: Given) -> Given:
        """{sku, location, quantity | difference, source?}: a count on the screen; with source 4, by another program."""
        item, warehouse = self._item(given["sku"]), self._warehouse(given.get("location"))
        name = "quantity" if "quantity" in given else "difference"
        line = {"Item": item.key, "QuantityNew" if name == "quantity" else "QuantityDifference": Decimal(given[name])}
        if warehouse.get("UseStorageLocations") == 1:
            line["StorageLocation"] = next(iter(self._store.rows(tables.STORAGE))).key
        head = {"StockCountDate": self._store.midnight(), "Warehouse": warehouse.key, "Status": stock.PROCESSED}
        head["Source"] = given.get("source", stock.BY_HAND)
        row = stock.create_count(self._store, head | {"StockCountLines": [line], "Description": "Handmatig"})
        return {"id": row.key, "on_hand": self._on_hand(item, warehouse)}

    def _on_hand(self, item: Row, warehouse: Row) -> Decimal:
        place = stock.position(self._store, item.key, warehouse.key)
        return Decimal(0) if place is None else place.get("CurrentStock")

    def sale(self, given: Given) -> Given:
        """{sku, quantity, location?, journal?}: a direct sale, booked and processed at once."""
        line = {"sku": given["sku"], "quantity": given.get("quantity", 1)}
        booked = {"journal": given.get("journal", seed.SALES_JOURNAL), "lines": [line]}
        answer = self.book_till(booked | {"location": given.get("location")})
        item, warehouse = self._item(given["sku"]), self._warehouse(given.get("location"))
        return answer | {"on_hand": self._on_hand(item, warehouse)}

    def book_till(self, given: Given) -> Given:
        """{journal?, lines: [{sku, quantity}], location?, reference?}: till sales of a day, as a direct invoice."""
        warehouse = self._warehouse(given.get("location"))
        lines = [{"Item": self._item(one["sku"]).key, "Quantity": Decimal(one["quantity"])} for one in given["lines"]]
        head = {
            "OrderedBy": seed.walk_in(self._store).key,
            "Type": invoices.DIRECT,
            "Journal": given.get("journal", seed.TILL_JOURNAL),
            "Warehouse": warehouse.key,
            "YourRef": given.get("reference"),
            "SalesInvoiceLines": lines,
        }
        row = invoices.create_invoice(self._store, head)
        invoices.process(self._store, row)
        ids = [line.key for line in invoices.lines_of(self._store, row)]
        return {"id": row.key, "number": row.get("InvoiceNumber"), "lines": ids}

    def order(self, given: Given) -> Given:
        """{lines: [{sku, quantity}], customer?, reference?, location?}: an order typed in by hand."""
        wanted = given.get("customer")
        account = self._account({"id": wanted}) if wanted else seed.walk_in(self._store)
        lines = [{"Item": self._item(one["sku"]).key, "Quantity": Decimal(one["quantity"])} for one in given["lines"]]
        head = {"OrderedBy": account.key, "WarehouseID": self._warehouse(given.get("location")).key}
        row = orders.create_order(self._store, head | {"YourRef": given.get("reference"), "SalesOrderLines": lines})
        ids = [line.key for line in orders.lines_of(self._store, row)]
        return {"id": row.key, "number": row.get("OrderNumber"), "lines": ids}

    def import_order(self, given: Given) -> Given:
        """{reference, lines, location?, customer?}: an order of the webshop, taken over with its number in YourRef."""
        return self.order(given | {"reference": given["reference"]})

    def _order(self, given: Given) -> Row:
        """By id, number or reference."""
        wanted = given.get("order") or given.get("reference")
        rows = self._store.rows(tables.ORDERS)
        found = rows.rows.get(wanted) or next(iter(rows.find("YourRef", wanted)), None)
        found = found or next(iter(rows.find("OrderNumber", wanted)), None)
        if found is None:
            raise EditError(f"there is no order {wanted!r}")
        return found

    def deliver(self, given: Given) -> Given:
        """{reference | order, lines?: [{sku, quantity}]}: deliver what is open, or these pieces of it."""
        order = self._order(given)
        wanted = {one["sku"]: Decimal(one["quantity"]) for one in given.get("lines") or ()}
        lines = []
        for line in orders.lines_of(self._store, order):
            code = self._store.rows(tables.ITEMS).rows[line.get("Item")].get("Code")
            left = line.get("Quantity") - line.get("QuantityDelivered")
            quantity = wanted.get(code, Decimal(0)) if wanted else left
            if quantity:
                lines.append({"SalesOrderLineID": line.key, "QuantityDelivered": quantity})
        head = {"DeliveryDate": self._store.midnight(), "GoodsDeliveryLines": lines}
        row = orders.create_delivery(self._store, head)
        return {"id": row.key, "number": row.get("DeliveryNumber"), "order": order.key, "status": order.get("Status")}

    def cancel(self, given: Given) -> Given:
        """{order | reference}."""
        order = self._order(given)
        orders.cancel_order(self._store, order)
        return {"id": order.key, "status": order.get("Status")}

    def customer(self, given: Given) -> Given:
        """{email | id, set: {...}}: the account's properties; ``contact`` and ``delivery`` hold those of their rows,
        ``others`` the delivery addresses beside the main one, all of them."""
        account = self._account(given)
        new = dict(given["set"])
        contact, delivery, others = new.pop("contact", None), new.pop("delivery", None), new.pop("others", None)
        if new:
            crm.update_account(self._store, account, self._values(tables.ACCOUNTS, new, creating=False))
        if contact:
            row = self._store.get(tables.CONTACTS, account.get("MainContact"))
            if row is None:
                raise EditError("the account has no main contact")
            crm.update_contact(self._store, row, self._values(tables.CONTACTS, contact, creating=False))
        if delivery:
            self._set_delivery(account, delivery)
        if others is not None:
            self._set_others(account, others)
        return {"id": account.key, "contact": account.get("MainContact")}

    def _set_delivery(self, account: Row, given: Given) -> None:
        rows = self._store.rows(tables.ADDRESSES).find("Account", account.key)
        found = next((row for row in rows if row.get("Type") == crm.DELIVERY and row.get("Main")), None)
        values = self._values(tables.ADDRESSES, given, creating=False)
        if found is None:
            crm.create_address(self._store, values | {"Account": account.key, "Type": crm.DELIVERY, "Main": True})
        else:
            crm.update_address(self._store, found, values)

    def _set_others(self, account: Row, given: Sequence[Given]) -> None:
        for row in self._store.rows(tables.ADDRESSES).find("Account", account.key):
            if row.get("Type") == crm.DELIVERY and not row.get("Main"):
                crm.delete_address(self._store, row)
        for one in given:
            values = self._values(tables.ADDRESSES, one, creating=True)
            crm.create_address(self._store, values | {"Account": account.key, "Type": crm.DELIVERY})

    def create_customer(self, given: Given) -> Given:
        """Properties of the account; ``contact`` and ``delivery`` as in ``customer``."""
        body = {name: value for name, value in given.items() if name not in ("do", "contact", "delivery")}
        values = {"Status": crm.CUSTOMER} | self._values(tables.ACCOUNTS, body, creating=True)
        account = crm.create_account(self._store, values)
        contact = None
        if given.get("contact"):
            made = self._values(tables.CONTACTS, given["contact"], creating=True)
            contact = crm.create_contact(self._store, made | {"Account": account.key}).key
        if given.get("delivery"):
            self._set_delivery(account, given["delivery"])
        return {"id": account.key, "code": account.get("Code"), "contact": contact}

    def delete_customer(self, given: Given) -> Given:
        """{email | id}; refused while there are orders or invoices."""
        account = self._account(given)
        crm.delete_account(self._store, account)
        return {"id": account.key}

    def setting(self, given: Given) -> Given:
        """{name, value}: turn a switch of the stand-in, see settings.py."""
        self._store.settings.set(given["name"], str(given["value"]))
        return self._store.settings.as_json()

    def move_division(self, _given: Given) -> Given:
        """All row versions start anew, as when Exact moves the division (E91)."""
        self._store.restart_versions()
        return {"version": self._store.version}
