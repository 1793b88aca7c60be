"""The invented chain: what the demo may hold, the shares of the large profiles, and the dirt with its answers."""

from __future__ import annotations

import random
import statistics
import unicodedata
from collections import Counter
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

import pytest

from sandbox.shop import codes
from sandbox.shop.generate import make_shop
from sandbox.shop.model import SYSTEMS, Product, Shop
from sandbox.shop.shares import deal

DAY = date(2026, 11, 21)
EXACT, SHOP, TILL = "exact_online", "magento2", "lightspeed_x"


@pytest.fixture(scope="module")
def demo() -> Shop:
    """The demo chain."""
    return make_shop("demo", as_of=DAY)


@pytest.fixture(scope="module")
def chain() -> Shop:
    """The chain for tests."""
    return make_shop("tests", as_of=DAY)


def share(things: Iterable[bool]) -> float:
    """Which part is true, in per cent."""
    flags = list(things)
    return 100 * sum(flags) / len(flags)


def why(shop: Shop, text: str) -> list[str]:
    """The left sides of the right answers with this reason."""
    return [one.left[1] for one in shop.expected if text in one.why]


@pytest.mark.parametrize("profile", ["demo", "opening", "tests", "empty"])
def test_same_seed_same_chain(profile: str) -> None:
    """The same seed, size and day make the same chain."""
    assert make_shop(profile, 7, as_of=DAY) == make_shop(profile, 7, as_of=DAY)


def test_other_seed_other_chain(demo: Shop) -> None:
    """Another seed makes another chain."""
    assert make_shop("demo", 2, as_of=DAY).products != demo.products


def test_unknown_profile_is_refused() -> None:
    """A profile that does not exist is an error that names those that do."""
    with pytest.raises(ValueError, match="demo, empty, load, opening, tests"):
        make_shop("huge")


def test_negative_size_is_refused() -> None:
    """A chain with less than nothing is an error."""
    with pytest.raises(ValueError, match="fewer than 0"):
        make_shop("demo", products=-1)


@pytest.mark.parametrize(("products", "customers"), [(0, 0), (1, 1), (10, 5), (45, 20), (300, 40)])
@pytest.mark.parametrize("profile", ["demo", "tests"])
def test_any_size_can_be_made(profile: str, products: int, customers: int) -> None:
    """Small and odd sizes work, too."""
    shop = make_shop(profile, products=products, customers=customers, as_of=DAY)
    assert len(shop.products) >= products
    assert len(shop.customers) >= customers


def test_empty_holds_reference_data_only() -> None:
    """The empty profile has places, nothing else."""
    shop = make_shop("empty", as_of=DAY)
    assert (len(shop.locations), shop.products, shop.customers, shop.orders) == (4, (), (), ())


def test_demo_sizes(demo: Shop) -> None:
    """The demo has 120 products and 60 customers."""
    assert (len(demo.products), len(demo.customers)) == (120, 60)


def test_demo_things_apart(demo: Shop) -> None:
    """A few products and customers are on one system only, all others everywhere."""
    products = Counter(tuple(one.on) for one in demo.products if len(one.on) < 3)
    customers = Counter(tuple(one.on) for one in demo.customers if len(one.on) < 3)
    assert products == {(EXACT,): 4, (SHOP,): 3, (TILL,): 2}
    assert customers == {(SHOP,): 2, (TILL,): 1, (EXACT,): 1}


def test_demo_is_equal_everywhere(demo: Shop) -> None:
    """In the demo no system shows anything else than the others."""
    assert not any(one.overrides for one in (*demo.products, *demo.customers))
    assert demo.expected == ()


