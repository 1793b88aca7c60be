"""Exact Online over REST: products, customers, prices, stock, and the facts of orders and deliveries.

Contract: exact-online/NOTES.md, cited in the modules as facts by number. Read ``channel.py`` first;
``api.py`` holds what all calls share, ``feeds.py`` the row versions, ``errors.py`` what refusals mean.

Native records, beside what the host's own JSON has (see also ``mappings/exact_online.toml``):

========  ============================================================================================
product   the ``logistics/Items`` row. Id: ``ID``. Address: ``Code``, folded
customer  the ``crm/Accounts`` row with ``contact``, ``invoice`` and ``delivery`` nested, and ``others.list``:
          the delivery addresses beside the main one, each with its ``ID``. Id: ``ID``. Parts, each one call:
          "", ``contact``, ``invoice``, ``delivery``; ``others`` is one per address
price     the ``logistics/SalesItemPrices`` row; parts ``base``, ``promo``, ``tier``. Id: ``ID``
stock     the position of one item in one warehouse. Id: ``ITEM:WAREHOUSE``; place: the warehouse's code
========  ============================================================================================
"""

from __future__ import annotations

from typing import ClassVar

from adapters.exact_online.channel import CAPABILITIES, ExactOnlineChannel
from adapters.exact_online.options import Options
from adapters.exact_online.tokens import once_decoded, tokens
from connector.contract import Capabilities, Channel, Opening

__all__ = ["Adapter", "Options"]


class Adapter:
    """The entry point.

    The limits hold until the host states its own (fact 28). More than ten errors an hour on one
    endpoint block the app (fact 38): nine are ours, one is left to whoever else uses the key.
    """

    Options = Options
    default_limits: ClassVar[tuple[tuple[str, int, int], ...]] = (
        ("minute", 60, 60),
        ("day", 5000, 86400),
        ("errors", 9, 3600),
    )

    @staticmethod
    def open(opening: Opening) -> Channel:
        """A channel on one division; nothing is called yet."""
        return ExactOnlineChannel(opening, tokens(opening))

    @staticmethod
    def describe() -> Capabilities:
        """What every division can do, its licence allowing."""
        return CAPABILITIES

    @staticmethod
    def authorize_url(opening: Opening) -> str | None:
        """The consent page; ``state`` is the channel's name."""
        return tokens(opening).consent_page(opening.channel)

    @staticmethod
    def authorize(opening: Opening, code: str) -> None:
        """Exchange a pasted code, or ``refresh:TOKEN``, and store the pair."""
        keeper = tokens(opening)
        try:
            keeper.authorize(code if code.startswith("refresh:") else once_decoded(code))
        finally:
            keeper.close()
