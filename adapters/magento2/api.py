"""The shop's REST API: searches that end where they should, batches that fit, writes that are tried again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar
from urllib.parse import quote

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from adapters.magento2.errors import CouldNotSave, OverLimit
from connector.contract import RowResult, Write
from connector.errors import AuthFailed, ConnectorError, ContractBroken, RateLimited
from connector.transport import Answer, Call, Query, Transport, evidence

ALL: Final = "/rest/all/V1"
#: An ``in`` filter is kept below both (NOTES section 3: 9,000 characters were refused by a web server).
MOST_IN_FILTER: Final = 100
_MOST_CHARACTERS: Final = 3500

T = TypeVar("T")


@dataclass(frozen=True)
class Filter:
    """One condition of a search; ``value`` is sent as text."""

    field: str
    value: str
    condition: str = "eq"


#: Groups are ANDed, the filters inside one are ORed.
Groups = Sequence[Sequence[Filter]]


@dataclass(frozen=True)
class Found:
    """One page of a search: its rows, and how many there are in all by the server's count."""

    items: Sequence[dict[str, Any]]
    total: int
    answer: Answer


class Api:
    """Calls with the shop's habits in one place. ``page_size`` shrinks to the shop's own limit once that is met."""

    def __init__(self, transport: Transport, page_size: int) -> None:
        self.transport = transport
        self.page_size = page_size

    def get(self, path: str, purpose: str, at: Mapping[str, str] | None = None, query: Query = ()) -> Any:
        """The decoded answer of one read."""
        return self.transport.get(path, purpose=purpose, at=at, query=query).data

    def ask(self, path: str, purpose: str, body: Any) -> Any:
        """The decoded answer of a POST that only reads."""
        return self.transport.send(Call("POST", path, purpose, body=body, safe=True)).data

    def write(self, method: str, path: str, purpose: str, body: Any, at: Mapping[str, str] | None = None) -> Any:
        """The decoded answer of one write, tried again a few times where the shop "could not save".

        That answer says that nothing was kept: mostly a database lock (NOTES section 9).
        """
        call = Call(method, path, purpose, at=at or {}, body=body)
        retrying = Retrying(
            stop=stop_after_attempt(3),
            wait=wait_random_exponential(multiplier=0.5, max=5),
            retry=retry_if_exception_type(CouldNotSave),
            sleep=lambda seconds: self.transport.pause(str(call), seconds),
            reraise=True,
        )
        return retrying(self.transport.send, call).data

    def search(
        self,
        path: str,
        groups: Groups,
        purpose: str,
        *,
        sort: str = "entity_id",
        size: int | None = None,
        page: int = 1,
        fields: str = "",
    ) -> Found:
        """One page, sorted upwards. A page size that the shop refuses is replaced by the one it names."""
        wanted = min(size or self.page_size, self.page_size)
        query = [*criteria(groups, sort, wanted, page), *([("fields", fields)] if fields else [])]
        try:
            return _found(self.transport.get(path, purpose=purpose, query=query))
        except OverLimit as limit:
            if not 0 < limit.most < wanted:
                raise
            self.page_size = limit.most
        return self.search(path, groups, purpose, sort=sort, size=size, page=page, fields=fields)

    def listing(
        self,
        path: str,
        groups: Groups,
        purpose: str,
        *,
        key: str = "entity_id",
        member: str = "id",
        after: str = "0",
        beside: str = "",
        size: int | None = None,
        fields: str = "",
    ) -> Iterator[tuple[Found, bool]]:
        """Every page of a listing, and whether it is the last, by keyset: rows after the last key seen.

        Pages by number drift when rows change in between, and some versions repeat the last page for
        ever (NOTES section 3). Here a page that brings a known key, or fewer rows than the server
        counts, raises ContractBroken. ``beside``: the member that tells rows of one key apart; the
        next page then begins with the last key, and what it repeats of that is left out.
        """
        seen: set[str] = set()
        repeated: set[str] = set()
        while True:
            begin = [] if after == "" else [[Filter(key, after, "gteq" if beside else "gt")]]
            found = self.search(path, [*groups, *begin], purpose, sort=key, size=size, fields=fields)
            keys = [f"{item[member]}/{item.get(beside, '')}".casefold() for item in found.items]
            fresh = set(keys) - repeated
            last = len(keys) >= found.total
            if len(set(keys)) < len(keys) or not seen.isdisjoint(fresh) or not (fresh or last):
                raise broken(found, "a page was repeated")
            if len(keys) > found.total or len(keys) < min(found.total, size or self.page_size, self.page_size):
                raise broken(found, f"a page of {len(keys)} rows where the server counts {found.total}")
            seen.update(fresh)
            items = [item for item, name in zip(found.items, keys, strict=True) if name in fresh]
            yield replace(found, items=items), last
            if last:
                return
            after = str(found.items[-1][member])
            repeated = {name for name in keys if beside and name.startswith(f"{after}/".casefold())}

    def everything(self, path: str, groups: Groups, purpose: str, **how: Any) -> Iterator[dict[str, Any]]:
        """The rows of a listing, one by one."""
        for found, _ in self.listing(path, groups, purpose, **how):
            yield from found.items

    def by_values(
        self, path: str, name: str, values: Sequence[str], purpose: str, *, more: Groups = (), **how: Any
    ) -> Iterator[dict[str, Any]]:
        """The rows whose ``name`` is one of the values, in as few calls as fit."""
        for some in chunks_for_filter(values):
            yield from self.everything(path, [*more, any_of(name, some)], purpose, **how)


