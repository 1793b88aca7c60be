"""What we write for the till: a file of rows, and then its manifest, by which alone it exists."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence

from adapters.file_drop.calls import Calls
from adapters.file_drop.manifests import Form, Manifest, digest_of
from adapters.file_drop.names import CSV, DELTA, MANIFEST, OUT, SERIES, stem_for
from adapters.file_drop.places import unfinished
from adapters.file_drop.tables import table_bytes
from connector.model.entity import Entity


class Outbox:
    """Writes files of ours into ``out/``."""

    def __init__(self, calls: Calls, form: Form) -> None:
        self._calls = calls
        self._form = form

    def send(self, entity: Entity, rows: Sequence[Mapping[str, str]], after: int) -> int:
        """One file of rows with the same columns; answers its number, the next one behind ``after`` that is free.

        Raises AmbiguousWrite where the manifest may or may not have got its name; whatever else is raised, nothing
        has been sent. What is left lying of that has a name that no manifest will ever say.
        """
        purpose, data = entity.value, table_bytes(list(rows[0]), rows, self._form)
        mark = secrets.token_hex(8)
        number = after
        while True:
            number += 1
            stem = stem_for(entity, number)
            name = f"{stem}-{mark}{CSV}"
            staged = unfinished()
            self._calls.put(OUT, name, data, purpose)
            self._calls.put(OUT, staged, self._manifest(entity, number, name, data, len(rows)), purpose)
            if self._calls.publish(OUT, staged, f"{stem}{MANIFEST}", purpose):
                return number
            self._calls.remove(OUT, staged, purpose)  # another process was faster
            self._calls.remove(OUT, name, purpose)

    def _manifest(self, entity: Entity, number: int, name: str, data: bytes, rows: int) -> bytes:
        return Manifest(
            entity=SERIES[entity],
            sequence=number,
            kind=DELTA,
            rows=rows,
            sha256=digest_of(data),
            encoding=self._form.encoding,
            decimal=self._form.decimal,
            delimiter=self._form.delimiter,
            file=name,
        ).as_bytes()
