"""Where the files are: one small protocol, and the folder on this machine. The one over SFTP is in ``sftp.py``.

Folders and names are those of ``names.py``; nothing that a file holds ever becomes part of a path.
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

#: What a file is called while it is being written.
UNFINISHED: Final = ".tmp"
#: No larger file is read: a till's whole list has some tens of megabytes.
LARGEST: Final = 256 * 1024 * 1024
#: What a file system without hard links says: a share of Windows, a memory stick.
_NO_LINKS: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


class Place(Protocol):
    """The file operations that the adapter needs. Each is one call, and raises OSError where it fails."""

    def names(self, folder: str) -> Mapping[str, int]:
        """Name → size of the plain files of a folder."""
        ...

    def read(self, folder: str, name: str) -> bytes:
        """The whole file. Raises FileNotFoundError where it is gone."""
        ...

    def put(self, folder: str, name: str, data: bytes) -> None:
        """A whole file at once, durable when this returns; one of that name is replaced."""
        ...

    def publish(self, folder: str, staged: str, name: str) -> bool:
        """Give a file its name for others; False where the name is taken, and then nothing has changed."""
        ...

    def move(self, name: str, source: str, target: str, new_name: str) -> None:
        """Into another folder. Raises FileNotFoundError where somebody else was faster."""
        ...

    def remove(self, folder: str, name: str) -> None:
        """Raises FileNotFoundError where it is gone."""
        ...

    def close(self) -> None: ...


def unfinished() -> str:
    """A name that nobody else uses, and that says that this is no file yet."""
    return f"{secrets.token_hex(8)}{UNFINISHED}"


class Folder:
    """A folder on this machine, or mounted on it."""

    def __init__(self, root: str) -> None:
        self._root = Path(root)

    def names(self, folder: str) -> Mapping[str, int]:
        with os.scandir(self._root / folder) as entries:
            return {one.name: one.stat().st_size for one in entries if one.is_file(follow_symlinks=False)}

    def read(self, folder: str, name: str) -> bytes:
        descriptor = os.open(self._root / folder / name, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as file:
            return file.read()

    def put(self, folder: str, name: str, data: bytes) -> None:
        path = self._root / folder / unfinished()
        try:
            with path.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            path.replace(self._root / folder / name)
        except OSError:
            with suppress(OSError):
                path.unlink()
            raise
        self._settle(folder)

    def publish(self, folder: str, staged: str, name: str) -> bool:
        path, final = self._root / folder / staged, self._root / folder / name
        try:
            os.link(path, final)  # a rename would replace what is there
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            if final.exists():
                return False
            path.rename(final)  # on such a share two that write at the same moment are not told apart
        else:
            path.unlink()
        self._settle(folder)
        return True

    def move(self, name: str, source: str, target: str, new_name: str) -> None:
        (self._root / source / name).replace(self._root / target / new_name)
        self._settle(target)
        self._settle(source)

    def remove(self, folder: str, name: str) -> None:
        (self._root / folder / name).unlink()

    def close(self) -> None:
        """Nothing is held open."""

    def _settle(self, folder: str) -> None:
        """What a folder lists outlives the power, too."""
        descriptor = os.open(self._root / folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
