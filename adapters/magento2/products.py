"""Products, read: what changed, everything, by id, by SKU."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from adapters.magento2.api import Api, Filter, moment, started, written
from adapters.magento2.attributes import Attributes
from adapters.magento2.catalogue import PRODUCTS, Catalogue
from adapters.magento2.categories import Categories
from adapters.magento2.shapes import at, flattened, same
from adapters.magento2.stock_items import StockItems
from connector.contract import Opening, Page, Row
from connector.model.entity import Entity, Key, code_key

OVERLAP_S: Final = 60
_VIEWS: Final = "views."


class Products:
    """The product entity of one shop; joins what the mapping asks for and the list does not have."""

    def __init__(
        self, api: Api, opening: Opening, catalogue: Catalogue, attributes: Attributes, categories: Categories
    ) -> None:
        self._api = api
        self._now = opening.now
        self._names = opening.names.get(Entity.PRODUCT, frozenset())
        self._catalogue = catalogue
        self._attributes = attributes
        self._categories = categories
        self._stock_items = StockItems(api, self._names)

    def changes(self, cursor: str | None) -> Iterator[Page]:
        """Products whose ``updated_at`` moved since the cursor; prices, stock and categories do not move it."""
        since = moment(cursor) if cursor else None
        begin = [] if since is None else [[Filter("updated_at", written(since - timedelta(seconds=OVERLAP_S)), "gteq")]]
        yield from self._pages(begin)

    def sweep(self) -> Iterator[Page]:
        """Every product."""
        yield from self._pages([])

    def read(self, ids: Sequence[str]) -> list[Row]:
        """Products by id."""
        return self.rows(self.items("entity_id", ids))

    def find(self, keys: Sequence[Key]) -> dict[Key, list[Row]]:
        """Products by SKU, without case; two or more where the shop has twins."""
        found: dict[Key, list[Row]] = {key: [] for key in keys}
        skus = [spelling for key in keys if key.kind == "sku" for spelling in _spellings(key.text)]
        for row in self.rows(self.items("sku", skus)):
            if Key("sku", row.address) in found:
                found[Key("sku", row.address)].append(row)
        return found

    def items(self, name: str, values: Sequence[str]) -> list[dict[str, Any]]:
        """Products as the API shows them, by ``entity_id`` or ``sku``."""
        return list(self._api.by_values(PRODUCTS, name, list(dict.fromkeys(values)), "product"))

    def learn(self, stored: Mapping[str, Any]) -> None:
        """A product as a write answered it: what need not be asked for when it is next met in a list."""
        self._catalogue.learn(str(stored["id"]), str(stored["sku"]))
        self._stock_items.learn(stored)

    def rows(self, items: Sequence[Mapping[str, Any]]) -> list[Row]:
        """Products as mappings see them."""
        records = [self._record(item) for item in items]
        shown = {view: self._in_view(view, items) for view in self._views()}
        for record in records:
            record["views"] = {view: self._differing(view, record, of.get(record["id"])) for view, of in shown.items()}
        return [self._row(record) for record in records]

    def _pages(self, groups: Sequence[Sequence[Filter]]) -> Iterator[Page]:
        cursor: str | None = None
        self._categories.forget()
        for found, last in self._api.listing(PRODUCTS, groups, "product"):
            cursor = cursor or started(found, self._now())
            yield Page(self.rows(found.items), found.answer.began_at, cursor if last else None, complete=last)

    def _row(self, record: Mapping[str, Any]) -> Row:
        id_, sku = str(record["id"]), str(record["sku"])
        self._catalogue.learn(id_, sku)
        return Row(id_, record, address=code_key(sku), modified_at=moment(record.get("updated_at")))

    def _record(self, item: Mapping[str, Any]) -> dict[str, Any]:
        record = flattened(item)
        codes = record["custom_attributes"]
        codes |= {code: self._attributes.shown(code, codes[code]) for code in self._codes() if code in codes}
        if "categories" in self._names:
            record["categories"] = self._categories.paths_of(record)
        if self._stock_items.wanted:
            extension = dict(record.get("extension_attributes") or {})
            record["extension_attributes"] = extension | {"stock_item": self._stock_items.of(item)}
        return record

    def _codes(self) -> list[str]:
        head = "custom_attributes."
        return sorted(name.removeprefix(head) for name in self._names if name.startswith(head))

    def _views(self) -> list[str]:
        """Codes of the store views that the mapping reads."""
        return sorted({name.split(".")[1] for name in self._names if name.startswith(_VIEWS)})

    def _in_view(self, view: str, items: Sequence[Mapping[str, Any]]) -> dict[Any, dict[str, Any]]:
        """The same products as a store view shows them, by id."""
        ids = [str(item["id"]) for item in items]
        found = self._api.by_values(f"/rest/{view}/V1/products", "entity_id", ids, "product")
        return {item["id"]: flattened(item) for item in found}

    def _differing(self, view: str, record: Mapping[str, Any], shown: Mapping[str, Any] | None) -> dict[str, Any]:
        """What a store view shows otherwise than the default values: an override that is equal cannot be told apart."""
        head = f"{_VIEWS}{view}."
        names = [name.removeprefix(head) for name in self._names if name.startswith(head)]
        values = {name: at(shown or {}, name) for name in names}
        return {name: value for name, value in values.items() if shown and not same(value, at(record, name))}


def _spellings(key: str) -> list[str]:
    """How a SKU may be stored whose folded key this is: folding makes ß to ss, which the shop tells apart."""
    head, *rest = key.split("ss", 3)
    spellings = [head]
    for part in rest:
        spellings = [f"{spelling}{letters}{part}" for spelling in spellings for letters in ("ss", "ß")]
    return spellings
