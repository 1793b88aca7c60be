"""A till at work: what the till's own program sends to the server when a shop sells."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from tests.odoo.client import Odoo

#: The company's setting of when a till's sales move stock.
_MODE = "point_of_sale_update_stock_quantities"


@dataclass(frozen=True)
class Session:
    """An open session of a till: where its orders go, what they may be paid with, and who sells."""

    odoo: Odoo
    id: int
    cash: int
    user: int
    opened_with: int


def open_session(odoo: Odoo, till: str, cash: int = 100) -> Session:
    """Open a session of the till of this name, with so much in its drawer."""
    (config,) = odoo.call("pos.config", "search_read", domain=[["name", "=", till]], fields=["payment_method_ids"])
    (method,) = odoo.ids("pos.payment.method", ["id", "in", config["payment_method_ids"]], ["is_cash_count", "=", True])
    session = odoo.create("pos.session", config_id=config["id"])
    odoo.call("pos.session", "set_opening_control", ids=[session], cashbox_value=cash, notes="")
    return Session(odoo, session, method, odoo.call("res.users", "context_get")["uid"], cash)


def sell(session: Session, product: int, pieces: int, price: float, **order: Any) -> str:
    """Send one paid order without tax, as the till does, with what else is given of it; its uuid."""
    return _send(session, pieces * price, _line(product, pieces, price), **order)


def set_aside(session: Session, product: int, pieces: int, price: float) -> str:
    """Send an order that is not paid yet, as a table's or a parked one; its uuid."""
    return sell(session, product, pieces, price, state="draft", amount_paid=0, payment_ids=[])


def pay(session: Session, uuid: str) -> None:
    """Pay an order that was set aside; its lines stay as they are."""
    (order,) = session.odoo.call(
        "pos.order", "search_read", domain=[["uuid", "=", uuid]], fields=["amount_total", "access_token"]
    )
    _send(session, order["amount_total"], uuid=uuid, access_token=order["access_token"])


def refund(session: Session, uuid: str, pieces: int) -> str:
    """Take so many pieces of an order's one line back, as an order of its own; its uuid."""
    (line,) = session.odoo.call(
        "pos.order.line", "search_read", domain=[["order_id.uuid", "=", uuid]], fields=["product_id", "price_unit"]
    )
    product, price = line["product_id"][0], line["price_unit"]
    return _send(session, -pieces * price, {**_line(product, -pieces, price), "refunded_orderline_id": line["id"]})


def _send(session: Session, total: float, *lines: dict[str, Any], uuid: str = "", **more: Any) -> str:
    uuid = uuid or str(uuid4())
    moment = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
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
        "user_id": session.user,
        "pricelist_id": False,
        "fiscal_position_id": False,
        "last_order_preparation_change": "{}",
        "sequence_number": 1,
        "lines": [[0, 0, line] for line in lines],
        "payment_ids": [[0, 0, {"amount": total, "payment_method_id": session.cash, "name": moment}]],
        **more,
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


@contextmanager
def mode(odoo: Odoo, when: str) -> Iterator[None]:
    """Sessions that are opened meanwhile take stock off ``real``, with each order, or at ``closing``."""
    (company,) = odoo.call("res.company", "search_read", domain=[], fields=[_MODE])
    odoo.call("res.company", "write", ids=[company["id"]], vals={_MODE: when})
    try:
        yield
    finally:
        odoo.call("res.company", "write", ids=[company["id"]], vals={_MODE: company[_MODE]})


@contextmanager
def selling(odoo: Odoo, till: str, when: str = "real") -> Iterator[Session]:
    """A session of this mode, which is closed at the end if it was not before."""
    with mode(odoo, when):
        session = open_session(odoo, till)
    try:
        yield session
    finally:
        (state,) = odoo.call("pos.session", "read", ids=[session.id], fields=["state"])
        if state["state"] != "closed":
            close_session(session, counted=drawer(session))


def drawer(session: Session) -> float:
    """How much there should be in the drawer now."""
    orders = session.odoo.call(
        "pos.order", "search_read", domain=[["session_id", "=", session.id]], fields=["amount_total"]
    )
    return float(session.opened_with + sum(order["amount_total"] for order in orders))


def close_session(session: Session, counted: float) -> Any:
    """Count the drawer and close; what the server says of it."""
    odoo, ids = session.odoo, [session.id]
    odoo.call("pos.session", "post_closing_cash_details", ids=ids, counted_cash=counted)
    odoo.call("pos.session", "update_closing_control_state_session", ids=ids, notes="")
    return odoo.call("pos.session", "close_session_from_ui", ids=ids)
