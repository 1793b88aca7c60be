"""Small resources that rows name by id: taxes, outlets, brands, categories, groups. Read whole, kept for a while."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from adapters.lightspeed_x.api import Api, Json
from connector.errors import ContractBroken, Rejected

#: A renamed brand moves no product, so names are read again after this.
KEPT_FOR: Final = timedelta(minutes=15)
NAMES_OF_CATEGORIES: Final = "categories"


class Labels:
    """One resource with ids and names. Deleted rows keep their name, but are not found by it."""

    def __init__(self, api: Api, path: str, now: Callable[[], datetime]) -> None:
        self._api = api
        self._path = path
        self._now = now
        self._rows: dict[str, Json] = {}
        self._missing: set[str] = set()
        self._read_at: datetime | None = None

    def rows(self, purpose: str) -> Sequence[Json]:
        """All that live."""
        self._refresh(purpose)
        return [row for row in self._rows.values() if not row.get("deleted_at")]

    def get(self, id_: str | None, purpose: str) -> Json | None:
        """One by its id; an unknown one may be new, so the resource is read again."""
        if not id_:
            return None
        self._refresh(purpose)
        if id_ not in self._rows and id_ not in self._missing:
            self._read_at = None
            self._refresh(purpose)
            if id_ not in self._rows:
                self._missing.add(id_)
        return self._rows.get(id_)

    def name(self, id_: str | None, purpose: str) -> str | None:
        """What people call it; None where there is no id, or one that leads nowhere: the shop shows nothing either."""
        row = self.get(id_, purpose)
        return None if row is None else str(row.get("name") or "").strip() or None

    def ids(self, name: str, purpose: str) -> list[str]:
        """Ids of those that live and are called so, whatever the case."""
        wanted = name.strip().casefold()
        return [str(row["id"]) for row in self.rows(purpose) if str(row.get("name") or "").strip().casefold() == wanted]

    def id_of(self, name: str, purpose: str, field: str) -> str:
        """The id of the one that is called so. Raises Rejected where there is none, or more than one."""
        found = self.ids(name, purpose)
        if len(found) != 1:
            count = f"{len(found)} entries have" if found else "no entry has"
            raise Rejected(
                f"{count} the name that {field} gives",
                fields={field: f"{count} this name in the shop"},
                remedy="make it in the shop, give it one name only, or correct the channel's settings",
            )
        return found[0]

    def forget(self) -> None:
        """Read again next time."""
        self._read_at = None

    def _refresh(self, purpose: str) -> None:
        now = self._now()
        if self._read_at is not None and now - self._read_at < KEPT_FOR:
            return
        self._rows = {str(row["id"]): row for row in self._listed(purpose)}
        self._read_at, self._missing = now, set()

    def _listed(self, purpose: str) -> Sequence[Json]:
        return [row for batch in self._api.feed(self._path, purpose, 0, deleted=True) for row in batch.rows]


class Categories(Labels):
    """Product categories: a tree without versions, in one answer; products sit in leaves only."""

    def _listed(self, purpose: str) -> Sequence[Json]:
        data: Any = self._api.get(self._path, purpose)
        listed = data.get(NAMES_OF_CATEGORIES) if isinstance(data, dict) else data
        if not isinstance(listed, list):
            raise ContractBroken(f"GET {self._path} answered no categories")
        return [row for row in listed if isinstance(row, dict)]

    def ids(self, name: str, purpose: str) -> list[str]:
        leaves = {str(row["id"]) for row in self.rows(purpose) if row.get("leaf_category", True)}
        return [id_ for id_ in super().ids(name, purpose) if id_ in leaves]
