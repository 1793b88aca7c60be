"""Reading what changed in a real Odoo."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from uuid import uuid4

import pytest

from adapters.odoo import feeds
from adapters.odoo.api import Odoo as Server
from adapters.odoo.feeds import Feed
from tests.odoo.client import Odoo
from tests.odoo.test_transports import opening

FIELDS = frozenset({"default_code", "name", "active", "product_tmpl_id"})


@pytest.fixture(params=["json2", "jsonrpc"])
def feed(real_odoo: Odoo, request: pytest.FixtureRequest) -> Iterator[Feed]:
    """Products by each of the transports."""
    with closing(Server(opening(real_odoo, transport=request.param))) as server:
        yield Feed(server, "product.product", FIELDS, [], {}, "product")


def a_product(odoo: Odoo) -> int:
    return odoo.create("product.product", name=f"F-{uuid4().hex[:10]}")


def changed(feed: Feed, cursor: str | None) -> tuple[set[str], str]:
    pages = list(feed.changes(cursor))
    assert all(page.cursor is None for page in pages[:-1])
    assert pages[-1].cursor
    return {row.external_id for page in pages for row in page.rows}, pages[-1].cursor


def test_a_change_is_seen_behind_a_cursor(real_odoo: Odoo, feed: Feed) -> None:
    """What is made or archived after a read is in the next one, and that is told apart by its moment."""
    archived = a_product(real_odoo)
    _, cursor = changed(feed, None)
    made = a_product(real_odoo)
    real_odoo.call("product.product", "action_archive", ids=[archived])
    assert {str(archived), str(made)} <= changed(feed, cursor)[0]
    (row,) = feed.read([archived])
    assert row.native["active"] is False
    assert type(row.native["product_tmpl_id"]) is int


def test_the_cursor_overlaps(real_odoo: Odoo, feed: Feed) -> None:
    """A record whose transaction began before the last read is found by the next one; what is older is not."""
    product = str(a_product(real_odoo))
    _, cursor = changed(feed, None)
    later = feeds.wire(feeds.read_moment(cursor) + feeds.OVERLAP / 2)
    much_later = feeds.wire(feeds.read_moment(cursor) + 2 * feeds.OVERLAP)
    assert [True, False] == [product in changed(feed, one)[0] for one in (later, much_later)]


def test_the_second_that_is_shown_is_found(real_odoo: Odoo, feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any overlap a record is still found by the second that it shows."""
    monkeypatch.setattr(feeds, "OVERLAP", 0 * feeds.OVERLAP)
    product = a_product(real_odoo)
    (row,) = feed.read([product])
    assert row.modified_at is not None
    assert str(product) in changed(feed, feeds.wire(row.modified_at))[0]


def test_a_sweep_is_all_there_is(real_odoo: Odoo, feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    """In several blocks: archived ones belong to it, deleted ones don't, and only its last page says complete."""
    monkeypatch.setattr(feeds, "BLOCK", 2)
    kept, archived, deleted = (a_product(real_odoo) for _ in range(3))
    real_odoo.call("product.product", "action_archive", ids=[archived])
    real_odoo.call("product.product", "unlink", ids=[deleted])
    pages = list(feed.sweep())
    seen = [int(row.external_id) for page in pages for row in page.rows]
    assert (True, True, False) == (kept in seen, archived in seen, deleted in seen)
    assert len(seen) == len(set(seen))
    assert [False] * (len(pages) - 1) + [True] == [page.complete for page in pages]


def test_what_is_gone_is_left_out(real_odoo: Odoo, feed: Feed) -> None:
    """Reading by id answers those that there are."""
    product = a_product(real_odoo)
    assert [str(product)] == [row.external_id for row in feed.read([product, 99999999])]


def test_an_empty_listing_is_a_page(feed: Feed) -> None:
    """Where nothing changed there is one page, without rows, with a cursor."""
    pages = list(feed.changes("2199-01-01 00:00:00"))
    assert [([], True)] == [(page.rows, page.cursor is not None) for page in pages]
