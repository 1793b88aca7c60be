"""How calls are authorised: the protocol, and the two kinds without a memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import requests

from connector.errors import AuthFailed


class Auth(Protocol):
    """How calls are authorised."""

    def sign(self, request: requests.PreparedRequest) -> None:
        """Put the credentials on; called for every attempt, after everything else is set."""
        ...

    def renew(self, request: requests.PreparedRequest) -> bool:
        """After a 401 to ``request``: whether other credentials are at hand now, so that one more try is worth it."""
        ...


class NoAuth:
    """For systems, or calls, without credentials."""

    def sign(self, request: requests.PreparedRequest) -> None:
        """Leave it as it is."""

    def renew(self, request: requests.PreparedRequest) -> bool:
        """There is nothing to renew."""
        return False


@dataclass(frozen=True)
class Bearer:
    """A token that does not change."""

    token: str = field(repr=False)

    def __post_init__(self) -> None:
        if not self.token.isascii() or not self.token.isprintable() or " " in self.token:
            raise AuthFailed("the token holds a blank, a line end or a letter that no header carries: give it anew")

    def sign(self, request: requests.PreparedRequest) -> None:
        """Put the token on."""
        request.headers["Authorization"] = f"Bearer {self.token}"

    def renew(self, request: requests.PreparedRequest) -> bool:
        """There is no other one."""
        return False
