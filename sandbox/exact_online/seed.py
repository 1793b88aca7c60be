"""The chain of :mod:`sandbox.shop` as an Exact Online division."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from sandbox.exact_online import crm, orders, stock
from sandbox.exact_online import store as tables
from sandbox.exact_online.store import DIVISION, Row, Store
from sandbox.shop.model import Address, Customer, Order, Product, Shop, System
from sandbox.shop.words import GROUPS

HERE: System = "exact_online"
DEALERS = "DEALERS"
TILL_JOURNAL, SALES_JOURNAL = "KASSA", "70"
WALK_IN = "Kassaklant"
_Thing = TypeVar("_Thing", Product, Customer)

VAT_CODES: tuple[tuple[str, str, str, str], ...] = (
    ("0", "BTW-vrij 0%", "0", "B"),
    ("1", "Hoog tarief, exclusief 21%", "0.21", "E"),
    ("2", "Laag tarief, inclusief 9%", "0.09", "I"),
    ("3", "Laag tarief, exclusief 9%", "0.09", "E"),
    ("4", "Hoog tarief, inclusief 21%", "0.21", "I"),
    ("5", "Tussentarief België, inclusief 12%", "0.12", "I"),
    ("6", "Tussentarief België, exclusief 12%", "0.12", "E"),
    ("8", "Vrijgesteld", "0", "N"),
)
"""Code, words, fraction, and whether prices include it: I, E, B or N (E128)."""

VAT_CODE_OF: dict[tuple[str, str], str] = {
    ("standard", "included"): "4",
    ("standard", "excluded"): "1",
    ("reduced", "included"): "2",
    ("reduced", "excluded"): "3",
    ("intermediate", "included"): "5",
    ("intermediate", "excluded"): "6",
    ("zero", "included"): "0",
    ("zero", "excluded"): "0",
    ("exempt", "included"): "8",
    ("exempt", "excluded"): "8",
}
UNITS = {"piece": ("pc", "Stuk"), "kilogram": ("kg", "Kilogram"), "metre": ("m", "Meter"), "pair": ("pair", "Paar")}


def local(thing: _Thing) -> _Thing:
    """A product or customer as this system shows it (``overrides``)."""
    shown = thing.overrides.get(HERE)
    return replace(thing, **shown) if shown else thing


def plant(store: Store, shop: Shop) -> None:
    """Fill an empty store with a chain; the staff user is the one who made it all."""
    store.actor = store.staff_user
    _plant_users(store)
    _plant_reference(store, shop)
    for product in shop.products:
        if HERE in product.on:
            _plant_product(store, shop, local(product))
    accounts = {}
    for customer in shop.customers:
        if HERE in customer.on:
            accounts[customer.number] = _plant_customer(store, local(customer))
    skus = {product.sku: local(product).sku for product in shop.products}
    for order in shop.orders:
        if HERE in (order.placed_in, *order.also_in):
            _plant_order(store, shop, order, accounts.get(order.customer or ""), skus)
    store.actor = store.api_user


def _put(store: Store, table: str, name: object, values: Mapping[str, Any]) -> Row:
    """A seeded row: its id follows from the seed and its name."""
    return store.insert(table, dict(values), store.make_id(table, name))


def _day(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time())


def _plant_users(store: Store) -> None:
    people = ((store.api_user, "Koppeling", "Webwinkel"), (store.staff_user, "Jane", "Doe"))
    for key, first, last in people:
        mail = f"{first}.{last}@example.com".lower()
        values = {
            "CurrentDivision": DIVISION, "AccountingDivision": DIVISION, "FullName": f"{first} {last}",
            "UserName": mail, "Email": mail, "FirstName": first, "LastName": last,
            "LanguageCode": "nl-NL", "Language": "NL",
            "Legislation": 31, "DivisionCustomerName": "Voorbeeldketen BV",
            "DivisionCustomerCode": crm.pad_code("900001"),
            "CustomerCode": crm.pad_code("900001"), "PackageCode": "EOLAPPCENTER", "Gender": "O", "IsClientUser": True,
        }  # fmt: skip
        store.insert(tables.USERS, values, key)


def _plant_reference(store: Store, shop: Shop) -> None:
    """Division, units, VAT codes, groups, warehouses, journals, the dealers' price list."""
    division = {"Description": "Voorbeeldketen BV", "Country": "NL", "Currency": "EUR", "Current": True, "Hid": 1}
    store.insert(tables.DIVISIONS, division | {"BlockingStatus": 0, "Status": 0, "Legislation": "NL"}, DIVISION)
    store.insert(tables.CURRENCIES, {"Description": "Euro", "AmountPrecision": 2, "PricePrecision": 2}, "EUR")
    for code, words in UNITS.values():
        _put(store, tables.UNITS, code, {"Code": code, "Description": words, "Active": True, "Type": "O", "Main": 0})
    for code, words, share, kind in VAT_CODES:
        values = {"Code": code, "Description": words, "Percentage": Decimal(share), "Type": kind, "IsBlocked": False}
        _put(store, tables.VAT_CODES, code, values | {"CalculationBasis": 0, "VATTransactionType": "S"})
    for code, words in GROUPS.items():
        values = {"Code": code, "Description": words, "IsDefault": int(code == "701")}
        _put(store, tables.GROUPS, code, values)
    for code, words in (("00", "Contant"), ("30", "30 dagen")):
        values = {"Code": code, "Description": words, "PaymentDays": int(code)}
        _put(store, tables.CONDITIONS, code, values)
    for code, words in ((SALES_JOURNAL, "Verkoopboek"), (TILL_JOURNAL, "Kassaverkopen")):
        _put(store, tables.JOURNALS, code, {"Code": code, "Description": words, "Currency": "EUR", "Type": 20})
    _plant_warehouses(store, shop)
    _plant_price_list(store)


