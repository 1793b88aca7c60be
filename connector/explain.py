"""Why a value is what it is: provenance, losing values, what each channel shows, and the whole history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from connector.decide.pays import Row, amount_paid
from connector.decide.turns import Period
from connector.ledger import journal, records
from connector.ledger.journal import Entry
from connector.model.entity import DEPENDENT, Entity, PriceChoice, Value, code_key
from connector.model.record import Known, Record
from connector.observe.absorb import shadow_values
from connector.observe.workspace import Workspace
from connector.parts import Parts
from connector.settle import context_of


@dataclass(frozen=True)
class ExplainedField:
    """One field: its value, who set it, when, by which rule, what each channel shows, and which values lost."""

    field: str
    value: Value
    by: str
    rule: str
    at: datetime | None
    shows: Mapping[str, Value]
    held: Mapping[str, str]
    lost: tuple[str, ...]


@dataclass(frozen=True)
class Paid:
    """What one piece costs today on a channel by the rows that it shows of one price list; ``row`` is the one it takes.

    ``amount`` None: no row applies today, or nobody knows how this system chooses among several.
    """

    channel: str
    amount: Decimal | None
    row: str
    choice: PriceChoice | None


@dataclass(frozen=True)
class Explained:
    """One record with its fields.

    ``pays``: of a price row, what its list comes to on each channel. ``views``: of a stock figure, the
    channels that show the sum of these locations instead, kept at the first of them.
    """

    entity: Entity
    key: str
    life: str
    fields: tuple[ExplainedField, ...]
    channels: Mapping[str, Mapping[str, Value]]
    pays: tuple[Paid, ...] = ()
    views: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class ToldEntry:
    """One line of the history, with its detail in words."""

    at: datetime
    channel: str
    event: str
    field: str
    told: str
    detail: Mapping[str, Any]


def find_records(parts: Parts, entity: Entity, key: str) -> list[int]:
    """Records that a person means by a key: exact, or without regard to case; prices and stock by their product's."""
    with parts.ledger.read() as session:
        if entity in DEPENDENT:
            sku, _, place = key.partition(" ")
            products = _by_key(parts, Entity.PRODUCT, key) or _by_key(parts, Entity.PRODUCT, sku)
            listed = records.dependents(session, entity, products)
            ids = [id_ for found in listed.values() for id_ in found]
            known = records.load(session, ids)
            wanted = [id_ for id_ in ids if place and known[id_].record.key.startswith(place)]
            return wanted or ids
    return _by_key(parts, entity, key)


def _by_key(parts: Parts, entity: Entity, key: str) -> list[int]:
    with parts.ledger.read() as session:
        return records.record_ids(session, entity, key) or records.by_any_key(session, entity, code_key(key))


def explain_record(parts: Parts, record_id: int, only: str | None = None) -> Explained:
    with parts.ledger.read() as session:
        workspace = Workspace(session, parts.topology, parts.moment(session))
        known = workspace.get(record_id)
        parent = workspace.parent_of(known)
        lost = _losers(list(journal.of_record(session, record_id)))
        pays = _paid(parts, workspace, known) if known.record.entity is Entity.PRICE else ()
    record = known.record
    context = context_of(parts.topology, record, None if parent is None else parent.record, parts.today())
    shows: dict[str, Mapping[str, Value]] = {}
    for name, binding in known.bindings.items():
        mapping = parts.topology.sides[name].mapping(record.entity) if name in parts.topology.sides else None
        shows[name] = {} if mapping is None else shadow_values(mapping, binding, context)
    fields = tuple(
        ExplainedField(
            name,
            agreed.value,
            agreed.by.channel,
            agreed.by.rule,
            agreed.by.at,
            {channel: values[name] for channel, values in shows.items() if name in values},
            {
                channel: f"{held.reason}: {held.detail}"
                for channel, binding in known.bindings.items()
                for field_, held in binding.held.items()
                if field_ in ("", name)
            },
            tuple(lost.get(name, ())),
        )
        for name, agreed in record.agreed.items()
        if only in (None, name)
    )
    key = record.key if parent is None else f"{parent.record.key} {record.key}"
    bindings: dict[str, Mapping[str, Value]] = {
        name: {"id": binding.external_id, "state": binding.state, "owed": binding.dirty}
        for name, binding in known.bindings.items()
    }
    return Explained(record.entity, key, record.life, fields, bindings, pays, _views(parts, record))


