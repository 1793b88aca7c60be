"""The stand-in of Lightspeed X-Series, over real HTTP, held against the contract and its notes (L§n)."""

from __future__ import annotations

import hashlib
import hmac
import http.server
import json
import threading
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
import requests

from sandbox.lightspeed_x import build, build_from
from sandbox.lightspeed_x.people import mask_cards
from sandbox.lightspeed_x.seed import TAXES, code_type
from sandbox.lightspeed_x.store import Store
from sandbox.lightspeed_x.switches import Switches
from sandbox.shop.generate import make_shop
from sandbox.shop.model import Address, Customer, Location, Product, Promo, Shop, Tier
from sandbox.stand import Clock, Options, Stand

UTRECHT, GENT = "Winkel Utrecht", "Winkel Gent"
LOCATIONS = (
    Location("utrecht-warehouse", "Magazijn", {"exact_online": "1"}),
    Location("utrecht-store", UTRECHT, {"exact_online": "2", "lightspeed_x": UTRECHT}),
    Location("gent", GENT, {"exact_online": "3", "lightspeed_x": GENT}),
)
ADDRESS = Address("Oudegracht", "1", "Utrecht", "3511 AA", "NL", addition="B")


def make_small_shop() -> Shop:
    """Six products (one pair of a family, one elsewhere only) and three customers (one elsewhere only)."""
    stock = {"utrecht-store": Decimal(5), "gent": Decimal(3), "utrecht-warehouse": Decimal(9)}
    trui = {"family": "TRUI", "stock": stock, "cost": Decimal("21.5"), "brand": "Fjordwol", "group": "701"}
    products = (
        Product("WT/1 BL", "Wollen trui, blauw", "standard", Decimal("49.95"), axes={"Kleur": "Blauw"}, **trui),
        Product("WT/1 RD", "Wollen trui, rood", "standard", Decimal("54.95"), axes={"Kleur": "Rood"}, **trui),
        Product(
            "0004711",
            "Breiboek",
            "reduced",
            Decimal("24.95"),
            barcode="9520000001018",
            stock=stock,
            promos=(Promo(Decimal("19.95"), date(2026, 12, 1), date(2026, 12, 31)),),
            tiers=(Tier(Decimal(10), Decimal("22.95")), Tier(Decimal(1), Decimal("20.00"), "dealers")),
            weight_kg=Decimal("0.45"),
        ),
        Product("NAAM-2", "Breiboek", "zero", Decimal("9.00"), stock=stock, sell_in_store=False),
        Product("DIENST", "Inpakken", "standard", Decimal("2.50"), tracks_stock=False, price_form="excluded"),
        Product("EXACT-1", "Elders", "standard", Decimal("1.00"), on=frozenset({"exact_online"})),
    )
    customers = (
        Customer("K1", "person", "Jan", "van der", "Berg", "jan@example.com", "+31302000000", ADDRESS, newsletter=True),
        Customer(
            "K2", "company", "Els", "", "Maes", "els@example.com", None, ADDRESS,
            company="Maes NV", vat_number="BE0477472701", group="dealers",
            delivery=Address("Korenmarkt", "2", "Gent", "9000", "BE"),
        ),
        Customer("K3", "person", "Web", "", "Klant", "web@example.com", None, ADDRESS, on=frozenset({"magento2"})),
    )  # fmt: skip
    return Shop(1, "tests", date(2026, 11, 22), LOCATIONS, products, customers, ())


class Till:
    """A client of one running stand-in."""

    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        self.url = stand.start()
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {stand.credentials['token']}"

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> requests.Response:
        return self.session.request(method, f"{self.url}/api/2026-07{path}", json=body, timeout=10, **more)

    def get(self, path: str) -> Any:
        answer = self.call("GET", path)
        assert answer.status_code == 200, answer.text
        return json.loads(answer.text, parse_float=Decimal)

    def send(self, method: str, path: str, body: Any, status: int = 200) -> Any:
        answer = self.call(method, path, body)
        assert answer.status_code == status, answer.text
        return json.loads(answer.text, parse_float=Decimal) if answer.text else None

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(method, f"{self.url}/_sandbox/{path}", json=body, timeout=10)
        assert answer.status_code == 200, answer.text
        return json.loads(answer.text, parse_float=Decimal)

    def edit(self, verb: str, **members: Any) -> Any:
        return self.control("POST", "edit", {"do": verb} | members)

    def switch(self, name: str, value: Any) -> None:
        self.edit("switch", name=name, value=str(value))

    def product(self, sku: str) -> Any:
        return self.get(f"/products?sku={requests.utils.quote(sku, safe='')}")["data"][0]

    def outlet(self, name: str = UTRECHT) -> str:
        return str(next(row["id"] for row in self.get("/outlets")["data"] if row["name"] == name))

    def level(self, sku: str, outlet: str = UTRECHT) -> Any:
        rows = self.get(f"/inventory/{self.product(sku)['id']}")
        return next(row["current_inventory_level"] for row in rows if row["outlet_id"] == self.outlet(outlet))

    def tax(self, name: str = "Hoog 21%") -> str:
        return str(next(row["id"] for row in self.get("/taxes")["data"] if row["name"] == name))

    def adjust(self, status: int = 201, **row: Any) -> Any:
        whole = {"product_id": self.product("0004711")["id"], "outlet_id": self.outlet()} | row
        return self.send("POST", "/stock_adjustments", {"stock_adjustments": [whole]}, status)


@pytest.fixture
def start() -> Iterator[Callable[..., Till]]:
    """Starts stand-ins of the small shop with given settings."""
    running: list[Stand] = []

    def begin(limits: bool = False, **settings: str) -> Till:
        stand = build_from(make_small_shop(), Options(limits=limits, settings=settings))
        running.append(stand)
        return Till(stand)

    yield begin
    for stand in running:
        stand.close()


@pytest.fixture
def till(start: Callable[..., Till]) -> Till:
    """A stand-in of the small shop, without limits."""
    return start()


def read_contract(contracts: Path) -> Any:
    return json.loads((contracts / "lightspeed-x" / "contract.json").read_text(encoding="utf-8"))


def read_example(contracts: Path, name: str) -> Any:
    text = (contracts / "lightspeed-x" / "examples" / f"{name}.json").read_text(encoding="utf-8")
    return json.loads(text, parse_float=Decimal)


def expand(names: list[str]) -> set[str]:
    """The single field names behind the contract's abbreviations."""
    parts = ("address_1", "address_2", "suburb", "city", "postcode", "state", "country_id")
    whole = {
        "custom_field_1..4": {f"custom_field_{number}" for number in range(1, 5)},
        "physical_address_1, _2, physical_suburb, _city, _postcode, _state, _country_id": {
            f"physical_{part}" for part in parts
        },
        "postal_* (same parts)": {f"postal_{part}" for part in parts},
        "_metadata.version": {"_metadata"},
    }
    return {single for name in names for single in whole.get(name, {name})}


def kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return "flag"
    return {int: "number", Decimal: "number", str: "text", dict: "object", list: "list"}.get(type(value), "null")


def differences(wanted: Any, shown: Any, path: str = "") -> list[str]:
    """Where an answer lacks a member of the example, or has another kind of value there; null fits any kind."""
    if wanted is None or shown is None:
        return []
    if kind_of(wanted) != kind_of(shown):
        return [f"{path}: {kind_of(shown)} instead of {kind_of(wanted)}"]
    if isinstance(wanted, dict):
        lacking = [f"{path}.{name} is missing" for name in wanted if name not in shown]
        deeper = [differences(wanted[name], shown[name], f"{path}.{name}") for name in wanted if name in shown]
        return lacking + [one for several in deeper for one in several]
    if isinstance(wanted, list) and wanted and shown:
        return differences(wanted[0], shown[0], f"{path}[]")
    return []


MENTIONED = {
    "products": {"weight_unit", "dimensions_unit", "product_type_id"},  # named in the notes of other fields
    "customers": set(),
    "inventory": set(),
    "outlets": set(),
    "registers": set(),
    "taxes": set(),
    "payment_types": set(),
    "customer_groups": set(),
    "sales": set(),
    "price_books": set(),
}
WRITE_ONLY = {"products": {"inventory", "variants", "outlet_taxes"}}


