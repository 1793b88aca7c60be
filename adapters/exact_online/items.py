"""Products: ``logistics/Items`` (section 11)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from adapters.exact_online import odata
from adapters.exact_online.api import Api, failed, one_by_one
from adapters.exact_online.division import Division
from adapters.exact_online.feeds import ITEM, Feeds
from adapters.exact_online.properties import selected
from connector.contract import Opening, Page, Row, RowResult, Write
from connector.errors import Rejected
from connector.model.entity import Entity, Key, code_key

ITEMS: Final = "logistics/Items"
_SYNC: Final = "sync/Logistics/Items"
_LANE: Final = Entity.PRODUCT.value
_KEYS: Final = ("ID", "Code", "Modified")


class Items:
    """The product entity of one division."""

    def __init__(self, api: Api, opening: Opening, division: Division, feeds: Feeds) -> None:
        self._api = api
        self._division = division
        self._feeds = feeds
        self._select = selected(opening, Entity.PRODUCT, _KEYS)
        # a comparison there may heed the case, and keys are folded: codes in mixed case, as they were met or sent
        self._mixed: dict[str, str] = {}

    def changes(self, stored: str | None) -> Iterator[Page]:
        """What changed behind the cursor, then what was deleted."""
        cursor = self._feeds.begin(stored, _LANE)
        began_at = None
        for page in self._feeds.changed(cursor, _SYNC, self._select, _LANE):
            began_at = began_at or page.began_at
            if page.rows:
                yield Page(self._rows(page.rows), page.began_at)
        gone = [Row(id_, {}, deleted=True) for _, id_ in self._feeds.deleted(cursor, (ITEM,), _LANE)]
        yield Page(gone, began_at or self._feeds.now(), cursor.text(), complete=True)

    def sweep(self) -> Iterator[Page]:
        """Every item."""
        for page in self._feeds.everything(_SYNC, self._select, _LANE):
            yield Page(self._rows(page.rows), page.began_at, complete=page.last)

    def read(self, ids: Sequence[str]) -> list[Row]:
        """Items by their id."""
        known = [id_ for id_ in ids if odata.is_guid(id_)]
        return [row for some in odata.chunks(known) for row in self._where("ID", map(odata.guid, some))]

    def find(self, keys: Sequence[Key]) -> dict[Key, list[Row]]:
        """Items by their code, however its letters are written."""
        found: dict[Key, list[Row]] = {key: [] for key in keys}
        by_code = {key.text: key for key in keys if key.kind == "sku"}
        spelt = sorted({text for code in by_code for text in (code, code.upper(), self._mixed.get(code, code))})
        for some in odata.chunks(spelt):
            for row in self._where("Code", map(odata.text, some)):
                if row.address in by_code:
                    _add(found[by_code[row.address]], row)
        return found

    def write(self, writes: Sequence[Write]) -> list[RowResult]:
        """One call per item."""
        return one_by_one(writes, self._write)

    def _write(self, write: Write) -> RowResult:
        if write.operation == "delete":
            return failed(write, Rejected("items are not deleted", remedy="archive: it sets the last day of the item"))
        if write.external_id:
            self._api.change(ITEMS, write.external_id, write.fields, _LANE)
            return RowResult(write.token, write.external_id)
        body = {name: value for name, value in write.fields.items() if value is not None}
        code = self._met(str(body.get("Code") or ""))
        return RowResult(write.token, self._api.create(ITEMS, body, _LANE), code)

    def _where(self, name: str, literals: Iterator[str]) -> list[Row]:
        return self._rows(self._api.listing(ITEMS, self._select, _LANE, odata.either(name, literals)))

    def _rows(self, natives: Sequence[Mapping[str, Any]]) -> list[Row]:
        clock = self._division.clock(_LANE)
        return [
            Row(
                external_id=str(native["ID"]).lower(),
                native=native,
                address=self._met(str(native.get("Code") or "")),
                modified_at=clock.utc(native.get("Modified")),
            )
            for native in natives
        ]

    def _met(self, code: str) -> str:
        """The folded code; how it is written is remembered where that is not plain."""
        folded = code_key(code)
        if code.strip() not in (folded, folded.upper()):
            self._mixed[folded] = code.strip()
        return folded


def _add(rows: list[Row], row: Row) -> None:
    """A row once, though two spellings found it."""
    if all(row.external_id != one.external_id for one in rows):
        rows.append(row)
