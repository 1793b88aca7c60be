"""The Exact Online adapter against its stand-in, over HTTP: what it reads and writes, and what it does on a bad day."""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, quote, unquote, urlsplit
from zoneinfo import ZoneInfo

import pytest
import requests
from pydantic import ValidationError
from requests.structures import CaseInsensitiveDict

from adapters.exact_online import Adapter
from adapters.exact_online.dates import HostClock, day, wall_time, zone_of
from adapters.exact_online.errors import complaint
from adapters.exact_online.limits import asked_again, limits
from adapters.exact_online.odata import unfold
from adapters.exact_online.stock import is_ours
from adapters.exact_online.tokens import is_too_early, once_decoded
from connector.contract import Channel, Evidence, Finding, Opening, Page, Row, RowResult, Write
from connector.errors import (
    AmbiguousWrite,
    AuthFailed,
    ChannelError,
    ContractBroken,
    Gone,
    RateLimited,
    Rejected,
    Stale,
    Transient,
)
from connector.ledger.budget import ChannelBudget
from connector.ledger.credentials import ChannelTokens, open_vault
from connector.ledger.engine import open_ledger
from connector.mapping.context import Context
from connector.mapping.load import load_mapping
from connector.model.entity import Entity, Key, PriceList, Value, code_key
from connector.transport import Answer, Call
from sandbox.exact_online import build
from sandbox.stand import Options as StandOptions

PRODUCT, CUSTOMER, PRICE, STOCK = Entity.PRODUCT, Entity.CUSTOMER, Entity.PRICE, Entity.STOCK
MAPPING = Path(__file__).resolve().parents[2] / "mappings" / "exact_online.toml"
T = TypeVar("T")
NOBODY = "00000000-0000-4000-8000-00000000000a"


