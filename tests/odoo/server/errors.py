"""What can go wrong on the way to a real server, by what the caller does next."""

from __future__ import annotations

import re


class NotHad(Exception):
    """The package cannot be had here: no Debian, no network, or it is ``gone``. The tests cannot run; exit status 3."""

    def __init__(self, reason: str, *, gone: bool = False) -> None:
        super().__init__(reason)
        self.gone = gone


class Broken(Exception):
    """Something that was had does not work. To be looked at; exit status 1."""


def last_words(said: str) -> str:
    """The last line that a command said, for a message: without addresses, which may hold a secret."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return re.sub(r"\w+://\S+", "…", lines[-1]) if lines else "it said nothing"
