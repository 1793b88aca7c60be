"""An account's addresses: the main one of a type, and the further ones for delivery as one list (fact 145)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from adapters.exact_online.api import Api
from connector.contract import Write
from connector.errors import Gone, Stale

ADDRESSES: Final = "crm/Addresses"
#: The call that writes the further addresses, and where their list is.
OTHERS: Final = "others"
_LIST: Final = f"{OTHERS}.list"
INVOICE: Final = 3
DELIVERY: Final = 4
#: What a row has beside what somebody typed.
_AROUND: Final = frozenset({"Account", "Main", "Modified", "Timestamp", "Type"})

Native = Mapping[str, Any]


def main_address(addresses: Sequence[Native], kind: int) -> Native | None:
    return next((one for one in addresses if one.get("Type") == kind and one.get("Main")), None)


def further(addresses: Iterable[Native]) -> dict[str, list[dict[str, Any]]]:
    """Delivery addresses beside the main one, by id: what was typed, and the id."""
    found = [one for one in addresses if one.get("Type") == DELIVERY and not one.get("Main")]
    typed = [{name: value for name, value in one.items() if name not in _AROUND} for one in found]
    return {"list": sorted(typed, key=lambda one: str(one["ID"]))}


def write_further(api: Api, write: Write, purpose: str) -> None:
    """Make the list as it is wanted: new rows made, changed ones changed, those left out deleted.

    Deleted is only what stood there as it was last seen. Done again after a failure in between, it makes nothing
    twice: an address that exists comes back as it is (fact 146). Raises Stale where one of them went meanwhile.
    """
    before = {str(one["ID"]): one for one in _listed(write.before)}
    wanted = _listed(write.fields)
    for one in wanted:
        id_ = one.get("ID")
        if id_ is None:
            api.create(ADDRESSES, _new(write.external_id, one), purpose)
        elif changed := _changed(one, before.get(id_, {})):
            _change(api, id_, changed, purpose)
    for id_ in before.keys() - {one.get("ID") for one in wanted}:
        with suppress(Gone):
            api.remove(ADDRESSES, id_, purpose)


def _listed(native: Native) -> list[Native]:
    return list(native.get(_LIST) or ())


def _new(account: str, one: Native) -> dict[str, Any]:
    given = {name: value for name, value in one.items() if value is not None}
    return {"Account": account, "Type": DELIVERY, "Main": False, **given}


def _changed(one: Native, before: Native) -> dict[str, Any]:
    return {name: value for name, value in one.items() if name != "ID" and value != before.get(name)}


def _change(api: Api, id_: str, changed: Native, purpose: str) -> None:
    try:
        api.change(ADDRESSES, id_, changed, purpose)
    except Gone as gone:
        raise Stale("an address of the account has gone", status=gone.status) from gone
