"""Makes the invented chain that the stand-ins are seeded with; the same seed and day give the same chain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from zoneinfo import ZoneInfo

from sandbox.shop import demo, large, opening, words
from sandbox.shop.model import Shop

ZONE = ZoneInfo("Europe/Amsterdam")


@dataclass(frozen=True)
class Profile:
    """A kind of chain: how large it is unless told otherwise, and who makes it."""

    products: int
    customers: int
    make: Callable[[int, int, int, date], Shop]


def _make_empty(seed: int, _products: int, _customers: int, as_of: date) -> Shop:
    return Shop(
        seed=seed, profile="empty", as_of=as_of, locations=words.LOCATIONS, products=(), customers=(), orders=()
    )


PROFILES: dict[str, Profile] = {
    "empty": Profile(0, 0, _make_empty),
    "demo": Profile(120, 60, demo.make_demo),
    "opening": Profile(1_000, 0, opening.make_opening),
    "tests": Profile(2_000, 800, partial(large.make_large, "tests")),
    "load": Profile(20_000, 10_000, partial(large.make_large, "load")),
}


def make_shop(
    profile: str = "demo",
    seed: int = 1,
    products: int | None = None,
    customers: int | None = None,
    as_of: date | None = None,
) -> Shop:
    """The chain of a profile ("empty", "demo", "opening", "tests" or "load").

    ``as_of`` is the day around which promotions run; today in Amsterdam when left out.
    Raises ValueError for a profile that does not exist or a negative size.
    """
    if profile not in PROFILES:
        raise ValueError(f"there is no profile {profile!r}; choose one of {', '.join(sorted(PROFILES))}")
    chosen = PROFILES[profile]
    sizes = (chosen.products if products is None else products, chosen.customers if customers is None else customers)
    if min(sizes) < 0:
        raise ValueError("a chain cannot have fewer than 0 products or customers")
    return chosen.make(seed, *sizes, as_of or datetime.now(ZONE).date())
