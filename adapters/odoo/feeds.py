"""Reading records of a model: what changed, all there are, these (NOTES section 3).

Ids are asked first, by one statement and so of one moment, and records then in blocks: pages by offset shift
while somebody writes. Of a change the server says only when its transaction **began**, in whole seconds,
so that a cursor is compared with ``>=`` and is read again from well before it. Archived records belong to
every listing. Nothing tells of deletions: a record that is in no listing is gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from adapters.odoo.api import Odoo, Told
from connector.contract import Page, Row
from connector.errors import ContractBroken

BLOCK: Final = 500
#: The longest transaction to be expected, and the time of the search behind which the cursor is taken.
OVERLAP: Final = timedelta(minutes=15)
_WIRE: Final = "%Y-%m-%d %H:%M:%S"

Domain = Sequence[Any]


@dataclass(frozen=True)
class Feed:
    """Records of one model, with the fields that the mapping reads of them.

    Attributes:
        domain: which of them belong to the feed at all.
        context: what every read is to be made with, as the language.
        purpose: the lane for the budget.
    """

    odoo: Odoo
    model: str
    fields: frozenset[str]
    domain: Domain
    context: dict[str, Any]
    purpose: str

    def changes(self, cursor: str | None) -> Iterator[Page]:
        """What changed since the cursor and somewhat before it; everything where there is none."""
        found = self.search(self.domain) if cursor is None else self.since(cursor)
        yield from self.pages(found, cursor=wire(found.server_at))

    def sweep(self) -> Iterator[Page]:
        """Everything."""
        yield from self.pages(self.search(self.domain))

    def read(self, ids: Sequence[int]) -> list[Row]:
        """These records; those that are not there are left out."""
        return [row for block in _blocks(ids) for row in self._block(block)[1]]

    def since(self, cursor: str) -> Told:
        """The ids of what changed since the cursor and somewhat before it."""
        return self.search([*self.domain, ["write_date", ">=", wire(read_moment(cursor) - OVERLAP)]])

    def search(self, domain: Domain) -> Told:
        """The ids of records, in their order, archived ones too."""
        context = {**self.context, "active_test": False}
        found = self.odoo.read(self.model, "search", self.purpose, domain=list(domain), order="id", context=context)
        ids = found.value
        if not isinstance(ids, list) or not all(type(one) is int for one in ids) or sorted(set(ids)) != ids:
            raise ContractBroken(f"{self.model}.search answered no list of ids in their order")
        return found

    def pages(self, found: Told, *, cursor: str | None = None, complete: bool = True) -> Iterator[Page]:
        """The records of a search, in blocks; ``complete``: nothing follows them."""
        blocks = list(_blocks(found.value)) or [[]]
        for place, block in enumerate(blocks, start=1):
            told, rows = self._block(block) if block else (found, [])
            last = place == len(blocks)
            yield Page(rows, told.began_at, cursor if last else None, complete and last)

    def _block(self, ids: Sequence[int]) -> tuple[Told, list[Row]]:
        fields = sorted(self.fields | {"write_date"})
        told = self.odoo.read(
            self.model, "read", self.purpose, ids=list(ids), fields=fields, load=None, context=self.context
        )
        if not isinstance(told.value, list) or not {row["id"] for row in told.value} <= set(ids):
            raise ContractBroken(f"{self.model}.read answered other records than were asked")
        kinds = self.odoo.fields(self.model)
        return told, [_row(native, kinds) for native in told.value]


def wire(moment: datetime) -> str:
    """A moment as a domain takes it: UTC, without saying so (a zone is refused by 19 and ignored by 17)."""
    return moment.astimezone(UTC).strftime(_WIRE)


def read_moment(text: str) -> datetime:
    """A moment of a record."""
    return datetime.strptime(text, _WIRE).replace(tzinfo=UTC)


def _row(told: Mapping[str, Any], kinds: Mapping[str, str]) -> Row:
    native = {name: unset(value, kinds[name]) for name, value in told.items()}
    moved = native["write_date"]
    return Row(str(native["id"]), native, modified_at=read_moment(moved) if moved else None)


def unset(value: Any, kind: str) -> Any:
    """What a field holds; what is not set reads as ``false``, whatever its type (NOTES section 4)."""
    return None if value is False and kind != "boolean" else value


def _blocks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + BLOCK] for start in range(0, len(ids), BLOCK))
