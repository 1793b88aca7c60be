"""How the stand-in refuses: the body of facts 75 to 80, texts in Dutch as a Dutch user gets them (E76)."""

from __future__ import annotations

from typing import Any


class RefusedError(Exception):
    """An answer other than success; ``headers`` go along. Caught by the server, see :mod:`.server`."""

    def __init__(self, status: int, text: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.headers = headers or {}


class InvalidError(RefusedError):
    """A validation or business error: HTTP 500, its lines joined by CR LF (E76)."""

    def __init__(self, *lines: str) -> None:
        super().__init__(500, "\r\n".join(lines))


class BadQueryError(RefusedError):
    """A query that cannot be understood or is not allowed: 400 (E80)."""

    def __init__(self, text: str = "Error in query syntax.") -> None:
        super().__init__(400, text)


def error_body(text: str) -> dict[str, Any]:
    """The body of an error (E75)."""
    return {"error": {"code": "", "message": {"lang": "", "value": text}}}


NOT_FOUND = "Resource not found."
DUPLICATE = "Gegeven bestaat reeds."
DUPLICATE_PRICE = "Moet zijn: Uniek - Artikel, Valuta, Eenheid, Aantal, Actief vanaf, Actief tot"
DUPLICATE_ORDER = "Verkoopordernummer: Bestaat reeds"
NO_SELECT = "Please add a $select or a $top=1 statement to the query string."
NOT_AN_OBJECT = "Error processing request stream. The request should be a valid top-level resource object."


def mandatory(*labels: str) -> InvalidError:
    """Fields that are missing, by the words of the screen."""
    return InvalidError(*(f"Verplicht: {label}" for label in labels))


def unknown_reference(label: str) -> InvalidError:
    """A reference to a record that does not exist."""
    return InvalidError(f"Ongeldige referentie: {label}")
