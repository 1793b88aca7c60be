"""The demo chain: a shop in use, holding only what every system can carry exactly."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

from sandbox.shop import codes, words
from sandbox.shop.model import SYSTEMS, Address, Customer, Order, OrderLine, Product, Promo, Shop, System, Tier

PRODUCTS_APART: tuple[tuple[System, int], ...] = (("exact_online", 4), ("magento2", 3), ("lightspeed_x", 2))
CUSTOMERS_APART: tuple[tuple[System, int], ...] = (("magento2", 2), ("lightspeed_x", 1), ("exact_online", 1))

ODD_SKUS: tuple[str, ...] = (
    "WT-001/BL M", "0004711", "KR+200-EC", "Bk 1050", "ET-33/A+B", "00815", "PL-4%-XL", "SP#77", "R&B-09", "TÜLL-60",
    "mx-100-gr", "A.B_C-12", "0000012", "ZK 12/34 XL",
)  # fmt: skip
"""Codes that break careless clients; unlike each other without regard to case."""


def make_demo(seed: int, products: int, customers: int, as_of: date) -> Shop:
    """The shop of the demo; the last few products and customers exist on one system only."""
    goods = make_products(seed, products, as_of)
    people = make_customers(seed, customers)
    return Shop(
        seed=seed,
        profile="demo",
        as_of=as_of,
        locations=words.LOCATIONS,
        products=goods,
        customers=people,
        orders=_make_orders(seed, goods, people),
    )


def systems_of(index: int, count: int, apart: tuple[tuple[System, int], ...]) -> frozenset[System]:
    """On which systems the index-th of count things exists: the last ones are apart; small sets have none apart."""
    total = sum(share for _, share in apart)
    if count < 3 * total or index < count - total:
        return frozenset(SYSTEMS)
    place = index - (count - total)
    for system, share in apart:
        if place < share:
            return frozenset({system})
        place -= share
    raise AssertionError("the shares add up to the total")


def make_products(seed: int, count: int, as_of: date) -> tuple[Product, ...]:
    """Products that every system can carry exactly."""
    rng = random.Random(f"{seed}/demo/products")
    taken: set[str] = set()
    return tuple(_make_product(rng, index, count, taken, as_of) for index in range(count))


def _make_product(rng: random.Random, index: int, count: int, taken: set[str], as_of: date) -> Product:
    kind = words.SOLAR if index % 40 == 20 else words.KINDS[index % len(words.KINDS)]
    name, letters = _draw_name(rng, kind, taken, index)
    price = draw_price(rng, kind)
    on = systems_of(index, count, PRODUCTS_APART)
    apart = len(on) == 1
    return Product(
        sku=ODD_SKUS[index] if index < len(ODD_SKUS) else f"{kind.prefix}-{index:03d}-{letters}",
        name=name,
        vat_class=kind.vat_class,
        price=price,
        barcode=None if index % 17 == 9 else codes.ean13(seed_number(rng, index)),
        summary=f"{name.split(',')[0]}, met zorg gekozen." if index % 2 == 0 else None,
        description=_describe(name) if index % 7 else None,
        sell_online=apart or index % 45 != 44,
        sell_in_store=apart or index % 50 != 49,
        weight_kg=Decimal(rng.randint(*kind.grams)) / 1000 if index % 5 else None,
        brand=rng.choice(words.BRANDS),
        group=kind.group,
        cost=(price * Decimal("0.45")).quantize(Decimal("0.01")),
        promos=_promos(index, price, as_of) if not apart else (),
        tiers=_tiers(index, price) if not apart else (),
        stock=_stock(rng, on),
        on=on,
    )


def seed_number(rng: random.Random, index: int) -> int:
    """A nine-digit number that is different for each index below 100,000."""
    return rng.randint(0, 9999) * 100_000 + index


def _draw_name(rng: random.Random, kind: words.Kind, taken: set[str], index: int) -> tuple[str, str]:
    """A name nobody has yet, of at most 60 characters, and the letters of its colour."""
    for _ in range(400):
        colour = rng.choice(words.COLOURS)
        parts = f"{rng.choice(kind.nouns)} {rng.choice(words.LINES)}, {colour[0]}"
        name = f"{parts}, maat {rng.choice(kind.sizes)}" if kind.sizes else parts
        if name not in taken:
            taken.add(name)
            return name, colour[3]
    name = f"{kind.nouns[0]} nummer {index}"
    taken.add(name)
    return name, "NR"


def draw_price(rng: random.Random, kind: words.Kind) -> Decimal:
    """A price within the range of the kind, that ends like prices in shops do."""
    cents = rng.randint(*kind.cents)
    ending = rng.choices((95, 99, 0, cents % 100), weights=(45, 15, 15, 25))[0]
    return (Decimal(cents // 100 * 100 + ending) / 100).quantize(Decimal("0.01"))


def _describe(name: str) -> str:
    return f"<p>{name}.</p><ul><li>Gemaakt om lang mee te gaan</li><li>In onze winkels te bekijken</li></ul>"


def _promos(index: int, price: Decimal, as_of: date) -> tuple[Promo, ...]:
    amount = (price * Decimal("0.8")).quantize(Decimal("0.01"))
    if index in (8, 33):
        return (Promo(amount, as_of - timedelta(days=3), as_of + timedelta(days=11)),)
    if index == 57:
        return (Promo(amount, as_of + timedelta(days=5), as_of + timedelta(days=19)),)
    return ()


def _tiers(index: int, price: Decimal) -> tuple[Tier, ...]:
    if index not in (12, 40, 71):
        return ()
    steps = ((Decimal(5), Decimal("0.95")), (Decimal(10), Decimal("0.9")))
    return tuple(Tier(quantity, (price * share).quantize(Decimal("0.01"))) for quantity, share in steps)


def _stock(rng: random.Random, on: frozenset[System]) -> dict[str, Decimal]:
    """Whole pieces per place; a product apart only lies where its system has a place."""
    places = [place for place in words.LOCATIONS if any(system in place.codes for system in on)]
    figures = {place.code: Decimal(rng.choice((0, 1, 2, 3, 4, 6, 8, 12, 20, 35))) for place in places}
    if "utrecht-warehouse" in figures:
        figures["utrecht-warehouse"] += 5  # web orders of the demo ship from there
    return figures


def make_customers(seed: int, count: int) -> tuple[Customer, ...]:
    """Persons and companies with what every system accepts: e-mail, valid postcodes and telephone numbers."""
    rng = random.Random(f"{seed}/demo/customers")
    return tuple(_make_customer(rng, index, count) for index in range(count))


def _make_customer(rng: random.Random, index: int, count: int) -> Customer:
    country = "BE" if index % 3 == 2 else "NL"
    first = words.FIRST_NAMES[index % len(words.FIRST_NAMES)]
    infix, last = rng.choice(words.DUTCH_LAST) if country == "NL" else ("", rng.choice(words.BELGIAN_LAST))
    company = f"{rng.choice(words.COMPANY_WORDS)} {rng.choice(words.LINES)} {index}" if index % 5 == 4 else None
    return Customer(
        number=f"K{index + 1:05d}",
        kind="company" if company else "person",
        first=first,
        infix=infix,
        last=last,
        email=f"{plain(first)}.{plain(last)}.{index + 1}@example.com",
        phone=_telephone(rng, words.PHONE_PREFIXES[country]),
        mobile=_telephone(rng, words.MOBILE_PREFIXES[country]) if index % 2 else None,
        invoice=make_address(rng, country),
        company=company,
        vat_number=_vat_number(rng, country) if company else None,
        delivery=make_address(rng, country) if index % 6 == 3 else None,
        newsletter=index % 4 == 0,
        on=systems_of(index, count, CUSTOMERS_APART),
    )


def plain(text: str) -> str:
    """Lower-case ASCII letters of a name, for e-mail addresses."""
    return "".join(sign for sign in text.lower() if sign.isascii() and sign.isalpha()) or "naam"


def _vat_number(rng: random.Random, country: str) -> str:
    return codes.vat_number_nl(rng) if country == "NL" else codes.vat_number_be(rng)


def _telephone(rng: random.Random, shape: tuple[str, int]) -> str:
    prefix, digits = shape
    return prefix + str(rng.randint(2, 4)) + "".join(str(rng.randint(0, 9)) for _ in range(digits - 1))


def make_address(rng: random.Random, country: str) -> Address:
    """An address whose postcode has the form of its country."""
    city, area = rng.choice(words.CITIES[country])
    letters = rng.choice("ABCDEGHJKLMNPRSTVWXZ") + rng.choice("ABCEGHJKLMNPRTVWXZ")
    return Address(
        street=rng.choice(words.STREETS[country]),
        number=str(rng.randint(1, 180)),
        addition=rng.choice(("", "", "", "A", "B")) if country == "NL" else "",
        city=city,
        postcode=f"{area}{rng.randint(11, 99)} {letters}" if country == "NL" else area,
        country=country,
    )


def _make_orders(seed: int, products: Iterable[Product], customers: Iterable[Customer]) -> tuple[Order, ...]:
    """Four open web orders, two of them imported in the ERP, and one open order of a company in the ERP."""
    rng = random.Random(f"{seed}/demo/orders")
    goods = [item for item in products if len(item.on) == len(SYSTEMS) and item.sell_online]
    buyers = [person for person in customers if len(person.on) == len(SYSTEMS)]
    dealers = [person for person in buyers if person.kind == "company"]
    if len(goods) < 6 or not dealers:
        return ()
    orders = [_web_order(rng, number, goods, buyers, number % 2 == 0) for number in range(4)]
    line = OrderLine(rng.choice(goods).sku, Decimal(1))
    orders.append(Order("D-2026-017", "exact_online", rng.choice(dealers).number, (line,), "utrecht-warehouse"))
    return tuple(orders)


def _web_order(rng: random.Random, number: int, goods: list[Product], buyers: list[Customer], imported: bool) -> Order:
    lines = tuple(OrderLine(item.sku, Decimal(rng.randint(1, 2))) for item in rng.sample(goods, 1 + number % 3))
    also_in: frozenset[System] = frozenset({"exact_online"}) if imported else frozenset()
    return Order(f"{number + 101:09d}", "magento2", rng.choice(buyers).number, lines, "utrecht-warehouse", also_in)
