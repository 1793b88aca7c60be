"""A page of rows into the ledger: unchanged ones skipped, known ones merged, strangers matched.

Runs inside the transaction that also advances the cursor (sync-model 5.1). No network in here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from connector.contract import Page, Row
from connector.decide.life import decide_revival
from connector.errors import MappingError
from connector.ledger import debts, holds, records
from connector.ledger.holds import Case, Stranger
from connector.model.binding import Provenance
from connector.model.entity import DEPENDENT, Canonical, Entity, Key
from connector.model.record import Binding, Event, Known, Record
from connector.observe.absorb import UNREADABLE, Absorbed, Observation, absorb, fingerprint, shadow_values
from connector.observe.gate import passes
from connector.observe.match import (
    Doubt,
    Fresh,
    Link,
    Match,
    decide_match,
    display_key,
    hints_of,
    keys_of,
    row_key,
)
from connector.observe.reading import Reading, Tally
from connector.observe.rewriting import rewritten
from connector.observe.rows import newest_of_each, pack_observation, unpack_observation
from connector.observe.tombstone import bury, leave_row, revive
from connector.observe.weighing import park_deletions, pass_brakes, unpark_seen
from connector.observe.workspace import Workspace
from connector.parts import Lane
from connector.settle import context_of
from connector.stock.intake import take_figures

UNAPPROVED, AMBIGUOUS, PARENTLESS, PLACELESS = "unapproved", "ambiguous", "parentless", "placeless"
#: A price row that came with its product, and in which nobody has put a price yet.
WORTHLESS = "worthless"


def take_page(workspace: Workspace, reading: Reading, page: Page) -> Tally:
    """Everything one page means, except the cursor; flushes the workspace."""
    tally = Tally(rows=len(page.rows))
    observed = _changed(workspace, reading, newest_of_each(page.rows), tally)
    take_observations(workspace, reading, observed, tally)
    return tally


def take_observations(
    workspace: Workspace, reading: Reading, observed: Sequence[Observation], tally: Tally, *, both_new: bool = False
) -> None:
    """Merge, match or bury each; the rows need not be of one page (a release, an approval)."""
    session, lane, channel = workspace.session, reading.lane, reading.lane.side.name
    ids = [seen.row.external_id for seen in observed]
    bound = records.by_reference(session, channel, lane.entity, ids, by_address=False)
    workspace.load(bound.values())
    paired = [(bound[seen.row.external_id], seen) for seen in observed if seen.row.external_id in bound]
    living = pass_brakes(workspace, lane, [(id_, seen) for id_, seen in paired if not seen.row.deleted])
    tally.parked += sum(not seen.row.deleted for _, seen in paired) - len(living)
    known, moved = _split_moved(workspace, lane, living)
    if lane.entity is Entity.STOCK:
        take_figures(workspace, reading, known, tally)
    else:
        _merge_known(workspace, reading, known, tally, both_new)
    strangers = [seen for seen in observed if not seen.row.deleted and seen.row.external_id not in bound]
    # Strangers come first: one that holds the key of what is deleted has taken its place.
    _meet(workspace, reading, [*moved, *strangers], tally, both_new)
    tally.gone += _bury_deleted(workspace, lane, [(id_, seen) for id_, seen in paired if seen.row.deleted], tally)
    holds.drop_strangers(session, channel, lane.entity, [seen.row.external_id for seen in observed if seen.row.deleted])
    workspace.flush()


def _bury_deleted(workspace: Workspace, lane: Lane, deleted: Sequence[tuple[int, Observation]], tally: Tally) -> int:
    """What the channel itself reports as deleted; a report from before the last merge or receipt proves nothing."""
    channel = lane.side.name
    doubtful = debts.with_intents(workspace.session, [workspace.known[id_].bindings[channel].id for id_, _ in deleted])
    times: dict[str, Provenance] = {}
    for record_id, seen in deleted:
        binding = workspace.known[record_id].bindings[channel]
        if seen.read_sequence < binding.fence or binding.id in doubtful:
            workspace.change_binding(replace(binding, reread=True))
            tally.dropped += 1
        else:
            dated = replace(seen, since=binding.seen_at)
            times[seen.row.external_id] = dated.provenance(channel, workspace.session.sequence)
    passed = park_deletions(workspace, lane, list(times))
    return bury(workspace, lane, {id_: times[id_] for id_ in passed})


def _split_moved(
    workspace: Workspace, lane: Lane, pairs: Sequence[tuple[int, Observation]]
) -> tuple[list[tuple[int, Observation]], list[Observation]]:
    """Price rows that now say another list, quantity or start are other rows: the old one is no more there."""
    if lane.entity is not Entity.PRICE:
        return list(pairs), []
    known: list[tuple[int, Observation]] = []
    moved: list[Observation] = []
    for record_id, seen in pairs:
        one = workspace.known[record_id]
        place = _place(workspace, lane, seen)
        key = None if place is None else row_key(lane.entity, place, _canonical(workspace, lane, seen))
        if key in (None, one.record.key) or seen.read_sequence < one.bindings[lane.side.name].fence:
            known.append((record_id, seen))
        else:
            leave_row(workspace, lane, one, seen.provenance(lane.side.name, workspace.session.sequence))
            moved.append(seen)
    return known, moved


def _changed(workspace: Workspace, reading: Reading, rows: Sequence[Row], tally: Tally) -> list[Observation]:
    """Rows that differ from what was last seen; most of a listing does not, and costs one comparison."""
    lane, session, today = reading.lane, workspace.session, workspace.moment.today
    mapping = lane.side.mappings[lane.entity]
    ids = [row.external_id for row in rows]
    stored = records.fingerprints(session, lane.side.name, lane.entity, ids, today)
    freed = unpark_seen(workspace, lane, ids)
    observed: list[Observation] = []
    for row in rows:
        picked = mapping.pick(row.native, row.part)
        _, print_, wanted = stored.get(row.external_id, (0, None, True))
        if not wanted and not row.deleted and row.external_id not in freed and print_ == fingerprint(mapping, picked):
            tally.unchanged += 1
            continue
        if row.deleted or row.external_id in stored or mapping.in_scope(picked):
            observed.append(
                Observation(row, picked, reading.read_sequence, reading.began_at, reading.since, reading.clock_offset)
            )
    return observed


def _merge_known(
    workspace: Workspace,
    reading: Reading,
    pairs: Iterable[tuple[int, Observation]],
    tally: Tally,
    both_new: bool = False,
) -> None:
    listed = list(pairs)
    lane, channel = reading.lane, reading.lane.side.name
    bindings = [workspace.known[id_].bindings[channel].id for id_, _ in listed]
    doubtful = debts.with_intents(workspace.session, bindings)
    for record_id, seen in listed:
        binding = workspace.known[record_id].bindings[channel]
        if not passes(lane, binding, seen, open_intent=binding.id in doubtful):
            workspace.change_binding(replace(binding, reread=True))
            tally.dropped += 1
            continue
        merge_row(workspace, reading, workspace.known[record_id], binding, seen, tally, both_new=both_new)


def merge_row(
    workspace: Workspace,
    reading: Reading,
    known: Known,
    binding: Binding,
    seen: Observation,
    tally: Tally,
    *,
    both_new: bool = False,
    in_doubt: frozenset[str] = frozenset(),
) -> Absorbed:
    """One row of a bound record: merge, history, conflicts, and what could not be read."""
    topology, session = workspace.topology, workspace.session
    side = reading.lane.side
    parent = workspace.parent_of(known)
    context = context_of(topology, known.record, None if parent is None else parent.record, workspace.moment.today)
    absorbed = absorb(
        topology, side, known, binding, seen, context, session.sequence, both_new=both_new, in_doubt=in_doubt
    )
    mapping = side.mappings[known.record.entity]
    changes_on = mapping.changes_at(seen.picked, context, seen.row.part)
    after = replace(absorbed.binding, changes_on=None if changes_on is None else changes_on.isoformat())
    held = {**after.held, **rewritten(after, shadow_values(mapping, after, context), workspace.moment.now)}
    workspace.change_binding(replace(after, held=held))
    if absorbed.record != known.record:
        workspace.change_record(absorbed.record)
    for change in absorbed.merge.conflicts:
        workspace.change_conflict(absorbed.record, change)
    workspace.note(absorbed.events)
    if absorbed.problems or any(hold.detail == UNREADABLE for hold in binding.held.values()):
        _confine(workspace, side.name, known.record, seen, absorbed.problems)
    tally.merged += 1
    tally.refused += bool(absorbed.problems)
    return absorbed


def _confine(
    workspace: Workspace, channel: str, record: Record, seen: Observation, problems: Mapping[str, MappingError]
) -> None:
    """What could not be read waits, with its cause and remedy; what now can be read is free."""
    session, id_ = workspace.session, seen.row.external_id
    holds.free(session, channel, record.entity, "in", external_id=id_)
    for name, problem in problems.items():
        cause, remedy = str(problem), problem.remedy
        case = Case(channel, record.entity, id_, record.id, record.key, name, "in", "MappingError", cause, remedy)
        holds.confine(session, case)


def _meet(
    workspace: Workspace, reading: Reading, strangers: Sequence[Observation], tally: Tally, both_new: bool
) -> None:
    """First contact: strangers wait for `match` to be approved; afterwards exact, unique keys link."""
    if not strangers:
        return
    lane = reading.lane
    strangers = _not_outlived(workspace, reading, strangers, tally)
    if (lane.side.name, lane.entity) not in workspace.moment.approved:
        _keep(workspace, lane, [(seen, UNAPPROVED, ()) for seen in strangers], tally)
    elif lane.entity in DEPENDENT:
        _meet_dependents(workspace, reading, strangers, tally, both_new)
    else:
        _meet_keyed(workspace, reading, strangers, tally, both_new)


def _not_outlived(
    workspace: Workspace, reading: Reading, strangers: Sequence[Observation], tally: Tally
) -> list[Observation]:
    """Without those that were read before we learnt of their deletion: merged, they would come back to life."""
    lane = reading.lane
    ids = [seen.row.external_id for seen in strangers]
    buried = records.buried(workspace.session, lane.side.name, lane.entity, ids)
    workspace.load(buried.values())
    alive = []
    for seen in strangers:
        record_id = buried.get(seen.row.external_id)
        fence = 0 if record_id is None else workspace.known[record_id].bindings[lane.side.name].fence
        if seen.read_sequence < fence:
            tally.dropped += 1
        else:
            alive.append(seen)
    return alive


def _keep(
    workspace: Workspace, lane: Lane, entries: Iterable[tuple[Observation, str, Sequence[int]]], tally: Tally
) -> None:
    kept = [
        Stranger(
            lane.side.name,
            lane.entity,
            seen.row.external_id,
            pack_observation(seen),
            _shown_key(workspace, lane, seen),
            reason,
            list(candidates),
            seen.read_sequence,
        )
        for seen, reason, candidates in entries
    ]
    holds.keep_strangers(workspace.session, kept)
    tally.waiting += len(kept)


def _shown_key(workspace: Workspace, lane: Lane, seen: Observation) -> str:
    values = _canonical(workspace, lane, seen)
    if lane.entity in DEPENDENT:
        return f"{seen.row.parent} {row_key(lane.entity, seen.row.place, values)}"
    return display_key(lane.entity, values, seen.row.external_id)


def _canonical(workspace: Workspace, lane: Lane, seen: Observation) -> Canonical:
    context = workspace.topology.context(lane.entity, _place(workspace, lane, seen) or "", None, workspace.moment.today)
    return lane.side.mappings[lane.entity].get(seen.picked, context, seen.row.part).values


def _place(workspace: Workspace, lane: Lane, seen: Observation) -> str | None:
    """The configured name of the price list or location a row belongs to; None: none of ours."""
    return workspace.topology.place_of(lane.side.name, lane.entity, seen.row.place)


def _meet_keyed(
    workspace: Workspace, reading: Reading, strangers: Sequence[Observation], tally: Tally, both_new: bool
) -> None:
    """Products and customers: by key."""
    lane = reading.lane
    values = {seen.row.external_id: _canonical(workspace, lane, seen) for seen in strangers}
    keys = {id_: keys_of(lane.entity, canonical) for id_, canonical in values.items()}
    hints = {id_: hints_of(lane.entity, canonical) for id_, canonical in values.items()}
    everything = {key for listed in (*keys.values(), *hints.values()) for key in listed}
    holders = records.holders(workspace.session, lane.entity, everything)
    workspace.load(id_ for ids in holders.values() for id_ in ids)
    twins = _twins(keys)
    buried = records.buried(workspace.session, lane.side.name, lane.entity, list(keys))
    workspace.load(buried.values())
    for seen in strangers:
        id_ = seen.row.external_id
        live = _living(workspace, {key: holders[key] for key in (*keys[id_], *hints[id_])})
        decided = decide_match(keys[id_], hints[id_], live, _taken(workspace, lane, live), twins)
        decided = _after_deletion(workspace, reading, seen, keys[id_], holders, decided, buried.get(id_))
        if isinstance(decided, Doubt):
            _keep(workspace, lane, [(seen, f"{AMBIGUOUS}: {decided.reason}", decided.candidates)], tally)
            continue
        record = _record_for(workspace, lane, decided, keys[id_], values[id_], id_)
        for key in (*keys[id_], *hints[id_]):
            holders[key].append(record.id)
        _bind(workspace, reading, record, seen, tally, linked=isinstance(decided, Link), both_new=both_new)


def _after_deletion(
    workspace: Workspace,
    reading: Reading,
    seen: Observation,
    keys: Sequence[Key],
    holders: Mapping[Key, Sequence[int]],
    decided: Match,
    same_thing: int | None,
) -> Match:
    """A stranger under the key of what was deleted: the very same thing revives it, and so does one that was
    certainly created since; an older one is asked about (sync-model 5.5)."""
    if same_thing is not None and not isinstance(decided, Doubt):
        revive(workspace, reading.lane, same_thing, seen.provenance(reading.lane.side.name, workspace.session.sequence))
        return Link(same_thing, keys[0] if keys else Key("id", seen.row.external_id))
    found = [decided.record_id] if isinstance(decided, Link) else []
    if isinstance(decided, Fresh):
        found = list(dict.fromkeys(id_ for key in keys for id_ in holders.get(key, ())))
    ended = [id_ for id_ in found if _ended_here(workspace, reading.lane, id_)]
    if not ended:
        return decided
    created = seen.provenance(reading.lane.side.name, workspace.session.sequence)
    if len(ended) == 1 and decide_revival(created, _deletion_of(workspace, reading.lane, ended[0])) == "revive":
        revive(workspace, reading.lane, ended[0], created)
        return Link(ended[0], keys[0])
    return Doubt("its record was deleted; link it to revive the record", ended)


def _ended_here(workspace: Workspace, lane: Lane, record_id: int) -> bool:
    """Whether the record was deleted on this channel, or as a whole."""
    known = workspace.get(record_id)
    binding = known.bindings.get(lane.side.name)
    return known.record.life == "gone" or (binding is not None and binding.state == "gone")


def _deletion_of(workspace: Workspace, lane: Lane, record_id: int) -> Provenance:
    """When it was deleted: here, where that is known, else where it was deleted last."""
    bindings = workspace.get(record_id).bindings
    here = bindings.get(lane.side.name)
    gone = [here] if here is not None and here.state == "gone" else [b for b in bindings.values() if b.state == "gone"]
    return Provenance(lane.side.name, max((one.seen_at for one in gone if one.seen_at is not None), default=None))


def _twins(keys: Mapping[str, Sequence[Key]]) -> set[Key]:
    """Keys that two strangers of one channel hold: neither is matched, both are shown."""
    count = Counter(key for listed in keys.values() for key in set(listed))
    return {key for key, times in count.items() if times > 1}


def _living(workspace: Workspace, holders: Mapping[Key, Sequence[int]]) -> dict[Key, list[int]]:
    return {
        key: [id_ for id_ in dict.fromkeys(ids) if workspace.get(id_).record.life != "gone"]
        for key, ids in holders.items()
    }


def _taken(workspace: Workspace, lane: Lane, holders: Mapping[Key, Sequence[int]]) -> set[int]:
    """Records that are bound on this channel already, to something that lives there."""
    ids = {id_ for found in holders.values() for id_ in found}
    return {
        id_
        for id_ in ids
        if (binding := workspace.get(id_).bindings.get(lane.side.name)) is not None and binding.state == "bound"
    }


def _record_for(
    workspace: Workspace,
    lane: Lane,
    decided: Link | Fresh,
    keys: Sequence[Key],
    values: Canonical,
    external_id: str,
) -> Record:
    if isinstance(decided, Link):
        return workspace.get(decided.record_id).record
    shown = display_key(lane.entity, values, external_id)
    return workspace.add(Record(0, lane.entity, shown, {}, keys=frozenset(keys), sequence=workspace.session.sequence))


def _meet_dependents(
    workspace: Workspace, reading: Reading, strangers: Sequence[Observation], tally: Tally, both_new: bool
) -> None:
    """Prices and stock: by their product's binding, their place, and their row key."""
    lane = reading.lane
    parents = records.by_reference(
        workspace.session, lane.side.name, Entity.PRODUCT, [seen.row.parent for seen in strangers]
    )
    workspace.load(parents.values())
    siblings = records.dependents(workspace.session, lane.entity, parents.values())
    workspace.load(id_ for ids in siblings.values() for id_ in ids)
    held = {
        (workspace.known[id_].record.parent_id, workspace.known[id_].record.key): id_
        for ids in siblings.values()
        for id_ in ids
    }
    met: list[tuple[int, Observation]] = []
    for seen in strangers:
        place, parent_id = _place(workspace, lane, seen), parents.get(seen.row.parent)
        if place is None or parent_id is None:
            _keep(workspace, lane, [(seen, PLACELESS if place is None else PARENTLESS, ())], tally)
            continue
        key = row_key(lane.entity, place, _canonical(workspace, lane, seen))
        record_id = held.get((parent_id, key))
        if record_id is not None and workspace.known[record_id].record.life == "gone":
            revive(workspace, lane, record_id, seen.provenance(lane.side.name, workspace.session.sequence))
        if record_id is None:
            record = Record(0, lane.entity, key, {}, parent_id, place, sequence=workspace.session.sequence)
            if _is_worthless(workspace, lane, seen, record):
                _keep(workspace, lane, [(seen, WORTHLESS, ())], tally)
                continue
            record_id = held[parent_id, key] = workspace.add(record).id
        binding = workspace.known[record_id].bindings.get(lane.side.name)
        if binding is not None and binding.state == "bound":
            _keep(workspace, lane, [(seen, f"{AMBIGUOUS}: another row holds {key}", (record_id,))], tally)
            continue
        met.append((record_id, seen))
    _bind_dependents(workspace, reading, met, tally, both_new)


