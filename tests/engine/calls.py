"""The bound on calls: each has a reason, and a reason is worth so many calls and no more (sync-model 7 and 9)."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from functools import partial
from math import ceil

from adapters.memory import Thing, World
from connector.ledger import debts
from connector.model.entity import Entity
from tests.engine.shop import Chain

#: What a round asks each channel, whatever has happened: its four feeds, and the facts before the figures.
FLOOR = len(Entity) + 1
#: A write in doubt is read back once, and made again where it was lost.
DOUBT = 2


class Calls:
    """Calls of each channel since the world was last quiet, beside those for which there was a reason."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._doubts: set[str] = set()
        self.begin()

    def begin(self) -> None:
        """The world is quiet: what comes from now on needs reasons of its own."""
        self._before = {name: len(world.calls) for name, world in self._chain.worlds.items()}
        self._allowed: Counter[str] = Counter()

    def allow(self, calls: int, *channels: str) -> None:
        """There is a reason for so many calls of each of these channels."""
        self._allowed.update(dict.fromkeys(channels, calls))

    def allow_round(self, channels: Iterable[str]) -> None:
        self.allow(FLOOR, *channels)

    def allow_doubts(self) -> None:
        """Writes of which nobody knows what became: each is a reason once."""
        with self._chain.parts.ledger.read() as session:
            found = {one.token: name for name in self._chain.worlds for one in debts.in_doubt(session, name)}
        for token in found.keys() - self._doubts:
            self.allow(DOUBT, found[token])
        self._doubts |= found.keys()

    def disorder(self, channel: str, size: int, seed: int) -> None:
        """From now on the channel lists in an order of its own, some rows twice, on pages of this size."""
        world = self._chain.worlds[channel]
        world.page = size
        world.on_list = partial(self._listed, channel, world, random.Random(seed))

    def _listed(self, channel: str, world: World, turn: random.Random, things: list[Thing]) -> list[Thing]:
        listed = [*things, *(thing for thing in things if turn.random() < 0.5)]
        turn.shuffle(listed)
        self.allow(max(ceil(len(listed) / world.page) - 1, 0), channel)
        return listed

    def of_lane(self, lane: str) -> int:
        channel, _, entity = lane.partition("/")
        return sum(called == entity for _, called, _ in self._chain.worlds[channel].calls)

    def made(self, channel: str) -> Counter[tuple[str, str]]:
        """What a channel was asked, by method and entity."""
        since = self._chain.worlds[channel].calls[self._before[channel] :]
        return Counter((method, entity) for method, entity, _ in since)

    def assert_bounded(self) -> None:
        """No channel was asked more often than there was a reason to."""
        self.allow_doubts()
        for name in self._chain.worlds:
            made = self.made(name)
            assert made.total() <= self._allowed[name], f"{name}: {made} of {self._allowed[name]}"
