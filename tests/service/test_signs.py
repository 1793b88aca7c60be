"""What the service manager, the log and the timetable are told."""

from __future__ import annotations

import queue
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from connector.contract import Credentials
from connector.ledger.credentials import ChannelTokens, FileVault
from connector.model.entity import Entity
from connector.redaction import PASSING, KeptOutOfLogs, Redactor, share
from connector.service import notify
from connector.service.timetable import Due, Timetable

WITHIN_S = 30.0
Rung = queue.Queue[tuple[str, Entity, bool]]


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A service manager that listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(WITHIN_S)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield listening


def test_the_manager_is_told_in_its_own_words(manager: socket.socket) -> None:
    """One datagram per sign, as sd_notify(3) has it."""
    assert [True] * 3 == [notify.ready("3 channels"), notify.alive("fine"), notify.stopping("in flight")]
    told = [manager.recv(4096).decode() for _ in range(3)]
    assert ["READY=1\nSTATUS=3 channels", "WATCHDOG=1\nSTATUS=fine", "STOPPING=1\nSTATUS=in flight"] == told
    notify.reloading()
    assert manager.recv(4096).decode().startswith("RELOADING=1\nMONOTONIC_USEC=")


@pytest.mark.parametrize("address", ["", "nowhere", "/no/such/socket"])
def test_without_a_manager_nothing_is_told(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """A terminal, or a manager that went away, is no reason to stop."""
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    assert not notify.ready("fine")


def test_every_lane_is_due_at_the_start_and_again_in_its_time() -> None:
    """All looks ring at once, and go on ringing; a sweep waits for its hour."""
    rung: Rung = queue.Queue()
    lanes = [Due("shop", Entity.STOCK, 1, time(3)), Due("erp", Entity.PRICE, 3600, None)]
    table = Timetable(lanes, ZoneInfo("Europe/Amsterdam"), lambda *lane: rung.put(lane))
    table.start()
    heard = [rung.get(timeout=WITHIN_S) for _ in range(4)]
    table.stop()
    assert {("shop", Entity.STOCK, False), ("erp", Entity.PRICE, False)} == set(heard[:2])
    assert [("shop", Entity.STOCK, False)] * 2 == heard[2:]


def test_a_pace_that_hardly_differs_is_left() -> None:
    """Only what differs by more than a tenth is another pace."""
    table = Timetable([Due("shop", Entity.STOCK, 100, None)], ZoneInfo("UTC"), lambda *_lane: None)
    table.start()
    assert not table.pace("shop", {Entity.STOCK: 105.0})
    assert table.pace("shop", {Entity.STOCK: 250.0})
    assert 250.0 == table.interval_s("shop", Entity.STOCK)
    table.restart()
    assert 250.0 == table.interval_s("shop", Entity.STOCK)
    table.stop()


@pytest.fixture
def redactor() -> Iterator[Redactor]:
    made = Redactor()
    share(made)
    yield made
    share(Redactor())


def test_tokens_stay_out_of_the_logs_from_the_moment_they_are_known(tmp_path: Path, redactor: Redactor) -> None:
    """Saved or loaded, a credential is cut from every later line (known failure 27)."""
    now = datetime(2026, 11, 20, tzinfo=UTC)
    store = KeptOutOfLogs(ChannelTokens(FileVault(tmp_path / "credentials"), "erp"))
    store.save(Credentials({"refresh": "first-refresh-token"}, now))
    assert "first-refresh-token" not in redactor.text("answer: first-refresh-token")
    of_another_process = Redactor()
    share(of_another_process)
    KeptOutOfLogs(ChannelTokens(FileVault(tmp_path / "credentials"), "erp")).load()
    assert "first-refresh-token" not in of_another_process.text("answer: first-refresh-token")


def test_used_up_tokens_are_forgotten_in_time(redactor: Redactor) -> None:
    """A pair every ten minutes for a year does not slow every line down."""
    redactor.learn_passing(f"token-number-{number}" for number in range(PASSING + 1))
    assert "token-number-0 " in redactor.text("used token-number-0 here")
    assert f"token-number-{PASSING}" not in redactor.text(f"used token-number-{PASSING} here")
