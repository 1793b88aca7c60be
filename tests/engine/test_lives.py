"""First contact, creation, deletion and revival, told as stories over whole rounds (sync-model 2.5, 5.5, 5.8)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.memory import Thing
from connector.contract import Evidence, Page, RowResult, Write
from connector.errors import AmbiguousWrite, Gone, Rejected, Transient
from connector.ledger import records
from connector.model.entity import Entity
from connector.observe.feed import observe
from connector.observe.first_contact import approve, link
from connector.parts import Scope
from simulator.chain import CONFIG, EVERYWHERE, MAPPING, PLACES, SHORT
from simulator.crash import while_on_the_way
from tests.engine.shop import Chain, chain, linked_chain

#: Longer than a call without an answer may take to land.
LANDED_S = 200


def living(shop: Chain, sku: str) -> dict[str, int]:
    """Channel → how many products with this SKU live there."""
    return {
        channel: sum(t.native["sku"] == sku and not t.deleted for t in world.things[Entity.PRODUCT].values())
        for channel, world in shop.worlds.items()
    }


def deletes(how: str, entity: str = "product") -> str:
    """The configuration with another answer to deletions."""
    return CONFIG.replace(f"[sync.{entity}]\n", f'[sync.{entity}]\ndeletes = "{how}"\n')


# -- first contact --------------------------------------------------------------------------------------


def test_twins_are_shown_and_not_matched(empty: Chain) -> None:
    """Two articles of one channel under one SKU: neither is linked: known failure 12."""
    empty.add_product("A-1", on=("erp",))
    for _ in range(2):
        empty.worlds["shop"].put(Entity.PRODUCT, {"sku": "a-1 ", "name": "Mug", "active": True, "vat": "standard"})
    empty.match()
    empty.sync()
    assert "erp" in empty.known(Entity.PRODUCT, "A-1").bindings
    assert 2 == len(empty.worlds["shop"].things[Entity.PRODUCT])
    with empty.parts.ledger.read() as session:
        assert 0 == records.count_bound(session, "shop", Entity.PRODUCT)


def test_a_barcode_only_proposes(tmp_path: Path) -> None:
    """The same barcode under another SKU is a doubt for a person, who can link it by hand."""
    with_barcode = MAPPING.replace('vat_class = { remote = "vat" }', 'barcode = { remote = "barcode" }')
    with chain(tmp_path, mapping=with_barcode, short=SHORT) as shop:
        shop.add_product("A-1", on=("erp",), barcode="9520000001018")
        shop.add_product("a1", on=("shop",), barcode="9520000001018")
        shop.match()
        assert "same barcode" in shop.strangers("shop")["a1"]
        lane = shop.parts.lane("shop", Entity.PRODUCT)
        link(shop.parts, lane, shop.id_of("shop", "a1"), shop.known(Entity.PRODUCT, "A-1").record.id)
        shop.sync()
        assert {"erp": 1, "shop": 0, "till": 1} == living(shop, "A-1")
        assert {} == shop.strangers("shop")


def test_new_sides_that_differ_follow_the_owner(empty: Chain) -> None:
    """At first contact the owner's value is taken, a value that one side alone has is kept, and the loser is told."""
    empty.add_product("A-1", on=("shop",), name="Shop's", description="Only here")
    empty.add_product("A-1", on=("erp", "till"), name="ERP's")
    empty.match()
    empty.sync()
    assert dict.fromkeys(EVERYWHERE, "ERP's") == empty.shows(Entity.PRODUCT, "A-1", "name")
    assert dict.fromkeys(EVERYWHERE, "Only here") == empty.shows(Entity.PRODUCT, "A-1", "description")
    assert ("adopted", "shop", "name") in empty.events()


def test_new_sides_that_differ_follow_the_owner_of_the_field(empty: Chain) -> None:
    """Texts are the shop's, though the ERP owns products and was read first."""
    empty.add_product("A-1", on=("erp",), description="The ERP's")
    empty.add_product("A-1", on=("shop", "till"), description="The shop's")
    empty.match()
    empty.sync()
    assert dict.fromkeys(EVERYWHERE, "The shop's") == empty.shows(Entity.PRODUCT, "A-1", "description")


def test_a_newcomer_to_a_running_setup_follows_what_is_agreed(shop: Chain) -> None:
    """What a channel that comes later shows does not overwrite the others, be it the owner's."""
    shop.add_product("B-2", on=("shop",), name="Agreed")
    shop.sync()
    shop.worlds["erp"].remove(Entity.PRODUCT, shop.id_of("erp", "B-2"))
    shop.sync()
    assert "Agreed" == shop.product("shop", "B-2")["name"]


