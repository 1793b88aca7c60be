"""Records, keys and bindings come back as they were put in, and each look-up finds exactly its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.errors import LedgerError
from connector.ledger import holds, records
from connector.ledger.engine import Database
from connector.ledger.records import pack_agreed, unpack_agreed
from connector.ledger.store import Session
from connector.ledger.types import pack, unpack
from connector.model.binding import WHOLE_BINDING, Agreed, Held, Provenance
from connector.model.entity import Entity, Key, Value, code_key
from connector.model.record import Binding, OpenConflict, Record
from tests.ledger.stored import BY_ERP, HOUR, MANY, NOON, TODAY, Shelf, agreed, binding, sku, texts

PRODUCT = Entity.PRODUCT


@pytest.fixture
def shelf(database: Database) -> Shelf:
    return Shelf(database)


# --- records ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("story", "value"),
    [
        ("a text", "Blauwe trui"),
        ("an emptied text", ""),
        ("emptied on purpose", None),
        ("a flag that is set", True),
        ("a flag that is not", False),
        ("zero, which is no flag", 0),
        ("a price with its cents", Decimal("10.00")),
        ("more digits than a float has", Decimal("12345678901234.5678")),
        ("an integer beyond eight bytes", 2**70),
        ("letters of many scripts", "Größe ∅ 身長 👟"),
        ("a set", ["blue", "red"]),
        ("a group", {"extra": None, "number": Decimal("1.50"), "street": "Dam 1"}),
    ],
)
def test_an_agreed_value_comes_back(shelf: Shelf, story: str, value: Value) -> None:
    """Each kind of value is loaded as it was agreed, in kind and to the digit."""
    record_id = shelf.add(agreed=agreed({"field": value}))
    back = shelf.load(record_id).record.agreed["field"].value
    assert (repr(value), value) == (repr(back), back)


def test_each_field_keeps_its_own_provenance(shelf: Shelf) -> None:
    """Who brought a field, when and by which rule is stored with it, unknown times and the operator included."""
    fields = {
        "name": Agreed("Trui", BY_ERP),
        "vat_class": Agreed("high", BY_ERP),
        "active": Agreed(True, Provenance("shop", None, None, "owner", 2**40)),
        "description": Agreed(None, Provenance("operator", NOON, NOON, "manual", 9)),
    }
    assert fields == shelf.load(shelf.add(agreed=fields)).record.agreed


provenances = st.builds(
    Provenance,
    st.sampled_from(["erp", "shop", "operator"]),
    st.none() | st.integers(0, 10**6).map(lambda s: NOON + timedelta(seconds=s)),
    st.none() | st.integers(0, 10**6).map(lambda s: NOON - timedelta(seconds=s)),
    st.sampled_from(["", "owner", "latest"]),
    st.integers(0, 2**62),
)


@given(st.dictionaries(st.text(max_size=4), st.builds(Agreed, st.none() | st.text(max_size=4), provenances)))
def test_whatever_is_agreed_is_unpacked_as_it_was(fields: dict[str, Agreed]) -> None:
    """However many fields share a provenance, each gets its own one back."""
    assert fields == unpack_agreed(unpack(pack(pack_agreed(fields))))


def test_moments_of_a_provenance_are_kept_to_the_second(shelf: Shelf) -> None:
    """Finer differences are ties wherever edits are compared, so they are not stored."""
    fine = Provenance("erp", NOON + timedelta(microseconds=900_000), NOON)
    record_id = shelf.add(agreed={"name": Agreed("Trui", fine)})
    assert NOON == shelf.load(record_id).record.agreed["name"].by.at


def test_a_record_comes_back_whole(shelf: Shelf) -> None:
    """A dependent record is loaded with its product, place, life and keys, and the number of its last change."""
    parent = shelf.add()
    with shelf.ledger.write() as session:
        stored = Record(
            0, Entity.PRICE, "a-1 retail", agreed({"amount": Decimal("9.95")}), parent, "retail", "archived",
            session.sequence, frozenset({Key("row", "retail"), sku("a-1")}),
        )  # fmt: skip
        record_id = records.save_record(session, stored)
    assert replace(stored, id=record_id) == shelf.load(record_id).record


def test_saving_again_replaces_values_and_keys(shelf: Shelf) -> None:
    """A record that is saved with its id is changed in place: former keys are gone, the sequence moves on."""
    record_id = shelf.add(keys=frozenset({sku("a-1"), Key("barcode", "871")}))
    before = shelf.load(record_id).record
    with shelf.ledger.write() as session:
        again = replace(before, key="b-1", agreed=agreed({"name": "Trui"}), keys=frozenset({sku("b-1")}))
        assert record_id == records.save_record(session, again)
    after = shelf.load(record_id).record
    assert again == replace(after, sequence=before.sequence)
    assert before.sequence < after.sequence


def test_a_record_without_keys_or_bindings_is_loaded(shelf: Shelf) -> None:
    """Nothing beside a record is nothing, and no other record's."""
    other = shelf.bound("1")
    alone = shelf.add(key="")
    known = shelf.load(alone)
    assert ("", frozenset(), {}, {}) == (known.record.key, known.record.keys, known.bindings, known.conflicts)
    assert ["shop"] == list(shelf.load(other).bindings)


