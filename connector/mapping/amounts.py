"""Converters of amounts and weights."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Final, Literal

from connector.mapping import vat
from connector.mapping.context import Context
from connector.mapping.converter import Converter, Unfit, converter, plain
from connector.mapping.values import decimal_of, rounded, text_of
from connector.model.entity import PriceList

Form = Literal["included", "excluded"]

#: Unit, in lower case → kilograms.
_KG: Final = {
    "kg": Decimal(1),
    "g": Decimal("0.001"),
    "kgs": Decimal(1),
    "lb": Decimal("0.45359237"),
    "lbs": Decimal("0.45359237"),
    "oz": Decimal("0.028349523125"),
    "ct": Decimal("0.0002"),
}


@converter("vat")
@dataclass(frozen=True)
class Vat(Converter):
    """An amount in the channel's VAT form ↔ in the form of its price list: the one rounding rule.

    Args:
        form: the channel's own form, or one per VAT class where the product's tax decides.
        scale: decimals the channel keeps. An included amount is always written with two.

    Reading rounds to the list's scale. Two channels in one form exchange amounts untouched.
    """

    form: Form | dict[str, Form]
    scale: int = 4

    def get(self, raw: Any, context: Context) -> Any:
        amount, prices = decimal_of(raw), _list(context)
        if self._form(context) == prices.vat:
            return rounded(amount, prices.scale)
        if prices.vat == "included":
            return vat.gross(amount, _rate(context), prices.scale)
        return vat.net(amount, _rate(context), prices.scale)

    def put(self, value: Any, before: Any, context: Context) -> Any:
        amount, form = decimal_of(value), self._form(context)
        if form == _list(context).vat:
            return rounded(amount, self.scale)
        if form == "excluded":
            return vat.net(amount, _rate(context), self.scale)
        return vat.gross(amount, _rate(context), min(self.scale, 2))

    def changes_at(self, raw: Any, context: Context) -> date | None:
        if raw is None or context.vat_class is None or self._form(context) == _list(context).vat:
            return None
        return vat.rate_changes_at(context.country, context.vat_class, context.as_of)

    def _form(self, context: Context) -> str:
        if isinstance(self.form, str):
            return self.form
        found = self.form.get(context.vat_class or "")
        if found is None:
            raise Unfit("has no VAT form: the class of its product is not in the settings", "complete the setting")
        return found


def _list(context: Context) -> PriceList:
    if context.list is None:
        raise Unfit("belongs to no price list", "name the list in [prices]")
    return context.list


def _rate(context: Context) -> Decimal:
    if context.vat_class is None:
        raise Unfit("has no VAT rate: its product has no VAT class yet", "give the product a VAT class")
    return vat.rate(context.country, context.vat_class, context.as_of)


@converter("vat_apart")
@dataclass(frozen=True)
class VatApart(Converter):
    """An amount that is written in the channel's form and always read back net: ``{net, written}``.

    ``written`` is a name for what was sent, which no read returns; while it stands, it is the amount.
    """

    form: Form
    scale: int = 4
    nulls: ClassVar[bool] = True

    def get(self, raw: Any, context: Context) -> Any:
        if raw["written"] is not None:
            return Vat(self.form, self.scale).get(raw["written"], context)
        return None if raw["net"] is None else Vat("excluded", self.scale).get(raw["net"], context)

    def put(self, value: Any, before: Any, context: Context) -> Any:
        amount = None if value is None else Vat(self.form, self.scale).put(value, None, context)
        return {**before, "written": amount}

    def changes_at(self, raw: Any, context: Context) -> date | None:
        return Vat("excluded").changes_at(raw["net"], context) if raw["written"] is None else None


@converter("per_unit")
@dataclass(frozen=True)
class PerUnit(Converter):
    """An amount for so many pieces: [amount, pieces]. Divided only where it comes out exactly."""

    scale: int = 4
    nulls: ClassVar[bool] = True

    def get(self, raw: Any, context: Context) -> Any:
        if raw[0] is None:
            return None
        pieces = self._pieces(raw)
        each = rounded(decimal_of(raw[0]) / pieces, self.scale)
        if each * pieces != decimal_of(raw[0]):
            raise Unfit("does not divide exactly over the pieces of its row", "make a row for one piece there")
        return each

    def put(self, value: Any, before: Any, context: Context) -> Any:
        return [None if value is None else plain(decimal_of(value) * self._pieces(before)), before[1]]

    @staticmethod
    def _pieces(raw: Any) -> Decimal:
        pieces = Decimal(1) if raw[1] is None else decimal_of(raw[1])
        if pieces <= 0:
            raise Unfit("is for no pieces at all", "correct the row there")
        return pieces


@converter("weight")
@dataclass(frozen=True)
class Weight(Converter):
    """A weight in kilograms with four places.

    With two native names, [weight, unit], the unit is read, and written as ``write_unit``. With one
    name the channel's unit is ``unit``.
    """

    write_unit: str = ""
    unit: str = ""
    nulls: ClassVar[bool] = True

    def get(self, raw: Any, context: Context) -> Any:
        weight, unit = raw if isinstance(raw, list) else (raw, self.unit)
        if weight is None:
            return None
        return rounded(decimal_of(weight) * self._in_kg(unit or self.write_unit), 4)

    def put(self, value: Any, before: Any, context: Context) -> Any:
        if not isinstance(before, list):
            return None if value is None else rounded(decimal_of(value) / self._in_kg(self.unit), 4)
        if value is None:
            return [None, before[1]]
        return [rounded(decimal_of(value) / self._in_kg(self.write_unit), 4), self.write_unit]

    @staticmethod
    def _in_kg(unit: object) -> Decimal:
        found = _KG.get(text_of(unit).strip().lower())
        if found is None:
            raise Unfit("is in an unknown unit of weight", f"one of {', '.join(_KG)}")
        return found
