"""What the key's user may do, asked of the server rather than tried."""

from __future__ import annotations

from adapters.odoo.api import Odoo
from adapters.odoo.errors import NoSuchMethod


def may(odoo: Odoo, model: str, operation: str, purpose: str) -> bool:
    """Whether records of a model may be read, created or written at all."""
    try:
        told = odoo.read(model, "has_access", purpose, ids=[], operation=operation).value
    except NoSuchMethod:  # before 18
        told = odoo.read(model, "check_access_rights", purpose, operation=operation, raise_exception=False).value
    return told is True
