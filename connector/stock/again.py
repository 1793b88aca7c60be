"""Figures that are read again, because what belongs to them was reported after they were read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from connector.ledger import records
from connector.ledger.facts import StoredHandOver
from connector.model.entity import Entity
from connector.model.record import Known
from connector.topology import Side, Topology

if TYPE_CHECKING:
    from connector.observe.workspace import Workspace


def look_again(workspace: Workspace, side: Side, new: Sequence[StoredHandOver]) -> None:
    """A figure may have shown a hand-over before its report came, and stand still since: it is read with it now."""
    listed = records.dependents(workspace.session, Entity.STOCK, {entry.product_id for entry in new})
    workspace.load(id_ for ids in listed.values() for id_ in ids)
    for known in [workspace.known[id_] for ids in listed.values() for id_ in ids]:
        binding = known.bindings.get(side.name)
        if binding is not None and any(is_of(workspace.topology, one, known) for one in new):
            workspace.change_binding(replace(binding, reread=True))


def is_of(topology: Topology, entry: StoredHandOver, known: Known) -> bool:
    """Whether the channel's figure that this record holds has subtracted the hand-over."""
    kept_at = topology.figure_place(entry.channel) or entry.location
    return entry.product_id == known.record.parent_id and kept_at == known.record.place
