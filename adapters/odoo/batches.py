"""Creating many in one call, which is one transaction: all or nothing (NOTES section 10).

A hundred in one call cost what three cost one by one, and one bad row refuses them all without saying which.
So a refused batch is halved until the bad rows stand alone: few calls for few bad rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.odoo.api import Odoo
from connector.errors import AmbiguousWrite, AuthFailed, ChannelError, ContractBroken, RateLimited, Rejected, Transient

#: The new record's id, or why there is none.
Outcome = int | ChannelError


def create(
    odoo: Odoo, model: str, rows: Sequence[Mapping[str, Any]], purpose: str, context: Mapping[str, Any]
) -> list[Outcome]:
    """What became of each row, in their order. Raises what stops them all only while nothing was made."""
    outcomes: list[Outcome] = []
    halves = [rows] if rows else []
    while halves:
        batch = halves.pop(0)
        try:
            outcomes += _create(odoo, model, batch, purpose, context)
        except (RateLimited, AuthFailed, Transient) as stop:
            if not outcomes:
                raise
            return outcomes + [stop] * (len(rows) - len(outcomes))
        except AmbiguousWrite as lost:
            outcomes += [lost] * len(batch)
        except (Rejected, ContractBroken) as wrong:
            middle = len(batch) // 2
            if middle:
                halves[:0] = [batch[:middle], batch[middle:]]
            else:
                outcomes.append(wrong)
    return outcomes


def _create(
    odoo: Odoo, model: str, batch: Sequence[Mapping[str, Any]], purpose: str, context: Mapping[str, Any]
) -> list[int]:
    ids = odoo.write(model, "create", purpose, vals_list=[dict(row) for row in batch], context=dict(context))
    if not isinstance(ids, list) or len(ids) != len(batch) or not all(type(one) is int for one in ids):
        raise AmbiguousWrite(f"{model}.create answered no id for each row")
    return ids
