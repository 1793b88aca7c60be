"""One transport for all adapters: time limits, size limits, retries, and every failure as one of our errors.

An adapter makes one :class:`Transport` per channel and asks it for :class:`Answer` values. What the
systems have in common is here and nowhere else:

- a call ends by its own deadline, however slowly the bytes arrive, and an answer has a largest size
  (a small compressed one can unfold to gigabytes);
- nothing is followed: a redirect, or a next-link to another origin, is ContractBroken, since the
  headers that go along open the shop;
- the environment is not asked (``~/.netrc`` would replace our Authorization), no cookies are kept,
  each thread has a session of its own;
- numbers are exact: JSON is decoded to ``int`` and ``Decimal``;
- a call that is safe to repeat is repeated a few times, with growing, jittered pauses that end when the
  daemon stops; a write never is, and one whose answer was lost is AmbiguousWrite;
- messages name the method, the path template and the status, never a query, a token or a value.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final, Protocol
from urllib.parse import quote, urlsplit

import msgspec
import requests
import urllib3
from requests.adapters import HTTPAdapter
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_random_exponential

from connector.contract import Budget, Limit, Opening
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

USER_AGENT: Final = "connector (customers, products, prices and stock)"
EVIDENCE_CHARACTERS: Final = 4000
_CHUNK: Final = 65536
_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_REQUEST_IDS: Final = ("X-Request-Id", "Request-Id", "X-Correlation-Id")
_LONGEST_WAIT_S: Final = 7 * 86400
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

#: A query is a list of pairs, since a name may come twice; text is percent-encoded once, blanks as %20.
Query = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Patience:
    """How long and how often a call may be tried.

    Attributes:
        connect_s, read_s: until a connection stands, between two pieces of an answer.
        total_s: for one attempt, from the first byte sent to the last one read.
        attempts: how often a safe call is made at most.
        pause_s, longest_pause_s: the exponential pause between two attempts begins with and ends at.
        reset_s: a rate limit that resets within this time is waited for inside a safe call.
        max_bytes: largest answer, unpacked.
    """

    connect_s: float = 10
    read_s: float = 60
    total_s: float = 120
    attempts: int = 4
    pause_s: float = 1
    longest_pause_s: float = 20
    reset_s: float = 10
    max_bytes: int = 64 * 1024 * 1024


@dataclass(frozen=True)
class Call:
    """What is asked: a path template, what fills it, and what the answer is for.

    Attributes:
        template: ``/rest/V1/products/{sku}``; each ``{name}`` is filled from ``at``, encoded once.
        purpose: the lane for the budget (``stock``, ``price`` …).
        safe: it may be repeated: it changes nothing, or the same thing again.
        body: sent as JSON, or as a form where it is ``bytes`` with ``content_type``.
        expects_json: false where the answer is text or does not matter.
    """

    method: str
    template: str
    purpose: str
    at: Mapping[str, str] = field(default_factory=dict)
    query: Query = ()
    body: Any = None
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    safe: bool = False
    expects_json: bool = True

    @property
    def path(self) -> str:
        """The encoded path."""
        return self.template.format_map({name: quote(text, safe="") for name, text in self.at.items()})

    def __str__(self) -> str:
        return f"{self.method} {self.template}"


@dataclass(frozen=True)
class Answer:
    """One complete answer. ``data`` is the decoded JSON, None where there was none.

    ``server_at`` is the server's own time by its Date header (UTC, whole seconds), or ours without one.
    """

    call: Call
    status: int
    headers: Mapping[str, str]
    body: bytes
    began_at: datetime
    server_at: datetime
    data: Any = None

    @property
    def request_id(self) -> str:
        """The server's own name of this call, where it gave one."""
        return next((self.headers[name] for name in _REQUEST_IDS if name in self.headers), "")


class Auth(Protocol):
    """How calls are authorised."""

    def sign(self, request: requests.PreparedRequest) -> None:
        """Put the credentials on; called for every attempt, after everything else is set."""
        ...

    def renew(self, request: requests.PreparedRequest) -> bool:
        """After a 401 to ``request``: whether other credentials are at hand now, so that one more try is worth it."""
        ...


class NoAuth:
    """For systems, or calls, without credentials."""

    def sign(self, request: requests.PreparedRequest) -> None:
        """Leave it as it is."""

    def renew(self, request: requests.PreparedRequest) -> bool:
        """There is nothing to renew."""
        return False


@dataclass(frozen=True)
class Bearer:
    """A token that does not change."""

    token: str = field(repr=False)

    def sign(self, request: requests.PreparedRequest) -> None:
        """Put the token on."""
        request.headers["Authorization"] = f"Bearer {self.token}"

    def renew(self, request: requests.PreparedRequest) -> bool:
        """There is no other one."""
        return False


def _no_limits(answer: Answer) -> Sequence[Limit]:
    return ()


def _no_complaint(answer: Answer) -> ChannelError | None:
    return None


