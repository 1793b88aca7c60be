"""Sales orders and goods deliveries (E151 to E159)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sandbox.exact_online import bodies, crm, prices, schema, stock
from sandbox.exact_online import store as tables
from sandbox.exact_online.derived import vat_percentage
from sandbox.exact_online.errors import DUPLICATE_ORDER, InvalidError, mandatory, unknown_reference
from sandbox.exact_online.rules import Rules, Values
from sandbox.exact_online.store import Row, Store
from sandbox.numbers import round_half_up

OPEN, PARTIAL, COMPLETE, CANCELLED = 12, 20, 21, 45  # E157
FIXED = ("OrderedBy", "DeliverTo", "InvoiceTo")  # E152


def create_order(store: Store, values: Values) -> Row:
    """An order with its lines, which claim stock at once (E151, E153)."""
    lines = values.pop("SalesOrderLines", None)
    if values.get("OrderedBy") is None:
        raise mandatory("Factuur voor", "Besteld door")
    if not lines:
        raise mandatory("Verkooporderregels")
    _check_accounts(store, values)
    number = _order_number(store, values)
    warehouse = values.get("WarehouseID") or stock.main_warehouse(store).key
    if store.get(tables.WAREHOUSES, warehouse) is None:
        raise unknown_reference("Magazijn")
    read = [read_line(store, given, schema.load()[tables.ORDER_LINES]) for given in lines]
    head = _order_defaults(store, values) | {"WarehouseID": warehouse, "OrderNumber": number}
    row = store.insert(tables.ORDERS, head | {name: value for name, value in values.items() if name not in head})
    for line in read:
        _insert_line(store, row, line)
    _settle_order(store, row)
    return row


def _check_accounts(store: Store, values: Values) -> None:
    """Every account of an order must exist and be a customer (E143)."""
    for name, label in (("InvoiceTo", "Factuur voor"), ("OrderedBy", "Besteld door"), ("DeliverTo", "Leveren aan")):
        key = values.get(name) or values["OrderedBy"]
        account = store.get(tables.ACCOUNTS, key)
        if account is None:
            raise unknown_reference(label)
        if account.get("Status") != crm.CUSTOMER:
            raise InvalidError(f"Ongeldig: {label} (Type)")


def _order_number(store: Store, values: Values) -> int:
    """The client's number, which must be unique (E156), or the next one."""
    given = values.pop("OrderNumber", None)
    if given is None:
        return store.count("order numbers")
    if store.one(tables.ORDERS, "OrderNumber", given) is not None:
        raise InvalidError(DUPLICATE_ORDER)
    return int(given)


def _order_defaults(store: Store, values: Values) -> Values:
    today = store.midnight()
    ordered_by = values["OrderedBy"]
    deliver_to = values.get("DeliverTo") or ordered_by
    return {
        "OrderedBy": ordered_by,
        "InvoiceTo": values.get("InvoiceTo") or ordered_by,
        "DeliverTo": deliver_to,
        "DeliveryAddress": values.get("DeliveryAddress") or delivery_address(store, deliver_to),
        "OrderDate": values.get("OrderDate") or today,
        "DeliveryDate": values.get("DeliveryDate") or values.get("OrderDate") or today,
        "PaymentCondition": values.get("PaymentCondition") or "00",
        "Approved": store.now(),
        "Status": OPEN,
        "DeliveryStatus": OPEN,
        "InvoiceStatus": OPEN,
    }


def delivery_address(store: Store, account: str) -> str | None:
    """The main delivery address of an account, else its visit address."""
    rows = [row for row in store.rows(tables.ADDRESSES).find("Account", account) if row.get("Main")]
    kinds = {row.get("Type"): row.key for row in rows}
    return kinds.get(crm.DELIVERY) or kinds.get(crm.VISIT)


