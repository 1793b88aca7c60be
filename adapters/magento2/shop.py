"""What is set up in the shop: websites, store views, groups, sources. Read once per process."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final

from adapters.magento2.api import ALL, Api
from adapters.magento2.errors import NoRoute
from adapters.magento2.options import Options
from connector.errors import Gone, Rejected

_STORE: Final = f"{ALL}/store"


class Shop:
    """The shop's own reference data, as far as this channel needs it."""

    def __init__(self, api: Api, options: Options) -> None:
        self._api = api
        self._options = options

    @cached_property
    def websites(self) -> dict[str, dict[str, Any]]:
        """Websites by code."""
        return {str(one["code"]): one for one in self._api.get(f"{_STORE}/websites", "check")}

    @cached_property
    def views(self) -> list[dict[str, Any]]:
        """Store views, without the admin's own."""
        return [one for one in self._api.get(f"{_STORE}/storeViews", "check") if one["id"] != 0]

    @cached_property
    def groups(self) -> dict[int, str]:
        """Customer groups: id → code."""
        items = self._api.everything(f"{ALL}/customerGroups/search", (), "check", key="customer_group_id", after="")
        return {int(one["id"]): str(one["code"]) for one in items}

    @cached_property
    def countries(self) -> frozenset[str]:
        """Codes of the countries that the shop knows: an address in another one is dropped without a word."""
        return frozenset(str(one["id"]) for one in self._api.get(f"{ALL}/directory/countries", "check"))

    @cached_property
    def sources(self) -> dict[str, bool]:
        """Sources: code → whether it is switched on."""
        path, code = f"{ALL}/inventory/sources", "source_code"
        items = self._api.everything(path, (), "check", key=code, member=code, after="")
        return {str(one[code]): bool(one.get("enabled")) for one in items}

    @cached_property
    def stock(self) -> dict[str, Any] | None:
        """The stock that our website sells from; None where Multi Source Inventory is off."""
        path = f"{ALL}/inventory/stock-resolver/website/{{code}}"
        try:
            found: dict[str, Any] = self._api.get(path, "check", {"code": self._options.website})
        except NoRoute:
            return None
        except Gone:
            raise Rejected(
                f"the website {self._options.website} has no stock",
                remedy="give the website a stock in the shop (Stores, Inventory, Stocks)",
            ) from None
        return found

    @property
    def has_sources(self) -> bool:
        """Whether stock is kept per source (MSI)."""
        return self.stock is not None

    @cached_property
    def stores_of_stock(self) -> frozenset[int]:
        """Store views whose orders claim from the same stock as our website's."""
        sold = (self.stock or {}).get("extension_attributes", {}).get("sales_channels", [])
        codes = {str(one["code"]) for one in sold if one.get("type") == "website"} or {self._options.website}
        ids = {self.websites[code]["id"] for code in codes if code in self.websites}
        return frozenset(int(view["id"]) for view in self.views if view["website_id"] in ids)

    def website_id(self) -> int:
        """The id of our website. Raises Rejected where the code is wrong."""
        site = self.websites.get(self._options.website)
        if site is None:
            known = ", ".join(code for code in sorted(self.websites) if code != "admin")
            raise Rejected(f"there is no website {self._options.website}", remedy=f"set website to one of {known}")
        return int(site["id"])

    def store_id(self) -> int:
        """The default store view of our website."""
        group = self.websites[self._options.website].get("default_group_id") if self.website_id() else None
        views = [view for view in self.views if view["website_id"] == self.website_id()]
        ours = [view for view in views if view.get("store_group_id") == group] or views
        defaults = {int(one["default_store_id"]) for one in self._store_groups if one["id"] == group}
        return next((int(view["id"]) for view in ours if int(view["id"]) in defaults), int(ours[0]["id"]))

    def group_id(self, code: str) -> int:
        """The id of a customer group, by its code without case. Raises Rejected."""
        for id_, known in self.groups.items():
            if known.casefold() == code.strip().casefold():
                return id_
        raise Rejected(
            "the shop has no such customer group",
            fields={"group": "unknown customer group"},
            remedy="create the group in the shop (32 characters at most), or correct the settings",
        )

    @cached_property
    def _store_groups(self) -> list[dict[str, Any]]:
        return list(self._api.get(f"{_STORE}/storeGroups", "check"))
