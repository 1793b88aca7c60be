"""Processes that end at any commit or call, and pages that arrive late."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from connector.contract import Page
from connector.ledger.store import Ledger, Session
from connector.model.entity import Entity
from connector.observe.intake import take_page
from connector.observe.reading import Reading, Tally
from connector.observe.workspace import Workspace
from simulator.chain import Chain


class CrashError(BaseException):
    """The process ends here."""


class FragileLedger(Ledger):
    """A ledger whose process may end before or after any commit."""

    tripwire: Callable[[], None] = staticmethod(lambda: None)

    @contextmanager
    def write(self) -> Iterator[Session]:
        with super().write() as session:
            yield session
            type(self).tripwire()
        type(self).tripwire()


def make_fragile(chain: Chain, step: Callable[[], None]) -> None:
    """``step`` is asked before and after each commit and call from now on, until the process ends."""
    ledger = chain.parts.ledger
    object.__setattr__(chain.parts, "ledger", FragileLedger(ledger.database, ledger.now, ledger.run))
    FragileLedger.tripwire = staticmethod(step)
    for world in chain.worlds.values():
        world.on_call = lambda _moment: step()


def die(chain: Chain, at: int, work: Callable[[], object]) -> None:
    """Work in a process that ends at its n-th step (a commit has two, a write two, a read one); another is started."""
    left = at

    def step() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise CrashError

    make_fragile(chain, step)
    with suppress(CrashError):
        work()
    disarm()
    for world in chain.worlds.values():
        world.on_call = lambda _moment: None
    chain.restart()


def disarm() -> None:
    """No commit ends a process any more."""
    FragileLedger.tripwire = staticmethod(lambda: None)


def hold_back(chain: Chain, channel: str, entity: Entity) -> Callable[[], Tally]:
    """A page of everything is read now; whoever calls what comes back lets it arrive (known failure 34)."""
    sequence = chain.parts.ledger.current_sequence()
    pages = list(chain.parts.open_channel(channel).changes(entity, None))
    return lambda: _arrive(chain, channel, entity, sequence, pages)


def _arrive(chain: Chain, channel: str, entity: Entity, sequence: int, pages: list[Page]) -> Tally:
    tally, parts = Tally(), chain.parts
    for page in pages:
        with parts.ledger.write() as session:
            workspace = Workspace(session, parts.topology, parts.moment(session))
            tally.add(take_page(workspace, Reading(parts.lane(channel, entity), sequence, page.began_at, None), page))
    return tally


def while_on_the_way(chain: Chain, channel: str, entity: Entity, happens: Callable[[], object]) -> None:
    """The next reading of a lane: this happens after the channel has answered, and before its page arrives."""
    remote = chain.parts.open_channel(channel)
    ask = remote.changes

    def slow(asked: Entity, cursor: str | None) -> Iterator[Page]:
        pages = list(ask(asked, cursor))
        if asked is entity:
            remote.changes = ask  # type: ignore[method-assign]  # once
            happens()
        yield from pages

    remote.changes = slow  # type: ignore[method-assign, assignment]  # the page is on its way
