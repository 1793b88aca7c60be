"""Sources, stocks, source items, and the quantity that may still be sold (M§1).

Placing an order moves no source quantity: it writes a negative reservation, which belongs to the stock.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sandbox.magento2.call import Call
from sandbox.magento2.errors import ApiError, PlainError, internal_error
from sandbox.magento2.inputs import wrong_type
from sandbox.magento2.legacy_stock import STOCKED_TYPES, manages_stock, mirror_from_source
from sandbox.magento2.products import ProductTable
from sandbox.magento2.search import Table, listing
from sandbox.magento2.state import DEFAULT_SOURCE, Database, Product, Source, SourceItem, Stock
from sandbox.magento2.values import STOCK_PLACES, decimal, folded, is_numeric, scaled, shown

OPTIONAL_OF_SOURCE = (
    "description",
    "latitude",
    "longitude",
    "region_id",
    "region",
    "city",
    "street",
    "contact_name",
    "email",
    "phone",
    "fax",
)
REQUIRED_OF_SOURCE = ("source_code", "name", "country_id", "postcode")


# --- sources


def source_view(source: Source) -> dict[str, Any]:
    """A source as the API answers it; members without a value are left out."""
    members = source.members
    view: dict[str, Any] = {"source_code": source.code, "name": source.name, "enabled": source.enabled}
    view |= {name: members[name] for name in OPTIONAL_OF_SOURCE if members.get(name) is not None}
    return view | {
        "country_id": members.get("country_id"),
        "postcode": members.get("postcode"),
        "use_default_carrier_config": members.get("use_default_carrier_config", True),
        "carrier_links": [],
        "extension_attributes": {"is_pickup_location_active": False, "frontend_name": source.frontend_name},
    }


SOURCES: Table[Source] = Table(
    {
        "source_code": lambda s: s.code,
        "name": lambda s: s.name,
        "enabled": lambda s: int(s.enabled),
        "country_id": lambda s: s.members.get("country_id"),
        "postcode": lambda s: s.members.get("postcode"),
    },
    internal_error,
)


def list_sources(call: Call) -> Any:
    criteria = call.criteria(required_here=False)
    rows, total = SOURCES.search(call.db.sources.values(), criteria)
    return listing([source_view(row) for row in rows], criteria, total)


def _source(db: Database, code: str) -> Source:
    source = db.sources.get(code)
    if source is None:
        text = 'Source with code "%value" does not exist.'
        raise ApiError(404, text, {"value": code})
    return source


def get_source(call: Call) -> Any:
    return source_view(_source(call.db, call.path["sourceCode"]))


def save_source(db: Database, given: Mapping[str, Any]) -> None:
    """Create or change a source: a code that exists is an update."""
    held = db.sources.get(given.get("source_code") or "")
    members = (held.members if held else {"enabled": True}) | {k: v for k, v in given.items() if v is not None}
    missing = [name for name in REQUIRED_OF_SOURCE if not str(members.get(name) or "").strip()]
    if missing:
        errors = [{"message": '"%field" can not be empty.', "parameters": {"field": name}} for name in missing]
        raise ApiError(400, "Validation Failed", errors=errors)
    extension = given.get("extension_attributes")
    frontend = extension.get("frontend_name") if isinstance(extension, dict) else None
    name = str(members["name"])
    db.sources[members["source_code"]] = Source(members["source_code"], name, members, frontend or name)


def post_source(call: Call) -> Any:
    save_source(call.db, call.given["source"])
    return []


def put_source(call: Call) -> Any:
    save_source(call.db, call.given["source"] | {"source_code": call.path["sourceCode"]})
    return []


# --- stocks and links


def stock_view(stock: Stock) -> dict[str, Any]:
    channels = [{"type": "website", "code": code} for code in sorted(stock.channels)]
    return {"stock_id": stock.id, "name": stock.name, "extension_attributes": {"sales_channels": channels}}


STOCKS: Table[Stock] = Table({"stock_id": lambda s: s.id, "name": lambda s: s.name}, internal_error)


def list_stocks(call: Call) -> Any:
    criteria = call.criteria(required_here=False)
    rows, total = STOCKS.search(call.db.stocks.values(), criteria)
    return listing([stock_view(row) for row in rows], criteria, total)


def _stock(db: Database, number: int) -> Stock:
    stock = db.stocks.get(number)
    if stock is None:
        raise ApiError(404, 'Stock with id "%value" does not exist.', {"value": number})
    return stock


def get_stock(call: Call) -> Any:
    return stock_view(_stock(call.db, call.path["stockId"]))


def _assign_channels(db: Database, stock: Stock, given: Mapping[str, Any]) -> None:
    """Give websites to a stock, which takes them from the stocks that had them."""
    channels = (given.get("extension_attributes") or {}).get("sales_channels")
    if channels is None:
        return
    codes = [str(channel.get("code") or "") for channel in channels]
    if not set(codes) <= {website.code for website in db.websites.values()}:
        raise ApiError(400, "Could not save Stock")
    for other in db.stocks.values():
        other.channels = [code for code in other.channels if code not in codes]
    stock.channels = codes


def post_stock(call: Call) -> Any:
    given = call.given["stock"]
    if not given.get("name"):
        errors = [{"message": '"%field" can not be empty.', "parameters": {"field": "name"}}]
        raise ApiError(400, "Validation Failed", errors=errors)
    stock = Stock(call.db.ids.next("stock"), given["name"])
    call.db.stocks[stock.id] = stock
    _assign_channels(call.db, stock, given)
    return stock.id


def put_stock(call: Call) -> Any:
    stock, given = _stock(call.db, call.path["stockId"]), call.given["stock"]
    stock.name = given.get("name") or stock.name
    _assign_channels(call.db, stock, given)
    return stock.id


def list_links(call: Call) -> Any:
    criteria = call.criteria()
    rows = [(s.id, code, priority) for s in call.db.stocks.values() for code, priority in s.links.items()]
    table: Table[tuple[int, str, int]] = Table(
        {"stock_id": lambda r: r[0], "source_code": lambda r: r[1], "priority": lambda r: r[2]}, internal_error
    )
    found, total = table.search(rows, criteria)
    views = [{"stock_id": stock, "source_code": code, "priority": priority} for stock, code, priority in found]
    return listing(views, criteria, total)


def post_links(call: Call) -> Any:
    """Link sources to stocks; one that does not exist refuses all, without saying which."""
    rows = call.given["links"]
    if any(r.get("stock_id") not in call.db.stocks or r.get("source_code") not in call.db.sources for r in rows):
        raise ApiError(400, "Could not save StockSourceLinks")
    for row in rows:
        call.db.stocks[row["stock_id"]].links[row["source_code"]] = row.get("priority") or 0
    return []


def delete_links(call: Call) -> Any:
    for row in call.given["links"]:
        if row.get("stock_id") in call.db.stocks:
            call.db.stocks[row["stock_id"]].links.pop(row.get("source_code"), None)
    return []


def sources_of(db: Database, stock: Stock) -> list[Source]:
    """The enabled sources of a stock, by priority."""
    codes = sorted(stock.links, key=lambda code: (stock.links[code], code))
    return [db.sources[code] for code in codes if code in db.sources and db.sources[code].enabled]


def list_sources_of_stock(call: Call) -> Any:
    return [source_view(source) for source in sources_of(call.db, _stock(call.db, call.path["stockId"]))]


def resolve_stock(call: Call) -> Any:
    stock = call.db.stock_of_website(call.path["code"]) if call.path["type"] == "website" else None
    if stock is None:
        raise ApiError(404, "No linked stock found")
    return stock_view(stock)


# --- source items

SOURCE_ITEMS: Table[SourceItem] = Table(
    {
        "sku": lambda i: i.sku,
        "source_code": lambda i: i.source_code,
        "quantity": lambda i: i.quantity,
        "status": lambda i: i.status,
    },
    internal_error,
)


def source_item_view(item: SourceItem) -> dict[str, Any]:
    return {
        "sku": item.sku,
        "source_code": item.source_code,
        "quantity": shown(item.quantity),
        "status": item.status,
    }


def list_source_items(call: Call) -> Any:
    criteria = call.criteria()
    rows, total = SOURCE_ITEMS.search(call.db.source_items.values(), criteria)
    return listing([source_item_view(row) for row in rows], criteria, total)


def _errors_of(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Message and field of everything wrong with one row."""
    found = []
    for name in ("sku", "source_code"):
        text = row.get(name) or ""
        if not text.strip():
            found.append(('"%field" can not be empty.', name))
        elif text != text.strip():
            found.append(('"%field" can not contain leading or trailing spaces.', name))
    if row.get("quantity") is None:
        found.append(('"%field" should be numeric.', "quantity"))
    if row.get("status") is None:
        found.append(('"%field" should be numeric.', "status"))
    elif row["status"] not in (0, 1):
        found.append(('"%field" should a known status.', "status"))
    return found


