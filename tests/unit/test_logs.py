"""Known failure 27: secrets or customers' addresses in the logs. These tests plant them, and grep."""

from __future__ import annotations

import io
import json
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from connector.errors import Rejected
from connector.mapping.converter import Chain
from connector.mapping.lens import EntityMapping, FieldMapping, RowMapping
from connector.model.entity import Entity
from connector.model.fields import FieldSpec
from connector.redaction import Redactor, native_tags
from connector.service import logs

TOKEN = "gAAAAVs_9f3kLm2Qw7"  # a refresh token
NATIVE = {Entity.CUSTOMER: {"AddressLine1": "address", "contact.LastName": "id", "IsMailing": "private"}}


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What is logged, as JSON lines; logging is as it was before afterwards."""
    root, hook = logging.getLogger(), threading.excepthook
    before = (root.handlers, root.level)
    stream = io.StringIO()
    logs.configure(form="json", redactor=Redactor(NATIVE, [TOKEN]), stream=stream)  # type: ignore[arg-type]  # tags are literals
    yield stream
    root.handlers, root.level = before
    threading.excepthook = hook
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


PLANTED = [
    ("a known token, anywhere", {"answer": f"the value {TOKEN} was used"}, TOKEN),
    ("a token by its name", {"refresh_token": "abc-987-zyx"}, "abc-987-zyx"),
    ("a header", {"headers": {"Authorization": "Bearer 0123456789abcdef"}}, "0123456789abcdef"),
    ("a header in a text", {"sent": "Authorization: Bearer 0123456789abcdef"}, "0123456789abcdef"),
    ("an OAuth 1 header", {"sent": 'OAuth oauth_token="pq7",oauth_signature="s1g"'}, "s1g"),
    ("a client secret", {"body": {"client_secret": "hunter2"}}, "hunter2"),
    ("a form", {"body": "grant_type=x&client_secret=hunter2&code=C0DE"}, "hunter2"),
    ("a code in an address", {"url": "https://erp.example/callback?code=C0DEC0DE"}, "C0DEC0DE"),
    ("a password in an address", {"ledger": "postgresql://me:hunter2@db/ledger"}, "hunter2"),
    ("a signed token", {"told": "eyJhbGciOi.eyJzdWIi.c2lnbmF0"}, "eyJhbGciOi"),
    ("a cookie", {"Set-Cookie": "session=hunter2"}, "hunter2"),
    ("a password in a list", {"rows": [{"password": "hunter2"}]}, "hunter2"),
    ("an e-mail address in a text", {"complaint": "jan.jansen+shop@example.com exists"}, "jan.jansen"),
    ("an e-mail address as a key", {"found": {"jan@example.com": 3}}, "jan@"),
    ("a telephone number", {"complaint": "+31 (0)6 12345678 is none"}, "12345678"),
    ("a telephone number as E.164", {"complaint": "+31612345678 is none"}, "612345678"),
    ("a telephone number at home", {"complaint": "call 030-1234567"}, "1234567"),
    ("a street in a text", {"complaint": "Kerkstraat 12 bis is unknown"}, "Kerkstraat"),
    ("a French street", {"complaint": "Rue de la Loi 16 is unknown"}, "Loi"),
    ("a postcode", {"complaint": "3511 AB is unknown"}, "3511"),
    ("a canonical field", {"entity": "customer", "invoice": {"anything": "x", "city": "Lutjebroek"}}, "Lutjebroek"),
    ("a part of a name", {"entity": "customer", "row": {"first": "Zoë-Ann"}}, "Zoë-Ann"),
    ("a native field", {"entity": "customer", "native": {"AddressLine1": "Overal nergens"}}, "nergens"),
    ("a dotted native field", {"entity": "customer", "native": {"contact": {"LastName": "Jansen"}}}, "Jansen"),
    ("a native field, nobody said of whom", {"native": {"LastName": "Jansen"}}, "Jansen"),
    ("a customer's key", {"entity": "customer", "key": "B0477472701"}, "0477"),
    ("a confidential figure", {"entity": "product", "row": {"cost": "21.50"}}, "21.50"),
]


@pytest.mark.parametrize(("story", "event", "planted"), PLANTED, ids=[row[0] for row in PLANTED])
def test_nothing_planted_is_logged(written: io.StringIO, story: str, event: dict[str, Any], planted: str) -> None:
    """Known failure 27: neither a secret nor a customer's data is on any line, on whatever level it was nested."""
    structlog.get_logger("test").warning("record.refused", **event)
    assert "record.refused" == lines(written)[0]["event"]
    assert planted not in written.getvalue()


