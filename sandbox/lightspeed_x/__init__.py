"""A stand-in of Lightspeed Retail X-Series, version 2026-07 of its API.

It follows the contract notes (facts cited as L§n): a version counter over the whole shop, unique family
names, ids-only answers, the tax mode of the shop, deltas with reasons, rotating refresh tokens, a fixed
window of five minutes. Open questions are switches: :mod:`sandbox.lightspeed_x.switches`. What people in
the shop do are control edits: :mod:`sandbox.lightspeed_x.edits`.

Not there: consignments and counts, image upload, promotions, gift cards, the numbered versions before
2026-01 (but for the token endpoint and the 410 of the old product endpoint), and 2026-10.
"""

from __future__ import annotations

from sandbox.lightspeed_x.edits import Edits
from sandbox.lightspeed_x.errors import envelope
from sandbox.lightspeed_x.retail import Retail
from sandbox.lightspeed_x.routes import register
from sandbox.lightspeed_x.seed import Seed
from sandbox.lightspeed_x.switches import read_switches
from sandbox.shop.generate import make_shop
from sandbox.shop.model import Shop
from sandbox.stand import Options, Stand

__all__ = ["build", "build_from"]


def build(options: Options) -> Stand:
    """The stand-in for one chain of a profile; ValueError for settings that it does not know."""
    shop = make_shop(options.profile, options.seed, options.products, options.customers)
    return build_from(shop, options)


def build_from(shop: Shop, options: Options) -> Stand:
    """The stand-in for a given chain."""
    switches = read_switches(options.settings)
    stand = Stand("lightspeed_x", options, lambda: retail.state(), lambda change: edits(change), {})
    retail = Retail(shop.seed, stand.clock, switches, options.limits)
    Seed(retail, shop).plant()
    edits = Edits(retail)
    retail.access.register(stand.app)
    register(stand.app, retail.access, retail.routes())
    stand.credentials.update(retail.credentials())
    stand.expire_tokens = retail.access.expire
    stand.error_body = envelope
    return stand
