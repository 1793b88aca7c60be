"""Clients that others wrote for the real systems, against the stand-ins over real HTTP.

They know nothing of this project, so what they cannot do here is what a stand-in gets wrong. ``exactonline`` brings
Exact's OAuth and its REST calls, ``m2-sdk`` a Magento bearer, ``requests-oauthlib`` OAuth 1.0a. Of Lightspeed
X-Series there is no client that can be pointed at an address of one's own (docs/adr/0009).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from exactonline import http as exact_http
from exactonline.api import ExactApi
from exactonline.exceptions import ObjectDoesNotExist
from exactonline.resource import DELETE, GET, POST, PUT
from exactonline.storage.ini import IniStorage
from m2_sdk import APIError, AuthError, AuthManager, M2Client, M2Config
from m2_sdk.services import InventoryService, ProductService
from requests_oauthlib import OAuth1Session

from sandbox.exact_online import build as build_exact
from sandbox.magento2 import build as build_magento
from sandbox.stand import Options, Stand

DIVISION = 1000001
NOBODY = "00000000-0000-0000-0000-000000000001"
#: More than two pages of 60, and of the 25 that the shop is asked for at a time.
MANY = {"products": 130, "customers": 130, "limits": False}


def advance(stand: Stand, seconds: int) -> None:
    """Let that much time pass in a stand-in."""
    assert requests.post(f"{stand.url}/_sandbox/clock", json={"advance_s": seconds}, timeout=10).ok


# --- Exact Online


@pytest.fixture(scope="module")
def division() -> Iterator[Stand]:
    """A division with more customers than fit on two pages."""
    stand = build_exact(Options(**MANY))
    stand.start()
    yield stand
    stand.close()


@pytest.fixture
def exact(division: Stand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ExactApi:
    """The client as its manual sets it up, logged in through the consent page.

    Its addresses come from its file; that it insists on https is its own option, loosened for loopback.
    """
    monkeypatch.setattr(exact_http.opt_secure, "protocols", ("http",))
    line = division.announce()
    kept = tmp_path / "exact.ini"
    kept.write_text(
        f"[server]\nauth_url = {division.url}/api/oauth2/auth\nrest_url = {division.url}/api\n"
        f"token_url = {division.url}/api/oauth2/token\n"
        f"[application]\nbase_url = {line['redirect_uri']}\n"
        f"client_id = {line['client_id']}\nclient_secret = {line['client_secret']}\n"
    )
    api = ExactApi(storage=IniStorage(str(kept)))
    consent = requests.get(api.create_auth_request_url(), allow_redirects=False, timeout=10)
    api.request_token(parse_qs(urlsplit(consent.headers["Location"]).query)["code"][0])
    _, current = api.get_divisions()
    api.set_division(current)
    return api


def test_exact_tells_its_divisions(exact: ExactApi) -> None:
    """The client finds the division in which it works among those that it may choose from."""
    assert ({DIVISION: "Voorbeeldketen BV"}, DIVISION) == exact.get_divisions()


def test_exact_pages_through_a_list(exact: ExactApi, division: Stand) -> None:
    """The client follows every next-link: each relation once, and none is missing."""
    ids = [relation["ID"] for relation in exact.relations.all()]
    assert len(ids) > 120
    assert sorted(accounts_of(division)) == sorted(ids)


def accounts_of(stand: Stand) -> dict[str, Any]:
    """All accounts as the stand-in holds them, by id."""
    state = requests.get(f"{stand.url}/_sandbox/state", timeout=20).json()
    return {row["ID"]: row for row in state["crm/Accounts"]}


def test_exact_filters_by_its_padded_code(exact: ExactApi) -> None:
    """A relation is found by the number that people use, which the client pads as Exact stores it."""
    wanted = exact.relations.filter(top=1, orderby="Name desc")[0]
    assert [wanted["ID"]] == [one["ID"] for one in exact.relations.filter(relation_code=wanted["Code"].strip())]


def test_exact_creates_reads_updates_and_deletes(exact: ExactApi) -> None:
    """A relation lives its whole life by the calls of the client's manager."""
    made = exact.relations.create({"Name": "Brouwerij De Hoop", "City": "Utrecht", "Status": "C"})["ID"]
    exact.relations.update(made, {"City": "Gent", "Postcode": "9000"})
    read = exact.relations.get(filter=f"ID eq guid'{made}'", select="Name,City,Postcode,Status")
    assert ("Brouwerij De Hoop", "Gent", "9000", "C") == tuple(read[n] for n in ("Name", "City", "Postcode", "Status"))
    exact.relations.delete(made)
    with pytest.raises(ObjectDoesNotExist):
        exact.relations.get(filter=f"ID eq guid'{made}'")


