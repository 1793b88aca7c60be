"""What is known of the division itself: when it moved, its currency, its warehouses, and the host's clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from adapters.exact_online import odata
from adapters.exact_online.api import Api
from adapters.exact_online.dates import HostClock, zone_of
from adapters.exact_online.errors import BLOCKED, Busy
from adapters.exact_online.options import Options
from connector.contract import Opening
from connector.errors import AuthFailed, Rejected

#: The division is looked at so often: a move starts all row versions anew, a backup blocks it.
FRESH: Final = timedelta(minutes=15)
_NEVER: Final = datetime.fromtimestamp(0, UTC)
_DIVISION: Final = (
    "Code",
    "Currency",
    "Country",
    "BlockingStatus",
    "Status",
    "DivisionMoveDate",
    "DivisionHRLinkUnlinkDate",
)
_WAREHOUSE: Final = ("ID", "Code", "UseStorageLocations", "DefaultStorageLocation")


@dataclass(frozen=True)
class State:
    """``moved``: the dates after which all row versions began anew (fact 91); compared, never read."""

    currency: str
    moved: str
    blocked: int = 0
    archived: bool = False


@dataclass(frozen=True)
class Warehouse:
    """``storage``: the storage location that lines must name, "" where it has none; None: it keeps none (fact 136)."""

    id: str
    code: str
    storage: str | None = None


class Division:
    """Read when first needed; the state again after a while."""

    def __init__(self, api: Api, opening: Opening) -> None:
        options: Options = opening.options
        self._api = api
        self._now = opening.now
        self._number = options.division
        self._presumed = HostClock(ZoneInfo(options.host_timezone or zone_of(options.base_url)))
        self._clock: HostClock | None = None
        self._state: State | None = None
        #: When the state was read.
        self.read_at: datetime = _NEVER
        self._warehouses: dict[str, Warehouse] = {}

    @property
    def is_known(self) -> bool:
        """Whether this process has read the state before."""
        return self._state is not None

    def state(self, purpose: str) -> State:
        """The state, a quarter of an hour old at most; Transient while the division is blocked (fact 8)."""
        if self._state is None or self._now() - self.read_at > FRESH:
            self._state, self.read_at = self.look(purpose), self._now()
        if self._state.blocked:
            self.read_at = _NEVER
            raise Busy("the division is blocked, for a backup or a conversion", self._now() + BLOCKED)
        return self._state

    def was_looked_at(self, since: datetime) -> bool:
        """Whether the state was read at this moment or later."""
        return self.read_at >= since

    def look(self, purpose: str) -> State:
        """The state as it is now."""
        for row in self._api.listing("system/Divisions", _DIVISION, purpose):
            if int(row.get("Code") or 0) == self._number:
                return _state(row)
        raise AuthFailed(
            f"division {self._number} is not among those that the user may open: correct `division`, "
            "or tick it on the consent page of `connector auth`"
        )

    def clock(self, purpose: str) -> HostClock:
        """The host's clock, compared once with what the host states (fact 59)."""
        if self._clock is None:
            user, answer = self._api.me(["ServerTime"], purpose)
            stated = user.get("ServerTime")
            told = isinstance(stated, str) and "Date" in answer.headers
            wall = datetime.fromisoformat(str(stated)).replace(tzinfo=None) if told else None
            self._clock = self._presumed if wall is None else self._presumed.compared(wall, answer.server_at)
        return self._clock

    def warehouses(self, purpose: str) -> Mapping[str, Warehouse]:
        """Code → warehouse."""
        if not self._warehouses:
            rows = self._api.listing("inventory/Warehouses", _WAREHOUSE, purpose)
            found = [self._placed(_warehouse(row), purpose) for row in rows]
            self._warehouses = {one.code: one for one in found}
        return self._warehouses

    def _placed(self, one: Warehouse, purpose: str) -> Warehouse:
        """A warehouse that keeps storage locations, with its only one where none is the default."""
        if one.storage != "":
            return one
        rows = self._api.listing("inventory/StorageLocations", ["ID"], purpose, f"Warehouse eq {odata.guid(one.id)}")
        return replace(one, storage=str(rows[0]["ID"]).lower()) if len(rows) == 1 else one

    def warehouse(self, code: str, purpose: str) -> Warehouse:
        """A warehouse by its code; Rejected where there is none."""
        found = self.warehouses(purpose).get(code)
        if found is None:
            self._warehouses = {}  # it may have been made since
            found = self.warehouses(purpose).get(code)
        if found is None:
            raise Rejected(f"there is no warehouse {code}", remedy="correct the location's code in the configuration")
        return found


def _state(row: Mapping[str, Any]) -> State:
    dates = (row.get("DivisionMoveDate"), row.get("DivisionHRLinkUnlinkDate"))
    return State(
        currency=str(row.get("Currency") or "EUR").strip(),
        moved="|".join(str(one or "") for one in dates),
        blocked=int(row.get("BlockingStatus") or 0),
        archived=row.get("Status") == 1,
    )


def _warehouse(row: Mapping[str, Any]) -> Warehouse:
    storage = str(row.get("DefaultStorageLocation") or "") if row.get("UseStorageLocations") else None
    return Warehouse(str(row["ID"]).lower(), str(row.get("Code") or "").strip(), storage)
