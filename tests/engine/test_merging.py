"""What one side's edit means for the others, told as stories over whole rounds (sync-model 2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from connector.decide.conflict import Answer
from connector.ledger import journal, lanes
from connector.model.entity import Entity
from connector.observe.feed import observe
from connector.operator import answer_conflict
from simulator.chain import CONFIG, EVERYWHERE, MAPPING, SHORT
from tests.engine.shop import Chain, chain, linked_chain

ALONE = '[sync.product.fields.description]\nowner = "shop"\noriginate = ["shop"]\n'
OWNED = '[sync.product.fields.description]\nowner = "shop"\n'


def all_show(shop: Chain, name: str, value: object, entity: Entity = Entity.PRODUCT) -> bool:
    return shop.shows(entity, "A-1", name) == dict.fromkeys(EVERYWHERE, value)


def in_conflict(shop: Chain) -> None:
    """The ERP and the shop both rename the product between two rounds."""
    shop.edit("erp", name="Navy mug")
    shop.edit("shop", name="Blue mug")
    shop.sync()


# -- drift --------------------------------------------------------------------------------------------


def test_drift_is_overwritten(tmp_path: Path) -> None:
    """An edit by a channel that may not originate the field is told once, and overwritten."""
    with chain(tmp_path, CONFIG.replace(OWNED, ALONE)) as shop:
        shop.add_product("A-1", description="Plain")
        shop.match()
        shop.sync()
        shop.edit("till", description="Scribble")
        shop.sync()
        assert all_show(shop, "description", "Plain")
        assert 1 == shop.events().count(("drift", "till", "description"))
        assert 0 == shop.sync().written


def test_drift_is_left_alone_until_agreed_changes(tmp_path: Path) -> None:
    """Where so configured the edit stays there, held and visible, until the field changes elsewhere."""
    with chain(tmp_path, CONFIG.replace(OWNED, ALONE + 'drift = "leave"\n')) as shop:
        shop.add_product("A-1", description="Plain")
        shop.match()
        shop.sync()
        shop.edit("till", description="Scribble")
        assert 0 == shop.sync().written
        assert "Scribble" == shop.product("till", "A-1")["description"]
        assert {"description": "drift"} == shop.held("till")
        shop.edit("shop", description="New")
        shop.sync()
        assert all_show(shop, "description", "New")
        assert {} == shop.held("till")


def test_what_a_person_may_not_change_is_not_written_for_ever(tmp_path: Path) -> None:
    """A field that another program rewrites is held after three of our writes in a day, both values shown."""
    with chain(tmp_path, CONFIG.replace(OWNED, ALONE)) as shop:
        shop.add_product("A-1", description="Plain")
        shop.match()
        shop.sync()
        for turn in range(5):
            shop.edit("till", description=f"Robot {turn}")
            shop.sync()
            shop.clock.pass_(hours=1)
        hold = shop.known(Entity.PRODUCT, "A-1").bindings["till"].held.get("description")
        assert hold is not None
        assert ("rewritten", "Robot 4", "Plain") == (hold.reason, hold.shown, hold.projected)
        assert "Robot 4" == shop.product("till", "A-1")["description"]
        assert 0 == shop.sync().written
        shop.edit("shop", description="Fancy")
        shop.sync()
        assert all_show(shop, "description", "Fancy")


# -- manual -------------------------------------------------------------------------------------------


def test_a_conflict_puts_nothing_back_and_sends_nothing_on(shop: Chain) -> None:
    """Two edits of one field wait for a person: neither is overwritten, and the third side is left alone."""
    in_conflict(shop)
    assert {"erp": "Navy mug", "shop": "Blue mug", "till": "Mug A-1"} == shop.shows(Entity.PRODUCT, "A-1", "name")
    assert [("name", 1, {"erp": "Navy mug", "shop": "Blue mug"})] == [
        (one.field, one.revision, one.sides) for one in shop.conflicts()
    ]
    assert "conflict" == shop.held("till")["name"]
    shop.edit("erp", description="Another field goes on")
    shop.sync()
    assert "Another field goes on" == shop.product("shop", "A-1")["description"]


def test_a_later_edit_joins_the_conflict_and_the_operator_is_asked_again(shop: Chain) -> None:
    """An answer given to what is no longer there settles nothing."""
    in_conflict(shop)
    (shown,) = shop.conflicts()
    shop.edit("till", name="Red")
    shop.sync()
    again = answer_conflict(shop.parts, shown, Answer(shown.revision, take="erp")).asked_again
    assert again is not None
    assert ("moved", 2) == (again.reason, again.revision)
    assert 1 == len(shop.conflicts())


def test_the_answer_reaches_every_side(shop: Chain) -> None:
    """The operator's choice is agreed, written to all that show another value, and told with the loser."""
    in_conflict(shop)
    (shown,) = shop.conflicts()
    assert "Blue mug" == answer_conflict(shop.parts, shown, Answer(shown.revision, take="shop")).value
    shop.sync()
    assert all_show(shop, "name", "Blue mug")
    assert [] == shop.conflicts()
    assert ("answered", "", "name") in shop.events()
    assert 0 == shop.sync().written


