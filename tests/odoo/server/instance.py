"""A running copy of the template: brought up, looked at, taken down; and brought up again after it was killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from tests.odoo.server import cache, postgres, template
from tests.odoo.server.errors import Broken, last_words

START = 180.0  # seconds in which a server has to answer on a busy machine
STOP = 20.0  # seconds in which it has to end when asked


@dataclass(frozen=True)
class Instance:
    """One copy: how to get in, and where it stands."""

    url: str
    database: str
    login: str
    password: str
    api_key: str
    package: str  # the version of Debian's package
    port: int
    pid: int  # of Odoo; 0: not started
    place: str  # the folder of the PostgreSQL cluster
    log: str


def home(name: str) -> Path:
    """The folder of the instance of this name."""
    return cache.folder() / "instances" / name


def prepare() -> tuple[template.Program, Path]:
    """What every instance is made from, the program and the template; made if need be."""
    odoo = template.program()
    return odoo, template.ready(odoo)


def clock(name: str) -> Path:
    """The file with the seconds that the clock of an instance is ahead, where it has one that moves."""
    return home(name) / "clock"


def database_socket(name: str) -> Path:
    """The folder of the socket of an instance's database, which runs whether Odoo does or not."""
    return postgres.start(Path(_read(name).place))


def up(name: str, *, fresh: bool = False, moving_clock: bool = False) -> Instance:
    """Have the instance run, as it was left or anew from the template; NotHad where there is no Odoo to be had."""
    odoo, shop = prepare()
    with cache.locked(home(name)):
        if fresh or not _complete(name):
            _remove(name)
            _copy(shop, name)
        if moving_clock and not clock(name).exists():
            clock(name).write_text("0", encoding="utf-8")
        instance = _read(name)
        return instance if _answers(instance) else _start(odoo, name, instance)


def down(name: str, *, remove: bool = False) -> bool:
    """Have the instance stopped, and its data removed if asked; whether there was one."""
    with cache.locked(home(name)):
        was_there = _complete(name)
        if was_there and not remove:
            _stop(name)
        else:
            _remove(name)
            cache.forget_lock(home(name))
        return was_there


def status(name: str) -> tuple[Instance, str] | None:
    """The instance and the version that it answers with; None when it does not run."""
    if not _complete(name):
        return None
    instance = _read(name)
    return (instance, _version(instance)) if _answers(instance) else None


def names() -> list[str]:
    """All instances that there are, running or not."""
    return sorted(path.name for path in home("").iterdir() if path.is_dir()) if home("").is_dir() else []


def alive(name: str, pid: int) -> bool:
    """Whether the process is there, and is the Odoo of this instance: numbers are used again."""
    try:
        return str(home(name) / "odoo.conf").encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def _read(name: str) -> Instance:
    return Instance(**json.loads((home(name) / "instance.json").read_text(encoding="utf-8")))


def _write(name: str, instance: Instance) -> None:
    """Keep what is known, whole, for the owner's eyes only."""
    unfinished = home(name) / ".instance.json"
    unfinished.touch(mode=0o600)
    unfinished.write_text(json.dumps(asdict(instance)), encoding="utf-8")
    unfinished.replace(home(name) / "instance.json")


def _complete(name: str) -> bool:
    """Whether there is a copy: its cluster may be gone with the machine's temporary files."""
    return (home(name) / "instance.json").exists() and (Path(_read(name).place) / "data" / "PG_VERSION").exists()


def _copy(shop: Path, name: str) -> None:
    """Copy the template; what is known of the instance is written last, when the rest is there."""
    shutil.copytree(shop / "files", home(name) / "files")
    place = postgres.new_place()
    postgres.copy(shop / "data", place)
    way_in = template.access(shop)
    log = str(home(name) / "odoo.log")
    _write(name, Instance(url="", **asdict(way_in), port=0, pid=0, place=str(place), log=log))


def _start(odoo: template.Program, name: str, instance: Instance) -> Instance:
    """Start the database and Odoo, on the port that it had if that is free, and wait for the first answer."""
    _end(name, instance.pid)
    port = _free_port(instance.port)
    socket_folder = postgres.start(Path(instance.place))
    moving = clock(name) if clock(name).exists() else None
    configuration = template.configure(
        home(name), home(name) / "files", socket=socket_folder, port=port, modules=["moving_clock"] if moving else []
    )
    with Path(instance.log).open("a") as log:
        process = subprocess.Popen(
            odoo.command("server", "-c", str(configuration), "-d", instance.database),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=odoo.environment() | ({"MOVING_CLOCK": str(moving)} if moving else {}),
            start_new_session=True,
        )
    started = replace(instance, url=f"http://127.0.0.1:{port}", port=port, pid=process.pid)
    _write(name, started)
    _wait(started, process)
    return started


def _wait(instance: Instance, process: subprocess.Popen[bytes]) -> None:
    if not _becomes_true(lambda: process.poll() is not None or _answers(instance), START):
        raise Broken(f"Odoo does not answer after {START:.0f} s; see {instance.log}")
    if process.poll() is not None:
        raise Broken(f"Odoo ended by itself: {last_words(Path(instance.log).read_text(encoding='utf-8'))}")


def _becomes_true(condition: Callable[[], bool], patience: float) -> bool:
    """Whether a condition of another process, which nothing announces, holds within so many seconds."""
    looking = Retrying(
        retry=retry_if_result(lambda holds: not holds),
        wait=wait_fixed(0.05),
        stop=stop_after_delay(patience),
        retry_error_callback=lambda _last: False,
    )
    return bool(looking(condition))


def _stop(name: str) -> None:
    instance = _read(name)
    _end(name, instance.pid)
    postgres.stop(Path(instance.place))


def _end(name: str, pid: int) -> None:
    """Ask Odoo to end, and make it end when it does not."""
    for signalled, patience in ((signal.SIGTERM, STOP), (signal.SIGKILL, STOP)):
        if alive(name, pid):
            os.kill(pid, signalled)
        _becomes_true(lambda: not alive(name, pid), patience)


def _remove(name: str) -> None:
    """Take away all there is of an instance, however little."""
    if (home(name) / "instance.json").exists():
        instance = _read(name)
        _end(name, instance.pid)
        postgres.remove(Path(instance.place))
    shutil.rmtree(home(name), ignore_errors=True)


def _free_port(wanted: int) -> int:
    """The wanted port of loopback if it is free, else one that is."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(instance: Instance) -> bool:
    """Whether the server lets its key in: then its modules are loaded."""
    headers = {"Authorization": f"bearer {instance.api_key}", "Content-Type": "application/json"}
    try:
        _ask(f"{instance.url}/json/2/res.users/context_get", headers, b"{}")
    except (OSError, ValueError):  # ValueError: no url yet
        return False
    return True


def _version(instance: Instance) -> str:
    return str(json.loads(_ask(f"{instance.url}/web/version"))["version"])


def _ask(url: str, headers: dict[str, str] | None = None, body: bytes | None = None) -> bytes:
    request = urllib.request.Request(url, body, headers or {})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
        return bytes(answer.read())
