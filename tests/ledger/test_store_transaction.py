"""One transaction is one moment and one number, and is stored whole or not at all, over processes too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from connector.errors import LedgerError
from connector.ledger import counts, debts, facts, holds, journal, lanes, records
from connector.ledger.counts import StoredCount
from connector.ledger.debts import Intent
from connector.ledger.engine import Database
from connector.ledger.facts import StoredClaim, StoredHandOver
from connector.ledger.holds import Case, Parked, Stranger
from connector.ledger.store import Session
from connector.ledger.tables import metadata
from connector.model.binding import Agreed
from connector.model.entity import Entity
from connector.model.record import Event, Record
from tests.ledger.conftest import Worker
from tests.ledger.stored import BY_ERP, HOUR, NOON, Shelf, agreed, binding, sku

Start = Callable[..., Worker]
PRODUCT = Entity.PRODUCT


@pytest.fixture
def shelf(database: Database) -> Shelf:
    return Shelf(database)


def rows(shelf: Shelf) -> dict[str, int]:
    """Table → how many rows, of those that have any."""
    with shelf.ledger.read() as session:
        counted = {
            table.name: session.connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }
    return {name: number for name, number in counted.items() if number}


# --- whole or not at all ----------------------------------------------------------------------


def take_page(session: Session, record_id: int) -> None:
    """What a page brings: a merge, a new record, what waits, facts, the history, and the cursor."""
    known = records.load(session, [record_id])[record_id]
    merged = replace(known.record, agreed=agreed({"name": "Trui"}), keys=frozenset({sku("b-1")}))
    records.save_record(session, merged)
    records.save_binding(session, replace(known.bindings["shop"], shadow={"name": "Trui"}, dirty=True))
    new = records.save_record(session, replace(merged, id=0, key="b-1"))
    binding_id = records.save_binding(session, binding(new, "2"))
    debts.open_intents(session, [Intent("t-1", binding_id, new, "shop", PRODUCT, "", "update", {}, {}, NOON + HOUR)])
    holds.open_conflict(session, new, PRODUCT, "name", {})
    holds.confine(session, Case("shop", PRODUCT, "3", None, "", "", "in", "Rejected", "", ""))
    holds.keep_strangers(session, [Stranger("shop", PRODUCT, "4", {}, "", "scope")])
    holds.park(session, [Parked(holds.trip(session, "shop", PRODUCT, "in", "delete", {}), "5", None, {}, 1)])
    holds.weigh(session, "shop", PRODUCT, "in", "delete", [new])
    facts.replace_claims(session, "shop", [StoredClaim("shop", "100", "1", new, "", Decimal(1))])
    facts.add_hand_overs(session, [StoredHandOver("shop", "1", "100", new, "", Decimal(1), "order")])
    facts.add_orders(session, "shop", ["100"])
    counts.add_counts(session, [StoredCount("shop", "1", new, "", Decimal(1), NOON)], "waiting")
    lanes.save(session, "shop", PRODUCT, observed_at=session.now)
    lanes.hand_over(session, "sync", {})
    lanes.write_meta(session, "generation", "1")
    journal.note(session, [Event("agreed", "shop", PRODUCT, new)])
    lanes.advance(session, "shop", "product", "page 2")


def test_a_page_is_stored_whole(shelf: Shelf) -> None:
    """Merges, what waits, facts, history and cursor of a page are all there once its transaction has ended."""
    record_id = shelf.bound("1")
    before = rows(shelf)
    with shelf.ledger.write() as session:
        take_page(session, record_id)
    after = rows(shelf)
    changed = {name for name in after if after[name] != before.get(name)}
    untouched = {"budget", "lease", "counter"}
    assert {table.name for table in metadata.sorted_tables} - untouched == changed
    assert {"name": Agreed("Trui", BY_ERP)} == shelf.load(record_id).record.agreed


def fail_as_the_program(session: Session, record_id: int) -> None:
    raise RuntimeError("a bug")


def fail_as_a_person_who_interrupts(session: Session, record_id: int) -> None:
    raise KeyboardInterrupt


def fail_as_the_database(session: Session, record_id: int) -> None:
    records.save_binding(session, binding(record_id, "1"))


def take_failing_page(session: Session, record_id: int, fail: Callable[[Session, int], None]) -> None:
    take_page(session, record_id)
    fail(session, record_id)


@pytest.mark.parametrize(
    ("fail", "error"),
    [
        (fail_as_the_program, RuntimeError),
        (fail_as_a_person_who_interrupts, KeyboardInterrupt),
        (fail_as_the_database, LedgerError),
    ],
)
def test_a_page_that_fails_leaves_nothing(
    shelf: Shelf, fail: Callable[[Session, int], None], error: type[BaseException]
) -> None:
    """An error after the last statement of a page undoes all of it: record, rows, cursor, history and number."""
    record_id = shelf.bound("1", shadow={"name": "Jas"})
    before, known, number = rows(shelf), shelf.load(record_id), shelf.ledger.current_sequence()
    with pytest.raises(error), shelf.ledger.write() as session:
        take_failing_page(session, record_id, fail)
    assert before == rows(shelf)
    assert (known, number) == (shelf.load(record_id), shelf.ledger.current_sequence())


def test_a_page_that_failed_may_come_again(shelf: Shelf) -> None:
    """After an error the next transaction begins afresh, and takes the same page as if it had been the first."""
    record_id = shelf.bound("1")
    with pytest.raises(LedgerError), shelf.ledger.write() as session:
        take_failing_page(session, record_id, fail_as_the_database)
    with shelf.ledger.write() as session:
        take_page(session, record_id)
        assert "page 2" == lanes.read_cursor(session, "shop", "product")


def test_a_reader_sees_a_page_whole_or_not(shelf: Shelf) -> None:
    """What is being stored is seen by nobody else until all of it is."""
    record_id = shelf.bound("1")
    before = rows(shelf)
    with shelf.ledger.write() as session:
        take_page(session, record_id)
        assert before == rows(shelf)
    assert before != rows(shelf)


def test_a_view_does_not_store(shelf: Shelf) -> None:
    """A verb that changes something is refused in a view."""
    with pytest.raises(LedgerError, match="read-only"), shelf.ledger.read() as session:
        lanes.advance(session, "shop", "product", "page 2")
    assert {} == rows(shelf)


# --- one moment, one number -------------------------------------------------------------------


def test_the_first_number_is_one(shelf: Shelf) -> None:
    """A new ledger has given out no number yet; a read that begins then carries zero."""
    assert 0 == shelf.ledger.current_sequence()
    with shelf.ledger.write() as session:
        assert (0, 1) == (session.current_sequence(), session.sequence)


def test_a_transaction_has_one_number(shelf: Shelf) -> None:
    """However often it is asked for, a transaction's number stays, and it is what its records carry."""
    with shelf.ledger.write() as session:
        ids = [records.save_record(session, Record(0, PRODUCT, key, {})) for key in ("a-1", "a-2")]
        numbers = {session.sequence, session.sequence, session.current_sequence()}
    assert numbers == {shelf.load(id_).record.sequence for id_ in ids}


