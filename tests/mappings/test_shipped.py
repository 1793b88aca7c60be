"""The mappings that are shipped: their own tests, and the laws of a lens under generated values."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.mapping.laws import TestResult, check_laws, run_tests
from connector.mapping.lens import Mapping_
from connector.mapping.load import load_mapping
from connector.model.entity import Entity
from tests.unit.mapping.strategies import samples, unhurried

SHIPPED = ("exact_online", "magento2", "lightspeed_x", "file_drop")


@cache
def shipped(name: str) -> Mapping_:
    return load_mapping(name)


def results() -> list[tuple[str, TestResult]]:
    return [(name, result) for name in SHIPPED for result in run_tests(shipped(name))]


@pytest.mark.parametrize(("name", "result"), results(), ids=lambda value: getattr(value, "name", value))
def test_the_tests_in_the_file_pass(name: str, result: TestResult) -> None:
    """Every example that a shipped mapping gives of itself is true."""
    assert () == result.wrong


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("entity", list(Entity))
def test_every_entity_is_mapped_and_exemplified(name: str, entity: Entity) -> None:
    """A shipped mapping covers all four entities, each with an example at least."""
    mapping = shipped(name)
    assert entity in mapping.entities
    assert any(test.entity == entity for test in mapping.tests)


KINDS = [(name, entity, part) for name in SHIPPED for entity in Entity for part in shipped(name).entities[entity].rows]


@pytest.mark.parametrize(("name", "entity", "part"), KINDS)
@given(data=st.data())
@unhurried
def test_the_laws_of_a_lens_hold(data: st.DataObject, name: str, entity: Entity, part: str) -> None:
    """What was read and is written back sends nothing; what is written reads as `through`, once and for all.

    Rows 4 and 29 of known-failures: else one lossy field sends a change back and forth for ever.
    """
    mapping = shipped(name)
    sample = data.draw(samples(mapping, entity, part))
    assert [] == check_laws(mapping, [sample])