def _plant_warehouses(store: Store, shop: Shop) -> None:
    located = store.settings.on("storage_locations")
    for place in shop.locations:
        code = place.codes.get(HERE)
        if code is None:
            continue
        main = int(code == "1")
        values = {
            "Code": code,
            "Description": place.name,
            "Main": main,
            "UseStorageLocations": int(located and main == 1),
        }
        row = _put(store, tables.WAREHOUSES, code, values)
        if located and main:
            shelf = {"Code": "A1", "Description": "Stelling A1", "Warehouse": row.key}
            _put(store, tables.STORAGE, "A1", shelf)


def _plant_price_list(store: Store) -> None:
    values = {"Code": DEALERS, "Description": "Wederverkopers", "Currency": "EUR", "Entity": 1, "Type": 1}
    listed = _put(store, tables.PRICE_LISTS, DEALERS, values)
    period = {"PriceList": listed.key, "Currency": "EUR", "Type": 1, "StartDate": store.midnight(-400)}
    _put(store, tables.PERIODS, DEALERS, period)


def _plant_product(store: Store, shop: Shop, product: Product) -> None:
    """One item, its prices, and its stock in each warehouse."""
    row = _put(store, tables.ITEMS, product.sku, _item_values(store, shop, product))
    _plant_prices(store, row, product)
    if not product.tracks_stock:
        return
    codes = {place.code: place.codes[HERE] for place in shop.locations if HERE in place.codes}
    for place, quantity in product.stock.items():
        if place in codes:
            _plant_position(store, row, codes[place], quantity)


def _item_values(store: Store, shop: Shop, product: Product) -> dict[str, Any]:
    code = VAT_CODE_OF[product.vat_class, product.price_form] if product.vat_class else None
    return {
        "Code": product.sku,
        "Description": product.name,
        "ExtraDescription": product.summary,
        "Barcode": product.barcode,
        "Unit": UNITS[product.unit][0],
        "IsFractionAllowedItem": product.unit in ("kilogram", "metre"),
        "SalesVatCode": code,
        "IsSalesItem": True,
        "IsStockItem": product.tracks_stock,
        "IsWebshopItem": int(product.sell_online),
        "StartDate": _day(shop.as_of - timedelta(days=200)),
        "EndDate": None if product.active else _day(shop.as_of - timedelta(days=10)),
        "NetWeight": product.weight_kg,
        "NetWeightUnit": "kg" if product.weight_kg is not None else None,
        "Class_01": product.brand,
        "ItemGroup": store.make_id(tables.GROUPS, product.group or "701"),
        "CostPriceStandard": product.cost,
    }


