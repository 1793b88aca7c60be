"""Which properties are asked for: those of the mapping, the keys, and never what is nobody's business."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from connector.contract import Opening
from connector.model.entity import Entity

#: Never asked for, whatever a mapping names.
_NEVER: Final = frozenset(
    {"BSN", "SocialSecurityNumber", "IdentificationDate", "IdentificationDocument", "IdentificationUser"}
)
#: The sync endpoints lack these (fact 98): asked for by id alone they would seem to change by themselves.
NOT_SYNCED: Final = {Entity.PRODUCT: frozenset({"StandardSalesPrice", "IsBatchNumberItem", "IsSerialNumberItem"})}


def selected(opening: Opening, entity: Entity, always: Iterable[str], part: str = "") -> list[str]:
    """The properties of one kind of row, sorted: what the mapping reads (``contact.X`` where part is ``contact``)."""
    names = opening.names.get(entity, frozenset())
    head = f"{part}." if part else ""
    own = {name.removeprefix(head) for name in names if name.startswith(head)}
    flat = {name for name in own if "." not in name}
    return sorted((flat - _NEVER - NOT_SYNCED.get(entity, frozenset())) | set(always))
