"""What every test may use: where the contract recordings are, and whether a test misses what is taken away."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.mutants.killing import assert_killed

__all__ = ["assert_killed"]

pytest.register_assert_rewrite("tests.day.scenario")

#: scripts/soak: wider and longer worlds than a test run has time for.
settings.register_profile("long", max_examples=1000, stateful_step_count=100, deadline=None)

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
