"""Stock adjustments that we made: with which reason, and which of them the shop has (NOTES section 6).

There is no idempotency key. What tells our bookings from others are two reasons of our own; what tells
one from the next are their versions and moments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final

from adapters.lightspeed_x.api import Api, Json, moment, version_of
from adapters.lightspeed_x.position import Position
from adapters.lightspeed_x.products import moved
from connector.errors import ContractBroken, Rejected
from connector.model.entity import Entity

PURPOSE: Final = Entity.STOCK.value
ADJUSTMENTS: Final = "/stock_adjustments"
_REASONS: Final = "/custom_inventory_adjustment_reasons"
#: At most 30 characters, and unique in a shop (contract).
NAMES: Final[Mapping[str, str]] = {"POSITIVE": "Connector: pieces came", "NEGATIVE": "Connector: pieces went"}
_PAGE: Final = 1000
#: A list that was read so recently holds whatever can be in doubt by now.
_FRESH: Final = timedelta(seconds=10)


class Reasons:
    """Our two reasons, one for each sign; made once per shop."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._found: dict[str, Json] = {}

    def listed(self) -> Sequence[Json]:
        """All custom reasons of the shop."""
        found = self._api.get(_REASONS, PURPOSE)
        if not isinstance(found, list):
            raise ContractBroken(f"GET {_REASONS} answered no list")
        return found

    def known(self) -> frozenset[str]:
        """The ids of ours that the shop has."""
        if len(self._found) < len(NAMES):
            self._learn()
        return frozenset(str(reason["id"]) for reason in self._found.values())

    def id_of(self, pieces: Decimal) -> str:
        """The reason for pieces of this sign, made where it is missing. Raises Rejected where it may not be used."""
        kind = "POSITIVE" if pieces > 0 else "NEGATIVE"
        if kind not in self._found:
            self._learn()
        if kind not in self._found:
            self._make(kind)
        reason = self._found[kind]
        if reason.get("enabled") is False:
            raise Rejected(
                f"the reason {NAMES[kind]!r} for stock adjustments is switched off",
                remedy="switch it on again in the shop, or make stock one-way for this channel",
            )
        return str(reason["id"])

    def _learn(self) -> None:
        for reason in self.listed():
            for kind, name in NAMES.items():
                if reason.get("name") == name and reason.get("type") == kind and not reason.get("deleted_at"):
                    self._found[kind] = reason

    def _make(self, kind: str) -> None:
        refused: Rejected | None = None
        try:
            self._api.write("POST", _REASONS, PURPOSE, {"name": NAMES[kind], "type": kind, "enabled": True})
        except Rejected as wrong:
            refused = wrong  # another process may have been faster: names are unique
        self._learn()
        if kind not in self._found:
            raise Rejected(
                f"the shop does not take our reason for stock adjustments: {refused or 'it is not listed'}",
                remedy=f"make a {kind} reason {NAMES[kind]!r} in the shop",
            )


class Log:
    """Our adjustments since some version, read as needed and kept."""

    def __init__(self, api: Api, reasons: Reasons, now: Callable[[], datetime]) -> None:
        self._api = api
        self._reasons = reasons
        self._now = now
        self._from: int | None = None
        self._position = Position()
        self._rows: dict[str, Json] = {}
        self._read_at: datetime | None = None

    def since(self, version: int, *, anew: bool = False) -> Sequence[Json]:
        """Ours with a greater version."""
        if self._from is None or version < self._from:
            self._from, self._position, self._read_at = version, Position(), None
        if anew or self._read_at is None or self._now() - self._read_at > _FRESH:
            self._read()
        return [row for row in self._rows.values() if int(version_of(row)) > version]

    def _read(self) -> None:
        ours, start = self._reasons.known(), max(self._from or 0, self._position.start)
        self._read_at = self._now()
        for batch in self._api.feed(ADJUSTMENTS, PURPOSE, start, size=_PAGE):
            kept = (row for row in batch.rows if row.get("custom_inventory_adjustment_reason_id") in ours)
            self._rows.update((str(row["id"]), row) for row in kept)
            self._position = moved(self._position, batch)


def is_booking(row: Json, product: str, outlet: str, pieces: Decimal, since: datetime | None) -> bool:
    """Whether an adjustment is this difference, made at this moment or later."""
    made = moment(row.get("created_at"))
    if since is not None and made is not None and made < since:
        return False
    return row.get("product_id") == product and row.get("outlet_id") == outlet and _pieces(row) == pieces


def _pieces(row: Json) -> Decimal | None:
    try:
        return Decimal(str(row.get("quantity")))
    except InvalidOperation:
        return None


def as_text(pieces: Decimal) -> str:
    """A quantity as the API wants it: a text with its sign (NOTES section 6)."""
    return f"{pieces.normalize():f}"
