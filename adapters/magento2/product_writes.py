"""Products, written: one by one, or many as one asynchronous bulk."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from adapters.magento2.api import ALL, Api, failed, one_by_one
from adapters.magento2.attributes import Attributes
from adapters.magento2.bulk import Bulk
from adapters.magento2.catalogue import PRODUCTS
from adapters.magento2.categories import Categories
from adapters.magento2.options import Options
from adapters.magento2.prices import base_id
from adapters.magento2.products import Products
from adapters.magento2.shapes import as_text, at, flattened, listed, nested, same, url_key
from adapters.magento2.shop import Shop
from connector.contract import Opening, RowResult, Write
from connector.errors import AuthFailed, ConnectorError, Gone, RateLimited, Rejected, Stale, Transient
from connector.model.entity import Value, code_key

COST, VIEWS = "cost", "views"
#: The calls of one write: the product itself, its cost, the texts of its store views.
PARTS: Final = ("", COST, VIEWS)
#: As many as are looked up in one call; a consumer works so many off in some twelve seconds (NOTES section 11).
WRITE_BATCH: Final = 100
_COST_NAME: Final = "custom_attributes.cost"
_LONGEST_SKU: Final = 64
_DISABLED: Final = 2
#: Method and path of a bulk's operations.
_POST, _PUT = ("POST", "products"), ("PUT", "products/bySku")
#: Members that the shop rewrites by rules of its own: what comes back is not compared.
_ITS_OWN_WAY: Final = frozenset({"url_key", "stock_item", "category_links"})

Item = Mapping[str, Any]


class ProductWrites:
    """Creates and changes products of one shop; one write at a time, so one in flight per SKU."""

    def __init__(
        self,
        api: Api,
        opening: Opening,
        shop: Shop,
        products: Products,
        attributes: Attributes,
        categories: Categories,
        bulk: Bulk,
    ) -> None:
        self._api = api
        self._options: Options = opening.options
        self._shop = shop
        self._products = products
        self._attributes = attributes
        self._categories = categories
        self._bulk = bulk
        self._store_id = int(opening.settings.get("store_id", 0))
        self._along: list[RowResult] = []

    def write(self, writes: Sequence[Write]) -> list[RowResult]:
        """Create, update, archive, delete; what is stored is compared with what was sent."""
        ids = [write.external_id for write in writes if write.external_id]
        known = {row.external_id: row.native for row in self._products.read(ids)}
        skus = [str(write.fields.get("sku") or "") for write in writes if _is_new(write)]
        taken = {code_key(str(item["sku"])) for item in self._products.items("sku", skus)}
        self._along = []
        results, left = self._at_once(writes, known, taken)
        try:
            results += one_by_one(left, lambda write: self._one(write, known, taken))
        except (RateLimited, AuthFailed) as stop:
            if not results:
                raise
            results += [failed(write, stop) for write in left]
        return results + self._along

    def _one(self, write: Write, known: Mapping[str, Item], taken: set[str]) -> RowResult:
        if _is_new(write):
            return self._create(write, taken)
        item = _expected(write, known)
        if write.operation == "delete":
            return self._delete(write, item)
        owed = _owed(write, item)
        if write.part == COST:
            return self._set_cost(write, item, owed)
        if write.part == VIEWS:
            return self._put_views(write, item, nested(owed).get("views", {}))
        tree = self._tree(owed, item)
        return self._result(write, self._put(item, tree), tree) if tree else _confirmed(write, item, {})

    def _create(self, write: Write, taken: set[str]) -> RowResult:
        tree = self._new(write, taken)
        stored = self._api.write("POST", PRODUCTS, "product", {"product": _body(tree)})
        taken.add(code_key(str(tree["sku"])))
        return self._result(write, stored, tree)

    def _new(self, write: Write, taken: Collection[str]) -> dict[str, Any]:
        """A new product. Raises Rejected or Stale for one that must not be sent."""
        sku = str(write.fields.get("sku") or "")
        _check_sku(sku)
        if code_key(sku) in taken:
            # the shop's create would overwrite it (NOTES 2.4): let the engine look again, and match
            raise Stale("a product with this SKU has appeared", entity="product")
        tree = self._tree(write.fields, {})
        # without website_ids it would stand on every website, without a URL key of its own it would collide
        extension = {"website_ids": [self._shop.website_id()]} | tree.get("extension_attributes", {})
        codes = {"url_key": url_key(str(tree.get("name") or ""), sku)} | tree.get("custom_attributes", {})
        return tree | {"extension_attributes": extension, "custom_attributes": codes} | self._own_price(write)

    def _own_price(self, write: Write) -> dict[str, Any]:
        """The price that comes along: everybody's, so not where prices are those of one website."""
        prices = [] if self._store_id else [price.fields.get("price") for price in write.along]
        return {"price": prices[0]} if prices and prices[0] is not None else {}

    def _tree(self, fields: Mapping[str, Value], item: Item) -> dict[str, Any]:
        """Fields as members of a product: labels as option ids, category paths as links; unknown ones are refused."""
        tree = nested(fields)
        codes = tree.get("custom_attributes")
        if codes:
            tree["custom_attributes"] = {code: self._attributes.stored(code, value) for code, value in codes.items()}
        if "categories" in tree:
            links = self._categories.links_for(tree.pop("categories") or (), item)
            tree["extension_attributes"] = tree.get("extension_attributes", {}) | {"category_links": links}
        return tree

    def _put(self, item: Item, tree: Mapping[str, Any], scope: str = ALL) -> Item:
        """Merge into the product by its SKU, encoded once; where a path cannot carry it, by POST, in the body."""
        sku = str(item["sku"])
        if _fits_a_path(sku):
            body = {"product": _body(tree)}
            stored = self._api.write("PUT", f"{scope}/products/{{sku}}", "product", body, {"sku": sku})
        else:
            body = {"product": {"sku": sku, **_body(tree)}}
            stored = self._api.write("POST", f"{scope}/products", "product", body)
        if stored.get("id") != item["id"]:
            raise Stale("another product has this SKU now", entity="product", external_id=str(item["id"]))
        return dict(stored)

    def _put_views(self, write: Write, item: Item, views: Mapping[str, Item]) -> RowResult:
        """Texts of store views and nothing else: what is sent to a view is an override there; null ends it."""
        lost: dict[str, str] = {}
        for view, tree in views.items():
            try:
                stored = self._put(item, tree, scope=f"/rest/{view}/V1")
            except (RateLimited, AuthFailed) as stop:
                if view == next(iter(views)):
                    raise
                return failed(write, stop)  # the views before it are written
            kept = {name: value for name, value in tree.items() if value is not None}
            lost |= dict(_lost(kept, flattened(stored), f"{VIEWS}.{view}."))
        return _confirmed(write, item, lost)

    def _set_cost(self, write: Write, item: Item, owed: Mapping[str, Value]) -> RowResult:
        if not owed:
            return _confirmed(write, item, {})
        row = {"cost": owed.get(_COST_NAME), "store_id": 0, "sku": item["sku"]}
        errors = self._api.write("POST", f"{PRODUCTS}/cost", "product", {"prices": [row]})
        return _confirmed(write, item, {_COST_NAME: "refused"} if errors else {})

    def _delete(self, write: Write, item: Item) -> RowResult:
        if not _fits_a_path(str(item["sku"])):
            raise Rejected("the path cannot carry this SKU", remedy="delete the product in the shop's admin panel")
        self._api.write("DELETE", f"{ALL}/products/{{sku}}", "product", None, {"sku": str(item["sku"])})
        return RowResult(write.token, write.external_id)

    def _at_once(
        self, writes: Sequence[Write], known: Mapping[str, Item], taken: set[str]
    ) -> tuple[list[RowResult], list[Write]]:
        """As one bulk of creates and one of updates, where there are enough; the results, and what is to go singly."""
        creates = [write for write in writes if _is_new(write)]
        updates = [write for write in writes if write.operation in ("update", "archive") and not write.part]
        results: list[RowResult] = []
        for kind, many in ((_POST, creates), (_PUT, updates)):
            if self._options.bulk_from and len(many) >= self._options.bulk_from and self._bulk.works():
                results += self._as_bulk(kind, many, known, taken, begun=bool(results))
        done = {result.token for result in results}
        return results, [write for write in writes if write.token not in done]

    def _as_bulk(
        self,
        kind: tuple[str, str],
        writes: Sequence[Write],
        known: Mapping[str, Item],
        taken: Collection[str],
        *,
        begun: bool,
    ) -> list[RowResult]:
        """One operation per SKU; what must not or need not be sent is answered beside, what is refused whole is not."""
        results: list[RowResult] = []
        sent: list[tuple[Write, dict[str, Any]]] = []
        skus = set(taken)
        for write in writes:
            try:
                tree = self._in_bulk(write, known, skus)
            except (Gone, Stale, Rejected) as wrong:
                results.append(failed(write, wrong))
                continue
            if tree:
                sent.append((write, tree))
                skus.add(code_key(str(tree["sku"])))
            else:
                results.append(_confirmed(write, known[write.external_id], {}))
        return results + self._submit(kind, sent, begun=begun)

    def _in_bulk(self, write: Write, known: Mapping[str, Item], taken: Collection[str]) -> dict[str, Any]:
        """The body of one operation, its SKU in it; {} where there is nothing to write."""
        if _is_new(write):
            return self._new(write, taken)
        item = _expected(write, known)
        tree = self._tree(_owed(write, item), item)
        return {"sku": str(item["sku"]), **tree} if tree else {}

    def _submit(
        self, kind: tuple[str, str], sent: Sequence[tuple[Write, dict[str, Any]]], *, begun: bool
    ) -> list[RowResult]:
        """One bulk, to its end. Where one body has all of it refused nothing is answered: each goes by itself then."""
        if not sent:
            return []
        method, path = kind
        try:
            outcomes = self._bulk.run(method, path, "product", [{"product": _body(tree)} for _, tree in sent])
        except Rejected:
            return []
        except (RateLimited, AuthFailed, Transient) as stop:
            if not begun:
                raise
            return [failed(write, stop) for write, _ in sent]
        return [
            failed(write, outcome) if isinstance(outcome, ConnectorError) else self._result(write, outcome, tree)
            for (write, tree), outcome in zip(sent, outcomes, strict=True)
        ]

    def _result(self, write: Write, stored: Item, sent: Mapping[str, Any]) -> RowResult:
        """What came of a write that was answered with the product as it is now, and of the price that came along."""
        self._products.learn(stored)
        lost = dict(_lost(sent, flattened(stored))) if sent else {}
        if self._own_price(write):
            wrong = {"price": lost.pop("price")} if "price" in lost else {}
            self._along += [_priced(price, str(stored["id"]), wrong) for price in write.along[:1]]
        return _confirmed(write, stored, lost)


