"""The life of an order and what each step does to source quantities and reservations (M§1, M§6).

======================  ===========================  ==================================
step                    source quantity              reservation of the stock
======================  ===========================  ==================================
placed, n pieces        –                            −n
invoiced                –                            –
shipped, n from s       s −n                         +n
cancelled, n open       –                            +n
refunded, n not shipped with return: –               +n
…                       without return: −n           +n
refunded, n shipped     with return: source +n       –
…                       without return: –            –
======================  ===========================  ==================================

A refund takes the pieces that were not shipped first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sandbox.magento2.errors import ApiError
from sandbox.magento2.inventory import salable_quantity, sources_of, stocked_quantity
from sandbox.magento2.legacy_stock import manages_stock, mirror_from_source
from sandbox.magento2.product_values import value_in
from sandbox.magento2.products import find_product
from sandbox.magento2.state import (
    ALL,
    ALL_GROUPS,
    DEFAULT_SOURCE,
    CreditMemo,
    Customer,
    Database,
    Invoice,
    Order,
    OrderItem,
    Product,
    Shipment,
    Stock,
)
from sandbox.magento2.values import folded, moment, money

FLAT_RATE = Decimal(5)  # shipping per piece, the shop's flat rate as shipped
ZERO = Decimal(0)
NOT_AVAILABLE = "The requested qty is not available"
CLOSED_STATES = ("canceled", "complete", "closed")
STATUSES: Mapping[str, tuple[str, ...]] = {
    "new": ("pending",),
    "processing": ("processing",),
    "complete": ("complete",),
    "closed": ("closed",),
    "canceled": ("canceled",),
    "holded": ("holded",),
}
"""State → the statuses that belong to it, as shipped."""


@dataclass(frozen=True)
class Line:
    """What somebody puts into the basket; ``parent`` is the SKU of the configurable product it was chosen from."""

    sku: str
    quantity: Decimal
    parent: str | None = None


@dataclass(frozen=True)
class Buyer:
    """Who buys: a customer of the shop, or a guest."""

    email: str
    firstname: str
    lastname: str
    address: Mapping[str, Any]
    customer_id: int | None = None
    group_id: int = 0


GUEST = Buyer(
    "jan@example.com",
    "Jan",
    "de Vries",
    {
        "city": "Amsterdam",
        "country_id": "NL",
        "firstname": "Jan",
        "lastname": "de Vries",
        "postcode": "1012 LG",
        "street": ["Damrak 1"],
        "telephone": "0201234567",
    },
)


def buyer_of(customer: Customer) -> Buyer:
    """A customer as buyer, with the default shipping address or else the first."""
    by_id = {address["id"]: address for address in customer.addresses}
    chosen = by_id.get(customer.default_shipping or 0) or next(iter(customer.addresses), None)
    address = dict(chosen) if chosen else dict(GUEST.address)
    for name in ("id", "region", "default_billing", "default_shipping"):
        address.pop(name, None)
    return Buyer(customer.email, customer.firstname, customer.lastname, address, customer.id, customer.group_id)


# --- placing


def final_price(db: Database, product: Product, quantity: Decimal, group_id: int, now: datetime) -> Decimal:
    """What one piece costs: the lowest of base, running special and tier prices that apply."""
    base = _price(db, product, "price")
    prices = [base]
    special = product.value("special_price", ALL)
    if isinstance(special, Decimal) and _runs(product, now):
        prices.append(special)
    for tier in product.tiers:
        if tier.group_id in (ALL_GROUPS, group_id) and tier.qty <= quantity and tier.website_id in (0, 1):
            percent = tier.percentage
            prices.append(tier.value or ZERO if percent is None else money(base * (1 - percent / 100)))
    return min(prices)


def _price(db: Database, product: Product, code: str) -> Decimal:
    value = value_in(db, product, code, db.default_view.id)
    return value if isinstance(value, Decimal) else ZERO


def _runs(product: Product, now: datetime) -> bool:
    """Whether the special price's period covers today."""
    begin, end = product.value("special_from_date"), product.value("special_to_date")
    today = moment(now)
    return (not begin or str(begin) <= today) and (not end or today[:10] <= str(end)[:10])


def _tax_rate(db: Database, product: Product, country: str) -> tuple[Decimal, str]:
    """Percentage and code of the tax on a product."""
    klass = product.value("tax_class_id")
    rate = db.tax_rates.get(db.tax_of.get((int(klass or 0), country), 0))
    return (rate.rate, rate.code) if rate else (ZERO, "")


