"""``connector check``: tries everything, changes nothing."""

from __future__ import annotations

import stat
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import click

from connector import installed
from connector.cli.call import Call, shared
from connector.cli.exit import Exit, status_of
from connector.config import Config
from connector.contract import Finding
from connector.errors import ConfigError, ConnectorError, LedgerError
from connector.ledger.backup import sqlite_finding
from connector.ledger.credentials import is_restored, open_vault
from connector.ledger.engine import Database, open_ledger, revision
from connector.ledger.lock import EngineLock
from connector.soundness import setup_findings
from connector.wiring import load_mappings, opening_of, topology_of, utc_now


@dataclass(frozen=True)
class Line:
    """A finding, what it is about, and the exit status that it means if it is not well."""

    about: str
    finding: Finding
    status: Exit = Exit.LEFT_OVER

    @property
    def is_bad(self) -> bool:
        return not self.finding.ok and not self.finding.warning


@click.command()
@shared
def check(call: Call) -> int:
    """Try everything and change nothing: configuration, mappings, credentials, permissions, clocks, budgets."""
    lines = []
    for line in findings(call):
        lines.append(line)
        if not call.as_json:
            call.out.finding(line.finding)
    bad = [line for line in lines if line.is_bad]
    document = {"ok": not bad, "findings": [{"about": line.about, **_document(line.finding)} for line in lines]}
    call.out.show(document, lambda: call.out.line(_summary(lines, bad)))
    return max((line.status for line in bad), default=Exit.DONE)


def findings(call: Call) -> Iterator[Line]:
    """Line by line, as each is found out."""
    try:
        config, channels = call.config, sorted(call.scope.channels or call.config.channels)
    except ConfigError as error:
        yield from _problems("config", error)
        return
    yield Line("config", Finding("config", ok=True, detail=f"{call.config_path}, {len(config.channels)} channels"))
    yield from _private(config.path.parent / ".env")
    yield Line(
        "clock", Finding("clock", ok=True, detail=f"{utc_now().astimezone(config.timezone):%Y-%m-%d %H:%M:%S %Z}")
    )
    if config.ledger_url.startswith("sqlite"):
        yield Line("SQLite", sqlite_finding())
    try:
        with ledger_to_try(config) as (database, lines):
            yield from lines
            for channel in channels:
                yield from _channel(call, channel, database)
            yield from _setup(config)
    except LedgerError as error:
        yield Line("ledger", Finding("ledger", ok=False, detail=str(error)))


@contextmanager
def ledger_to_try(config: Config) -> Iterator[tuple[Database, list[Line]]]:
    """The ledger with what there is to say of it; an empty one elsewhere where there is none yet."""
    path = Path(config.ledger_url.removeprefix("sqlite:///"))
    if config.ledger_url.startswith("sqlite") and not path.exists():
        with tempfile.TemporaryDirectory() as folder, closing(open_ledger(f"sqlite:///{folder}/ledger.db")) as database:
            yield database, [Line("ledger", Finding("ledger", ok=True, detail="none yet; the first `sync` makes it"))]
        return
    with closing(open_ledger(config.ledger_url, create=False)) as database:
        yield database, list(_ledger(database))


def _ledger(database: Database) -> Iterator[Line]:
    yield Line("ledger", Finding("ledger", ok=True, detail=f"{database}, version {revision(database)}"))
    holder = EngineLock(database, now=utc_now).holder()
    yield Line("daemon", Finding("daemon", ok=True, detail=str(holder) if holder else "none is running"))
    if is_restored(database, open_vault(database)):
        remedy = "start `connector run`: it reads every channel completely before it writes"
        yield Line("ledger", Finding("restored ledger", ok=False, warning=True, remedy=remedy))


def _channel(call: Call, channel: str, database: Database) -> Iterator[Line]:
    """Its mapping, then whatever its adapter can try. A channel that fails hides no other."""
    try:
        mapping = call.mapping(channel)
    except ConfigError as error:
        yield from _problems(channel, error)
        return
    yield Line(channel, Finding(f"{channel} mapping", ok=True, detail=", ".join(mapping.entities)))
    adapter = installed.adapters()[call.config.channels[channel].adapter]
    opening = opening_of(call.config, channel, mapping, adapter, database, utc_now, Event())
    try:
        with closing(adapter.open(opening)) as opened:
            for finding in opened.check():
                yield Line(channel, _named(channel, finding))
    except ConnectorError as error:
        yield Line(channel, Finding(channel, ok=False, detail=str(error)), status_of(error))


def _setup(config: Config) -> Iterator[Line]:
    """What the channels cannot do together, whatever each can do alone."""
    try:
        topology = topology_of(config, load_mappings(config), installed.adapters())
    except ConfigError:
        return  # told above, channel by channel
    for finding in setup_findings(topology):
        yield Line("setup", finding)


def _problems(about: str, error: ConfigError) -> Iterator[Line]:
    for problem in error.problems:
        yield Line(about, Finding(problem.place, ok=False, detail=problem.what, remedy=problem.remedy), Exit.USAGE)


def _private(path: Path) -> Iterator[Line]:
    """The file with the secrets is nobody else's to read."""
    if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
        detail = "others on this machine may read the secrets in it"
        yield Line("config", Finding(str(path), ok=False, detail=detail, remedy=f"chmod 600 {path}", warning=True))


def _named(channel: str, finding: Finding) -> Finding:
    return Finding(f"{channel} {finding.what}", finding.ok, finding.detail, finding.remedy, finding.warning)


def _document(finding: Finding) -> dict[str, object]:
    return {
        "what": finding.what,
        "ok": finding.ok,
        "warning": finding.warning,
        "detail": finding.detail,
        "remedy": finding.remedy,
    }


def _summary(lines: list[Line], bad: list[Line]) -> str:
    warnings = sum(line.finding.warning and not line.finding.ok for line in lines)
    well = f"{len(lines)} lines, {len(bad)} of them wrong, {warnings} to look at. Nothing was changed."
    return well if bad or warnings else "Everything is well. Nothing was changed."
