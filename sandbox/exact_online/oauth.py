"""The OAuth desk: codes, access tokens, refresh tokens (E9 to E27)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox.clock import Clock
from sandbox.exact_online.settings import Settings

CODE_LIFE = timedelta(minutes=3)  # E10
ACCESS_LIFE = timedelta(seconds=600)  # E15
REFRESH_AFTER = timedelta(seconds=570)  # E15
REFRESH_LIFE = timedelta(days=30)  # E19
TOO_EARLY = "Rate limit exceeded: access_token not expired"  # E16
REDIRECT = "https://connector.example.com/callback"


class TokenError(Exception):
    """A refusal of the token endpoint, in its own shape."""

    def __init__(self, status: int, error: str, text: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(text)
        self.status, self.error, self.text, self.headers = status, error, text, headers or {}


@dataclass
class Grant:
    """One pair of tokens; the first one, made by seeding, has no access token yet."""

    refresh: str
    issued: datetime
    access: str | None = None
    expires: datetime | None = None
    used: bool = False


class TokenDesk:
    """Everything about tokens; ``limits`` False takes away the 200 calls a day only."""

    def __init__(self, seed: int, clock: Clock, settings: Settings, limits: bool) -> None:
        self._seed, self._clock, self._settings, self._limits = seed, clock, settings, limits
        self._count = 0
        self._codes: dict[str, datetime] = {}
        self._grants: dict[str, Grant] = {}
        self._access: dict[str, Grant] = {}
        self._calls: tuple[object, int] = (None, 0)
        self.client_id = "{" + _guid(seed, "client") + "}"
        self.client_secret = _digest(seed, "secret", 16)
        first = Grant(self._make("refresh", 90), clock.now())
        self._grants[first.refresh] = first
        self.first_refresh = first.refresh

    def _make(self, kind: str, length: int) -> str:
        """A new secret text of at least that length; the same seed gives the same series."""
        self._count += 1
        return f"stampNL001.{_digest(self._seed, f'{kind}/{self._count}', length)}"

    def authorise(self, query: Mapping[str, str]) -> str:
        """The code for a consent that is given at once; TokenError for a wrong address or app (E9)."""
        if query.get("client_id") != self.client_id:
            raise TokenError(400, "invalid_client", "Client id is unknown.")
        if query.get("redirect_uri") != REDIRECT:
            raise TokenError(400, "invalid_request", "The redirect_uri is not the registered one.")
        if query.get("response_type") != "code":
            raise TokenError(400, "unsupported_response_type", "response_type must be code.")
        code = self._make("code", 40) + "!IAAA"  # E10: characters that arrive percent-encoded
        self._codes[code] = self._clock.now()
        return code

    def exchange(self, form: Mapping[str, str]) -> dict[str, Any]:
        """The answer of the token endpoint (E11, E13)."""
        self._count_call()
        if form.get("client_id") != self.client_id or form.get("client_secret") != self.client_secret:
            raise TokenError(400, "invalid_client", "Client authentication failed.")
        ways: dict[str | None, Callable[[Mapping[str, str]], None]] = {
            "authorization_code": self._take_code,
            "refresh_token": self._take_refresh,
        }
        way = ways.get(form.get("grant_type"))
        if way is None:
            raise TokenError(400, "unsupported_grant_type", "grant_type is not supported.")
        way(form)
        return self._issue()

    def _count_call(self) -> None:
        """At most 200 a day (E17); the answer is a guess: that of too early a refresh, without its header."""
        today = self._clock.now().date()
        day, count = self._calls
        count = count + 1 if day == today else 1
        self._calls = (today, count)
        limit = self._settings.number("token_limit")
        if self._limits and limit is not None and count > limit:
            raise TokenError(429, "access_denied", "Rate limit exceeded: token calls of this day")

    def _take_code(self, form: Mapping[str, str]) -> None:
        made = self._codes.pop(form.get("code", ""), None)
        if form.get("redirect_uri") != REDIRECT:
            raise TokenError(400, "invalid_request", "The redirect_uri is not the registered one.")
        if made is None or self._clock.now() > made + CODE_LIFE:
            raise TokenError(400, "invalid_grant", "The authorization code is invalid or has expired.")

    def _take_refresh(self, form: Mapping[str, str]) -> None:
        """Single use (E18, E21), 30 days (E19, E20), not before 570 s (E15, E16)."""
        now = self._clock.now()
        grant = self._grants.get(form.get("refresh_token", ""))
        if grant is None:
            raise TokenError(400, "invalid_grant", "The refresh token is invalid.")
        if grant.used:
            raise TokenError(400, "unauthorized_client", "Old refresh token used.")
        ends = grant.issued + REFRESH_LIFE
        if now > ends:
            text = f"The refresh token expired at {_american(ends)} and it is now {_american(now)}"
            raise TokenError(400, "invalid_request", text)
        if grant.access is not None and now < grant.issued + REFRESH_AFTER:
            reason = f"TooEarlyToRefreshTokens: {_american(grant.issued + REFRESH_AFTER)}"
            raise TokenError(400, "access_denied", TOO_EARLY, {"Reason": reason})
        grant.used = True

    def _issue(self) -> dict[str, Any]:
        now = self._clock.now()
        access = self._make("access", 640)  # E14: more than 600 characters
        grant = Grant(self._make("refresh", 90), now, access, now + ACCESS_LIFE)
        self._grants[grant.refresh] = grant
        self._access[access] = grant
        return {
            "access_token": access,
            "token_type": "bearer",
            "expires_in": "600",  # a text (E13)
            "refresh_token": grant.refresh,
        }

    def accepts(self, token: str) -> bool:
        """Whether an access token is known and has not expired."""
        grant = self._access.get(token)
        return grant is not None and grant.expires is not None and self._clock.now() < grant.expires

    def expire(self) -> None:
        """Let all access tokens end now, as far as refreshing goes at their usual time."""
        now = self._clock.now()
        for grant in self._access.values():
            grant.expires = min(grant.expires or now, now)
            grant.issued = min(grant.issued, now - REFRESH_AFTER)

    def as_json(self) -> dict[str, Any]:
        """What a test may want to know, without the tokens themselves."""
        live = [grant for grant in self._grants.values() if not grant.used]
        return {"token_calls_today": self._calls[1], "unused_refresh_tokens": len(live), "issued": len(self._access)}


def _guid(seed: int, name: str) -> str:
    text = hashlib.md5(f"{seed}/exact_online/{name}".encode()).hexdigest()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _digest(seed: int, name: str, length: int) -> str:
    """Letters and digits that follow from seed and name."""
    text, part = "", 0
    while len(text) < length:
        block = hashlib.sha512(f"{seed}/exact_online/{name}/{part}".encode()).digest()
        text += base64.urlsafe_b64encode(block).decode().rstrip("=")
        part += 1
    return text[:length]


def _american(moment: datetime) -> str:
    """``10/11/2022 9:18:20 PM`` (E20)."""
    hour = moment.hour % 12 or 12
    return f"{moment.month}/{moment.day}/{moment.year} {hour}:{moment:%M:%S} {'AM' if moment.hour < 12 else 'PM'}"