def read_line(store: Store, given: dict[str, Any], entity: schema.Entity) -> Values:
    """The checked values of a line, with what follows from its item (E153, E154)."""
    values = bodies.convert(entity, given, creating=True)
    if values.get("Item") is None:
        raise mandatory("Artikel")
    item = store.get(tables.ITEMS, values["Item"])
    if item is None:
        raise unknown_reference("Artikel")
    if values.get("Quantity") is None:
        values["Quantity"] = Decimal(1)
    if not item.get("IsFractionAllowedItem") and values["Quantity"] % 1:
        raise InvalidError("Ongeldig: Aantal")
    code = values.get("VATCode") or item.get("SalesVatCode")
    if code is not None and store.one(tables.VAT_CODES, "Code", code.strip()) is None:
        raise unknown_reference("BTW-code")
    priced = _price_line(store, item, values)
    return values | priced | {"VATCode": code, "UnitCode": values.get("UnitCode") or item.get("Unit")}


def _price_line(store: Store, item: Row, values: Values) -> Values:
    """NetPrice is after discount; where only it was sent, UnitPrice stays 0 (E153)."""
    if values.get("NetPrice") is not None:
        net, unit = values["NetPrice"], values.get("UnitPrice") or Decimal(0)
    else:
        unit = values.get("UnitPrice")
        unit = prices.standard_price(store, item) if unit is None else unit
        net = unit * (1 - (values.get("Discount") or Decimal(0)))
    amount = round_half_up(net * values["Quantity"], 2)
    described = values.get("Description") or item.get("Description")
    return {"NetPrice": net, "UnitPrice": unit, "AmountFC": amount, "AmountDC": amount, "Description": described}


def vat_of(store: Store, line: Row) -> tuple[Decimal, Decimal]:
    """A line's VAT amount and its amount without VAT; a Type I code means that it is inside (E128)."""
    amount: Decimal = line.get("AmountFC")
    code = line.get("VATCode")
    share = vat_percentage(store, code) if code is not None else None
    found = store.one(tables.VAT_CODES, "Code", code.strip()) if code is not None else None
    if not share or found is None:
        return Decimal(0), amount
    if found.get("Type") == "I":
        without = round_half_up(amount / (1 + share), 2)
        return amount - without, without
    return round_half_up(amount * share, 2), amount


def _insert_line(store: Store, order: Row, values: Values) -> Row:
    number = len(store.rows(tables.ORDER_LINES).find("OrderID", order.key)) + 1
    fresh = {
        "OrderID": order.key,
        "LineNumber": number,
        "QuantityDelivered": Decimal(0),
        "QuantityInvoiced": Decimal(0),
        "DeliveryStatus": OPEN,
        "InvoiceStatus": OPEN,
        "DeliveryDate": order.get("DeliveryDate"),
    }
    given = {name: value for name, value in values.items() if name != "OrderID" and value is not None}
    line = store.insert(tables.ORDER_LINES, fresh | given)
    store.change(tables.ORDER_LINES, line, {"VATAmount": vat_of(store, line)[0]})
    return line


def lines_of(store: Store, order: Row) -> list[Row]:
    """The lines of an order, by number."""
    return sorted(store.rows(tables.ORDER_LINES).find("OrderID", order.key), key=lambda row: row.get("LineNumber"))


def status_of(quantity: Decimal, done: Decimal) -> int:
    """Open, partial or complete (E157)."""
    if done == 0 and quantity != 0:
        return OPEN
    return COMPLETE if abs(done) >= abs(quantity) else PARTIAL


def _settle_order(store: Store, order: Row) -> None:
    """Totals, statuses and claims after anything has happened to an order's lines."""
    lines = lines_of(store, order)
    amount = sum((line.get("AmountFC") for line in lines), Decimal(0))
    without = sum((vat_of(store, line)[1] for line in lines), Decimal(0))
    values: Values = {"AmountFC": amount, "AmountDC": amount, "AmountFCExclVat": without}
    if order.get("Status") != CANCELLED:
        delivered = _joint_status([line.get("DeliveryStatus") for line in lines])
        values |= {"DeliveryStatus": delivered, "Status": delivered}
    store.change(tables.ORDERS, order, values)
    for item in dict.fromkeys(line.get("Item") for line in lines):
        stock.plan(store, item, order.get("WarehouseID"))


