"""The tills of a real Odoo for the scripted day: its users' hands and eyes, and its database where things go wrong."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final, LiteralString

import psycopg
from psycopg import sql

from sandbox.shop.model import Address, Customer, Product, Shop
from tests.day.shown import GENT, SHOPS, UTRECHT, Article, Person, by_key, letters, pieces
from tests.day.waiting import meanwhile, wait_until
from tests.odoo.client import Odoo, real_odoo_command, told_by
from tests.odoo.server import instance, postgres
from tests.odoo.till import Session, close_session, drawer, mode, open_session, refund, sell

PRODUCTS: Final = "product.product"
PARTNERS: Final = "res.partner"
QUANTS: Final = "stock.quant"
WAREHOUSES: Final[Mapping[str, str]] = {UTRECHT: "UTR", GENT: "GNT"}
TILLS: Final[Mapping[str, str]] = {UTRECHT: "Kassa Utrecht", GENT: "Kassa Gent"}
#: When a till's sales move stock: both ways in which a shop can have it.
MODES: Final[Mapping[str, str]] = {UTRECHT: "real", GENT: "closing"}
RATES: Final[Mapping[str, int]] = {"standard": 21, "reduced": 9, "zero": 0}
#: Archived ones, too.
HIDDEN: Final = {"active_test": False}


class OdooTills:
    """The tills of a chain that is furnished on a fresh copy of the shop."""

    def __init__(self, odoo: Odoo, chain: Shop) -> None:
        self._odoo = odoo
        self._sessions: dict[str, Session] = {}
        self._sold: dict[tuple[str, str], str] = {}  # the last order of a product at a till
        self._before: dict[str, tuple[int, object]] = {}
        _move_to_gent(odoo)
        self._locations = _locations(odoo)
        self._taxes = {name: _tax(odoo, name, rate) for name, rate in RATES.items()}
        _furnish(odoo, chain, self._taxes, self._locations)

    @property
    def tables(self) -> str:
        taxes = ", ".join(f"{name} = {id_}" for name, id_ in self._taxes.items())
        return f"""[channels.store]