def _views(parts: Parts, record: Record) -> dict[str, tuple[str, ...]]:
    if record.entity is not Entity.STOCK:
        return {}
    views = parts.topology.sync(Entity.STOCK).views
    return {name: view.locations for name, view in views.items() if parts.topology.figure_place(name) == record.place}


def _paid(parts: Parts, workspace: Workspace, known: Known) -> tuple[Paid, ...]:
    """Each system resolves its rows itself: why one costs less than another (known failure 19)."""
    product = known.record.parent_id or 0
    siblings = records.dependents(workspace.session, Entity.PRICE, [product]).get(product, [])
    workspace.load(siblings)
    rows = [workspace.known[id_] for id_ in siblings if workspace.known[id_].record.place == known.record.place]
    channels = sorted({name for row in rows for name in row.bindings if name in parts.topology.sides})
    return tuple(_paid_there(parts, workspace, channel, rows) for channel in channels)


def _paid_there(parts: Parts, workspace: Workspace, channel: str, rows: list[Known]) -> Paid:
    side = parts.topology.sides[channel]
    shown: dict[str, Row] = {}
    for known in rows:
        binding = known.bindings.get(channel)
        if binding is not None and binding.state == "bound":
            parent = workspace.parent_of(known)
            product = None if parent is None else parent.record
            context = context_of(parts.topology, known.record, product, parts.today())
            shown[known.record.key] = _row(known, shadow_values(side.mappings[Entity.PRICE], binding, context))
    choice = side.can(Entity.PRICE).choice
    row, amount = amount_paid(shown, choice, parts.today()) or ("", None)
    return Paid(channel, amount, row, choice)


def _row(known: Known, shows: Mapping[str, Value]) -> Row:
    """A price row as a channel shows it; its quantity and its start are part of its key."""
    _, min_qty, starts = known.record.key.split("|")
    return Row(
        Period(_day(starts), _day(shows.get("ends"))),
        Decimal(min_qty),
        _number(shows.get("amount")),
        _number(shows.get("percent")),
    )


def _day(value: Value) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) and value else None


def _number(value: Value) -> Decimal | None:
    return Decimal(value) if isinstance(value, (int, Decimal)) else None


def _losers(entries: list[Entry]) -> dict[str, list[str]]:
    """Field → the values that lost, in words, the latest last."""
    found: dict[str, list[str]] = {}
    for entry in entries:
        loser = entry.detail.get("loser")
        if isinstance(loser, dict) and "value" in loser:
            by = loser.get("channel", entry.channel)
            rule = entry.detail.get("rule", entry.event)
            found.setdefault(entry.field, []).append(f"{loser['value']!r} of {by} ({rule}, {entry.at:%Y-%m-%d %H:%M})")
    return found


def history_of(parts: Parts, record_id: int) -> list[ToldEntry]:
    with parts.ledger.read() as session:
        return [
            ToldEntry(entry.at, entry.channel, entry.event, entry.field, tell(entry), entry.detail)
            for entry in journal.of_record(session, record_id)
        ]


def tell(entry: Entry) -> str:
    """One event in words: what became what, or what was sent."""
    detail = entry.detail
    if entry.event == "moved" and "to" in detail:
        order = f" (order {detail['order']})" if detail.get("order") else ""
        return f"{detail.get('pieces')} pieces: {detail.get('from')} → {detail.get('to')}{order}"
    if "sent" in detail:
        return f"{detail.get('operation', '')} {_short(detail['sent'])}".strip()
    if entry.event == "settled":
        return f"{detail['winner']['value']!r} over {detail['loser']['value']!r} by {detail['rule']}"
    if "value" in detail:
        replaced = detail.get("replaced")
        before = f", was {replaced['value']!r}" if isinstance(replaced, dict) else ""
        return f"{detail['value']!r}{before}"
    return _short(detail)


def _short(values: Mapping[str, Any]) -> str:
    text = ", ".join(f"{name} {value}" for name, value in values.items() if value not in (None, ""))
    return text if len(text) <= 160 else f"{text[:159]}…"
