"""One division as the engine sees it: each entity handed to the module that knows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final

from adapters.exact_online import accounts, items, prices, stock
from adapters.exact_online.api import Api
from adapters.exact_online.checks import Checks
from adapters.exact_online.division import Division
from adapters.exact_online.feeds import Feeds
from adapters.exact_online.orders import Orders
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
from connector.transport.tokens import RotatingTokens

#: After so long a call that was cut off is not worked on any more; stock counts of one batch leave after one another.
_LANDS_WITHIN_S: Final = 180.0
#: Rows per page of a sync endpoint.
_SYNC_PAGE: Final = 1000

CAPABILITIES: Final = Capabilities(
    books=True,  # stock falls once more when somebody enters the till's sales here
    entities={
        Entity.PRODUCT: EntityCapabilities(
            deletions=True, read_batch=_SYNC_PAGE, lands_within_s=_LANDS_WITHIN_S, renames=False
        ),
        Entity.CUSTOMER: EntityCapabilities(
            deletions=True, read_batch=_SYNC_PAGE, lands_within_s=_LANDS_WITHIN_S, parts=accounts.PARTS
        ),
        Entity.PRICE: EntityCapabilities(
            delete=True,
            deletions=True,
            read_batch=_SYNC_PAGE,
            lands_within_s=_LANDS_WITHIN_S,
            choice="first",  # which of two valid rows goes first is not documented (facts 123, 127)
        ),
        Entity.STOCK: EntityCapabilities(
            # a position that is missing was never touched, or went with its item
            sweep_concludes_gone=False,
            read_batch=_SYNC_PAGE,
            write_batch=stock.WRITE_BATCH,
            relative=True,
            lands_within_s=_LANDS_WITHIN_S,
        ),
    },
    facts=True,
    claims=True,
    locations=True,
    counts=True,
)


class ExactOnlineChannel:
    """Speaks to one division over REST, one call at a time."""

    def __init__(self, opening: Opening, tokens: RotatingTokens) -> None:
        self._api = Api(opening, tokens)
        division = Division(self._api, opening)
        feeds = self._feeds = Feeds(self._api, opening, division)
        self._items = items.Items(self._api, opening, division, feeds)
        self._accounts = accounts.Accounts(self._api, opening, division, feeds)
        self._prices = prices.Prices(self._api, opening, division, feeds)
        self._stock = stock.Stock(self._api, opening, division, feeds)
        self._orders = Orders(self._api, opening, division, feeds)
        self._checks = Checks(self._api, opening, division, tokens)

    @property
    def capabilities(self) -> Capabilities:
        return CAPABILITIES

    @property
    def clock_offset(self) -> timedelta:
        return self._api.transport.clock_offset or timedelta(0)

    def check(self) -> Iterator[Finding]:
        return self._checks.run()

    def begin_round(self) -> None:
        self._feeds.forget_shared()

    def changes(self, entity: Entity, cursor: str | None) -> Iterator[Page]:
        feeds = {
            Entity.PRODUCT: self._items.changes,
            Entity.CUSTOMER: self._accounts.changes,
            Entity.PRICE: self._prices.changes,
            Entity.STOCK: self._stock.changes,
        }
        return feeds[entity](cursor)

    def sweep(self, entity: Entity) -> Iterator[Page]:
        sweeps = {
            Entity.PRODUCT: self._items.sweep,
            Entity.CUSTOMER: self._accounts.sweep,
            Entity.PRICE: self._prices.sweep,
            Entity.STOCK: self._stock.sweep,
        }
        return sweeps[entity]()

    def read(self, entity: Entity, ids: Sequence[str]) -> Sequence[Row]:
        readers = {
            Entity.PRODUCT: self._items.read,
            Entity.CUSTOMER: self._accounts.read,
            Entity.PRICE: self._prices.read,
            Entity.STOCK: self._stock.read,
        }
        return readers[entity](ids)

    def find(self, entity: Entity, keys: Sequence[Key]) -> Mapping[Key, Sequence[Row]]:
        return self._items.find(keys) if entity is Entity.PRODUCT else self._accounts.find(keys)

    def find_of(self, entity: Entity, products: Sequence[str]) -> Mapping[str, Sequence[Row]]:
        return self._prices.find_of(products) if entity is Entity.PRICE else self._stock.find_of(products)

    def write(self, entity: Entity, writes: Sequence[Write]) -> Sequence[RowResult]:
        writers = {
            Entity.PRODUCT: self._items.write,
            Entity.CUSTOMER: self._accounts.write,
            Entity.PRICE: self._prices.write,
            Entity.STOCK: self._stock.write,
        }
        return writers[entity](writes)

    def landed(self, entity: Entity, write: Write) -> Evidence | None:
        """Stock counts bear our mark; of the rest only the values tell."""
        return self._stock.landed(write) if entity is Entity.STOCK else None

    def facts(self, cursor: str | None) -> Facts:
        return self._orders.facts(cursor)

    def close(self) -> None:
        self._api.close()
