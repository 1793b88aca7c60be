"""The canonical model as data: what each entity's fields are, how personal they are, who owns them.

Owners and rules are the usual ones of canonical-model.md, sections 1 to 4, by the role a channel
plays; the configuration names the channel that plays it, and may say otherwise field by field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from connector.model.entity import Entity

Role = Literal["erp", "shop", "till"]
Rule = Literal["owner", "latest", "manual", "delta", "union", "min", "max"]

#: Personal data: who is meant, how to reach them, where they live, what is nobody's business; a
#: trade secret without a person; nothing of the kind. Logs and errors show the last alone.
Tag = Literal["id", "contact", "address", "private", "commercial", "-"]

FieldType = Literal[
    "text", "html", "code", "gtin", "flag", "ref", "set", "money", "qty", "percent", "kg", "day", "moment",
    "phone", "country", "lang", "name", "address", "addresses", "any",
]  # fmt: skip

#: Types whose canonical value is a ``Decimal``.
NUMERIC: Final[frozenset[FieldType]] = frozenset({"money", "qty", "percent", "kg"})

#: Types that are one value in the merge although they have members (canonical-model 2).
GROUPS: Final[frozenset[FieldType]] = frozenset({"name", "address", "addresses"})

NAME_MEMBERS: Final = ("first", "infix", "last", "initials")
ADDRESS_MEMBERS: Final = (
    "attention", "street", "number", "addition", "extra", "postcode", "city", "region", "country", "phone",
)  # fmt: skip

#: Never selected, whatever a mapping asks (canonical-model 0): last part of a native name, folded.
NEVER_READ: Final = frozenset(
    {
        "bsn",
        "socialsecuritynumber",
        "identificationdate",
        "identificationdocument",
        "identificationuser",
        "password",
        "password_hash",
        "rp_token",
    }
)


@dataclass(frozen=True)
class FieldSpec:
    """One field of the canonical model.

    Attributes:
        owner: the role that usually owns it; the first rank where two sides differ.
        rule: how a conflict is usually settled.
        key: part of the natural key, so never emptied.
        length: longest text, in code points; None where there is no limit.
        given: a system may give it out by itself; where it cannot be written there, that is no mere default.
    """

    name: str
    type: FieldType
    tag: Tag = "-"
    owner: Role = "erp"
    rule: Rule = "owner"
    key: bool = False
    length: int | None = None
    given: bool = False

    @property
    def is_group(self) -> bool:
        """Whether the value has members that only mean something together."""
        return self.type in GROUPS

    @property
    def is_personal(self) -> bool:
        """Whether a person is meant, so that ``privacy forget`` removes it."""
        return self.tag not in ("-", "commercial")


def _table(*specs: FieldSpec) -> Mapping[str, FieldSpec]:
    return MappingProxyType({spec.name: spec for spec in specs})


_PRODUCT = _table(
    FieldSpec("sku", "code", rule="manual", key=True, length=64),
    FieldSpec("barcode", "gtin", length=40),
    FieldSpec("more_barcodes", "set", rule="union"),
    FieldSpec("name", "text", rule="manual", length=255),
    FieldSpec("summary", "text", length=255),
    FieldSpec("description", "html", owner="shop"),
    FieldSpec("active", "flag"),
    FieldSpec("sell_online", "flag", rule="latest"),
    FieldSpec("sell_in_store", "flag", rule="latest"),
    FieldSpec("vat_class", "ref"),
    FieldSpec("unit", "ref"),
    FieldSpec("fraction", "flag"),
    FieldSpec("tracks_stock", "flag"),
    FieldSpec("weight", "kg", rule="latest"),
    FieldSpec("brand", "ref"),
    FieldSpec("group", "ref"),
    FieldSpec("categories", "set", owner="shop", rule="union"),
    FieldSpec("attribute_set", "ref", owner="shop"),
    FieldSpec("family", "code", owner="shop"),
    FieldSpec("axes", "any", owner="shop"),
    FieldSpec("cost", "money", tag="commercial"),
)

_CUSTOMER = _table(
    FieldSpec("kind", "ref"),
    FieldSpec("email", "text", tag="id", owner="shop", rule="manual", key=True, length=255),
    FieldSpec("customer_no", "code", tag="id", length=18, given=True),
    FieldSpec("loyalty_card", "code", tag="id", owner="till", length=40),
    FieldSpec("name", "name", tag="id", owner="shop", rule="latest"),
    FieldSpec("company", "text", tag="id", length=255),
    FieldSpec("vat_number", "code", tag="id", rule="manual", key=True),
    FieldSpec("coc_number", "code", tag="id"),
    FieldSpec("phone", "phone", tag="contact", owner="shop", rule="latest"),
    FieldSpec("mobile", "phone", tag="contact", owner="shop", rule="latest"),
    FieldSpec("lang", "lang", owner="shop", rule="latest"),
    FieldSpec("invoice", "address", tag="address", owner="shop", rule="latest"),
    FieldSpec("delivery", "address", tag="address", owner="shop", rule="latest"),
    FieldSpec("more", "addresses", tag="address", owner="shop", rule="latest"),
    FieldSpec("group", "ref", tag="commercial"),
    FieldSpec("payment_terms", "ref", tag="commercial"),
    FieldSpec("credit_limit", "money", tag="commercial"),
    FieldSpec("blocked", "flag", tag="commercial"),
    FieldSpec("newsletter", "flag", tag="private", owner="shop", rule="min"),
    FieldSpec("birth_date", "day", tag="private", owner="shop"),
    FieldSpec("active", "flag"),
)

_PRICE = _table(
    FieldSpec("min_qty", "qty", key=True),
    FieldSpec("starts", "day", key=True),
    FieldSpec("ends", "day"),
    FieldSpec("amount", "money"),
    FieldSpec("percent", "percent"),
)

_STOCK = _table(FieldSpec("on_hand", "qty", rule="delta"))

#: Entity → field → what it is. Families of fields (``name.fr``) are answered by :func:`spec_of`.
FIELDS: Final[Mapping[Entity, Mapping[str, FieldSpec]]] = MappingProxyType(
    {Entity.PRODUCT: _PRODUCT, Entity.CUSTOMER: _CUSTOMER, Entity.PRICE: _PRICE, Entity.STOCK: _STOCK}
)

#: Fields that come once per language, per country, or per shop's own wish.
_FAMILIES: Final[Mapping[tuple[Entity, str], FieldSpec]] = MappingProxyType(
    {
        (Entity.PRODUCT, "name"): _PRODUCT["name"],
        (Entity.PRODUCT, "summary"): _PRODUCT["summary"],
        (Entity.PRODUCT, "description"): _PRODUCT["description"],
        (Entity.PRODUCT, "vat_class"): _PRODUCT["vat_class"],
        (Entity.PRODUCT, "custom"): FieldSpec("custom", "any"),
        # A shop's own customer field may hold anything, so it is treated as if it named a person.
        (Entity.CUSTOMER, "custom"): FieldSpec("custom", "any", tag="private"),
    }
)


def spec_of(entity: Entity, field: str) -> FieldSpec | None:
    """What a field is; None where the model has no such field (``name.fr`` is a ``name``)."""
    known = FIELDS[entity].get(field)
    if known is not None:
        return known
    family, dot, member = field.partition(".")
    return _FAMILIES.get((entity, family)) if dot and member else None
