"""One company as the engine sees it: each entity handed to the module that knows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final, Protocol

from adapters.odoo.api import Odoo
from adapters.odoo.checks import Checks
from adapters.odoo.facts import Reports
from adapters.odoo.feeds import BLOCK, OVERLAP
from adapters.odoo.lookup import MANY
from adapters.odoo.partners import Partners
from adapters.odoo.prices import BASE_PART, Prices
from adapters.odoo.products import Products
from adapters.odoo.shop import Shop
from adapters.odoo.stock import STOCK, Stock
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

#: After so long a call that was cut off is not worked on any more: the server ends its own calls after two
#: minutes, and tries a lost transaction five times.
_LANDS_WITHIN_S: Final = 300.0
_WRITE_BATCH: Final = 100


def _of_records(*, delete: bool = False, along: tuple[str, ...] = ()) -> EntityCapabilities:
    """What holds for everything but stock."""
    return EntityCapabilities(
        delete=delete,
        read_batch=BLOCK,
        write_batch=_WRITE_BATCH,
        listed_above=MANY,
        reread=True,  # nothing there compares before it writes
        lands_within_s=_LANDS_WITHIN_S,
        overlap_s=OVERLAP.total_seconds(),
        along=along,
    )


CAPABILITIES: Final = Capabilities(
    tills=True,
    facts=True,
    claims=True,
    locations=True,
    entities={
        Entity.PRODUCT: _of_records(),
        Entity.CUSTOMER: _of_records(),
        Entity.PRICE: _of_records(delete=True, along=(BASE_PART,)),
        Entity.STOCK: STOCK,
    },
)


class _Records(Protocol):
    """One entity."""

    def changes(self, cursor: str | None) -> Iterator[Page]: ...

    def sweep(self) -> Iterator[Page]: ...

    def read(self, ids: Sequence[str]) -> Sequence[Row]: ...

    def write(self, writes: Sequence[Write]) -> Sequence[RowResult]: ...

    def landed(self, write: Write) -> Evidence | None: ...


class OdooChannel:
    """Speaks to one company."""

    def __init__(self, opening: Opening) -> None:
        self._odoo = odoo = Odoo(opening)
        shop = Shop(odoo, opening)
        self._products = Products(odoo, opening, shop)
        self._partners = Partners(odoo, opening, shop)
        self._prices = Prices(odoo, opening, shop)
        self._stock = Stock(odoo, opening)
        self._facts = Reports(odoo, opening)
        self._checks = Checks(odoo, opening, shop)
        self._of: Mapping[Entity, _Records] = {
            Entity.PRODUCT: self._products,
            Entity.CUSTOMER: self._partners,
            Entity.PRICE: self._prices,
            Entity.STOCK: self._stock,
        }

    @property
    def capabilities(self) -> Capabilities:
        return CAPABILITIES

    @property
    def clock_offset(self) -> timedelta:
        return self._odoo.clock_offset

    def check(self) -> Iterator[Finding]:
        return self._checks.run()

    def begin_round(self) -> None:
        """Nothing is shared between lanes."""

    def changes(self, entity: Entity, cursor: str | None) -> Iterator[Page]:
        return self._of[entity].changes(cursor)

    def sweep(self, entity: Entity) -> Iterator[Page]:
        return self._of[entity].sweep()

    def read(self, entity: Entity, ids: Sequence[str]) -> Sequence[Row]:
        return self._of[entity].read(ids)

    def find(self, entity: Entity, keys: Sequence[Key]) -> Mapping[Key, Sequence[Row]]:
        return self._products.find(keys) if entity is Entity.PRODUCT else self._partners.find(keys)

    def find_of(self, entity: Entity, products: Sequence[str]) -> Mapping[str, Sequence[Row]]:
        return self._prices.find_of(products) if entity is Entity.PRICE else self._stock.find_of(products)

    def write(self, entity: Entity, writes: Sequence[Write]) -> Sequence[RowResult]:
        return self._of[entity].write(writes)

    def landed(self, entity: Entity, write: Write) -> Evidence | None:
        """By the mark that creates and transfers bear."""
        return self._of[entity].landed(write)

    def facts(self, cursor: str | None) -> Facts:
        return self._facts.facts(cursor)

    def close(self) -> None:
        self._odoo.close()
