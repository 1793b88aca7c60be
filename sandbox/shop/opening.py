"""The chain before its first synchronisation: everything stands in the ERP, nothing anywhere else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Final

from sandbox.shop import words
from sandbox.shop.demo import make_products
from sandbox.shop.model import Product, Shop, System

_ERP: Final[frozenset[System]] = frozenset({"exact_online"})


def make_opening(seed: int, products: int, _customers: int, as_of: date) -> Shop:
    """Products with a plain price and stock at each place, meant for all systems and known to the ERP alone."""
    goods = tuple(_not_yet_sold(one) for one in make_products(seed, products, as_of))
    return Shop(
        seed=seed,
        profile="opening",
        as_of=as_of,
        locations=words.LOCATIONS,
        products=goods,
        customers=(),
        orders=(),
    )


def _not_yet_sold(one: Product) -> Product:
    return replace(one, on=_ERP, sell_online=True, sell_in_store=True, promos=(), tiers=())
