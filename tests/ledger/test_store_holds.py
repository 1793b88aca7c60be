"""What waits is listed, counted and let go exactly: conflicts, quarantine, strangers and brakes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from connector.ledger import holds
from connector.ledger.engine import Database
from connector.ledger.holds import Case, Parked, Stranger
from connector.model.entity import Entity
from tests.ledger.stored import HOUR, MANY, NOON, Shelf, texts

PRODUCT, CUSTOMER = Entity.PRODUCT, Entity.CUSTOMER


@pytest.fixture
def shelf(database: Database) -> Shelf:
    return Shelf(database)


# --- conflicts --------------------------------------------------------------------------------


def open_conflict(shelf: Shelf, record_id: int, name: str = "name") -> int:
    with shelf.ledger.write() as session:
        return holds.open_conflict(session, record_id, PRODUCT, name, {"erp": "A", "shop": None})


def test_an_open_conflict_is_listed(shelf: Shelf) -> None:
    """A conflict shows its record's key, both sides, the moment it began, and revision one."""
    record_id = shelf.add(key="a-1")
    id_ = open_conflict(shelf, record_id)
    with shelf.ledger.read() as session:
        (listed,) = holds.conflicts(session)
    expected = holds.StoredConflict(
        id_, record_id, PRODUCT, "a-1", "name", 1, {"erp": "A", "shop": None}, "open", NOON
    )  # fmt: skip
    assert expected == listed


def test_a_later_edit_joins_the_conflict(shelf: Shelf) -> None:
    """Each edit that joins replaces the sides and moves the revision on, so that an old answer is recognised."""
    record_id = shelf.add()
    id_, other = open_conflict(shelf, record_id), open_conflict(shelf, record_id, "price")
    for pieces in (Decimal("1.50"), Decimal("2.50")):
        with shelf.ledger.write() as session:
            holds.join_conflict(session, id_, {"erp": pieces, "shop": "B"})
    with shelf.ledger.read() as session:
        found = [(one.id, one.revision, one.sides) for one in holds.conflicts(session)]
    expected = [(id_, 3, {"erp": Decimal("2.50"), "shop": "B"}), (other, 1, {"erp": "A", "shop": None})]
    assert expected == found


@pytest.mark.parametrize(("state", "answer"), [("answered", {"value": None}), ("agreed", None)])
def test_a_closed_conflict_is_found_by_its_id_only(shelf: Shelf, state: str, answer: dict[str, None] | None) -> None:
    """What was answered or agreed is off the list, and can still be looked up."""
    record_id = shelf.add()
    id_, open_ = open_conflict(shelf, record_id), open_conflict(shelf, record_id)
    with shelf.ledger.write() as session:
        holds.close_conflict(session, id_, state, answer)
    with shelf.ledger.read() as session:
        assert [open_] == [one.id for one in holds.conflicts(session)]
        assert [(id_, state)] == [(one.id, one.state) for one in holds.conflicts(session, id_)]
        assert [id_, open_] == [one.id for one in holds.conflicts(session, only_open=False)]


# --- quarantine -------------------------------------------------------------------------------

CASE = Case("shop", PRODUCT, "1", 5, "a-1", "name", "out", "Rejected", "too long", "shorten it", b"\x00\x01")


def confine(shelf: Shelf, *cases: Case) -> None:
    for case in cases:
        with shelf.ledger.write() as session:
            holds.confine(session, case)


def cases(shelf: Shelf) -> list[Case]:
    with shelf.ledger.read() as session:
        return holds.cases(session)


def test_a_case_is_listed_as_it_was_confined(shelf: Shelf) -> None:
    """A case keeps its cause, remedy and the fingerprint of what was refused, and since when."""
    confine(shelf, CASE)
    (listed,) = cases(shelf)
    assert replace(CASE, id=listed.id, since=NOON) == listed