@pytest.mark.parametrize(
    ("story", "event"),
    [
        ("a product's key, whatever it looks like", {"entity": "product", "key": "1234 AB"}),
        ("a product's name", {"entity": "product", "row": {"name": "Mug, navy"}}),
        ("figures", {"calls": 42, "share": "0.25", "empty": None, "well": True}),
        ("a moment", {"at": "2026-06-25T14:28:10Z", "day": "2026-06-25"}),
        ("a barcode", {"row": {"barcode": "0871932600001"}}),
        ("sizes", {"size": "2400 MB", "status": "code: 404"}),
        ("plain words", {"told": "basic settings were read, oauth consent is needed"}),
    ],
)
def test_what_is_no_secret_is_readable(written: io.StringIO, story: str, event: dict[str, Any]) -> None:
    """A log that hides everything helps nobody: what means no person and opens no door stays."""
    structlog.get_logger("test").info("a.fact", **event)
    assert event == {key: value for key, value in lines(written)[0].items() if key in event}


def choke(row: dict[str, str]) -> None:
    raise ValueError(f"cannot read {row['name']} of {row['street']}, token {row['token']}")


def test_an_exception_that_quotes_a_customer(written: io.StringIO) -> None:
    """Known failure 27: while a customer is worked on, only this product's own errors keep their words."""
    row = {"name": "Van den Broeck", "street": "Nergenshuizen", "token": TOKEN}
    with logs.context(entity=Entity.CUSTOMER, key="jan@example.com"):
        try:
            choke(row)
        except ValueError:
            structlog.get_logger("test").exception("record.failed")
    line = lines(written)[0]
    assert "builtins.ValueError: [withheld: it may quote a record]" in line["exception"]
    assert "in choke" in line["exception"]
    for planted in ("Broeck", "Nergenshuizen", TOKEN, "jan@"):
        assert planted not in written.getvalue()


def test_our_own_errors_keep_their_words(written: io.StringIO) -> None:
    """A refusal is told with its reason, shapes and secrets taken out of it, and so is what caused it."""
    with logs.context(entity=Entity.CUSTOMER):
        try:
            try:
                raise ConnectionError(f"reset while sending {TOKEN}")
            except ConnectionError as cause:
                raise Rejected("PUT /customers/{id}: 400, email jan@example.com is taken", status=400) from cause
        except Rejected:
            structlog.get_logger("test").exception("write.refused")
    told = lines(written)[0]["exception"]
    assert "Rejected: PUT /customers/{id}: 400, email [e-mail] is taken" in told
    assert "builtins.ConnectionError: reset while sending [secret]\nwhich led to" in told


def test_no_local_variables(written: io.StringIO) -> None:
    """Known failure 27: a traceback shows where it was, and never what the variables held."""
    hidden = "only-in-a-variable"
    try:
        choke({"name": hidden})
    except KeyError:
        structlog.get_logger("test").exception("a.bug")
    assert "builtins.KeyError: 'street'" in lines(written)[0]["exception"]
    assert hidden not in written.getvalue()


def test_several_errors_at_once(written: io.StringIO) -> None:
    """A group of errors is told with each of them."""
    group = ExceptionGroup("two lanes", [ValueError("one"), KeyError(TOKEN)])
    structlog.get_logger("test").error("lanes.failed", exc_info=group)
    assert "builtins.ValueError: one" in lines(written)[0]["exception"]
    assert "builtins.KeyError: '[secret]'" in lines(written)[0]["exception"]


def test_an_error_as_a_value(written: io.StringIO) -> None:
    """An error that is passed as a value is redacted like a text."""
    structlog.get_logger("test").warning("call.failed", error=ConnectionError(f"token={TOKEN}"))
    assert "ConnectionError: token=[secret]" == lines(written)[0]["error"]


