"""The Lightspeed adapter against its stand-in, over HTTP: what it reads, what it writes, and a bad day."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.lightspeed_x import Adapter
from adapters.lightspeed_x.adjustments import NAMES
from adapters.lightspeed_x.api import Api, moment
from adapters.lightspeed_x.errors import complaint, redacted
from adapters.lightspeed_x.position import LATE, Mark, Position, pack, unpack
from adapters.lightspeed_x.window import Window
from connector.contract import Channel, Evidence, Finding, HandOver, Opening, Page, Row, RowResult, Write
from connector.errors import (
    AuthFailed,
    ContractBroken,
    RateLimited,
    Rejected,
    Transient,
)
from connector.ledger.budget import ChannelBudget
from connector.ledger.credentials import ChannelTokens, open_vault
from connector.ledger.engine import open_ledger
from connector.mapping.context import Context
from connector.mapping.load import load_mapping
from connector.model.entity import Entity, Key, code_key
from connector.transport import Answer, Call
from sandbox.lightspeed_x import build
from sandbox.stand import Options as StandOptions

PRODUCT, CUSTOMER, PRICE, STOCK = Entity.PRODUCT, Entity.CUSTOMER, Entity.PRICE, Entity.STOCK
OUTLETS = ("Winkel Utrecht", "Winkel Gent", "Winkel Antwerpen")
SETTINGS = {"taxes": {"standard": "Hoog 21%", "reduced": "Laag 9%", "zero": "Nul 0%"}}
LISTS = ("BASE", "Staffelprijzen")
START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


SHELF = tempfile.TemporaryDirectory()


@cache
def empty_ledger() -> Path:
    """A ledger as the migrations make it; they take longer than most tests."""
    path = Path(SHELF.name) / "ledger.db"
    open_ledger(f"sqlite:///{path}").close()
    return path


class Shop:
    """One stand-in, its control interface, a real ledger, and channels. Waiting moves all clocks alike."""

    def __init__(self, folder: Path, *, products: int = 24, customers: int = 12, limits: bool = False, **set_: str):
        options = StandOptions(profile="tests", products=products, customers=customers, limits=limits, settings=set_)
        self.stand = build(options)
        self.stand.start()
        self.info = self.stand.announce()
        self.ahead = timedelta(0)
        shutil.copy(empty_ledger(), folder / "ledger.db")
        self.database = open_ledger(f"sqlite:///{folder}/ledger.db", check=False)
        self.tokens = ChannelTokens(open_vault(self.database), "store")
        self.slept: list[float] = []
        self._made = 0

    def close(self) -> None:
        self.stand.close()
        self.database.close()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.pass_(seconds)

    def pass_(self, seconds: float) -> None:
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

    def calls(self) -> list[str]:
        """The calls since the last time, oldest first."""
        log = self.control("calls", method="GET")["log"]
        self.control("calls", method="DELETE")
        return [f"{call['method']} {urlsplit(call['path']).path.removeprefix('/api/2026-07')}" for call in log]

    def ask(self, path: str, body: Any = None, method: str = "GET") -> Any:
        """The API as somebody else uses it."""
        headers = {"Authorization": f"Bearer {self.info['token']}", "User-Agent": "somebody"}
        address = f"{self.info['url']}/api/2026-07{path}"
        answer = requests.request(method, address, json=body, headers=headers, timeout=10)
        assert answer.status_code < 300, answer.text
        return answer.json()["data"] if isinstance(answer.json(), dict) else answer.json()

    @property
    def budget(self) -> ChannelBudget:
        return ChannelBudget(self.database, "store", Adapter.default_limits, now=self.now)

    def opening(self, settings: Mapping[str, Any] | None = None, **more: Any) -> Opening:
        mapping = load_mapping("lightspeed_x", SETTINGS | dict(settings or {}))
        options = {"base_url": self.info["url"], "token": self.info["token"]} | more.pop("options", {})
        opening = Opening(
            channel="store",
            options=Adapter.Options(**options),
            settings=mapping.settings,
            names={entity: one.native_names for entity, one in mapping.entities.items()},
            locations=OUTLETS,
            lists=LISTS,
            tokens=self.tokens,
            budget=self.budget,
            now=self.now,
            sleep=self.sleep,
        )
        return replace(opening, **more)

    def channel(self, settings: Mapping[str, Any] | None = None, **more: Any) -> Channel:
        return Adapter.open(self.opening(settings, **more))

    def application(self) -> dict[str, Any]:
        """Options for OAuth."""
        named = {name: self.info[name] for name in ("client_id", "client_secret", "refresh_token")}
        return {"options": {"token": None} | named}

    def token(self) -> str:
        self._made += 1
        return f"t{self._made}"

    def create(self, fields: Mapping[str, Any], **more: Any) -> Write:
        return Write(self.token(), "create", "", fields, **more)

    def update(self, row: Row, fields: Mapping[str, Any], **more: Any) -> Write:
        return Write(
            self.token(), "update", row.external_id, fields, **{"before": row.native, "parts": row.parts} | more
        )

    def of(self, product: Row, fields: Mapping[str, Any], place: str, **more: Any) -> Write:
        """A write of a price or a stock figure that does not exist yet."""
        return self.create(fields, parent_id=product.external_id, parent=product.native, place=place, **more)

    def move(self, product: Row, pieces: str, place: str = OUTLETS[0], **more: Any) -> Write:
        """A stock write."""
        fields = {"current_inventory_level": Decimal(0)}
        return self.of(product, fields, place, difference=Decimal(pieces), **more)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    one = Shop(tmp_path)
    yield one
    one.close()


@contextmanager
def shop_with(folder: Path, **how: Any) -> Iterator[Shop]:
    one = Shop(folder, **how)
    try:
        yield one
    finally:
        one.close()


def rows_of(pages: Iterator[Page]) -> list[Row]:
    """All rows of a reading; only its last page may say that it is complete."""
    read = list(pages)
    assert [False] * (len(read) - 1) + [True] == [page.complete for page in read]
    return [row for page in read for row in page.rows]


def last_cursor(pages: Iterator[Page]) -> str:
    cursor = list(pages)[-1].cursor
    assert cursor is not None
    return cursor


def product(channel: Channel, sku: str) -> Row:
    key = Key("sku", code_key(sku))
    (row,) = channel.find(PRODUCT, [key])[key]
    return row


def some_product(channel: Channel) -> Row:
    """One that is counted, has an upper-case SKU of its own, and belongs to no family."""
    rows = rows_of(channel.sweep(PRODUCT))
    plain = (row for row in rows if row.native["has_inventory"] and not row.native["variant_parent_id"])
    return next(row for row in plain if row.native["sku"] == row.native["sku"].upper())


def dependents(channel: Channel, entity: Entity, of: Row) -> list[Row]:
    return list(channel.find_of(entity, [of.external_id])[of.external_id])


def level(channel: Channel, of: Row, place: str = OUTLETS[0]) -> Decimal:
    (row,) = [row for row in dependents(channel, STOCK, of) if row.place == place]
    return Decimal(row.native["current_inventory_level"])


def kinds(results: Sequence[RowResult]) -> list[str]:
    """What each row came to, by the names that the engine knows; "" is confirmed."""
    return [type(result.error).__name__ if result.error else "" for result in results]


def error_of(results: Sequence[RowResult]) -> Any:
    (result,) = results
    return result.error


def codes(sku: str, *more: str) -> list[dict[str, str]]:
    return [{"type": "CUSTOM", "code": sku}, *({"type": "EAN", "code": code} for code in more)]


def new(sku: str, **fields: Any) -> dict[str, Any]:
    return {"name": f"Ding {sku}", "product_codes": codes(sku), "is_active": True, "tax_name": "Laag 9%"} | fields


PERSON = {"first_name": "Jan", "last_name": "de Vries", "email": "Jan.deVries@example.com"}


# --- access


@pytest.mark.parametrize(
    ("given_", "told"),
    [
        ({"token": "t"}, "either domain_prefix or base_url"),
        ({"token": "t", "domain_prefix": "a", "base_url": "https://a.example"}, "either domain_prefix or base_url"),
        ({"domain_prefix": "a"}, "either token, or client_id and client_secret"),
        ({"domain_prefix": "a", "client_id": "c"}, "either token, or client_id and client_secret"),
        ({"domain_prefix": "A b", "token": "t"}, "pattern"),
        ({"base_url": "a.example", "token": "t"}, "without a path"),
        ({"base_url": "https://a.example/api/2.0", "token": "t"}, "without a path"),
        ({"base_url": "https://me:pw@a.example", "token": "t"}, "user and password"),
        ({"domain_prefix": "a", "token": "t", "version": "2.0"}, "2026-01 to 2026-07"),
        ({"domain_prefix": "a", "token": "t", "version": "2026-10"}, "2026-01 to 2026-07"),
        ({"domain_prefix": "a", "token": "t", "page_size": 201}, "less than or equal to 200"),
        ({"domain_prefix": "a", "token": "t", "pagesize": 20}, "pagesize"),
    ],
)
def test_options_are_checked(given_: dict[str, Any], told: str) -> None:
    """What cannot work is refused before anything is called."""
    with pytest.raises(ValidationError, match=told):
        Adapter.Options(**given_)


def test_addresses_follow_from_the_prefix() -> None:
    """The prefix gives the shop's host; the consent page is one for all shops."""
    options = Adapter.Options(domain_prefix="voorbeeld", token="geheim")
    assert "https://voorbeeld.retail.lightspeed.app" == options.address
    assert "https://secure.retail.lightspeed.app/connect" == options.consent_url
    assert "geheim" not in repr(options)


