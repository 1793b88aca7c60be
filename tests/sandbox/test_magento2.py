"""The stand-in of Magento 2, over real HTTP, held against the contract recordings and their notes (M2.7, M§4)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import pytest
import requests

from sandbox.magento2 import build
from sandbox.magento2.routing import Route
from sandbox.magento2.services import ROUTES
from sandbox.stand import Options, Stand

REPLAYED = (
    "stores_and_reference_data",
    "products_get_one",
    "products_write",
    "products_update_delete",
    "products_search",
    "prices",
    "stock_msi_setup_and_source_items",
    "stock_reservations_through_an_order_life",
    "stock_sync_order_of_operations",
    "customers",
    "paging_past_the_last_page",
    "async_bulk",
    "http_and_error_shapes",
    "auth_2_tokens",
)
PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVQI12P4z8AAAAMBAQAY3Y2wAAAAAElFTkSuQmCC"
CATALOGUE = "Magento_Catalog::products"


@dataclass
class Shop:
    """A client of one running stand-in; numbers come back as Decimal where they have a point."""

    stand: Stand
    url: str
    headers: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Status and JSON body."""
        data = None if body is None else json.dumps(body, default=float)
        given = self.headers | {"Content-Type": "application/json"} | headers
        answer = requests.request(method, self.url + path, data=data, headers=given, timeout=20)
        return answer.status_code, json.loads(answer.text, parse_float=Decimal)

    def get(self, path: str) -> Any:
        status, body = self.call("GET", f"/rest/all/V1/{path}")
        assert status == 200, body
        return body

    def post(self, path: str, body: Any) -> Any:
        status, answer = self.call("POST", f"/rest/all/V1/{path}", body)
        assert status == 200, answer
        return answer

    def put(self, path: str, body: Any, store: str = "all") -> Any:
        status, answer = self.call("PUT", f"/rest/{store}/V1/{path}", body)
        assert status == 200, answer
        return answer

    def edit(self, verb: str, **change: Any) -> dict[str, Any]:
        status, body = self.call("POST", "/_sandbox/edit", {"do": verb} | change)
        assert status == 200, body
        return dict(body)

    def advance(self, seconds: int) -> None:
        self.call("POST", "/_sandbox/clock", {"advance_s": seconds})

    def create(self, sku: str, price: Any = 10, **more: Any) -> Any:
        product = {"sku": sku, "name": f"Name of {sku}", "attribute_set_id": 4, "price": price} | more
        return self.post("products", {"product": product})

    def product(self, sku: str, store: str = "all") -> Any:
        status, body = self.call("GET", f"/rest/{store}/V1/products/{quote(sku, safe='')}")
        assert status == 200, body
        return body

    def stocked(self, sku: str, **quantities: Any) -> None:
        """Source items by source, in stock."""
        rows = [{"sku": sku, "source_code": code, "quantity": qty, "status": 1} for code, qty in quantities.items()]
        assert self.post("inventory/source-items", {"sourceItems": rows}) == []

    def held(self, sku: str) -> dict[str, Any]:
        rows = self.get(f"inventory/source-items?{criteria(('sku', sku))}")["items"]
        return {row["source_code"]: row["quantity"] for row in rows}

    def salable(self, sku: str) -> Any:
        return self.get(f"inventory/get-product-salable-quantity/{quote(sku, safe='')}/2")


def criteria(*filters: tuple[str, Any] | tuple[str, Any, str], **more: Any) -> str:
    """A query of search criteria: each filter its own group; ``page_size=…``, ``sort="field ASC"``, ``fields=…``."""
    parts = []
    for n, one in enumerate(filters):
        names = ("field", "value", "condition_type")
        for name, value in zip(names, one, strict=False):
            parts.append(f"searchCriteria[filter_groups][{n}][filters][0][{name}]={quote(str(value), safe='')}")
    fields, sort = more.pop("fields", None), more.pop("sort", None)
    for n, order in enumerate(sort.split(", ") if sort else []):
        name, _, direction = order.partition(" ")
        parts.append(f"searchCriteria[sortOrders][{n}][field]={name}")
        parts += [f"searchCriteria[sortOrders][{n}][direction]={direction}"] if direction else []
    parts += [f"searchCriteria[{name}]={value}" for name, value in more.items()]
    parts = parts or ["searchCriteria="]
    return "&".join([*parts, f"fields={fields}"] if fields else parts)


def start(**options: Any) -> Iterator[Shop]:
    """A running stand-in with the rights of the full integration."""
    stand = build(Options(**options))
    try:
        yield Shop(stand, stand.start(), {"Authorization": f"Bearer {stand.credentials['bearer']}"})
    finally:
        stand.close()


@pytest.fixture
def shop() -> Iterator[Shop]:
    """A shop without goods: four sources in stock 2 of website base, attributes barcode and brand."""
    yield from start(profile="empty")


@pytest.fixture(scope="module")
def demo() -> Iterator[Shop]:
    """The shop of the demo; for reading only."""
    yield from start(profile="demo")


# --- the contract recordings


def test_the_contract_recordings_replay(contracts: Path, tmp_path: Path) -> None:
    """The recordings, in order and in one state, are answered with the same status, shape and values."""
    command = [sys.executable, "-m", "sandbox", "magento2", "--port", "0", "--profile", "recorded"]
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        try:
            assert process.stdout is not None
            line = json.loads(process.stdout.readline())
            assert {"adapter", "url", "control", "bearer", "restricted", "admin"} <= set(line)
            files = [str(contracts / "magento2" / "recordings" / f"{name}.json") for name in REPLAYED]
            replay = [sys.executable, str(contracts.parent / "tools" / "replay.py"), line["url"]]
            replay += ["--bearer", line["bearer"], "--restricted", line["restricted"], "--admin", line["admin"]]
            told = subprocess.run(
                [*replay, "--verbose", *files], capture_output=True, text=True, check=True, timeout=100
            )
        finally:
            process.terminate()
    shares = re.search(r"^all .*status +([\d.]+) %.*shape +([\d.]+) %.*values +([\d.]+) %", told.stdout, re.MULTILINE)
    assert shares is not None, told.stdout + told.stderr
    status, shape, values = (float(share) for share in shares.groups())
    assert status >= 97, told.stdout
    assert shape >= 95, told.stdout
    assert values >= 90, told.stdout


# --- stock: source quantity, salable quantity, reservations


@pytest.fixture
def drill(shop: Shop) -> Shop:
    """Twenty and ten pieces of DRILL in two sources."""
    shop.create("DRILL", 100)
    shop.stocked("DRILL", wh_utr=20, st_utr=10)
    return shop


def figures(shop: Shop) -> tuple[Any, Any, Any]:
    held = shop.held("DRILL")
    return held["wh_utr"], held["st_utr"], shop.salable("DRILL")


def line(quantity: int, sku: str = "DRILL") -> list[dict[str, Any]]:
    return [{"sku": sku, "quantity": quantity}]


def test_an_order_moves_sources_and_salable_quantity_as_in_the_notes(drill: Shop) -> None:
    """Every row of the table of section 1, fact 1: placed, invoiced, shipped, written, refunded, cancelled."""
    seen = [figures(drill)]
    order = drill.edit("order", lines=line(5))["entity_id"]
    seen.append(figures(drill))
    drill.post(f"order/{order}/invoice", {"capture": True})
    seen.append(figures(drill))
    item = drill.get(f"orders/{order}")["items"][0]["item_id"]
    source = {"extension_attributes": {"source_code": "wh_utr"}}
    drill.post(f"order/{order}/ship", {"items": [{"order_item_id": item, "qty": 2}], "arguments": source})
    seen.append(figures(drill))
    for quantity in (18, 15, 18):
        drill.stocked("DRILL", wh_utr=quantity)
        seen.append(figures(drill))
    for returned in ([item], []):
        arguments = {"shipping_amount": 0, "extension_attributes": {"return_to_stock_items": returned}}
        drill.post(f"order/{order}/refund", {"items": [{"order_item_id": item, "qty": 1}], "arguments": arguments})
        seen.append(figures(drill))
    second = drill.edit("order", lines=line(4))["entity_id"]
    seen.append(figures(drill))
    assert drill.post(f"orders/{second}/cancel", None) is True
    seen.append(figures(drill))
    assert seen == [
        (20, 10, 30),
        (20, 10, 25),
        (20, 10, 25),
        (18, 10, 25),
        (18, 10, 25),
        (15, 10, 22),
        (18, 10, 25),
        (18, 10, 26),
        (17, 10, 26),
        (17, 10, 22),
        (17, 10, 26),
    ]


