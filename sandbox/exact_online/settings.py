"""Switches of the stand-in: open points of the contract, each with both answers, and what a division differs in.

Set on the command line (``--set NAME=VALUE``) or while it runs (edit ``{"do": "setting", "name", "value"}``).
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Switch:
    """One switch: what holds unless told otherwise, the values it takes (empty: a number or "none"), and why."""

    default: str
    values: tuple[str, ...]
    why: str


ON_OFF = ("on", "off")

SWITCHES: dict[str, Switch] = {
    "licence": Switch("on", ON_OFF, "off: no warehouses, stock counts, direct invoices: 403 (E140)"),
    "mandatory_filter": Switch("off", ON_OFF, "on: single and bulk lists with a sync endpoint want a $filter (E37)"),
    "code_length": Switch("30", (), "longest item code (open point 1; 30 is quoted, 19 was seen: E113)"),
    "long_texts": Switch("refuse", ("refuse", "cut"), "what happens above 60 or 255 characters (open point 1)"),
    "infix": Switch("MiddleName", ("MiddleName", "LastName"), "where seeded contacts have their infix (open point 3)"),
    "price_scale": Switch("none", (), "decimals kept of a price; none keeps all (open point 4)"),
    "price_precedence": Switch("newest", ("newest", "lowest"), "which of two valid price rows wins (open point 5)"),
    "free_stock": Switch("planned", ("planned", "reserved"), "FreeStock = CurrentStock − which (open point 8)"),
    "count_lines": Switch("none", (), "most lines of one stock count (open point 11)"),
    "stock_renews_item": Switch("off", ON_OFF, "a movement renews sync/Logistics/Items too (open point 12)"),
    "count_500": Switch("off", ON_OFF, "validation errors count for the error limit (E39)"),
    "storage_locations": Switch("off", ON_OFF, "on: the main warehouse uses storage locations (E136)"),
    "post_status": Switch("201", ("200", "201"), "status of a create (E65)"),
    "minute_limit": Switch("60", (), "calls a minute (E28)"),
    "day_limit": Switch("5000", (), "calls a day (E28)"),
    "error_limit": Switch("10", (), "errors per endpoint and hour before the key is blocked (E38)"),
    "token_limit": Switch("200", (), "token calls a day (E17)"),
}


class Settings:
    """The present position of every switch."""

    def __init__(self, given: Mapping[str, str] | None = None) -> None:
        self._values = {name: switch.default for name, switch in SWITCHES.items()}
        for name, value in (given or {}).items():
            self.set(name, value)

    def set(self, name: str, value: str) -> None:
        """Turn a switch; ValueError for a name or a value that does not exist."""
        if name not in SWITCHES:
            near = difflib.get_close_matches(name, SWITCHES, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(SWITCHES)}"
            raise ValueError(f"there is no setting {name!r}{hint}")
        switch = SWITCHES[name]
        if switch.values and value not in switch.values:
            raise ValueError(f"{name} must be one of {', '.join(switch.values)}, not {value!r}")
        if not switch.values and value != "none" and not value.isdigit():
            raise ValueError(f"{name} must be a number or none, not {value!r}")
        self._values[name] = value

    def text(self, name: str) -> str:
        """The position of a switch."""
        return self._values[name]

    def on(self, name: str) -> bool:
        """Whether a switch is on."""
        return self._values[name] == "on"

    def number(self, name: str) -> int | None:
        """The number of a switch; None for "none"."""
        value = self._values[name]
        return None if value == "none" else int(value)

    def as_json(self) -> dict[str, str]:
        """All positions."""
        return dict(self._values)
