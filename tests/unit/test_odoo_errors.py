"""What an Odoo's exceptions mean, where a real one is hard to bring to them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from adapters.odoo.api import main_version
from adapters.odoo.errors import complaint, named
from adapters.odoo.options import Options
from connector.errors import AmbiguousWrite, Transient
from connector.transport import Answer, Call

NOW = datetime(2026, 6, 25, 12, 0, tzinfo=UTC)


def answered(status: int, data: Any, *, safe: bool) -> Answer:
    """An answer of JSON-2 to a read or to a write."""
    call = Call("POST", "/json/2/product.template/write", "product", safe=safe)
    return Answer(call, status, {}, b"{}", NOW, NOW, data)


@pytest.mark.parametrize("name", ["SerializationFailure", "DeadlockDetected", "LockNotAvailable"])
@pytest.mark.parametrize("safe", [True, False])
def test_a_lost_transaction_is_tried_again(name: str, safe: bool) -> None:
    """What another transaction won was rolled back: nothing of a write is left to be looked up (row 22)."""
    body = {"name": f"psycopg2.errors.{name}", "message": "could not serialize access due to concurrent update\n"}
    assert Transient is type(complaint(answered(500, body, safe=safe)))


@pytest.mark.parametrize(("safe", "expected"), [(True, Transient), (False, AmbiguousWrite)])
def test_a_lost_database_may_have_kept_it(safe: bool, expected: type) -> None:
    """A database that goes away at the end of a transaction may have kept it: of a write it is looked up."""
    body = {"name": "psycopg2.OperationalError", "message": "server closed the connection unexpectedly"}
    assert expected is type(complaint(answered(500, body, safe=safe)))


def test_the_address_of_a_database_is_not_told() -> None:
    """A server without its database tells where that is; we don't."""
    body = {"name": "psycopg2.OperationalError", "message": 'connection to server at "10.1.2.3", port 5432 failed'}
    assert "10.1.2.3" not in str(named(answered(200, body, safe=True), body))


def test_a_failure_without_a_name_is_left_to_its_status() -> None:
    """A proxy's 502 says nothing of Odoo, so that the status decides."""
    assert complaint(answered(502, None, safe=False)) is None


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"version_info": [19, 0, 0, "final", 0, ""]}, 19),
        ({"version_info": ["saas~18", 2, 0, "final", 0, ""]}, 18),
        ({"version_info": []}, 0),
        (None, 0),
    ],
)
def test_the_main_version_is_read(told: Any, expected: int) -> None:
    """Hosted versions between two releases have theirs in a text."""
    assert expected == main_version(told)


@pytest.mark.parametrize("key", ["abc def", "abc\u00e9", ""])
def test_a_key_that_no_header_carries_is_refused_untold(key: str) -> None:
    """It is a mistake of the configuration, and is not repeated; a line end behind it is none (row 27)."""
    with pytest.raises(ValidationError) as refused:
        Options(base_url="https://x.test", database="shop", api_key=SecretStr(key))
    assert not key or key not in str(refused.value)
    kept = Options(base_url="https://x.test", database="shop", api_key=SecretStr("abc\n")).api_key
    assert "abc" == kept.get_secret_value()


@pytest.mark.parametrize(
    "name", ["psycopg2.pool.PoolError", "odoo.exceptions.LockError", "psycopg2.errors.QueryCanceled"]
)
def test_a_server_that_is_busy_is_asked_again(name: str) -> None:
    """It did nothing: no lane stops for it, and nothing is in doubt."""
    assert Transient is type(complaint(answered(500, {"name": name, "message": "later"}, safe=False)))
