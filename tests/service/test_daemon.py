"""`connector run` as a process: it works, ends, is killed, and begins again."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select

from connector.ledger.engine import Database, connect
from connector.ledger.tables import intent
from connector.model.entity import Entity
from connector.service.health import check
from simulator.chain import EVERYWHERE
from tests.service.conftest import Place, Running, eventually


def everywhere(value: object) -> dict[str, list[object]]:
    return {name: [value] for name in EVERYWHERE}


def described(place: Place, sku: str = "A-1") -> dict[str, list[Any]]:
    return place.shows(sku, Entity.PRODUCT, "description")


def stock(place: Place, sku: str = "A-1") -> dict[str, list[Any]]:
    return place.shows(sku, Entity.STOCK, "quantity")


def ledger(place: Place) -> Database:
    return connect(f"sqlite:///{place.folder / 'ledger.db'}")


def asked(place: Place, *arguments: str) -> Any:
    """What a command says, as JSON."""
    return json.loads(place.command(*arguments, "--json").stdout)


def handed(place: Place, *arguments: str) -> Any:
    """What a request says that the daemon carried out without an error."""
    answer = asked(place, *arguments)
    assert (True, "done", {}) == (answer["handed_over"], answer["state"], answer["errors"])
    return answer


def hold_a_write(place: Place, cause: Callable[[], None]) -> Running:
    """A daemon whose write to the shop has taken effect there, and has not been answered."""
    place.shelf("shop").beside("hold").touch()
    daemon = place.start()
    cause()
    eventually(place.shelf("shop").beside("held").exists, "a write under way")
    return daemon


def in_doubt(place: Place) -> int:
    """Writes whose outcome is not known."""
    with closing(ledger(place)) as database, database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(intent)).scalar_one())


def let_go(place: Place) -> None:
    place.shelf("shop").beside("hold").unlink()


# It works -----------------------------------------------------------------------------------------


def test_edits_and_sales_travel_while_it_runs(place: Place) -> None:
    """What changes on one channel reaches the others by itself, and SIGTERM ends it with status 0."""
    daemon = place.start()
    place.edit("erp", "A-1", description="Blue")
    place.sell("till", "A-1")
    eventually(lambda: described(place) == everywhere("Blue"), "the description travels")
    eventually(lambda: stock(place) == everywhere(4), "the sale travels")
    assert 0 == daemon.stop()
    daemon.says("STOPPING=1")


def test_a_new_product_is_made_everywhere_with_price_and_stock(place: Place) -> None:
    """What one channel's merge makes others owe is written without waiting for their next look."""
    place.start()
    place.add_product("B-2", pieces=3, on=("erp",))
    eventually(lambda: stock(place, "B-2") == everywhere(3), "product, price and stock arrive")
    priced = everywhere(Decimal("9.95"))
    eventually(lambda: place.shows("B-2", Entity.PRICE, "amount") == priced, "the price arrives")


def test_others_are_told_who_runs(place: Place) -> None:
    """`status` names the daemon, and a second `run` is refused with its name."""
    daemon = place.start()
    who = f"process {daemon.process.pid} on "
    assert asked(place, "status")["daemon"].startswith(who)
    second = place.command("run")
    assert 1 == second.returncode
    assert who in second.stderr


def test_a_resync_is_handed_over(place: Place) -> None:
    """Another terminal's `resync --full` is carried out by the daemon, and its report comes back."""
    place.start()
    before = [place.writes(name) for name in EVERYWHERE]
    answer = handed(place, "resync", "--full", "--entity", "product")
    assert 0 == answer["written"]
    with place.shelf("shop").world() as shop:
        assert ("list", "product", 50) in shop.calls
    assert before == [place.writes(name) for name in EVERYWHERE]


def test_a_sync_of_one_record_is_handed_over(place: Place) -> None:
    """A scope goes along with what is handed over."""
    place.start()
    place.edit("erp", "A-1", description="Blue")
    handed(place, "sync", "--channel", "erp")
    handed(place, "sync", "--channel", "till", "--entity", "product", "--key", "A-1")
    assert ["Blue"] == described(place)["till"]


def test_an_answer_from_another_terminal_is_noticed(place: Place) -> None:
    """A conflict that is resolved while the daemon runs is written out by it."""
    place.start()
    place.edit("erp", "A-1", name="Mug, navy")
    place.edit("shop", "A-1", name="Mug, sky")
    (conflict,) = eventually(lambda: asked(place, "conflicts", "list"), "the conflict")
    given = place.command("conflicts", "resolve", str(conflict["id"]), "--value", "Mug, red")
    assert 0 == given.returncode, given.stderr
    eventually(lambda: place.shows("A-1", Entity.PRODUCT, "name") == everywhere("Mug, red"), "the answer travels")