def test_a_quantity_written_before_the_shipment_is_subtracted_twice(drill: Shop) -> None:
    """The shipment lowers the source again; written as 0, the shipment is refused without a reason (M1.4)."""
    order = drill.edit("order", lines=line(5))["entity_id"]
    drill.stocked("DRILL", wh_utr=15)
    drill.edit("ship", order=order, location="utrecht-warehouse")
    assert drill.held("DRILL")["wh_utr"] == 10
    second = drill.edit("order", lines=line(5))["entity_id"]
    drill.post("inventory/source-items", {"sourceItems": [source_row("wh_utr", 0, 0)]})
    body = {"arguments": {"extension_attributes": {"source_code": "wh_utr"}}}
    refused = drill.call("POST", f"/rest/all/V1/order/{second}/ship", body)
    assert refused == (400, {"message": "Could not save a shipment, see error log for details"})
    drill.stocked("DRILL", wh_utr=10)
    assert drill.call("POST", f"/rest/all/V1/order/{second}/ship", body)[0] == 200


def source_row(code: str, quantity: Any, status: int = 1, sku: str = "DRILL") -> dict[str, Any]:
    return {"sku": sku, "source_code": code, "quantity": quantity, "status": status}


def test_a_refund_of_shipped_pieces_goes_back_to_their_source_only_when_returned(drill: Shop) -> None:
    """Shipped pieces that come back raise the source; pieces that do not come back change nothing."""
    order = drill.edit("order", lines=line(4))["entity_id"]
    drill.edit("invoice", order=order)
    drill.edit("ship", order=order, location="wh_utr")
    drill.edit("refund", order=order, lines=line(1), return_to_stock=True)
    assert figures(drill) == (17, 10, 27)
    drill.edit("refund", order=order, lines=line(1))
    assert figures(drill) == (17, 10, 27)


def test_salable_quantity_is_never_negative_and_status_0_does_not_count(drill: Shop) -> None:
    """Reservations beyond the stock show 0; a source item out of stock is left out however much it holds."""
    drill.edit("order", lines=line(4))
    drill.stocked("DRILL", wh_utr=2, st_utr=0)
    assert drill.salable("DRILL") == 0
    drill.post("inventory/source-items", {"sourceItems": [source_row("wh_utr", 9, 0), source_row("st_utr", 6)]})
    assert drill.salable("DRILL") == 2


def test_source_items_are_all_or_nothing(drill: Shop) -> None:
    """One unknown source refuses the call, and its good row is not written (M§1)."""
    rows = [source_row("wh_utr", 13), source_row("nosuch", 1)]
    refused = drill.call("POST", "/rest/all/V1/inventory/source-items", {"sourceItems": rows})
    assert refused == (400, {"message": "Could not save Source Item"})
    assert drill.held("DRILL")["wh_utr"] == 20


def test_source_items_take_nonsense(drill: Shop) -> None:
    """An unknown SKU makes an orphan, negative figures and four decimals are kept, the last of two rows wins (M§1)."""
    rows = [
        source_row("wh_utr", 3),
        source_row("wh_utr", -4.12345),
        source_row("st_utr", 8, sku="drill"),
        source_row("wh_utr", 1, sku="NO-SUCH"),
    ]
    assert drill.post("inventory/source-items", {"sourceItems": rows}) == []
    held = drill.held("DRILL")
    assert (held["wh_utr"], held["st_utr"]) == (Decimal("-4.1235"), 8)
    assert drill.held("NO-SUCH") == {"wh_utr": 1}


def test_the_stock_export_pages_over_products(drill: Shop) -> None:
    """Products without a source item are left out of their page, and the total counts only the page (M1.8)."""
    for number in range(3):
        drill.create(f"BARE-{number}")
    path = "inventory/export-stock-salable-qty/website/base?"
    pages = [drill.get(path + criteria(page_size=2, current_page=page, sort="entity_id ASC")) for page in (1, 2, 3)]
    assert [(len(page["items"]), page["total_count"]) for page in pages] == [(1, 1), (0, 0), (0, 0)]
    drill.edit("order", lines=line(4))
    assert drill.get(path + criteria(("sku", "DRILL,BARE-1", "in")))["items"][0]["qty"] == 26
    assert drill.get("inventory/dump-stock-index-data/website/base")[0]["qty"] == 30


def test_more_than_salable_cannot_be_sold(drill: Shop) -> None:
    """The basket refuses what the stock cannot give, and nothing is reserved."""
    refused = drill.call("POST", "/_sandbox/edit", {"do": "order", "lines": line(31)})
    assert refused == (422, {"error": "The requested qty is not available"})
    assert drill.salable("DRILL") == 30


def test_the_legacy_stock_item_mirrors_the_default_source(shop: Shop) -> None:
    """stockItems ignores the item id, writes the source default only, and 0 pieces are out of stock (M§1)."""
    shop.create("LEG")
    item = shop.put("products/LEG/stockItems/999", {"stockItem": {"qty": 25, "is_in_stock": True}})
    assert item == shop.product("LEG")["extension_attributes"]["stock_item"]["item_id"]
    assert shop.held("LEG") == {"default": 25}
    shop.put("products/LEG/stockItems/1", {"stockItem": {"qty": 0, "is_in_stock": True}})
    assert shop.get("stockItems/LEG?fields=qty,is_in_stock") == {"qty": 0, "is_in_stock": False}
    shop.put("products/LEG/stockItems/1", {"stockItem": {"qty": 30}})
    assert shop.get("stockItems/LEG?fields=is_in_stock") == {"is_in_stock": True}


# --- orders


def test_an_order_is_answered_with_states_items_and_exact_amounts(drill: Shop) -> None:
    """Prices include VAT: lines split to the cent, the shipping address stands in the extension attributes (M§6)."""
    order = drill.get(f"orders/{drill.edit('order', lines=line(3), reference='000000777')['entity_id']}")
    assert (order["increment_id"], order["state"], order["status"]) == ("000000777", "new", "pending")
    item = order["items"][0]
    assert (item["price_incl_tax"], item["row_total"], item["tax_amount"]) == (100, Decimal("247.93"), Decimal("52.07"))
    assert order["grand_total"] == 315
    assert "customer_id" not in order
    shipping = order["extension_attributes"]["shipping_assignments"][0]["shipping"]
    assert (shipping["address"]["country_id"], order["customer_is_guest"]) == ("NL", 1)
    found = drill.get(f"orders?{criteria(('increment_id', '000000777'), fields='items[entity_id]')}")
    assert found == {"items": [{"entity_id": order["entity_id"]}]}


@pytest.mark.parametrize(
    ("step", "moves"),
    [
        ("invoice", True),
        ("ship", False),
        ("track", False),
        ("comment", False),
        ("address", False),
        ("ext_order_id", True),
        ("refund", True),
    ],
)
def test_what_moves_the_timestamp_of_an_order(drill: Shop, step: str, moves: bool) -> None:
    """Invoices, credit memos and the ERP's number move it; a partial shipment and what hangs on it do not (M§3)."""
    order = drill.edit("order", lines=line(5))["entity_id"]
    if step != "invoice":
        drill.edit("invoice", order=order)
    drill.edit("ship", order=order, lines=line(1), location="wh_utr")
    steps: dict[str, Callable[[], Any]] = {
        "invoice": lambda: drill.post(f"order/{order}/invoice", {"capture": True}),
        "ship": lambda: drill.edit("ship", order=order, lines=line(1), location="wh_utr"),
        "track": lambda: drill.post("shipment/track", {"entity": track(order)}),
        "comment": lambda: drill.post(f"orders/{order}/comments", {"statusHistory": {"comment": "x"}}),
        "address": lambda: drill.put(f"orders/{order}", {"entity": {"address_type": "billing", "city": "Gent"}}),
        "ext_order_id": lambda: drill.post("orders", {"entity": {"entity_id": order, "ext_order_id": "SO-1"}}),
        "refund": lambda: drill.edit("refund", order=order, lines=line(1)),
    }
    before = drill.get(f"orders/{order}?fields=updated_at")
    drill.advance(60)
    steps[step]()
    assert (drill.get(f"orders/{order}?fields=updated_at") != before) is moves


def track(order: int) -> dict[str, Any]:
    return {"order_id": order, "parent_id": 1, "track_number": "3S1", "title": "PostNL", "carrier_code": "custom"}


