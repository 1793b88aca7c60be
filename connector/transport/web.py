"""The transport: one call made, repeated, judged."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final
from urllib.parse import quote, urlsplit

import requests
import urllib3
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_random_exponential

from connector.contract import Budget, Limit, Opening
from connector.errors import AmbiguousWrite, ChannelError, ContractBroken, RateLimited, Transient
from connector.transport.auth import Auth, NoAuth
from connector.transport.call import Answer, Call, Patience, Query
from connector.transport.failure import Garbled, by_status, garbled, lost
from connector.transport.reading import decode, encode, origin, read_date
from connector.transport.session import Session

USER_AGENT: Final = "connector (customers, products, prices and stock)"
_CHUNK: Final = 65536


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
        self._sessions: list[Session] = []
        self._lock = threading.Lock()
        self._offset: timedelta | None = None

    @property
    def clock_offset(self) -> timedelta | None:
        """How far the server's clock is ahead of ours, by the last Date header (± 1 s); None before the first."""
        return self._offset

    def get(
        self,
        template: str,
        *,
        purpose: str,
        at: Mapping[str, str] | None = None,
        query: Query = (),
        headers: Mapping[str, str] | None = None,
        expects_json: bool = True,
    ) -> Answer:
        """A read; repeated where it fails for the moment."""
        more = headers or {}
        return self.send(
            Call("GET", template, purpose, at or {}, query, headers=more, safe=True, expects_json=expects_json)
        )

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
        return isinstance(error, RateLimited) or (call.safe and isinstance(error, Transient | Garbled))

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
        body = call.body if call.body is None or isinstance(call.body, bytes) else encode(call.body)
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
            raise self._named(lost(call, wrong)) from None
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
        error = self._hooks.complaint(failed) or by_status(failed, self._now())
        raise self._named(error, answer)

    def _decoded(self, answer: Answer) -> Answer:
        if not answer.call.expects_json or not answer.body.strip():
            return answer
        data = decode(answer.body)
        if data is None and answer.body.strip() != b"null":
            raise self._named(self._hooks.unreadable(answer) or garbled(answer), answer)
        return replace(answer, data=data)

    def _session(self) -> Session:
        session: Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = Session(self._proxies)
            with self._lock:
                self._sessions.append(session)
        return session

    def _named(self, error: ChannelError, answer: Answer | None = None) -> ChannelError:
        """The error, with the channel and the answer that it comes from."""
        error.channel = error.channel or self._channel
        if answer is not None:
            error.status, error.request_id = answer.status, answer.request_id
        return error