def test_a_stranger_that_goes_before_it_is_matched_is_forgotten(empty: Chain) -> None:
    """Approval links nothing that was deleted meanwhile."""
    empty.add_product("A-1", on=("erp",))
    empty.add_product("B-2", on=("shop",))
    empty.sync()
    empty.worlds["shop"].remove(Entity.PRODUCT, empty.id_of("shop", "B-2"))
    empty.match()
    empty.sync()
    assert {"erp": 0, "shop": 0, "till": 0} == living(empty, "B-2")


# -- creation --------------------------------------------------------------------------------------------


def test_a_stranger_found_before_a_create_is_matched(shop: Chain) -> None:
    """A person made the same article there since we looked: it is the thing, and no second one is made."""
    by_hand = {"sku": "B-2", "name": "By hand", "active": True}
    while_on_the_way(shop, "shop", Entity.PRODUCT, lambda: shop.worlds["shop"].put(Entity.PRODUCT, by_hand))
    shop.add_product("B-2", on=("erp",))
    shop.sync()
    assert {"erp": 1, "shop": 1, "till": 1} == living(shop, "B-2")
    assert "Mug B-2" == shop.product("shop", "B-2")["name"]


@pytest.mark.parametrize("when", ["lost", "after"])
def test_a_create_without_an_answer_is_never_repeated_blind(shop: Chain, when: str) -> None:
    """Whether it landed or not, one article stands there in the end: known failure 5."""
    shop.add_product("B-2", on=("erp",))
    shop.worlds["shop"].faults.append((when, AmbiguousWrite("no answer")))
    shop.sync()
    assert {"erp": 1, "shop": int(when == "after"), "till": 1} == living(shop, "B-2")
    shop.sync()
    assert int(when == "after") == living(shop, "B-2")["shop"], "it may still land: nothing is repeated yet"
    shop.clock.pass_(seconds=LANDED_S)
    shop.sync()
    shop.sync()
    assert {"erp": 1, "shop": 1, "till": 1} == living(shop, "B-2")
    assert 0 == shop.sync().written


def test_a_create_in_doubt_is_not_taken_for_a_strangers(shop: Chain) -> None:
    """Ours was lost and somebody made another: that one is met for the first time, not taken for our write."""
    shop.add_product("B-2", on=("erp",), name="Ours")
    shop.worlds["shop"].faults.append(("lost", AmbiguousWrite("no answer")))
    shop.sync()
    theirs = {"sku": "B-2", "name": "Theirs", "description": "Their text", "active": False}
    shop.worlds["shop"].put(Entity.PRODUCT, theirs)
    shop.clock.pass_(seconds=LANDED_S)
    shop.sync()
    shop.sync()
    assert {"erp": 1, "shop": 1, "till": 1} == living(shop, "B-2")
    assert ("Ours", "Their text") == tuple(shop.product("erp", "B-2")[name] for name in ("name", "description"))


def test_evidence_that_names_the_record_holds_after_a_new_key(shop: Chain) -> None:
    """Ours arrived unanswered and was given another SKU there since: it is bound, and no second one made (row 5)."""
    shop.add_product("B-2", on=("erp",))
    shop.worlds["shop"].faults.append(("after", AmbiguousWrite("no answer")))
    shop.sync()
    made = shop.id_of("shop", "B-2")
    shop.worlds["shop"].edit(Entity.PRODUCT, made, sku="B-2-NEW")
    left_its_mark(shop, made)
    shop.clock.pass_(seconds=LANDED_S)
    shop.sync()
    shop.sync()
    assert [made] == [one.id for one in living_things(shop, "B-2", "B-2-NEW")]


def test_evidence_tells_ours_from_a_second_one_with_its_key(shop: Chain) -> None:
    """Somebody made another article with the SKU meanwhile: ours is known by its mark, and kept apart (row 5)."""
    shop.add_product("B-2", on=("erp",))
    shop.worlds["shop"].faults.append(("after", AmbiguousWrite("no answer")))
    shop.sync()
    made = shop.id_of("shop", "B-2")
    shop.worlds["shop"].put(Entity.PRODUCT, {"sku": "B-2", "name": "Theirs", "active": True})
    left_its_mark(shop, made)
    shop.clock.pass_(seconds=LANDED_S)
    shop.sync()
    shop.edit("erp", "B-2", name="Ours")
    shop.sync()
    assert {made: "Ours"} == {one.id: one.native["name"] for one in living_things(shop, "B-2") if one.id == made}
    assert ["Theirs"] == [one.native["name"] for one in living_things(shop, "B-2") if one.id != made]


def test_a_create_that_broke_off_is_finished(shop: Chain) -> None:
    """It landed without one of its values: that one is owed still, and nobody's emptying of it (row 5)."""
    shop.worlds["shop"].on_create = lambda _entity, native: {**native, "description": None}
    shop.add_product("B-2", on=("erp",), description="Handmade")
    shop.worlds["shop"].faults.append(("after", AmbiguousWrite("no answer")))
    shop.sync()
    left_its_mark(shop, shop.id_of("shop", "B-2"))
    shop.worlds["shop"].on_create = lambda _entity, native: native
    shop.clock.pass_(seconds=LANDED_S)
    shop.sync()
    shop.sync()
    assert ["Handmade"] * 2 == [shop.product(one, "B-2")["description"] for one in ("erp", "shop")]


