"""What can be tried without changing anything, and without an error where one can be foreseen: ``connector check``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from adapters.exact_online.accounts import ACCOUNTS
from adapters.exact_online.api import Api
from adapters.exact_online.division import Division
from adapters.exact_online.items import ITEMS
from adapters.exact_online.options import Options
from adapters.exact_online.orders import till_journal
from adapters.exact_online.prices import PRICES
from adapters.exact_online.properties import NOT_SYNCED
from adapters.exact_online.stock import COUNTS, ITEM_WAREHOUSES
from connector.contract import Finding, Opening
from connector.errors import AuthFailed, ChannelError, Rejected
from connector.model.entity import Entity
from connector.transport.tokens import RotatingTokens

_LANE: Final = "check"
#: A record that no division has: a filter that must answer an empty list, and so tries the right alone.
_NOBODY: Final = "guid'00000000-0000-0000-0000-000000000000'"
_NEVER: Final = 2**62
_CLOCK: Final = timedelta(seconds=30)
_READS: Final = {
    Entity.PRODUCT: (ITEMS, "sync/Logistics/Items"),
    Entity.CUSTOMER: (ACCOUNTS, "sync/CRM/Accounts"),
    Entity.PRICE: (PRICES, "sync/Logistics/SalesItemPrices"),
    Entity.STOCK: (ITEM_WAREHOUSES, "sync/Inventory/StockPositions"),
}
_FORMS: Final = {"I": "included", "E": "excluded"}


class Checks:
    """The findings of one channel, in the order in which a person would look."""

    def __init__(self, api: Api, opening: Opening, division: Division, tokens: RotatingTokens) -> None:
        self._api = api
        self._opening = opening
        self._options: Options = opening.options
        self._division = division
        self._tokens = tokens

    def run(self) -> Iterator[Finding]:
        """Every finding; without a token, a user and a division the others cannot be had."""
        for what, attempt in (("token", self._token), ("user", self._user), ("division", self._state)):
            finding = self._tried(what, attempt)
            yield finding
            if not finding.ok:
                return
        yield self._clock()
        for entity in self._opening.names:
            yield from self._rights(entity)
        yield from self._references()
        if Entity.STOCK in self._opening.names:
            yield from self._stock()
        yield from self._unsynced()
        yield self._budgets()

    def _tried(self, what: str, attempt: Callable[[], str]) -> Finding:
        try:
            return Finding(what, ok=True, detail=attempt())
        except AuthFailed as wrong:
            return Finding(what, ok=False, detail=str(wrong), remedy=_consent(self._opening.channel))
        except ChannelError as wrong:
            remedy = getattr(wrong, "remedy", "") or "look at base_url and division, and whether the host answers"
            return Finding(what, ok=False, detail=str(wrong), remedy=remedy)

    def _token(self) -> str:
        age = self._opening.now() - self._tokens.pair().obtained_at
        return f"obtained {max(age, timedelta(0)).total_seconds():.0f} s ago"

    def _user(self) -> str:
        user, _ = self._api.me(["CurrentDivision", "LanguageCode"], _LANE)
        language = user.get("LanguageCode") or "unknown"
        return f"its language is {language}: refusals come in it, keep it as it is"

    def _state(self) -> str:
        state = self._division.look(_LANE)
        if state.blocked:
            raise Rejected("the division is blocked", remedy="wait until its backup or conversion has ended")
        if state.archived:
            raise Rejected("the division is archived", remedy="correct `division`")
        return f"{self._options.division}, currency {state.currency}"

    def _clock(self) -> Finding:
        """Ours against the host's, and the zone of its moments."""
        try:
            clock = self._division.clock(_LANE)
        except ChannelError as wrong:
            return Finding("clock", ok=False, detail=str(wrong))
        offset = self._api.transport.clock_offset or timedelta(0)
        if clock.agrees is False:
            remedy = "set host_timezone to the zone of the host, as Europe/London"
            return Finding("clock", ok=False, warning=True, detail="its moments are in another zone", remedy=remedy)
        off = abs(offset) > _CLOCK
        remedy = "set both clocks by NTP" if off else ""
        return Finding("clock", ok=not off, warning=off, detail=f"{offset.total_seconds():+.0f} s", remedy=remedy)

    def _rights(self, entity: Entity) -> Iterator[Finding]:
        """Each endpoint by itself: a refusal of one says nothing about the others (fact 6)."""
        single, sync = _READS[entity]
        yield self._tried(
            f"may read {single}", lambda: _count(self._api.listing(single, ["ID"], _LANE, f"ID eq {_NOBODY}"))
        )
        yield self._tried(f"may read {sync}", lambda: self._sync(sync))
        if entity is Entity.CUSTOMER:
            for name in ("sync/CRM/Contacts", "sync/CRM/Addresses"):
                yield self._tried(f"may read {name}", self._reading(name))

    def _reading(self, entity: str) -> Callable[[], str]:
        return lambda: self._sync(entity)

    def _sync(self, entity: str) -> str:
        """Behind the last row version there is nothing to read: the right alone is tried."""
        for _ in self._api.synced(entity, [], _NEVER, _LANE):
            break
        return ""

    def _references(self) -> Iterator[Finding]:
        """Codes that the settings name must exist in this division."""
        settings = self._opening.settings
        if Entity.PRODUCT in self._opening.names or Entity.PRICE in self._opening.names:
            yield from self._vat_codes(settings)
        if Entity.PRODUCT in self._opening.names:
            yield from self._units(settings)
            yield self._tried("item groups", self._item_groups)

    def _vat_codes(self, settings: Mapping[str, Any]) -> Iterator[Finding]:
        """They exist, are not blocked, and say of prices what the settings say (fact 128)."""
        rows = self._rows("vat/VATCodes", ["Code", "Type", "IsBlocked", "Percentage"])
        if isinstance(rows, Finding):
            yield rows
            return
        known = {str(row.get("Code") or "").strip(): row for row in rows}
        for name, code in dict(settings.get("vat_codes") or {}).items():
            fault = _vat_fault(known.get(str(code)), _form(settings, name))
            remedy = f"correct [channels.{self._opening.channel}.settings]; there are {', '.join(sorted(known))}"
            yield Finding(f"VAT code {code} ({name})", ok=not fault, detail=fault, remedy=remedy if fault else "")

    def _units(self, settings: Mapping[str, Any]) -> Iterator[Finding]:
        rows = self._rows("logistics/Units", ["Code", "Active"])
        if isinstance(rows, Finding):
            yield rows
            return
        known = {str(row.get("Code") or "").strip() for row in rows}
        for name, code in dict(settings.get("units") or {}).items():
            fault = "" if str(code) in known else "does not exist"
            remedy = f"correct [channels.{self._opening.channel}.settings]; there are {', '.join(sorted(known))}"
            yield Finding(
                f"unit {code} ({name})", ok=not fault, warning=bool(fault), detail=fault, remedy=remedy if fault else ""
            )

    def _item_groups(self) -> str:
        rows = self._api.listing("logistics/ItemGroups", ["Code", "IsDefault"], _LANE)
        default = next((str(row.get("Code") or "").strip() for row in rows if row.get("IsDefault")), "")
        if not default:
            raise Rejected("no item group is the default", remedy="make one the default: new items need it")
        return f"new items come into {default}"

    def _rows(self, entity: str, select: Sequence[str]) -> Sequence[Mapping[str, Any]] | Finding:
        """The rows of a list of reference data, or why they cannot be had."""
        rows: list[Mapping[str, Any]] = []

        def read() -> str:
            rows.extend(self._api.listing(entity, select, _LANE))
            return _count(rows)

        finding = self._tried(f"may read {entity}", read)
        return rows if finding.ok else finding

    def _stock(self) -> Iterator[Finding]:
        """Warehouses and counts need a licence of their own (fact 140)."""
        finding = self._tried("warehouses", lambda: _count(list(self._division.warehouses(_LANE))))
        yield finding
        if not finding.ok:
            return
        known = self._division.warehouses(_LANE)
        for code in self._opening.locations:
            fault = "" if code in known else "does not exist"
            remedy = f"correct the location's code; there are {', '.join(sorted(known))}" if fault else ""
            yield Finding(f"warehouse {code}", ok=not fault, detail=fault, remedy=remedy)
            if code in known and known[code].storage is not None:
                yield _storage(code, known[code].storage or "")
        counts = f"StockCountID eq {_NOBODY}"
        yield self._tried(
            "may read stock counts", lambda: _count(self._api.listing(COUNTS, ["StockCountID"], _LANE, counts))
        )
        if self._options.sales_orders:
            for name in ("SalesOrderHeaders", "SalesOrderLines", "GoodsDeliveries", "GoodsDeliveryLines"):
                yield self._tried(f"may read {name}", self._reading(f"sync/SalesOrder/{name}"))
        if self._opening.books:
            yield self._tried("till journal", self._journal)

    def _journal(self) -> str:
        rows = self._api.listing("financial/Journals", ["Code", "Type"], _LANE)
        journal = till_journal(self._opening)
        if journal not in {str(row.get("Code") or "").strip() for row in rows}:
            raise Rejected("it does not exist", remedy="correct `books` in [sync.stock] of this channel")
        return journal

    def _budgets(self) -> Finding:
        """What the host's headers said last."""
        told = ", ".join(f"{one.name} {one.remaining} of {one.limit}" for one in self._api.stated.values())
        return Finding("calls left", ok=True, detail=told or "not stated")

    def _unsynced(self) -> Iterator[Finding]:
        """Properties that the change feeds do not have, and which are therefore not read."""
        for entity, names in NOT_SYNCED.items():
            for name in sorted(names & self._opening.names.get(entity, frozenset())):
                remedy = "take it out of the mapping"
                yield Finding(
                    f"{entity} property {name}", ok=False, warning=True, detail="is in no feed", remedy=remedy
                )


