"""Stock: the quantity of each product at each configured source."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from adapters.magento2.api import ALL, Api, Filter, any_of, broken, chunks, chunks_for_filter, failed
from adapters.magento2.batches import Batches, Line, Route
from adapters.magento2.catalogue import Catalogue
from adapters.magento2.legacy_stock import LegacyStock
from adapters.magento2.shop import Shop
from connector.contract import Opening, Page, Row, RowResult, Write
from connector.errors import ConnectorError, Gone, Rejected
from connector.model.entity import code_key

WRITE_BATCH: Final = 500
READ_BATCH: Final = 100
_ITEMS: Final = f"{ALL}/inventory/source-items"
_SALABLE: Final = 1  # status 0 takes the source out of the salable quantity, whatever the quantity
_PRICES: Final = f"{ALL}/products/base-prices-information"


class Stock:
    """The stock entity of one shop. Source items bear no date: all of them are read each time."""

    def __init__(self, api: Api, opening: Opening, shop: Shop, catalogue: Catalogue) -> None:
        self._api = api
        self._now = opening.now
        self._sources = tuple(opening.locations)
        self._shop = shop
        self._catalogue = catalogue
        self._legacy = LegacyStock(api, opening, catalogue)
        self._batches = Batches(api, Route(_ITEMS, "stock", "sourceItems", WRITE_BATCH))

    def everything(self) -> Iterator[Page]:
        """All source items of the configured sources."""
        self._catalogue.refresh("stock")
        if not self._shop.has_sources:
            yield from self._legacy.everything()
            return
        if not self._sources:
            yield Page((), self._now(), complete=True)
            return
        here = [[Filter("source_code", ",".join(self._sources), "in")]]
        for found, last in self._api.listing(
            _ITEMS, here, "stock", key="sku", member="sku", beside="source_code", after=""
        ):
            yield Page(self._rows(found.items), found.answer.began_at, complete=last)

    def read(self, ids: Sequence[str]) -> list[Row]:
        """Figures by their id, ``PRODUCT/SOURCE``."""
        products = self._catalogue.skus([id_.partition("/")[0] for id_ in ids], "stock")
        sources = sorted({id_.partition("/")[2] for id_ in ids})
        wanted = frozenset(ids)
        return [row for row in self._of(list(products.values()), sources) if row.external_id in wanted]

    def find_of(self, products: Sequence[str]) -> dict[str, list[Row]]:
        """All figures of the products."""
        found: dict[str, list[Row]] = {product: [] for product in products}
        skus = self._catalogue.skus(products, "stock")
        for row in self._of(list(skus.values()), self._sources):
            product = row.external_id.partition("/")[0]
            if product in found:
                found[product].append(row)
        return found

    def write(self, writes: Sequence[Write]) -> list[RowResult]:
        """Set quantities; always with the status that lets them be sold."""
        if not self._shop.has_sources:
            return self._legacy.write(writes)
        # what was read here a moment ago is an update, and cannot become an orphan
        known = self._existing([_sku(write) for write in writes if not write.external_id])
        objections = {write.token: self._objection(write, known) for write in writes}
        sent = [_line(write) for write in writes if objections[write.token] is None]
        results = [failed(write, wrong) for write in writes if (wrong := objections[write.token]) is not None]
        return self._batches.send(sent) + results

    def _objection(self, write: Write, known: Collection[str]) -> ConnectorError | None:
        """Why a figure must not be sent: one bad row refuses the whole call, and the answer does not say which."""
        source = _source(write)
        if source not in self._shop.sources:
            return Rejected(f"the shop has no source {source}", remedy="correct the location's code for this channel")
        if write.fields.get("quantity") is None:
            return Rejected("a stock figure needs a quantity", fields={"quantity": "missing"})
        if not write.external_id and code_key(_sku(write)) not in known:
            return Gone("the product of this stock figure is not there any more", entity="stock")
        return None

    def _existing(self, skus: Sequence[str]) -> set[str]:
        """The SKUs, folded, that the shop has; of others it would keep figures of nothing (NOTES section 1).

        Asked of the prices, which leave unknown SKUs out at a tenth of a product search's cost; what
        has no price is searched for.
        """
        known: set[str] = set()
        given = [sku for sku in dict.fromkeys(skus) if sku]
        for batch in chunks(given, WRITE_BATCH):
            known |= {code_key(str(row["sku"])) for row in self._api.ask(_PRICES, "stock", {"skus": list(batch)})}
        rest = [sku for sku in given if code_key(sku) not in known]
        items = self._api.by_values(f"{ALL}/products", "sku", rest, "stock", fields="items[id,sku],total_count")
        return known | {code_key(str(item["sku"])) for item in items}

    def _of(self, skus: Sequence[str], sources: Sequence[str]) -> list[Row]:
        """The figures of these products at these sources, in as few calls as a page of rows allows.

        This read is the last one before a write: the shorter, the less can happen unseen in between.
        """
        if not self._shop.has_sources:
            return self._legacy.of(skus)
        here = [Filter("source_code", ",".join(sources), "in")]
        return [row for some in chunks_for_filter(skus) if sources for row in self._rows(self._items(some, here))]

    def _items(self, skus: Sequence[str], here: Sequence[Filter]) -> list[dict[str, Any]]:
        """Source items on one page; where they do not fit, the halves."""
        found = self._api.search(_ITEMS, [here, any_of("sku", skus)], "stock", sort="sku")
        if len(found.items) == found.total:
            return list(found.items)
        if len(skus) == 1:
            raise broken(found, f"{len(found.items)} rows where the server counts {found.total}")
        middle = len(skus) // 2
        return self._items(skus[:middle], here) + self._items(skus[middle:], here)

    def _rows(self, items: Sequence[Mapping[str, Any]]) -> list[Row]:
        """Rows of products that exist; a source item may outlive its product."""
        found = ((self._catalogue.id_of(str(item["sku"])), item) for item in items)
        return [_row(id_, item) for id_, item in found if id_ is not None]


def _row(id_: str, item: Mapping[str, Any]) -> Row:
    source = str(item["source_code"])
    return Row(f"{id_}/{source}", dict(item), parent=code_key(str(item["sku"])), place=source)


def _sku(write: Write) -> str:
    return str(write.parent.get("sku") or write.before.get("sku") or "")


def _source(write: Write) -> str:
    return write.place or write.external_id.partition("/")[2]


def _line(write: Write) -> Line:
    source = _source(write)
    row = {
        "sku": _sku(write),
        "source_code": source,
        "quantity": write.fields.get("quantity"),
        "status": write.fields.get("status", _SALABLE),
    }
    product = write.parent_id or write.external_id.partition("/")[0]
    return Line(write, f"{product}/{source}", row, (_sku(write), source))