def check_source_items(rows: list[Mapping[str, Any]]) -> None:
    """400 with a list of errors; nothing is saved then."""
    if not rows:
        raise ApiError(400, "Input data is empty")
    found = [one for row in rows for one in _errors_of(row)]
    if found:
        texts = [message.replace("%field", name) for message, name in found]
        errors = [{"message": message, "parameters": {"field": name}} for message, name in found]
        raise ApiError(400, f"Validation Failed: {', '.join(texts)}", errors=errors)


def save_source_item(db: Database, row: Mapping[str, Any]) -> SourceItem:
    """Write one row; another letter case of the SKU changes the row that is there, an unknown SKU makes an orphan."""
    key = (folded(row["sku"]), row["source_code"])
    item = db.source_items.setdefault(key, SourceItem(row["sku"], row["source_code"], Decimal(0), 0))
    item.quantity, item.status = scaled(row["quantity"], STOCK_PLACES), row["status"]
    if item.source_code == DEFAULT_SOURCE:
        mirror_from_source(db, item)
    return item


def post_source_items(call: Call) -> Any:
    """All or nothing: one unknown source refuses the call, and the body does not say which row (M§1)."""
    rows = call.given["sourceItems"]
    check_source_items(rows)
    if any(row["source_code"] not in call.db.sources for row in rows):
        raise ApiError(400, "Could not save Source Item")
    for row in rows:
        save_source_item(call.db, row)
    return None if call.is_async else []