def _is_new(write: Write) -> bool:
    return write.operation == "create" and not write.external_id


def _expected(write: Write, known: Mapping[str, Item]) -> Item:
    """The product as it is, which must still be what the write expects to replace."""
    item = known.get(write.external_id)
    if item is None:
        raise Gone("the product is not there any more", entity="product", external_id=write.external_id)
    for name in write.fields.keys() & write.before.keys():
        now = at(item, name)
        if not same(now, write.before[name]) and not same(now, write.fields[name]):
            raise Stale("the product has changed", entity="product", external_id=write.external_id)
    return item


def _owed(write: Write, item: Item) -> dict[str, Value]:
    """The fields that differ from what is there: an identical write would move ``updated_at`` for nothing."""
    fields: dict[str, Value] = dict(write.fields)
    if write.operation == "archive":
        fields["status"] = _DISABLED
    if fields.pop("sku", item["sku"]) != item["sku"]:
        raise Rejected(
            "a SKU cannot be changed over the API",
            fields={"sku": "the shop ignores a new SKU"},
            remedy="change the SKU in the shop's admin panel; the link stays",
        )
    return {name: value for name, value in fields.items() if not same(at(item, name), value)}


def _fits_a_path(sku: str) -> bool:
    """Whether a path can carry a SKU: clients fold dots away, some web servers refuse encoded slashes (NOTES 2.3)."""
    return sku not in (".", "..") and "/" not in sku and "\\" not in sku


