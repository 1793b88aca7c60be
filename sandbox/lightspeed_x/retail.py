"""One shop on Lightspeed X-Series: its areas, put together."""

from __future__ import annotations

from typing import Any

from sandbox.lightspeed_x.access import DOMAIN_PREFIX, Access
from sandbox.lightspeed_x.books import Books
from sandbox.lightspeed_x.catalog import Catalog
from sandbox.lightspeed_x.people import People
from sandbox.lightspeed_x.reference import Reference
from sandbox.lightspeed_x.routes import EDITION, Route
from sandbox.lightspeed_x.sales import Sales
from sandbox.lightspeed_x.search import Search
from sandbox.lightspeed_x.stock import Stock
from sandbox.lightspeed_x.store import Store
from sandbox.lightspeed_x.switches import Switches
from sandbox.lightspeed_x.webhooks import Webhooks
from sandbox.stand import Clock


class Retail:
    """The shop: tables, rules, endpoints."""

    def __init__(self, seed: int, clock: Clock, switches: Switches, limits: bool) -> None:
        self.store = Store(seed, clock, switches)
        self.access = Access(self.store, limits)
        self.reference = Reference(self.store, self.access)
        self.stock = Stock(self.store, self.reference, self.access)
        self.books = Books(self.store, self.reference)
        self.catalog = Catalog(self.store, self.reference, self.stock, self.books)
        self.people = People(self.store, self.reference)
        self.sales = Sales(self.store, self.reference, self.stock, self.access)
        self.search = Search(self.store)
        self.webhooks = Webhooks(self.store, self.access)
        self.locations: dict[str, str] = {}  # the chain's location code → outlet id

    def routes(self) -> list[Route]:
        """All endpoints."""
        areas = (
            self.reference,
            self.stock,
            self.books,
            self.catalog,
            self.people,
            self.sales,
            self.search,
            self.webhooks,
        )
        return [route for area in areas for route in area.routes()]

    def state(self) -> dict[str, Any]:
        """Everything the shop holds: the tables by name, the retailer, the switches, the access."""
        tables = {name: list(table.rows.values()) for name, table in self.store.tables.items()}
        return {
            "retailer": self.reference.retailer,
            "switches": self.store.switches.as_json(),
            "access": self.access.as_json(),
            "locations": self.locations,
            "webhook_deliveries": self.webhooks.as_json(),
        } | tables

    def credentials(self) -> dict[str, Any]:
        """What a client needs: a personal token, and an OAuth application with a refresh token."""
        return {
            "api": f"/api/{EDITION}",
            "token": self.access.personal,
            "client_id": self.access.client_id,
            "client_secret": self.access.client_secret,
            "refresh_token": self.access.grants.refresh,
            "domain_prefix": DOMAIN_PREFIX,
        }