def test_the_consent_page_asks_for_scopes(shop: Shop) -> None:
    """The page names the application and the scopes, with a state that nobody guesses."""
    address = Adapter.authorize_url(shop.opening(**shop.application()))
    assert address is not None
    query = parse_qs(urlsplit(address).query)
    assert [shop.info["client_id"]] == query["client_id"]
    assert "inventory:write" in query["scope"][0].split()
    assert len(query["state"][0]) >= 8
    assert Adapter.authorize_url(shop.opening()) is None


def test_a_refresh_token_lets_in_once_and_the_new_pair_is_kept(shop: Shop) -> None:
    """The pair rotates: what was configured is used up, what is stored works for the next process (failure 6)."""
    opening = shop.opening(**shop.application())
    assert rows_of(Adapter.open(opening).changes(PRODUCT, None))
    first = shop.tokens.load()
    assert first is not None
    assert first.values["refresh_token"] != shop.info["refresh_token"]
    assert rows_of(Adapter.open(opening).changes(PRODUCT, None))
    assert shop.calls().count("POST /api/1.0/token") == 1
    shop.pass_(13 * 3600)
    assert rows_of(Adapter.open(opening).changes(PRODUCT, None))
    assert shop.tokens.load() != first
    assert shop.calls().count("POST /api/1.0/token") == 1


def test_a_token_handed_over_by_hand_is_exchanged(shop: Shop) -> None:
    """``connector auth --refresh-token`` needs no consent page."""
    given_ = shop.application()
    token = given_["options"].pop("refresh_token")
    opening = shop.opening(**given_)
    with pytest.raises(AuthFailed, match="connector auth store"):
        list(Adapter.open(opening).changes(PRODUCT, None))
    Adapter.authorize(opening, f"refresh:{token}")
    assert rows_of(Adapter.open(opening).changes(PRODUCT, None))


def test_tokens_that_expire_early_are_exchanged_once(shop: Shop) -> None:
    """A 401 in the middle of a day leads to a new pair, and the call goes on."""
    channel = shop.channel(**shop.application())
    assert rows_of(channel.changes(PRODUCT, None))
    shop.fault("expire_tokens", "/products")
    assert rows_of(channel.changes(PRODUCT, None))


def test_a_used_up_refresh_token_asks_for_a_person(shop: Shop) -> None:
    """Without a good pair the channel pauses, with the one command to run; nothing is retried (failure 6)."""
    opening = shop.opening(**shop.application())
    assert rows_of(Adapter.open(opening).changes(PRODUCT, None))
    shop.tokens.save(replace(shop.tokens.load(), obtained_at=START) if shop.tokens.load() else None)  # type: ignore[type-var, arg-type]
    requests.post(
        f"{shop.info['url']}/api/1.0/token",
        data={
            "grant_type": "refresh_token",
            "refresh_token": shop.tokens.load().values["refresh_token"],  # type: ignore[union-attr]
            "client_id": shop.info["client_id"],
            "client_secret": shop.info["client_secret"],
        },
        timeout=10,
    ).raise_for_status()
    with pytest.raises(AuthFailed, match="connector auth store"):
        list(Adapter.open(opening).changes(PRODUCT, None))


def test_a_wrong_token_is_refused_without_retries(shop: Shop) -> None:
    """One call, and a person is asked; the token is not in the message (failure 27)."""
    channel = shop.channel(options={"token": "geheim-123"})
    with pytest.raises(AuthFailed) as refused:
        list(channel.changes(PRODUCT, None))
    assert "geheim" not in str(refused.value)
    assert ["GET /products"] == shop.calls()


def test_a_missing_scope_is_named(tmp_path: Path) -> None:
    """A 403 says which scope is missing."""
    with shop_with(tmp_path, scopes="products:read") as shop:
        channel = shop.channel(**shop.application())
        with pytest.raises(AuthFailed, match="customers:read"):
            list(channel.changes(CUSTOMER, None))


def test_a_redirect_is_not_followed(shop: Shop) -> None:
    """The token stays at home (failure 28)."""
    shop.fault("redirect", "/products")
    with pytest.raises(ContractBroken, match="redirect"):
        list(shop.channel().changes(PRODUCT, None))


def test_a_wrong_prefix_is_told() -> None:
    """A 404 on a list is no deletion, but a wrong address; on a write it is a matter of its content."""
    calls = [
        Call("GET", "/api/2026-07/products", "product", safe=True),
        Call("GET", "/api/2026-07/products/{product_id}", "product", {"product_id": "1"}, safe=True),
        Call("POST", "/api/2026-07/stock_adjustments", "stock"),
    ]
    told = [complaint(Answer(call, 404, {}, b"", START, START, {"error": "Not Found"})) for call in calls]
    assert ["ContractBroken", "Gone", "Rejected"] == [type(error).__name__ for error in told]


# --- the rate limit


def test_headers_correct_the_budget(tmp_path: Path) -> None:
    """The ledger's budget takes the shop's own limit and what is left of it (failure 7)."""
    with shop_with(tmp_path, limits=True) as shop:
        list(shop.channel().changes(CUSTOMER, None))
        (window,) = shop.budget.allowances()
        assert (950, True) == (window.limit, window.learned)
        assert window.remaining < 950


def test_a_429_waits_for_the_date_by_the_shops_clock(tmp_path: Path) -> None:
    """Retry-After is a date of the server, whose clock is an hour ahead of ours (failure 7)."""
    with shop_with(tmp_path, limits=True) as shop:
        shop.stand.clock.advance(3600)
        at = (shop.stand.clock.now() + timedelta(seconds=200)).strftime("%a, %d %b %Y %H:%M:%S GMT")
        headers = {"Retry-After": at, "X-RateLimit-Limit": "950", "X-RateLimit-Remaining": "0"}
        shop.fault("status", "/customers", status=429, headers=headers)
        with pytest.raises(RateLimited) as limited:
            list(shop.channel().changes(CUSTOMER, None))
        assert 195 <= (limited.value.until - shop.now()).total_seconds() <= 201
        assert ["GET /customers"] == shop.calls()
        with pytest.raises(RateLimited):
            list(shop.channel().changes(CUSTOMER, None))
        assert [] == shop.calls()


def window_answer(remaining: int, status: int = 200, **headers: str) -> Answer:
    given_ = {"X-RateLimit-Limit": "350", "X-RateLimit-Remaining": str(remaining)} | headers
    return Answer(Call("GET", "/x", "stock"), status, given_, b"", START, START)


def test_the_end_of_the_window_is_bounded_by_what_was_seen() -> None:
    """Within a window its end stays; more calls left than before means that a new one has begun."""
    moment = START

    def now() -> datetime:
        return moment

    window = Window(now)
    (first,) = window.limits(window_answer(300))
    moment = START + timedelta(seconds=100)
    (second,) = window.limits(window_answer(200))
    (third,) = window.limits(window_answer(349))
    (told,) = window.limits(window_answer(0, 429, **{"Retry-After": "30"}))
    assert [300, 300, 400, 130] == [(one.resets_at - START).total_seconds() for one in (first, second, third, told)]
    assert () == window.limits(Answer(Call("GET", "/x", "stock"), 200, {}, b"", START, START))


# --- positions in a feed


def test_nothing_is_read_twice_before_there_is_anything() -> None:
    """A new position begins at zero, and its cursor comes back as it was."""
    assert 0 == Position().start
    assert {"a": Position(), "b": Position()} == unpack(None, ("a", "b"))
    position = Position().at(7, START).done(9, START + timedelta(seconds=5))
    assert {"a": position} == unpack(pack({"a": position}), ("a",))


