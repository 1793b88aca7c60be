"""What became of writes, when several calls carry them out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from connector.contract import RowResult, Write
from connector.errors import AuthFailed, ChannelError, Gone, RateLimited, Rejected, Stale, Transient

_Row = TypeVar("_Row")
_Told = TypeVar("_Told")

Values = dict[str, Any]
Writer = Callable[[Sequence[Write]], Sequence[RowResult]]


def result(write: Write, error: ChannelError | None, id_: str, address: str = "") -> RowResult:
    """What became of one write; the id also beside an error, as soon as there is one."""
    return RowResult(write.token, id_, address, error=error)


def failed(write: Write, wrong: ChannelError) -> RowResult:
    """A write that was refused, or whose answer was lost."""
    return RowResult(write.token, write.external_id, error=wrong)


def by_kind(writes: Sequence[Write], create: Writer, update: Writer) -> list[tuple[Sequence[Write], Writer]]:
    """New records and changed ones, each for its writer; nothing is deleted."""
    gone = [write for write in writes if write.operation == "delete"]
    left = [write for write in writes if write.operation != "delete"]
    return [
        ([write for write in left if not write.external_id], create),
        ([write for write in left if write.external_id], update),
        (gone, _undeleted),
    ]


def _undeleted(writes: Sequence[Write]) -> list[RowResult]:
    refused = Rejected("is not deleted there", remedy="archive it: sales hang on it")
    return [failed(write, refused) for write in writes]


def in_turn(steps: Sequence[tuple[Sequence[Write], Writer]]) -> list[RowResult]:
    """The results of writes of several kinds. What stops them all is raised only while nothing was sent."""
    results: list[RowResult] = []
    for writes, writer in steps:
        try:
            results += writer(writes) if writes else ()
        except (RateLimited, AuthFailed, Transient) as stop:
            if not results:
                raise
            results += [failed(write, stop) for write in writes]
    return results


def prepared(
    writes: Sequence[Write], values_of: Callable[[Write], Values]
) -> tuple[dict[str, Values], dict[str, ChannelError]]:
    """Token → the fields that each write sends; and why some must not be sent."""
    values: dict[str, Values] = {}
    refused: dict[str, ChannelError] = {}
    for write in writes:
        try:
            values[write.token] = values_of(write)
        except (Rejected, Stale, Gone) as wrong:
            refused[write.token] = wrong
    return values, refused


def behind(rows: Sequence[_Row], send: Callable[[Sequence[_Row]], Sequence[_Told]]) -> Sequence[_Told | ChannelError]:
    """What became of rows that are sent when others were done before: whatever stops it stands for each of them."""
    try:
        return send(rows)
    except (RateLimited, AuthFailed, Transient) as stop:
        return [stop] * len(rows)
