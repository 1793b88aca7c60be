"""The chain for tests and load: the distributions and the dirt of a shop in use, at any size."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal

from sandbox.shop import words
from sandbox.shop.dirt import soil
from sandbox.shop.goods import make_goods
from sandbox.shop.model import SYSTEMS, Customer, Order, OrderLine, Product, Shop, System
from sandbox.shop.people import make_people

STATES = ("open", "half shipped", "on_hold", "canceled", "refunded", "beyond stock")
CLAIMED = 0.03  # of all SKUs


def make_large(profile: str, seed: int, products: int, customers: int, as_of: date) -> Shop:
    """The shop of profile "tests" or "load"; single pieces and further things of dirt come on top of the sizes."""
    soiled = soil(seed, make_goods(seed, products, as_of), make_people(seed, customers))
    return Shop(
        seed=seed,
        profile=profile,
        as_of=as_of,
        locations=words.LOCATIONS,
        products=tuple(soiled.products),
        customers=tuple(soiled.customers),
        orders=tuple(_make_orders(seed, soiled.products, soiled.customers)),
        expected=tuple(soiled.expected),
    )


def _make_orders(seed: int, products: list[Product], customers: list[Customer]) -> list[Order]:
    """Orders on 3 % of the SKUs: half shipped, on hold, with a variant, cancelled, refunded, beyond what is there."""
    rng = random.Random(f"{seed}/orders")
    everywhere = frozenset(SYSTEMS)
    goods = [
        one for one in products
        if one.on == everywhere and one.tracks_stock and one.sell_online and one.active and one.unit == "piece"
        and not one.overrides and one.stock
    ]  # fmt: skip
    buyers = [one for one in customers if one.on == everywhere and one.email]
    if not goods or not buyers:
        return []
    variants = [one for one in goods if one.family] or goods
    chosen = rng.sample(goods, min(len(goods), max(len(STATES), round(len(products) * CLAIMED))))
    orders = []
    for number, one in enumerate(chosen):
        article = rng.choice(variants) if number % 7 == 3 else one
        orders.append(_make_order(rng, number, article, rng.choice(buyers)))
    return orders


def _make_order(rng: random.Random, number: int, one: Product, buyer: Customer) -> Order:
    """One order of one line, in the state that its number says."""
    place, there = max(one.stock.items(), key=lambda pair: pair[1])
    kind = STATES[number % len(STATES)]
    quantity = Decimal(rng.randint(2, 4)) if kind != "beyond stock" else max(Decimal(1), there + 2)
    in_erp = number % 10 == 9
    placed_in: System = "exact_online" if in_erp else "magento2"
    imported: frozenset[System] = frozenset({"exact_online"}) if not in_erp and number % 2 else frozenset()
    reference = f"D-{number:05d}" if in_erp else f"{number + 1001:09d}"
    lines = (_make_line(kind, number, one.sku, quantity),)
    held, gone = kind == "on_hold", kind == "canceled"
    return Order(
        reference=reference,
        placed_in=placed_in,
        customer=buyer.number,
        lines=lines,
        ship_from=place,
        also_in=imported,
        state="on_hold" if held and not in_erp else "canceled" if gone else "open",
    )


def _make_line(kind: str, number: int, sku: str, quantity: Decimal) -> OrderLine:
    """What became of the pieces: a refund with return had been shipped, one without had not."""
    if kind == "half shipped":
        return OrderLine(sku, quantity, shipped=Decimal(1))
    if kind == "canceled":
        return OrderLine(sku, quantity, canceled=quantity)
    if kind == "refunded":
        shipped = Decimal(1) if number % 12 >= 6 else Decimal(0)
        return OrderLine(sku, quantity, shipped=shipped, refunded=Decimal(1))
    return OrderLine(sku, quantity)
