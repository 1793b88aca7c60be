"""Customers (L§8): required members, codes made by the server, strict postcodes, masked digits."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from sandbox.lightspeed_x.errors import bad_request, invalid
from sandbox.lightspeed_x.paging import list_feed, read_body
from sandbox.lightspeed_x.reference import Reference
from sandbox.lightspeed_x.routes import Route
from sandbox.lightspeed_x.store import Row, Store

PARTS = ("address_1", "address_2", "suburb", "city", "postcode", "state", "country_id")
ADDRESSES = ("physical", "postal")
POSTCODES = {
    "NL": r"[1-9]\d{3} ?[A-Za-z]{2}",
    "BE": r"[1-9]\d{3}",
    "DE": r"\d{5}",
    "FR": r"\d{5}",
    "LU": r"\d{4}",
}
"""Five of the forty countries whose postcodes are checked since 2026-07 (L§8)."""
CARD = re.compile(r"(?<!\d)(?:\d[ -]?){12,18}\d(?!\d)")
TEXTS = ("first_name", "last_name", "company_name", "email", "phone", "mobile", "fax", "website", "twitter")
FIELDS = tuple(f"custom_field_{number}" for number in range(1, 5))
MASKED = (
    "first_name", "last_name", "company_name", "note", *FIELDS,
    *(f"{kind}_{part}" for kind in ADDRESSES for part in PARTS if part != "country_id"),
)  # fmt: skip
"""Names, notes, addresses and custom fields: where digits that look like a card number are masked."""
STRINGS = (*TEXTS, *MASKED, "customer_code", *(f"{kind}_country_id" for kind in ADDRESSES))
FLAGS = {"enable_loyalty": True, "do_not_email": False, "enable_promotional_sms": False}
OTHERS = ("date_of_birth", "gender", "tax_id", "on_account_limit")
CODE_SIGNS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def mask_cards(text: str) -> str:
    """``text`` with every run of 13 to 19 digits masked but for the last four."""
    return CARD.sub(lambda found: "*" * (len(re.sub(r"\D", "", found[0])) - 4) + found[0][-4:], text)


class People:
    """The customers, and the endpoints that read and change them."""

    def __init__(self, store: Store, reference: Reference) -> None:
        self.store = store
        self._reference = reference
        self.customers = store.table("customers")
        self._codes: dict[str, str] = {}

    def find_email(self, email: str) -> list[Row]:
        """Customers with this e-mail, without regard to case; not the deleted ones."""
        wanted = email.casefold()
        return [row for row in self.customers if not row["deleted_at"] and (row["email"] or "").casefold() == wanted]

    def create(self, body: Row, key: str | None = None, strict: bool = True) -> Row:
        """A new customer; ``strict`` False is one from before the postcode check."""
        missing = [name for name in ("first_name", "last_name") if name not in body]
        if missing:
            raise invalid(dict.fromkeys(missing, "Required"))
        key = key or self.store.new_key("customer")
        moment = self.store.moment()
        row: Row = {
            "id": key,
            "customer_code": self._new_code(body, key),
            "name": "",
            "customer_group_id": self._reference.default_group,
            "note": "",
            "balance": Decimal(0),
            "loyalty_balance": Decimal(0),
            "year_to_date": Decimal(0),
            "created_at": moment,
            "updated_at": moment,
            "deleted_at": None,
            "version": 0,
        }
        row |= dict.fromkeys((*TEXTS, *OTHERS)) | dict.fromkeys(FIELDS, "") | FLAGS
        row |= {f"{kind}_{part}": "" for kind in ADDRESSES for part in PARTS}
        row |= {f"{kind}_country_id": None for kind in ADDRESSES}
        return self._apply(row, body, strict)

    def update(self, key: str, body: Row) -> Row:
        """Change the members that are sent; 404 for a deleted customer."""
        return self._apply(dict(self.customers.live(key)), body, True)

    def delete(self, key: str) -> Row:
        """Mark as deleted; the row stays readable with deleted=true (L§8)."""
        row = self.customers.live(key)
        saved = self.customers.save(row | {"deleted_at": self.store.moment()})
        self._codes.pop(row["customer_code"].casefold(), None)
        return saved

    def _apply(self, row: Row, body: Row, strict: bool) -> Row:
        for name in (*TEXTS, *OTHERS, *FLAGS, *MASKED, "customer_group_id", "customer_code"):
            if name in body:
                row[name] = self._read(name, body[name])
        for kind in ADDRESSES:
            country = f"{kind}_country_id"
            if country in body:
                row[country] = self._read(country, body[country]) or None
            if strict and any(f"{kind}_{part}" in body for part in PARTS):
                _check_postcode(row, kind)
        self._check_email(row, body)
        self._take_code(row)
        row["name"] = " ".join(part for part in (row["first_name"], row["last_name"]) if part)
        saved = self.customers.save(row)
        self.store.tell("customer.update", saved)
        return saved

    def _read(self, name: str, value: Any) -> Any:
        if name in FLAGS and not isinstance(value, bool):
            raise bad_request(f"{name} must be true or false")
        if name in (*TEXTS, *MASKED, "customer_code", "physical_country_id", "postal_country_id") and not isinstance(
            value, str | None
        ):
            raise bad_request(f"{name} must be a string")
        if name == "customer_group_id" and str(value) not in self._reference.groups.rows:
            raise invalid({name: "Not found"})
        if name == "customer_code" and not str(value or "").strip():
            raise invalid({name: "Required"})
        if name in MASKED and isinstance(value, str):
            return mask_cards(value)
        return value

    def _check_email(self, row: Row, body: Row) -> None:
        if self.store.switches.duplicate_email == "accept" or not body.get("email"):
            return
        if any(other["id"] != row["id"] for other in self.find_email(body["email"])):
            raise invalid({"email": "Already exists"})

    def _take_code(self, row: Row) -> None:
        """Codes are unique (contract customers.fields)."""
        code = str(row["customer_code"]).casefold()
        if self._codes.get(code, row["id"]) != row["id"]:
            raise invalid({"customer_code": "Already exists"})
        before = self.customers.rows.get(row["id"])
        if before is not None:
            self._codes.pop(before["customer_code"].casefold(), None)
        self._codes[code] = row["id"]

    def _new_code(self, body: Row, key: str) -> str:
        """A code like Jan-7K2P, from the name and the id."""
        if body.get("customer_code"):
            return str(body["customer_code"])
        stem = str(body.get("first_name") or body.get("company_name") or "Customer").strip() or "Customer"
        number = int(key.replace("-", ""), 16)
        while True:
            signs = ""
            rest = number
            for _ in range(4):
                rest, place = divmod(rest, len(CODE_SIGNS))
                signs += CODE_SIGNS[place]
            if f"{stem}-{signs}".casefold() not in self._codes:
                return f"{stem}-{signs}"
            number += 1

    # endpoints

    def routes(self) -> list[Route]:
        """All endpoints of this module."""
        read, write = "customers:read", "customers:write"
        return [
            Route("GET", "/customers", read, lambda: list_feed(self.customers, self.store.switches.page_cap)),
            Route("POST", "/customers", write, lambda: ({"data": self.create(read_body())}, 201)),
            Route("GET", "/customers/<key>", read, lambda key: {"data": self.customers.get(key)}),
            Route("PUT", "/customers/<key>", write, lambda key: {"data": self.update(key, read_body())}),
            Route("DELETE", "/customers/<key>", write, self._delete),
            Route("GET", "/customer_groups/<key>/customers", read, self._get_members),
            Route("POST", "/customer_groups/<key>/customers", write, self._add_members),
            Route("DELETE", "/customer_groups/<key>/customers", write, self._remove_members),
        ]

    def _delete(self, key: str) -> tuple[None, int]:
        self.delete(key)
        return None, 204

    def _get_members(self, key: str) -> Row:
        self._reference.groups.live(key)
        cap = self.store.switches.page_cap
        return list_feed(self.customers, cap, where=lambda row: bool(row["customer_group_id"] == key))

    def _move(self, members: Any, group: str) -> None:
        if not isinstance(members, list):
            raise bad_request("customer_ids must be a list")
        rows = [self.customers.live(str(one)) for one in members]
        for row in rows:
            self.customers.save(row | {"customer_group_id": group})

    def _add_members(self, key: str) -> tuple[bool, int]:
        self._reference.groups.live(key)
        self._move(read_body().get("customer_ids"), key)
        return True, 201

    def _remove_members(self, key: str) -> tuple[None, int]:
        """Only the link is taken away: the customers go to the default group."""
        self._reference.groups.live(key)
        members = read_body().get("customer_ids")
        own = [one for one in members or [] if self.customers.live(str(one))["customer_group_id"] == key]
        self._move(own, self._reference.default_group)
        return None, 204


def _check_postcode(row: Row, kind: str) -> None:
    country, postcode = row[f"{kind}_country_id"], (row[f"{kind}_postcode"] or "").strip()
    if postcode and country in POSTCODES and not re.fullmatch(POSTCODES[country], postcode, re.ASCII):
        raise bad_request(f"{kind}_postcode is not valid for {country}")