def test_demo_products_fit_every_system(demo: Shop) -> None:
    """Names, prices, codes and stock of the demo can be carried exactly by each system."""
    for one in demo.products:
        assert len(one.name) <= 60
        assert one.price_form == "included"
        assert one.price == one.price.quantize(Decimal("0.01")) > 0
        assert one.unit == "piece"
        assert one.vat_class in ("standard", "reduced", "zero")
        assert one.family is None
        assert len(one.sku) <= 30
        assert one.barcode is None or (one.barcode.startswith("952") and codes.gtin_valid(one.barcode))
        assert all(figure >= 0 and figure % 1 == 0 for figure in one.stock.values())
        assert one.weight_kg is None or one.weight_kg == one.weight_kg.quantize(Decimal("0.0001"))


def test_demo_names_and_codes_are_unique(demo: Shop) -> None:
    """No name, code or barcode of the demo occurs twice, whatever the case."""
    for values in (
        [one.name.casefold() for one in demo.products],
        [one.sku.casefold() for one in demo.products],
        [one.barcode for one in demo.products if one.barcode],
        [one.email for one in demo.customers],
        [one.number for one in demo.customers],
    ):
        assert len(values) == len(set(values))


def test_demo_codes_are_interesting(demo: Shop) -> None:
    """The demo has codes with a slash, a blank, a plus, per cent, leading zeros and an umlaut."""
    skus = [one.sku for one in demo.products]
    for sign in ("/", " ", "+", "%", "&", "#", "Ü"):
        assert any(sign in sku for sku in skus)
    assert any(sku.startswith("00") for sku in skus)


def test_demo_customers_fit_every_system(demo: Shop) -> None:
    """Demo customers have e-mail, postcodes of their country's form, and valid VAT numbers."""
    for one in demo.customers:
        assert one.email
        assert one.email == one.email.lower()
        assert (len(one.invoice.postcode) == 7) == (one.invoice.country == "NL")
        assert (one.vat_number is not None) == (one.kind == "company")
        assert one.vat_number is None or codes.vat_number_valid(one.vat_number)


def test_demo_has_open_orders(demo: Shop) -> None:
    """The demo has open web orders, some imported in the ERP, and one order of the ERP's own; all can be shipped."""
    web = [one for one in demo.orders if one.placed_in == SHOP]
    assert len(web) == 4
    assert {bool(one.also_in) for one in web} == {True, False}
    assert [one.placed_in for one in demo.orders if one not in web] == [EXACT]
    stock = {one.sku: one.stock for one in demo.products}
    for order in demo.orders:
        assert all(stock[line.sku][order.ship_from or ""] >= line.quantity for line in order.lines)


def test_locations_are_the_four_of_the_chain(demo: Shop) -> None:
    """Each system knows its own places by its own codes."""
    known = {one.code: one.codes for one in demo.locations}
    assert known["utrecht-warehouse"] == {EXACT: "1", SHOP: "wh_utr"}
    assert known["gent"] == {EXACT: "3", SHOP: "st_gent", TILL: "Winkel Gent"}
    assert len(known) == 4


def test_cards_are_dealt_exactly() -> None:
    """Shares come out exact to one card, at any size."""
    for count in (0, 1, 7, 100, 1000):
        cards = Counter(deal(random.Random(1), count, {"a": 70, "b": 25, "c": 5}))
        assert sum(cards.values()) == count
        assert abs(cards["a"] - count * 0.7) < 1
        assert abs(cards["c"] - count * 0.05) < 1


@pytest.mark.parametrize(
    ("kind", "expected", "room"),
    [
        (lambda sku: sku.startswith("000"), 10, 1),
        (lambda sku: "/" in sku, 4, 0.5),
        (lambda sku: " " in sku.rstrip(), 4, 0.5),
        (lambda sku: "+" in sku, 2, 0.4),
        (lambda sku: "%" in sku, 1, 0.2),
        (lambda sku: any(sign in sku for sign in "#?&,"), 1, 0.2),
        (lambda sku: "Ü" in sku, 1, 0.2),
    ],
    ids=["zeros", "slash", "blank", "plus", "percent", "sign", "umlaut"],
)
def test_shares_of_codes(chain: Shop, kind, expected: float, room: float) -> None:
    """Codes have the shares of canonical-model 8."""
    assert share(kind(one.sku) for one in chain.products) == pytest.approx(expected, abs=room)


