"""Magento 2 over REST: products, customers, prices, stock, and the facts of open orders.

Contract: magento2/NOTES.md (observed on 2.4.7), cited in the modules as NOTES and section. Read
``channel.py`` first; ``api.py`` holds what all calls share, ``errors.py`` what refusals mean.

Native records, beside what the shop's own JSON has (see also ``mappings/magento2.toml``):

========  ============================================================================================
product   ``custom_attributes``: a mapping by code, options of the shop's own as labels; ``categories``:
          sorted paths below the root; ``views.CODE.NAME``: what a store view shows otherwise;
          ``extension_attributes.stock_item``: joined where the mapping names something of it.
          Id: entity id. Address: the SKU, folded. Parts: "", ``cost``, ``views``
customer  ``billing``, ``shipping`` (None where the billing address is both), ``other``: addresses;
          ``group``: the group's code. Id: entity id
price     a row of ``base-prices-``, ``special-price-`` or ``tier-prices-information``; parts ``base``,
          ``special``, ``tier``. Ids: ``41/base``, ``41/special/2026-11-01``, ``41/tier/dealers/5``
stock     a source item. Id: ``41/SOURCE``
========  ============================================================================================
"""

from __future__ import annotations

from typing import ClassVar

from adapters.magento2.channel import CAPABILITIES, MagentoChannel
from adapters.magento2.options import Options
from connector.contract import Capabilities, Channel, Opening
from connector.errors import Rejected

__all__ = ["Adapter", "Options"]


class Adapter:
    """The entry point. The shop states no call budget, so there is none to begin with."""

    Options = Options
    default_limits: ClassVar[tuple[tuple[str, int, int], ...]] = ()

    @staticmethod
    def open(opening: Opening) -> Channel:
        """A channel on one website of a shop; nothing is called yet."""
        return MagentoChannel(opening)

    @staticmethod
    def describe() -> Capabilities:
        """What every shop of this kind can do."""
        return CAPABILITIES

    @staticmethod
    def authorize_url(opening: Opening) -> str | None:
        """None: an integration's values are copied from the admin panel, they do not rotate."""
        return None

    @staticmethod
    def authorize(opening: Opening, code: str) -> None:
        """There is no consent to give."""
        raise Rejected(
            "this system has no consent page",
            remedy="System, Integrations: copy the values into the environment and name them in the configuration",
        )