def test_orders_are_held_and_released(drill: Shop) -> None:
    """An order on hold cannot be shipped; a hold that is not there cannot be lifted (M§6)."""
    order = drill.edit("order", lines=line(2))["entity_id"]
    assert drill.post(f"orders/{order}/hold", None) is True
    status, body = drill.call("POST", f"/rest/all/V1/order/{order}/ship", {})
    assert (status, body["message"].splitlines()[0]) == (400, "Shipment Document Validation Error(s):")
    assert drill.post(f"orders/{order}/unhold", None) is True
    refused = drill.call("POST", f"/rest/all/V1/orders/{order}/unhold", None)
    assert refused == (400, {"message": "You cannot remove the hold."})


def test_a_configurable_line_comes_as_two_items(shop: Shop) -> None:
    """Parent and child bear the child's SKU; the money and the shipped count are the parent's (M§6)."""
    shop.create("SHIRT-M", 30, visibility=1)
    shop.create("SHIRT", type_id="configurable")
    assert shop.post("configurable-products/SHIRT/child", {"childSku": "SHIRT-M"}) is True
    shop.stocked("SHIRT-M", wh_utr=5)
    order = shop.edit("order", lines=[{"sku": "SHIRT-M", "quantity": 2, "parent": "SHIRT"}])["entity_id"]
    assert shop.salable("SHIRT-M") == 3
    shop.edit("ship", order=order, location="wh_utr")
    parent, child = shop.get(f"orders/{order}")["items"]
    assert (parent["sku"], parent["product_type"], parent["qty_shipped"]) == ("SHIRT-M", "configurable", 2)
    assert (child["sku"], child["price"], child["qty_shipped"]) == ("SHIRT-M", 0, 0)
    assert child["parent_item"]["item_id"] == child["parent_item_id"] == parent["item_id"]
    assert shop.held("SHIRT-M")["wh_utr"] == 3


# --- products


def test_what_is_taken_without_a_word(shop: Shop) -> None:
    """The nonsense of section 2, fact 7: dropped, cut, replaced or clamped, with 200."""
    attributes = {"does_not_exist": "x", "brand": "99999"}
    saved = shop.create(
        "NONSENSE",
        1e15,
        name="Emoji 😀 " + "n" * 300,
        status=5,
        visibility=9,
        extension_attributes={"category_links": [{"position": 0, "category_id": "9999"}]},
        custom_attributes=[{"attribute_code": code, "value": value} for code, value in attributes.items()],
    )
    codes = {row["attribute_code"]: row["value"] for row in saved["custom_attributes"]}
    assert "does_not_exist" not in codes
    assert codes["brand"] == "99999"
    assert codes["category_ids"] == []
    assert (saved["status"], saved["visibility"], saved["price"]) == (5, 9, 10**14)
    assert saved["name"] == ("Emoji ???? " + "n" * 300)[:255]
    assert "price" not in shop.create("TYPE", 5, type_id="nonsense")


def test_an_attribute_outside_the_set_is_dropped(shop: Shop) -> None:
    """A new attribute holds nothing until it is assigned to the attribute set."""
    attribute = {"attribute_code": "season", "frontend_input": "text", "default_frontend_label": "Season"}
    shop.post("products/attributes", {"attribute": attribute})
    season = [{"attribute_code": "season", "value": "summer"}]
    assert "season" not in str(shop.create("S-1", custom_attributes=season)["custom_attributes"])
    given = {"attributeSetId": 4, "attributeGroupId": 7, "attributeCode": "season", "sortOrder": 1}
    shop.post("products/attribute-sets/attributes", given)
    assert season[0] in shop.create("S-1", custom_attributes=season)["custom_attributes"]


def test_prices_are_exact_to_six_decimals(shop: Shop) -> None:
    """Numbers are printed by value, 5 and 12.34 and 12.345678, and never as 12.3400."""
    for sku, given, printed in (("P1", 5, "5"), ("P2", "12.3400", "12.34"), ("P3", 12.3456784, "12.345678")):
        shop.create(sku, given)
        answer = requests.get(f"{shop.url}/rest/all/V1/products/{sku}?fields=price", headers=shop.headers, timeout=9)
        assert answer.text == f'{{"price":{printed}}}'


@pytest.mark.parametrize("sku", ["A/B-1", "SP ACE", "50%-OFF", "PL+US", "HA#SH", "Q?A&B", "Q\"'", "ÄÖ-日本", "100%25"])
def test_skus_are_encoded_once_in_paths(shop: Shop, sku: str) -> None:
    """Any SKU is found when it is percent-encoded once (M2.3)."""
    shop.create(sku)
    assert shop.product(sku)["sku"] == sku
    assert shop.put(f"products/{quote(sku, safe='')}", {"product": {"price": 3}})["price"] == 3


def raw_get(shop: Shop, path: str) -> tuple[int, str]:
    """A GET of exactly these characters."""
    connection = http.client.HTTPConnection(str(urlsplit(shop.url).hostname), urlsplit(shop.url).port, timeout=10)
    connection.request("GET", path, headers=shop.headers)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def test_what_the_web_server_makes_of_a_path(shop: Shop) -> None:
    """A plus is a blank, a stray percent sign and a long address are refused in HTML, twice encoded is unknown."""
    shop.create("SP ACE")
    assert raw_get(shop, "/rest/all/V1/products/SP+ACE?fields=sku")[0] == 200
    assert raw_get(shop, "/index.php/rest/V1/products/SP%20ACE/?fields=sku") == (200, '{"sku":"SP ACE"}')
    assert raw_get(shop, "/rest/all/V1/products/50%-OFF")[0] == 400
    assert raw_get(shop, "/rest/all/V1/products/SP%2520ACE")[0] == 404
    status, text = raw_get(shop, "/rest/all/V1/products/" + "x" * 8200)
    assert (status, text[:6]) == (414, "<html>")


def test_post_is_an_upsert_that_ignores_letter_case(shop: Shop) -> None:
    """Another spelling of a SKU overwrites the product and renames it; PUT by path renames nothing (M2.2, M2.4)."""
    first = shop.create("abc-Lower")
    assert shop.post("products", {"product": {"sku": "ABC-LOWER", "price": 3}})["id"] == first["id"]
    assert shop.product("abc-lower")["sku"] == "ABC-LOWER"
    assert shop.put("products/ABC-LOWER", {"product": {"sku": "OTHER", "price": 4}})["sku"] == "ABC-LOWER"
    assert shop.create(" BLANKS ")["sku"] == "BLANKS"


def test_put_merges_fields_and_replaces_lists(shop: Shop) -> None:
    """What is not sent stays; website ids are replaced as a whole; an empty text clears an attribute (M2.5)."""
    barcode = [{"attribute_code": "barcode", "value": "9520000001018"}]
    shop.create("MERGE", custom_attributes=barcode)
    assert barcode[0] in shop.put("products/MERGE", {"product": {"price": 11}})["custom_attributes"]
    emptied = {"extension_attributes": {"website_ids": []}, "custom_attributes": [{**barcode[0], "value": ""}]}
    saved = shop.put("products/MERGE", {"product": emptied})
    assert saved["extension_attributes"]["website_ids"] == []
    assert "barcode" not in str(saved["custom_attributes"])


def test_a_sku_that_exists_twice() -> None:
    """Reads find the lowest id, PUT is refused by the URL key, base prices hit all, delete removes one (M2.1)."""
    for shop in start(profile="tests", products=150, customers=0):
        rows = shop.get(f"products?{criteria(fields='items[id,sku]')}")["items"]
        skus = [row["sku"] for row in rows]
        sku = next(one for one in skus if skus.count(one) == 4)
        ids = [row["id"] for row in rows if row["sku"] == sku]
        assert shop.product(sku)["id"] == min(ids)
        path = f"products/{quote(sku, safe='')}"
        status, body = shop.call("PUT", f"/rest/all/V1/{path}", {"product": {"name": "Changed"}})
        assert (status, body["message"]) == (400, "URL key for specified store already exists.")
        shop.post("products/base-prices", {"prices": [{"sku": sku, "store_id": 0, "price": 6}]})
        assert [row["price"] for row in shop.post("products/base-prices-information", {"skus": [sku]})] == [6] * 4
        assert shop.call("DELETE", f"/rest/all/V1/{path}") == (200, True)
        assert shop.product(sku)["id"] == sorted(ids)[1]


