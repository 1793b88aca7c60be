"""A stand-in of Exact Online: one Dutch division over the REST API, as the contract notes describe it.

Facts are cited as ``E`` and their number in the contract notes. What no fact settles is a switch
(:mod:`.settings`) or said where it is decided.

Reading order: ``schema.txt`` and ``schema.py`` (the resources and their properties), ``store.py`` (records and
row versions), ``items.py``, ``crm.py``, ``stock.py``, ``orders.py``, ``invoices.py`` (what may be written and what
follows), ``views.py``, ``query.py``, ``listing.py`` (what is read), ``oauth.py``, ``limits.py``, ``server.py``
(who may), ``seed.py``, ``edits.py`` (the chain, and what its staff does).
"""

from __future__ import annotations

from typing import Any

from sandbox.exact_online import seed
from sandbox.exact_online.edits import Edits
from sandbox.exact_online.errors import error_body
from sandbox.exact_online.limits import Limits
from sandbox.exact_online.oauth import REDIRECT, TokenDesk
from sandbox.exact_online.server import Server
from sandbox.exact_online.settings import Settings
from sandbox.exact_online.store import DIVISION, Store
from sandbox.shop.generate import make_shop
from sandbox.stand import Clock, Options, Stand

__all__ = ["build"]


def build(options: Options) -> Stand:
    """The stand-in, seeded and ready to be started."""
    settings = Settings(options.settings)
    parts = _Parts(options, settings)
    stand = Stand("exact_online", options, parts.state, parts.edit, {})
    parts.furnish(stand)
    return stand


class _Parts:
    """What hangs together of one stand-in; it is furnished once the stand with its clock exists."""

    def __init__(self, options: Options, settings: Settings) -> None:
        self._options, self._settings = options, settings
        self._store: Store | None = None
        self._extras: dict[str, Any] = {}

    def furnish(self, stand: Stand) -> None:
        """Make store, token desk, limits and routes."""
        options = self._options
        self._store = _make_store(stand.clock, options, self._settings)
        desk = TokenDesk(options.seed, stand.clock, self._settings, options.limits)
        limits = Limits(stand.clock, self._settings, options.limits)
        Server(stand.app, self._store, desk, limits)
        self._edits = Edits(self._store)
        self._extras = {"tokens": desk, "limits": limits}
        stand.expire_tokens = desk.expire
        stand.error_body = _error_body
        stand.credentials.update(
            division=DIVISION,
            client_id=desk.client_id,
            client_secret=desk.client_secret,
            redirect_uri=REDIRECT,
            refresh_token=desk.first_refresh,
        )

    def state(self) -> dict[str, Any]:
        """Every table by its resource, with stored values; limits, tokens and switches beside them."""
        if self._store is None:
            return {}
        shown: dict[str, Any] = {
            name: [row.values | {"Timestamp": row.version} for row in table]
            for name, table in self._store.tables.items()
        }
        more = {name: part.as_json() for name, part in self._extras.items()}
        return shown | more | {"settings": self._settings.as_json(), "version": self._store.version}

    def edit(self, given: dict[str, Any]) -> dict[str, Any]:
        """One change as the staff would make it."""
        return self._edits(given)


def _make_store(clock: Clock, options: Options, settings: Settings) -> Store:
    store = Store(options.seed, clock, settings)
    shop = make_shop(options.profile, options.seed, options.products, options.customers, store.today())
    seed.plant(store, shop)
    return store


def _error_body(status: int) -> Any:
    """What a fault answers: nothing for 429 (E34), else the general failure (E77)."""
    if status == 429:
        return ""
    return error_body("A problem has occurred. The cause of this issue will be investigated.")