def test_a_read_cut_short_goes_on_where_it_was() -> None:
    """The position in the middle of a read is where the next one begins."""
    assert 500 == Position((Mark(400, START, START),)).at(500, START).start


def test_a_broken_cursor_is_told() -> None:
    """A cursor that cannot be read names the remedy."""
    with pytest.raises(ContractBroken, match="connector resync"):
        unpack("12345", ("products",))


@given(
    st.lists(st.tuples(st.integers(1, 400), st.integers(0, 60)), min_size=1, max_size=12),
    st.integers(1, 5000),
    st.integers(0, int(LATE.total_seconds())),
)
def test_what_appears_late_is_read(reads: list[tuple[int, int]], taken_s: int, late_s: int) -> None:
    """Whatever the rhythm, a version that becomes visible within two minutes is read by a later read (failure 8).

    Versions are seconds: one is taken each second, and the late one is seen ``late_s`` after that.
    """
    position, clock, seen = Position(), 0, False
    for pause, length in [*reads, (5000, 10), (5000, 10)]:
        began, clock = clock + pause, clock + pause + length
        seen = seen or (position.start < taken_s <= began and taken_s + late_s <= began)
        position = position.at(max(0, began - 1), at(began)).done(clock, at(clock))
    assert seen or taken_s + late_s > clock - 5020


def at(second: int) -> datetime:
    return START + timedelta(seconds=second)


# --- reading


@pytest.mark.parametrize("entity", list(Entity))
def test_feed_and_listing_agree(shop: Shop, entity: Entity) -> None:
    """The first feed brings what the listing has, in pages, and a read by id brings each again."""
    channel = shop.channel(options={"page_size": 7})
    fed, listed = rows_of(channel.changes(entity, None)), rows_of(channel.sweep(entity))
    assert fed
    assert {row.external_id for row in fed if not row.deleted} == {row.external_id for row in listed}
    assert len({row.external_id for row in listed}) == len(listed)
    again = channel.read(entity, [listed[0].external_id, listed[-1].external_id])
    assert [listed[0].native, listed[-1].native] == [row.native for row in again]


def test_names_stand_in_for_ids(shop: Shop) -> None:
    """Tax, brand and category come by name, the SKU as address, the version and the moment as they are."""
    channel = shop.channel()
    row = some_product(channel)
    assert row.native["tax_name"] in ("Hoog 21%", "Laag 9%", "Nul 0%", "Tussen 12% BE")
    assert code_key(row.native["sku"]) == row.address
    assert str(row.native["version"]) == row.version
    assert row.modified_at is not None
    assert row.modified_at.tzinfo is UTC
    brands = {brand["id"]: brand["name"] for brand in shop.ask("/brands")}
    rows = rows_of(channel.sweep(PRODUCT))
    assert [brands.get(one.native["brand_id"]) for one in rows] == [one.native["brand"] for one in rows]
    assert any(one.native["brand"] for one in rows)
    assert any(one.native["category"] for one in rows)


def test_the_parent_of_a_family_is_no_product(shop: Shop) -> None:
    """Variants are products; the parent row, which nobody can buy, is left out, of prices too."""
    shop.edit(
        "create_product",
        name="Familie",
        variants=[
            {"sku": f"FAM-{size}", "variant_definitions": [{"attribute_id": attribute(shop), "value": size}]}
            for size in ("S", "M")
        ],
    )
    channel = shop.channel()
    parents = {row["id"] for row in shop.ask("/products?page_size=200") if row["has_variants"]}
    rows = rows_of(channel.sweep(PRODUCT))
    assert parents
    assert {"fam-s", "fam-m"} <= {row.address for row in rows}
    assert not parents & {row.external_id for row in rows}
    assert not parents & {row.parent for row in rows_of(channel.sweep(PRICE))}


def attribute(shop: Shop) -> str:
    found = [row for row in shop.ask("/products?page_size=200") if row["variant_options"]]
    return str(found[0]["variant_options"][0]["id"])


def test_a_deletion_comes_through_the_feed(shop: Shop) -> None:
    """A deleted row is reported once as deleted, with its price, and is absent from listings and reads (failure 16)."""
    channel = shop.channel()
    row = some_product(channel)
    before = {entity: last_cursor(channel.changes(entity, None)) for entity in (PRODUCT, PRICE)}
    shop.edit("delete_product", sku=row.native["sku"])
    gone = [one.external_id for one in rows_of(channel.changes(PRODUCT, before[PRODUCT])) if one.deleted]
    prices = [one.external_id for one in rows_of(channel.changes(PRICE, before[PRICE])) if one.deleted]
    assert [row.external_id] == gone
    assert [f"{row.external_id}:base"] == prices
    assert row.external_id not in {one.external_id for one in rows_of(channel.sweep(PRODUCT))}
    assert [] == channel.read(PRODUCT, [row.external_id])


def test_a_sale_moves_the_level_and_not_the_product(shop: Shop) -> None:
    """Stock has a feed of its own (failure 3)."""
    channel = shop.channel()
    row = some_product(channel)
    was = level(channel, row)
    shop.pass_(600)
    cursors = {}
    for _ in range(3):  # until the overlap lies behind the last change
        shop.pass_(300)
        cursors = {e: last_cursor(channel.changes(e, cursors.get(e))) for e in (PRODUCT, STOCK)}
    shop.edit("sale", sku=row.native["sku"], quantity=2, location=OUTLETS[0])
    assert [] == rows_of(channel.changes(PRODUCT, cursors[PRODUCT]))
    (moved,) = rows_of(channel.changes(STOCK, cursors[STOCK]))
    assert (row.external_id, OUTLETS[0]) == (moved.parent, moved.place)
    assert was - 2 == moved.native["current_inventory_level"]


def test_a_quiet_feed_costs_one_call(shop: Shop) -> None:
    """Once nothing has changed for a while, a read is one empty page (failure 17)."""
    channel = shop.channel()
    cursor = None
    for _ in range(3):
        cursor = last_cursor(channel.changes(STOCK, cursor))
        shop.pass_(300)
    shop.calls()
    assert [] == rows_of(channel.changes(STOCK, cursor))
    assert ["POST /inventory"] == [call for call in shop.calls() if "inventory" in call]


def test_levels_are_read_upwards(shop: Shop) -> None:
    """The feed of levels falls by default, and would skip rows; it is asked to rise, page by page (failure 10)."""
    channel: Any = shop.channel()
    api: Api = channel._stock._api
    pages = list(api.inventory("stock", 0, size=10))
    versions = [row["version"] for page in pages for row in page.rows]
    assert sorted(versions) == versions
    assert len(rows_of(channel.sweep(STOCK))) <= len(versions)
    assert len(pages) > 3


@pytest.mark.parametrize(("entity", "call"), [(PRODUCT, "GET /products"), (STOCK, "POST /inventory")])
def test_what_is_shown_again_to_be_safe_costs_one_call(shop: Shop, entity: Entity, call: str) -> None:
    """Within minutes of a change a feed is read again from before it: a short page of what is known ends that."""
    channel = shop.channel()
    cursor = last_cursor(channel.changes(entity, None))
    shop.calls()
    assert [] != rows_of(channel.changes(entity, cursor))
    assert 1 == shop.calls().count(call)


def test_what_is_new_behind_what_is_shown_again_is_seen(shop: Shop) -> None:
    """A page that goes on behind what is known is followed to the end."""
    channel = shop.channel()
    row = next(row for row in rows_of(channel.changes(PRODUCT, None)) if level(channel, row) > 0)
    cursor = last_cursor(channel.changes(STOCK, None))
    was = level(channel, row)
    shop.edit("sale", sku=row.native["sku"], quantity=1, location=OUTLETS[0])
    seen = {(one.parent, one.place): one.native for one in rows_of(channel.changes(STOCK, cursor))}
    assert was - 1 == seen[row.external_id, OUTLETS[0]]["current_inventory_level"]


def test_a_falling_list_is_no_feed(shop: Shop) -> None:
    """Rows out of order would be skipped by the next page, so they stop the lane (failure 10)."""
    channel: Any = shop.channel()
    api: Api = channel._stock._api
    with pytest.raises(ContractBroken, match="does not move on"):
        list(api.inventory("stock", 0, size=10, sort_direction="desc"))


def test_a_repeated_page_is_an_error(shop: Shop) -> None:
    """A page that comes again does not end, or feed, a listing (failure 9)."""
    shop.fault("repeat_page", "/customers", skip=1)
    with pytest.raises(ContractBroken, match="does not move on"):
        list(shop.channel(options={"page_size": 5}).sweep(CUSTOMER))


