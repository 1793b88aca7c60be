"""The error answers of the contract (L§11): envelopes, statuses, and who raises them."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

MESSAGES = {
    401: "The access token is invalid or has expired",
    404: "Not found",
    429: "Rate limiting enforced",
}


class ApiError(Exception):
    """A call that is refused; carried to the error handler of the application."""

    def __init__(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{status} {body}")
        self.status = status
        self.body = body
        self.headers = headers or {}


def envelope(status: int, message: str | None = None) -> dict[str, Any]:
    """``{"error": title, "message": detail}`` (contract errors.envelope)."""
    title = HTTPStatus(status).phrase
    return {"error": title, "message": message or MESSAGES.get(status, title)}


def bad_request(message: str) -> ApiError:
    """400: the request cannot be understood."""
    return ApiError(400, envelope(400, message))


def not_found() -> ApiError:
    """404: unknown id, or deleted on update."""
    return ApiError(404, envelope(404))


def conflict(message: str) -> ApiError:
    """409: it exists already."""
    return ApiError(409, envelope(409, message))


def invalid(fields: dict[str, str], **more: Any) -> ApiError:
    """422 with ``fields`` (L§5, third-party client)."""
    return ApiError(422, {"error": "Validation failed", "fields": fields} | more)


def refused(*details: str) -> ApiError:
    """422 with ``details`` (contract errors.envelope)."""
    return ApiError(422, {"error": HTTPStatus(422).phrase, "details": list(details)})
