"""The stand-in of Exact Online over real HTTP, against the contract's facts (E numbers), metadata and examples."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import requests

from sandbox.exact_online import build, schema
from sandbox.stand import Options, Stand

DIVISION = 1000001
SMALL = {"products": 14, "customers": 10, "profile": "demo"}
NOON = datetime(2036, 6, 25, 10, 0, 5, tzinfo=UTC)  # 12:00:05 in Amsterdam, in summer, after anything seeded


class Exact:
    """A client that keeps a token, with the few calls the tests need."""

    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        self.url = stand.start()
        self.line = stand.announce()
        self.refresh = self.line["refresh_token"]
        self.access = ""
        self.log_in()

    def token(self, **form: str) -> requests.Response:
        """One call of the token endpoint with the app's credentials."""
        secrets = {"client_id": self.line["client_id"], "client_secret": self.line["client_secret"]}
        return requests.post(f"{self.url}/api/oauth2/token", data=secrets | form, timeout=10)

    def log_in(self) -> None:
        """Trade the refresh token in."""
        answer = self.token(grant_type="refresh_token", refresh_token=self.refresh)
        assert answer.status_code == 200, answer.text
        self.access, self.refresh = answer.json()["access_token"], answer.json()["refresh_token"]

    def consent(self) -> None:
        """New tokens through the consent address, whatever has become of the old ones."""
        given = {name: self.line[name] for name in ("client_id", "redirect_uri")} | {"response_type": "code"}
        answer = requests.get(f"{self.url}/api/oauth2/auth", params=given, allow_redirects=False, timeout=10)
        code = parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]
        tokens = self.token(grant_type="authorization_code", code=code, redirect_uri=self.line["redirect_uri"]).json()
        self.access, self.refresh = tokens["access_token"], tokens["refresh_token"]

    def set_clock(self, moment: datetime) -> None:
        """Another present, with fresh tokens."""
        self.stand.clock.set(moment)
        self.consent()

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        """One call of the API; a path without scheme is below the division."""
        address = path if path.startswith("http") else f"{self.url}/api/v1/{DIVISION}/{path}"
        headers = {"Authorization": f"Bearer {self.access}", "Accept": "application/json"} | more.pop("headers", {})
        return requests.request(method, address, headers=headers, timeout=10, allow_redirects=False, **more)

    def get(self, path: str, **query: str) -> requests.Response:
        """GET with options: ``select="ID"`` is ``$select=ID``."""
        return self.call("GET", path, params={f"${name}": value for name, value in query.items()})

    def rows(self, path: str, **query: str) -> list[dict[str, Any]]:
        """All rows of a list, through every ``__next``."""
        answer = self.get(path, **query)
        found: list[dict[str, Any]] = []
        while True:
            assert answer.status_code == 200, answer.text
            data = answer.json()["d"]
            if isinstance(data, list):
                return found + data
            found += data["results"]
            if "__next" not in data:
                return found
            answer = self.call("GET", data["__next"])

    def post(self, path: str, body: Any, **headers: str) -> requests.Response:
        """POST of JSON."""
        return self.call("POST", path, json=body, headers=headers)

    def put(self, path: str, body: Any) -> requests.Response:
        """PUT of JSON."""
        return self.call("PUT", path, json=body)

    def edit(self, do: str, **given: Any) -> dict[str, Any]:
        """A change as the staff makes it."""
        answer = requests.post(f"{self.url}/_sandbox/edit", json={"do": do} | given, timeout=10)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def state(self) -> dict[str, Any]:
        """Everything that the stand-in holds."""
        return dict(requests.get(f"{self.url}/_sandbox/state", timeout=10).json())

    def fault(self, **given: Any) -> None:
        """Set a fault."""
        assert requests.post(f"{self.url}/_sandbox/faults", json=given, timeout=10).status_code == 200

    def item(self, code: str) -> dict[str, Any]:
        """An item with all properties."""
        return self.rows("logistics/Items", top="1", filter=f"Code eq '{code}'")[0]

    def prices(self, item: str) -> list[dict[str, Any]]:
        """The price rows of an item."""
        return self.rows("logistics/SalesItemPrices", filter=f"Item eq guid'{item}'")

    def position(self, code: str, warehouse: str = "1") -> dict[str, Any]:
        """The stock position of an item."""
        rows = self.rows("sync/Inventory/StockPositions", select=",".join(POSITION), filter="Timestamp gt 1L")
        return next(row for row in rows if (row["ItemCode"], row["WarehouseCode"]) == (code, warehouse))

    def warehouse(self, code: str = "1") -> str:
        """The id of a warehouse."""
        return str(self.rows("inventory/Warehouses", filter=f"Code eq '{code}'")[0]["ID"])

    def customer(self, **values: Any) -> str:
        """The id of a new customer."""
        answer = self.post("crm/Accounts", {"Name": "Klant", "Status": "C"} | values)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["d"]["ID"])

    def new_item(self, code: str, **values: Any) -> str:
        """The id of a new item."""
        answer = self.post("logistics/Items", {"Code": code, "Description": code, "IsSalesItem": True} | values)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["d"]["ID"])


POSITION = ("Timestamp", "ItemId", "ItemCode", "WarehouseCode", "CurrentStock", "PlanningOut", "FreeStock")
SKU = "0004711"


def opened(**options: Any) -> Exact:
    """A client of a new, small stand-in."""
    return Exact(build(Options(**(SMALL | options))))


@pytest.fixture(scope="module")
def many() -> Iterator[Exact]:
    """A demo division that tests only read, without limits."""
    client = Exact(build(Options(limits=False)))
    yield client
    client.stand.close()


@pytest.fixture
def exact() -> Iterator[Exact]:
    """A small division of one test, with limits."""
    client = opened()
    yield client
    client.stand.close()


@pytest.fixture
def make() -> Iterator[Callable[..., Exact]]:
    """Small divisions with settings."""
    clients: list[Exact] = []

    def opener(limits: bool = True, **settings: str) -> Exact:
        clients.append(opened(limits=limits, settings=settings))
        return clients[-1]

    yield opener
    for client in clients:
        client.stand.close()


@pytest.fixture(scope="session")
def metadata(contracts: Path) -> dict[str, Any]:
    """The entities of the contract's metadata."""
    return dict(json.loads((contracts / "exact-online" / "metadata.json").read_text("utf-8"))["entities"])


@pytest.fixture(scope="session")
def examples(contracts: Path) -> Callable[[str, str], Any]:
    """The exchange of an example file whose name begins with a text."""

    def find(file: str, name: str) -> Any:
        text = (contracts / "exact-online" / "examples" / f"{file}.json").read_text("utf-8")
        found = [one for one in json.loads(text)["exchanges"] if one["name"].startswith(name)]
        assert found, f"no exchange {name!r} in {file}"
        return found[0]

    return find


def message(answer: requests.Response) -> str:
    """The text of an error body (E75)."""
    body = answer.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message"}
    assert set(body["error"]["message"]) == {"lang", "value"}
    return str(body["error"]["message"]["value"])


# Contract: names, types and shapes


def test_every_resource_is_in_the_metadata(metadata: dict[str, Any]) -> None:
    """The stand-in has no resource that the contract does not know."""
    assert set(schema.load()) <= set(metadata)


@pytest.mark.parametrize("name", sorted(schema.load()))
def test_properties_are_those_of_the_metadata(metadata: dict[str, Any], name: str) -> None:
    """Names, types, writability and filterability of every property are as the metadata says."""
    ours, theirs = schema.load()[name], metadata[name]
    listed = {one["name"]: one for one in theirs["properties"]}
    assert set(ours.properties) == set(listed) | set(theirs.get("seenOnlyInRecordings", ()))
    for one in listed.values():
        mine = ours.properties[one["name"]]
        assert mine.type == one["type"].removeprefix("Edm.")
        if ours.kind in ("single", "action"):
            assert (mine.post, mine.put) == (one["post"], one["put"])
        assert mine.filterable or one.get("filterable") is False or mine.type == "Collection"
        assert one.get("filterable") is not False or not mine.filterable


@pytest.mark.parametrize("name", sorted(schema.load()))
def test_resources_are_those_of_the_metadata(metadata: dict[str, Any], name: str) -> None:
    """Key, methods, page size, kind and deletion number of every resource are as the metadata says."""
    ours, theirs = schema.load()[name], metadata[name]
    assert ours.kind == theirs["kind"]
    assert ours.methods == set(theirs["methods"])
    assert theirs["key"] in ([ours.key], []) or theirs["key"][0] == ours.key
    assert theirs["pageSize"] in (ours.page, None)
    assert ours.filter_only == set(theirs.get("filterOnlyOn", ()))
    if ours.kind == "single":
        assert ours.deleted_type == theirs.get("deletedEntityType")
    if "metadataType" in theirs:
        assert ours.type == theirs["metadataType"]


TYPES: dict[str, tuple[type, ...]] = {
    "Guid": (str,), "String": (str,), "Binary": (str,), "DateTime": (str,), "Int64": (str,), "Int32": (int,),
    "Int16": (int,), "Byte": (int,), "Boolean": (bool,), "Double": (int, float), "Collection": (dict,),
    "Complex": (dict,),
}  # fmt: skip
LISTS = [name for name, one in schema.load().items() if one.kind in ("single", "sync", "bulk")]


@pytest.mark.parametrize("name", LISTS)
def test_every_row_has_the_names_and_types_of_the_metadata(many: Exact, metadata: dict[str, Any], name: str) -> None:
    """Each row that is answered has exactly the properties of the metadata, in their types."""
    path = name if name != "current/Me" else f"{many.url}/api/v1/current/Me"
    listed = {one["name"]: one["type"].removeprefix("Edm.") for one in metadata[name]["properties"]}
    rows = many.rows(path, select=",".join(listed), top="60")
    for row in rows:
        assert set(row) == {*listed, "__metadata"}
        for key, kind in listed.items():
            assert row[key] is None or type(row[key]) in TYPES[kind], (key, row[key])
            if kind == "DateTime" and row[key] is not None:
                assert re.fullmatch(r"/Date\(-?\d+\)/", row[key])
        assert row["__metadata"]["uri"].startswith(many.url)
    seeded = {"inventory/StorageLocations", "sync/Deleted", "inventory/StockCounts", "inventory/StockCountLines"}
    quiet = seeded | {one for one in LISTS if "Invoice" in one or "Deliver" in one or "PriceList" in one}
    assert rows or name in quiet


def shape_of(example: Any) -> dict[str, Any]:
    """The record of an example's answer."""
    data = example["response"]["body"]["d"]
    data = data.get("results", data) if isinstance(data, dict) else data
    return dict(data[0] if isinstance(data, list) else data)


def assert_same_shape(theirs: dict[str, Any], ours: dict[str, Any], nulls: bool = True) -> None:
    """The same names; what is null there is null here; the same JSON types."""
    assert set(ours) == set(theirs)
    for name, value in theirs.items():
        if nulls:
            assert (ours[name] is None) == (value is None), name
        if value is not None and ours[name] is not None:
            numbers = isinstance(value, int | float) and not isinstance(value, bool)
            assert isinstance(ours[name], (int, float) if numbers else type(value)), name


def test_item_shapes(exact: Exact, examples: Callable[[str, str], Any]) -> None:
    """A created item answers the recorded skeleton, read back the recorded record."""
    given = examples("items", "create without")
    body = {name: value for name, value in given["request"]["body"].items() if name != "ItemGroup"}
    created = exact.post("logistics/Items", body).json()["d"]
    assert_same_shape(shape_of(given), created)
    read = exact.get(f"logistics/Items(guid'{created['ID']}')").json()["d"]
    recorded = shape_of(examples("items", "read back"))
    assert_same_shape(recorded, read)
    for name in ("IsStockItem", "Stock", "StandardSalesPrice", "Unit", "CostPriceStandard", "IsWebshopItem"):
        assert read[name] == recorded[name]


def test_account_shapes(exact: Exact, examples: Callable[[str, str], Any]) -> None:
    """A created account answers the recorded skeleton, read back the recorded record."""
    given = examples("accounts", "create")
    created = exact.post("crm/Accounts", given["request"]["body"]).json()["d"]
    assert_same_shape(shape_of(given), created)
    read = exact.get(f"crm/Accounts(guid'{created['ID']}')").json()["d"]
    recorded = shape_of(examples("accounts", "read back"))
    assert_same_shape(recorded, read)
    for name in ("Country", "City", "Status", "IsSales", "Type", "ConsolidationScenario"):
        assert read[name] == recorded[name]
    assert len(read["Code"]) == len(recorded["Code"]) == 18


