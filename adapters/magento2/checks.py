"""What can be tried without changing anything: ``connector check``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Final

from adapters.magento2.api import ALL, Api
from adapters.magento2.attributes import Attributes
from adapters.magento2.catalogue import PRODUCTS
from adapters.magento2.errors import NoRoute, OverLimit
from adapters.magento2.options import Options
from adapters.magento2.shop import Shop
from connector.contract import Finding, Opening
from connector.errors import AuthFailed, ChannelError, Rejected
from connector.model.entity import Entity

_CLOCK: Final = timedelta(seconds=5)
_ONE_ROW: Final = [("searchCriteria[pageSize]", "1"), ("searchCriteria[currentPage]", "1")]
#: What is read of each entity, and the permission that people find in the admin panel.
_READS: Final = {
    "products": (f"{ALL}/products", "Catalog, Products"),
    "customers": (f"{ALL}/customers/search", "Customers, All Customers"),
    "customer groups": (f"{ALL}/customerGroups/search", "Customers, Customer Groups"),
    "orders": (f"{ALL}/orders", "Sales, Orders, View"),
    "shipments": (f"{ALL}/shipments", "Sales, Operations, Shipments"),
}
_BULKS: Final = f"{ALL}/bulk/"
_ABSENT_PRICES: Final = {"skus": ["connector check"]}


class Checks:
    """The findings of one channel, in the order in which a person would look."""

    def __init__(self, api: Api, opening: Opening, shop: Shop, attributes: Attributes) -> None:
        self._api = api
        self._opening = opening
        self._options: Options = opening.options
        self._shop = shop
        self._attributes = attributes

    def run(self) -> Iterator[Finding]:
        """Every finding; only the first ones decide whether the others can be had."""
        first = self._tried("answers, and takes the credentials", self._answers)
        yield first
        if not first.ok:
            return
        for name, (path, permission) in _READS.items():
            yield self._tried(f"may read {name}", self._reading(path), permission)
        yield self._tried("may read prices", self._prices, "Catalog, Products")
        website = self._tried("website", self._website, "Stores, Settings, All Stores")
        yield website
        if not website.ok:
            return
        yield from self._sources()
        yield from self._attributes_named()
        yield from self._views_named()
        yield from (self._page_size(), self._clock(), self._price_scope(), self._bulks(), self._mails())

    def _answers(self) -> str:
        """A 401 may be a missing permission: the credentials are refused only where no route takes them."""
        for place, (path, _) in enumerate(_READS.values(), 1):
            try:
                self._api.get(path, "check", query=_ONE_ROW)
            except AuthFailed:
                if place == len(_READS):
                    raise
            else:
                break
        return self._options.base_url

    def _tried(self, what: str, attempt: Callable[[], str], permission: str = "") -> Finding:
        try:
            return Finding(what, ok=True, detail=attempt())
        except AuthFailed as wrong:
            return Finding(what, ok=False, detail=str(wrong), remedy=_for_access(permission))
        except ChannelError as wrong:
            remedy = getattr(wrong, "remedy", "") or "look at base_url, and whether the shop answers there"
            return Finding(what, ok=False, detail=str(wrong), remedy=remedy)

    def _website(self) -> str:
        return f"{self._options.website} is number {self._shop.website_id()}"

    def _reading(self, path: str) -> Callable[[], str]:
        return lambda: f"{self._api.get(path, 'check', query=_ONE_ROW)['total_count']} of them"

    def _prices(self) -> str:
        for kind in ("base-prices", "special-price", "tier-prices"):
            self._api.ask(f"{PRODUCTS}/{kind}-information", "check", _ABSENT_PRICES)
        return ""

    def _sources(self) -> Iterator[Finding]:
        """Whether stock is kept per source, and whether ours exist, are on, and belong to our website's stock."""
        finding = self._tried("stock is kept per source", self._stock, "Stores, Inventory")
        yield finding
        if not finding.ok:
            return
        if not self._shop.has_sources:
            only_default = tuple(self._opening.locations) in ((), ("default",))
            remedy = (
                ""
                if only_default
                else 'configure a view without codes for this channel, or one location with the code "default"'
            )
            yield Finding("locations", ok=only_default, detail="one figure per product", remedy=remedy)
            return
        yield from self._locations()

    def _stock(self) -> str:
        if self._shop.has_sources:
            return "yes"
        return "no (Multi Source Inventory is off): one figure per product, written product by product"

    def _locations(self) -> Iterator[Finding]:
        known = self._shop.sources
        stock = (self._shop.stock or {}).get("stock_id")
        path = f"{ALL}/inventory/get-sources-assigned-to-stock-ordered-by-priority/{{stock}}"
        linked = {str(one["source_code"]) for one in self._api.get(path, "check", {"stock": str(stock)})}
        if not self._opening.locations:
            remedy = f"give each location that the shop has its code: {', '.join(sorted(known))}"
            yield Finding("locations", ok=False, detail="stock is kept per source, and none is named", remedy=remedy)
        for code in self._opening.locations:
            fault = "" if known.get(code) else "is switched off" if code in known else "does not exist"
            fault = fault or ("" if code in linked else "is not among the sources of this website's stock")
            yield Finding(f"source {code}", ok=not fault, detail=fault, remedy=_source_remedy(fault, known))
        others = sorted(linked - set(self._opening.locations))
        if others:
            told = f"{', '.join(others)} also counts for this website and is left alone"
            yield _warning("further sources", told, "configure them, or take them out of the stock")

    def _attributes_named(self) -> Iterator[Finding]:
        """Attributes that the mapping names must exist: the shop drops values of others without a word."""
        head = "custom_attributes."
        names = self._opening.names.get(Entity.PRODUCT, frozenset())
        for code in sorted(name.removeprefix(head) for name in names if name.startswith(head)):
            what = f"product attribute {code}"
            try:
                known = self._attributes.get(code) is not None
            except (AuthFailed, Rejected, NoRoute) as wrong:
                yield Finding(what, ok=False, detail=str(wrong), remedy=_for_access("Stores, Attributes, Product"))
                continue
            remedy = (
                "" if known else f"create it, or correct its code under [channels.{self._opening.channel}.settings]"
            )
            yield Finding(what, ok=known, detail="" if known else "does not exist", remedy=remedy)

    def _views_named(self) -> Iterator[Finding]:
        names = self._opening.names.get(Entity.PRODUCT, frozenset())
        codes = {str(view["code"]) for view in self._shop.views}
        for code in sorted({name.split(".")[1] for name in names if name.startswith("views.")}):
            known = f"use one of {', '.join(sorted(codes))}"
            yield Finding(f"store view {code}", ok=code in codes, remedy="" if code in codes else known)

    def _page_size(self) -> Finding:
        """The shop's limit on rows per page, found out by asking for as many as we would."""
        query = [("searchCriteria[pageSize]", str(self._options.page_size)), ("fields", "total_count")]
        try:
            self._api.get(PRODUCTS, "check", query=query)
        except OverLimit as limit:
            self._api.page_size = min(self._api.page_size, limit.most)
        except ChannelError as wrong:
            return Finding("rows per page", ok=False, detail=str(wrong))
        return Finding("rows per page", ok=True, detail=str(self._api.page_size))

    def _clock(self) -> Finding:
        offset = self._api.transport.clock_offset
        if offset is None:
            return Finding(
                "clock", ok=False, warning=True, detail="answers bear no date", remedy="let the proxy pass it on"
            )
        told = f"{round(offset.total_seconds()):+d} s from ours"
        off = abs(offset) > _CLOCK
        return Finding("clock", ok=not off, warning=off, detail=told, remedy="set both clocks by NTP" if off else "")

    def _price_scope(self) -> Finding:
        """Not readable over the API: rows of more than one store hint at prices per website."""
        told = f"prices are written to store {self._opening.settings.get('store_id', 0)}"
        remedy = "compare with Stores, Configuration, Catalog, Price, Catalog Price Scope"
        return _warning("price scope cannot be read", told, remedy)

    def _bulks(self) -> Finding:
        what = "asynchronous bulks"
        if not self._options.bulk_from:
            return Finding(what, ok=True, detail="not used")
        told = self._tried(what, self._reading(_BULKS), "System, Bulk Actions, and its logging")
        if not told.ok:
            return Finding(
                what, ok=False, warning=True, detail=f"{told.detail}: single calls are made", remedy=told.remedy
            )
        remedy = "have cron start the consumer async.operations.all; without it single calls are made"
        return _warning(what, "whether a consumer runs cannot be seen", remedy)

    def _mails(self) -> Finding:
        if Entity.CUSTOMER not in self._opening.names:
            return Finding("mails to customers", ok=True, detail="customers are not synchronised")
        remedy = "switch the shop's welcome mail off before the first sync, if it is not wanted"
        return _warning("mails to customers", "the shop may greet each new customer by mail", remedy)


def _warning(what: str, detail: str, remedy: str) -> Finding:
    return Finding(what, ok=False, detail=detail, remedy=remedy, warning=True)


def _for_access(permission: str) -> str:
    if not permission:
        return "System, Integrations: is it active, and are its four values, or its token, the ones configured?"
    return f"System, Integrations, API: give the integration {permission}"


def _source_remedy(fault: str, known: Mapping[str, bool]) -> str:
    if not fault:
        return ""
    return f"Stores, Inventory: known sources are {', '.join(sorted(known))}"