class TestContract:
    """Fields, shapes and statuses as the contract has them."""

    @pytest.mark.parametrize(
        ("resource", "path", "fields", "example"),
        [
            ("products", "/products", "fields", "products-list"),
            ("customers", "/customers", "fields", None),
            ("customer_groups", "/customer_groups", "fields", None),
            ("outlets", "/outlets", "fields", None),
            ("registers", "/registers", "fields", None),
            ("taxes", "/taxes", "fields", None),
            ("payment_types", "/payment_types", "fields", None),
            ("price_books", "/price_book_products", "row_fields", "price-book-products"),
        ],
    )
    def test_rows_have_exactly_the_documented_fields(
        self, till: Till, contracts: Path, resource: str, path: str, fields: str, example: str | None
    ) -> None:
        """Every documented readable field is in each row, and nothing else is."""
        documented = expand(list(read_contract(contracts)["resources"][resource][fields]))
        if example:
            answers = read_example(contracts, example)["response"]
            rows = [row for one in answers for row in one["body"]["data"] if isinstance(row, dict)]
            documented |= {name for row in rows for name in row}
        documented |= MENTIONED[resource]
        for row in till.get(path)["data"]:
            assert set(row) - documented == set()
            assert documented - set(row) - WRITE_ONLY.get(resource, set()) == set()

    def test_inventory_rows(self, till: Till, contracts: Path) -> None:
        """The new shape of an inventory row, to the field."""
        rows = till.send("POST", "/inventory", {})
        documented = set(read_contract(contracts)["resources"]["inventory"]["fields"])
        assert {frozenset(row) for row in rows} == {frozenset(documented)}
        assert differences(read_example(contracts, "inventory-list")["response"][0]["body"], rows) == []

    def test_retailer(self, till: Till, contracts: Path) -> None:
        """The retailer tells the tax mode, and has the documented fields."""
        row = till.get("/retailer")["data"]
        assert set(row) == set(read_contract(contracts)["resources"]["retailer"]["fields"])
        assert row["tax_exclusive"] is False

    def test_sale(self, till: Till, contracts: Path) -> None:
        """A sale is answered in the shape of the example, with documented members only."""
        example = read_example(contracts, "sale-create")
        answer = till.send("POST", "/sales", sale_body(till, "0004711", 2))
        wanted = example["response"][0]["body"]["data"]
        body = sale_body(till, "0004711", 2) | {"id": str(uuid4()), "customer_id": person(till, "jan@example.com")}
        body["source"] |= {"type": "Magento", "id": "100000123"}
        assert differences(wanted, till.send("POST", "/sales", body)["data"]) == []
        documented = expand(list(read_contract(contracts)["resources"]["sales"]["answer_fields"]))
        assert set(answer["data"]) == documented | set(wanted)

    def test_create_product(self, till: Till, contracts: Path) -> None:
        """The example of a family with two variants is taken as it is, and answered with ids only."""
        example = read_example(contracts, "product-create")
        body = example["request"]["body"]
        axes = [till.send("POST", "/variant_attributes", {"name": name}, 201)["data"]["id"] for name in ("A", "B")]
        body |= {"name": "Andere trui", "product_category_id": category(till, "Kleding")}
        for variant in body["variants"]:
            for place, definition in enumerate(variant["variant_definitions"]):
                definition["attribute_id"] = axes[place]
            for level in variant.get("inventory", []):
                level["outlet_id"] = till.outlet()
        answer = till.send("POST", "/products", json.loads(json.dumps(body, default=float)))
        assert differences(example["response"][0]["body"], answer) == []
        rows = [till.get(f"/products/{key}")["data"] for key in answer["data"]]
        wanted = read_example(contracts, "products-list")["response"][0]["body"]["data"][0]
        assert differences(wanted, rows[0]) == []
        assert [row["variant_name"] for row in rows] == ["Andere trui / Blauw / M", "Andere trui / Rood / M"]
        assert [code["code"] for code in rows[0]["product_codes"]] == ["WT-001-BL-M", "8719326000014"]

    def test_update_product(self, till: Till, contracts: Path) -> None:
        """The example of an update is taken as it is, and answered with an empty object."""
        body = json.loads(json.dumps(read_example(contracts, "product-update")["request"]["body"], default=float))
        key = till.product("WT/1 BL")["id"]
        assert till.send("PUT", f"/products/{key}", body) == {}
        row = till.get(f"/products/{key}")["data"]
        assert (row["name"], row["price_including_tax"], row["sku"]) == (
            "Wollen trui 2026",
            Decimal("54.95"),
            "WT-001-BL-M",
        )

    def test_adjust_stock(self, till: Till, contracts: Path) -> None:
        """The example of two adjustments is answered in its shape, in the order of the request."""
        example = read_example(contracts, "stock-adjust")
        reason = till.send(
            "POST", "/custom_inventory_adjustment_reasons", {"name": "Own", "enabled": True, "type": "NEGATIVE"}
        )
        rows = example["request"]["body"]["stock_adjustments"]
        for row, sku in zip(rows, ("WT/1 BL", "WT/1 RD"), strict=True):
            row |= {"product_id": till.product(sku)["id"], "outlet_id": till.outlet()}
        rows[0]["custom_inventory_adjustment_reason_id"] = reason["data"]["id"]
        answer = till.send("POST", "/stock_adjustments", {"stock_adjustments": rows}, 201)
        assert [sorted(row) for row in answer["data"]] == [
            sorted(row) for row in example["response"][0]["body"]["data"]
        ]
        assert differences(example["response"][0]["body"], answer) == []

    def test_create_customer(self, till: Till, contracts: Path) -> None:
        """The example of a customer is taken as it is and answered in its shape; its error too."""
        example = read_example(contracts, "customer-create")
        answer = till.send("POST", "/customers", example["request"]["body"], 201)
        assert differences(example["response"][0]["body"], answer) == []
        bad = example["request"]["body"] | {"physical_postcode": "35 11"}
        assert till.send("POST", "/customers", bad, 400) == example["response"][1]["body"]

    def test_price_book_rows(self, till: Till, contracts: Path) -> None:
        """The example of two prices: written with tax, read back without, 44.95 as 37.14876."""
        example = read_example(contracts, "price-book-products")
        book = make_book(till)
        rows = example["request"]["body"]["data"]
        for row in rows:
            row |= {"product_id": till.product("WT/1 BL")["id"], "tax_id": till.tax(), "price": float(row["price"])}
        answer = till.send("POST", f"/price_books/{book}/products", {"data": rows})
        assert answer == example["response"][0]["body"]
        shown = till.get(f"/price_books/{book}/products")
        assert shown["data"][0]["price"] == example["response"][1]["body"]["data"][0]["price"]
        assert differences(example["response"][1]["body"], shown) == []

    def test_refresh(self, till: Till, contracts: Path) -> None:
        """A refresh is answered with the members of the example; a used token with its error."""
        example = read_example(contracts, "oauth-refresh")
        answer = refresh(till, till.stand.credentials["refresh_token"])
        assert set(answer.json()) == set(example["response"][0]["body"])
        again = refresh(till, till.stand.credentials["refresh_token"])
        assert (again.status_code, again.json()) == (401, example["response"][1]["body"])

    def test_errors(self, start: Callable[..., Till], contracts: Path) -> None:
        """401, 403, 404, 409, 410, 422 and 429 have the bodies of the examples."""
        wanted = {one["status"]: one["body"] for one in read_example(contracts, "errors")["response"]}
        till = start(limits=True, scopes="products:read")
        nobody = {"Authorization": "Bearer wrong"}
        assert till.call("GET", "/products", headers=nobody).json() == wanted[401]
        limited = {
            "Authorization": f"Bearer {refresh(till, till.stand.credentials['refresh_token']).json()['access_token']}"
        }
        assert till.call("POST", "/stock_adjustments", {}, headers=limited).json() == wanted[403]
        assert till.call("GET", f"/products/{uuid4()}").json() == wanted[404]
        hook = {"type": "sale.update", "url": "http://127.0.0.1:9/a", "active": True}
        till.send("POST", "/webhooks", hook, 201)
        assert till.send("POST", "/webhooks", hook, 409) == wanted[409]
        assert till.session.get(f"{till.url}/api/products", timeout=10).json() == wanted[410]
        assert till.adjust(422, quantity="2", reason="DAMAGE") == wanted[422]
        limit = read_example(contracts, "rate-limited")["response"][0]
        while (answer := till.call("GET", "/retailer")).status_code == 200:
            pass
        assert (answer.status_code, answer.json()) == (limit["status"], limit["body"])
        assert {name.lower() for name in limit["headers"]} <= {name.lower() for name in answer.headers}

    def test_page_and_end(self, till: Till, contracts: Path) -> None:
        """A page and the empty page after it have the shapes of the example."""
        page, end = (one["body"] for one in read_example(contracts, "products-list")["response"])
        shown = till.get("/products?after=0&page_size=200&deleted=true")
        assert differences(page, shown) == []
        assert till.get(f"/products?after={shown['version']['max']}&page_size=200&deleted=true") == end


def sale_body(till: Till, sku: str, quantity: Any, state: str = "closed", outlet: str = UTRECHT) -> dict[str, Any]:
    product = till.product(sku)
    net = product["price_excluding_tax"]
    register = next(row["id"] for row in till.get("/registers")["data"] if row["outlet_id"] == till.outlet(outlet))
    line = {
        "product": {"id": product["id"]},
        "quantity": quantity,
        "pricing": {"price": float(net)},
        "tax": {"id": product["all_outlets_tax"]["tax_id"], "amount": float(product["price_including_tax"] - net)},
    }
    payment = {"type": {"config_id": till.get("/payment_types")["data"][0]["id"]}, "amount": 49.9}
    source = {"author_id": till.get("/user")["data"]["id"], "register_id": register}
    return {"state": state, "source": source, "line_items": [line], "payments": [payment]}


def person(till: Till, email: str) -> str:
    return str(till.get(f"/search?type=customers&email={email}")["data"][0]["id"])


def category(till: Till, name: str) -> str:
    return str(next(row["id"] for row in till.get("/product_categories")["data"]["categories"] if row["name"] == name))


def make_book(till: Till, **members: Any) -> str:
    groups = [row["id"] for row in till.get("/customer_groups")["data"]][:1]
    body = {"name": "Boek", "customer_group_ids": groups, "outlet_ids": [till.outlet()]} | members
    return str(till.send("POST", "/price_books", body)["data"]["id"])


def refresh(till: Till, token: str, **other: str) -> requests.Response:
    form = {
        "grant_type": "refresh_token",
        "refresh_token": token,
        "client_id": till.stand.credentials["client_id"],
        "client_secret": till.stand.credentials["client_secret"],
    }
    return requests.post(f"{till.url}/api/1.0/token", data=form | other, timeout=10)


class TestAccess:
    """L§2: tokens, scopes, User-Agent, versions in the path."""

    @pytest.mark.parametrize("header", [None, "", "Bearer ", "Bearer nonsense", "Basic abc"])
    def test_needs_a_token(self, till: Till, header: str | None) -> None:
        """Without a good bearer token: 401."""
        answer = requests.get(f"{till.url}/api/2026-07/products", headers={"Authorization": header}, timeout=10)
        assert answer.status_code == 401

    def test_needs_a_user_agent(self, till: Till) -> None:
        """A call without User-Agent is refused."""
        assert till.call("GET", "/products", headers={"User-Agent": ""}).status_code == 400

    def test_personal_token_never_expires(self, till: Till) -> None:
        """A personal token is good after a year."""
        till.control("POST", "clock", {"advance_s": 365 * 86_400})
        assert till.call("GET", "/retailer").status_code == 200

    def test_refresh_rotates(self, till: Till) -> None:
        """Each refresh gives a new refresh token, and the access token before it is worth nothing."""
        first = refresh(till, till.stand.credentials["refresh_token"]).json()
        bearer = {"Authorization": f"Bearer {first['access_token']}"}
        assert till.call("GET", "/retailer", headers=bearer).status_code == 200
        second = refresh(till, first["refresh_token"]).json()
        assert second["refresh_token"] != first["refresh_token"]
        assert till.call("GET", "/retailer", headers=bearer).status_code == 401
        assert refresh(till, first["refresh_token"]).status_code == 401
        assert refresh(till, second["refresh_token"]).status_code == 200

    def test_access_token_lives_a_day(self, till: Till) -> None:
        """After 24 hours the access token has expired."""
        told = refresh(till, till.stand.credentials["refresh_token"]).json()
        bearer = {"Authorization": f"Bearer {told['access_token']}"}
        assert told["expires_in"] == 86_400
        till.control("POST", "clock", {"advance_s": 86_390})
        assert till.call("GET", "/retailer", headers=bearer).status_code == 200
        till.control("POST", "clock", {"advance_s": 20})
        assert till.call("GET", "/retailer", headers=bearer).status_code == 401

    def test_tokens_expire_on_demand(self, till: Till) -> None:
        """The fault expire_tokens ends OAuth access tokens, not the personal one."""
        told = refresh(till, till.stand.credentials["refresh_token"]).json()
        till.control("POST", "faults", {"fault": "expire_tokens"})
        bearer = {"Authorization": f"Bearer {told['access_token']}"}
        assert till.call("GET", "/retailer", headers=bearer).status_code == 401
        assert till.call("GET", "/retailer").status_code == 200

    def test_refresh_needs_the_client(self, till: Till) -> None:
        """A wrong client secret, an unknown grant: refused, and the token stays good."""
        token = till.stand.credentials["refresh_token"]
        assert refresh(till, token, client_secret="wrong").status_code == 401
        assert refresh(till, token, grant_type="password").status_code == 400
        assert refresh(till, token).status_code == 200

    def test_authorization_code(self, till: Till) -> None:
        """Consent gives a code that works once, within ten minutes, for the same redirect address."""
        first, form = consent(till)
        answer = refresh(till, "", **form | {"code": first["code"][0]})
        assert answer.status_code == 200
        assert answer.json()["scope"] == "products:read"
        assert refresh(till, "", **form | {"code": first["code"][0]}).status_code == 401
        second, form = consent(till)
        till.control("POST", "clock", {"advance_s": 601})
        assert refresh(till, "", **form | {"code": second["code"][0]}).status_code == 401
        third, form = consent(till)
        form["redirect_uri"] = "https://other.example/"
        assert refresh(till, "", **form | {"code": third["code"][0]}).status_code == 401

    @pytest.mark.parametrize(
        "wrong", [{"state": "short"}, {"scope": ""}, {"scope": "all:everything"}, {"client_id": "x"}]
    )
    def test_consent_needs_state_and_scope(self, till: Till, wrong: dict[str, str]) -> None:
        """A short state, no scope or an unknown one, another client: refused."""
        query = consent_query(till) | wrong
        assert requests.get(f"{till.url}/connect", params=query, timeout=10).status_code == 400

    def test_scopes(self, start: Callable[..., Till]) -> None:
        """An OAuth token reads and writes only what its scopes say."""
        till = start(scopes="products:read")
        told = refresh(till, till.stand.credentials["refresh_token"]).json()
        bearer = {"Authorization": f"Bearer {told['access_token']}"}
        assert till.call("GET", "/products", headers=bearer).status_code == 200
        assert till.call("POST", "/products", {"name": "x"}, headers=bearer).status_code == 403
        assert till.call("GET", "/customers", headers=bearer).status_code == 403

    def test_older_versions_are_answered_silently(self, till: Till) -> None:
        """A version that ended is answered by the oldest supported one (L§1)."""
        for edition in ("2026-04", "2024-01"):
            answer = till.session.get(f"{till.url}/api/{edition}/retailer", timeout=10)
            assert (answer.status_code, answer.json()["data"]["country"]) == (200, "NL")

    @pytest.mark.parametrize("path", ["/api/2026-10/products", "/api/2026-07/nothing", "/api/2.0/products"])
    def test_unknown_paths(self, till: Till, path: str) -> None:
        """What is not served is a 404 in JSON."""
        answer = till.session.get(till.url + path, timeout=10)
        assert (answer.status_code, answer.json()["error"]) == (404, "Not Found")

    @pytest.mark.parametrize("text", ["", "{", "[]", '"a"', '{"a": NaN}'])
    def test_body_must_be_an_object(self, till: Till, text: str) -> None:
        """A write without a JSON object is a 400."""
        answer = till.session.post(f"{till.url}/api/2026-07/customers", data=text, timeout=10)
        assert answer.status_code == 400


