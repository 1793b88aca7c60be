"""The form of requests and answers: PHP query strings, bodies, JSON and XML, and what the web server says first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import unquote_plus
from xml.sax.saxutils import escape

from sandbox.magento2.errors import ApiError, PlainError
from sandbox.numbers import read_json, write_decimal, write_json

REQUEST_LINE_LIMIT = 8192  # nginx as shipped: one buffer of 8 KB for the request line (M§3)
HTML = "text/html; charset=UTF-8"
JSON = "application/json; charset=utf-8"
XML = "application/xml; charset=utf-8"
NGINX = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n"
    "<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n"
)
ERROR_PAGE = (
    '<!doctype html>\n<html xmlns="http://www.w3.org/1999/xhtml" >\n<head>\n'
    "    <title>There has been an error processing your request</title>\n</head>\n<body></body>\n</html>\n"
)
KEY = re.compile(r"\[([^\]]*)\]")


def check_request_line(method: str, address: str) -> None:
    """What the web server refuses before the shop sees it: a stray percent sign, an address that is too long."""
    if re.search(r"%(?![0-9A-Fa-f]{2})", address.partition("?")[0]):
        raise PlainError(400, NGINX.format("400 Bad Request"), HTML)
    if len(f"{method} {address} HTTP/1.1\r\n") > REQUEST_LINE_LIMIT:
        raise PlainError(414, NGINX.format("414 Request-URI Too Large"), HTML)


def php_query(query: str) -> dict[str, Any]:
    """``a[b][0]=x&c[]=y`` → ``{"a": {"b": {"0": "x"}}, "c": {"0": "y"}}``."""
    parsed: dict[str, Any] = {}
    for pair in query.split("&"):
        name, mark, value = pair.partition("=")
        if name:
            _put(parsed, unquote_plus(name), unquote_plus(value) if mark else "")
    return parsed


def _put(parsed: dict[str, Any], name: str, value: str) -> None:
    head = name.partition("[")[0]
    keys = [head, *KEY.findall(name[len(head) :])]
    place = parsed
    for key in keys[:-1]:
        inner = place.setdefault(key, {})
        if not isinstance(inner, dict):
            inner = place[key] = {}
        place = inner
    place[keys[-1] if keys[-1] or len(keys) == 1 else str(len(place))] = value


def read_body(content_type: str, data: bytes) -> Any:
    """The value of a JSON body; an empty one is an empty object. 400 for another type, or text that is no JSON."""
    if not data:
        return {}
    kind = content_type.split(";")[0].strip().lower()
    if not kind:
        raise ApiError(400, "Content-Type header is empty.")
    if kind != "application/json":
        raise ApiError(400, f"Server cannot understand Content-Type HTTP header media type {kind}")
    try:
        return read_json(data.decode("utf-8"))
    except ValueError:
        raise ApiError(400, "Decoding error.") from None


def wants_xml(accept: str) -> bool:
    """Whether the answer is to be XML; a browser's ``text/html`` is a 500 (M§9)."""
    kinds = [part.split(";")[0].strip().lower() for part in accept.split(",") if part.strip()]
    for kind in kinds or ["*/*"]:
        if kind in ("application/json", "*/*", "application/*"):
            return False
        if kind in ("application/xml", "text/xml"):
            return True
    raise PlainError(500, ERROR_PAGE, HTML)


def render(value: Any, as_xml: bool) -> tuple[str, str]:
    """The body and content type of an answer."""
    if not as_xml:
        return write_json(value), JSON
    return '<?xml version="1.0"?>\n' + "".join(_element("response", value, 0)), XML


def _element(name: str, value: Any, depth: int) -> Iterator[str]:
    indent = "  " * depth
    if not isinstance(value, Mapping | list | tuple):
        yield f"{indent}<{name}>{escape(_text(value))}</{name}>\n"
        return
    rows = list(value.items()) if isinstance(value, Mapping) else [("item", one) for one in value]
    if rows:
        yield f"{indent}<{name}>\n"
        for key, one in rows:
            yield from _element(key, one, depth + 1)
        yield f"{indent}</{name}>\n"
    else:
        yield f"{indent}<{name}/>\n"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else write_decimal(value) if isinstance(value, Decimal) else str(value)
