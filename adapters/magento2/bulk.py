"""Asynchronous bulks: many writes in one call, worked off by a queue consumer (NOTES section 10).

Whether a shop runs that consumer cannot be read. A bulk that nobody works off stays queued, and
would still be carried out weeks later, over newer values: so a harmless one is sent first, an empty
list of prices, and bulks are used only once that one has been seen to end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from adapters.magento2.api import Api
from adapters.magento2.errors import CouldNotSave
from connector.contract import Opening
from connector.errors import (
    AmbiguousWrite,
    AuthFailed,
    ChannelError,
    ContractBroken,
    Gone,
    RateLimited,
    Rejected,
    Transient,
)
from connector.transport import Call, decode

_BULK: Final = "/rest/all/async/bulk/V1"
_STATUS: Final = "/rest/V1/bulk/{uuid}/status"
_DETAILS: Final = "/rest/V1/bulk/{uuid}/detailed-status"
_OPEN, _DONE, _RETRIABLE = 4, 1, 2
_PROBE_S: Final = 10.0
_PER_OPERATION_S: Final = 2.0
#: An operation takes an eighth of a second (NOTES section 11): the more are open, the longer there is nothing to see.
_POLL_S, _POLL_S_PER_OPEN, _LONGEST_POLL_S = 1.0, 0.05, 5.0


class Bulk:
    """Sends bulks and follows them to their end."""

    def __init__(self, api: Api, opening: Opening) -> None:
        self._api = api
        self._now = opening.now
        self._probe: str | None = None
        self._runs = False
        self._refused = False

    def works(self) -> bool:
        """Whether the shop works bulks off: tried with an empty one, once; an open one is looked at again each time."""
        if not self._runs and not self._refused:
            try:
                self._runs = self._probed()
            except (AuthFailed, ContractBroken, Gone, Rejected):
                self._refused = True  # no permission or no such module: single calls do as well
            except AmbiguousWrite:
                return False  # an empty one does no harm, whether it was taken or not: tried again next time
        return self._runs

    def _probed(self) -> bool:
        first = self._probe is None
        self._probe = self._probe or self._send("POST", "products/base-prices", "price", [{"prices": []}])
        return _OPEN not in self._followed(self._probe, 1, _PROBE_S if first else 0)

    def run(self, method: str, path: str, purpose: str, bodies: Sequence[Any]) -> list[Any]:
        """What became of each body, in their order: the shop's result, or the error that it is.

        Operations that are still open when patience ends, or that cannot be asked for, are
        AmbiguousWrite: they may yet be carried out. Raises RateLimited, AuthFailed, Transient, and
        Rejected, where one body has the whole bulk refused: nothing was sent then.
        """
        try:
            uuid = self._send(method, path, purpose, bodies)
        except (RateLimited, AuthFailed, Transient, Rejected):
            raise
        except ChannelError as wrong:
            return [wrong for _ in bodies]
        try:
            self._followed(uuid, len(bodies), max(_PROBE_S, _PER_OPERATION_S * len(bodies)))
            operations = {int(one["id"]): one for one in self._operations(_DETAILS, uuid)}
        except ChannelError as wrong:
            return [AmbiguousWrite(f"a bulk was sent and cannot be followed: {wrong}") for _ in bodies]
        return [_outcome(operations.get(place)) for place in range(len(bodies))]

    def _send(self, method: str, path: str, purpose: str, bodies: Sequence[Any]) -> str:
        call = Call(method, f"{_BULK}/{path}", purpose, body=list(bodies))
        data = self._api.transport.send(call).data
        if not isinstance(data, dict) or not data.get("bulk_uuid"):
            raise AmbiguousWrite(f"{call}: answered without the id of the bulk")
        if len(data.get("request_items") or ()) != len(bodies):
            raise AmbiguousWrite(f"{call}: answered another number of operations than it was sent")
        return str(data["bulk_uuid"])

    def _followed(self, uuid: str, count: int, patience_s: float) -> Counter[int]:
        """Statuses of the operations, once none is open or patience has ended."""
        until: datetime = self._now() + timedelta(seconds=patience_s)
        while True:
            statuses = Counter(int(one["status"]) for one in self._operations(_STATUS, uuid))
            if sum(statuses.values()) != count:
                raise ContractBroken(f"a bulk of {count} operations shows {sum(statuses.values())}")
            if _OPEN not in statuses or self._now() >= until:
                return statuses
            self._api.transport.pause("bulk", min(_LONGEST_POLL_S, max(_POLL_S, _POLL_S_PER_OPEN * statuses[_OPEN])))

    def _operations(self, path: str, uuid: str) -> list[dict[str, Any]]:
        return list(self._api.get(path, "product", {"uuid": uuid}).get("operations_list") or ())


def _outcome(operation: dict[str, Any] | None) -> dict[str, Any] | ChannelError:
    """The stored thing of one operation, or what went wrong with it."""
    status = None if operation is None else int(operation["status"])
    if operation is None or status == _OPEN:
        return AmbiguousWrite("an operation of a bulk is still open")
    if status == _RETRIABLE:
        return CouldNotSave("an operation of a bulk met a lock")
    if status != _DONE:
        return Rejected(f"an operation of a bulk failed: {operation.get('result_message') or 'no reason given'}")
    result = decode(str(operation.get("result_serialized_data") or "").encode())
    if isinstance(result, list) and result:
        return Rejected("an operation of a bulk ended well with errors in its rows")
    return result if isinstance(result, dict) else AmbiguousWrite("an operation of a bulk ended without its result")