@pytest.mark.parametrize("name", ["urllib3.connectionpool", "requests_oauthlib", "apscheduler", "sqlalchemy.engine"])
def test_libraries_log_the_same_way(written: io.StringIO, name: str) -> None:
    """Known failure 27: what a library logs through the standard module passes the same place."""
    logging.getLogger(name).warning("Retrying %s with %s", "https://me:hunter2@erp.example/api", {"access_token": "x9"})
    assert name == lines(written)[0]["logger"]
    assert "warning" == lines(written)[0]["level"]
    assert "hunter2" not in written.getvalue()
    assert "x9" not in written.getvalue()


@pytest.mark.parametrize("name", ["requests_oauthlib.oauth2_session", "oauthlib", "urllib3", "sqlalchemy.engine"])
def test_libraries_do_not_chatter(written: io.StringIO, name: str) -> None:
    """Known failure 27: the debug lines of OAuth libraries print tokens, so they are never written."""
    logging.getLogger(name).debug("token is %s", TOKEN)
    logging.getLogger(name).info("token is %s", TOKEN)
    assert "" == written.getvalue()


def test_context_is_on_every_line_and_ends(written: io.StringIO) -> None:
    """Run, channel, entity and key are on each line inside, a library's too, and on none after it."""
    with logs.context(run="r1", channel="shop", entity=Entity.PRODUCT, key="SKU-1"):
        structlog.get_logger("test").info("write.confirmed", attempt=2)
        logging.getLogger("urllib3").warning("slow")
    structlog.get_logger("test").info("round.ended")
    inside = {"run": "r1", "channel": "shop", "entity": "product", "key": "SKU-1"}
    first, second, third = lines(written)
    assert inside | {"event": "write.confirmed", "attempt": 2} == {
        key: first[key] for key in [*inside, "event", "attempt"]
    }
    assert inside == {key: second[key] for key in inside}
    assert not inside.keys() & third.keys()


def test_a_secret_learned_later(written: io.StringIO) -> None:
    """A token that was rotated while the process runs is cut out as soon as it is known."""
    redactor = logs.configure(form="json", stream=written)
    redactor.learn(["n3w-t0ken", "abc"])
    structlog.get_logger("test").info("told", what="n3w-t0ken and abc")
    assert "[secret] and abc" == lines(written)[0]["what"]


def test_native_names_learned_from_a_mapping(written: io.StringIO) -> None:
    """Known failure 27: once a mapping is loaded, the native names of personal fields are taken for what they are."""
    specs = (FieldSpec("street_line", "text", tag="address"), FieldSpec("label", "text"))
    fields = {spec.name: FieldMapping(spec.name, spec, (f"row.{spec.name}",), Chain(())) for spec in specs}
    lens = EntityMapping(Entity.CUSTOMER, {"": RowMapping(fields)})
    redactor = logs.configure(form="json", stream=written)
    redactor.learn_names(native_tags({Entity.CUSTOMER: lens}))
    structlog.get_logger("test").info("told", entity="customer", row={"street_line": "Nergens", "label": "Mug"})
    assert {"street_line": "[address]", "label": "Mug"} == lines(written)[0]["row"]


def test_a_thread_that_dies_says_so(written: io.StringIO) -> None:
    """An error that nobody caught in a thread is a line like any other, with its secrets taken out."""
    thread = threading.Thread(target=choke, args=({"name": "x", "street": "y", "token": TOKEN},), name="lane")
    thread.start()
    thread.join()
    assert ("thread.died", "lane") == (lines(written)[0]["event"], lines(written)[0]["thread"])
    assert TOKEN not in written.getvalue()


def test_the_console_form(written: io.StringIO) -> None:
    """For people: time, level, fact, and what belongs to it, on one line, as redacted as the other form."""
    stream = io.StringIO()
    logs.configure(form="console", redactor=Redactor(secrets=[TOKEN]), stream=stream)
    with logs.context(channel="shop"):
        structlog.get_logger("test").info("write.confirmed", attempt=2, told=TOKEN)
    time, _, rest = stream.getvalue().partition(" ")
    assert 8 == len(time)
    assert "info     write.confirmed attempt=2 told=[secret] channel=shop\n" == rest
