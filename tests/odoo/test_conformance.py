"""The conformance suite on a real Odoo 19, whose clock the suite moves instead of waiting."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, cast

import pytest
import requests
import urllib3
from pydantic import SecretStr

from adapters import odoo as adapter_of_odoo
from connector.contract import AdapterType
from connector.mapping.lens import EntityMapping
from connector.mapping.load import load_mapping
from connector.model.entity import Entity, Native
from connector.testing.conformance import Conformance
from connector.testing.remote import Fault, Purse, Remote
from connector.transport.session import Session
from tests.contract.test_conformance import opening
from tests.odoo.client import Odoo
from tests.odoo.conftest import new_instance
from tests.odoo.server import instance

PRODUCT, CUSTOMER, PRICE, STOCK = Entity.PRODUCT, Entity.CUSTOMER, Entity.PRICE, Entity.STOCK
PRODUCTS, PARTNERS = "product.product", "res.partner"
_LISTED = {PRODUCT: PRODUCTS, CUSTOMER: PARTNERS, PRICE: PRODUCTS, STOCK: PRODUCTS}
_WRITES = {
    PRODUCT: f"{PRODUCTS}/(load|write|web_save_multi)",
    CUSTOMER: f"{PARTNERS}/(load|write|web_save_multi)",
    PRICE: f"{PRODUCTS}/(write|web_save_multi)",
    STOCK: "stock.inventory.adjustment.name/action_apply",
}


@dataclass
class Wire:
    """What lies between the adapter and the server: it counts, and breaks what it is told to."""

    calls: int = 0
    faults: list[tuple[str, Fault]] = field(default_factory=list)

    def carry(self, send: Any, request: requests.PreparedRequest, **how: Any) -> requests.Response:
        self.calls += 1
        path = str(request.url)
        fault = next((kind for pattern, kind in self.faults if re.search(f"/json/2/{pattern}$", path)), None)
        if fault is None:
            return cast(requests.Response, send(request, **how))
        if fault in ("unanswered", "lost"):
            self.faults.clear()
            if fault == "unanswered":
                send(request, **how).close()
            raise requests.ConnectionError("reset")
        answers: dict[Fault, tuple[int, bytes, dict[str, str]]] = {
            "limited": (429, b"", {"Retry-After": "600"}),
            "garbled": (200, b"<html>maintenance</html>", {}),
            "locked": (401, json.dumps({"name": "werkzeug.exceptions.Unauthorized"}).encode(), {}),
            "down": (503, b"", {}),
        }
        return answer(*answers[fault])


def answer(status: int, body: bytes, headers: Mapping[str, str]) -> requests.Response:
    """An answer that no server gave."""
    made = requests.Response()
    made.status_code = status
    made.headers.update(headers)
    made.raw = urllib3.HTTPResponse(io.BytesIO(body), preload_content=False)
    return made


class TillRemote:
    """A real Odoo and its user."""

    adapter = cast(AdapterType, adapter_of_odoo.Adapter)

    def __init__(self, odoo: Odoo, wire: Wire) -> None:
        self._odoo = odoo
        self._wire = wire
        self._ahead = 0.0
        tax = odoo.create(
            "account.tax", name="21% incl", amount=21, type_tax_use="sale", price_include_override="tax_included"
        )
        self._furnish()
        self.secrets: Sequence[str] = (odoo.api_key,)
        self.purse = Purse()
        mapping = load_mapping("odoo", {"taxes": {"standard": tax}})
        self.lenses: Mapping[Entity, EntityMapping] = mapping.entities
        options = adapter_of_odoo.Options(base_url=odoo.url, database=odoo.database, api_key=SecretStr(odoo.api_key))
        places = {"locations": ("UTR",), "lists": ("base", "Dealers")}
        self.opening = opening(mapping, options, self.purse, self.now, self.wait, **places)

    def _furnish(self) -> None:
        """A dealers' list with one rule, and a customer with every kind of child."""
        where = {"street": "Kade 12", "street2": "achter", "zip": "3511 AB", "city": "Utrecht", "country_id": 165}
        children = [[0, 0, {"type": kind, "name": "Balie", **where}] for kind in ("invoice", "delivery", "other")]
        self._odoo.create(PARTNERS, name="Bakkerij", is_company=True, child_ids=children)
        product = self._odoo.create(PRODUCTS, name="Deeg", default_code="CONF-DEEG")
        rules = [{"applied_on": "0_product_variant", "product_id": product, "compute_price": "fixed", "fixed_price": 9}]
        self._odoo.create("product.pricelist", name="Dealers", item_ids=[[0, 0, rule] for rule in rules])

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._ahead)

    def wait(self, seconds: float) -> None:
        self._ahead += seconds
        instance.clock(self._odoo.name).write_text(str(self._ahead), encoding="utf-8")

    def _product(self, sku: str) -> int:
        (found,) = self._odoo.ids(PRODUCTS, ["default_code", "=", sku])
        return found

    def _customer(self, email: str) -> int:
        (found,) = self._odoo.ids(PARTNERS, ["email", "=", email])
        return found

    def edit(self, entity: Entity, key: str) -> None:
        if entity is CUSTOMER:
            self._odoo.call(PARTNERS, "write", ids=[self._customer(key)], vals={"phone": "030 765 00 00"})
        elif entity is STOCK:
            self._count(self._product(key))
        else:
            changes = {PRODUCT: {"name": f"Van een ander, {key}"}, PRICE: {"list_price": 3.33}}
            self._odoo.call(PRODUCTS, "write", ids=[self._product(key)], vals=changes[entity])

    def _count(self, product: int) -> None:
        """Two pieces fewer in the first warehouse."""
        (warehouse,) = self._odoo.call(
            "stock.warehouse", "search_read", domain=[["code", "=", "UTR"]], fields=["lot_stock_id"]
        )
        place = warehouse["lot_stock_id"][0]
        there = [["product_id", "=", product], ["location_id", "=", place]]
        rows = self._odoo.call("stock.quant", "search_read", domain=there, fields=["quantity"])
        counted = sum(row["quantity"] for row in rows) - 2
        self._odoo.call(
            "stock.quant",
            "create",
            vals_list=[{"product_id": product, "location_id": place, "inventory_quantity_auto_apply": counted}],
            context={"inventory_mode": True},
        )

    @contextmanager
    def late_edit(self, entity: Entity, key: str) -> Iterator[None]:
        """It bears the time at which it began."""
        began = self._ahead
        yield
        lasted = self._ahead - began
        self.wait(-lasted)
        self.edit(entity, key)
        self.wait(lasted)

    def delete(self, entity: Entity, key: str) -> bool:
        """What has moved in the warehouse stays."""
        model, id_ = (PARTNERS, self._customer(key)) if entity is CUSTOMER else (PRODUCTS, self._product(key))
        if entity is STOCK:
            return False
        self._odoo.call(model, "unlink", ids=[id_])
        return True

    def refused(self, entity: Entity) -> Native | None:
        refusals: dict[Entity, Native] = {PRODUCT: {"name": None}, CUSTOMER: {"name": None}}
        return refusals.get(entity)

    def fault(self, kind: Fault, entity: Entity) -> None:
        pattern = _WRITES[entity] if kind in ("unanswered", "lost") else f"{_LISTED[entity]}/(search|read)"
        self._wire.faults.append((pattern, kind))

    def heal(self) -> None:
        self._wire.faults.clear()

    def calls(self) -> int:
        return self._wire.calls


class TestOdoo(Conformance):
    twins: ClassVar[frozenset[Entity]] = frozenset({PRODUCT, CUSTOMER})

    @pytest.fixture(scope="class")
    @classmethod
    def remote(cls) -> Iterator[Remote]:
        """A till of its own, since its clock moves."""
        with pytest.MonkeyPatch.context() as patch:
            wire, send = Wire(), Session.send
            patch.setattr(
                Session,
                "send",
                lambda session, request, **how: wire.carry(
                    lambda one, **more: send(session, one, **more), request, **how
                ),
            )
            for odoo in new_instance("moving", "--moving-clock"):
                yield TillRemote(odoo, wire)
