"""Atom XML, what a client gets that does not ask for JSON (E41): small, but whole."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape, quoteattr

_SPACES = (
    'xmlns="http://www.w3.org/2005/Atom" xmlns:d="http://schemas.microsoft.com/ado/2007/08/dataservices" '
    'xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"'
)
_HEAD = '<?xml version="1.0" encoding="utf-8" standalone="yes"?>'


def write(data: Any) -> str:
    """A list as a feed, a record as an entry; ``data`` is what stands in ``d``."""
    if isinstance(data, dict) and "results" not in data:
        return _HEAD + _entry(data, _SPACES)
    rows = data["results"] if isinstance(data, dict) else data
    following = data.get("__next") if isinstance(data, dict) else None
    link = f'<link rel="next" href={quoteattr(following)} />' if following else ""
    return f"{_HEAD}<feed {_SPACES}>{''.join(_entry(row, '') for row in rows)}{link}</feed>"


def write_error(text: str) -> str:
    """An error in XML."""
    space = 'xmlns="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"'
    return f'{_HEAD}<error {space}><code></code><message xml:lang="">{escape(text)}</message></error>'


def _entry(row: dict[str, Any], spaces: str) -> str:
    about = row.get("__metadata", {})
    values = "".join(_value(name, value) for name, value in row.items() if not isinstance(value, dict))
    content = f'<content type="application/xml"><m:properties>{values}</m:properties></content>'
    return f"<entry {spaces}><id>{escape(about.get('uri', ''))}</id>{content}</entry>".replace("<entry >", "<entry>")


def _value(name: str, value: Any) -> str:
    if value is None:
        return f'<d:{name} m:null="true" />'
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"<d:{name}>{escape(text)}</d:{name}>"
