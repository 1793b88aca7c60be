"""An adapter on the bench: its channel with its mapping, and records made through both as the engine makes them."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from connector.contract import Channel, EntityCapabilities, Page, Row, RowResult, Write
from connector.mapping.context import Context
from connector.mapping.lens import EntityMapping, Written
from connector.model.entity import DEPENDENT, Canonical, Entity, Key, Native, PriceList, Value, code_key
from connector.testing.remote import Remote

ON_HAND: Final = "on_hand"


@dataclass(frozen=True)
class Made:
    """A record that the suite made. ``key``: the e-mail address, or the SKU of the product."""

    entity: Entity
    key: str
    row: Row
    product: Row | None = None


@dataclass
class Subject:
    """One open channel, and what it takes to read and write through its mapping."""

    remote: Remote
    channel: Channel

    def can(self, entity: Entity) -> EntityCapabilities:
        return self.channel.capabilities.entities[entity]

    def lens(self, entity: Entity) -> EntityMapping:
        return self.remote.lenses[entity]

    def place(self, entity: Entity) -> str:
        """Where prices and stock are written; "" for what has no place."""
        opening = self.remote.opening
        return {Entity.PRICE: opening.lists, Entity.STOCK: opening.locations}.get(entity, ("",))[0]

    def kind(self, entity: Entity, values: Canonical) -> str:
        """Which kind of row holds these values; the mapping must have a place for them."""
        part = self.lens(entity).part_for(values, self.place(entity))
        assert part is not None, f"the mapping has no {entity} row for the values of the sample"
        return part

    @property
    def context(self) -> Context:
        prices = PriceList("retail", "EUR", "included", 2, {})
        today = self.remote.opening.now().date()
        return Context(today, "Europe/Amsterdam", list=prices, vat_class="standard")

    def values(self, row: Row, entity: Entity) -> dict[str, Value]:
        """What a row means, in canonical fields; those that cannot be read are left out."""
        return self.lens(entity).get(self.picked(row, entity), self.context, row.part).values

    def picked(self, row: Row | None, entity: Entity) -> Native:
        return {} if row is None else self.lens(entity).pick(row.native, row.part)

    # --- reading

    def lost_overlap(self, entity: Entity) -> None:
        """Let so much time pass that an earlier change is no longer read again, and surely shown."""
        can = self.can(entity)
        self.remote.wait(can.overlap_s + can.read_lag_s + 61)

    def caught_up(self, entity: Entity) -> str:
        """The cursor behind everything that is there, and behind the overlap of the reading that brought it."""
        cursor = None
        for _ in range(3):
            cursor = cursor_of(self.channel.changes(entity, cursor))
            self.lost_overlap(entity)
        return cursor_of(self.channel.changes(entity, cursor))

    def again(self, entity: Entity, external_id: str) -> Row:
        """The record as it is now, which must be there."""
        (row,) = self.channel.read(entity, [external_id])
        return row

    def found(self, entity: Entity, key: str, product: Row | None = None) -> list[Row]:
        """The rows of a key; of prices and stock the one row at the place and of the kind that is written."""
        if product is None:
            wanted = self.key(entity, key)
            return list(self.channel.find(entity, [wanted])[wanted])
        rows = self.channel.find_of(entity, [product.external_id])[product.external_id]
        return [row for row in rows if row.place == self.place(entity)]

    @staticmethod
    def key(entity: Entity, key: str) -> Key:
        return Key("email" if entity is Entity.CUSTOMER else "sku", code_key(key))

    # --- writing

    def token(self) -> str:
        """A name for a write, as short as the engine's, and used once."""
        return secrets.token_hex(8)

    def create(self, entity: Entity, values: Canonical, product: Row | None = None) -> Write:
        """The first call of a create."""
        write = Write(self.token(), "create", "", {}, part=self.kind(entity, values), place=self.place(entity))
        return self._filled(write, entity, values, None, product)

    def update(self, entity: Entity, values: Canonical, row: Row, product: Row | None = None) -> Write:
        """The next call that brings a record to these values; without fields where nothing is left to do."""
        return self._filled(self.touch(entity, row), entity, values, row, product)

    def touch(self, entity: Entity, row: Row, operation: Any = "update", fields: Native | None = None) -> Write:
        """A write to a record as it was read."""
        picked = self.picked(row, entity)
        write = Write(self.token(), operation, row.external_id, fields or {}, picked, part=row.part, parts=row.parts)
        return replace(write, parent_id=row.parent, place=row.place)

    def _filled(self, write: Write, entity: Entity, values: Canonical, row: Row | None, product: Row | None) -> Write:
        lens, picked = self.lens(entity), self.picked(row, entity)
        written = lens.put(values, picked, self.context, creating=row is None, part=write.part)
        assert {name: str(problem) for name, problem in written.problems.items()} == {}
        part, names = self._first_call(entity, written)
        write = replace(write, part=write.part or part, fields={name: written.fields[name] for name in names})
        if product is not None:
            write = replace(write, parent_id=product.external_id, parent=self.picked(product, Entity.PRODUCT))
        return self._as_difference(write, values, row) if entity is Entity.STOCK else write

    def _first_call(self, entity: Entity, written: Written) -> tuple[str, Sequence[str]]:
        order = self.can(entity).parts
        called = [part for part in order if written.by_part.get(part)]
        return (called[0], written.by_part[called[0]]) if called else ("", () if order else tuple(written.fields))

    def _as_difference(self, write: Write, values: Canonical, row: Row | None) -> Write:
        """Stock is written as signed pieces where the channel takes these; beside them the figure that is meant."""
        if not self.can(Entity.STOCK).relative:
            return write
        wanted, had = decimal(values[ON_HAND]), Decimal(0)
        if row is not None:
            had = decimal(self.values(row, Entity.STOCK)[ON_HAND])
        name = self.lens(Entity.STOCK).names_of(ON_HAND)[0]
        return replace(write, fields={name: wanted, **write.fields}, difference=wanted - had)

    def sent(self, entity: Entity, write: Write) -> RowResult:
        """The receipt of one write, which must be confirmed."""
        (result,) = self.channel.write(entity, [write])
        assert (write.token, None) == (result.token, result.error)
        return result

    def save(self, entity: Entity, values: Canonical, row: Row | None = None, product: Row | None = None) -> Row:
        """Bring a record to these values, one call of its parts after the other, as the engine does."""
        write = self.create(entity, values, product) if row is None else self.update(entity, values, row, product)
        for _ in range(max(1, len(self.can(entity).parts))):
            if write.operation == "update" and not (write.fields or write.difference):
                break
            made = self.sent(entity, write)
            row = self.again(entity, made.external_id or write.external_id)
            write = self.update(entity, values, row, product)
        assert row is not None
        return row

    def make(self, entity: Entity, values: Mapping[Entity, Canonical]) -> Made:
        """A new record; of prices and stock, with a product of its own."""
        own = values[entity]
        if entity not in DEPENDENT:
            name = "email" if entity is Entity.CUSTOMER else "sku"
            return Made(entity, str(own[name]), self.save(entity, own))
        product = self.make(Entity.PRODUCT, values)
        row = self.save(entity, own, self._standing(entity, own, product), product.row)
        return Made(entity, product.key, row, product.row)

    def _standing(self, entity: Entity, values: Canonical, product: Made) -> Row | None:
        """The row that a new product brings along by itself, where it does."""
        rows = self.found(entity, product.key, product.row)
        kind = self.kind(entity, values)
        return next((row for row in rows if row.part == kind or entity is Entity.STOCK), None)


def decimal(value: Value) -> Decimal:
    """A figure that a mapping read, which must be an exact number."""
    assert isinstance(value, int | Decimal)
    return Decimal(value)


def rows_of(pages: Iterable[Page]) -> list[Row]:
    """All rows of one reading; its last page alone says that it is complete."""
    read = list(pages)
    assert [False] * (len(read) - 1) + [True] == [page.complete for page in read]
    return [row for page in read for row in page.rows]


def cursor_of(pages: Iterable[Page]) -> str:
    """The cursor behind one reading."""
    cursors = [page.cursor for page in pages if page.cursor is not None]
    assert cursors, "a reading of changes ends without a cursor"
    return cursors[-1]
