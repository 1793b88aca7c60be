"""What is said of a file beside it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from adapters.file_drop.names import Stem
from adapters.file_drop.options import DecimalSign, Delimiter, Encoding, Options
from connector.errors import ContractBroken


@dataclass(frozen=True)
class Form:
    """How a file writes its cells."""

    encoding: Encoding
    decimal: DecimalSign
    delimiter: Delimiter


class Manifest(BaseModel):
    """The manifest of a file, the till's or ours.

    Attributes:
        entity, sequence, kind: as in the name: what it holds, its number, ``complete`` or ``delta``.
        rows: how many rows follow the line of names.
        sha256: of the bytes of the file, in hexadecimal digits.
        encoding, decimal, delimiter: where the file is written otherwise than the configuration says.
        imported: the number of the last file of ours, in this series, that the till had imported when it wrote.
        file: of ours: the name of the data.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    entity: str
    sequence: Annotated[int, Field(ge=1)]
    kind: str
    rows: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$")]
    encoding: Encoding | None = None
    decimal: DecimalSign | None = None
    delimiter: Delimiter | None = None
    imported: Annotated[int, Field(ge=0)] | None = None
    file: str = ""

    def form(self, usual: Form) -> Form:
        return Form(self.encoding or usual.encoding, self.decimal or usual.decimal, self.delimiter or usual.delimiter)

    def as_bytes(self) -> bytes:
        return json.dumps(self.model_dump(exclude_none=True), indent=2).encode()


def usual_form(options: Options) -> Form:
    """Of files that say nothing themselves, and of ours."""
    return Form(options.encoding, options.decimal, options.delimiter)


def read_manifest(data: bytes, stem: Stem) -> Manifest:
    """Raises ContractBroken where it cannot be read, or speaks of another file than its name."""
    try:
        manifest = Manifest.model_validate_json(data)
    except ValidationError as error:
        wrong = ", ".join(sorted({".".join(map(str, one["loc"])) or "the whole" for one in error.errors()}))
        raise ContractBroken(f"the manifest of {stem} cannot be read: {wrong}") from error
    if (manifest.entity, manifest.sequence, manifest.kind) != (stem.holds, stem.number, stem.kind):
        raise ContractBroken(f"the manifest of {stem} speaks of another entity, sequence or kind than its name")
    return manifest


def check_bytes(data: bytes, manifest: Manifest, stem: Stem) -> None:
    """Raises ContractBroken where the file is not the one that the manifest was made of."""
    if digest_of(data) != manifest.sha256.lower():
        raise ContractBroken(
            f"{stem} has another checksum than its manifest says: let the till write both again, data first"
        )


def check_count(count: int, manifest: Manifest, stem: Stem) -> None:
    if count != manifest.rows:
        raise ContractBroken(f"{stem} has {count} rows, and its manifest says {manifest.rows}")


def digest_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