def test_a_page_that_was_cut_loses_nothing(shop: Shop) -> None:
    """What a page leaves out comes with the next one: the cursor is the last row's, not the page's (failure 10)."""
    channel = shop.channel(options={"page_size": 5})
    whole = {row.external_id for row in rows_of(channel.sweep(CUSTOMER))}
    shop.fault("truncate_page", "/customers", skip=1)
    assert whole == {row.external_id for row in rows_of(channel.sweep(CUSTOMER))}


def test_a_first_load_goes_on_after_a_break(shop: Shop) -> None:
    """What was read stays read: the cursor behind each page is good (failure 10)."""
    channel = shop.channel(options={"page_size": 5})
    whole = {row.external_id for row in rows_of(channel.sweep(CUSTOMER))}
    shop.fault("status", "/customers", status=429, headers={"Retry-After": "3000"}, skip=1)
    pages = channel.changes(CUSTOMER, None)
    first = next(pages)
    with pytest.raises(RateLimited):
        next(pages)
    seen = {row.external_id for row in first.rows}
    assert 5 == len(seen)
    shop.pass_(3001)
    rest = [row.external_id for row in rows_of(channel.changes(CUSTOMER, first.cursor))]
    assert whole - seen == set(rest)


def test_a_change_that_appears_late_is_read(tmp_path: Path) -> None:
    """A version that shows after a higher one is not lost (failure 8)."""
    with shop_with(tmp_path, late_versions="60") as shop:
        channel = shop.channel()
        cursor = last_cursor(channel.changes(CUSTOMER, None))
        for _ in range(3):
            shop.pass_(300)
            cursor = last_cursor(channel.changes(CUSTOMER, cursor))
        everyone = rows_of(channel.sweep(CUSTOMER))
        for row in everyone:
            shop.edit("customer", id=row.external_id, set={"note": "gewijzigd"})
        found: set[str] = set()
        for _ in range(4):
            pages = list(channel.changes(CUSTOMER, cursor))
            cursor = pages[-1].cursor
            found |= {row.external_id for page in pages for row in page.rows if row.native["note"] == "gewijzigd"}
            shop.pass_(30)
        assert {row.external_id for row in everyone} == found


def test_server_errors_are_tried_again(shop: Shop) -> None:
    """A read survives a moment of trouble, and gives up as Transient where it lasts."""
    shop.fault("status", "/customers", status=503, times=2)
    assert rows_of(shop.channel().changes(CUSTOMER, None))
    assert 2 == len(shop.slept)
    shop.fault("status", "/customers", status=502, times=None)
    with pytest.raises(Transient):
        list(shop.channel().changes(CUSTOMER, None))


def test_a_maintenance_page_is_no_empty_shop(shop: Shop) -> None:
    """HTML with a good status is not "no rows" (failure 16)."""
    shop.fault("html", "/customers", status=200, times=None)
    with pytest.raises(ContractBroken):
        list(shop.channel().sweep(CUSTOMER))


# --- products


def test_a_new_product_in_two_calls(shop: Shop) -> None:
    """Created with its codes, tax, brand and weight; whether it is counted is told in a second call."""
    channel = shop.channel()
    fields = new("NW-001", product_codes=codes("NW-001", "9520000001018"), description="<p>é</p>", brand="Nieuw merk")
    (made,) = channel.write(PRODUCT, [shop.create(fields | {"weight": Decimal("0.45"), "weight_unit": "KG"})])
    assert ("", "nw-001") == (kinds([made])[0], made.address)
    before = product(channel, "NW-001")
    assert (made.external_id, False) == (before.external_id, before.native["has_inventory"])
    tracked = shop.update(before, {"has_inventory": True}, part="tracking")
    assert [""] == kinds(channel.write(PRODUCT, [tracked]))
    row = product(channel, "NW-001").native
    told = {
        name: row[name] for name in ("name", "tax_name", "brand", "weight", "has_inventory", "is_active", "description")
    }
    expected = {"name": "Ding NW-001", "tax_name": "Laag 9%", "brand": "Nieuw merk", "weight": Decimal("0.45")}
    assert expected | {"has_inventory": True, "is_active": True, "description": "<p>é</p>"} == told
    assert ["NW-001", "9520000001018"] == [code["code"] for code in row["product_codes"]]


def test_nothing_is_sent_for_what_was_just_read(shop: Shop) -> None:
    """Every row that is read, put back through the mapping, sends nothing (failure 4)."""
    mapping = load_mapping("lightspeed_x", SETTINGS)
    channel = shop.channel()
    for entity in (PRODUCT, CUSTOMER, STOCK):
        one = mapping.entities[entity]
        for row in rows_of(channel.sweep(entity)):
            picked = one.pick(row.native, row.part)
            context = Context(START.date(), "Europe/Amsterdam")
            values = one.get(picked, context, row.part).values
            assert {} == one.put(values, picked, context, part=row.part).fields


@pytest.mark.parametrize("sku", ["A/B C", "50%+1", "Ünï#7?", "x,y&z", "0004711-b", "Mixed-Case"])
def test_odd_skus_are_found(shop: Shop, sku: str) -> None:
    """Whatever a SKU holds, it is encoded once (failure 11)."""
    channel = shop.channel()
    (made,) = channel.write(PRODUCT, [shop.create(new(sku))])
    spelled: Any = channel
    assert [made.external_id] == [row["id"] for row in spelled._products.spelled(sku, "product")]


def test_many_keys_are_looked_up_in_the_feed(shop: Shop) -> None:
    """Of thirty keys only those that the feed has shown are asked for; what was made since is among them (rule 5.8)."""
    channel = shop.channel()
    channel.write(PRODUCT, [shop.create(new("Mixed-7"))])
    nobody = [Key("sku", f"nobody-{number}") for number in range(30)]
    assert [] == [key for key, rows in channel.find(PRODUCT, nobody).items() if rows]
    shop.calls()
    (later,) = channel.write(PRODUCT, [shop.create(new("LATER-7", name="Later"))])
    shop.ask("/products", {"name": "Anders", "sku": "theirs-7"}, "POST")
    keys = [Key("sku", "later-7"), Key("sku", "theirs-7")]
    found = channel.find(PRODUCT, [*keys, *nobody])
    assert {"later-7": 1, "theirs-7": 1} == {key.text: len(rows) for key, rows in found.items() if rows}
    assert later.external_id == found[keys[0]][0].external_id
    # the create; theirs; one page of the feed and its end; LATER-7; THEIRS-7 and theirs-7
    assert 7 == len(shop.calls())


def test_what_appears_late_is_looked_back_for(shop: Shop) -> None:
    """A product whose version becomes visible behind a higher one is met two minutes later at the most."""
    channel = shop.channel()
    keys = [Key("sku", f"late-{number}") for number in range(30)]
    shop.edit("switch", name="late_versions", value="60")
    for number in range(9):
        shop.ask("/products", {"name": f"Laat {number}", "sku": f"late-{number}"}, "POST")
    channel.find(PRODUCT, keys)
    shop.pass_(130)
    channel.find(PRODUCT, keys)
    shop.pass_(130)
    assert 9 == len([key for key, rows in channel.find(PRODUCT, keys).items() if rows])


def test_only_the_first_code_is_the_key(shop: Shop) -> None:
    """A product that has the code as its barcode is not the one (failure 12)."""
    channel = shop.channel()
    channel.write(PRODUCT, [shop.create(new("AA-1", product_codes=codes("AA-1", "9520000001018")))])
    key = Key("sku", "9520000001018")
    assert {key: []} == channel.find(PRODUCT, [key])
    assert "AA-1" == product(channel, "aa-1").native["sku"]


def test_a_mixed_case_twin_is_not_created(shop: Shop) -> None:
    """The look-up by key has lost the case, so the spelling is looked up once more before a create (failures 5, 12)."""
    channel = shop.channel()
    first = shop.create(new("Mixed-1"))
    again = shop.create(new("Mixed-1", name="Een ander"))
    refused = channel.write(PRODUCT, [first, again])
    assert ["", "Rejected"] == kinds(refused)
    assert ["product_codes"] == list(refused[1].error.fields)  # type: ignore[union-attr]


def test_a_taken_name_gets_the_sku_behind_it(shop: Shop) -> None:
    """Families cannot share a name: a create goes again with the SKU behind it, an update waits with its field."""
    channel = shop.channel()
    made = channel.write(PRODUCT, [shop.create(new(sku, name="Sjaal")) for sku in ("SJ-1", "SJ-2")])
    assert ["", ""] == kinds(made)
    assert ["Sjaal", "Sjaal [SJ-2]"] == [product(channel, sku).native["name"] for sku in ("SJ-1", "SJ-2")]
    refused = error_of(channel.write(PRODUCT, [shop.update(product(channel, "SJ-2"), {"name": "Sjaal"})]))
    assert ["name"] == list(refused.fields)