adapter = "odoo"
base_url = "{self._odoo.url}"
database = "{self._odoo.database}"
api_key = "env:STORE_KEY"
[channels.store.settings]
taxes = {{ {taxes} }}
prices = "included"
"""

    @property
    def secrets(self) -> Mapping[str, str]:
        return {"STORE_KEY": self._odoo.api_key}

    @property
    def price_list(self) -> str:
        return "base"

    @property
    def places(self) -> Mapping[str, str]:
        return WAREHOUSES

    def pass_(self, seconds: float) -> None:
        file = instance.clock(self._odoo.name)
        file.write_text(str(float(file.read_text(encoding="utf-8")) + seconds), encoding="utf-8")

    def open(self) -> None:
        for place in SHOPS:
            with mode(self._odoo, MODES[place]):
                self._sessions[place] = open_session(self._odoo, TILLS[place])

    def close(self) -> None:
        for session in self._sessions.values():
            assert {"successful": True} == close_session(session, counted=drawer(session))

    def sell(self, sku: str, place: str, pieces: int) -> None:
        product = self._product(sku, "lst_price")
        self._sold[sku, place] = sell(self._session(place), product["id"], pieces, product["lst_price"])

    def take_back(self, sku: str, place: str, pieces: int) -> None:
        refund(self._session(place), self._sold[sku, place], pieces)

    def receive(self, sku: str, place: str, pieces: int) -> None:
        product, location = self._product(sku)["id"], self._locations[WAREHOUSES[place]]
        _count(self._odoo, [(product, location, pieces + self._there(product, location))])

    def price(self, sku: str, amount: Decimal) -> None:
        self._change(sku, list_price=float(amount))

    def rename(self, sku: str, name: str) -> None:
        self._change(sku, name=name)

    def take_off(self, sku: str) -> None:
        self._change(sku, available_in_pos=False)

    def archive(self, sku: str) -> None:
        """It is not traded any more, as far as the till is concerned."""
        self._odoo.call(PRODUCTS, "action_archive", ids=[self._product(sku)["id"]])

    def at_its_next_stock_write(self, act: Callable[[], None]) -> AbstractContextManager[None]:
        """The rows of its stock are locked, so that the write waits for them, and tills make further ones."""
        return self._held_up(sql.SQL("SELECT id FROM stock_quant FOR UPDATE"), "a figure is written to the till", act)

    def killed_in_mid_write(self) -> AbstractContextManager[None]:
        """The products are locked; the server is killed while a write waits for them."""

        def kill() -> None:
            os.kill(self._odoo.pid, signal.SIGKILL)

        locked = sql.SQL("SELECT id FROM product_template FOR UPDATE")
        return self._held_up(locked, "a product is written to the till", kill)

    def start_again(self) -> None:
        before = self._odoo
        self._odoo = Odoo(told_by(real_odoo_command(before.name, "up")))
        assert before.url == self._odoo.url
        self._sessions = {place: replace(one, odoo=self._odoo) for place, one in self._sessions.items()}

    def articles(self) -> dict[str, Article]:
        fields = ("default_code", "name", "lst_price", "active", "available_in_pos")
        quants = self._listed(QUANTS, [["location_id.usage", "=", "internal"]], "product_id", "location_id", "quantity")
        products = self._listed(PRODUCTS, [["sale_ok", "=", True]], *fields)
        return by_key((row["default_code"], self._article(row, quants)) for row in products)

    def _article(self, product: Mapping[str, Any], quants: Sequence[Mapping[str, Any]]) -> Article:
        words = {self._locations[code]: place for place, code in WAREHOUSES.items()}
        own = [quant for quant in quants if quant["product_id"][0] == product["id"]]
        return Article(
            product["name"],
            Decimal(str(product["lst_price"])),
            product["active"] and product["available_in_pos"],
            pieces((words.get(quant["location_id"][0]), Decimal(str(quant["quantity"]))) for quant in own),
        )

    def people(self) -> dict[str, Person]:
        customers = [["parent_id", "=", False], ["user_ids", "=", False], ["ref_company_ids", "=", False]]
        rows = self._listed(PARTNERS, customers, "email", "name", "street", "street2", "zip", "city")
        return by_key(
            (row["email"], Person(row["name"], letters(row["street"], row["street2"] or None), row["zip"], row["city"]))
            for row in rows
        )

    def forget_writes(self) -> None:
        self._before = self._rows()

    def written(self) -> Collection[str]:
        now = self._rows()
        return sorted(table for table, known in now.items() if known != self._before[table])

    def _rows(self) -> dict[str, tuple[int, object]]:
        """Every table of records: how many it has, and when the last of them was written, with microseconds."""
        with self._database() as database:
            tables = database.execute(
                "SELECT c.table_name FROM information_schema.columns c JOIN information_schema.tables t"
                " USING (table_schema, table_name)"
                " WHERE c.column_name = 'write_date' AND table_schema = 'public' AND table_type = 'BASE TABLE'"
            ).fetchall()
            found = {}
            for (name,) in tables:
                count = sql.SQL("SELECT count(*), max(write_date) FROM {}").format(sql.Identifier(name))
                found[name] = database.execute(count).fetchone() or (0, None)
            return found

    @contextmanager
    def _held_up(self, rows: sql.SQL, what: str, act: Callable[[], None]) -> Iterator[None]:
        """Rows are locked until somebody waited for them and ``act`` was done."""

        def once_somebody_waits() -> None:
            with self._database() as database:
                database.execute(rows)
                locked.append(True)
                with self._database(autocommit=True) as looking:
                    waiting: LiteralString = "SELECT count(*) FROM pg_locks WHERE NOT granted"
                    wait_until(lambda: (looking.execute(waiting).fetchone() or (0,))[0], what)
                act()

        locked: list[bool] = []
        with meanwhile(once_somebody_waits):
            wait_until(lambda: locked, "rows of the till's database are locked")
            yield

    def _database(self, *, autocommit: bool = False) -> psycopg.Connection[Any]:
        socket = instance.database_socket(self._odoo.name)
        return psycopg.connect(host=str(socket), dbname=self._odoo.database, user=postgres.ROLE, autocommit=autocommit)

    def _session(self, place: str) -> Session:
        """The session of a till, over a connection of this call's own: eight work at once."""
        return replace(self._sessions[place], odoo=self._odoo.again())

    def _product(self, sku: str, *fields: str) -> dict[str, Any]:
        domain = [["default_code", "=", sku]]
        found = self._odoo.again().call(PRODUCTS, "search_read", domain=domain, fields=["id", *fields], context=HIDDEN)
        (product,) = found
        return dict(product)

    def _change(self, sku: str, **values: Any) -> None:
        self._odoo.again().call(PRODUCTS, "write", ids=[self._product(sku)["id"]], vals=values)

    def _listed(self, model: str, domain: list[Any], *fields: str) -> list[dict[str, Any]]:
        found = self._odoo.call(model, "search_read", domain=domain, fields=list(fields), context=HIDDEN)
        return list(found)

    def _there(self, product: int, location: int) -> float:
        rows = self._listed(QUANTS, [["product_id", "=", product], ["location_id", "=", location]], "quantity")
        return float(sum(row["quantity"] for row in rows))


