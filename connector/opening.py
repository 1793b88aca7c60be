"""What a channel's adapter is handed when it is opened, put together from configuration, mapping and ledger."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from connector.config import Config
from connector.contract import AdapterType, Opening
from connector.ledger.budget import ChannelBudget
from connector.ledger.credentials import ChannelTokens, Vault
from connector.ledger.engine import Database
from connector.mapping.lens import Mapping_
from connector.mapping.load import load_mapping
from connector.model.entity import Entity
from connector.model.fields import Tag


def mapping_of(config: Config, channel: str) -> Mapping_:
    """The channel's mapping with the shop's settings filled in; ConfigError with every problem."""
    one = config.channels[channel]
    return load_mapping(one.mapping_path, one.settings, place=f"{config.path.name} [channels.{channel}.settings]")


def opening_of(
    config: Config,
    channel: str,
    adapter: AdapterType,
    mapping: Mapping_,
    database: Database,
    vault: Vault,
    *,
    now: Callable[[], datetime],
    sleep: Callable[[float], None],
) -> Opening:
    """The adapter sees its own names of places and lists, and the native names that its mapping reads, no more."""
    return Opening(
        channel=channel,
        options=config.channels[channel].options,
        settings=mapping.settings,
        names={entity: lens.native_names for entity, lens in mapping.entities.items()},
        locations=[place.native[channel] for place in config.locations.values() if channel in place.native],
        lists=[one.native[channel] for one in config.prices.values() if channel in one.native],
        tokens=ChannelTokens(vault, channel),
        budget=ChannelBudget(database, channel, adapter.default_limits, now=now),
        now=now,
        sleep=sleep,
    )


def native_tags(mapping: Mapping_) -> dict[Entity, dict[str, Tag]]:
    """Native name → how personal its value is, for the logs; where two fields share one, the more personal wins."""
    return {
        entity: {
            name: one.spec.tag
            for one in sorted(lens.fields.values(), key=lambda field: field.spec.tag != "-")
            for name in one.names
        }
        for entity, lens in mapping.entities.items()
    }
