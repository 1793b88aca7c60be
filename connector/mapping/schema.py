"""The shape of a mapping file, before its settings are filled in."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from connector.model.entity import Entity


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, arbitrary_types_allowed=True)


def _is_remote(value: object) -> object:
    """A native name, a list of them, or a table of them by what the converters call them."""
    names = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else [value]
    if not names or not all(isinstance(name, str) and name for name in names):
        raise ValueError("must be a native name, a list of names, or a table of names")
    return value


def _is_step(value: object) -> object:
    """A converter by its name, or a table with its name under ``use`` and its options."""
    if isinstance(value, str) or (isinstance(value, dict) and isinstance(value.get("use"), str)):
        return value
    raise ValueError('must be the name of a converter, or { use = "name", option = … }')


def _is_expression(value: object) -> object:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a native name or an expression")
    return value


Remote: TypeAlias = Annotated[Any, BeforeValidator(_is_remote)]
Step: TypeAlias = Annotated[Any, BeforeValidator(_is_step)]
ExpressionText: TypeAlias = Annotated[str, BeforeValidator(_is_expression)]


class FieldTable(_Table):
    """One field: where it is there, and how its value translates."""

    remote: Remote
    convert: list[Step] = []
    write: Literal["never", "create", "always"] = "always"
    read: Literal["always", "first", "never"] = "always"
    unless_off: str = Field(default="", alias="and")
    part: str = ""
    blank: Any = None


class RowTable(_Table):
    """One kind of row, or what all kinds share. ``single``: a channel that holds one of them per product and list."""

    when: ExpressionText | None = None
    fields: dict[str, FieldTable] = {}
    fixed: dict[str, Any] = {}
    create: dict[str, Any] = {}
    always: dict[str, Any] = {}
    needs: dict[str, ExpressionText] = {}
    refuse: dict[str, ExpressionText] = {}
    single: bool = False


class EntityTable(RowTable):
    """One entity. ``calls`` are the parts of a write after the first, in their order; ``requires`` are the
    fields without which a record does not belong there (a customer without e-mail stays in the till)."""

    only: ExpressionText | None = None
    requires: list[str] = []
    calls: list[str] = []
    rows: dict[str, RowTable] = {}


class GivenTable(_Table):
    """What a test's result depends on beside the record."""

    as_of: str
    zone: str = "Europe/Amsterdam"
    country: str = "NL"
    vat_class: str | None = None
    list: dict[str, Any] | None = None


class TestTable(_Table):
    """One test. Without ``remote`` the record is created there; ``clears`` are names sent as null."""

    __test__ = False

    name: str
    entity: Entity = Field(strict=False)
    part: str = ""
    given: GivenTable
    remote: dict[str, Any] | None = None
    canonical: dict[str, Any]
    refused: list[str] = []
    back: dict[str, Any] = {}
    change: dict[str, Any] = {}
    empties: list[str] = []
    sends: dict[str, Any] = {}
    clears: list[str] = []
    shows: dict[str, Any] = {}
    hides: list[str] = []
    changes_at: str | None = None


class MappingTable(_Table):
    """A whole file."""

    format: Literal[1]
    adapter: str = ""
    extends: str = ""
    settings: dict[str, Any] = {}
    product: EntityTable | None = None
    customer: EntityTable | None = None
    price: EntityTable | None = None
    stock: EntityTable | None = None
    test: list[TestTable] = []
