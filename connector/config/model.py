"""What config.toml means once it is known to be right: frozen, resolved, cross-checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from connector.decide.merge import Policy
from connector.model.entity import Entity, Location, PriceList
from connector.model.fields import Rule

Drift = Literal["overwrite", "leave"]
Deletes = Literal["archive", "delete", "restore", "unlink", "ask"]
Direction = Literal["both", "in", "out"]


@dataclass(frozen=True)
class Listen:
    """Where the dashboard, the webhooks and the metrics are served."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class ChannelConfig:
    """One configured system.

    Attributes:
        options: the adapter's ``Options``, validated, secrets resolved.
        mapping_path: absolute.
        read_only: observe, merge and plan, but write nothing here.
        settings: what the mapping asks of a shop, unchecked: only the mapping knows it.
    """

    name: str
    adapter: str
    options: Any = field(repr=False)
    mapping_path: Path
    read_only: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class FieldPolicy:
    """What the file says of one field; None where it leaves it to the entity.

    ``initial`` is ``owner``, ``latest``, ``manual``, ``min``, ``max`` or a channel's name.
    """

    owner: str | None = None
    originate: tuple[str, ...] | None = None
    on_conflict: Rule | None = None
    drift: Drift | None = None
    initial: str | None = None


@dataclass(frozen=True)
class View:
    """What a channel without locations of its own shows: these, in the order in which its movements are booked."""

    locations: tuple[str, ...]
    buffer: Decimal = Decimal(0)


@dataclass(frozen=True)
class StockSettings:
    """How one channel takes part in stock.

    Attributes:
        counts: its stocktake documents set absolutes.
        books: how till sales that someone books there are recognised (``journal:KASSA``,
            ``customer:…``, ``user:…``); ``never`` where nobody books them; None where it was not said.
        order_reference: its field that holds the order number of the channel where the order was placed.
        order_prefix: what stands before this channel's own order numbers wherever others refer to them; None where
            it was not said. Two shops that number alike are told apart by it.
        direction: ``in``: only read there; ``out``: only written there.
    """

    counts: bool = False
    books: str | None = None
    order_reference: str | None = None
    direction: Direction = "both"
    order_prefix: str | None = None


@dataclass(frozen=True)
class SyncConfig:
    """How one entity is kept the same.

    Attributes:
        every_s: seconds between two looks at each channel, at best.
        sweep: the time of day (the shop's zone) of the complete listing; None: never.
        channels: who takes part; also the rank, after the owner.
        originate: who may change it; None where it was not said.
        fields: by canonical name (``life`` is ``active``).
        views, stock: by channel, for stock alone.
    """

    entity: Entity
    every_s: int
    sweep: time | None
    channels: tuple[str, ...]
    owner: str
    originate: tuple[str, ...] | None = None
    drift: Drift = "overwrite"
    initial: str = "owner"
    deletes: Deletes = "archive"
    fields: Mapping[str, FieldPolicy] = field(default_factory=dict)
    views: Mapping[str, View] = field(default_factory=dict)
    stock: Mapping[str, StockSettings] = field(default_factory=dict)

    def stock_of(self, channel: str) -> StockSettings:
        return self.stock.get(channel, StockSettings())


@dataclass(frozen=True)
class Brakes:
    """Shares are of an entity, over a rolling window, and count only above ``min_count``."""

    window_s: int = 86400
    min_count: int = 10
    max_delete_share: Decimal = Decimal("0.02")
    max_zero_share: Decimal = Decimal("0.05")
    max_change_share: Decimal = Decimal("0.30")
    price_factor: Decimal = Decimal(3)


@dataclass(frozen=True)
class Config:
    """The whole configuration. ``ledger_url`` and ``alerts`` may hold passwords: they are never shown."""

    path: Path
    ledger_url: str = field(repr=False)
    timezone: ZoneInfo
    country: str
    listen: Listen
    channels: Mapping[str, ChannelConfig]
    locations: Mapping[str, Location]
    prices: Mapping[str, PriceList]
    sync: Mapping[Entity, SyncConfig]
    brakes: Brakes
    alerts: tuple[str, ...] = field(repr=False)

    def policy(self, entity: Entity, name: str) -> Policy:
        """Who wins for one canonical field (``life`` is ``active``); the owner is the first in rank.

        Raises KeyError where the entity is not configured.
        """
        from connector.config.policy import merged

        return merged(self.sync[entity], name)

    def channels_of(self, entity: Entity) -> tuple[str, ...]:
        """The channels that take part in an entity, in rank order; () where it is not configured."""
        sync = self.sync.get(entity)
        return sync.channels if sync else ()