def delete_source_items(call: Call) -> Any:
    """Take rows away; one that does not exist is no error."""
    rows = call.given["sourceItems"]
    if not rows:
        raise ApiError(400, "Input data is empty")
    for row in rows:
        call.db.source_items.pop((folded(row.get("sku") or ""), row.get("source_code") or ""), None)
    return None if call.is_async else []


# --- what may be sold


def stocked_quantity(db: Database, stock: Stock, sku: str) -> Decimal | None:
    """The pieces in the sources of a stock before reservations; None without any source item.

    A source item that is out of stock (status 0) does not count, however much it holds.
    """
    codes = {source.code for source in sources_of(db, stock)}
    items = [item for item in db.source_items_of(sku) if item.source_code in codes]
    return sum((item.quantity for item in items if item.status == 1), Decimal(0)) if items else None


def salable_quantity(db: Database, stock: Stock, sku: str) -> Decimal:
    """What may still be sold: source quantities and reservations, never below 0 (M1.5)."""
    reserved = db.reserved.get((stock.id, folded(sku)), Decimal(0))
    return max(Decimal(0), (stocked_quantity(db, stock, sku) or Decimal(0)) + reserved)


def _known_stock(db: Database, number: int) -> Stock:
    stock = db.stocks.get(number)
    if stock is None:
        raise ApiError(400, "Could not receive Stock Item data")
    return stock


def get_salable_quantity(call: Call) -> Any:
    """An unknown SKU is a plain 500 (M2.9)."""
    if not call.db.with_sku(call.path["sku"]):
        raise PlainError(500)
    stock = _known_stock(call.db, call.path["stockId"])
    return shown(salable_quantity(call.db, stock, call.path["sku"]))


def is_salable(db: Database, stock: Stock, sku: str) -> bool:
    """Whether at least one piece may be sold."""
    found = db.with_sku(sku)
    if not found or stocked_quantity(db, stock, sku) is None:
        return False
    return not manages_stock(found[0].stock) or salable_quantity(db, stock, sku) > 0


def get_is_salable(call: Call) -> Any:
    stock = _known_stock(call.db, call.path["stockId"])
    return is_salable(call.db, stock, call.path["sku"])