def test_shares_of_barcodes(chain: Shop) -> None:
    """Barcodes: 13 digits mostly, some of 12 and 8, none, own codes, a wrong check digit."""
    kinds = Counter(
        "none" if one.barcode is None
        else "wrong" if not codes.gtin_valid(one.barcode)
        else "own" if one.barcode.startswith("2")
        else str(len(one.barcode))
        for one in chain.products
    )  # fmt: skip
    for kind, expected in (("13", 83), ("12", 5), ("8", 2), ("none", 6), ("own", 3), ("wrong", 1)):
        assert 100 * kinds[kind] / len(chain.products) == pytest.approx(expected, abs=1)
    shared = Counter(one.barcode for one in chain.products if one.barcode)
    assert sum(1 for count in shared.values() if count == 2) >= 5


def test_shares_of_names(chain: Shop) -> None:
    """Names: median about 38 characters, 12 % over 60, 1 % over 255, both ends of each limit."""
    lengths = [len(one.name) for one in chain.products]
    assert statistics.median(lengths) == pytest.approx(38, abs=4)
    assert share(length > 60 for length in lengths) == pytest.approx(12, abs=1.5)
    assert share(length > 255 for length in lengths) == pytest.approx(1, abs=0.3)
    assert {60, 61, 255, 256} <= set(lengths)
    assert share("fr" in one.names for one in chain.products) == pytest.approx(85, abs=1)
    assert share("de" in one.names for one in chain.products) == pytest.approx(30, abs=1)


def test_names_hold_what_breaks_software(chain: Shop) -> None:
    """Names have emoji, accents in two parts, escaped ampersands, and 2 % share one."""
    names = [one.name for one in chain.products]
    assert share(any(ord(sign) > 0xFFFF or sign == "☕" for sign in name) for name in names) == pytest.approx(
        0.5, abs=0.2
    )
    assert share(unicodedata.normalize("NFC", name) != name for name in names) == pytest.approx(1, abs=0.3)
    assert any("&amp;" in name for name in names)
    counts = Counter(names)
    assert share(counts[name] > 1 for name in names) == pytest.approx(2, abs=0.5)


def test_what_a_system_cannot_hold_is_cut_there(chain: Shop) -> None:
    """Exact shows 60 characters at most, Magento 255 and codes of 64."""
    for one in chain.products:
        assert len(one.overrides.get(EXACT, {}).get("name", one.name)) <= 60 or EXACT not in one.on
        assert len(one.overrides.get(SHOP, {}).get("name", one.name)) <= 255 or SHOP not in one.on
        assert SHOP not in one.on or len(one.sku) <= 64
    assert Counter(len(one.sku) for one in chain.products if len(one.sku) > 40) == {64: 3, 65: 3}


def test_shares_of_families(chain: Shop) -> None:
    """45 % of the products are variants, in families of 2 to 12, and one family of 60."""
    families = Counter(one.family for one in chain.products if one.family)
    assert share(one.family is not None for one in chain.products) == pytest.approx(45, abs=1)
    assert sorted(families.values())[-1] == 60
    assert all(size <= 12 for size in sorted(families.values())[:-1])
    axes = [(one.family, tuple(one.axes.values())) for one in chain.products if one.family]
    assert len(axes) == len(set(axes))


def test_some_families_are_priced_by_variant(chain: Shop) -> None:
    """About a fifth of the families have more than one price."""
    prices: dict[str, set[Decimal]] = {}
    for one in chain.products:
        if one.family and one.price_form == "included":
            prices.setdefault(one.family, set()).add(one.price)
    assert share(len(each) > 1 for each in prices.values()) == pytest.approx(20, abs=8)