def test_an_id_that_is_not_there_is_left_out(shelf: Shelf) -> None:
    """Loading answers the records that exist."""
    record_id = shelf.add()
    with shelf.ledger.read() as session:
        assert [record_id] == list(records.load(session, [record_id, record_id + 1, 2**40]))


def test_only_open_conflicts_are_loaded(shelf: Shelf) -> None:
    """A conflict that was answered or agreed takes no part in later merges."""
    record_id = shelf.add()
    with shelf.ledger.write() as session:
        closed = holds.open_conflict(session, record_id, PRODUCT, "name", {"erp": "A", "shop": "B"})
        holds.close_conflict(session, closed, "agreed")
        open_ = holds.open_conflict(session, record_id, PRODUCT, "description", {"erp": None, "shop": Decimal("1.50")})
    sides = {"erp": None, "shop": Decimal("1.50")}
    assert {"description": OpenConflict(open_, "description", 1, sides)} == shelf.load(record_id).conflicts


# --- bindings ---------------------------------------------------------------------------------

EVERYTHING = Binding(
    record_id=0,
    channel="shop",
    entity=PRODUCT,
    external_id="00042",
    address="a-1/é",
    parts={"stock": "17"},
    part="special",
    state="gone",
    origin="created",
    shadow={"name": "Trui", "price.amount": Decimal("9.90"), "note": None, "active": False, "size": 2**70},
    fingerprint=b"\x00\xff'",
    handed=Decimal("-3.5000"),
    version="",
    modified_at=NOON + timedelta(microseconds=1),
    seen_at=NOON,
    fence=2**62,
    replaced={"at": "2026-06-25T12:00:00Z", "quantity": Decimal("1.50")},
    dirty=True,
    dirty_since=NOON - HOUR,
    reread=True,
    held={
        WHOLE_BINDING: Held("brake", "waits for brake 3"),
        "name": Held("drift", "", "Trui!", "Trui", NOON),
        "price": Held("quarantine", "too long", None, Decimal("9.90")),
    },
    confirmed={"name": [7, "2026-06-25T12:00:00Z"]},
    attempts=3,
    due_at=NOON + HOUR,
    changes_on="2026-07-01",
)


def test_a_binding_comes_back_whole(shelf: Shelf) -> None:
    """Every column of a binding is loaded as it was saved, its holds and exact numbers included."""
    record_id = shelf.add()
    stored = replace(EVERYTHING, record_id=record_id)
    with shelf.ledger.write() as session:
        stored = replace(stored, id=records.save_binding(session, stored))
    back = shelf.load(record_id).bindings["shop"]
    assert stored == back
    assert "-3.5000" == str(back.handed)


def test_an_empty_binding_comes_back_empty(shelf: Shelf) -> None:
    """What is unknown is loaded as unknown, not as an empty text or as zero."""
    record_id = shelf.add()
    stored = shelf.bind(record_id, None, state="owed")
    assert stored == shelf.load(record_id).bindings["shop"]


def test_an_empty_fingerprint_is_one(shelf: Shelf) -> None:
    """A fingerprint of no bytes is not the same as none yet."""
    record_id = shelf.bound("1", fingerprint=b"")
    assert b"" == shelf.load(record_id).bindings["shop"].fingerprint


