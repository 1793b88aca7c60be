"""Price books: which list each belongs to, and a book for each period of a list.

The base list is the products' own prices and, for promotions and quantities, every further book that holds
for the same customers and outlets as the general one. Any other list lives in the book of its name, which the
shop makes, since it says for which outlets and customer groups the prices hold. A period belongs to a whole
book, so a list gets a further book for each of its periods, made here like its first one and called
``NAME [2026-03-29 - 2026-04-05]``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from adapters.lightspeed_x.api import Api, Json, moment
from adapters.lightspeed_x.shop import Shop
from connector.contract import Opening
from connector.errors import AmbiguousWrite, Rejected
from connector.model.entity import Entity

PURPOSE: Final = Entity.PRICE.value
#: The configured name of the list that is the products' own prices, and the type of the book that shows them.
BASE: Final = "BASE"
_PATH: Final = "/price_books"
_KEPT_FOR: Final = timedelta(minutes=1)

Period = tuple[datetime | None, datetime | None]


class Books:
    """The books of the configured lists."""

    def __init__(self, api: Api, opening: Opening, shop: Shop) -> None:
        self._api = api
        self._shop = shop
        self.lists = tuple(opening.lists)
        self._general: Json | None = None
        self._now = opening.now
        self._books: dict[str, Json] = {}
        self._read_at: datetime | None = None
        self._newest = 0

    def refresh(self) -> int:
        """Read all books where one has changed; answers the greatest version among ours, 0 without any."""
        if not self._read_at or self._have_changed():
            listed = [book for batch in self._api.feed(_PATH, PURPOSE, 0, deleted=True) for book in batch.rows]
            living = (book for book in listed if not book.get("deleted_at"))
            self._general = next((book for book in living if book.get("type") == BASE), None)
            self._books = {str(book["id"]): book for book in listed if self._list(book)}
            self._newest = max((int(book["version"]) for book in listed), default=0)
        self._read_at = self._now()
        return max((int(book["version"]) for book in self._books.values()), default=0)

    def _have_changed(self) -> bool:
        """Whether anything stands behind the greatest version seen, a deletion included."""
        return any(batch.rows for batch in self._api.feed(_PATH, PURPOSE, self._newest, deleted=True))

    def keep_up(self) -> None:
        """Read them again where they were read a while ago; single look-ups come in great numbers."""
        if self._read_at is None or self._now() - self._read_at > _KEPT_FOR:
            self.refresh()

    def get(self, id_: str) -> Json | None:
        """A book of one of our lists."""
        return self._books.get(id_)

    def list_of(self, book: Json) -> str:
        """The configured name of the list that a book belongs to."""
        return self._list(book)

    def missing(self) -> list[str]:
        """Lists that have no book of their name."""
        self.refresh()
        return [name for name in self.lists if name != BASE and self._own(name) is None]

    def for_period(self, name: str, fields: Mapping[str, Any]) -> str:
        """The id of the book of this list and period, made where there is none. Raises Rejected."""
        period = moment(fields.get("valid_from")), moment(fields.get("valid_to"))
        if found := self._find(name, period):
            return found
        self.refresh()
        return self._find(name, period) or self._make(name, period, fields)

    def _list(self, book: Json) -> str:
        """The name itself, or the name with a period behind it; the base list where it holds for everybody."""
        title = str(book.get("name") or "")
        if book.get("type") == BASE or book.get("deleted_at"):
            return ""
        named = next((name for name in self.lists if title == name or _is_of_period(title, name)), "")
        return named or (BASE if BASE in self.lists and self._is_general(book) else "")

    def _is_general(self, book: Json) -> bool:
        """Whether a book holds for the customers and the outlets of the products' own prices, and everywhere."""
        return self._general is not None and _audience(book) == _audience(self._general)

    def _own(self, name: str) -> Json | None:
        if name == BASE:
            return self._general
        return next((book for book in self._books.values() if book.get("name") == name), None)

    def _find(self, name: str, period: Period) -> str:
        fitting = [id_ for id_, book in self._books.items() if self._list(book) == name and _period(book) == period]
        return min(fitting, default="")

    def _make(self, name: str, period: Period, fields: Mapping[str, Any]) -> str:
        model = self._own(name)
        if model is None:
            raise Rejected(
                f"the shop has no price book {name!r}",
                remedy="make it there: its outlets and customer groups hold for the books of its periods too",
            )
        body = {
            "name": self._title(name, period),
            "customer_group_ids": _ids(model, "customer_group_ids", "customer_groups"),
            "outlet_ids": _ids(model, "outlet_ids", "outlets"),
            "valid_from": fields.get("valid_from"),
            "valid_to": fields.get("valid_to"),
        }
        platform = _platform(model)
        made = self._api.write("POST", _PATH, PURPOSE, body | ({"restrict_to_platform": platform} if platform else {}))
        self.refresh()
        id_ = made.get("id") if isinstance(made, dict) else made
        if not isinstance(id_, str):
            raise AmbiguousWrite("POST /price_books answered no id")
        return id_

    def _title(self, name: str, period: Period) -> str:
        zone = self._zone()
        days = [f"{at.astimezone(zone):%Y-%m-%d}" if at else "…" for at in period]
        return f"{name} [{days[0]} - {days[1]}]"

    def _zone(self) -> tzinfo:
        """The shop's, for names only."""
        stated = self._shop.retailer(PURPOSE).get("timezone")
        name = stated.get("name") if isinstance(stated, dict) else stated
        try:
            return ZoneInfo(str(name))
        except (ZoneInfoNotFoundError, ValueError):
            return UTC


def _is_of_period(title: str, name: str) -> bool:
    return title.startswith(f"{name} [") and title.endswith("]")


def _period(book: Json) -> Period:
    return moment(book.get("valid_from")), moment(book.get("valid_to"))


def _audience(book: Json) -> tuple[frozenset[str], frozenset[str], str]:
    """For whom, where and on which platform a book holds."""
    groups = _ids(book, "customer_group_ids", "customer_groups")
    return frozenset(groups), frozenset(_ids(book, "outlet_ids", "outlets")), _platform(book)


def _platform(book: Json) -> str:
    return str(book.get("restrict_to_platform_key") or book.get("restrict_to_platform") or "")


def _ids(book: Json, flat: str, nested: str) -> list[str]:
    listed: Iterable[Any] = book.get(flat) or (one.get("id") for one in book.get(nested) or ())
    return [str(id_) for id_ in listed]
