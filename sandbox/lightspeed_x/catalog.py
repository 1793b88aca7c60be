"""Products and their families (L§5): one row per sellable variant, the parent of a family a row of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from decimal import Decimal
from typing import Any

from flask import request

from sandbox.lightspeed_x.books import Books
from sandbox.lightspeed_x.errors import invalid, not_found
from sandbox.lightspeed_x.paging import list_feed, read_body, show_page
from sandbox.lightspeed_x.product_values import (
    blank_row,
    check_kinds,
    name_key,
    read_amount,
    read_code,
    read_name,
    read_part,
    read_truth,
    set_active,
    set_measures,
    set_outlet_taxes,
    slug,
)
from sandbox.lightspeed_x.reference import Reference
from sandbox.lightspeed_x.routes import Route
from sandbox.lightspeed_x.stock import Stock
from sandbox.lightspeed_x.store import Row, Store
from sandbox.stand import round_half_up

VARIANTS = 200
ATTRIBUTES = 3
FIRST_SKU = 10_000
NET_PLACES = 5
INHERITED = (
    "price_including_tax", "price_excluding_tax", "supply_price", "supplier_code", "is_active", "all_outlets_tax",
    "outlet_taxes", "weight", "weight_unit", "length", "width", "height", "dimensions_unit", "loyalty_amount",
)  # fmt: skip
"""What a variant takes from the body around it unless it says otherwise."""


class Catalog:
    """The products, and the endpoints that read and change them."""

    def __init__(self, store: Store, reference: Reference, stock: Stock, books: Books) -> None:
        self.store = store
        self._reference = reference
        self._stock = stock
        self._books = books
        self.products = store.table("products")
        self._codes: dict[str, set[str]] = {}
        self._names: dict[str, str] = {}
        self._families: dict[str, list[str]] = {}
        self._skus = FIRST_SKU

    # asking

    def find_code(self, code: str) -> list[Row]:
        """Products that bear a code, the SKU or any other; not the deleted ones."""
        return [self.products.rows[key] for key in sorted(self._codes.get(code, ()))]

    def family(self, product: Row) -> list[Row]:
        """All rows of a product's family, itself included; not the deleted ones."""
        rows = (self.products.rows[key] for key in self._families.get(product["family_id"], ()))
        return [row for row in rows if not row["deleted_at"]]

    def holder_of(self, name: str) -> str | None:
        """The family that has this name, if one has."""
        return self._names.get(name_key(name))

    # saving, and the indexes

    def _save(self, row: Row) -> Row:
        before = self.products.rows.get(row["id"])
        if before is None:
            self._families.setdefault(row["family_id"], []).append(row["id"])
        for code in before["product_codes"] if before else ():
            self._codes.get(code["code"], set()).discard(row["id"])
        if not row["deleted_at"]:
            self._names[name_key(row["name"])] = row["family_id"]
            for code in row["product_codes"]:
                self._codes.setdefault(code["code"], set()).add(row["id"])
        saved = self.products.save(row)
        if before is not None:
            self._free_name(before)
        self._books.set_base(saved)
        self.store.tell("product.update", saved)
        return saved

    def _free_name(self, before: Row) -> None:
        """Give up a family name that no row of the family bears any more."""
        key = name_key(before["name"])
        borne = any(name_key(row["name"]) == key for row in self.family(before))
        if self._names.get(key) == before["family_id"] and not borne:
            self._names.pop(key)

    # creating

    def create(self, body: Row, key: str | None = None) -> list[str]:
        """``POST /products``: the ids of what was made, one per variant. 422 when it cannot be."""
        check_kinds(body)
        name = read_name(body.get("name"))
        self._check_free(name, None)
        if body.get("product_category_id") or body.get("product_type_id"):
            self._reference.check_category(body.get("product_category_id") or body.get("product_type_id"))
        if body.get("brand_id") and body["brand_id"] not in self._reference.brands.rows:
            raise invalid({"brand_id": "Not found"})
        variants = body.get("variants") or []
        key = key or self.store.new_key("product")
        if not variants:
            row = self._new_row(body, name, key, key)
            self._check_codes(row["product_codes"], [row["id"]])
            self._make([row], [body])
            return [row["id"]]
        return self._create_family(body, name, key, variants)

    def _create_family(self, body: Row, name: str, family_id: str, variants: list[Row]) -> list[str]:
        if len(variants) > VARIANTS:
            raise invalid({"variants": f"At most {VARIANTS} variants"})
        for one in variants:
            check_kinds(one)
        shared = {member: body[member] for member in INHERITED if member in body}
        own = [shared | one for one in variants]
        rows = []
        for number, one in enumerate(own):
            whole = {**{m: v for m, v in body.items() if m not in ("variants", "sku", "product_codes")}, **one}
            row = self._new_row(whole, name, self.store.key("variant", f"{family_id}/{number}"), family_id)
            row["variant_parent_id"] = family_id
            row["variant_options"] = self._read_options(one.get("variant_definitions"))
            row["variant_name"] = " / ".join([name, *(option["value"] for option in row["variant_options"])])
            rows.append(row)
        self._check_options(rows)
        self._check_codes([code for row in rows for code in row["product_codes"]], [row["id"] for row in rows])
        parent = deepcopy(rows[0])
        parent |= {"id": family_id, "has_variants": True, "variant_parent_id": None, "variant_name": name, "sku": ""}
        parent |= {"variant_count": len(rows), "product_codes": [], "variant_options": [], "source_variant_id": None}
        self._save(parent)
        self._make(rows, own)
        return [row["id"] for row in rows]

    def _make(self, rows: list[Row], bodies: list[Row]) -> None:
        """Store new rows with the levels that were sent; track_inventory is not taken on create (L§5)."""
        for row, body in zip(rows, bodies, strict=True):
            for one in body.get("inventory") or []:
                self._stock.check_level(row, one)
        for row, body in zip(rows, bodies, strict=True):
            self._save(row)
            if row["has_inventory"]:
                self._stock.open(row)
                self._stock.set_levels(row, body.get("inventory") or [])

    def _new_row(self, body: Row, name: str, key: str, family_id: str) -> Row:
        category = body.get("product_category_id") or body.get("product_type_id") or None
        active = body.get("is_active", body.get("active", True))
        codes = self._read_codes(body, key)
        row = blank_row(self.store.moment()) | {
            "id": key,
            "family_id": family_id,
            "name": name,
            "variant_name": name,
            "handle": str(body.get("handle") or slug(name)),
            "sku": codes[0]["code"],
            "product_codes": codes,
            "active": read_truth(active, "is_active"),
            "is_active": read_truth(active, "is_active"),
            "has_inventory": bool(body.get("inventory")),
            "description": body.get("description") or "",
            "all_outlets_tax": {"tax_id": self._reference.default_tax, "is_default": True},
            "brand_id": body.get("brand_id") or None,
            "product_category_id": category,
            "product_type_id": category,
            "tag_ids": list(body.get("tag_ids") or []),
            "source": body.get("source") or "USER",
        }
        row |= {name: body.get(name) for name in ("supplier_id", "supplier_code", "source_id", "source_variant_id")}
        row["loyalty_amount"] = body.get("loyalty_amount")
        if "supply_price" in body:
            row["supply_price"] = read_amount(body["supply_price"], "supply_price")
        if body.get("outlet_taxes"):
            set_outlet_taxes(row, body["outlet_taxes"])
        if body.get("all_outlets_tax"):
            self._set_tax(row, body["all_outlets_tax"])
        set_measures(row, body)
        self._set_price(row, body)
        return row

    def _read_codes(self, body: Row, key: str) -> list[Row]:
        """The codes of a new product, ``sku`` first; the server makes one where none is sent."""
        given = [read_code(one) for one in body.get("product_codes") or []]
        sku = body.get("sku")
        if sku is not None and str(sku).strip():
            codes = [str(sku)] + [code for code, _ in given if code != str(sku)]
            types = dict(given)
            given = [(code, types.get(code, "CUSTOM")) for code in codes]
        if not given:
            self._skus += 1
            given = [(str(self._skus), "CUSTOM")]
        return [self._code(key, code, kind) for code, kind in given]

    def _code(self, product_id: str, code: str, kind: str) -> Row:
        return {"id": self.store.key("product code", f"{product_id}/{kind}/{code}"), "type": kind, "code": code}

    def _check_codes(self, codes: Iterable[Row], own: list[str]) -> None:
        """Refuse codes that others have, when the switch says so (L§5 [open])."""
        if self.store.switches.duplicate_sku == "accept":
            return
        seen: set[str] = set()
        for code in codes:
            if code["code"] in seen or self._codes.get(code["code"], set()) - set(own):
                raise invalid({"sku": "Already exists"})
            seen.add(code["code"])

    def _check_free(self, name: str, family_id: str | None) -> None:
        """Two families cannot have the same name (L§5)."""
        holder = self.holder_of(name)
        if holder is not None and holder != family_id:
            raise invalid({"name": "Already exists"}, name_existing_id=holder)

    def _read_options(self, given: Any) -> list[Row]:
        if not given or not 1 <= len(given) <= ATTRIBUTES:
            raise invalid({"variant_definitions": f"1 to {ATTRIBUTES} are required"})
        options = []
        for one in given:
            attribute = self._reference.attributes.rows.get(str(one.get("attribute_id")))
            if attribute is None or not str(one.get("value") or "").strip():
                raise invalid({"variant_definitions": "attribute_id and value are required"})
            options.append({"id": attribute["id"], "name": attribute["name"], "value": str(one["value"])})
        return options

    def _check_options(self, rows: list[Row]) -> None:
        """All members of a family have the same attributes, and no two the same values."""
        if len({tuple(option["id"] for option in row["variant_options"]) for row in rows}) > 1:
            raise invalid({"variant_definitions": "All variants must have the same attributes"})
        if len({tuple(option["value"] for option in row["variant_options"]) for row in rows}) < len(rows):
            raise invalid({"variant_definitions": "Two variants have the same values"})

    # prices and taxes

    def _set_price(self, row: Row, body: Row) -> None:
        """Take the price in the tax mode of the shop, derive the other with 5 decimals (L§5)."""
        exclusive = self.store.switches.tax_exclusive
        own, other = "price_excluding_tax", "price_including_tax"
        if not exclusive:
            own, other = other, own
        if body.get(own) is not None and body.get(other) is not None:
            raise invalid({own: "Only one of price_including_tax and price_excluding_tax can be sent"})
        if body.get(other) is not None:
            raise invalid({other: f"This shop is tax {'exclusive' if exclusive else 'inclusive'}"})
        if body.get(own) is not None:
            amount = read_amount(body[own], own)
            if amount < 0:
                raise invalid({own: "Must not be negative"})
            row[own] = round_half_up(amount, NET_PLACES)
        self._derive(row)

    def _derive(self, row: Row) -> None:
        factor = 1 + self._reference.rate(row["all_outlets_tax"]["tax_id"])
        if self.store.switches.tax_exclusive:
            row["price_including_tax"] = round_half_up(row["price_excluding_tax"] * factor, NET_PLACES)
        else:
            row["price_excluding_tax"] = round_half_up(row["price_including_tax"] / factor, NET_PLACES)

    def _set_tax(self, row: Row, given: Any) -> None:
        """``all_outlets_tax.tax_id``; "" is the default tax of the shop."""
        key = (given or {}).get("tax_id")
        if key in ("", None):
            key = self._reference.default_tax
        if str(key) not in self._reference.taxes.rows:
            raise invalid({"all_outlets_tax": "tax_id was not found"})
        row["all_outlets_tax"] = {"tax_id": key, "is_default": key == self._reference.default_tax}
        self._derive(row)

    # updating

    def update(self, key: str, body: Row) -> None:
        """``PUT /products/{id}``: ``common`` for the family, ``details`` for this row; lists replaced whole (L§5)."""
        product = self.products.live(key)
        common, details = check_kinds(read_part(body, "common")), check_kinds(read_part(body, "details"))
        family = [deepcopy(row) for row in self.family(product)]
        own = next(row for row in family if row["id"] == key)
        for name, value in common.items():
            if name in self._common:
                for row in family:
                    self._common[name](row, value)
        for name, value in details.items():
            if name in self._details:
                self._details[name](own, value)
        if {"price_including_tax", "price_excluding_tax"} & set(details):
            self._set_price(own, details)
        set_measures(own, details)
        levels = details.get("inventory") or []
        for one in levels:
            self._stock.check_level(own, one)
        self._store_update(own, family, bool(common), bool(set(details) - {"inventory"}))
        self._stock.set_levels(own, levels)

    def _store_update(self, own: Row, family: list[Row], all_rows: bool, own_row: bool) -> None:
        """Save the rows that were addressed; a level alone does not touch the product (L§4)."""
        for row in family:
            if all_rows or (own_row and row is own):
                self._save(row)
                if row["has_inventory"] and not row["has_variants"]:
                    self._stock.open(row)

    @property
    def _common(self) -> dict[str, Callable[[Row, Any], None]]:
        return {
            "name": self._rename,
            "description": lambda row, value: row.update(description=value or ""),
            "track_inventory": lambda row, value: row.update(has_inventory=read_truth(value, "track_inventory")),
            "brand_id": self._set_brand,
            "product_category_id": self._set_category,
            "tag_ids": lambda row, value: row.update(tag_ids=list(value or [])),
            "product_suppliers": self._set_suppliers,
        }

    @property
    def _details(self) -> dict[str, Callable[[Row, Any], None]]:
        return {
            "is_active": set_active,
            "product_codes": self._set_codes,
            "all_outlets_tax": self._set_tax,
            "outlet_taxes": set_outlet_taxes,
            "product_suppliers": self._set_suppliers,
            "loyalty_amount": lambda row, value: row.update(loyalty_amount=None if value == -1 else value),
            "variant_attribute_values": self._set_options,
        }

    def _rename(self, row: Row, value: Any) -> None:
        name = read_name(value)
        self._check_free(name, row["family_id"])
        values = [option["value"] for option in row["variant_options"]]
        row.update(name=name, variant_name=" / ".join([name, *values]))

    def _set_brand(self, row: Row, value: Any) -> None:
        if value and value not in self._reference.brands.rows:
            raise invalid({"brand_id": "Not found"})
        row["brand_id"] = value or None

    def _set_category(self, row: Row, value: Any) -> None:
        if value:
            self._reference.check_category(value)
        row["product_category_id"] = row["product_type_id"] = value or None

    def _set_codes(self, row: Row, value: Any) -> None:
        if not value:
            raise invalid({"product_codes": "At least one code is required"})
        codes = [self._code(row["id"], *read_code(one)) for one in value]
        self._check_codes(codes, [row["id"]])
        row.update(product_codes=codes, sku=codes[0]["code"])

    def _set_suppliers(self, row: Row, value: Any) -> None:
        """The full list; the first one's price is the supply price, -1 clears it (L§5)."""
        suppliers = []
        for one in value or []:
            price = None if one.get("price") in (-1, None) else read_amount(one["price"], "price")
            supplier = one.get("supplier_id")
            key = self.store.key("product supplier", f"{row['id']}/{supplier}")
            suppliers.append(
                {
                    "id": key,
                    "supplier_id": supplier,
                    "supplier_name": one.get("supplier_name") or "",
                    "code": one.get("code") or None,
                    "price": price,
                    "product_id": row["id"],
                }
            )
        row["product_suppliers"] = suppliers
        if suppliers:
            row["supply_price"] = suppliers[0]["price"] or Decimal(0)

    def _set_options(self, row: Row, value: Any) -> None:
        """New values for the attributes that the family has; a variant is never added or moved (L§5)."""
        known = {option["id"]: option for option in row["variant_options"]}
        for one in value or []:
            if str(one.get("attribute_id")) not in known or not str(one.get("attribute_value") or "").strip():
                raise invalid({"variant_attribute_values": "Not an attribute of this family"})
            known[one["attribute_id"]]["value"] = str(one["attribute_value"])
        row["variant_name"] = " / ".join([row["name"], *(option["value"] for option in row["variant_options"])])

    # deleting

    def delete(self, key: str, whole_family: bool = False) -> list[str]:
        """Delete one row, or its family; there is no way back (L§5). A parent without variants goes too."""
        product = self.products.live(key)
        family = self.family(product)
        gone = family if whole_family or product["has_variants"] else [product]
        left = [row for row in family if row not in gone]
        if left and all(row["has_variants"] for row in left):
            gone = family
        for row in gone:
            self._save(row | {"deleted_at": self.store.moment()})
            self._stock.close(row["id"])
            self._books.close(row["id"])
        return [row["id"] for row in gone]

    # endpoints

    def routes(self) -> list[Route]:
        """All endpoints of this module."""
        return [
            Route("GET", "/products", "products:read", self._get_list),
            Route("POST", "/products", "products:write", lambda: {"data": self.create(read_body())}),
            Route("GET", "/products/<key>", "products:read", lambda key: {"data": self.products.get(key)}),
            Route("PUT", "/products/<key>", "products:write", self._put),
            Route("DELETE", "/products/<key>", "products:write", lambda key: self._delete(key, False)),
            Route("DELETE", "/products/<key>/all", "products:write", lambda key: self._delete(key, True)),
        ]

    def _get_list(self) -> Row:
        """A lookup by code or name ignores all other parameters (contract products.list)."""
        if "sku" in request.args:
            return show_page(self.products, self.find_code(request.args["sku"]))
        name = request.args.get("name", request.args.get("family_name"))
        if name is not None:
            holder = self.holder_of(name)
            rows = self.family(self.products.get(holder)) if holder else []
            return show_page(self.products, [row for row in rows if row["name"] == name])
        return list_feed(self.products, self.store.switches.page_cap)

    def _put(self, key: str) -> Row:
        self.update(key, read_body())
        return {}

    def _delete(self, key: str, whole_family: bool) -> Row:
        self.delete(key, whole_family)
        return {}


def require_product(catalog: Catalog, sku: str) -> Row:
    """The one sellable product whose SKU this is; 404 when there is none."""
    found = [row for row in catalog.find_code(sku) if row["sku"] == sku]
    if not found:
        raise not_found()
    return found[0]