def _check_sku(sku: str) -> None:
    if not sku or sku != sku.strip() or len(sku) > _LONGEST_SKU:
        raise Rejected(
            f"a SKU has 1 to {_LONGEST_SKU} characters and no blanks around it",
            fields={"sku": "too long, empty, or with blanks around it"},
            remedy="shorten the code in the system that owns it",
        )


def _body(tree: Mapping[str, Any]) -> dict[str, Any]:
    """A product as the API takes it."""
    body = dict(tree)
    if "custom_attributes" in body:
        body["custom_attributes"] = listed(body["custom_attributes"])
    return body


def _confirmed(write: Write, stored: Item, lost: Mapping[str, str]) -> RowResult:
    """Confirmed, or Rejected in the fields that the shop dropped or changed without a word (NOTES 2.7)."""
    id_, address = str(stored["id"]), code_key(str(stored["sku"]))
    if not lost:
        return RowResult(write.token, id_, address)
    what = "the shop did not keep what it was sent"
    return RowResult(write.token, id_, address, error=Rejected(what, fields=lost, external_id=id_))


def _priced(price: Write, product: str, wrong: Mapping[str, str]) -> RowResult:
    error = Rejected("the shop did not keep the price", fields=wrong, entity="price") if wrong else None
    return RowResult(price.token, base_id(product), error=error)


def _lost(sent: Mapping[str, Any], stored: Mapping[str, Any], head: str = "") -> Iterator[tuple[str, str]]:
    """Names of what was sent and is not what was stored."""
    for name, value in sent.items():
        kept = stored.get(name)
        if name in ("custom_attributes", "extension_attributes"):
            yield from _lost(value, kept or {}, f"{head}{name}.")
        elif name not in _ITS_OWN_WAY and not same(as_text(value) if head else value, kept):
            yield f"{head}{name}", "dropped" if kept in (None, "", []) else "stored otherwise"