def test_an_answer_may_be_a_value_of_its_own(shop: Chain) -> None:
    """The operator is bound to neither side."""
    in_conflict(shop)
    (shown,) = shop.conflicts()
    answer_conflict(shop.parts, shown, Answer(shown.revision, value="Teal mug"))
    shop.sync()
    assert all_show(shop, "name", "Teal mug")


def test_a_conflict_closes_by_itself_when_its_sides_agree(shop: Chain) -> None:
    """Somebody corrects one side by hand: nothing is left to ask."""
    in_conflict(shop)
    shop.edit("shop", name="Navy mug")
    shop.sync()
    assert [] == shop.conflicts()
    assert all_show(shop, "name", "Navy mug")


def test_an_edit_before_the_answer_is_written_is_a_new_conflict(shop: Chain) -> None:
    """Nobody's edit is overwritten because the operator answered a moment earlier."""
    in_conflict(shop)
    (shown,) = shop.conflicts()
    answer_conflict(shop.parts, shown, Answer(shown.revision, take="shop"))
    shop.edit("erp", name="Black mug")
    shop.sync()
    (new,) = shop.conflicts()
    assert new.id != shown.id
    assert "Black mug" == shop.product("erp", "A-1")["name"]


# -- rules --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rule", "expected"), [("owner", "9"), ("min", "8"), ("max", "9")])
def test_two_edits_are_settled_by_the_fields_rule(tmp_path: Path, rule: str, expected: str) -> None:
    """The winner is written everywhere, the loser is in the history."""
    told = f'[sync.price.fields.amount]\non_conflict = "{rule}"\n[sync.stock]'
    with linked_chain(tmp_path, CONFIG.replace("[sync.stock]", told)) as shop:
        shop.edit("erp", entity=Entity.PRICE, amount=Decimal(9))
        shop.edit("till", entity=Entity.PRICE, amount=Decimal(8))
        shop.sync()
        assert all_show(shop, "amount", Decimal(expected), Entity.PRICE)
        row = shop.known(Entity.PRICE, "retail|1|").record.id
        with shop.parts.ledger.read() as session:
            assert [rule] == [one.detail["rule"] for one in journal.of_record(session, row) if one.event == "settled"]


def test_the_later_of_two_edits_wins(tmp_path: Path) -> None:
    """By `latest` the time of the edit decides: the till's, certainly made later, beats the higher rank."""
    told = '[sync.product.fields.description]\nowner = "erp"\non_conflict = "latest"\n'
    with chain(tmp_path, CONFIG.replace(OWNED, told)) as shop:
        shop.add_product("A-1", description="Plain")
        shop.match()
        shop.sync()
        shop.edit("erp", description="First")
        shop.clock.pass_(minutes=5)
        for channel in ("erp", "till"):  # the ERP's edit was made before this moment, and the till's after it
            observe(shop.parts, shop.parts.lane(channel, Entity.PRODUCT))
        shop.clock.pass_(minutes=5)
        shop.edit("till", description="Second")
        shop.sync()
        assert all_show(shop, "description", "Second")
        assert ("settled", "till", "description") in shop.events()


