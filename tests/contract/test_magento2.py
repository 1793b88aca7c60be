"""The Magento adapter against its stand-in, over HTTP: what it reads, what it writes, and what it does on a bad day."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from pydantic import ValidationError

from adapters.magento2 import Adapter, prices
from adapters.magento2.api import Found, started
from adapters.magento2.customers import addresses
from adapters.magento2.errors import complaint
from adapters.magento2.facts import claims_of, hand_overs_of, order_of
from adapters.magento2.oauth1 import base_uri, natural
from adapters.magento2.shapes import nested, same, url_key
from connector.contract import (
    Channel,
    Credentials,
    Finding,
    Limit,
    Opening,
    Page,
    Row,
    RowResult,
    Write,
)
from connector.errors import (
    AuthFailed,
    ChannelError,
    ContractBroken,
    Gone,
    RateLimited,
    Rejected,
    Transient,
)
from connector.mapping.context import Context
from connector.mapping.load import load_mapping
from connector.model.entity import Entity, Key, PriceList, code_key
from connector.transport import Answer, Call
from sandbox.magento2 import build
from sandbox.stand import Options as StandOptions

SOURCES = ("wh_utr", "st_utr", "st_gent", "st_antw")
PRODUCT, CUSTOMER, PRICE, STOCK = Entity.PRODUCT, Entity.CUSTOMER, Entity.PRICE, Entity.STOCK


@dataclass
class Purse:
    """A budget without limits that notes what it was asked."""

    spent: list[str] = field(default_factory=list)
    calls: int = 100_000

    def spend(self, purpose: str, calls: int = 1) -> None:
        if len(self.spent) + calls > self.calls:
            raise RateLimited("the budget is spent", until=datetime.now(UTC) + timedelta(hours=1))
        self.spent += [purpose] * calls

    def learn(self, limits: Sequence[Limit]) -> None:
        raise AssertionError("this system states no limits")


class NoTokens:
    """An integration has no rotating tokens."""

    def load(self) -> Credentials | None:
        raise AssertionError("no tokens are kept for this system")

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        raise AssertionError("no tokens are kept for this system")
        yield

    def save(self, credentials: Credentials) -> None:
        raise AssertionError("no tokens are kept for this system")


class Shop:
    """One stand-in, its control interface, and channels on it. Waiting moves its clock and ours alike."""

    def __init__(self, products: int = 12, customers: int = 8, **settings: str) -> None:
        self.stand = build(StandOptions(profile="tests", products=products, customers=customers, settings=settings))
        self.stand.start()
        self.info = self.stand.announce()
        self.purse = Purse()
        self.ahead = timedelta(0)
        self._tokens = 0

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def sleep(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)
        self.stand.clock.advance(seconds)

    def control(self, path: str, body: Any = None, method: str = "POST") -> Any:
        answer = requests.request(method, self.info["control"] + path, json=body, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def edit(self, do: str, **change: Any) -> Any:
        return self.control("edit", {"do": do, **change})

    def fault(self, kind: str, path: str, **more: Any) -> None:
        self.control("faults", {"fault": kind, "path": path, **more})

    def calls(self) -> list[dict[str, Any]]:
        """The calls since the last time, oldest first."""
        log = self.control("calls", method="GET")["log"]
        self.control("calls", method="DELETE")
        return list(log)

    def state(self) -> Any:
        return self.control("state", method="GET")

    def skus(self) -> list[str]:
        return [str(product["sku"]) for product in self.state()["products"]]

    def opening(self, settings: Mapping[str, Any] | None = None, **options: Any) -> Opening:
        mapping = load_mapping("magento2", dict(settings or {}))
        given = {"base_url": self.info["url"], "token": self.info["bearer"]} | options
        return Opening(
            channel="webshop",
            options=Adapter.Options(**given),
            settings=mapping.settings,
            names={entity: one.native_names for entity, one in mapping.entities.items()},
            locations=SOURCES,
            lists=("base", "Dealers"),
            tokens=NoTokens(),
            budget=self.purse,
            now=self.now,
            sleep=self.sleep,
        )

    def channel(self, settings: Mapping[str, Any] | None = None, **options: Any) -> Channel:
        return Adapter.open(self.opening(settings, **options))

    def token(self) -> str:
        self._tokens += 1
        return f"t{self._tokens}"

    def create(self, fields: Mapping[str, Any], **more: Any) -> Write:
        return Write(self.token(), "create", "", fields, **more)

    def update(self, row: Row, fields: Mapping[str, Any], **more: Any) -> Write:
        return Write(self.token(), "update", row.external_id, fields, **{"before": row.native} | more)

    def dependent(self, product: Row, fields: Mapping[str, Any], place: str, **more: Any) -> Write:
        """A write of a price or a stock figure that does not exist yet."""
        return self.create(fields, parent_id=product.external_id, parent=product.native, place=place, **more)


@pytest.fixture
def shop() -> Iterator[Shop]:
    one = Shop()
    yield one
    one.stand.close()


@pytest.fixture(scope="module")
def _standing() -> Iterator[Shop]:
    one = Shop()
    yield one
    one.stand.close()


@pytest.fixture
def still(_standing: Shop) -> Iterator[Shop]:
    """One shop for all tests that only read: faults, calls and clocks are put back."""
    _standing.purse = Purse()
    _standing.calls()
    yield _standing
    _standing.control("faults", method="DELETE")
    _standing.stand.clock.advance(-_standing.stand.clock.offset_s)
    _standing.ahead = timedelta(0)


@contextmanager
def shop_with(**how: Any) -> Iterator[Shop]:
    one = Shop(**how)
    try:
        yield one
    finally:
        one.stand.close()


def rows_of(pages: Iterator[Page]) -> list[Row]:
    """All rows of a reading; only its last page may say that it is complete."""
    read = list(pages)
    assert [False] * (len(read) - 1) + [True] == [page.complete for page in read]
    return [row for page in read for row in page.rows]


def product(channel: Channel, sku: str) -> Row:
    key = Key("sku", code_key(sku))
    (row,) = channel.find(PRODUCT, [key])[key]
    return row


def dependents(channel: Channel, entity: Entity, of: Row) -> dict[str, Row]:
    """The prices or figures of a product, by id without the product's."""
    rows = channel.find_of(entity, [of.external_id])[of.external_id]
    return {row.external_id.partition("/")[2]: row for row in rows}


def errors(results: Sequence[RowResult]) -> list[str]:
    """What each row came to, by the names that the engine knows; "NoneType" is confirmed."""
    return [kind_of(result.error) for result in results]


def kind_of(error: Exception | None) -> str:
    kinds = (kind for kind in type(error).__mro__ if kind.__module__ == "connector.errors")
    return next((kind.__name__ for kind in kinds), "NoneType")


NEW = {"attribute_set_id": 4, "type_id": "simple", "visibility": 4, "price": 0, "status": 1}
ADDRESS = {
    "street": ["Kade 12"],
    "postcode": "3511 AB",
    "city": "Utrecht",
    "country_id": "NL",
    "telephone": "0301234567",
    "firstname": "Jan",
    "lastname": "de Vries",
}
PERSON = {"firstname": "Jan", "lastname": "de Vries", "email": "jan.devries@example.com"}


def address(head: str, **changes: Any) -> dict[str, Any]:
    return {f"{head}.{name}": value for name, value in (ADDRESS | changes).items()}


# --- access


OAUTH = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")


def oauth(shop: Shop) -> dict[str, Any]:
    return {"token": None} | {name: shop.info[name] for name in OAUTH}


@pytest.mark.parametrize("signed", [False, True], ids=["bearer", "OAuth 1.0a"])
def test_everything_can_be_read_and_written_by_either_way_in(shop: Shop, signed: bool) -> None:
    """Bearer token and OAuth signature open the same routes, also with odd SKUs and many filters."""
    channel = shop.channel(**oauth(shop) if signed else {}, page_size=5)
    skus = ["A/B+C&D, E", "Q\"U'OTE", "Ünï 50%", "HASH#1?", "x,y"]
    made = channel.write(PRODUCT, [shop.create(NEW | {"sku": sku, "name": sku}) for sku in skus])
    found = channel.find(PRODUCT, [Key("sku", code_key(sku)) for sku in [*skus, *(f"no,{n}" for n in range(12))]])
    changed = channel.write(PRODUCT, [shop.update(product(channel, sku), {"name": f"{sku}!"}) for sku in skus])
    assert ["NoneType"] * 10 == errors([*made, *changed])
    assert [1] * 5 + [0] * 12 == [len(rows) for rows in found.values()]
    assert [f"{sku}!" for sku in skus] == [product(channel, sku).native["name"] for sku in skus]


def test_a_repeated_call_is_signed_with_a_new_nonce(still: Shop) -> None:
    """A nonce is taken once, so a call that is made again after a fault still gets in."""
    still.fault("cut_after", "/V1/products", times=2)
    assert still.state()["products"][0]["id"] == int(
        rows_of(still.channel(**oauth(still)).changes(PRODUCT, None))[0].external_id
    )


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("https://shop.example/rest/V1/products/A%2FB%2BC%26D%2CE", "https://shop.example/rest/V1/products/A/B+C&D,E"),
        (
            "https://shop.example/V1/A%20B%25C%23D%3FE%22F%27G%C3%84",
            "https://shop.example/V1/A%20B%25C%23D%3FE%22F%27G%C3%84",
        ),
        ("http://shop.example:8080/V1/x?y=1", "http://shop.example:8080/V1/x"),
        ("https://shop.example:443/V1/x", "https://shop.example/V1/x"),
    ],
)
def test_the_base_string_decodes_four_signs_of_the_path(uri: str, expected: str) -> None:
    """The signed address is the one the shop reckons with: four encodings decoded, the others kept."""
    assert expected == base_uri(uri)


def test_the_base_string_sorts_numbers_as_numbers() -> None:
    """Filter group 10 comes after 9, as the shop sorts, not before 2 as the RFC does."""
    names = [f"searchCriteria%5BfilterGroups%5D%5B{n}%5D" for n in range(12)]
    assert names == [name for name, _ in sorted(((name, "") for name in reversed(names)), key=natural)]


