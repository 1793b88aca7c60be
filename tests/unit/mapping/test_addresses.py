"""Streets, house numbers, postcodes and whole addresses."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given

from connector.mapping.addresses import Address, Addresses, Street, Style, join_street, postcode_of, split_street
from connector.mapping.context import Context
from connector.mapping.converter import Chain
from connector.mapping.places import Either
from connector.model.fields import ADDRESS_MEMBERS
from tests.unit.mapping.strategies import streets, unhurried

HERE = Context(date(2026, 11, 21), "Europe/Amsterdam")


def address(**members: str) -> dict[str, Any]:
    return {**dict.fromkeys(ADDRESS_MEMBERS), **members}


@pytest.mark.parametrize(
    ("line", "street", "number", "addition"),
    [
        ("Kade 12", "Kade", "12", None),
        ("Kade 12B", "Kade", "12", "B"),
        ("Kade 12 B", "Kade", "12", "B"),
        ("1e Jacob van Campenstraat 5-2", "1e Jacob van Campenstraat", "5", "-2"),
        ("Plein 1944 12", "Plein 1944", "12", None),
        ("Rue de la Loi 16 bte 4", "Rue de la Loi", "16", "bte 4"),
        ("Kerkstraat 12/3 bus 5", "Kerkstraat", "12", "/3 bus 5"),
        ("Straße des 17. Juni 135", "Straße des 17. Juni", "135", None),
        ("Laan 7 2 hoog", "Laan", "7", "2 hoog"),
        ("Laan 7 bis", "Laan", "7", "bis"),
        ("Dorpsstraat 5 II", "Dorpsstraat", "5", "II"),
        ("12 Rue de la Paix", "12 Rue de la Paix", None, None),
        ("Dorpsstraat", "Dorpsstraat", None, None),
        ("  Kade   12 ", "Kade", "12", None),
        ("", None, None, None),
    ],
)
def test_a_house_number_is_the_last_number_group(
    line: str, street: str | None, number: str | None, addition: str | None
) -> None:
    """What does not parse stays whole in the street."""
    assert Street(street, number, addition) == split_street(line)


@given(streets)
@unhurried
def test_a_street_is_never_cut_further_and_further(line: str) -> None:
    """What was split joins and splits to the same again, however odd the line."""
    once = split_street(line)
    assert once == split_street(join_street(once))


def test_a_line_of_any_length_is_read_in_no_time() -> None:
    """A text that was pasted into the street is no street line, and is not searched for a number."""
    text = "a 1 " * 5000
    assert split_street(text).number is None


@pytest.mark.parametrize(
    ("raw", "country", "postcode"),
    [
        ("3511ab", "NL", "3511 AB"),
        ("3511  AB ", "NL", "3511 AB"),
        ("B-9000", "BE", "9000"),
        ("L-1234", "LU", "1234"),
        ("10623", "DE", "10623"),
        ("0000 XX", "NL", "0000 XX"),
        ("", "NL", None),
    ],
)
def test_a_postcode_has_one_form(raw: str, country: str, postcode: str | None) -> None:
    """However it was typed; what is no postcode stays as it is."""
    assert postcode == postcode_of(raw, country)


CITY = {"postcode": "3511 AB", "city": "Utrecht", "country": "NL"}


@pytest.mark.parametrize(
    ("style", "lines", "canonical"),
    [
        ("joined", ["Kade 12 B"], address(street="Kade", number="12", addition="B", **CITY)),
        ("joined", ["Kade 12", "B"], address(street="Kade", number="12", extra="B", **CITY)),
        ("lines", ["Kade 12", "B"], address(street="Kade", number="12", addition="B", **CITY)),
        ("lines", ["Kade 12", "achterom"], address(street="Kade", number="12", extra="achterom", **CITY)),
        ("separate", ["Kade", "12", "B"], address(street="Kade", number="12", addition="B", **CITY)),
        ("separate", ["Kade 12 B"], address(street="Kade", number="12", addition="B", **CITY)),
        ("joined", ["Kade", "12 B"], address(street="Kade", number="12", addition="B", **CITY)),
        ("joined", [], address(**CITY)),
    ],
)
def test_street_lines_are_understood_and_left_as_they_are(
    style: Style, lines: list[str], canonical: dict[str, Any]
) -> None:
    """Each shop fills its lines its own way, a house number on a line of its own included."""
    native = {"lines": lines, **CITY}
    lens = Chain((Address(style),))
    assert canonical == lens.get(native, HERE)
    assert native == lens.put(canonical, native, HERE)


@pytest.mark.parametrize(
    ("style", "lines"),
    [("joined", ["Kade 14 B", "achterom"]), ("lines", ["Kade 14", "B", "achterom"])],
)
def test_a_moved_customer_is_written_in_the_shops_style(style: Style, lines: list[str]) -> None:
    """What changed is written; a postcode that says the same is not touched."""
    native = {"lines": ["Kade 12"], "postcode": "3511ab", "city": "Utrecht", "country": "NL "}
    moved = address(street="Kade", number="14", addition="B", extra="achterom", **CITY)
    assert {**native, "lines": lines} == Address(style).put(moved, native, HERE)


def test_a_channel_with_a_place_for_each_part_gets_each_part() -> None:
    """A number with a name of its own is never joined to the street."""
    native = {"street": "Plein 1944", "number": "12", "addition": None, **CITY}
    lens = Address()
    assert address(street="Plein 1944", number="12", **CITY) == lens.get(native, HERE)
    moved = address(street="Plein 1944", number="14", addition="A", **CITY)
    assert {**native, "number": "14", "addition": "A"} == lens.put(moved, native, HERE)


def test_a_country_alone_is_no_address() -> None:
    """What a system fills in by itself is nobody's address."""
    assert Address().get({"street": None, "city": "", "country": "NL"}, HERE) is None


