"""Writes of many rows in one call: as many as fit, again where a lock got in the way, halves where a row is bad."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from adapters.magento2.api import Api, chunks
from adapters.magento2.errors import CouldNotSave, OverLimit, parameters_of, told_of
from connector.contract import RowResult, Write
from connector.errors import AuthFailed, ConnectorError, ContractBroken, Gone, RateLimited, Rejected

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
        """A result per line. Raises only where nothing was sent yet."""
        results: list[RowResult] = []
        left = list(lines)
        while left:
            batch, left = left[: self._size], left[self._size :]
            try:
                results += self._sent(batch)
            except OverLimit as limit:
                if not 0 < limit.most < len(batch):
                    raise
                self._size, left = limit.most, [*batch, *left]
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
            return self._read(batch, answer if isinstance(answer, list) else [])
        except OverLimit:
            raise
        except (CouldNotSave, Gone, Rejected) as wrong:
            if len(batch) == 1:
                return [_failed(batch[0], wrong)]
        except (RateLimited, AuthFailed):
            raise
        except ConnectorError as wrong:
            return [_failed(line, wrong) for line in batch]
        return self._halves(batch)

    def _halves(self, batch: Sequence[Line]) -> list[RowResult]:
        results: list[RowResult] = []
        for half in chunks(batch, (len(batch) + 1) // 2):
            results += self._sent(half)
        return results

    def _read(self, batch: Sequence[Line], errors: Sequence[Any]) -> list[RowResult]:
        """Row errors inside a 200 belong to the rows whose marks they name; the other rows were saved."""
        bad: dict[int, ConnectorError] = {}
        for error in errors:
            places = _named(batch, error)
            if not places and len(batch) > 1:
                return self._halves(batch)
            for place in places or [0]:
                bad[place] = _row_error(error)
        return [
            _failed(line, bad[place]) if place in bad else RowResult(line.write.token, line.external_id)
            for place, line in enumerate(batch)
        ]


def _named(batch: Sequence[Line], error: Any) -> list[int]:
    """The lines that a row error is about: those with the most of their marks among its parameters."""
    if not isinstance(error, dict):
        raise ContractBroken("a row error is no object")
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
