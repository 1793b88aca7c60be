"""Stock figures and facts into the ledger: movements are booked, absolutes never merged (sync-model 4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from connector.contract import Facts
from connector.decide.stock import (
    ZERO,
    HandOverFact,
    Movement,
    StockFacts,
    booked_on_view,
    first_report_movements,
    hand_over_movements,
    implied_on_hand,
    movement,
    overwritten,
    still_to_subtract,
)
from connector.ledger import debts, records
from connector.ledger import facts as stored
from connector.ledger.facts import StoredClaim, StoredHandOver
from connector.model.binding import Agreed, Provenance
from connector.model.entity import Entity, Value
from connector.model.record import Binding, Event, Known
from connector.observe.absorb import Observation, fingerprint
from connector.observe.gate import passes, unpack_replaced
from connector.observe.reading import Reading, Tally
from connector.stock.again import is_of, look_again
from connector.stock.counts import take_counts
from connector.stock.picture import (
    ON_HAND,
    as_decimal,
    booking_channels,
    direction,
    facts_of,
    handed_there,
    on_hand_of,
    shadow_of,
    view_of,
)
from connector.stock.refunds import excuse, fell
from connector.topology import Side

if TYPE_CHECKING:
    from connector.observe.workspace import Workspace


def take_figures(
    workspace: Workspace,
    reading: Reading,
    pairs: Iterable[tuple[int, Observation]],
    tally: Tally,
    *,
    first_contact: bool = False,
    both_new: bool = False,
) -> None:
    """Raw figures of bound stock records: what happened there since the shadow is a movement."""
    listed = list(pairs)
    side = reading.lane.side
    bindings = {id_: workspace.known[id_].bindings[side.name] for id_, _ in listed}
    doubtful = debts.with_intents(workspace.session, [binding.id for binding in bindings.values()])
    products = {workspace.known[id_].record.parent_id for id_, _ in listed}
    facts = facts_of(workspace.session, workspace.topology, {id_ for id_ in products if id_ is not None})
    for record_id, seen in listed:
        binding = bindings[record_id]
        if not first_contact and not passes(reading.lane, binding, seen, open_intent=binding.id in doubtful):
            workspace.change_binding(replace(binding, reread=True))
            tally.dropped += 1
            continue
        known = workspace.known[record_id]
        of_product = facts[known.record.parent_id or 0]
        take_figure(workspace, side, known, binding, seen, of_product, first_contact=first_contact, both_new=both_new)
        tally.merged += 1


def take_figure(
    workspace: Workspace,
    side: Side,
    known: Known,
    binding: Binding,
    seen: Observation,
    facts: StockFacts,
    *,
    first_contact: bool = False,
    both_new: bool = False,
) -> None:
    """One figure: first contact states what is on hand, or is shadow only; later ones move it."""
    name = side.mappings[Entity.STOCK].names_of(ON_HAND, seen.row.part)[0]
    raw = as_decimal(seen.picked.get(name))
    handed = handed_there(workspace.topology, side.name, known.record.place, facts)
    now = replace(shadow_of(binding, raw), handed=handed)
    if first_contact or name not in binding.shadow:
        implied = implied_on_hand(raw, still_to_subtract(facts, side.name).get(known.record.place, ZERO))
        _adopt(workspace, side, known, seen, implied, both_new)
    else:
        pieces = movement(shadow_of(binding, binding.shadow[name]), now)
        if pieces < 0:
            unsent = fell(workspace, side, known, facts, -pieces, seen.began_at)
            pieces, handed = pieces + unsent, handed + unsent
        if pieces:
            _move(workspace, side, known, seen, pieces)
    workspace.change_binding(_seen_binding(workspace, side, binding, seen, handed))


def _seen_binding(workspace: Workspace, side: Side, binding: Binding, seen: Observation, handed: Decimal) -> Binding:
    row = seen.row
    return replace(
        binding,
        external_id=row.external_id,
        address=row.address or binding.address,
        part=row.part,
        state="bound",
        shadow=dict(seen.picked),
        fingerprint=fingerprint(side.mappings[Entity.STOCK], seen.picked),
        handed=handed,
        version=row.version,
        modified_at=row.modified_at,
        seen_at=seen.began_at,
        fence=workspace.session.sequence,
        reread=False,
        replaced=None,
        held={name: hold for name, hold in binding.held.items() if hold.reason != "vanished"},
    )


def _adopt(workspace: Workspace, side: Side, known: Known, seen: Observation, implied: Decimal, both_new: bool) -> None:
    """First contact: the first figure is agreed, or the owner's where two new ones differ; the rest is owed there.

    A figure beside a product that we have made is what the channel fills in by itself: shadow only.
    So is a view's one figure: a sum says nothing of the places (docs/adr/0012).
    """
    before = on_hand_of(known)
    policy = workspace.topology.policy(Entity.STOCK, ON_HAND)
    standing = known.record.agreed.get(ON_HAND)
    outranks = standing is not None and both_new and policy.outranks(side.name, standing.by.channel)
    begins = standing is None or (standing.by.rule == "first-contact" and outranks)
    begins = begins and workspace.topology.figure_place(side.name) is None
    takes = begins and policy.may_originate(side.name) and not _is_own_create(workspace, side, known)
    if takes:
        by = replace(seen.provenance(side.name, workspace.session.sequence), rule="first-contact")
        _agree(workspace, known, Agreed(implied, by))
    detail: dict[str, Value] = {"shows": implied, "agreed": implied if takes else before}
    workspace.note([Event("first-figure", side.name, Entity.STOCK, known.record.id, ON_HAND, detail)])


def _is_own_create(workspace: Workspace, side: Side, known: Known) -> bool:
    product = workspace.parent_of(known)
    there = None if product is None else product.bindings.get(side.name)
    return there is not None and there.origin == "created"


def _move(workspace: Workspace, side: Side, known: Known, seen: Observation, pieces: Decimal) -> None:
    by = replace(seen.provenance(side.name, workspace.session.sequence), rule="delta")
    before = on_hand_of(known) or ZERO
    if direction(workspace.topology, side.name) == "out":
        detail: dict[str, Value] = {"outcome": "drift", "pieces": pieces, "agreed": before}
        workspace.note([Event("drift", side.name, Entity.STOCK, known.record.id, ON_HAND, detail)])
        return
    for there, share in _shares(workspace, side, known, pieces):
        _book_figure(workspace, side, there, share, by)


def _shares(workspace: Workspace, side: Side, known: Known, pieces: Decimal) -> list[tuple[Known, Decimal]]:
    """A movement by stock record: its own, or those of a view; of a view of which nothing is known, nobody's."""
    view = view_of(workspace.topology, side.name)
    if view is None or workspace.topology.figure_place(side.name) is None:
        return [(known, pieces)]
    product_id = known.record.parent_id or 0
    listed = [workspace.known[id_] for id_ in workspace.dependents(Entity.STOCK, [product_id])[product_id]]
    there = {one.record.place: one for one in listed}
    on_hand = {
        place: n for place, one in there.items() if place in view.locations and (n := on_hand_of(one)) is not None
    }
    return [(there[place], share) for place, share in booked_on_view(view, pieces, on_hand).items()] if on_hand else []


