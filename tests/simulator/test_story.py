"""Stories: one integer is all of it, they end well, and a failure is cut down to what causes it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from connector.deliver import deliver
from simulator.chain import CONFIG, EVERYWHERE
from simulator.script import CHANNELS, CYCLES, FAULTS, Event, decode, encode, script
from simulator.shrink import shrunk
from simulator.stage import FAULTS as PLAYED
from simulator.stage import staged
from simulator.story import tell
from tests.conftest import ROOT
from tests.mutants.mutant import Mutant, living

NO_SECOND_LOOK = Mutant(
    "4 an absolute figure is read again first",
    deliver._look_again,
    "always = lane.side.can(lane.entity).reread",
    "always = False",
)


def test_a_short_story_ends_well() -> None:
    """The first cycles of two stories, with the checker's word after them."""
    for seed in (1, 2):
        told = tell(script(seed)[:60], seed)
        assert [] == told.broken
        assert 0 < told.tally.effective


def test_the_same_integer_is_the_same_story(tmp_path: Path) -> None:
    """Every effect in the systems comes again, in the same order."""
    logs = []
    for name in ("once", "again"):
        folder = tmp_path / name
        folder.mkdir()
        with staged(folder) as stage:
            for event in script(3)[:40]:
                stage.play(event)
        logs.append(stage.log)
    assert logs[0] == logs[1]


def test_the_systems_tell_whose_doing_it_was(tmp_path: Path) -> None:
    """A person typed at the ERP; the connector was shown it, and wrote it to the two others."""
    with staged(tmp_path) as stage:
        before = len(stage.log)
        stage.play(Event(0, "description", "erp", key=0))
        stage.play(Event(1, "round", kind="product"))
        seen = [(one.channel, one.by) for one in stage.log[before:] if one.after.get("description") == "000 mug"]
    assert [("erp", "person"), ("erp", "shown")] == seen[:2]
    assert {("shop", "connector"), ("till", "connector")} == set(seen[2:])


def test_an_integer_holds_what_is_kept() -> None:
    """The seed alone is the whole story; with a mask, any part of it."""
    whole = script(7)
    assert whole == decode(encode(7))
    kept = [event for event in whole if event.number % 3 == 1]
    assert kept == decode(encode(7, kept))


def test_a_script_has_its_cycles_and_names_only_what_can_be_played() -> None:
    """Each cycle has one round; each fault is one that the stage knows; the channels are the chain's."""
    whole = script(11)
    assert CYCLES == sum(event.what == "round" for event in whole)
    assert set(FAULTS) == set(PLAYED)
    assert CHANNELS == EVERYWHERE
    assert all(f"[channels.{name}]" in CONFIG for name in CHANNELS)


def test_a_failure_is_cut_down_to_its_causes() -> None:
    """Two events that break something together are all that is left of a story."""
    whole = script(5)
    causes = {whole[17], whole[200]}

    def breaks(events: Sequence[Event]) -> bool:
        return causes <= set(events)

    assert [whole[17], whole[200]] == shrunk(whole, breaks)


def test_a_story_notices_a_broken_engine() -> None:
    """The till sells; while that travels, the ERP sells too, and an engine that does not look again overwrites it."""
    events = [
        Event(0, "move", "till", value=-2),
        Event(1, "move", "erp", value=-1, at=7),  # three times facts, three figures: before the second look
        Event(2, "round", kind="stock"),
        Event(3, "quiet"),
    ]
    assert [] == tell(events, 0).broken
    with living(NO_SECOND_LOOK):
        assert ["stock"] == [fault.partition(":")[0] for fault in tell(events, 0).broken]


def test_the_command_plays_and_says_what_ran() -> None:
    """A story that is replayed says each of its events, and how it ended."""
    integer = encode(1, script(1)[:4])
    command = [sys.executable, "-m", "simulator", "--replay", str(integer)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert (0, "") == (ran.returncode, ran.stderr)
    assert "No promise is broken." == ran.stdout.splitlines()[-1]