UPDATED: dict[str, tuple[str, str, Any]] = {
    "identical put": ("PUT", "products/UP", {"product": {"price": 10}}),
    "stock item in put": ("PUT", "products/UP", {"product": {"extension_attributes": {"stock_item": {"qty": 6}}}}),
    "tier prices in put": ("PUT", "products/UP", {"product": {"tier_prices": []}}),
    "website": ("POST", "products/UP/websites", {"productWebsiteLink": {"sku": "UP", "website_id": 2}}),
    "media": (
        "POST",
        "products/UP/media",
        {"entry": {"media_type": "image", "content": {"base64_encoded_data": PICTURE, "name": "a.png"}}},
    ),
    "links": ("POST", "products/UP/links", {"items": [{"link_type": "related", "linked_product_sku": "UP"}]}),
}
NOT_UPDATED: dict[str, tuple[str, str, Any]] = {
    "base price": ("POST", "products/base-prices", {"prices": [{"sku": "UP", "store_id": 0, "price": 7}]}),
    "special price": ("POST", "products/special-price", {"prices": [{"sku": "UP", "store_id": 0, "price": 6}]}),
    "cost": ("POST", "products/cost", {"prices": [{"sku": "UP", "store_id": 0, "cost": 5}]}),
    "stock item": ("PUT", "products/UP/stockItems/1", {"stockItem": {"qty": 9, "is_in_stock": True}}),
    "source item": ("POST", "inventory/source-items", {"sourceItems": [source_row("wh_utr", 1, sku="UP")]}),
    "category": ("POST", "categories/2/products", {"productLink": {"sku": "UP", "category_id": "2"}}),
    "option": ("POST", "products/attributes/brand/options", {"option": {"label": "New"}}),
}


@pytest.mark.parametrize("step", [*UPDATED, *NOT_UPDATED])
def test_what_moves_the_timestamp_of_a_product(shop: Shop, step: str) -> None:
    """Product calls move it, also identical ones; prices, stock, categories and options do not (M§3)."""
    before = shop.create("UP")["updated_at"]
    shop.advance(60)
    method, path, body = (UPDATED | NOT_UPDATED)[step]
    assert shop.call(method, f"/rest/all/V1/{path}", body)[0] == 200
    assert (shop.product("UP")["updated_at"] != before) is (step in UPDATED)


def test_the_same_label_makes_no_second_option(shop: Shop) -> None:
    """A new option answers its id as text; its label again is refused with a placeholder (M2.14)."""
    option = shop.post("products/attributes/brand/options", {"option": {"label": "Acme"}})
    assert isinstance(option, str)
    assert {"label": "Acme", "value": option} in shop.get("products/attributes/brand/options")
    status, body = shop.call("POST", "/rest/all/V1/products/attributes/brand/options", {"option": {"label": "Acme"}})
    assert (status, body["parameters"]) == (400, ["Acme"])


# --- store scope


def test_a_view_overrides_only_what_is_sent_to_it(shop: Shop) -> None:
    """A name in one view stays apart from the default, null takes it back, an empty text hides it (M§5)."""
    shop.create("SCOPE", custom_attributes=[{"attribute_code": "description", "value": "base"}])
    shop.put("products/SCOPE", {"product": {"name": "Nom"}}, store="fr")
    shop.put("products/SCOPE", {"product": {"name": "Andere naam", "price": 12}})
    assert (shop.product("SCOPE", "fr")["name"], shop.product("SCOPE", "fr")["price"]) == ("Nom", 12)
    shop.put("products/SCOPE", {"product": {"name": None}}, store="fr")
    assert shop.product("SCOPE", "fr")["name"] == "Andere naam"
    hidden = [{"attribute_code": "description", "value": ""}]
    shop.put("products/SCOPE", {"product": {"custom_attributes": hidden}}, store="fr")
    assert "base" not in str(shop.product("SCOPE", "fr")["custom_attributes"])
    assert "base" in str(shop.product("SCOPE", "de")["custom_attributes"])


def test_website_values_reach_every_view_of_the_website(shop: Shop) -> None:
    """A status written in one view counts in all views of its website, not in the default (M§5)."""
    shop.create("SITE")
    shop.put("products/SITE", {"product": {"status": 2}}, store="fr")
    assert [shop.product("SITE", store)["status"] for store in ("nl", "fr", "all", "b2b_nl")] == [2, 2, 1, 1]


def test_paths_without_a_store_mean_the_default_view(shop: Shop) -> None:
    """A product created there is on that view's website only; an unknown view is 400 (M2.11, M§5)."""
    status, body = shop.call("POST", "/rest/V1/products", {"product": product_body("HERE")})
    assert (status, body["extension_attributes"]["website_ids"]) == (200, [1])
    assert shop.create("ALL")["extension_attributes"]["website_ids"] == [1, 2]
    refused = (400, {"message": "Specified request cannot be processed."})
    assert shop.call("GET", "/rest/nowhere/V1/products/HERE") == refused
    assert shop.call("GET", "/rest/all/v1/products/HERE") == refused


def product_body(sku: str, **more: Any) -> dict[str, Any]:
    return {"sku": sku, "name": f"Name of {sku}", "attribute_set_id": 4, "price": 5, "type_id": "simple"} | more


# --- prices


def test_base_prices_tell_bad_rows_inside_a_200(shop: Shop) -> None:
    """Good rows are saved beside bad ones, and the errors name their rows by parameters (M§4)."""
    shop.create("BP")
    rows = [
        {"sku": "bp", "store_id": 0, "price": 12.3456784},
        {"sku": "NO-SUCH", "store_id": 0, "price": 1},
        {"sku": "BP", "store_id": 99, "price": 1},
        {"sku": "BP", "price": 1},
        {"sku": "BP", "store_id": 0, "price": -1},
    ]
    failures = shop.post("products/base-prices", {"prices": rows})
    assert [one["parameters"] for one in failures] == [
        ["SKU", "NO-SUCH"],
        ["BP", "99"],
        ["BP", None],
        ["Price", "-1"],
    ]
    assert shop.product("BP")["price"] == Decimal("12.345678")


def test_under_global_scope_any_store_overwrites_the_one_price(shop: Shop) -> None:
    """Under website scope a price reaches the views of its website; rows stay behind when it ends (M§4)."""
    shop.create("GS")
    shop.post("products/base-prices", {"prices": [{"sku": "GS", "store_id": 2, "price": 99}]})
    assert (shop.product("GS")["price"], shop.product("GS", "b2b_nl")["price"]) == (99, 99)
    shop.edit("configure", price_scope="website")
    shop.post("products/base-prices", {"prices": [{"sku": "GS", "store_id": 2, "price": 20}]})
    assert [shop.product("GS", store)["price"] for store in ("all", "nl", "fr", "b2b_nl")] == [99, 20, 20, 99]
    shop.edit("configure", price_scope="global")
    assert len(shop.post("products/base-prices-information", {"skus": ["GS"]})) == 4


def test_tier_prices_with_an_unknown_sku_are_404_and_save_nothing(shop: Shop) -> None:
    """Any other bad row is a row error beside saved rows; two rows of one key are both refused (M§4)."""
    shop.create("TP")
    good = tier_row(5, 8)
    unknown = shop.call("POST", "/rest/all/V1/products/tier-prices", {"prices": [good, tier_row(5, 8, sku="NO-SUCH")]})
    assert unknown[0] == 404
    assert tiers(shop) == []
    bad = [tier_row(10, 7, customer_group="Nobody"), tier_row(20, 3), tier_row(20, 4), tier_row(30, 150, "discount")]
    failures = shop.post("products/tier-prices", {"prices": [good, *bad]})
    assert [one["parameters"][-1] for one in failures] == ["10", "20", "20", "30"]
    assert tiers(shop) == [(5, 8)]


def tier_row(quantity: Any, price: Any, kind: str = "fixed", **more: Any) -> dict[str, Any]:
    row = {"sku": "TP", "website_id": 0, "customer_group": "ALL GROUPS", "price_type": kind}
    return row | {"quantity": quantity, "price": price} | more


def tiers(shop: Shop) -> list[tuple[Any, Any]]:
    rows = shop.post("products/tier-prices-information", {"skus": ["TP"]})
    return [(row["quantity"], row["price"]) for row in rows]


