"""Field policies merged: the field's own words, before the entity's, before the canonical model's. Pure."""

from __future__ import annotations

from typing import Final

from connector.config.model import FieldPolicy, SyncConfig
from connector.decide.merge import Policy
from connector.model.entity import LIFE_FIELD, Entity
from connector.model.fields import FIELDS, NUMERIC, FieldSpec, Rule, spec_of

#: The name by which config.toml knows the record's life.
LIFE_ALIAS: Final = "life"

_ORDERED: Final = NUMERIC | {"flag", "day", "moment", "any"}


def canonical_name(name: str) -> str:
    """``life`` is the field ``active`` (canonical-model 1); every other name is itself."""
    return LIFE_FIELD if name == LIFE_ALIAS else name


def merged(sync: SyncConfig, name: str) -> Policy:
    """Everything that decides about one field. What a mapping cannot write is not taken off the originators yet."""
    field = canonical_name(name)
    own = sync.fields.get(field, FieldPolicy())
    owner = own.owner or sync.owner
    return Policy(
        originators=_originators(sync, field, own, owner),
        rank=(owner, *(channel for channel in sync.channels if channel != owner)),
        rule=own.on_conflict or default_rule(sync.entity, field),
        initial=own.initial or sync.initial,
        drift=own.drift or sync.drift,
        life=field == LIFE_FIELD,
    )


def _originators(sync: SyncConfig, field: str, own: FieldPolicy, owner: str) -> frozenset[str]:
    """Deleting in one place does not retire it elsewhere unless the file says so: life is the owner's."""
    if own.originate is not None:
        return frozenset(own.originate)
    if field == LIFE_FIELD:
        return frozenset({owner})
    allowed = sync.channels if sync.originate is None else sync.originate
    return frozenset(channel for channel in allowed if sync.stock_of(channel).direction != "out")


def default_rule(entity: Entity, field: str) -> Rule:
    """The usual rule of a field; ``owner`` where the canonical model has none."""
    spec = spec_of(entity, field)
    return spec.rule if spec else "owner"


def known_fields(entity: Entity) -> frozenset[str]:
    """The names that ``[sync.ENTITY.fields]`` may use, families (``name.fr``) aside."""
    return frozenset(FIELDS[entity]) | {LIFE_ALIAS, LIFE_FIELD}


def is_field(entity: Entity, name: str) -> bool:
    return name in known_fields(entity) or spec_of(entity, name) is not None


def fits(rule: str, spec: FieldSpec | None) -> bool:
    """Whether a conflict of such a field can be settled by that rule."""
    if spec is None or rule not in ("union", "min", "max"):
        return True
    return spec.type in ("set", "any") if rule == "union" else spec.type in _ORDERED
