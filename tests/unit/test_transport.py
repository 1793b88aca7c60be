"""The transport all adapters share: what it does on a bad day, and what it never does."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests

from connector.contract import Credentials, Limit, Opening
from connector.errors import (
    AmbiguousWrite,
    AuthFailed,
    ChannelError,
    ContractBroken,
    Gone,
    RateLimited,
    Rejected,
    Stale,
    Transient,
)
from connector.transport import Answer, Bearer, Call, Hooks, Patience, Transport, evidence, retry_after
from connector.transport.reading import origin, read_date
from connector.transport.tokens import RotatingTokens, TokenRules
from connector.transport.web import USER_AGENT

NOON = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
HASTE = Patience(connect_s=0.5, read_s=0.5, total_s=1, attempts=3, pause_s=0.01, longest_pause_s=0.02, reset_s=5)
READ = Call("GET", "/things/{id}", "product", {"id": "7"}, [("q", "private@example.com")], safe=True)
WRITE = Call("POST", "/things", "product", body={"name": "private@example.com"})


class Clock:
    """A clock that only sleeping moves; ``stops`` makes every sleep end early, as a stopping daemon does."""

    def __init__(self) -> None:
        self.at = NOON
        self.slept: list[float] = []
        self.stops = False

    def now(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if not self.stops:
            self.at += timedelta(seconds=seconds)


@dataclass
class Purse:
    """A budget that notes what it is told, and runs out after ``calls``."""

    calls: int = 1000
    until: datetime = NOON + timedelta(minutes=5)
    spent: list[str] = field(default_factory=list)
    learned: list[Limit] = field(default_factory=list)

    def spend(self, purpose: str, calls: int = 1) -> None:
        if len(self.spent) + calls > self.calls:
            raise RateLimited("the budget is spent", until=self.until)
        self.spent += [purpose] * calls

    def learn(self, limits: Sequence[Limit]) -> None:
        self.learned += limits


class Safe:
    """Credentials in memory; counts how often the lock was taken, and notes the order of things."""

    def __init__(self, pair: Credentials | None = None) -> None:
        self.pair = pair
        self.events: list[str] = []
        self.rival: Callable[[], None] = lambda: None
        self._lock = threading.RLock()

    def load(self) -> Credentials | None:
        self.events.append("load")
        return self.pair

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        with self._lock:
            self.rival()
            self.events.append("lock")
            yield
            self.events.append("unlock")

    def save(self, credentials: Credentials) -> None:
        self.events.append("save")
        self.pair = credentials


@dataclass
class World:
    clock: Clock = field(default_factory=Clock)
    purse: Purse = field(default_factory=Purse)
    safe: Safe = field(default_factory=Safe)

    def opening(self) -> Opening:
        return Opening(
            channel="webshop",
            options=None,
            settings={},
            names={},
            locations=(),
            lists=(),
            tokens=self.safe,
            budget=self.purse,
            now=self.clock.now,
            sleep=self.clock.sleep,
        )

    def transport(self, url: str, **more: Any) -> Transport:
        return Transport(self.opening(), url, patience=more.pop("patience", HASTE), **more)


Reply = bytes | Callable[[socket.socket], None]


class Server:
    """Answers each connection with the next of its replies, byte for byte, and keeps what it was sent."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.heard: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        heard = b""
        while b"\r\n\r\n" not in heard:
            heard += connection.recv(65536)
        head, _, body = heard.partition(b"\r\n\r\n")
        length = int(next((line[15:] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0))
        while len(body) < length:
            body += connection.recv(65536)
        self.heard.append(head + b"\r\n\r\n" + body)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if callable(reply):
            reply(connection)
        else:
            connection.sendall(reply)

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(timeout=5)


@contextmanager
def server(*replies: Reply) -> Iterator[Server]:
    one = Server(*replies)
    try:
        yield one
    finally:
        one.close()


def reply(status: int = 200, body: bytes = b"{}", **headers: str) -> bytes:
    lines = {"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"} | {
        name.replace("_", "-"): text for name, text in headers.items()
    }
    head = "".join(f"{name}: {text}\r\n" for name, text in lines.items())
    return f"HTTP/1.1 {status} Status\r\n{head}\r\n".encode() + body


def hang_up(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def never(connection: socket.socket) -> None:
    connection.recv(1)


def drip(connection: socket.socket) -> None:
    """A body that arrives byte by byte, each in time, for ever."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    pause = threading.Event()
    try:
        while not pause.wait(0.05):
            connection.sendall(b" ")
    except OSError:
        return


def half(connection: socket.socket) -> None:
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"half":')


@pytest.fixture
def world() -> World:
    return World()


def test_numbers_are_exact_both_ways(world: World) -> None:
    """A price passes through as it was written, never as the nearest binary fraction (row 18)."""
    with server(reply(body=b'{"price": 0.30000000000000004, "qty": 1234567890123456.78, "n": 3}')) as shop:
        answer = world.transport(shop.url).send(
            Call("PUT", "/price", "price", body={"price": Decimal("12.3400"), "big": Decimal("1234567890123456.78")})
        )
    assert {"price": Decimal("0.30000000000000004"), "qty": Decimal("1234567890123456.78"), "n": 3} == answer.data
    assert b'{"price":12.3400,"big":1234567890123456.78}' == shop.heard[0].partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize(
    ("sku", "path"),
    [
        ("WT-001/BL M", b"/things/WT-001%2FBL%20M?"),
        ("50%+1", b"/things/50%25%2B1?"),
        ("Ünï#?&", b"/things/%C3%9Cn%C3%AF%23%3F%26?"),
    ],
)
def test_a_path_is_encoded_once(world: World, sku: str, path: bytes) -> None:
    """A slash, a blank, a plus or an accent in a code reaches the server as that code (row 11)."""
    with server(reply()) as shop:
        world.transport(shop.url).get("/things/{sku}", purpose="product", at={"sku": sku}, query=[("a[b]", "c d+e")])
    assert b"GET " + path + b"a%5Bb%5D=c%20d%2Be" in shop.heard[0]


@pytest.mark.parametrize(
    ("status", "safe", "expected"),
    [
        (301, True, ContractBroken),
        (400, True, Rejected),
        (401, True, AuthFailed),
        (403, True, AuthFailed),
        (404, True, Gone),
        (405, True, ContractBroken),
        (408, False, Transient),
        (409, False, Stale),
        (410, False, Gone),
        (412, False, Stale),
        (414, True, ContractBroken),
        (422, False, Rejected),
        (429, False, RateLimited),
        (500, True, Transient),
        (500, False, AmbiguousWrite),
        (502, False, AmbiguousWrite),
        (503, False, Transient),
        (504, True, Transient),
        (504, False, AmbiguousWrite),
    ],
)
def test_a_status_says_what_happens_next(world: World, status: int, safe: bool, expected: type[ChannelError]) -> None:
    """Each status is one error, and a write that a gateway lost may have happened (row 5)."""
    with server(reply(status, X_Request_Id="r-1")) as shop, pytest.raises(expected) as caught:
        world.transport(shop.url).send(READ if safe else WRITE)
    wrong = caught.value
    assert ("webshop", status, "r-1") == (wrong.channel, wrong.status, wrong.request_id)


@pytest.mark.parametrize("bad_day", [hang_up, never, half, drip], ids=lambda reply: reply.__name__)
def test_a_write_without_an_answer_is_in_doubt_and_never_repeated(world: World, bad_day: Reply) -> None:
    """A create whose answer is lost may have happened, so it is not sent again (row 5)."""
    with server(bad_day) as shop, pytest.raises(AmbiguousWrite):
        world.transport(shop.url).send(WRITE)
    assert 1 == len(shop.heard)


@pytest.mark.parametrize("bad_day", [hang_up, never, half, drip], ids=lambda reply: reply.__name__)
def test_a_read_without_an_answer_is_made_again(world: World, bad_day: Reply) -> None:
    """A reset, a silence, half an answer and an endless one cost a read one attempt each."""
    with server(bad_day, reply(body=b"[1]")) as shop:
        answer = world.transport(shop.url).send(READ)
    assert ([1], 2, 1) == (answer.data, len(shop.heard), len(world.clock.slept))


def test_a_read_is_given_up_after_a_few_attempts(world: World) -> None:
    """Patience inside one call is bounded; each attempt was announced to the budget."""
    with server(reply(503)) as shop, pytest.raises(Transient):
        world.transport(shop.url).send(READ)
    assert (3, ["product"] * 3) == (len(shop.heard), world.purse.spent)


def test_no_connection_means_that_nothing_was_sent(world: World) -> None:
    """A write that found nobody listening is Transient, not in doubt."""
    with server(reply()) as shop:
        pass
    with pytest.raises(Transient, match="no connection"):
        world.transport(shop.url).send(WRITE)


def test_waiting_ends_when_the_daemon_stops(world: World) -> None:
    """A pause that is cut short is the end of the call."""
    world.clock.stops = True
    with server(reply(503)) as shop, pytest.raises(Transient, match="stopping"):
        world.transport(shop.url).send(READ)
    assert 1 == len(shop.heard)


@pytest.mark.parametrize(
    ("story", "headers", "expected"),
    [
        ("seconds", {"Retry_After": "3"}, NOON + timedelta(seconds=3)),
        (
            "a date, by a server whose clock is an hour ahead",
            {"Retry_After": "Sun, 22 Nov 2026 13:00:04 GMT", "Date": "Sun, 22 Nov 2026 13:00:00 GMT"},
            NOON + timedelta(seconds=4),
        ),
        ("a date that has passed", {"Retry_After": "Sun, 22 Nov 2026 11:00:00 GMT"}, NOON),
        ("nothing", {}, NOON + timedelta(seconds=60)),
        ("nonsense", {"Retry_After": "soon"}, NOON + timedelta(seconds=60)),
    ],
)
def test_a_rate_limit_ends_when_the_server_says(
    world: World, story: str, headers: dict[str, str], expected: datetime
) -> None:
    """Retry-After is seconds or a date in the server's own clock (row 7)."""
    patience = Patience(attempts=1)
    with server(reply(429, **headers)) as shop, pytest.raises(RateLimited) as caught:
        world.transport(shop.url, patience=patience).send(READ)
    assert expected == caught.value.until, story


def test_a_short_rate_limit_is_waited_for(world: World) -> None:
    """What was refused for lack of budget was not carried out, so even a write is made again after a short wait."""
    with server(reply(429, Retry_After="3"), reply(body=b"true")) as shop:
        answer = world.transport(shop.url).send(WRITE)
    assert (True, [3.0]) == (answer.data, world.clock.slept)


def test_a_busy_server_is_given_the_time_that_it_asks_for(world: World) -> None:
    """503 with Retry-After waits as long as the server says, not as long as the back-off would."""
    with server(reply(503, Retry_After="4"), reply()) as shop:
        world.transport(shop.url).send(READ)
    assert [4.0] == world.clock.slept


def test_a_long_rate_limit_is_the_engines(world: World) -> None:
    """A reset beyond the patience of a call is handed on at once."""
    with server(reply(429, Retry_After="3600")) as shop, pytest.raises(RateLimited):
        world.transport(shop.url).send(READ)
    assert ([], 1) == (world.clock.slept, len(shop.heard))


def test_nothing_is_sent_without_budget(world: World) -> None:
    """The budget is asked before each call (row 7)."""
    world.purse.calls = 0
    with server(reply()) as shop, pytest.raises(RateLimited):
        world.transport(shop.url).send(READ)
    assert [] == shop.heard


def test_the_budget_learns_from_headers(world: World) -> None:
    """What the server says of its limits reaches the budget, also from a refusal."""

    def limits(answer: Answer) -> list[Limit]:
        return [Limit("day", 5000, int(answer.headers["X-RateLimit-Remaining"]), NOON)]

    with server(reply(404, X_RateLimit_Remaining="17")) as shop, pytest.raises(Gone):
        world.transport(shop.url, hooks=Hooks(limits=limits)).send(READ)
    assert [Limit("day", 5000, 17, NOON)] == world.purse.learned


def test_a_redirect_is_not_followed(world: World) -> None:
    """A redirect to another host sees neither the call nor its token; the message has the remedy (row 28)."""
    with server(reply()) as thief:
        with server(reply(302, Location=f"{thief.url}/steal?token=secret")) as shop, pytest.raises(ContractBroken) as e:
            world.transport(shop.url, auth=Bearer("secret")).send(READ)
        assert [] == thief.heard
    assert f"redirect to {thief.url}, which is not followed: set base_url" in str(e.value)


def test_the_body_of_a_redirect_is_bounded_too(world: World) -> None:
    """A redirect with an endless body ends by the deadline."""

    def endless(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n\r\n")
        drip(connection)

    with server(endless) as shop, pytest.raises(AmbiguousWrite):
        world.transport(shop.url).send(WRITE)


@pytest.mark.parametrize(
    "link",
    [
        "http://thief.example/next?skip=1",
        "//thief.example/next",
        "https://127.0.0.1/next",
        "@thief.example/next",
        "http://127.0.0.1@thief.example/next",
        "javascript:alert(1)",
    ],
)
def test_a_next_link_to_another_host_is_refused(world: World, link: str) -> None:
    """A next-link is followed on the same origin only (row 28)."""
    with server(reply()) as shop, pytest.raises(ContractBroken, match="another host"):
        world.transport(shop.url, auth=Bearer("secret")).follow(link, "/things (next)", purpose="product")
    assert [] == shop.heard


@pytest.mark.parametrize("absolute", [True, False])
def test_a_next_link_on_the_same_origin_is_followed_as_it_is(world: World, absolute: bool) -> None:
    """The server's own link keeps its query byte for byte."""
    with server(reply(body=b"[]")) as shop:
        link = (shop.url if absolute else "") + "/api/things?$skiptoken=guid'7'&$top=2"
        world.transport(shop.url + "/api").follow(link, "/things (next)", purpose="product")
    assert shop.heard[0].startswith(b"GET /api/things?$skiptoken=guid'7'&$top=2 HTTP/1.1")


def test_a_compressed_bomb_ends_at_the_size_limit(world: World) -> None:
    """A small answer that unfolds to a large one is stopped while it unfolds."""
    bomb = gzip.compress(b" " * 50_000_000)
    patience = Patience(max_bytes=1_000_000)
    with (
        server(reply(body=bomb, Content_Encoding="gzip")) as shop,
        pytest.raises(ContractBroken, match="1000000 bytes"),
    ):
        world.transport(shop.url, patience=patience).send(READ)


def test_a_page_instead_of_json_is_an_error_and_not_an_empty_answer(world: World) -> None:
    """A maintenance page with status 200 breaks the contract after a few attempts, and is named (row 10)."""
    page = b"<!DOCTYPE html><html><title>Even geduld</title></html>"
    with server(reply(body=page)) as shop, pytest.raises(ContractBroken, match="HTML page") as caught:
        world.transport(shop.url).send(READ)
    assert (3, "200, 54 bytes, an HTML page: a proxy or a maintenance page?") == (
        len(shop.heard),
        caught.value.evidence,
    )


def test_json_cut_short_is_read_again(world: World) -> None:
    """An answer that stops in the middle of its text costs one attempt."""
    with server(reply(body=b'{"items": ['), reply(body=b'{"items": []}')) as shop:
        assert {"items": []} == world.transport(shop.url).send(READ).data


def test_a_write_answered_without_json_is_in_doubt(world: World) -> None:
    """A good status without the promised body says nothing of what became of the write."""
    with server(reply(body=b"<html>")) as shop, pytest.raises(AmbiguousWrite):
        world.transport(shop.url).send(WRITE)


@pytest.mark.parametrize(("body", "expected"), [(b"", None), (b"null", None), (b" true ", True), (b'"12"', "12")])
def test_bare_values_and_empty_bodies_are_answers(world: World, body: bytes, expected: Any) -> None:
    """``true``, a text, ``null`` and nothing are all answers that systems give."""
    with server(reply(body=body)) as shop:
        assert expected == world.transport(shop.url).send(READ).data


def test_text_is_taken_where_text_is_expected(world: World) -> None:
    """A call may say that its answer is no JSON."""
    with server(reply(body=b"Magento/2.4")) as shop:
        answer = world.transport(shop.url).get("/version", purpose="check", expects_json=False)
    assert (b"Magento/2.4", None) == (answer.body, answer.data)


def test_no_message_holds_a_value_a_query_or_a_token(world: World) -> None:
    """Neither a refusal, a lost answer, nor a broken one shows what was sent or answered (row 27)."""
    secrets = ("private@example.com", "secret-token", "Jansen", "q=")
    told = []
    bodies = [reply(400, b'{"message": "Jansen"}'), reply(302, b'{"name": "Jansen"}'), hang_up, reply(500, b"Jansen")]
    for one in bodies:
        for call in (READ, WRITE):
            with server(one) as shop, pytest.raises(ChannelError) as caught:
                world.transport(shop.url, auth=Bearer("secret-token")).send(call)
            told.append(f"{caught.value!r} {caught.value} {getattr(caught.value, 'evidence', '')}")
    assert [] == [text for text in told for secret in secrets if secret in text]


def test_evidence_keeps_the_shape_and_no_value() -> None:
    """The raw answer of a broken contract is kept as names and kinds."""
    body = b'{"items": [{"email": "private@example.com", "n": 1}, 1, 2, 3], "total": 1.5}'
    answer = Answer(READ, 200, {}, body, NOON, NOON)
    assert (
        "200, 76 bytes, {'items': [{'email': 'str', 'n': 'int'}, 'int', 'int', '…'], 'total': 'Decimal'}"
        == evidence(answer)
    )


def test_the_environment_and_cookies_are_left_alone(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """A ``.netrc`` does not replace our credentials, a proxy variable sends nothing away, cookies do not come back."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with server(reply(Set_Cookie="PHPSESSID=1; Path=/")) as shop:
        transport = world.transport(shop.url, auth=Bearer("ours"))
        transport.send(READ)
        transport.send(READ)
    heads = [heard.decode().lower() for heard in shop.heard]
    assert ["authorization: bearer ours" in head and "cookie" not in head for head in heads] == [True, True]


def test_each_thread_has_its_own_connections(world: World) -> None:
    """A session is not shared between threads, and closing lets go of all of them."""
    with server(reply()) as shop:
        transport = world.transport(shop.url)
        threads = [threading.Thread(target=transport.send, args=(READ,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert 3 == len(transport._sessions)
        transport.close()
        assert [] == transport._sessions


def test_the_clock_offset_is_measured(world: World) -> None:
    """The server's Date header tells how far its clock is from ours, and is the time that cursors use (row 8)."""
    with server(reply(Date="Sun, 22 Nov 2026 12:00:42 GMT")) as shop:
        transport = world.transport(shop.url)
        before = transport.clock_offset
        answer = transport.send(READ)
    assert (None, timedelta(seconds=42.5), NOON + timedelta(seconds=42), NOON) == (
        before,
        transport.clock_offset,
        answer.server_at,
        answer.began_at,
    )


def test_a_system_may_say_what_its_refusals_mean(world: World) -> None:
    """A complaint hook sees the decoded body and decides before the status does."""

    def complaint(answer: Answer) -> ChannelError | None:
        return Transient("deadlock") if answer.data == {"message": "Could not save"} else None

    with server(reply(400, b'{"message": "Could not save"}'), reply()) as shop:
        world.transport(shop.url, hooks=Hooks(complaint=complaint)).send(READ)
    assert 2 == len(shop.heard)


def test_each_attempt_is_signed_anew(world: World) -> None:
    """A repeated call bears a new signature, as one-time numbers require."""

    class Counting:
        signed = 0

        def sign(self, request: requests.PreparedRequest) -> None:
            self.signed += 1
            request.headers["Authorization"] = f"OAuth nonce={self.signed}"

        def renew(self, request: requests.PreparedRequest) -> bool:
            return False

    with server(reply(503), reply()) as shop:
        world.transport(shop.url, auth=Counting()).send(READ)
    assert [True, True] == [f"nonce={n}".encode() in heard for n, heard in enumerate(shop.heard, 1)]


def test_a_refused_token_is_renewed_once(world: World) -> None:
    """After a 401 there is one more try where another token is at hand, also for a write: it was not carried out."""

    class Renewing:
        token = "old"

        def sign(self, request: requests.PreparedRequest) -> None:
            request.headers["Authorization"] = f"Bearer {self.token}"

        def renew(self, request: requests.PreparedRequest) -> bool:
            self.token = "new"
            return True

    with server(reply(401), reply(401)) as shop, pytest.raises(AuthFailed):
        world.transport(shop.url, auth=Renewing()).send(WRITE)
    assert [b"Bearer old", b"Bearer new"] == [
        heard.split(b"Authorization: ")[1].split(b"\r\n")[0] for heard in shop.heard
    ]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://shop.example/a", "https://SHOP.example:443/b?c", True),
        ("http://shop.example:8080", "http://shop.example", False),
        ("http://shop.example", "https://shop.example", False),
    ],
)
def test_an_origin_is_scheme_host_and_port(one: str, other: str, same: bool) -> None:
    """The default port is the same as none."""
    assert same == (origin(one) == origin(other))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Sun, 22 Nov 2026 12:00:00 GMT", NOON),
        ("Sun, 22 Nov 2026 13:00:00 +0100", NOON),
        ("Sun, 22 Nov 2026 12:00:00 -0000", NOON),
        ("yesterday", None),
        (None, None),
    ],
)
def test_http_dates_are_utc(text: str | None, expected: datetime | None) -> None:
    """An HTTP date is aware UTC, or None."""
    assert expected == read_date(text)


