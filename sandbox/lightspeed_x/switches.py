"""What a shop's set-up decides, and the questions that the contract leaves open: both answers can be had.

Set with ``--set NAME=VALUE`` (or the control edit ``{"do": "switch", "name": …, "value": …}``):

================== ==================== =================================================================
name               values, first default what it decides
================== ==================== =================================================================
tax_exclusive      no, yes              the tax mode of the shop (L§5)
registers          1 … 50               registers per outlet: 300 × registers + 50 calls in 5 minutes (L§3)
page_cap           200 … 5000           largest page_size of version feeds; more is cut to it (L§4)
scopes             all, or a list       the scopes of the OAuth application, separated by blanks (L§2)
duplicate_sku      accept, refuse       a code that another product has already (L§5 [open])
duplicate_email    accept, refuse       an e-mail that another customer has already (L§8 [open])
late_versions      0 … 86400            seconds after which every third change appears in its feed, although
                                        higher versions appear at once (L§4 [open])
batch              whole, rows          a stock adjustment batch with a bad row: nothing is booked, or the
                                        rows before it (L§6 [open])
sale_repeat        refuse, update       a second POST of a sale with the same id (L§9 [open])
open_sales         keep, lower          whether parked and pending sales move the level (canonical-model OP 9)
price_row_deletes  hidden, shown        deleted rows in GET /price_book_products (L§4 [open])
search_lag         0 … 86400            seconds until /search knows a change (L§4 [open])
================== ==================== =================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

WORDS: dict[str, tuple[str, str]] = {
    "duplicate_sku": ("accept", "refuse"),
    "duplicate_email": ("accept", "refuse"),
    "batch": ("whole", "rows"),
    "sale_repeat": ("refuse", "update"),
    "open_sales": ("keep", "lower"),
    "price_row_deletes": ("hidden", "shown"),
}
RANGES: dict[str, tuple[int, int]] = {
    "registers": (1, 50),
    "page_cap": (200, 5000),
    "late_versions": (0, 86400),
    "search_lag": (0, 86400),
}
AT_START = frozenset({"tax_exclusive", "registers"})
"""What the seed is made with, and so cannot be switched later."""


@dataclass
class Switches:
    """The present position of every switch."""

    tax_exclusive: bool = False
    registers: int = 1
    page_cap: int = 200
    scopes: str = "all"
    duplicate_sku: str = "accept"
    duplicate_email: str = "accept"
    late_versions: int = 0
    batch: str = "whole"
    sale_repeat: str = "refuse"
    open_sales: str = "keep"
    price_row_deletes: str = "hidden"
    search_lag: int = 0

    def turn(self, name: str, value: str) -> None:
        """Set one switch from its text; ValueError when there is no such switch or position."""
        if name not in {one.name for one in fields(self)}:
            raise ValueError(f"no switch {name!r}; there are {', '.join(one.name for one in fields(self))}")
        setattr(self, name, _read(name, value.strip()))

    def as_json(self) -> dict[str, Any]:
        """All positions."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


def read_switches(settings: Mapping[str, str]) -> Switches:
    """The switches of a stand-in's settings."""
    switches = Switches()
    for name, value in settings.items():
        switches.turn(name, value)
    return switches


def _read(name: str, value: str) -> bool | int | str:
    if name in WORDS:
        return _one_of(name, value, WORDS[name])
    if name == "tax_exclusive":
        return _one_of(name, value, ("no", "yes")) == "yes"
    if name in RANGES:
        low, high = RANGES[name]
        if not value.isdigit() or not low <= int(value) <= high:
            raise ValueError(f"{name} is a whole number from {low} to {high}, not {value!r}")
        return int(value)
    return value


def _one_of(name: str, value: str, choices: tuple[str, str]) -> str:
    if value not in choices:
        raise ValueError(f"{name} is {' or '.join(choices)}, not {value!r}")
    return value
