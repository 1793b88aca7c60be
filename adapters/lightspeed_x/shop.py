"""What holds for the whole shop: its tax mode, its outlets, and the names behind ids."""

from __future__ import annotations

from typing import Any

from adapters.lightspeed_x.api import Api, Json
from adapters.lightspeed_x.labels import Categories, Labels
from connector.contract import Opening
from connector.errors import ContractBroken, Rejected


class Shop:
    """Reference data, read when first asked for."""

    def __init__(self, api: Api, opening: Opening) -> None:
        now = opening.now
        self._api = api
        self._places = tuple(opening.locations)
        self._retailer: Json | None = None
        self.taxes = Labels(api, "/taxes", now)
        self.outlets = Labels(api, "/outlets", now)
        self.brands = Labels(api, "/brands", now)
        self.categories = Categories(api, "/product_categories", now)
        self.groups = Labels(api, "/customer_groups", now)

    def retailer(self, purpose: str) -> Json:
        """The shop's own settings."""
        if self._retailer is None:
            data = self._api.get("/retailer", purpose)
            if not isinstance(data, dict) or not isinstance(data.get("tax_exclusive"), bool):
                raise ContractBroken("GET /retailer does not say whether prices are with tax")
            self._retailer = data
        return self._retailer

    def tax_exclusive(self, purpose: str) -> bool:
        """Whether prices are written, and counted, without tax (NOTES section 5)."""
        return bool(self.retailer(purpose)["tax_exclusive"])

    def outlet_of(self, place: str, purpose: str) -> str:
        """The outlet that a configured location means: by id, or by name. Raises Rejected."""
        ids = [str(row["id"]) for row in self.outlets.rows(purpose)]
        found = [place] if place in ids else self.outlets.ids(place, purpose)
        if len(found) != 1:
            raise Rejected(
                f"{len(found) or 'no'} outlet is called as the configured location",
                remedy="give the outlet's name or id as this channel's code of the location",
            )
        return found[0]

    def places(self, purpose: str) -> dict[str, str]:
        """Outlet id → the configured code of its location; other outlets are not ours."""
        named: dict[str, str] = {}
        for place in self._places:
            ids = [str(row["id"]) for row in self.outlets.rows(purpose)]
            found = [place] if place in ids else self.outlets.ids(place, purpose)
            named.update((id_, place) for id_ in found)
        return named

    def tax_of(self, product: Json, purpose: str) -> str | None:
        """The id of the tax in force on a product: that of all outlets, or of each one where the shop's prices are
        without tax; else the default.

        None where outlets differ, so that nobody takes one of them for all.
        """
        own = str((product.get("all_outlets_tax") or {}).get("tax_id") or "")
        listed = {one.get("outlet_id"): str(one.get("tax_id") or "") for one in product.get("outlet_taxes") or ()}
        if own and not (listed and self.tax_exclusive(purpose)):
            return own
        outlets = self.outlets.rows(purpose)
        taxes = {listed.get(outlet["id"]) or str(outlet.get("default_tax_id") or "") for outlet in outlets}
        if taxes <= {""}:
            taxes = {str(tax["id"]) for tax in self.taxes.rows(purpose) if tax.get("is_default")}
        return taxes.pop() or None if len(taxes) == 1 else None

    def tax_members(self, name: str, purpose: str) -> Json:
        """A product's tax by name, as the shop's tax mode wants it written."""
        tax = self.taxes.id_of(name, purpose, "tax_name")
        if not self.tax_exclusive(purpose):
            return {"all_outlets_tax": {"tax_id": tax}}
        outlets = [str(outlet["id"]) for outlet in self.outlets.rows(purpose)]
        return {"outlet_taxes": [{"outlet_id": outlet, "tax_id": tax} for outlet in outlets]}

    def brand_id(self, label: str | None, purpose: str) -> str:
        """The id of a brand, made where there is none; "" takes the brand off."""
        if not label:
            return ""
        if found := self.brands.ids(label, purpose):
            return found[0]
        made: Any = self._api.write("POST", "/brands", purpose, {"name": label})
        self.brands.forget()
        id_ = made.get("id") if isinstance(made, dict) else made
        return str(id_) if id_ else self.brands.id_of(label, purpose, "brand")

    def category_id(self, label: str | None, purpose: str) -> str:
        """The id of a leaf category; "" takes the category off."""
        return self.categories.id_of(label, purpose, "category") if label else ""