def test_an_absurd_retry_after_is_capped() -> None:
    """A wait of centuries is a week."""
    answer = Answer(READ, 429, {"Retry-After": "9" * 30}, b"", NOON, NOON)
    assert NOON + timedelta(days=7) == retry_after(answer, NOON)


# --- rotating tokens


def pair(age_s: float, name: str = "1") -> Credentials:
    return Credentials({"access_token": f"a{name}", "refresh_token": f"r{name}"}, NOON - timedelta(seconds=age_s))


def tokens(world: World, url: str, **more: Any) -> RotatingTokens:
    given: dict[str, Any] = {
        "base_url": url,
        "token_path": "/token",
        "consent_url": f"{url}/auth",
        "client_id": "id",
        "client_secret": "shh",
        "redirect_uri": "https://here.example/back",
        "due": timedelta(seconds=570),
        "max_age": timedelta(seconds=600),
    }
    return RotatingTokens(world.opening(), TokenRules(**given | more), patience=HASTE)


FRESH = reply(body=b'{"access_token": "a2", "refresh_token": "r2", "expires_in": "600", "token_type": "bearer"}')


def test_a_due_pair_is_exchanged_under_the_lock_and_saved_before_use(world: World) -> None:
    """The stored pair is read again inside the lock, and the new one is durable before anyone has it (row 6)."""
    world.safe.pair = pair(580)
    with server(FRESH) as shop:
        fresh = tokens(world, shop.url).pair()
    assert ("a2", ["load", "lock", "load", "save", "unlock"]) == (fresh.values["access_token"], world.safe.events)
    assert b"grant_type=refresh_token" in shop.heard[0]
    assert b"refresh_token=r1" in shop.heard[0]


