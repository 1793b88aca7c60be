"""Accounts, contacts and addresses (E142 to E150)."""

from __future__ import annotations

import re

from sandbox.exact_online import store as tables
from sandbox.exact_online.errors import DUPLICATE, InvalidError, mandatory, unknown_reference
from sandbox.exact_online.rules import Rules, Values
from sandbox.exact_online.store import Row, Store

CODE_LENGTH = 18  # E142
VISIT, POSTAL, INVOICE, DELIVERY = 1, 2, 3, 4  # E145
CUSTOMER = "C"  # E143
LINES = ("AddressLine1", "AddressLine2", "AddressLine3", "Postcode", "City", "State", "Country")
SAME_ADDRESS = ("Account", "Type", *LINES)
COUNTRY, LANGUAGE = "NL", "NL"


def pad_code(code: str) -> str:
    """Digits, aligned right in 18 characters (E142)."""
    return code.strip().rjust(CODE_LENGTH)


def create_account(store: Store, values: Values) -> Row:
    """An account with its number; its address lines become its visit address (E145)."""
    if not values.get("Name"):
        raise mandatory("Naam")
    _check_account(store, None, values)
    code = values.pop("Code", None) or f"{store.count('account codes'):07d}"
    today = store.midnight()
    defaults = {"Status": "A", "Country": COUNTRY, "StartDate": today, "StatusSince": today, "CustomerSince": today}
    row = store.insert(tables.ACCOUNTS, defaults | values | {"Code": pad_code(code)})
    if any(values.get(name) for name in LINES):
        _put_visit_address(store, row)
    return row


def update_account(store: Store, row: Row, values: Values) -> None:
    """New values; its address lines move the visit address along (E145)."""
    if "Name" in values and not values["Name"]:
        raise mandatory("Naam")
    _check_account(store, row, values)
    if values.get("Code"):
        values["Code"] = pad_code(values["Code"])
    if values.get("Status") not in (None, row.get("Status")):
        values["StatusSince"] = store.midnight()
    store.change(tables.ACCOUNTS, row, values)
    if any(name in values for name in LINES):
        _put_visit_address(store, row)


def _check_account(store: Store, row: Row | None, values: Values) -> None:
    code = values.get("Code")
    if code is not None:
        if not code.strip().isdigit() or len(code.strip()) > CODE_LENGTH:
            raise InvalidError("Ongeldig: Code")
        other = store.one(tables.ACCOUNTS, "Code", pad_code(code))
        if other is not None and other is not row:
            raise InvalidError(DUPLICATE)
    if values.get("Status") not in (None, "A", "S", "P", CUSTOMER):
        raise InvalidError("Ongeldig: Status")
    number = values.get("VATNumber")
    if number and not vat_number_valid(number):
        raise InvalidError("Ongeldig: BTW-nummer")
    for name, table, label in (
        ("PriceList", tables.PRICE_LISTS, "Prijslijst"),
        ("MainContact", tables.CONTACTS, "Contactpersoon"),
    ):
        if values.get(name) is not None and store.get(table, values[name]) is None:
            raise unknown_reference(label)


def vat_number_valid(number: str) -> bool:
    """The checks of the Netherlands and Belgium; elsewhere only the shape (meta: VATNumber is validated)."""
    text = re.sub(r"[ .]", "", number).upper()
    check = {"NL": _valid_nl, "BE": _valid_be}.get(text[:2])
    return check(text) if check is not None else re.fullmatch(r"[A-Z]{2}[0-9A-Z]{2,12}", text) is not None


def _valid_nl(text: str) -> bool:
    """The 11-test, or mod 97 over letters as numbers (sole traders since 2020)."""
    if not re.fullmatch(r"NL\d{9}B\d{2}", text):
        return False
    eleven = sum(int(digit) * weight for digit, weight in zip(text[2:10], range(9, 1, -1), strict=True)) % 11
    number = "".join(str(int(sign, 36)) for sign in text)
    return eleven == int(text[10]) or int(number) % 97 == 1


def _valid_be(text: str) -> bool:
    """The last two of ten digits are 97 − (first eight mod 97)."""
    return bool(re.fullmatch(r"BE\d{10}", text)) and 97 - int(text[2:10]) % 97 == int(text[10:])


def delete_account(store: Store, row: Row) -> None:
    """Accounts with orders or invoices stay; contacts and addresses go along."""
    if any(store.rows(table).find("OrderedBy", row.key) for table in (tables.ORDERS, tables.INVOICES)):
        raise InvalidError("Verwijderen niet mogelijk: de relatie heeft transacties")
    for table, kind in ((tables.CONTACTS, 5), (tables.ADDRESSES, 3), (tables.PRICES, 8), (tables.LINKED, None)):
        for child in store.rows(table).find("Account", row.key):
            store.delete(table, child, kind)
    store.delete(tables.ACCOUNTS, row, 2)


def _visit_address(store: Store, account: str) -> Row | None:
    """The main address of type 1."""
    rows = store.rows(tables.ADDRESSES).find("Account", account)
    return next((row for row in rows if row.get("Type") == VISIT and row.get("Main")), None)