def test_signatures_match_the_contract_recordings(contracts: Path) -> None:
    """Each recorded path is signed the way that the shop took, never the way that it refused."""
    recorded = json.loads((contracts / "magento2/recordings/auth_5_oauth_signing_rules.json").read_text())
    paths = [one for one in recorded["exchanges"] if "left encoded in the base string" in one["title"]]
    kept = {one["request"]["path"]: one["response"]["status"] != 401 for one in paths}
    assert len(kept) >= 10
    assert kept == {path: base_uri(f"https://shop.example.test{path}").endswith(path) for path in kept}


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({}, "give either token"),
        (
            {
                "token": "t",
                "consumer_key": "k",
                "consumer_secret": "s",
                "access_token": "a",
                "access_token_secret": "b",
            },
            "either",
        ),
        ({"consumer_key": "k"}, "give either token"),
        ({"token": "t", "base_url": "shop.example"}, "give the shop's address"),
        ({"token": "t", "base_url": "https://me:pw@shop.example"}, "leave user and password out"),
        ({"token": "t", "page_size": 1000}, "less than or equal to 300"),
        ({"token": "t", "pagesize": 10}, "pagesize"),
    ],
)
def test_options_are_checked(given: dict[str, Any], complaint: str) -> None:
    """What cannot work is refused before anything is called, and secrets do not show."""
    with pytest.raises(ValidationError, match=complaint):
        Adapter.Options(**{"base_url": "https://shop.example"} | given)
    assert "geheim" not in repr(Adapter.Options(base_url="https://shop.example/", token="geheim"))


def test_a_refused_token_pauses_the_channel(still: Shop) -> None:
    """A wrong token is AuthFailed at once, without a second try, and names where to look."""
    with pytest.raises(AuthFailed, match=r"Magento_Catalog::products.*its token is refused"):
        list(still.channel(token="wrong").changes(PRODUCT, None))
    assert 1 == len(still.purse.spent)


def test_a_missing_permission_is_named(still: Shop) -> None:
    """The shop has no 403: the resource in its 401 says what the integration lacks."""
    with pytest.raises(AuthFailed, match=r"no access to Magento_InventorySalesApi::stock"):
        still.channel(token=still.info["restricted"]).facts(None)


def test_there_is_no_consent_page(still: Shop) -> None:
    """An integration's values are copied; there is nothing to agree to."""
    assert Adapter.authorize_url(still.opening()) is None
    with pytest.raises(Rejected, match="no consent page"):
        Adapter.authorize(still.opening(), "code")


# --- products, read


def test_a_product_is_shown_as_its_mapping_reads_it(still: Shop) -> None:
    """Labels, category paths, stock settings and UTC dates; the mapping writes nothing back."""
    channel = still.channel()
    row = next(row for row in rows_of(channel.changes(PRODUCT, None)) if row.native["categories"])
    mapping = load_mapping("magento2").entities[PRODUCT]
    assert row.address == code_key(row.native["sku"])
    assert row.modified_at is not None
    assert row.modified_at.tzinfo is UTC
    assert set(row.native["extension_attributes"]["stock_item"]) >= {"manage_stock", "is_qty_decimal"}
    assert {"sku", "name", "extension_attributes.stock_item.manage_stock", "categories"} <= mapping.native_names


def test_only_what_changed_is_delivered_again(shop: Shop) -> None:
    """After the first reading the feed holds what was edited since, by the server's clock (row 8)."""
    channel = shop.channel()
    (*_, last) = channel.changes(PRODUCT, None)
    shop.sleep(300)
    edited = shop.skus()[3]
    shop.edit("product", sku=edited, set={"name": "Ander woord"})
    rows = rows_of(channel.changes(PRODUCT, last.cursor))
    assert [code_key(edited)] == [row.address for row in rows]


def test_a_cursor_is_inclusive_and_overlapped(shop: Shop) -> None:
    """An edit in the very second of the cursor, or committed a moment late, is delivered (row 8)."""
    channel = shop.channel()
    shop.sleep(3600)
    (*_, last) = channel.changes(PRODUCT, None)
    shop.edit("product", sku=shop.skus()[0], set={"name": "In dezelfde seconde"})
    shop.sleep(30)
    (*_, later) = channel.changes(PRODUCT, last.cursor)
    assert 1 == len(rows_of(channel.changes(PRODUCT, last.cursor)))
    assert 1 == len(rows_of(channel.changes(PRODUCT, later.cursor)))


def test_the_cursor_is_the_servers_time_when_the_reading_began(still: Shop) -> None:
    """A shop whose clock is a day ahead is asked in its own time (row 8)."""
    still.stand.clock.advance(86400)
    (*_, last) = still.channel().changes(PRODUCT, None)
    taken = datetime.fromisoformat(f"{last.cursor}+00:00")
    assert timedelta(hours=23) < taken - still.now() < timedelta(hours=25)


@pytest.mark.parametrize("entity", [PRODUCT, CUSTOMER])
def test_pages_are_walked_by_id(still: Shop, entity: Entity) -> None:
    """Each record comes once, in the order of ids, and only the last page is the end (row 9)."""
    rows = rows_of(still.channel(page_size=4).sweep(entity))
    ids = [int(row.external_id) for row in rows]
    assert sorted(set(ids)) == ids
    expected = [one for one in still.state()[f"{entity}s"] if entity is PRODUCT or one["website_id"] == 1]
    assert [one["id"] for one in expected] == ids


def test_rows_that_change_while_pages_are_read_are_not_lost(shop: Shop) -> None:
    """An edit between two pages moves nothing out of the pages to come, as page numbers would (row 9)."""
    pages = shop.channel(page_size=4).sweep(PRODUCT)
    first = next(pages)
    shop.edit("product", sku=first.rows[0].native["sku"], set={"name": "Verplaatst"})
    shop.edit("delete_product", sku=first.rows[1].native["sku"])
    rest = [row.external_id for page in pages for row in page.rows]
    before = [str(one["id"]) for one in shop.state()["products"]][3:]
    assert before == rest


@pytest.mark.parametrize("kind", ["repeat_page", "truncate_page"])
@pytest.mark.parametrize("entity", [PRODUCT, CUSTOMER, STOCK])
def test_a_listing_that_cannot_be_right_is_no_end(still: Shop, kind: str, entity: Entity) -> None:
    """A page that comes again, or that is shorter than the server's count says, stops the lane (rows 9, 10)."""
    path = {PRODUCT: "/V1/products", CUSTOMER: "/customers/search", STOCK: "/source-items"}[entity]
    still.fault(kind, path, skip=1, times=None)
    with pytest.raises(ContractBroken):
        rows_of(still.channel(page_size=3).sweep(entity))


def test_more_rows_than_the_server_counts_are_no_end(still: Shop) -> None:
    """A total that its own page gives the lie says nothing of where the list ends (row 10)."""
    two = [{"id": 1, "sku": "a"}, {"id": 2, "sku": "b"}]
    still.fault("status", "/V1/products", status=200, body={"items": two, "total_count": 1})
    with pytest.raises(ContractBroken):
        rows_of(still.channel().sweep(PRODUCT))


def test_sources_of_one_product_may_stand_on_two_pages(still: Shop) -> None:
    """The next page begins with the product that the last one ended with: no source of it is left out (row 10)."""
    whole = [row.external_id for row in rows_of(still.channel().sweep(STOCK))]
    assert whole == [row.external_id for row in rows_of(still.channel(page_size=6).sweep(STOCK))]


def test_a_cursor_begins_with_the_call_and_not_with_its_answer() -> None:
    """By the server's clock: what is changed there while it answers comes with the next reading (row 8)."""
    began = datetime(2026, 3, 1, 12, tzinfo=UTC)
    answer = Answer(Call("GET", "/", "product"), 200, {}, b"", began, server_at=began + timedelta(seconds=40))
    assert "2026-03-01 12:00:10" == started(Found([], 0, answer), now=began + timedelta(seconds=30))


def test_a_limit_on_rows_per_page_is_found_out() -> None:
    """A shop that allows fewer rows per page gets smaller pages, and nothing is left out (row 10)."""
    with shop_with(products=20, maximum_page_size="7", default_page_size="3") as shop:
        channel = shop.channel()
        assert [one["id"] for one in shop.state()["products"]] == [
            int(r.external_id) for r in rows_of(channel.sweep(PRODUCT))
        ]
        sizes = [dict(parse_qsl(urlsplit(call["path"]).query)).get("searchCriteria[pageSize]") for call in shop.calls()]
    assert ["300", "7", "7", "7"] == [size for size in sizes if size in ("300", "7")][:4]


def test_a_read_costs_few_calls(still: Shop) -> None:
    """A hundred products by id or SKU are one call, and what a product's stock settings are is asked once (row 17)."""
    channel = still.channel()
    ids = [row.external_id for row in rows_of(channel.sweep(PRODUCT))]
    still.calls()
    assert ids == [row.external_id for row in channel.read(PRODUCT, [*ids, "99999"])]
    assert 1 == len(still.calls())


def test_twins_are_both_shown() -> None:
    """A SKU that exists several times is found as often as it exists, so that a person decides (row 12)."""
    with shop_with(products=60) as full:
        by_key = Counter(code_key(sku) for sku in full.skus())
        found = full.channel().find(PRODUCT, [Key("sku", key) for key in by_key])
    assert by_key == {key.text: len(rows) for key, rows in found.items()}
    assert 4 in by_key.values()


def test_a_sku_is_found_without_case_and_blanks(shop: Shop) -> None:
    """The canonical key finds what is stored in another spelling, and nothing with other zeros (row 12)."""
    channel = shop.channel()
    channel.write(PRODUCT, [shop.create(NEW | {"sku": "0047-Ab", "name": "Nul"})])
    found = channel.find(PRODUCT, [Key("sku", "0047-ab"), Key("sku", "47-ab")])
    assert [1, 0] == [len(rows) for rows in found.values()]


def test_what_store_views_show_otherwise_is_read_and_written(shop: Shop, tmp_path: Path) -> None:
    """A translated name is written to its view alone; the default value and the other views keep theirs (row 20)."""
    mapping = tmp_path / "own.toml"
    mapping.write_text(
        'format = 1\nextends = "magento2"\n[product.fields]\n"name.fr" = { remote = "views.fr.name", part = "views" }\n'
    )
    opening = shop.opening()
    names = load_mapping(mapping).entities[PRODUCT].native_names
    channel = Adapter.open(Opening(**{**vars(opening), "names": {**opening.names, PRODUCT: names}}))
    sku = shop.skus()[0]
    before = product(channel, sku)
    shop.calls()
    result = channel.write(PRODUCT, [shop.update(before, {"views.fr.name": "Pull en laine"}, part="views")])
    sent = [call for call in shop.calls() if call["method"] == "PUT"]
    after = product(channel, sku)
    assert ["NoneType"] == errors(result)
    assert ["/rest/fr/V1/products/" in call["path"] for call in sent] == [True]
    assert {"fr": {"name": "Pull en laine"}} == after.native["views"]
    assert before.native["name"] == after.native["name"]
    undone = channel.write(PRODUCT, [shop.update(after, {"views.fr.name": None}, part="views")])
    assert (["NoneType"], {"fr": {}}) == (errors(undone), product(channel, sku).native["views"])


