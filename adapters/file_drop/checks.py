"""What a technician gets wrong, found out without changing anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet

from adapters.file_drop.calls import Calls
from adapters.file_drop.columns import PLACES, text
from adapters.file_drop.names import ANSWER, ANSWERS, ARCHIVE, COMPLETE, IN, MANIFEST, OUT, SERIES, is_known, stem_of
from adapters.file_drop.options import Options
from adapters.file_drop.shelf import Listing, Shelf
from adapters.file_drop.tables import answered_lines
from connector.contract import Finding, Opening
from connector.errors import ContractBroken, Transient
from connector.model.entity import Entity

#: More names than these are not told of one kind.
_FEW = 5


class Checks:
    """The findings of one drop."""

    def __init__(self, calls: Calls, shelf: Shelf, opening: Opening) -> None:
        self._calls = calls
        self._shelf = shelf
        self._opening = opening
        self._options: Options = opening.options

    def run(self) -> Iterator[Finding]:
        """The folders, what is called strangely, then each series, then what the till refused of ours."""
        missing = [folder for folder in (IN, OUT, ANSWERS, ARCHIVE) if not self._is_there(folder)]
        remedy = f"make {', '.join(missing)} in the configured folder" if missing else ""
        yield Finding("folders", ok=not missing, detail="in, out, answers, archive", remedy=remedy)
        if missing:
            return
        if self._options.ready != "manifest":
            remedy = "set read_only = true: it cannot say what it has imported of ours"
            yield _warned("manifests", "a till without them is only read", remedy)
        listing = self._shelf.listing(Entity.PRODUCT.value)
        yield from self._strange(listing)
        for entity in Entity:
            yield from self._series(entity, listing)
        yield from self._answers(listing)

    def _is_there(self, folder: str) -> bool:
        try:
            self._calls.names(folder, Entity.PRODUCT.value)
        except Transient:
            return False
        return True

    @staticmethod
    def _strange(listing: Listing) -> Iterator[Finding]:
        strange = [ascii(name) for name in sorted(listing.arrived) if not is_known(name)]
        if strange:
            remedy = "name it like products-42-complete.csv, or keep it elsewhere"
            yield Finding("files in in/", ok=False, warning=True, detail=_told(strange), remedy=remedy)

    def _series(self, entity: Entity, listing: Listing) -> Iterator[Finding]:
        what = SERIES[entity]
        try:
            state, series = self._shelf.state(entity, listing), self._shelf.series(entity, listing)
            files = self._shelf.since_base(entity, listing, None)
        except ContractBroken as broken:
            yield Finding(what, ok=False, detail=str(broken), remedy="mend the folder as it says")
            return
        newest = f"up to number {files[-1].stem.number}" if files else "no file yet"
        yield Finding(what, ok=True, detail=f"{len(state.records)} rows, {newest}")
        if series.waiting:
            yield _warned(what, f"not whole yet: number {_told(map(str, sorted(series.waiting)))}", "")
        if not any(stem.kind == COMPLETE for stem in series.files):
            yield _warned(what, "no complete file", "let the till write one: only that can say what is gone")
        refused = [f"{file.stem}.csv" for file in files if file.table.refused]
        if refused:
            yield _warned(what, f"rows were not taken of {_told(refused)}", "answers/ names line, column and complaint")
        if entity in PLACES:
            yield from self._places(entity, {text(one, PLACES[entity]) for one in state.records.values()})

    def _places(self, entity: Entity, shown: AbstractSet[str]) -> Iterator[Finding]:
        """Configured lists and locations of which no row tells."""
        configured = {Entity.PRICE: self._opening.lists, Entity.STOCK: self._opening.locations}.get(entity, ())
        absent = [place for place in configured if place not in shown]
        if absent and shown:
            known = _told(sorted(shown))
            yield _warned(SERIES[entity], f"no row of {_told(absent)}", f"write the name as the till does: {known}")

    def _answers(self, listing: Listing) -> Iterator[Finding]:
        """What the till did not take of ours, which was confirmed before it could say so."""
        for name in sorted(listing.out):
            stem = stem_of(name, ANSWER)
            if stem is None or f"{stem}{MANIFEST}" not in listing.out:
                continue
            form = self._shelf.ours(stem, listing).form
            lines = answered_lines(self._calls.read(OUT, name, listing.out[name], stem.entity.value), form)
            if lines:
                remedy = f"{name} says why: mend it in the till, or where the value comes from"
                yield _warned(f"out/{stem}", f"the till refused line {_told(lines)}", remedy)


def _warned(what: str, detail: str, remedy: str) -> Finding:
    return Finding(what, ok=False, warning=True, detail=detail, remedy=remedy)


def _told(names: Iterable[str]) -> str:
    """A few of them."""
    listed = list(names)
    return ", ".join(listed[:_FEW]) + (f" and {len(listed) - _FEW} more" if len(listed) > _FEW else "")
