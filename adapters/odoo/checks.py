"""``connector check``: everything that can be tried without changing anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlsplit

from adapters.odoo.api import Odoo
from adapters.odoo.options import Options
from adapters.odoo.places import Places
from adapters.odoo.rights import may
from adapters.odoo.shop import BASE, Shop
from connector.contract import Finding, Opening
from connector.errors import AuthFailed, ChannelError, ConfigError, ContractBroken, Transient

_PURPOSE: Final = "check"
_CLOCK_MAY_DIFFER: Final = timedelta(seconds=60)
#: A key of an ordinary user ends (NOTES section 1): time enough to make another one.
_KEY_ENDS_SOON: Final = timedelta(days=14)
#: Model → what is done with it, and the group that may (NOTES section 12).
_RIGHTS: Final = {
    "product.product": (("read", "create", "write"), "Products: Create"),
    "res.partner": (("read", "create", "write"), "Contact: Creation"),
    "product.pricelist.item": (("read", "create", "write"), "Sales: Pricelists"),
    "stock.quant": (("read", "create", "write"), "Inventory: Administrator"),
    "pos.order": (("read",), "Point of Sale: User"),
}
#: Included prices come back a cent off through fewer decimals without VAT than these (canonical-model 3).
_ENOUGH_DECIMALS: Final = 3


class Checks:
    """The findings on one company, in the order in which they are worth mending."""

    def __init__(self, odoo: Odoo, opening: Opening, shop: Shop) -> None:
        self._odoo = odoo
        self._opening = opening
        self._shop = shop
        self._settings: Mapping[str, Any] = opening.settings

    def run(self) -> Iterator[Finding]:
        """Without access nothing else is tried."""
        access = self._tried("access", self._access)
        yield access
        if not access.ok:
            return
        yield self._encrypted()
        yield self._clock()
        yield self._tried("company", self._company)
        yield self._tried("API key", self._key)
        for model, (operations, group) in _RIGHTS.items():
            yield self._tried(f"right {model}", self._right, model, operations, group)
        yield self._tried("language", self._language)
        yield self._tried("sales taxes", self._taxes)
        yield self._tried("price decimals", self._decimals)
        yield self._tried("units and categories", self._references)
        yield self._tried("mobile numbers", self._mobile)
        yield self._tried("locations", self._locations)
        for name in self._opening.lists:
            if name != BASE:
                yield self._tried(f"price list {name}", self._list, name)

    def _tried(self, what: str, attempt: Callable[..., Finding], *about: Any) -> Finding:
        try:
            return attempt(*about)
        except AuthFailed as refused:
            remedy = "make a new key (Settings, Users, API Keys), or give its user the right that is named"
            return Finding(what, ok=False, detail=str(refused), remedy=remedy)
        except Transient as wrong:
            remedy = "does the server answer, and is `database` the name that it has there?"
            return Finding(what, ok=False, detail=str(wrong), remedy=remedy)
        except (ChannelError, ConfigError) as wrong:
            return Finding(what, ok=False, detail=str(wrong), remedy=getattr(wrong, "remedy", ""))

    def _access(self) -> Finding:
        way = type(self._odoo.way).__name__
        rows = self._rows("res.company", [], ["name"])
        return Finding("access", ok=True, detail=f"{', '.join(str(row['name']) for row in rows)}, by {way}")

    def _encrypted(self) -> Finding:
        """The key goes along with each call."""
        options: Options = self._opening.options
        parts = urlsplit(options.base_url)
        open_ = parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "localhost", "::1")
        remedy = "give the https address" if open_ else ""
        return Finding("encryption", ok=not open_, warning=open_, detail=parts.scheme, remedy=remedy)

    def _company(self) -> Finding:
        """Taxes and prices are each company's own."""
        companies = self._rows("res.company", [], ["name"])
        chosen = self._opening.options.company
        there = ", ".join(f"{row['id']} {row['name']}" for row in companies)
        if chosen is None and len(companies) > 1:
            remedy = "set company = ID of the one that is meant"
            return Finding("company", ok=False, detail=f"the key's user belongs to {there}", remedy=remedy)
        if chosen is not None and chosen not in {row["id"] for row in companies}:
            remedy = "set company to one of them"
            return Finding("company", ok=False, detail=f"{chosen} is not among {there}", remedy=remedy)
        return Finding("company", ok=True, detail=there)

    def _clock(self) -> Finding:
        offset = self._odoo.clock_offset
        apart = abs(offset) > _CLOCK_MAY_DIFFER
        detail = f"the server is {offset.total_seconds():+.0f} s ahead"
        remedy = "set this machine's clock" if apart else ""
        return Finding("clock", ok=not apart, warning=apart, detail=detail, remedy=remedy)

    def _key(self) -> Finding:
        """The end of the key that ends first; which of a user's keys is ours, nobody says."""
        try:
            rows = self._rows("res.users.apikeys", [], ["expiration_date"])
        except (AuthFailed, ContractBroken):  # versions before 18 have keys without an end
            return Finding("API key", ok=True, detail="its end cannot be asked for")
        ends = [
            datetime.fromisoformat(str(row["expiration_date"])).replace(tzinfo=UTC)
            for row in rows
            if row["expiration_date"]
        ]
        if not ends:
            return Finding("API key", ok=True, detail="without an end")
        soon = min(ends) - self._opening.now() < _KEY_ENDS_SOON
        return Finding(
            "API key",
            ok=not soon,
            warning=soon,
            detail=f"ends {min(ends):%Y-%m-%d}",
            remedy="make a new key before that day, and put it where api_key points to" if soon else "",
        )

    def _right(self, model: str, operations: tuple[str, ...], group: str) -> Finding:
        missing = [operation for operation in operations if not may(self._odoo, model, operation, _PURPOSE)]
        what = f"right {model}"
        if not missing:
            return Finding(what, ok=True, detail=", ".join(operations))
        return Finding(what, ok=False, detail=f"missing: {', '.join(missing)}", remedy=f"give the key's user {group}")

    def _language(self) -> Finding:
        """Names are kept per language: what is written in one is not what people read in another (NOTES section 4)."""
        installed = [str(code) for code, _ in self._odoo.read("res.lang", "get_installed", _PURPOSE).value]
        used = self._shop.context.get("lang")
        ours = {str(language) for language in (self._settings.get("languages") or {}).values()}
        absent = sorted((ours | ({used} if used else set())) - set(installed))
        if absent:
            remedy = f"install it there, or name one of {', '.join(installed)}"
            return Finding("language", ok=False, detail=f"not installed: {', '.join(absent)}", remedy=remedy)
        several = used is None and len(installed) > 1
        detail = used or "that of the key's user"
        return Finding(
            "language",
            ok=not several,
            warning=several,
            detail=f"{detail}, of {', '.join(installed)}" if several else detail,
            remedy="set lang to the one that the shop's people read" if several else "",
        )

    def _taxes(self) -> Finding:
        """The configured taxes are there, and include the VAT as the setting says (NOTES section 4)."""
        wanted = {str(id_): name for name, id_ in (self._settings.get("taxes") or {}).items()}
        known = self._rows("account.tax", [["type_tax_use", "=", "sale"]], ["name", "price_include"])
        listed = ", ".join(f"{row['id']} {row['name']}" for row in known)
        if not wanted:
            remedy = "name them: taxes = { standard = 3, … } in the channel's settings"
            return Finding("sales taxes", ok=False, detail=f"none is configured; there are {listed}", remedy=remedy)
        there = {str(row["id"]): bool(row["price_include"]) for row in known}
        absent = [f"{name} = {id_}" for id_, name in wanted.items() if id_ not in there]
        if absent:
            remedy = "correct `taxes` in the channel's settings"
            return Finding(
                "sales taxes", ok=False, detail=f"not there: {', '.join(absent)}; there are {listed}", remedy=remedy
            )
        form = self._settings.get("prices", "included")
        other = [name for id_, name in wanted.items() if there[id_] != (form == "included") and self._amount(id_)]
        if other:
            remedy = "choose taxes of one kind, or set `prices` in the channel's settings to what they are"
            return Finding(
                "sales taxes", ok=False, detail=f"not {form} in the price: {', '.join(other)}", remedy=remedy
            )
        return Finding("sales taxes", ok=True, detail=", ".join(sorted(wanted.values())))

    def _amount(self, tax: str) -> Decimal:
        (row,) = self._rows("account.tax", [["id", "=", int(tax)]], ["amount"])
        return Decimal(str(row["amount"]))

    def _decimals(self) -> Finding:
        rows = self._rows("decimal.precision", [["name", "=", "Product Price"]], ["digits"])
        digits = int(rows[0]["digits"]) if rows else 2
        scale = int(self._settings.get("price_scale", 2))
        if scale > digits:
            remedy = f"set price_scale = {digits} in the channel's settings, or raise the precision there"
            return Finding("price decimals", ok=False, detail=f"the server keeps {digits}, not {scale}", remedy=remedy)
        few = self._settings.get("prices") == "excluded" and scale < _ENOUGH_DECIMALS
        remedy = "use taxes that are included in the price, or raise the precision and price_scale to 3"
        return Finding(
            "price decimals",
            ok=not few,
            warning=few,
            detail=f"{scale}" + (": consumer prices come back a cent off" if few else ""),
            remedy=remedy if few else "",
        )

    def _references(self) -> Finding:
        wrong = []
        for setting, model in (("units", "uom.uom"), ("categories", "product.category")):
            named = [str(id_) for id_ in (self._settings.get(setting) or {}).values()]
            ids = [int(id_) for id_ in named if id_.isdecimal()]
            there = {str(row["id"]) for row in self._rows(model, [["id", "in", ids]], ["id"])} if ids else set()
            wrong += [f"{setting}: {id_}" for id_ in named if id_ not in there]
        remedy = "correct the ids in the channel's settings" if wrong else ""
        return Finding("units and categories", ok=not wrong, detail=", ".join(wrong), remedy=remedy)

    def _mobile(self) -> Finding:
        field = str(self._settings.get("mobile_field") or "")
        there = "mobile" in self._odoo.fields("res.partner")
        if field and field not in self._odoo.fields("res.partner"):
            remedy = 'set mobile_field = "" in the channel\'s settings'
            return Finding("mobile numbers", ok=False, detail=f"partners have no field {field}", remedy=remedy)
        lost = there and not field
        remedy = 'set mobile_field = "mobile" in the channel\'s settings' if lost else ""
        return Finding("mobile numbers", ok=not lost, warning=lost, detail=field or "not carried", remedy=remedy)

    def _locations(self) -> Finding:
        places = Places(self._odoo, self._opening).listed
        return Finding("locations", ok=True, detail=", ".join(place.code for place in places))

    def _list(self, name: str) -> Finding:
        """A list is of one currency; nothing is converted (canonical-model 3)."""
        id_ = self._shop.list_id(name)
        (row,) = self._rows("product.pricelist", [["id", "=", id_]], ["currency_id"])
        own = {company["currency_id"][1] for company in self._rows("res.company", [], ["currency_id"])}
        currency = row["currency_id"][1]
        other = currency not in own
        remedy = "see that [prices] states this currency for it, or name another list" if other else ""
        return Finding(f"price list {name}", ok=not other, warning=other, detail=f"{id_}, {currency}", remedy=remedy)

    def _rows(self, model: str, domain: list[Any], fields: list[str]) -> list[dict[str, Any]]:
        return list(self._odoo.read(model, "search_read", _PURPOSE, domain=domain, fields=fields).value)
