"""No more of a story than breaks a promise: events are left out as long as the same one breaks (delta debugging)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from simulator.script import Event


def shrunk(events: Sequence[Event], breaks: Callable[[Sequence[Event]], bool], tries: int = 400) -> list[Event]:
    """A part of the events that still breaks, from which no single one can be left out, as far as ``tries`` allow.

    Zeller's ddmin without its subset step, which finds nothing here: a failure needs its causes together.
    """
    kept, size = list(events), max(len(events) // 2, 1)
    while tries > 0:
        start, before = 0, len(kept)
        while start < len(kept) and tries > 0:
            rest = kept[:start] + kept[start + size :]
            tries -= 1
            if breaks(rest):
                kept = rest
            else:
                start += size
        if size == 1 and len(kept) == before:
            break
        size = max(size // 2, 1)
    return kept