def test_contact_shapes(exact: Exact, examples: Callable[[str, str], Any]) -> None:
    """A created contact answers the recorded skeleton, read back the recorded record."""
    given = examples("contacts", "create")
    body = given["request"]["body"] | {"Account": exact.customer()}
    created = exact.post("crm/Contacts", body).json()["d"]
    assert_same_shape(shape_of(given), created)
    read = exact.get(f"crm/Contacts(guid'{created['ID']}')").json()["d"]
    recorded = shape_of(examples("contacts", "read back"))
    assert_same_shape(recorded, read)
    assert read["BusinessEmail"] == recorded["BusinessEmail"]
    assert read["FullName"] == recorded["FullName"]
    assert (len(read["Country"]), len(read["Language"]), len(read["Code"])) == (3, 10, 18)


def test_order_shapes(exact: Exact, examples: Callable[[str, str], Any]) -> None:
    """A created order answers its whole header with deferred lines, as recorded."""
    given = examples("sales_orders", "create")
    body = given["request"]["body"] | {"OrderedBy": exact.customer(City="Utrecht")}
    body["SalesOrderLines"] = [body["SalesOrderLines"][0] | {"Item": exact.item(SKU)["ID"]}]
    created = exact.post("salesorder/SalesOrders", body).json()["d"]
    recorded = shape_of(given)
    assert_same_shape(recorded, created, nulls=False)
    for name in (
        "AmountFC",
        "Status",
        "DeliveryStatus",
        "InvoiceStatus",
        "OrderDate",
        "WarehouseCode",
        "PaymentCondition",
    ):
        assert created[name] == recorded[name]
    lines = exact.get("salesorder/SalesOrderLines", filter=f"OrderID eq guid'{created['OrderID']}'").json()["d"]
    recorded_line = shape_of(examples("sales_orders", "lines by"))
    assert_same_shape(recorded_line, lines["results"][0], nulls=False)
    for name in ("NetPrice", "UnitPrice", "AmountDC", "Quantity", "LineNumber"):
        assert lines["results"][0][name] == recorded_line[name]


def test_invoice_shapes(exact: Exact, examples: Callable[[str, str], Any]) -> None:
    """A created invoice and its expanded lines have the recorded shapes; no number before it is printed (E160)."""
    given = examples("sales_invoices", "create")
    body = given["request"]["body"] | {"OrderedBy": exact.customer()}
    body["SalesInvoiceLines"] = [body["SalesInvoiceLines"][0] | {"Item": exact.item(SKU)["ID"]}]
    created = exact.post("salesinvoice/SalesInvoices", body).json()["d"]
    assert_same_shape(shape_of(given), created, nulls=False)
    assert created["InvoiceNumber"] is None
    assert created["Journal"] == "70"
    path = f"salesinvoice/SalesInvoices(guid'{created['InvoiceID']}')"
    read = exact.get(path, expand="SalesInvoiceLines").json()["d"]
    recorded = shape_of(examples("sales_invoices", "read with"))
    assert_same_shape(recorded, read, nulls=False)
    assert_same_shape(recorded["SalesInvoiceLines"]["results"][0], read["SalesInvoiceLines"]["results"][0], nulls=False)


def test_reference_shapes(many: Exact, examples: Callable[[str, str], Any]) -> None:
    """VAT codes, divisions and the user have the recorded shapes."""
    assert_same_shape(shape_of(examples("vat_codes", "list")), many.rows("vat/VATCodes", top="50")[0], nulls=False)
    divisions = many.rows("system/Divisions", top="100")
    assert_same_shape(shape_of(examples("divisions", "divisions")), divisions[0], nulls=False)
    assert divisions[0]["__metadata"]["uri"].endswith("system/Divisions(1000001)")
    me = many.call("GET", f"{many.url}/api/v1/current/Me").json()["d"]["results"]
    assert_same_shape(shape_of(examples("me", "get-current-user")), me[0], nulls=False)


@pytest.mark.parametrize(
    ("name", "method", "path", "extra"),
    [
        ("body is not an object", "POST", "logistics/Items", {"json": [{"Code": "x"}]}),
        ("bad OData syntax", "GET", "logistics/Items", {"params": {"$filter": "Code = 1", "$select": "ID"}}),
        ("missing $select on a wide entity", "GET", "logistics/Items", {}),
        ("unknown record", "GET", "logistics/Items(guid'00000000-0000-0000-0000-000000000001')", {}),
        ("duplicate: item code", "POST", "logistics/Items", {"json": {"Code": SKU, "Description": "x"}}),
        ("mandatory fields missing", "POST", "salesorder/SalesOrders", {"json": {}}),
    ],
)
def test_errors_are_those_of_the_examples(
    exact: Exact, examples: Callable[[str, str], Any], name: str, method: str, path: str, extra: dict[str, Any]
) -> None:
    """Status, content type and text of errors are as the contract shows them (E75 to E80)."""
    expected = examples("errors", name)["response"]
    if name == "mandatory fields missing":
        extra = {"json": {"SalesOrderLines": [{}]}}
    answer = exact.call(method, path, **extra)
    assert answer.status_code == expected["status"]
    assert answer.headers["Content-Type"] == "application/json;charset=utf-8"
    assert message(answer) == expected["body"]["error"]["message"]["value"]


# OAuth


def authorise(exact: Exact, **query: str) -> requests.Response:
    """The consent address, as a browser opens it."""
    given = {
        "client_id": exact.line["client_id"], "redirect_uri": exact.line["redirect_uri"], "response_type": "code",
        "state": "x y/z",
    }  # fmt: skip
    return requests.get(f"{exact.url}/api/oauth2/auth", params=given | query, allow_redirects=False, timeout=10)


def test_consent_gives_a_code_that_works_once(exact: Exact) -> None:
    """The code comes percent-encoded in the redirect, buys tokens within 3 minutes, once (E9, E10, E11)."""
    answer = authorise(exact)
    assert answer.status_code == 302
    place = urlsplit(answer.headers["Location"])
    assert answer.headers["Location"].startswith(exact.line["redirect_uri"])
    assert "%21" in place.query
    query = parse_qs(place.query)
    assert query["state"] == ["x y/z"]
    form = {"grant_type": "authorization_code", "code": query["code"][0], "redirect_uri": exact.line["redirect_uri"]}
    tokens = exact.token(**form)
    assert tokens.status_code == 200
    assert exact.call("GET", "logistics/Units", headers={"Authorization": f"Bearer {tokens.json()['access_token']}"})
    assert exact.token(**form).status_code == 400


def test_code_ends_after_three_minutes(exact: Exact) -> None:
    """A code is not taken after 3 minutes (E10)."""
    code = parse_qs(urlsplit(authorise(exact).headers["Location"]).query)["code"][0]
    exact.stand.clock.advance(181)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": exact.line["redirect_uri"]}
    assert exact.token(**form).status_code == 400


@pytest.mark.parametrize(
    "query", [{"redirect_uri": "https://elsewhere.example.com/"}, {"client_id": "x"}, {"response_type": "token"}]
)
def test_consent_refuses_what_is_not_registered(exact: Exact, query: dict[str, str]) -> None:
    """Another address, app or response type gets no code (E9)."""
    assert authorise(exact, **query).status_code == 400


def test_token_answer(exact: Exact, examples: Callable[[str, str], Any]) -> None:
    """Tokens come in the documented shape: a long access token, the life as text (E13, E14)."""
    exact.stand.clock.advance(570)
    answer = exact.token(grant_type="refresh_token", refresh_token=exact.refresh).json()
    expected = examples("oauth_token", "refresh; the")["response"]["body"]
    assert set(answer) == set(expected)
    assert answer["expires_in"] == expected["expires_in"]
    assert answer["token_type"] == expected["token_type"]
    assert len(answer["access_token"]) > 600
    assert answer["refresh_token"] != exact.refresh


@pytest.mark.parametrize(("seconds", "status"), [(0, 400), (569, 400), (570, 200), (3600, 200)])
def test_refresh_only_after_570_seconds(
    exact: Exact, examples: Callable[[str, str], Any], seconds: int, status: int
) -> None:
    """A refresh before 9 min 30 s is refused with its reason, and the token stays good (E15, E16)."""
    exact.stand.clock.set(datetime.now(UTC))
    exact.stand.clock.advance(seconds)
    answer = exact.token(grant_type="refresh_token", refresh_token=exact.refresh)
    assert answer.status_code == status
    if status == 400:
        assert answer.json() == examples("oauth_token", "refresh too early")["response"]["body"]
        assert answer.headers["Reason"].startswith("TooEarlyToRefreshTokens")
        exact.stand.clock.advance(570)
        exact.log_in()


def test_refresh_token_works_once(exact: Exact, examples: Callable[[str, str], Any]) -> None:
    """A used refresh token is dead at once (E18, E21)."""
    answer = exact.token(grant_type="refresh_token", refresh_token=exact.line["refresh_token"])
    expected = examples("oauth_token", "refresh token used")["response"]
    assert (answer.status_code, answer.json()) == (expected["status"], expected["body"])


def test_refresh_token_ends_after_30_days(exact: Exact) -> None:
    """An unused refresh token ends after 30 days, with the text that says so (E19, E20)."""
    exact.stand.clock.advance(30 * 86400 + 60)
    answer = exact.token(grant_type="refresh_token", refresh_token=exact.refresh)
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"
    stamp = r"\d+/\d+/\d{4} \d+:\d\d:\d\d [AP]M"
    text = f"The refresh token expired at {stamp} and it is now {stamp}"
    assert re.fullmatch(text, answer.json()["error_description"])


def test_refresh_token_lives_29_days(exact: Exact) -> None:
    """Within 30 days an unused refresh token works (E19)."""
    exact.stand.clock.advance(29 * 86400)
    exact.log_in()
    assert exact.get("logistics/Units").status_code == 200


def test_token_endpoint_refuses_an_authorization_header(exact: Exact) -> None:
    """A bearer header at the token endpoint is answered 401 (E12)."""
    headers = {"Authorization": f"Bearer {exact.access}"}
    form = {"grant_type": "refresh_token", "refresh_token": exact.refresh}
    assert requests.post(f"{exact.url}/api/oauth2/token", data=form, headers=headers, timeout=10).status_code == 401


def test_token_endpoint_wants_a_form_and_the_secret(exact: Exact) -> None:
    """JSON, a wrong secret, an unknown token and an unknown grant are refused (E11)."""
    exact.stand.clock.advance(600)
    address = f"{exact.url}/api/oauth2/token"
    form = {"grant_type": "refresh_token", "refresh_token": exact.refresh, "client_id": exact.line["client_id"]}
    assert requests.post(address, json=form, timeout=10).status_code == 400
    assert requests.post(address, data=form | {"client_secret": "x"}, timeout=10).status_code == 400
    assert exact.token(grant_type="refresh_token", refresh_token="x").status_code == 400
    assert exact.token(grant_type="password").status_code == 400
    exact.log_in()


def test_token_calls_of_a_day_are_limited(make: Callable[..., Exact]) -> None:
    """No more token calls a day than the limit, then again the next day (E17)."""
    exact = make(token_limit="3")
    for _ in range(2):
        exact.token(grant_type="refresh_token", refresh_token="x")
    exact.stand.clock.advance(570)
    assert exact.token(grant_type="refresh_token", refresh_token=exact.refresh).status_code == 429
    exact.stand.clock.advance(86400)
    exact.log_in()


def test_access_token_ends_after_600_seconds_with_html(exact: Exact, examples: Callable[[str, str], Any]) -> None:
    """An expired token is answered 401 with the login page's HTML (E15, E26)."""
    exact.stand.clock.advance(599)
    assert exact.get("crm/Accounts", top="1").status_code == 200
    exact.stand.clock.advance(1)
    answer = exact.get("crm/Accounts")
    expected = examples("unauthorized", "expired token")["response"]
    assert answer.status_code == expected["status"]
    assert answer.headers["Content-Type"].startswith(expected["headers"]["Content-Type"])
    assert answer.text == expected["body"]


def test_no_token_is_refused(exact: Exact) -> None:
    """Without a token, or with another scheme, there is nothing."""
    address = f"{exact.url}/api/v1/{DIVISION}/logistics/Units"
    assert requests.get(address, timeout=10).status_code == 401
    assert requests.get(address, headers={"Authorization": exact.access}, timeout=10).status_code == 401


def test_expire_tokens_fault(exact: Exact) -> None:
    """The fault ends all access tokens; a refresh is possible at once."""
    exact.fault(fault="expire_tokens")
    assert exact.get("logistics/Units").status_code == 401
    exact.log_in()
    assert exact.get("logistics/Units").status_code == 200


# Limits


def limit_headers(answer: requests.Response) -> dict[str, int]:
    """The rate limit headers, by lower-case name without the common beginning."""
    start = "x-ratelimit-"
    return {k.lower().removeprefix(start): int(v) for k, v in answer.headers.items() if k.lower().startswith(start)}