@pytest.mark.parametrize("entity", list(Entity))
def test_writing_back_what_was_just_read_changes_nothing(still: Shop, entity: Entity) -> None:
    """The shapes that are handed over are those that the shipped mapping reads: get-put, for every record (row 4)."""
    classes = {"standard": "2", "intermediate": "3", "reduced": "4", "zero": "5", "exempt": "6"}
    lens = load_mapping("magento2", {"tax_classes": classes}).entities[entity]
    where = PriceList("retail", "EUR", "included", 2, {})
    context = Context(date(2026, 11, 22), "Europe/Amsterdam", list=where, vat_class="standard")
    owed: list[str] = []
    for row in rows_of(still.channel().sweep(entity)):
        picked = lens.pick(row.native, row.part)
        owed += lens.put(lens.get(picked, context, row.part).values, picked, context, part=row.part).fields
    assert [] == owed


# --- products, written


def test_a_new_product_gets_what_the_shop_needs(shop: Shop) -> None:
    """Our website alone, a URL key of its own even where the name is taken, and options made from labels."""
    channel = shop.channel()
    taken = shop.state()["products"][0]["name"]
    fields = NEW | {
        "sku": "NW-1/é",
        "name": taken,
        "custom_attributes.manufacturer": "Nieuw Merk",
        "weight": Decimal("1.5"),
    }
    results = channel.write(PRODUCT, [shop.create(fields), shop.create(fields | {"sku": "NW-1-E"})])
    assert ["NoneType", "NoneType"] == errors(results)
    stored = product(channel, "NW-1/É")
    assert results[0].external_id == stored.external_id
    assert [1] == stored.native["extension_attributes"]["website_ids"]
    assert "Nieuw Merk" == stored.native["custom_attributes"]["manufacturer"]
    labels = next(one for one in shop.state()["attributes"] if one["attribute_code"] == "manufacturer")["options"]
    assert 1 == [option["label"] for option in labels].count("Nieuw Merk")


def test_a_create_that_timed_out_after_it_happened_makes_no_twin(shop: Shop) -> None:
    """The lost answer leaves the write in doubt; looked up it is there, and a second create is refused (row 5)."""
    channel = shop.channel()
    write = shop.create(NEW | {"sku": "ONCE-1", "name": "Een keer"})
    shop.fault("cut_after", "/V1/products", method="POST")
    assert ["AmbiguousWrite"] == errors(channel.write(PRODUCT, [write]))
    assert "Een keer" == product(channel, "ONCE-1").native["name"]
    assert ["Stale"] == errors(channel.write(PRODUCT, [write]))
    assert 1 == shop.skus().count("ONCE-1")


def test_a_create_does_not_overwrite_a_stranger(shop: Shop) -> None:
    """The shop's create is an upsert without regard to case: what is there is looked for first (row 5)."""
    channel = shop.channel()
    before = shop.state()["products"][0]
    result = channel.write(PRODUCT, [shop.create(NEW | {"sku": before["sku"].lower(), "name": "Over u heen"})])
    assert (["Stale"], before) == (errors(result), shop.state()["products"][0])


def test_an_update_sends_the_difference_alone(shop: Shop) -> None:
    """What is not owed is not sent: no other attribute is touched in any scope, no date moves for nothing (row 20)."""
    channel = shop.channel()
    row = product(channel, shop.skus()[0])
    stored = shop.state()["products"][0]
    shop.sleep(60)
    results = channel.write(PRODUCT, [shop.update(row, {"name": "Nieuwe naam", "status": row.native["status"]})])
    after = shop.state()["products"][0]
    assert ["NoneType"] == errors(results)
    changed = {name for name in stored if stored[name] != after[name]}
    assert {"name", "updated_at"} == changed - {"extension_attributes"}  # the shop notes a low stock by itself
    assert ["/rest/all/" in call["path"] for call in shop.calls() if call["method"] == "PUT"] == [True]
    again = product(channel, row.native["sku"])
    shop.sleep(60)
    assert ["NoneType"] == errors(channel.write(PRODUCT, [shop.update(again, {"name": "Nieuwe naam"})]))
    assert after == shop.state()["products"][0]


def test_an_update_of_what_someone_else_changed_is_stale(shop: Shop) -> None:
    """A write says what it expects to replace; if that moved on, it is observed again, and the edit stands."""
    channel = shop.channel()
    row = product(channel, shop.skus()[0])
    shop.edit("product", sku=row.native["sku"], set={"name": "Van een mens"})
    results = channel.write(
        PRODUCT, [shop.update(row, {"name": "Van ons"}), shop.update(row, {"weight": Decimal("9")})]
    )
    assert ["Stale", "NoneType"] == errors(results)
    assert "Van een mens" == product(channel, row.native["sku"]).native["name"]


def test_an_update_follows_the_id_when_the_sku_was_given_to_another(shop: Shop) -> None:
    """A product is addressed by its id: one that is gone is Gone, whatever has its SKU now (row 25)."""
    channel = shop.channel()
    row = product(channel, shop.skus()[0])
    shop.edit("delete_product", sku=row.native["sku"])
    channel.write(PRODUCT, [shop.create(NEW | {"sku": row.native["sku"], "name": "Een ander"})])
    assert ["Gone"] == errors(channel.write(PRODUCT, [shop.update(row, {"name": "Van ons"})]))
    assert "Een ander" == product(channel, row.native["sku"]).native["name"]


ODD = ["A/B-1", "SP ACE 1", "50%-OFF", "PLUS+1", "HASH#1", "Q?A&B", "COM,MA", "BACK\\SL", "ÄÖÜ-ß-日本", "..", "100%25"]


@pytest.mark.parametrize("sku", ODD)
def test_any_sku_travels(shop: Shop, sku: str) -> None:
    """Created, found, updated, priced and stocked, whatever signs it has; never a twin (row 11)."""
    channel = shop.channel()
    made = channel.write(PRODUCT, [shop.create(NEW | {"sku": sku, "name": f"Artikel {sku}"})])
    row = product(channel, sku)
    updated = channel.write(PRODUCT, [shop.update(row, {"name": "Met é, ß en €"})])
    priced = channel.write(PRICE, [shop.dependent(row, {"price": Decimal("9.95")}, "base", part="base")])
    stocked = channel.write(STOCK, [shop.dependent(row, {"quantity": Decimal("3")}, "wh_utr")])
    assert ["NoneType"] * 4 == errors([*made, *updated, *priced, *stocked])
    assert ("Met é, ß en €", sku) == (product(channel, sku).native["name"], product(channel, sku).native["sku"])
    assert {"base": Decimal("9.95")} == {
        name: one.native["price"] for name, one in dependents(channel, PRICE, row).items()
    }
    assert {"wh_utr": 3} == {name: one.native["quantity"] for name, one in dependents(channel, STOCK, row).items()}
    assert 1 == shop.skus().count(sku)


@pytest.mark.parametrize(
    ("story", "fields", "lost"),
    [
        ("cut at 255", {"name": "n" * 300}, {"name": "stored otherwise"}),
        ("no four-byte signs", {"name": "Mok ☕😀"}, {"name": "stored otherwise"}),
        ("unknown attribute", {"custom_attributes.nope": "x"}, {"custom_attributes.nope": "unknown attribute"}),
        ("unknown category", {"categories": ["Nergens/Te vinden"]}, {"categories": "Nergens/Te vinden"}),
        ("required by the shop", {"name": ""}, {"name": None}),
        ("longer than 64", {"sku": "s" * 65}, {"sku": None}),
        ("blanks around it", {"sku": " s"}, {"sku": None}),
        ("a number that is none", {"weight": "zwaar"}, {"weight": None}),
        ("no such member", {"does_not_exist": "x"}, {"does_not_exist": None}),
    ],
)
def test_what_the_shop_drops_or_refuses_is_told_by_field(
    shop: Shop, story: str, fields: dict[str, Any], lost: dict[str, str | None]
) -> None:
    """Nothing is lost without a word: refused before, by the shop, or seen in what it stored (rows 14, 29)."""
    (result,) = shop.channel().write(PRODUCT, [shop.create(NEW | {"sku": "VERLIES-1", "name": "Iets"} | fields)])
    assert isinstance(result.error, Rejected), story
    told = {name: text for name, text in result.error.fields.items() if lost.get(name) is None or lost[name] == text}
    assert set(lost) == set(told)


def test_a_sku_is_never_renamed(shop: Shop) -> None:
    """The shop would ignore a new SKU and say nothing: it is refused with the remedy (row 25)."""
    channel = shop.channel()
    row = product(channel, shop.skus()[0])
    (result,) = channel.write(PRODUCT, [shop.update(row, {"sku": "ANDERS"})])
    assert isinstance(result.error, Rejected)
    assert {"sku": "the shop ignores a new SKU"} == result.error.fields
    assert Adapter.describe().entities[PRODUCT].renames is False


def test_categories_are_written_as_a_whole_by_path(shop: Shop) -> None:
    """Paths become links, positions stay, and an empty list takes the product out of all."""
    channel = shop.channel()
    row = next(row for row in rows_of(channel.sweep(PRODUCT)) if row.native["categories"])
    others = {path for one in rows_of(channel.sweep(PRODUCT)) for path in one.native["categories"]}
    wanted = sorted({*row.native["categories"], *others})[:2]
    assert ["NoneType"] == errors(channel.write(PRODUCT, [shop.update(row, {"categories": wanted})]))
    assert wanted == channel.read(PRODUCT, [row.external_id])[0].native["categories"]
    again = channel.read(PRODUCT, [row.external_id])[0]
    assert ["NoneType"] == errors(channel.write(PRODUCT, [shop.update(again, {"categories": []})]))
    assert [] == channel.read(PRODUCT, [row.external_id])[0].native["categories"]


def test_archiving_switches_a_product_off_and_deleting_removes_it(shop: Shop) -> None:
    """Archive is status 2; a deletion is only made when it is asked for by name (row 16)."""
    channel = shop.channel()
    one, other = rows_of(channel.sweep(PRODUCT))[:2]
    writes = [Write("a", "archive", one.external_id, {}), Write("d", "delete", other.external_id, {})]
    assert ["NoneType", "NoneType"] == errors(channel.write(PRODUCT, writes))
    assert [2] == [row.native["status"] for row in channel.read(PRODUCT, [one.external_id, other.external_id])]


def test_the_cost_goes_its_own_way(shop: Shop) -> None:
    """The purchase price is a call of its own, with its own receipt."""
    channel = shop.channel()
    row = product(channel, shop.skus()[0])
    write = shop.update(row, {"custom_attributes.cost": Decimal("3.5")}, part="cost")
    assert ["NoneType"] == errors(channel.write(PRODUCT, [write]))
    assert same("3.5", channel.read(PRODUCT, [row.external_id])[0].native["custom_attributes"]["cost"])


