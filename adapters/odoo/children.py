"""The child partners of a customer: its first contact, its addresses for invoice and delivery, the further ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from adapters.odoo.shop import Shop
from connector.contract import Row, Write
from connector.errors import Stale

CONTACT: Final = "contact"
#: The first child of each of these types is a part of its own, of the same name.
KINDS: Final = (CONTACT, "invoice", "delivery")
OTHERS: Final = "others"
#: Types of which every further child is one of the others.
_FURTHER: Final = ("delivery", "other")
#: What somebody types of an address, beside its country.
TYPED: Final = ("name", "street", "street2", "zip", "city", "phone")
FIELDS: Final = frozenset({*TYPED, "country_id", "type", "parent_id"})
_LIST: Final = f"{OTHERS}.list"
#: What stands for a command in a list of records: make one, change one.
_MAKE, _CHANGE = 0, 1


def sorted_out(rows: Sequence[Row]) -> dict[str, Any]:
    """Part → the child that it is; the further ones as a list."""
    parts: dict[str, Any] = {OTHERS: []}
    for row in sorted(rows, key=lambda row: int(row.external_id)):
        child = {**row.native, "id": int(row.external_id), "modified_at": row.modified_at}
        kind = str(child["type"])
        if kind in KINDS and kind not in parts:
            parts[kind] = child
        elif kind in _FURTHER:
            parts[OTHERS].append(child)
    return parts


def commands(write: Write, shop: Shop) -> list[Any]:
    """How the children are made and changed along with their parent. Raises Rejected, Stale."""
    found = [_command(write, kind, values) for kind, values in _given(write).items()]
    return [_with_country(one, shop) for one in [*filter(None, found), *_further(write)]]


def _given(write: Write) -> dict[str, dict[str, Any]]:
    """Part → what is to be written of it. The person of a company is its contact."""
    given: dict[str, dict[str, Any]] = {}
    for name, value in write.fields.items():
        kind, dot, member = name.partition(".")
        if dot and kind in KINDS:
            given.setdefault(kind, {})[member] = value
    company = write.fields.get("is_company", write.before.get("is_company"))
    if company and "person" in write.fields:
        given[CONTACT] = {"name": write.fields["person"]}
    return given if write.external_id else {kind: some for kind, some in given.items() if any(some.values())}


def _command(write: Write, kind: str, values: dict[str, Any]) -> list[Any]:
    known = write.parts.get(kind)
    if kind == CONTACT and not values["name"]:  # a contact has a name, or is none
        return [] if known is None else [_CHANGE, int(known), {"active": False}]
    return [_MAKE, 0, {"type": kind, **values}] if known is None else [_CHANGE, int(known), values]


def _further(write: Write) -> Iterator[list[Any]]:
    """The list as it is wanted; those left out are archived, since orders name them."""
    if _LIST not in write.fields:
        return
    before = {int(one["id"]): one for one in _listed(write.before)}
    wanted = _listed(write.fields)
    for one in wanted:
        values = {name: value for name, value in one.items() if name != "id"}
        if one.get("id") is None:
            yield [_MAKE, 0, {"type": "delivery", **values}]
        elif int(one["id"]) not in before:
            raise Stale("an address of the customer has gone")
        elif changed := {name: value for name, value in values.items() if value != before[int(one["id"])].get(name)}:
            yield [_CHANGE, int(one["id"]), changed]
    for id_ in before.keys() - {int(one["id"]) for one in wanted if one.get("id") is not None}:
        yield [_CHANGE, id_, {"active": False}]


def _listed(native: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(native.get(_LIST) or ())


def _with_country(command: list[Any], shop: Shop) -> list[Any]:
    operation, id_, values = command
    values = dict(values)
    if "country" in values:
        country = values.pop("country")
        values["country_id"] = None if country is None else shop.country_id(str(country))
    return [operation, id_, values]
