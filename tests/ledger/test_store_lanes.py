"""Cursors, the state of lanes, requests of other terminals, and the history that is only ever added to."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest
from sqlalchemy.exc import NoResultFound

from connector.ledger import journal, lanes
from connector.ledger.engine import Database
from connector.ledger.journal import Entry
from connector.ledger.lanes import LaneState, Request
from connector.model.entity import Entity
from connector.model.record import Event
from tests.ledger.stored import HOUR, NOON, Shelf

PRODUCT, STOCK = Entity.PRODUCT, Entity.STOCK


@pytest.fixture
def shelf(database: Database) -> Shelf:
    return Shelf(database)


# --- cursors and notes ------------------------------------------------------------------------


def advance(shelf: Shelf, value: str, channel: str = "shop", feed: str = "product") -> None:
    with shelf.ledger.write() as session:
        lanes.advance(session, channel, feed, value)


def cursors(shelf: Shelf) -> list[str | None]:
    """Of the shop's products, the shop's facts and the till's products."""
    with shelf.ledger.read() as session:
        places = [("shop", "product"), ("shop", "facts"), ("till", "product")]
        return [lanes.read_cursor(session, channel, feed) for channel, feed in places]


def test_a_cursor_is_where_it_was_left(shelf: Shelf) -> None:
    """Each feed of each channel has a cursor of its own, and none before its first page."""
    advance(shelf, "2026-06-25T12:00:00Z|7")
    advance(shelf, "é" * 500, feed="facts")
    assert ["2026-06-25T12:00:00Z|7", "é" * 500, None] == cursors(shelf)
    advance(shelf, "8")
    assert ["8", "é" * 500, None] == cursors(shelf)


def test_an_empty_cursor_is_one(shelf: Shelf) -> None:
    """A channel whose cursor is an empty text has been read, unlike one that has none."""
    advance(shelf, "")
    assert ["", None, None] == cursors(shelf)


def test_a_forgotten_cursor_begins_anew(shelf: Shelf) -> None:
    """Forgetting one cursor, twice even, leaves the others."""
    advance(shelf, "1")
    advance(shelf, "2", feed="facts")
    advance(shelf, "3", channel="till")
    for _ in range(2):
        with shelf.ledger.write() as session:
            lanes.forget_cursor(session, "shop", "product")
    assert [None, "2", "3"] == cursors(shelf)


def test_a_note_is_overwritten(shelf: Shelf) -> None:
    """What the ledger knows of itself is read by name; the last text stands, an empty one too."""
    with shelf.ledger.write() as session:
        assert None is lanes.read_meta(session, "generation")
        for text in ("one", ""):
            lanes.write_meta(session, "generation", text)
            lanes.write_meta(session, "mapping:shop", text + "!")
        assert ("", "!") == tuple(lanes.read_meta(session, name) for name in ("generation", "mapping:shop"))


# --- lanes ------------------------------------------------------------------------------------


def save(shelf: Shelf, channel: str = "shop", entity: Entity = PRODUCT, **columns: object) -> None:
    with shelf.ledger.write() as session:
        lanes.save(session, channel, entity, **columns)


def state(shelf: Shelf, channel: str = "shop", entity: Entity = PRODUCT) -> LaneState:
    with shelf.ledger.read() as session:
        return lanes.state(session, channel, entity)


EVERYTHING = LaneState(
    "shop", PRODUCT, NOON, NOON + HOUR, NOON + 2 * HOUR, NOON + 3 * HOUR, 4,
    {"kind": "Transient", "message": "down", "since": NOON.isoformat()}, NOON + 5 * HOUR, True,
)  # fmt: skip


def save_everything(shelf: Shelf, channel: str = "shop") -> None:
    columns = {name: value for name, value in vars(EVERYTHING).items() if name not in ("channel", "entity")}
    save(shelf, channel, **columns)


def test_a_lane_begins_with_nothing(shelf: Shelf) -> None:
    """A lane of which nothing is stored has neither failed nor been read, and is not stopped."""
    assert LaneState("shop", PRODUCT) == state(shelf)