def consent_query(till: Till) -> dict[str, str]:
    return {
        "response_type": "code",
        "client_id": till.stand.credentials["client_id"],
        "redirect_uri": "https://connector.example/back?a=1",
        "state": "0123456789",
        "scope": "products:read",
    }


def consent(till: Till) -> tuple[dict[str, list[str]], dict[str, str]]:
    query = consent_query(till)
    page = requests.get(f"{till.url}/connect", params=query, timeout=10)
    assert page.status_code == 200
    assert "products:read" in page.text
    answer = requests.post(f"{till.url}/connect", params=query, timeout=10, allow_redirects=False)
    assert answer.status_code == 302
    back = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert (back["state"], back["a"], back["domain_prefix"]) == (["0123456789"], ["1"], ["voorbeeld"])
    return back, {"grant_type": "authorization_code", "redirect_uri": query["redirect_uri"]}


JUNK = ("text", 5, 1e30, -1, True, None, [], ["x"], [1], [None], {}, {"x": {}}, [[]])
WRITES = {
    "POST /products": ("name", "sku", "product_codes", "variants", "inventory", "all_outlets_tax", "outlet_taxes",
                       "tag_ids", "price_including_tax", "supply_price", "weight", "is_active", "brand_id", "handle"),
    "POST /customers": ("first_name", "email", "note", "customer_group_id", "customer_code", "do_not_email",
                        "physical_country_id", "postal_postcode", "custom_field_1"),
    "POST /sales": ("id", "state", "source", "line_items", "payments", "customer_id", "date", "attributes"),
    "POST /price_books": ("name", "customer_group_ids", "outlet_ids", "restrict_to_platform"),
    "POST /stock_adjustments": ("stock_adjustments",),
    "POST /custom_inventory_adjustment_reasons": ("name", "type", "enabled"),
    "POST /inventory": ("after", "before", "size", "product_id", "variants", "sort_direction"),
    "POST /inventory_levels": ("product_ids", "location_ids", "size", "offset"),
    "POST /product_categories/bulk": ("categories",),
    "POST /brands": ("name",),
    "POST /webhooks": ("type", "url", "active"),
}  # fmt: skip


class TestJunk:
    """Whatever is sent, the answer is one of the contract's."""

    @pytest.mark.parametrize("call", sorted(WRITES))
    def test_no_body_breaks_it(self, till: Till, call: str) -> None:
        """A member of any other kind is refused or ignored, never an internal error."""
        method, path = call.split(" ")
        good: dict[str, dict[str, Any]] = {
            "/products": {"name": "Goed"},
            "/customers": {"first_name": None, "last_name": None},
            "/sales": sale_body(till, "0004711", 1),
            "/price_books": {"name": "x", "customer_group_ids": [], "outlet_ids": []},
        }
        for member in WRITES[call]:
            for junk in JUNK:
                answer = till.call(method, path, good.get(path, {}) | {member: junk})
                assert answer.status_code in (200, 201, 400, 404, 409, 422), (member, junk, answer.text)

    @pytest.mark.parametrize("part", ["common", "details"])
    def test_no_update_breaks_it(self, till: Till, part: str) -> None:
        """The same for updates of a product."""
        members = ("name", "description", "track_inventory", "brand_id", "product_category_id", "tag_ids", "is_active",
                   "product_codes", "product_suppliers", "inventory", "all_outlets_tax", "outlet_taxes", "weight",
                   "price_including_tax", "loyalty_amount", "variant_attribute_values")  # fmt: skip
        key = till.product("WT/1 BL")["id"]
        for member in members:
            for junk in JUNK:
                answer = till.call("PUT", f"/products/{key}", {part: {member: junk}})
                assert answer.status_code in (200, 400, 404, 409, 422), (member, junk, answer.text)

    def test_no_line_breaks_it(self, till: Till) -> None:
        """The same for what is inside lists: lines, payments, levels, codes, rows of price books."""
        key = till.product("WT/1 BL")["id"]
        book = make_book(till)
        for junk in JUNK:
            sale = sale_body(till, "0004711", 1)
            for member in ("product", "quantity", "pricing", "tax"):
                till_line = sale["line_items"][0] | {member: junk}
                assert till.call("POST", "/sales", sale | {"line_items": [till_line]}).status_code < 500
            assert till.call("POST", "/sales", sale | {"payments": [{"type": junk, "amount": junk}]}).status_code < 500
            for detail in (
                {"inventory": [{"outlet_id": till.outlet(), "current_amount": junk, "reorder_point": junk}]},
                {"inventory": [{"outlet_id": junk}]},
                {"inventory": [{"outlet_id": till.outlet(), "reorder_point": junk}]},
                {"product_codes": [{"code": junk, "type": junk}]},
                {"product_suppliers": [{"supplier_id": junk, "price": junk}]},
                {"outlet_taxes": [{"outlet_id": junk, "tax_id": junk}]},
            ):
                assert till.call("PUT", f"/products/{key}", {"details": detail}).status_code < 500, detail
            for member in ("product_id", "price", "tax_id", "min_units"):
                row = {"product_id": key, "price": 1, "tax_id": till.tax()} | {member: junk}
                assert till.call("POST", f"/price_books/{book}/products", {"data": [row]}).status_code < 500, row
            for member in ("product_id", "outlet_id", "quantity", "reason", "custom_inventory_adjustment_reason_id"):
                row = {"product_id": key, "outlet_id": till.outlet(), "quantity": "1", "reason": "STOCK_FOUND"}
                body = {"stock_adjustments": [row | {member: junk}]}
                assert till.call("POST", "/stock_adjustments", body).status_code < 500, body


class TestLimits:
    """L§3: a fixed window of five minutes."""

    def test_window(self, start: Callable[..., Till]) -> None:
        """300 × registers + 50 calls pass, then 429 until the window ends."""
        till = start(limits=True)
        till.control("POST", "clock", {"set": "2026-11-22T09:31:00+00:00"})
        answers = [till.call("GET", "/retailer") for _ in range(651)]
        assert [one.status_code for one in answers].count(200) == 650
        assert answers[0].headers["X-RateLimit-Limit"] == "650"
        assert answers[0].headers["X-RateLimit-Remaining"] == "649"
        last = answers[-1]
        assert (last.status_code, last.headers["X-RateLimit-Remaining"]) == (429, "0")
        assert last.headers["Retry-After"] == "Sun, 22 Nov 2026 09:35:00 GMT"
        assert parsedate_to_datetime(last.headers["Date"]) < parsedate_to_datetime(last.headers["Retry-After"])
        till.control("POST", "clock", {"advance_s": 240})
        assert till.call("GET", "/retailer").headers["X-RateLimit-Remaining"] == "649"

    def test_more_registers_more_calls(self, start: Callable[..., Till]) -> None:
        """Two registers in each of two outlets: 1250."""
        till = start(limits=True, registers="2")
        assert till.call("GET", "/retailer").headers["X-RateLimit-Limit"] == "1250"

    def test_each_application_has_its_own(self, start: Callable[..., Till]) -> None:
        """The personal token and the OAuth application do not take from each other."""
        till = start(limits=True)
        told = refresh(till, till.stand.credentials["refresh_token"]).json()
        till.call("GET", "/retailer")
        bearer = {"Authorization": f"Bearer {told['access_token']}"}
        assert till.call("GET", "/retailer", headers=bearer).headers["X-RateLimit-Remaining"] == "649"

    def test_the_token_endpoint_has_a_limit_of_its_own(self, start: Callable[..., Till]) -> None:
        """Its headers tell it, with a reset in unix seconds."""
        till = start(limits=True)
        answer = refresh(till, "wrong")
        assert int(answer.headers["X-RateLimit-Reset"]) % 300 == 0
        while refresh(till, "wrong").status_code == 401:
            pass
        assert refresh(till, till.stand.credentials["refresh_token"]).status_code == 429

    def test_no_limits(self, till: Till) -> None:
        """Switched off, the headers tell of a limit that nobody reaches, so that clients do not assume one."""
        headers = till.call("GET", "/retailer").headers
        assert int(headers["X-RateLimit-Limit"]) == 10**9


class TestFeed:
    """L§4: one version counter, strictly after, an empty page at the end."""

    def walk(self, till: Till, path: str, size: int = 1) -> list[Any]:
        rows: list[Any] = []
        after = 0
        joint = "&" if "?" in path else "?"
        while (page := till.get(f"{path}{joint}after={after}&page_size={size}"))["data"]:
            rows += page["data"]
            after = page["version"]["max"]
        assert page["version"] == {"min": None, "max": None}
        return rows

    @pytest.mark.parametrize(
        "path", ["/products", "/customers", "/taxes", "/outlets", "/registers", "/price_books", "/price_book_products"]
    )
    def test_pages_add_up_to_the_whole(self, till: Till, path: str) -> None:
        """Single-row pages give every row once, in ascending order of version."""
        rows = self.walk(till, path)
        assert rows == till.get(path)["data"]
        versions = [row["version"] for row in rows]
        assert versions == sorted(set(versions))

    def test_one_counter_over_all(self, till: Till) -> None:
        """No two rows of any kind have the same version, and any change gets the highest yet."""
        paths = ("/products", "/customers", "/taxes", "/price_book_products", "/brands")
        versions = [row["version"] for path in paths for row in till.get(path)["data"]]
        versions += [row["version"] for row in till.send("POST", "/inventory", {})]
        assert len(set(versions)) == len(versions)
        changed = till.edit("customer", email="jan@example.com", set={"note": "x"})
        assert changed["version"] > max(versions)

    def test_after_and_before_are_exclusive(self, till: Till) -> None:
        """Rows with just these versions are not listed."""
        versions = [row["version"] for row in till.get("/products")["data"]]
        page = till.get(f"/products?after={versions[0]}&before={versions[-1]}")
        assert [row["version"] for row in page["data"]] == versions[1:-1]

    def test_a_row_changed_twice_is_seen_once(self, till: Till) -> None:
        """Between two polls only the newest version of a row is there."""
        after = till.get("/products")["version"]["max"]
        for name in ("Een", "Twee"):
            till.edit("product", sku="0004711", set={"name": name})
        assert [row["name"] for row in till.get(f"/products?after={after}")["data"]] == ["Twee"]

    def test_page_size_is_capped(self, start: Callable[..., Till]) -> None:
        """More than 200 is cut to 200; the switch raises it to 5000."""
        till = start()
        for number in range(210):
            till.edit("create_customer", first_name=f"N{number}")
        assert len(till.get("/customers?page_size=1000")["data"]) == 200
        assert len(till.get("/customers")["data"]) == 200
        till.switch("page_cap", 5000)
        assert len(till.get("/customers?page_size=1000")["data"]) == 212

    @pytest.mark.parametrize("query", ["after=x", "page_size=many", "before=1.5"])
    def test_refuses_what_is_no_number(self, till: Till, query: str) -> None:
        """A cursor that is no number is a 400."""
        assert till.call("GET", f"/products?{query}").status_code == 400

    def test_deleted_rows_must_be_asked_for(self, till: Till) -> None:
        """Without deleted=true a deleted row vanishes silently; with it, it comes once with a new version."""
        after = till.get("/products")["version"]["max"]
        key = till.product("0004711")["id"]
        till.send("DELETE", f"/products/{key}", None)
        assert till.get(f"/products?after={after}")["data"] == []
        gone = till.get(f"/products?after={after}&deleted=true")["data"]
        assert [row["id"] for row in gone] == [key]
        assert gone[0]["deleted_at"]

    def test_many_changes_of_few_rows(self) -> None:
        """However often rows change, the feed has each once, in order of version."""
        store = Store(1, Clock(), Switches())
        table = store.table("things")
        for number in range(3000):
            table.save({"id": f"row {number % 3}", "number": number, "version": 0})
        rows = list(table.changes(0, None))
        assert [row["number"] for row in rows] == [2997, 2998, 2999]
        assert [row["number"] for row in table.changes(rows[0]["version"], None, descending=True)] == [2999, 2998]

    def test_late_versions(self, start: Callable[..., Till]) -> None:
        """With the switch on, some changes appear after higher versions were already seen."""
        till = start()
        till.switch("late_versions", 30)
        after = till.get("/customers")["version"]["max"]
        made = {till.edit("create_customer", first_name=f"N{number}")["id"] for number in range(9)}
        seen = till.get(f"/customers?after={after}")
        early = {row["id"] for row in seen["data"]}
        assert early < made
        till.control("POST", "clock", {"advance_s": 31})
        late = [row for row in till.get(f"/customers?after={after}")["data"] if row["id"] not in early]
        assert {row["id"] for row in late} == made - early
        assert min(row["version"] for row in late) < seen["version"]["max"]

    def test_repeated_and_truncated_pages(self, till: Till) -> None:
        """The page faults show the first page again, or the page without its end."""
        whole = till.get("/products?page_size=2")
        till.control("POST", "faults", {"fault": "repeat_page"})
        assert till.get(f"/products?page_size=2&after={whole['version']['max']}") == whole
        till.control("POST", "faults", {"fault": "truncate_page"})
        cut = till.get("/products?page_size=2")
        assert (cut["data"], cut["version"]) == (whole["data"][:1], whole["version"])


