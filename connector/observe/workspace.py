"""The records one transaction works on: loaded once, changed in memory, settled and stored at its end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal

from connector.decide.projection import Standing, next_step
from connector.ledger import holds, journal, records
from connector.ledger.store import Session
from connector.model.binding import Held
from connector.model.entity import DEPENDENT, Entity
from connector.model.outcome import ConflictChange
from connector.model.record import Binding, Event, Known, OpenConflict, Record
from connector.observe.periods import Turn, sides_with_turns, turn_of
from connector.settle import Moment, has_left, is_in_scope, settle
from connector.stock.picture import is_written, raw_of
from connector.stock.settle import settle_stock
from connector.topology import TRACKED, VAT_FIELD, Side, Topology


class Workspace:
    """Known records by id. Everything changed here is stored by :meth:`flush`, debts included."""

    def __init__(self, session: Session, topology: Topology, moment: Moment, *, released: bool = False) -> None:
        """``released``: a person has let through what comes now; the brakes do not weigh it again."""
        self.released = released
        self.session = session
        self.topology = topology
        self.moment = moment
        self.known: dict[int, Known] = {}
        self.woken: set[tuple[str, Entity]] = set()
        self._events: list[Event] = []
        self._stored: dict[int, Known] = {}
        self._touched: set[int] = set()
        self._rippling: set[int] = set()
        self._siblings: dict[int, list[int]] = {}
        self._dependents: dict[Entity, dict[int, list[int]]] = {entity: {} for entity in DEPENDENT}
        self._taking_turns = sides_with_turns(topology)

    def load(self, record_ids: Iterable[int]) -> None:
        """Bring records in, with their products where they hang on one."""
        missing = {id_ for id_ in record_ids if id_ not in self.known}
        if not missing:
            return
        found = records.load(self.session, missing)
        self.known.update(found)
        self._stored.update(found)
        self.load(known.record.parent_id for known in found.values() if known.record.parent_id is not None)

    def get(self, record_id: int) -> Known:
        self.load([record_id])
        return self.known[record_id]

    def parent_of(self, known: Known) -> Known | None:
        return None if known.record.parent_id is None else self.get(known.record.parent_id)

    def dependents(self, entity: Entity, products: Iterable[int]) -> dict[int, list[int]]:
        """Product → ids of its price or stock records, all of them loaded; asked of the ledger once."""
        wanted, met = sorted(set(products)), self._dependents[entity]
        missing = [id_ for id_ in wanted if id_ not in met]
        if missing:
            met.update({id_: [] for id_ in missing} | records.dependents(self.session, entity, missing))
        self.load(id_ for product in wanted for id_ in met[product])
        return {product: met[product] for product in wanted}

    def add(self, record: Record) -> Record:
        """A new record; its id is given out at once, so that bindings and dependents can name it."""
        id_ = records.save_record(self.session, record)
        if record.parent_id is not None and record.parent_id in self._dependents[record.entity]:
            self._dependents[record.entity][record.parent_id].append(id_)
        stored = replace(record, id=id_)
        self.known[id_] = self._stored[id_] = Known(stored, {})
        self.touch(id_)
        return stored

    def change_record(self, record: Record) -> None:
        """Another agreed value, key or life."""
        known = self.known[record.id]
        if known.record.agreed.get(VAT_FIELD) != record.agreed.get(VAT_FIELD):
            self._rippling.add(record.id)
        if record.entity is Entity.PRODUCT and self._homes(known.record) != self._homes(record):
            self._rippling.add(record.id)
        self.known[record.id] = replace(known, record=record)
        self.touch(record.id)

    def _homes(self, product: Record) -> list[bool]:
        """Which channels it belongs on: its prices and stock follow it."""
        return [is_in_scope(self.topology, side, product, None) for side in self.topology.sides_of(Entity.PRODUCT)]

    def change_binding(self, binding: Binding) -> None:
        """Another shadow, state or hold on one side."""
        known = self.known[binding.record_id]
        before = known.bindings.get(binding.channel)
        if before is None or self._matters_to_dependents(before, binding):
            self._rippling.add(binding.record_id)
        self.known[binding.record_id] = replace(known, bindings={**known.bindings, binding.channel: binding})
        self.touch(binding.record_id)

    def _matters_to_dependents(self, before: Binding, after: Binding) -> bool:
        """Whether prices and stock there hang on what changed: that the product is there, and takes stock."""
        if (before.state, before.external_id) != (after.state, after.external_id):
            return True
        if after.entity is not Entity.PRODUCT:
            return False
        names = self.topology.sides[after.channel].mappings[Entity.PRODUCT].names_of(TRACKED)
        return any(before.shadow.get(name) != after.shadow.get(name) for name in names)

    def drop_binding(self, binding: Binding) -> None:
        """Forget a binding that was never made there (a create that is owed no longer)."""
        known = self.known[binding.record_id]
        rest = {name: other for name, other in known.bindings.items() if name != binding.channel}
        self.known[binding.record_id] = replace(known, bindings=rest)
        self.touch(binding.record_id)

    def change_conflict(self, record: Record, change: ConflictChange) -> None:
        """Open, join or close the record's conflict about one field."""
        known = self.known[record.id]
        conflicts = dict(known.conflicts)
        standing = conflicts.get(change.field)
        if change.kind == "open" or standing is None:
            id_ = holds.open_conflict(self.session, record.id, record.entity, change.field, change.sides)
            conflicts[change.field] = OpenConflict(id_, change.field, 1, change.sides)
        elif change.kind == "join":
            holds.join_conflict(self.session, standing.id, change.sides)
            conflicts[change.field] = replace(standing, revision=change.revision, sides=change.sides)
        else:
            holds.close_conflict(self.session, standing.id, "agreed")
            del conflicts[change.field]
        self.known[record.id] = replace(known, conflicts=conflicts)
        self.touch(record.id)

    def note(self, events: Iterable[Event]) -> None:
        self._events.extend(events)

    def touch(self, record_id: int) -> None:
        """Reckon this record's debts anew at the end."""
        self._touched.add(record_id)

    def flush(self) -> None:
        """Settle what was touched, then store every change. The session's transaction makes it one."""
        self._ripple()
        stock = {self.known[id_].record.parent_id for id_ in self._touched if self._is(id_, Entity.STOCK)}
        for id_ in sorted(self._touched):
            if not self._is(id_, Entity.STOCK):
                self._settle(id_)
        settle_stock(self, {id_ for id_ in stock if id_ is not None})
        self._store()

    def forget(self) -> None:
        """Store everything, and let go of what was loaded: more will come than there is room for."""
        self.flush()
        self.known.clear()
        self._stored.clear()
        for met in self._dependents.values():
            met.clear()

    def _is(self, record_id: int, entity: Entity) -> bool:
        return self.known[record_id].record.entity is entity

    def _ripple(self) -> None:
        """Prices and stock follow their product: its binding there, its tax class. Stock follows new prices too."""
        products = [id_ for id_ in self._rippling if self._is(id_, Entity.PRODUCT)]
        prices = (self.known[id_].record.parent_id for id_ in self._rippling if self._is(id_, Entity.PRICE))
        self._touch_stock({id_ for id_ in prices if id_ is not None})
        for entity in sorted(DEPENDENT):
            if entity not in self.topology.config.sync:
                continue
            for ids in self.dependents(entity, products).values():
                self._touched.update(ids)
        self._ripple_turns()
        stock = {self.known[id_].record.parent_id for id_ in self._touched if self._is(id_, Entity.STOCK)}
        self._touched.update(id_ for id_ in stock if id_ is not None and self._left_by(self.get(id_)))

    def _ripple_turns(self) -> None:
        """Prices that share one place on a channel: what one of them does may give another its turn."""
        if not self._taking_turns:
            return
        changed = [self.known[id_].record.parent_id for id_ in self._touched if self._is(id_, Entity.PRICE)]
        for ids in self.dependents(Entity.PRICE, (id_ for id_ in changed if id_ is not None)).values():
            self._touched.update(ids)
            self._siblings.update((id_, ids) for id_ in ids)

    def _touch_stock(self, products: Iterable[int]) -> None:
        if Entity.STOCK not in self.topology.config.sync:
            return
        for ids in self.dependents(Entity.STOCK, products).values():
            self._touched.update(ids)

    def _settle(self, record_id: int) -> None:
        known = self.known[record_id]
        turns = self._turns(known.record)
        waits = {name: turn.waits for name, turn in turns.items() if turn.waits is not None}
        waits |= self._with_stock_there(known)
        changed = settle(self.topology, known, self.parent_of(known), self.moment, waits)
        changed |= self._dated(known, changed, turns)
        if changed:
            self.replace_bindings(record_id, changed.values())

    def _with_stock_there(self, known: Known) -> dict[str, Held]:
        """Channels whose scope a product has left while its stock there is not at zero yet (sync-model 5.9)."""
        waits = {}
        for side in self._left_by(known):
            stock_there = sum((self._pieces(id_, side) for id_ in self._stock_of(known.record.id)), Decimal(0))
            standing = Standing(known.record.life, in_scope=False, state="bound", stock_there=stock_there)
            if next_step(standing) == "zero-stock":
                waits[side.name] = Held("scope", "it left the scope; its stock there is set to zero first")
        return waits

    def _left_by(self, known: Known) -> list[Side]:
        """Channels that hold a product that is no longer theirs, and take part in stock."""
        if known.record.entity is not Entity.PRODUCT or Entity.STOCK not in self.topology.config.sync:
            return []
        bound = [name for name, binding in known.bindings.items() if binding.state == "bound"]
        return [
            side
            for side in self.topology.sides_of(Entity.STOCK)
            if side.name in bound and has_left(self.topology, side, known.record)
        ]

    def _stock_of(self, product_id: int) -> list[int]:
        return self.dependents(Entity.STOCK, [product_id])[product_id]

    def _pieces(self, stock_id: int, side: Side) -> Decimal:
        """What the channel shows, as far as it is written there at all."""
        binding = self.known[stock_id].bindings.get(side.name)
        if binding is None or binding.state != "bound" or not is_written(self.topology, side):
            return Decimal(0)
        return max(raw_of(side, binding), Decimal(0))

    def _turns(self, record: Record) -> dict[str, Turn]:
        rivals = [self.known[id_].record for id_ in self._siblings.get(record.id, ())]
        turns = ((side, turn_of(self.topology, side, record, rivals, self.moment.today)) for side in self._taking_turns)
        return {side.name: turn for side, turn in turns if turn is not None} if record.entity is Entity.PRICE else {}

    @staticmethod
    def _dated(known: Known, changed: Mapping[str, Binding], turns: Mapping[str, Turn]) -> dict[str, Binding]:
        """Bindings with the next day on which it may be another's turn, or their own rows read otherwise."""
        bindings = {**known.bindings, **changed}
        dated = {}
        for name, turn in turns.items():
            if name in bindings:
                own = bindings[name].changes_on if bindings[name].external_id is not None else None
                days = [day for day in (own, turn.changes_on and turn.changes_on.isoformat()) if day]
                dated[name] = replace(bindings[name], changes_on=min(days, default=None))
        return dated

    def replace_bindings(self, record_id: int, bindings: Iterable[Binding]) -> None:
        """Bindings with their debts reckoned anew; lanes that now owe something are woken."""
        known = self.known[record_id]
        merged = dict(known.bindings)
        for binding in bindings:
            if binding.dirty:
                self.woken.add((binding.channel, binding.entity))
            merged[binding.channel] = binding
        self.known[record_id] = replace(known, bindings=merged)

    def _store(self) -> None:
        touched = sorted(self._touched)
        for id_ in touched:
            known, stored = self.known[id_], self._stored[id_]
            if known.record != stored.record:
                records.save_record(self.session, known.record)
        records.release_ids(self.session, self._newly_taken(touched))
        for letting_go in (True, False):  # an id that moves to another record is let go before it is taken
            for id_ in touched:
                self._store_bindings(id_, letting_go=letting_go)
        for id_ in touched:
            self._stored[id_] = self.known[id_]
        self._siblings.clear()
        journal.note(self.session, self._events)
        self._events.clear()
        self._touched.clear()
        self._rippling.clear()

    def _newly_taken(self, record_ids: Iterable[int]) -> Iterator[Binding]:
        """Bindings with an external id that they did not have before."""
        for id_ in record_ids:
            stored = self._stored[id_].bindings
            for channel, binding in self.known[id_].bindings.items():
                if channel not in stored or stored[channel].external_id != binding.external_id:
                    yield binding

    def _store_bindings(self, record_id: int, *, letting_go: bool) -> None:
        stored = self._stored[record_id].bindings
        for channel, binding in self.known[record_id].bindings.items():
            before = stored.get(channel)
            was = None if before is None else before.external_id
            if binding == before or letting_go != (was is not None and binding.external_id != was):
                continue
            saved = records.save_binding(self.session, binding)
            self.known[record_id] = self._with_id(self.known[record_id], binding, saved)
            self._free_cured(before, binding)
        if not letting_go:
            for channel in stored.keys() - self.known[record_id].bindings.keys():
                records.delete_binding(self.session, stored[channel])

    def _free_cured(self, before: Binding | None, after: Binding) -> None:
        """What is no longer held is no longer listed in quarantine."""
        for name, hold in (before.held if before else {}).items():
            if hold.reason in ("quarantine", "vanished") and name not in after.held:
                holds.free_field(self.session, after.channel, after.entity, after.record_id, name)

    @staticmethod
    def _with_id(known: Known, binding: Binding, id_: int) -> Known:
        return replace(known, bindings={**known.bindings, binding.channel: replace(binding, id=id_)})
