"""The shop that every instance is a copy of: modules installed, furnished, and stopped. Minutes, once."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.odoo.server import cache, package, postgres, python
from tests.odoo.server.errors import Broken, last_words

DATABASE = "shop"
LOGIN = "admin"
PASSWORD = "admin"  # on loopback, and gone with the instance
MODULES = ("point_of_sale", "stock", "sale_management", "loyalty", "l10n_nl")
FURNISH = Path(__file__).with_name("furnish.py")
ADDONS = Path(__file__).with_name("addons")
REPORT = "real-odoo: "


@dataclass(frozen=True)
class Program:
    """Odoo, ready to be run: the unpacked package and the Python that can run it."""

    package: Path
    python: Path

    def command(self, *arguments: str) -> list[str]:
        return [str(self.python), str(self.package / "usr" / "bin" / "odoo"), *arguments]

    def environment(self) -> dict[str, str]:
        """The caller's, save that what Odoo imports is found, and compiled once: hundreds of modules at each start."""
        given = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        return {**given, "PYTHONPATH": str(package.sources(self.package))}


@dataclass(frozen=True)
class Access:
    """How a client gets into a copy of the template."""

    database: str
    login: str
    password: str
    api_key: str
    package: str  # the version of Debian's package


def program() -> Program:
    """Odoo, fetched if need be; NotHad where it cannot be had."""
    return Program(package.unpacked(), python.interpreter())


def ready(odoo: Program) -> Path:
    """The template that fits the program and these files, made if need be."""
    programs = [package.version(odoo.package), python.mark(), postgres.version()]
    made_of = [*programs, *MODULES, FURNISH.read_text(encoding="utf-8")]
    mark = hashlib.sha256("\0".join(made_of).encode()).hexdigest()[:12]
    target = cache.folder() / f"template-{mark}"
    return cache.kept(target, lambda into: make(odoo, into), "Initialising the shop: some minutes, once")


def access(template: Path) -> Access:
    return Access(**json.loads((template / "access.json").read_text(encoding="utf-8")))


def make(odoo: Program, into: Path) -> None:
    """A database cluster, a file store and the way in, in the folder ``into``."""
    note = into.with_name(f"{into.name}.place")
    if note.exists():  # of a making that was killed: its server may run still
        postgres.remove(Path(note.read_text(encoding="utf-8")))
    place = postgres.new_place()
    note.write_text(str(place), encoding="utf-8")
    try:
        postgres.start(place)
        postgres.prepare(place)
        postgres.stop(place)  # some settings are read at the start
        key = initialise(odoo, configure(into / "init", into / "files", socket=postgres.start(place)))
        postgres.stop(place)
        shutil.copytree(place / "data", into / "data", ignore=shutil.ignore_patterns(".handle_pids.json", "log"))
    finally:
        postgres.remove(place)
        note.unlink()
    shutil.rmtree(into / "init")
    way_in = Access(DATABASE, LOGIN, PASSWORD, key, package.version(odoo.package))
    (into / "access.json").write_text(json.dumps(asdict(way_in)), encoding="utf-8")
    (into / "access.json").chmod(0o600)


def configure(home: Path, files: Path, *, socket: Path, port: int = 0, modules: Sequence[str] = ()) -> Path:
    """Odoo's configuration file in ``home``: one database, no cron jobs, loopback only; our modules loaded with it."""
    settings = {
        "db_host": socket,
        "db_user": postgres.ROLE,
        "dbfilter": f"^{DATABASE}$",
        "list_db": False,
        "data_dir": files,
        "http_interface": "127.0.0.1",
        "http_port": port,
        "max_cron_threads": 0,
    }
    if modules:
        settings |= {"addons_path": ADDONS, "server_wide_modules": ",".join(["base", "rpc", "web", *modules])}
    home.mkdir(exist_ok=True)
    path = home / "odoo.conf"
    lines = "\n".join(f"{name} = {value}" for name, value in settings.items())
    path.write_text(f"[options]\n{lines}\n", encoding="utf-8")
    return path


def initialise(odoo: Program, configuration: Path) -> str:
    """Make the database, install the modules, furnish the shop; the key to it."""
    given = ("-c", str(configuration))
    who = ("--username", LOGIN, "--password", PASSWORD)
    _run(odoo, "db", *given, "init", DATABASE, "--country", "nl", "--language", "nl_NL", *who)
    _run(odoo, "server", *given, "-d", DATABASE, "-i", ",".join(MODULES), "--stop-after-init", "--no-http")
    said = _run(odoo, "shell", *given, "-d", DATABASE, "--no-http", script=FURNISH.read_text(encoding="utf-8"))
    reports = [line for line in said.splitlines() if line.startswith(REPORT)]
    if not reports:
        raise Broken(f"the shop could not be furnished: {last_words(said)}")
    return str(json.loads(reports[0].removeprefix(REPORT))["api_key"])


def _run(odoo: Program, *arguments: str, script: str = "") -> str:
    """What Odoo said on both channels; Broken when it failed, and then it is kept in a file."""
    command = odoo.command(*arguments)
    ran = subprocess.run(
        command, input=script, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=odoo.environment()
    )
    if ran.returncode:
        log = cache.folder() / "failed.log"
        log.write_text(ran.stdout, encoding="utf-8")
        raise Broken(f"odoo {arguments[0]} failed; what it said is in {log}")
    return ran.stdout
