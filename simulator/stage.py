"""Where a script happens: people act in the systems, things go wrong, and the real engine works between them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

from adapters.memory import DEFAULT, Effect, Thing, World
from connector.decide.conflict import Answer
from connector.errors import AmbiguousWrite, ConnectorError, RateLimited, Transient
from connector.ledger import holds, journal, records
from connector.ledger.store import Session
from connector.model.entity import DEPENDENT, Entity
from connector.model.record import Known
from connector.operator import answer_conflict
from connector.parts import Scope
from connector.round import run_round
from simulator.chain import EVERYWHERE, Chain, Ticking, new_ledger, put_in_place
from simulator.checker import as_held
from simulator.crash import CrashError, disarm, make_fragile
from simulator.log import Entry, Shown
from simulator.script import EMAILS, FROM_THE_START, JUMPS_S, SKUS, Event

#: Longer than any back-off, and than any call may take to land.
LONG: Final = timedelta(hours=5)
#: Rounds after which everything must be at rest.
PATIENCE: Final = 14
#: How each system takes stock: absolute figures after another look; figures that it compares; relative changes.
ABLE: Final = {
    "erp": replace(DEFAULT, reread=True),
    "shop": replace(DEFAULT, reread=True),
    "till": replace(DEFAULT, relative=True),
}
KINDS: Final = {"amount": Entity.PRICE, "move": Entity.STOCK, "phone": Entity.CUSTOMER}


class NeverQuietError(Exception):
    """The connector does not come to rest, and this is why."""


@dataclass
class Tally:
    """What a story was made of."""

    cycles: int = 0
    rounds: int = 0
    effective: int = 0  # rounds in which the connector changed something somewhere
    conflicts: int = 0  # rounds in which two edits met
    faults: int = 0
    acts: int = 0

    def add(self, other: Tally) -> None:
        for name in vars(self):
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass
class Stage:
    """Three systems, a connector, and what is seen of them."""

    chain: Chain
    log: list[Entry] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    _armed: list[tuple[int, Callable[[], None]]] = field(default_factory=list)  # steps left, what happens then
    _crash_in: int | None = None
    _noted: int = 0  # how far the history was read

    def open(self) -> None:
        """Everybody has the first products and customers, they are linked, and all is at rest."""
        for channel, world in self.chain.worlds.items():
            world.witness = partial(self._seen, channel, world)
        for place, sku in enumerate(FROM_THE_START):
            self.chain.add_product(sku, amount=f"10.{place:02d}", pieces=10, name=f"mug {sku}")
        for world in self.chain.worlds.values():
            for place, email in enumerate(EMAILS):
                world.put(Entity.CUSTOMER, {"email": email, "phone": f"010-{place}"})
        self.chain.match()
        self.rest()
        self._watch()

    def play(self, event: Event) -> None:
        """Let it happen; ``quiet`` is the caller's to ask for."""
        if event.what == "pass":
            self.chain.clock.pass_(seconds=event.value)
        elif event.what == "round":
            self._round(event)
        elif event.what in FAULTS:
            self.tally.faults += 1
            FAULTS[event.what](self, event)
        elif event.at:
            self._armed.append((event.at, partial(self._act, event)))
        else:
            self._act(event)

    # -- people ----------------------------------------------------------------------------------------

    def _act(self, event: Event) -> None:
        world, sku = self.chain.worlds[event.channel], SKUS[event.key % len(SKUS)]
        self.tally.acts += 1
        if event.what == "create":
            self._create(event, sku)
        elif event.what == "phone":
            customer = self._living(event.channel, Entity.CUSTOMER, EMAILS[event.key % len(EMAILS)])
            if customer:
                world.edit(Entity.CUSTOMER, customer[0].id, phone=f"020-{event.number}")
        elif found := self._living(event.channel, KINDS.get(event.what, Entity.PRODUCT), sku):
            self._change(world, event, found[0])

    def _change(self, world: World, event: Event, thing: Thing) -> None:
        if event.what == "move":
            world.move(thing.id, event.value)
        elif event.what == "delete":
            world.remove(Entity.PRODUCT, thing.id)
        elif event.what == "amount":
            world.edit(Entity.PRICE, thing.id, amount=Decimal(10) + Decimal(event.number) / 100)
        else:
            text = f"{event.number:03d} " + ("a very long text" if event.number % 2 else "mug")
            world.edit(Entity.PRODUCT, thing.id, **{event.what: as_held(event.channel, event.what, text)})

    def _create(self, event: Event, sku: str) -> None:
        """Somebody makes a product that nobody ever had."""
        if not any(entry.key == sku for entry in self.log):
            amount = Decimal(10) + Decimal(event.number) / 100
            self.chain.add_product(
                sku, amount=str(amount), pieces=4, on=(event.channel,), name=f"{event.number:03d} mug"
            )

    def _living(self, channel: str, entity: Entity, key: str) -> list[Thing]:
        world = self.chain.worlds[channel]
        return [one for one in world.things[entity].values() if not one.deleted and _key(world, entity, one) == key]

    # -- what goes wrong -------------------------------------------------------------------------------

    def _fail(self, event: Event) -> None:
        error: ConnectorError = AmbiguousWrite("no answer") if event.what in ("lost", "after") else Transient("nobody")
        self.chain.worlds[event.channel].faults.append((event.what, error))

    def _limit(self, event: Event) -> None:
        until = self.chain.clock.moment + timedelta(seconds=(0, 60, 3600)[event.value % 3])
        when = ("read", "before", "amid")[event.value % 3]
        self.chain.worlds[event.channel].faults.append((when, RateLimited("too many calls", until=until)))

    def _disorder(self, event: Event) -> None:
        """From now on a channel lists in an order of its own, some rows twice, on small pages."""
        world, turn = self.chain.worlds[event.channel], Random(event.value)
        world.page = (50, 3, 1)[event.value % 3]

        def listed(things: list[Thing]) -> list[Thing]:
            again = [*things, *(thing for thing in things if turn.random() < 0.3)]
            turn.shuffle(again)
            return again

        world.on_list = listed

    def _crash(self, event: Event) -> None:
        self._crash_in = event.at

    def _jump(self, event: Event) -> None:
        self.chain.clock.pass_(seconds=JUMPS_S[event.value % len(JUMPS_S)])

    # -- the connector ---------------------------------------------------------------------------------

    def _round(self, event: Event) -> None:
        before = len(self.log)
        scope = Scope(
            channels=frozenset({event.channel} if event.channel else EVERYWHERE),
            entities=frozenset({Entity(event.kind)} if event.kind else Entity),
        )
        with suppress(CrashError):
            run_round(self.chain.parts, scope)
        if self._crash_in is not None and self._crash_in < 0:
            self._restart()
        armed, self._armed = self._armed, []
        for _, act in armed:  # the round was over before their moment came
            act()
        self.tally.cycles += 1
        self.tally.rounds += 1
        self.tally.effective += any(entry.by == "connector" for entry in self.log[before:])
        self.tally.conflicts += self._met()

    def _restart(self) -> None:
        self._crash_in = None
        disarm()
        self.chain.restart()
        self._watch()

    def _watch(self) -> None:
        make_fragile(self.chain, self._step)
        for world in self.chain.worlds.values():
            world.on_call = self._called

    def _called(self, moment: str) -> None:
        """Before and after each call: people do not wait until a round is over."""
        due = [act for left, act in self._armed if left == 1]
        self._armed = [(left - 1, act) for left, act in self._armed if left > 1]
        for act in due:
            act()
        self._step()

    def _step(self) -> None:
        if self._crash_in is not None:
            self._crash_in -= 1
            if self._crash_in < 0:
                raise CrashError

    def _met(self) -> bool:
        """Whether the history since the last look tells of edits on two sides."""
        met = False
        with self.chain.parts.ledger.read() as session:
            while entries := journal.since(session, self._noted):
                self._noted = entries[-1].id
                met = met or any(entry.event.startswith("conflict") for entry in entries)
        return met

    # -- quiet -----------------------------------------------------------------------------------------

    def rest(self) -> None:
        """Nothing happens any more, all is read and written, and the operator answers what he is asked.

        Raises:
            NeverQuietError: an error remains, or something is owed for ever.
        """
        self._crash_in = None
        for world in self.chain.worlds.values():
            world.faults.clear()
        for _ in range(PATIENCE):
            self.chain.clock.moment += LONG
            report = run_round(self.chain.parts, Scope())
            if report.errors:
                raise NeverQuietError(f"errors in a quiet world: {report.errors!r}")
            if not (report.written or self._answered() or self._owes()):
                return
        raise NeverQuietError(f"it never comes to rest; owed: {sorted(self._owed())}")

    def _answered(self) -> bool:
        with self.chain.parts.ledger.read() as session:
            waiting = holds.conflicts(session)
        for one in waiting:
            side = sorted(one.sides)[one.revision % len(one.sides)]
            answer_conflict(self.chain.parts, one, Answer(one.revision, take=side))
        return bool(waiting)

    def _owes(self) -> bool:
        return any(self._owed())

    def _owed(self) -> Iterator[str]:
        with self.chain.parts.ledger.read() as session:
            for name in EVERYWHERE:
                for entity in Entity:
                    if records.owing(session, name, entity):
                        yield f"{name}/{entity}"

    def shown(self) -> Shown:
        """One more round, in which nothing may happen; and how everything stands after it."""
        calls = {name: len(world.calls) for name, world in self.chain.worlds.items()}
        before = len(self.log)
        run_round(self.chain.parts, Scope())
        asked = {name: len(world.calls) - calls[name] for name, world in self.chain.worlds.items()}
        shown = Shown(calls=asked, echoes=sum(entry.by == "connector" for entry in self.log[before:]))
        for name, world in self.chain.worlds.items():
            kinds = shown.things.setdefault(name, {})
            for entity in Entity:
                for thing in world.things[entity].values():
                    if not thing.deleted:
                        key = _key(world, entity, thing)
                        kinds.setdefault(entity.value, {}).setdefault(key, []).append(dict(thing.native))
        self._listed(shown)
        return shown

    def _listed(self, shown: Shown) -> None:
        with self.chain.parts.ledger.read() as session:
            for key in (*SKUS, *EMAILS):
                for entity, known in _known(session, key):
                    held = {name for binding in known.bindings.values() for name in binding.held}
                    shown.held.update((entity.value, key, name) for name in held)
                    told = [f"{one.detail}" for one in journal.of_record(session, known.record.id)]
                    shown.told[key] = shown.told.get(key, "") + " ".join(told)

    def _seen(self, channel: str, world: World, effect: Effect) -> None:
        thing = world.things[effect.entity][effect.id]
        key = _key(world, effect.entity, thing)
        self.log.append(Entry(channel, effect.by, effect.entity.value, effect.id, key, effect.before, effect.after))


