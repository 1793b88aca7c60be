"""config.example.toml is a configuration that works as it stands."""

from __future__ import annotations

import re
import tomllib
from datetime import time
from decimal import Decimal
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from connector.config import Brakes, Config, load_config
from connector.model.entity import Entity

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "config.example.toml"


def adapters() -> dict[str, Any]:
    """The shipped adapters, as the project's own entry points name them."""
    points = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["connector.adapters"]
    places = {name: place.split(":") for name, place in points.items()}
    if missing := [module for module, _ in places.values() if find_spec(module) is None]:
        pytest.skip(f"the example needs every shipped adapter; there is no {', '.join(missing)}")
    return {name: getattr(import_module(module), attribute) for name, (module, attribute) in places.items()}


@pytest.fixture(scope="module")
def example() -> Config:
    environ = {name: f"the value of {name}" for name in re.findall(r'"env:(\w+)"', EXAMPLE.read_text())}
    return load_config(EXAMPLE, environ=environ, adapters=adapters())


def test_the_example_can_be_loaded(example: Config) -> None:
    """Each adapter takes the keys that the example gives it, each mapping is there, each name leads somewhere."""
    assert 3 == len(example.channels)
    assert set(Entity) == set(example.sync)
    assert all(set(example.channels) == set(sync.channels) for sync in example.sync.values())


def test_what_it_shows_as_a_default_is_one(example: Config) -> None:
    """The values that the example writes out are those that a file without them has."""
    assert Brakes() == example.brakes
    product = example.sync[Entity.PRODUCT]
    assert (300, time(3), "overwrite", "owner", "archive") == (
        product.every_s,
        product.sweep,
        product.drift,
        product.initial,
        product.deletes,
    )


def test_it_means_what_its_comments_say(example: Config) -> None:
    """Owners, originators, views and trials are as the example explains them."""
    erp, shop, till = example.sync[Entity.PRODUCT].channels
    assert (shop, erp, till) == example.policy(Entity.PRODUCT, "description").rank
    assert "manual" == example.policy(Entity.PRODUCT, "name").rule
    assert frozenset({erp}) == example.policy(Entity.PRODUCT, "life").originators
    assert (erp, shop, till) == example.policy(Entity.CUSTOMER, "credit_limit").rank
    assert Decimal(2) == example.sync[Entity.STOCK].views[shop].buffer
    assert "journal:KASSA" == example.sync[Entity.STOCK].stock_of(erp).books
    assert example.channels[erp].read_only
