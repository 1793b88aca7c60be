"""Is it there already? Asked before every create, and after one that was never answered (sync-model 5.8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connector.contract import Row
from connector.model.entity import DEPENDENT
from connector.model.record import Known
from connector.observe.match import keys_of, row_key
from connector.parts import Lane, Parts

#: Record id → rows that hold its key there; None: it has no key to be looked up by.
Found = Mapping[int, Sequence[Row] | None]


def find_there(parts: Parts, lane: Lane, wanted: Sequence[Known], around: Mapping[int, Known]) -> Found:
    """What the channel has under the keys of these records, asked of it at once.

    ``around`` holds the products of prices and stock figures. Raises Transient when the channel
    cannot answer: "unknown" must never read as absent.
    """
    if not wanted:
        return {}
    return _of_products(parts, lane, wanted, around) if lane.entity in DEPENDENT else _by_keys(parts, lane, wanted)


def _by_keys(parts: Parts, lane: Lane, wanted: Sequence[Known]) -> Found:
    keys = {one.record.id: keys_of(lane.entity, one.record.values()) for one in wanted}
    asked = list(dict.fromkeys(key for each in keys.values() for key in each))
    found = parts.channel(lane).find(lane.entity, asked) if asked else {}
    there = {key: [row for row in rows if not row.deleted] for key, rows in found.items()}
    return {
        id_: list({row.external_id: row for key in each for row in there.get(key, ())}.values()) if each else None
        for id_, each in keys.items()
    }


def _of_products(parts: Parts, lane: Lane, wanted: Sequence[Known], around: Mapping[int, Known]) -> Found:
    products = {one.record.id: _product_there(lane, one, around) for one in wanted}
    asked = [product for product in dict.fromkeys(products.values()) if product]
    found = parts.channel(lane).find_of(lane.entity, asked) if asked else {}
    return {
        one.record.id: [
            row for row in found.get(products[one.record.id], ()) if not row.deleted and _is_row(parts, lane, one, row)
        ]
        for one in wanted
    }


def _product_there(lane: Lane, known: Known, around: Mapping[int, Known]) -> str:
    """The external id of its product, "" while that is not there."""
    binding = around[known.record.parent_id or 0].bindings.get(lane.side.name)
    return "" if binding is None else binding.external_id or ""


def _is_row(parts: Parts, lane: Lane, known: Known, row: Row) -> bool:
    """Whether a price row or stock figure of the product is the one that is owed."""
    record, topology = known.record, parts.topology
    if topology.place_of(lane.side.name, record.entity, row.place) != record.place:
        return False
    mapping = lane.side.mappings[record.entity]
    context = topology.context(record.entity, record.place, None, parts.today())
    values = mapping.get(mapping.pick(row.native, row.part), context, row.part).values
    return row_key(record.entity, record.place, values) == record.key
