"""What a right configuration means."""

from __future__ import annotations

from datetime import time
from decimal import Decimal
from pathlib import Path

import pytest

from connector.config import Brakes, Listen, StockSettings, View
from connector.decide.merge import Policy
from connector.model.entity import Entity, Location, PriceList
from tests.unit.config.conftest import ENVIRON, RIGHT, Load


def test_what_is_left_out_has_a_stated_default(load: Load) -> None:
    """A short file is a whole configuration: everything else has the default that the manual names."""
    config = load(RIGHT)
    assert "Europe/Amsterdam" == config.timezone.key
    assert "NL" == config.country
    assert Listen("127.0.0.1", 8300) == config.listen
    assert Brakes() == config.brakes
    assert 300 == config.sync[Entity.PRODUCT].every_s
    assert 30 == config.sync[Entity.STOCK].every_s
    assert time(3) == config.sync[Entity.STOCK].sweep
    assert "erp" == config.sync[Entity.PRODUCT].owner
    assert "archive" == config.sync[Entity.PRODUCT].deletes


def test_paths_are_relative_to_the_file(load: Load, tmp_path: Path) -> None:
    """The ledger and a mapping lie beside config.toml, wherever the command was started."""
    config = load(RIGHT)
    assert f"sqlite:///{tmp_path}/var/ledger.db" == config.ledger_url
    assert tmp_path / "mine.toml" == config.channels["shop"].mapping_path


def test_a_channel_without_a_mapping_uses_the_shipped_one(load: Load) -> None:
    """The mapping that is shipped for the adapter is used where none is named."""
    assert Path("mappings/ledgerly.toml").parts == load(RIGHT).channels["erp"].mapping_path.parts[-2:]


def test_the_adapters_own_keys_become_its_options(load: Load) -> None:
    """The common keys are the channel's, and everything else is the adapter's, with secrets in place."""
    channel = load(RIGHT).channels["shop"]
    assert "https://shop.example" == channel.options.base_url
    assert ENVIRON["SHOP_TOKEN"] == channel.options.token.get_secret_value()
    assert channel.read_only
    assert {"weight_unit": "kg"} == channel.settings


def test_places_and_lists_know_their_name_on_each_channel(load: Load) -> None:
    """A location and a price list are one thing with a name per channel."""
    config = load(RIGHT)
    assert Location("utrecht", {"erp": "1", "shop": "wh_utr"}) == config.locations["utrecht"]
    assert PriceList("retail", "EUR", "included", 2, {"erp": "sales", "shop": "base"}) == config.prices["retail"]


def test_a_stock_channel_says_how_it_takes_part(load: Load) -> None:
    """A table named after a channel below [sync.stock] holds what is particular to it."""
    more = """
[sync.stock.views.shop]
locations = ["utrecht"]
buffer = 2
[sync.stock.erp]
counts = true
books = "journal:KASSA"
order_reference = "YourRef"
direction = "in"
"""
    stock = load(RIGHT + more).sync[Entity.STOCK]
    assert {"shop": View(("utrecht",), Decimal(2))} == stock.views
    assert StockSettings(True, "journal:KASSA", "YourRef", "in") == stock.stock_of("erp")
    assert StockSettings() == stock.stock_of("shop")


def test_numbers_are_exact(load: Load) -> None:
    """A share is read from its text, never through a float; a whole number will do."""
    brakes = load(RIGHT + '[brakes]\nwindow = "12h"\nmax_zero_share = 0.1\nprice_factor = 3\n').brakes
    assert Brakes(window_s=43200, max_zero_share=Decimal("0.1")) == brakes


@pytest.mark.parametrize(("written", "seconds"), [("1s", 1), ("30s", 30), ("5m", 300), ("2h", 7200), ("1d", 86400)])
def test_durations(load: Load, written: str, seconds: int) -> None:
    """A duration is a whole number and its unit."""
    config = load(RIGHT.replace("[sync.price]", f'[sync.price]\nevery = "{written}"'))
    assert seconds == config.sync[Entity.PRICE].every_s


def test_a_sweep_can_be_switched_off(load: Load) -> None:
    """``never`` means that no complete listing is made by the clock."""
    assert load(RIGHT.replace("[sync.price]", '[sync.price]\nsweep = "never"')).sync[Entity.PRICE].sweep is None


@pytest.mark.parametrize(
    ("written", "expected"), [("[::1]:8300", Listen("::1", 8300)), ("0.0.0.0:80", Listen("0.0.0.0", 80))]
)
def test_the_dashboards_address(load: Load, written: str, expected: Listen) -> None:
    """An address reads back as it was written, in both families."""
    listen = load(RIGHT.replace("[connector]", f'[connector]\nlisten = "{written}"')).listen
    assert expected == listen
    assert written == str(listen)


POLICIES = """
[sync.product.fields.description]
owner = "shop"
drift = "leave"
initial = "latest"
[sync.product.fields.name]
on_conflict = "latest"
originate = ["shop"]
"""


@pytest.mark.parametrize(
    ("story", "entity", "field", "expected"),
    [
        (
            "the entity's own",
            Entity.PRODUCT,
            "brand",
            Policy(frozenset({"erp", "shop"}), ("erp", "shop")),
        ),
        (
            "the canonical model names a rule",
            Entity.PRODUCT,
            "sku",
            Policy(frozenset({"erp", "shop"}), ("erp", "shop"), rule="manual"),
        ),
        (
            "the file gives it another owner, who is then first in rank",
            Entity.PRODUCT,
            "description",
            Policy(frozenset({"erp", "shop"}), ("shop", "erp"), initial="latest", drift="leave"),
        ),
        (
            "the file names rule and originators",
            Entity.PRODUCT,
            "name",
            Policy(frozenset({"shop"}), ("erp", "shop"), rule="latest"),
        ),
        (
            "only the owner retires a thing",
            Entity.PRODUCT,
            "active",
            Policy(frozenset({"erp"}), ("erp", "shop"), life=True),
        ),
        ("life is active", Entity.PRODUCT, "life", Policy(frozenset({"erp"}), ("erp", "shop"), life=True)),
        (
            "movements add up",
            Entity.STOCK,
            "on_hand",
            Policy(frozenset({"erp", "shop"}), ("erp", "shop"), rule="delta"),
        ),
    ],
)
def test_a_field_policy_is_merged(load: Load, story: str, entity: Entity, field: str, expected: Policy) -> None:
    """The field's own words go before the entity's, and those before the canonical model's."""
    assert expected == load(RIGHT + POLICIES).policy(entity, field)


def test_a_channel_that_is_only_written_originates_no_stock(load: Load) -> None:
    """Stock that flows one way, out, takes no movement from there."""
    config = load(RIGHT + '[sync.stock.shop]\ndirection = "out"\n')
    assert frozenset({"erp"}) == config.policy(Entity.STOCK, "on_hand").originators


def test_life_can_be_given_to_others(load: Load) -> None:
    """``[sync.product.fields.life]`` says who may retire a product, under the name that it has there."""
    config = load(RIGHT + '[sync.product.fields.life]\noriginate = ["erp", "shop"]\n')
    assert frozenset({"erp", "shop"}) == config.policy(Entity.PRODUCT, "active").originators


def test_an_entity_that_is_not_configured_has_no_channels(load: Load) -> None:
    """Nobody takes part in an entity that the file does not name."""
    config = load(RIGHT)
    assert () == config.channels_of(Entity.CUSTOMER)
    assert ("erp", "shop") == config.channels_of(Entity.STOCK)