def test_a_missing_shadow_is_not_an_empty_one(shelf: Shelf) -> None:
    """A native name that was never met stays apart from one that was seen empty."""
    record_id = shelf.bound("1", shadow={"name": None})
    assert {"name": None} == shelf.load(record_id).bindings["shop"].shadow


def test_saving_a_binding_again_changes_it(shelf: Shelf) -> None:
    """A hold that is lifted and a write that is paid leave nothing behind."""
    stored = shelf.bind(shelf.add(), "1", dirty=True, dirty_since=NOON, held={"name": Held("brake")})
    paid = replace(stored, dirty=False, dirty_since=None, held={}, due_at=None)
    with shelf.ledger.write() as session:
        assert stored.id == records.save_binding(session, paid)
    assert paid == shelf.load(stored.record_id).bindings["shop"]


def test_a_dropped_binding_is_gone(shelf: Shelf) -> None:
    """A create that is owed no longer is forgotten, on that channel alone."""
    record_id = shelf.add()
    dropped = shelf.bind(record_id, None, state="owed")
    kept = shelf.bind(record_id, "7", channel="till")
    with shelf.ledger.write() as session:
        records.delete_binding(session, dropped)
    assert {"till": kept} == shelf.load(record_id).bindings


@pytest.mark.parametrize(
    ("story", "channel", "external_id"),
    [("two records behind one id", "shop", "1"), ("a record bound twice to a channel", "shop", "2")],
)
def test_a_binding_is_one_to_one(shelf: Shelf, story: str, channel: str, external_id: str) -> None:
    """The database itself refuses a second binding of a record to a channel, or of an id to a record."""
    record_id = shelf.bound("1")
    other = record_id if external_id == "2" else shelf.add()
    with pytest.raises(LedgerError):
        shelf.bind(other, external_id, channel=channel)


def test_many_creates_may_be_owed_at_once(shelf: Shelf) -> None:
    """Bindings without an id do not count as the same id, on either database."""
    ids = [shelf.bound(None, state="owed") for _ in range(3)]
    with shelf.ledger.read() as session:
        assert ids == records.owed_creates(session, "shop", PRODUCT)


def test_owed_creates_are_those_of_the_lane(shelf: Shelf) -> None:
    """What is bound, or owed elsewhere, is not to be made here."""
    owed = shelf.bound(None, state="owed")
    shelf.bound(None, state="owed", channel="till")
    shelf.bound("1")
    with shelf.ledger.read() as session:
        assert [owed] == records.owed_creates(session, "shop", PRODUCT)


# --- look-ups by the channel's ids ------------------------------------------------------------


@pytest.mark.parametrize(
    ("story", "columns", "wanted"),
    [
        ("nothing happened", {}, False),
        ("an observation was dropped", {"reread": True}, True),
        ("it was buried", {"state": "gone"}, True),
        ("it was unlinked", {"state": "unlinked"}, True),
        ("its meaning changes tomorrow", {"changes_on": "2026-06-26"}, False),
        ("its meaning changes today", {"changes_on": "2026-06-25"}, True),
        ("its meaning changed last year", {"changes_on": "2025-12-31"}, True),
    ],
)
def test_a_fingerprint_says_whether_to_read_anew(
    shelf: Shelf, story: str, columns: dict[str, object], wanted: bool
) -> None:
    """An unchanged row is skipped by its fingerprint, save where a fresh read is wanted."""
    record_id = shelf.bound("1", fingerprint=b"f", **columns)
    with shelf.ledger.read() as session:
        assert {"1": (record_id, b"f", wanted)} == records.fingerprints(session, "shop", PRODUCT, ["1", "2"], TODAY)


@pytest.mark.parametrize(("channel", "entity"), [("till", PRODUCT), ("shop", Entity.CUSTOMER)])
def test_fingerprints_are_of_one_lane(shelf: Shelf, channel: str, entity: Entity) -> None:
    """The same id on another channel, or of another entity, is another thing."""
    shelf.bound("1", fingerprint=b"f")
    with shelf.ledger.read() as session:
        assert {} == records.fingerprints(session, channel, entity, ["1"], TODAY)


def by_reference(shelf: Shelf, *references: str, by_address: bool = True) -> dict[str, int]:
    with shelf.ledger.read() as session:
        return records.by_reference(session, "shop", PRODUCT, references, by_address=by_address)


