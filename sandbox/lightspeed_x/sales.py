"""Sales (L§9): from the tills and over the API; closed ones move the levels."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sandbox.lightspeed_x.access import Access
from sandbox.lightspeed_x.errors import bad_request, conflict, invalid
from sandbox.lightspeed_x.paging import is_uuid, list_feed, read_body, read_number
from sandbox.lightspeed_x.reference import Reference
from sandbox.lightspeed_x.routes import Route
from sandbox.lightspeed_x.stock import Stock
from sandbox.lightspeed_x.store import Row, Store
from sandbox.stand import round_half_up

STATES = ("parked", "pending", "voided", "closed")
ROWS_A_PAGE = 1000  # sales rows are large (L§4)
PLACES = 5


class Sales:
    """The sales, and the endpoints that read and write them."""

    def __init__(self, store: Store, reference: Reference, stock: Stock, access: Access) -> None:
        self.store = store
        self._reference = reference
        self._stock = stock
        self._access = access
        self.sales = store.table("sales", nested=True)
        self.products = store.table("products")
        self.customers = store.table("customers")
        self._moved: dict[str, list[tuple[str, str, Decimal]]] = {}

    # writing

    def create(self, body: Row, key: str | None = None) -> Row:
        """A new sale; a client may choose the id (L§9). 400 and 422 when it cannot be."""
        key = key or body.get("id") or self.store.new_key("sale")
        if not is_uuid(key):
            raise bad_request("id must be a UUID")
        if key in self.sales.rows:
            if self.store.switches.sale_repeat == "update":
                return self.update(key, body)
            raise conflict("A sale with this id already exists")
        source = self._read_source(body.get("source"))
        number = self._number(source["register_id"])
        moment = self.store.moment()
        row: Row = {
            "id": key,
            "state": _read_state(body.get("state")),
            "attributes": _read_attributes(body.get("attributes")),
            "date": _read_date(body.get("date"), moment),
            "invoice_number": str(body.get("invoice_number") or number),
            "receipt_number": number,
            "customer_id": self._read_customer(body.get("customer_id")),
            "source": source,
            "line_items": self._read_lines(body.get("line_items"), key),
            "payments": self._read_payments(body.get("payments"), key, moment),
            "return": {"is_return": False},
            "deleted_at": None,
            "created_at": moment,
            "updated_at": moment,
        }
        if body.get("note") is not None:
            row["note"] = str(body["note"])
        return self._save(row)

    def update(self, key: str, body: Row) -> Row:
        """Change what is sent; a state change moves the levels, to and fro."""
        row = dict(self.sales.live(key))
        if "state" in body:
            row["state"] = _read_state(body["state"])
        if "customer_id" in body:
            row["customer_id"] = self._read_customer(body["customer_id"])
        if "line_items" in body:
            row["line_items"] = self._read_lines(body["line_items"], key)
        if "payments" in body:
            row["payments"] = self._read_payments(body["payments"], key, self.store.moment())
        if "attributes" in body:
            row["attributes"] = _read_attributes(body["attributes"])
        return self._save(row)

    def start_return(self, key: str) -> Row:
        """A parked sale with the quantities turned round, to be paid and closed (L§9)."""
        sale = self.sales.live(key)
        if sale["state"] != "closed":
            raise invalid({"state": "Only a closed sale can be returned"})
        made = self.store.new_key("sale")
        moment = self.store.moment()
        lines = [_turn(line, self.store.key("sale line", f"{made}/{line['id']}")) for line in sale["line_items"]]
        number = self._number(sale["source"]["register_id"])
        row = sale | {
            "id": made,
            "state": "parked",
            "date": moment,
            "invoice_number": number,
            "receipt_number": number,
            "line_items": lines,
            "payments": [],
            "return": {"is_return": True, "original_sale_id": key},
            "created_at": moment,
            "updated_at": moment,
        }
        ids = [*sale["return"].get("return_sale_ids", []), made]
        self.sales.save(sale | {"return": sale["return"] | {"return_sale_ids": ids}})
        return self._save(row)

    def ring_up(
        self, lines: list[tuple[Row, Decimal]], outlet_id: str, customer_id: str | None = None, state: str = "closed"
    ) -> Row:
        """A sale at the till of an outlet, paid unless parked; negative quantities are goods brought back."""
        register = self._reference.register_of(outlet_id)["id"]
        items = [self._till_line(product, quantity) for product, quantity in lines]
        paid = sum((_gross(line) for line in items), Decimal(0))
        payment = {"type": {"config_id": next(iter(self._reference.payment_types.rows))}, "amount": paid}
        body = {
            "state": state,
            "customer_id": customer_id,
            "source": {"author_id": self._access.user_id, "register_id": register},
            "line_items": items,
            "payments": [payment | {"source": {"register_id": register}}] if state == "closed" else [],
        }
        return self.create(body)

    def _till_line(self, product: Row, quantity: Decimal) -> Row:
        tax = product["all_outlets_tax"]["tax_id"]
        price = product["price_excluding_tax"]
        return {
            "product": {"id": product["id"]},
            "quantity": quantity,
            "pricing": {"price": price, "cost": product["supply_price"]},
            "tax": {"id": tax, "amount": product["price_including_tax"] - price},
        }

    def _save(self, row: Row) -> Row:
        row["totals"] = _add_up(row["line_items"])
        status = "CONFIRMED" if row["state"] == "closed" else "SAVED"
        row["line_items"] = [line | {"status": status} for line in row["line_items"]]
        saved = self.sales.save(row)
        self._move(saved)
        self.store.tell("sale.update", saved)
        return saved

    def _move(self, sale: Row) -> None:
        """Take back what this sale moved before, and move what it moves now."""
        for product_id, outlet_id, quantity in self._moved.pop(sale["id"], []):
            self._stock.change(product_id, outlet_id, quantity)
        open_too = self.store.switches.open_sales == "lower" and sale["state"] in ("parked", "pending")
        if sale["state"] != "closed" and not open_too:
            return
        outlet = sale["source"]["outlet_id"]
        moved = [(line["product"]["id"], outlet, line["quantity"]) for line in sale["line_items"]]
        self._moved[sale["id"]] = moved
        for product_id, outlet_id, quantity in moved:
            self._stock.change(product_id, outlet_id, -quantity)

    # reading what was sent

    def _read_source(self, given: Any) -> Row:
        source = given if isinstance(given, dict) else {}
        if str(source.get("author_id")) not in self._reference.users.rows:
            raise invalid({"source.author_id": "Required"})
        key = str(source.get("register_id") or next(iter(self._reference.registers.rows)))
        register = self._reference.registers.rows.get(key)
        if register is None:
            raise invalid({"source.register_id": "Not found"})
        shown: Row = {
            "author": {"id": source["author_id"]},
            "register_id": register["id"],
            "outlet_id": register["outlet_id"],
        }
        return shown | {name: source[name] for name in ("type", "id") if source.get(name) is not None}

    def _number(self, register_id: str) -> str:
        row = self._reference.registers.rows[register_id]
        self._reference.registers.save(row | {"invoice_sequence": row["invoice_sequence"] + 1})
        return str(row["invoice_sequence"])

    def _read_customer(self, key: Any) -> str | None:
        if key is None:
            return None
        if str(key) not in self.customers.rows:
            raise invalid({"customer_id": "Not found"})
        return str(key)

    def _read_lines(self, given: Any, sale_id: str) -> list[Row]:
        if not isinstance(given, list):
            raise invalid({"line_items": "Required"})
        return [self._read_line(one, f"{sale_id}/{number}") for number, one in enumerate(given)]

    def _read_line(self, one: Any, name: str) -> Row:
        product, pricing, tax = (_object(one, part) for part in ("product", "pricing", "tax"))
        if self.products.rows.get(str(product.get("id"))) is None:
            raise invalid({"line_items.product.id": "Not found"})
        if str(tax.get("id")) not in self._reference.taxes.rows:
            raise invalid({"line_items.tax.id": "Required"})
        quantity = read_number(one.get("quantity"), "line_items.quantity")
        price = read_number(pricing.get("price"), "line_items.pricing.price")
        amount = read_number(tax.get("amount"), "line_items.tax.amount")
        discount = read_number(pricing.get("discount", 0), "line_items.pricing.discount")
        cost = read_number(pricing.get("cost", self.products.rows[product["id"]]["supply_price"]), "cost")
        return {
            "id": self.store.key("sale line", name),
            "product": {"id": product["id"]},
            "quantity": quantity,
            "pricing": {
                "price": price,
                "total": round_half_up((price - discount) * quantity, PLACES),
                "discount": discount,
                "cost": cost,
            },
            "tax": {"id": tax["id"], "amount": amount, "total": round_half_up(amount * quantity, PLACES)},
        }

    def _read_payments(self, given: Any, sale_id: str, moment: str) -> list[Row]:
        payments = []
        if not isinstance(given, list | None):
            raise invalid({"payments": "Must be a list"})
        for number, one in enumerate(given or []):
            config = _object(one, "type").get("config_id")
            if str(config) not in self._reference.payment_types.rows:
                raise invalid({"payments.type.config_id": "Not found"})
            payment = {
                "id": self.store.key("payment", f"{sale_id}/{number}"),
                "amount": read_number(one.get("amount"), "payments.amount"),
                "date": _read_date(one.get("date"), moment),
                "type": {"config_id": config},
                "source": {"register_id": _object(one, "source").get("register_id")},
            }
            payments.append(payment)
        return payments

    # endpoints

    def routes(self) -> list[Route]:
        """All endpoints of this module; date_from and date_to are ignored by the list (L§4)."""
        return [
            Route("GET", "/sales", "sales:read", self._get_list),
            Route("POST", "/sales", "sales:write", lambda: {"data": self.create(read_body())}),
            Route("GET", "/sales/<key>", "sales:read", lambda key: {"data": self.sales.get(key)}),
            Route("PUT", "/sales/<key>", "sales:write", lambda key: {"data": self.update(key, read_body())}),
            Route("POST", "/sales/<key>/actions/return", "sales:write", lambda key: {"data": self.start_return(key)}),
        ]

    def _get_list(self) -> Row:
        return list_feed(self.sales, min(self.store.switches.page_cap, ROWS_A_PAGE))


def _read_state(value: Any) -> str:
    if value not in STATES:
        raise invalid({"state": f"Must be one of {', '.join(STATES)}"})
    return str(value)


def _read_attributes(value: Any) -> list[str]:
    if value is not None and not (isinstance(value, list) and all(isinstance(one, str) for one in value)):
        raise invalid({"attributes": "Must be a list of strings"})
    return value or []


def _read_date(value: Any, default: str) -> str:
    if value is None:
        return default
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as wrong:
        raise bad_request("date must be RFC 3339") from wrong
    if moment.tzinfo is None:
        raise bad_request("date must bear a zone")
    return moment.isoformat()


def _object(one: Any, part: str) -> Row:
    value = one.get(part) if isinstance(one, dict) else None
    return value if isinstance(value, dict) else {}


def _turn(line: Row, key: str) -> Row:
    return line | {
        "id": key,
        "quantity": -line["quantity"],
        "pricing": line["pricing"] | {"total": -line["pricing"]["total"]},
        "tax": line["tax"] | {"total": -line["tax"]["total"]},
    }


def _gross(line: Row) -> Decimal:
    """What is paid for a line: per unit to the cent, as a till does."""
    unit: Decimal = line["pricing"]["price"] + line["tax"]["amount"]
    return round_half_up(unit, 2) * Decimal(line["quantity"])


def _add_up(lines: list[Row]) -> Row:
    price = sum((line["pricing"]["total"] for line in lines), Decimal(0))
    tax = sum((line["tax"]["total"] for line in lines), Decimal(0))
    return {"price": price, "tax": tax, "price_incl_tax": price + tax, "loyalty": Decimal(0), "surcharge": Decimal(0)}