def left_its_mark(shop: Chain, made: str) -> None:
    """The shop finds what a write made by the write's own mark."""
    shop.parts.open_channel("shop").landed = (  # type: ignore[method-assign]
        lambda _entity, write: Evidence(landed=True, external_id=made) if write.operation == "create" else None
    )


def living_things(shop: Chain, *skus: str) -> list[Thing]:
    """What stands in the shop under these SKUs."""
    things = shop.worlds["shop"].things[Entity.PRODUCT].values()
    return [one for one in things if one.native["sku"] in skus and not one.deleted]


def test_what_a_remote_fills_in_of_a_create_without_an_answer_is_nobodys_edit(shop: Chain) -> None:
    """Found again by what we sent, it is our own: its default text is not taken for somebody's (known failure 36)."""
    shop.worlds["shop"].on_create = lambda _entity, native: {**native, "description": "Standard text"}
    shop.add_product("B-2", on=("erp",))
    shop.worlds["shop"].faults.append(("after", AmbiguousWrite("no answer")))
    shop.sync()
    shop.clock.pass_(seconds=LANDED_S)
    shop.sync()
    shop.sync()
    assert {"erp": 1, "shop": 1, "till": 1} == living(shop, "B-2")
    assert shop.product("erp", "B-2")["description"] is None


def test_what_the_remote_fills_in_by_itself_is_nobodys_edit(shop: Chain) -> None:
    """A product just created comes back with defaults of its own, and overwrites nothing: known failure 36."""
    shop.worlds["shop"].on_create = lambda _entity, native: {"description": "Standard text", **native}
    shop.add_product("B-2", on=("erp",))
    shop.sync()
    shop.sync()
    assert shop.product("erp", "B-2")["description"] is None
    assert "Mug B-2" == shop.product("shop", "B-2")["name"]
    assert ("shadow-only", "shop", "description") in shop.events("B-2")
    assert 0 == shop.sync().written


def test_a_stock_row_that_comes_with_a_created_product_takes_nothing_away(shop: Chain) -> None:
    """The owner's system makes an empty row beside a product we create: known failure 36."""
    world = shop.worlds["erp"]

    def with_stock(entity: Entity, native: dict[str, object]) -> dict[str, object]:
        if entity is Entity.PRODUCT:
            id_ = f"product-{world.made + 2}"
            world.put(Entity.STOCK, {"quantity": Decimal(0)}, parent=id_, place=PLACES["erp"])
        return native

    world.on_create = with_stock
    shop.add_product("B-2", pieces=7, on=("shop",))
    shop.sync()
    shop.sync()
    assert dict.fromkeys(EVERYWHERE, Decimal(7)) == shop.shows(Entity.STOCK, "B-2", "quantity")


def test_an_empty_row_beside_what_we_created_says_nothing_of_the_pieces(shop: Chain) -> None:
    """Nobody has counted yet: the nought that a system fills in is not the figure (known failure 36)."""
    world = shop.worlds["erp"]
    shop.worlds["shop"].put(Entity.PRODUCT, {"sku": "B-2", "name": "Mug B-2", "active": True, "vat": "standard"})
    shop.sync()
    world.put(Entity.STOCK, {"quantity": Decimal(0)}, parent=shop.id_of("erp", "B-2"), place=PLACES["erp"])
    shop.sync()
    product = shop.id_of("shop", "B-2")
    shop.worlds["shop"].put(Entity.STOCK, {"quantity": Decimal(7)}, parent=product, place=PLACES["shop"])
    shop.sync()
    assert dict.fromkeys(EVERYWHERE, Decimal(7)) == shop.shows(Entity.STOCK, "B-2", "quantity")


def test_an_id_that_was_handed_out_is_kept_beside_an_error(shop: Chain) -> None:
    """The first call of a create worked and said so, the second was refused: it is there, and is never made again."""
    remote = shop.parts.open_channel("shop")
    write = remote.write
    refused = Rejected("its second call was refused")
    remote.write = lambda entity, writes: [  # type: ignore[method-assign]  # a create of two calls
        replace(result, error=refused) if entity is Entity.PRODUCT else result for result in write(entity, writes)
    ]
    shop.add_product("B-2", on=("erp",))
    shop.sync()
    assert shop.id_of("shop", "B-2") == shop.known(Entity.PRODUCT, "B-2").bindings["shop"].external_id


