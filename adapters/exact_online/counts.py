"""Stocktakes that people make, as facts (section 13). Asked for only where the configuration says that they count.

A processed count is final (fact 134), so the moment of its last change is when it set the figure: of a draft
that lay for a while, not when somebody stood at the shelf. What a program has entered may have been a difference, and
nothing is known by which its lines tell: it is no stocktake, but the movement that the figure shows. In warehouses
with storage locations a line counts only one of them (fact 136): that, too, is seen in the figure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from adapters.exact_online import odata
from adapters.exact_online.api import Api
from adapters.exact_online.division import Division
from adapters.exact_online.stock import COUNTS, PROCESSED, is_ours
from connector.contract import Counted

_LANE: Final = "stock"
_LINES: Final = "inventory/StockCountLines"
_FIELDS: Final = ("StockCountID", "Description", "Modified", "Source", "Status", "WarehouseCode")
_BY_PROGRAM: Final = 4  # "web service": how the host says that a record was entered
_LINE_FIELDS: Final = ("ID", "StockCountID", "Item", "QuantityNew", "StorageLocation")
#: So far back it is asked again: a count may be seen some time after the moment that it bears.
_OVERLAP: Final = timedelta(minutes=5)


def stocktakes(api: Api, division: Division, since: datetime) -> list[Counted]:
    """What people have counted since. One call where nobody has."""
    clock = division.clock(_LANE)
    where = f"Modified ge {odata.moment(clock.wall(since - _OVERLAP))}"
    found = {
        str(one["StockCountID"]).lower(): one
        for one in api.listing(COUNTS, _FIELDS, _LANE, where)
        if one.get("Status") == PROCESSED and _is_a_persons(one)
    }
    counted: list[Counted] = []
    for some in odata.chunks(sorted(found)):
        lines = api.listing(_LINES, _LINE_FIELDS, _LANE, odata.either("StockCountID", map(odata.guid, some)))
        for line in lines:
            count = found[str(line["StockCountID"]).lower()]
            at = clock.utc(count.get("Modified"))
            if at is not None:
                counted += _counted(line, str(count.get("WarehouseCode") or "").strip(), at)
    return counted


def _is_a_persons(count: Mapping[str, Any]) -> bool:
    return count.get("Source") != _BY_PROGRAM and not is_ours(str(count.get("Description") or ""))


def _counted(line: Mapping[str, Any], place: str, at: datetime) -> Iterator[Counted]:
    if line.get("QuantityNew") is not None and line.get("Item") and not line.get("StorageLocation"):
        quantity = Decimal(str(line["QuantityNew"]))
        yield Counted(f"count/{str(line['ID']).lower()}", str(line["Item"]).lower(), quantity, place, at)
