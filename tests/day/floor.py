"""The ERP and the webshop of the day, on stand-ins, and the installed connector between them and the tills."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from sandbox.demo.hands import Done, Hands
from sandbox.shop.generate import make_shop
from sandbox.shop.words import LOCATIONS
from sandbox.stand import Options
from tests.day import ahead
from tests.day.shown import PLACES, Article, Person, by_key, letters, pieces
from tests.day.till import Till
from tests.systems.floor import BUILDERS, LISTS, PLAIN, ROUNDS, System, as_lines, channel_tables, environment
from tests.systems.natives import Division

PRODUCTS, CUSTOMERS = 20, 4
OPTIONS = Options(profile="demo", limits=False, products=PRODUCTS, customers=CUSTOMERS)
#: The chain as it is when the day begins, on every system.
CHAIN = make_shop(OPTIONS.profile, OPTIONS.seed, PRODUCTS, CUSTOMERS)
OFFICE = {"exact": "exact_online", "webshop": "magento2"}
ZONE = ZoneInfo("Europe/Amsterdam")
#: Whoever buys in the ERP's own shop; a customer like any other, so that everybody gets to know it.
WALK_IN = {"kassa@example.com": Person("Kassa Klant", "Kade 1", "3511 AB", "Utrecht")}
#: No write can take effect any more when so much time has gone by.
LANDED_S: Final = 330

SYNC = """
[sync.product]
every = "5m"
channels = ["exact", "webshop", "store"]
owner = "exact"
[sync.product.fields.name]
on_conflict = "manual"

[sync.customer]
every = "5m"
channels = ["webshop", "exact", "store"]
owner = "webshop"

[sync.price]
every = "5m"
channels = ["exact", "webshop", "store"]
owner = "exact"

[sync.stock]
every = "5m"
channels = ["exact", "webshop", "store"]
owner = "exact"
[sync.stock.exact]
books = "never"
order_reference = "YourRef"

[brakes]
min_count = 1000
"""


class Erp:
    """What the ERP shows."""

    def __init__(self, system: System) -> None:
        self.system = system

    def articles(self) -> dict[str, Article]:
        state = self.system.state()
        return by_key((item["Code"], self._article(item, state)) for item in state["logistics/Items"])

    def _article(self, item: Mapping[str, Any], state: Mapping[str, Any]) -> Article:
        (base,) = (row for row in Division(state).prices(item["ID"]) if row.part == "base")
        words = {place.codes["exact_online"]: place.code for place in LOCATIONS}
        houses = {row["ID"]: words[row["Code"]] for row in state["inventory/Warehouses"]}
        positions = [row for row in state["sync/Inventory/StockPositions"] if row["ItemId"] == item["ID"]]
        ends = item.get("EndDate")
        return Article(
            item["Description"],
            Decimal(base.native["Price"]),
            ends is None or ends[:10] >= datetime.now(ZONE).date().isoformat(),
            pieces((houses[row["Warehouse"]], Decimal(row["CurrentStock"])) for row in positions),
        )

    def people(self) -> dict[str, Person]:
        state = self.system.state()
        contacts = {row["ID"]: row for row in state["crm/Contacts"]}
        return by_key(
            (row["Email"], _account(row, contacts[row["MainContact"]]))
            for row in state["crm/Accounts"]
            if row.get("Email") and row.get("MainContact")
        )


def _account(account: Mapping[str, Any], contact: Mapping[str, Any]) -> Person:
    return Person(
        letters(contact["FirstName"], contact["MiddleName"], contact["LastName"]),
        letters(account["AddressLine1"], account["AddressLine2"]),
        account["Postcode"],
        account["City"],
    )


class Webshop:
    """What the webshop shows."""

    def __init__(self, system: System) -> None:
        self.system = system

    def articles(self) -> dict[str, Article]:
        state = self.system.state()
        return by_key((product["sku"], self._article(product, state)) for product in state["products"])

    def _article(self, product: Mapping[str, Any], state: Mapping[str, Any]) -> Article:
        words = {place.codes["magento2"]: place.code for place in LOCATIONS}
        rows = [row for row in state["source_items"] if row["sku"] == product["sku"]]
        return Article(
            product["name"],
            Decimal(product["price"]),
            product["status"] == 1,
            pieces((words.get(row["source_code"]), Decimal(row["quantity"])) for row in rows),
        )

    def people(self) -> dict[str, Person]:
        return by_key((row["email"], _member(row)) for row in self.system.state()["customers"])

    def move_house(self, email: str, new_email: str, address: Mapping[str, Any]) -> None:
        """The customer changes the address and the e-mail in the account pages."""
        (row,) = (one for one in self.system.state()["customers"] if one["email"] == email)
        addresses = [one | address if one.get("default_billing") else one for one in row["addresses"]]
        self.system.edit("customer", email=email, set={"addresses": addresses, "email": new_email})


def _member(customer: Mapping[str, Any]) -> Person:
    (address,) = (one for one in customer["addresses"] if one.get("default_billing"))
    return Person(
        letters(customer["firstname"], customer["lastname"]),
        letters(*address["street"]),
        address["postcode"],
        address["city"],
    )


class Commands:
    """The connector's real commands, in the shop's folder; once the clock is ahead, it stays so."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ahead_s = 0

    def pass_(self, seconds: int) -> None:
        self._ahead_s += seconds

    def ask(self, *words: str) -> Done:
        """Run a command for its document."""
        return Hands(self._folder, (sys.executable, ahead.__file__, str(self._ahead_s))).ask(*words, "--json")

    def do(self, *words: str) -> Any:
        """The document of a command that must have nothing left to say."""
        done = self.ask(*words)
        assert 0 == done.status, f"connector {' '.join(words)} ended with {done.status}: {done.text}"
        return done.document

    def round(self) -> dict[str, int]:
        """One round in which no channel fails; what is left then."""
        done = self.ask("sync")
        assert {} == done.document["errors"], done.text
        return {what: count for what, count in done.document["left"].items() if count}

    def settle(self) -> None:
        """Rounds until one writes nothing; nothing is left then."""
        for _ in range(ROUNDS):
            if not self.do("sync")["written"]:
                return
        raise AssertionError(f"{ROUNDS} rounds were not enough")


