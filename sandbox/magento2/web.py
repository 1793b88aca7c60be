"""Takes requests: finds the route, asks who may, reads the input, calls the service, answers in the shop's shape.

The order is the shop's own: web server, method, store view and route, permission, input, service. Paths are
matched as they came, undecoded, so that a SKU with ``%2F`` in it stays one segment (M2.3).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from flask import Response, g, request
from werkzeug.exceptions import HTTPException

from sandbox.magento2 import auth
from sandbox.magento2.async_bulk import accept, run_consumer
from sandbox.magento2.call import Call, User
from sandbox.magento2.errors import ApiError, PlainError, cannot_process, no_route
from sandbox.magento2.fields import cut_fields
from sandbox.magento2.routing import Route
from sandbox.magento2.state import ALL, Bulk, Database, Operation
from sandbox.magento2.wire import HTML, check_request_line, php_query, read_body, render, wants_xml
from sandbox.stand import Stand, page_fault

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

METHODS = ("GET", "POST", "PUT", "DELETE")
API = re.compile(r"/rest/([^/]+)(/async(/bulk)?)?/V1(/|$)")
NO_STORE = "-"  # stands in the path for a store view that was not named
NOT_FOUND = "<!doctype html>\n<html><head><title>404 Not Found</title></head><body>404 Not Found</body></html>\n"
Hook = Callable[[str, str], None]


class RawPaths:
    """Hands the path on as it came over the wire: undecoded, without ``/index.php`` and a slash at the end.

    A path without a store view gets :data:`NO_STORE` in its place, so that each service has one rule.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        raw = str(environ.get("REQUEST_URI") or environ["PATH_INFO"]).partition("?")[0]
        raw = re.sub(r"^https?://[^/]+", "", raw)
        plain = re.sub(r"^/index\.php(?=/)", "", raw).rstrip("/") or "/"
        environ["PATH_INFO"] = re.sub(r"^/rest/(?=(async|V1)(/|$))", f"/rest/{NO_STORE}/", plain)
        return self._app(environ, start_response)