def _book_figure(workspace: Workspace, side: Side, known: Known, pieces: Decimal, by: Provenance) -> None:
    before = on_hand_of(known) or ZERO
    moved = Movement(side.name, known.record.place, pieces, "figure", since=by.since, at=by.at)
    _agree(workspace, known, Agreed(before + pieces, by))
    told: dict[str, Value] = {**moved.as_event(), "from": before, "to": before + pieces}
    workspace.note([Event("moved", side.name, Entity.STOCK, known.record.id, ON_HAND, told)])


def _agree(workspace: Workspace, known: Known, agreed: Agreed) -> None:
    record = workspace.known[known.record.id].record
    changed = replace(record, agreed={**record.agreed, ON_HAND: agreed}, sequence=workspace.session.sequence)
    workspace.change_record(changed)


def take_facts(workspace: Workspace, side: Side, facts: Facts, *, first: bool = False) -> int:
    """Claims and hand-overs of one channel: each event is booked once, whoever reports it first.

    ``first``: the channel never reported before; its past hand-overs are in the figures already.
    Answers how many hand-overs were new. Flushes the workspace.
    """
    session, topology = workspace.session, workspace.topology
    facts = _prefixed(facts, topology.sync(Entity.STOCK).stock_of(side.name).order_prefix or "")
    references = [claim.parent for claim in facts.claims or ()] + [fact.parent for fact in facts.hand_overs]
    references += [count.parent for count in facts.counts]
    products = records.by_reference(session, side.name, Entity.PRODUCT, references)
    hand_overs = _hand_overs(workspace, side, facts, products)
    affected = {entry.product_id for entry in hand_overs}
    told_of = stored.products_claimed(session, side.name) | stored.products_of_orders(session, facts.orders)
    before = facts_of(session, topology, affected | told_of | set(products.values()))
    new_orders = stored.add_orders(session, side.name, facts.orders)
    new = stored.add_hand_overs(session, hand_overs)
    if facts.claims is not None:
        affected |= stored.replace_claims(session, side.name, _claims(workspace, side, facts, products))
    affected |= stored.products_of_orders(session, new_orders)
    after = facts_of(session, topology, affected)
    owner = topology.sync(Entity.STOCK).owner
    for product_id in sorted(affected):
        was, now = before[product_id], after[product_id]
        if not first:
            excuse(workspace, product_id, was, now)
        _book(
            workspace, product_id, first_report_movements(was, now, owner) if first else hand_over_movements(was, now)
        )
    take_counts(workspace, side, facts.counts, products, first=first)
    _mend_overwritten(workspace, side, new)
    if not first:
        look_again(workspace, side, new)
    _touch_all(workspace, affected)
    workspace.flush()
    return len(new)


