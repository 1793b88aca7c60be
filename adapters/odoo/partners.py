"""Customers: a partner, its first contact and its child addresses as one record (NOTES section 7).

A child's change does not move its parent, so that parents are found through both. All of one customer is
written in one call, children among it: it is carried out whole, or not at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from adapters.odoo import children
from adapters.odoo.api import Odoo
from adapters.odoo.batches import Change, Records
from adapters.odoo.children import CONTACT, KINDS, OTHERS
from adapters.odoo.feeds import BLOCK, Feed, wire
from adapters.odoo.lives import ACTIVE, by_token, change_lives, create
from adapters.odoo.lookup import by_code
from adapters.odoo.results import by_kind, in_turn, prepared, result
from adapters.odoo.shop import Shop
from connector.contract import Evidence, Opening, Page, Row, RowResult, Write
from connector.errors import ChannelError, Gone
from connector.model.entity import Entity, Key, Native

MODEL: Final = "res.partner"
_LANE: Final = Entity.CUSTOMER
#: Key → the field that holds it, and the one that is searched for it.
_KEYS: Final = {
    "email": ("email", "email_normalized"),
    "vat_number": ("vat", "vat"),
    "customer_no": ("ref", "ref"),
    "loyalty_card": ("barcode", "barcode"),
}
#: Key → how it spells what people type with dots and blanks.
_SPELLED: Final = {"vat_number": lambda text: "".join(filter(str.isalnum, text))}
#: What the adapter makes of several fields, or of other records.
_MADE: Final = frozenset({"person", "company", ACTIVE})
_OWN: Final = frozenset(
    {"name", "company_name", "is_company", "email", "vat", "ref", "barcode", "country_id", "phone", ACTIVE}
)


class Partners:
    """The customer entity of one company: partners without a parent, save its own people and suppliers."""

    def __init__(self, odoo: Odoo, opening: Opening, shop: Shop) -> None:
        self._odoo = odoo
        self._shop = shop
        self._names = opening.names.get(_LANE, frozenset())
        self._records = Records(odoo, MODEL, _LANE.value, shop.context)

    @property
    def _feed(self) -> Feed:
        own = {name for name in self._names if "." not in name} - _MADE
        return self._shop.feed(MODEL, frozenset(own) | _OWN, self._domain(), _LANE)

    def _domain(self) -> list[Any]:
        """Neither somebody's child, nor an employee, nor the company itself, nor a mere supplier.

        Customers who log in to its portal are users too, of the kind that is shared; the patterns from which such
        users are made are archived ones.
        """
        people = [["partner_share", "=", True], "|", ["user_ids", "=", False], ["user_ids.active", "=", True]]
        domain: list[Any] = [["parent_id", "=", False], *people]
        known = self._odoo.fields(MODEL)
        if "ref_company_ids" in known:
            domain.append(["ref_company_ids", "=", False])
        if {"customer_rank", "supplier_rank"} <= known.keys():
            domain += ["|", ["customer_rank", ">", 0], ["supplier_rank", "=", 0]]
        return domain

    # --- reading

    def changes(self, cursor: str | None) -> Iterator[Page]:
        """Customers that changed, or a child of whom did."""
        if cursor is None:
            return (replace(page, rows=self._rows(page.rows)) for page in self._feed.changes(None))
        feed = self._feed
        found = feed.since(cursor)
        children_found = self._children.since(cursor)
        parents = self._parents(children_found.value)
        ids = sorted({*found.value, *feed.search([*feed.domain, ["id", "in", parents]]).value})
        pages = feed.pages(replace(found, value=ids), cursor=wire(found.server_at))
        return (replace(page, rows=self._rows(page.rows)) for page in pages)

    def sweep(self) -> Iterator[Page]:
        """All customers, archived ones too."""
        return (replace(page, rows=self._rows(page.rows)) for page in self._feed.sweep())

    def read(self, ids: Sequence[str]) -> list[Row]:
        """These customers; those that are not there are left out."""
        return self._rows(self._feed.read([int(id_) for id_ in ids if id_.isdecimal()]))

    def find(self, keys: Sequence[Key]) -> dict[Key, list[Row]]:
        """Customers by e-mail, VAT number, customer number or card; more than one may answer."""
        found: dict[Key, list[Row]] = {key: [] for key in keys}
        for kind, (field, searched) in _KEYS.items():
            some = by_code(
                self._feed, field, [key for key in keys if key.kind == kind], searched, _SPELLED.get(kind, str)
            )
            found |= {key: self._rows(rows) for key, rows in some.items()}
        return found

    @property
    def _children(self) -> Feed:
        """Child addresses and contacts, of whomever."""
        return self._shop.feed(MODEL, children.FIELDS, [["parent_id", "!=", False]], _LANE)

    def _parents(self, ids: Sequence[int]) -> list[int]:
        rows = self._children.read(ids)
        return sorted({int(row.native["parent_id"]) for row in rows if row.native["parent_id"] is not None})

    def _rows(self, rows: Sequence[Row]) -> list[Row]:
        """Records under the mapping's names, with the children of each."""
        around: dict[str, list[Row]] = defaultdict(list)
        feed = self._children
        for start in range(0, len(rows), BLOCK):
            ids = [int(row.external_id) for row in rows[start : start + BLOCK]]
            living = [["parent_id", "in", ids], [ACTIVE, "=", True]]
            for child in feed.read(feed.search(living).value) if ids else ():
                around[str(child.native["parent_id"])].append(child)
        return [self._row(row, children.sorted_out(around[row.external_id])) for row in rows]

    def _row(self, row: Row, parts: Mapping[str, Any]) -> Row:
        native = dict(row.native)
        first = parts.get(CONTACT, {}).get("name")
        company = bool(native["is_company"])
        native["person"] = first if company else native["name"]
        native["company"] = native["name"] if company else native.get("company_name")
        native["country"] = self._country(native.pop("country_id"))
        for kind, part in parts.items():
            native[kind] = self._addresses(part) if kind == OTHERS else self._address(part)
        ids = {kind: str(part["id"]) for kind, part in parts.items() if kind in KINDS}
        moments = [row.modified_at, *(part["modified_at"] for kind, part in parts.items() if kind in KINDS)]
        newest = max((moment for moment in moments if moment is not None), default=None)
        return replace(row, native=native, parts=ids, modified_at=newest)

    def _country(self, id_: Any) -> str | None:
        return None if id_ is None else self._shop.countries.get(int(id_))

    def _addresses(self, parts: Sequence[Mapping[str, Any]]) -> Native:
        return {"list": [{**self._address(part), "id": part["id"]} for part in parts]}

    def _address(self, part: Mapping[str, Any]) -> dict[str, Any]:
        """What somebody typed of a child."""
        typed = {name: part[name] for name in children.TYPED}
        return typed | {"country": self._country(part["country_id"])}

    # --- writing

    def write(self, writes: Sequence[Write]) -> list[RowResult]:
        """A result for each."""
        return in_turn(by_kind(writes, self._create, self._update))

    def _create(self, writes: Sequence[Write]) -> list[RowResult]:
        values, refused = prepared(writes, self._values)
        left = [write for write in writes if write.token in values]
        made = create(self._records, left, values)
        results = [
            result(write, one.error, "" if one.id is None else str(one.id))
            for write, one in zip(left, made, strict=True)
        ]
        return results + [result(write, refused[write.token], "") for write in writes if write.token in refused]

    def _update(self, writes: Sequence[Write]) -> list[RowResult]:
        values, refused = prepared(writes, self._values)
        errors: dict[str, ChannelError | None] = dict(refused)
        plain = [write for write in writes if values.get(write.token)]
        changes = [Change(int(write.external_id), values[write.token]) for write in plain]
        errors |= by_token(plain, self._records.update(changes))
        whole = [write for write in writes if errors.get(write.token) is None]
        errors |= change_lives(self._records, whole, begun=bool(plain))
        return [result(write, errors.get(write.token), write.external_id) for write in writes]

    def _values(self, write: Write) -> dict[str, Any]:
        """The mapping's names as fields, children as commands. Raises Gone, Rejected."""
        if write.external_id and not write.external_id.isdecimal():
            raise Gone("no customer has such an id")
        own = {name: value for name, value in write.fields.items() if "." not in name and name not in _MADE}
        if "country" in own:
            country = own.pop("country")
            own["country_id"] = None if country is None else self._shop.country_id(str(country))
        own |= self._named(write)
        commands = children.commands(write, self._shop)
        return own | ({"child_ids": commands} if commands else {})

    @staticmethod
    def _named(write: Write) -> dict[str, Any]:
        """The names of a person and a company, where this partner has them; a contact's is written with it."""
        fields = write.fields
        if not (fields.get("is_company", write.before.get("is_company"))):
            names = {"person": "name", "company": "company_name"}
        else:
            names = {"company": "name"}
        named = {names[name]: value for name, value in fields.items() if name in names}
        if not write.external_id and named.get("name") is None:
            named["name"] = fields.get("person")  # a company without a name of its own bears its person's
        return named

    def landed(self, write: Write) -> Evidence | None:
        """A create by its mark; an update leaves none."""
        return self._records.made_by(write.token) if write.operation == "create" else None