def test_a_key_that_another_record_holds_there_is_quarantined(shop: Chain) -> None:
    """A create could overwrite what is bound to another record: it waits, and is tried again once the key is free."""
    shop.add_product("B-2", on=("erp",))
    shop.worlds["shop"].edit(Entity.PRODUCT, shop.id_of("shop", "A-1"), sku="B-2")
    shop.sync(channels=frozenset({"erp"}))
    shop.sync(channels=frozenset({"shop"}), entities=frozenset({Entity.CUSTOMER}))
    shop.sync()
    assert 1 == len(shop.worlds["shop"].things[Entity.PRODUCT])


def test_a_price_waits_for_its_product(shop: Chain) -> None:
    """While the product cannot be made there its price is held, visibly, and follows it in the same round: 5.9."""
    shop.worlds["shop"].refuses = lambda entity, fields: {"name": "not nice"} if fields.get("sku") == "B-2" else {}
    shop.add_product("B-2", on=("erp",))
    shop.sync()
    product = shop.known(Entity.PRODUCT, "B-2").record.id
    with shop.parts.ledger.read() as session:
        (price,) = records.dependents(session, Entity.PRICE, [product])[product]
        known = records.load(session, [price])[price]
    assert ["dependency"] == [hold.reason for hold in known.bindings["shop"].held.values()]
    shop.worlds["shop"].refuses = lambda _entity, _fields: {}
    shop.edit("erp", "B-2", name="Nicer")
    shop.sync()
    assert dict.fromkeys(EVERYWHERE, Decimal("9.95")) == shop.shows(Entity.PRICE, "B-2", "amount")


def test_stock_waits_for_its_product(shop: Chain) -> None:
    """Where the product cannot be made nothing is sold: its pieces are held, and follow it (5.9)."""
    shop.worlds["shop"].refuses = lambda entity, fields: {"name": "not nice"} if fields.get("sku") == "B-2" else {}
    shop.add_product("B-2", on=("erp",), pieces=5)
    asked = shop.calls("shop", "write")
    shop.sync()
    assert asked + 1 == shop.calls("shop", "write"), "the product alone was tried"
    shop.worlds["shop"].refuses = lambda _entity, _fields: {}
    shop.edit("erp", "B-2", name="Nicer")
    shop.sync()
    assert dict.fromkeys(EVERYWHERE, Decimal(5)) == shop.shows(Entity.STOCK, "B-2", "quantity")


def test_a_read_only_channel_is_never_written(tmp_path: Path) -> None:
    """A trial observes, merges and plans, and writes nothing there, whatever is owed."""
    config = CONFIG.replace('world = "till"\n', 'world = "till"\nread_only = true\n')
    with linked_chain(tmp_path, config) as shop:
        shop.add_product("B-2", on=("erp",))
        shop.edit("erp", name="New")
        shop.sync()
        assert 0 == shop.calls("till", "write")
        assert {"erp": 1, "shop": 1, "till": 0} == living(shop, "B-2")
        with shop.parts.ledger.read() as session:
            assert 2 == len(records.owing(session, "till", Entity.PRODUCT))
        shop.edit("till", description="Still read")
        shop.sync()
        assert "Still read" == shop.product("shop", "A-1")["description"]


# -- deletion --------------------------------------------------------------------------------------------


def test_the_owners_deletion_archives_elsewhere(shop: Chain) -> None:
    """Reported by a deletion feed, it ends the record's life: switched off elsewhere, not removed: known failure 16."""
    shop.worlds["erp"].remove(Entity.PRODUCT, shop.id_of("erp", "A-1"))
    shop.sync()
    assert {"erp": 0, "shop": 1, "till": 1} == living(shop, "A-1")
    assert shop.product("shop", "A-1")["active"] is False
    assert ("tombstone", "erp", "") in shop.events()
    assert dict.fromkeys(("shop", "till"), Decimal("9.95")) == {
        channel: shop.shows_one(channel, Entity.PRICE, "A-1", "amount") for channel in ("shop", "till")
    }
    assert 0 == shop.sync().written


def test_deleting_in_the_shop_does_not_end_a_record(shop: Chain) -> None:
    """A channel that may not end its life loses its own copy, and nobody else does; it is not made again."""
    shop.worlds["shop"].remove(Entity.PRODUCT, shop.id_of("shop", "A-1"))
    shop.sync()
    asked = shop.calls("shop", "write")
    shop.edit("erp", name="Goes on")
    shop.sync()
    assert asked == shop.calls("shop", "write")
    assert {"erp": 1, "shop": 0, "till": 1} == living(shop, "A-1")
    assert [True, True] == [shop.product(channel, "A-1")["active"] for channel in ("erp", "till")]
    assert "gone" == shop.known(Entity.PRODUCT, "A-1").bindings["shop"].state


