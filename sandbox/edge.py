"""Between the socket and the stand-in's Flask application: the lock, the faults, the call log, the date.

Faults that a Flask handler cannot make (a reset connection, half an answer) are made here, on the
socket of the waitress channel, which the task puts into the WSGI environ.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from email.utils import format_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Flask
from waitress.channel import ClientDisconnected, HTTPChannel
from waitress.task import WSGITask
from werkzeug.exceptions import HTTPException

from sandbox.calls import Calls
from sandbox.clock import Clock
from sandbox.faults import Fault, Faults
from sandbox.numbers import write_json

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CONTROL = "/_sandbox/"
CHANNEL = "sandbox.channel"
FAULT = "sandbox.fault"
UNLOCKED = "_sandbox_unlocked"
UNROUTED = "(no such path)"
MAINTENANCE = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"


class ChannelTask(WSGITask):
    """A waitress task that lets the application reach its connection."""

    def get_environment(self) -> WSGIEnvironment:
        """The WSGI environ with the channel in it."""
        environ: WSGIEnvironment = super().get_environment()
        environ[CHANNEL] = self.channel
        return environ


class FaultyChannel(HTTPChannel):
    """A waitress connection that can be cut."""

    task_class = ChannelTask


@dataclass
class Answer:
    """One HTTP answer, not yet sent."""

    status: str  # "200 OK"
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    @property
    def code(self) -> int:
        """The number in the status line."""
        return int(self.status.split(" ", 1)[0])

    def without(self, *names: str) -> list[tuple[str, str]]:
        """The headers but for ``names`` (lower case)."""
        return [(name, value) for name, value in self.headers if name.lower() not in names]

    def send(self, start_response: StartResponse) -> Iterable[bytes]:
        """Hand the answer to the server."""
        start_response(self.status, self.headers)
        return [self.body]


def status_line(code: int) -> str:
    """``404`` as ``404 Not Found``."""
    try:
        return f"{code} {HTTPStatus(code).phrase}"
    except ValueError:
        return f"{code} Unknown"


def run(app: WSGIApplication, environ: WSGIEnvironment) -> Answer:
    """The whole answer of a WSGI application."""
    answer = Answer("500 Internal Server Error")
    written: list[bytes] = []

    def start_response(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> Callable[[bytes], None]:
        answer.status, answer.headers = status, list(headers)
        return written.append

    chunks = app(environ, start_response)
    try:
        answer.body = b"".join(written) + b"".join(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
    return answer


def cut(environ: WSGIEnvironment) -> None:
    """Reset the connection of this call; always raises, so that nothing is answered."""
    connection = environ[CHANNEL].socket
    with contextlib.suppress(OSError):  # the client may have gone first, which is what is wanted
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    raise ClientDisconnected


def cut_half(environ: WSGIEnvironment, answer: Answer) -> None:
    """Send the head and half of the body, then end the connection; always raises."""
    head = [f"HTTP/1.1 {answer.status}", *(f"{name}: {value}" for name, value in answer.without("content-length"))]
    head.append(f"Content-Length: {len(answer.body)}")
    rest = memoryview("\r\n".join([*head, "", ""]).encode("latin-1") + answer.body[: len(answer.body) // 2])
    connection = environ[CHANNEL].socket
    with contextlib.suppress(OSError):  # see cut
        while rest:
            select.select([], [connection], [], 10)
            rest = rest[connection.send(rest) :]
        connection.shutdown(socket.SHUT_RDWR)
    raise ClientDisconnected


class Edge:
    """The outermost WSGI layer of a stand-in."""

    def __init__(self, app: Flask, lock: threading.RLock, clock: Clock, faults: Faults, calls: Calls) -> None:
        self._app = app
        self._inner = app.wsgi_app
        self._lock = lock
        self._clock = clock
        self._faults = faults
        self._calls = calls
        self.expire_tokens: Callable[[], None] | None = None
        self.error_body: Callable[[int], Any] = lambda code: {"message": status_line(code).split(" ", 1)[1]}
        self._makers: dict[str, Callable[[Fault, WSGIEnvironment], Answer]] = {
            "status": self._answer_status,
            "html": self._answer_html,
            "redirect": self._answer_redirect,
        }

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one call."""
        if environ["PATH_INFO"].startswith(CONTROL):
            return self._enter(environ, unlocked=False).send(start_response)
        method = environ["REQUEST_METHOD"]
        path = environ.get("REQUEST_URI") or environ["PATH_INFO"]
        template, unlocked = self._route(environ)
        fault = self._faults.take(method, path)
        status: int | None = None
        try:
            answer = self._answer(environ, fault, unlocked)
            answer.headers = [*answer.without("date"), ("Date", format_datetime(self._clock.now(), usegmt=True))]
            if fault is not None and fault.kind == "cut_after":
                cut(environ)
            status = answer.code
            if fault is not None and fault.kind == "cut_half":
                cut_half(environ, answer)
        finally:
            self._calls.note(self._clock.now(), method, template, path, status, fault.kind if fault else None)
        return answer.send(start_response)

    def _route(self, environ: WSGIEnvironment) -> tuple[str, bool]:
        """The path template of a call, and whether its handler does without the lock."""
        try:
            rule, _ = self._app.url_map.bind_to_environ(environ).match(return_rule=True)
        except HTTPException:  # no such path or method: the application says so in its own way
            return UNROUTED, False
        view = self._app.view_functions.get(rule.endpoint)
        return rule.rule, getattr(view, UNLOCKED, False)

    def _enter(self, environ: WSGIEnvironment, unlocked: bool) -> Answer:
        """Run the application, under the lock unless its handler does without."""
        if unlocked:
            return run(self._inner, environ)
        with self._lock:
            return run(self._inner, environ)

    def _answer(self, environ: WSGIEnvironment, fault: Fault | None, unlocked: bool) -> Answer:
        """The answer to a call of the real API, with what the fault does before and to it."""
        if fault is None:
            return self._enter(environ, unlocked)
        environ[FAULT] = fault
        if fault.kind in self._makers:
            return self._makers[fault.kind](fault, environ)
        if fault.kind == "cut_before":
            cut(environ)
        if fault.kind == "delay":
            time.sleep(fault.seconds)
        if fault.kind == "expire_tokens" and self.expire_tokens is not None:
            with self._lock:
                self.expire_tokens()
        answer = self._enter(environ, unlocked)
        if fault.kind == "bad_json":
            half = answer.body[: max(1, len(answer.body) // 2)]
            answer = Answer(
                answer.status, [*answer.without("content-length"), ("Content-Length", str(len(half)))], half
            )
        return answer

    def _answer_status(self, fault: Fault, _environ: WSGIEnvironment) -> Answer:
        code = fault.status or 503
        body = self.error_body(code) if fault.body is None else fault.body
        text, kind = (body, "text/plain") if isinstance(body, str) else (write_json(body), "application/json")
        return _made(code, text, kind, fault.headers)

    def _answer_html(self, fault: Fault, _environ: WSGIEnvironment) -> Answer:
        code = fault.status or 503
        text = fault.body if isinstance(fault.body, str) else MAINTENANCE.format(status_line(code))
        return _made(code, text, "text/html; charset=utf-8", fault.headers)

    def _answer_redirect(self, fault: Fault, environ: WSGIEnvironment) -> Answer:
        elsewhere = {"Location": f"http://elsewhere.invalid{environ['PATH_INFO']}"}
        return _made(fault.status or 302, "", "text/html; charset=utf-8", elsewhere | fault.headers)


def _made(code: int, text: str, kind: str, headers: dict[str, str]) -> Answer:
    """An answer made up by a fault; ``headers`` replace its own."""
    body = text.encode("utf-8")
    own = {"Content-Type": kind, "Content-Length": str(len(body))}
    return Answer(status_line(code), [(name, str(value)) for name, value in (own | headers).items()], body)
