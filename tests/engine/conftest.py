"""A chain with one product that is known everywhere, and one without anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.shop import Chain, chain, linked_chain


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Chain]:
    """Three systems and a ledger, with nothing in them."""
    with chain(tmp_path) as built:
        yield built


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Chain]:
    """A product ``A-1`` on every side, linked, with a price and ten pieces."""
    with linked_chain(tmp_path) as built:
        yield built
