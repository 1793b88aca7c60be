"""Memory does not grow with the catalogue: a listing is handed on page by page, and let go of."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from adapters.memory import PAGE
from connector.contract import Channel, Page, Row
from connector.ledger import lanes
from connector.model.entity import Entity
from connector.observe import intake
from connector.observe.absence import sweep
from connector.observe.feed import observe
from connector.observe.reading import Tally
from connector.observe.workspace import Workspace
from connector.parts import Lane, Parts
from tests.engine.shop import chain

#: Products of a system that lists fifty a page.
PRODUCTS = 160
#: The page that is merged, and the one that was just left.
AT_ONCE = 2 * PAGE


class Id(str):
    """An external id whose end can be watched."""


@dataclass
class Watched:
    """A channel that watches how many ids of its listing somebody still holds when the next page is asked for."""

    inner: Channel
    held: list[int] = field(default_factory=list)
    alive: list[weakref.ref[Id]] = field(default_factory=list)

    @property
    def clock_offset(self) -> timedelta:
        return self.inner.clock_offset

    def changes(self, entity: Entity, _cursor: str | None) -> Iterator[Page]:
        return self._watch(self.inner.changes(entity, None))

    def sweep(self, entity: Entity) -> Iterator[Page]:
        return self._watch(self.inner.sweep(entity))

    def _watch(self, pages: Iterator[Page]) -> Iterator[Page]:
        for page in pages:
            gc.collect()
            self.held.append(sum(one() is not None for one in self.alive))
            yield replace(page, rows=[self._watched(row) for row in page.rows])

    def _watched(self, row: Row) -> Row:
        id_ = Id(row.external_id)
        self.alive.append(weakref.ref(id_))
        return replace(row, external_id=id_)


def test_an_approval_lets_go_of_what_it_has_linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Strangers are met a page at a time, and the records that they become are not kept until the last one."""
    held: list[int] = []
    with chain(tmp_path) as built:
        for number in range(6):
            built.add_product(f"A-{number}")
        lane = built.parts.lane("erp", Entity.PRODUCT)
        observe(built.parts, lane)
        take = intake.take_observations

        def counted(workspace: Workspace, *given: Any, **more: Any) -> None:
            held.append(len(workspace.known))
            take(workspace, *given, **more)

        monkeypatch.setattr(intake, "take_observations", counted)
        with built.parts.ledger.write() as session:
            lanes.save(session, "erp", Entity.PRODUCT, approved_at=session.now)
            workspace = Workspace(session, built.parts.topology, built.parts.moment(session))
            tally = intake.retry_strangers(workspace, lane, intake.UNAPPROVED, limit=2)
        waiting = built.strangers("erp")
    assert ([0, 0, 0], 6, {}) == (held, tally.created, waiting)


@pytest.mark.parametrize("read", [observe, sweep])
def test_a_page_is_let_go_of_once_it_is_merged(tmp_path: Path, read: Callable[[Parts, Lane], Tally]) -> None:
    """Neither a change feed nor a sweep keeps the rows, or even the ids, of the pages that it has taken."""
    with chain(tmp_path) as built:
        for number in range(PRODUCTS):
            built.add_product(f"A-{number}")
        built.match()
        channel = Watched(built.parts.open_channel("shop"))
        parts = replace(built.parts, open_channel=lambda _name: cast(Channel, cast(Any, channel)))
        tally = read(parts, parts.lane("shop", Entity.PRODUCT))
    assert (PRODUCTS, PRODUCTS) == (tally.rows, len(channel.alive))
    assert AT_ONCE >= max(channel.held), channel.held
