"""Customers: an account, its main contact and its addresses as one record (section 14).

Read whole, the three lists are joined in memory; of what changed, the accounts concerned are read again
by id, since a contact or an address says only whose it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from adapters.exact_online import odata
from adapters.exact_online.addresses import ADDRESSES, DELIVERY, INVOICE, OTHERS, further, main_address, write_further
from adapters.exact_online.api import Api, failed, one_by_one
from adapters.exact_online.division import Division
from adapters.exact_online.feeds import ACCOUNT, ADDRESS, CONTACT, Cursor, Feeds
from adapters.exact_online.properties import selected
from connector.contract import Opening, Page, Row, RowResult, Write
from connector.errors import Rejected
from connector.model.entity import Entity, Key

ACCOUNTS: Final = "crm/Accounts"
CONTACTS: Final = "crm/Contacts"
PARTS: Final = ("", "contact", "invoice", "delivery", OTHERS)
_SYNC: Final = {
    ACCOUNTS: "sync/CRM/Accounts",
    CONTACTS: "sync/CRM/Contacts",
    ADDRESSES: "sync/CRM/Addresses",
}
_LANE: Final = Entity.CUSTOMER.value
_CUSTOMER: Final = "C"
#: Part → type of its main address (fact 145).
_TYPES: Final = {"invoice": INVOICE, "delivery": DELIVERY}
#: Accounts of one page of changes.
_PAGE: Final = 100
_CODE: Final = 18

Native = Mapping[str, Any]


@dataclass(frozen=True)
class _Around:
    """Contacts and addresses by account."""

    contacts: Mapping[str, Sequence[Native]]
    addresses: Mapping[str, Sequence[Native]]


class Accounts:
    """The customer entity of one division; only accounts with Status C."""

    def __init__(self, api: Api, opening: Opening, division: Division, feeds: Feeds) -> None:
        self._api = api
        self._division = division
        self._feeds = feeds
        self._owners: dict[str, str] = {}
        addresses = set(selected(opening, Entity.CUSTOMER, ("ID", "Account", "Type", "Main", "Modified"), "invoice"))
        self._select = {
            ACCOUNTS: selected(
                opening, Entity.CUSTOMER, ("ID", "Code", "Status", "MainContact", "Email", "VATNumber", "Modified")
            ),
            CONTACTS: selected(opening, Entity.CUSTOMER, ("ID", "Account", "Modified"), "contact"),
            ADDRESSES: sorted(addresses | set(selected(opening, Entity.CUSTOMER, (), "delivery"))),
        }

    def changes(self, stored: str | None) -> Iterator[Page]:
        """Accounts that changed, or whose contact or address did, behind three row versions; then deletions."""
        cursor = self._feeds.begin(stored, _LANE)
        began_at = self._feeds.now()
        if not cursor.marks:
            yield from self._joined(cursor)
        else:
            yield from self._again(sorted(self._concerned(cursor)))
        gone = self._feeds.deleted(cursor, (ACCOUNT,), _LANE)
        yield Page([Row(id_, {}, deleted=True) for _, id_ in gone], began_at, cursor.text(), complete=True)

    def sweep(self) -> Iterator[Page]:
        """Every customer."""
        around = self._all_around({})
        for page in self._feeds.everything(_SYNC[ACCOUNTS], self._select[ACCOUNTS], _LANE):
            yield Page(self._customers(page.rows, around), page.began_at, complete=page.last)

    def read(self, ids: Sequence[str]) -> list[Row]:
        """Accounts by their id, whatever has become of their status."""
        known = [id_ for id_ in ids if odata.is_guid(id_)]
        natives = [row for some in odata.chunks(known) for row in self._list(ACCOUNTS, "ID", map(odata.guid, some))]
        around = self._around([str(native["ID"]).lower() for native in natives])
        return [self._row(native, around) for native in natives]

    def find(self, keys: Sequence[Key]) -> dict[Key, list[Row]]:
        """Customers by e-mail, VAT number or customer number; more than one may answer (fact 144)."""
        found: dict[Key, list[Row]] = {}
        for some in odata.chunks(keys):
            terms = " or ".join(term for term in map(_term, some) if term)
            natives = self._api.listing(ACCOUNTS, self._select[ACCOUNTS], _LANE, terms) if terms else []
            around = self._around([str(native["ID"]).lower() for native in natives])
            rows = self._customers(natives, around)
            found |= {key: [row for row in rows if _has(row.native, key)] for key in some}
        return found

    def write(self, writes: Sequence[Write]) -> list[RowResult]:
        """One call per write: the account, its contact or one address, as its part says; of a list one per address."""
        return one_by_one(writes, self._write)

    def _write(self, write: Write) -> RowResult:
        if write.operation == "delete":
            remedy = "archive: it sets the last day of the account"
            return failed(write, Rejected("accounts are not deleted", remedy=remedy))
        if not write.part:
            return self._write_account(write)
        if write.part == OTHERS:
            write_further(self._api, write, _LANE)
            return RowResult(write.token, write.external_id)
        entity = CONTACTS if write.part == "contact" else ADDRESSES
        head = f"{write.part}."
        body = {name.removeprefix(head): value for name, value in write.fields.items()}
        try:
            return self._write_part(write, entity, body)
        except Rejected as wrong:
            wrong.fields = {head + name: text for name, text in wrong.fields.items()}
            raise

    def _write_account(self, write: Write) -> RowResult:
        if write.external_id:
            self._api.change(ACCOUNTS, write.external_id, write.fields, _LANE)
            return RowResult(write.token, write.external_id)
        body = {"Status": _CUSTOMER} | {name: value for name, value in write.fields.items() if value is not None}
        return RowResult(write.token, self._api.create(ACCOUNTS, body, _LANE))

    def _write_part(self, write: Write, entity: str, body: dict[str, Any]) -> RowResult:
        """The sub-record by its own id; a new one where there is none. An equal address comes back as it is (146)."""
        known = write.parts.get(write.part)
        if known:
            self._api.change(entity, known, body, _LANE)
            return RowResult(write.token, write.external_id)
        kind = {"Type": _TYPES[write.part], "Main": True} if entity == ADDRESSES else {}
        given = {name: value for name, value in body.items() if value is not None}
        made = self._api.create(entity, {"Account": write.external_id, **kind, **given}, _LANE)
        return RowResult(write.token, write.external_id, parts={write.part: made})

    def _joined(self, cursor: Cursor) -> Iterator[Page]:
        """The first reading: what stands around the accounts first, then each page of them with it."""
        around = self._all_around(cursor.marks)
        for page in self._feeds.changed(cursor, _SYNC[ACCOUNTS], self._select[ACCOUNTS], _LANE):
            yield Page(self._customers(page.rows, around), page.began_at)

    def _all_around(self, marks: dict[str, int]) -> _Around:
        """All contacts and addresses; ``marks`` tells how far they were read."""
        whole = Cursor(marks)
        found = {}
        for entity in (CONTACTS, ADDRESSES):
            pages = self._feeds.changed(whole, _SYNC[entity], self._select[entity], _LANE)
            found[entity] = {row["ID"]: row for page in pages for row in page.rows}
        return _Around(self._grouped(found[CONTACTS].values()), self._grouped(found[ADDRESSES].values()))

    def _concerned(self, cursor: Cursor) -> set[str]:
        """Ids of accounts of which something changed or went away."""
        ids: set[str] = set()
        for entity, owner in ((CONTACTS, "Account"), (ADDRESSES, "Account"), (ACCOUNTS, "ID")):
            for page in self._feeds.changed(cursor, _SYNC[entity], [owner], _LANE):
                ids |= {str(row.get(owner) or "").lower() for row in page.rows}
        parts = self._feeds.deleted(Cursor(dict(cursor.marks)), (ADDRESS, CONTACT), _LANE)
        return (ids | {self._owners.get(id_, "") for _, id_ in parts}) - {""}

    def _again(self, ids: Sequence[str]) -> Iterator[Page]:
        """These accounts, read by id; those that are no customers are left out."""
        for some in odata.chunks(ids, _PAGE):
            began_at = self._feeds.now()
            rows = [row for row in self.read(some) if _is_customer(row.native)]
            yield Page(rows, began_at)

    def _around(self, ids: Sequence[str]) -> _Around:
        """Contacts and addresses of some accounts."""
        lists = {}
        for entity in (CONTACTS, ADDRESSES):
            chunks = odata.chunks(ids)
            rows = [row for some in chunks for row in self._list(entity, "Account", map(odata.guid, some))]
            lists[entity] = self._grouped(rows)
        return _Around(lists[CONTACTS], lists[ADDRESSES])

    def _list(self, entity: str, name: str, literals: Iterable[str]) -> list[dict[str, Any]]:
        return self._api.listing(entity, self._select[entity], _LANE, odata.either(name, literals))

    def _grouped(self, rows: Iterable[Native]) -> dict[str, list[Native]]:
        grouped: dict[str, list[Native]] = defaultdict(list)
        for row in rows:
            owner = str(row.get("Account") or "").lower()
            grouped[owner].append(row)
            self._owners[str(row["ID"]).lower()] = owner
        return grouped

    def _customers(self, natives: Iterable[Native], around: _Around) -> list[Row]:
        return [self._row(native, around) for native in natives if _is_customer(native)]

    def _row(self, account: Native, around: _Around) -> Row:
        id_ = str(account["ID"]).lower()
        contact = _main_contact(account, around.contacts.get(id_, ()))
        parts = {"contact": contact} if contact else {}
        for part, kind in _TYPES.items():
            address = main_address(around.addresses.get(id_, ()), kind)
            parts |= {part: address} if address else {}
        others = further(around.addresses.get(id_, ()))
        clock = self._division.clock(_LANE)
        times = [clock.utc(one.get("Modified")) for one in (account, *parts.values())]
        return Row(
            external_id=id_,
            native={**account, **parts, OTHERS: others},
            parts={part: str(one["ID"]).lower() for part, one in parts.items()},
            modified_at=max((at for at in times if at is not None), default=None),
        )


def _main_contact(account: Native, contacts: Sequence[Native]) -> Native | None:
    """The account's main contact; where it names none of them, its first one (fact 147)."""
    main = str(account.get("MainContact") or "").lower()
    named = next((one for one in contacts if str(one["ID"]).lower() == main), None)
    return named or min(contacts, key=lambda one: str(one["ID"]), default=None)


def _is_customer(native: Native) -> bool:
    return str(native.get("Status") or "").strip() == _CUSTOMER


def _term(key: Key) -> str:
    """The condition that finds a key; customer numbers are right-aligned with blanks (fact 142)."""
    if key.kind == "email":
        return f"Email eq {odata.text(key.text)}"
    if key.kind == "vat_number":
        return f"VATNumber eq {odata.text(key.text.upper())}"
    if key.kind == "customer_no":
        return f"Code eq {odata.text(key.text.upper().rjust(_CODE))}"
    return ""


def _has(native: Native, key: Key) -> bool:
    """Whether a row bears a key, however it is written there."""
    name = {"email": "Email", "vat_number": "VATNumber", "customer_no": "Code"}.get(key.kind, "")
    shown = str(native.get(name) or "").strip().casefold()
    if key.kind == "vat_number":
        shown = "".join(character for character in shown if character.isalnum())
    return bool(shown) and shown == key.text
