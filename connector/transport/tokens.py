"""OAuth 2 with refresh tokens that work once: the one place where a pair of tokens is exchanged.

Such a pair is lost for good when two processes refresh at once, or when one dies between the
answer and the disk (exact-php-client#300, #640, #644). So a refresh happens under the store's one
lock, begins with reading the pair again, and the new pair is durable before anyone uses it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import requests
from oauthlib.oauth2 import OAuth2Error, WebApplicationClient

from connector.contract import Credentials, Opening, TokenStore
from connector.errors import AmbiguousWrite, AuthFailed, ChannelError, ContractBroken, Transient
from connector.transport.call import Answer, Call, Patience
from connector.transport.web import Hooks, Transport

__all__ = ["RotatingTokens", "TokenRules"]

_FORM: Final = "application/x-www-form-urlencoded"
#: After a refresh that failed while the present token is still good: the pause before the next try.
_AGAIN: Final = timedelta(seconds=10)


def _never(answer: Answer) -> bool:
    return False


@dataclass(frozen=True)
class TokenRules:
    """How one system hands out its tokens.

    Attributes:
        base_url, token_path: where pairs are exchanged.
        consent_url: the page on which a person agrees.
        client_id, client_secret, redirect_uri: the application, as it is registered there.
        earliest: the system refuses to exchange a pair younger than this.
        due: a pair of this age is exchanged by us, by the clock; not less than ``earliest``.
        max_age: an older access token is not used any more.
        too_early: whether a refused exchange only came too soon; the present pair is kept then.
        scope: what is asked for on the consent page, "" where the system has no scopes.
        kept: further members of the token answer to keep beside the pair, as text.
        wrong_client: names of refusals that mean the application, not the token.
    """

    base_url: str
    token_path: str
    consent_url: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    due: timedelta
    max_age: timedelta
    earliest: timedelta = timedelta(0)
    too_early: Callable[[Answer], bool] = _never
    scope: str = ""
    kept: tuple[str, ...] = ()
    wrong_client: tuple[str, ...] = ("invalid_client", "unauthorized_client")


class RotatingTokens:
    """Keeps one channel's pair fresh, for all threads and processes. An :class:`connector.transport.Auth`."""

    def __init__(
        self,
        opening: Opening,
        rules: TokenRules,
        *,
        patience: Patience | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> None:
        self._channel = opening.channel
        self._store: TokenStore = opening.tokens
        self._now = opening.now
        self._rules = rules
        self._client = WebApplicationClient(rules.client_id)
        self._exchange = Transport(
            opening,
            rules.base_url,
            hooks=Hooks(complaint=self._complaint),
            patience=patience or Patience(attempts=2),
            proxies=proxies,
        )
        self._lock = threading.Lock()
        self._pair: Credentials | None = None
        self._not_before: datetime | None = None

    def sign(self, request: requests.PreparedRequest) -> None:
        """Put a token on that is fresh by the clock."""
        request.headers["Authorization"] = f"Bearer {self.pair().values['access_token']}"

    def renew(self, request: requests.PreparedRequest) -> bool:
        """After a 401: whether there is another token than the refused one, exchanged if the system lets us."""
        refused = str(request.headers.get("Authorization", "")).removeprefix("Bearer ")
        with self._lock:
            self._pair = self._refreshed(lambda pair: pair.values["access_token"] == refused)
            return self._pair.values["access_token"] != refused

    def pair(self) -> Credentials:
        """The present pair, exchanged where that is due. Raises AuthFailed where a person must consent."""
        with self._lock:
            if self._pair is None or self._is_due(self._pair):
                self._pair = self._refreshed(self._is_due)
            return self._pair

    def consent_page(self, state: str) -> str:
        """Where a person agrees; ``state`` comes back with the code."""
        # oauthlib refuses plain addresses, which stand-ins on loopback have: it writes the query alone
        page = self._client.prepare_request_uri(
            "https://consent.invalid/",
            redirect_uri=self._rules.redirect_uri,
            scope=self._rules.scope or None,
            state=state,
        )
        return f"{self._rules.consent_url}?{urlsplit(page).query}"

    def authorize(self, code: str) -> None:
        """Exchange a code, or ``refresh:TOKEN``, for a pair, and store it durably."""
        kind, _, token = code.strip().partition(":")
        body = self._refresh_body(token) if kind == "refresh" else self._code_body(code.strip())
        with self._lock, self._store.exclusive():
            self._pair = self._ask(body, {"refresh_token": token})

    def close(self) -> None:
        """Let go of connections."""
        self._exchange.close()

    def _age(self, pair: Credentials) -> timedelta:
        return self._now() - pair.obtained_at

    def _is_due(self, pair: Credentials) -> bool:
        # a pair from the future was dated by a clock that was put back since: its age is not known
        return not timedelta(0) <= self._age(pair) < self._rules.due

    def _is_usable(self, pair: Credentials) -> bool:
        return timedelta(0) <= self._age(pair) < self._rules.max_age

    def _refreshed(self, is_stale: Callable[[Credentials], bool]) -> Credentials:
        """The stored pair, exchanged for a new one where it is stale; by one process at a time."""
        stored = self._load()
        if not is_stale(stored) or self._must_wait(stored):
            return stored
        with self._store.exclusive():
            stored = self._load()  # another process may have been faster
            return self._exchanged(stored) if is_stale(stored) else stored

    def _must_wait(self, stored: Credentials) -> bool:
        """Too young for the system, or tried a moment ago and still good."""
        if timedelta(0) <= self._age(stored) < self._rules.earliest:
            return True
        if self._not_before is None or self._now() >= self._not_before:
            return False
        if self._is_usable(stored):
            return True
        raise Transient("no new token a moment ago, not asked again yet", channel=self._channel)

    def _load(self) -> Credentials:
        stored = self._store.load()
        if stored is None:
            raise self._needs_consent("no credentials yet")
        return stored

    def _exchanged(self, stored: Credentials) -> Credentials:
        """A new pair for the stored one; the stored one while that is good and no new one is to be had."""
        body = self._refresh_body(stored.values["refresh_token"])
        try:
            return self._ask_again(body, stored.values)
        except (Transient, AmbiguousWrite) as wrong:
            self._not_before = self._now() + _AGAIN
            if self._is_usable(stored):
                return stored
            raise Transient(str(wrong), channel=self._channel) from wrong

    def _ask_again(self, body: str, known: Mapping[str, str]) -> Credentials:
        """Ask; and once more with the same token where the answer was lost.

        If the first request never arrived, the second one succeeds. If it did, the token is used
        up, the second one is refused, and nothing but a person's consent helps.
        """
        try:
            return self._ask(body, known)
        except AmbiguousWrite:
            return self._ask(body, known)

    def _ask(self, body: str, known: Mapping[str, str]) -> Credentials:
        """Exchange, and make the new pair durable before it is used."""
        call = Call("POST", self._rules.token_path, "token", body=body.encode(), content_type=_FORM)
        answer = self._exchange.send(call)
        pair = self._read(answer, known)
        self._store.save(pair)
        self._not_before = None
        return pair

    def _read(self, answer: Answer, known: Mapping[str, str]) -> Credentials:
        try:
            given = self._client.parse_request_body_response(answer.body.decode())
        except (OAuth2Error, ValueError):
            raise ContractBroken(f"{answer.call}: answered no tokens", channel=self._channel) from None
        names = ("access_token", "refresh_token", *self._rules.kept)
        values = dict(known) | {name: str(given[name]) for name in names if given.get(name) is not None}
        return Credentials(values, self._now())

    def _complaint(self, answer: Answer) -> ChannelError | None:
        """What a refused exchange means; None where its status says it (429, 5xx)."""
        if self._rules.too_early(answer):
            return Transient(f"{answer.call}: too early, the present token stays")
        if answer.status not in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            return None
        named = answer.data.get("error") if isinstance(answer.data, dict) else None
        if named in self._rules.wrong_client:
            return AuthFailed(f"{answer.call}: answered {answer.status}: client_id or client_secret is wrong")
        return self._needs_consent(f"the token is refused ({answer.call} answered {answer.status})")

    def _needs_consent(self, why: str) -> AuthFailed:
        return AuthFailed(f"{why}: run `connector auth {self._channel}`", channel=self._channel)

    def _code_body(self, code: str) -> str:
        return str(
            self._client.prepare_request_body(
                code=code, redirect_uri=self._rules.redirect_uri, client_secret=self._rules.client_secret
            )
        )

    def _refresh_body(self, token: str) -> str:
        rules = self._rules
        return str(
            self._client.prepare_refresh_body(
                refresh_token=token, client_id=rules.client_id, client_secret=rules.client_secret
            )
        )
