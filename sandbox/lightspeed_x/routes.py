"""From a table of routes to the Flask application: versions in the path, access, error answers (L§1, L§11)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, cast

from flask import Flask, Response, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter, ValidationError

from sandbox.lightspeed_x.access import Access
from sandbox.lightspeed_x.errors import ApiError, envelope

EDITION = "2026-07"
View = Callable[..., Any]


@dataclass(frozen=True)
class Route:
    """One endpoint: ``view`` returns the JSON body, or the body and a status other than 200."""

    method: str
    path: str
    scope: str
    view: View


class OlderEdition(BaseConverter):
    """A date-named version before 2026-07; 2026-10 and later are not served."""

    regex = r"20\d\d-\d\d"

    def to_python(self, value: str) -> str:
        """The version; not found for 2026-07 (it has a rule of its own) and what comes after."""
        if value >= EDITION:
            raise ValidationError
        return value


def register(app: Flask, access: Access, routes: Iterable[Route]) -> None:
    """Add all routes below the present version; the ones before are answered by the same views."""
    for route in routes:
        options: dict[str, Any] = {"methods": [route.method], "provide_automatic_options": False}
        app.add_url_rule(
            f"/api/{EDITION}{route.path}", f"{route.method} {route.path}", _guard(access, route), **options
        )
    app.url_map.converters["edition"] = OlderEdition
    app.add_url_rule(
        "/api/<edition:edition>/<path:rest>",
        "older edition",
        lambda edition, rest: _answer_older(app, rest),
        methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
    )
    app.add_url_rule("/api/products", "gone", _gone, methods=["GET", "POST"])
    app.register_error_handler(ApiError, _show_api_error)
    app.register_error_handler(HTTPException, _show_http_error)


def _answer_older(app: Flask, rest: str) -> ResponseReturnValue:
    """An ended version is answered by the oldest supported one, without a word (L§1)."""
    paths = app.url_map.bind(request.host)
    endpoint, values = paths.match(f"/api/{EDITION}/{rest}", method=request.method)
    return cast(ResponseReturnValue, app.view_functions[endpoint](**values))


def _guard(access: Access, route: Route) -> View:
    """The view behind access control; a view that returns None answers without a body."""

    def guarded(**values: str) -> ResponseReturnValue:
        access.admit(route.scope)
        answer = route.view(**values)
        body, status = answer if isinstance(answer, tuple) else (answer, 200)
        return ("", status) if body is None else (jsonify(body), status)

    return guarded


def _gone() -> tuple[Response, int]:
    """The old product endpoint of 0.9, removed in June 2024 (L§1)."""
    return jsonify({"error": "Gone"}), 410


def _show_api_error(wrong: ApiError) -> tuple[Response, int, dict[str, str]]:
    return jsonify(wrong.body), wrong.status, wrong.headers


def _show_http_error(wrong: HTTPException) -> tuple[Response, int]:
    status = wrong.code or 500
    return jsonify(envelope(status)), status