def test_tier_prices_merge_by_post_and_replace_by_put(shop: Shop) -> None:
    """Groups are looked up in any letter case and shown in the product by id, percentages as prices (M§4)."""
    shop.create("TP", 200)
    rows = [tier_row(10, 150), tier_row(5, 15.5, "discount", customer_group="dealers")]
    shop.post("products/tier-prices", {"prices": rows})
    shop.post("products/tier-prices", {"prices": [tier_row(10, 140)]})
    assert tiers(shop) == [(10, 140), (5, Decimal("15.5"))]
    shown = shop.product("TP")["tier_prices"]
    assert [(row["customer_group_id"], row["value"]) for row in shown] == [(4, 169), (32000, 140)]
    shop.put("products/tier-prices", {"prices": [tier_row(3, 190)]})
    assert tiers(shop) == [(3, 190)]
    shop.post("products/tier-prices-delete", {"prices": [tier_row(3, 1), tier_row(99, 1)]})
    assert tiers(shop) == []


def test_a_second_special_price_replaces_the_first(shop: Shop) -> None:
    """One period per SKU and store, kept as attributes; delete needs the SKU and store only (M§4)."""
    shop.create("SP")
    for amount, begin in ((9.5, "2026-11-01 00:00:00"), (8.5, "2027-01-01 00:00:00")):
        row = {"sku": "SP", "store_id": 0, "price": amount, "price_from": begin, "price_to": "2026-12-01 00:00:00"}
        assert shop.post("products/special-price", {"prices": [row]}) == []
    (kept,) = shop.post("products/special-price-information", {"skus": ["SP", "NO-SUCH"]})
    assert (kept["price"], kept["price_from"]) == (Decimal("8.5"), "2027-01-01 00:00:00")
    assert {"attribute_code": "special_price", "value": "8.500000"} in shop.product("SP")["custom_attributes"]
    bad = {"sku": "SP", "store_id": 0, "price": 1, "price_from": "31-12-2026"}
    assert shop.post("products/special-price", {"prices": [bad]})[0]["parameters"][0] == "Price From"
    shop.post("products/special-price-delete", {"prices": [{"sku": "SP", "store_id": 0, "price": 1}]})
    assert shop.post("products/special-price-information", {"skus": ["SP"]}) == []


# --- lists


@pytest.fixture
def loaded(shop: Shop) -> Shop:
    """Seven products, one a minute."""
    for number in range(7):
        shop.create(f"LOAD-{number}")
        shop.advance(60)
    return shop


def skus(shop: Shop, *filters: Any, **more: Any) -> list[str]:
    items = shop.get(f"products?{criteria(*filters, **more)}")["items"]
    return [row["sku"] for row in items]


def test_pages_end_after_the_last(loaded: Shop) -> None:
    """A page beyond the last is empty with the right total; with nested fields its items are null (M§3)."""
    last = loaded.get(f"products?{criteria(page_size=3, current_page=3)}")
    assert ([row["sku"] for row in last["items"]], last["total_count"]) == (["LOAD-6"], 7)
    beyond = criteria(page_size=3, current_page=4)
    assert (loaded.get(f"products?{beyond}")["items"], loaded.get(f"products?{beyond}")["total_count"]) == ([], 7)
    assert loaded.get(f"products?{beyond}&fields=items[id],total_count") == {"items": None, "total_count": 7}


@pytest.mark.parametrize(
    ("size", "page", "rows"), [(0, 1, 7), (-5, 1, 1), (3, 0, 3), (3, -1, 3), (None, None, 7), (300, 1, 7)]
)
def test_odd_page_numbers(loaded: Shop, size: int | None, page: int | None, rows: int) -> None:
    """No size is everything, a negative size one row, pages below 1 are the first (M§3)."""
    given = {"page_size": size, "current_page": page}
    assert len(skus(loaded, **{name: value for name, value in given.items() if value is not None})) == rows


def test_keyset_and_sort(loaded: Shop) -> None:
    """The id works as a keyset; a sort without direction is descending, an unknown field ignored (M§3)."""
    first = loaded.product("LOAD-2")["id"]
    assert skus(loaded, ("entity_id", first, "gt"), sort="entity_id ASC", page_size=2) == ["LOAD-3", "LOAD-4"]
    assert skus(loaded, sort="entity_id", page_size=2) == ["LOAD-6", "LOAD-5"]
    assert skus(loaded, sort="nosuch", page_size=1) == ["LOAD-0"]
    status, body = loaded.call("GET", f"/rest/all/V1/products?{criteria(sort='sku SIDEWAYS')}")
    assert (status, body["parameters"]) == (400, ["ASC", "DESC"])


def test_offset_paging_drifts(loaded: Shop) -> None:
    """A row of page 1 that changes between the reads makes an unread row vanish from page 2 (M§3)."""
    pages = {"sort": "updated_at ASC, entity_id ASC", "page_size": 3}
    read = skus(loaded, **pages, current_page=1)
    loaded.put("products/LOAD-0", {"product": {"price": 3}})
    read += skus(loaded, **pages, current_page=2) + skus(loaded, **pages, current_page=3)
    assert "LOAD-3" not in read


def test_filters(loaded: Shop) -> None:
    """Times are compared in UTC whatever zone is written, in splits at commas, unknown conditions match nothing."""
    loaded.create("COM,MA")
    at = loaded.product("LOAD-3")["updated_at"]
    assert skus(loaded, ("updated_at", at, "gt"), sort="entity_id ASC", page_size=1) == ["LOAD-4"]
    zoned = at.replace(" ", "T") + "+01:00"
    assert skus(loaded, ("updated_at", zoned, "gteq"), sort="entity_id ASC", page_size=1) == ["LOAD-3"]
    assert len(skus(loaded, ("updated_at", "nonsense", "gteq"))) == 8
    assert skus(loaded, ("sku", "COM,MA", "in")) == []
    assert skus(loaded, ("sku", "com,ma ")) == ["COM,MA"]
    assert skus(loaded, ("sku", "LOAD_1", "like")) == ["LOAD-1"]
    assert skus(loaded, ("sku", "x", "nonsense")) == []
    assert skus(loaded, ("barcode", "x", "neq")) == []
    assert len(skus(loaded, ("barcode", "x", "null"))) == 8


def test_unknown_fields_of_lists(shop: Shop) -> None:
    """Products answer 400 with the name, orders a 500 with a report id (M§3)."""
    status, body = shop.call("GET", f"/rest/all/V1/products?{criteria(('nosuch', 'x'))}")
    assert (status, body["parameters"]) == (400, ["nosuch"])
    status, body = shop.call("GET", f"/rest/all/V1/orders?{criteria(('nosuch', 'x'))}")
    assert status == 500
    assert re.search(r"Report ID: webapi-[0-9a-f]{13}$", body["message"])


def test_input_limits_can_be_switched_off() -> None:
    """With limits a page above 300 is refused, without them it is answered (M§9)."""
    for shop in start(profile="empty"):
        status, body = shop.call("GET", f"/rest/all/V1/products?{criteria(page_size=301)}")
        assert (status, body["parameters"]) == (400, {"max": 300})
    for shop in start(profile="empty", limits=False):
        assert shop.call("GET", f"/rest/all/V1/products?{criteria(page_size=301)}")[0] == 200


def test_the_list_limit_counts_objects() -> None:
    """Rows of a call count, plain SKUs and the elements of a bulk do not (M§9)."""
    for shop in start(profile="empty", settings={"complex_array_limit": "2"}):
        rows = [{"sku": str(n), "store_id": 0, "price": 1} for n in range(3)]
        status, body = shop.call("POST", "/rest/all/V1/products/base-prices", {"prices": rows})
        assert (status, body["parameters"]["max"]) == (400, 2)
        assert shop.call("POST", "/rest/all/V1/products/base-prices-information", {"skus": ["a", "b", "c"]})[0] == 200
        bulk = [{"prices": [row]} for row in rows]
        assert shop.call("POST", "/rest/all/async/bulk/V1/products/base-prices", bulk)[0] == 202
        assert shop.call("POST", "/rest/all/async/bulk/V1/products/base-prices", [{"prices": rows}])[0] == 400


def test_a_default_page_size_cuts_silently() -> None:
    """Without a page size that many rows come, and nothing else tells (M§9)."""
    for shop in start(profile="demo", settings={"default_page_size": "10"}):
        answer = shop.get(f"products?{criteria()}")
        assert (len(answer["items"]), answer["search_criteria"]["page_size"]) == (10, 10)


# --- who asks


def natural_key(text: str) -> list[tuple[int, Any]]:
    return [(0, int(part)) if part.isdigit() else (1, part) for part in re.findall(r"\d+|\D+", text)]


