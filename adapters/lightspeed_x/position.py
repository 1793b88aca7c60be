"""How far a version feed has been read, and how far it is read again. Pure.

A version is taken when a change begins, and may become visible after a higher one was read (NOTES
section 4, open). So each read starts where everything was seen at least :data:`LATE` before the last
read began; versions are no measure of time, so the position remembers moments beside them. Until
there is such a moment, :data:`VERSIONS_BACK` versions are read again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from connector.errors import ContractBroken

#: How much later than a higher one a version may become visible.
LATE: Final = timedelta(seconds=120)
VERSIONS_BACK: Final = 5000


@dataclass(frozen=True)
class Mark:
    """One finished read: everything up to ``version`` that was visible while it ran (server time)."""

    version: int
    began: datetime
    ended: datetime


@dataclass(frozen=True)
class Position:
    """Finished reads, oldest first, and a read that was cut short: how far it came, and when it began."""

    marks: tuple[Mark, ...] = ()
    reached: int | None = None
    since: datetime | None = None

    @property
    def start(self) -> int:
        """Rows with a greater version are to be read next."""
        if self.reached is not None:
            return self.reached
        if not self.marks:
            return 0
        safe = self._safe()
        return max(0, self.marks[0].version - VERSIONS_BACK) if safe is None else self.marks[safe].version

    @property
    def seen(self) -> int | None:
        """The greatest version that a finished read has seen; None before the first, and while one is cut short."""
        return self.marks[-1].version if self.marks and self.reached is None else None

    def at(self, version: int, now: datetime) -> Position:
        """In the middle of a read."""
        return replace(self, reached=version, since=self.since or now)

    def done(self, version: int, now: datetime) -> Position:
        """After a read that came to its end; marks that no later read can start from are dropped."""
        reached = max([version, *(mark.version for mark in self.marks)])
        after = Position((*self.marks, Mark(reached, self.since or now, now)))
        safe = after._safe()
        return after if safe is None else Position(after.marks[safe:])

    def _safe(self) -> int | None:
        """The newest mark that was finished well before the last read began."""
        before = self.marks[-1].began - LATE
        return max((place for place, mark in enumerate(self.marks) if mark.ended <= before), default=None)

    def packed(self) -> Any:
        """JSON-shaped, for a cursor."""
        return msgspec.to_builtins(self)


def unpack(cursor: str | None, names: tuple[str, ...]) -> dict[str, Position]:
    """The positions of several feeds out of one cursor; a feed that it does not name begins anew."""
    try:
        stored = msgspec.json.decode(cursor or "{}", type=dict[str, Position])
    except msgspec.MsgspecError:
        raise ContractBroken("the stored cursor cannot be read: `connector resync` begins anew") from None
    return {name: stored.get(name, Position()) for name in names}


def pack(positions: dict[str, Position]) -> str:
    """Several positions as one cursor."""
    return msgspec.json.encode(positions).decode()
