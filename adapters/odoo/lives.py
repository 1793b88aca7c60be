"""Archiving and bringing back, by their actions alone: a plain write leaves half of a product (NOTES section 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from adapters.odoo.batches import Made, New, Records
from adapters.odoo.results import behind
from connector.contract import Write
from connector.errors import ChannelError

#: The native name of what is told by a call of its own.
ACTIVE = "active"


def create(records: Records, writes: Sequence[Write], values: Mapping[str, Mapping[str, Any]]) -> list[Made]:
    """New records, by the token of each; those that are to begin archived are archived right behind it."""
    made = records.create([New(write.token, values[write.token]) for write in writes])
    born = [
        replace(write, external_id=str(one.id))
        for write, one in zip(writes, made, strict=True)
        if one.id is not None and one.error is None and _archives(write)
    ]
    told = change_lives(records, born, begun=True)
    return [replace(one, error=told.get(write.token, one.error)) for write, one in zip(writes, made, strict=True)]


def change_lives(records: Records, writes: Sequence[Write], *, begun: bool) -> dict[str, ChannelError | None]:
    """Archive those that are to be archived and bring back those that are not; token → what became of it.

    ``begun``: others were written before, so that what stops these is told of each of them.
    """
    told: dict[str, ChannelError | None] = {}
    for archives, method in ((True, "action_archive"), (False, "action_unarchive")):
        some = [write for write in writes if _archives(write) is archives]

        def send(rows: Sequence[Write], method: str = method) -> Sequence[ChannelError | None]:
            return records.call(method, [int(write.external_id) for write in rows])

        if some:
            told |= by_token(some, behind(some, send) if begun or told else send(some))
    return told


def _archives(write: Write) -> bool | None:
    """Whether a write archives a record, or brings it back; None: neither."""
    if write.operation == "archive":
        return True
    active = write.fields.get(ACTIVE)
    return None if active is None else not active


def by_token(writes: Sequence[Write], outcomes: Sequence[ChannelError | None]) -> Mapping[str, ChannelError | None]:
    """What became of each write, by its name."""
    return {write.token: outcome for write, outcome in zip(writes, outcomes, strict=True)}
