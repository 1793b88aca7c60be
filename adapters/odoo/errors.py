"""What refusals mean (NOTES section 2).

Both transports give an exception's name and message; JSON-2 a status as well, which says less: a lost
transaction is a 500 there like a wrong field. So the name decides. Messages come in the user's language
and hold values: nothing is decided on them, and only a first line is repeated, without what may be a value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from connector.errors import (
    AmbiguousWrite,
    AuthFailed,
    ChannelError,
    ContractBroken,
    Gone,
    Rejected,
    Transient,
)
from connector.transport import Answer, evidence

_LOGIN: Final = frozenset({"odoo.exceptions.AccessDenied", "werkzeug.exceptions.Unauthorized"})
_CONTENT: Final = frozenset(
    {"odoo.exceptions.ValidationError", "odoo.exceptions.UserError", "odoo.exceptions.RedirectWarning"}
)
#: The server has tried five times itself before it gives these, for many seconds.
_LOST: Final = frozenset(
    f"psycopg2.errors.{name}"
    for name in (
        "SerializationFailure",
        "DeadlockDetected",
        "LockNotAvailable",
        "QueryCanceled",
        "ReadOnlySqlTransaction",
    )
) | {"odoo.exceptions.ConcurrencyError", "odoo.exceptions.LockError", "psycopg2.pool.PoolError"}
#: The address of a database stands in the text of these: nothing of it is repeated.
_DATABASE: Final = frozenset({"psycopg2.OperationalError", "psycopg2.InterfaceError", "psycopg2.errors.AdminShutdown"})


class NoAccess(AuthFailed):
    """The key's user may not do this: with any record of the model, or with this one."""


class NoSuchMethod(ContractBroken):
    """This version has no such method, or no such model: another way may be open."""


class BadValue(ContractBroken):
    """A value that the method makes nothing of: an unknown field, or an external id that nothing bears."""


_UNFIT: Final[Mapping[type[ContractBroken], frozenset[str]]] = {
    NoSuchMethod: frozenset({"builtins.AttributeError", "werkzeug.exceptions.NotFound"}),
    BadValue: frozenset({"builtins.ValueError"}),
}
_NAMED_FIELD: Final = re.compile(r"'[^'\n]*' \(([a-z][a-z0-9_]*)\)")
_VALUES: Final = re.compile(r"\"[^\"]*\"|'[^']*'|\[[^\]]*\]|\([^)]*\)|\S+@\S+|\d{3,}")


def complaint(answer: Answer) -> ChannelError | None:
    """The error that a failed answer of JSON-2 means; None where its status says it."""
    body = answer.data if isinstance(answer.data, dict) else {}
    if "name" in body:
        return named(answer, body)
    if answer.status == HTTPStatus.NOT_FOUND:
        what = f"{answer.call}: answered {answer.status} without saying more: are base_url and database right?"
        return ContractBroken(what, evidence=evidence(answer))
    return None


def named(answer: Answer, body: Mapping[str, Any]) -> ChannelError:
    """The error that an exception of the server means, on either transport."""
    name = str(body.get("name"))
    what = f"{answer.call}: {name}"
    if name in _LOGIN:
        return AuthFailed(f"{what}: the API key is refused: has it ended, is it one of this database?")
    if name == "odoo.exceptions.AccessError":
        return NoAccess(f"{what}: the key's user lacks a right: {_told(body)}")
    if name == "odoo.exceptions.MissingError":
        return Gone(what)
    if name in _CONTENT:
        return _rejected(what, body)
    if name in _LOST:  # rolled back: also of a write nothing is left there
        return Transient(what)
    if name in _DATABASE:
        return Transient(what) if answer.call.safe else AmbiguousWrite(what)
    unfit = next((kind for kind, names in _UNFIT.items() if name in names), ContractBroken)
    return unfit(f"{what}: this call does not fit this version", evidence=evidence(answer))


def _rejected(what: str, body: Mapping[str, Any]) -> Rejected:
    """A refusal, with the fields whose technical names stand in its text in whatever language."""
    told = _told(body)
    fields = dict.fromkeys(_NAMED_FIELD.findall(str(body.get("message"))), told)
    return Rejected(": ".join([what, *fields, told]), fields=fields)


def refusal(call: str, messages: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> Rejected:
    """What an import says instead of an exception: messages, each with the column that it is about.

    ``names``: column → field.
    """
    fields: dict[str, str] = {}
    for message in messages:
        found = _NAMED_FIELD.findall(str(message.get("message")))
        column = str(message.get("field") or "")
        named = [names.get(column, names.get(f"{column}/.id", column))] if column else found
        fields |= dict.fromkeys(named, _told(message))
    told = _told(messages[0]) if messages else "no reason given"
    return Rejected(": ".join([call, *fields, told]), fields=fields)


def _told(body: Mapping[str, Any]) -> str:
    lines = str(body.get("message") or "").strip().splitlines()
    return _VALUES.sub("…", lines[0]).strip() if lines else "no reason given"
