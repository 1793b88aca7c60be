"""Which columns the protocol itself knows; every other one is text, and is the mapping's alone.

A record's id is the till's own number of a product or customer. Prices and stock have none: theirs is made of what
they are of.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from adapters.file_drop.names import SALES, SERIES
from connector.contract import Row
from connector.model.entity import Entity, Key, Native, code_key

ID: Final = "id"
PRODUCT: Final = "product"
LIST: Final = "list"
PLACE: Final = "place"
PIECES: Final = "pieces"
DELETED: Final = "deleted"
RECEIPT: Final = "receipt"
LINE: Final = "line"
SOLD_AT: Final = "sold_at"
#: Of our own files alone: the signed pieces to book, and our mark of the row.
DIFFERENCE: Final = "difference"
MARK: Final = "mark"

NUMBERS: Final = frozenset({"weight", "amount", PIECES, DIFFERENCE})
FLAGS: Final = frozenset({"active", "tracks_stock", "newsletter", DELETED})

_PRODUCTS, _CUSTOMERS, _PRICES, _STOCK = (SERIES[entity] for entity in Entity)
#: What a file holds → the columns that make the id of a row.
IDENTITY: Final = {
    _PRODUCTS: (ID,),
    _CUSTOMERS: (ID,),
    _PRICES: (PRODUCT, LIST),
    _STOCK: (PRODUCT, PLACE),
    SALES: (RECEIPT, LINE),
}
#: The columns that a file must have, and that no row may leave empty.
REQUIRED: Final = IDENTITY | {SALES: (RECEIPT, LINE, PRODUCT, PLACE, PIECES)}
#: The member that strangers are matched on.
KEYS: Final = {Entity.PRODUCT: "sku", Entity.CUSTOMER: "email"}
#: Kinds of keys whose texts people write with dots and blanks.
_BARE: Final = ("vat_number",)
#: Of prices and stock: the column that says which list or place.
PLACES: Final = {Entity.PRICE: LIST, Entity.STOCK: PLACE}
_PARTS: Final = {Entity.PRICE: "base"}


def id_of(holds: str, record: Mapping[str, object]) -> str:
    """The id of a row; "" where a column of it is empty. What a slash parts has none within."""
    parts = [str(record.get(name) or "").strip() for name in IDENTITY[holds]]
    if len(parts) > 1:
        parts = [part.replace("%", "%25").replace("/", "%2F") for part in parts]
    return "/".join(parts) if all(parts) else ""


def row_of(entity: Entity, id_: str, native: Native, *, deleted: bool = False) -> Row:
    """The row of one record. The files tell no time of a change that would say anything."""
    return Row(
        external_id=id_,
        native=native,
        address=code_key(text(native, KEYS[entity])) if entity is Entity.PRODUCT else "",
        parent=text(native, PRODUCT) if entity in PLACES else "",
        place=text(native, PLACES[entity]) if entity in PLACES else "",
        part=_PARTS.get(entity, ""),
        deleted=deleted,
    )


def key_of(native: Native, kind: str) -> Key:
    """The key of a kind that a record bears, in the column of the kind's own name."""
    shown = text(native, kind)
    return Key(kind, code_key("".join(filter(str.isalnum, shown)) if kind in _BARE else shown))


def text(native: Native, name: str) -> str:
    """A member as text; "" where it is nothing."""
    value = native.get(name)
    return "" if value is None else str(value)
