"""What the systems themselves saw happen: the only witness that the checker hears."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Entry:
    """One effect on one thing of one system, or what the connector was shown of it.

    Attributes:
        by: "person", "connector", or "shown".
        kind: product, price, stock or customer.
        id: the system's own.
        key: the SKU or e-mail address that it has, or that its product has.
        before, after: the native values concerned. A thing that is made has nothing before.
    """

    channel: str
    by: str
    kind: str
    id: str
    key: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass
class Shown:
    """What stands in the systems once all is quiet, and what the connector lists as waiting.

    Attributes:
        things: channel → kind → key → native values of each living thing under it.
        held: (kind, key, field) that the connector lists as held or as a conflict.
        told: key → all that the history says of it, as text.
        echoes: how many effects of the connector's hand the last, quiet round had.
        calls: channel → calls that it was asked in that round.
    """

    things: dict[str, dict[str, dict[str, list[Mapping[str, Any]]]]] = field(default_factory=dict)
    held: set[tuple[str, str, str]] = field(default_factory=set)
    told: dict[str, str] = field(default_factory=dict)
    echoes: int = 0
    calls: dict[str, int] = field(default_factory=dict)
