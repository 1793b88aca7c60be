"""Writes of many rows in one call: as many as fit, again where a lock got in the way, halves where a row is bad."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import NoneType
from typing import Any, Final

from adapters.magento2.api import Api
from adapters.magento2.errors import CouldNotSave, OverLimit, parameters_of, told_of
from connector.contract import RowResult, Write
from connector.errors import AmbiguousWrite, AuthFailed, ConnectorError, Gone, RateLimited, Rejected, Transient

#: Rows that hang on a product which is gone.
_NO_PRODUCT: Final = "product that was requested doesn't exist"
_OF_A_ROW: Final = re.compile(r"(?:Invalid attribute|No such entity with) (?P<label>[A-Z][A-Za-z ]*?) =")


@dataclass(frozen=True)
class Line:
    """One write, and the row that it is in the call; ``marks`` are the texts by which row errors name it."""

    write: Write
    external_id: str
    row: dict[str, Any]
    marks: tuple[str, ...]


@dataclass(frozen=True)
class Route:
    """Where such rows go: ``member`` of the body holds them, at most ``size`` in a call."""

    path: str
    purpose: str
    member: str
    size: int


class Batches:
    """Sends lines to one route. A shop's limit on rows in a call is met once and kept to."""

    def __init__(self, api: Api, route: Route) -> None:
        self._api = api
        self._route = route
        self._size = route.size

    def send(self, lines: Sequence[Line]) -> list[RowResult]:
        """A result per line. Raises only RateLimited and AuthFailed, and only where nothing was sent yet."""
        return self._in_calls(lines, len(lines))

    def _in_calls(self, lines: Sequence[Line], most: int) -> list[RowResult]:
        """Calls of at most so many rows; once one was answered, a stop is the error of the rows that are left."""
        results: list[RowResult] = []
        left = list(lines)
        while left:
            size = min(most, self._size)
            batch, left = left[:size], left[size:]
            try:
                results += self._sent(batch)
            except OverLimit as limit:
                if 0 < limit.most < len(batch):
                    self._size, left = limit.most, [*batch, *left]
                else:
                    results += [_failed(line, limit) for line in batch]
            except (RateLimited, AuthFailed) as stop:
                if not results:
                    raise
                return results + [_failed(line, stop) for line in (*batch, *left)]
        return results

    def _sent(self, batch: Sequence[Line]) -> list[RowResult]:
        """One call, and calls of halves where it fails for a row that it does not name."""
        body = {self._route.member: [line.row for line in batch]}
        try:
            answer = self._api.write("POST", self._route.path, self._route.purpose, body)
        except (OverLimit, RateLimited, AuthFailed):
            raise
        except (CouldNotSave, Gone, Rejected) as wrong:
            return [_failed(batch[0], wrong)] if len(batch) == 1 else self._halves(batch)
        except ConnectorError as wrong:
            return [_failed(line, wrong) for line in batch]
        return self._read(batch, answer if isinstance(answer, list) else [])

    def _halves(self, batch: Sequence[Line]) -> list[RowResult]:
        return self._in_calls(batch, (len(batch) + 1) // 2)

    def _read(self, batch: Sequence[Line], errors: Sequence[Any]) -> list[RowResult]:
        """Row errors inside a 200 belong to the rows whose marks they name; the other rows were saved.

        Beside an error that cannot be read, no row but those named by others is known to be saved or not.
        """
        bad: dict[int, ConnectorError] = {}
        readable = [error for error in errors if _is_readable(error)]
        for error in readable:
            places = _named(batch, error)
            if not places and len(batch) > 1:
                return self._told_apart(batch)
            bad |= dict.fromkeys(places or [0], _row_error(error))
        if len(readable) < len(errors):
            bad = dict.fromkeys(range(len(batch)), self._in_doubt("a row error cannot be read")) | bad
        return [
            _failed(line, bad[place]) if place in bad else RowResult(line.write.token, line.external_id)
            for place, line in enumerate(batch)
        ]

    def _told_apart(self, batch: Sequence[Line]) -> list[RowResult]:
        """Halves of a batch of which some rows are saved: a row that is not sent again may be one of those."""
        doubt = self._in_doubt("a row error names no row, and the rows could not be sent again")
        try:
            results = self._halves(batch)
        except (RateLimited, AuthFailed):
            return [_failed(line, doubt) for line in batch]
        unsent = (RateLimited, AuthFailed, Transient)
        return [replace(one, error=doubt) if isinstance(one.error, unsent) else one for one in results]

    def _in_doubt(self, what: str) -> AmbiguousWrite:
        return AmbiguousWrite(f"POST {self._route.path}: {what}", entity=self._route.purpose)


def send_in_turn(calls: Sequence[tuple[Batches, Sequence[Line]]]) -> list[RowResult]:
    """Lines to several routes, one after another. Raises only where nothing was sent to any of them."""
    results: list[RowResult] = []
    for place, (batches, lines) in enumerate(calls):
        try:
            results += batches.send(lines)
        except (RateLimited, AuthFailed) as stop:
            if not results:
                raise
            return results + [_failed(line, stop) for _, left in calls[place:] for line in left]
    return results


def _is_readable(error: Any) -> bool:
    return isinstance(error, dict) and isinstance(error.get("parameters"), dict | list | NoneType)


def _named(batch: Sequence[Line], error: dict[str, Any]) -> list[int]:
    """The lines that a row error is about: those with the most of their marks among its parameters."""
    given = [text.casefold() for text in parameters_of(error)]
    hits = [
        sum(mark.casefold() in given for mark in line.marks) if line.marks[0].casefold() in given else 0
        for line in batch
    ]
    most = max(hits)
    return [place for place, hit in enumerate(hits) if hit == most] if most else []


def _row_error(error: dict[str, Any]) -> ConnectorError:
    """A row error; its message has placeholders, or is filled in, or both (NOTES section 4)."""
    text, given = str(error.get("message") or ""), parameters_of(error)
    if _NO_PRODUCT in text or given[:1] == ["SKU"]:
        return Gone("the product is not there any more", entity="price")
    found = _OF_A_ROW.search(text)
    label = (given[0] if given and "%fieldName" in text else found["label"] if found else "").lower().replace(" ", "_")
    what = f"{label} is refused" if label else told_of(error).split(" Row ID:")[0]
    return Rejected(f"a price row: {what}", fields={label: "refused"} if label else {})


def _failed(line: Line, wrong: ConnectorError) -> RowResult:
    return RowResult(line.write.token, line.write.external_id, error=wrong)