def _plant_prices(store: Store, item: Row, product: Product) -> None:
    """The base row, promotions as dated rows, tiers as rows with a quantity; a group's tiers in its price list."""
    start = item.get("StartDate")
    _put_price(store, item, "base", {"Price": product.price, "StartDate": start})
    for number, promo in enumerate(product.promos):
        ends = None if promo.ends is None else _day(promo.ends)
        dated = {"Price": promo.amount, "StartDate": _day(promo.starts), "EndDate": ends}
        _put_price(store, item, f"promo {number}", dated)
    for tier in product.tiers:
        if tier.group is None:
            _put_price(
                store,
                item,
                f"tier {tier.min_qty}",
                {"Price": tier.amount, "Quantity": tier.min_qty} | {"StartDate": start},
            )
        else:
            put_discount(store, item, tier.min_qty, tier.amount)


def _put_price(store: Store, item: Row, name: str, values: dict[str, Any]) -> None:
    key = {"Item": item.key, "Currency": "EUR", "Unit": item.get("Unit"), "Quantity": Decimal(1)}
    more = {"NumberOfItemsPerUnit": Decimal(1)}
    _put(store, tables.PRICES, f"{item.get('Code')}/{name}", key | more | values)


def put_discount(store: Store, item: Row, quantity: Decimal, amount: Decimal) -> Row:
    """A volume discount whose new price leads: EntryMethod 2 (E129)."""
    values = {
        "PriceListPeriod": store.make_id(tables.PERIODS, DEALERS), "Item": item.key, "EntryMethod": 2,
        "NewPrice": amount, "Quantity": quantity, "NumberOfItemsPerUnit": Decimal(1), "Unit": item.get("Unit"),
    }  # fmt: skip
    return _put(store, tables.DISCOUNTS, f"{item.get('Code')}/{quantity}", values)


def _plant_position(store: Store, item: Row, code: str, quantity: Decimal) -> None:
    warehouse = store.make_id(tables.WAREHOUSES, code)
    name = f"{item.get('Code')}/{code}"
    _put(store, tables.ITEM_WAREHOUSES, name, {"Item": item.key, "Warehouse": warehouse})
    values = {"ItemId": item.key, "Warehouse": warehouse, "CurrentStock": quantity, "PlanningOut": Decimal(0)}
    _put(store, tables.POSITIONS, name, values)


def _lines(address: Address) -> dict[str, Any]:
    """Street and number on one line (canonical-model 2)."""
    number = f"{address.number} {address.addition}".strip()
    return {
        "AddressLine1": f"{address.street} {number}".strip(),
        "AddressLine2": address.extra or None,
        "AddressLine3": address.attention or None,
        "Postcode": address.postcode,
        "City": address.city,
        "Country": address.country,
    }


def _plant_customer(store: Store, customer: Customer) -> Row:
    """The account, its main contact, its addresses: visit, delivery, further ones."""
    joined = " ".join(part for part in (customer.first, customer.infix, customer.last) if part)
    code = crm.pad_code(f"{store.count('account codes'):07d}")
    dealers = store.make_id(tables.PRICE_LISTS, DEALERS) if customer.group == "dealers" else None
    values = {
        "Code": code, "Name": customer.company or joined, "Status": crm.CUSTOMER, "Email": customer.email,
        "Phone": customer.phone, "VATNumber": customer.vat_number, "Language": customer.language.upper(),
        "IsMailing": int(customer.newsletter), "PriceList": dealers, "StartDate": store.midnight(-200),
    }  # fmt: skip
    account = _put(store, tables.ACCOUNTS, customer.number, values | _lines(customer.invoice))
    _plant_addresses(store, account, customer)
    contact = _plant_contact(store, account, customer)
    store.change(tables.ACCOUNTS, account, {"MainContact": contact.key})
    if dealers is not None:
        linked = {"Account": account.key, "PriceList": dealers}
        _put(store, tables.LINKED, customer.number, linked)
    return account


