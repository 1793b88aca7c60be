"""The real server itself: what it is, that a shop can be run on it, and that a kill takes nothing from it."""

from __future__ import annotations

import os
import signal
from typing import Any
from uuid import uuid4

import requests

from tests.odoo.client import Odoo, real_odoo_command, told_by
from tests.odoo.till import close_session, open_session, sell

FIELDS = ["default_code", "name", "list_price", "is_storable"]


def a_product(odoo: Odoo, **values: Any) -> tuple[int, str]:
    """A new product that tills sell and stock is kept of: its id and its code, which no other has."""
    code = f"T-{uuid4().hex[:10]}"
    given = {"name": f"Artikel {code}", "default_code": code, "list_price": 12.5, "is_storable": True}
    return odoo.create("product.product", **given, available_in_pos=True, **values), code


def put(odoo: Odoo, product: int, pieces: int, warehouse: str) -> None:
    """Set the stock of a product in a warehouse, as its user would."""
    (found,) = odoo.call("stock.warehouse", "search_read", domain=[["code", "=", warehouse]], fields=["lot_stock_id"])
    place = found["lot_stock_id"][0]
    odoo.call(
        "stock.quant",
        "create",
        vals_list=[{"product_id": product, "location_id": place, "inventory_quantity_auto_apply": pieces}],
        context={"inventory_mode": True},
    )


def on_hand(odoo: Odoo, product: int) -> dict[str, float]:
    """How much of a product there is, by warehouse."""
    rows = odoo.call(
        "stock.quant",
        "search_read",
        domain=[["product_id", "=", product], ["location_id.usage", "=", "internal"]],
        fields=["warehouse_id", "quantity"],
    )
    codes = {row["id"]: row["code"] for row in odoo.call("stock.warehouse", "search_read", domain=[], fields=["code"])}
    sums: dict[str, float] = {}
    for row in rows:
        code = codes[row["warehouse_id"][0]]
        sums[code] = sums.get(code, 0) + row["quantity"]
    return sums


def test_it_is_an_odoo_19(real_odoo: Odoo) -> None:
    """Without a login it tells its version, on both transports."""
    told = requests.get(f"{real_odoo.url}/web/version", timeout=60).json()
    assert [19, 0] == told["version_info"][:2]
    assert "19.0" == real_odoo.rpc("common", "version")["server_serie"]


def test_it_lets_the_administrator_in(real_odoo: Odoo) -> None:
    """The password and the key are the administrator's on the older transport; a wrong one is nobody's."""
    uids = [
        real_odoo.rpc("common", "authenticate", real_odoo.database, real_odoo.login, secret, {})
        for secret in (real_odoo.password, real_odoo.api_key, "wrong")
    ]
    assert [2, 2, False] == uids


def test_it_is_a_dutch_shop_with_two_warehouses(real_odoo: Odoo) -> None:
    """Country, money, languages, chart of accounts, warehouses and tills are those of the contract recordings."""
    (company,) = real_odoo.call(
        "res.company", "search_read", domain=[], fields=["country_code", "currency_id", "chart_template"]
    )
    assert ("NL", "EUR", "nl") == (company["country_code"], company["currency_id"][1], company["chart_template"])
    languages = real_odoo.call("res.lang", "search_read", domain=[], fields=["code"])
    assert {"en_US", "nl_NL"} <= {language["code"] for language in languages}
    warehouses = real_odoo.call("stock.warehouse", "search_read", domain=[], fields=["code"])
    assert {"UTR", "AMS"} <= {warehouse["code"] for warehouse in warehouses}
    tills = real_odoo.call("pos.config", "search_read", domain=[], fields=["name", "warehouse_id"])
    assert {("Kassa Utrecht", "Magazijn Utrecht"), ("Kassa Amsterdam", "Magazijn Amsterdam")} <= {
        (till["name"], till["warehouse_id"][1]) for till in tills
    }


def test_products_are_found(real_odoo: Odoo) -> None:
    """What was created over JSON-2 is read over JSON-2."""
    product, code = a_product(real_odoo)
    found = real_odoo.call("product.product", "search_read", domain=[["default_code", "=", code]], fields=FIELDS)
    expected = {"id": product, "default_code": code, "name": f"Artikel {code}", "list_price": 12.5, "is_storable": True}
    assert [expected] == found


def test_a_till_sells(own_odoo: Odoo) -> None:
    """A session opens, an order is sent as the till sends it, its warehouse has less, and the session closes."""
    product, _ = a_product(own_odoo)
    put(own_odoo, product, 10, "UTR")
    put(own_odoo, product, 4, "AMS")
    session = open_session(own_odoo, "Kassa Utrecht")
    uuid = sell(session, product, 3, 12.5)
    (order,) = own_odoo.call(
        "pos.order", "search_read", domain=[["uuid", "=", uuid]], fields=["state", "amount_total", "session_id"]
    )
    assert ("paid", 37.5, session.id) == (order["state"], order["amount_total"], order["session_id"][0])
    assert {"UTR": 7, "AMS": 4} == on_hand(own_odoo, product)
    assert {"successful": True} == close_session(session, 137.5)
    assert "done" == own_odoo.call("pos.order", "read", ids=[order["id"]], fields=["state"])[0]["state"]


def test_a_killed_server_comes_up_with_everything(own_odoo: Odoo) -> None:
    """After kill -9, `up` brings the same server back at the same address: product, stock, session and order."""
    product, code = a_product(own_odoo)
    put(own_odoo, product, 5, "AMS")
    uuid = sell(open_session(own_odoo, "Kassa Amsterdam"), product, 2, 12.5)

    os.kill(own_odoo.pid, signal.SIGKILL)
    assert 1 == real_odoo_command(own_odoo.name, "status").returncode
    again = Odoo(told_by(real_odoo_command(own_odoo.name, "up")))

    assert own_odoo.url == again.url
    assert own_odoo.pid != again.pid
    assert [product] == again.ids("product.product", ["default_code", "=", code])
    assert 1 == len(again.ids("pos.order", ["uuid", "=", uuid], ["session_id.state", "=", "opened"]))
    assert {"AMS": 3} == on_hand(again, product)
