"""What changes by the calendar alone, and what a restored ledger may do (canonical-model 0 and 3, sync-model 5.10)."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from connector.model.entity import Entity
from connector.stock.anew import agree_lowest, forget_figures
from simulator.chain import CONFIG, EVERYWHERE, MAPPING
from tests.engine.shop import Chain, chain, linked_chain

DATED = MAPPING.replace(
    'active = { remote = "active" }', 'active = { remote = ["first", "last"], convert = ["within_days"] }'
)
#: The ERP alone reads the second mapping.
ERP_APART = CONFIG.replace('world = "erp"\nmapping = "plain.toml"', 'world = "erp"\nmapping = "short.toml"').replace(
    'world = "till"\nmapping = "short.toml"', 'world = "till"\nmapping = "plain.toml"'
)

PROMO = """
[price.rows.promo]
when = "min_qty == 1 and starts"
fixed = { min_qty = 1 }
[price.rows.promo.fields]
starts = { remote = "from", write = "create", convert = ["days"] }
ends = { remote = "to", convert = ["days"] }
amount = { remote = "amount", convert = ["decimal"] }
[stock.fields]
"""
WITH_PROMO = MAPPING.replace("[stock.fields]\n", PROMO)
ONE_AT_A_TIME = WITH_PROMO.replace("fixed = { min_qty = 1 }\n", "fixed = { min_qty = 1 }\nsingle = true\n", 1)


def tomorrow(shop: Chain, days: int = 1) -> None:
    shop.clock.pass_(days=days)


def test_a_last_day_passes_and_the_product_is_archived_elsewhere(tmp_path: Path) -> None:
    """Nobody edits anything: the day alone ends it, and the end date is not taken away again."""
    with chain(tmp_path, ERP_APART, short=DATED) as shop:
        shop.add_product("A-1")
        shop.match()
        shop.sync()
        shop.edit("erp", first="2026-01-01", last="2026-11-22")
        shop.sync()
        tomorrow(shop)
        shop.sync()
        assert shop.product("shop", "A-1")["active"] is True, "the last day counts"
        tomorrow(shop, 2)
        shop.edit("shop", description="Something else is owed to the ERP that very moment")
        shop.sync()
        assert (False, False) == tuple(shop.product(name, "A-1")["active"] for name in ("shop", "till"))
        assert "2026-11-22" == shop.product("erp", "A-1")["last"]
        assert "Something else is owed to the ERP that very moment" == shop.product("erp", "A-1")["description"]
        assert 0 == shop.sync().written


def test_a_first_day_comes_and_the_product_is_sold(tmp_path: Path) -> None:
    """What begins tomorrow is switched on tomorrow, once, and asked about no more."""
    with chain(tmp_path, ERP_APART, short=DATED) as shop:
        shop.add_product("A-1", first="2026-11-25")
        for channel in ("shop", "till"):
            shop.edit(channel, active=False)
        shop.match()
        shop.sync()
        assert shop.product("shop", "A-1")["active"] is False
        tomorrow(shop, 6)
        shop.sync()
        assert shop.product("shop", "A-1")["active"] is True
        reads = shop.calls("erp", "read")
        shop.sync()
        assert reads == shop.calls("erp", "read")


def test_what_we_end_ourselves_stays_ended(tmp_path: Path) -> None:
    """An archive written as a date of yesterday reads as archived on every later day."""
    config = ERP_APART.replace(
        "[sync.product.fields.name]", '[sync.product.fields.active]\noriginate = ["shop"]\n[sync.product.fields.name]'
    )
    with chain(tmp_path, config, short=DATED) as shop:
        shop.add_product("A-1")
        shop.match()
        shop.sync()
        shop.edit("shop", active=False)
        shop.sync()
        assert "2026-11-19" == shop.product("erp", "A-1")["last"]
        for _ in range(3):
            tomorrow(shop)
            assert 0 == shop.sync().written
        assert dict.fromkeys(("shop", "till"), False) == {
            name: shop.product(name, "A-1")["active"] for name in ("shop", "till")
        }


def promo(shop: Chain, starts: str, ends: str, amount: str) -> None:
    product = shop.id_of("erp", "A-1")
    native = {"amount": Decimal(amount), "from": starts, "to": ends}
    shop.worlds["erp"].put(Entity.PRICE, native, parent=product, place="sales", part="promo")


def promos(shop: Chain, channel: str) -> list[str]:
    things = shop.worlds[channel].things[Entity.PRICE].values()
    return sorted(str(t.native["from"]) for t in things if t.part == "promo" and not t.deleted)


def test_a_channel_with_one_period_gets_the_one_whose_turn_it_is(tmp_path: Path) -> None:
    """Of several promotions the running one is written there, then the next, each on its day: the others wait."""
    with chain(tmp_path, CONFIG, WITH_PROMO, ONE_AT_A_TIME) as shop:
        shop.add_product("A-1")
        shop.match()
        shop.sync()
        promo(shop, "2026-12-01", "2026-12-10", "8.00")
        promo(shop, "2026-11-18", "2026-11-25", "9.00")
        promo(shop, "2027-01-01", "2027-01-05", "7.00")
        shop.sync()
        shop.sync()
        assert 3 == len(promos(shop, "shop"))
        assert ["2026-11-18"] == promos(shop, "till")
        assert 0 == shop.sync().written
        tomorrow(shop, 7)
        shop.sync()
        shop.sync()
        assert "2026-12-01" in promos(shop, "till")
        assert "2027-01-01" not in promos(shop, "till")
        tomorrow(shop, 20)
        shop.sync()
        shop.sync()
        assert "2027-01-01" in promos(shop, "till")
        assert 0 == shop.sync().written


def test_a_row_whose_start_is_changed_is_another_row(tmp_path: Path) -> None:
    """A promotion that is put off disappears under its old start elsewhere, and appears under the new one."""
    with chain(tmp_path, CONFIG, WITH_PROMO, WITH_PROMO) as shop:
        shop.add_product("A-1")
        shop.match()
        shop.sync()
        promo(shop, "2026-12-01", "2026-12-10", "8.00")
        shop.sync()
        assert ["2026-12-01"] == promos(shop, "shop")
        (row,) = [thing for thing in shop.worlds["erp"].things[Entity.PRICE].values() if thing.part == "promo"]
        shop.worlds["erp"].edit(Entity.PRICE, row.id, **{"from": "2026-12-05"})
        shop.sync()
        shop.sync()
        assert ["2026-12-05"] == promos(shop, "shop") == promos(shop, "till") == promos(shop, "erp")
        assert 0 == shop.sync().written


@contextmanager
def put_back_after(tmp_path: Path, happens: Callable[[Chain], object]) -> Iterator[Chain]:
    """The ledger of before this happened, with everything read and nothing written yet."""
    with linked_chain(tmp_path) as shop:
        shop.stop()
        shutil.copyfile(tmp_path / "ledger.db", tmp_path / "backup.db")
        shop.start()
        happens(shop)
        shop.stop()
        shutil.copyfile(tmp_path / "backup.db", tmp_path / "ledger.db")
        for journal in ("ledger.db-wal", "ledger.db-shm"):
            (tmp_path / journal).unlink(missing_ok=True)
        shop.start()
        forget_figures(shop.parts)
        for entity in Entity:
            for channel in EVERYWHERE:
                shop.sweep(channel, entity)
        yield shop


def test_a_restored_ledger_multiplies_no_movement(tmp_path: Path) -> None:
    """After a backup is put back, stock begins anew at the lowest figure: known failure 33."""

    def sold_and_passed_on(shop: Chain) -> None:
        shop.worlds["till"].move(shop.id_of("till", "A-1", Entity.STOCK), -4)
        shop.edit("shop", description="Since the backup")
        shop.sync()

    with put_back_after(tmp_path, sold_and_passed_on) as shop:
        assert "moved" not in {event for event, _, _ in shop.events("utrecht", Entity.STOCK)}
        assert 0 == agree_lowest(shop.parts)
        shop.sync()
        assert dict.fromkeys(EVERYWHERE, Decimal(6)) == shop.shows(Entity.STOCK, "A-1", "quantity")
        assert dict.fromkeys(EVERYWHERE, "Since the backup") == shop.shows(Entity.PRODUCT, "A-1", "description")
        assert 0 == shop.sync().written


def test_a_restored_ledger_oversells_nothing(tmp_path: Path) -> None:
    """The till has sold what the others have not heard of: the lowest figure is agreed, and flagged (5.10)."""

    def sold(shop: Chain) -> None:
        shop.worlds["till"].move(shop.id_of("till", "A-1", Entity.STOCK), -4)

    with put_back_after(tmp_path, sold) as shop:
        assert 1 == agree_lowest(shop.parts)
        assert {"on_hand": "uncertain"} == shop.held("till", "utrecht", Entity.STOCK)
        shop.sync()
        assert dict.fromkeys(EVERYWHERE, Decimal(6)) == shop.shows(Entity.STOCK, "A-1", "quantity")
