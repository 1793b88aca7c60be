"""One day in the shop, act by act: what people do in their systems, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import click

from sandbox.demo.floor import System
from sandbox.demo.hands import Hands
from sandbox.shop.generate import make_shop
from sandbox.shop.model import SYSTEMS, Customer, Product


@dataclass(frozen=True)
class Cast:
    """Whom and what the day is about: products and customers that exist on every side."""

    priced: Product
    sold: Product
    fought_over: Product
    mover: Customer


def choose_cast() -> Cast:
    """Products with stock in a store and no promotion, and a person with an address."""
    shop = make_shop(profile="demo")
    everywhere = [one for one in shop.products if one.on == frozenset(SYSTEMS) and not one.promos and not one.tiers]
    claimed = {line.sku for order in shop.orders for line in order.lines}
    stocked = [one for one in everywhere if one.stock.get("gent", 0) >= 3 and one.sku not in claimed]
    people = [one for one in shop.customers if one.on == frozenset(SYSTEMS) and one.kind == "person"]
    plain = [one for one in stocked if "/" not in one.sku and " " not in one.sku]
    return Cast(plain[0], plain[1], plain[2], people[0])


@dataclass
class Day:
    """The acts, in their order."""

    systems: Mapping[str, System]
    hands: Hands
    cast: Cast

    @property
    def acts(self) -> list[tuple[str, Callable[[], None]]]:
        return [
            ("A price changes in the ERP", self.price_change),
            ("Sales at the till and in the shop", self.sales),
            ("A customer moves house", self.move),
            ("The shop goes down, and both sides rename one product", self.outage_and_double_edit),
            ("A person settles the conflict", self.settle_conflict),
            ("Two bad records", self.bad_records),
        ]

    def play(self) -> None:
        for number, (title, act) in enumerate(self.acts, start=1):
            click.secho(f"\n{number}. {title}", fg="green", bold=True)
            act()

    def price_change(self) -> None:
        sku = self.cast.priced.sku
        new = self.cast.priced.price + 1
        click.echo(f"  In Exact Online {sku} now costs {new} instead of {self.cast.priced.price}.")
        self.systems["exact"].edit("price", sku=sku, amount=str(new))
        self.hands.notice("price", "exact")
        self.hands.type("explain", "price", sku)

    def sales(self) -> None:
        sku = self.cast.sold.sku
        click.echo(f"  The till in Gent sells one {sku}; the webshop sells one and ships it from Gent.")
        self.systems["store"].edit("sale", sku=sku, quantity=1, location="Winkel Gent")
        order = self.systems["webshop"].edit("order", lines=[{"sku": sku, "quantity": 1}])
        number = _order_number(order)
        self.systems["webshop"].edit("invoice", order=number)
        self.systems["webshop"].edit("ship", order=number, location="st_gent")
        self.hands.notice("stock", "store", "webshop")
        self.hands.type("history", "stock", f"{sku} gent")

    def move(self) -> None:
        customer = self.cast.mover
        click.echo(f"  {customer.first} {customer.last} changes her address in the webshop.")
        self._rehouse(street=["Maliebaan 12"], postcode="3581 CS", city="Utrecht")
        self.hands.notice("customer", "webshop")
        self.hands.type("explain", "customer", str(customer.email), "invoice")

    def outage_and_double_edit(self) -> None:
        sku = self.cast.fought_over.sku
        webshop = self.systems["webshop"]
        click.echo("  The webshop answers 503 for a while.")
        webshop.fault(fault="status", status=503, times=None)
        self.systems["exact"].edit("product", sku=sku, set={"Description": "Naam van het kantoor"})
        self.hands.ask("sync", "--json", "--channel", "exact", "--entity", "product")
        webshop.edit("product", sku=sku, set={"name": "Naam van de winkel"})
        click.echo(f"  Meanwhile {sku} is renamed in the ERP and in the shop. The shop comes back.")
        webshop.mend()
        self.hands.ask("resync", "--channel", "webshop", "--entity", "product", "--json")
        self.hands.wait_until_quiet()

    def settle_conflict(self) -> None:
        conflicts = self.hands.ask("conflicts", "list", "--json").document
        if len(conflicts) != 1:
            raise RuntimeError(f"one conflict was expected, there are {len(conflicts)}")
        id_, revision = str(conflicts[0]["id"]), str(conflicts[0]["revision"])
        self.hands.type("conflicts", "show", id_, expect=(1,))
        self.hands.type("conflicts", "resolve", id_, "--take", "webshop", "--revision", revision)
        self.hands.wait_until_quiet()

    def bad_records(self) -> None:
        exact = self.systems["exact"]
        sku = self.cast.priced.sku
        click.echo("  Somebody gives a product a VAT code that is not configured, and a customer a wrong postcode.")
        exact.edit("product", sku=sku, set={"SalesVatCode": "1"})
        self._rehouse(postcode="99")
        self.hands.notice("product", "exact")
        self.hands.notice("customer", "webshop")
        cases = self.hands.cases()
        self.hands.type("quarantine", "list", expect=(1,))
        if len(cases) < 2:
            raise RuntimeError(f"two cases were expected in quarantine, there are {len(cases)}")
        click.echo("  Both are mended where they were made, and tried again.")
        exact.edit("product", sku=sku, set={"SalesVatCode": "4"})
        self._rehouse(postcode="3581 CS")
        for case in self.hands.cases():  # the daemon may have seen one of them mended by itself
            self.hands.type("quarantine", "retry", case)
        self.hands.notice("product", "exact")
        self.hands.notice("customer", "webshop")

    def _rehouse(self, **address: Any) -> None:
        """The customer changes her default address in the webshop's account pages."""
        webshop, email = self.systems["webshop"], str(self.cast.mover.email)
        criteria = "searchCriteria[filterGroups][0][filters][0]"
        path = f"/rest/V1/customers/search?{criteria}[field]=email&{criteria}[value]={email}"
        (found,) = webshop.get(path, Authorization=f"Bearer {webshop.told['bearer']}")["items"]
        addresses = [one | address if one.get("default_billing") else one for one in found["addresses"]]
        webshop.edit("customer", email=email, set={"addresses": addresses})


def _order_number(order: Mapping[str, Any]) -> str:
    return str(order.get("increment_id") or order.get("order"))
