"""Making and changing many records in one call, which is one transaction: all or nothing (NOTES section 10).

A hundred in one call cost what three cost one by one, and one bad row refuses them all. What is said of it then
is not to be relied on: `load` blames the first row of a batch for a barcode of the second. So a refused batch
is halved until the bad rows stand alone: few calls for few bad rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby
from typing import Any, Final, TypeAlias, TypeVar

from adapters.odoo.api import Odoo
from adapters.odoo.errors import BadValue, NoAccess, NoSuchMethod, refusal
from adapters.odoo.results import behind
from adapters.odoo.rights import may
from connector.contract import Evidence
from connector.errors import (
    AmbiguousWrite,
    AuthFailed,
    ChannelError,
    ContractBroken,
    Gone,
    RateLimited,
    Rejected,
    Transient,
)

#: Where external ids live that come from imports: no update of any module clears it, as one of a module of
#: that name would clear what it does not know.
_MODULE: Final = "__import__"

Values = Mapping[str, Any]
_Sent = TypeVar("_Sent")
_Told = TypeVar("_Told")
_Send: TypeAlias = Callable[[Sequence[_Sent]], Sequence[_Told]]


@dataclass(frozen=True)
class New:
    """A record to be made, under the name by which it can be found again."""

    token: str
    values: Values


@dataclass(frozen=True)
class Change:
    """New values of a record."""

    id: int
    values: Values


@dataclass(frozen=True)
class Made:
    """What became of a new record: its id as soon as there is one, also beside an error."""

    id: int | None = None
    error: ChannelError | None = None


class Records:
    """Making and changing records of one model."""

    def __init__(self, odoo: Odoo, model: str, purpose: str, context: Mapping[str, Any]) -> None:
        self._odoo = odoo
        self._model = model
        self._purpose = purpose
        self._context = dict(context)
        self._takes_many = True

    def create(self, rows: Sequence[New]) -> list[Made]:
        """What became of each row, in their order. Raises what stops them all only while nothing was made.

        They are imported, because that alone leaves a mark of ours that an ordinary user may leave; what an
        import cannot say, records within records, is written right behind it.
        """
        kinds = self._odoo.fields(self._model)
        parts = [_divided(row, kinds) for row in rows]
        batches = _alike([plain for plain, _ in parts], lambda new: tuple(sorted(new.values)))
        made = [
            Made(error=outcome) if isinstance(outcome, ChannelError) else Made(outcome)
            for outcome in _in_order(batches, halved([new for _, new in batches], self._load_twice))
        ]
        within = [place for place, (_, nested) in enumerate(parts) if nested and made[place].id is not None]
        errors = behind([Change(made[place].id or 0, parts[place][1]) for place in within], self.update)
        for place, error in zip(within, errors, strict=True):
            made[place] = replace(made[place], error=error)
        return made

    def update(self, changes: Sequence[Change]) -> list[ChannelError | None]:
        """What became of each change, in their order; None: done. Raises as :meth:`create` does."""
        if self._takes_many and len(_alike(changes, _spelled)) > 1:
            try:
                return halved([changes], self._allowed(self._save))
            except NoSuchMethod:
                self._takes_many = False
        batches = _alike(changes, _spelled)
        return _in_order(batches, halved([batch for _, batch in batches], self._allowed(self._write)))

    def call(self, method: str, ids: Sequence[int]) -> list[ChannelError | None]:
        """A method that changes records and returns nothing, for all of them at once."""

        def send(some: Sequence[int]) -> list[None]:
            self._odoo.write(self._model, method, self._purpose, ids=list(some), context=self._context)
            return [None] * len(some)

        return halved([ids], self._allowed(send))

    def _allowed(self, send: _Send[_Sent, _Told]) -> _Send[_Sent, _Told]:
        """A record that a rule keeps from this user is that row's matter, as long as others may be written."""

        def tried(rows: Sequence[_Sent]) -> Sequence[_Told]:
            try:
                return send(rows)
            except NoAccess as wrong:
                if not may(self._odoo, self._model, "write", self._purpose):
                    raise
                remedy = "give the key's user the right to this record, or unlink it"
                raise Rejected("a rule keeps this record from the key's user", remedy=remedy) from wrong

        return tried

    def made_by(self, token: str) -> Evidence | None:
        """The record that was made under this token; None where this user cannot ask."""
        try:
            named = self._odoo.read(
                "ir.model.data",
                "check_object_reference",
                self._purpose,
                module=_MODULE,
                xml_id=_mark(token),
                context={"active_test": False},  # it may be archived by now
            ).value
        except BadValue:
            return Evidence(landed=False)
        except (AuthFailed, NoSuchMethod):
            return None
        if not isinstance(named, list) or len(named) != 2 or named[0] != self._model:
            raise ContractBroken("ir.model.data.check_object_reference answered no record")
        # false: it is there, and a rule keeps it from this user
        return Evidence(landed=True, external_id=str(named[1])) if type(named[1]) is int else None

    def _load_twice(self, rows: Sequence[New]) -> list[int]:
        """An import tells a lost transaction like any refusal: a row that stands alone is tried once more."""
        try:
            return self._load(rows)
        except Rejected:
            if len(rows) > 1:
                raise
        return self._load(rows)

    def _load(self, rows: Sequence[New]) -> list[int]:
        kinds = self._odoo.fields(self._model)
        names = sorted(rows[0].values)
        told = self._odoo.write(
            self._model,
            "load",
            self._purpose,
            fields=["id", *(_column(name, kinds[name]) for name in names)],
            data=[
                [f"{_MODULE}.{_mark(row.token)}", *(_cell(row.values[name], kinds[name]) for name in names)]
                for row in rows
            ],
            context=self._context | {"tz": "UTC"},  # an import takes moments for the user's wall time
        )
        ids = told.get("ids") if isinstance(told, dict) else None
        if ids is False:
            if not may(self._odoo, self._model, "create", self._purpose):  # told as if each row were at fault
                raise AuthFailed(f"{self._model}.load: the key's user may not create any")
            raise refusal(f"{self._model}.load", told["messages"], {_column(name, kinds[name]): name for name in names})
        return _ids(ids, rows, f"{self._model}.load")

    def _save(self, changes: Sequence[Change]) -> list[None]:
        """Different values for many in one call, which versions from 19 on have."""
        self._odoo.write(
            self._model,
            "web_save_multi",
            self._purpose,
            ids=[one.id for one in changes],
            vals_list=[dict(one.values) for one in changes],
            specification={},
            context=self._context,
        )
        return [None] * len(changes)

    def _write(self, changes: Sequence[Change]) -> list[None]:
        """The same values for many."""
        ids, values = [one.id for one in changes], dict(changes[0].values)
        self._odoo.write(self._model, "write", self._purpose, ids=ids, vals=values, context=self._context)
        return [None] * len(changes)


