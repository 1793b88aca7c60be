"""What a route is: method, path, permission, service, input."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.magento2.call import Call
from sandbox.magento2.errors import required
from sandbox.magento2.inputs import Takes, read_scalar
from sandbox.magento2.values import snake

Handler = Callable[[Call], Any]
INTEGER_WORDS = (
    "id orderId customerId addressId stockId parent_id entryId attributeSetId websiteId itemId taxClassId status "
)
INTEGERS = frozenset(INTEGER_WORDS.split())
"""Path variables that must be numbers."""


@dataclass(frozen=True)
class Route:
    """One service of the shop.

    ``takes`` are its parameters in the body, ``asks`` those in the query. ``service`` is the interface and method,
    ``by`` the class that a worked-off operation names; both matter for asynchronous calls only.
    """

    method: str
    path: str  # "/V1/products/:sku"
    resource: str
    handler: Handler
    takes: Takes = field(default_factory=dict)
    asks: Takes = field(default_factory=dict)
    check: Callable[[Call], None] | None = None
    service: str = ""
    by: str = ""
    alias: str = ""  # a second path of its bulk form

    @property
    def key(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def topic(self) -> str:
        """The queue topic without its HTTP method."""
        interface, _, method = self.service.partition("::")
        return f"{interface.replace(chr(92), '.').lower()}.{method.lower()}"

    @property
    def service_class(self) -> str:
        """The class and method that did the work, in the words of an operation's result."""
        interface, _, method = self.service.partition("::")
        return f"{self.by or interface}::{method}"

    @property
    def is_async_capable(self) -> bool:
        return self.method != "GET"

    def rules(self) -> list[tuple[str, str]]:
        """Flask rules, each with the mode it stands for: sync, async or bulk."""
        plain = re.sub(r":(\w+)", r"<\1>", self.path)
        rules = [(plain, "sync")]
        if self.is_async_capable:
            in_bulk = re.sub(r":(\w)(\w*)", lambda found: f"by{found.group(1).upper()}{found.group(2)}", self.path)
            rules += [(f"/async{plain}", "async"), (f"/async/bulk{in_bulk}", "bulk")]
            rules += [(f"/async/bulk{self.alias}", "bulk")] if self.alias else []
        return [(f"/rest/<store_code>{rule}", mode) for rule, mode in rules]

    def read_path(self, raw: Mapping[str, str]) -> dict[str, Any]:
        """The variables of the path; 400 for a word where a number belongs."""
        return {name: read_scalar(text, "int") if name in INTEGERS else text for name, text in raw.items()}

    def path_from(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The variables of the path of a bulk element: parameters in its body, or members of its object.

        400 for one that is missing.
        """
        names = re.findall(r":(\w+)", self.path)
        found = {name: _find_variable(name, body) for name in names}
        missing = [name for name, value in found.items() if value is None]
        if missing:
            raise required(*missing)
        return self.read_path({name: str(value) for name, value in found.items()})


def _find_variable(name: str, body: Mapping[str, Any]) -> Any:
    """``sku`` as a parameter, or as ``product.sku``; ``customerId`` as ``customer.id``."""
    objects = [body, *(value for value in body.values() if isinstance(value, Mapping))]
    wanted = (snake(name), "id") if name.lower().endswith("id") else (snake(name),)
    for one in objects:
        by_name = {snake(str(key)): value for key, value in one.items()}
        for candidate in wanted:
            if isinstance(by_name.get(candidate), str | int):
                return by_name[candidate]
    return None