@dataclass(frozen=True)
class Hooks:
    """What one system does in its own way.

    Attributes:
        limits: reads budgets out of an answer's headers; they go to :meth:`Budget.learn`.
        complaint: the error that a failed answer means there, None to let the status decide.
            The transport fills in channel and status.
        unreadable: the same for a good status without the JSON that belongs to it (a maintenance page).
    """

    limits: Callable[[Answer], Sequence[Limit]] = _no_limits
    complaint: Callable[[Answer], ChannelError | None] = _no_complaint
    unreadable: Callable[[Answer], ChannelError | None] = _no_complaint


class _Busy(Transient):
    """Not carried out; ``until`` is when the server wants to be asked again, None where it did not say."""

    def __init__(self, message: str, *, until: datetime | None) -> None:
        super().__init__(message)
        self.until = until


class _Garbled(ContractBroken):
    """An answer to a safe call that is no JSON: perhaps cut short, so worth another try."""


class _Session(requests.Session):
    """A session that keeps nothing and follows nothing."""

    def __init__(self, proxies: Mapping[str, str]) -> None:
        super().__init__()
        self.trust_env = False
        self.proxies.update(proxies)
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("http://", "https://"):
            self.mount(scheme, HTTPAdapter(max_retries=0, pool_maxsize=2))

    def get_redirect_target(self, resp: requests.Response) -> None:
        # requests reads the whole body of a redirect, unbounded, even where it is told not to follow.
        return None


