"""Field policies merged: field before entity before the canonical vocabulary. Pure."""

from __future__ import annotations

from typing import Final

from connector.config.model import FieldPolicy, Policy, Rule, SyncConfig
from connector.model.entity import LIFE_FIELD, Entity

#: The name by which config.toml knows the record's life.
LIFE_ALIAS: Final = "life"


def canonical_name(name: str) -> str:
    """``life`` is the field ``active`` (canonical-model 1); every other name is itself."""
    return LIFE_FIELD if name == LIFE_ALIAS else name


def merged(sync: SyncConfig, name: str) -> Policy:
    """Everything that decides about one field."""
    field = canonical_name(name)
    own = sync.fields.get(field, FieldPolicy())
    owner = own.owner or sync.owner
    return Policy(
        owner=owner,
        rank=(owner, *(channel for channel in sync.channels if channel != owner)),
        rule=own.on_conflict or default_rule(sync.entity, field),
        originate=_originators(sync, field, own, owner),
        drift=own.drift or sync.drift,
        initial=own.initial or sync.initial,
    )


def _originators(sync: SyncConfig, field: str, own: FieldPolicy, owner: str) -> frozenset[str]:
    """Deleting in one place does not retire it elsewhere unless the file says so: life is the owner's."""
    if own.originate is not None:
        return frozenset(own.originate)
    if field == LIFE_FIELD:
        return frozenset({owner})
    allowed = sync.originate if sync.originate is not None else sync.channels
    return frozenset(channel for channel in allowed if sync.stock_of(channel).direction != "out")


def default_rule(entity: Entity, field: str) -> Rule:
    """The rule that canonical-model.md states for a field; ``owner`` where it states none."""
    return "delta" if entity is Entity.STOCK else "owner"


def known_fields(entity: Entity, field: str) -> frozenset[str] | None:
    """The names that a field could have had, or None where its name is a good one."""
    return None
