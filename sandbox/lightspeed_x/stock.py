"""Levels per product and outlet with a feed of their own, and the three ways to change them (L§4, L§6)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Any

from flask import request

from sandbox.lightspeed_x.access import Access
from sandbox.lightspeed_x.errors import bad_request, conflict, invalid, refused
from sandbox.lightspeed_x.paging import LARGEST, list_feed, read_body, read_flag, read_number, read_whole, select
from sandbox.lightspeed_x.reference import Reference
from sandbox.lightspeed_x.routes import Route
from sandbox.lightspeed_x.store import Row, Store
from sandbox.stand import page_fault, write_decimal

NEGATIVE = ("DAMAGE", "EXPIRY", "INTERNAL_USE", "THEFT", "DONATION")
POSITIVE = ("STOCK_FOUND", "SAMPLE_FOR_SALE")
CUSTOM = "CUSTOM"
BATCH = 1000
NAME_LENGTH = 30
MEMBERS = {"product_id", "outlet_id", "quantity", "reason", "custom_inventory_adjustment_reason_id"}


class Stock:
    """The inventory rows, the adjustments and their reasons."""

    def __init__(self, store: Store, reference: Reference, access: Access) -> None:
        self.store = store
        self._reference = reference
        self._access = access
        self.levels = store.table("inventory")
        self.adjustments = store.table("stock_adjustments")
        self.reasons = store.table("custom_inventory_adjustment_reasons")
        self.products = store.table("products")
        self._places: dict[tuple[str, str], str] = {}

    # levels

    def open(self, product: Row) -> None:
        """Make the rows of a tracked product, one per outlet, at 0 where there is none yet."""
        for outlet in self._reference.outlets:
            if (product["id"], outlet["id"]) not in self._places:
                self._open_one(product, outlet["id"])

    def _open_one(self, product: Row, outlet_id: str) -> None:
        key = self.store.key("inventory", f"{product['id']}/{outlet_id}")
        self._places[product["id"], outlet_id] = key
        cost = product["supply_price"]
        self.levels.save(
            {
                "id": key,
                "product_id": product["id"],
                "outlet_id": outlet_id,
                "current_inventory_level": Decimal(0),
                "average_cost": cost if cost else None,
                "reorder_method": None,
                "reorder_point": None,
                "reorder_amount": None,
                "reorder_target": None,
                "quantity_to_procure": Decimal(0),
                "deleted_at": None,
                "version": 0,
            }
        )

    def row(self, product_id: str, outlet_id: str) -> Row | None:
        """The level of a product in an outlet, if it is tracked."""
        key = self._places.get((product_id, outlet_id))
        return self.levels.rows[key] if key else None

    def change(self, product_id: str, outlet_id: str, difference: Decimal) -> Row | None:
        """Add to a level; None for a product that is not tracked. The product row does not change (L§4)."""
        row = self.row(product_id, outlet_id)
        if row is None or not self.products.get(product_id)["has_inventory"]:
            return None
        return self._save(row | {"current_inventory_level": row["current_inventory_level"] + difference})

    def set(self, product_id: str, outlet_id: str, level: Decimal) -> Row | None:
        """Put a level to an absolute figure."""
        row = self.row(product_id, outlet_id)
        return None if row is None else self.change(product_id, outlet_id, level - row["current_inventory_level"])

    def set_reorder(self, product_id: str, outlet_id: str, point: Decimal | None, amount: Decimal | None) -> None:
        """Set when and how much to order again; a point of -1 clears it."""
        row = self.row(product_id, outlet_id)
        if row is None:
            return
        point = row["reorder_point"] if point is None else point
        amount = row["reorder_amount"] if amount is None else amount
        cleared = point is None or point == -1
        changed: Row = {
            "reorder_method": None if cleared else "FIXED",
            "reorder_point": None if cleared else point,
            "reorder_amount": None if cleared else (amount or Decimal(0)),
            "reorder_target": None if cleared else (point or Decimal(0)) + (amount or Decimal(0)),
        }
        self._save(row | changed)

    def close(self, product_id: str) -> None:
        """The product was deleted: so are its levels."""
        for outlet in self._reference.outlets:
            row = self.row(product_id, outlet["id"])
            if row is not None:
                self.levels.save(row | {"deleted_at": self.store.moment()})

    def _save(self, row: Row) -> Row:
        row["quantity_to_procure"] = max(Decimal(0), -row["current_inventory_level"])
        saved = self.levels.save(row)
        self.store.tell("inventory.update", saved)
        return saved

    # adjustments

    def adjust(self, product_id: str, outlet_id: str, quantity: Decimal, reason: str, custom: str | None = None) -> Row:
        """Book one adjustment: the level, and the line in the history."""
        self.change(product_id, outlet_id, quantity)
        moment = self.store.moment().replace("+00:00", "Z")
        row = {
            "id": self.store.new_key("stock adjustment"),
            "user_id": self._access.user_id,
            "product_id": product_id,
            "outlet_id": outlet_id,
            "quantity": write_decimal(quantity),
            "reason": reason,
        }
        if custom is not None:
            row["custom_inventory_adjustment_reason_id"] = custom
        return self.adjustments.save(row | {"created_at": moment, "updated_at": moment, "version": 0})

    def check(self, one: Any) -> tuple[str, str, Decimal, str, str | None]:
        """One row of a batch, understood; 422 says what is wrong with it."""
        if not isinstance(one, dict) or set(one) - MEMBERS:
            raise refused("each stock adjustment is an object; unknown members are not allowed")
        quantity = _read_quantity(one.get("quantity"))
        product = self.products.rows.get(str(one.get("product_id")))
        if product is None or product["deleted_at"]:
            raise refused("product_id was not found")
        if product["has_variants"] or not product["has_inventory"]:
            raise refused("inventory is not tracked for this product")
        if str(one.get("outlet_id")) not in self._reference.outlets.rows:
            raise refused("outlet_id was not found")
        reason, custom = self._read_reason(one)
        self._check_sign(quantity, reason, custom)
        return product["id"], one["outlet_id"], quantity, reason, custom

    def _read_reason(self, one: Row) -> tuple[str, str | None]:
        reason, custom = one.get("reason"), one.get("custom_inventory_adjustment_reason_id")
        if reason not in (*NEGATIVE, *POSITIVE, CUSTOM):
            raise refused(f"reason must be one of {', '.join((*NEGATIVE, *POSITIVE, CUSTOM))}")
        if (reason == CUSTOM) != (custom is not None):
            raise refused("custom_inventory_adjustment_reason_id belongs to reason CUSTOM, and only to it")
        if custom is not None and not self.reasons.rows.get(str(custom), {}).get("enabled"):
            raise refused("custom_inventory_adjustment_reason_id was not found or is not enabled")
        return str(reason), custom

    def _check_sign(self, quantity: Decimal, reason: str, custom: str | None) -> None:
        positive = self.reasons.rows[custom]["type"] == "POSITIVE" if custom else reason in POSITIVE
        if (quantity > 0) != positive:
            raise refused(f"quantity must be {'positive' if positive else 'negative'} for reason {reason}")

    def _post_adjustments(self) -> tuple[Row, int]:
        body = read_body()
        rows = body.get("stock_adjustments")
        if set(body) != {"stock_adjustments"} or not isinstance(rows, list) or not 1 <= len(rows) <= BATCH:
            raise refused(f"stock_adjustments must hold 1 to {BATCH} rows, and be the only member")
        if self.store.switches.batch == "whole":
            checked = [self.check(one) for one in rows]
            return {"data": [self.adjust(*one) for one in checked]}, 201
        return {"data": [self.adjust(*self.check(one)) for one in rows]}, 201

    # reasons

    def _post_reason(self) -> Row:
        """Answers 200 (specification 2026-07); a taken name is a 409."""
        body = read_body()
        if body.get("type") not in ("POSITIVE", "NEGATIVE") or not isinstance(body.get("enabled"), bool):
            raise refused("type (POSITIVE or NEGATIVE) and enabled are required")
        return {"data": self.add_reason(self._reason_name(body), body["type"], body["enabled"])}

    def add_reason(self, name: str, kind: str, enabled: bool = True) -> Row:
        """A reason of the shop's own."""
        moment = self.store.moment().replace("+00:00", "Z")
        row = {
            "id": self.store.new_key("reason"),
            "name": name,
            "enabled": enabled,
            "type": kind,
            "is_from_external_source": True,
            "created_at": moment,
            "updated_at": moment,
            "version": 0,
        }
        return self.reasons.save(row)

    def _put_reason(self, key: str) -> Row:
        body = read_body()
        row = dict(self.reasons.live(key))
        if "name" in body:
            row["name"] = self._reason_name(body, key)
        if "enabled" in body:
            row["enabled"] = bool(body["enabled"])
        return {"data": self.reasons.save(row)}

    def _reason_name(self, body: Row, own: str | None = None) -> str:
        name = body.get("name")
        if not isinstance(name, str) or not name.strip() or len(name) > NAME_LENGTH:
            raise refused(f"name is required and has at most {NAME_LENGTH} characters")
        if any(row["name"].casefold() == name.casefold() and row["id"] != own for row in self.reasons):
            raise conflict("A reason with this name already exists")
        return name

    # endpoints

    def routes(self) -> list[Route]:
        """All endpoints of this module."""
        return [
            Route("POST", "/inventory", "inventory:read", self._post_inventory),
            Route("GET", "/inventory/<key>", "inventory:read", self._get_inventory),
            Route("POST", "/inventory_levels", "inventory:read", self._post_levels),
            Route("GET", "/stock_adjustments", "inventory:write", lambda: list_feed(self.adjustments, 1000, 100)),
            Route("POST", "/stock_adjustments", "inventory:write", self._post_adjustments),
            Route(
                "GET",
                "/custom_inventory_adjustment_reasons",
                "inventory:write",
                lambda: list_feed(self.reasons, 100, 100),
            ),
            Route("POST", "/custom_inventory_adjustment_reasons", "inventory:write", self._post_reason),
            Route("PUT", "/custom_inventory_adjustment_reasons/<key>", "inventory:write", self._put_reason),
        ]

    def _post_inventory(self) -> list[Row]:
        """The feed in its new shape: a bare array, newest first unless asked otherwise (L§4)."""
        body = read_body()
        direction = body.get("sort_direction", "desc")
        if direction not in ("asc", "desc"):
            raise bad_request("sort_direction must be asc or desc")
        after = 0 if page_fault() == "repeat_page" else _whole(body, "after") or 0
        rows = self.levels.changes(after, _whole(body, "before"), direction == "desc")
        where = self._of_product(body.get("product_id"), body.get("variants") is True)
        wanted = select(rows, body.get("include_deleted") is True, where)
        size = max(1, min(_whole(body, "size") or 1000, 5000))
        return _cut(list(islice(wanted, size)))

    def _get_inventory(self, key: str) -> list[Row]:
        rows = self.levels.changes(read_whole("after", 0) or 0, read_whole("before"), descending=_direction() == "desc")
        wanted = select(rows, read_flag("include_deleted"), self._of_product(key, read_flag("variants")))
        return _cut(list(islice(wanted, max(1, min(read_whole("page_size", 1000) or 1000, 5000)))))

    def _of_product(self, product_id: Any, family: bool) -> Callable[[Row], bool] | None:
        if product_id is None:
            return None
        if not family:
            return lambda row: bool(row["product_id"] == product_id)
        return lambda row: bool(self.products.get(row["product_id"])["family_id"] == product_id)

    def _post_levels(self) -> list[Row]:
        """POST /inventory_levels: no version, sorted by level (contract inventory.levels)."""
        body = read_body()
        products, outlets = _ids(body, "product_ids"), _ids(body, "location_ids")
        rows = [
            self._level(row)
            for row in self.levels
            if not row["deleted_at"]
            and (products is None or row["product_id"] in products)
            and (outlets is None or row["outlet_id"] in outlets)
            and (body.get("include_inactive") is True or self.products.get(row["product_id"])["active"])
        ]
        rows.sort(key=lambda row: row["current_inventory_level"], reverse=body.get("sort_direction", "desc") == "desc")
        start = _whole(body, "offset") or 0
        return rows[start : start + max(1, min(_whole(body, "size") or 100, 10_000))]

    def _level(self, row: Row) -> Row:
        product = self.products.get(row["product_id"])
        cost = row["average_cost"] or Decimal(0)
        return {
            "product_id": product["id"],
            "root_product_id": product["family_id"],
            "name": product["variant_name"],
            "location_id": row["outlet_id"],
            "current_inventory_level": row["current_inventory_level"],
            "average_cost": cost,
            "total_cost": cost * row["current_inventory_level"],
            "quantity_to_procure": row["quantity_to_procure"],
        }

    def set_levels(self, product: Row, wanted: list[Row]) -> None:
        """``details.inventory``: absolute levels and reorder points; 422 when it cannot be."""
        for one in wanted:
            self.check_level(product, one)
        for one in wanted:
            if one.get("current_amount") is not None:
                self.set(product["id"], one["outlet_id"], Decimal(one["current_amount"]))
            if {"reorder_point", "reorder_amount"} & set(one):
                self.set_reorder(product["id"], one["outlet_id"], one.get("reorder_point"), one.get("reorder_amount"))

    def check_level(self, product: Row, one: Row) -> None:
        """422 for an unknown outlet, no number, or a product that is not tracked."""
        if str(one.get("outlet_id")) not in self._reference.outlets.rows:
            raise invalid({"inventory": "outlet_id was not found"})
        for name in ("current_amount", "reorder_point", "reorder_amount"):
            if one.get(name) is not None:
                read_number(one[name], f"inventory.{name}")
        if not product["has_inventory"]:
            raise invalid({"inventory": "track_inventory must be true"})