class Division:
    """One stand-in with one division, a ledger for tokens and budgets, and channels on it. Waiting moves the clock."""

    def __init__(self, folder: Path, products: int = 12, customers: int = 8, **settings: str) -> None:
        given = StandOptions(profile="tests", products=products, customers=customers, settings=settings)
        self.stand = build(given)
        self.stand.start()
        self.info = self.stand.announce()
        self.ledger = open_ledger(f"sqlite:///{folder / 'ledger.db'}")
        self.budget = ChannelBudget(self.ledger, "exact", Adapter.default_limits, now=self.stand.clock.now)
        self.tokens = ChannelTokens(open_vault(self.ledger), "exact")
        self.mapping = load_mapping(MAPPING, {"prices": "included"})
        self._token = 0

    def close(self) -> None:
        self.stand.close()
        self.ledger.close()

    @property
    def now(self) -> datetime:
        return self.stand.clock.now()

    def pass_time(self, seconds: float) -> None:
        self.stand.clock.advance(seconds)

    def control(self, path: str, body: Any = None, method: str = "POST") -> Any:
        answer = requests.request(method, self.info["control"] + path, json=body, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def edit(self, do: str, **change: Any) -> Any:
        return self.control("edit", {"do": do, **change})

    def fault(self, kind: str, path: str, **more: Any) -> None:
        self.control("faults", {"fault": kind, "path": path, **more})

    def answers(self, path: str, body: Any, **more: Any) -> None:
        """The next answer on a path is this one."""
        self.fault("status", path, status=200, body=body, **more)

    def calls(self) -> list[str]:
        """What was called since the last time: ``GET logistics/Items 200``."""
        log = self.control("calls", method="GET")["log"]
        self.control("calls", method="DELETE")
        return [f"{one['method']} {_resource(one['path'])} {one['status']}" for one in log]

    def opening(self, settings: Mapping[str, Any] | None = None, *, books: str = "", **more: Any) -> Opening:
        info = self.info
        mapping = load_mapping(MAPPING, {"prices": "included"} | dict(settings or {}))
        options = {
            "base_url": info["url"],
            "division": info["division"],
            "client_id": info["client_id"],
            "client_secret": info["client_secret"],
            "redirect_uri": info["redirect_uri"],
            "refresh_token": info["refresh_token"],
        }
        return Opening(
            channel="exact",
            options=Adapter.Options(**options | more),
            settings=mapping.settings,
            names={entity: one.native_names for entity, one in mapping.entities.items()},
            locations=("1", "2", "3"),
            lists=("sales",),
            tokens=self.tokens,
            budget=self.budget,
            now=self.stand.clock.now,
            sleep=self.pass_time,
            books=books,
        )

    def channel(self, settings: Mapping[str, Any] | None = None, **more: Any) -> Channel:
        return Adapter.open(self.opening(settings, **more))

    def create(self, fields: Mapping[str, Any], **more: Any) -> Write:
        return Write(self.token(), "create", "", fields, **more)

    def update(self, external_id: str, fields: Mapping[str, Any], **more: Any) -> Write:
        return Write(self.token(), "update", external_id, fields, **more)

    def move(self, item: str, place: str, pieces: str) -> Write:
        return Write(self.token(), "update", f"{item}:x", {}, parent_id=item, place=place, difference=Decimal(pieces))

    def token(self) -> str:
        self._token += 1
        return f"{self._token:016x}"

    def item(self, channel: Channel, code: str, **more: Any) -> str:
        """A new item, made by the adapter; its id."""
        fields = {"Code": code, "Description": code, "IsSalesItem": True, "IsStockItem": True, "Unit": "pc", **more}
        return confirmed(channel.write(PRODUCT, [self.create(fields)])).external_id


def _resource(path: str) -> str:
    """``logistics/Items`` of a path with version, division, key and query."""
    bare = unquote(urlsplit(path).path)
    return re.sub(r"^/api/(v1/)?(\d+/)?", "", bare).partition("(")[0]


@pytest.fixture
def division(tmp_path: Path) -> Iterator[Division]:
    one = Division(tmp_path)
    yield one
    one.close()


@contextmanager
def division_with(folder: Path, **how: Any) -> Iterator[Division]:
    one = Division(folder, **how)
    try:
        yield one
    finally:
        one.close()


def rows_of(pages: Iterator[Page]) -> list[Row]:
    """All rows of a reading; its last page alone may say that it is complete."""
    read = list(pages)
    assert [False] * (len(read) - 1) + [True] == [page.complete for page in read]
    return [row for page in read for row in page.rows]


def cursor_of(pages: Iterator[Page]) -> str:
    cursors = [page.cursor for page in pages if page.cursor is not None]
    assert len(cursors) == 1
    return cursors[0]


def changed(channel: Channel, entity: Entity, cursor: str | None) -> tuple[list[Row], str]:
    pages = list(channel.changes(entity, cursor))
    return rows_of(iter(pages)), cursor_of(iter(pages))


def confirmed(results: Sequence[RowResult]) -> RowResult:
    """The one result, which must be a receipt."""
    assert [None] == [result.error for result in results]
    return results[0]


def only(rows: Sequence[T]) -> T:
    """The one there is."""
    assert 1 == len(rows)
    return rows[0]


def figures(channel: Channel, item: str) -> dict[str, Decimal]:
    """Warehouse → pieces of an item."""
    return {row.place: Decimal(row.native["CurrentStock"]) for row in channel.find_of(STOCK, [item])[item]}


# --- reading ----------------------------------------------------------------------------------


@pytest.mark.parametrize("entity", list(Entity))
def test_the_feed_from_the_beginning_lists_what_a_sweep_lists(division: Division, entity: Entity) -> None:
    """Both list the same records, with the same values; nothing changed afterwards, so the feed is empty."""
    channel = division.channel()
    first, cursor = changed(channel, entity, None)
    swept = {row.external_id: row for row in rows_of(channel.sweep(entity))}
    assert swept == {row.external_id: row for row in first}
    assert len(swept) >= 5
    assert [] == changed(channel, entity, cursor)[0]


@pytest.mark.parametrize("entity", list(Entity))
def test_a_read_by_id_shows_what_the_feed_shows(division: Division, entity: Entity) -> None:
    """The mapping reads the same from either, so that no fingerprint moves by itself; unknown ids are left out."""
    channel, mapping = division.channel(), division.mapping.entities[entity]
    listed = {row.external_id: row for row in rows_of(channel.sweep(entity))}
    read = channel.read(entity, [*listed, NOBODY, "no id at all"])
    picked = {id_: mapping.pick(row.native, row.part) for id_, row in listed.items()}
    assert picked == {row.external_id: mapping.pick(row.native, row.part) for row in read}
    assert {id_: (row.parent, row.place) for id_, row in listed.items()} == {
        row.external_id: (row.parent, row.place) for row in read
    }


def test_ids_are_read_25_a_call(tmp_path: Path) -> None:
    """Sixty items are three calls (fact 54)."""
    with division_with(tmp_path, products=60) as division:
        channel = division.channel()
        ids = [row.external_id for row in rows_of(channel.sweep(PRODUCT))][:60]
        division.calls()
        assert len(ids) == len(channel.read(PRODUCT, ids))
        assert ["GET logistics/Items 200"] * -(-len(ids) // 25) == division.calls()


def test_a_changed_item_comes_once_with_its_moment(division: Division) -> None:
    """An edit comes through the feed with its time in UTC; the cursor is behind it then."""
    channel = division.channel()
    first, cursor = changed(channel, PRODUCT, None)
    code = first[0].native["Code"]
    before = division.now
    division.edit("product", sku=code, set={"Description": "Muts, blauw"})
    rows, cursor = changed(channel, PRODUCT, cursor)
    row = only(rows)
    assert ("Muts, blauw", code_key(code)) == (row.native["Description"], row.address)
    assert row.modified_at is not None
    assert timedelta(0) <= row.modified_at - before.replace(microsecond=0) < timedelta(seconds=5)
    assert [] == changed(channel, PRODUCT, cursor)[0]


def test_a_sale_comes_through_the_feed_of_stock(division: Division) -> None:
    """A movement renews the position and not the item, so stock has a feed of its own (known failure 3)."""
    channel = division.channel()
    items, of_items = changed(channel, PRODUCT, None)
    _, cursor = changed(channel, STOCK, None)
    item = next(row for row in items if row.native["IsStockItem"] and row.native["EndDate"] is None)
    before = figures(channel, item.external_id)["1"]
    division.edit("sale", sku=item.native["Code"], quantity=2, location="1")
    row = only(changed(channel, STOCK, cursor)[0])
    assert (item.external_id, "1", before - 2) == (row.parent, row.place, row.native["CurrentStock"])
    assert [] == changed(channel, PRODUCT, of_items)[0]


def test_other_warehouses_are_left_out(division: Division) -> None:
    """A warehouse that is no configured location shows nowhere."""
    channel = division.channel()
    assert {"1", "2", "3"} == {row.place for row in rows_of(channel.sweep(STOCK))}


def test_deletions_come_through_their_own_feed(division: Division) -> None:
    """A deleted item, its price and a deleted account are reported as deleted, each to its own lane."""
    channel = division.channel()
    item = division.item(channel, "WEG-1")
    account = division.edit("create_customer", Name="Weg BV", Email="weg@example.com")["id"]
    cursors = {entity: changed(channel, entity, None)[1] for entity in (PRODUCT, PRICE, CUSTOMER)}
    price = only(channel.find_of(PRICE, [item])[item]).external_id
    division.edit("delete_product", sku="WEG-1")
    division.edit("delete_customer", id=account)
    division.pass_time(61)  # lanes of one round share one reading of the deletions
    gone = {entity: changed(channel, entity, cursors[entity])[0] for entity in cursors}
    assert {PRODUCT: [item], PRICE: [price], CUSTOMER: [account]} == {
        entity: [row.external_id for row in rows if row.deleted] for entity, rows in gone.items()
    }
    assert [] == channel.read(PRODUCT, [item])


def test_lanes_of_a_round_share_the_deletions(division: Division) -> None:
    """The deletions are read once for products, prices and customers together."""
    channel = division.channel()
    cursors = {entity: changed(channel, entity, None)[1] for entity in (PRODUCT, PRICE, CUSTOMER)}
    division.pass_time(61)
    division.calls()
    for entity, cursor in cursors.items():
        changed(channel, entity, cursor)
    assert {"GET sync/Deleted 200": 1, "GET sync/Logistics/Items 200": 1}.items() <= Counter(division.calls()).items()


def test_a_process_that_begins_does_not_look_at_the_division_anew(division: Division) -> None:
    """The cursor tells when it was looked at: a round in a process of its own costs no call more (row 17)."""
    cursor = changed(division.channel(), PRODUCT, None)[1]
    division.calls()
    changed(division.channel(), PRODUCT, cursor)
    assert {"GET sync/Logistics/Items 200", "GET sync/Deleted 200"} == set(division.calls())
    division.pass_time(16 * 60)
    changed(division.channel(), PRODUCT, cursor)
    assert any("system/Divisions" in call for call in division.calls())


def test_a_moved_division_is_read_from_the_beginning(division: Division) -> None:
    """Its row versions start anew, and an old cursor would skip everything (fact 91)."""
    channel = division.channel()
    first, cursor = changed(channel, STOCK, None)
    division.edit("move_division")
    division.pass_time(16 * 60)
    again, cursor = changed(channel, STOCK, cursor)
    assert {row.external_id for row in first} == {row.external_id for row in again}
    assert [] == changed(channel, STOCK, cursor)[0]


def test_a_cursor_older_than_the_deletions_is_not_continued(division: Division) -> None:
    """Deletions are kept for two months; a connection silent for longer reads everything again (fact 88)."""
    channel = division.channel()
    first, cursor = changed(channel, PRODUCT, None)
    old = re.sub(r'"at":"\d{4}', '"at":"2019', cursor)
    assert len(first) == len(changed(channel, PRODUCT, old)[0])


def test_nothing_is_lost_around_a_reading(division: Division) -> None:
    """What changes while a reading is under way comes with the next one: versions, not moments (known failure 8)."""
    channel = division.channel()
    pages = channel.changes(PRODUCT, None)
    first = next(pages)
    code = first.rows[0].native["Code"]
    division.edit("product", sku=code, set={"Description": "Onder het lezen"})
    cursor = cursor_of(pages)
    assert "Onder het lezen" == only(changed(channel, PRODUCT, cursor)[0]).native["Description"]


def _item_row(version: int, id_: str = NOBODY, name: str = "Muts") -> dict[str, Any]:
    return {"Timestamp": str(version), "ID": id_, "Code": "X-1", "Description": name, "Modified": None}


def test_of_a_record_met_twice_the_newer_row_stays(division: Division) -> None:
    """The same id twice in one run: the row with the highest version, wherever it stands (fact 87)."""
    channel = division.channel()
    rows = [_item_row(7, name="nieuw"), _item_row(5, name="oud"), {**_item_row(9, str(NOBODY)[:-1] + "b")}]
    division.answers("sync/Logistics/Items", {"d": {"results": rows}})
    read, _ = changed(channel, PRODUCT, None)
    assert ["nieuw", "Muts"] == [row.native["Description"] for row in read]


@pytest.mark.parametrize("envelope", [lambda rows: {"d": {"results": rows}}, lambda rows: {"d": rows}])
def test_both_list_shapes_are_read(division: Division, envelope: Callable[[Any], Any]) -> None:
    """``d`` may be the list itself; row versions may be numbers (facts 43, 55)."""
    channel = division.channel()
    division.answers("sync/Logistics/Items", envelope([{**_item_row(7), "Timestamp": 7}]))
    assert [NOBODY] == [row.external_id for row in changed(channel, PRODUCT, None)[0]]


def _link(division: Division, version: int, host: str = "") -> str:
    base = host or division.info["url"]
    number = division.info["division"]
    return f"{base}/api/v1/{number}/sync/Logistics/Items?$filter=Timestamp%20gt%201L&$skiptoken={version}L"


def test_a_page_that_comes_again_is_an_error(division: Division) -> None:
    """A listing that repeats a page never ends; it is an error instead (known failure 9)."""
    channel = division.channel()
    page = {"d": {"results": [_item_row(7)], "__next": _link(division, 7)}}
    division.answers("sync/Logistics/Items", page, times=2)
    with pytest.raises(ContractBroken, match="a page was repeated"):
        changed(channel, PRODUCT, None)


def test_a_page_that_lost_its_end_is_an_error(division: Division) -> None:
    """A link that goes on behind rows that were not on the page would skip them (known failure 10)."""
    channel = division.channel()
    division.answers("sync/Logistics/Items", {"d": {"results": [_item_row(7)], "__next": _link(division, 9)}})
    with pytest.raises(ContractBroken, match="lacks its end"):
        changed(channel, PRODUCT, None)


def test_a_sweep_is_complete_only_where_nothing_is_left(division: Division) -> None:
    """A page cut short without a link is no end: what is behind its last row is read as well (known failure 10)."""
    channel = division.channel()
    whole = {row.external_id for row in rows_of(channel.sweep(PRODUCT))}
    division.fault("truncate_page", "sync/Logistics/Items")
    assert whole == {row.external_id for row in rows_of(channel.sweep(PRODUCT))}


def test_a_cut_page_of_a_feed_comes_with_the_next_one(division: Division) -> None:
    """The cursor stands behind the last row that came, so the rest follows (known failure 10)."""
    channel = division.channel()
    whole = {row.external_id for row in rows_of(channel.sweep(PRODUCT))}
    division.fault("truncate_page", "sync/Logistics/Items")
    some, cursor = changed(channel, PRODUCT, None)
    rest, _ = changed(channel, PRODUCT, cursor)
    assert len(some) < len(whole)
    assert whole == {row.external_id for row in [*some, *rest]}


def test_a_cut_answer_by_id_is_no_absence(division: Division) -> None:
    """The total says that rows are missing; they must not look deleted (known failure 10)."""
    channel = division.channel()
    ids = [row.external_id for row in rows_of(channel.sweep(PRODUCT))]
    division.fault("truncate_page", "logistics/Items.filter|/logistics/Items")
    with pytest.raises(ContractBroken, match="where the server counts"):
        channel.read(PRODUCT, ids)


def test_a_link_to_another_host_is_not_followed(division: Division) -> None:
    """The token would go along (known failure 28)."""
    channel = division.channel()
    link = _link(division, 7, "http://elsewhere.example")
    division.answers("sync/Logistics/Items", {"d": {"results": [_item_row(7)], "__next": link}})
    with pytest.raises(ContractBroken, match=r"elsewhere\.example"):
        changed(channel, PRODUCT, None)


def test_a_redirect_is_not_followed(division: Division) -> None:
    """Not on reading, and the message says where it leads (known failure 28)."""
    channel = division.channel()
    division.fault("redirect", "sync/Logistics/Items")
    with pytest.raises(ContractBroken, match="redirect"):
        changed(channel, PRODUCT, None)


CODES = ["AA/1 & b's", "BLAUW 10%", "A+B", "É-1 ß?", "0004711", "x#1,2"]


@pytest.mark.parametrize("code", CODES)
def test_items_are_found_by_any_code(division: Division, code: str) -> None:
    """Slashes, blanks, quotes, per cent and plus signs, accents and leading zeros (known failures 11 and 12)."""
    channel = division.channel()
    made = division.item(channel, code)
    key = Key("sku", code_key(code))
    absent = Key("sku", code_key(code) + "-x")
    found = channel.find(PRODUCT, [key, absent])
    assert ([made], []) == ([row.external_id for row in found[key]], list(found[absent]))


def test_case_matters_to_the_host_and_not_to_a_key(division: Division) -> None:
    """Keys are folded; a code in mixed case is found as it was met (known failure 12)."""
    channel = division.channel()
    made = division.item(channel, "Wt-001/Bl m")
    again = division.channel()
    rows_of(again.sweep(PRODUCT))
    assert [made] == [
        row.external_id for row in again.find(PRODUCT, [Key("sku", "wt-001/bl m")])[Key("sku", "wt-001/bl m")]
    ]


def test_leading_zeros_count(division: Division) -> None:
    """4711 is not 0004711 (known failure 12)."""
    channel = division.channel()
    division.item(channel, "0004711")
    assert {Key("sku", "4711"): []} == channel.find(PRODUCT, [Key("sku", "4711")])


def test_customers_are_found_by_each_of_their_keys(division: Division) -> None:
    """E-mail, VAT number, and the customer number with the blanks that its filter wants (known failure 12)."""
    channel = division.channel()
    made = division.edit("create_customer", Name="Tuinhof BV", Email="info@tuinhof.example", VATNumber="NL001234572B01")
    keys = [
        Key("email", "info@tuinhof.example"),
        Key("vat_number", "nl001234572b01"),
        Key("customer_no", made["code"].strip()),
    ]
    found = channel.find(CUSTOMER, [*keys, Key("email", "nobody@example.com")])
    assert {key: [made["id"]] for key in keys} | {Key("email", "nobody@example.com"): []} == {
        key: [row.external_id for row in rows] for key, rows in found.items()
    }


def test_only_customers_are_read(division: Division) -> None:
    """Suspects and prospects are none of ours, by the feed, the sweep or a key."""
    channel = division.channel()
    division.edit("create_customer", Name="Prospect BV", Email="prospect@example.com", Status="P")
    shown = [*rows_of(channel.sweep(CUSTOMER)), *changed(channel, CUSTOMER, None)[0]]
    key = Key("email", "prospect@example.com")
    assert {"C"} == {row.native["Status"] for row in shown}
    assert [] == list(channel.find(CUSTOMER, [key])[key])


@pytest.mark.parametrize(
    ("part", "change", "shown"),
    [
        ("contact", {"contact": {"LastName": "Bergh"}}, "contact.LastName"),
        ("delivery", {"delivery": {"AddressLine1": "Bergh", "City": "Gent", "Country": "BE"}}, "delivery.AddressLine1"),
        ("", {"Name": "Bergh"}, "Name"),
    ],
)
def test_a_change_around_an_account_brings_the_account(
    division: Division, part: str, change: dict[str, Any], shown: str
) -> None:
    """Three row versions, one record: a contact or an address brings its account whole."""
    channel = division.channel()
    made = division.edit(
        "create_customer",
        Name="Berg",
        Email="berg@example.com",
        contact={"FirstName": "Jan", "LastName": "Berg"},
        delivery={"AddressLine1": "Kade 3", "City": "Utrecht", "Country": "NL"},
    )
    _, cursor = changed(channel, CUSTOMER, None)
    division.edit("customer", id=made["id"], set=change)
    row = only(changed(channel, CUSTOMER, cursor)[0])
    picked = division.mapping.entities[CUSTOMER].pick(row.native)
    assert (made["id"], "Bergh", {"contact", "delivery"}) == (row.external_id, picked[shown], set(row.parts))
    assert made["contact"] == row.parts["contact"]
    assert not part or part in row.parts


def test_private_numbers_are_never_asked_for(division: Division) -> None:
    """Whatever a mapping names: no citizen's number leaves the host (known failure 27)."""
    opening = division.opening()
    names = {**opening.names, CUSTOMER: opening.names[CUSTOMER] | {"BSN", "contact.SocialSecurityNumber"}}
    channel = Adapter.open(Opening(**{**vars(opening), "names": names}))
    row = rows_of(channel.sweep(CUSTOMER))[0]
    assert "BSN" not in row.native
    assert "SocialSecurityNumber" not in row.native.get("contact", {})


# --- clocks -----------------------------------------------------------------------------------

AMSTERDAM = HostClock(ZoneInfo("Europe/Amsterdam"))


def _date(wall: str) -> str:
    stamp = datetime.fromisoformat(wall).replace(tzinfo=UTC)
    return f"/Date({int(stamp.timestamp() * 1000)})/"


@pytest.mark.parametrize(
    ("story", "wall", "utc"),
    [
        ("summer", "2026-06-25T16:28:10", "2026-06-25T14:28:10"),
        ("winter", "2026-11-22T06:00:00", "2026-11-22T05:00:00"),
        ("just before the clock goes on", "2026-03-29T01:59:59", "2026-03-29T00:59:59"),
        ("just after the clock went on", "2026-03-29T03:00:00", "2026-03-29T01:00:00"),
        ("just before the hour that comes twice", "2026-10-25T01:59:59", "2026-10-24T23:59:59"),
        ("in the hour that comes twice: the later one", "2026-10-25T02:30:00", "2026-10-25T01:30:00"),
        ("after it", "2026-10-25T03:00:00", "2026-10-25T02:00:00"),
    ],
)
def test_wall_time_becomes_utc(story: str, wall: str, utc: str) -> None:
    """Moments are wall time written as UTC; on both nights of the clock none is lost (known failure 26)."""
    assert datetime.fromisoformat(utc).replace(tzinfo=UTC) == AMSTERDAM.utc(_date(wall))


def test_a_day_is_taken_by_its_digits() -> None:
    """Midnight of the 25th is the 25th, on the night the clock goes back too (known failure 26)."""
    assert date(2026, 10, 25) == day(_date("2026-10-25T00:00:00"))
    assert date(2026, 6, 25) == day("2026-06-25")
    assert (None, None) == (day(None), wall_time("2026-06-25"))


@pytest.mark.parametrize(
    ("story", "stated", "expected", "agrees"),
    [
        ("as presumed", "2026-06-25T16:28:10", "2026-06-25T14:28:10", True),
        ("another zone", "2026-06-25T10:28:10", "2026-06-25T20:28:10", False),
        ("no zone at all", "2026-06-25T16:21:10", None, False),
    ],
)
def test_the_stated_server_time_settles_the_zone(story: str, stated: str, expected: str | None, agrees: bool) -> None:
    """The zone is compared, not assumed; where nothing fits, moments are unknown rather than wrong (fact 59)."""
    at = datetime(2026, 6, 25, 14, 28, 10, tzinfo=UTC)
    clock = AMSTERDAM.compared(datetime.fromisoformat(stated), at)
    utc = None if expected is None else datetime.fromisoformat(expected).replace(tzinfo=UTC)
    assert (utc, agrees) == (clock.utc(_date("2026-06-25T16:28:10")), clock.agrees)


@pytest.mark.parametrize(
    ("host", "zone"),
    [("start.exactonline.nl", "Europe/Amsterdam"), ("start.exactonline.co.uk", "Europe/London")],
)
def test_each_host_has_a_zone(host: str, zone: str) -> None:
    """The country of the address tells it."""
    assert zone == zone_of(f"https://{host}")


def test_a_wrongly_presumed_zone_is_found_out(division: Division) -> None:
    """Moments are right in spite of it, and ``check`` asks for the zone (known failure 26)."""
    channel = division.channel(host_timezone="America/New_York")
    found = {finding.what: finding for finding in channel.check()}
    row = rows_of(channel.sweep(PRODUCT))[0]
    assert (False, True) == (found["clock"].ok, found["clock"].warning)
    assert row.modified_at is not None
    assert abs(division.now - row.modified_at) < timedelta(minutes=1)


# --- tokens -----------------------------------------------------------------------------------


def test_a_token_is_exchanged_in_its_window_alone(division: Division) -> None:
    """Not before 570 s, by the clock, and without a refused call (known failure 6)."""
    channel = division.channel()
    rows_of(channel.sweep(PRODUCT))
    division.calls()
    division.pass_time(565)
    rows_of(channel.sweep(PRODUCT))
    assert 0 == division.calls().count("POST oauth2/token 200")
    division.pass_time(6)
    rows_of(channel.sweep(PRODUCT))
    calls = division.calls()
    assert 1 == calls.count("POST oauth2/token 200")
    assert [] == [call for call in calls if not call.endswith("200")]


def test_processes_that_refresh_at_once_make_one_exchange(division: Division) -> None:
    """Each reads the pair again under the one lock; a second exchange would burn it (known failure 6)."""
    first = division.channel()
    rows_of(first.sweep(PRODUCT))
    division.pass_time(600)
    division.calls()
    start, failures = threading.Barrier(4), list[BaseException]()

    def work() -> None:
        channel = division.channel()
        start.wait()
        try:
            rows_of(channel.sweep(PRODUCT))
        except BaseException as wrong:  # noqa: BLE001 it is told below
            failures.append(wrong)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ([], 1) == (failures, division.calls().count("POST oauth2/token 200"))


def test_the_new_pair_is_on_the_disk_before_it_is_used(division: Division) -> None:
    """A process that dies right after the exchange leaves a pair that works (known failure 6)."""
    seen: list[str] = []
    channel = division.channel()
    before = division.tokens.load()
    assert before is not None
    division.fault("cut_before", "/api/v1/", times=None)
    with pytest.raises(Transient):
        channel.read(PRODUCT, [NOBODY])
    division.control("faults", method="DELETE")
    after = division.tokens.load()
    assert after is not None
    seen.append(after.values["refresh_token"])
    assert [before.values["refresh_token"]] != seen
    assert [] == division.channel().read(PRODUCT, [NOBODY])


def test_the_configured_token_is_used_once(division: Division) -> None:
    """Afterwards the stored pair is the truth: the configured one is dead (known failure 6)."""
    rows_of(division.channel().sweep(PRODUCT))
    division.pass_time(3600)
    rows_of(division.channel().sweep(PRODUCT))
    assert 2 == division.calls().count("POST oauth2/token 200")


def test_a_lost_answer_to_an_exchange_needs_consent(division: Division) -> None:
    """The new pair went with it; a person is asked, and nothing is tried for ever (fact 23, known failure 6)."""
    channel = division.channel()
    division.fault("cut_after", "oauth2/token")
    with pytest.raises(AuthFailed, match="connector auth exact"):
        channel.read(PRODUCT, [NOBODY])
    assert 3 > len(division.calls())


def test_a_token_refused_before_its_time_is_told_and_not_hammered(division: Division) -> None:
    """One 401, since each counts for the block; a new pair is asked for at its time (facts 26, 27, known failure 7)."""
    channel = division.channel()
    rows_of(channel.sweep(PRODUCT))
    division.calls()
    division.fault("expire_tokens", "sync/Logistics/Items")
    with pytest.raises(AuthFailed, match="401"):
        rows_of(channel.sweep(PRODUCT))
    assert ["GET sync/Logistics/Items 401"] == division.calls()
    division.pass_time(571)
    assert rows_of(channel.sweep(PRODUCT))


def test_a_pasted_code_is_decoded_once(division: Division) -> None:
    """The consent page's code, as it stands in an address bar, lets the channel in (fact 10)."""
    opening = division.opening(refresh_token=None)
    page = Adapter.authorize_url(opening)
    assert page is not None
    query = parse_qs(urlsplit(page).query)
    assert ["code"] == query["response_type"]
    sent_back = requests.get(page, allow_redirects=False, timeout=10).headers["Location"]
    code = parse_qs(urlsplit(sent_back).query)["code"][0]
    Adapter.authorize(opening, quote(code, safe=""))
    assert rows_of(Adapter.open(opening).sweep(PRODUCT))


def test_a_refresh_token_lets_a_channel_in(division: Division) -> None:
    """``refresh:TOKEN`` instead of consent."""
    opening = division.opening(refresh_token=None)
    Adapter.authorize(opening, f"refresh:{division.info['refresh_token']}")
    assert rows_of(Adapter.open(opening).sweep(PRODUCT))


def test_without_credentials_a_person_is_asked(division: Division) -> None:
    """The message names the command."""
    with pytest.raises(AuthFailed, match="connector auth exact"):
        division.channel(refresh_token=None).read(PRODUCT, [NOBODY])


@pytest.mark.parametrize(
    ("status", "headers", "body", "early"),
    [
        (400, {"Reason": "TooEarlyToRefreshTokens: 9:18"}, b'{"error":"access_denied"}', True),
        (400, {}, b'{"error_description":"Rate limit exceeded: access_token not expired"}', True),
        (401, {}, b"Access Token not expired", True),
        (400, {}, b'{"error_description":"Old refresh token used."}', False),
    ],
)
def test_too_early_is_told_from_lost(status: int, headers: dict[str, str], body: bytes, early: bool) -> None:
    """Both forms of the refusal that only came too soon keep the present token (fact 16)."""
    assert early == is_too_early(_answer(status, body, headers))


def test_a_code_without_percent_signs_stays() -> None:
    """Decoding is for what was encoded."""
    assert ("a!b", "a!b") == (once_decoded("a%21b"), once_decoded(" a!b "))


# --- limits -----------------------------------------------------------------------------------


def _answer(
    status: int,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    *,
    data: Any = None,
    call: Call | None = None,
) -> Answer:
    made = call or Call("GET", "/api/v1/{division}/logistics/Items", "product", {"division": "1"}, safe=True)
    at = datetime(2026, 11, 22, 6, 0, 30, tzinfo=UTC)
    return Answer(made, status, CaseInsensitiveDict(headers or {}), body, at, at, data)


def _set(head: str, limit: int, remaining: int, reset: datetime) -> dict[str, str]:
    values = {"Limit": limit, "Remaining": remaining, "Reset": int(reset.timestamp() * 1000)}
    return {f"{head}-{name}": str(value) for name, value in values.items()}


MINUTE, MIDNIGHT = datetime(2026, 11, 22, 6, 1, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("story", "headers", "until"),
    [
        ("the minute", _set("X-RateLimit-Minutely", 60, 0, MINUTE), MINUTE),
        ("the day", _set("X-RateLimit", 5000, 0, MIDNIGHT), MIDNIGHT),
        ("both", _set("X-RateLimit", 5000, 0, MIDNIGHT) | _set("X-RateLimit-Minutely", 60, 0, MINUTE), MIDNIGHT),
        ("neither is at zero", _set("X-RateLimit-Minutely", 60, 1, MINUTE), MINUTE + timedelta(seconds=30)),
        ("no headers", {}, MINUTE + timedelta(seconds=30)),
    ],
)
def test_a_refusal_for_the_limit_waits_for_its_reset(story: str, headers: dict[str, str], until: datetime) -> None:
    """The reset of the set that is at zero, else a minute (fact 34, known failure 7)."""
    answer = _answer(429, headers=headers)
    error = complaint(answer)
    assert until == asked_again(answer)
    assert isinstance(error, RateLimited)
    assert until == error.until


def test_headers_say_what_is_left() -> None:
    """Both sets, epoch milliseconds; a set that is not whole says nothing (facts 31 to 33)."""
    headers = _set("X-RateLimit-Minutely", 60, 59, MINUTE) | {"X-RateLimit-Remaining": "12"}
    assert [("minute", 60, 59, MINUTE)] == [
        (one.name, one.limit, one.remaining, one.resets_at) for one in limits(_answer(200, headers=headers))
    ]


def test_resets_are_told_by_our_clock() -> None:
    """A server ten minutes ahead does not make us wait ten minutes longer."""
    answer = _answer(200, headers=_set("X-RateLimit-Minutely", 60, 0, MINUTE))
    ahead = Answer(**{**vars(answer), "began_at": answer.began_at - timedelta(minutes=10)})
    assert [MINUTE - timedelta(minutes=10)] == [one.resets_at for one in limits(ahead)]


def test_the_minute_is_waited_for_and_never_run_into(division: Division) -> None:
    """A hundred calls pass without one refusal (known failure 7)."""
    channel = division.channel()
    item = division.item(channel, "MIN-1")
    division.calls()
    for number in range(100):
        confirmed(channel.write(PRODUCT, [division.update(item, {"Description": f"Naam {number}"})]))
    calls = Counter(division.calls())
    assert 100 == calls["PUT logistics/Items 204"]
    assert 0 == sum(count for call, count in calls.items() if call.endswith("429"))


def test_calls_of_others_count(division: Division) -> None:
    """What the headers say corrects the budget (known failure 7)."""
    channel = division.channel()
    channel.read(PRODUCT, [NOBODY])
    headers = _set("X-RateLimit", 5000, 17, division.now + timedelta(hours=3))
    division.answers("logistics/Items", {"d": []}, headers=headers)
    channel.read(PRODUCT, [NOBODY])
    left = {one.name: one.remaining for one in division.budget.allowances()}
    assert 17 == left["day"]


def test_the_day_is_over_when_it_is_over(tmp_path: Path) -> None:
    """A used-up day is RateLimited until its reset, at once and without further calls (known failure 7)."""
    with division_with(tmp_path, day_limit="12") as division:
        channel = division.channel()
        ids = [str(uuid.UUID(int=number)) for number in range(20 * 25)]
        with pytest.raises(RateLimited) as caught:
            channel.read(PRODUCT, ids)
        assert caught.value.until.date() > division.now.date()
        assert {"200"} == {call[-3:] for call in division.calls()}


def test_the_tenth_error_of_an_endpoint_is_not_made(division: Division) -> None:
    """More than ten an hour would block the app: nine are ours, then the endpoint rests (known failure 7)."""
    channel = division.channel()
    writes = [division.update(NOBODY, {"Description": "x"}) for _ in range(12)]
    results = channel.write(PRODUCT, writes)
    assert {Gone: 9, RateLimited: 3} == Counter(type(result.error) for result in results)
    assert 9 == division.calls().count("PUT logistics/Items 404")
    with pytest.raises(RateLimited):
        channel.read(PRODUCT, [NOBODY])
    assert [] == channel.read(CUSTOMER, [NOBODY])
    division.pass_time(3601)
    assert [] == channel.read(PRODUCT, [NOBODY])


def test_nothing_is_probed_by_an_error(division: Division) -> None:
    """Reading, finding and ``check`` of what is not there make no 404 and no 400 (known failure 7)."""
    channel = division.channel()
    for entity in Entity:
        channel.read(entity, [NOBODY, f"{NOBODY}:{NOBODY}", "nonsense"])
    channel.find(PRODUCT, [Key("sku", "none")])
    channel.find(CUSTOMER, [Key("loyalty_card", "1"), Key("email", "none@example.com")])
    channel.find_of(PRICE, ["nonsense"])
    list(channel.check())
    assert [] == [call for call in division.calls() if not call.endswith("200")]


# --- refusals ---------------------------------------------------------------------------------


def _refused(text: str, sent: Mapping[str, Any], status: int = 500) -> ChannelError | None:
    call = Call("POST", "/api/v1/{division}/logistics/Items", "product", {"division": "1"}, body=sent)
    return complaint(_answer(status, data={"error": {"code": "", "message": {"lang": "", "value": text}}}, call=call))


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("Verplicht: Naam\r\nVerplicht: E-mail", {"Name", "Email"}),
        ("Mandatory: Name", {"Name"}),
        ("Ongeldige referentie: BTW-code", {"SalesVatCode"}),
        ("Invalid reference: Unit", {"Unit"}),
        ("Omschrijving: Maximaal aantal tekens is 60", {"Description"}),
        ("Moet zijn: Uniek - Artikel, Valuta, Eenheid, Aantal, Actief vanaf, Actief tot", {"Code", "Unit", "EndDate"}),
        ("Gegeven bestaat reeds.", set()),
        ("Ongeldig: Factuur voor (Type)", set()),
        ("Obligatoire : Nom", set()),
    ],
)
def test_a_500_with_a_text_is_a_refusal(text: str, fields: set[str]) -> None:
    """Validation comes as 500; the fields are named where the screen's word is one of those sent (facts 76, 78)."""
    sent = {
        "Name": "x",
        "Email": "x",
        "SalesVatCode": "9",
        "Unit": "q",
        "Description": "x",
        "Code": "1",
        "EndDate": "x",
    }
    error = _refused(text, sent)
    assert isinstance(error, Rejected)
    assert fields == set(error.fields)