def test_limit_headers_on_success(exact: Exact) -> None:
    """A good answer carries both sets, resets in epoch milliseconds on whole minutes and at 00:00 UTC (E31, E32)."""
    exact.set_clock(NOON)
    answer = exact.get("logistics/Units")
    reset = int(NOON.replace(second=0).timestamp() * 1000) + 60_000
    midnight = int(datetime(2036, 6, 26, tzinfo=UTC).timestamp() * 1000)
    assert limit_headers(answer) == {
        "limit": 5000, "remaining": 4999, "reset": midnight,
        "minutely-limit": 60, "minutely-remaining": 59, "minutely-reset": reset,
    }  # fmt: skip


def test_minute_limit(exact: Exact, examples: Callable[[str, str], Any]) -> None:
    """The 61st call of a minute is 429 with an empty body and only the minute's set; the next minute is free."""
    exact.set_clock(NOON)
    assert {exact.get("logistics/Units").status_code for _ in range(60)} == {200}
    answer = exact.get("logistics/Units")
    expected = examples("rate_limits", "minute limit")["response"]
    assert (answer.status_code, answer.text) == (expected["status"], expected["body"])
    names = {name.lower().removeprefix("x-ratelimit-") for name in expected["headers"]}
    assert set(limit_headers(answer)) == names
    assert limit_headers(answer)["minutely-remaining"] == 0
    exact.stand.clock.advance(60)
    assert exact.get("logistics/Units").status_code == 200


def test_day_limit(make: Callable[..., Exact], examples: Callable[[str, str], Any]) -> None:
    """Beyond the day's calls 429 carries only the day's set, until 00:00 UTC (E28, E30, E33)."""
    exact = make(day_limit="3")
    exact.set_clock(NOON)
    assert {exact.get("logistics/Units").status_code for _ in range(3)} == {200}
    answer = exact.get("logistics/Units")
    expected = examples("rate_limits", "day limit")["response"]
    names = {name.lower().removeprefix("x-ratelimit-") for name in expected["headers"]}
    assert (answer.status_code, answer.text, set(limit_headers(answer))) == (429, "", names)
    exact.set_clock(datetime(2036, 6, 26, 0, 0, 1, tzinfo=UTC))
    assert exact.get("logistics/Units").status_code == 200


def test_without_limits_nothing_is_refused(make: Callable[..., Exact]) -> None:
    """Without limits a 61st call and an 11th error pass; tokens still end."""
    exact = make(limits=False)
    for _ in range(12):
        exact.get("logistics/Items")
    assert {exact.get("logistics/Units").status_code for _ in range(61)} == {200}
    exact.stand.clock.advance(600)
    assert exact.get("logistics/Units").status_code == 401


@pytest.mark.parametrize("path", ["logistics/Items", "logistics/Items(guid'00000000-0000-0000-0000-000000000001')"])
def test_more_than_ten_errors_block_the_key_for_an_hour(exact: Exact, path: str) -> None:
    """The 11th error at one endpoint within an hour blocks the app everywhere, for an hour, then longer (E38)."""
    statuses = [exact.get(path).status_code for _ in range(11)]
    assert set(statuses) <= {400, 404}
    assert exact.get("logistics/Units").status_code == 403
    exact.stand.clock.advance(3540)
    exact.log_in()
    assert exact.get("logistics/Units").status_code == 403
    exact.stand.clock.advance(61)
    assert exact.get("logistics/Units").status_code == 200
    for _ in range(11):
        exact.get(path)
    exact.stand.clock.advance(3700)
    exact.log_in()
    assert exact.get("logistics/Units").status_code == 403


def test_ten_errors_do_not_block(exact: Exact) -> None:
    """Ten errors an hour at each of two endpoints are allowed, and they wear off (E38)."""
    for path in ("logistics/Items", "crm/Accounts"):
        for _ in range(10):
            assert exact.get(path).status_code == 400
    assert exact.get("logistics/Units").status_code == 200
    exact.stand.clock.advance(3601)
    exact.log_in()
    exact.get("logistics/Items")
    assert exact.get("logistics/Units").status_code == 200


def test_errors_with_expired_tokens_count(exact: Exact) -> None:
    """401 counts for the error limit, too (E27, E38)."""
    exact.stand.clock.advance(600)
    for _ in range(11):
        assert exact.get("logistics/Units").status_code == 401
    exact.log_in()
    assert exact.get("logistics/Units").status_code == 403


@pytest.mark.parametrize(("position", "status"), [("off", 200), ("on", 403)])
def test_validation_errors_count_by_switch(make: Callable[..., Exact], position: str, status: int) -> None:
    """Whether 500 counts for the error limit is a switch (E39)."""
    exact = make(count_500=position)
    for _ in range(11):
        assert exact.post("logistics/Items", {}).status_code == 500
    assert exact.get("logistics/Units").status_code == status


# Divisions, users, licences


def test_me_is_the_only_call_without_division(exact: Exact, examples: Callable[[str, str], Any]) -> None:
    """``current/Me`` answers a list of one (E3), with 64-bit numbers as text (E55) and wall time (E58)."""
    exact.set_clock(NOON)
    answer = exact.call("GET", f"{exact.url}/api/v1/current/Me", params={"$select": "CurrentDivision"})
    row = shape_of(examples("me", "with $select"))
    assert [set(one) for one in answer.json()["d"]["results"]] == [set(row)]
    assert answer.json()["d"]["results"][0]["CurrentDivision"] == DIVISION
    full = exact.call("GET", f"{exact.url}/api/v1/current/Me").json()["d"]["results"][0]
    assert full["ServerTime"] == "2036-06-25T12:00:05"
    assert full["ServerUtcOffset"] == 7200
    assert isinstance(full["Legislation"], str)


def test_other_division_is_refused(exact: Exact) -> None:
    """A division that was not consented to is 403 with its reason (E5, E79)."""
    answer = exact.call("GET", f"{exact.url}/api/v1/42/logistics/Units")
    assert (answer.status_code, answer.text, answer.headers["Reason"]) == (403, "Forbidden", "NoDivisionAccess")


def test_unknown_path_is_404(exact: Exact) -> None:
    """Paths are taken exactly (E7)."""
    assert exact.get("logistics/items", select="ID").status_code == 404


def test_without_licence_no_warehouses(make: Callable[..., Exact]) -> None:
    """Without the licence warehouses and counts are 403, other endpoints work, Stock stays null (E6, E140)."""
    exact = make(licence="off")
    for path in ("inventory/Warehouses", "inventory/StockCounts", "inventory/ItemWarehouses"):
        assert exact.get(path).status_code == 403
    assert exact.get("sync/Inventory/StockPositions", select="ID").status_code == 403
    assert exact.post("inventory/StockCounts", {}).status_code == 403
    assert exact.item(SKU)["Stock"] is None
    line = {"Item": exact.item(SKU)["ID"], "Quantity": 1}
    direct = {"OrderedBy": exact.customer(), "Type": 8023, "SalesInvoiceLines": [line]}
    assert exact.post("salesinvoice/SalesInvoices", direct).status_code == 403


def test_licence_can_be_switched_while_running(exact: Exact) -> None:
    """The same division can lose its licence."""
    assert exact.get("inventory/Warehouses").status_code == 200
    exact.edit("setting", name="licence", value="off")
    assert exact.get("inventory/Warehouses").status_code == 403


def test_division_move_restarts_row_versions(exact: Exact) -> None:
    """After a move the row versions start anew and the date is set (E91)."""
    before = exact.rows("sync/Logistics/Items", select="Timestamp", filter="Timestamp gt 1L")
    exact.edit("create_product", Code="NA-1", Description="Na")
    exact.edit("move_division")
    after = exact.rows("sync/Logistics/Items", select="Timestamp", filter="Timestamp gt 0L")
    assert min(int(row["Timestamp"]) for row in after) < min(int(row["Timestamp"]) for row in before)
    assert exact.rows("system/Divisions")[0]["DivisionMoveDate"] is not None


# Formats


def test_atom_unless_json_is_asked_for(many: Exact) -> None:
    """Without ``Accept: application/json`` the answer is Atom XML (E41)."""
    for accept in ("*/*", "application/atom+xml"):
        answer = many.call("GET", "logistics/Units", headers={"Accept": accept})
        assert answer.headers["Content-Type"].startswith("application/atom+xml")
        assert "<d:Code>pc      </d:Code>" in answer.text
    assert many.call("GET", "logistics/Units", headers={"Accept": "application/xml"}).status_code == 415


def test_json_content_type_and_escaped_dates(many: Exact) -> None:
    """JSON names its charset (E42) and escapes the slashes of dates, which a parser hides (E57)."""
    answer = many.get("logistics/Items", top="1")
    assert answer.headers["Content-Type"] == "application/json;charset=utf-8"
    assert '"\\/Date(' in answer.text
    assert answer.json()["d"][0]["Created"].startswith("/Date(")


def test_dates_are_wall_time_written_as_utc(exact: Exact) -> None:
    """``/Date(ms)/`` read as UTC gives the clock of Amsterdam (E58), with milliseconds; days are midnight (E62)."""
    exact.set_clock(NOON)
    key = exact.new_item("TIJD-1", EndDate="2036-12-31")
    row = exact.item("TIJD-1")
    wall = datetime(2036, 6, 25, 12, 0, 5)  # noqa: DTZ001
    made = datetime(1970, 1, 1) + timedelta(milliseconds=int(row["Created"][6:-2]))  # noqa: DTZ001
    assert abs(made - wall) < timedelta(seconds=30)
    assert row["EndDate"] == f"/Date({int(datetime(2036, 12, 31, tzinfo=UTC).timestamp() * 1000)})/"
    found = exact.rows("logistics/Items", select="ID", filter="Modified ge datetime'2036-06-25T12:00:00'")
    assert [one["ID"] for one in found] == [key]
    assert exact.rows("logistics/Items", select="ID", filter="Modified ge datetime'2036-06-25T12:10:00'") == []


def test_half_a_year_back(exact: Exact) -> None:
    """A new item begins at the first of the month half a year back, as recorded (E116)."""
    exact.set_clock(NOON)
    exact.new_item("BEGIN-1")
    begin = datetime(2035, 12, 1, tzinfo=UTC)
    assert exact.item("BEGIN-1")["StartDate"] == f"/Date({int(begin.timestamp() * 1000)})/"


@pytest.mark.parametrize(
    ("sent", "day"),
    [
        ("2026-06-25", 25), ("2026-06-25T00:00:00", 25), ("2026-06-25T23:30:00", 25), ("/Date(1782345600000)/", 25),
        ("2026-06-25T00:00:00+02:00", 24), ("2026-06-25T00:00:00Z", 25),
    ],
)  # fmt: skip
def test_dates_in_bodies(exact: Exact, sent: str, day: int) -> None:
    """A day without zone stays; with an offset it can shift (E63)."""
    exact.new_item("DAG-1", EndDate=sent)
    stamp = int(exact.item("DAG-1")["EndDate"][6:-2])
    assert datetime.fromtimestamp(stamp / 1000, UTC).strftime("%m-%d %H:%M") == f"06-{day} 00:00"


def test_padded_texts(many: Exact) -> None:
    """Units come padded to 8, VAT codes and countries to 3, languages to 10, account codes from the left."""
    item = many.item(SKU)
    assert (item["Unit"], item["SalesVatCode"]) == ("pc      ", "4  ")
    assert many.rows("logistics/Units", filter="Code eq 'pc'")[0]["Code"] == "pc      "
    assert all(len(row["Code"]) == 3 for row in many.rows("vat/VATCodes"))
    account = many.rows("crm/Accounts", top="1")[0]
    assert (len(account["Country"]), len(account["Language"]), len(account["Code"])) == (3, 10, 18)
    assert account["Code"].strip().isdigit()
    assert account["Code"].startswith(" ")
    price = many.rows("logistics/SalesItemPrices", top="1")[0]
    assert price["Unit"] == "pc      "
    line = many.rows("salesorder/SalesOrderLines", top="1")[0]
    assert line["UnitCode"] == "pc"