class TestInventory:
    """L§4: the new shape has traps."""

    def test_descending_unless_asked(self, till: Till) -> None:
        """A bare array, newest first; ascending only when asked."""
        down = [row["version"] for row in till.send("POST", "/inventory", {})]
        up = [row["version"] for row in till.send("POST", "/inventory", {"sort_direction": "asc"})]
        assert down == sorted(up, reverse=True)
        assert up == sorted(up)

    def test_default_order_makes_a_feed_skip_rows(self, till: Till) -> None:
        """Paging by after in the default order loses rows: the trap that the notes warn of."""
        first = till.send("POST", "/inventory", {"size": 2})
        assert till.send("POST", "/inventory", {"size": 2, "after": first[-1]["version"]}) == first[:1]

    def test_feed(self, till: Till) -> None:
        """Ascending with the cursor from the rows gives each row once, then an empty array."""
        after, seen = 0, []
        while rows := till.send("POST", "/inventory", {"after": after, "size": 3, "sort_direction": "asc"}):
            seen += [row["id"] for row in rows]
            after = rows[-1]["version"]
        assert len(seen) == len(set(seen)) == 8

    def test_a_sale_does_not_touch_the_product(self, till: Till) -> None:
        """Levels have rows and versions of their own."""
        before = till.product("0004711")["version"]
        till.edit("sale", sku="0004711", quantity=1)
        assert till.product("0004711")["version"] == before
        assert till.level("0004711") == 4

    def test_of_one_product_and_of_a_family(self, till: Till) -> None:
        """GET /inventory/{id} lists one product, with variants=true its family."""
        row = till.product("WT/1 BL")
        assert len(till.get(f"/inventory/{row['id']}")) == 2
        assert len(till.get(f"/inventory/{row['family_id']}?variants=true")) == 4
        assert len(till.send("POST", "/inventory", {"product_id": row["family_id"], "variants": True})) == 4
        assert len(till.send("POST", "/inventory", {"product_id": row["id"]})) == 2

    def test_deleted_products(self, till: Till) -> None:
        """Levels of a deleted product are only listed with include_deleted."""
        till.edit("delete_product", sku="0004711")
        assert len(till.send("POST", "/inventory", {})) == 6
        assert len(till.send("POST", "/inventory", {"include_deleted": True})) == 8

    @pytest.mark.parametrize("body", [{"sort_direction": "up"}, {"after": "x"}, {"size": 1.5}])
    def test_refuses_what_is_wrong(self, till: Till, body: Any) -> None:
        """Other directions and texts for numbers are a 400."""
        till.send("POST", "/inventory", body, 400)

    def test_levels(self, till: Till) -> None:
        """POST /inventory_levels has no version and names places location_id."""
        key = till.product("0004711")["id"]
        rows = till.send("POST", "/inventory_levels", {"product_ids": [key]})
        assert [row["current_inventory_level"] for row in rows] == [5, 3]
        assert "version" not in rows[0]
        assert till.send("POST", "/inventory_levels", {"product_ids": [key], "location_ids": [till.outlet(GENT)]})[0][
            "location_id"
        ] == till.outlet(GENT)

    def test_products_without_tracking(self, till: Till) -> None:
        """A service has no levels, and a sale of it moves none."""
        assert till.get(f"/inventory/{till.product('DIENST')['id']}") == []
        till.edit("sale", sku="DIENST", quantity=2)
        assert len(till.send("POST", "/inventory", {})) == 8


class TestAdjustments:
    """L§6: deltas with reasons."""

    @pytest.mark.parametrize(
        ("quantity", "reason", "level"),
        [("-2", "DAMAGE", 3), ("-0.5", "THEFT", Decimal("4.5")), ("3", "STOCK_FOUND", 8), ("-9", "EXPIRY", -4)],
    )
    def test_moves_the_level(self, till: Till, quantity: str, reason: str, level: Any) -> None:
        """A delta is added to the level, which may be negative and have decimals."""
        till.adjust(quantity=quantity, reason=reason)
        assert till.level("0004711") == level

    @pytest.mark.parametrize(
        "wrong",
        [
            {"quantity": "2", "reason": "DAMAGE"},
            {"quantity": "-2", "reason": "STOCK_FOUND"},
            {"quantity": -2, "reason": "DAMAGE"},
            {"quantity": "0", "reason": "DAMAGE"},
            {"quantity": "two", "reason": "STOCK_FOUND"},
            {"quantity": "NaN", "reason": "STOCK_FOUND"},
            {"quantity": "1", "reason": "RECEIVED"},
            {"quantity": "1", "reason": "CUSTOM"},
            {"quantity": "1", "reason": "STOCK_FOUND", "custom_inventory_adjustment_reason_id": str(uuid4())},
            {"quantity": "1", "reason": "STOCK_FOUND", "note": "x"},
            {"quantity": "1", "reason": "STOCK_FOUND", "product_id": str(uuid4())},
            {"quantity": "1", "reason": "STOCK_FOUND", "outlet_id": str(uuid4())},
        ],
    )
    def test_refuses(self, till: Till, wrong: dict[str, Any]) -> None:
        """Wrong sign, number, reason, unknown member or id: 422 with details, and nothing moves."""
        assert till.adjust(422, **wrong)["details"]
        assert till.level("0004711") == 5

    def test_refuses_untracked_products(self, till: Till) -> None:
        """A service has nothing to adjust."""
        till.adjust(422, quantity="1", reason="STOCK_FOUND", product_id=till.product("DIENST")["id"])

    @pytest.mark.parametrize("count", [0, 1001])
    def test_size_of_a_batch(self, till: Till, count: int) -> None:
        """1 to 1000 rows, and no other member."""
        row = {"product_id": till.product("0004711")["id"], "outlet_id": till.outlet(), "quantity": "1"}
        rows = [row | {"reason": "STOCK_FOUND"}] * count
        till.send("POST", "/stock_adjustments", {"stock_adjustments": rows}, 422)
        till.send("POST", "/stock_adjustments", {"stock_adjustments": rows[:1], "note": "x"}, 422)
        assert till.level("0004711") == 5

    def test_a_thousand(self, till: Till) -> None:
        """A full batch is booked."""
        row = {"product_id": till.product("0004711")["id"], "outlet_id": till.outlet(), "quantity": "1"}
        rows = [row | {"reason": "STOCK_FOUND"}] * 1000
        assert len(till.send("POST", "/stock_adjustments", {"stock_adjustments": rows}, 201)["data"]) == 1000
        assert till.level("0004711") == 1005
        assert len(till.get("/stock_adjustments")["data"]) == 100
        assert len(till.get("/stock_adjustments?page_size=5000")["data"]) == 1000

    @pytest.mark.parametrize(("mode", "level"), [("whole", 5), ("rows", 6)])
    def test_a_batch_with_a_bad_row(self, till: Till, mode: str, level: int) -> None:
        """By the switch nothing is booked, or the rows before the bad one."""
        till.switch("batch", mode)
        row = {"product_id": till.product("0004711")["id"], "outlet_id": till.outlet(), "reason": "STOCK_FOUND"}
        rows = [row | {"quantity": "1"}, row | {"quantity": "-1"}]
        till.send("POST", "/stock_adjustments", {"stock_adjustments": rows}, 422)
        assert till.level("0004711") == level

    def test_own_reasons(self, till: Till) -> None:
        """A custom reason is made once, fits one sign, and can be switched off."""
        path = "/custom_inventory_adjustment_reasons"
        body = {"name": "Connector +", "enabled": True, "type": "POSITIVE"}
        reason = till.send("POST", path, body)["data"]["id"]
        till.send("POST", path, body, 409)
        till.send("POST", path, body | {"name": "x" * 31}, 422)
        till.send("POST", path, {"name": "y"}, 422)
        own = {"reason": "CUSTOM", "custom_inventory_adjustment_reason_id": reason}
        till.adjust(quantity="2", **own)
        till.adjust(422, quantity="-2", **own)
        till.send("PUT", f"{path}/{reason}", {"enabled": False})
        till.adjust(422, quantity="2", **own)
        assert [row["name"] for row in till.get(path)["data"]] == ["Connector +"]

    def test_found_again_after_a_lost_answer(self, till: Till) -> None:
        """There is no idempotency key: the feed tells what was booked before the connection broke."""
        till.adjust(quantity="1", reason="STOCK_FOUND")
        after = till.get("/stock_adjustments")["version"]["max"]
        till.control("POST", "faults", {"fault": "cut_after", "method": "POST", "path": "stock_adjustments"})
        with pytest.raises(requests.ConnectionError):
            till.adjust(quantity="2", reason="STOCK_FOUND")
        assert [row["quantity"] for row in till.get(f"/stock_adjustments?after={after}")["data"]] == ["2"]
        assert till.level("0004711") == 8