def _is_worthless(workspace: Workspace, lane: Lane, seen: Observation, record: Record) -> bool:
    """Whether a price row says no price: what a system puts into it by itself is nobody's price.

    One that cannot be read says something, if only to a person.
    """
    if lane.entity is not Entity.PRICE:
        return False
    mapping, part = lane.side.mappings[lane.entity], seen.row.part
    product = workspace.known[record.parent_id or 0].record
    context = context_of(workspace.topology, record, product, workspace.moment.today)
    read = mapping.get(seen.picked, context, part)
    worth = mapping.as_new(read.values, part)
    return not read.problems and all(worth.get(name) is None for name in ("amount", "percent"))


def _bind_dependents(
    workspace: Workspace, reading: Reading, met: Sequence[tuple[int, Observation]], tally: Tally, both_new: bool
) -> None:
    channel = reading.lane.side.name
    if reading.lane.entity is Entity.STOCK:
        for record_id, seen in met:
            workspace.change_binding(_new_binding(workspace.known[record_id], channel, seen))
            tally.linked += 1
        take_figures(workspace, reading, met, tally, first_contact=True, both_new=both_new)
    else:
        for record_id, seen in met:
            _bind(workspace, reading, workspace.known[record_id].record, seen, tally, linked=True, both_new=both_new)
    holds.drop_strangers(workspace.session, channel, reading.lane.entity, [seen.row.external_id for _, seen in met])


