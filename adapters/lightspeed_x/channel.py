"""One shop as the engine sees it: each entity handed to the module that knows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from adapters.lightspeed_x import price_writes, product_writes, stock
from adapters.lightspeed_x.api import Api
from adapters.lightspeed_x.books import Books
from adapters.lightspeed_x.checks import Checks
from adapters.lightspeed_x.customers import Customers
from adapters.lightspeed_x.errors import complaint
from adapters.lightspeed_x.options import Options
from adapters.lightspeed_x.position import LATE
from adapters.lightspeed_x.prices import BASE_PART, Prices
from adapters.lightspeed_x.products import FEW, Products
from adapters.lightspeed_x.sales import Sales
from adapters.lightspeed_x.shop import Shop
from adapters.lightspeed_x.window import Window
from connector.contract import (
    Capabilities,
    Credentials,
    EntityCapabilities,
    Evidence,
    Facts,
    Finding,
    Opening,
    Page,
    Row,
    RowResult,
    Write,
)
from connector.model.entity import Entity, Key
from connector.transport import Auth, Bearer, Hooks, Transport
from connector.transport.tokens import RotatingTokens, TokenRules

#: After so long a call that was cut off is not worked on any more.
_LANDS_WITHIN_S: Final = 120.0
_OVERLAP_S: Final = LATE.total_seconds()
#: An access token lives 24 hours (NOTES section 2).
_DUE: Final = timedelta(hours=12)
_MAX_AGE: Final = timedelta(hours=23, minutes=55)
_NEVER: Final = datetime.fromtimestamp(0, UTC)

CAPABILITIES: Final = Capabilities(
    tills=True,
    entities={
        Entity.PRODUCT: EntityCapabilities(
            delete=True,
            deletions=True,
            read_batch=1,  # GET /products/{id}
            listed_above=FEW,
            lands_within_s=_LANDS_WITHIN_S,
            overlap_s=_OVERLAP_S,
            parts=product_writes.PARTS,
        ),
        Entity.CUSTOMER: EntityCapabilities(
            deletions=True,
            read_batch=1,  # GET /customers/{id}
            listed_above=0,  # the feed of customers is read, whatever is looked for
            lands_within_s=_LANDS_WITHIN_S,
            overlap_s=_OVERLAP_S,
        ),
        Entity.PRICE: EntityCapabilities(
            delete=True,
            # a product's price goes with its product; whether rows of books that are deleted are listed is open
            deletions=False,
            read_batch=1,  # GET /products/{id}, and its rows of books
            write_batch=price_writes.WRITE_BATCH,
            along=(BASE_PART,),
            lands_within_s=_LANDS_WITHIN_S,
            overlap_s=_OVERLAP_S,
        ),
        Entity.STOCK: EntityCapabilities(
            # no level of a product says that the shop does not count it there
            sweep_concludes_gone=False,
            read_batch=1,  # POST /inventory for one product
            listed_above=stock.FEW,
            write_batch=stock.WRITE_BATCH,
            relative=True,
            lands_within_s=_LANDS_WITHIN_S,
            overlap_s=_OVERLAP_S,
        ),
    },
    facts=True,
    claims=False,
    locations=True,
)


class LightspeedChannel:
    """Speaks to one shop."""

    def __init__(self, opening: Opening) -> None:
        options: Options = opening.options
        proxies = {"http": options.proxy, "https": options.proxy} if options.proxy else {}
        window = Window(opening.now)
        auth = auth_of(opening)
        self._tokens = auth if isinstance(auth, RotatingTokens) else None
        self._transport = Transport(
            opening,
            options.address,
            auth=auth,
            hooks=Hooks(limits=window.limits, complaint=complaint),
            proxies=proxies,
        )
        api = self._api = Api(self._transport, options.version, options.page_size)
        shop = Shop(api, opening)
        books = Books(api, opening, shop)
        self._products = Products(api, opening, shop)
        self._product_writes = product_writes.ProductWrites(api, shop, self._products)
        self._customers = Customers(api, opening, shop)
        self._prices = Prices(api, opening, self._products, books)
        self._price_writes = price_writes.PriceWrites(api, shop, self._products, books)
        self._stock = stock.Stock(api, opening, shop)
        self._sales = Sales(api, opening, shop, options.history_days)
        self._checks = Checks(api, opening, shop, books, window)

    @property
    def capabilities(self) -> Capabilities:
        return CAPABILITIES

    @property
    def clock_offset(self) -> timedelta:
        return self._transport.clock_offset or timedelta(0)

    def check(self) -> Iterator[Finding]:
        return self._checks.run()

    def begin_round(self) -> None:
        self._api.begin_round()

    def changes(self, entity: Entity, cursor: str | None) -> Iterator[Page]:
        feeds = {
            Entity.PRODUCT: self._products.changes,
            Entity.CUSTOMER: self._customers.changes,
            Entity.PRICE: self._prices.changes,
            Entity.STOCK: self._stock.changes,
        }
        return feeds[entity](cursor)

    def sweep(self, entity: Entity) -> Iterator[Page]:
        sweeps = {
            Entity.PRODUCT: self._products.sweep,
            Entity.CUSTOMER: self._customers.sweep,
            Entity.PRICE: self._prices.sweep,
            Entity.STOCK: self._stock.sweep,
        }
        return sweeps[entity]()

    def read(self, entity: Entity, ids: Sequence[str]) -> Sequence[Row]:
        readers = {
            Entity.PRODUCT: self._products.read,
            Entity.CUSTOMER: self._customers.read,
            Entity.PRICE: self._prices.read,
            Entity.STOCK: self._stock.read,
        }
        return readers[entity](ids)

    def find(self, entity: Entity, keys: Sequence[Key]) -> Mapping[Key, Sequence[Row]]:
        return self._products.find(keys) if entity is Entity.PRODUCT else self._customers.find(keys)

    def find_of(self, entity: Entity, products: Sequence[str]) -> Mapping[str, Sequence[Row]]:
        return self._prices.find_of(products) if entity is Entity.PRICE else self._stock.find_of(products)

    def write(self, entity: Entity, writes: Sequence[Write]) -> Sequence[RowResult]:
        writers = {
            Entity.PRODUCT: self._product_writes.write,
            Entity.CUSTOMER: self._customers.write,
            Entity.PRICE: self._price_writes.write,
            Entity.STOCK: self._stock.write,
        }
        return writers[entity](writes)

    def landed(self, entity: Entity, write: Write) -> Evidence | None:
        """By our own mark: a product's source id, a stock adjustment with our reason."""
        if entity is Entity.STOCK:
            return self._stock.landed(write)
        return self._product_writes.landed(write) if entity is Entity.PRODUCT else None

    def facts(self, cursor: str | None) -> Facts:
        return self._sales.facts(cursor)

    def close(self) -> None:
        self._transport.close()
        if self._tokens is not None:
            self._tokens.close()