def _plant_addresses(store: Store, account: Row, customer: Customer) -> None:
    rows = [(crm.VISIT, customer.invoice, True)]
    if customer.delivery is not None:
        rows.append((crm.DELIVERY, customer.delivery, True))
    rows += [(crm.DELIVERY, address, False) for address in customer.more]
    for number, (kind, address, main) in enumerate(rows):
        values = {"Account": account.key, "Type": kind, "Main": main} | _lines(address)
        _put(store, tables.ADDRESSES, f"{customer.number}/{number}", values)


def _plant_contact(store: Store, account: Row, customer: Customer) -> Row:
    """Names apart; the infix where the switch ``infix`` says (open point 3)."""
    apart = store.settings.text("infix") == "MiddleName"
    last = customer.last if apart or not customer.infix else f"{customer.infix} {customer.last}"
    number = store.count("contact codes")
    values = {
        "Account": account.key, "Code": crm.pad_code(f"{number:07d}"), "HID": 11_000 + number,
        "FirstName": customer.first, "MiddleName": (customer.infix or None) if apart else None, "LastName": last,
        "BirthName": last, "Email": customer.email, "BusinessEmail": customer.email, "Phone": customer.phone,
        "Mobile": customer.mobile, "Language": customer.language.upper(),
    }  # fmt: skip
    return _put(store, tables.CONTACTS, customer.number, values)


def walk_in(store: Store) -> Row:
    """The account on which sales to nobody in particular are booked; made when it is first needed."""
    found = store.get(tables.ACCOUNTS, store.make_id(tables.ACCOUNTS, WALK_IN))
    if found is not None:
        return found
    shop = Address("Kade", "1", "Utrecht", "3511 AB", "NL")
    mail = "kassa@example.com"
    return _plant_customer(store, Customer(WALK_IN, "person", "Kassa", "", "Klant", mail, "+31302000000", shop))


def _plant_order(store: Store, shop: Shop, order: Order, account: Row | None, skus: Mapping[str, str]) -> None:
    """An order through the same rules as the API's, delivered as far as it has been shipped."""
    buyer = (account or walk_in(store)).key
    items = {line.sku: store.one(tables.ITEMS, "Code", skus.get(line.sku, line.sku)) for line in order.lines}
    wanted = [line for line in order.lines if items[line.sku] is not None]
    if not wanted:
        return
    place = next((one for one in shop.locations if one.code == order.ship_from), shop.locations[0])
    lines = [{"Item": items[line.sku].key, "Quantity": line.quantity} for line in wanted]  # type: ignore[union-attr]
    warehouse = store.make_id(tables.WAREHOUSES, place.codes.get(HERE, "1"))
    head = {"OrderedBy": buyer, "YourRef": order.reference, "WarehouseID": warehouse, "SalesOrderLines": lines}
    row = orders.create_order(store, head | {"Description": f"Order {order.reference}"})
    shipped = [(line, one) for line, one in zip(wanted, orders.lines_of(store, row), strict=True) if line.shipped]
    if shipped:
        given = [{"SalesOrderLineID": one.key, "QuantityDelivered": line.shipped} for line, one in shipped]
        orders.create_delivery(store, {"DeliveryDate": store.midnight(), "GoodsDeliveryLines": given})
        for line, one in shipped:  # the chain's stock is what lies there now, after these shipments
            stock.move(store, one.get("Item"), warehouse, line.shipped)
    if order.state == "canceled":
        orders.cancel_order(store, row)