def test_money_is_exact(exact: Exact) -> None:
    """Prices keep every decimal that was sent, without binary noise."""
    key = exact.new_item("GELD-1")
    row = exact.prices(key)[0]
    path = f"logistics/SalesItemPrices(guid'{row['ID']}')"
    answer = exact.call(
        "PUT", path, data='{"Price": 0.10000000000000009}', headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 204
    assert '"Price":0.10000000000000009' in exact.get(path).text


def test_int64_is_text(many: Exact) -> None:
    """Row versions and the like are JSON texts (E55)."""
    rows = many.rows("sync/Logistics/Items", select="Timestamp,ID", filter="Timestamp gt 1L")
    assert all(isinstance(row["Timestamp"], str) and row["Timestamp"].isdigit() for row in rows)


# Lists


def test_top_within_a_page_gives_a_bare_list(many: Exact) -> None:
    """``$top`` up to the page size answers ``d`` as a list, above it ``d.results`` (E43)."""
    assert isinstance(many.get("logistics/Items", select="ID", top="60").json()["d"], list)
    above = many.get("logistics/Items", select="ID", top="61").json()["d"]
    assert len(above["results"]) == 60
    assert "$top=1" in above["__next"]
    assert many.get("salesorder/SalesOrders", select="OrderID", top="50", filter="YourRef eq 'x'").json()["d"] == []
    assert many.get("salesorder/SalesOrders", top="100", filter="YourRef eq 'x'").json()["d"] == {"results": []}


def test_pages_of_sixty(many: Exact) -> None:
    """Single endpoints page by 60; every row comes once (E46, E47)."""
    first = many.get("logistics/Items", select="ID").json()["d"]
    assert len(first["results"]) == 60
    rows = many.rows("logistics/Items", select="ID")
    assert len({row["ID"] for row in rows}) == len(rows) == 115
    assert re.search(r"\$skiptoken=guid'[0-9a-f-]{36}'$", first["__next"])


def test_next_is_as_recorded(many: Exact, examples: Callable[[str, str], Any]) -> None:
    """``__next`` repeats the query with plain ``$``, ``%20``, a lower ``$top`` and the last row's values (E47)."""
    recorded = examples("paging", "first page")
    data = many.get("logistics/Items", orderby="Modified asc", select="ID,Code,Description,Modified", top="100").json()[
        "d"
    ]
    shape = r"\$orderby=Modified%20asc&\$select=ID,Code,Description,Modified&\$top=40&\$skiptoken="
    tail = r"datetime'\d{4}-\d\d-\d\dT\d\d%3A\d\d%3A\d\d(\.\d{3})?',guid'[0-9a-f-]{36}'$"
    for address in (recorded["response"]["body"]["d"]["__next"], data["__next"]):
        assert re.search(r"\?" + shape + tail, address)
    last = data["results"][-1]
    moment = re.search(r"datetime'([^']*)'", unquote(data["__next"]))
    assert moment
    milliseconds = datetime.fromisoformat(moment.group(1) + "+00:00").timestamp() * 1000
    assert round(milliseconds) == int(last["Modified"][6:-2])
    second = many.call("GET", data["__next"]).json()["d"]
    assert len(second["results"]) == 40
    assert "__next" not in second
    assert not {row["ID"] for row in data["results"]} & {row["ID"] for row in second["results"]}


@pytest.mark.parametrize(
    "order", ["Code", "Code desc", "Barcode", "Barcode desc", "IsWebshopItem desc,Code asc", "CostPriceStandard"]
)
def test_any_order_pages_without_gap(many: Exact, order: str) -> None:
    """Whatever the order, texts, numbers and nulls, the pages hold each row once and in order."""
    names = [part.split()[0] for part in order.split(",")]
    rows = many.rows("logistics/Items", select=",".join(["ID", *names]), orderby=order)
    assert len({row["ID"] for row in rows}) == 115
    if len(names) == 1:
        values = [row[names[0]] for row in rows]
        keyed = [(value is not None, value) for value in values]
        nulls_first = sorted((one for one in keyed if one[0]), reverse=order.endswith("desc"))
        rest = [one for one in keyed if not one[0]]
        assert keyed == (nulls_first + rest if order.endswith("desc") else rest + nulls_first)


def test_skip_count_and_inlinecount(many: Exact) -> None:
    """``$skip``, ``/$count`` and ``$inlinecount`` work (E48)."""
    all_rows = many.rows("logistics/Units", orderby="Code")
    skipped = many.rows("logistics/Units", orderby="Code", skip="2")
    assert [row["Code"] for row in skipped] == [row["Code"] for row in all_rows[2:]]
    answer = many.call("GET", "logistics/Items/$count", headers={"Accept": "*/*"})
    assert (answer.text, answer.headers["Content-Type"]) == ("115", "text/plain;charset=utf-8")
    counted = many.get("logistics/Items", select="ID", inlinecount="allpages", filter="IsWebshopItem eq 1").json()["d"]
    assert counted["__count"].isdigit()
    filtered = many.get("logistics/Items/$count", filter="IsWebshopItem eq 1")
    assert filtered.text == counted["__count"]


def test_select(many: Exact) -> None:
    """``$select`` gives those properties and the link (E45); unknown ones are 400 (E50)."""
    row = many.get("logistics/Items", select="Code,ID", top="1").json()["d"][0]
    assert list(row) == ["__metadata", "ID", "Code"]
    assert row["__metadata"]["uri"].endswith(f"logistics/Items(guid'{row['ID']}')")
    assert many.get("logistics/Items", select="ID,Naam").status_code == 400
    assert many.get(f"logistics/Items(guid'{row['ID']}')", select="Naam").status_code == 400


def test_wide_entities_want_a_select(many: Exact) -> None:
    """Items, accounts, sync and bulk lists want ``$select`` or ``$top=1`` (E49); ``*`` is refused on sync (E85)."""
    for path in ("logistics/Items", "crm/Accounts", "sync/Logistics/Items", "bulk/Logistics/Items"):
        assert many.get(path).status_code == 400
        assert many.get(path, top="1").status_code == 200
    assert many.get("logistics/Items", select="*").status_code == 200
    assert many.get("sync/Logistics/Items", select="*").status_code == 400
    assert many.get("crm/Contacts").status_code == 200


def test_expand_and_deferred_links(many: Exact) -> None:
    """Collections are deferred links, or rows when expanded (E45)."""
    order = many.rows("salesorder/SalesOrders", top="1")[0]
    link = order["SalesOrderLines"]["__deferred"]["uri"]
    lines = many.call("GET", link).json()["d"]["results"]
    path = f"salesorder/SalesOrders(guid'{order['OrderID']}')"
    expanded = many.get(path, expand="SalesOrderLines").json()["d"]["SalesOrderLines"]["results"]
    assert expanded == lines
    assert lines
    chosen = many.get(path, select="OrderNumber,SalesOrderLines/ItemCode", expand="SalesOrderLines").json()["d"]
    assert [set(line) for line in chosen["SalesOrderLines"]["results"]] == [{"__metadata", "ItemCode"}] * len(lines)
    assert many.get(path, expand="Nothing").status_code == 400


@pytest.mark.parametrize(
    ("text", "test"),
    [
        ("Code eq '0004711'", lambda row: row["Code"] == "0004711"),
        ("Code eq 'R&B-09' or Code eq 'SP#77'", lambda row: row["Code"] in ("R&B-09", "SP#77")),
        ("Code ne '0004711'", lambda row: row["Code"] != "0004711"),
        ("startswith(Code,'000')", lambda row: row["Code"].startswith("000")),
        ("startswith(Code,'000') eq true", lambda row: row["Code"].startswith("000")),
        ("substringof('trui',Description) eq true", lambda row: "trui" in row["Description"]),
        ("substringof('trui',Description) eq false", lambda row: "trui" not in row["Description"]),
        ("not startswith(Code,'000')", lambda row: not row["Code"].startswith("000")),
        ("IsWebshopItem eq 1", lambda row: row["IsWebshopItem"] == 1),
        ("IsSalesItem eq true and Barcode ne null", lambda row: row["Barcode"] is not None),
        ("Barcode eq null", lambda row: row["Barcode"] is None),
        ("EndDate eq null", lambda row: True),
        ("SalesVatCode eq '4' and (Unit eq 'pc' or Unit eq 'kg')", lambda row: row["SalesVatCode"] == "4  "),
        ("SalesVatCode eq '4  '", lambda row: row["SalesVatCode"] == "4  "),
        ("ItemGroupCode eq '703'", lambda row: row["ItemGroupCode"] == "703"),
        ("Code gt 'WT'", lambda row: row["Code"] > "WT"),
        ("'WT' lt Code", lambda row: row["Code"] > "WT"),
        ("StartDate lt datetime'2000-01-01T00:00:00'", lambda row: False),
        ("Code eq '0004711' and not (IsSalesItem eq false)", lambda row: row["Code"] == "0004711"),
    ],
)
def test_filters(many: Exact, text: str, test: Callable[[dict[str, Any]], bool]) -> None:
    """Operators, functions and literals of filters (E51, E52)."""
    names = "ID,Code,Description,Barcode,IsWebshopItem,SalesVatCode,ItemGroupCode"
    everything = many.rows("logistics/Items", select=names)
    found = many.rows("logistics/Items", select=names, filter=text)
    assert {row["ID"] for row in found} == {row["ID"] for row in everything if test(row)}


def test_filter_quotes_are_doubled(exact: Exact) -> None:
    """A quote inside a text is doubled (E51)."""
    key = exact.new_item("O'NEIL 1")
    assert [row["ID"] for row in exact.rows("logistics/Items", select="ID", filter="Code eq 'O''NEIL 1'")] == [key]


def test_filter_numbers(many: Exact) -> None:
    """Numbers of every kind compare with each other."""
    rows = many.rows("logistics/SalesItemPrices", select="ID,Quantity", filter="Quantity gt 1")
    assert rows
    assert {row["Quantity"] for row in rows} == {5, 10}
    assert len(many.rows("logistics/SalesItemPrices", select="ID", filter="Quantity ge 5.0 and Quantity lt 5.5d")) == 3
    first = many.rows("sync/Logistics/Items", select="Timestamp", filter="Timestamp gt 1")
    assert len(first) == 115


@pytest.mark.parametrize(
    "text",
    [
        "Code = 1", "Code eq", "Code eq 'x' and", "(Code eq 'x'", "Code eq 'x')", "Code eq Description", "eq 'x'",
        "Naam eq 'x'", "ID eq 'x'", "Code eq 5", "IsSalesItem eq 'true'", "Created gt '2026-01-01'",
        "length(Code) eq 3",
        "Created gt datetime'gisteren'", "ItemGroup/Code eq 'x'", "Code eq 'it's'", "Code like 'x'", "1.5L eq 2",
        "year(Created) eq 2026", "Created gt datetime'2026-01-01T00:00:00Z'",
    ],
)  # fmt: skip
def test_bad_filters(many: Exact, text: str) -> None:
    """What is no filter, compares unlike things or uses what is not supported is a 400 (E52, E80)."""
    assert many.get("logistics/Items", select="ID", filter=text).status_code == 400


def test_fields_that_cannot_be_filtered_on(many: Exact) -> None:
    """Filtering on some fields is refused by name (E53); bulk allows a few only."""
    answer = many.get("logistics/Items", select="ID", filter="StandardSalesPrice gt 1 and Code ne 'x'")
    assert answer.status_code == 400
    assert message(answer) == "Filtering on these fields is not supported: StandardSalesPrice"
    bulk = many.get("bulk/Logistics/SalesItemPrices", select="ID", filter="Currency eq 'EUR'")
    assert message(bulk) == "Filtering on these fields is not supported: Currency"
    assert many.get("bulk/Logistics/SalesItemPrices", select="ID", filter="Quantity gt 1").status_code == 200


def test_mandatory_filtering(make: Callable[..., Exact]) -> None:
    """Where it is switched on, lists with a sync endpoint want a filter on one of some fields (E37)."""
    exact = make(mandatory_filter="on")
    answer = exact.get("logistics/Items", select="ID")
    assert answer.status_code == 400
    assert message(answer).startswith("This endpoint has mandatory filtering applied.")
    assert exact.get("logistics/Items", select="ID", filter="IsSalesItem eq true").status_code == 400
    assert exact.get("logistics/Items", select="ID", filter=f"Code eq '{SKU}'").status_code == 200
    assert exact.get("logistics/Units").status_code == 200
    assert exact.get("sync/Logistics/Items", select="ID").status_code == 200


@pytest.mark.parametrize(
    "query", [{"top": "x"}, {"skip": "-1"}, {"orderby": "Naam"}, {"orderby": "Code up"}, {"foo": "1"}]
)
def test_bad_options(many: Exact, query: dict[str, str]) -> None:
    """Options that cannot be read, or are not known, are a 400."""
    assert many.get("logistics/Items", select="ID", **query).status_code == 400


@pytest.mark.parametrize("key", ["guid'x'", "'x'", "5", "", "guid'00000000-0000-0000-0000-000000000001',1"])
def test_bad_keys(many: Exact, key: str) -> None:
    """A key of the wrong type is a 400, an empty one no address."""
    assert many.get(f"logistics/Items({key})").status_code in (400, 404)


def test_account_code_needs_its_blanks(many: Exact) -> None:
    """A filter on an account's code must contain the leading blanks (E142)."""
    code = many.rows("crm/Accounts", select="Code", top="1")[0]["Code"]
    assert len(many.rows("crm/Accounts", select="ID", filter=f"Code eq '{code}'")) == 1
    assert many.rows("crm/Accounts", select="ID", filter=f"Code eq '{code.strip()}'") == []


def test_repeat_and_truncate_faults(many: Exact) -> None:
    """The two page faults: an earlier page again, and a list that ends too early without a word."""
    first = many.get("logistics/Items", select="ID").json()["d"]
    many.fault(fault="repeat_page")
    assert many.call("GET", first["__next"]).json()["d"]["results"] == first["results"]
    many.fault(fault="truncate_page")
    cut = many.get("logistics/Items", select="ID").json()["d"]
    assert len(cut["results"]) == 30
    assert "__next" not in cut


# Sync


def test_sync_pages_by_row_version(make: Callable[..., Exact]) -> None:
    """Sync lists page by 1000 with the row version in the token (E46, E47, E84)."""
    exact = Exact(build(Options(profile="tests", products=700, customers=10, limits=False)))
    first = exact.get("sync/Inventory/StockPositions", select="Timestamp", filter="Timestamp gt 1L").json()["d"]
    assert len(first["results"]) == 1000
    assert first["__next"].endswith(f"$filter=Timestamp%20gt%201L&$skiptoken={first['results'][-1]['Timestamp']}L")
    rows = exact.rows("sync/Inventory/StockPositions", select="Timestamp,ID", filter="Timestamp gt 1L")
    versions = [int(row["Timestamp"]) for row in rows]
    assert versions == sorted(set(versions))
    by_token = exact.call("GET", "sync/Inventory/StockPositions?$select=Timestamp&$skiptoken=").json()["d"]
    assert by_token["results"][0]["Timestamp"] == str(versions[0])
    exact.stand.close()


def test_sync_filter_is_the_timestamp_only(many: Exact) -> None:
    """On sync only the row version may be filtered (E85)."""
    assert many.get("sync/Logistics/Items", select="ID", filter="Code eq 'x'").status_code == 400
    both = "Timestamp gt 1L and Code eq 'x'"
    assert many.get("sync/Logistics/Items", select="ID", filter=both).status_code == 400


def since(exact: Exact, path: str, version: int, names: str = "ID") -> list[dict[str, Any]]:
    """What has changed above a row version."""
    return exact.rows(path, select=f"Timestamp,{names}", filter=f"Timestamp gt {version}L")


def test_every_change_renews_the_row_version(exact: Exact) -> None:
    """Row versions rise over all kinds; a changed row is answered again, once (E83)."""
    version = exact.state()["version"]
    assert since(exact, "sync/Logistics/Items", version) == []
    key = exact.item(SKU)["ID"]
    exact.put(f"logistics/Items(guid'{key}')", {"ExtraDescription": "Anders"})
    account = exact.customer(City="Gent")
    items = since(exact, "sync/Logistics/Items", version, "ID,ExtraDescription")
    accounts = since(exact, "sync/CRM/Accounts", version)
    addresses = since(exact, "sync/CRM/Addresses", version, "Account")
    assert [(row["ID"], row["ExtraDescription"]) for row in items] == [(key, "Anders")]
    assert [row["ID"] for row in accounts] == [account]
    assert [row["Account"] for row in addresses] == [account]
    assert version < int(items[0]["Timestamp"]) < int(accounts[0]["Timestamp"])


def test_deletions_are_logged_for_two_months(exact: Exact) -> None:
    """Deleted records appear in ``sync/Deleted`` with their number, for two months (E88, E89, E90)."""
    key = exact.new_item("WEG-1")
    price = exact.prices(key)[0]["ID"]
    version = exact.state()["version"]
    assert exact.call("DELETE", f"logistics/Items(guid'{key}')").status_code == 204
    names = "EntityKey,EntityType,DeletedDate,Division"
    rows = since(exact, "sync/Deleted", version, names)
    assert {(row["EntityKey"], row["EntityType"]) for row in rows} >= {(key, 9), (price, 8)}
    narrow = exact.rows("sync/Deleted", select=names, filter=f"Timestamp gt {version}L and EntityType eq 9")
    assert [row["EntityKey"] for row in narrow] == [key]
    assert since(exact, "sync/Logistics/Items", version) == []
    exact.stand.clock.advance(62 * 86400)
    exact.consent()
    assert since(exact, "sync/Deleted", version, names) == []


def test_sync_timestamp_of_a_moment(exact: Exact) -> None:
    """The function tells the row version that belongs to a moment (E92)."""
    version = exact.state()["version"]
    exact.stand.clock.advance(7200)
    exact.log_in()
    exact.new_item("LATER-1")
    moment = exact.stand.clock.now().replace(tzinfo=None).isoformat(timespec="seconds")  # UTC: behind wall time
    params = {"modified": f"datetime'{moment}'", "endPoint": "'Items'"}
    rows = exact.call("GET", "read/sync/Sync/SyncTimestamp", params=params).json()["d"]
    assert set(rows[0]) == {"Modified", "API", "TimeStampAsBigInt"}
    assert 0 < int(rows[0]["TimeStampAsBigInt"]) <= version
    assert exact.call("GET", "read/sync/Sync/SyncTimestamp").status_code == 400


# Items and prices


def test_post_answers_only_the_key_unless_preferred(exact: Exact) -> None:
    """A POST fills in the key only; with ``Prefer`` the whole record; the address is in Location (E67)."""
    body = {"Code": "A-1", "Description": "Eerste"}
    bare = exact.post("logistics/Items", body)
    assert bare.status_code == 201
    assert bare.json()["d"]["Code"] is None
    assert bare.headers["Location"].endswith(f"(guid'{bare.json()['d']['ID']}')")
    full = exact.post("logistics/Items", body | {"Code": "A-2"}, Prefer="return=representation").json()["d"]
    assert (full["Code"], full["Unit"], full["ItemGroupCode"]) == ("A-2", "pc      ", "701")


def test_put_changes_only_what_was_sent(exact: Exact) -> None:
    """PUT is partial, 204 without a body (E68); read-only properties are ignored (E70)."""
    before = exact.item(SKU)
    answer = exact.put(f"logistics/Items(guid'{before['ID']}')", {"Notes": "x", "Stock": 99, "StandardSalesPrice": 1})
    assert (answer.status_code, answer.text) == (204, "")
    after = exact.item(SKU)
    assert {name for name in before if before[name] != after[name]} == {
        "Notes",
        "Modified",
        "Modifier",
        "ModifierFullName",
    }


def test_put_answers_the_record_when_preferred(exact: Exact) -> None:
    """With ``Prefer`` a PUT answers the whole record (examples: items)."""
    headers = {"Prefer": "return=representation"}
    path = f"logistics/Items(guid'{exact.item(SKU)['ID']}')"
    answer = exact.call("PUT", path, json={"Notes": "y"}, headers=headers)
    assert (answer.status_code, answer.json()["d"]["Notes"], answer.json()["d"]["Code"]) == (200, "y", SKU)


def test_created_only_properties_are_ignored_on_put(exact: Exact) -> None:
    """The standard cost price is accepted on POST and ignored on PUT (meta)."""
    key = exact.new_item("KOST-1", CostPriceStandard=15.5)
    exact.put(f"logistics/Items(guid'{key}')", {"CostPriceStandard": 1})
    assert exact.item("KOST-1")["CostPriceStandard"] == 15.5


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        ({}, 500, "Verplicht: Code\r\nVerplicht: Omschrijving"),
        ({"Code": "B-1"}, 500, "Verplicht: Omschrijving"),
        ({"Code": SKU, "Description": "x"}, 500, "Gegeven bestaat reeds."),
        ({"Code": "B-1", "Description": "x", "SalesVatCode": "99"}, 500, "Ongeldige referentie: BTW-code"),
        ({"Code": "B-1", "Description": "x", "Unit": "doos"}, 500, "Ongeldige referentie: Eenheid"),
        ({"Code": "B-1", "Description": "x" * 61}, 500, "Omschrijving: Maximaal aantal tekens is 60"),
        ({"Code": "B-1", "Description": "x", "ExtraDescription": "x" * 256}, 500, None),
        ({"Code": "B" * 31, "Description": "x"}, 500, "Code: Maximaal aantal tekens is 30"),
        ({"Code": "B-1", "Description": "x", "Barcode": "ABC"}, 500, "Ongeldig: Barcode"),
        ({"Code": "B-1", "Description": "x", "Naam": "x"}, 400, None),
        ({"Code": "B-1", "Description": 5}, 400, None),
        ({"Code": "B-1", "Description": "x", "NetWeight": "zwaar"}, 400, None),
        ({"Code": "B-1", "Description": "x", "IsWebshopItem": 256}, 400, None),
        ({"Code": "B-1", "Description": "x", "ItemGroup": "701"}, 400, None),
        ({"Code": "B-1", "Description": "x", "EndDate": "31-12-2026"}, 400, None),
    ],
)
def test_items_that_are_refused(many: Exact, body: dict[str, Any], status: int, text: str | None) -> None:
    """Validation errors are 500 with Dutch lines (E76, E78), what cannot be read is 400; nothing is stored."""
    before = many.state()["version"]
    answer = many.post("logistics/Items", body)
    assert answer.status_code == status
    assert text is None or message(answer) == text
    assert many.state()["version"] == before


