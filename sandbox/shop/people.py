"""Customers of a chain in use: names, addresses, telephones and e-mail as people type them."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from sandbox.shop import codes, words
from sandbox.shop.demo import make_address, plain
from sandbox.shop.model import SYSTEMS, Address, Customer, System
from sandbox.shop.shares import deal

ALL: frozenset[System] = frozenset(SYSTEMS)
PLACES = {"all": 797, "magento2": 60, "exact_online": 35, "till": 108}
"""Where a customer is known; a till customer has no e-mail and stays in the till (12 % of those there)."""
COUNTRIES = {"NL": 60, "BE-nl": 25, "BE-fr": 8, "DE": 4, "FR-LU": 3}
INFIXES = ("van der", "de", "'t", "d'", "in 't", "van", "van den", "ten")
ADDITIONS = ("A", "bis", "II", "-3", "hoog", "B")
BOXES = {"BE-nl": "bus 5", "BE-fr": "bte 4"}
ADDRESS_KINDS = {"usual": 77, "own line": 15, "unparsable": 8}
UNPARSABLE = ("Industrieterrein De Hoek, loods naast de brug", "Woonboot Zeemeeuw, tegenover de sluis", "Postbus")
POSTCODE_LOOKS = {"usual": 84, "tight": 10, "prefixed": 5, "wrong": 1}
MAIL_KINDS = {"own": 92, "shared": 4, "case": 3, "plus": 1}
VAT_KINDS = {"valid": 90, "wrong": 4, "none": 6}
NAME_KINDS = {"usual": 940, "initials": 50, "special": 10}


@dataclass(frozen=True)
class _Draw:
    """The cards that one customer got."""

    number: int
    place: str
    country: str
    company: bool
    infix: bool
    name: str
    mail: str
    vat: str
    address: str
    delivery: bool
    many: bool
    postcode: str


def make_people(seed: int, count: int) -> list[Customer]:
    """The customers without dirt across systems."""
    rng = random.Random(f"{seed}/people")
    decks = (
        deal(rng, count, PLACES),
        deal(rng, count, COUNTRIES),
        deal(rng, count, {True: 22, False: 78}),
        deal(rng, count, {True: 30, False: 70}),
        deal(rng, count, NAME_KINDS),
        deal(rng, count, MAIL_KINDS),
        deal(rng, count, VAT_KINDS),
        deal(rng, count, ADDRESS_KINDS),
        deal(rng, count, {True: 18, False: 82}),
        deal(rng, count, {True: 2, False: 98}),
        deal(rng, count, POSTCODE_LOOKS),
    )
    people = [_make_person(rng, _Draw(number, *cards)) for number, cards in enumerate(zip(*decks, strict=True))]
    return _put_person_vat(rng, people)


def _make_person(rng: random.Random, draw: _Draw) -> Customer:
    country = {"BE-nl": "BE", "BE-fr": "BE", "FR-LU": rng.choice(("FR", "LU"))}.get(draw.country, draw.country)
    first, infix, last = _make_name(rng, draw)
    company = _make_company(rng, draw) if draw.company else None
    vat_number = _make_vat_number(rng, draw, country) if company else None
    wrong = vat_number is not None and not codes.vat_number_valid(vat_number)
    return Customer(
        number=f"K{draw.number + 1:05d}",
        kind="company" if company else "person",
        first=first,
        infix=infix,
        last=last,
        email=None if draw.place == "till" else _make_mail(draw, first, last),
        phone=_write_telephone(rng, country, draw.number),
        mobile=_write_mobile(rng, country) if draw.number % 2 else None,
        invoice=_dress(rng, make_address(rng, country), draw),
        company=company,
        vat_number=vat_number,
        delivery=make_address(rng, country) if draw.delivery else None,
        more=tuple(make_address(rng, country) for _ in range(rng.randint(2, 4))) if draw.many else (),
        language={"BE-fr": "fr", "FR-LU": "fr", "DE": "de"}.get(draw.country, "nl"),
        newsletter=rng.random() < 0.35,
        group="dealers" if company and draw.number % 3 == 0 else None,
        on=_systems(draw.place),
        # Exact validates VAT numbers, so a wrong one cannot be there
        overrides={"exact_online": {"vat_number": None}} if wrong else {},
    )


def _systems(place: str) -> frozenset[System]:
    places: dict[str, frozenset[System]] = {
        "magento2": frozenset({"magento2"}),
        "exact_online": frozenset({"exact_online"}),
        "till": frozenset({"lightspeed_x"}),
    }
    return places.get(place, ALL)


def _make_name(rng: random.Random, draw: _Draw) -> tuple[str, str, str]:
    """First name or initials, infix, last name; Belgian prefixes belong to the last name."""
    if draw.name == "special":
        return ("Zoë-Ann", "", "O'Neil") if draw.number % 2 else ("Jürgen", "", "Müller-Söhne")
    first = rng.choice(words.FIRST_NAMES)
    if draw.name == "initials":
        first = f"{first[0]}.{rng.choice('ABCDEJM')}."
    if draw.infix:
        return first, rng.choice(INFIXES), rng.choice(words.DUTCH_LAST)[1]
    pools = {"BE-nl": words.BELGIAN_LAST, "BE-fr": words.BELGIAN_LAST[-2:]}
    pool = pools.get(draw.country, words.FOREIGN_LAST)
    if draw.country == "NL":
        pool = tuple(last for infix, last in words.DUTCH_LAST if not infix)
    return first, "", rng.choice(pool)


def _make_company(rng: random.Random, draw: _Draw) -> str:
    if draw.name == "special":
        return f"Müller & Söhne {draw.number}"
    return f"{rng.choice(words.COMPANY_WORDS)} {rng.choice(words.LINES)} {draw.number}"


def _make_vat_number(rng: random.Random, draw: _Draw, country: str) -> str | None:
    """Valid by formula and invented, some with dots, 4 % with a wrong digit."""
    if draw.vat == "none":
        return None
    makers = {"NL": codes.vat_number_nl, "BE": codes.vat_number_be}
    number = makers[country](rng) if country in makers else f"{country}{rng.randint(10**8, 10**9 - 1)}"
    if draw.vat == "wrong":
        return codes.vat_number_be(rng)[:-2] + "00" if country not in makers else _break(number)
    if country == "BE" and draw.number % 3 == 0:
        return f"BE {number[2:6]}.{number[6:9]}.{number[9:]}"
    return number


def _break(number: str) -> str:
    """The number with one digit changed, so that no check passes."""
    for digit in "0123456789":
        broken = number[:6] + digit + number[7:]
        if not codes.vat_number_valid(broken):
            return broken
    raise AssertionError("a check digit catches every single wrong digit")


def _put_person_vat(rng: random.Random, people: list[Customer]) -> list[Customer]:
    """2 % are persons with a VAT number."""
    persons = [place for place, one in enumerate(people) if one.kind == "person" and one.email]
    for place in rng.sample(persons, min(len(persons), round(len(people) * 0.02))):
        people[place] = replace(people[place], vat_number=codes.vat_number_nl(rng))
    return people


def _make_mail(draw: _Draw, first: str, last: str) -> str:
    """Only example.com and .test; shared ones in pairs, capitals, plus signs."""
    name = f"{plain(first)}.{plain(last)}"
    if draw.mail == "shared":
        return f"info@gezin{draw.number // 50}.test"
    if draw.mail == "case":
        return f"{name.title()}.{draw.number}@Example.com"
    if draw.mail == "plus":
        return f"{name}+winkel{draw.number}@example.com"
    return f"{name}.{draw.number}@{'example.com' if draw.number % 3 else 'post.test'}"


def _dress(rng: random.Random, address: Address, draw: _Draw) -> Address:
    """An address as it is typed: additions, boxes, the number on its own line, odd postcodes."""
    if draw.address == "unparsable":
        return replace(address, street=UNPARSABLE[draw.number % 3], number="", addition="")
    address = _dress_number(rng, address, draw)
    address = replace(address, postcode=_dress_postcode(address, draw.postcode))
    if draw.address == "own line":
        line = f"{address.number} {address.addition}".strip()
        return replace(address, number="", addition="", extra=line)
    return address


def _dress_number(rng: random.Random, address: Address, draw: _Draw) -> Address:
    if draw.number % 40 == 7:
        return replace(address, street="Plein 1944", number="12", addition="")
    if draw.country in BOXES and draw.number % 4 == 0:
        return replace(address, addition=BOXES[draw.country])
    if draw.country == "NL" and draw.number % 5 == 0:
        return replace(address, addition=rng.choice(ADDITIONS))
    return address


def _dress_postcode(address: Address, look: str) -> str:
    """``3511 AB``, ``3511ab``, ``B-9000``, or one that cannot be."""
    if look == "tight" and address.country == "NL":
        return address.postcode.replace(" ", "").lower()
    if look == "prefixed" and address.country == "BE":
        return f"B-{address.postcode}"
    return "0000 XX9" if look == "wrong" else address.postcode


def _write_telephone(rng: random.Random, country: str, number: int) -> str:
    """As people write them; now and then two in one field."""
    local = "".join(str(rng.randint(2, 9)) for _ in range(7))
    looks = {
        "NL": (f"030-{local}", f"+31 (0)30 {local}", f"+3130{local}"),
        "BE": (f"09 2{local[1:3]} {local[3:5]} {local[5:]}", f"+329{'2' + local[1:]}"),
    }
    chosen = looks.get(country, (f"+{ {'DE': 49221, 'FR': 333, 'LU': 35226}.get(country, 31) }{local}",))
    text = chosen[number % len(chosen)]
    return f"{text} / 06-2{local}" if number % 60 == 11 else text


def _write_mobile(rng: random.Random, country: str) -> str:
    digits = "".join(str(rng.randint(0, 9)) for _ in range(7))
    if country == "BE":
        return f"0470 {digits[:2]} {digits[2:4]} {digits[4:6]}"
    return f"+31 (0)6 1{digits}" if country == "NL" else f"+49151{digits}2"
