"""Customers and their addresses (M§7): e-mail unique per website, PUT a merge, addresses replaced as a list."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sandbox.magento2.call import Call
from sandbox.magento2.countries import CODES
from sandbox.magento2.errors import ApiError, no_such_entity
from sandbox.magento2.search import Table, invalid_attribute, listing
from sandbox.magento2.state import ALL, Customer, Database
from sandbox.magento2.values import moment, stored_text

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+\Z")
NAME = re.compile(r"[\w\s,.'’`&-]{1,255}\Z")
OPTIONAL = ("dob", "gender", "middlename", "prefix", "suffix", "taxvat")
ADDRESS_TEXTS = (
    "country_id",
    "street",
    "company",
    "telephone",
    "fax",
    "postcode",
    "city",
    "firstname",
    "lastname",
    "middlename",
    "prefix",
    "suffix",
    "vat_id",
)
REQUIRED_OF_ADDRESS = ("firstname", "lastname", "street", "city", "telephone", "postcode", "country_id")
TAKEN = "A customer with the same email address already exists in an associated website."
PASSWORD_LENGTH = 8


def address_view(customer: Customer, address: Mapping[str, Any]) -> dict[str, Any]:
    """An address as the API answers it; optional members only where they have a value."""
    view: dict[str, Any] = {"id": address["id"], "customer_id": customer.id, "region": dict(address["region"])}
    if address.get("region_id") is not None:
        view["region_id"] = address["region_id"]
    view |= {name: address[name] for name in ADDRESS_TEXTS if address.get(name)}
    if customer.default_shipping == address["id"]:
        view["default_shipping"] = True
    if customer.default_billing == address["id"]:
        view["default_billing"] = True
    return view


def customer_view(customer: Customer) -> dict[str, Any]:
    """A customer as the API answers it; optional members only where they have a value."""
    view: dict[str, Any] = {"id": customer.id, "group_id": customer.group_id}
    for name, value in (
        ("default_billing", customer.default_billing),
        ("default_shipping", customer.default_shipping),
    ):
        if value is not None:
            view[name] = str(value)
    view |= {
        "created_at": moment(customer.created_at),
        "updated_at": moment(customer.updated_at),
        "created_in": customer.created_in,
        "email": customer.email,
        "firstname": customer.firstname,
        "lastname": customer.lastname,
        "store_id": customer.store_id,
        "website_id": customer.website_id,
    }
    view |= {name: customer.optional[name] for name in OPTIONAL if customer.optional.get(name) is not None}
    own = [{"attribute_code": code, "value": value} for code, value in customer.custom.items() if value is not None]
    return (
        view
        | ({"custom_attributes": own} if own else {})
        | {
            "addresses": [address_view(customer, address) for address in customer.addresses],
            "disable_auto_group_change": 0,
            "extension_attributes": {"is_subscribed": customer.is_subscribed},
        }
    )


TABLE: Table[Customer] = Table(
    {
        "entity_id": lambda c: c.id,
        "email": lambda c: c.email,
        "website_id": lambda c: c.website_id,
        "store_id": lambda c: c.store_id,
        "group_id": lambda c: c.group_id,
        "firstname": lambda c: c.firstname,
        "lastname": lambda c: c.lastname,
        "middlename": lambda c: c.optional.get("middlename"),
        "taxvat": lambda c: c.optional.get("taxvat"),
        "dob": lambda c: c.optional.get("dob"),
        "gender": lambda c: c.optional.get("gender"),
        "created_at": lambda c: c.created_at,
        "updated_at": lambda c: c.updated_at,
        "default_billing": lambda c: c.default_billing,
        "default_shipping": lambda c: c.default_shipping,
    },
    invalid_attribute,
)


def list_customers(call: Call) -> Any:
    criteria = call.criteria()
    rows, total = TABLE.search(call.db.customers.values(), criteria)
    return listing([customer_view(row) for row in rows], criteria, total)


def find_customer(db: Database, number: Any) -> Customer:
    """A customer by id, or 404."""
    customer = db.customers.get(number)
    if customer is None:
        raise no_such_entity("customerId", number)
    return customer


def get_customer(call: Call) -> Any:
    return customer_view(find_customer(call.db, call.path["customerId"]))


# --- checks


def _check_names(given: Mapping[str, Any]) -> None:
    for field, label in (("firstname", "First Name"), ("lastname", "Last Name")):
        text = (given.get(field) or "").strip()
        if not text:
            raise ApiError(400, f'"{label}" is a required value.')
        if NAME.match(text) is None:
            raise ApiError(400, f"{label} is not valid!")


def _check_email(db: Database, given: Mapping[str, Any], website_id: int, own_id: int | None) -> None:
    email = given.get("email") or ""
    if not email:
        raise ApiError(400, '"Email" is a required value.')
    if EMAIL.match(email) is None:
        raise ApiError(400, '"Email" is not a valid email address.')
    for other in db.customers.values():
        if other.website_id == website_id and other.email.lower() == email.lower() and other.id != own_id:
            raise ApiError(400, TAKEN)


def _check_place(db: Database, website_id: int, store_id: int, group_id: int) -> None:
    if website_id not in db.websites:
        text = f"The website with id {website_id} that was requested wasn't found. Verify the website and try again."
        raise ApiError(404, text)
    view = db.views.get(store_id)
    if view is None or view.website_id != website_id:
        raise ApiError(400, "The store view is not in the associated website.")
    if group_id not in db.customer_groups:
        raise ApiError(400, "The specified customer group id does not exist.")


def _check_address(given: Mapping[str, Any]) -> None:
    missing = [name for name in REQUIRED_OF_ADDRESS if not given.get(name)]
    text = '"%fieldName" is required. Enter and try again.'
    if len(missing) == 1:
        raise ApiError(400, text, {"fieldName": missing[0]})
    if missing:
        errors = [{"message": text, "parameters": {"fieldName": name}} for name in missing]
        raise ApiError(400, "One or more input exceptions have occurred.", errors=errors)


def _usable(addresses: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Addresses without those whose country is unknown: they are dropped without a word (M§7)."""
    known = [address for address in addresses if not address.get("country_id") or address["country_id"] in CODES]
    for address in known:
        _check_address(address)
    return known


