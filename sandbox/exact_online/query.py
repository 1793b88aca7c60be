"""``$filter`` and ``$orderby``: parsed into functions over rows (E48 to E54, E60)."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.exact_online.errors import BadQueryError
from sandbox.exact_online.literals import Word, split_words
from sandbox.exact_online.schema import Entity, Property

Read = Callable[[Any], Any]
Test = Callable[[Any], bool]

_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
_MIRROR = {"gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}
_NUMBERS = {"Int16", "Int32", "Int64", "Byte", "Double"}
_TEXT_TESTS: dict[str, Callable[[str, str], bool]] = {
    "startswith": lambda whole, part: whole.startswith(part),
    "endswith": lambda whole, part: whole.endswith(part),
    "substringof": lambda whole, part: part in whole,
}


@dataclass
class Filter:
    """A parsed filter: the test, the names it uses, and values that every hit must have (for look-ups)."""

    test: Test
    names: set[str] = field(default_factory=set)
    fixed: dict[str, Any] = field(default_factory=dict)


@dataclass
class _Node:
    test: Test
    fixed: dict[str, Any] = field(default_factory=dict)


class Parser:
    """Reads one filter against an entity; ``read`` gives the function that takes a property from a row."""

    def __init__(self, text: str, entity: Entity, read: Callable[[Property], Read]) -> None:
        self._words = split_words(text)
        self._place = 0
        self._entity = entity
        self._read = read
        self._names: set[str] = set()

    def parse(self) -> Filter:
        """The whole filter; 400 "Error in query syntax." for anything else."""
        node = self._either()
        if self._place != len(self._words):
            raise BadQueryError
        return Filter(node.test, self._names, node.fixed)

    def _peek(self) -> Word:
        return self._words[self._place] if self._place < len(self._words) else Word("end", None)

    def _next(self) -> Word:
        word = self._peek()
        if word.kind == "end":
            raise BadQueryError
        self._place += 1
        return word

    def _take(self, value: str) -> bool:
        word = self._peek()
        if word.kind in ("name", "sign") and word.value == value:
            self._place += 1
            return True
        return False

    def _expect(self, value: str) -> None:
        if not self._take(value):
            raise BadQueryError

    def _either(self) -> _Node:
        node = self._both()
        while self._take("or"):
            left, right = node.test, self._both().test
            node = _Node(lambda row, left=left, right=right: left(row) or right(row))  # type: ignore[misc]
        return node

    def _both(self) -> _Node:
        node = self._negated()
        while self._take("and"):
            other = self._negated()
            left, right = node.test, other.test
            node = _Node(
                lambda row, left=left, right=right: left(row) and right(row),  # type: ignore[misc]
                node.fixed | other.fixed,
            )
        return node

    def _negated(self) -> _Node:
        if self._take("not"):
            inner = self._negated().test
            return _Node(lambda row: not inner(row))
        return self._term()

    def _term(self) -> _Node:
        if self._take("("):
            node = self._either()
            self._expect(")")
            return node
        word = self._peek()
        if word.kind == "name" and word.value in _TEXT_TESTS:
            return self._text_test()
        return self._comparison()

    def _text_test(self) -> _Node:
        """``substringof('x',Name) eq true``, ``startswith(Name,'x')`` (E52)."""
        name = self._next().value
        self._expect("(")
        first = self._next()
        self._expect(",")
        second = self._next()
        self._expect(")")
        part, whole = (first, second) if name == "substringof" else (second, first)
        if part.type != "String" or whole.kind != "name":
            raise BadQueryError
        read, test, text = self._reader(whole, "String"), _TEXT_TESTS[name], part.value
        wanted = self._wanted()
        return _Node(lambda row: (read(row) is not None and test(read(row), text)) is wanted)

    def _wanted(self) -> bool:
        """The ``eq true`` behind a function, which may be left out."""
        if not self._take("eq"):
            return True
        word = self._next()
        if word.type != "Boolean":
            raise BadQueryError
        return bool(word.value)

    def _comparison(self) -> _Node:
        left, sign, right = self._next(), self._next(), self._next()
        if sign.kind != "name" or sign.value not in _COMPARE or {left.kind, right.kind} != {"name", "literal"}:
            raise BadQueryError  # field against field is not supported either (E52)
        if left.kind == "literal":
            left, right = right, left
            sign = Word("name", _MIRROR.get(sign.value, sign.value))
        read = self._reader(left, right.type)
        value = _plain(right.value)
        fixed = {left.value: value} if sign.value == "eq" and value is not None else {}
        return _Node(_compare(sign.value, read, value), fixed)

    def _reader(self, name: Word, type_: str) -> Read:
        """The function that reads a property, if it may be compared with a literal of this type."""
        found = self._entity.properties.get(name.value)
        if found is None:
            raise BadQueryError(f"No property '{name.value}' exists in type '{self._entity.type}'.")
        numbers = found.type in _NUMBERS and type_ in _NUMBERS
        if type_ != "Null" and found.type != type_ and not numbers:
            raise BadQueryError(f"Operator incompatible with operand types 'Edm.{found.type}' and 'Edm.{type_}'.")
        self._names.add(found.name)
        read = self._read(found)
        return read if found.type != "String" else (lambda row: _plain(read(row)))


def _plain(value: Any) -> Any:
    """Trailing blanks do not count when texts are compared; leading ones do (E142)."""
    return value.rstrip(" ") if isinstance(value, str) else value


def _compare(sign: str, read: Read, value: Any) -> Test:
    """A comparison; with null only ``eq`` and ``ne`` can be true."""
    if sign in ("eq", "ne") or value is None:
        test = _COMPARE[sign] if sign in ("eq", "ne") else (lambda _left, _right: False)
        return lambda row: bool(test(read(row), value))
    compare = _COMPARE[sign]

    def holds(row: Any) -> bool:
        found = read(row)
        return found is not None and bool(compare(found, value))

    return holds


@dataclass(frozen=True)
class Order:
    """One term of ``$orderby``."""

    property: Property
    descending: bool


def parse_order(text: str | None, entity: Entity) -> list[Order]:
    """``Modified asc,Code desc``; 400 for names that do not exist."""
    orders = []
    for part in (text or "").split(","):
        words = part.split()
        if not words and not text:
            continue
        if len(words) not in (1, 2) or words[1:] not in ([], ["asc"], ["desc"]):
            raise BadQueryError
        found = entity.properties.get(words[0])
        if found is None:
            raise BadQueryError(f"No property '{words[0]}' exists in type '{entity.type}'.")
        orders.append(Order(found, words[1:] == ["desc"]))
    return orders
