"""Reading products, and looking them up by code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC
from typing import Final

from adapters.lightspeed_x.api import Api, Batch, Json, moment
from adapters.lightspeed_x.codes import Codes
from adapters.lightspeed_x.position import Position, pack, unpack
from adapters.lightspeed_x.shop import Shop
from connector.contract import Opening, Page, Row
from connector.errors import Gone
from connector.model.entity import Entity, Key, code_key

PURPOSE: Final = Entity.PRODUCT.value
FEED: Final = "products"
#: So many keys are looked up one by one; for more, the feed is read first.
FEW: Final = 8


class Products:
    """The product entity of one shop. The parent row of a family is no sellable unit, and left out."""

    def __init__(self, api: Api, opening: Opening, shop: Shop) -> None:
        self._api = api
        self._shop = shop
        self._names = opening.names.get(Entity.PRODUCT, frozenset())
        self._codes = Codes(api, lambda product: [code_of(product)], opening.now)

    def changes(self, cursor: str | None) -> Iterator[Page]:
        """What changed, deletions among it; read again as :mod:`.position` says."""
        position = unpack(cursor, (FEED,))[FEED]
        for batch in self._api.feed(f"/{FEED}", PURPOSE, position.start, deleted=True, known=position.seen):
            position = moved(position, batch)
            yield Page(self.rows(batch.rows), batch.began_at, pack({FEED: position}), complete=batch.last)

    def sweep(self) -> Iterator[Page]:
        """Everything that lives."""
        for batch in self._api.feed(f"/{FEED}", PURPOSE, 0):
            yield Page(self.rows(batch.rows), batch.began_at, complete=batch.last)

    def read(self, ids: Sequence[str]) -> list[Row]:
        """One call each: the API has no other way to read by id."""
        found = (self.get(id_, PURPOSE) for id_ in ids)
        return self.rows([row for row in found if row is not None])

    def get(self, id_: str, purpose: str) -> Json | None:
        """The product as it is now, None where it is gone."""
        try:
            row: Json = self._api.get("/products/{product_id}", purpose, product_id=id_)
        except Gone:
            return None
        return None if row.get("deleted_at") else row

    def find(self, keys: Sequence[Key]) -> dict[Key, list[Row]]:
        """Products whose SKU has this key. Other codes of theirs are found too, and do not count.

        The look-up compares as it likes, and keys have lost their case: asked in both cases. A SKU in
        mixed case is looked up once more as it is spelled, just before it is created. Of many keys only
        those are looked up that the feed of products has shown.
        """
        asked = [key for key in keys if key.kind == "sku"]
        if len(asked) > FEW:
            self._codes.refresh(PURPOSE)
            met = frozenset(self._codes.perhaps(key.text for key in asked))
            asked = [key for key in asked if key.text in met]
        found: dict[Key, list[Row]] = {key: [] for key in keys}
        return found | {key: self.rows(self.with_key(key)) for key in asked}

    def is_surely_new(self, sku: str) -> bool:
        """Whether a look-up of many has just shown that no product has this SKU, in any case."""
        return self._codes.is_surely_new(code_key(sku))

    def with_key(self, key: Key) -> list[Json]:
        """Living products with this SKU, whatever its case."""
        for spelling in dict.fromkeys((key.text.upper(), key.text)):
            if found := self.spelled(spelling, PURPOSE):
                return found
        return []

    def spelled(self, sku: str, purpose: str) -> list[Json]:
        """Living products with this SKU, found by this spelling of it."""
        found: list[Json] = self._api.get("/products", purpose, [("sku", sku)])
        return [
            row for row in found if is_sellable(row) and not row.get("deleted_at") and code_of(row) == code_key(sku)
        ]

    def rows(self, products: Sequence[Json]) -> list[Row]:
        """Rows of the sellable ones among them."""
        return [self._row(product) for product in products if is_sellable(product)]

    def _row(self, product: Json) -> Row:
        deleted = bool(product.get("deleted_at"))
        at = moment(product.get("updated_at"))
        return Row(
            str(product["id"]),
            product if deleted else {**product, **self._named(product)},
            address=code_of(product),
            modified_at=None if at is None else at.astimezone(UTC),
            version=str(product["version"]),
            deleted=deleted,
        )

    def _named(self, product: Json) -> Json:
        """What the mapping wants by name instead of by id."""
        named: Json = {}
        if "tax_name" in self._names:
            named["tax_name"] = self._shop.taxes.name(self._shop.tax_of(product, PURPOSE), PURPOSE)
        if "brand" in self._names:
            named["brand"] = self._shop.brands.name(product.get("brand_id"), PURPOSE)
        if "category" in self._names:
            named["category"] = self._shop.categories.name(product.get("product_category_id"), PURPOSE)
        return named


def moved(position: Position, batch: Batch) -> Position:
    """Where a feed stands after a page of it."""
    step = position.done if batch.last else position.at
    return step(batch.reached, batch.answer.server_at)


def is_sellable(product: Json) -> bool:
    """Whether it is a product of its own, and not the parent of a family."""
    return not product.get("has_variants")


def code_of(product: Json) -> str:
    """The SKU, folded: the first of the codes."""
    codes = product.get("product_codes") or ()
    return code_key(str(codes[0].get("code") or "")) if codes else code_key(str(product.get("sku") or ""))
