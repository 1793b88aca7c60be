"""Orders and their documents as the API answers them (M§6): optional keys are absent, flags are 0 or 1."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sandbox.magento2.state import CreditMemo, Database, Invoice, Order, OrderItem, Shipment
from sandbox.magento2.values import moment, money, shown

PAYMENT = "Check / Money order"
SHIPPING = "Flat Rate - Fixed"


def both(values: Mapping[str, Any]) -> dict[str, Any]:
    """Amounts in the order's currency and, under ``base_…``, in the shop's, which is the same here."""
    plain = {name: shown(value) if isinstance(value, Decimal) else value for name, value in values.items()}
    return plain | {f"base_{name}": value for name, value in plain.items()}


# --- items


def item_view(order: Order, item: OrderItem) -> dict[str, Any]:
    """One line; the child of a configurable line repeats its parent inside (M§6)."""
    view = _item_money(item) | _item_facts(order, item)
    if item.parent is not None:
        parent = next(one for one in order.items if one.id == item.parent)
        view |= {"parent_item_id": item.parent, "parent_item": item_view(order, parent)}
    view["extension_attributes"] = {"itemized_taxes": _itemized(order, item)}
    return view


def _item_money(item: OrderItem) -> dict[str, Any]:
    tax_invoiced = money(item.tax_amount * item.invoiced / item.ordered)
    amounts: dict[str, Any] = {
        "amount_refunded": money(item.row_total * item.refunded / item.ordered),
        "discount_amount": 0,
        "discount_invoiced": 0,
        "price": item.price,
        "row_invoiced": money(item.row_total * item.invoiced / item.ordered),
        "row_total": item.row_total,
        "tax_amount": item.tax_amount,
        "tax_invoiced": tax_invoiced,
        "row_total_incl_tax": item.row_total_incl_tax,
    }
    if item.parent is None:
        amounts |= {
            "discount_tax_compensation_amount": 0,
            "original_price": item.price,
            "price_incl_tax": item.price_incl_tax,
        }
        if item.invoiced:
            amounts["discount_tax_compensation_invoiced"] = 0
    if item.refunded:
        amounts["tax_refunded"] = money(item.tax_amount * item.refunded / item.ordered)
    return both(amounts)


def _item_facts(order: Order, item: OrderItem) -> dict[str, Any]:
    weight = item.weight or Decimal(0)
    facts = {
        "created_at": moment(item.created_at),
        "discount_percent": 0,
        "free_shipping": 0,
        "is_qty_decimal": 0,
        "is_virtual": 0,
        "item_id": item.id,
        "name": item.name,
        "no_discount": 0,
        "order_id": order.id,
        "original_price": shown(item.price),
        "product_id": item.product_id,
        "product_type": item.type_id,
        "qty_canceled": shown(item.canceled),
        "qty_invoiced": shown(item.invoiced),
        "qty_ordered": shown(item.ordered),
        "qty_refunded": shown(item.refunded),
        "qty_shipped": shown(item.shipped),
        "quote_item_id": item.id,
        "row_weight": shown(weight * item.ordered),
        "sku": item.sku,
        "store_id": order.store_id,
        "tax_percent": shown(item.tax_percent),
        "updated_at": moment(item.updated_at),
    }
    if item.weight is not None:
        facts["weight"] = shown(item.weight)
    if item.invoiced:
        facts["weee_tax_applied"] = "[]"
    return facts


def _itemized(order: Order, item: OrderItem) -> list[dict[str, Any]]:
    if item.parent is not None or not item.tax_percent:
        return []
    amount = shown(item.tax_amount)
    return [
        {
            "tax_item_id": item.id,
            "tax_id": order.id,
            "item_id": item.id,
            "tax_code": item.tax_code,
            "tax_percent": shown(item.tax_percent),
            "amount": amount,
            "base_amount": amount,
            "real_amount": amount,
            "real_base_amount": amount,
            "taxable_item_type": "product",
        }
    ]


# --- orders


def address_view(order: Order, kind: str) -> dict[str, Any]:
    """The billing or shipping address of an order."""
    address = order.billing if kind == "billing" else order.shipping
    return {"address_type": kind, "email": order.email, "parent_id": order.id} | {
        name: value for name, value in address.items() if value is not None
    }


def _shipping_money(order: Order) -> dict[str, Any]:
    amount = order.shipping_amount
    view = both(
        {
            "shipping_amount": amount,
            "shipping_discount_amount": 0,
            "shipping_incl_tax": amount,
            "shipping_tax_amount": 0,
        }
    )
    return view | {
        "shipping_discount_tax_compensation_amount": 0,
        "base_shipping_discount_tax_compensation_amnt": 0,
    }


def _sums(db: Database, order: Order) -> dict[str, Decimal]:
    """What was invoiced and refunded of an order in all."""
    invoices = [one for one in db.invoices.values() if one.order_id == order.id]
    memos = [one for one in db.credit_memos.values() if one.order_id == order.id]
    items = {item.id: item for item in order.items}
    return {
        "subtotal_invoiced": sum((_net(items, one.items) for one in invoices), Decimal(0)),
        "tax_invoiced": sum((_tax(items, one.items) for one in invoices), Decimal(0)),
        "shipping_invoiced": sum((one.shipping_amount for one in invoices), Decimal(0)),
        "subtotal_refunded": sum((_net(items, one.items) for one in memos), Decimal(0)),
        "tax_refunded": sum((_tax(items, one.items) for one in memos), Decimal(0)),
        "shipping_refunded": sum((one.shipping_amount for one in memos), Decimal(0)),
    }


def _net(items: Mapping[int, OrderItem], rows: list[tuple[int, int, Decimal]]) -> Decimal:
    return sum((money(items[n].row_total * qty / items[n].ordered) for _, n, qty in rows), Decimal(0))


def _tax(items: Mapping[int, OrderItem], rows: list[tuple[int, int, Decimal]]) -> Decimal:
    return sum((money(items[n].tax_amount * qty / items[n].ordered) for _, n, qty in rows), Decimal(0))


def _progress(db: Database, order: Order) -> dict[str, Any]:
    """The members that appear once an order is invoiced or refunded."""
    sums, view = _sums(db, order), dict[str, Any]()
    invoiced = sums["subtotal_invoiced"] + sums["tax_invoiced"] + sums["shipping_invoiced"]
    if invoiced:
        names = ("subtotal_invoiced", "tax_invoiced", "shipping_invoiced")
        zeros = {"discount_invoiced": 0, "discount_tax_compensation_invoiced": 0}
        view |= both(
            {name: sums[name] for name in names} | zeros | {"total_invoiced": invoiced, "total_paid": invoiced}
        )
        view["base_total_invoiced_cost"] = 0
    refunded = sums["subtotal_refunded"] + sums["tax_refunded"] + sums["shipping_refunded"]
    if refunded:
        names = ("subtotal_refunded", "tax_refunded", "shipping_refunded")
        total = {"total_refunded": refunded, "total_offline_refunded": refunded, "discount_refunded": 0}
        view |= both({name: sums[name] for name in names} | total)
    if order.state == "canceled":
        canceled = {"total_canceled": order.grand_total, "subtotal_canceled": order.subtotal}
        view |= both(canceled | {"tax_canceled": order.tax_amount, "shipping_canceled": order.shipping_amount})
    return view


def order_view(db: Database, order: Order) -> dict[str, Any]:
    """A whole order."""
    items = [item_view(order, item) for item in order.items]
    return {
        **_order_money(db, order),
        **_order_facts(db, order),
        "items": items,
        "billing_address": address_view(order, "billing"),
        "payment": payment_view(db, order),
        "status_histories": list(reversed(order.comments)),
        "extension_attributes": _order_extension(db, order, items),
    }


def _order_money(db: Database, order: Order) -> dict[str, Any]:
    paid = _progress(db, order)
    amounts = {
        "discount_amount": 0,
        "grand_total": order.grand_total,
        "discount_tax_compensation_amount": 0,
        "subtotal": order.subtotal,
        "subtotal_incl_tax": order.subtotal + order.tax_amount,
        "tax_amount": order.tax_amount,
        "total_due": order.grand_total - (paid.get("total_paid") or Decimal(0)),
    }
    rates = {"base_to_global_rate": 1, "base_to_order_rate": 1, "store_to_base_rate": 0, "store_to_order_rate": 0}
    return both(amounts) | _shipping_money(order) | rates | paid


def _order_facts(db: Database, order: Order) -> dict[str, Any]:
    view = db.views[order.store_id]
    website, group = db.websites[view.website_id], db.groups[view.store_group_id]
    facts = {
        "base_currency_code": "EUR",
        "billing_address_id": order.billing["entity_id"],
        "created_at": moment(order.created_at),
        "customer_email": order.email,
        "customer_firstname": order.firstname,
        "customer_group_id": order.group_id,
        "customer_is_guest": int(order.customer_id is None),
        "customer_lastname": order.lastname,
        "customer_note_notify": 1,
        "entity_id": order.id,
        "global_currency_code": "EUR",
        "increment_id": order.increment_id,
        "is_virtual": 0,
        "order_currency_code": "EUR",
        "protect_code": order.protect_code,
        "quote_id": order.id,
        "remote_ip": "203.0.113.7",
        "shipping_description": SHIPPING,
        "state": order.state,
        "status": order.status,
        "store_currency_code": "EUR",
        "store_id": order.store_id,
        "store_name": f"{website.name}\n{group.name}\n{view.name}",
        "total_item_count": len(order.lines),
        "total_qty_ordered": shown(sum((item.ordered for item in order.lines), Decimal(0))),
        "updated_at": moment(order.updated_at),
        "weight": shown(sum(((i.weight or Decimal(0)) * i.ordered for i in order.items), Decimal(0))),
    }
    optional = {"customer_id": order.customer_id, "ext_order_id": order.ext_order_id}
    if order.held is not None:
        optional |= {"hold_before_state": order.held[0], "hold_before_status": order.held[1]}
    return facts | {name: value for name, value in optional.items() if value is not None}


def payment_view(db: Database, order: Order) -> dict[str, Any]:
    paid = _progress(db, order).get("total_paid")
    amounts: dict[str, Any] = {"amount_ordered": order.grand_total, "shipping_amount": order.shipping_amount}
    if paid is not None:
        amounts |= {"amount_paid": paid, "shipping_captured": order.shipping_amount}
    return both(amounts) | {
        "account_status": None,
        "additional_information": [PAYMENT],
        "cc_last4": None,
        "entity_id": order.id,
        "method": "checkmo",
        "parent_id": order.id,
    }


def _applied(code: str, percent: Decimal, amount: Decimal) -> dict[str, Any]:
    return {
        "code": code,
        "title": code,
        "percent": shown(percent),
        "amount": shown(amount),
        "base_amount": shown(amount),
    }


def _order_extension(db: Database, order: Order, items: list[dict[str, Any]]) -> dict[str, Any]:
    by_rate: dict[tuple[str, Decimal], Decimal] = {}
    for item in order.lines:
        if item.tax_percent:
            rate = (item.tax_code, item.tax_percent)
            by_rate[rate] = by_rate.get(rate, Decimal(0)) + item.tax_amount
    applied = [_applied(code, percent, amount) for (code, percent), amount in by_rate.items()]
    total = _shipping_money(order)
    shipping = {"address": address_view(order, "shipping"), "method": "flatrate_flatrate", "total": total}
    return {
        "shipping_assignments": [{"shipping": shipping, "items": items}],
        "payment_additional_info": [{"key": "method_title", "value": PAYMENT}],
        "applied_taxes": applied,
        "item_applied_taxes": [
            {
                "type": "product",
                "item_id": item.id,
                "applied_taxes": [_applied(item.tax_code, item.tax_percent, item.tax_amount)],
            }
            for item in order.lines
            if item.tax_percent
        ],
        "converting_from_quote": False,
        "taxes": [_order_tax(order, one) for one in applied],
        "additional_itemized_taxes": [],
    }


def _order_tax(order: Order, applied: Mapping[str, Any]) -> dict[str, Any]:
    more = {"base_real_amount": applied["amount"], "priority": 0, "position": 0, "process": 0}
    return {"tax_id": order.id, "order_id": order.id} | dict(applied) | more


def saved_order_view(db: Database, order: Order) -> dict[str, Any]:
    """What POST orders answers: nulls for what was not sent, although nothing is lost (M§6)."""
    full = order_view(db, order)
    names = ("billing_address_id", "created_at", "entity_id", "updated_at", "items", "billing_address", "payment")
    nulls = {"base_grand_total": None, "customer_email": None, "grand_total": None}
    view = nulls | {"base_total_due": 0, "total_due": 0, "status_histories": full["status_histories"]}
    view |= {name: full[name] for name in names}
    view["items"] = [{k: v for k, v in item.items() if k != "extension_attributes"} for item in full["items"]]
    return view | ({"ext_order_id": order.ext_order_id} if order.ext_order_id is not None else {})


# --- documents


def shipment_view(db: Database, shipment: Shipment) -> dict[str, Any]:
    """A shipment; names its source (M§1)."""
    order = db.orders[shipment.order_id]
    items = {item.id: item for item in order.items}
    view: dict[str, Any] = {
        "billing_address_id": order.billing["entity_id"],
        "created_at": moment(shipment.created_at),
        "entity_id": shipment.id,
        "increment_id": f"{shipment.id:09d}",
        "order_id": order.id,
        "packages": [],
        "shipping_address_id": order.shipping["entity_id"],
        "store_id": order.store_id,
        "total_qty": shown(sum((row[2] for row in shipment.items), Decimal(0))),
        "updated_at": moment(shipment.created_at),
        "items": [_shipment_item(shipment, items[row[1]], row) for row in shipment.items],
        "tracks": list(shipment.tracks),
        "comments": list(shipment.comments),
        "extension_attributes": {"source_code": shipment.source_code},
    }
    return view | ({"customer_id": order.customer_id} if order.customer_id is not None else {})


def _shipment_item(shipment: Shipment, item: OrderItem, row: tuple[int, int, Decimal]) -> dict[str, Any]:
    view: dict[str, Any] = {
        "entity_id": row[0],
        "name": item.name,
        "parent_id": shipment.id,
        "price": shown(item.price),
        "product_id": item.product_id,
        "sku": item.sku,
        "order_item_id": item.id,
        "qty": shown(row[2]),
    }
    return view | ({"weight": shown(item.weight)} if item.weight is not None else {})


def _document_facts(order: Order, document: Invoice | CreditMemo) -> dict[str, Any]:
    return {
        "base_currency_code": "EUR",
        "base_to_global_rate": 1,
        "base_to_order_rate": 1,
        "billing_address_id": order.billing["entity_id"],
        "created_at": moment(document.created_at),
        "entity_id": document.id,
        "global_currency_code": "EUR",
        "increment_id": f"{document.id:09d}",
        "order_currency_code": "EUR",
        "order_id": order.id,
        "shipping_address_id": order.shipping["entity_id"],
        "state": 2,
        "store_currency_code": "EUR",
        "store_id": order.store_id,
        "store_to_base_rate": 0,
        "store_to_order_rate": 0,
        "updated_at": moment(document.created_at),
        "comments": [],
    }


def _document_money(order: Order, document: Invoice | CreditMemo) -> dict[str, Any]:
    items = {item.id: item for item in order.items}
    net, tax = _net(items, document.items), _tax(items, document.items)
    adjustment = document.positive - document.negative if isinstance(document, CreditMemo) else Decimal(0)
    return both(
        {
            "discount_amount": 0,
            "grand_total": net + tax + document.shipping_amount + adjustment,
            "discount_tax_compensation_amount": 0,
            "shipping_amount": document.shipping_amount,
            "shipping_incl_tax": document.shipping_amount,
            "shipping_tax_amount": 0,
            "subtotal": net,
            "subtotal_incl_tax": net + tax,
            "tax_amount": tax,
        }
    )


def _document_item(document: Invoice | CreditMemo, item: OrderItem, row: tuple[int, int, Decimal]) -> dict[str, Any]:
    net, tax = money(item.row_total * row[2] / item.ordered), money(item.tax_amount * row[2] / item.ordered)
    amounts = {
        "discount_tax_compensation_amount": 0,
        "price": item.price,
        "price_incl_tax": item.price_incl_tax,
        "row_total": net,
        "row_total_incl_tax": net + tax,
        "tax_amount": tax,
    }
    return both(amounts) | {
        "entity_id": row[0],
        "name": item.name,
        "parent_id": document.id,
        "product_id": item.product_id,
        "sku": item.sku,
        "order_item_id": item.id,
        "qty": shown(row[2]),
    }


def invoice_view(db: Database, document: Invoice) -> dict[str, Any]:
    order = db.orders[document.order_id]
    items = {item.id: item for item in order.items}
    return {
        **_document_facts(order, document),
        **_document_money(order, document),
        "shipping_discount_tax_compensation_amount": 0,
        "base_shipping_discount_tax_compensation_amnt": 0,
        "can_void_flag": 0,
        "total_qty": shown(sum((row[2] for row in document.items), Decimal(0))),
        "items": [_document_item(document, items[row[1]], row) for row in document.items],
    }


def credit_memo_view(db: Database, memo: CreditMemo) -> dict[str, Any]:
    order = db.orders[memo.order_id]
    items = {item.id: item for item in order.items}
    adjustments = {
        "adjustment": memo.positive - memo.negative,
        "adjustment_negative": memo.negative,
        "adjustment_positive": memo.positive,
    }
    weee = {
        "base_cost": None,
        "base_weee_tax_row_disposition": 0,
        "weee_tax_applied": "[]",
        "weee_tax_applied_row_amount": 0,
        "weee_tax_row_disposition": 0,
    }
    return {
        **_document_facts(order, memo),
        **_document_money(order, memo),
        **both(adjustments),
        "items": [_document_item(memo, items[row[1]], row) | weee for row in memo.items],
    }