def test_a_match_is_approved_beside_it(place: Place) -> None:
    """A new ledger's daemon reads and links nothing; what another terminal approves, it links and makes."""
    for left in place.folder.glob("ledger.db*"):
        left.unlink()
    place.add_product("B-2", on=("erp",))
    daemon = place.start()
    daemon.logs("lane.observed", times=9)
    assert ([], []) == (place.things("shop", "B-2"), place.things("till", "B-2"))
    proposed = place.command("match", "--json")
    assert 1 == proposed.returncode, proposed.stderr
    assert 0 == place.command("match", "--approve", "--json").returncode
    eventually(lambda: place.things("shop", "B-2") and place.things("till", "B-2"), "the new product")
    assert [1, 1, 1] == [len(place.things(name, "A-1")) for name in EVERYWHERE]


# It ends and begins again -------------------------------------------------------------------------


def test_sigterm_lets_a_write_end(place: Place) -> None:
    """A call in flight is finished and receipted before the end; the next start has nothing to do."""
    daemon = hold_a_write(place, lambda: place.edit("erp", "A-1", description="Blue"))
    daemon.signal(signal.SIGTERM)
    daemon.says("STOPPING=1")
    let_go(place)
    assert 0 == daemon.ended()
    before = place.writes("shop")
    place.start()
    assert 0 == in_doubt(place)
    handed(place, "sync")
    assert everywhere("Blue") == described(place)
    assert before == place.writes("shop")


def test_a_second_sigterm_does_not_wait(place: Place) -> None:
    """A call that never ends is left in doubt, and read back by the next daemon."""
    daemon = hold_a_write(place, lambda: place.edit("erp", "A-1", description="Blue"))
    daemon.signal(signal.SIGTERM)
    daemon.says("STOPPING=1")
    daemon.signal(signal.SIGTERM)
    assert 0 == daemon.ended()
    let_go(place)
    before = place.writes("shop")
    place.start().logs("daemon.took_over")
    eventually(lambda: in_doubt(place) == 0, "the write is read back")
    assert before == place.writes("shop")


def create(place: Place) -> None:
    place.add_product("B-2", on=("erp",))


def edit(place: Place) -> None:
    place.edit("erp", "A-1", description="Blue")


def sale(place: Place) -> None:
    place.sell("till", "A-1")


@pytest.mark.parametrize(
    ("cause", "shown", "expected"),
    [
        pytest.param(create, lambda place: stock(place, "B-2"), everywhere(5), id="a create (known failure 5)"),
        pytest.param(edit, described, everywhere("Blue"), id="an edit"),
        pytest.param(sale, stock, everywhere(4), id="a stock figure"),
    ],
)
def test_a_kill_in_the_middle_of_a_write_loses_and_doubles_nothing(
    place: Place, cause: Callable[[Place], None], shown: Callable[[Place], Any], expected: object
) -> None:
    """After kill -9 between a write's effect and its receipt, the next daemon finishes the work, once."""
    daemon = hold_a_write(place, lambda: cause(place))
    daemon.kill()
    let_go(place)
    place.start()
    eventually(lambda: shown(place) == expected, "the work is finished")
    eventually(lambda: in_doubt(place) == 0, "nothing stays in doubt")
    handed(place, "sync")
    assert expected == shown(place)
    assert asked(place, "verify")["equal"]


def test_a_request_outlives_the_daemon_that_took_it(place: Place) -> None:
    """A resync that was running when its daemon was killed is done by the next one (known failure 24)."""
    daemon = hold_a_write(place, lambda: place.edit("erp", "A-1", description="Blue"))
    command = [sys.executable, "-m", "connector", "resync", "--json"]
    with subprocess.Popen(command, cwd=place.folder, env=place.environ, stdout=subprocess.PIPE) as terminal:
        daemon.logs("request.taken")
        daemon.kill()
        let_go(place)
        place.start().logs("request.done")
        terminal.communicate(timeout=60)
    assert everywhere("Blue") == described(place)


# It is told to reload -----------------------------------------------------------------------------


def test_a_broken_configuration_is_refused_and_the_old_one_goes_on(place: Place) -> None:
    """SIGHUP with mistakes in the file changes nothing but the log."""
    daemon = place.start()
    path = place.folder / "config.toml"
    path.write_text(path.read_text().replace('owner = "erp"', 'owner = "nobody"'))
    daemon.signal(signal.SIGHUP)
    (refused,) = daemon.logs("reload.refused")
    assert "nobody" in " ".join(refused["problems"])
    place.edit("erp", "A-1", description="Blue")
    eventually(lambda: described(place) == everywhere("Blue"), "the old configuration works")


def test_a_broken_mapping_is_refused_and_the_old_one_goes_on(place: Place) -> None:
    """A mapping that cannot be used any more is told at SIGHUP, and the one in use goes on."""
    daemon = place.start()
    (place.folder / "plain.toml").write_text("format = 1\nadapter = 'memory'\n[product.fields]\nno_such = 1\n")
    daemon.signal(signal.SIGHUP)
    daemon.logs("reload.refused")
    place.edit("erp", "A-1", description="Blue")
    eventually(lambda: described(place) == everywhere("Blue"), "the old mapping works")


