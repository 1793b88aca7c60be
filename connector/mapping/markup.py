"""Converters between HTML and text, and of HTML cut down to an allow-list."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import nh3
from markupsafe import escape
from selectolax.lexbor import LexborHTMLParser

from connector.mapping.context import Context
from connector.mapping.converter import Converter, converter
from connector.mapping.values import clean, text_of

#: What a description may hold; everything else is taken out, scripts with their content.
TAGS: Final = frozenset(
    (
        *("a", "b", "blockquote", "br", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "li", "ol", "p"),
        *("pre", "s", "small", "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr"),
        *("u", "ul"),
    )
)
_ATTRIBUTES: Final = {
    "a": {"href", "title"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
_CLEANER: Final = nh3.Cleaner(tags=set(TAGS), attributes=_ATTRIBUTES, link_rel=None)
_BLOCKS: Final = frozenset(
    (
        *("address", "article", "aside", "blockquote", "dd", "div", "dl", "dt", "footer", "h1", "h2", "h3", "h4"),
        *("h5", "h6", "header", "hr", "li", "main", "ol", "p", "pre", "section", "table", "tr", "ul"),
    )
)
_SILENT: Final = frozenset({"script", "style", "template", "head", "title"})
_BLANKS: Final = re.compile(r"[ \t\n\r\f\u00a0]+")
_AROUND_BREAK: Final = re.compile(r" *([\n\x0b]) *")
_EDGES: Final = re.compile(r"\n{2,}")
_BREAK: Final = "\x0b"  # a line break that was asked for, apart from the edges of blocks


@converter("html")
@dataclass(frozen=True)
class Html(Converter):
    """HTML limited to the allow-list; what is there is kept while it cleans to the same."""

    def get(self, raw: Any, context: Context) -> Any:
        return clean(_allowed(text_of(raw)))

    def put(self, value: Any, before: Any, context: Context) -> Any:
        return clean(text_of(value))


def _allowed(html: str) -> str:
    if "<" not in html and "&" not in html:
        return html
    return _CLEANER.clean(html)


def _marked_up(text: str) -> str:
    return "<br>".join(str(escape(line)) for line in text.split("\n"))


@converter("html_text")
@dataclass(frozen=True)
class HtmlText(Converter):
    """A native HTML text whose canonical value is plain: blocks become lines, entities characters."""

    def get(self, raw: Any, context: Context) -> Any:
        text = text_of(raw)
        if "<" in text or "&" in text:
            return clean(text_in(text))
        return clean(_BLANKS.sub(" ", text))

    def put(self, value: Any, before: Any, context: Context) -> Any:
        return _marked_up(text_of(value))


@converter("text_html")
@dataclass(frozen=True)
class TextHtml(Converter):
    """A native plain text whose canonical value is HTML: markup is taken out before sending."""

    def get(self, raw: Any, context: Context) -> Any:
        text = clean(text_of(raw))
        return None if text is None else _allowed(_marked_up(text))

    def put(self, value: Any, before: Any, context: Context) -> Any:
        return clean(text_in(text_of(value)))


@lru_cache(maxsize=1024)
def text_in(html: str) -> str:
    """What a browser would show, one line per block, blanks collapsed.

    Remembered, because one record is read, written and read again in a row.
    """
    body = LexborHTMLParser(html).body
    if body is None:
        return ""
    pieces: list[str] = []
    _gather(body, pieces)
    lines = _AROUND_BREAK.sub(r"\1", re.sub(r" {2,}", " ", "".join(pieces)))
    return _EDGES.sub("\n", lines).replace(_BREAK, "\n").strip()


def _gather(node: Any, pieces: list[str]) -> None:
    for child in node.iter(include_text=True):
        tag = child.tag
        if tag == "-text":
            pieces.append(_BLANKS.sub(" ", child.text_content or ""))
        elif tag == "br":
            pieces.append(_BREAK)
        elif tag not in _SILENT:
            edge = ["\n"] if tag in _BLOCKS else []
            pieces.extend(edge)
            _gather(child, pieces)
            pieces.extend(edge)
