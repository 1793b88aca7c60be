"""Prices: the product's own, and rules of price lists for one product (NOTES section 6).

The product's own price belongs to its template. Rules for categories, for everything, and by formula are nobody's
row here: what they come to cannot be read from outside. A rule that is deleted leaves no trace, so that sweeps
find it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from adapters.odoo.api import Odoo
from adapters.odoo.batches import Change, New, Records
from adapters.odoo.families import of_families
from adapters.odoo.feeds import Feed, wire
from adapters.odoo.products import MODEL, PRICE, base_id
from adapters.odoo.results import in_turn, prepared, result
from adapters.odoo.shop import BASE, Shop
from connector.contract import Evidence, Opening, Page, Row, RowResult, Write
from connector.errors import ChannelError, Gone, Rejected
from connector.model.entity import Entity, Native

RULES: Final = "product.pricelist.item"
BASE_PART, RULE_PART = "base", "rule"
_LANE: Final = Entity.PRICE
_OWN: Final = frozenset({PRICE})
_DATES: Final = ("date_start", "date_end")
_FIXED, _PERCENT = "fixed_price", "percent_price"
_RULE: Final = frozenset(
    {"pricelist_id", "product_id", "product_tmpl_id", "compute_price", "min_quantity", _FIXED, _PERCENT, *_DATES}
)
#: The kinds of rules that are rows: for one variant, or for one product, by an amount or a percentage.
_CARRIED: Final = [
    ["applied_on", "in", ["0_product_variant", "1_product"]],
    ["compute_price", "in", ["fixed", "percentage"]],
]


class Prices:
    """The price entity of one company. Ids are ``PRODUCT:base`` and ``PRODUCT:RULE``."""

    def __init__(self, odoo: Odoo, opening: Opening, shop: Shop) -> None:
        self._odoo = odoo
        self._shop = shop
        self._has_base = BASE in opening.lists
        self._own = Records(odoo, MODEL, _LANE.value, shop.context)
        self._rules = Records(odoo, RULES, _LANE.value, shop.context)

    @property
    def _own_feed(self) -> Feed:
        return self._shop.feed(MODEL, _OWN, [] if self._has_base else [["id", "=", False]], _LANE)

    @property
    def _rule_feed(self) -> Feed:
        lists = ["pricelist_id", "in", sorted(self._shop.lists)]
        return self._shop.feed(RULES, _RULE, [lists, *_CARRIED], _LANE)

    # --- reading

    def changes(self, cursor: str | None) -> Iterator[Page]:
        """Own prices of products that changed, then rules that did."""
        own, rules = self._own_feed, self._rule_feed
        found = own.search(own.domain) if cursor is None else own.since(cursor)
        yield from self._own_pages(own.pages(found, complete=False))
        changed = rules.search(rules.domain) if cursor is None else rules.since(cursor)
        pages = rules.pages(changed, cursor=wire(found.server_at))  # as of the first search: nothing lies between
        yield from self._rule_pages(pages)

    def sweep(self) -> Iterator[Page]:
        """All of them."""
        own, rules = self._own_feed, self._rule_feed
        yield from self._own_pages(own.pages(own.search(own.domain), complete=False))
        yield from self._rule_pages(rules.pages(rules.search(rules.domain)))

    def read(self, ids: Sequence[str]) -> list[Row]:
        """Prices by id; those that are not there are left out."""
        own = [product for id_ in ids for product, _, kind in [id_.partition(":")] if kind == BASE_PART]
        rules = [int(rule) for id_ in ids for _, _, rule in [id_.partition(":")] if rule.isdecimal()]
        wanted = frozenset(ids)
        found = self._own_rows(self._own_feed.read([int(one) for one in own if one.isdecimal()]))
        found += self._rule_rows(self._rule_feed.read(rules)) if rules else []
        return [row for row in found if row.external_id in wanted]

    def find_of(self, products: Sequence[str]) -> dict[str, list[Row]]:
        """All prices of these products."""
        found: dict[str, list[Row]] = {product: [] for product in products}
        ids = [int(product) for product in products if product.isdecimal()]
        own, rules = self._own_feed, self._rule_feed
        rows = self._own_rows(own.read(own.search([*own.domain, ["id", "in", ids]]).value))
        if self._shop.lists and ids:
            theirs = ["|", ["product_id", "in", ids], ["product_tmpl_id.product_variant_ids", "in", ids]]
            rows += self._rule_rows(rules.read(rules.search([*rules.domain, *theirs]).value))
        for row in rows:
            found.setdefault(row.parent, []).append(row)
        return {product: found[product] for product in products}

    def _own_pages(self, pages: Iterator[Page]) -> Iterator[Page]:
        return (replace(page, rows=self._own_rows(page.rows)) for page in pages)

    def _rule_pages(self, pages: Iterator[Page]) -> Iterator[Page]:
        return (replace(page, rows=self._rule_rows(page.rows)) for page in pages)

    @staticmethod
    def _own_rows(rows: Sequence[Row]) -> list[Row]:
        return [
            replace(row, external_id=base_id(row.external_id), parent=row.external_id, place=BASE, part=BASE_PART)
            for row in rows
        ]

    def _rule_rows(self, rows: Sequence[Row]) -> list[Row]:
        """Rules of one product each; one for a template of several variants is a price of several."""
        templates = {int(row.native["product_tmpl_id"]) for row in rows if row.native["product_id"] is None}
        variants = self._variants(sorted(templates))
        found = []
        for row in rows:
            product = row.native["product_id"] or variants.get(int(row.native["product_tmpl_id"]))
            if product is not None:
                found.append(self._rule_row(row, str(product)))
        return found

    def _variants(self, templates: Sequence[int]) -> Mapping[int, int]:
        """Template → its variant, where it has only one, be it archived."""
        if not templates:
            return {}
        context = {"active_test": False}
        told = self._odoo.read(
            "product.template", "read", _LANE.value, ids=templates, fields=["product_variant_ids"], context=context
        )
        found = {int(row["id"]): row["product_variant_ids"] for row in told.value}
        return {template: int(variants[0]) for template, variants in found.items() if len(variants) == 1}

    def _rule_row(self, row: Row, product: str) -> Row:
        native = dict(row.native)
        other = _PERCENT if native["compute_price"] == "fixed" else _FIXED
        native[other] = None
        native |= {name: native[name] and f"{native[name].replace(' ', 'T')}Z" for name in _DATES}
        place = self._shop.lists[int(native["pricelist_id"])]
        return replace(
            row, native=native, external_id=f"{product}:{row.external_id}", parent=product, place=place, part=RULE_PART
        )

    # --- writing

    def write(self, writes: Sequence[Write]) -> list[RowResult]:
        """Set own prices; make, change and delete rules."""
        own = [write for write in writes if _is_own(write)]
        rules = [write for write in writes if not _is_own(write)]
        gone = [write for write in rules if write.operation == "delete"]
        made = [write for write in rules if not write.external_id]
        changed = [write for write in rules if write.external_id and write.operation != "delete"]
        return in_turn(
            [(gone, self._delete_rules), (own, self._set_own), (made, self._make_rules), (changed, self._change_rules)]
        )

    def _set_own(self, writes: Sequence[Write]) -> list[RowResult]:
        """The product's own price; one of several variants has none that is its own."""
        shared = of_families(self._odoo, [_product(write) for write in writes], _LANE.value)
        refused = {write.token: wrong for write in writes if (wrong := _objection(write, shared)) is not None}
        left = [write for write in writes if write.token not in refused]
        errors = self._own.update([Change(int(_product(write)), {PRICE: write.fields[PRICE]}) for write in left])
        results = [result(write, error, base_id(_product(write))) for write, error in zip(left, errors, strict=True)]
        return results + [
            result(write, refused[write.token], write.external_id) for write in writes if write.token in refused
        ]

    def _make_rules(self, writes: Sequence[Write]) -> list[RowResult]:
        values, refused = prepared(writes, self._rule)
        left = [write for write in writes if write.token in values]
        made = self._rules.create([New(write.token, values[write.token]) for write in left])
        results = [
            result(write, one.error, "" if one.id is None else f"{_product(write)}:{one.id}")
            for write, one in zip(left, made, strict=True)
        ]
        return results + [result(write, refused[write.token], "") for write in writes if write.token in refused]

    def _rule(self, write: Write) -> dict[str, Any]:
        return {
            "pricelist_id": self._shop.list_id(write.place),
            "applied_on": "0_product_variant",
            "product_id": int(_product(write)),
            **_rule_values(write.fields),
        }

    def _change_rules(self, writes: Sequence[Write]) -> list[RowResult]:
        errors = self._rules.update([Change(_rule_id(write), _rule_values(write.fields)) for write in writes])
        return [result(write, error, write.external_id) for write, error in zip(writes, errors, strict=True)]

    def _delete_rules(self, writes: Sequence[Write]) -> list[RowResult]:
        errors = self._rules.call("unlink", [_rule_id(write) for write in writes])
        return [result(write, error, write.external_id) for write, error in zip(writes, errors, strict=True)]

    def landed(self, write: Write) -> Evidence | None:
        """A new rule by its mark; everything else leaves none."""
        if write.operation != "create" or _is_own(write):
            return None
        found = self._rules.made_by(write.token)
        if found is None or not found.external_id:
            return found
        return replace(found, external_id=f"{_product(write)}:{found.external_id}")


