"""Products: one record per variant, whose template holds what its variants share (NOTES section 4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from adapters.odoo.api import Odoo
from adapters.odoo.batches import Change, Records
from adapters.odoo.families import of_families
from adapters.odoo.feeds import Feed
from adapters.odoo.lives import ACTIVE, by_token, change_lives, create
from adapters.odoo.lookup import by_code
from adapters.odoo.results import by_kind, in_turn, prepared, result
from adapters.odoo.shop import Shop
from connector.contract import Evidence, Opening, Page, Row, RowResult, Write
from connector.errors import ChannelError, Gone, Rejected
from connector.model.entity import Entity, Key, code_key

MODEL: Final = "product.product"
_LANE: Final = Entity.PRODUCT
#: The mapping's name → the field that is meant, by the names of its versions: the first that is there.
_FIELDS: Final = {
    "tax": ("taxes_id",),
    "unit": ("uom_id",),
    "category": ("categ_id",),
    "is_storable": ("is_storable", "detailed_type"),
}
#: What belongs to the template: a change of it is one of all its variants.
_SHARED: Final = frozenset({"name", "tax", "description_sale", "available_in_pos", "is_storable", "unit", "category"})
PRICE: Final = "lst_price"


class Products:
    """The product entity of one company."""

    def __init__(self, odoo: Odoo, opening: Opening, shop: Shop) -> None:
        self._odoo = odoo
        self._shop = shop
        self._names = opening.names.get(_LANE, frozenset())
        self._records = Records(odoo, MODEL, _LANE.value, shop.context)

    @property
    def _feed(self) -> Feed:
        asked = {self._field(name) for name in self._names} | {"default_code", "barcode", "active"}
        return self._shop.feed(MODEL, frozenset(asked), [], _LANE)

    def _field(self, name: str) -> str:
        """The field behind a name of the mapping, in this version."""
        spellings = _FIELDS.get(name, (name,))
        known = self._odoo.fields(MODEL)
        return next((spelling for spelling in spellings if spelling in known), name)

    # --- reading

    def changes(self, cursor: str | None) -> Iterator[Page]:
        """What changed, archived ones too."""
        return (replace(page, rows=self._rows(page.rows)) for page in self._feed.changes(cursor))

    def sweep(self) -> Iterator[Page]:
        """All products, archived ones too."""
        return (replace(page, rows=self._rows(page.rows)) for page in self._feed.sweep())

    def read(self, ids: Sequence[str]) -> list[Row]:
        """These products; those that are not there are left out."""
        return self._rows(self._feed.read([int(id_) for id_ in ids if id_.isdecimal()]))

    def find(self, keys: Sequence[Key]) -> dict[Key, list[Row]]:
        """Products by SKU, whatever its case; more than one may answer."""
        found = by_code(self._feed, "default_code", [key for key in keys if key.kind == "sku"])
        return {key: self._rows(found.get(key, ())) for key in keys}

    def _rows(self, rows: Sequence[Row]) -> list[Row]:
        return [self._row(row) for row in rows]

    def _row(self, row: Row) -> Row:
        """The record under the mapping's names."""
        native = dict(row.native)
        taxes = native.pop("taxes_id", None)
        if taxes is not None:
            native["tax"] = ",".join(map(str, sorted(taxes))) or None  # several are one that no table names
        for name in ("unit", "category"):
            id_ = native.pop(_FIELDS[name][0], None)
            native[name] = None if id_ is None else str(id_)
        if "detailed_type" in native:
            native["is_storable"] = native.pop("detailed_type") == "product"
        return replace(row, native=native, address=code_key(str(native["default_code"] or "")))

    # --- writing

    def write(self, writes: Sequence[Write]) -> list[RowResult]:
        """A result for each, and for the prices that came along with a new product."""
        return in_turn(by_kind(writes, self._create, self._update))

    def _create(self, writes: Sequence[Write]) -> list[RowResult]:
        values, refused = prepared(writes, self._new)
        left = [write for write in writes if write.token in values]
        results = [result(write, refused[write.token], "") for write in writes if write.token in refused]
        for write, made in zip(left, create(self._records, left, values), strict=True):
            id_ = "" if made.id is None else str(made.id)
            address = code_key(str(write.fields.get("default_code") or ""))
            results.append(replace(result(write, made.error, id_), address=address))
            results += [result(price, made.error, id_ and base_id(id_)) for price in write.along]
        return results

    def _new(self, write: Write) -> dict[str, Any]:
        prices = [price.fields[PRICE] for price in write.along if price.fields.get(PRICE) is not None]
        return self._values(write) | ({"list_price": prices[0]} if prices else {})

    def _update(self, writes: Sequence[Write]) -> list[RowResult]:
        touching = [write.external_id for write in writes if write.fields.keys() & _SHARED]
        shared = of_families(self._odoo, touching, _LANE.value)
        objections = {write.token: wrong for write in writes if (wrong := _objection(write, shared)) is not None}
        values, refused = prepared([write for write in writes if write.token not in objections], self._values)
        errors: dict[str, ChannelError | None] = {**objections, **refused}
        left = [write for write in writes if write.token in values]
        plain = [write for write in left if values[write.token]]
        changes = [Change(int(write.external_id), values[write.token]) for write in plain]
        errors |= by_token(plain, self._records.update(changes))
        whole = [write for write in left if errors.get(write.token) is None]
        errors |= change_lives(self._records, whole, begun=bool(plain))
        return [result(write, errors.get(write.token), write.external_id, _address(write)) for write in writes]

    def _values(self, write: Write) -> dict[str, Any]:
        """Native names as the fields of this version; whether it is archived is told by a call of its own.

        Raises Rejected for what should be an id and is none.
        """
        values: dict[str, Any] = {}
        for name, value in write.fields.items():
            field = self._field(name)
            if name == "tax":
                values[field] = _taxes(_id(name, value), write)
            elif name in ("unit", "category"):
                values[field] = _id(name, value)
            elif field == "detailed_type":
                values[field] = "product" if value else "consu"
            elif name != ACTIVE:
                values[field] = value
        return values

    def landed(self, write: Write) -> Evidence | None:
        """A create by its mark; an update leaves none."""
        return self._records.made_by(write.token) if write.operation == "create" else None


