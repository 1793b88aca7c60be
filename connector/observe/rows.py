"""An observation as the ledger keeps it: of strangers, and of what is parked behind a brake."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from connector.contract import Row
from connector.observe.absorb import Observation


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
