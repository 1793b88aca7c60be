"""Short lists, read in one call: what there are dozens of. What there may be thousands of is read by a Feed."""

from __future__ import annotations

from typing import Any

from adapters.odoo.api import Odoo
from adapters.odoo.feeds import Domain
from connector.errors import ContractBroken


def listed(odoo: Odoo, purpose: str, model: str, domain: Domain, *fields: str) -> list[dict[str, Any]]:
    """The rows that the condition names, archived ones among them; many2one fields as bare ids."""
    context = {"active_test": False}
    found = odoo.read(
        model, "search_read", purpose, domain=list(domain), fields=list(fields), load=None, context=context
    ).value
    if not isinstance(found, list):
        raise ContractBroken(f"{model}.search_read answered no list")
    return found
