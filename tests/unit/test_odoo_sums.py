"""Sums by the method of older servers, as an Odoo 17 answered it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from adapters.odoo.api import Odoo, Told
from adapters.odoo.sums import Sums
from connector.errors import ContractBroken

NOW = datetime(2026, 6, 25, 12, 0, tzinfo=UTC)


class Older:
    """A server that has only the older method, with one answer."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[Mapping[str, Any]] = []

    def read(self, model: str, method: str, purpose: str, **arguments: Any) -> Told:
        if method != "read_group":
            raise ContractBroken(f"{model}.{method}: builtins.AttributeError")
        self.asked.append(arguments)
        return Told(self.answer, NOW, NOW)


def test_an_odoo_17_sums_by_its_older_method(contracts: Path) -> None:
    """What was recorded of one is asked for in the same words, and read per product and location."""
    recorded = json.loads((contracts / "odoo/recordings/odoo-17/03-stock.json").read_text())
    (exchange,) = (one for one in recorded["exchanges"] if one["title"] == "read_group")
    *_, given = exchange["request"]["body"]["params"]["args"]
    server = Older(exchange["response"]["body"]["result"])
    sums = Sums(cast(Odoo, server), "stock").of("stock.quant", [], ["product_id", "location_id"], "quantity")
    assert [{"domain": [], "context": {"active_test": False}, **given}] == server.asked
    assert {(7, 8): (Decimal(15),), (7, 18): (Decimal(7),)} == sums