OWN = {"own_first": "Anna", "own_last": "Bakker", "own_phone": "030-1234567"}
AT_HOME = {"lines": ["Kade 12"], "attention_first": "Anna", "attention_last": "Bakker", "phone": "030-1234567", **CITY}


def test_the_customers_own_name_and_phone_say_nothing_on_an_address() -> None:
    """A channel that wants them everywhere repeats them; they follow the customer."""
    home = address(street="Kade", number="12", **CITY)
    assert home == Address().get({**AT_HOME, **OWN}, HERE)
    renamed = {**OWN, "own_last": "Jansen", "own_phone": "030-7654321"}
    written = Address().put(home, {**AT_HOME, **renamed}, HERE)
    assert ("Anna", "Jansen", "030-7654321") == (
        written["attention_first"],
        written["attention_last"],
        written["phone"],
    )


def test_an_address_for_somebody_else_keeps_its_name() -> None:
    """An attention that differs from the customer is the address's own."""
    other = {**AT_HOME, "attention_first": "Piet", "attention_last": "de Wit", **OWN}
    assert "Piet de Wit" == Address().get(other, HERE)["attention"]
    written = Address().put(address(attention="Piet de Wit", street="Kade", number="14", **CITY), other, HERE)
    assert ("Piet", "de Wit") == (written["attention_first"], written["attention_last"])


MEMBERS = {"lines": "street", "postcode": "postcode", "city": "city", "country": "country_id"}
HOME = {"id": 1, "street": ["Kade 12"], "postcode": "3511ab", "city": "Utrecht", "country_id": "NL"}
SHOP = {"id": 2, "street": ["Plein 1944 12"], "postcode": "9000", "city": "Gent", "country_id": "BE"}


def test_further_addresses_have_no_order_and_keep_their_ids() -> None:
    """One that stands there stays whole, one that changed keeps its id, one that is gone goes."""
    lens = Addresses(MEMBERS)
    read = lens.get([SHOP, HOME], HERE)
    assert read == lens.get([HOME, SHOP], HERE)
    home = next(one for one in read if one["city"] == "Utrecht")
    moved = {**home, "number": "14"}
    assert [HOME] == lens.put([home], [SHOP, HOME], HERE)
    assert [{**HOME, "street": ["Kade 14"]}] == lens.put([moved], [HOME], HERE)
    assert [] == lens.put(None, [HOME], HERE)


def test_what_a_channel_has_no_place_for_makes_no_other_address() -> None:
    """Row 4 of known-failures: an address with a region stays the same one where regions are not held."""
    lens = Addresses(MEMBERS)
    (home,) = lens.get([HOME], HERE)
    assert [HOME] == lens.put([{**home, "region": "Utrecht"}], [HOME], HERE)


def test_the_second_place_counts_where_the_first_is_empty() -> None:
    """An invoice address of its own where there is one, else the account's lines; emptied, both are."""
    lens = Chain((Either(), Address()))
    own, account = {"street": None, "city": None}, {"else.street": "Kade 12", "else.city": "Utrecht"}
    assert "Kade" == lens.get({**own, **account}, HERE)["street"]
    moved = lens.put(address(street="Kade", number="14", city="Utrecht"), {**own, **account}, HERE)
    assert {**own, "else.street": "Kade 14", "else.city": "Utrecht"} == moved
    both = {"street": "Plein 1", "city": "Gent", **account}
    assert {"street": "Plein 2", "city": "Gent", **account} == lens.put(
        address(street="Plein", number="2", city="Gent"), both, HERE
    )
    assert dict.fromkeys(both) == lens.put(None, both, HERE)
