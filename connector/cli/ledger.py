"""``connector ledger``: copies of the ledger, and whether it is sound."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from connector.cli.call import Call, shared
from connector.cli.exit import Exit
from connector.ledger import backup as copies
from connector.ledger.credentials import open_vault
from connector.ledger.engine import Database, connect, open_ledger


@click.group()
def ledger() -> None:
    """Back up, restore, verify, migrate and compact the ledger."""


@ledger.command()
@shared
@click.argument("target", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--with-credentials", is_flag=True, help="Keep the channels' tokens beside it too (0600).")
def backup(call: Call, target: Path, with_credentials: bool) -> None:
    """Copy the ledger to TARGET while it is in use; the copy is checked and complete."""
    with _open(call) as database:
        copies.back_up(database, target, open_vault(database), with_credentials=with_credentials)
    size = target.stat().st_size
    call.out.show({"backup": str(target), "bytes": size}, lambda: call.out.line(f"{target}: {_size(size)}, complete."))


@ledger.command()
@shared
@click.argument("source", metavar="BACKUP", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def restore(call: Call, source: Path) -> None:
    """Put BACKUP in the place of the ledger; the present one is kept beside it.

    Nothing is written to any channel afterwards until every channel has been read completely.
    """
    kept = copies.restore(call.config.ledger_url, source, now=_now)
    document = {"restored": str(source), "former": str(kept) if kept else None}
    former = f" The former ledger is {kept}." if kept else ""
    call.out.show(
        document, lambda: call.out.line(f"Restored.{former} `connector run` reads every channel before it writes.")
    )


@ledger.command()
@shared
def verify(call: Call) -> int:
    """Read the whole ledger and say whether it is sound; changes nothing."""
    with closing(connect(call.config.ledger_url, create=False)) as database:
        findings = list(copies.verify(database))
    call.out.show(findings, lambda: call.out.findings(findings))
    return Exit.DONE if all(finding.ok for finding in findings) else Exit.LEFT_OVER


@ledger.command()
@shared
def migrate(call: Call) -> None:
    """Bring an older ledger up to date, after a backup; refused while the daemon works on it."""
    kept = copies.migrate(call.config.ledger_url, now=_now)
    told = f"Up to date now; {kept} is the ledger as it was." if kept else "Up to date."
    call.out.show({"backup": str(kept) if kept else None}, lambda: call.out.line(told))


@ledger.command()
@shared
def compact(call: Call) -> None:
    """Give the ledger's unused room back to the disk; nothing that it holds is taken away.

    What is worth nothing any more goes by itself: what the brakes counted before their window, and
    requests that were answered a day ago. The history is kept whole.
    """
    with _open(call) as database:
        won = copies.compact(database)
    call.out.show({"bytes": won}, lambda: call.out.line(f"{_size(won)} given back."))


@contextmanager
def _open(call: Call) -> Iterator[Database]:
    with closing(open_ledger(call.config.ledger_url, create=False, check=False)) as database:
        yield database


def _now() -> datetime:
    return datetime.now(UTC)


def _size(count: int) -> str:
    return f"{count / 1_000_000:.1f} MB"