@pytest.mark.parametrize("record_id", [5, None])
def test_a_case_that_comes_again_is_counted(shelf: Shelf, record_id: int | None) -> None:
    """The same case is one entry with its last cause and its first moment, also where no record is known."""
    case = replace(CASE, record_id=record_id)
    confine(shelf, case)
    shelf.now += HOUR
    confine(shelf, replace(case, cause="far too long", value=None), replace(case, cause="still too long"))
    assert [(3, "still too long", NOON)] == [(one.times, one.cause, one.since) for one in cases(shelf)]


@pytest.mark.parametrize(
    "other",
    [
        {"channel": "till"},
        {"entity": CUSTOMER},
        {"external_id": ""},
        {"record_id": None},
        {"record_id": 6},
        {"field": ""},
        {"direction": "in"},
    ],
    ids=repr,
)
def test_another_case_is_another_entry(shelf: Shelf, other: dict[str, object]) -> None:
    """Cases of another channel, thing, field or direction do not count as the same."""
    confine(shelf, CASE, replace(CASE, **other))  # type: ignore[arg-type]
    assert [1, 1] == [one.times for one in cases(shelf)]


def test_cases_are_listed_by_lane_or_id(shelf: Shelf) -> None:
    """The quarantine is shown whole, of one channel, of one lane, or a single case of it."""
    confine(shelf, CASE, replace(CASE, channel="till"), replace(CASE, entity=CUSTOMER))
    first, till, customer = cases(shelf)
    with shelf.ledger.read() as session:
        assert [first, customer] == holds.cases(session, "shop")
        assert [customer] == holds.cases(session, "shop", CUSTOMER)
        assert [first, till] == holds.cases(session, entity=PRODUCT)
        assert [till] == holds.cases(session, id_=till.id)


def test_what_is_cured_is_freed(shelf: Shelf) -> None:
    """Freeing takes every case of that thing in that direction, answers how many, and leaves the rest."""
    stays = [replace(CASE, direction="in"), replace(CASE, external_id="2"), replace(CASE, record_id=6)]
    confine(shelf, CASE, replace(CASE, field="price"), *stays)
    with shelf.ledger.write() as session:
        assert 2 == holds.free(session, "shop", PRODUCT, "out", external_id="1", record_id=5)
        assert 0 == holds.free(session, "shop", PRODUCT, "out", external_id="1", record_id=5)
    assert stays == [replace(one, id=0, since=None) for one in cases(shelf)]


def test_a_whole_lane_is_freed(shelf: Shelf) -> None:
    """Without an id, everything of the lane and direction is let go."""
    confine(shelf, CASE, replace(CASE, external_id="2"), replace(CASE, channel="till"))
    with shelf.ledger.write() as session:
        assert 2 == holds.free(session, "shop", PRODUCT, "out")
    assert ["till"] == [one.channel for one in cases(shelf)]


def test_a_field_is_freed_alone(shelf: Shelf) -> None:
    """The end of one field's hold frees that field's refusal, and neither the whole binding's nor what came in."""
    stays = [replace(CASE, field=""), replace(CASE, direction="in"), replace(CASE, record_id=6)]
    confine(shelf, CASE, *stays)
    with shelf.ledger.write() as session:
        holds.free_field(session, "shop", PRODUCT, 5, "name")
    assert stays == [replace(one, id=0, since=None) for one in cases(shelf)]


def test_a_person_frees_one_case(shelf: Shelf) -> None:
    """A single case is let go by its id."""
    confine(shelf, CASE, replace(CASE, external_id="2"))
    with shelf.ledger.write() as session:
        holds.free_case(session, holds.cases(session)[0].id)
    assert ["2"] == [one.external_id for one in cases(shelf)]


# --- strangers --------------------------------------------------------------------------------

STRANGER = Stranger(
    "shop", PRODUCT, "1", {"sku": "a-1", "price": Decimal("9.90"), "active": False}, "a-1", "ambiguous", [[5, "sku"]], 7
)


def keep(shelf: Shelf, *entries: Stranger) -> None:
    with shelf.ledger.write() as session:
        holds.keep_strangers(session, entries)