def _joint_status(statuses: list[int]) -> int:
    kinds = set(statuses)
    if len(kinds) == 1:
        return kinds.pop()
    return PARTIAL if kinds else OPEN


def update_order(store: Store, row: Row, values: Values) -> None:
    """New values of an open order; the accounts and the lines stay (E152)."""
    _need_open(row)
    values = {name: value for name, value in values.items() if name not in (*FIXED, "SalesOrderLines", "OrderNumber")}
    moved = values.get("WarehouseID") not in (None, row.get("WarehouseID"))
    if moved and store.get(tables.WAREHOUSES, values["WarehouseID"]) is None:
        raise unknown_reference("Magazijn")
    before = row.get("WarehouseID")
    store.change(tables.ORDERS, row, values)
    if moved:
        for line in lines_of(store, row):
            stock.plan(store, line.get("Item"), before)
            stock.plan(store, line.get("Item"), row.get("WarehouseID"))


def _need_open(row: Row) -> None:
    if row.get("Status") in (COMPLETE, CANCELLED):
        raise InvalidError("Niet toegestaan: de verkooporder is volledig")


def delete_order(store: Store, row: Row) -> None:
    """An order of which nothing has been delivered goes, with its claims."""
    lines = lines_of(store, row)
    if any(line.get("QuantityDelivered") for line in lines):
        raise InvalidError("Verwijderen niet mogelijk: er is geleverd")
    for line in lines:
        store.delete(tables.ORDER_LINES, line, 33)
    store.delete(tables.ORDERS, row, 32)
    for line in lines:
        stock.plan(store, line.get("Item"), row.get("WarehouseID"))


def cancel_order(store: Store, row: Row) -> None:
    """What a user does on the screen: the open part is cancelled (E157)."""
    _need_open(row)
    store.change(tables.ORDERS, row, {"Status": CANCELLED, "DeliveryStatus": CANCELLED})
    for line in lines_of(store, row):
        if line.get("DeliveryStatus") != COMPLETE:
            store.change(tables.ORDER_LINES, line, {"DeliveryStatus": CANCELLED})
    _settle_order(store, row)


def create_order_line(store: Store, values: Values) -> Row:
    """One more line of an open order."""
    if values.get("OrderID") is None:
        raise mandatory("Verkooporder")
    order = store.get(tables.ORDERS, values["OrderID"])
    if order is None:
        raise unknown_reference("Verkooporder")
    _need_open(order)
    line = _insert_line(store, order, read_line(store, values, schema.load()[tables.ORDER_LINES]))
    _settle_order(store, order)
    return line


def update_order_line(store: Store, row: Row, values: Values) -> None:
    """New values of a line; not below what has been delivered."""
    order = store.rows(tables.ORDERS).rows[row.get("OrderID")]
    _need_open(order)
    values = {name: value for name, value in values.items() if name not in ("OrderID", "OrderNumber", "Item")}
    after = row.values | values
    if after["Quantity"] < row.get("QuantityDelivered"):
        raise InvalidError("Ongeldig: Aantal")
    net = after["NetPrice"]
    amount = round_half_up(net * after["Quantity"], 2)
    store.change(tables.ORDER_LINES, row, values | {"AmountFC": amount, "AmountDC": amount})
    _settle_order(store, order)


def delete_order_line(store: Store, row: Row) -> None:
    """A line without deliveries goes."""
    if row.get("QuantityDelivered"):
        raise InvalidError("Verwijderen niet mogelijk: er is geleverd")
    order = store.rows(tables.ORDERS).rows[row.get("OrderID")]
    _need_open(order)
    store.delete(tables.ORDER_LINES, row, 33)
    _settle_order(store, order)
    stock.plan(store, row.get("Item"), order.get("WarehouseID"))


