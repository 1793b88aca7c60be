"""The shop's REST API: version feeds that end where they should, and calls by their path below the version."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from connector.contract import RowResult, Write
from connector.errors import AuthFailed, ConnectorError, ContractBroken, RateLimited, Transient
from connector.transport import Answer, Call, Query, Transport, evidence

#: ``POST /inventory`` takes up to 5000 rows a page (contract).
INVENTORY_PAGE: Final = 5000

T = TypeVar("T")
#: A row as the API gives it.
Json = dict[str, Any]


@dataclass(frozen=True)
class Batch:
    """One page of a version feed: its rows, the greatest version read so far, and whether it is the end."""

    rows: Sequence[Json]
    answer: Answer
    reached: int
    last: bool

    @property
    def began_at(self) -> datetime:
        """By our clock."""
        return self.answer.began_at


@dataclass
class End:
    """Where a feed was seen to end in this round, and the lanes that know it."""

    version: int
    answer: Answer
    told: set[str]


def version_of(row: Json) -> Any:
    """A row's version; sales of the date-named versions have it in ``_metadata``."""
    return row["version"] if "version" in row else (row.get("_metadata") or {}).get("version")


class Api:
    """Calls below ``/api/VERSION``."""

    def __init__(self, transport: Transport, version: str, page_size: int) -> None:
        self.transport = transport
        self.page_size = page_size
        self._root = f"/api/{version}"
        self._ends: dict[str, End] = {}

    def begin_round(self) -> None:
        """Every feed is asked again, once."""
        self._ends.clear()

    def get(self, path: str, purpose: str, query: Query = (), **at: str) -> Any:
        """The ``data`` of one read."""
        answer = self.transport.get(self._root + path, purpose=purpose, query=query, at=at)
        return _data(answer)

    def answer(self, path: str, purpose: str, query: Query = (), **at: str) -> Answer:
        """One read as it came."""
        return self.transport.get(self._root + path, purpose=purpose, query=query, at=at)

    def write(self, method: str, path: str, purpose: str, body: Any = None, **at: str) -> Any:
        """One write, never repeated; its ``data``, None where the answer has none."""
        call = Call(method, self._root + path, purpose, at=at, body=body)
        data = self.transport.send(call).data
        return data.get("data") if isinstance(data, dict) else None

    def feed(
        self,
        path: str,
        purpose: str,
        after: int,
        *,
        deleted: bool = False,
        size: int | None = None,
        known: int | None = None,
    ) -> Iterator[Batch]:
        """Pages of ``GET path``, upwards by version, until an empty one; a short one is not the end.

        ContractBroken for a page that does not move on: one that comes again, or whose rows are not
        in order. Rows changed while paging come again on a later page. Where another lane of this
        round has found nothing behind ``after``, that is the answer.

        ``known``: the greatest version that an earlier read has seen. A short page that ends with it only
        shows again what may have come late, and is not asked behind: the next read does that.
        """
        end = self._ends.get(path)
        if end is not None and purpose not in end.told and after >= end.version:
            end.told.add(purpose)
            yield Batch((), end.answer, after, last=True)
            return

        flags = [("deleted", "true")] if deleted else []
        rows = str(size or self.page_size)

        def page(after: int) -> tuple[Answer, Any]:
            query = [("after", str(after)), ("page_size", rows), *flags]
            answer = self.transport.get(self._root + path, purpose=purpose, query=query)
            data = _data(answer)
            if not data and _newest(answer) > after:
                raise ContractBroken(f"{answer.call}: an empty page that counts rows", evidence=evidence(answer))
            return answer, data

        for batch in _pages(page, after, int(rows), known):
            if batch.last and not batch.rows:
                self._ends[path] = End(batch.reached, batch.answer, {purpose})
            yield batch

    def inventory(self, purpose: str, after: int, known: int | None = None, **more: Any) -> Iterator[Batch]:
        """The same for ``POST /inventory``: a bare array, in falling order unless asked otherwise (NOTES section 4)."""

        def page(after: int) -> tuple[Answer, Any]:
            body = {"after": after, "size": INVENTORY_PAGE, "sort_direction": "asc", **more}
            answer = self.transport.send(Call("POST", f"{self._root}/inventory", purpose, body=body, safe=True))
            return answer, answer.data

        return _pages(page, after, INVENTORY_PAGE, known)


def _pages(
    page: Callable[[int], tuple[Answer, Any]], after: int, size: int, known: int | None = None
) -> Iterator[Batch]:
    while True:
        answer, rows = page(after)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise ContractBroken(f"{answer.call}: answered no list of rows", evidence=evidence(answer))
        if rows:
            after = _moved(answer, [version_of(row) for row in rows], after)
        last = not rows or (len(rows) < size and after == known)
        yield Batch(rows, answer, after, last)
        if last:
            return


def _moved(answer: Answer, versions: Sequence[Any], after: int) -> int:
    """The page's greatest version. Taken from its rows: the ``max`` of a page that was cut leads past some."""
    if not all(type(version) is int for version in versions):
        raise ContractBroken(f"{answer.call}: a row without a version", evidence=evidence(answer))
    if versions[0] <= after or sorted(versions) != list(versions):
        raise ContractBroken(f"{answer.call}: the page does not move on from where the last one ended")
    return int(versions[-1])


def _newest(answer: Answer) -> int:
    version = answer.data.get("version") if isinstance(answer.data, dict) else None
    newest = version.get("max") if isinstance(version, dict) else None
    return newest if isinstance(newest, int) else 0


def _data(answer: Answer) -> Any:
    if not isinstance(answer.data, dict) or "data" not in answer.data:
        raise ContractBroken(f"{answer.call}: answered without data", evidence=evidence(answer))
    return answer.data["data"]


def one_by_one(writes: Sequence[Write], do: Callable[[Write], RowResult]) -> list[RowResult]:
    """A result for each write. What stops them all is raised only while nothing was sent."""
    results: list[RowResult] = []
    for place, write in enumerate(writes):
        try:
            results.append(do(write))
        except (RateLimited, AuthFailed, Transient) as stop:
            if not results:
                raise
            return results + [failed(left, stop) for left in writes[place:]]
        except ConnectorError as wrong:
            results.append(failed(write, wrong))
    return results


def failed(write: Write, wrong: ConnectorError) -> RowResult:
    """A write that was refused, or whose answer was lost."""
    return RowResult(write.token, write.external_id, error=wrong)


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Pieces of at most this many."""
    return (items[start : start + size] for start in range(0, len(items), size))


def moment(text: Any) -> datetime | None:
    """A moment of a row, aware; None where it has none."""
    if not isinstance(text, str) or not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def without(fields: Mapping[str, Any], *names: str) -> Json:
    """The fields that are not among these."""
    return {name: value for name, value in fields.items() if name not in names}
