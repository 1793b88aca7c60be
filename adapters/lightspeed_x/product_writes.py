"""Writing products: one call each, split into what the whole family shares and what is the row's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from adapters.lightspeed_x.api import Api, Json, failed, one_by_one, without
from adapters.lightspeed_x.price_writes import PRICE_MEMBERS, own_id, own_price
from adapters.lightspeed_x.products import PURPOSE, Products
from adapters.lightspeed_x.shop import Shop
from connector.contract import Evidence, RowResult, Write
from connector.errors import AmbiguousWrite, ContractBroken, Gone, Rejected
from connector.model.entity import code_key

#: Whether stock is kept is not taken on create (NOTES section 5).
TRACKING: Final = "tracking"
PARTS: Final = ("", TRACKING)
#: What a whole family shares; everything else belongs to the one row.
_COMMON: Final = ("name", "description", "brand_id", "product_category_id", "tag_ids", "track_inventory")
_PATH: Final = "/products/{product_id}"


class ProductWrites:
    """Creates, updates, archives and deletes."""

    def __init__(self, api: Api, shop: Shop, products: Products) -> None:
        self._api = api
        self._shop = shop
        self._products = products
        self._along: list[RowResult] = []

    def write(self, writes: Sequence[Write]) -> list[RowResult]:
        """A result for each, and for the prices that came along."""
        self._along = []
        return one_by_one(writes, self._one) + self._along

    def _one(self, write: Write) -> RowResult:
        if write.operation == "delete":
            self._api.write("DELETE", _PATH, PURPOSE, product_id=write.external_id)
            return RowResult(write.token, write.external_id)
        if write.operation == "create" and not write.external_id:
            return self._create(write)
        fields = {"is_active": False} if write.operation == "archive" else dict(write.fields)
        return self._update(write, fields)

    def _create(self, write: Write) -> RowResult:
        codes = write.fields.get("product_codes")
        if not isinstance(codes, list) or not codes or not isinstance(codes[0], dict):
            raise Rejected("a new product needs a SKU", fields={"product_codes": "missing"})
        sku = str(codes[0].get("code") or "")
        self._refuse_twin(sku)
        fields = without(write.fields, "has_inventory")  # not taken on create: the part that follows tells it
        body = self._members(fields, write) | {"sku": sku, "source_id": write.token}
        body["product_codes"] = codes[1:]  # the SKU becomes the first one by itself
        return RowResult(write.token, self._priced(write, body, sku), code_key(sku))

    def _priced(self, write: Write, body: Json, sku: str) -> str:
        """The id of a product that is made with its own price; without one that the shop refuses."""
        carried: list[Write] = []
        for price in write.along:
            try:
                body |= own_price(self._shop, price)
                carried.append(price)
            except Rejected as wrong:
                self._along.append(failed(price, wrong))
        try:
            id_ = self._created(body, sku)
        except Rejected as wrong:
            if not wrong.fields.keys() & PRICE_MEMBERS:
                raise
            self._along += [failed(price, wrong) for price in carried]
            return self._created(without(body, *PRICE_MEMBERS), sku)
        self._along += [RowResult(price.token, own_id(id_)) for price in carried]
        return id_

    def _refuse_twin(self, sku: str) -> None:
        """Whether a code is unique is not known (NOTES section 5), and the engine's look-up lost its case."""
        if sku in (sku.upper(), code_key(sku)) or self._products.is_surely_new(sku):
            return
        if self._products.spelled(sku, PURPOSE):
            raise Rejected(
                "another product has this SKU",
                fields={"product_codes": "its first code is the SKU of another product"},
                remedy="link the two with `connector match`",
            )

    def _created(self, body: Json, sku: str) -> str:
        """The id; once more with the SKU behind the name where another family has the name (NOTES section 5)."""
        try:
            return _only_id(self._api.write("POST", "/products", PURPOSE, body))
        except Rejected as wrong:
            if "name" not in wrong.fields or str(body["name"]).endswith(f" [{sku}]"):
                raise
        return _only_id(self._api.write("POST", "/products", PURPOSE, body | {"name": f"{body['name']} [{sku}]"}))

    def _update(self, write: Write, fields: Json) -> RowResult:
        if "name" in fields:
            self._refuse_family_name(write.external_id)
        members = self._members(fields, write)
        common = {name: value for name, value in members.items() if name in _COMMON}
        details = {name: value for name, value in members.items() if name not in _COMMON}
        body = {name: part for name, part in (("common", common), ("details", details)) if part}
        if body:
            self._api.write("PUT", _PATH, PURPOSE, body, product_id=write.external_id)
        return RowResult(write.token, write.external_id, _address(fields))

    def _refuse_family_name(self, id_: str) -> None:
        """A name belongs to the family: two variants that each write their own would overwrite each other for ever."""
        product = self._products.get(id_, PURPOSE)
        if product is None:
            raise Gone("the product is not there any more", external_id=id_)
        if product.get("variant_parent_id"):
            raise Rejected(
                "the name of a variant is that of its whole family",
                fields={"name": "is shared by all variants of the family"},
                remedy="change it in the shop, for all of them",
            )

    def _members(self, fields: Json, write: Write) -> Json:
        """Native fields as members of the call."""
        members = {name: value for name, value in fields.items() if name not in _TRANSLATED}
        if fields.get("tax_name"):
            members |= self._shop.tax_members(str(fields["tax_name"]), PURPOSE)
        if "brand" in fields:
            members["brand_id"] = self._shop.brand_id(fields["brand"], PURPOSE)
        if "category" in fields:
            members["product_category_id"] = self._shop.category_id(fields["category"], PURPOSE)
        if "has_inventory" in fields:
            members["track_inventory"] = bool(fields["has_inventory"])
        if members.get("weight") is not None:
            members.setdefault("weight_unit", write.before.get("weight_unit") or "KG")  # needed with it (contract)
        if "description" in members:
            members["description"] = members["description"] or ""
        return members

    def landed(self, write: Write) -> Evidence | None:
        """Whether a create in doubt has landed: a product with its SKU bears our token, which says which one it is."""
        codes: Any = write.fields.get("product_codes")
        if write.operation != "create" or not codes:
            return None
        found = self._products.spelled(str(codes[0].get("code") or ""), PURPOSE)
        ours = next((product for product in found if product.get("source_id") == write.token), None)
        if ours is not None:
            return Evidence(landed=True, external_id=str(ours["id"]))
        return None if found else Evidence(landed=False)


_TRANSLATED: Final = frozenset({"tax_name", "brand", "category", "has_inventory"})


def _only_id(data: Any) -> str:
    """The answer to a create is a list with the ids of all variants, here one (NOTES section 5)."""
    ids = data if isinstance(data, list) else [data]
    if len(ids) != 1 or not isinstance(ids[0], str):
        raise AmbiguousWrite("POST /products answered no id: it may have been created")
    return ids[0]


def _address(fields: Json) -> str:
    codes = fields.get("product_codes")
    if not codes:
        return ""
    if not isinstance(codes, list) or not isinstance(codes[0], dict):
        raise ContractBroken("product_codes is no list of codes")
    return code_key(str(codes[0].get("code") or ""))