def test_shares_of_prices(chain: Shop) -> None:
    """Prices: median about 24.95 between 0.05 and 1,899.00, mostly .95 and .99, four of nothing."""
    prices = sorted(one.price for one in chain.products)
    assert statistics.median(prices) == pytest.approx(Decimal("24.95"), abs=Decimal(4))
    assert prices[4] == Decimal("0.05")
    assert prices[-1] == Decimal("1899.00")
    assert prices[:4] == [0, 0, 0, 0]
    consumer = [one.price for one in chain.products if one.price_form == "included"]
    assert share(str(price)[-2:] in ("95", "99") for price in consumer) == pytest.approx(60, abs=3)
    assert share(one.price_form == "excluded" for one in chain.products) == pytest.approx(3, abs=0.5)
    assert all(
        one.price == one.price.quantize(Decimal("0.01")) for one in chain.products if one.price_form != "excluded"
    )


def test_shares_of_promotions_and_tiers(chain: Shop) -> None:
    """12 % have promotions (past, running, from tonight, overlapping), 8 % tiers, 6 % a dealers' price."""
    assert share(bool(one.promos) for one in chain.products) == pytest.approx(12, abs=0.7)
    assert share(len(one.promos) == 2 for one in chain.products) == pytest.approx(2, abs=0.4)
    assert any(promo.starts > DAY for one in chain.products for promo in one.promos)
    assert any(promo.ends and promo.ends < DAY for one in chain.products for promo in one.promos)
    public = [[tier for tier in one.tiers if tier.group is None] for one in chain.products]
    assert share(bool(rows) for rows in public) == pytest.approx(8, abs=0.7)
    assert {tuple(int(tier.min_qty) for tier in rows) for rows in public} == {(), (5, 10, 25)}
    dealers = [any(tier.group == "dealers" for tier in one.tiers) for one in chain.products]
    assert share(dealers) == pytest.approx(6, abs=0.7)


def test_shares_of_vat_and_units(chain: Shop) -> None:
    """VAT and units have their shares; one product has no VAT class, 2 % differ by country."""
    classes = Counter(one.vat_class for one in chain.products)
    assert classes[None] == 1
    assert share(one.vat_class == "reduced" for one in chain.products) == pytest.approx(22, abs=1)
    assert share(bool(one.vat_by_country) for one in chain.products) == pytest.approx(2, abs=0.3)
    for unit, expected in (("piece", 94), ("kilogram", 3), ("metre", 2), ("pair", 1)):
        assert share(one.unit == unit for one in chain.products) == pytest.approx(expected, abs=0.5)
    assert share(one.weight_kg is None for one in chain.products) == pytest.approx(20, abs=1)


def test_shares_of_stock(chain: Shop) -> None:
    """Stock per place: a fifth is zero, most are few, some below zero; 30 % lie in one place only."""
    figures = [figure for one in chain.products for figure in one.stock.values()]
    assert share(figure == 0 for figure in figures) == pytest.approx(20, abs=2)
    assert share(1 <= figure < 6 for figure in figures) == pytest.approx(45, abs=2)
    assert share(6 <= figure < 31 for figure in figures) == pytest.approx(25, abs=2)
    assert share(figure > 30.5 for figure in figures) == pytest.approx(9, abs=1.5)
    assert 0 < share(figure < 0 for figure in figures) < 1.5
    assert share(len(one.stock) == 1 for one in chain.products) == pytest.approx(30, abs=1.5)
    assert share(not one.tracks_stock for one in chain.products) == pytest.approx(2, abs=0.3)
    assert all(figure % 1 == 0 for one in chain.products if one.unit != "kilogram" for figure in one.stock.values())
    assert sum(1 for one in chain.products if sum(one.stock.values()) == 1 and len(one.stock) == 4) >= 5