class Web:
    """The shop's REST interface over one database."""

    def __init__(self, stand: Stand, db: Database, routes: Iterable[Route], hook: Hook | None = None) -> None:
        self._stand = stand
        self._db = db
        self.hook = hook
        self._routes = {route.key: route for route in routes}
        self._pages: dict[str, list[Any]] = {}
        stand.app.wsgi_app = RawPaths(stand.app.wsgi_app)  # type: ignore[method-assign]
        stand.app.url_map.merge_slashes = False
        for route in self._routes.values():
            for rule, mode in route.rules():
                endpoint = f"{route.method} {rule}"
                view = partial(self._answer, route, mode)
                stand.app.add_url_rule(
                    rule, endpoint, view, methods=[route.method], provide_automatic_options=False, strict_slashes=False
                )
        stand.app.before_request(self._enter)
        stand.app.register_error_handler(ApiError, self._refuse)
        stand.app.register_error_handler(PlainError, self._refuse_plainly)
        stand.app.register_error_handler(HTTPException, self._refuse_unrouted)

    @property
    def now(self) -> datetime:
        """The shop's present second."""
        return self._stand.clock.now().replace(microsecond=0)

    # --- before the shop

    def _enter(self) -> Response | None:
        """What happens to every call of the API before it is routed."""
        if request.path.startswith("/_sandbox/"):
            return None
        address = str(request.environ.get("REQUEST_URI") or request.path)
        check_request_line(request.method, address)
        if request.path == "/magento_version":
            return Response("Magento/2.4 (Community)", content_type=HTML)
        if not request.path.startswith("/rest/"):
            raise PlainError(404, NOT_FOUND, HTML)
        g.as_xml = False
        g.as_xml = wants_xml(request.headers.get("Accept", ""))
        if request.method not in METHODS:
            raise ApiError(405, f"The {request.method} HTTP method is not supported.")
        if self.hook is not None:
            self.hook(request.method, address)
        self.work_off()
        return None

    def work_off(self, at_once: bool = False) -> int:
        """Let the queue consumer take what is due."""
        return run_consumer(self._db, self.now, self._work, at_once)

    def _work(self, bulk: Bulk, operation: Operation, now: datetime) -> Any:
        """One operation of a bulk."""
        route = self._routes[bulk.route]
        user = User(bulk.user_type, bulk.user_id)
        call = Call(self._db, now, bulk.store_id, user, method=route.method, is_async=True)
        call.path = dict(bulk.path) or route.path_from(operation.given)
        call.given = call.reader.read_all(operation.given, route.takes)
        return route.handler(call)

    # --- the shop

    def _store_id(self, code: str) -> int:
        """The store view of a path; none means the default one (M§5)."""
        if code == NO_STORE:
            return self._db.default_view.id
        if code == "all":
            return ALL
        view = self._db.view(code)
        if view is None:
            raise cannot_process()
        return view.id

    def _answer(self, route: Route, mode: str, store_code: str, **raw: str) -> Response:
        store_id = self._store_id(store_code)
        user = auth.authorize(self._db, self._request(), route.resource, self.now)
        query = php_query(request.query_string.decode("latin-1"))
        call = Call(self._db, self.now, store_id, user, query=query, method=route.method)
        call.path = route.read_path({name: unquote_plus(text) for name, text in raw.items()})
        if mode != "sync":
            return self._accept(call, route, mode)
        self._read_input(call, route)
        answer = self._with_fault(route, route.handler(call))
        if query.get("fields"):
            answer = cut_fields(answer, str(query["fields"]))
        response = self._respond(200, answer)
        if route.path.startswith("/V1/integration/"):
            response.headers["Set-Cookie"] = f"PHPSESSID={user.type}; path=/; HttpOnly; SameSite=Lax"
        return response

    def _request(self) -> auth.Request:
        raw_path, _, query = str(request.environ.get("REQUEST_URI") or request.path).partition("?")
        return auth.Request(
            method=request.method,
            address=f"{request.scheme}://{request.host}",
            path=raw_path,
            query=query,
            authorization=request.headers.get("Authorization", ""),
        )

    def _read_input(self, call: Call, route: Route) -> None:
        if route.asks:
            call.given = call.reader.read_all(call.query, route.asks)
        elif route.method != "GET":
            body = read_body(request.headers.get("Content-Type", ""), request.get_data())
            call.given = call.reader.read_all(body, route.takes)
        if route.check is not None:
            route.check(call)

    def _accept(self, call: Call, route: Route, mode: str) -> Response:
        """Take an asynchronous call: its input is checked at once, and one bad element refuses all (M§10)."""
        body = read_body(request.headers.get("Content-Type", ""), request.get_data())
        several = list(body.values()) if isinstance(body, dict) else body if isinstance(body, list) else []
        bodies = [one if isinstance(one, dict) else {} for one in ([body] if mode == "async" else several)]
        for one in bodies:
            call.given = call.reader.read_all(one, route.takes)
            if mode == "bulk":
                route.path_from(one)
            if route.check is not None:
                route.check(call)
        return self._respond(202, accept(call, route, bodies))

    def _with_fault(self, route: Route, answer: Any) -> Any:
        """A list as a fault wants it: an earlier page again, or one without its end."""
        if not (isinstance(answer, dict) and isinstance(answer.get("items"), list)):
            return answer
        fault, items = page_fault(), answer["items"]
        if fault == "repeat_page":
            return answer | {"items": self._pages.get(route.key, items)}
        self._pages[route.key] = items
        return answer | {"items": items[: len(items) // 2]} if fault == "truncate_page" else answer

    # --- answers

    def _respond(self, status: int, value: Any) -> Response:
        text, kind = render(value, bool(g.get("as_xml")))
        return Response(text, status, {"Content-Type": kind, "Cache-Control": "no-store"})

    def _refuse(self, wrong: ApiError) -> Response:
        return self._respond(wrong.status, wrong.body())

    def _refuse_plainly(self, wrong: PlainError) -> Response:
        return Response(wrong.text, wrong.status, {"Content-Type": wrong.kind})

    def _refuse_unrouted(self, wrong: HTTPException) -> Response:
        """A path that no route has, or a route without this method: 404; an unknown store view: 400 (M§9)."""
        if wrong.code not in (404, 405) or request.path.startswith("/_sandbox/"):
            return Response(str(wrong.description), wrong.code or 500)
        found = API.match(request.path)
        if found is None or (request.method == "GET" and found.group(2)):
            return self._refuse(cannot_process())
        try:
            self._store_id(found.group(1))
        except ApiError as unknown:
            return self._refuse(unknown)
        return self._refuse(no_route())
