"""What a person types into each system to change one field, and what it means canonically.

Written by hand, system by system, without help of the mappings: an edit that was derived from a mapping would
agree with whatever the mapping says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from connector.model.entity import Entity, Value
from tests.systems.natives import ZONE

Native = Mapping[str, Any]
#: The record as it is there, and everything that the system holds → the native values that are typed.
Typed = Callable[[Native, Native], Mapping[str, Any]]

EXACT, MAGENTO, LIGHTSPEED = "exact_online", "magento2", "lightspeed_x"


@dataclass(frozen=True)
class Edit:
    """One field changed in one kind of system."""

    typed: Typed
    value: Value


def plain(value: Value, **typed: Any) -> Edit:
    """An edit whose native values are known beforehand."""
    return Edit(lambda _record, _state: typed, value)


def day(ahead: int) -> str:
    return (datetime.now(ZONE).date() + timedelta(days=ahead)).isoformat()


def _attribute(value: Value, code: str, typed: Any) -> Edit:
    return plain(value, custom_attributes=[{"attribute_code": code, "value": typed}])


def _option(code: str, place: int) -> Edit:
    """Another label of a select attribute that the shop already has."""

    def typed(_record: Native, state: Native) -> Mapping[str, Any]:
        options = next(one["options"] for one in state["attributes"] if one["attribute_code"] == code)
        return {"custom_attributes": [{"attribute_code": code, "value": options[place]["value"]}]}

    return Edit(typed, BRANDS[place])


def _named(member: str, table: str, name: str, value: Value, nested: str = "") -> Edit:
    """A reference by the name that it has in the shop."""

    def typed(_record: Native, state: Native) -> Mapping[str, Any]:
        id_ = next(one["id"] for one in state[table] if one["name"] == name)
        return {member: {nested: id_} if nested else id_}

    return Edit(typed, value)


def _codes(value: Value, *codes: str, keeping: int = 1) -> Edit:
    """The codes of a till's product are typed as a whole list; the first one is the SKU."""

    def typed(record: Native, _state: Native) -> Mapping[str, Any]:
        kept = [{"type": one["type"], "code": one["code"]} for one in record["product_codes"][:keeping]]
        return {"product_codes": kept + [{"type": "EAN" if len(one) == 13 else "CUSTOM", "code": one} for one in codes]}

    return Edit(typed, value)


def _tax_class(name: str, value: Value) -> Edit:
    def typed(_record: Native, state: Native) -> Mapping[str, Any]:
        id_ = next(one["class_id"] for one in state["tax_classes"] if one["class_name"] == name)
        return {"custom_attributes": [{"attribute_code": "tax_class_id", "value": str(id_)}]}

    return Edit(typed, value)


def _row_named(member: str, table: str, code: str, value: Value) -> Edit:
    def typed(_record: Native, state: Native) -> Mapping[str, Any]:
        return {member: next(one["ID"] for one in state[table] if one["Code"] == code)}

    return Edit(typed, value)


#: Labels of the chain's brands, as its shops sort them; one is added by typing it in the ERP.
BRANDS: Final = ("", "Bosveld", "Fjordwol")