def test_values_that_were_sent_are_not_repeated() -> None:
    """A text that quotes what was sent goes on without it (known failure 27)."""
    error = _refused("Ongeldig: E-mail - jan@example.com is al in gebruik", {"Email": "jan@example.com"})
    assert isinstance(error, Rejected)
    assert "jan@example.com" not in f"{error} {error.fields}"
    assert {"Email"} == set(error.fields)


def test_a_failure_of_theirs_is_no_refusal() -> None:
    """Its status decides: a write is in doubt, a read is tried again (fact 77)."""
    assert _refused("A problem has occurred. The cause of this issue will be investigated.", {}) is None


@pytest.mark.parametrize(
    ("status", "headers", "kind", "told"),
    [
        (403, {"Reason": "NoDivisionAccess"}, AuthFailed, "tick the division"),
        (403, {"Reason": "LicenseExpired"}, AuthFailed, "licence has expired"),
        (403, {"Reason": "DivisionBlocked"}, Transient, "blocked"),
        (403, {}, AuthFailed, "licence"),
        (401, {}, AuthFailed, "connector auth"),
        (404, {}, ContractBroken, "division"),
        (400, {}, ContractBroken, ""),
    ],
)
def test_a_refusal_says_what_helps(status: int, headers: dict[str, str], kind: type[Exception], told: str) -> None:
    """Errors are named by what happens next, and the text by what a person can do (facts 79, 80)."""
    error = complaint(_answer(status, headers=headers))
    assert isinstance(error, kind)
    assert told in str(error)


