"""What every test may use: where the contract recordings are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def contracts() -> Path:
    """The folder of contract recordings; skips with a reason where there is none, and fails in CI."""
    place = Path(os.environ.get("CONNECTOR_CONTRACTS", ROOT.parent / "shared" / "contracts"))
    if place.is_dir():
        return place
    reason = f"no contract recordings in {place}; set CONNECTOR_CONTRACTS to where they are"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