PRODUCT: Final[Mapping[str, Mapping[str, Edit]]] = {
    "sku": {
        EXACT: plain("ANDERS-1", Code="ANDERS-1"),
        MAGENTO: plain("ANDERS-2", sku="ANDERS-2"),
        LIGHTSPEED: _codes("ANDERS-3", "ANDERS-3", keeping=0),
    },
    "barcode": {
        EXACT: plain("9520000001018", Barcode="9520000001018"),
        MAGENTO: _attribute("9520000001025", "barcode", "9520000001025"),
        LIGHTSPEED: _codes("9520000001032", "9520000001032"),
    },
    "more_barcodes": {LIGHTSPEED: _codes(["9520000001049"], "9520000001049", keeping=2)},
    "name": {
        EXACT: plain("Naam van het kantoor", Description="Naam van het kantoor"),
        MAGENTO: plain(
            "Naam van de webwinkel, die langer is dan zestig tekens en dus niet overal past",
            name="Naam van de webwinkel, die langer is dan zestig tekens en dus niet overal past",
        ),
        LIGHTSPEED: plain("Naam van de kassa", name="Naam van de kassa"),
    },
    "summary": {
        EXACT: plain("Kort & goed", ExtraDescription="Kort & goed"),
        MAGENTO: _attribute("Warm & zacht", "short_description", "<p>Warm &amp; zacht</p>"),
    },
    "description": {
        EXACT: plain("Lange tekst van kantoor", Notes="Lange tekst van kantoor"),
        MAGENTO: _attribute("<ul><li>100% wol</li></ul>", "description", "<ul><li>100% wol</li></ul>"),
    },
    "active": {EXACT: plain(False, EndDate=day(-1))},
    "sell_online": {EXACT: plain(False, IsWebshopItem=0), MAGENTO: plain(True, status=1)},
    "sell_in_store": {LIGHTSPEED: plain(False, is_active=False)},
    "vat_class": {
        EXACT: plain("reduced", SalesVatCode="2"),
        MAGENTO: _tax_class("Zero rate", "zero"),
        LIGHTSPEED: _named("all_outlets_tax", "taxes", "Hoog 21%", "standard", nested="tax_id"),
    },
    "unit": {EXACT: plain("kilogram", Unit="kg")},
    "fraction": {
        EXACT: plain(True, IsFractionAllowedItem=True),
        MAGENTO: plain(False, extension_attributes={"stock_item": {"is_qty_decimal": False}}),
    },
    "tracks_stock": {
        EXACT: plain(False, IsStockItem=False),
        MAGENTO: plain(
            True, extension_attributes={"stock_item": {"manage_stock": True, "use_config_manage_stock": False}}
        ),
        LIGHTSPEED: plain(False, track_inventory=False),
    },
    "weight": {
        EXACT: plain(Decimal("1.25"), NetWeight=Decimal("1.25"), NetWeightUnit="kg"),
        MAGENTO: plain(Decimal("2.5"), weight=Decimal("2.5")),
        LIGHTSPEED: plain(Decimal("0.75"), weight=750, weight_unit="G"),
    },
    "brand": {
        EXACT: plain("Nieuw merk", Class_01="Nieuw merk"),
        MAGENTO: _option("brand", 1),
        LIGHTSPEED: _named("brand_id", "brands", "Fjordwol", "Fjordwol"),
    },
    "group": {
        EXACT: _row_named("ItemGroup", "logistics/ItemGroups", "703", "703"),
        LIGHTSPEED: _named("product_category_id", "product_categories", "Planten", "705"),
    },
    "categories": {
        MAGENTO: plain(
            ["Eten en drinken", "Kleding"],
            extension_attributes={"category_links": [{"category_id": "3"}, {"category_id": "6"}]},
        )
    },
    "cost": {EXACT: plain(Decimal("12.34"), CostPriceStandard=Decimal("12.34"))},
}


def _address(street: str, number: str, postcode: str, city: str, addition: str | None = None) -> dict[str, Value]:
    members = ("attention", "street", "number", "addition", "extra", "postcode", "city", "region", "country", "phone")
    given = {"street": street, "number": number, "addition": addition, "postcode": postcode, "city": city}
    return {**dict.fromkeys(members), **given, "country": "NL"}


def _name(first: str, last: str, infix: str | None = None) -> dict[str, Value]:
    return {"first": first, "infix": infix, "last": last, "initials": None}


def _lines(line: str, postcode: str, city: str) -> dict[str, str]:
    return {"AddressLine1": line, "Postcode": postcode, "City": city, "Country": "NL"}


def _billing(value: Value, **typed: Any) -> Edit:
    """The customer changes the invoice address in the account pages; the others are sent along."""

    def change(record: Native, _state: Native) -> Mapping[str, Any]:
        rows = record["addresses"]
        return {"addresses": [one | typed if one.get("default_billing") else one for one in rows]}

    return Edit(change, value)


