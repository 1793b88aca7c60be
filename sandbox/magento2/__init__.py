"""A stand-in of Magento Open Source 2.4.7 with Multi Source Inventory.

It models the shop's rules as the contract notes tell them (facts cited as M2.7 or M§4: section and item): POST is
an upsert and PUT a merge, prices and stock do not move ``updated_at``, an order writes reservations and no source
quantity, row errors hide inside a 200, a missing permission is a 401, an asynchronous call is worked off later.

Reading order: ``state`` (all rows), ``services`` (every route, its permission and input), ``web`` (a request's way
through), then the domain: ``products``, ``product_save``, ``prices``, ``inventory``, ``sales``, ``customers``,
``async_bulk``. ``oauth`` has the signature, ``recorded`` the shop of the contract recordings.

What differs from the recordings, and why: docs/sandbox-magento2-differences.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sandbox.magento2 import auth
from sandbox.magento2.edits import Edits
from sandbox.magento2.overview import overview
from sandbox.magento2.recorded import BEGIN, PASSWORD, Author, open_recorded
from sandbox.magento2.seed import SYSTEM, Seed
from sandbox.magento2.services import ROUTES
from sandbox.magento2.set_up import open_accounts
from sandbox.magento2.state import Database
from sandbox.magento2.switches import read_switches
from sandbox.magento2.web import Web
from sandbox.shop.generate import make_shop
from sandbox.shop.model import Shop
from sandbox.stand import Options, Stand

__all__ = ["build", "build_from"]
RECORDED = "recorded"
IN_USE_FOR = timedelta(days=2)
"""How long ago everything that a profile brings was last changed."""


def build(options: Options) -> Stand:
    """The stand-in for one chain of a profile, or for the shop of the contract recordings (``recorded``).

    ValueError for settings that it does not know.
    """
    if options.profile == RECORDED:
        return _build_recorded(options)
    return build_from(make_shop(options.profile, options.seed, options.products, options.customers), options)


def build_from(shop: Shop, options: Options) -> Stand:
    """The stand-in for a given chain."""
    db = Database(read_switches(options.settings, options.limits))
    locations = {place.code: place.codes[SYSTEM] for place in shop.locations if SYSTEM in place.codes}
    stand = _assemble(db, options, "Admin12345", locations)
    Seed(db, shop, stand.clock.now().replace(microsecond=0) - IN_USE_FOR).plant()
    return stand


def _build_recorded(options: Options) -> Stand:
    db = Database(read_switches(options.settings, limits=False))
    open_recorded(db)
    stand = _assemble(db, options, PASSWORD, {})
    stand.clock.set(BEGIN)
    return stand


def _assemble(db: Database, options: Options, password: str, locations: Mapping[str, str]) -> Stand:
    """Join server, database and services."""

    def edit(change: dict[str, Any]) -> dict[str, Any]:
        return edits(change)

    stand = Stand("magento2", options, lambda: overview(db), edit, open_accounts(db, options.seed, password))
    web = Web(stand, db, ROUTES)
    edits = Edits(db, lambda: web.now, web.work_off, locations)
    if options.profile == RECORDED:
        web.hook = Author(stand, db, edits)
    stand.expire_tokens = lambda: auth.expire_admin_tokens(db)
    return stand
