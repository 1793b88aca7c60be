"""Debian's package of Odoo: fetched by apt, unpacked by dpkg, installed nowhere.

apt gets folders of its own, so that neither root is needed nor the system's lists are touched. Where packages come
from is taken from the system's own configuration, at run time: the same server also has the unstable suite.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from tests.odoo.server import cache
from tests.odoo.server.errors import NotHad, last_words

NAME = "odoo-19"
SUITE = "unstable"
#: Where Debian keeps the keys of its archive; the first that is there.
KEYRINGS = tuple(Path("/usr/share/keyrings") / f"debian-archive-keyring.{form}" for form in ("pgp", "gpg"))
GONE = re.compile(r"Unable to locate package|does not have a Release file|404 +Not Found")


def unpacked() -> Path:
    """The folder with the unpacked package; NotHad where it cannot be had."""
    return cache.kept(cache.folder() / NAME, fetch, f"Fetching Debian's {NAME}: 120 MB, once")


def sources(package: Path) -> Path:
    """The folder from which ``import odoo`` works."""
    return package / "usr" / "lib" / "python3" / "dist-packages"


def version(package: Path) -> str:
    """The version of the package, as Debian counts."""
    return (package / "version").read_text(encoding="utf-8").strip()


def fetch(into: Path) -> None:
    """Fetch and unpack the package; NotHad with the reason of the last address that was tried."""
    for tool in ("apt-get", "dpkg"):
        if shutil.which(tool) is None:
            raise NotHad(f"there is no {tool} here, and {NAME} is a package of Debian")
    apt = into / "apt"
    refused = NotHad("apt has no address to fetch from")
    for address in addresses(_run("apt-get", "update", "--print-uris")):
        shutil.rmtree(apt, ignore_errors=True)
        try:
            unpack(download(apt, address), into)
        except NotHad as wrong:
            refused = wrong
            continue
        shutil.rmtree(apt)
        return
    raise NotHad(f"{NAME} cannot be fetched from Debian's {SUITE} suite: {refused}", gone=refused.gone)


def addresses(listed: str) -> list[str]:
    """The servers in what ``apt-get update --print-uris`` lists, save those of security updates, in its order."""
    found = re.findall(r"(?m)^'(.+?)/dists/(.+?)/InRelease'", listed)
    return list(dict.fromkeys(address for address, suite in found if "security" not in suite))


def download(apt: Path, address: str) -> Path:
    """The package file, fetched and verified by an apt with folders of its own."""
    for folder in ("state/lists/partial", "cache/archives/partial"):
        (apt / folder).mkdir(parents=True)
    (apt / "sources.list").write_text(f"deb {_signed_by()}{address} {SUITE} main\n", encoding="utf-8")
    command = ("apt-get", "-qq", *_options(apt))
    _run(*command, "update", within=apt)
    _run(*command, "download", NAME, within=apt)
    return next(apt.glob("*.deb"))


def unpack(file: Path, into: Path) -> None:
    """The package's files in ``into``, and its version beside them."""
    _run("dpkg", "-x", str(file), str(into))
    (into / "version").write_text(_run("dpkg", "-f", str(file), "Version"), encoding="utf-8")


def _options(apt: Path) -> list[str]:
    settings = {
        "Dir::Etc::SourceList": apt / "sources.list",
        "Dir::Etc::SourceParts": os.devnull,
        "Dir::Etc::Preferences": os.devnull,
        "Dir::Etc::PreferencesParts": os.devnull,
        "Dir::State": apt / "state",
        "Dir::State::Status": os.devnull,
        "Dir::Cache": apt / "cache",
        "Acquire::Languages": "none",
        "APT::Sandbox::User": "root",  # root's apt otherwise writes as a user who cannot reach these folders
        "APT::Update::Error-Mode": "any",  # a server that does not answer is no warning
    }
    return [argument for name, value in settings.items() for argument in ("-o", f"{name}={value}")]


def _signed_by() -> str:
    """The option of a source that names Debian's keys; empty where only apt's own are there."""
    return next((f"[signed-by={keyring}] " for keyring in KEYRINGS if keyring.is_file()), "")


def _run(*command: str, within: Path | None = None) -> str:
    """What the command said; NotHad with its last words when it failed."""
    ran = subprocess.run(command, cwd=within, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
    if ran.returncode:
        raise refusal(ran.stderr)
    return ran.stdout


def refusal(said: str) -> NotHad:
    """What a failed command means: a server that has no such suite or package is another thing than no server."""
    first = next((line for line in said.splitlines() if line.startswith("E: ")), said)  # the rest follows from it
    return NotHad(last_words(first), gone=GONE.search(said) is not None)