def test_a_blocked_division_is_not_asked_again_at_once(division: Division) -> None:
    """Each refusal counts for the block of the app (known failure 7)."""
    channel = division.channel()
    rows_of(channel.sweep(PRODUCT))
    division.calls()
    division.fault("status", "logistics/Items", status=403, headers={"Reason": "DivisionBlocked"}, times=None)
    with pytest.raises(Transient, match="blocked"):
        channel.read(PRODUCT, [NOBODY])
    assert ["GET logistics/Items 403"] == division.calls()


def test_a_maintenance_page_is_tried_again(division: Division) -> None:
    """HTML with status 200 is no answer: a read is repeated, a write is in doubt (fact 81)."""
    channel = division.channel()
    item = division.item(channel, "ONDERHOUD")
    division.fault("html", "logistics/Items", status=200, times=2)
    assert [item] == [row.external_id for row in channel.read(PRODUCT, [item])]
    division.fault("html", "logistics/Items", status=200, times=None, method="POST")
    result = channel.write(PRODUCT, [division.create({"Code": "X", "Description": "x"})])[0]
    assert isinstance(result.error, AmbiguousWrite)


def test_mandatory_filtering_is_met(tmp_path: Path) -> None:
    """An app under mandatory filtering reads and finds as any other (fact 37)."""
    with division_with(tmp_path, mandatory_filter="on") as division:
        channel = division.channel()
        item = division.item(channel, "FILTER-1")
        found = channel.find(PRODUCT, [Key("sku", "filter-1")])
        assert [item] == [row.external_id for row in found[Key("sku", "filter-1")]]
        assert only(channel.find_of(PRICE, [item])[item])