@pytest.mark.parametrize("length", [60, 255])
def test_texts_at_their_limit_are_taken(exact: Exact, length: int) -> None:
    """60 and 255 characters fit (E113)."""
    exact.new_item("C-1", **{"Description" if length == 60 else "ExtraDescription": "é" * length})


def test_long_texts_are_cut_by_switch(make: Callable[..., Exact]) -> None:
    """The other answer to open point 1: the end is cut off."""
    exact = make(long_texts="cut", code_length="none")
    exact.new_item("X" * 65, Description="y" * 61)
    assert exact.item("X" * 65)["Description"] == "y" * 60


def test_item_code_keeps_its_case(exact: Exact) -> None:
    """Codes keep their case and are not padded (E112)."""
    exact.new_item("Ab c")
    exact.new_item("AB C")
    assert exact.item("Ab c")["Code"] == "Ab c"


def test_new_item_has_a_price_of_nothing(exact: Exact) -> None:
    """Creating an item makes a price row of 0 (E124); a bare POST then is a duplicate, a PUT works (E126)."""
    key = exact.new_item("P-1")
    rows = exact.prices(key)
    assert [(row["Price"], row["Quantity"], row["Currency"], row["Account"]) for row in rows] == [(0, 1, "EUR", None)]
    answer = exact.post("logistics/SalesItemPrices", {"Item": key, "Price": 12.5})
    assert answer.status_code == 500
    assert message(answer) == "Moet zijn: Uniek - Artikel, Valuta, Eenheid, Aantal, Actief vanaf, Actief tot"
    assert exact.put(f"logistics/SalesItemPrices(guid'{rows[0]['ID']}')", {"Price": 12.5}).status_code == 204
    assert exact.item("P-1")["StandardSalesPrice"] == 12.5


def test_price_from_a_day_on(exact: Exact) -> None:
    """A change from a day on: the old row ends the day before, a new one begins; both are read back (E127)."""
    exact.set_clock(NOON)
    key = exact.item(SKU)["ID"]
    old = exact.prices(key)[0]
    price = old["Price"]
    exact.put(f"logistics/SalesItemPrices(guid'{old['ID']}')", {"EndDate": "2036-06-30"})
    body = {"Item": key, "Price": 13.25, "Currency": "EUR", "Unit": "pc", "Quantity": 1, "NumberOfItemsPerUnit": 1}
    assert exact.post("logistics/SalesItemPrices", body | {"StartDate": "2036-07-01"}).status_code == 201
    assert len(exact.prices(key)) == 2
    assert exact.item(SKU)["StandardSalesPrice"] == price
    exact.set_clock(NOON + timedelta(days=6))
    assert exact.item(SKU)["StandardSalesPrice"] == 13.25


@pytest.mark.parametrize(("precedence", "expected"), [("newest", 20), ("lowest", 10)])
def test_which_of_two_prices_wins(make: Callable[..., Exact], precedence: str, expected: int) -> None:
    """Open point 5: with two valid rows the newer one or the lower one is the standard price."""
    exact = make(price_precedence=precedence)
    key = exact.new_item("V-1")
    exact.put(
        f"logistics/SalesItemPrices(guid'{exact.prices(key)[0]['ID']}')", {"Price": 10, "StartDate": "2020-01-01"}
    )
    exact.post("logistics/SalesItemPrices", {"Item": key, "Price": 20, "StartDate": "2021-01-01"})
    assert exact.item("V-1")["StandardSalesPrice"] == expected


@pytest.mark.parametrize(("scale", "expected"), [("none", 1.23456), ("4", 1.2346), ("2", 1.23)])
def test_stored_scale_of_prices(make: Callable[..., Exact], scale: str, expected: float) -> None:
    """Open point 4: how many decimals of a price are kept is a switch."""
    exact = make(price_scale=scale)
    key = exact.new_item("S-1")
    exact.put(f"logistics/SalesItemPrices(guid'{exact.prices(key)[0]['ID']}')", {"Price": 1.23456})
    assert exact.prices(key)[0]["Price"] == expected


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"Unit": "doos"}, "Ongeldige referentie: Eenheid"),
        ({"Currency": "XXX"}, "Ongeldige referentie: Valuta"),
        ({"Account": "00000000-0000-0000-0000-000000000001"}, "Ongeldige referentie: Relatie"),
        ({"StartDate": "2026-02-01", "EndDate": "2026-01-01"}, "Ongeldig: Actief tot"),
        ({"Item": None}, "Verplicht: Artikel"),
        ({"Item": "00000000-0000-0000-0000-000000000001"}, "Ongeldige referentie: Artikel"),
    ],
)
def test_prices_that_are_refused(many: Exact, change: dict[str, Any], text: str) -> None:
    """References and days of a price row must be right."""
    body = {"Item": many.item(SKU)["ID"], "Price": 1, "Quantity": 7} | change
    assert message(many.post("logistics/SalesItemPrices", body)) == text


