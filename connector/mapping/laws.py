"""A mapping's own tests, and the laws that every mapping obeys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from connector.mapping.compile import canonical_literal
from connector.mapping.context import Context
from connector.mapping.lens import EntityMapping, Mapping_
from connector.mapping.schema import GivenTable, TestTable
from connector.model.entity import Canonical, Entity, PriceList, Value
from connector.model.fields import spec_of


@dataclass(frozen=True)
class TestResult:
    """What became of one test; ``wrong`` is empty where it passed. Shows a mapping's own examples, never records."""

    __test__ = False

    name: str
    wrong: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.wrong


@dataclass(frozen=True)
class Breach:
    """A law that a record breaks: which one, on which fields or native names. Holds no value."""

    law: str
    entity: Entity
    names: tuple[str, ...]


@dataclass(frozen=True)
class Sample:
    """A record to try the laws on: what is there now, and values that are to be shown."""

    entity: Entity
    native: Mapping[str, Any]
    values: Canonical
    context: Context
    part: str = ""


def run_tests(mapping: Mapping_) -> list[TestResult]:
    """Run the ``[[test]]`` blocks of the file."""
    return [TestResult(test.name, tuple(_wrong(mapping, test))) for test in mapping.tests]


def _wrong(mapping: Mapping_, test: TestTable) -> Iterator[str]:
    lens = mapping.entities.get(test.entity)
    if lens is None:
        yield f"the file maps no {test.entity}"
    elif test.part and test.part not in lens.rows:
        yield f"{test.entity} has no kind of row {test.part}"
    elif test.remote is None:
        yield from _creating(lens, test)
    else:
        yield from _reading_and_changing(lens, test)


def _creating(lens: EntityMapping, test: TestTable) -> Iterator[str]:
    written = lens.put(_canonical(lens.entity, test.canonical), {}, _context(test.given), creating=True, part=test.part)
    yield from _unlike("sends", _sent(test), written.fields)
    yield from _unlike("refused", dict.fromkeys(test.refused), dict.fromkeys(written.problems))


def _reading_and_changing(lens: EntityMapping, test: TestTable) -> Iterator[str]:
    context, picked = _context(test.given), lens.pick(test.remote or {}, test.part)
    if not lens.in_scope(picked):
        yield "only: the record is out of scope"
    read = lens.get(picked, context, test.part)
    yield from _unlike("canonical", _canonical(lens.entity, test.canonical), read.values)
    back = lens.put(read.values, picked, context, part=test.part)
    yield from _unlike("back", test.back, back.fields)
    if test.changes_at is not None:
        day = lens.changes_at(picked, context, test.part)
        yield from _unlike("changes_at", {"": test.changes_at}, {"": day.isoformat() if day else None})
    change = {**read.values, **_canonical(lens.entity, test.change), **dict.fromkeys(test.empties)}
    written = lens.put(change, picked, context, part=test.part)
    yield from _unlike("sends", _sent(test), written.fields)
    yield from _unlike("refused", dict.fromkeys(test.refused), dict.fromkeys({**read.problems, **written.problems}))
    shown = lens.get({**picked, **written.fields}, context, test.part).values
    expected = {**_canonical(lens.entity, test.shows), **dict.fromkeys(test.hides)}
    yield from _unlike("shows", expected, {name: shown.get(name) for name in expected})


def _sent(test: TestTable) -> dict[str, Any]:
    return {**test.sends, **dict.fromkeys(test.clears)}


def _unlike(what: str, expected: Mapping[str, Any], actual: Mapping[str, Any]) -> Iterator[str]:
    """Where two tables differ; a name left out is null, except among names that are sent."""
    strict = what in ("sends", "back", "refused")
    for name in sorted({*expected, *actual}):
        if expected.get(name) != actual.get(name) or (strict and (name in expected) != (name in actual)):
            says, is_ = expected.get(name, "nothing"), actual.get(name, "nothing")
            yield f"{what}{'.' if name else ''}{name}: expected {says!r}, got {is_!r}"


def _context(given: GivenTable) -> Context:
    prices = None
    if given.list is not None:
        named: dict[str, Any] = {"name": "list", "currency": "EUR", "vat": "included", "scale": 2, "native": {}}
        prices = PriceList(**{**named, **given.list})
    return Context(date.fromisoformat(given.as_of), given.zone, given.country, prices, given.vat_class)


def _canonical(entity: Entity, table: Mapping[str, Any]) -> dict[str, Value]:
    """Canonical values as TOML writes them; members of a group that are left out are null."""
    found: dict[str, Value] = {}
    for name, value in table.items():
        spec = spec_of(entity, name)
        found[name] = value if spec is None else canonical_literal(spec, value)
    return found


def check_laws(mapping: Mapping_, samples: Iterable[Sample]) -> list[Breach]:
    """Which of the lens laws (sync-model 3) any of the samples breaks; [] where none."""
    return [breach for sample in samples for breach in _breaches(mapping.entities[sample.entity], sample)]


def samples_of(mapping: Mapping_) -> Iterator[Sample]:
    """Samples from the mapping's own tests: each record, to be shown the values of every test of its kind."""
    known = [test for test in mapping.tests if test.entity in mapping.entities]
    for here in known:
        for other in known:
            if here.remote is not None and (here.entity, here.part) == (other.entity, other.part):
                values = _canonical(here.entity, {**other.canonical, **other.change})
                yield Sample(here.entity, here.remote, values, _context(here.given), here.part)


def _breaches(lens: EntityMapping, sample: Sample) -> Iterator[Breach]:
    context, part = sample.context, sample.part
    before = lens.pick(sample.native, part)
    seen = lens.get(before, context, part).values

    def breach(law: str, names: Iterable[str]) -> Iterator[Breach]:
        if found := tuple(names):
            yield Breach(law, lens.entity, found)

    yield from breach("get-put", lens.put(seen, before, context, part=part).fields)
    written = lens.put(sample.values, before, context, part=part)
    after = {**before, **written.fields}
    shown = lens.get(after, context, part).values
    expected = lens.through(sample.values, before, context, part)
    writable = [name for name in expected if name in shown and _can_write(lens, name) and name not in written.problems]
    yield from breach("put-get", (name for name in writable if shown.get(name) != expected[name]))
    yield from breach("through twice", _changed(expected, lens.through(expected, before, context, part)))
    yield from breach("settled", lens.put(sample.values, after, context, part=part).fields)


def _can_write(lens: EntityMapping, field: str) -> bool:
    return lens.writable(field, creating=False)


def _changed(first: Canonical, second: Canonical) -> Iterator[str]:
    return (name for name in first if second.get(name) != first[name])
