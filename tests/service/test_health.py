"""A heartbeat is judged by the monotonic clock, and says what is wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from connector.service.health import (
    Heartbeat,
    LaneSign,
    check,
    drop_heartbeat,
    heartbeat_path,
    main,
    problems,
    read_heartbeat,
    write_heartbeat,
)

NOW = 100_000.0
FRESH = LaneSign("shop/stock", looked_at=NOW - 20, stirred_at=NOW - 20, interval_s=30)
WELL = Heartbeat("this boot", 7, NOW - 5, (FRESH,), (("shop", NOW - 2),))


@pytest.mark.parametrize(
    ("story", "beat", "expected"),
    [
        ("it works", WELL, []),
        ("it died", replace(WELL, beat_at=NOW - 31), ["the daemon is dead or hangs: it shows no sign of life"]),
        (
            "the machine was started anew since",
            replace(WELL, boot="another boot"),
            ["the daemon is dead or hangs: it shows no sign of life"],
        ),
        ("the ledger fails", replace(WELL, trouble="the disk is full"), ["the disk is full"]),
        (
            "a call never returns",
            replace(WELL, workers=(("shop", NOW - 901),)),
            ["shop: its worker hangs since 901 s"],
        ),
        (
            "a lane was not read for three times its interval (known failure 15)",
            replace(WELL, lanes=(replace(FRESH, looked_at=NOW - 91, stirred_at=NOW - 91),)),
            ["shop/stock: overdue, nothing was read there for 91 s"],
        ),
        (
            "it never was read since the start (known failure 15)",
            replace(WELL, lanes=(replace(FRESH, looked_at=None, stirred_at=NOW - 91),)),
            ["shop/stock: overdue, nothing was read there for 91 s"],
        ),
        ("its long first reading moves", replace(WELL, lanes=(replace(FRESH, looked_at=None),)), []),
        (
            "its budget allows a look every hour",
            replace(WELL, lanes=(LaneSign("erp/price", NOW - 9000, NOW - 9000, interval_s=3600),)),
            [],
        ),
        (
            "a person has to mend it",
            replace(WELL, lanes=(replace(FRESH, stopped="a repeated page"),)),
            ["shop/stock: stopped: a repeated page"],
        ),
    ],
)
def test_what_is_wrong_is_said(story: str, beat: Heartbeat, expected: list[str]) -> None:
    """Nothing while every lane is fresh; else one line per reason."""
    assert expected == list(problems(beat, "this boot", NOW)), story


def test_a_heartbeat_is_read_as_it_was_written(tmp_path: Path) -> None:
    """What the daemon leaves is what the check finds, and a clean end leaves nothing."""
    path = tmp_path / "ledger.db.heartbeat"
    write_heartbeat(path, WELL)
    assert WELL == read_heartbeat(path)
    assert [path] == list(tmp_path.iterdir())
    drop_heartbeat(path)
    assert None is read_heartbeat(path)


def test_half_a_heartbeat_is_none(tmp_path: Path) -> None:
    """A damaged file is no sign of life."""
    path = tmp_path / "heartbeat"
    path.write_text('{"boot": "this boot", "pid"')
    assert None is read_heartbeat(path)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('[connector]\nledger = "sqlite:///var/ledger.db"', "var/ledger.db.heartbeat"),
        ("", "var/ledger.db.heartbeat"),
        ('[connector]\nledger = "sqlite:////srv/ledger.db"', "/srv/ledger.db.heartbeat"),
    ],
)
def test_it_lies_beside_the_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, expected: str
) -> None:
    """Daemon and check find it by the configuration alone."""
    monkeypatch.delenv("CONNECTOR_HEARTBEAT", raising=False)
    config = tmp_path / "config.toml"
    config.write_text(written)
    assert tmp_path / expected == heartbeat_path(config)


def test_a_ledger_on_a_server_has_it_among_the_temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One place per configuration, and none of the address in it."""
    monkeypatch.delenv("CONNECTOR_HEARTBEAT", raising=False)
    config = tmp_path / "config.toml"
    config.write_text('[connector]\nledger = "env:LEDGER_URL"')
    path = heartbeat_path(config)
    assert (path, ".heartbeat") == (heartbeat_path(config), path.suffix)
    assert tmp_path not in path.parents


def test_the_environment_may_name_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An image knows where it may write."""
    monkeypatch.setenv("CONNECTOR_HEARTBEAT", str(tmp_path / "beat"))
    assert tmp_path / "beat" == heartbeat_path(tmp_path / "absent.toml")


def test_no_daemon_is_not_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a heartbeat, or a configuration to find it by, the check is red and names the place."""
    monkeypatch.delenv("CONNECTOR_HEARTBEAT", raising=False)
    config = tmp_path / "config.toml"
    assert str(config) in check(config)[0]
    config.write_text("")
    assert str(tmp_path / "var" / "ledger.db.heartbeat") in check(config)[0]
    assert 1 == main([str(config)])
