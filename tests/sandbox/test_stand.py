"""What every stand-in shares: control interface, faults, clock, call log, exact numbers, and the server."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner
from flask import jsonify, request
from hypothesis import given
from hypothesis import strategies as st

from sandbox.__main__ import main
from sandbox.calls import Calls
from sandbox.faults import KINDS, Faults
from sandbox.stand import (
    Clock,
    EditError,
    Options,
    PortError,
    Stand,
    page_fault,
    read_json,
    round_half_up,
    unlocked,
    write_json,
)


class Counter:
    """A small system: one counter, and a list in pages."""

    def __init__(self, options: Options | None = None) -> None:
        self.count = 0
        self.tokens = {"one"}
        self.stand = Stand("counter", options or Options(), self.state, self.edit, {"token": "one"})
        self.stand.expire_tokens = self.tokens.clear
        self.stand.app.add_url_rule("/count", view_func=self.read)
        self.stand.app.add_url_rule("/count/<name>", view_func=self.raise_it, methods=["POST"])
        self.stand.app.add_url_rule("/page", view_func=lambda: jsonify({"fault": page_fault()}), endpoint="page")
        self.stand.app.add_url_rule("/echo", view_func=self.echo, methods=["POST"])

    def state(self) -> dict[str, Any]:
        return {"count": self.count, "price": Decimal("12.50")}

    def edit(self, change: dict[str, Any]) -> dict[str, Any]:
        if change.get("do") != "count":
            raise EditError(f"no verb {change.get('do')}")
        self.count += change["by"]
        return {"count": self.count}

    def read(self) -> Any:
        if request.headers.get("Token", "one") not in self.tokens:
            return jsonify({"message": "expired"}), 401
        return jsonify({"count": self.count, "note": "x" * 1000})

    def echo(self) -> Any:
        return jsonify(request.get_json())

    def raise_it(self, name: str) -> Any:
        self.count += 1
        return jsonify({"name": name, "count": self.count}), 201


@pytest.fixture
def counter() -> Iterator[Counter]:
    system = Counter()
    system.stand.start()
    yield system
    system.stand.close()


def control(system: Counter, path: str, method: str = "GET", body: Any = None) -> Any:
    answer = requests.request(method, f"{system.stand.url}/_sandbox/{path}", json=body, timeout=10)
    return answer.json()


def set_fault(system: Counter, **fault: Any) -> None:
    answer = requests.post(f"{system.stand.url}/_sandbox/faults", json=fault, timeout=10)
    assert answer.status_code == 200, answer.text


class TestNumbers:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (Decimal("12.50"), "12.5"),
            (Decimal("12.00"), "12"),
            (Decimal("-0.0"), "0"),
            (Decimal("1E+3"), "1000"),
            (Decimal("0.00000001"), "0.00000001"),
            (Decimal("12345678901234567890.123456789012345678"), "12345678901234567890.123456789012345678"),
            (41250100731, "41250100731"),
            ({"a": [None, True, "é/€"]}, '{"a":[null,true,"é/€"]}'),
        ],
    )
    def test_writes_the_shortest_exact_digits(self, value: Any, text: str) -> None:
        """A Decimal is written as a JSON number with exactly its digits, without needless zeros."""
        assert write_json(value) == text

    @given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=6))
    def test_a_decimal_survives_writing_and_reading(self, value: Decimal) -> None:
        """What was written is read back as the same number."""
        assert read_json(write_json([value])) == [value]

    def test_reads_decimals_not_floats(self) -> None:
        """A number with a point is read as Decimal, a whole one as int."""
        assert read_json('{"a": 0.30, "b": 3}') == {"a": Decimal("0.30"), "b": 3}
        assert type(read_json("0.1")) is Decimal

    @pytest.mark.parametrize("value", [0.1, [0.5], {"a": 1.0}])
    def test_refuses_floats(self, value: Any) -> None:
        """A float never reaches the wire."""
        with pytest.raises(TypeError):
            write_json(value)

    @pytest.mark.parametrize("text", ["NaN", "[Infinity]", "{", ""])
    def test_refuses_what_is_no_json(self, text: str) -> None:
        """Malformed text and numbers that JSON does not know are errors."""
        with pytest.raises(ValueError):
            read_json(text)

    def test_rounds_halves_up(self) -> None:
        """Halves go away from zero."""
        assert round_half_up(Decimal("37.148760330"), 5) == Decimal("37.14876")
        assert round_half_up(Decimal("0.005"), 2) == Decimal("0.01")
        assert round_half_up(Decimal("-0.005"), 2) == Decimal("-0.01")


class TestClock:
    def test_advances_and_is_set(self) -> None:
        """The clock runs on from where it was put."""
        clock = Clock()
        before = clock.now()
        clock.advance(600)
        assert 600 <= (clock.now() - before).total_seconds() < 700
        clock.set(datetime(2030, 1, 1, tzinfo=UTC))
        assert clock.now().year == 2030

    def test_needs_a_zone(self) -> None:
        """A moment without a zone is refused."""
        with pytest.raises(ValueError):
            Clock().set(datetime(2030, 1, 1))  # noqa: DTZ001

    def test_over_http(self, counter: Counter) -> None:
        """The control interface moves the clock, and the Date header follows."""
        control(counter, "clock", "POST", {"set": "2031-02-03T04:05:06+00:00"})
        told = control(counter, "clock", "POST", {"advance_s": 60})
        assert told["now"].startswith("2031-02-03T04:06")
        dated = parsedate_to_datetime(requests.get(f"{counter.stand.url}/count", timeout=10).headers["Date"])
        assert dated.strftime("%Y-%m-%d %H:%M") == "2031-02-03 04:06"

    @pytest.mark.parametrize("body", [{}, {"advance": 1}, {"set": "2031-02-03T04:05:06"}, {"set": "noon"}, []])
    def test_refuses_other_bodies(self, counter: Counter, body: Any) -> None:
        """A clock body that says nothing known is a 400."""
        assert requests.post(f"{counter.stand.url}/_sandbox/clock", json=body, timeout=10).status_code == 400


class TestControl:
    def test_state_and_edit(self, counter: Counter) -> None:
        """An edit changes the state, which is shown whole."""
        assert control(counter, "edit", "POST", {"do": "count", "by": 2}) == {"count": 2}
        text = requests.get(f"{counter.stand.url}/_sandbox/state", timeout=10).text
        assert text.strip() == '{"count":2,"price":12.5}'

    def test_an_edit_that_cannot_be(self, counter: Counter) -> None:
        """A refused edit says why, with 422; a malformed one is a 400."""
        answer = requests.post(f"{counter.stand.url}/_sandbox/edit", json={"do": "fly"}, timeout=10)
        assert (answer.status_code, answer.json()) == (422, {"error": "no verb fly"})
        answer = requests.post(f"{counter.stand.url}/_sandbox/edit", data="{", timeout=10)
        assert answer.status_code == 400

    def test_counts_calls_by_template(self, counter: Counter) -> None:
        """Calls of the API are counted by path template and logged; those of the control interface are not."""
        requests.get(f"{counter.stand.url}/count?a=b", timeout=10)
        requests.post(f"{counter.stand.url}/count/a%2Fb", timeout=10)
        requests.post(f"{counter.stand.url}/count/two", timeout=10)
        control(counter, "state")
        told = control(counter, "calls")
        assert told["total"] == 3
        assert told["counters"] == {"GET /count": 1, "POST /count/<name>": 1, "POST (no such path)": 1}
        assert [(line["method"], line["path"], line["status"]) for line in told["log"]] == [
            ("GET", "/count?a=b", 200),
            ("POST", "/count/a%2Fb", 404),
            ("POST", "/count/two", 201),
        ]
        assert control(counter, "calls", "DELETE")["total"] == 0

    def test_log_is_bounded(self) -> None:
        """The log keeps the newest lines only, the counters count on."""
        calls = Calls()
        for number in range(20_010):
            calls.note(datetime.now(UTC), "GET", "/a", f"/a?{number}", 200, None)
        told = calls.as_json()
        assert (told["total"], len(told["log"]), told["log"][0]["path"]) == (20_010, 20_000, "/a?10")


class TestFaults:
    def test_status_without_the_effect(self, counter: Counter) -> None:
        """A status fault answers instead of the system, once, with the asked headers and body."""
        set_fault(counter, fault="status", status=429, headers={"Retry-After": "7"}, body={"slow": "down"})
        answer = requests.post(f"{counter.stand.url}/count/a", timeout=10)
        assert (answer.status_code, answer.headers["Retry-After"], answer.json()) == (429, "7", {"slow": "down"})
        assert requests.post(f"{counter.stand.url}/count/a", timeout=10).json()["count"] == 1

    def test_status_uses_the_systems_own_error_body(self, counter: Counter) -> None:
        """Without a body, a status fault speaks in the system's own error shape."""
        counter.stand.error_body = lambda code: {"problem": code}
        set_fault(counter, fault="status")
        answer = requests.get(f"{counter.stand.url}/count", timeout=10)
        assert (answer.status_code, answer.json()) == (503, {"problem": 503})

    def test_cut_before_has_no_effect(self, counter: Counter) -> None:
        """The connection ends, and nothing has happened."""
        set_fault(counter, fault="cut_before", method="POST")
        with pytest.raises(requests.ConnectionError):
            requests.post(f"{counter.stand.url}/count/a", timeout=10)
        assert counter.count == 0

    def test_cut_after_has_had_its_effect(self, counter: Counter) -> None:
        """The connection ends without an answer, but it has happened."""
        set_fault(counter, fault="cut_after", method="POST")
        with pytest.raises(requests.ConnectionError):
            requests.post(f"{counter.stand.url}/count/a", timeout=10)
        assert counter.count == 1
        assert control(counter, "calls")["log"][0] | {"at": 0} == {
            "at": 0,
            "method": "POST",
            "path": "/count/a",
            "status": None,
            "fault": "cut_after",
        }

    def test_cut_half_ends_in_the_middle_of_the_body(self, counter: Counter) -> None:
        """The head says more than arrives."""
        set_fault(counter, fault="cut_half")
        with requests.get(f"{counter.stand.url}/count", timeout=10, stream=True) as answer:
            assert answer.status_code == 200
            with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
                assert answer.content

    def test_a_kept_alive_connection_is_cut_too(self, counter: Counter) -> None:
        """A cut on a connection that has served before is still a cut, and the next call works."""
        with requests.Session() as session:
            assert session.get(f"{counter.stand.url}/count", timeout=10).status_code == 200
            set_fault(counter, fault="cut_before")
            with pytest.raises(requests.ConnectionError):
                session.get(f"{counter.stand.url}/count", timeout=10)
            assert session.get(f"{counter.stand.url}/count", timeout=10).status_code == 200

    def test_html_page(self, counter: Counter) -> None:
        """A proxy's page arrives instead of JSON."""
        set_fault(counter, fault="html", status=502)
        answer = requests.get(f"{counter.stand.url}/count", timeout=10)
        assert answer.status_code == 502
        assert answer.headers["Content-Type"].startswith("text/html")
        assert "<h1>502 Bad Gateway</h1>" in answer.text

    def test_bad_json(self, counter: Counter) -> None:
        """A complete answer whose text stops in the middle."""
        set_fault(counter, fault="bad_json", status=200)
        answer = requests.get(f"{counter.stand.url}/count", timeout=10)
        assert answer.status_code == 200
        with pytest.raises(json.JSONDecodeError):
            json.loads(answer.text)

    def test_redirect(self, counter: Counter) -> None:
        """A redirect to another host."""
        set_fault(counter, fault="redirect")
        answer = requests.get(f"{counter.stand.url}/count", timeout=10, allow_redirects=False)
        assert (answer.status_code, answer.headers["Location"]) == (302, "http://elsewhere.invalid/count")

    def test_expire_tokens(self, counter: Counter) -> None:
        """The tokens expire just before the call."""
        set_fault(counter, fault="expire_tokens", path="/count")
        assert requests.get(f"{counter.stand.url}/count", timeout=10).status_code == 401

    def test_expire_tokens_needs_tokens(self, counter: Counter) -> None:
        """A system without tokens cannot let them expire."""
        counter.stand.expire_tokens = None
        answer = requests.post(f"{counter.stand.url}/_sandbox/faults", json={"fault": "expire_tokens"}, timeout=10)
        assert answer.status_code == 400

    def test_delay_does_not_hold_the_others(self, counter: Counter) -> None:
        """A delayed call happens, and calls made meanwhile are answered."""
        set_fault(counter, fault="delay", seconds=0.2, method="POST")
        slow = threading.Thread(target=requests.post, args=(f"{counter.stand.url}/count/a",), kwargs={"timeout": 10})
        slow.start()
        assert requests.get(f"{counter.stand.url}/count", timeout=10).status_code == 200
        slow.join()
        assert counter.count == 1

    @pytest.mark.parametrize("kind", ["repeat_page", "truncate_page"])
    def test_page_faults_are_shown_to_the_system(self, counter: Counter, kind: str) -> None:
        """The handler is told, and only for the call that is struck."""
        set_fault(counter, fault=kind)
        assert requests.get(f"{counter.stand.url}/page", timeout=10).json() == {"fault": kind}
        assert requests.get(f"{counter.stand.url}/page", timeout=10).json() == {"fault": None}

    def test_skip_every_and_times(self) -> None:
        """A fault passes over the first calls, strikes each n-th, and is used up."""
        faults = Faults()
        faults.add({"fault": "status", "skip": 2, "every": 3, "times": 2})
        struck = [faults.take("GET", "/a") is not None for _ in range(12)]
        assert [number for number, hit in enumerate(struck) if hit] == [2, 5]

    def test_for_ever(self) -> None:
        """times null strikes every time."""
        faults = Faults()
        faults.add({"fault": "status", "times": None})
        assert all(faults.take("GET", "/a") for _ in range(100))

    def test_path_and_method_choose(self) -> None:
        """Only calls that match the method and the expression are struck, query included."""
        faults = Faults()
        faults.add({"fault": "status", "method": "get", "path": r"/items\?.*after=5$", "times": None})
        assert faults.take("GET", "/items?after=5")
        assert not faults.take("POST", "/items?after=5")
        assert not faults.take("GET", "/items?after=55")

    def test_listed_and_cleared(self, counter: Counter) -> None:
        """Faults are listed with their counters, and can be taken away."""
        answer = requests.post(
            f"{counter.stand.url}/_sandbox/faults",
            json=[{"fault": "status", "times": 2}, {"fault": "delay", "seconds": 1.5, "path": "x"}],
            timeout=10,
        )
        assert len(answer.json()) == 2
        requests.get(f"{counter.stand.url}/count", timeout=10)
        first = control(counter, "faults")[0]
        assert (first["fault"], first["matched"], first["struck"], first["times"]) == ("status", 1, 1, 2)
        assert control(counter, "faults", "DELETE") == {"cleared": 2}
        assert control(counter, "faults") == []

    @pytest.mark.parametrize(
        "fault",
        [
            {"fault": "explode"},
            {"fault": "status", "when": "now"},
            {"fault": "status", "path": "("},
            {"fault": "status", "every": 0},
            {"fault": "status", "status": "503"},
            {"fault": "status", "times": True},
            {},
        ],
    )
    def test_refuses_what_it_does_not_know(self, fault: dict[str, Any]) -> None:
        """A fault with an error in it is refused, not ignored."""
        with pytest.raises(ValueError):
            Faults().add(fault)

    @pytest.mark.parametrize("kind", KINDS)
    def test_the_control_interface_is_never_struck(self, counter: Counter, kind: str) -> None:
        """Whatever is broken, the control interface answers."""
        set_fault(counter, fault=kind, times=None)
        assert control(counter, "state")["count"] == 0

    def test_faults_from_the_options(self) -> None:
        """Faults given at the start are set."""
        system = Counter(Options(faults=({"fault": "status", "status": 500},)))
        system.stand.start()
        assert requests.get(f"{system.stand.url}/count", timeout=10).status_code == 500
        system.stand.close()


