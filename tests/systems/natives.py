"""Native records as the mappings want them, put together from what a stand-in says it holds.

Written a second time, apart from the adapters: what an adapter reads out of the wrong place, it may
well have written there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connector.model.entity import Entity

Native = Mapping[str, Any]
State = Mapping[str, Any]
ZONE = ZoneInfo("Europe/Amsterdam")


@dataclass(frozen=True)
class PriceRow:
    """One price: which kind of row holds it there, from how many pieces, and from which day (None: undated)."""

    native: Native
    part: str
    min_qty: Decimal = Decimal(1)
    starts: str | None = None


class Division:
    """What an Exact Online division holds."""

    def __init__(self, state: State) -> None:
        self._state = state

    def product(self, id_: str) -> Native:
        item = _one(self._state["logistics/Items"], ID=id_)
        group = _found(self._state["logistics/ItemGroups"], ID=item.get("ItemGroup"))
        return {**item, "ItemGroupCode": group and group["Code"]}

    def customer(self, id_: str) -> Native:
        account = _one(self._state["crm/Accounts"], ID=id_)
        every = [one for one in self._state["crm/Addresses"] if one["Account"] == id_]
        rows = [one for one in every if one["Main"]]
        return {
            **account,
            "contact": _found(self._state["crm/Contacts"], ID=account.get("MainContact")),
            "invoice": _found(rows, Type=3),
            "delivery": _found(rows, Type=4),
            "others": {"list": [one for one in every if one["Type"] == 4 and not one["Main"]]},
        }

    def prices(self, product: str) -> Iterator[PriceRow]:
        unit = _one(self._state["logistics/Items"], ID=product)["Unit"]
        for row in self._state["logistics/SalesItemPrices"]:
            if row["Item"] == product and not row.get("Account") and row["Unit"] == unit:
                yield _exact_price(row)

    def stock(self, product: str, place: str) -> Native:
        house = _one(self._state["inventory/Warehouses"], Code=place)["ID"]
        return _one(self._state["sync/Inventory/StockPositions"], ItemId=product, Warehouse=house)


def _exact_price(row: Native) -> PriceRow:
    """A row that ends, or is still to begin, is a promotion; one from more pieces on a tier."""
    quantity, starts = Decimal(row["Quantity"]), row["StartDate"][:10]
    dated = bool(row.get("EndDate")) or starts > datetime.now(ZONE).date().isoformat()
    kind = ("dated_tier" if dated else "tier") if quantity > 1 else ("promo" if dated else "base")
    return PriceRow(row, kind, quantity, starts if dated else None)


class Webshop:
    """What a Magento shop holds."""

    def __init__(self, state: State) -> None:
        self._state = state

    def product(self, id_: str) -> Native:
        item = _one(self._state["products"], id=int(id_))
        attributes = {one["attribute_code"]: self._shown(one) for one in item["custom_attributes"]}
        links = item["extension_attributes"].get("category_links") or ()
        return {
            **item,
            "custom_attributes": attributes,
            "categories": [self._path(one["category_id"]) for one in links],
        }

    def _shown(self, given: Native) -> Any:
        """A value of a select attribute by its label."""
        attribute = _found(self._state["attributes"], attribute_code=given["attribute_code"])
        if attribute is None or attribute["frontend_input"] != "select":
            return given["value"]
        return _one(attribute["options"], value=given["value"])["label"]

    def _path(self, id_: Any) -> str:
        category = _one(self._state["categories"], id=int(id_))
        above = [int(one) for one in category["path"].split("/")[2:]]
        return "/".join(_one(self._state["categories"], id=one)["name"] for one in above)

    def customer(self, id_: str) -> Native:
        row = _one(self._state["customers"], id=int(id_))
        places = {name: row.get(f"default_{name}") for name in ("billing", "shipping")}
        found = {name: _found(row["addresses"], id=int(one)) if one else None for name, one in places.items()}
        if places["billing"] == places["shipping"]:
            found["shipping"] = None
        others = [one for one in row["addresses"] if str(one["id"]) not in places.values()]
        group = _one(self._state["customer_groups"], id=row["group_id"])["code"]
        custom = {one["attribute_code"]: one["value"] for one in row.get("custom_attributes") or ()}
        return {**row, **found, "other": others, "group": group, "custom_attributes": custom}

    def prices(self, product: str) -> Iterator[PriceRow]:
        item = _one(self._state["products"], id=int(product))
        yield PriceRow({"price": item["price"], "store_id": 0}, "base")
        held = {one["attribute_code"]: one["value"] for one in item["custom_attributes"]}
        if held.get("special_price") is not None:
            starts, ends = held.get("special_from_date"), held.get("special_to_date")
            native = {"price": Decimal(held["special_price"]), "price_from": starts, "price_to": ends, "store_id": 0}
            yield PriceRow(native, "special", starts=starts and starts[:10])
        for row in item["tier_prices"]:
            if row["customer_group_id"] == 32000:
                yield self._tier(row)

    def _tier(self, row: Native) -> PriceRow:
        percent = (row.get("extension_attributes") or {}).get("percentage_value")
        kind = ("discount", percent) if percent is not None else ("fixed", row["value"])
        native = {"price_type": kind[0], "price": Decimal(str(kind[1])), "quantity": row["qty"]}
        return PriceRow(native, "tier", Decimal(row["qty"]))

    def stock(self, product: str, place: str) -> Native:
        sku = _one(self._state["products"], id=int(product))["sku"]
        return _one(self._state["source_items"], sku=sku, source_code=place)


class Store:
    """What a Lightspeed shop holds."""

    def __init__(self, state: State) -> None:
        self._state = state

    def product(self, id_: str) -> Native:
        row = _one(self._state["products"], id=id_)
        return {
            **row,
            "tax_name": self._name("taxes", row["all_outlets_tax"]["tax_id"]),
            "brand": self._name("brands", row.get("brand_id")),
            "category": self._name("product_categories", row.get("product_category_id")),
        }

    def _name(self, table: str, id_: Any) -> str | None:
        return str(_one(self._state[table], id=id_)["name"]) if id_ else None

    def customer(self, id_: str) -> Native:
        row = _one(self._state["customers"], id=id_)
        return {**row, "customer_group": self._name("customer_groups", row.get("customer_group_id"))}

    def prices(self, product: str) -> Iterator[PriceRow]:
        yield PriceRow(_one(self._state["products"], id=product), "base")
        books = {one["id"]: one for one in self._state["price_books"] if one["type"] != "BASE"}
        for row in self._state["price_book_products"]:
            book = books.get(row["price_book_id"])
            if row["product_id"] == product and book is not None and not row["deleted_at"]:
                native = {**row, "valid_from": book["valid_from"], "valid_to": book["valid_to"]}
                yield PriceRow(native, "book", Decimal(row["min_units"] or 1), _day(book["valid_from"]))

    def stock(self, product: str, place: str) -> Native:
        outlet = _one(self._state["outlets"], name=place)["id"]
        return _one(self._state["inventory"], product_id=product, outlet_id=outlet)


def _day(moment: str | None) -> str | None:
    return None if moment is None else datetime.fromisoformat(moment).astimezone(ZONE).date().isoformat()


READERS = {"exact_online": Division, "magento2": Webshop, "lightspeed_x": Store}
#: Entities that are read by their own id; prices and stock by their product's.
OWN = (Entity.PRODUCT, Entity.CUSTOMER)


def _found(rows: Iterable[Native], **where: Any) -> Native | None:
    return next((row for row in rows if all(row.get(name) == value for name, value in where.items())), None)


def _one(rows: Iterable[Native], **where: Any) -> Native:
    found = [row for row in rows if all(row.get(name) == value for name, value in where.items())]
    assert 1 == len(found), f"{where} is there {len(found)} times"
    return found[0]