def test_a_faster_process_is_noticed(world: World) -> None:
    """What another process exchanged while we waited for the lock is taken, and nothing is sent (row 6)."""
    world.safe.pair = pair(580)

    def rival() -> None:
        world.safe.pair = pair(0, "9")

    world.safe.rival = rival
    with server(FRESH) as shop:
        assert "a9" == tokens(world, shop.url).pair().values["access_token"]
    assert [] == shop.heard


def test_two_threads_exchange_once(world: World) -> None:
    """Threads that find the pair due at the same time share one exchange (row 6)."""
    world.safe.pair = pair(580)
    with server(FRESH) as shop:
        keeper = tokens(world, shop.url)
        threads = [threading.Thread(target=keeper.pair) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert 1 == len(shop.heard)


@pytest.mark.parametrize(("age_s", "calls"), [(0, 0), (569, 0), (570, 1), (86400, 1), (-30, 1)])
def test_a_pair_is_exchanged_by_the_clock(world: World, age_s: float, calls: int) -> None:
    """Young pairs are left alone; a pair from the future was dated by a clock that was put back."""
    world.safe.pair = pair(age_s)
    with server(FRESH) as shop:
        tokens(world, shop.url).pair()
    assert calls == len(shop.heard)


def test_an_exchange_that_comes_too_early_keeps_the_present_token(world: World) -> None:
    """A system that refuses an early exchange does not cost us the token that is still good."""
    world.safe.pair = pair(580)
    with server(reply(400, b'{"error": "too_soon"}')) as shop:
        keeper = tokens(world, shop.url, too_early=lambda answer: answer.data == {"error": "too_soon"})
        got = [keeper.pair().values["access_token"], keeper.pair().values["access_token"]]
    assert (["a1", "a1"], 1) == (got, len(shop.heard))


def test_a_used_up_token_needs_a_person(world: World) -> None:
    """A refused refresh token pauses the channel and names the command (row 6)."""
    world.safe.pair = pair(580)
    with server(reply(400, b'{"error": "invalid_grant"}')) as shop, pytest.raises(AuthFailed, match="auth webshop"):
        tokens(world, shop.url).pair()


def test_a_lost_answer_is_settled_by_asking_again(world: World) -> None:
    """If the lost exchange had happened, the second is refused, and a person is needed (row 6)."""
    world.safe.pair = pair(580)
    with server(hang_up, reply(400, b'{"error": "invalid_grant"}')) as shop, pytest.raises(AuthFailed):
        tokens(world, shop.url).pair()
    assert 2 == len(shop.heard)


def test_a_lost_answer_that_had_not_happened_costs_nothing(world: World) -> None:
    """If the lost exchange never arrived, the second one succeeds."""
    world.safe.pair = pair(580)
    with server(hang_up, FRESH) as shop:
        assert "a2" == tokens(world, shop.url).pair().values["access_token"]


def test_an_outage_is_waited_out_with_the_present_token(world: World) -> None:
    """While the present token is good, an outage of the token page does not stop the work."""
    world.safe.pair = pair(580)
    with server(hang_up) as shop:
        assert "a1" == tokens(world, shop.url).pair().values["access_token"]


def test_an_outage_with_a_dead_token_is_transient(world: World) -> None:
    """With a token that is too old an outage is Transient, and the page is not asked again at once."""
    world.safe.pair = pair(700)
    with server(hang_up) as shop:
        keeper = tokens(world, shop.url)
        for _ in range(3):
            with pytest.raises(Transient):
                keeper.pair()
    assert 2 == len(shop.heard)


def test_wrong_client_credentials_are_named(world: World) -> None:
    """A wrong client secret is not mistaken for a used-up token."""
    world.safe.pair = pair(580)
    with server(reply(401, b'{"error": "invalid_client"}')) as shop, pytest.raises(AuthFailed, match="client_secret"):
        tokens(world, shop.url).pair()


def test_without_credentials_a_person_is_asked(world: World) -> None:
    """Nothing stored is an AuthFailed with the command to run."""
    with server(FRESH) as shop, pytest.raises(AuthFailed, match="auth webshop"):
        tokens(world, shop.url).pair()


def test_a_401_on_a_young_token_is_not_answered_with_an_exchange_the_system_forbids(world: World) -> None:
    """Before its earliest age a pair is not exchanged, so that a 401 is what it says."""
    world.safe.pair = pair(10)
    with server(FRESH) as tokens_at, server(reply(401)) as shop:
        auth = tokens(world, tokens_at.url, earliest=timedelta(seconds=570))
        with pytest.raises(AuthFailed):
            world.transport(shop.url, auth=auth).send(READ)
    assert ([], 1) == (tokens_at.heard, len(shop.heard))


def test_a_401_on_a_young_token_is_answered_with_an_exchange_where_that_is_allowed(world: World) -> None:
    """A token that the server dropped early is exchanged, and the call made again."""
    world.safe.pair = pair(10)
    with server(FRESH) as tokens_at, server(reply(401), reply(body=b"1")) as shop:
        assert 1 == world.transport(shop.url, auth=tokens(world, tokens_at.url)).send(READ).data


def test_a_code_becomes_a_pair(world: World) -> None:
    """The code of the consent page is exchanged and stored; the answer's other members are kept when asked."""
    fresh = reply(body=b'{"access_token": "a2", "refresh_token": "r2", "expires_in": 600, "shop": "gent"}')
    with server(fresh) as shop:
        tokens(world, shop.url, kept=("shop",)).authorize(" the-code ")
    assert {"access_token": "a2", "refresh_token": "r2", "shop": "gent"} == (world.safe.pair or pair(0)).values
    assert b"code=the-code" in shop.heard[0]
    assert b"client_secret=shh" in shop.heard[0]


def test_a_refresh_token_can_be_pasted(world: World) -> None:
    """``refresh:TOKEN`` is exchanged; where the answer brings no new one, it stays."""
    with server(reply(body=b'{"access_token": "a2"}')) as shop:
        tokens(world, shop.url).authorize("refresh:abc")
    assert {"access_token": "a2", "refresh_token": "abc"} == (world.safe.pair or pair(0)).values


def test_the_consent_page_names_the_application_and_no_secret(world: World) -> None:
    """The address that a person opens holds the client id, the return address and the state."""
    page = tokens(world, "http://127.0.0.1:1", scope="retailer:read").consent_page("xyz")
    query = (
        "response_type=code&client_id=id&redirect_uri=https%3A%2F%2Fhere.example%2Fback&scope=retailer%3Aread&state=xyz"
    )
    assert f"http://127.0.0.1:1/auth?{query}" == page


def test_a_pair_is_not_shown(world: World) -> None:
    """Rules and bearer tokens hide their secrets when printed (row 27)."""
    rules = tokens(world, "http://127.0.0.1:1")._rules
    assert "shh" not in repr(rules) + repr(Bearer("shh"))


def test_the_user_agent_names_the_product(world: World) -> None:
    """A shop's log shows who called."""
    with server(reply()) as shop:
        world.transport(shop.url).send(READ)
    assert f"User-Agent: {USER_AGENT}".encode() in shop.heard[0]