# --- asynchronous bulks


def renamed(shop: Shop, channel: Channel, count: int = 6) -> list[Write]:
    rows = rows_of(channel.sweep(PRODUCT))[:count]
    return [shop.update(row, {"name": f"Bulk {row.external_id} {shop.token()}"}) for row in rows]


def test_many_updates_go_as_one_bulk(shop: Shop) -> None:
    """A working queue takes them in one call; each is confirmed by what was stored (row 22)."""
    channel = shop.channel(bulk_from=3)
    writes = renamed(shop, channel)
    shop.calls()
    results = channel.write(PRODUCT, [*writes, Write("gone", "update", "99999", {"name": "x"})])
    made = [call["path"] for call in shop.calls() if call["method"] == "PUT"]
    assert {write.token: "NoneType" for write in writes} | {"gone": "Gone"} == {
        result.token: kind_of(result.error) for result in results
    }
    assert ["/rest/all/async/bulk/V1/products/bySku"] == made
    stored = channel.read(PRODUCT, [write.external_id for write in writes])
    assert [write.fields["name"] for write in writes] == [row.native["name"] for row in stored]


def test_many_new_products_go_as_one_bulk(shop: Shop) -> None:
    """A working queue makes them in one call; each has its own id, and one whose SKU is taken is left as it is."""
    channel = shop.channel(bulk_from=3)
    taken = product(channel, shop.skus()[0])
    writes = [shop.create({"sku": f"BULK-{number}", "name": f"BULK-{number}", **NEW}) for number in range(5)]
    twin = shop.create({"sku": taken.native["sku"].lower(), "name": "Twin", **NEW})
    shop.calls()
    results = {result.token: result for result in channel.write(PRODUCT, [*writes, twin])}
    made = [call["path"] for call in shop.calls() if call["method"] == "POST" and "products" in call["path"]]
    assert {write.token: "NoneType" for write in writes} | {twin.token: "Stale"} == {
        token: kind_of(result.error) for token, result in results.items()
    }
    assert 1 == len([path for path in made if path == "/rest/all/async/bulk/V1/products"])
    assert [] == [path for path in made if path == "/rest/all/V1/products"]
    assert {write.token: product(channel, f"BULK-{number}").external_id for number, write in enumerate(writes)} == {
        write.token: results[write.token].external_id for write in writes
    }


def test_a_bulk_that_is_refused_whole_is_made_singly(shop: Shop) -> None:
    """One body of the wrong type has the shop refuse all of them: the others are made all the same (row 14)."""
    channel = shop.channel(bulk_from=3)
    writes = [shop.create({"sku": f"WHOLE-{number}", "name": f"WHOLE-{number}", **NEW}) for number in range(4)]
    bad = shop.create({"sku": "WHOLE-BAD", "name": "Bad", "weight": "heavy", **NEW})
    results = {result.token: kind_of(result.error) for result in channel.write(PRODUCT, [*writes, bad])}
    assert {write.token: "NoneType" for write in writes} | {bad.token: "Rejected"} == results


def test_what_was_just_made_is_met_without_a_call_of_its_own(shop: Shop) -> None:
    """How the stock of a new product is managed was answered with it, and is not asked for when the list has it."""
    channel = shop.channel()
    channel.write(
        PRODUCT, [shop.create({"sku": f"OURS-{number}", "name": f"OURS-{number}", **NEW}) for number in range(3)]
    )
    shop.calls()
    rows = channel.read(PRODUCT, [product(channel, f"OURS-{number}").external_id for number in range(3)])
    assert [] == [call["path"] for call in shop.calls() if "/stockItems/" in call["path"]]
    assert [True] * 3 == [row.native["extension_attributes"]["stock_item"]["manage_stock"] for row in rows]


def test_where_no_consumer_runs_single_calls_are_made() -> None:
    """Nothing that a late consumer could replay over newer values is left in the queue (row 22)."""
    with shop_with(consumer_delay_s="none") as shop:
        channel = shop.channel(bulk_from=3)
        writes = renamed(shop, channel)
        results = channel.write(PRODUCT, writes)
        left = [bulk for bulk in shop.state()["bulks"] if "product" in str(bulk) and "Bulk " in str(bulk)]
    assert (["NoneType"] * 6, []) == (errors(results), left)


def test_a_bulk_whose_end_is_not_seen_is_in_doubt(shop: Shop) -> None:
    """If its status cannot be had any more, each of its writes may have happened (rows 5, 22)."""
    channel = shop.channel(bulk_from=3)
    channel.write(PRODUCT, renamed(shop, channel))
    writes = renamed(shop, channel)
    shop.fault("status", "/V1/bulk/", status=503, times=None)
    assert ["AmbiguousWrite"] * 6 == errors(channel.write(PRODUCT, writes))


def test_a_row_that_fails_in_a_bulk_fails_alone(shop: Shop) -> None:
    """One bad operation is refused by itself, the rest is confirmed (rows 14, 22)."""
    channel = shop.channel(bulk_from=3)
    writes = renamed(shop, channel)
    bad = [*writes[:-1], Write("bad", "update", writes[-1].external_id, {"name": "b" * 300})]
    results = {result.token: kind_of(result.error) for result in channel.write(PRODUCT, bad)}
    assert {write.token: "NoneType" for write in writes[:-1]} | {"bad": "Rejected"} == results


def test_bulks_are_not_used_without_permission(shop: Shop) -> None:
    """An optional convenience that is not allowed does not pause the channel."""
    channel = shop.channel(bulk_from=3)
    writes = renamed(shop, channel)
    shop.fault(
        "status", "/async/bulk/", status=401, body={"message": "x", "parameters": {"resources": "y"}}, times=None
    )
    assert ["NoneType"] * 6 == errors(channel.write(PRODUCT, writes))


# --- prices


def test_prices_of_all_kinds_are_set_read_and_removed(shop: Shop) -> None:
    """Base, special, tier and group rows travel as rows, exactly, and can be taken away again (rows 18, 19)."""
    channel = shop.channel()
    row = product(channel, shop.skus()[2])
    writes = [
        shop.dependent(row, {"price": Decimal("19.99"), "store_id": 0}, "base", part="base"),
        shop.dependent(
            row,
            {"price": Decimal("17.50"), "price_from": "2026-11-01 00:00:00", "price_to": "2030-12-31 23:59:59"},
            "base",
            part="special",
        ),
        shop.dependent(row, {"price": Decimal("16.123456"), "price_type": "fixed", "quantity": 5}, "base", part="tier"),
        shop.dependent(
            row, {"price": Decimal("15.5"), "price_type": "discount", "quantity": 1}, "Dealers", part="tier"
        ),
    ]
    results = channel.write(PRICE, writes)
    rows = dependents(channel, PRICE, row)
    assert ["NoneType"] * 4 == errors(results)
    assert {result.external_id.partition("/")[2] for result in results} <= set(rows)
    assert {
        "base": ("base", Decimal("19.99")),
        "special/2026-11-01": ("base", Decimal("17.5")),
        "tier/all groups/5": ("base", Decimal("16.123456")),
        "tier/dealers/1": ("Dealers", Decimal("15.5")),
    } == {name: (one.place, one.native["price"]) for name, one in rows.items()}
    gone = [
        Write(name, "delete", one.external_id, {}, before=one.native, part=one.part, parent=row.native)
        for name, one in rows.items()
    ]
    told = {result.token: kind_of(result.error) for result in channel.write(PRICE, gone)}
    assert {"base": "Rejected"} == {name: error for name, error in told.items() if error != "NoneType"}
    assert ["base"] == list(dependents(channel, PRICE, row))


def test_price_changes_are_seen_although_no_date_moves(shop: Shop) -> None:
    """The product feed stays silent; the price reading shows the new figure (row 3)."""
    channel = shop.channel()
    (*_, last) = channel.changes(PRODUCT, None)
    rows_of(channel.changes(PRICE, None))
    shop.sleep(300)
    sku = shop.skus()[0]
    shop.edit("price", sku=sku, amount="123.45")
    assert [] == rows_of(channel.changes(PRODUCT, last.cursor))
    seen = {row.external_id: row.native["price"] for row in rows_of(channel.changes(PRICE, None))}
    assert Decimal("123.45") == seen[f"{product(channel, sku).external_id}/base"]


def test_prices_of_new_and_renamed_products_are_read_without_listing_all_again() -> None:
    """The list of products is read once and then kept up with by date (row 17)."""
    with shop_with(products=30) as shop:
        channel = shop.channel(page_size=10)
        rows_of(channel.changes(PRICE, None))
        shop.sleep(300)
        shop.edit("create_product", **NEW, sku="NIEUW-9", name="Nieuw")
        shop.calls()
        channel.begin_round()
        parents = {row.parent for row in rows_of(channel.changes(PRICE, None))}
        listed = [call for call in shop.calls() if "/V1/products?" in call["path"]]
    assert "nieuw-9" in parents
    assert 1 == len(listed)


def test_a_rolling_share_of_the_prices_is_read_each_round(monkeypatch: pytest.MonkeyPatch) -> None:
    """No date moves with a price, so all are compared in turn, ten products a round; a saved one is read at once."""
    monkeypatch.setattr(prices, "SHARE", 10)
    with shop_with(products=30) as shop:
        channel = shop.channel(price_rounds=3)
        *_, page = channel.changes(PRICE, None)
        everything = sorted({parent_id(row) for row in rows_of(channel.sweep(PRICE))}, key=int)
        read: list[list[str]] = []
        for number in range(4):
            shop.sleep(300)
            if number == 1:
                shop.edit("product", sku=shop.skus()[0], set={"name": "Anders"})
            channel.begin_round()
            *_, page = pages = list(channel.changes(PRICE, page.cursor))
            read.append(sorted({parent_id(row) for one in pages for row in one.rows}, key=int))

    saved = {product_id for product_id in read[1] if product_id in read[0]}
    assert everything == sorted({*read[0], *read[1], *read[2]}, key=int)
    assert 30 == len(everything)
    assert [10, 11, 11, 10] == [len(one) for one in read]  # once more in the round after: a save may be seen late
    assert 1 == len(saved)
    assert read[0] == read[3]


def parent_id(row: Row) -> str:
    return row.external_id.partition("/")[0]


