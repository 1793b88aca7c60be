"""Names, phone numbers, VAT numbers, countries and languages."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.mapping.context import Context
from connector.mapping.converter import Chain, Unfit
from connector.mapping.people import (
    Company,
    Country,
    Kind,
    Lang,
    Person,
    Phone,
    VatNumber,
    joined,
    name_of,
    split_infix,
    split_name,
)
from tests.unit.mapping.strategies import names, unhurried

HERE = Context(date(2026, 11, 21), "Europe/Amsterdam")


@pytest.mark.parametrize(
    ("text", "infix", "last"),
    [
        ("van der Berg", "van der", "Berg"),
        ("Van den Broeck", None, "Van den Broeck"),
        ("'t Hooft", "'t", "Hooft"),
        ("in 't Veld", "in 't", "Veld"),
        ("d'Ancona", "d'", "Ancona"),
        ("de l'Hôpital", "de l'", "Hôpital"),
        ("de la Tour", "de la", "Tour"),
        ("von und zu Stein", "von und zu", "Stein"),
        ("Jansen", None, "Jansen"),
        ("de", None, "de"),
        ("O'Neil", None, "O'Neil"),
        ("  van   Dijk ", "van", "Dijk"),
        (None, None, None),
    ],
)
def test_an_infix_is_told_from_a_last_name(text: str | None, infix: str | None, last: str | None) -> None:
    """Only what begins in lower case and is on the list stands before the last name."""
    assert (infix, last) == split_infix(text)


@pytest.mark.parametrize(
    ("whole", "parts"),
    [
        ("Jan van der Berg", ("Jan", "van der", "Berg")),
        ("Anna Maria Bakker", ("Anna Maria", None, "Bakker")),
        ("Zoë-Ann O'Neil", ("Zoë-Ann", None, "O'Neil")),
        ("Tuinhof", (None, None, "Tuinhof")),
        ("Guillaume de l'Hôpital", ("Guillaume", "de l'", "Hôpital")),
    ],
)
def test_a_name_in_one_field_is_divided_by_its_infix(whole: str, parts: tuple[str | None, ...]) -> None:
    """A channel with one field shows the joined name, and a foreign edit is split by rule."""
    assert parts == split_name(whole)
    assert whole == joined(*parts)


@given(names)
@unhurried
def test_splitting_a_joined_name_finds_the_same_parts(text: str) -> None:
    """However odd a last name is, it is not cut further each time it passes."""
    infix, last = split_infix(text)
    assert (infix, last) == split_infix(joined(infix, last))


@pytest.mark.parametrize(
    ("story", "native", "canonical"),
    [
        (
            "all parts have a place",
            {"first": "Jan", "infix": "van", "last": "Dijk", "initials": "J."},
            name_of("Jan", "van", "Dijk", "J."),
        ),
        ("the infix goes before the last name", {"first": "Jan", "last": "van Dijk"}, name_of("Jan", "van", "Dijk")),
        ("one field", {"whole": "Jan van Dijk"}, name_of("Jan", "van", "Dijk")),
        ("nobody", {"first": None, "last": ""}, None),
    ],
)
def test_a_name_is_one_value(story: str, native: dict[str, Any], canonical: Any) -> None:
    """Half of yours and half of mine is nobody's name."""
    assert canonical == Person().get(native, HERE), story
    assert native == Chain((Person(),)).put(canonical, native, HERE), story


def test_a_missing_name_gets_a_stand_in_where_one_is_required() -> None:
    """A channel that refuses empty names holds "-", which reads as nothing."""
    required = Person(required=True)
    written = required.put(name_of(None, None, "Jansen"), {"first": None, "last": None}, HERE)
    assert {"first": "-", "last": "Jansen"} == written
    assert name_of(None, None, "Jansen") == required.get(written, HERE)


def test_initials_stand_in_for_a_first_name() -> None:
    """Where there is no place for initials they are better than nothing."""
    assert {"first": "P.J.", "last": "de Wit"} == Person().put(
        name_of(None, "de", "Wit", "P.J."), {"first": None, "last": None}, HERE
    )


PERSON = {"first": "Jan", "infix": "van", "last": "Dijk", "initials": None}


@pytest.mark.parametrize(
    ("name", "company"), [("Jan van Dijk", None), ("Tuinhof BV", "Tuinhof BV"), ("", None), (None, None)]
)
def test_an_account_that_bears_the_persons_name_is_no_company(name: str | None, company: str | None) -> None:
    """An ERP that wants an account for everyone gives a person one with the person's name."""
    assert company == Company().get({"name": name, **PERSON}, HERE)