def test_a_reference_is_an_id_or_an_address(shelf: Shelf) -> None:
    """Dependent rows name their product by its id or by its address; both lead to the record."""
    one, other = shelf.bound("1", address="a-1"), shelf.bound("2", address="a-2")
    assert {"1": one, "a-2": other} == by_reference(shelf, "1", "a-2", "a-3", "")
    assert {"1": one} == by_reference(shelf, "1", "a-2", by_address=False)


def test_an_id_goes_before_an_address(shelf: Shelf) -> None:
    """Where one thing's id is another's address, the id counts."""
    by_id = shelf.bound("100", address="a-1")
    shelf.bound("2", address="100")
    assert {"100": by_id} == by_reference(shelf, "100")


def test_a_shared_address_leads_nowhere(shelf: Shelf) -> None:
    """An address that two have is nobody's, until one of them is gone."""
    one, other = shelf.bind(shelf.add(), "1", address="a"), shelf.bind(shelf.add(), "2", address="a")
    assert {} == by_reference(shelf, "a")
    with shelf.ledger.write() as session:
        records.save_binding(session, replace(other, state="gone"))
    assert {"a": one.record_id} == by_reference(shelf, "a")


@pytest.mark.parametrize("state", ["gone", "unlinked", "owed"])
def test_only_what_is_bound_is_referred_to(shelf: Shelf, state: str) -> None:
    """A tombstone, and what is not made yet, are led to neither by id nor by address."""
    shelf.bound("1", address="a-1", state=state)
    assert {} == by_reference(shelf, "1", "a-1")


def test_an_empty_address_is_nobodys(shelf: Shelf) -> None:
    """Channels without addresses leave them empty; an empty reference finds none of them."""
    shelf.bound("1")
    assert {} == by_reference(shelf, "")


def test_the_buried_are_told_apart(shelf: Shelf) -> None:
    """Of the ids asked for, those known to be gone are answered."""
    gone = shelf.bound("1", state="gone")
    shelf.bound("2")
    shelf.bound("3", state="gone")
    with shelf.ledger.read() as session:
        assert {"1": gone} == records.buried(session, "shop", PRODUCT, ["1", "2"])


@pytest.mark.parametrize(("state", "left"), [("gone", None), ("unlinked", None), ("bound", "1")])
def test_a_tombstone_lets_go_of_an_id(shelf: Shelf, state: str, left: str | None) -> None:
    """An id that the channel gives out again is taken from what is buried, never from what is bound."""
    former, new = shelf.bound("1", state=state), shelf.add()
    with shelf.ledger.write() as session:
        records.release_ids(session, [binding(new, "1")])
    assert left == shelf.load(former).bindings["shop"].external_id


def test_a_thing_that_comes_back_keeps_its_id(shelf: Shelf) -> None:
    """What is buried does not let go of its id for itself."""
    record_id = shelf.bound("1", state="gone")
    with shelf.ledger.write() as session:
        records.release_ids(session, [binding(record_id, "1")])
    assert "1" == shelf.load(record_id).bindings["shop"].external_id


def test_bound_ids_are_what_a_sweep_should_find(shelf: Shelf) -> None:
    """Every live id of a lane is listed with its record and fence; tombstones and owed creates are not."""
    one, other = shelf.bound("1", fence=3), shelf.bound("2", fence=2**40)
    shelf.bound("3", state="gone")
    shelf.bound(None, state="owed")
    shelf.bound("1", channel="till")
    with shelf.ledger.read() as session:
        assert {"1": (one, 3), "2": (other, 2**40)} == records.bound_ids(session, "shop", PRODUCT)
        assert 2 == records.count_bound(session, "shop", PRODUCT)


# --- look-ups by keys -------------------------------------------------------------------------


def holders(shelf: Shelf, *keys: Key) -> dict[Key, list[int]]:
    with shelf.ledger.read() as session:
        return records.holders(session, PRODUCT, keys)


def test_a_key_leads_to_all_that_have_it(shelf: Shelf) -> None:
    """Two records with one key are both answered, the older first; a key that nobody has leads to nobody."""
    one, other = (shelf.add(keys=frozenset({sku("a-1")})) for _ in range(2))
    assert {sku("a-1"): [one, other], sku("a-2"): []} == holders(shelf, sku("a-1"), sku("a-2"))