def _prefixed(facts: Facts, prefix: str) -> Facts:
    """Order numbers as other channels write them: two shops may both have a 000000106."""
    if not prefix:
        return facts
    return replace(
        facts,
        claims=facts.claims and [replace(claim, order=prefix + claim.order) for claim in facts.claims],
        hand_overs=[replace(fact, order=prefix + fact.order) for fact in facts.hand_overs],
        orders=[prefix + order for order in facts.orders],
    )


def _hand_overs(workspace: Workspace, side: Side, facts: Facts, products: dict[str, int]) -> list[StoredHandOver]:
    """Those of products bound here; till sales count only where someone books them again elsewhere."""
    topology = workspace.topology
    tills = bool(booking_channels(topology))
    return [
        StoredHandOver(
            side.name,
            fact.id,
            fact.order,
            products[fact.parent],
            topology.location_of(side.name, fact.place) or "",
            fact.quantity,
            fact.kind,
            at=fact.at,
        )
        for fact in facts.hand_overs
        if fact.parent in products and (fact.kind == "order" or tills)
    ]


def _claims(workspace: Workspace, side: Side, facts: Facts, products: dict[str, int]) -> list[StoredClaim]:
    return [
        StoredClaim(
            side.name,
            claim.order,
            claim.line,
            products[claim.parent],
            workspace.topology.location_of(side.name, claim.place) or "",
            claim.open_quantity,
        )
        for claim in facts.claims or ()
        if claim.parent in products and claim.open_quantity > 0
    ]


def _book(workspace: Workspace, product_id: int, movements: Sequence[Movement]) -> None:
    """Hand-overs move what is on hand, once; where no figure is known yet, the first one will include them."""
    if not movements:
        return
    ids = records.dependents(workspace.session, Entity.STOCK, [product_id]).get(product_id, [])
    workspace.load([product_id, *ids])
    by_place = {workspace.known[id_].record.place: id_ for id_ in ids}
    for moved in movements:
        if moved.location not in by_place:
            continue
        known = workspace.known[by_place[moved.location]]
        standing = known.record.agreed.get(ON_HAND)
        if standing is None:
            continue
        before = as_decimal(standing.value)
        by = Provenance(moved.channel, moved.at, moved.since, "hand-over", workspace.session.sequence)
        _agree(workspace, known, Agreed(before + moved.quantity, by))
        detail = {**moved.as_event(), "from": before, "to": before + moved.quantity}
        workspace.note([Event("moved", moved.channel, Entity.STOCK, known.record.id, ON_HAND, detail)])


def _mend_overwritten(workspace: Workspace, side: Side, new: Sequence[StoredHandOver]) -> None:
    """Hand-overs between the last read and our absolute write were put back by it: they are owed there again."""
    if side.can(Entity.STOCK).relative or not new:
        return
    listed = records.dependents(workspace.session, Entity.STOCK, {entry.product_id for entry in new})
    workspace.load(id_ for ids in listed.values() for id_ in ids)
    for ids in listed.values():
        for id_ in ids:
            known = workspace.known[id_]
            binding = known.bindings.get(side.name)
            if binding is not None:
                _mend_binding(workspace, binding, [one for one in new if is_of(workspace.topology, one, known)])


def _mend_binding(workspace: Workspace, binding: Binding, new: Sequence[StoredHandOver]) -> None:
    receipt = unpack_replaced(binding.replaced)
    if receipt is None or binding.seen_at is None:
        return
    facts = [HandOverFact(one.channel, one.order, one.location, one.quantity, at=one.at) for one in new]
    pieces = overwritten(facts, binding.channel, binding.seen_at, receipt.at)
    if pieces:
        workspace.change_binding(replace(binding, handed=(binding.handed or ZERO) + pieces))


def _touch_all(workspace: Workspace, product_ids: Iterable[int]) -> None:
    for ids in records.dependents(workspace.session, Entity.STOCK, product_ids).values():
        workspace.load(ids)
        for id_ in ids:
            workspace.touch(id_)
