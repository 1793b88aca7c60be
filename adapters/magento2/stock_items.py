"""How a product's stock is managed: not part of the product list, so it is joined where a mapping asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from adapters.magento2.api import ALL, Api
from connector.errors import ContractBroken, Gone, Rejected

HEAD: Final = "extension_attributes.stock_item."
_ONE: Final = f"{ALL}/stockItems/{{sku}}"

Members = tuple[Any, ...]


class StockItems:
    """Stock items by product. Changing one in the product moves its ``updated_at``, so each is read once per date."""

    def __init__(self, api: Api, names: frozenset[str]) -> None:
        self._api = api
        self._wanted = sorted(name.removeprefix(HEAD) for name in names if name.startswith(HEAD))
        self._known: dict[str, tuple[str, Members]] = {}
        self._alike: dict[Members, Members] = {}  # most products are managed alike: one tuple for all of these

    @property
    def wanted(self) -> bool:
        """Whether the mapping reads any of it."""
        return bool(self._wanted)

    def learn(self, item: Mapping[str, Any]) -> None:
        """Remember the stock item of a product that shows it, as the answer to a write does."""
        given = (item.get("extension_attributes") or {}).get("stock_item")
        if isinstance(given, Mapping):
            self._remember(item, given)

    def of(self, item: Mapping[str, Any]) -> Mapping[str, Any]:
        """The stock item of a product in a list; {} where a path cannot carry its SKU."""
        self.learn(item)
        date, members = self._known.get(str(item["id"]), ("", ()))
        if date != str(item.get("updated_at")):
            members = self._remember(item, self._read(str(item["sku"])))
        return {name: value for name, value in zip(self._wanted, members, strict=True) if value is not None}

    def _remember(self, item: Mapping[str, Any], given: Mapping[str, Any]) -> Members:
        """The wanted members alone: a shop has as many of these as products."""
        members = tuple(given.get(name) for name in self._wanted)
        members = self._alike.setdefault(members, members)
        self._known[str(item["id"])] = (str(item.get("updated_at")), members)
        return members

    def _read(self, sku: str) -> Mapping[str, Any]:
        try:
            found = self._api.get(_ONE, "product", {"sku": sku})
        except (Gone, Rejected, ContractBroken):
            return {}
        return found if isinstance(found, Mapping) else {}