def test_exact_keeps_items_and_their_prices(exact: ExactApi) -> None:
    """Items and price rows, for which the client has no manager, go through its plain REST calls."""
    made = exact.restv1(POST("logistics/Items", {"Code": "HOOP-1", "Description": "Bier", "IsSalesItem": True}))["ID"]
    asked = f"logistics/SalesItemPrices?$filter=Item+eq+guid'{made}'&$select=ID,Price,Unit"
    first = exact.restv1(GET(asked))[0]
    exact.restv1(PUT(f"logistics/SalesItemPrices(guid'{first['ID']}')", {"Price": 2.75}))
    dozen = {"Item": made, "Price": 2.5, "Quantity": 12, "Currency": "EUR", "Unit": first["Unit"]}
    tier = exact.restv1(POST("logistics/SalesItemPrices", dozen))["ID"]
    assert {2.5, 2.75} == {row["Price"] for row in exact.restv1(GET(asked))}
    exact.restv1(DELETE(f"logistics/SalesItemPrices(guid'{tier}')"))
    assert [(first["ID"], 2.75)] == [(row["ID"], row["Price"]) for row in exact.restv1(GET(asked))]


def test_exact_says_what_is_wrong(exact: ExactApi) -> None:
    """A refused value, a record that is not there: the client raises with Exact's own words."""
    with pytest.raises(exact_http.HTTPError) as refused:
        exact.relations.create({"City": "Nergens"})
    assert (500, True) == (refused.value.code, b"Naam" in refused.value.response)
    with pytest.raises(exact_http.HTTPError) as absent:
        exact.relations.update(NOBODY, {"City": "Nergens"})
    assert 404 == absent.value.code


def test_exact_renews_what_has_expired(exact: ExactApi, division: Stand) -> None:
    """After ten minutes the client gets a 401, renews its pair once, and repeats the call; the old pair is spent."""
    spent, access = exact.storage.get_refresh_token(), exact.storage.get_access_token()
    advance(division, 601)
    assert [] != exact.relations.filter(top=1)
    assert access != exact.storage.get_access_token()
    exact.storage.set_refresh_token(spent)
    with pytest.raises(exact_http.HTTPError) as refused:
        exact.refresh_token()
    assert (400, True) == (refused.value.code, b"Old refresh token used" in refused.value.response)


def test_exact_states_its_limits_as_the_client_reads_them(
    exact: ExactApi, division: Stand, caplog: pytest.LogCaptureFixture
) -> None:
    """The headers of the budgets pass the client's own checks: milliseconds, counts, nothing unexpected."""
    with caplog.at_level(logging.WARNING, logger=exact_http.__name__):
        exact.relations.filter(top=1)
    assert [] == caplog.messages
    assert exact.limiter._reset_times


# --- Magento 2


@pytest.fixture(scope="module")
def store() -> Iterator[Stand]:
    """A shop with more products and customers than fit on two pages of the clients."""
    stand = build_magento(Options(**MANY))
    stand.start()
    yield stand
    stand.close()


def client_of(stand: Stand, **login: str) -> Iterator[M2Client]:
    """The client as its manual sets it up; what is refused is not asked for again after a pause."""
    config = M2Config(api_url=f"{stand.url}/rest/V1", max_retries=0, **login)
    with M2Client(config, AuthManager(config)) as client:
        yield client


@pytest.fixture
def shop(store: Stand) -> Iterator[M2Client]:
    """The client with the token of an integration."""
    yield from client_of(store, api_key=store.credentials["bearer"])


@pytest.fixture
def admin(store: Stand) -> Iterator[M2Client]:
    """The client with the name and password of a person, for which it fetches a token."""
    name, _, password = store.credentials["admin"].partition(":")
    yield from client_of(store, username=name, password=password)


@pytest.fixture
def signing(store: Stand) -> Iterator[OAuth1Session]:
    """A client that signs each call with the four secrets of an integration."""
    keys = store.credentials
    with OAuth1Session(
        keys["consumer_key"], keys["consumer_secret"], keys["access_token"], keys["access_token_secret"],
        signature_method="HMAC-SHA256",
    ) as session:  # fmt: skip
        yield session


def skus_of(stand: Stand) -> list[str]:
    """All SKUs as the stand-in holds them."""
    state = requests.get(f"{stand.url}/_sandbox/state", timeout=20).json()
    return sorted(row["sku"] for row in state["products"])


def test_magento_pages_through_the_catalogue(shop: M2Client, store: Stand) -> None:
    """The client reads page after page until it has the total: each product once, and none is missing."""
    pages = list(shop.products.sort_by("entity_id").iter_pages(page_size=25))
    assert len(pages) > 2
    assert skus_of(store) == sorted(row["sku"] for page in pages for row in page["items"])