def _new_binding(known: Known, channel: str, seen: Observation) -> Binding:
    """A binding for a matched stranger; a create that was owed here is paid by having found it."""
    owed = known.bindings.get(channel)
    fresh = Binding(known.record.id, channel, known.record.entity, seen.row.external_id, part=seen.row.part)
    return fresh if owed is None else replace(fresh, id=owed.id)


def _bind(
    workspace: Workspace,
    reading: Reading,
    record: Record,
    seen: Observation,
    tally: Tally,
    *,
    linked: bool,
    both_new: bool,
) -> None:
    channel = reading.lane.side.name
    known = workspace.known[record.id]
    merge_row(workspace, reading, known, _new_binding(known, channel, seen), seen, tally, both_new=both_new)
    event = "linked" if linked and known.bindings else "recorded"
    detail = {"external_id": seen.row.external_id}
    workspace.note([Event(event, channel, record.entity, record.id, detail=detail)])
    holds.drop_strangers(workspace.session, channel, record.entity, [seen.row.external_id])
    if known.bindings:
        tally.linked += 1
    else:
        tally.created += 1


def link_stranger(workspace: Workspace, lane: Lane, stranger: Stranger, record_id: int) -> Tally:
    """A person has decided that a stranger is that record."""
    tally, seen = Tally(), unpack_observation(stranger.row, stranger.sequence)
    reading = Reading(lane, stranger.sequence, seen.began_at, None)
    record = workspace.get(record_id).record
    _bind(workspace, reading, record, seen, tally, linked=True, both_new=False)
    workspace.flush()
    return tally


def retry_strangers(
    workspace: Workspace, lane: Lane, reason: str, *, both_new: bool = False, limit: int = 500
) -> Tally:
    """Meet again those that waited for this reason: their match was approved, or their product came."""
    tally, after, channel = Tally(), "", lane.side.name
    while found := holds.strangers(workspace.session, channel, lane.entity, reason, limit, after):
        after = found[-1].external_id
        ids = [stranger.external_id for stranger in found]
        bound = records.by_reference(workspace.session, channel, lane.entity, ids, by_address=False)
        holds.drop_strangers(workspace.session, channel, lane.entity, bound)  # found by a look-up meanwhile
        observed = [unpack_observation(one.row, one.sequence) for one in found if one.external_id not in bound]
        if observed:
            sequence, began_at = min(s.read_sequence for s in observed), min(s.began_at for s in observed)
            take_observations(workspace, Reading(lane, sequence, began_at, None), observed, tally, both_new=both_new)
        workspace.forget()
    return tally