def test_mandatory_filtering_on_other_properties_adds_a_condition(division: Division) -> None:
    """Where the filter must name ``Modified``, a condition that always holds is added, once found out (fact 37)."""
    channel = division.channel()
    item = division.item(channel, "FILTER-2")
    text = "This endpoint has mandatory filtering applied. A GET request for this endpoint must have a $filter "
    text += "parameter with one of the following fields in the url: ID, Modified"
    body = {"error": {"code": "", "message": {"lang": "", "value": text}}}
    division.fault("status", "logistics/Items", status=400, body=body, method="GET")
    key = Key("sku", "filter-2")
    assert [item] == [row.external_id for row in channel.find(PRODUCT, [key])[key]]


def test_messages_hold_no_secret_and_no_value(division: Division) -> None:
    """Whatever goes wrong, neither token nor secret nor what was sent stands in the message (known failure 27)."""
    channel = division.channel()
    told: list[str] = []
    person = {"Name": "Geheim BV", "Email": "geheim@example.com", "Country": "ZZ", "Status": "C"}
    for fault in ("cut_after", "bad_json", "html"):
        division.fault(fault, "crm/Accounts", status=200)
        told.append(str(channel.write(CUSTOMER, [division.create(person)])[0].error))
    told.append(repr(channel.write(CUSTOMER, [division.create(person | {"Email": "geen adres geheim"})])))
    told.append(repr(division.opening().options))
    for secret in ("geheim", "Geheim BV", division.info["client_secret"], division.info["refresh_token"]):
        assert secret not in " ".join(told)
    pair = division.tokens.load()
    assert pair is not None
    assert pair.values["access_token"] not in " ".join([*told, repr(pair)])


# --- products ---------------------------------------------------------------------------------


def test_what_is_written_is_what_is_read_back(division: Division) -> None:
    """A new item, made and read again, shows each value as the mapping says that it can be held."""
    channel, mapping = division.channel(), division.mapping.entities[PRODUCT]
    context = Context(division.now.date(), "Europe/Amsterdam")
    values: dict[str, Value] = {
        "sku": "WT-002", "name": "Muts 🧶 mêlée", "barcode": "9520000001018", "active": True, "sell_online": True,
        "tracks_stock": True, "unit": "piece", "vat_class": "standard", "weight": Decimal("0.08"), "brand": "Fjordwol",
    }  # fmt: skip
    written = mapping.put(values, {}, context, creating=True)
    result = confirmed(channel.write(PRODUCT, [division.create(written.fields)]))
    row = only(channel.read(PRODUCT, [result.external_id]))
    shown = mapping.get(mapping.pick(row.native), context).values
    assert values == {name: shown[name] for name in values}
    assert ("wt-002", "wt-002") == (result.address, row.address)


def test_only_what_changed_is_sent(division: Division) -> None:
    """Another user's edit of another property survives."""
    channel = division.channel()
    item = division.item(channel, "PUT-1", Barcode="9520000001018")
    division.edit("product", sku="PUT-1", set={"Barcode": "9520000001025"})
    confirmed(channel.write(PRODUCT, [division.update(item, {"Description": "Nieuw", "EndDate": "2030-12-31"})]))
    native = only(channel.read(PRODUCT, [item])).native
    assert ("Nieuw", "9520000001025", date(2030, 12, 31)) == (
        native["Description"],
        native["Barcode"],
        day(native["EndDate"]),
    )


def test_a_create_whose_answer_was_lost_is_found(division: Division) -> None:
    """It is in doubt, and the look-up by code finds it: no second one is made (known failure 5)."""
    channel = division.channel()
    division.fault("cut_after", "logistics/Items", method="POST")
    result = channel.write(PRODUCT, [division.create({"Code": "Verloren-1", "Description": "x"})])[0]
    assert isinstance(result.error, AmbiguousWrite)
    key = Key("sku", "verloren-1")
    assert 1 == len(channel.find(PRODUCT, [key])[key])


def test_a_code_twice_is_refused(division: Division) -> None:
    """The host keeps codes unique; the refusal is the row's own (known failure 5)."""
    channel = division.channel()
    division.item(channel, "DUBBEL")
    error = channel.write(PRODUCT, [division.create({"Code": "DUBBEL", "Description": "x"})])[0].error
    assert isinstance(error, Rejected)
    assert "read again" in error.remedy


def test_a_bad_row_leaves_the_others(division: Division) -> None:
    """A refused write is answered for itself, with its field; the ones around it are made (known failure 14)."""
    channel = division.channel()
    good, bad = division.item(channel, "GOED"), division.item(channel, "FOUT")
    writes = [
        division.update(good, {"Description": "een"}),
        division.update(bad, {"SalesVatCode": "ZZ"}),
        division.update(NOBODY, {"Description": "x"}),
        division.update(good, {"Description": "twee"}),
    ]
    results = channel.write(PRODUCT, writes)
    assert [None, Rejected, Gone, None] == [result.error and type(result.error) for result in results]
    assert {"SalesVatCode"} == set(getattr(results[1].error, "fields", ()))
    assert "twee" == only(channel.read(PRODUCT, [good])).native["Description"]


def test_an_outage_before_the_first_write_is_raised(division: Division) -> None:
    """Nothing was sent, so nothing is in doubt."""
    channel = division.channel()
    item = division.item(channel, "STORING")
    division.fault("status", "logistics/Items", status=503, method="PUT", times=None)
    with pytest.raises(Transient):
        channel.write(PRODUCT, [division.update(item, {"Description": "x"})])


