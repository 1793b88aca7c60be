"""What one resource allows to be made, changed and deleted; the resources register themselves here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.exact_online.store import Row, Store

Values = dict[str, Any]


@dataclass(frozen=True)
class Rules:
    """The ways to write one table; None where the API has none."""

    create: Callable[[Store, Values], Row] | None = None
    update: Callable[[Store, Row, Values], None] | None = None
    delete: Callable[[Store, Row], None] | None = None
    full_answer: bool = False  # POST answers the whole record without being asked (E67)
