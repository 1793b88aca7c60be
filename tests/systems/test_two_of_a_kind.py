"""Two webshops of one kind beside an ERP and a till: each is a channel of its own, with its own state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import pytest

from connector.decide.conflict import Answer
from connector.model.entity import Entity
from connector.operator import answer_conflict
from tests.systems.edits import EXACT, LIGHTSPEED, MAGENTO, day
from tests.systems.floor import PLAIN, Floor, opened
from tests.systems.natives import READERS

CHANNELS = {"exact": EXACT, "webshop": MAGENTO, "outlet": MAGENTO, "store": LIGHTSPEED}
PRODUCT, CUSTOMER, PRICE, STOCK = Entity.PRODUCT, Entity.CUSTOMER, Entity.PRICE, Entity.STOCK
#: Two thousand calls or so, on a machine that may have other work.
pytestmark = pytest.mark.timeout(600)

GENT = {EXACT: "3", MAGENTO: "st_gent", LIGHTSPEED: "Winkel Gent"}

SYNC = """
[sync.product]
every = "1m"
channels = ["exact", "webshop", "outlet", "store"]
owner = "exact"

[sync.customer]
every = "1m"
channels = ["webshop", "outlet", "exact", "store"]
owner = "webshop"

[sync.price]
every = "1m"
channels = ["exact", "webshop", "outlet", "store"]
owner = "exact"

[sync.stock]
every = "30s"
channels = ["exact", "webshop", "outlet", "store"]
owner = "exact"
[sync.stock.exact]
books = "never"
order_reference = "YourRef"
[sync.stock.outlet]
order_prefix = "OUT-"

[brakes]
min_count = 1000
"""


class Chain:
    """The four systems, and what each of them shows."""

    def __init__(self, floor: Floor) -> None:
        self.floor = floor
        ordered = {line["sku"] for order in self.state("webshop")["orders"] for line in order["items"]}
        plain = [one for one in self.state("webshop")["products"] if not one["tier_prices"] and one["status"] == 1]
        self.free = iter([one["sku"] for one in plain if one["sku"] not in ordered])
        self.people = iter([one["email"] for one in self.state("outlet")["customers"] if not one.get("taxvat")])

    def state(self, channel: str) -> dict[str, Any]:
        return self.floor.systems[channel].state()

    def edit(self, channel: str, verb: str, **change: Any) -> dict[str, Any]:
        return self.floor.systems[channel].edit(verb, **change)

    def native(self, channel: str, entity: Entity, key: str) -> Mapping[str, Any]:
        """A product or customer as the channel holds it."""
        id_ = self.floor.known(entity, key).bindings[channel].external_id or ""
        reader = READERS[CHANNELS[channel]](self.state(channel))
        return dict(reader.product(id_) if entity is PRODUCT else reader.customer(id_))

    def shows(self, entity: Entity, key: str, **names: str) -> dict[str, Any]:
        """Channel → its native value of that name; ``names`` by kind of system."""
        return {name: self.native(name, entity, key)[names[kind]] for name, kind in CHANNELS.items()}

    def prices(self, sku: str) -> dict[str, Any]:
        """Channel → its price of one piece."""
        found = {}
        for name, kind in CHANNELS.items():
            product = self.floor.known(PRODUCT, sku).bindings[name].external_id or ""
            row = next(one for one in READERS[kind](self.state(name)).prices(product) if one.part == "base")
            found[name] = row.native[{EXACT: "Price", MAGENTO: "price", LIGHTSPEED: "price_including_tax"}[kind]]
        return found

    def in_gent(self, sku: str) -> dict[str, Any]:
        """Channel → the pieces that it shows in Gent."""
        found = {}
        for name, kind in CHANNELS.items():
            product = self.floor.known(PRODUCT, sku).bindings[name].external_id or ""
            row = READERS[kind](self.state(name)).stock(product, GENT[kind])
            found[name] = row[{EXACT: "CurrentStock", MAGENTO: "quantity", LIGHTSPEED: "current_inventory_level"}[kind]]
        return found

    def in_the_erp(self, sku: str) -> Decimal:
        """The pieces that the ERP shows at all places together."""
        item = self.floor.known(PRODUCT, sku).bindings["exact"].external_id
        positions = self.state("exact")["sync/Inventory/StockPositions"]
        return sum((row["CurrentStock"] for row in positions if row["ItemId"] == item), Decimal(0))

    def settles_silently(self) -> None:
        """Everything arrives, nothing differs any more, and one more round writes nothing."""
        self.floor.settle()
        assert {} == self.floor.quiet_round()


def everywhere(value: Any) -> dict[str, Any]:
    return dict.fromkeys(CHANNELS, value)


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """Four systems in use, linked."""
    with opened(tmp_path_factory.mktemp("two"), CHANNELS, PLAIN, SYNC, products=22, customers=8) as floor:
        floor.match()
        made = Chain(floor)
        made.settles_silently()
        yield made


def test_what_both_shops_have_is_linked_once(chain: Chain) -> None:
    """Each product is one record with a binding on each of the four channels."""
    sku = next(chain.free)
    assert set(CHANNELS) == set(chain.floor.known(PRODUCT, sku).bindings)
    assert [] == chain.floor.differences()


def test_a_new_product_arrives_in_both_shops(chain: Chain) -> None:
    """The ERP's new item is created in each shop and in the till, with its price."""
    new = {"Code": "NIEUW-1", "Description": "Nieuw in huis", "SalesVatCode": "4", "IsSalesItem": True}
    chain.edit("exact", "create_product", **new, IsWebshopItem=1, price="12.50")
    chain.settles_silently()
    names = chain.shows(PRODUCT, "NIEUW-1", exact_online="Description", magento2="name", lightspeed_x="name")
    assert everywhere("Nieuw in huis") == names
    assert everywhere(Decimal("12.50")) == chain.prices("NIEUW-1")


