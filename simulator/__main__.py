"""``python -m simulator``: plays so many cycles, and says what came of them, or the integer that replays a failure."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Sequence
from functools import partial

import click
import structlog

from simulator.script import CYCLES, SEED_BITS, Event, decode, encode, script
from simulator.shrink import shrunk
from simulator.stage import Tally
from simulator.story import Told, tell


@click.command()
@click.option("--cycles", type=click.IntRange(min=1), default=10_000, show_default=True, help="How many to play.")
@click.option("--seed", type=click.IntRange(0, (1 << SEED_BITS) - 1), default=0, help="Of the first story.")
@click.option("--replay", type=click.IntRange(min=0), help="Play what this integer says, and nothing else.")
def main(cycles: int, seed: int, replay: int | None) -> None:
    """Play shops' lives between the real engine and systems in memory; exit code 1 where a promise was broken."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    if replay is not None:
        sys.exit(_replay(replay))
    began, total = time.monotonic(), Tally()
    for number in range(-(-cycles // CYCLES)):
        seed_of_story = (seed + number) % (1 << SEED_BITS)
        told = tell(script(seed_of_story), seed_of_story)
        total.add(told.tally)
        if told.broken:
            _explain(seed_of_story, told)
            sys.exit(1)
    print(_summary(total, time.monotonic() - began))


def _replay(integer: int) -> int:
    events = decode(integer)
    for event in events:
        print(_line(event))
    told = tell(events, integer & ((1 << SEED_BITS) - 1))
    print("\n".join(told.broken) or "No promise is broken.")
    return 1 if told.broken else 0


def _explain(seed: int, told: Told) -> None:
    """The promise, the fewest events that break it, and the integer that replays them."""
    print(f"Story {seed}: {told.broken[0]}")
    kept = shrunk(script(seed), partial(_breaks_alike, seed, told.verdict))
    print("\n".join(_line(event) for event in kept))
    print("\n".join(tell(kept, seed).broken))
    print(f"Replay it: scripts/simulate --replay {encode(seed, kept)}")


def _breaks_alike(seed: int, verdict: str, events: Sequence[Event]) -> bool:
    return tell(events, seed).verdict == verdict


def _line(event: Event) -> str:
    parts = (f"{name} {value}" for name, value in vars(event).items() if value and name not in ("number", "what"))
    return f"  {event.number:4d} {event.what:12s} {', '.join(parts)}"


def _summary(total: Tally, seconds: float) -> str:
    share = {name: 100 * getattr(total, name) / max(total.rounds, 1) for name in ("effective", "conflicts")}
    return (
        f"{total.cycles} cycles in {seconds:.0f} s ({total.cycles / max(seconds, 0.001):.0f} a second): "
        f"{total.acts} acts of people, {total.faults} faults; {share['effective']:.0f} % of the rounds changed "
        f"something, {share['conflicts']:.0f} % met a conflict. No promise was broken."
    )


if __name__ == "__main__":
    main()
