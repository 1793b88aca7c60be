"""Which SKUs the shop may have: what it surely has not need not be asked for, code by code."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

from adapters.lightspeed_x.api import Api, Json
from adapters.lightspeed_x.position import LATE

FEED: Final = "/products"


class Codes:
    """Hashes of all codes ever met in the feed of products: read whole once, then only what is new.

    It answers "surely not", or "perhaps": of a product that was deleted or renamed since, and of the few
    codes with one hash. So it need not follow deletions, and takes some bytes a product.
    """

    def __init__(self, api: Api, codes_of: Callable[[Json], Iterable[str]], now: Callable[[], datetime]) -> None:
        self._api = api
        self._codes_of = codes_of
        self._now = now
        self._met: set[int] = set()
        self._reached = 0
        self._marks = (0, 0)  # how far the last two looks back came: at least :data:`LATE` apart
        self._looked_back = now() - LATE
        self._read_at: datetime | None = None

    def refresh(self, purpose: str) -> None:
        """Come up to date. What appears late, behind a higher version, is met by looking back every so often.

        At a look back everything was visible that was behind the one before it; from there the next one reads.
        """
        now = self._now()
        looks_back = now - self._looked_back >= LATE
        for batch in self._api.feed(FEED, purpose, self._marks[0] if looks_back else self._reached):
            self._met.update(hash(code) for product in batch.rows for code in self._codes_of(product))
            self._reached = max(self._reached, batch.reached)
        if looks_back:
            self._marks, self._looked_back = (self._marks[1], self._reached), now
        self._read_at = now

    def perhaps(self, codes: Iterable[str]) -> list[str]:
        """Those of the codes that the shop may have."""
        return [code for code in codes if hash(code) in self._met]

    def is_surely_new(self, code: str) -> bool:
        """Whether a look a moment ago showed that the shop has no such code."""
        fresh = self._read_at is not None and self._now() - self._read_at < LATE
        return fresh and hash(code) not in self._met