# --- writing


def _website_of(db: Database, given: Mapping[str, Any], store_id: int) -> tuple[int, int]:
    """Website and store view of a new customer: as given, else those of the call."""
    view = db.views.get(store_id) if store_id != ALL else db.default_view
    website_id = given.get("website_id") or (view.website_id if view else 1)
    if given.get("store_id") is not None:
        return website_id, given["store_id"]
    website = db.websites.get(website_id)
    return website_id, db.groups[website.default_group_id].default_store_id if website else 0


def post_customer(call: Call) -> Any:
    """A new customer; no password is needed (M§7)."""
    given, db = call.given["customer"], call.db
    website_id, store_id = _website_of(db, given, call.store_id)
    group_id = given.get("group_id", 1)
    _check_place(db, website_id, store_id, group_id)
    _check_names(given)
    _check_email(db, given, website_id, None)
    password = call.given.get("password")
    if password is not None and len(password) < PASSWORD_LENGTH:
        text = "The password needs at least %1 characters. Create a new password and try again."
        raise ApiError(400, text, [str(PASSWORD_LENGTH)])
    addresses = _usable(given.get("addresses") or [])
    customer = Customer(
        id=db.ids.next("customer"),
        email=stored_text(given["email"], 255),
        firstname=stored_text(given["firstname"].strip(), 255),
        lastname=stored_text(given["lastname"].strip(), 255),
        website_id=website_id,
        store_id=store_id,
        group_id=group_id,
        created_at=call.now,
        updated_at=call.now,
        created_in=db.views[store_id].name,
        optional={name: given[name] for name in OPTIONAL if given.get(name) is not None},
        is_subscribed=bool((given.get("extension_attributes") or {}).get("is_subscribed")),
    )
    _set_custom(db, customer, given)
    db.customers[customer.id] = customer
    _replace_addresses(db, customer, addresses)
    return customer_view(customer)


