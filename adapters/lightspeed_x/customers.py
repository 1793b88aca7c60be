"""Customers: read as a feed, looked up in it, written one a call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from typing import Final

from adapters.lightspeed_x.api import Api, Batch, Json, moment, one_by_one, without
from adapters.lightspeed_x.position import Position, pack, unpack
from adapters.lightspeed_x.products import moved
from adapters.lightspeed_x.shop import Shop
from connector.contract import Opening, Page, Row, RowResult, Write
from connector.errors import AmbiguousWrite, Gone, Rejected
from connector.model.entity import Entity, Key, code_key

PURPOSE: Final = Entity.CUSTOMER.value
FEED: Final = "customers"
_PATH: Final = "/customers/{customer_id}"
#: Members that a new customer must have, if only as null (NOTES section 8).
_REQUIRED: Final = ("first_name", "last_name")


class Customers:
    """The customer entity of one shop."""

    def __init__(self, api: Api, opening: Opening, shop: Shop) -> None:
        self._api = api
        self._shop = shop
        self._names = opening.names.get(Entity.CUSTOMER, frozenset())
        self._index = Index(api, str(opening.settings.get("vat_number_field") or ""))

    def changes(self, cursor: str | None) -> Iterator[Page]:
        """What changed, deletions among it."""
        position = unpack(cursor, (FEED,))[FEED]
        for batch in self._api.feed(f"/{FEED}", PURPOSE, position.start, deleted=True, known=position.seen):
            position = moved(position, batch)
            yield Page(self._rows(batch), batch.began_at, pack({FEED: position}), complete=batch.last)

    def sweep(self) -> Iterator[Page]:
        """Everyone who lives."""
        for batch in self._api.feed(f"/{FEED}", PURPOSE, 0):
            yield Page(self._rows(batch), batch.began_at, complete=batch.last)

    def read(self, ids: Sequence[str]) -> list[Row]:
        """One call each: the API has no other way to read by id."""
        found = (self._get(id_) for id_ in ids)
        return [self._row(row) for row in found if row is not None]

    def find(self, keys: Sequence[Key]) -> dict[Key, list[Row]]:
        """Customers by e-mail or VAT number, through the feed: ``/search`` may lag behind a write just made."""
        self._index.refresh()
        found: dict[Key, list[Row]] = {}
        for key in keys:
            rows = self.read(sorted(self._index.ids(key)))
            found[key] = [row for row in rows if key in self._index.keys_of(row.native)]
        return found

    def write(self, writes: Sequence[Write]) -> list[RowResult]:
        """A result for each. Customers are never deleted here: sales hang on them."""
        return one_by_one(writes, self._one)

    def _one(self, write: Write) -> RowResult:
        if write.operation in ("delete", "archive"):
            raise Rejected("customers are not deleted here", remedy="delete it in the shop by hand")
        members = self._members(write.fields)
        if write.external_id:
            stored = self._api.write("PUT", _PATH, PURPOSE, members, customer_id=write.external_id)
        else:
            stored = self._api.write("POST", f"/{FEED}", PURPOSE, dict.fromkeys(_REQUIRED) | members)
        if not isinstance(stored, dict) or not stored.get("id"):
            raise AmbiguousWrite("the customer was sent, and answered without an id")
        return RowResult(write.token, str(stored["id"]), version=str(stored.get("version") or ""))

    def _members(self, fields: Mapping[str, object]) -> Json:
        members = without(fields, "customer_group")
        group = fields.get("customer_group")
        if group:
            members["customer_group_id"] = self._shop.groups.id_of(str(group), PURPOSE, "customer_group")
        return members

    def _get(self, id_: str) -> Json | None:
        try:
            row: Json = self._api.get(_PATH, PURPOSE, customer_id=id_)
        except Gone:
            return None
        return None if row.get("deleted_at") else row

    def _rows(self, batch: Batch) -> list[Row]:
        return [self._row(row) for row in batch.rows]

    def _row(self, customer: Json) -> Row:
        named: Json = {}
        if "customer_group" in self._names and not customer.get("deleted_at"):
            named["customer_group"] = self._shop.groups.name(customer.get("customer_group_id"), PURPOSE)
        at = moment(customer.get("updated_at"))
        return Row(
            str(customer["id"]),
            {**customer, **named},
            modified_at=None if at is None else at.astimezone(UTC),
            version=str(customer["version"]),
            deleted=bool(customer.get("deleted_at")),
        )


class Index:
    """Ids of living customers by key. The first look-up of a process reads everyone; later ones what changed since."""

    def __init__(self, api: Api, vat_field: str) -> None:
        self._api = api
        self._vat_field = vat_field
        self._position = Position()
        self._ids: dict[Key, set[str]] = {}
        self._keys: dict[str, frozenset[Key]] = {}

    def refresh(self) -> None:
        """Come up to date; sees our own writes."""
        for batch in self._api.feed(f"/{FEED}", PURPOSE, self._position.start, deleted=True):
            for customer in batch.rows:
                self._learn(customer)
            self._position = moved(self._position, batch)

    def ids(self, key: Key) -> set[str]:
        """Those that have this key."""
        return self._ids.get(key, set())

    def keys_of(self, customer: Mapping[str, object]) -> frozenset[Key]:
        """The keys of a customer as it is stored there."""
        texts = {"email": customer.get("email"), "vat_number": _bare(customer.get(self._vat_field))}
        return frozenset(Key(kind, code_key(text)) for kind, text in texts.items() if isinstance(text, str) and text)

    def _learn(self, customer: Json) -> None:
        id_ = str(customer["id"])
        keys = frozenset() if customer.get("deleted_at") else self.keys_of(customer)
        for key in self._keys.pop(id_, frozenset()) - keys:
            self._ids[key].discard(id_)
        for key in keys:
            self._ids.setdefault(key, set()).add(id_)
        if keys:
            self._keys[id_] = keys


def _bare(text: object) -> str:
    """A VAT number without the dots and blanks that people put into it."""
    return "".join(letter for letter in text if letter.isalnum()) if isinstance(text, str) else ""