def signed(shop: Shop, path: str, query: str = "", **other: Any) -> dict[str, str]:
    """An Authorization header, built from the notes of section 8 and nothing of the stand-in."""
    keys = shop.stand.credentials
    protocol = {
        "oauth_consumer_key": keys["consumer_key"],
        "oauth_nonce": other.get("nonce", hashlib.md5(f"{path}{query}".encode()).hexdigest()),
        "oauth_signature_method": other.get("method", "HMAC-SHA256"),
        "oauth_timestamp": "1795290447",
        "oauth_token": keys["access_token"],
        "oauth_version": "1.0",
    }
    pairs = [(unquote(k), unquote(v)) for k, v in (part.split("=", 1) for part in query.split("&") if part)]
    if other.get("plus_is_blank"):
        pairs = [(name, value.replace("+", " ")) for name, value in pairs]
    encoded = sorted(
        ((quote(k, safe="-._~"), quote(v, safe="-._~")) for k, v in [*pairs, *protocol.items()]),
        key=(lambda pair: pair[0]) if other.get("byte_order") else (lambda pair: natural_key(pair[0])),
    )
    signed_path = path
    if not other.get("path_as_sent"):
        for escape in ("%2F", "%2B", "%26", "%2C"):
            signed_path = signed_path.replace(escape, unquote(escape))
    text = "&".join(
        ["GET", quote(shop.url + signed_path, safe="-._~"), quote("&".join("=".join(p) for p in encoded), safe="-._~")]
    )
    secret = f"{keys['consumer_secret']}&{keys['access_token_secret']}".encode()
    digest = base64.b64encode(hmac.new(secret, text.encode(), hashlib.sha256).digest()).decode()
    protocol["oauth_signature"] = other.get("signature", digest)
    return {"Authorization": "OAuth " + ", ".join(f'{k}="{quote(v, safe="-._~")}"' for k, v in protocol.items())}


def signed_get(shop: Shop, path: str, query: str = "", **other: Any) -> tuple[int, str]:
    mark = "?" if query else ""
    headers = signed(shop, path, query, **other)
    return raw_get(Shop(shop.stand, shop.url, headers), f"{path}{mark}{query}")


@pytest.mark.parametrize("escape", ["%2F", "%2B", "%26", "%2C", "%20", "%25", "%23", "%3F", "%22", "%27", "%C3%84"])
def test_signatures_over_paths(shop: Shop, escape: str) -> None:
    """Four escapes count decoded in the signed path, the others as they stand: then the SKU is merely unknown."""
    assert signed_get(shop, f"/rest/V1/products/A{escape}B")[0] == 404


def test_an_escape_left_in_the_signed_path_is_refused(shop: Shop) -> None:
    """A client that signs %2F as it is sent gets 401 (M§8)."""
    status, text = signed_get(shop, "/rest/V1/products/A%2FB", path_as_sent=True)
    assert (status, json.loads(text)["message"]) == (401, "The signature is invalid. Verify and try again.")


def twelve_groups() -> str:
    names = (("field", "sku"), ("value", "x"), ("conditionType", "neq"))
    parts = [
        f"searchCriteria%5BfilterGroups%5D%5B{n}%5D%5Bfilters%5D%5B0%5D%5B{name}%5D={value}"
        for n in range(12)
        for name, value in names
    ]
    return "&".join([*parts, "fields=total_count"])


def test_parameters_are_sorted_naturally(shop: Shop) -> None:
    """Index 10 stands behind 9, unlike in the RFC (M§8)."""
    assert signed_get(shop, "/rest/V1/products", twelve_groups())[0] == 200
    assert signed_get(shop, "/rest/V1/products", twelve_groups(), byte_order=True, nonce="other")[0] == 401


def test_a_plus_in_a_signed_query_is_no_blank(shop: Shop) -> None:
    """A blank is %20 in the signed text and on the wire (M§8)."""
    head = "searchCriteria%5BfilterGroups%5D%5B0%5D%5Bfilters%5D%5B0%5D%5B"
    query = f"{head}field%5D=updated_at&{head}value%5D=2020-01-01"
    assert signed_get(shop, "/rest/V1/products", f"{query}%2000%3A00")[0] == 200
    assert signed_get(shop, "/rest/V1/products", f"{query}+00%3A00", plus_is_blank=True)[0] == 401


def test_a_nonce_is_used_once(shop: Shop) -> None:
    """The same nonce and timestamp again are refused with the consumer's id (M§8)."""
    assert signed_get(shop, "/rest/V1/store/websites", nonce="n1")[0] == 200
    status, text = signed_get(shop, "/rest/V1/store/websites", nonce="n1")
    told = {"message": "The nonce is already being used by the consumer with ID %1", "parameters": ["1"]}
    assert (status, json.loads(text)) == (401, told)


def test_only_sha256_is_supported(shop: Shop) -> None:
    """SHA1 is 400, a wrong signature 401 (M§8)."""
    assert signed_get(shop, "/rest/V1/store/websites", method="HMAC-SHA1")[0] == 400
    assert signed_get(shop, "/rest/V1/store/websites", nonce="n2", signature="d3Jvbmc=")[0] == 401


def unauthorized(resource: str) -> tuple[int, dict[str, Any]]:
    text = "The consumer isn't authorized to access %resources."
    return 401, {"message": text, "parameters": {"resources": resource}}


def test_a_missing_permission_is_401_and_named(shop: Shop) -> None:
    """No token, a wrong one and a missing permission are told with one body; there is no 403 (M§8)."""
    products = "/rest/V1/products?searchCriteria="
    assert shop.call("GET", products, Authorization="") == unauthorized(CATALOGUE)
    assert shop.call("GET", products, Authorization="Bearer nonsense") == unauthorized(CATALOGUE)
    restricted = f"Bearer {shop.stand.credentials['restricted']}"
    assert shop.call("GET", products, Authorization=restricted)[0] == 200
    orders = shop.call("GET", "/rest/V1/orders?searchCriteria=", Authorization=restricted)
    assert orders == unauthorized("Magento_Sales::actions_view")
    assert shop.call("GET", "/rest/V1/nosuch", Authorization="")[0] == 404


def test_integration_tokens_as_bearer_are_a_setting() -> None:
    """Switched off, as shipped, the token as bearer is 401 and the signature still works (M§8)."""
    for shop in start(profile="empty", settings={"integration_as_bearer": "0"}):
        assert shop.call("GET", "/rest/V1/store/websites")[0] == 401
        assert signed_get(shop, "/rest/V1/store/websites")[0] == 200


def admin_token(shop: Shop, password: str | None = None) -> tuple[int, Any]:
    user, right = shop.stand.credentials["admin"].split(":", 1)
    body = {"username": user, "password": password or right}
    return shop.call("POST", "/rest/V1/integration/admin/token", body, Authorization="")


def test_an_administrators_token_tells_when_it_ends(shop: Shop) -> None:
    """A JSON web token of an hour; after that, and after the fault, it is worth nothing (M§8)."""
    status, token = admin_token(shop)
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert (status, claims["utypid"], claims["exp"] - claims["iat"]) == (200, 2, 3600)
    bearer = f"Bearer {token}"
    assert shop.call("GET", "/rest/V1/store/websites", Authorization=bearer)[0] == 200
    assert shop.call("GET", "/rest/V1/store/websites", Authorization=bearer[:-2])[0] == 401
    shop.advance(3601)
    assert shop.call("GET", "/rest/V1/store/websites", Authorization=bearer)[0] == 401
    fresh = f"Bearer {admin_token(shop)[1]}"
    shop.call("POST", "/_sandbox/faults", {"fault": "expire_tokens"})
    assert shop.call("GET", "/rest/V1/store/websites", Authorization=fresh)[0] == 401


def test_six_wrong_passwords_lock_a_user(shop: Shop) -> None:
    """Five do not, a success resets the count, and a locked user sees the same answer for half an hour (M§8)."""
    for _ in range(5):
        assert admin_token(shop, "wrong")[0] == 401
    assert admin_token(shop)[0] == 200
    for _ in range(6):
        wrong = admin_token(shop, "wrong")
    assert admin_token(shop) == wrong
    shop.advance(1801)
    assert admin_token(shop)[0] == 200


# --- customers


def person(email: str, **more: Any) -> dict[str, Any]:
    return {"email": email, "firstname": "Anna", "lastname": "de Vries", "website_id": 1, "store_id": 1} | more


def address(**more: Any) -> dict[str, Any]:
    plain = {"firstname": "Anna", "lastname": "de Vries", "street": ["Kade 12", "B"], "city": "Utrecht"}
    return plain | {"postcode": "3511 AB", "country_id": "NL", "telephone": "0301234567"} | more


