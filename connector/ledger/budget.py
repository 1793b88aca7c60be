"""The calls a channel may make: counted in the ledger, shared by every process, corrected by the server.

Every call is announced in a transaction of its own, so two processes never spend one call twice.
Such a commit is not flushed to the disk (``durable=False``): it survives the death of the process,
and after a loss of power the server's own headers say better what is left. That keeps an
announcement well under a millisecond without handing out blocks of calls in advance, which a
process that dies would take with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Any, Final

from sqlalchemy import Connection, bindparam, insert, select, update

from connector.contract import Limit
from connector.errors import RateLimited
from connector.ledger.engine import Database
from connector.ledger.tables import budget

#: The lane for which a floor is kept.
STOCK: Final = "stock"

#: Budgets of errors per endpoint (``errors:/path``) are spent by that purpose alone.
ERRORS: Final = "errors"

#: A window that turns over sooner needs no floor: stock waits for it at most this long (seconds).
_FLOOR_FROM_S: Final = 60

#: Two statements of one reset may differ by this much: whole seconds, and headers read at different moments.
_SAME_RESET: Final = timedelta(seconds=2)


@dataclass(frozen=True)
class Allowance:
    """One budget at one moment: ``remaining`` of ``limit`` calls until ``resets_at``; windows in seconds.

    ``learned``: the server has said so; otherwise it is the adapter's assumption.
    """

    name: str
    limit: int
    remaining: int
    window_s: int
    resets_at: datetime
    learned: bool = False

    def at(self, now: datetime) -> Allowance:
        """The same budget later: full again in the window that contains ``now``."""
        if now < self.resets_at:
            return self
        window = timedelta(seconds=max(1, self.window_s))
        passed = (now - self.resets_at) // window + 1
        return replace(self, remaining=self.limit, resets_at=self.resets_at + passed * window)

    @property
    def counts_calls(self) -> bool:
        """Whether every call spends it; a budget of errors is spent by errors alone."""
        return not self.name.startswith(ERRORS)

    def spent_at(self, calls: int, now: datetime) -> datetime:
        """The earliest moment at which the last of so many calls may be made."""
        if calls <= self.remaining:
            return now
        windows = (calls - self.remaining - 1) // self.limit
        return self.resets_at + windows * timedelta(seconds=self.window_s)

    def reserved_for_stock(self, share: Decimal) -> int:
        """Calls of this window that only stock may make."""
        if self.window_s <= _FLOOR_FROM_S or not self.counts_calls:
            return 0
        return int((self.limit * share).to_integral_value(ROUND_CEILING))

    def corrected(self, said: Limit, now: datetime) -> Allowance:
        """What the server says, without giving back calls that are announced but not yet counted there.

        An answer from a window that has passed changes nothing. In the window we know, and where so
        far we had only assumed one, the lower of the two counts holds; in another one, the server's.
        """
        if said.resets_at <= now:
            return self
        same = not self.learned or abs(said.resets_at - self.resets_at) <= _SAME_RESET
        ours = said.limit - (self.limit - self.remaining) if same else said.remaining
        remaining = max(0, min(ours, said.remaining))
        return replace(self, limit=said.limit, remaining=remaining, resets_at=said.resets_at, learned=True)


def charged(
    allowances: Iterable[Allowance], purpose: str, calls: int, *, channel: str, floor_share: Decimal
) -> Sequence[Allowance]:
    """The budgets after these calls, or RateLimited until the last of those that have run out resets.

    A purpose of ``errors:…`` spends the budget of that name alone, every other one all that count
    calls. ``calls`` 0 asks whether one more may be made. A single announcement larger than a whole
    budget is let through when that is full: it could never be paid otherwise.
    """
    spent = [each for each in allowances if _counts(each, purpose)]
    short = [each for each in spent if _room(each, purpose, floor_share) < max(1, min(calls, each.limit))]
    if short:
        until = max(each.resets_at for each in short)
        names = ", ".join(f"{each.name} {each.remaining}/{each.limit}" for each in short)
        raise RateLimited(f"the budget for {purpose} is used up: {names}", until=until, channel=channel)
    return [replace(each, remaining=max(0, each.remaining - calls)) for each in spent]


def _counts(allowance: Allowance, purpose: str) -> bool:
    return allowance.name == purpose if purpose.startswith(ERRORS) else allowance.counts_calls


def _room(allowance: Allowance, purpose: str, floor_share: Decimal) -> int:
    floor = 0 if purpose == STOCK else allowance.reserved_for_stock(floor_share)
    return allowance.remaining - floor


class ChannelBudget:
    """The :class:`~connector.contract.Budget` of one channel; threads and processes share what is in the ledger.

    Args:
        assumed: (name, calls, seconds) until the server says otherwise. One named ``errors`` holds for
            every endpoint's own ``errors:…``.
        floor_share: of each window longer than a minute, what only stock may use.
        now: the clock, aware UTC.
    """

    def __init__(
        self,
        database: Database,
        channel: str,
        assumed: Sequence[tuple[str, int, int]],
        *,
        now: Callable[[], datetime],
        floor_share: Decimal = Decimal("0.1"),
    ) -> None:
        self._database = database
        self._channel = channel
        self._assumed = {name: (calls, seconds) for name, calls, seconds in assumed}
        self._now = now
        self._floor_share = floor_share

    def spend(self, purpose: str, calls: int = 1) -> None:
        """Announce calls before they are made; RateLimited, and nothing spent, where they may not be made."""
        now = self._now()
        with self._database.write(durable=False) as connection:
            known = _load(connection, self._channel)
            present = self._present(known, purpose, now)
            _store(
                connection,
                self._channel,
                known,
                charged(present.values(), purpose, calls, channel=self._channel, floor_share=self._floor_share),
            )

    def learn(self, limits: Sequence[Limit]) -> None:
        """Correct the budgets by the server's own words; names it invents become budgets of their own.

        Most answers say nothing new, and cost a look only.
        """
        now = self._now()
        with self._database.read() as connection:
            known = _load(connection, self._channel)
        if all(known.get(said.name) == self._corrected(known, said, now) for said in limits):
            return
        with self._database.write(durable=False) as connection:
            known = _load(connection, self._channel)
            _store(connection, self._channel, known, [self._corrected(known, said, now) for said in limits])

    def allowances(self) -> Sequence[Allowance]:
        """What is left now, for ``status``, ``plan`` and the dashboard; nothing is spent."""
        now = self._now()
        with self._database.read() as connection:
            known = _load(connection, self._channel)
        return sorted(self._present(known, "", now).values(), key=lambda each: (each.window_s, each.name))

    def _present(self, known: Mapping[str, Allowance], purpose: str, now: datetime) -> dict[str, Allowance]:
        """All budgets as of now: those in the ledger, and the assumed ones that are not there yet."""
        names = {name for name in self._assumed if name != ERRORS}
        if purpose.startswith(ERRORS) and ERRORS in self._assumed:
            names.add(purpose)
        assumed = {name: self._assumption(name, now) for name in names - known.keys()}
        return {name: each.at(now) for name, each in {**assumed, **known}.items()}

    def _assumption(self, name: str, now: datetime) -> Allowance:
        calls, seconds = self._assumed[name] if name in self._assumed else self._assumed[ERRORS]
        return Allowance(name, calls, calls, seconds, now + timedelta(seconds=seconds))

    def _corrected(self, known: Mapping[str, Allowance], said: Limit, now: datetime) -> Allowance:
        if said.name in known:
            before = known[said.name].at(now)
        elif said.name in self._assumed or (said.name.startswith(ERRORS) and ERRORS in self._assumed):
            before = self._assumption(said.name, now)
        else:
            window_s = max(1, round((said.resets_at - now).total_seconds()))
            before = Allowance(said.name, said.limit, said.limit, window_s, said.resets_at)
        return before.corrected(said, now)


def _load(connection: Connection, channel: str) -> dict[str, Allowance]:
    rows = connection.execute(_OF_CHANNEL, {"of_channel": channel})
    return {row.name: Allowance(row.name, *row[2:]) for row in rows}


def _store(connection: Connection, channel: str, known: Mapping[str, Allowance], after: Sequence[Allowance]) -> None:
    changed = [each for each in after if known.get(each.name) != each]
    for statement, rows in (
        (_CHANGE, [_row(channel, each) for each in changed if each.name in known]),
        (_ADD, [_row(channel, each) for each in changed if each.name not in known]),
    ):
        if rows:
            connection.execute(statement, rows)


def _row(channel: str, allowance: Allowance) -> dict[str, Any]:
    return {
        "of_channel": channel,
        "of_name": allowance.name,
        "limit_": allowance.limit,
        "remaining": allowance.remaining,
        "window_s": allowance.window_s,
        "resets_at": allowance.resets_at,
        "learned": allowance.learned,
    }


_OF_CHANNEL: Final = select(budget).where(budget.c.channel == bindparam("of_channel"))
_CHANGE: Final = update(budget).where(
    budget.c.channel == bindparam("of_channel"), budget.c.name == bindparam("of_name")
)
_ADD: Final = insert(budget).values(channel=bindparam("of_channel"), name=bindparam("of_name"))