def any_of(name: str, values: Sequence[str]) -> list[Filter]:
    """One of these values. ``in`` splits on commas and knows no escape: those get a filter of their own."""
    plain = [value for value in values if "," not in value]
    alone = [Filter(name, value) for value in values if "," in value]
    return ([Filter(name, ",".join(plain), "in")] if plain else []) + alone


def criteria(groups: Groups, sort: str, size: int, page: int) -> Query:
    """``searchCriteria`` as query pairs; a sort order without direction would be downwards."""
    pairs: list[tuple[str, str]] = []
    for g, group in enumerate(group for group in groups if group):
        for f, one in enumerate(group):
            place = f"searchCriteria[filterGroups][{g}][filters][{f}]"
            pairs += [(f"{place}[field]", one.field), (f"{place}[value]", one.value)]
            pairs.append((f"{place}[conditionType]", one.condition))
    pairs += [("searchCriteria[sortOrders][0][field]", sort), ("searchCriteria[sortOrders][0][direction]", "ASC")]
    return [*pairs, ("searchCriteria[pageSize]", str(size)), ("searchCriteria[currentPage]", str(page))]


def broken(found: Found, what: str) -> ContractBroken:
    """A listing that cannot be believed."""
    return ContractBroken(f"{found.answer.call}: {what}", evidence=evidence(found.answer))


def _found(answer: Answer) -> Found:
    """The page in an answer; beyond the last one ``items`` may be null where ``fields`` was given."""
    data = answer.data
    if not isinstance(data, dict) or not isinstance(data.get("total_count"), int):
        raise ContractBroken(f"{answer.call}: answered no list", evidence=evidence(answer))
    items = data.get("items") or []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise ContractBroken(f"{answer.call}: answered a list of something else", evidence=evidence(answer))
    return Found(items, data["total_count"], answer)


def chunks(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The values in batches."""
    return (values[start : start + size] for start in range(0, len(values), size))


def chunks_for_filter(values: Sequence[str]) -> Iterator[list[str]]:
    """The values in batches that fit into a URL."""
    batch: list[str] = []
    length = 0
    for value in values:
        cost = len(quote(value, safe="")) + 3
        if batch and (len(batch) == MOST_IN_FILTER or length + cost > _MOST_CHARACTERS):
            yield batch
            batch, length = [], 0
        batch.append(value)
        length += cost
    if batch:
        yield batch


def moment(text: Any) -> datetime | None:
    """``2026-11-21 19:50:05`` is UTC, whatever the shop's time zone (NOTES section 3)."""
    try:
        return datetime.strptime(str(text), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def written(at: datetime) -> str:
    """A moment as filters take it; an offset would be ignored there."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def started(found: Found, now: datetime) -> str:
    """The cursor behind a listing: when its first call began, by the server's clock."""
    return written(found.answer.server_at - max(now - found.answer.began_at, timedelta(0)))


def one_by_one(writes: Sequence[Write], carry_out: Callable[[Write], RowResult]) -> list[RowResult]:
    """Carry out writes in their order; one that fails is that row's error.

    Without budget or access the rest is not tried; raises if nothing was sent before.
    """
    results: list[RowResult] = []
    for write in writes:
        try:
            results.append(carry_out(write))
        except (RateLimited, AuthFailed) as stop:
            if not results:
                raise
            return results + [failed(left, stop) for left in writes[len(results) :]]
        except ConnectorError as wrong:
            results.append(failed(write, wrong))
    return results


def failed(write: Write, wrong: ConnectorError) -> RowResult:
    """A write that came to nothing, or may have."""
    return RowResult(write.token, write.external_id, error=wrong)
