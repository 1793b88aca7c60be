"""Base, special and tier prices and cost in batches: 200 with row errors, the other rows are saved (M§4).

None of these moves a product's ``updated_at`` (M§3).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sandbox.magento2.call import Call
from sandbox.magento2.errors import no_such_product
from sandbox.magento2.inputs import read_scalar
from sandbox.magento2.product_values import set_value, stores_written
from sandbox.magento2.products import find_product
from sandbox.magento2.state import ALL, ALL_GROUPS, Database, Product, TierPrice
from sandbox.magento2.values import MOMENT, PERCENT_PLACES, PRICE_PLACES, STOCK_PLACES, folded, scaled, shown, write

Row = Mapping[str, Any]
Failure = dict[str, Any]
NO_PRODUCT = "The product that was requested doesn't exist. Verify the product and try again."
NO_STORE = "Requested store is not found."


def _failure(message: str, *parameters: Any) -> Failure:
    return {"message": message, "parameters": list(parameters)}


def _products(db: Database, row: Row) -> list[Product]:
    return db.with_sku(str(row.get("sku") or ""))


def _is_bad_price(price: Any) -> bool:
    return price is None or price < 0


def _save_rows(
    rows: Sequence[Row], check: Callable[[Row], Failure | None], save: Callable[[Row], None]
) -> list[Failure]:
    """Save the rows that pass; answer what the others lack."""
    failures = []
    for row in rows:
        failure = check(row)
        if failure is None:
            save(row)
        else:
            failures.append(failure)
    return failures


# --- base prices


def post_base_prices(call: Call) -> Any:
    """Unknown SKUs are told of first. Under global scope any store id overwrites the one price."""
    db, rows = call.db, call.given["prices"]
    known = [row for row in rows if _products(db, row)]
    unknown = [row for row in rows if not _products(db, row)]
    text = "Invalid attribute %fieldName = %fieldValue."
    failures = [_failure(text, "SKU", row.get("sku")) for row in unknown]

    def check(row: Row) -> Failure | None:
        if _is_bad_price(row.get("price")):
            price = row.get("price")
            return _failure(text, "Price", None if price is None else write(price))
        return _store_failure(db, row)

    def save(row: Row) -> None:
        for product in _products(db, row):
            _write_base(db, product, row)

    return failures + _save_rows(known, check, save)


def _store_failure(db: Database, row: Row) -> Failure | None:
    store_id = row.get("store_id")
    if store_id == ALL or store_id in db.views:
        return None
    told = None if store_id is None else str(store_id)
    text = f"{NO_STORE} Row ID: SKU = {row['sku']}, Store ID: {told or ''}."
    return _failure(text, row["sku"], told)


def _write_base(db: Database, product: Product, row: Row) -> None:
    by_store = product.values.setdefault("price", {})
    for store in stores_written(db, db.attributes["price"], row["store_id"]):
        by_store[store] = scaled(row["price"], PRICE_PLACES)


def base_price_information(call: Call) -> Any:
    """One row per store that has a price of its own, by product id; unknown SKUs are left out."""
    wanted = {product.id: product for sku in call.given["skus"] for product in call.db.with_sku(sku)}
    return [
        {"price": shown(price), "store_id": store, "sku": product.sku}
        for _, product in sorted(wanted.items())
        for store, price in sorted(product.values.get("price", {}).items())
        if isinstance(price, Decimal)
    ]


# --- special prices


def _told_special(row: Row) -> tuple[list[Any], str]:
    """The parameters that name a row, and the end of its message."""
    store = None if row.get("store_id") is None else str(row["store_id"])
    parameters = [row.get("sku"), store, row.get("price_from"), row.get("price_to")]
    sku, store_text, begin, end = ("" if one is None else one for one in parameters)
    return parameters, f"Row ID: SKU = {sku}, Store ID: {store_text}, Price From: {begin}, Price To: {end}."


def _special_failure(db: Database, row: Row, check_price: bool) -> Failure | None:
    parameters, tail = _told_special(row)
    if not _products(db, row):
        return _failure(f"{NO_PRODUCT} {tail}", *parameters)
    if row.get("store_id") != ALL and row.get("store_id") not in db.views:
        return _failure(f"{NO_STORE} {tail}", *parameters)
    if check_price and _is_bad_price(row.get("price")):
        price = None if row.get("price") is None else write(row["price"])
        return _failure(f"Invalid attribute Price = {price or ''}. {tail}", price, *parameters)
    for label, name in (("Price From", "price_from"), ("Price To", "price_to")):
        if row.get(name) and MOMENT.fullmatch(row[name]) is None:
            return _failure(f"Invalid attribute {label} = {row.get('price_to') or ''}. {tail}", label, *parameters)
    return None


def post_special_prices(call: Call) -> Any:
    """One period per SKU and store: the next replaces it; from later than to is taken (M§4)."""

    def save(row: Row) -> None:
        for product in _products(call.db, row):
            for code, name in (
                ("special_price", "price"),
                ("special_from_date", "price_from"),
                ("special_to_date", "price_to"),
            ):
                _write_at(call.db, product, code, row["store_id"], row.get(name))

    return _save_rows(call.given["prices"], lambda row: _special_failure(call.db, row, True), save)


def _write_at(db: Database, product: Product, code: str, store_id: int, value: Any) -> None:
    """Write at exactly this store, whatever the scope; None takes the row away."""
    by_store = product.values.setdefault(code, {})
    if value is None:
        by_store.pop(store_id, None)
    else:
        by_store[store_id] = scaled(value, PRICE_PLACES) if code == "special_price" else str(value)
    if not by_store:
        del product.values[code]


def special_price_information(call: Call) -> Any:
    return [
        _special_view(product, store, price)
        for sku in call.given["skus"]
        for product in call.db.with_sku(sku)
        for store, price in sorted(product.values.get("special_price", {}).items())
        if isinstance(price, Decimal)
    ]


def _special_view(product: Product, store: int, price: Decimal) -> dict[str, Any]:
    return {
        "price": shown(price),
        "store_id": store,
        "sku": product.sku,
        "price_from": product.values.get("special_from_date", {}).get(store),
        "price_to": product.values.get("special_to_date", {}).get(store),
    }


def delete_special_prices(call: Call) -> Any:
    """Takes the row of SKU and store away, whatever price is named (M§4)."""

    def save(row: Row) -> None:
        for product in _products(call.db, row):
            for code in ("special_price", "special_from_date", "special_to_date"):
                _write_at(call.db, product, code, row["store_id"], None)

    return _save_rows(call.given["prices"], lambda row: _special_failure(call.db, row, False), save)


# --- tier prices

TIER_TAIL = "Row ID: SKU = %SKU, Website ID: %websiteId, Customer Group: %customerGroup, Quantity: %qty."
DUPLICATE = (
    "We found a duplicate website, tier price, customer group and quantity: Customer Group = %customerGroup,"
    " Website ID = %websiteId, Quantity = %qty."
)
PRICE_TYPES = ("fixed", "discount")


def group_id_of(db: Database, name: str | None) -> int | None:
    """The id of a group by its name, in any letter case; None for an unknown one."""
    if folded(name or "") == "all groups":
        return ALL_GROUPS
    return next((g.id for g in db.customer_groups.values() if folded(g.code) == folded(name or "")), None)


def group_name_of(db: Database, group_id: int) -> str:
    return "all groups" if group_id == ALL_GROUPS else db.customer_groups[group_id].code


def _tier_key(row: Row) -> tuple[Any, ...]:
    qty = scaled(row.get("quantity") or 0, STOCK_PLACES)
    return folded(row.get("sku") or ""), row.get("website_id"), folded(row.get("customer_group") or ""), qty


def _tier_failures(db: Database, row: Row, is_double: bool) -> list[Failure]:
    """Everything that is wrong with one row; it is saved only when nothing is."""
    price, qty = row.get("price"), row.get("quantity")
    kind = row.get("price_type")
    named = [row.get("sku"), str(row.get("website_id")), row.get("customer_group"), write(qty or Decimal(0))]
    told: list[tuple[bool, str, list[Any]]] = [
        (
            _is_bad_price(price) or (kind == "discount" and (price or 0) > 100),
            "Invalid attribute Price = %price.",
            [None if price is None else write(price)],
        ),
        (kind not in PRICE_TYPES, "Invalid attribute Price Type = %priceType.", [kind]),
        (qty is None or qty <= 0, "Invalid attribute Quantity = %qty.", []),
        (row.get("website_id") not in db.websites, "Invalid attribute Website ID = %websiteId.", []),
        (is_double, DUPLICATE, []),
        (
            group_id_of(db, row.get("customer_group")) is None,
            "No such entity with Customer Group = %customerGroup.",
            [],
        ),
    ]
    return [_failure(f"{text} {TIER_TAIL}", *more, *named) for wrong, text, more in told if wrong]


def _check_tiers(db: Database, rows: Sequence[Row]) -> tuple[list[Row], list[Failure]]:
    """Good rows, and what is wrong with the others; one unknown SKU refuses the whole call with 404 (M§4)."""
    if any(not _products(db, row) for row in rows):
        raise no_such_product()
    seen = Counter(_tier_key(row) for row in rows)
    found = [(row, _tier_failures(db, row, seen[_tier_key(row)] > 1)) for row in rows]
    good = [row for row, failures in found if not failures]
    return good, [failure for _, failures in found for failure in failures]


def _read_tier(db: Database, row: Row) -> TierPrice:
    group = group_id_of(db, row["customer_group"])
    is_discount = row["price_type"] == "discount"
    return TierPrice(
        website_id=row["website_id"],
        group_id=ALL_GROUPS if group is None else group,
        qty=scaled(row["quantity"], STOCK_PLACES),
        value=None if is_discount else scaled(row["price"], PRICE_PLACES),
        percentage=scaled(row["price"], PERCENT_PLACES) if is_discount else None,
    )


def _merge_tier(product: Product, tier: TierPrice) -> None:
    for place, held in enumerate(product.tiers):
        if held.key == tier.key:
            product.tiers[place] = tier
            return
    product.tiers.append(tier)


def post_tier_prices(call: Call) -> Any:
    """Adds or changes rows, leaves the others."""
    good, failures = _check_tiers(call.db, call.given["prices"])
    for row in good:
        for product in _products(call.db, row):
            _merge_tier(product, _read_tier(call.db, row))
    return failures


def put_tier_prices(call: Call) -> Any:
    """Replaces all rows of the SKUs that are named."""
    good, failures = _check_tiers(call.db, call.given["prices"])
    for row in good:
        for product in _products(call.db, row):
            product.tiers = []
    for row in good:
        for product in _products(call.db, row):
            _merge_tier(product, _read_tier(call.db, row))
    return failures


def delete_tier_prices(call: Call) -> Any:
    """Takes rows away; one that does not exist is no error."""
    good, failures = _check_tiers(call.db, call.given["prices"])
    for row in good:
        key = _read_tier(call.db, row).key
        for product in _products(call.db, row):
            product.tiers = [tier for tier in product.tiers if tier.key != key]
    return failures


def tier_price_information(call: Call) -> Any:
    return [
        {
            "price": shown(tier.value if tier.percentage is None else tier.percentage),
            "price_type": "fixed" if tier.percentage is None else "discount",
            "website_id": tier.website_id,
            "sku": product.sku,
            "customer_group": group_name_of(call.db, tier.group_id),
            "quantity": shown(tier.qty),
        }
        for sku in call.given["skus"]
        for product in call.db.with_sku(sku)
        for tier in product.tiers
    ]


def list_group_tiers(call: Call) -> Any:
    """The tier prices of one product for a group; "all" is the group of everybody."""
    product = find_product(call.db, call.path["sku"])
    given = call.path["customerGroupId"]
    group = ALL_GROUPS if given == "all" else read_scalar(given, "int")
    rows = [tier for tier in product.tiers if tier.group_id == group]
    return [
        {"customer_group_id": group, "qty": shown(tier.qty), "value": shown(tier.value or Decimal(0))} for tier in rows
    ]


# --- cost


def post_costs(call: Call) -> Any:
    def check(row: Row) -> Failure | None:
        parameters = [row.get("sku"), None if row.get("store_id") is None else str(row["store_id"])]
        tail = f"Row ID: SKU = {parameters[0] or ''}, Store ID: {parameters[1] or ''}."
        if not _products(call.db, row):
            return _failure(f"{NO_PRODUCT} {tail}", *parameters)
        if _is_bad_price(row.get("cost")):
            cost = None if row.get("cost") is None else write(row["cost"])
            return _failure(f"Invalid attribute Cost = {cost or ''}. {tail}", cost, *parameters)
        return _store_failure(call.db, row)

    def save(row: Row) -> None:
        for product in _products(call.db, row):
            set_value(call.db, product, "cost", row["cost"], row["store_id"])

    return _save_rows(call.given["prices"], check, save)


def cost_information(call: Call) -> Any:
    return [
        {"cost": shown(cost), "store_id": store, "sku": product.sku}
        for sku in call.given["skus"]
        for product in call.db.with_sku(sku)
        for store, cost in sorted(product.values.get("cost", {}).items())
        if isinstance(cost, Decimal)
    ]


def delete_costs(call: Call) -> Any:
    for sku in call.given["skus"]:
        for product in call.db.with_sku(sku):
            product.values.pop("cost", None)
    return True