def _amounts(price: Decimal, quantity: Decimal, rate: Decimal, is_gross: bool) -> dict[str, Any]:
    """Price and row of a line without and with tax; tax is rounded by row."""
    if is_gross:
        tax = money(price * quantity * rate / (100 + rate))
        return {
            "price": price - money(price * rate / (100 + rate)),
            "price_incl_tax": price,
            "row_total": money(price * quantity) - tax,
            "tax_amount": tax,
        }
    total = money(price * quantity)
    tax = money(total * rate / 100)
    return {
        "price": price,
        "price_incl_tax": money(price * (1 + rate / 100)),
        "row_total": total,
        "tax_amount": tax,
    }


def _make_item(db: Database, line: Line, buyer: Buyer, now: datetime) -> list[OrderItem]:
    """The item of a line; two of them for a configurable product, the money on the parent (M§6)."""
    child = find_product(db, line.sku)
    shown = find_product(db, line.parent) if line.parent else child
    rate, code = _tax_rate(db, child, str(buyer.address.get("country_id")))
    price = final_price(db, child, line.quantity, buyer.group_id, now)
    weight = child.value("weight")
    common: dict[str, Any] = {"ordered": line.quantity, "created_at": now, "updated_at": now, "sku": child.sku}
    first = OrderItem(
        id=db.ids.next("order_item"),
        product_id=shown.id,
        name=str(value_in(db, shown, "name", db.default_view.id)),
        type_id=shown.type_id,
        tax_percent=rate,
        tax_code=code,
        weight=weight if isinstance(weight, Decimal) and not line.parent else None,
        **common,
        **_amounts(price, line.quantity, rate, db.settings.prices_include_tax),
    )
    if not line.parent:
        return [first]
    nothing: dict[str, Any] = dict.fromkeys(("price", "price_incl_tax", "row_total", "tax_amount", "tax_percent"), ZERO)
    number = db.ids.next("order_item")
    name = str(value_in(db, child, "name", db.default_view.id))
    second = OrderItem(
        id=number,
        product_id=child.id,
        name=name,
        type_id=child.type_id,
        weight=None,
        parent=first.id,
        **common,
        **nothing,
    )
    return [first, second]


def place_order(db: Database, now: datetime, lines: Sequence[Line], buyer: Buyer = GUEST, check: bool = True) -> Order:
    """An order in the shop: reservations, no source quantity moves; 400 when more is asked than may be sold."""
    view = db.default_view
    stock = db.stock_of_website(db.websites[view.website_id].code)
    if stock is None:
        raise ApiError(404, "No linked stock found")
    if check:
        _check_available(db, stock, lines)
    number = db.ids.next("order")
    items = [item for line in lines for item in _make_item(db, line, buyer, now)]
    order = Order(
        id=number,
        increment_id=f"{number:09d}",
        store_id=view.id,
        stock_id=stock.id,
        created_at=now,
        updated_at=now + timedelta(seconds=1),
        email=buyer.email,
        firstname=buyer.firstname,
        lastname=buyer.lastname,
        customer_id=buyer.customer_id,
        group_id=buyer.group_id,
        shipping=dict(buyer.address) | {"entity_id": db.ids.next("order_address")},
        billing=dict(buyer.address) | {"entity_id": db.ids.next("order_address")},
        items=items,
        shipping_amount=FLAT_RATE * sum((line.quantity for line in lines), ZERO),
        protect_code=hashlib.md5(f"order {number}".encode()).hexdigest(),
    )
    db.orders[number] = order
    for line in lines:
        db.reserve(stock.id, line.sku, -line.quantity, f"order_placed {order.increment_id}")
    return order


def _check_available(db: Database, stock: Stock, lines: Sequence[Line]) -> None:
    wanted: dict[str, Decimal] = {}
    for line in lines:
        find_product(db, line.sku)
        wanted[folded(line.sku)] = wanted.get(folded(line.sku), ZERO) + line.quantity
    for sku, quantity in wanted.items():
        product = find_product(db, sku)
        unlimited = not manages_stock(product.stock) and stocked_quantity(db, stock, sku) is not None
        if quantity <= 0 or (not unlimited and salable_quantity(db, stock, sku) < quantity):
            raise ApiError(400, NOT_AVAILABLE)


# --- what happens to an order


def _touch(order: Order, now: datetime) -> None:
    order.updated_at = now


def settle(order: Order, now: datetime) -> None:
    """Give the order the state that its lines have come to; a change of state moves ``updated_at``."""
    if order.state in ("canceled", "closed", "holded"):
        return
    lines = order.lines
    if any(line.refunded for line in lines) and all(line.refunded + line.canceled >= line.ordered for line in lines):
        state = "closed"
    elif not any(line.to_ship or line.to_invoice for line in lines):
        state = "complete"
    elif any(line.invoiced or line.shipped for line in lines):
        state = "processing"
    else:
        return
    if state != order.state:
        order.state, order.status = state, STATUSES[state][0]
        _touch(order, now)


