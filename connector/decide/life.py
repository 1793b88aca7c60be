"""Deletion, archive and revival: what may conclude that a thing is gone, and what follows (sync-model 5.5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from connector.decide.latest import is_later
from connector.model.binding import Provenance

#: What says that a record is not there: a deletion feed, absence in a sweep, absence in a feed of
#: changes or in a filtered listing, a 404 or 410 answer to a write.
Source: TypeAlias = Literal["deletion-feed", "sweep", "changes", "filter", "write"]


@dataclass(frozen=True, slots=True)
class Absence:
    """One sign that a bound record is gone.

    Attributes:
        source: where it comes from.
        sweep_completed: the sweep ended and agreed with the server's own total.
        known_before: the binding was known before the sweep began.
        concludes_gone: on this channel a missing row means that the thing is gone (else: what its
            adapter states, often a zero or nothing).
        absent_by_id: what a read by id said; None: not asked yet.
    """

    source: Source
    sweep_completed: bool = False
    known_before: bool = False
    concludes_gone: bool = True
    absent_by_id: bool | None = None


AbsenceVerdict: TypeAlias = Literal["gone", "read-by-id", "sweep", "there"]


def judge_absence(absence: Absence) -> AbsenceVerdict:
    """Whether a thing is ``gone``, or what must be asked first; ``there`` means the sign proves nothing.

    A 404 on a write is a hint only: it calls for a sweep, and until then the binding owes nothing.
    """
    if absence.source == "deletion-feed":
        return "there" if absence.absent_by_id is False else "gone"
    if absence.source == "write":
        return "sweep" if absence.concludes_gone else "there"
    concludes = absence.source == "sweep" and absence.sweep_completed and absence.known_before
    if not concludes or not absence.concludes_gone or absence.absent_by_id is False:
        return "there"
    return "gone" if absence.absent_by_id else "read-by-id"


@dataclass(frozen=True, slots=True)
class Rebind:
    """The key lives there under another id: the thing was replaced, not deleted."""

    external_id: str


@dataclass(frozen=True, slots=True)
class Tombstone:
    """The thing is gone there, and this binding owes nothing from now on. ``then`` says what follows:

    - ``keep``: the record lives on elsewhere (the channel may not end its life);
    - ``archive``: agreed becomes archived, every channel follows; ``delete``: agreed becomes gone;
    - ``restore``: it is made there again; ``unlink``: the record is no longer this channel's;
    - ``ask``: a person decides.
    """

    then: Literal["keep", "archive", "delete", "restore", "unlink", "ask"]
    reason: str = ""


Deletes: TypeAlias = Literal["archive", "delete", "restore", "unlink", "ask"]


def decide_deletion(
    deletes: Deletes,
    *,
    may_originate: bool,
    deletion: Provenance,
    edits: Iterable[Provenance],
    same_key: Sequence[str] = (),
) -> Tombstone | Rebind:
    """What a confirmed deletion on one channel means for the record.

    Args:
        deletes: the entity's setting.
        may_originate: whether this channel's deletions end the record's life elsewhere.
        deletion: dated like an edit: last seen alive … seen gone.
        edits: the provenance of the record's agreed fields.
        same_key: ids of other live records there under the key, not bound to any record.

    Against an edit elsewhere that may lie after it, ``delete`` becomes ``archive``: the edit is kept.
    """
    if len(same_key) == 1:
        return Rebind(same_key[0])
    if same_key:
        return Tombstone("ask", "several others hold its key there")
    if deletes in ("archive", "delete") and not may_originate:
        return Tombstone("keep", "this channel may not end the record's life")
    if deletes == "delete" and any(_is_since(edit, deletion) for edit in edits):
        return Tombstone("archive", "edited elsewhere since")
    return Tombstone(deletes)


def _is_since(edit: Provenance, deletion: Provenance) -> bool:
    return edit.channel != deletion.channel and not is_later(deletion, edit)


def rebind(same_key: Sequence[str], ours: Literal["live", "archived", "gone"]) -> Rebind | None:
    """The one other live record under the key, where ours is archived or gone there; None: leave it."""
    return Rebind(same_key[0]) if ours != "live" and len(same_key) == 1 else None


def decide_revival(created: Provenance | None, deletion: Provenance) -> Literal["revive", "ask"]:
    """A stranger with the key of a deleted record: created certainly since, it revives the record.

    An older one, or one of unknown age, does not: a person is asked. ``created`` is the interval in
    which it was made there: absent in the last complete sweep … its own date, or first seen.
    """
    return "revive" if created is not None and is_later(created, deletion) else "ask"
