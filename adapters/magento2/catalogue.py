"""Which product has which SKU: prices and stock are addressed by SKU, our identities by id."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from adapters.magento2.api import ALL, Api, Filter, moment, started, written
from connector.contract import Opening
from connector.model.entity import code_key

PRODUCTS: Final = f"{ALL}/products"
_FIELDS: Final = "items[id,sku,type_id,updated_at],total_count"
_OVERLAP_S: Final = 60


class Catalogue:
    """Ids and SKUs of all products, read once and then kept up with by ``updated_at``.

    A deleted product stays known here until another has its SKU; every route that is asked with such
    a SKU says so or leaves it out.
    """

    def __init__(self, api: Api, opening: Opening) -> None:
        self._api = api
        self._now = opening.now
        self._sku: dict[str, str] = {}
        self._id: dict[str, str] = {}
        self._contested: set[str] = set()
        self._saved: dict[str, str] = {}
        self._since: str | None = None
        self._is_fresh = False

    def begin_round(self) -> None:
        """What is new is learned once more before prices and stock are told of it."""
        self._is_fresh = False

    def refresh(self, purpose: str) -> str:
        """Learn what is new or renamed since the last time, once a round; answers as of when, by the shop's clock."""
        if not self._is_fresh or self._since is None:
            self._since = self._learn_new(purpose)
            self._is_fresh = True
        return self._since

    def _learn_new(self, purpose: str) -> str:
        since = self._since
        groups = [] if since is None else [[Filter("updated_at", _overlapped(since), "gteq")]]
        begun: str | None = None
        for found, _ in self._api.listing(PRODUCTS, groups, purpose, fields=_FIELDS):
            begun = begun or started(found, self._now())
            for item in found.items:
                self.learn(str(item["id"]), str(item["sku"]))
                self._saved[str(item["id"])] = str(item.get("updated_at") or "")
        self._settle(purpose)
        return begun or written(self._now())

    def learn(self, id_: str, sku: str) -> None:
        """Remember one product. A SKU that exists twice belongs to the lowest id, as reads by SKU do (NOTES 2.1)."""
        before = self._sku.get(id_)
        if before is not None and code_key(before) != code_key(sku):
            self._forget(id_)
        self._sku[id_] = sku
        holder = self._id.setdefault(code_key(sku), id_)
        if holder != id_:
            self._id[code_key(sku)] = min(holder, id_, key=int)
            self._contested |= {holder, id_}

    def _settle(self, purpose: str) -> None:
        """Of several ids with one SKU, forget those that are gone: a product may have been made anew."""
        contested, self._contested = sorted(self._contested, key=int), set()
        items = self._api.by_values(PRODUCTS, "entity_id", contested, purpose, fields=_FIELDS)
        alive = {str(item["id"]): str(item["sku"]) for item in items}
        for id_ in contested:
            self._forget(id_)
        for id_, sku in alive.items():
            self.learn(id_, sku)
        self._contested = set()

    def _forget(self, id_: str) -> None:
        key = code_key(self._sku.pop(id_, ""))
        if self._id.get(key) == id_:
            del self._id[key]

    def products(self) -> list[tuple[str, str]]:
        """``(id, SKU)`` of all known products, a SKU once, in the order of their ids."""
        return [(id_, sku) for id_, sku in sorted(self._sku.items(), key=_by_number) if self.id_of(sku) == id_]

    def saved_since(self, moment_: str) -> frozenset[str]:
        """Ids of products that were saved at this moment, less the overlap, or later."""
        since = _overlapped(moment_)
        return frozenset(id_ for id_, saved in self._saved.items() if saved >= since)

    def id_of(self, sku: str) -> str | None:
        """The product with this SKU, None where none is known."""
        return self._id.get(code_key(sku))

    def skus(self, ids: Sequence[str], purpose: str) -> dict[str, str]:
        """SKUs by product id, asked for where they are not known; absent ids are left out."""
        unknown = [id_ for id_ in dict.fromkeys(ids) if id_ not in self._sku and id_.isdigit()]
        for item in self._api.by_values(PRODUCTS, "entity_id", unknown, purpose, fields=_FIELDS):
            self.learn(str(item["id"]), str(item["sku"]))
        return {id_: self._sku[id_] for id_ in ids if id_ in self._sku}


def _by_number(pair: tuple[str, str]) -> int:
    return int(pair[0])


def _overlapped(since: str) -> str:
    """An earlier cursor: a row may be committed late, with an older second."""
    at = moment(since)
    return since if at is None else written(at - timedelta(seconds=_OVERLAP_S))