FAULTS: Final[dict[str, Callable[[Stage, Event], None]]] = {
    **dict.fromkeys(("read", "page", "before", "lost", "after", "amid"), Stage._fail),
    "limit": Stage._limit,
    "order": Stage._disorder,
    "crash": Stage._crash,
    "jump": Stage._jump,
}


def _key(world: World, entity: Entity, thing: Thing) -> str:
    if entity is Entity.CUSTOMER:
        return str(thing.native["email"])
    product = world.things[Entity.PRODUCT][thing.parent] if entity in DEPENDENT else thing
    return str(product.native["sku"])


def _known(session: Session, key: str) -> Iterator[tuple[Entity, Known]]:
    """The records under a key: a customer; or a product, its prices and its stock."""
    entity = Entity.CUSTOMER if "@" in key else Entity.PRODUCT
    ids = records.record_ids(session, entity, key)
    yield from ((entity, known) for known in records.load(session, ids).values())
    for kind in DEPENDENT if entity is Entity.PRODUCT else ():
        listed = records.dependents(session, kind, ids)
        found = records.load(session, [id_ for each in listed.values() for id_ in each])
        yield from ((kind, known) for known in found.values())


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """A stage in a folder, with a new ledger in it."""
    clock = Ticking()
    worlds = {
        name: World(now=clock, key_names={Entity.CUSTOMER: "email"}, capabilities=dict.fromkeys(Entity, able))
        for name, able in ABLE.items()
    }
    worlds["shop"].compares = True
    shutil.copyfile(new_ledger(), folder / "ledger.db")
    put_in_place(folder, worlds)
    chain = Chain(folder, clock, worlds)
    chain.start()
    stage = Stage(chain)
    try:
        stage.open()
        yield stage
    finally:
        disarm()
        chain.stop()