def create_delivery(store: Store, values: Values) -> Row:
    """A delivery of order lines: the goods leave, the orders follow (E158)."""
    given = values.pop("GoodsDeliveryLines", None)
    missing = [label for name, label in (("DeliveryDate", "Leverdatum"),) if values.get(name) is None]
    if missing or not given:
        raise mandatory(*missing, *([] if given else ["Regels"]))
    lines = [_read_delivery_line(store, one) for one in given]
    _check_remaining(lines)
    order = store.rows(tables.ORDERS).rows[lines[0][0].get("OrderID")]
    head = {
        "DeliveryNumber": store.count("delivery numbers"),
        "EntryNumber": store.count("entries", 26_000_000),
        "DeliveryAccount": order.get("DeliverTo"),
        "DeliveryAddress": order.get("DeliveryAddress"),
        "Warehouse": order.get("WarehouseID"),
    }
    row = store.insert(tables.DELIVERIES, head | values)
    for number, (line, one) in enumerate(lines, start=1):
        _deliver_line(store, row, number, line, one)
    for key in dict.fromkeys(line.get("OrderID") for line, _ in lines):
        _settle_order(store, store.rows(tables.ORDERS).rows[key])
    return row


def _read_delivery_line(store: Store, given: dict[str, Any]) -> tuple[Row, Values]:
    values = bodies.convert(schema.load()[tables.DELIVERY_LINES], given, creating=True)
    labels = (("SalesOrderLineID", "Verkooporderregel"), ("QuantityDelivered", "Aantal geleverd"))
    missing = [label for name, label in labels if values.get(name) is None]
    if missing:
        raise mandatory(*missing)
    line = store.get(tables.ORDER_LINES, values["SalesOrderLineID"])
    if line is None:
        raise unknown_reference("Verkooporderregel")
    order = store.rows(tables.ORDERS).rows[line.get("OrderID")]
    _need_open(order)
    return line, values


def _check_remaining(lines: list[tuple[Row, Values]]) -> None:
    """No more than what is still open, of goods for one customer."""
    wanted: dict[str, Decimal] = {}
    for line, values in lines:
        wanted[line.key] = wanted.get(line.key, Decimal(0)) + values["QuantityDelivered"]
    for line, _ in lines:
        if wanted[line.key] > line.get("Quantity") - line.get("QuantityDelivered"):
            raise InvalidError("Ongeldig: Aantal geleverd")


def _deliver_line(store: Store, delivery: Row, number: int, line: Row, values: Values) -> None:
    order = store.rows(tables.ORDERS).rows[line.get("OrderID")]
    quantity: Decimal = values["QuantityDelivered"]
    fixed = {"EntryID": delivery.key, "LineNumber": number, "Item": line.get("Item")}
    described = {"Description": values.get("Description") or line.get("Description")}
    store.insert(tables.DELIVERY_LINES, values | described | fixed)
    done = line.get("QuantityDelivered") + quantity
    status = status_of(line.get("Quantity"), done)
    store.change(tables.ORDER_LINES, line, {"QuantityDelivered": done, "DeliveryStatus": status})
    stock.move(store, line.get("Item"), order.get("WarehouseID"), -quantity)


def update_delivery(store: Store, row: Row, values: Values) -> None:
    """Tracking number, remarks and document; the rest is fixed (E158)."""
    values.pop("GoodsDeliveryLines", None)
    store.change(tables.DELIVERIES, row, values)


def update_delivery_line(store: Store, row: Row, values: Values) -> None:
    """Notes and tracking number of a line."""
    store.change(tables.DELIVERY_LINES, row, values)


def refuse_lone_line(_store: Store, _values: Values) -> Row:
    """Lines cannot be posted alone (E158)."""
    raise InvalidError("Niet toegestaan: Goederenlevering")


RULES = {
    tables.ORDERS: Rules(create_order, update_order, delete_order, full_answer=True),
    tables.ORDER_LINES: Rules(create_order_line, update_order_line, delete_order_line),
    tables.DELIVERIES: Rules(create_delivery, update_delivery, None, full_answer=True),
    tables.DELIVERY_LINES: Rules(refuse_lone_line, update_delivery_line, None),
}
