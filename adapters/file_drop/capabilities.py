"""What a drop can do, as data: the engine plans, batches and waits by it, and believes it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from connector.contract import Capabilities, EntityCapabilities
from connector.model.entity import Entity

_EACH: Final = EntityCapabilities(
    delete=True,
    deletions=True,
    read_batch=1000,  # every reading lists the folders, and has all there is
    write_batch=500,
    overlap_s=0.0,  # files are numbered in the order in which they are seen
    lands_within_s=60.0,  # a rename that was asked for over a connection that broke
)

#: Of every drop. One whose till writes no manifests refuses to be written to; `connector check` tells.
CAPABILITIES: Final = Capabilities(
    entities=dict.fromkeys(Entity, _EACH) | {Entity.STOCK: replace(_EACH, delete=False, relative=True)},
    facts=True,
    claims=False,
    tills=True,
)
