"""The shipped mappings over contract recordings: what real systems answered is read, and written back unchanged."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connector.mapping.lens import Context
from connector.mapping.load import load_mapping
from connector.model.entity import Entity, PriceList

HERE = Context(
    date(2026, 11, 21),
    "Europe/Amsterdam",
    list=PriceList("retail", "EUR", "included", 2, {}),
    vat_class="standard",
)


def recorded(contracts: Path, name: str, *path: str | int) -> Any:
    """A part of a recording, with exact numbers."""
    found = json.loads((contracts / name).read_text(encoding="utf-8"), parse_float=Decimal)
    for key in path:
        found = found[key]
    return found


def read_back(mapping: str, entity: Entity, native: dict[str, Any], part: str = "") -> dict[str, Any]:
    """What a record means; asserts that nothing is wrong with it, and that it is not sent back."""
    lens = load_mapping(mapping).entities[entity]
    picked = lens.pick(native, part)
    read = lens.get(picked, HERE, part)
    assert {} == read.problems
    assert {} == lens.put(read.values, picked, HERE, part=part).fields
    return {name: value for name, value in read.values.items() if value is not None}


def test_an_item_as_the_erp_returned_it(contracts: Path) -> None:
    """Row 12 of known-failures: a padded unit, nulls for what nobody set, a default start half a year back."""
    item = recorded(contracts, "exact-online/examples/items.json", "exchanges", 1, "response", "body", "d")
    assert {
        "sku": "TEST-ITEM-20250625B",
        "name": "Test item created via API",
        "active": True,
        "sell_online": False,
        "tracks_stock": True,
        "fraction": False,
        "unit": "piece",
        "group": "701",
        "cost": Decimal("15.5"),
    } == read_back("exact_online", Entity.PRODUCT, item)


def test_an_account_as_the_erp_returned_it(contracts: Path) -> None:
    """Row 12 of known-failures: a code and a country with blanks, zeros that mean nothing."""
    account = recorded(contracts, "exact-online/examples/accounts.json", "exchanges", 1, "response", "body", "d")
    contact = recorded(contracts, "exact-online/examples/contacts.json", "exchanges", 1, "response", "body", "d")
    read = read_back("exact_online", Entity.CUSTOMER, {**account, "contact": contact})
    assert ("0000011", "test@example.com", "+33123456789", "company") == (
        read["customer_no"],
        read["email"],
        read["phone"],
        read["kind"],
    )
    assert {"first": "Alice", "infix": None, "last": "Test", "initials": None} == read["name"]
    assert ("Paris", "FR") == (read["invoice"]["city"], read["invoice"]["country"])
    assert "credit_limit" not in read


def test_a_product_as_the_shop_returned_it(contracts: Path) -> None:
    """Attributes are texts, flags are numbers, and settings taken from the shop are not sent back."""
    product = recorded(contracts, "magento2/recordings/products_get_one.json", "exchanges", 0, "response", "body")
    attributes = {one["attribute_code"]: one["value"] for one in product["custom_attributes"]}
    assert {
        "sku": "ERP-001",
        "name": "Hammer 300 gram",
        "sell_online": True,
        "vat_class": "standard",
        "fraction": False,
        "tracks_stock": True,
        "weight": Decimal("1.5"),
    } == read_back("magento2", Entity.PRODUCT, {**product, "custom_attributes": attributes})


def test_a_customer_as_the_shop_returned_it(contracts: Path) -> None:
    """Street lines as that shop fills them, the customer's own name on the address."""
    customer = recorded(contracts, "magento2/recordings/customers.json", "exchanges", 0, "response", "body")
    (address,) = customer["addresses"]
    read = read_back("magento2", Entity.CUSTOMER, {**customer, "billing": address, "shipping": address, "other": []})
    assert ("anna@example.com", "company", "Bakker BV", "NL001234567B01", False) == tuple(
        read[name] for name in ("email", "kind", "company", "vat_number", "newsletter")
    )
    assert {"first": "Anna", "infix": None, "last": "Bakker", "initials": None} == read["name"]
    assert ("Kade", "12", "B", None) == tuple(
        read["invoice"][name] for name in ("street", "number", "extra", "attention")
    )


@pytest.mark.parametrize("index", [0, 1])
def test_rows_of_the_till(contracts: Path, index: int) -> None:
    """Two variants of a family: the first code is the SKU, the second the barcode."""
    rows = recorded(contracts, "lightspeed-x/examples/products-list.json", "response", 0, "body", "data")
    read = read_back("lightspeed_x", Entity.PRODUCT, rows[index])
    assert ("WT-001-BL-M", "8719326000014", "Wollen trui") == (read["sku"], read["barcode"], read["name"])
    assert (index == 0) == read["sell_in_store"]
    base = read_back("lightspeed_x", Entity.PRICE, rows[index], "base")
    assert Decimal("49.95") == base["amount"]


def test_a_customer_of_the_till(contracts: Path) -> None:
    """Empty texts are nothing, and stay empty texts."""
    customer = recorded(contracts, "lightspeed-x/examples/customer-create.json", "response", 0, "body", "data")
    read = read_back("lightspeed_x", Entity.CUSTOMER, customer)
    assert ("Jan-7K2P", "+31300000000", True, "person") == tuple(
        read[name] for name in ("customer_no", "phone", "newsletter", "kind")
    )
    assert ("Oudegracht", "1", "3511 AA") == tuple(read["invoice"][name] for name in ("street", "number", "postcode"))


def test_a_row_of_a_price_book(contracts: Path) -> None:
    """Row 18 of known-failures: 44.95 written with VAT comes back as 37.14876, and is still 44.95."""
    row = recorded(contracts, "lightspeed-x/examples/price-book-products.json", "response", 1, "body", "data", 0)
    assert {"min_qty": 1, "amount": Decimal("44.95")} == read_back("lightspeed_x", Entity.PRICE, row, "book")


@pytest.mark.parametrize("title", ["special-price-information", "tier-prices-information"])
def test_price_rows_as_the_shop_returned_them(contracts: Path, title: str) -> None:
    """Dates with the last second of a day, group rows, percentages: each is read and not sent back."""
    exchanges = recorded(contracts, "magento2/recordings/prices.json", "exchanges")
    rows = next(one["response"]["body"] for one in exchanges if one["title"] == title)
    part = title.partition("-")[0]
    read = [read_back("magento2", Entity.PRICE, row, part) for row in rows]
    if part == "special":
        assert [("2026-11-01", "2026-12-31", Decimal("9.5"))] == [(r["starts"], r["ends"], r["amount"]) for r in read]
    else:
        assert Decimal("15.5") in [one.get("percent") for one in read]
        assert (10, Decimal(9)) in [(one["min_qty"], one.get("amount")) for one in read]
