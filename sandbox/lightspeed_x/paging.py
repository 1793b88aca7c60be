"""Version feeds: ``{"data": [...], "version": {"min", "max"}}`` (L§4), and the reading of queries and bodies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import islice
from typing import Any
from uuid import UUID

from flask import request

from sandbox.lightspeed_x.errors import bad_request
from sandbox.lightspeed_x.store import Row, Table
from sandbox.stand import page_fault, read_json

LARGEST = Decimal(10) ** 12


def read_body() -> Row:
    """The JSON object that was sent; 400 when it is none."""
    try:
        body = read_json(request.get_data())
    except ValueError as wrong:
        raise bad_request("The request body is not valid JSON") from wrong
    if not isinstance(body, dict):
        raise bad_request("The request body must be a JSON object")
    return body


def read_whole(name: str, default: int | None = None) -> int | None:
    """A whole number of the query; 400 when it is something else."""
    text = request.args.get(name)
    if text is None or text == "":
        return default
    try:
        return int(text)
    except ValueError as wrong:
        raise bad_request(f"{name} must be an integer") from wrong


def read_flag(name: str) -> bool:
    """A boolean of the query."""
    return request.args.get(name, "").lower() in ("true", "1")


def read_number(value: Any, name: str) -> Decimal:
    """A JSON number; 400 when it is something else."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not -LARGEST <= Decimal(value) <= LARGEST:
        raise bad_request(f"{name} must be a number")
    return Decimal(value)


def is_uuid(value: Any) -> bool:
    """Whether a value is the text of a UUID."""
    try:
        UUID(str(value))
    except ValueError:
        return False
    return isinstance(value, str)


def list_feed(
    table: Table,
    cap: int,
    default: int | None = None,
    deleted: bool | None = None,
    where: Callable[[Row], bool] | None = None,
) -> Row:
    """One page of a version feed as the query asks for it.

    ``after`` is strictly greater, ascending; ``page_size`` above ``cap`` is cut to it; rows with
    ``deleted_at`` are left out unless ``deleted=true`` is sent (or ``deleted`` says otherwise).
    """
    wanted = read_flag("deleted") if deleted is None else deleted
    size = max(1, min(read_whole("page_size", default or cap) or cap, cap))
    after = read_whole("after", 0) or 0
    if page_fault() == "repeat_page":
        after = 0
    rows = select(table.changes(after, read_whole("before")), wanted, where)
    return show_page(table, list(islice(rows, size)))


def select(rows: Iterator[Row], deleted: bool, where: Callable[[Row], bool] | None = None) -> Iterator[Row]:
    """The rows that are wanted, in the order given."""
    for row in rows:
        if (deleted or not row.get("deleted_at")) and (where is None or where(row)):
            yield row


def show_page(table: Table, rows: list[Row]) -> Row:
    """A page with its versions; null for both at the end (L§4)."""
    versions = [table.version_of(row) for row in rows]
    if page_fault() == "truncate_page":
        rows = rows[: len(rows) // 2]
    return {"data": rows, "version": {"min": min(versions, default=None), "max": max(versions, default=None)}}