def _read_quantity(text: Any) -> Decimal:
    """A signed numeric text other than zero."""
    try:
        quantity = Decimal(text) if isinstance(text, str) and len(text) <= 32 else None
    except InvalidOperation:
        quantity = None
    if quantity is None or not quantity.is_finite() or abs(quantity) > LARGEST:
        raise refused("quantity must be a numeric string")
    if quantity == 0:
        raise refused("quantity must not be zero")
    return quantity


def _whole(body: Row, name: str) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise bad_request(f"{name} must be an integer")
    return value


def _ids(body: Row, name: str) -> list[str] | None:
    """A filter of at most 1000 ids, or None for no filter."""
    ids = body.get(name)
    if ids is not None and not (isinstance(ids, list) and all(isinstance(one, str) for one in ids)):
        raise bad_request(f"{name} must be a list of ids")
    if ids is not None and len(ids) > 1000:
        raise bad_request(f"{name} holds at most 1000 ids")
    return ids


def _direction() -> str:
    direction = request.args.get("order_direction", "asc")
    if direction not in ("asc", "desc"):
        raise bad_request("order_direction must be asc or desc")
    return direction


def _cut(rows: list[Row]) -> list[Row]:
    return rows[: len(rows) // 2] if page_fault() == "truncate_page" else rows
