"""Deletion, archive and revival."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.decide.life import (
    Absence,
    Deletes,
    Rebind,
    Tombstone,
    decide_deletion,
    decide_revival,
    judge_absence,
    rebind,
)
from connector.model.binding import Provenance
from tests.unit.decide.sides import at, by

SWEPT = Absence("sweep", sweep_completed=True, known_before=True, absent_by_id=True)


@pytest.mark.parametrize(
    ("story", "absence", "expected"),
    [
        ("a deletion feed says so", Absence("deletion-feed"), "gone"),
        ("the feed says so, but it is there", Absence("deletion-feed", absent_by_id=False), "there"),
        ("a completed sweep and a read by id", SWEPT, "gone"),
        ("a completed sweep alone", replace(SWEPT, absent_by_id=None), "read-by-id"),
        ("a sweep that was cut short", replace(SWEPT, sweep_completed=False), "there"),
        ("bound only while the sweep ran", replace(SWEPT, known_before=False), "there"),
        ("it is there when asked", replace(SWEPT, absent_by_id=False), "there"),
        ("a missing row means something else there", replace(SWEPT, concludes_gone=False), "there"),
        ("absent from a feed of changes", replace(SWEPT, source="changes"), "there"),
        ("absent from a filtered listing", replace(SWEPT, source="filter"), "there"),
        ("a 404 on a write is a hint", replace(SWEPT, source="write"), "sweep"),
    ],
)
def test_what_proves_that_a_thing_is_gone(story: str, absence: Absence, expected: str) -> None:
    """Only a deletion feed, or a completed sweep confirmed by id, ends in a tombstone (row 16)."""
    assert expected == judge_absence(absence)


DELETION = Provenance("erp", at(20), at(10))


@pytest.mark.parametrize(
    ("story", "deletes", "may_originate", "edits", "same_key", "expected"),
    [
        ("archived by default", "archive", True, [], (), Tombstone("archive")),
        ("deleted where configured", "delete", True, [by("shop", 5)], (), Tombstone("delete")),
        (
            "against a later edit elsewhere",
            "delete",
            True,
            [by("shop", 25)],
            (),
            Tombstone("archive", "edited elsewhere since"),
        ),
        (
            "against one that may be later",
            "delete",
            True,
            [by("shop", 15)],
            (),
            Tombstone("archive", "edited elsewhere since"),
        ),
        (
            "against one of unknown time",
            "delete",
            True,
            [Provenance("shop")],
            (),
            Tombstone("archive", "edited elsewhere since"),
        ),
        ("its own edit does not save it", "delete", True, [by("erp", 15)], (), Tombstone("delete")),
        ("made again", "restore", True, [], (), Tombstone("restore")),
        ("unlinked", "unlink", True, [], (), Tombstone("unlink")),
        ("asked", "ask", True, [], (), Tombstone("ask")),
        (
            "the shop may not end it",
            "archive",
            False,
            [],
            (),
            Tombstone("keep", "this channel may not end the record's life"),
        ),
        (
            "the shop may not delete it",
            "delete",
            False,
            [],
            (),
            Tombstone("keep", "this channel may not end the record's life"),
        ),
        ("made again in the shop, too", "restore", False, [], (), Tombstone("restore")),
        ("replaced: its key lives under another id", "delete", True, [], ("9",), Rebind("9")),
        ("several hold its key", "delete", True, [], ("8", "9"), Tombstone("ask", "several others hold its key there")),
    ],
)
def test_what_a_deletion_means(
    story: str,
    deletes: Deletes,
    may_originate: bool,
    edits: list[Provenance],
    same_key: tuple[str, ...],
    expected: Tombstone | Rebind,
) -> None:
    """It follows the entity's setting, spares what was edited since, and never ends what it may not (row 16)."""
    decided = decide_deletion(deletes, may_originate=may_originate, deletion=DELETION, edits=edits, same_key=same_key)
    assert expected == decided


@pytest.mark.parametrize(
    ("story", "created", "expected"),
    [
        ("created since it was deleted", by("shop", 25), "revive"),
        ("older than the deletion", by("shop", 5), "ask"),
        ("perhaps older", by("shop", 15), "ask"),
        ("of unknown age", None, "ask"),
    ],
)
def test_a_stranger_with_the_key_of_the_deleted(story: str, created: Provenance | None, expected: str) -> None:
    """What someone created since revives the record; an older stranger is asked about (row 16)."""
    assert expected == decide_revival(created, DELETION)


@pytest.mark.parametrize(
    ("story", "same_key", "ours", "expected"),
    [
        ("ours is archived, another one lives", ("9",), "archived", Rebind("9")),
        ("ours lives: two of a key are shown, not rebound", ("9",), "live", None),
        ("nobody else holds it", (), "gone", None),
        ("several hold it", ("8", "9"), "gone", None),
    ],
)
def test_rebinding(story: str, same_key: tuple[str, ...], ours: str, expected: Rebind | None) -> None:
    """A binding moves to the one live holder of its key, once its own thing is archived or gone."""
    assert expected == rebind(same_key, ours)  # type: ignore[arg-type]  # tables hold plain text