def test_changes_leave_the_rest_alone(shop: Shop) -> None:
    """Only what is sent changes; a list of codes is replaced whole; the weight takes its unit along."""
    channel = shop.channel()
    channel.write(
        PRODUCT, [shop.create(new("CH-1", product_codes=codes("CH-1", "9520000001018"), weight=1, weight_unit="G"))]
    )
    row = product(channel, "CH-1")
    kept = [*row.native["product_codes"], {"type": "UPC", "code": "952000000208"}]
    write = shop.update(
        row, {"product_codes": kept, "weight": 3, "is_active": False, "tax_name": "Hoog 21%", "brand": None}
    )
    assert [""] == kinds(channel.write(PRODUCT, [write]))
    after = product(channel, "CH-1").native
    assert ["CH-1", "9520000001018", "952000000208"] == [code["code"] for code in after["product_codes"]]
    assert (3, "G", False, "Hoog 21%", None) == tuple(
        after[name] for name in ("weight", "weight_unit", "is_active", "tax_name", "brand")
    )
    assert row.native["name"] == after["name"]


def test_a_changed_sku_is_addressed_by_its_id(shop: Shop) -> None:
    """A renamed SKU is the same product, under a new address (failure 25)."""
    channel = shop.channel()
    (made,) = channel.write(PRODUCT, [shop.create(new("OUD-1"))])
    (changed,) = channel.write(PRODUCT, [shop.update(product(channel, "OUD-1"), {"product_codes": codes("NIEUW-1")})])
    assert (made.external_id, "nieuw-1") == (changed.external_id, changed.address)
    assert made.external_id == product(channel, "NIEUW-1").external_id


def test_the_name_of_a_variant_is_not_written(shop: Shop) -> None:
    """Two variants that each write the family's name would do so for ever (failure 4)."""
    channel = shop.channel()
    variants = [row for row in rows_of(channel.sweep(PRODUCT)) if row.native["variant_parent_id"]]
    refused = error_of(channel.write(PRODUCT, [shop.update(variants[0], {"name": "Mijn naam"})]))
    assert (["name"], Rejected) == (list(refused.fields), type(refused))
    assert [""] == kinds(channel.write(PRODUCT, [shop.update(variants[0], {"is_active": False})]))


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"tax_name": "Oud tarief"}, "tax_name"),
        ({"category": "Bestaat niet"}, "category"),
        ({"category": "Assortiment"}, "category"),
    ],
)
def test_names_that_the_shop_does_not_have_wait_alone(shop: Shop, fields: dict[str, str], field: str) -> None:
    """An unknown tax or category, or one that is no leaf, is refused by field; the next row goes on (failure 14)."""
    channel = shop.channel()
    row = some_product(channel)
    results = channel.write(PRODUCT, [shop.update(row, fields), shop.update(row, {"is_active": True})])
    assert ["Rejected", ""] == kinds(results)
    assert [field] == list(results[0].error.fields)  # type: ignore[union-attr]


def test_archive_and_delete(shop: Shop) -> None:
    """Archived is off at the till; deleted is gone, and known as gone."""
    channel = shop.channel()
    channel.write(PRODUCT, [shop.create(new("WEG-1"))])
    row = product(channel, "WEG-1")
    assert [""] == kinds(channel.write(PRODUCT, [replace(shop.update(row, {}), operation="archive")]))
    assert product(channel, "WEG-1").native["is_active"] is False
    assert [""] == kinds(channel.write(PRODUCT, [replace(shop.update(row, {}), operation="delete")]))
    assert [] == channel.read(PRODUCT, [row.external_id])
    assert ["Gone"] == kinds(channel.write(PRODUCT, [shop.update(row, {"name": "Toch"})]))
    assert ["Gone"] == kinds(channel.write(PRODUCT, [shop.update(row, {"is_active": True})]))


@pytest.mark.parametrize(("fault", "there"), [("cut_after", True), ("cut_before", False), ("bad_json", True)])
def test_a_create_without_an_answer_is_looked_up(shop: Shop, fault: str, there: bool) -> None:
    """A lost answer is doubt, settled by our own mark on the product, not by sending again (failure 5)."""
    channel = shop.channel()
    write = shop.create(new("TWIJFEL-1"))
    shop.fault(fault, "/products$", method="POST")
    results = channel.write(PRODUCT, [write])
    assert ["AmbiguousWrite"] == kinds(results)
    assert 1 == shop.calls().count("POST /products")
    key = Key("sku", "twijfel-1")
    found = [row.external_id for row in channel.find(PRODUCT, [key])[key]]
    assert there is bool(found)
    assert Evidence(there, *found) == channel.landed(PRODUCT, write)


def test_another_ones_product_is_no_evidence(shop: Shop) -> None:
    """A product with the SKU but without our mark says nothing about our create."""
    channel = shop.channel()
    write = shop.create(new("VREEMD-1"))
    channel.write(PRODUCT, [shop.create(new("VREEMD-1"))])
    assert channel.landed(PRODUCT, write) is None
    assert channel.landed(CUSTOMER, write) is None


def test_an_exclusive_shop_has_its_taxes_by_outlet(tmp_path: Path) -> None:
    """Where prices are without tax, a product's tax is written and read for each outlet."""
    with shop_with(tmp_path, tax_exclusive="yes") as shop:
        channel = shop.channel({"prices": "excluded"})
        (made,) = channel.write(PRODUCT, [shop.create(new("EX-1"))])
        assert "" == kinds([made])[0]
        row = product(channel, "EX-1")
        assert "Laag 9%" == row.native["tax_name"]
        (base,) = [one for one in dependents(channel, PRICE, row) if one.part == "base"]
        write = shop.update(base, {"price_excluding_tax": Decimal("41.28099")}, part="base")
        assert [""] == kinds(channel.write(PRICE, [write]))
        assert Decimal("41.28099") == product(channel, "EX-1").native["price_excluding_tax"]


# --- customers


def test_a_customer_is_written_and_found(shop: Shop) -> None:
    """Created, found by e-mail whatever its case, changed, and found under the new address alone (failure 25)."""
    channel = shop.channel()
    (made,) = channel.write(CUSTOMER, [shop.create(PERSON | {"customer_group": "Dealers"})])
    key, other = Key("email", "jan.devries@example.com"), Key("email", "jan@elders.test")
    (row,) = channel.find(CUSTOMER, [key])[key]
    assert (made.external_id, "Dealers", "de Vries") == (
        row.external_id,
        row.native["customer_group"],
        row.native["last_name"],
    )
    changed = channel.write(CUSTOMER, [shop.update(row, {"email": "jan@elders.test"})])
    assert [""] == kinds(changed)
    assert int(changed[0].version) > int(made.version)
    found = channel.find(CUSTOMER, [key, other])
    assert ([], [row.external_id]) == (found[key], [one.external_id for one in found[other]])
    assert "de Vries" == found[other][0].native["last_name"]
    shop.edit("delete_customer", id=row.external_id)
    assert [] == channel.find(CUSTOMER, [other])[other]


def test_a_shared_address_finds_both(shop: Shop) -> None:
    """Two customers with one e-mail address are both shown; the engine decides (failure 12)."""
    channel = shop.channel()
    channel.write(CUSTOMER, [shop.create(PERSON), shop.create(PERSON | {"first_name": "Jet"})])
    key = Key("email", "jan.devries@example.com")
    assert 2 == len(channel.find(CUSTOMER, [key])[key])


def test_companies_are_found_by_vat_number(shop: Shop) -> None:
    """The custom field that holds VAT numbers is compared without dots and blanks (failure 12)."""
    channel = shop.channel({"vat_number_field": "custom_field_2"})
    (made,) = channel.write(CUSTOMER, [shop.create(PERSON | {"custom_field_2": "BE 0477.472.701"})])
    key = Key("vat_number", "be0477472701")
    assert [made.external_id] == [row.external_id for row in channel.find(CUSTOMER, [key])[key]]


@pytest.mark.parametrize(("fault", "count"), [("cut_after", 1), ("cut_before", 0)])
def test_a_customer_in_doubt_is_found_by_the_feed(shop: Shop, fault: str, count: int) -> None:
    """The index of the search may lag; the feed sees our own write (failure 5)."""
    shop.edit("switch", name="search_lag", value="3600")
    channel = shop.channel()
    key = Key("email", "jan.devries@example.com")
    assert [] == channel.find(CUSTOMER, [key])[key]
    shop.fault(fault, "/customers$", method="POST")
    assert ["AmbiguousWrite"] == kinds(channel.write(CUSTOMER, [shop.create(PERSON)]))
    assert count == len(channel.find(CUSTOMER, [key])[key])


