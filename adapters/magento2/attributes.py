"""Product attributes: whether they exist, and the labels of their options.

Options that a shop keeps in a table of its own (brand, material) are shown and written as their admin
labels, since their ids mean nothing elsewhere. Those that Magento's code provides (tax classes,
flags) stay the values that they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from adapters.magento2.api import ALL, Api
from connector.errors import Gone, Rejected

_ONE: Final = f"{ALL}/products/attributes/{{code}}"
_OPTIONS: Final = f"{ALL}/products/attributes/{{code}}/options"
_SELECTS: Final = ("select", "multiselect")


@dataclass
class Attribute:
    """One attribute: its kind of input, and the options of its table by id and by folded label."""

    code: str
    input: str
    has_table: bool
    labels: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    def learn(self, options: Iterable[Any]) -> None:
        """Take over the options as the shop lists them; of two with one label the lower id counts."""
        given = [(str(option.get("value") or ""), str(option.get("label") or "").strip()) for option in options]
        for id_, label in sorted((pair for pair in given if pair[0]), key=lambda pair: (len(pair[0]), pair[0])):
            self.labels[id_] = label
            self.ids.setdefault(folded(label), id_)


class Attributes:
    """Attributes by code, read when first needed and kept: options are global, and rarely change."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._known: dict[str, Attribute | None] = {}

    def get(self, code: str) -> Attribute | None:
        """The attribute, None where the shop has none of this code."""
        if code not in self._known:
            self._known[code] = self._read(code)
        return self._known[code]

    def shown(self, code: str, value: Any) -> Any:
        """A value as people see it: an option's label, of a multiselect the sorted list; others as they are."""
        attribute = self.get(code)
        if attribute is None or not attribute.has_table or value in (None, ""):
            return value
        ids = str(value).split(",") if attribute.input == "multiselect" else [str(value)]
        if any(id_ not in attribute.labels for id_ in ids):
            self._learn(attribute)
        labels = sorted(attribute.labels[id_] for id_ in ids if id_ in attribute.labels)
        return labels if attribute.input == "multiselect" else next(iter(labels), None)

    def stored(self, code: str, value: Any) -> Any:
        """A value as the shop keeps it: a label's option id, made where there is none yet. Raises Rejected."""
        attribute = self.get(code)
        if attribute is None:
            raise no_attribute(code)
        if not attribute.has_table or value in (None, ""):
            return value
        if isinstance(value, list):
            return ",".join(str(self.stored(code, one)) for one in value) or None
        label = str(value).strip()
        if folded(label) not in attribute.ids:
            self._learn(attribute)
        return attribute.ids.get(folded(label)) or self._made(attribute, label)

    def _learn(self, attribute: Attribute) -> None:
        """Read the options again: someone may have added one."""
        attribute.learn(self._api.get(_OPTIONS, "product", {"code": attribute.code}))

    def _made(self, attribute: Attribute, label: str) -> str:
        body = {"option": {"label": label}}
        try:
            made = str(self._api.write("POST", _OPTIONS, "product", body, {"code": attribute.code}))
        except Rejected:
            # "already exists": someone was faster, or the label differs from ours only as the database sees it
            self._learn(attribute)
            if folded(label) not in attribute.ids:
                raise
            return attribute.ids[folded(label)]
        attribute.learn([{"value": made, "label": label}])
        return made

    def _read(self, code: str) -> Attribute | None:
        try:
            data = self._api.get(_ONE, "product", {"code": code})
        except Gone:
            return None
        kind = str(data.get("frontend_input") or "")
        model = str(data.get("source_model") or "")
        attribute = Attribute(code, kind, kind in _SELECTS and (not model or model.endswith("\\Table")))
        attribute.learn(data.get("options") or ())
        return attribute


def folded(label: str) -> str:
    """Labels are compared without case and without blanks around them."""
    return label.strip().casefold()


def no_attribute(code: str) -> Rejected:
    """The shop drops values of unknown attributes without a word (NOTES 2.7): they are refused before sending."""
    return Rejected(
        f"the shop has no product attribute {code}",
        fields={f"custom_attributes.{code}": "unknown attribute"},
        remedy=f"create the attribute {code} in the shop, or correct its code in the settings",
    )
