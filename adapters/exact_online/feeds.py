"""Change feeds: row versions per endpoint, deletions beside them, and the cursor that holds both (section 8)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from adapters.exact_online.api import Api, Synced
from adapters.exact_online.division import FRESH, Division
from connector.contract import Opening

#: Codes of ``sync/Deleted`` (fact 90).
ACCOUNT, ADDRESS, CONTACT, PRICE, ITEM, ORDER, ORDER_LINE = 2, 3, 5, 8, 9, 32, 33
_OURS: Final = frozenset({ACCOUNT, ADDRESS, CONTACT, PRICE, ITEM, ORDER, ORDER_LINE})
DELETED: Final = "sync/Deleted"
#: Deletions are kept for two months (fact 88): an older cursor cannot be continued.
_TOO_OLD: Final = timedelta(days=55)
#: Lanes of one round share one reading of the deletions; no longer than this where no round is begun.
_SHARED: Final = timedelta(seconds=60)


class Cursor(msgspec.Struct, frozen=True):
    """How far each endpoint was read.

    Attributes:
        marks: endpoint → the highest row version seen.
        moved: the division's move dates when this cursor began; others mean that versions began anew.
        at: when the last run began (ISO, UTC).
        looked: when the division was looked at for these dates (ISO, UTC).
    """

    marks: dict[str, int] = msgspec.field(default_factory=dict)
    moved: str = ""
    at: str = ""
    looked: str = ""

    def mark(self, entity: str) -> int:
        """Where to go on; 1 is the beginning (fact 83)."""
        return self.marks.get(entity, 1)

    def text(self) -> str:
        """As the ledger keeps it."""
        return msgspec.json.encode(self).decode()


class Feeds:
    """The feeds of one division."""

    def __init__(self, api: Api, opening: Opening, division: Division) -> None:
        self._api = api
        self._now = opening.now
        self._division = division
        self._moved = ""
        self._deleted: dict[int, tuple[int, str]] = {}
        self._deleted_from: int | None = None
        self._deleted_to = 1
        self._deleted_at: datetime | None = None

    def now(self) -> datetime:
        """The moment."""
        return self._now()

    def forget_shared(self) -> None:
        """The deletions are read on before the next lane is told of them."""
        self._deleted_at = None

    def begin(self, stored: str | None, purpose: str) -> Cursor:
        """The cursor to go on from; a fresh one where the division has moved or the stored one is too old."""
        now, known = self._now(), msgspec.json.decode(stored, type=Cursor) if stored else Cursor()
        moved, looked = self._looked(known, purpose)
        if moved != self._moved:
            self._moved, self._deleted_from = moved, None
        goes_on = stored and known.moved == moved and now - datetime.fromisoformat(known.at) <= _TOO_OLD
        return Cursor(dict(known.marks) if goes_on else {}, moved, now.isoformat(), looked)

    def _looked(self, known: Cursor, purpose: str) -> tuple[str, str]:
        """The division's move dates, and when they were read: it may have been another process, not long ago."""
        if known.looked and not self._division.is_known and self._is_fresh(known.looked):
            return known.moved, known.looked
        return self._division.state(purpose).moved, self._division.read_at.isoformat()

    def _is_fresh(self, looked: str) -> bool:
        return self._now() - datetime.fromisoformat(looked) <= FRESH

    def changed(
        self, cursor: Cursor, entity: str, select: Sequence[str], purpose: str, key: str = "ID"
    ) -> Iterator[Synced]:
        """Pages of what changed; ``cursor.marks`` moves with them. Of a record met twice the newer row stays."""
        yield from self._run(entity, select, cursor.mark(entity), purpose, key, cursor.marks)

    def everything(self, entity: str, select: Sequence[str], purpose: str, key: str = "ID") -> Iterator[Synced]:
        """The complete listing; ``last`` only where nothing is left behind the last row.

        A page that lost its end and its link looks like the last one, so the end is asked about: what
        is behind the highest row version belongs to the listing too.
        """
        reached, began_at = 1, self._now()
        while True:
            count = 0
            for page in self._run(entity, select, reached, purpose, key, {}):
                count += len(page.rows)
                reached = page.reached
                if page.rows:
                    yield Synced(page.rows, page.began_at, reached, last=False)
            if not count:
                yield Synced((), began_at, reached, last=True)
                return

    def deleted(self, cursor: Cursor, types: Sequence[int], purpose: str) -> list[tuple[int, str]]:
        """(type, id) of what was deleted behind the cursor, whose mark moves with it."""
        after = cursor.mark(DELETED)
        self._learn_deletions(after, purpose)
        cursor.marks[DELETED] = max(after, self._deleted_to)
        return [one for version, one in self._deleted.items() if version > after and one[0] in types]

    def _run(
        self, entity: str, select: Sequence[str], after: int, purpose: str, key: str, marks: dict[str, int]
    ) -> Iterator[Synced]:
        newest: dict[Any, int] = {}
        for page in self._api.synced(entity, [key, *select], after, purpose):
            rows = list(_newest(page.rows, key, newest))
            marks[entity] = page.reached
            yield Synced(rows, page.began_at, page.reached, page.last)

    def _learn_deletions(self, after: int, purpose: str) -> None:
        """Read on behind the last known deletion, or from further back where a lane needs that."""
        now = self._now()
        if self._deleted_from is None or after < self._deleted_from:
            self._deleted, self._deleted_from, self._deleted_to, self._deleted_at = {}, after, after, None
        if self._deleted_at is not None and now - self._deleted_at < _SHARED:
            return
        select = ["EntityKey", "EntityType"]
        for page in self._api.synced(DELETED, select, self._deleted_to, purpose):
            told = {row["Timestamp"]: _deletion(row) for row in page.rows}
            self._deleted |= {version: one for version, one in told.items() if one[0] in _OURS}
            self._deleted_to = page.reached
        self._deleted_at = now


def _newest(rows: Sequence[dict[str, Any]], key: str, newest: dict[Any, int]) -> Iterator[dict[str, Any]]:
    """The rows that are not older than one of the same record, here or on an earlier page (fact 87)."""
    for row in rows:
        newest[row[key]] = max(newest.get(row[key], 0), row["Timestamp"])
    for row in rows:
        if row["Timestamp"] == newest[row[key]]:
            yield row


def _deletion(row: Mapping[str, Any]) -> tuple[int, str]:
    return int(row["EntityType"]), str(row["EntityKey"]).lower()
