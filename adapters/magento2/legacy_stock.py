"""Stock where Multi Source Inventory is off: one figure per product, under the source ``default``.

Read from the list of low stock with a limit that nothing is above, written product by product.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from adapters.magento2.api import ALL, Api, one_by_one
from adapters.magento2.catalogue import Catalogue
from adapters.magento2.shapes import same
from connector.contract import Opening, Page, Row, RowResult, Write
from connector.errors import ContractBroken, Gone, Stale
from connector.model.entity import code_key

SOURCE: Final = "default"
_LIST: Final = f"{ALL}/stockItems/lowStock/"
_ONE: Final = f"{ALL}/stockItems/{{sku}}"
_SET: Final = f"{ALL}/products/{{sku}}/stockItems/1"  # the number is not looked at (NOTES section 1)
_ABOVE_ALL: Final = "99999999"
_PAGE: Final = 300


class LegacyStock:
    """The one stock figure of each product."""

    def __init__(self, api: Api, opening: Opening, catalogue: Catalogue) -> None:
        self._api = api
        self._now = opening.now
        self._catalogue = catalogue

    def everything(self) -> Iterator[Page]:
        """All figures, by page number: this list knows no other way."""
        seen: set[str] = set()
        page = 1
        while True:
            began_at = self._now()
            items, total = self._page(page)
            ids = [str(item["product_id"]) for item in items]
            if not seen.isdisjoint(ids) or (not ids and len(seen) < total):
                raise ContractBroken(f"GET {_LIST}: a page was repeated, or the list ended early")
            seen.update(ids)
            skus = self._catalogue.skus(ids, "stock")
            rows = [_row(id_, skus[id_], item) for id_, item in zip(ids, items, strict=True) if id_ in skus]
            yield Page(rows, began_at, complete=len(seen) >= total)
            if len(seen) >= total:
                return
            page += 1

    def of(self, skus: Sequence[str]) -> list[Row]:
        """The figures of these products, one call each."""
        rows: list[Row] = []
        for sku in skus:
            with suppress(Gone):
                rows.append(self._figure(sku))
        return rows

    def write(self, writes: Sequence[Write]) -> list[RowResult]:
        """Set figures, one after another.

        Each is read once more just before: the figures of a whole batch were read long ago by the time the last
        one is written, and a sale in between would be overwritten. Stale where it is another one by now.
        """
        return one_by_one(writes, self._one)

    def _one(self, write: Write) -> RowResult:
        sku = str(write.parent.get("sku") or write.before.get("sku"))
        now = self._figure(sku)
        if not same(now.native["quantity"], write.before.get("quantity", now.native["quantity"])):
            raise Stale("the figure has changed", entity="stock", external_id=write.external_id)
        body = {"stockItem": {"qty": write.fields.get("quantity"), "is_in_stock": True}}
        self._api.write("PUT", _SET, "stock", body, {"sku": sku})
        return RowResult(write.token, now.external_id)

    def _figure(self, sku: str) -> Row:
        item = self._api.get(_ONE, "stock", {"sku": sku})
        return _row(str(item["product_id"]), sku, item)

    def _page(self, page: int) -> tuple[list[dict[str, Any]], int]:
        query = [("scopeId", "0"), ("qty", _ABOVE_ALL), ("currentPage", str(page)), ("pageSize", str(_PAGE))]
        data = self._api.get(_LIST, "stock", query=query)
        if not isinstance(data, dict) or not isinstance(data.get("total_count"), int):
            raise ContractBroken(f"GET {_LIST}: answered no list")
        return list(data.get("items") or ()), data["total_count"]


def _row(id_: str, sku: str, item: Mapping[str, Any]) -> Row:
    native = {
        "sku": sku,
        "source_code": SOURCE,
        "quantity": item.get("qty") or 0,
        "status": 1 if item.get("is_in_stock") else 0,
    }
    return Row(f"{id_}/{SOURCE}", native, parent=code_key(sku), place=SOURCE)