class TestServer:
    def test_announces_itself(self, counter: Counter) -> None:
        """The line for clients has adapter, url, control and credentials."""
        url = counter.stand.url
        assert counter.stand.announce() == {
            "adapter": "counter",
            "url": url,
            "control": f"{url}/_sandbox/",
            "token": "one",
        }

    def test_taken_port(self, counter: Counter) -> None:
        """A port in use is a clear error."""
        port = int(counter.stand.url.rsplit(":", 1)[1])
        with pytest.raises(PortError, match=str(port)):
            Counter(Options(port=port)).stand.start()

    def test_closes(self) -> None:
        """After closing, nobody listens, and the port can be used again."""
        system = Counter()
        url = system.stand.start()
        with requests.Session() as session:
            session.get(f"{url}/count", timeout=10)
            system.stand.close()
        port = int(url.rsplit(":", 1)[1])
        with pytest.raises(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
            pass
        again = Counter(Options(port=port))
        assert again.stand.start() == url
        again.stand.close()

    def test_serves_until_stopped(self) -> None:
        """serve() blocks until stop()."""
        system = Counter()
        url = system.stand.start()
        thread = threading.Thread(target=system.stand.serve)
        thread.start()
        assert requests.get(f"{url}/count", timeout=10).status_code == 200
        system.stand.stop()
        thread.join(timeout=10)
        assert not thread.is_alive()

    def test_handlers_run_one_at_a_time(self, counter: Counter) -> None:
        """Every handler holds the lock, so that nothing is lost between threads."""

        def post_many() -> None:
            with requests.Session() as session:
                for _ in range(25):
                    session.post(f"{counter.stand.url}/count/a", timeout=10)

        threads = [threading.Thread(target=post_many) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert counter.count == 150

    def test_an_unlocked_handler_runs_beside_the_lock(self, counter: Counter) -> None:
        """A handler that is marked does not wait for the lock."""

        @unlocked
        def free() -> Any:
            return jsonify({"free": True})

        counter.stand.app.add_url_rule("/free", view_func=free)
        with counter.stand.lock:
            assert requests.get(f"{counter.stand.url}/free", timeout=10).json() == {"free": True}

    def test_exact_numbers_both_ways(self, counter: Counter) -> None:
        """A body that is echoed keeps its numbers to the digit."""
        text = '{"a":0.1,"b":12345678901234567890.12345,"c":3}'
        answer = requests.post(
            f"{counter.stand.url}/echo", data=text, headers={"Content-Type": "application/json"}, timeout=10
        )
        assert answer.text == text


class TestCommand:
    """``python -m sandbox ADAPTER``."""

    def test_one_line_then_serves_until_terminated(self, tmp_path: Path) -> None:
        """It prints one line of JSON when ready, serves with the faults and switches given, and ends with 0."""
        faults = tmp_path / "faults.json"
        faults.write_text('{"fault": "status", "status": 418, "path": "retailer"}', encoding="utf-8")
        words = ["lightspeed_x", "--port", "0", "--products", "12", "--customers", "6", "--no-limits"]
        process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", *words, "--set", "page_cap=5000", "--faults", str(faults)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parent.parent.parent,
        )
        assert process.stdout is not None
        line = json.loads(process.stdout.readline())
        assert {"adapter", "url", "control", "api", "token", "refresh_token"} <= set(line)
        path = f"{line['url']}{line['api']}/retailer"
        assert requests.get(path, timeout=10).status_code == 418
        answer = requests.get(path, timeout=10, headers={"Authorization": f"Bearer {line['token']}"})
        assert (answer.status_code, answer.headers["X-RateLimit-Limit"]) == (200, str(10**9))
        assert requests.get(f"{line['control']}state", timeout=10).json()["switches"]["page_cap"] == 5000
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
        assert process.stdout.read() == ""

    def test_a_taken_port_is_told(self) -> None:
        """A port in use ends it with 2 and says which."""
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            told = CliRunner().invoke(main, ["lightspeed_x", "--port", str(port), "--profile", "empty"])
        assert told.exit_code == 2
        assert str(port) in told.output

    @pytest.mark.parametrize(
        "words",
        [
            ["unknown"],
            ["lightspeed_x", "--set", "page_cap"],
            ["lightspeed_x", "--set", "page_cap=1"],
            ["lightspeed_x", "--set", "nothing=1"],
            ["lightspeed_x", "--faults", "/does/not/exist"],
            ["lightspeed_x", "--profile", "other"],
            ["lightspeed_x", "--products", "-1"],
        ],
    )
    def test_wrong_usage(self, words: list[str]) -> None:
        """What is wrong is told with exit status 2."""
        told = CliRunner().invoke(main, words)
        assert told.exit_code == 2
        assert told.output

    @pytest.mark.parametrize("text", ["{", "5", '[{"fault": "none"}]', '["status"]'])
    def test_wrong_faults(self, tmp_path: Path, text: str) -> None:
        """A file that holds no faults is told."""
        faults = tmp_path / "faults.json"
        faults.write_text(text, encoding="utf-8")
        assert CliRunner().invoke(main, ["lightspeed_x", "--faults", str(faults)]).exit_code == 2
