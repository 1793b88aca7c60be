"""A stock figure with two explanations: the one leaving less to sell is taken, and a person told (sync-model 4)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from connector.ledger import holds
from connector.ledger.holds import Case
from connector.model.binding import Held
from connector.model.entity import Entity
from connector.stock.picture import ON_HAND

if TYPE_CHECKING:
    from connector.observe.workspace import Workspace

#: What ends it. The flag alone holds nothing back: the figure moves on with what is sold and counted.
REMEDY = "count it, correct the figure where it is wrong, then `connector quarantine drop` with this number"


def flag(workspace: Workspace, record_id: int, channel: str, why: str, shown: Decimal) -> None:
    """Show a figure as uncertain, with both explanations in ``why``, until a person has counted."""
    known = workspace.get(record_id)
    binding = known.bindings[channel]
    hold = Held("uncertain", f"{why}; count it", shown=shown, since=workspace.session.now)
    workspace.change_binding(replace(binding, held={**binding.held, ON_HAND: hold}))
    parent = workspace.parent_of(known)
    key = known.record.key if parent is None else f"{parent.record.key} {known.record.key}"
    case = Case(
        channel, binding.entity, binding.external_id or "", record_id, key, ON_HAND, "doubt", "uncertain", why, REMEDY
    )
    holds.confine(workspace.session, case)


def end(workspace: Workspace, record_id: int) -> None:
    """It was counted: no explanation of a figure is needed any more."""
    for binding in workspace.get(record_id).bindings.values():
        hold = binding.held.get(ON_HAND)
        if hold is not None and hold.reason == "uncertain":
            held = {name: other for name, other in binding.held.items() if name != ON_HAND}
            workspace.change_binding(replace(binding, held=held))
            holds.free(workspace.session, binding.channel, Entity.STOCK, "doubt", record_id=record_id)
