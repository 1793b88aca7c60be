"""The files of one drop: which are whole, which number is missing, which came again, and what they hold.

What was read once is kept in memory by name and size, so that a round reads what is new and no more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from adapters.file_drop.calls import Calls
from adapters.file_drop.log import Ours, State, Theirs, replay
from adapters.file_drop.manifests import (
    Form,
    Manifest,
    check_bytes,
    check_count,
    digest_of,
    read_manifest,
    usual_form,
)
from adapters.file_drop.names import ARCHIVE, COMPLETE, CSV, DONE, IN, MANIFEST, OURS, OUT, Stem, is_data_of, stem_of
from adapters.file_drop.options import Options
from adapters.file_drop.tables import Table, parse
from connector.contract import Opening
from connector.errors import ContractBroken
from connector.model.entity import Entity

_MARKERS: Final = {"manifest": MANIFEST, "done": DONE, "rename": ""}


@dataclass(frozen=True)
class Listing:
    """The folders as they were just listed: name → size. Each before the one into which its files are moved."""

    arrived: Mapping[str, int]
    out: Mapping[str, int]
    archive: Mapping[str, int]

    def holds(self, name: str) -> bool:
        return name in self.arrived or name in self.archive


@dataclass(frozen=True)
class Series:
    """The files of one entity that count.

    Attributes:
        files: whole and numbered without a gap, up to the newest; the first may be a complete one or not.
        waiting: numbers that are there and not whole yet.
        again: stems that lie in ``in/`` although they are archived.
    """

    files: Sequence[Stem]
    waiting: frozenset[int]
    again: frozenset[Stem]


class Shelf:
    """Reads the files of one drop."""

    def __init__(self, calls: Calls, opening: Opening) -> None:
        options: Options = opening.options
        self._calls = calls
        self._wanted = opening.names
        self._usual = usual_form(options)
        self._marker = _MARKERS[options.ready]
        self._theirs: dict[tuple[str, int], Theirs] = {}
        self._ours: dict[str, Ours] = {}
        self._states: dict[Entity, tuple[object, State]] = {}  # the last one, with what it was made of

    def listing(self, purpose: str) -> Listing:
        """What is there now."""
        arrived, out = self._calls.names(IN, purpose), self._calls.names(OUT, purpose)
        return Listing(arrived, out, self._calls.names(ARCHIVE, purpose))

    # --- which files there are

    def series(self, entity: Entity, listing: Listing) -> Series:
        """The files that count. Raises ContractBroken where a number has two names."""
        stems = {stem for name in (*listing.arrived, *listing.archive) if (stem := stem_of(name, CSV)) is not None}
        own = {stem for stem in stems if stem.entity is entity}
        whole = {stem for stem in own if not self._marker or listing.holds(f"{stem}{self._marker}")}
        announced = {stem for name in listing.arrived if (stem := stem_of(name, self._marker or CSV)) is not None}
        waiting = {stem.number for stem in (own | announced) - whole if stem.entity is entity}
        again = {stem for stem in whole if f"{stem}{CSV}" in listing.arrived and f"{stem}{CSV}" in listing.archive}
        return Series(self._numbered(whole), frozenset(waiting), frozenset(again))

    @staticmethod
    def _numbered(whole: set[Stem]) -> Sequence[Stem]:
        numbers: dict[int, list[Stem]] = defaultdict(list)
        for stem in whole:
            numbers[stem.number].append(stem)
        twice = next((sorted(stems) for stems in numbers.values() if len(stems) > 1), None)
        if twice is not None:
            told = " and ".join(map(str, twice))
            raise ContractBroken(f"{told} have one number: take the one away that the till did not mean")
        return sorted(whole)

    def run(self, entity: Entity, listing: Listing) -> Sequence[Stem]:
        """The newest files without a gap among them, from a complete one or number 1 on.

        What stands behind a file that is not whole yet waits with it. Raises ContractBroken where a number is
        missing and no complete file has come since.
        """
        series = self.series(entity, listing)
        runs = _runs(series.files)
        while runs:
            run = runs.pop()
            if run[0].number == 1 or any(stem.kind == COMPLETE for stem in run):
                return run
            if run[0].number - 1 not in series.waiting:
                raise gap(entity, run[0])
        return ()

    # --- what they hold

    def state(self, entity: Entity, listing: Listing, after: int | None = None) -> State:
        """What the till holds, and what the files behind ``after`` changed. Nobody changes it."""
        ours = [self.ours(stem, listing) for stem in self.stems_out(entity, listing)]
        theirs = self.since_base(entity, listing, after)
        if after is not None and theirs:
            self._forget(entity, theirs[0].stem.number, listing)
        made_of = (after, tuple((one.stem, one.digest) for one in theirs), tuple(one.data for one in ours))
        kept = self._states.get(entity)
        if kept is None or kept[0] != made_of:
            kept = self._states[entity] = (made_of, replay(theirs, ours, after))
        return kept[1]

    def _forget(self, entity: Entity, before: int, listing: Listing) -> None:
        """Let go of what no replay begins with any more, so that a process of months does not keep every file."""
        kept = {
            key: one for key, one in self._theirs.items() if one.stem.entity is not entity or one.stem.number >= before
        }
        self._theirs = kept
        self._ours = {stem: one for stem, one in self._ours.items() if f"{stem}{MANIFEST}" in listing.out}

    def since_base(self, entity: Entity, listing: Listing, after: int | None) -> Sequence[Theirs]:
        """From the last complete file that is not newer than ``after`` on, or else from the last one that is there."""
        run = self.run(entity, listing)
        starts = [at for at, stem in enumerate(run) if stem.kind == COMPLETE or stem.number == 1]
        known = [at for at in starts if after is not None and run[at].number <= after]
        for start in reversed(known or starts):
            first = self.theirs(run[start], listing)
            if first.is_base or start == starts[0] or first.stem.number == 1:
                return [self.theirs(stem, listing) for stem in run[start:]]
        return ()

    def theirs(self, stem: Stem, listing: Listing) -> Theirs:
        """A whole file of the till. Raises ContractBroken where it is not what its manifest says."""
        name, entity = f"{stem}{CSV}", stem.entity.value
        folder = ARCHIVE if name in listing.archive else IN
        key = (name, _size(name, listing, folder))  # it is the same wherever it lies
        kept = self._theirs.get(key)
        if kept is not None:
            return kept
        data = self._calls.read(folder, *key, entity)
        manifest = self._manifest(stem, listing)
        form = self.form(manifest)
        if manifest is not None:
            check_bytes(data, manifest, stem)
        table = parse(data, form, stem)
        if manifest is not None:
            check_count(table.count, manifest, stem)
        if stem.kind == COMPLETE:
            self._check_columns(table, stem)
        read = Theirs(stem, digest_of(data), form, table, None if manifest is None else manifest.imported)
        self._theirs[key] = read
        return read

    def _check_columns(self, table: Table, stem: Stem) -> None:
        """A column that is not there would read as emptied in every row."""
        missing = self._wanted.get(stem.entity, frozenset()) - frozenset(table.names)
        if missing:
            raise ContractBroken(
                f"{stem} has no column {', '.join(sorted(missing))}, which the mapping reads: let the till write it, "
                "or leave its field out of the mapping (false)"
            )

    def form(self, manifest: Manifest | None) -> Form:
        return self._usual if manifest is None else manifest.form(self._usual)

    def _manifest(self, stem: Stem, listing: Listing) -> Manifest | None:
        if self._marker != MANIFEST:
            return None
        name = f"{stem}{MANIFEST}"
        folder = ARCHIVE if name in listing.archive else IN
        size = _size(name, listing, folder)
        return read_manifest(self._calls.read(folder, name, size, stem.entity.value), stem)

    def came_again(self, stem: Stem, listing: Listing) -> bytes:
        """The bytes of a file that is archived and lies in ``in/`` once more. Raises ContractBroken if they differ."""
        name = f"{stem}{CSV}"
        data = self._calls.read(IN, name, listing.arrived[name], stem.entity.value)
        if digest_of(data) != self.theirs(stem, listing).digest:
            raise ContractBroken(
                f"{stem} came again with another content: give it the next number, and take it out of in/"
            )
        return data

    # --- our own

    def stems_out(self, entity: Entity, listing: Listing) -> list[Stem]:
        """Files of ours that are not archived: only those may not be in the till's files yet."""
        stems = (stem_of(name, MANIFEST) for name in listing.out)
        return sorted(stem for stem in stems if stem is not None and stem.entity is entity)

    def ours(self, stem: Stem, listing: Listing, folder: str = OUT) -> Ours:
        """A file of ours, by its manifest."""
        kept = self._ours.get(str(stem))
        if kept is not None:
            return kept
        purpose, prefix = stem.entity.value, OURS if folder == ARCHIVE else ""
        names = listing.archive if folder == ARCHIVE else listing.out
        manifest_name = f"{prefix}{stem}{MANIFEST}"
        manifest = read_manifest(self._calls.read(folder, manifest_name, names[manifest_name], purpose), stem)
        if not is_data_of(manifest.file, stem):
            raise ContractBroken(f"the manifest of {stem} in {folder}/ is not ours")
        data = self._calls.read(folder, prefix + manifest.file, names.get(prefix + manifest.file, 0), purpose)
        check_bytes(data, manifest, stem)
        form = self.form(manifest)
        made = self._ours[str(stem)] = Ours(stem, manifest.file, form, parse(data, form, stem).rows)
        return made


def _size(name: str, listing: Listing, folder: str) -> int:
    return (listing.archive if folder == ARCHIVE else listing.arrived)[name]


def _runs(files: Sequence[Stem]) -> list[list[Stem]]:
    """Files whose numbers follow one another, together."""
    runs: list[list[Stem]] = []
    for stem in files:
        if runs and runs[-1][-1].number == stem.number - 1:
            runs[-1].append(stem)
        else:
            runs.append([stem])
    return runs


def gap(entity: Entity, behind: Stem) -> ContractBroken:
    """What is said of the number before this file."""
    return ContractBroken(
        f"number {behind.number - 1} of {entity} is missing, before {behind}: let the till write it again into in/, "
        "or a complete file with the next number"
    )
