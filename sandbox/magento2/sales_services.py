"""The services around orders: lists, single documents, and what an ERP does with an order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from sandbox.magento2 import sales
from sandbox.magento2.call import Call
from sandbox.magento2.errors import ApiError, internal_error
from sandbox.magento2.sales_views import (
    address_view,
    credit_memo_view,
    invoice_view,
    item_view,
    order_view,
    saved_order_view,
    shipment_view,
)
from sandbox.magento2.search import Table, listing
from sandbox.magento2.state import CreditMemo, Database, Invoice, Order, OrderItem, Shipment
from sandbox.magento2.values import moment, shown

ORDERS: Table[Order] = Table(
    {
        "entity_id": lambda o: o.id,
        "increment_id": lambda o: o.increment_id,
        "state": lambda o: o.state,
        "status": lambda o: o.status,
        "store_id": lambda o: o.store_id,
        "created_at": lambda o: o.created_at,
        "updated_at": lambda o: o.updated_at,
        "customer_id": lambda o: o.customer_id,
        "customer_email": lambda o: o.email,
        "customer_group_id": lambda o: o.group_id,
        "ext_order_id": lambda o: o.ext_order_id,
        "grand_total": lambda o: o.grand_total,
        "base_grand_total": lambda o: o.grand_total,
    },
    internal_error,
)
ITEMS: Table[tuple[Order, OrderItem]] = Table(
    {
        "item_id": lambda r: r[1].id,
        "order_id": lambda r: r[0].id,
        "parent_item_id": lambda r: r[1].parent,
        "product_id": lambda r: r[1].product_id,
        "product_type": lambda r: r[1].type_id,
        "sku": lambda r: r[1].sku,
        "created_at": lambda r: r[1].created_at,
        "updated_at": lambda r: r[1].updated_at,
    },
    internal_error,
)
Document = Shipment | Invoice | CreditMemo
DOCUMENTS: Table[Document] = Table(
    {
        "entity_id": lambda d: d.id,
        "increment_id": lambda d: f"{d.id:09d}",
        "order_id": lambda d: d.order_id,
        "created_at": lambda d: d.created_at,
        "updated_at": lambda d: d.created_at,
    },
    internal_error,
)
NO_ENTITY = "The entity that was requested doesn't exist. Verify the entity and try again."


def find_order(db: Database, number: Any) -> Order:
    """An order by its entity id, or 404."""
    order = db.orders.get(number)
    if order is None:
        raise ApiError(404, NO_ENTITY)
    return order


def list_orders(call: Call) -> Any:
    criteria = call.criteria()
    rows, total = ORDERS.search(call.db.orders.values(), criteria)
    return listing([order_view(call.db, row) for row in rows], criteria, total)


def get_order(call: Call) -> Any:
    return order_view(call.db, find_order(call.db, call.path["id"]))


def list_items(call: Call) -> Any:
    criteria = call.criteria()
    rows = [(order, item) for order in call.db.orders.values() for item in order.items]
    found, total = ITEMS.search(rows, criteria)
    return listing([item_view(order, item) for order, item in found], criteria, total)


def get_item(call: Call) -> Any:
    for order in call.db.orders.values():
        for item in order.items:
            if item.id == call.path["id"]:
                return item_view(order, item)
    raise ApiError(404, NO_ENTITY)


def _list_documents(
    rows_of: Callable[[Database], Mapping[int, Any]], view: Callable[[Database, Any], dict[str, Any]]
) -> Callable[[Call], Any]:
    def answer(call: Call) -> Any:
        criteria = call.criteria()
        rows, total = DOCUMENTS.search(rows_of(call.db).values(), criteria)
        return listing([view(call.db, row) for row in rows], criteria, total)

    return answer


def _get_document(
    rows_of: Callable[[Database], Mapping[int, Any]], view: Callable[[Database, Any], dict[str, Any]]
) -> Callable[[Call], Any]:
    def answer(call: Call) -> Any:
        row = rows_of(call.db).get(call.path["id"])
        if row is None:
            raise ApiError(404, NO_ENTITY)
        return view(call.db, row)

    return answer


list_shipments = _list_documents(lambda db: db.shipments, shipment_view)
get_shipment = _get_document(lambda db: db.shipments, shipment_view)
list_invoices = _list_documents(lambda db: db.invoices, invoice_view)
get_invoice = _get_document(lambda db: db.invoices, invoice_view)
list_credit_memos = _list_documents(lambda db: db.credit_memos, credit_memo_view)
get_credit_memo = _get_document(lambda db: db.credit_memos, credit_memo_view)


# --- what is done to an order


def post_shipment(call: Call) -> Any:
    """The id of the shipment, as text."""
    order, given = find_order(call.db, call.path["orderId"]), call.given
    extension = (given.get("arguments") or {}).get("extension_attributes") or {}
    shipment = sales.ship(call.db, order, call.now, given.get("items"), extension.get("source_code"))
    for track in given.get("tracks") or []:
        _add_track(call, shipment, dict(track) | {"weight": None, "qty": None, "description": None})
    comment = given.get("comment")
    if comment:
        shipment.comments.append(
            {
                "is_customer_notified": 0,
                "parent_id": shipment.id,
                "comment": comment.get("comment"),
                "is_visible_on_front": comment.get("is_visible_on_front") or 0,
                "created_at": moment(call.now),
                "entity_id": call.db.ids.next("shipment_comment"),
            }
        )
    return str(shipment.id)


def _add_track(call: Call, shipment: Shipment, given: Mapping[str, Any]) -> dict[str, Any]:
    track: dict[str, Any] = {
        "order_id": shipment.order_id,
        "created_at": moment(call.now),
        "entity_id": call.db.ids.next("track"),
        "parent_id": shipment.id,
        "updated_at": moment(call.now),
    }
    for name in ("weight", "qty", "description", "track_number", "title", "carrier_code"):
        value = given.get(name)
        track[name] = shown(value) if isinstance(value, Decimal) else value
    shipment.tracks.append(track | {"description": track["description"] or None})
    return track


def post_track(call: Call) -> Any:
    """A track number afterwards; the order's timestamp stays (M§6)."""
    given = call.given["entity"]
    shipment = call.db.shipments.get(given.get("parent_id"))
    if shipment is None:
        raise ApiError(404, NO_ENTITY)
    return _add_track(call, shipment, given)