def _furnish(odoo: Odoo, chain: Shop, taxes: Mapping[str, int], locations: Mapping[str, int]) -> None:
    """The chain's products with their stock, and its customers."""
    own = odoo.ids(PRODUCTS, ["sale_ok", "=", True])  # a new till's tips and discounts are not the chain's
    odoo.call(PRODUCTS, "write", ids=own, vals={"sale_ok": False})
    made = odoo.call(PRODUCTS, "create", vals_list=[_new(product, taxes) for product in chain.products])
    figures = [
        (id_, locations[code], float(product.stock[place]))
        for id_, product in zip(made, chain.products, strict=True)
        for place, code in WAREHOUSES.items()
    ]
    _count(odoo, figures)
    countries = {row["code"]: row["id"] for row in odoo.call("res.country", "search_read", domain=[], fields=["code"])}
    odoo.call(PARTNERS, "create", vals_list=[_partner(customer, countries) for customer in chain.customers])


def _locations(odoo: Odoo) -> dict[str, int]:
    """A warehouse's code → where its stock lies."""
    warehouses = odoo.call("stock.warehouse", "search_read", domain=[], fields=["code", "lot_stock_id"])
    return {row["code"]: row["lot_stock_id"][0] for row in warehouses}


def _move_to_gent(odoo: Odoo) -> None:
    """The chain's second shop with a till is there."""
    (house,) = odoo.ids("stock.warehouse", ["code", "=", "AMS"])
    odoo.call("stock.warehouse", "write", ids=[house], vals={"name": "Winkel Gent", "code": WAREHOUSES[GENT]})
    (till,) = odoo.ids("pos.config", ["name", "=", "Kassa Amsterdam"])
    odoo.call("pos.config", "write", ids=[till], vals={"name": TILLS[GENT]})


def _tax(odoo: Odoo, name: str, rate: int) -> int:
    included = {"type_tax_use": "sale", "price_include_override": "tax_included"}
    return odoo.create("account.tax", name=f"{name} {rate}% incl", amount=rate, **included)


def _new(product: Product, taxes: Mapping[str, int]) -> dict[str, Any]:
    return {
        "default_code": product.sku,
        "name": product.name,
        "barcode": product.barcode or False,
        "list_price": float(product.price),
        "taxes_id": [[6, 0, [taxes[str(product.vat_class)]]]],
        "weight": float(product.weight_kg or 0),
        "is_storable": True,
        "available_in_pos": True,
    }


def _partner(customer: Customer, countries: Mapping[str, int]) -> dict[str, Any]:
    values = {
        "name": letters(customer.first, customer.infix, customer.last),
        "email": customer.email,
        "phone": customer.phone or False,
        "customer_rank": 1,
        **_address(customer.invoice, countries),
    }
    if customer.delivery:
        values["child_ids"] = [[0, 0, {"type": "delivery", **_address(customer.delivery, countries)}]]
    return values


def _address(address: Address, countries: Mapping[str, int]) -> dict[str, Any]:
    return {
        "street": letters(address.street, address.number, address.addition),
        "zip": address.postcode,
        "city": address.city,
        "country_id": countries[address.country],
    }


def _count(odoo: Odoo, figures: Sequence[tuple[int, int, float]]) -> None:
    """Set figures as somebody does who has counted: product, location, pieces."""
    rows = [
        {"product_id": product, "location_id": location, "inventory_quantity_auto_apply": there}
        for product, location, there in figures
        if there
    ]
    odoo.call(QUANTS, "create", vals_list=rows, context={"inventory_mode": True})
