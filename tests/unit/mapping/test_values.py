"""Converters of single values: what they read, what they write, what they leave alone."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.mapping.amounts import PerUnit, Weight
from connector.mapping.context import Context
from connector.mapping.converter import Chain, Converter, Unfit, plain
from connector.mapping.places import Codes, Marked, Member, OwnValue, SameEverywhere, Set, UniqueName
from connector.mapping.values import (
    Bit,
    Case,
    Code,
    Compute,
    Cut,
    Default,
    DropEmoji,
    Flag,
    Gtin,
    IntString,
    Label,
    Lookup,
    MaskCards,
    NoneIf,
    Not,
    Number,
    Refuse,
    Text,
    Trim,
    clean,
)
from connector.model.entity import Value
from tests.unit.mapping.strategies import texts, unhurried

HERE = Context(date(2026, 11, 21), "Europe/Amsterdam")


@pytest.mark.parametrize(
    ("story", "lens", "native", "canonical"),
    [
        ("ends trimmed", Text(), "  Muts ", "Muts"),
        ("one line end", Text(), "een\r\ntwee\rdrie", "een\ntwee\ndrie"),
        ("composed", Text(), "e\u0301e\u0301n", "één"),
        ("control characters", Text(), "a\x00b\x07", "ab"),
        ("a lone surrogate", Text(), "a\ud83db", "ab"),
        ("empty is null", Text(), " \n ", None),
        ("a number as its digits", Text(), 701, "701"),
        ("padding", Trim(), "4  ", "4"),
        ("nothing but padding", Trim(), "   ", None),
        ("leading zeros count", Code(), " 0004711 ", "0004711"),
        ("a code's control characters", Code(), "AB\tC\x85", "ABC"),
        ("a folded address", Case(), "Anna@Example.COM", "anna@example.com"),
        ("a code that wants capitals", Case("upper"), "nl", "NL"),
        ("a padded barcode", Gtin(), " 9520000001018 ", "9520000001018"),
        ("a bit", Bit(), 1, True),
        ("a bit as text", Bit(), "0", False),
        ("a bit that is a flag already", Bit(), True, True),
        ("another pair", Flag(yes=1, no=2), "2", False),
        ("text flags", Flag(yes="Y", no="N"), "Y", True),
        ("the opposite", Not(), True, False),
        ("exact digits", Number(), "8.500000", Decimal("8.5")),
        ("half up", Number(scale=2), Decimal("1.005"), Decimal("1.01")),
        ("no exponent", Number(), Decimal("1E+2"), Decimal(100)),
        ("down", Number(scale=2, rounding="down"), Decimal("1.009"), Decimal("1")),
        ("a whole number as text", IntString(), "12", 12),
        ("what missing means", Default(value=False), None, False),
        ("not set", NoneIf(value=0), Decimal(0), None),
        ("a table", Lookup({"standard": "4"}), "4", "standard"),
        ("a number in a table", Lookup({"standard": 4}), "4", "standard"),
        ("kept", Lookup({"standard": "4"}, missing="keep"), "7", "7"),
        ("unknown is nothing", Lookup({"standard": "4"}, missing="null"), "7", None),
        ("two share one", Lookup({"zero": "0", "exempt": "0"}), "0", "zero"),
        ("a set is sorted", Set(), ["b", "a ", "b"], ["a", "b"]),
        ("a set in one text", Set(separator=","), "7,6", ["6", "7"]),
        ("an empty set", Set(), [], None),
        ("the first that has it", SameEverywhere(), ["", "a", "b"], "a"),
        ("the one that is asked for", Member("b"), {"a": 1, "b": 2}, 2),
        ("what is marked so", Marked("fixed"), [Decimal(9), "fixed"], Decimal(9)),
        ("what is marked otherwise", Marked("fixed"), [Decimal(9), "discount"], None),
        ("its own or the default", OwnValue(), [True, True], True),
        ("grams", Weight(write_unit="kg"), [Decimal(450), "G "], Decimal("0.45")),
        ("pounds", Weight(unit="lbs"), Decimal("0.9921"), Decimal("0.45")),
        ("no weight", Weight(write_unit="kg"), [None, "kg"], None),
        ("for six pieces", PerUnit(), [Decimal("12.60"), 6], Decimal("2.1")),
        ("computed", Compute("value * 0.1"), Decimal(3), Decimal("0.3")),
    ],
)
def test_what_a_converter_reads(story: str, lens: Converter, native: Any, canonical: Value) -> None:
    """Each system writes the same thing its own way; row 12 of known-failures: padding and case among them."""
    assert canonical == Chain((lens,)).get(native, HERE), story


@pytest.mark.parametrize(
    ("story", "lens", "native", "canonical"),
    [
        ("blanks", Text(), "  Muts ", "Muts"),
        ("padding", Trim(), "4  ", "4"),
        ("another case", Case(), "Anna@Example.COM", "anna@example.com"),
        ("another case of a code", Code(fold=True), "wt-001", "WT-001"),
        ("another case of a label", Label(), "FJORDWOL ", "fjordwol"),
        ("a lost leading zero", Gtin(), "952000000208", "0952000000208"),
        ("an unknown reference", Lookup({"standard": "4"}, missing="null"), "7", None),
        ("its second name", Lookup({"zero": "0", "exempt": "0"}), "0", "exempt"),
        ("more digits", Number(scale=2), "8.500000", Decimal("8.5")),
        ("text for a flag", Bit(), "1", True),
        ("a default that stands", OwnValue(), [True, True], True),
        ("grams", Weight(write_unit="kg"), [Decimal(450), "G"], Decimal("0.45")),
    ],
)
def test_what_already_means_the_same_is_left_byte_for_byte(
    story: str, lens: Converter, native: Any, canonical: Value
) -> None:
    """Row 4 of known-failures: nothing is rewritten for its spelling, or two systems do it for ever."""
    assert native == Chain((lens,)).put(canonical, native, HERE), story


@pytest.mark.parametrize(
    ("story", "lens", "before", "canonical", "native"),
    [
        ("cut, and no blank at the cut", Cut(5), None, "Muts  met", "Muts"),
        ("emoji with the blank before them", DropEmoji(), None, "Muts 🧶 met 👩‍👧", "Muts met"),
        ("a card number", MaskCards(), None, "kaart 4111 1111 1111 1111.", "kaart **** **** **** ****."),
        ("no card number", MaskCards(), None, "tel 030-1234567", "tel 030-1234567"),
        ("another label", Label(), "Fjordwol", "Zuiderlicht", "Zuiderlicht"),
        ("another barcode", Gtin(), "9520000001018", "9520000001025", "9520000001025"),
        ("a set is replaced whole", Set(separator=","), "7,6", ["1", "2"], "1,2"),
        ("all places alike", SameEverywhere(), ["a", "b"], "c", ["c", "c"]),
        ("the other member stays", Member("b"), {"a": 1, "b": 2}, 3, {"a": 1, "b": 3}),
        ("marked", Marked("fixed"), [Decimal(9), "discount"], Decimal(8), [Decimal(8), "fixed"]),
        ("emptied, not its own", Marked("fixed"), [Decimal(9), "discount"], None, [Decimal(9), "discount"]),
        ("emptied", Marked("fixed"), [Decimal(9), "fixed"], None, [None, "fixed"]),
        ("told otherwise", OwnValue(), [True, True], False, [False, False]),
        ("not set", NoneIf(value=0), Decimal(5), None, 0),
        ("in its unit", Weight(write_unit="kg"), [Decimal(450), "G"], Decimal("0.5"), [Decimal("0.5"), "kg"]),
        ("for six pieces", PerUnit(), [Decimal("12.60"), 6], Decimal("2.05"), [Decimal("12.3"), 6]),
        ("computed back", Compute("value / 1000", "value * 1000"), None, Decimal("0.45"), Decimal(450)),
        ("a whole number as text", IntString(), None, Decimal(12), "12"),
        ("a flag", Flag(yes=1, no=2), 1, False, 2),
    ],
)  # fmt: skip
def test_what_a_converter_writes(story: str, lens: Converter, before: Any, canonical: Value, native: Any) -> None:
    """A new value is written in the channel's own form."""
    assert native == Chain((lens,)).put(canonical, before, HERE), story


