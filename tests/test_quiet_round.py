"""What a round costs in which nothing has happened: one call per feed, and no write (sync-model 7).

The shop of the demo, on stand-ins in this process, read and written over HTTP by the real adapters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path

import pytest
from dotenv import dotenv_values
from sqlalchemy import event

from adapters.magento2.prices import READ_BATCH
from connector.config import load_config
from connector.config.model import Config
from connector.ledger.engine import open_ledger
from connector.model.entity import Entity
from connector.observe.feed import observe
from connector.observe.first_contact import approve
from connector.parts import Parts, Scope
from connector.round import Report, read_facts, run_round
from connector.wiring import assembled
from sandbox import exact_online, lightspeed_x, magento2
from sandbox.demo.floor import System
from sandbox.demo.shop import furnish
from sandbox.stand import Options, Stand

BUILDERS: Mapping[str, Callable[[Options], Stand]] = {
    "exact": exact_online.build,
    "webshop": magento2.build,
    "store": lightspeed_x.build,
}
PRODUCTS, CUSTOMERS = 40, 20
#: Longer than any feed is read again for rows that were committed late.
ROUND_S = 200
#: Beside the feeds, the ERP's division is looked at once in a quarter of an hour.
DIVISION = "GET /api/v1/<division>/system/Divisions"
LOG_IN = "POST /api/oauth2/token"
#: Reads that have no feed: figures and prices are compared, and a partial shipment moves no order's date.
WITHOUT_FEED = ("source-items", "-information")


@dataclass
class Shop:
    """The stand-ins and the connector between them, a round every few minutes."""

    stands: Mapping[str, Stand]
    parts: Parts
    ahead: list[timedelta]

    def match(self) -> None:
        lanes = self.parts.lanes(Scope())
        read_facts(self.parts, Scope(), Report())
        for lane in lanes:
            observe(self.parts, lane)
        approve(self.parts, lanes)

    def round(self) -> Report:
        self.ahead[0] += timedelta(seconds=ROUND_S)
        for stand in self.stands.values():
            stand.clock.advance(ROUND_S)
        return run_round(self.parts, Scope())

    def settle(self) -> None:
        """Rounds until nothing moves, and until no feed repeats what came last."""
        while self.round().written:
            assert self.ahead[0] < timedelta(hours=1), "it does not become quiet"
        self.round()
        self.round()

    def quiet_rounds(self, count: int) -> list[dict[str, Counter[str]]]:
        """The calls of some rounds, by system; none of them writes or fails."""
        rounds = []
        for _ in range(count):
            before = self._counted()
            report = self.round()
            assert (0, {}) == (report.written, report.errors)
            rounds.append({name: counted - before[name] for name, counted in self._counted().items()})
        return rounds

    def _counted(self) -> dict[str, Counter[str]]:
        return {name: Counter(stand.calls.as_json()["counters"]) for name, stand in self.stands.items()}


@contextmanager
def shop(folder: Path, entities: tuple[Entity, ...]) -> Iterator[Shop]:
    options = Options(profile="demo", limits=False, products=PRODUCTS, customers=CUSTOMERS)
    with ExitStack() as stack:
        stands: dict[str, Stand] = {}
        for name, build in BUILDERS.items():
            stands[name] = build(options)
            stands[name].start()
            stack.callback(stands[name].close)
        furnish(folder, {name: System(name, stand.announce()) for name, stand in stands.items()})
        ahead = [timedelta(0)]
        parts = stack.enter_context(assembled(_config(folder, entities), now=lambda: datetime.now(UTC) + ahead[0]))
        yield Shop(stands, parts, ahead)


def _config(folder: Path, entities: tuple[Entity, ...]) -> Config:
    """The demo's configuration, of these entities only; the first refresh token stands in it instead of being typed."""
    file = folder / "config.toml"
    secret = 'client_secret = "env:EXACT_CLIENT_SECRET"'
    file.write_text(file.read_text().replace(secret, f'{secret}\nrefresh_token = "env:EXACT_REFRESH_TOKEN"'))
    environ = {name: value for name, value in dotenv_values(folder / ".env").items() if value is not None}
    config = load_config(file, environ=environ)
    open_ledger(config.ledger_url).close()
    return replace(config, sync={entity: one for entity, one in config.sync.items() if entity in entities})


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """All four entities, stock both ways, linked and quiet."""
    with shop(tmp_path_factory.mktemp("everything"), tuple(Entity)) as built:
        built.match()
        built.settle()
        yield built


def feeds(calls: Counter[str]) -> Counter[str]:
    return Counter({call: count for call, count in calls.items() if call not in (DIVISION, LOG_IN)})


def test_the_erp_is_asked_once_per_feed(everything: Shop) -> None:
    """Eleven at most, the deliveries of every half hour and the look at the division included."""
    for calls in everything.quiet_rounds(12):
        asked = calls["exact"] - Counter({LOG_IN: 1})
        assert asked.total() <= 11, asked
        assert {1} == set(asked.values()), asked


def test_the_shop_is_asked_once_per_feed_and_for_what_has_none(everything: Shop) -> None:
    """Five, and beside them a page of open orders, the pages of source items, and the rolling share of prices."""
    (calls,) = (one["webshop"] for one in everything.quiet_rounds(1))
    figures = ceil(4 * PRODUCTS / 300)
    shares = 3 * ceil(PRODUCTS / READ_BATCH)
    without = Counter({call: count for call, count in calls.items() if any(part in call for part in WITHOUT_FEED)})

    assert figures + shares == without.total(), without
    assert (calls - without).total() <= 5 + 1, calls - without


def test_the_till_is_asked_once_per_feed(everything: Shop) -> None:
    """Also the feed of products, behind which two lanes stand."""
    for calls in everything.quiet_rounds(2):
        asked = {call: count for call, count in calls["store"].items() if "outlets" not in call}
        wanted = ("products", "price_book_products", "price_books", "customers", "inventory", "sales")
        assert dict.fromkeys(sorted(wanted), 1) == {call.rpartition("/")[2]: asked[call] for call in sorted(asked)}


def test_an_unchanged_row_costs_no_statement(everything: Shop) -> None:
    """What the ledger is asked in a quiet round does not depend on how many rows were read."""
    lane = everything.parts.lane("webshop", Entity.STOCK)
    statements: list[str] = []
    engine = everything.parts.ledger.database.engine
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    rows = observe(everything.parts, lane).rows

    assert rows >= 3 * PRODUCTS
    assert len(statements) < 30, Counter(statements).most_common(5)


def test_products_and_prices_alone_cost_three_calls_at_the_erp(tmp_path: Path) -> None:
    """Items, prices and the one feed of deletions."""
    with shop(tmp_path, (Entity.PRODUCT, Entity.PRICE)) as built:
        built.match()
        built.settle()
        (calls,) = built.quiet_rounds(1)

    assert {1} == set(feeds(calls["exact"]).values())
    assert 3 == feeds(calls["exact"]).total(), calls["exact"]
