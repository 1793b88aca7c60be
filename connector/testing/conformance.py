"""The conformance suite: what every adapter has to show, whatever it speaks to.

An adapter's author writes a :class:`~connector.testing.remote.Remote` and a few lines::

    class TestMine(Conformance):
        @pytest.fixture(scope="class")
        @classmethod
        def remote(cls) -> Iterator[Remote]:
            with my_stand_in() as one:
                yield one

What the adapter's capabilities rule out is skipped, with the reason. Tests make their own records with
keys of their own, and leave them there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC
from decimal import Decimal
from itertools import count
from typing import Any, ClassVar, Final

import pytest

from connector.contract import Row, RowResult
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
from connector.model.entity import DEPENDENT, Canonical, Entity, Native
from connector.model.fields import ADDRESS_MEMBERS, NAME_MEMBERS
from connector.testing.remote import Fault, Remote
from connector.testing.subject import ON_HAND, Made, Subject, cursor_of, decimal, rows_of

#: What an address asks for behind its path: it may hold names, tokens, e-mail addresses.
_QUERY: Final = re.compile(r"\?\S*=")
_NUMBERS: Final = count(1)

independent = pytest.mark.parametrize("entity", [entity for entity in Entity if entity not in DEPENDENT])
every_entity = pytest.mark.parametrize("entity", list(Entity))


class Conformance:
    """The suite; ``remote`` is to be overridden, ``samples`` and ``change`` where a system takes other values.

    Attributes:
        twins: entities of which the system takes one key twice, so that a person has to see both.
        unshown: native names of the mapping that are written only, or that no record of this system holds.
        departures: tests that the adapter is known to fail, by their names, with the reason; shown as ``xfailed``.
    """

    twins: ClassVar[frozenset[Entity]] = frozenset()
    unshown: ClassVar[frozenset[str]] = frozenset()
    departures: ClassVar[Mapping[str, str]] = {}

    @pytest.fixture(autouse=True)
    def _departs(self, request: pytest.FixtureRequest) -> None:
        """A known departure must still be one: a test that passes again takes its line away."""
        if request.node.name in self.departures:
            reason = self.departures[request.node.name]
            request.applymarker(pytest.mark.xfail(reason=reason, raises=AssertionError, strict=True))

    @pytest.fixture(scope="class")
    @classmethod
    def remote(cls) -> Iterator[Remote]:
        """The system behind the adapter; one for the whole class, or one for each test."""
        raise NotImplementedError("a conformance suite needs a remote: override this fixture")

    def samples(self, number: int) -> dict[Entity, Canonical]:
        """Canonical values of new records; what the mapping has no place for is left out by it."""
        return {
            Entity.PRODUCT: {
                "sku": f"CONF-{number}",
                "name": f"Mok {number}",
                "description": "<p>Van steengoed</p>",
                "active": True,
                "sell_online": True,
                "sell_in_store": True,
                "vat_class": "standard",
                "tracks_stock": True,
            },
            Entity.CUSTOMER: {
                "kind": "person",
                "company": None,
                "email": f"jan.{number}@example.com",
                "name": dict.fromkeys(NAME_MEMBERS) | {"first": "Jan", "infix": "de", "last": "Vries"},
                "phone": "+31301234567",
                "invoice": dict.fromkeys(ADDRESS_MEMBERS)
                | {"street": "Kade", "number": "12", "postcode": "3511 AB", "city": "Utrecht", "country": "NL"},
            },
            Entity.PRICE: {"min_qty": 1, "starts": "", "ends": "", "amount": Decimal("12.50")},
            Entity.STOCK: {ON_HAND: Decimal(7)},
        }

    def change(self, entity: Entity) -> Canonical:
        """Another value of one field of a sample."""
        changes: dict[Entity, Canonical] = {
            Entity.PRODUCT: {"name": f"Mok, blauw, {next(_NUMBERS)}"},
            Entity.CUSTOMER: {"phone": "+31307654321"},
            Entity.PRICE: {"amount": Decimal("9.95")},
            Entity.STOCK: {ON_HAND: Decimal(11)},
        }
        return changes[entity]

    @pytest.fixture
    def subject(self, remote: Remote) -> Iterator[Subject]:
        """A channel, opened anew for each test on a system in which nothing goes wrong yet."""
        remote.purse.left = 1_000_000
        channel = remote.adapter.open(remote.opening)
        yield Subject(remote, channel)
        remote.heal()
        channel.close()

    def make(self, subject: Subject, entity: Entity) -> Made:
        return subject.make(entity, self.samples(next(_NUMBERS)))

    # --- reading

    @every_entity
    def test_a_listing_is_complete(self, subject: Subject, entity: Entity) -> None:
        """Pages end, each record comes once, the last page alone says so, and what was just made is among them."""
        made = self.make(subject, entity)
        pages = list(subject.channel.sweep(entity))
        ids = [row.external_id for row in rows_of(pages)]
        assert len(set(ids)) == len(ids)
        assert made.row.external_id in ids
        assert {UTC.utcoffset(None)} == {page.began_at.utcoffset() for page in pages}

    @every_entity
    def test_the_feed_from_the_beginning_lists_what_a_sweep_lists(self, subject: Subject, entity: Entity) -> None:
        """Both show the same living records with the same mapped values, so that no edit is seen where none is."""
        self.make(subject, entity)
        fed = {row.external_id: row for row in rows_of(subject.channel.changes(entity, None)) if not row.deleted}
        swept = {row.external_id: row for row in rows_of(subject.channel.sweep(entity))}
        assert _shown(subject, entity, swept) == _shown(subject, entity, fed)

    @every_entity
    def test_a_read_shows_what_a_listing_shows(self, subject: Subject, entity: Entity) -> None:
        """By id the same values come as in a listing, and ids that are not there are left out."""
        self.make(subject, entity)
        listed = {row.external_id: row for row in rows_of(subject.channel.sweep(entity))[-20:]}
        read = subject.channel.read(entity, [*listed, "no-such-id"])
        assert _shown(subject, entity, listed) == _shown(subject, entity, {row.external_id: row for row in read})

    @every_entity
    def test_the_cursor_resumes(self, subject: Subject, entity: Entity) -> None:
        """Behind a cursor comes what was edited since, with its new value, and nothing else beyond the overlap."""
        _need_feed(subject, entity)
        edited, quiet = self.make(subject, entity), self.make(subject, entity)
        cursor = subject.caught_up(entity)
        subject.lost_overlap(entity)
        subject.remote.edit(entity, edited.key)
        subject.remote.wait(subject.can(entity).read_lag_s + 1)
        rows = {row.external_id: row for row in rows_of(subject.channel.changes(entity, cursor))}
        assert subject.picked(edited.row, entity) != subject.picked(rows[edited.row.external_id], entity)
        assert quiet.row.external_id not in rows

    @every_entity
    def test_a_cursor_is_inclusive(self, subject: Subject, entity: Entity) -> None:
        """What is edited right behind a reading, in its very moment, is in the next one."""
        _need_feed(subject, entity)
        made = self.make(subject, entity)
        cursor = subject.caught_up(entity)
        subject.remote.edit(entity, made.key)
        subject.remote.wait(subject.can(entity).read_lag_s + 1)
        pages = list(subject.channel.changes(entity, cursor))
        assert made.row.external_id in {row.external_id for row in rows_of(pages)}

    @every_entity
    def test_a_quiet_feed_is_empty(self, subject: Subject, entity: Entity) -> None:
        """Beyond the overlap nothing is delivered twice."""
        _need_feed(subject, entity)
        self.make(subject, entity)
        cursor = subject.caught_up(entity)
        later = cursor_of(subject.channel.changes(entity, cursor))
        subject.lost_overlap(entity)
        assert rows_of(subject.channel.changes(entity, later)) == []

    @every_entity
    def test_what_is_read_twice_is_harmless(self, subject: Subject, entity: Entity) -> None:
        """To read on from one cursor twice, as after a crash, brings the same; what the overlap repeats is the same."""
        _need_feed(subject, entity)
        made = self.make(subject, entity)
        cursor = subject.caught_up(entity)
        subject.remote.edit(entity, made.key)
        subject.remote.wait(subject.can(entity).read_lag_s + 1)
        pages = list(subject.channel.changes(entity, cursor))
        shown, again, repeated = (
            _shown(subject, entity, {row.external_id: row for row in rows_of(read)})
            for read in (
                pages,
                subject.channel.changes(entity, cursor),
                subject.channel.changes(entity, cursor_of(pages)),
            )
        )
        assert made.row.external_id in shown
        assert shown == again
        assert {id_: shown[id_] for id_ in shown.keys() & repeated} == {
            id_: repeated[id_] for id_ in shown.keys() & repeated
        }

    @every_entity
    def test_late_commits_are_seen(self, subject: Subject, entity: Entity) -> None:
        """What began before a reading and is committed behind it comes with the next one, though its time is older."""
        _need_feed(subject, entity)
        if not subject.can(entity).overlap_s:
            pytest.skip(f"changes of {entity} are said to be numbered in the order in which they are seen")
        late, other = self.make(subject, entity), self.make(subject, entity)
        cursor = subject.caught_up(entity)
        transaction = subject.remote.late_edit(entity, late.key)
        if transaction is None:
            pytest.skip(f"a late commit of {entity} cannot be made to happen there")
        with transaction:
            subject.remote.wait(subject.can(entity).overlap_s / 4)
            subject.remote.edit(entity, other.key)
            subject.remote.wait(subject.can(entity).read_lag_s + 1)
            cursor = cursor_of(subject.channel.changes(entity, cursor))
        subject.remote.wait(subject.can(entity).read_lag_s + 1)
        rows = {row.external_id: row for row in rows_of(subject.channel.changes(entity, cursor))}
        assert late.row.external_id in rows
        assert subject.picked(late.row, entity) != subject.picked(rows[late.row.external_id], entity)

    @every_entity
    def test_a_key_finds_exactly(self, subject: Subject, entity: Entity) -> None:
        """A key finds the one record that holds it, and one that nobody holds answers an empty list."""
        made, other = self.make(subject, entity), self.make(subject, entity)
        assert [made.row.external_id] == [row.external_id for row in subject.found(entity, made.key, made.product)]
        assert [other.row.external_id] == [row.external_id for row in subject.found(entity, other.key, other.product)]
        if entity in DEPENDENT:
            assert list(subject.channel.find_of(entity, ["no-such-id"])["no-such-id"]) == []
        else:
            nobody = subject.key(entity, f"{made.key}9")
            assert list(subject.channel.find(entity, [nobody])[nobody]) == []

    @every_entity
    def test_many_are_looked_up_at_once(self, subject: Subject, entity: Entity) -> None:
        """One question about many answers each with its own rows, and those that are not there with none."""
        made, absent = [self.make(subject, entity) for _ in range(3)], [f"nobody-{number}" for number in range(12)]
        expected: dict[Any, list[str]]
        found: Mapping[Any, Sequence[Row]]
        if entity in DEPENDENT:
            products = {one.product.external_id: one.row for one in made if one.product is not None}
            expected = {**{one: [] for one in absent}, **{id_: [row.external_id] for id_, row in products.items()}}
            found = subject.channel.find_of(entity, [*absent, *products])
            kinds = {(row.part, row.place) for row in products.values()}
            found = {id_: [row for row in rows if (row.part, row.place) in kinds] for id_, rows in found.items()}
        else:
            keys = {subject.key(entity, one.key): one.row for one in made}
            nobody = [subject.key(entity, f"{one}@example.com") for one in absent]
            expected = {**{one: [] for one in nobody}, **{key: [row.external_id] for key, row in keys.items()}}
            found = subject.channel.find(entity, [*nobody, *keys])
        assert expected == {asked: [row.external_id for row in rows] for asked, rows in found.items()}

    @every_entity
    def test_rows_have_the_names_that_the_mapping_reads(self, subject: Subject, entity: Entity) -> None:
        """Each native name that the mapping reads is given by at least one record."""
        self.make(subject, entity)
        rows = rows_of(subject.channel.sweep(entity))
        wanted = {name for one in subject.lens(entity).fields.values() if one.reads != "never" for name in one.names}
        missing = {name for name in wanted if not any(_has(row.native, name) for row in rows)}
        assert set() == missing - self.unshown

    # --- writing

    @every_entity
    def test_what_is_written_is_read_back(self, subject: Subject, entity: Entity) -> None:
        """A new record shows, in a read of its own, just what its mapping says that the system can hold."""
        sample = self.samples(next(_NUMBERS))
        made = subject.make(entity, sample)
        kind = subject.kind(entity, sample[entity])
        through = subject.lens(entity).through(sample[entity], {}, subject.context, kind)
        shown = subject.values(made.row, entity)
        expected = {name: value for name, value in through.items() if name in shown}
        assert expected
        assert expected == {name: shown[name] for name in expected}

    @every_entity
    def test_an_update_changes_only_what_was_sent(self, subject: Subject, entity: Entity) -> None:
        """Beside the changed field every mapped value stays as it was."""
        made, change = self.make(subject, entity), self.change(entity)
        before = subject.values(made.row, entity)
        after = subject.save(entity, change, made.row, made.product)
        through = subject.lens(entity).through(change, subject.picked(made.row, entity), subject.context, made.row.part)
        assert before != before | through
        assert before | through == subject.values(after, entity)

    @every_entity
    def test_a_newer_edit_is_not_overwritten(self, subject: Subject, entity: Entity) -> None:
        """A write that would replace what somebody has just changed is Stale, and their edit stays."""
        if subject.can(entity).reread:
            pytest.skip(f"each write of {entity} follows a read that saw the edit")
        if entity is Entity.STOCK and subject.can(entity).relative:
            pytest.skip("differences are booked on what is there")
        made, change = self.make(subject, entity), self.change(entity)
        write = subject.update(entity, change, made.row, made.product)
        before = subject.values(made.row, entity)
        subject.remote.edit(entity, made.key)
        edited = subject.values(subject.again(entity, made.row.external_id), entity)
        theirs = {name: value for name, value in edited.items() if before[name] != value}
        outcome = _kind(subject.channel.write(entity, [write]), write.token)
        after = subject.values(subject.again(entity, made.row.external_id), entity)
        assert theirs
        assert theirs == {name: after[name] for name in theirs}
        assert outcome in ((Stale,) if theirs.keys() & change.keys() else (Stale, None))

    @independent
    def test_a_key_that_is_there_makes_no_second(self, subject: Subject, entity: Entity) -> None:
        """Another process finds what was just made; to make it again leaves one, or shows both to a person."""
        sample = self.samples(next(_NUMBERS))
        made = subject.make(entity, sample)
        other = Subject(subject.remote, subject.remote.adapter.open(subject.remote.opening))
        subject.remote.wait(subject.can(entity).read_lag_s)
        assert [made.row.external_id] == [row.external_id for row in other.found(entity, made.key)]
        other.channel.close()
        write = subject.create(entity, sample[entity])
        (result,) = subject.channel.write(entity, [write])
        subject.remote.wait(subject.can(entity).read_lag_s)
        ids = {made.row.external_id} | ({result.external_id} if entity in self.twins else set())
        assert sorted(ids) == sorted(row.external_id for row in subject.found(entity, made.key))
        if entity in self.twins:
            assert None is result.error
        elif result.error is None:
            assert made.row.external_id == result.external_id
        else:
            assert _kind([result], write.token) in (Rejected, Stale)

    @every_entity
    def test_our_own_write_is_seen(self, subject: Subject, entity: Entity) -> None:
        """A read by id right behind a write shows it, through another channel on the same system too."""
        made, change = self.make(subject, entity), self.change(entity)
        subject.sent(entity, subject.update(entity, change, made.row, made.product))
        other = Subject(subject.remote, subject.remote.adapter.open(subject.remote.opening))
        shown = other.values(other.again(entity, made.row.external_id), entity)
        other.channel.close()
        assert change == {name: shown[name] for name in change}

    @every_entity
    def test_a_partly_refused_batch_answers_per_row(self, subject: Subject, entity: Entity) -> None:
        """The refused row is told as such, by what it holds and without quoting it, and the others are written."""
        refused = subject.remote.refused(entity)
        if refused is None:
            pytest.skip(f"this system refuses nothing of {entity} for its content")
        made, changes = [self.make(subject, entity) for _ in range(3)], [self.change(entity) for _ in range(3)]
        writes = [
            subject.update(entity, change, one.row, one.product) for one, change in zip(made, changes, strict=True)
        ]
        writes[1] = replace(writes[1], fields={**writes[1].fields, **refused})
        results = subject.channel.write(entity, writes)
        assert [None, Rejected, None] == [_kind(results, write.token) for write in writes]
        _assert_clean(subject.remote, [one.error for one in results if one.error], made)
        shown = subject.values(subject.again(entity, made[2].row.external_id), entity)
        assert changes[2] == {name: shown[name] for name in changes[2]}

    @every_entity
    def test_a_write_to_something_gone_says_so(self, subject: Subject, entity: Entity) -> None:
        """What was deleted meanwhile is Gone, or Stale, for its own row: never an error of the call, never a create."""
        made = self.make(subject, entity)
        write = subject.update(entity, self.change(entity), made.row, made.product)
        _delete(subject, made)
        there = [row.external_id for row in subject.channel.read(entity, [made.row.external_id])]
        assert there == []
        if subject.can(entity).reread:
            pytest.skip(f"each write of {entity} follows a read, which left it out")
        assert _kind(subject.channel.write(entity, [write]), write.token) in (Gone, Stale)

    @every_entity
    @pytest.mark.parametrize("fault", ["unanswered", "lost"])
    def test_a_lost_answer_is_doubt(self, subject: Subject, entity: Entity, fault: Any) -> None:
        """A write without an answer is never called refused; afterwards it can be seen whether it happened, once."""
        sample, happened = self.samples(next(_NUMBERS)), fault == "unanswered"
        made, change = subject.make(entity, sample) if entity in DEPENDENT else None, self.change(entity)
        write = (
            subject.create(entity, sample[entity])
            if made is None
            else subject.update(entity, change, made.row, made.product)
        )
        write = replace(write, sent_at=subject.remote.opening.now())
        _strike(subject, fault, entity)
        outcome = _kind(
            subject.channel.write(entity, [replace(write, sent_at=None)]), write.token, missing=AmbiguousWrite
        )
        subject.remote.heal()
        assert outcome in ((AmbiguousWrite, None) if happened else (AmbiguousWrite, Transient))
        subject.remote.wait(subject.can(entity).lands_within_s + subject.can(entity).read_lag_s)
        evidence = subject.channel.landed(entity, write)
        assert evidence is None or happened == evidence.landed
        if made is None:
            rows = subject.found(entity, str(sample[entity]["email" if entity is Entity.CUSTOMER else "sku"]))
            assert int(happened) == len(rows)
        else:
            shown = subject.values(subject.again(entity, made.row.external_id), entity)
            assert happened == (change == {name: shown[name] for name in change})

    def test_a_product_is_made_with_its_price(self, subject: Subject) -> None:
        """A price that is sent along is there with its product, under the id of its own result."""
        if not subject.can(Entity.PRICE).along:
            pytest.skip("this system makes products without their price")
        samples = self.samples(next(_NUMBERS))
        price = subject.create(Entity.PRICE, samples[Entity.PRICE])
        assert price.part in subject.can(Entity.PRICE).along
        write = replace(subject.create(Entity.PRODUCT, samples[Entity.PRODUCT]), along=(price,))
        results = {one.token: one for one in subject.channel.write(Entity.PRODUCT, [write])}
        assert {write.token: None, price.token: None} == {token: one.error for token, one in results.items()}
        product = subject.again(Entity.PRODUCT, results[write.token].external_id)
        rows = [row for row in subject.found(Entity.PRICE, "", product) if row.part == price.part]
        assert [results[price.token].external_id] == [row.external_id for row in rows]
        assert samples[Entity.PRICE]["amount"] == subject.values(rows[0], Entity.PRICE)["amount"]

    # --- bad days

    @every_entity
    def test_a_rate_limit_says_until_when(self, subject: Subject, entity: Entity) -> None:
        """A refusal for the rate is handed on at once, with a moment to come, in UTC."""
        _strike(subject, "limited", entity)
        with pytest.raises(RateLimited) as caught:
            rows_of(subject.channel.sweep(entity))
        assert subject.remote.opening.now() < caught.value.until
        assert UTC.utcoffset(None) == caught.value.until.utcoffset()
        _assert_clean(subject.remote, [caught.value])

    @every_entity
    def test_an_answer_that_nobody_can_read_is_no_end(self, subject: Subject, entity: Entity) -> None:
        """A garbled listing is an error, not a short or empty one, and the error shows no secret and no query."""
        _assert_listing_raises(subject, entity, "garbled", (ContractBroken, Transient))

    @every_entity
    def test_refused_credentials_are_for_a_person(self, subject: Subject, entity: Entity) -> None:
        """A system that lets us in no more is AuthFailed, never an empty listing, and no secret is told."""
        _assert_listing_raises(subject, entity, "locked", AuthFailed)

    @every_entity
    def test_a_system_that_is_down_is_asked_again_later(self, subject: Subject, entity: Entity) -> None:
        """A listing of a system that cannot serve is Transient: nothing is concluded from it, nobody is called."""
        _assert_listing_raises(subject, entity, "down", Transient)

    @every_entity
    def test_every_call_is_announced(self, subject: Subject, entity: Entity) -> None:
        """The budget is told of as many calls as the system was asked, for reading, looking up and writing."""
        spent, calls = len(subject.remote.purse.spent), subject.remote.calls()
        made = self.make(subject, entity)
        rows_of(subject.channel.sweep(entity))
        rows_of(subject.channel.changes(entity, None))
        subject.found(entity, made.key, made.product)
        assert subject.remote.calls() - calls == len(subject.remote.purse.spent) - spent

    @every_entity
    def test_nothing_is_sent_without_budget(self, subject: Subject, entity: Entity) -> None:
        """An empty budget stops a listing and a write before anything reaches the system."""
        made = self.make(subject, entity)
        write = subject.update(entity, self.change(entity), made.row, made.product)
        calls, subject.remote.purse.left = subject.remote.calls(), 0
        with pytest.raises(RateLimited):
            rows_of(subject.channel.sweep(entity))
        try:
            results: Sequence[RowResult] = subject.channel.write(entity, [write])
        except RateLimited:
            results = [RowResult(write.token, error=RateLimited("", until=subject.remote.opening.now()))]
        assert RateLimited is _kind(results, write.token)
        assert calls == subject.remote.calls()

    # --- capabilities are what they say

    def test_capabilities_are_described_before_anything_is_opened(self, subject: Subject) -> None:
        """Each entity that the mapping has is described, and an open channel says the same: nobody asks it."""
        assert set(subject.remote.lenses) <= set(subject.channel.capabilities.entities)
        assert subject.remote.adapter.describe() == subject.channel.capabilities

    def test_differences_are_booked_on_what_is_there(self, subject: Subject) -> None:
        """Pieces that somebody moved since the figure was read stay moved."""
        if not subject.can(Entity.STOCK).relative:
            pytest.skip("this system takes stock as a figure, not as a difference")
        made = self.make(subject, Entity.STOCK)
        write = subject.update(Entity.STOCK, self.change(Entity.STOCK), made.row, made.product)
        subject.remote.edit(Entity.STOCK, made.key)
        between = decimal(subject.values(subject.again(Entity.STOCK, made.row.external_id), Entity.STOCK)[ON_HAND])
        result = subject.sent(Entity.STOCK, write)
        row = subject.again(Entity.STOCK, result.external_id or made.row.external_id)
        assert between + (write.difference or 0) == decimal(subject.values(row, Entity.STOCK)[ON_HAND])
        assert between != decimal(subject.values(made.row, Entity.STOCK)[ON_HAND])

    def test_deletions_can_be_noticed(self, subject: Subject) -> None:
        """By the feed or by a sweep; stock goes with its product."""
        unseen = [
            entity
            for entity in subject.remote.lenses
            if entity is not Entity.STOCK
            and not (subject.can(entity).deletions or subject.can(entity).sweep_concludes_gone)
        ]
        assert unseen == []

    @every_entity
    def test_deletions_are_reported_where_the_feed_is_said_to(self, subject: Subject, entity: Entity) -> None:
        """What was deleted comes through the feed as deleted, where the capabilities say so."""
        if not subject.can(entity).deletions:
            pytest.skip(f"the feed of {entity} reports no deletions: a sweep finds them")
        made = self.make(subject, entity)
        cursor = subject.caught_up(entity)
        _delete(subject, made)
        subject.lost_overlap(entity)
        rows = {row.external_id: row for row in rows_of(subject.channel.changes(entity, cursor))}
        assert rows[made.row.external_id].deleted

    @every_entity
    def test_what_is_deleted_is_in_no_listing(self, subject: Subject, entity: Entity) -> None:
        """A complete listing leaves out what was deleted."""
        if not subject.can(entity).sweep_concludes_gone:
            pytest.skip(f"a listing of {entity} concludes nothing from what it leaves out")
        made = self.make(subject, entity)
        _delete(subject, made)
        subject.remote.wait(subject.can(entity).read_lag_s)
        living = {row.external_id for row in rows_of(subject.channel.sweep(entity)) if not row.deleted}
        assert made.row.external_id not in living

    @every_entity
    def test_a_delete_is_done_or_refused(self, subject: Subject, entity: Entity) -> None:
        """What was deleted is gone, and what was not is there; without the capability it is refused."""
        made, able = self.make(subject, entity), subject.can(entity).delete
        write = replace(subject.touch(entity, made.row, "delete"), parent=_picked_product(subject, made))
        results = subject.channel.write(entity, [write])
        outcome = _kind(results, write.token)
        assert outcome in ((None, Rejected) if able else (Rejected,))
        there = [row.external_id for row in subject.channel.read(entity, [made.row.external_id])]
        assert ([] if outcome is None else [made.row.external_id]) == there

    def test_a_check_tells_no_secret(self, subject: Subject) -> None:
        """A check of a system in which nothing is wrong finds nothing that stops, and shows no secret."""
        findings = list(subject.channel.check())
        assert findings
        assert [one for one in findings if not (one.ok or one.warning)] == []
        told = " ".join(f"{one.what} {one.detail} {one.remedy}" for one in findings)
        assert [secret for secret in subject.remote.secrets if secret in told] == []

    def test_facts_are_read_before_stock(self, subject: Subject) -> None:
        """Facts come with the moment at which the reading began, and a cursor with which it goes on."""
        if not subject.channel.capabilities.facts:
            pytest.skip("this system delivers no facts for the stock formula")
        first = subject.channel.facts(None)
        again = subject.channel.facts(first.cursor)
        assert (first.claims is not None) == subject.channel.capabilities.claims
        assert first.began_at <= again.began_at
        assert {one.id for one in again.hand_overs} <= {one.id for one in first.hand_overs}


def _shown(subject: Subject, entity: Entity, rows: Mapping[str, Row]) -> dict[str, tuple[Native, str, str]]:
    """Id → mapped values, product and place."""
    return {id_: (subject.picked(row, entity), row.parent, row.place) for id_, row in rows.items()}


def _has(native: Mapping[str, Any], name: str) -> bool:
    """Whether a native record gives a dotted name; a name that itself holds dots counts too."""
    head, _, rest = name.partition(".")
    if name in native or not rest:
        return name in native
    return isinstance(native.get(head), Mapping) and _has(native[head], rest)


def _need_feed(subject: Subject, entity: Entity) -> None:
    if not subject.can(entity).feed:
        pytest.skip(f"this system has no feed of {entity}: it lists everything each time")


def _strike(subject: Subject, fault: Fault, entity: Entity) -> None:
    if subject.remote.fault(fault, entity) is False:
        pytest.skip(f"nothing of {entity} can be {fault} there")


def _delete(subject: Subject, made: Made) -> None:
    """Somebody deletes the record, or the product that it hangs on."""
    if not subject.remote.delete(made.entity, made.key):
        pytest.skip(f"nobody can delete such a {made.entity} there")


def _picked_product(subject: Subject, made: Made) -> Native:
    return subject.picked(made.product, Entity.PRODUCT)


def _kind(
    results: Sequence[RowResult], token: str, missing: type[ChannelError] | None = None
) -> type[BaseException] | None:
    """What became of one write, by the errors that the engine knows; None: confirmed."""
    found = [one for one in results if one.token == token]
    if not found and missing is not None:
        return missing
    (result,) = found
    if result.error is None:
        return None
    return next(kind for kind in type(result.error).__mro__ if kind.__module__ == "connector.errors")


def _assert_listing_raises(
    subject: Subject, entity: Entity, fault: Fault, expected: type[ChannelError] | tuple[type[ChannelError], ...]
) -> None:
    """With this fault a listing raises what is expected, and the error shows no secret and no query."""
    _strike(subject, fault, entity)
    with pytest.raises(expected) as caught:
        rows_of(subject.channel.sweep(entity))
    _assert_clean(subject.remote, [caught.value])


def _assert_clean(remote: Remote, errors: Sequence[BaseException], made: Sequence[Made] = ()) -> None:
    """Messages hold no secret, no query of an address, and no personal value."""
    names = ("fields", "remedy", "evidence")
    told = " ".join(f"{error} {[getattr(error, name, '') for name in names]}" for error in errors)
    personal = [one.key for one in made if one.entity is Entity.CUSTOMER]
    assert [text for text in (*remote.secrets, *personal) if text in told] == []
    assert _QUERY.search(told) is None