def get_are_salable(call: Call) -> Any:
    number, skus = int(call.given["stockId"]), call.given["skus"]
    stock = _known_stock(call.db, number)
    return [{"sku": sku, "stock_id": number, "salable": is_salable(call.db, stock, sku)} for sku in skus]


SHORTAGE = (
    ("back_order-disabled", "Backorders are disabled"),
    ("manage_stock-enabled", "Manage stock is enabled"),
    ("is_salable_with_reservations-not_enough_qty", "The requested qty is not available"),
)


def get_is_salable_for(call: Call) -> Any:
    if not is_numeric(call.path["requestedQty"]):
        raise wrong_type(call.path["requestedQty"], "float")
    stock = _known_stock(call.db, call.path["stockId"])
    enough = salable_quantity(call.db, stock, call.path["sku"]) >= decimal(call.path["requestedQty"])
    errors = [] if enough else [{"code": code, "message": text} for code, text in SHORTAGE]
    return {"salable": enough, "errors": errors}


# --- exports


def _channel_stock(call: Call) -> Stock:
    stock = call.db.stock_of_website(call.path["salesChannelCode"])
    if stock is None or call.path["salesChannelType"] != "website":
        raise ApiError(404, "No linked stock found")
    return stock


def _export_row(db: Database, stock: Stock, product: Product) -> dict[str, Any] | None:
    """Quantity after reservations; None for a product that is left out."""
    if product.type_id not in STOCKED_TYPES:
        children = (db.products[number].sku for number in product.children if number in db.products)
        return {"sku": product.sku, "qty": 0, "is_salable": any(is_salable(db, stock, sku) for sku in children)}
    if stocked_quantity(db, stock, product.sku) is None:
        return None
    quantity = salable_quantity(db, stock, product.sku)
    return {"sku": product.sku, "qty": shown(quantity), "is_salable": quantity > 0}


def export_salable(call: Call) -> Any:
    """Pages over the products; those without a source item in the stock are left out of their page, and
    ``total_count`` counts only the rows of this page (M1.8)."""
    stock, criteria = _channel_stock(call), call.criteria()
    products, _ = ProductTable(call.db, call.store_id).search(call.db.products.values(), criteria)
    rows = [row for product in products if (row := _export_row(call.db, stock, product)) is not None]
    return listing(rows, criteria, len(rows))


def dump_index(call: Call) -> Any:
    """Quantity before reservations; no rows for a website on the default stock (M1.8)."""
    stock = _channel_stock(call)
    if stock.id == 1:
        return []
    rows = [(p.sku, stocked_quantity(call.db, stock, p.sku)) for p in call.db.products.values()]
    return [{"sku": sku, "qty": shown(qty), "is_salable": qty > 0} for sku, qty in rows if qty is not None]


def get_low_quantity(call: Call) -> Any:
    return {"source_code": call.path["sourceCode"], "notify_stock_qty": 1, "sku": call.path["sku"]}


ALGORITHMS = (
    (
        "distance",
        "Distance Priority",
        "Algorithm which provides Source Selections based on shipping address distance from the source",
    ),
    (
        "priority",
        "Source Priority",
        "Algorithm which provides Source Selections based on predefined priority of Source",
    ),
)


def list_algorithms(_call: Call) -> Any:
    return [{"code": code, "title": title, "description": text} for code, title, text in ALGORITHMS]


def select_sources(call: Call) -> Any:
    """From which sources an order would be taken, by their priority."""
    request = call.given["inventoryRequest"]
    stock = _stock(call.db, request.get("stock_id") or 0)
    rows, enough = [], True
    for item in request.get("items") or []:
        left = item.get("qty") or Decimal(0)
        for source in sources_of(call.db, stock):
            held = call.db.source_items.get((folded(item.get("sku") or ""), source.code))
            if held is None or held.status != 1:
                continue
            taken = max(Decimal(0), min(left, held.quantity))
            left -= taken
            rows.append(
                {
                    "source_code": source.code,
                    "sku": item.get("sku"),
                    "qty_to_deduct": shown(taken),
                    "qty_available": shown(held.quantity),
                }
            )
        enough = enough and left <= 0
    return {"source_selection_items": rows, "shippable": enough}
