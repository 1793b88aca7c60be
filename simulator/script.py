"""One integer, and all that happens: a story is made from its seed alone, never from what comes of it.

So any event can be left out and the rest stays what it was: that is how a failure is shrunk, and why one
integer replays it: the seed, and above its bits one bit for each event that is kept (none: all are).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

CHANNELS: Final = ("erp", "shop", "till")
SKUS: Final = ("A-1", "B-2", "C-3", "D-4", "E-5", "F-6")
EMAILS: Final = ("ann@example.com", "bob@example.com", "cem@example.com", "dee@example.com")
#: On every channel from the start; the rest of :data:`SKUS` is made by somebody.
FROM_THE_START: Final = SKUS[:4]
CYCLES: Final = 120
#: The promises are checked after so many cycles, and at the end.
UNTIL_QUIET: Final = 40
SEED_BITS: Final = 32

#: What people do in one cycle, by weight.
ACTS: Final = {
    "name": 10,
    "description": 10,
    "amount": 12,
    "phone": 8,
    "move": 30,
    "clash": 14,
    "create": 4,
    "delete": 1,
}
#: What each of them touches.
KINDS: Final = {
    "name": "product", "description": "product", "create": "product", "delete": "product",
    "amount": "price", "phone": "customer", "move": "stock",
}  # fmt: skip
#: The share of rounds that are of all entities; the others are of the one that was just touched.
EVERYTHING: Final = 0.15
#: What goes wrong, by weight: with the network, the systems and the machine that the connector runs on.
FAULTS: Final = {
    "read": 3, "page": 3, "before": 3, "lost": 4, "after": 4, "limit": 3, "amid": 3, "crash": 8, "order": 4, "jump": 1,
}  # fmt: skip
#: Seconds from one round to the next.
PAUSES_S: Final = (30, 60, 300, 3600)
JUMPS_S: Final = (-3600, 3600, 86400)
#: Calls and commits of a round among which people act and processes end.
STEPS: Final = 60


@dataclass(frozen=True)
class Event:
    """One thing that happens.

    Attributes:
        number: its place in the story, and what tells its values from all others.
        what: an act, a fault, ``pass``, ``round`` or ``quiet``.
        channel: where; ``""``: everywhere.
        kind: of a round: which entity it is of, as the daemon's timetable has it; ``""``: all.
        key: which product or customer, as a place in :data:`SKUS` or :data:`EMAILS`.
        value: pieces, seconds, or which kind of fault.
        at: 0: now; else at this call of the next round (a crash: at this call or commit).
    """

    number: int
    what: str
    channel: str = ""
    kind: str = ""
    key: int = 0
    value: int = 0
    at: int = 0


def script(seed: int) -> list[Event]:
    """The whole story of a seed."""
    turn, told = random.Random(seed), list[Event]()

    def tell(what: str, **parts: int | str) -> None:
        told.append(Event(len(told), what, **parts))  # type: ignore[arg-type]  # the event's own fields

    for cycle in range(1, CYCLES + 1):
        tell("pass", value=turn.choice(PAUSES_S))
        if turn.random() < 0.4:
            fault = turn.choices(list(FAULTS), list(FAULTS.values()))[0]
            tell(fault, channel=turn.choice(CHANNELS), value=turn.randrange(1000), at=turn.randrange(1, STEPS))
        what, at = turn.choices(list(ACTS), list(ACTS.values()))[0], turn.choice((0, 0, turn.randrange(1, 20)))
        where, key, value = turn.sample(CHANNELS, 2), turn.randrange(12), turn.choice((-3, -2, -1, -1, -1, 1, 2, 5))
        if what == "clash":
            what = turn.choice(("name", "description", "amount", "phone", "move"))
            tell(what, channel=where[1], key=key, value=value, at=at)
        tell(what, channel=where[0], key=key, value=value, at=at)
        wide = turn.random() < EVERYTHING
        tell("round", channel=turn.choice(("", "", "", where[0])), kind="" if wide else KINDS[what])
        if cycle % UNTIL_QUIET == 0:
            tell("quiet")
    return told


def encode(seed: int, kept: Sequence[Event] | None = None) -> int:
    """The integer that replays a story, or what is kept of it."""
    mask = 0 if kept is None else sum(1 << event.number for event in kept)
    return mask << SEED_BITS | seed


def decode(integer: int) -> list[Event]:
    """What an integer tells."""
    told, mask = script(integer & ((1 << SEED_BITS) - 1)), integer >> SEED_BITS
    return [event for event in told if mask >> event.number & 1] if mask else told
