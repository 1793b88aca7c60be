"""VAT: the one rounding rule, enumerated, and rates by day."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from connector.mapping.amounts import Vat, VatApart
from connector.mapping.context import Context
from connector.mapping.converter import Unfit
from connector.mapping.vat import gross, net, rate, rate_changes_at
from connector.model.entity import PriceList

RATES = ("0", "0.06", "0.09", "0.12", "0.21")
CENTS = range(1, 200_001)


def share_a_cent_off(vat_rate: Decimal, scale: int) -> Decimal:
    """Per mille of the amounts from 0.01 to 2,000.00 that do not come back from net to gross."""
    off = 0
    for cents in CENTS:
        amount = Decimal(cents) / 100
        off += gross(net(amount, vat_rate, scale), vat_rate) != amount
    return (Decimal(off) / len(CENTS) * 1000).quantize(Decimal(1))


@pytest.mark.parametrize(
    ("vat_rate", "scale", "per_mille"),
    [
        *((vat_rate, 2, share) for vat_rate, share in zip(RATES, (0, 57, 83, 107, 174), strict=True)),
        *((vat_rate, 3, 0) for vat_rate in RATES),
    ],
)
def test_how_many_gross_amounts_survive_net_decimals(vat_rate: str, scale: int, per_mille: int) -> None:
    """Row 18 of known-failures: two net decimals lose a cent in up to 17.4 % of amounts, three in none."""
    assert per_mille == share_a_cent_off(Decimal(vat_rate), scale)


@pytest.mark.parametrize("vat_rate", RATES)
@pytest.mark.parametrize("scale", [4, 5, 6])
def test_more_net_decimals_are_exact(vat_rate: str, scale: int) -> None:
    """Every gross amount comes back from four to six net decimals (a tenth of them, all endings)."""
    known = Decimal(vat_rate)
    amounts = [Decimal(cents) / 100 for cents in range(1, 200_001, 7)]
    assert amounts == [gross(net(amount, known, scale), known) for amount in amounts]


@pytest.mark.parametrize("vat_rate", RATES)
def test_two_net_decimals_always_come_back_from_gross(vat_rate: str) -> None:
    """A dealers' list of two places loses nothing in a shop that shows prices with VAT."""
    known = Decimal(vat_rate)
    amounts = [Decimal(cents) / 100 for cents in range(1, 200_001, 3)]
    assert amounts == [net(gross(amount, known), known, 2) for amount in amounts]


@pytest.mark.parametrize(
    ("country", "vat_class", "day", "expected"),
    [
        ("NL", "standard", date(2026, 11, 21), "0.21"),
        ("NL", "reduced", date(2018, 12, 31), "0.06"),
        ("NL", "reduced", date(2019, 1, 1), "0.09"),
        ("BE", "intermediate", date(2026, 1, 1), "0.12"),
        ("DE", "standard", date(2020, 7, 1), "0.16"),
        ("DE", "reduced", date(2021, 1, 1), "0.07"),
        ("FR", "reduced", date(2026, 1, 1), "0.055"),
        ("LU", "standard", date(2023, 12, 31), "0.16"),
        ("LU", "standard", date(2024, 1, 1), "0.17"),
        ("NL", "zero", date(2026, 1, 1), "0"),
        ("XX", "exempt", date(2026, 1, 1), "0"),
    ],
)
def test_the_rate_is_that_of_the_day(country: str, vat_class: str, day: date, expected: str) -> None:
    """A rate holds from its day until the next one of its class."""
    assert Decimal(expected) == rate(country, vat_class, day)


def test_a_rate_change_is_known_beforehand() -> None:
    """A price in another form reads otherwise from that day, so the mapping names it."""
    assert date(2019, 1, 1) == rate_changes_at("NL", "reduced", date(2018, 6, 1))
    assert rate_changes_at("NL", "reduced", date(2019, 1, 1)) is None
    assert rate_changes_at("NL", "exempt", date(2018, 6, 1)) is None


def test_a_class_without_a_rate_is_refused() -> None:
    """The Netherlands have no intermediate rate; nothing is guessed."""
    with pytest.raises(Unfit, match="intermediate is unknown in NL"):
        rate("NL", "intermediate", date(2026, 1, 1))


def context(vat: str, scale: int = 2, vat_class: str | None = "standard") -> Context:
    prices = PriceList("list", "EUR", vat, scale, {})  # type: ignore[arg-type]  # the two forms
    return Context(date(2026, 11, 21), "Europe/Amsterdam", list=prices, vat_class=vat_class)


@pytest.mark.parametrize(
    ("story", "channel", "given", "there", "canonical"),
    [
        ("same form", Vat("included"), context("included"), "49.95", "49.95"),
        ("net channel, gross list", Vat("excluded", 4), context("included"), "41.281", "49.95"),
        ("gross channel, net list", Vat("included"), context("excluded"), "49.95", "41.28"),
        ("by VAT class", Vat({"standard": "excluded"}, 4), context("included"), "41.281", "49.95"),
        ("no VAT", Vat("excluded", 4), context("included", vat_class="zero"), "49.95", "49.95"),
        ("free", Vat("excluded", 4), context("included"), "0", "0"),
    ],
)
def test_an_amount_is_read_in_the_form_of_its_list(
    story: str, channel: Vat, given: Context, there: str, canonical: str
) -> None:
    """Agreed amounts are in their list's own form; writing them back gives what was there."""
    assert Decimal(canonical) == channel.get(Decimal(there), given), story
    assert Decimal(there) == channel.put(Decimal(canonical), None, given), story


@pytest.mark.parametrize(
    ("given", "what"),
    [
        (context("included", vat_class=None), "no VAT class yet"),
        (Context(date(2026, 11, 21), "Europe/Amsterdam", vat_class="standard"), "belongs to no price list"),
    ],
)
def test_an_amount_that_cannot_be_converted_is_refused(given: Context, what: str) -> None:
    """Without a rate or a list there is no amount, rather than a wrong one."""
    with pytest.raises(Unfit, match=what):
        Vat("excluded").get(Decimal("10"), given)


def test_what_was_sent_counts_until_it_is_read_back() -> None:
    """A row written with VAT and read without shows the same amount before and after the next read."""
    lens, given = VatApart("included", 5), context("included")
    sent = lens.put(Decimal("44.95"), {"net": Decimal("10"), "written": None}, given)
    assert Decimal("44.95") == lens.get(sent, given)
    assert Decimal("44.95") == lens.get({"net": Decimal("37.14876"), "written": None}, given)
