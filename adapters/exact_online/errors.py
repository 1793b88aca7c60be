"""What the host's refusals mean (facts 26, 34, 38, 75 to 82): status and content first, then a few texts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from adapters.exact_online.labels import property_of
from adapters.exact_online.limits import asked_again
from connector.errors import (
    AmbiguousWrite,
    AuthFailed,
    ChannelError,
    ContractBroken,
    Gone,
    RateLimited,
    Rejected,
    Transient,
)
from connector.transport import Answer, evidence, kind_of

#: Statuses that count for the error limit (fact 38).
COUNTED: Final = frozenset({400, 401, 403, 404})
#: Texts of a failure of theirs, not of our data (fact 77).
_THEIR_FAILURE: Final = re.compile(r"problem has occurred|probleem opgetreden|time-?out|deadlock", re.IGNORECASE)
#: A blocked division is left alone for so long.
BLOCKED: Final = timedelta(minutes=15)
_BUSY: Final = ("DivisionBlocked",)
_MANDATORY_FILTER: Final = re.compile(r"mandatory filtering.*following fields in the url:\s*(?P<fields>.+)", re.DOTALL)
_DUPLICATE: Final = re.compile(r"bestaat reeds|already exists|Moet zijn: Uniek|Must be: Unique", re.IGNORECASE)
#: Values shorter than this are not taken out of a text: they hide more than they show.
_LEAST: Final = 4
_REASONS: Final = {
    "BlockedUser": "the user is blocked: unblock it in Exact Online, or run `connector auth` as another one",
    "InactiveUser": "the user is not active: activate it, or run `connector auth` as another one",
    "BlockedCustomer": "the subscription is blocked: ask Exact",
    "LicenseExpired": "the licence has expired: ask Exact",
    "NoDivisionAccess": "the user has no access to this division: give it in Exact Online, and tick the division "
    "on the consent page of `connector auth`",
}


class FilterWanted(ContractBroken):
    """The app is under mandatory filtering (fact 37); ``fields`` are those of which the filter must name one."""

    def __init__(self, message: str, fields: frozenset[str]) -> None:
        super().__init__(message)
        self.fields = fields


class Busy(Transient):
    """The division is blocked for a while; asked again after ``until``, not at once, since each refusal counts."""

    def __init__(self, message: str, until: datetime) -> None:
        super().__init__(message)
        self.until = until


def complaint(answer: Answer) -> ChannelError | None:
    """The error that a refusal means; None where its status says it."""
    what = f"{answer.call}: answered {answer.status}"
    if answer.status == 429:
        return RateLimited(what, until=asked_again(answer))
    if answer.status == 401:
        return AuthFailed(f"{what}: the token is refused; if that lasts, run `connector auth`")
    if answer.status == 403:
        return _forbidden(answer, what)
    if answer.status == 404:
        return _missing(answer, what)
    if answer.status == 400:
        return _bad_request(answer, what)
    return _validation(answer, what) if answer.status == 500 and not answer.call.safe else None


def unreadable(answer: Answer) -> ChannelError | None:
    """A page of HTML where JSON belongs: maintenance, even with status 200 (fact 81)."""
    if answer.body.lstrip()[:1] != b"<":
        return None
    what = f"{answer.call}: answered {answer.status} with {kind_of(answer)}"
    return Transient(what) if answer.call.safe else AmbiguousWrite(what)


def message_of(answer: Answer) -> str:
    """The text of an error body, "" where there is none."""
    error = answer.data.get("error") if isinstance(answer.data, dict) else None
    message = error.get("message") if isinstance(error, dict) else None
    return str(message.get("value") or "") if isinstance(message, dict) else str(message or "")


def _forbidden(answer: Answer, what: str) -> ChannelError:
    reason = next((name for name in (*_BUSY, *_REASONS) if name in answer.headers.get("Reason", "")), "")
    if reason in _BUSY:
        until = answer.began_at + BLOCKED
        return Busy(f"{what}: the division is blocked, for a backup or a conversion", until)
    remedy = _REASONS.get(reason) or (
        "the app's scope, the user's rights or the licence do not cover it: widen them, or leave the entity out"
    )
    return AuthFailed(f"{what}: {remedy}")


def _missing(answer: Answer, what: str) -> ChannelError:
    if "guid'" in answer.call.template:
        return Gone(what)
    return ContractBroken(f"{what}: are base_url and division right?", evidence=evidence(answer))


def _bad_request(answer: Answer, what: str) -> ChannelError:
    told = message_of(answer)
    wanted = _MANDATORY_FILTER.search(told)
    if wanted:
        fields = frozenset(name.strip() for name in wanted["fields"].split(","))
        return FilterWanted(f"{what}: the app is under mandatory filtering", fields)
    if answer.call.safe:
        return ContractBroken(f"{what}: {told or 'without a text'}", evidence=evidence(answer))
    return _rejected(answer, what, told or "refused without a text")


def _validation(answer: Answer, what: str) -> ChannelError | None:
    """A 500 with a text is a refusal of what was sent, unless the text speaks of a failure of theirs."""
    told = message_of(answer)
    if not told or _THEIR_FAILURE.search(told):
        return None
    return _rejected(answer, what, told)


def _rejected(answer: Answer, what: str, told: str) -> Rejected:
    body = answer.call.body if isinstance(answer.call.body, Mapping) else {}
    lines = [line.strip() for line in _without(told, body).splitlines() if line.strip()]
    fields = {name: line for line in lines for name in _named(line, body)}
    remedy = "it is there already: it is met when it is read again" if _DUPLICATE.search(told) else ""
    return Rejected(f"{what}: {'; '.join(lines)}", fields=fields, remedy=remedy)


def _named(line: str, sent: Mapping[str, Any]) -> Iterator[str]:
    """The properties that a line names: ``Verplicht: Naam``, ``Naam: Te lang``, ``Uniek - Artikel, Valuta``."""
    head, _, rest = line.partition(":")
    for label in (head, *re.split(r" - |,|\(", rest)):
        name = property_of(label, sent)
        if name:
            yield name


def _without(told: str, body: Mapping[str, Any]) -> str:
    """The text without the values that were sent: it goes to people and into logs."""
    for value in sorted(_texts(body), key=len, reverse=True):
        told = told.replace(value, "…")
    return told


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, str) and len(value.strip()) >= _LEAST:
        yield value.strip()
