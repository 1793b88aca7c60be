"""Shares that come out as stated: cards are dealt from a deck, not drawn with luck."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import TypeVar

Card = TypeVar("Card")


def deal(rng: random.Random, count: int, shares: Mapping[Card, int]) -> list[Card]:
    """``count`` cards in which each kind has its share (of the sum of all), in a random order.

    Largest remainders are rounded up, so the figures are exact to one card.
    """
    if count == 0:
        return []
    total = sum(shares.values())
    exact = {card: count * share / total for card, share in shares.items()}
    whole = {card: int(figure) for card, figure in exact.items()}
    left = count - sum(whole.values())
    for card in sorted(shares, key=lambda one: whole[one] - exact[one])[:left]:
        whole[card] += 1
    cards = [card for card, figure in whole.items() for _ in range(figure)]
    rng.shuffle(cards)
    return cards


def pick(rng: random.Random, pool: Sequence[int], per_thousand: int, size: int) -> list[int]:
    """So many of the pool for every thousand of ``size``, at least one while the pool lasts."""
    wanted = max(1, round(per_thousand * size / 1000))
    return rng.sample(list(pool), min(wanted, len(pool)))
