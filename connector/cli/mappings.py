"""``connector mappings``: how fields translate."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import click

from connector import installed
from connector.cli.call import Call, shared
from connector.cli.exit import Exit
from connector.cli.scope import known
from connector.config import Config
from connector.errors import ConfigError, Problem
from connector.mapping.context import Context
from connector.mapping.laws import check_laws, run_tests, samples_of
from connector.mapping.lens import EntityMapping, Mapping_
from connector.mapping.load import load_mapping
from connector.mapping.shipped import shipped_mapping
from connector.model.entity import Entity

FILES = click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False))


@click.group()
def mappings() -> None:
    """Check, test and show how fields translate."""


@mappings.command("check")
@shared
@FILES
def check_mappings(call: Call, files: tuple[Path, ...]) -> None:
    """Check FILES, or the mappings of the configured channels, with their settings."""
    rows = [
        (name, entity, len(lens.fields))
        for name, mapping in chosen(call, files).items()
        for entity, lens in mapping.entities.items()
    ]
    columns = ("mapping", "entity", "fields")
    call.out.show([dict(zip(columns, row, strict=True)) for row in rows], lambda: call.out.table(columns, rows))


@mappings.command("test")
@shared
@FILES
def test_mappings(call: Call, files: tuple[Path, ...]) -> int:
    """Run the [[test]] blocks of FILES, or of the configured channels' mappings, and the laws of lenses."""
    results = [result for name, mapping in chosen(call, files).items() for result in _tested(name, mapping)]
    wrong = [result for result in results if result["wrong"]]
    call.out.show(results, lambda: _draw_results(call, results))
    return Exit.LEFT_OVER if wrong else Exit.DONE


@mappings.command("show")
@shared
@click.argument("channel")
@click.argument("entity", type=click.Choice([entity.value for entity in Entity]))
@click.argument("record", type=click.File("rb"))
@click.option("--part", default="", help="The kind of row, where the mapping has several (base, special, tier).")
@click.option("--list", "price_list", default="", help="The price list of the record, by its name in config.toml.")
def show_mapping(call: Call, channel: str, entity: str, record: IO[bytes], part: str, price_list: str) -> int:
    """Show a native RECORD of CHANNEL (a JSON file, - for stdin) through its mapping, field by field."""
    mapping = call.mapping(known("channel", channel, call.config.channels))
    lens = mapping.entities[Entity(known("entity", entity, mapping.entities))]
    rows = list(_through(lens, _native(record), _context(call.config, price_list), part))
    columns = ("field", "native", "there", "means", "problem")
    call.out.show(rows, lambda: call.out.table(columns, [tuple(row[name] for name in columns) for row in rows]))
    return Exit.LEFT_OVER if any(row["problem"] for row in rows) else Exit.DONE


def chosen(call: Call, files: tuple[Path, ...]) -> dict[str, Mapping_]:
    """The mappings meant: these files, else the configured channels', else every shipped one.

    Raises ConfigError with the problems of all of them at once.
    """
    found: dict[str, Mapping_] = {}
    problems: list[Problem] = []
    for name, load in _sources(call, files):
        try:
            found[name] = load()
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return found


def _sources(call: Call, files: tuple[Path, ...]) -> Iterator[tuple[str, Any]]:
    if files:
        for file in files:
            yield str(file), lambda file=file: load_mapping(file)
    elif call.config_path.exists():
        for name in sorted(call.scope.channels or call.config.channels):
            yield name, lambda name=name: call.mapping(name)
    else:
        for path in filter(Path.is_file, map(shipped_mapping, installed.adapters())):
            yield path.name, lambda path=path: load_mapping(path)


def _tested(name: str, mapping: Mapping_) -> Iterator[dict[str, Any]]:
    for result in run_tests(mapping):
        yield {"mapping": name, "test": result.name, "wrong": list(result.wrong)}
    breaches = check_laws(mapping, samples_of(mapping))
    told = sorted({f"{one.law}: {one.entity} {', '.join(one.names)}" for one in breaches})
    yield {"mapping": name, "test": "the laws of lenses", "wrong": told}


def _draw_results(call: Call, results: list[dict[str, Any]]) -> None:
    for result in results:
        call.out.line(f"{'✗' if result['wrong'] else '✓'} {result['mapping']}: {result['test']}")
        for wrong in result["wrong"]:
            call.out.line(f"    {wrong}")
    wrong = sum(bool(result["wrong"]) for result in results)
    call.out.line(f"{len(results)} tests, {wrong} failed.")


def _native(file: IO[bytes]) -> dict[str, Any]:
    try:
        record = json.loads(file.read(), parse_float=Decimal)
    except ValueError as error:
        raise click.UsageError(f"The record is not JSON: {error}.") from None
    if not isinstance(record, dict):
        raise click.UsageError("This is no record: a JSON object is wanted.")
    return record


def _context(config: Config, price_list: str) -> Context:
    prices = config.prices[known("price list", price_list, config.prices)] if price_list else None
    today = datetime.now(UTC).astimezone(config.timezone).date()
    return Context(today, config.timezone.key, config.country, prices)


def _through(lens: EntityMapping, native: dict[str, Any], context: Context, part: str) -> Iterator[dict[str, Any]]:
    """Each field: its native names, what is there, what it means, and why it could not be read."""
    picked = lens.pick(native, part)
    read = lens.get(picked, context, part)
    for name, one in lens.fields.items():
        problem = read.problems.get(name)
        yield {
            "field": name,
            "native": ", ".join(one.names),
            "there": one.raw(picked),
            "means": read.values.get(name),
            "problem": f"{problem} {problem.remedy}".strip() if problem else None,
        }