def test_a_key_is_of_its_kind_and_entity(shelf: Shelf) -> None:
    """The same text as another kind of key, or of a customer, is another key."""
    shelf.add(keys=frozenset({Key("barcode", "1")}))
    shelf.add(Entity.CUSTOMER, keys=frozenset({sku("1")}))
    assert {sku("1"): []} == holders(shelf, sku("1"))


def test_a_deleted_record_keeps_its_key(shelf: Shelf) -> None:
    """What is gone is still found by its key, so that it can come back as itself."""
    record_id = shelf.add(life="gone", keys=frozenset({sku("a-1")}))
    assert {sku("a-1"): [record_id]} == holders(shelf, sku("a-1"))


@pytest.mark.parametrize(
    ("story", "stored", "asked"),
    [
        ("a letter and its accent apart", "cafe\u0301", "caf\u00e9"),
        ("capitals", "MAAT-É", "maat-é"),
        ("a sharp s", "STRASSE", "straße"),
        ("spaces around", "  a-1 ", "a-1"),
        ("a leading zero", "007", "007"),
        ("other scripts and signs", "身長-👟", "身長-👟"),
        ("quotes and wildcards", "it's 100%_", "it's 100%_"),
    ],
)
def test_spellings_of_one_code_meet(shelf: Shelf, story: str, stored: str, asked: str) -> None:
    """Codes that are the same in canonical form are the same key on both databases."""
    record_id = shelf.add(keys=frozenset({sku(code_key(stored))}))
    key = sku(code_key(asked))
    assert {key: [record_id]} == holders(shelf, key)


@pytest.mark.parametrize(
    ("story", "stored", "asked"),
    [
        ("another case", "A-1", "a-1"),
        ("a missing accent", "café", "cafe"),
        ("another normal form", "cafe\u0301", "caf\u00e9"),
        ("a space at the end", "a-1", "a-1 "),
        ("a leading zero", "007", "7"),
        ("an empty text", "a-1", ""),
        ("a wildcard", "a-1", "a%"),
    ],
)
def test_the_database_does_not_fold(shelf: Shelf, story: str, stored: str, asked: str) -> None:
    """Texts are the same key only where they are equal, character for character, whatever the collation."""
    shelf.add(key=stored, keys=frozenset({sku(stored)}))
    assert {sku(asked): []} == holders(shelf, sku(asked))
    with shelf.ledger.read() as session:
        assert [] == records.record_ids(session, PRODUCT, asked)


def test_any_key_will_do(shelf: Shelf) -> None:
    """A person may name a record by its code or its barcode; each record is answered once."""
    one = shelf.add(keys=frozenset({sku("871"), Key("barcode", "871")}))
    other = shelf.add(keys=frozenset({Key("barcode", "871")}))
    with shelf.ledger.read() as session:
        assert [one, other] == records.by_any_key(session, PRODUCT, "871")
        assert [] == records.by_any_key(session, Entity.CUSTOMER, "871")


@pytest.mark.parametrize(("named", "expected"), [(["a-1"], True), (["x", "a-1"], True), (["b-1"], False), ([], False)])
def test_a_dependent_is_named_by_its_product(shelf: Shelf, named: list[str], expected: bool) -> None:
    """A scope of keys holds a product, and the prices and stock that hang on it."""
    product = shelf.add(key="a-1")
    price = shelf.add(Entity.PRICE, "b-1", parent_id=product)
    with shelf.ledger.read() as session:
        assert [expected] * 2 == [records.has_key(session, id_, named) for id_ in (product, price)]


def test_dependents_hang_on_their_product(shelf: Shelf) -> None:
    """The price records of each product are answered in order; its stock, and other products', are not among them."""
    one, other, bare = shelf.add(), shelf.add(), shelf.add()
    prices = [shelf.add(Entity.PRICE, place=place, parent_id=one) for place in ("retail", "trade")]
    shelf.add(Entity.STOCK, parent_id=one)
    more = shelf.add(Entity.PRICE, parent_id=other)
    with shelf.ledger.read() as session:
        assert {one: prices, other: [more]} == records.dependents(session, Entity.PRICE, [one, other, bare, one])