@pytest.mark.parametrize(
    ("story", "lens", "native", "what"),
    [
        ("a float has lost its digits", Number(), 0.1, "no exact number"),
        ("a flag is no number", Number(), True, "no exact number"),
        ("words", Number(), "twaalf", "no number"),
        ("not finite", Number(), "NaN", "no finite number|not a finite"),
        ("half a piece", IntString(), "1.5", "no whole number"),
        ("a third value", Flag(), "maybe", "neither of the two values"),
        ("1 is not true here", Flag(), 1, "neither of the two values"),
        ("a list for a text", Text(), ["a"], "no text"),
        ("a flag for a text", Text(), True, "no text"),
        ("an unknown code", Lookup({"standard": "4"}), "7", "not in the table"),
        ("an unknown unit", Weight(write_unit="kg"), [Decimal(1), "stone"], "unknown unit"),
        ("a third of a cent", PerUnit(scale=2), [Decimal("10.00"), 3], "does not divide exactly"),
        ("no pieces", PerUnit(), [Decimal("10.00"), 0], "no pieces"),
        ("not a number", Not(), 1, "no flag"),
    ],
)
def test_what_a_converter_cannot_read_is_refused(story: str, lens: Converter, native: Any, what: str) -> None:
    """Nothing is guessed: the field waits with the reason, the record goes on."""
    with pytest.raises(Unfit, match=what):
        lens.get(native, HERE)


