"""What a shop sets up once: retailer, outlets, registers, taxes, brands, categories, groups, users, payment types."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import request

from sandbox.lightspeed_x.access import ANY, DOMAIN_PREFIX, Access
from sandbox.lightspeed_x.errors import invalid, not_found
from sandbox.lightspeed_x.paging import list_feed, read_body, read_flag, read_whole
from sandbox.lightspeed_x.routes import Route
from sandbox.lightspeed_x.store import Row, Store, Table

CATEGORY_PAGE = 1000


class Reference:
    """The set-up of the shop, and the endpoints that show it."""

    def __init__(self, store: Store, access: Access) -> None:
        self.store = store
        self._access = access
        self.retailer: Row = {}
        self.default_tax = ""
        self.no_tax = ""
        self.default_group = ""
        self.outlets = store.table("outlets")
        self.registers = store.table("registers")
        self.taxes = store.table("taxes")
        self.brands = store.table("brands")
        self.categories = store.table("product_categories")
        self.groups = store.table("customer_groups")
        self.attributes = store.table("variant_attributes")
        self.payment_types = store.table("payment_types")
        self.users = store.table("users")

    # making

    def set_retailer(self, name: str) -> None:
        """The retailer itself; taxes must be there."""
        self.retailer = {
            "id": self.store.key("retailer", "1"),
            "name": name,
            "domain_prefix": DOMAIN_PREFIX,
            "tax_exclusive": self.store.switches.tax_exclusive,
            "currency": {"code": "EUR", "symbol": "€"},
            "timezone": {"name": "Europe/Amsterdam"},
            "country": "NL",
            "no_tax_group_id": self.no_tax,
            "discount_product_id": self.store.key("product", "discount"),
            "account_type": "plus",
        }

    def add_tax(self, name: str, rate: Decimal, default: bool = False) -> Row:
        """One tax; ``rate`` 0.21 is 21 %."""
        key = self.store.key("tax", name)
        part = {"id": self.store.key("tax rate", name), "name": name, "rate": rate, "display_name": name}
        row = {
            "id": key,
            "name": name,
            "display_name": name,
            "is_default": default,
            "rates": [part],
            "deleted_at": None,
            "version": 0,
        }
        if default:
            self.default_tax = key
        return self.taxes.save(row)

    def add_outlet(self, name: str) -> Row:
        """One outlet with its registers."""
        key = self.store.key("outlet", name)
        shown = "exclusive" if self.store.switches.tax_exclusive else "inclusive"
        row = {
            "id": key,
            "name": name,
            "display_prices": shown,
            "default_tax_id": self.default_tax,
            "currency": "EUR",
            "time_zone": "Europe/Amsterdam" if "Utrecht" in name else "Europe/Brussels",
            "deleted_at": None,
            "version": 0,
        }
        self.outlets.save(row)
        for number in range(1, self.store.switches.registers + 1):
            self._add_register(key, f"{name} kassa {number}")
        return row

    def _add_register(self, outlet_id: str, name: str) -> None:
        self.registers.save(
            {
                "id": self.store.key("register", name),
                "name": name,
                "outlet_id": outlet_id,
                "is_open": True,
                "register_open_time": self.store.moment(),
                "register_close_time": None,
                "invoice_sequence": 2001,
                "deleted_at": None,
                "version": 0,
            }
        )

    def add_user(self, key: str, name: str, account: str) -> Row:
        """One user; a user's id is the author of every sale (L§9)."""
        row = {
            "id": key,
            "username": name.lower(),
            "display_name": name,
            "email": f"{name.lower()}@example.com",
            "account_type": account,
            "deleted_at": None,
            "version": 0,
        }
        return self.users.save(row)

    def add_payment_type(self, name: str, kind: int) -> Row:
        """One payment type; its id is the config_id of a payment."""
        return self.payment_types.save(
            {"id": self.store.key("payment type", name), "name": name, "type_id": kind, "version": 0}
        )

    def add_group(self, name: str, key: str | None = None) -> Row:
        """One customer group."""
        key = key or self.store.new_key("customer group")
        row = {"id": key, "name": name, "group_id": f"{name}-{key[:4].upper()}", "deleted_at": None, "version": 0}
        return self.groups.save(row)

    def add_brand(self, name: str, key: str | None = None) -> Row:
        """One brand."""
        key = key or self.store.new_key("brand")
        return self.brands.save({"id": key, "name": name, "description": None, "deleted_at": None, "version": 0})

    def add_attribute(self, name: str, key: str | None = None) -> Row:
        """One variant attribute (Kleur, Maat)."""
        key = key or self.store.new_key("variant attribute")
        return self.attributes.save({"id": key, "name": name, "deleted_at": None, "version": 0})

    def add_category(self, name: str, parent: str | None = None, key: str | None = None) -> Row:
        """One product category; its parent is no leaf any more."""
        key = key or self.store.new_key("product category")
        above = self.categories.live(parent) if parent else None
        row = {
            "id": key,
            "name": name,
            "leaf_category": True,
            "parent_category_id": parent,
            "root_category_id": above["root_category_id"] if above else key,
            "category_path": [*(above["category_path"] if above else []), {"id": key, "name": name}],
            "version": 0,
        }
        if above and above["leaf_category"]:
            self.categories.save(above | {"leaf_category": False})
        return self.categories.save(row)

    # asking

    def rate(self, tax_id: str) -> Decimal:
        """The rate of a tax, all its parts together."""
        return sum((Decimal(part["rate"]) for part in self.taxes.get(tax_id)["rates"]), Decimal(0))

    def find_outlet(self, name: str) -> Row | None:
        """The outlet with this id or name."""
        return next((row for row in self.outlets if name in (row["id"], row["name"])), None)

    def register_of(self, outlet_id: str) -> Row:
        """The first register of an outlet."""
        return next(row for row in self.registers if row["outlet_id"] == outlet_id)

    def check_category(self, key: Any) -> None:
        """422 unless it is an existing leaf (spec 2026-07: only the last level)."""
        row = self.categories.rows.get(str(key))
        if row is None:
            raise invalid({"product_category_id": "Not found"})
        if not row["leaf_category"]:
            raise invalid({"product_category_id": "Must be a leaf category"})

    # endpoints

    def routes(self) -> list[Route]:
        """All endpoints of this module."""
        cap = self._list
        return [
            Route("GET", "/retailer", ANY, lambda: {"data": self.retailer}),
            Route("GET", "/outlets", "outlets:read", lambda: cap(self.outlets)),
            Route("GET", "/outlets/<key>", "outlets:read", lambda key: _one(self.outlets, key)),
            Route("GET", "/registers", ANY, lambda: cap(self.registers)),
            Route("GET", "/registers/<key>", ANY, lambda key: _one(self.registers, key)),
            Route("PUT", "/registers/<key>/actions/open", ANY, lambda key: self._turn_register(key, True)),
            Route("PUT", "/registers/<key>/actions/close", ANY, lambda key: self._turn_register(key, False)),
            Route("GET", "/taxes", ANY, lambda: cap(self.taxes)),
            Route("GET", "/payment_types", ANY, lambda: cap(self.payment_types)),
            Route("GET", "/users", "users:read", lambda: cap(self.users)),
            Route("GET", "/user", ANY, lambda: _one(self.users, self._access.user_id)),
            Route("GET", "/brands", "products:read", lambda: cap(self.brands)),
            Route("POST", "/brands", "products:write", self._create_brand),
            Route("GET", "/brands/<key>", "products:read", lambda key: _one(self.brands, key)),
            Route("GET", "/product_categories", "products:read", self._list_categories),
            Route("POST", "/product_categories/bulk", "products:write", self._save_categories),
            Route("GET", "/variant_attributes", "products:read", self._list_attributes),
            Route("POST", "/variant_attributes", "products:write", self._create_attribute),
            Route("GET", "/customer_groups", "customers:read", lambda: cap(self.groups)),
            Route("POST", "/customer_groups", "customers:write", self._create_group),
            Route("GET", "/customer_groups/<key>", "customers:read", lambda key: _one(self.groups, key)),
            Route("PUT", "/customer_groups/<key>", "customers:write", self._update_group),
            Route("DELETE", "/customer_groups/<key>", "customers:write", self._delete_group),
        ]

    def _list(self, table: Table) -> Row:
        return list_feed(table, self.store.switches.page_cap)

    def _turn_register(self, key: str, is_open: bool) -> Row:
        row = self.registers.live(key)
        moment = "register_open_time" if is_open else "register_close_time"
        return {"data": self.registers.save(row | {"is_open": is_open, moment: self.store.moment()})}

    def _create_brand(self) -> Row:
        """POST /brands answers with the id only (specification 2026-07)."""
        return {"data": self.add_brand(_name(read_body(), self.brands))["id"]}

    def _create_group(self) -> tuple[Row, int]:
        return {"data": self.add_group(_name(read_body(), self.groups))}, 201

    def _update_group(self, key: str) -> Row:
        row = self.groups.live(key)
        return {"data": self.groups.save(row | {"name": _name(read_body(), self.groups, key)})}

    def _delete_group(self, key: str) -> tuple[None, int]:
        row = self.groups.live(key)
        if key == self.default_group:
            raise invalid({"id": "The default group cannot be deleted"})
        self.groups.save(row | {"deleted_at": self.store.moment()})
        return None, 204

    def _list_attributes(self) -> Row:
        """All of them, without a version (specification 2026-07)."""
        rows = (row for row in self.attributes if read_flag("deleted") or not row["deleted_at"])
        return {"data": [{name: row[name] for name in ("id", "name", "deleted_at")} for row in rows]}

    def _create_attribute(self) -> tuple[Row, int]:
        row = self.add_attribute(_name(read_body(), self.attributes))
        moment = self.store.moment()
        return {"data": {"id": row["id"], "name": row["name"], "created_at": moment, "updated_at": moment}}, 201

    def _list_categories(self) -> Row:
        """Sorted by path, paged by id; ``data`` is an object with ``categories`` (specification 2026-07)."""
        rows = [row for row in self.categories if _in_branch(row, request.args.get("parent"))]
        rows.sort(key=lambda row: [part["name"].casefold() for part in row["category_path"]])
        after = request.args.get("after")
        start = next((place + 1 for place, row in enumerate(rows) if row["id"] == after), 0)
        size = read_whole("page_size", CATEGORY_PAGE) or CATEGORY_PAGE
        page = rows[start : start + size]
        shown = [{name: value for name, value in row.items() if name != "version"} for row in page]
        more = start + size < len(rows)
        info = {"has_next": more} | ({"last_seen": page[-1]["id"]} if more else {})
        return {"data": {"categories": shown}, "page_info": info}

    def _save_categories(self) -> Row:
        """Create and rename a hierarchy in one call; payload ids stand for categories of the same call."""
        made: dict[str, str] = {}
        answers = []
        given = read_body().get("categories")
        if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
            raise invalid({"categories": "Must be a list of objects"})
        for one in given:
            row = self._save_category(one, made)
            answer = {"id": row["id"], "name": row["name"], "parent_category_id": row["parent_category_id"]}
            if "payload_id" in one:
                made[str(one["payload_id"])] = row["id"]
                answer["payload_id"] = one["payload_id"]
            answers.append(answer)
        return {"data": answers}

    def _save_category(self, one: Row, made: dict[str, str]) -> Row:
        if not str(one.get("name") or "").strip():
            raise invalid({"name": "Required"})
        if one.get("id"):
            row = self.categories.live(str(one["id"]))
            path = [*row["category_path"][:-1], {"id": row["id"], "name": one["name"]}]
            return self.categories.save(row | {"name": one["name"], "category_path": path})
        above = one.get("payload_parent_category_id")
        parent = made.get(str(above)) if above else one.get("parent_category_id") and str(one["parent_category_id"])
        if above and parent is None:
            raise invalid({"payload_parent_category_id": "Not found"})
        if parent and parent not in self.categories.rows:
            raise not_found()
        return self.add_category(one["name"], parent)


def _one(table: Table, key: str) -> Row:
    return {"data": table.get(key)}


def _name(body: Row, table: Table, own: str | None = None) -> str:
    """The name in a body: filled, and free in the table."""
    name = str(body.get("name") or "").strip()
    if not name:
        raise invalid({"name": "Required"})
    for row in table:
        if row["name"].casefold() == name.casefold() and row["id"] != own and not row["deleted_at"]:
            raise invalid({"name": "Already exists"})
    return name


def _in_branch(row: Row, parent: str | None) -> bool:
    if parent is None:
        return True
    if parent == "none":
        return row["parent_category_id"] is None
    branch = {part["id"] for part in row["category_path"][:-1]}
    return row["parent_category_id"] == parent if request.args.get("include") == "children" else parent in branch