def strangers(shelf: Shelf, reason: str | None = None, limit: int | None = None, after: str = "") -> list[str]:
    with shelf.ledger.read() as session:
        return [one.external_id for one in holds.strangers(session, "shop", PRODUCT, reason, limit, after)]


def test_a_stranger_is_kept_as_read(shelf: Shelf) -> None:
    """The row of a stranger comes back with its exact values, its candidates and the number of its read."""
    keep(shelf, STRANGER)
    with shelf.ledger.read() as session:
        assert [replace(STRANGER, seen_at=NOON)] == holds.strangers(session, "shop", PRODUCT)


def test_a_stranger_seen_again_is_one(shelf: Shelf) -> None:
    """The last row of a stranger replaces the former, also where both come in one page."""
    keep(shelf, STRANGER)
    keep(shelf, replace(STRANGER, reason="unapproved"), replace(STRANGER, reason="scope"))
    assert (["1"], []) == (strangers(shelf, "scope"), strangers(shelf, "ambiguous"))


@pytest.mark.parametrize(
    ("story", "other", "is_new"),
    [
        ("nothing changed", {}, False),
        ("it was read again later", {"row": {**STRANGER.row, "began_at": "2026-06-25T13:00:00Z"}}, False),
        ("another value", {"row": {**STRANGER.row, "price": Decimal("9.91")}}, True),
        ("another key", {"key": "a-2"}, True),
        ("another reason", {"reason": "scope"}, True),
        ("another likeness", {"candidates": [[5, "sku"], [6, "barcode"]]}, True),
    ],
)
def test_a_stranger_that_waits_alike_is_not_written_again(
    shelf: Shelf, story: str, other: dict[str, object], is_new: bool
) -> None:
    """A sweep that meets the same stranger leaves it as it is; one that shows otherwise is stored anew."""
    keep(shelf, STRANGER)
    shelf.now += HOUR
    again = replace(STRANGER, sequence=9, **other)  # type: ignore[arg-type]
    keep(shelf, again)
    expected = replace(again, seen_at=shelf.now) if is_new else replace(STRANGER, seen_at=NOON)
    with shelf.ledger.read() as session:
        assert expected == holds.find_stranger(session, "shop", PRODUCT, "1")


def test_a_stranger_is_found_by_its_id(shelf: Shelf) -> None:
    """One row that waits is looked up in its lane; an id that nobody has finds nothing."""
    keep(shelf, STRANGER, replace(STRANGER, external_id="2"))
    with shelf.ledger.read() as session:
        assert replace(STRANGER, seen_at=NOON) == holds.find_stranger(session, "shop", PRODUCT, "1")
        assert None is holds.find_stranger(session, "shop", PRODUCT, "3")
        assert None is holds.find_stranger(session, "till", PRODUCT, "1")


def test_strangers_are_dropped_by_lane(shelf: Shelf) -> None:
    """Dropping ids of one lane leaves the same ids of others."""
    keep(shelf, STRANGER, replace(STRANGER, external_id="2"), replace(STRANGER, entity=CUSTOMER))
    with shelf.ledger.write() as session:
        holds.drop_strangers(session, "shop", PRODUCT, ["1", "9"])
        holds.drop_strangers(session, "shop", PRODUCT, [])
        assert ["1"] == [one.external_id for one in holds.strangers(session, "shop", CUSTOMER)]
    assert ["2"] == strangers(shelf)