def test_absence_counts_only_in_a_completed_sweep(tmp_path: Path) -> None:
    """A feed of changes that says nothing proves nothing; a complete listing and a read by id do: known failure 16."""
    with linked_chain(tmp_path, deletions=False) as shop:
        thing = shop.worlds["erp"].things[Entity.PRODUCT].pop(shop.id_of("erp", "A-1"))
        shop.sync()
        assert "bound" == shop.known(Entity.PRODUCT, "A-1").bindings["erp"].state
        shop.worlds["erp"].faults.append(("read", Transient("broke off")))
        with pytest.raises(Transient):
            shop.sweep("erp")
        assert "bound" == shop.known(Entity.PRODUCT, "A-1").bindings["erp"].state
        shop.worlds["erp"].put(Entity.PRODUCT, {"sku": "Z-9", "name": "Another", "active": True})
        shop.sweep("erp")
        assert "gone" == shop.known(Entity.PRODUCT, "A-1").bindings["erp"].state
        assert thing.native["sku"] == "A-1"


def test_a_listing_without_an_end_concludes_nothing(shop: Chain) -> None:
    """It stopped short and said so: what it left out may stand further down (known failure 10)."""
    channel, ask = shop.parts.open_channel("erp"), shop.parts.open_channel("erp").sweep
    channel.sweep = lambda entity: (replace(page, complete=False) for page in ask(entity))  # type: ignore[method-assign]
    shop.worlds["erp"].things[Entity.PRODUCT].pop(shop.id_of("erp", "A-1"))
    shop.worlds["erp"].put(Entity.PRODUCT, {"sku": "Z-9", "name": "Another", "active": True})
    shop.sweep("erp")
    assert "bound" == shop.known(Entity.PRODUCT, "A-1").bindings["erp"].state


def test_what_was_made_during_a_sweep_is_not_missing_from_it(shop: Chain) -> None:
    """The listing is older than our create, and a replica has not heard of it either: nothing is gone (5.5)."""
    channel = shop.parts.open_channel("shop")
    ask, read = channel.sweep, channel.read

    def slow(entity: Entity) -> Iterator[Page]:
        pages = list(ask(entity))
        shop.add_product("B-2", on=("erp",))
        shop.sync()
        yield from pages

    channel.sweep = slow  # type: ignore[method-assign]
    channel.read = lambda entity, ids: [  # type: ignore[method-assign]  # the replica
        row for row in read(entity, ids) if row.native.get("sku") != "B-2"
    ]
    shop.sweep("shop")
    assert "bound" == shop.known(Entity.PRODUCT, "B-2").bindings["shop"].state


def test_what_a_sweep_left_out_but_a_read_finds_is_there(shop: Chain) -> None:
    """A listing that is filtered by some rule of its own wipes nothing: known failure 16."""
    shop.worlds["erp"].put(Entity.PRODUCT, {"sku": "Z-9", "name": "Another", "active": True})
    channel = shop.parts.open_channel("erp")
    thing = shop.worlds["erp"].things[Entity.PRODUCT][shop.id_of("erp", "A-1")]
    shown = channel.sweep
    channel.sweep = lambda entity: (  # type: ignore[method-assign]  # a listing that hides one row
        type(page)([row for row in page.rows if row.external_id != thing.id], page.began_at, None, page.complete)
        for page in shown(entity)
    )
    shop.sweep("erp")
    assert "bound" == shop.known(Entity.PRODUCT, "A-1").bindings["erp"].state


def test_what_was_replaced_under_its_key_is_bound_anew(shop: Chain) -> None:
    """Deleted and made again under the same SKU between two rounds: it was replaced, and nothing is archived."""
    shop.worlds["erp"].remove(Entity.PRODUCT, shop.id_of("erp", "A-1"))
    shop.worlds["erp"].put(Entity.PRODUCT, {"sku": "A-1", "name": "Mug A-1", "active": True, "vat": "standard"})
    shop.sync()
    shop.sync()
    assert {"erp": 1, "shop": 1, "till": 1} == living(shop, "A-1")
    assert shop.product("shop", "A-1")["active"] is True
    assert shop.id_of("erp", "A-1") == shop.known(Entity.PRODUCT, "A-1").bindings["erp"].external_id
    assert ("rebound", "erp", "") in shop.events()


def test_what_was_created_anew_later_revives_the_record(shop: Chain) -> None:
    """Someone makes the article again long after its deletion: it lives again everywhere, as the same record."""
    shop.worlds["erp"].remove(Entity.PRODUCT, shop.id_of("erp", "A-1"))
    shop.clock.pass_(minutes=5)
    shop.sync()
    assert shop.product("shop", "A-1")["active"] is False
    shop.clock.pass_(minutes=5)
    shop.worlds["erp"].put(Entity.PRODUCT, {"sku": "A-1", "name": "Mug A-1", "active": True, "vat": "standard"})
    shop.clock.pass_(minutes=5)
    shop.sync()
    assert shop.product("shop", "A-1")["active"] is True
    assert {"erp": 1, "shop": 1, "till": 1} == living(shop, "A-1")
    assert ("revived", "erp", "") in shop.events()