def _put_visit_address(store: Store, account: Row) -> None:
    """The account's lines, as its visit address."""
    lines = {name: account.get(name) for name in LINES}
    found = _visit_address(store, account.key)
    if found is None:
        store.insert(tables.ADDRESSES, lines | {"Account": account.key, "Type": VISIT, "Main": True})
    else:
        store.change(tables.ADDRESSES, found, lines)


def create_contact(store: Store, values: Values) -> Row:
    """A contact of an account; the first becomes its main contact (E147)."""
    if values.get("Account") is None:
        raise mandatory("Relatie")
    account = store.get(tables.ACCOUNTS, values["Account"])
    if account is None:
        raise unknown_reference("Relatie")
    if not values.get("FirstName") and not values.get("LastName"):
        raise mandatory("Achternaam")
    first = not store.rows(tables.CONTACTS).find("Account", account.key)
    number = store.count("contact codes")
    row = store.insert(tables.CONTACTS, _contact_defaults(store, number, values) | values)
    if first:
        store.change(tables.ACCOUNTS, account, {"MainContact": row.key})
    return row


def _contact_defaults(store: Store, number: int, values: Values) -> Values:
    """What came back in a recording without being sent: BusinessEmail and BirthName among it."""
    return {
        "Code": pad_code(f"{number:07d}"),
        "HID": 11_000 + number,
        "BusinessEmail": values.get("Email"),
        "BirthName": values.get("LastName"),
        "Language": LANGUAGE,
        "StartDate": store.midnight(),
        "Person": store.make_id("persons", number),
    }


def update_contact(store: Store, row: Row, values: Values) -> None:
    """New values; the account of a contact stays."""
    values = {name: value for name, value in values.items() if name != "Account"}
    after = row.values | values
    if not after.get("FirstName") and not after.get("LastName"):
        raise mandatory("Achternaam")
    if "Email" in values and "BusinessEmail" not in values and row.get("BusinessEmail") == row.get("Email"):
        values["BusinessEmail"] = values["Email"]
    store.change(tables.CONTACTS, row, values)


def delete_contact(store: Store, row: Row) -> None:
    """A contact goes; its account has no main contact then, or another one."""
    store.delete(tables.CONTACTS, row, 5)
    account = store.get(tables.ACCOUNTS, row.get("Account"))
    if account is not None and account.get("MainContact") == row.key:
        others = store.rows(tables.CONTACTS).find("Account", account.key)
        store.change(tables.ACCOUNTS, account, {"MainContact": others[0].key if others else None})


def create_address(store: Store, values: Values) -> Row:
    """A new address, or the one that exists already (E146)."""
    if values.get("Account") is None:
        raise mandatory("Relatie")
    account = store.get(tables.ACCOUNTS, values["Account"])
    if account is None:
        raise unknown_reference("Relatie")
    kind = values.get("Type") or VISIT
    if kind not in (VISIT, POSTAL, INVOICE, DELIVERY):
        raise InvalidError("Ongeldig: Type")
    full = {"Country": account.get("Country")} | values | {"Type": kind}
    siblings = store.rows(tables.ADDRESSES).find("Account", account.key)
    for other in siblings:
        if all((other.get(name) or None) == (full.get(name) or None) for name in SAME_ADDRESS):
            return other
    first = not any(other.get("Type") == kind and other.get("Main") for other in siblings)
    row = store.insert(tables.ADDRESSES, full | {"Main": first or bool(values.get("Main"))})
    _settle_main(store, row)
    return row


def update_address(store: Store, row: Row, values: Values) -> None:
    """New values; a changed visit address shows on the account."""
    values = {name: value for name, value in values.items() if name != "Account"}
    store.change(tables.ADDRESSES, row, values)
    _settle_main(store, row)


def _settle_main(store: Store, row: Row) -> None:
    """One main address per type (E145); the main visit address is the account's own lines."""
    if not row.get("Main"):
        return
    for other in store.rows(tables.ADDRESSES).find("Account", row.get("Account")):
        if other is not row and other.get("Type") == row.get("Type") and other.get("Main"):
            store.change(tables.ADDRESSES, other, {"Main": False})
    account = store.get(tables.ACCOUNTS, row.get("Account"))
    lines = {name: row.get(name) for name in LINES}
    if row.get("Type") == VISIT and account is not None and any(account.get(name) != lines[name] for name in LINES):
        store.change(tables.ACCOUNTS, account, lines)


def delete_address(store: Store, row: Row) -> None:
    """An address goes; the main visit address belongs to the account and stays."""
    if row.get("Type") == VISIT and row.get("Main"):
        raise InvalidError("Verwijderen niet mogelijk: hoofdadres")
    store.delete(tables.ADDRESSES, row, 3)


RULES = {
    tables.ACCOUNTS: Rules(create_account, update_account, delete_account),
    tables.CONTACTS: Rules(create_contact, update_contact, delete_contact),
    tables.ADDRESSES: Rules(create_address, update_address, delete_address),
}