def test_what_the_erp_no_longer_trades_is_sold_nowhere(chain: Chain) -> None:
    """Shops and till have no field for it: they do not show it until it is traded again."""
    sku = next(chain.free)
    flags = {"exact_online": "EndDate", "magento2": "status", "lightspeed_x": "is_active"}
    for ends, status, shown in ((day(-1), 2, False), (None, 1, True)):
        chain.edit("exact", "product", sku=sku, set={"EndDate": ends})
        chain.settles_silently()
        shows = chain.shows(PRODUCT, sku, **flags)
        assert [status, status, shown] == [shows[name] for name in ("webshop", "outlet", "store")]
        assert [] == chain.floor.differences()


def test_a_new_customer_of_the_till_arrives_in_both_shops(chain: Chain) -> None:
    """And in the ERP."""
    address = {"physical_address_1": "Kade 12", "physical_city": "Utrecht", "physical_postcode": "3511 AB"}
    new = {"first_name": "Nina", "last_name": "Nieuw", "email": "nina@example.com", "phone": "030 123 45 67"}
    chain.edit("store", "create_customer", **new, **address, physical_country_id="NL")
    chain.settles_silently()
    names = chain.shows(
        CUSTOMER, "nina@example.com", exact_online="Name", magento2="lastname", lightspeed_x="last_name"
    )
    assert {**everywhere("Nieuw"), "exact": "Nina Nieuw"} == names


def test_a_price_of_one_shop_arrives_in_the_other(chain: Chain) -> None:
    """Nobody takes the other shop's answer for this one's."""
    sku = next(chain.free)
    new = chain.prices(sku)["outlet"] + 1
    chain.edit("outlet", "price", sku=sku, amount=str(new))
    chain.settles_silently()
    assert everywhere(new) == chain.prices(sku)
    assert "outlet" == chain.floor.known(PRICE, sku, "retail|1|").record.agreed["amount"].by.channel


def test_sales_in_both_shops_and_at_the_till_add_up(chain: Chain) -> None:
    """Three pieces leave Gent: one by each shop, one over the counter."""
    sku = next(chain.free)
    chain.edit("exact", "stock", sku=sku, location="3", quantity=20)
    chain.settles_silently()
    for shop in ("webshop", "outlet"):
        order = "000009001"  # both give out the same numbers; the second one's have a prefix elsewhere
        chain.edit(shop, "order", reference=order, lines=[{"sku": sku, "quantity": 1}])
        chain.edit(shop, "invoice", order=order)
        chain.edit(shop, "ship", order=order, location="st_gent")
    chain.edit("store", "sale", sku=sku, quantity=1, location="Winkel Gent")
    chain.settles_silently()
    assert everywhere(17) == chain.in_gent(sku)