def test_a_lane_keeps_its_state(shelf: Shelf) -> None:
    """Every moment, the failures and the error of a lane come back, and no other lane's change."""
    save_everything(shelf)
    save(shelf, entity=STOCK, swept_at=NOON)
    assert EVERYTHING == state(shelf)
    assert LaneState("shop", STOCK, swept_at=NOON) == state(shelf, entity=STOCK)
    assert LaneState("till", PRODUCT) == state(shelf, "till")


@pytest.mark.parametrize(
    "columns",
    [{"stopped": False}, {"error": None}, {"failures": 0, "paused_until": None}, {"observed_at": NOON}],
    ids=repr,
)
def test_only_what_is_named_changes(shelf: Shelf, columns: dict[str, object]) -> None:
    """Saving some columns of a lane leaves the others as they are."""
    save_everything(shelf)
    save(shelf, **columns)
    assert replace(EVERYTHING, **columns) == state(shelf)  # type: ignore[arg-type]


def test_approved_lanes_are_listed(shelf: Shelf) -> None:
    """Only lanes whose match was approved may create."""
    save(shelf, approved_at=NOON)
    save(shelf, "till", STOCK, approved_at=NOON)
    save(shelf, "till", PRODUCT, observed_at=NOON)
    with shelf.ledger.read() as session:
        assert frozenset({("shop", PRODUCT), ("till", STOCK)}) == lanes.approved(session)


def test_a_channel_that_lets_us_in_again(shelf: Shelf) -> None:
    """Resuming a channel lifts the failures of all its lanes, keeps what they have done, and touches no other."""
    save_everything(shelf)
    save(shelf, entity=STOCK, stopped=True)
    save_everything(shelf, "till")
    with shelf.ledger.write() as session:
        lanes.resume(session, "shop")
    assert replace(EVERYTHING, failures=0, error=None, paused_until=None, stopped=False) == state(shelf)
    assert LaneState("shop", STOCK) == state(shelf, entity=STOCK)
    assert replace(EVERYTHING, channel="till") == state(shelf, "till")


def test_a_pause_is_ended(shelf: Shelf) -> None:
    """Ending the pauses of a channel forgets nothing else, least of all that it was stopped."""
    save_everything(shelf)
    save_everything(shelf, "till")
    with shelf.ledger.write() as session:
        lanes.unpause(session, "shop")
    assert replace(EVERYTHING, paused_until=None) == state(shelf)
    assert EVERYTHING.paused_until == state(shelf, "till").paused_until


def test_refused_channels_tell_the_last_refusal(shelf: Shelf) -> None:
    """Of a channel whose lanes were refused, the latest moment counts; other errors are no refusal."""

    def error(kind: str, since: datetime) -> dict[str, str]:
        return {"kind": kind, "message": "", "since": since.isoformat()}

    save(shelf, error=error("AuthFailed", NOON))
    save(shelf, entity=STOCK, error=error("AuthFailed", NOON + HOUR))
    save(shelf, entity=Entity.PRICE, error=error("Transient", NOON + 2 * HOUR))
    save(shelf, "till", error=error("Transient", NOON))
    save(shelf, "erp", error=None)
    with shelf.ledger.read() as session:
        assert {"shop": NOON + HOUR} == lanes.refused_channels(session)


# --- requests ---------------------------------------------------------------------------------


def request(shelf: Shelf, command: str = "sync", **scope: object) -> int:
    with shelf.ledger.write() as session:
        return lanes.hand_over(session, command, scope)


def waiting(shelf: Shelf) -> list[int]:
    with shelf.ledger.read() as session:
        return [one.id for one in lanes.waiting(session)]


def settle(shelf: Shelf, id_: int, state: str, report: dict[str, object] | None = None) -> None:
    with shelf.ledger.write() as session:
        lanes.settle_request(session, id_, state, report)


def test_a_request_waits_with_its_scope(shelf: Shelf) -> None:
    """What another terminal asks for comes back as it was asked, the first request first."""
    ids = [request(shelf, keys=["a-1", "é"], full=True), request(shelf, "resync")]
    with shelf.ledger.read() as session:
        assert [
            Request(ids[0], "sync", {"keys": ["a-1", "é"], "full": True}, "waiting", None),
            Request(ids[1], "resync", {}, "waiting", None),
        ] == lanes.waiting(session)


