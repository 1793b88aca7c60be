"""Products of a chain in use: the distributions of codes, texts, prices and stock."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from sandbox.shop import codes, texts, words
from sandbox.shop.model import Product, Promo, Tier, VatClass
from sandbox.shop.shares import deal

SKU_KINDS = {
    "pattern": 700, "zeros": 100, "slash": 40, "blank": 40, "plus": 20, "percent": 10, "sign": 10, "umlaut": 10,
    "case": 10, "supplier": 60,
}  # fmt: skip
GTIN_KINDS = {"13": 83, "12": 5, "8": 2, "none": 6, "own": 3, "wrong": 1}
TEXT_KINDS = {"plain": 845, "special": 110, "escaped": 30, "emoji": 5, "nfd": 10}
LENGTH_KINDS = {"normal": 890, "over 60": 100, "over 255": 10}  # some others grow over 60 by their words
Unit = Literal["piece", "kilogram", "metre", "pair"]
UNIT_KINDS: dict[Unit, int] = {"piece": 94, "kilogram": 3, "metre": 2, "pair": 1}
VAT_KINDS = {"standard": 74, "reduced": 22, "zero": 1, "exempt": 1, "country": 2}
ENDINGS = {"95": 45, "99": 15, "00": 15, "any": 25}
PROMO_KINDS = {"none": 88, "past": 4, "running": 4, "tonight": 2, "overlapping": 2}
STOCK_KINDS = {"zero": 20, "few": 45, "some": 25, "many": 9, "negative": 1}
SIZES = ("XS", "S", "M", "L", "XL", "XXL")
SHOES = tuple(str(size) for size in range(36, 46))
BIG_FAMILY = 60
CENT = Decimal("0.01")
RANGES = {"zero": (0, 0), "few": (1, 5), "some": (6, 30), "many": (31, 500), "negative": (-3, -1)}


@dataclass(frozen=True)
class Slot:
    """One place in the catalogue: alone, or a variant of a family."""

    kind: words.Kind
    family: str | None
    colour: int
    size: str


def make_goods(seed: int, count: int, as_of: date) -> list[Product]:
    """The catalogue without dirt across systems: equal everywhere but for what a system cannot hold."""
    rng = random.Random(f"{seed}/goods")
    slots = _make_slots(rng, count)
    goods = _name_goods(rng, slots)
    goods = _price_goods(rng, goods, as_of)
    goods = _stock_goods(rng, goods)
    return [fit_systems(one) for one in _put_edges(goods)]


def _make_slots(rng: random.Random, count: int) -> list[Slot]:
    """45 % of the SKUs in families of 2 to 12, one family of 60 (in a catalogue that is large enough)."""
    slots: list[Slot] = []
    wanted, number = round(count * 0.45), 0
    while len(slots) < wanted:
        number += 1
        size = BIG_FAMILY if number == 1 and wanted >= 4 * BIG_FAMILY else rng.randint(2, 12)
        size = min(size, wanted - len(slots))
        slots += _make_family(rng, number, size) if size > 1 else [_alone(rng)]
    slots += [_alone(rng) for _ in range(count - len(slots))]
    return slots


def _alone(rng: random.Random) -> Slot:
    return Slot(rng.choice(words.KINDS), None, rng.randrange(len(words.COLOURS)), "")


def _make_family(rng: random.Random, number: int, size: int) -> list[Slot]:
    kind = rng.choice(words.KINDS)
    sizes = SHOES if size > len(SIZES) * len(words.COLOURS) else SIZES
    pairs = [(colour, one) for colour in range(len(words.COLOURS)) for one in sizes][:size]
    if size <= len(words.COLOURS) and rng.random() < 0.3:
        pairs = [(colour, sizes[2]) for colour in range(size)]
    return [Slot(kind, f"F{number:05d}", colour, one) for colour, one in pairs]


def _name_goods(rng: random.Random, slots: list[Slot]) -> list[Product]:
    """Codes, barcodes, texts."""
    skus = _make_skus(rng, slots)
    gtins = deal(rng, len(slots), GTIN_KINDS)
    names = _make_names(rng, slots)
    bodies = deal(rng, len(slots), {"html": 60, "plain": 25, "empty": 15})
    french, german = deal(rng, len(slots), {True: 85, False: 15}), deal(rng, len(slots), {True: 30, False: 70})
    weights = deal(rng, len(slots), {True: 80, False: 20})
    goods = []
    for place, slot in enumerate(slots):
        name = names[place]
        name = texts.Name(name.nl, name.fr if french[place] else None, name.de if german[place] else None)
        goods.append(
            Product(
                sku=skus[place],
                name=name.nl,
                names=name.others(),
                vat_class="standard",
                price=Decimal(1),
                barcode=_make_gtin(gtins[place], place),
                summary=f"{slot.kind.nouns[0]} uit onze collectie." if place % 3 else None,
                description=texts.make_description(rng, bodies[place], name.nl),
                sell_online=rng.random() > 0.03,
                sell_in_store=rng.random() > 0.03,
                active=rng.random() > 0.02,
                weight_kg=_make_weight(rng) if weights[place] else None,
                brand=rng.choice(words.BRANDS),
                group=slot.kind.group,
                family=slot.family,
                axes=_axes(slot),
            )
        )
    return goods


def _axes(slot: Slot) -> dict[str, str]:
    return {"Maat": slot.size, "Kleur": words.COLOURS[slot.colour][0]} if slot.family else {}


def _make_weight(rng: random.Random) -> Decimal:
    """3 g to 38 kg."""
    return Decimal(min(38_000, max(3, round(rng.lognormvariate(6.0, 1.6))))) / 1000


def _make_skus(rng: random.Random, slots: list[Slot]) -> list[str]:
    """Codes unlike each other without case, ends and leading zeros; families have the pattern."""
    alone = sum(1 for slot in slots if slot.family is None)
    left = {kind: share * len(slots) // 100 for kind, share in SKU_KINDS.items()}
    left["pattern"] = max(0, left["pattern"] - (len(slots) - alone) * 10)
    kinds = iter(deal(rng, alone, left))
    taken: set[str] = set()
    skus = []
    for place, slot in enumerate(slots):
        make = _SKU_MAKERS["pattern" if slot.family else next(kinds)]
        sku = make(slot, place)
        key = sku.casefold().strip().lstrip("0")
        if key in taken:
            raise AssertionError(f"the code {sku!r} would be made twice")
        taken.add(key)
        skus.append(sku)
    return skus


def _pattern(slot: Slot, place: int) -> str:
    number = int(slot.family[1:]) if slot.family else 100_000 + place
    return f"{slot.kind.prefix}-{number:03d}-{words.COLOURS[slot.colour][3]}-{slot.size or 'U'}"


_SKU_MAKERS: dict[str, Callable[[Slot, int], str]] = {
    "pattern": _pattern,
    "zeros": lambda _slot, place: f"000{place + 4711}",
    "slash": lambda slot, place: f"{slot.kind.prefix}-{place}/B{place % 7}",
    "blank": lambda slot, place: f"{slot.kind.prefix} {place} XL",
    "plus": lambda slot, place: f"{slot.kind.prefix}+{place}+C",
    "percent": lambda slot, place: f"{slot.kind.prefix}-{place}-50%",
    "sign": lambda slot, place: f"{slot.kind.prefix}{'#?&,'[place % 4]}{place}",
    "umlaut": lambda slot, place: f"TÜ-{slot.kind.prefix}-{place}",
    "case": lambda slot, place: f"{slot.kind.prefix.lower()}-Mx-{place}",
    "supplier": lambda slot, place: f"{place % 90 + 10}.{place}.{slot.kind.group}-{slot.kind.prefix}",
}


def _make_gtin(kind: str, place: int) -> str | None:
    """Printed codes with prefixes that no real article bears: 952 demonstration, 4 and 2 within a company."""
    makers = {
        "13": lambda: codes.ean13(place + 1000),
        "12": lambda: codes.gtin(f"4{place:010d}"),
        "8": lambda: codes.gtin(f"952{place % 10_000:04d}"),
        "own": lambda: codes.gtin(f"2{place:011d}"),
        "wrong": lambda: _break(codes.ean13(place + 500_000)),
    }
    maker = makers.get(kind)
    return maker() if maker is not None else None


def _break(code: str) -> str:
    """The code with a wrong check digit."""
    return code[:-1] + str((int(code[-1]) + 1) % 10)


def _make_names(rng: random.Random, slots: list[Slot]) -> list[texts.Name]:
    """Unique names of every length, but for the 2 % that share one (in neighbouring pairs)."""
    lengths, looks = deal(rng, len(slots), LENGTH_KINDS), deal(rng, len(slots), TEXT_KINDS)
    taken: set[str] = set()
    names: list[texts.Name] = []
    salt = rng.random()
    for place, slot in enumerate(slots):
        drawn = random.Random(f"{salt}/{slot.family}") if slot.family else rng  # one noun and line a family
        tail = f"{place % 97 + 2}" if slot.family is None else f"{int(slot.family[1:])}"
        name = texts.make_name(drawn, slot.kind, tail, slot.colour, slot.size)
        if lengths[place] != "normal":
            low, high = (61, 200) if lengths[place] == "over 60" else (256, 300)
            name = replace(name, nl=texts.lengthen(rng, name.nl, low, high))
        name = replace(name, nl=texts.decorate(rng, name.nl, looks[place]))
        if name.nl in taken:
            name = replace(name, nl=f"{name.nl} ({place})")
        taken.add(name.nl)
        names.append(name)
    return _share_names(rng, names, slots)


def _share_names(rng: random.Random, names: list[texts.Name], slots: list[Slot]) -> list[texts.Name]:
    alone = [place for place, slot in enumerate(slots) if slot.family is None and len(names[place].nl) <= 60]
    chosen = rng.sample(alone, min(len(alone), round(len(names) * 0.02)) // 2 * 2)
    for first, second in zip(chosen[::2], chosen[1::2], strict=True):
        names[second] = names[first]
    return names


def _price_goods(rng: random.Random, goods: list[Product], as_of: date) -> list[Product]:
    """VAT, units, prices, promotions, tiers, the dealers' list."""
    count = len(goods)
    vat, units = deal(rng, count, VAT_KINDS), _deal_units(rng, goods)
    endings, promos = deal(rng, count, ENDINGS), deal(rng, count, PROMO_KINDS)
    tiers, dealers = deal(rng, count, {True: 8, False: 92}), deal(rng, count, {True: 6, False: 94})
    excluded = deal(rng, count, {True: 3, False: 97})
    by_family: dict[str, Decimal] = {}
    priced = []
    for place, one in enumerate(goods):
        price = _draw_price(rng, endings[place])
        if one.family and int(one.family[1:]) % 5:  # one family in five is priced by variant
            price = by_family.setdefault(one.family, price)
        if excluded[place]:
            price = (price / Decimal("1.21")).quantize(Decimal("0.0001"))
        rows = _make_tiers(price, tiers[place], dealers[place])
        priced.append(
            replace(
                one,
                price=price,
                price_form="excluded" if excluded[place] else "included",
                cost=(price * Decimal("0.42")).quantize(CENT),
                vat_class=_vat_class(vat[place]),
                vat_by_country={"BE": "intermediate"} if vat[place] == "country" else {},
                unit=units[place],
                promos=_make_promos(promos[place], price, as_of),
                tiers=rows,
            )
        )
    return priced


