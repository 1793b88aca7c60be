"""One call of a service: who asks, in which store view, with what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.magento2.errors import required
from sandbox.magento2.inputs import Reader
from sandbox.magento2.search import Criteria, read_criteria
from sandbox.magento2.state import ALL, Database


@dataclass(frozen=True)
class User:
    """Who asks: type 1 is an integration, 2 an administrator, 0 nobody."""

    type: int = 0
    id: int = 0


@dataclass
class Call:
    """``path`` holds the variables of the route, ``given`` the parameters that were read from body or query."""

    db: Database
    now: datetime
    store_id: int = ALL
    user: User = field(default_factory=User)
    path: Mapping[str, Any] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    method: str = "GET"
    is_async: bool = False

    @property
    def reader(self) -> Reader:
        """Reads input under the shop's limits."""
        return Reader(self.db.settings.complex_array_limit)

    @property
    def website_id(self) -> int:
        """The website of the store view; 0 for ``all``."""
        return self.db.views[self.store_id].website_id if self.store_id != ALL else 0

    def criteria(self, *, required_here: bool = True) -> Criteria:
        """The search criteria in the query; 400 when there are none (M§3), save where the shop's own interface
        lets them be left out: for sources and stocks, which are few."""
        for name in ("searchCriteria", "search_criteria"):
            if name in self.query:
                return read_criteria(self.query[name], self.db.settings)
        if required_here:
            raise required("searchCriteria")
        return read_criteria({}, self.db.settings)
