"""What no log line may show: secrets, and what the canonical model tags as somebody's. Pure.

Three nets, one behind the other (known failure 27):

1. **Names.** A key that names a secret, or a field whose tag is not ``-``, loses its value. Native
   names are known by the tags of the canonical fields that the mappings carry them to.
2. **Known values.** Secrets that the configuration or a token store handed out are cut from every
   text, whoever wrote it.
3. **Shapes.** E-mail addresses, bearer tokens, passwords in addresses, telephone numbers, postcodes
   and streets are cut from every text.

An exception raised by a library may quote the record it choked on, and no shape knows a name. While
a customer is worked on, only the words of this product's own errors are shown.
"""

from __future__ import annotations

import re
import traceback
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from connector.contract import Credentials, TokenStore
from connector.errors import ConnectorError
from connector.model.entity import Entity
from connector.model.fields import ADDRESS_MEMBERS, FIELDS, NAME_MEMBERS, NEVER_READ, Tag

if TYPE_CHECKING:
    from connector.mapping.lens import EntityMapping, Mapping_

SECRET: Final = "[secret]"  # noqa: S105  # what stands in a secret's place
WITHHELD: Final = "[withheld: it may quote a record]"

#: Rotating credentials that are remembered: more than all channels hold at once, fewer than they use up in a day.
PASSING: Final = 64

_SECRET_NAMES: Final = re.compile(
    r"token|password|passwd|passphrase|secret|authori[sz]ation|credential|cookie|signature|apikey|privatekey|^bearer$"
)

#: Canonical names that mean a person wherever they stand; the others only within a customer.
_ALWAYS_PERSONAL: Final = frozenset({"street", "postcode", "phone", "mobile", "email", "attention"})

_SHAPES: Final = (
    (re.compile(r"(?i)\b(bearer|basic|oauth)\s+(?=\S*[\d=_]|\S{20})[\w~+/.=:\"%,-]{6,}"), r"\1 " + SECRET),
    (
        re.compile(
            r"(?i)([\w-]*(?:token|password|secret|signature|api_?key|[?&]code)[\"']?\s*[=:]\s*[\"']?)"
            r"(?!\[)[^\s\"'&,;)}]+"
        ),
        r"\1" + SECRET,
    ),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), SECRET),
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^\s/@]+@"), r"\1" + SECRET + "@"),
    (re.compile(r"[\w.+%'-]+@[\w-]+(?:\.[\w-]+)+"), "[e-mail]"),
    (re.compile(r"(?<![\w.])\+\d(?:[ ().-]{0,2}\d){7,14}(?!\w)"), "[phone]"),
    (re.compile(r"(?<![\w.+-])0\d{1,3}[ -]\d(?:[ -]?\d){5,7}(?![\w-])"), "[phone]"),
    (re.compile(r"(?<![\w.+-])0[1-9]\d{8}(?![\w-])"), "[phone]"),
    (re.compile(r"(?<![\w-])[1-9]\d{3} ?(?![KMGT]B)[A-Z]{2}(?![\w-])"), "[postcode]"),
    (
        re.compile(
            r"(?i)\b[\w'’.-]*(?:straat|laan|weg|plein|kade|gracht|singel|dijk|steeg|str|straße|strasse)\s+\d+[\w-]*"
        ),
        "[street]",
    ),
    (re.compile(r"(?i)\b(?:rue|avenue|boulevard|place|chaussée)\s+[\w'’ -]{2,40}\s\d+\b"), "[street]"),
)