def test_an_account_follows_its_person() -> None:
    """Where there is no company the account is renamed with the person."""
    assert "Jan van Dijk" == Company().put(None, {"name": "Jan Dijk", **PERSON}, HERE)["name"]


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        ({"company": "Tuinhof BV"}, "company"),
        ({"company": "", "vat": None}, "person"),
        ({"name": "Jan van Dijk", **PERSON}, "person"),
        ({"name": "Tuinhof BV", **PERSON}, "company"),
        ({"name": "Jan van Dijk", **PERSON, "vat": "NL001234572B01"}, "company"),
    ],
)
def test_the_kind_is_told_by_what_is_filled_in(members: dict[str, Any], kind: str) -> None:
    """A company line or a VAT number makes a company; an account named after its person does not."""
    assert kind == Kind().get(members, HERE)


@pytest.mark.parametrize(
    ("typed", "country", "canonical"),
    [
        ("030-1234567", "NL", "+31301234567"),
        ("+31 (0)6 12345678", "NL", "+31612345678"),
        ("0470 12 34 56", "BE ", "+32470123456"),
        ("030-1234567 / 06 12345678", "NL", "030-1234567 / 06 12345678"),
        ("030-1234567 tst 12", "NL", "030-1234567 tst 12"),
        ("", "NL", None),
        (None, "NL", None),
    ],
)
def test_a_phone_number_is_read_in_the_country_of_its_address(
    typed: str | None, country: str, canonical: str | None
) -> None:
    """E.164 where it parses, else as typed."""
    assert canonical == Phone().get({"phone": typed, "country": country}, HERE)


def test_nobodys_formatting_is_rewritten() -> None:
    """The same number in another form stays byte for byte; another number replaces it."""
    assert "030 - 123 45 67" == Phone().put("+31301234567", "030 - 123 45 67", HERE)
    assert "+31301234568" == Phone().put("+31301234568", "030 - 123 45 67", HERE)
    assert {"phone": None, "country": "NL"} == Phone().put(None, {"phone": "030 - 123 45 67", "country": "NL"}, HERE)


@pytest.mark.parametrize(("phone", "warns"), [("+31301234567", False), ("030-1234567 / 06 12345678", True)])
def test_a_number_that_cannot_be_read_is_pointed_out(phone: str, warns: bool) -> None:
    """It is carried all the same: validity changes with each release of the metadata."""
    assert warns == bool(Phone().warning(phone))


@pytest.mark.parametrize(
    ("typed", "canonical", "valid"),
    [
        ("NL 0012.34.572.B01", "NL001234572B01", True),
        ("be 0999.111.282", "BE0999111282", True),
        ("NL001234567B01", "NL001234567B01", False),
    ],
)
def test_a_vat_number_without_its_blanks_and_dots(typed: str, canonical: str, valid: bool) -> None:
    """A number that fails by formula is carried with a warning, but not to a channel that validates."""
    assert canonical == VatNumber().get(typed, HERE)
    assert valid == (VatNumber().warning(canonical) == "")
    assert typed == VatNumber(check="refuse").put(canonical, typed, HERE)
    if not valid:
        with pytest.raises(Unfit, match="no valid VAT number"):
            VatNumber(check="refuse").put(canonical, None, HERE)


@pytest.mark.parametrize(
    ("native", "canonical"), [("FR        ", "fr"), ("nl_NL", "nl-NL"), ("FR-be", "fr-BE"), ("  ", None)]
)
def test_a_language_is_read_padded_or_not(native: str, canonical: str | None) -> None:
    """Row 12 of known-failures: padding is no difference."""
    assert canonical == Lang().get(native, HERE)


def test_a_language_is_written_as_the_channel_has_it() -> None:
    """A channel of languages alone loses the region; the same language stays as it stands."""
    assert "NL" == Lang(region=False, upper=True).put("nl-BE", None, HERE)
    assert "nl_BE" == Lang(separator="_").put("nl-BE", None, HERE)
    assert "nl        " == Lang().put("nl", "nl        ", HERE)


def test_a_padded_country_stays() -> None:
    """Row 12 of known-failures: two letters are the same country with a blank behind them."""
    assert "NL" == Country().get("nl ", HERE)
    assert "NL " == Country().put("NL", "NL ", HERE)
    assert "BE" == Country().put("BE", "NL ", HERE)


@given(st.text(max_size=30))
@unhurried
def test_any_text_as_a_phone_number_is_read_the_same_twice(text: str) -> None:
    """What was read and is read again does not change."""
    once = Phone().get(text, HERE)
    assert once == Phone().get(once, HERE)