def test_a_bad_price_row_fails_alone(shop: Shop) -> None:
    """Errors inside a good answer are told to their rows, also where only the value names them (row 14)."""
    channel = shop.channel()
    one, two, three = rows_of(channel.sweep(PRODUCT))[:3]
    writes = [
        shop.dependent(one, {"price": Decimal("1.11")}, "base", part="base"),
        shop.dependent(two, {"price": Decimal("-2")}, "base", part="base"),
        shop.create({"price": Decimal("3")}, part="base", parent_id="9999", parent={"sku": "NERGENS"}, place="base"),
        shop.dependent(one, {"price": Decimal("4"), "quantity": 2}, "base", part="tier"),
        shop.dependent(two, {"price": Decimal("5"), "quantity": 2}, "Geen groep", part="tier"),
        shop.create({"price": Decimal("6"), "quantity": 2}, part="tier", parent_id="9999", parent={"sku": "NERGENS"}),
        shop.dependent(
            three, {"price": Decimal("7"), "price_from": "2027-01-02", "price_to": "2027-01-01"}, "base", part="special"
        ),
        shop.dependent(three, {"price": None}, "base", part="base"),
    ]
    results = {result.token: result.error for result in channel.write(PRICE, writes)}
    kinds = [kind_of(results[write.token]) for write in writes]
    assert ["NoneType", "Rejected", "Gone", "NoneType", "Rejected", "Gone", "Rejected", "Rejected"] == kinds
    told = [getattr(results[write.token], "fields", {}) for write in writes]
    assert [{"price": "refused"}, {"customer_group": "refused"}] == [told[1], told[4]]
    assert Decimal("1.11") == dependents(channel, PRICE, one)["base"].native["price"]
    assert {"tier/all groups/2"} <= set(dependents(channel, PRICE, one))


def test_one_product_holds_one_period(shop: Shop) -> None:
    """A later promotion waits for the one in force; a past one, and one further off, is replaced."""
    channel = shop.channel()
    row = rows_of(channel.sweep(PRODUCT))[1]
    today = shop.now().date()

    def promo(begins: int, ends: int) -> str:
        days = [(today + timedelta(days=offset)).isoformat() for offset in (begins, ends)]
        fields = {"price": Decimal("5"), "price_from": f"{days[0]} 00:00:00", "price_to": f"{days[1]} 23:59:59"}
        return errors(channel.write(PRICE, [shop.dependent(row, fields, "base", part="special")]))[0]

    assert ["NoneType", "NoneType", "NoneType", "Rejected", "NoneType"] == [
        promo(-30, -20),
        promo(40, 50),
        promo(-1, 5),
        promo(10, 20),
        promo(-1, 9),
    ]


def test_a_lock_is_waited_out(shop: Shop) -> None:
    """ "Could not save Prices." is tried again a few times: the same rows pass when the lock is gone (row 22)."""
    channel = shop.channel()
    row = rows_of(channel.sweep(PRODUCT))[0]
    shop.fault("status", "base-prices$", status=400, body={"message": "Could not save Prices."}, times=2)
    write = shop.dependent(row, {"price": Decimal("2.22")}, "base", part="base")
    assert ["NoneType"] == errors(channel.write(PRICE, [write]))
    assert Decimal("2.22") == dependents(channel, PRICE, row)["base"].native["price"]


def test_a_limit_on_rows_in_a_call_is_found_out() -> None:
    """A shop that takes fewer rows gets smaller batches, from then on without asking (row 17)."""
    with shop_with(products=20, complex_array_limit="6") as shop:
        channel = shop.channel()
        rows = rows_of(channel.sweep(PRODUCT))[:14]
        writes = [shop.dependent(row, {"price": Decimal("7.77")}, "base", part="base") for row in rows]
        shop.calls()
        results = [*channel.write(PRICE, writes), *channel.write(PRICE, writes[:7])]
        posts = [call["status"] for call in shop.calls() if call["path"].endswith("/base-prices")]
    assert (["NoneType"] * 21, [400, 200, 200, 200, 200, 200]) == (errors(results), posts)


def test_prices_per_website_are_kept_apart() -> None:
    """Where prices are kept per website, ours are read and written in our store."""
    with shop_with(price_scope="website") as shop:
        store = next(view["id"] for view in views(shop) if view["website_id"] == 1)
        channel = shop.channel(settings={"store_id": store})
        row = rows_of(channel.sweep(PRODUCT))[0]
        before = dependents(shop.channel(), PRICE, row)["base"].native["price"]
        write = shop.dependent(row, {"price": Decimal("44.44"), "store_id": store}, "base", part="base")
        assert ["NoneType"] == errors(channel.write(PRICE, [write]))
        assert (Decimal("44.44"), before) == (
            dependents(channel, PRICE, row)["base"].native["price"],
            dependents(shop.channel(), PRICE, row)["base"].native["price"],
        )


def views(shop: Shop) -> list[dict[str, Any]]:
    head = {"Authorization": f"Bearer {shop.info['bearer']}"}
    found = requests.get(f"{shop.info['url']}/rest/V1/store/storeViews", headers=head, timeout=10).json()
    return [view for view in found if view["id"]]


# --- stock and its facts


def test_stock_is_read_per_source_and_written_with_its_status(shop: Shop) -> None:
    """Quantities of the configured sources; a write is always salable, and fractions stay exact."""
    channel = shop.channel()
    row = product(channel, shop.skus()[0])
    writes = [
        shop.dependent(row, {"quantity": Decimal("12.25")}, "wh_utr"),
        shop.dependent(row, {"quantity": 0}, "st_gent"),
    ]
    results = channel.write(STOCK, writes)
    figures = dependents(channel, STOCK, row)
    assert [f"{row.external_id}/wh_utr", f"{row.external_id}/st_gent"] == [result.external_id for result in results]
    assert (Decimal("12.25"), 1) == (figures["wh_utr"].native["quantity"], figures["wh_utr"].native["status"])
    assert (0, 1) == (figures["st_gent"].native["quantity"], figures["st_gent"].native["status"])
    everything = rows_of(channel.changes(STOCK, None))
    assert {row.place for row in everything} <= set(SOURCES)
    assert {figures["wh_utr"].external_id} <= {row.external_id for row in everything}


def test_a_sale_and_a_hand_edit_are_seen_although_no_date_moves(shop: Shop) -> None:
    """Stock changes reach nobody through the product feed: all figures are read and compared (row 3)."""
    channel = shop.channel()
    (*_, last) = channel.changes(PRODUCT, None)
    shop.sleep(300)
    sku = shop.skus()[0]
    shop.edit("stock", sku=sku, location="wh_utr", quantity="77")
    assert [] == rows_of(channel.changes(PRODUCT, last.cursor))
    figures = {row.external_id: row.native["quantity"] for row in rows_of(channel.changes(STOCK, None))}
    assert 77 == figures.get(f"{product(channel, sku).external_id}/wh_utr")


def test_no_figure_is_written_for_a_product_that_is_not_there(shop: Shop) -> None:
    """The shop would keep an orphan without a word; such a row is Gone, and the others are written (rows 13, 14)."""
    channel = shop.channel()
    row = product(channel, shop.skus()[0])
    writes = [
        shop.create({"quantity": 5}, parent_id="9999", parent={"sku": "WEES"}, place="wh_utr"),
        shop.dependent(row, {"quantity": 6}, "wh_utr"),
        shop.dependent(row, {"quantity": 7}, "nergens"),
        shop.dependent(row, {}, "st_gent"),
    ]
    results = {result.token: kind_of(result.error) for result in channel.write(STOCK, writes)}
    assert ["Gone", "NoneType", "Rejected", "Rejected"] == [results[write.token] for write in writes]
    assert [] == [item for item in shop.state()["source_items"] if item["sku"] == "WEES"]
    assert 6 == dependents(channel, STOCK, row)["wh_utr"].native["quantity"]


def test_a_product_made_anew_under_its_sku_has_figures_of_its_own(shop: Shop) -> None:
    """Prices and stock follow the id that lives, not one that once had the SKU (row 25)."""
    channel = shop.channel()
    old = product(channel, shop.skus()[0])
    rows_of(channel.changes(STOCK, None))
    shop.edit("delete_product", sku=old.native["sku"])
    channel.write(PRODUCT, [shop.create(NEW | {"sku": old.native["sku"], "name": "Opnieuw"})])
    new = product(channel, old.native["sku"])
    channel.write(STOCK, [shop.dependent(new, {"quantity": 3}, "wh_utr")])
    channel.begin_round()
    for entity, name in ((STOCK, "wh_utr"), (PRICE, "base")):
        ids = {row.external_id for row in rows_of(channel.changes(entity, None)) if row.parent == new.address}
        assert f"{new.external_id}/{name}" in ids
        assert {new.external_id} == {id_.partition("/")[0] for id_ in ids}


def test_the_last_read_before_a_write_is_short(shop: Shop) -> None:
    """Figures of many products at all sources come in one call, or in halves where a page is too small (rows 1, 17)."""
    channel = shop.channel()
    expected = {row.external_id: row.native["quantity"] for row in rows_of(channel.sweep(STOCK))}
    shop.calls()
    assert expected == {row.external_id: row.native["quantity"] for row in channel.read(STOCK, list(expected))}
    assert 1 == len(shop.calls())
    small = shop.channel(page_size=5)
    assert expected == {row.external_id: row.native["quantity"] for row in small.read(STOCK, list(expected))}


def test_figures_of_products_without_a_price_are_written_too(shop: Shop) -> None:
    """What the prices do not know is searched for before it is called gone."""
    channel = shop.channel()
    shop.edit("create_product", sku="ZONDER", name="Zonder prijs", type_id="configurable", attribute_set_id=4)
    row = product(channel, "ZONDER")
    assert ["NoneType"] == errors(channel.write(STOCK, [shop.dependent(row, {"quantity": 1}, "wh_utr")]))


def test_open_orders_are_claims_until_they_are_handed_over(shop: Shop) -> None:
    """An order claims, moves no figure, and its shipment names source, order and quantity (row 2)."""
    channel = shop.channel()
    row = product(channel, shop.skus()[0])
    channel.write(STOCK, [shop.dependent(row, {"quantity": 20}, "wh_utr")])
    known = channel.facts(None)
    shop.edit("order", lines=[{"sku": row.native["sku"], "quantity": "5"}], reference="W-1001")

    def claimed() -> list[Decimal]:
        return [claim.open_quantity for claim in channel.facts(None).claims or () if claim.order == "W-1001"]

    assert ([Decimal(5)], 20) == (claimed(), dependents(channel, STOCK, row)["wh_utr"].native["quantity"])
    shop.edit("ship", order="W-1001", location="wh_utr", lines=[{"sku": row.native["sku"], "quantity": "2"}])
    facts = channel.facts(known.cursor)
    (hand_over,) = [one for one in facts.hand_overs if one.order == "W-1001"]
    assert (Decimal(2), "wh_utr", row.address) == (hand_over.quantity, hand_over.place, hand_over.parent)
    assert ([Decimal(3)], 18) == (claimed(), dependents(channel, STOCK, row)["wh_utr"].native["quantity"])
    assert "W-1001" in facts.orders
    shop.edit("ship", order="W-1001", location="wh_utr")
    assert [] == claimed()


