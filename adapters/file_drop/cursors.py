"""How far a series has been read: the number of the last file, and what it held."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from adapters.file_drop.log import Theirs
from adapters.file_drop.names import Stem
from connector.errors import ContractBroken

#: So much of a checksum tells two files apart.
_DIGITS: Final = 16


@dataclass(frozen=True)
class Position:
    """Behind this file the next reading begins; number 0 is before the first one."""

    number: int = 0
    digest: str = ""

    def __str__(self) -> str:
        return f"{self.number}:{self.digest}"


def position_of(cursor: str) -> Position:
    number, _, digest = cursor.partition(":")
    return Position(int(number), digest)


def behind(file: Theirs | None) -> Position:
    """The position behind a file; None: there is none yet."""
    return Position() if file is None else Position(file.stem.number, file.digest[:_DIGITS])


def check_newest(position: Position, newest: Stem | None, entity: str) -> None:
    """Raises ContractBroken where less is there than was read: nobody could tell what changed since."""
    if position.number > (0 if newest is None else newest.number):
        raise ContractBroken(
            f"{entity} was read up to number {position.number}, and that is not there any more: put it back into "
            f"archive/, or let the till write a complete file with number {position.number + 1}"
        )


def check_same(position: Position, file: Theirs) -> None:
    """Raises ContractBroken where the file that was read last holds something else by now."""
    if file.stem.number == position.number and position != behind(file):
        raise ContractBroken(
            f"{file.stem} was changed after it had been read: give what is new the next number, and let the old one be"
        )