def put_customer(call: Call) -> Any:
    """A merge: what is not sent keeps its value (M§7)."""
    given, db = call.given["customer"], call.db
    customer = find_customer(db, call.path["customerId"])
    if given.get("id") is not None and given["id"] != customer.id:
        text = 'Provided customer ID "%customer_id" isn\'t related to current customer address.'
        raise ApiError(400, text, {"customer_id": given["id"]})
    merged = _as_given(customer) | {name: value for name, value in given.items() if value is not None}
    _check_place(db, merged["website_id"], merged["store_id"], merged["group_id"])
    _check_names(merged)
    _check_email(db, merged, merged["website_id"], customer.id)
    addresses = None if given.get("addresses") is None else _usable(given["addresses"])
    _merge(customer, merged, given)
    _set_custom(db, customer, given)
    if addresses is not None:
        _replace_addresses(db, customer, addresses)
    customer.updated_at = call.now
    return customer_view(customer)


def _as_given(customer: Customer) -> dict[str, Any]:
    members = ("email", "firstname", "lastname", "website_id", "store_id", "group_id")
    return {name: getattr(customer, name) for name in members}


def _merge(customer: Customer, merged: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    for name in ("email", "firstname", "lastname"):
        setattr(customer, name, stored_text(merged[name].strip(), 255))
    for name in ("website_id", "store_id", "group_id"):
        setattr(customer, name, merged[name])
    customer.optional |= {name: given[name] or None for name in OPTIONAL if name in given}
    subscribed = (given.get("extension_attributes") or {}).get("is_subscribed")
    customer.is_subscribed = customer.is_subscribed if subscribed is None else subscribed


def _set_custom(db: Database, customer: Customer, given: Mapping[str, Any]) -> None:
    """Attributes of the shop's own; an unknown code is dropped without a word, as for products (M2.7)."""
    sent = {one["attribute_code"]: one.get("value") for one in given.get("custom_attributes") or ()}
    customer.custom |= {code: value for code, value in sent.items() if code in db.customer_attributes}


def _replace_addresses(db: Database, customer: Customer, given: list[dict[str, Any]]) -> None:
    """The list as sent is the list that stays: one without id is new, one that is not sent is gone (M§7)."""
    held = {address["id"]: address for address in customer.addresses}
    customer.addresses = [_keep_address(db, held.get(row.get("id") or 0), row) for row in given]
    kept = {address["id"] for address in customer.addresses}
    for name in ("default_billing", "default_shipping"):
        if getattr(customer, name) not in kept:
            setattr(customer, name, None)
        for row, address in zip(given, customer.addresses, strict=True):
            if row.get(name):
                setattr(customer, name, address["id"])


def _keep_address(db: Database, held: dict[str, Any] | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """One address as stored; a region id that was sent is shown apart from then on."""
    address = dict(held or {"id": db.ids.next("address")})
    address |= {name: given[name] for name in ADDRESS_TEXTS if name in given}
    region = given.get("region") or {}
    region_id = given.get("region_id", region.get("region_id"))
    if region_id is not None:
        address["region_id"] = region_id
    address["region"] = {
        "region_code": region.get("region_code"),
        "region": region.get("region"),
        "region_id": region_id or 0,
    }
    return address


def delete_customer(call: Call) -> Any:
    del call.db.customers[find_customer(call.db, call.path["customerId"]).id]
    return True


def is_email_available(_call: Call) -> Any:
    """Always true, also for an address that is taken: useless as a check (M§7)."""
    return True


def _find_address(db: Database, number: int) -> tuple[Customer, dict[str, Any]]:
    for customer in db.customers.values():
        for address in customer.addresses:
            if address["id"] == number:
                return customer, address
    raise no_such_entity("addressId", number)


def get_address(call: Call) -> Any:
    return address_view(*_find_address(call.db, call.path["addressId"]))


def delete_address(call: Call) -> Any:
    customer, address = _find_address(call.db, call.path["addressId"])
    customer.addresses.remove(address)
    for name in ("default_billing", "default_shipping"):
        if getattr(customer, name) == address["id"]:
            setattr(customer, name, None)
    return True
