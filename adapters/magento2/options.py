"""What a shop writes under ``[channels.NAME]`` for this adapter."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator


class Options(BaseModel):
    """The adapter's own keys.

    Attributes:
        base_url: the shop's address as the shop itself knows it, up to the host or a folder
            (``https://shop.example``); with OAuth 1.0a scheme, host and port are part of each signature.
        website: code of the website on which products are put and whose customers, orders and stock are ours.
        token: access token of an integration, as bearer. Works where *Allow OAuth Access Tokens to be used as
            standalone Bearer tokens* is on.
        consumer_key, consumer_secret, access_token, access_token_secret: the four values of an integration
            for OAuth 1.0a, which works always.
        page_size: rows per page; a smaller limit of the shop is found out.
        bulk_from: from so many new or changed products on in one batch they go as one asynchronous bulk, if the shop
            works bulks off; 0: never.
        price_rounds: in so many rounds the prices of all products are read once, two hundred products a round at
            least; those of products that somebody saves are read at once.
        order_history_days: how far back orders and shipments are read the first time.
        proxy: address of an HTTP proxy; the environment is not asked.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    base_url: str
    website: str = "base"
    token: SecretStr | None = None
    consumer_key: SecretStr | None = None
    consumer_secret: SecretStr | None = None
    access_token: SecretStr | None = None
    access_token_secret: SecretStr | None = None
    page_size: Annotated[int, Field(ge=1, le=300)] = 300
    bulk_from: Annotated[int, Field(ge=0)] = 25
    price_rounds: Annotated[int, Field(ge=1)] = 12
    order_history_days: Annotated[int, Field(ge=1)] = 90
    proxy: str | None = None

    @field_validator("base_url")
    @classmethod
    def _is_an_address(cls, text: str) -> str:
        parts = urlsplit(text)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("give the shop's address, as https://shop.example")
        if parts.username or parts.password:
            raise ValueError("leave user and password out of the address")
        return text.rstrip("/")

    @model_validator(mode="after")
    def _has_one_way_in(self) -> Options:
        four = (self.consumer_key, self.consumer_secret, self.access_token, self.access_token_secret)
        if (self.token is None) == (None in four):
            raise ValueError(
                "give either token, or consumer_key, consumer_secret, access_token and access_token_secret"
            )
        return self
