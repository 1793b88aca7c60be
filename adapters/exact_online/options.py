"""What a shop writes under ``[channels.NAME]`` for this adapter."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator


class Options(BaseModel):
    """The adapter's own keys.

    Attributes:
        base_url: the country's address on which the account lives (``https://start.exactonline.nl``).
        division: the number of the administration as its addresses have it (``Code``, not the number on the screen).
        client_id, client_secret: the app, as registered in the app centre.
        redirect_uri: the registered address, HTTPS, character for character.
        refresh_token: a first token instead of ``connector auth``; used once, the following ones are kept
            beside the ledger.
        host_timezone: the zone in which the host writes its moments, where it is not the host's country's.
        sales_orders: false where the licence has no sales orders: nothing is claimed then.
        order_history_days: how far back deliveries and order numbers are reported the first time.
        proxy: address of an HTTP proxy; the environment is not asked.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    base_url: str
    division: Annotated[int, Field(ge=1)]
    client_id: str
    client_secret: SecretStr
    redirect_uri: str
    refresh_token: SecretStr | None = None
    host_timezone: str | None = None
    sales_orders: bool = True
    order_history_days: Annotated[int, Field(ge=1)] = 90
    proxy: str | None = None

    @property
    def proxies(self) -> dict[str, str]:
        """The proxy for both schemes, {} without one."""
        return {"http": self.proxy, "https": self.proxy} if self.proxy else {}

    @field_validator("base_url")
    @classmethod
    def _is_an_address(cls, text: str) -> str:
        parts = urlsplit(text)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("give the address of your country, as https://start.exactonline.nl")
        if parts.username or parts.password or parts.path.strip("/"):
            raise ValueError("leave everything but scheme and host out of the address")
        return text.rstrip("/")

    @field_validator("host_timezone")
    @classmethod
    def _is_a_zone(cls, name: str | None) -> str | None:
        try:
            return name and ZoneInfo(name).key
        except (ZoneInfoNotFoundError, ValueError) as wrong:
            raise ValueError(f"there is no time zone {name!r}; write it as Europe/Amsterdam") from wrong
