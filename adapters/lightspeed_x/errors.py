"""What refusals mean (NOTES section 11).

A body is ``{"error", "message"}``; refused content also came as ``{"error", "fields": {…}}`` or
``{"error", "details": […]}``. The texts are not documented, so names of fields are looked for in them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from connector.errors import AuthFailed, ChannelError, ContractBroken, Gone, Rejected
from connector.transport import Answer, evidence

_REFUSED: Final = (HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY)
#: What a text may name: members with an underscore, and those without one.
_NAMES: Final = re.compile(
    r"\b((?:physical|postal)_[a-z0-9_]+|custom_field_\d|[a-z]+(?:_[a-z0-9]+)+|name|email|phone|mobile|sku|price|quantity|weight)\b"
)
_VALUES: Final = re.compile(r"\"[^\"]*\"|'[^']*'|\S+@\S+|\d{3,}")
#: Members as the API calls them → native names, as the mapping calls them.
NATIVE: Final[Mapping[str, str]] = {
    "sku": "product_codes",
    "brand_id": "brand",
    "product_category_id": "category",
    "tax_id": "tax_name",
    "all_outlets_tax": "tax_name",
    "outlet_taxes": "tax_name",
    "track_inventory": "has_inventory",
    "customer_group_id": "customer_group",
}


def complaint(answer: Answer) -> ChannelError | None:
    """The error that a refusal means; None where its status says it."""
    what = f"{answer.call}: answered {answer.status}"
    body = answer.data if isinstance(answer.data, dict) else {}
    if answer.status in _REFUSED:
        return rejected(what, body)
    if answer.status == HTTPStatus.FORBIDDEN:
        told = redacted(str(body.get("message") or ""))
        return AuthFailed(f"{what}: {told or 'a scope is missing'}: give the application or the user this right")
    if answer.status == HTTPStatus.GONE:
        return ContractBroken(f"{what}: the endpoint was removed: set another version", evidence=evidence(answer))
    return _missing(answer, what, body) if answer.status == HTTPStatus.NOT_FOUND else None


def _missing(answer: Answer, what: str, body: Mapping[str, Any]) -> ChannelError:
    """A 404: of an id it says that this one is gone, of a list that the address is wrong (NOTES section 11)."""
    if answer.call.at:
        return Gone(what)
    if answer.call.safe:
        return ContractBroken(f"{what}: is domain_prefix right?", evidence=evidence(answer))
    return rejected(what, body)


def rejected(what: str, body: Mapping[str, Any]) -> Rejected:
    """A refusal with the fields that it names, under their native names."""
    given = body.get("fields")
    fields = {native(name): redacted(str(text)) for name, text in given.items()} if isinstance(given, dict) else {}
    texts = list(_texts(body))
    for text in texts:
        for name in _NAMES.findall(text):
            fields.setdefault(native(name), redacted(text))
    told = "; ".join(dict.fromkeys([*map(redacted, texts), *(f"{name}: {text}" for name, text in fields.items())]))
    return Rejected(f"{what}: {told or 'refused without a reason'}", fields=fields)


def native(name: str) -> str:
    """A member of a call as the mapping names it."""
    last = name.rpartition(".")[2]
    return NATIVE.get(last, last)


def redacted(text: str) -> str:
    """A server's text without what may be a value."""
    return _VALUES.sub("…", text).strip()


def _texts(body: Mapping[str, Any]) -> Iterator[str]:
    details = body.get("details")
    yield from (str(one) for one in (details if isinstance(details, list) else ()))
    if body.get("message"):
        yield str(body["message"])
