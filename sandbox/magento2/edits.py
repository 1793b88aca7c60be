"""Control edits: changes as people in the shop make them, through the same code as the API.

product, create_product, delete_product, price, sale, order, ship, invoice, refund, cancel, hold, unhold, stock,
customer, create_customer, delete_customer; and of the shop's own: configure, run_consumer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from sandbox.magento2 import customers, prices, product_save, sales
from sandbox.magento2 import shapes as s
from sandbox.magento2.call import Call
from sandbox.magento2.customers import customer_view
from sandbox.magento2.errors import ApiError, PlainError
from sandbox.magento2.inventory import save_source_item, source_item_view
from sandbox.magento2.product_values import check_types
from sandbox.magento2.products import find_product, product_view
from sandbox.magento2.sales_services import find_order
from sandbox.magento2.sales_views import credit_memo_view, invoice_view, order_view, shipment_view
from sandbox.magento2.state import Customer, Database, Order, Product
from sandbox.magento2.switches import set_switch
from sandbox.magento2.values import folded
from sandbox.stand import EditError

Change = Mapping[str, Any]


class Edits:
    """Carries out edits; ``locations`` is the chain's name of a place → source code."""

    def __init__(
        self, db: Database, now: Callable[[], datetime], work_off: Callable[[bool], int], locations: Mapping[str, str]
    ) -> None:
        self._db = db
        self._now = now
        self._work_off = work_off
        self._locations = locations
        self._verbs: dict[str, Callable[[Change], dict[str, Any]]] = {
            "product": self._product,
            "create_product": self._create_product,
            "delete_product": self._delete_product,
            "price": self._price,
            "sale": self._sale,
            "order": self._order,
            "ship": self._ship,
            "invoice": self._invoice,
            "refund": self._refund,
            "cancel": self._cancel,
            "hold": self._hold,
            "unhold": self._unhold,
            "stock": self._stock,
            "customer": self._customer,
            "create_customer": self._create_customer,
            "delete_customer": self._delete_customer,
            "configure": self._configure,
            "run_consumer": self._run_consumer,
        }

    def __call__(self, change: Change) -> dict[str, Any]:
        """Carry out ``{"do": VERB, …}``; EditError for what a user of the shop could not do."""
        verb = self._verbs.get(str(change.get("do")))
        if verb is None:
            raise EditError(f"there is no verb {change.get('do')!r}; there are {', '.join(self._verbs)}")
        try:
            return verb({name: value for name, value in change.items() if name != "do"})
        except ApiError as wrong:
            raise EditError(wrong.text()) from wrong
        except PlainError as wrong:
            raise EditError(wrong.text.strip()) from wrong
        except (ArithmeticError, TypeError) as wrong:
            raise EditError(f"{change['do']} cannot take that: {wrong}") from wrong
        except KeyError as missing:
            raise EditError(f"{change['do']} needs {missing}") from missing

    def _call(self, path: Mapping[str, Any] | None = None, given: Mapping[str, Any] | None = None) -> Call:
        return Call(self._db, self._now(), path=path or {}, given=given or {})

    def _source_code(self, location: str | None) -> str | None:
        return None if location is None else self._locations.get(location, location)

    # --- products

    def _product(self, change: Change) -> dict[str, Any]:
        """Another ``sku`` renames it, as the product page does and the API does not."""
        native = dict(change["set"])
        sku = native.pop("sku", change["sku"])
        if sku != change["sku"]:
            self._db.rename_product(find_product(self._db, change["sku"]), sku, self._now())
        return self._save_product(native, {"sku": sku})

    def _create_product(self, change: Change) -> dict[str, Any]:
        return self._save_product({"attribute_set_id": 4} | dict(change), {})

    def _save_product(self, native: Mapping[str, Any], path: Mapping[str, Any]) -> dict[str, Any]:
        call = self._call(path)
        given = call.reader.read(dict(native), s.PRODUCT)
        check_types(self._db, given.get("custom_attributes") or [])
        call.given = {"product": given}
        saved = product_save.put_product(call) if path else product_save.post_product(call)
        return product_view(self._db, self._db.products[saved["id"]])

    def _delete_product(self, change: Change) -> dict[str, Any]:
        number = find_product(self._db, change["sku"]).id
        product_save.delete_product(self._call({"sku": change["sku"]}))
        return {"id": number, "sku": change["sku"]}

    def _price(self, change: Change) -> dict[str, Any]:
        """The base price; with ``starts`` or ``ends`` the special price; with ``min_qty`` above 1 or a ``list`` (group
        name) a tier price, which may be a ``percent`` off. What is not given stays as it is."""
        product = find_product(self._db, change["sku"])
        group, tier = change.get("list"), Decimal(change.get("min_qty") or 1)
        if tier > 1 or group not in (None, "base"):
            failures = prices.post_tier_prices(self._call(given={"prices": [_tier_row(product, change, tier, group)]}))
        elif "starts" in change or "ends" in change:
            failures = prices.post_special_prices(self._call(given={"prices": [_special_row(product, change)]}))
        else:
            row = {"sku": product.sku, "price": Decimal(change["amount"]), "store_id": 0}
            failures = prices.post_base_prices(self._call(given={"prices": [row]}))
        if failures:
            raise EditError(str(failures))
        return product_view(self._db, product)

    # --- orders

    def _sale(self, change: Change) -> dict[str, Any]:
        line = {"sku": change["sku"], "quantity": change["quantity"]}
        return self._order({"lines": [line]})

    def _order(self, change: Change) -> dict[str, Any]:
        lines = [sales.Line(row["sku"], Decimal(row["quantity"]), row.get("parent")) for row in change["lines"]]
        buyer = (
            sales.GUEST if change.get("customer") is None else sales.buyer_of(self._find_customer(change["customer"]))
        )
        order = sales.place_order(self._db, self._now(), lines, buyer)
        if change.get("reference"):
            order.increment_id = str(change["reference"])
        return order_view(self._db, order)

    def _find_order(self, change: Change) -> Order:
        """By entity id, or by increment id given as text."""
        given = change["order"]
        for order in self._db.orders.values():
            if order.increment_id == given:
                return order
        return find_order(self._db, int(given) if str(given).isdigit() else given)

    def _chosen(self, order: Order, change: Change) -> list[dict[str, Any]] | None:
        """``lines`` by SKU as the order's items; None for all that is left."""
        if change.get("lines") is None:
            return None
        wanted = {folded(row["sku"]): Decimal(row["quantity"]) for row in change["lines"]}
        return [
            {"order_item_id": item.id, "qty": wanted[folded(item.sku)]}
            for item in order.lines
            if folded(item.sku) in wanted
        ]

    def _ship(self, change: Change) -> dict[str, Any]:
        """From ``location``, or else from the first source that holds the goods."""
        order = self._find_order(change)
        rows = self._chosen(order, change)
        source = self._source_code(change.get("location")) or self._holder(order, rows)
        return shipment_view(self._db, sales.ship(self._db, order, self._now(), rows, source))

    def _holder(self, order: Order, rows: list[dict[str, Any]] | None) -> str | None:
        wanted = sales.chosen(order, rows, {item.id: item.to_ship for item in order.lines})
        for code in sorted(
            self._db.stocks[order.stock_id].links, key=self._db.stocks[order.stock_id].links.__getitem__
        ):
            held = [self._db.source_items.get((folded(item.sku), code)) for item, _ in wanted]
            if all(one is not None and one.quantity >= qty for one, (_, qty) in zip(held, wanted, strict=True)):
                return code
        return None

    def _invoice(self, change: Change) -> dict[str, Any]:
        order = self._find_order(change)
        return invoice_view(self._db, sales.invoice(self._db, order, self._now(), self._chosen(order, change)))

    def _refund(self, change: Change) -> dict[str, Any]:
        """``return_to_stock`` true puts the pieces back."""
        order = self._find_order(change)
        rows = self._chosen(order, change)
        returned = [item.id for item in order.lines] if change.get("return_to_stock") else []
        arguments = {"shipping_amount": Decimal(0), "extension_attributes": {"return_to_stock_items": returned}}
        return credit_memo_view(self._db, sales.refund(self._db, order, self._now(), rows, arguments))

    def _cancel(self, change: Change) -> dict[str, Any]:
        order = self._find_order(change)
        if not sales.cancel(self._db, order, self._now()):
            raise EditError(f"order {order.increment_id} cannot be cancelled")
        return order_view(self._db, order)

    def _hold(self, change: Change) -> dict[str, Any]:
        order = self._find_order(change)
        sales.hold(order, self._now())
        return order_view(self._db, order)

    def _unhold(self, change: Change) -> dict[str, Any]:
        order = self._find_order(change)
        sales.unhold(order, self._now())
        return order_view(self._db, order)

    # --- stock

    def _stock(self, change: Change) -> dict[str, Any]:
        """A hand edit (``quantity``) or a receipt (``difference``) at one source."""
        sku, code = change["sku"], self._source_code(change["location"])
        if code not in self._db.sources:
            raise EditError(f"there is no source {code}")
        held = self._db.source_items.get((folded(sku), str(code)))
        before = held.quantity if held else Decimal(0)
        after = Decimal(change["quantity"]) if "quantity" in change else before + Decimal(change["difference"])
        row = {"sku": sku, "source_code": code, "quantity": after, "status": int(change.get("status", 1))}
        return source_item_view(save_source_item(self._db, row)) | {"before": before}

    # --- customers

    def _find_customer(self, given: Any) -> Customer:
        """By id, or by e-mail address."""
        for customer in self._db.customers.values():
            if customer.email.lower() == str(given).lower() or customer.id == given:
                return customer
        raise EditError(f"there is no customer {given}")

    def _save_customer(self, native: Mapping[str, Any], customer: Customer | None) -> dict[str, Any]:
        call = self._call({"customerId": customer.id} if customer else {})
        call.given = {"customer": call.reader.read(dict(native), s.CUSTOMER)}
        saved: dict[str, Any] = customers.put_customer(call) if customer else customers.post_customer(call)
        return saved

    def _customer(self, change: Change) -> dict[str, Any]:
        return self._save_customer(change["set"], self._find_customer(change.get("id") or change.get("email")))

    def _create_customer(self, change: Change) -> dict[str, Any]:
        return self._save_customer(change, None)

    def _delete_customer(self, change: Change) -> dict[str, Any]:
        customer = self._find_customer(change.get("id") or change.get("email"))
        del self._db.customers[customer.id]
        return customer_view(customer)

    # --- the shop itself

    def _configure(self, change: Change) -> dict[str, Any]:
        """Settings of the admin panel, by the names of the command line's switches."""
        for name, value in change.items():
            set_switch(self._db.settings, name, "none" if value is None else str(value).lower())
        return {name: getattr(self._db.settings, name) for name in change}

    def _run_consumer(self, _change: Change) -> dict[str, Any]:
        return {"operations": self._work_off(True)}


def _tier_row(product: Product, change: Change, tier: Decimal, group: str | None) -> dict[str, Any]:
    """A row of a quantity or of a customer group."""
    kind, price = ("discount", change["percent"]) if "percent" in change else ("fixed", change["amount"])
    customers = "ALL GROUPS" if group in (None, "base") else group
    row = {"sku": product.sku, "price": Decimal(price), "price_type": kind, "quantity": tier}
    return row | {"website_id": 0, "customer_group": customers}


def _special_row(product: Product, change: Change) -> dict[str, Any]:
    """The one special price of a product, with what was changed of it."""
    amount = change.get("amount") or product.value("special_price")
    starts, ends = change.get("starts"), change.get("ends")
    row = {"sku": product.sku, "price": Decimal(str(amount)), "store_id": 0}
    row["price_from"] = f"{starts} 00:00:00" if starts else product.value("special_from_date")
    row["price_to"] = f"{ends} 23:59:59" if ends else product.value("special_to_date")
    return row