def test_magento_filters_and_sorts(shop: M2Client, store: Stand) -> None:
    """A condition, an order and a page size of the client's builder are followed."""
    first = skus_of(store)[0]
    assert [first] == [row["sku"] for row in shop.products.where("sku", "==", first).get()["items"]]
    dear = shop.products.where("price", ">=", "50").sort_by("price", "desc").limit(5).get()["items"]
    prices = [row["price"] for row in dear]
    assert (5, sorted(prices, reverse=True)) == (len(prices), prices)
    assert min(prices) >= 50


def test_magento_creates_reads_updates_and_deletes(shop: M2Client) -> None:
    """A product with a slash, a blank and a plus in its SKU lives its whole life by the client's service."""
    products, sku = ProductService(shop), "HOOP/1 +L"
    made = products.create({"sku": sku, "name": "Bier", "attribute_set_id": 4, "price": 2.5, "type_id": "simple"})
    assert sku == made["sku"]
    products.update_price(sku, 2.75)
    products.update_status(sku, 2)
    read = products.get_by_sku(sku)
    assert read is not None
    assert ("Bier", 2.75, 2) == (read["name"], read["price"], read["status"])
    assert products.delete_by_sku(sku)
    assert products.get_by_sku(sku) is None


def test_magento_keeps_stock_per_source(shop: M2Client, store: Stand) -> None:
    """The client finds the sources without any criteria, as the shop allows, and writes a source item."""
    inventory, sku = InventoryService(shop), skus_of(store)[0]
    source = inventory.get_sources()[-1]["source_code"]
    inventory.update_source_item(sku, source, qty=7)
    rows = shop.inventory.source_items.where("sku", "==", sku).get()["items"]
    assert [7] == [row["quantity"] for row in rows if row["source_code"] == source]
    assert 1 < len(inventory.get_stocks())


def test_magento_lets_a_person_log_in(admin: M2Client, store: Stand) -> None:
    """The client fetches a token for a name and a password; after its hours the token is refused."""
    assert 1 == len(admin.products.limit(1).get()["items"])
    advance(store, 5 * 3600)
    with pytest.raises(AuthError):
        admin.products.limit(1).get()


def test_magento_says_what_is_wrong(shop: M2Client, store: Stand) -> None:
    """A refused value, a missing record, a wrong token: the client raises with the shop's own status and words."""
    with pytest.raises(APIError) as refused:
        shop.products.post({"product": {"sku": "HOOP-2", "attribute_set_id": 4}})
    assert 400 == refused.value.status_code
    with pytest.raises(APIError, match="doesn't exist") as absent:
        shop.products(sku="HOOP-3").get()
    assert 404 == absent.value.status_code
    for stranger in client_of(store, api_key="nobody", username="nobody", password="nothing"):
        with pytest.raises(AuthError):
            stranger.products.limit(1).get()


def test_magento_takes_a_signed_call(signing: OAuth1Session, store: Stand) -> None:
    """Customers are paged through, made, changed and deleted by calls that an OAuth library signed."""
    address = f"{store.url}/rest/V1/customers"
    person = {"email": "hoop@example.com", "firstname": "Els", "lastname": "Hoop", "website_id": 1}
    made = signing.post(address, json={"customer": person}, timeout=20)
    assert 200 == made.status_code, made.text
    at = f"{address}/{made.json()['id']}"
    assert "Ans" == signing.put(at, json={"customer": person | {"firstname": "Ans"}}, timeout=20).json()["firstname"]
    pages = [signing.get(f"{address}/search", params=page_of(number), timeout=20).json() for number in (1, 2, 3)]
    emails = [row["email"] for page in pages for row in page["items"]]
    assert 75 == len(set(emails)) == len(emails)
    assert signing.delete(at, timeout=20).json() is True
    assert 404 == signing.get(at, timeout=20).status_code


def page_of(number: int) -> dict[str, str]:
    """Search criteria of one page of 25, by id."""
    return {
        "searchCriteria[sortOrders][0][field]": "entity_id",
        "searchCriteria[sortOrders][0][direction]": "ASC",
        "searchCriteria[pageSize]": "25",
        "searchCriteria[currentPage]": str(number),
    }


def test_magento_refuses_a_wrong_signature(store: Stand) -> None:
    """A call signed with another secret is not let in."""
    keys = store.credentials
    with OAuth1Session(
        keys["consumer_key"], "another", keys["access_token"], keys["access_token_secret"],
        signature_method="HMAC-SHA256",
    ) as session:  # fmt: skip
        assert 401 == session.get(f"{store.url}/rest/V1/customers/1", timeout=20).status_code
