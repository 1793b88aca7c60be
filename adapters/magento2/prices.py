"""Prices: base, special and tier prices, read with the ``…-information`` calls and written in batches.

None of these calls moves a product's ``updated_at`` (NOTES section 3). So every round reads the prices
of the products that were saved since the last one, as people save them, and beside them a rolling
share of all: those behind the last one read, two hundred at least, and as many as it takes to come
round in ``price_rounds`` rounds. Comparing is the engine's work.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from math import ceil
from typing import Any, Final

import msgspec

from adapters.magento2.api import ALL, Api, chunks, failed
from adapters.magento2.batches import Batches, Line, Route, send_in_turn
from adapters.magento2.catalogue import Catalogue
from adapters.magento2.options import Options
from adapters.magento2.shop import Shop
from connector.contract import Opening, Page, Row, RowResult, Write
from connector.errors import ConnectorError, Gone, Rejected
from connector.model.entity import code_key

BASE, SPECIAL, TIER = "base", "special", "tier"
PARTS: Final = (BASE, SPECIAL, TIER)
WRITE_BATCH: Final = 500
READ_BATCH: Final = 100
#: Products whose prices every round reads at least.
SHARE: Final = 200
ALL_GROUPS: Final = "ALL GROUPS"
_PATHS: Final = {BASE: "base-prices", SPECIAL: "special-price", TIER: "tier-prices"}
#: Rows in a call: 500 base prices cost 0.15 s, 100 tier rows 1.2 s (NOTES section 11).
_SIZES: Final = {BASE: 500, SPECIAL: 500, TIER: 50}


class Rolling(msgspec.Struct, frozen=True):
    """Where the rolling share stands: the id of the last product read, and as of when the last round knew the shop."""

    after: int = 0
    since: str = ""


class Prices:
    """The price entity of one shop."""

    def __init__(self, api: Api, opening: Opening, shop: Shop, catalogue: Catalogue) -> None:
        self._api = api
        self._now = opening.now
        options: Options = opening.options
        self._rounds = options.price_rounds
        self._store_id = int(opening.settings.get("store_id", 0))
        self._lists = {name.casefold(): name for name in opening.lists}
        self._shop = shop
        self._catalogue = catalogue
        self._set = {part: self._batches(part, _PATHS[part]) for part in PARTS}
        self._unset = {part: self._batches(part, f"{_PATHS[part]}-delete") for part in (SPECIAL, TIER)}

    def _batches(self, part: str, path: str) -> Batches:
        return Batches(self._api, Route(f"{ALL}/products/{path}", "price", "prices", _SIZES[part]))

    def changes(self, cursor: str | None) -> Iterator[Page]:
        """What was saved since, and the next share of all; from the beginning everything."""
        since = self._catalogue.refresh("price")
        products = self._catalogue.products()
        done = msgspec.json.decode(cursor, type=Rolling) if cursor else None
        chosen, after = (products, 0) if done is None else self._share(products, done)
        return self._pages(chosen, msgspec.json.encode(Rolling(after, since)).decode())

    def _share(self, products: Sequence[tuple[str, str]], done: Rolling) -> tuple[list[tuple[str, str]], int]:
        """The products to read now, and the last one of the rolling share; 0 where the next begins anew."""
        size = max(SHARE, ceil(len(products) / self._rounds))
        behind = [product for product in products if int(product[0]) > done.after]
        share, saved = behind[:size], self._catalogue.saved_since(done.since)
        chosen = dict(share) | {id_: sku for id_, sku in products if id_ in saved}
        return list(chosen.items()), int(share[-1][0]) if len(share) < len(behind) else 0

    def everything(self) -> Iterator[Page]:
        """All prices of all products, a page per hundred products."""
        self._catalogue.refresh("price")
        return self._pages(self._catalogue.products(), None)

    def _pages(self, products: Sequence[tuple[str, str]], cursor: str | None) -> Iterator[Page]:
        batches = list(chunks(products, READ_BATCH)) or [[]]
        for place, batch in enumerate(batches, 1):
            began_at, last = self._now(), place == len(batches)
            yield Page(self._rows(batch), began_at, cursor if last else None, complete=last)

    def read(self, ids: Sequence[str]) -> list[Row]:
        """Prices by their id, which begins with the product's."""
        products = self._catalogue.skus([id_.partition("/")[0] for id_ in ids], "price")
        wanted = frozenset(ids)
        rows = (row for batch in chunks(list(products.items()), READ_BATCH) for row in self._rows(batch))
        return [row for row in rows if row.external_id in wanted]

    def find_of(self, products: Sequence[str]) -> dict[str, list[Row]]:
        """All prices of the products."""
        found: dict[str, list[Row]] = {product: [] for product in products}
        known = list(self._catalogue.skus(products, "price").items())
        for row in (row for batch in chunks(known, READ_BATCH) for row in self._rows(batch)):
            found[row.external_id.partition("/")[0]].append(row)
        return found

    def _rows(self, products: Sequence[tuple[str, str]]) -> list[Row]:
        ids = {code_key(sku): id_ for id_, sku in products}
        skus = [sku for _, sku in products]
        found = ((part, one) for part in PARTS if skus for one in self._information(part, skus))
        return [self._row(part, ids[_sku_key(one)], one) for part, one in found if _sku_key(one) in ids]

    def _information(self, part: str, skus: Sequence[str]) -> list[dict[str, Any]]:
        """The rows in our scope; unknown SKUs are left out by the shop."""
        rows = self._api.ask(f"{ALL}/products/{_PATHS[part]}-information", "price", {"skus": list(skus)})
        return self._in_scope(part, [row for row in rows if isinstance(row, dict)])

    def _in_scope(self, part: str, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Rows of our store or website; where it has none of its own, those for all."""
        member, ours = ("website_id" if part == TIER else "store_id"), self._scope(part)
        own = {tuple(_key(part, row)) for row in rows if row.get(member) == ours}
        return [row for row in rows if row.get(member) == ours or _is_for_all(row, member, tuple(_key(part, row)), own)]

    def _scope(self, part: str) -> int:
        """Whose prices are ours: 0, everybody's, unless the settings name a store because prices are per website."""
        return self._shop.website_id() if part == TIER and self._store_id else self._store_id

    def _row(self, part: str, product: str, row: Mapping[str, Any]) -> Row:
        id_ = _row_id(part, product, row)
        return Row(id_, dict(row), parent=_sku_key(row), place=self._place(part, row), part=part)

    def _place(self, part: str, row: Mapping[str, Any]) -> str:
        """The list that a row belongs to, as the configuration spells it: a group's own, else ``base``.

        Special prices are the base list's rows with dates, unless a list of their own is configured.
        """
        group = str(row.get("customer_group") or ALL_GROUPS)
        if part == TIER and group.casefold() != ALL_GROUPS.casefold():
            return self._lists.get(group.casefold(), group)
        return SPECIAL if part == SPECIAL and SPECIAL in self._lists else BASE

    def write(self, writes: Sequence[Write]) -> list[RowResult]:
        """Set, replace and remove price rows."""
        specials = self._present_specials(writes)
        objections = {write.token: self._objection(write, specials) for write in writes}
        kept = [write for write in writes if objections[write.token] is None]
        results = [failed(write, wrong) for write in writes if (wrong := objections[write.token]) is not None]
        return results + send_in_turn([call for part in PARTS for call in self._calls(part, kept)])

    def _calls(self, part: str, writes: Sequence[Write]) -> Iterator[tuple[Batches, list[Line]]]:
        """The rows of one kind, those to be removed first."""
        ours = [write for write in writes if _part(write) == part]
        if part in self._unset:
            yield self._unset[part], [self._line(write) for write in ours if write.operation == "delete"]
        yield self._set[part], [self._line(write) for write in ours if write.operation != "delete"]

    def _objection(self, write: Write, specials: Mapping[str, Mapping[str, Any]]) -> ConnectorError | None:
        """Why a write must not be sent, None where nothing speaks against it."""
        part, row = _part(write), self._line(write).row
        if not row["sku"]:
            return Gone("the product of this price is not known here", entity="price")
        if write.operation == "delete":
            return Rejected("a base price cannot be removed", remedy="set another price") if part == BASE else None
        if row.get("price") is None:
            return Rejected("a price row needs an amount", fields={"price": "missing"})
        return _period_objection(row, specials.get(_sku_key(row)), self._now()) if part == SPECIAL else None

    def _present_specials(self, writes: Sequence[Write]) -> dict[str, Mapping[str, Any]]:
        """The special prices that are there now, by folded SKU: a product holds one period only."""
        new = [write for write in writes if _part(write) == SPECIAL and write.operation != "delete"]
        skus = [sku for sku in dict.fromkeys(_sku(write) for write in new) if sku]
        rows = [row for batch in chunks(skus, READ_BATCH) for row in self._information(SPECIAL, batch)]
        return {_sku_key(row): row for row in rows}

    def _line(self, write: Write) -> Line:
        """The whole row: these calls take no part of one."""
        part = _part(write)
        given = {name: write.fields.get(name, write.before.get(name)) for name in _MEMBERS[part]}
        row: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        row["sku"] = _sku(write)
        marks = [_sku(write)]
        if part == TIER:
            group = ALL_GROUPS if write.place in ("", BASE) else write.place
            row = {"price_type": "fixed", "quantity": 1, "customer_group": group, "website_id": self._scope(part)} | row
            marks += [str(row["customer_group"]), _plain(row["quantity"])]
        row.setdefault(_SCOPE_MEMBER[part], self._scope(part))
        product = write.parent_id or write.external_id.partition("/")[0]
        return Line(write, _row_id(part, product, row), row, tuple(marks))


_MEMBERS: Final = {
    BASE: ("price", "store_id"),
    SPECIAL: ("price", "store_id", "price_from", "price_to"),
    TIER: ("price", "price_type", "website_id", "customer_group", "quantity"),
}
_SCOPE_MEMBER: Final = {BASE: "store_id", SPECIAL: "store_id", TIER: "website_id"}


def _part(write: Write) -> str:
    """The kind of row: said by the mapping, or by the id of what is there."""
    return write.part or next(iter(write.external_id.split("/")[1:2]), BASE)


def _sku(write: Write) -> str:
    return str(write.parent.get("sku") or write.before.get("sku") or "")


def _sku_key(row: Mapping[str, Any]) -> str:
    return code_key(str(row.get("sku") or ""))


def _row_id(part: str, product: str, row: Mapping[str, Any]) -> str:
    """``41/base``, ``41/special/2026-11-01``, ``41/tier/dealers/5``: the product's id outlives its SKU."""
    return "/".join([product, part, *_key(part, row)[1:]])


def base_id(product: str) -> str:
    """How the base price of a product is called."""
    return _row_id(BASE, product, {})


def _key(part: str, row: Mapping[str, Any]) -> list[str]:
    """What makes a row the same row: SKU, and the start of the period, or group and quantity."""
    if part == SPECIAL:
        return [_sku_key(row), str(row.get("price_from") or "")[:10]]
    if part == TIER:
        return [_sku_key(row), str(row.get("customer_group") or ALL_GROUPS).casefold(), _plain(row.get("quantity"))]
    return [_sku_key(row)]


def _is_for_all(row: Mapping[str, Any], member: str, key: tuple[str, ...], own: Collection[tuple[str, ...]]) -> bool:
    return row.get(member) == 0 and key not in own


def _plain(quantity: Any) -> str:
    return f"{Decimal(str(quantity or 1)).normalize():f}"


def _period_objection(row: Mapping[str, Any], there: Mapping[str, Any] | None, now: datetime) -> ConnectorError | None:
    """A product holds one period (NOTES section 4): the one in force stays, else the sooner one."""
    begins, ends = str(row.get("price_from") or ""), str(row.get("price_to") or "9999")
    if begins > ends:
        return Rejected("the special price ends before it begins", fields={"price_to": "before price_from"})
    if there is None or str(there.get("price_from") or "")[:10] == begins[:10]:
        return None
    theirs, until = str(there.get("price_from") or ""), str(there.get("price_to") or "9999")
    if until[:10] < f"{now:%Y-%m-%d}" or begins < theirs:
        return None
    return Rejected(
        "the shop holds one special price at a time, and another one comes first",
        fields={"price_from": "another period is in force or begins sooner"},
        remedy="it is written once the other period has ended; or remove that one",
    )
