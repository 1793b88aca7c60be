"""Is it there already? Asked before every create, and after one that was never answered (sync-model 5.8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connector.contract import Row
from connector.model.entity import DEPENDENT, Key
from connector.model.record import Known
from connector.observe.match import keys_of, row_key
from connector.parts import Lane, Parts


def find_there(parts: Parts, lane: Lane, known: Known, around: Mapping[int, Known]) -> Sequence[Row] | None:
    """Rows that hold the record's key there; None: it has no key to be looked up by.

    ``around`` holds the product of a price or a stock figure. Raises Transient when the channel
    cannot answer: "unknown" must never read as absent.
    """
    channel, record = parts.channel(lane), known.record
    if record.entity in DEPENDENT:
        product = around[record.parent_id or 0].bindings[lane.side.name]
        key = Key("row", record.key)
        rows = channel.find(record.entity, [key], product.external_id or "").get(key, ())
        return [row for row in rows if not row.deleted and _is_row(parts, lane, known, row)]
    keys = keys_of(record.entity, record.values())
    if not keys:
        return None
    found = channel.find(record.entity, keys)
    unique = {row.external_id: row for rows in found.values() for row in rows if not row.deleted}
    return list(unique.values())


def _is_row(parts: Parts, lane: Lane, known: Known, row: Row) -> bool:
    """Whether a price row or stock figure of the product is the one that is owed."""
    record, topology = known.record, parts.topology
    if topology.native_place(lane.side.name, record.entity, record.place) != row.place:
        return False
    mapping = lane.side.mappings[record.entity]
    context = topology.context(record.entity, record.place, None, parts.today())
    values = mapping.get(mapping.pick(row.native, row.part), context, row.part).values
    return row_key(record.entity, record.place, values) == record.key