def test_orders_claim_a_few_products(chain: Shop) -> None:
    """3 % of the products are claimed: half shipped, on hold, cancelled, refunded, beyond what is there."""
    assert 100 * len(chain.orders) / len(chain.products) == pytest.approx(3, abs=0.3)
    assert {one.state for one in chain.orders} == {"open", "on_hold", "canceled"}
    lines = [line for one in chain.orders for line in one.lines]
    assert any(line.shipped for line in lines)
    assert any(line.refunded and line.shipped for line in lines)
    assert any(line.refunded and not line.shipped for line in lines)
    stock = {one.sku: one.stock for one in chain.products}
    assert any(line.quantity > stock[line.sku][one.ship_from or ""] for one in chain.orders for line in one.lines)
    assert len({one.reference for one in chain.orders}) == len(chain.orders)
    numbers = {one.number for one in chain.customers}
    assert all(one.customer in numbers for one in chain.orders)


def test_shares_of_customers(chain: Shop) -> None:
    """Persons and companies, countries, infixes and initials have their shares."""
    people = chain.customers
    assert share(one.kind == "person" for one in people) == pytest.approx(78, abs=2)
    assert share(one.invoice.country == "NL" for one in people) == pytest.approx(60, abs=2.5)
    assert share(one.invoice.country == "BE" for one in people) == pytest.approx(33, abs=2.5)
    assert share(bool(one.infix) for one in people) == pytest.approx(30, abs=2)
    assert share("." in one.first for one in people) == pytest.approx(5, abs=1)
    assert share(one.language == "fr" and one.invoice.country == "BE" for one in people) == pytest.approx(8, abs=1.5)


def test_shares_of_vat_numbers(chain: Shop) -> None:
    """Companies' VAT numbers: most valid, some with dots, 4 % with a wrong digit that Exact does not hold."""
    companies = [one for one in chain.customers if one.kind == "company"]
    numbers = [one.vat_number for one in companies if one.vat_number]
    assert 100 * sum(map(codes.vat_number_valid, numbers)) / len(companies) == pytest.approx(90, abs=5)
    wrong = [one for one in companies if one.vat_number and not codes.vat_number_valid(one.vat_number)]
    assert wrong
    assert all(one.overrides[EXACT]["vat_number"] is None for one in wrong)
    assert any("." in number for number in numbers)
    assert any(one.vat_number for one in chain.customers if one.kind == "person")


def test_shares_of_addresses(chain: Shop) -> None:
    """Addresses: numbers on a line of their own, odd postcodes, other delivery, several further ones."""
    people = chain.customers
    assert share(not one.invoice.number and bool(one.invoice.extra) for one in people) == pytest.approx(15, abs=2)
    assert share(not one.invoice.number and not one.invoice.extra for one in people) == pytest.approx(8, abs=2)
    assert share(one.delivery is not None for one in people) == pytest.approx(18, abs=2)
    assert share(len(one.more) >= 2 for one in people) == pytest.approx(2, abs=0.7)
    streets = {f"{one.invoice.street} {one.invoice.number}" for one in people}
    assert "Plein 1944 12" in streets
    codes_seen = {one.invoice.postcode for one in people}
    assert any(code.startswith("B-") for code in codes_seen)
    assert any(code[:4].isdigit() and code[4:].islower() for code in codes_seen)


def test_shares_of_email(chain: Shop) -> None:
    """E-mail: only reserved domains, some shared, some with capitals or a plus; 12 % of till customers have none."""
    mails = [one.email for one in chain.customers if one.email]
    assert all(mail.lower().endswith((".test", "example.com")) for mail in mails)
    counts = Counter(mails)
    assert share(counts[mail] > 1 for mail in mails) > 3
    assert share(mail != mail.lower() for mail in mails) == pytest.approx(3, abs=1)
    assert any("+" in mail for mail in mails)
    till = [one for one in chain.customers if TILL in one.on]
    assert share(one.email is None for one in till) == pytest.approx(12, abs=1)
    assert all(one.on == {TILL} for one in chain.customers if one.email is None)


def shown(one: Product, system: str) -> str:
    """The code that a product has on a system."""
    return one.overrides.get(system, {}).get("sku", one.sku)  # type: ignore[call-overload, no-any-return]