def test_an_older_stranger_under_the_key_of_what_was_deleted_is_asked_about(tmp_path: Path) -> None:
    """The till joins late, with an article from before the deletion: it brings nothing back by itself (5.5)."""
    with chain(tmp_path, deletes("delete")) as shop:
        shop.add_product("A-1")
        lanes = shop.parts.lanes(Scope())
        for lane in lanes:
            observe(shop.parts, lane)
        approve(shop.parts, [lane for lane in lanes if lane.side.name != "till"])
        shop.sync()
        shop.clock.pass_(minutes=5)
        shop.worlds["erp"].remove(Entity.PRODUCT, shop.id_of("erp", "A-1"))
        shop.sync()
        approve(shop.parts, [lane for lane in lanes if lane.side.name == "till"])
        assert ["ambiguous: its record was deleted; link it to revive the record"] == list(
            shop.strangers("till").values()
        )
        shop.sync()
        assert {"erp": 0, "shop": 0, "till": 1} == living(shop, "A-1")


def test_deletes_can_be_passed_on(tmp_path: Path) -> None:
    """With `delete` the owner's deletion removes the record everywhere, and a late page does not bring it back."""
    with linked_chain(tmp_path, deletes("delete")) as shop:
        shop.edit("shop", description="Long before")
        shop.clock.pass_(minutes=5)
        shop.sync()
        shop.edit("erp", name="Seen since")
        shop.clock.pass_(minutes=5)
        shop.sync()
        shop.worlds["erp"].remove(Entity.PRODUCT, shop.id_of("erp", "A-1"))
        shop.clock.pass_(minutes=5)
        shop.sync()
        assert {"erp": 0, "shop": 0, "till": 0} == living(shop, "A-1")
        assert "gone" == shop.known(Entity.PRODUCT, "A-1").record.life
        shop.sync()
        assert 0 == shop.sync().written
        assert {"erp": 0, "shop": 0, "till": 0} == living(shop, "A-1")


def test_an_edit_elsewhere_keeps_a_deleted_record(tmp_path: Path) -> None:
    """Against an edit elsewhere that may be the later one, `delete` becomes `archive`, and the edit is kept."""
    with linked_chain(tmp_path, deletes("delete")) as shop:
        shop.clock.pass_(minutes=5)
        shop.edit("shop", description="Edited since")
        shop.worlds["erp"].remove(Entity.PRODUCT, shop.id_of("erp", "A-1"))
        shop.sync(channels=frozenset({"shop"}))
        shop.sync()
        assert {"erp": 0, "shop": 1, "till": 1} == living(shop, "A-1")
        assert ("Edited since", False) == tuple(shop.product("till", "A-1")[name] for name in ("description", "active"))


@pytest.mark.parametrize("when", ["lost", "after"])
def test_a_removal_without_an_answer_is_read_back(tmp_path: Path, when: str) -> None:
    """It landed, or is repeated: nothing is left half removed."""
    with linked_chain(tmp_path, deletes("delete")) as shop:
        shop.clock.pass_(minutes=5)
        shop.sync()
        shop.worlds["erp"].remove(Entity.PRODUCT, shop.id_of("erp", "A-1"))
        shop.worlds["shop"].faults.append((when, AmbiguousWrite("no answer")))
        shop.clock.pass_(minutes=5)
        shop.sync()
        shop.clock.pass_(seconds=LANDED_S)
        shop.sync()
        shop.sync()
        assert {"erp": 0, "shop": 0, "till": 0} == living(shop, "A-1")
        assert (when == "lost") == (("not-landed", "shop", "") in shop.events())


def test_restore_makes_it_again(tmp_path: Path) -> None:
    """With `restore` a deletion is undone there, from what is agreed."""
    with linked_chain(tmp_path, deletes("restore")) as shop:
        shop.worlds["shop"].remove(Entity.PRODUCT, shop.id_of("shop", "A-1"))
        shop.sync()
        shop.sync()
        assert {"erp": 1, "shop": 1, "till": 1} == living(shop, "A-1")
        assert "Mug A-1" == shop.product("shop", "A-1")["name"]
        assert dict.fromkeys(EVERYWHERE, Decimal("9.95")) == shop.shows(Entity.PRICE, "A-1", "amount")
        assert 0 == shop.sync().written


def test_unlink_lets_go_of_one_side(tmp_path: Path) -> None:
    """With `unlink` the record is no longer this channel's, and lives on elsewhere."""
    with linked_chain(tmp_path, deletes("unlink")) as shop:
        shop.worlds["erp"].remove(Entity.PRODUCT, shop.id_of("erp", "A-1"))
        shop.sync()
        assert "unlinked" == shop.known(Entity.PRODUCT, "A-1").bindings["erp"].state
        assert shop.product("shop", "A-1")["active"] is True
        assert {"erp": 0, "shop": 1, "till": 1} == living(shop, "A-1")
        assert 0 == shop.sync().written


