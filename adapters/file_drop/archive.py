"""Answers what was read, and takes it away: only what the cursor proves to be stored, so that a crash repeats it."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.file_drop.calls import Calls
from adapters.file_drop.log import Theirs
from adapters.file_drop.names import ANSWER, ANSWERS, ARCHIVE, CSV, DONE, IN, MANIFEST, OURS, OUT, Stem
from adapters.file_drop.shelf import Listing, Shelf
from adapters.file_drop.tables import Refused, answer_bytes
from connector.model.entity import Entity

#: What is told of a file that lies there a second time.
_AGAIN = Refused(0, "", "this file came again, and was skipped")


class Archive:
    """Moves files out of ``in/`` and ``out/``."""

    def __init__(self, calls: Calls, shelf: Shelf) -> None:
        self._calls = calls
        self._shelf = shelf

    def settle(self, entity: Entity, number: int, listing: Listing) -> Listing:
        """Answer and archive the files up to this number, with those of ours that they hold; what is there then.

        Each step can be taken again: the answer is made of the file, and a file counts wherever it lies. Raises
        ContractBroken where an archived number came again with another content.
        """
        series = self._shelf.series(entity, listing)
        arrived = [stem for stem in series.files if self._is_due(stem, number, listing)]
        for stem in arrived:
            self._take_away(stem, listing, again=stem in series.again)
        imported = self._imported(entity, number, listing)
        ours = [stem for stem in self._shelf.stems_out(entity, listing) if stem.number <= imported]
        for stem in ours:
            self._put_by(stem, listing)
        return self._shelf.listing(entity.value) if arrived or ours else listing

    @staticmethod
    def _is_due(stem: Stem, number: int, listing: Listing) -> bool:
        return stem.number <= number and any(f"{stem}{ending}" in listing.arrived for ending in (CSV, MANIFEST, DONE))

    def _take_away(self, stem: Stem, listing: Listing, *, again: bool) -> None:
        """The answer first; of the files the rows first, since a manifest without them says nothing."""
        if again:
            self._shelf.came_again(stem, listing)
        self._answer(self._shelf.theirs(stem, listing), again=again)
        for ending in (CSV, MANIFEST, DONE):
            name = f"{stem}{ending}"
            if name in listing.arrived and name in listing.archive:
                self._calls.remove(IN, name, stem.entity.value)
            elif name in listing.arrived:
                self._calls.move(name, IN, ARCHIVE, name, stem.entity.value)

    def _answer(self, file: Theirs, *, again: bool) -> None:
        lines = [*([_AGAIN] if again else []), *file.table.refused]
        self._calls.put(ANSWERS, f"{file.stem}{CSV}", answer_bytes(lines, file.form), file.stem.entity.value)

    def _imported(self, entity: Entity, number: int, listing: Listing) -> int:
        """The last number of ours that a replay will never need again: it is in the file where that begins."""
        files = self._shelf.since_base(entity, listing, number)
        return (files[0].imported or 0) if files and files[0].is_base and files[0].stem.number <= number else 0

    def _put_by(self, stem: Stem, listing: Listing) -> None:
        """The manifest last: as long as it lies in ``out/``, the file counts, and its rows are looked for beside it."""
        data = self._shelf.ours(stem, listing).data
        names: Sequence[str] = (f"{stem}{MANIFEST}", data, f"{stem}{ANSWER}")
        for name in names:
            if name in listing.out:
                self._calls.move(name, OUT, ARCHIVE, OURS + name, stem.entity.value)
