"""Odoo 17 and later as a till: customers, products, prices, stock, and what was sold there.

Contract: odoo/NOTES.md (recordings of real servers, versions 17 and 19), cited in the modules as NOTES and
section. Read ``channel.py`` first; ``api.py`` holds both transports, ``errors.py`` what refusals mean,
``feeds.py`` how records are listed, ``batches.py`` how many are written at once.

Native records, beside the fields of the server's own models (see also ``mappings/odoo.toml``):

========  ============================================================================================
product   ``tax``, ``unit``, ``category``: ids as text. Address: the SKU, folded
customer  ``person``, ``company``, ``country``; ``invoice``, ``delivery``, ``others.list``: child addresses
price     ``base``: the product's own, id ``PRODUCT:base``. ``rule``: one of a price list, id ``PRODUCT:RULE``
stock     the pieces of one place, id ``PRODUCT:LOCATION``
========  ============================================================================================
"""

from __future__ import annotations

from typing import ClassVar

from adapters.odoo.channel import CAPABILITIES, OdooChannel
from adapters.odoo.options import Options
from connector.contract import Capabilities, Channel, Opening
from connector.errors import Rejected

__all__ = ["Adapter", "Options"]


class Adapter:
    """The entry point. The server states no limits of its own."""

    Options = Options
    default_limits: ClassVar[tuple[tuple[str, int, int], ...]] = ()

    @staticmethod
    def open(opening: Opening) -> Channel:
        """A channel on one company; nothing is called yet."""
        return OdooChannel(opening)

    @staticmethod
    def describe() -> Capabilities:
        """What every server of this kind can do."""
        return CAPABILITIES

    @staticmethod
    def authorize_url(opening: Opening) -> str | None:
        """There is no consent page: a key of a user is typed into the configuration."""
        return None

    @staticmethod
    def authorize(opening: Opening, code: str) -> None:
        """There is no consent."""
        raise Rejected("an API key needs no consent", remedy="leave out `connector auth`")