def test_customers_merge_and_replace_their_addresses(shop: Shop) -> None:
    """A PUT without addresses keeps them, with a list it is that list, with an empty one they are gone (M§7)."""
    given = person("anna@example.com", taxvat="NL1", group_id=4, addresses=[address(default_billing=True)])
    made = shop.post("customers", {"customer": given})
    path = f"customers/{made['id']}"
    kept = shop.put(path, {"customer": {"id": made["id"], "firstname": "Anja"}})
    assert (kept["firstname"], kept["taxvat"], kept["group_id"], len(kept["addresses"])) == ("Anja", "NL1", 4, 1)
    assert kept["default_billing"] == str(kept["addresses"][0]["id"])
    both = [*kept["addresses"], address(city="Delft")]
    replaced = shop.put(path, {"customer": {"id": made["id"], "addresses": both}})["addresses"]
    assert [row["city"] for row in replaced] == ["Utrecht", "Delft"]
    assert replaced[0]["id"] == kept["addresses"][0]["id"]
    emptied = shop.put(path, {"customer": {"id": made["id"], "addresses": []}})
    assert emptied["addresses"] == []
    assert "default_billing" not in emptied


def test_an_address_in_an_unknown_country_is_dropped(shop: Shop) -> None:
    """The customer is made without it, and nothing is said; without city and postcode it is refused (M§7)."""
    made = shop.post("customers", {"customer": person("h@example.com", addresses=[address(country_id="XX")])})
    assert made["addresses"] == []
    bad = person("m@example.com", addresses=[address(city="", postcode="")])
    status, body = shop.call("POST", "/rest/all/V1/customers", {"customer": bad})
    assert (status, [one["parameters"]["fieldName"] for one in body["errors"]]) == (400, ["city", "postcode"])


def test_an_e_mail_address_is_unique_on_its_website(shop: Shop) -> None:
    """Another letter case is the same, another website another customer, and the check endpoint says free (M§7)."""
    shop.post("customers", {"customer": person("anna@example.com")})
    status, body = shop.call("POST", "/rest/all/V1/customers", {"customer": person("ANNA@Example.com")})
    assert (status, "same email address" in body["message"]) == (400, True)
    shop.post("customers", {"customer": person("anna@example.com", website_id=2, store_id=4)})
    assert shop.post("customers/isEmailAvailable", {"customerEmail": "anna@example.com"}) is True
    found = shop.get(f"customers/search?{criteria(('email', 'anna@example.com'), ('website_id', 2))}")
    assert found["total_count"] == 1


# --- asynchronous calls


def bulk(shop: Shop, path: str, bodies: Any, method: str = "POST") -> str:
    status, answer = shop.call(method, f"/rest/all/async/bulk/V1/{path}", bodies)
    assert (status, answer["errors"]) == (202, False), answer
    return str(answer["bulk_uuid"])


def statuses(shop: Shop, uuid: str) -> dict[int, int]:
    rows = shop.get(f"bulk/{uuid}/status")["operations_list"]
    return {row["id"]: row["status"] for row in rows}


def test_operations_wait_for_the_consumer(shop: Shop) -> None:
    """Open at first; worked off a second later, each on its own: complete, or failed with the reason (M§10)."""
    uuid = bulk(
        shop, "products", [{"product": product_body("B-1")}, {"product": {"sku": "B-2", "attribute_set_id": 4}}]
    )
    assert shop.call("GET", "/rest/all/V1/products/B-1")[0] == 404
    shop.advance(5)
    assert statuses(shop, uuid) == {0: 1, 1: 3}
    detailed = shop.get(f"bulk/{uuid}/detailed-status")["operations_list"]
    assert detailed[0]["serialized_data"] is None
    assert json.loads(detailed[0]["result_serialized_data"])["sku"] == "B-1"
    assert detailed[1]["result_message"].startswith('The "Product Name" attribute value is empty')
    assert [shop.get(f"bulk/{uuid}/operation-status/{n}") for n in (1, 3, 4)] == [1, 1, 0]


def test_a_consumer_that_does_not_run_leaves_all_open() -> None:
    """Nothing happens until it runs (M§10)."""
    for shop in start(profile="empty", settings={"consumer_delay_s": "none"}):
        uuid = bulk(shop, "products/bySku", [{"product": product_body("B-1")}], "PUT")
        shop.advance(86_400)
        assert statuses(shop, uuid) == {0: 4}
        assert shop.edit("run_consumer") == {"operations": 1}
        assert statuses(shop, uuid) == {0: 1}
        assert shop.product("B-1")["sku"] == "B-1"


def test_complete_says_nothing_of_the_rows(shop: Shop) -> None:
    """A base price of an unknown SKU ends complete, with the row error in the result (M§10)."""
    uuid = bulk(shop, "products/base-prices", [{"prices": [{"sku": "NO-SUCH", "store_id": 0, "price": 1}]}])
    shop.advance(5)
    (operation,) = shop.get(f"bulk/{uuid}/detailed-status")["operations_list"]
    assert (operation["status"], "NO-SUCH" in operation["result_serialized_data"]) == (1, True)


def test_input_is_checked_before_it_is_taken(shop: Shop) -> None:
    """One element of a wrong type refuses the whole bulk, an empty list is taken, a GET is not possible (M§10)."""
    bad = [{"product": product_body("B-1")}, {"product": product_body("B-2", price="abc")}]
    status, body = shop.call("POST", "/rest/all/async/bulk/V1/products", bad)
    assert (status, 'The "float" type was expected' in body["message"]) == (400, True)
    assert statuses(shop, bulk(shop, "products", [])) == {}
    assert shop.call("GET", "/rest/all/async/V1/products?searchCriteria=")[0] == 400
    assert shop.call("GET", "/rest/all/V1/bulk/00000000-0000-0000-0000-000000000000/status")[0] == 404


# --- form


def test_what_is_no_json(shop: Shop) -> None:
    """A create without SKU, a product given as text, the salable quantity of an unknown SKU: plain 500s (M2.9)."""
    plain = "An error has happened during application run. See exception log for details.\n"
    for method, path, body in (
        ("POST", "products", {"product": {"name": "x", "attribute_set_id": 4, "price": 1}}),
        ("POST", "products", {"product": "x"}),
        ("GET", "inventory/get-product-salable-quantity/NO-SUCH/2", None),
    ):
        answer = requests.request(method, f"{shop.url}/rest/all/V1/{path}", json=body, headers=shop.headers, timeout=9)
        assert (answer.status_code, answer.text) == (500, plain)
        assert answer.headers["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "message"),
    [
        ("GET", "/rest/V1/nosuch", None, 404, "Request does not match any route."),
        ("DELETE", "/rest/V1/products", None, 404, "Request does not match any route."),
        ("PATCH", "/rest/V1/products/X", {}, 405, "The PATCH HTTP method is not supported."),
        ("POST", "/rest/V1/products", {"products": {}}, 400, '"%fieldName" is required. Enter and try again.'),
        ("GET", "/rest/V1/products", None, 400, '"%fieldName" is required. Enter and try again.'),
        ("GET", "/rest/V1/orders/99", None, 404, "The entity that was requested doesn't exist. Verify"),
    ],
)
def test_refusals(shop: Shop, method: str, path: str, body: Any, status: int, message: str) -> None:
    """Routes, methods and missing parameters are refused in the shop's words (M§9)."""
    answer = shop.call(method, path, body)
    assert (answer[0], answer[1]["message"].startswith(message)) == (status, True)


def test_malformed_bodies(shop: Shop) -> None:
    """Text that is no JSON, invalid UTF-8, another content type (M§9)."""
    for data, kind in ((b'{"product":', "application/json"), (b'{"product": "\xff"}', "application/json")):
        answer = requests.post(
            f"{shop.url}/rest/V1/products", data=data, headers=shop.headers | {"Content-Type": kind}, timeout=9
        )
        assert (answer.status_code, answer.json()) == (400, {"message": "Decoding error."})
    form = shop.headers | {"Content-Type": "application/x-www-form-urlencoded"}
    assert requests.post(f"{shop.url}/rest/V1/products", data="a=1", headers=form, timeout=9).status_code == 400