def _deal_units(rng: random.Random, goods: list[Product]) -> list[Unit]:
    """Units by their shares of all; families are sold by the piece."""
    alone = [place for place, one in enumerate(goods) if one.family is None]
    apart: dict[Unit, int] = {unit: len(goods) * share // 100 for unit, share in UNIT_KINDS.items() if unit != "piece"}
    cards: dict[Unit, int] = {"piece": max(1, len(alone) - sum(apart.values())), **apart}
    units: list[Unit] = ["piece"] * len(goods)
    for place, unit in zip(alone, deal(rng, len(alone), cards), strict=True):
        units[place] = unit
    return units


def _vat_class(kind: str) -> VatClass:
    classes: dict[str, VatClass] = {"reduced": "reduced", "zero": "zero", "exempt": "exempt"}
    return classes.get(kind, "standard")


def _draw_price(rng: random.Random, ending: str) -> Decimal:
    """Log-normal around 24.95, from 0.05 to 1,899.00."""
    cents = min(189_900, max(5, round(rng.lognormvariate(7.822, 1.0))))
    if ending == "any":
        return Decimal(cents) / 100
    if ending == "00":
        return Decimal(max(1, round(cents / 100))).quantize(CENT)
    return Decimal(min(cents // 100, 1898) * 100 + int(ending)) / 100


def _make_promos(kind: str, price: Decimal, as_of: date) -> tuple[Promo, ...]:
    amount = max(CENT, (price * Decimal("0.8")).quantize(CENT))
    lower = max(CENT, (price * Decimal("0.7")).quantize(CENT))
    day = timedelta(days=1)
    rows = {
        "past": (Promo(amount, as_of - 40 * day, as_of - 20 * day),),
        "running": (Promo(amount, as_of - 2 * day, as_of + 9 * day),),
        "tonight": (Promo(amount, as_of + day, as_of + 14 * day),),
        "overlapping": (
            Promo(amount, as_of - 5 * day, as_of + 5 * day),
            Promo(lower, as_of - day, as_of + 10 * day),
        ),
    }
    return rows.get(kind, ())


def _make_tiers(price: Decimal, public: bool, dealers: bool) -> tuple[Tier, ...]:
    steps = ((5, "0.95"), (10, "0.90"), (25, "0.85")) if public else ()
    rows = [Tier(Decimal(count), max(CENT, (price * Decimal(share)).quantize(CENT))) for count, share in steps]
    if dealers:
        rows.append(Tier(Decimal(1), max(CENT, (price * Decimal("0.6")).quantize(CENT)), "dealers"))
    return tuple(rows)


def _stock_goods(rng: random.Random, goods: list[Product]) -> list[Product]:
    """Pieces per place; 30 % lie in one place only, 2 % are not tracked, kilograms have fractions."""
    single, tracked = deal(rng, len(goods), {True: 30, False: 70}), deal(rng, len(goods), {True: 98, False: 2})
    kinds = deal(rng, len(goods) * len(words.LOCATIONS), STOCK_KINDS)
    stocked = []
    for place, one in enumerate(goods):
        figures = {}
        if tracked[place]:
            places = [rng.choice(words.LOCATIONS)] if single[place] else list(words.LOCATIONS)
            for number, location in enumerate(places):
                kind = kinds[place * len(words.LOCATIONS) + number]
                figures[location.code] = _draw_stock(rng, kind, location.code, one.unit)
        stocked.append(replace(one, stock=figures, tracks_stock=tracked[place]))
    return stocked


def _draw_stock(rng: random.Random, kind: str, location: str, unit: str) -> Decimal:
    """Below zero only where a till sells."""
    if kind == "negative" and location == "utrecht-warehouse":
        kind = "zero"
    figure = Decimal(rng.randint(*RANGES[kind]))
    return figure + Decimal("0.25") if unit == "kilogram" and figure > 0 else figure


def _put_edges(goods: list[Product]) -> list[Product]:
    """Both ends of each limit: 60/61, 64/65, 255/256 characters, four prices of 0.00, no VAT code, single pieces."""
    alone = [place for place, one in enumerate(goods) if one.family is None and one.tracks_stock]
    if len(alone) < 40:
        return goods
    for place, length in zip(alone[:4], (60, 61, 255, 256), strict=True):
        goods[place] = replace(goods[place], name=texts.to_length(goods[place].name, length))
    for number, place in enumerate(alone[4:10]):
        length = 64 if number < 3 else 65
        goods[place] = replace(goods[place], sku=f"LANG-{place:05d}-".ljust(length, "X"))
    for place, price in zip(alone[10:14] + alone[33:35], ("0.00",) * 4 + ("0.05", "1899.00"), strict=True):
        goods[place] = replace(goods[place], price=Decimal(price), price_form="included", promos=(), tiers=())
    goods[alone[14]] = replace(goods[alone[14]], vat_class=None, on=frozenset({"exact_online"}))
    for place in alone[15:20]:
        figures = {location.code: Decimal(0) for location in words.LOCATIONS} | {"utrecht-store": Decimal(1)}
        goods[place] = replace(goods[place], stock=figures, sell_online=True, sell_in_store=True, active=True)
    for number in range(5):  # five pairs that share one printed code
        first, second = alone[20 + 2 * number], alone[21 + 2 * number]
        goods[first] = replace(goods[first], barcode=codes.ean13(800_000 + number))
        goods[second] = replace(goods[second], barcode=goods[first].barcode)
    for number, place in enumerate(alone[30:33]):  # a leading zero that a spreadsheet ate
        full = codes.gtin(f"04{number:010d}")
        goods[place] = replace(goods[place], barcode=full, overrides={"magento2": {"barcode": full[1:]}})
    return goods


def fit_systems(one: Product) -> Product:
    """What a system cannot hold: 60 characters in Exact, 255 online, codes of 64 in Magento."""
    overrides = {system: dict(fields) for system, fields in one.overrides.items()}
    if len(one.name) > 60:
        overrides.setdefault("exact_online", {}).setdefault("name", one.name[:60].rstrip())
    if len(one.name) > 255:
        overrides.setdefault("magento2", {}).setdefault("name", one.name[:255].rstrip())
    on = one.on - {"magento2"} if len(one.sku) > 64 else one.on
    return replace(one, overrides=overrides, on=on)
