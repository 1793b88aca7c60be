"""A configuration that is right, and two adapters to name in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest
from pydantic import BaseModel, ConfigDict, SecretStr

from connector.config import Config, load_config
from connector.contract import Capabilities, EntityCapabilities
from connector.errors import ConfigError
from connector.model.entity import Entity

RIGHT = """\
[connector]
ledger = "sqlite:///var/ledger.db"

[channels.erp]
adapter = "ledgerly"
division = 7

[channels.shop]
adapter = "stall"
base_url = "https://shop.example"
token = "env:SHOP_TOKEN"
mapping = "mine.toml"
read_only = true
[channels.shop.settings]
weight_unit = "kg"

[locations.utrecht]
erp = "1"
shop = "wh_utr"

[prices.retail]
currency = "EUR"
vat = "included"
erp = "sales"
shop = "base"

[sync.product]
channels = ["erp", "shop"]

[sync.price]
channels = ["erp", "shop"]

[sync.stock]
channels = ["erp", "shop"]
"""


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Proxy(Strict):
    url: str
    password: SecretStr | None = None


class ShopOptions(Strict):
    base_url: str
    token: SecretStr
    tokens: list[SecretStr] = []
    speed: Literal["slow", "fast"] = "fast"
    proxy: Proxy | None = None


class ErpOptions(Strict):
    division: int


class Ledgerly:
    """An adapter of an invented ERP."""

    Options: ClassVar[type[BaseModel]] = ErpOptions
    default_limits = ()

    @staticmethod
    def describe() -> Capabilities:
        return Capabilities(entities={entity: EntityCapabilities() for entity in Entity})


class Stall(Ledgerly):
    """An adapter of an invented shop: it knows no customers."""

    Options: ClassVar[type[BaseModel]] = ShopOptions

    @staticmethod
    def describe() -> Capabilities:
        entities = (Entity.PRODUCT, Entity.PRICE, Entity.STOCK)
        return Capabilities(entities={entity: EntityCapabilities() for entity in entities})


ADAPTERS: Mapping[str, Any] = {"ledgerly": Ledgerly, "stall": Stall}
ENVIRON = {"SHOP_TOKEN": "t0ken-from-the-environment"}

Load = Callable[[str], Config]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Write this text as config.toml, and load it."""
    (tmp_path / "mine.toml").touch()

    def loaded(text: str) -> Config:
        path = tmp_path / "config.toml"
        path.write_text(text, encoding="utf-8")
        return load_config(path, environ=ENVIRON, adapters=ADAPTERS)

    return loaded


@pytest.fixture
def problems(load: Load) -> Callable[[str], list[str]]:
    """What is wrong with this text: each problem as ``LINE: WHAT (REMEDY)``."""

    def found(text: str) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            load(text)
        return [str(problem).rpartition("config.toml:")[2] for problem in caught.value.problems]

    return found
