"""What no single table can know: names that must exist elsewhere, and settings that contradict each other."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from connector.config import schema
from connector.config.model import Config, SyncConfig
from connector.config.policy import canonical_name, fits, is_field, known_fields
from connector.contract import AdapterType
from connector.model.binding import OPERATOR
from connector.model.entity import DEPENDENT, Entity
from connector.model.fields import spec_of
from connector.toml_lines import Path
from connector.toml_report import Report, dotted

_CHANNEL_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]*")
_PRICE_KEYS: Final = frozenset(schema.PriceTable.model_fields)
_STOCK_KEYS: Final = frozenset(schema.StockTable.model_fields)

_RESERVED: Final = _PRICE_KEYS | _STOCK_KEYS | schema.INITIAL | {OPERATOR}


def check_names(tables: Mapping[str, Any], report: Report) -> None:
    """Report each name in the file that names nothing.

    Works on the raw tables, so that what is wrong in one of them hides nothing in another.
    """
    channels = _table(tables, "channels")
    for name in channels:
        _check_channel_name(name, report)
    for kind, own in (("locations", frozenset[str]()), ("prices", _PRICE_KEYS)):
        for name, table in _tables(tables, kind):
            for channel in table:
                if channel not in own and channel not in channels:
                    known = {*own, *channels}
                    report.unknown((kind, name, channel), "channel" if not own else "key or channel", channel, known)
    for entity, table in _tables(tables, "sync"):
        _check_sync(entity, table, channels, _table(tables, "locations"), report)


def check_meaning(config: Config, adapters: Mapping[str, AdapterType], report: Report) -> None:
    """Report what is well written and cannot work."""
    for entity, sync in config.sync.items():
        _check_abilities(config, entity, sync, adapters, report)
        if entity in DEPENDENT and Entity.PRODUCT in config.sync:
            _check_products(sync, config.sync[Entity.PRODUCT], report)
    if Entity.STOCK in config.sync:
        _check_places(config, config.sync[Entity.STOCK], report)
    if Entity.PRICE in config.sync:
        _check_lists(config, config.sync[Entity.PRICE], report)
    _check_unique("locations", {name: place.native for name, place in config.locations.items()}, report)
    _check_unique("prices", {name: one.native for name, one in config.prices.items()}, report)
    for name, one in config.prices.items():
        if one.vat == "included" and one.scale > 2:
            what = f"prices.{name}.scale: a list with VAT included has at most 2 decimals"
            report.add(("prices", name, "scale"), what, 'write scale = 2, or vat = "excluded"')


# Names -------------------------------------------------------------------------------------------


def _table(tables: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = tables.get(name, {})
    return found if isinstance(found, dict) else {}


def _tables(tables: Mapping[str, Any], name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    return ((key, table) for key, table in _table(tables, name).items() if isinstance(table, dict))


def _check_channel_name(name: str, report: Report) -> None:
    if not _CHANNEL_NAME.fullmatch(name):
        remedy = "use small letters, digits, - and _"
        report.add(("channels", name), f"{name} cannot be the name of a channel", remedy)
    elif name in _RESERVED:
        remedy = "the word has a meaning of its own in this file; choose another"
        report.add(("channels", name), f"{name} cannot be the name of a channel", remedy)


def _check_sync(
    entity: str, table: Mapping[str, Any], channels: Collection[str], locations: Collection[str], report: Report
) -> None:
    at = ("sync", entity)
    for path, name in _named(table, at, "channels"):
        if name not in channels:
            report.unknown(path, "channel", name, channels)
    taking_part = [name for _, name in _named(table, at, "channels")]
    for name in {name for name in taking_part if taking_part.count(name) > 1}:
        report.add((*at, "channels"), f"{dotted(at)}.channels names {name} twice", "name it once")
    _check_participants(table, at, channels, taking_part, report)
    if entity == Entity.STOCK:
        _check_stock_names(table, channels, taking_part, locations, report)
    elif entity in set(Entity):
        _check_fields(Entity(entity), table, channels, taking_part, report)


def _named(table: Mapping[str, Any], at: Path, key: str) -> Iterator[tuple[Path, str]]:
    """The names under a key that holds one or a list of them, each with its path."""
    found = table.get(key)
    if isinstance(found, str):
        yield (*at, key), found
    for index, name in enumerate(found if isinstance(found, list) else ()):
        if isinstance(name, str):
            yield (*at, key, index), name


def _check_participants(
    table: Mapping[str, Any], at: Path, channels: Collection[str], taking_part: Collection[str], report: Report
) -> None:
    for key in ("owner", "originate", "initial"):
        for path, name in _named(table, at, key):
            if key == "initial" and name not in channels:
                _check_initial(name, path, channels, report)
            else:
                _check_participant(name, path, channels, taking_part, report)


def _check_initial(name: str, path: Path, channels: Collection[str], report: Report) -> None:
    if name not in schema.INITIAL:
        report.unknown(path, "rule or channel", name, {*schema.INITIAL, *channels})


def _check_participant(
    name: str, path: Path, channels: Collection[str], taking_part: Collection[str], report: Report
) -> None:
    if name not in channels:
        report.unknown(path, "channel", name, channels)
    elif name not in taking_part:
        remedy = f"add it to sync.{path[1]}.channels, or take it out here"
        report.add(path, f"{name} takes no part in sync.{path[1]}", remedy)


def _check_fields(
    entity: Entity, table: Mapping[str, Any], channels: Collection[str], taking_part: Collection[str], report: Report
) -> None:
    fields = dict(_tables(table, "fields"))
    for name, policy in fields.items():
        at = ("sync", entity.value, "fields", name)
        rule = str(policy.get("on_conflict"))
        if not is_field(entity, name):
            report.unknown(at, f"field of a {entity}", name, known_fields(entity))
        elif not fits(rule, spec_of(entity, canonical_name(name))):
            remedy = "union is for sets, min and max are for numbers, flags and days"
            report.add((*at, "on_conflict"), f"{name} cannot be settled by {rule}", remedy)
        if name != canonical_name(name) and canonical_name(name) in fields:
            report.add(at, f"{name} and {canonical_name(name)} are one field", "keep one of the two tables")
        _check_participants(policy, at, channels, taking_part, report)


def _check_stock_names(
    table: Mapping[str, Any],
    channels: Collection[str],
    taking_part: Collection[str],
    locations: Collection[str],
    report: Report,
) -> None:
    at = ("sync", "stock")
    for name, settings in table.items():
        if name in _STOCK_KEYS:
            continue
        if isinstance(settings, dict) and name in channels:
            _check_participant(name, (*at, name), channels, taking_part, report)
        else:
            report.unknown((*at, name), "key or channel", name, {*_STOCK_KEYS, *channels})
    for name, view in _tables(table, "views"):
        _check_participant(name, (*at, "views", name), channels, taking_part, report)
        for path, location in _named(view, (*at, "views", name), "locations"):
            if location not in locations:
                report.unknown(path, "location", location, locations)


# Meaning -----------------------------------------------------------------------------------------


def _check_abilities(
    config: Config, entity: Entity, sync: SyncConfig, adapters: Mapping[str, AdapterType], report: Report
) -> None:
    for index, name in enumerate(sync.channels):
        channel = config.channels.get(name)
        if channel is not None and entity not in adapters[channel.adapter].describe().entities:
            what = f"{name} cannot take part in {entity}: adapter {channel.adapter} has none"
            report.add(("sync", entity, "channels", index), what, f"take {name} out of the list")


def _check_products(sync: SyncConfig, products: SyncConfig, report: Report) -> None:
    """A price or a stock figure is owed only where its product is bound (sync-model 5.9)."""
    for index, name in enumerate(sync.channels):
        if name not in products.channels:
            what = f"{name} takes part in {sync.entity}, but not in product"
            report.add(("sync", sync.entity, "channels", index), what, f"add {name} to sync.product.channels")


def _check_places(config: Config, sync: SyncConfig, report: Report) -> None:
    for index, name in enumerate(sync.channels):
        if name not in sync.views and not any(name in place.native for place in config.locations.values()):
            remedy = f'add {name} = "…" to a table [locations.…], or a table [sync.stock.views.{name}]'
            report.add(("sync", "stock", "channels", index), f"{name} takes part in stock at no location", remedy)


def _check_lists(config: Config, sync: SyncConfig, report: Report) -> None:
    for index, name in enumerate(sync.channels):
        if not any(name in one.native for one in config.prices.values()):
            remedy = f'add {name} = "…" to a table [prices.…]'
            report.add(("sync", "price", "channels", index), f"{name} takes part in price with no price list", remedy)


def _check_unique(kind: str, tables: Mapping[str, Mapping[str, str]], report: Report) -> None:
    """One code on one channel means one place or one list."""
    users: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, native in tables.items():
        for channel, code in native.items():
            users[channel, code].append(name)
    for (channel, code), names in users.items():
        if len(names) > 1:
            what = f"{kind} {' and '.join(names)} are both {code} on {channel}"
            report.add((kind, names[-1], channel), what, "give each its own code")
