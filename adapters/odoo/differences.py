"""Booking differences of stock, and finding them again.

There is no call that adds pieces. A count can be made to: a row's counted quantity is set to its own quantity
and m more; the server then states the difference, which has to be m; and applying it books that difference as a
transfer. Should a till sell in between, the server applies nothing of the whole call and answers the description
of a dialog, as a success (NOTES section 5): the rows are counted again.

Counts are applied through the server's own form for it. That leaves alone what is not counted any more, which
the bare method takes for a count of **zero**; and it gives the transfers a name, in which the marks of the
writes stand. By these they are found again: a receipt is a transfer that is there, not a call that came back.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from adapters.odoo import batches
from adapters.odoo.api import Odoo
from adapters.odoo.feeds import Domain
from adapters.odoo.places import Places
from adapters.odoo.rows import listed
from adapters.odoo.sums import pieces
from adapters.odoo.tracked import is_tracked
from connector.contract import Opening, RowResult, Write
from connector.errors import (
    AmbiguousWrite,
    AuthFailed,
    ConnectorError,
    ContractBroken,
    Gone,
    RateLimited,
    Rejected,
    Stale,
    Transient,
)

#: Rows that are counted and applied together; as many marks stand in a transfer's name.
WRITE_BATCH: Final = 20
#: How often rows are counted again because somebody moved them before they were applied.
_TRIES: Final = 6
#: Nothing is applied later than this after a write began: by ``lands_within_s`` it has to have taken effect.
_LATEST: Final = timedelta(minutes=1)
_PURPOSE: Final = "stock"
_QUANTS: Final = "stock.quant"
_FORM: Final = "stock.inventory.adjustment.name"
_WORD: Final = "connector"
_MARK_BYTES: Final = 4
_COUNTING: Final = {"inventory_mode": True}
_QUANT_FIELDS: Final = (
    "product_id",
    "location_id",
    "quantity",
    "inventory_diff_quantity",
    "inventory_quantity_set",
    "user_id",
)
_WAITS: Final = "somebody's count is not applied yet: apply or clear it under Inventory, Physical Inventory"
_ROUNDED: Final = "the server keeps fewer decimals of this product's quantity"


@dataclass(frozen=True, eq=False)
class Line:
    """One difference to be booked at one location; each is only itself."""

    write: Write
    product: int
    location: int

    @property
    def pieces(self) -> Decimal:
        return self.write.difference or Decimal(0)

    @property
    def at(self) -> tuple[int, int]:
        return self.product, self.location

    def done(self) -> RowResult:
        return RowResult(self.write.token, f"{self.product}:{self.location}")


@dataclass(frozen=True)
class Quant:
    """A row of the server without lot, package and owner; ``counter`` is who has counted it, 0 where nobody has said.

    ``counted``: a count is set there that was not applied yet. ``difference``: what applying it would book.
    """

    id: int
    quantity: Decimal
    difference: Decimal
    counted: bool
    counter: int


class Differences:
    """The signed differences that we book in one database."""

    def __init__(self, odoo: Odoo, opening: Opening, places: Places) -> None:
        self._odoo = odoo
        self._now = opening.now
        self._places = places

    def write(self, writes: Sequence[Write]) -> list[RowResult]:
        """Book them, some in a call. Raises what stops them all only while nothing was applied."""
        results: list[RowResult] = []
        left = deque((batch, _TRIES) for batch in _batches(self._lines(writes, results)))
        latest = self._now() + _LATEST
        while left:
            lines, tries = left.popleft()
            try:
                done, again = self._once(lines, latest)
            except (RateLimited, AuthFailed, Transient) as stop:
                if all(result.error is not None and not _is_in_doubt(result) for result in results):
                    raise
                return results + [_failed(line, stop) for some, _ in ((lines, 0), *left) for line in some]
            except (Rejected, ContractBroken) as wrong:
                middle = len(lines) // 2
                left.extendleft((half, tries) for half in (lines[middle:], lines[:middle]) if middle)
                done, again = ([] if middle else self._given_up(lines, wrong)), []
            results += done
            if again and tries > 1:
                left.appendleft((again, tries - 1))
            elif again:
                results += self._given_up(again, Stale("its stock moved each time before our count was applied"))
        return results

    def landed(self, write: Write) -> bool:
        """Whether a transfer that is done bears the write's mark."""
        product, location = self._at(write)
        transfers = self._transfers([["reference", "like", _mark(write)], ["product_id", "=", product]])
        return any(
            location in (one["location_id"], one["location_dest_id"]) and _mark(write) in str(one["reference"]).split()
            for one in transfers
        )

    def _lines(self, writes: Sequence[Write], results: list[RowResult]) -> list[Line]:
        """What is to be booked; what cannot be, and what is nothing, goes to the results."""
        lines: list[Line] = []
        for write in writes:
            try:
                line = Line(write, *self._at(write))
            except Rejected as wrong:
                results.append(RowResult(write.token, write.external_id, error=wrong))
                continue
            if write.difference is None:
                results.append(_failed(line, Rejected("a stock figure is written as a difference here")))
            elif not write.difference:
                results.append(line.done())
            else:
                lines.append(line)
        refused = self._refused(lines)
        results += [_failed(line, refused[line.product]) for line in lines if line.product in refused]
        return [line for line in lines if line.product not in refused]

    def _at(self, write: Write) -> tuple[int, int]:
        """The product and the location that a write is of."""
        product, _, location = write.external_id.partition(":")
        return int(product or write.parent_id), int(location or self._places.called(write.place).root)

    def _refused(self, lines: Sequence[Line]) -> dict[int, ConnectorError]:
        """Products of which no difference can be booked, with the reason."""
        ids = sorted({line.product for line in lines})
        if not ids:
            return {}
        flag, _, value = is_tracked(self._odoo)
        there = {row["id"]: row for row in self._listed("product.product", [["id", "in", ids]], flag, "tracking")}
        refused: dict[int, ConnectorError] = {id_: Gone("the product is not there") for id_ in ids if id_ not in there}
        for id_, row in there.items():
            if row[flag] != value:
                remedy = "let the product track its inventory, or tracks_stock be off in the system that owns it"
                refused[id_] = Rejected("no stock is kept of this product", remedy=remedy)
            elif row["tracking"] != "none":
                remedy = "count it in Odoo, or make stock one-way for this channel"
                refused[id_] = Rejected("its pieces have lot or serial numbers, which nobody here knows", remedy=remedy)
        return refused

    def _once(self, lines: Sequence[Line], latest: datetime) -> tuple[list[RowResult], list[Line]]:
        """Count and apply: what became of lines, and those to be counted again. Raises only if nothing was applied."""
        quants = self._quants([line.at for line in lines])
        waiting = {line for line in lines if any(self._is_somebodys(quant) for quant in quants[line.at])}
        results = [_failed(line, Transient(_WAITS)) for line in lines if line in waiting]
        before = {line: self._own(quants[line.at]) for line in lines if line not in waiting}
        counted = self._counted(before, results)
        try:
            right, again = self._checked(counted, before, results)
            applied = self._applied(right, latest)
        except (RateLimited, AuthFailed, Transient):
            self._take_back(list(counted))
            raise
        return (results, again + list(right)) if applied is None else (results + applied, again)

    def _checked(
        self, counted: Mapping[Line, int], before: Mapping[Line, Decimal], results: list[RowResult]
    ) -> tuple[dict[Line, int], list[Line]]:
        """Counts that will book exactly our pieces, and lines whose rows moved before they were counted."""
        after = self._by_id(counted.values())
        right, again = dict[Line, int](), list[Line]()
        for line, id_ in counted.items():
            quant = after.get(id_)
            if quant is not None and quant.difference == line.pieces:
                right[line] = id_
            elif quant is not None and quant.quantity == before[line]:
                results += self._given_up([line], Rejected(_ROUNDED, remedy="give its unit more decimals in Odoo"))
            else:
                again.append(line)
        return right, again

    def _counted(self, before: Mapping[Line, Decimal], results: list[RowResult]) -> dict[Line, int]:
        """Set the counts, in one call: the rows that they are on."""
        lines = list(before)
        rows = [
            {
                "product_id": line.product,
                "location_id": line.location,
                "inventory_quantity": before[line] + line.pieces,
            }
            for line in lines
        ]
        outcomes = batches.create(self._odoo, _QUANTS, rows, _PURPOSE, _COUNTING)
        pairs = list(zip(lines, outcomes, strict=True))
        results += [_failed(line, wrong) for line, wrong in pairs if isinstance(wrong, ConnectorError)]
        return {line: id_ for line, id_ in pairs if isinstance(id_, int)}

    def _applied(self, counted: Mapping[Line, int], latest: datetime) -> list[RowResult] | None:
        """Apply the counts of these lines: what became of each; None where the server applied nothing."""
        if not counted:
            return []
        name = " ".join([_WORD, *(_mark(line.write) for line in counted)])
        form = self._form(list(counted.values()), name)
        if self._now() > latest:
            raise Transient("the server was too slow to book this, and is asked again later")
        try:
            answer = self._odoo.write(_FORM, "action_apply", _PURPOSE, ids=[form])
        except AmbiguousWrite as lost:
            return [_failed(line, lost) for line in counted]
        if answer is not None:
            return None
        try:
            booked = self._transfers([["reference", "like", name]])
        except ConnectorError as wrong:
            unread = AmbiguousWrite(f"applied, and not read back: {wrong}")
            return [_failed(line, unread) for line in counted]
        at = {(one["product_id"], one[end]) for one in booked for end in ("location_id", "location_dest_id")}
        gone = Stale("somebody applied or took back the count before we did")
        return [line.done() if line.at in at else _failed(line, gone) for line in counted]

    def _form(self, quants: Sequence[int], name: str) -> int:
        """The form by which these rows will be applied; made, it has done nothing yet."""
        values = {"quant_ids": [[6, 0, list(quants)]], "inventory_adjustment_name": name}
        try:
            (form,) = self._odoo.write(_FORM, "create", _PURPOSE, vals_list=[values])
        except AmbiguousWrite as lost:
            raise Transient(f"nothing was applied: {lost}") from lost
        return int(form)

    def _given_up(self, lines: Sequence[Line], why: ConnectorError) -> list[RowResult]:
        """Lines that are not booked, and the reason."""
        self._take_back(lines)
        return [_failed(line, why) for line in lines]

    def _take_back(self, lines: Sequence[Line]) -> None:
        """Take our counts off the rows, so that nobody applies them by hand."""
        with suppress(ConnectorError):  # one that is left behind is ours to the next write, which replaces it
            found = self._quants([line.at for line in lines])
            ours = [quant.id for quants in found.values() for quant in quants if self._is_ours(quant)]
            values = {"inventory_quantity": 0, "inventory_quantity_set": False, "user_id": False}
            self._odoo.write(_QUANTS, "write", _PURPOSE, ids=ours, vals=values, context=_COUNTING)

    def _own(self, quants: Sequence[Quant]) -> Decimal:
        """What the row shows that a count will be set on: that of our last one, else the one that the server takes."""
        ours = (quant for quant in quants if self._is_ours(quant))
        return next((quant.quantity for quant in (*ours, *quants)), Decimal(0))

    def _is_ours(self, quant: Quant) -> bool:
        return quant.counted and quant.counter == self._uid

    def _is_somebodys(self, quant: Quant) -> bool:
        return quant.counted and quant.counter != self._uid

    @cached_property
    def _uid(self) -> int:
        """The key's user: who has set the counts that are ours."""
        return int(self._odoo.read("res.users", "context_get", _PURPOSE).value["uid"])

    def _quants(self, at: Sequence[tuple[int, int]]) -> dict[tuple[int, int], list[Quant]]:
        """The rows without lot, package and owner of each product and location, in the server's order."""
        found: dict[tuple[int, int], list[Quant]] = {one: [] for one in at}
        products, locations = (sorted({one[n] for one in at}) for n in (0, 1))
        bare = [["lot_id", "=", False], ["package_id", "=", False], ["owner_id", "=", False]]
        domain = [["product_id", "in", products], ["location_id", "in", locations], *bare]
        for row in self._listed(_QUANTS, domain, *_QUANT_FIELDS):
            found.get((row["product_id"], row["location_id"]), []).append(_quant(row))
        return found

    def _by_id(self, ids: Iterable[int]) -> dict[int, Quant]:
        rows = self._listed(_QUANTS, [["id", "in", sorted(ids)]], *_QUANT_FIELDS)
        return {row["id"]: _quant(row) for row in rows}

    def _transfers(self, domain: Domain) -> list[dict[str, Any]]:
        done = [*domain, ["state", "=", "done"]]
        return self._listed("stock.move", done, "reference", "product_id", "location_id", "location_dest_id")

    def _listed(self, model: str, domain: Domain, *fields: str) -> list[dict[str, Any]]:
        return listed(self._odoo, _PURPOSE, model, domain, *fields)


def _quant(row: Mapping[str, Any]) -> Quant:
    return Quant(
        row["id"],
        pieces(row["quantity"]),
        pieces(row["inventory_diff_quantity"]),
        row["inventory_quantity_set"],
        row["user_id"] or 0,
    )


def _batches(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """So many at a time, and none twice at one place, since a row holds one count."""
    left = list(lines)
    while left:
        batch: dict[tuple[int, int], Line] = {}
        for line in left:
            if len(batch) < WRITE_BATCH:
                batch.setdefault(line.at, line)
        yield list(batch.values())
        left = [line for line in left if batch.get(line.at) is not line]


def _failed(line: Line, wrong: ConnectorError) -> RowResult:
    return RowResult(line.write.token, line.write.external_id, error=wrong)


def _is_in_doubt(result: RowResult) -> bool:
    return isinstance(result.error, AmbiguousWrite)


def _mark(write: Write) -> str:
    """Eight characters that stand for the write's token."""
    return hashlib.blake2s(write.token.encode(), digest_size=_MARK_BYTES).hexdigest()
