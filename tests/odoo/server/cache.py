"""Where things are kept, and how two processes and a half-finished one keep out of each other's way."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

#: Names another cache folder than the user's own.
VARIABLE = "CONNECTOR_REAL_ODOO_CACHE"


def folder() -> Path:
    """The cache folder, there: what the variable names, or a folder in the user's cache."""
    users = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    place = Path(os.environ.get(VARIABLE) or users / "connector" / "real-odoo").absolute()
    place.mkdir(parents=True, exist_ok=True)
    return place


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process at a time for what ``path`` names. The lock ends with its process, however that ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with _lock_of(path).open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if not _is_at(file.fileno(), _lock_of(path)):
                continue  # who had it forgot it meanwhile: what this process holds is nobody else's lock
            yield
            return


def forget_lock(path: Path) -> None:
    """Leave not even a lock of what ``path`` named. Only for who holds it."""
    _lock_of(path).unlink()


def _lock_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.lock")


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def kept(target: Path, make: Callable[[Path], None], saying: str) -> Path:
    """The folder ``target``, filled by ``make`` if it is not there: whole or not at all, and once.

    Making takes long, so it is said, in the words of ``saying``.
    """
    with locked(target):
        if not target.exists():
            unfinished = target.with_name(f".{target.name}.unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            click.echo(f"{saying}.", err=True)
            make(unfinished)
            unfinished.rename(target)
    return target
