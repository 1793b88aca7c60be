"""A channel of the adapter on a real Odoo, with its mapping: records through both, as the engine handles them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from pydantic import SecretStr

from adapters.odoo import Adapter
from connector.contract import Channel, Opening, Row, RowResult, Write
from connector.mapping.context import Context
from connector.mapping.load import load_mapping
from connector.model.entity import Canonical, Entity, PriceList
from tests.odoo.client import Odoo
from tests.odoo.test_transports import opening

PRODUCTS, PARTNERS, RULES = "product.product", "res.partner", "product.pricelist.item"
PLACES = ("UTR", "AMS")


def tax(odoo: Odoo, name: str = "21% in de prijs", amount: float = 21) -> int:
    """A sales tax that is included in the price, made once: the Dutch chart brings none."""
    found = odoo.ids("account.tax", ["name", "=", name])
    included = {"type_tax_use": "sale", "price_include_override": "tax_included"}
    return found[0] if found else odoo.create("account.tax", name=name, amount=amount, **included)


def a_user(odoo: Odoo, *groups: str) -> dict[str, Any]:
    """An internal user with these groups and no more: what it logs in with, on the older transport."""
    login = f"u-{uuid4().hex[:8]}"
    names = [group.split(".") for group in ("base.group_user", *groups)]
    found = [
        odoo.call(
            "ir.model.data", "search_read", domain=[["module", "=", module], ["name", "=", name]], fields=["res_id"]
        )
        for module, name in names
    ]
    ids = [row["res_id"] for (row,) in found]
    odoo.create("res.users", name=login, login=login, password=login, group_ids=[[6, 0, ids]])
    return {"login": login, "api_key": SecretStr(login), "transport": "jsonrpc"}


class Bench:
    """One open channel."""

    def __init__(self, odoo: Odoo, settings: Mapping[str, Any], lists: Sequence[str], **options: Any) -> None:
        self.odoo = odoo
        mapping = load_mapping("odoo", settings)
        self.lenses = mapping.entities
        names = {entity: lens.native_names for entity, lens in mapping.entities.items()}
        self.opening: Opening = replace(
            opening(odoo, **options), settings=mapping.settings, names=names, locations=PLACES, lists=tuple(lists)
        )
        self.channel: Channel = Adapter.open(self.opening)

    @property
    def context(self) -> Context:
        prices = PriceList("retail", "EUR", "included", 2, {})
        return Context(datetime.now(UTC).date(), "Europe/Amsterdam", list=prices, vat_class="standard")

    def make(self, entity: Entity, values: Canonical, **about: Any) -> RowResult:
        """A new record of these values."""
        written = self.lenses[entity].put(values, {}, self.context, creating=True, part=about.get("part", ""))
        assert {} == written.problems
        return self.sent(entity, Write(uuid4().hex[:16], "create", "", written.fields, **about))

    def change(self, entity: Entity, row: Row, values: Canonical) -> RowResult:
        """A record as it was read, brought to other values."""
        picked = self.lenses[entity].pick(row.native, row.part)
        written = self.lenses[entity].put(values, picked, self.context, creating=False, part=row.part)
        assert {} == written.problems
        write = Write(uuid4().hex[:16], "update", row.external_id, written.fields, picked, row.part, row.parts)
        return self.sent(entity, replace(write, parent_id=row.parent, place=row.place))

    def sent(self, entity: Entity, write: Write) -> RowResult:
        (result,) = self.channel.write(entity, [write])
        return result

    def row(self, entity: Entity, external_id: str) -> Row:
        (row,) = self.channel.read(entity, [external_id])
        return row

    def shows(self, entity: Entity, external_id: str) -> Canonical:
        """What a record means."""
        row = self.row(entity, external_id)
        picked = self.lenses[entity].pick(row.native, row.part)
        return self.lenses[entity].get(picked, self.context, row.part).values


@contextmanager
def bench(odoo: Odoo, lists: Sequence[str] = ("base",), **given: Any) -> Iterator[Bench]:
    """A channel with the taxes of this server; ``settings`` among what is given goes to the mapping."""
    settings = {"taxes": {"standard": tax(odoo), "reduced": tax(odoo, "9% in de prijs", 9)}}
    one = Bench(odoo, settings | given.pop("settings", {}), lists, **given)
    yield one
    one.channel.close()
