"""The error that a failure is: by its status, or by how the answer was lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from connector.errors import (
    AmbiguousWrite,
    AuthFailed,
    ChannelError,
    ContractBroken,
    Gone,
    RateLimited,
    Rejected,
    Stale,
    Transient,
)
from connector.transport.call import Answer, Call
from connector.transport.reading import evidence, kind_of, origin, retry_after

_UNSTATED_RESET_S: Final = 60
#: What requests and urllib3 raise before a byte of the request was sent.
_UNSENT: Final = frozenset(
    {"ConnectTimeout", "ConnectTimeoutError", "NewConnectionError", "NameResolutionError", "SSLCertVerificationError"}
)
#: Statuses of a server that did not begin: 408, 425, 503.
_NOT_CARRIED_OUT: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.SERVICE_UNAVAILABLE})
#: Statuses that no data can cause, only a wrong call: 405, 406, 411, 414, 415, 431.
_OUR_MISTAKE: Final = frozenset(
    {
        HTTPStatus.METHOD_NOT_ALLOWED,
        HTTPStatus.NOT_ACCEPTABLE,
        HTTPStatus.LENGTH_REQUIRED,
        HTTPStatus.REQUEST_URI_TOO_LONG,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    }
)


class Busy(Transient):
    """Not carried out; ``until`` is when the server wants to be asked again, None where it did not say."""

    def __init__(self, message: str, *, until: datetime | None) -> None:
        super().__init__(message)
        self.until = until


class Garbled(ContractBroken):
    """An answer to a safe call that is no JSON: perhaps cut short, so worth another try."""


def garbled(answer: Answer) -> ChannelError:
    """A good status without the JSON that belongs to it: of a write, we don't know what became of it."""
    what = f"{answer.call}: answered {answer.status} without JSON ({kind_of(answer)})"
    return Garbled(what, evidence=evidence(answer)) if answer.call.safe else AmbiguousWrite(what)


def lost(call: Call, wrong: Exception) -> ChannelError:
    """No answer, or not all of it: of a write that was sent, we don't know what became of it."""
    causes = [type(cause).__name__ for cause in _causes(wrong)]
    if any(name in _UNSENT for name in causes):
        return Transient(f"{call}: no connection ({causes[-1]})")
    what = f"{call}: no answer ({causes[-1]})"
    return Transient(what) if call.safe else AmbiguousWrite(what)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it wraps, outermost first; requests and urllib3 nest by argument, reason and cause."""
    while isinstance(error, BaseException):
        yield error
        nested = [getattr(error, "reason", None), *error.args, error.__cause__]
        error = next((cause for cause in nested if isinstance(cause, BaseException)), None)


def by_status(answer: Answer, now: datetime) -> ChannelError:
    """The error that a status means where the system says nothing more of its own."""
    status, what = answer.status, f"{answer.call}: answered {answer.status}"
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return AuthFailed(f"{what}: the credentials are refused, or a permission is missing")
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        return Gone(what)
    if status in (HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED):
        return Stale(what)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return RateLimited(what, until=retry_after(answer, now) or now + timedelta(seconds=_UNSTATED_RESET_S))
    if status in _NOT_CARRIED_OUT:
        return Busy(what, until=retry_after(answer, now))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Transient(what) if answer.call.safe else AmbiguousWrite(what)
    if status < HTTPStatus.BAD_REQUEST or status in _OUR_MISTAKE:
        return ContractBroken(what + _redirect(answer), evidence=evidence(answer))
    return Rejected(what)


def _redirect(answer: Answer) -> str:
    """Where a redirect leads, without path and query, and the remedy."""
    place = answer.headers.get("Location", "")
    if not place:
        return ""
    elsewhere = origin(place) if urlsplit(place).netloc else "another path"
    return f", a redirect to {elsewhere}, which is not followed: set base_url to the address that answers by itself"
