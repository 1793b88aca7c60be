"""config.toml and the environment → a frozen :class:`Config`, or every problem at once.

Read :mod:`connector.config.model` for what there is, ``config.example.toml`` for how it is written.
"""

from connector.config.load import load_config
from connector.config.model import (
    Brakes,
    ChannelConfig,
    Config,
    FieldPolicy,
    Listen,
    StockSettings,
    SyncConfig,
    View,
)

__all__ = [
    "Brakes",
    "ChannelConfig",
    "Config",
    "FieldPolicy",
    "Listen",
    "StockSettings",
    "SyncConfig",
    "View",
    "load_config",
]
