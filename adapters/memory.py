"""The reference adapter: one system kept in memory. For tests, and for reading before writing your own.

A :class:`World` is the remote system: it has its own ids, versions and clock, and knows nothing of
the connector. The adapter in front of it is what an adapter should look like: it reads rows, writes
fields, and says what it can do. ``World.faults`` lets a test break a call before or after its effect,
``World.on_call`` lets it look on, or end the process, at any call.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from connector.contract import (
    Capabilities,
    Channel,
    Claim,
    Counted,
    EntityCapabilities,
    Evidence,
    Facts,
    Finding,
    HandOver,
    Opening,
    Page,
    Row,
    RowResult,
    Write,
)
from connector.errors import AmbiguousWrite, ConnectorError, Gone, Rejected, Stale
from connector.model.entity import DEPENDENT, Entity, Key, code_key

PAGE = 50


@dataclass
class Thing:
    """One stored record of the remote system."""

    id: str
    native: dict[str, Any]
    version: int
    modified_at: datetime
    parent: str = ""
    place: str = ""
    part: str = ""
    deleted: bool = False


@dataclass(frozen=True)
class Effect:
    """What became of one thing, by whose hand; or what the connector was shown of it.

    Attributes:
        by: "person", "connector", or "shown".
        before, after: the native values concerned; ``deleted`` is one of them where it changes.
    """

    by: str
    entity: Entity
    id: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass
class World:
    """A remote system in memory: things by entity and id, one version counter, faults to come."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    key_names: Mapping[Entity, str] = field(default_factory=dict)  # which native name holds the key
    things: dict[Entity, dict[str, Thing]] = field(default_factory=lambda: {entity: {} for entity in Entity})
    claims: list[Claim] = field(default_factory=list)
    hand_overs: list[HandOver] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)
    counts: list[Counted] = field(default_factory=list)
    capabilities: dict[Entity, EntityCapabilities] = field(default_factory=dict)
    on_create: Callable[[Entity, dict[str, Any]], dict[str, Any]] = lambda _entity, native: native
    refuses: Callable[[Entity, Mapping[str, Any]], Mapping[str, str]] = lambda _entity, _fields: {}
    #: What goes wrong next: a "read", a "page" that is not a listing's first, or a write "before" it is sent
    #: raises, a "lost" write never arrives, one "amid" its rows is carried out for the first alone, and one
    #: "after" its effect is never answered.
    faults: deque[tuple[str, ConnectorError]] = field(default_factory=deque)
    on_call: Callable[[str], None] = lambda _moment: None  # "before" and "after" each call
    on_list: Callable[[list[Thing]], list[Thing]] = lambda things: things  # in what order, and how often, it lists
    witness: Callable[[Effect], None] = lambda _effect: None  # sees each effect, and what the connector is shown
    hand: str = "person"  # whose doing the present effect is
    compares: bool = False  # it refuses a write that expects what is no longer there; most systems do not
    page: int = PAGE
    calls: list[tuple[str, str, int]] = field(default_factory=list)  # method, entity, rows
    version: int = 0
    made: int = 0
    clock_offset: timedelta = timedelta(0)  # how far its clock is ahead of ours

    def put(
        self, entity: Entity, native: dict[str, Any], *, parent: str = "", place: str = "", part: str = ""
    ) -> Thing:
        """A user of the system creates a thing."""
        self.made += 1
        thing = Thing(
            f"{entity.value}-{self.made}",
            dict(native),
            self._next(),
            self.now() + self.clock_offset,
            parent,
            place,
            part,
        )
        self.things[entity][thing.id] = thing
        self.witness(Effect(self.hand, entity, thing.id, {}, dict(native)))
        return thing

    def edit(self, entity: Entity, id_: str, **native: Any) -> Thing:
        """A user of the system changes a thing."""
        thing = self.things[entity][id_]
        before = {name: thing.native.get(name) for name in native}
        thing.native.update(native)
        self._touch(thing)
        self.witness(Effect(self.hand, entity, id_, before, native))
        return thing

    def move(self, id_: str, pieces: Decimal | int, name: str = "quantity") -> Thing:
        """Pieces come or go at one stock figure: a sale, a receipt."""
        thing = self.things[Entity.STOCK][id_]
        return self.edit(Entity.STOCK, id_, **{name: thing.native[name] + Decimal(pieces)})

    def remove(self, entity: Entity, id_: str) -> None:
        """A user of the system deletes a thing; prices and stock go with their product."""
        gone = [(entity, self.things[entity][id_])]
        if entity is Entity.PRODUCT:
            gone += [(kind, one) for kind in DEPENDENT for one in self.things[kind].values() if one.parent == id_]
        for kind, thing in gone:
            thing.deleted = True
            self._touch(thing)
            self.witness(Effect(self.hand, kind, thing.id, {"deleted": False}, {"deleted": True}))

    def restore(self, entity: Entity, id_: str) -> None:
        """A user of the system takes a thing out of the bin again."""
        thing = self.things[entity][id_]
        thing.deleted = False
        self._touch(thing)
        self.witness(Effect(self.hand, entity, id_, {"deleted": True}, {"deleted": False}))

    @contextmanager
    def changed_by(self, hand: str) -> Iterator[None]:
        """What happens meanwhile is this one's doing."""
        self.hand, before = hand, self.hand
        try:
            yield
        finally:
            self.hand = before

    def _touch(self, thing: Thing) -> None:
        thing.version = self._next()
        thing.modified_at = self.now() + self.clock_offset

    def _next(self) -> int:
        self.version += 1
        return self.version

    def fault(self, when: str) -> None:
        """Raise the fault a test has planned for this moment, once."""
        if self.faults and self.faults[0][0] == when:
            raise self.faults.popleft()[1]


