"""The HTTP side: who may call, how often, what, and how it is answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from flask import Flask, Response, request

from sandbox.exact_online import atom, crm, functions, invoices, items, listing, orders, schema, stock
from sandbox.exact_online.bodies import convert, parse
from sandbox.exact_online.errors import NOT_FOUND, BadQueryError, RefusedError, error_body
from sandbox.exact_online.limits import Limits
from sandbox.exact_online.literals import split_words
from sandbox.exact_online.oauth import REDIRECT, TokenDesk, TokenError
from sandbox.exact_online.rules import Rules
from sandbox.exact_online.schema import Entity
from sandbox.exact_online.store import DIVISION, Row, Store
from sandbox.exact_online.views import View
from sandbox.stand import page_fault, write_json

JSON = "application/json;charset=utf-8"  # E42
METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH"]
RULES: dict[str, Rules] = {**items.RULES, **crm.RULES, **stock.RULES, **orders.RULES, **invoices.RULES}
ACTIONS: dict[str, Callable[[Store, dict[str, Any]], dict[str, Any]]] = {
    "inventory/ProcessStockCount": stock.process_count,
    "salesinvoice/PrintedSalesInvoices": invoices.print_invoice,
}
LICENSED = ("inventory/", "sync/Inventory/")  # E140
MOVED = (
    "<html><head><title>Object moved</title></head><body>\r\n"
    '<h2>Object moved to <a href="/docs/Login.aspx?ReturnUrl={0}">here</a>.</h2>\r\n</body></html>\r\n'
)


class UnauthorisedError(Exception):
    """No valid access token."""


class Server:
    """The routes of one division."""

    def __init__(self, app: Flask, store: Store, desk: TokenDesk, limits: Limits) -> None:
        self._store, self._desk, self._limits = store, desk, limits
        app.add_url_rule("/api/oauth2/auth", view_func=self._authorise, endpoint="auth")
        app.add_url_rule("/api/oauth2/token", view_func=self._token, endpoint="token", methods=["POST"])
        for entity in schema.load().values():
            self._add_routes(app, entity)
        rest = "/api/v1/<division>/<path:rest>"
        app.add_url_rule(rest, view_func=self._unknown, endpoint="unknown", methods=METHODS)

    def _add_routes(self, app: Flask, entity: Entity) -> None:
        """The addresses of one resource: the list, its count, one record, a collection of it."""
        division = "current" if entity.name == "current/Me" else "<division>"
        path = f"/api/v1/{division}/{entity.name.removeprefix('current/')}"
        tails = (
            ("", "list", self._answer_list),
            ("/$count", "count", self._answer_count),
            ("(<key>)", "one", self._answer_one),
            ("(<key>)/<collection>", "children", self._answer_children),
        )
        wanted = {"single": 4, "sync": 2, "bulk": 2}  # the others are called, not listed
        for tail, name, answer in tails[: wanted.get(entity.kind, 1)]:
            view = self._guard(entity, answer)
            app.add_url_rule(path + tail, view_func=view, endpoint=f"{entity.name} {name}", methods=METHODS)

    def _guard(self, entity: Entity, answer: Callable[..., Response]) -> Callable[..., Response]:
        """A handler behind token, block, limits, division and licence; its refusals counted (E38)."""

        def handle(division: str = "current", **parts: str) -> Response:
            self._store.actor = self._store.api_user
            try:
                self._admit(division, entity.name)
                return self._with_limits(answer(self._view(entity), **parts))
            except UnauthorisedError:
                self._limits.note_error(entity.name, 401)
                return _moved()
            except RefusedError as wrong:
                return self._refuse(entity.name, wrong)

        return handle

    def _admit(self, division: str, name: str) -> None:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer" or not self._desk.accepts(token.strip()):
            raise UnauthorisedError
        self._limits.check_block()
        self._limits.enter()
        if division not in ("current", str(DIVISION)):
            raise RefusedError(403, "Forbidden", {"Reason": "NoDivisionAccess"})  # E5, E79
        if name.startswith(LICENSED) and not self._store.settings.on("licence"):
            raise RefusedError(403, "Forbidden")
        _wants_json()

    def _refuse(self, endpoint: str, wrong: RefusedError) -> Response:
        if wrong.status != 429 and not wrong.text.startswith("Forbidden - API error limit"):
            self._limits.note_error(endpoint, wrong.status)
        response = _bare(wrong) if wrong.status in (403, 429) else _error(wrong)
        response.headers.update(wrong.headers)
        return response

    def _with_limits(self, response: Response) -> Response:
        """Both sets of headers on a success (E31); refusals carry none (E33)."""
        response.headers.update(self._limits.headers())
        return response

    def _view(self, entity: Entity) -> View:
        return View(self._store, entity, request.host_url.rstrip("/"))

    def _unknown(self, division: str, rest: str) -> Response:
        """A path that is not a resource: 404, behind the same guard (E7)."""
        try:
            self._admit(division, rest)
        except UnauthorisedError:
            return _moved()
        except RefusedError as wrong:
            return self._refuse(rest, wrong)
        return self._refuse(rest, RefusedError(404, f"Resource not found for the segment '{rest.rpartition('/')[2]}'."))

    def _answer_list(self, view: View) -> Response:
        if request.method == "POST":
            return self._create(view)
        _need(view.entity, "GET")
        args = request.args.to_dict()
        if view.entity.kind == "function":
            return _answer(functions.answer(view.entity, self._store, args))
        if view.entity.kind == "action":
            raise RefusedError(405, "Method not allowed.")
        wanted = listing.read_query(view, args)
        listing.check_mandatory(view, wanted)
        page = listing.take_page(view, wanted, args, page_fault())
        return _answer(listing.show_page(view, wanted, page))

    def _answer_count(self, view: View) -> Response:
        """Plain text (E48)."""
        _need(view.entity, "GET")
        wanted = listing.read_query(view, request.args.to_dict() | {"$select": view.entity.key})
        page = listing.take_page(view, wanted, {}, None)
        return Response(str(page.total), content_type="text/plain;charset=utf-8")

    def _answer_one(self, view: View, key: str) -> Response:
        handlers = {"GET": self._read, "PUT": self._update, "DELETE": self._delete}
        handler = handlers.get(request.method)
        if handler is None:
            raise RefusedError(405, "Method not allowed.")
        _need(view.entity, request.method)
        return handler(view, self._find(view, key))

    def _answer_children(self, view: View, key: str, collection: str) -> Response:
        """What a deferred link points at."""
        _need(view.entity, "GET")
        row = self._find(view, key)
        if collection not in view.entity.properties:
            raise RefusedError(404, f"Resource not found for the segment '{collection}'.")
        child, rows = view.children(row, collection)
        return _answer({"results": [child.show(one) for one in rows]})

    def _find(self, view: View, key: str) -> Row:
        words = split_words(key)
        if view.entity.kind != "single" or len(words) != 1 or words[0].kind != "literal":
            raise BadQueryError
        if words[0].type != view.entity.properties[view.entity.key].type:
            raise BadQueryError
        row = self._store.get(view.table, words[0].value)
        if row is None:
            raise RefusedError(404, NOT_FOUND)
        return row

    def _read(self, view: View, row: Row) -> Response:
        args = request.args.to_dict() | {"$top": "1"}
        return _answer(listing.show_row(view, row, listing.read_query(view, args)))

    def _create(self, view: View) -> Response:
        _need(view.entity, "POST")
        _need_json_body()
        given = parse(request.get_data())
        status = int(self._store.settings.text("post_status"))
        if view.entity.name in ACTIONS:
            return _answer(ACTIONS[view.entity.name](self._store, given), status)
        rules = RULES.get(view.table)
        if rules is None or rules.create is None:
            raise RefusedError(405, "Method not allowed.")
        row = rules.create(self._store, convert(view.entity, given, creating=True))
        full = rules.full_answer or _prefers_representation()
        response = _answer(view.show(row) if full else view.show_skeleton(row), status)
        response.headers["Location"] = view.uri(row)
        return response

    def _update(self, view: View, row: Row) -> Response:
        """Only what was sent changes; 204 (E68)."""
        _need_json_body()
        rules = RULES.get(view.table)
        if rules is None or rules.update is None:
            raise RefusedError(405, "Method not allowed.")
        rules.update(self._store, row, convert(view.entity, parse(request.get_data()), creating=False))
        return _answer(view.show(row)) if _prefers_representation() else Response(status=204)

    def _delete(self, view: View, row: Row) -> Response:
        rules = RULES.get(view.table)
        if rules is None or rules.delete is None:
            raise RefusedError(405, "Method not allowed.")
        rules.delete(self._store, row)
        return Response(status=204)

    def _authorise(self) -> Response:
        """Consent, given at once; a real user would log in first (E9)."""
        try:
            code = self._desk.authorise(request.args)
        except TokenError as wrong:
            return _token_error(wrong)
        state = f"&state={quote(request.args['state'], safe='')}" if "state" in request.args else ""
        return Response(status=302, headers={"Location": f"{REDIRECT}?code={quote(code, safe='')}{state}"})

    def _token(self) -> Response:
        """Form-encoded, without an Authorization header (E11, E12)."""
        if "Authorization" in request.headers:
            return Response("", status=401)
        if request.mimetype != "application/x-www-form-urlencoded":
            return _token_error(TokenError(400, "invalid_request", "The request must be form-encoded."))
        try:
            answer = self._desk.exchange(request.form)
        except TokenError as wrong:
            return _token_error(wrong)
        return Response(write_json(answer), content_type="application/json;charset=UTF-8")


def _need(entity: Entity, method: str) -> None:
    if method not in entity.methods:
        raise RefusedError(405, "Method not allowed.")


def _need_json_body() -> None:
    if request.mimetype != "application/json":
        raise RefusedError(415, "Unsupported media type requested.")


def _prefers_representation() -> bool:
    """``Prefer: return=representation`` (E67)."""
    return "return=representation" in request.headers.get("Prefer", "").replace(" ", "").lower()


def _wants_json() -> bool:
    """Whether the client asks for JSON; ``application/xml`` is not accepted (E41)."""
    accept = request.headers.get("Accept", "").lower()
    if "application/json" in accept:
        return True
    if accept.split(";")[0].strip() == "application/xml":
        raise RefusedError(415, "Unsupported media type requested.")
    return False


def _answer(data: Any, status: int = 200) -> Response:
    """``{"d": ...}``, or Atom."""
    if not _wants_json():
        return Response(atom.write(data), status=status, content_type="application/atom+xml;charset=utf-8")
    return Response(_escape_dates(write_json({"d": data})), status=status, content_type=JSON)


def _escape_dates(text: str) -> str:
    r"""Dates as ``\/Date(...)\/``, which a JSON parser hides (E57)."""
    return text.replace('"/Date(', '"\\/Date(').replace(')/"', ')\\/"')


def _error(wrong: RefusedError) -> Response:
    accept = request.headers.get("Accept", "").lower()
    if "application/json" in accept:
        return Response(write_json(error_body(wrong.text)), status=wrong.status, content_type=JSON)
    return Response(atom.write_error(wrong.text), status=wrong.status, content_type="application/xml;charset=utf-8")


def _bare(wrong: RefusedError) -> Response:
    """A plain text, or nothing (E34, E79)."""
    return Response(wrong.text, status=wrong.status, content_type="text/html;charset=utf-8")


def _moved() -> Response:
    """401 with HTML instead of JSON (E26)."""
    target = quote(request.path, safe="").replace("%2F", "%2f")
    return Response(MOVED.format(target), status=401, content_type="text/html; charset=utf-8")


def _token_error(wrong: TokenError) -> Response:
    body = {"error": wrong.error, "error_description": wrong.text}
    return Response(write_json(body), wrong.status, wrong.headers, content_type="application/json;charset=UTF-8")
