"""Who may call: personal token, OAuth with rotating refresh tokens, scopes, and the 5-minute window (L§2, L§3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, g, jsonify, redirect, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from sandbox.lightspeed_x.errors import ApiError, bad_request, envelope
from sandbox.lightspeed_x.store import Store

SCOPES = (
    "products:read products:write products:read:price_books products:write:price_books inventory:read inventory:write "
    "customers:read customers:write sales:read sales:write outlets:read registers:read taxes:read retailer:read "
    "payment_types:read users:read webhooks"
)
WINDOW_S = 300
ACCESS_LIFE = timedelta(seconds=86_400)
CODE_LIFE = timedelta(minutes=10)
UNREACHED = 10**9
TOKEN_CALLS = 60  # calls of the token endpoint a window; its real number is not documented (L§2)
DOMAIN_PREFIX = "voorbeeld"
ANY = ""
"""The scope of calls that every token may make."""

CONSENT = """<!DOCTYPE html><html><head><title>Connect</title></head><body>
<h1>{client} wants access to {shop}</h1><ul>{scopes}</ul>
<form method="post" action="/connect?{query}"><button name="allow" value="yes">Allow</button></form></body></html>"""


@dataclass
class Token:
    """An access token: whose it is, until when, for what."""

    app: str
    expires: datetime | None
    scopes: frozenset[str] | None  # None: everything (personal tokens have no scopes of their own)


@dataclass
class Window:
    """The calls of one application in the present five minutes."""

    begins: int = 0
    used: int = 0


@dataclass
class Grants:
    """What the OAuth application holds."""

    refresh: str
    used: set[str] = field(default_factory=set)
    access: str | None = None
    codes: dict[str, tuple[datetime, str, str]] = field(default_factory=dict)  # code → expires, redirect_uri, scope


class Access:
    """Checks every call, and answers the token endpoint."""

    def __init__(self, store: Store, limits: bool) -> None:
        self._store = store
        self._limits = limits
        self._registers = store.table("registers")
        self.personal = f"lsxs_pt_{self._secret('personal')}"
        self.client_id = self._secret("client")[:32]
        self.client_secret = self._secret("client secret")
        self.user_id = store.key("user", "admin")
        self.tokens: dict[str, Token] = {self.personal: Token("personal", None, None)}
        self.grants = Grants(refresh=self._secret("refresh 0"))
        self._windows: dict[str, Window] = {}
        self._made = 0

    def _secret(self, name: str) -> str:
        return (self._store.key("secret", name) + self._store.key("secret 2", name)).replace("-", "")

    @property
    def limit(self) -> int:
        """Calls in five minutes: 300 × registers + 50 (L§3); without limits a number that nobody reaches."""
        return 300 * len(self._registers) + 50 if self._limits else UNREACHED

    @property
    def scopes(self) -> str:
        """The scopes that the application was given."""
        chosen = self._store.switches.scopes
        return SCOPES if chosen == "all" else chosen

    def expire(self) -> None:
        """Let every OAuth access token expire now; a personal token lives on."""
        for token in self.tokens.values():
            if token.expires is not None:
                token.expires = self._store.clock.now()

    def admit(self, scope: str) -> None:
        """Let one call pass, counted; 400 without User-Agent, 401, 429, 403."""
        if not request.headers.get("User-Agent"):
            raise bad_request("The User-Agent header is required")
        token = self._find()
        g.window = self._count(token.app)
        if scope and token.scopes is not None and scope not in token.scopes:
            raise ApiError(403, envelope(403, f"Missing scope {scope}"))

    def _find(self) -> Token:
        kind, _, text = request.headers.get("Authorization", "").partition(" ")
        token = self.tokens.get(text.strip())
        if kind.lower() != "bearer" or token is None:
            raise ApiError(401, envelope(401))
        if token.expires is not None and token.expires <= self._store.clock.now():
            raise ApiError(401, envelope(401))
        return token

    def _present(self, app: str) -> Window:
        begins = int(self._store.clock.now().timestamp()) // WINDOW_S * WINDOW_S
        window = self._windows.setdefault(app, Window())
        if window.begins != begins:
            window.begins, window.used = begins, 0
        return window

    def _count(self, app: str) -> dict[str, str]:
        """Count a call; the headers that tell of it. 429 when the window is used up (L§3)."""
        window = self._present(app)
        if window.used >= self.limit:
            ends = datetime.fromtimestamp(window.begins + WINDOW_S, UTC)
            headers = {"Retry-After": format_datetime(ends, usegmt=True)} | self._headers(window)
            raise ApiError(429, envelope(429), headers)
        window.used += 1
        return self._headers(window)

    def _headers(self, window: Window) -> dict[str, str]:
        return {"X-RateLimit-Limit": str(self.limit), "X-RateLimit-Remaining": str(self.limit - window.used)}

    def as_json(self) -> dict[str, Any]:
        """What is held: tokens with their ends, the refresh token that is good now, the windows."""
        return {
            "tokens": {text: {"app": token.app, "expires": token.expires} for text, token in self.tokens.items()},
            "refresh_token": self.grants.refresh,
            "used_refresh_tokens": sorted(self.grants.used),
            "windows": {app: {"begins": one.begins, "used": one.used} for app, one in self._windows.items()},
            "limit": self.limit,
        }

    # OAuth

    def token(self) -> tuple[Response, int]:
        """``POST /api/1.0/token``: refresh_token and authorization_code."""
        window = self._present("token endpoint")
        if self._limits and window.used >= TOKEN_CALLS:
            return self._with_limits(jsonify(envelope(429)), window), 429
        window.used += 1
        status, body = self._grant(request.form)
        return self._with_limits(jsonify(body), window), status

    def _with_limits(self, answer: Response, window: Window) -> Response:
        answer.headers["X-RateLimit-Limit"] = str(TOKEN_CALLS)
        answer.headers["X-RateLimit-Remaining"] = str(max(0, TOKEN_CALLS - window.used))
        answer.headers["X-RateLimit-Reset"] = str(window.begins + WINDOW_S)
        return answer

    def _grant(self, form: MultiDict[str, str]) -> tuple[int, dict[str, Any]]:
        if (form.get("client_id"), form.get("client_secret")) != (self.client_id, self.client_secret):
            return 401, {"error": "invalid_client"}
        kind = form.get("grant_type")
        if kind == "refresh_token":
            if form.get("refresh_token") != self.grants.refresh:
                return 401, {"error": "invalid_grant"}
            return 200, self._issue(self.scopes)
        if kind == "authorization_code":
            ends, address, scope = self.grants.codes.pop(form.get("code", ""), (None, "", ""))
            if ends is None or ends <= self._store.clock.now() or form.get("redirect_uri") != address:
                return 401, {"error": "invalid_grant"}
            return 200, self._issue(scope)
        return 400, {"error": "unsupported_grant_type"}

    def _issue(self, scope: str) -> dict[str, Any]:
        """A new pair; the old access token and the old refresh token are worth nothing any more (L§2)."""
        self._made += 1
        if self.grants.access is not None:
            self.tokens.pop(self.grants.access, None)
        self.grants.used.add(self.grants.refresh)
        self.grants.refresh = self._secret(f"refresh {self._made}")
        self.grants.access = f"lsxs_at_{self._secret(f'access {self._made}')}"
        expires = self._store.clock.now() + ACCESS_LIFE
        self.tokens[self.grants.access] = Token("oauth", expires, frozenset(scope.split()))
        return {
            "access_token": self.grants.access,
            "token_type": "Bearer",
            "expires": int(expires.timestamp()),
            "expires_in": int(ACCESS_LIFE.total_seconds()),
            "domain_prefix": DOMAIN_PREFIX,
            "refresh_token": self.grants.refresh,
            "scope": scope,
        }

    def connect(self) -> Response | BaseResponse:
        """The consent page, and what its button does: back to the application with a code."""
        asked = request.args
        if asked.get("response_type") != "code" or asked.get("client_id") != self.client_id:
            raise bad_request("response_type must be code, client_id that of the application")
        if len(asked.get("state", "")) < 8 or not asked.get("scope") or not asked.get("redirect_uri"):
            raise bad_request("state (8 characters or more), scope and redirect_uri are required")
        unknown = set(asked["scope"].split()) - set(SCOPES.split())
        if unknown:
            raise bad_request(f"unknown scope {' '.join(sorted(unknown))}")
        if request.method == "GET":
            scopes = "".join(f"<li>{escape(one)}</li>" for one in asked["scope"].split())
            query = escape(request.query_string.decode("ascii"))
            page = CONSENT.format(client=escape(self.client_id), shop=DOMAIN_PREFIX, scopes=scopes, query=query)
            return Response(page, mimetype="text/html")
        return redirect(self._approve(asked))

    def _approve(self, asked: MultiDict[str, str]) -> str:
        self._made += 1
        code = self._secret(f"code {self._made}")[:40]
        ends = self._store.clock.now() + CODE_LIFE
        self.grants.codes[code] = (ends, asked["redirect_uri"], asked["scope"])
        back = {"code": code, "domain_prefix": DOMAIN_PREFIX, "state": asked["state"], "scope": asked["scope"]}
        joint = "&" if "?" in asked["redirect_uri"] else "?"
        return f"{asked['redirect_uri']}{joint}{urlencode(back)}"

    def register(self, app: Flask) -> None:
        """Add the OAuth addresses, and the limit headers of counted calls."""
        app.add_url_rule("/api/1.0/token", "token", self.token, methods=["POST"])
        app.add_url_rule("/connect", "connect", self.connect, methods=["GET", "POST"])

        @app.after_request
        def tell_limits(answer: Response) -> Response:
            for name, value in (g.get("window") or {}).items():
                answer.headers.setdefault(name, value)
            return answer
