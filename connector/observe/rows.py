"""Rows of a page, and an observation as the ledger keeps it: of strangers, and of what is parked behind a brake."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from connector.contract import Row
from connector.observe.absorb import Observation

#: Of rows without a date the one that was told last is the newest.
UNDATED: Final = datetime.min.replace(tzinfo=UTC)


def newest_of_each(rows: Iterable[Row]) -> list[Row]:
    """One row of each thing: a listing in which rows move while it is read may bring one twice on a page.

    Merged twice from one shadow, a sale would be two, and a newcomer a stranger to itself.
    """
    newest: dict[str, Row] = {}
    for row in rows:
        told = newest.get(row.external_id)
        if told is None or (told.modified_at or UNDATED) <= (row.modified_at or UNDATED):
            newest[row.external_id] = row
    return list(newest.values())


def pack_observation(seen: Observation) -> dict[str, Any]:
    """Only what the mapping reads; JSON-shaped."""
    row = seen.row
    return {
        "id": row.external_id,
        "native": dict(seen.picked),
        "address": row.address,
        "parent": row.parent,
        "place": row.place,
        "part": row.part,
        "parts": dict(row.parts),
        "modified_at": None if row.modified_at is None else row.modified_at.isoformat(),
        "version": row.version,
        "deleted": row.deleted,
        "began_at": seen.began_at.isoformat(),
        "clock_offset_s": round(seen.clock_offset.total_seconds()),
    }


def unpack_observation(packed: dict[str, Any], read_sequence: int) -> Observation:
    modified = packed["modified_at"]
    row = Row(
        external_id=packed["id"],
        native={},
        address=packed["address"],
        parent=packed["parent"],
        place=packed["place"],
        part=packed["part"],
        parts=packed["parts"],
        modified_at=None if modified is None else datetime.fromisoformat(modified),
        version=packed["version"],
        deleted=packed["deleted"],
    )
    began_at = datetime.fromisoformat(packed["began_at"])
    offset = timedelta(seconds=packed.get("clock_offset_s", 0))  # rows that an earlier version kept have none
    return Observation(row, packed["native"], read_sequence, began_at, clock_offset=offset)
