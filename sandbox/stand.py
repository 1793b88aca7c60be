"""What every stand-in shares: a Flask application behind waitress on loopback, with a control interface apart.

A stand-in's package has ``build(options: Options) -> Stand``: it makes its state, makes a
:class:`Stand`, and registers its routes on ``stand.app``. Every handler runs under ``stand.lock`` unless
it is marked :func:`unlocked`. Faults, the call log, the lock and the ``Date`` header (the stand-in's own
time) are added around the application; see :mod:`sandbox.edge` and :mod:`sandbox.faults`.

Control interface, JSON, never struck by faults and never counted:

=====================  ==============================================================================
GET state              everything the stand-in holds
POST edit              ``{"do": VERB, ...}``: a change as a user of that system would make it; answers what changed
GET, DELETE calls      ``{"total", "counters": {"GET /template": n}, "log": [{at, method, path, status, fault}]}``
GET, POST, DELETE faults  list, add one or a list, clear
GET, POST clock        ``{"now", "offset_s"}``; ``{"advance_s": 600}`` or ``{"set": ISO}``
=====================  ==============================================================================
"""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar, cast

from flask import Blueprint, Flask, Response, g, jsonify, request
from waitress.server import TcpWSGIServer, create_server

from sandbox.calls import Calls
from sandbox.clock import Clock
from sandbox.edge import FAULT, UNLOCKED, Edge, FaultyChannel
from sandbox.faults import Fault, Faults
from sandbox.numbers import ExactJson, read_json, round_half_up, write_decimal, write_json

__all__ = [
    "Clock",
    "EditError",
    "Options",
    "PortError",
    "Stand",
    "page_fault",
    "read_json",
    "round_half_up",
    "unlocked",
    "write_decimal",
    "write_json",
]

LOOPBACK = "127.0.0.1"
THREADS = 8
View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True)
class Options:
    """What the command line gives; ``settings`` are the stand-in's own switches (``--set NAME=VALUE``)."""

    port: int = 0
    seed: int = 1
    products: int | None = None
    customers: int | None = None
    profile: str = "demo"
    faults: tuple[dict[str, Any], ...] = ()
    limits: bool = True
    settings: Mapping[str, str] = field(default_factory=dict)


class EditError(Exception):
    """An edit that a user of the system could not make; its text says why. Answered with 422."""


class PortError(Exception):
    """Another process listens on the port."""


def unlocked(view: View) -> View:
    """Mark a handler that takes ``stand.lock`` by itself, or does without."""
    setattr(view, UNLOCKED, True)
    return view


def page_fault() -> str | None:
    """``"repeat_page"`` or ``"truncate_page"`` when the present call is to show one of them, else None."""
    fault: Fault | None = g.get("fault")
    return fault.kind if fault is not None and fault.kind in ("repeat_page", "truncate_page") else None


class Stand:
    """One stand-in: Flask app, control interface, waitress server.

    ``state`` returns everything it holds; ``edit`` carries out one control edit under the lock and
    returns what changed, or raises :class:`EditError`. ``credentials`` go into the line that is printed
    when it is ready. ``expire_tokens`` (set by a stand-in that has tokens) serves the fault of that name,
    ``error_body`` gives the body of a ``status`` fault in the system's own shape.
    """

    def __init__(
        self,
        adapter: str,
        options: Options,
        state: Callable[[], dict[str, Any]],
        edit: Callable[[dict[str, Any]], dict[str, Any]],
        credentials: dict[str, Any],
    ) -> None:
        self.adapter = adapter
        self.options = options
        self.credentials = credentials
        self.clock = Clock()
        self.lock = threading.RLock()
        self.faults = Faults()
        self.calls = Calls()
        self.app = Flask(adapter, static_folder=None)
        self.app.json = ExactJson(self.app)
        self.app.url_map.redirect_defaults = False
        self.app.before_request(_show_fault)
        self.app.register_blueprint(_control(self, state, edit))
        self._edge = Edge(self.app, self.lock, self.clock, self.faults, self.calls)
        self.app.wsgi_app = self._edge  # type: ignore[method-assign]
        self._server: TcpWSGIServer | None = None
        self._loop: threading.Thread | None = None
        self._stopped = threading.Event()
        for given in options.faults:
            self.faults.add(given)

    @property
    def expire_tokens(self) -> Callable[[], None] | None:
        """What makes all access tokens expire; None in a stand-in without."""
        return self._edge.expire_tokens

    @expire_tokens.setter
    def expire_tokens(self, expire: Callable[[], None] | None) -> None:
        self._edge.expire_tokens = expire

    @property
    def error_body(self) -> Callable[[int], Any]:
        """The body of an error with this status, in the system's own shape."""
        return self._edge.error_body

    @error_body.setter
    def error_body(self, body: Callable[[int], Any]) -> None:
        self._edge.error_body = body

    @property
    def url(self) -> str:
        """The base address, once started."""
        if self._server is None:
            raise RuntimeError("the stand-in has not been started")
        return f"http://{LOOPBACK}:{cast(Any, self._server).effective_port}"

    def announce(self) -> dict[str, Any]:
        """What a client must know, once started: adapter, url, control, credentials."""
        return {"adapter": self.adapter, "url": self.url, "control": f"{self.url}/_sandbox/"} | self.credentials

    def start(self) -> str:
        """Listen, and serve in a thread; the base address. PortError when the port is in use."""
        if self._server is not None:
            return self.url
        self._server = _listen(self.app, self.options.port)
        self._loop = threading.Thread(target=self._server.run, name=f"sandbox-{self.adapter}", daemon=True)
        self._loop.start()
        return self.url

    def serve(self) -> None:
        """Serve until :meth:`stop` is called, from a signal handler or another thread."""
        self.start()
        self._stopped.wait()
        self.close()

    def stop(self) -> None:
        """Let :meth:`serve` return."""
        self._stopped.set()

    def close(self) -> None:
        """Stop listening, end the connections, wait for the threads."""
        self._stopped.set()
        server, self._server = self._server, None
        if server is None:
            return
        server.task_dispatcher.shutdown(timeout=2)
        trigger = cast(Any, server.trigger)
        try:
            trigger.pull_trigger(lambda: _close_all(server))
        except OSError:  # the trigger's pipe was closed under a cut connection: end the loop from here
            _close_all(server)
        if self._loop is not None:
            self._loop.join(timeout=5)
        trigger.close()