def line(id_: int, ordered: int, **more: Any) -> dict[str, Any]:
    return {"item_id": id_, "sku": f"S-{id_}", "qty_ordered": ordered, "product_type": "simple"} | more


@pytest.mark.parametrize(
    ("story", "lines", "expected"),
    [
        ("placed; what is absent is 0", [line(1, 5)], {"1": 5}),
        ("half shipped", [line(1, 5, qty_shipped=2)], {"1": 3}),
        (
            "shipped, cancelled and refunded in part",
            [line(1, 9, qty_shipped=2, qty_canceled=1, qty_refunded=3)],
            {"1": 3},
        ),
        ("refunded after shipping: nothing is left to claim", [line(1, 2, qty_shipped=2, qty_refunded=2)], {}),
        ("fractions", [line(1, 2, qty_shipped=Decimal("0.25"))], {"1": Decimal("1.75")}),
        (
            "of a configurable line only the parent counts shipments",
            [line(1, 2, product_type="configurable", qty_shipped=2), line(2, 2, parent_item_id=1)],
            {},
        ),
        (
            "a configurable line that is open is claimed once",
            [line(1, 2, product_type="configurable"), line(2, 2, parent_item_id=1)],
            {"1": 2},
        ),
        (
            "of a bundle the parts are things",
            [line(1, 1, product_type="bundle"), line(2, 3, parent_item_id=1)],
            {"2": 3},
        ),
    ],
)
def test_a_line_claims_what_is_not_handed_over(
    story: str, lines: list[dict[str, Any]], expected: dict[str, Any]
) -> None:
    """R per line: ordered less cancelled, shipped and refunded, never below zero (row 2)."""
    order = order_of({"increment_id": "W-1", "items": lines})
    assert expected == {claim.line: claim.open_quantity for claim in claims_of(order)}, story


def test_the_recorded_order_with_a_configurable_line_is_read_once(contracts: Path) -> None:
    """Parent and child carry the same SKU: the shipped parent settles both, the simple line stays open (row 2)."""
    recorded = json.loads((contracts / "magento2/recordings/orders_3_customer_discount_configurable.json").read_text())
    (after,) = [one for one in recorded["exchanges"] if one["title"] == "order items after"]
    order = order_of(after["response"]["body"] | {"increment_id": "000000010"})
    assert [("10", Decimal(3))] == [(claim.line, claim.open_quantity) for claim in claims_of(order)]
    (shipped,) = [one for one in recorded["exchanges"] if one["title"] == "read the shipment"]
    (shipment,) = shipped["response"]["body"]["items"]
    (hand_over,) = hand_overs_of(shipment, {10: order})
    assert ("shipment/10/7", "cfg-a", Decimal(2), "wh_ams") == (
        hand_over.id,
        hand_over.parent,
        hand_over.quantity,
        hand_over.place,
    )


@pytest.mark.parametrize(("returned", "left"), [(True, 0), (False, -1)])
def test_a_credit_memo_is_no_hand_over(shop: Shop, returned: bool, left: int) -> None:
    """It does not say whether pieces came back: its claim falls, and what else happened the figure tells."""
    channel = shop.channel()
    row = product(channel, shop.skus()[0])
    shop.edit("stock", sku=row.native["sku"], location="wh_utr", quantity="50")
    shop.edit("order", lines=[{"sku": row.native["sku"], "quantity": "3"}], reference="W-9")
    shop.edit("invoice", order="W-9")
    before = dependents(channel, STOCK, row)
    known = channel.facts(None)
    shop.edit("refund", order="W-9", lines=[{"sku": row.native["sku"], "quantity": "1"}], return_to_stock=returned)
    facts = channel.facts(known.cursor)
    assert [Decimal(2)] == [one.open_quantity for one in facts.claims or () if one.order == "W-9"]
    assert [] == [one for one in facts.hand_overs if one.order == "W-9"]
    after = dependents(channel, STOCK, row)
    moved = [after[place].native["quantity"] - before[place].native["quantity"] for place in after]
    assert left == sum(moved)


def test_cancelled_and_refunded_orders_claim_what_is_left(shop: Shop) -> None:
    """A cancelled order claims nothing, a refund gives back what it takes (row 2)."""
    channel = shop.channel()
    sku = shop.skus()[0]
    shop.edit("stock", sku=sku, location="wh_utr", quantity="50")
    shop.edit("order", lines=[{"sku": sku, "quantity": "4"}], reference="W-1")
    shop.edit("order", lines=[{"sku": sku, "quantity": "6"}], reference="W-2")
    shop.edit("cancel", order="W-1")
    shop.edit("invoice", order="W-2")
    shop.edit("refund", order="W-2", lines=[{"sku": sku, "quantity": "2"}])
    open_ = {(claim.order, claim.open_quantity) for claim in channel.facts(None).claims or ()}
    assert {("W-2", Decimal(4))} == {one for one in open_ if one[0] in ("W-1", "W-2")}


def test_facts_are_read_from_where_they_were_left(still: Shop) -> None:
    """Numbers and shipments since the cursor, a little before it again, and never a person's data (rows 8, 27)."""
    channel = still.channel()
    first = channel.facts(None)
    still.calls()
    second = channel.facts(first.cursor)
    asked = [call["path"] for call in still.calls() if "/orders?" in call["path"] or "/shipments?" in call["path"]]
    assert (set(first.orders), set(first.hand_overs)) == (set(second.orders), set(second.hand_overs))
    assert all("fields=items" in path for path in asked)
    assert 3 == len(asked)


def test_orders_of_another_stock_claim_nothing_here(still: Shop) -> None:
    """Only orders of websites that sell from our stock are claims on it (row 2)."""
    ours = {claim.order for claim in still.channel().facts(None).claims or ()}
    theirs = {claim.order for claim in still.channel(website="b2b").facts(None).claims or ()}
    stores = {view["id"]: view["website_id"] for view in views(still)}
    sites = {one["increment_id"]: stores[one["store_id"]] for one in still.state()["orders"]}
    assert {1} == {sites[order] for order in ours}
    assert set() == {order for order in theirs if sites[order] == 1}


@pytest.mark.parametrize("place", ["default", ""])
def test_a_shop_without_sources_has_one_figure_per_product(shop: Shop, place: str) -> None:
    """With Multi Source Inventory off the legacy figure is read and written: of the source "default", or of a view."""
    missing = {"message": "Request does not match any route."}
    shop.fault("status", "/V1/inventory/", status=404, body=missing, times=None)
    opening = shop.opening()
    channel = Adapter.open(Opening(**{**vars(opening), "locations": (place,) if place else ()}))
    row = product(channel, shop.skus()[0])
    write = shop.dependent(row, {"quantity": Decimal("4")}, place)
    assert ["NoneType"] == errors(channel.write(STOCK, [write]))
    assert {"default": 4} == {name: one.native["quantity"] for name, one in dependents(channel, STOCK, row).items()}
    item = {"product_id": int(row.external_id), "qty": 4, "is_in_stock": True}
    shop.fault("status", "/stockItems/lowStock/", status=200, body={"items": [item], "total_count": 1})
    everything = {one.external_id: one.native["quantity"] for one in rows_of(channel.changes(STOCK, None))}
    assert {f"{row.external_id}/default": 4} == everything
    shop.fault("status", "/stockItems/lowStock/", status=200, body={"items": [item], "total_count": 2}, times=None)
    with pytest.raises(ContractBroken):
        rows_of(channel.changes(STOCK, None))


def test_the_figure_of_a_shop_without_sources_is_not_overwritten_unseen(shop: Shop) -> None:
    """One by one a batch takes long: each figure is looked at once more, and one that moved meanwhile is left alone."""
    missing = {"message": "Request does not match any route."}
    shop.fault("status", "/V1/inventory/", status=404, body=missing, times=None)
    channel = Adapter.open(Opening(**{**vars(shop.opening()), "locations": ("default",)}))
    row = product(channel, shop.skus()[0])
    first = shop.dependent(row, {"quantity": Decimal(4)}, "default")
    assert ["NoneType"] == errors(channel.write(STOCK, [first]))
    late = replace(first, fields={"quantity": Decimal(9)}, before={"quantity": Decimal(5)})
    assert ["Stale"] == errors(channel.write(STOCK, [late]))
    assert {"default": 4} == {name: one.native["quantity"] for name, one in dependents(channel, STOCK, row).items()}
    assert ["NoneType"] == errors(channel.write(STOCK, [replace(late, before={"quantity": Decimal("4.0000")})]))


# --- customers


def test_a_customer_is_created_read_and_found(shop: Shop) -> None:
    """Default addresses by name, the group by its code; found by e-mail without case, and by VAT number."""
    channel = shop.channel()
    fields = PERSON | {"taxvat": "NL001234567B01", "group": "General"} | address("billing")
    (made,) = channel.write(CUSTOMER, [shop.create(fields)])
    assert made.error is None
    (row,) = channel.read(CUSTOMER, [made.external_id])
    assert ("General", "Utrecht", []) == (row.native["group"], row.native["billing"]["city"], row.native["other"])
    assert row.native["shipping"] is None
    keys = [
        Key("email", "jan.devries@example.com"),
        Key("vat_number", "nl001234567b01"),
        Key("email", "no@example.com"),
    ]
    assert [[made.external_id], [made.external_id], []] == [
        [one.external_id for one in rows] for rows in channel.find(CUSTOMER, keys).values()
    ]


def test_a_taken_address_is_found_although_the_shop_calls_it_available(shop: Shop) -> None:
    """E-mail is looked up by search, per website; a second create is refused by the shop (rows 5, 13)."""
    channel = shop.channel()
    taken = next(one for one in shop.state()["customers"] if one["website_id"] == 1)
    key = Key("email", taken["email"].lower())
    assert [str(taken["id"])] == [row.external_id for row in channel.find(CUSTOMER, [key])[key]]
    (result,) = channel.write(CUSTOMER, [shop.create(PERSON | {"email": taken["email"].upper()})])
    assert isinstance(result.error, Rejected)
    assert {"email"} == set(result.error.fields)


