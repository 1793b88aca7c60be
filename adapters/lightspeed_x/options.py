"""What a shop writes under ``[channels.NAME]`` for this adapter."""

from __future__ import annotations

import re
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

#: Versions whose product shapes this adapter speaks; 2026-10 remakes them (NOTES section 1).
FIRST_VERSION: Final = "2026-01"
LAST_VERSION: Final = "2026-07"
_HOST: Final = ".retail.lightspeed.app"


class Options(BaseModel):
    """The adapter's own keys.

    Attributes:
        domain_prefix: the shop's name in its address: ``voorbeeld`` for voorbeeld.retail.lightspeed.app.
        base_url: the whole address instead, without a path.
        version: the API version in the path; an ended one is silently answered by an older one.
        token: a personal token (Plus plan), which does not rotate.
        client_id, client_secret, redirect_uri: the application, for OAuth.
        refresh_token: where the first pair comes from if ``connector auth`` was never run; used once.
        scopes: what is asked for on the consent page.
        page_size: rows per page of a version feed; 200 is the documented maximum.
        history_days: how far back sales are read the first time.
        proxy: address of an HTTP proxy; the environment is not asked.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    domain_prefix: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")] | None = None
    base_url: str | None = None
    version: str = LAST_VERSION
    token: SecretStr | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None
    refresh_token: SecretStr | None = None
    redirect_uri: str = "https://localhost/connector"
    scopes: str = (
        "products:read products:write inventory:read inventory:write products:read:price_books "
        "products:write:price_books customers:read customers:write sales:read outlets:read taxes:read"
    )
    page_size: Annotated[int, Field(ge=1, le=200)] = 200
    history_days: Annotated[int, Field(ge=0)] = 2
    proxy: str | None = None

    @property
    def address(self) -> str:
        """Scheme and host."""
        return self.base_url or f"https://{self.domain_prefix}{_HOST}"

    @property
    def consent_url(self) -> str:
        """The consent page, which all shops share."""
        hosted = (urlsplit(self.address).hostname or "").endswith(_HOST)
        return f"https://secure{_HOST}/connect" if hosted else f"{self.address}/connect"

    @field_validator("base_url")
    @classmethod
    def _is_an_address(cls, text: str | None) -> str | None:
        if text is None:
            return None
        parts = urlsplit(text)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
            raise ValueError(f"give the shop's address without a path, as https://voorbeeld{_HOST}")
        if parts.username or parts.password:
            raise ValueError("leave user and password out of the address")
        return text.rstrip("/")

    @field_validator("version")
    @classmethod
    def _is_spoken(cls, text: str) -> str:
        if not re.fullmatch(r"\d{4}-\d{2}", text) or not FIRST_VERSION <= text <= LAST_VERSION:
            raise ValueError(f"this adapter speaks the versions {FIRST_VERSION} to {LAST_VERSION}")
        return text

    @model_validator(mode="after")
    def _has_one_address_and_one_way_in(self) -> Options:
        if (self.domain_prefix is None) == (self.base_url is None):
            raise ValueError("give either domain_prefix or base_url")
        application = (self.client_id, self.client_secret)
        if (self.token is None) == (None in application):
            raise ValueError("give either token, or client_id and client_secret")
        return self
