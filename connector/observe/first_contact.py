"""First contact: strangers are listed, proposed and approved, before anything is linked or created (sync-model 2.5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connector.ledger import holds, lanes, records
from connector.ledger.holds import Stranger
from connector.ledger.store import Session
from connector.model.entity import DEPENDENT, Entity, Key
from connector.observe.feed import observe_facts
from connector.observe.intake import AMBIGUOUS, PARENTLESS, UNAPPROVED, link_stranger, retry_strangers
from connector.observe.match import hints_of, keys_of
from connector.observe.reading import Tally
from connector.observe.workspace import Workspace
from connector.parts import Lane, Parts


@dataclass(frozen=True)
class Proposal:
    """What approval would do with one lane: how many would link, be recorded anew, or wait as doubt."""

    channel: str
    entity: Entity
    approved: bool
    strangers: int
    links: int
    fresh: int
    doubts: Sequence[Stranger]


def propose(parts: Parts, chosen: Sequence[Lane]) -> list[Proposal]:
    """Compare the keys of all strangers of an entity across channels; changes nothing."""
    with parts.ledger.read() as session:
        known: dict[Entity, set[str]] = {}
        return [_propose(parts, session, lane, known.setdefault(lane.entity, set())) for lane in chosen]


def _propose(parts: Parts, session: Session, lane: Lane, known: set[str]) -> Proposal:
    """One lane, against the keys of the lanes before it; its own are added to them."""
    doubts: list[Stranger] = []
    own_keys: set[str] = set()
    waiting = exact = links = 0
    for stranger in holds.each_stranger(session, lane.side.name, lane.entity):
        waiting += 1
        if stranger.reason.startswith(AMBIGUOUS):
            doubts.append(stranger)
        elif stranger.reason in (UNAPPROVED, PARENTLESS):
            keys = _key_texts(parts, lane, stranger)
            exact += 1
            links += bool(keys & known) or _held(parts, lane, keys)
            own_keys |= keys
    known |= own_keys
    approved = lanes.state(session, lane.side.name, lane.entity).approved_at is not None
    return Proposal(lane.side.name, lane.entity, approved, waiting, links, exact - links, doubts)


def _key_texts(parts: Parts, lane: Lane, stranger: Stranger) -> set[str]:
    """The keys of a stranger; of prices and stock the row's own place, which hangs on its product."""
    mapping = lane.side.mappings[lane.entity]
    if lane.entity in DEPENDENT:
        return {stranger.key}
    context = parts.topology.context(lane.entity, "", None, parts.today())
    values = mapping.get(stranger.row["native"], context, stranger.row["part"]).values
    return {key.text for key in (*keys_of(lane.entity, values), *hints_of(lane.entity, values))}


def _held(parts: Parts, lane: Lane, texts: set[str]) -> bool:
    if lane.entity in DEPENDENT or not texts:
        return False
    kinds = ("sku",) if lane.entity is Entity.PRODUCT else ("vat_number", "email")
    keys = [Key(kind, text) for kind in kinds for text in texts]
    with parts.ledger.read() as session:
        return any(records.holders(session, lane.entity, keys).values())


def approve(parts: Parts, chosen: Sequence[Lane]) -> dict[str, Tally]:
    """Link what matches exactly and uniquely, record what is new; doubt waits. The owner's rows come first.

    From then on the lane may create, and exact, unique keys link by themselves.
    """
    tallies: dict[str, Tally] = {}
    for lane in chosen:
        if lane.entity is Entity.STOCK:
            _facts_anew(parts, lane)
        with parts.ledger.write() as session:
            first = lanes.state(session, lane.side.name, lane.entity).approved_at is None
            if first:
                lanes.save(session, lane.side.name, lane.entity, approved_at=session.now)
            workspace = Workspace(session, parts.topology, parts.moment(session))
            tally = retry_strangers(workspace, lane, UNAPPROVED, both_new=first)
            tally.add(retry_strangers(workspace, lane, PARENTLESS, both_new=first))
        tallies[str(lane)] = tally
        parts.progress(str(lane), tally.linked + tally.created)
    _settle_everything(parts, chosen)
    return tallies


def _facts_anew(parts: Parts, lane: Lane) -> None:
    """Facts name products by what a channel calls them: now that these are linked, they are read from the start.

    Before the first figure is agreed, so that past hand-overs are known and not taken for new ones.
    """
    if not lane.side.capabilities.facts:
        return
    with parts.ledger.write() as session:
        lanes.forget_cursor(session, lane.side.name, "facts")
    observe_facts(parts, lane.side.name)


def _settle_everything(parts: Parts, chosen: Sequence[Lane]) -> None:
    """Lanes that may create now owe what they have not: every record of their entities is reckoned anew."""
    for entity in dict.fromkeys(lane.entity for lane in chosen):
        after = 0
        while True:
            with parts.ledger.write() as session:
                ids = records.record_ids(session, entity, after=after)
                workspace = Workspace(session, parts.topology, parts.moment(session))
                workspace.load(ids)
                for id_ in ids:
                    workspace.touch(id_)
                workspace.flush()
            if not ids:
                break
            after = ids[-1]


def link(parts: Parts, lane: Lane, external_id: str, record_id: int) -> Tally:
    """A person has decided: this stranger is that record."""
    with parts.ledger.write() as session:
        waiting = holds.find_stranger(session, lane.side.name, lane.entity, external_id)
        if waiting is None:  # linked by somebody else meanwhile
            return Tally()
        workspace = Workspace(session, parts.topology, parts.moment(session))
        return link_stranger(workspace, lane, waiting, record_id)