class TestProducts:
    """L§5: families, codes, prices, lists replaced whole."""

    def make(self, till: Till, status: int = 200, **members: Any) -> Any:
        return till.send("POST", "/products", {"name": "Nieuw", "price_including_tax": 12.1} | members, status)

    def test_answer_is_ids_only(self, till: Till) -> None:
        """A create is answered with an array of ids, and nothing else."""
        answer = self.make(till, sku="N-1", source_id="erp-1")
        row = till.get(f"/products/{answer['data'][0]}")["data"]
        assert list(answer) == ["data"]
        assert (row["sku"], row["source_id"], row["price_excluding_tax"]) == ("N-1", "erp-1", 10)
        assert row["family_id"] == row["id"]

    def test_names_are_unique(self, till: Till) -> None:
        """A second family with a name is refused, and told which family has it."""
        answer = self.make(till, 422, name="Inpakken")
        assert answer["fields"] == {"name": "Already exists"}
        assert answer["name_existing_id"] == till.product("DIENST")["family_id"]
        key = till.product("0004711")["id"]
        answer = till.send("PUT", f"/products/{key}", {"common": {"name": "Inpakken"}}, 422)
        assert answer["fields"] == {"name": "Already exists"}

    def test_a_name_becomes_free(self, till: Till) -> None:
        """Renaming and deleting free a name, also for a family of several."""
        till.edit("product", sku="WT/1 BL", set={"name": "Trui"})
        assert self.make(till, name="Wollen trui")["data"]
        till.edit("delete_product", sku="0004711")
        assert self.make(till, name="Breiboek")["data"]

    def test_name_is_required(self, till: Till) -> None:
        """Without a name nothing is made."""
        assert till.send("POST", "/products", {"sku": "N-1"}, 422)["fields"] == {"name": "Required"}

    def test_sku_finds_any_code(self, till: Till) -> None:
        """A lookup by code finds SKU and EAN, and ignores all other parameters."""
        for code in ("0004711", "9520000001018"):
            page = till.get(f"/products?sku={code}&after=99999999999999&page_size=0")
            assert [row["sku"] for row in page["data"]] == ["0004711"]
        assert till.get("/products?sku=4711")["data"] == []

    def test_name_finds_the_family(self, till: Till) -> None:
        """A lookup by name gives all members of the family."""
        for name in ("name", "family_name"):
            rows = till.get(f"/products?{name}=Wollen%20trui")["data"]
            assert sorted(row["sku"] for row in rows) == ["", "WT/1 BL", "WT/1 RD"]

    @pytest.mark.parametrize(("mode", "status"), [("accept", 200), ("refuse", 422)])
    def test_duplicate_sku(self, till: Till, mode: str, status: int) -> None:
        """Whether a code that is taken is refused is open: both answers can be had."""
        till.switch("duplicate_sku", mode)
        self.make(till, status, sku="0004711")
        self.make(till, status, name="Nog een", sku="N-2", product_codes=[{"code": "9520000001018", "type": "EAN"}])
        key = till.product("DIENST")["id"]
        till.send("PUT", f"/products/{key}", {"details": {"product_codes": [{"code": "0004711"}]}}, status)

    def test_codes_are_replaced_whole(self, till: Till) -> None:
        """What is not sent again is gone; the first is the SKU."""
        key = till.product("0004711")["id"]
        codes = [{"code": "N-9", "type": "CUSTOM"}, {"code": "95200002", "type": "EAN"}]
        till.send("PUT", f"/products/{key}", {"details": {"product_codes": codes}})
        row = till.get(f"/products/{key}")["data"]
        assert (row["sku"], [code["code"] for code in row["product_codes"]]) == ("N-9", ["N-9", "95200002"])
        assert till.get("/products?sku=9520000001018")["data"] == []

    @pytest.mark.parametrize("codes", [[], [{"type": "EAN"}], [{"code": "1", "type": "QR"}]])
    def test_refuses_bad_codes(self, till: Till, codes: Any) -> None:
        """No code, an unknown type: 422."""
        key = till.product("0004711")["id"]
        till.send("PUT", f"/products/{key}", {"details": {"product_codes": codes}}, 422)

    def test_a_sku_is_made_when_none_is_sent(self, till: Till) -> None:
        """The server gives a number."""
        row = till.get(f"/products/{self.make(till)['data'][0]}")["data"]
        assert row["sku"] == row["product_codes"][0]["code"] == "10001"

    def test_partial_update(self, till: Till) -> None:
        """Only what is sent changes."""
        before = till.product("0004711")
        till.send("PUT", f"/products/{before['id']}", {"details": {"is_active": False}})
        after = till.product("0004711")
        changed = {name for name in before if before[name] != after[name]}
        assert changed - {"updated_at"} == {"active", "is_active", "version"}

    def test_common_changes_the_family(self, till: Till) -> None:
        """A common member changes every row of the family, a detail only its own."""
        row = till.product("WT/1 BL")
        body = {"common": {"description": "<p>Wol</p>"}, "details": {"price_including_tax": 59.95}}
        till.send("PUT", f"/products/{row['id']}", body)
        rows = {one["sku"]: one for one in till.get("/products?name=Wollen%20trui")["data"]}
        assert {one["description"] for one in rows.values()} == {"<p>Wol</p>"}
        assert rows["WT/1 BL"]["price_including_tax"] == Decimal("59.95")
        assert rows["WT/1 RD"]["price_including_tax"] == Decimal("54.95")

    def test_a_refused_update_changes_nothing(self, till: Till) -> None:
        """One bad member, and the others are not taken either."""
        before = till.product("0004711")
        body = {"common": {"description": "x"}, "details": {"all_outlets_tax": {"tax_id": "none"}}}
        till.send("PUT", f"/products/{before['id']}", body, 422)
        assert till.product("0004711") == before

    def test_brand_and_category_are_cleared_by_empty_texts(self, till: Till) -> None:
        """An empty text takes the reference away; an unknown one is refused."""
        key = till.product("WT/1 BL")["id"]
        assert till.product("WT/1 BL")["brand_id"]
        till.send("PUT", f"/products/{key}", {"common": {"brand_id": "", "product_category_id": ""}})
        row = till.product("WT/1 BL")
        assert (row["brand_id"], row["product_category_id"]) == (None, None)
        till.send("PUT", f"/products/{key}", {"common": {"brand_id": str(uuid4())}}, 422)

    def test_only_leaf_categories(self, till: Till) -> None:
        """A product belongs to the last level of the tree; a category with children is refused."""
        leaf = category(till, "Kleding")
        self.make(till, 422, product_category_id=category(till, "Assortiment"))
        made = self.make(till, product_category_id=leaf)["data"][0]
        assert till.get(f"/products/{made}")["data"]["product_category_id"] == leaf
        body = {"categories": [{"name": "Truien", "parent_category_id": leaf}]}
        child = till.send("POST", "/product_categories/bulk", body)["data"][0]["id"]
        till.send("PUT", f"/products/{made}", {"common": {"product_category_id": leaf}}, 422)
        till.send("PUT", f"/products/{made}", {"common": {"product_category_id": child}})

    def test_tracking_is_not_taken_on_create(self, till: Till) -> None:
        """track_inventory works on update only; has_inventory shows it."""
        key = self.make(till, track_inventory=True)["data"][0]
        assert till.get(f"/products/{key}")["data"]["has_inventory"] is False
        level = {"details": {"inventory": [{"outlet_id": till.outlet(), "current_amount": 4}]}}
        till.send("PUT", f"/products/{key}", level, 422)
        till.send("PUT", f"/products/{key}", {"common": {"track_inventory": True}} | level)
        assert [row["current_inventory_level"] for row in till.get(f"/inventory/{key}")] == [0, 4]

    def test_absolute_levels(self, till: Till) -> None:
        """details.inventory sets a level and reorder points, without touching the product or the history."""
        row = till.product("0004711")
        wanted = {"outlet_id": till.outlet(), "current_amount": 12, "reorder_point": 5, "reorder_amount": 10}
        till.send("PUT", f"/products/{row['id']}", {"details": {"inventory": [wanted]}})
        level = next(one for one in till.get(f"/inventory/{row['id']}") if one["outlet_id"] == till.outlet())
        assert (level["current_inventory_level"], level["reorder_method"], level["reorder_target"]) == (12, "FIXED", 15)
        wanted = {"outlet_id": till.outlet(), "reorder_point": -1}
        till.send("PUT", f"/products/{row['id']}", {"details": {"inventory": [wanted]}})
        level = next(one for one in till.get(f"/inventory/{row['id']}") if one["outlet_id"] == till.outlet())
        assert (level["reorder_point"], level["current_inventory_level"]) == (None, 12)
        assert till.product("0004711")["version"] == row["version"]
        assert till.get("/stock_adjustments")["data"] == []

    def test_cost(self, till: Till) -> None:
        """supply_price on create, product_suppliers[].price on update, -1 clears it."""
        row = till.product("WT/1 BL")
        assert row["supply_price"] == Decimal("21.5")
        till.send("PUT", f"/products/{row['id']}", {"details": {"supply_price": 1}})
        assert till.product("WT/1 BL")["supply_price"] == Decimal("21.5")
        till.send("PUT", f"/products/{row['id']}", {"details": {"product_suppliers": [{"price": 19.95}]}})
        assert till.product("WT/1 BL")["supply_price"] == Decimal("19.95")
        till.send("PUT", f"/products/{row['id']}", {"details": {"product_suppliers": [{"price": -1}]}})
        assert till.product("WT/1 BL")["supply_price"] == 0

    @pytest.mark.parametrize(
        ("members", "status"),
        [({"weight": 0.5}, 422), ({"weight": 0.5, "weight_unit": "KG"}, 200), ({"length": 3}, 422)],
    )
    def test_measures_need_their_units(self, till: Till, members: dict[str, Any], status: int) -> None:
        """Weight and dimensions only together with a unit."""
        key = till.product("DIENST")["id"]
        till.send("PUT", f"/products/{key}", {"details": members}, status)
        self.make(till, status, **members)

    def test_deletion_is_final(self, till: Till) -> None:
        """A deleted product can be read, but not changed or deleted again, and its code finds nothing."""
        key = till.product("0004711")["id"]
        till.send("DELETE", f"/products/{key}", None)
        assert till.get(f"/products/{key}")["data"]["deleted_at"]
        till.send("PUT", f"/products/{key}", {"common": {"name": "Weer"}}, 404)
        till.send("DELETE", f"/products/{key}", None, 404)
        assert till.get("/products?sku=0004711")["data"] == []

    def test_deleting_one_variant_and_the_family(self, till: Till) -> None:
        """One row goes by itself; /all takes the family; the last variant takes its parent along."""
        first, second = till.product("WT/1 BL"), till.product("WT/1 RD")
        till.send("DELETE", f"/products/{first['id']}", None)
        assert till.product("WT/1 RD")["id"] == second["id"]
        till.send("DELETE", f"/products/{second['id']}", None)
        assert till.get(f"/products/{first['family_id']}")["data"]["deleted_at"]
        key = self.make(till)["data"][0]
        till.send("DELETE", f"/products/{key}/all", None)
        assert till.get("/products?name=Nieuw")["data"] == []

    def test_families_have_limits(self, till: Till) -> None:
        """At most three attributes, the same for all, no two variants alike, 200 variants."""
        axes = [till.send("POST", "/variant_attributes", {"name": f"As {n}"}, 201)["data"]["id"] for n in range(4)]

        def variant(*values: str, sku: str = "") -> dict[str, Any]:
            definitions = [{"attribute_id": axes[place], "value": value} for place, value in enumerate(values)]
            return {"sku": sku or "-".join(values), "variant_definitions": definitions}

        self.make(till, 422, variants=[variant("1", "2", "3", "4")])
        self.make(till, 422, variants=[variant("1"), variant("1", "2")])
        self.make(till, 422, variants=[variant("1"), variant("1", sku="other")])
        self.make(till, 422, variants=[variant(str(number)) for number in range(201)])
        self.make(till, 422, variants=[{"sku": "none"}])
        assert len(self.make(till, variants=[variant(str(number)) for number in range(200)])["data"]) == 200

    def test_a_variant_cannot_be_moved(self, till: Till) -> None:
        """Values of the family's own attributes can change, another attribute cannot be added."""
        row = till.product("WT/1 BL")
        option = row["variant_options"][0]
        value = {"attribute_id": option["id"], "attribute_value": "Zwart"}
        till.send("PUT", f"/products/{row['id']}", {"details": {"variant_attribute_values": [value]}})
        assert till.product("WT/1 BL")["variant_name"] == "Wollen trui / Zwart"
        other = till.send("POST", "/variant_attributes", {"name": "Maat"}, 201)["data"]["id"]
        value["attribute_id"] = other
        till.send("PUT", f"/products/{row['id']}", {"details": {"variant_attribute_values": [value]}}, 422)

    def test_parent_row(self, till: Till) -> None:
        """The parent of a family is a row of its own, without codes."""
        row = till.product("WT/1 BL")
        parent = till.get(f"/products/{row['variant_parent_id']}")["data"]
        assert (parent["has_variants"], parent["variant_count"], parent["product_codes"]) == (True, 2, [])
        assert parent["id"] == row["family_id"]
        assert row["has_variants"] is False


