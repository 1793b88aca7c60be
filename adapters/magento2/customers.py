"""Customers of one website, with their addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from adapters.magento2.api import ALL, Api, Filter, Groups, moment, one_by_one, started, written
from adapters.magento2.shapes import at, flattened, listed, nested, same
from adapters.magento2.shop import Shop
from connector.contract import Opening, Page, Row, RowResult, Write
from connector.errors import Gone, Rejected, Stale
from connector.model.entity import Key, Value, code_key

OVERLAP_S: Final = 60
PAGE: Final = 100
_SEARCH: Final = f"{ALL}/customers/search"
_ALL: Final = f"{ALL}/customers"
_ONE: Final = f"{ALL}/customers/{{id}}"
_DEFAULTS: Final = {"billing": "default_billing", "shipping": "default_shipping"}
_ADDRESSES: Final = ("billing", "shipping", "other")
_FIND_BY: Final = {"email": "email", "vat_number": "taxvat"}
#: Sent along with addresses, as the recorded calls did.
_ALONG: Final = ("email", "firstname", "lastname", "website_id")

Record = Mapping[str, Any]


class Customers:
    """The customer entity of one shop; e-mail addresses are unique per website."""

    def __init__(self, api: Api, opening: Opening, shop: Shop) -> None:
        self._api = api
        self._now = opening.now
        self._shop = shop

    def changes(self, cursor: str | None) -> Iterator[Page]:
        """Customers whose ``updated_at`` moved since the cursor; their addresses come along."""
        since = moment(cursor) if cursor else None
        begin = [] if since is None else [[Filter("updated_at", written(since - timedelta(seconds=OVERLAP_S)), "gteq")]]
        yield from self._pages(begin)

    def sweep(self) -> Iterator[Page]:
        """Every customer of our website."""
        yield from self._pages([])

    def read(self, ids: Sequence[str]) -> list[Row]:
        """Customers by id."""
        return [self._row(item) for item in self._items("entity_id", ids)]

    def find(self, keys: Sequence[Key]) -> dict[Key, list[Row]]:
        """Customers by e-mail address or VAT number; never by ``isEmailAvailable``, which says yes for a taken one."""
        found: dict[Key, list[Row]] = {key: [] for key in keys}
        for kind, name in _FIND_BY.items():
            wanted = {_comparable(kind, key.text): key for key in keys if key.kind == kind}
            for item in self._items(name, [key.text for key in wanted.values()]):
                key = wanted.get(_comparable(kind, str(item.get(name) or "")))
                if key is not None:
                    found[key].append(self._row(item))
        return found

    def _pages(self, groups: Groups) -> Iterator[Page]:
        cursor: str | None = None
        for found, last in self._api.listing(_SEARCH, [self._ours(), *groups], "customer", size=PAGE):
            cursor = cursor or started(found, self._now())
            rows = [self._row(item) for item in found.items]
            yield Page(rows, found.answer.began_at, cursor if last else None, complete=last)

    def _items(self, name: str, values: Sequence[str]) -> list[dict[str, Any]]:
        more = [self._ours()]
        return list(self._api.by_values(_SEARCH, name, list(dict.fromkeys(values)), "customer", more=more, size=PAGE))

    def _ours(self) -> list[Filter]:
        return [Filter("website_id", str(self._shop.website_id()))]

    def _row(self, item: Record) -> Row:
        return Row(str(item["id"]), self._record(item), modified_at=moment(item.get("updated_at")))

    def _record(self, item: Record) -> dict[str, Any]:
        """A customer as mappings see it: default addresses and further ones apart, the group by its code."""
        addresses = list(item.get("addresses") or ())
        defaults = {str(item.get(name)) for name in _DEFAULTS.values() if item.get(name)}
        record = flattened(item)
        record["group"] = self._shop.groups.get(int(item.get("group_id") or 0))
        record["other"] = [address for address in addresses if str(address.get("id")) not in defaults]
        for name, member in _DEFAULTS.items():
            record[name] = next((one for one in addresses if str(one.get("id")) == str(item.get(member))), None)
        if record["shipping"] is record["billing"]:
            record["shipping"] = None  # one address is both: there is no delivery address of its own
        return record

    def write(self, writes: Sequence[Write]) -> list[RowResult]:
        """Create and change customers, one call each."""
        known = {row.external_id: row.native for row in self.read([w.external_id for w in writes if w.external_id])}
        return one_by_one(writes, lambda write: self._one(write, known))

    def _one(self, write: Write, known: Mapping[str, Record]) -> RowResult:
        if write.operation not in ("create", "update"):
            raise Rejected("customers are neither archived nor deleted: their orders hang on them", entity="customer")
        if not write.external_id:
            body = self._body(write.fields, {}) | {
                "website_id": self._shop.website_id(),
                "store_id": self._shop.store_id(),
            }
            return self._result(write, self._api.write("POST", _ALL, "customer", {"customer": body}), write.fields)
        item = _expected(write, known)
        owed = {name: value for name, value in write.fields.items() if not same(at(item, name), value)}
        if not owed:
            return RowResult(write.token, write.external_id)
        body = {"id": item["id"]} | self._body(owed, item)
        stored = self._api.write("PUT", _ONE, "customer", {"customer": body}, {"id": write.external_id})
        return self._result(write, stored, owed)

    def _body(self, fields: Mapping[str, Value], item: Record) -> dict[str, Any]:
        """Fields as a customer; addresses as the full list, or not at all: a partial list deletes the others."""
        tree = nested(fields)
        changed: dict[str, Any] = {name: tree.pop(name) for name in _ADDRESSES if name in tree}
        if "group" in tree:
            tree["group_id"] = self._shop.group_id(str(tree.pop("group") or ""))
        if "custom_attributes" in tree:
            tree["custom_attributes"] = listed(tree["custom_attributes"])
        if changed:
            self._check_countries(changed)
            tree = {name: item[name] for name in _ALONG if name in item} | tree
            tree["addresses"] = addresses(changed, item)
        return tree

    def _check_countries(self, changed: Mapping[str, Any]) -> None:
        """An address in a country that the shop does not know would be dropped without a word (NOTES section 7)."""
        parts = [("other", one) for one in changed.get("other") or ()]
        parts += [(name, changed[name]) for name in _DEFAULTS if changed.get(name)]
        for name, address in parts:
            country = address.get("country_id")
            if country is not None and country not in self._shop.countries:
                raise Rejected(
                    "the shop does not know this country",
                    fields={f"{name}.country_id" if name != "other" else name: "unknown country"},
                    remedy="allow the country in the shop, or correct the address",
                )

    def _result(self, write: Write, stored: Record, sent: Mapping[str, Value]) -> RowResult:
        """Confirmed, or Rejected in what the shop dropped without a word: addresses above all."""
        record, id_ = self._record(stored), str(stored["id"])
        lost = {name: "not kept" for name, value in sent.items() if not _is_kept(record, name, value)}
        error = Rejected("the shop did not keep what it was sent", fields=lost, entity="customer", external_id=id_)
        return RowResult(write.token, id_, error=error if lost else None)


def addresses(changed: Mapping[str, Any], item: Record) -> list[dict[str, Any]]:
    """The full list of addresses: changed ones merged into what is there, emptied ones left out.

    Without a delivery address of its own, the billing address is both defaults.
    """
    now = {name: item.get(name) for name in _DEFAULTS}
    new = {name: _merged(now[name], changed[name]) if name in changed else now[name] for name in _DEFAULTS}
    return _flagged(new) + [dict(one) for one in (changed["other"] if "other" in changed else item.get("other")) or ()]


def _flagged(new: Mapping[str, dict[str, Any] | None]) -> list[dict[str, Any]]:
    """Default addresses with their flags."""
    billing, shipping = new["billing"], new["shipping"]
    first = [{**billing, "default_billing": True, "default_shipping": shipping is None}] if billing else []
    return first + ([{**shipping, "default_billing": False, "default_shipping": True}] if shipping else [])


def _merged(there: Mapping[str, Any] | None, changes: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """An address with its changes; None where nothing of an address is left."""
    merged = {**(there or {}), **(changes or {})}
    region = (changes or {}).get("region")
    if isinstance(region, Mapping):
        merged = {name: value for name, value in merged.items() if name != "region_id"}
        merged["region"] = {"region": region.get("region")}
    return merged if changes is not None and any(merged.get(name) for name in ("street", "postcode", "city")) else None


def _expected(write: Write, known: Mapping[str, Record]) -> Record:
    """The customer as it is, which must still be what the write expects to replace."""
    item = known.get(write.external_id)
    if item is None:
        raise Gone("the customer is not there any more", entity="customer", external_id=write.external_id)
    for name in write.fields.keys() & write.before.keys():
        now = at(item, name)
        if not same(now, write.before[name]) and not same(now, write.fields[name]):
            raise Stale("the customer has changed", entity="customer", external_id=write.external_id)
    return item


def _is_kept(record: Record, name: str, value: Value) -> bool:
    there = at(record, name)
    if name in ("email", "group"):
        return str(there).casefold() == str(value).casefold()
    if name == "other":
        return len(there or ()) >= len(value if isinstance(value, list) else ())
    return same(there, value) or (isinstance(value, list) and same(there, [one for one in value if one]))


def _comparable(kind: str, text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.casefold()) if kind == "vat_number" else code_key(text)
