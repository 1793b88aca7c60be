"""What the tests of the ledger's verbs store, and how they look at it again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from connector.ledger import records
from connector.ledger.engine import Database
from connector.ledger.store import Ledger
from connector.model.binding import Agreed, Provenance
from connector.model.entity import Entity, Key, Value
from connector.model.record import Binding, Known, Record

NOON = datetime(2026, 6, 25, 12, tzinfo=UTC)
TODAY = date(2026, 6, 25)
HOUR = timedelta(hours=1)
BY_ERP = Provenance("erp", NOON, NOON - HOUR, "fast-forward", 7)

#: More than SQLite's oldest limit of variables, and more than two of the ledger's own lists.
MANY = 1001


@dataclass
class Shelf:
    """A ledger whose clock stands still until it is moved; each verb in a transaction of its own."""

    database: Database
    now: datetime = NOON

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.database, lambda: self.now, "run 1")

    def add(self, entity: Entity = Entity.PRODUCT, key: str = "a-1", **columns: object) -> int:
        """A record; answers its id."""
        with self.ledger.write() as session:
            return records.save_record(session, Record(0, entity, key, **{"agreed": {}} | columns))  # type: ignore[arg-type]

    def add_many(self, number: int = MANY) -> list[int]:
        """Products a-0, a-1 …, each bound to the shop's 0, 1 … at addresses at-0, at-1 …."""
        with self.ledger.write() as session:
            ids = [
                records.save_record(session, Record(0, Entity.PRODUCT, f"a-{n}", {}, keys=frozenset({sku(f"a-{n}")})))
                for n in range(number)
            ]
            for n, id_ in enumerate(ids):
                records.save_binding(session, binding(id_, str(n), address=f"at-{n}"))
        return ids

    def bind(self, record_id: int, external_id: str | None, **columns: object) -> Binding:
        """The record's binding to the shop, or to ``channel``; answers it with its id."""
        unsaved = binding(record_id, external_id, **columns)
        with self.ledger.write() as session:
            return replace(unsaved, id=records.save_binding(session, unsaved))

    def bound(self, external_id: str | None, **columns: object) -> int:
        """A new product with this binding; answers the record's id."""
        record_id = self.add(key=f"a-{external_id}")
        self.bind(record_id, external_id, **columns)
        return record_id

    def load(self, record_id: int) -> Known:
        with self.ledger.read() as session:
            return records.load(session, [record_id])[record_id]


def binding(record_id: int, external_id: str | None, **columns: object) -> Binding:
    place = {"channel": "shop", "entity": Entity.PRODUCT} | columns
    return Binding(record_id=record_id, external_id=external_id, **place)  # type: ignore[arg-type]


def sku(text: str) -> Key:
    return Key("sku", text)


def agreed(values: Mapping[str, Value], by: Provenance = BY_ERP) -> dict[str, Agreed]:
    return {name: Agreed(value, by) for name, value in values.items()}


def texts(numbers: Iterable[int]) -> list[str]:
    return [str(number) for number in numbers]