def base_id(product: str) -> str:
    """The id of a product's own price."""
    return f"{product}:base"


def _taxes(wanted: int | None, write: Write) -> list[list[Any]] | None:
    """The tax of a new product; of another, in place of those that were seen: other companies' ones are not."""
    if not write.external_id:
        return None if wanted is None else [[6, 0, [wanted]]]
    seen = str(write.before.get("tax") or "")
    taken = [[3, int(id_), 0] for id_ in seen.split(",") if id_ and int(id_) != wanted]
    return taken if wanted is None else [*taken, [4, wanted, 0]]


def _id(name: str, value: object) -> int | None:
    """An id as the settings have it. Raises Rejected."""
    if value is None:
        return None
    if not str(value).isdecimal():
        raise Rejected(f"{name}: not an id", fields={name: "is no id"}, remedy="correct the channel's settings")
    return int(str(value))


def _objection(write: Write, shared: frozenset[str]) -> ChannelError | None:
    """Why a write must not be sent, None where nothing speaks against it."""
    if not write.external_id.isdecimal():
        return Gone("no product has such an id")
    names = sorted(write.fields.keys() & _SHARED) if write.external_id in shared else []
    if not names:
        return None
    return Rejected(
        "the template has other variants, and all of them would change",
        fields=dict.fromkeys(names, "is shared by all variants of the template"),
        remedy="change it there, for all of them, or give each variant a template of its own",
    )


def _address(write: Write) -> str:
    code = write.fields.get("default_code")
    return "" if code is None else code_key(str(code))