# --- prices -----------------------------------------------------------------------------------


def _price(division: Division, item: str, part: str, **fields: Any) -> Write:
    given = {"Quantity": 1, "NumberOfItemsPerUnit": 1, **fields}
    return division.create(given, parent_id=item, parent={"Unit": "pc      "}, place="sales", part=part)


def test_the_row_a_new_item_gets_is_no_price_yet(division: Division) -> None:
    """It is left out of feed and sweep, and found where the price is to be set (fact 124)."""
    channel = division.channel()
    item = division.item(channel, "PRIJS-0")
    listed = [*rows_of(channel.sweep(PRICE)), *changed(channel, PRICE, None)[0]]
    assert item not in {row.parent for row in listed}
    row = only(channel.find_of(PRICE, [item])[item])
    assert ("base", "sales", item, 0) == (row.part, row.place, row.parent, row.native["Price"])
    assert [row.external_id] == [one.external_id for one in channel.read(PRICE, [row.external_id])]


def test_a_first_price_takes_the_place_of_the_empty_row(division: Division) -> None:
    """A second row beside it would be two prices (fact 124, known failure 5)."""
    channel = division.channel()
    item = division.item(channel, "PRIJS-1")
    empty = only(channel.find_of(PRICE, [item])[item])
    result = confirmed(channel.write(PRICE, [_price(division, item, "base", Price=Decimal("12.5"))]))
    row = only(channel.find_of(PRICE, [item])[item])
    assert (empty.external_id, empty.external_id, Decimal("12.5")) == (
        result.external_id,
        row.external_id,
        row.native["Price"],
    )
    assert "base" == only([one for one in rows_of(channel.sweep(PRICE)) if one.parent == item]).part


def test_each_kind_of_price_is_told_apart(division: Division) -> None:
    """Tier, promotion and base price of one item, made, found and changed each by itself."""
    channel = division.channel()
    item = division.item(channel, "PRIJS-2")
    today, later = division.now.date(), division.now.date() + timedelta(days=9)
    period: dict[str, Any] = {"StartDate": (today + timedelta(days=3)).isoformat(), "EndDate": later.isoformat()}
    kinds: dict[str, dict[str, Any]] = {
        "base": {"Price": Decimal("12.5")},
        "tier": {"Price": Decimal("11.5"), "Quantity": 5},
        "promo": {"Price": Decimal("9.95"), **period},
    }
    made = {
        part: confirmed(channel.write(PRICE, [_price(division, item, part, **fields)])).external_id
        for part, fields in kinds.items()
    }
    confirmed(channel.write(PRICE, [division.update(made["tier"], {"Price": Decimal("11.25")}, parent_id=item)]))
    rows = channel.find_of(PRICE, [item])[item]
    assert {
        ("base", made["base"], Decimal("12.5")),
        ("tier", made["tier"], Decimal("11.25")),
        ("promo", made["promo"], Decimal("9.95")),
    } == {(row.part, row.external_id, Decimal(row.native["Price"])) for row in rows}
    native = next(row.native for row in rows if row.part == "tier")
    assert ("EUR", "pc", today) == (native["Currency"], native["Unit"].strip(), day(native["StartDate"]))


def test_the_same_row_is_not_made_twice(division: Division) -> None:
    """A repeated create of a tier changes the one that stands there (known failure 5)."""
    channel = division.channel()
    item = division.item(channel, "PRIJS-3")
    first, again = (
        confirmed(channel.write(PRICE, [_price(division, item, "tier", Price=Decimal(price), Quantity=5)]))
        for price in ("11", "10")
    )
    assert first.external_id == again.external_id


def test_a_promotion_can_be_deleted(division: Division) -> None:
    """Its row goes, and the deletion comes back through the feed."""
    channel = division.channel()
    item = division.item(channel, "PRIJS-4")
    promo = _price(division, item, "promo", Price=Decimal("9"), EndDate="2030-01-01")
    made = confirmed(channel.write(PRICE, [promo])).external_id
    _, cursor = changed(channel, PRICE, None)
    confirmed(channel.write(PRICE, [Write(division.token(), "delete", made, {}, parent_id=item)]))
    division.pass_time(61)
    assert [(made, True)] == [(row.external_id, row.deleted) for row in changed(channel, PRICE, cursor)[0]]


def test_agreements_other_units_and_other_currencies_are_not_ours(division: Division) -> None:
    """Rows with an account, another unit or another currency are no price of a piece in our list (fact 123)."""
    channel = division.channel()
    row = {
        "Timestamp": "5", "ID": NOBODY, "Item": NOBODY, "Account": None, "Currency": "EUR", "Unit": "pc      ",
        "DefaultItemUnit": "pc      ", "Quantity": 1, "NumberOfItemsPerUnit": 1, "Price": 5, "StartDate": None,
        "EndDate": None, "Created": None, "Modified": None,
    }  # fmt: skip
    others = [{"Account": NOBODY}, {"Currency": "USD"}, {"Unit": "box"}]
    rows = [{**row, **other, "Timestamp": str(6 + n), "ID": f"{NOBODY[:-1]}{n}"} for n, other in enumerate(others)]
    division.answers("sync/Logistics/SalesItemPrices", {"d": [row, *rows]})
    assert [NOBODY] == [one.external_id for one in changed(channel, PRICE, None)[0]]


# --- stock ------------------------------------------------------------------------------------


def test_differences_are_booked_by_one_count_per_warehouse(division: Division) -> None:
    """Signed lines move the figures, whatever was sold in between; positions that were not there are made."""
    channel = division.channel()
    items = [division.item(channel, f"VOORRAAD-{n}") for n in range(3)]
    division.calls()
    writes = [division.move(items[0], "1", "5"), division.move(items[1], "1", "-2"), division.move(items[2], "3", "1")]
    results = channel.write(STOCK, writes)
    assert [None] * 3 == [result.error for result in results]
    assert 2 == division.calls().count("POST inventory/StockCounts 201")
    assert [Decimal(5), Decimal(-2), Decimal(1)] == [
        figures(channel, items[0])["1"], figures(channel, items[1])["1"], figures(channel, items[2])["3"],
    ]  # fmt: skip
    first = next(result for result in results if result.token == writes[0].token)
    assert ["1"] == [row.place for row in channel.read(STOCK, [first.external_id])]


def test_a_sale_between_reading_and_writing_is_not_lost(division: Division) -> None:
    """A difference is added to whatever is there (known failure 1)."""
    channel = division.channel()
    item = division.item(channel, "TUSSENDOOR")
    confirmed(channel.write(STOCK, [division.move(item, "1", "10")]))
    division.edit("sale", sku="TUSSENDOOR", quantity=3, location="1")
    confirmed(channel.write(STOCK, [division.move(item, "1", "2")]))
    assert Decimal(9) == figures(channel, item)["1"]


@pytest.mark.parametrize(("fault", "landed", "pieces"), [("cut_after", True, 5), ("cut_before", False, 0)])
def test_a_count_in_doubt_is_settled_by_its_mark(division: Division, fault: str, landed: bool, pieces: int) -> None:
    """Each write of a count can be looked up by its own mark, so that none is repeated blind (known failure 5)."""
    channel = division.channel()
    items = [division.item(channel, f"TWIJFEL-{n}") for n in range(6)]
    writes = [division.move(item, "1", "5") for item in items]
    division.fault(fault, "inventory/StockCounts", method="POST")
    results = channel.write(STOCK, writes)
    assert {AmbiguousWrite} == {type(result.error) for result in results}
    assert [Evidence(landed)] * 6 == [channel.landed(STOCK, write) for write in writes]
    assert Evidence(landed=False) == channel.landed(STOCK, division.move(items[0], "1", "5"))
    assert [Decimal(pieces)] * 6 == [figures(channel, item).get("1", Decimal(0)) for item in items]


def test_other_entities_leave_no_mark(division: Division) -> None:
    """There only the values tell."""
    assert division.channel().landed(PRODUCT, division.update(NOBODY, {})) is None


def test_a_refused_line_leaves_the_others(division: Division) -> None:
    """A count with a bad line books nothing; line by line the others get through, once each (known failure 14)."""
    channel = division.channel()
    good = [division.item(channel, f"REGEL-{n}") for n in range(3)]
    service = division.item(channel, "DIENST", IsStockItem=False)
    writes = [division.move(item, "2", "1") for item in (good[0], service, good[1], good[2])]
    errors = {result.token: type(result.error) for result in channel.write(STOCK, writes) if result.error}
    assert {writes[1].token: Rejected} == errors
    assert [Decimal(1)] * 3 == [figures(channel, item)["2"] for item in good]


def test_an_unknown_warehouse_is_refused_alone(division: Division) -> None:
    """Its code is in the configuration, so a person mends it there (known failure 14)."""
    channel = division.channel()
    item = division.item(channel, "PLAATS")
    nowhere, here = division.move(item, "99", "1"), division.move(item, "1", "1")
    errors = {result.token: result.error for result in channel.write(STOCK, [nowhere, here])}
    assert isinstance(errors[nowhere.token], Rejected)
    assert errors[here.token] is None


def test_storage_locations_are_named(tmp_path: Path) -> None:
    """In a warehouse that keeps them, counts go to its default one (fact 136)."""
    with division_with(tmp_path, storage_locations="on") as division:
        channel = division.channel()
        item = division.item(channel, "LOCATIE")
        places = {row.place for row in rows_of(channel.sweep(STOCK))}
        results = channel.write(STOCK, [division.move(item, place, "1") for place in sorted(places)])
        assert [None] * len(places) == [result.error for result in results]