def test_a_refused_postcode_waits_with_its_field(shop: Shop) -> None:
    """A postcode that is refused is named, without its value, and the next customer goes on (failures 14, 27)."""
    channel = shop.channel()
    bad = PERSON | {"physical_postcode": "99999999", "physical_country_id": "NL", "physical_city": "Utrecht"}
    results = channel.write(CUSTOMER, [shop.create(bad), shop.create(PERSON)])
    assert ["Rejected", ""] == kinds(results)
    refused: Any = results[0].error
    assert ["physical_postcode"] == list(refused.fields)
    assert "99999999" not in str(refused)


def test_masked_digits_are_not_a_new_edit(shop: Shop) -> None:
    """Digits like a card number come back masked; the mapping sends them masked, so they stay as sent (failure 4)."""
    channel = shop.channel()
    masked = PERSON | {"company_name": "Kaart **** **** **** **** BV"}
    (made,) = channel.write(CUSTOMER, [shop.create(masked)])
    (row,) = channel.read(CUSTOMER, [made.external_id])
    assert masked["company_name"] == row.native["company_name"]


def test_customers_are_not_deleted(shop: Shop) -> None:
    """Sales hang on them: a person does that by hand; an update of a deleted one is Gone."""
    channel = shop.channel()
    row = rows_of(channel.sweep(CUSTOMER))[0]
    assert ["Rejected"] == kinds(channel.write(CUSTOMER, [replace(shop.update(row, {}), operation="delete")]))
    shop.edit("delete_customer", id=row.external_id)
    assert ["Gone"] == kinds(channel.write(CUSTOMER, [shop.update(row, {"phone": "1"})]))


# --- prices


def test_a_products_own_price(shop: Shop) -> None:
    """Read with the product, written in the shop's tax mode, found under the product at once."""
    channel = shop.channel()
    channel.write(PRODUCT, [shop.create(new("PR-1"))])
    row = product(channel, "PR-1")
    write = shop.of(row, {"price_including_tax": Decimal("54.95")}, "BASE", part="base")
    shop.calls()
    (done,) = channel.write(PRICE, [write])
    assert [f"PUT /products/{row.external_id}"] == shop.calls()
    assert ("", f"{row.external_id}:base") == (kinds([done])[0], done.external_id)
    (base,) = dependents(channel, PRICE, row)
    assert (done.external_id, "BASE", "base", row.external_id) == (base.external_id, base.place, base.part, base.parent)
    assert Decimal("54.95") == base.native["price_including_tax"]


def test_the_other_tax_form_is_refused(shop: Shop) -> None:
    """A mapping for the wrong tax mode would write nothing that counts; it is told (failure 18)."""
    channel = shop.channel()
    row = some_product(channel)
    write = shop.of(row, {"price_excluding_tax": Decimal(10)}, "BASE", part="base")
    refused = error_of(channel.write(PRICE, [write]))
    assert "prices" in refused.remedy


def tier(shop: Shop, row: Row, price: str, units: int | None = None, **more: Any) -> Write:
    fields = {"written_price": Decimal(price)} | ({} if units is None else {"min_units": units})
    return shop.of(row, fields | more, "Staffelprijzen", part="book")


def test_rows_of_a_book_are_written_with_tax_and_read_without(shop: Shop) -> None:
    """Added in one call, read back for their ids, changed and deleted by them."""
    channel = shop.channel()
    channel.write(PRODUCT, [shop.create(new("ST-1", tax_name="Hoog 21%"))])
    row = product(channel, "ST-1")
    made = channel.write(PRICE, [tier(shop, row, "44.95"), tier(shop, row, "39.95", 10)])
    assert ["", ""] == kinds(made)
    rows = {one.external_id: one for one in dependents(channel, PRICE, row) if one.part == "book"}
    assert {result.external_id for result in made} == set(rows)
    one = rows[made[0].external_id]
    assert ("Staffelprijzen", Decimal("37.14876")) == (one.place, one.native["price"])
    assert made[0].parts == one.parts
    changed = shop.update(one, {"written_price": Decimal("43.95")}, part="book")
    assert [""] == kinds(channel.write(PRICE, [changed]))
    (after,) = channel.read(PRICE, [one.external_id])
    assert Decimal("36.32231") == after.native["price"]
    delete = replace(shop.update(rows[made[1].external_id], {}, part="book"), operation="delete")
    assert [""] == kinds(channel.write(PRICE, [delete]))
    assert [one.external_id] == [left.external_id for left in dependents(channel, PRICE, row) if left.part == "book"]


def test_a_list_that_is_not_ours_is_left_out(shop: Shop) -> None:
    """A book for some customers only, and the book that shows the products' own prices once more, are left out."""
    channel = shop.channel(lists=("BASE",))
    (dealers,) = [one["id"] for one in shop.ask("/customer_groups") if one["name"] == "Dealers"]
    outlets = [one["id"] for one in shop.ask("/outlets")]
    body = {"name": "Dealerprijzen", "customer_group_ids": [dealers], "outlet_ids": outlets}
    book = shop.ask("/price_books", body, "POST")["id"]
    item = rows_of(channel.sweep(PRODUCT))[0]
    tax = next(one["id"] for one in shop.ask("/taxes"))
    row = {"product_id": item.external_id, "price": 1, "tax_id": tax}
    shop.ask(f"/price_books/{book}/products", {"data": [row]}, "POST")
    rows = rows_of(channel.sweep(PRICE))
    assert {"BASE"} == {row.place for row in rows}
    assert book not in {row.parts.get("book") for row in rows}
    assert [] == rows_of(shop.channel(lists=()).sweep(PRICE))


def test_promotions_for_everybody_belong_to_the_base_list(shop: Shop) -> None:
    """A book that holds for the customers and outlets of the general one carries the base list's periods and tiers."""
    rows = rows_of(shop.channel(lists=("BASE",)).sweep(PRICE))
    books = {one["id"]: one["name"] for one in shop.ask("/price_books")}
    named = {books[row.parts["book"]].partition(" ")[0] for row in rows if row.part == "book"}
    assert {"Actie", "Staffelprijzen"} == named


def test_a_period_gets_a_book_of_its_own(shop: Shop) -> None:
    """Made once, like the list's own book, named by its days in the shop's zone; the next row finds it."""
    channel = shop.channel()
    for sku in ("PE-1", "PE-2"):
        channel.write(PRODUCT, [shop.create(new(sku))])
    period = {"valid_from": "2026-12-23T23:00:00Z", "valid_to": "2026-12-31T22:59:59Z"}
    writes = [tier(shop, product(channel, sku), "9.95", **period) for sku in ("PE-1", "PE-2")]
    made = channel.write(PRICE, writes)
    assert ["", ""] == kinds(made)
    books = [book for book in shop.ask("/price_books") if book["name"].startswith("Staffelprijzen")]
    assert ["Staffelprijzen", "Staffelprijzen [2026-12-24 - 2026-12-31]"] == sorted(book["name"] for book in books)
    fresh = shop.channel()
    (row,) = [one for one in dependents(fresh, PRICE, product(fresh, "PE-1")) if one.part == "book"]
    assert ("Staffelprijzen", made[0].external_id) == (row.place, row.external_id)
    assert datetime(2026, 12, 23, 23, tzinfo=UTC) == moment(row.native["valid_from"])


def test_a_promotion_for_everybody_gets_a_book_like_the_general_one(shop: Shop) -> None:
    """A period of the base list is made for all customers and outlets, beside the books that people made."""
    channel = shop.channel(lists=("BASE",))
    row = some_product(channel)
    fields = {"written_price": Decimal("9.95"), "valid_from": "2026-12-23T23:00:00Z"}
    (made,) = channel.write(PRICE, [shop.of(row, fields, "BASE", part="book")])
    books = {one["name"]: one for one in shop.ask("/price_books")}
    book, general = books["BASE [2026-12-24 - …]"], books["General Price Book (All Products)"]
    assert book["customer_group_ids"] == general["customer_group_ids"]
    assert [one["id"] for one in book["outlets"]] == [one["id"] for one in general["outlets"]]
    (found,) = shop.channel(lists=("BASE",)).read(PRICE, [made.external_id])
    assert ("BASE", "book", book["id"]) == (found.place, found.part, found.parts["book"])