class Floor:
    """Everything that the day is played on."""

    def __init__(self, erp: Erp, webshop: Webshop, till: Till, commands: Commands) -> None:
        self.erp, self.webshop, self.till, self.commands = erp, webshop, till, commands
        self._office = (erp.system, webshop.system)

    def pass_(self, seconds: int) -> None:
        """Time goes by, for us as for the systems."""
        self.commands.pass_(seconds)
        for system in self._office:
            system.pass_(seconds)
        self.till.pass_(seconds)

    def forget_writes(self) -> None:
        for system in self._office:
            system.forget_calls()
        self.till.forget_writes()

    def written(self) -> dict[str, list[str]]:
        """Channel → what was written there since it was last forgotten; channels without are left out."""
        found = {"exact": self.erp.system.written(), "webshop": self.webshop.system.written()}
        every = {name: sorted(calls) for name, calls in found.items()} | {"store": sorted(self.till.written())}
        return {name: calls for name, calls in every.items() if calls}


@contextmanager
def opened(folder: Path, till: Till) -> Iterator[Floor]:
    """The ERP, the webshop and these tills, linked by the connector's own commands, and quiet."""
    with ExitStack() as stack:
        systems = {name: System(name, BUILDERS[kind](OPTIONS)) for name, kind in OFFICE.items()}
        for system in systems.values():
            stack.callback(system.stand.close)
        _furnish(folder, systems, till)
        floor = Floor(Erp(systems["exact"]), Webshop(systems["webshop"]), till, Commands(folder))
        floor.commands.do("match", "--approve")
        floor.commands.settle()
        yield floor


def _furnish(folder: Path, systems: Mapping[str, System], till: Till) -> None:
    """The shop's folder: config.toml and .env, as a technician would have filled them in."""
    tables = ['[connector]\nledger = "sqlite:///ledger.db"\ntimezone = "Europe/Amsterdam"']
    tables += [channel_tables(system, PLAIN[system.kind]) for system in systems.values()]
    tables.append(till.tables)
    for place in LOCATIONS:
        if place.code in PLACES:
            codes = {name: place.codes[one.kind] for name, one in systems.items() if one.kind in place.codes}
            store = {"store": till.places[place.code]} if place.code in till.places else {}
            tables.append(f"[locations.{place.code}]\n" + as_lines(codes | store))
    lists = {name: LISTS[one.kind] for name, one in systems.items()} | {"store": till.price_list}
    tables.append('[prices.retail]\ncurrency = "EUR"\nvat = "included"\nscale = 2\n' + as_lines(lists))
    (folder / "config.toml").write_text("\n\n".join((*tables, SYNC)), encoding="utf-8")
    env = folder / ".env"
    env.touch(mode=0o600)
    secrets = {**environment(systems), **till.secrets}
    env.write_text("".join(f"{name}='{value}'\n" for name, value in secrets.items()), encoding="utf-8")