def test_without_the_licence_stock_says_so(tmp_path: Path) -> None:
    """Counts need a licence of their own; a person is told, the app is not blocked, products go on (fact 140)."""
    with division_with(tmp_path, licence="off") as division:
        channel = division.channel()
        item = rows_of(channel.sweep(PRODUCT))[0].external_id
        with pytest.raises(AuthFailed, match="licence"):
            channel.write(STOCK, [division.move(item, "1", "1")])
        found = {finding.what: finding for finding in channel.check()}
        assert not found["warehouses"].ok
        assert found["warehouses"].remedy
        assert found["may read logistics/Items"].ok


# --- customers --------------------------------------------------------------------------------


def test_a_customer_is_made_part_by_part(division: Division) -> None:
    """Account, contact and delivery address: one call each, each id given back as soon as it is known."""
    channel = division.channel()
    person = {"Name": "Zoë d'Ancona", "Email": "zoe@example.com", "Country": "NL", "PriceList": None}
    account = confirmed(channel.write(CUSTOMER, [division.create(person)])).external_id
    parts: dict[str, str] = {}
    for part, fields in {
        "contact": {"contact.FirstName": "Zoë", "contact.MiddleName": "d'", "contact.LastName": "Ancona"},
        "delivery": {"delivery.AddressLine1": "Kade 3", "delivery.Postcode": "3511 AB", "delivery.City": "Utrecht",
                     "delivery.Country": "NL"},
    }.items():  # fmt: skip
        parts |= confirmed(channel.write(CUSTOMER, [division.update(account, fields, part=part)])).parts
    row = only(channel.read(CUSTOMER, [account]))
    assert (parts, "C") == (row.parts, row.native["Status"])
    picked = division.mapping.entities[CUSTOMER].pick(row.native)
    assert ("Ancona", "Kade 3", None) == (
        picked["contact.LastName"], picked["delivery.AddressLine1"], picked["invoice.AddressLine1"],
    )  # fmt: skip
    again = {"delivery.AddressLine1": "Kade 4", "delivery.AddressLine2": None}
    confirmed(channel.write(CUSTOMER, [division.update(account, again, part="delivery", parts=parts)]))
    shown = only(channel.read(CUSTOMER, [account]))
    assert (parts, "Kade 4") == (shown.parts, shown.native["delivery"]["AddressLine1"])


def test_an_invoice_address_of_its_own_is_changed_in_place(division: Division) -> None:
    """It is one of the account's addresses, by its own id."""
    channel = division.channel()
    account = division.edit("create_customer", Name="Factuur BV", Email="factuur@example.com")["id"]
    address = {"invoice.AddressLine1": "Plein 1", "invoice.City": "Gent", "invoice.Country": "BE"}
    parts = confirmed(channel.write(CUSTOMER, [division.update(account, address, part="invoice")])).parts
    change = division.update(account, {"invoice.City": "Brugge"}, part="invoice", parts=parts)
    confirmed(channel.write(CUSTOMER, [change]))
    row = only(channel.read(CUSTOMER, [account]))
    assert (parts, "Brugge", 3) == (row.parts, row.native["invoice"]["City"], row.native["invoice"]["Type"])


def further(row: Row) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = row.native["others"]["list"]
    return found


def line(street: str) -> dict[str, Any]:
    return {"AddressLine1": street, "Postcode": "3511 AB", "City": "Utrecht", "Country": "NL"}


def test_further_addresses_are_one_list(division: Division) -> None:
    """New ones are made, changed ones changed in place, those left out deleted; the main one is not among them."""
    channel = division.channel()
    given = {"Name": "Berg", "Email": "berg@example.com", "delivery": line("Kade 1")}
    account = division.edit("create_customer", **given)["id"]
    first: dict[str, Any] = {"others.list": [line("Kade 2"), line("Kade 3")]}
    confirmed(channel.write(CUSTOMER, [division.update(account, first, part="others")]))
    _, cursor = changed(channel, CUSTOMER, None)
    two, three = sorted(further(only(channel.read(CUSTOMER, [account]))), key=lambda one: str(one["AddressLine1"]))
    wanted: dict[str, Any] = {"others.list": [{**two, "AddressLine1": "Kade 20"}, line("Kade 4")]}
    before: dict[str, Any] = {"others.list": [two, three]}
    confirmed(channel.write(CUSTOMER, [division.update(account, wanted, part="others", before=before)]))
    row = only(changed(channel, CUSTOMER, cursor)[0])
    shown = {one["AddressLine1"]: one["ID"] for one in further(row)}
    assert ({"Kade 20", "Kade 4"}, two["ID"]) == (set(shown), shown["Kade 20"])
    assert "Kade 1" == row.native["delivery"]["AddressLine1"]


def test_a_list_of_addresses_written_twice_is_there_once(division: Division) -> None:
    """A write whose answer was lost is done again: addresses that exist come back as they are."""
    channel = division.channel()
    account = division.edit("create_customer", Name="Berg", Email="berg@example.com", delivery=line("Kade 1"))["id"]
    write = division.update(account, {"others.list": [line("Kade 2"), line("Kade 3")]}, part="others")
    for _ in range(2):
        confirmed(channel.write(CUSTOMER, [write]))
    row = only(channel.read(CUSTOMER, [account]))
    assert ["Kade 2", "Kade 3"] == sorted(one["AddressLine1"] for one in further(row))


def test_an_address_that_went_meanwhile_is_looked_at_again(division: Division) -> None:
    """Somebody deletes the address that is to be changed: that is no deletion of the account."""
    channel = division.channel()
    account = division.edit("create_customer", Name="Berg", Email="berg@example.com", delivery=line("Kade 1"))["id"]
    division.edit("customer", id=account, set={"others": [line("Kade 2")]})
    before = further(only(channel.read(CUSTOMER, [account])))
    division.edit("customer", id=account, set={"others": []})
    changed_one = [{**before[0], "AddressLine1": "Kade 20"}]
    write = division.update(account, {"others.list": changed_one}, part="others")
    result = only(channel.write(CUSTOMER, [replace(write, before={"others.list": before})]))
    assert isinstance(result.error, Stale)
    confirmed(channel.write(CUSTOMER, [replace(write, fields={"others.list": []}, before={"others.list": before})]))


def test_a_refusal_names_the_field_of_its_part(division: Division) -> None:
    """A contact without a last name is the contact's own field."""
    channel = division.channel()
    made = division.edit(
        "create_customer", Name="Berg", Email="b@example.com", contact={"FirstName": "Jan", "LastName": "Berg"}
    )
    empty = {"contact.FirstName": None, "contact.LastName": None}
    write = division.update(made["id"], empty, part="contact", parts={"contact": made["contact"]})
    error = channel.write(CUSTOMER, [write])[0].error
    assert isinstance(error, Rejected)
    assert {"contact.LastName"} == set(error.fields)


def test_a_deleted_contact_brings_its_account(division: Division) -> None:
    """The feed of deletions names the contact alone; whose it was is remembered."""
    channel = division.channel()
    row = next(row for row in rows_of(channel.sweep(CUSTOMER)) if "contact" in row.parts)
    _, cursor = changed(channel, CUSTOMER, None)
    gone = {"Timestamp": "999999", "ID": NOBODY, "EntityKey": row.parts["contact"], "EntityType": 5}
    division.pass_time(61)
    division.answers("sync/Deleted", {"d": [gone]})
    assert [row.external_id] == [one.external_id for one in changed(channel, CUSTOMER, cursor)[0]]


# --- facts ------------------------------------------------------------------------------------


def _stock_item(channel: Channel) -> Row:
    items = rows_of(channel.sweep(PRODUCT))
    return next(row for row in items if row.native["IsStockItem"] and row.native["EndDate"] is None)


def test_an_order_claims_until_it_is_delivered(division: Division) -> None:
    """Open pieces are claimed under the shop's reference; each delivery hands some over, once."""
    channel = division.channel()
    item = _stock_item(channel)
    facts = channel.facts(None)
    standing = {(claim.order, claim.line) for claim in facts.claims or ()}
    lines = [{"sku": item.native["Code"], "quantity": 3}]
    division.edit("import_order", reference="000000999", location="2", lines=lines)
    facts = channel.facts(facts.cursor)
    claim = only([one for one in facts.claims or () if (one.order, one.line) not in standing])
    assert ("000000999", item.external_id, Decimal(3), "2") == (
        claim.order, claim.parent, claim.open_quantity, claim.place,
    )  # fmt: skip
    assert ["000000999"] == facts.orders
    division.edit("deliver", reference="000000999", lines=[{"sku": item.native["Code"], "quantity": 1}])
    facts = channel.facts(facts.cursor)
    assert [Decimal(2)] == [one.open_quantity for one in facts.claims or () if one.order == "000000999"]
    sent = only(facts.hand_overs)
    assert ("000000999", item.external_id, Decimal(1), "2", "order") == (
        sent.order, sent.parent, sent.quantity, sent.place, sent.kind,
    )  # fmt: skip
    assert sent.at is not None
    assert abs(division.now - sent.at) < timedelta(minutes=1)
    division.edit("deliver", reference="000000999")
    facts = channel.facts(facts.cursor)
    assert [] == [one for one in facts.claims or () if one.order == "000000999"]
    assert [Decimal(2)] == [one.quantity for one in facts.hand_overs]
    assert [] == channel.facts(facts.cursor).hand_overs


def test_open_claims_survive_a_restart(division: Division) -> None:
    """The whole list comes each time, from the cursor, though nothing changed."""
    first = division.channel().facts(None)
    assert first.claims
    again = division.channel().facts(first.cursor)
    assert {claim.line: claim for claim in first.claims} == {claim.line: claim for claim in again.claims or ()}


