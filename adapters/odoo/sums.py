"""Sums that the server makes: per product, per product and location.

The method for it has another name and another answer from one version to the next (NOTES section 5). Which one
is there is found by trying, once. The older one is still answered by servers that have the newer.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from adapters.odoo.api import Odoo
from adapters.odoo.feeds import Domain
from connector.errors import ContractBroken

#: Decimals that are kept of a quantity: the server adds up floats, and 0.1 + 0.2 is not 0.3 there.
_DECIMALS: Final = 6

#: The ids that a sum is of, in the order of the fields it was grouped by.
Group = tuple[int, ...]


class Sums:
    """Sums over the rows of a model."""

    def __init__(self, odoo: Odoo, purpose: str) -> None:
        self._odoo = odoo
        self._purpose = purpose
        self._ask = self._newer

    def of(self, model: str, domain: Domain, by: Sequence[str], *names: str) -> dict[Group, tuple[Decimal, ...]]:
        """The sums of the named fields, by what these many2one fields hold; groups without rows are left out."""
        try:
            rows = self._ask(model, domain, by, names)
        except ContractBroken:
            if self._ask == self._older:
                raise
            self._ask = self._older
            rows = self._ask(model, domain, by, names)
        return dict(rows)

    def ids(self, model: str, domain: Domain, field: str) -> set[int]:
        """What the rows hold in a many2one field, each once."""
        return {id_ for (id_,) in self.of(model, domain, [field])}

    def _newer(
        self, model: str, domain: Domain, by: Sequence[str], names: Sequence[str]
    ) -> list[tuple[Group, tuple[Decimal, ...]]]:
        aggregates = [f"{name}:sum" for name in names] or ["__count"]
        rows = self._told(model, "formatted_read_group", domain=domain, groupby=by, aggregates=aggregates)
        return [(_group(row, by), tuple(pieces(row[f"{name}:sum"]) for name in names)) for row in rows]

    def _older(
        self, model: str, domain: Domain, by: Sequence[str], names: Sequence[str]
    ) -> list[tuple[Group, tuple[Decimal, ...]]]:
        fields = [f"{name}:sum" for name in names]
        rows = self._told(model, "read_group", domain=domain, fields=fields, groupby=by, lazy=False)
        return [(_group(row, by), tuple(pieces(row[name]) for name in names)) for row in rows]

    def _told(self, model: str, method: str, **arguments: Any) -> list[dict[str, Any]]:
        named = {name: list(one) if isinstance(one, Sequence) else one for name, one in arguments.items()}
        rows = self._odoo.read(model, method, self._purpose, context={"active_test": False}, **named).value
        if not isinstance(rows, list):
            raise ContractBroken(f"{model}.{method} answered no list")
        return rows


def pieces(value: Any) -> Decimal:
    """A quantity of the server; nothing is 0."""
    return round(Decimal(str(value or 0)), _DECIMALS)


def _group(row: dict[str, Any], by: Sequence[str]) -> Group:
    """Many2one values come as ``[id, name]``."""
    return tuple(row[name][0] if row[name] else 0 for name in by)