def create(odoo: Odoo, model: str, rows: Sequence[Values], purpose: str, context: Values) -> list[int | ChannelError]:
    """The ids of new records without a mark, in the order of the rows; or why there is none."""

    def send(some: Sequence[Values]) -> list[int]:
        ids = odoo.write(model, "create", purpose, vals_list=[dict(row) for row in some], context=dict(context))
        return _ids(ids, some, f"{model}.create")

    return halved([rows], send)


def halved(
    batches: Sequence[Sequence[_Sent]], send: Callable[[Sequence[_Sent]], Sequence[_Told]]
) -> list[_Told | ChannelError]:
    """What became of each row of the batches, in their order.

    ``send`` makes one call for a batch and answers for each of its rows, or raises for all of them, and then
    nothing of it was done. Raises what stops everything only while nothing was done.
    """
    outcomes: list[_Told | ChannelError] = []
    total = sum(map(len, batches))
    left = [batch for batch in batches if batch]
    while left:
        batch = left.pop(0)
        try:
            outcomes += send(batch)
        except NoSuchMethod:
            raise
        except (RateLimited, AuthFailed, Transient) as stop:
            if not outcomes:
                raise
            return outcomes + [stop] * (total - len(outcomes))
        except AmbiguousWrite as lost:
            outcomes += [lost] * len(batch)
        except (Rejected, ContractBroken, Gone) as wrong:
            middle = len(batch) // 2
            if middle:
                left[:0] = [batch[:middle], batch[middle:]]
            else:
                outcomes.append(wrong)
    return outcomes


def _ids(told: Any, rows: Sequence[Any], call: str) -> list[int]:
    """An id for each row."""
    if not isinstance(told, list) or len(told) != len(rows) or not all(type(one) is int for one in told):
        raise AmbiguousWrite(f"{call} answered no id for each row")
    return told


def _divided(row: New, kinds: Mapping[str, str]) -> tuple[New, Values]:
    """What an import can say of a new record, and what it cannot; None leaves the server's own default."""
    given = {name: value for name, value in row.values.items() if value is not None}
    nested = {name: value for name, value in given.items() if kinds.get(name) == "one2many"}
    return New(row.token, {name: value for name, value in given.items() if name not in nested}), nested


def _alike(rows: Sequence[_Sent], of: Callable[[_Sent], Any]) -> list[tuple[list[int], list[_Sent]]]:
    """Rows that go together in one call, with their places."""
    places = sorted(range(len(rows)), key=lambda place: of(rows[place]))
    groups = [list(group) for _, group in groupby(places, key=lambda place: of(rows[place]))]
    return [(group, [rows[place] for place in group]) for group in groups]


def _in_order(batches: Sequence[tuple[list[int], Any]], outcomes: Sequence[_Told]) -> list[_Told]:
    """Outcomes of grouped rows at the places of these."""
    places = [place for group, _ in batches for place in group]
    return [outcome for _, outcome in sorted(zip(places, outcomes, strict=True), key=lambda one: one[0])]


def _spelled(change: Change) -> str:
    return repr(sorted(change.values.items()))


def _mark(token: str) -> str:
    return f"connector_{token}"


def _column(name: str, kind: str) -> str:
    return f"{name}/.id" if kind in ("many2one", "many2many") else name


def _cell(value: Any, kind: str) -> str:
    """A value as an import reads it: all of it is text."""
    if kind == "many2many":
        ((_, _, ids),) = value
        return ",".join(map(str, ids))
    if isinstance(value, bool):
        return str(int(value))
    return format(value, "f") if isinstance(value, Decimal) else str(value)