@pytest.mark.parametrize(
    ("text", "per_thousand"),
    [
        ("differs in case", 15), ("trailing blank", 8), ("leading zeros", 6), ("letter O", 5),
        ("another code", 4), ("barcodes differ", 3), ("archived", 5), ("cut or markup", 12), ("by a cent", 9),
        ("factor 10", 5),
    ],
)  # fmt: skip
def test_dirt_among_products(chain: Shop, text: str, per_thousand: int) -> None:
    """Each kind of dirt comes as often as stated, with its right answer."""
    assert len(why(chain, text)) == per_thousand * 2


@pytest.mark.parametrize(
    ("text", "per_500"),
    [
        ("two accounts", 20),
        ("another e-mail", 6),
        ("VAT number is equal", 5),
        ("moved", 4),
        ("card", 3),
        ("country", 2),
    ],
)
def test_dirt_among_customers(chain: Shop, text: str, per_500: int) -> None:
    """Each kind of dirt among 800 customers comes as often as stated, to one."""
    assert len(why(chain, text)) == pytest.approx(per_500 * 800 / 500, abs=1)


def test_right_answers_name_what_exists(chain: Shop) -> None:
    """Both sides of every right answer are really there, under the code or number it names."""
    here: dict[tuple[str, str], set[str]] = {
        ("product", system): {shown(one, system) for one in chain.products if system in one.on} for system in SYSTEMS
    }
    here |= {("customer", system): {one.number for one in chain.customers if system in one.on} for system in SYSTEMS}
    for one in chain.expected:
        for system, name in (one.left, one.right):
            assert name in here[one.entity, system]


def test_what_must_not_match(chain: Shop) -> None:
    """O for 0, a code four times in Magento and an e-mail twice in Exact are no matches."""
    refused = Counter(one.why.split(":")[0] for one in chain.expected if not one.same)
    assert set(refused) == {
        "the letter O for the digit 0", "the code is in Magento four times", "two accounts with one e-mail",
    }  # fmt: skip
    four = why(chain, "four times")[0]
    assert sum(1 for one in chain.products if one.sku == four and SHOP in one.on) == 4


def test_codes_are_unique_but_for_the_known_dirt(chain: Shop) -> None:
    """But for the code that Magento has four times no key occurs twice on a system."""
    for system in SYSTEMS:
        keys = Counter(shown(one, system).strip().casefold() for one in chain.products if system in one.on)
        double = [key for key, count in keys.items() if count > 1]
        assert double == ([why(chain, "four times")[0].casefold()] if system == SHOP else [])


@pytest.mark.parametrize("number", ["NL123456782B12", "BE0477472701", "be 0477.472.701", "DE123456789"])
def test_valid_vat_numbers(number: str) -> None:
    """Numbers that pass their country's check, however they are written."""
    assert codes.vat_number_valid(number)


@pytest.mark.parametrize("number", ["NL123456783B12", "BE0477472702", "NL12345678B12", "X"])
def test_invalid_vat_numbers(number: str) -> None:
    """Numbers that do not pass."""
    assert not codes.vat_number_valid(number)


@pytest.mark.parametrize(
    ("code", "valid"), [("9520000001018", None), ("8719326000014", False), ("8719326000015", True)]
)
def test_article_codes(code: str, valid: bool | None) -> None:
    """The check digit of a code."""
    assert codes.gtin_valid(codes.gtin(code[:-1]))
    if valid is not None:
        assert codes.gtin_valid(code) is valid


def test_the_opening_stands_in_the_erp_alone() -> None:
    """Before its first day the chain is known to the ERP only, with plain prices and stock, for all systems."""
    shop = make_shop("opening", products=60, as_of=DAY)
    assert {frozenset({"exact_online"})} == {one.on for one in shop.products}
    assert 60 == len({one.sku.casefold() for one in shop.products})
    assert all(one.sell_online and one.sell_in_store and not one.promos and not one.tiers for one in shop.products)
