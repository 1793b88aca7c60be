"""``scripts/real-odoo``: a real Odoo 19, up and down. Exit status: 0 as asked, 1 something broke or does not run,
2 wrong usage, 3 the package cannot be had here, so that there is nothing to test on. With CI=true that is 1,
unless Debian has no such package any more."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import click

from tests.odoo.server import instance
from tests.odoo.server.errors import Broken, NotHad

ROOT = Path(__file__).resolve().parents[3]
NOT_HAD = 3
#: Two servers keep two cores busy.
SIDE_BY_SIDE = ("-n", "2", "--dist", "worksteal")
#: What pytest ends with when tests failed, in place of one of its own numbers that means something else here.
FAILED = 1


def of_this_folder() -> str:
    """The name of the instance that belongs to this clone of the project: two clones do not share one."""
    return f"{ROOT.name}-{hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]}"


def tell(**known: object) -> None:
    click.echo(json.dumps(known))


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--name", default=of_this_folder, help="Another instance than the one of this folder.")
@click.pass_context
def main(context: click.Context, name: str) -> None:
    """A real Odoo 19 from Debian's package: its own Python, its own PostgreSQL, a shop with two warehouses.

    The first time takes minutes; what is slow is kept in the user's cache, or where CONNECTOR_REAL_ODOO_CACHE says.
    """
    context.obj = name


@main.command()
@click.option("--fresh", is_flag=True, help="A new copy of the template; what was sold in the old one is gone.")
@click.option("--moving-clock", is_flag=True, help="With a clock that is ahead by the seconds in its file `clock`.")
@click.pass_obj
def up(name: str, fresh: bool, moving_clock: bool) -> None:
    """Have it run; one line of JSON says how to get in."""
    tell(name=name, **asdict(instance.up(name, fresh=fresh, moving_clock=moving_clock)))


@main.command()
@click.option("--remove", is_flag=True, help="Remove its data, too.")
@click.pass_obj
def down(name: str, remove: bool) -> None:
    """Have it stopped, Odoo and PostgreSQL. Its data stay, for the next `up`."""
    tell(name=name, was_there=instance.down(name, remove=remove))


@main.command()
@click.pass_obj
def status(name: str) -> None:
    """What runs: address, database, process, version. Exit status 1 when it does not."""
    found = instance.status(name)
    if found is None:
        tell(name=name, running=False)
        sys.exit(FAILED)
    running, version = found
    tell(
        name=name,
        running=True,
        url=running.url,
        database=running.database,
        pid=running.pid,
        version=version,
        package=running.package,
        log=running.log,
    )


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def test(arguments: tuple[str, ...]) -> None:
    """The tests of tests/odoo, on two fresh ones side by side; further ARGUMENTS go to pytest."""
    instance.prepare()
    ran = subprocess.run([sys.executable, "-m", "pytest", *SIDE_BY_SIDE, "tests/odoo", *arguments], cwd=ROOT)
    sys.exit(FAILED if ran.returncode else 0)


if __name__ == "__main__":
    try:
        main(prog_name="scripts/real-odoo")
    except NotHad as wrong:
        click.echo(f"scripts/real-odoo: no real Odoo here: {wrong}", err=True)
        sys.exit(FAILED if os.environ.get("CI") == "true" and not wrong.gone else NOT_HAD)
    except Broken as wrong:
        click.echo(f"scripts/real-odoo: {wrong}", err=True)
        sys.exit(FAILED)