class TestPrices:
    """L§5, L§7: the tax mode of the shop; price books."""

    def test_inclusive_shop(self, till: Till) -> None:
        """Both prices are shown, the one without tax with five decimals; only the other can be written."""
        row = till.product("WT/1 BL")
        assert (row["price_including_tax"], row["price_excluding_tax"]) == (Decimal("49.95"), Decimal("41.28099"))
        path = f"/products/{row['id']}"
        till.send("PUT", path, {"details": {"price_excluding_tax": 40}}, 422)
        till.send("PUT", path, {"details": {"price_excluding_tax": 40, "price_including_tax": 48.4}}, 422)
        till.send("PUT", path, {"details": {"price_including_tax": -1}}, 422)
        till.send("PUT", path, {"details": {"price_including_tax": 54.95}})
        assert till.product("WT/1 BL")["price_excluding_tax"] == Decimal("45.41322")

    def test_exclusive_shop(self, start: Callable[..., Till]) -> None:
        """The other way round."""
        till = start(tax_exclusive="yes")
        assert till.get("/retailer")["data"]["tax_exclusive"] is True
        row = till.product("WT/1 BL")
        assert (row["price_excluding_tax"], row["price_including_tax"]) == (Decimal("41.28099"), Decimal("49.95"))
        till.send("PUT", f"/products/{row['id']}", {"details": {"price_including_tax": 54.95}}, 422)
        till.send("PUT", f"/products/{row['id']}", {"details": {"price_excluding_tax": 40}})
        assert till.product("WT/1 BL")["price_including_tax"] == Decimal("48.4")
        assert till.product("DIENST")["price_excluding_tax"] == Decimal("2.5")

    def test_another_tax(self, till: Till) -> None:
        """In an inclusive shop the price with tax stays when the tax changes; "" is the default tax."""
        row = till.product("0004711")
        assert row["all_outlets_tax"] == {"tax_id": till.tax("Laag 9%"), "is_default": False}
        till.send("PUT", f"/products/{row['id']}", {"details": {"all_outlets_tax": {"tax_id": ""}}})
        row = till.product("0004711")
        assert row["all_outlets_tax"] == {"tax_id": till.tax(), "is_default": True}
        assert (row["price_including_tax"], row["price_excluding_tax"]) == (Decimal("24.95"), Decimal("20.61983"))

    def test_base_book_follows_the_products(self, till: Till) -> None:
        """The BASE book has each product's own price without tax, and cannot be written."""
        base = next(row for row in till.get("/price_books")["data"] if row["type"] == "BASE")
        after = till.get("/price_book_products")["version"]["max"]
        till.edit("price", sku="WT/1 BL", amount=54.95)
        rows = till.get(f"/price_book_products?after={after}")["data"]
        assert [(row["price_book_id"], row["price"]) for row in rows] == [(base["id"], Decimal("45.41322"))]
        row = {"product_id": till.product("WT/1 BL")["id"], "price": 1, "tax_id": till.tax()}
        till.send("POST", f"/price_books/{base['id']}/products", {"data": [row]}, 422)

    def test_seeded_books(self, till: Till) -> None:
        """Promotions are a book per period, tiers rows with min_units, dealers a customer group."""
        books = {row["name"]: row for row in till.get("/price_books")["data"]}
        promo = books["Actie 2026-12-01 - 2026-12-31"]
        assert (promo["valid_from"], promo["valid_to"]) == ("2026-11-30T23:00:00+00:00", "2026-12-31T22:59:59+00:00")
        tiers = till.get(f"/price_books/{books['Staffelprijzen']['id']}/products")["data"]
        assert [(row["min_units"], row["price"]) for row in tiers] == [(10, Decimal("21.05505"))]
        assert [row["name"] for row in books["Dealers"]["customer_groups"]] == ["Dealers"]
        own = till.get(f"/products/{till.product('0004711')['id']}/price_book_products")["data"]
        assert len(own) == 4

    def test_rows_come_and_go(self, till: Till) -> None:
        """Rows are added, changed and deleted, each with a new version in the feed."""
        book = make_book(till)
        path = f"/price_books/{book}/products"
        product = till.product("0004711")["id"]
        row = {"product_id": product, "price": 10.9, "tax_id": till.tax("Laag 9%")}
        till.send("POST", path, {"data": [row, row | {"min_units": 5, "price": 9.81}]})
        till.send("POST", path, {"data": [row]}, 422)
        rows = till.get(f"{path}?product_ids={product}")["data"]
        assert [one["price"] for one in rows] == [10, 9]
        for method, price in (("PUT", 8.72), ("PATCH", 7.63)):
            till.send(method, path, {"data": [{"id": rows[0]["id"], "price": price}]})
        assert till.get(path)["data"][0]["price"] == 7
        till.send("DELETE", path, {"data": {"price_book_product_ids": [rows[0]["id"]]}})
        assert [one["min_units"] for one in till.get(path)["data"]] == [5]
        till.send("PUT", path, {"data": [{"id": rows[0]["id"], "price": 1}]}, 422)

    @pytest.mark.parametrize(("mode", "count"), [("hidden", 0), ("shown", 1)])
    def test_deleted_rows_in_the_feed(self, till: Till, mode: str, count: int) -> None:
        """Whether the feed shows deleted rows is open: both answers can be had."""
        till.switch("price_row_deletes", mode)
        book = next(row["id"] for row in till.get("/price_books")["data"] if row["name"] == "Staffelprijzen")
        after = till.get("/price_book_products")["version"]["max"]
        row = till.get(f"/price_books/{book}/products")["data"][0]["id"]
        till.send("DELETE", f"/price_books/{book}/products", {"data": {"price_book_product_ids": [row]}})
        assert len(till.get(f"/price_book_products?after={after}")["data"]) == count

    def test_a_hundred_rows_a_call(self, till: Till) -> None:
        """101 rows are refused, 100 are taken."""
        path = f"/price_books/{make_book(till)}/products"
        row = {"product_id": till.product("0004711")["id"], "price": 1, "tax_id": till.tax()}
        rows = [row | {"min_units": number} for number in range(101)]
        till.send("POST", path, {"data": rows}, 422)
        assert till.get(path)["data"] == []
        till.send("POST", path, {"data": rows[:100]})
        ids = [one["id"] for one in till.get(path)["data"]]
        till.send("DELETE", path, {"data": {"price_book_product_ids": [*ids, ids[0]]}}, 422)

    @pytest.mark.parametrize("lacking", ["product_id", "price", "tax_id"])
    def test_required_members_of_a_row(self, till: Till, lacking: str) -> None:
        """Product, price and tax are required."""
        row = {"product_id": till.product("0004711")["id"], "price": 1, "tax_id": till.tax()}
        row.pop(lacking)
        till.send("POST", f"/price_books/{make_book(till)}/products", {"data": [row]}, 422)

    def test_books(self, till: Till) -> None:
        """Name, groups and outlets are required; a book can be changed and filtered by group."""
        till.send("POST", "/price_books", {"name": "x"}, 422)
        dealers = next(row["id"] for row in till.get("/customer_groups")["data"] if row["name"] == "Dealers")
        book = make_book(till, customer_group_ids=[dealers], valid_from="2026-12-01T00:00:00Z")
        assert {row["id"] for row in till.get(f"/price_books?customer_group_id={dealers}")["data"]} >= {book}
        body = {"name": "Ander", "customer_group_ids": [dealers], "outlet_ids": [till.outlet(GENT)]}
        assert till.send("PUT", f"/price_books/{book}", body | {"restrict_to_platform": "1"})["data"]["name"] == "Ander"
        assert till.get(f"/price_books/{book}")["data"]["restrict_to_platform_label"] == "In Store"


class TestCustomers:
    """L§8: required members, unique codes, postcodes, masks, deletion."""

    def make(self, till: Till, status: int = 201, **members: Any) -> Any:
        answer = till.send("POST", "/customers", {"first_name": "Piet", "last_name": None} | members, status)
        return answer["data"] if status == 201 else answer

    def test_names_are_required_as_members(self, till: Till) -> None:
        """Both members must be there; null is allowed."""
        answer = till.send("POST", "/customers", {"first_name": "Piet"}, 422)
        assert answer["fields"] == {"last_name": "Required"}
        assert self.make(till)["name"] == "Piet"

    def test_codes_are_unique(self, till: Till) -> None:
        """The server makes a code when none is sent; a taken one is refused."""
        row = self.make(till)
        assert row["customer_code"].startswith("Piet-")
        assert self.make(till, 422, customer_code=row["customer_code"].lower())["fields"] == {
            "customer_code": "Already exists"
        }
        other = self.make(till, customer_code="K-1")
        till.send("PUT", f"/customers/{other['id']}", {"customer_code": row["customer_code"]}, 422)
        till.send("PUT", f"/customers/{other['id']}", {"customer_code": "K-2"})
        assert self.make(till, customer_code="K-1")["customer_code"] == "K-1"

    @pytest.mark.parametrize(("mode", "status"), [("accept", 201), ("refuse", 422)])
    def test_duplicate_email(self, till: Till, mode: str, status: int) -> None:
        """Whether an e-mail that is taken is refused is open: both answers can be had."""
        till.switch("duplicate_email", mode)
        self.make(till, status, email="JAN@example.com")
        self.make(till, email="new@example.com")
        till.send("PUT", f"/customers/{person(till, 'new@example.com')}", {"email": "new@example.com"})

    @pytest.mark.parametrize(
        ("country", "good", "bad"),
        [
            ("NL", ["3511 AB", "3511AB", "3511ab"], ["3511", "0511 AB", "3511  AB", "B-9000"]),
            ("BE", ["9000"], ["B-9000", "900", "90000"]),
            ("DE", ["50667"], ["D-50667", "5066"]),
            ("FR", ["75001"], ["7500", "F-75001"]),
            ("LU", ["1234"], ["L-1234", "12345"]),
        ],
    )
    def test_postcodes(self, till: Till, country: str, good: list[str], bad: list[str]) -> None:
        """Strict for their country, in both addresses; a refusal is a 400."""
        for kind in ("physical", "postal"):
            for postcode in good:
                self.make(till, **{f"{kind}_country_id": country, f"{kind}_postcode": postcode})
            for postcode in bad:
                answer = self.make(till, 400, **{f"{kind}_country_id": country, f"{kind}_postcode": postcode})
                assert answer["message"] == f"{kind}_postcode is not valid for {country}"

    def test_postcodes_of_other_countries(self, till: Till) -> None:
        """Where the check knows no form, or nothing is filled in, anything goes."""
        self.make(till, physical_country_id="GB", physical_postcode="SW1A 1AA")
        self.make(till, physical_country_id="NL", physical_postcode="")

    @pytest.mark.parametrize(
        ("text", "masked"),
        [
            ("4111111111111111", "************1111"),
            ("kaart 4111 1111 1111 1111 ok", "kaart ************1111 ok"),
            ("9520000001018", "*********1018"),
            ("123456789012", "123456789012"),
            ("12345678901234567890", "12345678901234567890"),
            ("+31 30 2000000", "+31 30 2000000"),
        ],
    )
    def test_card_like_digits_are_masked(self, till: Till, text: str, masked: str) -> None:
        """13 to 19 digits are masked silently in names, notes, addresses and custom fields; still 200."""
        assert mask_cards(text) == masked
        names = ("first_name", "last_name", "company_name", "note", "custom_field_1", "physical_address_2")
        row = self.make(till, **dict.fromkeys(names, text))
        assert {row[name] for name in names} == {masked}
        row = till.send("PUT", f"/customers/{row['id']}", {"note": text, "phone": text})["data"]
        assert (row["note"], row["phone"]) == (masked, text)

    def test_deletion(self, till: Till) -> None:
        """204; readable with deleted=true and by id; a change is a 404."""
        key = person(till, "jan@example.com")
        till.send("DELETE", f"/customers/{key}", None, 204)
        assert key not in [row["id"] for row in till.get("/customers")["data"]]
        assert key in [row["id"] for row in till.get("/customers?deleted=true")["data"]]
        assert till.get(f"/customers/{key}")["data"]["deleted_at"]
        till.send("PUT", f"/customers/{key}", {"note": "x"}, 404)
        till.send("DELETE", f"/customers/{key}", None, 404)
        assert till.get("/search?type=customers&email=jan@example.com")["data"] == []
        assert len(till.get("/search?type=customers&email=jan@example.com&deleted=true")["data"]) == 1

    def test_partial_update(self, till: Till) -> None:
        """Only what is sent changes, and the full name follows."""
        key = person(till, "jan@example.com")
        before = till.get(f"/customers/{key}")["data"]
        after = till.send("PUT", f"/customers/{key}", {"last_name": "Bos"})["data"]
        changed = {name for name in before if before[name] != after[name]}
        assert changed - {"updated_at"} == {"last_name", "name", "version"}
        assert after["name"] == "Jan Bos"

    @pytest.mark.parametrize("wrong", [{"do_not_email": "no"}, {"email": 5}])
    def test_refuses_other_kinds(self, till: Till, wrong: dict[str, Any]) -> None:
        """A text where a flag belongs, a number where a text does: 400."""
        self.make(till, 400, **wrong)

    def test_groups(self, till: Till) -> None:
        """Groups are made, joined, left and deleted; the default one stays."""
        group = till.send("POST", "/customer_groups", {"name": "Vrienden"}, 201)["data"]["id"]
        till.send("POST", "/customer_groups", {"name": "vrienden"}, 422)
        key = person(till, "jan@example.com")
        members = f"/customer_groups/{group}/customers"
        till.send("POST", members, {"customer_ids": [key]}, 201)
        assert [row["id"] for row in till.get(members)["data"]] == [key]
        till.send("DELETE", members, {"customer_ids": [key]}, 204)
        assert till.get(members)["data"] == []
        till.send("PUT", f"/customer_groups/{group}", {"name": "Kennissen"})
        till.send("DELETE", f"/customer_groups/{group}", None, 204)
        default = till.get("/customer_groups")["data"][0]["id"]
        till.send("DELETE", f"/customer_groups/{default}", None, 422)

    def test_seeded_customers(self, till: Till) -> None:
        """Infix before the last name, delivery as postal address, the VAT number in a custom field."""
        jan = till.get(f"/customers/{person(till, 'jan@example.com')}")["data"]
        assert (jan["first_name"], jan["last_name"], jan["do_not_email"]) == ("Jan", "van der Berg", False)
        assert (jan["physical_address_1"], jan["physical_postcode"]) == ("Oudegracht 1 B", "3511 AA")
        els = till.get(f"/customers/{person(till, 'els@example.com')}")["data"]
        assert (els["company_name"], els["custom_field_2"], els["postal_city"]) == ("Maes NV", "BE0477472701", "Gent")
        assert till.get(f"/customer_groups/{els['customer_group_id']}")["data"]["name"] == "Dealers"


