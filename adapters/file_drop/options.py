"""What a shop writes under ``[channels.NAME]`` for this adapter."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

Encoding = Literal["utf-8", "cp1252"]
DecimalSign = Literal[",", "."]
Delimiter = Literal[";", ",", "\t"]

_FINGERPRINT: Final = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")


class Options(BaseModel):
    """The adapter's own keys; docs/file-drop.md has the protocol of the folder."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    folder: str = Field(description="the folder that holds in, out, answers and archive: its whole path")
    ready: Literal["manifest", "done", "rename"] = Field(
        "manifest", description="what says that a file of the till is whole; only with manifests is it written to"
    )
    encoding: Encoding = Field("utf-8", description="of files whose manifest says no other, and of ours")
    decimal: DecimalSign = Field(",", description="the decimal sign, likewise")
    delimiter: Delimiter = Field(";", description="what stands between two cells, likewise")
    timezone: str = Field("Europe/Amsterdam", description="of moments in sales files that name no offset")
    stock: Literal["difference", "figure"] = Field("difference", description="what the till's import of stock takes")
    archive: bool = Field(True, description="false: its files stay in the folder, and nothing is answered (a trial)")

    host: str | None = Field(None, description="of an SFTP server; left out: the folder is on this machine")
    port: Annotated[int, Field(ge=1, le=65535)] = 22
    user: str | None = None
    password: SecretStr | None = None
    key: SecretStr | None = Field(None, description="a private key in place of the password: file:PATH")
    passphrase: SecretStr | None = Field(None, description="of the private key")
    host_key: str | None = Field(None, description="the server's key, as `ssh-keygen -l` shows it: SHA256:…")
    known_hosts: str | None = Field(None, description="or the path of a file in the form of OpenSSH that holds it")
    timeout_s: Annotated[float, Field(gt=0, le=600)] = Field(30.0, description="for each answer of the server")

    @field_validator("folder")
    @classmethod
    def _is_a_whole_path(cls, text: str) -> str:
        path = PurePosixPath(text)
        if not path.is_absolute() or ".." in path.parts:
            raise ValueError("give the whole path, from / on and without ..")
        return text

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, text: str) -> str:
        try:
            ZoneInfo(text)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("give a name like Europe/Amsterdam") from error
        return text

    @field_validator("host_key")
    @classmethod
    def _is_a_fingerprint(cls, text: str | None) -> str | None:
        if text is not None and not _FINGERPRINT.fullmatch(text.rstrip("=")):
            raise ValueError("give the fingerprint as `ssh-keygen -l` shows it: SHA256: and 43 characters")
        return text

    @model_validator(mode="after")
    def _is_told_apart(self) -> Options:
        if self.decimal == self.delimiter:
            raise ValueError("the decimal sign cannot stand between the cells, too")
        remote = (self.user, self.password, self.key, self.passphrase, self.host_key, self.known_hosts)
        if self.host is None:
            if any(value is not None for value in remote):
                raise ValueError("name the host that these are for")
            return self
        if self.user is None or (self.password is None) == (self.key is None):
            raise ValueError("an SFTP server needs a user, and either password or key")
        if (self.host_key is None) == (self.known_hosts is None):
            raise ValueError("the server must be known: give either host_key or known_hosts")
        return self