def _further(value: Value, **typed: Any) -> Edit:
    """One address more."""

    def change(record: Native, _state: Native) -> Mapping[str, Any]:
        names = {name: record[name] for name in ("firstname", "lastname")}
        phone = {"telephone": record["addresses"][0]["telephone"]}
        return {"addresses": [*_plain_addresses(record, typed), {**names, **phone, **typed}]}

    return Edit(change, value)


def _plain_addresses(record: Native, typed: Native) -> list[Mapping[str, Any]]:
    """The addresses that stay; a new default takes the place of the old one."""
    return [
        {name: value for name, value in one.items() if name not in typed or name != "default_shipping"}
        for one in record["addresses"]
    ]


def _stored(kind: str, line: str, postcode: str, city: str) -> dict[str, str]:
    return {
        f"{kind}_address_1": line,
        f"{kind}_postcode": postcode,
        f"{kind}_city": city,
        f"{kind}_country_id": "NL",
    }


CUSTOMER: Final[Mapping[str, Mapping[str, Edit]]] = {
    "email": {
        EXACT: plain("kantoor@example.com", Email="kantoor@example.com"),
        MAGENTO: plain("webwinkel@example.com", email="Webwinkel@Example.com"),
        LIGHTSPEED: plain("kassa.nieuw@example.com", email="kassa.nieuw@example.com"),
    },
    "customer_no": {
        EXACT: plain("7001", Code="7001"),
        MAGENTO: _attribute("7002", "customer_no", "7002"),
        LIGHTSPEED: plain("K-7003", customer_code="K-7003"),
    },
    "name": {
        EXACT: plain(
            _name("Jan", "Berg", "van der"), contact={"FirstName": "Jan", "MiddleName": "van der", "LastName": "Berg"}
        ),
        MAGENTO: plain(_name("Piet", "Hooft", "van 't"), firstname="Piet", lastname="van 't Hooft"),
        LIGHTSPEED: plain(_name("Anna", "Bakker"), first_name="Anna", last_name="Bakker"),
    },
    "company": {
        EXACT: plain("Kantoor & Zonen BV", Name="Kantoor & Zonen BV"),
        MAGENTO: _billing("Webwinkel BV", company="Webwinkel BV"),
        LIGHTSPEED: plain("Kassa BV", company_name="Kassa BV"),
    },
    "vat_number": {
        EXACT: plain("BE0999111282", VATNumber="BE 0999.111.282"),
        MAGENTO: plain("NL001234572B01", taxvat="NL001234572B01"),
        LIGHTSPEED: plain("BE0477472701", custom_field_2="BE0477472701"),
    },
    "coc_number": {EXACT: plain("30123456", ChamberOfCommerce="30123456")},
    "phone": {
        EXACT: plain("+31301234567", Phone="030-1234567"),
        MAGENTO: _billing("+31301234568", telephone="030 123 45 68"),
        LIGHTSPEED: plain("+31301234569", phone="+31 30 1234569"),
    },
    "mobile": {
        EXACT: plain("+31612345678", contact={"Mobile": "+31 6 12345678"}),
        LIGHTSPEED: plain("+31612345679", mobile="06-12345679"),
    },
    "lang": {EXACT: plain("fr", Language="FR")},
    "invoice": {
        EXACT: plain(
            _address("Kade", "12", "3511 AB", "Utrecht", addition="B"), **_lines("Kade 12 B", "3511ab", "Utrecht")
        ),
        MAGENTO: _billing(
            _address("Maliebaan", "14", "3581 CS", "Utrecht"),
            street=["Maliebaan 14"],
            postcode="3581 CS",
            city="Utrecht",
            country_id="NL",
        ),
        LIGHTSPEED: plain(
            _address("Plein 1944", "3", "6511 JA", "Nijmegen"),
            **_stored("physical", "Plein 1944 3", "6511 JA", "Nijmegen"),
        ),
    },
    "delivery": {
        EXACT: plain(_address("Kade", "20", "3511 AB", "Utrecht"), delivery=_lines("Kade 20", "3511 AB", "Utrecht")),
        MAGENTO: _further(
            _address("Maliebaan", "16", "3581 CS", "Utrecht"),
            street=["Maliebaan 16"],
            postcode="3581 CS",
            city="Utrecht",
            country_id="NL",
            default_shipping=True,
        ),
        LIGHTSPEED: plain(
            _address("Plein 1944", "5", "6511 JA", "Nijmegen"),
            **_stored("postal", "Plein 1944 5", "6511 JA", "Nijmegen"),
        ),
    },
    "more": {
        EXACT: plain(
            [_address("Maliebaan", "22", "3581 CS", "Utrecht")],
            delivery=_lines("Kade 22", "3511 AB", "Utrecht"),
            others=[_lines("Maliebaan 22", "3581 CS", "Utrecht")],
        ),
        MAGENTO: _further(
            [_address("Maliebaan", "18", "3581 CS", "Utrecht"), _address("Maliebaan", "22", "3581 CS", "Utrecht")],
            street=["Maliebaan 18"],
            postcode="3581 CS",
            city="Utrecht",
            country_id="NL",
        ),
    },
    "group": {
        EXACT: _row_named("PriceList", "sales/SalesPriceLists", "DEALERS", "dealers"),
        MAGENTO: plain("consumers", group_id=1),
        LIGHTSPEED: _named("customer_group_id", "customer_groups", "Dealers", "dealers"),
    },
    "payment_terms": {EXACT: plain("30", PaymentConditionSales="30")},
    "credit_limit": {
        EXACT: plain(Decimal(500), CreditLineSales=500),
        LIGHTSPEED: plain(Decimal("750.5"), on_account_limit=Decimal("750.5")),
    },
    "active": {EXACT: plain(False, EndDate=day(-1))},
    "blocked": {EXACT: plain(True, Blocked=True)},
    "newsletter": {
        EXACT: plain(False, IsMailing=0),
        MAGENTO: plain(True, extension_attributes={"is_subscribed": True}),
        LIGHTSPEED: plain(False, do_not_email=True),
    },
}