@pytest.mark.parametrize("state", ["running", "done", "failed"])
def test_a_request_that_was_taken_waits_no_longer(shelf: Shelf, state: str) -> None:
    """A request is worked on once; who asked finds how it ended, and its report."""
    taken, other = request(shelf), request(shelf)
    settle(shelf, taken, state, {"written": 3, "share": Decimal("0.50")})
    assert [other] == waiting(shelf)
    with shelf.ledger.read() as session:
        found = lanes.find_request(session, taken)
    assert Request(taken, "sync", {}, state, {"written": 3, "share": Decimal("0.50")}) == found


def test_a_dead_daemons_requests_wait_again(shelf: Shelf) -> None:
    """What was running when the daemon died is taken up again in its place; what ended is not."""
    ran, done, never = request(shelf), request(shelf), request(shelf)
    settle(shelf, ran, "running")
    settle(shelf, done, "done")
    with shelf.ledger.write() as session:
        assert 1 == lanes.reclaim_requests(session)
        assert 0 == lanes.reclaim_requests(session)
    assert [ran, never] == waiting(shelf)


def test_a_report_is_kept_for_a_day(shelf: Shelf) -> None:
    """A later request takes the place of what ended more than a day before; what still waits is kept however old."""
    done, failed, waits = request(shelf), request(shelf), request(shelf)
    settle(shelf, done, "done")
    shelf.now += HOUR
    settle(shelf, failed, "failed")
    shelf.now += 23.5 * HOUR
    new = request(shelf)
    with shelf.ledger.read() as session:
        assert "failed" == lanes.find_request(session, failed).state
        with pytest.raises(NoResultFound):
            lanes.find_request(session, done)
    assert [waits, new] == waiting(shelf)


# --- history ----------------------------------------------------------------------------------


def note(shelf: Shelf, *events: Event) -> None:
    with shelf.ledger.write() as session:
        journal.note(session, events)


def event(name: str, record_id: int | None = 5, channel: str = "shop", **detail: object) -> Event:
    return Event(name, channel, PRODUCT, record_id, "name", detail)  # type: ignore[arg-type]


def names(entries: list[Entry]) -> list[str]:
    return [entry.event for entry in entries]


def of_record(shelf: Shelf, record_id: int = 5) -> list[Entry]:
    with shelf.ledger.read() as session:
        return list(journal.of_record(session, record_id))


def test_an_event_is_told_whole(shelf: Shelf) -> None:
    """A line of the history says when, in which run, where and what, with exact values."""
    note(shelf, event("agreed", value=Decimal("9.90"), former=None, flag=False, text=""))
    (entry,) = of_record(shelf)
    detail = {"value": Decimal("9.90"), "former": None, "flag": False, "text": ""}
    assert Entry(entry.id, NOON, "run 1", "shop", "product", "agreed", "name", detail, 5) == entry


def test_a_records_history_is_told_from_its_beginning(shelf: Shelf) -> None:
    """The oldest comes first, in the order in which it was written even where the clock was set back."""
    note(shelf, event("seen"), event("other", 6), event("agreed"))
    shelf.now -= HOUR
    note(shelf, event("receipt"))
    note(shelf)
    assert ["seen", "agreed", "receipt"] == names(of_record(shelf))


def test_the_history_outlives_its_record(shelf: Shelf) -> None:
    """An event may name a record that is not there, or none at all."""
    note(shelf, event("gone", 2**40), event("restored", None, channel=""))
    assert ["gone"] == names(of_record(shelf, 2**40))
    with shelf.ledger.read() as session:
        assert [(2**40, "shop"), (None, "")] == [(one.record_id, one.channel) for one in journal.since(session, 0)]


@pytest.mark.parametrize("limit", [1, 2, 3, 200])
def test_the_history_is_followed_in_portions(shelf: Shelf, limit: int) -> None:
    """Who follows what happens asks after the last line he has seen, and misses and repeats none."""
    expected = [f"event {n}" for n in range(7)]
    note(shelf, *(event(name, n) for n, name in enumerate(expected)))
    found: list[Entry] = []
    with shelf.ledger.read() as session:
        while portion := journal.since(session, found[-1].id if found else 0, limit):
            found.extend(portion)
            assert len(portion) <= limit
    assert expected == names(found)