def _count(rows: Sequence[Any]) -> str:
    return f"{len(rows)} of them" if rows else ""


def _form(settings: Mapping[str, Any], vat_class: str) -> str:
    """What the settings say of prices of a VAT class: ``included``, ``excluded``, or "" for nothing."""
    prices = settings.get("prices")
    return str(prices.get(vat_class, "") if isinstance(prices, Mapping) else prices or "")


def _vat_fault(row: Mapping[str, Any] | None, form: str) -> str:
    """What is wrong with a VAT code; a code of 0 % or without VAT says nothing of prices."""
    if row is None:
        return "does not exist"
    if row.get("IsBlocked"):
        return "is blocked"
    means = _FORMS.get(str(row.get("Type") or "").strip())
    return f"prices with it are {means}, the settings say {form}" if means and form and means != form else ""


def _storage(code: str, default: str) -> Finding:
    """Counts in a warehouse with storage locations go to its default one (fact 136)."""
    told = "its counts go to its default storage location" if default else "has no default storage location"
    remedy = "" if default else "set one in the warehouse; counts there are refused until then"
    return Finding(f"warehouse {code}, storage", ok=bool(default), warning=not default, detail=told, remedy=remedy)


def _consent(channel: str) -> str:
    return f"run `connector auth {channel}`, or widen the app's scope, the user's rights or the licence"