def test_the_answer_takes_the_form_that_is_accepted(shop: Shop) -> None:
    """XML on request, and a page of HTML with 500 for a browser (M§9)."""
    shop.create("FORM")
    path = f"{shop.url}/rest/all/V1/products/FORM?fields=sku,price"
    xml = requests.get(path, headers=shop.headers | {"Accept": "application/xml"}, timeout=9)
    assert xml.text == '<?xml version="1.0"?>\n<response>\n  <sku>FORM</sku>\n  <price>10</price>\n</response>\n'
    html = requests.get(path, headers=shop.headers | {"Accept": "text/html"}, timeout=9)
    assert (html.status_code, html.headers["Content-Type"]) == (500, "text/html; charset=UTF-8")


def test_malformed_and_unknown_fields(shop: Shop) -> None:
    """Unknown names are ignored, a malformed list answers an empty one (M§3)."""
    shop.create("F-1")
    assert shop.get("products/F-1?fields=sku,nosuch") == {"sku": "F-1"}
    assert shop.get(f"products?{criteria()}&fields=items[sku") == []


# --- faults, calls, seeds


def test_a_connection_cut_after_the_effect_leaves_the_product(shop: Shop) -> None:
    """The answer is lost and the create has happened."""
    shop.call("POST", "/_sandbox/faults", {"fault": "cut_after", "method": "POST", "path": "/products$"})
    with pytest.raises(requests.ConnectionError):
        shop.create("CUT")
    assert shop.product("CUT")["sku"] == "CUT"


def test_lists_can_repeat_or_lose_a_page(loaded: Shop) -> None:
    """An earlier page comes again, or the end of one is missing while the total stays."""
    pages = {"sort": "entity_id ASC", "page_size": 2}
    first = skus(loaded, **pages, current_page=1)
    loaded.call("POST", "/_sandbox/faults", {"fault": "repeat_page", "path": "/products\\?"})
    assert skus(loaded, **pages, current_page=2) == first
    loaded.call("POST", "/_sandbox/faults", {"fault": "truncate_page", "path": "/products\\?"})
    assert skus(loaded, **pages, current_page=1) == first[:1]


def test_calls_are_counted_by_route(shop: Shop) -> None:
    """The counters bear the templates, and a slash in a SKU stays inside its segment."""
    shop.create("A/B")
    shop.product("A/B")
    counters = shop.call("GET", "/_sandbox/calls")[1]["counters"]
    assert counters["GET /rest/<store_code>/V1/products/<sku>"] == 1


def test_the_demo_shop(demo: Shop) -> None:
    """Four sources in one stock of the website, prices with VAT, own attributes, open orders with reservations."""
    stock = demo.get("inventory/stock-resolver/website/base")
    links = demo.get("inventory/get-sources-assigned-to-stock-ordered-by-priority/2")
    assert (stock["stock_id"], [row["source_code"] for row in links]) == (2, ["wh_utr", "st_utr", "st_gent", "st_antw"])
    assert demo.get("products/attributes/barcode?fields=frontend_input") == {"frontend_input": "text"}
    assert len(demo.get("products/attributes/brand/options")) > 3
    classes = demo.get(f"taxClasses/search?{criteria(('class_type', 'PRODUCT'))}")["items"]
    assert [(row["class_id"], row["class_name"]) for row in classes][:2] == [(2, "Taxable Goods"), (4, "Reduced")]
    configs = demo.call("GET", "/rest/V1/store/storeConfigs")[1]
    assert {row["weight_unit"] for row in configs} == {"kgs"}
    orders = demo.get(f"orders?{criteria(('state', 'new'))}")["items"]
    assert orders
    item = orders[0]["items"][0]
    row = demo.get(f"inventory/export-stock-salable-qty/website/base?{criteria(('sku', item['sku']))}")["items"][0]
    held = sum(quantity for code, quantity in demo.held(item["sku"]).items() if code != "default")
    claimed = sum(one["qty_ordered"] for order in orders for one in order["items"] if one["sku"] == item["sku"])
    assert row["qty"] == max(0, held - claimed)


def test_a_seed_makes_the_same_shop_again() -> None:
    """Equal seeds give equal ids, tokens and goods; another seed gives other tokens."""
    first, again, other = (build(Options(profile="demo", seed=seed)).credentials for seed in (3, 3, 4))
    assert first == again
    assert first["bearer"] != other["bearer"]


def test_the_tests_profile_brings_what_shops_have() -> None:
    """Configurable products with variants, orders in several states, SKUs that exist more than once."""
    for shop in start(profile="tests", products=300, customers=60, limits=False):
        state = shop.call("GET", "/_sandbox/state")[1]
        assert {"configurable", "simple"} == {row["type_id"] for row in state["products"]}
        assert {"new", "processing"} <= {row["state"] for row in state["orders"]}
        listed = [row["sku"].lower() for row in state["products"]]
        assert len(set(listed)) < len(listed)


@pytest.mark.parametrize(
    ("verb", "change", "field_name", "expected"),
    [
        ("product", {"sku": "ED", "set": {"name": "Nieuw"}}, "name", "Nieuw"),
        ("create_product", {"sku": "ED-2", "name": "Tweede", "price": 4}, "price", 4),
        ("price", {"sku": "ED", "amount": 8.95}, "price", Decimal("8.95")),
        ("sale", {"sku": "ED", "quantity": 2}, "total_qty_ordered", 2),
        ("stock", {"sku": "ED", "location": "gent", "difference": 3}, "quantity", 3),
        ("stock", {"sku": "ED", "location": "wh_utr", "quantity": 4}, "before", 9),
        ("create_customer", {"email": "x@example.com", "firstname": "X", "lastname": "Y"}, "website_id", 1),
        ("delete_product", {"sku": "ED"}, "sku", "ED"),
    ],
)
def test_edits(shop: Shop, verb: str, change: dict[str, Any], field_name: str, expected: Any) -> None:
    """What people in the shop do answers what it made."""
    shop.create("ED")
    shop.stocked("ED", wh_utr=9)
    assert shop.edit(verb, **change)[field_name] == expected


def test_edits_that_nobody_could_make_are_refused(shop: Shop) -> None:
    """Unknown verbs, missing members and unknown things are told, not swallowed."""
    for change in ({"do": "dance"}, {"do": "ship"}, {"do": "price", "sku": "NO-SUCH", "amount": 1}):
        assert shop.call("POST", "/_sandbox/edit", change)[0] == 422


def test_switches_are_checked() -> None:
    """A switch that does not exist is refused before the stand-in starts."""
    with pytest.raises(ValueError, match="there is no switch"):
        build(Options(profile="empty", settings={"nosuch": "1"}))
    with pytest.raises(ValueError, match="one of global, website"):
        build(Options(profile="empty", settings={"price_scope": "galaxy"}))


def test_its_time_is_its_own(shop: Shop) -> None:
    """Timestamps follow the stand-in's clock, to the second and in UTC."""
    moment = datetime(2027, 3, 28, 0, 59, 59, tzinfo=UTC)
    shop.call("POST", "/_sandbox/clock", {"set": moment.isoformat()})
    made = datetime.fromisoformat(shop.create("CLOCK")["created_at"]).replace(tzinfo=UTC)
    assert timedelta(0) <= made - moment < timedelta(seconds=20)


ODD: tuple[Any, ...] = (None, [], {}, "x", -1, 1.5, True, [None], [{}], [[]], ["x"], {"a": 1}, [{"sku": None}])


@pytest.fixture(scope="module")
def battered() -> Iterator[Shop]:
    """A shop that raises what it does not catch."""
    for shop in start(profile="demo", products=10, customers=5):
        shop.stand.app.testing = True
        yield shop


@pytest.mark.parametrize("route", [route for route in ROUTES if route.takes], ids=lambda route: route.key)
def test_no_body_breaks_it(battered: Shop, route: Route) -> None:
    """Whatever is sent as a parameter is answered or refused, at once and in a bulk, and never raises."""
    shop = battered
    path = re.sub(r":\w+", "1", route.path)
    bulk_path = re.sub(r":(\w)(\w*)", lambda found: f"by{found.group(1).upper()}{found.group(2)}", route.path)
    with shop.stand.app.test_client() as client:
        for odd in ODD:
            body = dict.fromkeys(route.takes, odd)
            for start_of_path, sent in ((f"/rest/all{path}", body), (f"/rest/all/async/bulk{bulk_path}", [body])):
                answer = client.open(
                    start_of_path,
                    method=route.method,
                    data=json.dumps(sent),
                    content_type="application/json",
                    headers=shop.headers,
                )
                assert answer.status_code in (200, 202, 400, 401, 404, 500)
    shop.edit("run_consumer")