def _is_own(write: Write) -> bool:
    return write.part == BASE_PART or write.external_id.endswith(f":{BASE_PART}") or write.place == BASE


def _product(write: Write) -> str:
    return write.parent_id or write.external_id.partition(":")[0]


def _rule_id(write: Write) -> int:
    return int(write.external_id.partition(":")[2])


def _rule_values(fields: Native) -> dict[str, Any]:
    """What is sent of a rule: moments as the server takes them, and which of the two prices applies."""
    values = {name: value for name, value in fields.items() if name not in (_FIXED, _PERCENT)}
    for name in _DATES:
        if isinstance(text := values.get(name), str):
            values[name] = text.replace("T", " ").removesuffix("Z")
    for name, kind in ((_FIXED, "fixed"), (_PERCENT, "percentage")):
        if fields.get(name) is not None:
            values |= {name: fields[name], "compute_price": kind}
    return values


def _objection(write: Write, shared: frozenset[str]) -> ChannelError | None:
    """Why an own price must not be sent, None where nothing speaks against it."""
    if write.operation == "delete":
        return Rejected("a product is never without a price of its own", remedy="set another price")
    if not _product(write).isdecimal():
        return Gone("no product has such an id")
    if write.fields.get(PRICE) is None:
        return Rejected("a price needs an amount", fields={PRICE: "missing"})
    if _product(write) not in shared:
        return None
    return Rejected(
        "the price belongs to the template, and all its variants would change",
        fields={PRICE: "is shared by all variants of the template"},
        remedy="name a price list of the till in [prices], whose rules are for one variant each",
    )
