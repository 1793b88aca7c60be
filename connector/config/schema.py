"""The tables of config.toml as they are written. Names are fixed: people's files depend on them."""

from __future__ import annotations

from datetime import time
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from connector.config.model import Deletes, Direction, Drift, Listen
from connector.config.values import (
    Address,
    Books,
    Country,
    Currency,
    Duration,
    Number,
    Share,
    Sweep,
    Text,
    Zone,
)


class Table(BaseModel):
    """A table whose keys are all known."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class OpenTable(BaseModel):
    """A table whose other keys are names that the file itself gives, or belong to an adapter."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    @property
    def others(self) -> dict[str, Any]:
        return dict(self.model_extra or {})


class ConnectorTable(Table):
    ledger: Text = "sqlite:///var/ledger.db"
    timezone: Zone = ZoneInfo("Europe/Amsterdam")
    country: Country = "NL"
    listen: Address = Listen("127.0.0.1", 8300)


class ChannelTable(OpenTable):
    adapter: Text
    mapping: Text | None = None
    read_only: bool = False
    settings: dict[str, Any] = Field(default_factory=dict)


class PriceTable(OpenTable):
    currency: Currency
    vat: Literal["included", "excluded"]
    scale: int = Field(default=2, ge=0, le=6)


class FieldTable(Table):
    owner: Text | None = None
    originate: list[Text] | None = None
    on_conflict: Literal["owner", "latest", "manual", "union", "min", "max"] | None = None
    drift: Drift | None = None
    initial: Text | None = None


class SyncTable(Table):
    every: Duration = 300
    sweep: Sweep = time(3, 0)
    channels: list[Text] = Field(min_length=1)
    owner: Text | None = None
    originate: list[Text] | None = None
    drift: Drift = "overwrite"
    initial: Text = "owner"
    deletes: Deletes = "archive"
    fields: dict[str, FieldTable] = Field(default_factory=dict)


class ViewTable(Table):
    locations: list[Text] = Field(min_length=1)
    buffer: Number = Field(default=Decimal(0), ge=0)


class StockChannelTable(Table):
    counts: bool = False
    books: Books | None = None
    order_reference: Text | None = None
    order_prefix: str | None = None
    direction: Direction = "both"


class StockTable(OpenTable):
    """Stock: movements add up, so there are no fields to own; each other key is a channel's table."""

    every: Duration = 30
    sweep: Sweep = time(3, 0)
    channels: list[Text] = Field(min_length=1)
    owner: Text | None = None
    originate: list[Text] | None = None
    drift: Drift = "overwrite"
    initial: Text = "owner"
    deletes: Deletes = "archive"
    views: dict[str, ViewTable] = Field(default_factory=dict)


class BrakesTable(Table):
    window: Duration = 86400
    min_count: int = Field(default=10, ge=0)
    max_delete_share: Share = Decimal("0.02")
    max_zero_share: Share = Decimal("0.05")
    max_change_share: Share = Decimal("0.30")
    price_factor: Number = Field(default=Decimal(3), gt=1)


class AlertsTable(Table):
    urls: list[Text] = Field(default_factory=list)


#: How first contact may be settled, beside the name of a channel.
INITIAL = {"owner", "latest", "manual", "min", "max"}

#: The tables at the top of the file; those of the second group hold tables by name.
TOP = {"connector", "brakes", "alerts"} | {"channels", "locations", "prices", "sync"}
