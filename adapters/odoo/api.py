"""Calling methods of models over one of two transports (NOTES section 1).

Which of them is in use is nobody else's matter: arguments are named, an answer is the method's own value,
and an error is one of ours. Of JSON-RPC that takes some doing: its errors come with status 200, a wrong
login is ``false``, and a method that returns nothing has no ``result`` at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, cached_property
from typing import Any, Final, Protocol

from adapters.odoo.errors import complaint, named
from adapters.odoo.options import Options
from connector.contract import Opening
from connector.errors import AmbiguousWrite, AuthFailed, ChannelError, ConfigError, ContractBroken, Gone, Problem
from connector.transport import Answer, Bearer, Call, Hooks, NoAuth, Transport, evidence

#: The first version with JSON-2, which outlives the other one.
_FIRST_JSON2: Final = 19


@dataclass(frozen=True)
class Told:
    """A method's value, None where it returns nothing; when it was asked, and the server's time then."""

    value: Any
    began_at: datetime
    server_at: datetime


class Way(Protocol):
    """One transport of method calls."""

    @property
    def transport(self) -> Transport: ...

    def call(self, model: str, method: str, purpose: str, arguments: Mapping[str, Any], *, safe: bool) -> Told:
        """One method; ``ids`` among the arguments are the records that it is called on."""
        ...


class Json2:
    """``POST /json/2/<model>/<method>``: named arguments, the bare value, real statuses."""

    def __init__(self, opening: Opening) -> None:
        options: Options = opening.options
        self.transport = _transport(opening, signed=True)
        self._headers = {"X-Odoo-Database": options.database}

    def call(self, model: str, method: str, purpose: str, arguments: Mapping[str, Any], *, safe: bool) -> Told:
        """One method."""
        template = f"/json/2/{model}/{method}"
        call = Call("POST", template, purpose, body=dict(arguments), headers=self._headers, safe=safe)
        answer = self.transport.send(call)
        return Told(answer.data, answer.began_at, answer.server_at)


class JsonRpc:
    """``POST /jsonrpc``: positional arguments and named ones, the key in every body, errors with status 200."""

    def __init__(self, opening: Opening) -> None:
        self._options: Options = opening.options
        self._channel = opening.channel
        self.transport = _transport(opening, signed=False)
        self._uid: int | None = None

    def call(self, model: str, method: str, purpose: str, arguments: Mapping[str, Any], *, safe: bool) -> Told:
        """One method. The server wants the rows of a create in the first place, and does not find them by name."""
        rest = dict(arguments)
        first = [rest.pop(name) for name in ("ids", "vals_list") if name in rest]
        who = [self._options.database, self._user(purpose), self._options.api_key.get_secret_value()]
        return self._ask(purpose, "object", "execute_kw", [*who, model, method, first, rest], safe=safe)

    def _user(self, purpose: str) -> int:
        """The id of the key's user, asked once."""
        if self._uid is None:
            options = self._options
            who: list[Any] = [options.database, options.login, options.api_key.get_secret_value(), {}]
            uid = self._ask(purpose, "common", "authenticate", who, safe=True).value
            if type(uid) is not int:
                raise AuthFailed("login and api_key are not those of a user there", channel=self._channel)
            self._uid = uid
        return self._uid

    def _ask(self, purpose: str, service: str, method: str, arguments: Sequence[Any], *, safe: bool) -> Told:
        parameters = {"service": service, "method": method, "args": arguments}
        body = {"jsonrpc": "2.0", "method": "call", "id": 1, "params": parameters}
        answer = self.transport.send(Call("POST", "/jsonrpc", purpose, body=body, safe=safe))
        wrong = _wrong(answer)
        if wrong is not None:
            wrong.channel, wrong.status = self._channel, answer.status
            raise wrong
        return Told(answer.data.get("result"), answer.began_at, answer.server_at)


class Odoo:
    """The server, whichever way it is reached, and what its version knows."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self.fields = cache(self._fields)

    @cached_property
    def way(self) -> Way:
        """The transport in use; chosen at the first call, since opening a channel asks nothing."""
        return _way(self._opening)

    def read(self, model: str, method: str, purpose: str, **arguments: Any) -> Told:
        """A method that changes nothing; repeated where it fails for the moment."""
        return self.way.call(model, method, purpose, arguments, safe=True)

    def write(self, model: str, method: str, purpose: str, **arguments: Any) -> Any:
        """A method that changes something, called once; its value, None where it returns nothing."""
        return self.way.call(model, method, purpose, arguments, safe=False).value

    def _fields(self, model: str) -> Mapping[str, str]:
        """The fields that a model has here, for this user, and their types: what is asked rather than a version."""
        found = self.read(model, "fields_get", "check", attributes=["type"]).value
        if not isinstance(found, dict):
            raise ContractBroken(f"{model}.fields_get answered no fields")
        return {name: str(about["type"]) for name, about in found.items()}

    @property
    def clock_offset(self) -> timedelta:
        """The server's clock minus ours; zero before the first call."""
        return (self.way.transport.clock_offset if self._is_reached else None) or timedelta(0)

    def close(self) -> None:
        """Let go of connections."""
        if self._is_reached:
            self.way.transport.close()

    @property
    def _is_reached(self) -> bool:
        return "way" in vars(self)


def _transport(opening: Opening, *, signed: bool) -> Transport:
    options: Options = opening.options
    return Transport(
        opening,
        options.base_url,
        auth=Bearer(options.api_key.get_secret_value()) if signed else NoAuth(),
        hooks=Hooks(complaint=complaint),
        proxies={"http": options.proxy, "https": options.proxy} if options.proxy else None,
    )


def _way(opening: Opening) -> Way:
    options: Options = opening.options
    if options.transport == "json2" or (options.transport == "auto" and _version(opening) >= _FIRST_JSON2):
        return Json2(opening)
    if not options.login:
        raise ConfigError([Problem(f"channels.{opening.channel}.login", "this server needs it: it is older than 19")])
    return JsonRpc(opening)


def _version(opening: Opening) -> int:
    """The server's main version, asked without a login; 0 where it is too old to have the page."""
    transport = _transport(opening, signed=False)
    try:
        told = transport.get("/web/version", purpose="check").data
    except (Gone, ContractBroken):
        return 0
    finally:
        transport.close()
    return main_version(told)


def main_version(told: Any) -> int:
    """19 of ``[19, 0, …]``, 18 of ``["saas~18", 2, …]``, as hosted ones say; 0 of anything else."""
    parts = told.get("version_info") if isinstance(told, dict) else None
    digits = re.search(r"\d+", str(parts[0])) if isinstance(parts, list) and parts else None
    return int(digits[0]) if digits else 0


def _wrong(answer: Answer) -> ChannelError | None:
    """The error that an answer of JSON-RPC is, None where it is none."""
    body = answer.data
    if not isinstance(body, dict) or "jsonrpc" not in body:
        what = f"{answer.call}: answered something else than JSON-RPC"
        return ContractBroken(what, evidence=evidence(answer)) if answer.call.safe else AmbiguousWrite(what)
    if "error" not in body:
        return None
    error = body["error"]
    data = error.get("data") if isinstance(error, dict) else None
    return named(answer, data if isinstance(data, dict) else {})