@pytest.mark.parametrize(
    ("story", "fields", "named"),
    [
        ("an unknown country drops the address", PERSON | address("billing", country_id="XX"), "billing.country_id"),
        ("signs that a name may not have", PERSON | {"firstname": "Foo@Bar {{x}}"}, "firstname"),
        ("no last name", {**PERSON, "lastname": ""}, "lastname"),
        ("a group that is not there", PERSON | {"group": "Nergens"}, "group"),
        ("no e-mail address", PERSON | {"email": "geen adres"}, "email"),
    ],
)
def test_what_the_shop_refuses_of_a_customer_is_told_by_field(
    shop: Shop, story: str, fields: dict[str, Any], named: str
) -> None:
    """One bad customer is refused with the field, and with nothing that is personal (rows 14, 27)."""
    (result,) = shop.channel().write(CUSTOMER, [shop.create(fields)])
    assert isinstance(result.error, Rejected), story
    assert {named} == set(result.error.fields)
    told = f"{result.error} {result.error.fields}"
    assert [] == [value for value in ("Foo@Bar", "de Vries", "example.com", "geen adres") if value in told]


def test_an_address_that_the_shop_drops_is_noticed(shop: Shop) -> None:
    """Without a word the customer is kept and the address is not: read back, and told (row 14)."""
    channel = shop.channel()
    (made,) = channel.write(CUSTOMER, [shop.create(PERSON)])
    known = channel.read(CUSTOMER, [made.external_id])[0]
    answer = {"id": int(made.external_id), **PERSON, "addresses": [], "group_id": 1, "website_id": 1}
    shop.fault("status", "/V1/customers/", method="PUT", status=200, body=answer)
    (result,) = channel.write(CUSTOMER, [shop.update(known, address("billing"))])
    assert isinstance(result.error, Rejected)
    assert set(address("billing")) == set(result.error.fields)


def test_a_change_of_one_address_keeps_the_others(shop: Shop) -> None:
    """The shop replaces the list of addresses: it is always sent whole, with ids, or not at all."""
    channel = shop.channel()
    further = [ADDRESS | {"city": "Gent", "country_id": "BE"}]
    (made,) = channel.write(
        CUSTOMER, [shop.create(PERSON | address("billing") | address("shipping") | {"other": further})]
    )
    (row,) = channel.read(CUSTOMER, [made.external_id])
    results = channel.write(
        CUSTOMER, [shop.update(row, {"billing.city": "Delft"}), shop.update(row, {"firstname": "Piet"})]
    )
    (after,) = channel.read(CUSTOMER, [made.external_id])
    cities = [after.native["billing"]["city"], after.native["shipping"]["city"], after.native["other"][0]["city"]]
    assert (["NoneType"] * 2, ["Delft", "Utrecht", "Gent"]) == (errors(results), cities)
    assert (row.native["shipping"]["id"], "Piet") == (after.native["shipping"]["id"], after.native["firstname"])
    assert row.native["other"][0]["id"] == after.native["other"][0]["id"]


def test_a_customer_who_moved_elsewhere_meanwhile_is_stale(shop: Shop) -> None:
    """An edit by the customer stands: ours is merged anew; one who is gone is Gone."""
    channel = shop.channel()
    row = rows_of(channel.sweep(CUSTOMER))[0]
    shop.edit("customer", id=int(row.external_id), set={"lastname": "Nieuw"})
    writes = [shop.update(row, {"lastname": "Van ons"}), Write("g", "update", "99999", {"lastname": "x"})]
    assert ["Stale", "Gone"] == errors(channel.write(CUSTOMER, writes))
    assert "Nieuw" == channel.read(CUSTOMER, [row.external_id])[0].native["lastname"]


def test_customers_are_never_deleted(shop: Shop) -> None:
    """Their orders hang on them: neither archive nor delete is sent (row 16)."""
    channel = shop.channel()
    row = rows_of(channel.sweep(CUSTOMER))[0]
    writes = [Write("a", "archive", row.external_id, {}), Write("d", "delete", row.external_id, {})]
    assert ["Rejected", "Rejected"] == errors(channel.write(CUSTOMER, writes))
    assert 1 == len(channel.read(CUSTOMER, [row.external_id]))


SHARED = {"id": 7, **ADDRESS, "default_billing": True, "default_shipping": True}
APART = {"id": 8, **ADDRESS, "city": "Gent"}


@pytest.mark.parametrize(
    ("story", "item", "changed", "expected"),
    [
        ("new, one for both", {}, {"billing": ADDRESS}, [(None, "Utrecht", True, True)]),
        (
            "new, two",
            {},
            {"billing": ADDRESS, "shipping": ADDRESS | {"city": "Gent"}},
            [(None, "Utrecht", True, False), (None, "Gent", False, True)],
        ),
        (
            "shared, the customer moves house",
            {"billing": SHARED, "shipping": None},
            {"billing": {"city": "Delft"}},
            [(7, "Delft", True, True)],
        ),
        (
            "shared, the delivery goes elsewhere",
            {"billing": SHARED, "shipping": None},
            {"shipping": ADDRESS | {"city": "Delft"}},
            [(7, "Utrecht", True, False), (None, "Delft", False, True)],
        ),
        (
            "two that become alike stay two",
            {"billing": SHARED, "shipping": APART},
            {"shipping": {"city": "Utrecht"}},
            [(7, "Utrecht", True, False), (8, "Utrecht", False, True)],
        ),
        (
            "two, the delivery is emptied",
            {"billing": SHARED, "shipping": APART},
            {"shipping": {"street": [], "postcode": None, "city": None}},
            [(7, "Utrecht", True, True)],
        ),
        (
            "a further one is added",
            {"billing": SHARED, "shipping": None, "other": []},
            {"other": [ADDRESS | {"city": "Breda"}]},
            [(7, "Utrecht", True, True), (None, "Breda", None, None)],
        ),
    ],
)
def test_addresses_are_merged_into_the_full_list(
    story: str, item: dict[str, Any], changed: dict[str, Any], expected: list[tuple[Any, ...]]
) -> None:
    """Without a delivery address of its own the billing address is both defaults, and moves as one."""
    sent = addresses(changed, item)
    shown = [(one.get("id"), one.get("city"), one.get("default_billing"), one.get("default_shipping")) for one in sent]
    assert expected == shown, story


# --- bad days


@pytest.mark.parametrize("kind", ["status", "cut_before", "cut_after", "cut_half", "html", "bad_json"])
@pytest.mark.parametrize("entity", list(Entity))
def test_a_read_outlives_a_bad_moment(still: Shop, kind: str, entity: Entity) -> None:
    """A 503, a reset, half an answer and a proxy's page cost an attempt, and nothing is missing (row 10)."""
    expected = [row.external_id for row in rows_of(still.channel().sweep(entity))]
    still.fault(kind, "/rest/", every=3, times=None)
    assert expected == [row.external_id for row in rows_of(still.channel().sweep(entity))]


def test_a_404_of_a_proxy_is_no_missing_record(still: Shop) -> None:
    """The shop says what it misses; a page that says nothing comes from elsewhere (row 16)."""
    still.fault("html", "/rest/", status=404, times=None)
    with pytest.raises(ContractBroken):
        still.channel().read(PRODUCT, ["1"])


@pytest.mark.parametrize("kind", ["status", "cut_after", "html"])
def test_what_cannot_be_answered_is_never_absent(still: Shop, kind: str) -> None:
    """A lookup that fails raises: "unknown" must not read as "not there", or a twin is made (rows 5, 16)."""
    still.fault(kind, "/rest/", times=None)
    channel = still.channel()
    with pytest.raises(Transient):
        channel.find(PRODUCT, [Key("sku", "x")])
    with pytest.raises(Transient):
        channel.read(PRODUCT, ["1"])


@pytest.mark.parametrize(
    ("kind", "status", "expected"),
    [
        ("cut_before", None, "AmbiguousWrite"),
        ("cut_after", None, "AmbiguousWrite"),
        ("cut_half", None, "AmbiguousWrite"),
        ("bad_json", None, "AmbiguousWrite"),
        ("status", 500, "AmbiguousWrite"),
        ("html", 502, "AmbiguousWrite"),
        ("status", 503, "Transient"),
        ("redirect", 302, "ContractBroken"),
    ],
)
def test_a_write_that_met_a_fault_says_what_is_known(shop: Shop, kind: str, status: int | None, expected: str) -> None:
    """Whether it may have happened decides what comes next; the row behind it is written all the same (rows 5, 14)."""
    channel = shop.channel()
    one, other = rows_of(channel.sweep(PRODUCT))[:2]
    shop.fault(kind, "/V1/products/", method="PUT", **({"status": status} if status else {}))
    results = channel.write(PRODUCT, [shop.update(one, {"name": "Eerste"}), shop.update(other, {"name": "Tweede"})])
    assert [expected, "NoneType"] == errors(results)
    assert "Tweede" == channel.read(PRODUCT, [other.external_id])[0].native["name"]


@pytest.mark.parametrize("entity", [PRICE, STOCK])
def test_a_batch_without_an_answer_is_in_doubt_as_a_whole(shop: Shop, entity: Entity) -> None:
    """Each row of a lost batch may have been written, and is read back (row 5)."""
    channel = shop.channel()
    rows = rows_of(channel.sweep(PRODUCT))[:3]
    part, fields, place = (
        ("base", {"price": Decimal("8")}, "base") if entity is PRICE else ("", {"quantity": 8}, "wh_utr")
    )
    shop.fault("cut_after", "(base-prices|source-items)$", method="POST")
    writes = [shop.dependent(row, fields, place, part=part) for row in rows]
    assert ["AmbiguousWrite"] * 3 == errors(channel.write(entity, writes))


LIMITED: Mapping[str, Any] = {"status": 429, "headers": {"Retry-After": "600"}, "times": None}


def test_a_stop_between_halves_of_a_batch_keeps_what_was_written(shop: Shop) -> None:
    """Once one half is saved, a limit is the error of the other half's rows, and of no saved one (rows 7, 14)."""
    channel = shop.channel()
    rows = rows_of(channel.sweep(PRODUCT))[:4]
    shop.fault("status", "source-items$", method="POST", status=400, body={"message": "Could not save"}, times=3)
    shop.fault("status", "source-items$", method="POST", skip=1, **LIMITED)
    results = channel.write(STOCK, [shop.dependent(row, {"quantity": 77}, "wh_utr") for row in rows])
    assert ["NoneType", "NoneType", "RateLimited", "RateLimited"] == errors(results)
    shown = {row.parent: row.native["quantity"] for row in rows_of(channel.sweep(STOCK)) if row.place == "wh_utr"}
    assert [True, True, False, False] == [shown.get(row.address) == 77 for row in rows]


def test_a_stop_between_kinds_of_prices_keeps_what_was_written(shop: Shop) -> None:
    """Base prices that are saved stay confirmed where tier prices meet a limit; nothing sent at all raises (row 7)."""
    channel = shop.channel()
    row = rows_of(channel.sweep(PRODUCT))[0]
    base = shop.dependent(row, {"price": Decimal("2.34")}, "base", part="base")
    tier = shop.dependent(row, {"price": Decimal("2"), "quantity": 5}, "base", part="tier")
    shop.fault("status", "tier-prices$", method="POST", **LIMITED)
    results = {result.token: kind_of(result.error) for result in channel.write(PRICE, [base, tier])}
    assert {base.token: "NoneType", tier.token: "RateLimited"} == results
    with pytest.raises(RateLimited):
        channel.write(PRICE, [tier])


