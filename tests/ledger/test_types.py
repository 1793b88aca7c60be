"""What goes into a column comes out of it, to the digit and to the microsecond."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table, insert, select
from sqlalchemy.exc import StatementError

from connector.errors import LedgerError
from connector.ledger.engine import Database
from connector.ledger.types import EnumText, ExactDecimal, Instant, Packed, pack, unpack


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


sample = Table(
    "sample",
    MetaData(),
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("number", ExactDecimal),
    Column("at", Instant),
    Column("value", Packed),
    Column("colour", EnumText(Colour)),
)

decimals = st.decimals(allow_nan=False, allow_infinity=False)
instants = st.datetimes(timezones=st.timezones())
values = st.recursive(
    st.none() | st.booleans() | st.integers() | decimals | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture
def table(database: Database) -> Table:
    with database.write() as connection:
        sample.create(connection)
    return sample


def kept(database: Database, **columns: object) -> dict[str, object]:
    """What comes back of a row with these columns."""
    with database.write() as connection:
        connection.execute(sample.delete())
        connection.execute(insert(sample).values(id=1, **columns))
    with database.read() as connection:
        return dict(connection.execute(select(sample)).mappings().one())


@pytest.mark.parametrize(
    ("story", "number"),
    [
        ("more digits than a float has", Decimal("12345678901234.5678")),
        ("a price with its cents", Decimal("10.00")),
        ("below zero", Decimal("-0.3")),
        ("forty digits", Decimal("1234567890123456789012345678901234567.123")),
        ("a power of ten", Decimal("1E+5")),
        ("very small", Decimal("1E-20")),
        ("a whole number", 7),
    ],
)
def test_a_number_comes_back_exactly(database: Database, table: Table, story: str, number: Decimal) -> None:
    """A Decimal survives the ledger digit for digit, on both databases."""
    assert number == kept(database, number=number)["number"]


def test_a_price_keeps_its_scale(database: Database, table: Table) -> None:
    """Ten euro and no cents is shown as it was agreed: 10.00."""
    assert "10.00" == str(kept(database, number=Decimal("10.00"))["number"])


@pytest.mark.parametrize("column", [{"number": 0.1}, {"number": True}, {"number": Decimal("NaN")}])
def test_a_number_that_is_not_exact_is_refused(database: Database, table: Table, column: dict[str, object]) -> None:
    """A float, a flag or NaN never becomes a number of the ledger."""
    with pytest.raises(StatementError, match=r"exact number|NaN"):
        kept(database, **column)


def test_a_moment_comes_back_aware_in_utc(database: Database, table: Table) -> None:
    """Summer time in Amsterdam is stored as the instant that it was, to the microsecond (known failure 26)."""
    local = datetime(2026, 6, 25, 14, 28, 10, 123456, tzinfo=timezone(timedelta(hours=2)))
    back = kept(database, at=local)["at"]
    assert (local, UTC) == (back, back.tzinfo if isinstance(back, datetime) else None)


def test_a_moment_without_a_zone_is_refused(database: Database, table: Table) -> None:
    """Local time without its zone is no instant."""
    with pytest.raises(StatementError, match="time zone"):
        kept(database, at=datetime(2026, 6, 25, 14, 28))  # noqa: DTZ001 - that is the point


def test_moments_are_ordered_by_the_database(database: Database, table: Table) -> None:
    """The earlier instant sorts first, also before 1970."""
    moments = [datetime(1969, 12, 31, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)]
    with database.write() as connection:
        connection.execute(insert(table), [{"id": n, "at": at} for n, at in enumerate(reversed(moments))])
        ordered = connection.execute(select(table.c.at).order_by(table.c.at)).scalars().all()
    assert moments == ordered


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(number=decimals, at=instants, value=values, colour=st.sampled_from(Colour))
def test_whatever_is_put_in_comes_out(
    database: Database, table: Table, number: Decimal, at: datetime, value: object, colour: Colour
) -> None:
    """For every number, moment, value and member, the column returns an equal one."""
    instant = at.astimezone(UTC)  # Python calls moments in an hour that a zone skips or repeats unequal to all others
    expected = {"id": 1, "number": number, "at": instant, "value": value, "colour": colour}
    assert expected == kept(database, number=number, at=at, value=value, colour=colour)


@given(values)
def test_equal_values_are_packed_alike(value: object) -> None:
    """Packing what was unpacked gives the same bytes, so that packed values can be compared as they are."""
    assert pack(value) == pack(unpack(pack(value)))


def test_a_mapping_is_packed_in_one_order() -> None:
    """The order in which fields were filled in makes no difference to the stored bytes."""
    assert pack({"a": 1, "b": Decimal("2.50")}) == pack({"b": Decimal("2.50"), "a": 1})


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_what_could_not_be_read_again_is_not_packed(number: str) -> None:
    """NaN and infinity are refused, while text that merely mentions them is not."""
    with pytest.raises(TypeError, match="not values"):
        pack({"price": Decimal(number)})
    assert {"note": number} == unpack(pack({"note": number}))


def test_a_damaged_column_says_so() -> None:
    """Bytes that are no packed value raise LedgerError with the remedy."""
    with pytest.raises(LedgerError, match="ledger verify"):
        unpack(b'{"price": 10.')


def test_an_unknown_member_says_so(database: Database, table: Table) -> None:
    """A member that a newer version wrote is not taken for another one."""
    with database.write() as connection:
        connection.exec_driver_sql("INSERT INTO sample (id, colour) VALUES (1, 'green')")
    with pytest.raises(LedgerError, match="'green' is no Colour"), database.read() as connection:
        connection.execute(select(table)).all()


@pytest.mark.parametrize("length", [10, 239, 240, 241, 5000])
def test_a_long_value_is_kept_in_less(database: Database, table: Table, length: int) -> None:
    """What is worth it is compressed, and comes back to the letter; a damaged one is told as such."""
    text = ("Wollen trui mêlée " * 300)[:length]
    assert {"description": text} == kept(database, value={"description": text})["value"]
    with database.read() as connection:
        (stored,) = connection.exec_driver_sql("SELECT value FROM sample").one()
    assert len(bytes(stored)) <= 260
    if length == 5000:
        with database.write() as connection:
            connection.execute(sample.update().values(number=None))
            connection.exec_driver_sql("UPDATE sample SET value = substr(value, 1, 20)")
        with pytest.raises(LedgerError), database.read() as connection:
            connection.execute(select(sample)).all()
