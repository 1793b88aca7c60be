"""What a converter is, how a chain of them works, and where they are registered by name."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Final, TypeVar, get_type_hints

from pydantic import TypeAdapter, ValidationError

from connector.mapping.context import Context


class Unfit(Exception):  # a verdict on a value, turned into MappingError where the field is known
    """A value that a converter cannot carry. The message holds nothing of the value itself."""

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.remedy = remedy


class Converter:
    """One step between native and canonical: a lens that sees the last native value when it writes.

    A chain runs left to right inbound and right to left outbound. Both ways a value that is
    already right is left alone, byte for byte: that is the chain's work, not the converter's.

    Attributes:
        nulls: it has an answer for a native null, or for a canonical one; others never see them.
        writes: False where nothing can be written back through it.
        follows: what it means hangs on native names of other fields too, so that it must be
            written again when these change, although its own value stays.
    """

    nulls: ClassVar[bool] = False
    writes: ClassVar[bool] = True
    follows: ClassVar[bool] = False

    def get(self, raw: Any, context: Context) -> Any:
        """The canonical value of a native one, or what the next step reads. Raises Unfit."""
        raise NotImplementedError

    def put(self, value: Any, before: Any, context: Context) -> Any:
        """The native value to write for a canonical one, given what is there now. Raises Unfit."""
        raise NotImplementedError

    def changes_at(self, raw: Any, context: Context) -> date | None:
        """The next day on which ``get`` answers otherwise by the clock alone."""
        return None

    def warning(self, value: Any) -> str:
        """What a person should look at although the value is carried; "" where nothing."""
        return ""


Kind = TypeVar("Kind", bound=type[Converter])

#: Name in a mapping → converter. Filled by :func:`converter` when the modules are imported.
CONVERTERS: Final[dict[str, type[Converter]]] = {}


def converter(name: str) -> Callable[[Kind], Kind]:
    """Register a converter, a frozen dataclass whose fields are its options, under a name."""

    def register(kind: Kind) -> Kind:
        CONVERTERS[name] = kind
        return kind

    return register


def options_of(kind: type[Converter]) -> frozenset[str]:
    """The options that a converter takes."""
    return frozenset(_options(kind))


def _options(kind: type[Converter]) -> Mapping[str, TypeAdapter[Any]]:
    if not dataclasses.is_dataclass(kind):
        return {}
    hints = get_type_hints(kind)
    return {field.name: TypeAdapter(hints[field.name]) for field in dataclasses.fields(kind) if field.init}


def built(kind: type[Converter], options: Mapping[str, Any]) -> Converter:
    """A converter with its options; raises ValueError, saying which one is wrong."""
    adapters = _options(kind)
    for name, value in options.items():
        try:
            adapters[name].validate_python(value)
        except ValidationError as error:
            raise ValueError(f"{name} {error.errors()[0]['msg'].lower()}") from error
    try:
        return kind(**options)
    except TypeError as error:
        missing = [field for field in _required(kind) if field not in options]
        raise ValueError(f"needs {' and '.join(missing)}" if missing else "cannot be used like this") from error


def _required(kind: type[Converter]) -> list[str]:
    if not dataclasses.is_dataclass(kind):
        return []
    absent = dataclasses.MISSING
    return [f.name for f in dataclasses.fields(kind) if f.default is absent and f.default_factory is absent]


@dataclasses.dataclass(frozen=True)
class Chain:
    """Converters in a row, as one lens."""

    steps: tuple[Converter, ...]

    @property
    def writes(self) -> bool:
        return all(step.writes for step in self.steps)

    @property
    def follows(self) -> bool:
        return any(step.follows for step in self.steps)

    def get(self, raw: Any, context: Context) -> Any:
        for step in self.steps:
            if raw is not None or step.nulls:
                raw = step.get(raw, context)
        return raw

    def put(self, value: Any, before: Any, context: Context, *, creating: bool = False) -> Any:
        """What to write; what is there now where that already means the value, unless it is yet to be made."""
        stages = self._stages(before, context)
        if not creating and _same(stages[-1], value):
            return before
        for step, raw, seen in zip(reversed(self.steps), reversed(stages[:-1]), reversed(stages[1:]), strict=True):
            if not creating and _same(seen, value):
                value = raw
            elif value is not None or step.nulls:
                value = step.put(value, raw, context)
        return value

    def _stages(self, before: Any, context: Context) -> list[Any]:
        """What is there now, before each step and after the last; None from where it cannot be read."""
        stages = [before]
        for step in self.steps:
            try:
                before = step.get(before, context) if before is not None or step.nulls else None
            except (Unfit, TypeError, ValueError, ArithmeticError):
                before = None
            stages.append(before)
        return stages

    def changes_at(self, raw: Any, context: Context) -> date | None:
        """The earliest day that any step names."""
        days = []
        for step in self.steps:
            day = step.changes_at(raw, context)
            if day is not None:
                days.append(day)
            raw = step.get(raw, context) if raw is not None or step.nulls else None
        return min(days, default=None)


def _same(seen: object, value: object) -> bool:
    """Equal, with 1 and true apart."""
    return seen == value and isinstance(seen, bool) == isinstance(value, bool)


def plain(number: Decimal) -> Decimal:
    """The one form of a number: no exponent, no zeros behind the point that say nothing."""
    if not number.is_finite():
        raise Unfit("is not a finite number")
    short = number.normalize()
    return short.quantize(Decimal(1)) if short.as_tuple().exponent > 0 else short + 0  # type: ignore[operator]