def auth_of(opening: Opening) -> Auth:
    """The personal token, or the rotating pair of the application."""
    options: Options = opening.options
    return Bearer(options.token.get_secret_value()) if options.token is not None else tokens_of(opening)


def tokens_of(opening: Opening) -> RotatingTokens:
    """The keeper of the application's pair; a refresh token of the configuration is where the first one comes from."""
    options: Options = opening.options
    secret = options.client_secret
    rules = TokenRules(
        base_url=options.address,
        token_path="/api/1.0/token",  # noqa: S106  # a path
        consent_url=options.consent_url,
        client_id=options.client_id or "",
        client_secret="" if secret is None else secret.get_secret_value(),
        redirect_uri=options.redirect_uri,
        due=_DUE,
        max_age=_MAX_AGE,
        scope=options.scopes,
    )
    _plant(opening, options)
    return RotatingTokens(opening, rules)


def _plant(opening: Opening, options: Options) -> None:
    """Store the configured refresh token where there is no pair yet; it is due at once, so it is exchanged first."""
    if options.refresh_token is None or opening.tokens.load() is not None:
        return
    with opening.tokens.exclusive():
        if opening.tokens.load() is None:
            pair = {"access_token": "", "refresh_token": options.refresh_token.get_secret_value()}
            opening.tokens.save(Credentials(pair, _NEVER))
