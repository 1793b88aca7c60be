"""Lightspeed Retail X-Series: products, customers, prices, stock, and what was sold at the tills.

Contract: lightspeed-x/NOTES.md (public documents; never recorded from a live shop), cited in the
modules as NOTES and section. Read ``channel.py`` first; ``api.py`` holds what all calls share,
``position.py`` how feeds are read again, ``errors.py`` what refusals mean.

Native records, beside what the shop's own JSON has (see also ``mappings/lightspeed_x.toml``):

========  ============================================================================================
product   ``tax_name``, ``brand``, ``category``: names instead of ids. Address: the first code, folded.
          Parts: "", ``tracking``
customer  ``customer_group``: the group's name
price     ``base``: the product row, id ``PRODUCT:base``. ``book``: a row of a price book with
          ``valid_from`` and ``valid_to`` of its book, id ``PRODUCT:ROW``
stock     a level of one outlet, id ``PRODUCT:OUTLET``
========  ============================================================================================
"""

from __future__ import annotations

import secrets
from typing import ClassVar

from adapters.lightspeed_x.channel import CAPABILITIES, LightspeedChannel, tokens_of
from adapters.lightspeed_x.options import Options
from adapters.lightspeed_x.window import ASSUMED, LENGTH, NAME
from connector.contract import Capabilities, Channel, Opening
from connector.errors import Rejected

__all__ = ["Adapter", "Options"]


class Adapter:
    """The entry point. The budget is that of a shop with one register until the shop says otherwise."""

    Options = Options
    default_limits: ClassVar[tuple[tuple[str, int, int], ...]] = ((NAME, ASSUMED, int(LENGTH.total_seconds())),)

    @staticmethod
    def open(opening: Opening) -> Channel:
        """A channel on one shop; nothing is called yet."""
        return LightspeedChannel(opening)

    @staticmethod
    def describe() -> Capabilities:
        """What every shop of this kind can do."""
        return CAPABILITIES

    @staticmethod
    def authorize_url(opening: Opening) -> str | None:
        """The consent page of the application; None with a personal token."""
        if opening.options.token is not None:
            return None
        return tokens_of(opening).consent_page(secrets.token_urlsafe(16))

    @staticmethod
    def authorize(opening: Opening, code: str) -> None:
        """Exchange a code, or ``refresh:TOKEN``, and store the pair."""
        if opening.options.token is not None:
            raise Rejected("a personal token needs no consent", remedy="leave out `connector auth`")
        tokens_of(opening).authorize(code)