def test_a_quiet_round_costs_two_calls(division: Division) -> None:
    """Orders and their lines; deliveries are read when a line has changed, since each delivery changes one."""
    channel = division.channel()
    facts = channel.facts(None)
    division.calls()
    channel.facts(facts.cursor)
    assert ["GET sync/SalesOrder/SalesOrderHeaders 200", "GET sync/SalesOrder/SalesOrderLines 200"] == division.calls()


def test_a_stocktake_is_reported_where_it_counts(division: Division) -> None:
    """Processed counts of a person, with their time, for one call a round; neither earlier ones nor our own."""
    channel = Adapter.open(replace(division.opening(), counts=True))
    item = _stock_item(channel)
    sku = item.native["Code"]
    division.edit("stock", sku=sku, location="1", quantity=30)
    division.pass_time(3600)
    first = channel.facts(None)
    assert [] == list(first.counts)
    division.pass_time(3600)
    division.edit("stock", sku=sku, location="1", quantity=8)
    confirmed(channel.write(STOCK, [division.move(item.external_id, "1", "-1")]))
    facts = channel.facts(first.cursor)
    counted = only(facts.counts)
    assert (item.external_id, Decimal(8), "1") == (counted.parent, counted.quantity, counted.place)
    assert abs(division.now - counted.at) < timedelta(minutes=1)
    division.pass_time(3600)
    again = channel.facts(facts.cursor)
    assert [counted] == list(again.counts), "asked for with an overlap: the same id is the same count"
    division.calls()
    assert [] == list(channel.facts(again.cursor).counts)
    assert 1 == division.calls().count("GET inventory/StockCounts 200")
    assert [] == list(division.channel().facts(first.cursor).counts), "nobody asks where it is not said"
    assert [] == [call for call in division.calls() if "StockCount" in call]


def test_what_another_program_books_is_no_stocktake(division: Division) -> None:
    """It may have booked a difference, of which nothing is kept: its figure tells what moved."""
    channel = Adapter.open(replace(division.opening(), counts=True))
    item = _stock_item(channel)
    first = channel.facts(None)
    division.pass_time(3600)
    division.edit("stock", sku=item.native["Code"], location="1", difference=-2, source=4)
    counted = channel.facts(first.cursor)
    assert [] == list(counted.counts)
    division.edit("stock", sku=item.native["Code"], location="1", quantity=9)
    assert [Decimal(9)] == [one.quantity for one in channel.facts(first.cursor).counts]


@pytest.mark.parametrize(
    ("description", "expected"),
    [("sync AAAAAAAA", True), ("sync", False), ("sync with the shelf", False), ("", False), ("Handmatig", False)],
)
def test_our_own_counts_are_known_by_their_marks(description: str, expected: bool) -> None:
    """The word and marks of eight characters; what a person writes is none of it."""
    assert expected is is_ours(description)


def test_a_cancelled_order_claims_nothing(division: Division) -> None:
    """Its number is its own, in a form that no other channel's number has."""
    channel = division.channel()
    item = _stock_item(channel)
    made = division.edit("order", lines=[{"sku": item.native["Code"], "quantity": 1}])
    facts = channel.facts(None)
    assert f"exact:{made['number']}" in [claim.order for claim in facts.claims or ()]
    division.edit("cancel", order=made["id"])
    facts = channel.facts(facts.cursor)
    assert f"exact:{made['number']}" not in [claim.order for claim in facts.claims or ()]


def test_a_delivery_of_an_order_that_is_no_longer_known_is_asked_for(division: Division) -> None:
    """The delivery names a number; its reference is looked up."""
    channel = division.channel()
    item = _stock_item(channel)
    lines = [{"sku": item.native["Code"], "quantity": 1}]
    division.edit("import_order", reference="000000777", lines=lines)
    division.edit("deliver", reference="000000777")
    first = channel.facts(None)
    mark = re.compile(r'(sync/SalesOrder/GoodsDeliver(?:ies|yLines)\\":)\d+')
    again = channel.facts(mark.sub(r"\g<1>1", first.cursor or "").replace('"deliveries_at":"2', '"deliveries_at":"1'))
    assert "000000777" in {one.order for one in again.hand_overs}
    assert {one.id for one in first.hand_overs} == {one.id for one in again.hand_overs}


def test_bookings_of_the_till_are_told(division: Division) -> None:
    """Direct invoices in the till's journal are what someone booked of its sales; those of other journals are not."""
    channel = division.channel(books="journal:KASSA")
    item = _stock_item(channel)
    facts = channel.facts(None)
    lines = [{"sku": item.native["Code"], "quantity": 4}]
    division.edit("book_till", lines=lines, location="3")
    division.edit("sale", sku=item.native["Code"], quantity=1)
    told = only(channel.facts(facts.cursor).hand_overs)
    assert ("till", item.external_id, Decimal(4), "3") == (told.kind, told.parent, told.quantity, told.place)


def test_a_licence_without_orders_claims_nothing(division: Division) -> None:
    """No claims is another thing than an empty list of them."""
    channel = division.channel(sales_orders=False)
    assert channel.facts(None).claims is None
    assert [] == [call for call in division.calls() if "SalesOrder" in call]


# --- check, options ---------------------------------------------------------------------------


def _findings(channel: Channel) -> dict[str, Finding]:
    return {finding.what: finding for finding in channel.check()}


def test_check_finds_a_healthy_division_well(division: Division) -> None:
    """Every line is green, nothing is written and no error is made."""
    channel = division.channel(books="journal:KASSA")
    assert [] == [finding for finding in channel.check() if not finding.ok]
    calls = [call for call in division.calls() if not call.startswith("POST oauth2")]
    assert {"GET"} == {call.split()[0] for call in calls}
    assert re.fullmatch(r"day \d+ of 5000, minute \d+ of 60", _findings(channel)["calls left"].detail)
    assert {"200"} == {call.split()[2] for call in calls}


@pytest.mark.parametrize(
    ("settings", "what", "told"),
    [
        ({"prices": "excluded"}, "VAT code 4 (standard)", "included"),
        ({"vat_codes": {"standard": "77"}}, "VAT code 77 (standard)", "does not exist"),
        ({"units": {"piece": "stuk"}}, "unit stuk (piece)", "does not exist"),
    ],
)
def test_check_compares_the_settings_with_the_division(
    division: Division, settings: dict[str, Any], what: str, told: str
) -> None:
    """Codes that do not exist, or say otherwise of prices, are shown with what there is."""
    finding = _findings(division.channel(settings))[what]
    assert not finding.ok
    assert told in finding.detail
    assert "settings" in finding.remedy


def test_check_names_what_is_missing(division: Division) -> None:
    """An unknown warehouse and an unknown journal; a property that no feed has."""
    opening = division.opening(books="journal:NIETS")
    names = {**opening.names, PRODUCT: opening.names[PRODUCT] | {"StandardSalesPrice"}}
    found = _findings(Adapter.open(Opening(**{**vars(opening), "names": names, "locations": ("1", "99")})))
    assert {"warehouse 99", "till journal", "product property StandardSalesPrice"} == {
        what for what, finding in found.items() if not finding.ok
    }


def test_check_stops_where_nothing_can_be_had(division: Division) -> None:
    """A division that the user may not open ends it, with the remedy."""
    found = list(division.channel(division=7).check())
    assert [("division", False)] == [(one.what, one.ok) for one in found if not one.ok]
    assert "connector auth" in found[-1].remedy


@pytest.mark.parametrize(
    "wrong",
    [
        {"base_url": "start.exactonline.nl"},
        {"base_url": "https://me:secret@start.exactonline.nl"},
        {"base_url": "https://start.exactonline.nl/api"},
        {"division": "123"},
        {"host_timezone": "Europe/Nowhere"},
        {"unknown": 1},
    ],
)
def test_wrong_options_are_refused(division: Division, wrong: dict[str, Any]) -> None:
    """Before anything is called."""
    with pytest.raises(ValidationError):
        division.opening(**wrong)


def test_recorded_pages_are_read(contracts: Path) -> None:
    """Both recorded list shapes, with the row of each (facts 43, 47)."""
    recorded = json.loads((contracts / "exact-online" / "examples" / "paging.json").read_text())
    pages = [one["response"]["body"] for one in recorded["exchanges"] if "d" in one["response"].get("body", {})]
    listed = [unfold(_answer(200, data=page)) for page in pages]
    assert all("__metadata" not in row for page in listed for row in page.rows)
    assert any(page.next for page in listed)
    assert sum(len(page.rows) for page in listed) >= 6


def test_the_prices_of_the_mapping_go_round(division: Division) -> None:
    """A base price written through the mapping shows the same amount, with VAT, as the list has it."""
    channel, mapping = division.channel(), division.mapping.entities[PRICE]
    item = division.item(channel, "RONDE-1", SalesVatCode="4")
    retail = PriceList("retail", "EUR", "included", 2, {"exact": "sales"})
    context = Context(division.now.date(), "Europe/Amsterdam", list=retail, vat_class="standard")
    values: dict[str, Value] = {"amount": Decimal("49.95"), "min_qty": 1, "starts": None, "ends": None}
    written = mapping.put(values, {}, context, creating=True, part="base")
    write = division.create(written.fields, parent_id=item, parent={"Unit": "pc"}, place="sales", part="base")
    row = only(channel.read(PRICE, [confirmed(channel.write(PRICE, [write])).external_id]))
    shown = mapping.get(mapping.pick(row.native, row.part), context, row.part).values
    assert (Decimal("49.95"), "base") == (shown["amount"], row.part)
