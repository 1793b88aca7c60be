"""Every error, grouped by what happens next.

ConnectorError
  ConfigError            refuse to start; carries every problem found, not the first
  ChannelError           knows channel, entity, external id, HTTP status, request id
    Transient            retry with backoff, bounded; then the lane backs off   (5xx, resets)
    RateLimited          wait until the server's own reset; not a failure       (429, budget)
    AmbiguousWrite       it may have happened: wait until it can't any more, then read back
    Stale                the record moved on: observe and merge again
    Gone                 a deletion to confirm, never a create
    AuthFailed           pause the channel, tell a person; spend no retries
    Rejected             quarantine; carries the remote's complaint per field
    ContractBroken       stop that lane, keep the raw answer, redacted
  MappingError           quarantine this record, go on with the others
  SafetyHalt             hold for release, the rest goes on
  LedgerError            a bug or a broken disk: all lanes stop, the daemon says so and tries again

No message carries a token, a personal value or a URL's query: adapters build them from the
method, the path template and the status.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


class ConnectorError(Exception):
    """Whatever this product raises on purpose."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a file a person wrote, with the place and the remedy."""

    place: str  # "config.toml:12" or "mappings/shop.toml:40"
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.what}" + (f" ({self.remedy})" if self.remedy else "")


class ConfigError(ConnectorError):
    """Configuration or mappings cannot be used; holds all problems at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class ChannelError(ConnectorError):
    """Something a remote system did or answered."""

    def __init__(
        self,
        message: str,
        *,
        channel: str = "",
        entity: str = "",
        external_id: str = "",
        status: int | None = None,
        request_id: str = "",
    ) -> None:
        super().__init__(message)
        self.channel = channel
        self.entity = entity
        self.external_id = external_id
        self.status = status
        self.request_id = request_id


class Transient(ChannelError):
    """It may work in a moment; nothing was changed there."""


class RateLimited(ChannelError):
    """The budget is used up; ``until`` is the server's own reset (UTC)."""

    def __init__(self, message: str, *, until: datetime, channel: str = "", status: int | None = None) -> None:
        super().__init__(message, channel=channel, status=status)
        self.until = until


class AmbiguousWrite(ChannelError):
    """A write was sent and no answer came: it may have happened."""


class Stale(ChannelError):
    """The record is no longer what the write expected to replace."""


class Gone(ChannelError):
    """A bound id is not there any more: a hint of a deletion, to be confirmed."""


class AuthFailed(ChannelError):
    """Credentials are refused or a permission is missing; only a person can mend it."""


class Rejected(ChannelError):
    """The remote refuses the content for a reason that waiting cannot mend.

    ``fields`` maps native field names to the remote's complaint; empty where it names none.
    """

    def __init__(
        self,
        message: str,
        *,
        fields: Mapping[str, str] | None = None,
        remedy: str = "",
        channel: str = "",
        entity: str = "",
        external_id: str = "",
        status: int | None = None,
    ) -> None:
        super().__init__(message, channel=channel, entity=entity, external_id=external_id, status=status)
        self.fields = dict(fields or {})
        self.remedy = remedy


class ContractBroken(ChannelError):
    """An answer that the contract rules out; ``evidence`` is the raw answer, redacted and cut."""

    def __init__(self, message: str, *, evidence: str = "", channel: str = "", status: int | None = None) -> None:
        super().__init__(message, channel=channel, status=status)
        self.evidence = evidence


class MappingError(ConnectorError):
    """A value that the mapping cannot carry; quarantines this field or record alone."""

    def __init__(self, message: str, *, field: str = "", remedy: str = "") -> None:
        super().__init__(message)
        self.field = field
        self.remedy = remedy


class SafetyHalt(ConnectorError):
    """A brake has tripped: what it covers waits for a person."""


class LedgerError(ConnectorError):
    """The ledger cannot be trusted or written: a bug, a full or broken disk."""