def test_strangers_are_counted_by_reason(shelf: Shelf) -> None:
    """The report says how many wait for what, in one lane."""
    keep(
        shelf, STRANGER, replace(STRANGER, external_id="2"), replace(STRANGER, external_id="3", reason="scope"),
        replace(STRANGER, channel="till"),
    )  # fmt: skip
    with shelf.ledger.read() as session:
        assert {"ambiguous": 2, "scope": 1} == holds.count_strangers(session, "shop", PRODUCT)
        assert {} == holds.count_strangers(session, "erp", PRODUCT)


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_pages_of_strangers_leave_nobody_out(shelf: Shelf, size: int) -> None:
    """However a database sorts them, pages in which each begins after the last hold every stranger once."""
    ids = {"1", "10", "2", "A", "a", "B", "Ä", "a-1", "a 1", "a_1", "-", "é", "e\u0301", "身", "👟", "guid-{1}"}
    keep(shelf, *(replace(STRANGER, external_id=id_) for id_ in ids))
    found: list[str] = []
    while page := strangers(shelf, "ambiguous", size, found[-1] if found else ""):
        found.extend(page)
    assert (len(ids), ids) == (len(found), set(found))


def test_a_crowd_of_strangers_is_dropped(shelf: Shelf) -> None:
    """A thousand and one strangers are kept and dropped, more than one statement may name."""
    keep(shelf, *(replace(STRANGER, external_id=id_) for id_ in texts(range(MANY))))
    assert MANY == len(strangers(shelf))
    with shelf.ledger.write() as session:
        holds.drop_strangers(session, "shop", PRODUCT, (id_ for id_ in texts(range(1, MANY))))
    assert ["0"] == strangers(shelf)


# --- brakes -----------------------------------------------------------------------------------


def trip(shelf: Shelf, *parked: int, channel: str = "shop", direction: str = "in", kind: str = "delete") -> int:
    with shelf.ledger.write() as session:
        return holds.trip(session, channel, PRODUCT, direction, kind, {"parked": list(parked), "limit": Decimal("0.1")})


def test_a_tripped_brake_is_listed(shelf: Shelf) -> None:
    """A brake shows its lane, direction, kind, moment and plan."""
    id_ = trip(shelf, 1, 2)
    with shelf.ledger.read() as session:
        (listed,) = holds.brakes(session)
    plan = {"parked": [1, 2], "limit": Decimal("0.1")}
    assert holds.StoredBrake(id_, "shop", PRODUCT, "in", "delete", "tripped", NOON, plan) == listed


def test_a_second_trip_joins_the_first(shelf: Shelf) -> None:
    """What comes while a brake stands is parked behind it, each record once and in order."""
    id_ = trip(shelf, 2, 1)
    assert id_ == trip(shelf, 3, 2)
    with shelf.ledger.read() as session:
        assert [[2, 1, 3]] == [one.plan["parked"] for one in holds.brakes(session)]


@pytest.mark.parametrize("other", [{"channel": "till"}, {"direction": "out"}, {"kind": "zero"}], ids=repr)
def test_brakes_stand_apart(shelf: Shelf, other: dict[str, str]) -> None:
    """A brake of another channel, direction or kind is tripped by itself."""
    assert trip(shelf, 1) != trip(shelf, 1, **other)  # type: ignore[arg-type]


@pytest.mark.parametrize("state", ["released", "refused"])
def test_a_settled_brake_stands_no_longer(shelf: Shelf, state: str) -> None:
    """A brake that a person settled is off the list, and the next trip is a new one."""
    settled = trip(shelf, 1)
    with shelf.ledger.write() as session:
        holds.settle_brake(session, settled, state)
    again = trip(shelf, 2)
    with shelf.ledger.read() as session:
        assert [again] == [one.id for one in holds.brakes(session)]
        assert [state] == [one.state for one in holds.brakes(session, settled)]
        assert [settled, again] == [one.id for one in holds.brakes(session, only_tripped=False)]


def park(shelf: Shelf, *entries: Parked) -> None:
    with shelf.ledger.write() as session:
        holds.park(session, entries)


def test_parked_rows_come_back_as_read(shelf: Shelf) -> None:
    """What a brake holds back is kept with its exact values; seen again, its last row stands."""
    id_ = trip(shelf)
    rows = [Parked(id_, "1", 5, {"on_hand": Decimal("1.50")}, 2**40), Parked(id_, "2", None, {}, 8)]
    park(shelf, replace(rows[0], row={}), *rows)
    park(shelf, rows[1])
    with shelf.ledger.read() as session:
        assert rows == holds.parked_behind(session, id_)


