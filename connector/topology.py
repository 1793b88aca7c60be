"""Who takes part in what: channels with their mappings, capabilities and policies. Pure data.

Built once by ``wiring.py`` from the configuration and handed to everything that decides; nothing in
here performs I/O.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from connector.config.model import Config, SyncConfig
from connector.contract import Capabilities, EntityCapabilities
from connector.decide.merge import Policy
from connector.mapping.lens import Context, EntityMapping
from connector.model.entity import LIFE_FIELD, Entity, PriceList, Value
from connector.model.record import Record

#: The field that carries a price list's or a location's product tax class, for VAT conversion.
VAT_FIELD = "vat_class"

#: The field that says whether stock is kept of a product at all.
TRACKED = "tracks_stock"


@dataclass(frozen=True)
class Side:
    """One channel as the decisions see it."""

    name: str
    adapter: str
    mappings: Mapping[Entity, EntityMapping]
    capabilities: Capabilities
    read_only: bool = False

    def mapping(self, entity: Entity) -> EntityMapping | None:
        return self.mappings.get(entity)

    def can(self, entity: Entity) -> EntityCapabilities:
        return self.capabilities.entities[entity]


@dataclass(frozen=True)
class Topology:
    """The whole configuration as the engine uses it."""

    config: Config
    sides: Mapping[str, Side]
    _policies: dict[tuple[Entity, str], Policy] = field(default_factory=dict, compare=False)

    def entities(self) -> Iterator[Entity]:
        """The configured entities, in the order of first contact."""
        return (entity for entity in Entity if entity in self.config.sync)

    def sync(self, entity: Entity) -> SyncConfig:
        return self.config.sync[entity]

    def sides_of(self, entity: Entity) -> list[Side]:
        """The channels that take part in an entity and have a mapping for it, in rank order."""
        named = self.config.channels_of(entity)
        return [self.sides[name] for name in named if name in self.sides and self.sides[name].mapping(entity)]

    def ranked(self, entity: Entity) -> list[str]:
        """Channel names of an entity, the owner first."""
        owner = self.sync(entity).owner
        names = [side.name for side in self.sides_of(entity)]
        return sorted(names, key=lambda name: (name != owner, names.index(name)))

    def policy(self, entity: Entity, name: str) -> Policy:
        """Who wins for a field. A channel whose mapping cannot read the field cannot originate it."""
        known = self._policies.get((entity, name))
        if known is None:
            told = self.config.policy(entity, name)
            able = {side.name for side in self.sides_of(entity) if side.mappings[entity].reads(name)}
            known = Policy(
                originators=told.originators & able,
                rank=told.rank,
                rule=told.rule,
                initial=told.initial,
                drift=told.drift,
                life=name == LIFE_FIELD,
            )
            self._policies[entity, name] = known
        return known

    def day_of(self, moment: datetime) -> date:
        """The shop's calendar day at a moment."""
        return moment.astimezone(self.config.timezone).date()

    def price_list(self, name: str) -> PriceList | None:
        return self.config.prices.get(name)

    def list_of(self, channel: str, native: str) -> str | None:
        """The configured name of a price list that a channel calls ``native``."""
        for price_list in self.config.prices.values():
            if price_list.native.get(channel) == native:
                return price_list.name
        return None

    def location_of(self, channel: str, native: str) -> str | None:
        """The configured name of a location that a channel calls ``native``."""
        for location in self.config.locations.values():
            if location.native.get(channel) == native:
                return location.name
        return None

    def place_of(self, channel: str, entity: Entity, native: str) -> str | None:
        """The configured name of the price list or location that a row there belongs to; None: it is none of ours."""
        if entity is Entity.PRICE:
            return self.list_of(channel, native)
        if entity is Entity.STOCK:
            return self.figure_place(channel) or self.location_of(channel, native)
        return ""

    def figure_place(self, channel: str) -> str | None:
        """Where the one figure of a channel without locations is kept: the first of its view. None: it has locations.

        A channel has none where it shows a view and no location has a code for it.
        """
        view = self.sync(Entity.STOCK).views.get(channel) if Entity.STOCK in self.config.sync else None
        if view is None or any(channel in location.native for location in self.config.locations.values()):
            return None
        return view.locations[0]

    def native_place(self, channel: str, entity: Entity, place: str) -> str | None:
        """What a channel calls a price list or a location; None: it has none such. "": its one figure."""
        if entity is Entity.PRICE:
            price_list = self.config.prices.get(place)
            return None if price_list is None else price_list.native.get(channel)
        if entity is Entity.STOCK and (only := self.figure_place(channel)) is not None:
            return "" if place == only else None
        if entity is Entity.STOCK:
            location = self.config.locations.get(place)
            return None if location is None else location.native.get(channel)
        return ""

    def context(self, entity: Entity, place: str, vat_class: Value, today: date) -> Context:
        """What a mapping's result may depend on beside the record."""
        return Context(
            as_of=today,
            zone=self.config.timezone.key,
            country=self.config.country,
            list=self.price_list(place) if entity is Entity.PRICE else None,
            vat_class=vat_class if isinstance(vat_class, str) else None,
        )

    def takes(self, side: Side, record: Record, parent: Record | None) -> bool:
        """Whether a record belongs on a channel at all; one that does not counts as equal there."""
        entity = record.entity
        if self.native_place(side.name, entity, record.place) is None:
            return False
        mapping = side.mapping(entity)
        if mapping is None or record.life == "gone":
            return False
        if entity is Entity.STOCK and not _tracks_stock(parent):
            return False
        agreed = record.agreed
        return all(name in agreed and agreed[name].value is not None for name in mapping.requires)

    def buffer(self, channel: str) -> Decimal:
        view = self.sync(Entity.STOCK).views.get(channel) if Entity.STOCK in self.config.sync else None
        return view.buffer if view else Decimal(0)


def _tracks_stock(product: Record | None) -> bool:
    tracked = None if product is None else product.agreed.get(TRACKED)
    return tracked is None or tracked.value is not False