class Transport:
    """Makes the calls of one channel. Safe to use from several threads; each has its own connections."""

    def __init__(
        self,
        opening: Opening,
        base_url: str,
        *,
        auth: Auth | None = None,
        hooks: Hooks | None = None,
        patience: Patience | None = None,
        headers: Mapping[str, str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> None:
        self._channel = opening.channel
        self._budget: Budget = opening.budget
        self._now = opening.now
        self._sleep = opening.sleep
        self._base = base_url.rstrip("/")
        self._auth: Auth = auth or NoAuth()
        self._hooks = hooks or Hooks()
        self._patience = patience or Patience()
        self._headers = {"User-Agent": USER_AGENT, "Accept": "application/json"} | dict(headers or {})
        self._proxies = dict(proxies or {})
        self._local = threading.local()
        self._sessions: list[_Session] = []
        self._lock = threading.Lock()
        self._offset: timedelta | None = None

    @property
    def clock_offset(self) -> timedelta | None:
        """How far the server's clock is ahead of ours, by the last Date header (± 1 s); None before the first."""
        return self._offset

    def get(
        self, template: str, *, purpose: str, at: Mapping[str, str] | None = None, query: Query = (), **more: Any
    ) -> Answer:
        """A read; repeated where it fails for the moment."""
        return self.send(Call("GET", template, purpose, at or {}, query, safe=True, **more))

    def follow(self, link: str, template: str, *, purpose: str) -> Answer:
        """A read of an absolute link that the server gave out; ContractBroken when it leads elsewhere.

        ``template`` is what messages call it. Also takes a link without scheme and host.
        """
        call = Call("GET", template, purpose, safe=True)
        parts = urlsplit(link)
        foreign = (parts.scheme or parts.netloc) and origin(link) != origin(self._base)
        if foreign or not parts.path.startswith("/"):
            raise self._named(ContractBroken(f"{call}: a link leads to another host, {parts.hostname}"))
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        return self._repeat(call, origin(self._base) + target)

    def send(self, call: Call) -> Answer:
        """The successful answer to a call, decoded; every failure is a ChannelError.

        Safe calls are repeated on Transient failures. Raises AmbiguousWrite where an unsafe call
        was sent and no usable answer came.
        """
        query = "&".join(f"{quote(name, safe='')}={quote(text, safe='')}" for name, text in call.query)
        return self._repeat(call, self._base + call.path + (f"?{query}" if query else ""))

    def pause(self, what: str, seconds: float) -> None:
        """Wait; Transient when the wait was cut short, since then the daemon wants to stop."""
        until = self._now() + timedelta(seconds=seconds * 0.9)
        self._sleep(seconds)
        if self._now() < until:
            raise self._named(Transient(f"{what}: stopping, not tried again"))

    def close(self) -> None:
        """Let go of all connections."""
        with self._lock:
            sessions, self._sessions = self._sessions, []
        for session in sessions:
            session.close()
        self._local = threading.local()

    def _repeat(self, call: Call, url: str) -> Answer:
        """Try until it succeeds, cannot succeed, or patience ends."""
        retrying = Retrying(
            stop=stop_after_attempt(self._patience.attempts),
            retry=retry_if_exception(lambda error: self._is_worth_another(call, error)),
            wait=self._wait,
            sleep=lambda seconds: self.pause(str(call), seconds),
            reraise=True,
        )
        return retrying(self._try, call, url)

    def _is_worth_another(self, call: Call, error: BaseException) -> bool:
        """Transient failures of safe calls; and whatever was not carried out for lack of budget, for a short while."""
        until = getattr(error, "until", None)
        if until is not None and (until - self._now()).total_seconds() > self._patience.reset_s:
            return False
        return isinstance(error, RateLimited) or (call.safe and isinstance(error, Transient | _Garbled))

    def _wait(self, state: RetryCallState) -> float:
        """The jittered, growing pause, or the server's own wish where that is longer."""
        patience = self._patience
        pause = wait_random_exponential(multiplier=patience.pause_s, max=patience.longest_pause_s)(state)
        until = getattr(state.outcome and state.outcome.exception(), "until", None)
        return max(pause, (until - self._now()).total_seconds()) if until else pause

    def _try(self, call: Call, url: str) -> Answer:
        """One attempt, and a second one with new credentials where the first were refused."""
        request = self._prepare(call, url)
        answer = self._exchange(call, request)
        if answer.status == HTTPStatus.UNAUTHORIZED and self._auth.renew(request):
            answer = self._exchange(call, self._prepare(call, url))
        return self._judge(answer)

    def _prepare(self, call: Call, url: str) -> requests.PreparedRequest:
        body = call.body if call.body is None or isinstance(call.body, bytes) else _ENCODER.encode(call.body)
        kind = {} if body is None else {"Content-Type": call.content_type}
        headers = self._headers | kind | dict(call.headers)
        request = self._session().prepare_request(requests.Request(call.method, url, headers=headers, data=body))
        self._auth.sign(request)
        return request

    def _exchange(self, call: Call, request: requests.PreparedRequest) -> Answer:
        """Send it and read the whole answer, whatever its status."""
        self._budget.spend(call.purpose)
        began_at, deadline = self._now(), time.monotonic() + self._patience.total_s
        timeout = (self._patience.connect_s, min(self._patience.read_s, self._patience.total_s))
        try:
            with self._session().send(request, stream=True, timeout=timeout, allow_redirects=False) as response:
                answer = self._answer(call, response, self._body(call, response, deadline), began_at)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as wrong:
            raise self._named(_lost(call, wrong)) from None
        limits = self._hooks.limits(answer)
        if limits:
            self._budget.learn(limits)
        return answer

    def _body(self, call: Call, response: requests.Response, deadline: float) -> bytes:
        """The unpacked body; ends at the deadline and at the largest size."""
        pieces: list[bytes] = []
        size = 0
        while piece := response.raw.read1(_CHUNK, decode_content=True):
            size += len(piece)
            if size > self._patience.max_bytes:
                what = f"{call}: answered more than {self._patience.max_bytes} bytes"
                raise self._named(ContractBroken(what) if call.safe else AmbiguousWrite(what))
            if time.monotonic() > deadline:
                raise requests.Timeout
            pieces.append(piece)
        return b"".join(pieces)

    def _answer(self, call: Call, response: requests.Response, body: bytes, began_at: datetime) -> Answer:
        now = self._now()
        dated = read_date(response.headers.get("Date"))
        if dated is not None:
            # the header is cut to whole seconds; half of one is the best guess of what was cut
            self._offset = dated + timedelta(seconds=0.5) - (began_at + (now - began_at) / 2)
        return Answer(call, response.status_code, response.headers, body, began_at, dated or now)

    def _judge(self, answer: Answer) -> Answer:
        """The answer with its data, or the error that it is."""
        if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            return self._decoded(answer)
        failed = replace(answer, data=decode(answer.body))
        error = self._hooks.complaint(failed) or _by_status(failed, self._now())
        raise self._named(error, answer)

    def _decoded(self, answer: Answer) -> Answer:
        if not answer.call.expects_json or not answer.body.strip():
            return answer
        data = decode(answer.body)
        if data is None and answer.body.strip() != b"null":
            raise self._named(self._hooks.unreadable(answer) or _garbled(answer), answer)
        return replace(answer, data=data)

    def _session(self) -> _Session:
        session: _Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = _Session(self._proxies)
            with self._lock:
                self._sessions.append(session)
        return session

    def _named(self, error: ChannelError, answer: Answer | None = None) -> ChannelError:
        """The error, with the channel and the answer that it comes from."""
        error.channel = error.channel or self._channel
        if answer is not None:
            error.status, error.request_id = answer.status, answer.request_id
        return error


def origin(url: str) -> str:
    """Scheme, host and port of an address, the default port left out."""
    parts = urlsplit(url)
    port = {"http": 80, "https": 443}.get(parts.scheme)
    return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port not in (None, port) else "")


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


def evidence(answer: Answer) -> str:
    """What an unexpected answer looked like: names and kinds, never a value."""
    data = decode(answer.body)
    shape = repr(_shape(data)) if data is not None else kind_of(answer)
    return f"{answer.status}, {len(answer.body)} bytes, {shape}"[:EVIDENCE_CHARACTERS]


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


def _garbled(answer: Answer) -> ChannelError:
    """A good status without the JSON that belongs to it: of a write, we don't know what became of it."""
    what = f"{answer.call}: answered {answer.status} without JSON ({kind_of(answer)})"
    return _Garbled(what, evidence=evidence(answer)) if answer.call.safe else AmbiguousWrite(what)


def _lost(call: Call, wrong: Exception) -> ChannelError:
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


def _by_status(answer: Answer, now: datetime) -> ChannelError:
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
        return _Busy(what, until=retry_after(answer, now))
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
