"""A real Odoo for the tests: the one that runs for this folder, or one of their own, which goes with them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.odoo.client import Odoo, real_odoo_command, told_by
from tests.odoo.server import instance

#: Names the instance that another session lends to this one. Without it: the one that runs for this folder.
SHARED: Final = "CONNECTOR_SHARED_ODOO"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first test here may have to wait for a package and a template to be made; the longest one begins first."""
    items.sort(key=lambda item: item.path.name != "test_day.py")
    for item in items:
        if "real_odoo" in getattr(item, "fixturenames", ()) or "own_odoo" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.timeout(1500))


@pytest.fixture(scope="session")
def real_odoo() -> Iterator[Odoo]:
    """An Odoo 19 with two warehouses and two tills. It may have been used before: expect what you made, and no more."""
    name = os.environ.get(SHARED, "")
    if real_odoo_command(name, "status").returncode == 0:  # `up` tells the secrets, and leaves alone what runs
        yield Odoo(told_by(real_odoo_command(name, "up")))
        return
    yield from new_instance("shared")


@pytest.fixture
def own_odoo() -> Iterator[Odoo]:
    """An Odoo 19 that no other test uses, to be killed and the like."""
    yield from new_instance("own")


def left_over(names: list[str]) -> list[str]:
    """Those of the instances that belong to a test run whose process is no more."""
    owners = {name: re.fullmatch(r"tests-(\d+)-\w+", name) for name in names}
    return [name for name, owner in owners.items() if owner and not Path(f"/proc/{owner[1]}").exists()]


def new_instance(kind: str, *options: str) -> Iterator[Odoo]:
    """An instance for this process, taken away afterwards, along with those of test runs that were killed."""
    for left in left_over(instance.names()):
        real_odoo_command(left, "down", "--remove")
    name = f"tests-{os.getpid()}-{kind}"
    try:
        yield Odoo(told_by(real_odoo_command(name, "up", "--fresh", *options)))
    finally:
        removed = real_odoo_command(name, "down", "--remove")
        assert removed.returncode == 0, removed.stderr
        assert json.loads(removed.stdout)["name"] == name
