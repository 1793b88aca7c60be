"""A till at work: what the till's own program sends to the server when a shop sells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from tests.odoo.client import Odoo


@dataclass(frozen=True)
class Session:
    """An open session of a till: where its orders go, and what they may be paid with."""

    odoo: Odoo
    id: int
    cash: int


def open_session(odoo: Odoo, till: str, cash: int = 100) -> Session:
    """Open a session of the till of this name, with so much in its drawer."""
    (config,) = odoo.call("pos.config", "search_read", domain=[["name", "=", till]], fields=["payment_method_ids"])
    (method,) = odoo.ids("pos.payment.method", ["id", "in", config["payment_method_ids"]], ["is_cash_count", "=", True])
    session = odoo.create("pos.session", config_id=config["id"])
    odoo.call("pos.session", "set_opening_control", ids=[session], cashbox_value=cash, notes="")
    return Session(odoo, session, method)


def sell(session: Session, product: int, pieces: int, price: float) -> str:
    """Send one paid order without tax, as the till does; its uuid."""
    uuid = str(uuid4())
    moment = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
    total = pieces * price
    order = {
        "uuid": uuid,
        "name": "Order",
        "session_id": session.id,
        "state": "paid",
        "date_order": moment,
        "amount_total": total,
        "amount_tax": 0,
        "amount_paid": total,
        "amount_return": 0,
        "partner_id": False,
        "to_invoice": False,
        "user_id": session.odoo.call("res.users", "context_get")["uid"],
        "pricelist_id": False,
        "fiscal_position_id": False,
        "last_order_preparation_change": "{}",
        "sequence_number": 1,
        "lines": [[0, 0, _line(product, pieces, price)]],
        "payment_ids": [[0, 0, {"amount": total, "payment_method_id": session.cash, "name": moment}]],
    }
    session.odoo.call("pos.order", "sync_from_ui", orders=[order])
    return uuid


def _line(product: int, pieces: int, price: float) -> dict[str, Any]:
    return {
        "product_id": product,
        "qty": pieces,
        "price_unit": price,
        "discount": 0,
        "price_subtotal": pieces * price,
        "price_subtotal_incl": pieces * price,
        "tax_ids": [[6, 0, []]],
        "uuid": str(uuid4()),
    }


def close_session(session: Session, counted: float) -> Any:
    """Count the drawer and close; what the server says of it."""
    odoo, ids = session.odoo, [session.id]
    odoo.call("pos.session", "post_closing_cash_details", ids=ids, counted_cash=counted)
    odoo.call("pos.session", "update_closing_control_state_session", ids=ids, notes="")
    return odoo.call("pos.session", "close_session_from_ui", ids=ids)