def test_price_agreement_of_a_customer(exact: Exact) -> None:
    """A row with an account does not change the general price (E123)."""
    item = exact.item(SKU)
    body = {"Item": item["ID"], "Price": 0.5, "Account": exact.customer(Name="Vaste klant")}
    assert exact.post("logistics/SalesItemPrices", body).status_code == 201
    assert exact.item(SKU)["StandardSalesPrice"] == item["StandardSalesPrice"]
    assert {row["AccountName"] for row in exact.prices(item["ID"])} == {None, "Vaste klant"}


def test_vat_codes_say_what_prices_include(many: Exact) -> None:
    """Type I includes VAT, E does not; the percentage is a fraction (E128)."""
    codes = {row["Code"].strip(): (row["Type"], row["Percentage"]) for row in many.rows("vat/VATCodes")}
    assert codes["4"] == ("I", 0.21)
    assert codes["2"] == ("I", 0.09)
    assert codes["1"] == ("E", 0.21)
    assert codes["0"] == ("B", 0)
    item = many.item(SKU)
    params = {"itemId": f"guid'{item['ID']}'"}
    price = many.call("GET", "read/logistics/SalesItemPrice", params=params).json()["d"][0]
    assert price["PriceIncludingVAT"] == item["StandardSalesPrice"]
    assert price["PriceExcludingVAT"] == pytest.approx(item["StandardSalesPrice"] / 1.21, abs=1e-6)


def test_items_with_transactions_stay(exact: Exact) -> None:
    """An item that was moved or ordered cannot be deleted (E119)."""
    answer = exact.call("DELETE", f"logistics/Items(guid'{exact.item(SKU)['ID']}')")
    assert answer.status_code == 500
    assert exact.item(SKU)


def test_reference_data_is_read_only(exact: Exact) -> None:
    """Groups, units, price lists and divisions cannot be made (E129, E164)."""
    for path in ("logistics/ItemGroups", "logistics/Units", "sales/SalesPriceLists", "system/Divisions"):
        assert exact.post(path, {"Code": "x", "Description": "x"}).status_code == 405


def test_other_bodies_are_refused(exact: Exact) -> None:
    """A body must be a JSON object and say so (E69)."""
    headers = {"Content-Type": "application/json"}
    for body in ("[]", "5", '"x"', "{", ""):
        assert exact.call("POST", "logistics/Items", data=body, headers=headers).status_code == 400
    assert exact.call("POST", "logistics/Items", data="Code=x").status_code == 415


# Accounts, contacts, addresses


def test_account_lines_are_its_visit_address(exact: Exact) -> None:
    """The account's own lines are its visit address, both ways (E145)."""
    key = exact.customer(AddressLine1="Kade 12", Postcode="3511 AB", City="Utrecht")
    rows = exact.rows("crm/Addresses", filter=f"Account eq guid'{key}'")
    assert [(row["Type"], row["Main"], row["AddressLine1"]) for row in rows] == [(1, True, "Kade 12")]
    exact.put(f"crm/Accounts(guid'{key}')", {"AddressLine1": "Kade 14"})
    address = exact.get(f"crm/Addresses(guid'{rows[0]['ID']}')").json()["d"]
    assert address["AddressLine1"] == "Kade 14"
    exact.put(f"crm/Addresses(guid'{rows[0]['ID']}')", {"City": "Gent"})
    assert exact.get(f"crm/Accounts(guid'{key}')").json()["d"]["City"] == "Gent"


def test_existing_address_is_returned(exact: Exact) -> None:
    """Posting an address that exists returns its ID (E146); one is main per type."""
    key = exact.customer()
    body = {"Account": key, "Type": 4, "AddressLine1": "Kade 1", "City": "Gent", "Country": "BE"}
    first = exact.post("crm/Addresses", body).json()["d"]["ID"]
    assert exact.post("crm/Addresses", body).json()["d"]["ID"] == first
    second = exact.post("crm/Addresses", body | {"AddressLine1": "Kade 2", "Main": True}).json()["d"]["ID"]
    assert second != first
    rows = exact.rows("crm/Addresses", filter=f"Account eq guid'{key}'")
    assert {row["ID"]: row["Main"] for row in rows} == {first: False, second: True}
    assert {row["Country"] for row in rows} == {"BE "}


def test_first_contact_is_the_main_contact(exact: Exact) -> None:
    """The first contact becomes main (E147); it needs an account and a name."""
    key = exact.customer()
    version = exact.state()["version"]
    body = {"Account": key, "FirstName": "Anna", "MiddleName": "van der", "LastName": "Meer", "Email": "a@example.com"}
    first = exact.post("crm/Contacts", body).json()["d"]["ID"]
    exact.post("crm/Contacts", body | {"FirstName": "Bram"})
    account = exact.get(f"crm/Accounts(guid'{key}')").json()["d"]
    contact = exact.get(f"crm/Contacts(guid'{first}')").json()["d"]
    assert account["MainContact"] == first
    assert (contact["IsMainContact"], contact["FullName"]) == (True, "Anna van der Meer")
    assert [row["ID"] for row in since(exact, "sync/CRM/Accounts", version)] == [key]
    assert message(exact.post("crm/Contacts", {"FirstName": "x"})) == "Verplicht: Relatie"
    assert exact.post("crm/Contacts", {"Account": key}).status_code == 500


def test_email_is_not_unique_codes_are(exact: Exact) -> None:
    """Five equal accounts can be made (E144); a code only once."""
    keys = {exact.customer(Email="same@example.com") for _ in range(5)}
    assert len(keys) == 5
    assert len(exact.rows("crm/Accounts", select="ID", filter="Email eq 'same@example.com'")) == 5
    exact.customer(Code="4242")
    assert exact.rows("crm/Accounts", select="Code", filter=f"Code eq '{'4242'.rjust(18)}'")
    assert message(exact.post("crm/Accounts", {"Name": "x", "Code": "4242"})) == "Gegeven bestaat reeds."


@pytest.mark.parametrize(
    ("number", "status"),
    [
        ("NL123456782B12", 201), ("BE0477472701", 201), ("BE 0477.472.701", 201), ("DE123456789", 201),
        ("NL123456783B12", 500), ("BE0477472702", 500), ("123", 500),
    ],
)  # fmt: skip
def test_vat_numbers_are_validated(exact: Exact, number: str, status: int) -> None:
    """A VAT number that fails its country's check is refused (meta)."""
    assert exact.post("crm/Accounts", {"Name": "Zaak", "VATNumber": number}).status_code == status


def test_account_needs_a_name(exact: Exact) -> None:
    """Only the name is mandatory (E143)."""
    assert message(exact.post("crm/Accounts", {"Status": "C"})) == "Verplicht: Naam"


def test_deleting_an_account_takes_its_parts_along(exact: Exact) -> None:
    """Contacts and addresses go with their account; one with orders stays."""
    key = exact.customer(City="Gent")
    exact.post("crm/Contacts", {"Account": key, "LastName": "x"})
    version = exact.state()["version"]
    assert exact.call("DELETE", f"crm/Accounts(guid'{key}')").status_code == 204
    kinds = {row["EntityType"] for row in since(exact, "sync/Deleted", version, "EntityType")}
    assert kinds == {2, 3, 5}
    buyer = exact.customer()
    assert place_order(exact, buyer, 1).status_code == 201
    assert exact.call("DELETE", f"crm/Accounts(guid'{buyer}')").status_code == 500


# Stock


def count(exact: Exact, line: dict[str, Any], status: int | None = 21, **more: Any) -> requests.Response:
    """Post a stock count of one line."""
    body = {"StockCountDate": "2026-06-25", "Warehouse": exact.warehouse(), "StockCountLines": [line]} | more
    return exact.post("inventory/StockCounts", body | ({"Status": status} if status else {}))


@pytest.mark.parametrize(
    ("quantities", "after"),
    [
        ({"QuantityDifference": -1}, lambda before: before - 1),
        ({"QuantityNew": 42}, lambda before: 42),
        ({"QuantityNew": 42, "QuantityDifference": 3}, lambda before: before + 3),
    ],
)
def test_processed_count_changes_stock(exact: Exact, quantities: dict[str, int], after: Callable[[int], int]) -> None:
    """A count processed at once changes the stock and renews the position; the difference wins (E94, E133, E134)."""
    before = exact.position(SKU)
    answer = count(exact, {"Item": before["ItemId"]} | quantities, Description="Mijn kenmerk 7")
    assert answer.status_code == 201
    assert answer.json()["d"]["Status"] == 21
    now = exact.position(SKU)
    assert now["CurrentStock"] == after(before["CurrentStock"])
    assert int(now["Timestamp"]) > int(before["Timestamp"])
    found = exact.rows("inventory/StockCounts", select="StockCountID", filter="Description eq 'Mijn kenmerk 7'")
    assert [row["StockCountID"] for row in found] == [answer.json()["d"]["StockCountID"]]
    lines = exact.rows("inventory/StockCountLines", filter=f"StockCountID eq guid'{found[0]['StockCountID']}'")
    assert lines[0]["QuantityInStock"] == before["CurrentStock"]
    assert lines[0]["QuantityNew"] == now["CurrentStock"]


def test_draft_count_and_processing(exact: Exact) -> None:
    """A draft changes nothing until it is processed, once; then it cannot be changed or deleted (E134)."""
    before = exact.position(SKU)
    key = count(exact, {"Item": before["ItemId"], "QuantityDifference": 2}, status=None).json()["d"]["StockCountID"]
    path = f"inventory/StockCounts(guid'{key}')"
    assert exact.position(SKU) == before
    assert exact.put(path, {"Description": "x", "Status": 21}).status_code == 204
    assert exact.get(path).json()["d"]["Status"] == 12
    line = {"StockCountID": key, "Item": before["ItemId"], "QuantityDifference": 1}
    added = exact.post("inventory/StockCountLines", line).json()["d"]["ID"]
    assert exact.put(f"inventory/StockCountLines(guid'{added}')", {"QuantityDifference": 5}).status_code == 204
    done = exact.post("inventory/ProcessStockCount", {"StockCountID": key})
    assert done.status_code == 201
    assert done.json()["d"]["ErrorMessage"] is None
    assert done.json()["d"]["SuccessMessage"]
    assert exact.position(SKU)["CurrentStock"] == before["CurrentStock"] + 7
    again = exact.post("inventory/ProcessStockCount", {"StockCountID": key}).json()["d"]
    assert again["ErrorMessage"]
    assert exact.put(path, {"Description": "y"}).status_code == 500
    assert exact.call("DELETE", path).status_code == 500
    assert exact.call("DELETE", f"inventory/StockCountLines(guid'{added}')").status_code == 500


def test_draft_can_be_deleted(exact: Exact) -> None:
    """A draft goes with its lines."""
    item = exact.item(SKU)["ID"]
    key = count(exact, {"Item": item, "QuantityDifference": 2}, status=None).json()["d"]["StockCountID"]
    assert exact.call("DELETE", f"inventory/StockCounts(guid'{key}')").status_code == 204
    assert exact.rows("inventory/StockCountLines") == []


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"StockCountLines": []}, "Verplicht: Regels"),
        ({"StockCountDate": None, "Warehouse": None}, "Verplicht: Teldatum\r\nVerplicht: Magazijn"),
        ({"Warehouse": "00000000-0000-0000-0000-000000000001"}, "Ongeldige referentie: Magazijn"),
        ({"StockCountLines": [{"QuantityNew": 1}]}, "Verplicht: Artikel"),
        ({"Status": 20}, "Ongeldig: Status"),
    ],
)
def test_counts_that_are_refused(many: Exact, change: dict[str, Any], text: str) -> None:
    """Date, warehouse and lines are mandatory (E133)."""
    body = {"StockCountDate": "2026-06-25", "Warehouse": many.warehouse(), "Status": 21}
    body |= {"StockCountLines": [{"Item": many.item(SKU)["ID"], "QuantityNew": 1}]} | change
    assert message(many.post("inventory/StockCounts", body)) == text


def test_count_of_fractions_and_services(exact: Exact) -> None:
    """Pieces have no halves, services no stock, serial items want their numbers (E137)."""
    item = exact.item(SKU)["ID"]
    assert message(count(exact, {"Item": item, "QuantityDifference": 0.5})) == "Ongeldig: Aantal"
    assert message(count(exact, {"Item": item})) == "Verplicht: Aantal"
    service = exact.new_item("DIENST", IsStockItem=False)
    assert message(count(exact, {"Item": service, "QuantityDifference": 1})) == "Ongeldig: Artikel"
    serial = exact.new_item("SERIE", IsSerialItem=True)
    assert message(count(exact, {"Item": serial, "QuantityDifference": 1})) == "Verplicht: Serienummers"
    loose = exact.new_item("KILO", Unit="kg", IsFractionAllowedItem=True)
    assert count(exact, {"Item": loose, "QuantityDifference": 0.5}).status_code == 201