class Redactor:
    """Takes out of a log event what it must not show.

    Args:
        native: native name (dotted or not) → tag of the canonical field that it is mapped to, per entity.
        secrets: values that must not appear anywhere.
    """

    def __init__(self, native: Mapping[Entity, Mapping[str, Tag]] | None = None, secrets: Iterable[str] = ()) -> None:
        self._tags = {entity: _canonical_tags(entity) for entity in Entity}
        self.learn_names(native or {})
        self._everywhere = {name: tag for name, tag in self._tags[Entity.CUSTOMER].items() if name in _ALWAYS_PERSONAL}
        self._secrets: tuple[str, ...] = ()
        self._passing: deque[str] = deque(maxlen=PASSING)
        self.learn(secrets)

    def learn(self, secrets: Iterable[str]) -> None:
        """Cut these values out of everything from now on. Too short ones are left: they would cut words."""
        known = {*self._secrets, *(secret for secret in secrets if len(secret) >= 6)}
        self._secrets = tuple(sorted(known, key=len, reverse=True))

    def learn_passing(self, secrets: Iterable[str]) -> None:
        """The same for credentials that are replaced every few minutes: the newest are remembered."""
        for secret in secrets:
            if len(secret) >= 6 and secret not in self._passing:
                self._passing.append(secret)

    def learn_names(self, native: Mapping[Entity, Mapping[str, Tag]]) -> None:
        """Take these native names for what their tags say, beside those that are known."""
        self._tags = {entity: tags | _folded(native.get(entity, {})) for entity, tags in self._tags.items()}
        self._anywhere = {name: tag for tags in self._tags.values() for name, tag in tags.items()}

    def event(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """The event without them, on every level. ``entity`` in it says whose names its keys are.

        ``key`` is shown as it is where it cannot mean a person: a SKU may look like anything.
        """
        entity = Entity(event["entity"]) if event.get("entity") in set(Entity) else None
        inner = self._tags[entity] | self._everywhere if entity else self._anywhere
        outer = inner if entity else self._everywhere  # the keys of an event are our own words
        clean = {key: self._value(key, value, outer, inner) for key, value in event.items()}
        if entity is Entity.CUSTOMER and event.get("key"):
            clean["key"] = "[id]"
        elif entity and isinstance(event.get("key"), str):
            clean["key"] = self._without_secrets(event["key"])
        return clean

    def text(self, text: str) -> str:
        """The text without known secrets and telling shapes."""
        text = self._without_secrets(text)
        for shape, instead in _SHAPES:
            text = shape.sub(instead, text)
        return text

    def exception(self, error: BaseException, entity: object = None) -> str:
        """The traceback, oldest cause first, without local variables."""
        return self.text("\n".join(self._chain(error, entity, set())))

    def _without_secrets(self, text: str) -> str:
        for secret in (*self._secrets, *list(self._passing)):
            text = text.replace(secret, SECRET)
        return text

    def _value(self, key: object, value: Any, tags: Mapping[str, Tag], inner: Mapping[str, Tag]) -> Any:
        name = _fold(str(key))
        if _SECRET_NAMES.search(name) or name in NEVER_READ:
            return SECRET if value else value
        if (tag := tags.get(name, "-")) != "-" and value is not None:
            return f"[{tag}]"
        return self._any(value, inner)

    def _any(self, value: Any, tags: Mapping[str, Tag]) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self._any(key, tags): self._value(key, inner, tags, tags) for key, inner in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self._any(inner, tags) for inner in value]
        if isinstance(value, BaseException):
            return self.text(f"{type(value).__name__}: {value}")
        return value if value is None or isinstance(value, (bool, int, float)) else self.text(str(value))

    def _chain(self, error: BaseException, entity: object, seen: set[int]) -> Iterator[str]:
        seen.add(id(error))
        cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if cause is not None and id(cause) not in seen:
            yield from self._chain(cause, entity, seen)
            yield "which led to"
        yield from _frames(error.__traceback__)
        yield f"{type(error).__module__}.{type(error).__qualname__}: {self._words(error, entity)}"
        for inner in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
            yield from self._chain(inner, entity, seen)

    def _words(self, error: BaseException, entity: object) -> str:
        own = isinstance(error, (ConnectorError, OSError))
        return str(error) if own or entity != Entity.CUSTOMER else WITHHELD


def _canonical_tags(entity: Entity) -> dict[str, Tag]:
    tags: dict[str, Tag] = {_fold(name): spec.tag for name, spec in FIELDS[entity].items()}
    if entity is Entity.CUSTOMER:
        tags |= {_fold(name): "id" for name in NAME_MEMBERS}
        tags |= {_fold(name): "address" for name in ADDRESS_MEMBERS}
    return {name: tag for name, tag in tags.items() if tag != "-"}


def _folded(native: Mapping[str, Tag]) -> dict[str, Tag]:
    return {_fold(name): tag for name, tag in native.items() if tag != "-"}


def _fold(name: str) -> str:
    """``Address.Street_Name`` and ``street-name`` are one name: the last part, without what joins words."""
    return re.sub(r"[^a-z0-9]", "", name.rpartition(".")[2].casefold())


def _frames(trace: TracebackType | None) -> Iterator[str]:
    for frame in traceback.extract_tb(trace):
        yield f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}'


#: In a list, so that logging can put another one in its place.
_shared = [Redactor()]


def shared_redactor() -> Redactor:
    """The one that this process's logs use, for what is written elsewhere."""
    return _shared[0]


def native_tags(entities: Mapping[Entity, EntityMapping]) -> dict[Entity, dict[str, Tag]]:
    """Native name → how personal its value is, by a mapping; where two fields share a name, the more personal wins."""
    return {
        entity: {
            name: one.spec.tag
            for one in sorted(lens.fields.values(), key=lambda field: field.spec.tag != "-")
            for name in one.names
        }
        for entity, lens in entities.items()
    }


def learn_mapping(mapping: Mapping_) -> None:
    """Keep what a mapping reads of people out of this process's logs, by the names it has there."""
    shared_redactor().learn_names(native_tags(mapping.entities))


class KeptOutOfLogs:
    """A token store whose credentials are cut out of this process's logs from the moment they are known."""

    def __init__(self, tokens: TokenStore) -> None:
        self._tokens = tokens

    def load(self) -> Credentials | None:
        found = self._tokens.load()
        if found is not None:
            shared_redactor().learn_passing(found.values.values())
        return found

    def exclusive(self) -> AbstractContextManager[None]:
        return self._tokens.exclusive()

    def save(self, credentials: Credentials) -> None:
        shared_redactor().learn_passing(credentials.values.values())
        self._tokens.save(credentials)


def share(redactor: Redactor) -> None:
    _shared[0] = redactor
