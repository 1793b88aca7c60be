"""File drop: a till that writes and reads CSV files in a folder, on this machine or over SFTP.

The protocol of the folder is in docs/file-drop.md, the reasons are in docs/adr/0016. Read ``channel.py`` first;
``log.py`` is what the till holds, ``shelf.py`` which files there are, ``outbox.py`` what we write, ``archive.py``
what is answered and taken away.

Native records are the columns of the files, with numbers and flags read, and an empty cell as nothing.
"""

from __future__ import annotations

from typing import ClassVar

from adapters.file_drop.capabilities import CAPABILITIES
from adapters.file_drop.channel import FileDropChannel
from adapters.file_drop.options import Options
from connector.contract import Capabilities, Channel, Opening
from connector.errors import Rejected

__all__ = ["Adapter", "Options"]


class Adapter:
    """The entry point."""

    Options = Options
    default_limits: ClassVar[tuple[tuple[str, int, int], ...]] = ()

    @staticmethod
    def open(opening: Opening) -> Channel:
        """A channel on one folder; nothing is asked yet."""
        return FileDropChannel(opening)

    @staticmethod
    def describe() -> Capabilities:
        """What every drop can do."""
        return CAPABILITIES

    @staticmethod
    def authorize_url(opening: Opening) -> str | None:
        """None: a folder has no consent page."""
        return None

    @staticmethod
    def authorize(opening: Opening, code: str) -> None:
        """There is no consent to give."""
        raise Rejected("a folder has no consent page", remedy="leave out `connector auth`")