@pytest.mark.parametrize(
    "ahead", [timedelta(0), timedelta(hours=1), timedelta(hours=-1)], ids=["right", "ahead", "behind"]
)
def test_a_clock_that_is_wrong_does_not_make_an_edit_later(tmp_path: Path, ahead: timedelta) -> None:
    """By `latest` the till's edit wins, made after the ERP's, whatever the ERP's clock says; the rank is not asked."""
    told = '[sync.product.fields.description]\nowner = "erp"\non_conflict = "latest"\n'
    with chain(tmp_path, CONFIG.replace(OWNED, told)) as shop:
        shop.worlds["erp"].clock_offset = ahead
        shop.add_product("A-1", description="Plain")
        shop.match()
        shop.sync()
        shop.clock.pass_(minutes=5)
        shop.edit("erp", description="First")
        shop.clock.pass_(minutes=5)
        shop.sync(channels=frozenset({"till"}))  # read, so that the till's edit is known to lie after this moment
        shop.clock.pass_(minutes=5)
        shop.edit("till", description="Second")
        shop.sync()
        assert all_show(shop, "description", "Second")


def test_sets_unite_what_both_sides_added(tmp_path: Path) -> None:
    """By `union` an addition on each side survives, and so does a removal."""
    mapping = MAPPING.replace(
        'vat_class = { remote = "vat" }', 'vat_class = { remote = "vat" }\ncategories = { remote = "categories" }'
    )
    short = SHORT.replace(
        'vat_class = { remote = "vat" }', 'vat_class = { remote = "vat" }\ncategories = { remote = "categories" }'
    )
    told = '[sync.product.fields.categories]\non_conflict = "union"\n[sync.customer]'
    with chain(tmp_path, CONFIG.replace("[sync.customer]", told, 1), mapping, short) as shop:
        shop.add_product("A-1", categories=["mugs", "sale"])
        shop.match()
        shop.sync()
        shop.edit("erp", categories=["mugs", "sale", "blue"])
        shop.edit("shop", categories=["mugs", "gifts"])
        shop.sync()
        assert all_show(shop, "categories", ["blue", "gifts", "mugs"])
        assert 0 == shop.sync().written


# -- stale, repeated and unchanged ---------------------------------------------------------------------


def test_within_its_read_lag_a_channel_may_still_show_what_we_replaced(tmp_path: Path) -> None:
    """A read that shows the old state shortly after our write is not taken for an edit back: known failure 34."""
    with linked_chain(tmp_path, read_lag_s=60.0) as shop:
        shop.edit("erp", description="Newer")
        shop.sync()
        thing = shop.worlds["shop"].things[Entity.PRODUCT][shop.id_of("shop", "A-1")]
        thing.native["description"] = None  # the replica that answers now has not heard of it yet
        shop.worlds["shop"].edit(Entity.PRODUCT, thing.id, name="Mug A-1")
        shop.sync()
        thing.native["description"] = "Newer"
        shop.clock.pass_(seconds=120)
        shop.sync()
        assert all_show(shop, "description", "Newer")


def test_a_full_reading_of_what_is_known_writes_nothing(shop: Chain) -> None:
    """A forgotten cursor costs reads, never writes: known failure 17."""
    with shop.parts.ledger.write() as session:
        for channel in EVERYWHERE:
            lanes.forget_cursor(session, channel, Entity.PRODUCT)
    before = {channel: shop.calls(channel, "write") for channel in EVERYWHERE}
    report = shop.sync()
    assert 0 == report.written
    assert before == {channel: shop.calls(channel, "write") for channel in EVERYWHERE}
    assert [1, 1, 1] == [report.observed[f"{channel}/product"].unchanged for channel in EVERYWHERE]


