"""The only place that joins configuration, ledger, adapters and clock."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from connector import installed
from connector.config.model import ChannelConfig, Config, StockSettings
from connector.contract import AdapterType, Budget, Channel, Opening, TokenStore
from connector.errors import ConfigError, Problem
from connector.ledger.budget import Allowance, ChannelBudget
from connector.ledger.credentials import ChannelTokens, open_vault
from connector.ledger.engine import Database, open_ledger
from connector.ledger.store import Ledger
from connector.mapping.lens import Mapping_
from connector.mapping.load import load_mapping
from connector.model.entity import Entity
from connector.parts import Parts
from connector.redaction import KeptOutOfLogs, learn_mapping
from connector.topology import Side, Topology


def utc_now() -> datetime:
    return datetime.now(UTC)


def load_mappings(config: Config) -> dict[str, Mapping_]:
    """Every channel's mapping with the shop's settings; raises ConfigError with the problems of all of them."""
    loaded: dict[str, Mapping_] = {}
    problems: list[Problem] = []
    for name, channel in config.channels.items():
        try:
            loaded[name] = load_mapping(
                channel.mapping_path, channel.settings, place=f"{config.path.name} [channels.{name}.settings]"
            )
            learn_mapping(loaded[name])
        except ConfigError as error:
            problems.extend(error.problems)
    if problems:
        raise ConfigError(list(dict.fromkeys(problems)))
    return loaded


def topology_of(config: Config, mappings: Mapping[str, Mapping_], adapters: Mapping[str, AdapterType]) -> Topology:
    sides = {
        name: Side(
            name, channel.adapter, mappings[name].entities, adapters[channel.adapter].describe(), channel.read_only
        )
        for name, channel in config.channels.items()
    }
    return Topology(config, sides)


class Channels:
    """Channels by name, opened when first used and closed together. Each belongs to one thread at a time."""

    def __init__(self, opened: Callable[[str], Channel]) -> None:
        self._open = opened
        self._channels: dict[str, Channel] = {}
        self._lock = threading.Lock()

    def __call__(self, name: str) -> Channel:
        with self._lock:
            if name not in self._channels:
                self._channels[name] = self._open(name)
            return self._channels[name]

    def close(self) -> None:
        for channel in self._channels.values():
            channel.close()
        self._channels.clear()


def opening(
    config: Config,
    channel: ChannelConfig,
    mapping: Mapping_,
    tokens: TokenStore,
    budget: Budget,
    now: Callable[[], datetime],
    stop: threading.Event,
) -> Opening:
    """What an adapter is handed: its own keys, the names its mapping reads, and its share of the ledger."""
    name = channel.name
    stock = config.sync[Entity.STOCK].stock_of(name) if Entity.STOCK in config.sync else StockSettings()
    return Opening(
        channel=name,
        options=channel.options,
        settings=mapping.settings,
        names={entity: one.native_names for entity, one in mapping.entities.items()},
        locations=[where.native[name] for where in config.locations.values() if name in where.native],
        lists=[prices.native[name] for prices in config.prices.values() if name in prices.native],
        tokens=tokens,
        budget=budget,
        now=now,
        sleep=lambda seconds: _sleep(stop, seconds),
        books="" if stock.books in (None, "never") else stock.books,
        order_reference=stock.order_reference or "",
        counts=stock.counts,
    )


def _sleep(stop: threading.Event, seconds: float) -> None:
    stop.wait(seconds)


@contextmanager
def assembled(
    config: Config,
    *,
    database: Database | None = None,
    now: Callable[[], datetime] = utc_now,
    stop: threading.Event | None = None,
    adapters: Mapping[str, AdapterType] | None = None,
    accounts: Database | None = None,
    **parts: Any,
) -> Iterator[Parts]:
    """Everything a command or the daemon works with; closed at the end.

    Args:
        database: instead of the configured ledger (a scratch copy for ``plan``).
        accounts: where tokens and budgets are kept; the real ledger also for ``plan``.
        adapters: instead of those that entry points name.
        parts: further fields of :class:`Parts` (``progress``, ``log``).
    """
    known = installed.adapters() if adapters is None else adapters
    mappings = load_mappings(config)
    topology = topology_of(config, mappings, known)
    opened = database or open_ledger(config.ledger_url)
    books = accounts or opened
    halt = stop or threading.Event()
    channels = Channels(lambda name: open_channel(config, name, mappings[name], known, books, now, halt))

    def budget_of(name: str) -> Sequence[Allowance]:
        limits = known[config.channels[name].adapter].default_limits
        return ChannelBudget(books, name, limits, now=now).allowances()

    parts.setdefault("budget_of", budget_of)
    try:
        yield Parts(topology, Ledger(opened, now, uuid.uuid4().hex[:8]), channels, now, halt, **parts)
    finally:
        channels.close()
        if database is None:
            opened.close()


def open_channel(
    config: Config,
    name: str,
    mapping: Mapping_,
    adapters: Mapping[str, AdapterType],
    books: Database,
    now: Callable[[], datetime],
    stop: threading.Event,
) -> Channel:
    """One channel, with its tokens and its budget."""
    channel = config.channels[name]
    adapter = adapters[channel.adapter]
    return adapter.open(opening_of(config, name, mapping, adapter, books, now, stop))


def opening_of(
    config: Config,
    name: str,
    mapping: Mapping_,
    adapter: AdapterType,
    books: Database,
    now: Callable[[], datetime],
    stop: threading.Event,
) -> Opening:
    tokens = KeptOutOfLogs(ChannelTokens(open_vault(books), name))
    budget = ChannelBudget(books, name, adapter.default_limits, now=now)
    return opening(config, config.channels[name], mapping, tokens, budget, now, stop)