def test_a_stop_behind_a_bulk_keeps_what_the_bulk_wrote(shop: Shop) -> None:
    """Single writes that meet a limit fail by themselves, the bulk before them is confirmed (rows 7, 22)."""
    channel = shop.channel(bulk_from=3)
    *many, last = renamed(shop, channel)
    shop.fault("status", "/V1/products/", method="DELETE", **LIMITED)
    writes = [*many, Write("out", "delete", last.external_id, {})]
    results = {result.token: kind_of(result.error) for result in channel.write(PRODUCT, writes)}
    assert {write.token: "NoneType" for write in many} | {"out": "RateLimited"} == results


def test_a_bulk_without_an_answer_is_in_doubt_row_by_row(shop: Shop) -> None:
    """A queue may hold what was sent: each of its writes is answered for, none is taken as unsent (rows 5, 22)."""
    channel = shop.channel(bulk_from=3)
    channel.write(PRODUCT, renamed(shop, channel))
    writes = renamed(shop, channel)
    shop.fault("cut_after", "/async/bulk/", method="PUT")
    assert ["AmbiguousWrite"] * 6 == errors(channel.write(PRODUCT, writes))


def test_a_trial_bulk_without_an_answer_leaves_single_calls(shop: Shop) -> None:
    """Whether the queue works is not known then, and what is to be written does not depend on it (row 22)."""
    channel = shop.channel(bulk_from=3)
    shop.fault("cut_after", "/async/bulk/", method="POST")
    assert ["NoneType"] * 6 == errors(channel.write(PRODUCT, renamed(shop, channel)))


def test_beside_an_unreadable_row_error_no_row_is_known(shop: Shop) -> None:
    """A row that another error names is refused; the others may be saved or not, and are read back (rows 5, 14)."""
    channel = shop.channel()
    rows = rows_of(channel.sweep(PRODUCT))[:3]
    writes = [shop.dependent(row, {"price": Decimal("8")}, "base", part="base") for row in rows]
    named = {"message": "Invalid attribute %fieldName = %fieldValue.", "parameters": ["Price", rows[1].native["sku"]]}
    shop.fault("status", "base-prices$", method="POST", status=200, body=[named, "what?"])
    assert ["AmbiguousWrite", "Rejected", "AmbiguousWrite"] == errors(channel.write(PRICE, writes))


def test_rows_that_cannot_be_told_apart_are_in_doubt(shop: Shop) -> None:
    """Where an error names no row and a limit forbids to send them one by one, each may have been saved (rows 5, 7)."""
    channel = shop.channel()
    rows = rows_of(channel.sweep(PRODUCT))[:2]
    writes = [shop.dependent(row, {"price": Decimal("8")}, "base", part="base") for row in rows]
    shop.fault("status", "base-prices$", method="POST", status=200, body=[{"message": "No.", "parameters": []}])
    shop.fault("status", "base-prices$", method="POST", skip=1, **LIMITED)
    assert ["NoneType", "AmbiguousWrite"] == errors(channel.write(PRICE, writes))


def test_a_redirect_takes_no_token_elsewhere(still: Shop) -> None:
    """Another host is never asked, and the remedy is told (row 28)."""
    still.fault("redirect", "/rest/", times=None)
    with pytest.raises(
        ContractBroken, match=r"redirect to http://elsewhere\.invalid, which is not followed: set base_url"
    ):
        rows_of(still.channel().sweep(PRODUCT))


def test_a_rate_limit_of_a_proxy_is_handed_on(shop: Shop) -> None:
    """429 is not the shop's own, yet it is kept to; what was not sent is told so, row by row (row 7)."""
    channel = shop.channel()
    rows = rows_of(channel.sweep(PRODUCT))[:3]
    shop.fault("status", "/V1/products/", method="PUT", status=429, headers={"Retry-After": "600"}, skip=1, times=None)
    results = channel.write(PRODUCT, [shop.update(row, {"name": "Begrensd"}) for row in rows])
    assert ["NoneType", "RateLimited", "RateLimited"] == errors(results)
    with pytest.raises(RateLimited):
        channel.write(PRODUCT, [shop.update(rows[2], {"name": "Begrensd"})])


def test_nothing_is_sent_without_budget(still: Shop) -> None:
    """Each call is announced under its lane's name before it is made (row 7)."""
    channel = still.channel()
    rows_of(channel.sweep(STOCK))
    assert {"stock", "check"} == set(still.purse.spent)
    still.purse.calls = 0
    still.calls()
    with pytest.raises(RateLimited):
        rows_of(channel.sweep(STOCK))
    assert [] == still.calls()


def test_no_error_tells_a_secret_or_a_person(still: Shop) -> None:
    """Whatever fails, its text holds no token, no address and no query (row 27)."""
    channel = still.channel()
    person = rows_of(channel.sweep(CUSTOMER))[0]
    told: list[str] = []
    for kind in ("html", "redirect", "status", "bad_json", "cut_after"):
        still.fault(kind, "/V1/customers", times=None)
        try:
            channel.read(CUSTOMER, [person.external_id])
        except ChannelError as wrong:
            told.append(f"{wrong!r} {getattr(wrong, 'evidence', '')}")
        told += [repr(one.error) for one in _written(channel, still.update(person, {"lastname": "Geheim"}))]
        still.control("faults", method="DELETE")
    secrets = [still.info["bearer"], person.native["email"], person.native["lastname"], "Geheim", "searchCriteria"]
    assert [] == [text for text in told for secret in secrets if secret in text]
    assert len(told) >= 5


def _written(channel: Channel, write: Write) -> Sequence[RowResult]:
    try:
        return channel.write(CUSTOMER, [write])
    except ChannelError as wrong:
        return [RowResult(write.token, error=wrong)]


# --- check


def findings(channel: Channel) -> dict[str, Finding]:
    return {finding.what: finding for finding in channel.check()}


def test_a_well_configured_shop_is_green(still: Shop) -> None:
    """Every route, source, attribute and the clock are tried, and nothing is changed."""
    before = still.state()
    found = findings(still.channel())
    assert [] == [finding for finding in found.values() if not finding.ok and not finding.warning]
    assert {"source wh_utr", "product attribute manufacturer", "clock", "may read orders"} <= set(found)
    assert before == still.state()


def test_what_is_wrong_is_red_with_its_remedy() -> None:
    """Unknown sources, attributes and limits are named, each with what to do about it."""
    with shop_with(maximum_page_size="50") as shop:
        opening = shop.opening({"barcode_attribute": "streepjescode"})
        channel = Adapter.open(Opening(**{**vars(opening), "locations": ("wh_utr", "nergens")}))
        found = findings(channel)
    assert ("does not exist", False) == (found["source nergens"].detail, found["source nergens"].ok)
    assert "[channels.webshop.settings]" in found["product attribute streepjescode"].remedy
    assert "50" == found["rows per page"].detail
    assert "st_utr" in found["further sources"].detail


def test_a_wrong_website_or_token_ends_the_check_early(still: Shop) -> None:
    """What all the rest hangs on comes first, with the remedy."""
    *_, wrong = still.channel(website="nergens").check()
    assert ("website", False, "set website to one of b2b, base") == (wrong.what, wrong.ok, wrong.remedy)
    (refused,) = still.channel(token="wrong").check()
    assert (False, True) == (refused.ok, refused.remedy.startswith("System, Integrations"))


def test_missing_permissions_are_red_one_by_one(still: Shop) -> None:
    """An integration that may read little is told what to be given."""
    found = findings(still.channel(token=still.info["restricted"]))
    red = {what: finding.remedy for what, finding in found.items() if not finding.ok}
    assert {"may read customers", "may read orders", "website"} <= set(red)
    assert "System, Integrations, API: give the integration Sales, Orders, View" == red["may read orders"]
    assert found["may read products"].ok


def test_a_clock_that_is_off_is_shown(still: Shop) -> None:
    """The measured difference is a warning with the remedy (row 8)."""
    still.stand.clock.advance(3600)
    clock = findings(still.channel())["clock"]
    assert (True, "set both clocks by NTP") == (clock.warning, clock.remedy)
    assert clock.detail in ("+3599 s from ours", "+3600 s from ours", "+3601 s from ours")


# --- shapes


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (None, "", True),
        ([], None, True),
        ("8.500000", Decimal("8.5"), True),
        ("1", True, True),
        (5, Decimal("5.00"), True),
        ("007", "7", True),
        ("a ", "a", True),
        ([2, 1], [1, 2], True),
        ({"a": None}, {}, True),
        ("a", "A", False),
        (0, None, False),
        ([1], [1, 2], False),
    ],
)
def test_native_values_are_compared_as_the_shop_means_them(one: Any, other: Any, expected: bool) -> None:
    """Empty is empty, a number is a number however it is written, a list has no order."""
    assert expected == same(one, other)


def test_dotted_names_become_a_record() -> None:
    """Fields of one table come together, whether given one by one or as a whole."""
    assert {"a": {"b": {"c": 1}, "d": 2}, "e": [3]} == nested({"a.b.c": 1, "a": {"d": 2}, "e": [3]})


def test_url_keys_differ_where_skus_differ() -> None:
    """Two products of one name, whose SKUs differ in one odd sign, do not collide."""
    skus = ["A/B", "A B", "A+B", "A%B", "AB", "Ä", "A", "日"]
    assert len(skus) == len({url_key("Trui", sku) for sku in skus})


def test_recorded_refusals_are_understood(contracts: Path) -> None:
    """Every refusal on record becomes an error of the tree, and none shows a value that was sent (rows 14, 27)."""
    from connector.transport import Answer, Call

    seen = 0
    for path in sorted((contracts / "magento2/recordings").glob("*.json")):
        for one in json.loads(path.read_text()).get("exchanges", ()):
            answer = one.get("response", {})
            if answer.get("status", 200) < 400 or not isinstance(answer.get("body"), dict):
                continue
            call = Call(one["request"]["method"], "/recorded", "check")
            at = datetime(2026, 11, 22, tzinfo=UTC)
            wrong = complaint(Answer(call, answer["status"], {}, b"", at, at, data=answer["body"]))
            seen += 1
            if answer["status"] in (400, 401, 404) and answer["body"].get("message"):
                assert isinstance(wrong, Rejected | AuthFailed | Gone | ContractBroken | Transient), one["title"]
    assert seen > 50