def test_ten_edits_cost_one_write(shop: Chain) -> None:
    """Debts are levels, not messages: the payload is what is agreed when it is sent."""
    shop.worlds["shop"].capabilities[Entity.PRODUCT] = replace(shop.worlds["shop"].capabilities[Entity.PRODUCT])
    for turn in range(10):
        shop.edit("erp", description=f"Edit {turn}")
        shop.sync(channels=frozenset({"erp"}))
    before = shop.calls("shop", "write")
    shop.sync()
    assert 1 == shop.calls("shop", "write") - before
    assert "Edit 9" == shop.product("shop", "A-1")["description"]


def test_a_shop_that_missed_a_write_has_not_edited_it_back(shop: Chain) -> None:
    """Edit in the ERP, shop down, sync, sync: the edit stands, and arrives once the shop is back."""
    from connector.errors import Transient

    shop.edit("erp", description="Newer")
    shop.worlds["shop"].faults.append(("before", Transient("down")))
    shop.sync()
    assert shop.product("shop", "A-1")["description"] is None
    shop.clock.pass_(hours=1)
    shop.sync()
    assert all_show(shop, "description", "Newer")


def test_a_changed_sku_is_the_same_record(shop: Chain) -> None:
    """A renamed code is agreed, makes no second record, and waits where nobody can rename: known failure 25."""
    shop.worlds["erp"].edit(Entity.PRODUCT, shop.id_of("erp", "A-1"), sku="A-1-NEW")
    shop.sync()
    assert [1, 1, 1] == [len(world.things[Entity.PRODUCT]) for world in shop.worlds.values()]
    assert "A-1-NEW" == shop.known(Entity.PRODUCT, "A-1-NEW").record.key
    assert {"sku": "rename"} == shop.held("shop", "A-1-NEW")
    assert "A-1" == shop.product("shop", "A-1")["sku"]
    assert 0 == shop.sync().written


def test_what_a_lossy_channel_shows_of_the_same_edit_is_the_same_edit(shop: Chain) -> None:
    """Renamed in the ERP and at the till, which cuts: no conflict, and nobody's name gets shorter: known failure 4."""
    shop.edit("erp", name="A very long name indeed")
    shop.edit("till", name="A very lon")
    shop.sync()
    assert [] == shop.conflicts()
    assert "A very long name indeed" == shop.product("shop", "A-1")["name"]
    assert 0 == shop.sync().written


def test_a_lossy_edit_replaces_the_fuller_value(shop: Chain) -> None:
    """What is typed on a channel that cuts is an edit, and the fuller value goes to the history."""
    shop.edit("erp", name="A very long name indeed")
    shop.sync()
    shop.edit("till", name="Short")
    shop.sync()
    assert all_show(shop, "name", "Short")


def test_an_amount_in_another_hour_of_the_night_is_one_edit(shop: Chain) -> None:
    """A clock that jumps back neither loses nor repeats an edit: known failures 8 and 26."""
    shop.edit("erp", entity=Entity.PRICE, amount=Decimal("10.50"))
    shop.clock.pass_(hours=-1)
    shop.sync()
    shop.clock.pass_(hours=1)
    shop.sync()
    assert all_show(shop, "amount", Decimal("10.50"), Entity.PRICE)
    assert 0 == shop.sync().written


def test_the_same_edit_on_two_sides_is_agreement(shop: Chain) -> None:
    """Nobody is asked, and nothing is written to those that show it already."""
    shop.edit("erp", name="Cup")
    shop.edit("shop", name="Cup")
    report = shop.sync()
    assert [] == shop.conflicts()
    assert 1 == report.written
    assert all_show(shop, "name", "Cup")


def test_emptied_on_purpose_is_a_value(shop: Chain) -> None:
    """A text that is deleted on one side is deleted on the others, not filled in again."""
    shop.edit("shop", description="Blue")
    shop.sync()
    shop.edit("erp", description=None)
    shop.sync()
    assert all_show(shop, "description", None)