def test_ask_leaves_it_to_a_person(tmp_path: Path) -> None:
    """With `ask` nothing follows but a case in quarantine."""
    with linked_chain(tmp_path, deletes("ask")) as shop:
        shop.worlds["erp"].remove(Entity.PRODUCT, shop.id_of("erp", "A-1"))
        shop.sync()
        assert ["Gone"] == [case.error for case in shop.cases()]
        assert shop.product("shop", "A-1")["active"] is True


def test_a_price_removed_by_its_owner_is_removed_elsewhere(shop: Chain) -> None:
    """A row that the owner deletes is deleted on the other sides; its product stays."""
    shop.worlds["erp"].remove(Entity.PRICE, shop.id_of("erp", "A-1", Entity.PRICE))
    shop.sync()
    for channel in EVERYWHERE:
        assert all(thing.deleted for thing in shop.worlds[channel].things[Entity.PRICE].values()), channel
    assert {"erp": 1, "shop": 1, "till": 1} == living(shop, "A-1")
    assert 0 == shop.sync().written


def test_a_price_row_made_again_is_carried_again(shop: Chain) -> None:
    """A row deleted and later made anew under the same key lives again on every side."""
    shop.worlds["erp"].remove(Entity.PRICE, shop.id_of("erp", "A-1", Entity.PRICE))
    shop.sync()
    product = shop.id_of("erp", "A-1")
    shop.worlds["erp"].put(Entity.PRICE, {"amount": Decimal("8.50")}, parent=product, place="sales", part="base")
    shop.sync()
    shop.sync()
    assert dict.fromkeys(EVERYWHERE, Decimal("8.50")) == shop.shows(Entity.PRICE, "A-1", "amount")


def test_a_price_that_others_cannot_remove_is_left(tmp_path: Path) -> None:
    """Where rows cannot be deleted nothing is attempted for ever."""
    with linked_chain(tmp_path, delete=False) as shop:
        shop.worlds["erp"].remove(Entity.PRICE, shop.id_of("erp", "A-1", Entity.PRICE))
        assert 0 == shop.sync().written
        assert Decimal("9.95") == shop.shows_one("shop", Entity.PRICE, "A-1", "amount")


def test_a_missing_stock_figure_takes_no_pieces_away(shop: Chain) -> None:
    """A stock row that disappears on one side says nothing about the pieces on the others: known failure 16."""
    shop.worlds["erp"].remove(Entity.STOCK, shop.id_of("erp", "A-1", Entity.STOCK))
    shop.sync()
    shop.sweep("erp", Entity.STOCK)
    shop.worlds["shop"].move(shop.id_of("shop", "A-1", Entity.STOCK), -1)
    shop.sync()
    assert [Decimal(9)] * 2 == [
        shop.shows_one(channel, Entity.STOCK, "A-1", "quantity") for channel in ("shop", "till")
    ]


def test_a_404_on_a_write_is_no_deletion(shop: Chain) -> None:
    """The shop says once that there is no such product, and there is: it is asked about, and written (5.5)."""
    remote, product = shop.parts.open_channel("shop"), shop.id_of("shop", "A-1")
    write = remote.write

    def not_found(entity: Entity, writes: Sequence[Write]) -> list[RowResult]:
        remote.write = write  # type: ignore[method-assign]  # once
        return [RowResult(one.token, error=Gone("no such product", external_id=product)) for one in writes]

    remote.write = not_found  # type: ignore[method-assign]
    shop.edit("erp", description="Newer")
    shop.sync()
    shop.clock.pass_(hours=1)
    shop.sync()
    assert ("bound", "Newer") == (
        shop.known(Entity.PRODUCT, "A-1").bindings["shop"].state,
        shop.product("shop", "A-1")["description"],
    )


def test_a_listing_that_leaves_rows_out_by_nature_concludes_nothing(tmp_path: Path) -> None:
    """What a missing row means is said by the adapter: here it means nothing (5.5)."""
    with linked_chain(tmp_path, deletions=False, sweep_concludes_gone=False, skus=["A-1", "B-2"]) as shop:
        shop.worlds["erp"].things[Entity.PRODUCT].pop(shop.id_of("erp", "A-1"))
        shop.sweep("erp")
        assert "bound" == shop.known(Entity.PRODUCT, "A-1").bindings["erp"].state


def test_what_is_missing_on_a_write_is_confirmed_before_it_is_buried(tmp_path: Path) -> None:
    """A 404 on a write is a hint: a complete listing and a read by id decide; nothing is created in its place."""
    with linked_chain(tmp_path, deletions=False, skus=["A-1", "B-2"]) as shop:
        shop.worlds["shop"].things[Entity.PRODUCT].pop(shop.id_of("shop", "A-1"))
        shop.edit("erp", name="New")
        shop.sync()
        shop.clock.pass_(hours=1)
        shop.sync()
        assert "gone" == shop.known(Entity.PRODUCT, "A-1").bindings["shop"].state
        assert {"erp": 1, "shop": 0, "till": 1} == living(shop, "A-1")