def test_numbers_rise(shelf: Shelf) -> None:
    """Each transaction that asks gets a higher number; one that does not ask takes none."""
    numbers = []
    for _ in range(3):
        with shelf.ledger.write() as session:
            numbers.append(session.sequence)
        with shelf.ledger.write() as session:
            lanes.advance(session, "shop", "product", "page")
    assert ([1, 2, 3], 3) == (numbers, shelf.ledger.current_sequence())


def test_a_transaction_has_one_moment(shelf: Shelf) -> None:
    """The clock is read once: all that a transaction stores carries the same time."""
    with shelf.ledger.write() as session:
        journal.note(session, [Event("seen", "shop", PRODUCT, 1)])
        shelf.now += HOUR
        journal.note(session, [Event("agreed", "shop", PRODUCT, 1)])
    with shelf.ledger.read() as session:
        assert [NOON, NOON] == [entry.at for entry in journal.of_record(session, 1)]


# --- several processes ------------------------------------------------------------------------

TIMES = 40


def merged_by_processes(start: Start, url: str, record_id: int) -> list[list[int]]:
    """The numbers of each process's merges, in its order."""
    workers = [start("merge", url, record_id, channel, TIMES).until_ready() for channel in ("erp", "shop")]
    for worker in workers:
        worker.go()
    return [[int(line) for line in worker.rest()] for worker in workers]


def test_merges_of_two_processes_are_all_kept(shelf: Shelf, ledger_url: str, start: Start) -> None:
    """Two processes that change one record at once, each another field and one together, lose no update."""
    record_id = shelf.add(agreed=agreed({"erp": 0, "shop": 0, "both": 0}))
    merged_by_processes(start, ledger_url, record_id)
    assert {"erp": TIMES, "shop": TIMES, "both": 2 * TIMES} == shelf.load(record_id).record.values()


def test_numbers_rise_over_processes(shelf: Shelf, ledger_url: str, start: Start) -> None:
    """No number is given out twice, each process's rise, and the history is written in their order."""
    record_id = shelf.add(agreed=agreed({"erp": 0, "shop": 0, "both": 0}))
    numbers = merged_by_processes(start, ledger_url, record_id)
    assert [sorted(each) for each in numbers] == numbers
    together = sorted(numbers[0] + numbers[1])
    assert list(range(2, 2 + 2 * TIMES)) == together
    with shelf.ledger.read() as session:
        told = [entry.detail["number"] for entry in journal.of_record(session, record_id)]
    assert together == told
    assert together[-1] == shelf.ledger.current_sequence() == shelf.load(record_id).record.sequence


def test_a_process_that_dies_within_a_merge_leaves_nothing(shelf: Shelf, ledger_url: str, start: Start) -> None:
    """Record, history, cursor and number are as before, and the next process is not kept waiting."""
    record_id = shelf.add(agreed=agreed({"erp": 0, "both": 0}))
    before, known = rows(shelf), shelf.load(record_id)
    start("merge_and_die", ledger_url, record_id, "erp").until_ready().kill()
    with shelf.ledger.write() as session:
        assert known.record.sequence + 1 == session.sequence
    assert (before, known) == (rows(shelf), shelf.load(record_id))