def test_a_new_policy_holds_from_the_reload_on(place: Place) -> None:
    """After SIGHUP a channel that became read-only is not written any more."""
    daemon = place.start()
    path = place.folder / "config.toml"
    path.write_text(path.read_text().replace("[channels.till]", "[channels.till]\nread_only = true"))
    daemon.signal(signal.SIGHUP)
    daemon.hears("RELOADING=1")
    daemon.hears("READY=1")
    before = place.writes("till")
    place.edit("erp", "A-1", description="Blue")
    eventually(lambda: described(place)["shop"] == ["Blue"], "the shop is still written")
    handed(place, "sync")
    assert before == place.writes("till")


# Something fails ----------------------------------------------------------------------------------


def test_a_failing_ledger_stops_the_lanes_and_not_the_daemon(place: Place) -> None:
    """It says so in its log, its health and to the service manager, and goes on by itself (known failure 30)."""
    daemon = place.start()
    with closing(ledger(place)) as database:
        with database.write() as connection:
            connection.exec_driver_sql("ALTER TABLE binding RENAME TO mislaid")
        daemon.logs("ledger.failed")
        eventually(lambda: any("stand still" in line for line in check(place.folder / "config.toml")), "red health")
        place.edit("erp", "A-1", description="Blue")
        with database.write() as connection:
            connection.exec_driver_sql("ALTER TABLE mislaid RENAME TO binding")
    eventually(lambda: described(place) == everywhere("Blue"), "it goes on")
    daemon.says("all lanes stand still")
    assert 0 == daemon.stop()


def test_a_lost_lease_is_taken_again(place: Place) -> None:
    """Work stops at once where the lock was lost, and begins again where nobody else has taken it."""
    daemon = place.start()
    with closing(ledger(place)) as database, database.write() as connection:
        connection.exec_driver_sql("DELETE FROM lease")
    (failed,) = daemon.logs("ledger.failed")
    assert "taken over" in failed["why"]
    daemon.logs("shift.began", times=2)
    place.edit("erp", "A-1", description="Blue")
    eventually(lambda: described(place) == everywhere("Blue"), "it goes on")


def test_refused_credentials_pause_one_channel(place: Place) -> None:
    """A channel that locks us out is left alone, the others go on, and a reload tries it again."""
    place.shelf("shop").beside("locked").touch()
    daemon = place.start()
    assert {"AuthFailed"} == {event["error"] for event in daemon.logs("lane.failed")}
    place.edit("erp", "A-1", description="Blue")
    eventually(lambda: described(place)["till"] == ["Blue"], "the till is written")
    place.shelf("shop").beside("locked").unlink()
    daemon.signal(signal.SIGHUP)
    eventually(lambda: described(place) == everywhere("Blue"), "the shop is written")


def test_a_bug_stops_its_lane_alone(place: Place) -> None:
    """An adapter that breaks on one entity stops that lane, visibly; its other lanes and the daemon go on."""
    place.shelf("shop").beside("broken").touch()
    daemon = place.start()
    (broke,) = daemon.logs("lane.broke")
    assert ("shop", "product") == (broke["channel"], broke["entity"])
    place.sell("till", "A-1")
    eventually(lambda: stock(place) == everywhere(4), "stock travels to the same channel")
    found = eventually(lambda: check(place.folder / "config.toml"), "red health")
    assert [True] == [line.startswith("shop/product: stopped") for line in found]


def test_a_restored_ledger_reads_everything_before_it_writes(place: Place) -> None:
    """Sales since the backup are not booked once per channel, and the lowest figure is agreed (known failure 33)."""
    assert 0 == place.command("ledger", "backup", "backup.db").returncode
    for name in EVERYWHERE:  # what they had agreed on since, and one sale that was never seen
        place.sell(name, "A-1", 2)
    place.sell("till", "A-1")
    assert 0 == place.command("ledger", "restore", "backup.db").returncode
    before = [place.writes(name) for name in EVERYWHERE]
    refused = place.command("sync")
    assert (1, before) == (refused.returncode, [place.writes(name) for name in EVERYWHERE])
    daemon = place.start()
    (reconciled,) = daemon.logs("ledger.reconciled")
    assert 1 == reconciled["uncertain"]
    eventually(lambda: stock(place) == everywhere(2), "the lowest figure is shown everywhere")
    handed(place, "sync")
    assert everywhere(2) == stock(place)


# It is watched ------------------------------------------------------------------------------------


def test_its_health_can_be_asked_from_outside(place: Place) -> None:
    """The container's check is green while it works, and red once it has ended."""
    command = [sys.executable, "-m", "connector.service.health"]

    def asked_health() -> int:
        return subprocess.run(command, cwd=place.folder, env=place.environ, timeout=60, check=False).returncode

    daemon = place.start()
    daemon.says("WATCHDOG=1")
    assert 0 == asked_health()
    daemon.stop()
    assert 1 == asked_health()
