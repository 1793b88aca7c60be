"""How a product's stock is managed: not part of the product list, so it is joined where a mapping asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from adapters.magento2.api import ALL, Api
from connector.errors import ContractBroken, Gone, Rejected

_ONE: Final = f"{ALL}/stockItems/{{sku}}"


class StockItems:
    """Stock items by product. Changing one in the product moves its ``updated_at``, so each is read once per date."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._known: dict[str, tuple[str, Mapping[str, Any]]] = {}

    def of(self, item: Mapping[str, Any]) -> Mapping[str, Any]:
        """The stock item of a product in a list; {} where a path cannot carry its SKU."""
        given = item.get("extension_attributes", {}).get("stock_item")
        if isinstance(given, Mapping):
            return given
        id_, date = str(item["id"]), str(item.get("updated_at"))
        if self._known.get(id_, ("",))[0] != date:
            self._known[id_] = (date, self._read(str(item["sku"])))
        return self._known[id_][1]

    def _read(self, sku: str) -> Mapping[str, Any]:
        try:
            found = self._api.get(_ONE, "product", {"sku": sku})
        except (Gone, Rejected, ContractBroken):
            return {}
        return found if isinstance(found, Mapping) else {}
