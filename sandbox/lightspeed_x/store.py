"""The tables of one shop, and the one version counter over all of them (L§4).

A row is a dict in the very shape in which the API shows it. Every change goes through
:meth:`Table.save`, which gives the row the next version; a feed lists rows by the version they have now,
so that a row changed twice between two reads is seen once.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from sandbox.lightspeed_x.errors import not_found
from sandbox.lightspeed_x.switches import Switches
from sandbox.stand import Clock

Row = dict[str, Any]
NAMESPACE = UUID("6c1d1f5e-4c57-5b0e-9a55-1d5c8a3f7e21")
FIRST_VERSION = 41_250_100_000
LATE_EVERY = 3


class Table:
    """Rows of one kind, by id, with their feed."""

    def __init__(self, store: Store, name: str, nested: bool = False) -> None:
        self.name = name
        self.rows: dict[str, Row] = {}
        self._store = store
        self._nested = nested  # sales keep the version in _metadata (L§9)
        self._versions: list[int] = []
        self._ids: list[str] = []
        self._late: dict[str, datetime] = {}

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows.values())

    def __len__(self) -> int:
        return len(self.rows)

    def version_of(self, row: Row) -> int:
        """The version that a row has now."""
        return int(row["_metadata"]["version"] if self._nested else row["version"])

    def save(self, row: Row) -> Row:
        """Store a new or changed row under the next version."""
        version = self._store.next_version()
        if self._nested:
            row["_metadata"] = {"version": version}
        else:
            row["version"] = version
        if "updated_at" in row:
            row["updated_at"] = self._store.moment()
        self.rows[row["id"]] = row
        self._versions.append(version)
        self._ids.append(row["id"])
        self._hold(row["id"], version)
        if len(self._ids) > 4 * len(self.rows) + 1000:
            self._compact()
        return row

    def get(self, key: str) -> Row:
        """The row with this id, deleted or not; 404 when there is none."""
        row = self.rows.get(key)
        if row is None:
            raise not_found()
        return row

    def live(self, key: str) -> Row:
        """The row with this id; 404 when there is none or it is deleted."""
        row = self.get(key)
        if row.get("deleted_at"):
            raise not_found()
        return row

    def changes(self, after: int, before: int | None, descending: bool = False) -> Iterator[Row]:
        """Rows whose version is greater than ``after`` and less than ``before``, in order of version."""
        start = bisect_right(self._versions, after)
        stop = len(self._versions) if before is None else bisect_left(self._versions, before)
        places = range(stop - 1, start - 1, -1) if descending else range(start, stop)
        now = self._store.clock.now()
        for place in places:
            row = self.rows[self._ids[place]]
            if self.version_of(row) == self._versions[place] and self._seen(row["id"], now):
                yield row

    def _hold(self, key: str, version: int) -> None:
        """Let some changes appear late, when the switch says so; see switches.late_versions."""
        self._late.pop(key, None)
        seconds = self._store.switches.late_versions
        if seconds and version % LATE_EVERY == 0:
            self._late[key] = self._store.clock.now() + timedelta(seconds=seconds)

    def _seen(self, key: str, now: datetime) -> bool:
        return key not in self._late or self._late[key] <= now

    def _compact(self) -> None:
        pairs = zip(self._versions, self._ids, strict=True)
        kept = [(version, key) for version, key in pairs if self.version_of(self.rows[key]) == version]
        self._versions = [version for version, _ in kept]
        self._ids = [key for _, key in kept]


class Store:
    """All tables of one shop with its clock, switches, ids and version counter."""

    def __init__(self, seed: int, clock: Clock, switches: Switches) -> None:
        self.seed = seed
        self.clock = clock
        self.switches = switches
        self.tables: dict[str, Table] = {}
        self.listeners: list[Callable[[str, Row], None]] = []
        self._version = FIRST_VERSION
        self._made = 0

    def table(self, name: str, nested: bool = False) -> Table:
        """The table of this name, made when it is first asked for."""
        if name not in self.tables:
            self.tables[name] = Table(self, name, nested)
        return self.tables[name]

    def next_version(self) -> int:
        """The next version; not consecutive (L§4)."""
        self._version += 1 + self._version * 7 % 5
        return self._version

    def key(self, kind: str, name: str) -> str:
        """The id of a seeded thing: the same for the same seed."""
        return str(uuid5(NAMESPACE, f"{self.seed}/{kind}/{name}"))

    def new_key(self, kind: str) -> str:
        """The id of a thing made later: the same for the same seed and order of events."""
        self._made += 1
        return self.key(kind, f"made/{self._made}")

    def moment(self) -> str:
        """Now, as rows show it: UTC with +00:00."""
        return self.clock.now().replace(microsecond=0).isoformat()

    def tell(self, kind: str, row: Row) -> None:
        """Tell whoever listens (webhooks) that something of this kind happened."""
        for listener in self.listeners:
            listener(kind, row)