def test_what_is_archived_in_the_owner_is_archived_everywhere(shop: Chain) -> None:
    """Switching a product off travels like any edit, and switching it on again too."""
    shop.edit("erp", active=False)
    shop.sync()
    assert dict.fromkeys(EVERYWHERE, False) == shop.shows(Entity.PRODUCT, "A-1", "active")
    shop.edit("erp", active=True)
    shop.sync()
    assert dict.fromkeys(EVERYWHERE, True) == shop.shows(Entity.PRODUCT, "A-1", "active")


@contextmanager
def needing_text(tmp_path: Path) -> Iterator[Chain]:
    """A shop that carries what has a description alone."""
    needs_text = MAPPING.replace("[product.fields]", '[product]\nrequires = ["description"]\n[product.fields]')
    config = CONFIG.replace('world = "shop"\nmapping = "plain.toml"', 'world = "shop"\nmapping = "short.toml"')
    config = config.replace('world = "till"\nmapping = "short.toml"', 'world = "till"\nmapping = "plain.toml"')
    with chain(tmp_path, config, short=needs_text) as shop:
        shop.add_product("A-1", description="Text")
        shop.match()
        shop.sync()
        yield shop


def test_what_left_the_scope_is_not_archived_with_pieces_on_it(tmp_path: Path) -> None:
    """The shop takes no figure now: the product stays on until its pieces are gone from there (5.9)."""
    with needing_text(tmp_path) as shop:
        shop.worlds["shop"].faults.append(("before", Transient("down")))
        shop.edit("erp", description=None)
        shop.sync()
        assert (True, Decimal(5)) == standing_in_the_shop(shop)
        shop.clock.pass_(hours=1)
        shop.sync()
        assert (False, Decimal(0)) == standing_in_the_shop(shop)


def standing_in_the_shop(shop: Chain) -> tuple[object, object]:
    pieces = shop.shows_one("shop", Entity.STOCK, "A-1", "quantity")
    return shop.product("shop", "A-1")["active"], pieces


def test_what_leaves_a_channels_scope_is_archived_there_with_its_stock_at_zero(tmp_path: Path) -> None:
    """It cannot be sold on where it does not belong any more: stock first, then the product (5.9)."""
    with needing_text(tmp_path) as shop:
        order: list[str] = []
        shop.worlds["shop"].on_call = lambda moment: (
            order.append(shop.worlds["shop"].calls[-1][1]) if moment == "after" else None
        )
        shop.edit("erp", description=None)
        shop.sync()
        assert shop.product("shop", "A-1")["active"] is False
        assert Decimal(0) == shop.shows_one("shop", Entity.STOCK, "A-1", "quantity")
        assert ["stock", "product"] == order
        assert Decimal(5) == shop.shows_one("erp", Entity.STOCK, "A-1", "quantity")
        assert shop.product("erp", "A-1")["active"] is True
        assert 0 == shop.sync().written
        shop.edit("erp", description="Text again")
        shop.sync()
        assert shop.product("shop", "A-1")["active"] is True
        assert Decimal(5) == shop.shows_one("shop", Entity.STOCK, "A-1", "quantity")


def test_a_product_that_comes_and_goes_out_of_the_bin_is_the_same(shop: Chain) -> None:
    """What was deleted and is undeleted under the same id is bound again, and makes no second record."""
    id_ = shop.id_of("shop", "A-1")
    shop.worlds["shop"].remove(Entity.PRODUCT, id_)
    shop.sync()
    shop.worlds["shop"].restore(Entity.PRODUCT, id_)
    shop.sync()
    assert "bound" == shop.known(Entity.PRODUCT, "A-1").bindings["shop"].state
    with shop.parts.ledger.read() as session:
        assert 1 == len(records.record_ids(session, Entity.PRODUCT))


def test_an_undeleted_record_is_no_second_one_either_when_it_was_gone_for_all(tmp_path: Path) -> None:
    """Deleted everywhere, then taken out of the bin in the ERP: the same record lives again on every side."""
    with linked_chain(tmp_path, deletes("delete")) as shop:
        shop.clock.pass_(minutes=5)
        shop.sync()
        id_ = shop.id_of("erp", "A-1")
        shop.worlds["erp"].remove(Entity.PRODUCT, id_)
        shop.clock.pass_(minutes=5)
        shop.sync()
        shop.worlds["erp"].restore(Entity.PRODUCT, id_)
        shop.sync()
        shop.sync()
        assert {"erp": 1, "shop": 1, "till": 1} == living(shop, "A-1")
        with shop.parts.ledger.read() as session:
            assert 1 == len(records.record_ids(session, Entity.PRODUCT))
