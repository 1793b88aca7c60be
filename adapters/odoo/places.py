"""Which of the server's locations belong to a configured one.

A code is that of a warehouse (``UTR``), or the whole name of a location (``UTR/Stock/Shop``). A location stands
for itself and for all internal ones within it; a warehouse for all internal ones that it has, so that goods on
their way through its input or output still count, as they do on the server's own screens. Differences are
booked at the location itself, and at a warehouse's stock location.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from adapters.odoo.api import Odoo
from adapters.odoo.rows import listed
from connector.contract import Opening
from connector.errors import ConfigError, Problem, Rejected

_PURPOSE: Final = "stock"


@dataclass(frozen=True)
class Place:
    """A configured location.

    Attributes:
        code: as the configuration has it.
        root: id of the location at which differences are booked; part of the ids of stock rows.
        top: id of the location whose internal ones belong to it.
        within: ids of these, the root among them.
    """

    code: str
    root: int
    top: int
    within: frozenset[int]


class Places:
    """The configured locations, looked up when first asked for, and again when told to."""

    def __init__(self, odoo: Odoo, opening: Opening) -> None:
        self._odoo = odoo
        self._channel = opening.channel
        self._codes = tuple(dict.fromkeys(opening.locations))
        self._listed: tuple[Place, ...] | None = None

    @property
    def listed(self) -> tuple[Place, ...]:
        """All of them. Raises ConfigError for codes that the server does not have, or that overlap."""
        if self._listed is None:
            self._listed = self._look_up()
        return self._listed

    def forget(self) -> None:
        """Somebody may have made locations since."""
        self._listed = None

    @property
    def within(self) -> dict[int, Place]:
        """Location id → the place that it belongs to."""
        return {id_: place for place in self.listed for id_ in place.within}

    def code_of(self, location: int) -> str:
        """The code of the place that a location belongs to; "" where it belongs to none."""
        place = self.within.get(location)
        return place.code if place else ""

    def called(self, code: str) -> Place:
        """The place of a code. Raises Rejected where it is none that is configured."""
        for place in self.listed:
            if place.code == code:
                return place
        raise Rejected(
            "this location is not one of the channel's",
            remedy="give a warehouse's code, or a location's whole name, as this channel's code of the location",
        )

    def _look_up(self) -> tuple[Place, ...]:
        internal = [["usage", "=", "internal"]]
        rows = listed(self._odoo, _PURPOSE, "stock.location", internal, "complete_name", "parent_path")
        locations = {row["id"]: row for row in rows}
        warehouses = listed(self._odoo, _PURPOSE, "stock.warehouse", [], "code", "lot_stock_id", "view_location_id")
        tops = {str(row["code"]): (row["lot_stock_id"], row["view_location_id"]) for row in warehouses}
        named = {str(row["complete_name"]): (id_, id_) for id_, row in locations.items()} | tops
        self._check(named)
        found = tuple(
            Place(code, root, top, frozenset(_below(top, locations)))
            for code in self._codes
            for root, top in (named[code],)
        )
        self._check_overlap(found)
        return found

    def _check(self, named: Mapping[str, Any]) -> None:
        there = ", ".join(sorted(named))
        problems = [
            Problem(f"locations, code {code!r} of {self._channel}", "no location there", f"there are: {there}")
            for code in self._codes
            if code not in named
        ]
        if problems:
            raise ConfigError(problems)

    def _check_overlap(self, found: Sequence[Place]) -> None:
        problems = [
            Problem(
                f"locations, code {one.code!r} of {self._channel}",
                f"shares locations with {other.code!r}, so that pieces would count twice",
                "give codes of places that lie beside each other",
            )
            for number, one in enumerate(found)
            for other in found[:number]
            if one.within & other.within
        ]
        if problems:
            raise ConfigError(problems)


def _below(top: int, locations: Mapping[int, Mapping[str, Any]]) -> Iterator[int]:
    """A location and those within it; the path of each names all that it lies in."""
    return (id_ for id_, row in locations.items() if str(top) in str(row["parent_path"]).split("/"))