class TestSearch:
    """L§4: an index beside the feeds."""

    def test_sku_must_be_lower_case(self, till: Till) -> None:
        """The index holds codes in lower case and takes the value as it is."""
        assert [row["sku"] for row in till.get("/search?type=products&sku=wt/1 bl")["data"]] == ["WT/1 BL"]
        assert till.get("/search?type=products&sku=WT/1 BL")["data"] == []

    def test_filters_of_sales(self, till: Till) -> None:
        """By outlet, state, customer, register and user; a date that is none is a 400."""
        sale = till.get(f"/sales/{till.edit('sale', sku='0004711', quantity=1, customer='jan@example.com')['id']}")[
            "data"
        ]
        source = sale["source"]
        for name, value in (
            ("outlet_id", source["outlet_id"]),
            ("register_id", source["register_id"]),
            ("user_id", source["author"]["id"]),
            ("customer_id", sale["customer_id"]),
            ("state", "closed"),
        ):
            assert len(till.get(f"/search?type=sales&{name}={value}")["data"]) == 1
            assert till.get(f"/search?type=sales&{name}={uuid4()}")["data"] == []
        assert till.call("GET", "/search?type=sales&date_to=never").status_code == 400

    def test_customers_by_email(self, till: Till) -> None:
        """Without regard to case."""
        assert len(till.get("/search?type=customers&email=JAN@Example.com")["data"]) == 1

    def test_sales_of_a_period(self, till: Till) -> None:
        """Dates filter here, and are ignored by the list of sales."""
        till.edit("sale", sku="0004711", quantity=1)
        till.control("POST", "clock", {"advance_s": 7200})
        till.edit("sale", sku="0004711", quantity=1)
        now = datetime.fromisoformat(till.control("GET", "clock")["now"])
        since = requests.utils.quote(now.replace(microsecond=0, second=0).isoformat())
        assert len(till.get(f"/search?type=sales&date_from={since}")["data"]) == 1
        assert len(till.get(f"/sales?date_from={since}&date_to={since}")["data"]) == 2

    def test_offset_paging(self, till: Till) -> None:
        """Offset and page_size, in the order asked for."""
        rows = till.get("/search?type=customers&order_by=last_name&order_direction=desc&page_size=1&offset=1")["data"]
        assert [row["last_name"] for row in rows] == ["Maes"]

    def test_type_is_required(self, till: Till) -> None:
        """An unknown type is a 400."""
        assert till.call("GET", "/search?type=outlets").status_code == 400

    def test_the_index_may_lag(self, start: Callable[..., Till]) -> None:
        """With the switch on, a change is found only after some time."""
        till = start(search_lag="60")
        till.control("POST", "clock", {"advance_s": 61})
        till.edit("create_customer", email="new@example.com")
        path = "/search?type=customers&email=new@example.com"
        assert till.get(path)["data"] == []
        till.control("POST", "clock", {"advance_s": 61})
        assert len(till.get(path)["data"]) == 1


class TestSales:
    """L§9: over the API and from the tills."""

    def test_a_closed_sale_lowers_the_level(self, till: Till) -> None:
        """In the outlet of its register."""
        till.send("POST", "/sales", sale_body(till, "0004711", 2, outlet=GENT))
        assert (till.level("0004711", GENT), till.level("0004711")) == (1, 5)

    def test_totals(self, till: Till) -> None:
        """Lines are without tax; the totals add both up."""
        sale = till.send("POST", "/sales", sale_body(till, "WT/1 BL", 2))["data"]
        assert sale["totals"]["price"] == Decimal("82.56198")
        assert sale["totals"]["price_incl_tax"] == Decimal("99.9")

    @pytest.mark.parametrize(("mode", "status"), [("refuse", 409), ("update", 200)])
    def test_the_same_id_again(self, till: Till, mode: str, status: int) -> None:
        """The client may choose the id; whether a second POST is refused or updates is open, never a second sale."""
        till.switch("sale_repeat", mode)
        body = sale_body(till, "0004711", 2) | {"id": str(uuid4())}
        till.send("POST", "/sales", body)
        till.send("POST", "/sales", body, status)
        assert till.level("0004711") == 3
        assert len(till.get("/sales")["data"]) == 1

    @pytest.mark.parametrize(("mode", "level"), [("keep", 5), ("lower", 3)])
    def test_parked_sales(self, till: Till, mode: str, level: int) -> None:
        """Whether a parked sale moves the level is open; closing and voiding end the same either way."""
        till.switch("open_sales", mode)
        key = till.send("POST", "/sales", sale_body(till, "0004711", 2, "parked"))["data"]["id"]
        assert till.level("0004711") == level
        till.send("PUT", f"/sales/{key}", {"state": "closed"})
        assert till.level("0004711") == 3
        till.send("PUT", f"/sales/{key}", {"state": "voided"})
        assert till.level("0004711") == 5

    def test_return(self, till: Till) -> None:
        """A return is a parked sale of its own with negative quantities; closed, the goods are back."""
        key = till.send("POST", "/sales", sale_body(till, "0004711", 2))["data"]["id"]
        back = till.send("POST", f"/sales/{key}/actions/return", {})["data"]
        assert (back["state"], back["line_items"][0]["quantity"]) == ("parked", -2)
        assert back["return"] == {"is_return": True, "original_sale_id": key}
        assert till.get(f"/sales/{key}")["data"]["return"]["return_sale_ids"] == [back["id"]]
        till.send("PUT", f"/sales/{back['id']}", {"state": "closed"})
        assert till.level("0004711") == 5
        till.send("POST", f"/sales/{back['id']}/actions/return", {})
        parked = till.edit("order", sku="0004711", quantity=1)["order"]
        till.send("POST", f"/sales/{parked}/actions/return", {}, 422)

    @pytest.mark.parametrize(
        ("wrong", "status"),
        [
            ({"state": "done"}, 422),
            ({"source": {}}, 422),
            ({"id": "web-1"}, 400),
            ({"customer_id": str(uuid4())}, 422),
            ({"line_items": [{"product": {"id": str(uuid4())}, "quantity": 1}]}, 422),
            ({"payments": [{"type": {"config_id": "x"}, "amount": 1}]}, 422),
            ({"date": "yesterday"}, 400),
        ],
    )
    def test_refuses(self, till: Till, wrong: dict[str, Any], status: int) -> None:
        """What the contract requires must be there and right."""
        till.send("POST", "/sales", sale_body(till, "0004711", 1) | wrong, status)
        assert till.get("/sales")["data"] == []

    @pytest.mark.parametrize("part", ["quantity", "pricing", "tax"])
    def test_required_members_of_a_line(self, till: Till, part: str) -> None:
        """Quantity, price without tax, tax and its amount are required."""
        body = sale_body(till, "0004711", 1)
        body["line_items"][0].pop(part)
        assert till.call("POST", "/sales", body).status_code in (400, 422)
        assert till.level("0004711") == 5

    def test_the_version_is_nested(self, till: Till) -> None:
        """The feed of sales pages by _metadata.version; a change brings a sale again."""
        first = till.edit("sale", sku="0004711", quantity=1)
        till.edit("sale", sku="0004711", quantity=1)
        page = till.get("/sales?page_size=1")
        assert "version" not in page["data"][0]
        assert page["version"]["max"] == page["data"][0]["_metadata"]["version"]
        after = till.get("/sales")["version"]["max"]
        till.edit("cancel", order=first["id"])
        assert [row["id"] for row in till.get(f"/sales?after={after}")["data"]] == [first["id"]]


