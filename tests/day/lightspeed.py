"""Tills on the stand-in of Lightspeed X: its control verbs for what people do, its faults for what goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from sandbox.shop.words import LOCATIONS
from tests.day.shown import SHOPS, Article, Person, by_key, letters, pieces
from tests.day.waiting import meanwhile, wait_until
from tests.systems.floor import LISTS, PLAIN, System, channel_tables, environment

ADJUSTMENTS = r"/stock_adjustments"
PRODUCTS = r"/products/"
#: A write that is held up long enough for anybody to sell something meanwhile.
HELD_UP_S = 1


class LightspeedTills:
    """The till of each outlet; there are no sessions to open."""

    def __init__(self, system: System) -> None:
        self._system = system
        self.tables = channel_tables(system, PLAIN[system.kind])
        self.secrets = environment({system.channel: system})
        self.price_list = LISTS[system.kind]
        self.places: Mapping[str, str] = {
            place.code: place.codes["lightspeed_x"] for place in LOCATIONS if place.code in SHOPS
        }

    def pass_(self, seconds: float) -> None:
        self._system.pass_(seconds)

    def open(self) -> None:
        """A till is always open."""

    def close(self) -> None:
        """A till is never closed."""

    def sell(self, sku: str, place: str, pieces: int) -> None:
        self._system.edit("sale", sku=sku, quantity=pieces, location=place)

    def take_back(self, sku: str, place: str, pieces: int) -> None:
        self.sell(sku, place, -pieces)

    def receive(self, sku: str, place: str, pieces: int) -> None:
        self._system.edit("stock", sku=sku, location=place, difference=pieces)

    def price(self, sku: str, amount: Decimal) -> None:
        self._system.edit("price", sku=sku, amount=amount)

    def rename(self, sku: str, name: str) -> None:
        self._system.edit("product", sku=sku, set={"name": name})

    def take_off(self, sku: str) -> None:
        self._system.edit("product", sku=sku, set={"is_active": False})

    def at_its_next_stock_write(self, act: Callable[[], None]) -> AbstractContextManager[None]:
        """The write reached the server, and takes effect only after a while."""
        self._fault(fault="delay", method="POST", path=ADJUSTMENTS, seconds=HELD_UP_S)

        def once_held_up() -> None:
            wait_until(self._struck, "a figure is written to the till")
            act()

        return self._without_faults_after(once_held_up)

    def killed_in_mid_write(self) -> AbstractContextManager[None]:
        """The second product of a round is written, but nobody is told, and from then on nothing listens."""
        self._fault(fault="cut_after", method="PUT", path=PRODUCTS, skip=1)

        def once_cut() -> None:
            wait_until(self._struck, "a product is written to the till")
            self._system.stand.close()

        return meanwhile(once_cut)

    def start_again(self) -> None:
        stand = self._system.stand
        stand.options = replace(stand.options, port=urlsplit(str(self._system.told["url"])).port or 0)
        stand.start()
        self._system.control("DELETE", "faults")

    def articles(self) -> dict[str, Article]:
        state = self._system.state()
        return by_key((product["sku"], self._article(product, state)) for product in state["products"])

    def _article(self, product: Mapping[str, Any], state: Mapping[str, Any]) -> Article:
        outlets = {outlet["id"]: outlet["name"] for outlet in state["outlets"]}
        words = {code: place for place, code in self.places.items()}
        rows = [row for row in state["inventory"] if row["product_id"] == product["id"]]
        return Article(
            product["name"],
            Decimal(product["price_including_tax"]),
            product["is_active"],
            pieces((words.get(outlets[row["outlet_id"]]), Decimal(row["current_inventory_level"])) for row in rows),
        )

    def people(self) -> dict[str, Person]:
        return by_key((row["email"], _person(row)) for row in self._system.state()["customers"])

    def forget_writes(self) -> None:
        self._system.forget_calls()

    def written(self) -> Collection[str]:
        return self._system.written()

    def _fault(self, **fault: Any) -> None:
        self._system.control("POST", "faults", fault)

    def _struck(self) -> bool:
        return any(fault["struck"] for fault in self._system.stand.faults.as_json())

    @contextmanager
    def _without_faults_after(self, work: Callable[[], None]) -> Iterator[None]:
        with meanwhile(work):
            yield
        self._system.control("DELETE", "faults")


def _person(customer: Mapping[str, Any]) -> Person:
    return Person(
        letters(customer["first_name"], customer["last_name"]),
        letters(customer["physical_address_1"], customer["physical_address_2"]),
        customer["physical_postcode"],
        customer["physical_city"],
    )
