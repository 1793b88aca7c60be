"""Search criteria: filters, sort orders, pages, as every list of the shop understands them (M§3).

Filter groups are ANDed, the filters of a group ORed. A page beyond the last is empty and the total right; page 0
and below is page 1; page size 0 or none is everything, below 0 one row. A sort order without direction is DESC.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Generic, TypeVar

from sandbox.magento2.errors import ApiError
from sandbox.magento2.inputs import Many, Reader, Shape
from sandbox.magento2.state import Settings
from sandbox.magento2.values import decimal, folded, is_numeric, read_moment

Row = TypeVar("Row")
FILTER = Shape("Magento\\Framework\\Api\\Filter", {"field": "string", "value": "mixed", "condition_type": "string"})
GROUP = Shape("Magento\\Framework\\Api\\Search\\FilterGroup", {"filters": Many(FILTER)})
SORT_ORDER = Shape("Magento\\Framework\\Api\\SortOrder", {"field": "string", "direction": "string"})
CRITERIA = Shape(
    "Magento\\Framework\\Api\\SearchCriteria",
    {
        "filter_groups": Many(GROUP),
        "sort_orders": Many(SORT_ORDER),
        "page_size": "int",
        "current_page": "int",
        "request_name": "string",
    },
)


@dataclass(frozen=True)
class Filter:
    field: str | None
    value: Any
    condition: str = "eq"


@dataclass(frozen=True)
class Criteria:
    """What was asked; ``echo`` is what the answer repeats."""

    groups: tuple[tuple[Filter, ...], ...]
    orders: tuple[tuple[str, str | None], ...]
    page_size: int | None
    current_page: int | None
    echo: Mapping[str, Any]

    @property
    def filters(self) -> list[Filter]:
        return [one for group in self.groups for one in group]

    @property
    def start(self) -> int:
        """How many rows stand before the page."""
        return 0 if not self.page_size else (max(self.current_page or 1, 1) - 1) * max(self.page_size, 1)

    def cut(self, rows: list[Row]) -> list[Row]:
        """The rows of the page."""
        if not self.page_size:
            return rows
        return rows[self.start : self.start + max(self.page_size, 1)]


def read_criteria(given: Any, settings: Settings) -> Criteria:
    """Criteria from the parsed query; 400 for what the shop refuses, and for a page size above its limit."""
    read = Reader().read(given if isinstance(given, dict) else {}, CRITERIA) or {}
    size = read.get("page_size", settings.default_page_size)
    limit = settings.maximum_page_size
    if limit is not None and size is not None and size > limit:
        raise ApiError(400, "Maximum SearchCriteria pageSize is %max", {"max": limit})
    groups = tuple(
        tuple(
            Filter(one.get("field"), one.get("value"), one.get("condition_type") or "eq")
            for one in group.get("filters") or []
        )
        for group in read.get("filter_groups") or []
    )
    orders = tuple((one.get("field", ""), _direction(one.get("direction"))) for one in read.get("sort_orders") or [])
    return Criteria(groups, orders, size, read.get("current_page"), _echo(groups, orders, size, read))


def _direction(given: str | None) -> str | None:
    if given is None:
        return None
    if given.upper() not in ("ASC", "DESC"):
        text = "The sort order has to be specified as %1 for ascending order or %2 for descending order."
        raise ApiError(400, text, ["ASC", "DESC"])
    return given.upper()


def _echo(
    groups: tuple[tuple[Filter, ...], ...],
    orders: tuple[tuple[str, str | None], ...],
    size: int | None,
    read: Mapping[str, Any],
) -> dict[str, Any]:
    echo: dict[str, Any] = {
        "filter_groups": [
            {"filters": [{"field": f.field, "value": f.value, "condition_type": f.condition} for f in group]}
            for group in groups
        ]
    }
    if orders:
        echo["sort_orders"] = [{"field": name, "direction": direction} for name, direction in orders]
    if size is not None:
        echo["page_size"] = size
    if read.get("current_page") is not None:
        echo["current_page"] = read["current_page"]
    return echo


@lru_cache(maxsize=512)
def _moment(text: str) -> datetime | None:
    return read_moment(text)


def _sides(held: Any, given: Any) -> tuple[Any, Any]:
    """Both sides in terms that compare as the database would compare them."""
    if isinstance(held, datetime):
        read = _moment(str(given))
        return (held, read) if read is not None else (1, 0)
    if isinstance(held, int | Decimal):
        return Decimal(held), decimal(given) if is_numeric(given) else Decimal(0)
    return folded(str(held)), folded(str(given))


def _is_equal(held: Any, given: Any) -> bool:
    left, right = _sides(held, given)
    return bool(left == right)


@lru_cache(maxsize=512)
def _pattern(text: str) -> re.Pattern[str]:
    parts = (".*" if c == "%" else "." if c == "_" else re.escape(c) for c in folded(text))
    return re.compile("".join(parts), re.DOTALL)


def _is_like(held: Any, given: Any) -> bool:
    return _pattern(str(given)).fullmatch(folded(str(held))) is not None


@lru_cache(maxsize=512)
def _listed(text: str) -> tuple[frozenset[str], frozenset[Decimal]]:
    """The values of ``in`` as texts and as numbers: split at commas, which cannot be escaped (M§3)."""
    words = text.split(",")
    return frozenset(folded(word) for word in words), frozenset(decimal(word) for word in words if is_numeric(word))


def _is_in(held: Any, given: Any) -> bool:
    words, numbers = _listed(",".join(map(str, given)) if isinstance(given, list) else str(given))
    if isinstance(held, int | Decimal):
        return Decimal(held) in numbers
    return folded(str(held)) in words


def _compare(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda held, given: test(*_sides(held, given))


CONDITIONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": _is_equal,
    "neq": lambda held, given: not _is_equal(held, given),
    "gt": _compare(lambda a, b: a > b),
    "gteq": _compare(lambda a, b: a >= b),
    "moreq": _compare(lambda a, b: a >= b),
    "from": _compare(lambda a, b: a >= b),
    "lt": _compare(lambda a, b: a < b),
    "lteq": _compare(lambda a, b: a <= b),
    "to": _compare(lambda a, b: a <= b),
    "in": _is_in,
    "nin": lambda held, given: not _is_in(held, given),
    "like": _is_like,
    "nlike": lambda held, given: not _is_like(held, given),
    "finset": lambda held, given: folded(str(given)) in [folded(one) for one in str(held).split(",")],
}


def matches(held: Any, one: Filter) -> bool:
    """Whether a value passes a filter; a missing value only passes ``null``, an unknown condition nothing."""
    if one.condition in ("null", "notnull"):
        return (held is None) == (one.condition == "null")
    if held is None or one.value is None:
        return False
    if isinstance(held, set | frozenset):
        return any(matches(member, one) for member in held)
    test = CONDITIONS.get(one.condition)
    return test is not None and test(held, one.value)


class Table(Generic[Row]):
    """How the rows of one kind are searched: by which columns, and what an unknown one is answered with."""

    def __init__(self, columns: Mapping[str, Callable[[Row], Any]], unknown: Callable[[str | None], Exception]) -> None:
        self.columns = columns
        self.unknown = unknown

    def column(self, name: str | None) -> Callable[[Row], Any]:
        """The values of a field; raises for one that does not exist."""
        found = None if name is None else self.sort_column(name)
        if found is None:
            raise self.unknown(name)
        return found

    def sort_column(self, name: str) -> Callable[[Row], Any] | None:
        """The values to sort by; None for a field that does not exist: it is ignored without a word."""
        return self.columns.get(name)

    def search(self, rows: Iterable[Row], criteria: Criteria) -> tuple[list[Row], int]:
        """The rows of the page, and how many there are in all."""
        tests = [[(self.column(one.field), one) for one in group] for group in criteria.groups if group]
        found = [row for row in rows if all(any(matches(get(row), one) for get, one in group) for group in tests)]
        for name, direction in reversed(criteria.orders):
            get = self.sort_column(name)
            if get is not None:
                found.sort(key=_sort_key(get), reverse=direction != "ASC")
        return criteria.cut(found), len(found)


def _sort_key(get: Callable[[Row], Any]) -> Callable[[Row], Any]:
    def key(row: Row) -> Any:
        value = get(row)
        return (0, 0) if value is None else (1, folded(value) if isinstance(value, str) else value)

    return key


def invalid_attribute(name: str | None) -> ApiError:
    """400: what entities with attributes answer to an unknown field."""
    return ApiError(400, 'The "%1" attribute name is invalid. Reset the name and try again.', [name])


def listing(items: list[Any], criteria: Criteria, total: int) -> dict[str, Any]:
    """The answer of a list."""
    return {"items": items, "search_criteria": dict(criteria.echo), "total_count": total}