def chosen(
    order: Order, given: Iterable[Mapping[str, Any]] | None, left: Mapping[int, Decimal]
) -> list[tuple[OrderItem, Decimal]]:
    """Lines and quantities that a document is for: what was named, cut down to what is left, or all that is left."""
    asked = None if given is None else {row.get("order_item_id"): row.get("qty") or ZERO for row in given}
    rows = []
    for item in order.lines:
        quantity = left[item.id] if asked is None else min(asked.get(item.id, ZERO), left[item.id])
        if quantity > 0:
            rows.append((item, quantity))
    return rows


def refuse_shipment(order: Order, rows: Sequence[Any]) -> None:
    """400 with all the reasons, joined by line breaks (M§1)."""
    reasons = []
    if order.state in ("holded", "canceled", "closed"):
        reasons.append(f"A shipment cannot be created when an order has a status of {order.status}")
    elif not any(item.to_ship for item in order.lines):
        reasons.append("The order does not allow a shipment to be created.")
    if not rows:
        reasons.append("You can't create a shipment without products.")
    if reasons:
        raise ApiError(400, "\n".join(["Shipment Document Validation Error(s):", *reasons]))


def ship(
    db: Database,
    order: Order,
    now: datetime,
    given: Iterable[Mapping[str, Any]] | None = None,
    source_code: str | None = None,
) -> Shipment:
    """A shipment: takes the goods from one source, and the reservation back.

    400 without a reason when the source does not hold them; that uses up an id (M§1).
    """
    rows = chosen(order, given, {item.id: item.to_ship for item in order.lines})
    refuse_shipment(order, rows)
    number, source = db.ids.next("shipment"), source_code or DEFAULT_SOURCE
    for item, quantity in rows:
        held = db.source_items.get((folded(item.sku), source))
        if held is None or held.quantity < quantity:
            raise ApiError(400, "Could not save a shipment, see error log for details")
    shipment = Shipment(number, order.id, now, source, [])
    for item, quantity in rows:
        _move_source(db, item.sku, source, -quantity)
        db.reserve(order.stock_id, item.sku, quantity, f"shipment_created {number}")
        item.shipped += quantity
        item.updated_at = now
        shipment.items.append((db.ids.next("shipment_item"), item.id, quantity))
    db.shipments[number] = shipment
    settle(order, now)
    return shipment


def _move_source(db: Database, sku: str, source_code: str, difference: Decimal) -> None:
    held = db.source_items[folded(sku), source_code]
    held.quantity += difference
    if source_code == DEFAULT_SOURCE:
        mirror_from_source(db, held)


def invoice(db: Database, order: Order, now: datetime, given: Iterable[Mapping[str, Any]] | None = None) -> Invoice:
    """An invoice; moves the order's ``updated_at``, no stock."""
    rows = chosen(order, given, {item.id: item.to_invoice for item in order.lines})
    reasons = [] if rows else ["The invoice can't be created without products. Add products and try again."]
    if order.state in (*CLOSED_STATES, "holded") or not any(item.to_invoice for item in order.lines):
        reasons.append("The order does not allow an invoice to be created.")
    if reasons:
        raise ApiError(400, "\n".join(["Invoice Document Validation Error(s):", *reasons]))
    earlier = any(one.order_id == order.id for one in db.invoices.values())
    document = Invoice(db.ids.next("invoice"), order.id, now, [], ZERO if earlier else order.shipping_amount)
    for item, quantity in rows:
        item.invoiced += quantity
        item.updated_at = now
        document.items.append((db.ids.next("invoice_item"), item.id, quantity))
    db.invoices[document.id] = document
    _touch(order, now)
    settle(order, now)
    return document


def cancel(db: Database, order: Order, now: datetime) -> bool:
    """Cancel what is neither invoiced nor shipped; False when there is nothing to cancel (M§6)."""
    if order.state not in ("new", "processing"):
        return False
    rows = [(item, min(item.to_ship, item.to_invoice)) for item in order.lines]
    if not any(quantity for _, quantity in rows):
        return False
    for item, quantity in rows:
        if quantity:
            item.canceled += quantity
            item.updated_at = now
            db.reserve(order.stock_id, item.sku, quantity, f"order_canceled {order.increment_id}")
    if not any(item.invoiced or item.shipped for item in order.lines):
        order.state = order.status = "canceled"
    settle(order, now)
    _touch(order, now)
    return True