def post_invoice(call: Call) -> Any:
    """The id of the invoice, as text."""
    order = find_order(call.db, call.path["orderId"])
    return str(sales.invoice(call.db, order, call.now, call.given.get("items") or None).id)


def post_refund(call: Call) -> Any:
    """The id of the credit memo, as text."""
    order = find_order(call.db, call.path["orderId"])
    given = call.given
    return str(sales.refund(call.db, order, call.now, given.get("items") or None, given.get("arguments")).id)


def post_cancel(call: Call) -> Any:
    """``false`` with 200 when the order cannot be cancelled (M§6)."""
    return sales.cancel(call.db, find_order(call.db, call.path["id"]), call.now)


def post_hold(call: Call) -> Any:
    sales.hold(find_order(call.db, call.path["id"]), call.now)
    return True


def post_unhold(call: Call) -> Any:
    sales.unhold(find_order(call.db, call.path["id"]), call.now)
    return True


def post_comment(call: Call) -> Any:
    order = find_order(call.db, call.path["id"])
    sales.add_comment(call.db, order, call.now, call.given["statusHistory"])
    return True


def list_comments(call: Call) -> Any:
    order = find_order(call.db, call.path["id"])
    one = {"field": "parent_id", "value": str(order.id), "condition_type": "eq"}
    echo = {"filter_groups": [{"filters": [one]}]}
    return {"items": list(order.comments), "search_criteria": echo, "total_count": len(order.comments)}


def post_order(call: Call) -> Any:
    """A part of an order that exists, such as the ERP's number (M§6)."""
    given = call.given["entity"]
    if given.get("entity_id") is None:
        raise ApiError(400, "The order can't be created: a cart is needed.")
    order = find_order(call.db, given["entity_id"])
    if "ext_order_id" in given:
        order.ext_order_id = given["ext_order_id"]
    order.updated_at = call.now
    return saved_order_view(call.db, order)


def put_order_address(call: Call) -> Any:
    """Another address on an order; its timestamp stays (M§3)."""
    order, given = find_order(call.db, call.path["parent_id"]), call.given["entity"]
    kind = given.get("address_type") or "billing"
    address = order.billing if kind == "billing" else order.shipping
    left_out = ("address_type", "parent_id", "email", "entity_id")
    address |= {name: value for name, value in given.items() if name not in left_out and value is not None}
    return address_view(order, kind)