def _listen(app: Flask, port: int) -> TcpWSGIServer:
    """A waitress server for ``app`` on loopback."""
    settings: dict[str, Any] = {
        "host": LOOPBACK,
        "port": port,
        "threads": THREADS,
        "ident": None,
        "channel_timeout": 600,
        "connection_limit": 1000,
        "asyncore_use_poll": True,
        "clear_untrusted_proxy_headers": True,
    }
    try:
        server = create_server(app, **settings)
    except OSError as wrong:
        if wrong.errno != errno.EADDRINUSE:
            raise
        raise PortError(f"port {port} on {LOOPBACK} is taken by another process; choose another, or 0") from wrong
    server = cast(TcpWSGIServer, server)
    server.channel_class = FaultyChannel
    return server


def _close_all(server: TcpWSGIServer) -> None:
    """Close every socket of a server, in the thread of its loop, which ends thereby.

    The trigger only leaves the loop: an earlier pull may bring us here while the thread that asked for this is
    still about to write to it.
    """
    loop = cast(Any, server)
    for dispatcher in list(loop._map.values()):
        if dispatcher is loop.trigger:
            dispatcher.del_channel()
        else:
            dispatcher.close()


def _show_fault() -> None:
    """Let handlers see which fault strikes their call: ``flask.g.fault``."""
    g.fault = request.environ.get(FAULT)


def _control(
    stand: Stand, state: Callable[[], dict[str, Any]], edit: Callable[[dict[str, Any]], dict[str, Any]]
) -> Blueprint:
    """The control interface of a stand-in."""
    control = Blueprint("control", __name__, url_prefix="/_sandbox")
    control.add_url_rule("/state", view_func=lambda: jsonify(state()), endpoint="state")
    control.add_url_rule("/edit", view_func=lambda: jsonify(edit(_body(dict))), endpoint="edit", methods=["POST"])
    _control_calls(control, stand)
    _control_faults(control, stand)
    _control_clock(control, stand)

    @control.errorhandler(EditError)
    def refused(wrong: EditError) -> tuple[Response, int]:
        return jsonify({"error": str(wrong)}), 422

    @control.errorhandler(ValueError)
    def malformed(wrong: ValueError) -> tuple[Response, int]:
        return jsonify({"error": str(wrong)}), 400

    return control


def _body(*kinds: type) -> Any:
    """The JSON body of a control call; ValueError when it is none, or of another kind."""
    given = read_json(request.get_data())
    if not isinstance(given, kinds):
        raise ValueError(f"the body must be {' or '.join(kind.__name__ for kind in kinds)}")
    return given


def _control_calls(control: Blueprint, stand: Stand) -> None:
    @control.get("/calls")
    def calls() -> Response:
        return jsonify(stand.calls.as_json())

    @control.delete("/calls")
    def forget_calls() -> Response:
        stand.calls.clear()
        return jsonify(stand.calls.as_json())


def _control_faults(control: Blueprint, stand: Stand) -> None:
    @control.get("/faults")
    def faults() -> Response:
        return jsonify(stand.faults.as_json())

    @control.post("/faults")
    def add_faults() -> Response:
        given = _body(dict, list)
        several = given if isinstance(given, list) else [given]
        if any(one.get("fault") == "expire_tokens" for one in several) and stand.expire_tokens is None:
            raise ValueError(f"{stand.adapter} has no tokens that expire")
        return jsonify([stand.faults.add(one).as_json() for one in several])

    @control.delete("/faults")
    def clear_faults() -> Response:
        return jsonify({"cleared": stand.faults.clear()})


def _control_clock(control: Blueprint, stand: Stand) -> None:
    @control.get("/clock")
    def clock() -> Response:
        return jsonify({"now": stand.clock.now(), "offset_s": stand.clock.offset_s})

    @control.post("/clock")
    def move_clock() -> Response:
        given = _body(dict)
        if set(given) == {"advance_s"}:
            stand.clock.advance(float(given["advance_s"]))
        elif set(given) == {"set"}:
            stand.clock.set(datetime.fromisoformat(str(given["set"])))
        else:
            raise ValueError('the clock takes {"advance_s": seconds} or {"set": moment with zone}')
        return jsonify({"now": stand.clock.now(), "offset_s": stand.clock.offset_s})