def refund(
    db: Database,
    order: Order,
    now: datetime,
    given: Sequence[Mapping[str, Any]] | None = None,
    arguments: Mapping[str, Any] | None = None,
) -> CreditMemo:
    """A credit memo; what it does to stock says the table above."""
    arguments = arguments or {}
    left = {item.id: item.invoiced - item.refunded for item in order.lines}
    for row in given or []:
        item = next((one for one in order.lines if one.id == row.get("order_item_id")), None)
        if item is not None and (row.get("qty") or ZERO) > left[item.id]:
            raise ApiError(400, 'We found an invalid quantity to refund item "%1".', [item.name])
    rows = chosen(order, given, left)
    if not rows:
        reason = "The order does not allow a creditmemo to be created."
        raise ApiError(400, f"Creditmemo Document Validation Error(s):\n{reason}")
    returned = (arguments.get("extension_attributes") or {}).get("return_to_stock_items") or []
    memo = CreditMemo(
        id=db.ids.next("credit_memo"),
        order_id=order.id,
        created_at=now,
        items=[],
        shipping_amount=_refunded_shipping(db, order, arguments),
        positive=arguments.get("adjustment_positive") or ZERO,
        negative=arguments.get("adjustment_negative") or ZERO,
    )
    for item, quantity in rows:
        _refund_stock(db, order, item, quantity, item.id in returned)
        item.refunded += quantity
        item.updated_at = now
        memo.items.append((db.ids.next("credit_memo_item"), item.id, quantity))
    db.credit_memos[memo.id] = memo
    _touch(order, now)
    settle(order, now)
    return memo


def _refunded_shipping(db: Database, order: Order, arguments: Mapping[str, Any]) -> Decimal:
    """Shipping that is paid back: as asked, else all that is left of it."""
    asked = arguments.get("shipping_amount")
    if asked is not None:
        return Decimal(asked)
    return order.shipping_amount - sum(
        (memo.shipping_amount for memo in db.credit_memos.values() if memo.order_id == order.id), ZERO
    )


def _refund_stock(db: Database, order: Order, item: OrderItem, quantity: Decimal, is_returned: bool) -> None:
    unshipped = min(quantity, item.to_ship)
    if unshipped:
        db.reserve(order.stock_id, item.sku, unshipped, f"creditmemo_created {order.increment_id}")
        if not is_returned:
            _take_from_sources(db, db.stocks[order.stock_id], item.sku, unshipped)
    if quantity > unshipped and is_returned:
        _move_source(db, item.sku, _source_of(db, order, item), quantity - unshipped)


def _take_from_sources(db: Database, stock: Stock, sku: str, quantity: Decimal) -> None:
    """Lower the sources of a stock by their priority (M1.6)."""
    for source in sources_of(db, stock):
        held = db.source_items.get((folded(sku), source.code))
        if held is not None and quantity > 0:
            taken = min(quantity, max(held.quantity, ZERO))
            _move_source(db, sku, source.code, -taken)
            quantity -= taken


def _source_of(db: Database, order: Order, item: OrderItem) -> str:
    """The source that a line was shipped from last."""
    codes = [
        shipment.source_code
        for shipment in db.shipments.values()
        if shipment.order_id == order.id and any(row[1] == item.id for row in shipment.items)
    ]
    return codes[-1]


def hold(order: Order, now: datetime) -> None:
    if order.state in (*CLOSED_STATES, "holded"):
        raise ApiError(400, "A hold action is not available.")
    order.held = (order.state, order.status)
    order.state = order.status = "holded"
    _touch(order, now)


def unhold(order: Order, now: datetime) -> None:
    if order.held is None:
        raise ApiError(400, "You cannot remove the hold.")
    (order.state, order.status), order.held = order.held, None
    _touch(order, now)


def add_comment(db: Database, order: Order, now: datetime, given: Mapping[str, Any]) -> None:
    """A comment; a status outside the order's state is refused. ``updated_at`` stays (M§3)."""
    status = given.get("status")
    if status is not None and status not in STATUSES[order.state]:
        text = 'Unable to add comment: The status "%1" is not part of the order\n                 status history.'
        raise ApiError(400, text, [status])
    order.comments.append(
        {
            "comment": given.get("comment"),
            "created_at": moment(now),
            "entity_id": db.ids.next("order_comment"),
            "is_customer_notified": given.get("is_customer_notified") or 0,
            "is_visible_on_front": given.get("is_visible_on_front") or 0,
            "parent_id": order.id,
            "status": status or order.status,
        }
    )
