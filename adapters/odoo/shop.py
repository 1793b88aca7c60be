"""What holds for the whole company: the language of texts, countries, price lists."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

from adapters.odoo.api import Odoo
from adapters.odoo.feeds import Feed
from adapters.odoo.options import Options
from connector.contract import Opening
from connector.errors import Rejected
from connector.model.entity import Entity

#: What the configuration calls the product's own price.
BASE: Final = "base"


class Shop:
    """Reference data, read when first asked for."""

    def __init__(self, odoo: Odoo, opening: Opening) -> None:
        options: Options = opening.options
        self._odoo = odoo
        self._lists = [name for name in opening.lists if name != BASE]
        #: What calls are made with: the language of texts, and the company whose values are meant.
        self.context: dict[str, Any] = {"lang": options.lang} if options.lang else {}
        if options.company is not None:
            self.context["allowed_company_ids"] = [options.company]

    def feed(self, model: str, fields: frozenset[str], domain: Any, entity: Entity) -> Feed:
        """Records of a model; of the fields only those that this version has."""
        known = fields & self._odoo.fields(model).keys()
        return Feed(self._odoo, model, known, domain, self.context, entity.value)

    @cached_property
    def countries(self) -> Mapping[int, str]:
        """Id → ISO code."""
        return {int(row["id"]): str(row["code"]) for row in self._rows("res.country", [], ["code"]) if row["code"]}

    def country_id(self, code: str) -> int:
        """The id of a country. Raises Rejected."""
        found = next((id_ for id_, known in self.countries.items() if known == code.upper()), None)
        if found is None:
            raise Rejected("a country is not known there", fields={"country": "no country has this code"})
        return found

    @cached_property
    def lists(self) -> Mapping[int, str]:
        """Id → configured name, of the price lists that are there; a list is called by its name or its id."""
        known = self._rows("product.pricelist", [], ["name", "currency_id"]) if self._lists else []
        return {int(row["id"]): name for row in known for name in self._lists if name in (row["name"], str(row["id"]))}

    def list_id(self, name: str) -> int:
        """The price list of a configured name. Raises Rejected where none, or more than one, has it."""
        found = [id_ for id_, known in self.lists.items() if known == name]
        if len(found) != 1:
            raise Rejected(
                f"{len(found) or 'no'} price list is called as the configured one",
                remedy="give the price list's name or id as this channel's name of the list",
            )
        return found[0]

    def _rows(self, model: str, domain: list[Any], fields: list[str]) -> list[dict[str, Any]]:
        context = self.context | {"active_test": False}
        found = self._odoo.read(model, "search_read", "check", domain=domain, fields=fields, load=None, context=context)
        return list(found.value)
