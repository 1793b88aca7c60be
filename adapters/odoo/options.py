"""What a shop writes under ``[channels.NAME]`` for this adapter."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator


class Options(BaseModel):
    """The adapter's own keys.

    Attributes:
        base_url: the server's address, without a path.
        database: its name; a host of several databases does not choose by itself.
        api_key: a key of a user of its own. Those of ordinary users end, after 90 days unless set otherwise.
        login: that user's name, which only the older transport needs.
        company: the id of the company, where the key's user belongs to several.
        lang: the language of names and texts, as ``nl_NL``; without it, that of the key's user.
        transport: ``auto`` takes JSON-2 where the server is 19 or later, else ``jsonrpc``.
        proxy: address of an HTTP proxy; the environment is not asked.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    base_url: str
    database: Annotated[str, Field(pattern=r"^[!-~]+$")]
    api_key: SecretStr
    login: str | None = None
    company: int | None = None
    lang: Annotated[str, Field(pattern=r"^[a-z]{2,3}(_[A-Za-z@]+)?$")] | None = None
    transport: Literal["auto", "json2", "jsonrpc"] = "auto"
    proxy: str | None = None

    @field_validator("base_url")
    @classmethod
    def _is_an_address(cls, text: str) -> str:
        parts = urlsplit(text)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
            raise ValueError("give the server's address without a path, as https://voorbeeld.odoo.com")
        if parts.username or parts.password:
            raise ValueError("leave user and password out of the address")
        return text.rstrip("/")

    @field_validator("api_key")
    @classmethod
    def _fits_a_header(cls, key: SecretStr) -> SecretStr:
        bare = key.get_secret_value().strip()
        if not bare or not bare.isascii() or not bare.isprintable() or " " in bare:
            raise ValueError("a key is letters and digits in one piece; this one holds something else")
        return SecretStr(bare)

    @model_validator(mode="after")
    def _can_log_in(self) -> Options:
        if self.transport == "jsonrpc" and not self.login:
            raise ValueError("transport jsonrpc needs login, the name of the key's user")
        return self