def test_first_count_of_an_item_makes_its_position(exact: Exact) -> None:
    """An item without movements has no position; a count makes it and links the warehouse (E141)."""
    key = exact.new_item("NIEUW-1")
    version = exact.state()["version"]
    other = exact.warehouse("3")
    assert count(exact, {"Item": key, "QuantityDifference": 4}, Warehouse=other).status_code == 201
    rows = since(exact, "sync/Inventory/StockPositions", version, "ItemId,CurrentStock,WarehouseCode")
    assert [(row["ItemId"], row["CurrentStock"], row["WarehouseCode"]) for row in rows] == [(key, 4, "3")]
    links = exact.rows("inventory/ItemWarehouses", filter=f"Item eq guid'{key}'")
    assert {row["WarehouseCode"]: row["CurrentStock"] for row in links} == {"1": 0, "3": 4}
    assert exact.item("NIEUW-1")["Stock"] == 4
    body = {"Item": key, "Warehouse": other}
    assert message(exact.post("inventory/ItemWarehouses", body)) == "Gegeven bestaat reeds."
    assert exact.post("inventory/ItemWarehouses", body | {"Warehouse": exact.warehouse("2")}).status_code == 201


def test_largest_count_by_switch(make: Callable[..., Exact]) -> None:
    """Open point 11: a count can have a largest number of lines."""
    exact = make(count_lines="1")
    line = {"Item": exact.item(SKU)["ID"], "QuantityDifference": 1}
    assert count(exact, line).status_code == 201
    assert count(exact, line, StockCountLines=[line, line]).status_code == 500


@pytest.mark.parametrize(("position", "renewed"), [("off", 0), ("on", 1)])
def test_movement_and_item_row_version(make: Callable[..., Exact], position: str, renewed: int) -> None:
    """Open point 12: whether a movement renews the item's row, too."""
    exact = make(stock_renews_item=position)
    version = exact.state()["version"]
    count(exact, {"Item": exact.item(SKU)["ID"], "QuantityDifference": 1})
    assert len(since(exact, "sync/Logistics/Items", version)) == renewed


@pytest.mark.parametrize(("formula", "free"), [("planned", -3), ("reserved", 0)])
def test_free_stock_formula(make: Callable[..., Exact], formula: str, free: int) -> None:
    """Open point 8: FreeStock is without what orders claim, or without what is reserved for them."""
    exact = make(free_stock=formula)
    before = exact.position(SKU)
    place_order(exact, exact.customer(), 3)
    assert exact.position(SKU)["FreeStock"] - before["FreeStock"] == free


def test_storage_locations_by_switch(make: Callable[..., Exact]) -> None:
    """A warehouse with storage locations wants one per line (E136)."""
    exact = make(storage_locations="on")
    line = {"Item": exact.item(SKU)["ID"], "QuantityDifference": 1}
    assert exact.rows("inventory/Warehouses", filter="Code eq '1'")[0]["UseStorageLocations"] == 1
    assert message(count(exact, line)) == "Verplicht: Locatie"
    shelf = exact.rows("inventory/StorageLocations")[0]["ID"]
    assert count(exact, line | {"StorageLocation": shelf}).status_code == 201
    assert exact.edit("stock", sku=SKU, location="1", difference=1)["on_hand"]


def test_stock_by_the_function(exact: Exact) -> None:
    """The function adds up all warehouses (E131)."""
    item = exact.item(SKU)
    params = {"itemId": f"guid'{item['ID']}'"}
    rows = exact.call("GET", "read/logistics/StockPosition", params=params).json()["d"]
    assert rows[0]["InStock"] == item["Stock"]
    assert exact.call("GET", "read/logistics/StockPosition", params={"itemId": "guid'x'"}).status_code == 400


# Orders, deliveries, invoices


def place_order(exact: Exact, buyer: str, quantity: float, **more: Any) -> requests.Response:
    """An order of one line."""
    lines = [{"Item": exact.item(SKU)["ID"], "Quantity": quantity, "NetPrice": 10}]
    return exact.post("salesorder/SalesOrders", {"OrderedBy": buyer, "SalesOrderLines": lines} | more)


def order_lines(exact: Exact, order: str) -> list[dict[str, Any]]:
    """The lines of an order."""
    return exact.rows("salesorder/SalesOrderLines", filter=f"OrderID eq guid'{order}'", orderby="LineNumber")


def deliver(exact: Exact, line: str, quantity: float) -> requests.Response:
    """Deliver pieces of an order line."""
    lines = [{"SalesOrderLineID": line, "QuantityDelivered": quantity}]
    return exact.post("salesorder/GoodsDeliveries", {"DeliveryDate": "2026-06-26", "GoodsDeliveryLines": lines})


def test_order_claims_stock(exact: Exact) -> None:
    """An order is planned out and renews the position; CurrentStock stays (E94, E132, E151)."""
    before = exact.position(SKU)
    version = exact.state()["version"]
    order = place_order(exact, exact.customer(), 3, YourRef="000000900").json()["d"]
    now = exact.position(SKU)
    assert (now["CurrentStock"], now["PlanningOut"]) == (before["CurrentStock"], before["PlanningOut"] + 3)
    headers = since(exact, "sync/SalesOrder/SalesOrderHeaders", version, "ID,OrderID,YourRef,Status")
    assert [(row["ID"], row["OrderID"], row["YourRef"], row["Status"]) for row in headers] == [
        (order["OrderID"], order["OrderID"], "000000900", 12)
    ]
    lines = since(exact, "sync/SalesOrder/SalesOrderLines", version, "ID,OrderID,Quantity,QuantityDelivered,Status")
    assert [(row["OrderID"], row["Quantity"], row["QuantityDelivered"]) for row in lines] == [(order["OrderID"], 3, 0)]
    found = exact.rows("salesorder/SalesOrders", select="OrderID", filter="YourRef eq '000000900'")
    assert [row["OrderID"] for row in found] == [order["OrderID"]]


def test_partial_and_complete_delivery(exact: Exact) -> None:
    """Deliveries lower stock and claims and move the statuses 12, 20, 21 (E157, E158, E159)."""
    before = exact.position(SKU)
    order = place_order(exact, exact.customer(), 3).json()["d"]["OrderID"]
    line = order_lines(exact, order)[0]["ID"]
    version = exact.state()["version"]
    first = deliver(exact, line, 1)
    assert first.status_code == 201
    now = exact.position(SKU)
    assert now["CurrentStock"] == before["CurrentStock"] - 1
    assert now["PlanningOut"] == before["PlanningOut"] + 2
    assert exact.get(f"salesorder/SalesOrders(guid'{order}')").json()["d"]["Status"] == 20
    names = "ID,EntryID,SalesOrderLineID,SalesOrderNumber,QuantityDelivered,ItemCode"
    rows = since(exact, "sync/SalesOrder/GoodsDeliveryLines", version, names)
    assert [(row["SalesOrderLineID"], row["QuantityDelivered"], row["ItemCode"]) for row in rows] == [(line, 1, SKU)]
    heads = since(exact, "sync/SalesOrder/GoodsDeliveries", version, "EntryID,DeliveryNumber")
    assert [row["EntryID"] for row in heads] == [first.json()["d"]["EntryID"]]
    assert deliver(exact, line, 3).status_code == 500
    assert deliver(exact, line, 2).status_code == 201
    final = exact.get(f"salesorder/SalesOrders(guid'{order}')").json()["d"]
    assert (final["Status"], final["DeliveryStatus"]) == (21, 21)
    assert exact.position(SKU)["PlanningOut"] == before["PlanningOut"]
    assert exact.put(f"salesorder/SalesOrders(guid'{order}')", {"Description": "x"}).status_code == 500
    assert exact.call("DELETE", f"salesorder/SalesOrders(guid'{order}')").status_code == 500


def test_deliveries_have_no_delete_and_no_lone_lines(exact: Exact) -> None:
    """Deliveries cannot be deleted, lines not posted alone; the tracking number can be set (E158)."""
    order = place_order(exact, exact.customer(), 1).json()["d"]["OrderID"]
    line = order_lines(exact, order)[0]["ID"]
    delivery = deliver(exact, line, 1).json()["d"]["EntryID"]
    path = f"salesorder/GoodsDeliveries(guid'{delivery}')"
    assert exact.call("DELETE", path).status_code == 405
    body = {"SalesOrderLineID": line, "QuantityDelivered": 1}
    assert exact.post("salesorder/GoodsDeliveryLines", body).status_code == 500
    assert exact.put(path, {"TrackingNumber": "3SABC", "DeliveryDate": "2020-01-01"}).status_code == 204
    read = exact.get(path).json()["d"]
    assert (read["TrackingNumber"], read["DeliveryDate"]) == ("3SABC", "/Date(1782432000000)/")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"OrderedBy": None}, "Verplicht: Factuur voor\r\nVerplicht: Besteld door"),
        ({"SalesOrderLines": []}, "Verplicht: Verkooporderregels"),
        ({"SalesOrderLines": [{"Quantity": 1}]}, "Verplicht: Artikel"),
        ({"OrderedBy": "00000000-0000-0000-0000-000000000001"}, "Ongeldige referentie: Factuur voor"),
        ({"WarehouseID": "00000000-0000-0000-0000-000000000001"}, "Ongeldige referentie: Magazijn"),
    ],
)
def test_orders_that_are_refused(exact: Exact, change: dict[str, Any], text: str) -> None:
    """Customer and lines are mandatory (E151), references must exist; nothing is stored."""
    buyer = exact.customer()
    before = exact.state()["version"]
    assert message(place_order(exact, buyer, 1, **change)) == text
    assert exact.state()["version"] == before


def test_order_of_no_customer(exact: Exact, examples: Callable[[str, str], Any]) -> None:
    """An account that is no customer cannot order (E143)."""
    expected = examples("errors", "account is not a customer")["response"]["body"]["error"]["message"]["value"]
    assert message(place_order(exact, exact.customer(Status="P"), 1)) == expected


def test_order_numbers_are_unique(exact: Exact, examples: Callable[[str, str], Any]) -> None:
    """A number given by the shop can be used once (E78, E156)."""
    buyer = exact.customer()
    assert place_order(exact, buyer, 1, OrderNumber=900001).json()["d"]["OrderNumber"] == 900001
    expected = examples("errors", "duplicate order number")["response"]["body"]["error"]["message"]["value"]
    assert message(place_order(exact, buyer, 1, OrderNumber=900001)) == expected


def test_changed_and_deleted_orders_free_their_claims(exact: Exact) -> None:
    """Claims follow the lines, the warehouse, and the deletion of an order."""
    before = exact.position(SKU)["PlanningOut"]
    order = place_order(exact, exact.customer(), 3).json()["d"]["OrderID"]
    line = order_lines(exact, order)[0]["ID"]
    exact.put(f"salesorder/SalesOrderLines(guid'{line}')", {"Quantity": 5})
    assert exact.position(SKU)["PlanningOut"] == before + 5
    exact.put(f"salesorder/SalesOrders(guid'{order}')", {"WarehouseID": exact.warehouse("3")})
    assert exact.position(SKU)["PlanningOut"] == before
    assert exact.position(SKU, "3")["PlanningOut"] == 5
    version = exact.state()["version"]
    assert exact.call("DELETE", f"salesorder/SalesOrders(guid'{order}')").status_code == 204
    assert exact.position(SKU, "3")["PlanningOut"] == 0
    kinds = [row["EntityType"] for row in since(exact, "sync/Deleted", version, "EntityType")]
    assert sorted(kinds) == [32, 33]


def test_line_prices_and_vat(exact: Exact) -> None:
    """Only a net price leaves the unit price 0; VAT is inside or on top by the line's code (E128, E153, E154)."""
    item = exact.item(SKU)["ID"]
    lines = [
        {"Item": item, "Quantity": 2, "NetPrice": 12.1},
        {"Item": item, "Quantity": 1, "NetPrice": 10, "VATCode": "1"},
        {"Item": item, "Quantity": 1, "UnitPrice": 10, "Discount": 0.1},
        {"Item": item},
    ]
    body = {"OrderedBy": exact.customer(), "SalesOrderLines": lines}
    order = exact.post("salesorder/SalesOrders", body).json()["d"]
    first, second, third, fourth = order_lines(exact, order["OrderID"])
    assert (first["UnitPrice"], first["AmountFC"], first["VATAmount"], first["VATCode"]) == (0, 24.2, 4.2, "4")
    assert (second["AmountFC"], second["VATAmount"]) == (10, 2.1)
    assert (third["NetPrice"], third["AmountFC"]) == (9, 9)
    assert fourth["NetPrice"] == exact.item(SKU)["StandardSalesPrice"]
    assert fourth["Quantity"] == 1