def test_records_are_paged_by_id(shelf: Shelf) -> None:
    """Pages of an entity's records follow on each other without gaps; a key picks its own."""
    ids = [shelf.add(key=f"a-{n % 2}") for n in range(5)]
    shelf.add(Entity.CUSTOMER)
    with shelf.ledger.read() as session:
        assert ids[:2] == records.record_ids(session, PRODUCT, limit=2)
        assert ids[2:4] == records.record_ids(session, PRODUCT, after=ids[1], limit=2)
        assert ids[1::2] == records.record_ids(session, PRODUCT, "a-1")


# --- what is owed -----------------------------------------------------------------------------


def owe(shelf: Shelf, external_id: str, *, hours: int = 0, **columns: object) -> int:
    """A product whose write has been owed since so many hours before noon."""
    return shelf.bound(external_id, **{"dirty": True, "dirty_since": NOON - hours * HOUR} | columns)


def dirty(shelf: Shelf, limit: int = 10) -> list[int]:
    with shelf.ledger.read() as session:
        return records.dirty(session, "shop", PRODUCT, limit)


def test_the_longest_owed_goes_first(shelf: Shelf) -> None:
    """Writes are made in the order in which they came to be owed, as many as are asked for."""
    last, first, second = owe(shelf, "1", hours=1), owe(shelf, "2", hours=3), owe(shelf, "3", hours=2)
    assert [first, second, last] == dirty(shelf)
    assert [first, second] == dirty(shelf, 2)


def test_writes_owed_since_one_moment_keep_their_order(shelf: Shelf) -> None:
    """Of those that came with one page, the binding that was made first goes first."""
    ids = [owe(shelf, str(n)) for n in range(20)]
    assert ids == dirty(shelf, 30)


def test_a_write_owed_since_nobody_knows_when_goes_first(shelf: Shelf) -> None:
    """An unknown moment sorts before all others on both databases, so that it cannot wait for ever."""
    known = owe(shelf, "1", hours=9)
    unknown = owe(shelf, "2", dirty_since=None)
    assert [unknown, known] == dirty(shelf)


@pytest.mark.parametrize(
    ("story", "columns", "is_due"),
    [
        ("at once", {"due_at": None}, True),
        ("now", {"due_at": NOON}, True),
        ("long ago", {"due_at": NOON - HOUR}, True),
        ("a microsecond from now", {"due_at": NOON + timedelta(microseconds=1)}, False),
        ("nothing is owed", {"dirty": False, "dirty_since": None}, False),
        ("owed elsewhere", {"channel": "till"}, False),
    ],
)
def test_a_write_waits_for_its_moment(shelf: Shelf, story: str, columns: dict[str, object], is_due: bool) -> None:
    """What is due now is answered; what is due later, paid, or another lane's is not."""
    record_id = owe(shelf, "1", **columns)
    assert ([record_id] if is_due else []) == dirty(shelf)


def test_what_is_owed_later_is_owed_all_the_same(shelf: Shelf) -> None:
    """The whole debt of a lane counts writes that are not due yet, and tells since when the oldest is owed."""
    ids = [owe(shelf, "1", hours=1, due_at=NOON + HOUR), owe(shelf, "2", hours=5)]
    owe(shelf, "3", channel="till", hours=9)
    with shelf.ledger.read() as session:
        assert ids == records.owing(session, "shop", PRODUCT)
        assert (2, NOON - 5 * HOUR) == records.owed_count(session, "shop", PRODUCT)
        assert (0, None) == records.owed_count(session, "shop", Entity.CUSTOMER)


@pytest.mark.parametrize(
    ("story", "columns", "expected"),
    [
        ("nothing happened", {}, []),
        ("an observation was dropped", {"reread": True}, ["1"]),
        ("today changes its meaning", {"changes_on": "2026-06-25"}, ["1"]),
        ("tomorrow does", {"changes_on": "2026-06-26"}, []),
        ("both", {"reread": True, "changes_on": "2026-06-26"}, ["1"]),
        ("it is gone", {"reread": True, "state": "gone"}, []),
        ("of another channel", {"reread": True, "channel": "till"}, []),
    ],
)
def test_what_is_read_again(shelf: Shelf, story: str, columns: dict[str, object], expected: list[str]) -> None:
    """Dropped observations, and bindings whose mapping reads otherwise by today, are read once more."""
    shelf.bound("1", **columns)
    with shelf.ledger.read() as session:
        assert expected == records.to_reread(session, "shop", PRODUCT, TODAY, 10)


