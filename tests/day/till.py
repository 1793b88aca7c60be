"""What the scripted day asks of a till: what people do there, what goes wrong there, and what it shows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Protocol

from tests.day.shown import Article, Person


class Eyes(Protocol):
    """What a system shows its users."""

    def articles(self) -> dict[str, Article]:
        """By SKU; fails where one is there twice."""

    def people(self) -> dict[str, Person]:
        """By e-mail address; fails where one is there twice."""


class Till(Eyes, Protocol):
    """The tills of one chain, on one server. Products by SKU, people by e-mail, places by the chain's words."""

    @property
    def tables(self) -> str:
        """Of config.toml, for the channel ``store``."""

    @property
    def secrets(self) -> Mapping[str, str]:
        """What these tables name as env:…, by its name."""

    @property
    def price_list(self) -> str:
        """What its one list of prices is called in [prices.…]."""

    @property
    def places(self) -> Mapping[str, str]:
        """The chain's word → its code in [locations.…]."""

    def pass_(self, seconds: float) -> None:
        """Time goes by for its server."""

    def open(self) -> None:
        """The shops open: a session for each till, where there are sessions."""

    def close(self) -> None:
        """The shops close: drawers are counted, where there are any."""

    def sell(self, sku: str, place: str, pieces: int) -> None: ...

    def take_back(self, sku: str, place: str, pieces: int) -> None:
        """A customer brings pieces back, and has the money."""

    def receive(self, sku: str, place: str, pieces: int) -> None:
        """Pieces are found or delivered in the shop."""

    def price(self, sku: str, amount: Decimal) -> None: ...

    def rename(self, sku: str, name: str) -> None: ...

    def take_off(self, sku: str) -> None:
        """The product is sold at no till any more; elsewhere that changes nothing."""

    def at_its_next_stock_write(self, act: Callable[[], None]) -> AbstractContextManager[None]:
        """Within the block the next write of a figure is held up until ``act`` was done; fails where none came."""

    def killed_in_mid_write(self) -> AbstractContextManager[None]:
        """Within the block the server is killed while a product or price is being written; fails where none was."""

    def start_again(self) -> None:
        """The server comes up again, at the same address."""

    def forget_writes(self) -> None:
        """From now on :meth:`written` counts."""

    def written(self) -> Collection[str]:
        """What was written there since, by whomever, in words for whoever reads the failure."""