#: Remote systems by name, so that a test edits the same system that the daemon talks to.
WORLDS: dict[str, World] = {}


class Options(BaseModel):
    """``world``: the name of the system in :data:`WORLDS`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    world: str


class MemoryChannel:
    """Speaks to one :class:`World`."""

    def __init__(self, world: World, opening: Opening) -> None:
        self.world = world
        self.opening = opening

    @property
    def capabilities(self) -> Capabilities:
        entities = {entity: self.world.capabilities.get(entity, DEFAULT) for entity in Entity}
        return Capabilities(entities=entities, facts=True, claims=True, refunds=True, locations=False, counts=True)

    @property
    def clock_offset(self) -> timedelta:
        return self.world.clock_offset

    def check(self) -> Iterator[Finding]:
        yield Finding("answers", ok=True, detail=f"{sum(map(len, self.world.things.values()))} things")

    def begin_round(self) -> None:
        """No two entities share a feed."""

    def changes(self, entity: Entity, cursor: str | None) -> Iterator[Page]:
        after = int(cursor or 0)
        yield from self._list(entity, lambda thing: thing.version > after, cursor=str(self.world.version))

    def sweep(self, entity: Entity) -> Iterator[Page]:
        yield from self._list(entity, lambda thing: not thing.deleted, cursor=None)

    def _list(self, entity: Entity, wanted: Callable[[Thing], bool], cursor: str | None) -> Iterator[Page]:
        things = self.world.on_list([thing for thing in self.world.things[entity].values() if wanted(thing)])
        size = self.world.page
        for start in range(0, max(len(things), 1), size):
            if start:
                self.world.fault("page")
            began_at = self._call("list", entity, size)
            rows = [self._row(entity, thing) for thing in things[start : start + size]]
            last = start + size >= len(things)
            yield Page(rows, began_at, cursor if last else None, complete=last)

    def read(self, entity: Entity, ids: Sequence[str]) -> Sequence[Row]:
        self._call("read", entity, len(ids))
        found = (self.world.things[entity].get(id_) for id_ in ids)
        return [self._row(entity, thing) for thing in found if thing is not None and not thing.deleted]

    def find(self, entity: Entity, keys: Sequence[Key]) -> Mapping[Key, Sequence[Row]]:
        self._call("find", entity, len(keys))
        name = self.world.key_names.get(entity, "sku")
        found: dict[Key, list[Row]] = {key: [] for key in keys}
        for thing in self._living(entity):
            for key in keys:
                if code_key(str(thing.native.get(name) or "")) == key.text:
                    found[key].append(self._row(entity, thing))
        return found

    def find_of(self, entity: Entity, products: Sequence[str]) -> Mapping[str, Sequence[Row]]:
        self._call("find", entity, len(products))
        found: dict[str, list[Row]] = {product: [] for product in products}
        for thing in self._living(entity):
            if thing.parent in found:
                found[thing.parent].append(self._row(entity, thing))
        return found

    def _living(self, entity: Entity) -> list[Thing]:
        return [thing for thing in self.world.things[entity].values() if not thing.deleted]

    def write(self, entity: Entity, writes: Sequence[Write]) -> Sequence[RowResult]:
        self._call("write", entity, len(writes))
        self.world.fault("before")
        try:
            self.world.fault("lost")
            with self.world.changed_by("connector"):
                results = self._carried_out(entity, writes)
            self.world.fault("after")
        except AmbiguousWrite as unanswered:
            results = [RowResult(write.token, error=unanswered) for write in writes]
        self.world.on_call("after")
        return results

    def _carried_out(self, entity: Entity, writes: Sequence[Write]) -> list[RowResult]:
        """One after the other; what stops them after the first is the error of those that are left."""
        results: list[RowResult] = []
        for place, write in enumerate(writes):
            try:
                if results:
                    self.world.fault("amid")
            except ConnectorError as stop:
                return results + [RowResult(left.token, left.external_id, error=stop) for left in writes[place:]]
            results += self._applied(entity, write)
        return results

    def _applied(self, entity: Entity, write: Write) -> Iterator[RowResult]:
        """The write, and the prices that it takes along once the product has its id."""
        made = self._apply(entity, write)
        yield made
        if made.error is None:
            for price in write.along:
                yield self._apply(Entity.PRICE, replace(price, parent_id=made.external_id))

    def _apply(self, entity: Entity, write: Write) -> RowResult:
        complaints = self.world.refuses(entity, write.fields)
        if complaints:
            return RowResult(write.token, error=Rejected("refused by the remote", fields=complaints))
        if write.operation == "create" and not write.external_id:
            native = self.world.on_create(entity, dict(write.fields))
            thing = self.world.put(entity, native, parent=write.parent_id, place=write.place, part=write.part)
            return RowResult(write.token, thing.id, _address(entity, thing), version=str(thing.version))
        known = self.world.things[entity].get(write.external_id)
        if known is None or known.deleted:
            return RowResult(write.token, error=Gone("no such thing", external_id=write.external_id))
        if self.world.compares and write.difference is None and _moved_on(write, known):
            return RowResult(write.token, error=Stale("changed there", external_id=write.external_id))
        return self._change(entity, write, known)

    def _change(self, entity: Entity, write: Write, thing: Thing) -> RowResult:
        if write.operation == "delete":
            self.world.remove(entity, thing.id)
        elif write.difference is not None:
            self.world.move(thing.id, write.difference, next(iter(write.fields)))
        else:
            self.world.edit(entity, thing.id, **write.fields)
        return RowResult(write.token, thing.id, _address(entity, thing), version=str(thing.version))

    def landed(self, entity: Entity, write: Write) -> Evidence | None:
        return None

    def facts(self, cursor: str | None) -> Facts:
        began_at = self._call("facts", Entity.STOCK, 0)
        done, _, counted = (cursor or "0:0").partition(":")
        return Facts(
            list(self.world.claims),
            self.world.hand_overs[int(done) :],
            list(self.world.orders),
            f"{len(self.world.hand_overs)}:{len(self.world.counts)}",
            began_at,
            self.world.counts[int(counted or 0) :] if self.opening.counts else (),
        )

    def close(self) -> None:
        """Nothing is held open."""

    def _call(self, method: str, entity: Entity, rows: int) -> datetime:
        self.opening.budget.spend(entity.value)
        self.world.on_call("before")
        self.world.calls.append((method, entity.value, rows))
        if method != "write":
            self.world.fault("read")
        return self.opening.now()

    def _row(self, entity: Entity, thing: Thing) -> Row:
        self.world.witness(Effect("shown", entity, thing.id, {}, dict(thing.native)))
        return Row(
            external_id=thing.id,
            native=dict(thing.native),
            address=_address(entity, thing),
            parent=thing.parent,
            place=thing.place,
            part=thing.part,
            modified_at=thing.modified_at,
            version=str(thing.version),
            deleted=thing.deleted,
        )


def _address(entity: Entity, thing: Thing) -> str:
    return code_key(str(thing.native.get("sku") or "")) if entity is Entity.PRODUCT else ""


def _moved_on(write: Write, thing: Thing) -> bool:
    """Whether somebody changed what this write is about to replace."""
    return any(thing.native.get(name) != write.before[name] for name in write.fields if name in write.before)


DEFAULT = EntityCapabilities(delete=True, deletions=True, write_batch=20)


class Adapter:
    """The entry point: opens a channel on a :class:`World`."""

    Options = Options
    default_limits: ClassVar[tuple[tuple[str, int, int], ...]] = ()

    @staticmethod
    def open(opening: Opening) -> Channel:
        return MemoryChannel(WORLDS.setdefault(opening.options.world, World(now=opening.now)), opening)

    @staticmethod
    def describe() -> Capabilities:
        return Capabilities(
            entities=dict.fromkeys(Entity, DEFAULT), facts=True, claims=True, refunds=True, locations=False, counts=True
        )

    @staticmethod
    def authorize_url(opening: Opening) -> str | None:
        return None

    @staticmethod
    def authorize(opening: Opening, code: str) -> None:
        raise Rejected("this system needs no consent", remedy="leave out `connector auth`")