def test_no_more_is_read_again_than_asked_for(shelf: Shelf) -> None:
    """A crowd of dropped observations comes in portions; an owed create has no id to be read by."""
    shelf.bound(None, reread=True)
    for n in range(3):
        shelf.bound(str(n), reread=True)
    with shelf.ledger.read() as session:
        assert 2 == len(records.to_reread(session, "shop", PRODUCT, TODAY, 2))
        assert texts(range(3)) == sorted(records.to_reread(session, "shop", PRODUCT, TODAY, 9))


def test_a_turn_comes_with_its_day(shelf: Shelf) -> None:
    """What is not there yet is looked at again on the day from which it may be."""
    due = shelf.bound(None, state="owed", changes_on="2026-06-25")
    shelf.bound(None, state="owed", changes_on="2026-06-26")
    shelf.bound(None, state="owed")
    shelf.bound("1", changes_on="2026-06-25")
    with shelf.ledger.read() as session:
        assert [due] == records.due_unbound(session, "shop", PRODUCT, TODAY)


def test_held_reasons_count_bindings(shelf: Shelf) -> None:
    """A binding with several holds of one kind counts once for it, and once for each other kind."""
    shelf.bound("1", held={"name": Held("drift"), "price": Held("drift"), "note": Held("conflict")})
    shelf.bound("2", held={WHOLE_BINDING: Held("drift")})
    shelf.bound("3")
    shelf.bound("4", channel="till", held={"name": Held("brake")})
    with shelf.ledger.read() as session:
        assert Counter(drift=2, conflict=1) == records.held_reasons(session, "shop", PRODUCT)


# --- more than one statement holds ------------------------------------------------------------

Look = Callable[[Session, list[int]], object]


@pytest.mark.parametrize(
    "look",
    [
        lambda session, ids: records.load(session, ids),
        lambda session, ids: records.fingerprints(session, "shop", PRODUCT, texts(range(MANY)), TODAY),
        lambda session, ids: records.by_reference(session, "shop", PRODUCT, texts(range(MANY))),
        lambda session, ids: records.by_reference(session, "shop", PRODUCT, [f"at-{n}" for n in range(MANY)]),
        lambda session, ids: {key: held for key, held in _all_holders(session).items() if held},
        lambda session, ids: records.bound_ids(session, "shop", PRODUCT),
        lambda session, ids: records.record_ids(session, PRODUCT, limit=2 * MANY),
    ],
    ids=["load", "fingerprints", "ids", "addresses", "holders", "bound", "records"],
)
def test_a_long_list_is_asked_for_in_parts(shelf: Shelf, look: Look) -> None:
    """A thousand and one ids, more than a statement may have on SQLite, are all answered."""
    ids = shelf.add_many()
    with shelf.ledger.read() as session:
        found = look(session, ids)
    assert MANY == len(found)  # type: ignore[arg-type]


def _all_holders(session: Session) -> dict[Key, list[int]]:
    return records.holders(session, PRODUCT, [sku(f"a-{n}") for n in range(MANY)])


def test_a_long_list_of_tombstones_and_dependents(shelf: Shelf) -> None:
    """The buried, and what hangs on products, are answered for a thousand and one as well."""
    with shelf.ledger.write() as session:
        parents = [records.save_record(session, Record(0, PRODUCT, "a", {})) for _ in range(MANY)]
        for n, parent in enumerate(parents):
            records.save_record(session, Record(0, Entity.STOCK, "a", {}, parent))
            records.save_binding(session, binding(parent, str(n), state="gone"))
    with shelf.ledger.read() as session:
        assert parents == list(records.dependents(session, Entity.STOCK, parents))
        assert MANY == len(records.buried(session, "shop", PRODUCT, texts(range(MANY))))


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sets(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=6), max_size=6))
def test_each_key_leads_to_its_own_record(shelf: Shelf, written: set[str]) -> None:
    """Whatever texts are keys, each finds the records that hold exactly it, and no other."""
    made = {
        key: [shelf.add(Entity.CUSTOMER, key=text, keys=frozenset({key}))] for text in written if (key := sku(text))
    }
    with shelf.ledger.write() as session:
        found = records.holders(session, Entity.CUSTOMER, made)
        for (id_,) in made.values():  # the next example begins without them
            records.save_record(session, Record(id_, Entity.CUSTOMER, "", {}))
    assert made == found
