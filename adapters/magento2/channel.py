"""One shop as the engine sees it: each entity handed to the module that knows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final

from adapters.magento2 import customers, prices, product_writes, products, stock
from adapters.magento2.api import Api
from adapters.magento2.attributes import Attributes
from adapters.magento2.bulk import Bulk
from adapters.magento2.catalogue import Catalogue
from adapters.magento2.categories import Categories
from adapters.magento2.checks import Checks
from adapters.magento2.errors import complaint
from adapters.magento2.facts import OpenOrders
from adapters.magento2.oauth1 import OAuth1
from adapters.magento2.options import Options
from adapters.magento2.shop import Shop
from connector.contract import (
    Capabilities,
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

#: After so long a call that was cut off is not worked on any more.
_LANDS_WITHIN_S: Final = 120.0
#: A bulk of products is followed for two seconds an operation; what is open then is most likely stuck.
_BULK_LANDS_WITHIN_S: Final = 300.0

CAPABILITIES: Final = Capabilities(
    entities={
        Entity.PRODUCT: EntityCapabilities(
            delete=True,
            read_batch=100,
            write_batch=product_writes.WRITE_BATCH,
            lands_within_s=_BULK_LANDS_WITHIN_S,
            overlap_s=products.OVERLAP_S,
            parts=product_writes.PARTS,
            renames=False,
        ),
        Entity.CUSTOMER: EntityCapabilities(
            read_batch=customers.PAGE,
            lands_within_s=_LANDS_WITHIN_S,
            overlap_s=customers.OVERLAP_S,
        ),
        Entity.PRICE: EntityCapabilities(
            delete=True,
            feed=False,
            along=(prices.BASE,),
            read_batch=prices.READ_BATCH,
            write_batch=prices.WRITE_BATCH,
            lands_within_s=_LANDS_WITHIN_S,
            choice="lowest",
        ),
        Entity.STOCK: EntityCapabilities(
            feed=False,
            # a source item that is missing says that the source does not carry the product
            sweep_concludes_gone=False,
            read_batch=stock.READ_BATCH,
            write_batch=stock.WRITE_BATCH,
            lands_within_s=_LANDS_WITHIN_S,
            reread=True,
        ),
    },
    facts=True,
    claims=True,
    refunds=True,
    locations=False,
)


class MagentoChannel:
    """Speaks to one shop over REST, for one website of it."""

    def __init__(self, opening: Opening) -> None:
        options: Options = opening.options
        proxies = {"http": options.proxy, "https": options.proxy} if options.proxy else {}
        self._transport = Transport(
            opening, options.base_url, auth=_auth(options), hooks=Hooks(complaint=complaint), proxies=proxies
        )
        api = Api(self._transport, options.page_size)
        shop, catalogue = Shop(api, options), Catalogue(api, opening)
        self._catalogue = catalogue
        attributes, categories = Attributes(api), Categories(api)
        self._products = products.Products(api, opening, catalogue, attributes, categories)
        self._product_writes = product_writes.ProductWrites(
            api, opening, shop, self._products, attributes, categories, Bulk(api, opening)
        )
        self._customers = customers.Customers(api, opening, shop)
        self._prices = prices.Prices(api, opening, shop, catalogue)
        self._stock = stock.Stock(api, opening, shop, catalogue)
        self._orders = OpenOrders(api, opening, shop)
        self._checks = Checks(api, opening, shop, attributes)

    @property
    def capabilities(self) -> Capabilities:
        return CAPABILITIES

    @property
    def clock_offset(self) -> timedelta:
        return self._transport.clock_offset or timedelta(0)

    def check(self) -> Iterator[Finding]:
        return self._checks.run()

    def begin_round(self) -> None:
        self._catalogue.begin_round()

    def changes(self, entity: Entity, cursor: str | None) -> Iterator[Page]:
        if entity is Entity.STOCK:
            return self._stock.everything()
        feeds = {
            Entity.PRODUCT: self._products.changes,
            Entity.CUSTOMER: self._customers.changes,
            Entity.PRICE: self._prices.changes,
        }
        return feeds[entity](cursor)

    def sweep(self, entity: Entity) -> Iterator[Page]:
        if entity is Entity.PRODUCT:
            return self._products.sweep()
        if entity is Entity.CUSTOMER:
            return self._customers.sweep()
        return self._prices.everything() if entity is Entity.PRICE else self._stock.everything()

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
            Entity.PRICE: self._prices.write,
            Entity.STOCK: self._stock.write,
        }
        return writers[entity](writes)

    def landed(self, entity: Entity, write: Write) -> Evidence | None:
        """The shop keeps no mark of ours: only the figures tell."""
        return None

    def facts(self, cursor: str | None) -> Facts:
        return self._orders.facts(cursor)

    def close(self) -> None:
        self._transport.close()


def _auth(options: Options) -> Auth:
    if options.token is not None:
        return Bearer(options.token.get_secret_value())
    four = (options.consumer_key, options.consumer_secret, options.access_token, options.access_token_secret)
    return OAuth1(*(secret.get_secret_value() for secret in four if secret is not None))