def test_a_list_without_a_book_is_not_guessed(shop: Shop) -> None:
    """Whom a price is for is said by the book, so the first one is made by a person."""
    channel = shop.channel(lists=("BASE", "Personeel"))
    row = some_product(channel)
    write = shop.of(row, {"written_price": Decimal(5)}, "Personeel", part="book")
    refused = error_of(channel.write(PRICE, [write]))
    assert "outlets and customer groups" in refused.remedy


def test_a_changed_book_brings_its_rows_again(shop: Shop) -> None:
    """The period belongs to the book, and moves none of its rows (failure 3)."""
    channel = shop.channel()
    cursor = None
    for _ in range(3):
        cursor = last_cursor(channel.changes(PRICE, cursor))
        shop.pass_(300)
    assert [] == rows_of(channel.changes(PRICE, cursor))
    (book,) = [one for one in shop.ask("/price_books") if one["name"] == "Staffelprijzen"]
    body = {"name": "Staffelprijzen", "valid_from": "2027-01-01T00:00:00Z"}
    ids = {"outlet_ids": [one["id"] for one in book["outlets"]], "customer_group_ids": book["customer_group_ids"]}
    shop.ask(f"/price_books/{book['id']}", body | ids, "PUT")
    rows = [row for row in rows_of(channel.changes(PRICE, cursor)) if row.parts.get("book") == book["id"]]
    assert rows
    assert {datetime(2027, 1, 1, tzinfo=UTC)} == {moment(row.native["valid_from"]) for row in rows}


def test_a_bad_row_does_not_hold_up_the_others(shop: Shop) -> None:
    """Of a refused call each row goes alone, and only the bad one waits, with its field (failure 14)."""
    channel = shop.channel()
    for sku in ("BR-1", "BR-2"):
        channel.write(PRODUCT, [shop.create(new(sku))])
    rows = [product(channel, sku) for sku in ("BR-1", "BR-2")]
    results = channel.write(PRICE, [tier(shop, rows[0], "9.95"), tier(shop, rows[1], "-1")])
    assert {"", "Rejected"} == set(kinds(results))
    wrong: Any = next(result.error for result in results if result.error)
    assert ["written_price"] == list(wrong.fields)


@pytest.mark.parametrize(("fault", "count"), [("cut_after", 1), ("cut_before", 0)])
def test_price_rows_in_doubt_are_found_by_product(shop: Shop, fault: str, count: int) -> None:
    """A lost answer is doubt; the rows of the product show what is there (failure 5)."""
    channel = shop.channel()
    channel.write(PRODUCT, [shop.create(new("TW-1"))])
    row = product(channel, "TW-1")
    shop.fault(fault, "/price_books/.*/products", method="POST")
    assert ["AmbiguousWrite"] == kinds(channel.write(PRICE, [tier(shop, row, "9.95")]))
    assert count == len([one for one in dependents(channel, PRICE, row) if one.part == "book"])


def test_a_spent_budget_keeps_what_was_done(shop: Shop) -> None:
    """The rows before the limit have their receipts, the others wait for the reset (failure 7)."""
    channel = shop.channel()
    rows = rows_of(channel.sweep(PRODUCT))[:3]
    shop.fault("status", "/products/", method="PUT", status=429, headers={"Retry-After": "200"}, skip=1)
    writes = [shop.of(row, {"price_including_tax": Decimal(9)}, "BASE", part="base") for row in rows]
    assert ["", "RateLimited", "RateLimited"] == kinds(channel.write(PRICE, writes))


# --- stock


def test_differences_are_booked_with_our_reasons(shop: Shop) -> None:
    """A batch is one call, each row signed with a reason of ours, which is made once."""
    channel = shop.channel()
    rows = [row for row in rows_of(channel.sweep(PRODUCT)) if row.native["has_inventory"]][:2]
    was = [level(channel, row) for row in rows]
    writes = [shop.move(rows[0], "3"), shop.move(rows[1], "-1.5"), shop.move(rows[1], "0", OUTLETS[1])]
    shop.calls()
    results = channel.write(STOCK, writes)
    calls = shop.calls()
    assert ["", "", ""] == kinds(results)
    assert (1, 2) == (calls.count("POST /stock_adjustments"), calls.count("POST /custom_inventory_adjustment_reasons"))
    assert [was[0] + 3, was[1] - Decimal("1.5")] == [level(channel, row) for row in rows]
    booked = shop.ask("/stock_adjustments")
    assert ["3", "-1.5"] == [row["quantity"] for row in booked]
    assert [""] == kinds(shop.channel().write(STOCK, [shop.move(rows[0], "1")]))
    assert set(NAMES.values()) == {row["name"] for row in shop.ask("/custom_inventory_adjustment_reasons")}


def test_a_sale_beside_a_write_is_not_forgotten(shop: Shop) -> None:
    """Differences add up with what the till does meanwhile, and a receipt brings no figure (failures 1, 32)."""
    channel = shop.channel()
    row = some_product(channel)
    was = level(channel, row)
    write = shop.move(row, "5")
    shop.edit("sale", sku=row.native["sku"], quantity=2, location=OUTLETS[0])
    (done,) = channel.write(STOCK, [write])
    assert was + 3 == level(channel, row)
    assert RowResult(write.token, done.external_id, parts=done.parts) == done


def test_outlets_are_taken_by_name_or_by_id(shop: Shop) -> None:
    """A location's code is the outlet's name or id, and rows come back under the configured code."""
    id_ = next(one["id"] for one in shop.ask("/outlets") if one["name"] == OUTLETS[1])
    channel = shop.channel(locations=("winkel utrecht", id_))
    assert {"winkel utrecht", id_} == {row.place for row in rows_of(channel.sweep(STOCK))}
    row = some_product(channel)
    was = level(channel, row, id_)
    assert [""] == kinds(channel.write(STOCK, [shop.move(row, "1", id_)]))
    assert was + 1 == level(channel, row, id_)
    refused = error_of(channel.write(STOCK, [shop.move(row, "1", "Winkel Parijs")]))
    assert "name or id" in refused.remedy


def test_a_product_that_is_not_counted_is_refused_with_the_remedy(shop: Shop) -> None:
    """The shop would keep no level of it."""
    channel = shop.channel()
    channel.write(PRODUCT, [shop.create(new("NT-1"))])
    refused = error_of(channel.write(STOCK, [shop.move(product(channel, "NT-1"), "1")]))
    assert "inventory tracking" in refused.remedy


@pytest.mark.parametrize("batch", ["whole", "rows"])
def test_a_refused_row_waits_alone(tmp_path: Path, batch: str) -> None:
    """Whether a refused call books nothing or its first rows: each good row is booked once (failure 14)."""
    with shop_with(tmp_path, batch=batch) as shop:
        channel = shop.channel()
        rows = [row for row in rows_of(channel.sweep(PRODUCT)) if row.native["has_inventory"]][:4]
        was = [level(channel, row) for row in rows]
        gone = replace(rows[2], external_id="11111111-1111-4111-8111-111111111111")
        writes = [shop.move(row, "2") for row in (rows[0], rows[1], gone, rows[3])]
        results = {result.token: result for result in channel.write(STOCK, writes)}
        assert ["", "", "Rejected", ""] == kinds([results[write.token] for write in writes])
        good = [row for row in rows if row is not rows[2]]
        assert [one + 2 for one, row in zip(was, rows, strict=True) if row in good] == [
            level(channel, row) for row in good
        ]


@pytest.mark.parametrize(("fault", "landed"), [("cut_after", True), ("cut_before", False), ("bad_json", True)])
def test_stock_in_doubt_is_settled_by_our_own_adjustment(shop: Shop, fault: str, landed: bool) -> None:
    """The first write of a figure: what we booked since it was announced (failure 5)."""
    channel = shop.channel()
    row = some_product(channel)
    write = shop.move(row, "-2")
    sent_at = shop.now()
    shop.fault(fault, "/stock_adjustments", method="POST")
    assert ["AmbiguousWrite"] == kinds(channel.write(STOCK, [write]))
    shop.pass_(130)
    assert Evidence(landed) == shop.channel().landed(STOCK, replace(write, sent_at=sent_at))


@pytest.mark.parametrize(("fault", "landed"), [("cut_after", True), ("cut_before", False)])
def test_an_earlier_booking_is_no_evidence(shop: Shop, fault: str, landed: bool) -> None:
    """The same pieces booked a moment ago have their receipt; only what came after it counts (failure 5)."""
    channel = shop.channel()
    row = some_product(channel)
    (first,) = channel.write(STOCK, [shop.move(row, "-2")])
    write = replace(shop.move(row, "-2"), external_id=first.external_id, parts=first.parts, sent_at=shop.now())
    shop.fault(fault, "/stock_adjustments", method="POST")
    assert ["AmbiguousWrite"] == kinds(channel.write(STOCK, [write]))
    assert Evidence(landed) == shop.channel().landed(STOCK, write)
    assert Evidence(landed) == channel.landed(STOCK, write)


