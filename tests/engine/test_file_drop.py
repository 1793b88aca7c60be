"""A till that speaks in files, with an ERP and a shop: the engine over the whole folder protocol."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connector.model.entity import Entity
from connector.parts import Scope
from connector.plan import make_plan
from simulator.chain import CONFIG, running
from tests.contract.paper_till import PaperTill
from tests.engine.shop import Chain, chain

COLUMNS = ("id", "sku", "barcode", "name", "active", "vat", "tracks_stock", "weight", "brand", "group")


@pytest.fixture
def till(tmp_path: Path) -> PaperTill:
    """With one mug that everybody has, and ten pieces of it."""
    made = PaperTill(tmp_path / "drop", encoding="cp1252")
    mug = {"id": "7", "sku": "A-1", "name": "Mug A-1", "active": True, "vat": "21", "tracks_stock": True}
    made.records["products"][("7",)] = dict.fromkeys(COLUMNS) | mug
    made.records["prices"]["7", "winkel"] = {"product": "7", "list": "winkel", "amount": Decimal("9.95")}
    made.records["stock"]["7", "winkel"] = {"product": "7", "place": "winkel", "pieces": Decimal(10)}
    for holds in ("products", "prices", "stock"):
        made.complete(holds)
    return made


@pytest.fixture
def shop(tmp_path: Path, till: PaperTill) -> Iterator[Chain]:
    """Linked, and at rest."""
    config = CONFIG.replace(
        'adapter = "memory"\nworld = "till"\nmapping = "short.toml"',
        f'adapter = "file_drop"\nfolder = "{till.root}"\nencoding = "cp1252"',
    )
    config = config.replace('till = "outlet"', 'till = "winkel"').replace('till = "BASE"', 'till = "winkel"')
    with chain(tmp_path, config) as built:
        built.add_product("A-1", pieces=10, on=("erp", "shop"))
        built.match()
        built.sync()
        built.sync()
        yield built


def stock(shop: Chain, till: PaperTill) -> dict[str, Any]:
    """What each shows, once the till has imported what lies there."""
    till.read_ours()
    shown = {name: shop.shows_one(name, Entity.STOCK, "A-1", "quantity") for name in ("erp", "shop")}
    return shown | {"till": till.records["stock"]["7", "winkel"]["pieces"]}


def test_an_edit_in_the_erp_is_a_row_for_the_till(shop: Chain, till: PaperTill) -> None:
    """And back: what the till lists before it has imported that is no edit of its own."""
    shop.edit("erp", name="Mug, crème €")
    shop.sync()
    till.complete("products")
    shop.sync()
    shop.sweep("till")
    assert "Mug, crème €" == shop.product("erp", "A-1")["name"]
    till.read_ours()
    assert "Mug, crème €" == till.records["products"][("7",)]["name"]
    till.edit("products", ("7",), name="Beker")
    shop.sync()
    shop.sync()
    assert [("erp", "Beker"), ("shop", "Beker")] == [
        (name, shop.product(name, "A-1")["name"]) for name in ("erp", "shop")
    ]


def test_a_new_product_reaches_the_till_with_its_price_and_stock(shop: Chain, till: PaperTill) -> None:
    """Under an id that we give, which the till keeps."""
    shop.add_product("B-2", pieces=4, on=("erp",))
    shop.sync()
    shop.sync()
    till.read_ours()
    made = {record["sku"]: id_[0] for id_, record in till.records["products"].items()}
    assert Decimal("9.95") == till.records["prices"][made["B-2"], "winkel"]["amount"]
    assert Decimal(4) == till.records["stock"][made["B-2"], "winkel"]["pieces"]


def test_a_sale_is_one_movement_everywhere(shop: Chain, till: PaperTill) -> None:
    """Also where its receipt is told twice, and pieces go elsewhere meanwhile."""
    till.sell("K-1", "7", 3)
    till.delta("sales", {"receipt": "K-1", "line": 1, "product": "7", "place": "winkel", "pieces": Decimal(3)})
    shop.worlds["erp"].move(shop.id_of("erp", "A-1", Entity.STOCK), -2)
    for _ in range(3):
        shop.sync()
    assert {"erp": 5, "shop": 5, "till": 5} == stock(shop, till)
    till.complete("stock")
    shop.sync()
    shop.sync()
    assert {"erp": 5, "shop": 5, "till": 5} == stock(shop, till)


def planned(shop: Chain, folder: Path) -> set[str]:
    """The channels to which a plan would write; it works on a copy of the ledger, as the command does."""
    shop.stop()
    shutil.copytree(shop.folder, folder, ignore=shutil.ignore_patterns("drop"))
    able = {name: world.capabilities for name, world in shop.worlds.items()}
    with running(folder, shop.clock, able) as parts:
        told = {write.channel for write in make_plan(parts, Scope()).writes}
    shop.start()
    return told


def test_a_plan_moves_no_file_that_the_ledger_does_not_have(
    shop: Chain, till: PaperTill, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """However often it is made; a round archives what the ledger had before it."""
    stem = till.edit("products", ("7",), name="Beker")
    for number in range(2):
        assert {"erp", "shop"} == planned(shop, tmp_path_factory.mktemp("plan") / str(number))
    assert f"{stem}.csv" in till.names("in")
    assert f"{stem}.csv" not in till.names("answers")
    shop.sync()
    assert f"{stem}.csv" in till.names("in")
    shop.sync()
    assert f"{stem}.csv" in till.names("archive")
    assert [] == till.answers(stem)


def test_a_gap_stops_its_lane_alone(shop: Chain, till: PaperTill) -> None:
    """Stock goes on; once the number is there, so do products."""
    till.numbers["products"] = 2
    till.edit("products", ("7",), name="Kop")
    till.sell("K-1", "7", 1)
    shop.sync()
    shop.sync()
    assert {"erp": 9, "shop": 9, "till": 9} == stock(shop, till)
    assert "Mug A-1" == shop.product("erp", "A-1")["name"]