def test_a_code_that_is_too_long_is_refused_not_cut() -> None:
    """A cut code would be another product's."""
    assert "A" * 64 == Refuse(64).put("A" * 64, None, HERE)
    with pytest.raises(Unfit, match="longer than 64"):
        Refuse(64).put("A" * 65, None, HERE)


@pytest.mark.parametrize(
    ("code", "warns"),
    [("9520000001018", False), ("8719326000014", True), ("2000471", False), ("SCALE-1", False)],
)
def test_a_wrong_check_digit_is_a_warning(code: str, warns: bool) -> None:
    """Shops have them; an own code has no check digit at all."""
    assert code == Gtin().get(code, HERE)
    assert warns == bool(Gtin().warning(code))


@given(texts)
@unhurried
def test_clean_text_stays_clean(text: str) -> None:
    """Cleaning once is enough, and gives composed characters without control characters."""
    once = clean(text)
    assert once is None or (once == clean(once) and once == unicodedata.normalize("NFC", once))


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=6))
@unhurried
def test_a_number_has_one_form(number: Decimal) -> None:
    """Equal numbers are written alike: no exponent, no zeros that say nothing."""
    assert number == plain(number)
    assert str(plain(number)) == str(plain(number + Decimal("0.0000000")))
    assert "E" not in str(plain(number))


@given(st.one_of(texts, st.from_regex(r"[0-9 -]{10,40}", fullmatch=True)))
@unhurried
def test_what_was_masked_is_not_masked_again(text: str) -> None:
    """The channel finds nothing left to mask, so what is read back is what was sent."""
    once = MaskCards().put(text, None, HERE)
    assert once == MaskCards().put(once, None, HERE)


CODES = [
    {"id": 1, "type": "CUSTOM", "code": "WT-1"},
    {"id": 2, "type": "EAN", "code": "9520000001018"},
    {"id": 3, "type": "UPC", "code": "952000000208"},
]


@pytest.mark.parametrize(
    ("story", "take", "value", "writing", "native"),
    [
        ("the SKU changes", "first", "WT-2", {}, [{"type": "CUSTOM", "code": "WT-2"}, *CODES[1:]]),
        ("the barcode changes", "second", "96385074", {}, [CODES[0], {"type": "EAN", "code": "96385074"}, CODES[2]]),
        ("the barcode goes, a further one moves up", "second", None, {}, [CODES[0], CODES[2]]),
        ("a further one joins", "rest", ["952000000208", "S1"], {}, [*CODES, {"type": "CUSTOM", "code": "S1"}]),
        ("the further ones go", "rest", None, {}, CODES[:2]),
        ("all of them go", "rest", None, {"barcode": None}, CODES[:1]),
        ("it is a further one already", "second", "0952000000208", {}, [CODES[0], CODES[2]]),
        ("it is the SKU too", "second", "WT-1", {"more_barcodes": None}, CODES[:1]),
    ],
)
def test_the_list_of_codes_is_written_whole(
    story: str, take: Any, value: Any, writing: dict[str, Any], native: list[Any]
) -> None:
    """A channel that replaces the list gets back everything that the others hold in it, or are to hold."""
    assert native == Codes(take).put(value, CODES, replace(HERE, writing=writing)), story


def test_a_barcode_has_no_place_before_the_sku() -> None:
    """The first entry is the SKU; a product without one gets no barcode in its place."""
    assert Codes("second").put("9520000001018", None, HERE) is None


@pytest.mark.parametrize(
    ("story", "always", "there", "value", "written"),
    [
        ("nobody else has it", False, "Trui", "Trui 2026", "Trui 2026"),
        ("told apart, and stays so", False, "Trui [WT-1]", "Trui 2026", "Trui 2026 [WT-1]"),
        ("told apart from the start", True, None, "Trui", "Trui [WT-1]"),
        ("emptied", False, "Trui [WT-1]", None, None),
    ],
)
def test_a_name_that_must_be_unique(
    story: str, always: bool, there: str | None, value: str | None, written: str | None
) -> None:
    """The code behind a name is kept where it stands, and never read."""
    lens, codes = UniqueName(always), [{"code": "WT-1"}]
    before = {"name": there, "code": codes}
    after = lens.put(value, before, HERE)
    assert {"name": written, "code": codes} == after, story
    assert value == lens.get(after, HERE), story
