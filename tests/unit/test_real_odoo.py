"""What starts a real Odoo, where it needs none: where the package comes from, and how the cache is kept."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.odoo.server import cache, package
from tests.odoo.server.errors import NotHad, last_words

LISTED = """'https://deb.example/debian/dists/bookworm/InRelease' deb.example_debian_InRelease 0
'https://deb.example/debian/dists/bookworm-updates/InRelease' deb.example_debian_updates_InRelease 0
'https://deb.example/security/dists/bookworm-security/InRelease' deb.example_security_InRelease 0
'https://deb.example/debian/dists/bookworm/main/binary-amd64/Packages.xz' deb.example_debian_Packages 0
'https://tools.example/apt/dists/stable/InRelease' tools.example_apt_InRelease 0
"""


def test_what_starts_it_shares_no_code_with_what_is_tested_on_it() -> None:
    """The server is brought up by code that knows neither the engine nor an adapter."""
    code = "import sys, tests.odoo.server.__main__; print(*{name.split('.')[0] for name in sys.modules})"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert 0 == ran.returncode, ran.stderr
    assert set() == {"connector", "adapters", "sandbox", "mappings"} & set(ran.stdout.split())


def test_the_package_comes_from_where_apt_fetches_already() -> None:
    """Each server once, in apt's order; those of security updates have no other suite."""
    assert ["https://deb.example/debian", "https://tools.example/apt"] == package.addresses(LISTED)


@pytest.mark.parametrize(("ci", "status"), [("", 3), ("true", 1)])
def test_where_there_is_no_apt_it_says_so_in_one_line(ci: str, status: int, tmp_path: Path) -> None:
    """Elsewhere than on Debian `up` ends with the status that says: nothing to test on. In CI that is a failure."""
    settings = {"PATH": str(tmp_path), cache.VARIABLE: str(tmp_path / "cache"), "CI": ci}
    command = [sys.executable, "-m", "tests.odoo.server", "up"]
    ran = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, timeout=60)
    assert (status, "") == (ran.returncode, ran.stdout)
    reason = "scripts/real-odoo: no real Odoo here: there is no apt-get here, and odoo-19 is a package of Debian"
    assert ["Fetching Debian's odoo-19: 120 MB, once.", reason] == ran.stderr.splitlines()


@pytest.mark.parametrize("found", ["Unable to locate package odoo-19", "The repository does not have a Release file."])
def test_a_package_that_is_gone_is_told_from_a_network_that_is_down(found: str) -> None:
    """Continuous integration goes on without a package that is gone, and fails when the network does."""
    assert package.refusal(f"E: {found}\n").gone
    down = package.refusal("W: odd\nE: Could not resolve 'deb.example'\nE: Some index files failed to download.\n")
    assert ("E: Could not resolve 'deb.example'", False) == (str(down), down.gone)


def test_what_a_command_said_is_repeated_without_addresses() -> None:
    """An address of a package server may hold a password."""
    assert "E: Failed to fetch … 404" == last_words("W: first\nE: Failed to fetch https://me:pw@deb.example/x 404\n\n")
    assert "it said nothing" == last_words(" \n")


def test_what_was_left_half_finished_is_made_again(tmp_path: Path) -> None:
    """A making that broke off leaves nothing that a later one takes for whole."""

    def broken(into: Path) -> None:
        (into / "half").touch()
        raise NotHad("the network went away")

    target = tmp_path / "thing"
    with pytest.raises(NotHad):
        cache.kept(target, broken, "Making")
    assert not target.exists()
    assert target == cache.kept(target, lambda into: (into / "whole").touch(), "Making")
    assert ["whole"] == [path.name for path in target.iterdir()]


def test_two_at_once_make_it_once(tmp_path: Path) -> None:
    """The second waits for the first, and takes what that made."""
    making, wait = threading.Event(), threading.Event()
    made: list[str] = []

    def slowly(into: Path) -> None:
        made.append(into.name)
        making.set()
        assert wait.wait(30)

    both = [threading.Thread(target=cache.kept, args=(tmp_path / "thing", slowly, "Making")) for _ in range(2)]
    both[0].start()
    assert making.wait(30)
    both[1].start()
    wait.set()
    for one in both:
        one.join(30)
    assert [".thing.unfinished"] == made


def test_a_lock_that_was_forgotten_keeps_nobody_out_of_its_successor(tmp_path: Path) -> None:
    """Who waited for the lock of an instance that was removed takes the lock anew, as everyone after it does."""
    thing = tmp_path / "thing"
    held, waited = threading.Event(), threading.Event()

    def wait_for_it() -> None:
        held.set()
        with cache.locked(thing):
            waited.set()

    with cache.locked(thing):
        other = threading.Thread(target=wait_for_it)
        other.start()
        assert held.wait(30)
        cache.forget_lock(thing)
    assert waited.wait(30)
    other.join(30)
    assert [".thing.lock"] == [path.name for path in tmp_path.iterdir()]