def test_direct_invoice_moves_goods_when_printed(exact: Exact) -> None:
    """A direct invoice lowers stock when it is processed; then it cannot be changed (E160)."""
    before = exact.position(SKU)
    line = {"Item": before["ItemId"], "Quantity": 2}
    body = {"OrderedBy": exact.customer(), "Type": 8023, "Journal": "KASSA", "SalesInvoiceLines": [line]}
    key = exact.post("salesinvoice/SalesInvoices", body).json()["d"]["InvoiceID"]
    assert exact.position(SKU) == before
    printed = exact.post("salesinvoice/PrintedSalesInvoices", {"InvoiceID": key})
    assert printed.status_code == 201
    assert exact.position(SKU)["CurrentStock"] == before["CurrentStock"] - 2
    path = f"salesinvoice/SalesInvoices(guid'{key}')"
    read = exact.get(path).json()["d"]
    assert (read["Status"], read["Journal"], read["InvoiceNumber"] is None) == (50, "KASSA", False)
    assert exact.put(path, {"Description": "x"}).status_code == 500
    assert exact.call("DELETE", path).status_code == 500
    back = exact.post("salesinvoice/SalesInvoices", body | {"Type": 8024}).json()["d"]["InvoiceID"]
    exact.post("salesinvoice/PrintedSalesInvoices", {"InvoiceID": back})
    assert exact.position(SKU)["CurrentStock"] == before["CurrentStock"]


def test_sync_invoices_mix_headers_and_lines(exact: Exact) -> None:
    """The sync list of invoices has a header row with line 0 and a row per line (E95)."""
    version = exact.state()["version"]
    booked = exact.edit("book_till", journal="KASSA", lines=[{"sku": SKU, "quantity": 2}], reference="Z-17")
    names = "ID,InvoiceID,LineNumber,Journal,Item,ItemCode,Quantity,Status,Type,YourRef,Warehouse"
    rows = since(exact, "sync/SalesInvoice/SalesInvoices", version, names)
    by_line = {row["LineNumber"]: row for row in rows}
    assert set(by_line) == {0, 1}
    assert all(row["InvoiceID"] == booked["id"] and row["Journal"] == "KASSA" for row in rows)
    assert by_line[0]["ID"] == booked["id"]
    assert by_line[0]["Item"] is None
    assert (by_line[1]["ItemCode"], by_line[1]["Quantity"], by_line[1]["YourRef"]) == (SKU, 2, "Z-17")


# Edits


def test_edit_product_and_price(exact: Exact) -> None:
    """The staff changes a product and a price; the modifier is another user than the API's (E111)."""
    version = exact.state()["version"]
    exact.edit("product", sku=SKU, set={"Description": "Anders", "EndDate": "2026-12-31"})
    row = exact.item(SKU)
    assert row["Description"] == "Anders"
    assert row["ModifierFullName"] == "Jane Doe"
    answer = exact.edit("price", sku=SKU, amount=17.95)
    assert exact.item(SKU)["StandardSalesPrice"] == 17.95
    assert [one["ID"] for one in since(exact, "sync/Logistics/SalesItemPrices", version)] == [answer["id"]]
    tier = exact.edit("price", sku=SKU, amount=15, min_qty=6)
    again = exact.edit("price", sku=SKU, amount=14, min_qty=6)
    assert tier["id"] == again["id"]
    exact.edit("price", sku=SKU, amount=9, starts="2099-01-01", ends="2099-01-31")
    quantities = sorted((one["Quantity"], one["Price"]) for one in exact.prices(row["ID"]))
    assert quantities == [(1, 9), (1, 17.95), (6, 14)]


def test_edit_dealers_price(exact: Exact) -> None:
    """The staff changes the dealers' list, which the API can only read (E129)."""
    version = exact.state()["version"]
    made = exact.edit("price", sku=SKU, amount=9.5, list="dealers")
    changed = exact.edit("price", sku=SKU, amount=9.25, list="dealers")
    rows = since(exact, "sync/Sales/SalesPriceListVolumeDiscounts", version, "ID,NewPrice,ItemCode")
    assert [(row["ID"], row["NewPrice"], row["ItemCode"]) for row in rows] == [(made["id"], 9.25, SKU)]
    assert changed["id"] == made["id"]


def test_edit_create_and_delete_product(exact: Exact) -> None:
    """The staff makes a product with a price, and takes it away."""
    answer = exact.edit("create_product", Code="HAND-1", Description="Met de hand", price=5.5, SalesVatCode="2")
    assert exact.item("HAND-1")["StandardSalesPrice"] == 5.5
    assert exact.edit("delete_product", sku="HAND-1") == {"id": answer["id"]}
    assert exact.rows("logistics/Items", select="ID", filter="Code eq 'HAND-1'") == []


def test_edit_stock_and_sale(exact: Exact) -> None:
    """The staff counts and sells; places go by the chain's words or the warehouse's code."""
    assert exact.edit("stock", sku=SKU, location="gent", quantity=9)["on_hand"] == 9
    assert exact.edit("stock", sku=SKU, location="3", difference=-2)["on_hand"] == 7
    sold = exact.edit("sale", sku=SKU, quantity=3, location="gent")
    assert sold["on_hand"] == 4
    assert exact.position(SKU, "3")["CurrentStock"] == 4
    row = exact.get(f"salesinvoice/SalesInvoices(guid'{sold['id']}')").json()["d"]
    assert (row["Type"], row["Status"], row["Journal"]) == (8023, 50, "70")


def test_edit_orders(exact: Exact) -> None:
    """The staff imports a web order, delivers it in parts, types another one in and cancels it."""
    before = exact.position(SKU)
    made = exact.edit("import_order", reference="000000777", lines=[{"sku": SKU, "quantity": 3}], location="1")
    assert exact.position(SKU)["PlanningOut"] == before["PlanningOut"] + 3
    part = exact.edit("deliver", reference="000000777", lines=[{"sku": SKU, "quantity": 1}])
    assert (part["order"], part["status"]) == (made["id"], 20)
    assert exact.edit("ship", order="000000777")["status"] == 21
    assert exact.position(SKU)["CurrentStock"] == before["CurrentStock"] - 3
    mail = exact.state()["crm/Accounts"][0]["Email"]
    other = exact.edit("order", lines=[{"sku": SKU, "quantity": 2}], customer=mail)
    assert exact.position(SKU)["PlanningOut"] == before["PlanningOut"] + 2
    assert exact.edit("cancel", order=other["id"])["status"] == 45
    assert exact.position(SKU)["PlanningOut"] == before["PlanningOut"]


def test_edit_customers(exact: Exact) -> None:
    """The staff makes, changes and deletes a customer with contact and delivery address."""
    made = exact.edit(
        "create_customer", Name="Anna Bakker", Email="Anna@Example.com", City="Gent", Country="BE",
        contact={"FirstName": "Anna", "LastName": "Bakker"},
    )  # fmt: skip
    exact.edit(
        "customer", email="anna@example.com",
        set={"City": "Brugge", "contact": {"Mobile": "0470"}, "delivery": {"AddressLine1": "Kade 3", "City": "Gent"}},
    )  # fmt: skip
    account = exact.get(f"crm/Accounts(guid'{made['id']}')").json()["d"]
    assert (account["City"], account["Status"]) == ("Brugge", "C")
    assert exact.get(f"crm/Contacts(guid'{made['contact']}')").json()["d"]["Mobile"] == "0470"
    rows = exact.rows("crm/Addresses", filter=f"Account eq guid'{made['id']}'")
    assert {row["Type"]: row["City"] for row in rows} == {1: "Brugge", 4: "Gent"}
    exact.edit("delete_customer", id=made["id"])
    assert exact.get(f"crm/Accounts(guid'{made['id']}')").status_code == 404


@pytest.mark.parametrize(
    "given",
    [
        {"do": "dance"}, {"do": "product", "sku": "nothing", "set": {}},
        {"do": "sale", "sku": SKU, "location": "parijs"},
        {"do": "deliver", "reference": "x"}, {"do": "delete_customer", "email": "x@example.com"},
        {"do": "delete_product", "sku": SKU}, {"do": "price", "sku": SKU},
        {"do": "price", "sku": SKU, "amount": "veel"}, {"do": "create_product", "Code": "x"},
    ],
)  # fmt: skip
def test_edits_that_nobody_could_make(exact: Exact, given: dict[str, Any]) -> None:
    """An edit that a user could not make is refused with the reason."""
    answer = requests.post(f"{exact.url}/_sandbox/edit", json=given, timeout=10)
    assert answer.status_code == 422
    assert answer.json()["error"]


@pytest.mark.parametrize(("name", "value"), [("licance", "on"), ("licence", "maybe"), ("price_scale", "two")])
def test_settings_are_checked(name: str, value: str) -> None:
    """A switch that does not exist, or a position it does not have, is an error."""
    with pytest.raises(ValueError, match=name):
        build(Options(settings={name: value}, **SMALL))


# Seeds


def test_seed_shows_the_chain(many: Exact) -> None:
    """The demo chain is there: items, prices, promotions, tiers, stock per warehouse, orders with their reference."""
    state = many.state()
    assert len(state["logistics/Items"]) == 115
    quantities = [row["Quantity"] for row in state["logistics/SalesItemPrices"]]
    assert {1, 5, 10} <= set(quantities)
    assert any(row["EndDate"] for row in state["logistics/SalesItemPrices"] if "EndDate" in row)
    assert {row["Code"] for row in state["inventory/Warehouses"]} == {"1", "2", "3", "4"}
    references = {row["YourRef"] for row in state["salesorder/SalesOrders"]}
    assert references == {"000000101", "000000103", "D-2026-017"}
    assert len(state["crm/Accounts"]) == 57


def test_same_seed_same_ids() -> None:
    """The same seed gives the same ids and credentials, another seed others."""
    one, two, other = (build(Options(seed=seed, **SMALL)) for seed in (1, 1, 2))
    assert one.credentials == two.credentials
    assert one.credentials != other.credentials


def test_seeded_names_and_the_infix(make: Callable[..., Exact]) -> None:
    """Open point 3: the infix is in its own field, or part of the last name."""
    apart = {row["FullName"]: row["MiddleName"] for row in make().rows("crm/Contacts")}
    joined = {row["FullName"]: row["MiddleName"] for row in make(infix="LastName").rows("crm/Contacts")}
    assert set(apart) == set(joined)
    assert any(apart.values())
    assert not any(joined.values())


def test_dealers_price_list_of_the_tests_profile() -> None:
    """Dealers' prices are read-only volume discounts whose new price leads (E129)."""
    exact = Exact(build(Options(profile="tests", products=300, customers=60, limits=False)))
    lists = exact.rows("sales/SalesPriceLists")
    assert [row["Code"] for row in lists] == ["DEALERS"]
    rows = exact.rows("sync/Sales/SalesPriceListVolumeDiscounts", select="Timestamp,EntryMethod,NewPrice,PriceListCode")
    assert len(rows) == 18
    assert all(row["EntryMethod"] == 2 and row["NewPrice"] > 0 for row in rows)
    accounts = exact.rows("crm/Accounts", select="ID,PriceList", filter="PriceList ne null")
    linked = exact.rows("sales/SalesPriceListLinkedAccounts")
    assert len(accounts) == len(linked) > 0
    assert {row["PriceList"] for row in accounts} == {lists[0]["ID"]}
    exact.stand.close()


def test_excluded_prices_have_an_exclusive_code() -> None:
    """Products priced without VAT bear a code of type E, so the price means what it says (E128)."""
    exact = Exact(build(Options(profile="tests", products=300, customers=10, limits=False)))
    codes = {row["Code"].strip(): row["Type"] for row in exact.rows("vat/VATCodes")}
    kinds = {
        codes.get((row["SalesVatCode"] or "").strip()) for row in exact.rows("logistics/Items", select="SalesVatCode")
    }
    assert {"I", "E", "B"} <= kinds
    exact.stand.close()


def test_state_is_exact(exact: Exact) -> None:
    """The control interface shows amounts as they are."""
    exact.edit("price", sku=SKU, amount=17.95)
    text = requests.get(f"{exact.url}/_sandbox/state", timeout=10).text
    prices = json.loads(text, parse_float=Decimal)["logistics/SalesItemPrices"]
    assert Decimal("17.95") in [row["Price"] for row in prices]


def test_line_that_is_printed(exact: Exact) -> None:
    """What a client must know is in the line that is printed when the stand-in is ready."""
    assert exact.line["adapter"] == "exact_online"
    assert exact.line["control"] == f"{exact.url}/_sandbox/"
    names = {"division", "client_id", "client_secret", "redirect_uri", "refresh_token", "url", "adapter", "control"}
    assert set(exact.line) == names
