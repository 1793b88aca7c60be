"""What an answer says: exact numbers, moments, and the shape of what nobody expected."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from connector.transport.call import Answer

_EVIDENCE_CHARACTERS: Final = 4000
_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_LONGEST_WAIT_S: Final = 7 * 86400


def encode(value: Any) -> bytes:
    """JSON in which a Decimal is a number, digit by digit."""
    return _ENCODER.encode(value)


def decode(body: bytes) -> Any:
    """JSON with exact numbers; None where it is none."""
    try:
        return _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def read_date(text: str | None) -> datetime | None:
    """An HTTP date as aware UTC; None where there is none."""
    try:
        moment = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def retry_after(answer: Answer, now: datetime) -> datetime | None:
    """When the server wants to be asked again, by our clock.

    The header holds seconds or a date (RFC 9110, 10.2.3); the date is the server's, so it is
    compared with the server's own Date.
    """
    text = answer.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return now + timedelta(seconds=min(int(text), _LONGEST_WAIT_S))
    moment = read_date(text)
    return now + max(moment - answer.server_at, timedelta(0)) if moment else None


def origin(url: str) -> str:
    """Scheme, host and port of an address, the default port left out."""
    parts = urlsplit(url)
    port = {"http": 80, "https": 443}.get(parts.scheme)
    return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port not in (None, port) else "")


def evidence(answer: Answer) -> str:
    """What an unexpected answer looked like: names and kinds, never a value."""
    data = decode(answer.body)
    shape = repr(_shape(data)) if data is not None else kind_of(answer)
    return f"{answer.status}, {len(answer.body)} bytes, {shape}"[:_EVIDENCE_CHARACTERS]


def kind_of(answer: Answer) -> str:
    """What an answer without JSON seems to be."""
    start = answer.body[:200].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "an HTML page: a proxy or a maintenance page?"
    return "XML" if start.startswith(b"<") else "text, or JSON that was cut short"


def _shape(data: Any) -> Any:
    """The names in a JSON value, with the kind of each value in place of the value."""
    if isinstance(data, dict):
        return {name: _shape(value) for name, value in data.items()}
    if isinstance(data, list):
        return [_shape(value) for value in data[:3]] + (["…"] if len(data) > 3 else [])
    return type(data).__name__
