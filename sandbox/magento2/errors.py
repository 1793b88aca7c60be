"""How the shop says no: status, message with placeholders, parameters, errors."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

Parameters = Mapping[str, Any] | Sequence[Any]

RUN_ERROR = "An error has happened during application run. See exception log for details.\n"


class ApiError(Exception):
    """An answer in the shop's JSON error shape (M§9); ``message`` keeps its placeholders."""

    def __init__(
        self,
        status: int,
        message: str,
        parameters: Parameters | None = None,
        errors: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.parameters = parameters
        self.errors = errors

    def body(self) -> dict[str, Any]:
        """The JSON body; only ``message`` is always there."""
        body: dict[str, Any] = {"message": self.message}
        if self.errors:
            body["errors"] = list(self.errors)
        if self.parameters:
            body["parameters"] = self.parameters
        return body

    def text(self) -> str:
        """The message with its placeholders filled in, as a worked-off bulk operation tells it."""
        return fill(self.message, self.parameters or {})


class PlainError(Exception):
    """An answer that is no JSON: plain text or a page of HTML."""

    def __init__(self, status: int, text: str = RUN_ERROR, kind: str = "text/plain;charset=UTF-8") -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.kind = kind


def fill(message: str, parameters: Parameters) -> str:
    """``message`` with ``%1`` or ``%name`` replaced."""
    named = parameters if isinstance(parameters, Mapping) else {str(n): v for n, v in enumerate(parameters, 1)}
    for name in sorted(named, key=len, reverse=True):
        message = message.replace(f"%{name}", "" if named[name] is None else str(named[name]))
    return message


def required(*names: str) -> ApiError:
    """400: fields are missing."""
    text = '"%fieldName" is required. Enter and try again.'
    if len(names) == 1:
        return ApiError(400, text, {"fieldName": names[0]})
    several = [{"message": text, "parameters": {"fieldName": name}} for name in names]
    return ApiError(400, "One or more input exceptions have occurred.", errors=several)


def no_such_entity(field: str, value: Any) -> ApiError:
    """404: the usual answer for an id that does not exist."""
    return ApiError(404, "No such entity with %fieldName = %fieldValue", {"fieldName": field, "fieldValue": value})


def no_such_product() -> ApiError:
    """404 for a SKU."""
    return ApiError(404, "The product that was requested doesn't exist. Verify the product and try again.")


def no_route() -> ApiError:
    """404 for a path, or a known path with the wrong method."""
    return ApiError(404, "Request does not match any route.")


def cannot_process() -> ApiError:
    """400 for an unknown store view in the path, or a GET in an async path."""
    return ApiError(400, "Specified request cannot be processed.")


def unauthorized(resource: str) -> ApiError:
    """401 for everything: no token, expired, or a permission that is missing (M§8)."""
    return ApiError(401, "The consumer isn't authorized to access %resources.", {"resources": resource})


def internal_error(name: str | None) -> ApiError:
    """500: an unexpected fault, such as a filter on a column that does not exist; only its place in the log is told."""
    report = hashlib.sha256(str(name).encode()).hexdigest()[:13]
    return ApiError(500, f"Internal Error. Details are available in Magento log file. Report ID: webapi-{report}")