@pytest.mark.parametrize("returned", [False, True], ids=["without return", "with return"])
def test_a_refund_of_what_the_erp_has_delivered_takes_it_once(chain: Chain, returned: bool) -> None:
    """The shop ships one of three that are gone, and refunds the two that it never marked as sent."""
    sku, order = next(chain.free), f"00000910{returned:d}"
    chain.edit("exact", "stock", sku=sku, location="3", quantity=20)
    chain.settles_silently()
    begun = chain.in_the_erp(sku)
    lines = [{"sku": sku, "quantity": 3}]
    chain.edit("webshop", "order", reference=order, lines=lines)
    chain.edit("webshop", "invoice", order=order)
    chain.edit("exact", "import_order", reference=order, lines=lines, location="3")
    chain.edit("exact", "deliver", reference=order)
    chain.settles_silently()
    assert {**everywhere(17), "webshop": 20} == chain.in_gent(sku), "the shop will subtract them when it ships"
    chain.edit("webshop", "ship", order=order, location="st_gent", lines=[{"sku": sku, "quantity": 1}])
    chain.edit("webshop", "refund", order=order, lines=[{"sku": sku, "quantity": 2}], return_to_stock=returned)
    chain.settles_silently()
    assert everywhere(17) == chain.in_gent(sku)
    assert begun - 3 == chain.in_the_erp(sku), "wherever the shop took them off"
    assert [] == chain.floor.differences()


def test_a_customer_who_moves_in_one_shop_moves_in_the_other(chain: Chain) -> None:
    """The account of the one shop is not that of the other."""
    email = next(chain.people)
    before = chain.native("outlet", CUSTOMER, email)
    new = {"street": ["Maliebaan 14"], "postcode": "3581 CS", "city": "Utrecht", "country_id": "NL"}
    moved = [one | new if one.get("default_billing") else one for one in before["addresses"]]
    chain.edit("outlet", "customer", email=email, set={"addresses": moved})
    chain.settles_silently()
    assert "3581 CS" == chain.native("webshop", CUSTOMER, email)["billing"]["postcode"]
    assert "3581 CS" == chain.native("exact", CUSTOMER, email)["Postcode"]
    assert "3581 CS" == chain.native("store", CUSTOMER, email)["physical_postcode"]


def test_shops_that_disagree_are_asked_about_and_settled(chain: Chain) -> None:
    """Both shops give a product another name: one conflict, with both sides; the answer goes everywhere."""
    sku = next(chain.free)
    chain.edit("webshop", "product", sku=sku, set={"name": "Naam van de webwinkel"})
    chain.edit("outlet", "product", sku=sku, set={"name": "Naam van de uitverkoop"})
    chain.floor.settle()
    (conflict,) = chain.floor.conflicts()
    assert "Naam van de webwinkel" == conflict.sides["webshop"]
    assert "Naam van de uitverkoop" == conflict.sides["outlet"]
    answer_conflict(chain.floor.parts, conflict, Answer(conflict.revision, take="outlet"))
    chain.settles_silently()
    names = chain.shows(PRODUCT, sku, exact_online="Description", magento2="name", lightspeed_x="name")
    assert everywhere("Naam van de uitverkoop") == names


def test_a_till_s_product_without_a_price_gives_nobody_one(chain: Chain) -> None:
    """It is created everywhere, its price of 0 says nothing; the first one that is typed travels."""
    chain.edit("store", "create_product", sku="ZONDER-PRIJS", name="Nog zonder prijs", is_active=True)
    chain.settles_silently()
    with pytest.raises(StopIteration):
        chain.floor.known(PRICE, "ZONDER-PRIJS", "retail|1|")
    chain.edit("store", "price", sku="ZONDER-PRIJS", amount="12.50")
    chain.settles_silently()
    assert everywhere(Decimal("12.50")) == chain.prices("ZONDER-PRIJS")