@dataclass(frozen=True)
class Shape:
    """One kind of price row: from how many pieces, and over which days from today."""

    min_qty: int = 1
    starts: int | None = None
    ends: int | None = None
    percent: bool = False

    @property
    def lacks(self) -> set[str]:
        """Fields that say nothing in such a row, although its kind of row there has them."""
        without = set() if self.min_qty > 1 else {"min_qty"}
        without |= {"amount"} if self.percent else {"percent"}
        return without if self.starts is not None else without | {"starts", "ends"}

    def key(self, shift: int) -> dict[str, Any]:
        """What says which row it is; ``shift`` days later, since a till has one book for all rows of a period."""
        found: dict[str, Any] = {"min_qty": self.min_qty} if self.min_qty > 1 else {}
        return found | ({"starts": day(self.starts + shift)} if self.starts is not None else {})


SHAPES: Final = {
    "base": Shape(),
    "promo": Shape(starts=3, ends=9),
    "tier": Shape(min_qty=6),
    "share": Shape(min_qty=8, percent=True),
    "dated_tier": Shape(min_qty=4, starts=2, ends=20),
}
#: Kind of system → the mapping's kind of row → the shapes that it holds.
HOLDS: Final = {
    EXACT: {"base": ("base",), "promo": ("promo",), "tier": ("tier",), "dated_tier": ("dated_tier",)},
    MAGENTO: {"base": ("base",), "special": ("promo",), "tier": ("tier", "share")},
    LIGHTSPEED: {"base": ("base",), "book": ("promo", "tier", "dated_tier")},
}
BY_ENTITY: Final = {Entity.PRODUCT: PRODUCT, Entity.CUSTOMER: CUSTOMER}