def test_parked_ids_are_those_behind_standing_brakes(shelf: Shelf) -> None:
    """A lane's later rows join what is parked in its direction, until the brake is settled."""
    in_, out, till = trip(shelf), trip(shelf, direction="out"), trip(shelf, channel="till")
    park(
        shelf, *(Parked(id_, external_id, None, {}, 1) for id_ in (in_, out, till) for external_id in ("1", f"b{id_}"))
    )
    with shelf.ledger.write() as session:
        assert {"1": in_, f"b{in_}": in_} == holds.parked_ids(session, "shop", PRODUCT, "in")
        assert {} == holds.parked_ids(session, "shop", CUSTOMER, "in")
        holds.settle_brake(session, in_, "released")
        assert {} == holds.parked_ids(session, "shop", PRODUCT, "in")


def test_rows_are_unparked_one_by_one_or_all(shelf: Shelf) -> None:
    """A row that is seen anew leaves alone; a brake that is settled lets go of all of its own."""
    one, other = trip(shelf), trip(shelf, kind="zero")
    park(shelf, *(Parked(id_, external_id, None, {}, 1) for id_ in (one, other) for external_id in ("1", "2", "3")))
    with shelf.ledger.write() as session:
        holds.unpark_row(session, one, "2")
        assert ["1", "3"] == [row.external_id for row in holds.parked_behind(session, one)]
        holds.unpark(session, one)
        assert [] == holds.parked_behind(session, one)
        assert 3 == len(holds.parked_behind(session, other))


def weigh(shelf: Shelf, *record_ids: int, channel: str = "shop", direction: str = "in", kind: str = "delete") -> None:
    with shelf.ledger.write() as session:
        holds.weigh(session, channel, PRODUCT, direction, kind, record_ids)


def test_a_day_of_changes_is_weighed(shelf: Shelf) -> None:
    """The window rolls: what lies exactly at its beginning counts, what came a microsecond before does not."""
    weigh(shelf, 1)
    shelf.now += timedelta(microseconds=1)
    weigh(shelf, 2, 3)
    shelf.now += 23 * HOUR
    weigh(shelf, 3, 4)
    weigh(shelf, 5, kind="zero")
    with shelf.ledger.read() as session:
        since = NOON + timedelta(microseconds=1)
        assert {"delete": {2, 3, 4}, "zero": {5}} == holds.weight(session, "shop", PRODUCT, "in", since)
        assert {1, 2, 3, 4} == holds.weight(session, "shop", PRODUCT, "in", NOON)["delete"]


def test_what_left_the_window_is_forgotten(shelf: Shelf) -> None:
    """Counts older than the window go, in every direction of that lane; those at its beginning, and of others, stay."""
    weigh(shelf, 1)
    weigh(shelf, 2, direction="out")
    weigh(shelf, 3, channel="till")
    shelf.now += HOUR
    weigh(shelf, 4)
    with shelf.ledger.write() as session:
        holds.forget_weighed(session, "shop", PRODUCT, NOON + HOUR)
        assert {"delete": {4}} == holds.weight(session, "shop", PRODUCT, "in", NOON)
        assert {} == holds.weight(session, "shop", PRODUCT, "out", NOON)
        assert {"delete": {3}} == holds.weight(session, "till", PRODUCT, "in", NOON)


def test_each_way_is_weighed_by_itself(shelf: Shelf) -> None:
    """What was let through, went out, or came on another channel does not weigh on what comes in."""
    weigh(shelf, 1, direction=holds.LET_THROUGH)
    weigh(shelf, 2, direction="out")
    weigh(shelf, 3, channel="till")
    weigh(shelf)
    with shelf.ledger.read() as session:
        assert {} == holds.weight(session, "shop", PRODUCT, "in", NOON)
        assert {"delete": {1}} == holds.weight(session, "shop", PRODUCT, holds.LET_THROUGH, NOON)
