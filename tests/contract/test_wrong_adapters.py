"""The conformance suite notices what is wrong: the adapter of the skeleton, with one mistake each, fails its test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from connector.cli.skeleton import package_of
from connector.errors import ConnectorError
from connector.model.entity import Entity
from connector.testing.conformance import Conformance
from connector.testing.subject import Subject
from tests.contract.outside import outside

NAME = "flawed"
PACKAGE = package_of(NAME)
PRODUCT, CUSTOMER, PRICE, STOCK = Entity.PRODUCT, Entity.CUSTOMER, Entity.PRICE, Entity.STOCK
CHANNEL, MEMORY = f"{PACKAGE}/channel.py", "tests/in_memory.py"

Opened = Callable[..., Subject]

#: What is wrong → where, what stands there, what stands there instead; the test that fails, and on what.
FLAWS: dict[str, tuple[str, str, str, str, tuple[Entity, ...]]] = {
    "a cursor is read on from itself, without its overlap": (
        CHANNEL,
        "datetime.fromisoformat(cursor) - overlap",
        "datetime.fromisoformat(cursor)",
        "test_late_commits_are_seen",
        (PRODUCT, CUSTOMER, PRICE, STOCK),
    ),
    "a write compares with nothing": (
        CHANNEL,
        "        _as_last_seen(entity, write, there)\n",
        "",
        "test_a_newer_edit_is_not_overwritten",
        (PRODUCT, CUSTOMER, PRICE, STOCK),
    ),
    "what moved on is overwritten, and called stale": (
        CHANNEL,
        "        _as_last_seen(entity, write, there)\n"
        "        return self._api.updated(entity, write.external_id, write.fields, text(there, VERSION))",
        "        done = self._api.updated(entity, write.external_id, write.fields, text(there, VERSION))\n"
        "        _as_last_seen(entity, write, there)\n        return done",
        "test_a_newer_edit_is_not_overwritten",
        (PRODUCT, CUSTOMER, PRICE, STOCK),
    ),
    "a look-up does not see what was just made": (
        CHANNEL,
        "if held == key.text",
        "if held == key.text and row.version == 'none'",
        "test_a_key_that_is_there_makes_no_second",
        (PRODUCT, CUSTOMER),
    ),
    "a key is taken twice, and nobody said so": (
        MEMORY,
        "        if taken:\n",
        "        if taken and entity is Entity.STOCK:\n",
        "test_a_key_that_is_there_makes_no_second",
        (PRODUCT, CUSTOMER),
    ),
    "a second reading shows something else": (
        f"{PACKAGE}/rows.py",
        "native=native,",
        "native=dict.fromkeys(native, __import__('time').perf_counter_ns()),",
        "test_what_is_read_twice_is_harmless",
        (PRODUCT, CUSTOMER, PRICE, STOCK),
    ),
    "refused credentials are tried again": (
        MEMORY,
        '"locked": AuthFailed(',
        '"locked": Transient(',
        "test_refused_credentials_are_for_a_person",
        (PRODUCT, STOCK),
    ),
    "a system that is down calls a person": (
        MEMORY,
        '"down": Transient(',
        '"down": AuthFailed(',
        "test_a_system_that_is_down_is_asked_again_later",
        (PRODUCT, STOCK),
    ),
    "a secret is told": (
        MEMORY,
        '"locked": AuthFailed("the token is refused")',
        '"locked": AuthFailed(f"the token {_TOKEN} is refused")',
        "test_refused_credentials_are_for_a_person",
        (PRODUCT, STOCK),
    ),
}


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """Makes the skeleton, with one text in one file replaced, and opens its channel on a system in memory."""
    with ExitStack() as stack:

        def open_(*flaw: str) -> Subject:
            file, stands, instead = flaw
            remote = stack.enter_context(outside(NAME, tmp_path, (file, stands, instead))).MemoryRemote()
            return Subject(remote, remote.adapter.open(remote.opening))

        yield open_


def passes(test: str, subject: Subject, *entity: Entity) -> bool:
    """Whether the adapter passes one test of the suite; a test that is skipped says nothing, and fails this one."""
    try:
        getattr(Conformance(), test)(subject, *entity)
    except (AssertionError, ConnectorError, pytest.fail.Exception):
        return False
    except pytest.skip.Exception as skipped:
        raise AssertionError(f"{test} is skipped: {skipped}") from skipped
    return True


@pytest.mark.parametrize("flaw", FLAWS)
def test_a_flaw_is_noticed(opened: Opened, flaw: str) -> None:
    """The test that is there for it fails, for each entity that has it."""
    file, stands, instead, test, entities = FLAWS[flaw]
    subject = opened(file, stands, instead)
    assert [] == [entity for entity in entities if passes(test, subject, entity)]


def test_without_a_flaw_the_same_tests_pass(opened: Opened) -> None:
    """What notices a flaw is silent where there is none."""
    subject = opened(CHANNEL, "One channel", "One channel")
    checks: set[tuple[Any, ...]] = {(test, entity) for *_, test, entities in FLAWS.values() for entity in entities}
    assert [] == sorted(check for check in checks if not passes(check[0], subject, check[1]))


def test_a_channel_that_never_notices_deletions_is_told(opened: Opened) -> None:
    """Neither by its feed nor by a sweep: what is deleted there would stay everywhere else for ever."""
    file = f"{PACKAGE}/capabilities.py"
    subject = opened(file, "sweep_concludes_gone=True", "sweep_concludes_gone=False")
    assert not passes("test_deletions_can_be_noticed", subject)
