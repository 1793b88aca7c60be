"""What the shop's refusals mean (magento2/NOTES.md section 9).

A body is ``{"message", "parameters", "errors"}``; only ``message`` is always there, with or without its
placeholders filled in. Statuses alone do not tell: 401 is also a missing permission, 400 also a lock.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from connector.errors import AuthFailed, ChannelError, ContractBroken, Gone, Rejected, Transient
from connector.transport import Answer, evidence

_COULD_NOT: Final = re.compile(r"^Could not save|Please try again\.$|[Dd]eadlock|[Ll]ock wait timeout")
_OVER_LIMIT: Final = re.compile(r"^Maximum (SearchCriteria pageSize|items of type) ")
_PLACEHOLDER: Final = re.compile(r"%(\w+)")
_VALUE: Final = re.compile(r"[Tt]he \"[^\"]*\" value's type is invalid")
_NAMED: Final = (
    re.compile(r'Attribute \\?"(?P<attribute>\w+)\\?" has invalid value'),
    re.compile(r'during "(?P<field>\w+)" processing'),
    re.compile(r'The "(?P<label>[\w -]+)" attribute value is empty'),
    re.compile(r'^"(?P<label>[\w -]+)" is '),
    re.compile(r"^(?P<label>First Name|Last Name|SKU|URL key|Middle Name)\b"),
    re.compile(r"same (?P<label>email) address"),
    re.compile(r"(?P<label>customer group) id"),
)
#: Parameters that name something of the system, and hold no value of a record.
_TELLING: Final = ("fieldName", "field", "resources", "type")
#: Labels in messages → native names.
_LABELS: Final = {
    "product name": "name",
    "first name": "firstname",
    "last name": "lastname",
    "middle name": "middlename",
    "url key": "custom_attributes.url_key",
    "phone number": "telephone",
    "zip/postal code": "postcode",
    "customer group": "group",
}


class CouldNotSave(Transient):
    """A lock or a bad row: the same again may work, and of a batch a part may."""


class OverLimit(Rejected):
    """More rows than the shop takes in one call; ``most`` is how many it takes."""

    def __init__(self, message: str, most: int) -> None:
        super().__init__(message)
        self.most = most


class NoRoute(ContractBroken):
    """The shop has no such route: an older version, or a module that is switched off."""


def complaint(answer: Answer) -> ChannelError | None:
    """The error that a refusal means; None where its status says it."""
    body = answer.data if isinstance(answer.data, dict) else {}
    message = str(body.get("message") or "")
    what = f"{answer.call}: answered {answer.status}"
    if answer.status == 401:
        return _unauthorized(what, body)
    if answer.status == 404:
        return _missing(answer, what, message)
    if answer.status != 400 or not message:
        return None
    if _OVER_LIMIT.match(message):
        return OverLimit(f"{what}: more rows than the shop allows", _most(body))
    if _COULD_NOT.search(message):
        return CouldNotSave(f"{what}: {message}")
    return rejected(what, body)


def rejected(what: str, body: Mapping[str, Any]) -> Rejected:
    """A refusal with the fields that it names."""
    parts = [body, *(one for one in body.get("errors") or () if isinstance(one, dict))]
    told = [(_field(part), told_of(part)) for part in parts]
    fields = {name: text for name, text in told if name}
    return Rejected(f"{what}: {told[-1][1] if len(told) > 1 else told[0][1]}", fields=fields)


def told_of(body: Mapping[str, Any]) -> str:
    """The message with the names of fields filled in, and no value."""
    given = body.get("parameters")
    names = {name: given[name] for name in _TELLING if name in given} if isinstance(given, dict) else {}
    text = _PLACEHOLDER.sub(lambda found: str(names.get(found[1], found[0])), _text(body))
    return _VALUE.sub("the type of the value is invalid", text)


def parameters_of(error: Mapping[str, Any]) -> list[str]:
    """The parameters of a row error as texts, in their order."""
    given = error.get("parameters")
    values: Iterator[Any] = iter(given.values() if isinstance(given, dict) else given or ())
    return [str(value) for value in values if value is not None]


def _text(body: Mapping[str, Any]) -> str:
    return str(body.get("message") or "refused without a message")


def _field(body: Mapping[str, Any]) -> str:
    """The native name of the field that a complaint is about, "" where it names none."""
    given = body.get("parameters")
    if isinstance(given, dict):
        name = given.get("fieldName") or given.get("field")
        if isinstance(name, str) and name:
            return _native(name)
    for pattern in _NAMED:
        if found := pattern.search(_text(body)):
            kind, name = next((kind, name) for kind, name in found.groupdict().items() if name)
            return f"custom_attributes.{name}" if kind == "attribute" else _native(name)
    return ""


def _native(name: str) -> str:
    """``Last Name``, ``DoesNotExist`` and ``price`` as the API writes them."""
    known = _LABELS.get(name.lower())
    if known:
        return known
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace(" ", "_").lower()


def _unauthorized(what: str, body: Mapping[str, Any]) -> AuthFailed:
    """A 401: bad credentials and a missing permission look alike, save for the resource that is named."""
    given = body.get("parameters")
    resource = given.get("resources") if isinstance(given, dict) else None
    if not resource:
        return AuthFailed(f"{what}: the credentials are refused")
    return AuthFailed(
        f"{what}: no access to {resource}: the integration lacks this permission, or its token is refused "
        "(is it switched on, and may its token be used as bearer?)"
    )


def _missing(answer: Answer, what: str, message: str) -> ChannelError:
    if "match any route" in message:
        return NoRoute(f"{what}: the shop has no such route", evidence=evidence(answer))
    if not message:
        return NoRoute(f"{what} without a message: is base_url right?", evidence=evidence(answer))
    return Gone(what)


def _most(body: Mapping[str, Any]) -> int:
    given = body.get("parameters")
    most = given.get("max") if isinstance(given, dict) else None
    return int(str(most)) if str(most).isdigit() else 1
