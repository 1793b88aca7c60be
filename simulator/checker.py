"""Whether what the systems saw may be: each promise of the connector, judged from their own logs.

Pure. It knows what the systems can hold and which habits they have, and nothing of how the connector
works; of the connector it takes what is listed as held, and the text of the history.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from simulator.log import Entry, Shown

#: Fields on which all are to agree, by kind.
SHARED: Final = {"product": ("name", "description"), "price": ("amount",), "customer": ("phone",)}
#: What a system asks a quiet round: its four feeds, and the facts before the figures.
FLOOR: Final = 5
#: The till keeps so much of a name.
SHORT: Final = 10
#: Takes absolute figures only, and does not compare: what is sold between its last look and a write is overwritten.
ABSOLUTE_ONLY: Final = frozenset({"erp"})


class Pieces(defaultdict[str, Decimal]):
    """SKU → pieces, none unless told."""

    def __init__(self) -> None:
        super().__init__(Decimal)


def as_held(channel: str, name: str, value: Any) -> Any:
    """A value as a channel can hold it."""
    return value[:SHORT] if channel == "till" and name == "name" and value is not None else value


def faults(log: Sequence[Entry], shown: Shown, quiet_from: int) -> Iterator[str]:
    """Every broken promise, as a sentence.

    Args:
        log: everything since the story began.
        quiet_from: where in it the systems were last at rest.
    """
    gone = {entry.key for entry in log if entry.by == "person" and entry.after.get("deleted")}
    yield from _not_converged(shown, gone)
    yield from _lost(log, shown, quiet_from, gone)
    yield from _invented(log)
    yield from _reverted(log)
    yield from _wrong_pieces(log, shown, gone)
    yield from _twins(shown)
    yield from _risen(log)
    yield from _wiped(log, gone)
    if shown.echoes:
        yield f"echo: a quiet round had {shown.echoes} effects"
    yield from (f"bounded: a quiet round asked {name} {n} times" for name, n in shown.calls.items() if n != FLOOR)


def _values(shown: Shown, kind: str, key: str, name: str) -> dict[str, Any]:
    """Channel → what it shows, where it has the thing."""
    found = {channel: kinds.get(kind, {}).get(key, []) for channel, kinds in shown.things.items()}
    return {channel: natives[0].get(name) for channel, natives in found.items() if natives}


def _keys(shown: Shown, kind: str) -> list[str]:
    return sorted({key for kinds in shown.things.values() for key in kinds.get(kind, {})})


def _not_converged(shown: Shown, gone: set[str]) -> Iterator[str]:
    for kind, names in SHARED.items():
        for key in _keys(shown, kind):
            for name in names:
                values = _values(shown, kind, key, name)
                full = next((value for channel, value in values.items() if channel != "till"), None)
                differs = any(as_held(channel, name, full) != value for channel, value in values.items())
                misses = len(values) < len(shown.things)
                if (differs or misses) and key not in gone and (kind, key, name) not in shown.held:
                    yield f"converged: {name} of {key}: {values}"


def _edits(log: Sequence[Entry]) -> dict[tuple[str, str, str], list[tuple[str, Any]]]:
    """(kind, key, field) → who typed what, in order."""
    typed: dict[tuple[str, str, str], list[tuple[str, Any]]] = defaultdict(list)
    for entry in log:
        for name in SHARED.get(entry.kind, ()):
            if entry.by == "person" and name in entry.after:
                typed[entry.kind, entry.key, name].append((entry.channel, entry.after[name]))
    return typed


def _lost(log: Sequence[Entry], shown: Shown, quiet_from: int, gone: set[str]) -> Iterator[str]:
    """What one alone typed stands; of what several typed one stands; and what was read is told of."""
    for (kind, key, name), typed in _edits(log[quiet_from:]).items():
        values = _values(shown, kind, key, name)
        if key in gone or (kind, key, name) in shown.held or not values:
            continue
        last, several = typed[-1][1], len({channel for channel, _ in typed}) > 1
        wanted = [value for _, value in typed] if several else [last]
        channel, standing = next(iter(values.items()))
        if standing not in [as_held(channel, name, value) for value in wanted]:
            yield f"lost edit: {name} of {key} is {standing!r}; typed since: {typed}"
        for value in _read(log[quiet_from:], kind, key, name) & {value for _, value in typed}:
            if str(value) not in shown.told.get(key, ""):
                yield f"lost edit: {name} of {key}: {value!r} was read, and no history tells of it"


def _read(log: Sequence[Entry], kind: str, key: str, name: str) -> set[Any]:
    return {entry.after.get(name) for entry in log if (entry.by, entry.kind, entry.key) == ("shown", kind, key)}


def _invented(log: Sequence[Entry]) -> Iterator[str]:
    """Nothing is written that nobody had typed before."""
    typed: dict[tuple[str, str, str], set[Any]] = defaultdict(set)
    for entry in log:
        for name in SHARED.get(entry.kind, ()):
            value, known = entry.after.get(name), typed[entry.kind, entry.key, name]
            if entry.by == "person" and name in entry.after:
                known.add(value)
            holds = {as_held(entry.channel, name, each) for each in known}
            if entry.by == "connector" and value is not None and value not in holds:
                yield f"invented: {name} of {entry.key} became {value!r} on {entry.channel}"


def _reverted(log: Sequence[Entry]) -> Iterator[str]:
    """A value that was replaced by the connector is not brought back by it, unless somebody typed it again."""
    left: dict[tuple[str, str, str], set[Any]] = defaultdict(set)
    stands: dict[tuple[str, str, str], Any] = {}
    for entry in log:
        for name in SHARED.get(entry.kind, ()):
            place, value = (entry.channel, entry.id, name), entry.after.get(name)
            if entry.by == "connector" and name in entry.after:
                if value in left[place]:
                    yield f"revert: {name} of {entry.key} went back to {value!r} on {entry.channel}"
                if place in stands and stands[place] != value:
                    left[place].add(stands[place])
                stands[place] = value
            elif entry.by == "person" and name in entry.after:
                left[place].discard(value)


def _wrong_pieces(log: Sequence[Entry], shown: Shown, gone: set[str]) -> Iterator[str]:
    overwritten = _overwritten(log)
    for key, pieces in _pieces(log).items():
        wanted = pieces - overwritten[key]
        figures = _values(shown, "stock", key, "quantity")
        wrong = any(wanted != figure for figure in figures.values())
        if wrong and key not in gone and ("stock", key, "on_hand") not in shown.held:
            yield f"stock: {key} should have {wanted}, and shows {_plain(figures)}"


def _pieces(log: Sequence[Entry]) -> Pieces:
    """SKU → what it began with and every movement since."""
    pieces = Pieces()
    for entry in log:
        if entry.by == "person" and "quantity" in entry.after:
            if entry.before:
                pieces[entry.key] += _moved(entry)
            else:
                pieces.setdefault(entry.key, entry.after["quantity"])  # the same pieces, told of on every side
    return pieces


def _overwritten(log: Sequence[Entry]) -> Pieces:
    """SKU → movements in the stated window: after another look that was followed at once by an absolute figure.

    A look is no longer the last one once the connector was busy with another channel.
    """
    lost, unseen, looked = Pieces(), defaultdict[str, Decimal](Decimal), set[str]()
    for entry in log:
        if entry.by != "person":
            looked = {id_ for id_ in looked if entry.channel in ABSOLUTE_ONLY}
        if entry.kind != "stock" or entry.channel not in ABSOLUTE_ONLY:
            continue
        if entry.by == "person" and entry.before and "quantity" in entry.after:
            unseen[entry.id] += _moved(entry)
            continue
        if entry.by == "connector" and entry.id in looked:
            lost[entry.key] += unseen[entry.id]
        unseen[entry.id] = Decimal(0)
        looked.add(entry.id)
    return lost


def _moved(entry: Entry) -> Decimal:
    return Decimal(entry.after["quantity"]) - Decimal(entry.before["quantity"])


def _plain(figures: Mapping[str, Any]) -> dict[str, str]:
    return {channel: str(figure) for channel, figure in figures.items()}


def _twins(shown: Shown) -> Iterator[str]:
    for channel, kinds in shown.things.items():
        for key, natives in kinds.get("product", {}).items():
            if len(natives) > 1:
                yield f"twin: {channel} has {key} {len(natives)} times"


def _risen(log: Sequence[Entry]) -> Iterator[str]:
    """What a person deleted somewhere is not made there again, unless a person made one since."""
    dead: set[tuple[str, str]] = set()
    for entry in (entry for entry in log if entry.kind == "product"):
        if entry.by == "person" and entry.after.get("deleted"):
            dead.add((entry.channel, entry.key))
        elif entry.by == "person" and not entry.before:
            dead = {(channel, key) for channel, key in dead if key != entry.key}
        elif entry.by == "connector" and not entry.before and (entry.channel, entry.key) in dead:
            yield f"resurrection: {entry.key} on {entry.channel}"


def _wiped(log: Sequence[Entry], gone: set[str]) -> Iterator[str]:
    for entry in log:
        ends = entry.after.get("deleted") or entry.after.get("active") is False
        if entry.by == "connector" and ends and entry.key not in gone:
            yield f"wipe: {entry.key} on {entry.channel}"