class TestEdits:
    """What people in the shop do."""

    def test_sale(self, till: Till) -> None:
        """A till sale is closed and paid, lowers the level, and comes through the feed."""
        told = till.edit("sale", sku="0004711", quantity=2, location="gent", customer="jan@example.com")
        sale = till.get(f"/sales/{told['id']}")["data"]
        assert (sale["state"], sale["payments"][0]["amount"]) == ("closed", Decimal("49.9"))
        assert sale["source"]["outlet_id"] == till.outlet(GENT)
        assert (till.level("0004711", GENT), till.level("0004711")) == (1, 5)

    def test_goods_brought_back(self, till: Till) -> None:
        """A negative quantity raises the level."""
        till.edit("sale", sku="0004711", quantity=-1)
        assert till.level("0004711") == 6

    def test_oversold(self, till: Till) -> None:
        """A till sells what is not there; the level becomes negative."""
        till.edit("sale", lines=[{"sku": "0004711", "quantity": 7}, {"sku": "WT/1 RD", "quantity": 1}])
        assert (till.level("0004711"), till.level("WT/1 RD")) == (-2, 4)

    def test_order_ship_cancel(self, till: Till) -> None:
        """A parked sale is closed, and voided again."""
        order = till.edit("order", sku="0004711", quantity=2)["order"]
        assert till.level("0004711") == 5
        till.edit("ship", order=order)
        assert till.level("0004711") == 3
        till.edit("cancel", order=order)
        assert till.level("0004711") == 5

    def test_stock(self, till: Till) -> None:
        """A hand edit sets the level; a difference is an adjustment in the history."""
        assert till.edit("stock", sku="0004711", location=UTRECHT, quantity=9)["level"] == 9
        assert till.edit("stock", sku="0004711", location="utrecht-store", difference=-2)["level"] == 7
        assert [row["quantity"] for row in till.get("/stock_adjustments")["data"]] == ["-2"]

    def test_products_and_prices(self, till: Till) -> None:
        """Products are made, changed, priced and deleted by SKU."""
        made = till.edit("create_product", name="Nieuw", sku="N-1", price_including_tax=5)
        till.edit("product", sku="N-1", set={"name": "Nieuwer", "active": False})
        till.edit("price", sku="N-1", amount=6.05)
        till.edit("price", sku="N-1", amount=4.84, list="Staffelprijzen", min_qty=3)
        till.edit("price", sku="N-1", amount=3.63, list="Staffelprijzen", min_qty=3)
        row = till.product("N-1")
        assert (row["id"], row["name"], row["active"]) == (made["id"], "Nieuwer", False)
        prices = till.get(f"/products/{row['id']}/price_book_products")["data"]
        assert [(one["min_units"], one["price"]) for one in prices] == [(None, 5), (3, 3)]
        till.edit("delete_product", sku="N-1")
        assert till.get("/products?sku=N-1")["data"] == []

    def test_customers(self, till: Till) -> None:
        """Customers are made, changed and deleted by e-mail or id."""
        made = till.edit("create_customer", first_name="Ann", email="ann@example.com")
        till.edit("customer", email="ann@example.com", set={"physical_city": "Gent"})
        till.edit("customer", id=made["id"], set={"email": "ann2@example.com"})
        assert till.get(f"/customers/{made['id']}")["data"]["physical_city"] == "Gent"
        till.edit("delete_customer", email="ann2@example.com")
        assert till.get(f"/customers/{made['id']}")["data"]["deleted_at"]

    @pytest.mark.parametrize(
        "change",
        [
            {"do": "fly"},
            {"do": "sale", "quantity": 1},
            {"do": "sale", "sku": "NONE", "quantity": 1},
            {"do": "sale", "sku": "0004711", "quantity": 1, "location": "Parijs"},
            {"do": "stock", "sku": "DIENST", "location": UTRECHT, "quantity": 1},
            {"do": "customer", "email": "nobody@example.com", "set": {}},
            {"do": "price", "sku": "0004711", "amount": 1, "list": "Geen"},
            {"do": "switch", "name": "registers", "value": "2"},
        ],
    )
    def test_refuses(self, till: Till, change: dict[str, Any]) -> None:
        """What cannot be done is told with 422."""
        answer = requests.post(f"{till.url}/_sandbox/edit", json=change, timeout=10)
        assert answer.status_code == 422, answer.text

    @pytest.mark.parametrize(("name", "value"), [("nothing", "1"), ("page_cap", "10"), ("batch", "half")])
    def test_refuses_unknown_switches(self, till: Till, name: str, value: str) -> None:
        """A switch or position that does not exist is an error, here and at the start."""
        body = {"do": "switch", "name": name, "value": value}
        assert requests.post(f"{till.url}/_sandbox/edit", json=body, timeout=10).status_code == 400
        with pytest.raises(ValueError):
            build_from(make_small_shop(), Options(settings={name: value}))

    def test_state(self, till: Till) -> None:
        """The state shows every table, the switches and the tokens."""
        state = till.control("GET", "state")
        assert {"products", "inventory", "customers", "sales", "price_book_products", "switches"} <= set(state)
        assert len(state["products"]) == 6
        assert state["access"]["refresh_token"] == till.stand.credentials["refresh_token"]


class TestReference:
    """What a shop sets up once."""

    def test_taxes(self, till: Till) -> None:
        """The rates of both countries, one default, and No Tax."""
        taxes = {row["name"]: row for row in till.get("/taxes")["data"]}
        assert {name: row["rates"][0]["rate"] for name, row in taxes.items()} == dict(TAXES.values()) | {"No Tax": 0}
        assert [name for name, row in taxes.items() if row["is_default"]] == ["Hoog 21%"]
        assert taxes["No Tax"]["id"] == till.get("/retailer")["data"]["no_tax_group_id"]

    def test_outlets_and_registers(self, till: Till) -> None:
        """Outlets are the places that this system has, each with its registers."""
        outlets = till.get("/outlets")["data"]
        assert [row["name"] for row in outlets] == [UTRECHT, GENT]
        assert [row["outlet_id"] for row in till.get("/registers")["data"]] == [row["id"] for row in outlets]
        key = till.get("/registers")["data"][0]["id"]
        assert till.send("PUT", f"/registers/{key}/actions/close", {})["data"]["is_open"] is False
        assert till.send("PUT", f"/registers/{key}/actions/open", {})["data"]["is_open"] is True

    def test_brands(self, till: Till) -> None:
        """A brand is answered with its id, and has a unique name."""
        key = till.send("POST", "/brands", {"name": "Bosveld"})["data"]
        assert till.get(f"/brands/{key}")["data"]["name"] == "Bosveld"
        till.send("POST", "/brands", {"name": "bosveld"}, 422)
        till.send("POST", "/brands", {}, 422)

    def test_categories(self, till: Till) -> None:
        """A tree, sorted by path, paged by id, made and renamed in one call."""
        body = {
            "categories": [
                {"name": "Dieren", "payload_id": "a"},
                {"name": "Katten", "payload_parent_category_id": "a"},
            ]
        }
        root, cats = till.send("POST", "/product_categories/bulk", body)["data"]
        assert (root["payload_id"], cats["parent_category_id"]) == ("a", root["id"])
        shown = till.get(f"/product_categories?parent={root['id']}")["data"]["categories"]
        assert [(row["name"], row["leaf_category"], row["root_category_id"]) for row in shown] == [
            ("Katten", True, root["id"])
        ]
        assert len(till.get("/product_categories?parent=none")["data"]["categories"]) == 2
        page = till.get("/product_categories?page_size=3")
        assert page["page_info"]["has_next"] is True
        rest = till.get(f"/product_categories?after={page['page_info']['last_seen']}")
        whole = till.get("/product_categories")["data"]["categories"]
        assert page["data"]["categories"] + rest["data"]["categories"] == whole
        till.send("POST", "/product_categories/bulk", {"categories": [{"id": cats["id"], "name": "Poezen"}]})
        assert category(till, "Poezen") == cats["id"]
        till.send("POST", "/product_categories/bulk", {"categories": [{"name": ""}]}, 422)


class Receiver(http.server.BaseHTTPRequestHandler):
    """A webhook receiver that notes what it gets, and answers with the next status of its list."""

    got: list[tuple[bytes, str]]
    answers: list[int]
    arrived: threading.Semaphore

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((body, self.headers["X-Signature"]))
        self.send_response(self.answers.pop(0) if self.answers else 204)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.arrived.release()

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def receiver() -> Iterator[tuple[str, type[Receiver]]]:
    """A running webhook receiver: its address, and what it got."""
    own = type("Own", (Receiver,), {"got": [], "answers": [], "arrived": threading.Semaphore(0)})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), own)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", own
    server.shutdown()
    server.server_close()


class TestWebhooks:
    """L§10: a hint, form encoded, at least once, in no order."""

    def test_delivery(self, till: Till, receiver: tuple[str, type[Receiver]], contracts: Path) -> None:
        """A message is signed, form encoded, and bears the old field names."""
        url, own = receiver
        till.send("POST", "/webhooks", {"type": "inventory.update", "url": url, "active": True}, 201)
        till.edit("sale", sku="0004711", quantity=1)
        assert own.arrived.acquire(timeout=10)
        body, signature = own.got[0]
        digest = hmac.new(till.stand.credentials["client_secret"].encode(), body, hashlib.sha256).hexdigest()
        assert signature == f"signature={digest}, algorithm=HMAC-SHA256"
        fields = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        wanted = parse_qs(read_example(contracts, "webhook-inventory-update")["request"]["body"])
        assert set(fields) == set(wanted)
        payload = json.loads(fields["payload"])
        assert payload["count"] == 4
        assert set(payload) <= set(json.loads(wanted["payload"][0]))

    def test_retry_twice_and_backwards(self, till: Till, receiver: tuple[str, type[Receiver]]) -> None:
        """What was not taken comes again later; messages can come twice and in turned order."""
        url, own = receiver
        own.answers += [500]
        till.send("POST", "/webhooks", {"type": "customer.update", "url": url}, 201)
        till.edit("customer", email="jan@example.com", set={"note": "1"})
        assert own.arrived.acquire(timeout=10)
        till.edit("customer", email="jan@example.com", set={"note": "2"})
        assert own.arrived.acquire(timeout=10)
        till.control("POST", "clock", {"advance_s": 9000})
        assert till.edit("webhooks")["sent"] == 1
        assert own.arrived.acquire(timeout=10)
        assert till.edit("webhooks", twice=True, backwards=True)["sent"] == 2
        assert own.arrived.acquire(timeout=10)
        assert own.arrived.acquire(timeout=10)
        notes = [json.loads(parse_qs(body.decode())["payload"][0])["note"] for body, _ in own.got]
        assert notes == ["1", "2", "1", "2", "1"]

    def test_hooks_are_managed(self, till: Till) -> None:
        """Made, listed, changed, deleted; an unknown type is refused."""
        hook = till.send(
            "POST", "/webhooks", {"type": "sale.update", "url": "http://127.0.0.1:9/", "active": False}, 201
        )
        path = f"/webhooks/{hook['data']['id']}"
        assert till.get("/webhooks")["data"] == [hook["data"]] == [till.get(path)["data"]]
        till.edit("sale", sku="0004711", quantity=1)
        assert till.control("GET", "state")["webhook_deliveries"] == []
        assert till.send("PUT", path, {"active": True})["data"]["active"] is True
        till.send("DELETE", path, None, 204)
        assert till.get("/webhooks")["data"] == []
        till.send("POST", "/webhooks", {"type": "product.delete", "url": "http://127.0.0.1:9/"}, 422)


class TestSeed:
    """The chain as this system shows it."""

    def test_what_is_there(self, till: Till) -> None:
        """Only what is on this system, families with their parent, names made unique."""
        rows = till.get("/products")["data"]
        assert sorted(row["name"] for row in rows) == [
            "Breiboek", "Breiboek [NAAM-2]", "Inpakken", "Wollen trui", "Wollen trui", "Wollen trui",
        ]  # fmt: skip
        assert [row["active"] for row in rows if row["sku"] == "NAAM-2"] == [False]
        assert till.product("DIENST")["price_including_tax"] == Decimal("3.03")
        row = till.product("0004711")
        assert (row["weight"], row["weight_unit"]) == (Decimal("0.45"), "KG")
        assert [code["type"] for code in row["product_codes"]] == ["CUSTOM", "EAN"]
        assert [row["email"] for row in till.get("/customers")["data"]] == ["jan@example.com", "els@example.com"]

    @pytest.mark.parametrize(
        ("code", "kind"),
        [
            ("9520000001018", "EAN"),
            ("95200002", "EAN"),
            ("952000000101", "UPC"),
            ("19520000001015", "ITF"),
            ("A", "CUSTOM"),
        ],
    )
    def test_code_types(self, code: str, kind: str) -> None:
        """Barcodes get the type of their length."""
        assert code_type(code) == kind

    def test_same_seed_same_shop(self) -> None:
        """Ids, codes, tokens and versions are the same for the same seed."""
        first, second = (build_from(make_small_shop(), Options()) for _ in range(2))
        assert first.credentials == second.credentials
        assert first.start() != second.start()
        shown = []
        for stand in (first, second):
            state = requests.get(f"{stand.url}/_sandbox/state", timeout=10).json()
            shown.append([(row["id"], row["sku"], row["version"]) for row in state["products"]])
            stand.close()
        assert shown[0] == shown[1]

    def test_demo(self) -> None:
        """The demo profile: what is on this system, with equal names, prices and levels."""
        shop = make_shop("demo", 7)
        stand = build(Options(seed=7))
        till = Till(stand)
        rows = {row["sku"]: row for row in till.get("/products")["data"]}
        mine = [one for one in shop.products if "lightspeed_x" in one.on]
        assert set(rows) == {one.sku for one in mine}
        for one in mine:
            row = rows[one.sku]
            assert (row["name"], row["price_including_tax"]) == (one.name, one.price)
        levels = {(row["product_id"], row["outlet_id"]): row["current_inventory_level"]
                  for row in till.send("POST", "/inventory", {"size": 5000})}  # fmt: skip
        places = stand_places(till)
        assert all(levels[rows[one.sku]["id"], places[code]] == one.stock[code] for one in mine for code in places)
        assert len(till.get("/customers")["data"]) == sum("lightspeed_x" in one.on for one in shop.customers)
        stand.close()


def stand_places(till: Till) -> dict[str, str]:
    return dict(till.control("GET", "state")["locations"])