def test_a_booking_from_before_the_write_was_announced_is_no_evidence(shop: Shop) -> None:
    """Also where its receipt was lost, by the shop's own moments (failure 5)."""
    channel = shop.channel()
    row = some_product(channel)
    channel.write(STOCK, [shop.move(row, "-2")])
    shop.pass_(60)
    write = replace(shop.move(row, "-2"), sent_at=shop.now())
    assert Evidence(landed=False) == channel.landed(STOCK, write)


def test_others_bookings_are_no_evidence(shop: Shop) -> None:
    """An adjustment by a person, with the same pieces, is not ours; without any mark nothing is claimed."""
    channel = shop.channel()
    row = some_product(channel)
    sent_at = shop.now()
    shop.edit("stock", sku=row.native["sku"], location=OUTLETS[0], difference="-2")
    write = replace(shop.move(row, "-2"), sent_at=sent_at)
    assert Evidence(landed=False) == channel.landed(STOCK, write)
    assert channel.landed(STOCK, replace(write, sent_at=None)) is None
    assert channel.landed(STOCK, replace(write, parent_id="", place="")) is None


def test_a_reason_that_was_switched_off_is_told(shop: Shop) -> None:
    """Staff may not want us to book: that is said, not overruled."""
    channel = shop.channel()
    row = some_product(channel)
    channel.write(STOCK, [shop.move(row, "1"), shop.move(row, "-1", OUTLETS[1])])
    for reason in shop.ask("/custom_inventory_adjustment_reasons"):
        body = {"name": reason["name"], "type": reason["type"], "enabled": False}
        shop.ask(f"/custom_inventory_adjustment_reasons/{reason['id']}", body, "PUT")
    refused = error_of(shop.channel().write(STOCK, [shop.move(row, "1")]))
    assert "switch it on" in refused.remedy


# --- facts


def sold(channel: Channel, cursor: str | None) -> tuple[list[HandOver], str]:
    facts = channel.facts(cursor)
    assert facts.claims is None
    assert facts.cursor is not None
    return list(facts.hand_overs), facts.cursor


def pieces(hand_overs: Sequence[HandOver]) -> Decimal:
    """A repeated id is the same fact."""
    return sum((one.quantity for one in {one.id: one for one in hand_overs}.values()), Decimal(0))


def test_sales_are_hand_overs(shop: Shop) -> None:
    """A closed sale's lines, returns negative, each once and with its place (failure 31)."""
    channel = shop.channel()
    _, cursor = sold(channel, None)
    row = some_product(channel)
    shop.edit("sale", sku=row.native["sku"], quantity=2, location=OUTLETS[1])
    shop.edit("sale", sku=row.native["sku"], quantity=2, location=OUTLETS[1])
    shop.edit("sale", sku=row.native["sku"], quantity=-1, location=OUTLETS[0])
    found, cursor = sold(channel, cursor)
    assert [(2, OUTLETS[1]), (2, OUTLETS[1]), (-1, OUTLETS[0])] == [(one.quantity, one.place) for one in found]
    assert {(row.external_id, "till")} == {(one.parent, one.kind) for one in found}
    again, _ = sold(channel, cursor)
    assert 3 == pieces([*found, *again])


def test_a_parked_sale_counts_when_it_is_closed_and_a_voided_one_not(shop: Shop) -> None:
    """What is parked has not been handed over; what is voided is taken back, whether it was seen before or not."""
    channel = shop.channel()
    _, cursor = sold(channel, None)
    row = some_product(channel)
    lines = [{"sku": row.native["sku"], "quantity": 4}]
    parked = shop.edit("order", lines=lines, location=OUTLETS[0])
    never = shop.edit("order", lines=lines, location=OUTLETS[0])
    nothing, cursor = sold(channel, cursor)
    assert [] == nothing
    shop.edit("ship", order=parked["order"])
    shop.edit("cancel", order=never["order"])
    found, cursor = sold(channel, cursor)
    assert 4 == pieces(found)
    shop.edit("cancel", order=parked["order"])
    voided, _ = sold(channel, cursor)
    assert 0 == pieces([*found, *voided])


def test_the_first_facts_begin_with_the_last_days(shop: Shop) -> None:
    """What was sold long ago is in the first figures, and is not read, however quiet it was since (failure 17)."""
    channel = shop.channel()
    row = some_product(channel)
    shop.edit("sale", sku=row.native["sku"], quantity=1, location=OUTLETS[0])
    shop.pass_(5 * 86400)
    shop.edit("sale", sku=row.native["sku"], quantity=3, location=OUTLETS[0])
    found, _ = sold(channel, None)
    assert [3] == [one.quantity for one in found]
    shop.pass_(5 * 86400)
    shop.calls()
    last, _ = sold(channel, None)
    assert [3] == [one.quantity for one in last]
    calls = shop.calls()
    assert (2, 2) == (calls.count("GET /search"), calls.count("GET /sales"))


# --- check


def found_by(channel: Channel) -> dict[str, Finding]:
    return {finding.what: finding for finding in channel.check()}


def test_a_good_shop_has_no_red_line_and_nothing_is_changed(shop: Shop) -> None:
    """Everything is tried, nothing is written."""
    findings = found_by(shop.channel())
    assert [] == [finding.what for finding in findings.values() if not finding.ok]
    assert "999999999 of 1000000000 calls left in 5 minutes" == findings["rate limit"].detail
    assert {"GET", "POST /inventory"} == {
        call if "inventory" in call and call.startswith("POST") else call.split()[0] for call in shop.calls()
    }


@pytest.mark.parametrize(
    ("how", "what", "told"),
    [
        ({"settings": {"prices": "excluded"}}, "tax mode", "included"),
        ({"settings": {"taxes": {"standard": "21%"}}}, "sales taxes", "21%"),
        ({"locations": ("Winkel Parijs",)}, "outlet Winkel Parijs", "outlet"),
        ({"lists": ("BASE", "Personeel")}, "price books", "Personeel"),
        ({"options": {"token": "verkeerd"}}, "access", "401"),
    ],
)
def test_what_is_wrong_is_told_with_the_remedy(shop: Shop, how: dict[str, Any], what: str, told: str) -> None:
    """Each line names what was tried, and how to mend it."""
    finding = found_by(shop.channel(**how))[what]
    assert (False, False) == (finding.ok, finding.warning)
    assert told in finding.detail + finding.remedy
    assert finding.remedy


def test_missing_scopes_are_found_one_by_one(tmp_path: Path) -> None:
    """A scope that is missing is one red line; the others are tried all the same."""
    with shop_with(tmp_path, scopes="products:read outlets:read taxes:read retailer:read") as shop:
        findings = found_by(shop.channel(**shop.application()))
        assert findings["scope products:read"].ok
        assert not findings["scope customers:read"].ok
        assert "customers:read" in findings["scope customers:read"].detail


def test_an_old_version_and_a_wrong_clock_are_warned_of(shop: Shop) -> None:
    """A version near its end is answered by another one without a word, so its age is told."""
    shop.stand.clock.advance(-120)
    findings = found_by(shop.channel(now=lambda: datetime(2027, 6, 1, tzinfo=UTC)))
    assert findings["API version"].warning
    assert "11 months" in findings["API version"].detail
    assert findings["clock"].warning


# --- messages


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"error": "x", "fields": {"name": "Already exists"}}, ["name"]),
        ({"error": "x", "fields": {"common.brand_id": "unknown"}}, ["brand"]),
        ({"error": "x", "details": ["quantity must be negative for reason DAMAGE"]}, ["quantity"]),
        ({"error": "x", "message": "physical_postcode is not valid for NL"}, ["physical_postcode"]),
        ({"error": "x", "message": "No"}, []),
        ({}, []),
    ],
)
def test_refusals_name_native_fields(body: dict[str, Any], fields: list[str]) -> None:
    """All three shapes of a refusal lead to the field that the mapping knows (failure 14)."""
    call = Call("PUT", "/api/2026-07/products/{product_id}", "product", {"product_id": "1"})
    error = complaint(Answer(call, 422, {}, b"", START, START, body))
    assert isinstance(error, Rejected)
    assert fields == list(error.fields)


def test_messages_hold_no_values() -> None:
    """What may be a value is taken out of the server's texts (failure 27)."""
    text = "email 'jan@example.com' and jan@example.com, phone 0301234567, \"Kade 12\" refused"
    assert "email … and … phone …, … refused" == redacted(text)
