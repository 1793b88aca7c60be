"""``connector check``: everything that can be tried without changing anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from adapters.lightspeed_x.adjustments import Reasons
from adapters.lightspeed_x.api import Api
from adapters.lightspeed_x.books import Books
from adapters.lightspeed_x.options import Options
from adapters.lightspeed_x.shop import Shop
from adapters.lightspeed_x.window import Window
from connector.contract import Finding, Opening
from connector.errors import AuthFailed, ChannelError

_PURPOSE: Final = "check"
#: A version is supported for a year, and an ended one is silently replaced (NOTES section 1).
_OLD_AFTER_MONTHS: Final = 10
_CLOCK_MAY_DIFFER: Final = timedelta(seconds=60)
#: What each scope lets one read.
_SCOPES: Final = {
    "products:read": "/products",
    "customers:read": "/customers",
    "products:read:price_books": "/price_books",
    "sales:read": "/sales",
}


class Checks:
    """The findings on one shop, in the order in which they are worth mending."""

    def __init__(self, api: Api, opening: Opening, shop: Shop, books: Books, window: Window) -> None:
        self._api = api
        self._opening = opening
        self._shop = shop
        self._books = books
        self._window = window
        self._reasons = Reasons(api)

    def run(self) -> Iterator[Finding]:
        """Without access nothing else is tried."""
        access = self._tried("access", self._access)
        yield access
        if not access.ok:
            return
        yield self._version()
        yield self._clock()
        yield Finding("rate limit", ok=True, detail=self._window.told or "the shop states none")
        for scope, path in _SCOPES.items():
            yield self._tried(f"scope {scope}", lambda path=path: self._readable(path))  # type: ignore[misc]
        yield self._tried("scope inventory:read", self._levels)
        yield self._tried("stock adjustments", self._adjustments)
        yield self._tried("tax mode", self._tax_mode)
        yield self._tried("sales taxes", self._taxes)
        for place in self._opening.locations:
            yield self._tried(f"outlet {place}", lambda place=place: self._outlet(place))  # type: ignore[misc]
        if self._books.lists:
            yield self._tried("price books", self._price_books)

    def _tried(self, what: str, attempt: Callable[[], Finding]) -> Finding:
        try:
            return attempt()
        except AuthFailed as refused:
            return Finding(what, ok=False, detail=str(refused), remedy="renew the token, or give it the scope")
        except ChannelError as wrong:
            return Finding(what, ok=False, detail=str(wrong), remedy=getattr(wrong, "remedy", ""))

    def _access(self) -> Finding:
        retailer = self._shop.retailer(_PURPOSE)
        told = [str(retailer[name]) for name in ("name", "account_type") if retailer.get(name)]
        return Finding("access", ok=True, detail=", ".join(told))

    def _version(self) -> Finding:
        options: Options = self._opening.options
        year, month = map(int, options.version.split("-"))
        now: datetime = self._opening.now()
        age = (now.year - year) * 12 + now.month - month
        old = age > _OLD_AFTER_MONTHS
        return Finding(
            "API version",
            ok=not old,
            warning=old,
            detail=f"{options.version}, {age} months old",
            remedy="set a newer version: after a year another one answers silently" if old else "",
        )

    def _clock(self) -> Finding:
        offset = self._api.transport.clock_offset or timedelta(0)
        apart = abs(offset) > _CLOCK_MAY_DIFFER
        detail = f"the shop is {offset.total_seconds():+.0f} s ahead"
        return Finding(
            "clock", ok=not apart, warning=apart, detail=detail, remedy="set this machine's clock" if apart else ""
        )

    def _readable(self, path: str) -> Finding:
        self._api.answer(path, _PURPOSE, [("page_size", "1")])
        scope = next(scope for scope, of in _SCOPES.items() if of == path)
        return Finding(f"scope {scope}", ok=True)

    def _levels(self) -> Finding:
        next(self._api.inventory(_PURPOSE, 0, size=1))
        return Finding("scope inventory:read", ok=True)

    def _adjustments(self) -> Finding:
        detail = "our reasons are there" if self._reasons.known() else "our reasons are made when first needed"
        return Finding("stock adjustments", ok=True, detail=detail)

    def _tax_mode(self) -> Finding:
        there = "excluded" if self._shop.tax_exclusive(_PURPOSE) else "included"
        ours: Any = self._opening.settings.get("prices", there)
        remedy = "" if ours == there else f'set prices = "{there}" in the channel\'s settings'
        return Finding("tax mode", ok=ours == there, detail=f"prices are entered with tax {there}", remedy=remedy)

    def _taxes(self) -> Finding:
        wanted = self._opening.settings.get("taxes") or {}
        wrong = [name for name in wanted.values() if len(self._shop.taxes.ids(str(name), _PURPOSE)) != 1]
        known = ", ".join(str(tax.get("name")) for tax in self._shop.taxes.rows(_PURPOSE))
        if not wrong:
            return Finding("sales taxes", ok=True, detail=known)
        detail = f"not there, or there more than once: {', '.join(map(str, wrong))}; the shop has {known}"
        return Finding("sales taxes", ok=False, detail=detail, remedy="correct `taxes` in the channel's settings")

    def _outlet(self, place: str) -> Finding:
        outlet = self._shop.outlet_of(place, _PURPOSE)
        return Finding(f"outlet {place}", ok=True, detail=outlet)

    def _price_books(self) -> Finding:
        missing = self._books.missing()
        if not missing:
            return Finding("price books", ok=True, detail=", ".join(self._books.lists))
        remedy = "make them in the shop, with their outlets and customer groups"
        return Finding("price books", ok=False, detail=f"not there: {', '.join(missing)}", remedy=remedy)
